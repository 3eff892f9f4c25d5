//! Calls of the file's functions and of the prelude.

use super::Checker;
use super::expr::error;
use super::link::Global;
use super::prelude::OVER_LISTS;
use super::slots::Param;
use super::suggest::{foreign_function, foreign_value};
use crate::ast::{Call, Expr as Ast, ExprKind as A, Ident};
use crate::builtin::{Function, Signature};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, ToolBody};
use crate::source::Span;
use crate::ty::Ty;

/// What calls of either kind know about a parameter.
pub(super) struct Formal<'p> {
    pub(super) name: &'p str,
    pub(super) optional: bool,
}

impl Checker<'_> {
    pub(super) fn call(&mut self, call: &Call, span: Span) -> Expr {
        let place = call.callee.span;
        let name = match &call.callee.kind {
            A::Name(name) => name.clone(),
            A::Field(base, method) => return self.method(base, method, call, span),
            A::Error => return self.skip(call, span),
            _ => {
                let diag = Diag::new("E0203", place, "this is not a function");
                self.report(diag.hint("only functions can be called, by name: f(x)"));
                return self.skip(call, span);
            }
        };
        if let Some(target) = self.function_param(self.body.slot, &call.callee) {
            return self.call_given(target, &name, call, span);
        }
        if let Some(Some(var)) = self.variable_at(place)
            && self.body.ty(var).is_error()
        {
            self.findings.hidden = true;
            return self.skip(call, span);
        }
        if self.variable_at(place).is_some() {
            let diag = Diag::new("E0203", place, format!("`{name}` is a value, not a function"));
            self.report(diag.hint("if a function of this name is meant, rename the variable"));
            return self.skip(call, span);
        }
        if let Some((global, _)) = self.global_at(place) {
            return self.call_global(global, &name, call, span);
        }
        match Function::named(&name) {
            Some(function) => self.call_prelude(function, call, span),
            None => {
                self.unknown_function(&name, place);
                self.skip(call, span)
            }
        }
    }

    /// A call of what a name at top level, or in an imported file, stands for.
    fn call_global(&mut self, global: Global, name: &str, call: &Call, span: Span) -> Expr {
        let (what, hint) = match global {
            Global::Func(id) => return self.call_func(id, name, call, span),
            Global::Tool(id) => return self.call_tool(id, name, call, span),
            Global::Const(_) => ("a constant, not a function", "leave out the parentheses".to_owned()),
            Global::Module(_) => ("an imported file", format!("its functions are called as {name}.f(…)")),
            Global::Unknown => {
                self.findings.hidden = true;
                return self.skip(call, span);
            }
        };
        let diag = Diag::new("E0203", call.callee.span, format!("`{name}` is {what}"));
        self.report(diag.hint(hint));
        self.skip(call, span)
    }

    /// A tool with a body is called as a function; any other runs outside of the program.
    fn call_tool(&mut self, id: usize, name: &str, call: &Call, span: Span) -> Expr {
        let Some(tool) = self.decls.tools.get(id) else { return self.skip(call, span) };
        let (body, params, ty) = (tool.body.clone(), tool.params.clone(), tool.ret.clone());
        if self.check_tool_call(name, call.callee.span) {
            return Expr { ty, ..self.skip(call, span) };
        }
        if let ToolBody::Func(func) = body {
            return self.call_func(func as usize, name, call, span);
        }
        match self.args(name, &params, call, span) {
            Some(args) => {
                Expr { kind: ExprKind::Tool(u32::try_from(id).unwrap_or(u32::MAX), args), ty, span }
            }
            None => Expr { ty, ..self.skip(call, span) },
        }
    }

    /// Whether a tool may not be called here, which is reported.
    pub(super) fn check_tool_call(&mut self, name: &str, span: Span) -> bool {
        let Some(place) = self.body.around.pure_only else { return false };
        let diag = Diag::new("E0301", span, format!("`{name}` runs a tool, which {place} cannot do"));
        self.report(diag.hint(format!("call it in a statement first: let x = {name}(…)")));
        true
    }

    /// Checks the arguments of a call that came to nothing.
    pub(super) fn skip(&mut self, call: &Call, span: Span) -> Expr {
        for (_, arg) in &call.args {
            self.expr(arg, None);
        }
        error(span)
    }

    fn method(&mut self, base: &Ast, method: &Ident, call: &Call, span: Span) -> Expr {
        if matches!(base.kind, A::Name(_))
            && let Some(module) = self.file_at(base.span)
        {
            let global = module.map_or(Global::Unknown, |module| self.name_in(module, method));
            return self.call_global(global, &method.name, call, span);
        }
        let hint = self.method_hint(base, &method.name);
        self.report(Diag::new("E0203", method.span, "values have no methods").hint(hint));
        self.skip(call, span)
    }

    /// What to write for `base.method(…)`.
    fn method_hint(&mut self, base: &Ast, method: &str) -> String {
        let known = Function::named(method).is_some() || self.global(method).is_some();
        // `open("x").read()` is about its first call.
        if let A::Call(inner) = &base.kind
            && let A::Name(name) = &inner.callee.kind
            && let Some(hint) = foreign_function(name).filter(|_| !self.is_known(inner.callee.span))
        {
            return hint.to_owned();
        }
        if let Some(hint) = foreign_module(base).filter(|_| !known) {
            return hint.to_owned();
        }
        if method == "format" && matches!(base.kind, A::Str(_)) {
            return "put the values into a string: \"{{ a }} and {{ b }}\"".to_owned();
        }
        if method == "join" {
            return "pipe the list into it: xs | join(\", \")".to_owned();
        }
        if let Some(hint) = foreign_value(method).or_else(|| foreign_function(method)).filter(|_| !known) {
            return hint.to_owned();
        }
        let near = self.nearest(method, function_names()).filter(|_| !known);
        format!("pipe the value into a function: x | {}", near.as_deref().unwrap_or(method))
    }

    fn unknown_function(&mut self, name: &str, span: Span) {
        if self.is_lost(name) {
            self.findings.hidden = true;
            return;
        }
        let mut known: Vec<String> = function_names().map(str::to_owned).collect();
        let callable =
            |name: &&str| matches!(self.global(name), Some((Global::Func(_) | Global::Tool(_), _)));
        known.extend(self.global_names().filter(callable).map(str::to_owned));
        let nearest = self.nearest(name, known.iter().map(String::as_str));
        let foreign = foreign_value(name).or_else(|| foreign_function(name));
        let near = nearest.clone().filter(|_| foreign.is_none());
        let hint = match (foreign, nearest) {
            (Some(hint), _) => hint.to_owned(),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => format!("declare it: fn {name}(…) {{ … }}"),
        };
        self.report(
            Diag::new("E0100", span, format!("there is no function `{name}`"))
                .hint(hint)
                .perhaps(span, near.as_deref()),
        );
    }

    fn call_func(&mut self, id: usize, name: &str, call: &Call, span: Span) -> Expr {
        if self.decls.slots[id].is_template() {
            return self.call_template(id, name, call, span);
        }
        self.check_effects(id, name, call.callee.span);
        let params = self.decls.slots[id].params.clone();
        let args = self.args(name, &params, call, span);
        let ty = self.result_of(id, call.callee.span);
        match args {
            Some(args) => {
                Expr { kind: ExprKind::Call(u32::try_from(id).unwrap_or(u32::MAX), args), ty, span }
            }
            None => Expr { ty, ..self.skip(call, span) },
        }
    }

    /// The arguments of a function or tool, defaults filled in; `None` after reporting.
    fn args(&mut self, name: &str, params: &[Param], call: &Call, span: Span) -> Option<Vec<Expr>> {
        let formals: Vec<Formal<'_>> =
            params.iter().map(|p| Formal { name: &p.name.name, optional: p.default.is_some() }).collect();
        let given = self.match_args(name, &formals, call, span)?;
        let mut args = Vec::new();
        for (param, arg) in params.iter().zip(given) {
            args.push(self.argument(param, arg, span));
        }
        Some(args)
    }

    /// Whether an argument is a function, and no value.
    fn is_function(&self, arg: &Ast) -> bool {
        matches!(arg.kind, A::Lambda(_)) || self.target_named(self.body.slot, arg).is_some()
    }

    /// The value of a parameter, which may be its default.
    pub(super) fn argument(&mut self, param: &Param, arg: Option<&Ast>, span: Span) -> Expr {
        match arg {
            // It may be a function that is meant.
            Some(arg) if param.ty == Ty::Error && self.is_function(arg) => {
                self.findings.hidden = true;
                error(arg.span)
            }
            Some(arg) => self.wanted(arg, &param.ty, &format!("the argument `{}`", param.name.name)),
            None => {
                let default = param.default.and_then(|d| u32::try_from(d).ok()).unwrap_or(u32::MAX);
                Expr { kind: ExprKind::Call(default, Vec::new()), ty: param.ty.clone(), span }
            }
        }
    }

    /// What a function does to contexts must be allowed where it is called.
    pub(super) fn check_effects(&mut self, id: usize, name: &str, span: Span) {
        let slot = &self.decls.slots[id];
        let (pure, agent, roles) = (slot.effects.pure(), slot.is_agent(), slot.effects.roles);
        if let Some(place) = self.body.around.pure_only
            && !pure
        {
            let does = if agent { "generates" } else { "writes text or generates" };
            let diag = Diag::new("E0301", span, format!("`{name}` {does}, which {place} cannot do"));
            self.report(diag.hint(format!("call it in a statement first: let x = {name}(…)")));
        }
        if roles
            && !agent
            && let Some(outer) = self.body.around.role
        {
            let diag = Diag::new("E0302", span, format!("`{name}` opens a role inside another role"));
            let diag = diag.label(outer, "this role is open");
            self.report(
                diag.hint("call it outside the role, or make it an `agent`, which has a context of its own"),
            );
        }
    }

    /// The argument of each parameter, or `None` after reporting.
    pub(super) fn match_args<'c>(
        &mut self,
        name: &str,
        formals: &[Formal<'_>],
        call: &'c Call,
        span: Span,
    ) -> Option<Vec<Option<&'c Ast>>> {
        let mut given: Vec<Option<&Ast>> = vec![None; formals.len()];
        let mut good = true;
        for (at, (key, value)) in call.args.iter().enumerate() {
            let slot = match key {
                Some(key) => formals.iter().position(|f| f.name == key.name),
                None => Some(at).filter(|at| *at < formals.len()),
            };
            let place = key.as_ref().map_or(value.span, |k| k.span);
            match slot {
                Some(slot) if given[slot].is_none() => given[slot] = Some(value),
                Some(slot) => {
                    good = self.wrong_args(
                        place,
                        format!("`{}` is given twice", formals[slot].name),
                        name,
                        formals,
                    )
                }
                None => {
                    let what = key.as_ref().map_or("this argument is one too many".to_owned(), |k| {
                        format!("`{name}` has no parameter `{}`", k.name)
                    });
                    good = self.wrong_args(place, what, name, formals);
                }
            }
        }
        let missing = formals.iter().zip(&given).find(|(f, g)| !f.optional && g.is_none());
        if let (true, Some((formal, _))) = (good, missing) {
            good = self.wrong_args(span, format!("`{name}` needs `{}`", formal.name), name, formals);
        }
        good.then_some(given)
    }

    fn wrong_args(&mut self, span: Span, message: String, name: &str, formals: &[Formal<'_>]) -> bool {
        let list: Vec<String> =
            formals.iter().map(|f| format!("{}{}", f.name, if f.optional { "?" } else { "" })).collect();
        let diag = Diag::new("E0204", span, message);
        self.report(diag.hint(format!("it is called as {name}({})", list.join(", "))));
        false
    }

    pub(super) fn call_prelude(&mut self, function: Function, call: &Call, span: Span) -> Expr {
        let Signature { name, params, .. } = *function.signature();
        let formals: Vec<Formal<'_>> =
            params.iter().map(|p| Formal { name: p.name, optional: p.default.is_some() }).collect();
        let Some(given) = self.match_args(name, &formals, call, span) else {
            return self.skip(call, span);
        };
        match (function, given.as_slice()) {
            (Function::Score, [Some(text)]) => self.score(text, span),
            (Function::Describe, [Some(what), form]) => self.describe(what, *form, span),
            (function, given) if OVER_LISTS.contains(&function) => self.over_list(function, given, span),
            (Function::Builtin(builtin), given) => self.call_builtin(builtin, given, span),
            _ => self.skip(call, span),
        }
    }
}

fn function_names() -> impl Iterator<Item = &'static str> {
    Function::all().iter().map(|function| function.signature().name)
}

/// What to do about a call of something in a module of another language, as in `console.log(x)`.
fn foreign_module(base: &Ast) -> Option<&'static str> {
    let A::Name(name) = &base.kind else { return None };
    match name.as_str() {
        "console" | "Console" | "logger" | "logging" | "log" => Some("write `print value`"),
        "requests" | "httpx" | "axios" | "urllib" | "http" => foreign_function("fetch"),
        "random" => foreign_function("random"),
        "datetime" | "time" | "Date" => foreign_function("now"),
        "subprocess" => foreign_function("exec"),
        _ => None,
    }
}
