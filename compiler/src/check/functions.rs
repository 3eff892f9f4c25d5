//! Calls of functions that take functions, calls of what such a parameter stands for, and lambdas as functions of
//! their own.

use super::Checker;
use super::body::{Body, FuncResult};
use super::call::Formal;
use super::effects::scan_expr;
use super::expr::error;
use super::instances::{FuncTy, Target};
use super::slots::{Origin, Param, Slot, State};
use crate::ast::{self, Call, Expr as Ast, ExprKind as A, Ident, Lambda};
use crate::builtin::Function;
use crate::diag::Diag;
use crate::hir::{self, Expr, ExprKind, Func, Stmt, StmtKind, ToolBody, VarId};
use crate::ir::FuncKind;
use crate::resolve::DefId;
use crate::source::Span;
use crate::ty::{self, Ty};

impl<'a> Checker<'a> {
    /// `fn(str) -> bool`, which only a parameter can have as its type.
    pub(super) fn func_type(&mut self, params: &[ast::Type], ret: Option<&ast::Type>) -> FuncTy {
        let params = params.iter().map(|param| self.value_type(param)).collect();
        FuncTy { params, ret: ret.map_or(Ty::Null, |ret| self.value_type(ret)) }
    }

    pub(super) fn misplaced_func_type(&mut self, span: Span) {
        let diag = Diag::new("E0221", span, "only a parameter of a `fn` or an `agent` can be a function");
        self.report(diag.hint("a function is no value: it cannot be kept, returned or put into a list"));
    }

    /// A call of a function that takes functions.
    pub(super) fn call_template(&mut self, id: usize, name: &str, call: &Call, span: Span) -> Expr {
        let params = self.decls.slots[id].params.clone();
        let formals: Vec<Formal<'_>> =
            params.iter().map(|p| Formal { name: &p.name.name, optional: p.default.is_some() }).collect();
        let Some(given) = self.match_args(name, &formals, call, span) else { return self.skip(call, span) };
        let instance = self.decls.instances.called.get(&(self.body.slot, span)).copied();
        let (mut args, mut kept, mut hidden, mut good) = (Vec::new(), Vec::new(), Vec::new(), true);
        for (param, arg) in params.iter().zip(given) {
            match (&param.func, arg) {
                (Some(func), Some(arg)) => match self.function_argument(&param.name, func, arg) {
                    Some(captured) => {
                        hidden.extend(captured.iter().map(|value| value.ty.clone()));
                        kept.extend(captured);
                    }
                    None => good = false,
                },
                (_, arg) => args.push(self.argument(param, arg, span)),
            }
        }
        let (Some(instance), true) = (instance, good) else {
            let ty = if good { self.decls.slots[id].ret.clone() } else { None };
            return Expr { ty: ty.unwrap_or(Ty::Error), ..error(span) };
        };
        self.check_effects(instance, name, call.callee.span);
        if self.decls.slots[instance].captured.is_none() {
            self.decls.slots[instance].captured = Some(hidden);
        }
        args.extend(kept);
        let ty = self.result_of(instance, call.callee.span);
        Expr { kind: ExprKind::Call(u32::try_from(instance).unwrap_or(u32::MAX), args), ty, span }
    }

    /// A function as an argument: the values that it reads of the variables here. `None` if it does not suit.
    fn function_argument(&mut self, name: &Ident, func: &FuncTy, arg: &Ast) -> Option<Vec<Expr>> {
        let what = format!("the argument `{}`", name.name);
        if let A::Lambda(lambda) = &arg.kind {
            return self.lambda_argument(&what, func, lambda, arg.span);
        }
        let Some(target) = self.target_named(self.body.slot, arg) else {
            self.no_function(&what, arg);
            return None;
        };
        if target == Target::Unknown {
            return Some(Vec::new());
        }
        // Called once for its types alone.
        let (_, call) = self.applied(&what, arg, &func.params)?;
        let gives = call.ty.clone();
        if gives.is_error() {
            return None;
        }
        if !ty::fits(&gives, &func.ret) {
            let message = format!("{what} returns {gives}, but {} is expected", func.ret);
            self.report(Diag::new("E0200", arg.span, message).hint(wanted(func)));
            return None;
        }
        let captured = self.captured_of(target);
        Some(captured.into_iter().map(|var| self.read_of(var, arg.span)).collect())
    }

