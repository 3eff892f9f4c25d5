//! A value that stops may end: the product of the value's automaton with every partial stop.
//!
//! A state is the value's state and a list of partial stops, the one that began first in front. A stop ends
//! the text where it is first complete; of stops completed at the same time, the one that began first counts.
//! If the value was complete where that stop began, the text is over. If not, the text contains a stop and is
//! not a value: the path is dead. So a value never contains a stop, and a stop never truncates a value.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::bytes::ByteSet;
use super::lazy::{DEAD, Dfa, Reach, StateId};
use super::machine::Key;
use crate::error::MatchError;
use crate::limits::{Limit, Limits};

/// The word that stands for a state in which a stop is complete.
const STOPPED: u32 = u32::MAX;

/// See the module's description. Keys are the value's state, then a word for each partial stop: its state
/// shifted by one, with a bit that says whether the value was complete where it began.
#[derive(Debug)]
pub(crate) struct Until {
    value: Dfa,
    stops: Arc<Dfa>,
    /// Whether a value may end anywhere, so that no path needs a look ahead.
    free: bool,
    /// Grows where stops force a value to take a longer way than its own distances know.
    greatest_distance: AtomicU64,
    search: usize,
    classes: Box<[u8; 256]>,
    representatives: Vec<u8>,
}

impl Until {
    /// `free` says that the value is any text; `search` bounds the look ahead where it is not.
    pub(crate) fn new(value: Dfa, stops: Arc<Dfa>, free: bool, distance: u64, search: usize) -> Until {
        let (classes, representatives) = joint_classes(value.representatives(), stops.representatives());
        let greatest_distance = AtomicU64::new(distance);
        Until { value, stops, free, greatest_distance, search, classes, representatives }
    }

    /// The automaton of the value, stops aside.
    pub(super) fn value(&self) -> &Dfa {
        &self.value
    }

    /// The same machine without any states yet, for another horizon and other bytes that can be spelled.
    pub(super) fn adapted(&self, horizon: u32, bytes: ByteSet, limits: &Limits) -> Until {
        let value = self.value.adapted(horizon, bytes, limits);
        let distance = value.greatest_distance();
        Until::new(value, self.stops.clone(), self.free, distance, self.search)
    }

    pub(super) fn byte_classes(&self) -> (&[u8; 256], &[u8]) {
        (&self.classes, &self.representatives)
    }

    pub(super) fn greatest_distance(&self) -> u64 {
        self.greatest_distance.load(Relaxed)
    }

    pub(super) fn start(&self) -> Result<Option<Key>, MatchError> {
        let value = self.value.start()?;
        self.live(vec![value])
    }

    pub(super) fn accepts(&self, key: &[u32]) -> bool {
        is_stopped(key) || self.value.accepts(key[0])
    }

    pub(super) fn step(&self, key: &[u32], byte: u8) -> Result<Option<Key>, MatchError> {
        if is_stopped(key) {
            return Ok(None);
        }
        match self.raw_step(key, byte)? {
            Some(next) => self.live(next),
            None => Ok(None),
        }
    }

    /// Counts of the value are saturated; stops keep their exact states, which are few.
    pub(super) fn saturate(&self, key: &[u32], reach: Reach) -> Result<Option<Key>, MatchError> {
        if is_stopped(key) {
            return Ok(None);
        }
        let mut saturated = key.to_vec();
        saturated[0] = self.value.saturated(key[0], reach)?;
        Ok(Some(saturated))
    }

    pub(super) fn witness(&self, key: &[u32]) -> Result<Option<Vec<u8>>, MatchError> {
        if self.accepts(key) {
            return Ok(Some(Vec::new()));
        }
        if let Some(text) = self.value.witness(key[0])?
            && self.leads_to_end(key, &text)?
        {
            return Ok(Some(text));
        }
        self.search_end(key)
    }

    /// One step without the question whether it can be completed.
    fn raw_step(&self, key: &[u32], byte: u8) -> Result<Option<Vec<u32>>, MatchError> {
        let value = self.value.next(key[0], byte)?;
        let begun = (self.stops.start()? << 1) | u32::from(self.value.accepts(key[0]));
        let mut next = vec![value];
        let mut complete = None;
        for &partial in key[1..].iter().chain([&begun]) {
            let stop = self.stops.next(partial >> 1, byte)?;
            if stop == DEAD {
                continue;
            }
            if self.stops.accepts(stop) && complete.is_none() {
                complete = Some(partial & 1 == 1);
            }
            // Of two in the same state the one that began first decides.
            if !next[1..].iter().any(|other| other >> 1 == stop) {
                next.push((stop << 1) | (partial & 1));
            }
        }
        Ok(match complete {
            Some(true) => Some(vec![STOPPED]),
            Some(false) => None,
            None if value == DEAD && !self.may_outlive(key) => None,
            None => Some(next),
        })
    }

