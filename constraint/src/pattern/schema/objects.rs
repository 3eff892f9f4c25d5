//! Objects: members with names in their order, then others in any order.
//!
//! [`place`](super::place) determines which names a place has, and their order. All other keys are stored
//! with the object's call, so that none occurs twice.

use std::rc::Rc;

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir};
use rustc_hash::FxHashMap;

use super::emit::{Emitter, Entrances};
use super::expand::{GoalId, NEVER};
use super::node::{LangId, Literal, NameId};
use super::place::{PlaceId, Step};
use super::shape::{KeyIs, ObjectShape, Shape, SomeMember};
use crate::error::BuildError;
use crate::limits::Limit;
use crate::pattern::builder::Builder;
use crate::pattern::class::plain_ranges;
use crate::pattern::compile::Compiler;
use crate::pattern::few::{MOST_KEYS, Members};
use crate::pattern::json::{quoted_text, string_text};
use crate::pattern::nfa::UNBOUNDED;
use crate::pattern::program::{Edge, Inst, Pc};
use crate::pattern::regular::{Asked, Automaton, Part, product};

/// What is said of keys: the names that they are not, the patterns that they may match, and what they satisfy.
pub(super) type KeysOf = (Vec<NameId>, Vec<LangId>, Vec<Literal>);

/// How many more there must and may be.
pub(super) type Bounds = (u32, Option<u32>);

/// What members without names may be.
pub(super) struct Others {
    pub(super) place: PlaceId,
    /// Their keys, labelled with the patterns that they match; `None` if these are all but the names.
    pub(super) keys: Option<Rc<Automaton>>,
    /// The values of keys by their labels.
    pub(super) goals: Rc<FxHashMap<u64, GoalId>>,
}

impl Emitter<'_, '_, '_, '_> {
    pub(super) fn object(&mut self, shape: &ObjectShape, place: PlaceId, next: Pc) -> Result<Pc, BuildError> {
        let others = self.others(shape, place, &[])?;
        if others.is_none() && shape.some.is_empty() {
            return self.members(shape, place, None, next);
        }
        self.called(next, |emitter, end| emitter.members(shape, place, others.as_ref(), end))
    }

    fn members(
        &mut self,
        shape: &ObjectShape,
        place: PlaceId,
        others: Option<&Others>,
        next: Pc,
    ) -> Result<Pc, BuildError> {
        let end = self.compiler.close(b'}', next)?;
        let names = Rc::clone(self.expander.places.names(place));
        let mut possible = Vec::with_capacity(names.len());
        for &name in names.iter() {
            if let Some(goal) = self.expander.possible_member(place, shape, name)? {
                possible.push((name, goal));
            }
        }
        let names = possible;
        let required = names.iter().filter(|(name, _)| shape.has.get(name) == Some(&true)).count() as u32;
        let min = if shape.min <= required { 0 } else { shape.min };
        let max = shape.max.filter(|max| others.is_some() || (*max as usize) < names.len());
        // Counts beyond this are alike.
        let cap = max.unwrap_or(min.max(1)).min(names.len() as u32);
        let limit = self.compiler.builder.limits().property_counts;
        if u64::from(cap) * names.len() as u64 > limit as u64 {
            return Err(BuildError::TooLarge { what: Limit::PropertyCounts, limit });
        }
        let before = self.repeats;
        self.repeats |= cap > 1;
        let mut rows = Vec::with_capacity(cap as usize + 1);
        // Rows with equal bounds end alike.
        let mut last: Option<(Bounds, Entrances)> = None;
        for count in 0..=cap {
            let bounds = (min.saturating_sub(count), max.map(|max| max - count));
            let tail = match last {
                Some((same, tail)) if same == bounds => tail,
                _ => self.tail(shape, others, bounds, end)?,
            };
            last = Some((bounds, tail));
            rows.push(if count > 0 { tail.further } else { tail.first });
        }
        for (at, &(name, goal)) in names.iter().enumerate().rev() {
            let required = shape.has.get(&name) == Some(&true);
            rows = self.named(name, goal, required, (rows, at as u32, max), cap)?;
        }
        self.repeats = before;
        let first = rows.first().copied();
        let first = first.map_or_else(|| self.never(), Ok)?;
        self.compiler.open(b'{', first)
    }

