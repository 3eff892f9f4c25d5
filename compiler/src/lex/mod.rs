//! The tokens of a whole file, lossless, with limited nesting; and where statements begin.
//!
//! The lexer knows strings, holes and brackets, so it can say precisely which of them is left open, and it
//! can cut a file into pieces that are parsed one by one: a mistake in one statement does not hide those in
//! others. The inner structure of statements is left to the grammar.
//!
//! With each mistake the lexer records the corrected text (a mend), so that the rest of the statement can
//! still be parsed.

mod blocks;
mod cut;
mod foreign;
mod nest;
mod scan;
mod strings;
mod token;
mod twofold;
pub mod words;
mod wrapped;

use std::borrow::Cow;
use std::ops::Range;

pub(crate) use blocks::in_braces;
pub(crate) use cut::ends as ends_statement;
pub(crate) use foreign::SEMICOLON;
pub use token::{Kind, Token};

use crate::diag::Diag;
use crate::limits::Limits;

/// The tokens of a file, and what is wrong with them.
#[derive(Debug)]
pub struct Lexed {
    /// Every byte of the file, in order.
    pub tokens: Vec<Token>,
    /// What is wrong, in order.
    pub diags: Vec<Diag>,
    /// Changes after which the text can be read, in order; none overlaps another.
    pub(crate) mends: Vec<Mend>,
    /// Where those findings begin whose mend may not be what was meant, in order: what else is found in
    /// the statement around one of them may be its consequence.
    pub(crate) doubtful: Vec<usize>,
    /// Stretches that are nested too deeply to be looked at.
    pub(crate) too_deep: Vec<Range<usize>>,
    /// Blocks that begin without a brace, in order.
    pub(crate) openings: Vec<Opening>,
}

impl Lexed {
    /// The findings that begin in a range of bytes.
    pub(crate) fn diags_in(&self, bytes: &Range<usize>) -> Range<usize> {
        let first = self.diags.partition_point(|d| (d.span.start as usize) < bytes.start);
        let last = self.diags.partition_point(|d| (d.span.start as usize) < bytes.end);
        first..last.max(first)
    }

    /// Whether what was meant at a finding is a guess, so that the type of a value there is not known.
    pub(crate) fn is_guess(&self, diag: usize) -> bool {
        let Some(diag) = self.diags.get(diag) else { return false };
        let at = diag.span.start as usize;
        let first = self.mends.partition_point(|m| m.place.start < at);
        let replaced =
            self.mends[first..].iter().take_while(|m| m.place.start == at).any(|m| !m.text.is_empty());
        let open = matches!(diag.code, "E0010" | "E0011" | "E0012");
        (open || replaced) && self.doubtful.binary_search(&at).is_ok()
    }

    /// The mends within a range of bytes. What is inserted at its start belongs to what stands before.
    pub(crate) fn mends_in(&self, bytes: &Range<usize>) -> &[Mend] {
        let first = self.mends.partition_point(|m| {
            m.place.start < bytes.start || m.place.is_empty() && m.place.start == bytes.start
        });
        let last = self.mends.partition_point(|m| m.place.start <= bytes.end);
        self.mends.get(first..last).unwrap_or_default()
    }

    /// Whether nothing was found or mended in a range of bytes.
    pub(crate) fn is_clean(&self, bytes: &Range<usize>) -> bool {
        let tokens = self.token_range(bytes);
        let opening = self.openings.partition_point(|o| o.token() < tokens.start);
        let opened = self.openings.get(opening).is_some_and(|o| o.token() < tokens.end);
        !opened && self.diags_in(bytes).is_empty() && self.mends_in(bytes).is_empty()
    }
}

/// A change of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mend {
    /// The bytes that it replaces.
    pub(crate) place: Range<usize>,
    /// What stands there afterwards.
    pub(crate) text: Cow<'static, str>,
    /// Where that begins which it closes, if it closes something.
    pub(crate) closes: Option<usize>,
}

impl Mend {
    pub(crate) fn new(place: Range<usize>, text: impl Into<Cow<'static, str>>) -> Mend {
        Mend { place, text: text.into(), closes: None }
    }

    /// Closes at `at` what begins at `opened`.
    pub(crate) fn closing(opened: usize, at: usize, text: &'static str) -> Mend {
        Mend { place: at..at, text: text.into(), closes: Some(opened) }
    }

    /// The order of mends; in one place what began last closes first.
    pub(crate) fn key(&self) -> (usize, usize, std::cmp::Reverse<Option<usize>>) {
        (self.place.start, self.place.end, std::cmp::Reverse(self.closes))
    }
}

/// Where a block begins without a brace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// At this token, a `:` in place of the brace.
    Colon(usize),
    /// Behind this token, where the brace is missing.
    Missing(usize),
}

impl Opening {
    /// The token at or after which it is.
    pub(crate) fn token(self) -> usize {
        match self {
            Opening::Colon(at) | Opening::Missing(at) => at,
        }
    }
}

/// Cuts a text into tokens.
pub fn lex(file: u32, text: &str, limits: &Limits) -> Lexed {
    let mut lexed = scan::scan(file, text, limits.nesting);
    lexed.diags.sort_by_key(|d| (d.span.start, d.span.end));
    lexed.mends.sort_by_key(Mend::key);
    lexed.mends.dedup_by(|b, a| b.place.start < a.place.end || a == b);
    lexed.doubtful.sort_unstable();
    lexed.openings.sort_by_key(|o| o.token());
    lexed
}
