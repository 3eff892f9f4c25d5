//! Facts about constraints, obtained from the engine that will enforce them.

use agentc_constraint::spec::{GrammarSyntax, Named, Spec, Stop};
use agentc_constraint::{BuildError, SharedSpec};
use regex_automata::nfa::thompson;

use super::Checker;
use crate::ast::{Part, Text};
use crate::diag::Diag;
use crate::limits::Limit;
use crate::source::Span;

/// What is wrong with a regex, a grammar or a schema.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    code: &'static str,
    message: String,
    hint: String,
    /// Where, in bytes from after the first slash, or of the grammar.
    range: Option<std::ops::Range<usize>>,
    /// The limit of the compiler that it is about.
    limit: Option<Limit>,
}

impl Problem {
    /// Of a regex that is not valid because of a `{{ hole }}` in it.
    fn of_hole(self, pattern: &str) -> Problem {
        let Some(start) = pattern.find("{{").filter(|_| self.code == "E0400") else { return self };
        let end = pattern[start..].find("}}").map_or(pattern.len(), |length| start + length + 2);
        Problem {
            message: "a regex cannot contain a hole".to_owned(),
            hint: "regexes are fixed, and templates have holes: \"{{ one_of(list) }}-{{ /[0-9]+/ }}\"; to look for a value of \
                   the run in a text, write contains(s, x)"
                .to_owned(),
            range: Some(start..end),
            ..self
        }
    }
}

impl Checker<'_> {
    /// Reports what is wrong with a regex literal; says whether it is good.
    pub(super) fn regex_is_good(&mut self, pattern: &str, span: Span) -> bool {
        let spec = Spec::Regex { pattern: pattern.to_owned() };
        let problem =
            self.known_problem(spec, |spec, limits| problem_of(spec, limits).map(|p| p.of_hole(pattern)));
        self.is_good(problem, span)
    }

    /// The same for one that ends a text.
    pub(super) fn stop_regex_is_good(&mut self, pattern: &str, span: Span) -> bool {
        let value = Box::new(Spec::Text { min: 0, max: None });
        let spec = Spec::Until { value, stops: vec![Stop::Regex { pattern: pattern.to_owned() }] };
        let problem =
            self.known_problem(spec, |spec, limits| problem_of(spec, limits).map(|p| p.of_hole(pattern)));
        self.is_good(problem, span)
    }

    /// What is wrong with a spec, found out once.
    fn known_problem(
        &mut self,
        spec: Spec,
        find: impl FnOnce(&SharedSpec, &agentc_constraint::Limits) -> Option<Problem>,
    ) -> Option<Problem> {
        let spec = self.cache.specs.share(spec);
        let limits = &self.program.limits.constraint;
        self.cache.problems.entry(spec).or_insert_with_key(|spec| find(spec, limits)).clone()
    }

    /// The same for one that is searched for in a text: it may look at what is around a match.
    pub(super) fn search_regex_is_good(&mut self, pattern: &str, span: Span) -> bool {
        let problem = search_problem(pattern, self.program.limits.searched_regex);
        self.is_good(problem.map(|problem| problem.of_hole(pattern)), span)
    }

    /// The same for a grammar, which stands in the program as it is, or in the file of a path. Its holes are taken to be
    /// possible.
    pub(super) fn grammar_is_good(
        &mut self,
        grammar: &str,
        syntax: GrammarSyntax,
        parts: &[Named],
        span: Span,
        written: Option<(&Text, Option<&str>)>,
    ) -> bool {
        let any =
            |part: &Named| Named { name: part.name.clone(), value: Spec::Literal { text: "a".to_owned() } };
        let parts = parts.iter().map(any).collect();
        let spec = Spec::Grammar { grammar: grammar.to_owned(), syntax, parts };
        let problem = self.known_problem(spec, grammar_problem);
        let Some(Problem { code, message, hint, range, limit }) = problem else { return true };
        let path = written.and_then(|(_, path)| path);
        let spelling = written.map(|(spelling, _)| spelling).filter(|_| path.is_none());
        let place = range.zip(spelling).and_then(|(range, spelling)| in_text(spelling, grammar, &range));
        let message = match path {
            Some(path) => format!("`{path}`: {message}"),
            None => message,
        };
        let diag = Diag { limit, ..Diag::new(code, place.unwrap_or(span), message) };
        self.report(diag.hint(hint));
        false
    }

    /// The same for a JSON Schema in the file of a path.
    pub(super) fn schema_is_good(&mut self, schema: &str, span: Span, path: &str) -> bool {
        let problem = self.known_problem(Spec::Schema { schema: schema.to_owned() }, schema_problem);
        let named =
            |problem: Problem| Problem { message: format!("`{path}`: {}", problem.message), ..problem };
        self.is_good(problem.map(named), span)
    }

    /// Reports it if no text satisfies a type without run-time values, or if it cannot be enforced.
    pub(super) fn texts_are_possible(&mut self, spec: &Spec, span: Span) -> bool {
        let problem = self.known_problem(spec.clone(), texts_problem);
        self.is_good(problem, span)
    }

    fn is_good(&mut self, problem: Option<Problem>, span: Span) -> bool {
        let Some(problem) = problem else { return true };
        let place = problem.range.and_then(|r| inner(span, &r)).unwrap_or(span);
        let diag = Diag { limit: problem.limit, ..Diag::new(problem.code, place, problem.message) };
        self.report(diag.hint(problem.hint));
        false
    }
}

