//! Literals that take in other values, `[...xs, y]` and `{...r, a: 1, [k]: v}`, and `m - keys`, which leaves some out.
//!
//! Each is made of instructions that join two values, in a tree that is as flat as can be: what a file may hold of
//! them must not be a matter of the stack.

use std::collections::HashMap;

use super::Checker;
use super::expr::{MAYBE_NULL, error, record_like, to_float, wanted_field};
use super::ops::{chained, make};
use crate::ast::{Expr as Ast, Ident, ListPart, RecordPart};
use crate::builtin::Builtin;
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind};
use crate::ir::{self, Const};
use crate::source::Span;
use crate::ty::{self, Field, Ty};

impl Checker<'_> {
    /// `[...xs, y]`. What is spread tells what the other items are, unless the place does.
    pub(super) fn list_of(&mut self, parts: &[ListPart], want: Option<&Ty>, span: Span) -> Expr {
        let spreads: Vec<Option<Expr>> = parts
            .iter()
            .map(|part| match part {
                ListPart::Spread(list) => Some(self.spread_list(list, want)),
                ListPart::Items(_) => None,
            })
            .collect();
        let among = spreads.iter().flatten().map(|list| list.ty.base()).reduce(|a, b| chained(&a, &b));
        let want = want.filter(|want| super::expr::item_of(want).is_some()).cloned().or(among);
        let lists = parts.iter().zip(spreads).map(|(part, spread)| {
            let place = part.exprs().iter().map(|item| item.span).reduce(Span::to).unwrap_or(span);
            spread.unwrap_or_else(|| self.list(part.exprs(), want.as_ref(), place))
        });
        let lists: Vec<Expr> = lists.collect();
        if lists.iter().any(|list| list.ty.is_error()) {
            return error(span);
        }
        let ty = lists.iter().map(|list| list.ty.base()).reduce(|a, b| chained(&a, &b)).unwrap_or(Ty::Error);
        if self.is_too_large(&ty, span) {
            return error(span);
        }
        let value = joined(lists, &mut |a, b| make(ir::BinOp::Add, a, b, ty.clone()));
        Expr { ty, span, ..value }
    }

    fn spread_list(&mut self, list: &Ast, want: Option<&Ty>) -> Expr {
        let list = self.expr(list, want);
        let hint = match list.ty.base() {
            Ty::List(_) | Ty::Error => return list,
            Ty::Any => "a json value has no known type: give it one where it comes from, as in `xs: str[]`",
            Ty::Record(_) | Ty::Map(_) => "write ...values(m) or ...keys(m)",
            ref other if other.may_be_null() => MAYBE_NULL,
            _ => "an item is written without `...`",
        };
        let message = format!("`...` puts the items of a list here, but this is {}", list.ty);
        self.report(Diag::new("E0200", list.span, message).hint(hint));
        error(list.span)
    }

    /// `{...r, a: 1, [k]: v}`: what comes later wins, and keeps the place of what it replaces.
    pub(super) fn record_of(&mut self, parts: &[RecordPart], want: Option<&Ty>, span: Span) -> Expr {
        let spreads: Vec<Option<Expr>> = parts
            .iter()
            .map(|part| match part {
                RecordPart::Spread(record) => Some(self.spread_record(record, want)),
                _ => None,
            })
            .collect();
        let mut build = Build::new(parts, &spreads, want);
        for (part, spread) in parts.iter().zip(spreads) {
            match (part, spread) {
                (_, Some(record)) => self.spread_into(record, &mut build),
                (RecordPart::Fields(fields), _) => self.fields_of(fields, &mut build),
                (RecordPart::Keyed(key, value), _) => self.keyed(key, value, &mut build),
                (RecordPart::Spread(_), None) => {}
            }
        }
        let ty = build.ty();
        let unknown = build.records.iter().any(|(record, _)| record.ty.is_error()) || ty.is_error();
        if unknown || self.is_too_large(&ty, span) {
            return error(span);
        }
        let mut merge = |a: Expr, b: Expr| {
            let span = a.span.to(b.span);
            Expr { kind: ExprKind::Builtin(Builtin::Merge, vec![a, b]), ty: ty.clone(), span }
        };
        let value = joined(build.finish(), &mut merge);
        Expr { ty, span, ..value }
    }

    fn is_too_large(&mut self, ty: &Ty, span: Span) -> bool {
        let large = ty.size() > self.program.limits.type_parts;
        if large {
            self.settled(ty, span);
        }
        large
    }

    /// Takes in a record, and reports what is written out before it and always replaced.
    fn spread_into(&mut self, record: Expr, build: &mut Build) {
        for (name, place) in build.spread(&record) {
            let message = format!("`{name}` is replaced by that of what comes later");
            let diag = Diag::new("W0118", place, message).label(record.span, "this has it, too");
            self.report(diag.hint("write what is to win last: {...r, a: 1}"));
        }
        build.records.push((record, false));
    }

    fn spread_record(&mut self, record: &Ast, want: Option<&Ty>) -> Expr {
        let record = self.expr(record, want);
        let hint = match record.ty.base() {
            Ty::Record(_) | Ty::Map(_) | Ty::Any | Ty::Error => return record,
            Ty::List(_) => "the items of a list go into a list: [...xs]",
            ref other if other.may_be_null() => "it may be null: give a default, as in ...(r ?? {a: 1})",
            _ => "a field has a name: {name: value}",
        };
        let message = format!("`...` puts the fields of a record here, but this is {}", record.ty);
        self.report(Diag::new("E0200", record.span, message).hint(hint));
        error(record.span)
    }

    fn fields_of(&mut self, fields: &[(Ident, Ast)], build: &mut Build) {
        let (mut out, mut span) = (Vec::new(), None);
        for (name, value) in fields {
            let value = self.expr(value, build.wanted(&name.name).as_ref());
            span = Some(span.unwrap_or(name.span).to(value.span));
            if build.written.contains_key(&name.name) {
                let diag = Diag::new("E0213", name.span, format!("the field `{}` is given twice", name.name));
                self.report(diag.hint("remove one of them"));
                continue;
            }
            build.written.insert(name.name.clone(), Some(name.span));
            let (value, ty) = self.settle_field(value, build.wanted(&name.name));
            build.key(&ty);
            build.replace(Field { name: name.name.clone(), ty, optional: false });
            out.push((name.name.clone(), value));
        }
        let types = out.iter().map(|(name, value): &(String, Expr)| Field {
            name: name.clone(),
            ty: value.ty.widened(),
            optional: false,
        });
        let ty = Ty::Record(types.collect());
        if let Some(span) = span {
            build.records.push((Expr { kind: ExprKind::Record(out), ty, span }, true));
        }
    }

    /// `[k]: v`
    fn keyed(&mut self, key: &Ast, value: &Ast, build: &mut Build) {
        let key = self.expr(key, Some(&Ty::Str));
        if !ty::fits(&key.ty, &Ty::Str) {
            let diag = Diag::new("E0200", key.span, format!("a key is a str, but this is {}", key.ty));
            self.report(diag.hint("convert it with str(x), or put it into a string: \"{{ x }}\""));
            build.records.push((error(key.span), true));
        }
        let wanted = build.map_value.clone();
        let value = self.expr(value, wanted.as_ref());
        let (value, ty) = self.settle_field(value, wanted);
        let span = key.span.to(value.span);
        build.key(&ty);
        let kind = ExprKind::Builtin(Builtin::Keyed, vec![key, value]);
        build.records.push((Expr { kind, ty: Ty::Map(Box::new(ty)), span }, true));
    }

    /// A value as its field takes it, and the type of the field.
    fn settle_field(&mut self, value: Expr, wanted: Option<Ty>) -> (Expr, Ty) {
        match wanted {
            Some(wanted) if ty::fits(&value.ty, &wanted) && !value.ty.is_error() => {
                (self.converted(value, &wanted), wanted)
            }
            _ => {
                let ty = value.ty.widened();
                (value, ty)
            }
        }
    }

    /// `m - ["a"]`: a record or map without some keys.
    pub(super) fn without(&mut self, left: Expr, right: Expr) -> Expr {
        let span = left.span.to(right.span);
        if left.ty.is_error() || right.ty.is_error() {
            return error(span);
        }
        if !ty::fits(&right.ty, &Ty::list(Ty::Str)) {
            let message = format!("{} without keys is written with a list of them", left.ty);
            let diag = Diag::new("E0201", right.span, message);
            self.report(diag.hint("write m - [\"a\", \"b\"]"));
            return error(span);
        }
        let ty = match (left.ty.base(), literal_keys(&right)) {
            (Ty::Record(mut fields), Some(keys)) => {
                fields.retain(|field| !keys.contains(&field.name.as_str()));
                Ty::Record(fields)
            }
            // Any of them may be left out.
            (Ty::Record(fields), None) => {
                Ty::Record(fields.into_iter().map(|field| Field { optional: true, ..field }).collect())
            }
            (other, _) => other,
        };
        Expr { kind: ExprKind::Builtin(Builtin::Without, vec![left, right]), ty, span }
    }
}

