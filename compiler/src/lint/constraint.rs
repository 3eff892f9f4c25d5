//! What the engine knows about the types of generations: impossible values and lengths.
//! [`stops`](super::stops) and [`members`](super::members) use what it knows about stops and unions.

use std::collections::HashMap;

use agentc_constraint::spec::{Bindings, Spec, Stop};
use agentc_constraint::{BuildError, Pattern, SharedSpec};

use super::Lint;
use super::stops::quoted_stops;
use super::walk::each_gen;
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, Gen, Hir, StmtKind};
use crate::ir::{Const, GenOption};
use crate::limits::Limits;
use crate::source::Span;
use crate::specs::Specs;

/// Bytes of the longest token that a vocabulary is expected to have; known ones have up to 256.
const LONGEST_TOKEN: usize = 512;

/// What the engine says about types, kept for each one.
pub(super) struct Constraints<'l> {
    pub(super) limits: &'l Limits,
    /// Those of the program, and parts of them that are looked at by themselves.
    specs: Specs,
    /// The patterns of specs with holes, by the values of these.
    filled: HashMap<(SharedSpec, Bindings), Result<Pattern, BuildError>>,
    /// By what is generated, and whether it is JSON.
    findings: HashMap<(Known, bool), Vec<Finding>>,
    /// Whether values may never end by themselves.
    endless: HashMap<Known, bool>,
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

impl<'l> Constraints<'l> {
    pub(super) fn new(specs: Specs, limits: &'l Limits) -> Constraints<'l> {
        let (filled, findings, endless) = (HashMap::new(), HashMap::new(), HashMap::new());
        Constraints { limits, specs, filled, findings, endless }
    }

    /// The pattern of a spec.
    pub(super) fn build(&mut self, spec: &SharedSpec, bindings: &Bindings) -> Result<Pattern, BuildError> {
        let Constraints { limits, filled, .. } = self;
        if !spec.has_holes() {
            return spec.build(&[], &limits.constraint);
        }
        let key = (spec.clone(), bindings.clone());
        filled.entry(key).or_insert_with(|| spec.build(bindings, &limits.constraint)).clone()
    }

    /// Whether nothing satisfies a spec; `false` where that is not known.
    pub(super) fn is_empty(&mut self, spec: &SharedSpec, bindings: &Bindings) -> bool {
        matches!(self.build(spec, bindings), Err(BuildError::Empty { .. }))
    }

    /// A part of a spec by itself, or a spec made of parts.
    pub(super) fn share(&mut self, spec: Spec) -> SharedSpec {
        self.specs.share(spec)
    }

    fn pattern(&mut self, known: &Known) -> Result<Pattern, BuildError> {
        self.build(&known.spec, &known.bindings)
    }

    fn findings(&mut self, known: &Known, json: bool) -> Vec<Finding> {
        let key = (known.clone(), json);
        if let Some(found) = self.findings.get(&key) {
            return found.clone();
        }
        let found: Vec<Finding> = match self.pattern(known) {
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
        if self.is_empty(&known.value(), &known.bindings) {
            let message = "no text satisfies this type".to_owned();
            return Finding::new("E0402", message, "widen the type so that at least one value is possible");
        }
        let stops = quoted_stops(known.stops());
        let message = format!("no value is possible: every one that the type allows contains {stops}");
        let hint = "use another stop, or leave it out: a value also ends when its type is complete";
        Finding::new("E0402", message, hint).of_stops()
    }
}

/// A generation whose run-time values are known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Known {
    /// What may be written. Its stops have no holes.
    pub(super) spec: SharedSpec,
    /// The number of each stop among those of the generation.
    pub(super) origins: Vec<usize>,
    /// The values of holes; none where there are no holes.
    pub(super) bindings: Bindings,
}

impl Known {
    /// What may be written before a stop.
    pub(super) fn value(&self) -> SharedSpec {
        self.spec.value()
    }

    pub(super) fn stops(&self) -> &[Stop] {
        stops(&self.spec)
    }
}

fn stops(spec: &SharedSpec) -> &[Stop] {
    match spec.spec() {
        Spec::Until { stops, .. } => stops,
        _ => &[],
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
            gens.into_iter().for_each(|generation| self.constraint(generation));
        }
    }

