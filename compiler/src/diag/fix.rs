//! Fixes: what to write instead, as edits that can be applied without a person.
//!
//! A fix is safe if it is surely what was meant and changes nothing else; any other is one of several things that may
//! have been meant. What a fix leads to is known only once the program is compiled again, which [`crate::fix`] does.

use serde::Serialize;

use super::Diag;
use crate::source::Span;

/// Characters of a text that a fix's message repeats.
const SHOWN: usize = 40;

/// A change of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// What it replaces; empty where something is inserted.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

impl Edit {
    /// Writes a text in a place.
    pub(crate) fn new(span: Span, text: impl Into<String>) -> Edit {
        Edit { span, text: text.into() }
    }

    /// What it does, in words.
    fn shown(&self) -> String {
        let text = self.text.trim();
        if text.is_empty() {
            return "remove it".to_owned();
        }
        let long = text.contains('\n') || text.chars().count() > SHOWN;
        match (long, self.span.start == self.span.end) {
            (true, _) => "write it as it is meant".to_owned(),
            (_, true) => format!("add `{text}`"),
            (_, false) => format!("write `{text}`"),
        }
    }

    /// Leaves one space where the source has some beside the place already, and no line that was only this.
    fn tidy(&mut self, text: &str) {
        let (start, end) = (self.span.start as usize, self.span.end as usize);
        let Some((before, after)) = text.get(..start).zip(text.get(end..)) else { return };
        if text.get(start..end).is_some_and(|old| old.ends_with('\n')) {
            return;
        }
        let spaced = before.is_empty() || before.ends_with([' ', '\t', '\n', '(']);
        if self.text.is_empty() {
            return self.remove(before, after);
        }
        if spaced && self.text.starts_with(' ') {
            self.text = self.text.trim_start().to_owned();
        }
        if after.is_empty() || after.starts_with([' ', '\t', '\n', '\r', ')']) {
            self.text.truncate(self.text.trim_end_matches(' ').len());
        }
        if self.text.starts_with(':') {
            self.span.start -= width(before.len() - before.trim_end_matches(' ').len());
        }
    }

    /// What is removed takes the space before it with it, and the whole line where that holds nothing else.
    fn remove(&mut self, before: &str, after: &str) {
        let ends_line = after.is_empty() || after.starts_with(['\n', '\r']);
        let space = before.len() - before.trim_end_matches([' ', '\t']).len();
        let begins_line = before.len() == space || before[..before.len() - space].ends_with('\n');
        if ends_line && begins_line && self.span.end > self.span.start {
            let line = if after.starts_with("\r\n") { 2 } else { usize::from(!after.is_empty()) };
            self.span.end += width(line);
            self.span.start -= width(space);
        } else if ends_line {
            self.span.start -= width(space);
        } else if (space > 0 || begins_line) && after.starts_with(' ') {
            self.span.end += width(after.len() - after.trim_start_matches(' ').len());
        }
    }
}

fn width(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(0)
}

/// What to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// What it does.
    pub message: String,
    /// The changes: in one file, in order, none overlapping another.
    pub edits: Vec<Edit>,
    /// Whether it is surely what was meant, and changes nothing else.
    pub safe: bool,
}

impl Fix {
    /// The changes together; none if two of them overlap.
    fn new(mut edits: Vec<Edit>, safe: bool) -> Option<Fix> {
        edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
        let apart = edits
            .windows(2)
            .all(|pair| pair[0].span.file == pair[1].span.file && pair[0].span.end <= pair[1].span.start);
        let mut parts: Vec<String> = Vec::new();
        for edit in &edits {
            let shown = edit.shown();
            if !parts.contains(&shown) {
                parts.push(shown);
            }
        }
        parts.truncate(3);
        (apart && !edits.is_empty()).then(|| Fix { message: parts.join(", "), edits, safe })
    }

    /// Whether it can be applied beside another one.
    pub(crate) fn is_apart(&self, other: &Fix) -> bool {
        // Two that insert at one place might mean the same.
        let apart = |a: &Edit, b: &Edit| {
            a.span.file != b.span.file || a.span.end < b.span.start || b.span.end < a.span.start
        };
        self.edits.iter().all(|a| other.edits.iter().all(|b| apart(a, b)))
    }

