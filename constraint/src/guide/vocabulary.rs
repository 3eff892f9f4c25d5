//! From a tokenizer's table to a [`Vocab`](crate::Vocab).
//!
//! A vocabulary is the bytes of every token, indexed by the model's token number. Whatever is not text
//! (control tokens, unused numbers) is `None` and never in a mask, with one exception: the tokens that end
//! the model's turn are listed separately, and may be chosen where a value is complete.
//!
//! ```
//! use agentc_constraint::Vocab;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tokens = [Some(b"Hello".to_vec()), Some(b" world".to_vec()), None, None];
//! let vocab = Vocab::new(&tokens, &[3])?; // 2 is a control token, 3 ends the turn
//!
//! assert_eq!(vocab.len(), 4);
//! assert_eq!(vocab.bytes(1), b" world");
//! assert_eq!(vocab.bytes(3), b"");
//! assert!(vocab.is_end(3) && !vocab.is_end(2));
//! # Ok(()) }
//! ```
//!
//! Building a vocabulary takes tens of milliseconds for a hundred thousand tokens: do it once per model, and
//! share it as `Arc<Vocab>`. Models often have more logits than tokens. That does no harm: numbers beyond the
//! vocabulary are in no mask.
//!
//! # The bytes, not the pieces
//!
//! Tokenizers' tables contain not bytes but an encoding of them, which must be undone. Two encodings are
//! common.
//!
//! **Byte-level BPE** (GPT-2 and its many descendants; in `tokenizer.json` the decoder is `ByteLevel`) writes
//! each byte as a character: printable bytes as themselves, all others as characters from U+0100 on, so that
//! a space is `Ġ`.
//!
//! ```
//! /// The byte that a character of a byte-level piece stands for.
//! fn byte_of(c: char) -> Option<u8> {
//!     let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
//!     match u8::try_from(c) {
//!         Ok(byte) => Some(byte).filter(|&byte| printable(byte)),
//!         Err(_) => (0..=255).filter(|&byte| !printable(byte)).zip('\u{100}'..).find(|pair| pair.1 == c).map(|pair| pair.0),
//!     }
//! }
//!
//! let bytes = |piece: &str| piece.chars().map(byte_of).collect::<Option<Vec<u8>>>();
//! assert_eq!(bytes("Ġof"), Some(b" of".to_vec()));
//! assert_eq!(bytes("Ċ"), Some(b"\n".to_vec()));
//! assert_eq!(bytes("Ã©"), Some("é".as_bytes().to_vec()));
//! assert_eq!(bytes("Ã"), Some(vec![0xc3])); // a token may hold a part of a character
//! assert_eq!(bytes("日"), None); // not byte-level
//! ```
//!
//! **SentencePiece** (Llama 2, Mistral, Gemma) writes `▁` for a space, and `<0x0A>` and the like for bytes
//! that no piece contains.
//!
//! ```
//! fn bytes(piece: &str) -> Vec<u8> {
//!     let byte = piece.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
//!     match byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
//!         Some(byte) => vec![byte],
//!         None => piece.replace('▁', " ").into_bytes(),
//!     }
//! }
//!
//! assert_eq!(bytes("▁of"), b" of");
//! assert_eq!(bytes("<0x0A>"), b"\n");
//! ```
//!
//! Several tokens may have the same bytes: a mask contains all of them or none.
//!
//! ```
//! # use std::sync::Arc;
//! use agentc_constraint::{Constraint, Limits, Matcher, TokenId, Vocab, build, spec::Spec};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tokens = ["7", "x", "7"].map(|text| Some(text.as_bytes().to_vec()));
//! let vocab = Arc::new(Vocab::new(&tokens, &[])?);
//! # let pattern = build(&Spec::Int { min: None, max: None }, &[], &Limits::default())?;
//! # let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
//! let mask = Matcher::new(&constraint, b"", 4)?.mask()?; // of an integer
//! assert_eq!(mask.iter(&vocab).collect::<Vec<TokenId>>(), [0, 2]);
//! assert!(!mask.contains(&vocab, 1) && !mask.contains(&vocab, 50_000)); // nor are numbers that are not tokens
//! # Ok(()) }
//! ```
//!
//! For pieces that *look* like control tokens (`<|im_end|>`), consult the tokenizer's table of added tokens:
//! those marked as special are `None`, the others are text.
//!
//! # A tokenizer
//!
//! Where the text is forced, the engine appends tokens without asking the model, and they should be the
//! tokens that the model is used to. Only the model's tokenizer knows those: implement
//! [`Tokenize`](crate::Tokenize) with it, without special tokens and without an added prefix. Tokens that do
//! not spell the text are replaced by the fewest tokens that do, so a poor tokenizer costs quality but never
//! correctness. If you have none, this will do:
//!
//! ```
//! use agentc_constraint::{TokenId, Tokenize, Vocab};
//!
//! struct Fewest<'v>(&'v Vocab);
//!
//! impl Tokenize for Fewest<'_> {
//!     fn tokenize(&self, text: &[u8]) -> Vec<TokenId> {
//!         self.0.fewest_tokens(text).unwrap_or_default()
//!     }
//! }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tokens = ["a", "b", "ab", "abc"].map(|text| Some(text.as_bytes().to_vec()));
//! let vocab = Vocab::new(&tokens, &[])?;
//! assert_eq!(Fewest(&vocab).tokenize(b"ababc"), [2, 3]);
//! assert_eq!(vocab.fewest_tokens(b"abd"), None); // no token has a `d`
//! # Ok(()) }
//! ```
//!
//! # What is refused
//!
//! ```
//! use agentc_constraint::{Vocab, VocabError};
//!
//! assert_eq!(Vocab::new(&[None], &[]).err(), Some(VocabError::Empty));
//! assert_eq!(Vocab::new(&[Some(b"a".to_vec()), Some(vec![])], &[]).err(), Some(VocabError::EmptyToken { token: 1 }));
//! assert_eq!(Vocab::new(&[Some(b"a".to_vec())], &[7]).err(), Some(VocabError::UnknownEnd { token: 7, len: 1 }));
//! ```
//!
//! A vocabulary need not contain every byte as a token (SmolLM2's does not). A value that it cannot spell is
//! in no mask, and a pattern none of whose values it can spell is an [error](super::errors).
