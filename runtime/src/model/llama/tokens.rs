//! Text to tokens and back with llama.cpp's tokenizers, adapted to what constrained generation needs.
//!
//! A [`Vocab`] holds the bytes of every ordinary token. Tokens of *text* must spell exactly that text, so
//! three habits of the tokenizers are undone here: the space that SentencePiece vocabularies put before a
//! fragment (text is tokenised after a guard character that merges with nothing), the space they put after a
//! user-defined token (the rest is tokenised again), and tokens that look like a role mark but that a
//! careless file declares as ordinary (text is split inside them, so that data cannot forge a role). Whatever
//! still does not spell the text is replaced by the fewest tokens that do.
//!
//! Not here: which text is data and which is template; the caller knows.

use std::sync::Arc;

use agentc_constraint::{TokenId, Vocab};
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token_type::LlamaTokenAttr;
use llama_cpp_2::vocab::LlamaVocab;

/// Characters to stand before a text; the first that merges with nothing is used.
const GUARDS: [&str; 4] = ["\u{E000}", "\u{F8FF}", "\u{1}", "\n"];

/// Text is handed to llama.cpp in pieces of at most this many bytes (its lengths are 32-bit numbers).
const MAX_PIECE: usize = 1 << 24;

/// How often a piece is cut at a token that does not spell its text before that is given up.
const MAX_CUTS: usize = 256;

/// A vocabulary, and how to reach its canonical tokens.
pub(super) struct Tokens {
    pub(super) vocab: Arc<Vocab>,
    guard: Option<Guard>,
}

struct Guard {
    text: &'static str,
    tokens: Vec<LlamaToken>,
}

/// What the tokens of a piece turned out to be.
enum Spelling {
    /// They spell it.
    Exact,
    /// The first `tokens` spell the first `bytes`; what follows was altered.
    Prefix { tokens: usize, bytes: usize },
    /// A token that must not arise from text starts before this byte.
    Forbidden { cut: usize },
    /// They do not.
    Wrong,
}

impl Tokens {
    pub(super) fn new(llama: &LlamaVocab<'_>) -> Result<Tokens, String> {
        let count = llama.n_tokens();
        let mut tokens = Vec::with_capacity(usize::try_from(count).unwrap_or_default());
        let mut ends = Vec::new();
        let mut piece = Vec::new();
        for id in 0..count {
            let token = LlamaToken::new(id);
            let end = llama.is_eog(token);
            if end {
                ends.push(id_of(token));
            }
            piece.clear();
            if !end && is_text(llama, token) {
                llama.token_to_piece_into(token, &mut piece, true, None);
            }
            tokens.push((!piece.is_empty()).then(|| piece.clone()));
        }
        let vocab = Vocab::new(&tokens, &ends).map_err(|error| error.to_string())?;
        Ok(Tokens { vocab: Arc::new(vocab), guard: find_guard(llama) })
    }

    /// Canonical tokens of plain text.
    pub(super) fn text(&self, llama: &LlamaVocab<'_>, text: &[u8]) -> Vec<TokenId> {
        let mut out = Vec::new();
        for chunk in text.utf8_chunks() {
            let mut rest = chunk.valid();
            while !rest.is_empty() {
                let (piece, tail) = rest.split_at(boundary(rest, MAX_PIECE));
                self.piece(llama, piece, &mut out);
                rest = tail;
            }
            if !chunk.invalid().is_empty() {
                out.extend(self.vocab.fewest_tokens(chunk.invalid()).unwrap_or_default());
            }
        }
        out
    }

    /// Tokens of template text, control tokens recognised.
    pub(super) fn scaffold(&self, llama: &LlamaVocab<'_>, text: &str) -> Vec<TokenId> {
        if text.is_empty() {
            return Vec::new();
        }
        self.raw(llama, text, true).into_iter().map(id_of).collect()
    }

    fn piece(&self, llama: &LlamaVocab<'_>, text: &str, out: &mut Vec<TokenId>) {
        let mut rest = text;
        for _ in 0..MAX_CUTS {
            let tokens = self.raw(llama, rest, false);
            match self.spelling(llama, &tokens, rest) {
                Spelling::Exact => return out.extend(tokens.into_iter().map(id_of)),
                Spelling::Prefix { tokens: count, bytes } => {
                    out.extend(tokens.into_iter().take(count).map(id_of));
                    rest = &rest[bytes..];
                }
                Spelling::Forbidden { cut } => {
                    let (head, tail) = rest.split_at(cut);
                    self.whole(llama, head, out);
                    rest = tail;
                }
                Spelling::Wrong => break,
            }
        }
        self.whole(llama, rest, out);
    }

