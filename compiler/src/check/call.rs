//! Calls of the file's functions and of the prelude.

use super::Checker;
use super::expr::{MAYBE_NULL, constant, error};
use super::link::Global;
use super::slots::Param;
use super::suggest::{foreign_function, foreign_value};
use crate::ast::{Call, Expr as Ast, ExprKind as A, Ident};
use crate::builtin::{Builtin, Default, Function, Gives, Signature, Takes};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, MapGives, ToolBody};
use crate::ir::Const;
use crate::source::Span;
use crate::ty::{self, Ty};

/// What calls of either kind know about a parameter.
struct Formal<'p> {
    name: &'p str,
    optional: bool,
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
        if let Some(place) = self.body.around.pure_only {
            let diag = Diag::new(
                "E0301",
                call.callee.span,
                format!("`{name}` runs a tool, which {place} cannot do"),
            );
            self.report(diag.hint(format!("call it in a statement first: let x = {name}(…)")));
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

    /// Checks the arguments of a call that came to nothing.
    fn skip(&mut self, call: &Call, span: Span) -> Expr {
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
        let hint = match (foreign_value(name).or_else(|| foreign_function(name)), nearest) {
            (Some(hint), _) => hint.to_owned(),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => format!("declare it: fn {name}(…) {{ … }}"),
        };
        self.report(Diag::new("E0100", span, format!("there is no function `{name}`")).hint(hint));
    }

    fn call_func(&mut self, id: usize, name: &str, call: &Call, span: Span) -> Expr {
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
            let value = match arg {
                Some(arg) => self.wanted(arg, &param.ty, &format!("the argument `{}`", param.name.name)),
                None => {
                    let default = param.default.and_then(|d| u32::try_from(d).ok()).unwrap_or(u32::MAX);
                    Expr { kind: ExprKind::Call(default, Vec::new()), ty: param.ty.clone(), span }
                }
            };
            args.push(value);
        }
        Some(args)
    }

    /// What a function does to contexts must be allowed where it is called.
    fn check_effects(&mut self, id: usize, name: &str, span: Span) {
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
    fn match_args<'c>(
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

    fn call_prelude(&mut self, function: Function, call: &Call, span: Span) -> Expr {
        let Signature { name, params, .. } = *function.signature();
        let formals: Vec<Formal<'_>> =
            params.iter().map(|p| Formal { name: p.name, optional: p.default.is_some() }).collect();
        let Some(given) = self.match_args(name, &formals, call, span) else {
            return self.skip(call, span);
        };
        match (function, given.as_slice()) {
            (Function::Map, [Some(list), Some(f)]) => self.map(MapGives::Values, name, list, f, span),
            (Function::Builtin(Builtin::Filter), [Some(list), Some(f)]) => {
                self.map(MapGives::Filter, name, list, f, span)
            }
            (Function::Builtin(Builtin::SortBy), [Some(list), Some(f)]) => {
                self.map(MapGives::Sorted, name, list, f, span)
            }
            (Function::Score, [Some(text)]) => self.score(text, span),
            (Function::Builtin(builtin), given) => self.call_builtin(builtin, given, span),
            (Function::Map | Function::Score, _) => self.skip(call, span),
        }
    }

    fn call_builtin(&mut self, builtin: Builtin, given: &[Option<&Ast>], span: Span) -> Expr {
        if let [_, Some(Ast { kind: A::Regex(regex), .. }), ..] = given
            && let Some(by_regex) = builtin.by_regex()
        {
            return self.call_by_regex(builtin, by_regex, given, regex, span);
        }
        let signature = builtin.signature();
        let mut args = Vec::new();
        let mut good = true;
        for (param, arg) in signature.params.iter().zip(given) {
            let value = match arg {
                Some(arg) => self.expr(arg, None),
                None => default_value(param.default, span),
            };
            if arg.is_some() && !takes(param.takes, &value.ty) {
                good = self.wrong_kind(signature.name, param.name, param.takes, &value);
            }
            good &= !value.ty.is_error();
            args.push(value);
        }
        if !good {
            return error(span);
        }
        let ty = self.builtin_result(signature, &mut args, span);
        Expr { kind: ExprKind::Builtin(builtin, args), ty, span }
    }

    pub(super) fn wrong_kind(&mut self, name: &str, param: &str, takes: Takes, value: &Expr) -> bool {
        let message = format!("`{name}` takes {} as `{param}`, but this is {}", described(takes), value.ty);
        let hint = match takes {
            _ if value.ty.may_be_null() && value.ty != Ty::Null => MAYBE_NULL,
            Takes::Str => "convert it with str(x), or put it into a string: \"{{ x }}\"",
            Takes::Int | Takes::IntOrNull | Takes::Number => "convert it with int(x) or float(x)",
            Takes::List | Takes::Numbers | Takes::Ordered => {
                "put it into a list: [x]; to split text, write split(s, \",\") or lines(s)"
            }
            Takes::Record => "pass a record, such as {a: 1}",
            Takes::Sized => "pass a str, a list or a record, such as [1, 2]",
            Takes::StrOrList => "pass a str or a list, such as [1, 2]",
            Takes::StrOrNull => "pass a str, or leave the argument out",
            Takes::Scalar => "pass a str, a number or a bool, such as \"1\"",
            Takes::Comparable => "pass a number, a str, or a list of them, such as [1, 2]",
            Takes::Pattern | Takes::PatternOrNull => "pass a text, or a regex: /[0-9]+/",
            Takes::Regex => "write a regex: matches(s, /…/); contains(s, part) looks for a text",
            Takes::Any | Takes::Function => "pass another value",
        };
        self.report(Diag::new("E0200", value.span, message).hint(hint));
        false
    }

    pub(super) fn builtin_result(&mut self, signature: &Signature, args: &mut [Expr], span: Span) -> Ty {
        let first = args.first().map_or(Ty::Error, |a| a.ty.base());
        match signature.gives {
            Gives::Str => Ty::Str,
            Gives::Int => Ty::Int,
            Gives::Float => Ty::Float,
            Gives::Bool => Ty::Bool,
            Gives::Any => Ty::Any,
            Gives::Strs => Ty::list(Ty::Str),
            Gives::Ints => Ty::list(Ty::Int),
            Gives::First => first,
            Gives::Item => item(&first, Ty::Int),
            Gives::Pairs => {
                let second = args.get(1).map_or(Ty::Error, |a| a.ty.base());
                Ty::list(Ty::list(ty::join(&item(&first, Ty::Any), &item(&second, Ty::Any))))
            }
            Gives::Values => match &first {
                Ty::Record(fields) => {
                    let all = fields.iter().fold(Ty::Never, |ty, f| ty::join(&ty, &f.read()));
                    Ty::list(if all == Ty::Never { Ty::Any } else { all })
                }
                Ty::Map(value) => Ty::list((**value).clone()),
                _ => Ty::list(Ty::Any),
            },
            Gives::Rounded => {
                if args.get(1).is_some_and(|a| a.ty != Ty::Null) {
                    Ty::Float
                } else {
                    Ty::Int
                }
            }
            Gives::Extreme => self.extreme(signature.name, args, span),
        }
    }

    /// `min` and `max`: of one list, or of two values.
    fn extreme(&mut self, name: &str, args: &mut [Expr], span: Span) -> Ty {
        let [a, b] = args else { return Ty::Error };
        let (first, second) = (a.ty.base(), b.ty.base());
        match (&first, &second) {
            (Ty::List(inner), Ty::Null) => item(&Ty::List(inner.clone()), Ty::Any),
            (Ty::Any, _) | (_, Ty::Any) => Ty::Any,
            (Ty::Int, Ty::Float) => {
                *a = super::expr::to_float(a.clone());
                Ty::Float
            }
            (Ty::Float, Ty::Int) => {
                *b = super::expr::to_float(b.clone());
                Ty::Float
            }
            (x, y) if x == y && !matches!(x, Ty::List(_)) => first,
            _ => {
                let diag =
                    Diag::new("E0204", span, format!("`{name}` takes one list, or two values of one type"));
                self.fail(diag.hint(format!("write {name}([a, b, c]) or {name}(a, b)")))
            }
        }
    }
}