    /// The rows before a named member, by how many members there are, from those behind it.
    fn named(
        &mut self,
        name: NameId,
        goal: GoalId,
        required: bool,
        (rows, at, max): (Vec<Pc>, u32, Option<u32>),
        cap: u32,
    ) -> Result<Vec<Pc>, BuildError> {
        let key = string_text(&self.expander.schemas.names[name as usize].clone());
        let mut before = Vec::with_capacity(rows.len());
        // Rows that go on alike share the member.
        let mut shared: Option<(Pc, Pc)> = None;
        for count in 0..=cap.min(at) {
            let mut ways = Vec::new();
            if max.is_none_or(|max| count < max) && goal != NEVER {
                let next = rows[(count as usize + 1).min(rows.len() - 1)];
                let member = match shared {
                    Some((of, member)) if of == next => member,
                    _ => {
                        let value = self.value(goal, next)?;
                        let colon = self.compiler.colon(value)?;
                        self.compiler.builder.text(key.as_bytes(), colon)?
                    }
                };
                shared = Some((next, member));
                ways.push(if count > 0 { self.compiler.comma(member)? } else { member });
            }
            if !required {
                ways.push(rows[count as usize]);
            }
            before.push(self.compiler.split(ways)?);
        }
        Ok(before)
    }

    /// What stands behind all members with names: others, then the end.
    fn tail(
        &mut self,
        shape: &ObjectShape,
        others: Option<&Others>,
        (min, max): Bounds,
        end: Pc,
    ) -> Result<Entrances, BuildError> {
        if !shape.some.is_empty() {
            return self.tail_with_some(shape, others, (min, max), end);
        }
        let Some(others) = others else {
            return self.more((min, Some(0)), end, &mut |emitter, _| emitter.never());
        };
        if others.keys.is_none() {
            let free = (0, Members::Any);
            return self.more((min, max), end, &mut |emitter, next| emitter.other(others, free, next));
        }
        let limit = self.compiler.builder.limits().restricted_keys.min(MOST_KEYS as usize - 1);
        if min as usize > limit {
            return Err(BuildError::TooLarge { what: Limit::RestrictedKeys, limit });
        }
        let (list, few) = self.compiler.builder.begin_list();
        // The first may be nearer than any other that is left: so it is counted where it has to be there.
        let max = max.or(few.then_some(MOST_KEYS)).or((min > 0).then_some(UNBOUNDED));
        let members = if max.is_none() { Members::Any } else { Members::Counted };
        self.more((min, max), end, &mut |emitter, next| emitter.other(others, (list, members), next))
    }

    /// One member without a name, of a list.
    pub(super) fn other(
        &mut self,
        others: &Others,
        list: (u32, Members),
        next: Pc,
    ) -> Result<Pc, BuildError> {
        let mut starts: FxHashMap<GoalId, Pc> = FxHashMap::default();
        let mut values: Vec<(GoalId, Pc)> = Vec::new();
        let mut goals: Vec<GoalId> = others.goals.values().copied().filter(|goal| *goal != NEVER).collect();
        goals.sort_unstable();
        goals.dedup();
        for goal in goals {
            let value = self.value(goal, next)?;
            values.push((goal, self.compiler.colon(value)?));
        }
        // The closing quote belongs to what is remembered: only there is the key known to be complete.
        let from = self.compiler.builder.len();
        for (goal, value) in values {
            starts.insert(goal, self.compiler.builder.byte(b'"', value)?);
        }
        let key = match &others.keys {
            None => {
                let end = others.goals.get(&0).and_then(|goal| starts.get(goal)).copied();
                let end = end.map_or_else(|| self.never(), Ok)?;
                self.all_but_names(others.place, end)?
            }
            Some(keys) => {
                let goals = Rc::clone(&others.goals);
                let end = |label: u64| goals.get(&label).and_then(|goal| starts.get(goal)).copied();
                self.compiler.automaton(keys, true, |_, label| Ok(end(label)))?
            }
        };
        match &others.keys {
            None => self.compiler.builder.mark_keys(from),
            Some(_) => self.compiler.builder.mark_key_set(from, key, list),
        }
        self.compiler.builder.byte(b'"', key)
    }

