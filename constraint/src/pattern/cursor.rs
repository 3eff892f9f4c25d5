//! Where a text stands in a pattern: states of the automaton, each with the calls that are open around it.
//!
//! The automaton's states know the calls that began within a token. Those that began before are *frames*
//! here, shared by everything beneath them. A cursor is normalised after each byte: calls that a state has
//! begun become frames, and where a state ends its rule the callers continue. So a state held by a cursor has
//! no open calls of its own, and is the same at every depth. Paths that reach the same state with the same
//! keys are merged.
//!
//! Keys that may not occur twice are stored with the call of the object that they belong to.

use std::cmp::Ordering;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::bytes::ByteSet;
use super::frame::{Caller, Frame, Keys, Opened, frame_id};
use super::lazy::{DEAD, Dfa, Flag, StateId};
use crate::error::MatchError;
use crate::limits::Limit;

/// Further than any budget: there is no way by bytes that can be spelled.
const FAR: u64 = u32::MAX as u64;

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

impl Way {
    /// Bytes that suffice to complete the text; far off where they do not.
    pub(crate) fn distance(&self, dfa: &Dfa) -> u64 {
        let here = u64::from(dfa.distance(self.state));
        let here = match dfa.flags(self.state).has(Flag::InSet) {
            true => dfa.distance_beyond_keys(self.state, &self.keys).map_or(FAR, |beyond| beyond.min(here)),
            false => here,
        };
        here + self.frame.as_ref().map_or(0, |frame| frame.distance)
    }

    /// Whether the end is not just that of a call which is complete: where its callers go on is a way, too.
    pub(crate) fn has_own_end(&self, dfa: &Dfa) -> bool {
        self.frame.is_none() || !dfa.accepts(self.state)
    }

    /// An order of the ways of one cursor, the nearest to the end first. It depends on nothing but the ways.
    fn compare(&self, other: &Way, dfa: &Dfa) -> Ordering {
        let distance = self.distance(dfa).cmp(&other.distance(dfa));
        let state = || dfa.compare(self.state, other.state);
        distance.then_with(state).then_with(|| self.keys.iter().cmp(other.keys.iter()))
    }

    /// Whether two ways can be one, whose frame has the callers of both.
    fn joins(&self, other: &Way) -> bool {
        self.state == other.state
            && self.frame.is_some() == other.frame.is_some()
            && self.keys.is_same(&other.keys)
    }
}

impl Cursor {
    /// The cursor of a state, before it is normalised.
    pub(crate) fn new(dfa: &Dfa, state: StateId, depth: usize) -> Result<Cursor, MatchError> {
        Cursor::normal(dfa, vec![Way { state, frame: None, keys: Keys::default() }], depth)
    }

    /// The cursor of a state that knows of no calls.
    pub(crate) fn of_state(state: StateId) -> Cursor {
        Cursor::of_way(Way { state, frame: None, keys: Keys::default() })
    }

