//! The byte automaton before determinisation: instructions, counted loops, rules, and how far the end is.
//!
//! Counted repeats are not unrolled: a loop keeps its count in a *slot*, one per level of nesting, and a
//! configuration is an instruction with the values of all slots. What stands on no loop has zeros.
//!
//! What is recursive is a *rule*: a part of the automaton that others call and that returns to them. Slots
//! belong to a call; what stands in no rule has the whole text for its call. Rules never call themselves
//! before they have read a byte.

use std::collections::hash_map::Entry;

use regex_automata::nfa::thompson::NFA;
use rustc_hash::FxHashMap;

use super::few::{Entries, KeySet, Members};
use super::left;
use crate::error::BuildError;
use crate::limits::Limits;

/// Index of an instruction.
pub(crate) type Pc = u32;
/// Index of a loop.
pub(crate) type LoopId = u32;
/// Index of a rule.
pub(crate) type RuleId = u32;

/// Levels of nested counted loops; deeper ones are unrolled.
pub(crate) const SLOTS: usize = 4;
/// No upper bound.
pub(crate) const UNBOUNDED: u32 = u32::MAX;
/// Further than any end: cannot be reached.
pub(crate) const NEVER: u64 = u64::MAX / 4;

/// Two distances, one after the other. What can be reached at all stays so, however far it is.
pub(crate) fn together(a: u64, b: u64) -> u64 {
    if a >= NEVER || b >= NEVER { NEVER } else { (a + b).min(NEVER - 1) }
}

/// A distance, several times.
fn times(distance: u64, rounds: u64) -> u64 {
    if distance >= NEVER { NEVER } else { distance.saturating_mul(rounds).min(NEVER - 1) }
}

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

    /// Adds the members of another set.
    pub(crate) fn extend(&mut self, other: &ByteSet) {
        self.0.iter_mut().zip(other.0).for_each(|(word, more)| *word |= more);
    }

    pub(crate) fn remove(&mut self, byte: u8) {
        self.0[byte as usize / 64] &= !(1 << (byte % 64));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }

    /// The only member, if there is just one.
    pub(crate) fn only(&self) -> Option<u8> {
        let one = self.0.iter().map(|word| word.count_ones()).sum::<u32>() == 1;
        let first = || self.0.iter().enumerate().find(|(_, word)| **word != 0);
        let byte = |(at, word): (usize, &u64)| (at as u32 * 64 + word.trailing_zeros()) as u8;
        if one { first().map(byte) } else { None }
    }

    /// Whether a byte of the range is in the set.
    pub(super) fn meets(&self, low: u8, high: u8) -> bool {
        *self == ByteSet::ALL || (low..=high).any(|byte| self.contains(byte))
    }

    /// A byte of the range that ordinary tokens contain, else the first of the range in the set.
    pub(super) fn plain(&self, low: u8, high: u8) -> Option<u8> {
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
    /// Goes on within the first round of a counted loop, from outside of it.
    Inside(LoopId, Pc),
    /// Ends a round of a counted loop.
    Next(LoopId),
    /// Reads what a rule derives, then goes on.
    Call(RuleId, Pc),
    /// The rule, or the text, is complete.
    Accept,
}

/// A counted repeat. Its body is never empty: a body that could be is compiled with `min` 0 instead. Where
/// further rounds begin elsewhere than the first, `min` is at least 1, so that counts tell them apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loop {
    pub(crate) slot: usize,
    pub(crate) min: u32,
    pub(crate) max: u32,
    /// Where the first round begins.
    pub(crate) body: Pc,
    /// Where further rounds begin.
    pub(crate) again: Pc,
    pub(crate) exit: Pc,
    /// The loop around it.
    pub(crate) outer: Option<LoopId>,
}

impl Loop {
    /// The count after one more round; beyond the last bound that matters it stays.
    pub(crate) fn count_up(&self, count: u32) -> u32 {
        if self.max == UNBOUNDED { (count + 1).min(self.min) } else { count + 1 }
    }

