//! Runs the programs of `tests/suite` through the compiler and compares findings with annotations.
//!
//! `tests/suite/README.md` says what an annotation looks like.

mod common;

use common::Case;

use std::collections::BTreeSet;
use std::fmt::Write as _;

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

fn run(case: &Case) -> Compiled {
    compile("main.agent", case.text.as_bytes(), &case.files, &Options::default())
}

/// The expectations of all files of a program, each with the file's name in findings.
fn expectations(case: &Case) -> Vec<(String, Expected)> {
    let own = annotations(&case.text).into_iter().map(|e| ("main.agent".to_owned(), e));
    let others = case.files.0.iter().filter(|(path, _)| path.ends_with(".agent") && *path != "main.agent");
    let others = others.flat_map(|(path, bytes)| {
        let name = if path.starts_with("std/") { path.trim_end_matches(".agent") } else { path };
        let found = annotations(&String::from_utf8_lossy(bytes));
        found.into_iter().map(|e| (name.to_owned(), e)).collect::<Vec<_>>()
    });
    own.chain(others).collect()
}

/// What differs between findings and expectations, in words.
fn differences(case: &Case, compiled: &Compiled) -> String {
    let mut expected = expectations(case);
    let mut out = String::new();
    for diag in &compiled.diags {
        let place = compiled.sources.locate(diag.span);
        let (file, line) = place.map_or(("", 0), |(source, from, _)| (source.name.as_str(), from.line));
        let severity = if diag.is_error() { "error" } else { "warning" };
        let found = expected.iter().position(|(name, e)| {
            name == file
                && e.code == diag.code
                && e.line == line
                && e.severity == severity
                && diag.message.contains(&e.part)
        });
        match found {
            Some(at) => drop(expected.remove(at)),
            None => {
                writeln!(out, "  unexpected {severity} {} at {file}:{line}: {}", diag.code, diag.message)
                    .expect("it can be written");
            }
        }
        if diag.hint.as_ref().is_none_or(String::is_empty) {
            writeln!(out, "  {} at {file}:{line} has no hint", diag.code).expect("it can be written");
        }
    }
    for (file, e) in expected {
        writeln!(out, "  missing {} {} at {file}:{}: {}", e.severity, e.code, e.line, e.part)
            .expect("it can be written");
    }
    out
}

#[test]
fn findings_are_as_annotated() {
    let mut report = String::new();
    for case in common::cases() {
        let found = differences(&case, &run(&case));
        if !found.is_empty() {
            writeln!(report, "{}\n{found}", case.name).expect("it can be written");
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn programs_without_errors_give_valid_ir_that_survives_json() {
    for case in common::cases() {
        let compiled = run(&case);
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
        seen.extend(run(&case).diags.iter().map(|d| d.code));
    }
    // These need programs that no one would write by hand; `bad_input.rs` reports them.
    seen.extend(["E0001", "E0002", "E0003", "E0004", "E0026", "E0403", "E0500", "E0603", "W0121"]);
    assert_eq!(known, seen);
}

#[test]
fn spans_lie_within_the_file() {
    for case in common::cases() {
        let compiled = run(&case);
        for diag in &compiled.diags {
            let labels = diag.labels.iter().map(|(span, _)| *span);
            for span in labels.chain([diag.span]) {
                let len = compiled.sources.get(span.file).map_or(0, |source| source.text.len());
                assert!(span.start <= span.end && span.end as usize <= len, "{}", case.name);
            }
        }
    }
}