    /// Which members without names there may be; only those that are of all of these sorts.
    pub(super) fn others(
        &mut self,
        shape: &ObjectShape,
        place: PlaceId,
        sorts: &[&SomeMember],
    ) -> Result<Option<Others>, BuildError> {
        let mut patterns: Vec<LangId> = Vec::new();
        let lists = shape.properties.iter().flat_map(|properties| &properties.patterns);
        patterns.extend(lists.map(|(lang, _)| *lang));
        let mut literals = shape.keys.clone();
        for some in sorts {
            match &some.key {
                KeyIs::Matching(lang) => patterns.push(*lang),
                KeyIs::Unmatched(of) => patterns.extend(of.patterns.iter().map(|(lang, _)| *lang)),
                KeyIs::Satisfying(literal) => literals.push(*literal),
            }
        }
        patterns.sort_unstable();
        patterns.dedup();
        let keys = match (&patterns[..], &literals[..]) {
            ([], []) => None,
            _ => Some(self.keys(place, &patterns, &literals)?),
        };
        let labels: Vec<u64> = match &keys {
            None => vec![0],
            Some(keys) => keys.states.iter().filter_map(|state| state.ends).collect(),
        };
        let mut goals = FxHashMap::default();
        for label in labels {
            let matches = |lang: LangId| {
                patterns.iter().position(|other| *other == lang).is_some_and(|bit| label >> bit & 1 == 1)
            };
            let is_of_sort = |some: &&SomeMember| match &some.key {
                KeyIs::Matching(lang) => matches(*lang),
                KeyIs::Unmatched(of) => !of.patterns.iter().any(|(lang, _)| matches(*lang)),
                KeyIs::Satisfying(_) => true,
            };
            if sorts.iter().all(is_of_sort) && !goals.contains_key(&label) {
                let mut literals = Vec::new();
                for properties in &shape.properties {
                    properties.said(None, |lang| Ok(matches(lang)), &mut literals)?;
                }
                literals.extend(sorts.iter().filter_map(|some| some.value));
                goals.insert(label, self.expander.below(place, Step::Other, literals));
            }
        }
        let mut possible = false;
        for &goal in goals.values() {
            possible |= !self.expander.is_unsatisfiable(goal)?;
        }
        Ok(possible.then(|| Others { place, keys, goals: Rc::new(goals) }))
    }

    /// The keys that are no names, labelled with the patterns that they match.
    fn keys(
        &mut self,
        place: PlaceId,
        patterns: &[LangId],
        literals: &[Literal],
    ) -> Result<Rc<Automaton>, BuildError> {
        let names = self.expander.places.names(place).to_vec();
        let key = (names, patterns.to_vec(), literals.to_vec());
        if let Some(known) = self.keys.get(&key) {
            return Ok(Rc::clone(known));
        }
        let keys = Rc::new(self.keys_of(&key)?);
        self.keys.insert(key, Rc::clone(&keys));
        Ok(keys)
    }

    fn keys_of(&mut self, (names, patterns, literals): &KeysOf) -> Result<Automaton, BuildError> {
        let schemas = Rc::clone(&self.expander.schemas);
        let limit = self.compiler.builder.limits().key_patterns.min(32);
        if patterns.len() > limit {
            return Err(BuildError::TooLarge { what: Limit::KeyPatterns, limit });
        }
        let strings = &mut self.expander.strings;
        let mut parts = Vec::new();
        for &lang in patterns {
            parts.push((Part::Set(strings.automaton(&schemas, lang)?), Asked::Nothing));
        }
        parts.push((strings.any()?, Asked::Holds));
        let names: Vec<Rc<str>> =
            names.iter().map(|name| Rc::clone(&schemas.names[*name as usize])).collect();
        if !names.is_empty() {
            parts.push((self.expander.strings.texts(&names)?, Asked::Fails));
        }
        if !literals.is_empty() {
            parts.push((self.satisfying(literals)?, Asked::Holds));
        }
        let mut automaton = product(parts, &mut self.expander.strings.budget)?;
        let mask = (1u64 << patterns.len()) - 1;
        automaton.states.iter_mut().for_each(|state| state.ends = state.ends.map(|label| label & mask));
        Ok(automaton)
    }