    /// Where the round begins that comes after `count` others.
    pub(crate) fn first(&self, count: u32) -> Pc {
        if count == 0 { self.body } else { self.again }
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
    pub(crate) rules: Vec<Rule>,
    /// Which instructions read keys that may not come twice; those beyond its end do not.
    pub(super) keys: Vec<bool>,
    /// The sets of restricted keys, in the order of their instructions.
    pub(super) key_sets: Vec<KeySet>,
    /// How many keys can be completed from each instruction of a set; those beyond its end read none of these.
    pub(super) key_counts: Vec<u32>,
    /// Bytes within which a key of a set is complete, whichever are left, by instruction.
    pub(super) key_lengths: Vec<u64>,
    /// The same up to the end of the round or rule.
    key_distances: Vec<u64>,
    /// Lists of members that have to be counted, since there are few keys, and are not.
    pub(super) uncounted: Vec<u32>,
    pub(crate) start: Pc,
    /// Slots in use.
    pub(crate) slots: usize,
    /// Fewest bytes from each instruction to the end of its round (or of its rule, outside loops).
    pub(super) distance: Vec<u64>,
    /// The same by bytes that can be spelled; further where only others lead on.
    pub(super) spelled: Vec<u64>,
    /// For each place where ways part, the one that this distance counts.
    pub(super) nearest: Vec<Pc>,
    /// Bytes that can be spelled.
    pub(super) bytes: ByteSet,
    /// Class of each byte; bytes of a class are never told apart.
    pub(crate) classes: Box<[u8; 256]>,
    /// A byte of each class.
    pub(crate) representatives: Vec<u8>,
}

/// A counted loop whose body is being emitted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenLoop {
    id: LoopId,
    /// Where a round ends.
    pub(crate) round: Pc,
    outer: Option<LoopId>,
}

/// A part of the automaton that is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) start: Pc,
    /// Callers that have read nothing have smaller ranks than what they call.
    pub(crate) rank: u32,
}

/// Emits instructions from the end of the text to its beginning.
pub(crate) struct Builder<'l> {
    insts: Vec<Inst>,
    within: Vec<Option<LoopId>>,
    loops: Vec<Loop>,
    rules: Vec<Pc>,
    keys: Vec<bool>,
    key_sets: Vec<KeySet>,
    /// Lists of members with restricted keys so far.
    lists: u32,
    /// Those of them that have few keys.
    few: Vec<u32>,
    current: Option<LoopId>,
    limits: &'l Limits,
    /// UTF-8 automata of the character classes met so far, by their ranges.
    classes: FxHashMap<Vec<(char, char)>, NFA>,
}