/// The part of a literal that a range of its pattern stands for: the first slash comes before it.
fn inner(span: Span, range: &std::ops::Range<usize>) -> Option<Span> {
    let start = span.start.checked_add(u32::try_from(range.start).ok()? + 1)?;
    let end = span.start.checked_add(u32::try_from(range.end).ok()? + 1)?.max(start + 1);
    (end < span.end).then_some(Span { start, end, ..span })
}

/// The part of a text that a range of what it says stands for, if it is written as it reads: without escapes
/// and indentation.
fn in_text(spelling: &Text, says: &str, range: &std::ops::Range<usize>) -> Option<Span> {
    let [Part::Lit(_, span)] = spelling.parts[..] else { return None };
    if (span.end - span.start) as usize != says.len() {
        return None;
    }
    let at = |offset: usize| span.start.checked_add(u32::try_from(offset).ok()?);
    Some(Span { start: at(range.start)?, end: at(range.end)?, ..span })
}

fn grammar_problem(spec: &SharedSpec, limits: &agentc_constraint::Limits) -> Option<Problem> {
    let empty =
        ("this grammar derives no text", "give its start an alternative that does not lead back to itself");
    document_problem(spec, limits, "E0408", empty, "change the grammar")
}

fn texts_problem(spec: &SharedSpec, limits: &agentc_constraint::Limits) -> Option<Problem> {
    let empty =
        ("no text satisfies all of this type", "its parts contradict each other: leave one of them out");
    document_problem(spec, limits, "E0230", empty, "take a type that is not recursive")
}

fn schema_problem(spec: &SharedSpec, limits: &agentc_constraint::Limits) -> Option<Problem> {
    let empty = ("no value satisfies this schema", "look for keywords that contradict each other");
    document_problem(spec, limits, "E0409", empty, "change the schema")
}

/// What is wrong with a document that has a code of its own: that it is not valid, admits nothing (with a message
/// and a hint), or is too large.
fn document_problem(
    spec: &SharedSpec,
    limits: &agentc_constraint::Limits,
    invalid: &'static str,
    empty: (&str, &str),
    otherwise: &str,
) -> Option<Problem> {
    let error = spec.build(&[], limits).err()?;
    let (code, message) = match &error {
        BuildError::Grammar { .. }
        | BuildError::Schema { .. }
        | BuildError::SchemaKeyword { .. }
        | BuildError::NotYet { .. } => (invalid, error.to_string()),
        BuildError::Empty { .. } => ("E0402", empty.0.to_owned()),
        other => ("E0403", other.to_string()),
    };
    let hint = match &error {
        BuildError::Empty { .. } => empty.1.to_owned(),
        _ => error.hint().unwrap_or_else(|| otherwise.to_owned()),
    };
    Some(Problem { code, message, hint, range: error.span(), limit: None })
}

/// What is wrong with a regex that is searched for; its program may have `most` bytes.
fn search_problem(pattern: &str, most: usize) -> Option<Problem> {
    let hint = "the syntax is that of Rust's regex crate: no look-around, no back-references".to_owned();
    let hir = match regex_syntax::Parser::new().parse(pattern) {
        Ok(hir) => hir,
        Err(error) => {
            let (reason, range) = match &error {
                regex_syntax::Error::Parse(e) => (e.kind().to_string(), Some(range_of(e.span()))),
                regex_syntax::Error::Translate(e) => (e.kind().to_string(), Some(range_of(e.span()))),
                other => (other.to_string(), None),
            };
            let (code, message) = regex_error(&reason);
            return Some(Problem { code, message, hint, range, limit: None });
        }
    };
    let config = thompson::Config::new().nfa_size_limit(Some(most));
    let error = thompson::Compiler::new().configure(config).build_from_hir(&hir).err()?;
    let message = format!("this regex is too large: {error}");
    let limit = error.size_limit().map(|_| Limit::SearchedRegex);
    let hint = "use smaller counts in braces".to_owned();
    Some(Problem { code: "E0403", message, hint, range: None, limit })
}

fn range_of(span: &regex_syntax::ast::Span) -> std::ops::Range<usize> {
    span.start.offset..span.end.offset
}

fn problem_of(spec: &SharedSpec, limits: &agentc_constraint::Limits) -> Option<Problem> {
    let error = spec.build(&[], limits).err()?;
    let (code, message) = match &error {
        BuildError::LookAround { look, .. } => ("E0401", format!("a regex cannot look around: `{look}`")),
        BuildError::Regex { reason, .. } => regex_error(reason),
        BuildError::EmptyStop => {
            ("E0404", "a stop that may be empty would end every text immediately".to_owned())
        }
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
    Some(Problem { code, message, hint, range: error.span(), limit: None })
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
