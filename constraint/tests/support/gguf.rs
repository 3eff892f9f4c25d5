//! Vocabularies of the GGUF files on this machine.

#![allow(dead_code, missing_docs, unreachable_pub)]

use std::path::{Path, PathBuf};

use agentc_conformance::vocabulary::Vocabulary;
use agentc_conformance::{beside_the_project, reference_model};
use agentc_constraint::Vocab;

pub fn vocab(path: &Path) -> Vocab {
    let vocabulary = Vocabulary::read(path).expect("a vocabulary in the file");
    vocabulary.vocab().expect("a vocabulary")
}

/// The vocabularies beside the project, and the reference model, if they are there.
pub fn available() -> Vec<PathBuf> {
    let entries = beside_the_project("vocabs").and_then(|folder| std::fs::read_dir(folder).ok());
    let mut paths: Vec<PathBuf> =
        entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ext| ext == "gguf"));
    paths.sort();
    paths.extend(reference_model());
    paths
}
