//! What the constraint engine costs by itself, without a model: `cargo xtask bench constraint`.
//!
//! [`logits`] applies masks to logits as a run does. [`subject`] measures one spec: to build it, to make its first mask, and
//! each token along texts of it; [`subjects`] are the specs, [`large`] a grammar of 300 kB. [`matchers`] has a
//! thousand generations at once. There are two programs, since an allocator that counts takes time: `time`, and `memory`.
//!
//! What is not here: other engines (`benches/peers`), and what needs a model (`benches/engine.rs`).

pub mod figure;
pub mod large;
pub mod logits;
pub mod matchers;
pub mod random;
pub mod subject;
pub mod subjects;
pub mod timing;
pub mod vocabularies;

/// What everything here gives; an error ends the program.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
