//! Functions that call themselves: some never end, and some end only by the run's limit of open calls.
//!
//! A call can be left out if it stands after a condition. A cycle of calls without one that can be left
//! out never ends. A cycle is bounded if one of its calls depends on a condition about a parameter, and one
//! hands on something else than the parameters it got.

use std::collections::HashMap;

use super::Lint;
use super::calls::{Edge, edges};
use super::graph::numbered;
use crate::diag::Diag;

/// Further calls that one finding shows.
const PLACES: usize = 4;

impl Lint<'_> {
    /// One finding for each group of functions that call each other, and for each chain that is too long.
    pub(super) fn recursion(&mut self) {
        let edges: Vec<Edge> = numbered(self.hir).flat_map(|(id, func)| edges(self.hir, id, func)).collect();
        let count = self.hir.funcs.len();
        for group in inner_edges(&edges, &cycles(count, edges.iter())) {
            self.judge(&group);
        }
        self.depth(&edges);
    }

    fn judge(&mut self, edges: &[&Edge]) {
        let count = self.hir.funcs.len();
        let over = |take: &dyn Fn(&Edge) -> bool| -> Vec<Edge> {
            let taken: Vec<Edge> =
                edges.iter().filter(|edge| take(edge)).map(|edge| (*edge).clone()).collect();
            let first = inner_edges(&taken, &cycles(count, taken.iter())).into_iter().next();
            first.into_iter().flatten().cloned().collect()
        };
        let endless = over(&|edge| edge.always);
        if !endless.is_empty() {
            return self.endless_recursion(&endless);
        }
        let unguarded = over(&|edge| !edge.guarded);
        let unbounded = if unguarded.is_empty() { over(&|edge| !edge.changes) } else { unguarded };
        self.unbounded(&unbounded);
    }

    fn endless_recursion(&mut self, edges: &[Edge]) {
        let Some((first, rest)) = edges.split_first() else { return };
        let message = format!("{} without end", self.calls(first));
        let mut diag = Diag::new("E0310", first.span, message);
        for edge in rest.iter().take(PLACES) {
            diag = diag.label(edge.span, format!("{} on every path", self.calls(edge)));
        }
        self.report(
            diag.hint("put the call under a condition that eventually becomes false: if n > 0 { … }"),
        );
    }

    fn unbounded(&mut self, edges: &[Edge]) {
        let Some((first, rest)) = edges.split_first() else { return };
        let message = format!("{}, and nothing bounds how often", self.calls(first));
        let mut diag = Diag::new("W0120", first.span, message);
        for edge in rest.iter().take(PLACES) {
            diag = diag.label(edge.span, self.calls(edge));
        }
        self.report(
            diag.hint("count down: pass n - 1, and call only if n > 0; or write a loop, `repeat n { … }`"),
        );
    }

    fn calls(&self, edge: &Edge) -> String {
        let name = |id: u32| self.hir.funcs.get(id as usize).map_or("?", |f| f.name.as_str());
        if edge.from == edge.to {
            format!("`{}` calls itself", name(edge.from))
        } else {
            format!("`{}` calls `{}`", name(edge.from), name(edge.to))
        }
    }
}

/// The calls within each group, in the order of the source.
fn inner_edges<'e>(edges: &'e [Edge], groups: &[Vec<u32>]) -> Vec<Vec<&'e Edge>> {
    let of: HashMap<u32, usize> =
        groups.iter().enumerate().flat_map(|(at, group)| group.iter().map(move |id| (*id, at))).collect();
    let mut out: Vec<Vec<&Edge>> = vec![Vec::new(); groups.len()];
    for edge in edges {
        if let (Some(from), Some(to)) = (of.get(&edge.from), of.get(&edge.to))
            && from == to
        {
            out[*from].push(edge);
        }
    }
    out
}

/// The groups of functions that call each other, over some of the calls (Tarjan's algorithm, without
/// recursion of its own). Functions outside of cycles are in none.
fn cycles<'e>(count: usize, edges: impl Iterator<Item = &'e Edge>) -> Vec<Vec<u32>> {
    let mut ahead: Vec<Vec<u32>> = vec![Vec::new(); count];
    for edge in edges {
        if let Some(ahead) = ahead.get_mut(edge.from as usize) {
            ahead.push(edge.to);
        }
    }
    let mut search =
        Search { met: vec![0; count], low: vec![0; count], done: vec![false; count], ..Search::default() };
    let mut groups = Vec::new();
    for root in 0..count {
        search.from(root, &ahead, &mut groups);
    }
    let cyclic = |group: &Vec<u32>| match group.as_slice() {
        [only] => ahead.get(*only as usize).is_some_and(|ahead| ahead.contains(only)),
        _ => true,
    };
    groups.retain(cyclic);
    groups
}

/// The state of Tarjan's algorithm.
#[derive(Default)]
struct Search {
    /// When each function was met first, from 1; 0 is not yet.
    met: Vec<usize>,
    /// The earliest open function that each one reaches.
    low: Vec<usize>,
    done: Vec<bool>,
    open: Vec<usize>,
    clock: usize,
}

impl Search {
    fn from(&mut self, root: usize, ahead: &[Vec<u32>], groups: &mut Vec<Vec<u32>>) {
        let mut way = Vec::new();
        self.enter(root, &mut way);
        while let Some((at, next)) = way.last_mut() {
            let at = *at;
            let Some(to) = ahead[at].get(*next).map(|to| *to as usize) else {
                way.pop();
                self.leave(at, groups);
                if let Some((caller, _)) = way.last() {
                    self.low[*caller] = self.low[*caller].min(self.low[at]);
                }
                continue;
            };
            *next += 1;
            if to < ahead.len() && self.met[to] == 0 {
                self.enter(to, &mut way);
            } else if to < ahead.len() && !self.done[to] {
                self.low[at] = self.low[at].min(self.met[to]);
            }
        }
    }

    fn enter(&mut self, at: usize, way: &mut Vec<(usize, usize)>) {
        if self.met[at] == 0 {
            self.clock += 1;
            (self.met[at], self.low[at]) = (self.clock, self.clock);
            self.open.push(at);
            way.push((at, 0));
        }
    }

    /// A function that reaches none before it closes its group.
    fn leave(&mut self, at: usize, groups: &mut Vec<Vec<u32>>) {
        if self.low[at] != self.met[at] {
            return;
        }
        let mut group = Vec::new();
        while let Some(member) = self.open.pop() {
            self.done[member] = true;
            group.extend(u32::try_from(member));
            if member == at {
                break;
            }
        }
        groups.push(group);
    }
}
