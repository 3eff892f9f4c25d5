//! The loop: mask, choice, commit, value.
//!
//! # The whole loop
//!
//! [`Matcher::next`](crate::Matcher::next) says what comes next: forced tokens (already committed), a choice,
//! or the end. For a choice, get the [`mask`](crate::Matcher::mask), make every token outside it impossible,
//! sample as usual, and [`commit`](crate::Matcher::commit). [`finish`](crate::Matcher::finish) returns the
//! value.
//!
//! The model here wants to write `on 3 May, of course` in the longest tokens that it has; we ask it for a
//! date.
//!
//! ```
//! use std::sync::Arc;
//! use agentc_constraint::spec::Spec;
//! use agentc_constraint::{Commit, Constraint, End, Limits, Matcher, Next, TokenId, Tokenize, Vocab, build};
//!
//! struct Tokenizer(Arc<Vocab>);
//! impl Tokenize for Tokenizer {
//!     fn tokenize(&self, text: &[u8]) -> Vec<TokenId> {
//!         self.0.fewest_tokens(text).unwrap_or_default()
//!     }
//! }
//!
//! /// What a model does: a logit for every token.
//! fn logits(vocab: &Vocab, wanted: &str) -> Vec<f32> {
//!     let number = |token| {
//!         let bytes = vocab.bytes(token);
//!         if !bytes.is_empty() && wanted.as_bytes().starts_with(bytes) { bytes.len() as f32 } else { 0.0 }
//!     };
//!     (0..vocab.len() as TokenId).map(number).collect()
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pieces = ["on ", "on 3", "3", " ", " M", "May", "ay", "arch", ", of", " course"];
//! let bytes = (0..=255).map(|byte| Some(vec![byte]));
//! let tokens: Vec<_> = bytes.chain(pieces.map(|piece| Some(piece.as_bytes().to_vec()))).chain([None]).collect();
//! let end_of_turn = tokens.len() as TokenId - 1;
//! let vocab = Arc::new(Vocab::new(&tokens, &[end_of_turn])?);
//!
//! // Once per spec.
//! let limits = Limits::default();
//! let spec = Spec::Regex { pattern: r"on [1-9][0-9]? (March|May)( [0-9]{4})?".into() };
//! let constraint = Constraint::new(build(&spec, &[], &limits)?, vocab.clone(), limits);
//!
//! // Once per generation.
//! let tokenizer = Tokenizer(vocab.clone());
//! let mut matcher = Matcher::new(&constraint, b"", 32)?;
//! let mut wanted = "on 3 May, of course".to_owned(); // stands for the model's context
//! loop {
//!     match matcher.next(&tokenizer)? {
//!         Next::Forced(tokens) => { // the model must read them, but is not asked
//!             let read: usize = tokens.iter().map(|&token| vocab.bytes(token).len()).sum();
//!             wanted.drain(..read);
//!         }
//!         Next::Choose => {
//!             let mask = matcher.mask()?;
//!             let mut logits = logits(&vocab, &wanted);
//!             for (token, logit) in (0..).zip(&mut logits) {
//!                 if !mask.contains(&vocab, token) {
//!                     *logit = f32::NEG_INFINITY;
//!                 }
//!             }
//!             let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
//!             let token = best.map(|(token, _)| token as TokenId).ok_or("no token")?;
//!             if matcher.commit(token)? == Commit::Done {
//!                 break;
//!             }
//!             wanted.drain(..vocab.bytes(token).len());
//!         }
//!         Next::Done => break,
//!     }
//! }
//! let finished = matcher.finish(&tokenizer)?;
//! assert_eq!(finished.value, b"on 3 May");
//! assert_eq!(finished.end, End::Value);
//! # Ok(()) }
//! ```
//!
//! You can also do without `next` and use only `mask` and `commit`, without a tokenizer. Forced text is then
//! chosen token by token from masks that allow very little, and each token costs a step of the model.
//!
//! # Applying a mask
//!
//! A mask is a bit set in trie order. If nearly all tokens are allowed, the cheapest way is not to apply it:
//! find the best token, and check only that one with `contains`. If few are allowed, collect them with
//! [`iter`](crate::TokenSet::iter):
//!
//! ```
//! # use std::sync::Arc;
//! use agentc_constraint::{TokenId, TokenSet, Vocab};
//!
//! /// The best allowed token.
//! fn greedy(logits: &[f32], mask: &TokenSet, vocab: &Vocab) -> Option<TokenId> {
//!     let of = |token: &TokenId| logits.get(*token as usize).copied().unwrap_or(f32::NEG_INFINITY);
//!     let best = (0..logits.len() as TokenId).max_by(|a, b| of(a).total_cmp(&of(b)))?;
//!     if mask.contains(vocab, best) { Some(best) } else { mask.iter(vocab).max_by(|a, b| of(a).total_cmp(&of(b))) }
//! }
//! # use agentc_constraint::{Constraint, Limits, Matcher, build, spec::Spec};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let tokens = ["a", "b", "1", "2"].map(|text| Some(text.as_bytes().to_vec()));
//! # let vocab = Arc::new(Vocab::new(&tokens, &[])?);
//! # let pattern = build(&Spec::Int { min: None, max: None }, &[], &Limits::default())?;
//! # let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
//! let mask = Matcher::new(&constraint, b"", 8)?.mask()?; // of an integer; the tokens are a, b, 1, 2
//! assert_eq!(mask.len(), 2);
//! assert_eq!(greedy(&[9.0, 1.0, 2.0, 3.0], &mask, &vocab), Some(3));
//! # Ok(()) }
//! ```
//!
//! # Where a value ends
//!
//! A token may be chosen if it continues the value, or if the value is complete before the token or after
//! part of it. In the second case the token shows that the model wants to continue with something else:
//! [`commit`](crate::Matcher::commit) returns [`Commit::Done`](crate::Commit::Done), and what does not belong
//! to the value is dropped. So a pattern needs no terminator, and the part of the last token that belongs to
//! the value is not lost: the tokens to keep are the first `keep` of [`tokens`](crate::Matcher::tokens), then
//! `tail`.
//!
//! ```
//! # use std::sync::Arc;
//! # use agentc_constraint::spec::Spec;
//! # use agentc_constraint::{Commit, Constraint, End, Limits, Matcher, TokenId, Tokenize, Vocab, build};
//! # struct Tokenizer(Arc<Vocab>);
//! # impl Tokenize for Tokenizer {
//! #     fn tokenize(&self, text: &[u8]) -> Vec<TokenId> { self.0.fewest_tokens(text).unwrap_or_default() }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tokens = ["Par", "is", "is.", ".", " and"].map(|text| Some(text.as_bytes().to_vec()));
//! # let vocab = Arc::new(Vocab::new(&tokens, &[])?);
//! # let pattern = build(&Spec::Regex { pattern: "[A-Z][a-z]+".into() }, &[], &Limits::default())?;
//! # let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
//! # let tokenizer = Tokenizer(vocab);
//! let mut matcher = Matcher::new(&constraint, b"", 8)?; // under [A-Z][a-z]+
//! matcher.commit(0)?; // Par
//! assert_eq!(matcher.commit(2)?, Commit::Done); // is.
//! let finished = matcher.finish(&tokenizer)?;
//! assert_eq!(finished.value, b"Paris");
//! assert_eq!((finished.keep, finished.tail), (1, vec![1])); // `Par`, then `is` in place of `is.`
//! assert_eq!((finished.end, finished.value_tokens), (End::Value, 2));
//! # Ok(()) }
//! ```
//!
//! The end-of-turn token is in the mask wherever the value is complete; [`End`](crate::End) says why the
//! value ended.
//!
//! ```
//! # use std::sync::Arc;
//! # use agentc_constraint::spec::Spec;
//! # use agentc_constraint::{Commit, Constraint, End, Limits, Matcher, TokenId, Tokenize, Vocab, build};
//! # struct Tokenizer(Arc<Vocab>);
//! # impl Tokenize for Tokenizer {
//! #     fn tokenize(&self, text: &[u8]) -> Vec<TokenId> { self.0.fewest_tokens(text).unwrap_or_default() }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tokens = [Some(b"1".to_vec()), Some(b"2".to_vec()), None];
//! let vocab = Arc::new(Vocab::new(&tokens, &[2])?); // 2 ends the turn
//! # let pattern = build(&Spec::Int { min: Some(1), max: Some(222) }, &[], &Limits::default())?;
//! # let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
//! # let tokenizer = Tokenizer(vocab);
//! let mut matcher = Matcher::new(&constraint, b"", 8)?; // under an integer of 1 to 222
//! assert!(!matcher.mask()?.allows_end());
//! matcher.commit(0)?;
//! assert!(matcher.mask()?.allows_end());
//! assert_eq!(matcher.commit(2)?, Commit::Done);
//! let finished = matcher.finish(&tokenizer)?;
//! assert_eq!((finished.value.as_slice(), finished.end), (&b"1"[..], End::EndOfTurn));
//! # Ok(()) }
//! ```
//!
//! # Stops
//!
//! A stop may come in the middle of a token, or span several. Until it is complete, the last bytes may or may
//! not belong to the value: [`stable`](crate::Matcher::stable) is the part that is certain, in whole
//! characters, and therefore the part to show while generating.
//!
//! ```
//! # use std::sync::Arc;
//! # use agentc_constraint::spec::{Spec, Stop};
//! # use agentc_constraint::{Commit, Constraint, End, Limits, Matcher, TokenId, Tokenize, Vocab, build};
//! # struct Tokenizer(Arc<Vocab>);
//! # impl Tokenize for Tokenizer {
//! #     fn tokenize(&self, text: &[u8]) -> Vec<TokenId> { self.0.fewest_tokens(text).unwrap_or_default() }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let spec = Spec::Until {
//!     value: Box::new(Spec::Text { min: 0, max: None }),
//!     stops: vec![Stop::Text { text: "\nQ:".into() }],
//! };
//! let tokens = ["yes", " no", "\n", "\nQ", ": and"].map(|text| Some(text.as_bytes().to_vec()));
//! # let vocab = Arc::new(Vocab::new(&tokens, &[])?);
//! # let constraint = Constraint::new(build(&spec, &[], &Limits::default())?, vocab.clone(), Limits::default());
//! # let tokenizer = Tokenizer(vocab);
//! let mut matcher = Matcher::new(&constraint, b"", 8)?;
//! matcher.commit(0)?;
//! assert_eq!(matcher.commit(3)?, Commit::More); // `\nQ` may or may not become the stop
//! assert_eq!(matcher.stable(), b"yes");
//! assert_eq!(matcher.commit(4)?, Commit::Done);
//! let finished = matcher.finish(&tokenizer)?;
//! assert_eq!(finished.value, b"yes");
//! assert_eq!(finished.end, End::Stop { text: "\nQ:".into() });
//! # Ok(()) }
//! ```
//!
//! # Healing
//!
//! A prompt that ends within a word leaves the model where it has never been in training: after `http` it
//! would have written `://` as one token, colon included. [`heal`](crate::Constraint::heal) says how many of
//! the prompt's last tokens to take back. Give their bytes to the matcher, which spells them first. They
//! neither belong to the value nor count towards its length.
//!
//! ```
//! # use std::sync::Arc;
//! # use agentc_constraint::spec::Spec;
//! # use agentc_constraint::{Constraint, Limits, Matcher, TokenId, Tokenize, Vocab, build};
//! # struct Tokenizer(Arc<Vocab>);
//! # impl Tokenize for Tokenizer {
//! #     fn tokenize(&self, text: &[u8]) -> Vec<TokenId> { self.0.fewest_tokens(text).unwrap_or_default() }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tokens = ["see ", "http", ":", "://", "//", "a", "b"].map(|text| Some(text.as_bytes().to_vec()));
//! # let vocab = Arc::new(Vocab::new(&tokens, &[])?);
//! # let pattern = build(&Spec::Regex { pattern: "//[ab]{2}".into() }, &[], &Limits::default())?;
//! # let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
//! # let tokenizer = Tokenizer(vocab.clone());
//! let prompt = [0, 1, 2]; // see http:
//! let taken = constraint.heal(&prompt)?; // under //[ab]{2}
//! assert_eq!(taken, 1); // the colon
//!
//! let mut matcher = Matcher::new(&constraint, b":", 8)?;
//! let mask: Vec<TokenId> = matcher.mask()?.iter(&vocab).collect();
//! assert_eq!(mask, [2, 3]); // `:` and `://`
//! for token in [3, 5, 6] {
//!     matcher.commit(token)?;
//! }
//! let finished = matcher.finish(&tokenizer)?;
//! assert_eq!((finished.value.as_slice(), finished.value_tokens), (&b"//ab"[..], 3));
//! # Ok(()) }
//! ```
//!
//! # What is forced
//!
//! Where only one text can follow, `next` appends it, tokenised as the tokenizer would do it, except for a
//! last token that a longer one could swallow: that choice is left to the model.
//!
//! ```
//! # use std::sync::Arc;
//! # use agentc_constraint::spec::{Field, Spec};
//! # use agentc_constraint::{Constraint, Limits, Matcher, Next, TokenId, Tokenize, Vocab, build};
//! # struct Tokenizer(Arc<Vocab>);
//! # impl Tokenize for Tokenizer {
//! #     fn tokenize(&self, text: &[u8]) -> Vec<TokenId> { self.0.fewest_tokens(text).unwrap_or_default() }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let bytes = (0..=255).map(|byte| Some(vec![byte]));
//! # let pieces = ["{\"", "age", "\": "].map(|text| Some(text.as_bytes().to_vec()));
//! # let vocab = Arc::new(Vocab::new(&bytes.chain(pieces).collect::<Vec<_>>(), &[])?);
//! let age = Field { name: "age".into(), value: Spec::Int { min: Some(1), max: Some(99) }, optional: false };
//! let spec = Spec::Object { fields: vec![age] };
//! # let constraint = Constraint::new(build(&spec, &[], &Limits::default())?, vocab.clone(), Limits::default());
//! # let tokenizer = Tokenizer(vocab.clone());
//! let mut matcher = Matcher::new(&constraint, b"", 16)?;
//! let Next::Forced(tokens) = matcher.next(&tokenizer)? else { return Err("a choice".into()) };
//! let text: Vec<u8> = tokens.iter().flat_map(|&token| vocab.bytes(token)).copied().collect();
//! assert_eq!(text, br#"{"age": "#);
//! assert_eq!(matcher.next(&tokenizer)?, Next::Choose);
//! # Ok(()) }
//! ```
//!
//! # Budgets
//!
//! `max` is a hard limit, and a structured value is still complete: when tokens become scarce, only those are
//! allowed that leave room for an end. A `max` too small for any value is refused before anything is
//! generated. [`set_min`](crate::Matcher::set_min) keeps a value from ending before it has that many tokens.
//!
//! ```
//! # use std::sync::Arc;
//! # use agentc_constraint::spec::Spec;
//! # use agentc_constraint::{Commit, Constraint, Limits, MatchError, Matcher, TokenId, Vocab, build};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tokens = ["(", ")", "a"].map(|text| Some(text.as_bytes().to_vec()));
//! # let vocab = Arc::new(Vocab::new(&tokens, &[])?);
//! # let pattern = build(&Spec::Regex { pattern: r"\(a*\)".into() }, &[], &Limits::default())?;
//! # let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
//! let allowed = |matcher: &mut Matcher| -> Result<Vec<TokenId>, MatchError> {
//!     Ok(matcher.mask()?.iter(&vocab).collect())
//! };
//! let mut matcher = Matcher::new(&constraint, b"", 3)?; // under \(a*\)
//! matcher.commit(0)?;
//! assert_eq!(allowed(&mut matcher)?, [1, 2]);
//! matcher.commit(2)?;
//! assert_eq!(allowed(&mut matcher)?, [1]); // one token is left, so it closes
//!
//! let mut longer = Matcher::new(&constraint, b"", 8)?;
//! longer.set_min(4);
//! longer.commit(0)?;
//! assert_eq!(allowed(&mut longer)?, [2]); // too short to close
//!
//! let error = Matcher::new(&constraint, b"", 1).err();
//! assert_eq!(error, Some(MatchError::CannotFinish { need: 2, max: 1 }));
//! assert_eq!(constraint.fewest_tokens()?, Some(2)); // to check in advance
//! # Ok(()) }
//! ```
//!
//! Free text has no structure to complete: it ends when `max` is reached, with [`End::Max`](crate::End::Max).
//!
//! ```
//! # use std::sync::Arc;
//! # use agentc_constraint::spec::Spec;
//! # use agentc_constraint::{Constraint, End, Limits, Matcher, Next, TokenId, Tokenize, Vocab, build};
//! # struct Tokenizer(Arc<Vocab>);
//! # impl Tokenize for Tokenizer {
//! #     fn tokenize(&self, text: &[u8]) -> Vec<TokenId> { self.0.fewest_tokens(text).unwrap_or_default() }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let tokens = ["la"].map(|text| Some(text.as_bytes().to_vec()));
//! # let vocab = Arc::new(Vocab::new(&tokens, &[])?);
//! # let pattern = build(&Spec::Text { min: 0, max: None }, &[], &Limits::default())?;
//! # let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
//! # let tokenizer = Tokenizer(vocab);
//! let mut song = Matcher::new(&constraint, b"", 3)?; // under any text; the only token is `la`
//! while song.next(&tokenizer)? == Next::Choose {
//!     song.commit(0)?;
//! }
//! assert_eq!(song.finish(&tokenizer)?.value, b"lalala");
//! assert_eq!(song.finish(&tokenizer)?.end, End::Max);
//! # Ok(()) }
//! ```
