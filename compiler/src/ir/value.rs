//! Literal values in a program, and the types of values at run time.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::number::Number;

/// A type that contains itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedTy {
    /// Its name.
    pub name: String,
    /// What it stands for.
    pub ty: Ty,
}

/// Types of values at run time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ty {
    /// The only value `null`.
    Null,
    /// Truth values.
    Bool,
    /// 64-bit integers.
    Int,
    /// 64-bit floating-point numbers.
    Float,
    /// Unicode text.
    Str,
    /// One literal value.
    Lit(Const),
    /// Either of several.
    Union(Vec<Ty>),
    /// A list.
    List(Box<Ty>),
    /// A record, its fields in order.
    Record(Vec<Field>),
    /// A record with any keys and values of one type.
    Map(Box<Ty>),
    /// One of [`Program::types`](super::Program::types).
    Named(u32),
    /// Any value at all.
    Any,
}

/// A field of a record type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Ty,
    /// Whether it may be left out (then `null` to a reader).
    pub optional: bool,
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Const {
    /// `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
    /// A number that neither holds, as its file writes it.
    Number(Number),
    /// A text.
    Str(String),
    /// A list.
    List(Vec<Const>),
    /// A record.
    Record(Vec<(String, Const)>),
}

impl fmt::Display for Const {
    /// As the language prints a value: a str bare, a float with at least one decimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Const::Str(value) => f.write_str(value),
            other => write_json(other, f),
        }
    }
}

fn write_json(value: &Const, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Const::Null => f.write_str("null"),
        Const::Bool(value) => write!(f, "{value}"),
        Const::Int(value) => write!(f, "{value}"),
        Const::Float(value) if value.is_finite() && value.fract() == 0.0 => write!(f, "{value}.0"),
        Const::Float(value) => write!(f, "{value}"),
        Const::Number(value) => write!(f, "{value}"),
        Const::Str(value) => write!(f, "{}", quoted(value)),
        Const::List(items) => {
            f.write_str("[")?;
            for (i, item) in items.iter().enumerate() {
                f.write_str(if i > 0 { "," } else { "" })?;
                write_json(item, f)?;
            }
            f.write_str("]")
        }
        Const::Record(fields) => {
            f.write_str("{")?;
            for (i, (name, value)) in fields.iter().enumerate() {
                write!(f, "{}{}:", if i > 0 { "," } else { "" }, quoted(name))?;
                write_json(value, f)?;
            }
            f.write_str("}")
        }
    }
}

fn quoted(text: &str) -> serde_json::Value {
    serde_json::Value::from(text)
}
