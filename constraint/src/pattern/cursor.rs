//! Where a text stands in a pattern: states of the automaton, each with the calls that are open around it.
//!
//! The automaton's states know the calls that began within a token. Those that began before are *frames*
//! here, shared by all who stand under them. A cursor is normalised after each byte: calls that a state has
//! seen begin become frames, and where a state ends its rule the callers go on. So a state that cursors
//! hold has no open calls of its own, and is the same at every depth.
//!
//! Keys that may not come twice are remembered with the call of the object that they belong to.

use std::sync::Arc;

use super::lazy::{DEAD, Dfa, StateId};
use super::nfa::ByteSet;
use crate::error::MatchError;

/// Ways in which one text can stand in a pattern at once, by different open calls.
const MOST_WAYS: usize = 256;

/// An open call.
#[derive(Debug)]
pub(crate) struct Frame {
    /// The state in which its callers go on.
    pub(crate) resume: StateId,
    pub(crate) below: Option<Arc<Frame>>,
    keys: Keys,
    depth: u32,
    /// Bytes that suffice from the end of the call to the end of the text.
    pub(crate) distance: u64,
}

/// The keys of an object so far, and the beginning of the one that is being read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys {
    used: Option<Arc<Used>>,
    partial: Vec<u8>,
}

#[derive(Debug)]
struct Used {
    key: Box<[u8]>,
    before: Option<Arc<Used>>,
}

/// One way in which the text can stand in the pattern.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) state: StateId,
    pub(crate) frame: Option<Arc<Frame>>,
    pub(crate) keys: Keys,
}

/// See the module's description. Without ways nothing can follow and nothing is complete.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cursor {
    /// The first of the ways, of which there is almost always one: no memory of its own for it.
    first: Option<Way>,
    more: Vec<Way>,
}

impl Keys {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::successors(self.used.as_ref(), |used| used.before.as_ref()).map(|used| &*used.key)
    }

    /// What is read so far of a key.
    pub(crate) fn partial(&self) -> &[u8] {
        &self.partial
    }

    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        self.iter().any(|used| used == key)
    }

    /// After a byte that led from a state to another, by whether they read keys; `None` if that ended a key
    /// that was there before.
    fn read(mut self, byte: u8, was_in_key: bool, is_in_key: bool) -> Option<Keys> {
        match (was_in_key, is_in_key) {
            (true, true) => self.partial.push(byte),
            // The text goes on as something else than such a key.
            (true, false) if byte != b'"' => self.partial.clear(),
            (true, false) => {
                let key = std::mem::take(&mut self.partial);
                if self.contains(&key) {
                    return None;
                }
                self.used = Some(Arc::new(Used { key: key.into(), before: self.used.take() }));
            }
            (false, _) => {}
        }
        Some(self)
    }
}

impl Way {
    /// Bytes that suffice to complete the text; far off where they do not.
    pub(crate) fn distance(&self, dfa: &Dfa) -> u64 {
        let here = u64::from(dfa.distance(self.state));
        // A key may have to be another than the shortest one.
        let keys = if self.keys.used.is_some() { 8 } else { 0 };
        here + keys + self.frame.as_ref().map_or(0, |frame| frame.distance)
    }

    fn is_same(&self, other: &Way) -> bool {
        let same_frame = match (&self.frame, &other.frame) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        let same_keys = match (&self.keys.used, &other.keys.used) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        self.state == other.state && same_frame && same_keys
    }
}

impl Cursor {
    /// The cursor of a state, before it is normalised.
    pub(crate) fn new(dfa: &mut Dfa, state: StateId, depth: usize) -> Result<Cursor, MatchError> {
        let mut cursor = Cursor::default();
        cursor.add(dfa, Way { state, frame: None, keys: Keys::default() }, depth)?;
        Ok(cursor)
    }

    /// The cursor of a state that knows of no calls.
    pub(crate) fn of_state(state: StateId) -> Cursor {
        Cursor { first: Some(Way { state, frame: None, keys: Keys::default() }), more: Vec::new() }
    }

    pub(crate) fn ways(&self) -> impl Iterator<Item = &Way> {
        self.first.iter().chain(&self.more)
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.first.is_none()
    }

    /// The state, if there is one way without open calls: then the state says all.
    pub(crate) fn plain(&self) -> Option<StateId> {
        match &self.first {
            Some(way) if self.more.is_empty() && way.frame.is_none() => Some(way.state),
            _ => None,
        }
    }

    /// The only way, if there is one.
    pub(crate) fn only(&self) -> Option<&Way> {
        self.first.as_ref().filter(|_| self.more.is_empty())
    }

    /// Whether the text is complete.
    pub(crate) fn accepts(&self, dfa: &Dfa) -> bool {
        self.ways().any(|way| way.frame.is_none() && dfa.accepts(way.state))
    }

    /// Bytes that suffice to complete the text.
    pub(crate) fn distance(&self, dfa: &Dfa) -> u64 {
        self.ways().map(|way| way.distance(dfa)).min().unwrap_or(u64::MAX)
    }

