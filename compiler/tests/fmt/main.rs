//! The formatter: the program is the same before and after, and formatting it again changes nothing, for
//! every program there is and for many that no one would write; and the resulting layout, in `tests/fmt`.
#![allow(clippy::disallowed_methods)] // tests read files

#[path = "../common/random.rs"]
mod random;

mod mutate;
mod programs;
mod same;

use std::path::{Path, PathBuf};

use agentc_compiler::Limits;
use agentc_compiler::diag::Diag;
use agentc_compiler::fmt::format;
pub(crate) use random::Random;
use same::formatted;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The programs of a folder and those below it.
fn programs(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    collect(&root().join(folder), &mut files);
    files.sort();
    let read = |path: &PathBuf| std::fs::read_to_string(path).expect("a program is text");
    files.iter().map(|path| (path.display().to_string(), read(path))).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the folder is readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "agent") {
            files.push(path);
        }
    }
}

/// Every program in the tree that parses, those in the definition of the language included.
fn everything() -> Vec<String> {
    let page = std::fs::read_to_string(root().join("grammar/README.md")).expect("the page is readable");
    let blocks = page.split("```\n").skip(1).step_by(2).map(str::to_owned);
    let files = ["tests", "examples", "stdlib", "docs"].into_iter().flat_map(programs).map(|(_, text)| text);
    let all: Vec<String> = files.chain(blocks).filter(|text| same::shape(text).is_some()).collect();
    assert!(all.len() > 60, "{} programs", all.len());
    all
}

#[test]
fn every_program_in_the_tree() {
    for text in everything() {
        formatted(&text);
    }
}

#[test]
fn examples_are_formatted() {
    for (name, text) in ["examples", "stdlib"].into_iter().flat_map(programs) {
        assert_eq!(
            format(0, &text, &Limits::default()).expect("an example parses"),
            text,
            "{name}: run `agentc fmt`"
        );
    }
}

/// `tests/fmt/AREA.agent` becomes `tests/fmt/AREA.out`.
#[test]
fn programs_look_as_they_should() {
    let cases = programs("tests/fmt");
    assert!(!cases.is_empty());
    for (name, text) in cases {
        let out = formatted(&text);
        let expected = std::fs::read_to_string(Path::new(&name).with_extension("out")).unwrap_or_default();
        assert!(out == expected, "{name} becomes\n{out}\nand should become\n{expected}");
    }
}

/// The page on formatting shows one program before and after, and then some that are formatted.
#[test]
fn the_page_shows_what_is_done() {
    let page = std::fs::read_to_string(root().join("docs/formatting.md")).expect("the page is readable");
    let blocks = page.split("```agent\n").skip(1).filter_map(|rest| rest.split("```").next());
    let blocks: Vec<&str> = blocks.collect();
    assert!(blocks.len() > 3);
    assert_eq!(formatted(blocks[0]), blocks[1]);
    for block in &blocks[1..] {
        assert_eq!(formatted(block), **block);
    }
}

#[test]
fn random_programs() {
    let (mut random, mut parsed) = (Random(0x2545_F491_4F6C_DD1D), 0);
    for _ in 0..1500 {
        let text = programs::program(&mut random);
        if same::shape(&text).is_some() {
            formatted(&text);
            parsed += 1;
        }
    }
    assert!(parsed > 1000, "{parsed} parsed");
}

/// A key at the end of a line is no block of another language, whatever the key.
#[test]
fn keys_at_ends_of_lines() {
    for text in [
        "user {for:\n  1\n}",
        "assistant {a:\n  1, if:\n  2\n}",
        "system {type\n  : 1\n  while:\n    2\n}",
        "user {\"a b\":\n  1\n  try:\n    2\n}",
        "fn f() { user {for:\n  1\n} }",
    ] {
        formatted(text);
    }
}

/// Whether a comment stands right under one that stands behind code, so that its column matters.
fn has_long_comment(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().collect();
    let alone = |line: &str| line.trim_start().starts_with('#');
    lines.windows(2).any(|two| two[0].find('#') == two[1].find('#') && !alone(two[0]) && alone(two[1]))
}

