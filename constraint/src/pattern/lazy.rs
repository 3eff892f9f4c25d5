//! A deterministic automaton that is built on demand.
//!
//! States are numbered in the order of their discovery and keep their numbers for good, so that masks and
//! costs can be cached by them. What a state is, and where it leads, is defined by a [`Machine`].

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::bytes::ByteSet;
use super::few::MOST_KEYS;
use super::frame::Keys;
use super::intern::Interner;
use super::machine::{Flags, Machine};
use super::nfa::NEVER;
use super::stack::ResumeId;
use super::subset::{Scratch, Subset};
use crate::error::MatchError;
use crate::limits::Limits;

/// A state; [`DEAD`] is the one from which nothing can be completed.
pub(crate) type StateId = u32;

pub(crate) const DEAD: StateId = 0;
const UNKNOWN: u32 = u32::MAX;
/// From here on the table of successors holds what is not known yet: the class of bytes that leads to the same one.
const UNVISITED: u32 = u32::MAX - 255;

/// For how many bytes a saturated state has to behave like the state itself, as an index of [`HORIZONS`].
pub(crate) type Reach = u8;

/// The last stands for the automaton's own horizon, which is that of the longest token.
pub(crate) const HORIZONS: [u32; 6] = [3, 7, 15, 31, 63, u32::MAX];
/// As far as any token.
pub(crate) const FARTHEST: Reach = HORIZONS.len() as Reach - 1;
/// Further than any budget.
const FAR: u32 = u32::MAX;
/// Bytes that a state takes beside its key and its transitions.
const STATE: usize = 140;

/// A part of a state: the states in which the callers of the calls go on that are open in it, the outermost
/// first, and the part itself as if it had begun there.
pub(crate) type Part = (Box<[StateId]>, StateId);

/// Where the ASCII bytes of a state lead, as far as is known, as bits.
#[derive(Debug, Clone, Copy)]
struct AsciiBytes {
    /// The largest group that leads to one successor, and one of it.
    most: [u64; 2],
    byte: u8,
    /// Those that lead nowhere.
    dead: [u64; 2],
}

/// See the module's description.
#[derive(Debug, Clone)]
pub(crate) struct Dfa {
    machine: Machine,
    classes: Box<[u8; 256]>,
    representatives: Vec<u8>,
    keys: Interner,
    /// The ASCII bytes of each class, as bits.
    ascii: Vec<[u64; 2]>,
    next: Vec<StateId>,
    flags: Vec<Flags>,
    /// The parts of states in which calls are open.
    parts: FxHashMap<StateId, Arc<[Part]>>,
    resumed: FxHashMap<ResumeId, StateId>,
    /// Bytes that complete a value from a state; [`FAR`] if it cannot be spelled byte by byte.
    distances: Vec<u32>,
    /// Where the ASCII bytes of each state lead.
    ascii_bytes: Vec<Option<AsciiBytes>>,
    /// Whether there are keys that can run out.
    few_keys: bool,
    /// Whether states can have saturated equivalents other than themselves.
    counts: bool,
    /// The saturated equivalents of each state, one for each reach.
    saturated: Vec<[StateId; HORIZONS.len()]>,
    horizon: u32,
    limit: usize,
    /// Memory of the states and of what is known about them, but for their stacks.
    bytes: usize,
    most_bytes: usize,
    scratch: Scratch,
    /// The key of the state that is being made.
    key: Vec<u32>,
}

impl Dfa {
    /// An automaton without states but the dead one. `horizon` is the number of bytes for which saturated
    /// states have to behave alike.
    pub(crate) fn new(machine: Machine, horizon: u32, limits: &Limits) -> Dfa {
        let (classes, representatives) = machine.byte_classes();
        let (classes, representatives) = (Box::new(*classes), representatives.to_vec());
        let counts = machine.subset().is_none_or(|subset| subset.counts());
        let few_keys = machine.subset().is_some_and(|subset| subset.has_few_keys());
        let mut dfa = Dfa {
            machine,
            few_keys,
            keys: Interner::default(),
            ascii: ascii_of(&classes, representatives.len()),
            classes,
            next: Vec::new(),
            flags: Vec::new(),
            parts: FxHashMap::default(),
            resumed: FxHashMap::default(),
            distances: Vec::new(),
            ascii_bytes: Vec::new(),
            counts,
            saturated: Vec::new(),
            representatives,
            horizon,
            limit: limits.states,
            bytes: 0,
            most_bytes: limits.automaton_bytes,
            scratch: Scratch::default(),
            key: Vec::new(),
        };
        // Nothing is known of the dead state: it is the first, and its key is empty.
        if let Err(place) = dfa.keys.find(&[]) {
            dfa.push(place, Flags::default(), FAR);
        }
        dfa.next.fill(DEAD);
        dfa.saturated.fill([DEAD; HORIZONS.len()]);
        dfa
    }