/// Whether `value - …` leaves out keys.
pub(super) fn leaves_out(value: &Expr) -> bool {
    matches!(value.ty.base(), Ty::Record(_) | Ty::Map(_) | Ty::Any)
}

/// The texts of a list that is made of literals.
fn literal_keys(list: &Expr) -> Option<Vec<&str>> {
    let ExprKind::List(items) = &list.kind else { return None };
    items
        .iter()
        .map(|item| if let ExprKind::Const(Const::Str(key)) = &item.kind { Some(key.as_str()) } else { None })
        .collect()
}

/// A record or map that is put together.
struct Build {
    /// What it is made of, in order, and whether that is written out.
    records: Vec<(Expr, bool)>,
    /// The fields so far, while all are known.
    fields: Vec<Field>,
    /// Where among them each stands.
    places: HashMap<String, usize>,
    /// The fields that are written out, and where, as long as nothing replaces them.
    written: HashMap<String, Option<Span>>,
    /// What its place asks for.
    want: Option<Ty>,
    /// What a map's values are asked to be.
    map_value: Option<Ty>,
    /// What values that were there before have in common, and those that are written out.
    values: [Ty; 2],
    map: bool,
    any: bool,
}

impl Build {
    fn new(parts: &[RecordPart], spreads: &[Option<Expr>], want: Option<&Ty>) -> Build {
        let taken: Vec<Ty> = spreads.iter().flatten().map(|record| record.ty.base()).collect();
        let map = parts.iter().any(|part| matches!(part, RecordPart::Keyed(..)))
            || taken.iter().any(|ty| matches!(ty, Ty::Map(_)));
        let written = parts.iter().filter_map(|part| match part {
            RecordPart::Fields(fields) => {
                Some(fields.iter().map(|(name, value)| (name.name.as_str(), Some(value))))
            }
            _ => None,
        });
        let written: Vec<(&str, Option<&Ast>)> = written.flatten().collect();
        let spread = taken.iter().flat_map(names).map(|name| (name, None));
        let known = spread.chain(written).collect::<Vec<_>>();
        let want = want.and_then(|want| match record_like(want, &known) {
            Some(Ty::Record(_)) if map => None,
            other => other,
        });
        let value = |ty: &Ty| if let Ty::Map(value) = ty { Some((**value).clone()) } else { None };
        let held = taken.iter().filter_map(value).reduce(|a, b| ty::either(&a, &b));
        let map_value = want.as_ref().and_then(value).or(held);
        Build {
            records: Vec::new(),
            fields: Vec::new(),
            places: HashMap::new(),
            written: HashMap::new(),
            want,
            map_value,
            values: [Ty::Never, Ty::Never],
            map,
            any: taken.contains(&Ty::Any),
        }
    }

