//! Findings and errors for human readers: drawn excerpts, single lines, or JSON.

use std::fmt;

use agentc::{Diag, Error, Failure, Fault, Severity, Sources, Span};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

/// Lines longer than this many bytes are not drawn.
const LONGEST_LINE: usize = 500;

/// A finding, ready to be drawn.
#[derive(Debug)]
struct Drawing {
    message: String,
    code: String,
    severity: miette::Severity,
    hint: Option<String>,
    excerpt: Option<(NamedSource<String>, Vec<LabeledSpan>)>,
}

impl fmt::Display for Drawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Drawing {}

impl miette::Diagnostic for Drawing {
    fn code(&self) -> Option<Box<dyn fmt::Display + '_>> {
        Some(Box::new(&self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        self.hint.as_ref().map(|hint| Box::new(hint) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|(source, _)| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let labels = self.excerpt.as_ref().map(|(_, labels)| labels.iter().cloned())?;
        Some(Box::new(labels))
    }
}

/// A finding of the compiler, drawn with its excerpt.
pub(crate) fn diag(diag: &Diag, sources: &Sources, color: bool) -> String {
    let severity = match diag.severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
    };
    draw(
        Drawing {
            message: diag.message.clone(),
            code: diag.code.to_owned(),
            severity,
            hint: diag.hint.clone(),
            excerpt: excerpt(diag.span, &diag.labels, sources),
        },
        color,
    )
}

/// A run's error, drawn where it happened; under the parts of a condition that did not hold their values.
pub(crate) fn failure(failure: &Failure, sources: &Sources, color: bool) -> String {
    let error = failure.error();
    let labels: Vec<(Span, String)> = match &error.fault {
        Fault::Expect { operands, .. } => {
            operands.iter().map(|operand| (operand.span, format!("is {}", operand.shown()))).collect()
        }
        _ => Vec::new(),
    };
    draw(
        Drawing {
            message: error.to_string(),
            code: error.fault.code().to_owned(),
            severity: miette::Severity::Error,
            hint: error.fault.hint(),
            excerpt: error.span.and_then(|span| excerpt(span, &labels, sources)),
        },
        color,
    )
}

/// Any other error, which has no place in a program.
pub(crate) fn error(error: &Error, color: bool) -> String {
    let drawing = Drawing {
        message: error.to_string(),
        code: error.code().to_owned(),
        severity: miette::Severity::Error,
        hint: error.hint(),
        excerpt: None,
    };
    draw(drawing, color)
}

/// A finding on one line: place, severity, code, message.
pub(crate) fn short(diag: &Diag, sources: &Sources) -> String {
    let place = sources.locate(diag.span).map(|(source, start, _)| format!("{}:{start}: ", source.name));
    format!("{}{}[{}]: {}\n", place.unwrap_or_default(), severity(diag), diag.code, diag.message)
}

/// A finding as a JSON object on one line.
pub(crate) fn json(diag: &Diag, sources: &Sources) -> String {
    let place = sources.locate(diag.span);
    let start = place.map(|(_, start, _)| start);
    let end = place.map(|(_, _, end)| end);
    let object = serde_json::json!({
        "code": diag.code,
        "severity": severity(diag),
        "message": diag.message,
        "file": place.map(|(source, _, _)| source.name.as_str()),
        "line": start.map(|start| start.line),
        "column": start.map(|start| start.column),
        "end_line": end.map(|end| end.line),
        "end_column": end.map(|end| end.column),
        "hint": diag.hint,
    });
    format!("{object}\n")
}

fn severity(diag: &Diag) -> &'static str {
    if diag.is_error() { "error" } else { "warning" }
}

/// The text around a place, with labels; none where lines are too long to be read.
fn excerpt(
    span: Span,
    labels: &[(Span, String)],
    sources: &Sources,
) -> Option<(NamedSource<String>, Vec<LabeledSpan>)> {
    let source = sources.get(span.file)?;
    let primary = LabeledSpan::new_primary_with_span(None, bytes(span, &source.text));
    let near = labels.iter().filter(|(place, _)| place.file == span.file);
    let others =
        near.map(|(place, text)| LabeledSpan::new_with_span(Some(text.clone()), bytes(*place, &source.text)));
    let labels: Vec<LabeledSpan> = std::iter::once(primary).chain(others).collect();
    if labels.iter().any(|label| longest_line(&source.text, label.offset()) > LONGEST_LINE) {
        return None;
    }
    Some((NamedSource::new(&source.name, source.text.clone()), labels))
}

/// A span that lies within the text, between characters.
fn bytes(span: Span, text: &str) -> std::ops::Range<usize> {
    let floor = |at: u32| {
        (0..=(at as usize).min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
    };
    let start = floor(span.start);
    start..floor(span.end).max(start)
}

/// The longest of the lines that are drawn around an offset.
fn longest_line(text: &str, offset: usize) -> usize {
    let (before, after) = text.split_at_checked(offset).unwrap_or((text, ""));
    let before = before.rsplit('\n').take(3).map(str::len);
    let after = after.split('\n').take(3).map(str::len);
    before.chain(after).max().unwrap_or(0)
}

fn draw(drawing: Drawing, color: bool) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(100);
    let mut out = String::new();
    let plain = format!("error[{}]: {drawing}\n", drawing.code);
    match handler.render_report(&mut out, &drawing) {
        Ok(()) => out,
        Err(fmt::Error) => plain,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use agentc::model::script::ScriptModel;
    use agentc::{Engine, Program};

    use super::*;

    #[test]
    fn a_failed_expectation_is_drawn_with_the_values_it_compared() {
        let source = "let xs = [1, 2]\nlet most = 1\nexpect len(xs) <= most, \"too many\"";
        let program = Program::from_source("a.agent", source).unwrap();
        let engine = Engine::builder().script(ScriptModel::new(Vec::new()).unwrap()).build().unwrap();
        let Err(Error::Run(failure)) = engine.run(&program).start() else { panic!() };
        let drawn = super::failure(&failure, program.sources(), false);
        for part in ["R0106", "too many", "a.agent:3:8", "is 2", "is 1"] {
            assert!(drawn.contains(part), "{part} is not in\n{drawn}");
        }
    }
}
