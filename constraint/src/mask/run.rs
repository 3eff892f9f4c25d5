//! How far a state reads on, whatever characters come.
//!
//! Within a string one character is as good as another: a state leads to the same successor over nearly all of
//! them, that again to one, and so on, for good or until no more may come. Such a *run* decides a subtree of the
//! vocabulary at once: all its tokens are allowed, or those of so many characters.

use super::core::Core;
use crate::error::MatchError;
use crate::pattern::lazy::{DEAD, HORIZONS, Reach, StateId};
use crate::vocab::{Node, Trie};

/// As many characters as one likes.
pub(super) const ENDLESS: u32 = u32::MAX;
/// States of a run that is looked at. Longer ones are as good as endless to nearly all subtrees.
const LONGEST: usize = 40;

/// The runs found so far.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// By state and reach: the number of its run.
    known: Vec<[u32; HORIZONS.len()]>,
    runs: Vec<Run>,
}

/// Numbers that are none of a run.
const UNKNOWN: u32 = 0;
const NONE: u32 = 1;

#[derive(Debug, Clone, Copy)]
struct Run {
    state: StateId,
    reach: Reach,
    /// Where every character leads, as the beginning of the rest of the run.
    next: StateId,
    /// The ASCII bytes that every state of the run reads alike, as bits.
    ascii: [u64; 2],
    /// Whether all characters beyond ASCII are read alike, if that has been asked.
    beyond: Option<bool>,
    /// Characters that can be read.
    characters: u32,
    /// Bytes that suffice to complete from wherever it leads.
    far: u32,
    /// Whether some state of it is complete.
    accepts: bool,
}

impl Runs {
    fn get(&self, state: StateId, reach: Reach) -> u32 {
        self.known.get(state as usize).map_or(UNKNOWN, |by_reach| by_reach[reach as usize])
    }

    fn set(&mut self, state: StateId, reach: Reach, number: u32) {
        if self.known.len() <= state as usize {
            self.known.resize(state as usize + 1, [UNKNOWN; HORIZONS.len()]);
        }
        self.known[state as usize][reach as usize] = number;
    }

    fn add(&mut self, run: Run) -> u32 {
        self.runs.push(run);
        let number = self.runs.len() as u32 + NONE;
        self.set(run.state, run.reach, number);
        number
    }

    fn run(&self, number: u32) -> Option<&Run> {
        self.runs.get((number as usize).checked_sub(NONE as usize + 1)?)
    }
}

impl Core {
    /// How many characters a state reads of what is below a node, if it reads all of them alike; [`ENDLESS`] if that
    /// is all that there is.
    pub(super) fn readable_below(
        &mut self,
        trie: &Trie,
        node: Node,
        state: StateId,
        reach: Reach,
    ) -> Result<Option<u32>, MatchError> {
        let number = match self.runs.get(state, reach) {
            UNKNOWN => self.find_run(state, reach)?,
            known => known,
        };
        let below = trie.below(node);
        let Some(&run) = self.runs.run(number) else { return Ok(None) };
        if (below.ascii[0] & !run.ascii[0]) | (below.ascii[1] & !run.ascii[1]) != 0
            || (below.high && !(below.is_utf8() && self.reads_beyond(number)?))
        {
            return Ok(None);
        }
        // What lies below has no more characters than bytes.
        let characters = if run.characters >= HORIZONS[reach as usize] { ENDLESS } else { run.characters };
        if run.accepts && characters != ENDLESS {
            return Ok(None);
        }
        self.far = self.far.max(run.far.into());
        Ok(Some(characters))
    }

