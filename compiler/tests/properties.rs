//! For any input: no panic, spans within the file, and a program if and only if there is no error.

#![allow(dead_code, missing_docs, unreachable_pub)] // of the fuzz targets' properties one is used

mod common;
#[path = "../../fuzz/src/lib.rs"]
mod properties;

use agentc_compiler::Limits;
use agentc_compiler::lex;
use agentc_compiler::source::NoFiles;
use common::random::Random;

fn check(bytes: &[u8]) {
    properties::text(bytes, &NoFiles);
}

#[test]
fn random_bytes() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..3000 {
        let len = random.below(60);
        let bytes: Vec<u8> = (0..len).map(|_| (random.next() % 256) as u8).collect();
        check(&bytes);
        let ascii: Vec<u8> = bytes.iter().map(|b| b % 96 + 32).collect();
        check(&ascii);
    }
}

const SOUP: &[&str] = &[
    "let",
    "x",
    "y",
    "=",
    "+=",
    "1",
    "2.5",
    "\"",
    "\"\"\"",
    "{{",
    "}}",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "gen",
    "select",
    "from",
    "by",
    "with",
    "max",
    "stop",
    ",",
    ":",
    "|",
    "..",
    ".",
    "/a/",
    "/",
    "-",
    "+",
    "*",
    "==",
    "not",
    "and",
    "in",
    "if",
    "else",
    "for",
    "repeat",
    "as",
    "break",
    "return",
    "fn",
    "agent",
    "type",
    "const",
    "input",
    "user",
    "system",
    "assistant",
    "tool",
    "model",
    "str",
    "int",
    "json",
    "?",
    "??",
    "->",
    "\n",
    "\n",
    " ",
    " ",
    "#",
    "\\",
    "'",
    "é",
    "len",
    "f",
    "true",
    "null",
    "test",
    "import",
    "while",
    "try",
    "fork",
    "aside",
    "yield",
    "print",
    "expect",
    "fail",
    "call",
];

#[test]
fn token_soups() {
    let mut random = Random(42);
    for _ in 0..12_000 {
        let len = random.below(40);
        let mut text = String::new();
        for _ in 0..len {
            text.push_str(SOUP[random.below(SOUP.len())]);
            if random.below(3) > 0 {
                text.push(' ');
            }
        }
        check(text.as_bytes());
    }
}

#[test]
fn truncated_programs() {
    for case in common::cases() {
        let bytes = case.text.as_bytes();
        for end in 0..bytes.len() {
            properties::text(&bytes[..end], &case.files);
        }
    }
}

#[test]
fn programs_with_a_token_removed_or_doubled() {
    let mut random = Random(7);
    for case in common::cases() {
        let tokens = lex::lex(0, &case.text, &Limits::default()).tokens;
        for _ in 0..40 {
            let token = tokens[random.below(tokens.len())];
            let without = format!("{}{}", &case.text[..token.start], &case.text[token.end..]);
            properties::text(without.as_bytes(), &case.files);
            let twice = format!("{}{}", &case.text[..token.end], &case.text[token.start..]);
            properties::text(twice.as_bytes(), &case.files);
            let other = SOUP[random.below(SOUP.len())];
            let other = format!("{}{other}{}", &case.text[..token.start], &case.text[token.end..]);
            properties::text(other.as_bytes(), &case.files);
        }
    }
}
