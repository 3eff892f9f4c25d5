//! Functions that call themselves: some never end, and some end only by the run's limit of open calls.
//!
//! A call can be left out if it stands behind a condition. A cycle of calls without one that can be left
//! out never ends. A cycle is bounded if one of its calls depends on a condition about a parameter, and one
//! hands on something else than the parameters it got.

use std::collections::BTreeSet;

use super::Lint;
use super::calls::{Edge, edges};
use super::graph::numbered;
use crate::diag::Diag;

impl Lint<'_> {
    /// One finding for each group of functions that call each other.
    pub(super) fn recursion(&mut self) {
        let edges: Vec<Edge> = numbered(self.hir).flat_map(|(id, func)| edges(self.hir, id, func)).collect();
        for group in cycles(self.hir.funcs.len(), &edges, |_| true) {
            let inner: Vec<&Edge> =
                edges.iter().filter(|e| group.contains(&e.from) && group.contains(&e.to)).collect();
            self.judge(&inner);
        }
    }

    fn judge(&mut self, edges: &[&Edge]) {
        let all: Vec<Edge> = edges.iter().map(|edge| (*edge).clone()).collect();
        let count = self.hir.funcs.len();
        if let Some(endless) = cycles(count, &all, |edge| edge.always).first() {
            return self.endless_recursion(&all, endless);
        }
        let unguarded = cycles(count, &all, |edge| !edge.guarded);
        let unchanged = cycles(count, &all, |edge| !edge.changes);
        if let Some(group) = unguarded.first().or(unchanged.first()) {
            self.unbounded(&all, group);
        }
    }

    fn endless_recursion(&mut self, edges: &[Edge], group: &BTreeSet<u32>) {
        let inner = edges.iter().filter(|e| e.always && group.contains(&e.from) && group.contains(&e.to));
        let Some((first, rest)) = split(inner) else { return };
        let message = format!("{} without end", self.calls(first));
        let mut diag = Diag::new("E0310", first.span, message);
        for edge in rest {
            diag = diag.label(edge.span, format!("{} on every way", self.calls(edge)));
        }
        self.report(diag.hint("put the call under a condition that is false in the end: if n > 0 { … }"));
    }

    fn unbounded(&mut self, edges: &[Edge], group: &BTreeSet<u32>) {
        let inner = edges.iter().filter(|e| group.contains(&e.from) && group.contains(&e.to));
        let Some((first, rest)) = split(inner) else { return };
        let message = format!("{}, and nothing bounds how often", self.calls(first));
        let mut diag = Diag::new("W0120", first.span, message);
        for edge in rest {
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

fn split<'e>(mut edges: impl Iterator<Item = &'e Edge>) -> Option<(&'e Edge, Vec<&'e Edge>)> {
    let first = edges.next()?;
    Some((first, edges.take(4).collect()))
}

/// The strongly connected groups of functions over some of the calls, without those that have no cycle.
fn cycles(count: usize, edges: &[Edge], take: impl Fn(&Edge) -> bool) -> Vec<BTreeSet<u32>> {
    let mut ahead: Vec<Vec<u32>> = vec![Vec::new(); count];
    let mut back: Vec<Vec<u32>> = vec![Vec::new(); count];
    for edge in edges.iter().filter(|edge| take(edge)) {
        ahead[edge.from as usize].push(edge.to);
        back[edge.to as usize].push(edge.from);
    }
    let mut groups: Vec<BTreeSet<u32>> = Vec::new();
    for edge in edges.iter().filter(|edge| take(edge)) {
        let known = groups.iter().any(|group| group.contains(&edge.from));
        if !known && reached(&ahead, edge.to).contains(&edge.from) {
            let (before, behind) = (reached(&back, edge.from), reached(&ahead, edge.from));
            groups.push(before.intersection(&behind).copied().collect());
        }
    }
    groups
}

fn reached(edges: &[Vec<u32>], from: u32) -> BTreeSet<u32> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            open.extend(edges.get(id as usize).into_iter().flatten());
        }
    }
    seen
}
