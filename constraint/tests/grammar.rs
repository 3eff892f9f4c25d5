//! Context-free grammars, against an Earley recogniser. Rules may be ambiguous, empty, and begin with
//! themselves, even after rules that can be empty.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use agentc_constraint::spec::{GrammarSyntax, Spec};
use agentc_constraint::{BuildError, Commit, Constraint, Limits, MatchError, Matcher, Pattern, Vocab, build};
use support::cfg::{Cfg, Chart, Item, Notation, source};
use support::{Greedy, Random};

const ALPHABET: &[u8] = b"abc";

/// A random grammar in one of the notations, what it derives, and its pattern, if it derives anything.
struct Case {
    source: String,
    cfg: Cfg,
    pattern: Option<Pattern>,
}

impl Case {
    fn random(random: &mut Random) -> Case {
        let count = 1 + random.below(4) as usize;
        let rules: Vec<Item> = (0..count).map(|_| Item::random(random, count, 3)).collect();
        let (notation, ignored) = *random.pick(&[
            (Notation::Gbnf, None),
            (Notation::Lark, None),
            (Notation::Lark, Some(b'c')),
            (Notation::Lark, Some(b' ')),
        ]);
        let mut source = source(&rules, notation);
        if let Some(byte) = ignored {
            source += &format!("%ignore {:?}\n", char::from(byte).to_string());
        }
        let syntax = if notation == Notation::Gbnf { GrammarSyntax::Gbnf } else { GrammarSyntax::Lark };
        let cfg = Cfg::new(&rules, ignored);
        let spec = Spec::Grammar { grammar: source.clone(), syntax, parts: Vec::new() };
        let pattern = match build(&spec, &[], &Limits::default()) {
            Ok(pattern) => Some(pattern),
            Err(BuildError::Empty { .. }) => None,
            Err(error) => panic!("{error}\n{source}"),
        };
        assert_eq!(pattern.is_none(), cfg.is_empty(), "{source}");
        Case { source, cfg, pattern }
    }
}

#[test]
fn random_grammars_derive_what_their_definition_says() {
    let (mut members, mut others) = (0, 0);
    for seed in 0..1500 {
        let mut random = Random::new(seed);
        let Case { source, cfg, pattern: Some(pattern) } = Case::random(&mut random) else { continue };
        assert!(Chart::of(&cfg, pattern.shortest()).is_member(), "{:?} of\n{source}", pattern.shortest());
        for round in 0..60 {
            let mut text = Vec::new();
            for _ in 0..random.below(10) {
                let byte = *random.pick(b"aaabbbccc ");
                // Half of the texts are beginnings of members.
                if round % 2 == 0 || Chart::of(&cfg, &[&text[..], &[byte]].concat()).is_prefix() {
                    text.push(byte);
                }
            }
            let expected = Chart::of(&cfg, &text).is_member();
            let shown = String::from_utf8_lossy(&text);
            assert_eq!(pattern.is_match(&text), expected, "{shown:?} in\n{source}");
            if expected { members += 1 } else { others += 1 }
        }
    }
    assert!(members > 10_000 && others > 10_000, "{members} members, {others} others");
}

fn vocabulary(random: &mut Random) -> Arc<Vocab> {
    let mut tokens: Vec<Vec<u8>> = ALPHABET.iter().map(|&byte| vec![byte]).collect();
    for _ in 0..10 {
        let len = 2 + random.below(4) as usize;
        tokens.push((0..len).map(|_| *random.pick(b"aabbcc x")).collect());
    }
    tokens.push(b" ".to_vec());
    tokens.sort();
    tokens.dedup();
    random.shuffle(&mut tokens);
    let end = tokens.len() as u32;
    let tokens: Vec<Option<Vec<u8>>> = tokens.into_iter().map(Some).chain([None]).collect();
    Arc::new(Vocab::new(&tokens, &[end]).unwrap())
}

