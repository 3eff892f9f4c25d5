//! Types by name: declared types, those of the prelude, and types that contain themselves.

use std::collections::{HashMap, HashSet};

use agentc_constraint::spec::Spec;

use super::Checker;
use super::recursion::{each_ref, finite};
use super::suggest::{foreign_type, own_word};
use super::types::{Shape, TypeInfo};
use crate::ast::{Bounds, Ident, Path, Type, TypeKind};
use crate::builtin;
use crate::diag::Diag;
use crate::limits::Limit;
use crate::source::Span;
use crate::ty::{NamedTy, Ty};

impl Checker<'_> {
    /// Finds out what all declared types stand for.
    pub(super) fn resolve_types(&mut self) {
        let groups = self.type_groups();
        let mut bodies = Vec::new();
        for id in groups.iter().flatten() {
            let slot = &mut self.types.slots[*id];
            if slot.recursive {
                let def = bodies.len();
                let name = slot.decl.name.name.clone();
                let ty = self.types.named.named(u32::try_from(def).unwrap_or(u32::MAX), &name);
                slot.info = Some(TypeInfo { ty, shape: Shape::Json(Spec::Ref { def }), text: 0 });
                bodies.push(NamedTy { name, ty: Ty::Error });
                self.types.defs.push(Spec::Bool);
            }
        }
        let mut def = 0;
        let mut ends = vec![false; bodies.len()];
        for (number, group) in groups.iter().enumerate() {
            group.iter().for_each(|id| self.types.slots[*id].group = Some(number));
            let first = def;
            for id in group {
                let slot = &self.types.slots[*id];
                let (decl, module, recursive) = (slot.decl, slot.module, slot.recursive);
                if !recursive && slot.info.is_some() {
                    continue;
                }
                let info = self.within(module, |c| c.resolve(&decl.ty));
                if recursive {
                    bodies[def].ty = info.ty.clone();
                    self.types.defs[def] = info.inner().unwrap_or(Spec::Bool);
                    def += 1;
                } else {
                    self.types.slots[*id].info = Some(info);
                }
            }
            self.check_ends(group, first..def, &mut ends);
        }
        self.types.named.define(bodies);
    }

    /// Reports a group of types that contain one another if a value of one of them never ends.
    fn check_ends(&mut self, group: &[usize], defs: std::ops::Range<usize>, ends: &mut [bool]) {
        finite(&self.types.defs, defs.clone(), ends);
        if ends[defs.clone()].iter().any(|ends| !ends) {
            let hint =
                "give it an end: make the field optional with `?`, a list that may be empty, or `| null`";
            self.report_endless(group, "has only infinite values", hint);
            ends[defs].fill(true);
        }
    }

    pub(super) fn path_type(&mut self, path: &Path, bounds: Option<&Bounds>, span: Span) -> TypeInfo {
        let name = path.names.last().map_or("", |n| n.name.as_str());
        match self.type_name(path) {
            Some(Some(id)) => {
                self.no_bounds(name, bounds);
                self.declared_type(id, span)
            }
            Some(None) => TypeInfo::error(),
            None => self.prelude_type(path, bounds, span),
        }
    }

    fn declared_type(&mut self, id: usize, span: Span) -> TypeInfo {
        let info = self.types.slots[id].info.clone().unwrap_or_else(TypeInfo::error);
        self.types.used += info.ty.size() + info.text / 64;
        let most = self.program.limits.types_used;
        if self.types.used > most {
            let limit = Limit::TypesUsed;
            let message =
                format!("the types of this program are too large in total: more than {most} {limit}");
            let diag = Diag::new("E0211", span, message).limit(limit);
            self.report(diag.hint("use large types less often"));
            return TypeInfo::error();
        }
        info
    }

    fn prelude_type(&mut self, path: &Path, bounds: Option<&Bounds>, span: Span) -> TypeInfo {
        let Some(Ident { name, span: place }) = path.names.last() else { return TypeInfo::error() };
        let name = name.as_str();
        match name {
            "str" => {
                let (min, max) = self.sizes(bounds);
                return TypeInfo::plain(Ty::Str, Spec::Text { min: min.unwrap_or(0), max });
            }
            "int" => return self.int_type(bounds),
            "float" => return self.float_type(bounds),
            _ => self.no_bounds(name, bounds),
        }
        match name {
            "bool" => return TypeInfo::plain(Ty::Bool, Spec::Bool),
            "json" => return TypeInfo { ty: Ty::Any, shape: Shape::Json(Spec::Json), text: 0 },
            _ => {}
        }
        if let Ok(at) = builtin::ALIASES.binary_search_by(|(alias, _)| (*alias).cmp(name)) {
            let pattern = builtin::ALIASES[at].1.to_owned();
            return TypeInfo::plain(Ty::Str, Spec::Regex { pattern });
        }
        self.unknown_type(name, *place, span);
        TypeInfo::error()
    }

    /// `calm | angry`, where two names or more are no types: texts without their quotes, reported once.
    pub(super) fn bare_words(&mut self, members: &[Type]) -> bool {
        let unknown: Vec<&Path> = members.iter().filter_map(|member| self.unknown_word(member)).collect();
        let [first, _, ..] = unknown.as_slice() else { return false };
        let name = first.names.first().map_or("", |name| name.name.as_str());
        let texts: Vec<String> =
            unknown.iter().flat_map(|p| &p.names).map(|n| format!("\"{}\"", n.name)).collect();
        let diag = Diag::new("E0101", first.span, format!("there is no type `{name}`"));
        self.report(diag.hint(format!("texts go in quotes: {}", texts.join(" | "))));
        true
    }

    /// A member of a union that is a single word and surely no type, here or in another language.
    pub(super) fn unknown_word<'t>(&self, member: &'t Type) -> Option<&'t Path> {
        let TypeKind::Name(path, None) = &member.kind else { return None };
        let [name] = path.names.as_slice() else { return None };
        let name = name.name.as_str();
        let known = self.type_named(path).is_some()
            || builtin::TYPES.contains(&name)
            || builtin::ALIASES.iter().any(|(alias, _)| *alias == name)
            || foreign_type(name).is_some();
        (!known && !self.is_lost(name)).then_some(path)
    }

    fn unknown_type(&mut self, name: &str, place: Span, span: Span) {
        if self.is_lost(name) {
            self.findings.hidden = true;
            return;
        }
        let names = self.program.names;
        let declared = names.file(self.module).into_iter().flat_map(|file| file.type_names());
        let known =
            declared.chain(builtin::TYPES.iter().copied()).chain(builtin::ALIASES.iter().map(|a| a.0));
        let nearest = self.nearest(name, known);
        let near = nearest.clone();
        let hint = match (foreign_type(name), nearest) {
            _ if names.unknown_at(place).is_some_and(|unknown| unknown.is_value) => {
                format!(
                    "`{name}` is a value: declare a type, as in type Label = \"a\" | \"b\", or generate one_of({name})"
                )
            }
            (Some(hint), _) => hint.to_owned(),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => format!("declare it: type {name} = …"),
        };
        let diag = Diag::new("E0101", span, format!("there is no type `{name}`"));
        let diag = match own_word(name).filter(|word| hint.starts_with(&format!("write `{word}`"))) {
            Some(word) => diag.fixed(span, word),
            None => {
                diag.perhaps(span, near.as_deref().filter(|near| hint.ends_with(&format!("mean `{near}`?"))))
            }
        };
        self.report(diag.hint(hint));
    }

    /// The types by name that a spec is made of, directly or through others, each once.
    pub(super) fn named_by(&self, spec: &Spec) -> Vec<usize> {
        let mut seen: HashSet<usize> = HashSet::new();
        let mut order: Vec<usize> = Vec::new();
        let mut note = |def: usize, order: &mut Vec<usize>| {
            if seen.insert(def) {
                order.push(def);
            }
        };
        each_ref(spec, &mut |def| note(def, &mut order));
        let mut next = 0;
        while let Some(def) = order.get(next).and_then(|def| self.types.defs.get(*def)) {
            each_ref(def, &mut |def| note(def, &mut order));
            next += 1;
        }
        order
    }

    /// A spec with the definitions of all that it names, directly or through others.
    pub(super) fn closed(&mut self, spec: Spec, span: Span) -> Option<Spec> {
        let order = self.named_by(&spec);
        let numbers: HashMap<usize, usize> = order.iter().enumerate().map(|(at, def)| (*def, at)).collect();
        let sizes =
            order.iter().map(|def| self.types.named.list().get(*def).map_or(0, |named| named.ty.size()));
        let size: usize = sizes.sum();
        let most = self.program.limits.type_parts;
        if size > most {
            self.too_large(Limit::TypeParts, most, span);
            return None;
        }
        if order.is_empty() {
            return self.not_too_deep(spec, span);
        }
        let defs =
            order.iter().filter_map(|def| self.types.defs.get(*def)).map(|s| renumbered(s.clone(), &numbers));
        let defs = defs.collect();
        self.not_too_deep(Spec::Defs { defs, root: Box::new(renumbered(spec, &numbers)) }, span)
    }

    /// A spec, unless it has too many levels to be written down: types of texts have some that the types of their values
    /// do not have.
    pub(super) fn not_too_deep(&mut self, spec: Spec, span: Span) -> Option<Spec> {
        let most = crate::ir::SPEC_LEVELS;
        if levels(&spec) <= most {
            return Some(spec);
        }
        self.too_large(Limit::TypeLevels, most, span);
        None
    }
}

