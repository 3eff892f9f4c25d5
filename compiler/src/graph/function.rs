//! A function as the graph knows it: what it calls, and what it does by itself.

use std::collections::BTreeSet;

use crate::ir::{FuncId, FuncKind, Role};
use crate::source::Span;

/// A function: what it calls, and what it does itself.
#[derive(Debug, Clone)]
pub(super) struct Function {
    pub(super) kind: FuncKind,
    pub(super) calls: Vec<Call>,
    pub(super) effects: Effects,
}

/// A place from which a function may be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// What is run.
    pub callee: FuncId,
    /// Who runs it.
    pub via: Via,
    /// The role that the caller itself has open there.
    pub role: Option<Role>,
    /// The place.
    pub span: Span,
}

/// Who runs a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// The caller, by a call.
    Call,
    /// The model: the function is the body of a tool that it may call in a generation.
    Tool,
    /// Whoever starts the caller and leaves a parameter out: the function computes its default.
    Default,
}

/// What running a function does beside giving a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// The first place where it opens a role.
    pub opens: Option<Span>,
    /// The first place where it writes, or has a model write, while it has no role open itself.
    pub bare: Option<Span>,
    /// The first place where it has a model write so.
    pub bare_gen: Option<Span>,
    /// It makes use of its context: has a model write or score after it, or reads it.
    pub asks: bool,
    /// The models that write or score for it, each one of [`Program::models`](crate::ir::Program::models); `None` is the
    /// run's own.
    pub models: BTreeSet<Option<u32>>,
}

impl Effects {
    /// Whether it can do something that only a model can: write, score, or say how messages are laid out.
    pub fn needs_model(&self) -> bool {
        self.opens.is_some() || !self.models.is_empty()
    }

    /// Takes over what a function does that is called in the same context. Places become that of the call.
    pub(super) fn join(&mut self, inner: &Effects, call: &Call) {
        self.opens = self.opens.or(inner.opens.map(|_| call.span));
        if call.role.is_none() {
            self.bare = self.bare.or(inner.bare.map(|_| call.span));
            self.bare_gen = self.bare_gen.or(inner.bare_gen.map(|_| call.span));
        }
        self.asks |= inner.asks;
        self.models.extend(&inner.models);
    }
}

/// How a form of programs tells what a function does, in the order in which it stands there. `role` is what is open.
impl Function {
    pub(super) fn new(kind: FuncKind) -> Function {
        Function { kind, calls: Vec::new(), effects: Effects::default() }
    }

    pub(super) fn calls(&mut self, callee: FuncId, via: Via, role: Option<Role>, span: Span) {
        self.calls.push(Call { callee, via, role, span });
    }

    pub(super) fn opens(&mut self, span: Span) {
        self.effects.opens = self.effects.opens.or(Some(span));
    }

    pub(super) fn writes(&mut self, role: Option<Role>, span: Span) {
        if role.is_none() {
            self.effects.bare = self.effects.bare.or(Some(span));
        }
    }

    pub(super) fn generates(&mut self, role: Option<Role>, span: Span, model: Option<u32>) {
        self.writes(role, span);
        if role.is_none() {
            self.effects.bare_gen = self.effects.bare_gen.or(Some(span));
        }
        self.effects.asks = true;
        self.effects.models.insert(model);
    }

    pub(super) fn reads(&mut self) {
        self.effects.asks = true;
    }

    /// Only the run's own model scores.
    pub(super) fn scores(&mut self) {
        self.effects.asks = true;
        self.effects.models.insert(None);
    }
}
