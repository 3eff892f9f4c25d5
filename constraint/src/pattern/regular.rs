//! Regular sets under all Boolean operations, as explicit automata.
//!
//! Lazy automata know nothing of `and` and `not`. Where a set of strings or numbers is given by several
//! conditions, their product is explored once, and its states are labelled with the conditions that hold in
//! them; how a label is used is up to its reader.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::bytes::ByteSet;
use super::class::{by_target, escapes, must_be_escaped, plain_ranges};
use super::compile::Compiler;
use super::lazy::{DEAD, Dfa};
use super::nfa::{SLOTS, UNBOUNDED};
use super::program::{Edge, Inst, Pc};
use crate::error::{BuildError, MatchError};
use crate::limits::Limit;

/// A condition on texts.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// Being in the set of an automaton without calls.
    Set(Arc<Dfa>),
    /// Having so many characters.
    Length(u32, Option<u32>),
    /// Being the decimal of a multiple of `digits`·10^-`scale`.
    Multiple { digits: u32, scale: u32 },
}

/// What is asked of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Holds,
    Fails,
    /// Nothing; its bit in the labels tells.
    Nothing,
}

/// The texts that are as asked. State 0 is the first; no state is without a way to the end.
#[derive(Debug)]
pub(crate) struct Automaton {
    pub(crate) states: Vec<State>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) edges: Vec<(u8, u8, u32)>,
    /// Where a text may end: the conditions that hold then, as bits.
    pub(crate) ends: Option<u64>,
}

/// A part of a product's state that can never be in the set again.
const NEVER: u32 = u32::MAX;

impl Part {
    fn start(&self) -> Result<u32, MatchError> {
        match self {
            Part::Set(dfa) => dfa.start().map(|state| if state == DEAD { NEVER } else { state }),
            Part::Length(..) | Part::Multiple { .. } => Ok(0),
        }
    }

    fn step(&self, state: u32, byte: u8) -> Result<u32, MatchError> {
        if state == NEVER {
            return Ok(NEVER);
        }
        Ok(match self {
            Part::Set(dfa) => match dfa.next(state, byte)? {
                DEAD => NEVER,
                next => next,
            },
            Part::Length(..) if byte & 0xc0 == 0x80 => state,
            Part::Length(min, None) => (state + 1).min(*min),
            Part::Length(_, Some(max)) if state >= *max => NEVER,
            Part::Length(..) => state + 1,
            Part::Multiple { digits, scale } => multiple_step(*digits, *scale, state, byte),
        })
    }

    fn accepts(&self, state: u32) -> bool {
        if state == NEVER {
            return false;
        }
        match self {
            Part::Set(dfa) => dfa.accepts(state),
            Part::Length(min, _) => state >= *min,
            Part::Multiple { digits, scale } => {
                let (rest, place) = (state / (scale + 2), state % (scale + 2));
                let missing = scale - place.saturating_sub(1);
                let up = (0..missing).fold(u64::from(rest), |rest, _| rest * 10 % u64::from(*digits));
                up == 0
            }
        }
    }

    /// What tells bytes apart, as a number for each.
    fn class(&self, byte: u8) -> u32 {
        match self {
            Part::Set(dfa) => u32::from(dfa.class(byte)),
            Part::Length(..) => u32::from(byte & 0xc0 == 0x80),
            Part::Multiple { .. } => match byte {
                b'0'..=b'9' => u32::from(byte),
                b'.' => 1,
                _ => 0,
            },
        }
    }
}

/// The state is the remainder so far, and how many digits stand after the point (0 before it, else one more).
fn multiple_step(digits: u32, scale: u32, state: u32, byte: u8) -> u32 {
    let (rest, place) = (state / (scale + 2), state % (scale + 2));
    match byte {
        b'.' => rest * (scale + 2) + 1,
        b'0'..=b'9' if place == scale + 1 => {
            if byte == b'0' {
                state
            } else {
                NEVER
            }
        }
        b'0'..=b'9' => {
            let next = (u64::from(rest) * 10 + u64::from(byte - b'0')) % u64::from(digits);
            next as u32 * (scale + 2) + if place == 0 { 0 } else { place + 1 }
        }
        _ => state,
    }
}

