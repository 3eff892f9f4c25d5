//! Typed values with stops against their definition, by enumeration: a text continues until a stop is
//! complete; then the value before it must belong to the type, and without a stop the whole text must.

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use agentc_constraint::spec::{Spec, Stop};
use agentc_constraint::{BuildError, Commit, Constraint, Limits, Matcher, Next, Vocab, build};
use support::{Greedy, Random};

const ALPHABET: &[u8] = b"ab,";
const LONGEST: usize = 8;

/// What a text is, read byte by byte.
#[derive(Debug, PartialEq, Eq)]
enum Run {
    /// A stop is complete at this length; the value before it has that length, and is one.
    Stopped(usize, usize),
    /// A stop is complete where the value is not.
    Dead,
    /// No stop so far.
    Open,
}

struct Naive {
    regex: regex::Regex,
    stops: Vec<&'static str>,
    /// Beginnings, without a complete stop, of texts that end well.
    live: BTreeSet<Vec<u8>>,
}

impl Naive {
    fn new(pattern: &str, stops: &[&'static str]) -> Naive {
        let regex = regex::Regex::new(&format!("^(?:{pattern})$")).expect("a regex");
        let mut naive = Naive { regex, stops: stops.to_vec(), live: BTreeSet::new() };
        let mut texts: Vec<Vec<u8>> = vec![Vec::new()];
        while let Some(text) = texts.pop() {
            let good = match naive.run(&text) {
                Run::Stopped(at, _) => at == text.len(),
                Run::Dead => false,
                Run::Open => naive.is_member(&text),
            };
            if good {
                let ends = if naive.run(&text) == Run::Open { text.len() } else { text.len() - 1 };
                (0..=ends).for_each(|to| _ = naive.live.insert(text[..to].to_vec()));
            }
            if text.len() < LONGEST && naive.run(&text) == Run::Open {
                texts.extend(ALPHABET.iter().map(|&byte| [&text[..], &[byte]].concat()));
            }
        }
        naive
    }

    fn is_member(&self, text: &[u8]) -> bool {
        std::str::from_utf8(text).is_ok_and(|text| self.regex.is_match(text))
    }

    fn run(&self, text: &[u8]) -> Run {
        for to in 1..=text.len() {
            let starts = self.stops.iter().filter(|stop| text[..to].ends_with(stop.as_bytes()));
            if let Some(start) = starts.map(|stop| to - stop.len()).min() {
                return if self.is_member(&text[..start]) { Run::Stopped(to, start) } else { Run::Dead };
            }
        }
        Run::Open
    }

    fn allows(&self, text: &[u8], token: &[u8]) -> bool {
        let after = [text, token].concat();
        // Where the value dies for want of a continuation, it may have ended before.
        for to in text.len()..=after.len() {
            match self.run(&after[..to]) {
                Run::Stopped(..) => return true,
                Run::Open if self.live.contains(&after[..to]) => {}
                _ => return (text.len()..to).any(|end| self.is_member(&after[..end])),
            }
        }
        true
    }
}

const CASES: &[(&str, &[&str])] = &[
    ("[ab]+", &[","]),
    ("[ab]+(,[ab]+)*", &[","]),
    ("[ab]+(,[ab]+)?", &[",a"]),
    ("a*b", &["ab"]),
    ("(a|b|,){2,4}", &["ab", ","]),
    ("[ab,]*", &["a,b", "b"]),
    ("(ab){1,3}", &["ba"]),
    ("a(,b)*", &["b,", ",,"]),
    ("[ab]{3},", &["aa", "bb"]),
    // The value can die while a stop that began at a complete value is only partly read.
    ("a|ab+a", &["b,b"]),
    ("a|abb+", &["ba,", "a,"]),
    ("a(ba)*", &["bb,", "b,,a"]),
    ("(ab|b)+a?", &["ab,", "aab"]),
];

fn vocabulary(random: &mut Random, every_byte: bool) -> Vec<Option<Vec<u8>>> {
    let mut tokens: BTreeSet<Vec<u8>> = BTreeSet::new();
    for _ in 0..14 {
        tokens.insert((0..1 + random.below(4)).map(|_| *random.pick(b"ab,ab,x")).collect());
    }
    let single: Vec<u8> = if every_byte { (0..=255).collect() } else { ALPHABET.to_vec() };
    tokens.extend(single.into_iter().map(|byte| vec![byte]));
    tokens.into_iter().map(Some).chain([None]).collect()
}

fn constraint(
    pattern: &str,
    stops: &[&str],
    tokens: &[Option<Vec<u8>>],
) -> Result<Arc<Constraint>, BuildError> {
    let stops = stops.iter().map(|&text| Stop::Text { text: text.into() }).collect();
    let spec = Spec::Until { value: Box::new(Spec::Regex { pattern: pattern.into() }), stops };
    let vocab = Arc::new(Vocab::new(tokens, &[tokens.len() as u32 - 1]).expect("a vocabulary"));
    Ok(Constraint::new(build(&spec, &[], &Limits::default())?, vocab, Limits::default()))
}

/// A small expression over the alphabet whose values need few bytes.
fn expression(random: &mut Random, depth: u32) -> String {
    match random.below(if depth == 0 { 2 } else { 6 }) {
        0 | 1 => char::from(*random.pick(ALPHABET)).to_string(),
        2 => format!("({}|{})", expression(random, depth - 1), expression(random, depth - 1)),
        3 => format!("({})*", expression(random, depth - 1)),
        _ => format!("{}{}", expression(random, depth - 1), expression(random, depth - 1)),
    }
}

/// Walks under one vocabulary, in which every mask is compared; how many answers that were.
fn compare(naive: &Naive, constraint: &Arc<Constraint>, tokens: &[Option<Vec<u8>>], seed: u64) -> usize {
    let mut random = Random::new(seed);
    let mut matcher = Matcher::new(constraint, b"", 100).expect("a matcher");
    let mut text = Vec::new();
    let mut checked = 0;
    while text.len() < 4 {
        let mask = matcher.mask().expect("a mask");
        for (id, token) in tokens.iter().enumerate() {
            let Some(token) = token else { continue };
            let expected = naive.allows(&text, token);
            let shown = (String::from_utf8_lossy(token), String::from_utf8_lossy(&text));
            let got = mask.contains(constraint.vocab(), id as u32);
            assert_eq!(got, expected, "{shown:?} of {} with {:?}", naive.regex, naive.stops);
            checked += 1;
        }
        let allowed: Vec<u32> = mask.iter(constraint.vocab()).collect();
        let token = *random.pick(&allowed);
        if matcher.commit(token).expect("a token of the mask") == Commit::Done {
            break;
        }
        text.extend(tokens[token as usize].as_deref().unwrap_or_default());
    }
    checked
}

#[test]
fn masks_are_sound_and_complete() {
    let mut checked = 0;
    for (seed, (pattern, stops)) in CASES.iter().enumerate() {
        let naive = Naive::new(pattern, stops);
        for round in 0..30 {
            let seed = seed as u64 * 100 + round;
            let tokens = vocabulary(&mut Random::new(seed), round % 2 == 0);
            let constraint = constraint(pattern, stops, &tokens).expect("a pattern");
            checked += compare(&naive, &constraint, &tokens, seed);
        }
    }
    assert!(checked > 20_000, "only {checked} answers were compared");
}

#[test]
fn masks_of_random_expressions_are_sound_and_complete() {
    let mut checked = 0;
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let pattern = expression(&mut random, 3);
        let stops: Vec<&str> =
            (0..2).map(|_| *random.pick(&["ab", "b,b", ",a", "bba", "a,,b", "ba"])).collect();
        let naive = Naive::new(&pattern, &stops);
        for round in 0..4 {
            let tokens = vocabulary(&mut random, round % 2 == 0);
            let Ok(constraint) = constraint(&pattern, &stops, &tokens) else { continue };
            checked += compare(&naive, &constraint, &tokens, seed);
        }
    }
    assert!(checked > 5_000, "only {checked} answers were compared");
}

