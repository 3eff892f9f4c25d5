//! Values that must have a minimum number of tokens: masks against their definition, and the final result.

mod support;

use std::sync::Arc;

use agentc_constraint::spec::{Spec, Stop};
use agentc_constraint::{Commit, Constraint, End, Finished, Limits, MatchError, Matcher, Next, Vocab, build};
use support::naive::{Naive, PATTERNS, vocabulary};
use support::{Greedy, Random};

type Tokens = Vec<Option<Vec<u8>>>;

fn constraint(spec: &Spec, tokens: &Tokens) -> Arc<Constraint> {
    let vocab = Vocab::new(tokens, &[tokens.len() as u32 - 1]).expect("a vocabulary");
    let pattern = build(spec, &[], &Limits::default()).expect("a pattern");
    Constraint::new(pattern, Arc::new(vocab), Limits::default())
}

fn regex(pattern: &str) -> Spec {
    Spec::Regex { pattern: format!("(?s:{pattern})") }
}

/// A generation by random choices, forced text included, and what it must respect.
struct Run<'r> {
    matcher: Matcher,
    constraint: &'r Arc<Constraint>,
    random: Random,
}

impl Run<'_> {
    /// The value, or nothing if it could not have as many tokens as asked for.
    fn finish(&mut self) -> Option<Finished> {
        let tokenizer = Greedy(self.constraint.vocab());
        for _ in 0..200 {
            match self.matcher.next(&tokenizer) {
                Ok(Next::Done) => return Some(self.matcher.finish(&tokenizer).expect("a value")),
                Ok(Next::Forced(_)) => {}
                Ok(Next::Choose) => match self.matcher.mask() {
                    Ok(mask) => {
                        let allowed: Vec<u32> = mask.iter(self.constraint.vocab()).collect();
                        self.matcher.commit(*self.random.pick(&allowed)).expect("a token of the mask");
                    }
                    Err(error) => return too_short(&error),
                },
                Err(error) => return too_short(&error),
            }
        }
        panic!("a value did not end");
    }
}

fn too_short(error: &MatchError) -> Option<Finished> {
    assert!(matches!(error, MatchError::TooShort { .. }), "{error}");
    None
}

#[test]
fn masks_of_short_values_agree_with_their_definition() {
    let mut checked = 0;
    for (seed, pattern) in PATTERNS.iter().enumerate() {
        let naive = Naive::new(pattern);
        for round in 0..24 {
            let mut random = Random::new(seed as u64 * 131 + round);
            let tokens = vocabulary(&mut random, round % 2 == 0);
            let constraint = constraint(&regex(pattern), &tokens);
            let heal: &[u8] = [&b""[..], b"a", b"b1"][round as usize % 3];
            let min = 1 + random.below(3) as u32;
            let mut matcher = Matcher::new(&constraint, heal, 100).expect("a matcher");
            matcher.set_min(min);
            checked += walk(&naive, &mut matcher, &tokens, heal, min, &mut random);
        }
    }
    assert!(checked > 30_000, "only {checked} answers were compared");
}

/// Random choices as long as the value is too short; at each step every token's answer is compared.
fn walk(
    naive: &Naive,
    matcher: &mut Matcher,
    tokens: &Tokens,
    heal: &[u8],
    min: u32,
    random: &mut Random,
) -> usize {
    let (mut text, mut used, mut checked) = (Vec::new(), 0, 0);
    while used < min && text.len() < heal.len() + 4 {
        let value = &text[heal.len().min(text.len())..];
        let rest = &heal[text.len().min(heal.len())..];
        let expected = |id: &u32| {
            let token = tokens[*id as usize].as_deref();
            token.is_some_and(|token| naive.grows(value, rest, token, used + 1 >= min))
        };
        let expected: Vec<u32> = (0..tokens.len() as u32).filter(expected).collect();
        checked += tokens.len();
        let shown = format!("{:?} of {}, {used} of {min}", String::from_utf8_lossy(&text), naive.regex);
        let mask = match matcher.mask() {
            Ok(mask) => mask,
            Err(error) => {
                assert!(expected.is_empty(), "{shown}: {error}");
                too_short(&error);
                return checked;
            }
        };
        let vocab = matcher_vocab(tokens);
        let mut allowed: Vec<u32> = mask.iter(&vocab).collect();
        allowed.sort_unstable();
        assert_eq!(allowed, expected, "{shown}");
        for id in 0..tokens.len() as u32 {
            assert_eq!(
                matcher.clone().commit(id).is_ok(),
                expected.contains(&id),
                "token {id} after {shown}"
            );
        }
        let token = *random.pick(&allowed);
        if matcher.commit(token).expect("a token of the mask") == Commit::Done {
            return checked;
        }
        text.extend(tokens[token as usize].as_deref().unwrap_or_default());
        used += u32::from(text.len() > heal.len());
        assert_eq!(matcher.value_tokens().len(), used as usize);
    }
    checked
}

fn matcher_vocab(tokens: &Tokens) -> Vocab {
    Vocab::new(tokens, &[tokens.len() as u32 - 1]).expect("a vocabulary")
}

#[test]
fn values_are_long_enough_or_refused() {
    let (mut ended, mut refused) = (0, 0);
    for (seed, pattern) in PATTERNS.iter().enumerate() {
        let naive = Naive::new(pattern);
        for round in 0..60 {
            let mut random = Random::new(seed as u64 * 31 + round);
            let tokens = vocabulary(&mut random, round % 2 == 0);
            let constraint = constraint(&regex(pattern), &tokens);
            let heal: &[u8] = [&b""[..], b"a", b"1b"][round as usize % 3];
            let (min, more) = (random.below(5) as u32, random.below(3) as u32);
            let Ok(mut matcher) = Matcher::new(&constraint, heal, min + more) else { continue };
            matcher.set_min(min);
            match (Run { matcher, constraint: &constraint, random }).finish() {
                Some(done) => {
                    assert!(naive.is_member(&done.value), "{done:?} of {pattern}");
                    let tokens = done.value_tokens;
                    assert!((min as usize..=(min + more) as usize).contains(&tokens), "{tokens} of {min}..");
                    ended += 1;
                }
                None => refused += 1,
            }
        }
    }
    assert!(ended > 400 && refused > 100, "{ended} values, {refused} refused");
}

#[test]
fn stops_wait_until_the_value_is_long_enough() {
    let mut stopped = 0;
    for round in 0..400 {
        let mut random = Random::new(round);
        // Every byte of these tokens is a token: so all that stands before a stop can be spelled.
        let mut tokens = vocabulary(&mut random, false);
        tokens.insert(0, Some(b"x".to_vec()));
        let stop = *random.pick(&["a", "ab", "b1", "1", "bb"]);
        let spec = Spec::Until {
            value: Box::new(Spec::Text { min: 0, max: None }),
            stops: vec![Stop::Text { text: stop.to_owned() }],
        };
        let constraint = constraint(&spec, &tokens);
        let (min, more) = (random.below(6) as u32, random.below(30) as u32);
        let mut matcher = Matcher::new(&constraint, b"", min + more).expect("a matcher");
        matcher.set_min(min);
        let done = (Run { matcher, constraint: &constraint, random }).finish().expect("free text goes on");
        let tokens = done.value_tokens;
        assert!((min as usize..=(min + more) as usize).contains(&tokens), "{tokens} of {min}.. and {more}");
        assert!(!String::from_utf8_lossy(&done.value).contains(stop));
        stopped += u32::from(matches!(done.end, End::Stop { .. }));
    }
    assert!(stopped > 50, "{stopped}");
}
