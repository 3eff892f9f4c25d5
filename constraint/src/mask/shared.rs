//! What all generations under one constraint share: masks, and what it costs to finish.
//!
//! Everything here is found once and then only read, under locks that are held for no longer than it takes to look
//! something up or to put it down. Nobody computes under them. So two that need the same mask at the same
//! time both compute it, which takes neither of them longer than to wait for the other.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rustc_hash::FxHashMap;

use super::CacheStats;
use super::chain::Chains;
use super::pool::Pool;
use crate::limits::Limits;
use crate::pattern::Pattern;
use crate::pattern::lazy::{Dfa, StateId};
use crate::vocab::{TokenSet, Vocab};

/// See the module's description.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) dfa: Dfa,
    pub(super) all: Arc<TokenSet>,
    pub(super) masks: Masks,
    pub(super) chains: Chains,
    pub(super) pool: Pool,
    costs: RwLock<FxHashMap<StateId, Option<u32>>>,
    /// The most tokens that any state needs that cannot be finished byte by byte.
    greatest_searched: AtomicU64,
    /// Tokens to spare: one for the token that is chosen, and where there are stops some to spell the part of
    /// a token that stands before one.
    pub(super) margin: u64,
}

impl Shared {
    pub(super) fn new(pattern: &Pattern, vocab: &Vocab, limits: &Limits) -> Shared {
        Shared {
            dfa: pattern.automaton(vocab.longest() as u32, vocab.single_bytes()),
            all: Arc::new(TokenSet::all(vocab)),
            masks: Masks::new(limits.mask_cache_bytes),
            chains: Chains::new(limits.mask_cache_bytes),
            pool: Pool::default(),
            costs: RwLock::default(),
            greatest_searched: AtomicU64::new(0),
            margin: if pattern.stop_finder().is_some() { 8 } else { 1 },
        }
    }

    /// The tokens from a state to its end, if that has been asked before.
    pub(super) fn cost(&self, state: StateId) -> Option<Option<u32>> {
        read(&self.costs).get(&state).copied()
    }

    pub(super) fn set_cost(&self, state: StateId, cost: Option<u32>) {
        write(&self.costs).insert(state, cost);
    }

    /// Notes what a state needs that cannot be finished byte by byte.
    pub(super) fn note_searched(&self, cost: u32) {
        self.greatest_searched.fetch_max(cost.into(), Relaxed);
    }

    /// Grows as states are found; callers that rely on it ask again after a walk.
    pub(super) fn greatest_distance(&self) -> u64 {
        self.dfa.greatest_distance().max(self.greatest_searched.load(Relaxed))
    }

    pub(super) fn stats(&self) -> CacheStats {
        let (plain, chains) = (self.masks.size(), self.chains.size());
        CacheStats { masks: plain.0 + chains.0, mask_bytes: plain.1 + chains.1, states: self.dfa.len() }
    }

    pub(super) fn clear_masks(&self) {
        self.masks.clear();
        self.chains.clear();
    }
}

/// A mask is determined by the state and the bytes that healing still has to spell.
type MaskKey = (StateId, Box<[u8]>);

/// The masks of states that say all.
#[derive(Debug)]
pub(super) struct Masks {
    kept: RwLock<Kept>,
    /// Bytes of masks that are kept.
    limit: usize,
}

#[derive(Debug, Default)]
struct Kept {
    plain: FxHashMap<StateId, Arc<TokenSet>>,
    healing: FxHashMap<MaskKey, Arc<TokenSet>>,
    order: VecDeque<MaskKey>,
    bytes: usize,
}

impl Masks {
    fn new(limit: usize) -> Masks {
        Masks { kept: RwLock::default(), limit }
    }

    /// The mask of a state, after `heal` is spelled, if it is known.
    pub(super) fn find(&self, state: StateId, heal: &[u8]) -> Option<Arc<TokenSet>> {
        let kept = read(&self.kept);
        let found =
            if heal.is_empty() { kept.plain.get(&state) } else { kept.healing.get(&(state, heal.into())) };
        found.cloned()
    }

    /// Keeps a mask, within the bound: the oldest are dropped first. A mask in use stays alive.
    pub(super) fn keep(&self, state: StateId, heal: &[u8], mask: TokenSet) -> Arc<TokenSet> {
        let mask = Arc::new(mask);
        let mut kept = write(&self.kept);
        let before = match heal {
            [] => kept.plain.insert(state, mask.clone()),
            heal => kept.healing.insert((state, heal.into()), mask.clone()),
        };
        if before.is_none() {
            kept.bytes += mask.bytes();
            kept.order.push_back((state, heal.into()));
        }
        kept.drop_oldest(self.limit);
        mask
    }

    /// How many there are, and their bytes.
    fn size(&self) -> (usize, usize) {
        let kept = read(&self.kept);
        (kept.order.len(), kept.bytes)
    }

    fn clear(&self) {
        let mut kept = write(&self.kept);
        let Kept { plain, healing, order, bytes } = &mut *kept;
        plain.clear();
        healing.clear();
        order.clear();
        *bytes = 0;
    }
}

impl Kept {
    fn drop_oldest(&mut self, limit: usize) {
        while self.bytes > limit && self.order.len() > 1 {
            let Some(oldest) = self.order.pop_front() else { return };
            let gone =
                if oldest.1.is_empty() { self.plain.remove(&oldest.0) } else { self.healing.remove(&oldest) };
            self.bytes -= gone.map_or(0, |mask| mask.bytes());
        }
    }
}

/// Reads what is shared. Each entry is put down whole, so what somebody left who panicked is as good as any.
pub(super) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// The same, to put something down.
pub(super) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
