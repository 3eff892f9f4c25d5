//! From shapes to instructions. (Arrays are in [`arrays`](super::arrays), objects in
//! [`objects`](super::objects).)
//!
//! A goal that references lead to is a rule, made once; any other is written out in place.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::decimal::Decimal;
use super::expand::{Expander, GoalId, NEVER};
use super::node::{Kind, LangId};
use super::numbers::{self, Range};
use super::objects::KeysOf;
use super::place::PlaceId;
use super::shape::{NumberShape, Shape, StringShape};
use super::strings::Strings;
use crate::error::BuildError;
use crate::limits::Limit;
use crate::pattern::builder::Builder;
use crate::pattern::compile::Compiler;
use crate::pattern::json::quoted_text;
use crate::pattern::program::{Inst, Pc, RuleId};
use crate::pattern::regular::{Asked, Automaton, Part, product};

/// Levels of values that are written down within each other; deeper ones are rules.
const INLINE: usize = 24;

/// What strings are: the bounds on their length, and the sets that they are in or not.
type Described = (u32, Option<u32>, Vec<(LangId, bool)>);

/// Where a list goes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entrances {
    /// Where nothing stands before.
    pub(super) first: Pc,
    /// Behind others, from which a comma separates.
    pub(super) further: Pc,
}

/// See the module's description.
pub(super) struct Emitter<'c, 's, 'b, 'l> {
    pub(super) compiler: &'c mut Compiler<'s, 'b, 'l>,
    pub(super) expander: Expander,
    rules: FxHashMap<GoalId, RuleId>,
    /// Goals that were written down where they stand; a second time they are rules.
    written: FxHashSet<GoalId>,
    /// The rules of strings, by their bounds and sets.
    strings: FxHashMap<Described, RuleId>,
    /// The rules of numbers with multiples, by the name of their range.
    numbers: FxHashMap<(String, Vec<(Decimal, bool)>), RuleId>,
    /// The keys of objects that are not named, by what they are asked for.
    pub(super) keys: FxHashMap<KeysOf, Rc<Automaton>>,
    /// Rules to be defined.
    open: Vec<(GoalId, RuleId)>,
    depth: usize,
    /// Whether what is written down now will be written down again.
    pub(super) repeats: bool,
}

impl<'c, 's, 'b, 'l> Emitter<'c, 's, 'b, 'l> {
    pub(super) fn new(compiler: &'c mut Compiler<'s, 'b, 'l>, expander: Expander) -> Emitter<'c, 's, 'b, 'l> {
        Emitter {
            compiler,
            expander,
            rules: FxHashMap::default(),
            written: FxHashSet::default(),
            strings: FxHashMap::default(),
            numbers: FxHashMap::default(),
            keys: FxHashMap::default(),
            open: Vec::new(),
            depth: 0,
            repeats: false,
        }
    }

    /// The values of the whole document, then `next`.
    pub(super) fn document(mut self, next: Pc) -> Result<Pc, BuildError> {
        let root = self.expander.root();
        let start = self.value(root, next)?;
        while let Some((goal, rule)) = self.open.pop() {
            (self.depth, self.repeats) = (0, false);
            self.define(rule, |emitter, end| emitter.inline(goal, end))?;
        }
        Ok(start)
    }

    /// Says what a rule reads: what `inside` emits, given where it ends.
    fn define(
        &mut self,
        rule: RuleId,
        inside: impl FnOnce(&mut Self, Pc) -> Result<Pc, BuildError>,
    ) -> Result<(), BuildError> {
        let within = self.compiler.builder.leave_loops();
        let end = self.compiler.builder.emit(Inst::Accept)?;
        let start = inside(self, end);
        self.compiler.builder.enter_loops(within);
        self.compiler.builder.define(rule, start?);
        Ok(())
    }

    /// A rule that reads what `inside` emits.
    fn rule(
        &mut self,
        inside: impl FnOnce(&mut Self, Pc) -> Result<Pc, BuildError>,
    ) -> Result<RuleId, BuildError> {
        let rule = self.compiler.builder.declare();
        self.define(rule, inside)?;
        Ok(rule)
    }

    /// A call of a rule of its own, which reads what `inside` emits.
    pub(super) fn called(
        &mut self,
        next: Pc,
        inside: impl FnOnce(&mut Self, Pc) -> Result<Pc, BuildError>,
    ) -> Result<Pc, BuildError> {
        let rule = self.rule(inside)?;
        self.compiler.builder.emit(Inst::Call(rule, next))
    }

    pub(super) fn never(&mut self) -> Result<Pc, BuildError> {
        self.compiler.builder.emit(Inst::NOWHERE)
    }

