//! Exact token masks for constrained generation, over any vocabulary.
//!
//! A [`spec::Spec`] says what may be written. [`build`] turns it into a [`Pattern`], an automaton over bytes
//! that knows nothing of tokens. Bound to a [`Vocab`], it becomes a [`Constraint`], which caches masks. Every
//! generation under a constraint has its own [`Matcher`]: it says which tokens may be chosen, takes the
//! choice, and knows what is forced, when the value ends and whether it still fits into its budget of tokens.
//!
//! ```
//! use agentc_constraint::{Constraint, Limits, Matcher, Vocab, build, spec::Spec};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let limits = Limits::default();
//! let pattern = build(&Spec::Regex { pattern: "[A-Z][a-z]+".into() }, &[], &limits)?;
//! assert!(pattern.is_match(b"Paris"));
//!
//! let tokens = ["P", "ar", "is", "is.", " of", "7"].map(|text| Some(text.as_bytes().to_vec()));
//! let vocab = std::sync::Arc::new(Vocab::new(&tokens, &[])?);
//! let constraint = Constraint::new(pattern, vocab.clone(), limits);
//! let mut matcher = Matcher::new(&constraint, b"", 16)?;
//! let first: Vec<u32> = matcher.mask()?.iter(&vocab).collect();
//! assert_eq!(first, [0]); // only `P` begins with a capital letter
//! matcher.commit(0)?;
//! matcher.commit(1)?;
//! let done = matcher.commit(3)?; // `is.`: the full stop ends the value and is dropped
//! assert_eq!(done, agentc_constraint::Commit::Done);
//! # Ok(()) }
//! ```
//!
//! Two rules hold everywhere. A mask is *exact*: a token is in it if and only if the text can still become a
//! value (or is one after part of the token). And nothing fails open: hitting a limit is an error that names
//! it, never a looser mask.
//!
//! The [`guide`] explains how to use it. The crate knows nothing of models, prompts or programs, and does no
//! I/O.

mod error;
pub mod guide;
mod json_schema;
mod limits;
mod mask;
mod pattern;
mod shared;
pub mod spec;
mod vocab;

pub use error::{BuildError, MatchError, VocabError};
pub use json_schema::{Docs, NoSchema, json_schema};
pub use limits::{Limit, Limits};
pub use mask::{CacheStats, Commit, Constraint, End, Finished, Matcher, Next};
pub use pattern::{Pattern, SchemaTexts, TemplateReader, build, facts};
pub use shared::SharedSpec;
pub use vocab::{TokenId, TokenSet, Tokenize, Vocab};
