//! Fixes: each applies, takes its finding away and brings no other error; and what is safe to apply makes of what
//! newcomers write what they meant.
//!
//! The programs are those of `tests/mistakes`, `tests/diagnostics` and `tests/suite`.
#![allow(clippy::disallowed_methods)] // tests read files

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use agentc_compiler::diag::{Diag, apply};
use agentc_compiler::fix::{Fixed, Wanted, fix};
use agentc_compiler::{Compiled, Limits, Options, compile, fmt, ir};
use common::random::Random;
use common::{Files, cases};

/// Mistakes that are fixed otherwise than `tests/mistakes` corrects them, with the reason.
const OTHERWISE: &[(&str, &str)] = &[
    ("Triple single quotes", "the lines stay where they are, and the corrected ones are indented"),
    ("Rust: `_` for all the rest", "the commas between the arms stay"),
    ("Python: `case` in a `match`", "the commas between the arms stay"),
    ("`gen` called like a function", "the corrected one writes the generation into the text before it"),
    ("Tools joined by `,`", "the corrected one allows a warning"),
];

/// Findings whose fixes show an error that could not be seen before, each by its message, with the reason.
const SHOWING: &[(&str, &str, &str)] = &[
    (
        "errors-of-the-program-try/bindings",
        "there is no `e`",
        "the nearest name is that of a value that may not be there",
    ),
    ("files-and-text/signs", "`||` is not an operator", "it stands between numbers, where `or` is no better"),
    ("statements/lost-uses", "`elif` is not a statement", "its condition holds an unknown name"),
    (
        "Python: `def … :`",
        "`def` is not a statement",
        "the `:` is told once the word is right, and fixed then",
    ),
    ("words/habits", "a loop has one variable, without brackets", "the loop goes over a number"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn texts(folder: &str, extension: &str) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(root().join(folder)).expect("the folder is readable");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it is readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == extension));
    paths.sort();
    let name = |path: &PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), std::fs::read_to_string(path).expect("a text"))).collect()
}

/// What newcomers get wrong: its title, the wrong program and the right one.
fn mistakes() -> Vec<(String, String, String)> {
    let areas = texts("tests/mistakes", "txt");
    let all = areas.iter().flat_map(|(_, text)| text.split("\n== ").skip(1));
    let split = |text: &str| {
        let (title, programs) = text.split_once('\n').expect("programs follow a title");
        let (wrong, right) = programs.split_once("\n--\n").expect("a right program");
        (title.to_owned(), wrong.to_owned(), right.trim().to_owned())
    };
    all.map(split).collect()
}

/// The programs of `tests/diagnostics`, each by its code and its heading, with the files that stand beside it.
fn diagnostics() -> Vec<(String, String, Files)> {
    let mut out = Vec::new();
    for (code, text) in texts("tests/diagnostics", "agent") {
        let text = format!("\n{text}");
        let parts: Vec<(&str, &str)> =
            text.split("\n## ").skip(1).map(|part| part.split_once('\n').unwrap_or((part, ""))).collect();
        for wanted in ["bad", "good"] {
            let of = |head: &str| {
                head.strip_prefix(wanted)
                    .map_or(head, str::trim_start)
                    .strip_prefix("file ")
                    .map(str::to_owned)
            };
            let beside = parts.iter().filter_map(|(head, text)| Some((of(head)?, text.as_bytes().to_vec())));
            let files = Files(beside.collect());
            let programs = parts.iter().filter(|(head, _)| head.starts_with(wanted) && of(head).is_none());
            out.extend(
                programs.map(|(head, text)| (format!("{code} {head}"), (*text).to_owned(), files.clone())),
            );
        }
    }
    out
}

fn files() -> Files {
    Files::of(&[("shots.agent", "fn examples() { user \"2 + 2?\" assistant \"4\" }")])
}

fn compiled(text: &str, files: &Files) -> Compiled {
    compile("main.agent", text.as_bytes(), files, &Options::default())
}

fn counts(diags: &[Diag]) -> BTreeMap<(&str, &str), usize> {
    let mut out = BTreeMap::new();
    for diag in diags.iter().filter(|diag| diag.is_error()) {
        *out.entry((diag.code, diag.message.as_str())).or_insert(0) += 1;
    }
    out
}

/// What is wrong with the fixes of a program, in words.
fn faults(title: &str, text: &str, files: &Files) -> String {
    let mut report = String::new();
    let before = compiled(text, files);
    let showing =
        |diag: &&Diag| SHOWING.iter().any(|(case, message, _)| *case == title && *message == diag.message);
    for diag in before.diags.iter().filter(|diag| diag.span.file == 0 && !showing(diag)) {
        for fix in &diag.fixes {
            let Some(fixed) = apply(text, &fix.edits) else {
                writeln!(report, "{} cannot be applied: {fix:?}", diag.code).expect("it can be written");
                continue;
            };
            let after = compiled(&fixed, files);
            let (was, is) = (counts(&before.diags), counts(&after.diags));
            let others = before.diags.iter().filter(|d| (d.code, &d.message) == (diag.code, &diag.message));
            let left = after.diags.iter().filter(|d| (d.code, &d.message) == (diag.code, &diag.message));
            let worse = is.iter().any(|(error, count)| was.get(error).is_none_or(|was| was < count));
            if worse || left.count() >= others.count() {
                let found: Vec<_> = after.diags.iter().map(|d| (d.code, &d.message)).collect();
                writeln!(
                    report,
                    "{} {}: `{}` leads to {found:?}\n{fixed}\n",
                    diag.code, diag.message, fix.message
                )
                .expect("it can be written");
            }
        }
    }
    report
}

