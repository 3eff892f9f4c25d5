//! `docs/diagnostics.md` shows each code by a program that has it, and by the same program, corrected.
//!
//! The programs are `tests/diagnostics/CODE.agent`; the README there says what these files hold.
#![allow(clippy::disallowed_methods)] // tests read files

mod common;

use common::Files;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use agentc_compiler::diag::Diag;
use agentc_compiler::{Compiled, Limits, Options, codes, compile, fmt};

/// What codes of one beginning are about.
const GROUPS: [(&str, &str); 14] = [
    ("E00", "Text and syntax"),
    ("E01", "Names"),
    ("E02", "Types and values"),
    ("E03", "Effects and the flow of control"),
    ("E04", "Generations"),
    ("E05", "Agents and models"),
    ("E06", "Files"),
    ("E07", "Tools"),
    ("W00", "Slips"),
    ("W01", "Code that does nothing"),
    ("W02", "Chats"),
    ("W03", "Constraints that do nothing"),
    ("W04", "Sizes"),
    ("W05", "Not supported yet"),
];

const INTRO: &str = "\
# Diagnostics

Every finding of `agentc check` has a code that never changes its meaning, a place, and a hint that says what to write
instead. Errors (`E…`) keep a program from running. Warnings (`W…`) let it run, though it probably does not mean what it
says. Errors at run time begin with `R`, and are not listed here.

A comment silences one warning, on its own line or, if it stands alone, on the next line of code. It says why:

```agent
input name: str
# allow W0001: the model is to keep the placeholder
user \"Write a letter that begins with: Dear {name}\"
assistant gen letter
print letter | replace(\"{name}\", name)
```

Names that begin with `_` are meant to be unused, and need no comment. Errors cannot be silenced.

Each code is shown by a program that has it, with the line and column of the finding, and by the same program, corrected.
";

/// A program, and what stands beside it.
#[derive(Debug, Default)]
struct Program {
    text: String,
    agent: Option<String>,
    files: Vec<(String, String)>,
}

impl Program {
    fn compile(&self) -> Compiled {
        let files: Vec<(&str, &str)> = self.files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
        let options = Options { agent: self.agent.clone(), ..Options::default() };
        compile("main.agent", self.text.as_bytes(), &Files::of(&files), &options)
    }

    /// As the page shows it, with the code that it has.
    fn shown(&self, code: &str) -> String {
        let mut out = String::new();
        if let Some(agent) = &self.agent {
            writeln!(out, "With `--agent {agent}`:\n").expect("it can be written");
        }
        writeln!(out, "{}\n{}```", format!("```agent {code}").trim_end(), self.text)
            .expect("it can be written");
        for (path, text) in &self.files {
            let language = match path.rsplit('.').next() {
                Some("txt") => "text",
                Some(language) => language,
                None => "text",
            };
            writeln!(out, "\n`{path}`:\n\n```{language}\n{text}```").expect("it can be written");
        }
        out
    }
}

/// The two programs of a file of `tests/diagnostics`.
fn programs(file: &str) -> (Program, Program) {
    let (mut bad, mut good) = (Program::default(), Program::default());
    for part in file.strip_prefix("## ").unwrap_or_default().split("\n## ") {
        let (head, text) = part.split_once('\n').unwrap_or((part, ""));
        let text = format!("{}\n", text.trim_end_matches('\n'));
        let (which, path) =
            head.split_once("file ").map_or((head, None), |(which, path)| (which, Some(path)));
        for (program, name) in [(&mut bad, "bad"), (&mut good, "good")] {
            match (path, which.strip_prefix(name)) {
                (Some(path), found) if found.is_some() || which.is_empty() => {
                    program.files.push((path.to_owned(), text.clone()));
                }
                (None, Some(options)) => {
                    program.text.clone_from(&text);
                    program.agent = options.strip_prefix(" --agent ").map(str::to_owned);
                }
                _ => {}
            }
        }
    }
    (bad, good)
}

/// Programs that cannot be shown: how each has its code, and its text.
fn unseen() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let nest = "[".repeat(257) + &"]".repeat(257);
    let chain = "1".to_owned() + &" + 1".repeat(500);
    let constants: String = (0..256).map(|i| format!("const C{i} = upper(C{})\n", i + 1)).collect();
    let constants = format!("{constants}const C256 = upper(\"x\")\nprint C0");
    let imports: String = (0..1000).map(|i| format!("import \"{i}.agent\" as a{i}\n")).collect();
    vec![
        ("E0001", "Any image or archive has it.", b"\x7fELF\xff".to_vec()),
        ("E0002", "Any file of more than 8 MiB has it.", vec![b' '; Limits::default().source + 1]),
        ("E0003", "A list in a list, 257 times over, has it.", format!("print {nest}").into_bytes()),
        ("E0004", "A sum of 501 numbers has it.", format!("print {chain}").into_bytes()),
        ("E0026", "Files of old editors have it, at each of their lines.", b"print 1\rprint 2".to_vec()),
        ("W0121", "A chain of 257 constants that are computed has it.", constants.into_bytes()),
        ("E0603", "A program of 1000 imports has it.", imports.into_bytes()),
    ]
}