    fn tidy(&mut self, text: &str) {
        let changes =
            |edit: &Edit| text.get(edit.span.start as usize..edit.span.end as usize) != Some(&edit.text);
        self.edits.retain(changes);
        let before = self.edits.clone();
        self.edits.iter_mut().for_each(|edit| edit.tidy(text));
        if self.edits.windows(2).any(|pair| pair[0].span.end > pair[1].span.start) {
            self.edits = before;
        }
    }
}

impl Diag {
    /// Offers what was surely meant: to write a text in a place, which changes nothing else.
    #[must_use]
    pub(crate) fn fixed(self, span: Span, text: impl Into<String>) -> Diag {
        self.fix(vec![Edit::new(span, text)], true)
    }

    /// Offers what may have been meant: to write a text in a place.
    #[must_use]
    pub(crate) fn fixable(self, span: Span, text: impl Into<String>) -> Diag {
        self.fix(vec![Edit::new(span, text)], false)
    }

    /// Offers several changes at once.
    #[must_use]
    pub(crate) fn fix(mut self, edits: Vec<Edit>, safe: bool) -> Diag {
        let fixes = std::mem::take(&mut self.fixes).into_vec();
        self.fixes = fixes.into_iter().chain(Fix::new(edits, safe)).collect();
        self
    }

    /// Drops all fixes but these.
    pub(crate) fn keep_fixes(&mut self, keep: impl FnMut(&Fix) -> bool) {
        let mut fixes = std::mem::take(&mut self.fixes).into_vec();
        fixes.retain(keep);
        self.fixes = fixes.into();
    }

    /// Offers what may have been meant, if there is something.
    #[must_use]
    pub(crate) fn perhaps(self, span: Span, text: Option<&str>) -> Diag {
        match text {
            Some(text) => self.fixable(span, text),
            None => self,
        }
    }

    /// Sets its fixes, which are in this text, into the space around them; those that would change nothing are dropped.
    pub(crate) fn tidy(&mut self, text: &str) {
        self.fixes.iter_mut().for_each(|fix| fix.tidy(text));
        self.keep_fixes(|fix| !fix.edits.is_empty());
    }
}

/// A text with changes, which do not overlap and are given in any order; `None` if they do not fit it.
pub fn apply<'e>(text: &str, edits: impl IntoIterator<Item = &'e Edit>) -> Option<String> {
    let mut edits: Vec<&Edit> = edits.into_iter().collect();
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let (mut out, mut from) = (String::with_capacity(text.len()), 0);
    for edit in edits {
        out.push_str(text.get(from..edit.span.start as usize)?);
        out.push_str(&edit.text);
        from = edit.span.end as usize;
    }
    out.push_str(text.get(from..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tidied(text: &str, place: std::ops::Range<usize>, new: &str) -> String {
        let mut diag =
            Diag::new("E0020", Span::default(), "").fixed(Span::new(0, place.start, place.end), new);
        diag.tidy(text);
        let edits: Vec<Edit> = diag.fixes.into_iter().flat_map(|fix| fix.edits).collect();
        apply(text, &edits).unwrap_or_default()
    }

    #[test]
    fn what_is_removed_leaves_no_hole() {
        assert_eq!(tidied("a b c", 2..3, ""), "a c");
        assert_eq!(tidied("a b\nc", 2..3, ""), "a\nc");
        assert_eq!(tidied("a\n  b\nc", 4..5, ""), "a\nc");
        assert_eq!(tidied("a\r\nb\r\nc", 3..4, ""), "a\r\nc");
        assert_eq!(tidied("a;\nc", 1..2, ""), "a\nc");
        assert_eq!(tidied("a\nb c", 2..3, ""), "a\nc");
    }

    #[test]
    fn what_is_written_stands_between_single_spaces() {
        assert_eq!(tidied("a && b", 2..4, " and "), "a and b");
        assert_eq!(tidied("a&&b", 1..3, " and "), "a and b");
        assert_eq!(tidied("x -> int", 2..4, ": "), "x: int");
        assert_eq!(tidied("x = 1", 2..3, "="), "x = 1");
    }

    #[test]
    fn edits_that_do_not_fit_are_not_applied() {
        let edit = |start, end| Edit::new(Span::new(0, start, end), "x");
        assert_eq!(apply("abc", [&edit(2, 3), &edit(0, 1)]).as_deref(), Some("xbx"));
        assert_eq!(apply("abc", [&edit(2, 9)]), None);
        assert_eq!(apply("abc", [&edit(0, 2), &edit(1, 3)]), None);
        assert_eq!(apply("ä", [&edit(1, 2)]), None);
    }
}
