//! Masks against their definition, by enumeration: every text over a small alphabet up to a length is matched
//! by an independent engine, and a token is allowed exactly if one of these texts admits it.

mod support;

use std::sync::Arc;

use agentc_constraint::spec::Spec;
use agentc_constraint::{Commit, Constraint, Limits, Matcher, Next, Vocab, build};
use support::naive::{Naive, PATTERNS, vocabulary};
use support::{Greedy, Random};

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
