//! What the engine knows about the types of generations: values that cannot be, stops that do nothing,
//! options that are never chosen.

use std::collections::HashMap;

use agentc_constraint::spec::{Bindings, Spec, Stop};
use agentc_constraint::{BuildError, Limits, Pattern, build};

use super::Lint;
use super::walk::each_gen;
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, Gen, Hir, StmtKind};
use crate::ir::{Const, GenOption};

/// States that one question may visit: a few milliseconds at worst.
const FUEL: usize = 2_000;

/// Members of a union that are compared with each other.
const MEMBERS: usize = 64;

/// Bytes of the longest token that a vocabulary is expected to have; known ones have up to 256.
const LONGEST_TOKEN: usize = 512;

/// Patterns that were built, by what they were built from.
pub(super) struct Constraints {
    limits: Limits,
    known: HashMap<String, Result<Pattern, BuildError>>,
}

impl Constraints {
    pub(super) fn new(limits: Limits) -> Constraints {
        Constraints { limits, known: HashMap::new() }
    }

    /// The pattern of a spec.
    fn build(&mut self, spec: &Spec, bindings: &Bindings) -> Result<Pattern, BuildError> {
        let key = format!("{spec:?} {bindings:?}");
        let Constraints { limits, known } = self;
        known.entry(key).or_insert_with(|| build(spec, bindings, limits)).clone()
    }

    /// Whether nothing satisfies a spec; `false` where that is not known.
    fn is_empty(&mut self, spec: &Spec, bindings: &Bindings) -> bool {
        matches!(self.build(spec, bindings), Err(BuildError::Empty { .. }))
    }
}

/// A generation whose run-time values are known.
struct Known {
    /// Without stops.
    value: Spec,
    stops: Vec<Stop>,
    bindings: Bindings,
}

impl Known {
    fn with_stops(&self, value: &Spec) -> Spec {
        match self.stops.is_empty() {
            true => value.clone(),
            false => Spec::Until { value: Box::new(value.clone()), stops: self.stops.clone() },
        }
    }
}

