//! What the constraint engine costs by itself, without a model: `cargo xtask bench constraint`.
//!
//! [`logits`] applies masks to logits as a run does. [`subject`] measures one spec: building it, making its
//! first mask, and each token along texts of it. [`subjects`] lists the specs, and [`large`] is a grammar of
//! 300 kB. [`matchers`] runs a thousand generations at once, [`threads`] up to 64 on two threads. [`decoding`] is the
//! loop of a run without its model. There are two programs, `time` and `memory`,
//! because an allocator that counts takes time.
//!
//! Not here: other engines (`benches/peers`), and anything that needs a model (`benches/engine.rs`).

pub mod decoding;
pub mod figure;
pub mod large;
pub mod logits;
pub mod matchers;
pub mod random;
pub mod subject;
pub mod subjects;
pub mod threads;
pub mod timing;
pub mod vocabularies;

/// What everything here gives; an error ends the program.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
