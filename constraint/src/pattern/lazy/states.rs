//! What is known of an automaton's states: a table that is read without a lock while it grows.
//!
//! Each state has a record of words: what can be said of it, then its successors. Records never move, so a reader
//! needs nothing but the state's number: they lie in pages, each twice as large as the one before. Words that
//! become known later are stored once, by whoever holds the automaton's lock. A state's number is stored where
//! others find it only after its record is complete.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::ascii::AsciiBytes;
use super::{DEAD, Flags, HORIZONS, Part, Reach, StateId};

/// Stands for what is not known.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// States of the first page, a power of two.
const FIRST: usize = 16;
/// With these there is a place for every number.
const PAGES: usize = 29;

/// Words of a record before the successors: the flags, the distance, and the saturated equivalents.
const FLAGS: usize = 0;
const DISTANCE: usize = 1;
const SATURATED: usize = 2;
const HEAD: usize = SATURATED + HORIZONS.len();

/// See the module's description.
#[derive(Debug)]
pub(super) struct States {
    pages: [OnceLock<Page>; PAGES],
    /// Words of a record.
    width: usize,
}

#[derive(Debug)]
struct Page {
    words: Box<[AtomicU32]>,
    /// By state; made when they are first asked for.
    details: OnceLock<Box<[Details]>>,
    /// States of the page.
    len: usize,
}

/// What is asked of few states.
#[derive(Debug, Default)]
pub(super) struct Details {
    /// Where its ASCII bytes lead.
    pub(super) ascii: OnceLock<Box<AsciiBytes>>,
    /// Its parts, if calls are open in it.
    pub(super) parts: OnceLock<Box<[Part]>>,
}

/// The record of a state: its words begin at a place of a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'s> {
    words: &'s [AtomicU32],
    from: usize,
    width: usize,
}

impl States {
    /// A table without states, whose records have so many successors.
    pub(super) fn new(successors: usize) -> States {
        States { pages: [const { OnceLock::new() }; PAGES], width: HEAD + successors }
    }

    /// Sets the record of a state that nobody knows of yet. Only the holder of the automaton's lock may.
    pub(super) fn set(
        &self,
        state: StateId,
        flags: Flags,
        distance: u32,
        successors: impl Iterator<Item = StateId>,
    ) {
        let (page, _) = place(state);
        self.pages[page].get_or_init(|| Page::new(FIRST << page, self.width));
        let words = self.record(state).all();
        words[FLAGS].store(flags.0, Relaxed);
        words[DISTANCE].store(distance, Relaxed);
        let saturated = if state == DEAD { DEAD } else { UNKNOWN };
        words[SATURATED..HEAD].iter().for_each(|word| word.store(saturated, Relaxed));
        words[HEAD..].iter().zip(successors).for_each(|(word, next)| word.store(next, Relaxed));
    }

    /// The record of a state that has been set.
    #[inline]
    pub(super) fn record(&self, state: StateId) -> Record<'_> {
        let (page, at) = place(state);
        let words = self.pages[page].get().map_or(&[][..], |page| &page.words);
        Record { words, from: at * self.width, width: self.width }
    }

    /// The details of a state that has been set.
    pub(super) fn details(&self, state: StateId) -> Option<&Details> {
        let (page, at) = place(state);
        let page = self.pages[page].get()?;
        let new = || (0..page.len).map(|_| Details::default()).collect();
        page.details.get_or_init(new).get(at)
    }
}

impl<'s> Record<'s> {
    #[inline]
    fn word(self, index: usize) -> &'s AtomicU32 {
        &self.words[self.from + index]
    }

    fn all(self) -> &'s [AtomicU32] {
        &self.words[self.from..][..self.width]
    }

    #[inline]
    pub(super) fn flags(self) -> Flags {
        Flags(self.word(FLAGS).load(Relaxed))
    }

    #[inline]
    pub(super) fn distance(self) -> u32 {
        self.word(DISTANCE).load(Relaxed)
    }

    /// Its saturated equivalent, or [`UNKNOWN`].
    #[inline]
    pub(super) fn saturated(self, reach: Reach) -> StateId {
        self.word(SATURATED + usize::from(reach)).load(Acquire)
    }

    pub(super) fn set_saturated(self, reach: Reach, state: StateId) {
        self.word(SATURATED + usize::from(reach)).store(state, Release);
    }

    /// Where a class of bytes leads, or what is known of that.
    #[inline]
    pub(super) fn successor(self, class: usize) -> StateId {
        self.word(HEAD + class).load(Acquire)
    }

    /// The same for all classes.
    pub(super) fn successors(self) -> impl Iterator<Item = StateId> + 's {
        self.all()[HEAD..].iter().map(|word| word.load(Acquire))
    }

    /// Replaces what is known of a class and of those after it that lead to the same state.
    pub(super) fn replace(self, class: usize, next: StateId) {
        let words = &self.all()[HEAD + class..];
        let known = words[0].load(Relaxed);
        words.iter().filter(|word| word.load(Relaxed) == known).for_each(|word| word.store(next, Release));
    }
}

impl Page {
    fn new(len: usize, width: usize) -> Page {
        // Numbers that are zero come from the system as they are, and become atomic where they lie: a page costs
        // nothing for states that are never made.
        let words: Vec<AtomicU32> = vec![0; len * width].into_iter().map(AtomicU32::new).collect();
        Page { words: words.into(), details: OnceLock::new(), len }
    }
}

/// The page of a state, and its place there.
#[inline]
fn place(state: StateId) -> (usize, usize) {
    let number = state as usize + FIRST;
    let page = (number / FIRST).ilog2() as usize;
    (page, number - (FIRST << page))
}

#[cfg(test)]
mod tests {
    use super::{FIRST, PAGES, States, place};
    use crate::pattern::machine::{Flag, Flags};

    #[test]
    fn every_number_has_a_place_of_its_own() {
        let mut next = (0, 0);
        for state in 0..5_000 {
            assert_eq!(place(state), next);
            next = if next.1 + 1 == FIRST << next.0 { (next.0 + 1, 0) } else { (next.0, next.1 + 1) };
        }
        assert!(place(u32::MAX).0 < PAGES);
    }

    #[test]
    fn records_keep_what_was_stored() {
        let states = States::new(3);
        for state in 0..1_000 {
            let flags = Flags::of([(Flag::Accepts, state % 2 == 0), (Flag::Scarce, state % 3 == 0)]);
            states.set(state, flags, state * 7, [state, 9, 9].into_iter());
        }
        states.record(400).replace(1, 5);
        states.record(400).set_saturated(2, 11);
        for state in 0..1_000 {
            let record = states.record(state);
            assert_eq!(record.flags().has(Flag::Accepts), state % 2 == 0);
            assert_eq!(record.flags().has(Flag::Scarce), state % 3 == 0);
            assert!(!record.flags().has(Flag::InKey));
            assert_eq!(record.distance(), state * 7);
            let rest = if state == 400 { 5 } else { 9 };
            assert_eq!(record.successors().collect::<Vec<_>>(), [state, rest, rest]);
        }
        assert_eq!(states.record(400).saturated(2), 11);
    }
}