#[test]
fn masks_are_sound_and_complete() {
    let mut compared = 0;
    for seed in 0..800 {
        let mut random = Random::new(seed);
        let Case { source, cfg, pattern: Some(pattern) } = Case::random(&mut random) else { continue };
        let vocab = vocabulary(&mut random);
        let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
        for _ in 0..3 {
            let mut matcher = Matcher::new(&constraint, b"", 10_000).unwrap();
            let mut chart = Chart::new(&cfg);
            let mut text = Vec::new();
            for _ in 0..12 {
                let mask = matcher.mask().unwrap();
                for token in 0..vocab.len() as u32 - 1 {
                    let expected = chart.allows(vocab.bytes(token));
                    let shown = String::from_utf8_lossy(&text);
                    let piece = String::from_utf8_lossy(vocab.bytes(token));
                    let found = mask.contains(&vocab, token);
                    assert_eq!(found, expected, "{piece:?} after {shown:?} in\n{source}");
                    compared += 1;
                }
                assert_eq!(mask.contains(&vocab, vocab.len() as u32 - 1), chart.is_member());
                let choices: Vec<u32> =
                    mask.iter(&vocab).filter(|token| !vocab.bytes(*token).is_empty()).collect();
                let token = *random.pick(&choices);
                if matcher.commit(token).unwrap() == Commit::Done {
                    break;
                }
                text.extend_from_slice(vocab.bytes(token));
                vocab.bytes(token).iter().for_each(|&byte| chart.read(byte));
            }
        }
    }
    assert!(compared > 40_000, "{compared}");
}

#[test]
fn walks_within_a_budget_end_in_a_text_of_the_grammar() {
    let mut ended = 0;
    for seed in 0..800 {
        let mut random = Random::new(seed);
        let Case { source, cfg, pattern: Some(pattern) } = Case::random(&mut random) else { continue };
        let vocab = vocabulary(&mut random);
        let shortest = pattern.shortest().len();
        let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
        for _ in 0..3 {
            let max = 1 + random.below(12) as u32;
            let mut matcher = match Matcher::new(&constraint, b"", max) {
                Ok(matcher) => matcher,
                Err(MatchError::CannotFinish { .. }) => {
                    assert!(shortest > max as usize, "{max} in\n{source}");
                    continue;
                }
                Err(error) => panic!("{error}\n{source}"),
            };
            loop {
                let mask = match matcher.mask() {
                    Ok(mask) => mask,
                    Err(error) => {
                        let before: Vec<&[u8]> = matcher.tokens().iter().map(|&t| vocab.bytes(t)).collect();
                        let before = String::from_utf8_lossy(&before.concat()).into_owned();
                        let all: Vec<String> = (0..vocab.len() as u32)
                            .map(|t| vocab.bytes(t).escape_ascii().to_string())
                            .collect();
                        panic!("{error} after {before:?} with {max} in\n{source} {all:?}")
                    }
                };
                let choices: Vec<u32> = mask.iter(&vocab).collect();
                assert!(!choices.is_empty(), "{source}");
                let token = *random.pick(&choices);
                match matcher.commit(token) {
                    Ok(Commit::Done) => break,
                    Ok(Commit::More) => {}
                    Err(error) => {
                        let before =
                            matcher.tokens().iter().map(|&t| vocab.bytes(t)).collect::<Vec<_>>().concat();
                        let (text, before) = (vocab.bytes(token).escape_ascii(), before.escape_ascii());
                        panic!("{error}: {text:?} after {before} with {max} in\n{source}")
                    }
                }
            }
            let finished = matcher.finish(&Greedy(&vocab)).unwrap();
            let shown = String::from_utf8_lossy(&finished.value);
            assert!(Chart::of(&cfg, &finished.value).is_member(), "{shown:?} in\n{source}");
            assert!(finished.value_tokens <= max as usize, "{shown:?} in\n{source}");
            ended += 1;
        }
    }
    assert!(ended > 1000, "{ended}");
}

fn lark(text: &str) -> Pattern {
    let spec = Spec::Grammar { grammar: text.to_owned(), syntax: GrammarSyntax::Lark, parts: Vec::new() };
    build(&spec, &[], &Limits::default()).unwrap()
}

