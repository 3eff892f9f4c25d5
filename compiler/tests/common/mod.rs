//! What the harnesses share: finding the suite's programs, and a world that is a table.
#![allow(dead_code, clippy::disallowed_methods)] // tests read files

pub(crate) mod random;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use agentc_compiler::source::{World, WorldError};

/// A program of the suite.
pub(crate) struct Case {
    pub(crate) name: String,
    /// Its own file.
    pub(crate) text: String,
    /// The files next to it, if it is a folder.
    pub(crate) files: Files,
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

/// Every program of the suite, in order of their names: a file, or a folder with a `main.agent`.
pub(crate) fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/suite");
    let mut programs = Vec::new();
    collect(&root, &mut programs);
    programs.sort();
    assert!(!programs.is_empty(), "no programs in {}", root.display());
    programs.into_iter().map(|path| case(&root, &path)).collect()
}

fn collect(folder: &Path, programs: &mut Vec<PathBuf>) {
    for path in entries(folder) {
        if path.is_dir() && path.join("main.agent").exists() {
            programs.push(path);
        } else if path.is_dir() {
            collect(&path, programs);
        } else if path.extension().is_some_and(|e| e == "agent") {
            programs.push(path);
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the suite is readable");
    entries.map(|entry| entry.expect("the suite is readable").path()).collect()
}

fn case(root: &Path, path: &Path) -> Case {
    let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
    let mut files = Files::default();
    if path.is_dir() {
        read_all(path, path, &mut files);
    }
    let own = if path.is_dir() { path.join("main.agent") } else { path.to_owned() };
    Case { name, text: std::fs::read_to_string(own).expect("a program of the suite is text"), files }
}

fn read_all(root: &Path, folder: &Path, files: &mut Files) {
    for path in entries(folder) {
        if path.is_dir() {
            read_all(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            files.0.insert(name, std::fs::read(&path).expect("the suite is readable"));
        }
    }
}
