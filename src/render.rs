//! Findings and errors for human readers: drawn excerpts, single lines, or JSON.

use std::fmt;
use std::ops::Range;

use agentc::diag::{Edit, Fix};
use agentc::{Diag, Error, Failure, Fault, InBranch, Severity, Sources, Span};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents,
};

/// Lines longer than this many bytes are not drawn.
const LONGEST_LINE: usize = 500;

/// The part of a file that is drawn, and some lines around it: to draw a finding takes no longer where the file is
/// long.
#[derive(Debug)]
struct Window {
    name: String,
    text: String,
    /// Lines before it.
    line: usize,
}

impl SourceCode for Window {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let read = self.text.read_span(span, before, after)?;
        let (line, name) = (self.line + read.line(), self.name.clone());
        let (data, span, count) = (read.data(), *read.span(), read.line_count());
        Ok(Box::new(MietteSpanContents::new_named(name, data, span, line, read.column(), count)))
    }
}

/// A finding, ready to be drawn.
#[derive(Debug)]
struct Drawing {
    message: String,
    code: String,
    severity: miette::Severity,
    hint: Option<String>,
    excerpt: Option<(Window, Vec<LabeledSpan>)>,
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
    let mut labels: Vec<(Span, String)> = match &error.fault {
        Fault::Expect { operands, .. } => {
            operands.iter().map(|operand| (operand.span, format!("is {}", operand.shown()))).collect()
        }
        _ => Vec::new(),
    };
    let branch = |of: &InBranch| (of.span, format!("in branch {} of {}", of.number + 1, of.count));
    labels.extend(error.branches.iter().map(branch));
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

/// How many findings are not drawn, and how to see them.
pub(crate) fn left_out(count: usize) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("… and {grouped} more; `agentc check --message-format short` shows them all\n")
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
        "fixes": diag.fixes.iter().map(|fix| shown(fix, sources)).collect::<Vec<_>>(),
    });
    format!("{object}\n")
}

/// A fix with its edits: where, in lines and columns as well as in bytes of the file's text, and what stands there then.
fn shown(fix: &Fix, sources: &Sources) -> serde_json::Value {
    let edit = |edit: &Edit| {
        let place = sources.locate(edit.span);
        let (start, end) = (place.map(|(_, start, _)| start), place.map(|(_, _, end)| end));
        serde_json::json!({
            "file": place.map(|(source, _, _)| source.name.as_str()),
            "line": start.map(|start| start.line),
            "column": start.map(|start| start.column),
            "end_line": end.map(|end| end.line),
            "end_column": end.map(|end| end.column),
            "start": edit.span.start,
            "end": edit.span.end,
            "text": edit.text,
        })
    };
    serde_json::json!({
        "message": fix.message,
        "safe": fix.safe,
        "edits": fix.edits.iter().map(edit).collect::<Vec<_>>(),
    })
}

fn severity(diag: &Diag) -> &'static str {
    if diag.is_error() { "error" } else { "warning" }
}

/// The text around a place, with labels; none where lines are too long to be read.
fn excerpt(span: Span, labels: &[(Span, String)], sources: &Sources) -> Option<(Window, Vec<LabeledSpan>)> {
    let source = sources.get(span.file)?;
    let near = labels.iter().filter(|(place, _)| place.file == span.file);
    let places: Vec<(Range<usize>, Option<String>)> = std::iter::once((bytes(span, &source.text), None))
        .chain(near.map(|(place, text)| (bytes(*place, &source.text), Some(text.clone()))))
        .collect();
    if places.iter().any(|(place, _)| longest_line(&source.text, place.start) > LONGEST_LINE) {
        return None;
    }
    let start = places.iter().map(|(place, _)| place.start).min()?;
    let end = places.iter().map(|(place, _)| place.end).max()?;
    let (start, end) = lines_around(&source.text, start, end);
    let labels = places.into_iter().enumerate().map(|(at, (place, text))| {
        let place = place.start - start..place.end - start;
        if at == 0 {
            LabeledSpan::new_primary_with_span(text, place)
        } else {
            LabeledSpan::new_with_span(text, place)
        }
    });
    let line = source.text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count();
    let (name, text) = (source.name.clone(), source.text[start..end].to_owned());
    Some((Window { name, text, line }, labels.collect()))
}

/// Where a part of a text begins and ends with so many whole lines before and behind it that no more are drawn.
fn lines_around(text: &str, start: usize, end: usize) -> (usize, usize) {
    const LINES: usize = 3;
    let before = text[..start].rmatch_indices('\n').nth(LINES).map_or(0, |(at, _)| at + 1);
    let behind = text[end..].match_indices('\n').nth(LINES).map_or(text.len(), |(at, _)| end + at + 1);
    (before, behind)
}

/// A span that lies within the text, between characters.
fn bytes(span: Span, text: &str) -> Range<usize> {
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
    fn a_finding_is_drawn_at_its_line_of_a_long_file() {
        let source = format!("{}let a = 1\nprint b\n{}let a = 2\n", "\n".repeat(999), "\n".repeat(50));
        let compilation = agentc::Compilation::of_bytes(
            "a.agent",
            source.as_bytes(),
            &agentc::Directory::new(std::path::Path::new("")),
            &agentc::Options::default(),
        );
        let drawn: String =
            compilation.diags.iter().map(|found| diag(found, &compilation.sources, false)).collect();
        for part in ["a.agent:1001:7", "1000 │ let a = 1", "1001 │ print b"] {
            assert!(drawn.contains(part), "{part} is not in\n{drawn}");
        }
        assert_eq!(
            left_out(7900),
            "… and 7,900 more; `agentc check --message-format short` shows them all\n"
        );
        assert!(left_out(1_234_567).contains("1,234,567") && left_out(12).contains("and 12 more"));
    }

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
