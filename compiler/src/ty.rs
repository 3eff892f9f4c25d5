//! Types of values.
//!
//! Bounds and regexes are not here: they say what may be generated ([`agentc_constraint::spec::Spec`]); the
//! resulting value is a plain `str` or `int`. How types relate is in [`relate`].

pub mod relate;
mod text;

use std::sync::{Arc, OnceLock, Weak};

use crate::ir::Const;

pub use relate::{either, fits, join, overlap, takes_float};

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
    /// A type that contains itself.
    Named(Named),
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

/// A type that contains itself: its name, and the way to what it stands for.
///
/// It is one of a list, and holds on to that list only weakly, since the list holds it in turn.
#[derive(Debug, Clone)]
pub struct Named {
    /// Its number.
    pub id: u32,
    /// Its name.
    pub name: Arc<str>,
    list: Weak<OnceLock<Vec<NamedTy>>>,
}

impl PartialEq for Named {
    /// Two of one list.
    fn eq(&self, other: &Named) -> bool {
        self.id == other.id && Weak::ptr_eq(&self.list, &other.list)
    }
}

/// What a type that contains itself stands for.
#[derive(Debug, Clone)]
pub struct NamedTy {
    /// Its name.
    pub name: String,
    /// What it stands for.
    pub ty: Ty,
}

/// The types of a program that contain themselves. Types that name them are good only as long as this is kept.
#[derive(Debug, Clone, Default)]
pub struct NamedTypes(Arc<OnceLock<Vec<NamedTy>>>);

impl NamedTypes {
    /// The type of a number. What it stands for can be said later.
    pub fn named(&self, id: u32, name: &str) -> Ty {
        Ty::Named(Named { id, name: name.into(), list: Arc::downgrade(&self.0) })
    }

    /// Says once what all of them stand for, in order of their numbers. A type must not stand for itself,
    /// directly or through others, but for inside records, lists and maps.
    pub fn define(&self, types: Vec<NamedTy>) {
        // A second definition is ignored: types that were compared already must not change.
        let _ = self.0.set(types);
    }

    /// What they stand for.
    pub fn list(&self) -> &[NamedTy] {
        self.0.get().map_or(&[], Vec::as_slice)
    }
}

impl Ty {
    /// `T[]`
    pub fn list(item: Ty) -> Ty {
        Ty::List(Box::new(item))
    }

    /// The type itself, or what it stands for if it is one by name.
    pub fn unfolded(&self) -> Ty {
        let mut ty = self.clone();
        while let Ty::Named(named) = &ty {
            let list = named.list.upgrade();
            let found = list.as_ref().and_then(|l| l.get()?.get(named.id as usize));
            ty = found.map_or(Ty::Error, |named| named.ty.clone());
        }
        ty
    }

    /// The types of which a value has one: the members of a union, names resolved; otherwise the type.
    pub fn alternatives(&self) -> Vec<Ty> {
        match self {
            Ty::Union(members) => members.iter().flat_map(Ty::alternatives).collect(),
            Ty::Named(_) => match self.unfolded() {
                Ty::Union(members) => members.iter().flat_map(Ty::alternatives).collect(),
                other => vec![other],
            },
            other => vec![other.clone()],
        }
    }

    /// Whether something in it is unknown because of a mistake.
    pub fn is_error(&self) -> bool {
        self.has(&Ty::Error)
    }

    /// Whether an empty list of unknown items is in it.
    pub fn has_never(&self) -> bool {
        self.has(&Ty::Never)
    }

    /// Whether a type of one node is in it. Names are not looked behind.
    fn has(&self, simple: &Ty) -> bool {
        match self {
            Ty::List(item) | Ty::Map(item) => item.has(simple),
            Ty::Union(members) => members.iter().any(|m| m.has(simple)),
            Ty::Record(fields) => fields.iter().any(|f| f.ty.has(simple)),
            other => other == simple,
        }
    }

    /// How many nodes it has; a name is one.
    pub fn size(&self) -> usize {
        match self {
            Ty::List(item) | Ty::Map(item) => 1 + item.size(),
            Ty::Union(members) => 1 + members.iter().map(Ty::size).sum::<usize>(),
            Ty::Record(fields) => 1 + fields.iter().map(|f| f.ty.size()).sum::<usize>(),
            _ => 1,
        }
    }

    /// How many lists, maps, records and unions are inside one another in it; names are not looked behind.
    pub fn depth(&self) -> usize {
        match self {
            Ty::List(item) | Ty::Map(item) => 1 + item.depth(),
            Ty::Union(members) => 1 + members.iter().map(Ty::depth).max().unwrap_or(0),
            Ty::Record(fields) => 1 + fields.iter().map(|f| f.ty.depth()).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// The type of variables that a literal initialises.
    pub fn widened(&self) -> Ty {
        match self {
            Ty::Lit(value) => of_const(value),
            other => other.clone(),
        }
    }

    /// The plain type that all its values have, literals forgotten and names resolved: `str` of `"a" | "b"`.
    pub fn base(&self) -> Ty {
        match self {
            Ty::Lit(value) => of_const(value),
            Ty::Union(_) | Ty::Named(_) => union(self.alternatives().iter().map(Ty::widened).collect()),
            other => other.clone(),
        }
    }

    /// The type without `null`.
    pub fn without_null(&self) -> Ty {
        match self {
            Ty::Null | Ty::Lit(Const::Null) => Ty::Never,
            Ty::Union(members) => union(members.iter().map(Ty::without_null).collect()),
            Ty::Named(_) if self.may_be_null() => {
                union(self.alternatives().iter().map(Ty::without_null).collect())
            }
            other => other.clone(),
        }
    }

    /// Whether `null` is one of its values, as far as is known.
    pub fn may_be_null(&self) -> bool {
        match self {
            Ty::Null | Ty::Lit(Const::Null) | Ty::Any | Ty::Error => true,
            Ty::Union(members) => members.iter().any(Ty::may_be_null),
            Ty::Named(_) => self.unfolded().may_be_null(),
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
        Const::Number(_) => Ty::Any,
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