#[test]
fn values_are_complete_have_no_stop_and_fit() {
    for (seed, (pattern, stops)) in CASES.iter().enumerate() {
        let naive = Naive::new(pattern, stops);
        for round in 0..60 {
            let mut random = Random::new(seed as u64 * 31 + round);
            let tokens = vocabulary(&mut random, round % 2 == 0);
            let constraint = constraint(pattern, stops, &tokens).expect("a pattern");
            let max = 1 + random.below(6) as u32;
            let Ok(mut matcher) = Matcher::new(&constraint, b"", max) else { continue };
            let tokenizer = Greedy(constraint.vocab());
            while matcher.next(&tokenizer).expect("a way on") != Next::Done {
                if matcher.next(&tokenizer) == Ok(Next::Choose) {
                    let allowed: Vec<u32> =
                        matcher.mask().expect("a mask").iter(constraint.vocab()).collect();
                    matcher.commit(*random.pick(&allowed)).expect("a token of the mask");
                }
            }
            let done = matcher.finish(&tokenizer).expect("a value");
            let shown = String::from_utf8_lossy(&done.value);
            assert!(naive.is_member(&done.value), "{shown:?} is not of {pattern}");
            assert_eq!(naive.run(&done.value), Run::Open, "{shown:?} contains one of {stops:?}");
            assert!(done.value_tokens <= max as usize, "{shown:?} has {} tokens of {max}", done.value_tokens);
        }
    }
}
