//! Taking tokens back, independent copies, threads, and what is cached.
//!
//! # Taking tokens back
//!
//! [`rollback`](crate::Matcher::rollback) removes the last tokens, including forced and healed ones, and the
//! end of the value if it was reached. For speculative decoding: commit what the draft proposes, then take
//! back what the model rejects.
//!
//! ```
//! # use std::sync::Arc;
//! # use agentc_constraint::spec::Spec;
//! # use agentc_constraint::{Commit, Constraint, Limits, MatchError, Matcher, Vocab, build};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tokens = ["1", "2", "-"].map(|text| Some(text.as_bytes().to_vec()));
//! # let vocab = Arc::new(Vocab::new(&tokens, &[])?);
//! # let pattern = build(&Spec::Regex { pattern: "[0-9]+-[0-9]".into() }, &[], &Limits::default())?;
//! # let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
//! let mut matcher = Matcher::new(&constraint, b"", 8)?; // under [0-9]+-[0-9]
//! for token in [0, 2] {
//!     matcher.commit(token)?;
//! }
//! assert_eq!(matcher.commit(1)?, Commit::Done); // 1-2
//! matcher.rollback(2)?;
//! assert_eq!(matcher.tokens(), [0]);
//! matcher.commit(1)?;
//! assert_eq!(matcher.stable(), b"12");
//! assert_eq!(matcher.rollback(3), Err(MatchError::Rollback { asked: 3, there: 2 }));
//! # Ok(()) }
//! ```
//!
//! If a call fails, nothing has changed, so you can try something else.
//!
//! # Copies
//!
//! A clone is independent: use it for beams, branches of a search, or several answers to one prompt. It
//! copies the tokens so far, and holds a reference to what is shared.
//!
//! ```
//! # use std::sync::Arc;
//! # use agentc_constraint::spec::Spec;
//! # use agentc_constraint::{Constraint, Limits, Matcher, Vocab, build};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tokens = ["the ", "cat", "hat"].map(|text| Some(text.as_bytes().to_vec()));
//! # let vocab = Arc::new(Vocab::new(&tokens, &[])?);
//! # let pattern = build(&Spec::Regex { pattern: "(the (cat|hat))+".into() }, &[], &Limits::default())?;
//! # let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
//! let mut one = Matcher::new(&constraint, b"", 8)?; // under (the (cat|hat))+
//! one.commit(0)?;
//! let mut other = one.clone();
//! one.commit(1)?;
//! other.commit(2)?;
//! assert_eq!((one.stable(), other.stable()), (&b"the cat"[..], &b"the hat"[..]));
//! # Ok(()) }
//! ```
//!
//! To save a matcher, keep its tokens and what it was made from; to restore it, commit the tokens again.
//!
//! # Threads
//!
//! Vocabularies, patterns and constraints are shared; a matcher belongs to one generation, and may move
//! between threads. All matchers of a constraint find what one of them has computed, and none waits while another
//! computes a mask. So give all of them one constraint, however many threads there are. What a matcher allows depends
//! on its own tokens alone, never on what others do.
//!
//! ```
//! # use std::sync::Arc;
//! # use agentc_constraint::spec::Spec;
//! # use agentc_constraint::{Commit, Constraint, Limits, MatchError, Matcher, TokenId, Vocab, build};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tokens: Vec<_> = (b'0'..=b'9').map(|digit| Some(vec![digit])).collect();
//! # let vocab = Arc::new(Vocab::new(&tokens, &[])?);
//! # let pattern = build(&Spec::Int { min: Some(100), max: Some(999) }, &[], &Limits::default())?;
//! # let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
//! // Integers of three digits: each thread starts with a different one, and goes on with the largest allowed.
//! let generate = |first: TokenId| -> Result<Vec<u8>, MatchError> {
//!     let mut matcher = Matcher::new(&constraint, b"", 8)?;
//!     let mut token = first;
//!     while matcher.commit(token)? == Commit::More {
//!         token = matcher.mask()?.iter(&vocab).max().unwrap_or_default();
//!     }
//!     Ok(matcher.stable().to_vec())
//! };
//! let values: Vec<_> = std::thread::scope(|scope| {
//!     let threads: Vec<_> = (1..=3).map(|first| scope.spawn(move || generate(first))).collect();
//!     threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
//! });
//! assert_eq!(values, [Ok(b"199".to_vec()), Ok(b"299".to_vec()), Ok(b"399".to_vec())]);
//! # Ok(()) }
//! ```
//!
//! # Caches
//!
//! A constraint keeps the states of its automaton that have been visited, and their masks. So the second
//! generation is faster than the first, and a constraint is worth keeping as long as its spec may be used
//! again. [`cache_stats`](crate::Constraint::cache_stats) says how much is kept; masks beyond
//! [`Limits::mask_cache_bytes`](crate::Limits::mask_cache_bytes) are dropped, and computed again when needed.
//!
//! ```
//! # use std::sync::Arc;
//! # use agentc_constraint::spec::Spec;
//! # use agentc_constraint::{Constraint, Limits, Matcher, Vocab, build};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let tokens = ["1", "2"].map(|text| Some(text.as_bytes().to_vec()));
//! # let vocab = Arc::new(Vocab::new(&tokens, &[])?);
//! # let pattern = build(&Spec::Int { min: Some(1), max: Some(222) }, &[], &Limits::default())?;
//! # let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
//! assert_eq!(constraint.cache_stats().masks, 0); // none is computed before it is needed
//! let mut matcher = Matcher::new(&constraint, b"", 8)?; // under an integer of 1 to 222
//! matcher.mask()?;
//! let first = constraint.cache_stats();
//! assert_eq!(first.masks, 1);
//! Matcher::new(&constraint, b"", 8)?.mask()?;
//! assert_eq!(constraint.cache_stats(), first); // it was cached already
//!
//! constraint.clear_masks(); // for measurements; the automaton is kept
//! let cleared = constraint.cache_stats();
//! assert_eq!((cleared.masks, cleared.mask_bytes, cleared.states), (0, 0, first.states));
//! # Ok(()) }
//! ```
