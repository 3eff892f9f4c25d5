//! The byte automaton before determinisation: instructions, counted loops, rules, and distances to the end.
//!
//! Counted repeats are not unrolled: a loop keeps its count in a *slot*, one per level of nesting, and a
//! configuration is an instruction with the values of all slots. Outside loops the slots are zero.
//!
//! Whatever is recursive is a *rule*: a part of the automaton that others call and that returns to them.
//! Slots belong to a call; outside rules, the whole text counts as the call. Rules never call themselves
//! before they have read a byte.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::bounded::Needs;
use super::bytes::ByteSet;
use super::few::KeySet;
use super::left;
use super::program::{Inst, LoopId, Pc, Program, RuleId};
use crate::error::BuildError;
use crate::limits::{Limit, Limits};

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

/// The counts of the loops around an instruction, outermost first.
pub(crate) type Counts = [u32; SLOTS];

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
    pub(crate) counts: Counted,
}

/// What a loop counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// How often its body is read.
    Rounds,
    /// The characters of its body, which is read once ([`bounded`](super::bounded)).
    Characters,
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

/// Cheap to clone: what does not depend on a vocabulary is shared, and so is the rest where it is the same.
#[derive(Debug, Clone)]
pub(crate) struct Nfa {
    pub(super) program: Arc<Program>,
    pub(super) loops: Vec<Loop>,
    pub(super) rules: Vec<Rule>,
    /// For loops that count characters: how far the end is.
    pub(super) bounded: FxHashMap<LoopId, Bounded>,
    /// The sets of restricted keys, in the order of their instructions.
    pub(super) key_sets: Vec<KeySet>,
    /// How many keys can be completed from each instruction of a set; those beyond its end read none of these.
    pub(super) key_counts: Vec<u32>,
    /// Bytes within which a key of a set is complete, whichever are left, by instruction.
    pub(super) key_lengths: Vec<u64>,
    /// The same up to the end of the round or rule, and from where such a key may begin and does not have to.
    pub(super) key_distances: Vec<u64>,
    /// Lists of members that have to be counted, since there are few keys, and are not.
    pub(super) uncounted: Vec<u32>,
    pub(crate) start: Pc,
    /// Slots in use.
    pub(crate) slots: usize,
    /// Fewest bytes from each instruction to the end of its round (or of its rule, outside loops).
    pub(super) distance: Arc<[u64]>,
    /// The same by bytes that can be spelled; further where only others lead on.
    pub(super) spelled: Arc<[u64]>,
    /// For each place where ways part, the one that this distance counts.
    pub(super) nearest: Arc<[Pc]>,
    /// Bytes that can be spelled.
    pub(super) bytes: ByteSet,
    /// Class of each byte; bytes of a class are never told apart.
    pub(crate) classes: Box<[u8; 256]>,
    /// A byte of each class.
    pub(crate) representatives: Vec<u8>,
}

/// How far it is to the ends of a loop that counts characters, by all bytes and by those that can be spelled.
#[derive(Debug, Clone)]
pub(super) struct Bounded {
    pub(super) part: Range<Pc>,
    pub(super) live: Arc<Needs>,
    pub(super) spelled: Arc<Needs>,
}

/// What a [`Builder`](super::builder::Builder) has written down.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) program: Program,
    pub(super) loops: Vec<Loop>,
    /// Where each rule begins.
    pub(super) rules: Vec<Pc>,
    /// The loops that count characters, and their instructions.
    pub(super) bounded: Vec<(LoopId, Range<Pc>)>,
    pub(super) key_sets: Vec<KeySet>,
    pub(super) start: Pc,
}

/// A part of the automaton that is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) start: Pc,
    /// Callers that have read nothing have smaller ranks than what they call.
    pub(crate) rank: u32,
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
        First { met: vec![0; nfa.len()], search: 0, open: Vec::new(), found: Vec::new() }
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
            match nfa.inst(pc) {
                Inst::Bytes(_) | Inst::Tick(_) | Inst::Accept => self.found.push(pc),
                Inst::Leave => {
                    let around = nfa.within(pc).map(|id| &nfa.loops[id as usize]);
                    self.open.extend(around.filter(|l| l.min == 0).map(|l| l.exit));
                }
                Inst::Split(targets) => self.open.extend(targets.iter().rev()),
                Inst::Enter(id) => {
                    let l = &nfa.loops[id as usize];
                    self.open.push(l.body);
                    let empty = l.min == 0 && l.counts == Counted::Rounds;
                    self.open.extend(empty.then_some(l.exit));
                }
                Inst::Inside(_, target) => self.open.push(target),
                Inst::Next(_) => {}
                Inst::Call(rule, next) => {
                    self.found.push(pc);
                    self.open.extend(nullable[rule as usize].then_some(next));
                }
            }
        }
        &self.found
    }
}

