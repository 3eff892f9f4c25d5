//! Patterns with bounds on their length against their definition, by enumeration: which texts are values,
//! what may follow each of their prefixes, and how few tokens are enough.

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use agentc_constraint::spec::Spec;
use agentc_constraint::{BuildError, Commit, Constraint, Limits, Matcher, Next, Vocab, build};
use support::{Greedy, Random};

/// A character each: of one byte, of two and three, one that is escaped with a letter, one with four digits.
const ALPHABET: &[&str] = &["a", "b", "é", "€", "\n", "\u{1}"];
const LONGEST: usize = 6;

fn below(random: &mut Random, n: usize) -> usize {
    random.below(n as u64) as usize
}

/// A small expression, whose values are short or can be.
fn expression(random: &mut Random, depth: u32) -> String {
    match random.below(if depth == 0 { 3 } else { 8 }) {
        0 => (*random.pick(&["a", "b", "é", "€", r"\n", r"\x01"])).to_owned(),
        1 => (*random.pick(&["[ab]", "[^a]", ".", "[é€]"])).to_owned(),
        2 => "ab".to_owned(),
        3 => format!("(?:{}|{})", expression(random, depth - 1), expression(random, depth - 1)),
        4 => format!("(?:{})*", expression(random, depth - 1)),
        5 => format!("(?:{}){{2}}", expression(random, depth - 1)),
        _ => format!("{}{}", expression(random, depth - 1), expression(random, depth - 1)),
    }
}

/// All values within the bounds that have no other characters, as they are written in JSON.
fn values(pattern: &str, min: usize, max: usize) -> BTreeSet<String> {
    let regex = regex::Regex::new(&format!("^(?:{pattern})$")).expect("a regex");
    let mut texts = vec![String::new()];
    let mut values = BTreeSet::new();
    while let Some(text) = texts.pop() {
        let length = text.chars().count();
        if length >= min && regex.is_match(&text) {
            values.insert(serde_json::to_string(&text).expect("a string"));
        }
        if length < max {
            texts.extend(ALPHABET.iter().map(|c| format!("{text}{c}")));
        }
    }
    values
}

/// Tokens that are pieces of values, and single bytes: all of them, or those that the values have.
fn vocabulary(random: &mut Random, values: &BTreeSet<String>, every_byte: bool) -> Vec<Option<Vec<u8>>> {
    let mut tokens: BTreeSet<Vec<u8>> = BTreeSet::new();
    let all: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
    for _ in 0..12 {
        let value = *random.pick(&all);
        let from = below(random, value.len());
        let to = (from + 1 + below(random, 5)).min(value.len());
        tokens.insert(value[from..to].to_vec());
    }
    match every_byte {
        true => tokens.extend((0..=255).map(|byte| vec![byte])),
        false => tokens.extend(all.iter().flat_map(|value| value.iter()).map(|&byte| vec![byte])),
    }
    tokens.into_iter().map(Some).chain([None]).collect()
}

struct Case {
    constraint: Arc<Constraint>,
    tokens: Vec<Option<Vec<u8>>>,
    values: BTreeSet<String>,
    shown: String,
}

/// A pattern with bounds that some value of the alphabet satisfies, and a vocabulary.
fn case(seed: u64) -> Option<Case> {
    let mut random = Random::new(seed);
    let pattern = expression(&mut random, 3);
    let min = below(&mut random, 4);
    let max = min + below(&mut random, LONGEST + 1 - min);
    let values = values(&pattern, min, max);
    let schema = serde_json::json!({
        "type": "string", "pattern": format!("^(?:{pattern})$"), "minLength": min, "maxLength": max,
    });
    let spec = Spec::Schema { schema: schema.to_string() };
    let built = build(&spec, &[], &Limits::default());
    if values.is_empty() {
        return None;
    }
    let tokens = vocabulary(&mut random, &values, seed.is_multiple_of(2));
    let vocab = Arc::new(Vocab::new(&tokens, &[tokens.len() as u32 - 1]).expect("a vocabulary"));
    let constraint = Constraint::new(built.expect("it has values"), vocab, Limits::default());
    Some(Case { constraint, tokens, values, shown: format!("{pattern:?} with {min} to {max} characters") })
}

/// Whether a text over the alphabet begins some value. Others are not enumerated.
fn begins(values: &BTreeSet<String>, text: &[u8]) -> bool {
    values.iter().any(|value| value.as_bytes().starts_with(text))
}

/// Whether a text can be made of bytes that the values of the alphabet have, so that their enumeration decides.
fn is_enumerated(text: &[u8]) -> bool {
    let known: BTreeSet<u8> =
        ALPHABET.iter().flat_map(|c| serde_json::to_string(c).expect("a string").into_bytes()).collect();
    text.iter().all(|byte| known.contains(byte))
}

