//! Calls that are certain to nest so deeply that a run hits its limit of open calls: long chains of functions
//! or of computed constants. Recursion is judged in [`recursion`](super::recursion).

use super::Lint;
use super::calls::Edge;
use crate::diag::Diag;
use crate::ir::FuncId;
use crate::limits::Limit;

impl Lint<'_> {
    /// One finding for each call at which a chain becomes too long.
    pub(super) fn depth(&mut self) {
        let most = self.limits.open_calls;
        if self.graph.most_open() <= most {
            return;
        }
        let all: Vec<FuncId> = self.hir.numbered().map(|(id, _)| id).collect();
        let edges = self.edges(&all);
        let mut ahead: Vec<Vec<&Edge>> = vec![Vec::new(); self.hir.funcs.len()];
        for edge in edges.iter().filter(|edge| edge.always) {
            if let Some(ahead) = ahead.get_mut(edge.from.index()) {
                ahead.push(edge);
            }
        }
        let depths = depths(&ahead);
        let depth = |func: FuncId| depths.get(func.index()).copied().unwrap_or(0);
        for calls in &ahead {
            let long = calls.iter().find(|edge| depth(edge.from) == most + 1 && depth(edge.to) == most);
            let Some(edge) = long else { continue };
            let name = self.hir.func(edge.to).map_or("?", |func| func.name.as_str());
            let message = format!("`{name}` is certain to open {most} calls, one within another");
            let hint =
                "a run ends with an error when that many are open: join some of the functions or constants";
            self.report(Diag::new("W0121", edge.span, message).limit(Limit::OpenCalls).hint(hint));
        }
    }
}

/// How many calls are open at the deepest place of each function, its own included. A way ends where it comes
/// to a function that it has come through.
fn depths(ahead: &[Vec<&Edge>]) -> Vec<usize> {
    let mut depths = vec![0; ahead.len()];
    let mut met = vec![false; ahead.len()];
    for root in 0..ahead.len() {
        let mut way: Vec<(usize, usize)> = Vec::new();
        if !std::mem::replace(&mut met[root], true) {
            way.push((root, 0));
        }
        while let Some((at, next)) = way.last_mut() {
            let at = *at;
            if let Some(edge) = ahead[at].get(*next) {
                *next += 1;
                let to = edge.to.index();
                if to < met.len() && !std::mem::replace(&mut met[to], true) {
                    way.push((to, 0));
                }
                continue;
            }
            way.pop();
            let inner = ahead[at].iter().filter_map(|edge| depths.get(edge.to.index())).max();
            depths[at] = 1 + inner.copied().unwrap_or(0);
        }
    }
    depths
}
