//! The end of a generation: which of its tokens are kept, and how many the value has.

use super::matcher::End;
use super::progress::Progress;
use crate::error::MatchError;
use crate::vocab::{TokenId, Tokenize, Vocab};

/// A complete value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Its bytes.
    pub value: Vec<u8>,
    /// Why it ended.
    pub end: End,
    /// How many of [`Matcher::tokens`](super::Matcher::tokens) to keep; the rest reach beyond the value …
    pub keep: usize,
    /// … and are replaced by these, which spell their part of it.
    pub tail: Vec<TokenId>,
    /// Tokens of the value after the replacement, counted as `max` counts them.
    pub value_tokens: usize,
}

/// The tokens that lie wholly before a place, healed ones included.
pub(super) struct Spelled {
    /// How many.
    pub(super) keep: usize,
    /// Their bytes.
    pub(super) len: usize,
    /// Those of the value.
    pub(super) used: usize,
}

impl Progress {
    /// The complete value, and the tokens that spell it; an error before the value is complete.
    pub(super) fn finish(&self, vocab: &Vocab, tokenizer: &dyn Tokenize) -> Result<Finished, MatchError> {
        let ending = self.end.as_ref().ok_or(MatchError::NotDone)?;
        let Spelled { keep, len, used } = self.spelled(vocab, ending.at);
        let rest = &self.bytes[len..ending.at];
        let mut tail = if rest.is_empty() { Vec::new() } else { tokenizer.tokenize(rest) };
        if used + self.counted(vocab, len, &tail) > self.max as usize
            && let Some(fewest) = vocab.fewest_tokens(rest)
        {
            tail = fewest;
        }
        let value_tokens = used + self.counted(vocab, len, &tail);
        let value = self.bytes[self.heal.len().min(ending.at)..ending.at].to_vec();
        Ok(Finished { value, end: ending.end.clone(), keep, tail, value_tokens })
    }

    /// The tokens that lie wholly before a place.
    pub(super) fn spelled(&self, vocab: &Vocab, at: usize) -> Spelled {
        let mut spelled = Spelled { keep: 0, len: 0, used: 0 };
        for &token in &self.tokens {
            let end = spelled.len + vocab.bytes(token).len();
            if end > at {
                break;
            }
            spelled.keep += 1;
            spelled.len = end;
            spelled.used += usize::from(end > self.heal.len());
        }
        spelled
    }

    /// Tokens of the value if it ends at a place, at least.
    pub(super) fn tokens_until(&self, vocab: &Vocab, at: usize) -> usize {
        let Spelled { len, used, .. } = self.spelled(vocab, at);
        used + usize::from(at > len && at > self.heal.len())
    }

    /// How many of the tokens from a place on count as the value's.
    pub(super) fn counted(&self, vocab: &Vocab, from: usize, tokens: &[TokenId]) -> usize {
        let mut end = from;
        let of_value = |token: &&TokenId| {
            end += vocab.bytes(**token).len();
            end > self.heal.len()
        };
        tokens.iter().filter(of_value).count()
    }
}