    /// The cursor of one of another cursor's ways.
    pub(crate) fn of_way(way: Way) -> Cursor {
        Cursor { first: Some(way), more: Vec::new() }
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

    /// A short text that completes the text: of at most [`distance`](Self::distance) bytes, and with keys that are not
    /// there already.
    pub(crate) fn witness(&self, dfa: &Dfa, depth: usize) -> Result<Option<Vec<u8>>, MatchError> {
        let Some(mut way) = self.nearest(dfa).cloned() else { return Ok(None) };
        let mut text = Vec::new();
        loop {
            let distance = way.distance(dfa);
            let mut cursor = Cursor::normal(dfa, vec![way.clone()], depth)?;
            if cursor.accepts(dfa) {
                return Ok(Some(text));
            }
            let rest = match dfa.flags(way.state).has(Flag::InSet) {
                true => dfa.beyond_keys(way.state, &way.keys),
                false => dfa.witness(way.state)?,
            };
            let Some(rest) = rest else { return Ok(None) };
            for byte in rest {
                if byte == b'"' {
                    for byte in cursor.fresh_digits(dfa)? {
                        cursor = cursor.step(dfa, byte, depth)?;
                        text.push(byte);
                    }
                }
                cursor = cursor.step(dfa, byte, depth)?;
                text.push(byte);
                if cursor.begins_restricted_key(dfa) {
                    break;
                }
            }
            match cursor.nearest(dfa) {
                Some(next) if next.distance(dfa) < distance => way = next.clone(),
                _ => return Ok(None),
            }
        }
    }

    /// The way from which the end is nearest, and of a call that is complete that of its callers.
    pub(crate) fn nearest(&self, dfa: &Dfa) -> Option<&Way> {
        self.ways().filter(|way| way.has_own_end(dfa)).min_by(|a, b| a.compare(b, dfa))
    }

    /// Whether a key of a restricted set begins here.
    fn begins_restricted_key(&self, dfa: &Dfa) -> bool {
        self.ways().any(|way| dfa.flags(way.state).has(Flag::InSet) && way.keys.partial().is_empty())
    }

    /// What makes the free key that is being read another than those before it.
    fn fresh_digits(&self, dfa: &Dfa) -> Result<Vec<u8>, MatchError> {
        /// More than there are names that the digits could happen to make.
        const TRIED: u32 = 1 << 16;
        let in_key = |way: &&Way| dfa.flags(way.state).has(Flag::InKey) && !way.keys.is_empty();
        let Some(way) = self.ways().find(in_key) else { return Ok(Vec::new()) };
        let is_free = |end: &[u8]| !way.keys.contains(&[way.keys.partial(), end].concat());
        if is_free(b"") {
            return Ok(Vec::new());
        }
        for digits in (0..TRIED).map(|number| number.to_string().into_bytes()).filter(|end| is_free(end)) {
            let end = digits.iter().try_fold(way.state, |state, &byte| dfa.next(state, byte))?;
            if dfa.next(end, b'"')? != DEAD {
                return Ok(digits);
            }
        }
        Ok(Vec::new())
    }

    /// The bytes that can follow.
    pub(crate) fn next_bytes(&self, dfa: &Dfa) -> Result<ByteSet, MatchError> {
        let mut bytes = ByteSet::NONE;
        for way in self.ways() {
            let mut here = dfa.next_bytes(way.state)?;
            let flags = dfa.flags(way.state);
            if flags.has(Flag::InKey) && way.keys.contains(way.keys.partial()) {
                here.remove(b'"');
            }
            if flags.has(Flag::InSet) {
                for byte in way.keys.rests().filter_map(|rest| rest.first().copied()).collect::<Vec<_>>() {
                    let next = dfa.next(way.state, byte)?;
                    if dfa.is_used_up(next, &way.keys.with(byte)) {
                        here.remove(byte);
                    }
                }
            }
            bytes.extend(&here);
        }
        Ok(bytes)
    }

    /// The cursor after a byte. `depth` bounds the calls that may be open.
    pub(crate) fn step(&self, dfa: &Dfa, byte: u8, depth: usize) -> Result<Cursor, MatchError> {
        let mut next = Vec::new();
        for way in self.ways() {
            let state = dfa.next(way.state, byte)?;
            if state == DEAD {
                continue;
            }
            let (was, is) = (dfa.flags(way.state), dfa.flags(state));
            if let Some(mut keys) = way.keys.clone().read(byte, was.has(Flag::InKey), is.has(Flag::InKey)) {
                let limit = dfa.most_keys();
                if was.has(Flag::InSet) && !is.has(Flag::InKey) && keys.len() as usize > limit {
                    return Err(MatchError::TooLarge { what: Limit::RestrictedKeys, limit });
                }
                if is.has(Flag::Few) && !keys.go_on(dfa, state) {
                    continue;
                }
                let way = Way { state, frame: way.frame.clone(), keys };
                if self.more.is_empty() && way.is_normal(dfa) {
                    return Ok(Cursor { first: Some(way), more: Vec::new() });
                }
                next.push(way);
            }
        }
        Cursor::normal(dfa, next, depth)
    }

    /// The cursor of some ways. Ways that come together where calls end are one before others begin, so that one
    /// byte makes no more frames than the states have calls.
    fn normal(dfa: &Dfa, mut open: Vec<Way>, depth: usize) -> Result<Cursor, MatchError> {
        let mut seen = FxHashSet::default();
        let mut opened = Opened::default();
        let mut found = Joined::default();
        while !open.is_empty() {
            for way in after_calls(dfa, &mut open, &mut seen)?.ways(dfa)? {
                if !dfa.flags(way.state).has(Flag::Calls) {
                    found.insert(way, dfa)?;
                    continue;
                }
                for (path, state) in dfa.parts(way.state)?.iter() {
                    let way = way.called(dfa, &mut opened, path, *state, depth)?;
                    if way.is_normal(dfa) { found.insert(way, dfa)? } else { open.push(way) }
                }
            }
        }
        let mut ways = found.ways(dfa)?.into_iter();
        Ok(Cursor { first: ways.next(), more: ways.collect() })
    }
}

/// Ways, and those in which the callers go on where they are complete. Each only the first time: `seen` knows
/// states and frames. (Ways with keys are few.)
fn after_calls(
    dfa: &Dfa,
    open: &mut Vec<Way>,
    seen: &mut FxHashSet<(StateId, usize)>,
) -> Result<Joined, MatchError> {
    let mut found = Joined::default();
    while let Some(way) = open.pop() {
        if way.keys.is_empty() && !seen.insert((way.state, frame_id(way.frame.as_ref()))) {
            continue;
        }
        let flags = dfa.flags(way.state);
        if flags.has(Flag::Accepts)
            && let Some(frame) = &way.frame
        {
            open.extend(frame.callers().map(|caller| Way {
                state: caller.resume,
                frame: caller.below.clone(),
                keys: caller.keys.clone(),
            }));
            if flags.has(Flag::Ended) {
                continue;
            }
        }
        found.insert(way, dfa)?;
    }
    Ok(found)
}

/// Ways in different states or with different keys, each with all frames under which it stands.
#[derive(Debug, Default)]
struct Joined(Vec<(Way, Vec<Arc<Frame>>)>);

impl Joined {
    fn insert(&mut self, way: Way, dfa: &Dfa) -> Result<(), MatchError> {
        if let Some((_, frames)) = self.0.iter_mut().find(|(other, _)| other.joins(&way)) {
            frames.extend(way.frame);
            return Ok(());
        }
        let limit = dfa.most_ways();
        if self.0.len() > limit {
            return Err(MatchError::TooLarge { what: Limit::Ways, limit });
        }
        let frames = way.frame.iter().cloned().collect();
        self.0.push((way, frames));
        Ok(())
    }

