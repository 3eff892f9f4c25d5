//! Functions of the prelude whose arguments are more than values: names of functions, regexes, the context.

use super::Checker;
use super::builtin::{default_value, item, takes};
use super::expr::{constant, error};
use crate::ast::{Call, Expr as Ast, ExprKind as A, Regex};
use crate::builtin::{Builtin, Takes};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, Map, MapGives};
use crate::ir::Const;
use crate::source::Span;
use crate::ty::{self, Ty};

/// What the item is called while the call with it is checked: no name of a program.
pub(super) const ITEM: &str = " item";

impl Checker<'_> {
    /// `map(xs, f)`, `filter(xs, f)`, `sort_by(xs, f)`: `f(item)` for each item.
    pub(super) fn map(&mut self, gives: MapGives, name: &str, list: &Ast, f: &Ast, span: Span) -> Expr {
        let list = self.expr(list, None);
        if !takes(Takes::List, &list.ty) {
            self.wrong_kind(name, "xs", Takes::List, &list);
            return error(span);
        }
        if !is_name(f) {
            self.no_function_name(name, f);
            return error(span);
        }
        let var = self.body.new_var("", item(&list.ty.base(), Ty::Any), f.span);
        let outer = self.body.variables.item.replace(var);
        let arg = Ast { kind: A::Name(ITEM.to_owned()), span: f.span };
        let call = Call { callee: Box::new(f.clone()), args: vec![(None, arg)], piped: false };
        let body = self.call(&call, f.span);
        self.body.variables.item = outer;
        if body.ty.is_error() || list.ty.is_error() || !self.result_suits(gives, &body) {
            return error(span);
        }
        let ty = match gives {
            MapGives::Values => Ty::list(body.ty.widened()),
            MapGives::Filter | MapGives::Sorted => list.ty.base(),
        };
        let ty = self.settled(&ty, span);
        Expr { kind: ExprKind::Map(Box::new(Map { list, item: var, body, gives })), ty, span }
    }

    fn no_function_name(&mut self, name: &str, f: &Ast) {
        let diag = Diag::new("E0203", f.span, format!("`{name}` takes the name of a function"));
        let hint = match &f.kind {
            A::Error => return,
            A::Call(call) => match &call.callee.kind {
                A::Name(callee) => format!("leave the parentheses out: {name}(xs, {callee})"),
                _ => format!("write {name}(xs, f), where f takes an item"),
            },
            _ => format!("declare fn f(x: …) {{ return … }}, and write {name}(xs, f)"),
        };
        self.report(diag.hint(hint));
    }

    /// Whether what the function gives can decide or order.
    fn result_suits(&mut self, gives: MapGives, body: &Expr) -> bool {
        let (good, wanted, hint) = match gives {
            MapGives::Values => return true,
            MapGives::Filter => (
                ty::fits(&body.ty, &Ty::Bool),
                "`filter` takes a function that returns a bool",
                "it decides which items are kept: fn f(x: …) -> bool { return … }",
            ),
            MapGives::Sorted => (
                takes(Takes::Ordered, &Ty::list(body.ty.base())),
                "`sort_by` takes a function that returns a number or a str",
                "it returns what items are sorted by: fn f(x: …) -> float { return … }",
            ),
        };
        if !good {
            let message = format!("{wanted}, but this one returns {}", body.ty);
            self.report(Diag::new("E0200", body.span, message).hint(hint));
        }
        good
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
