//! What is known of an automaton's states: a table that is read without a lock while it grows.
//!
//! Each state has a record of words: what can be said of it, then its successors. The first states, which are all of
//! them in most automata, lie in one table, so that the place of a record follows from the state's number alone. When
//! this *front* is full, a larger one takes its place, with all that the former held. Whoever still reads the former
//! finds there what was known at that time, and asks for the rest under the automaton's lock. Later states lie in pages
//! that never move, each twice as large as the one before.
//!
//! Words that become known later are stored once, by whoever holds the automaton's lock, and in the newest front. A
//! state's number is stored where others find it only after its record is complete.

use std::sync::OnceLock;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicUsize};

use super::ascii::AsciiBytes;
use super::{DEAD, Flags, HORIZONS, Part, Reach, StateId};

/// Stands for what is not known.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// States of each front.
const FRONTS: [usize; 4] = [16, 64, 256, 1_024];
/// States of the largest front, a power of two.
const FRONT: usize = FRONTS[FRONTS.len() - 1];
/// With these there is a place for every number.
const PAGES: usize = 22;
/// The same for details, whose first page holds so many states.
const DETAILS: usize = 16;
const DETAIL_PAGES: usize = 29;

/// Words of a record before the successors: the flags, the distance, and the saturated equivalents.
const FLAGS: usize = 0;
const DISTANCE: usize = 1;
const SATURATED: usize = 2;
const HEAD: usize = SATURATED + HORIZONS.len();

/// See the module's description.
#[derive(Debug)]
pub(super) struct States {
    fronts: [OnceLock<Words>; FRONTS.len()],
    /// Which front is in use.
    newest: AtomicUsize,
    pages: [OnceLock<Words>; PAGES],
    /// Made when a state of the page is first asked for.
    details: [OnceLock<Box<[Details]>>; DETAIL_PAGES],
    /// Words of a record.
    width: usize,
}

/// Records, one after the other.
type Words = Box<[AtomicU32]>;

/// What is asked of few states.
#[derive(Debug, Default)]
pub(super) struct Details {
    /// Where its ASCII bytes lead.
    pub(super) ascii: OnceLock<AsciiBytes>,
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
        let width = HEAD + successors;
        let fronts = [const { OnceLock::new() }; FRONTS.len()];
        fronts[0].get_or_init(|| zeros(FRONTS[0] * width));
        States {
            fronts,
            newest: AtomicUsize::new(0),
            pages: [const { OnceLock::new() }; PAGES],
            details: [const { OnceLock::new() }; DETAIL_PAGES],
            width,
        }
    }

    /// Sets the record of a state that nobody knows of yet. Only the holder of the automaton's lock may.
    pub(super) fn set(
        &self,
        state: StateId,
        flags: Flags,
        distance: u32,
        successors: impl Iterator<Item = StateId>,
    ) {
        self.make_room(state as usize);
        let words = self.record(state).all();
        words[FLAGS].store(flags.0, Relaxed);
        words[DISTANCE].store(distance, Relaxed);
        let saturated = if state == DEAD { DEAD } else { UNKNOWN };
        words[SATURATED..HEAD].iter().for_each(|word| word.store(saturated, Relaxed));
        words[HEAD..].iter().zip(successors).for_each(|(word, next)| word.store(next, Relaxed));
    }

    /// The record of a state that has been set. It is as up to date as the moment; whoever writes to it asks for it
    /// under the automaton's lock, and again after a state was added.
    #[inline]
    pub(super) fn record(&self, state: StateId) -> Record<'_> {
        let (words, at) = match state as usize {
            at @ ..FRONT => (self.front(), at),
            at => self.paged(at),
        };
        Record { words, from: at * self.width, width: self.width }
    }

    /// The details of a state that has been set.
    pub(super) fn details(&self, state: StateId) -> Option<&Details> {
        let (page, at) = place::<DETAILS>(state as usize + DETAILS);
        let new = || (0..DETAILS << page).map(|_| Details::default()).collect();
        self.details[page].get_or_init(new).get(at)
    }

    #[inline]
    fn front(&self) -> &[AtomicU32] {
        known(&self.fronts[self.newest.load(Acquire)])
    }

    /// The page of a state beyond the fronts, and its place there.
    fn paged(&self, at: usize) -> (&[AtomicU32], usize) {
        let (page, at) = place::<FRONT>(at);
        (known(&self.pages[page]), at)
    }

    /// Makes room for the record of a state.
    fn make_room(&self, at: usize) {
        if at >= FRONT {
            let (page, _) = place::<FRONT>(at);
            self.pages[page].get_or_init(|| zeros((FRONT << page) * self.width));
            return;
        }
        let newest = self.newest.load(Relaxed);
        if at < FRONTS[newest] {
            return;
        }
        self.fronts[newest + 1].get_or_init(|| {
            let words = zeros(FRONTS[newest + 1] * self.width);
            words.iter().zip(self.front()).for_each(|(new, word)| new.store(word.load(Relaxed), Relaxed));
            words
        });
        self.newest.store(newest + 1, Release);
    }
}

