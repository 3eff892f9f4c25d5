//! The byte automaton before determinisation: instructions, counted loops, and how far the end is.
//!
//! Counted repeats are not unrolled: a loop keeps its count in a *slot*, one per level of nesting, and a
//! configuration is an instruction with the values of all slots. What stands on no loop has zeros.

use std::collections::hash_map::Entry;

use regex_automata::nfa::thompson::NFA;
use rustc_hash::FxHashMap;

use crate::error::BuildError;
use crate::limits::Limits;

/// Index of an instruction.
pub(crate) type Pc = u32;
/// Index of a loop.
pub(crate) type LoopId = u32;

/// Levels of nested counted loops; deeper ones are unrolled.
pub(crate) const SLOTS: usize = 4;
/// No upper bound.
pub(crate) const UNBOUNDED: u32 = u32::MAX;
/// Further than any end: cannot be reached.
pub(crate) const NEVER: u64 = u64::MAX / 4;

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteSet([u64; 4]);

impl ByteSet {
    pub(crate) const ALL: ByteSet = ByteSet([u64::MAX; 4]);
    pub(crate) const NONE: ByteSet = ByteSet([0; 4]);

    pub(crate) fn insert(&mut self, byte: u8) {
        self.0[byte as usize / 64] |= 1 << (byte % 64);
    }

    pub(crate) fn contains(&self, byte: u8) -> bool {
        self.0[byte as usize / 64] >> (byte % 64) & 1 == 1
    }

    /// A byte of the range that ordinary tokens contain, else the first of the range in the set.
    fn plain(&self, low: u8, high: u8) -> Option<u8> {
        let plain = [b'a', b'0', b' ', b'A'].into_iter().filter(|byte| (low..=high).contains(byte));
        plain.chain(low..=high).find(|&byte| self.contains(byte))
    }
}

/// The counts of the loops around an instruction, outermost first.
pub(crate) type Counts = [u32; SLOTS];

#[derive(Debug, Clone)]
pub(crate) enum Inst {
    /// Reads one byte of one of the ranges.
    Bytes(Box<[(u8, u8, Pc)]>),
    /// Goes on anywhere of these; nowhere if there are none.
    Split(Box<[Pc]>),
    /// Begins a counted loop.
    Enter(LoopId),
    /// Ends a round of a counted loop.
    Next(LoopId),
    /// The text is complete.
    Accept,
}

/// A counted repeat. Its body is never empty: a body that could be is compiled with `min` 0 instead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loop {
    pub(crate) slot: usize,
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) body: Pc,
    pub(crate) exit: Pc,
    /// The loop around it.
    pub(crate) outer: Option<LoopId>,
}

impl Loop {
    /// The count after one more round; beyond the last bound that matters it stays.
    pub(crate) fn count_up(&self, count: u32) -> u32 {
        if self.max == UNBOUNDED { (count + 1).min(self.min) } else { count + 1 }
    }

    pub(crate) fn may_repeat(&self, count: u32) -> bool {
        self.max == UNBOUNDED || count < self.max
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Nfa {
    pub(crate) insts: Vec<Inst>,
    /// The innermost loop around each instruction.
    pub(crate) within: Vec<Option<LoopId>>,
    pub(crate) loops: Vec<Loop>,
    pub(crate) start: Pc,
    /// Slots in use.
    pub(crate) slots: usize,
    /// Fewest bytes from each instruction to the end of its round (or of the text, outside loops).
    distance: Vec<u64>,
    /// The same by bytes that can be spelled; further where only others lead on.
    spelled: Vec<u64>,
    /// Bytes that can be spelled.
    bytes: ByteSet,
    /// Class of each byte; bytes of a class are never told apart.
    pub(crate) classes: Box<[u8; 256]>,
    /// A byte of each class.
    pub(crate) representatives: Vec<u8>,
}

/// Emits instructions from the end of the text to its beginning.
pub(crate) struct Builder<'l> {
    insts: Vec<Inst>,
    within: Vec<Option<LoopId>>,
    loops: Vec<Loop>,
    current: Option<LoopId>,
    limits: &'l Limits,
    /// UTF-8 automata of the character classes met so far, by their ranges.
    classes: FxHashMap<Vec<(char, char)>, NFA>,
}

impl<'l> Builder<'l> {
    pub(crate) fn new(limits: &'l Limits) -> Builder<'l> {
        let (insts, within, loops) = (Vec::new(), Vec::new(), Vec::new());
        Builder { insts, within, loops, current: None, limits, classes: FxHashMap::default() }
    }

    pub(crate) fn emit(&mut self, inst: Inst) -> Result<Pc, BuildError> {
        if self.insts.len() >= self.limits.instructions {
            return Err(BuildError::TooLarge {
                what: "automaton instructions",
                limit: self.limits.instructions,
            });
        }
        self.insts.push(inst);
        self.within.push(self.current);
        Ok(self.insts.len() as Pc - 1)
    }

    /// The automaton of a character class, made by `make` the first time.
    pub(crate) fn class(
        &mut self,
        ranges: Vec<(char, char)>,
        make: impl FnOnce() -> Result<NFA, BuildError>,
    ) -> Result<NFA, BuildError> {
        match self.classes.entry(ranges) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(free) => Ok(free.insert(make()?).clone()),
        }
    }

