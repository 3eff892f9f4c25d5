//! The programs in the documents and the examples are correct: no findings at all.
#![allow(clippy::disallowed_methods)] // tests read files

use std::path::{Path, PathBuf};

use agentc_compiler::source::{NoFiles, World, WorldError};
use agentc_compiler::{Options, compile};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files beside a program.
struct Folder(PathBuf);

impl World for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        std::fs::read(self.0.join(path)).map_err(|error| WorldError { message: error.to_string() })
    }
}

/// What is found, in a line each; `None` if it is no program.
fn findings(name: &str, text: &str, world: &dyn World) -> Option<String> {
    let compiled = compile(name, text.as_bytes(), world, &Options::default());
    compiled.program?;
    Some(compiled.diags.iter().map(|d| format!("{name}: {} {}\n", d.code, d.message)).collect())
}

#[test]
fn examples_have_no_findings() {
    let folder = root().join("examples");
    let (mut report, mut count) = (String::new(), 0);
    for entry in std::fs::read_dir(&folder).expect("the examples are readable") {
        let path = entry.expect("the examples are readable").path();
        if path.extension().is_some_and(|e| e == "agent") {
            let text = std::fs::read_to_string(&path).expect("an example is text");
            let name = path.display().to_string();
            report += &findings(&name, &text, &Folder(folder.clone())).unwrap_or(format!("{name}: errors\n"));
            count += 1;
        }
    }
    assert!(report.is_empty() && count > 5, "{count}\n{report}");
}

#[test]
fn whole_programs_in_the_documents_have_no_findings() {
    let (mut report, mut count) = (String::new(), 0);
    for page in ["README.md", "grammar/README.md"] {
        let text = std::fs::read_to_string(root().join(page)).expect("the page is readable");
        for block in text.split("\n```\n").skip(1).step_by(2).filter(|block| is_program(block)) {
            let found = findings(page, block, &NoFiles);
            count += usize::from(found.is_some());
            report += &found.unwrap_or_default();
        }
    }
    assert!(report.is_empty() && count >= 2, "{count}\n{report}");
}

/// Drawings and forms stand in the same kind of block; a program generates.
fn is_program(block: &str) -> bool {
    block.contains("{{ gen") || block.contains("assistant gen") || block.contains("{{ select")
}
