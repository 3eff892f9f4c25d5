//! What is known about sets of strings before their automata are written down.

use std::sync::Arc;

use regex_syntax::hir::{Class, Dot, Hir, HirKind};
use rustc_hash::FxHashMap;

use super::ecma::repetition;
use super::node::LangId;
use super::read::Schemas;
use super::shape::StringShape;
use crate::error::{BuildError, MatchError};
use crate::limits::Limits;
use crate::pattern::compile::compile_hirs;
use crate::pattern::lazy::Dfa;
use crate::pattern::machine::Machine;
use crate::pattern::nfa::Nfa;
use crate::pattern::regular::{Asked, Budget, Part};
use crate::pattern::subset::Subset;

/// The automata of the sets that were asked for.
#[derive(Debug)]
pub(super) struct Strings {
    automata: FxHashMap<LangId, Arc<Dfa>>,
    limits: Limits,
    pub(super) budget: Budget,
}

impl Strings {
    pub(super) fn new(limits: &Limits) -> Strings {
        Strings {
            automata: FxHashMap::default(),
            limits: limits.clone(),
            budget: Budget::new(limits.set_steps),
        }
    }

    /// The automaton of a set.
    pub(super) fn automaton(&mut self, schemas: &Schemas, lang: LangId) -> Result<Arc<Dfa>, BuildError> {
        if let Some(known) = self.automata.get(&lang) {
            return Ok(known.clone());
        }
        let nfa = compile_hirs(std::slice::from_ref(&schemas.langs[lang as usize]), &self.limits)?;
        let subset = Subset::new(nfa, &self.limits);
        let dfa = Arc::new(Dfa::new(Machine::Subset(subset.into()), 0, &self.limits));
        self.automata.insert(lang, dfa.clone());
        Ok(dfa)
    }

    pub(super) fn contains(
        &mut self,
        schemas: &Schemas,
        lang: LangId,
        text: &str,
    ) -> Result<bool, BuildError> {
        let dfa = self.automaton(schemas, lang)?;
        let run = || -> Result<bool, MatchError> {
            let start = dfa.start()?;
            let end = text.bytes().try_fold(start, |state, byte| dfa.next(state, byte))?;
            Ok(dfa.accepts(end))
        };
        run().map_err(super::super::too_large)
    }