    pub(crate) fn patch(&mut self, pc: Pc, inst: Inst) {
        self.insts[pc as usize] = inst;
    }

    pub(crate) fn byte(&mut self, byte: u8, next: Pc) -> Result<Pc, BuildError> {
        self.emit(Inst::Bytes(Box::new([(byte, byte, next)])))
    }

    pub(crate) fn text(&mut self, text: &[u8], mut next: Pc) -> Result<Pc, BuildError> {
        for &byte in text.iter().rev() {
            next = self.byte(byte, next)?;
        }
        Ok(next)
    }

    /// Counted loops around the instruction that would be emitted now.
    pub(crate) fn depth(&self) -> usize {
        self.current.map_or(0, |id| self.loops[id as usize].slot + 1)
    }

    /// A counted loop whose body `body` emits, given where a round ends.
    pub(crate) fn counted(
        &mut self,
        (min, max): (u32, u32),
        exit: Pc,
        body: impl FnOnce(&mut Self, Pc) -> Result<Pc, BuildError>,
    ) -> Result<Pc, BuildError> {
        let id = self.loops.len() as LoopId;
        let (outer, slot) = (self.current, self.depth());
        self.loops.push(Loop { slot, min, max, body: 0, exit, outer });
        self.current = Some(id);
        let next = self.emit(Inst::Next(id))?;
        let first = body(self, next)?;
        self.loops[id as usize].body = first;
        self.current = outer;
        self.emit(Inst::Enter(id))
    }

    pub(crate) fn finish(self, start: Pc) -> Nfa {
        let slots = self.loops.iter().map(|l| l.slot + 1).max().unwrap_or(0);
        let (classes, representatives) = byte_classes(&self.insts);
        let mut nfa = Nfa {
            insts: self.insts,
            within: self.within,
            loops: self.loops,
            start,
            slots,
            distance: Vec::new(),
            spelled: Vec::new(),
            bytes: ByteSet::ALL,
            classes,
            representatives,
        };
        nfa.distance = nfa.measure(&ByteSet::ALL);
        nfa.spelled = nfa.distance.clone();
        nfa
    }
}

/// Bytes that no instruction tells apart, as classes numbered in byte order.
fn byte_classes(insts: &[Inst]) -> (Box<[u8; 256]>, Vec<u8>) {
    let mut begins = [false; 257];
    begins[0] = true;
    for inst in insts {
        if let Inst::Bytes(ranges) = inst {
            for &(low, high, _) in ranges {
                begins[low as usize] = true;
                begins[high as usize + 1] = true;
            }
        }
    }
    let mut classes = Box::new([0u8; 256]);
    let mut representatives = Vec::new();
    for byte in 0..=255u8 {
        if begins[byte as usize] {
            representatives.push(byte);
        }
        classes[byte as usize] = (representatives.len() - 1) as u8;
    }
    (classes, representatives)
}

impl Nfa {
    /// The same automaton where only some bytes can be spelled.
    pub(crate) fn with_bytes(&self, bytes: ByteSet) -> Nfa {
        let spelled = self.measure(&bytes);
        Nfa { spelled, bytes, ..self.clone() }
    }