    /// Whether a stop may end a text in time whose value cannot go on: one that began where the value was complete. Where
    /// it is complete now, the value ends here instead.
    fn may_outlive(&self, key: &[u32]) -> bool {
        !self.value.accepts(key[0]) && key[1..].iter().any(|partial| partial & 1 == 1)
    }

    /// The state, if a value can still be completed from it.
    fn live(&self, key: Vec<u32>) -> Result<Option<Key>, MatchError> {
        if !self.free {
            let Some(way) = self.witness(&key)? else { return Ok(None) };
            self.greatest_distance.fetch_max(way.len() as u64, Relaxed);
        }
        Ok(Some(key))
    }

    /// Whether a text leads to an accepting state.
    fn leads_to_end(&self, key: &[u32], text: &[u8]) -> Result<bool, MatchError> {
        let mut key = key.to_vec();
        for &byte in text {
            match self.raw_step(&key, byte)? {
                Some(next) => key = next,
                None => return Ok(false),
            }
            if is_stopped(&key) {
                return Ok(true);
            }
        }
        Ok(self.accepts(&key))
    }

    /// The shortest text to an accepting state, breadth first.
    fn search_end(&self, key: &[u32]) -> Result<Option<Vec<u8>>, MatchError> {
        let mut seen: rustc_hash::FxHashSet<Vec<u32>> = rustc_hash::FxHashSet::default();
        let mut queue = std::collections::VecDeque::from([(key.to_vec(), Vec::new())]);
        while let Some((key, text)) = queue.pop_front() {
            for class in 0..self.representatives.len() {
                let byte = self.representatives[class];
                let Some(next) = self.raw_step(&key, byte)? else { continue };
                let mut text = text.clone();
                text.push(byte);
                if self.accepts(&next) {
                    return Ok(Some(text));
                }
                if seen.insert(next.clone()) {
                    queue.push_back((next, text));
                }
            }
            if seen.len() > self.search {
                return Err(MatchError::TooLarge { what: Limit::SearchedStates, limit: self.search });
            }
        }
        Ok(None)
    }
}

/// Whether a stop is complete in a state of that key. Only states of [`Until`] have such keys.
pub(crate) fn is_stopped(key: &[u32]) -> bool {
    key == [STOPPED]
}

/// Where stops begin and end in a text, for whoever has the text and not only a state.
#[derive(Debug, Clone)]
pub(crate) struct StopFinder {
    stops: Arc<Dfa>,
}

/// What a stop automaton says of a text's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tail {
    /// A stop that begins here ends with the text.
    Complete(usize),
    /// A stop may have begun here.
    Partial(usize),
    /// No stop is under way.
    Clear,
}

impl StopFinder {
    pub(crate) fn new(stops: Arc<Dfa>) -> StopFinder {
        StopFinder { stops }
    }

    /// Looks at the starts from `from` on, before which no stop is under way.
    pub(crate) fn tail(&self, text: &[u8], from: usize) -> Result<Tail, MatchError> {
        let mut partial = None;
        for start in from..text.len() {
            let mut state = self.stops.start()?;
            for &byte in &text[start..] {
                state = self.stops.next(state, byte)?;
                if state == DEAD {
                    break;
                }
            }
            if state == DEAD {
                continue;
            }
            if self.stops.accepts(state) {
                return Ok(Tail::Complete(start));
            }
            partial = partial.or(Some(start));
        }
        Ok(partial.map_or(Tail::Clear, Tail::Partial))
    }

    /// Whether a text begins with a stop, and how long the shortest such stop is.
    pub(crate) fn at_start(&self, text: &[u8]) -> Result<Option<usize>, MatchError> {
        let mut state: StateId = self.stops.start()?;
        for (at, &byte) in text.iter().enumerate() {
            state = self.stops.next(state, byte)?;
            if state == DEAD {
                return Ok(None);
            }
            if self.stops.accepts(state) {
                return Ok(Some(at + 1));
            }
        }
        Ok(None)
    }
}

/// Classes of bytes that neither automaton tells apart, given the first bytes of the classes of each.
fn joint_classes(a: &[u8], b: &[u8]) -> (Box<[u8; 256]>, Vec<u8>) {
    let mut representatives: Vec<u8> = a.iter().chain(b).copied().collect();
    representatives.sort_unstable();
    representatives.dedup();
    let mut classes = Box::new([0u8; 256]);
    for byte in 0..=255u8 {
        classes[byte as usize] = (representatives.partition_point(|&first| first <= byte) - 1) as u8;
    }
    (classes, representatives)
}
