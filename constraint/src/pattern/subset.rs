//! Determinisation of the byte automaton: a state is a set of configurations.
//!
//! A configuration is an instruction with the counts of the loops around it and the calls that are open
//! around it, as far as the automaton has seen them begin. All matches count, so the set is all there is to
//! know. If two configurations of one instruction differ only in counts that have reached their lower bounds,
//! the one with the smaller counts can do everything the other can, and the other is dropped. That keeps
//! `(.*a){0,100}` as small as `(.*a)*`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::alike::Alike;
use super::bytes::ByteSet;
use super::few::{Fresh, MOST_KEYS};
use super::frame::Keys;
use super::machine::{Flag, Flags, Key};
use super::nfa::{Counted, Counts, NEVER, Nfa, SLOTS, together};
use super::program::{Inst, Pc, RuleId};
use super::stack::{BASE, ResumeId, StackId, Stacks};
use crate::error::MatchError;
use crate::limits::{Limit, Limits};

/// The machine of a byte automaton. Keys list configurations in order: an instruction, its stack (if there
/// are rules), then its counts.
#[derive(Debug)]
pub(crate) struct Subset {
    nfa: Nfa,
    configurations: usize,
    longest_witness: u64,
    greatest_distance: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Config {
    pc: Pc,
    stack: StackId,
    counts: Counts,
}

impl Config {
    /// The same at another instruction.
    fn at(self, pc: Pc) -> Config {
        Config { pc, stack: self.stack, counts: self.counts }
    }
}

impl Subset {
    pub(crate) fn new(nfa: Nfa, limits: &Limits) -> Subset {
        let greatest_distance = nfa.greatest_distance();
        let longest_witness = limits.witness_bytes as u64;
        Subset { nfa, configurations: limits.configurations, longest_witness, greatest_distance }
    }

    /// The same machine where only some bytes can be spelled.
    pub(crate) fn with_bytes(&self, bytes: ByteSet) -> Subset {
        let nfa = self.nfa.with_bytes(bytes);
        Subset { greatest_distance: nfa.greatest_distance(), nfa, ..*self }
    }

    pub(crate) fn byte_classes(&self) -> (&[u8; 256], &[u8]) {
        (&self.nfa.classes, &self.nfa.representatives)
    }

    pub(crate) fn greatest_distance(&self) -> u64 {
        self.greatest_distance
    }

    /// Bytes of the shortest text of all.
    pub(crate) fn start_distance(&self) -> u64 {
        self.nfa.distance(self.nfa.start, &[0; SLOTS])
    }

    pub(crate) fn start(&self, scratch: &mut Scratch, key: &mut Vec<u32>) -> Result<(), MatchError> {
        let mut closure = Closure::new(self, scratch);
        closure.add(Config { pc: self.nfa.start, stack: BASE, counts: [0; SLOTS] })?;
        closure.key(key)
    }

    /// The state in which the callers of a frame go on.
    pub(crate) fn resumed(
        &self,
        resume: ResumeId,
        scratch: &mut Scratch,
        key: &mut Vec<u32>,
    ) -> Result<(), MatchError> {
        let callers = scratch.stacks.resume(resume).to_vec();
        let mut closure = Closure::new(self, scratch);
        for (pc, counts) in callers {
            closure.add(Config { pc, stack: BASE, counts })?;
        }
        closure.key(key)
    }

    /// The parts of a state by the calls that are open in them, each as if it had begun there.
    pub(crate) fn parts(&self, key: &[u32], scratch: &Scratch) -> Vec<(Vec<ResumeId>, Key)> {
        let mut configs: Vec<Config> = self.configs(key).collect();
        configs.sort_by_key(|config| config.stack);
        let part = |part: &[Config]| {
            let path = scratch.stacks.path(part[0].stack);
            let mut part: Vec<Config> =
                part.iter().map(|c| Config { pc: c.pc, stack: BASE, counts: c.counts }).collect();
            let mut key = Key::new();
            self.encode(&mut part, &mut key);
            (path, key)
        };
        configs.chunk_by(|a, b| a.stack == b.stack).map(part).collect()
    }

