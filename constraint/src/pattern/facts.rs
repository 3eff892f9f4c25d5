//! Facts about patterns, for code that needs them before anything is generated: how long values are, whether
//! one pattern contains another, whether anything ends a value.
//!
//! All are exact. An automaton may have too many states to visit, so every question takes *fuel*, the number
//! of steps from state to state that it may examine, and `None` means "unknown". That is also the answer for
//! patterns with calls (recursive types, free keys), which do not have finitely many states. A fact is about
//! *values*: a text in which a stop occurs is not one, whatever may be written before it ends.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::bytes::ByteSet;
use super::lazy::{DEAD, Dfa, StateId};
use super::machine::Machine;
use super::{Pattern, build};
use crate::error::{BuildError, MatchError};
use crate::limits::Limits;
use crate::spec::{Spec, Stop};

/// The least and the greatest of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The least.
    pub least: usize,
    /// The greatest; `None` if there is none.
    pub most: Option<usize>,
}

/// How long the values of a pattern are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// In bytes of UTF-8.
    pub bytes: Extent,
    /// In characters (Unicode scalar values).
    pub chars: Extent,
}

/// Whether a spec has no value at all; `None` if it cannot be built for some other reason.
pub fn is_empty(spec: &Spec, bindings: &[Vec<String>], limits: &Limits) -> Option<bool> {
    match build(spec, bindings, limits) {
        Ok(_) => Some(false),
        Err(BuildError::Empty { .. }) => Some(true),
        Err(_) => None,
    }
}

/// The texts that contain a stop, whatever surrounds it. A stop with a hole has none.
///
/// # Errors
/// Those of [`build`].
pub fn containing(stop: &Stop, limits: &Limits) -> Result<Pattern, BuildError> {
    let pattern = match stop {
        Stop::Text { text } => format!("(?s:.*){}(?s:.*)", regex_syntax::escape(text)),
        Stop::Regex { pattern } => format!("(?s:.*)(?:{pattern})(?s:.*)"),
        Stop::Hole { hole } => return Err(BuildError::UnboundHole { hole: *hole }),
    };
    build(&Spec::Regex { pattern }, &[], limits)
}

impl Pattern {
    /// Whether every value of `other` is a value of this one.
    pub fn includes(&self, other: &Pattern, fuel: usize) -> Option<bool> {
        let mut pairs = Pairs::new(other, self)?;
        let missing = pairs.find(fuel, |inner, outer| inner && !outer, |inner, _| inner != DEAD);
        missing.ok()?.map(|found| !found)
    }

    /// Whether no value of `other` is a value of this one.
    pub fn is_disjoint(&self, other: &Pattern, fuel: usize) -> Option<bool> {
        let mut pairs = Pairs::new(self, other)?;
        let shared = pairs.find(fuel, |a, b| a && b, |a, b| a != DEAD && b != DEAD);
        shared.ok()?.map(|found| !found)
    }

    /// Whether a stop occurs in some value, at its beginning and its end included.
    pub fn can_contain(&self, stop: &Stop, fuel: usize) -> Option<bool> {
        let around = containing(stop, &self.inner.limits).ok()?;
        self.is_disjoint(&around, fuel).map(|never| !never)
    }

    /// Whether there is a value that is not empty.
    pub fn has_text(&self, fuel: usize) -> Option<bool> {
        if !self.accepts_empty() {
            return Some(true);
        }
        match Graph::visit(&mut Values::new(self)?, fuel, true).ok()? {
            Visited::Found => Some(true),
            Visited::All(_) => Some(false),
            Visited::TooMany => None,
        }
    }

    /// How long the shortest and the longest values are.
    pub fn sizes(&self, fuel: usize) -> Option<Sizes> {
        let graph = Graph::of(self, fuel)?;
        let count = |weight: fn(&Edge) -> usize| {
            Some(Extent { least: graph.shortest(weight)?, most: graph.longest(weight) })
        };
        Some(Sizes { bytes: count(|_| 1)?, chars: count(|edge| usize::from(edge.begins))? })
    }

