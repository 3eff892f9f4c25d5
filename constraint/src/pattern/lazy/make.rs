//! States as they are found: made one at a time, under a lock.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{MutexGuard, PoisonError};

use rustc_hash::FxHashMap;

use super::{DEAD, Dfa, FAR, Flag, Flags, HORIZONS, Part, Reach, StateId, UNVISITED};
use crate::error::MatchError;
use crate::limits::Limit;
use crate::pattern::intern::Interner;
use crate::pattern::nfa::NEVER;
use crate::pattern::stack::ResumeId;
use crate::pattern::subset::{Scratch, Subset};

/// Bytes that a state takes beside its key and its transitions.
const STATE: usize = 140;

/// What makes states, one at a time.
#[derive(Debug, Default)]
pub(super) struct Maker {
    pub(super) keys: Interner,
    resumed: FxHashMap<ResumeId, StateId>,
    /// Memory of the states and of what is known about them, but for their stacks.
    bytes: usize,
    pub(super) scratch: Scratch,
    /// The key of the state that is being made.
    pub(super) key: Vec<u32>,
}

impl Dfa {
    /// What makes states. A panic elsewhere leaves it as good as new: each step begins by clearing what it works on, and
    /// a state gets its number and its record together.
    pub(super) fn maker(&self) -> MutexGuard<'_, Maker> {
        self.maker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds the successor that a state has over some bytes: `unvisited` is what the table says of them.
    #[cold]
    pub(super) fn explore(&self, state: StateId, unvisited: u32) -> Result<StateId, MatchError> {
        let class = (unvisited - UNVISITED) as usize;
        let byte = self.representatives[class];
        let mut maker = self.maker();
        // Somebody else may have found it.
        let known = self.states.record(state).successor(class);
        if known < UNVISITED {
            return Ok(known);
        }
        let Maker { keys, scratch, key, .. } = &mut *maker;
        key.clear();
        self.machine.step(keys.get(state), byte, scratch, key)?;
        let next = self.intern(&mut maker)?;
        self.states.record(state).replace(class, next);
        Ok(next)
    }

    #[cold]
    pub(super) fn saturate(&self, state: StateId, reach: Reach) -> Result<StateId, MatchError> {
        let horizon = HORIZONS[reach as usize].min(self.horizon);
        let mut maker = self.maker();
        let Maker { keys, key, .. } = &mut *maker;
        key.clear();
        let is_other = self.machine.saturate(keys.get(state), horizon, reach, key)?;
        let saturated = if is_other { self.intern(&mut maker)? } else { state };
        self.states.record(saturated).set_saturated(reach, saturated);
        self.states.record(state).set_saturated(reach, saturated);
        Ok(saturated)
    }

    /// The state of the maker's key.
    pub(super) fn intern(&self, maker: &mut Maker) -> Result<StateId, MatchError> {
        let place = match maker.keys.find(&maker.key) {
            Ok(state) => return Ok(state),
            Err(place) => place,
        };
        if maker.keys.len() >= self.limit {
            return Err(MatchError::TooLarge { what: Limit::States, limit: self.limit });
        }
        maker.bytes += size_of_val(&*maker.key) + self.representatives.len() * size_of::<StateId>() + STATE;
        if maker.bytes + maker.scratch.bytes() > self.most_bytes {
            return Err(MatchError::TooLarge { what: Limit::StateBytes, limit: self.most_bytes });
        }
        let flags = self.machine.flags(&maker.key);
        let distance =
            if flags.has(Flag::Accepts) { 0 } else { self.machine.distance(&maker.key, &maker.scratch)? };
        // An end beyond all budgets is another thing than none: only without one are others searched.
        let distance = if distance < NEVER { distance.min(u64::from(FAR - 1)) as u32 } else { FAR };
        Ok(self.add(maker, place, flags, distance))
    }

    /// Adds the state of the maker's key.
    fn add(&self, maker: &mut Maker, place: u64, flags: Flags, distance: u32) -> StateId {
        let Maker { keys, scratch, key, .. } = maker;
        let state = keys.insert(place, key);
        match self.machine.subset() {
            Some(subset) => {
                let alike = subset.alike(key, scratch);
                let unvisited =
                    |leader: Option<u16>| leader.map_or(DEAD, |class| UNVISITED + u32::from(class));
                self.states.set(state, flags, distance, alike.map(unvisited));
            }
            None => self.states.set(state, flags, distance, UNVISITED..),
        }
        self.len.store(keys.len() as u32, Relaxed);
        state
    }

    #[cold]
    pub(super) fn find_parts(&self, state: StateId) -> Result<Box<[Part]>, MatchError> {
        let Some(subset) = self.machine.subset() else { return Ok([(Box::from([]), state)].into()) };
        let mut maker = self.maker();
        let mut parts: Vec<Part> = Vec::new();
        for (path, key) in subset.parts(maker.keys.get(state), &maker.scratch) {
            let path: Result<Box<[StateId]>, MatchError> =
                path.into_iter().map(|resume| self.resumed(&mut maker, subset, resume)).collect();
            let path = path?;
            maker.bytes += size_of::<Part>() + size_of_val(&*path);
            maker.key = key;
            parts.push((path, self.intern(&mut maker)?));
        }
        Ok(parts.into())
    }

    /// The state in which the callers of a frame go on.
    fn resumed(&self, maker: &mut Maker, subset: &Subset, resume: ResumeId) -> Result<StateId, MatchError> {
        if let Some(&state) = maker.resumed.get(&resume) {
            return Ok(state);
        }
        maker.key.clear();
        subset.resumed(resume, &mut maker.scratch, &mut maker.key)?;
        let state = self.intern(maker)?;
        maker.resumed.insert(resume, state);
        Ok(state)
    }
}
