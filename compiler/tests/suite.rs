//! The language's manual, `tests/suite`, through the compiler: findings are as annotated, and its sections are
//! those of the grammar. `tests/suite/README.md` says what an annotation looks like.
#![allow(clippy::disallowed_methods)] // tests read files

mod common;

use common::{Case, reader};

use std::collections::BTreeSet;
use std::fmt::Write as _;

use agentc_compiler::{Compiled, Options, codes, compile, ir};

fn run(case: &Case) -> Compiled {
    compile("main.agent", case.text.as_bytes(), &case.files, &Options::default())
}

/// What differs between findings and expectations, in words.
fn differences(case: &Case, compiled: &Compiled) -> String {
    let mut expected = case.expected(false);
    let mut out = String::new();
    for diag in &compiled.diags {
        let place = compiled.sources.locate(diag.span);
        let (file, line) = place.map_or(("", 0), |(source, from, _)| (source.name.as_str(), from.line));
        let severity = if diag.is_error() { "error" } else { "warning" };
        let found = expected.iter().position(|e| {
            e.file == file
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
    for e in expected {
        writeln!(out, "  missing {} {} at {}:{}: {}", e.severity, e.code, e.file, e.line, e.part)
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

/// The headings of the grammar, each with the links to the manual that stand below it.
fn headings(page: &str) -> Vec<(String, Vec<String>)> {
    let mut headings: Vec<(String, Vec<String>)> = Vec::new();
    let mut fenced = false;
    for line in page.lines() {
        fenced ^= line.starts_with("```");
        let heading = line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")).filter(|_| !fenced);
        let links = line.split("](../tests/suite/").skip(1).filter_map(|rest| rest.split(')').next());
        match (heading, headings.last_mut()) {
            (Some(title), _) => headings.push((title.to_owned(), Vec::new())),
            (None, Some((_, found))) => found.extend(links.map(str::to_owned)),
            (None, None) => {}
        }
    }
    headings
}

/// The anchor of a heading, as Git hosts make it.
fn anchor(title: &str) -> String {
    let kept = title.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

#[test]
fn each_section_of_the_grammar_links_its_file() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../grammar/README.md");
    let page = std::fs::read_to_string(page).expect("the grammar is readable");
    let headings = headings(&page);
    for (title, links) in &headings {
        assert_eq!(*links, [format!("{}.agent", anchor(title))], "the section `{title}`");
    }
    let mut titles: Vec<String> = headings.into_iter().map(|(title, _)| title).collect();
    titles.sort_by_key(|title| anchor(title));
    let mut sections = reader::sections();
    sections.sort_by_key(|section| section.anchor.clone());
    assert_eq!(sections.iter().map(|section| section.title.clone()).collect::<Vec<_>>(), titles);
    for section in sections {
        assert_eq!(section.anchor, anchor(&section.title));
        assert!(!section.cases.is_empty(), "{} has no case", section.path.display());
    }
}

#[test]
fn the_reader_refuses_what_it_does_not_know() {
    for (text, wrong) in [
        ("", "a section begins with"),
        ("# T\nprint 1", "only blank lines"),
        ("# T\n## Name: A sentence.\n", "small letters"),
        ("# T\n## name\n", "is headed"),
        ("# T\n## name: a sentence\n", "is not a sentence"),
        ("# T\n### lib.agent\n", "only blank lines"),
        ("# T\n## a: A.\nprint 1\n", "expects nothing"),
        ("# T\n## a: A.\nprint 1\n# prnts \"1\"\n", "`prnts` is no annotation"),
        ("# T\n## a: A.\nprint x\n# error E100: no\n", "is not `CODE"),
        ("# T\n## a: A.\nprint x\n# error E0100 no\n", "is not `CODE"),
        ("# T\n## a: A.\nprint x\n# error E0100 @x: no\n", "is not `CODE"),
        ("# T\n## a: A.\nprint x\n# warning E0100: no\n", "is not `CODE"),
        ("# T\n## a: A.\n# value\n", "something follows"),
        ("# T\n## a: A.\n# value 1\n## a: A.\n# value 1\n", "two cases are named"),
        ("# T\n## a: A.\n# value 1\n### a.agent\n### a.agent\n", "two files"),
        ("# T\n## a: A.\n### a.agent\n# value 1\n", "stands in the program"),
    ] {
        let error = reader::section("t", text).expect_err(text);
        assert!(error.contains(wrong), "{text}: {error}");
    }
    let text = "# T\n\n## a: A.\nprint x\n# error E0100 @9: no\n\n### b.md\n\nb\n\n## b: B.\n# value 1\n";
    let (title, cases) = reader::section("t", text).expect("this is right");
    let (name, expected) = (cases[0].name.as_str(), cases[0].expected(false));
    assert_eq!((title.as_str(), name, expected[0].line, cases.len()), ("T", "t/a", 9, 2));
    assert_eq!(cases[0].files.0["b.md"], b"\nb\n");
    assert!(cases[1].runs() && !cases[0].runs());
}
