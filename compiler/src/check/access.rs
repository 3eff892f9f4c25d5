//! Parts of values: fields, items by position or key, slices.

use super::Checker;
use super::choice::spelled;
use super::known::path_of;
use super::link::Global;
use super::ops::{WHOLE, divides_ints};
use super::suggest::foreign_value;
use crate::ast::{Expr as Ast, ExprKind as A, Ident};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind};
use crate::source::Span;
use crate::ty::{self, Field, Ty};

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
        let ty = self.field_type(&base, name);
        let kind = ExprKind::Field(Box::new(base), name.name.clone());
        self.narrowed(Expr { kind, ty, span })
    }

    fn field_type(&mut self, base: &Expr, name: &Ident) -> Ty {
        match &base.ty.unfolded() {
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
            Ty::Union(_) if is_record(&base.ty.without_null()) => self.field_of_union(base, name),
            other => match self.not_captured(base, &name.name) {
                Some(hint) => {
                    let message = format!("{other} has no field `{}`", name.name);
                    self.fail(Diag::new("E0202", name.span, message).hint(hint))
                }
                None => self.no_field(&base.ty, name, &[]),
            },
        }
    }

    /// A field that every member of a union of records has. One that only some have can be read where a test
    /// has left these.
    fn field_of_union(&mut self, base: &Expr, name: &Ident) -> Ty {
        let members = base.ty.alternatives();
        let read = |ty: &Ty| ty.field(&name.name).map(Field::read);
        if let Some(types) = members.iter().map(read).collect() {
            return ty::union(types);
        }
        let records: Vec<&Ty> = members.iter().filter(|m| **m != Ty::Null).collect();
        let Some(lacking) = records.iter().find(|m| read(m).is_none()) else {
            let message = format!("this may be null, which has no field `{}`", name.name);
            let diag = Diag::new("E0202", name.span, message);
            let hint = "check first: if x != null { … }; or give a default: (x ?? {…}).field";
            return self.fail(diag.hint(hint));
        };
        let Some(having) = records.iter().find(|m| read(m).is_some()) else {
            let mut names: Vec<String> = Vec::new();
            for field in records.iter().flat_map(|m| fields_of(m)) {
                if !names.contains(&field.name) {
                    names.push(field.name.clone());
                }
            }
            return self.no_field(&base.ty, name, &names);
        };
        let message = format!("this may be {}, which has no field `{}`", shortened(lacking), name.name);
        let hint = match tag_of(&records, having) {
            Some((tag, value)) => {
                let shown = self.shown(base);
                format!("ask first which one it is: if {shown}.{tag} == {value} {{ … }}")
            }
            None => {
                format!("give every member of {} the field, or one by which they can be told apart", base.ty)
            }
        };
        self.fail(Diag::new("E0202", name.span, message).hint(hint))
    }

    /// What is read, if that is a variable or a field of one; else `x`.
    fn shown(&self, expr: &Expr) -> String {
        let path = path_of(expr).and_then(|(var, names)| {
            let root = self.body.variables.list.get(var.0 as usize)?;
            Some([&root.name].into_iter().chain(&names).cloned().collect::<Vec<String>>().join("."))
        });
        path.unwrap_or_else(|| "x".to_owned())
    }

    pub(super) fn no_field(&mut self, ty: &Ty, name: &Ident, fields: &[String]) -> Ty {
        let nearest = self.nearest(&name.name, fields.iter().map(String::as_str));
        let hint = match &nearest {
            Some(near) => format!("did you mean `{near}`?"),
            None if fields.is_empty() => {
                foreign_value(&name.name).unwrap_or("only records have fields").to_owned()
            }
            None => format!("its fields are {}", fields.join(", ")),
        };
        let diag = Diag::new("E0202", name.span, format!("{ty} has no field `{}`", name.name));
        self.fail(diag.hint(hint).perhaps(name.span, nearest.as_deref()))
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
            ref records if is_record(records) => {
                let fields = records.alternatives();
                let kinds =
                    fields.iter().flat_map(fields_of).fold(Ty::Never, |ty, f| ty::join(&ty, &f.read()));
                self.by_key(&index, kinds)
            }
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
            let hint = "positions count from 0; negative ones count from the end";
            self.report(diag.hint(if divides_ints(index) { WHOLE } else { hint }));
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

/// Whether every value of a type is a record with known fields.
fn is_record(ty: &Ty) -> bool {
    ty.alternatives().iter().all(|ty| matches!(ty, Ty::Record(_)))
}

fn fields_of(ty: &Ty) -> &[Field] {
    match ty {
        Ty::Record(fields) => fields,
        _ => &[],
    }
}

/// A field that tells one of some records from the others, and its value in this one.
fn tag_of<'t>(records: &[&Ty], this: &'t Ty) -> Option<(&'t str, String)> {
    fields_of(this).iter().find_map(|field| {
        let Ty::Lit(value) = &field.ty else { return None };
        let told = |other: &&Ty| {
            *other == this || other.field(&field.name).is_some_and(|f| !ty::overlap(&f.read(), &field.ty))
        };
        records.iter().all(told).then(|| (field.name.as_str(), spelled(value)))
    })
}

/// A record type with its first fields alone.
fn shortened(ty: &Ty) -> String {
    match ty {
        Ty::Record(fields) if fields.len() > 3 => {
            let first = Ty::Record(fields.iter().take(2).cloned().collect()).to_string();
            format!("{}, …}}", first.trim_end_matches('}'))
        }
        other => other.to_string(),
    }
}
