//! The automaton of `copy`: all runs of a text from a place where one may begin to one where one may end.
//!
//! A text of *n* words has *n²* runs. They are laid down in a suffix automaton over the stretches between such
//! places: its states are what may follow, so that what is equal in several places of the text is read only
//! once, and there are at most twice as many as stretches. All ways into a state read the same stretch, so that
//! each state has one chain of bytes that leads into it. Where many stretches may follow they are told apart by
//! their first bytes, and so a run that is being read stands in a few places at most, however long the text.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::builder::Builder;
use super::program::{Edge, Inst, Pc};
use crate::error::BuildError;
use crate::limits::Limit;

/// A part of a text between two places where a run may begin or end.
pub(super) struct Stretch {
    /// As it is written.
    pub(super) text: String,
    /// Whether runs begin with it.
    pub(super) starts: bool,
    /// Whether runs end with it.
    pub(super) ends: bool,
}

/// Ways that are followed side by side, rather than told apart by their next byte.
const FEW: usize = 8;

/// No state.
const NONE: u32 = u32::MAX;

/// Emits the automaton; `None` if there are no runs.
pub(super) fn runs(
    builder: &mut Builder<'_>,
    stretches: &[Stretch],
    next: Pc,
) -> Result<Option<Pc>, BuildError> {
    check(builder, stretches.iter().map(|stretch| stretch.text.len()).sum())?;
    let limit = builder.limits().copied;
    let kinds = Kinds::of(stretches);
    let suffixes = Suffixes::of(kinds.sequence.iter().copied());
    let states = suffixes.states.len();
    let (chains, ways) = (vec![Vec::new(); states], vec![Vec::new(); states]);
    let emitted = builder
        .copying(|builder| Emit { builder, kinds: &kinds, suffixes: &suffixes, chains, ways }.all(next));
    // There is nothing else that can fail.
    emitted.map_err(|_| too_large(limit))
}

/// Refuses a text of so many bytes if it has surely too many.
pub(super) fn check(builder: &Builder<'_>, bytes: usize) -> Result<(), BuildError> {
    let limit = builder.limits().copied;
    if bytes > limit { Err(too_large(limit)) } else { Ok(()) }
}

fn too_large(limit: usize) -> BuildError {
    BuildError::TooLarge { what: Limit::CopiedText, limit }
}

/// The stretches of a text, each different one once, in the order of their bytes.
struct Kinds<'s> {
    kinds: Vec<&'s Stretch>,
    /// The text.
    sequence: Vec<u32>,
}

impl<'s> Kinds<'s> {
    fn of(stretches: &'s [Stretch]) -> Kinds<'s> {
        let key = |stretch: &'s Stretch| (stretch.text.as_bytes(), stretch.starts, stretch.ends);
        let mut kinds: Vec<&Stretch> = stretches.iter().collect();
        kinds.sort_unstable_by_key(|stretch| key(stretch));
        kinds.dedup_by_key(|stretch| key(stretch));
        let numbers: FxHashMap<_, u32> = kinds.iter().map(|stretch| key(stretch)).zip(0..).collect();
        let sequence = stretches.iter().map(|stretch| numbers[&key(stretch)]).collect();
        Kinds { kinds, sequence }
    }
}

/// A suffix automaton (Blumer and others), built from left to right.
struct Suffixes {
    states: Vec<State>,
    goes: FxHashMap<(u32, u32), u32>,
}

struct State {
    /// The longest that leads here from the beginning, in stretches.
    longest: u32,
    /// The state of the longest suffix that other things may follow, too.
    link: u32,
    /// The stretch that all ways into it read.
    kind: u32,
    /// The stretches that may follow.
    follow: Vec<u32>,
}

impl Suffixes {
    fn of(sequence: impl Iterator<Item = u32>) -> Suffixes {
        let first = State { longest: 0, link: NONE, kind: NONE, follow: Vec::new() };
        let mut suffixes = Suffixes { states: vec![first], goes: FxHashMap::default() };
        let mut last = 0;
        for kind in sequence {
            last = suffixes.extend(last, kind);
        }
        suffixes
    }