    /// The same automaton, unvisited, for another horizon and other bytes that can be spelled.
    pub(crate) fn adapted(&self, horizon: u32, bytes: ByteSet, limits: &Limits) -> Dfa {
        Dfa::new(self.machine.adapted(horizon, bytes, limits), horizon, limits)
    }

    pub(crate) fn start(&mut self) -> Result<StateId, MatchError> {
        self.key.clear();
        self.machine.start(&mut self.scratch, &mut self.key)?;
        self.intern()
    }

    #[inline]
    pub(crate) fn next(&mut self, state: StateId, byte: u8) -> Result<StateId, MatchError> {
        let class = self.classes[byte as usize] as usize;
        match self.next[state as usize * self.representatives.len() + class] {
            unvisited @ UNVISITED.. => self.explore(state, unvisited),
            next => Ok(next),
        }
    }

    /// [`next`](Self::next), then [`saturated`](Self::saturated).
    #[inline]
    pub(crate) fn next_saturated(
        &mut self,
        state: StateId,
        byte: u8,
        reach: Reach,
    ) -> Result<StateId, MatchError> {
        let next = self.next(state, byte)?;
        self.saturated(next, reach)
    }

    #[inline]
    pub(crate) fn accepts(&self, state: StateId) -> bool {
        self.flags[state as usize].accepts
    }

    #[inline]
    pub(crate) fn flags(&self, state: StateId) -> Flags {
        self.flags[state as usize]
    }

    /// The parts of a state by the calls that are open in it.
    pub(crate) fn parts(&mut self, state: StateId) -> Result<Arc<[Part]>, MatchError> {
        if let Some(parts) = self.parts.get(&state) {
            return Ok(parts.clone());
        }
        let Some(subset) = self.machine.subset().cloned() else {
            return Ok(Arc::new([(Box::new([]), state)]));
        };
        let mut parts: Vec<Part> = Vec::new();
        for (path, key) in subset.parts(self.keys.get(state), &self.scratch) {
            let path: Result<Box<[StateId]>, MatchError> =
                path.into_iter().map(|resume| self.resumed(&subset, resume)).collect();
            let path = path?;
            self.bytes += size_of::<Part>() + size_of_val(&*path);
            self.key = key;
            parts.push((path, self.intern()?));
        }
        let parts: Arc<[Part]> = parts.into();
        self.parts.insert(state, parts.clone());
        Ok(parts)
    }

    /// The state in which the callers of a frame go on.
    fn resumed(&mut self, subset: &Subset, resume: ResumeId) -> Result<StateId, MatchError> {
        if let Some(&state) = self.resumed.get(&resume) {
            return Ok(state);
        }
        self.key.clear();
        subset.resumed(resume, &mut self.scratch, &mut self.key)?;
        let state = self.intern()?;
        self.resumed.insert(resume, state);
        Ok(state)
    }

    /// The bytes that can follow.
    pub(crate) fn next_bytes(&mut self, state: StateId) -> Result<ByteSet, MatchError> {
        let is_exact = self.machine.subset().is_some();
        let mut bytes = ByteSet::NONE;
        for class in 0..self.representatives.len() {
            if self.row(state)[class] == DEAD {
                continue;
            }
            let first = self.representatives[class];
            let last = self.representatives.get(class + 1).map_or(u8::MAX, |next| next - 1);
            if is_exact || self.next(state, first)? != DEAD {
                (first..=last).for_each(|byte| bytes.insert(byte));
            }
        }
        Ok(bytes)
    }

    /// ASCII bytes, as bits, that lead to one successor as far as is known, and one of them: of such groups the
    /// largest, but those that lead nowhere only where all others are small.
    pub(crate) fn most_ascii(&mut self, state: StateId) -> ([u64; 2], u8) {
        let ascii = self.ascii_bytes(state);
        (ascii.most, ascii.byte)
    }

    /// ASCII bytes, as bits, that are known to lead nowhere.
    pub(crate) fn dead_ascii(&mut self, state: StateId) -> [u64; 2] {
        self.ascii_bytes(state).dead
    }

    fn ascii_bytes(&mut self, state: StateId) -> AsciiBytes {
        match self.ascii_bytes.get(state as usize) {
            Some(Some(known)) => *known,
            _ => self.find_ascii_bytes(state),
        }
    }

