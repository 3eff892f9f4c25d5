//! Which declared types contain themselves, and which of these have no finite value.

use std::collections::HashMap;

use agentc_constraint::spec::Spec;

use super::Checker;
use super::scope::TypeName;
use crate::ast::{Type, TypeKind};
use crate::diag::Diag;
use crate::source::Span;

/// The types that each declared type names, by the numbers of their slots.
#[derive(Debug, Default)]
struct Named {
    /// Those that a value is itself, as in `type A = B | int`.
    direct: Vec<usize>,
    /// All, those inside records, lists and maps included.
    all: Vec<usize>,
}

impl Checker<'_> {
    /// Groups of declared types that contain one another, each after the types that it names. Types that
    /// are made of themselves alone are reported, and are in no group.
    pub(super) fn type_groups(&mut self) -> Vec<Vec<usize>> {
        let named: Vec<Named> = (0..self.type_slots.len()).map(|id| self.types_named_by(id)).collect();
        let direct: Vec<Vec<usize>> = named.iter().map(|n| n.direct.clone()).collect();
        let mut all: Vec<Vec<usize>> = named.into_iter().map(|n| n.all).collect();
        let endless: Vec<Vec<usize>> =
            groups(&direct).into_iter().filter(|group| contains_itself(group, &direct)).collect();
        for group in &endless {
            self.report_endless(
                group,
                "contains itself directly",
                "a type may contain itself only inside a record, a list or a map",
            );
        }
        for id in endless.iter().flatten() {
            self.type_slots[*id].info = Some(super::types::TypeInfo::error());
            all[*id].clear();
        }
        let groups = groups(&all);
        for group in &groups {
            let recursive = contains_itself(group, &all);
            group.iter().for_each(|id| self.type_slots[*id].recursive = recursive);
        }
        groups
    }

    pub(super) fn report_endless(&mut self, group: &[usize], what: &str, hint: &str) {
        let Some(first) = group.iter().min() else { return };
        let name = &self.type_slots[*first].decl.name;
        let diag = Diag::new("E0210", name.span, format!("the type `{}` {what}", name.name));
        self.report(diag.hint(hint));
    }

    /// Types that contain one another are used if one of them is; if none is, the first of them stands for all.
    pub(super) fn name_groups(&mut self) {
        let mut groups: HashMap<usize, (bool, Span)> = HashMap::new();
        for slot in &self.type_slots {
            let (Some(group), place) = (slot.group, slot.decl.name.span) else { continue };
            let known = groups.entry(group).or_insert((false, place));
            *known = (known.0 || self.named_places.contains(&place), known.1.min(place));
        }
        for slot in &self.type_slots {
            let (Some(group), place) = (slot.group, slot.decl.name.span) else { continue };
            if groups.get(&group).is_some_and(|(used, first)| *used || *first != place) {
                self.named_places.insert(place);
            }
        }
    }

    fn types_named_by(&self, id: usize) -> Named {
        let slot = &self.type_slots[id];
        let mut named = Named::default();
        self.collect_named(slot.module, &slot.decl.ty, true, &mut named);
        named
    }

    fn collect_named(&self, module: usize, ty: &Type, direct: bool, out: &mut Named) {
        match &ty.kind {
            TypeKind::Name(path, _) => {
                if let Some(TypeName::Declared(id)) = self.type_named_in(module, path) {
                    out.all.push(id);
                    if direct {
                        out.direct.push(id);
                    }
                }
            }
            TypeKind::Record(fields) => {
                fields.iter().for_each(|f| self.collect_named(module, &f.ty, false, out));
            }
            TypeKind::List(item, _) | TypeKind::Map(item) => self.collect_named(module, item, false, out),
            TypeKind::JsonOf(inner) => self.collect_named(module, inner, direct, out),
            TypeKind::Union(members) => {
                members.iter().for_each(|m| self.collect_named(module, m, direct, out));
            }
            _ => {}
        }
    }
}

fn contains_itself(group: &[usize], edges: &[Vec<usize>]) -> bool {
    group.len() > 1 || group.first().is_some_and(|id| edges[*id].contains(id))
}