/// The only finding of a program, which has to have this code.
fn only(code: &str, compiled: &Compiled) -> Diag {
    let [diag] = compiled.diags.as_slice() else { panic!("{code}: {:#?}", compiled.diags) };
    assert_eq!(diag.code, code, "{diag:#?}");
    assert!(diag.hint.is_some(), "{diag:#?}");
    diag.clone()
}

/// A finding as a quotation: where, what, and the hint.
fn quoted(compiled: &Compiled, diag: &Diag, with_place: bool) -> String {
    let mut place = String::new();
    if let Some((source, from, _)) = compiled.sources.locate(diag.span).filter(|_| with_place) {
        let file = if source.name == "main.agent" { String::new() } else { format!("{}:", source.name) };
        place = format!("**{file}{}:{}** ", from.line, from.column);
    }
    let hint = markdown(diag.hint.as_deref().unwrap_or_default());
    format!("> {place}{}  \n> *Hint:* {hint}\n", markdown(&diag.message))
}

/// A text that Markdown shows as it is: its backticks alone mean something.
fn markdown(text: &str) -> String {
    let mut out = String::new();
    let mut code = false;
    for sign in text.chars() {
        code ^= sign == '`';
        if !code && matches!(sign, '\\' | '*' | '_' | '<') {
            out.push('\\');
        }
        out.push(sign);
    }
    out
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/diagnostics")
}

/// The part of the page about one code.
fn entry(code: &str) -> String {
    if let Some((_, how, bytes)) = unseen().into_iter().find(|(unseen, ..)| *unseen == code) {
        let compiled = compile("main.agent", &bytes, &Numbered, &Options::default());
        let diag = only(code, &compiled);
        return format!("{how}\n\n{}", quoted(&compiled, &diag, false));
    }
    let file = std::fs::read_to_string(folder().join(format!("{code}.agent")));
    let (bad, good) = programs(&file.unwrap_or_else(|e| panic!("{code}: {e}")));
    for text in [&bad.text, &good.text] {
        assert!(!text.trim().is_empty(), "{code}");
        assert!(
            fmt::format(0, text, &Limits::default()).is_ok_and(|set| set == *text) || code.starts_with("E00"),
            "{code}"
        );
    }
    let mended = good.compile();
    assert!(mended.diags.is_empty(), "{code}: {:#?}", mended.diags);
    let compiled = bad.compile();
    let diag = only(code, &compiled);
    format!("{}\n{}\nCorrected:\n\n{}", bad.shown(code), quoted(&compiled, &diag, true), good.shown(""))
}

/// A world of files `0.agent`, `1.agent`, ….
struct Numbered;

impl agentc_compiler::source::World for Numbered {
    fn read(&self, _: &str) -> Result<Vec<u8>, agentc_compiler::source::WorldError> {
        Ok(b"const A = 1".to_vec())
    }
}

#[test]
fn the_page_shows_every_code() {
    let mut page = INTRO.to_owned();
    let example = INTRO
        .split("```agent\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("the introduction has an example");
    let compiled = Program { text: example.to_owned(), ..Program::default() }.compile();
    assert!(compiled.program.is_some() && compiled.diags.is_empty(), "{:#?}", compiled.diags);
    for (beginning, about) in GROUPS {
        write!(page, "\n## {about}\n").expect("it can be written");
        for (code, title, explanation) in codes().iter().filter(|c| c.0.starts_with(beginning)) {
            let entry = entry(code);
            write!(page, "\n### {code}: {}\n\n{}\n\n{entry}", markdown(title), markdown(explanation))
                .expect("it can be written");
        }
    }
    let path = folder().join("../../docs/diagnostics.md");
    if std::env::var_os("AGENTC_BLESS").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).expect("the page is readable");
    let lines = page.lines().zip(written.lines()).position(|(a, b)| a != b);
    assert!(page == written, "docs/diagnostics.md differs from line {lines:?} on: set AGENTC_BLESS=1");
}

#[test]
fn there_is_a_program_for_each_code_that_can_be_shown_and_for_nothing_else() {
    let mut files: Vec<String> = std::fs::read_dir(folder())
        .expect("the programs are readable")
        .map(|entry| entry.expect("the programs are readable").file_name().to_string_lossy().into_owned())
        .filter(|name| name != "README.md")
        .collect();
    files.sort();
    let unseen = unseen();
    let shown = codes().iter().filter(|code| unseen.iter().all(|(unseen, ..)| unseen != &code.0));
    let mut wanted: Vec<String> = shown.map(|code| format!("{}.agent", code.0)).collect();
    wanted.sort();
    assert_eq!(files, wanted);
    assert!(codes().iter().all(|code| GROUPS.iter().any(|(beginning, _)| code.0.starts_with(beginning))));
}
