//! What the engine knows about the types of generations: impossible values and lengths.
//! [`stops`](super::stops) and [`members`](super::members) use what it knows about stops and unions.

use std::collections::HashMap;

use agentc_constraint::spec::{Bindings, Spec, Stop};
use agentc_constraint::{BuildError, Limits, Pattern, build};

use super::Lint;
use super::stops::quoted_stops;
use super::walk::each_gen;
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, Gen, Hir, StmtKind};
use crate::ir::{Const, GenOption};
use crate::source::Span;

/// Steps that one question may look at: a few milliseconds at worst.
pub(super) const FUEL: usize = 40_000;

/// Bytes of the longest token that a vocabulary is expected to have; known ones have up to 256.
const LONGEST_TOKEN: usize = 512;

/// What the engine says about types, kept for each one.
pub(super) struct Constraints {
    limits: Limits,
    patterns: HashMap<String, Result<Pattern, BuildError>>,
    findings: HashMap<String, Vec<Finding>>,
    /// Whether values may never end by themselves, by what they are generated as.
    endless: HashMap<String, bool>,
}

/// Something about a type with its stops, wherever it is generated.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    code: &'static str,
    message: String,
    hint: String,
    about: About,
}

/// What of a generation a finding is about.
#[derive(Debug, Clone, Copy)]
enum About {
    All,
    Stops,
    /// The stop of this number.
    Stop(usize),
}

impl Finding {
    pub(super) fn new(code: &'static str, message: String, hint: &str) -> Finding {
        Finding { code, message, hint: hint.to_owned(), about: About::All }
    }

    /// The same about all stops together.
    pub(super) fn of_stops(self) -> Finding {
        Finding { about: About::Stops, ..self }
    }

    /// The same about one stop, by its number among those of the generation.
    pub(super) fn of_stop(self, stop: usize) -> Finding {
        Finding { about: About::Stop(stop), ..self }
    }

    /// The place that it is about.
    fn place(&self, generation: &Gen) -> Span {
        let places = generation.stops.as_slice();
        let found = match self.about {
            About::All => None,
            About::Stop(stop) => places.get(stop).copied(),
            About::Stops => places.iter().copied().reduce(Span::to),
        };
        found.unwrap_or(generation.span)
    }
}

impl Constraints {
    pub(super) fn new(limits: Limits) -> Constraints {
        Constraints { limits, patterns: HashMap::new(), findings: HashMap::new(), endless: HashMap::new() }
    }

    /// The pattern of a spec.
    pub(super) fn build(&mut self, spec: &Spec, bindings: &Bindings) -> Result<Pattern, BuildError> {
        let Constraints { limits, patterns, .. } = self;
        let key = format!("{spec:?} {bindings:?}");
        patterns.entry(key).or_insert_with(|| build(spec, bindings, limits)).clone()
    }

    /// Whether nothing satisfies a spec; `false` where that is not known.
    pub(super) fn is_empty(&mut self, spec: &Spec, bindings: &Bindings) -> bool {
        matches!(self.build(spec, bindings), Err(BuildError::Empty { .. }))
    }

    fn findings(&mut self, known: &Known, json: bool) -> Vec<Finding> {
        let key = format!("{known:?} {json}");
        if let Some(found) = self.findings.get(&key) {
            return found.clone();
        }
        let found: Vec<Finding> = match self.build(&known.with_stops(&known.value), &known.bindings) {
            Ok(pattern) => {
                [self.stops(known, &pattern), self.members(known, json)].into_iter().flatten().collect()
            }
            Err(BuildError::Empty { .. }) => vec![self.impossible(known)],
            Err(error @ BuildError::TooLarge { .. }) => {
                let hint = error.hint().unwrap_or_else(|| "use a smaller type".to_owned());
                vec![Finding::new("E0403", error.to_string(), &hint)]
            }
            // Said elsewhere, or for a later version.
            Err(_) => Vec::new(),
        };
        self.findings.insert(key, found.clone());
        found
    }