fn function_names() -> impl Iterator<Item = &'static str> {
    Function::all().iter().map(|function| function.signature().name)
}

pub(super) fn default_value(default: Option<Default>, span: Span) -> Expr {
    let value = match default {
        None | Some(Default::Null) => Const::Null,
        Some(Default::Int(n)) => Const::Int(n),
        Some(Default::Str(text)) => Const::Str(text.to_owned()),
    };
    constant(value, span)
}

/// The item type of a list; `otherwise` of an empty one.
pub(super) fn item(list: &Ty, otherwise: Ty) -> Ty {
    match list {
        Ty::List(item) if **item == Ty::Never => otherwise,
        Ty::List(item) => (**item).clone(),
        _ => Ty::Any,
    }
}

pub(super) fn takes(takes: Takes, ty: &Ty) -> bool {
    let base = ty.base();
    let is_list = |good: &dyn Fn(&Ty) -> bool| matches!(&base, Ty::List(item) if good(&item.base()));
    let number = |t: &Ty| matches!(t, Ty::Int | Ty::Float | Ty::Any | Ty::Never | Ty::Error);
    let ordered = |t: &Ty| number(t) || *t == Ty::Str;
    match &base {
        Ty::Error => return true,
        Ty::Any => return takes != Takes::Regex,
        Ty::Union(members) => {
            return takes != Takes::Comparable && members.iter().all(|m| self::takes(takes, m));
        }
        _ => {}
    }
    match takes {
        Takes::Any => true,
        Takes::Str => base == Ty::Str,
        Takes::StrOrNull => matches!(base, Ty::Str | Ty::Null),
        Takes::Int => base == Ty::Int,
        Takes::IntOrNull => matches!(base, Ty::Int | Ty::Null),
        Takes::Number => number(&base),
        Takes::Scalar => number(&base) || matches!(base, Ty::Str | Ty::Bool),
        Takes::List => matches!(base, Ty::List(_)),
        Takes::Numbers => is_list(&number),
        Takes::Ordered => is_list(&ordered),
        Takes::StrOrList => matches!(base, Ty::Str | Ty::List(_)),
        Takes::Sized => matches!(base, Ty::Str | Ty::List(_) | Ty::Record(_) | Ty::Map(_)),
        Takes::Record => matches!(base, Ty::Record(_) | Ty::Map(_)),
        Takes::Comparable => ordered(&base) || is_list(&ordered),
        Takes::Pattern => base == Ty::Str,
        Takes::PatternOrNull => matches!(base, Ty::Str | Ty::Null),
        Takes::Regex | Takes::Function => false,
    }
}

fn described(takes: Takes) -> &'static str {
    match takes {
        Takes::Any => "anything",
        Takes::Str | Takes::StrOrNull => "a str",
        Takes::Int | Takes::IntOrNull => "an int",
        Takes::Number => "a number",
        Takes::Scalar => "a str, a number or a bool",
        Takes::List => "a list",
        Takes::Numbers => "a list of numbers",
        Takes::Ordered => "a list of numbers or of strings",
        Takes::StrOrList => "a str or a list",
        Takes::Sized => "a str, a list, a record or a map",
        Takes::Record => "a record or a map",
        Takes::Comparable => "a number, a str, or a list of them",
        Takes::Pattern | Takes::PatternOrNull => "a str or a regex",
        Takes::Regex => "a regex",
        Takes::Function => "the name of a function",
    }
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