fn run(text: &str, files: &Files, wanted: Wanted) -> Fixed {
    fix("main.agent", text, files, &Options::default(), wanted)
}

fn formatted(text: &str) -> String {
    fmt::format(0, text, &Limits::default()).map_or_else(|_| text.to_owned(), |text| text.trim().to_owned())
}

/// What a program does to its context and says, without the variables that it does it with.
fn meaning(compiled: &Compiled) -> Option<String> {
    let program: &ir::Program = compiled.program.as_ref()?;
    let lines = program.to_string();
    const DOING: [&str; 12] = [
        "text ", "data ", "open ", "close", "gen ", "select ", "call ", "print ", "yield ", "return",
        "fork ", "aside ",
    ];
    let lines =
        lines.lines().filter(|line| DOING.iter().any(|word| line.contains(word)) && !line.contains(": "));
    let plain = |line: &str| {
        let parts = line.replace(" as %", "%");
        parts.split('%').map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit())).collect::<String>()
    };
    Some(lines.map(|line| format!("{}\n", plain(line))).collect())
}

#[test]
fn each_takes_its_finding_away_and_brings_no_error() {
    let mut report = String::new();
    let wrong = mistakes().into_iter().map(|(title, wrong, _)| (title, wrong, files()));
    let coded = diagnostics();
    let suite = cases().into_iter().map(|case| (case.name, case.text, case.files));
    for (title, program, files) in wrong.chain(coded).chain(suite) {
        let faults = faults(&title, &program, &files);
        if !faults.is_empty() {
            writeln!(report, "== {title}\n{faults}").expect("it can be written");
        }
    }
    assert!(report.is_empty(), "{report}");
}

#[test]
fn safe_fixes_make_of_a_mistake_what_was_meant() {
    let (mut report, mut same) = (String::new(), 0);
    for (title, wrong, right) in mistakes() {
        let fixed = run(&wrong, &files(), Wanted::Safe);
        if fixed.done.is_empty() {
            continue;
        }
        let listed = OTHERWISE.iter().any(|(other, _)| *other == title);
        let equal = formatted(&fixed.text) == right;
        same += usize::from(equal);
        if equal == listed {
            writeln!(report, "== {title}\n{}\n", formatted(&fixed.text)).expect("it can be written");
        }
    }
    assert!(report.is_empty() && same >= 40, "{same} are as they are corrected\n{report}");
}

#[test]
fn what_compiled_compiles_and_all_comes_to_an_end() {
    let wrong = mistakes().into_iter().map(|(_, wrong, _)| (wrong, files()));
    let coded = diagnostics().into_iter().map(|(_, program, files)| (program, files));
    let suite = cases().into_iter().map(|case| (case.text, case.files));
    for (text, files) in wrong.chain(coded).chain(suite) {
        let before = compiled(&text, &files);
        for wanted in [Wanted::Safe, Wanted::All] {
            let fixed = run(&text, &files, wanted);
            assert!(!fixed.stopped, "{text}");
            assert!(
                before.program.is_none() || fixed.compiled.program.is_some(),
                "{text}\n--\n{}",
                fixed.text
            );
            let again = run(&fixed.text, &files, wanted);
            assert_eq!(again.text, fixed.text, "{text}");
            if wanted == Wanted::Safe && before.program.is_some() {
                assert_eq!(meaning(&before), meaning(&fixed.compiled), "{text}\n--\n{}", fixed.text);
            }
        }
    }
}

/// A program with a few mistakes in it, where characters and words of any language come and go.
fn broken(text: &str, random: &mut Random) -> String {
    const PARTS: &[&str] = &[
        ";",
        "&&",
        "||",
        "!",
        "===",
        "=",
        ":",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "'",
        "\"",
        "`",
        "{{",
        "}}",
        "//",
        "/*",
        "*/",
        "?",
        ",",
        "->",
        "=>",
        "++",
        "-=",
        " then ",
        " is ",
        "def ",
        "var ",
        "elif ",
        "with ",
        "None",
        "f\"{x}\"",
        "\u{a0}",
        "ä",
        "\n",
        "\r\n",
        "    ",
        "#",
        "@x",
        "$x",
        "lambda x: ",
        "list[str]",
        " or ",
        "import x",
        "# allow W0100: x",
    ];
    let mut text = text.to_owned();
    for _ in 0..=random.below(3) {
        let mut at = random.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        if random.once_in(3) {
            let len = text[at..].chars().next().map_or(0, char::len_utf8);
            text.replace_range(at..at + len, "");
        } else {
            text.insert_str(at, random.of(PARTS));
        }
    }
    text
}

#[test]
fn whatever_is_wrong_is_not_made_worse() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let cases = cases();
    for _ in 0..600 {
        let case = &cases[random.below(cases.len())];
        let text = broken(&case.text, &mut random);
        let before = compiled(&text, &case.files);
        for diag in before.diags.iter().filter(|diag| diag.span.file == 0) {
            for fix in &diag.fixes {
                assert!(apply(&text, &fix.edits).is_some_and(|fixed| fixed != text), "{fix:?}\n{text}");
            }
        }
        let fixed = run(&text, &case.files, Wanted::Safe);
        let (was, is) = (counts(&before.diags), counts(&fixed.compiled.diags));
        let syntax = |errors: &BTreeMap<(&str, &str), usize>| -> usize {
            errors.iter().filter(|((code, _), _)| code.starts_with("E00")).map(|(_, count)| count).sum()
        };
        assert!(syntax(&is) <= syntax(&was) && (is.is_empty() || !was.is_empty()), "{text}");
        let again = run(&fixed.text, &case.files, Wanted::Safe);
        assert!(fixed.stopped || again.text == fixed.text, "{text}\n--\n{}", fixed.text);
    }
}
