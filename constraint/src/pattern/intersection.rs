//! What several specs admit at once, what one does not admit, and texts that have others in them.
//!
//! All of these are regular sets of texts, and written down as one product ([`regular`](super::regular)). Three kinds of
//! members take no part in it, since they would make it as large as they are:
//!
//! - bounds on the number of characters, and those of a counted class (`\w{0,500}`), are counted beside the product
//!   ([`bounded`](super::bounded));
//! - where a member lists its texts, the others are asked of each, and what is left is a list;
//! - a member that is an intersection itself is those that it is made of.

use std::sync::Arc;

use regex_syntax::hir::{Dot, Hir, HirKind, Repetition};

use super::compile::{Compiler, bound, check_bounds, compile, compile_hirs, parse};
use super::lazy::{DEAD, Dfa};
use super::machine::Machine;
use super::nfa::Nfa;
use super::program::{Inst, Pc};
use super::regular::{Asked, Budget, Part, product};
use super::subset::Subset;
use crate::error::{BuildError, MatchError};
use crate::spec::{Needle, Place, Spec};

/// What is asked of the texts of an intersection.
struct Conditions<'s> {
    /// How many characters they have.
    min: u32,
    max: Option<u32>,
    /// The lists that they are in.
    lists: Vec<Vec<&'s str>>,
    /// The sets that they are in, or are not.
    sets: Vec<(Arc<Dfa>, Asked)>,
}

impl<'s> Compiler<'s, '_, '_> {
    /// The texts that all members admit.
    pub(super) fn intersection(&mut self, members: Vec<&'s Spec>, next: Pc) -> Result<Pc, BuildError> {
        let mut all = Conditions { min: 0, max: None, lists: Vec::new(), sets: Vec::new() };
        for member in members {
            self.condition(member, &mut all)?;
        }
        if all.max.is_some_and(|max| max < all.min) {
            return self.builder.emit(Inst::NOWHERE);
        }
        if !all.lists.is_empty() {
            let texts = all.listed()?;
            return self.written_texts(texts.into_iter(), next);
        }
        let Conditions { min, max, mut sets, .. } = all;
        if !sets.iter().any(|(_, asked)| *asked == Asked::Holds) {
            sets.push((self.set_of(&[any_text()])?, Asked::Holds));
        }
        let parts = sets.into_iter().map(|(set, asked)| (Part::Set(set), asked)).collect();
        let automaton = product(parts, &mut Budget::new(self.builder.limits().set_steps))?;
        if min == 0 && max.is_none() {
            return self.automaton(&automaton, self.quoted, |_, _| Ok(Some(next)));
        }
        self.bounded(&automaton, self.quoted, (min, max), next)
    }

    fn condition(&self, member: &'s Spec, all: &mut Conditions<'s>) -> Result<(), BuildError> {
        match member {
            Spec::And { members } => {
                return members.iter().try_for_each(|member| self.condition(member, all));
            }
            Spec::Text { min, max } => {
                check_bounds(*min, *max)?;
                all.bound(*min, *max);
            }
            Spec::Regex { pattern } => {
                let hir = parse(pattern)?;
                let free = counted_class(&hir).map(|class| {
                    all.bound(class.min, class.max);
                    Hir::repetition(Repetition { min: 0, max: None, ..class.clone() })
                });
                all.sets.push((self.set_of(&[free.unwrap_or(hir)])?, Asked::Holds));
            }
            Spec::Not { value } => all.sets.push((self.automaton_of(value)?, Asked::Fails)),
            _ => match self.list(member)? {
                Some(list) => all.lists.push(list),
                None => all.sets.push((self.automaton_of(member)?, Asked::Holds)),
            },
        }
        Ok(())
    }

