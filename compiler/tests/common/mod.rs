//! What the harnesses share: finding the suite's programs.
#![allow(dead_code, clippy::disallowed_methods)] // tests read files

use std::path::{Path, PathBuf};

/// A program of the suite.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Every program of the suite, in order of their names.
pub(crate) fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/suite");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    assert!(!files.is_empty(), "no programs in {}", root.display());
    files.into_iter().map(|path| case(&root, &path)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the suite is readable") {
        let path = entry.expect("the suite is readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "agent") {
            files.push(path);
        }
    }
}

fn case(root: &Path, path: &Path) -> Case {
    let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
    Case { name, text: std::fs::read_to_string(path).expect("a program of the suite is text") }
}
