//! The calls that are open around a text, shared by everything beneath them.
//!
//! A text may be read in several ways, which differ in the calls that are open. A *frame* is a set of
//! callers, each with what is open around it: where paths meet in one state, their callers become one frame,
//! and the paths one path. So a text that can be read in thousands of ways takes as many frames as it has
//! bytes.

use std::num::NonZeroU32;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::lazy::{Dfa, StateId};
use crate::error::MatchError;
use crate::limits::Limit;

/// An open call: all that may go on where it ends.
#[derive(Debug)]
pub(crate) struct Frame {
    /// The first of the callers, of which there is almost always one: no memory of its own for it.
    first: Caller,
    more: Box<[Caller]>,
    /// Calls that are open, this one included.
    depth: u32,
    /// Bytes that suffice from the end of the call to the end of the text.
    pub(crate) distance: u64,
}

/// Where a call was made.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The state in which the caller goes on.
    pub(crate) resume: StateId,
    pub(crate) below: Option<Arc<Frame>>,
    pub(super) keys: Keys,
}

/// The keys of an object so far, and the beginning of the one that is being read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys {
    used: Option<Arc<Used>>,
    partial: Vec<u8>,
    /// Of the bytes of the beginning so many may be dead once this key is there.
    narrow: Option<NonZeroU32>,
}

/// A key that is there.
#[derive(Debug)]
pub(crate) struct Used {
    key: Box<[u8]>,
    /// Fewest bytes of it that may be dead since it is there: few keys begin so, and all may be there.
    dead: Option<NonZeroU32>,
    /// Keys, this one included.
    number: u32,
    before: Option<Arc<Used>>,
}

impl Frame {
    pub(crate) fn callers(&self) -> impl Iterator<Item = &Caller> {
        std::iter::once(&self.first).chain(&self.more)
    }

    fn new(dfa: &Dfa, first: Caller, more: Box<[Caller]>) -> Arc<Frame> {
        let all = || std::iter::once(&first).chain(&more);
        let depth = all().map(|caller| depth(caller.below.as_ref()) + 1).max().unwrap_or(1);
        let distance = all().map(|caller| caller.distance(dfa)).min().unwrap_or(0);
        Arc::new(Frame { first, more, depth, distance })
    }

    /// A frame of the callers of several. It is one of them if that has all the callers.
    pub(super) fn merged(dfa: &Dfa, frames: &[Arc<Frame>]) -> Result<Option<Arc<Frame>>, MatchError> {
        let Some(largest) = frames.iter().max_by_key(|frame| frame.more.len()) else { return Ok(None) };
        if frames.iter().all(|frame| Arc::ptr_eq(frame, largest)) {
            return Ok(Some(largest.clone()));
        }
        let mut known: FxHashSet<(StateId, usize, usize)> = largest.callers().map(Caller::id).collect();
        let callers = frames.iter().filter(|frame| !Arc::ptr_eq(frame, largest)).flat_map(|f| f.callers());
        let new: Vec<Caller> = callers.filter(|caller| known.insert(caller.id())).cloned().collect();
        if new.is_empty() {
            return Ok(Some(largest.clone()));
        }
        let limit = dfa.most_callers();
        if known.len() > limit {
            return Err(MatchError::TooLarge { what: Limit::Callers, limit });
        }
        let more = largest.more.iter().cloned().chain(new).collect();
        Ok(Some(Frame::new(dfa, largest.first.clone(), more)))
    }
}

/// Calls that are open in a frame.
pub(crate) fn depth(frame: Option<&Arc<Frame>>) -> u32 {
    frame.map_or(0, |frame| frame.depth)
}

/// Tells frames apart; 0 is none.
pub(crate) fn frame_id(frame: Option<&Arc<Frame>>) -> usize {
    frame.map_or(0, |frame| Arc::as_ptr(frame) as usize)
}

impl Caller {
    /// The keys that the caller's object has so far.
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Bytes that suffice from here to the end of the text.
    fn distance(&self, dfa: &Dfa) -> u64 {
        let below = self.below.as_ref().map_or(0, |frame| frame.distance);
        below + u64::from(dfa.distance(self.resume))
    }

    fn id(&self) -> (StateId, usize, usize) {
        (self.resume, frame_id(self.below.as_ref()), self.keys.id())
    }
}

/// The frames that one byte opens: equal ones are one.
#[derive(Debug, Default)]
pub(super) struct Opened {
    frames: FxHashMap<(StateId, usize, usize), Arc<Frame>>,
}

impl Opened {
    /// The frame of a call, of which at most `most` may be open.
    pub(super) fn open(&mut self, dfa: &Dfa, caller: Caller, most: usize) -> Result<Arc<Frame>, MatchError> {
        if depth(caller.below.as_ref()) as usize >= most {
            return Err(MatchError::TooLarge { what: Limit::Calls, limit: most });
        }
        let frame = self.frames.entry(caller.id());
        Ok(frame.or_insert_with(|| Frame::new(dfa, caller, Box::new([]))).clone())
    }
}

impl Used {
    /// The key.
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    /// The shortest beginning of it with which no key may be left.
    pub(crate) fn dead(&self) -> Option<&[u8]> {
        self.key.get(..self.dead?.get() as usize)
    }
}

impl Keys {
    pub(crate) fn used(&self) -> impl Iterator<Item = &Used> {
        std::iter::successors(self.used.as_deref(), |used| used.before.as_deref())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.used().map(|used| &*used.key)
    }

    /// What the keys so far that begin as the one that is being read have behind that.
    pub(crate) fn rests(&self) -> impl Iterator<Item = &[u8]> {
        self.iter().filter_map(|key| key.strip_prefix(self.partial()))
    }

    /// How many there are.
    pub(super) fn len(&self) -> u32 {
        self.used.as_ref().map_or(0, |used| used.number)
    }

    /// Notes that no other key may be left that begins as the one that is being read.
    pub(super) fn narrow(&mut self) {
        if let Some(bytes) = NonZeroU32::new(self.partial.len() as u32) {
            self.narrow.get_or_insert(bytes);
        }
    }

    /// With a byte more of the key that is being read.
    pub(crate) fn with(&self, byte: u8) -> Keys {
        let mut keys = self.clone();
        keys.partial.push(byte);
        keys
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
    pub(super) fn read(mut self, byte: u8, was_in_key: bool, is_in_key: bool) -> Option<Keys> {
        match (was_in_key, is_in_key) {
            (true, true) => self.partial.push(byte),
            // The text goes on as something else than such a key.
            (true, false) if byte != b'"' => (self.partial, self.narrow) = Default::default(),
            (true, false) => {
                let key = std::mem::take(&mut self.partial);
                if self.contains(&key) {
                    return None;
                }
                let (number, dead) = (self.len() + 1, self.narrow.take());
                self.used = Some(Arc::new(Used { key: key.into(), dead, number, before: self.used.take() }));
            }
            (false, _) => {}
        }
        Some(self)
    }

    /// Whether there are none, and none is being read.
    pub(super) fn is_empty(&self) -> bool {
        self.used.is_none() && self.partial.is_empty()
    }

    pub(super) fn is_same(&self, other: &Keys) -> bool {
        self.id() == other.id() && self.partial == other.partial
    }

    /// Tells keys apart that are not the same.
    pub(crate) fn id(&self) -> usize {
        self.used.as_ref().map_or(0, |used| Arc::as_ptr(used) as usize)
    }
}
