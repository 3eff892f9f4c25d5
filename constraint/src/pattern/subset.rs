//! Determinisation of the byte automaton: a state is a set of configurations.
//!
//! A configuration is an instruction with the counts of the loops around it. All matches count, so the set
//! is all there is to know. Two configurations of one instruction may differ only in counts that have
//! reached their lower bounds; then the one with the smaller counts can do all that the other can, and the
//! other is dropped. That keeps `(.*a){0,100}` as small as `(.*a)*`.

use super::lazy::Key;
use super::nfa::{ByteSet, Counts, Inst, Loop, NEVER, Nfa, Pc, SLOTS};
use crate::error::MatchError;
use crate::limits::Limits;

/// The machine of a byte automaton. Keys list configurations in order: an instruction, then its counts.
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
    counts: Counts,
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

    pub(crate) fn start(&self, scratch: &mut Scratch) -> Result<Option<Key>, MatchError> {
        let mut closure = Closure::new(self, scratch);
        closure.add(Config { pc: self.nfa.start, counts: [0; SLOTS] })?;
        Ok(closure.key())
    }

    pub(crate) fn step(
        &self,
        key: &[u32],
        byte: u8,
        scratch: &mut Scratch,
    ) -> Result<Option<Key>, MatchError> {
        let mut closure = Closure::new(self, scratch);
        for Config { pc, counts } in self.configs(key) {
            if let Inst::Bytes(ranges) = &self.nfa.insts[pc as usize] {
                for &(low, high, target) in ranges {
                    if (low..=high).contains(&byte) {
                        closure.add(Config { pc: target, counts })?;
                    }
                }
            }
        }
        Ok(closure.key())
    }

    pub(crate) fn accepts(&self, key: &[u32]) -> bool {
        self.configs(key).any(|config| matches!(self.nfa.insts[config.pc as usize], Inst::Accept))
    }

    /// Within `horizon` bytes a count grows by at most `horizon`: one that cannot reach a bound by then is
    /// as good as any other on the same side of it.
    pub(crate) fn saturate(&self, key: &[u32], horizon: u32) -> Option<Key> {
        if self.nfa.slots == 0 {
            return None;
        }
        let mut configs: Vec<Config> = self.configs(key).collect();
        for config in &mut configs {
            let mut within = self.nfa.within[config.pc as usize];
            while let Some(id) = within {
                let l = &self.nfa.loops[id as usize];
                let count = &mut config.counts[l.slot];
                *count = saturated(l, *count, horizon);
                within = l.outer;
            }
        }
        self.encode(&mut configs)
    }

    /// Fewest bytes of those that can be spelled that lead to the end; [`NEVER`] if none do.
    pub(crate) fn distance(&self, key: &[u32]) -> u64 {
        self.configs(key).map(|config| self.nfa.distance(config.pc, &config.counts)).min().unwrap_or(NEVER)
    }

    /// A shortest text to the end; `None` if there is none, or only ones beyond the limit.
    pub(crate) fn witness(&self, key: &[u32]) -> Option<Vec<u8>> {
        let nearest = self.configs(key).min_by_key(|config| self.nfa.distance(config.pc, &config.counts))?;
        let reachable = self.nfa.distance(nearest.pc, &nearest.counts) <= self.longest_witness;
        reachable.then(|| self.nfa.witness(nearest.pc, nearest.counts))
    }

    fn configs<'k>(&self, key: &'k [u32]) -> impl Iterator<Item = Config> + 'k {
        let slots = self.nfa.slots;
        key.chunks_exact(1 + slots).map(move |chunk| {
            let mut counts = [0; SLOTS];
            counts[..slots].copy_from_slice(&chunk[1..]);
            Config { pc: chunk[0], counts }
        })
    }

    /// The key of a set of configurations, in order and without those that others dominate.
    fn encode(&self, configs: &mut Vec<Config>) -> Option<Key> {
        configs.sort_unstable();
        configs.dedup();
        let slots = self.nfa.slots;
        let mut key = Vec::with_capacity(configs.len() * (1 + slots));
        for group in configs.chunk_by(|a, b| a.pc == b.pc) {
            for config in group {
                let dominated = group.len() > 1
                    && group.iter().any(|other| other != config && self.dominates(other, config));
                if !dominated {
                    key.push(config.pc);
                    key.extend_from_slice(&config.counts[..slots]);
                }
            }
        }
        (!key.is_empty()).then(|| key.into())
    }

    /// Whether `a` can do all that `b` can. They stand at the same instruction.
    fn dominates(&self, a: &Config, b: &Config) -> bool {
        let mut within = self.nfa.within[a.pc as usize];
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

fn saturated(l: &Loop, count: u32, horizon: u32) -> u32 {
    let reach = count.saturating_add(horizon).saturating_add(1);
    if reach < l.min {
        0
    } else if count >= l.min && reach < l.max {
        l.min
    } else {
        count
    }
}

/// Memory for [`Closure`], kept between steps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scratch {
    /// The closure in which each instruction was last met, and the first counts with which it was.
    met: Vec<(u32, Counts)>,
    /// Further counts with which instructions were met in this closure.
    more: Vec<Config>,
    open: Vec<Config>,
    found: Vec<Config>,
    closure: u32,
}

