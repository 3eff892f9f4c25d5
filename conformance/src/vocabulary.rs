//! Vocabularies from files: GGUF (with or without a model behind it) and tiktoken.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use agentc_constraint::{TokenId, Vocab, VocabError};

use crate::gguf::{self, Meta};

/// The bytes of every token.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    /// The file's name.
    pub name: String,
    /// By number; `None` for control and unused tokens.
    pub tokens: Vec<Option<Vec<u8>>>,
    /// The control tokens that end a turn.
    pub ends: Vec<TokenId>,
}

/// A vocabulary that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum VocabularyError {
    /// The file.
    #[error("cannot read `{}`: {error}", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// What is in it.
    #[error("`{}` is no vocabulary: {reason}", path.display())]
    Form {
        /// Which one.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
}

impl Vocabulary {
    /// Reads a GGUF file, or, by its ending, a `.tiktoken` file.
    ///
    /// # Errors
    /// [`VocabularyError`].
    pub fn read(path: &Path) -> Result<Vocabulary, VocabularyError> {
        let unreadable = |error| VocabularyError::Read { path: path.to_owned(), error };
        let data = std::fs::read(path).map_err(unreadable)?;
        let is_tiktoken = path.extension().is_some_and(|extension| extension == "tiktoken");
        let read = if is_tiktoken { from_tiktoken(&data) } else { from_gguf(&data) };
        let (tokens, ends) =
            read.map_err(|reason| VocabularyError::Form { path: path.to_owned(), reason })?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Vocabulary { name, tokens, ends })
    }

    /// The 256 bytes, each a token.
    pub fn of_bytes() -> Vocabulary {
        let tokens = (0..=255).map(|byte| Some(vec![byte])).collect();
        Vocabulary { name: "bytes".into(), tokens, ends: Vec::new() }
    }

    /// About so many of the tokens, evenly spread, and all of a single byte; the others become unused. The ends stay.
    pub fn thinned(&self, wanted: usize) -> Vocabulary {
        let every = self.tokens.len().div_ceil(wanted.max(1)).max(1);
        let kept = |(at, token): (usize, &Option<Vec<u8>>)| {
            token.clone().filter(|bytes| bytes.len() == 1 || at % every == 0)
        };
        let tokens = self.tokens.iter().enumerate().map(kept).collect();
        Vocabulary { name: self.name.clone(), tokens, ends: self.ends.clone() }
    }

    /// What the engine makes of it.
    ///
    /// # Errors
    /// [`VocabError`].
    pub fn vocab(&self) -> Result<Vocab, VocabError> {
        Vocab::new(&self.tokens, &self.ends)
    }
}

type Parts = (Vec<Option<Vec<u8>>>, Vec<TokenId>);

/// Kinds of tokens, as GGUF numbers them.
mod kind {
    pub(super) const UNKNOWN: u64 = 2;
    pub(super) const CONTROL: u64 = 3;
    pub(super) const USER_DEFINED: u64 = 4;
    pub(super) const UNUSED: u64 = 5;
    pub(super) const BYTE: u64 = 6;
}

fn from_gguf(data: &[u8]) -> Result<Parts, &'static str> {
    let table = gguf::metadata(data).ok_or("it is not GGUF, or cut off")?;
    let Some(Meta::Texts(pieces)) = table.get("tokenizer.ggml.tokens") else {
        return Err("it has no tokens");
    };
    let kinds: &[u64] = match table.get("tokenizer.ggml.token_type") {
        Some(Meta::Numbers(kinds)) => kinds,
        _ => &[],
    };
    let is_byte_level =
        matches!(table.get("tokenizer.ggml.model"), Some(Meta::Text(model)) if model == "gpt2");
    let spelled = byte_of_char();
    let bytes = |(token, piece): (usize, &String)| match kinds.get(token).copied() {
        Some(kind::UNKNOWN | kind::CONTROL | kind::UNUSED) => None,
        // `<0x0A>`
        Some(kind::BYTE) => u8::from_str_radix(piece.get(3..5)?, 16).ok().map(|byte| vec![byte]),
        Some(kind::USER_DEFINED) => Some(piece.clone().into_bytes()),
        _ if is_byte_level => piece.chars().map(|c| spelled.get(&c).copied()).collect(),
        // SentencePiece's space.
        _ => Some(piece.replace('\u{2581}', " ").into_bytes()),
    };
    let tokens = pieces.iter().enumerate().map(bytes);
    let tokens = tokens.map(|bytes| bytes.filter(|bytes| !bytes.is_empty())).collect();
    let ends = match table.get("tokenizer.ggml.eos_token_id") {
        Some(Meta::Number(token)) if (*token as usize) < pieces.len() => vec![*token as TokenId],
        _ => Vec::new(),
    };
    Ok((tokens, ends))
}

/// GPT-2's spelling of bytes: printable ones as themselves, the others from U+0100 on.
fn byte_of_char() -> HashMap<char, u8> {
    let is_printable = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let printable = (0..=255u8).filter(is_printable).map(|byte| (char::from(byte), byte));
    let others = (0..=255u8).filter(|byte| !is_printable(byte));
    printable.chain(('\u{100}'..).zip(others)).collect()
}

/// A line is a token in Base64, and its number. Control tokens are not in the file.
fn from_tiktoken(data: &[u8]) -> Result<Parts, &'static str> {
    const FORM: &str = "a line is a token in Base64, a space, and its number";
    /// No vocabulary is as large; a number beyond it would only take memory.
    const LARGEST: usize = 1 << 24;
    let mut tokens: Vec<Option<Vec<u8>>> = Vec::new();
    for line in data.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let line = std::str::from_utf8(line).map_err(|_| FORM)?;
        let (token, number) = line.trim().split_once(' ').ok_or(FORM)?;
        let number: usize = number.parse().map_err(|_| FORM)?;
        if number >= LARGEST {
            return Err("a token's number is too large");
        }
        tokens.resize(tokens.len().max(number + 1), None);
        tokens[number] = Some(from_base64(token).filter(|bytes| !bytes.is_empty()).ok_or(FORM)?);
    }
    Ok((tokens, Vec::new()))
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        (bits, held) = (bits << 6 | u32::from(six), held + 6);
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded() {
        let cases: [(&str, &[u8]); 5] =
            [("IQ==", b"!"), ("SGk=", b"Hi"), ("YWJj", b"abc"), ("/+8=", &[0xff, 0xef]), ("", b"")];
        for (text, bytes) in cases {
            assert_eq!(from_base64(text).as_deref(), Some(bytes), "{text}");
        }
        assert_eq!(from_base64("a b"), None);
    }

    #[test]
    fn every_byte_has_a_spelling_of_its_own() {
        let spelled = byte_of_char();
        assert_eq!(spelled.len(), 256);
        assert_eq!((spelled.get(&'Ġ'), spelled.get(&'a')), (Some(&b' '), Some(&b'a')));
    }

    #[test]
    fn a_file_that_is_cut_off_is_no_vocabulary() {
        for data in [&b""[..], b"GGUF", b"GGUF\x03\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\xff\xff"] {
            assert!(from_gguf(data).is_err());
        }
    }
}
