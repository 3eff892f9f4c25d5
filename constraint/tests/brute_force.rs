//! Masks against their definition, by enumeration: every text over a small alphabet up to a length is
//! matched by an independent engine, and a token is allowed exactly if one of them says so.

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use agentc_constraint::spec::Spec;
use agentc_constraint::{Commit, Constraint, Limits, Matcher, Next, Vocab, build};
use support::{Greedy, Random};

const ALPHABET: &[u8] = b"ab1";
const LONGEST: usize = 9;

/// The members of a language up to [`LONGEST`] characters, and everything they begin with.
struct Naive {
    regex: regex::Regex,
    members: BTreeSet<Vec<u8>>,
    prefixes: BTreeSet<Vec<u8>>,
}

impl Naive {
    fn new(pattern: &str) -> Naive {
        let regex = regex::Regex::new(&format!("^(?s:(?:{pattern}))$")).expect("a regex");
        let mut naive = Naive { regex, members: BTreeSet::new(), prefixes: BTreeSet::new() };
        let mut texts: Vec<Vec<u8>> = vec![Vec::new()];
        while let Some(text) = texts.pop() {
            if naive.is_member(&text) {
                (0..=text.len()).for_each(|to| _ = naive.prefixes.insert(text[..to].to_vec()));
                naive.members.insert(text.clone());
            }
            if text.len() < LONGEST {
                texts.extend(ALPHABET.iter().map(|&byte| [&text[..], &[byte]].concat()));
            }
        }
        naive
    }

    fn is_member(&self, text: &[u8]) -> bool {
        std::str::from_utf8(text).is_ok_and(|text| self.regex.is_match(text))
    }

    /// The definition: the token continues the value, or the value is complete after a part of it.
    fn allows(&self, text: &[u8], heal: &[u8], token: &[u8]) -> bool {
        let spelled = heal.len().min(token.len());
        if token[..spelled] != heal[..spelled] {
            return false;
        }
        let token = &token[spelled..];
        let after = |to: usize| [text, &token[..to]].concat();
        if self.prefixes.contains(&after(token.len())) {
            return true;
        }
        (0..token.len()).any(|to| self.members.contains(&after(to)))
    }
}

/// Patterns all of whose beginnings of up to four characters can be completed within [`LONGEST`].
const PATTERNS: &[&str] = &[
    "a",
    "a|ab",
    "ab|a|b1",
    "a*",
    "a+b",
    "(a|ab)(b|1)?",
    "[ab]{2,4}1",
    "(ab|a){2,3}",
    "a{0,3}b{1,2}",
    "(a|b)*1",
    "(a*b){1,2}",
    "a?b?1?",
    "((a|b)1){0,2}",
    "(a{1,2}b?){1,3}",
    "",
    "1|",
    "(a|b|ab)*",
    "[b1]b*",
    "(a|aa|aaa){3}",
    "(?:a{2}|b{3}){1,2}",
    "(a?){3}b",
    "(a*)*1",
    "ab{2,}",
    "(aab|ab|b)+1",
    "1{3}(a|b)?",
    "[a-b1]",
    "[ab1]{2}",
    "([ab1]a){1,2}",
];

fn vocabulary(random: &mut Random, every_byte: bool) -> Vec<Option<Vec<u8>>> {
    let mut tokens: BTreeSet<Vec<u8>> = BTreeSet::new();
    for _ in 0..14 {
        let len = 1 + random.below(4) as usize;
        tokens.insert((0..len).map(|_| *random.pick(b"ab1ab1x")).collect());
    }
    tokens.extend(ALPHABET.iter().map(|&byte| vec![byte]));
    if every_byte {
        tokens.extend((0..=255u8).map(|byte| vec![byte]));
    }
    let mut tokens: Vec<Option<Vec<u8>>> = tokens.into_iter().map(Some).collect();
    random.shuffle(&mut tokens);
    tokens.push(None); // the end of the turn
    tokens
}

#[test]
fn masks_are_sound_and_complete() {
    let mut checked = 0;
    for (seed, pattern) in PATTERNS.iter().enumerate() {
        let naive = Naive::new(pattern);
        let spec = Spec::Regex { pattern: format!("(?s:{pattern})") };
        for round in 0..24 {
            let mut random = Random::new(seed as u64 * 1000 + round);
            let tokens = vocabulary(&mut random, round % 2 == 0);
            let end = tokens.len() as u32 - 1;
            let vocab = Arc::new(Vocab::new(&tokens, &[end]).expect("a vocabulary"));
            let pattern = build(&spec, &[], &Limits::default()).expect("a pattern");
            let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
            let heal: &[u8] = [&b""[..], b"a", b"b1"][round as usize % 3];
            for _ in 0..6 {
                checked += walk(&naive, &constraint, &tokens, heal, &mut random);
            }
        }
    }
    assert!(checked > 100_000, "only {checked} answers were compared");
}

