//! Functions one by one: their bodies, and their result types.

use super::Checker;
use super::body::{Body, FuncResult};
use super::effects::scan;
use super::slots::{Origin, State};
use crate::ast;
use crate::diag::Diag;
use crate::hir::{self, Effects, Func, Stmt, StmtKind};
use crate::ir::FuncKind;
use crate::limits::Limit;
use crate::source::Span;
use crate::ty::{self, Ty};

impl<'a> Checker<'a> {
    /// Checks a function unless that was done, or is being done.
    pub(super) fn check_slot(&mut self, id: usize) {
        if self.decls.slots[id].state != State::Todo {
            return;
        }
        self.decls.slots[id].state = State::Busy;
        self.nesting.functions += 1;
        let outer = self.fresh_body(id);
        let module = self.decls.slots[id].module;
        let hir = self.within(module, |c| match c.decls.slots[id].origin.clone() {
            Origin::Value { expr, what } => c.value_func(id, expr, what),
            Origin::Func(decl) => c.stmt_func(id, decl.body.stmts.iter()),
            Origin::Tool(block) | Origin::Test(block) => c.stmt_func(id, block.stmts.iter()),
            Origin::Main(stmts) => c.stmt_func(id, stmts.into_iter()),
            Origin::Lambda(lambda, _) => c.lambda_func(id, lambda),
        });
        self.body = outer;
        self.nesting.functions -= 1;
        let hir = if self.decls.slots[id].is_template() { Self::without_body(hir) } else { hir };
        let slot = &mut self.decls.slots[id];
        slot.ret.get_or_insert_with(|| hir.ret.clone());
        slot.hir = Some(hir);
        slot.state = State::Done;
    }

    /// The function that computes a constant or a default.
    fn value_func(&mut self, id: usize, expr: &'a ast::Expr, what: &'static str) -> Func {
        self.body.around.pure_only = Some(what);
        let want = self.decls.slots[id].ret.clone();
        let mut value = self.expr(expr, want.as_ref());
        match &want {
            Some(want) => value = self.coerce(value, want, what),
            None => value.ty = self.settled(&value.ty.widened(), expr.span),
        }
        let (span, ret) = (self.decls.slots[id].span, want.unwrap_or_else(|| value.ty.clone()));
        let place = value.span;
        let body = vec![Stmt { kind: StmtKind::Return(Some(value)), span: place }];
        Func {
            name: self.decls.slots[id].name.clone(),
            origin: hir::Origin::Value,
            kind: FuncKind::Fn,
            defaults: Vec::new(),
            ret,
            effects: Effects::default(),
            vars: std::mem::take(&mut self.body.variables.list),
            captures: Vec::new(),
            facts: Vec::new(),
            body,
            span,
        }
    }

    fn stmt_func(&mut self, id: usize, stmts: impl Iterator<Item = &'a ast::Stmt> + Clone) -> Func {
        let kind = match &self.decls.slots[id].origin {
            Origin::Test(_) => FuncKind::Test,
            Origin::Main(_) => FuncKind::Main,
            _ if self.decls.slots[id].is_agent() => FuncKind::Agent,
            _ => FuncKind::Fn,
        };
        let main = matches!(kind, FuncKind::Main | FuncKind::Test);
        let result = FuncResult { want: self.decls.slots[id].ret.clone(), main, returned: None };
        self.body = Body { result, slot: id, ..Body::default() };
        for param in self.decls.slots[id].params.clone().into_iter().filter(|p| p.func.is_none()) {
            self.declare_variable(&param.name, param.ty);
        }
        self.declare_captured(id);
        self.body.look_ahead(&scan(stmts.clone()));
        let mut body = Vec::new();
        for stmt in stmts {
            self.stmt(stmt, &mut body);
        }
        let ret = self.result_type(id);
        let slot = &self.decls.slots[id];
        Func {
            name: slot.name.clone(),
            origin: hir::Origin::Func,
            kind,
            defaults: slot.defaults(),
            ret,
            effects: slot.effects.of_hir(),
            vars: std::mem::take(&mut self.body.variables.list),
            captures: std::mem::take(&mut self.body.variables.order),
            facts: self.body.take_facts(),
            body,
            span: slot.span,
        }
    }

