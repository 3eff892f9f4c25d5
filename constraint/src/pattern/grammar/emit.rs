//! From a grammar to instructions.

use std::borrow::Cow;

use regex_syntax::hir::Hir;
use rustc_hash::FxHashSet;

use super::plan::Plan;
use super::{Grammar, Item, Name};
use crate::error::BuildError;
use crate::pattern::compile::Compiler;
use crate::pattern::json::quoted_text;
use crate::pattern::nfa::{SLOTS, UNBOUNDED};
use crate::pattern::program::{Inst, Pc, RuleId};
use crate::spec::Named;

/// Repeats are written out while that takes no more instructions than this.
const UNROLLED: usize = 24;
/// Names that stand for a name that stands for a text, one after the other.
const LONGEST_CHAIN: usize = 8;

/// What a grammar derives, then `next`; inside JSON as the text of a string.
pub(super) fn emit<'s>(
    compiler: &mut Compiler<'s, '_, '_>,
    grammar: &Grammar<'_>,
    parts: &'s [Named],
    in_json: bool,
    next: Pc,
) -> Result<Pc, BuildError> {
    let plan = Plan::new(grammar);
    let rules = vec![None; grammar.definitions.len()];
    let mut emitter = Emitter { compiler, grammar, parts, plan, in_json, rules, ignored: None };
    emitter.rules()?;
    let end = emitter.ignored(next)?;
    emitter.name(grammar.start, false, end)
}

struct Emitter<'c, 's, 'b, 'l, 'g> {
    compiler: &'c mut Compiler<'s, 'b, 'l>,
    grammar: &'g Grammar<'g>,
    /// What comes with the grammar.
    parts: &'s [Named],
    plan: Plan,
    in_json: bool,
    /// The rules of the definitions that are called, by name.
    rules: Vec<Option<RuleId>>,
    /// The rule of what is ignored, if that is called.
    ignored: Option<RuleId>,
}