    /// Whether every value ends as soon as it is complete: none can continue as a longer one.
    pub fn ends_by_itself(&self, fuel: usize) -> Option<bool> {
        let graph = Graph::of(self, fuel)?;
        let ends = |state: usize| graph.edges[state].iter().all(|edge| !graph.live[edge.to]);
        Some((0..graph.edges.len()).all(|state| !graph.value[state] || ends(state)))
    }

    /// Whether after some prefix of a value nothing is forbidden: whatever follows is still a value, so that
    /// only a stop, a bound or the model's end of text ends it.
    pub fn may_never_end(&self, fuel: usize) -> Option<bool> {
        let any = build(&Spec::Text { min: 0, max: None }, &[], &self.inner.limits).ok()?;
        Pairs::new(self, &any)?.has_universal(fuel).ok()?
    }
}

/// The values of a pattern, state by state. A state is that of the value's automaton, or one of `parts`: the
/// value's state, then those of all stops that may be under way. Where a stop is complete all is over.
struct Values {
    value: Dfa,
    stops: Option<Arc<Dfa>>,
    /// A byte of each class that nothing here tells apart.
    bytes: Vec<u8>,
    parts: Vec<Box<[StateId]>>,
    index: FxHashMap<Box<[StateId]>, StateId>,
}

impl Values {
    /// `None` where states would need a stack.
    fn new(pattern: &Pattern) -> Option<Values> {
        let limits = &pattern.inner.limits;
        let value = match &pattern.inner.machine {
            Machine::Subset(_) => pattern.automaton(0, ByteSet::ALL),
            Machine::Until(until) => until.value().adapted(0, ByteSet::ALL, limits),
        };
        let stops = pattern.inner.stops.clone();
        let mut bytes = value.representatives().to_vec();
        bytes.extend(stops.iter().flat_map(|stops| stops.representatives()));
        bytes.sort_unstable();
        bytes.dedup();
        let dead: Box<[StateId]> = Box::new([DEAD]);
        let index = FxHashMap::from_iter([(dead.clone(), DEAD)]);
        let finite = !value.has_calls() && !value.has_keys();
        finite.then_some(Values { value, stops, bytes, parts: vec![dead], index })
    }

    fn start(&mut self) -> Result<StateId, MatchError> {
        let start = self.value.start()?;
        Ok(if self.stops.is_some() { self.intern(vec![start]) } else { start })
    }

    fn is_value(&self, state: StateId) -> bool {
        match self.stops {
            Some(_) => self.value.accepts(self.parts[state as usize][0]),
            None => self.value.accepts(state),
        }
    }

    fn next(&mut self, state: StateId, byte: u8) -> Result<StateId, MatchError> {
        if state == DEAD {
            return Ok(DEAD);
        }
        let Some(stops) = &self.stops else { return self.value.next(state, byte) };
        let parts = &self.parts[state as usize];
        let mut next = vec![self.value.next(parts[0], byte)?];
        let begun = stops.start()?;
        for &stop in parts[1..].iter().chain([&begun]) {
            let stop = stops.next(stop, byte)?;
            if next[0] == DEAD || stops.accepts(stop) {
                return Ok(DEAD);
            }
            if stop != DEAD && !next[1..].contains(&stop) {
                next.push(stop);
            }
        }
        next[1..].sort_unstable();
        Ok(self.intern(next))
    }

    fn intern(&mut self, parts: Vec<StateId>) -> StateId {
        let parts: Box<[StateId]> = parts.into();
        let new = self.parts.len() as StateId;
        let state = *self.index.entry(parts.clone()).or_insert(new);
        if state == new {
            self.parts.push(parts);
        }
        state
    }
}

/// Two patterns that read the same text.
struct Pairs {
    a: Values,
    b: Values,
    /// A byte of each class that neither tells apart.
    bytes: Vec<u8>,
}

type Pair = (StateId, StateId);

impl Pairs {
    fn new(a: &Pattern, b: &Pattern) -> Option<Pairs> {
        let (a, b) = (Values::new(a)?, Values::new(b)?);
        let mut bytes: Vec<u8> = a.bytes.iter().chain(&b.bytes).copied().collect();
        bytes.sort_unstable();
        bytes.dedup();
        Some(Pairs { a, b, bytes })
    }