    /// The values that satisfy a goal.
    pub(super) fn value(&mut self, goal: GoalId, next: Pc) -> Result<Pc, BuildError> {
        if goal == NEVER {
            return self.never();
        }
        if self.expander.is_anything(goal) {
            return self.compiler.json(&crate::spec::Spec::Json, next);
        }
        if let Some(&rule) = self.rules.get(&goal) {
            return self.compiler.builder.emit(Inst::Call(rule, next));
        }
        let called = self.depth >= INLINE || self.repeats || self.expander.is_shared(goal);
        let called = called || !self.written.insert(goal);
        if called && self.is_composite(goal)? {
            let rule = self.compiler.builder.declare();
            self.rules.insert(goal, rule);
            self.open.push((goal, rule));
            return self.compiler.builder.emit(Inst::Call(rule, next));
        }
        self.depth += 1;
        let start = self.inline(goal, next);
        self.depth -= 1;
        start
    }

    fn is_composite(&mut self, goal: GoalId) -> Result<bool, BuildError> {
        Ok(!self.expander.shapes(goal, Kind::Array)?.is_empty()
            || !self.expander.shapes(goal, Kind::Object)?.is_empty())
    }

    fn inline(&mut self, goal: GoalId, next: Pc) -> Result<Pc, BuildError> {
        let place = self.expander.place(goal);
        let mut starts = Vec::new();
        for kind in Kind::ALL {
            let shapes = self.expander.shapes(goal, kind)?;
            // What several alternatives have in common is written down once.
            let before = self.repeats;
            self.repeats |= shapes.len() > 1;
            for shape in shapes.iter() {
                starts.push(self.shape(shape, kind, place, next)?);
            }
            self.repeats = before;
        }
        self.compiler.split(starts)
    }

    fn shape(&mut self, shape: &Shape, kind: Kind, place: PlaceId, next: Pc) -> Result<Pc, BuildError> {
        match shape {
            Shape::Null => self.compiler.builder.text(b"null", next),
            Shape::Bool(allowed) => {
                let texts = ["false", "true"].into_iter().zip(allowed).filter(|(_, allowed)| **allowed);
                self.compiler.texts(texts.map(|(text, _)| text), next)
            }
            Shape::Number(shape) => self.number(shape, kind, next),
            Shape::String(shape) => self.quoted(shape, next),
            Shape::Array(shape) => self.array(shape, place, next),
            Shape::Object(shape) => self.object(shape, place, next),
        }
    }

    fn number(&mut self, shape: &NumberShape, kind: Kind, next: Pc) -> Result<Pc, BuildError> {
        if let Some(texts) = numbers::listed(shape, kind) {
            return self.compiler.texts(texts.iter().map(String::as_str), next);
        }
        let Some(range) = Range::of(shape, kind) else { return self.never() };
        if shape.multiples.is_empty() {
            return range.emit(self.compiler, next);
        }
        let key = (range.name(), shape.multiples.clone());
        if let Some(&rule) = self.numbers.get(&key) {
            return self.compiler.builder.emit(Inst::Call(rule, next));
        }
        let automaton = self.multiples(&range, &key.1)?;
        let rule =
            self.rule(|emitter, end| emitter.compiler.automaton(&automaton, false, |_, _| Ok(Some(end))))?;
        self.numbers.insert(key, rule);
        self.compiler.builder.emit(Inst::Call(rule, next))
    }

    /// The numbers of a range that are multiples, or are none.
    fn multiples(&mut self, range: &Range, multiples: &[(Decimal, bool)]) -> Result<Automaton, BuildError> {
        let mut builder = Builder::new(self.compiler.builder.limits());
        let accept = builder.emit(Inst::Accept)?;
        let start = range.emit(&mut Compiler::new(&mut builder, &[]), accept)?;
        let range = self.expander.strings.of_automaton(builder.finish(start)?)?;
        let mut parts = vec![(range, Asked::Holds)];
        for (of, is) in multiples {
            let asked = if *is { Asked::Holds } else { Asked::Fails };
            let scaled = of.scaled().and_then(|(digits, scale)| Some((u32::try_from(digits).ok()?, scale)));
            let limit = self.compiler.builder.limits().multiple.min(1 << 31);
            let fits = |(digits, scale): &(u32, _)| u64::from(*digits) * u64::from(scale + 2) < limit;
            let Some((digits, scale)) = scaled.filter(fits) else {
                return Err(BuildError::TooLarge { what: Limit::Multiple, limit: limit as usize });
            };
            parts.push((Part::Multiple { digits, scale }, asked));
        }
        product(parts, &mut self.expander.strings.budget)
    }

