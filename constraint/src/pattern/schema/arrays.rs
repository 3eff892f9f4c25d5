//! Arrays: items by position, counted items, items of which some must match, and items that must all differ.

use rustc_hash::FxHashMap;

use super::emit::Emitter;
use super::expand::{GoalId, NEVER};
use super::node::{Kind, Literal, NodeId};
use super::numbers;
use super::place::PlaceId;
use super::shape::{ArrayShape, Shape, SomeItems, StringShape};
use crate::error::BuildError;
use crate::limits::Limit;
use crate::pattern::json::string_text;
use crate::pattern::program::{Inst, Pc};

impl Emitter<'_, '_, '_, '_> {
    pub(super) fn array(&mut self, shape: &ArrayShape, place: PlaceId, next: Pc) -> Result<Pc, BuildError> {
        let unique = shape.unique.filter(|_| shape.max.is_none_or(|max| max > 1));
        if unique.is_some()
            && let Some(least) = self.free_strings(shape, place)?
        {
            return self.distinct_strings(shape, least, next);
        }
        let end = self.compiler.close(b']', next)?;
        let start = match unique {
            Some(node) => self.distinct_items(shape, place, node, end)?,
            None if shape.some.is_empty() => self.items(shape, place, end)?,
            None => self.items_with_some(shape, place, end)?,
        };
        self.compiler.open(b'[', start)
    }

    /// Items of which each place has a goal of its own, up to where they are all alike.
    fn items(&mut self, shape: &ArrayShape, place: PlaceId, end: Pc) -> Result<Pc, BuildError> {
        let alike = self.expander.alike(shape, place);
        let mut next = self.further_items(shape, place, alike, end)?;
        for at in (0..alike).rev() {
            let goal = self.expander.item(place, shape, at, &[]);
            let with =
                if shape.max.is_some_and(|max| at >= max) { None } else { Some(self.value(goal, next)?) };
            let with = match with {
                Some(item) if at > 0 => Some(self.compiler.comma(item)?),
                with => with,
            };
            let without = (at >= shape.min).then_some(end);
            next = self.compiler.split(with.into_iter().chain(without).collect())?;
        }
        Ok(next)
    }

    /// The items from a place on from which they are alike.
    fn further_items(
        &mut self,
        shape: &ArrayShape,
        place: PlaceId,
        at: u32,
        end: Pc,
    ) -> Result<Pc, BuildError> {
        let min = shape.min.saturating_sub(at);
        let max = shape.max.map(|max| max.saturating_sub(at));
        let goal = self.expander.item(place, shape, at, &[]);
        let max = if goal == NEVER { Some(0) } else { max };
        let items = self.more((min, max), end, &mut |emitter, next| emitter.value(goal, next))?;
        Ok(if at > 0 { items.further } else { items.first })
    }

    /// Items of which some have to satisfy more than others: the automaton knows how many of them there were.
    fn items_with_some(&mut self, shape: &ArrayShape, place: PlaceId, end: Pc) -> Result<Pc, BuildError> {
        let known = shape.some.iter().map(|some| some.from).chain([self.expander.alike(shape, place)]);
        let last = known.chain([shape.min, shape.max.unwrap_or(1)]).max().unwrap_or(1);
        let caps: Vec<u32> = shape.some.iter().map(|some| some.max.unwrap_or(some.min)).collect();
        let states = caps.iter().fold(1u64, |states, cap| states.saturating_mul(u64::from(*cap) + 1));
        let limits = self.compiler.builder.limits();
        let (places, counted) = (limits.contained_places, limits.contained_counts);
        if last as usize > places {
            return Err(BuildError::TooLarge { what: Limit::ContainedPlaces, limit: places });
        }
        if states > counted as u64 {
            return Err(BuildError::TooLarge { what: Limit::ContainedCounts, limit: counted });
        }
        let before = std::mem::replace(&mut self.repeats, true);
        let rows: Result<Vec<FxHashMap<Vec<u32>, Pc>>, BuildError> = (0..=last)
            .map(|_| counts(&caps).into_iter().map(|at| Ok((at, self.never()?))).collect())
            .collect();
        let rows = rows?;
        for at in 0..=last {
            for (count, &pc) in &rows[at as usize] {
                let mut ways = Vec::new();
                let enough = shape.some.iter().zip(count).all(|(some, &count)| count >= some.min);
                if enough && at >= shape.min {
                    ways.push(end);
                }
                if shape.max.is_none_or(|max| at < max) {
                    let row = &rows[(at + 1).min(last) as usize];
                    self.some_item(shape, place, at, count, row, &mut ways)?;
                }
                self.compiler.builder.patch(pc, Inst::Split(&ways));
            }
        }
        self.repeats = before;
        let start = vec![0; caps.len()];
        rows.first().and_then(|row| row.get(&start)).copied().map_or_else(|| self.never(), Ok)
    }