    /// What a field that is written out is asked to be.
    fn wanted(&self, name: &str) -> Option<Ty> {
        if self.map {
            return self.map_value.clone();
        }
        let wanted = self.want.as_ref().and_then(|want| wanted_field(want, name));
        wanted.or_else(|| self.fields.get(*self.places.get(name)?).map(|field| field.ty.clone()))
    }

    /// What becomes of the type if a record is spread; the fields written out so far that it always replaces.
    fn spread(&mut self, record: &Expr) -> Vec<(String, Span)> {
        let mut replaced = Vec::new();
        match record.ty.base() {
            Ty::Record(fields) => {
                for field in fields {
                    let written = self.written.get_mut(&field.name).filter(|_| !field.optional);
                    let place = written.and_then(Option::take);
                    replaced.extend(place.map(|place| (field.name.clone(), place)));
                    self.take(field);
                }
            }
            Ty::Map(value) => self.values[0] = ty::either(&self.values[0], &value),
            _ => {}
        }
        replaced
    }

    /// A field of a record that is spread. One that may be missing may be null just as well, so that what was there
    /// before is not certain to stay.
    fn take(&mut self, field: Field) {
        self.values[0] = ty::either(&self.values[0], &field.read());
        let before = self.places.get(&field.name).and_then(|at| self.fields.get_mut(*at));
        match before {
            Some(before) if field.optional => {
                before.ty = ty::either(&before.ty, &field.ty);
                before.optional = true;
            }
            _ => self.replace(field),
        }
    }

