//! The function that is being checked: its variables, scopes, captures and loops.

use std::collections::{HashMap, HashSet};

use super::flow::Flow;
use crate::hir::{Var, VarId};
use crate::source::Span;
use crate::ty::Ty;

#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) vars: Vec<Var>,
    /// Names of blocks, innermost last.
    pub(super) scopes: Vec<HashMap<String, VarId>>,
    /// Where each variable was declared.
    pub(super) places: Vec<Span>,
    /// Names that a generation somewhere in the function binds, and the variable once it is known.
    pub(super) captures: HashMap<String, Option<VarId>>,
    /// Captures in order of appearance.
    pub(super) order: Vec<VarId>,
    /// Variables that generations bind: only these can be unbound.
    pub(super) captured: HashSet<VarId>,
    pub(super) flow: Flow,
    pub(super) loops: Vec<Loop>,
    /// The role that is open, if any.
    pub(super) role: Option<Span>,
    /// The declared result type.
    pub(super) want: Option<Ty>,
    /// What `return` gives, so far.
    pub(super) returned: Option<Ty>,
    /// Whether this is the implicit main.
    pub(super) main: bool,
}

/// A loop around the place that is being checked.
#[derive(Debug, Default)]
pub(super) struct Loop {
    /// The state where `break` leads.
    pub(super) broke: Option<Flow>,
    /// The state where `continue` leads.
    pub(super) continued: Option<Flow>,
}

impl Body {
    pub(super) fn enter(&mut self) {
        self.scopes.push(HashMap::new());
    }

    pub(super) fn leave(&mut self) {
        self.scopes.pop();
    }

    /// A new variable in the innermost block.
    pub(super) fn declare(&mut self, name: &str, ty: Ty, span: Span) -> VarId {
        let id = self.new_var(name, ty, span);
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_owned(), id);
        }
        id
    }

    pub(super) fn new_var(&mut self, name: &str, ty: Ty, span: Span) -> VarId {
        let id = VarId(u32::try_from(self.vars.len()).unwrap_or(u32::MAX));
        self.vars.push(Var { name: name.to_owned(), ty, grows: false });
        self.places.push(span);
        id
    }

    /// A variable of a block or a parameter.
    pub(super) fn local(&self, name: &str) -> Option<VarId> {
        self.scopes.iter().rev().find_map(|s| s.get(name).copied())
    }

    /// Whether the innermost block itself declares the name.
    pub(super) fn declared_here(&self, name: &str) -> Option<VarId> {
        self.scopes.last().and_then(|s| s.get(name).copied())
    }

    pub(super) fn ty(&self, var: VarId) -> &Ty {
        self.vars.get(var.0 as usize).map_or(&Ty::Error, |v| &v.ty)
    }

    pub(super) fn place(&self, var: VarId) -> Span {
        self.places.get(var.0 as usize).copied().unwrap_or_default()
    }

    /// A generation binds the variable here.
    pub(super) fn bind(&mut self, var: VarId) {
        self.captured.insert(var);
        self.flow.bind(var.0 as usize);
    }

    pub(super) fn is_captured(&self, var: VarId) -> bool {
        self.captured.contains(&var)
    }

    pub(super) fn is_bound(&self, var: VarId) -> bool {
        self.flow.is_bound(var.0 as usize)
    }

    /// Every name that a value may be read from here.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let locals = self.scopes.iter().flat_map(|s| s.keys());
        locals.chain(self.captures.keys()).map(String::as_str)
    }
}
