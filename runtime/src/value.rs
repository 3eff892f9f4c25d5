//! Values of running programs: immutable, cheap to copy, always finite, and JSON at the border.
//!
//! How a value is printed ([`fmt::Display`]), read from generated text ([`parse`]) and checked against a
//! type ([`coerce`]) is decided here and nowhere else.

use std::fmt;
use std::sync::Arc;

use agentc_compiler::ir::{Const, Field, Ty};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

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
    List(Arc<Vec<Value>>),
    /// A record, its fields in order.
    Record(Arc<Vec<(String, Value)>>),
}

impl Value {
    /// A text value.
    pub fn str(text: impl Into<Arc<str>>) -> Value {
        Value::Str(text.into())
    }

    /// A list value.
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Arc::new(items))
    }

    /// A record value.
    pub fn record(fields: Vec<(String, Value)>) -> Value {
        Value::Record(Arc::new(fields))
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

/// Reads generated text as a value of a type; of a union the first member that fits.
pub fn parse(text: &str, ty: &Ty) -> Option<Value> {
    match ty {
        Ty::Str | Ty::Any => Some(Value::str(text)),
        Ty::Null => (text == "null").then_some(Value::Null),
        Ty::Bool => text.parse().ok().map(Value::Bool),
        Ty::Int => text.parse().ok().map(Value::Int),
        Ty::Float => text.parse().ok().filter(|x: &f64| x.is_finite()).map(Value::Float),
        Ty::Lit(constant) => {
            let value = Value::from(constant);
            (value.to_string() == text).then_some(value)
        }
        Ty::Union(members) => members.iter().find_map(|member| parse(text, member)),
        Ty::List(_) | Ty::Record(_) => {
            let value = Value::from_json(&serde_json::from_str(text).ok()?);
            coerce(value, ty)
        }
    }
}

/// The value as one of the type: ints become floats where the type says so. `None` if it is not one.
pub fn coerce(value: Value, ty: &Ty) -> Option<Value> {
    match (ty, value) {
        (Ty::Any, value) => Some(value),
        (Ty::Null, Value::Null) => Some(Value::Null),
        (Ty::Bool, Value::Bool(b)) => Some(Value::Bool(b)),
        (Ty::Int, Value::Int(n)) => Some(Value::Int(n)),
        (Ty::Float, Value::Int(n)) => Some(Value::Float(n as f64)),
        (Ty::Float, Value::Float(x)) => Some(Value::Float(x)),
        (Ty::Str, Value::Str(text)) => Some(Value::Str(text)),
        (Ty::Lit(constant), value) => (Value::from(constant) == value).then_some(value),
        (Ty::Union(members), value) => members.iter().find_map(|member| coerce(value.clone(), member)),
        (Ty::List(item), Value::List(items)) => {
            let items: Option<Vec<Value>> = items.iter().map(|value| coerce(value.clone(), item)).collect();
            items.map(Value::list)
        }
        (Ty::Record(fields), Value::Record(values)) => coerce_record(fields, &values),
        _ => None,
    }
}

/// The fields in the type's order, optional ones where present; fields that the type does not know refuse.
fn coerce_record(fields: &[Field], values: &[(String, Value)]) -> Option<Value> {
    if values.iter().any(|(name, _)| fields.iter().all(|field| field.name != *name)) {
        return None;
    }
    let mut out = Vec::with_capacity(values.len());
    for field in fields {
        match values.iter().find(|(name, _)| *name == field.name) {
            Some((name, Value::Null)) if field.optional => out.push((name.clone(), Value::Null)),
            Some((name, value)) => out.push((name.clone(), coerce(value.clone(), &field.ty)?)),
            None if field.optional => {}
            None => return None,
        }
    }
    Some(Value::record(out))
}

/// Reads what a user typed for an input: the text as it is where the type takes any text, JSON otherwise.
pub fn from_input(text: &str, ty: &Ty) -> Option<Value> {
    let bare = || coerce(Value::str(text), ty);
    match serde_json::from_str::<Json>(text) {
        Ok(_) if *ty == Ty::Str => bare(),
        Ok(json) => coerce(Value::from_json(&json), ty).or_else(bare),
        Err(_) => bare(),
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
    fn text_is_read_by_type() {
        let low = Ty::Union(vec![Ty::Lit(Const::Str("low".into())), Ty::Lit(Const::Int(3))]);
        assert_eq!(parse("3", &low), Some(Value::Int(3)));
        assert_eq!(parse("low", &low), Some("low".into()));
        assert_eq!(parse("high", &low), None);
        assert_eq!(parse("42", &Ty::Int), Some(Value::Int(42)));
        assert_eq!(parse("4.50", &Ty::Float), Some(Value::Float(4.5)));
        assert_eq!(parse("inf", &Ty::Float), None);
    }

    #[test]
    fn inputs_are_text_for_str_and_json_otherwise() {
        assert_eq!(from_input("12", &Ty::Str), Some("12".into()));
        assert_eq!(from_input("\"12\"", &Ty::Str), Some("\"12\"".into()));
        assert_eq!(from_input("12", &Ty::Int), Some(Value::Int(12)));
        assert_eq!(from_input("12", &Ty::Float), Some(Value::Float(12.0)));
        assert_eq!(from_input("twelve", &Ty::Int), None);
        assert_eq!(from_input("[\"a\"]", &Ty::List(Box::new(Ty::Str))), Some(vec!["a"].into()));
        assert_eq!(from_input("red", &Ty::Lit(Const::Str("red".into()))), Some("red".into()));
    }

    #[test]
    fn values_survive_json() {
        let value = Value::record(vec![("x".into(), Value::Float(2.0)), ("n".into(), Value::Int(2))]);
        let text = serde_json::to_string(&value).expect("a value is JSON");
        assert_eq!(serde_json::from_str::<Value>(&text).expect("it reads back"), value);
    }
}
