//! What newcomers get wrong: each mistake is one finding, hides no other, and is shown with its message and
//! the correct version in `docs/mistakes.md`.
//!
//! `tests/mistakes/README.md` explains how to add one. With `AGENTC_BLESS=1` the page is rewritten.
#![allow(clippy::disallowed_methods)] // tests read files

mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use agentc_compiler::diag::Diag;
use agentc_compiler::{Limits, Options, compile, fmt};
use common::Files;

/// A mistake: the wrong program and the right one.
struct Mistake {
    title: String,
    wrong: String,
    right: String,
}

/// The mistakes of a file, and what they are about.
struct Area {
    title: String,
    mistakes: Vec<Mistake>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All that is in `tests/mistakes`, in the order of the files.
fn areas() -> Vec<Area> {
    let entries = std::fs::read_dir(root().join("tests/mistakes")).expect("the folder is readable");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it is readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "txt"));
    paths.sort();
    paths.iter().map(|path| area(&std::fs::read_to_string(path).expect("a text"))).collect()
}

fn area(text: &str) -> Area {
    let mut parts = text.split("\n== ");
    let title = parts.next().and_then(|head| head.strip_prefix("= ")).expect("a file begins with its title");
    Area { title: title.trim().to_owned(), mistakes: parts.map(mistake).collect() }
}

fn mistake(text: &str) -> Mistake {
    let (title, programs) = text.split_once('\n').expect("programs follow a title");
    let (wrong, right) = programs.split_once("\n--\n").unwrap_or_else(|| panic!("`{title}` has no `--`"));
    Mistake { title: title.to_owned(), wrong: wrong.to_owned(), right: right.trim().to_owned() }
}

fn findings(text: &str) -> Vec<Diag> {
    let files = Files::of(&[("shots.agent", "fn examples() { user \"2 + 2?\" assistant \"4\" }")]);
    compile("main.agent", text.as_bytes(), &files, &Options::default()).diags
}

/// A finding by its code, message and hint.
fn shown(diag: &Diag) -> String {
    format!("`{}`: {}. *Hint:* {}", diag.code, diag.message, diag.hint.as_deref().unwrap_or_default())
}

/// An error that has nothing to do with any mistake.
const ABOVE: &str = "print unknown_above";
const BELOW: &str = "print unknown_below";

/// The mistake with other errors around it, each of which must be found, too.
fn surrounded(wrong: &str) -> [(String, usize); 3] {
    [
        (format!("{ABOVE}\n{wrong}\n"), 1),
        (format!("{wrong}\n{BELOW}\n"), 1),
        (format!("{ABOVE}\n{wrong}\n{BELOW}\n"), 2),
    ]
}

/// A program within a function, unless it holds what stands at the top level alone.
fn within(text: &str) -> String {
    let lines =
        text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") });
    format!("fn around() {{\n{}}}\naround()\n", lines.collect::<String>())
}

/// What is not as it should be, in words.
fn faults(mistake: &Mistake) -> String {
    let mut report = String::new();
    let alone = findings(&mistake.wrong);
    let [only] = alone.as_slice() else {
        for diag in &alone {
            writeln!(report, "  one of {}: {}", alone.len(), shown(diag)).expect("it can be written");
        }
        return if alone.is_empty() { "  no finding\n".to_owned() } else { report };
    };
    for (text, others) in surrounded(&mistake.wrong) {
        let found = findings(&text);
        let unrelated = found.iter().filter(|d| d.message.contains("unknown_")).count();
        let same = found.iter().any(|d| shown(d) == shown(only));
        if found.len() != others + 1 || unrelated != others || !same {
            writeln!(report, "  with {others} other errors:\n{text}").expect("it can be written");
            for diag in &found {
                writeln!(report, "    {}", shown(diag)).expect("it can be written");
            }
        }
    }
    let inside = findings(&within(&mistake.right)).iter().all(|d| !d.is_error());
    let found = findings(&within(&mistake.wrong));
    let errors = found.iter().filter(|d| d.is_error() == only.is_error()).count();
    if inside && errors != 1 {
        writeln!(report, "  {errors} within a function:").expect("it can be written");
        for diag in &found {
            writeln!(report, "    {}", shown(diag)).expect("it can be written");
        }
    }
    for diag in findings(&mistake.right) {
        writeln!(report, "  the right way: {}", shown(&diag)).expect("it can be written");
    }
    let set = fmt::format(0, &mistake.right, &Limits::default()).unwrap_or_default();
    if set.trim_end() != mistake.right {
        writeln!(report, "  the right way is set as\n{set}").expect("it can be written");
    }
    report
}

#[test]
fn each_is_one_finding_and_hides_none() {
    let (mut report, mut count) = (String::new(), 0);
    for mistake in areas().iter().flat_map(|area| &area.mistakes) {
        let faults = faults(mistake);
        if !faults.is_empty() {
            writeln!(report, "{}\n{faults}", mistake.title).expect("it can be written");
        }
        count += 1;
    }
    assert!(report.is_empty() && count >= 40, "{count} mistakes\n{report}");
}

/// A program with the codes of its findings, fenced by more backticks than it holds.
fn fenced(program: &str, codes: &str) -> String {
    let fence = if program.contains("```") { "````" } else { "```" };
    format!("{fence}agent{codes}\n{program}\n{fence}\n")
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for area in areas() {
        write!(page, "\n## {}\n", area.title).expect("it can be written");
        for Mistake { title, wrong, right } in area.mistakes {
            let found = findings(&wrong);
            let codes: String = found.iter().map(|diag| format!(" {}", diag.code)).collect();
            let (wrong, right) = (fenced(&wrong, &codes), fenced(&right, ""));
            let found: Vec<String> = found.iter().map(shown).collect();
            write!(page, "\n### {title}\n\n{wrong}\n{}\n\n{right}", found.join("\n"))
                .expect("it can be written");
        }
    }
    page
}

const HEAD: &str = "# What newcomers get wrong

Habits of other languages, what the compiler says of each, and the right way: the program that is wrong, its one finding,
and the program that was meant. Written by a test from [tests/mistakes](../tests/mistakes/README.md), which holds that each
mistake has this one finding and hides no other, and that the right way has none.
";

#[test]
fn the_page_shows_them_all() {
    let path = root().join("docs/mistakes.md");
    let page = page();
    if std::env::var_os("AGENTC_BLESS").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(page == written, "docs/mistakes.md is not what AGENTC_BLESS=1 would write");
}