/// The strongly connected components of a graph, each after those that its members lead to (Tarjan's
/// algorithm, with a stack of its own).
fn groups(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const NEW: usize = usize::MAX;
    let mut order = vec![NEW; edges.len()];
    let mut low = vec![0; edges.len()];
    let mut open = vec![false; edges.len()];
    let mut waiting: Vec<usize> = Vec::new();
    let mut found = Vec::new();
    let mut count = 0;
    for root in 0..edges.len() {
        let mut way: Vec<(usize, usize)> = if order[root] == NEW { vec![(root, 0)] } else { Vec::new() };
        while let Some((node, next)) = way.last_mut() {
            let (node, at) = (*node, *next);
            if at == 0 && order[node] == NEW {
                (order[node], low[node], open[node]) = (count, count, true);
                count += 1;
                waiting.push(node);
            }
            *next += 1;
            if let Some(target) = edges[node].get(at).copied() {
                if order[target] == NEW {
                    way.push((target, 0));
                } else if open[target] {
                    low[node] = low[node].min(order[target]);
                }
                continue;
            }
            way.pop();
            if let Some((before, _)) = way.last() {
                low[*before] = low[*before].min(low[node]);
            }
            if low[node] == order[node] {
                let start = waiting.iter().rposition(|n| *n == node).unwrap_or(0);
                let group = waiting.split_off(start);
                group.iter().for_each(|n| open[*n] = false);
                found.push(group);
            }
        }
    }
    found
}

/// Which of a group of specs that name one another by [`Spec::Ref`] derive a text of finite length, given
/// which of those before the group do.
pub(super) fn finite(specs: &[Spec], group: std::ops::Range<usize>, finite: &mut [bool]) {
    let mut named_by: HashMap<usize, Vec<usize>> = HashMap::new();
    for id in group.clone() {
        each_ref(&specs[id], &mut |def| named_by.entry(def).or_default().push(id));
    }
    let mut work: Vec<usize> = group.collect();
    while let Some(id) = work.pop() {
        if !finite[id] && ends(&specs[id], finite) {
            finite[id] = true;
            work.extend(named_by.get(&id).into_iter().flatten());
        }
    }
}

/// Whether a spec derives a finite text, given which of the named ones do.
fn ends(spec: &Spec, finite: &[bool]) -> bool {
    match spec {
        Spec::Ref { def } => finite.get(*def).copied().unwrap_or(true),
        Spec::Union { members } => members.iter().any(|m| ends(m, finite)),
        Spec::JsonOf { value } => ends(value, finite),
        Spec::Object { fields } => fields.iter().all(|f| f.optional || ends(&f.value, finite)),
        Spec::Array { item, min, .. } => *min == 0 || ends(item, finite),
        _ => true,
    }
}

/// Does something with each name in a spec.
pub(super) fn each_ref(spec: &Spec, act: &mut dyn FnMut(usize)) {
    match spec {
        Spec::Ref { def } => act(*def),
        Spec::Union { members } => members.iter().for_each(|m| each_ref(m, act)),
        Spec::JsonOf { value } | Spec::Map { value } => each_ref(value, act),
        Spec::Object { fields } => fields.iter().for_each(|f| each_ref(&f.value, act)),
        Spec::Array { item, .. } => each_ref(item, act),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reaches(edges: &[Vec<usize>], from: usize, to: usize) -> bool {
        let mut seen = vec![false; edges.len()];
        let mut work = edges[from].clone();
        while let Some(node) = work.pop() {
            if !std::mem::replace(&mut seen[node], true) {
                work.extend(&edges[node]);
            }
        }
        seen[to]
    }

    #[test]
    fn groups_are_what_reaches_one_another() {
        let mut random: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut below = |n: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random % n).unwrap_or(0)
        };
        for _ in 0..2000 {
            let nodes = below(7) + 1;
            let edges: Vec<Vec<usize>> =
                (0..nodes).map(|_| (0..below(3)).map(|_| below(nodes as u64)).collect()).collect();
            let found = groups(&edges);
            let place = |node: usize| found.iter().position(|g| g.contains(&node)).expect("each is in one");
            assert_eq!(found.iter().map(Vec::len).sum::<usize>(), nodes);
            for a in 0..nodes {
                for b in 0..nodes {
                    let together = a == b || (reaches(&edges, a, b) && reaches(&edges, b, a));
                    assert_eq!(place(a) == place(b), together, "{edges:?}");
                    assert!(!reaches(&edges, a, b) || place(a) >= place(b), "{edges:?}");
                }
            }
        }
    }
}