/// Explores the product of some conditions. Takes what it needs from a budget of steps, each of one condition.
pub(crate) fn product(parts: Vec<(Part, Asked)>, budget: &mut Budget) -> Result<Automaton, BuildError> {
    let ranges = ranges(&parts);
    let mut keys: Vec<Box<[u32]>> = Vec::new();
    let mut index: FxHashMap<Box<[u32]>, u32> = FxHashMap::default();
    let mut states: Vec<State> = Vec::new();
    let start: Result<Box<[u32]>, MatchError> = parts.iter().map(|(part, _)| part.start()).collect();
    let start = start.map_err(too_large)?;
    if !is_dead(&parts, &start) {
        index.insert(start.clone(), 0);
        keys.push(start);
    }
    let mut next = vec![0; parts.len()];
    while let Some(key) = keys.get(states.len()).cloned() {
        let live = live_bytes(&parts, &key).map_err(too_large)?;
        let live = ranges.iter().filter(|(low, _)| live.contains(*low));
        budget.take((1 + live.clone().count()) * parts.len())?;
        let mut state = State { edges: Vec::new(), ends: ends(&parts, &key) };
        for &(low, high) in live {
            for ((next, (part, _)), &before) in next.iter_mut().zip(&parts).zip(&key) {
                *next = part.step(before, low).map_err(too_large)?;
            }
            if is_dead(&parts, &next) {
                continue;
            }
            let target = index.get(&next[..]).copied().unwrap_or_else(|| {
                let next: Box<[u32]> = next.as_slice().into();
                index.insert(next.clone(), keys.len() as u32);
                keys.push(next);
                keys.len() as u32 - 1
            });
            match state.edges.last_mut() {
                Some((_, end, same)) if *same == target && *end + 1 == low => *end = high,
                _ => state.edges.push((low, high, target)),
            }
        }
        states.push(state);
    }
    Ok(Automaton { states }.trimmed())
}

/// Steps that may still be taken.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
    limit: usize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Budget {
        Budget { left: limit, limit }
    }

    fn take(&mut self, steps: usize) -> Result<(), BuildError> {
        let what = Limit::SetSteps;
        self.left = self.left.checked_sub(steps).ok_or(BuildError::TooLarge { what, limit: self.limit })?;
        Ok(())
    }
}

fn too_large(error: MatchError) -> BuildError {
    BuildError::of_automaton(error, Limit::States)
}

/// Ranges of bytes that no condition tells apart.
fn ranges(parts: &[(Part, Asked)]) -> Vec<(u8, u8)> {
    let mut ranges: Vec<(u8, u8)> = Vec::new();
    let alike = |a: u8, b: u8| parts.iter().all(|(part, _)| part.class(a) == part.class(b));
    for byte in 0..=255u8 {
        match ranges.last_mut() {
            Some((low, high)) if alike(*low, byte) => *high = byte,
            _ => ranges.push((byte, byte)),
        }
    }
    ranges
}

/// Bytes that may lead on: those that do in the first set in which texts have to be. Others lead nowhere.
fn live_bytes(parts: &[(Part, Asked)], key: &[u32]) -> Result<ByteSet, MatchError> {
    let set = parts.iter().zip(key).find_map(|((part, asked), &state)| match part {
        Part::Set(dfa) if *asked == Asked::Holds => Some((dfa, state)),
        _ => None,
    });
    set.map_or(Ok(ByteSet::ALL), |(dfa, state)| dfa.next_bytes(state))
}

fn is_dead(parts: &[(Part, Asked)], key: &[u32]) -> bool {
    parts.iter().zip(key).any(|((_, asked), &state)| *asked == Asked::Holds && state == NEVER)
}

fn ends(parts: &[(Part, Asked)], key: &[u32]) -> Option<u64> {
    let mut label = 0;
    for (bit, ((part, asked), &state)) in parts.iter().zip(key).enumerate() {
        let holds = part.accepts(state);
        if *asked == Asked::Holds && !holds || *asked == Asked::Fails && holds {
            return None;
        }
        // Labels are asked for the first 64 conditions at most.
        label |= u64::from(holds).checked_shl(bit as u32).unwrap_or(0);
    }
    Some(label)
}

impl Automaton {
    /// All texts whose labels are wanted, with these, if they are at most so many.
    pub(crate) fn texts(&self, most: usize, wanted: impl Fn(u64) -> bool) -> Option<Vec<(String, u64)>> {
        let narrowed =
            |state: &State| State { ends: state.ends.filter(|label| wanted(*label)), ..state.clone() };
        let states = Automaton { states: self.states.iter().map(narrowed).collect() }.trimmed().states;
        let mut texts = Vec::new();
        let mut open = vec![(0u32, Vec::new())];
        while let Some((at, text)) = open.pop() {
            let Some(state) = states.get(at as usize) else { continue };
            // Who comes to more states than there are goes around in circles.
            if text.len() > states.len() || texts.len() + open.len() > most {
                return None;
            }
            if let Some(label) = state.ends {
                texts.push((String::from_utf8(text.clone()).ok()?, label));
            }
            for &(low, high, to) in &state.edges {
                if usize::from(high - low) > most {
                    return None;
                }
                open.extend((low..=high).map(|byte| (to, [&text[..], &[byte]].concat())));
            }
        }
        Some(texts)
    }

