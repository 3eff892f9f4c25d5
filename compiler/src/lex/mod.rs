//! Tokens of a whole file, lossless; its nesting limited; and where statements begin.
//!
//! The lexer knows strings, holes and brackets, so it can say precisely which of them is left open, and
//! it can cut a file into pieces that are parsed one by one: a mistake in one statement does not hide
//! those in others. What a statement is made of is the grammar's business.

mod cut;
mod scan;
mod token;
pub mod words;

use std::ops::Range;

pub use token::{Kind, Token};

use crate::diag::Diag;

/// How deeply brackets, holes and strings may nest. Costs the parser's stack: about 5 kB each.
pub const MAX_NESTING: usize = 256;

/// The tokens of a file, and what is wrong with them.
#[derive(Debug)]
pub struct Lexed {
    /// Every byte of the file, in order.
    pub tokens: Vec<Token>,
    /// What is wrong.
    pub diags: Vec<Diag>,
    /// Offsets at which it is: the statements around them are not parsed.
    pub broken: Vec<usize>,
    /// Stretches that are nested too deeply to be looked at.
    pub too_deep: Vec<Range<usize>>,
}

/// Cuts a text into tokens.
pub fn lex(file: u32, text: &str) -> Lexed {
    scan::scan(file, text)
}
