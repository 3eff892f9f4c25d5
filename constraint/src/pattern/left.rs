//! Rules that begin with themselves, rewritten so that they do not.
//!
//! First, no rule is empty any more: whoever calls one that could be may also go past the call, and the
//! rule itself begins with what it reads. Then a rule begins with itself only where calls, one first in the
//! other, lead back to it.
//!
//! Take a *family* of rules that lead to each other so, and one of them, *A*. A text of *A* begins with a text
//! of some rule *B* of the family, of which it reads something first. Then whoever calls a *B* first goes on
//! behind that call, which completes a text of that rule, and so on, until what is complete is an *A* and
//! nobody goes on. So *A* becomes: an entrance into each rule where it reads something; and a copy of each
//! rule, whose end leads to the places behind the calls of it that came first, and, in the copy of *A*, also to
//! the end.
//!
//! What may follow a complete *A* within *A* makes a longer *A* of it. So a call of *A* with which *A* is complete
//! is the last thing that it does: what the caller could add, the called adds as well. That makes `e: e "+" e | "x"`
//! a loop, and takes the ambiguity out of it.

use rustc_hash::FxHashMap;

use super::graph::Components;
use super::nfa::{First, Inst, LoopId, Nfa, Pc, RuleId};
use crate::error::BuildError;

/// Rewrites the rules that can be empty or begin with themselves, with at most `limit` instructions. Whether
/// there were any.
pub(super) fn rewrite(nfa: &mut Nfa, limit: usize) -> Result<bool, BuildError> {
    let nullable = nfa.nullable();
    let mut program = Program { nfa, limit };
    let emptied = nullable.contains(&true);
    if emptied {
        program.take_out_empty_texts(&nullable)?;
    }
    let never = vec![false; nullable.len()];
    let components = Components::new(&program.nfa.first_calls(&never));
    if !components.cyclic.contains(&true) {
        return Ok(emptied);
    }
    let families = families(program.nfa, &components, &never);
    program.rewrite_families(&components, &families)?;
    Ok(true)
}

/// The automaton, while instructions are added to it.
struct Program<'n> {
    nfa: &'n mut Nfa,
    limit: usize,
}

/// Rules that begin with each other.
#[derive(Debug, Default)]
struct Family {
    /// What its rules read first: bytes, and calls of rules beyond the family.
    reads: Vec<(RuleId, Pc)>,
    /// For each rule of it, who calls it first, and where that goes on.
    callers: FxHashMap<RuleId, Vec<(RuleId, Pc)>>,
}

fn families(nfa: &Nfa, components: &Components, never: &[bool]) -> FxHashMap<u32, Family> {
    let mut families: FxHashMap<u32, Family> = FxHashMap::default();
    let mut first = First::new(nfa);
    for rule in (0..nfa.rules.len()).filter(|&rule| components.cyclic[rule]) {
        let id = components.of[rule];
        let family = families.entry(id).or_default();
        family.callers.entry(rule as RuleId).or_default();
        for &pc in first.from(nfa, nfa.rules[rule].start, never) {
            match nfa.insts[pc as usize] {
                Inst::Call(called, next) if components.of[called as usize] == id => {
                    family.callers.entry(called).or_default().push((rule as RuleId, next));
                }
                Inst::Accept => {}
                _ => family.reads.push((rule as RuleId, pc)),
            }
        }
    }
    families
}

