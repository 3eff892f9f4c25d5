//! Strings that span lines: how their text moves along with the statement that contains them.
//!
//! The compiler removes the indentation that the lines of a `"""` have in common, so a different common
//! indentation means the same. Whether it does in the case at hand is not deduced but tested: the text is
//! read before and after, as the compiler reads it.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use super::INDENT;
use crate::lex::{Kind, Token};
use crate::parse::{common_indent, dedent};

/// The parts of a string: its texts, and `None` for each hole.
type Parts = Vec<Option<String>>;

/// Where the texts of a file's strings are, of those that go over lines, by their opening tokens.
#[derive(Debug)]
pub(super) struct Strings {
    parts: HashMap<usize, Vec<Option<Range<usize>>>>,
}

/// What to write in place of a string's texts.
#[derive(Debug)]
pub(super) enum Texts {
    /// Each text as it is.
    Same,
    /// The texts that are still to come, each with the place where the old one begins.
    New(VecDeque<(usize, String)>),
}

impl Strings {
    /// Finds them.
    pub(super) fn new(text: &str, tokens: &[Token]) -> Strings {
        let mut strings = Strings { parts: HashMap::new() };
        let mut open: Vec<(usize, Vec<Option<Range<usize>>>)> = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let parts = open.last_mut().map(|(_, parts)| parts);
            match (token.kind, parts) {
                (Kind::StrOpen, _) => open.push((at, Vec::new())),
                (Kind::StrClose, _) => strings.parts.extend(open.pop().filter(|s| goes_over_lines(text, s))),
                (Kind::HoleOpen, Some(parts)) => parts.push(None),
                (Kind::Text, Some(parts)) => match parts.last_mut() {
                    Some(Some(range)) => range.end = token.end,
                    _ => parts.push(Some(token.start..token.end)),
                },
                _ => {}
            }
        }
        strings
    }

    /// The texts of the string that a token opens, moved to the right by so much, or, if that is negative,
    /// to the left. It is asked for only if there are lines to be moved.
    pub(super) fn moved(&self, text: &str, open: usize, by: impl FnOnce() -> isize) -> Texts {
        let Some(ranges) = self.parts.get(&open) else { return Texts::Same };
        let by = by();
        let spelling = |range: &Option<Range<usize>>| range.clone().and_then(|range| text.get(range));
        let old: Parts = ranges.iter().map(|range| spelling(range).map(str::to_owned)).collect();
        let plain: Parts = ranges.iter().map(|range| spelling(range).map(with_plain_breaks)).collect();
        let value = value(&old);
        let means_the_same = |new: &Parts| self::value(new) == value;
        let new = [shift(&plain, by), shift(&plain, 0), plain].into_iter().find(means_the_same);
        let new = new.unwrap_or(old).into_iter().zip(ranges);
        Texts::New(new.filter_map(|(new, range)| Some((range.as_ref()?.start, new?))).collect())
    }
}

impl Texts {
    /// What to write for a token of the string's text: a moved text is written for its first token.
    pub(super) fn take(&mut self, source: &str, token: &Token) -> String {
        match self {
            Texts::Same => token.text(source).to_owned(),
            Texts::New(texts) if texts.front().is_some_and(|(start, _)| *start == token.start) => {
                texts.pop_front().map(|(_, new)| new).unwrap_or_default()
            }
            Texts::New(_) => String::new(),
        }
    }
}

fn goes_over_lines(text: &str, (_, parts): &(usize, Vec<Option<Range<usize>>>)) -> bool {
    parts.iter().flatten().any(|range| text.get(range.clone()).is_some_and(|part| part.contains('\n')))
}

fn with_plain_breaks(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// What the compiler makes of a string.
fn value(parts: &Parts) -> Parts {
    let mut parts: Parts = parts.iter().map(|part| part.as_deref().map(with_plain_breaks)).collect();
    dedent(&mut parts.iter_mut().map(Option::as_mut).collect::<Vec<_>>());
    parts
}

/// The same text with another common indentation. White space that the compiler drops is dropped.
fn shift(parts: &Parts, by: isize) -> Parts {
    let common = common_indent(parts);
    let indent = " ".repeat(width(&common).saturating_add_signed(by));
    let shifted = parts.iter().enumerate().map(|(at, part)| {
        let (opens, closes) = (at == 0, at + 1 == parts.len());
        let lines: Vec<&str> = part.as_deref()?.split('\n').collect();
        let mut out = String::new();
        for (n, line) in lines.iter().enumerate() {
            let ends = n + 1 == lines.len();
            let blank = line.bytes().all(|b| b == b' ' || b == b'\t');
            match line.strip_prefix(common.as_str()) {
                _ if n == 0 => out.push_str(if opens && blank && !ends { "" } else { line }),
                _ if ends && closes && blank => {
                    out.extend(std::iter::repeat_n(' ', width(line).saturating_add_signed(by)));
                }
                None => {}
                Some("") if !ends || closes => {}
                Some(rest) => out.extend([indent.as_str(), rest]),
            }
            if !ends {
                out.push('\n');
            }
        }
        Some(out)
    });
    shifted.collect()
}

/// How wide the white space at the start of the line around a place is.
pub(super) fn margin(text: &str, at: usize) -> usize {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    text.get(start..).map_or(0, leading)
}

/// How wide the white space at the start of a line is.
pub(super) fn leading(line: &str) -> usize {
    let rest = line.trim_start_matches([' ', '\t']);
    width(line.get(..line.len() - rest.len()).unwrap_or(""))
}

/// A tab is one level of indentation.
fn width(blanks: &str) -> usize {
    blanks.bytes().map(|b| if b == b'\t' { INDENT } else { 1 }).sum()
}