/// What does not matter to the compiler within a line does not matter to the formatter.
#[test]
fn spaces_within_lines_make_no_difference() {
    let (mut random, mut tried) = (Random(11), 0);
    for text in everything().into_iter().filter(|text| !has_long_comment(text)) {
        let expected = formatted(&text);
        for _ in 0..6 {
            let mutant = mutate::spaces(&mut random, &text);
            if same::shape(&mutant) == same::shape(&text) {
                assert_eq!(formatted(&mutant), expected, "{mutant}");
                tried += 1;
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

#[test]
fn breaks_and_comments_anywhere() {
    let (mut random, mut tried) = (Random(12), 0);
    for text in everything() {
        for _ in 0..10 {
            let mutant = mutate::breaks(&mut random, &text);
            if same::shape(&mutant).is_some() {
                formatted(&mutant);
                tried += 1;
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

#[test]
fn any_input_whatever() {
    let (mut random, mut tried) = (Random(13), 0);
    let mut all = everything();
    all.extend((0..100).map(|_| programs::program(&mut random)));
    for text in all {
        for _ in 0..10 {
            let mutant = mutate::tokens(&mut random, &text);
            let out = format(0, &mutant, &Limits::default());
            if same::shape(&mutant).is_some() {
                formatted(&mutant);
                tried += 1;
            } else if let Err(diags) = out {
                assert!(diags.iter().any(Diag::is_error), "{mutant}");
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

#[test]
fn files_begin_and_end_as_they_should() {
    let cases = [
        ("", ""),
        (" \n\t\n", ""),
        ("\u{FEFF}", ""),
        ("print 1", "print 1\n"),
        ("print 1\n\n\n", "print 1\n"),
        ("\n \nprint 1\r\n", "print 1\n"),
        ("\u{FEFF}print\u{FEFF}1\r\n", "print 1\n"),
        ("# only this", "# only this\n"),
        ("\n\n  # only this  \n\n", "# only this\n"),
        ("print 1 # x\r\n\r\n# y\r\n", "print 1  # x\n\n# y\n"),
        ("\"\"\"\r\n  a\r\n  \"\"\"", "\"\"\"\n  a\n  \"\"\"\n"),
    ];
    for (text, expected) in cases {
        assert_eq!(formatted(text), expected, "{text:?}");
    }
}

/// White space alone in a string may be all that it says.
#[test]
fn strings_that_cannot_move_stay() {
    formatted("if a {\nuser \"\"\" \n  \n\"\"\"\n}");
}

#[test]
fn files_that_do_not_parse_are_refused() {
    for (text, code) in [
        ("let = 1", "E0020"),
        ("print 1\nprint (", "E0012"),
        ("\"{{ a", "E0011"),
        ("let a = 'x'", "E0016"),
        ("if a: print 1", "E0021"),
        (&format!("print {}", "(".repeat(300)), "E0003"),
    ] {
        let found = format(3, text, &Limits::default()).expect_err(text);
        assert_eq!(found[0].code, code, "{text}");
        assert_eq!(found[0].span.file, 3);
    }
}

#[test]
fn what_only_the_checker_refuses_is_formatted() {
    for (text, expected) in [
        ("print   unknown", "print unknown\n"),
        ("let a:int=\"x\"", "let a: int = \"x\"\n"),
        ("\"\\q{{x}}\"", "\"\\q{{ x }}\"\n"),
        ("let a=99999999999999999999", "let a = 99999999999999999999\n"),
        ("while a max 3{b()}", "while a max 3 { b() }\n"),
        (&format!("print {}1", "1 +".repeat(600)), &format!("print {}1\n", "1 + ".repeat(600))),
    ] {
        assert_eq!(formatted(text), expected);
    }
}

/// The language has no regex behind a name; the grammar alone does not see that.
#[test]
fn nothing_is_done_where_lexer_and_grammar_disagree() {
    for text in ["select a  from /b c/\n", "call a: b | c /x  y/"] {
        assert_eq!(format(0, text, &Limits::default()).expect("the grammar takes it"), text);
    }
}

#[test]
fn deep_nests_are_formatted() {
    let nested = |open: &str, inner: &str, close: &str, depth: usize| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    for (open, close) in
        [("(", ")"), ("[\n", "]\n"), ("{a:", "\n}"), ("f(\n\n", ")"), ("if a{", "}else\n{2}")]
    {
        formatted(&format!("print {}", nested(open, "1", close, 250)));
    }
    for (open, close) in [("\"{{", "}}\""), ("\"\"\"\n {{", "}}\n \"\"\"")] {
        formatted(&format!("print {}", nested(open, "1", close, 120)));
    }
    formatted(&nested("if a\n{\n", "print 1\n", "}\n", 250));
    formatted(&format!("print {}1", "- not ".repeat(200)));
}

/// Whoever adds a bracket to the grammar tells `compiler/src/fmt/marks.rs` how it is set, and this test.
#[test]
fn brackets_of_the_grammar_are_known() {
    let grammar =
        std::fs::read_to_string(root().join("grammar/agent.pest")).expect("the grammar is readable");
    let rules =
        grammar.split("\n\n").flat_map(|part| part.split("}\n")).filter_map(|rule| rule.split_once('='));
    let opens = |body: &str| {
        // A look ahead takes nothing.
        let body = body.replace("!lbrace ", "");
        ["lparen ", "lbracket ", "lbrace ", "\"(\" ~", "\"[\" ~"].iter().any(|b| body.contains(b))
    };
    let found: Vec<&str> = rules.filter(|(_, body)| opens(body)).map(|(name, _)| name.trim()).collect();
    let known = [
        "import_item",
        "params",
        "capability",
        "test_with",
        "block",
        "match_stmt",
        "append",
        "list_suffix",
        "bounds",
        "type_fn",
        "type_paren",
        "record_type",
        "call_args",
        "index",
        "lambda_head",
        "lambda_mark",
        "list",
        "record",
        "computed",
        "paren",
        "branch",
        "match_expr",
    ];
    assert_eq!(found, known);
}