    fn find_run(&mut self, state: StateId, reach: Reach) -> Result<u32, MatchError> {
        let mut states: Vec<(StateId, [u64; 2], StateId)> = Vec::new();
        let mut at = state;
        let mut rest = loop {
            let known = self.runs.get(at, reach);
            if at == DEAD || known > NONE {
                break known;
            }
            let is_round = states.iter().any(|other| other.0 == at);
            if known == NONE || is_round || states.len() > LONGEST || !self.dfa.is_spellable(at) {
                self.runs.set(state, reach, NONE);
                return Ok(NONE);
            }
            let (ascii, byte) = self.dfa.most_ascii(at);
            let next = self.dfa.next_saturated(at, byte, reach)?;
            states.push((at, ascii, next));
            if next == at {
                break UNKNOWN;
            }
            at = next;
        };
        for (state, ascii, next) in states.into_iter().rev() {
            let run = self.prolonged(Run {
                state,
                reach,
                next,
                ascii,
                beyond: None,
                characters: if next == DEAD { 0 } else { ENDLESS },
                far: self.dfa.distance(state),
                accepts: self.dfa.accepts(state),
            }, rest);
            rest = self.runs.add(run);
        }
        Ok(rest)
    }

    /// A run of one state, with the rest of it.
    fn prolonged(&self, first: Run, rest: u32) -> Run {
        let Some(rest) = self.runs.run(rest) else { return first };
        Run {
            ascii: [first.ascii[0] & rest.ascii[0], first.ascii[1] & rest.ascii[1]],
            characters: rest.characters.saturating_add(1),
            far: first.far.max(rest.far),
            accepts: first.accepts || rest.accepts,
            ..first
        }
    }

    /// Whether all characters beyond ASCII are read as the others are, by all states of a run.
    fn reads_beyond(&mut self, number: u32) -> Result<bool, MatchError> {
        let Some(&run) = self.runs.run(number) else { return Ok(true) };
        if let Some(known) = run.beyond {
            return Ok(known);
        }
        let rest = if run.next == run.state { UNKNOWN } else { self.runs.get(run.next, run.reach) };
        let beyond = self.reads_characters(run.state, run.next, run.reach)? && self.reads_beyond(rest)?;
        self.runs.runs[(number - NONE - 1) as usize].beyond = Some(beyond);
        Ok(beyond)
    }

    /// Whether every well-formed character beyond ASCII leads from a state to another one.
    fn reads_characters(&mut self, state: StateId, to: StateId, reach: Reach) -> Result<bool, MatchError> {
        // First bytes, the range of the second, and how many plain ones follow (Unicode 15, table 3-7).
        const FORMS: [(u8, u8, u8, u8, usize); 8] = [
            (0xc2, 0xdf, 0x80, 0xbf, 0),
            (0xe0, 0xe0, 0xa0, 0xbf, 1),
            (0xe1, 0xec, 0x80, 0xbf, 1),
            (0xed, 0xed, 0x80, 0x9f, 1),
            (0xee, 0xef, 0x80, 0xbf, 1),
            (0xf0, 0xf0, 0x90, 0xbf, 2),
            (0xf1, 0xf3, 0x80, 0xbf, 2),
            (0xf4, 0xf4, 0x80, 0x8f, 2),
        ];
        for (low, high, second_low, second_high, more) in FORMS {
            let mut reached = self.successors(&[state], low, high, reach)?;
            reached = self.successors(&reached, second_low, second_high, reach)?;
            for _ in 0..more {
                reached = self.successors(&reached, 0x80, 0xbf, reach)?;
            }
            if reached != [to] {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The states that some states lead to by the bytes of a range, the dead one included.
    fn successors(
        &mut self,
        states: &[StateId],
        low: u8,
        high: u8,
        reach: Reach,
    ) -> Result<Vec<StateId>, MatchError> {
        let mut next = Vec::new();
        // Bytes of one class lead to one state: the first of the range and of each class within suffice.
        let classes =
            self.dfa.representatives().iter().copied().filter(|byte| (low + 1..=high).contains(byte));
        let bytes: Vec<u8> = std::iter::once(low).chain(classes).collect();
        for &state in states {
            for &byte in &bytes {
                let reached = self.dfa.next_saturated(state, byte, reach)?;
                if !next.contains(&reached) {
                    next.push(reached);
                }
            }
        }
        Ok(next)
    }
}
