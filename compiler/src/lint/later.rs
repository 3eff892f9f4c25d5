//! What a run would refuse, because only a later version runs it: [`Later`] lists it.

use agentc_constraint::BuildError;

use super::Lint;
use super::walk::{Node, each};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, Func, Gen, Hir, ToolBody};
use crate::ir::{self, Later};
use crate::source::Span;

impl Lint<'_> {
    /// Each of these things, where it is used.
    pub(super) fn later(&mut self) {
        let hir = self.hir;
        let mut found = Vec::new();
        for func in &hir.funcs {
            each(&func.body, &mut |node| match node {
                Node::Expr(value) => found.extend(of_value(hir, func, value)),
                Node::Gen(generation) => {
                    found.extend(of_generation(generation));
                    found.extend(self.of_constraint(generation));
                }
                Node::Stmt(_) => {}
            });
        }
        for (what, span) in found {
            let message =
                format!("{what} is not supported yet: a run that comes here ends with the error R0901");
            self.report(Diag::new("W0500", span, message).hint(what.hint()));
        }
    }

    /// What the engine cannot enforce yet. That does not depend on the values of holes.
    fn of_constraint(&mut self, generation: &Gen) -> Option<(Later, Span)> {
        if generation.call {
            return None;
        }
        let bindings = vec![vec!["x".to_owned()]; generation.bindings.len()];
        match self.constraints.build(&generation.spec, &bindings) {
            Err(BuildError::NotYet { what }) => Some((Later::Constraint(what), generation.span)),
            _ => None,
        }
    }
}

fn of_value(hir: &Hir, func: &Func, value: &Expr) -> Option<(Later, Span)> {
    let what = match &value.kind {
        // What the embedding program supplies runs.
        ExprKind::Tool(id, _) => {
            let tool = hir
                .tools
                .get(*id as usize)
                .filter(|tool| !matches!(tool.body, ToolBody::Outside(ir::ToolBody::Host)))?;
            Later::Tool(tool.name.clone())
        }
        ExprKind::Var(var) => {
            let (capture, fact, _) = func.facts.iter().find(|(.., holder)| holder == var)?;
            fact.later(&func.vars.get(capture.0 as usize)?.name)?
        }
        _ => return None,
    };
    Some((what, value.span))
}

fn of_generation(generation: &Gen) -> Vec<(Later, Span)> {
    if generation.call {
        return vec![(Later::Call(generation.name.clone()), generation.span)];
    }
    generation.tools_span.map(|span| (Later::Tools, span)).into_iter().collect()
}
