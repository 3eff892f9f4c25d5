//! How to use this crate, chapter by chapter. Every example runs as a test.
//!
//! | chapter | what it answers |
//! |---|---|
//! | [`vocabulary`] | From a tokenizer's table to a [`Vocab`](crate::Vocab): byte-level pieces, control tokens, the end of a turn |
//! | [`values`] | What can be asked for: each kind of [`Spec`](crate::spec::Spec), and what it admits |
//! | [`documents`] | JSON Schema, and grammars in two notations |
//! | [`decoding`] | The loop: mask, choice, commit, value; stops, healing, forced text, budgets, streaming |
//! | [`branches`] | Taking tokens back, independent copies, threads, what is cached |
//! | [`errors`] | What can fail, what the limits are, what to tell a user |
//! | [`questions`] | What can be known about a pattern before anything is generated |
//!
//! In short: a [`Spec`](crate::spec::Spec) becomes a [`Pattern`](crate::Pattern), once; a pattern and a
//! vocabulary become a [`Constraint`](crate::Constraint), once; each generation under that constraint has a
//! [`Matcher`](crate::Matcher). `constraint/examples` contains programs that run without a model:
//!
//! ```sh
//! cargo run -p agentc-constraint --example schema     # random values of a JSON Schema
//! cargo run -p agentc-constraint --example bigrams    # a very small model under a grammar
//! ```

pub mod branches;
pub mod decoding;
pub mod documents;
pub mod errors;
pub mod questions;
pub mod values;
pub mod vocabulary;