#[test]
fn ambiguity_costs_little() {
    let pattern = lark("start: s\ns: s s | \"a\"");
    assert!(pattern.is_match(&b"a".repeat(5000)));
    let pattern = lark("start: e\ne: e \"+\" e | e \"*\" e | \"x\" | \"(\" e \")\"");
    assert!(pattern.is_match("x+(x*x+x)*".repeat(500).trim_end_matches('*').as_bytes()));
    assert!(!pattern.is_match("x+(x*x+x)*".repeat(500).as_bytes()));
    // An `else` belongs to any of the open conditions.
    let pattern = lark("start: s\ns: \"i\" s \"e\" s | \"i\" s | \"x\"");
    assert!(pattern.is_match(format!("{}x{}", "i".repeat(300), "ex".repeat(300)).as_bytes()));
    assert!(!pattern.is_match(format!("{}x{}", "i".repeat(300), "ex".repeat(301)).as_bytes()));
    // Where the middle is can only be guessed.
    let pattern = lark("start: s\ns: x s x | x\nx: \"a\" | \"aa\"");
    assert!(pattern.is_match(&b"a".repeat(301)));
    let pattern = lark("start: s\ns: | \"a\" | s~2..3");
    assert!(pattern.is_match(&b"a".repeat(200)));
}

#[test]
fn nesting_costs_little() {
    let pattern = lark("start: s\ns: \"(\" s \")\" | \"x\" | s \",\" s");
    assert!(pattern.is_match(format!("{}x{}", "(".repeat(1500), ")".repeat(1500)).as_bytes()));
    assert!(!pattern.is_match(format!("{}x{}", "(".repeat(1500), ")".repeat(1499)).as_bytes()));
    assert!(pattern.is_match(vec!["x"; 20_000].join(",").as_bytes()));
}

#[test]
fn masks_of_ambiguous_texts_are_found_in_time() {
    let pattern = lark("start: s\ns: \"i\" s \"e\" s | \"i\" s | \"x\"");
    let tokens: Vec<Option<Vec<u8>>> = ["i", "e", "x", "ii", "xex", "exe", "xexexexex"]
        .iter()
        .map(|t| Some(t.as_bytes().to_vec()))
        .collect();
    let vocab = Arc::new(Vocab::new(&tokens, &[]).unwrap());
    let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
    let mut matcher = Matcher::new(&constraint, b"", 10_000).unwrap();
    for _ in 0..200 {
        assert_eq!(matcher.mask().unwrap().len(), 5); // all but `e` and `exe`, which need an `x` before
        matcher.commit(0).unwrap();
    }
}

#[test]
fn tokens_that_open_many_calls_in_many_ways_have_masks() {
    // Each `i` is answered by `x` or by `y`.
    let pattern = lark("start: c\nc: \"i\" a | \"i\" b | \"z\"\na: c \"x\"\nb: c \"y\"");
    let pieces =
        ["i".repeat(32), "i".to_owned(), "z".to_owned(), "x".to_owned(), "y".to_owned(), "zxyz".to_owned()];
    let tokens: Vec<Option<Vec<u8>>> = pieces.iter().map(|t| Some(t.as_bytes().to_vec())).collect();
    let vocab = Arc::new(Vocab::new(&tokens, &[]).unwrap());
    let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
    let mut matcher = Matcher::new(&constraint, b"", 10_000).unwrap();
    for token in [0, 1, 0, 2].into_iter().chain([3, 4].repeat(32)) {
        let allowed: Vec<u32> = matcher.mask().unwrap().iter(&vocab).collect();
        assert!(allowed.contains(&token), "{token} in {allowed:?}");
        matcher.commit(token).unwrap();
    }
    let mut allowed: Vec<u32> = matcher.mask().unwrap().iter(&vocab).collect();
    allowed.sort_unstable();
    assert_eq!(allowed, [3, 4]);
    assert_eq!(matcher.commit(3).unwrap(), Commit::Done);
}
