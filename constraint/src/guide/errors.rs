//! What can fail, what the limits are, and what to tell a user.
//!
//! Nothing fails open. When the engine cannot continue it returns a typed error, never a looser mask; and no
//! input makes it panic.
//!
//! # Before anything is generated
//!
//! [`BuildError`](crate::BuildError) is about the spec. Its message says what is wrong,
//! [`hint`](crate::BuildError::hint) what to write instead, and for an expression or a grammar
//! [`span`](crate::BuildError::span) gives the bytes at fault.
//!
//! ```
//! use agentc_constraint::{BuildError, Limits, build, spec::Spec};
//!
//! let regex = |pattern: &str| build(&Spec::Regex { pattern: pattern.into() }, &[], &Limits::default()).err();
//!
//! assert_eq!(regex("[0-9]+"), None);
//! assert!(matches!(regex("[0-9"), Some(BuildError::Regex { span: Some(_), .. })));
//! assert!(matches!(regex(r"\bword\b"), Some(BuildError::LookAround { .. })));
//!
//! let empty = regex("[a&&b]"); // a character that is both
//! assert!(matches!(&empty, Some(BuildError::Empty { .. })));
//! let empty = empty.map(|error| (error.to_string(), error.hint()));
//! let (message, hint) = empty.unwrap_or_default();
//! assert_eq!(message, "no text matches the regular expression `[a&&b]`");
//! assert_eq!(hint.as_deref(), Some("widen the type so that at least one value is possible"));
//!
//! let bounds = Spec::Int { min: Some(2), max: Some(1) };
//! assert!(matches!(build(&bounds, &[], &Limits::default()), Err(BuildError::Bounds { .. })));
//! ```
//!
//! # While generating
//!
//! [`MatchError`](crate::MatchError) is about a generation:
//!
//! | error | when |
//! |---|---|
//! | `CannotFinish` | `max` is too small for any value; reported when the matcher is made |
//! | `TooShort` | the value has to end before it has as many tokens as `set_min` asks for |
//! | `NoToken` | the vocabulary cannot spell what has to come |
//! | `NotAllowed` | a token was committed that is not in the mask; nothing has changed |
//! | `NotDone` | `finish` was called before the end |
//! | `Rollback` | more tokens were to be taken back than there are |
//! | `TooLarge` | a limit was hit |
//!
//! ```
//! # use std::sync::Arc;
//! use agentc_constraint::{Constraint, Limits, MatchError, Matcher, Vocab, build, spec::Spec};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let vocab = Arc::new(Vocab::new(&[Some(b"a".to_vec()), Some(b"b".to_vec())], &[])?);
//! let under = |spec: Spec| -> Result<_, Box<dyn std::error::Error>> {
//!     let pattern = build(&spec, &[], &Limits::default())?;
//!     Ok(Constraint::new(pattern, vocab.clone(), Limits::default()))
//! };
//! let mut matcher = Matcher::new(&under(Spec::Regex { pattern: "ab*".into() })?, b"", 8)?;
//! assert_eq!(matcher.commit(1), Err(MatchError::NotAllowed { token: 1 }));
//! matcher.commit(0)?; // as if nothing had happened
//!
//! let digits = under(Spec::Int { min: None, max: None })?;
//! let error = Matcher::new(&digits, b"", 8).err();
//! assert!(matches!(error, Some(MatchError::NoToken { .. }))); // there are no digits
//! # Ok(()) }
//! ```
//!
//! # Limits
//!
//! All bounds on time and memory are in [`Limits`](crate::Limits), each with its meaning and its cost. The
//! defaults suit interactive use by people who write their own specs. Lower them for specs from untrusted
//! sources: the largest costs, for each constraint, are `instructions` (about 40 bytes each),
//! `automaton_bytes` and `mask_cache_bytes`.
//!
//! ```
//! use agentc_constraint::{BuildError, Limits, build, spec::Spec};
//!
//! let careful = Limits { instructions: 500, automaton_bytes: 4 << 20, ..Limits::default() };
//! let options = (0..5_000).map(|number| format!("option {number}")).collect();
//! let error = build(&Spec::OneOf { hole: 0 }, &[options], &careful).err();
//! assert!(matches!(error, Some(BuildError::TooLarge { limit: 500, .. })));
//! let message = error.map(|error| error.to_string()).unwrap_or_default();
//! assert!(message.starts_with("the constraint is too large: it needs more than 500"));
//! ```
//!
//! A limit on `states`, `automaton_bytes` or `calls` can be hit in the middle of a generation, because the
//! automaton is built on demand. The matcher stays as it was: end the generation, or take tokens back and try
//! another path.
//!
//! ```
//! # use std::sync::Arc;
//! use agentc_constraint::{Constraint, Limits, MatchError, Matcher, Vocab, build, spec::Spec};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let flat = Limits { calls: 3, ..Limits::default() };
//! let tokens = ["[", "]", "1"].map(|text| Some(text.as_bytes().to_vec()));
//! # let vocab = Arc::new(Vocab::new(&tokens, &[])?);
//! let constraint = Constraint::new(build(&Spec::Json, &[], &flat)?, vocab, flat);
//! let mut matcher = Matcher::new(&constraint, b"", 64)?;
//! let error = (0..8).find_map(|_| matcher.commit(0).err());
//! assert!(matches!(error, Some(MatchError::TooLarge { limit: 3, .. })));
//! let depth = matcher.tokens().len();
//! matcher.rollback(1)?;
//! matcher.commit(2)?; // not deeper
//! assert_eq!(matcher.tokens().len(), depth);
//! # Ok(()) }
//! ```
