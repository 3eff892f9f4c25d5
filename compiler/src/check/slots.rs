//! What becomes a function or a type: declared first, checked on demand.

use agentc_constraint::spec::Spec;

use super::instances::{FuncTy, Target};
use super::types::TypeInfo;
use crate::ast;
use crate::hir;
use crate::ir::{Capability, TestModel};
use crate::resolve::DefId;
use crate::source::Span;
use crate::ty::Ty;

/// Where a function comes from.
#[derive(Debug, Clone)]
pub(super) enum Origin<'a> {
    /// A declaration.
    Func(&'a ast::FuncDecl),
    /// The top-level statements.
    Main(Vec<&'a ast::Stmt>),
    /// The body of a tool.
    Tool(&'a ast::Block),
    /// A function without a name, and the slot in whose body it stands.
    Lambda(&'a ast::Lambda, usize),
    /// The body of a `test`.
    Test(&'a ast::Block),
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
    /// Its type if it is a function.
    pub(super) func: Option<FuncTy>,
}

/// A function to be.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    pub(super) name: String,
    /// The file that it stands in.
    pub(super) module: usize,
    pub(super) origin: Origin<'a>,
    pub(super) params: Vec<Param>,
    /// The declared result type, or the inferred one once checked.
    pub(super) ret: Option<Ty>,
    /// Whether it is written down.
    pub(super) declared: bool,
    pub(super) state: State,
    pub(super) effects: Effects,
    /// What its function parameters stand for: of an instance, of a lambda in one, and of the function itself.
    pub(super) functions: Vec<(DefId, Target)>,
    /// The function that it is an instance of.
    pub(super) instance_of: Option<usize>,
    /// The types of what it reads of variables elsewhere, which are its last parameters, once they are known.
    pub(super) captured: Option<Vec<Ty>>,
    /// Of a lambda, the variables that these are; none where a function reads it.
    pub(super) reads: Vec<Option<DefId>>,
    pub(super) hir: Option<hir::Func>,
    pub(super) span: Span,
}

impl<'a> Slot<'a> {
    pub(super) fn new(name: &str, module: usize, origin: Origin<'a>, span: Span) -> Slot<'a> {
        Slot {
            name: name.to_owned(),
            module,
            origin,
            params: Vec::new(),
            ret: None,
            declared: false,
            state: State::Todo,
            effects: Effects::default(),
            functions: Vec::new(),
            instance_of: None,
            captured: None,
            reads: Vec::new(),
            hir: None,
            span,
        }
    }

    /// The same with a result type that is written down.
    pub(super) fn giving(self, ret: Option<Ty>) -> Slot<'a> {
        Slot { declared: ret.is_some(), ret, ..self }
    }

    /// For each of its parameters, the slot that computes the default.
    pub(super) fn defaults(&self) -> Vec<Option<u32>> {
        let own = self.params.iter().map(|param| param.default.and_then(|slot| u32::try_from(slot).ok()));
        own.chain(self.captured.iter().flatten().map(|_| None)).collect()
    }

    /// Whether it takes functions, so that only instances of it are called.
    pub(super) fn is_template(&self) -> bool {
        self.params.iter().any(|param| param.func.is_some())
    }

    /// Whether it can be checked only where it is called.
    pub(super) fn waits(&self) -> bool {
        let waits = matches!(self.origin, Origin::Lambda(..)) || self.instance_of.is_some();
        waits && self.captured.is_none()
    }

    /// Whether a call of it has a context of its own.
    pub(super) fn is_agent(&self) -> bool {
        match &self.origin {
            Origin::Func(decl) => decl.word == ast::FuncWord::Agent,
            Origin::Tool(_) | Origin::Test(_) => true,
            Origin::Lambda(..) | Origin::Main(_) | Origin::Value { .. } => false,
        }
    }

    /// Whether a run can start with it.
    pub(super) fn is_entry(&self) -> bool {
        let takes_functions = self.is_template() || self.instance_of.is_some();
        self.module == 0 && matches!(&self.origin, Origin::Func(_)) && self.is_agent() && !takes_functions
    }
}

/// What running a function does to contexts.
#[derive(Debug, Clone, Default)]
pub(super) struct Effects {
    /// Writes into the context it runs in.
    pub(super) writes: bool,
    /// Generates, calls an agent or asks for a score, here or in what it calls.
    pub(super) asks: bool,
    /// Reads the context it runs in.
    pub(super) reads: bool,
    /// Opens a role in the context it runs in.
    pub(super) roles: bool,
    /// What it calls.
    pub(super) calls: Vec<usize>,
    /// Constants that it reads.
    pub(super) reads_of: Vec<usize>,
}

impl Effects {
    pub(super) fn pure(&self) -> bool {
        self.of_hir().pure()
    }

    pub(super) fn of_hir(&self) -> hir::Effects {
        let Effects { writes, asks, reads, roles, .. } = *self;
        hir::Effects { writes, asks, reads, roles }
    }
}

/// A tool to be.
#[derive(Debug)]
pub(super) struct ToolSlot<'a> {
    pub(super) decl: &'a ast::ToolDecl,
    pub(super) params: Vec<Param>,
    /// What a model writes that calls it; `None` if it cannot be said, which is reported.
    pub(super) call: Option<Spec>,
    pub(super) ret: Ty,
    pub(super) needs: Vec<Capability>,
    pub(super) body: hir::ToolBody,
}

/// A test to be.
#[derive(Debug)]
pub(super) struct TestSlot {
    pub(super) name: String,
    /// The slot of its body.
    pub(super) func: usize,
    pub(super) model: TestModel,
    pub(super) span: Span,
}

/// A type declaration.
#[derive(Debug)]
pub(super) struct TypeSlot<'a> {
    /// The file that it stands in.
    pub(super) module: usize,
    pub(super) decl: &'a ast::TypeDecl,
    /// Whether it contains itself.
    pub(super) recursive: bool,
    /// Which group of types it belongs to that contain one another.
    pub(super) group: Option<usize>,
    /// What it stands for, once that is known.
    pub(super) info: Option<TypeInfo>,
}