    /// Tokens that spell the text, canonical if llama.cpp's are, else the fewest.
    fn whole(&self, llama: &LlamaVocab<'_>, text: &str, out: &mut Vec<TokenId>) {
        let tokens = self.raw(llama, text, false);
        if matches!(self.spelling(llama, &tokens, text), Spelling::Exact) {
            return out.extend(tokens.into_iter().map(id_of));
        }
        match self.vocab.fewest_tokens(text.as_bytes()) {
            Some(tokens) => out.extend(tokens),
            // The vocabulary cannot spell the text at all: keep what it can.
            None => {
                out.extend(tokens.into_iter().map(id_of).filter(|id| !self.vocab.bytes(*id).is_empty()));
            }
        }
    }

    fn spelling(&self, llama: &LlamaVocab<'_>, tokens: &[LlamaToken], text: &str) -> Spelling {
        let mut at = 0;
        for (index, token) in tokens.iter().enumerate() {
            let bytes = self.vocab.bytes(id_of(*token));
            if bytes.is_empty() {
                let unknown = llama.attr(*token).0.contains(LlamaTokenAttr::Unknown);
                let first = text.get(at..).and_then(|rest| rest.chars().next());
                return match first {
                    Some(first) if !unknown => Spelling::Forbidden { cut: at + first.len_utf8() },
                    _ => Spelling::Wrong,
                };
            }
            if !text.as_bytes()[at..].starts_with(bytes) {
                let user = index > 0
                    && llama.attr(tokens[index - 1]).0.contains(LlamaTokenAttr::UserDefined)
                    && text.is_char_boundary(at);
                return if user { Spelling::Prefix { tokens: index, bytes: at } } else { Spelling::Wrong };
            }
            at += bytes.len();
        }
        if at == text.len() { Spelling::Exact } else { Spelling::Wrong }
    }

    fn raw(&self, llama: &LlamaVocab<'_>, text: &str, special: bool) -> Vec<LlamaToken> {
        let Some(guard) = &self.guard else {
            return llama.tokenize(text.as_bytes(), false, special);
        };
        let guarded = format!("{}{text}", guard.text);
        let mut tokens = llama.tokenize(guarded.as_bytes(), false, special);
        if tokens.starts_with(&guard.tokens) {
            return tokens.split_off(guard.tokens.len());
        }
        llama.tokenize(text.as_bytes(), false, special)
    }
}

/// The last character boundary at or before `at`.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

/// A guard is needed where the tokenizer does not give a text back as it was.
fn find_guard(llama: &LlamaVocab<'_>) -> Option<Guard> {
    if spell(llama, &llama.tokenize(b"x", false, false)) == b"x" {
        return None;
    }
    GUARDS.iter().find_map(|text| {
        let tokens = llama.tokenize(text.as_bytes(), false, false);
        let merges_with_nothing = ["x", " x", "\n", ".", "1"].iter().all(|probe| {
            let both = llama.tokenize(format!("{text}{probe}").as_bytes(), false, false);
            both.strip_prefix(tokens.as_slice()).is_some_and(|rest| spell(llama, rest) == probe.as_bytes())
        });
        merges_with_nothing.then_some(Guard { text, tokens })
    })
}

fn spell(llama: &LlamaVocab<'_>, tokens: &[LlamaToken]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for token in tokens {
        llama.token_to_piece_into(*token, &mut bytes, true, None);
    }
    bytes
}

/// Whether a token stands for text, and not for a mark, a gap in the table or the unknown.
fn is_text(llama: &LlamaVocab<'_>, token: LlamaToken) -> bool {
    let attr = llama.attr(token).0;
    let mark = attr.contains(LlamaTokenAttr::Control)
        || attr.contains(LlamaTokenAttr::Unknown)
        || attr.contains(LlamaTokenAttr::Unused);
    let disguised = attr.contains(LlamaTokenAttr::UserDefined) && looks_like_mark(llama, token);
    !mark && !disguised
}

/// `<|user|>` and its like are marks of roles, whatever the file says.
fn looks_like_mark(llama: &LlamaVocab<'_>, token: LlamaToken) -> bool {
    let text = llama.text(token).map(|text| text.to_bytes().to_vec()).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    [("<|", "|>"), ("<｜", "｜>")].iter().any(|(open, close)| {
        text.len() > open.len() + close.len() && text.starts_with(open) && text.ends_with(close)
    })
}

/// Token ids of a vocabulary are never negative.
pub(super) fn id_of(token: LlamaToken) -> TokenId {
    TokenId::try_from(token.0).unwrap_or_default()
}
