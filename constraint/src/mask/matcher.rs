//! One generation under a constraint: which tokens may come, which have come, and where the value ends.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Constraint;
use super::finish::Finished;
use super::progress::Progress;
use crate::error::MatchError;
use crate::vocab::{TokenId, TokenSet, Tokenize};

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// These tokens, already committed: the pattern leaves no choice. Never empty.
    Forced(Vec<TokenId>),
    /// A token must be chosen from [`Matcher::mask`].
    Choose,
    /// Nothing: the value is complete.
    Done,
}

/// The effect of a chosen token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// The value continues.
    More,
    /// The value is complete; part of the token may lie beyond it.
    Done,
}

/// Why a value ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It was complete and the next token did not continue it, or nothing could.
    Value,
    /// A stop occurred.
    Stop {
        /// Its text.
        text: String,
    },
    /// The model ended its turn.
    EndOfTurn,
    /// It reached the maximum number of tokens.
    Max,
}

/// A generation in progress. Cloning is cheap, and a clone is independent.
#[derive(Debug, Clone)]
pub struct Matcher {
    constraint: Arc<Constraint>,
    pub(super) progress: Progress,
}

impl Matcher {
    /// A generation that first spells `heal`, the bytes taken back from the text before it, and whose value
    /// has at most `max` tokens (not counting those within `heal`).
    ///
    /// # Errors
    /// [`MatchError::CannotFinish`] if even a short value has more than `max` tokens.
    pub fn new(constraint: &Arc<Constraint>, heal: &[u8], max: u32) -> Result<Matcher, MatchError> {
        let stops = constraint.pattern.stop_finder();
        let progress = Progress::new(&mut constraint.core(), stops, heal, max)?;
        Ok(Matcher { constraint: constraint.clone(), progress })
    }

    /// Asks for at least so many tokens, counted as `max` counts, and not for more than `max`. Set it before
    /// anything is generated.
    pub fn set_min(&mut self, min: u32) {
        self.progress.set_min(min);
    }

    /// All tokens committed so far, those that spell the healed bytes first.
    pub fn tokens(&self) -> &[TokenId] {
        &self.progress.tokens
    }

    /// The tokens of the value so far; those that lie within what is healed are not among them.
    pub fn value_tokens(&self) -> &[TokenId] {
        self.progress.value_tokens()
    }

    /// The bytes of the value that are certain: whole characters that cannot turn out to belong to a stop.
    pub fn stable(&self) -> &[u8] {
        self.progress.stable()
    }

    /// What comes next. Forced text is committed and returned.
    ///
    /// # Errors
    /// [`MatchError::NoToken`] if the vocabulary cannot go on, or a limit.
    pub fn next(&mut self, tokenizer: &dyn Tokenize) -> Result<Next, MatchError> {
        self.progress.next(&mut self.constraint.core(), tokenizer)
    }

    /// The tokens that may be chosen now; never empty.
    ///
    /// # Errors
    /// [`MatchError::NoToken`] if no token of the vocabulary can continue, or a limit.
    pub fn mask(&mut self) -> Result<Arc<TokenSet>, MatchError> {
        self.progress.mask(&mut self.constraint.core())
    }

    /// Commits a token that was chosen. On an error nothing has changed.
    ///
    /// # Errors
    /// [`MatchError::NotAllowed`] if it is not in the mask, or a limit.
    pub fn commit(&mut self, token: TokenId) -> Result<Commit, MatchError> {
        self.progress.commit_in(&mut self.constraint.core(), token)
    }

    /// Takes the last tokens back.
    ///
    /// # Errors
    /// [`MatchError::Rollback`] if there are fewer.
    pub fn rollback(&mut self, tokens: usize) -> Result<(), MatchError> {
        let there = self.progress.tokens.len();
        if tokens > there {
            return Err(MatchError::Rollback { asked: tokens, there });
        }
        self.progress.take_back(tokens);
        Ok(())
    }

    /// The complete value, and the tokens that spell it.
    ///
    /// # Errors
    /// [`MatchError::NotDone`] before the value is complete.
    pub fn finish(&self, tokenizer: &dyn Tokenize) -> Result<Finished, MatchError> {
        self.progress.finish(self.constraint.vocab(), tokenizer)
    }
}
