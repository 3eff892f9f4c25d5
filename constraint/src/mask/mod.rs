//! Masks: a pattern bound to a vocabulary.
//!
//! A [`Constraint`] is used by all generations under it at the same time, on any number of threads, and holds what
//! they have computed ([`shared`]): the states of the automaton, the masks of these states, and the cost of finishing
//! from them. A [`Matcher`] is one generation, and [`progress`] what it knows itself. It works with a [`core`], which has
//! what is shared and some memory to itself ([`pool`]).
//!
//! [`walk`] computes a mask, [`run`] lets it skip most of the vocabulary, [`chain`] handles masks under calls, and
//! [`keys`] what keys remove from them. [`forced`] deals with forced text, and [`least`] keeps a value from ending
//! too early. [`rest`] computes what it takes to finish, and [`tight`] what that forbids.

mod chain;
mod core;
mod finish;
mod forced;
mod keys;
mod least;
mod matcher;
mod pool;
mod progress;
mod rest;
mod run;
mod search;
mod shared;
mod tight;
mod walk;

use std::sync::Arc;

use self::core::Core;
pub use self::finish::Finished;
pub use self::matcher::{Commit, End, Matcher, Next};
use self::shared::Shared;
use crate::error::MatchError;
use crate::limits::Limits;
use crate::pattern::Pattern;
use crate::vocab::{TokenId, Vocab};

/// A pattern bound to a vocabulary, with everything computed for it. Share it as an `Arc`: nobody waits for another one's
/// work.
#[derive(Debug)]
pub struct Constraint {
    pattern: Pattern,
    vocab: Arc<Vocab>,
    shared: Shared,
    limits: Limits,
}

/// What a constraint has cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheStats {
    /// Masks in memory.
    pub masks: usize,
    /// Their bytes.
    pub mask_bytes: usize,
    /// States of the automaton.
    pub states: usize,
}

impl Constraint {
    /// Binds a pattern to a vocabulary. Nothing is computed yet.
    pub fn new(pattern: Pattern, vocab: Arc<Vocab>, limits: Limits) -> Arc<Constraint> {
        let shared = Shared::new(&pattern, &vocab, &limits);
        Arc::new(Constraint { pattern, vocab, shared, limits })
    }

    /// The pattern.
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// The vocabulary.
    pub fn vocab(&self) -> &Arc<Vocab> {
        &self.vocab
    }

    /// How many of the last tokens of a text must be taken back, so that every token that spells their
    /// bytes and continues with what this constraint allows can be chosen.
    ///
    /// # Errors
    /// A limit was hit.
    pub fn heal(&self, tail: &[TokenId]) -> Result<usize, MatchError> {
        let mut core = self.core();
        let start = core.dfa.start()?;
        let mut bytes: Vec<u8> = Vec::new();
        let mut taken = 0;
        for (back, &token) in tail.iter().rev().enumerate() {
            let text = self.vocab.bytes(token);
            if text.is_empty() || bytes.len() + text.len() > self.vocab.longest() {
                break;
            }
            bytes.splice(0..0, text.iter().copied());
            if core.is_extended(&bytes, start)? {
                taken = back + 1;
            }
        }
        Ok(taken)
    }

    /// The fewest tokens that spell a short value; `None` if the vocabulary cannot spell one.
    ///
    /// # Errors
    /// A limit was hit.
    pub fn fewest_tokens(&self) -> Result<Option<usize>, MatchError> {
        let mut core = self.core();
        let start = core.start()?;
        Ok(core.place_cost(&start)?.map(|cost| cost as usize))
    }

    /// What is cached.
    pub fn cache_stats(&self) -> CacheStats {
        self.shared.stats()
    }

    /// Drops all cached masks. For benchmarks of first visits.
    pub fn clear_masks(&self) {
        self.shared.clear_masks();
    }

    fn core(&self) -> Core<'_> {
        Core::new(self)
    }
}