    fn no_function(&mut self, what: &str, arg: &Ast) {
        let hint = match &arg.kind {
            A::Error => return,
            A::Call(_) => "leave the parentheses out, or write x => f(x)",
            _ => "write x => …, or the name of a function that takes no functions itself",
        };
        if matches!(&arg.kind, A::Name(name) if !self.is_known(arg.span) && self.is_lost(name)) {
            self.findings.hidden = true;
            return;
        }
        self.report(
            Diag::new("E0203", arg.span, format!("{what} is a function, but this is none")).hint(hint),
        );
    }

    /// A lambda becomes a function: first parameters for what it reads of the variables here.
    fn lambda_argument(
        &mut self,
        what: &str,
        func: &FuncTy,
        lambda: &Lambda,
        span: Span,
    ) -> Option<Vec<Expr>> {
        if lambda.params.len() != func.params.len() {
            let message = format!("{what} is called with {} values", func.params.len());
            self.report(Diag::new("E0204", span, message).hint(wanted(func)));
            return None;
        }
        let Some(id) = self.decls.instances.lambdas.get(&(self.body.slot, span)).copied() else {
            // In a function that takes functions itself, of which only instances have lambdas.
            let (_, body) =
                self.applied(what, &Ast { kind: A::Lambda(Box::new(lambda.clone())), span }, &func.params)?;
            let body = self.coerce(body, &func.ret, &format!("the value of {what}"));
            return (!body.ty.is_error()).then(Vec::new);
        };
        let mut captured = Vec::new();
        for (def, var) in self.variables_in(lambda, span) {
            captured.push((def, self.read_of(var, span)));
        }
        let slot = &mut self.decls.slots[id];
        slot.captured = Some(captured.iter().map(|(_, value)| value.ty.clone()).collect());
        slot.reads = captured.iter().map(|(def, _)| *def).collect();
        let own = lambda.params.iter().zip(&func.params);
        slot.params = own
            .map(|(name, ty)| Param { name: name.clone(), ty: ty.clone(), default: None, func: None })
            .collect();
        slot.ret = Some(func.ret.clone());
        slot.declared = true;
        Some(captured.into_iter().map(|(_, value)| value).collect())
    }

    /// The variables around a lambda that it reads, each once: those that hold what its functions read included.
    fn variables_in(&self, lambda: &Lambda, span: Span) -> Vec<(Option<DefId>, VarId)> {
        let mut out: Vec<(Option<DefId>, VarId)> = Vec::new();
        for name in scan_expr(&lambda.body).all_names() {
            let Some(def) = self.program.names.local_at(name) else { continue };
            let place = self.program.names.definition(def).map(|def| def.span);
            if place.is_some_and(|place| span.contains(place)) {
                continue;
            }
            match self.decls.slots[self.body.slot].functions.iter().find(|(of, _)| *of == def) {
                Some((_, target)) => {
                    out.extend(self.captured_of(*target).into_iter().map(|var| (None, var)));
                }
                None => out.extend(self.body.variables.var_of.get(&def).map(|var| (Some(def), *var))),
            }
        }
        let mut seen = std::collections::HashSet::new();
        out.retain(|(_, var)| seen.insert(*var));
        out
    }

    /// The variables of this function that hold what a function it was given reads.
    fn captured_of(&self, target: Target) -> Vec<VarId> {
        self.body.variables.captured_by.get(&target).cloned().unwrap_or_default()
    }

    fn read_of(&mut self, var: VarId, span: Span) -> Expr {
        let name = self.body.variables.list.get(var.0 as usize).map_or(String::new(), |v| v.name.clone());
        self.read(var, &name, span)
    }

    /// Variables for what the functions of an instance, or a lambda, read: they come after its own parameters.
    pub(super) fn declare_captured(&mut self, id: usize) {
        let (captured, reads) = (self.decls.slots[id].captured.clone(), self.decls.slots[id].reads.clone());
        let span = self.decls.slots[id].span;
        let vars = captured.unwrap_or_default().into_iter().map(|ty| self.body.new_var("", ty, span));
        let vars: Vec<VarId> = vars.collect();
        if let Origin::Lambda(..) = self.decls.slots[id].origin {
            self.declare_read(id, &reads, &vars);
            return;
        }
        let mut rest = vars.as_slice();
        for (_, target) in self.decls.slots[id].functions.clone() {
            let count = self.captured_count(target).min(rest.len());
            let (own, more) = rest.split_at(count);
            self.body.variables.captured_by.entry(target).or_insert_with(|| own.to_vec());
            rest = more;
        }
    }