impl Lint<'_> {
    /// Every generation's type, stops and bounds.
    pub(super) fn constraints(&mut self) {
        let hir = self.hir;
        for func in &hir.funcs {
            let mut gens = Vec::new();
            each_gen(&func.body, |generation| gens.push(generation));
            for generation in gens.into_iter().filter(|generation| !generation.call) {
                self.constraint(generation);
            }
        }
    }

    fn constraint(&mut self, generation: &Gen) {
        let Some(known) = known(self.hir, generation) else { return };
        match self.constraints.build(&known.with_stops(&known.value), &known.bindings) {
            Ok(pattern) => {
                self.stops(generation, &known, &pattern);
                self.members(generation, &known);
                self.lengths(generation, &pattern);
            }
            Err(BuildError::Empty { .. }) => self.impossible(generation, &known),
            Err(error @ BuildError::TooLarge { .. }) => {
                let diag = Diag::new("E0403", generation.span, error.to_string());
                let hint = error.hint().unwrap_or_else(|| "use a smaller type".to_owned());
                self.report(diag.hint(hint));
            }
            // Said elsewhere, or for a later version.
            Err(_) => {}
        }
    }

    fn impossible(&mut self, generation: &Gen, known: &Known) {
        let name = &generation.name;
        let by_stops = !self.constraints.is_empty(&known.value, &known.bindings);
        let (message, hint) = if by_stops {
            let stops = quoted_stops(&known.stops);
            let message = format!("`{name}` has no value: each one that its type allows contains {stops}");
            (message, "use another stop, or leave it out: a value also ends where its type is complete")
        } else {
            let message = format!("`{name}` has no value: no text satisfies its type");
            (message, "widen the type so that at least one value is possible")
        };
        self.report(Diag::new("E0402", generation.span, message).hint(hint));
    }

    fn stops(&mut self, generation: &Gen, known: &Known, pattern: &Pattern) {
        if known.stops.is_empty() {
            return;
        }
        let name = &generation.name;
        if let Some((stop, shorter)) = shadowed(&known.stops) {
            let message =
                format!("the stop {stop:?} never comes to effect: {shorter:?} ends the text before");
            let hint = format!("leave out {stop:?}");
            return self.report(Diag::new("W0302", generation.span, message).hint(hint));
        }
        let Ok(value) = self.constraints.build(&known.value, &known.bindings) else { return };
        if pattern.has_text(FUEL) == Some(false) && value.has_text(FUEL) == Some(true) {
            let stops = quoted_stops(&known.stops);
            let message = format!("`{name}` is always empty: {stops} ends every value where it begins");
            let hint = "use a stop with which no value begins";
            return self.report(Diag::new("W0301", generation.span, message).hint(hint));
        }
        let absent = |stop: &Stop| value.can_contain(stop, FUEL) == Some(false);
        if value.ends_by_itself(FUEL) == Some(true) && known.stops.iter().all(absent) {
            let stops = quoted_stops(&known.stops);
            let message = format!("{stops} has no effect: `{name}` ends by itself wherever it is complete");
            let hint = "leave the stop out";
            self.report(Diag::new("W0302", generation.span, message).hint(hint));
        }
    }

    /// Members of a union that add nothing.
    fn members(&mut self, generation: &Gen, known: &Known) {
        let mut unions = Vec::new();
        collect_unions(&known.value, &known.bindings, &mut unions);
        let plain = !generation.json;
        for members in unions {
            if let Some(message) = self.useless_member(&members, known, plain) {
                let diag = Diag::new(message.0, generation.span, message.1);
                return self.report(diag.hint(message.2));
            }
        }
    }

    /// The first member of a union that can never be chosen, or adds nothing to another.
    fn useless_member(
        &mut self,
        members: &[Spec],
        known: &Known,
        plain: bool,
    ) -> Option<(&'static str, String, &'static str)> {
        let twice = members.iter().enumerate().find(|(at, member)| members[..*at].contains(member));
        if let Some((_, member)) = twice {
            let message = format!("{} is there twice", shown(member));
            return Some(("W0303", message, "remove one of the two"));
        }
        let stopped = |lint: &mut Self, member: &Spec| match (member, plain) {
            (_, false) => false,
            (Spec::Literal { text }, true) => contains_stop(text, &known.stops),
            (other, true) => lint.constraints.is_empty(&known.with_stops(other), &known.bindings),
        };
        if let Some(member) = members.iter().filter(|_| !known.stops.is_empty()).find(|m| stopped(self, m)) {
            let stops = quoted_stops(&known.stops);
            let message = format!("{} can never be chosen: it contains {stops}", shown(member));
            return Some(("W0303", message, "take it out, or use a stop that is no part of it"));
        }
        let (inner, outer) = self.included(members, &known.bindings)?;
        let message = format!("{} adds nothing: {} allows it too", shown(&inner), shown(&outer));
        Some(("W0304", message, "leave it out; the model then still can write it"))
    }

    /// A member that is included in another one of its kind.
    fn included(&mut self, members: &[Spec], bindings: &Bindings) -> Option<(Spec, Spec)> {
        let members = members.get(..members.len().min(MEMBERS))?;
        for outer in members.iter().filter(|member| !is_single(member)) {
            let Ok(pattern) = self.constraints.build(outer, bindings) else { continue };
            for inner in members.iter().filter(|inner| *inner != outer && alike(inner, outer)) {
                let Ok(other) = self.constraints.build(inner, bindings) else { continue };
                if pattern.includes(&other, FUEL) == Some(true) {
                    return Some((inner.clone(), outer.clone()));
                }
            }
        }
        None
    }

    /// Bounds in tokens that the values of the type cannot keep.
    fn lengths(&mut self, generation: &Gen, pattern: &Pattern) {
        let (min, max) = (option(generation, GenOption::Min), option(generation, GenOption::Max));
        let name = &generation.name;
        if let Some((max, span)) = max
            && pattern.shortest().len() > max.saturating_mul(LONGEST_TOKEN)
        {
            let shortest = pattern.shortest().len();
            let message =
                format!("`{name}` has at least {shortest} bytes, which do not fit into {max} tokens");
            let hint = format!("a token has a few bytes: give `max` about {}", shortest / 3);
            self.report(Diag::new("W0305", span, message).hint(hint));
        }
        if let Some((min, span)) = min
            && let Some(most) = pattern.sizes(FUEL).and_then(|sizes| sizes.bytes.most)
            && most < min
        {
            let message = format!("`{name}` has at most {most} bytes, and so never {min} tokens");
            let hint = "leave `min` out: the type says how long a value is";
            self.report(Diag::new("W0306", span, message).hint(hint));
        }
    }

    /// What a generation may write, where that is known before the run.
    pub(super) fn pattern_of(&mut self, generation: &Gen) -> Option<Pattern> {
        let known = known(self.hir, generation)?;
        self.constraints.build(&known.with_stops(&known.value), &known.bindings).ok()
    }

    /// Whether only a stop, `max` or the model's end of text ends a generation: it has none of the first two.
    pub(super) fn is_endless(&mut self, generation: &Gen) -> bool {
        let bounded = generation.options.iter().any(|(option, _)| *option == GenOption::Max);
        if bounded || generation.json || matches!(generation.spec, Spec::Until { .. }) {
            return false;
        }
        let text = |spec: &Spec| matches!(spec, Spec::Text { max: None, .. });
        match &generation.spec {
            spec if text(spec) => true,
            Spec::Union { members } if members.iter().any(text) => true,
            _ => self.pattern_of(generation).and_then(|p| p.may_never_end(FUEL)) == Some(true),
        }
    }
}

