//! From tree to typed tree: names, types, effects, and what a generation may write.
//!
//! Functions are checked one by one, in order; where a call needs a result type that is not written down,
//! the callee is checked first. Findings are collected, never thrown: a mistake gives the type
//! [`Ty::Error`], which fits everything, so that one cause gives one finding.

mod body;
mod call;
mod constraint;
mod decl;
mod effects;
mod expr;
mod flow;
mod generate;
mod ops;
mod slots;
mod stmt;
mod suggest;
mod types;

use std::collections::HashMap;

use body::Body;
use slots::{Slot, TypeSlot};

use crate::ast::Ast;
use crate::diag::Diag;
use crate::hir::Hir;
use crate::source::Span;
use crate::ty::Ty;

/// Checks a file. The typed tree is there if and only if there is no error among the findings of this
/// stage; callers must not use it if an earlier stage reported one.
pub fn check(ast: &Ast, agent: Option<&str>) -> (Option<Hir>, Vec<Diag>) {
    let mut checker = Checker {
        ast,
        globals: HashMap::new(),
        types: HashMap::new(),
        type_slots: Vec::new(),
        slots: Vec::new(),
        body: Body::default(),
        pure_only: None,
        inferring: 0,
        depth: 0,
        suggestions: 0,
        diags: Vec::new(),
        regexes: HashMap::new(),
        hidden: false,
    };
    let hir = checker.run(agent);
    let mut diags = checker.diags;
    diags.sort_by_key(|d| (d.span.start, d.span.end));
    diags.dedup_by(|a, b| a.span == b.span && a.code == b.code);
    let failed = checker.hidden || diags.iter().any(Diag::is_error);
    (hir.filter(|_| !failed), diags)
}

/// What a name at top level stands for.
#[derive(Debug, Clone, Copy)]
enum Global {
    /// A `fn` or an `agent`.
    Func(usize),
    /// A constant: the function that computes it.
    Const(usize),
    /// Something that was reported already, such as an import.
    #[allow(dead_code)]
    Unknown,
}

struct Checker<'a> {
    ast: &'a Ast,
    globals: HashMap<&'a str, (Global, Span)>,
    types: HashMap<&'a str, usize>,
    type_slots: Vec<TypeSlot<'a>>,
    /// Everything that becomes a function, in the order of their ids.
    slots: Vec<Slot<'a>>,
    /// The function that is being checked.
    body: Body,
    /// Set where nothing may write or generate: what the place is called.
    pure_only: Option<&'static str>,
    /// How many functions wait for the result type of another.
    inferring: usize,
    /// How many expressions and blocks are open around the place, in all of these functions together.
    depth: usize,
    /// How many unknown names were compared with known ones; comparing is slow, so it is limited.
    suggestions: usize,
    diags: Vec<Diag>,
    /// Regexes that were looked at, and what was wrong with each.
    regexes: HashMap<String, Option<constraint::Problem>>,
    /// Whether a finding was left out because it may be a consequence of a syntax error.
    hidden: bool,
}

impl Checker<'_> {
    /// What a name at top level stands for, and where it is declared.
    fn global(&self, name: &str) -> Option<(Global, Span)> {
        self.globals.get(name).copied()
    }

    /// Adds a finding, unless it lies in an item that lost a part to a syntax error.
    fn report(&mut self, diag: Diag) {
        if diag.is_error() && self.ast.damage.spans.iter().any(|s| s.contains(diag.span)) {
            self.hidden = true;
        } else {
            self.diags.push(diag);
        }
    }

    /// Adds a finding and gives the type that causes no further ones.
    fn fail(&mut self, diag: Diag) -> Ty {
        self.report(diag);
        Ty::Error
    }

    fn not_yet(&mut self, what: &str, span: Span) {
        let hint = match what {
            "`while`" => crate::diag::INSTEAD_OF_WHILE,
            "generating a record" => "generate its fields one by one, then write {a: a, b: b}",
            _ => "this version parses it only; grammar/README.md says what works today",
        };
        self.not_yet_but(what, span, hint);
    }

    /// The same with a hint of its own.
    fn not_yet_but(&mut self, what: &str, span: Span, hint: &str) {
        let diag = Diag::new("E0900", span, format!("{what} is not supported yet"));
        self.report(diag.hint(hint));
    }
}
