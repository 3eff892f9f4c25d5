//! Members of unions, and options of selections, that are never chosen or add nothing.

use std::collections::HashSet;
use std::ops::Range;

use agentc_constraint::SharedSpec;
use agentc_constraint::spec::{Bindings, Spec, Stop};

use super::constraint::{Constraints, Finding, Known, until};
use super::stops::{are_texts, contains_stop, quoted_stops};

impl Constraints<'_> {
    /// The first member of a union that can never be chosen, or adds nothing to another. `json` says that
    /// texts are quoted, so that stops are not about them as they stand.
    pub(super) fn members(&mut self, known: &Known, json: bool) -> Option<Finding> {
        let mut unions = Vec::new();
        collect_unions(known.value().spec(), &known.bindings, &mut unions);
        unions.iter().find_map(|members| self.useless_member(members, known, json))
    }

    fn useless_member(&mut self, members: &[Spec], known: &Known, json: bool) -> Option<Finding> {
        if let Some(member) = repeated(members) {
            let message = format!("{} is listed twice", shown(member));
            return Some(Finding::new("W0303", message, "remove one of the two"));
        }
        if !known.stops().is_empty()
            && !json
            && let Some((member, at)) = members.iter().find_map(|m| Some((m, self.stopped_by(m, known)?)))
        {
            let stops = quoted_stops(known.stops().get(at.clone()).unwrap_or_default());
            let message = format!("{} can never be chosen: it contains {stops}", shown(member));
            let hint = "remove it, or use a stop that does not occur in it";
            let finding = Finding::new("W0303", message, hint);
            return Some(match known.origins.get(at.start) {
                Some(origin) if at.len() == 1 => finding.of_stop(*origin),
                _ => finding.of_stops(),
            });
        }
        let (inner, outer) = self.included(members, &known.bindings)?;
        let message = format!("{} adds nothing: {} allows it too", shown(&inner), shown(&outer));
        Some(Finding::new("W0304", message, "leave it out; the model can still write it"))
    }

    /// The stops because of which no value of a member can be complete: one where one is enough, or all.
    fn stopped_by(&mut self, member: &Spec, known: &Known) -> Option<Range<usize>> {
        let one = |at: usize| at..at + 1;
        if let Spec::Literal { text } = member
            && are_texts(known.stops())
        {
            return known.stops().iter().position(|stop| contains_stop(text, stop)).map(one);
        }
        let mut are_enough = |stops: &[Stop]| {
            let stopped = self.share(until(member, stops));
            self.is_empty(&stopped, &known.bindings)
        };
        if !are_enough(known.stops()) {
            return None;
        }
        let alone = known.stops().iter().position(|stop| are_enough(std::slice::from_ref(stop))).map(one);
        Some(alone.unwrap_or(0..known.stops().len()))
    }

    /// A member that is included in another one of its kind.
    fn included(&mut self, members: &[Spec], bindings: &Bindings) -> Option<(Spec, Spec)> {
        let (compared, fuel) = (self.limits.compared, self.limits.question);
        let members: Vec<SharedSpec> =
            members.iter().take(compared).map(|member| self.share(member.clone())).collect();
        for outer in members.iter().filter(|member| !is_single(member.spec())) {
            let Ok(pattern) = self.build(outer, bindings) else { continue };
            let others = members.iter().filter(|inner| *inner != outer && alike(inner.spec(), outer.spec()));
            for inner in others {
                let Ok(other) = self.build(inner, bindings) else { continue };
                if pattern.includes(&other, fuel) == Some(true) {
                    return Some((inner.spec().clone(), outer.spec().clone()));
                }
            }
        }
        None
    }
}

/// The members of each union in a spec, unions in unions taken apart and constant lists written out.
fn collect_unions(spec: &Spec, bindings: &Bindings, out: &mut Vec<Vec<Spec>>) {
    match spec {
        Spec::Union { .. } | Spec::OneOf { .. } => {
            let mut members = Vec::new();
            flatten(spec, bindings, &mut members);
            members.iter().for_each(|member| collect_unions(member, bindings, out));
            out.push(members);
        }
        Spec::JsonOf { value } | Spec::Flexible { value } | Spec::Map { value } => {
            collect_unions(value, bindings, out);
        }
        Spec::Array { item, .. } => collect_unions(item, bindings, out),
        Spec::Object { fields } => fields.iter().for_each(|f| collect_unions(&f.value, bindings, out)),
        Spec::Defs { defs, root } => {
            defs.iter().chain([&**root]).for_each(|spec| collect_unions(spec, bindings, out));
        }
        _ => {}
    }
}

/// The first member that is there already. Lists of texts may be long; other members are few.
fn repeated(members: &[Spec]) -> Option<&Spec> {
    let (mut texts, mut others): (HashSet<&str>, Vec<&Spec>) = (HashSet::new(), Vec::new());
    members.iter().find(|member| match member {
        Spec::Literal { text } => !texts.insert(text),
        other if others.contains(other) => true,
        other => {
            others.push(other);
            false
        }
    })
}

fn flatten(spec: &Spec, bindings: &Bindings, out: &mut Vec<Spec>) {
    match spec {
        Spec::Union { members } => members.iter().for_each(|member| flatten(member, bindings, out)),
        Spec::OneOf { hole } => {
            let texts = bindings.get(*hole).into_iter().flatten();
            out.extend(texts.map(|text| Spec::Literal { text: text.clone() }));
        }
        other => out.push(other.clone()),
    }
}

/// Whether a spec has one value only.
fn is_single(spec: &Spec) -> bool {
    matches!(spec, Spec::Literal { .. })
}

/// Whether two specs give values of one plain type, so that one may stand for the other.
fn alike(a: &Spec, b: &Spec) -> bool {
    let text = |spec: &Spec| matches!(spec, Spec::Literal { .. } | Spec::Regex { .. } | Spec::Text { .. });
    (text(a) && text(b)) || std::mem::discriminant(a) == std::mem::discriminant(b)
}

/// A member as its author knows it.
fn shown(spec: &Spec) -> String {
    match spec {
        Spec::Literal { text } => format!("{text:?}"),
        Spec::Regex { pattern } => format!("`/{pattern}/`"),
        Spec::Text { min, max } => bounded("str", Some(min).filter(|min| **min > 0), max.as_ref()),
        Spec::Int { min, max } => bounded("int", min.as_ref(), max.as_ref()),
        Spec::Float { min, max } => bounded("float", min.as_ref(), max.as_ref()),
        Spec::Bool => "`bool`".to_owned(),
        _ => "a member of this union".to_owned(),
    }
}

fn bounded<T: std::fmt::Display>(name: &str, min: Option<T>, max: Option<T>) -> String {
    let shown = |bound: &Option<T>| bound.as_ref().map_or(String::new(), T::to_string);
    match (&min, &max) {
        (None, None) => format!("`{name}`"),
        _ => format!("`{name}({}..{})`", shown(&min), shown(&max)),
    }
}