impl Nfa {
    /// The automaton of what was written down.
    pub(super) fn new(parts: Parts, limits: &Limits) -> Result<Nfa, BuildError> {
        let Parts { program, loops, rules, bounded, key_sets, start } = parts;
        let (classes, representatives) = program.byte_classes();
        let (mut needs, mut steps) = (FxHashMap::default(), limits.set_steps);
        for (id, part) in bounded {
            let l = &loops[id as usize];
            let what = Limit::SetSteps;
            let all = Needs::new(&program, part.clone(), l, &ByteSet::ALL, &mut steps)
                .ok_or(BuildError::TooLarge { what, limit: limits.set_steps })?;
            let all = Arc::new(all);
            needs.insert(id, Bounded { part, live: Arc::clone(&all), spelled: all });
        }
        let none: (Arc<[u64]>, Arc<[Pc]>) = (Arc::new([]), Arc::new([]));
        let mut nfa = Nfa {
            program: Arc::new(program),
            slots: loops.iter().map(|l| l.slot + 1).max().unwrap_or(0),
            loops,
            rules: rules.iter().map(|&start| Rule { start, rank: 0 }).collect(),
            bounded: needs,
            key_sets,
            key_counts: Vec::new(),
            key_lengths: Vec::new(),
            key_distances: Vec::new(),
            uncounted: Vec::new(),
            start,
            distance: none.0.clone(),
            spelled: none.0,
            nearest: none.1,
            bytes: ByteSet::ALL,
            classes,
            representatives,
        };
        nfa.measure_all();
        nfa.release_empty_rounds();
        nfa.uncounted = nfa.settle_keys()?;
        if left::rewrite(&mut nfa, limits.instructions)? {
            nfa.measure_all();
        }
        if !nfa.key_sets.is_empty() {
            nfa.spell();
        }
        nfa.rank_rules()?;
        Ok(nfa)
    }

    /// Finds how far the end is by all bytes. That there is one says that there are enough keys for it.
    pub(super) fn measure_all(&mut self) {
        let (distance, nearest) = self.measure(&ByteSet::ALL, &self.live_entries());
        (self.distance, self.nearest) = (distance.into(), nearest.into());
        self.spelled = Arc::clone(&self.distance);
    }

    pub(crate) fn inst(&self, pc: Pc) -> Inst<'_> {
        self.program.get(pc)
    }

    /// Instructions.
    pub(crate) fn len(&self) -> usize {
        self.program.len()
    }

    /// The innermost counted loop around an instruction.
    pub(crate) fn within(&self, pc: Pc) -> Option<LoopId> {
        self.program.within(pc)
    }

    /// A round that may be empty can always be made up: only the upper bound is left.
    fn release_empty_rounds(&mut self) {
        for l in &mut self.loops {
            if l.counts == Counted::Rounds && l.body == l.again && self.distance[l.body as usize] == 0 {
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
        // Where every range has a byte that can be spelled, all ends are as near as they were.
        let mut nfa = Nfa { bytes, ..self.clone() };
        if self.bytes != ByteSet::ALL || !self.key_sets.is_empty() || !self.program.all_edges_meet(&bytes) {
            nfa.spell();
        }
        nfa
    }

    /// Finds how far the end is by the bytes that can be spelled.
    fn spell(&mut self) {
        let bytes = self.bytes;
        for (id, bounded) in &mut self.bounded {
            let (l, part) = (&self.loops[*id as usize], bounded.part.clone());
            // Without a bound on the steps they are found.
            let spelled = Needs::new(&self.program, part, l, &bytes, &mut { usize::MAX });
            bounded.spelled = spelled.map_or_else(|| Arc::clone(&bounded.live), Arc::new);
        }
        let entries = self.enter_keys(&bytes);
        let (spelled, nearest) = self.measure(&bytes, &entries);
        self.key_distances = self.distances_in_keys(&spelled, &entries);
        (self.spelled, self.nearest) = (spelled.into(), nearest.into());
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
            let called = |pc: &Pc| match self.inst(*pc) {
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
        self.program.is_key(pc)
    }

    /// Whether there are keys that may not come twice.
    pub(crate) fn has_keys(&self) -> bool {
        self.program.has_keys()
    }

    /// Whether the automaton has rules; without, stacks are always empty.
    pub(crate) fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }
}
