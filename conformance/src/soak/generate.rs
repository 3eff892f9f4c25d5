//! One generation.

use std::sync::Arc;

use agentc_constraint::{End, MatchError, Matcher, Next, TokenId, TokenSet, Tokenize, Vocab};

use super::subject::Subject;
use crate::greedy::Greedy;
use crate::random::Random;

/// What became of a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A value, which all judges take.
    Value {
        /// Why it ended.
        end: End,
        /// Its tokens.
        tokens: usize,
        /// They are as many as there may be.
        is_full: bool,
    },
    /// The budget is too small for any value.
    TooSmall,
    /// A limit of the engine.
    Limit,
    /// What is wrong.
    Wrong(String),
}

/// How tokens are chosen from the mask.
#[derive(Debug, Clone, Copy)]
enum Choice {
    /// Each with the same probability.
    Uniform,
    /// The best by logits that are the same at each step: a model that says one thing all the time.
    Sharp(u64),
    /// The end of the turn wherever it can be, otherwise as [`Choice::Uniform`].
    Short,
}

/// The longest match is the tokeniser here, too.
struct Longest<'g>(&'g Greedy);

impl Tokenize for Longest<'_> {
    fn tokenize(&self, text: &[u8]) -> Vec<TokenId> {
        self.0.tokens(text).unwrap_or_default()
    }
}

/// Generates with a random budget and a random way to choose.
pub(super) fn generate(subject: &Subject, greedy: &Greedy, random: &mut Random) -> Outcome {
    let max = match random.below(4) {
        0 => random.below(6),
        1 => 6 + random.below(20),
        2 => 26 + random.below(60),
        _ => 86 + random.below(100),
    };
    let choice = match random.below(5) {
        0 | 1 => Choice::Uniform,
        2 | 3 => Choice::Sharp(random.below(usize::MAX) as u64),
        _ => Choice::Short,
    };
    let outcome = run(subject, greedy, random, choice, max as u32);
    match outcome {
        Outcome::Wrong(what) => Outcome::Wrong(format!("max {max}, {choice:?}: {what}")),
        outcome => outcome,
    }
}

fn run(subject: &Subject, greedy: &Greedy, random: &mut Random, choice: Choice, max: u32) -> Outcome {
    let constraint = subject.constraint.clone();
    let mut matcher = match Matcher::new(&constraint, b"", max) {
        Ok(matcher) => matcher,
        Err(error) => return refused(subject, &error, max),
    };
    let tokenizer = Longest(greedy);
    for _ in 0..=2 * max + 2 {
        let next = matcher.next(&tokenizer);
        let step = match next {
            Ok(Next::Done) => return finished(subject, &matcher, &tokenizer, max),
            Ok(Next::Forced(_)) => Ok(()),
            Ok(Next::Choose) => matcher.mask().and_then(|mask| {
                let token = choose(&mask, constraint.vocab(), random, choice);
                matcher.commit(token).map(|_| ())
            }),
            Err(error) => Err(error),
        };
        if let Err(error) = step {
            return ended(&matcher, &error);
        }
    }
    Outcome::Wrong("it does not end".into())
}

/// Before the first token only a budget that is too small is a reason.
fn refused(subject: &Subject, error: &MatchError, max: u32) -> Outcome {
    let fewest = subject.constraint.fewest_tokens().ok().flatten();
    match error {
        MatchError::CannotFinish { .. } if fewest.is_none_or(|fewest| fewest > max as usize) => {
            Outcome::TooSmall
        }
        MatchError::TooLarge { .. } => Outcome::Limit,
        _ => Outcome::Wrong(format!("refused, where {fewest:?} tokens do: {error}")),
    }
}

fn ended(matcher: &Matcher, error: &MatchError) -> Outcome {
    match error {
        MatchError::TooLarge { .. } => Outcome::Limit,
        _ => {
            let text = String::from_utf8_lossy(matcher.stable()).into_owned();
            Outcome::Wrong(format!("{error}, after `{text}`"))
        }
    }
}

fn finished(subject: &Subject, matcher: &Matcher, tokenizer: &Longest<'_>, max: u32) -> Outcome {
    let done = match matcher.finish(tokenizer) {
        Ok(done) => done,
        Err(error) => return Outcome::Wrong(format!("it is done and does not finish: {error}")),
    };
    let shown = || String::from_utf8_lossy(&done.value).into_owned();
    if done.value_tokens > max as usize {
        return Outcome::Wrong(format!("{} tokens: `{}`", done.value_tokens, shown()));
    }
    if let Err(why) = subject.judge(&done.value) {
        return Outcome::Wrong(format!("{why}: `{}`", shown()));
    }
    let is_full = done.value_tokens == max as usize;
    Outcome::Value { end: done.end, tokens: done.value_tokens, is_full }
}

fn choose(mask: &Arc<TokenSet>, vocab: &Vocab, random: &mut Random, choice: Choice) -> TokenId {
    /// Tokens that are tried before all that are allowed are listed.
    const TRIED: usize = 30;
    if let (Choice::Short, true, Some(&end)) = (choice, mask.allows_end(), vocab.ends().first()) {
        return end;
    }
    if let Choice::Sharp(seed) = choice {
        let logit = |token: &TokenId| Random::new(seed ^ (u64::from(*token) << 24)).below(usize::MAX);
        return mask.iter(vocab).max_by_key(logit).unwrap_or_default();
    }
    for _ in 0..TRIED {
        let token = random.below(vocab.len()) as TokenId;
        if mask.contains(vocab, token) {
            return token;
        }
    }
    let allowed: Vec<TokenId> = mask.iter(vocab).collect();
    random.pick(&allowed).copied().unwrap_or_default()
}
