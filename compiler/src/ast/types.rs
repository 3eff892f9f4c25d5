//! Types as written in the source.

use super::{Expr, Ident, Path, Regex, Text};
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
    /// `map(T)`
    Map(Box<Type>),
    /// `json(T)`
    JsonOf(Box<Type>),
    /// `schema "file.json"`
    Schema(Text),
    /// `grammar "file.lark"`, `grammar """…"""`
    Grammar(Text),
    /// `copy(expr)`
    Copy(Box<Expr>),
    /// `one_of(expr)`
    OneOf(Box<Expr>),
}

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