    /// The variables of a lambda stand for those that it was made around; the rest is read by functions.
    fn declare_read(&mut self, id: usize, reads: &[Option<DefId>], vars: &[VarId]) {
        let mut rest = Vec::new();
        for (def, var) in reads.iter().zip(vars) {
            match def {
                Some(def) => drop(self.body.variables.var_of.insert(*def, *var)),
                None => rest.push(*var),
            }
        }
        let mut rest = rest.as_slice();
        for (_, target) in self.decls.slots[id].functions.clone() {
            if self.body.variables.captured_by.contains_key(&target) {
                continue;
            }
            let count = self.captured_count(target).min(rest.len());
            let (own, more) = rest.split_at(count);
            self.body.variables.captured_by.insert(target, own.to_vec());
            rest = more;
        }
    }

    fn captured_count(&self, target: Target) -> usize {
        let Target::Slot(id) = target else { return 0 };
        self.decls.slots.get(id).and_then(|slot| slot.captured.as_ref()).map_or(0, Vec::len)
    }

    /// The function that a lambda is.
    pub(super) fn lambda_func(&mut self, id: usize, lambda: &'a Lambda) -> Func {
        let want = self.decls.slots[id].ret.clone();
        self.body.result = FuncResult { want: want.clone(), main: false, returned: None };
        for param in self.decls.slots[id].params.clone() {
            self.declare_variable(&param.name, param.ty);
        }
        self.declare_captured(id);
        let value = self.expr(&lambda.body, want.as_ref());
        let value = match &want {
            Some(want) => self.coerce(value, want, "the value of this function"),
            None => value,
        };
        let slot = &self.decls.slots[id];
        let (place, span) = (value.span, slot.span);
        // What is called for what it does gives nothing.
        let body = match (&want, &value.kind) {
            (Some(Ty::Null), ExprKind::Call(..)) => vec![Stmt { kind: StmtKind::Call(value), span: place }],
            _ => vec![Stmt { kind: StmtKind::Return(Some(value)), span: place }],
        };
        Func {
            name: "=>".to_owned(),
            origin: hir::Origin::Func,
            kind: FuncKind::Fn,
            defaults: vec![None; slot.params.len() + slot.captured.as_ref().map_or(0, Vec::len)],
            ret: want.unwrap_or(Ty::Error),
            effects: slot.effects.of_hir(),
            vars: std::mem::take(&mut self.body.variables.list),
            captures: std::mem::take(&mut self.body.variables.order),
            facts: self.body.take_facts(),
            body,
            span,
        }
    }

    /// A call of a function parameter.
    pub(super) fn call_given(&mut self, target: Target, name: &str, call: &Call, span: Span) -> Expr {
        let Some(func) = self.type_of_given(call.callee.span) else { return self.skip(call, span) };
        if let Some((Some(key), _)) = call.args.iter().find(|(key, _)| key.is_some()) {
            let diag = Diag::new("E0204", key.span, format!("the parameters of `{name}` have no names"));
            self.report(diag.hint("leave the name out"));
            return self.skip(call, span);
        }
        if call.args.len() != func.params.len() {
            let message =
                format!("`{name}` takes {} values, but here are {}", func.params.len(), call.args.len());
            self.report(Diag::new("E0204", span, message).hint(wanted(&func)));
            return self.skip(call, span);
        }
        let what = format!("the argument of `{name}`");
        let args = call.args.iter().zip(&func.params).map(|((_, arg), ty)| self.wanted(arg, ty, &what));
        let args: Vec<Expr> = args.collect();
        let value = match target {
            Target::Unknown => return Expr { ty: func.ret, ..error(span) },
            Target::Prelude(function) => return self.call_given_prelude(function, args, &func, span),
            Target::Slot(id) => self.call_given_slot(id, target, name, args, call.callee.span, span),
            Target::Tool(id) => self.call_given_tool(id, name, args, call.callee.span, span),
        };
        self.converted(value, &func.ret)
    }

