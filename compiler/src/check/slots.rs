//! What becomes a function or a type: declared first, checked on demand.

use super::types::TypeInfo;
use crate::ast;
use crate::hir;
use crate::source::Span;
use crate::ty::Ty;

/// Where a function comes from.
#[derive(Debug, Clone)]
pub(super) enum Origin<'a> {
    /// A declaration.
    Func(&'a ast::FuncDecl),
    /// The top-level statements.
    Main(Vec<&'a ast::Stmt>),
    /// The value of a constant, or the default of a parameter.
    Value {
        expr: &'a ast::Expr,
        /// What it is, for messages.
        what: &'static str,
    },
}

/// How far checking has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Todo,
    Busy,
    Done,
}

/// A parameter whose type is known.
#[derive(Debug, Clone)]
pub(super) struct Param {
    pub(super) name: ast::Ident,
    pub(super) ty: Ty,
    /// The slot that computes its default.
    pub(super) default: Option<usize>,
}

/// A function to be.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    pub(super) name: String,
    pub(super) origin: Origin<'a>,
    pub(super) params: Vec<Param>,
    /// The declared result type, or the inferred one once checked.
    pub(super) ret: Option<Ty>,
    /// Whether it is written down.
    pub(super) declared: bool,
    pub(super) state: State,
    pub(super) effects: Effects,
    pub(super) hir: Option<hir::Func>,
    pub(super) span: Span,
}

impl Slot<'_> {
    pub(super) fn is_agent(&self) -> bool {
        matches!(&self.origin, Origin::Func(decl) if decl.word == ast::FuncWord::Agent)
    }
}

/// What running a function does to contexts.
#[derive(Debug, Clone, Default)]
pub(super) struct Effects {
    /// Writes into the context it runs in.
    pub(super) writes: bool,
    /// Generates or writes anywhere, its own agents' contexts included.
    pub(super) asks: bool,
    /// Opens a role in the context it runs in.
    pub(super) roles: bool,
    /// What it calls.
    pub(super) calls: Vec<usize>,
}

impl Effects {
    pub(super) fn pure(&self) -> bool {
        !self.writes && !self.asks
    }
}

/// A type declaration.
#[derive(Debug)]
pub(super) struct TypeSlot<'a> {
    pub(super) decl: &'a ast::TypeDecl,
    pub(super) state: State,
    pub(super) info: Option<TypeInfo>,
}
