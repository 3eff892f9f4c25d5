//! Required members without names: there must be some member whose key or value is of a certain kind.

use rustc_hash::FxHashMap;

use super::emit::{Emitter, Entrances};
use super::expand::{GoalId, NEVER};
use super::objects::{Bounds, Others};
use super::shape::{ObjectShape, SomeMember};
use crate::error::BuildError;
use crate::limits::Limit;
use crate::pattern::few::Members;
use crate::pattern::json::string_text;
use crate::pattern::program::{Inst, Pc};

/// Keys are listed up to so many: a set of them is a number.
const MOST_LISTED: usize = 64;

/// A key of a member without a name, and its values by the set of sorts of which the member is then.
struct Listed {
    key: String,
    ways: Vec<(usize, GoalId)>,
}

impl Emitter<'_, '_, '_, '_> {
    /// The same where some of the others have to be of a sort: by which of these are still owed.
    pub(super) fn tail_with_some(
        &mut self,
        shape: &ObjectShape,
        others: Option<&Others>,
        (min, max): Bounds,
        end: Pc,
    ) -> Result<Entrances, BuildError> {
        let owed = shape.some.len();
        let cap = max.unwrap_or(min) as usize;
        let limits = self.compiler.builder.limits();
        // A set of them is a number, and there are lists of all sets.
        let limit = limits.unnamed.min(16);
        if owed > limit {
            return Err(BuildError::TooLarge { what: Limit::UnnamedProperties, limit });
        }
        let limit = limits.beside_unnamed;
        if cap > limit {
            return Err(BuildError::TooLarge { what: Limit::BesideUnnamed, limit });
        }
        let Some(plain) = others else {
            let never = self.never()?;
            return Ok(Entrances { first: never, further: never });
        };
        // What a member may be, by the sorts that it is of.
        let mut sorts = vec![None];
        for set in 1..1usize << owed {
            let of: Vec<&SomeMember> = shape
                .some
                .iter()
                .enumerate()
                .filter(|(bit, _)| set >> bit & 1 == 1)
                .map(|(_, some)| some)
                .collect();
            sorts.push(self.others(shape, plain.place, &of)?);
        }
        if let Some(keys) = self.listed(plain, &sorts) {
            return self.tail_of_few(&keys, (1 << owed) - 1, (min, max), end);
        }
        // A head for each set of sorts that are there and each count; the very first has no member before it.
        let rows = cap + 1;
        let mut heads = Vec::new();
        for _ in 0..rows << owed {
            heads.push(self.never()?);
        }
        let first = self.never()?;
        let all = (1usize << owed) - 1;
        for (at, pc) in (0..rows << owed).map(|at| (at, heads[at])).chain([(0, first)]) {
            let (there, count) = (at / rows, at % rows);
            let mut ways = Vec::new();
            if there == all && count >= min as usize {
                ways.push(end);
            }
            for (set, sort) in sorts.iter().enumerate().filter(|(set, _)| set & there == 0) {
                let sort = if set == 0 { Some(plain) } else { sort.as_ref() };
                let Some(sort) = sort.filter(|_| max.is_none() || count < cap) else { continue };
                let next = heads[(there | set) * rows + (count + 1).min(cap)];
                let before = if pc == first { Some(0) } else { (count < cap).then_some(count as u32) };
                let member = self.other(sort, (0, Members::Owed(before)), next)?;
                ways.push(if pc != first { self.compiler.comma(member)? } else { member });
            }
            self.compiler.builder.patch(pc, Inst::Split(&ways));
        }
        Ok(Entrances { first, further: heads[0] })
    }

    /// The keys of members without names, if these are few: each with its text, and its values by the sorts of which the
    /// member is then.
    fn listed(&self, plain: &Others, sorts: &[Option<Others>]) -> Option<Vec<Listed>> {
        let all = std::iter::once(Some(plain)).chain(sorts.iter().skip(1).map(Option::as_ref));
        let mut keys: Vec<Listed> = Vec::new();
        for (set, others) in all.enumerate() {
            let Some(others) = others else { continue };
            let goal = |label: u64| others.goals.get(&label).copied().filter(|goal| *goal != NEVER);
            for (key, label) in others.keys.as_ref()?.texts(MOST_LISTED, |label| goal(label).is_some())? {
                let Some(goal) = goal(label) else { continue };
                match keys.iter_mut().find(|listed| listed.key == key) {
                    Some(listed) => listed.ways.push((set, goal)),
                    None => keys.push(Listed { key, ways: vec![(set, goal)] }),
                }
            }
        }
        Some(keys)
    }

    /// The tail where keys are few and some of the members have to be of a sort: which member takes which key matters, so
    /// all sets of keys are written out.
    fn tail_of_few(
        &mut self,
        keys: &[Listed],
        all: usize,
        (min, max): Bounds,
        end: Pc,
    ) -> Result<Entrances, BuildError> {
        let before = std::mem::replace(&mut self.repeats, true);
        let (first, further) = (self.never()?, self.never()?);
        // By the keys and the sorts that are there.
        let mut heads: FxHashMap<(u64, usize), Pc> = FxHashMap::from_iter([((0, 0), further)]);
        let mut open = vec![(0u64, 0usize)];
        while let Some((used, there)) = open.pop() {
            let count = used.count_ones();
            let mut ways = if there == all && count >= min { vec![end] } else { Vec::new() };
            let mut without_comma = ways.clone();
            let free = keys.iter().enumerate().filter(|(bit, _)| used >> bit & 1 == 0);
            for (bit, Listed { key, ways: values }) in free.filter(|_| max.is_none_or(|max| count < max)) {
                for &(set, goal) in values.iter().filter(|(set, _)| set & there == 0) {
                    let to = (used | 1 << bit, there | set);
                    let limit = self.compiler.builder.limits().key_sets;
                    if heads.len() > limit {
                        return Err(BuildError::TooLarge { what: Limit::KeySets, limit });
                    }
                    let next = match heads.get(&to) {
                        Some(&next) => next,
                        None => {
                            let next = self.never()?;
                            heads.insert(to, next);
                            open.push(to);
                            next
                        }
                    };
                    let value = self.value(goal, next)?;
                    let colon = self.compiler.colon(value)?;
                    let member = self.compiler.builder.text(string_text(key).as_bytes(), colon)?;
                    ways.push(self.compiler.comma(member)?);
                    without_comma.push(member);
                }
            }
            if count == 0 {
                self.compiler.builder.patch(first, Inst::Split(&without_comma));
            }
            let head = heads.get(&(used, there)).copied().unwrap_or(further);
            self.compiler.builder.patch(head, Inst::Split(&ways));
        }
        self.repeats = before;
        Ok(Entrances { first, further })
    }
}