impl<'l> Builder<'l> {
    pub(crate) fn new(limits: &'l Limits) -> Builder<'l> {
        let (insts, within, loops) = (Vec::new(), Vec::new(), Vec::new());
        let (rules, keys, classes) = (Vec::new(), Vec::new(), FxHashMap::default());
        let (key_sets, lists, few) = (Vec::new(), 0, Vec::new());
        Builder { insts, within, loops, rules, keys, key_sets, lists, few, current: None, limits, classes }
    }

    /// The same, where some lists of members are known to have few keys.
    pub(crate) fn counting(limits: &'l Limits, few: Vec<u32>) -> Builder<'l> {
        Builder { few, ..Builder::new(limits) }
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

    /// A rule to be [defined](Self::define).
    pub(crate) fn declare(&mut self) -> RuleId {
        self.rules.push(0);
        self.rules.len() as RuleId - 1
    }

    /// Says where a rule begins. Its instructions stand in no loop of a caller.
    pub(crate) fn define(&mut self, rule: RuleId, start: Pc) {
        self.rules[rule as usize] = start;
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

    /// A counted loop; what is emitted until its [end](Self::end_loop) belongs to its body.
    pub(crate) fn begin_loop(&mut self, (min, max): (u32, u32), exit: Pc) -> Result<OpenLoop, BuildError> {
        let id = self.loops.len() as LoopId;
        let (outer, slot) = (self.current, self.depth());
        self.loops.push(Loop { slot, min, max, body: 0, again: 0, exit, outer });
        self.current = Some(id);
        Ok(OpenLoop { id, round: self.emit(Inst::Next(id))?, outer })
    }

    /// Says where the first round and further rounds begin; the loop's own beginning.
    pub(crate) fn end_loop(&mut self, open: OpenLoop, body: Pc, again: Pc) -> Result<Pc, BuildError> {
        let l = &mut self.loops[open.id as usize];
        (l.body, l.again) = (body, again);
        self.current = open.outer;
        self.emit(Inst::Enter(open.id))
    }

    /// Leaves all loops for a while: a rule stands in none of its callers'.
    pub(crate) fn leave_loops(&mut self) -> Option<LoopId> {
        self.current.take()
    }

    /// Goes back into the loops that were left.
    pub(crate) fn enter_loops(&mut self, within: Option<LoopId>) {
        self.current = within;
    }

    pub(crate) fn limits(&self) -> &'l Limits {
        self.limits
    }

    /// Instructions so far.
    pub(crate) fn len(&self) -> usize {
        self.insts.len()
    }

    /// The instructions from `from` on read the keys of an object of which none may come twice.
    pub(crate) fn mark_keys(&mut self, from: usize) {
        self.keys.resize(from, false);
        self.keys.resize(self.insts.len(), true);
    }

    /// The number of a list of members with restricted keys that begins now, and whether it is known to have few.
    pub(crate) fn begin_list(&mut self) -> (u32, bool) {
        let list = self.lists;
        self.lists += 1;
        (list, self.few.contains(&list))
    }

    /// The same as [`mark_keys`](Self::mark_keys) for an explicit automaton, which begins at `start`.
    pub(crate) fn mark_key_set(&mut self, from: usize, start: Pc, (list, members): (u32, Members)) {
        self.mark_keys(from);
        let insts = from as Pc..self.insts.len() as Pc;
        self.key_sets.push(KeySet { insts, start, list, members });
    }

    pub(crate) fn finish(self, start: Pc) -> Result<Nfa, BuildError> {
        let slots = self.loops.iter().map(|l| l.slot + 1).max().unwrap_or(0);
        let (classes, representatives) = byte_classes(&self.insts);
        let mut nfa = Nfa {
            insts: self.insts,
            within: self.within,
            loops: self.loops,
            rules: self.rules.iter().map(|&start| Rule { start, rank: 0 }).collect(),
            keys: self.keys,
            key_sets: self.key_sets,
            key_counts: Vec::new(),
            key_lengths: Vec::new(),
            key_distances: Vec::new(),
            uncounted: Vec::new(),
            start,
            slots,
            distance: Vec::new(),
            spelled: Vec::new(),
            nearest: Vec::new(),
            bytes: ByteSet::ALL,
            classes,
            representatives,
        };
        let no_sets = Entries::default();
        (nfa.distance, nfa.nearest) = nfa.measure(&ByteSet::ALL, &no_sets);
        nfa.release_empty_rounds();
        nfa.uncounted = nfa.settle_keys()?;
        if left::rewrite(&mut nfa, self.limits.instructions)? {
            (nfa.distance, nfa.nearest) = nfa.measure(&ByteSet::ALL, &no_sets);
        }
        nfa.spelled = nfa.distance.clone();
        if !nfa.key_sets.is_empty() {
            nfa.spell(&ByteSet::ALL);
        }
        nfa.rank_rules()?;
        Ok(nfa)
    }
}

/// What comes before a byte is read, from many places one after the other.
#[derive(Debug)]
pub(super) struct First {
    /// The search that met each instruction last.
    met: Vec<u32>,
    search: u32,
    open: Vec<Pc>,
    found: Vec<Pc>,
}

impl First {
    pub(super) fn new(nfa: &Nfa) -> First {
        First { met: vec![0; nfa.insts.len()], search: 0, open: Vec::new(), found: Vec::new() }
    }

    /// The first instructions on all ways from the beginning of a rule that read a byte, call, or end the rule.
    /// Ways also go past calls of nullable rules. Loops are entered in their first round alone: where that can be
    /// empty the bounds say that there need be none.
    pub(super) fn from(&mut self, nfa: &Nfa, from: Pc, nullable: &[bool]) -> &[Pc] {
        self.search += 1;
        self.open.push(from);
        self.found.clear();
        while let Some(pc) = self.open.pop() {
            if std::mem::replace(&mut self.met[pc as usize], self.search) == self.search {
                continue;
            }
            match &nfa.insts[pc as usize] {
                Inst::Bytes(_) | Inst::Accept => self.found.push(pc),
                Inst::Split(targets) => self.open.extend(targets.iter().rev()),
                Inst::Enter(id) => {
                    let l = &nfa.loops[*id as usize];
                    self.open.push(l.body);
                    self.open.extend((l.min == 0).then_some(l.exit));
                }
                Inst::Inside(_, target) => self.open.push(*target),
                Inst::Next(_) => {}
                Inst::Call(rule, next) => {
                    self.found.push(pc);
                    self.open.extend(nullable[*rule as usize].then_some(*next));
                }
            }
        }
        &self.found
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
    /// A round that may be empty can always be made up: only the upper bound is left.
    fn release_empty_rounds(&mut self) {
        for l in &mut self.loops {
            if l.body == l.again && self.distance[l.body as usize] == 0 {
                l.min = 0;
            }
        }
    }

    /// Which rules derive the empty text.
    pub(super) fn nullable(&self) -> Vec<bool> {
        self.rules.iter().map(|rule| self.distance[rule.start as usize] == 0).collect()
    }

    /// The same automaton where only some bytes can be spelled.
    pub(crate) fn with_bytes(&self, bytes: ByteSet) -> Nfa {
        let is_spelled = |inst: &Inst| match inst {
            Inst::Bytes(ranges) => ranges.iter().all(|range| bytes.meets(range.0, range.1)),
            _ => true,
        };
        // Where every range has a byte that can be spelled, all ends are as near as they were.
        let mut nfa = Nfa { bytes, ..self.clone() };
        if self.bytes != ByteSet::ALL || !self.key_sets.is_empty() || !self.insts.iter().all(is_spelled) {
            nfa.spell(&bytes);
        }
        nfa
    }

    /// Finds how far the end is by some bytes.
    fn spell(&mut self, bytes: &ByteSet) {
        let entries = self.enter_keys(bytes);
        (self.spelled, self.nearest) = self.measure(bytes, &entries);
        self.key_distances = self.distances_in_keys(&self.spelled, &entries);
    }

    /// Orders the rules so that whatever calls another before it has read a byte comes first.
    fn rank_rules(&mut self) -> Result<(), BuildError> {
        let calls = self.first_calls(&self.nullable());
        let mut callers = vec![0u32; self.rules.len()];
        calls.iter().flatten().for_each(|&rule| callers[rule as usize] += 1);
        let mut ready: Vec<RuleId> =
            (0..self.rules.len() as RuleId).filter(|&r| callers[r as usize] == 0).collect();
        let mut ranked = 0;
        while let Some(rule) = ready.pop() {
            self.rules[rule as usize].rank = ranked;
            ranked += 1;
            for &called in &calls[rule as usize] {
                callers[called as usize] -= 1;
                if callers[called as usize] == 0 {
                    ready.push(called);
                }
            }
        }
        if (ranked as usize) < self.rules.len() { Err(BuildError::LeftRecursion) } else { Ok(()) }
    }

    /// For each rule those that it calls before a byte is read, each once.
    pub(super) fn first_calls(&self, nullable: &[bool]) -> Vec<Vec<RuleId>> {
        let mut first = First::new(self);
        let mut calls_of = |rule: &Rule| {
            let called = |pc: &Pc| match self.insts[*pc as usize] {
                Inst::Call(rule, _) => Some(rule),
                _ => None,
            };
            let mut calls: Vec<RuleId> =
                first.from(self, rule.start, nullable).iter().filter_map(called).collect();
            calls.sort_unstable();
            calls.dedup();
            calls
        };
        self.rules.iter().map(&mut calls_of).collect()
    }

    /// Whether an instruction reads a key that may not come twice.
    pub(crate) fn is_key(&self, pc: Pc) -> bool {
        self.keys.get(pc as usize).copied().unwrap_or(false)
    }

    /// Whether there are keys that may not come twice.
    pub(crate) fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Whether the automaton has rules; without, stacks are always empty.
    pub(crate) fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }

    /// Fewest bytes from the head of a loop with `count` rounds done to the end of the round around it.
    pub(super) fn rest_of_loop(&self, id: LoopId, count: u32, distances: &[u64]) -> u64 {
        let l = &self.loops[id as usize];
        let rounds = u64::from(l.min.saturating_sub(count));
        let inside = match rounds {
            0 => 0,
            1 => distances[l.first(count) as usize],
            _ => together(distances[l.first(count) as usize], times(distances[l.again as usize], rounds - 1)),
        };
        together(inside, distances[l.exit as usize])
    }

    /// Fewest bytes that can be spelled from a configuration to the end of the text.
    pub(crate) fn distance(&self, pc: Pc, counts: &Counts) -> u64 {
        let in_key = self.key_distances.get(pc as usize).copied().filter(|&distance| distance > 0);
        together(in_key.unwrap_or(self.spelled[pc as usize]), self.beyond(pc, counts))
    }

    /// Fewest bytes that can be spelled from the end of a configuration's round to the end of the text.
    pub(super) fn beyond(&self, pc: Pc, counts: &Counts) -> u64 {
        let mut total = 0;
        let mut within = self.within[pc as usize];
        while let Some(id) = within {
            let l = &self.loops[id as usize];
            let rest = self.rest_of_loop(id, counts[l.slot].saturating_add(1), &self.spelled);
            total = together(total, rest);
            within = l.outer;
        }
        total
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

    /// A shortest text that can be spelled from a configuration to the end of its rule; there must be one.
    pub(crate) fn witness(&self, mut pc: Pc, mut counts: Counts) -> Vec<u8> {
        let mut text = Vec::new();
        let mut callers: Vec<(Pc, Counts)> = Vec::new();
        let to = |pc: &Pc| self.spelled[*pc as usize];
        loop {
            match &self.insts[pc as usize] {
                Inst::Accept => match callers.pop() {
                    Some(caller) => (pc, counts) = caller,
                    None => return text,
                },
                Inst::Call(rule, next) => {
                    callers.push((*next, counts));
                    (pc, counts) = (self.rules[*rule as usize].start, [0; SLOTS]);
                }
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
                Inst::Split(_) => pc = self.nearest[pc as usize],
                Inst::Inside(_, target) => pc = *target,
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
        if more { l.first(count) } else { l.exit }
    }
}