    fn find_ascii_bytes(&mut self, state: StateId) -> AsciiBytes {
        let mut groups: Vec<(u32, [u64; 2], u8)> = Vec::new();
        let classes = self.row(state).iter().zip(&self.ascii).zip(&self.representatives);
        for ((&leads, ascii), &byte) in classes {
            match groups.iter_mut().find(|group| group.0 == leads) {
                Some((_, bytes, _)) => *bytes = [bytes[0] | ascii[0], bytes[1] | ascii[1]],
                None => groups.push((leads, *ascii, byte)),
            }
        }
        // Fewer than the digits are a literal's bytes.
        const SMALL: u32 = 10;
        let size = |bytes: &[u64; 2]| bytes[0].count_ones() + bytes[1].count_ones();
        let rank =
            |(leads, bytes, _): &(u32, [u64; 2], u8)| (*leads != DEAD && size(bytes) >= SMALL, size(bytes));
        let dead = groups.iter().find(|group| group.0 == DEAD).map_or([0; 2], |group| group.1);
        let largest = groups.into_iter().max_by_key(rank);
        let (most, byte) = largest.map_or(([0; 2], 0), |(_, bytes, byte)| (bytes, byte));
        let found = AsciiBytes { most, byte, dead };
        if self.ascii_bytes.len() <= state as usize {
            self.ascii_bytes.resize(self.keys.len(), None);
        }
        self.ascii_bytes[state as usize] = Some(found);
        found
    }

    /// Whether there are keys that may not come twice.
    pub(crate) fn has_keys(&self) -> bool {
        self.machine.subset().is_some_and(|subset| subset.has_keys())
    }

    /// Whether distances are those of shortest texts, and each state leads to a nearer one, but for keys that differ.
    pub(crate) fn is_exact(&self) -> bool {
        self.machine.subset().is_some()
    }

    /// Whether some of these keys are few, so that they can run out.
    pub(crate) fn has_few_keys(&self) -> bool {
        self.few_keys
    }

    /// How many keys are left in a state within few keys, by the way that has most and by that which has least.
    pub(crate) fn keys_left(&self, state: StateId, keys: &Keys) -> (u32, u32) {
        let none = (MOST_KEYS, MOST_KEYS);
        self.machine.subset().map_or(none, |subset| subset.keys_left(self.keys.get(state), keys))
    }

    /// Whether all keys are there already that begin so.
    pub(crate) fn is_used_up(&self, state: StateId, keys: &Keys) -> bool {
        self.flags(state).scarce && self.keys_left(state, keys).0 == 0
    }

    /// Bytes that suffice from a state within a restricted key to the end of the call; `None` if they cannot be spelled.
    pub(crate) fn distance_beyond_keys(&self, state: StateId, keys: &Keys) -> Option<u64> {
        self.machine.subset()?.distance_beyond_keys(self.keys.get(state), keys, &self.scratch)
    }

    /// The nearest way on from there: the rest of a key that is not there yet, or a text up to the end of the call.
    pub(crate) fn beyond_keys(&self, state: StateId, keys: &Keys) -> Option<Vec<u8>> {
        self.machine.subset()?.beyond_keys(self.keys.get(state), keys, &self.scratch)
    }

    /// Whether the machine has calls: then states are parts of places, and not places.
    pub(crate) fn has_calls(&self) -> bool {
        self.machine.subset().is_some_and(|subset| subset.has_rules())
    }

    /// Whether a value can be completed byte by byte. Where not, tokens of several bytes may still do.
    #[inline]
    pub(crate) fn is_spellable(&self, state: StateId) -> bool {
        self.distances[state as usize] != FAR
    }

    /// Bytes that suffice to complete a value, where it is spellable: no more tokens are needed.
    #[inline]
    pub(crate) fn distance(&self, state: StateId) -> u32 {
        self.distances[state as usize]
    }

    /// No state found so far from which a value can be spelled needs more bytes for it than this.
    pub(crate) fn greatest_distance(&self) -> u64 {
        self.machine.greatest_distance()
    }

    /// A state that behaves alike for so many bytes.
    #[inline]
    pub(crate) fn saturated(&mut self, state: StateId, reach: Reach) -> Result<StateId, MatchError> {
        if !self.counts {
            return Ok(state);
        }
        match self.saturated[state as usize][reach as usize] {
            UNKNOWN => self.saturate(state, reach),
            saturated => Ok(saturated),
        }
    }

