//! Left recursion: rules that begin with themselves, rewritten so that they do not.
//!
//! First, no rule may be empty any more: a caller of a rule that could be empty may also skip the call, and
//! the rule itself begins with what it reads. After that, a rule begins with itself only where a chain of
//! calls, each coming first in its rule, leads back to it.
//!
//! Take a *family* of rules that lead to each other like this, and one of them, *A*. A text of *A* begins
//! with a text of some rule *B* of the family, which reads something first. Then a rule that calls *B* first
//! continues after that call, which completes a text of that rule, and so on, until the completed rule is *A*
//! and nothing continues. So *A* becomes: an entrance to each rule where it reads something; and a copy of
//! each rule, whose end leads to the places after the calls of it that came first, and, in the copy of *A*,
//! also to the end.
//!
//! Whatever may follow a complete *A* within *A* makes a longer *A*. So a call of *A* that completes *A* is a
//! tail call: whatever the caller could add, the callee adds as well. That turns `e: e "+" e | "x"` into a
//! loop, and removes the ambiguity.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::graph::Components;
use super::nfa::{First, Nfa};
use super::program::{Inst, LoopId, Pc, RuleId};
use crate::error::BuildError;
use crate::limits::Limit;

/// Rewrites the rules that can be empty or begin with themselves, with at most `limit` instructions. Whether
/// there were any.
pub(super) fn rewrite(nfa: &mut Nfa, limit: usize) -> Result<bool, BuildError> {
    let nullable = nfa.nullable();
    let mut editor = Editor { nfa, limit };
    let emptied = nullable.contains(&true);
    if emptied {
        editor.take_out_empty_texts(&nullable)?;
    }
    let never = vec![false; nullable.len()];
    let components = Components::new(&editor.nfa.first_calls(&never));
    if !components.cyclic.contains(&true) {
        return Ok(emptied);
    }
    let families = families(editor.nfa, &components, &never);
    editor.rewrite_families(&components, &families)?;
    Ok(true)
}

