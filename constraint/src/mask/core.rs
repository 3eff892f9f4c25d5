//! What all generations under one constraint share: states, masks, and the cost of finishing.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::CacheStats;
use super::chain::Chains;
use super::rest::Rests;
use super::run::Runs;
use crate::error::MatchError;
use crate::limits::Limits;
use crate::pattern::Pattern;
use crate::pattern::cursor::Cursor;
use crate::pattern::lazy::{Dfa, FARTHEST, StateId};
use crate::pattern::subset::CROWDED;
use crate::vocab::{TokenId, TokenSet, Vocab};

/// A mask is determined by the state and the bytes that healing still has to spell.
type MaskKey = (StateId, Box<[u8]>);

#[derive(Debug)]
pub(super) struct Core {
    pub(super) dfa: Dfa,
    pub(super) vocab: Arc<Vocab>,
    pub(super) runs: Runs,
    /// States along the path of a walk, by depth.
    pub(super) path: Vec<StateId>,
    pub(super) all: Arc<TokenSet>,
    pub(super) chains: Chains,
    pub(super) rests: Rests,
    /// The greatest distance of any visited state from the end of its rule.
    pub(super) far: u64,
    /// Calls that may be open at once.
    pub(super) depth: usize,
    masks: FxHashMap<StateId, Arc<TokenSet>>,
    healing: FxHashMap<MaskKey, Arc<TokenSet>>,
    order: VecDeque<MaskKey>,
    mask_bytes: usize,
    pub(super) mask_limit: usize,
    pub(super) search_limit: usize,
    costs: FxHashMap<StateId, Option<u32>>,
    /// Tokens to spare: one for the token that is chosen, and where there are stops some to spell the part of
    /// a token that stands before one.
    margin: u64,
    /// The most tokens that any state needs that cannot be finished byte by byte.
    greatest_searched: u64,
}

impl Core {
    pub(super) fn new(pattern: &Pattern, vocab: Arc<Vocab>, limits: &Limits) -> Core {
        let dfa = pattern.automaton(vocab.longest() as u32, vocab.single_bytes());
        Core {
            dfa,
            all: Arc::new(TokenSet::all(&vocab)),
            chains: Chains::default(),
            rests: Rests::default(),
            far: 0,
            depth: limits.calls,
            path: vec![0; vocab.longest() + 1],
            vocab,
            runs: Runs::default(),
            masks: FxHashMap::default(),
            healing: FxHashMap::default(),
            order: VecDeque::new(),
            mask_bytes: 0,
            mask_limit: limits.mask_cache_bytes,
            search_limit: limits.search,
            costs: FxHashMap::default(),
            margin: if pattern.stop_finder().is_some() { 8 } else { 1 },
            greatest_searched: 0,
        }
    }

    /// The tokens that may follow a state, once `heal` is spelled, if tokens are plentiful.
    pub(super) fn mask(&mut self, state: StateId, heal: &[u8]) -> Result<Arc<TokenSet>, MatchError> {
        if !heal.is_empty() {
            return self.healing_mask(state, heal);
        }
        if self.dfa.accepts(state) {
            return Ok(self.all.clone());
        }
        let state = self.dfa.saturated(state, FARTHEST)?;
        if let Some(mask) = self.masks.get(&state) {
            return Ok(mask.clone());
        }
        let mask = Arc::new(self.walk_mask(state, &[])?);
        self.remember((state, Box::new([])), &mask);
        self.masks.insert(state, mask.clone());
        Ok(mask)
    }

    fn healing_mask(&mut self, state: StateId, heal: &[u8]) -> Result<Arc<TokenSet>, MatchError> {
        let key = (self.dfa.saturated(state, FARTHEST)?, Box::from(heal));
        if let Some(mask) = self.healing.get(&key) {
            return Ok(mask.clone());
        }
        let mask = Arc::new(self.walk_mask(key.0, heal)?);
        self.remember(key.clone(), &mask);
        self.healing.insert(key, mask.clone());
        Ok(mask)
    }

    /// Keeps the cache within its bound: the oldest masks are dropped first. A mask in use stays alive.
    fn remember(&mut self, key: MaskKey, mask: &TokenSet) {
        self.mask_bytes += mask.bytes();
        self.order.push_back(key);
        while self.mask_bytes > self.mask_limit && self.order.len() > 1 {
            let Some(oldest) = self.order.pop_front() else { return };
            let gone =
                if oldest.1.is_empty() { self.masks.remove(&oldest.0) } else { self.healing.remove(&oldest) };
            self.mask_bytes -= gone.map_or(0, |mask| mask.bytes());
        }
    }

    /// The place at which a text begins.
    pub(super) fn start(&mut self) -> Result<Cursor, MatchError> {
        let start = self.dfa.start()?;
        Cursor::new(&mut self.dfa, start, self.depth)
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
            Err(MatchError::TooLarge { what: CROWDED, .. }) => self.mask_by_place(cursor, heal)?,
            found => found?,
        };
        Ok((mask, u64::from(left) > far + self.margin && self.vocab.spells_parts(left)))
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
        if let Some(&cost) = self.costs.get(&state) {
            return Ok(cost);
        }
        let cost = self.plan(state)?.map(|plan| plan.len() as u32);
        self.costs.insert(state, cost);
        Ok(cost)
    }

    /// Whether a value can be completed with this many tokens. A byte takes at most one, a token the bytes of the
    /// longest.
    pub(super) fn place_fits(&mut self, cursor: &Cursor, left: u32) -> Result<bool, MatchError> {
        let (distance, left) = (cursor.distance(&self.dfa), u64::from(left));
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
        self.greatest_searched = self.greatest_searched.max(cost.unwrap_or(0).into());
        Ok(cost.is_some())
    }

    /// Grows as states are found; callers that rely on it ask again after a walk.
    fn greatest_distance(&self) -> u64 {
        self.dfa.greatest_distance().max(self.greatest_searched)
    }

    /// Whether `left` tokens are certain to suffice from wherever the next token leads, and to spell the part of it
    /// that belongs to the value.
    pub(super) fn is_plenty(&self, left: u32) -> bool {
        u64::from(left) > self.greatest_distance() + self.margin && self.vocab.spells_parts(left)
    }

    pub(super) fn stats(&self) -> CacheStats {
        let masks = self.order.len() + self.chains.len();
        CacheStats { masks, mask_bytes: self.mask_bytes + self.chains.bytes, states: self.dfa.len() }
    }

    pub(super) fn clear_masks(&mut self) {
        self.masks.clear();
        self.chains.clear();
        self.healing.clear();
        self.order.clear();
        self.mask_bytes = 0;
    }
}
