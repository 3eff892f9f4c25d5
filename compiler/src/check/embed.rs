//! `embed "file"`: the contents of a file as a constant. Text as it stands; JSON as a value of the type
//! expected at that place, checked here so that a run can rely on it.

use super::Checker;
use super::expr::error;
use crate::ast::Text;
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind};
use crate::ir::Const;
use crate::json::{self, Json, JsonError};
use crate::limits::{Limit, Limits};
use crate::number::{Held, Number};
use crate::source::Span;
use crate::ty::{self, Field, Ty};

/// What is wrong with a value, and where in its file.
#[derive(Debug)]
struct Mismatch {
    /// As in `$.items[3].q`.
    path: String,
    message: String,
    hint: String,
    limit: Option<Limit>,
}

impl Checker<'_> {
    pub(super) fn embed(&mut self, path: &Text, want: Option<&Ty>, span: Span) -> Expr {
        let Some(file) = self.file(path, "an embedded file") else { return error(span) };
        if !file.path.ends_with(".json") {
            let ty = Ty::Str;
            return Expr { kind: ExprKind::Const(Const::Str(file.text.to_string())), ty, span };
        }
        let json =
            match json::parse(&file.text, self.program.limits.data_levels) {
                Ok(json) => json,
                Err(error) => {
                    let diag = Diag::new("E0604", path.span, format!("`{}` is not JSON: {error}", file.path));
                    let is_deep = matches!(error, JsonError::TooDeep { .. });
                    let diag = Diag { limit: is_deep.then_some(Limit::DataLevels), ..diag };
                    self.report(diag.hint(
                        "correct the file, or embed it as text under a name that does not end in .json",
                    ));
                    return self::error(span);
                }
            };
        match self.embedded(&json, want) {
            Ok((value, ty)) => Expr { kind: ExprKind::Const(value), ty, span },
            Err(Mismatch { path: place, message, hint, limit }) => {
                let message = format!("`{}` at {place}: {message}", file.path);
                let diag = Diag { limit, ..Diag::new("E0605", path.span, message) };
                self.report(diag.hint(hint));
                error(span)
            }
        }
    }

    fn embedded(&self, json: &Json, want: Option<&Ty>) -> Result<(Const, Ty), Mismatch> {
        let root = Place { path: "$".to_owned(), level: 0, limits: self.program.limits };
        match want.filter(|want| !want.is_error()) {
            Some(want) => Ok((of_type(json, want, &root)?, want.clone())),
            None => {
                let ty = known(natural(json, &root)?);
                // Ints among floats may be none that a float holds: then the type says nothing.
                match of_type(json, &ty, &root) {
                    Ok(value) => Ok((value, ty)),
                    Err(_) => Ok((of_type(json, &Ty::Any, &root)?, Ty::Any)),
                }
            }
        }
    }
}

/// Where in a file a value stands.
struct Place<'l> {
    path: String,
    level: usize,
    limits: &'l Limits,
}

impl<'l> Place<'l> {
    fn key(&self, name: &str) -> Place<'l> {
        let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.is_empty();
        let path = if plain { format!("{}.{name}", self.path) } else { format!("{}[{name:?}]", self.path) };
        Place { path, level: self.level + 1, limits: self.limits }
    }

    fn item(&self, at: usize) -> Place<'l> {
        Place { path: format!("{}[{at}]", self.path), level: self.level + 1, limits: self.limits }
    }

    fn wrong<T>(&self, message: String, hint: impl Into<String>) -> Result<T, Mismatch> {
        Err(Mismatch { path: self.path.clone(), message, hint: hint.into(), limit: None })
    }

    fn beyond<T>(&self, limit: Limit, message: String, hint: &str) -> Result<T, Mismatch> {
        Err(Mismatch { path: self.path.clone(), message, hint: hint.to_owned(), limit: Some(limit) })
    }
}

