//! Emits the byte automaton, from the end of the text to its beginning.

use std::ops::Range;
use std::rc::Rc;

use regex_syntax::hir::ClassUnicode;
use rustc_hash::FxHashMap;

use super::class::{Template, by_target, template};
use super::few::{KeySet, Members};
use super::nfa::{Counted, Loop, Nfa, Parts};
use super::program::{Edge, Inst, LoopId, Pc, Program, RuleId};
use crate::error::BuildError;
use crate::limits::{Limit, Limits};

/// A counted loop whose body is being emitted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenLoop {
    id: LoopId,
    /// Its first instruction: where a round ends ([`Inst::Next`]), or where it is left ([`Inst::Leave`]).
    pub(crate) round: Pc,
    outer: Option<LoopId>,
}

/// Emits instructions from the end of the text to its beginning.
pub(crate) struct Builder<'l> {
    program: Program,
    loops: Vec<Loop>,
    rules: Vec<Pc>,
    /// The loops that count characters, and their instructions.
    bounded: Vec<(LoopId, Range<Pc>)>,
    key_sets: Vec<KeySet>,
    /// Lists of members with restricted keys so far.
    lists: u32,
    /// Those of them that have few keys.
    few: Vec<u32>,
    current: Option<LoopId>,
    /// Instructions that there may be, and those of them that read texts to copy from.
    most: usize,
    copied: usize,
    limits: &'l Limits,
    /// The character classes met so far.
    classes: FxHashMap<ClassKey, Rc<Template>>,
}

/// The ranges of a class, and whether it is quoted.
type ClassKey = (Vec<(char, char)>, bool);