    fn call_given_slot(
        &mut self,
        id: usize,
        target: Target,
        name: &str,
        args: Vec<Expr>,
        place: Span,
        span: Span,
    ) -> Expr {
        self.check_effects(id, name, place);
        let params = self.decls.slots[id].params.clone();
        let mut all = self.fill(&params, args, span);
        for var in self.captured_of(target) {
            all.push(self.read_of(var, span));
        }
        let ty = self.result_of(id, place);
        Expr { kind: ExprKind::Call(u32::try_from(id).unwrap_or(u32::MAX), all), ty, span }
    }

    fn call_given_tool(&mut self, id: usize, name: &str, args: Vec<Expr>, place: Span, span: Span) -> Expr {
        let Some(tool) = self.decls.tools.get(id) else { return error(span) };
        let (body, params, ty) = (tool.body.clone(), tool.params.clone(), tool.ret.clone());
        self.check_tool_call(name, place);
        let args = self.fill(&params, args, span);
        let kind = match body {
            ToolBody::Func(func) => ExprKind::Call(func, args),
            ToolBody::Outside(_) => ExprKind::Tool(u32::try_from(id).unwrap_or(u32::MAX), args),
        };
        Expr { kind, ty, span }
    }

    /// A function of the prelude with values that are computed already.
    fn call_given_prelude(&mut self, function: Function, args: Vec<Expr>, func: &FuncTy, span: Span) -> Expr {
        let types: Vec<Ty> = args.iter().map(|arg| arg.ty.clone()).collect();
        let name = function.signature().name.to_owned();
        let callee = Ast { kind: A::Name(name), span };
        let (vars, body) = self.given(&callee, &types, span, |c, call| c.call_prelude(function, call, span));
        let body = self.converted(body, &func.ret);
        let bound = vars.into_iter().zip(args).rev();
        bound.fold(body, |body, (var, arg)| {
            let ty = body.ty.clone();
            Expr { kind: ExprKind::Let(var, Box::new(arg), Box::new(body)), ty, span }
        })
    }

    /// Arguments as parameters take them, and the defaults of the rest.
    fn fill(&mut self, params: &[Param], args: Vec<Expr>, span: Span) -> Vec<Expr> {
        let mut args = args.into_iter();
        let mut out = Vec::new();
        for param in params {
            out.push(match args.next() {
                Some(arg) => self.converted(arg, &param.ty),
                None => self.argument(param, None, span),
            });
        }
        out
    }

    /// The declared type of the function parameter that a name means.
    fn type_of_given(&self, place: Span) -> Option<FuncTy> {
        let def = self.program.names.local_at(place)?;
        let declared = self.program.names.definition(def)?.span;
        let of = |id: usize| self.decls.slots.get(id).map(|slot| slot.instance_of.unwrap_or(id));
        let mut slot = of(self.body.slot)?;
        // A lambda calls the functions of the function that it stands in.
        while let Origin::Lambda(_, owner) = self.decls.slots[slot].origin {
            slot = of(owner)?;
        }
        let params = &self.decls.slots[slot].params;
        params.iter().find(|param| param.name.span == declared).and_then(|param| param.func.clone())
    }

    /// Functions with bodies of their own that wait for what they read are checked where that is known; whatever
    /// is left has no caller that could be checked.
    pub(super) fn check_rest(&mut self) {
        let is_ready = |slot: &Slot<'_>| slot.state == State::Todo && !slot.waits();
        while let Some(id) = self.decls.slots.iter().position(is_ready) {
            self.check_slot(id);
        }
        self.findings.hidden |= self.decls.slots.iter().any(|slot| slot.state == State::Todo);
    }

    /// A function that takes functions is nothing by itself: it was checked for its findings.
    pub(super) fn without_body(func: Func) -> Func {
        Func {
            effects: hir::Effects::default(),
            body: Vec::new(),
            captures: Vec::new(),
            facts: Vec::new(),
            vars: Vec::new(),
            defaults: Vec::new(),
            ret: Ty::Null,
            ..func
        }
    }

    pub(super) fn fresh_body(&mut self, id: usize) -> Body {
        std::mem::replace(&mut self.body, Body { slot: id, ..Body::default() })
    }
}

/// What to write for a parameter of a function type.
fn wanted(func: &FuncTy) -> String {
    let params: Vec<String> = func.params.iter().map(Ty::to_string).collect();
    let gives = if func.ret == Ty::Null { String::new() } else { format!(" -> {}", func.ret) };
    format!("it is declared as fn({}){gives}", params.join(", "))
}