    fn add(&mut self, state: State) -> u32 {
        self.states.push(state);
        self.states.len() as u32 - 1
    }

    fn state(&self, id: u32) -> &State {
        &self.states[id as usize]
    }

    fn go(&mut self, from: u32, kind: u32, to: u32) {
        if self.goes.insert((from, kind), to).is_none() {
            self.states[from as usize].follow.push(kind);
        }
    }

    fn extend(&mut self, last: u32, kind: u32) -> u32 {
        let longest = self.state(last).longest + 1;
        let new = self.add(State { longest, link: 0, kind, follow: Vec::new() });
        let mut at = last;
        while at != NONE && !self.goes.contains_key(&(at, kind)) {
            self.go(at, kind, new);
            at = self.state(at).link;
        }
        if at != NONE {
            let link = self.followed_by(at, kind);
            self.states[new as usize].link = link;
        }
        new
    }

    /// The state of exactly what leads to `at`, and `kind` behind it.
    fn followed_by(&mut self, at: u32, kind: u32) -> u32 {
        let there = self.goes[&(at, kind)];
        let longest = self.state(at).longest + 1;
        if self.state(there).longest == longest {
            return there;
        }
        let State { link, ref follow, .. } = self.states[there as usize];
        let follow = follow.clone();
        let part = self.add(State { longest, link, kind, follow: Vec::new() });
        for kind in follow {
            let to = self.goes[&(there, kind)];
            self.go(part, kind, to);
        }
        let mut at = at;
        while at != NONE && self.goes.get(&(at, kind)) == Some(&there) {
            self.go(at, kind, part);
            at = self.state(at).link;
        }
        self.states[there as usize].link = part;
        part
    }
}

struct Emit<'b, 'l, 'e> {
    builder: &'b mut Builder<'l>,
    kinds: &'e Kinds<'e>,
    suffixes: &'e Suffixes,
    /// The instructions of each state's chain, one before each byte. There are none where no end follows.
    chains: Vec<Vec<Pc>>,
    /// Where each chain leads.
    ways: Vec<Vec<Pc>>,
}

impl<'e> Emit<'_, '_, 'e> {
    fn all(&mut self, next: Pc) -> Result<Option<Pc>, BuildError> {
        // What follows a state is longer than what leads to it.
        let mut order = self.reached();
        order.sort_unstable_by_key(|&state| std::cmp::Reverse(self.suffixes.state(state).longest));
        for state in order {
            self.state(state, next)?;
        }
        let starts = self.targets(0, |stretch| stretch.starts);
        let ways = self.choose(&starts, 0)?;
        match ways[..] {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            _ => self.builder.emit(Inst::Split(&ways)).map(Some),
        }
    }

    /// The states that runs lead to.
    fn reached(&self) -> Vec<u32> {
        let mut met = vec![false; self.suffixes.states.len()];
        let mut reached = Vec::new();
        let mut open: Vec<u32> = Vec::new();
        let first = &self.suffixes.state(0).follow;
        let starts = first.iter().filter(|kind| self.kinds.kinds[**kind as usize].starts);
        open.extend(starts.map(|kind| self.suffixes.goes[&(0, *kind)]));
        while let Some(state) = open.pop() {
            if std::mem::replace(&mut met[state as usize], true) {
                continue;
            }
            reached.push(state);
            let follow = &self.suffixes.state(state).follow;
            open.extend(follow.iter().map(|kind| self.suffixes.goes[&(state, *kind)]));
        }
        reached
    }