    fn constraint(&mut self, generation: &Gen) {
        let Some(known) = self.known(generation) else { return };
        for finding in self.constraints.findings(&known, generation.json) {
            let place = finding.place(generation);
            let Finding { code, message, hint, .. } = finding;
            let diag = Diag::new(code, place, message).hint(hint);
            // The types of a tool's parameters are not this call's choice, unless they make it impossible.
            if !generation.call || diag.is_error() {
                self.report(diag);
            }
        }
        self.lengths(generation, &known);
    }

    /// Bounds in tokens that the values of the type cannot keep.
    fn lengths(&mut self, generation: &Gen, known: &Known) {
        let (min, max) = (option(generation, GenOption::Min), option(generation, GenOption::Max));
        let Ok(pattern) = self.constraints.pattern(known) else { return };
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
            && let Some(most) = pattern.sizes(self.limits.question).and_then(|sizes| sizes.bytes.most)
            && most < min
        {
            let message = format!("`{name}` has at most {most} bytes, and so never {min} tokens");
            let hint = "leave `min` out: the type says how long a value is";
            self.report(Diag::new("E0407", span, message).hint(hint));
        }
    }

    /// What a generation may write, where that is known before the run.
    pub(super) fn pattern_of(&mut self, generation: &Gen) -> Option<Pattern> {
        let known = self.known(generation)?;
        self.constraints.pattern(&known).ok()
    }

    /// Whether only a stop, `max` or the model's end of text ends a generation: it has none of the first two.
    pub(super) fn is_endless(&mut self, generation: &Gen) -> bool {
        let bounded = generation.options.iter().any(|(option, _)| *option == GenOption::Max);
        if bounded || generation.json || !stops(&generation.spec).is_empty() {
            return false;
        }
        let text = |spec: &Spec| matches!(spec, Spec::Text { max: None, .. });
        match generation.spec.spec() {
            spec if text(spec) => true,
            Spec::Union { members } if members.iter().any(text) => true,
            _ => self.may_never_end(generation),
        }
    }

    fn may_never_end(&mut self, generation: &Gen) -> bool {
        let Some(known) = self.known(generation) else { return false };
        if let Some(answer) = self.constraints.endless.get(&known) {
            return *answer;
        }
        let pattern = self.constraints.pattern(&known).ok();
        let fuel = self.limits.question;
        let answer = pattern.and_then(|pattern| pattern.may_never_end(fuel)) == Some(true);
        self.constraints.endless.insert(known, answer);
        answer
    }

    /// What a generation may write; `None` if a run-time value decides that. Stops that are only known at run
    /// time are left out: without them there are only more values.
    fn known(&mut self, generation: &Gen) -> Option<Known> {
        let texts: Vec<Option<Vec<String>>> =
            generation.bindings.iter().map(|value| constant_texts(self.hir, value)).collect();
        let spec = &generation.spec;
        let (spec, origins) = if stops(spec).iter().any(|stop| matches!(stop, Stop::Hole { .. })) {
            let (origins, stops): (Vec<usize>, Vec<Stop>) = filled_stops(stops(spec), &texts).unzip();
            (self.constraints.share(until(spec.value().spec(), &stops)), origins)
        } else {
            (spec.clone(), (0..stops(spec).len()).collect())
        };
        let is_known = |hole: usize| texts.get(hole).is_some_and(Option::is_some);
        if !spec.has_holes() {
            return Some(Known { spec, origins, bindings: Vec::new() });
        }
        let all_known = spec.spec().holes().into_iter().all(is_known);
        let bindings = texts.into_iter().map(Option::unwrap_or_default).collect();
        all_known.then_some(Known { spec, origins, bindings })
    }
}

/// Stops with their numbers, the texts of constants in place of holes.
fn filled_stops(stops: &[Stop], texts: &[Option<Vec<String>>]) -> impl Iterator<Item = (usize, Stop)> {
    stops.iter().enumerate().flat_map(move |(origin, stop)| {
        let stops: Vec<Stop> = match stop {
            Stop::Hole { hole } => {
                let texts = texts.get(*hole).and_then(Option::as_ref).into_iter().flatten();
                texts.map(|text| Stop::Text { text: text.clone() }).collect()
            }
            other => vec![other.clone()],
        };
        stops.into_iter().map(move |stop| (origin, stop))
    })
}

/// An int option with a literal value.
fn option(generation: &Gen, wanted: GenOption) -> Option<(usize, Span)> {
    let (_, value) = generation.options.iter().find(|(option, _)| *option == wanted)?;
    match value.kind {
        ExprKind::Const(Const::Int(n)) => Some((usize::try_from(n).ok()?, value.span)),
        _ => None,
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
