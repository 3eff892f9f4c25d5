//! Which declared types contain themselves, and which of these have no finite value.

use std::collections::{HashMap, HashSet};

use agentc_constraint::spec::Spec;

use super::Checker;
use super::link::TypeName;
use super::slots::TypeSlot;
use crate::ast::{Type, TypeKind};
use crate::diag::Diag;
use crate::graph::groups;
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
        let named: Vec<Named> = (0..self.types.slots.len()).map(|id| self.types_named_by(id)).collect();
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
            self.types.slots[*id].info = Some(super::types::TypeInfo::error());
            all[*id].clear();
        }
        let groups = groups(&all);
        for group in &groups {
            let recursive = contains_itself(group, &all);
            group.iter().for_each(|id| self.types.slots[*id].recursive = recursive);
        }
        groups
    }

    pub(super) fn report_endless(&mut self, group: &[usize], what: &str, hint: &str) {
        let Some(first) = group.iter().min() else { return };
        let name = &self.types.slots[*first].decl.name;
        let diag = Diag::new("E0210", name.span, format!("the type `{}` {what}", name.name));
        self.report(diag.hint(hint));
    }

    /// Where declared types name themselves, or one that names them in turn: neither is used by that.
    pub(super) fn uses_in_own_group(&self) -> HashSet<Span> {
        let group = |number: &usize| self.types.slots.get(*number).and_then(|slot| slot.group);
        let own = |slot: &TypeSlot<'_>| {
            let of = slot.group;
            let names = self.program.names.names_in(slot.decl.ty.span).iter();
            names
                .filter(move |name| {
                    let number = name.bound.definition().and_then(|def| self.types.numbers.get(&def));
                    of.is_some() && number.and_then(group) == of
                })
                .map(|name| name.span)
        };
        self.types.slots.iter().flat_map(own).collect()
    }

    /// Types that contain one another are used if one of them is; if none is, the first of them stands for all.
    pub(super) fn name_groups(&self, named: &mut HashSet<Span>) {
        let mut groups: HashMap<usize, (bool, Span)> = HashMap::new();
        for slot in &self.types.slots {
            let (Some(group), place) = (slot.group, slot.decl.name.span) else { continue };
            let known = groups.entry(group).or_insert((false, place));
            *known = (known.0 || named.contains(&place), known.1.min(place));
        }
        for slot in &self.types.slots {
            let (Some(group), place) = (slot.group, slot.decl.name.span) else { continue };
            if groups.get(&group).is_some_and(|(used, first)| *used || *first != place) {
                named.insert(place);
            }
        }
    }

    fn types_named_by(&self, id: usize) -> Named {
        let slot = &self.types.slots[id];
        let mut named = Named::default();
        self.collect_named(&slot.decl.ty, true, &mut named);
        named
    }

    fn collect_named(&self, ty: &Type, direct: bool, out: &mut Named) {
        match &ty.kind {
            TypeKind::Name(path, _) => {
                if let Some(TypeName::Declared(id)) = self.type_named(path) {
                    out.all.push(id);
                    if direct {
                        out.direct.push(id);
                    }
                }
            }
            TypeKind::Record(fields) => {
                fields.iter().for_each(|f| self.collect_named(&f.ty, false, out));
            }
            TypeKind::List(item, _) | TypeKind::Map(item) => self.collect_named(item, false, out),
            TypeKind::JsonOf(inner) | TypeKind::Not(inner) => self.collect_named(inner, direct, out),
            TypeKind::Template(text) | TypeKind::Grammar(text) => {
                text.holes().for_each(|hole| self.collect_named(&hole.ty, direct, out));
            }
            TypeKind::Union(members) | TypeKind::Both(members) => {
                members.iter().for_each(|m| self.collect_named(m, direct, out));
            }
            _ => {}
        }
    }
}

fn contains_itself(group: &[usize], edges: &[Vec<usize>]) -> bool {
    group.len() > 1 || group.first().is_some_and(|id| edges[*id].contains(id))
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
