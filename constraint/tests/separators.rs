//! Line and paragraph separators, which `.` does not match in JSON Schema: a token may end within one.

use std::sync::Arc;

use agentc_constraint::spec::Spec;
use agentc_constraint::{Constraint, Limits, Matcher, Vocab, build};

/// All bytes, and enough other characters that begin as separators do.
fn vocab() -> Vocab {
    let bytes = (0..=255u8).map(|byte| vec![byte]);
    let others = ["\u{2010}", "\u{2011}", "\u{2013}", "\u{2020}", "\u{2211}", "\u{2211}x", "ab", "a\u{2028}"];
    let tokens: Vec<_> = bytes.chain(others.map(Vec::from)).map(Some).collect();
    Vocab::new(&tokens, &[]).expect("a vocabulary")
}

/// Whether each token may begin a text, and whether some text that begins with it is in the pattern.
fn compare(pattern: &str, can_begin: impl Fn(&[u8]) -> bool) {
    let vocab = Arc::new(vocab());
    let spec = Spec::JsonOf { value: Box::new(Spec::Regex { pattern: pattern.into() }) };
    let pattern = build(&spec, &[], &Limits::default()).expect("a pattern");
    let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
    let mut matcher = Matcher::new(&constraint, b"", 1000).expect("a beginning");
    matcher.commit(u32::from(b'"')).expect("a quote");
    let mask = matcher.mask().expect("a mask");
    for token in 0..vocab.len() as u32 {
        let text = vocab.bytes(token);
        assert_eq!(mask.contains(&vocab, token), can_begin(text), "{:?}", text.escape_ascii().to_string());
    }
}

fn begins_any(texts: &[&str], token: &[u8]) -> bool {
    texts.iter().any(|text| text.as_bytes().starts_with(token) || token.starts_with(text.as_bytes()))
}

#[test]
fn where_nothing_else_may_come() {
    compare(r"[\x{7f}\x{2028}]", |token| begins_any(&["\u{7f}\"", "\u{2028}\""], token));
    compare(r"a?\x{2029}", |token| begins_any(&["\u{2029}\"", "a\u{2029}\""], token));
}

#[test]
fn where_all_others_may_come() {
    for pattern in [r"[^\n\r\x{2028}\x{2029}]{1,9}", r"[^\n\r\x{2028}\x{2029}]+"] {
        compare(pattern, |token| match std::str::from_utf8(token) {
            Ok(text) => {
                text.chars().all(|c| !c.is_control() || c == '\u{7f}') && !text.contains(['"', '\u{2028}'])
            }
            // Continuations do not begin a character.
            Err(_) => matches!(token, [0xc2..=0xf4]),
        });
    }
}