/// Random choices from the mask until the value ends; at each step every token's answer is compared.
fn walk(
    naive: &Naive,
    constraint: &Arc<Constraint>,
    tokens: &[Option<Vec<u8>>],
    heal: &[u8],
    random: &mut Random,
) -> usize {
    let mut matcher = Matcher::new(constraint, heal, 100).expect("a matcher");
    let (mut text, mut checked) = (Vec::new(), 0);
    while text.len() < heal.len() + 4 {
        let value = &text[heal.len().min(text.len())..];
        let rest = &heal[text.len().min(heal.len())..];
        let mask = matcher.mask().expect("a mask");
        for (id, token) in tokens.iter().enumerate() {
            let expected = match token {
                Some(token) => naive.allows(value, rest, token),
                None => rest.is_empty() && naive.members.contains(value),
            };
            let shown = String::from_utf8_lossy(&text);
            assert_eq!(
                mask.contains(constraint.vocab(), id as u32),
                expected,
                "token {token:?} after {shown:?} of {}",
                naive.regex
            );
            checked += 1;
        }
        let allowed: Vec<u32> = mask.iter(constraint.vocab()).collect();
        let token = *random.pick(&allowed);
        let before = matcher.clone();
        let commit = matcher.commit(token).expect("a token of the mask");
        check_refusals(before, &mask, constraint, tokens);
        if commit == Commit::Done {
            let done = matcher.finish(&Greedy(constraint.vocab())).expect("a value");
            assert!(naive.is_member(&done.value), "{:?} is no value", String::from_utf8_lossy(&done.value));
            return checked;
        }
        text.extend(tokens[token as usize].as_deref().unwrap_or_default());
    }
    checked
}

/// A token that is not in the mask is refused and changes nothing.
fn check_refusals(
    mut matcher: Matcher,
    mask: &agentc_constraint::TokenSet,
    constraint: &Arc<Constraint>,
    tokens: &[Option<Vec<u8>>],
) {
    let bad = (0..tokens.len() as u32).find(|&id| !mask.contains(constraint.vocab(), id));
    if let Some(bad) = bad {
        let before = matcher.tokens().to_vec();
        assert!(matcher.commit(bad).is_err());
        assert_eq!(matcher.tokens(), before);
    }
}

#[test]
fn a_value_never_has_more_than_max_tokens_and_is_always_complete() {
    let mut ended = 0;
    for (seed, pattern) in PATTERNS.iter().enumerate() {
        let naive = Naive::new(pattern);
        let spec = Spec::Regex { pattern: format!("(?s:{pattern})") };
        for round in 0..40 {
            let mut random = Random::new(seed as u64 * 77 + round);
            let tokens = vocabulary(&mut random, round % 2 == 0);
            let vocab = Arc::new(Vocab::new(&tokens, &[tokens.len() as u32 - 1]).expect("a vocabulary"));
            let pattern = build(&spec, &[], &Limits::default()).expect("a pattern");
            let constraint = Constraint::new(pattern, vocab, Limits::default());
            let max = random.below(6) as u32;
            let heal: &[u8] = [&b""[..], b"a", b"1b"][round as usize % 3];
            ended += generate(&naive, &constraint, heal, max, &mut random) as usize;
        }
    }
    assert!(ended > 400, "only {ended} values");
}

/// Generates with `max` tokens by random choices, forced text included; whether it was possible.
fn generate(naive: &Naive, constraint: &Arc<Constraint>, heal: &[u8], max: u32, random: &mut Random) -> bool {
    let mut matcher = match Matcher::new(constraint, heal, max) {
        Ok(matcher) => matcher,
        Err(error) => {
            let fewest = constraint.fewest_tokens().expect("within the limits");
            assert!(fewest.is_none_or(|fewest| fewest > max as usize), "{max} tokens would do: {error}");
            return false;
        }
    };
    let tokenizer = Greedy(constraint.vocab());
    for _ in 0..200 {
        match matcher.next(&tokenizer).expect("a way on") {
            Next::Done => {
                let done = matcher.finish(&tokenizer).expect("a value");
                let shown = String::from_utf8_lossy(&done.value);
                assert!(
                    done.value_tokens <= max as usize,
                    "{shown:?} has {} tokens of {max}",
                    done.value_tokens
                );
                assert!(naive.is_member(&done.value), "{shown:?} is no value");
                return true;
            }
            Next::Forced(tokens) => assert!(!tokens.is_empty()),
            Next::Choose => {
                let allowed: Vec<u32> = matcher.mask().expect("a mask").iter(constraint.vocab()).collect();
                matcher.commit(*random.pick(&allowed)).expect("a token of the mask");
            }
        }
    }
    panic!("a value of at most {max} tokens did not end");
}

#[test]
fn rollback_is_as_if_nothing_had_been() {
    for (seed, pattern) in PATTERNS.iter().enumerate() {
        let mut random = Random::new(seed as u64);
        let tokens = vocabulary(&mut random, true);
        let vocab = Arc::new(Vocab::new(&tokens, &[tokens.len() as u32 - 1]).expect("a vocabulary"));
        let spec = Spec::Regex { pattern: format!("(?s:{pattern})") };
        let pattern = build(&spec, &[], &Limits::default()).expect("a pattern");
        let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
        let mut matcher = Matcher::new(&constraint, b"a", 6).expect("a matcher");
        let mut history = vec![(matcher.mask().expect("a mask"), matcher.stable().to_vec())];
        for _ in 0..40 {
            let back = random.below(1 + matcher.tokens().len() as u64) as usize;
            if random.below(3) == 0 {
                matcher.rollback(back).expect("there are as many");
                history.truncate(history.len() - back);
                let (mask, stable) = history.last().expect("the beginning");
                assert_eq!(&matcher.mask().expect("a mask"), mask);
                assert_eq!(matcher.stable(), stable);
                continue;
            }
            let allowed: Vec<u32> = matcher.mask().expect("a mask").iter(&vocab).collect();
            let mut copy = matcher.clone();
            if copy.commit(*random.pick(&allowed)).expect("a token of the mask") == Commit::More
                && let Ok(mask) = copy.mask()
            {
                history.push((mask, copy.stable().to_vec()));
                matcher = copy;
            }
        }
        assert!(matcher.rollback(1000).is_err());
    }
}
