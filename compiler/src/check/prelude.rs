//! Functions of the prelude whose arguments are more than values: names of functions, regexes, the context.

use super::Checker;
use super::builtin::{default_value, item, takes};
use super::expr::{constant, error};
use crate::ast::{Call, Expr as Ast, ExprKind as A, Lambda, Regex};
use crate::builtin::{Builtin, Function, Signature, Takes};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, Map, MapGives, VarId};
use crate::ir::Const;
use crate::source::Span;
use crate::ty::{self, Ty};

/// The number of a value that a function is called with by another, as its name is written while the call is checked; no
/// name of a program begins so.
pub(super) fn given_number(name: &str) -> Option<usize> {
    name.strip_prefix(' ')?.parse().ok()
}

/// Functions that call another one for the items of a list.
pub(super) const OVER_LISTS: [Function; 8] = [
    Function::Map,
    Function::Any,
    Function::All,
    Function::Find,
    Function::Reduce,
    Function::Builtin(Builtin::Filter),
    Function::Builtin(Builtin::SortBy),
    Function::Builtin(Builtin::GroupBy),
];

impl Checker<'_> {
    /// `map(xs, f)` and the like: `f(item)` for each item.
    pub(super) fn over_list(&mut self, function: Function, given: &[Option<&Ast>], span: Span) -> Expr {
        let signature = function.signature();
        let (Some(Some(list)), Some(f)) = (given.first(), function_of(signature, given)) else {
            return error(span);
        };
        let list = self.expr(list, None);
        if !takes(Takes::List, &list.ty) {
            self.wrong_kind(signature.name, "xs", Takes::List, &list);
            return error(span);
        }
        let item = item(&list.ty.base(), Ty::Any);
        let start = match (function, given) {
            (Function::Reduce, [_, Some(start), _]) => Some(self.expr(start, None)),
            _ => None,
        };
        let so_far = start.as_ref().map(|start| self.settled(&start.ty.widened(), start.span));
        let types: Vec<Ty> = so_far.into_iter().chain([item]).collect();
        let Some((vars, body)) = self.applied(signature.name, f, &types) else { return error(span) };
        let gives = match (function, start, vars.as_slice()) {
            (Function::Map, ..) => MapGives::Values,
            (Function::Any, ..) => MapGives::Any,
            (Function::All, ..) => MapGives::All,
            (Function::Find, ..) => MapGives::Find,
            (Function::Reduce, Some(start), [so_far, _]) => MapGives::Reduced(*so_far, start),
            (Function::Builtin(Builtin::Filter), ..) => MapGives::Filter,
            (Function::Builtin(Builtin::GroupBy), ..) => MapGives::Groups,
            _ => MapGives::Sorted(self.falling(given.get(2).copied().flatten(), span)),
        };
        let Some(item) = vars.last().copied() else { return error(span) };
        if body.ty.is_error() || list.ty.is_error() {
            return error(span);
        }
        let Some((body, ty)) = self.result_suits(signature.name, &gives, body, &list) else {
            return error(span);
        };
        let ty = self.settled(&ty, span);
        Expr { kind: ExprKind::Map(Box::new(Map { list, item, body, gives })), ty, span }
    }

    /// The `desc` of a `sort_by`.
    fn falling(&mut self, given: Option<&Ast>, span: Span) -> Expr {
        match given {
            Some(value) => self.wanted(value, &Ty::Bool, "the argument `desc`"),
            None => constant(Const::Bool(false), span),
        }
    }

    /// A function with values of these types as its first arguments: the variables that hold them, and the call.
    pub(super) fn applied(&mut self, name: &str, f: &Ast, types: &[Ty]) -> Option<(Vec<VarId>, Expr)> {
        if let A::Lambda(lambda) = &f.kind {
            return self.applied_lambda(name, lambda, types, f.span);
        }
        if !is_name(f) {
            self.no_function_name(name, f);
            return None;
        }
        Some(self.given(f, types, f.span, |c, call| c.call(call, f.span)))
    }

    /// A call with values of these types: the variables that hold them, and the call.
    pub(super) fn given(
        &mut self,
        callee: &Ast,
        types: &[Ty],
        span: Span,
        call: impl FnOnce(&mut Self, &Call) -> Expr,
    ) -> (Vec<VarId>, Expr) {
        let vars: Vec<VarId> = types.iter().map(|ty| self.body.new_var("", ty.clone(), span)).collect();
        let outer = std::mem::replace(&mut self.body.variables.given, vars.clone());
        let arg = |number: usize| (None, Ast { kind: A::Name(format!(" {number}")), span });
        let args = (0..types.len()).map(arg).collect();
        let body = call(self, &Call { callee: Box::new(callee.clone()), args, piped: false });
        self.body.variables.given = outer;
        (vars, body)
    }

    /// A lambda in its place: it reads the variables around it, and what it is called with has names of its own.
    fn applied_lambda(
        &mut self,
        name: &str,
        lambda: &Lambda,
        types: &[Ty],
        span: Span,
    ) -> Option<(Vec<VarId>, Expr)> {
        if lambda.params.len() != types.len() {
            let wanted = if types.len() == 1 { "one value: x => …" } else { "two values: (sum, x) => …" };
            let message = format!("`{name}` calls its function with {} values", types.len());
            self.report(Diag::new("E0204", span, message).hint(format!("write a function of {wanted}")));
            return None;
        }
        let vars =
            lambda.params.iter().zip(types).map(|(param, ty)| self.declare_variable(param, ty.clone()));
        let vars = vars.collect();
        Some((vars, self.expr(&lambda.body, None)))
    }

    fn no_function_name(&mut self, name: &str, f: &Ast) {
        let diag = Diag::new("E0203", f.span, format!("`{name}` takes a function"));
        let hint = match &f.kind {
            A::Error => return,
            A::Call(call) => match &call.callee.kind {
                A::Name(callee) => format!("leave the parentheses out: {name}(xs, {callee})"),
                _ => format!("write {name}(xs, f), where f takes an item"),
            },
            _ => {
                format!("write a function of an item, such as x => x + 1, or the name of one: {name}(xs, f)")
            }
        };
        self.report(diag.hint(hint));
    }

    /// The type of the whole, if what the function gives is of use; and what it gives as that is needed.
    fn result_suits(&mut self, name: &str, gives: &MapGives, body: Expr, list: &Expr) -> Option<(Expr, Ty)> {
        let bool_item = |ty: Ty| ty::fits(&body.ty, &Ty::Bool).then_some(ty);
        let items = list.ty.base();
        let (ty, wanted, hint) = match gives {
            MapGives::Values => (Some(Ty::list(body.ty.widened())), "", ""),
            MapGives::Filter => (bool_item(items), "a bool", "it decides which items are kept: x => x > 0"),
            MapGives::Any | MapGives::All => {
                (bool_item(Ty::Bool), "a bool", "it looks at one item: x => x > 0")
            }
            MapGives::Find => {
                let found = ty::union(vec![item(&items, Ty::Any), Ty::Null]);
                (bool_item(found), "a bool", "it says whether this is the item: x => x > 0")
            }
            MapGives::Sorted(_) => {
                let good = takes(Takes::Ordered, &Ty::list(body.ty.base()));
                (
                    good.then_some(items),
                    "a number or a str",
                    "it returns what items are sorted by: x => x.score",
                )
            }
            MapGives::Groups => {
                let good = matches!(body.ty.base(), Ty::Str | Ty::Int | Ty::Bool);
                let groups = Ty::Map(Box::new(items));
                (
                    good.then_some(groups),
                    "a str, an int or a bool",
                    "it returns what an item belongs to: x => x.kind",
                )
            }
            MapGives::Reduced(so_far, _) => {
                let ty = self.body.ty(*so_far).clone();
                if !ty::fits(&body.ty, &ty) {
                    let message = format!("`{name}` begins with {ty}, but its function returns {}", body.ty);
                    let hint = match (&ty, body.ty.base()) {
                        (Ty::Int, Ty::Float) => "begin with a float: 0.0".to_owned(),
                        _ => format!("begin with a value of type {}", body.ty.widened()),
                    };
                    self.report(Diag::new("E0200", body.span, message).hint(hint));
                    return None;
                }
                return Some((self.converted(body, &ty), ty));
            }
        };
        if ty.is_none() {
            let message =
                format!("`{name}` takes a function that returns {wanted}, but this one returns {}", body.ty);
            self.report(Diag::new("E0200", body.span, message).hint(hint));
        }
        ty.map(|ty| (body, ty))
    }

    /// `score(text)`
    pub(super) fn score(&mut self, text: &Ast, span: Span) -> Expr {
        if let Some(place) = self.body.around.pure_only {
            let diag = Diag::new("E0301", span, format!("`score` asks the model, which {place} cannot do"));
            self.report(diag.hint("call it in a statement first: let x = score(…)"));
        }
        let text = self.wanted(text, &Ty::Str, "the argument `text`");
        Expr { kind: ExprKind::Score(Box::new(text)), ty: Ty::Float, span }
    }

    /// A function whose second argument is a regex: an instruction of its own, with the pattern as a text.
    pub(super) fn call_by_regex(
        &mut self,
        builtin: Builtin,
        by_regex: Builtin,
        given: &[Option<&Ast>],
        regex: &Regex,
        span: Span,
    ) -> Expr {
        let mut good = self.search_regex_is_good(&regex.pattern, regex.span);
        let signature = builtin.signature();
        let mut args = Vec::new();
        for (at, (param, arg)) in signature.params.iter().zip(given).enumerate() {
            let value = match arg {
                _ if at == 1 => constant(Const::Str(regex.pattern.clone()), regex.span),
                Some(arg) => self.expr(arg, None),
                None => default_value(param.default, span),
            };
            if at != 1 && !takes(Takes::Str, &value.ty) {
                good = self.wrong_kind(signature.name, param.name, Takes::Str, &value);
            }
            good &= !value.ty.is_error();
            args.push(value);
        }
        if !good {
            return error(span);
        }
        let ty = self.builtin_result(by_regex.signature(), &mut args, span);
        Expr { kind: ExprKind::Builtin(by_regex, args), ty, span }
    }
}

/// `f` or `lib.f`
fn is_name(f: &Ast) -> bool {
    match &f.kind {
        A::Name(_) => true,
        A::Field(base, _) => matches!(base.kind, A::Name(_)),
        _ => false,
    }
}

/// The argument that is the function.
fn function_of<'a>(signature: &Signature, given: &[Option<&'a Ast>]) -> Option<&'a Ast> {
    let at = signature.params.iter().position(|param| param.takes == Takes::Function)?;
    given.get(at).copied().flatten()
}