    /// The ways to go on with one item.
    fn some_item(
        &mut self,
        shape: &ArrayShape,
        place: PlaceId,
        at: u32,
        count: &[u32],
        row: &FxHashMap<Vec<u32>, Pc>,
        ways: &mut Vec<Pc>,
    ) -> Result<(), BuildError> {
        for (literals, count) in counted_ways(&shape.some, at, count) {
            let goal = self.expander.item(place, shape, at, &literals);
            let Some(&next) = row.get(&count).filter(|_| goal != NEVER) else { continue };
            let item = self.value(goal, next)?;
            ways.push(if at > 0 { self.compiler.comma(item)? } else { item });
        }
        Ok(())
    }

    /// The shortest length of all items, if these are strings that can always be made longer: then there is always
    /// one that was not there yet.
    fn free_strings(&mut self, shape: &ArrayShape, place: PlaceId) -> Result<Option<u32>, BuildError> {
        if self.expander.alike(shape, place) > 0 || !shape.some.is_empty() {
            return Ok(None);
        }
        let goal = self.expander.item(place, shape, 0, &[]);
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::String) {
            if !self.expander.shapes(goal, kind)?.is_empty() {
                return Ok(None);
            }
        }
        let shapes = self.expander.shapes(goal, Kind::String)?;
        let is_free = |shape: &StringShape| {
            shape.max.is_none() && shape.langs.is_empty() && shape.values.is_none() && shape.holes.is_empty()
        };
        Ok(match &shapes[..] {
            [Shape::String(shape)] if is_free(shape) => Some(shape.min),
            _ => None,
        })
    }

    /// An array of such strings, which are remembered with its call as the keys of an object are.
    fn distinct_strings(&mut self, shape: &ArrayShape, least: u32, next: Pc) -> Result<Pc, BuildError> {
        self.called(next, |emitter, end| {
            let end = emitter.compiler.close(b']', end)?;
            let mut one = |emitter: &mut Self, next: Pc| {
                let from = emitter.compiler.builder.len();
                let close = emitter.compiler.builder.byte(b'"', next)?;
                let start = emitter.compiler.any_quoted(least, None, close)?;
                emitter.compiler.builder.mark_keys(from);
                emitter.compiler.builder.byte(b'"', start)
            };
            let start = emitter.more((shape.min, shape.max), end, &mut one)?.first;
            emitter.compiler.open(b'[', start)
        })
    }

    /// Items of which no two are equal, where there are few values.
    fn distinct_items(
        &mut self,
        shape: &ArrayShape,
        place: PlaceId,
        node: NodeId,
        end: Pc,
    ) -> Result<Pc, BuildError> {
        let cannot = |emitter: &Self| {
            let at = format!("#{}/uniqueItems", emitter.expander.schemas.nodes[node as usize].pointer);
            let reason = format!(
                "items can be kept from repeating only where they are any strings, or where at most {} values are listed",
                emitter.distinct()
            );
            BuildError::SchemaKeyword { at, reason }
        };
        if self.expander.alike(shape, place) > 0 || !shape.some.is_empty() {
            return Err(cannot(self));
        }
        let goal = self.expander.item(place, shape, 0, &[]);
        let texts = self.finite(goal)?.filter(|texts| texts.len() <= self.distinct());
        let texts = texts.ok_or_else(|| cannot(self))?;
        let mut rows = Vec::with_capacity(1 << texts.len());
        for _ in 0..1usize << texts.len() {
            rows.push(self.never()?);
        }
        for (used, &pc) in rows.iter().enumerate() {
            let count = used.count_ones();
            let mut ways = if count >= shape.min { vec![end] } else { Vec::new() };
            for (bit, text) in texts.iter().enumerate() {
                if used >> bit & 1 == 0 && shape.max.is_none_or(|max| count < max) {
                    let item = self.compiler.builder.text(text.as_bytes(), rows[used | 1 << bit])?;
                    ways.push(if count > 0 { self.compiler.comma(item)? } else { item });
                }
            }
            self.compiler.builder.patch(pc, Inst::Split(&ways));
        }
        rows.first().copied().map_or_else(|| self.never(), Ok)
    }

    /// [`Limits::distinct`](crate::Limits::distinct): a set of values is a number, and there are lists of all sets.
    fn distinct(&self) -> usize {
        self.compiler.builder.limits().distinct.min(20)
    }

    /// The texts of all values that satisfy a goal, if they are listed.
    fn finite(&mut self, goal: GoalId) -> Result<Option<Vec<String>>, BuildError> {
        let mut texts = Vec::new();
        for kind in Kind::ALL {
            for shape in self.expander.shapes(goal, kind)?.iter() {
                match shape {
                    Shape::Null => texts.push("null".to_owned()),
                    Shape::Bool(allowed) => {
                        let names = ["false", "true"].into_iter().zip(allowed);
                        texts.extend(names.filter(|(_, is)| **is).map(|(name, _)| name.to_owned()));
                    }
                    Shape::Number(shape) => match numbers::listed(shape, kind) {
                        Some(listed) => texts.extend(listed),
                        None => return Ok(None),
                    },
                    Shape::String(StringShape { values: Some(values), .. }) => {
                        texts.extend(values.iter().map(|value| string_text(value)));
                    }
                    _ => return Ok(None),
                }
            }
        }
        texts.sort_unstable();
        texts.dedup();
        Ok(Some(texts))
    }
}