    /// The texts of a spec that lists them.
    fn list(&self, spec: &'s Spec) -> Result<Option<Vec<&'s str>>, BuildError> {
        let mut texts = Vec::new();
        let mut open = vec![spec];
        while let Some(spec) = open.pop() {
            match spec {
                Spec::Literal { text } | Spec::Constant { text } => texts.push(text.as_str()),
                Spec::OneOf { hole } => texts.extend(bound(self.bindings, *hole)?.iter().map(String::as_str)),
                Spec::Union { members } => open.extend(members),
                _ => return Ok(None),
            }
        }
        Ok(Some(texts))
    }

    fn automaton_of(&self, spec: &Spec) -> Result<Arc<Dfa>, BuildError> {
        self.set(compile(spec, self.bindings, self.builder.limits())?)
    }

    fn set_of(&self, hirs: &[Hir]) -> Result<Arc<Dfa>, BuildError> {
        self.set(compile_hirs(hirs, self.builder.limits())?)
    }

    fn set(&self, nfa: Nfa) -> Result<Arc<Dfa>, BuildError> {
        if nfa.has_rules() || nfa.has_keys() {
            return Err(BuildError::NotYet { what: "an intersection with a recursive type" });
        }
        let limits = self.builder.limits();
        Ok(Arc::new(Dfa::new(Machine::Subset(Arc::new(Subset::new(nfa, limits))), 0, limits)))
    }

    /// The texts that have one of some others at a place.
    pub(super) fn having(&mut self, place: Place, text: &Needle, next: Pc) -> Result<Pc, BuildError> {
        let texts = match text {
            Needle::Text { text } => std::slice::from_ref(text),
            Needle::Hole { hole } => bound(self.bindings, *hole)?,
        };
        let behind = if place == Place::End { next } else { self.hir(&any_text(), next)? };
        let start = self.written_texts(texts.iter().map(String::as_str), behind)?;
        if place == Place::Start { Ok(start) } else { self.hir(&any_text(), start) }
    }
}

impl<'s> Conditions<'s> {
    fn bound(&mut self, min: u32, max: Option<u32>) {
        self.min = self.min.max(min);
        self.max = [self.max, max].into_iter().flatten().min();
    }

    /// Which texts of the shortest list are as all other conditions say.
    fn listed(mut self) -> Result<Vec<&'s str>, BuildError> {
        self.lists.sort_by_key(Vec::len);
        let mut texts = self.lists.remove(0);
        for list in self.lists {
            let list: rustc_hash::FxHashSet<&str> = list.into_iter().collect();
            texts.retain(|text| list.contains(text));
        }
        let mut kept = Vec::new();
        for text in texts {
            let chars = text.chars().count() as u64;
            let mut fits = chars >= u64::from(self.min) && self.max.is_none_or(|max| chars <= u64::from(max));
            for (set, asked) in &self.sets {
                let holds = contains(set, text).map_err(super::too_large)?;
                fits &= holds == (*asked == Asked::Holds);
            }
            kept.extend(fits.then_some(text));
        }
        Ok(kept)
    }
}

fn contains(set: &Dfa, text: &str) -> Result<bool, MatchError> {
    let mut state = set.start()?;
    for byte in text.bytes() {
        if state == DEAD {
            return Ok(false);
        }
        state = set.next(state, byte)?;
    }
    Ok(set.accepts(state))
}

/// A counted repeat of one class of characters, if the expression is one.
fn counted_class(hir: &Hir) -> Option<&Repetition> {
    match hir.kind() {
        HirKind::Capture(capture) => counted_class(&capture.sub),
        HirKind::Repetition(repeat) if matches!(repeat.sub.kind(), HirKind::Class(_)) => Some(repeat),
        _ => None,
    }
}

/// Any text at all.
fn any_text() -> Hir {
    let sub = Box::new(Hir::dot(Dot::AnyChar));
    Hir::repetition(Repetition { min: 0, max: None, greedy: true, sub })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn instructions(members: Vec<Spec>) -> usize {
        compile(&Spec::And { members }, &[], &Limits::default()).expect("an automaton").len()
    }

    fn regex(pattern: &str) -> Spec {
        Spec::Regex { pattern: pattern.to_owned() }
    }

    #[test]
    fn bounds_are_not_multiplied_out() {
        let apple = || Spec::Having { place: Place::Inside, text: Needle::Text { text: "Apfel".into() } };
        let text = |max| Spec::Text { min: 0, max };
        let few = instructions(vec![text(Some(200)), apple()]);
        assert!(few < 150, "{few} instructions");
        assert_eq!(instructions(vec![text(Some(100_000)), apple()]), few);
        let word = instructions(vec![regex(r"\w{2,4000}"), Spec::Not { value: Box::new(apple()) }]);
        assert_eq!(instructions(vec![regex(r"\w{2,8}"), Spec::Not { value: Box::new(apple()) }]), word);
        // Counts within a member are multiplied out, and a limit says so where they are too many.
        let members = vec![regex("(ab|c){0,100000}"), regex("(abc|c){0,100000}")];
        let error = compile(&Spec::And { members }, &[], &Limits::default()).map(|nfa| nfa.len());
        assert!(matches!(error, Err(BuildError::TooLarge { .. })), "{error:?}");
    }
}
