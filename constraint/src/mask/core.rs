//! One thread at work under a constraint: what all share, and what it has to itself.

use std::sync::Arc;

use super::Constraint;
use super::pool::Work;
use super::shared::Shared;
use crate::error::MatchError;
use crate::limits::{Limit, Limits};
use crate::pattern::cursor::Cursor;
use crate::pattern::lazy::{DEAD, Dfa, FARTHEST, StateId};
use crate::vocab::{TokenId, TokenSet, Vocab};

#[derive(Debug)]
pub(super) struct Core<'c> {
    pub(super) dfa: &'c Dfa,
    pub(super) vocab: &'c Vocab,
    pub(super) shared: &'c Shared,
    /// Taken from the pool when it is first needed: what is known already takes none.
    work: Option<Box<Work>>,
    /// States along the path of a walk, by depth. It is taken from the work memory when a walk begins.
    pub(super) path: Vec<StateId>,
    /// The greatest distance of any state visited by a walk from the end of its rule.
    pub(super) far: u64,
    /// Calls that may be open at once.
    pub(super) depth: usize,
    pub(super) limits: &'c Limits,
}

impl<'c> Core<'c> {
    pub(super) fn new(constraint: &'c Constraint) -> Core<'c> {
        let Constraint { vocab, shared, limits, .. } = constraint;
        Core {
            dfa: &shared.dfa,
            vocab,
            shared,
            work: None,
            path: Vec::new(),
            far: 0,
            depth: limits.calls,
            limits,
        }
    }

    #[inline]
    pub(super) fn work(&mut self) -> &mut Work {
        self.work.get_or_insert_with(|| self.shared.pool.take())
    }

    /// Begins a walk from a state.
    #[inline]
    pub(super) fn begin_path(&mut self, state: StateId) {
        if self.path.is_empty() {
            self.take_path();
        }
        self.path[0] = state;
    }

    fn take_path(&mut self) {
        self.path = std::mem::take(&mut self.work().path);
        self.path.resize(self.vocab.longest() + 1, DEAD);
    }

    /// The tokens that may follow a state, once `heal` is spelled, if tokens are plentiful.
    pub(super) fn mask(&mut self, state: StateId, heal: &[u8]) -> Result<Arc<TokenSet>, MatchError> {
        if heal.is_empty() && self.dfa.accepts(state) {
            return Ok(self.shared.all.clone());
        }
        let state = self.dfa.saturated(state, FARTHEST)?;
        if let Some(mask) = self.shared.masks.find(state, heal) {
            return Ok(mask);
        }
        let mask = self.walk_mask(state, heal)?;
        Ok(self.shared.masks.keep(state, heal, mask))
    }

    /// The place at which a text begins.
    pub(super) fn start(&self) -> Result<Cursor, MatchError> {
        Cursor::new(self.dfa, self.dfa.start()?, self.depth)
    }

    /// The mask of a place as if tokens were plenty, and whether `left` are certain to suffice from wherever it
    /// leads.
    pub(super) fn plenty_mask(
        &mut self,
        cursor: &Cursor,
        heal: &[u8],
        left: u32,
    ) -> Result<(Arc<TokenSet>, bool), MatchError> {
        if let Some(state) = cursor.plain().filter(|_| !self.dfa.has_calls()) {
            let mask = self.mask(state, heal)?;
            // The walk may have found states that are further from their end than any before.
            return Ok((mask, self.is_plenty(left)));
        }
        let found = if heal.is_empty() { self.called_mask(cursor) } else { self.healing_mask_of_calls(heal) };
        let (mask, far) = match found {
            Err(MatchError::TooLarge { what: Limit::Configurations, .. }) => {
                self.mask_by_place(cursor, heal)?
            }
            found => found?,
        };
        Ok((mask, u64::from(left) > far + self.shared.margin && self.vocab.spells_parts(left)))
    }

    /// The mask before the first byte of a value is read, which only then may be preceded by healed bytes.
    fn healing_mask_of_calls(&mut self, heal: &[u8]) -> Result<(Arc<TokenSet>, u64), MatchError> {
        let start = self.dfa.start()?;
        self.far = 0;
        let mut mask = self.walk_mask(start, heal)?;
        let far = std::mem::take(&mut self.far);
        let cursor = self.start()?;
        if self.dfa.has_keys() {
            let forbidden = self.repeated_keys(&cursor, heal, &mask)?;
            forbidden.iter().for_each(|&rank| mask.remove_ranks(rank, rank + 1));
        }
        mask.count();
        Ok((Arc::new(mask), far))
    }

    /// Tokens that a short path to the end takes; `None` if the vocabulary cannot spell it. For a state that says all.
    pub(super) fn cost(&mut self, state: StateId) -> Result<Option<u32>, MatchError> {
        if self.dfa.accepts(state) {
            return Ok(Some(0));
        }
        if let Some(cost) = self.shared.cost(state) {
            return Ok(cost);
        }
        let cost = self.plan(state)?.map(|plan| plan.len() as u32);
        self.shared.set_cost(state, cost);
        Ok(cost)
    }

    /// Whether a value can be completed with this many tokens. A byte takes at most one, a token the bytes of the
    /// longest.
    pub(super) fn place_fits(&mut self, cursor: &Cursor, left: u32) -> Result<bool, MatchError> {
        let (distance, left) = (cursor.distance(self.dfa), u64::from(left));
        if distance <= left {
            return Ok(!cursor.is_dead());
        }
        let is_shortest = self.dfa.is_exact() && !self.dfa.has_keys() && distance < u64::from(u32::MAX);
        if cursor.is_dead() || (is_shortest && distance > left * self.vocab.longest() as u64) {
            return Ok(false);
        }
        Ok(self.place_cost(cursor)?.is_some_and(|cost| u64::from(cost) <= left))
    }

    /// A short path to the end, as tokens. For a state that says all.
    pub(super) fn plan(&mut self, state: StateId) -> Result<Option<Vec<TokenId>>, MatchError> {
        if !self.dfa.is_spellable(state) {
            return self.search_plan(state);
        }
        let witness = self.dfa.witness(state)?;
        Ok(witness.and_then(|text| self.vocab.fewest_tokens(&text)))
    }

    /// Whether a value can be completed from a live state with the tokens that there are.
    pub(super) fn can_finish(&mut self, state: StateId) -> Result<bool, MatchError> {
        if self.dfa.is_spellable(state) {
            return Ok(true);
        }
        let cost = self.cost(state)?;
        self.shared.note_searched(cost.unwrap_or(0));
        Ok(cost.is_some())
    }

    /// Whether `left` tokens are certain to suffice from wherever the next token leads, and to spell the part of it
    /// that belongs to the value.
    pub(super) fn is_plenty(&self, left: u32) -> bool {
        let most = self.shared.greatest_distance() + self.shared.margin;
        u64::from(left) > most && self.vocab.spells_parts(left)
    }
}

impl Drop for Core<'_> {
    /// Gives the work memory back, unless a panic may have left it half-written.
    fn drop(&mut self) {
        if let Some(mut work) = self.work.take().filter(|_| !std::thread::panicking()) {
            if !self.path.is_empty() {
                work.path = std::mem::take(&mut self.path);
            }
            self.shared.pool.give_back(work);
        }
    }
}