    /// The least fixed point of the distances by some bytes. Instructions lead mostly to earlier ones, so
    /// that few rounds suffice.
    fn measure(&self, bytes: &ByteSet) -> Vec<u64> {
        let mut distances = vec![NEVER; self.insts.len()];
        let mut changed = true;
        while changed {
            changed = false;
            for pc in 0..self.insts.len() {
                let distance = self.step_distance(pc, &distances, bytes);
                if distance < distances[pc] {
                    distances[pc] = distance;
                    changed = true;
                }
            }
        }
        distances
    }

    fn step_distance(&self, pc: usize, distances: &[u64], bytes: &ByteSet) -> u64 {
        let to = |pc: Pc| distances[pc as usize];
        match &self.insts[pc] {
            Inst::Accept | Inst::Next(_) => 0,
            Inst::Bytes(ranges) => {
                let usable = ranges.iter().filter(|range| bytes.plain(range.0, range.1).is_some());
                usable.map(|range| to(range.2)).min().map_or(NEVER, |d| (d + 1).min(NEVER))
            }
            Inst::Split(targets) => targets.iter().map(|&pc| to(pc)).min().unwrap_or(NEVER),
            Inst::Enter(id) => self.rest_of_loop(*id, 0, distances),
        }
    }

    /// Fewest bytes from the head of a loop with `count` rounds done to the end of the round around it.
    fn rest_of_loop(&self, id: LoopId, count: u32, distances: &[u64]) -> u64 {
        let l = &self.loops[id as usize];
        let rounds = u64::from(l.min.saturating_sub(count));
        let body = distances[l.body as usize];
        let inside = if rounds == 0 { 0 } else { body.saturating_mul(rounds) };
        inside.saturating_add(distances[l.exit as usize]).min(NEVER)
    }

    /// Fewest bytes that can be spelled from a configuration to the end of the text.
    pub(crate) fn distance(&self, pc: Pc, counts: &Counts) -> u64 {
        let mut total = self.spelled[pc as usize];
        let mut within = self.within[pc as usize];
        while let Some(id) = within {
            let l = &self.loops[id as usize];
            total =
                total.saturating_add(self.rest_of_loop(id, counts[l.slot].saturating_add(1), &self.spelled));
            within = l.outer;
        }
        total.min(NEVER)
    }

    /// Whether the end can be reached at all, by whatever bytes. What cannot is left out of every state.
    pub(crate) fn is_live(&self, pc: Pc) -> bool {
        self.distance[pc as usize] < NEVER
    }

    /// No configuration from which the end can be spelled is further from it than this.
    pub(crate) fn greatest_distance(&self) -> u64 {
        let all = (0..self.insts.len() as Pc).map(|pc| self.distance(pc, &[0; SLOTS]));
        all.filter(|&distance| distance < NEVER).max().unwrap_or(0)
    }

    /// A shortest text that can be spelled from a configuration to the end; there must be one.
    pub(crate) fn witness(&self, mut pc: Pc, mut counts: Counts) -> Vec<u8> {
        let mut text = Vec::new();
        let to = |pc: &Pc| self.spelled[*pc as usize];
        loop {
            match &self.insts[pc as usize] {
                Inst::Accept => return text,
                Inst::Bytes(ranges) => {
                    let usable = ranges
                        .iter()
                        .filter_map(|range| Some((self.bytes.plain(range.0, range.1)?, range.2)));
                    let Some((byte, target)) = usable.min_by_key(|(_, target)| to(target)) else {
                        return text;
                    };
                    text.push(byte);
                    pc = target;
                }
                Inst::Split(targets) => {
                    let Some(target) = targets.iter().min_by_key(|pc| to(pc)) else { return text };
                    pc = *target;
                }
                Inst::Enter(id) => pc = self.turn(*id, 0, &mut counts),
                Inst::Next(id) => {
                    let l = &self.loops[*id as usize];
                    let count = l.count_up(counts[l.slot]);
                    pc = self.turn(*id, count, &mut counts);
                }
            }
        }
    }

    /// Another round if one is owed, else out.
    fn turn(&self, id: LoopId, count: u32, counts: &mut Counts) -> Pc {
        let l = &self.loops[id as usize];
        let more = count < l.min;
        counts[l.slot] = if more { count } else { 0 };
        if more { l.body } else { l.exit }
    }
}
