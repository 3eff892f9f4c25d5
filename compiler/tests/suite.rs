//! Runs the programs of `tests/suite` through the compiler and compares findings with annotations.
//!
//! `tests/suite/README.md` says what an annotation looks like.

mod common;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use agentc_compiler::source::NoFiles;
use agentc_compiler::{Compiled, Options, codes, compile, ir};

/// An expected finding.
#[derive(Debug)]
struct Expected {
    severity: String,
    code: String,
    line: usize,
    part: String,
}

fn annotations(text: &str) -> Vec<Expected> {
    let mut out = Vec::new();
    let mut above = 0;
    for (at, line) in text.lines().enumerate() {
        match annotation(line, above) {
            Some(expected) => out.push(expected),
            None => above = at + 1,
        }
    }
    out
}

/// `# error E0123 @4: part`, where `@4` may be missing.
fn annotation(line: &str, above: usize) -> Option<Expected> {
    let rest = line.trim_start().strip_prefix("# ")?;
    let (head, part) = rest.split_once(": ")?;
    let mut words = head.split(' ');
    let (severity, code) = (words.next()?, words.next()?);
    if !matches!(severity, "error" | "warning") || !code.starts_with(['E', 'W']) {
        return None;
    }
    let line = words.next().and_then(|w| w.strip_prefix('@')?.parse().ok()).unwrap_or(above);
    Some(Expected {
        severity: severity.to_owned(),
        code: code.to_owned(),
        line,
        part: part.trim().to_owned(),
    })
}

fn run(text: &str) -> Compiled {
    compile("test.agent", text.as_bytes(), &NoFiles, &Options::default())
}

/// What differs between findings and expectations, in words.
fn differences(text: &str, compiled: &Compiled) -> String {
    let mut expected = annotations(text);
    let mut out = String::new();
    for diag in &compiled.diags {
        let line = compiled.sources.locate(diag.span).map_or(0, |(_, from, _)| from.line);
        let severity = if diag.is_error() { "error" } else { "warning" };
        let found = expected.iter().position(|e| {
            e.code == diag.code && e.line == line && e.severity == severity && diag.message.contains(&e.part)
        });
        match found {
            Some(at) => drop(expected.remove(at)),
            None => writeln!(out, "  unexpected {severity} {} in line {line}: {}", diag.code, diag.message)
                .expect("it can be written"),
        }
        if diag.hint.as_ref().is_none_or(String::is_empty) {
            writeln!(out, "  {} in line {line} has no hint", diag.code).expect("it can be written");
        }
    }
    for e in expected {
        writeln!(out, "  missing {} {} in line {}: {}", e.severity, e.code, e.line, e.part)
            .expect("it can be written");
    }
    out
}

#[test]
fn findings_are_as_annotated() {
    let mut report = String::new();
    for case in common::cases() {
        let found = differences(&case.text, &run(&case.text));
        if !found.is_empty() {
            writeln!(report, "{}\n{found}", case.name).expect("it can be written");
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn programs_without_errors_give_valid_ir_that_survives_json() {
    for case in common::cases() {
        let compiled = run(&case.text);
        let failed = compiled.diags.iter().any(|d| d.is_error());
        assert_eq!(compiled.program.is_none(), failed, "{}", case.name);
        let Some(program) = compiled.program else { continue };
        ir::validate(&program).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        let json = serde_json::to_string(&program).expect("it can be written");
        let back: ir::Program = serde_json::from_str(&json).expect("it can be written");
        assert_eq!(back, program, "{}", case.name);
        assert!(program.to_string().contains("b0:"), "{}", case.name);
    }
}

#[test]
fn every_code_is_reported_by_some_program() {
    let known: BTreeSet<&str> = codes().iter().map(|c| c.0).collect();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for case in common::cases() {
        seen.extend(run(&case.text).diags.iter().map(|d| d.code));
    }
    // These need programs that no one would write by hand; `bad_input.rs` reports them.
    seen.extend(["E0001", "E0002", "E0003", "E0004", "E0403", "E0500"]);
    assert_eq!(known, seen);
}

#[test]
fn spans_lie_within_the_file() {
    for case in common::cases() {
        for diag in run(&case.text).diags {
            let labels = diag.labels.iter().map(|(span, _)| *span);
            for span in labels.chain([diag.span]) {
                assert!(span.start <= span.end && span.end as usize <= case.text.len(), "{}", case.name);
            }
        }
    }
}
