//! Functions that call themselves: some never end, and some end only by the run's limit of open calls.
//!
//! A call can be left out if it stands after a condition. A cycle of calls without one that can be left
//! out never ends. A cycle is bounded if one of its calls depends on a condition about a parameter, and one
//! hands on something else than the parameters it got.

use super::Lint;
use super::calls::{Edge, edges};
use crate::diag::Diag;
use crate::graph::groups;
use crate::ir::FuncId;

/// Further calls that one finding shows.
const PLACES: usize = 4;

impl Lint<'_> {
    /// One finding for each group of functions that call each other, and for each chain that is too long.
    pub(super) fn recursion(&mut self) {
        for mut group in self.graph.cycles() {
            group.sort_unstable();
            let mut inner = self.edges(&group);
            inner.retain(|edge| group.binary_search(&edge.to).is_ok());
            self.judge(&group, &inner);
        }
        self.depth();
    }

    /// The calls that some functions make, with their conditions.
    pub(super) fn edges(&self, funcs: &[FuncId]) -> Vec<Edge> {
        let known = funcs.iter().filter_map(|id| Some((*id, self.hir.func(*id)?)));
        known.flat_map(|(id, func)| edges(self.hir, id, func)).collect()
    }

    /// Judges the calls within a group, whose functions are in order.
    fn judge(&mut self, group: &[FuncId], edges: &[Edge]) {
        let endless = cycle(group, edges, |edge| edge.always);
        if !endless.is_empty() {
            return self.endless_recursion(&endless);
        }
        let unguarded = cycle(group, edges, |edge| !edge.guarded);
        let unbounded =
            if unguarded.is_empty() { cycle(group, edges, |edge| !edge.changes) } else { unguarded };
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
        let name = |id| self.hir.func(id).map_or("?", |func| func.name.as_str());
        if edge.from == edge.to {
            format!("`{}` calls itself", name(edge.from))
        } else {
            format!("`{}` calls `{}`", name(edge.from), name(edge.to))
        }
    }
}

/// Some of the calls within a group of functions: those of the first round that they make, in the order of the
/// source; none if they make none.
fn cycle(group: &[FuncId], edges: &[Edge], takes: impl Fn(&Edge) -> bool) -> Vec<Edge> {
    let place = |id: FuncId| group.binary_search(&id).ok();
    let taken: Vec<&Edge> = edges.iter().filter(|edge| takes(edge)).collect();
    let mut ahead: Vec<Vec<usize>> = vec![Vec::new(); group.len()];
    for (from, to) in taken.iter().filter_map(|edge| Some((place(edge.from)?, place(edge.to)?))) {
        ahead[from].push(to);
    }
    let turns = |round: &Vec<usize>| round.len() > 1 || round.iter().any(|only| ahead[*only].contains(only));
    let Some(round) = groups(&ahead).into_iter().find(turns) else { return Vec::new() };
    let inside = |id| place(id).is_some_and(|at| round.contains(&at));
    taken.into_iter().filter(|edge| inside(edge.from) && inside(edge.to)).cloned().collect()
}