    fn ways(self, dfa: &Dfa) -> Result<Vec<Way>, MatchError> {
        let joined =
            |(way, frames): (Way, Vec<Arc<Frame>>)| Ok(Way { frame: Frame::merged(dfa, &frames)?, ..way });
        self.0.into_iter().map(joined).collect()
    }
}

impl Keys {
    /// Whether a key is left that begins as the one that is being read, in a state within few keys.
    fn go_on(&mut self, dfa: &Dfa, state: StateId) -> bool {
        let (most, least) = dfa.keys_left(state, self);
        if least <= 1 {
            self.narrow();
        }
        most > 0 || !dfa.flags(state).has(Flag::Scarce)
    }
}

impl Way {
    /// Whether no call begins or ends here.
    fn is_normal(&self, dfa: &Dfa) -> bool {
        let flags = dfa.flags(self.state);
        !flags.has(Flag::Calls) && (!flags.has(Flag::Accepts) || self.frame.is_none())
    }

    /// The way within calls, given where their callers go on.
    fn called(
        &self,
        dfa: &Dfa,
        opened: &mut Opened,
        path: &[StateId],
        state: StateId,
        most: usize,
    ) -> Result<Way, MatchError> {
        let mut way = self.clone();
        for &resume in path {
            let (keys, below) = (std::mem::take(&mut way.keys), way.frame.take());
            way.frame = Some(opened.open(dfa, Caller { resume, below, keys }, most)?);
        }
        way.state = state;
        Ok(way)
    }
}