/// The automaton, while instructions are added to it.
struct Editor<'n> {
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
            match nfa.inst(pc) {
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

impl Editor<'_> {
    fn emit(&mut self, inst: Inst<'_>, within: Option<LoopId>) -> Result<Pc, BuildError> {
        if self.nfa.len() >= self.limit {
            return Err(BuildError::TooLarge { what: Limit::Instructions, limit: self.limit });
        }
        Ok(Arc::make_mut(&mut self.nfa.program).push(inst, within))
    }

    fn set(&mut self, pc: Pc, inst: Inst<'_>) {
        Arc::make_mut(&mut self.nfa.program).set(pc, inst);
    }

    /// The last instruction reads a key that may not come twice.
    fn mark_key(&mut self, pc: Pc) {
        Arc::make_mut(&mut self.nfa.program).mark_keys(pc as usize);
    }

    /// A way to a place from outside of all loops: around it are first rounds.
    fn way_into(&mut self, mut pc: Pc) -> Result<Pc, BuildError> {
        let mut within = self.nfa.within(pc);
        while let Some(id) = within {
            within = self.nfa.loops[id as usize].outer;
            pc = self.emit(Inst::Inside(id, pc), within)?;
        }
        Ok(pc)
    }

    /// Calls of rules that can be empty become optional, and these rules begin with what they read.
    fn take_out_empty_texts(&mut self, nullable: &[bool]) -> Result<(), BuildError> {
        for pc in 0..self.nfa.len() as Pc {
            if let Inst::Call(rule, next) = self.nfa.inst(pc)
                && nullable[rule as usize]
            {
                let call = self.emit(Inst::Call(rule, next), self.nfa.within(pc))?;
                self.set(pc, Inst::Split(&[call, next]));
            }
        }
        let never = vec![false; nullable.len()];
        let mut first = First::new(self.nfa);
        let mut starts = Vec::new();
        for rule in (0..nullable.len()).filter(|&rule| nullable[rule]) {
            let mut reads = first.from(self.nfa, self.nfa.rules[rule].start, &never).to_vec();
            reads.retain(|&pc| !matches!(self.nfa.inst(pc), Inst::Accept));
            starts.push((rule, reads));
        }
        for (rule, reads) in starts {
            let reads: Result<Vec<Pc>, BuildError> = reads.into_iter().map(|pc| self.way_into(pc)).collect();
            self.nfa.rules[rule].start = self.emit(Inst::Split(&reads?), None)?;
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
        let (mut open, mut seen) = (vec![self.nfa.start], vec![false; self.nfa.len()]);
        while let Some(pc) = open.pop() {
            seen.resize(self.nfa.len(), false);
            if std::mem::replace(&mut seen[pc as usize], true) {
                continue;
            }
            match self.nfa.inst(pc) {
                Inst::Accept | Inst::Leave => {}
                Inst::Bytes(ranges) | Inst::Tick(ranges) => open.extend(ranges.iter().map(|range| range.2)),
                Inst::Split(targets) => open.extend(targets),
                Inst::Inside(_, target) => open.push(target),
                Inst::Enter(id) | Inst::Next(id) => {
                    let l = &self.nfa.loops[id as usize];
                    open.extend([l.body, l.again, l.exit]);
                }
                Inst::Call(rule, next) => {
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
        let nowhere = self.emit(Inst::NOWHERE, None)?;
        for (rule, start) in starts.into_iter().enumerate() {
            self.nfa.rules[rule].start = start.unwrap_or(nowhere);
        }
        Ok(())
    }
}

/// The rewriting of one rule.
struct Rewrite<'r, 'n> {
    editor: &'r mut Editor<'n>,
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
    fn new(editor: &'r mut Editor<'n>, target: RuleId, family: &'r Family) -> Self {
        let (copies, loops, complete) = (FxHashMap::default(), FxHashMap::default(), FxHashMap::default());
        Rewrite { editor, target, family, copies, loops, complete, end: 0, open: Vec::new() }
    }

    /// Where the rewritten rule begins.
    fn run(mut self) -> Result<Pc, BuildError> {
        let family = self.family;
        self.end = self.editor.emit(Inst::Accept, None)?;
        for &rule in family.callers.keys() {
            let complete = self.editor.emit(Inst::NOWHERE, None)?;
            self.complete.insert(rule, complete);
        }
        let entrances: Result<Vec<Pc>, BuildError> =
            family.reads.iter().map(|&(rule, pc)| self.entrance(rule, pc)).collect();
        let entrances = entrances?;
        for (&rule, callers) in &family.callers {
            let after = callers.iter().map(|&(caller, next)| self.entrance(caller, next));
            let after: Result<Vec<Pc>, BuildError> = after.collect();
            let mut targets = after?;
            targets.extend((rule == self.target).then_some(self.end));
            self.editor.set(self.complete[&rule], Inst::Split(&targets));
        }
        while let Some((rule, original, copy)) = self.open.pop() {
            self.fill(copy, rule, original)?;
        }
        self.editor.emit(Inst::Split(&entrances), None)
    }

    /// A way to the copy of an instruction that stands in the first round of the loops around it.
    fn entrance(&mut self, rule: RuleId, pc: Pc) -> Result<Pc, BuildError> {
        let copy = self.copy(rule, pc)?;
        self.editor.way_into(copy)
    }

    /// The copy of an instruction of a rule, to be filled later.
    fn copy(&mut self, rule: RuleId, pc: Pc) -> Result<Pc, BuildError> {
        if let Some(&copy) = self.copies.get(&(rule, pc)) {
            return Ok(copy);
        }
        let within = match self.editor.nfa.within(pc) {
            Some(id) => Some(self.copy_loop(rule, id)?),
            None => None,
        };
        let copy = self.editor.emit(Inst::Accept, within)?;
        if self.editor.nfa.is_key(pc) {
            self.editor.mark_key(copy);
        }
        self.copies.insert((rule, pc), copy);
        self.open.push((rule, pc, copy));
        Ok(copy)
    }

    /// Makes a copy what its original is.
    fn fill(&mut self, copy: Pc, rule: RuleId, original: Pc) -> Result<(), BuildError> {
        let inst = match self.editor.nfa.inst(original) {
            Inst::Bytes(edges) => {
                let mut edges = edges.to_vec();
                for edge in &mut edges {
                    edge.2 = self.copy(rule, edge.2)?;
                }
                self.editor.set(copy, Inst::Bytes(&edges));
                return Ok(());
            }
            Inst::Split(targets) => {
                let mut targets = targets.to_vec();
                for target in &mut targets {
                    *target = self.copy(rule, *target)?;
                }
                self.editor.set(copy, Inst::Split(&targets));
                return Ok(());
            }
            // Only in schemas, which have no such rules.
            Inst::Tick(_) | Inst::Leave => return Err(BuildError::LeftRecursion),
            Inst::Accept => Inst::Split(std::slice::from_ref(&self.complete[&rule])),
            Inst::Enter(id) => Inst::Enter(self.copy_loop(rule, id)?),
            Inst::Inside(id, target) => Inst::Inside(self.copy_loop(rule, id)?, self.copy(rule, target)?),
            Inst::Next(id) => Inst::Next(self.copy_loop(rule, id)?),
            Inst::Call(called, next) if called == self.target && self.completes(rule, next) => {
                Inst::Call(called, self.end)
            }
            Inst::Call(called, next) => Inst::Call(called, self.copy(rule, next)?),
        };
        self.editor.set(copy, inst);
        Ok(())
    }

    /// Whether a place of a rule leads nowhere but to where the target is complete.
    fn completes(&self, mut rule: RuleId, mut pc: Pc) -> bool {
        // Rules that are complete with each other may go round.
        const FAR: usize = 64;
        for _ in 0..FAR {
            while let Inst::Split(targets) = self.editor.nfa.inst(pc)
                && let [only] = *targets
                && only < pc
            {
                pc = only;
            }
            if !matches!(self.editor.nfa.inst(pc), Inst::Accept) {
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
        let original = self.editor.nfa.loops[id as usize];
        let copy = self.editor.nfa.loops.len() as LoopId;
        self.loops.insert((rule, id), copy);
        self.editor.nfa.loops.push(original);
        let outer = match original.outer {
            Some(outer) => Some(self.copy_loop(rule, outer)?),
            None => None,
        };
        let body = self.copy(rule, original.body)?;
        let again = self.copy(rule, original.again)?;
        let exit = self.copy(rule, original.exit)?;
        let l = &mut self.editor.nfa.loops[copy as usize];
        (l.body, l.again, l.exit, l.outer) = (body, again, exit, outer);
        Ok(copy)
    }
}
