//! Types as written in the source.

use super::{Expr, Ident, Part, Path, Regex, Text};
use crate::source::Span;

/// A type and its place.
#[derive(Debug, Clone)]
pub struct Type {
    /// What it is.
    pub kind: TypeKind,
    /// Its place.
    pub span: Span,
}

/// What a type is.
#[derive(Debug, Clone)]
pub enum TypeKind {
    /// Could not be read; reported already.
    Error,
    /// `str`, `int(0..9)`, `Ticket`, `lib.Ticket`
    Name(Path, Option<Bounds>),
    /// `"a"`
    Str(String),
    /// `3`
    Int(i64),
    /// `2.5`
    Float(f64),
    /// `true`
    Bool(bool),
    /// `null`
    Null,
    /// `/…/`
    Regex(Regex),
    /// `{a: T, b: T?}`
    Record(Vec<FieldType>),
    /// `T[]`, `T[](..5)`
    List(Box<Type>, Option<Bounds>),
    /// `T | U`
    Union(Vec<Type>),
    /// `fn(T, U) -> V`
    Fn(Vec<Type>, Option<Box<Type>>),
    /// `map(T)`
    Map(Box<Type>),
    /// `json(T)`
    JsonOf(Box<Type>),
    /// `schema "file.json"`
    Schema(Text),
    /// `grammar "file.lark"`, `grammar """…"""`
    Grammar(TypeText),
    /// `copy(expr)`
    Copy(Box<Expr>),
    /// `one_of(expr)`
    OneOf(Box<Expr>),
    /// `"{{ d: int }}.{{ m: int }}"`: a string with holes.
    Template(TypeText),
    /// `T & U`
    Both(Vec<Type>),
    /// `not T`
    Not(Box<Type>),
    /// `contains(expr)`, `starts(expr)`, `ends(expr)`
    Having(Place, Box<Expr>),
}

/// A string in a type, whose holes hold types.
#[derive(Debug, Clone)]
pub struct TypeText {
    /// Its parts, in order.
    pub parts: Vec<TypePart>,
    /// Its place, quotes included.
    pub span: Span,
}

/// A part of such a string.
#[derive(Debug, Clone)]
pub enum TypePart {
    /// Text.
    Lit(String, Span),
    /// `{{ T }}`, `{{ name: T }}`
    Hole(TypeHole),
}

/// A hole that holds a type.
#[derive(Debug, Clone)]
pub struct TypeHole {
    /// What it is called.
    pub name: Option<Ident>,
    /// What may stand there.
    pub ty: Type,
    /// Its place, braces included.
    pub span: Span,
}

impl TypeText {
    /// Its holes, in order.
    pub fn holes(&self) -> impl Iterator<Item = &TypeHole> {
        self.parts.iter().filter_map(|part| match part {
            TypePart::Lit(..) => None,
            TypePart::Hole(hole) => Some(hole),
        })
    }

    /// The same as a string without holes, if it has none.
    pub fn fixed(&self) -> Option<Text> {
        let part = |part: &TypePart| match part {
            TypePart::Lit(text, span) => Some(Part::Lit(text.clone(), *span)),
            TypePart::Hole(_) => None,
        };
        let parts = self.parts.iter().map(part).collect::<Option<_>>()?;
        Some(Text { parts, span: self.span })
    }
}

pub use agentc_constraint::spec::Place;

/// A field of a record type.
#[derive(Debug, Clone)]
pub struct FieldType {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Type,
    /// Whether it may be left out.
    pub optional: bool,
}

/// `(a..b)`
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Lowest, as written.
    pub min: Option<Bound>,
    /// Highest, as written.
    pub max: Option<Bound>,
    /// Parentheses included.
    pub span: Span,
}

/// A number in bounds.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// Its value.
    pub value: Number,
    /// Its place.
    pub span: Span,
}

/// A literal number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Without point and exponent.
    Int(i64),
    /// With one.
    Float(f64),
}
