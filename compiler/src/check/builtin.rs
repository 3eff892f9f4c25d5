//! Builtin functions of the prelude: the values that they take, and the types of what they give.

use super::Checker;
use super::expr::{MAYBE_NULL, constant, error};
use super::ops::{WHOLE, divides_ints};
use crate::ast::{Expr as Ast, ExprKind as A};
use crate::builtin::{Builtin, Default, Gives, Groups, Signature, Takes};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind};
use crate::ir::Const;
use crate::source::Span;
use crate::ty::{self, Field, Ty};

impl Checker<'_> {
    pub(super) fn call_builtin(&mut self, builtin: Builtin, given: &[Option<&Ast>], span: Span) -> Expr {
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
            good &= !value.ty.is_error() && self.text_is_good(signature.name, param.takes, &value);
            args.push(value);
        }
        if !good {
            return error(span);
        }
        let ty = self.builtin_result(signature, &mut args, span);
        Expr { kind: ExprKind::Builtin(builtin, args), ty, span }
    }

    /// Whether a text that is known is one of those that a parameter takes.
    fn text_is_good(&mut self, name: &str, takes: Takes, value: &Expr) -> bool {
        let ExprKind::Const(Const::Str(text)) = &value.kind else { return true };
        let Some((wanted, hint)) = takes.refused(text) else { return true };
        let message = format!("`{name}` takes {wanted} here, and \"{}\" is none", text.escape_debug());
        self.report(Diag::new("E0224", value.span, message).hint(hint));
        false
    }

    pub(super) fn wrong_kind(&mut self, name: &str, param: &str, takes: Takes, value: &Expr) -> bool {
        let message = format!("`{name}` takes {} as `{param}`, but this is {}", described(takes), value.ty);
        let hint = match takes {
            _ if value.ty.may_be_null() && value.ty != Ty::Null => MAYBE_NULL,
            Takes::Int | Takes::IntOrNull if divides_ints(value) => WHOLE,
            Takes::NumberPattern => "write a pattern, such as \"0.00\"",
            Takes::Date => "dates are texts, such as \"2025-12-31\"",
            Takes::DatePattern => "write a pattern, such as \"%d.%m.%Y\"",
            Takes::Unit => "write a unit, such as \"days\"",
            Takes::Side => "write \"right\", \"left\" or \"both\"",
            Takes::Strs => "pass a list of texts, such as [\"a\"]",
            Takes::Lists => "pass a list of lists, such as [[1], [2, 3]]",
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
            Takes::Bool => "pass true, false, or a comparison",
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
            Gives::Groups => Ty::Map(Box::new(first)),
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
            Gives::Enumerated => {
                let field = |name: &str, ty| Field { name: name.to_owned(), ty, optional: false };
                Ty::list(Ty::Record(vec![field("index", Ty::Int), field("item", item(&first, Ty::Any))]))
            }
            Gives::Flattened => match item(&first, Ty::Any).base() {
                list @ Ty::List(_) => list,
                Ty::Union(lists) => {
                    Ty::list(lists.iter().fold(Ty::Never, |ty, list| ty::either(&ty, &item(list, Ty::Any))))
                }
                _ => Ty::list(Ty::Any),
            },
            Gives::Chunked => Ty::list(first),
            Gives::Counts => Ty::Map(Box::new(Ty::Int)),
            Gives::Matches => Ty::list(match args.get(1).map(|regex| &regex.kind) {
                Some(ExprKind::Const(Const::Str(pattern))) => found_by(pattern),
                _ => Ty::Any,
            }),
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

/// What `find_all` gives for each match.
fn found_by(pattern: &str) -> Ty {
    match Groups::of(pattern) {
        Groups::None | Groups::One => Ty::Str,
        Groups::Several(_) => Ty::list(Ty::Str),
        Groups::Named(names) => {
            let field = |(_, name)| Field { name, ty: Ty::Str, optional: false };
            Ty::Record(names.into_iter().map(field).collect())
        }
    }
}

pub(super) fn default_value(default: Option<Default>, span: Span) -> Expr {
    let value = match default {
        None | Some(Default::Null) => Const::Null,
        Some(Default::Bool(value)) => Const::Bool(value),
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
        Takes::Str | Takes::NumberPattern | Takes::Date | Takes::DatePattern | Takes::Unit | Takes::Side => {
            base == Ty::Str
        }
        Takes::Strs => is_list(&|item| matches!(item, Ty::Str | Ty::Any | Ty::Never)),
        Takes::Lists => is_list(&|item| takes_list(item)),
        Takes::StrOrNull => matches!(base, Ty::Str | Ty::Null),
        Takes::Int => base == Ty::Int,
        Takes::Bool => base == Ty::Bool,
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

fn takes_list(item: &Ty) -> bool {
    *item == Ty::Never || takes(Takes::List, item)
}

fn described(takes: Takes) -> &'static str {
    match takes {
        Takes::Any => "anything",
        Takes::Str | Takes::StrOrNull => "a str",
        Takes::NumberPattern | Takes::DatePattern => "a pattern",
        Takes::Date => "a date",
        Takes::Unit => "a unit of time",
        Takes::Side => "a side",
        Takes::Strs => "a list of strs",
        Takes::Lists => "a list of lists",
        Takes::Int | Takes::IntOrNull => "an int",
        Takes::Bool => "a bool",
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