    /// Being a string that satisfies what is said of keys.
    fn satisfying(&mut self, literals: &[Literal]) -> Result<Part, BuildError> {
        let shapes = self.expander.key_shapes(literals)?;
        let mut builder = Builder::new(self.compiler.builder.limits());
        let accept = builder.emit(Inst::Accept)?;
        let mut compiler = Compiler::new(&mut builder, &[]);
        let schemas = Rc::clone(&self.expander.schemas);
        let mut starts = Vec::new();
        for shape in shapes.iter() {
            let Shape::String(shape) = shape else { continue };
            if let Some(values) = &shape.values {
                starts.push(compiler.texts(values.iter().map(|value| &**value), accept)?);
                continue;
            }
            let parts = self.expander.strings.parts(&schemas, shape)?;
            let automaton = product(parts, &mut self.expander.strings.budget)?;
            starts.push(compiler.automaton(&automaton, false, |_, _| Ok(Some(accept)))?);
        }
        let start = compiler.split(starts)?;
        self.expander.strings.of_automaton(builder.finish(start)?)
    }

    /// Keys that are none of a place's names: a trie that is left at the first character that no name has.
    fn all_but_names(&mut self, place: PlaceId, end: Pc) -> Result<Pc, BuildError> {
        let any = self.compiler.any_quoted(0, None, end)?;
        let names = Rc::clone(self.expander.places.names(place));
        let schemas = Rc::clone(&self.expander.schemas);
        let mut texts: Vec<Vec<char>> =
            names.iter().map(|name| schemas.names[*name as usize].chars().collect()).collect();
        texts.sort_unstable();
        let texts: Vec<&[char]> = texts.iter().map(Vec::as_slice).collect();
        let limit = self.compiler.builder.limits().property_name;
        match texts.iter().map(|text| text.len()).max() {
            None => Ok(any),
            Some(longest) if longest > limit => {
                Err(BuildError::TooLarge { what: Limit::PropertyName, limit })
            }
            Some(_) => {
                // As anything does, so that these characters lead to the very same places.
                let edges = self.compiler.builder.edges(any);
                let rare = edges.into_iter().filter(|edge| edge.0 == b'\\' || !edge.0.is_ascii()).collect();
                Leaving { any, rare, end }.trie(self, &texts, 0)
            }
        }
    }
}

/// Where keys go on that are no names.
struct Leaving {
    /// Anything may follow.
    any: Pc,
    /// Characters that are escaped or beyond ASCII, then anything.
    rare: Vec<Edge>,
    /// The end of the key.
    end: Pc,
}

impl Leaving {
    /// The texts, sorted, agree on their first `depth` characters, and so does the key.
    fn trie(
        &self,
        emitter: &mut Emitter<'_, '_, '_, '_>,
        texts: &[&[char]],
        depth: usize,
    ) -> Result<Pc, BuildError> {
        let is_name = texts.first().is_some_and(|text| text.len() == depth);
        let longer = &texts[usize::from(is_name)..];
        let (mut ways, mut taken, mut edges, mut free) = (Vec::new(), Vec::new(), Vec::new(), b' ');
        let is_plain = |c: char| (' '..='\u{7f}').contains(&c) && c != '"' && c != '\\';
        for group in longer.chunk_by(|a, b| a[depth] == b[depth]) {
            let c = group[0][depth];
            let deeper = self.trie(emitter, group, depth + 1)?;
            if is_plain(c) {
                // What stands between two names goes on as anything does.
                edges.extend(plain_ranges(free, c as u8 - 1).map(|(low, high)| (low, high, self.any)));
                edges.push((c as u8, c as u8, deeper));
                free = c as u8 + 1;
            } else {
                taken.push(c);
                let text = quoted_text(&c.to_string());
                ways.push(emitter.compiler.builder.text(text.as_bytes(), deeper)?);
            }
        }
        edges.extend(plain_ranges(free, 0x7f).map(|(low, high)| (low, high, self.any)));
        if taken.is_empty() {
            edges.extend_from_slice(&self.rare);
        } else {
            let plain = (' '..='\u{7f}').filter(|c| is_plain(*c)).chain(taken);
            let mut left = ClassUnicode::new(plain.map(|c| ClassUnicodeRange::new(c, c)));
            left.negate();
            ways.push(emitter.compiler.quoted_hir(&Hir::class(Class::Unicode(left)), self.any)?);
        }
        if !is_name {
            ways.push(self.end);
        }
        emitter.compiler.builder.read_or(edges, &ways)
    }
}