    fn replace(&mut self, field: Field) {
        match self.places.get(&field.name).and_then(|at| self.fields.get_mut(*at)) {
            Some(before) => *before = field,
            None => {
                self.places.insert(field.name.clone(), self.fields.len());
                self.fields.push(field);
            }
        }
    }

    fn key(&mut self, ty: &Ty) {
        self.values[1] = ty::join(&self.values[1], ty);
    }

    fn ty(&self) -> Ty {
        let [before, written] = &self.values;
        match (self.any, self.map) {
            (true, _) => Ty::Any,
            (_, false) => Ty::Record(self.fields.clone()),
            (_, true) => {
                let all = ty::either(before, written);
                Ty::Map(Box::new(if all == Ty::Never { Ty::Any } else { all }))
            }
        }
    }

    /// What it is made of. Where the values of a map are floats, ints that are written out become floats.
    fn finish(self) -> Vec<Expr> {
        let floats = self.map && !self.any && self.values[1] == Ty::Float;
        let whole = |value: Expr| if value.ty.base() == Ty::Int { to_float(value) } else { value };
        let record = |(record, written): (Expr, bool)| match record.kind {
            ExprKind::Builtin(Builtin::Keyed, args) if floats && written => {
                let args = args.into_iter().map(whole).collect();
                Expr { kind: ExprKind::Builtin(Builtin::Keyed, args), ..record }
            }
            ExprKind::Record(fields) if floats && written => {
                let fields = fields.into_iter().map(|(name, value)| (name, whole(value))).collect();
                Expr { kind: ExprKind::Record(fields), ..record }
            }
            kind => Expr { kind, ..record },
        };
        self.records.into_iter().map(record).collect()
    }
}

fn names(ty: &Ty) -> Vec<&str> {
    match ty {
        Ty::Record(fields) => fields.iter().map(|field| field.name.as_str()).collect(),
        _ => Vec::new(),
    }
}

/// Values joined two by two, in a tree that is no deeper than it must be.
fn joined(mut values: Vec<Expr>, join: &mut impl FnMut(Expr, Expr) -> Expr) -> Expr {
    if values.len() > 1 {
        let right = values.split_off(values.len() / 2);
        let (left, right) = (joined(values, join), joined(right, join));
        return join(left, right);
    }
    values.pop().unwrap_or_else(|| error(Span::default()))
}
