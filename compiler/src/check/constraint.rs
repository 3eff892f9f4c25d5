//! Facts about constraints, asked of the engine that will enforce them.

use agentc_constraint::spec::Spec;
use agentc_constraint::{BuildError, Limits, build};

use super::Checker;
use crate::diag::Diag;
use crate::source::Span;

/// What is wrong with a regex.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    code: &'static str,
    message: String,
    hint: String,
    /// Where, in bytes from the first slash.
    range: Option<std::ops::Range<usize>>,
}

impl Checker<'_> {
    /// Reports what is wrong with a regex literal; says whether it is good.
    pub(super) fn regex_is_good(&mut self, pattern: &str, span: Span) -> bool {
        let known = self.regexes.get(pattern).cloned();
        let problem = known.unwrap_or_else(|| examine(pattern));
        self.regexes.insert(pattern.to_owned(), problem.clone());
        let Some(problem) = problem else { return true };
        let place = problem.range.and_then(|r| inner(span, &r)).unwrap_or(span);
        self.report(Diag::new(problem.code, place, problem.message).hint(problem.hint));
        false
    }
}

impl Checker<'_> {
    /// The same for a regex that searches in a text, which may look at the text's ends and at words' edges.
    pub(super) fn search_regex_is_good(&mut self, pattern: &str, span: Span) -> bool {
        let Err(error) = regex_syntax::Parser::new().parse(pattern) else { return true };
        let (reason, range) = match &error {
            regex_syntax::Error::Parse(e) => (e.kind().to_string(), Some(bytes(e.span()))),
            regex_syntax::Error::Translate(e) => (e.kind().to_string(), Some(bytes(e.span()))),
            other => (other.to_string(), None),
        };
        let (code, message) = regex_error(&reason);
        let place = range.and_then(|r| inner(span, &r)).unwrap_or(span);
        let hint = "regexes follow the syntax of Rust's `regex` crate, without look-around";
        self.report(Diag::new(code, place, message).hint(hint));
        false
    }
}

fn bytes(span: &regex_syntax::ast::Span) -> std::ops::Range<usize> {
    span.start.offset..span.end.offset
}

/// The part of a literal that a range of its pattern stands for: the first slash comes before it.
fn inner(span: Span, range: &std::ops::Range<usize>) -> Option<Span> {
    let start = span.start.checked_add(u32::try_from(range.start).ok()? + 1)?;
    let end = span.start.checked_add(u32::try_from(range.end).ok()? + 1)?.max(start + 1);
    (end < span.end).then_some(Span { start, end, ..span })
}

fn examine(pattern: &str) -> Option<Problem> {
    let spec = Spec::Regex { pattern: pattern.to_owned() };
    let error = build(&spec, &[], &Limits::default()).err()?;
    let (code, message) = match &error {
        BuildError::LookAround { look, .. } => ("E0401", format!("a regex cannot look around: `{look}`")),
        BuildError::Regex { reason, .. } => regex_error(reason),
        BuildError::Empty { .. } => ("E0402", "no text matches this regex".to_owned()),
        other => ("E0403", other.to_string()),
    };
    let hint = match &error {
        BuildError::LookAround { look, .. } if !matches!(look.as_str(), "^" | "$") => {
            format!(
                "a type matches the whole value: leave `{look}` out, and write what the value itself contains"
            )
        }
        _ => error.hint().unwrap_or_else(|| "change the regex".to_owned()),
    };
    Some(Problem { code, message, hint, range: error.span() })
}

/// The engine reads look-around and back-references as syntax errors: they are the most likely mistake.
fn regex_error(reason: &str) -> (&'static str, String) {
    let reason = reason.lines().next().unwrap_or(reason).trim();
    if reason.contains("look-around") || reason.contains("look-ahead") || reason.contains("look-behind") {
        return ("E0401", "a regex cannot look around".to_owned());
    }
    if reason.contains("backreference") {
        return ("E0401", "a regex cannot refer back to what it matched".to_owned());
    }
    ("E0400", format!("this regex is not valid: {reason}"))
}