    /// The strings of a shape. Those that are not listed are a rule, one for all that are described alike: most
    /// strings of a document are, and what is found out within one holds for all.
    fn quoted(&mut self, shape: &StringShape, next: Pc) -> Result<Pc, BuildError> {
        if shape.values.is_some() || !shape.holes.is_empty() {
            return self.between_quotes(shape, next);
        }
        let key = (shape.min, shape.max, shape.langs.clone());
        if let Some(&rule) = self.strings.get(&key) {
            return self.compiler.builder.emit(Inst::Call(rule, next));
        }
        let rule = self.rule(|emitter, end| emitter.between_quotes(shape, end))?;
        self.strings.insert(key, rule);
        self.compiler.builder.emit(Inst::Call(rule, next))
    }

    fn between_quotes(&mut self, shape: &StringShape, next: Pc) -> Result<Pc, BuildError> {
        let end = self.compiler.builder.byte(b'"', next)?;
        let start = self.string(shape, end)?;
        self.compiler.builder.byte(b'"', start)
    }

    /// The strings of a shape, without their quotes.
    pub(super) fn string(&mut self, shape: &StringShape, next: Pc) -> Result<Pc, BuildError> {
        if let Some(values) = &shape.values {
            let texts: Vec<String> = values.iter().map(|value| quoted_text(value)).collect();
            return self.compiler.texts(texts.iter().map(String::as_str), next);
        }
        let schemas = Rc::clone(&self.expander.schemas);
        match shape.langs[..] {
            [] if shape.holes.is_empty() => return self.compiler.any_quoted(shape.min, shape.max, next),
            [(lang, true)] if shape.holes.is_empty() => {
                let hir = &schemas.langs[lang as usize];
                if shape.min == 0 && shape.max.is_none() {
                    return self.compiler.quoted_hir(hir, next);
                }
                if let Some(hir) = Strings::bounded(hir, shape.min, shape.max) {
                    return self.compiler.quoted_hir(&hir, next);
                }
            }
            _ => {}
        }
        let parts = self.expander.strings.sets(&schemas, shape)?;
        let automaton = product(parts, &mut self.expander.strings.budget)?;
        if shape.min > 0 || shape.max.is_some() {
            return self.compiler.bounded(&automaton, true, (shape.min, shape.max), next);
        }
        self.compiler.automaton(&automaton, true, |_, _| Ok(Some(next)))
    }

    /// So many of something, then the end.
    pub(super) fn more(
        &mut self,
        (min, max): (u32, Option<u32>),
        end: Pc,
        one: &mut dyn FnMut(&mut Self, Pc) -> Result<Pc, BuildError>,
    ) -> Result<Entrances, BuildError> {
        let (mut first, mut further) = (Vec::new(), Vec::new());
        if max != Some(0) {
            let some = self.repeated((min.max(1), max), end, one)?;
            first.push(some);
            further.push(self.compiler.comma(some)?);
        }
        if min == 0 {
            first.push(end);
            further.push(end);
        }
        Ok(Entrances { first: self.compiler.split(first)?, further: self.compiler.split(further)? })
    }

    /// At least one of something, with `, ` between them.
    fn repeated(
        &mut self,
        (min, max): (u32, Option<u32>),
        end: Pc,
        one: &mut dyn FnMut(&mut Self, Pc) -> Result<Pc, BuildError>,
    ) -> Result<Pc, BuildError> {
        if max == Some(1) {
            return one(self, end);
        }
        if min <= 1 && max.is_none() {
            let head = self.compiler.builder.emit(Inst::NOWHERE)?;
            let first = one(self, head)?;
            let again = self.compiler.comma(first)?;
            self.compiler.builder.patch(head, Inst::Split(&[again, end]));
            return Ok(first);
        }
        let bounds = (min, max.unwrap_or(crate::pattern::nfa::UNBOUNDED));
        if self.compiler.builder.depth() < crate::pattern::nfa::SLOTS {
            return self.counted(bounds, end, one);
        }
        self.called(end, |emitter, end| emitter.counted(bounds, end, one))
    }

    fn counted(
        &mut self,
        bounds: (u32, u32),
        end: Pc,
        one: &mut dyn FnMut(&mut Self, Pc) -> Result<Pc, BuildError>,
    ) -> Result<Pc, BuildError> {
        let open = self.compiler.builder.begin_loop(bounds, end)?;
        let first = one(self, open.round)?;
        let again = self.compiler.comma(first)?;
        self.compiler.builder.end_loop(open, first, again)
    }
}