/// An int option with a literal value.
fn option(generation: &Gen, wanted: GenOption) -> Option<(usize, crate::source::Span)> {
    let (_, value) = generation.options.iter().find(|(option, _)| *option == wanted)?;
    match value.kind {
        ExprKind::Const(Const::Int(n)) => Some((usize::try_from(n).ok()?, value.span)),
        _ => None,
    }
}

/// The parts of a generation's spec; `None` if a run-time value decides what may be written. Stops that are
/// only known at run time are left out: without them there are only more values.
fn known(hir: &Hir, generation: &Gen) -> Option<Known> {
    let (value, stops) = match &generation.spec {
        Spec::Until { value, stops } => ((**value).clone(), stops.clone()),
        other => (other.clone(), Vec::new()),
    };
    let texts: Vec<Option<Vec<String>>> =
        generation.bindings.iter().map(|e| constant_texts(hir, e)).collect();
    let is_known = |hole: &usize| texts.get(*hole).is_some_and(Option::is_some);
    if !holes(&value).iter().all(is_known) {
        return None;
    }
    let stops = stops.into_iter().filter(|stop| match stop {
        Stop::Hole { hole } => is_known(hole),
        Stop::Text { .. } | Stop::Regex { .. } => true,
    });
    let stops = stops.flat_map(|stop| match stop {
        Stop::Hole { hole } => {
            let texts = texts.get(hole).cloned().flatten().unwrap_or_default();
            texts.into_iter().map(|text| Stop::Text { text }).collect()
        }
        other => vec![other],
    });
    let stops = stops.collect();
    Some(Known { value, stops, bindings: texts.into_iter().map(Option::unwrap_or_default).collect() })
}

/// The holes of a spec, stops aside.
fn holes(spec: &Spec) -> Vec<usize> {
    match spec {
        Spec::OneOf { hole } | Spec::Copy { hole } => vec![*hole],
        Spec::Union { members } => members.iter().flat_map(holes).collect(),
        Spec::JsonOf { value } | Spec::Map { value } | Spec::Until { value, .. } => holes(value),
        Spec::Array { item, .. } => holes(item),
        Spec::Object { fields } => fields.iter().flat_map(|field| holes(&field.value)).collect(),
        Spec::Defs { defs, root } => defs.iter().chain([&**root]).flat_map(holes).collect(),
        _ => Vec::new(),
    }
}

