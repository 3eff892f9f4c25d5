//! What both notations share: characters with their places, quoted text and its escapes.

use std::rc::Rc;

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};
use rustc_hash::FxHashMap;

use super::{Fault, Item, Span};
use crate::error::BuildError;
use crate::limits::Limits;

/// A grammar's text, and how far it is read.
#[derive(Debug)]
pub(super) struct Scanner<'t> {
    source: &'t str,
    at: usize,
    /// Brackets that are open.
    pub(super) depth: u32,
    /// The regular expressions met so far.
    patterns: FxHashMap<String, Rc<Hir>>,
    /// Ranges of characters in them.
    ranges: usize,
    most_ranges: usize,
    /// Brackets that may be open.
    most_open: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(source: &'t str, limits: &Limits) -> Scanner<'t> {
        let (most_ranges, most_open) = (limits.instructions, limits.grammar_brackets);
        Scanner { source, at: 0, depth: 0, patterns: FxHashMap::default(), ranges: 0, most_ranges, most_open }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Goes back to where the scanner was.
    pub(super) fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    fn rest(&self) -> &'t str {
        self.source.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn starts_with(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Takes a text if it comes next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let there = self.starts_with(text);
        if there {
            self.at += text.len();
        }
        there
    }

    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let taken = rest.trim_start_matches(wanted);
        let taken = &rest[..rest.len() - taken.len()];
        self.at += taken.len();
        taken
    }

    /// Whether nothing but blanks stands before this place in its line.
    pub(super) fn is_at_line_start(&self) -> bool {
        let before = self.source[..self.at].trim_end_matches([' ', '\t']);
        before.is_empty() || before.ends_with('\n')
    }

    /// A finding about what stands from a place to here; about the next character if that is nothing.
    pub(super) fn fault(&self, from: usize, reason: impl Into<String>, hint: impl Into<String>) -> Fault {
        let next = || self.source[from..].chars().next().map_or(0, char::len_utf8);
        let to = if self.at > from { self.at } else { from + next() };
        Fault { span: Span { from, to }, reason: reason.into(), hint: hint.into() }
    }

    /// A finding about the next character.
    pub(super) fn unexpected(&self, wanted: &str, hint: &str) -> Fault {
        let reason = match self.peek() {
            Some(c) => format!("{wanted} is missing before {c:?}"),
            None => format!("{wanted} is missing at the end"),
        };
        self.fault(self.at, reason, hint)
    }

    /// Opens a bracket whose place is `from`.
    pub(super) fn open(&mut self, from: usize) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth as usize > self.most_open {
            let hint = "give the inner part a rule of its own";
            return Err(self.fault(from, format!("more than {} brackets are open", self.most_open), hint));
        }
        Ok(())
    }

    pub(super) fn number(&mut self) -> Result<u32, Fault> {
        let from = self.at;
        let digits = self.take_while(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return Err(self.unexpected("a number", "write how often, such as 3"));
        }
        digits.parse().map_err(|_| self.fault(from, "this number is too large", "write at most 4294967295"))
    }

    /// Bounds of a repeat, read since `from`, if they are in order.
    pub(super) fn bounds(
        &self,
        from: usize,
        min: u32,
        max: Option<u32>,
    ) -> Result<(u32, Option<u32>), Fault> {
        if max.is_some_and(|max| max < min) {
            return Err(self.fault(
                from,
                "the upper bound is below the lower one",
                "write the smaller one first",
            ));
        }
        Ok((min, max))
    }

    /// The text up to a closing quote, which is taken, with the escapes of both notations. It began at `from`.
    pub(super) fn quoted(&mut self, from: usize) -> Result<String, Fault> {
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|c| !matches!(c, '"' | '\\' | '\n')));
            let at = self.at;
            match self.next() {
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape(at)?),
                _ => {
                    self.at = at;
                    let hint = "write a `\"` at its end; a line break within it is \\n, a quote \\\"";
                    return Err(self.fault(from, "this text is not closed", hint));
                }
            }
        }
    }

    /// A character behind a backslash, which stands at `from`.
    pub(super) fn escape(&mut self, from: usize) -> Result<char, Fault> {
        Ok(match self.next() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('f') => '\u{c}',
            Some('v') => '\u{b}',
            Some('b') => '\u{8}',
            Some('a') => '\u{7}',
            Some('0') => '\0',
            Some('x') => self.code(2, from)?,
            Some('u') => self.code(4, from)?,
            Some('U') => self.code(8, from)?,
            Some(c) if !c.is_alphanumeric() && c != '\n' => c,
            _ => {
                let hint = "write \\n, \\t, \\\\, \\\" or a code such as \\x41, \\u00e9";
                return Err(self.fault(from, "there is no such escape", hint));
            }
        })
    }

    fn code(&mut self, digits: usize, from: usize) -> Result<char, Fault> {
        let text = self.rest().get(..digits).unwrap_or_default();
        let is_code = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(text, 16).ok().filter(|_| is_code);
        match code.and_then(char::from_u32) {
            Some(c) => {
                self.at += digits;
                Ok(c)
            }
            None => {
                let hint = format!("write the {digits} hexadecimal digits of a character's code");
                Err(self.fault(from, "this is not the code of a character", hint))
            }
        }
    }

    /// A regular expression that began at `from`.
    pub(super) fn pattern(&mut self, pattern: String, from: usize) -> Result<Item, Fault> {
        if let Some(known) = self.patterns.get(&pattern) {
            return Ok(Item::Pattern(known.clone()));
        }
        let hir = super::super::compile::parse(&pattern).map_err(|error| {
            let reason = match &error {
                BuildError::Regex { reason, .. } => format!("this regular expression is not valid: {reason}"),
                BuildError::LookAround { look, .. } => {
                    format!("this regular expression uses look-around, `{look}`")
                }
                other => other.to_string(),
            };
            let hint = "the syntax is that of Rust's regex crate: no look-around, no back-references";
            self.fault(from, reason, hint)
        })?;
        let hir = Rc::new(hir);
        let item = self.of_hir(hir.clone(), from)?;
        self.patterns.insert(pattern, hir);
        Ok(item)
    }

    /// A class of characters that began at `from`.
    pub(super) fn class(
        &mut self,
        ranges: impl IntoIterator<Item = (char, char)>,
        negated: bool,
        from: usize,
    ) -> Result<Item, Fault> {
        let ranges = ranges.into_iter().map(|(low, high)| ClassUnicodeRange::new(low, high));
        let mut class = ClassUnicode::new(ranges);
        if negated {
            class.negate();
        }
        self.of_hir(Rc::new(Hir::class(Class::Unicode(class))), from)
    }

    fn of_hir(&mut self, hir: Rc<Hir>, from: usize) -> Result<Item, Fault> {
        self.ranges += size(&hir);
        if self.ranges > self.most_ranges {
            let reason =
                format!("the regular expressions up to here have more than {} parts", self.most_ranges);
            return Err(self.fault(from, reason, "use fewer or smaller ones"));
        }
        Ok(Item::Pattern(hir))
    }

    /// Fixed text in any case.
    pub(super) fn any_case(&mut self, text: &str, from: usize) -> Result<Item, Fault> {
        self.pattern(format!("(?i){}", regex_syntax::escape(text)), from)
    }
}

/// About how many instructions an expression takes, with its repeats as loops.
pub(super) fn size(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Unicode(class)) => class.ranges().len() + 1,
        HirKind::Class(Class::Bytes(class)) => class.ranges().len() + 1,
        HirKind::Capture(capture) => size(&capture.sub),
        HirKind::Repetition(repetition) => 2 + size(&repetition.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => 1 + parts.iter().map(size).sum::<usize>(),
    }
}
