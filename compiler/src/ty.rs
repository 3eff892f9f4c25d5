//! Types of values, and how they relate.
//!
//! Bounds and regexes are not here: they say what may be generated ([`agentc_constraint::spec::Spec`]);
//! the value that comes out is a plain `str` or `int`.

use std::fmt;

use crate::ir::Const;

/// Nodes that a type may have; larger ones are refused, so that no program can make the checker run away.
pub const MAX_SIZE: usize = 4096;

/// A type.
#[derive(Debug, Clone, PartialEq)]
pub enum Ty {
    /// Unknown because of a mistake that was reported: fits everything.
    Error,
    /// No value: the items of an empty list.
    Never,
    /// `null`
    Null,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `float`
    Float,
    /// `str`
    Str,
    /// One literal value.
    Lit(Const),
    /// Either of at least two.
    Union(Vec<Ty>),
    /// `T[]`
    List(Box<Ty>),
    /// `{a: T}`
    Record(Vec<Field>),
    /// `map(T)`
    Map(Box<Ty>),
    /// `json`: any value, looked into at run time.
    Any,
}

/// A field of a record type.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Ty,
    /// Whether it may be left out.
    pub optional: bool,
}

impl Ty {
    /// `T[]`
    pub fn list(item: Ty) -> Ty {
        Ty::List(Box::new(item))
    }

    /// Whether something in it is unknown because of a mistake.
    pub fn is_error(&self) -> bool {
        match self {
            Ty::Error => true,
            Ty::List(item) | Ty::Map(item) => item.is_error(),
            Ty::Union(members) => members.iter().any(Ty::is_error),
            Ty::Record(fields) => fields.iter().any(|f| f.ty.is_error()),
            _ => false,
        }
    }

    /// Whether an empty list of unknown items is in it.
    pub fn has_never(&self) -> bool {
        match self {
            Ty::Never => true,
            Ty::List(item) | Ty::Map(item) => item.has_never(),
            Ty::Union(members) => members.iter().any(Ty::has_never),
            Ty::Record(fields) => fields.iter().any(|f| f.ty.has_never()),
            _ => false,
        }
    }

    /// How many nodes it has.
    pub fn size(&self) -> usize {
        match self {
            Ty::List(item) | Ty::Map(item) => 1 + item.size(),
            Ty::Union(members) => 1 + members.iter().map(Ty::size).sum::<usize>(),
            Ty::Record(fields) => 1 + fields.iter().map(|f| f.ty.size()).sum::<usize>(),
            _ => 1,
        }
    }

    /// The type of variables that a literal initialises.
    pub fn widened(&self) -> Ty {
        match self {
            Ty::Lit(value) => of_const(value),
            other => other.clone(),
        }
    }

    /// The plain type that all its values have, literals forgotten: `str` of `"a" | "b"`.
    pub fn base(&self) -> Ty {
        match self {
            Ty::Lit(value) => of_const(value),
            Ty::Union(members) => union(members.iter().map(Ty::base).collect()),
            other => other.clone(),
        }
    }

    /// The type without `null`.
    pub fn without_null(&self) -> Ty {
        match self {
            Ty::Null | Ty::Lit(Const::Null) => Ty::Never,
            Ty::Union(members) => union(members.iter().map(Ty::without_null).collect()),
            other => other.clone(),
        }
    }

    /// Whether `null` is one of its values, as far as is known.
    pub fn may_be_null(&self) -> bool {
        match self {
            Ty::Null | Ty::Lit(Const::Null) | Ty::Any | Ty::Error => true,
            Ty::Union(members) => members.iter().any(Ty::may_be_null),
            _ => false,
        }
    }

    /// The field of a record type.
    pub fn field(&self, name: &str) -> Option<&Field> {
        match self {
            Ty::Record(fields) => fields.iter().find(|f| f.name == name),
            _ => None,
        }
    }
}

impl Field {
    /// What reading it gives: `null` if it was left out.
    pub fn read(&self) -> Ty {
        if self.optional { union(vec![self.ty.clone(), Ty::Null]) } else { self.ty.clone() }
    }
}