#[test]
fn masks_are_those_of_the_definition() {
    let (mut cases, mut checked) = (0, 0);
    for case in (0..400).filter_map(case) {
        cases += 1;
        let mut random = Random::new(cases);
        for _ in 0..3 {
            let mut matcher = Matcher::new(&case.constraint, b"", 1000).expect("a matcher");
            let mut text = Vec::new();
            loop {
                let mask = matcher.mask().expect("a mask");
                let mut good = Vec::new();
                for (id, token) in case.tokens.iter().enumerate() {
                    let Some(token) = token else { continue };
                    let after = [&text[..], token].concat();
                    // What is complete may be followed by anything.
                    let complete = (text.len()..after.len()).any(|to| {
                        std::str::from_utf8(&after[..to]).is_ok_and(|value| case.values.contains(value))
                    });
                    let expected = complete || begins(&case.values, &after);
                    let got = mask.contains(case.constraint.vocab(), id as u32);
                    // `.` and `[^a]` have more characters than the alphabet.
                    if expected || is_enumerated(&after) && !case.shown.contains(['.', '^']) {
                        let shown = (String::from_utf8_lossy(token), String::from_utf8_lossy(&text));
                        assert_eq!(got, expected, "{shown:?} of {}", case.shown);
                        checked += 1;
                    }
                    if expected {
                        good.push((id as u32, token));
                    }
                }
                if good.is_empty() {
                    break;
                }
                let &(id, token) = random.pick(&good);
                if matcher.commit(id).expect("a token of the mask") == Commit::Done {
                    break;
                }
                text.extend(token);
            }
        }
    }
    assert!(cases > 150 && checked > 25_000, "only {cases} cases and {checked} answers");
}

#[test]
fn budgets_are_kept() {
    let mut done = 0;
    for (seed, case) in (0..300).filter_map(case).enumerate() {
        let mut random = Random::new(seed as u64);
        for _ in 0..4 {
            let max = 1 + random.below(12) as u32;
            let Ok(mut matcher) = Matcher::new(&case.constraint, b"", max) else { continue };
            let tokenizer = Greedy(case.constraint.vocab());
            loop {
                match matcher.next(&tokenizer).expect("a way on") {
                    Next::Done => break,
                    Next::Choose => {
                        let mask = matcher.mask().expect("a mask");
                        let allowed: Vec<u32> = mask.iter(case.constraint.vocab()).collect();
                        matcher.commit(*random.pick(&allowed)).expect("a token of the mask");
                    }
                    Next::Forced(_) => {}
                }
            }
            let value = matcher.finish(&tokenizer).expect("a value");
            let shown = String::from_utf8_lossy(&value.value);
            assert!(case.constraint.pattern().is_match(&value.value), "{shown:?} is not {}", case.shown);
            assert!(value.value_tokens <= max as usize, "{shown:?} has more than {max} tokens");
            done += 1;
        }
    }
    assert!(done > 300, "only {done} generations");
}

#[test]
fn bounds_of_hundreds_beside_large_sets_are_exact() {
    let schema = r#"{"type": "string", "format": "uri", "minLength": 300, "maxLength": 2000}"#;
    let pattern = build(&Spec::Schema { schema: schema.into() }, &[], &Limits::default()).expect("a pattern");
    let uri = |length: usize| format!("\"http://example.com/{}\"", "b".repeat(length - 19));
    for (length, good) in [(299, false), (300, true), (2000, true), (2001, false)] {
        assert_eq!(pattern.is_match(uri(length).as_bytes()), good, "{length}");
    }
}

#[test]
fn sets_that_have_no_text_so_long_are_empty() {
    for pattern in ["^b$", "^a{3}$", "^a{0,9}$"] {
        let schema = serde_json::json!({
            "type": "string", "pattern": pattern, "allOf": [{"pattern": "^a*$"}], "minLength": 4_000_000_000u32,
        });
        let built = build(&Spec::Schema { schema: schema.to_string() }, &[], &Limits::default());
        assert!(matches!(built, Err(BuildError::Empty { .. })), "{pattern}: {built:?}");
    }
}

#[test]
fn bounds_beyond_all_bounds_are_refused() {
    for (min, max, good) in [
        (0u32, u32::MAX, true),
        (3, u32::MAX, true),
        (4_000_000_000, u32::MAX, false),
        (2_000_000, 2_000_001, false),
        (30_000, 30_001, true),
    ] {
        let schema = serde_json::json!({
            "type": "string", "pattern": "^(ab|c)+$", "not": {"pattern": "cc"}, "minLength": min, "maxLength": max,
        });
        let built = build(&Spec::Schema { schema: schema.to_string() }, &[], &Limits::default());
        match built {
            Ok(pattern) => {
                assert!(good && pattern.is_match(format!("\"{}\"", "ab".repeat(15_000)).as_bytes()))
            }
            Err(error) => assert!(!good && matches!(error, BuildError::TooLarge { .. }), "{error}"),
        }
    }
}

#[test]
fn many_bounded_sets_share_their_steps() {
    let one = |at: usize| {
        let pattern = format!("^(ab|c{at}|[d-f]+x)+$");
        (format!("p{at}"), serde_json::json!({"type": "string", "pattern": pattern, "minLength": 20_000}))
    };
    let properties: serde_json::Map<String, serde_json::Value> = (0..200).map(one).collect();
    let schema = serde_json::json!({"type": "object", "properties": properties});
    let built = build(&Spec::Schema { schema: schema.to_string() }, &[], &Limits::default());
    assert!(matches!(built, Err(BuildError::TooLarge { .. })), "{built:?}");
}