    fn impossible(&mut self, known: &Known) -> Finding {
        if self.is_empty(&known.value, &known.bindings) {
            let message = "no text satisfies this type".to_owned();
            return Finding::new("E0402", message, "widen the type so that at least one value is possible");
        }
        let stops = quoted_stops(&known.stops);
        let message = format!("no value is possible: every one that the type allows contains {stops}");
        let hint = "use another stop, or leave it out: a value also ends when its type is complete";
        Finding::new("E0402", message, hint).of_stops()
    }
}

/// A generation whose run-time values are known.
#[derive(Debug)]
pub(super) struct Known {
    /// What may be written before a stop.
    pub(super) value: Spec,
    /// Without holes.
    pub(super) stops: Vec<Stop>,
    /// The number of each of them among those of the generation.
    pub(super) origins: Vec<usize>,
    /// The values of holes; empty for those of stops.
    pub(super) bindings: Bindings,
}

impl Known {
    /// Another value before the same stops.
    pub(super) fn with_stops(&self, value: &Spec) -> Spec {
        until(value, &self.stops)
    }
}

/// A value before stops, if there are any.
pub(super) fn until(value: &Spec, stops: &[Stop]) -> Spec {
    match stops {
        [] => value.clone(),
        stops => Spec::Until { value: Box::new(value.clone()), stops: stops.to_vec() },
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
        for finding in self.constraints.findings(&known, generation.json) {
            let place = finding.place(generation);
            let Finding { code, message, hint, .. } = finding;
            self.report(Diag::new(code, place, message).hint(hint));
        }
        self.lengths(generation, &known);
    }

    /// Bounds in tokens that the values of the type cannot keep.
    fn lengths(&mut self, generation: &Gen, known: &Known) {
        let (min, max) = (option(generation, GenOption::Min), option(generation, GenOption::Max));
        let spec = known.with_stops(&known.value);
        let Ok(pattern) = self.constraints.build(&spec, &known.bindings) else { return };
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
            && max.is_none_or(|(max, _)| min <= max)
            && let Some(most) = pattern.sizes(FUEL).and_then(|sizes| sizes.bytes.most)
            && most < min
        {
            let message = format!("`{name}` has at most {most} bytes, and so never {min} tokens");
            let hint = "leave `min` out: the type says how long a value is";
            self.report(Diag::new("E0407", span, message).hint(hint));
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
            _ => self.may_never_end(generation),
        }
    }

    fn may_never_end(&mut self, generation: &Gen) -> bool {
        let Some(known) = known(self.hir, generation) else { return false };
        let key = format!("{known:?}");
        if let Some(answer) = self.constraints.endless.get(&key) {
            return *answer;
        }
        let pattern = self.constraints.build(&known.with_stops(&known.value), &known.bindings).ok();
        let answer = pattern.and_then(|pattern| pattern.may_never_end(FUEL)) == Some(true);
        self.constraints.endless.insert(key, answer);
        answer
    }
}

/// An int option with a literal value.
fn option(generation: &Gen, wanted: GenOption) -> Option<(usize, Span)> {
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
    let stops = stops.into_iter().enumerate().flat_map(|(origin, stop)| {
        let stops = match stop {
            Stop::Hole { hole } => {
                let texts = texts.get(hole).cloned().flatten().unwrap_or_default();
                texts.into_iter().map(|text| Stop::Text { text }).collect()
            }
            other => vec![other],
        };
        stops.into_iter().map(move |stop| (origin, stop))
    });
    let (origins, stops) = stops.unzip();
    let bindings = texts.iter().cloned().map(Option::unwrap_or_default).collect();
    Some(Known { value, stops, origins, bindings })
}

/// The holes of a spec, stops aside.
fn holes(spec: &Spec) -> Vec<usize> {
    match spec {
        Spec::OneOf { hole } | Spec::Copy { hole } => vec![*hole],
        Spec::Union { members } => members.iter().flat_map(holes).collect(),
        Spec::JsonOf { value }
        | Spec::Flexible { value }
        | Spec::Map { value }
        | Spec::Until { value, .. } => holes(value),
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