    /// Without the states from which there is no way to the end.
    fn trimmed(self) -> Automaton {
        let mut from: Vec<Vec<u32>> = vec![Vec::new(); self.states.len()];
        let mut open = Vec::new();
        let mut alive = vec![false; self.states.len()];
        for (at, state) in self.states.iter().enumerate() {
            state.edges.iter().for_each(|edge| from[edge.2 as usize].push(at as u32));
            if state.ends.is_some() {
                alive[at] = true;
                open.push(at as u32);
            }
        }
        while let Some(at) = open.pop() {
            for &before in &from[at as usize] {
                if !std::mem::replace(&mut alive[before as usize], true) {
                    open.push(before);
                }
            }
        }
        let mut kept = 0;
        let numbers: Vec<u32> = alive
            .iter()
            .map(|&alive| {
                let number = kept;
                kept += u32::from(alive);
                number
            })
            .collect();
        let live = |state: State| {
            let edges = state.edges.into_iter().filter(|edge| alive[edge.2 as usize]);
            State { edges: edges.map(|(a, b, to)| (a, b, numbers[to as usize])).collect(), ..state }
        };
        let states = self.states.into_iter().zip(&alive).filter(|(_, alive)| **alive);
        // Where the first state dies, all do.
        let first = alive.first().copied().unwrap_or(false);
        let states = if first { states.map(|(state, _)| live(state)).collect() } else { Vec::new() };
        Automaton { states }
    }
}

impl Compiler<'_, '_, '_> {
    /// The texts of an automaton, with bounds on their characters. With `quoted`, as they stand within a JSON string.
    pub(super) fn bounded(
        &mut self,
        automaton: &Automaton,
        quoted: bool,
        (min, max): (u32, Option<u32>),
        next: Pc,
    ) -> Result<Pc, BuildError> {
        if self.builder.depth() >= SLOTS {
            let rule =
                self.inner_rule(&mut |compiler, end| compiler.bounded(automaton, quoted, (min, max), end))?;
            return self.builder.emit(Inst::Call(rule, next));
        }
        let open = self.builder.begin_bounded((min, max.unwrap_or(UNBOUNDED)), next)?;
        let start = self.states(automaton, quoted, |compiler, pc, mut edges, label| {
            edges.sort_unstable_by_key(by_target);
            // Bytes within a character are not counted.
            if edges.iter().any(|edge| (0x80..0xc0).contains(&edge.0)) {
                compiler.builder.patch(pc, Inst::Bytes(&edges));
            } else if label.is_none() {
                compiler.builder.patch(pc, Inst::Tick(&edges));
            } else {
                let tick = compiler.builder.emit(Inst::Tick(&edges))?;
                compiler.builder.patch(pc, Inst::Split(&[tick, open.round]));
            }
            Ok(())
        })?;
        self.builder.end_bounded(open, start)
    }

    /// The texts of an automaton, then what `next` says of the label with which one ends. With `quoted`, as they stand
    /// within a JSON string.
    pub(super) fn automaton(
        &mut self,
        automaton: &Automaton,
        quoted: bool,
        mut next: impl FnMut(&mut Self, u64) -> Result<Option<Pc>, BuildError>,
    ) -> Result<Pc, BuildError> {
        self.states(automaton, quoted, |compiler, pc, edges, label| {
            let end = label.map(|label| next(compiler, label)).transpose()?.flatten();
            compiler.builder.patch_read_or(pc, edges, end.as_slice())
        })
    }

    /// An instruction for each state of an automaton, which `fill` makes of its edges and of the label with which a text may
    /// end there.
    fn states(
        &mut self,
        automaton: &Automaton,
        quoted: bool,
        mut fill: impl FnMut(&mut Self, Pc, Vec<Edge>, Option<u64>) -> Result<(), BuildError>,
    ) -> Result<Pc, BuildError> {
        let none = || Inst::NOWHERE;
        let mut starts = Vec::with_capacity(automaton.states.len());
        for _ in &automaton.states {
            starts.push(self.builder.emit(none())?);
        }
        let Some(&start) = starts.first() else { return self.builder.emit(none()) };
        let mut known: FxHashMap<Vec<(u8, Pc)>, Pc> = FxHashMap::default();
        for (state, &pc) in automaton.states.iter().zip(&starts) {
            let mut ranges: Vec<Edge> = Vec::new();
            let mut special: Vec<(u8, Pc)> = Vec::new();
            for &(low, high, target) in &state.edges {
                let target = starts[target as usize];
                if quoted {
                    special.extend((low..=high).filter(|b| must_be_escaped(*b)).map(|byte| (byte, target)));
                    ranges.extend(plain_ranges(low, high).map(|(low, high)| (low, high, target)));
                } else {
                    ranges.push((low, high, target));
                }
            }
            if !special.is_empty() {
                let escape = match known.get(&special) {
                    Some(&escape) => escape,
                    None => {
                        let escape = escapes(&special, &mut |inst| self.builder.emit(inst))?;
                        known.insert(special, escape);
                        escape
                    }
                };
                ranges.push((b'\\', b'\\', escape));
            }
            fill(self, pc, ranges, state.ends)?;
        }
        Ok(start)
    }
}
