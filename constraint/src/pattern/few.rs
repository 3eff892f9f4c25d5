//! Keys that may run out.
//!
//! Where keys may not occur twice and are restricted (`propertyNames`, `patternProperties`), there may be few
//! of them. Each such set of keys is an explicit automaton within the byte automaton, from just after the
//! opening quote to the closing one, in which every key has exactly one path. So the number of keys that can
//! still be completed from each of its instructions is counted once, up to [`MOST_KEYS`]. A beginning of a
//! key is dead when as many of the existing keys share it ([`Nfa::keys_left`]). No list has more members than
//! there are keys: its counted loop is bounded by their number, so that what follows the last member does not
//! depend on the keys.
//!
//! Free keys (`map(T)`, `json`) never run out and form no such set.

use std::ops::Range;
use std::sync::Arc;

use super::bytes::ByteSet;
use super::nfa::{NEVER, Nfa, together};
use super::program::{Edge, Inst, Pc};
use crate::error::BuildError;

/// So many keys are as good as any number: an object with restricted keys has fewer members.
pub(crate) const MOST_KEYS: u32 = 1024;

/// How often members with keys of a set may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Members {
    /// Once at most, or as often as a counted loop says.
    Counted,
    /// Any number of times.
    Any,
    /// As other members, some of which have to be there: behind so many others, if that is known.
    Owed(Option<u32>),
}

/// The keys that the members of a list may have.
#[derive(Debug, Clone)]
pub(crate) struct KeySet {
    /// What reads a key and its closing quote. The opening one is the next instruction.
    pub(super) insts: Range<Pc>,
    pub(super) start: Pc,
    pub(super) list: u32,
    pub(super) members: Members,
}

/// A key that is not there yet.
#[derive(Debug)]
pub(super) struct Fresh<'r> {
    /// Bytes from where the text is in it to the end of the round or rule.
    pub(super) cost: u64,
    /// What it has of one that is there.
    beginning: &'r [u8],
    /// The first byte that it has not, and where that leads.
    byte: u8,
    target: Pc,
}

impl Nfa {
    /// The set whose keys an instruction reads.
    pub(super) fn key_set(&self, pc: Pc) -> Option<&KeySet> {
        let after = self.key_sets.partition_point(|set| set.insts.start <= pc);
        let set = self.key_sets.get(after.checked_sub(1)?)?;
        set.insts.contains(&pc).then_some(set)
    }

    /// How many keys can be completed from an instruction, up to [`MOST_KEYS`]; those of free keys always so many.
    pub(super) fn key_count(&self, pc: Pc) -> u32 {
        self.key_counts.get(pc as usize).copied().unwrap_or(MOST_KEYS)
    }

    /// Whether some beginning of a key leads to few keys.
    pub(crate) fn has_few_keys(&self) -> bool {
        let leads = |pc: Pc| match self.inst(pc) {
            Inst::Bytes(ranges) => ranges
                .iter()
                .any(|range| self.key_set(range.2).is_some() && self.key_count(range.2) < MOST_KEYS),
            _ => false,
        };
        let few = |set: &KeySet| self.key_count(set.start) < MOST_KEYS || set.insts.clone().any(leads);
        self.key_sets.iter().any(few)
    }

