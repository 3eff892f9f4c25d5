//! Writes what runs come to into the sections of the manual.

use std::collections::BTreeMap;
use std::path::Path;

use crate::play::Failure;
use crate::reader::{Case, MAIN, Note, RESULTS};

/// Rewrites the results and errors of these cases of a section, each with what it is to say.
pub(crate) fn write(path: &Path, cases: Vec<(&Case, Vec<String>, Vec<Failure>)>) {
    if cases.is_empty() {
        return;
    }
    let text = std::fs::read_to_string(path).expect("a section is readable");
    let mut edits = Edits::default();
    for (case, results, failures) in &cases {
        edits.case(case, results, failures);
    }
    std::fs::write(path, edits.apply(&text)).expect("a section can be written");
}

/// Lines to drop, and lines to add after others, by their numbers from 1.
#[derive(Default)]
struct Edits {
    dropped: Vec<usize>,
    added: BTreeMap<usize, Vec<String>>,
}

impl Edits {
    fn case(&mut self, case: &Case, results: &[String], failures: &[Failure]) {
        let old = |note: &&Note| RESULTS.contains(&note.word.as_str()) || note.is_run_error();
        self.dropped.extend(case.notes.iter().filter(old).map(|note| note.at));
        for failure in failures {
            let at = case.starts.get(&failure.file).map_or(0, |start| start + failure.line);
            let place = if failure.line == 0 { " @0" } else { "" };
            self.add(at, format!("error {}{place}: {}", failure.code, failure.message));
        }
        let first = case.notes.iter().find(|note| RESULTS.contains(&note.word.as_str()));
        let end = case.starts[MAIN] + case.text.lines().count();
        let at = first.map_or(end, |note| note.at);
        results.iter().for_each(|line| self.add(at, line.clone()));
    }

    fn add(&mut self, at: usize, note: String) {
        self.added.entry(at).or_default().push(format!("# {note}"));
    }

    fn apply(&self, text: &str) -> String {
        let mut lines: Vec<&str> = Vec::new();
        for (at, line) in (1..).zip(text.lines()) {
            if !self.dropped.contains(&at) {
                lines.push(line);
            }
            lines.extend(self.added.get(&at).into_iter().flatten().map(String::as_str));
        }
        format!("{}\n", lines.join("\n"))
    }
}