/// A JSON value as one of a type.
fn of_type(json: &Json, want: &Ty, place: &Place<'_>) -> Result<Const, Mismatch> {
    // Deeper ones would not survive being written and read with the program.
    let most = place.limits.levels();
    if place.level > most {
        return place.beyond(Limit::TypeLevels, format!("more than {most} levels"), "flatten the data");
    }
    match (json, want) {
        (_, Ty::Named(_)) => of_type(json, &want.unfolded(), place),
        (_, Ty::Union(_)) => of_union(json, want, place),
        (Json::Null, Ty::Null | Ty::Any | Ty::Error) => Ok(Const::Null),
        (Json::Bool(value), Ty::Bool | Ty::Any | Ty::Error) => Ok(Const::Bool(*value)),
        (Json::Str(text), Ty::Str | Ty::Any | Ty::Error) => Ok(Const::Str(text.clone())),
        (Json::Number(number), Ty::Int | Ty::Float | Ty::Any | Ty::Error | Ty::Lit(_)) => {
            match of_number(number, want) {
                Some(value) if !matches!(want, Ty::Lit(lit) if *lit != value) => Ok(value),
                _ => not_of_number(number, want, place),
            }
        }
        (Json::Str(text), Ty::Lit(Const::Str(value))) if text == value => Ok(Const::Str(text.clone())),
        (Json::Bool(truth), Ty::Lit(Const::Bool(value))) if truth == value => Ok(Const::Bool(*truth)),
        (Json::List(items), Ty::List(item)) => list(items, item, place),
        (Json::List(items), Ty::Any | Ty::Error) => list(items, &Ty::Any, place),
        (Json::Record(object), Ty::Record(fields)) => record(object, fields, place),
        (Json::Record(object), Ty::Map(value)) => map(object, value, place),
        (Json::Record(object), Ty::Any | Ty::Error) => map(object, &Ty::Any, place),
        _ => not_of(json, want, place),
    }
}

fn not_of<T>(json: &Json, want: &Ty, place: &Place<'_>) -> Result<T, Mismatch> {
    place.wrong(
        format!("{want} is expected, but this is {}", shown(json)),
        "correct the file, or change the type",
    )
}

fn not_of_number<T>(number: &Number, want: &Ty, place: &Place<'_>) -> Result<T, Mismatch> {
    let hint = match (number.held(), want) {
        (Held::Neither | Held::Int(_), Ty::Float) => {
            "a float does not have all its digits: take it as `json`, which keeps them"
        }
        (Held::Neither, Ty::Int) if number.truncated().is_none() => {
            "an int has 64 bits: take it as `json`, which keeps all digits"
        }
        _ => "correct the file, or change the type",
    };
    place.wrong(format!("{want} is expected, but this is {}", shown(&Json::Number(number.clone()))), hint)
}

/// A short value as it is, a long one by its kind.
fn shown(json: &Json) -> String {
    let text = json.to_string();
    if text.chars().count() > 40 { kind(json).to_owned() } else { text }
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Number(_) => "a number",
        Json::Str(_) => "a string",
        Json::List(_) => "a list",
        Json::Record(_) => "a record",
    }
}

/// A whole number is an int unless a float is expected; what neither holds stays as it is written.
fn of_number(number: &Number, want: &Ty) -> Option<Const> {
    match (want, number.held()) {
        (Ty::Float | Ty::Lit(Const::Float(_)), _) => number.as_float().map(Const::Float),
        (_, Held::Int(value)) => Some(Const::Int(value)),
        (Ty::Int | Ty::Lit(Const::Int(_)), _) => None,
        (_, Held::Float(value)) => Some(Const::Float(value)),
        (_, Held::Neither) => Some(Const::Number(number.clone())),
    }
}

fn list(items: &[Json], want: &Ty, place: &Place<'_>) -> Result<Const, Mismatch> {
    let items: Result<Vec<Const>, Mismatch> =
        items.iter().enumerate().map(|(at, item)| of_type(item, want, &place.item(at))).collect();
    items.map(Const::List)
}

fn map(object: &[(String, Json)], want: &Ty, place: &Place<'_>) -> Result<Const, Mismatch> {
    let fields: Result<Vec<(String, Const)>, Mismatch> = object
        .iter()
        .map(|(name, value)| Ok((name.clone(), of_type(value, want, &place.key(name))?)))
        .collect();
    fields.map(Const::Record)
}

/// The fields in the order of the type.
fn record(object: &[(String, Json)], fields: &[Field], place: &Place<'_>) -> Result<Const, Mismatch> {
    if let Some((name, _)) = object.iter().find(|(name, _)| !fields.iter().any(|f| f.name == *name)) {
        let known: Vec<&str> = fields.iter().map(|f| f.name.as_str()).collect();
        let hint = format!("its fields are {}: add this one to the type, or remove it", known.join(", "));
        return place.wrong(format!("the type has no field `{name}`"), hint);
    }
    let mut out = Vec::new();
    for field in fields {
        match object.iter().find(|(name, _)| *name == field.name) {
            Some((_, value)) => {
                out.push((field.name.clone(), of_type(value, &field.ty, &place.key(&field.name))?))
            }
            None if field.optional => {}
            None => {
                let hint = format!("add it, or make it optional: {}: {}?", field.name, field.ty);
                return place.wrong(format!("the field `{}` is missing", field.name), hint);
            }
        }
    }
    Ok(Const::Record(out))
}