/// All rows of counts up to some caps.
fn counts(caps: &[u32]) -> Vec<Vec<u32>> {
    caps.iter().fold(vec![Vec::new()], |rows, &cap| {
        let longer =
            |row: &Vec<u32>| (0..=cap).map(|count| [&row[..], &[count]].concat()).collect::<Vec<_>>();
        rows.iter().flat_map(longer).collect()
    })
}

/// In which ways an item may count: what it has to satisfy more, and the counts after it.
fn counted_ways(some: &[SomeItems], at: u32, count: &[u32]) -> Vec<(Vec<Literal>, Vec<u32>)> {
    let mut ways: Vec<(Vec<Literal>, Vec<u32>)> = vec![(Vec::new(), Vec::new())];
    for (some, &count) in some.iter().zip(count) {
        let (node, is) = some.literal;
        let mut next = Vec::new();
        for (literals, counts) in &ways {
            let mut way = |literal: Option<Literal>, count: u32| {
                let literals = literals.iter().copied().chain(literal).collect();
                next.push((literals, [&counts[..], &[count]].concat()));
            };
            if at < some.from {
                way(None, count);
                continue;
            }
            match some.max {
                // Enough is enough: no item has to be told apart from the others.
                None => {
                    way(None, count);
                    if count < some.min {
                        way(Some((node, is)), count + 1);
                    }
                }
                Some(max) => {
                    way(Some((node, !is)), count);
                    if count < max {
                        way(Some((node, is)), count + 1);
                    }
                }
            }
        }
        ways = next;
    }
    ways
}