/// Levels of a spec in JSON.
fn levels(spec: &Spec) -> usize {
    let own = match spec {
        Spec::Template { .. } | Spec::Object { .. } | Spec::Grammar { .. } => 3,
        Spec::Union { .. } | Spec::And { .. } | Spec::Defs { .. } | Spec::Having { .. } => 2,
        _ => 1,
    };
    own + spec.parts().into_iter().map(levels).max().unwrap_or(0)
}

/// A spec with other numbers for what it names.
fn renumbered(spec: Spec, numbers: &HashMap<usize, usize>) -> Spec {
    let inner = |spec: Box<Spec>| Box::new(renumbered(*spec, numbers));
    match spec {
        Spec::Ref { def } => Spec::Ref { def: numbers.get(&def).copied().unwrap_or(def) },
        Spec::Union { members } => {
            Spec::Union { members: members.into_iter().map(|m| renumbered(m, numbers)).collect() }
        }
        Spec::JsonOf { value } => Spec::JsonOf { value: inner(value) },
        Spec::Map { value } => Spec::Map { value: inner(value) },
        Spec::Array { item, min, max } => Spec::Array { item: inner(item), min, max },
        Spec::Object { mut fields } => {
            for field in &mut fields {
                let value = std::mem::replace(&mut field.value, Spec::Bool);
                field.value = renumbered(value, numbers);
            }
            Spec::Object { fields }
        }
        other => other,
    }
}