/// Follows the instructions that read nothing. Each configuration is followed once, and one that is
/// dominated by another not at all, which also ends rounds that read nothing.
struct Closure<'s> {
    subset: &'s Subset,
    scratch: &'s mut Scratch,
}

impl<'s> Closure<'s> {
    fn new(subset: &'s Subset, scratch: &'s mut Scratch) -> Closure<'s> {
        scratch.met.resize(subset.nfa.insts.len(), (0, [0; SLOTS]));
        scratch.closure = scratch.closure.wrapping_add(1);
        if scratch.closure == 0 {
            scratch.met.fill((0, [0; SLOTS]));
            scratch.closure = 1;
        }
        scratch.more.clear();
        scratch.found.clear();
        Closure { subset, scratch }
    }

    fn add(&mut self, config: Config) -> Result<(), MatchError> {
        self.scratch.open.push(config);
        while let Some(config) = self.scratch.open.pop() {
            if !self.subset.nfa.is_live(config.pc) || !self.is_new(config) {
                continue;
            }
            let limit = self.subset.configurations;
            if self.scratch.found.len() > limit {
                self.scratch.open.clear();
                return Err(MatchError::TooLarge { what: "configurations in a state", limit });
            }
            match &self.subset.nfa.insts[config.pc as usize] {
                Inst::Bytes(_) | Inst::Accept => self.scratch.found.push(config),
                Inst::Split(targets) => {
                    let configs = targets.iter().rev().map(|&pc| Config { pc, counts: config.counts });
                    self.scratch.open.extend(configs);
                }
                Inst::Enter(id) => self.turn(*id, 0, config.counts),
                Inst::Next(id) => {
                    let l = &self.subset.nfa.loops[*id as usize];
                    self.turn(*id, l.count_up(config.counts[l.slot]), config.counts);
                }
            }
        }
        Ok(())
    }

    /// The head of a loop with `count` rounds done: out, and into another round.
    fn turn(&mut self, id: u32, count: u32, counts: Counts) {
        let l = &self.subset.nfa.loops[id as usize];
        let with = |count: u32| {
            let mut counts = counts;
            counts[l.slot] = count;
            counts
        };
        if count >= l.min {
            self.scratch.open.push(Config { pc: l.exit, counts: with(0) });
        }
        if l.may_repeat(count) {
            self.scratch.open.push(Config { pc: l.body, counts: with(count) });
        }
    }

    fn is_new(&mut self, config: Config) -> bool {
        let Scratch { met, more, closure, .. } = &mut *self.scratch;
        let (last, first) = &mut met[config.pc as usize];
        if *last != *closure {
            (*last, *first) = (*closure, config.counts);
            return true;
        }
        let covers = |counts: Counts| {
            counts == config.counts || self.subset.dominates(&Config { pc: config.pc, counts }, &config)
        };
        if covers(*first) || more.iter().any(|other| other.pc == config.pc && covers(other.counts)) {
            return false;
        }
        more.push(config);
        true
    }

    fn key(self) -> Option<Key> {
        self.subset.encode(&mut self.scratch.found)
    }
}
