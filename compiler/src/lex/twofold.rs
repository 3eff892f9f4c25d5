//! Signs that mean something here and something else in other languages: `//`, which divides or begins a comment, and
//! `...`, which spreads or stands for what is left out.

use super::scan::{Open, Scanner};
use super::{Kind, words};
use crate::diag::Diag;

impl Scanner<'_> {
    /// Whether `//` stands between two operands. A comment of another language stands where nothing can be divided,
    /// or goes on as no operand does: with signs, or with several words.
    pub(super) fn divides(&self, end: usize) -> bool {
        let Some(before) = self.before().filter(|_| !self.fresh_line) else { return false };
        let word = before.text(self.text);
        let divided = match before.kind {
            // A mistake, of which the sign before it is the cause.
            Kind::Unknown => word != ";",
            Kind::Punct if "+*%<>=-".contains(word) => true,
            Kind::StrClose => false,
            _ => !self.operand_may_begin() && word != "}" && !words::is_type(word),
        };
        let rest = self.text[end..].trim_start_matches([' ', '\t']);
        let (first, then) = first_word(rest);
        let begins = if first.is_empty() { rest.starts_with(['(', '-']) } else { !words::is_reserved(first) };
        divided && begins && self.goes_on(then) && !self.in_generated_type()
    }

    /// Whether the bracket or hole around the place begins on its line and ends there, further on: no comment would
    /// hide that.
    pub(super) fn closes_on_line(&self, end: usize) -> bool {
        let Some((open, at)) = self.innermost() else { return false };
        let partner = match open {
            Open::Paren => ")",
            Open::Bracket => "]",
            Open::Hole => "}}",
            // A block's brackets may move to lines of their own.
            Open::Brace | Open::Short | Open::Long => return false,
        };
        at >= self.line
            && self.text[end..].split(['\n', '\r']).next().is_some_and(|rest| rest.contains(partner))
    }

    /// Whether code goes on like this after an operand, on its line.
    fn goes_on(&self, then: &str) -> bool {
        let sliced = || matches!(self.innermost(), Some((Open::Bracket, _)));
        let (word, behind) = first_word(then);
        let next = then.chars().nth(1).unwrap_or(' ');
        match then.chars().next() {
            None | Some('\n' | '\r' | '#') => true,
            Some('.') => next.is_alphabetic() || next.is_ascii_digit(),
            Some('?') => next == '?',
            Some('!') => next == '=',
            Some(':') => sliced(),
            Some(sign) if word.is_empty() => ")]}{,+-*/%<>=|[(;".contains(sign),
            Some(_) => (words::is_reserved(word) || word == "max") && !behind.is_empty(),
        }
    }

    /// Whether something that can be spread follows `...` on its line. By itself it stands for what is left out.
    pub(super) fn spreads(&self, end: usize) -> bool {
        let rest = self.text[end..].trim_start_matches([' ', '\t']);
        let ends = rest.is_empty() || rest.starts_with(['\n', '\r', '#', ',']);
        let alone = self.before().is_none_or(|t| t.kind == Kind::Open) || self.fresh_line;
        let closes = rest.starts_with([')', ']', '}']);
        let number = rest.starts_with(|c: char| c.is_ascii_digit());
        !(ends || alone && closes || number && !self.operand_may_begin())
    }

    /// Whether the innermost bracket is that of a list or record, as far as is known yet.
    pub(super) fn in_brackets(&self) -> bool {
        matches!(self.innermost(), Some((Open::Bracket | Open::Brace, _)))
    }

    /// What is open around the place, and the place after its opening.
    fn innermost(&self) -> Option<(Open, usize)> {
        self.stack.last().or(self.outer.last()).copied()
    }

    /// `{**r}` and `[*xs]`
    pub(super) fn starred(&mut self, end: usize) {
        let sign = &self.text[self.pos..end];
        let diag = Diag::new("E0015", self.span(self.pos, end), format!("`{sign}` does not spread a value"));
        self.report(diag.hint("write `...`, as in [...xs, x] and {...r, a: 1}"));
        self.mend(self.pos..end, "...");
        self.push(Kind::Unknown, end);
    }

    /// `[*xs, x]`
    pub(super) fn is_starred(&self, end: usize) -> bool {
        let begins = || self.before().is_some_and(|t| matches!(t.text(self.text), "[" | ","));
        &self.text[self.pos..end] == "*"
            && self.in_brackets()
            && begins()
            && self.text[end..].starts_with(char::is_alphabetic)
    }
}

/// The word with which a text begins, if it does, and what comes after it and white space.
fn first_word(text: &str) -> (&str, &str) {
    let (word, rest) =
        text.split_at(text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len()));
    (word, rest.trim_start_matches([' ', '\t']))
}