impl<'s, 'b, 'l, 'g> Emitter<'_, 's, 'b, 'l, 'g> {
    /// Declares all rules, then emits them.
    fn rules(&mut self) -> Result<(), BuildError> {
        let called: Vec<Name> = (0..self.rules.len() as Name)
            .filter(|&name| self.plan.reached[name as usize] && self.plan.called[name as usize])
            .collect();
        for &name in &called {
            self.rules[name as usize] = Some(self.compiler.builder.declare());
        }
        if self.plan.ignored_called {
            let rule = self.compiler.builder.declare();
            self.body(rule, |emitter, end| emitter.ignored_here(end))?;
            self.ignored = Some(rule);
        }
        let grammar = self.grammar;
        for &name in &called {
            if let (Some(rule), Some(definition)) = (self.rules[name as usize], grammar.definition(name)) {
                self.body(rule, |emitter, end| emitter.item(&definition.item, definition.terminal, end))?;
            }
        }
        Ok(())
    }

    fn body(
        &mut self,
        rule: RuleId,
        inside: impl FnOnce(&mut Self, Pc) -> Result<Pc, BuildError>,
    ) -> Result<(), BuildError> {
        let within = self.compiler.builder.leave_loops();
        let end = self.compiler.builder.emit(Inst::Accept)?;
        let start = inside(self, end)?;
        self.compiler.builder.enter_loops(within);
        self.compiler.builder.define(rule, start);
        Ok(())
    }

    /// What is ignored, any number of times, then `next`.
    fn ignored(&mut self, next: Pc) -> Result<Pc, BuildError> {
        match self.ignored {
            Some(rule) => self.compiler.builder.emit(Inst::Call(rule, next)),
            None if self.grammar.ignored.is_empty() => Ok(next),
            None => self.ignored_here(next),
        }
    }

    fn ignored_here(&mut self, next: Pc) -> Result<Pc, BuildError> {
        let grammar = self.grammar;
        let head = self.compiler.builder.emit(Inst::NOWHERE)?;
        let mut targets = vec![next];
        for item in &grammar.ignored {
            targets.push(self.item(item, true, head)?);
        }
        self.compiler.builder.patch(head, Inst::Split(&targets));
        Ok(head)
    }

    /// What an item derives, then `next`; within a terminal nothing is ignored.
    fn item(&mut self, item: &'g Item, terminal: bool, next: Pc) -> Result<Pc, BuildError> {
        match item {
            Item::Text(text) => {
                let text = self.spelled(text);
                let start = self.compiler.builder.text(text.as_bytes(), next)?;
                if terminal { Ok(start) } else { self.ignored(start) }
            }
            Item::Pattern(hir) => {
                let start = self.pattern(hir, next)?;
                if terminal { Ok(start) } else { self.ignored(start) }
            }
            Item::Part(part) => {
                let Some(part) = self.parts.get(*part as usize) else {
                    return self.compiler.builder.emit(Inst::NOWHERE);
                };
                let value = |compiler: &mut Compiler<'s, 'b, 'l>| compiler.spec(&part.value, next);
                let start =
                    if self.in_json { self.compiler.within_quotes(value) } else { value(self.compiler) }?;
                if terminal { Ok(start) } else { self.ignored(start) }
            }
            Item::Name(name) => self.name(*name, terminal, next),
            Item::Seq(items) => {
                items.iter().rev().try_fold(next, |next, item| self.item(item, terminal, next))
            }
            Item::Any(items) => self.any(items, terminal, next),
            Item::Repeat(inner, min, max) => self.repeat(inner, (*min, *max), terminal, next),
            // Templates are written out.
            Item::Apply(_) | Item::Parameter(_) => self.compiler.builder.emit(Inst::NOWHERE),
        }
    }

    /// What an expression matches, as it is written here.
    fn pattern(&mut self, hir: &Hir, next: Pc) -> Result<Pc, BuildError> {
        if self.in_json { self.compiler.quoted_hir(hir, next) } else { self.compiler.hir(hir, next) }
    }

    fn name(&mut self, name: Name, terminal: bool, next: Pc) -> Result<Pc, BuildError> {
        let grammar = self.grammar;
        let Some(definition) = grammar.definition(name) else {
            return self.compiler.builder.emit(Inst::NOWHERE);
        };
        let start = match self.rules[name as usize] {
            Some(rule) => self.compiler.builder.emit(Inst::Call(rule, next))?,
            // Not recursive: what leads to itself is called.
            None => self.item(&definition.item, terminal || definition.terminal, next)?,
        };
        if definition.terminal && !terminal { self.ignored(start) } else { Ok(start) }
    }

    /// Texts share their beginnings; what else there is to choose from stands beside them, nothing twice.
    fn any(&mut self, items: &'g [Item], terminal: bool, next: Pc) -> Result<Pc, BuildError> {
        let mut texts: Vec<Cow<'g, str>> = items.iter().filter_map(|item| self.text_of(item)).collect();
        let few = texts.len() < 2;
        if few {
            texts.clear();
        }
        let mut starts = Vec::new();
        if !few {
            let start = self.compiler.texts(texts.iter().map(|text| &**text), next)?;
            starts.push(if terminal { start } else { self.ignored(start)? });
        }
        let mut names = FxHashSet::default();
        for item in items {
            let is_known = matches!(item, Item::Name(name) if !names.insert(*name));
            if !is_known && (few || self.text_of(item).is_none()) {
                starts.push(self.item(item, terminal, next)?);
            }
        }
        self.compiler.split(starts)
    }

    /// The text that an item stands for, if it is one.
    fn text_of(&self, item: &'g Item) -> Option<Cow<'g, str>> {
        let mut item = item;
        for _ in 0..LONGEST_CHAIN {
            match item {
                Item::Text(text) => return Some(self.spelled(text)),
                Item::Name(name) if !self.plan.called[*name as usize] => {
                    item = &self.grammar.definition(*name)?.item;
                }
                _ => return None,
            }
        }
        None
    }

    /// A text as it is written.
    fn spelled(&self, text: &'g str) -> Cow<'g, str> {
        if self.in_json { Cow::Owned(quoted_text(text)) } else { Cow::Borrowed(text) }
    }

    fn repeat(
        &mut self,
        item: &'g Item,
        (min, max): (u32, Option<u32>),
        terminal: bool,
        next: Pc,
    ) -> Result<Pc, BuildError> {
        match (min, max) {
            (_, Some(0)) => Ok(next),
            (0, Some(1)) => {
                let start = self.item(item, terminal, next)?;
                self.compiler.split(vec![start, next])
            }
            (0 | 1, None) => {
                let head = self.compiler.builder.emit(Inst::NOWHERE)?;
                let round = self.item(item, terminal, head)?;
                self.compiler.builder.patch(head, Inst::Split(&[round, next]));
                Ok(if min == 0 { head } else { round })
            }
            _ => {
                let copies = max.unwrap_or(min) as usize;
                let few = copies <= UNROLLED;
                if few && self.plan.instructions(item, terminal).saturating_mul(copies) <= UNROLLED {
                    return self.unrolled(item, (min, max), terminal, next);
                }
                self.counted(item, (min, max), terminal, next)
            }
        }
    }

    fn unrolled(
        &mut self,
        item: &'g Item,
        (min, max): (u32, Option<u32>),
        terminal: bool,
        next: Pc,
    ) -> Result<Pc, BuildError> {
        let mut start = match max {
            Some(_) => next,
            None => self.repeat(item, (0, None), terminal, next)?,
        };
        for _ in min..max.unwrap_or(min) {
            let round = self.item(item, terminal, start)?;
            start = self.compiler.split(vec![round, next])?;
        }
        (0..min).try_fold(start, |start, _| self.item(item, terminal, start))
    }

    /// A counted loop, in a rule of its own where loops nest deeper than there are slots.
    fn counted(
        &mut self,
        item: &'g Item,
        bounds: (u32, Option<u32>),
        terminal: bool,
        next: Pc,
    ) -> Result<Pc, BuildError> {
        if self.compiler.builder.depth() >= SLOTS {
            let rule = self.compiler.builder.declare();
            self.body(rule, |emitter, end| emitter.counted(item, bounds, terminal, end))?;
            return self.compiler.builder.emit(Inst::Call(rule, next));
        }
        let bounds = (bounds.0, bounds.1.unwrap_or(UNBOUNDED));
        let open = self.compiler.builder.begin_loop(bounds, next)?;
        let round = self.item(item, terminal, open.round)?;
        self.compiler.builder.end_loop(open, round, round)
    }
}
