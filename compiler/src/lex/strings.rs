//! Strings and holes left open: where they probably end, so that the rest of the file is read as code again.

use super::scan::{Open, Scanner};
use super::{Kind, Mend, words};
use crate::diag::Diag;

/// How many `"""` that are left open are looked for in a file; each costs reading the rest of it again.
const MAX_REREADS: usize = 8;

/// A `"""` string outside of holes, and the state of the scanner after its opening.
#[derive(Debug)]
pub(super) struct Long {
    /// Where the text begins.
    opened: usize,
    /// Where it ends, once that is known.
    closed: Option<usize>,
    /// Where the line of its opening begins.
    line: usize,
    outer: Vec<(Open, usize)>,
    tokens: usize,
    diags: usize,
    mends: usize,
    doubtful: usize,
    too_deep: usize,
    broken_lines: usize,
}

impl Scanner<'_> {
    /// `"""`: opens a string; first on a line within a hole of such a string it closes that one.
    pub(super) fn triple(&mut self, end: usize) {
        let outer = self.stack.iter().rposition(|(open, _)| *open == Open::Long);
        if let Some(outer) = outer
            && self.fresh_line
            // Within brackets of the hole a string may well begin a line.
            && self.stack.len() == outer + 2
        {
            let hole = self.stack.get(outer + 1).map_or(self.pos, |(_, opened)| *opened);
            self.forget_after(hole);
            self.unclosed_hole(hole);
            self.mend(hole - 2..self.pos, "\n");
            self.stack.truncate(outer + 1);
            return self.str_close(end);
        }
        if self.stack.is_empty() {
            self.longs.push(Long {
                opened: end,
                closed: None,
                line: self.line,
                outer: self.outer.clone(),
                tokens: self.tokens.len() + 1,
                diags: self.diags.len(),
                mends: self.mends.len(),
                doubtful: self.doubtful.len(),
                too_deep: self.too_deep.len(),
                broken_lines: self.broken_lines.len(),
            });
        }
        self.open(Open::Long, Kind::StrOpen, end);
    }

    pub(super) fn str_close(&mut self, end: usize) {
        self.stack.pop();
        self.push(Kind::StrClose, end);
        if self.stack.is_empty()
            && let Some(long) = self.longs.last_mut()
        {
            long.closed.get_or_insert(end);
        }
    }

    /// At the end of the text: reports what is open. Says whether all is read; where a `"""` or a hole in
    /// it has swallowed code, that code is still to be read.
    pub(super) fn may_end(&mut self) -> bool {
        self.end_short_strings(self.pos);
        if self.pos < self.text.len() {
            return false;
        }
        let Some((_, opened)) = self.stack.first().copied() else { return true };
        if self.rereads < MAX_REREADS {
            self.rereads += 1;
            if let Some((_, hole)) = self.stack.get(1).copied()
                && let Some(quotes) = self.text[hole..].find("\"\"\"")
            {
                self.end_hole(opened, hole, hole + quotes);
                return false;
            }
            if let Some((at, code)) = self.swallowed_code() {
                self.reread(at, code);
                return false;
            }
        }
        // One report is enough: whatever is open around it is open for the same reason.
        match self.stack.get(1).copied() {
            Some((_, hole)) => {
                self.forget_after(hole);
                self.unclosed_hole(hole);
                self.mend(hole - 2..self.text.len(), "\"\"\"");
            }
            None => self.unclosed_long(opened, None),
        }
        self.broken_lines.push(self.tokens.len());
        true
    }

    /// Ends a hole that was left open before the quotes that end its `"""`, and goes on from there.
    fn end_hole(&mut self, opened: usize, hole: usize, quotes: usize) {
        self.forget_after(hole);
        self.unclosed_hole(hole);
        self.mend(hole - 2..quotes, "");
        while self.longs.last().is_some_and(|long| long.opened > opened) {
            self.longs.pop();
        }
        if let Some(long) = self.longs.last() {
            self.outer.clone_from(&long.outer);
        }
        self.tokens.truncate(self.tokens.partition_point(|t| t.start < hole - 2));
        self.stack.truncate(1);
        self.pos = hole - 2;
        self.push(Kind::Unknown, quotes);
        self.str_close(quotes + 3);
    }

    /// The first `"""` string in which a line of code stands that is indented no more than the line of
    /// its opening, and where that line begins.
    fn swallowed_code(&self) -> Option<(usize, usize)> {
        for (at, long) in self.longs.iter().enumerate() {
            let end = long.closed.unwrap_or(self.text.len());
            let text = &self.text[long.opened..end];
            let most = words::indent(&self.text[long.line..]);
            let mut begin = long.opened;
            for line in text.split_inclusive('\n') {
                if begin > long.opened && words::indent(line) <= most && words::looks_like_code(line) {
                    return Some((at, begin));
                }
                begin += line.len();
            }
        }
        None
    }

    /// Ends a `"""` string before a line, and goes on from there.
    fn reread(&mut self, at: usize, code: usize) {
        let Some(long) = self.longs.get_mut(at) else { return };
        self.outer = std::mem::take(&mut long.outer);
        self.tokens.truncate(long.tokens);
        self.diags.truncate(long.diags);
        self.mends.truncate(long.mends);
        self.doubtful.truncate(long.doubtful);
        self.too_deep.truncate(long.too_deep);
        self.broken_lines.truncate(long.broken_lines);
        let opened = long.opened;
        self.longs.truncate(at);
        self.stack = vec![(Open::Long, opened)];
        self.pos = opened;
        self.unclosed_long(opened, Some(code));
        let end = self.text[..code].trim_end_matches(['\n', '\r']).len().max(opened);
        self.mends.push(Mend::closing(opened - 1, end, "\"\"\""));
        if end > self.pos {
            self.push(Kind::Text, end);
        }
        self.stack.clear();
        self.last = self.tokens.len().checked_sub(1);
    }

    pub(super) fn unclosed_long(&mut self, opened: usize, code: Option<usize>) {
        let diag = Diag::new("E0010", self.span(opened - 3, opened), "this string is not closed");
        let diag = diag.hint("add `\"\"\"` where the text ends");
        let Some(code) = code else {
            self.mends.push(Mend::closing(opened - 1, self.text.len(), "\"\"\""));
            return self.report(diag);
        };
        let from = code + self.text[code..].len() - self.text[code..].trim_start().len();
        let line = self.text[code..].lines().next().unwrap_or("").trim_end();
        let place = self.span(from, (code + line.len()).max(from));
        self.report(diag.label(place, "this looks like code again"));
    }

    /// A line break ends every `"…"` that is open around here; the outermost one is reported. If its text
    /// goes on in the next lines up to a quote, that is where it ends, one past the quote.
    pub(super) fn end_short_strings(&mut self, end: usize) -> Option<usize> {
        let at = self.stack.iter().position(|(open, _)| *open == Open::Short)?;
        let (_, opened) = self.stack[at];
        if let Some((_, hole)) = self.stack.get(at + 1).copied() {
            self.forget_after(hole);
            self.unclosed_hole(hole);
            self.mend(hole - 2..self.pos, "\"");
        } else {
            self.unclosed_string(opened);
            if at == 0 && self.give_back_brackets(opened) {
                return None;
            }
            self.mends.push(Mend::closing(opened - 1, self.pos, "\""));
            if let Some(close) = broken_string_end(self.text, end) {
                self.stack.truncate(at);
                self.mend(self.pos..close, "");
                return Some(close);
            }
        }
        self.stack.truncate(at);
        if self.stack.is_empty() {
            self.broken_lines.push(self.tokens.len());
        }
        None
    }

    /// Drops what was found after a place: it is text that was read as code.
    fn forget_after(&mut self, place: usize) {
        while self.diags.last().is_some_and(|d| d.span.start as usize >= place) {
            self.diags.pop();
        }
        while self.mends.last().is_some_and(|m| m.place.start >= place) {
            self.mends.pop();
        }
        while self.doubtful.last().is_some_and(|at| *at >= place) {
            self.doubtful.pop();
        }
    }

    pub(super) fn unclosed_string(&mut self, opened: usize) {
        let end = self.text[..self.pos].trim_end().len().max(opened);
        let diag = Diag::new("E0010", self.span(opened - 1, end), "this string is not closed on its line");
        self.report_doubtful(
            diag.hint("add `\"` at its end, or use \"\"\"…\"\"\" for text of several lines")
                .fixable(self.span(end, end), "\""),
        );
    }

    /// The brackets at the end of a string that is left open, as in `f("text)`: those that close what was
    /// opened on the line are code. Says whether there are any.
    fn give_back_brackets(&mut self, opened: usize) -> bool {
        let code = self.tokens.iter().rev().find(|t| t.kind != Kind::Text).map_or(opened, |t| t.end);
        let text = self.text[code.max(opened)..self.pos].trim_end();
        let on_line = self.outer.iter().rev().take_while(|(_, at)| *at > self.line);
        let (mut from, mut rest) = (None, text);
        let mut closers: Vec<Open> = Vec::new();
        while let Some(open) = rest.chars().next_back().and_then(closer) {
            rest = rest[..rest.len() - 1].trim_end();
            closers.insert(0, open);
            let matching = closers.iter().zip(on_line.clone()).all(|(a, (b, _))| a == b);
            if matching && closers.len() <= on_line.clone().count() {
                from = Some(code.max(opened) + rest.len());
            }
            if closers.len() > 8 {
                break;
            }
        }
        let Some(from) = from else { return false };
        while self.tokens.last().is_some_and(|t| t.start >= from && t.start >= opened) {
            self.tokens.pop();
        }
        if let Some(token) = self.tokens.last_mut() {
            token.end = token.end.min(from);
        }
        self.mends.push(Mend::closing(opened - 1, from, "\""));
        self.stack.clear();
        self.pos = from;
        self.last = self.tokens.len().checked_sub(1);
        true
    }

    pub(super) fn unclosed_hole(&mut self, opened: usize) {
        let diag = Diag::new("E0011", self.span(opened - 2, opened), "this hole is not closed");
        self.report_doubtful(
            diag.hint(
                "a hole ends with `}}` on the line of its string; write `\\{{` for the braces themselves",
            ),
        );
    }

    /// `{{ x }`: the end of the hole, unless that comes later on the line.
    pub(super) fn half_closed_hole(&mut self, hole: usize, end: usize) {
        let rest = &self.rest()[1..];
        if rest.find("}}").is_some_and(|close| rest.find("{{").is_none_or(|open| close < open)) {
            let diag = Diag::new("E0013", self.span(self.pos, end), "this `}` closes nothing");
            self.report_doubtful(diag.hint("remove it, or open its partner before it"));
            self.mend(self.pos..end, "");
            return self.push(Kind::Unknown, end);
        }
        let diag = Diag::new("E0011", self.span(self.pos, end), "a hole ends with two braces");
        self.report(diag.hint("write `}}`").fixed(self.span(end, end), "}"));
        let opened = self.stack.get(hole).map_or(end, |(_, opened)| *opened);
        self.mends.push(Mend::closing(opened - 1, end, "}"));
        self.hole_close(hole, end);
    }
}

fn closer(c: char) -> Option<Open> {
    match c {
        ')' => Some(Open::Paren),
        ']' => Some(Open::Bracket),
        '}' => Some(Open::Brace),
        _ => None,
    }
}

/// One past the quote that ends a `"…"` which was broken over lines, the second of which begins at `from`:
/// the only quote of the first line that has one, with nothing but closing brackets after it.
fn broken_string_end(text: &str, from: usize) -> Option<usize> {
    let mut start = from;
    for line in text[from..].split_inclusive('\n').take(20) {
        if line.trim().is_empty() {
            return None;
        }
        if let Some(at) = line.find('"') {
            let closing = |c: char| c.is_whitespace() || matches!(c, ')' | ']' | '}' | ',');
            let begins = line[..at].trim_end().ends_with(['=', '(', '[', '{', ',', ':', '+']);
            return (!begins && line[at + 1..].chars().all(closing)).then_some(start + at + 1);
        }
        start += line.len();
    }
    None
}