impl Program<'_> {
    fn emit(&mut self, inst: Inst, within: Option<LoopId>) -> Result<Pc, BuildError> {
        if self.nfa.insts.len() >= self.limit {
            return Err(BuildError::TooLarge { what: "automaton instructions", limit: self.limit });
        }
        self.nfa.insts.push(inst);
        self.nfa.within.push(within);
        Ok(self.nfa.insts.len() as Pc - 1)
    }

    /// A way to a place from outside of all loops: around it are first rounds.
    fn way_into(&mut self, mut pc: Pc) -> Result<Pc, BuildError> {
        let mut within = self.nfa.within[pc as usize];
        while let Some(id) = within {
            within = self.nfa.loops[id as usize].outer;
            pc = self.emit(Inst::Inside(id, pc), within)?;
        }
        Ok(pc)
    }

    /// Calls of rules that can be empty become optional, and these rules begin with what they read.
    fn take_out_empty_texts(&mut self, nullable: &[bool]) -> Result<(), BuildError> {
        for pc in 0..self.nfa.insts.len() {
            if let Inst::Call(rule, next) = self.nfa.insts[pc]
                && nullable[rule as usize]
            {
                let call = self.emit(Inst::Call(rule, next), self.nfa.within[pc])?;
                self.nfa.insts[pc] = Inst::Split(Box::new([call, next]));
            }
        }
        let never = vec![false; nullable.len()];
        let mut first = First::new(self.nfa);
        let mut starts = Vec::new();
        for rule in (0..nullable.len()).filter(|&rule| nullable[rule]) {
            let mut reads = first.from(self.nfa, self.nfa.rules[rule].start, &never).to_vec();
            reads.retain(|&pc| !matches!(self.nfa.insts[pc as usize], Inst::Accept));
            starts.push((rule, reads));
        }
        for (rule, reads) in starts {
            let reads: Result<_, BuildError> = reads.into_iter().map(|pc| self.way_into(pc)).collect();
            self.nfa.rules[rule].start = self.emit(Inst::Split(reads?), None)?;
        }
        Ok(())
    }

    /// Rewrites those rules that the start leads to. Others cannot be called, and derive nothing.
    fn rewrite_families(
        &mut self,
        components: &Components,
        families: &FxHashMap<u32, Family>,
    ) -> Result<(), BuildError> {
        let mut starts: Vec<Option<Pc>> = vec![None; self.nfa.rules.len()];
        let (mut open, mut seen) = (vec![self.nfa.start], vec![false; self.nfa.insts.len()]);
        while let Some(pc) = open.pop() {
            seen.resize(self.nfa.insts.len(), false);
            if std::mem::replace(&mut seen[pc as usize], true) {
                continue;
            }
            match &self.nfa.insts[pc as usize] {
                Inst::Accept => {}
                Inst::Bytes(ranges) => open.extend(ranges.iter().map(|range| range.2)),
                Inst::Split(targets) => open.extend(targets),
                Inst::Inside(_, target) => open.push(*target),
                Inst::Enter(id) | Inst::Next(id) => {
                    let l = &self.nfa.loops[*id as usize];
                    open.extend([l.body, l.again, l.exit]);
                }
                &Inst::Call(rule, next) => {
                    let called = rule as usize;
                    let family = families.get(&components.of[called]).filter(|_| components.cyclic[called]);
                    let start = match (starts[called], family) {
                        (Some(start), _) => start,
                        (None, Some(family)) => Rewrite::new(self, rule, family).run()?,
                        (None, None) => self.nfa.rules[called].start,
                    };
                    starts[called] = Some(start);
                    open.extend([next, start]);
                }
            }
        }
        let nowhere = self.emit(Inst::Split(Box::new([])), None)?;
        for (rule, start) in starts.into_iter().enumerate() {
            self.nfa.rules[rule].start = start.unwrap_or(nowhere);
        }
        Ok(())
    }
}

/// The rewriting of one rule.
struct Rewrite<'r, 'n> {
    program: &'r mut Program<'n>,
    target: RuleId,
    family: &'r Family,
    /// Copies of instructions, by the rule that is copied and the original.
    copies: FxHashMap<(RuleId, Pc), Pc>,
    loops: FxHashMap<(RuleId, LoopId), LoopId>,
    /// Where the copy of each rule is complete.
    complete: FxHashMap<RuleId, Pc>,
    /// The end of the target.
    end: Pc,
    /// Copies that are still empty.
    open: Vec<(RuleId, Pc, Pc)>,
}

impl<'r, 'n> Rewrite<'r, 'n> {
    fn new(program: &'r mut Program<'n>, target: RuleId, family: &'r Family) -> Self {
        let (copies, loops, complete) = (FxHashMap::default(), FxHashMap::default(), FxHashMap::default());
        Rewrite { program, target, family, copies, loops, complete, end: 0, open: Vec::new() }
    }