    /// For each class of bytes the first one that leads to the same successor; `None` where there is none.
    pub(crate) fn alike<'s>(
        &self,
        key: &[u32],
        scratch: &'s mut Scratch,
    ) -> impl Iterator<Item = Option<u16>> + 's {
        let alike = &mut scratch.alike;
        alike.begin(self.nfa.representatives.len());
        for config in self.configs(key) {
            if let Inst::Bytes(ranges) | Inst::Tick(ranges) = self.nfa.inst(config.pc) {
                let live = ranges.iter().filter(|range| self.nfa.may_be_live(range.2)).copied();
                alike.add(live, |byte| self.nfa.classes[byte as usize]);
            }
        }
        alike.leaders()
    }

    pub(crate) fn step(
        &self,
        key: &[u32],
        byte: u8,
        scratch: &mut Scratch,
        next: &mut Vec<u32>,
    ) -> Result<(), MatchError> {
        let mut closure = Closure::new(self, scratch);
        for Config { pc, stack, mut counts } in self.configs(key) {
            let inst = self.nfa.inst(pc);
            if let Inst::Tick(_) = inst {
                self.nfa.tick(pc, &mut counts);
            }
            if let Inst::Bytes(ranges) | Inst::Tick(ranges) = inst {
                for &(low, high, target) in ranges {
                    if (low..=high).contains(&byte) {
                        closure.add(Config { pc: target, stack, counts })?;
                    }
                }
            }
        }
        closure.key(next)
    }

    pub(crate) fn flags(&self, key: &[u32]) -> Flags {
        let (mut some, mut all) = (Flags::default(), Flags::ALL);
        for config in self.configs(key) {
            let in_key = config.stack == BASE && self.nfa.is_key(config.pc);
            let flags = Flags::of([
                (Flag::Accepts, matches!(self.nfa.inst(config.pc), Inst::Accept)),
                (Flag::Calls, config.stack != BASE),
                (Flag::InKey, in_key),
                (Flag::InSet, in_key && self.nfa.key_set(config.pc).is_some()),
                (Flag::Few, in_key && self.nfa.key_count(config.pc) < MOST_KEYS),
            ]);
            (some, all) = (some | flags, all & flags);
        }
        some | Flags::of([(Flag::Ended, all.has(Flag::Accepts)), (Flag::Scarce, all.has(Flag::Few))])
    }

    /// How many keys are left that begin as the one that is being read, by that way of few keys that has most and by that
    /// which has least.
    pub(crate) fn keys_left(&self, key: &[u32], keys: &Keys) -> (u32, u32) {
        let few = self.configs(key).filter(|config| self.nfa.key_count(config.pc) < MOST_KEYS);
        let left = few.map(|config| self.nfa.keys_left(config.pc, keys.rests()));
        left.fold((0, u32::MAX), |(most, least), left| (most.max(left), least.min(left)))
    }

    /// Bytes that suffice from a state within a restricted key to the end of the rule, given the keys so far.
    pub(crate) fn distance_beyond_keys(&self, key: &[u32], keys: &Keys, scratch: &Scratch) -> Option<u64> {
        let rests: Vec<&[u8]> = keys.rests().collect();
        self.configs(key).filter_map(|config| Some(self.beyond_key(&config, &rests, scratch)?.0)).min()
    }

    /// The nearest way on from there: the rest of a key that is not there yet, or a text up to the end of the rule.
    pub(crate) fn beyond_keys(&self, key: &[u32], keys: &Keys, scratch: &Scratch) -> Option<Vec<u8>> {
        let rests: Vec<&[u8]> = keys.rests().collect();
        let ways =
            self.configs(key).filter_map(|config| Some((config, self.beyond_key(&config, &rests, scratch)?)));
        let (config, (cost, fresh)) = ways.min_by_key(|(_, (cost, _))| *cost)?;
        match fresh {
            _ if cost > self.longest_witness => None,
            Some(fresh) => self.nfa.text_of_key(&fresh),
            None => Some(self.nfa.witness(config.pc, config.counts, usize::MAX)),
        }
    }

    /// What it takes to the end of the rule, and the key if a restricted one is being read.
    fn beyond_key<'r>(
        &self,
        config: &Config,
        rests: &[&'r [u8]],
        scratch: &Scratch,
    ) -> Option<(u64, Option<Fresh<'r>>)> {
        if self.nfa.key_set(config.pc).is_none() {
            return Some((self.way(config, scratch), None));
        }
        let fresh = self.nfa.fresh_key(config.pc, rests)?;
        Some((together(fresh.cost, self.nfa.beyond(config.pc, &config.counts)), Some(fresh)))
    }

    pub(crate) fn has_few_keys(&self) -> bool {
        self.nfa.has_few_keys()
    }

    /// Whether there are counted loops.
    pub(crate) fn counts(&self) -> bool {
        self.nfa.slots > 0
    }

    pub(crate) fn has_keys(&self) -> bool {
        self.nfa.has_keys()
    }

    pub(crate) fn has_rules(&self) -> bool {
        self.nfa.has_rules()
    }

    /// Within `horizon` bytes a count grows by at most `horizon`: one that cannot reach a bound by then is
    /// as good as any other on the same side of it.
    /// (Counts of callers are saturated where they go on.)
    pub(crate) fn saturate(&self, key: &[u32], horizon: u32, like: &mut Vec<u32>) -> bool {
        if self.nfa.slots == 0 {
            return false;
        }
        let mut configs: Vec<Config> = self.configs(key).collect();
        for config in &mut configs {
            let mut within = self.nfa.within(config.pc);
            while let Some(id) = within {
                let l = &self.nfa.loops[id as usize];
                let count = &mut config.counts[l.slot];
                *count = self.nfa.saturated(id, *count, horizon);
                within = l.outer;
            }
        }
        self.encode(&mut configs, like);
        true
    }

    /// Fewest bytes of those that can be spelled that lead to the end; [`NEVER`] if none do.
    pub(crate) fn distance(&self, key: &[u32], scratch: &Scratch) -> u64 {
        let (mut nearest, mut farthest) = (NEVER, 0);
        for config in self.configs(key) {
            let way = self.way(&config, scratch);
            // Keys of which there are few may all be there already: some way is left, but any of them.
            if self.nfa.key_count(config.pc) < MOST_KEYS {
                farthest = way.max(farthest);
            } else {
                nearest = way.min(nearest);
            }
        }
        if nearest == NEVER && farthest > 0 { farthest } else { nearest }
    }

    /// Bytes from a configuration to the end, through all callers.
    fn way(&self, config: &Config, scratch: &Scratch) -> u64 {
        let mut total = self.nfa.distance(config.pc, &config.counts);
        let mut stack = config.stack;
        while stack != BASE && total < NEVER {
            let (resume, below) = scratch.stacks.top(stack);
            let callers = scratch.stacks.resume(resume).iter();
            let rest = callers.map(|(pc, counts)| self.nfa.distance(*pc, counts)).min();
            total = together(total, rest.unwrap_or(NEVER));
            stack = below;
        }
        total
    }

    /// A shortest text to the end; `None` if there is none, or only ones beyond the limit.
    pub(crate) fn witness(&self, key: &[u32], scratch: &Scratch) -> Option<Vec<u8>> {
        let nearest = self.nearest(key, scratch)?;
        let mut text = self.nfa.witness(nearest.pc, nearest.counts, usize::MAX);
        let mut stack = nearest.stack;
        while stack != BASE {
            let (resume, below) = scratch.stacks.top(stack);
            let callers = scratch.stacks.resume(resume).iter();
            let (pc, counts) = callers.min_by_key(|(pc, counts)| self.nfa.distance(*pc, counts))?;
            text.extend(self.nfa.witness(*pc, *counts, usize::MAX));
            stack = below;
        }
        Some(text)
    }

    /// Its first byte, if it has one within the rule.
    pub(crate) fn first_of_witness(&self, key: &[u32], scratch: &Scratch) -> Option<u8> {
        let nearest = self.nearest(key, scratch)?;
        self.nfa.witness(nearest.pc, nearest.counts, 1).first().copied()
    }

    /// The configuration from which the end is nearest, if it is within the limit. Of equals it is always the same one:
    /// stacks are compared by what they hold, since their numbers depend on what was visited before.
    fn nearest(&self, key: &[u32], scratch: &Scratch) -> Option<Config> {
        let way = |config: &Config| self.way(config, scratch);
        let first = self.configs(key).min_by_key(way)?;
        let distance = way(&first);
        if distance > self.longest_witness {
            return None;
        }
        if first.stack == BASE {
            return Some(first);
        }
        let equals = self.configs(key).filter(|config| config.pc == first.pc && way(config) == distance);
        equals.min_by(|a, b| scratch.stacks.compare(a.stack, b.stack).then(a.counts.cmp(&b.counts)))
    }

    fn configs<'k>(&self, key: &'k [u32]) -> impl Iterator<Item = Config> + 'k {
        let (slots, head) = (self.nfa.slots, self.head());
        key.chunks_exact(head + slots).map(move |chunk| {
            let mut counts = [0; SLOTS];
            counts[..slots].copy_from_slice(&chunk[head..]);
            Config { pc: chunk[0], stack: if head == 2 { chunk[1] } else { BASE }, counts }
        })
    }

    /// Words of a configuration before its counts.
    fn head(&self) -> usize {
        1 + usize::from(self.nfa.has_rules())
    }

    /// The key of a set of configurations, in order and without those that others dominate; empty if there are none.
    fn encode(&self, configs: &mut Vec<Config>, key: &mut Vec<u32>) {
        configs.sort_unstable();
        configs.dedup();
        let slots = self.nfa.slots;
        let rules = self.nfa.has_rules();
        key.reserve(configs.len() * (self.head() + slots));
        for group in configs.chunk_by(|a, b| (a.pc, a.stack) == (b.pc, b.stack)) {
            for config in group {
                let dominated = group.len() > 1
                    && group.iter().any(|other| other != config && self.dominates(other, config));
                if !dominated {
                    key.push(config.pc);
                    key.extend(rules.then_some(config.stack));
                    key.extend_from_slice(&config.counts[..slots]);
                }
            }
        }
    }

    /// Whether `a` can do all that `b` can. They stand at the same instruction, under the same calls.
    fn dominates(&self, a: &Config, b: &Config) -> bool {
        let mut within = self.nfa.within(a.pc);
        while let Some(id) = within {
            let l = &self.nfa.loops[id as usize];
            let (x, y) = (a.counts[l.slot], b.counts[l.slot]);
            if x != y && (x > y || x < l.min) {
                return false;
            }
            within = l.outer;
        }
        true
    }
}

