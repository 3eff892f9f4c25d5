//! The vocabulary of a GGUF file, read without a model library: an independent second reader.

#![allow(dead_code, missing_docs, unreachable_pub)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use agentc_constraint::{TokenId, Vocab};

enum Meta {
    Number(u64),
    Text(String),
    Texts(Vec<String>),
    Numbers(Vec<u64>),
    Other,
}

struct Reader<'d> {
    data: &'d [u8],
    at: usize,
}

impl Reader<'_> {
    fn bytes(&mut self, n: usize) -> &[u8] {
        self.at += n;
        &self.data[self.at - n..self.at]
    }

    fn number(&mut self, n: usize) -> u64 {
        self.bytes(n).iter().rev().fold(0, |x, &byte| x << 8 | u64::from(byte))
    }

    fn text(&mut self) -> String {
        let len = self.number(8) as usize;
        String::from_utf8_lossy(self.bytes(len)).into_owned()
    }

    fn value(&mut self, kind: u64) -> Meta {
        match kind {
            0 | 1 | 7 => Meta::Number(self.number(1)),
            2 | 3 => Meta::Number(self.number(2)),
            4..=6 => Meta::Number(self.number(4)),
            10..=12 => Meta::Number(self.number(8)),
            8 => Meta::Text(self.text()),
            9 => self.array(),
            _ => Meta::Other,
        }
    }

    fn array(&mut self) -> Meta {
        let (kind, len) = (self.number(4), self.number(8) as usize);
        if kind == 8 {
            return Meta::Texts((0..len).map(|_| self.text()).collect());
        }
        let one = |reader: &mut Self| match reader.value(kind) {
            Meta::Number(n) => n,
            _ => 0,
        };
        Meta::Numbers((0..len).map(|_| one(self)).collect())
    }
}

/// Reads the tokens' bytes: byte-level pieces and SentencePiece pieces.
pub fn vocab(path: &Path) -> Vocab {
    let data = std::fs::read(path).expect("the file can be read");
    let mut reader = Reader { data: &data, at: 4 };
    let (_version, _tensors, metas) = (reader.number(4), reader.number(8), reader.number(8));
    let mut meta = HashMap::new();
    for _ in 0..metas {
        let key = reader.text();
        let kind = reader.number(4);
        meta.insert(key, reader.value(kind));
    }
    let Some(Meta::Texts(pieces)) = meta.get("tokenizer.ggml.tokens") else {
        panic!("no tokens in {path:?}")
    };
    let types: &[u64] = match meta.get("tokenizer.ggml.token_type") {
        Some(Meta::Numbers(types)) => types,
        _ => &[],
    };
    let byte_level = matches!(meta.get("tokenizer.ggml.model"), Some(Meta::Text(model)) if model == "gpt2");
    let bytes_of = byte_of_char();
    let tokens: Vec<Option<Vec<u8>>> = pieces
        .iter()
        .enumerate()
        .map(|(id, piece)| match types.get(id) {
            Some(2 | 3 | 5) => None,
            Some(6) => u8::from_str_radix(&piece[3..5], 16).ok().map(|byte| vec![byte]),
            Some(4) => Some(piece.clone().into_bytes()),
            _ if byte_level => piece.chars().map(|c| bytes_of.get(&c).copied()).collect(),
            _ => Some(piece.replace('\u{2581}', " ").into_bytes()),
        })
        .map(|bytes: Option<Vec<u8>>| bytes.filter(|bytes| !bytes.is_empty()))
        .collect();
    let end = match meta.get("tokenizer.ggml.eos_token_id") {
        Some(Meta::Number(id)) => vec![*id as TokenId],
        _ => Vec::new(),
    };
    Vocab::new(&tokens, &end).expect("a vocabulary")
}

/// GPT-2's spelling of bytes: printable ones as themselves, the others shifted beyond U+0100.
fn byte_of_char() -> HashMap<char, u8> {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut shifted = 0;
    (0..=255u8)
        .map(|byte| {
            let code = if printable(byte) {
                u32::from(byte)
            } else {
                shifted += 1;
                255 + shifted
            };
            (char::from_u32(code).expect("a character"), byte)
        })
        .collect()
}

/// GGUF files on this machine: the vocabularies beside the project, and the reference model, if they are there.
pub fn available() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/vocabs");
    let entries = std::fs::read_dir(&folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ext| ext == "gguf"));
    paths.sort();
    paths.extend(reference_model());
    paths
}

fn reference_model() -> Option<PathBuf> {
    let var = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = var("AGENTC_CACHE")
        .or_else(|| var("XDG_CACHE_HOME").map(|dir| dir.join("agentc")))
        .or_else(|| var("HOME").map(|dir| dir.join(".cache/agentc")))?;
    Some(cache.join("models/SmolLM2-135M-Instruct.Q4_1.gguf")).filter(|path| path.is_file())
}