    fn start(&mut self) -> Result<Pair, MatchError> {
        Ok((self.a.start()?, self.b.start()?))
    }

    fn next(&mut self, (a, b): Pair, byte: u8) -> Result<Pair, MatchError> {
        Ok((self.a.next(a, byte)?, self.b.next(b, byte)?))
    }

    /// Looks for a text of which `wanted` holds, given whether it is a value of either; goes on only through
    /// pairs that `open` admits. `None` if the fuel does not suffice.
    fn find(
        &mut self,
        fuel: usize,
        wanted: impl Fn(bool, bool) -> bool,
        open: impl Fn(StateId, StateId) -> bool,
    ) -> Result<Option<bool>, MatchError> {
        let start = self.start()?;
        let mut seen = FxHashSet::from_iter([start]);
        let mut queue = VecDeque::from([start]);
        while let Some(pair) = queue.pop_front() {
            if wanted(self.a.is_value(pair.0), self.b.is_value(pair.1)) {
                return Ok(Some(true));
            }
            for at in 0..self.bytes.len() {
                let next = self.next(pair, self.bytes[at])?;
                if open(next.0, next.1) && seen.insert(next) {
                    queue.push_back(next);
                }
            }
            if seen.len() * self.bytes.len() > fuel {
                return Ok(None);
            }
        }
        Ok(Some(false))
    }

    /// Whether from some pair on `a` has every value that `b` has; `b` has more than one.
    fn has_universal(&mut self, fuel: usize) -> Result<Option<bool>, MatchError> {
        let mut nodes: Vec<Pair> = vec![self.start()?];
        let mut index: FxHashMap<Pair, usize> = FxHashMap::from_iter([(nodes[0], 0)]);
        let mut before: Vec<Vec<usize>> = vec![Vec::new()];
        let mut lacking: Vec<usize> = Vec::new();
        let mut at = 0;
        while let Some(&pair) = nodes.get(at) {
            let mut lacks = self.b.is_value(pair.1) && !self.a.is_value(pair.0);
            for class in 0..self.bytes.len() {
                let next = self.next(pair, self.bytes[class])?;
                lacks |= next.0 == DEAD && next.1 != DEAD;
                if next.0 == DEAD || next.1 == DEAD {
                    continue;
                }
                let id = *index.entry(next).or_insert(nodes.len());
                if id == nodes.len() {
                    nodes.push(next);
                    before.push(Vec::new());
                }
                before[id].push(at);
            }
            if lacks {
                lacking.push(at);
            }
            if nodes.len() * self.bytes.len() > fuel {
                return Ok(None);
            }
            at += 1;
        }
        let lacks = reached(&lacking, &before);
        Ok(Some((0..nodes.len()).any(|at| !lacks[at] && self.b.is_value(nodes[at].1))))
    }
}

/// A step of an automaton.
struct Edge {
    to: usize,
    /// Whether the byte begins a character.
    begins: bool,
}

/// The states that a pattern's values lead through.
struct Graph {
    /// From each state; the first one is the start.
    edges: Vec<Vec<Edge>>,
    /// Whether the text up to a state is a value.
    value: Vec<bool>,
    /// Whether a value can still come.
    live: Vec<bool>,
}

/// How far a visit has come.
enum Visited {
    All(Graph),
    /// It ended at the first value that is not empty.
    Found,
    /// The fuel did not suffice.
    TooMany,
}

impl Graph {
    fn of(pattern: &Pattern, fuel: usize) -> Option<Graph> {
        match Graph::visit(&mut Values::new(pattern)?, fuel, false).ok()? {
            Visited::All(graph) => Some(graph),
            Visited::Found | Visited::TooMany => None,
        }
    }

