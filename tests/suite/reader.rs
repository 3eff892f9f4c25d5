//! Reads the manual: the files beside this one, each about one section of `grammar/README.md`.
//!
//! The README here says what a case looks like. The harnesses of the compiler and of the runtime include this
//! file: the one compares findings, the other what runs come to. Reading is strict. A comment that is no
//! annotation, a case that expects nothing, a name that occurs twice: each is an error, so that no
//! expectation is passed over.
#![allow(dead_code, clippy::disallowed_methods)] // each harness uses a part of this; tests read files

use std::collections::BTreeMap;
use std::path::PathBuf;

use agentc_compiler::source::{World, WorldError};

/// The name of a case's own program in its findings.
pub(crate) const MAIN: &str = "main.agent";
/// What a run is given.
const GIVEN: [&str; 4] = ["script", "random", "input", "option"];
/// What a run comes to, in the order in which it is written.
pub(crate) const RESULTS: [&str; 5] = ["value", "prints", "capture", "text", "passes"];
/// `allow` belongs to the language.
const OTHERS: [&str; 3] = ["error", "warning", "allow"];

/// The file of a section.
pub(crate) struct Section {
    /// Its heading in the grammar.
    pub(crate) title: String,
    /// The anchor of the heading, which is the name of the file.
    pub(crate) anchor: String,
    pub(crate) path: PathBuf,
    pub(crate) cases: Vec<Case>,
}

/// A program, and what is expected of it.
#[derive(Debug)]
pub(crate) struct Case {
    /// `section/name`.
    pub(crate) name: String,
    /// Its own program.
    pub(crate) text: String,
    /// The files next to it.
    pub(crate) files: Files,
    pub(crate) notes: Vec<Note>,
    /// For each of the files, the line of the section (from 1) before its first one.
    pub(crate) starts: BTreeMap<String, usize>,
}

/// An annotation: `# word rest`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Note {
    /// The file of the case in which it stands, by the name that findings use.
    pub(crate) file: String,
    /// The line of that file (from 1) which it is about: the one above it that is none.
    pub(crate) line: usize,
    /// Its own line in the section, from 1.
    pub(crate) at: usize,
    pub(crate) word: String,
    pub(crate) rest: String,
}

/// An expected finding or error: `# error CODE: part of the message`.
#[derive(Debug, PartialEq)]
pub(crate) struct Expected {
    pub(crate) severity: String,
    pub(crate) code: String,
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) part: String,
}

/// Files by path. `std/x` is answered by `std/x.agent`, if it is there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files(pub(crate) BTreeMap<String, Vec<u8>>);

impl Files {
    pub(crate) fn of(files: &[(&str, &str)]) -> Files {
        Files(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect())
    }
}

impl World for Files {
    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        let library = path.starts_with("std/").then(|| self.0.get(&format!("{path}.agent"))).flatten();
        let found = self.0.get(path).or(library).cloned();
        found.ok_or_else(|| WorldError { message: format!("there is no file `{path}`") })
    }
}

impl Case {
    /// Whether it says what a run gives or comes to.
    pub(crate) fn runs(&self) -> bool {
        self.notes.iter().any(|note| {
            let word = note.word.as_str();
            GIVEN.contains(&word) || RESULTS.contains(&word) || note.is_run_error()
        })
    }

    /// The expected findings, or with `run` the expected errors of the run.
    pub(crate) fn expected(&self, run: bool) -> Vec<Expected> {
        let notes = self.notes.iter().filter(|note| note.is_run_error() == run);
        notes.filter_map(Note::expected).collect()
    }
}

impl Note {
    /// Whether it is about an error of the run: those have codes of their own.
    pub(crate) fn is_run_error(&self) -> bool {
        self.word == "error" && self.rest.starts_with('R')
    }

    /// `CODE @LINE: part`, where `@LINE` may be missing.
    fn expected(&self) -> Option<Expected> {
        if !matches!(self.word.as_str(), "error" | "warning") {
            return None;
        }
        let (head, part) = self.rest.split_once(": ")?;
        let (code, line) = match head.split_once(" @") {
            Some((code, line)) => (code, line.parse().ok()?),
            None => (head, self.line),
        };
        let begins = if self.word == "error" { ['E', 'R'] } else { ['W', 'W'] };
        let is_code =
            code.len() == 5 && code.starts_with(begins) && code.bytes().skip(1).all(|b| b.is_ascii_digit());
        (is_code && !part.is_empty()).then(|| Expected {
            severity: self.word.clone(),
            code: code.to_owned(),
            file: self.file.clone(),
            line,
            part: part.to_owned(),
        })
    }
}

/// All cases, in order of the sections' names.
pub(crate) fn cases() -> Vec<Case> {
    sections().into_iter().flat_map(|section| section.cases).collect()
}

/// All sections, in order of their names.
pub(crate) fn sections() -> Vec<Section> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/suite");
    let entries = std::fs::read_dir(folder).expect("the manual is readable");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it is readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "agent"));
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a section is text");
        let anchor = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (title, cases) =
            section(&anchor, &text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Section { title, anchor, path, cases }
    };
    paths.into_iter().map(read).collect()
}

