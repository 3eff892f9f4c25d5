//! For any input whatever: no panic, spans within the file, a program if and only if there is no error.

mod common;

use agentc_compiler::{Options, compile, ir, lex};
use common::Files;

/// A small generator of numbers (xorshift), so that failures can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap_or(0)
    }
}

fn check(bytes: &[u8]) {
    check_among(bytes, &Files::default());
}

fn check_among(bytes: &[u8], files: &Files) {
    let compiled = compile("main.agent", bytes, files, &Options::default());
    let failed = compiled.diags.iter().any(|d| d.is_error());
    let shown = String::from_utf8_lossy(bytes);
    assert_eq!(compiled.program.is_none(), failed, "{shown}");
    for diag in &compiled.diags {
        let len = compiled.sources.get(diag.span.file).map_or(0, |source| source.text.len());
        assert!(diag.span.start <= diag.span.end && diag.span.end as usize <= len, "{shown}");
        assert!(diag.hint.is_some() && !diag.message.is_empty(), "{shown}");
    }
    if let Some(program) = compiled.program {
        ir::validate(&program).unwrap_or_else(|e| panic!("{e}\n{shown}"));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        check_tokens(text);
    }
}

/// Tokens cover every byte, in order.
fn check_tokens(text: &str) {
    let mut at = 0;
    for token in lex::lex(0, text).tokens {
        assert_eq!(token.start, at, "{text}");
        assert!(token.end > token.start && text.is_char_boundary(token.end), "{text}");
        at = token.end;
    }
    assert_eq!(at, text.len(), "{text}");
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
            check_among(&bytes[..end], &case.files);
        }
    }
}

#[test]
fn programs_with_a_token_removed_or_doubled() {
    let mut random = Random(7);
    for case in common::cases() {
        let tokens = lex::lex(0, &case.text).tokens;
        for _ in 0..40 {
            let token = tokens[random.below(tokens.len())];
            let without = format!("{}{}", &case.text[..token.start], &case.text[token.end..]);
            check_among(without.as_bytes(), &case.files);
            let twice = format!("{}{}", &case.text[..token.end], &case.text[token.start..]);
            check_among(twice.as_bytes(), &case.files);
            let other = SOUP[random.below(SOUP.len())];
            let other = format!("{}{other}{}", &case.text[..token.start], &case.text[token.end..]);
            check_among(other.as_bytes(), &case.files);
        }
    }
}