    /// A short text that completes a value.
    pub(crate) fn witness(&mut self, state: StateId) -> Result<Option<Vec<u8>>, MatchError> {
        if state == DEAD {
            return Ok(None);
        }
        self.machine.witness(self.keys.get(state), &self.scratch)
    }

    /// The first byte of each class, in order.
    pub(crate) fn representatives(&self) -> &[u8] {
        &self.representatives
    }

    /// A byte of each class that has some within a range.
    pub(crate) fn bytes_of_classes(&self, low: u8, high: u8) -> impl Iterator<Item = u8> {
        let class = |byte: u8| usize::from(self.classes[byte as usize]);
        std::iter::once(low).chain(self.representatives[class(low) + 1..=class(high)].iter().copied())
    }

    /// The class of a byte.
    pub(crate) fn class(&self, byte: u8) -> u8 {
        self.classes[byte as usize]
    }

    /// States found so far, the dead one included.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn key(&self, state: StateId) -> &[u32] {
        self.keys.get(state)
    }

    /// Finds the successor that a state has over some bytes: `unvisited` is what the table says of them.
    #[cold]
    fn explore(&mut self, state: StateId, unvisited: u32) -> Result<StateId, MatchError> {
        let byte = self.representatives[(unvisited - UNVISITED) as usize];
        self.key.clear();
        self.machine.step(self.keys.get(state), byte, &mut self.scratch, &mut self.key)?;
        let next = self.intern()?;
        let classes = self.representatives.len();
        let row = &mut self.next[state as usize * classes..][..classes];
        row.iter_mut().filter(|known| **known == unvisited).for_each(|known| *known = next);
        Ok(next)
    }

    /// What is known of the successors of a state, by class of bytes.
    fn row(&self, state: StateId) -> &[u32] {
        let classes = self.representatives.len();
        &self.next[state as usize * classes..][..classes]
    }

    #[cold]
    fn saturate(&mut self, state: StateId, reach: Reach) -> Result<StateId, MatchError> {
        let horizon = HORIZONS[reach as usize].min(self.horizon);
        self.key.clear();
        let is_other = self.machine.saturate(self.keys.get(state), horizon, reach, &mut self.key)?;
        let saturated = if is_other { self.intern()? } else { state };
        self.saturated[saturated as usize][reach as usize] = saturated;
        self.saturated[state as usize][reach as usize] = saturated;
        Ok(saturated)
    }

    /// The state of `key`.
    fn intern(&mut self) -> Result<StateId, MatchError> {
        let place = match self.keys.find(&self.key) {
            Ok(state) => return Ok(state),
            Err(place) => place,
        };
        if self.keys.len() >= self.limit {
            return Err(MatchError::TooLarge { what: "automaton states", limit: self.limit });
        }
        self.bytes += size_of_val(&*self.key) + self.representatives.len() * size_of::<StateId>() + STATE;
        if self.bytes + self.scratch.bytes() > self.most_bytes {
            return Err(MatchError::TooLarge { what: "bytes of automaton states", limit: self.most_bytes });
        }
        let flags = self.machine.flags(&self.key);
        let distance = if flags.accepts { 0 } else { self.machine.distance(&self.key, &self.scratch)? };
        // An end beyond all budgets is another thing than none: only without one are others searched.
        let distance = if distance < NEVER { distance.min(u64::from(FAR - 1)) as u32 } else { FAR };
        Ok(self.push(place, flags, distance))
    }

    /// Adds the state of `key`.
    fn push(&mut self, place: u64, flags: Flags, distance: u32) -> StateId {
        let state = self.keys.insert(place, &self.key);
        self.flags.push(flags);
        self.distances.push(distance);
        self.saturated.extend(self.counts.then_some([UNKNOWN; HORIZONS.len()]));
        match self.machine.subset() {
            Some(subset) => {
                let alike = subset.alike(&self.key, &mut self.scratch);
                let unvisited =
                    |leader: Option<u16>| leader.map_or(DEAD, |class| UNVISITED + u32::from(class));
                self.next.extend(alike.map(unvisited));
            }
            None => self.next.extend((0..self.representatives.len() as u32).map(|class| UNVISITED + class)),
        }
        state
    }
}

/// The ASCII bytes of each class, as bits.
fn ascii_of(classes: &[u8; 256], len: usize) -> Vec<[u64; 2]> {
    let mut ascii = vec![[0; 2]; len];
    for byte in 0..128 {
        ascii[usize::from(classes[byte])][byte / 64] |= 1 << (byte % 64);
    }
    ascii
}
