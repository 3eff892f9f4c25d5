//! How far a state reads on, whatever characters come.
//!
//! Within a string one character is as good as another: a state leads to the same successor over nearly all
//! of them, that one again to a single successor, and so on, either for ever or until no more may come. Such
//! a *run* decides a subtree of the vocabulary at once: all its tokens are allowed, or those of at most a
//! certain number of characters.

use super::core::Core;
use crate::error::MatchError;
use crate::pattern::lazy::{DEAD, FARTHEST, HORIZONS, Reach, StateId};
use crate::vocab::{Node, Plain, Trie};

/// As many characters as one likes.
pub(super) const ENDLESS: u32 = u32::MAX;
/// States of a run that is looked at. Longer ones are as good as endless to nearly all subtrees.
const LONGEST: usize = 40;

/// Ranges of bytes, one after the other.
type Form = &'static [(u8, u8)];

const NEXT: (u8, u8) = (0x80, 0xbf);
/// The forms of characters beyond ASCII (Unicode 15, table 3-7), but for U+2028 and U+2029.
const FORMS: [Form; 12] = [
    &[(0xc2, 0xdf), NEXT],
    &[(0xe0, 0xe0), (0xa0, 0xbf), NEXT],
    &[(0xe1, 0xe1), NEXT, NEXT],
    &[(0xe2, 0xe2), (0x80, 0x80), (0x80, 0xa7)],
    &[(0xe2, 0xe2), (0x80, 0x80), (0xaa, 0xbf)],
    &[(0xe2, 0xe2), (0x81, 0xbf), NEXT],
    &[(0xe3, 0xec), NEXT, NEXT],
    &[(0xed, 0xed), (0x80, 0x9f), NEXT],
    &[(0xee, 0xef), NEXT, NEXT],
    &[(0xf0, 0xf0), (0x90, 0xbf), NEXT, NEXT],
    &[(0xf1, 0xf3), NEXT, NEXT, NEXT],
    &[(0xf4, 0xf4), (0x80, 0x8f), NEXT, NEXT],
];
/// Those of the separators of lines and paragraphs, which `.` does not stand for.
const SEPARATORS: [Form; 1] = [&[(0xe2, 0xe2), (0x80, 0x80), (0xa8, 0xa9)]];
/// Bytes that complete a character after its first one.
const MOST_LEFT: u32 = 3;

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
    /// Without separators, and with them.
    beyond: [Beyond; 2],
    /// Characters that can be read.
    characters: u32,
    /// Bytes that suffice to complete from wherever it leads.
    far: u32,
    /// Whether some state of it is complete.
    accepts: bool,
}

/// Whether all characters beyond ASCII are read alike.
#[derive(Debug, Clone, Copy)]
enum Beyond {
    Unknown,
    Known(Option<Within>),
}

/// Whether a text can be completed byte by byte where it ends within a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Within {
    Spellable,
    Unspellable,
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

    fn run_of(&self, state: StateId, reach: Reach) -> Option<&Run> {
        self.run(self.get(state, reach))
    }

    fn run(&self, number: u32) -> Option<&Run> {
        self.runs.get((number as usize).checked_sub(NONE as usize + 1)?)
    }

    fn reads_ascii(&self, number: u32, ascii: [u64; 2]) -> bool {
        self.run(number).is_some_and(|run| is_within(ascii, run.ascii))
    }

    /// A run of one state, with the rest of it.
    fn prolonged(&self, first: Run, rest: u32) -> Run {
        let Some(rest) = self.run(rest) else { return first };
        Run {
            ascii: [first.ascii[0] & rest.ascii[0], first.ascii[1] & rest.ascii[1]],
            characters: rest.characters.saturating_add(1),
            far: first.far.max(rest.far),
            accepts: first.accepts || rest.accepts,
            ..first
        }
    }
}

