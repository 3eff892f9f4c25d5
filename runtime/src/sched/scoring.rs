//! Scoring: how likely the model thinks given tokens are, in places of a sequence that is read anyway.

use agentc_constraint::{TokenId, Vocab};
use rustc_hash::FxHashSet;

use super::memory::Sequence;
use crate::sample::Likelihood;

/// What is asked of the logits after one token of a sequence.
#[derive(Debug, Clone)]
pub(super) struct Question {
    /// The token's place.
    pub(super) at: usize,
    /// Tokens whose log-probabilities are wanted.
    pub(super) tokens: Vec<TokenId>,
    /// Texts that might go on here. If there are any, so is the log-probability that none of them does.
    pub(super) rests: Vec<Vec<u8>>,
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reply {
    /// Of each token.
    pub(super) logs: Vec<f64>,
    /// That nothing goes on; 0 if nothing could.
    pub(super) end: f64,
}

/// Questions about one sequence, in the order of their places.
#[derive(Debug, Clone)]
pub(super) struct Scoring {
    /// Tokens before what is judged.
    pub(super) prompt: usize,
    /// The end of the prompt's text that healing took back.
    pub(super) healed: Vec<u8>,
    questions: Vec<Question>,
    replies: Vec<Reply>,
    done: bool,
}

impl Scoring {
    pub(super) fn new(prompt: usize, healed: &[u8], questions: Vec<Question>) -> Scoring {
        Scoring { prompt, healed: healed.to_vec(), questions, replies: Vec::new(), done: false }
    }

    /// Of tokens behind a prompt, and the sequence on which it works.
    pub(super) fn of_tokens(prompt: &[TokenId], healed: &[u8], tokens: &[TokenId]) -> (Sequence, Scoring) {
        let question = |(at, &token): (usize, &TokenId)| Question {
            at: prompt.len() + at - 1,
            tokens: vec![token],
            rests: Vec::new(),
        };
        let questions = tokens.iter().enumerate().map(question).collect();
        // Nobody asks what comes after the last one.
        let read = &tokens[..tokens.len().saturating_sub(1)];
        let sequence = Sequence::new([prompt, read].concat());
        (sequence, Scoring::new(prompt.len(), healed, questions))
    }

    /// Whether all is answered, and all is in the memory.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// The place of the next question: its token has to be evaluated, again if need be.
    pub(super) fn next(&self) -> Option<usize> {
        self.questions.get(self.replies.len()).map(|question| question.at)
    }

    /// Whether the logits after a token are wanted.
    pub(super) fn wants(&self, at: usize) -> bool {
        let open = &self.questions[self.replies.len()..];
        open.binary_search_by_key(&at, |question| question.at).is_ok()
    }

    /// Answers the question about a token from the logits after it.
    pub(super) fn read(&mut self, at: usize, vocab: &Vocab, logits: &[f32]) {
        let Some(question) = self.questions.get(self.replies.len()).filter(|question| question.at == at)
        else {
            return;
        };
        let likelihood = Likelihood::of(logits);
        let logs = question.tokens.iter().map(|&token| likelihood.log(token)).collect();
        let end = match question.rests.as_slice() {
            [] => 0.0,
            rests => {
                let ways = Ways::of(rests);
                let all = (0..logits.len()).map(|id| TokenId::try_from(id).unwrap_or_default());
                likelihood.log_of_any(all.filter(|&token| !ways.go_on(vocab.bytes(token))))
            }
        };
        self.replies.push(Reply { logs, end });
    }

    /// Notes how far the sequence was evaluated.
    pub(super) fn evaluated(&mut self, sequence: &Sequence) {
        self.done = self.replies.len() == self.questions.len() && sequence.evaluated == sequence.tokens.len();
    }

    pub(super) fn replies(&mut self) -> Vec<Reply> {
        std::mem::take(&mut self.replies)
    }
}

/// Texts that might go on, for finding the tokens that begin or contain one of them.
struct Ways<'w> {
    whole: FxHashSet<&'w [u8]>,
    begun: FxHashSet<&'w [u8]>,
}

impl<'w> Ways<'w> {
    fn of(rests: &'w [Vec<u8>]) -> Ways<'w> {
        let begun = rests.iter().flat_map(|rest| (1..=rest.len()).map(|end| &rest[..end])).collect();
        Ways { whole: rests.iter().map(Vec::as_slice).collect(), begun }
    }

    /// Whether a token spells a part of one of them, or one of them and more.
    fn go_on(&self, token: &[u8]) -> bool {
        self.begun.contains(token) || (1..token.len()).any(|end| self.whole.contains(&token[..end]))
    }
}