    /// Whether a string is one of a shape's.
    pub(super) fn is_in(
        &mut self,
        schemas: &Schemas,
        shape: &StringShape,
        text: &str,
    ) -> Result<bool, BuildError> {
        let len = text.chars().count() as u64;
        let listed = shape.values.as_ref().is_none_or(|values| values.iter().any(|value| **value == *text));
        let hole = shape.holes.iter().any(|hole| **hole == *text);
        if hole || !listed || len < u64::from(shape.min) || shape.max.is_some_and(|max| len > u64::from(max))
        {
            return Ok(false);
        }
        for &(lang, is) in &shape.langs {
            if self.contains(schemas, lang, text)? != is {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Leaves of listed strings those that are in all sets. Whether there may be any.
    pub(super) fn narrow(&mut self, schemas: &Schemas, shape: &mut StringShape) -> Result<bool, BuildError> {
        let Some(values) = shape.values.take() else { return Ok(true) };
        let mut kept = Vec::new();
        for value in values {
            let mut good = true;
            for &(lang, is) in &shape.langs {
                good &= self.contains(schemas, lang, &value)? == is;
            }
            if good {
                kept.push(value);
            }
        }
        let any = !kept.is_empty();
        shape.langs.clear();
        shape.values = Some(kept);
        Ok(any)
    }

    /// The conditions that make up a shape without listed values. The last of them holds of texts only.
    pub(super) fn parts(
        &mut self,
        schemas: &Schemas,
        shape: &StringShape,
    ) -> Result<Vec<(Part, Asked)>, BuildError> {
        let mut parts = self.sets(schemas, shape)?;
        if shape.min > 0 || shape.max.is_some() {
            parts.push((Part::Length(shape.min, shape.max), Asked::Holds));
        }
        Ok(parts)
    }

    /// The same without bounds on the length.
    pub(super) fn sets(
        &mut self,
        schemas: &Schemas,
        shape: &StringShape,
    ) -> Result<Vec<(Part, Asked)>, BuildError> {
        let mut parts = Vec::new();
        for &(lang, is) in &shape.langs {
            let part = Part::Set(self.automaton(schemas, lang)?);
            parts.push((part, if is { Asked::Holds } else { Asked::Fails }));
        }
        if !shape.holes.is_empty() {
            parts.push((self.texts(&shape.holes)?, Asked::Fails));
        }
        if !shape.langs.iter().any(|(_, is)| *is) {
            parts.push((self.any()?, Asked::Holds));
        }
        Ok(parts)
    }

    /// Being one of some texts.
    pub(super) fn texts<T: AsRef<str>>(&self, texts: &[T]) -> Result<Part, BuildError> {
        let hir = |text: &T| Hir::literal(text.as_ref().as_bytes());
        self.part(&texts.iter().map(hir).collect::<Vec<_>>())
    }

    /// Being a text at all.
    pub(super) fn any(&self) -> Result<Part, BuildError> {
        self.part(&[Hir::repetition(repetition(Hir::dot(Dot::AnyChar), 0, None))])
    }

    /// Matching one of some expressions.
    pub(super) fn part(&self, hirs: &[Hir]) -> Result<Part, BuildError> {
        self.of_automaton(compile_hirs(hirs, &self.limits)?)
    }

    /// Being read by an automaton.
    pub(super) fn of_automaton(&self, nfa: Nfa) -> Result<Part, BuildError> {
        let subset = Subset::new(nfa, &self.limits);
        Ok(Part::Set(Arc::new(Dfa::new(Machine::Subset(subset.into()), 0, &self.limits))))
    }

    /// A repeat of one character within bounds on its length, if the expression is one.
    pub(super) fn bounded(hir: &Hir, min: u32, max: Option<u32>) -> Option<Hir> {
        match hir.kind() {
            HirKind::Capture(capture) => Strings::bounded(&capture.sub, min, max),
            HirKind::Concat(parts) => match &parts[..] {
                [one] => Strings::bounded(one, min, max),
                _ => fits(hir, min, max).then(|| hir.clone()),
            },
            _ if fits(hir, min, max) => Some(hir.clone()),
            // What may be left out is empty then.
            HirKind::Repetition(repeat) if repeat.max == Some(1) && repeat.min == 0 => {
                let one = Strings::bounded(&repeat.sub, min, max)?;
                let none = if min == 0 { Hir::empty() } else { Hir::fail() };
                Some(Hir::alternation(vec![one, none]))
            }
            HirKind::Repetition(repeat) if matches!(repeat.sub.kind(), HirKind::Class(_)) => {
                let min = repeat.min.max(min);
                let max = [repeat.max, max].into_iter().flatten().min();
                let never = max.is_some_and(|max| max < min);
                Some(if never {
                    Hir::fail()
                } else {
                    Hir::repetition(repetition((*repeat.sub).clone(), min, max))
                })
            }
            _ => None,
        }
    }
}

/// Whether all strings of an expression are within bounds on their length. A character has 1 to 4 bytes.
fn fits(hir: &Hir, min: u32, max: Option<u32>) -> bool {
    let bytes = hir.properties();
    let least = bytes.minimum_len().map_or(usize::MAX, |len| len.div_ceil(if is_ascii(hir) { 1 } else { 4 }));
    least >= min as usize && max.is_none_or(|max| bytes.maximum_len().is_some_and(|len| len <= max as usize))
}

/// Whether an expression matches ASCII only.
fn is_ascii(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => literal.0.is_ascii(),
        HirKind::Class(class) => match class {
            Class::Unicode(class) => class.is_ascii(),
            Class::Bytes(class) => class.is_ascii(),
        },
        HirKind::Repetition(repeat) => is_ascii(&repeat.sub),
        HirKind::Capture(capture) => is_ascii(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(is_ascii),
    }
}