/// The texts of a constant str or list of them.
fn constant_texts(hir: &Hir, value: &Expr) -> Option<Vec<String>> {
    match &value.kind {
        ExprKind::Const(Const::Str(text)) => Some(vec![text.clone()]),
        ExprKind::Const(Const::List(items)) => items.iter().map(constant_text).collect(),
        ExprKind::List(items) => items
            .iter()
            .map(|item| match &item.kind {
                ExprKind::Const(item) => constant_text(item),
                _ => None,
            })
            .collect(),
        // A constant of the program.
        ExprKind::Call(id, args) if args.is_empty() => match hir.funcs.get(*id as usize)?.body.as_slice() {
            [only] => match &only.kind {
                StmtKind::Return(Some(value)) if !matches!(value.kind, ExprKind::Call(..)) => {
                    constant_texts(hir, value)
                }
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn constant_text(value: &Const) -> Option<String> {
    match value {
        Const::Str(text) => Some(text.clone()),
        _ => None,
    }
}

/// A stop, and another one that ends the text before it can be complete: inside it, or equal to it.
fn shadowed(stops: &[Stop]) -> Option<(&str, &str)> {
    let texts: Vec<&str> = stops
        .iter()
        .filter_map(|stop| match stop {
            Stop::Text { text } if !text.is_empty() => Some(text.as_str()),
            _ => None,
        })
        .collect();
    for (at, stop) in texts.iter().enumerate() {
        let mut ends = stop.char_indices();
        let inside = ends.next_back().map_or("", |(last, _)| &stop[..last]);
        let earlier = texts[..at].iter().find(|other| *other == stop);
        if let Some(other) = texts.iter().find(|other| inside.contains(**other)).or(earlier) {
            return Some((stop, other));
        }
    }
    None
}

fn contains_stop(text: &str, stops: &[Stop]) -> bool {
    stops
        .iter()
        .any(|stop| matches!(stop, Stop::Text { text: stop } if !stop.is_empty() && text.contains(stop)))
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
        Spec::JsonOf { value } | Spec::Map { value } => collect_unions(value, bindings, out),
        Spec::Array { item, .. } => collect_unions(item, bindings, out),
        Spec::Object { fields } => fields.iter().for_each(|f| collect_unions(&f.value, bindings, out)),
        Spec::Defs { defs, root } => {
            defs.iter().chain([&**root]).for_each(|spec| collect_unions(spec, bindings, out));
        }
        _ => {}
    }
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

fn quoted_stops(stops: &[Stop]) -> String {
    let one = |stop: &Stop| match stop {
        Stop::Text { text } => format!("{text:?}"),
        Stop::Regex { pattern } => format!("`/{pattern}/`"),
        Stop::Hole { .. } => "…".to_owned(),
    };
    let list: Vec<String> = stops.iter().map(one).collect();
    match list.as_slice() {
        [only] => format!("the stop {only}"),
        _ => format!("one of the stops {}", list.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(texts: &[&str]) -> Vec<Stop> {
        texts.iter().map(|text| Stop::Text { text: (*text).to_owned() }).collect()
    }

    #[test]
    fn a_stop_within_another_ends_first_unless_they_end_together() {
        assert_eq!(shadowed(&stops(&["\n\n", "\n"])), Some(("\n\n", "\n")));
        assert_eq!(shadowed(&stops(&["a", "b", "a"])), Some(("a", "a")));
        assert_eq!(shadowed(&stops(&["xay", "a"])), Some(("xay", "a")));
        // Of two that end at once the one that began first counts.
        assert_eq!(shadowed(&stops(&["END.", "."])), None);
        assert_eq!(shadowed(&stops(&["é", "aé"])), None);
    }
}