/// Configurations that lead to those of a state, for each of these: the ones beyond the first at an instruction.
const PASSED: usize = 4;

type Call = (u32, StackId, RuleId, Pc, Counts);

/// Memory for [`Closure`], kept between steps.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// The closure in which each instruction was last met, and the stack and counts with which it was first.
    met: Vec<(u32, StackId, Counts)>,
    /// Further stacks and counts with which instructions were met in this closure.
    more: Vec<Config>,
    open: Vec<Config>,
    found: Vec<Config>,
    /// Calls of this closure that have not been followed, those first that may lead to others: the rank of
    /// the rule, the stack, the rule, and where the caller goes on.
    calls: BinaryHeap<Reverse<Call>>,
    closure: u32,
    alike: Alike,
    /// The stacks of all states.
    stacks: Stacks,
}

/// Follows the instructions that read nothing. Each configuration is followed once, and one that is
/// dominated by another not at all, which also ends rounds that read nothing.
struct Closure<'s> {
    subset: &'s Subset,
    scratch: &'s mut Scratch,
}

impl Scratch {
    /// Memory of the stacks, which last as long as the states.
    pub(crate) fn bytes(&self) -> usize {
        self.stacks.bytes()
    }
}

impl<'s> Closure<'s> {
    fn new(subset: &'s Subset, scratch: &'s mut Scratch) -> Closure<'s> {
        scratch.met.resize(subset.nfa.len(), (0, BASE, [0; SLOTS]));
        scratch.closure = scratch.closure.wrapping_add(1);
        if scratch.closure == 0 {
            scratch.met.fill((0, BASE, [0; SLOTS]));
            scratch.closure = 1;
        }
        scratch.open.clear();
        scratch.more.clear();
        scratch.found.clear();
        scratch.calls.clear();
        Closure { subset, scratch }
    }

    fn add(&mut self, config: Config) -> Result<(), MatchError> {
        self.scratch.open.push(config);
        while let Some(config) = self.scratch.open.pop() {
            if !self.subset.nfa.is_live(config.pc, &config.counts) || !self.is_new(config) {
                continue;
            }
            let limit = self.subset.configurations;
            if self.scratch.found.len() > limit || self.scratch.more.len() > PASSED * limit {
                self.scratch.open.clear();
                return Err(MatchError::TooLarge { what: Limit::Configurations, limit });
            }
            match self.subset.nfa.inst(config.pc) {
                Inst::Bytes(_) | Inst::Tick(_) => self.scratch.found.push(config),
                Inst::Leave => {
                    let mut counts = config.counts;
                    let exit = self.subset.nfa.leave(config.pc, &mut counts);
                    self.scratch.open.extend(exit.map(|pc| Config { pc, counts, ..config }));
                }
                Inst::Accept if config.stack == BASE => self.scratch.found.push(config),
                Inst::Accept => self.leave(config.stack),
                Inst::Split(targets) => {
                    let configs = targets.iter().rev().map(|&pc| config.at(pc));
                    self.scratch.open.extend(configs);
                }
                Inst::Enter(id) => self.turn(id, 0, config),
                Inst::Inside(_, target) => self.scratch.open.push(config.at(target)),
                Inst::Next(id) => {
                    let l = &self.subset.nfa.loops[id as usize];
                    self.turn(id, l.count_up(config.counts[l.slot]), config);
                }
                Inst::Call(rule, next) => self.call(rule, next, config),
            }
        }
        Ok(())
    }

    /// A call: followed later, when all callers at this place are known. The last thing that a rule does
    /// needs no frame of its own, so that stacks do not grow with lists.
    fn call(&mut self, rule: RuleId, next: Pc, config: Config) {
        let nfa = &self.subset.nfa;
        if matches!(nfa.inst(next), Inst::Accept) {
            let start = nfa.rules[rule as usize].start;
            self.scratch.open.push(Config { pc: start, stack: config.stack, counts: [0; SLOTS] });
        } else {
            let rank = nfa.rules[rule as usize].rank;
            self.scratch.calls.push(Reverse((rank, config.stack, rule, next, config.counts)));
        }
    }

    /// The end of a rule: its callers go on.
    fn leave(&mut self, stack: StackId) {
        let Scratch { stacks, open, .. } = &mut *self.scratch;
        let (resume, below) = stacks.top(stack);
        let callers = stacks.resume(resume).iter();
        open.extend(callers.map(|&(pc, counts)| Config { pc, stack: below, counts }));
    }

    /// Follows the calls, those first that may lead to others.
    fn follow_calls(&mut self) -> Result<(), MatchError> {
        while let Some(Reverse((_, stack, rule, next, counts))) = self.scratch.calls.pop() {
            let mut callers = vec![(next, counts)];
            while let Some(Reverse((_, below, other, next, counts))) = self.scratch.calls.peek()
                && (*other, *below) == (rule, stack)
            {
                callers.push((*next, *counts));
                self.scratch.calls.pop();
            }
            let stack = self.scratch.stacks.push(callers, stack);
            let start = self.subset.nfa.rules[rule as usize].start;
            self.add(Config { pc: start, stack, counts: [0; SLOTS] })?;
        }
        Ok(())
    }

    /// The head of a loop with `count` rounds done: out, and into another round.
    fn turn(&mut self, id: u32, count: u32, config: Config) {
        let l = &self.subset.nfa.loops[id as usize];
        let with = |pc: Pc, count: u32| {
            let mut counts = config.counts;
            counts[l.slot] = count;
            Config { pc, stack: config.stack, counts }
        };
        if l.counts == Counted::Characters {
            return self.scratch.open.push(with(l.body, 0));
        }
        if count >= l.min {
            self.scratch.open.push(with(l.exit, 0));
        }
        if l.may_repeat(count) {
            self.scratch.open.push(with(l.first(count), count));
        }
    }

    fn is_new(&mut self, config: Config) -> bool {
        let Scratch { met, more, closure, .. } = &mut *self.scratch;
        let (last, stack, counts) = &mut met[config.pc as usize];
        if *last != *closure {
            (*last, *stack, *counts) = (*closure, config.stack, config.counts);
            return true;
        }
        let first = Config { pc: config.pc, stack: *stack, counts: *counts };
        let covers = |other: &Config| {
            let alike = (other.pc, other.stack) == (config.pc, config.stack);
            alike && (other.counts == config.counts || self.subset.dominates(other, &config))
        };
        if covers(&first) || more.iter().any(covers) {
            return false;
        }
        more.push(config);
        true
    }

    /// The key of what was found; empty if that is nothing.
    fn key(mut self, key: &mut Vec<u32>) -> Result<(), MatchError> {
        self.follow_calls()?;
        self.subset.encode(&mut self.scratch.found, key);
        Ok(())
    }
}
