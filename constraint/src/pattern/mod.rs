//! Patterns: sets of texts as byte automata, without any knowledge of tokens.
//!
//! [`build`] compiles a [`Spec`] once; whoever runs the pattern gets an automaton of its own that is
//! determinised as far as it is visited ([`lazy`]). The layers: [`number`], [`digits`], [`grammar`] and [`compile`] emit
//! instructions ([`builder`], [`class`], [`program`]), which are a byte automaton ([`nfa`]); [`left`] takes left recursion
//! out of it, [`subset`] determinises it ([`alike`] says for which bytes at once, [`bounded`] counts characters, [`few`] knows of
//! keys that run out, [`entry`] what they take), [`until`] adds stops. [`intersection`] writes products down, and
//! [`template`] also reads what holes took.

mod alike;
mod bounded;
mod builder;
pub(crate) mod bytes;
mod class;
mod compile;
pub(crate) mod cursor;
mod digits;
mod entry;
pub mod facts;
pub(crate) mod few;
pub(crate) mod frame;
mod grammar;
mod graph;
mod intern;
mod intersection;
mod json;
pub(crate) mod lazy;
mod left;
mod machine;
mod measure;
pub(crate) mod nfa;
mod number;
mod program;
mod regular;
pub(crate) mod runs;
mod schema;
pub(crate) mod stack;
pub(crate) mod subset;
mod template;
pub(crate) mod until;
mod way;
mod words;

pub use self::schema::SchemaTexts;
pub use self::template::TemplateReader;

use std::sync::Arc;

use regex_syntax::hir::Hir;

use self::bytes::ByteSet;
use self::cursor::Cursor;
use self::lazy::{Dfa, Flag};
use self::machine::Machine;
use self::nfa::NEVER;
use self::subset::Subset;
use self::until::{StopFinder, Until};
use crate::error::{BuildError, MatchError};
use crate::limits::{Limit, Limits};
use crate::spec::{Spec, Stop};

/// A set of texts. Immutable and cheap to clone.
#[derive(Debug, Clone)]
pub struct Pattern {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    machine: Machine,
    stops: Option<Arc<Dfa>>,
    limits: Limits,
    shortest: Vec<u8>,
}

/// Compiles a spec. `bindings[hole]` is the value of a hole.
///
/// # Errors
/// What [`BuildError`] lists; in particular a spec that no text satisfies.
pub fn build(spec: &Spec, bindings: &[Vec<String>], limits: &Limits) -> Result<Pattern, BuildError> {
    let value = if let Spec::Until { value, .. } = spec { value } else { spec };
    let subset = Arc::new(Subset::new(compile::compile(value, bindings, limits)?, limits));
    let distance = subset.start_distance();
    let (machine, stops) = match spec {
        Spec::Until { value, stops } => {
            let stops = stop_automaton(stops, bindings, limits)?;
            let distance = subset.greatest_distance();
            // Text without a lower bound may end after any character, so it never has to write a stop.
            let free = matches!(**value, Spec::Text { min: 0, .. });
            match stops {
                // Keys are remembered beside the automaton, where stops are a product with it.
                Some(_) if subset.has_keys() => {
                    return Err(BuildError::NotYet { what: "a value with free keys and stops" });
                }
                None => (Machine::Subset(subset), None),
                Some(stops) => {
                    let value = Dfa::new(Machine::Subset(subset), 0, limits);
                    let until = Until::new(value, stops.clone(), free, distance, limits.search);
                    (Machine::Until(Arc::new(until)), Some(stops))
                }
            }
        }
        _ => (Machine::Subset(subset), None),
    };
    let shortest = shortest(&machine, limits).map_err(too_large)?;
    let shortest = match shortest {
        Some(text) => text,
        None if distance > limits.witness_bytes as u64 && distance < NEVER => {
            return Err(BuildError::TooLarge { what: Limit::WitnessBytes, limit: limits.witness_bytes });
        }
        None => return Err(BuildError::Empty { what: describe(spec) }),
    };
    Ok(Pattern { inner: Arc::new(Inner { machine, stops, limits: limits.clone(), shortest }) })
}