/// The title of a section and its cases.
///
/// # Errors
/// What is not in the form that the README defines, with the number of its line.
pub(crate) fn section(anchor: &str, text: &str) -> Result<(String, Vec<Case>), String> {
    let title = text.lines().next().and_then(|line| line.strip_prefix("# "));
    let title = title.ok_or("line 1: a section begins with `# ` and its heading in the grammar")?;
    let mut reading = Reading { anchor, cases: Vec::new(), file: MAIN.to_owned() };
    for (at, line) in (1..).zip(text.lines()).skip(1) {
        reading.line(at, line).map_err(|what| format!("line {at}: {what}"))?;
    }
    let mut cases = reading.cases;
    cases.iter_mut().try_for_each(finish)?;
    let mut names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("two cases are named `{}`", pair[0])),
        None => Ok((title.to_owned(), cases)),
    }
}

/// A section as far as it has been read.
struct Reading<'a> {
    anchor: &'a str,
    cases: Vec<Case>,
    /// The file of the last case to which the next line belongs.
    file: String,
}

impl Reading<'_> {
    fn line(&mut self, at: usize, line: &str) -> Result<(), String> {
        if let Some(head) = line.strip_prefix("## ") {
            self.cases.push(begin(self.anchor, head, at)?);
            MAIN.clone_into(&mut self.file);
            return Ok(());
        }
        let Some(case) = self.cases.last_mut() else {
            let wrong = "before the first case stand only blank lines";
            return if line.is_empty() { Ok(()) } else { Err(wrong.to_owned()) };
        };
        if let Some(path) = line.strip_prefix("### ") {
            path.clone_into(&mut self.file);
            if case.starts.insert(self.file.clone(), at).is_some() {
                return Err("a case has two files of this name".to_owned());
            }
            case.files.0.insert(self.file.clone(), Vec::new());
            return Ok(());
        }
        match case.files.0.get_mut(&self.file) {
            Some(bytes) => bytes.extend([line.as_bytes(), b"\n"].concat()),
            None => case.text += &format!("{line}\n"),
        }
        Ok(())
    }
}

/// A case by its header, `name: A sentence.`
fn begin(anchor: &str, head: &str, at: usize) -> Result<Case, String> {
    let (name, sentence) = head.split_once(": ").ok_or("a case is headed `## name: A sentence.`")?;
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Err(format!("`{name}` is not made of small letters, digits and `-`"));
    }
    let begins = |c: char| c.is_uppercase() || c == '`';
    if !sentence.starts_with(begins) || !sentence.ends_with(['.', '?']) {
        return Err(format!("`{sentence}` is not a sentence"));
    }
    Ok(Case {
        name: format!("{anchor}/{name}"),
        text: String::new(),
        files: Files::default(),
        notes: Vec::new(),
        starts: BTreeMap::from([(MAIN.to_owned(), at)]),
    })
}

/// Drops blank lines at the ends of files, which only part them, and reads the annotations.
fn finish(case: &mut Case) -> Result<(), String> {
    case.text = trimmed(&case.text);
    let mut notes = annotations(MAIN, case.starts[MAIN], &case.text)?;
    for (path, bytes) in &mut case.files.0 {
        let text = trimmed(&String::from_utf8_lossy(bytes));
        if path.ends_with(".agent") {
            let name = if path.starts_with("std/") { path.trim_end_matches(".agent") } else { path };
            notes.extend(annotations(name, case.starts[path], &text)?);
        }
        *bytes = text.into_bytes();
    }
    if notes.iter().all(|note| note.word == "allow") {
        return Err(format!("`{}` expects nothing: add a result, such as `# value null`", case.name));
    }
    case.notes = notes;
    Ok(())
}

fn trimmed(text: &str) -> String {
    format!("{}\n", text.trim_end_matches('\n'))
}

/// The annotations of a file that begins below line `start` of its section.
fn annotations(file: &str, start: usize, text: &str) -> Result<Vec<Note>, String> {
    let mut notes = Vec::new();
    let mut above = 0;
    for (line, content) in (1..).zip(text.lines()) {
        let comment = content.trim_start().strip_prefix("# ");
        let Some(comment) = comment.filter(|comment| comment.starts_with(char::is_lowercase)) else {
            above = line;
            continue;
        };
        let (word, rest) = comment.split_once(' ').unwrap_or((comment, ""));
        let note = Note {
            file: file.to_owned(),
            line: above,
            at: start + line,
            word: word.to_owned(),
            rest: rest.to_owned(),
        };
        check(&note)?;
        notes.push(note);
    }
    Ok(notes)
}

fn check(note: &Note) -> Result<(), String> {
    let word = note.word.as_str();
    let known = GIVEN.iter().chain(&RESULTS).chain(&OTHERS).any(|known| *known == word);
    let wrong = match word {
        _ if !known => format!("`{word}` is no annotation; a comment begins with a capital letter"),
        "error" | "warning" if note.expected().is_none() => {
            format!("`{}` is not `CODE: part of the message`", note.rest)
        }
        _ if note.rest.is_empty() => format!("something follows `{word}`"),
        _ if (GIVEN.contains(&word) || RESULTS.contains(&word)) && note.file != MAIN => {
            "what is said of a run stands in the program".to_owned()
        }
        _ => return Ok(()),
    };
    Err(format!("line {}: {wrong}", note.at))
}
