//! The language's manual, `tests/suite`, through the runtime: what its programs return, print, capture and
//! write on scripted models, and once more when they are repeated from their journals. `tests/suite/README.md` says how a case states it; with `AGENTC_BLESS=1` the
//! files are rewritten to what runs come to.
#![allow(clippy::unwrap_used, clippy::panic)]

mod bless;
#[path = "../common/mod.rs"]
mod common;
mod play;
#[path = "../../../tests/suite/reader.rs"]
mod reader;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use agentc_runtime::Draft;
use agentc_runtime::model::script::ScriptModel;
use play::{Failure, Played, play, play_on};
use reader::{Case, RESULTS};

/// What of a run the case tells: its value, what it printed and the tests that passed always, captures and text
/// where it names them. A case that names nothing gets everything, so that it can be written down. A value of
/// `null` is told where there is nothing else.
fn told(case: &Case, played: &Played) -> Vec<String> {
    let result = |word: &str| case.notes.iter().any(|note| note.word == word);
    let bare = !RESULTS.iter().any(|word| result(word)) && case.expected(true).is_empty();
    let capture = |line: &str| {
        let name = |text: &str| text.split(" = ").next().map(str::to_owned);
        let (mut notes, own) = (case.notes.iter(), line.strip_prefix("capture ").and_then(name));
        notes.any(|note| note.word == "capture" && name(&note.rest) == own)
    };
    let is_told = |line: &&String| match line.split(' ').next().unwrap_or_default() {
        "capture" => bare || capture(line),
        "text" => bare || result("text"),
        "value" => *line != "value null",
        _ => true,
    };
    let told: Vec<String> = played.results.iter().filter(is_told).cloned().collect();
    if told.is_empty() && played.failures.is_empty() { vec!["value null".into()] } else { told }
}

/// What a case says of the results of its run.
fn stated(case: &Case) -> Vec<String> {
    let notes = case.notes.iter().filter(|note| RESULTS.contains(&note.word.as_str()));
    notes.map(|note| format!("{} {}", note.word, note.rest)).collect()
}

/// What differs between a run and what the case says, in words.
fn differences(case: &Case, played: &Played) -> String {
    let mut out = String::new();
    let (told, stated) = (told(case, played), stated(case));
    if told != stated {
        writeln!(
            out,
            "  it says:\n    {}\n  but comes to:\n    {}",
            stated.join("\n    "),
            told.join("\n    ")
        )
        .unwrap();
    }
    let mut expected = case.expected(true);
    for Failure { code, file, line, message } in &played.failures {
        let found = expected
            .iter()
            .position(|e| (&e.code, &e.file, e.line) == (code, file, *line) && message.contains(&e.part));
        match found {
            Some(at) => drop(expected.remove(at)),
            None => writeln!(out, "  unexpected error {code} at {file}:{line}: {message}").unwrap(),
        }
    }
    for e in expected {
        writeln!(out, "  missing error {} at {}:{}: {}", e.code, e.file, e.line, e.part).unwrap();
    }
    out
}

#[test]
fn runs_come_to_what_is_written() {
    let (mut report, mut count) = (String::new(), 0);
    let blesses = std::env::var_os("AGENTC_BLESS").is_some();
    for section in reader::sections() {
        let mut changed = Vec::new();
        for case in section.cases.iter().filter(|case| case.runs()) {
            let played = play(case).unwrap_or_else(|error| panic!("{}: {error}", case.name));
            let found = differences(case, &played);
            count += 1;
            if blesses && !found.is_empty() {
                changed.push((case, told(case, &played), played.failures));
            } else if !found.is_empty() {
                let line = case.starts[reader::MAIN];
                writeln!(report, "{}:{line}: {}\n{found}", section.path.display(), case.name).unwrap();
            }
        }
        bless::write(&section.path, changed);
    }
    assert!(report.is_empty() && count > 100, "{count} runs\n{report}");
}

/// Models that do not rewind come to the same, with enough memory for checkpoints and with hardly any.
#[test]
fn runs_come_to_the_same_without_rewinding() {
    for case in reader::cases().iter().filter(|case| case.runs()) {
        let there = play(case).unwrap();
        for (n_batch, n_seqs) in [(64, 16), (5, 2)] {
            let made = |model: ScriptModel| model.with_memory(4096, n_batch, n_seqs).without_rewind();
            for draft in [Draft::Never, Draft::Always(3)] {
                let here = play_on(case, draft, &made).unwrap();
                assert_eq!(here, there, "{}, {n_seqs} sequences, {draft:?}", case.name);
            }
        }
    }
}

/// Tokens that are evaluated before they are chosen change nothing.
#[test]
fn runs_come_to_the_same_with_drafts() {
    for case in reader::cases().iter().filter(|case| case.runs()) {
        let there = play(case).unwrap();
        for longest in [1, 8] {
            let drafted = play_on(case, Draft::Always(longest), &|model| model).unwrap();
            assert_eq!(drafted, there, "{}, drafts of {longest}", case.name);
        }
    }
}

#[test]
fn every_error_that_the_grammar_names_is_shown() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../grammar/README.md");
    let grammar = std::fs::read_to_string(path).unwrap();
    // What only an embedding program can bring about: a model that is missing (`models.rs`), a tool that fails (`tools.rs`),
    // a back end without masks (`backends.rs`), or without scores (`scores`).
    let elsewhere = ["R0707", "R0109", "R0404", "R0708"];
    let named = grammar.match_indices("`R0").filter_map(|(at, _)| grammar.get(at + 1..at + 6));
    let named: BTreeSet<&str> = named.filter(|code| !elsewhere.contains(code)).collect();
    let cases = reader::cases();
    let shown = |code: &str| cases.iter().flat_map(|case| &case.notes).any(|note| note.rest.contains(code));
    let missing: Vec<&&str> = named.iter().filter(|code| !shown(code)).collect();
    assert!(missing.is_empty() && named.len() > 10, "no case shows {missing:?} of {named:?}");
}
