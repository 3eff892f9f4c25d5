//! Static checks: passes over the typed tree that find what is probably a mistake, or cannot work, in a
//! program that is otherwise correct.
//!
//! A check reports only what it knows: it asks the engine about constraints, and silently gives up if an
//! answer would take too long. What a program may do on purpose is not reported; what it surely does not mean
//! is a warning; what cannot work is an error. Types, names and captures used before they are bound are the
//! checker's business, not ours.

mod calls;
mod conditions;
mod constraint;
mod declared;
mod depth;
mod endless;
mod later;
mod loops;
mod members;
mod options;
mod quotients;
mod recursion;
mod roles;
mod stops;
mod unreachable;
mod unused;

use crate::diag::Diag;
use crate::graph::{CallGraph, Effects};
use crate::hir::{Hir, walk};
use crate::ir::FuncId;
use crate::limits::Limits;
use crate::modules::Modules;
use crate::source::{Sources, Span};
use constraint::Constraints;

/// Everything that is suspicious about a checked program.
pub fn lint(hir: &Hir, modules: &Modules, sources: &Sources, limits: &Limits) -> Vec<Diag> {
    let graph = CallGraph::from(hir);
    let contexts = graph.context_effects();
    let constraints = Constraints::new(hir.specs.clone(), limits);
    let mut lint = Lint { hir, modules, sources, limits, graph, contexts, constraints, diags: Vec::new() };
    lint.unreachable();
    lint.unused();
    lint.declared();
    lint.roles();
    lint.constraints();
    lint.endless();
    lint.options();
    lint.conditions();
    lint.quotients();
    lint.loops();
    lint.recursion();
    lint.later();
    lint.diags
}

/// What the passes share.
struct Lint<'h> {
    hir: &'h Hir,
    modules: &'h Modules,
    sources: &'h Sources,
    limits: &'h Limits,
    graph: CallGraph,
    /// What each function does to the context it runs in, through its `fn`s too.
    contexts: Vec<Effects>,
    constraints: Constraints<'h>,
    diags: Vec<Diag>,
}

impl Lint<'_> {
    fn report(&mut self, diag: Diag) {
        self.diags.push(diag);
    }

    /// What a function does to the context it runs in.
    fn context(&self, func: FuncId) -> &Effects {
        self.contexts.get(func.index()).unwrap_or_else(|| self.graph.effects(func))
    }

    /// The source of a span, as written.
    fn text(&self, span: Span) -> &str {
        self.sources.get(span.file).map_or("", |source| source.slice(span))
    }
}