    /// How many keys are left from an instruction of a set, given what the keys so far have behind what is read.
    pub(super) fn keys_left<'k>(&self, pc: Pc, rests: impl Iterator<Item = &'k [u8]>) -> u32 {
        let used = rests.filter(|rest| self.reads_key(pc, rest)).count();
        self.key_count(pc).saturating_sub(u32::try_from(used).unwrap_or(u32::MAX))
    }

    /// Whether an instruction of a set reads the rest of a key.
    fn reads_key(&self, mut pc: Pc, rest: &[u8]) -> bool {
        for &byte in rest {
            match self.key_edge(pc, byte) {
                Some(next) if self.key_set(next).is_some() => pc = next,
                _ => return false,
            }
        }
        self.key_edge(pc, b'"').is_some_and(|end| self.key_set(end).is_none())
    }

    /// Where a byte leads within a key.
    fn key_edge(&self, pc: Pc, byte: u8) -> Option<Pc> {
        match self.inst(pc) {
            Inst::Bytes(ranges) => {
                let edges = ranges.iter().filter(|range| (range.0..=range.1).contains(&byte));
                let mut targets = edges.map(|range| range.2);
                targets.find(|&target| self.may_be_live(target))
            }
            Inst::Split(targets) => targets.iter().find_map(|&target| self.key_edge(target, byte)),
            _ => None,
        }
    }

    /// The nearest end by a key that is not there yet, from an instruction of a set: what it takes, and where the key
    /// leaves those that are there. `rests` is what these have behind what is read.
    pub(super) fn fresh_key<'r>(&self, from: Pc, rests: &[&'r [u8]]) -> Option<Fresh<'r>> {
        let mut best: Option<Fresh<'r>> = None;
        self.leave_keys(from, &[], rests, &mut best);
        for rest in rests {
            let mut pc = from;
            for (at, &byte) in rest.iter().enumerate() {
                // What leaves them later takes longer.
                let Some(next) = self.key_edge(pc, byte) else { break };
                if best.as_ref().is_some_and(|best| best.cost <= at as u64 + 2) {
                    break;
                }
                pc = next;
                self.leave_keys(pc, &rest[..=at], rests, &mut best);
            }
        }
        best
    }

    /// Leaves the keys that are there after a beginning.
    fn leave_keys<'r>(&self, pc: Pc, beginning: &'r [u8], rests: &[&'r [u8]], best: &mut Option<Fresh<'r>>) {
        let mut free = self.bytes;
        for rest in rests.iter().filter_map(|rest| rest.strip_prefix(beginning)) {
            free.remove(rest.first().copied().unwrap_or(b'"'));
        }
        self.ways_on(pc, &free, &mut |byte, target| {
            let cost = together(beginning.len() as u64 + 1, self.spelled[target as usize]);
            if cost < best.as_ref().map_or(NEVER, |best| best.cost) {
                *best = Some(Fresh { cost, beginning, byte, target });
            }
        });
    }

    /// The text of a fresh key up to the closing quote.
    pub(super) fn text_of_key(&self, fresh: &Fresh<'_>) -> Option<Vec<u8>> {
        let mut text = [fresh.beginning, &[fresh.byte]].concat();
        let mut pc = fresh.target;
        while self.key_set(pc).is_some() {
            let (mut nearest, mut least) = (None, NEVER);
            self.ways_on(pc, &self.bytes, &mut |byte, target| {
                if self.spelled[target as usize] < least {
                    (nearest, least) = (Some((byte, target)), self.spelled[target as usize]);
                }
            });
            let (byte, target) = nearest?;
            text.push(byte);
            pc = target;
        }
        Some(text)
    }

    /// The ways on from an instruction within a key by some bytes.
    fn ways_on(&self, pc: Pc, free: &ByteSet, each: &mut impl FnMut(u8, Pc)) {
        match self.inst(pc) {
            Inst::Split(targets) => targets.iter().for_each(|&target| self.ways_on(target, free, each)),
            Inst::Bytes(ranges) => {
                for &(low, high, target) in ranges.iter().filter(|range| self.may_be_live(range.2)) {
                    if let Some(byte) = free.plain(low, high) {
                        each(byte, target);
                    }
                }
            }
            _ => {}
        }
    }

    /// Bounds lists by the number of their keys; the lists that have to be counted for that, and are not.
    pub(super) fn settle_keys(&mut self) -> Result<Vec<u32>, BuildError> {
        while !self.key_sets.is_empty() && self.bound_by_keys() {
            // What needed more members than there are keys is impossible, and may have been the value of a key.
            self.measure_all();
        }
        let is_few = |set: &&KeySet| (1..MOST_KEYS).contains(&self.key_count(set.start));
        if self.key_sets.iter().filter(is_few).any(|set| matches!(set.members, Members::Owed(_))) {
            return Err(BuildError::NotYet {
                what: "an object that has to have a member under one of few keys, without its name (`not` or `oneOf` \
                       over `propertyNames`, `patternProperties` or `additionalProperties`)",
            });
        }
        let uncounted = self.key_sets.iter().filter(is_few).filter(|set| set.members == Members::Any);
        Ok(uncounted.map(|set| set.list).collect())
    }

    /// Counts all keys, and bounds counted lists by them; whether one is impossible that was not known to be.
    fn bound_by_keys(&mut self) -> bool {
        let mut is_changed = false;
        self.key_counts.resize(self.len(), MOST_KEYS);
        for set in self.key_sets.clone() {
            let counts = self.count_keys(&set);
            self.key_counts[set.insts.start as usize..set.insts.end as usize].copy_from_slice(&counts);
            let keys = self.key_counts[set.start as usize];
            let Some(id) = self.within(set.start).filter(|_| keys < MOST_KEYS) else { continue };
            let l = &mut self.loops[id as usize];
            l.max = l.max.min(keys);
            if l.max < l.min {
                let enters = |pc: &Pc| matches!(self.inst(*pc), Inst::Enter(of) if of == id);
                let all: Vec<Pc> = (0..self.len() as Pc).filter(enters).collect();
                is_changed |= !all.is_empty();
                let program = Arc::make_mut(&mut self.program);
                all.into_iter().for_each(|pc| program.set(pc, Inst::NOWHERE));
            }
        }
        is_changed
    }

    /// Where an instruction of a set leads, and by how many bytes; that a key ends there is `None`.
    pub(super) fn key_edges(&self, set: &KeySet, pc: Pc, bytes: &ByteSet) -> Vec<(u32, Option<usize>)> {
        let inside = |target: Pc| (target - set.insts.start) as usize;
        match self.inst(pc) {
            Inst::Split(targets) => targets.iter().map(|&target| (1, Some(inside(target)))).collect(),
            Inst::Bytes(ranges) => {
                let live = ranges.iter().filter(|range| self.may_be_live(range.2));
                let edge = |&(low, high, target): &Edge| {
                    let ways = (low..=high).filter(|byte| bytes.contains(*byte)).count() as u32;
                    (ways, set.insts.contains(&target).then(|| inside(target)))
                };
                live.map(edge).collect()
            }
            _ => Vec::new(),
        }
    }

    /// How many keys can be completed from each instruction of a set, up to [`MOST_KEYS`].
    fn count_keys(&self, set: &KeySet) -> Vec<u32> {
        let edges: Vec<Vec<(u32, Option<usize>)>> =
            set.insts.clone().map(|pc| self.key_edges(set, pc, &ByteSet::ALL)).collect();
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); edges.len()];
        for (at, edges) in edges.iter().enumerate() {
            edges.iter().filter_map(|edge| edge.1).for_each(|target| before[target].push(at));
        }
        // What leads to no key has none.
        let mut is_alive: Vec<bool> =
            edges.iter().map(|edges| edges.iter().any(|edge| edge.1.is_none())).collect();
        let mut open: Vec<usize> = (0..edges.len()).filter(|&at| is_alive[at]).collect();
        while let Some(at) = open.pop() {
            for &from in &before[at] {
                if !std::mem::replace(&mut is_alive[from], true) {
                    open.push(from);
                }
            }
        }
        // The others are counted behind those to which they lead; what leads to itself never is.
        let mut counts: Vec<u32> = is_alive.iter().map(|&alive| if alive { MOST_KEYS } else { 0 }).collect();
        let targets = |edges: &Vec<(u32, Option<usize>)>| {
            edges.iter().filter_map(|edge| edge.1).filter(|target| is_alive[*target]).count()
        };
        let mut missing: Vec<usize> = edges.iter().map(targets).collect();
        open.extend((0..edges.len()).filter(|&at| is_alive[at] && missing[at] == 0));
        while let Some(at) = open.pop() {
            let keys = edges[at].iter().fold(0u32, |keys, &(ways, target)| {
                keys.saturating_add(ways.saturating_mul(target.map_or(1, |target| counts[target])))
            });
            counts[at] = keys.min(MOST_KEYS);
            for &from in before[at].iter().filter(|from| is_alive[**from]) {
                missing[from] -= 1;
                if missing[from] == 0 {
                    open.push(from);
                }
            }
        }
        counts
    }
}