    /// Visits all states, or those up to the first value that is not empty.
    fn visit(values: &mut Values, fuel: usize, until_text: bool) -> Result<Visited, MatchError> {
        let start = values.start()?;
        let mut states = vec![start];
        let mut index: FxHashMap<StateId, usize> = FxHashMap::from_iter([(start, 0)]);
        let mut edges: Vec<Vec<Edge>> = Vec::new();
        while let Some(&state) = states.get(edges.len()) {
            let mut out = Vec::new();
            for class in 0..values.bytes.len() {
                let byte = values.bytes[class];
                let next = values.next(state, byte)?;
                if next == DEAD {
                    continue;
                }
                if until_text && values.is_value(next) {
                    return Ok(Visited::Found);
                }
                let to = *index.entry(next).or_insert(states.len());
                if to == states.len() {
                    states.push(next);
                }
                out.push(Edge { to, begins: begins_character(byte) });
            }
            edges.push(out);
            if states.len() * values.bytes.len() > fuel {
                return Ok(Visited::TooMany);
            }
        }
        let value: Vec<bool> = states.iter().map(|&state| values.is_value(state)).collect();
        let live = live(&edges, &value);
        Ok(Visited::All(Graph { edges, value, live }))
    }

    /// The least weight of a value; `None` if there is no value.
    fn shortest(&self, weight: fn(&Edge) -> usize) -> Option<usize> {
        let mut least: Vec<Option<usize>> = vec![None; self.edges.len()];
        let mut queue = VecDeque::from([(0, 0)]);
        while let Some((state, sum)) = queue.pop_front() {
            if least[state].is_some_and(|known| known <= sum) {
                continue;
            }
            least[state] = Some(sum);
            for edge in &self.edges[state] {
                // Weights are 0 or 1: what costs nothing comes first, so sums leave the queue in order.
                match weight(edge) {
                    0 => queue.push_front((edge.to, sum)),
                    more => queue.push_back((edge.to, sum + more)),
                }
            }
        }
        (0..self.edges.len()).filter(|&state| self.value[state]).filter_map(|state| least[state]).min()
    }

    /// The greatest weight of a value; `None` if there is none, for a round leads through live states.
    fn longest(&self, weight: fn(&Edge) -> usize) -> Option<usize> {
        let order = self.order()?;
        let mut most = vec![0; self.edges.len()];
        for &state in &order {
            let ways = self.edges[state].iter().filter(|edge| self.live[edge.to]);
            most[state] = ways.map(|edge| most[edge.to] + weight(edge)).max().unwrap_or(0);
        }
        Some(most[0])
    }

    /// The live states, each behind those that it leads to; `None` if there is a round.
    fn order(&self) -> Option<Vec<usize>> {
        let live = |state: usize| self.edges[state].iter().filter(|edge| self.live[edge.to]);
        let mut ahead: Vec<usize> = (0..self.edges.len()).map(|state| live(state).count()).collect();
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); self.edges.len()];
        for state in (0..self.edges.len()).filter(|&state| self.live[state]) {
            live(state).for_each(|edge| before[edge.to].push(state));
        }
        let all = self.live.iter().filter(|live| **live).count();
        let ready = |state: &usize| self.live[*state] && ahead[*state] == 0;
        let mut order: Vec<usize> = (0..self.edges.len()).filter(ready).collect();
        let mut at = 0;
        while let Some(&state) = order.get(at) {
            for &from in &before[state] {
                ahead[from] -= 1;
                if ahead[from] == 0 {
                    order.push(from);
                }
            }
            at += 1;
        }
        (order.len() == all).then_some(order)
    }
}

/// Bytes within a character follow the one that begins it.
fn begins_character(byte: u8) -> bool {
    !(0x80..0xc0).contains(&byte)
}

/// Which states lead to a value.
fn live(edges: &[Vec<Edge>], value: &[bool]) -> Vec<bool> {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); edges.len()];
    for (from, out) in edges.iter().enumerate() {
        out.iter().for_each(|edge| before[edge.to].push(from));
    }
    let values: Vec<usize> = (0..edges.len()).filter(|&state| value[state]).collect();
    reached(&values, &before)
}

/// What is reached from `from` over `edges`, itself included.
fn reached(from: &[usize], edges: &[Vec<usize>]) -> Vec<bool> {
    let mut seen = vec![false; edges.len()];
    let mut open = from.to_vec();
    while let Some(state) = open.pop() {
        if !std::mem::replace(&mut seen[state], true) {
            open.extend(&edges[state]);
        }
    }
    seen
}
