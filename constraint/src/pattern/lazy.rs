//! A deterministic automaton that is built on demand, and shared.
//!
//! States are numbered in the order of their discovery and keep their numbers for good, so that masks and
//! costs can be cached by them. What a state is, and where it leads, is defined by a [`Machine`].
//!
//! What is known already is read without a lock ([`states`]). Whoever comes upon a successor that is not known makes it
//! under a lock, held for that one state, so that each is made once ([`make`]). Numbers depend on who comes first;
//! nothing that is told of a state does.

mod ascii;
mod make;
mod states;

use std::cmp::Ordering;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, OnceLock};

use self::ascii::{AsciiBytes, ascii_of};
use self::make::Maker;
use self::states::{States, UNKNOWN};
use super::bytes::ByteSet;
use super::few::MOST_KEYS;
use super::frame::Keys;
use super::machine::Machine;
pub(crate) use super::machine::{Flag, Flags};
use crate::error::MatchError;
use crate::limits::Limits;

/// A state; [`DEAD`] is the one from which nothing can be completed.
pub(crate) type StateId = u32;

pub(crate) const DEAD: StateId = 0;
/// From here on the table of successors holds what is not known yet: the class of bytes that leads to the same one.
const UNVISITED: u32 = u32::MAX - 255;

/// For how many bytes a saturated state has to behave like the state itself, as an index of [`HORIZONS`].
pub(crate) type Reach = u8;

/// The last stands for the automaton's own horizon, which is that of the longest token.
pub(crate) const HORIZONS: [u32; 6] = [3, 7, 15, 31, 63, u32::MAX];
/// As far as any token.
pub(crate) const FARTHEST: Reach = HORIZONS.len() as Reach - 1;
/// Further than any budget: from there a value cannot be spelled byte by byte.
pub(crate) const FAR: u32 = u32::MAX;

/// A part of a state: the states in which the callers of the calls go on that are open in it, the outermost
/// first, and the part itself as if it had begun there.
pub(crate) type Part = (Box<[StateId]>, StateId);

/// See the module's description.
#[derive(Debug)]
pub(crate) struct Dfa {
    machine: Machine,
    classes: Box<[u8; 256]>,
    representatives: Vec<u8>,
    /// The ASCII bytes of each class, as bits.
    ascii: Vec<[u64; 2]>,
    start: OnceLock<StateId>,
    states: States,
    /// States found so far, the dead one included.
    len: AtomicU32,
    /// Whether there are keys that can run out.
    few_keys: bool,
    /// Whether states can have saturated equivalents other than themselves.
    counts: bool,
    horizon: u32,
    limit: usize,
    most_bytes: usize,
    most_ways: usize,
    most_callers: usize,
    most_keys: usize,
    maker: Mutex<Maker>,
}

impl Dfa {
    /// An automaton without states but the dead one. `horizon` is the number of bytes for which saturated
    /// states have to behave alike.
    pub(crate) fn new(machine: Machine, horizon: u32, limits: &Limits) -> Dfa {
        let (classes, representatives) = machine.byte_classes();
        let (classes, representatives) = (Box::new(*classes), representatives.to_vec());
        let counts = machine.subset().is_none_or(|subset| subset.counts());
        let few_keys = machine.subset().is_some_and(|subset| subset.has_few_keys());
        let mut maker = Maker::default();
        let states = States::new(representatives.len());
        // Nothing is known of the dead state: it is the first, and its key is empty.
        if let Err(place) = maker.keys.find(&[]) {
            let dead = maker.keys.insert(place, &[]);
            states.set(dead, Flags::default(), FAR, std::iter::repeat(DEAD));
        }
        Dfa {
            machine,
            ascii: ascii_of(&classes, representatives.len()),
            classes,
            representatives,
            start: OnceLock::new(),
            states,
            len: AtomicU32::new(1),
            few_keys,
            counts,
            horizon,
            limit: limits.states,
            most_bytes: limits.automaton_bytes,
            most_ways: limits.ways,
            most_callers: limits.callers,
            most_keys: limits.restricted_keys.min(MOST_KEYS as usize - 1),
            maker: Mutex::new(maker),
        }
    }

    /// [`Limits::ways`]
    pub(crate) fn most_ways(&self) -> usize {
        self.most_ways
    }

    /// [`Limits::callers`]
    pub(crate) fn most_callers(&self) -> usize {
        self.most_callers
    }

    /// [`Limits::restricted_keys`]
    pub(crate) fn most_keys(&self) -> usize {
        self.most_keys
    }

    /// The same automaton, unvisited, for another horizon and other bytes that can be spelled.
    pub(crate) fn adapted(&self, horizon: u32, bytes: ByteSet, limits: &Limits) -> Dfa {
        Dfa::new(self.machine.adapted(horizon, bytes, limits), horizon, limits)
    }

    pub(crate) fn start(&self) -> Result<StateId, MatchError> {
        if let Some(&start) = self.start.get() {
            return Ok(start);
        }
        let mut maker = self.maker();
        let Maker { scratch, key, .. } = &mut *maker;
        key.clear();
        self.machine.start(scratch, key)?;
        let start = self.intern(&mut maker)?;
        Ok(*self.start.get_or_init(|| start))
    }

    #[inline]
    pub(crate) fn next(&self, state: StateId, byte: u8) -> Result<StateId, MatchError> {
        let class = self.classes[byte as usize] as usize;
        match self.states.record(state).successor(class) {
            unvisited @ UNVISITED.. => self.explore(state, unvisited),
            next => Ok(next),
        }
    }