    /// Where the rewritten rule begins.
    fn run(mut self) -> Result<Pc, BuildError> {
        let family = self.family;
        self.end = self.program.emit(Inst::Accept, None)?;
        for &rule in family.callers.keys() {
            let complete = self.program.emit(Inst::Split(Box::new([])), None)?;
            self.complete.insert(rule, complete);
        }
        let entrances: Result<Box<[Pc]>, BuildError> =
            family.reads.iter().map(|&(rule, pc)| self.entrance(rule, pc)).collect();
        let entrances = entrances?;
        for (&rule, callers) in &family.callers {
            let after = callers.iter().map(|&(caller, next)| self.entrance(caller, next));
            let after: Result<Vec<Pc>, BuildError> = after.collect();
            let mut targets = after?;
            targets.extend((rule == self.target).then_some(self.end));
            self.program.nfa.insts[self.complete[&rule] as usize] = Inst::Split(targets.into());
        }
        while let Some((rule, original, copy)) = self.open.pop() {
            self.program.nfa.insts[copy as usize] = self.copied(rule, original)?;
        }
        self.program.emit(Inst::Split(entrances), None)
    }

    /// A way to the copy of an instruction that stands in the first round of the loops around it.
    fn entrance(&mut self, rule: RuleId, pc: Pc) -> Result<Pc, BuildError> {
        let copy = self.copy(rule, pc)?;
        self.program.way_into(copy)
    }

    /// The copy of an instruction of a rule, to be filled later.
    fn copy(&mut self, rule: RuleId, pc: Pc) -> Result<Pc, BuildError> {
        if let Some(&copy) = self.copies.get(&(rule, pc)) {
            return Ok(copy);
        }
        let within = match self.program.nfa.within[pc as usize] {
            Some(id) => Some(self.copy_loop(rule, id)?),
            None => None,
        };
        let copy = self.program.emit(Inst::Accept, within)?;
        if self.program.nfa.is_key(pc) {
            self.program.nfa.keys.resize(copy as usize, false);
            self.program.nfa.keys.push(true);
        }
        self.copies.insert((rule, pc), copy);
        self.open.push((rule, pc, copy));
        Ok(copy)
    }

    fn copied(&mut self, rule: RuleId, original: Pc) -> Result<Inst, BuildError> {
        Ok(match self.program.nfa.insts[original as usize].clone() {
            Inst::Bytes(mut ranges) => {
                for range in &mut ranges {
                    range.2 = self.copy(rule, range.2)?;
                }
                Inst::Bytes(ranges)
            }
            Inst::Split(targets) => {
                let targets: Result<_, BuildError> = targets.iter().map(|&pc| self.copy(rule, pc)).collect();
                Inst::Split(targets?)
            }
            Inst::Enter(id) => Inst::Enter(self.copy_loop(rule, id)?),
            Inst::Inside(id, target) => Inst::Inside(self.copy_loop(rule, id)?, self.copy(rule, target)?),
            Inst::Next(id) => Inst::Next(self.copy_loop(rule, id)?),
            Inst::Call(called, next) if called == self.target && self.completes(rule, next) => {
                Inst::Call(called, self.end)
            }
            Inst::Call(called, next) => Inst::Call(called, self.copy(rule, next)?),
            Inst::Accept => Inst::Split(Box::new([self.complete[&rule]])),
        })
    }

    /// Whether a place of a rule leads nowhere but to where the target is complete.
    fn completes(&self, mut rule: RuleId, mut pc: Pc) -> bool {
        // Rules that are complete with each other may go round.
        const FAR: usize = 64;
        for _ in 0..FAR {
            while let Inst::Split(targets) = &self.program.nfa.insts[pc as usize]
                && let [only] = **targets
                && only < pc
            {
                pc = only;
            }
            if !matches!(self.program.nfa.insts[pc as usize], Inst::Accept) {
                return false;
            }
            if rule == self.target {
                return true;
            }
            let [(caller, next)] = self.family.callers[&rule][..] else { return false };
            (rule, pc) = (caller, next);
        }
        false
    }

    fn copy_loop(&mut self, rule: RuleId, id: LoopId) -> Result<LoopId, BuildError> {
        if let Some(&copy) = self.loops.get(&(rule, id)) {
            return Ok(copy);
        }
        let original = self.program.nfa.loops[id as usize];
        let copy = self.program.nfa.loops.len() as LoopId;
        self.loops.insert((rule, id), copy);
        self.program.nfa.loops.push(original);
        let outer = match original.outer {
            Some(outer) => Some(self.copy_loop(rule, outer)?),
            None => None,
        };
        let body = self.copy(rule, original.body)?;
        let again = self.copy(rule, original.again)?;
        let exit = self.copy(rule, original.exit)?;
        let l = &mut self.program.nfa.loops[copy as usize];
        (l.body, l.again, l.exit, l.outer) = (body, again, exit, outer);
        Ok(copy)
    }
}