    /// The declared or inferred result type; reports a way to the end without a value.
    fn result_type(&mut self, id: usize) -> Ty {
        let falls_through = self.body.flow.live;
        let name = self.decls.slots[id].name.clone();
        let span = self.decls.slots[id].span;
        let declared = self.decls.slots[id].declared.then(|| self.decls.slots[id].ret.clone()).flatten();
        let Some(want) = declared else {
            let returned = self.body.result.returned.take();
            return match returned {
                _ if self.body.doubts.lost.is_some() => Ty::Error,
                None => Ty::Null,
                Some(ty) if !falls_through || ty.may_be_null() => self.settled(&ty, span),
                Some(ty) if self.body.result.main => ty::union(vec![ty, Ty::Null]),
                Some(ty) => {
                    self.missing_return(&name, &ty, span);
                    ty
                }
            };
        };
        if falls_through && !want.may_be_null() {
            self.missing_return(&name, &want, span);
        }
        want
    }

    fn missing_return(&mut self, name: &str, ty: &Ty, span: Span) {
        // The `return` may be what could not be read.
        if self.body.doubts.lost.is_some() {
            self.findings.hidden = true;
            return;
        }
        let diag = Diag::new("E0208", span, format!("`{name}` returns {ty}, but can end without `return`"));
        self.report(diag.hint("add a `return` at its end"));
    }

    /// A type that a variable or a result can have: not too large, and known.
    pub(super) fn settled(&mut self, ty: &Ty, span: Span) -> Ty {
        if ty.is_error() {
            return Ty::Error;
        }
        let most = self.program.limits.type_parts;
        if ty.size() > most {
            let message = format!("the type of this value is too large: it has more than {most} parts");
            let diag = Diag::new("E0211", span, message).limit(Limit::TypeParts);
            return self.fail(diag.hint("build large values from text with `parse_json`"));
        }
        if ty.has_never() {
            let diag = Diag::new("E0216", span, "the items of this empty list are of an unknown type");
            return self.fail(diag.hint("write the type: let xs: str[] = []"));
        }
        ty.clone()
    }

    /// The limit, and how many it allows, for which no further function may be checked before this one is done: the stack
    /// is finite.
    pub(super) fn waits_too_long(&self) -> Option<(Limit, usize)> {
        let limits = self.program.limits;
        let here = [
            (Limit::Waiting, self.nesting.functions, limits.waiting),
            (Limit::WaitingDepth, self.nesting.depth, limits.waiting_depth),
        ];
        here.into_iter().find(|(_, count, most)| count > most).map(|(limit, _, most)| (limit, most))
    }

    /// The result type of a function, checking it first if it has to be inferred.
    pub(super) fn result_of(&mut self, id: usize, span: Span) -> Ty {
        if let Some(ty) = &self.decls.slots[id].ret {
            return ty.clone();
        }
        let too_long = self.waits_too_long();
        if self.decls.slots[id].state == State::Busy || too_long.is_some() {
            let name = self.decls.slots[id].name.clone();
            let why = match too_long {
                Some((limit, most)) => format!("that takes more than {most} {limit}"),
                None => "it calls itself".to_owned(),
            };
            let message = format!("the result type of `{name}` cannot be inferred: {why}");
            let diag = Diag { limit: too_long.map(|(limit, _)| limit), ..Diag::new("E0209", span, message) };
            let ty = self.fail(diag.hint(format!("write it down: fn {name}(…) -> T {{ … }}")));
            if too_long.is_none() {
                self.decls.slots[id].ret = Some(Ty::Error);
            }
            return ty;
        }
        self.check_slot(id);
        self.decls.slots[id].ret.clone().unwrap_or(Ty::Error)
    }
}
