//! Parts of values: fields, items by position or key, slices.

use super::Checker;
use super::link::Global;
use super::suggest::foreign_value;
use crate::ast::{Expr as Ast, ExprKind as A, Ident};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind};
use crate::source::Span;
use crate::ty::{self, Ty};

impl Checker<'_> {
    pub(super) fn field(&mut self, base: &Ast, name: &Ident, span: Span) -> Expr {
        if matches!(base.kind, A::Name(_))
            && let Some(module) = self.file_at(base.span)
        {
            let global = module.map_or(Global::Unknown, |module| self.name_in(module, name));
            return self.global_value(global, &name.name, base.span, span);
        }
        if let Some(fact) = self.fact(base, name, span) {
            return fact;
        }
        let base = self.expr(base, None);
        let ty = match &base.ty.unfolded() {
            Ty::Error => Ty::Error,
            Ty::Any => Ty::Any,
            known @ Ty::Record(fields) => match known.field(&name.name) {
                Some(field) => field.read(),
                None => {
                    let names: Vec<String> = fields.iter().map(|f| f.name.clone()).collect();
                    self.no_field(&base.ty, name, &names)
                }
            },
            Ty::Map(_) => {
                let diag = Diag::new("E0202", name.span, format!("{} has keys, not fields", base.ty));
                self.fail(diag.hint(format!(
                    "write x[\"{}\"]; to ask whether it is there, write \"{0}\" in x",
                    name.name
                )))
            }
            other if other.may_be_null() && matches!(other.without_null().unfolded(), Ty::Record(_)) => {
                let message = format!("this may be null, which has no field `{}`", name.name);
                let diag = Diag::new("E0202", name.span, message);
                self.fail(diag.hint("check first: if x != null { … }; or give a default: (x ?? {…}).field"))
            }
            other => match self.not_captured(&base, &name.name) {
                Some(hint) => {
                    let message = format!("{other} has no field `{}`", name.name);
                    self.fail(Diag::new("E0202", name.span, message).hint(hint))
                }
                None => self.no_field(&base.ty, name, &[]),
            },
        };
        let kind = ExprKind::Field(Box::new(base), name.name.clone());
        self.narrowed(Expr { kind, ty, span })
    }

    pub(super) fn no_field(&mut self, ty: &Ty, name: &Ident, fields: &[String]) -> Ty {
        let nearest = self.nearest(&name.name, fields.iter().map(String::as_str));
        let hint = match nearest {
            Some(near) => format!("did you mean `{near}`?"),
            None if fields.is_empty() => {
                foreign_value(&name.name).unwrap_or("only records have fields").to_owned()
            }
            None => format!("its fields are {}", fields.join(", ")),
        };
        let diag = Diag::new("E0202", name.span, format!("{ty} has no field `{}`", name.name));
        self.fail(diag.hint(hint))
    }

    pub(super) fn index(&mut self, base: &Ast, index: &Ast, span: Span) -> Expr {
        let base = self.expr(base, None);
        let index = self.expr(index, None);
        let ty = match base.ty.base() {
            Ty::Error => Ty::Error,
            Ty::Any => Ty::Any,
            Ty::List(item) => self.by_position(&index, *item),
            Ty::Str => self.by_position(&index, Ty::Str),
            Ty::Record(fields) => {
                let kinds = fields.iter().fold(Ty::Never, |ty, f| ty::join(&ty, &f.read()));
                self.by_key(&index, kinds)
            }
            Ty::Map(value) => self.by_key(&index, *value),
            other => {
                let diag = Diag::new("E0205", base.span, format!("{other} has no items"));
                self.fail(diag.hint("lists, strings, records and maps can be indexed"))
            }
        };
        Expr { kind: ExprKind::Index(Box::new(base), Box::new(index)), ty, span }
    }

    fn by_key(&mut self, index: &Expr, value: Ty) -> Ty {
        if !ty::fits(&index.ty, &Ty::Str) {
            let diag = Diag::new("E0200", index.span, format!("a key is a str, but this is {}", index.ty));
            self.report(diag.hint("write x[\"name\"]"));
        }
        if value == Ty::Never { Ty::Any } else { value }
    }

    fn by_position(&mut self, index: &Expr, item: Ty) -> Ty {
        if !ty::fits(&index.ty, &Ty::Int) {
            let diag =
                Diag::new("E0200", index.span, format!("an index is an int, but this is {}", index.ty));
            self.report(diag.hint("positions count from 0; negative ones count from the end"));
        }
        if item == Ty::Never { Ty::Any } else { item }
    }

    pub(super) fn slice(&mut self, base: &Ast, from: Option<&Ast>, to: Option<&Ast>, span: Span) -> Expr {
        let base = self.expr(base, None);
        let from = from.map(|e| Box::new(self.wanted(e, &Ty::Int, "the start")));
        let to = to.map(|e| Box::new(self.wanted(e, &Ty::Int, "the end")));
        let ty = match base.ty.base() {
            known @ (Ty::List(_) | Ty::Str | Ty::Any | Ty::Error) => known,
            other => {
                let diag = Diag::new("E0205", base.span, format!("{other} has no parts"));
                self.fail(diag.hint("lists and strings can be sliced"))
            }
        };
        Expr { kind: ExprKind::Slice(Box::new(base), from, to), ty, span }
    }
}
