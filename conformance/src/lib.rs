//! JSON Schemas, what they should admit, and what the constraint engine says: `cargo xtask conformance`.
//!
//! [`case`] reads schemas with instances, one per line; [`suite`] reads the official JSON Schema test suite,
//! and [`bundle`] copies remote documents into its schemas. [`check`] compiles one schema and checks every
//! instance against both the pattern and the masks of a vocabulary ([`vocabulary`], [`greedy`]). [`worker`]
//! does this in a separate process, so that no schema can take down the run. [`report`] counts, by keyword
//! ([`keywords`]).
//!
//! The benchmark against other engines (`benches/peers`) also reads its schemas and vocabularies with this
//! crate. Not here: any knowledge of how masks are made.

pub mod bundle;
pub mod case;
pub mod check;
mod gguf;
pub mod greedy;
pub mod keywords;
pub mod naive;
pub mod patterns;
pub mod random;
pub mod report;
pub mod soak;
pub mod suite;
pub mod vocabulary;
pub mod worker;

use std::path::{Path, PathBuf};

/// Data that lies beside the project, if it is there.
pub fn beside_the_project(path: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    Some(root.parent()?.join("shared/data").join(path)).filter(|path| path.exists())
}

/// The reference model, where `agentc model pull` puts it.
pub fn reference_model() -> Option<PathBuf> {
    let var = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = var("AGENTC_CACHE")
        .or_else(|| var("XDG_CACHE_HOME").map(|dir| dir.join("agentc")))
        .or_else(|| var("HOME").map(|dir| dir.join(".cache/agentc")))?;
    Some(cache.join("models/SmolLM2-135M-Instruct.Q4_1.gguf")).filter(|path| path.is_file())
}