/// The plain type of a constant.
pub fn of_const(value: &Const) -> Ty {
    match value {
        Const::Null => Ty::Null,
        Const::Bool(_) => Ty::Bool,
        Const::Int(_) => Ty::Int,
        Const::Float(_) => Ty::Float,
        Const::Str(_) => Ty::Str,
        Const::List(items) => Ty::list(items.iter().fold(Ty::Never, |ty, item| join(&ty, &of_const(item)))),
        Const::Record(fields) => Ty::Record(fields.iter().map(field_of).collect()),
    }
}

fn field_of((name, value): &(String, Const)) -> Field {
    Field { name: name.clone(), ty: of_const(value), optional: false }
}

/// The union of types: flat, without repetitions, and without literals whose plain type is there too.
pub fn union(members: Vec<Ty>) -> Ty {
    let mut flat: Vec<Ty> = Vec::new();
    for member in members {
        match member {
            Ty::Union(inner) => inner.into_iter().for_each(|m| add(&mut flat, m)),
            other => add(&mut flat, other),
        }
    }
    if flat.contains(&Ty::Any) {
        return Ty::Any;
    }
    let plain: Vec<Ty> = flat.iter().filter(|t| !matches!(t, Ty::Lit(_))).cloned().collect();
    flat.retain(|t| !matches!(t, Ty::Lit(value) if plain.contains(&of_const(value))));
    match flat.len() {
        0 => Ty::Never,
        1 => flat.remove(0),
        _ => Ty::Union(flat),
    }
}

fn add(flat: &mut Vec<Ty>, member: Ty) {
    if member != Ty::Never && !flat.contains(&member) {
        flat.push(member);
    }
}

/// The type of a value that is one or the other: of two branches, of two items of a list.
pub fn join(a: &Ty, b: &Ty) -> Ty {
    let (a, b) = (a.widened(), b.widened());
    if a == Ty::Error || b == Ty::Error {
        return Ty::Error;
    }
    if fits(&a, &b) {
        return b;
    }
    if fits(&b, &a) {
        return a;
    }
    if let (Ty::List(x), Ty::List(y)) = (&a, &b)
        && *x != y.clone()
        && (x.has_never() || y.has_never())
    {
        return Ty::list(join(x, y));
    }
    union(vec![a, b])
}

/// [`join`] where nothing can be converted any more: an int or a float stays what it is.
pub fn either(a: &Ty, b: &Ty) -> Ty {
    let mixed = matches!((a.base(), b.base()), (Ty::Int, Ty::Float) | (Ty::Float, Ty::Int));
    if mixed { union(vec![a.widened(), b.widened()]) } else { join(a, b) }
}

/// Whether every value of `from` is good where `to` is wanted. An int is good for a float (and converted).
pub fn fits(from: &Ty, to: &Ty) -> bool {
    match (from, to) {
        (Ty::Error | Ty::Never, _) | (_, Ty::Error | Ty::Any) => true,
        (Ty::Union(members), _) => members.iter().all(|m| fits_exactly(m, to)),
        (Ty::Int | Ty::Lit(Const::Int(_)), _) if takes_float(to) => true,
        _ => fits_exactly(from, to),
    }
}

/// [`fits`] without conversion: what holds inside lists and records.
fn fits_exactly(from: &Ty, to: &Ty) -> bool {
    match (from, to) {
        (Ty::Error | Ty::Never, _) | (_, Ty::Error | Ty::Any) => true,
        (Ty::Union(members), _) => members.iter().all(|m| fits_exactly(m, to)),
        (_, Ty::Union(members)) => members.iter().any(|m| fits_exactly(from, m)),
        (Ty::Lit(a), Ty::Lit(b)) => a == b,
        (Ty::Lit(a), _) => of_const(a) == *to,
        (Ty::Null, Ty::Lit(Const::Null)) => true,
        (Ty::List(a), Ty::List(b)) | (Ty::Map(a), Ty::Map(b)) => fits_exactly(a, b),
        (Ty::Record(fields), Ty::Map(value)) => fields.iter().all(|f| fits_exactly(&f.ty, value)),
        (Ty::Record(a), Ty::Record(b)) => record_fits(a, b),
        _ => from == to,
    }
}