fn shortest(machine: &Machine, limits: &Limits) -> Result<Option<Vec<u8>>, MatchError> {
    let dfa = Dfa::new(machine.adapted(0, ByteSet::ALL, limits), 0, limits);
    let start = dfa.start()?;
    let plain = dfa.witness(start)?;
    if !dfa.has_keys() {
        return Ok(plain);
    }
    // Keys may have to differ; where that is not found there is a text all the same, but not this one.
    let place = Cursor::new(&dfa, start, limits.calls)?;
    Ok(place.witness(&dfa, limits.calls)?.or(plain))
}

fn too_large(error: MatchError) -> BuildError {
    BuildError::of_automaton(error, Limit::States)
}

/// The automaton of all stops at once; `None` if there are none.
fn stop_automaton(
    stops: &[Stop],
    bindings: &[Vec<String>],
    limits: &Limits,
) -> Result<Option<Arc<Dfa>>, BuildError> {
    let mut hirs = Vec::new();
    for stop in stops {
        match stop {
            Stop::Text { text } => hirs.push(literal(text)),
            Stop::Hole { hole } => {
                hirs.extend(compile::bound(bindings, *hole)?.iter().map(|text| literal(text)))
            }
            Stop::Regex { pattern } => hirs.push(compile::parse(pattern)?),
        }
    }
    if hirs.is_empty() {
        return Ok(None);
    }
    if hirs.iter().any(|hir| hir.properties().minimum_len() == Some(0)) {
        return Err(BuildError::EmptyStop);
    }
    let nfa = compile::compile_hirs(&hirs, limits)?;
    let subset = Subset::new(nfa, limits);
    Ok(Some(Arc::new(Dfa::new(Machine::Subset(Arc::new(subset)), 0, limits))))
}

fn literal(text: &str) -> Hir {
    Hir::literal(text.as_bytes())
}

/// A spec as its author knows it, for messages.
fn describe(spec: &Spec) -> String {
    match spec {
        Spec::Regex { pattern } => format!("the regular expression `{pattern}`"),
        Spec::Grammar { .. } => "the grammar".to_owned(),
        Spec::Copy { .. } => "a copy from a text without words".to_owned(),
        Spec::OneOf { .. } => "an empty list of options".to_owned(),
        Spec::Union { members } if members.is_empty() => "a union without members".to_owned(),
        Spec::Template { .. } => "the template".to_owned(),
        Spec::And { .. } | Spec::Not { .. } => "all members of the intersection".to_owned(),
        Spec::Having { .. } => "a search for one of no texts".to_owned(),
        Spec::Until { value, .. } => format!("{} without containing a stop", describe(value)),
        _ => "the type".to_owned(),
    }
}

impl Pattern {
    /// Whether a text is a value: a full match, without a stop in it. Where a limit is hit it is none;
    /// [`try_match`](Self::try_match) tells.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.try_match(text).is_ok_and(|end| end)
    }

    /// Whether a text is a value.
    ///
    /// # Errors
    /// A limit was hit.
    pub fn try_match(&self, text: &[u8]) -> Result<bool, MatchError> {
        let dfa = self.automaton(0, ByteSet::ALL);
        let depth = self.inner.limits.calls;
        let start = dfa.start()?;
        let mut place = Cursor::new(&dfa, start, depth)?;
        for &byte in text {
            place = place.step(&dfa, byte, depth)?;
            if place.is_dead() {
                return Ok(false);
            }
        }
        Ok(place.accepts(&dfa) && !place.plain().is_some_and(|state| dfa.flags(state).has(Flag::Stopped)))
    }

    /// A shortest value, in bytes. (Where stops forbid the shortest texts, a short one.)
    pub fn shortest(&self) -> &[u8] {
        &self.inner.shortest
    }

    /// Whether the empty text is a value.
    pub fn accepts_empty(&self) -> bool {
        self.inner.shortest.is_empty()
    }

    /// A fresh automaton whose saturated states behave alike for `horizon` bytes, and whose ways to the end
    /// use only `bytes`.
    pub(crate) fn automaton(&self, horizon: u32, bytes: ByteSet) -> Dfa {
        let limits = &self.inner.limits;
        Dfa::new(self.inner.machine.adapted(horizon, bytes, limits), horizon, limits)
    }

    pub(crate) fn stop_finder(&self) -> Option<StopFinder> {
        self.inner.stops.clone().map(StopFinder::new)
    }
}
