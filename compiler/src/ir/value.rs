//! Literal values in a program, and the types of values at run time.

use std::fmt;

use serde::{Deserialize, Serialize};

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
    /// A text.
    Str(String),
    /// A list.
    List(Vec<Const>),
    /// A record.
    Record(Vec<(String, Const)>),
}

impl Const {
    /// As a JSON value.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Const::Null => serde_json::Value::Null,
            Const::Bool(value) => (*value).into(),
            Const::Int(value) => (*value).into(),
            Const::Float(value) => (*value).into(),
            Const::Str(value) => value.as_str().into(),
            Const::List(items) => items.iter().map(Const::to_json).collect(),
            Const::Record(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), value.to_json())).collect()
            }
        }
    }
}

impl fmt::Display for Const {
    /// As the language prints a value: a str bare, a float with at least one decimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Const::Null => f.write_str("null"),
            Const::Bool(value) => write!(f, "{value}"),
            Const::Int(value) => write!(f, "{value}"),
            Const::Float(value) if value.is_finite() && value.fract() == 0.0 => write!(f, "{value}.0"),
            Const::Float(value) => write!(f, "{value}"),
            Const::Str(value) => f.write_str(value),
            Const::List(_) | Const::Record(_) => match serde_json::to_string(&self.to_json()) {
                Ok(text) => f.write_str(&text),
                Err(_) => Err(fmt::Error),
            },
        }
    }
}