impl<'l> Builder<'l> {
    pub(crate) fn new(limits: &'l Limits) -> Builder<'l> {
        Builder {
            program: Program::default(),
            loops: Vec::new(),
            rules: Vec::new(),
            bounded: Vec::new(),
            key_sets: Vec::new(),
            lists: 0,
            few: Vec::new(),
            current: None,
            most: limits.instructions,
            copied: 0,
            limits,
            classes: FxHashMap::default(),
        }
    }

    /// The same, where some lists of members are known to have few keys.
    pub(crate) fn counting(limits: &'l Limits, few: Vec<u32>) -> Builder<'l> {
        Builder { few, ..Builder::new(limits) }
    }

    pub(crate) fn emit(&mut self, inst: Inst<'_>) -> Result<Pc, BuildError> {
        self.make_room(1)?;
        Ok(self.program.push(inst, self.current))
    }

    fn make_room(&self, more: usize) -> Result<(), BuildError> {
        let limit = self.limits.instructions;
        let fits = self.program.len() + more <= self.most;
        if fits { Ok(()) } else { Err(BuildError::TooLarge { what: Limit::Instructions, limit }) }
    }

    /// What `inside` emits reads a text to copy from, which has a limit of its own ([`Limits::copied`]).
    pub(super) fn copying<T>(
        &mut self,
        inside: impl FnOnce(&mut Builder<'l>) -> Result<T, BuildError>,
    ) -> Result<T, BuildError> {
        let before = self.program.len();
        let left = self.limits.copied - self.copied;
        let most = std::mem::replace(&mut self.most, before + left);
        let made = inside(self);
        let more = self.program.len() - before;
        self.copied += more;
        self.most = most + more;
        made
    }

    /// Reads a character of a class; with `quoted`, as it is written within a string in JSON.
    pub(super) fn class(&mut self, class: &ClassUnicode, quoted: bool, next: Pc) -> Result<Pc, BuildError> {
        let ranges = class.ranges().iter().map(|range| (range.start(), range.end())).collect();
        let key = (ranges, quoted);
        let template = match self.classes.get(&key) {
            Some(template) => Rc::clone(template),
            None => {
                let template = Rc::new(template(class, quoted, self.limits.instructions)?);
                self.classes.insert(key, Rc::clone(&template));
                template
            }
        };
        self.paste(&template, next)
    }

    /// Copies what was written down elsewhere.
    pub(super) fn paste(&mut self, template: &Template, next: Pc) -> Result<Pc, BuildError> {
        self.make_room(template.program.len())?;
        Ok(self.program.paste(&template.program, template.start, next, self.current))
    }

    /// Writes down elsewhere what `inside` emits, given a builder and where it ends. `None` if it has loops, which
    /// cannot be copied.
    pub(super) fn template(
        &self,
        inside: impl FnOnce(&mut Builder<'l>, Pc) -> Result<Pc, BuildError>,
    ) -> Result<Option<Template>, BuildError> {
        let mut builder = Builder::new(self.limits);
        let end = builder.emit(Inst::Accept)?;
        let start = inside(&mut builder, end)?;
        let plain = builder.loops.is_empty() && builder.rules.is_empty();
        Ok(plain.then_some(Template { program: builder.program, start }))
    }

    /// What an instruction, or each of those that it parts into, reads first.
    pub(super) fn edges(&self, pc: Pc) -> Vec<Edge> {
        match self.program.get(pc) {
            Inst::Bytes(edges) => edges.to_vec(),
            Inst::Split(ways) => {
                ways.iter().filter(|&&way| way != pc).flat_map(|&way| self.edges(way)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Goes on over one of the edges, or in one of the ways; those that only read are made edges, too: to follow one
    /// instruction takes less than to follow several.
    pub(super) fn read_or(&mut self, edges: Vec<Edge>, ways: &[Pc]) -> Result<Pc, BuildError> {
        let pc = self.emit(Inst::NOWHERE)?;
        self.patch_read_or(pc, edges, ways)?;
        Ok(pc)
    }

    /// Makes an instruction one that does.
    pub(super) fn patch_read_or(
        &mut self,
        pc: Pc,
        mut edges: Vec<Edge>,
        ways: &[Pc],
    ) -> Result<(), BuildError> {
        let mut others = Vec::new();
        for &way in ways {
            match self.program.get(way) {
                Inst::Bytes(more) => edges.extend_from_slice(more),
                _ => others.push(way),
            }
        }
        edges.sort_unstable_by_key(by_target);
        if others.is_empty() {
            self.patch(pc, Inst::Bytes(&edges));
        } else {
            others.push(self.emit(Inst::Bytes(&edges))?);
            self.patch(pc, Inst::Split(&others));
        }
        Ok(())
    }

    pub(crate) fn patch(&mut self, pc: Pc, inst: Inst<'_>) {
        self.program.set(pc, inst);
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
        self.emit(Inst::Bytes(&[(byte, byte, next)]))
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
    pub(crate) fn begin_loop(&mut self, bounds: (u32, u32), exit: Pc) -> Result<OpenLoop, BuildError> {
        self.open_loop(Counted::Rounds, bounds, exit)
    }

    fn open_loop(
        &mut self,
        counts: Counted,
        (min, max): (u32, u32),
        exit: Pc,
    ) -> Result<OpenLoop, BuildError> {
        let id = self.loops.len() as LoopId;
        let (outer, slot) = (self.current, self.depth());
        self.loops.push(Loop { slot, min, max, body: 0, again: 0, exit, outer, counts });
        self.current = Some(id);
        let first = match counts {
            Counted::Rounds => Inst::Next(id),
            Counted::Characters => Inst::Leave,
        };
        Ok(OpenLoop { id, round: self.emit(first)?, outer })
    }

    /// Says where the first round and further rounds begin; the loop's own beginning.
    pub(crate) fn end_loop(&mut self, open: OpenLoop, body: Pc, again: Pc) -> Result<Pc, BuildError> {
        let l = &mut self.loops[open.id as usize];
        (l.body, l.again) = (body, again);
        self.current = open.outer;
        self.emit(Inst::Enter(open.id))
    }

    /// A loop that counts characters; what is emitted until its [end](Self::end_bounded) belongs to it.
    pub(crate) fn begin_bounded(&mut self, bounds: (u32, u32), exit: Pc) -> Result<OpenLoop, BuildError> {
        self.open_loop(Counted::Characters, bounds, exit)
    }

    /// Says where the texts begin; the loop's own beginning.
    pub(crate) fn end_bounded(&mut self, open: OpenLoop, body: Pc) -> Result<Pc, BuildError> {
        self.bounded.push((open.id, open.round..self.len() as Pc));
        self.end_loop(open, body, body)
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
        self.program.len()
    }

    /// The instructions from `from` on read the keys of an object of which none may come twice.
    pub(crate) fn mark_keys(&mut self, from: usize) {
        self.program.mark_keys(from);
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
        let insts = from as Pc..self.len() as Pc;
        self.key_sets.push(KeySet { insts, start, list, members });
    }

    pub(crate) fn finish(self, start: Pc) -> Result<Nfa, BuildError> {
        let Builder { program, loops, rules, bounded, key_sets, limits, .. } = self;
        Nfa::new(Parts { program, loops, rules, bounded, key_sets, start }, limits)
    }
}
