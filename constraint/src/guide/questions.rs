//! What can be known about a pattern before anything is generated.
//!
//! A program that asks a model for values wants to know some things early. Can this type be written at all?
//! Does one type contain all values of another? Will this generation ever end by itself? The answers of a
//! [`Pattern`](crate::Pattern) are exact. Automata can be large, so each question takes *fuel*, the number of
//! steps that it may examine. The answer is `None` if that is not enough, and also for patterns with
//! recursion or free keys, which do not have finitely many states.
//!
//! ```
//! use agentc_constraint::spec::{Spec, Stop};
//! use agentc_constraint::{BuildError, Limits, Pattern, build, facts};
//!
//! const FUEL: usize = 100_000;
//! fn regex(pattern: &str) -> Result<Pattern, BuildError> {
//!     build(&Spec::Regex { pattern: pattern.into() }, &[], &Limits::default())
//! }
//!
//! # fn main() -> Result<(), BuildError> {
//! // Is every value of one a value of the other? Do they have none in common?
//! let (name, digits, word) = (regex("[a-z][a-z0-9]*")?, regex("[0-9]+")?, regex("[a-z]+")?);
//! assert_eq!(name.includes(&word, FUEL), Some(true));
//! assert_eq!(word.includes(&name, FUEL), Some(false));
//! assert_eq!(name.is_disjoint(&digits, FUEL), Some(true));
//!
//! // How long are values, in bytes and in characters?
//! let sizes = regex("né+|x{2,3}")?.sizes(FUEL).ok_or(BuildError::EmptyStop)?;
//! assert_eq!((sizes.bytes.least, sizes.chars.least, sizes.chars.most), (2, 2, None));
//!
//! // Can a stop occur in a value? Then the value can be cut short.
//! let comma = Stop::Text { text: ",".into() };
//! assert_eq!(regex("[a-z ,]+")?.can_contain(&comma, FUEL), Some(true));
//! assert_eq!(word.can_contain(&comma, FUEL), Some(false));
//!
//! // Does a value end as soon as it is complete, or does that depend on the model's next token?
//! assert_eq!(regex("yes|no")?.ends_by_itself(FUEL), Some(true));
//! assert_eq!(word.ends_by_itself(FUEL), Some(false));
//!
//! // Can it reach a place from which everything is a value, so that only `max` ends it?
//! assert_eq!(regex("(?s)Dear .*")?.may_never_end(FUEL), Some(true));
//! assert_eq!(word.may_never_end(FUEL), Some(false));
//!
//! // Is there any value? Any besides the empty text? What is the shortest?
//! let nothing = Spec::Regex { pattern: "[a&&b]".into() };
//! assert_eq!(facts::is_empty(&nothing, &[], &Limits::default()), Some(true));
//! assert_eq!(regex("a?")?.has_text(FUEL), Some(true));
//! assert!(regex("a?")?.accepts_empty());
//! assert_eq!(regex("a{3,}|bbbb")?.shortest(), b"aaa");
//!
//! // Unknown: too little fuel, or a type without finitely many states.
//! assert_eq!(name.includes(&word, 1), None);
//! let json = build(&Spec::Json, &[], &Limits::default())?;
//! assert_eq!(json.includes(&digits, FUEL), None);
//! # Ok(()) }
//! ```
