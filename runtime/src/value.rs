//! Values of running programs: immutable, cheap to copy, always finite, and JSON at the border.
//!
//! How a value is printed is decided in [`print`], and in [`read`] how it is read from text and checked
//! against a type. A value knows how deep it is and how much it spells, its parts counted as often as they
//! occur in it, however they are shared. So nothing that walks a value can exhaust the stack, the memory or
//! anyone's patience: the machine refuses values beyond its limits as soon as they are made.

use std::ops::Deref;
use std::sync::Arc;

use agentc_compiler::ir::Const;
use agentc_compiler::json::Json;
use agentc_compiler::number::{Held, Number};

pub(crate) mod holes;
pub(crate) mod print;
pub mod read;
mod wire;

/// What an item of a list or a field of a record adds to the size of a value, beside the bytes of its key and
/// the size of what it holds.
pub const ITEM: usize = 16;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A 64-bit integer.
    Int(i64),
    /// A finite 64-bit number.
    Float(f64),
    /// A number of JSON that neither holds, as it is written ([`Value::number`]).
    Number(Number),
    /// Text.
    Str(Arc<String>),
    /// A list.
    List(Arc<Nest<Value>>),
    /// A record or a map, its fields in order.
    Record(Arc<Nest<(String, Value)>>),
}

/// The parts of a value, how many levels of lists and records it has, itself included, and its size.
#[derive(Debug, Clone, PartialEq)]
pub struct Nest<T> {
    parts: Vec<T>,
    depth: usize,
    size: usize,
}

impl<T> Nest<T> {
    /// `part` tells the bytes of a part's key, and what it holds.
    fn of(parts: Vec<T>, part: impl Fn(&T) -> (usize, &Value)) -> Nest<T> {
        let (mut depth, mut size) = (1, 0usize);
        for (key, value) in parts.iter().map(part) {
            depth = depth.max(value.depth().saturating_add(1));
            size = size.saturating_add(ITEM + key).saturating_add(value.size());
        }
        Nest { parts, depth, size }
    }
}

impl<T> Deref for Nest<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.parts
    }
}

impl Value {
    /// A text value.
    pub fn str(text: impl Into<String>) -> Value {
        Value::Str(Arc::new(text.into()))
    }

    /// A number: an int or a float if one of them holds it, otherwise as it is written.
    pub fn number(number: Number) -> Value {
        match number.held() {
            Held::Int(n) => Value::Int(n),
            Held::Float(x) => Value::Float(x),
            Held::Neither => Value::Number(number),
        }
    }

    /// A list value.
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Arc::new(Nest::of(items, |item| (0, item))))
    }

    /// A record value.
    pub fn record(fields: Vec<(String, Value)>) -> Value {
        Value::Record(Arc::new(Nest::of(fields, |(key, value)| (key.len(), value))))
    }

    /// Levels of lists and records: 0 for a scalar.
    pub fn depth(&self) -> usize {
        match self {
            Value::List(items) => items.depth,
            Value::Record(fields) => fields.depth,
            _ => 0,
        }
    }

    /// How much it spells: the bytes of a str, and of a number that is kept as it is written; of a list or record
    /// [`ITEM`] and the size of what it holds for each item or field, and the bytes of keys; 0 for other scalars.
    /// Saturates.
    pub fn size(&self) -> usize {
        match self {
            Value::Str(text) => text.len(),
            Value::Number(number) => number.text().len(),
            Value::List(items) => items.size,
            Value::Record(fields) => fields.size,
            _ => 0,
        }
    }

    /// Appends items to a list, in place where nobody else holds it. `false` if it is no list.
    pub(crate) fn extend(&mut self, new: &[Value]) -> bool {
        let Value::List(items) = self else { return false };
        let list = Arc::make_mut(items);
        for item in new {
            list.depth = list.depth.max(item.depth().saturating_add(1));
            list.size = list.size.saturating_add(ITEM).saturating_add(item.size());
        }
        list.parts.extend_from_slice(new);
        true
    }

    /// The text of a str.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The number of an int.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// The number of a float or an int.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Value::Float(x) => Some(*x),
            Value::Int(n) => Some(*n as f64),
            _ => None,
        }
    }

    /// The number of a number, whatever holds it.
    pub fn as_number(&self) -> Option<Number> {
        match self {
            Value::Int(n) => Some(Number::from(*n)),
            Value::Float(x) => Some(Number::of_float(*x)),
            Value::Number(number) => Some(number.clone()),
            _ => None,
        }
    }

    /// The truth value of a bool.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The field of a record.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Record(fields) => fields.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// What kind of value it is, as the language names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Number(_) => "number",
            Value::Str(_) => "str",
            Value::List(_) => "list",
            Value::Record(_) => "record",
        }
    }
}

/// A JSON text's value.
impl From<Json> for Value {
    fn from(json: Json) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(b) => Value::Bool(b),
            Json::Number(number) => Value::number(number),
            Json::Str(text) => Value::str(text),
            Json::List(items) => Value::list(items.into_iter().map(Value::from).collect()),
            Json::Record(fields) => {
                Value::record(fields.into_iter().map(|(name, value)| (name, Value::from(value))).collect())
            }
        }
    }
}

/// Indexing with a field's name; `null` where there is none, as `serde_json` does.
impl std::ops::Index<&str> for Value {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        static NULL: Value = Value::Null;
        self.get(name).unwrap_or(&NULL)
    }
}

impl From<&Const> for Value {
    fn from(constant: &Const) -> Value {
        match constant {
            Const::Null => Value::Null,
            Const::Bool(b) => Value::Bool(*b),
            Const::Int(n) => Value::Int(*n),
            Const::Float(x) => Value::Float(*x),
            Const::Number(number) => Value::number(number.clone()),
            Const::Str(text) => Value::str(text.as_str()),
            Const::List(items) => Value::list(items.iter().map(Value::from).collect()),
            Const::Record(fields) => {
                Value::record(fields.iter().map(|(name, value)| (name.clone(), Value::from(value))).collect())
            }
        }
    }
}

macro_rules! from {
    ($($ty:ty => |$x:ident| $value:expr),* $(,)?) => {
        $(impl From<$ty> for Value {
            fn from($x: $ty) -> Value {
                $value
            }
        })*
    };
}

from! {
    bool => |x| Value::Bool(x),
    i64 => |x| Value::Int(x),
    i32 => |x| Value::Int(x.into()),
    u32 => |x| Value::Int(x.into()),
    &str => |x| Value::str(x),
    String => |x| Value::str(x),
    &String => |x| Value::str(x.as_str()),
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Value {
        Value::list(items.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests;