    /// The states behind one that lead to an end, in the order of what is read on the way.
    fn targets(&self, state: u32, fits: impl Fn(&Stretch) -> bool) -> Vec<u32> {
        let mut kinds = Cow::Borrowed(self.suffixes.state(state).follow.as_slice());
        if !kinds.is_sorted() {
            kinds.to_mut().sort_unstable();
        }
        let kinds = kinds.iter().filter(|kind| fits(self.kinds.kinds[**kind as usize]));
        let targets = kinds.map(|kind| self.suffixes.goes[&(state, *kind)]);
        targets.filter(|target| !self.chains[*target as usize].is_empty()).collect()
    }

    /// Emits what follows a state, and before it the chain that leads there.
    fn state(&mut self, state: u32, next: Pc) -> Result<(), BuildError> {
        let targets = self.targets(state, |_| true);
        let mut ways = self.choose(&targets, 0)?;
        if self.stretch(state).ends {
            ways.push(next);
        }
        if !ways.is_empty() {
            self.chains[state as usize] = self.read(self.text(state), &ways)?;
            self.ways[state as usize] = ways;
        }
        Ok(())
    }

    /// Emits what reads some bytes and then goes on in one of the ways; the instructions before each byte.
    fn read(&mut self, bytes: &[u8], ways: &[Pc]) -> Result<Vec<Pc>, BuildError> {
        let mut pcs = Vec::with_capacity(bytes.len());
        for &byte in bytes.iter().rev() {
            let pc = match pcs.last() {
                Some(&next) => self.builder.byte(byte, next)?,
                None => {
                    let edges: Vec<Edge> = ways.iter().map(|&way| (byte, byte, way)).collect();
                    self.builder.emit(Inst::Bytes(&edges))?
                }
            };
            pcs.push(pc);
        }
        pcs.reverse();
        Ok(pcs)
    }

    /// Where a state's chain goes on when so many bytes have been read.
    fn behind(&self, state: u32, depth: usize) -> &[Pc] {
        match self.chains[state as usize].get(depth) {
            Some(pc) => std::slice::from_ref(pc),
            None => &self.ways[state as usize],
        }
    }

    /// Ways over the stretches into some states, which are sorted and agree in their first `depth` bytes; those are
    /// read. Recurses only where they part.
    fn choose(&mut self, targets: &[u32], depth: usize) -> Result<Vec<Pc>, BuildError> {
        let all = |emit: &Self, states: &[u32]| -> Vec<Pc> {
            states.iter().flat_map(|&state| emit.behind(state, depth)).copied().collect()
        };
        let ([first, .., last], true) = (targets, targets.len() > FEW) else {
            return Ok(all(self, targets));
        };
        let (first, last) = (self.text(*first), self.text(*last));
        let common = first[depth..].iter().zip(&last[depth..]).take_while(|(a, b)| a == b).count();
        let fork = depth + common;
        if common > 0 {
            let ways = self.choose(targets, fork)?;
            return Ok(self.read(&first[depth..fork], &ways)?[..1].to_vec());
        }
        let ended = targets.iter().take_while(|target| self.text(**target).len() == depth).count();
        let mut ways = all(self, &targets[..ended]);
        let rest: Vec<(u8, u32)> = targets[ended..].iter().map(|&t| (self.text(t)[depth], t)).collect();
        let mut edges: Vec<Edge> = Vec::new();
        for group in rest.chunk_by(|(a, _), (b, _)| a == b) {
            let (byte, group): (u8, Vec<u32>) = (group[0].0, group.iter().map(|(_, t)| *t).collect());
            edges.extend(self.choose(&group, depth + 1)?.into_iter().map(|way| (byte, byte, way)));
        }
        ways.push(self.builder.emit(Inst::Bytes(&edges))?);
        Ok(ways)
    }

    fn stretch(&self, state: u32) -> &'e Stretch {
        self.kinds.kinds[self.suffixes.state(state).kind as usize]
    }

    /// What is read on the way to a state.
    fn text(&self, state: u32) -> &'e [u8] {
        self.stretch(state).text.as_bytes()
    }
}