impl Core<'_> {
    /// How many characters a state reads of what is below a node, if it reads all of them alike; [`ENDLESS`] if that
    /// is all that there is.
    pub(super) fn readable_below(
        &mut self,
        trie: &Trie,
        node: Node,
        state: StateId,
        reach: Reach,
    ) -> Result<Option<u32>, MatchError> {
        let number = self.run(state, reach)?;
        let below = trie.below(node);
        let reads = self.runs().reads_ascii(number, below.ascii)
            && (!below.high || (below.is_utf8() && self.reads_beyond(number, below.separators)?.is_some()));
        Ok(if reads { self.characters_of(number, 0) } else { None })
    }

    /// The same of a node that begins a character beyond ASCII, and of all that lies below, for the state before it.
    pub(super) fn readable_from(
        &mut self,
        trie: &Trie,
        node: Node,
        before: StateId,
        reach: Reach,
    ) -> Result<Option<u32>, MatchError> {
        let number = self.run(before, reach)?;
        let reads = self.runs().reads_ascii(number, trie.below(node).ascii)
            && self.reads_beyond(number, trie.below(node).separators)? == Some(Within::Spellable);
        Ok(if reads { self.characters_of(number, MOST_LEFT) } else { None })
    }

    /// The states of a run that reads all plain characters alike, one for each character, and how many it reads. After the
    /// last of them it stays there, or has come to its end.
    pub(super) fn plain_run(&mut self, state: StateId) -> Result<Option<(Vec<StateId>, u32)>, MatchError> {
        let (ascii, _) = self.dfa.most_ascii(state);
        if !is_within(Plain::ASCII, ascii) {
            return Ok(None);
        }
        let number = self.run(state, FARTHEST)?;
        let Some(&run) = self.runs().run(number) else { return Ok(None) };
        if run.accepts
            || !self.runs().reads_ascii(number, Plain::ASCII)
            || self.reads_beyond(number, false)? != Some(Within::Spellable)
        {
            return Ok(None);
        }
        let is_endless = run.characters as usize >= self.vocab.longest();
        if !is_endless && self.vocab.short(run.characters).is_none() {
            return Ok(None);
        }
        self.far = self.far.max((run.far + MOST_LEFT).into());
        let mut states = vec![state];
        let mut next = run.next;
        while next != DEAD && states.last() != Some(&next) {
            states.push(next);
            next = self.runs().run_of(next, FARTHEST).map_or(DEAD, |run| run.next);
        }
        Ok(Some((states, if is_endless { ENDLESS } else { run.characters })))
    }

    /// The number of a state's run.
    fn run(&mut self, state: StateId, reach: Reach) -> Result<u32, MatchError> {
        match self.runs().get(state, reach) {
            UNKNOWN => self.find_run(state, reach),
            known => Ok(known),
        }
    }

    fn runs(&mut self) -> &mut Runs {
        &mut self.work().runs
    }

    /// How many characters a run reads, if that decides a subtree. `left` bytes more may be needed to complete a text
    /// within a character.
    fn characters_of(&mut self, number: u32, left: u32) -> Option<u32> {
        let run = *self.runs().run(number)?;
        // What lies below has no more characters than bytes.
        let is_endless = run.characters >= HORIZONS[run.reach as usize];
        if run.accepts && !is_endless {
            return None;
        }
        self.far = self.far.max((run.far + left).into());
        Some(if is_endless { ENDLESS } else { run.characters })
    }

    fn find_run(&mut self, state: StateId, reach: Reach) -> Result<u32, MatchError> {
        let mut states: Vec<(StateId, [u64; 2], StateId)> = Vec::new();
        let mut at = state;
        let mut rest = loop {
            let known = self.runs().get(at, reach);
            if at == DEAD || known > NONE {
                break known;
            }
            let is_round = states.iter().any(|other| other.0 == at);
            if known == NONE || is_round || states.len() > LONGEST || !self.dfa.is_spellable(at) {
                self.runs().set(state, reach, NONE);
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
            let run = Run {
                state,
                reach,
                next,
                ascii,
                beyond: [Beyond::Unknown; 2],
                characters: if next == DEAD { 0 } else { ENDLESS },
                far: self.dfa.distance(state),
                accepts: self.dfa.accepts(state),
            };
            let runs = self.runs();
            let run = runs.prolonged(run, rest);
            rest = runs.add(run);
        }
        Ok(rest)
    }

    /// Whether all characters beyond ASCII are read as the others are, by all states of a run; with or without
    /// separators of lines and paragraphs.
    fn reads_beyond(&mut self, number: u32, separators: bool) -> Result<Option<Within>, MatchError> {
        let Some(&run) = self.runs().run(number) else { return Ok(Some(Within::Spellable)) };
        if let Beyond::Known(known) = run.beyond[usize::from(separators)] {
            return Ok(known);
        }
        let mut beyond = self.reads_characters(run.state, run.next, run.reach, &FORMS)?;
        // Where all others lead nowhere, the beginning of a separator has to lead nowhere, too.
        if (separators || run.next == DEAD)
            && let Some(others) = beyond
        {
            let these = self.reads_characters(run.state, run.next, run.reach, &SEPARATORS)?;
            beyond = these.map(|these| these.max(others));
        }
        if let Some(first) = beyond
            && run.next != run.state
        {
            let rest = self.runs().get(run.next, run.reach);
            beyond = self.reads_beyond(rest, separators)?.map(|rest| first.max(rest));
        }
        self.runs().runs[(number - NONE - 1) as usize].beyond[usize::from(separators)] =
            Beyond::Known(beyond);
        Ok(beyond)
    }

    /// Whether all characters of some forms lead from a state to another one.
    fn reads_characters(
        &mut self,
        state: StateId,
        to: StateId,
        reach: Reach,
        forms: &[Form],
    ) -> Result<Option<Within>, MatchError> {
        let mut within = Within::Spellable;
        for form in forms {
            let mut reached = vec![state];
            for (at, &(low, high)) in form.iter().enumerate() {
                if at > 0 && !reached.iter().all(|&state| state == DEAD || self.dfa.is_spellable(state)) {
                    within = Within::Unspellable;
                }
                reached = self.successors(&reached, low, high, reach)?;
            }
            if reached != [to] {
                return Ok(None);
            }
        }
        Ok(Some(within))
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
        let bytes: Vec<u8> = self.dfa.bytes_of_classes(low, high).collect();
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

/// Whether all bytes of one set are in another.
fn is_within(these: [u64; 2], those: [u64; 2]) -> bool {
    (these[0] & !those[0]) | (these[1] & !those[1]) == 0
}