#[inline]
fn known(words: &OnceLock<Words>) -> &[AtomicU32] {
    words.get().map_or(&[], |words| words)
}

/// Numbers that are zero come from the system as they are, and become atomic where they lie: room costs nothing for
/// states that are never made.
fn zeros(len: usize) -> Words {
    let words: Vec<AtomicU32> = vec![0; len].into_iter().map(AtomicU32::new).collect();
    words.into()
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

/// The page of a number, and its place there, where the first page begins with `FIRST` and has as many.
#[inline]
fn place<const FIRST: usize>(number: usize) -> (usize, usize) {
    let page = (number / FIRST).ilog2() as usize;
    (page, number - (FIRST << page))
}

#[cfg(test)]
mod tests {
    use super::{DETAIL_PAGES, DETAILS, FRONT, FRONTS, PAGES, States, place};
    use crate::pattern::machine::{Flag, Flags};

    fn places<const FIRST: usize>() {
        let mut next = (0, 0);
        for number in FIRST..FIRST + 5_000 {
            assert_eq!(place::<FIRST>(number), next);
            next = if next.1 + 1 == FIRST << next.0 { (next.0 + 1, 0) } else { (next.0, next.1 + 1) };
        }
    }

    #[test]
    fn every_number_has_a_place_of_its_own() {
        places::<DETAILS>();
        places::<FRONT>();
        let last = u32::MAX as usize;
        assert_eq!(place::<FRONT>(last).0, PAGES - 1);
        assert_eq!(place::<DETAILS>(last + DETAILS).0, DETAIL_PAGES - 1);
    }

    #[test]
    fn a_front_that_was_replaced_keeps_what_was_known() {
        let states = States::new(2);
        let set = |state| states.set(state, Flags::default(), state, [state, state + 1].into_iter());
        (0..FRONTS[0] as u32).for_each(set);
        let (former, before) = (states.record(3), states.front().len());
        set(FRONTS[0] as u32);
        assert!(states.front().len() > before);
        states.record(3).replace(0, 40);
        assert_eq!(former.successors().collect::<Vec<_>>(), [3, 4]);
        assert_eq!(states.record(3).successors().collect::<Vec<_>>(), [40, 4]);
        assert_eq!(states.record(3).distance(), former.distance());
    }

    #[test]
    fn records_keep_what_was_stored() {
        let states = States::new(3);
        for state in 0..5_000 {
            let flags = Flags::of([(Flag::Accepts, state % 2 == 0), (Flag::Scarce, state % 3 == 0)]);
            states.set(state, flags, state * 7, [state, 9, 9].into_iter());
        }
        for state in [40, 400, 4_000] {
            states.record(state).replace(1, 5);
            states.record(state).set_saturated(2, 11);
        }
        for state in 0..5_000 {
            let record = states.record(state);
            assert_eq!(record.flags().has(Flag::Accepts), state % 2 == 0);
            assert_eq!(record.flags().has(Flag::Scarce), state % 3 == 0);
            assert!(!record.flags().has(Flag::InKey));
            assert_eq!(record.distance(), state * 7);
            let is_changed = [40, 400, 4_000].contains(&state);
            let rest = if is_changed { 5 } else { 9 };
            assert_eq!(record.saturated(2) == 11, is_changed);
            assert_eq!(record.successors().collect::<Vec<_>>(), [state, rest, rest]);
        }
    }
}
