//! The programs in the documents and the examples are correct: no findings, or exactly those that they show.
//!
//! A block of code begins with its language. Below ```` ```agent ```` stands a program without findings, below
//! ```` ```agent E0201 ```` one that shows this finding. `` `lib.agent`: `` above a block makes it a file of the
//! program before it, and `` With `--agent NAME`: `` chooses the entry point of the program below.
#![allow(clippy::disallowed_methods)] // tests read files

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use agentc_compiler::source::{World, WorldError};
use agentc_compiler::{Options, compile};
use common::Files;

/// What blocks of code may be in.
const LANGUAGES: [&str; 6] = ["agent", "console", "json", "rust", "sh", "text"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The names of a folder's files, in order.
fn names(folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join(folder)).expect("the folder is readable");
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("it is readable").file_name();
    entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).expect("the page is readable")
}

/// The files beside a program.
struct Folder(PathBuf);

impl World for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        std::fs::read(self.0.join(path)).map_err(|error| WorldError { message: error.to_string() })
    }
}

/// A block of code.
#[derive(Debug)]
struct Block {
    /// Where it begins, from 1.
    line: usize,
    /// What stands after its fence.
    info: String,
    /// The last line above it that is not blank.
    above: String,
    text: String,
}

impl Block {
    /// The file that it is, if it is part of another program.
    fn path(&self) -> Option<&str> {
        self.above.strip_prefix('`')?.strip_suffix("`:")
    }

    fn agent(&self) -> Option<String> {
        Some(self.above.strip_prefix("With `--agent ")?.strip_suffix("`:")?.to_owned())
    }

    /// The codes that it says it shows; `None` if it is no program of its own.
    fn codes(&self) -> Option<Vec<&str>> {
        let codes = self.info.strip_prefix("agent").filter(|_| self.path().is_none())?;
        Some(codes.split_whitespace().collect())
    }
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let (mut above, mut open) = (String::new(), None::<(&str, Block)>);
    for (line, content) in (1..).zip(page.lines()) {
        let info = content.trim_start_matches('`');
        let fence = &content[..content.len() - info.len()];
        match open.take() {
            Some((own, block)) if fence == own && info.is_empty() => blocks.push(block),
            Some((own, mut block)) => {
                block.text += &format!("{content}\n");
                open = Some((own, block));
            }
            None if fence.len() >= 3 => {
                let (info, above) = (info.to_owned(), std::mem::take(&mut above));
                open = Some((fence, Block { line, info, above, text: String::new() }));
            }
            None if content.is_empty() => {}
            None => content.clone_into(&mut above),
        }
    }
    assert!(open.is_none(), "a block of code is not closed");
    blocks
}

/// The findings of a program by their codes, with the files that follow it.
fn found(block: &Block, files: &[Block]) -> Vec<(&'static str, String)> {
    let files = files.iter().map_while(|file| Some((file.path()?, file.text.as_str())));
    // What `tests/mistakes` may import.
    let shots = ("shots.agent", "fn examples() { user \"2 + 2?\" assistant \"4\" }");
    let files: Vec<(&str, &str)> = files.chain([shots]).collect();
    let options = Options { agent: block.agent(), ..Options::default() };
    let compiled = compile("main.agent", block.text.as_bytes(), &Files::of(&files), &options);
    compiled.diags.into_iter().map(|diag| (diag.code, diag.message)).collect()
}

#[test]
fn programs_in_the_documents_have_the_findings_that_they_show() {
    let docs = names("docs").into_iter().map(|name| format!("docs/{name}"));
    let pages = ["README.md".to_owned(), "grammar/README.md".to_owned()].into_iter().chain(docs);
    let (mut report, mut count) = (String::new(), 0);
    for page in pages.filter(|page| page.ends_with(".md")) {
        let blocks = blocks(&read(&page));
        for (at, block) in blocks.iter().enumerate() {
            let language = block.info.split(' ').next().unwrap_or_default();
            assert!(LANGUAGES.contains(&language), "{page}:{}: in what is this block?", block.line);
            let Some(codes) = block.codes() else { continue };
            let found = found(block, &blocks[at + 1..]);
            if found.iter().map(|(code, _)| *code).ne(codes.iter().copied()) {
                report += &format!("{page}:{}: it says {codes:?}, but has {found:?}\n", block.line);
            }
            count += 1;
        }
    }
    assert!(report.is_empty() && count > 300, "{count} programs\n{report}");
}

#[test]
fn examples_have_no_findings() {
    let folder = root().join("examples");
    for name in names("examples").iter().filter(|name| name.ends_with(".agent")) {
        let text = read(&format!("examples/{name}"));
        let compiled = compile(name, text.as_bytes(), &Folder(folder.clone()), &Options::default());
        assert!(compiled.program.is_some() && compiled.diags.is_empty(), "{name}: {:#?}", compiled.diags);
    }
}

#[test]
fn the_index_of_the_examples_is_complete() {
    let index = read("examples/README.md");
    let links = index.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let mut linked: Vec<&str> = links.filter(|link| !link.contains('/')).collect();
    linked.sort_unstable();
    let mut files = names("examples");
    assert!(files.remove("README.md"));
    assert_eq!(linked, files.iter().map(String::as_str).collect::<Vec<_>>());
}
