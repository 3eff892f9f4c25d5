//! The vocabularies that are measured, as `benches/peers` chooses them.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use agentc_conformance::greedy::Greedy;
use agentc_conformance::vocabulary::Vocabulary;
use agentc_conformance::{beside_the_project, reference_model};
use agentc_constraint::{TokenId, Tokenize, Vocab};

use crate::Result;

/// A vocabulary, and how texts are cut into its tokens: by the longest match.
#[derive(Debug)]
pub struct Tokens {
    /// For the names of figures.
    pub name: String,
    /// What the engine makes of it.
    pub vocab: Arc<Vocab>,
    /// How long that took.
    pub built: Duration,
    greedy: Greedy,
}

impl Tokens {
    fn new(name: &str, vocabulary: &Vocabulary) -> Result<Tokens> {
        let started = Instant::now();
        let vocab = Arc::new(vocabulary.vocab()?);
        let built = started.elapsed();
        Ok(Tokens { name: name.to_owned(), vocab, built, greedy: Greedy::new(&vocabulary.tokens) })
    }

    /// The tokens of a text.
    ///
    /// # Errors
    /// A byte with which no token begins.
    pub fn of(&self, text: &str) -> Result<Vec<TokenId>> {
        Ok(self.greedy.tokens(text.as_bytes()).ok_or("the vocabulary cannot spell the text")?)
    }
}

impl Tokenize for Tokens {
    fn tokenize(&self, text: &[u8]) -> Vec<TokenId> {
        self.greedy.tokens(text).unwrap_or_default()
    }
}

/// The one that was named; otherwise one of 49 thousand tokens, if it is there, and one of 200 thousand.
///
/// # Errors
/// A file that cannot be read.
pub fn chosen(named: Option<&Path>) -> Result<Vec<Tokens>> {
    if let Some(path) = named {
        let vocabulary = Vocabulary::read(path)?;
        return Ok(vec![Tokens::new(&vocabulary.name, &vocabulary)?]);
    }
    let mut chosen = Vec::new();
    match reference_model().or_else(|| beside_the_project("vocabs/ggml-vocab-starcoder.gguf")) {
        Some(path) => chosen.push(Tokens::new("49k", &Vocabulary::read(&path)?)?),
        None => writeln!(
            std::io::stdout(),
            "skipped: there is no vocabulary of 49 thousand tokens on this machine"
        )?,
    }
    chosen.push(Tokens::new("200k", &o200k()?)?);
    Ok(chosen)
}

/// The ordinary tokens of `tiktoken-rs`.
fn o200k() -> Result<Vocabulary> {
    const ORDINARY: TokenId = 199_998;
    let tokenizer = tiktoken_rs::o200k_base()?;
    let tokens = (0..ORDINARY).map(|token| tokenizer.decode_bytes(&[token]).ok()).collect();
    Ok(Vocabulary { name: "o200k".into(), tokens, ends: Vec::new() })
}