/// Every wanted field is there, and there is no other.
fn record_fits(from: &[Field], to: &[Field]) -> bool {
    let known = from.iter().all(|f| to.iter().any(|t| t.name == f.name));
    known
        && to.iter().all(|t| match from.iter().find(|f| f.name == t.name) {
            Some(f) => (!f.optional || t.optional) && fits_exactly(&f.ty, &t.ty),
            None => t.optional,
        })
}

/// Whether an int that comes here has to become a float.
pub fn takes_float(to: &Ty) -> bool {
    match to {
        Ty::Float => true,
        Ty::Union(members) => {
            members.contains(&Ty::Float) && !members.iter().any(|m| fits_exactly(&Ty::Int, m))
        }
        _ => false,
    }
}

/// Whether some value may belong to both.
pub fn overlap(a: &Ty, b: &Ty) -> bool {
    match (a, b) {
        (Ty::Error | Ty::Any, _) | (_, Ty::Error | Ty::Any) => true,
        (Ty::Union(members), other) | (other, Ty::Union(members)) => {
            members.iter().any(|m| overlap(m, other))
        }
        (Ty::Lit(x), Ty::Lit(y)) => same_number(x, y).unwrap_or(x == y),
        (Ty::Lit(x), other) | (other, Ty::Lit(x)) => overlap(&of_const(x), other),
        (Ty::Int, Ty::Float) | (Ty::Float, Ty::Int) => true,
        (Ty::Map(x), Ty::Map(y)) => overlap(x, y),
        (Ty::Record(fields), Ty::Map(value)) | (Ty::Map(value), Ty::Record(fields)) => {
            fields.iter().all(|f| f.optional || overlap(&f.ty, value))
        }
        (Ty::List(x), Ty::List(y)) => x.has_never() || y.has_never() || overlap(x, y),
        (Ty::Record(x), Ty::Record(y)) => {
            x.iter().all(|f| y.iter().find(|g| g.name == f.name).is_none_or(|g| overlap(&f.ty, &g.ty)))
        }
        _ => a == b,
    }
}

#[allow(clippy::cast_precision_loss)]
fn same_number(a: &Const, b: &Const) -> Option<bool> {
    match (a, b) {
        (Const::Int(x), Const::Float(y)) | (Const::Float(y), Const::Int(x)) => Some(*x as f64 == *y),
        _ => None,
    }
}

impl fmt::Display for Ty {
    /// As in the language; long unions are cut.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ty::Error => f.write_str("?"),
            Ty::Never => f.write_str("nothing"),
            Ty::Null => f.write_str("null"),
            Ty::Bool => f.write_str("bool"),
            Ty::Int => f.write_str("int"),
            Ty::Float => f.write_str("float"),
            Ty::Str => f.write_str("str"),
            Ty::Any => f.write_str("json"),
            Ty::Lit(Const::Str(text)) => write!(f, "{text:?}"),
            Ty::Lit(value) => write!(f, "{value}"),
            Ty::Union(members) => write_union(f, members),
            Ty::List(item) if matches!(**item, Ty::Union(_)) => write!(f, "({item})[]"),
            Ty::List(item) => write!(f, "{item}[]"),
            Ty::Record(fields) => write_record(f, fields),
            Ty::Map(value) => write!(f, "map({value})"),
        }
    }
}

fn write_union(f: &mut fmt::Formatter<'_>, members: &[Ty]) -> fmt::Result {
    for (i, member) in members.iter().enumerate() {
        if i > 0 {
            f.write_str(" | ")?;
        }
        if i == 6 && members.len() > 8 {
            return write!(f, "… {} more", members.len() - i);
        }
        write!(f, "{member}")?;
    }
    Ok(())
}

fn write_record(f: &mut fmt::Formatter<'_>, fields: &[Field]) -> fmt::Result {
    f.write_str("{")?;
    for (i, field) in fields.iter().enumerate() {
        let comma = if i > 0 { ", " } else { "" };
        let mark = if field.optional { "?" } else { "" };
        write!(f, "{comma}{}: {}{mark}", field.name, field.ty)?;
    }
    f.write_str("}")
}
