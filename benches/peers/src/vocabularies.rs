//! The vocabularies that are measured.

use std::path::{Path, PathBuf};

use agentc_conformance::vocabulary::Vocabulary;
use agentc_conformance::{beside_the_project, reference_model};
use agentc_constraint::TokenId;
use anyhow::Result;

/// The one that was named; otherwise one of 49 thousand tokens and one of 200 thousand.
pub fn chosen(named: Option<&Path>) -> Result<Vec<Vocabulary>> {
    let mut chosen = Vec::new();
    match named.map(Path::to_owned).or_else(reference_model).or_else(starcoder) {
        Some(path) => chosen.push(Vocabulary::read(&path)?),
        None => println!("skipped: there is no vocabulary of 49 thousand tokens on this machine"),
    }
    if named.is_none() {
        chosen.push(o200k()?);
    }
    chosen.iter_mut().for_each(ensure_end);
    Ok(chosen)
}

fn starcoder() -> Option<PathBuf> {
    beside_the_project("vocabs/ggml-vocab-starcoder.gguf")
}

/// The ordinary tokens of `tiktoken-rs`.
fn o200k() -> Result<Vocabulary> {
    const ORDINARY: TokenId = 199_998;
    let tokenizer = tiktoken_rs::o200k_base()?;
    let tokens = (0..ORDINARY).map(|token| tokenizer.decode_bytes(&[token]).ok()).collect();
    Ok(Vocabulary { name: "o200k".into(), tokens, ends: Vec::new() })
}

/// Other engines cannot do without a token that ends a turn.
fn ensure_end(vocabulary: &mut Vocabulary) {
    if vocabulary.ends.is_empty() {
        vocabulary.ends.push(vocabulary.tokens.len() as TokenId);
        vocabulary.tokens.push(None);
    }
}