    /// [`next`](Self::next), then [`saturated`](Self::saturated).
    #[inline]
    pub(crate) fn next_saturated(
        &self,
        state: StateId,
        byte: u8,
        reach: Reach,
    ) -> Result<StateId, MatchError> {
        let next = self.next(state, byte)?;
        self.saturated(next, reach)
    }

    #[inline]
    pub(crate) fn accepts(&self, state: StateId) -> bool {
        self.flags(state).has(Flag::Accepts)
    }

    #[inline]
    pub(crate) fn flags(&self, state: StateId) -> Flags {
        self.states.record(state).flags()
    }

    /// The flags of a state and its [`distance`](Self::distance), which lie side by side.
    #[inline]
    pub(crate) fn flags_and_distance(&self, state: StateId) -> (Flags, u32) {
        let record = self.states.record(state);
        (record.flags(), record.distance())
    }

    /// The parts of a state by the calls that are open in it.
    pub(crate) fn parts(&self, state: StateId) -> Result<&[Part], MatchError> {
        let Some(known) = self.states.details(state).map(|details| &details.parts) else { return Ok(&[]) };
        match known.get() {
            Some(parts) => Ok(parts),
            None => {
                let parts = self.find_parts(state)?;
                Ok(known.get_or_init(|| parts))
            }
        }
    }

    /// The bytes that can follow.
    pub(crate) fn next_bytes(&self, state: StateId) -> Result<ByteSet, MatchError> {
        let is_exact = self.machine.subset().is_some();
        let record = self.states.record(state);
        let mut bytes = ByteSet::NONE;
        for class in 0..self.representatives.len() {
            if record.successor(class) == DEAD {
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
    pub(crate) fn most_ascii(&self, state: StateId) -> ([u64; 2], u8) {
        let ascii = self.ascii_bytes(state);
        (ascii.most, ascii.byte)
    }

    /// ASCII bytes, as bits, that are known to lead nowhere.
    pub(crate) fn dead_ascii(&self, state: StateId) -> [u64; 2] {
        self.ascii_bytes(state).dead
    }

    fn ascii_bytes(&self, state: StateId) -> AsciiBytes {
        let find = || {
            let successors = self.states.record(state).successors();
            let classes = successors.zip(&self.ascii).zip(&self.representatives);
            AsciiBytes::new(classes.map(|((leads, &ascii), &byte)| (leads, ascii, byte)))
        };
        self.states.details(state).map_or_else(find, |details| *details.ascii.get_or_init(find))
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
        self.machine.subset().map_or(none, |subset| subset.keys_left(self.maker().keys.get(state), keys))
    }

    /// Whether all keys are there already that begin so.
    pub(crate) fn is_used_up(&self, state: StateId, keys: &Keys) -> bool {
        self.flags(state).has(Flag::Scarce) && self.keys_left(state, keys).0 == 0
    }

    /// Bytes that suffice from a state within a restricted key to the end of the call; `None` if they cannot be spelled.
    pub(crate) fn distance_beyond_keys(&self, state: StateId, keys: &Keys) -> Option<u64> {
        let maker = self.maker();
        self.machine.subset()?.distance_beyond_keys(maker.keys.get(state), keys, &maker.scratch)
    }

    /// The nearest way on from there: the rest of a key that is not there yet, or a text up to the end of the call.
    pub(crate) fn beyond_keys(&self, state: StateId, keys: &Keys) -> Option<Vec<u8>> {
        let maker = self.maker();
        self.machine.subset()?.beyond_keys(maker.keys.get(state), keys, &maker.scratch)
    }

    /// Whether the machine has calls: then states are parts of places, and not places.
    pub(crate) fn has_calls(&self) -> bool {
        self.machine.subset().is_some_and(|subset| subset.has_rules())
    }

    /// Whether a value can be completed byte by byte. Where not, tokens of several bytes may still do.
    #[inline]
    pub(crate) fn is_spellable(&self, state: StateId) -> bool {
        self.distance(state) != FAR
    }

    /// Bytes that suffice to complete a value, where it is spellable: no more tokens are needed.
    #[inline]
    pub(crate) fn distance(&self, state: StateId) -> u32 {
        self.states.record(state).distance()
    }

    /// No state found so far from which a value can be spelled needs more bytes for it than this.
    pub(crate) fn greatest_distance(&self) -> u64 {
        self.machine.greatest_distance()
    }

    /// A state that behaves alike for so many bytes.
    #[inline]
    pub(crate) fn saturated(&self, state: StateId, reach: Reach) -> Result<StateId, MatchError> {
        if !self.counts {
            return Ok(state);
        }
        match self.states.record(state).saturated(reach) {
            UNKNOWN => self.saturate(state, reach),
            saturated => Ok(saturated),
        }
    }

    /// A short text that completes a value.
    pub(crate) fn witness(&self, state: StateId) -> Result<Option<Vec<u8>>, MatchError> {
        if state == DEAD {
            return Ok(None);
        }
        let maker = self.maker();
        self.machine.witness(maker.keys.get(state), &maker.scratch)
    }

    /// The first byte of that text. For states without open calls, and without stops.
    pub(crate) fn first_of_witness(&self, state: StateId) -> Option<u8> {
        let maker = self.maker();
        self.machine.subset()?.first_of_witness(maker.keys.get(state), &maker.scratch)
    }

    /// An order of states without open calls by what they are, whatever their numbers.
    pub(crate) fn compare(&self, a: StateId, b: StateId) -> Ordering {
        let maker = self.maker();
        maker.keys.get(a).cmp(maker.keys.get(b))
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
        self.len.load(Relaxed) as usize
    }
}
