//! Values of running programs: immutable, cheap to copy, always finite, and JSON at the border.
//!
//! How a value is printed ([`fmt::Display`]) is decided here, and in [`read`] how it is read from text and
//! checked against a type. A value knows how deep it is, so that nothing that walks it can exhaust the
//! stack: the machine refuses values beyond a limit.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use agentc_compiler::ir::Const;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

pub mod json;
pub mod read;

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
    /// Text.
    Str(Arc<str>),
    /// A list.
    List(Arc<Nest<Value>>),
    /// A record or a map, its fields in order.
    Record(Arc<Nest<(String, Value)>>),
}

/// The parts of a value, and how many levels of lists and records it has, itself included.
#[derive(Debug, Clone, PartialEq)]
pub struct Nest<T> {
    parts: Vec<T>,
    depth: usize,
}

impl<T> Deref for Nest<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.parts
    }
}

impl Value {
    /// A text value.
    pub fn str(text: impl Into<Arc<str>>) -> Value {
        Value::Str(text.into())
    }

    /// A list value.
    pub fn list(items: Vec<Value>) -> Value {
        let depth = 1 + items.iter().map(Value::depth).max().unwrap_or(0);
        Value::List(Arc::new(Nest { parts: items, depth }))
    }

    /// A record value.
    pub fn record(fields: Vec<(String, Value)>) -> Value {
        let depth = 1 + fields.iter().map(|(_, value)| value.depth()).max().unwrap_or(0);
        Value::Record(Arc::new(Nest { parts: fields, depth }))
    }

    /// Levels of lists and records: 0 for a scalar.
    pub fn depth(&self) -> usize {
        match self {
            Value::List(items) => items.depth,
            Value::Record(fields) => fields.depth,
            _ => 0,
        }
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
            Value::Str(_) => "str",
            Value::List(_) => "list",
            Value::Record(_) => "record",
        }
    }

    /// A text that equal values share and others do not: numbers by value, records whatever the order of
    /// their fields.
    pub fn identity(&self) -> String {
        match self {
            Value::Int(n) if (*n as f64) as i128 == i128::from(*n) => float_text(*n as f64),
            Value::Float(0.0) => float_text(0.0),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Value::identity).collect();
                format!("[{}]", items.join(","))
            }
            Value::Record(fields) => {
                let mut fields: Vec<String> =
                    fields.iter().map(|(name, value)| format!("{name:?}:{}", value.identity())).collect();
                fields.sort_unstable();
                format!("{{{}}}", fields.join(","))
            }
            Value::Str(text) => format!("{text:?}"),
            Value::Float(x) => float_text(*x),
            other => other.to_string(),
        }
    }

    /// The value as a JSON text on one line: its canonical form, but for a str, which is quoted.
    pub fn quoted(&self) -> String {
        match self {
            Value::Str(text) => Json::String(text.to_string()).to_string(),
            other => other.to_string(),
        }
    }

    /// The value as JSON.
    pub fn to_json(&self) -> Json {
        match self {
            Value::Null => Json::Null,
            Value::Bool(b) => Json::Bool(*b),
            Value::Int(n) => Json::from(*n),
            Value::Float(x) => Json::from(*x),
            Value::Str(text) => Json::String(text.to_string()),
            Value::List(items) => Json::Array(items.iter().map(Value::to_json).collect()),
            Value::Record(fields) => {
                Json::Object(fields.iter().map(|(name, value)| (name.clone(), value.to_json())).collect())
            }
        }
    }

    /// The value of a JSON text's tree. Integers beyond 64 bits become floats.
    pub fn from_json(json: &Json) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(b) => Value::Bool(*b),
            Json::Number(n) => match n.as_i64() {
                Some(n) => Value::Int(n),
                None => Value::Float(n.as_f64().unwrap_or(f64::MAX)),
            },
            Json::String(text) => Value::str(text.as_str()),
            Json::Array(items) => Value::list(items.iter().map(Value::from_json).collect()),
            Json::Object(fields) => Value::record(
                fields.iter().map(|(name, value)| (name.clone(), Value::from_json(value))).collect(),
            ),
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

/// The canonical form: a str bare, everything else as JSON with one space after `:` and `,`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Str(text) => f.write_str(text),
            other => write_json(other, f),
        }
    }
}

fn write_json(value: &Value, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Value::Null => f.write_str("null"),
        Value::Bool(b) => write!(f, "{b}"),
        Value::Int(n) => write!(f, "{n}"),
        Value::Float(x) => write!(f, "{}", float_text(*x)),
        Value::Str(text) => write!(f, "{}", Json::String(text.to_string())),
        Value::List(items) => {
            f.write_str("[")?;
            for (i, item) in items.iter().enumerate() {
                f.write_str(if i > 0 { ", " } else { "" })?;
                write_json(item, f)?;
            }
            f.write_str("]")
        }
        Value::Record(fields) => {
            f.write_str("{")?;
            for (i, (name, value)) in fields.iter().enumerate() {
                write!(f, "{}{}: ", if i > 0 { ", " } else { "" }, Json::String(name.clone()))?;
                write_json(value, f)?;
            }
            f.write_str("}")
        }
    }
}

/// The shortest decimal that reads back as the same number, with at least one digit after the point.
fn float_text(x: f64) -> String {
    let text = format!("{x}");
    if text.contains('.') { text } else { text + ".0" }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        Json::deserialize(deserializer).map(|json| Value::from_json(&json))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_so_that_they_read_back_as_floats() {
        for (x, text) in
            [(1.0, "1.0"), (0.1, "0.1"), (-2.5e-3, "-0.0025"), (1e21, "1000000000000000000000.0")]
        {
            assert_eq!(Value::Float(x).to_string(), text);
            assert_eq!(text.parse::<f64>(), Ok(x));
        }
    }

    #[test]
    fn lists_and_records_print_as_spaced_json() {
        let value = Value::record(vec![("a".into(), vec![1i64, 2].into()), ("b".into(), "x\"y".into())]);
        assert_eq!(value.to_string(), r#"{"a": [1, 2], "b": "x\"y"}"#);
    }

    #[test]
    fn values_survive_json() {
        let value = Value::record(vec![("x".into(), Value::Float(2.0)), ("n".into(), Value::Int(2))]);
        let text = serde_json::to_string(&value).expect("a value is JSON");
        assert_eq!(serde_json::from_str::<Value>(&text).expect("it reads back"), value);
    }

    #[test]
    fn values_know_their_depth() {
        let pair = Value::list(vec![Value::Null, Value::list(Vec::new())]);
        assert_eq!((Value::Int(1).depth(), pair.depth()), (0, 2));
        assert_eq!(Value::record(vec![("a".into(), pair)]).depth(), 3);
        let constant = Const::Record(vec![("a".into(), Const::List(vec![Const::Int(1)]))]);
        assert_eq!(Value::from(&constant).to_string(), r#"{"a": [1]}"#);
    }

    #[test]
    fn a_quoted_value_is_json() {
        assert_eq!(Value::from("a\"b").quoted(), r#""a\"b""#);
        assert_eq!(Value::from(vec!["a"]).quoted(), r#"["a"]"#);
    }
}