/// The first member that fits; an int that is one comes before a float that it could be.
fn of_union(json: &Json, want: &Ty, place: &Place<'_>) -> Result<Const, Mismatch> {
    let mut members = want.alternatives();
    members.sort_by_key(|m| matches!(m, Ty::Float));
    let mut deepest: Option<Mismatch> = None;
    for member in &members {
        match of_type(json, member, place) {
            Ok(value) => return Ok(value),
            Err(found) if found.path.len() > deepest.as_ref().map_or(place.path.len(), |d| d.path.len()) => {
                deepest = Some(found);
            }
            Err(_) => {}
        }
    }
    deepest.map_or_else(|| not_of(json, want, place), Err)
}

/// The type of a value whose place asks for none. Items of a list have one type together: records with all
/// their fields, those optional that some of them lack; ints are floats if some of them are.
fn natural(json: &Json, place: &Place<'_>) -> Result<Ty, Mismatch> {
    let ty = match json {
        Json::Null => Ty::Null,
        Json::Bool(_) => Ty::Bool,
        Json::Number(number) => match number.held() {
            Held::Int(_) => Ty::Int,
            Held::Float(_) => Ty::Float,
            Held::Neither => Ty::Any,
        },
        Json::Str(_) => Ty::Str,
        Json::List(items) => {
            let mut ty = Ty::Never;
            for (at, item) in items.iter().enumerate() {
                ty = merged(ty, natural(item, &place.item(at))?);
                bounded(&ty, place)?;
            }
            Ty::list(ty)
        }
        Json::Record(object) => {
            let mut fields = Vec::new();
            for (name, value) in object {
                let ty = natural(value, &place.key(name))?;
                fields.push(Field { name: name.clone(), ty, optional: false });
            }
            Ty::Record(fields)
        }
    };
    bounded(&ty, place)?;
    Ok(ty)
}

/// The type of values that are of one or the other.
fn merged(a: Ty, b: Ty) -> Ty {
    match (a, b) {
        (Ty::Never, other) | (other, Ty::Never) => other,
        (Ty::Int, Ty::Float) | (Ty::Float, Ty::Int) => Ty::Float,
        (Ty::List(x), Ty::List(y)) => Ty::list(merged(*x, *y)),
        (Ty::Record(x), Ty::Record(y)) => Ty::Record(merged_fields(x, y)),
        (Ty::Union(mut members), one) | (one, Ty::Union(mut members)) => {
            match members.iter().position(|m| alike(m, &one)) {
                Some(at) => members[at] = merged(members[at].clone(), one),
                None => members.push(one),
            }
            ty::union(members)
        }
        (a, b) => ty::union(vec![a, b]),
    }
}

/// Whether two types become one rather than a union.
fn alike(a: &Ty, b: &Ty) -> bool {
    let number = |ty: &Ty| matches!(ty, Ty::Int | Ty::Float);
    a == b
        || number(a) && number(b)
        || matches!((a, b), (Ty::List(_), Ty::List(_)) | (Ty::Record(_), Ty::Record(_)))
}

fn merged_fields(mut into: Vec<Field>, from: Vec<Field>) -> Vec<Field> {
    for field in &mut into {
        field.optional |= !from.iter().any(|f| f.name == field.name);
    }
    for field in from {
        match into.iter_mut().find(|f| f.name == field.name) {
            Some(known) => {
                let ty = std::mem::replace(&mut known.ty, Ty::Never);
                known.ty = merged(ty, field.ty);
                known.optional |= field.optional;
            }
            None => into.push(Field { optional: true, ..field }),
        }
    }
    into
}

/// The same with `json` for the items of empty lists.
fn known(ty: Ty) -> Ty {
    match ty {
        Ty::Never => Ty::Any,
        Ty::List(item) => Ty::list(known(*item)),
        Ty::Union(members) => ty::union(members.into_iter().map(known).collect()),
        Ty::Record(fields) => {
            Ty::Record(fields.into_iter().map(|f| Field { ty: known(f.ty), ..f }).collect())
        }
        other => other,
    }
}

fn bounded(ty: &Ty, place: &Place<'_>) -> Result<(), Mismatch> {
    let most = place.limits.type_parts;
    if ty.size() <= most {
        return Ok(());
    }
    place.beyond(
        Limit::TypeParts,
        format!("the type of this value is too large: it has more than {most} parts"),
        "write its type: const X: T = embed \"…\", or `json` for a value that is inspected at run time",
    )
}