    /// A short text that completes the text: a shortest one, but for keys that are there already.
    pub(crate) fn witness(&self, dfa: &mut Dfa, depth: usize) -> Result<Option<Vec<u8>>, MatchError> {
        let Some(way) = self.ways().min_by_key(|way| way.distance(dfa)) else { return Ok(None) };
        let Some(mut plain) = dfa.witness(way.state)? else { return Ok(None) };
        for frame in std::iter::successors(way.frame.as_ref(), |frame| frame.below.as_ref()) {
            let Some(rest) = dfa.witness(frame.resume)? else { return Ok(None) };
            plain.extend(rest);
        }
        let mut cursor = Cursor { first: Some(way.clone()), more: Vec::new() };
        let mut text = Vec::with_capacity(plain.len());
        for byte in plain {
            if byte == b'"' {
                for byte in cursor.fresh_key(dfa) {
                    cursor = cursor.step(dfa, byte, depth)?;
                    text.push(byte);
                }
            }
            cursor = cursor.step(dfa, byte, depth)?;
            text.push(byte);
        }
        Ok(Some(text).filter(|_| cursor.accepts(dfa)))
    }

    /// What makes the key that is being read another than those before it.
    fn fresh_key(&self, dfa: &Dfa) -> Vec<u8> {
        let Some(way) = self.ways().find(|way| dfa.flags(way.state).in_key) else { return Vec::new() };
        let is_free = |end: &Vec<u8>| !way.keys.contains(&[way.keys.partial(), end].concat());
        let ends = std::iter::once(Vec::new()).chain((0u32..).map(|n| n.to_string().into_bytes()));
        ends.into_iter().find(is_free).unwrap_or_default()
    }

    /// The bytes that can follow.
    pub(crate) fn next_bytes(&self, dfa: &mut Dfa) -> Result<ByteSet, MatchError> {
        let mut bytes = ByteSet::NONE;
        for way in self.ways() {
            let mut here = dfa.next_bytes(way.state)?;
            if dfa.flags(way.state).in_key && way.keys.contains(&way.keys.partial) {
                here.remove(b'"');
            }
            bytes.extend(&here);
        }
        Ok(bytes)
    }

    /// The cursor after a byte. `depth` bounds the calls that may be open.
    pub(crate) fn step(&self, dfa: &mut Dfa, byte: u8, depth: usize) -> Result<Cursor, MatchError> {
        let mut next = Cursor::default();
        for way in self.ways() {
            let state = dfa.next(way.state, byte)?;
            if state == DEAD {
                continue;
            }
            let (was, is) = (dfa.flags(way.state).in_key, dfa.flags(state).in_key);
            if let Some(keys) = way.keys.clone().read(byte, was, is) {
                next.add(dfa, Way { state, frame: way.frame.clone(), keys }, depth)?;
            }
        }
        Ok(next)
    }

    /// Adds a way, normalised.
    fn add(&mut self, dfa: &mut Dfa, way: Way, depth: usize) -> Result<(), MatchError> {
        let mut open = vec![way];
        while let Some(way) = open.pop() {
            let flags = dfa.flags(way.state);
            if flags.calls {
                for (path, state) in dfa.parts(way.state)?.iter() {
                    open.push(way.called(dfa, path, *state, depth)?);
                }
                continue;
            }
            if flags.accepts
                && let Some(frame) = &way.frame
            {
                open.push(Way { state: frame.resume, frame: frame.below.clone(), keys: frame.keys.clone() });
                if flags.ended {
                    continue;
                }
            }
            self.insert(way)?;
        }
        Ok(())
    }

    fn insert(&mut self, way: Way) -> Result<(), MatchError> {
        if self.ways().any(|other| other.is_same(&way)) {
            return Ok(());
        }
        if self.first.is_none() {
            self.first = Some(way);
        } else if self.more.len() < MOST_WAYS {
            self.more.push(way);
        } else {
            return Err(MatchError::TooLarge { what: "ways to read a text", limit: MOST_WAYS });
        }
        Ok(())
    }
}

impl Way {
    /// The way within calls, given where their callers go on.
    fn called(&self, dfa: &Dfa, path: &[StateId], state: StateId, most: usize) -> Result<Way, MatchError> {
        let mut way = self.clone();
        for &resume in path {
            let (depth, distance) = way.frame.as_ref().map_or((0, 0), |frame| (frame.depth, frame.distance));
            if depth as usize >= most {
                return Err(MatchError::TooLarge { what: "calls that are open at once", limit: most });
            }
            let spare = if way.keys.used.is_some() { 8 } else { 0 };
            let distance = distance + u64::from(dfa.distance(resume)) + spare;
            let (keys, below) = (std::mem::take(&mut way.keys), way.frame.take());
            way.frame = Some(Arc::new(Frame { resume, below, keys, depth: depth + 1, distance }));
        }
        way.state = state;
        Ok(way)
    }
}
