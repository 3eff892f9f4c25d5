//! From text to values of a type: what a model wrote, and what a caller gives as an input.
//!
//! Types may contain themselves ([`Ty::Named`]); values are finite, and how deep they may be is the
//! caller's limit, checked before anything is built, as is how large they may be. A value that has been tried
//! against a named type is not tried again, so unions of recursive types cost no more than their size.
//!
//! What comes from outside stays what it is: a number that a float does not give back with all its digits is
//! refused where a float is wanted. What a model wrote as a float is the nearest one, since it cannot be asked
//! again.

use agentc_compiler::ir::{Const, Field, NamedTy, Ty};
use agentc_compiler::json::{self, JsonError};
use agentc_compiler::number::Number;
use agentc_constraint::MatchError;
use rustc_hash::FxHashMap;

use super::{ITEM, Value};
use crate::limits::Limits;

/// Types within types that are followed at most: a value is not deep, so more can only be a type without
/// values.
const LEVELS: usize = 2000;

/// What values are read with.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'p> {
    /// The program's types that contain themselves.
    pub types: &'p [NamedTy],
    /// Levels of lists and records that a value may have.
    pub depth: usize,
    /// How large it may be, as [`Value::size`] counts.
    pub size: usize,
}

/// Why a text or a value is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// It is not of the type.
    NotOfType,
    /// It has to be JSON, and is not.
    NotJson(JsonError),
    /// It has too many levels of lists and records.
    TooDeep,
    /// A number in it has digits that neither the ints nor the floats of the type have.
    Digits,
    /// It is too large.
    TooLarge,
    /// What the holes of a template took cannot be said within a limit.
    Template(MatchError),
}

impl<'p> Reading<'p> {
    /// With the limits of a run.
    pub fn new(types: &'p [NamedTy], limits: &Limits) -> Reading<'p> {
        Reading { types, depth: limits.value_depth, size: limits.value_size }
    }
}

impl Reading<'_> {
    /// Reads generated text: JSON if `json`, otherwise as the language prints values; of a union the first
    /// member that fits.
    pub fn parse(&self, text: &str, ty: &Ty, json: bool) -> Result<Value, ReadError> {
        if json {
            return self.fit(&self.from_json(text)?, ty, true);
        }
        self.plain(text, ty, 0)
    }

    /// The value as one of the type: ints become floats where the type says so.
    pub fn coerce(&self, value: &Value, ty: &Ty) -> Result<Value, ReadError> {
        self.fit(value, ty, false)
    }

    /// The same; `nearest` is for a number that a float does not give back.
    pub(super) fn fit(&self, value: &Value, ty: &Ty, nearest: bool) -> Result<Value, ReadError> {
        if value.depth() > self.depth {
            return Err(ReadError::TooDeep);
        }
        if value.size() > self.size {
            return Err(ReadError::TooLarge);
        }
        let mut fit = Fit { types: self.types, nearest, lost: false, tried: FxHashMap::default(), level: 0 };
        let reason = |fit: &Fit<'_>| if fit.lost { ReadError::Digits } else { ReadError::NotOfType };
        fit.value(value, ty).ok_or_else(|| reason(&fit))
    }

    /// Reads what a user typed for an input: the text as it is where the type takes any text, JSON otherwise.
    pub fn input(&self, text: &str, ty: &Ty) -> Result<Value, ReadError> {
        let bare = || self.coerce(&Value::str(text), ty);
        if *ty == Ty::Str {
            return bare();
        }
        match self.from_json(text) {
            Ok(value) => self.coerce(&value, ty).or_else(|error| bare().map_err(|_| error)),
            Err(ReadError::TooLarge) => Err(ReadError::TooLarge),
            Err(error) => bare().map_err(|_| error),
        }
    }

    /// The value of a JSON text.
    pub fn from_json(&self, text: &str) -> Result<Value, ReadError> {
        json::check_depth(text, self.depth).map_err(|_| ReadError::TooDeep)?;
        if least_size(text) > self.size {
            return Err(ReadError::TooLarge);
        }
        let json = json::parse(text, self.depth).map_err(|error| match error {
            JsonError::TooDeep { .. } => ReadError::TooDeep,
            JsonError::Number { .. } => ReadError::Digits,
            wrong => ReadError::NotJson(wrong),
        })?;
        let value = Value::from(json);
        if value.size() > self.size { Err(ReadError::TooLarge) } else { Ok(value) }
    }

    fn plain(&self, text: &str, ty: &Ty, level: usize) -> Result<Value, ReadError> {
        let value = match ty {
            Ty::Str | Ty::Any => Some(Value::str(text)),
            Ty::Null => (text == "null").then_some(Value::Null),
            Ty::Bool => text.parse().ok().map(Value::Bool),
            Ty::Int => text.parse().ok().map(Value::Int),
            Ty::Float => text.parse().ok().filter(|x: &f64| x.is_finite()).map(Value::Float),
            Ty::Lit(constant) => Some(Value::from(constant)).filter(|value| value.to_string() == text),
            Ty::Union(members) if level < LEVELS => {
                let read = |member| self.plain(text, member, level + 1);
                return first(members.iter().map(read));
            }
            Ty::Named(id) if level < LEVELS => {
                let named = self.types.get(*id as usize).ok_or(ReadError::NotOfType)?;
                return self.plain(text, &named.ty, level + 1);
            }
            Ty::Union(_) | Ty::Named(_) => None,
            Ty::List(_) | Ty::Record(_) | Ty::Map(_) => return self.fit(&self.from_json(text)?, ty, true),
        };
        value.ok_or(ReadError::NotOfType)
    }
}

/// The first that was read; if none, that a value is too deep or too large is the better reason.
fn first(mut read: impl Iterator<Item = Result<Value, ReadError>>) -> Result<Value, ReadError> {
    let mut reason = ReadError::NotOfType;
    let found = read.find_map(|one| {
        one.map_err(|error| {
            if error != ReadError::NotOfType {
                reason = error
            }
        })
        .ok()
    });
    found.ok_or(reason)
}

/// The size that the value of a JSON text has at least, known before it is read: a comma follows an item or a
/// field. Of a text that is not JSON anything at all.
pub(crate) fn least_size(text: &str) -> usize {
    let (mut commas, mut quoted, mut escaped) = (0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => commas += 1,
            _ => {}
        }
    }
    commas.saturating_mul(ITEM)
}

/// A value beside a type.
struct Fit<'p> {
    types: &'p [NamedTy],
    /// Whether a float may be the nearest to a number.
    nearest: bool,
    /// Whether a number was refused for its digits.
    lost: bool,
    /// What came of lists and records, by address, as values of named types.
    tried: FxHashMap<(usize, u32), Option<Value>>,
    level: usize,
}

impl Fit<'_> {
    fn value(&mut self, value: &Value, ty: &Ty) -> Option<Value> {
        if self.level >= LEVELS {
            return None;
        }
        self.level += 1;
        let fitted = self.value_within(value, ty);
        self.level -= 1;
        fitted
    }

    fn value_within(&mut self, value: &Value, ty: &Ty) -> Option<Value> {
        match (ty, value) {
            (Ty::Any, value) => Some(value.clone()),
            (Ty::Null, Value::Null)
            | (Ty::Bool, Value::Bool(_))
            | (Ty::Int, Value::Int(_))
            | (Ty::Float, Value::Float(_))
            | (Ty::Str, Value::Str(_)) => Some(value.clone()),
            (Ty::Float | Ty::Lit(Const::Float(_)), Value::Int(_) | Value::Number(_)) => {
                let float = self.float(&value.as_number()?)?;
                self.value(&float, ty)
            }
            (Ty::Int, Value::Number(_)) => {
                self.lost = true;
                None
            }
            (Ty::Lit(constant), value) => (Value::from(constant) == *value).then(|| value.clone()),
            (Ty::Union(members), value) => members.iter().find_map(|member| self.value(value, member)),
            (Ty::List(item), Value::List(items)) => {
                let items: Option<Vec<Value>> = items.iter().map(|value| self.value(value, item)).collect();
                items.map(Value::list)
            }
            (Ty::Record(fields), Value::Record(values)) => self.record(fields, values),
            (Ty::Map(item), Value::Record(values)) => {
                let field = |(name, value): &(String, Value)| Some((name.clone(), self.value(value, item)?));
                values.iter().map(field).collect::<Option<Vec<_>>>().map(Value::record)
            }
            (Ty::Named(id), value) => self.named(value, *id),
            _ => None,
        }
    }

    fn float(&mut self, number: &Number) -> Option<Value> {
        let nearest = Some(number.nearest()).filter(|x| self.nearest && x.is_finite());
        let float = number.as_float().or(nearest);
        self.lost |= float.is_none();
        float.map(Value::Float)
    }

    fn named(&mut self, value: &Value, id: u32) -> Option<Value> {
        let types = self.types;
        let ty = &types.get(id as usize)?.ty;
        let address = match value {
            Value::List(items) if !items.is_empty() => items.as_ptr() as usize,
            Value::Record(fields) if !fields.is_empty() => fields.as_ptr() as usize,
            _ => return self.value(value, ty),
        };
        if let Some(known) = self.tried.get(&(address, id)) {
            return known.clone();
        }
        let fitted = self.value(value, ty);
        self.tried.insert((address, id), fitted.clone());
        fitted
    }

    /// The fields in the type's order, optional ones where present; fields that the type does not know refuse.
    fn record(&mut self, fields: &[Field], values: &[(String, Value)]) -> Option<Value> {
        // So there are not many more to look for.
        let unknown = |(name, _): &(String, Value)| fields.iter().all(|field| field.name != *name);
        if values.len() > fields.len() || values.iter().any(unknown) {
            return None;
        }
        let mut out = Vec::with_capacity(values.len());
        for field in fields {
            match values.iter().find(|(name, _)| *name == field.name) {
                Some((name, Value::Null)) if field.optional => out.push((name.clone(), Value::Null)),
                Some((name, value)) => out.push((name.clone(), self.value(value, &field.ty)?)),
                None if field.optional => {}
                None => return None,
            }
        }
        Some(Value::record(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Reading<'_> = Reading { types: &[], depth: 100, size: 1 << 20 };

    fn field(name: &str, ty: Ty) -> Field {
        Field { name: name.into(), ty, optional: false }
    }

    fn literal(text: &str) -> Ty {
        Ty::Lit(Const::Str(text.into()))
    }

    #[test]
    fn text_is_read_by_type() {
        let low = Ty::Union(vec![literal("low"), Ty::Lit(Const::Int(3))]);
        let plain = |text: &str, ty: &Ty| PLAIN.parse(text, ty, false).ok();
        assert_eq!(plain("3", &low), Some(Value::Int(3)));
        assert_eq!(plain("low", &low), Some("low".into()));
        assert_eq!(plain("high", &low), None);
        assert_eq!(plain("42", &Ty::Int), Some(Value::Int(42)));
        assert_eq!(plain("4.50", &Ty::Float), Some(Value::Float(4.5)));
        assert_eq!(plain("inf", &Ty::Float), None);
        assert_eq!(plain("null", &Ty::Any), Some("null".into()));
    }

    #[test]
    fn json_is_read_by_type() {
        let json = |text: &str, ty: &Ty| PLAIN.parse(text, ty, true).ok();
        assert_eq!(json("\"3\"", &Ty::Str), Some("3".into()));
        assert_eq!(json("3", &Ty::Str), None);
        assert_eq!(json("null", &Ty::Any), Some(Value::Null));
        assert_eq!(json("3", &Ty::Float), Some(Value::Float(3.0)));
        assert_eq!(json("3", &Ty::Lit(Const::Float(3.0))), Some(Value::Float(3.0)));
        let floats = Ty::Map(Box::new(Ty::Float));
        let expected = Value::record(vec![("b".into(), Value::Float(1.0)), ("a".into(), Value::Float(2.5))]);
        assert_eq!(json(r#"{"b": 1, "a": 2.5}"#, &floats), Some(expected));
        assert_eq!(json(r#"{"b": "1"}"#, &floats), None);
        let either = Ty::Union(vec![Ty::List(Box::new(Ty::Int)), Ty::Record(vec![field("a", Ty::Int)])]);
        assert_eq!(json(r#"{"a": 1}"#, &either).map(|value| value.to_string()), Some(r#"{"a": 1}"#.into()));
        assert_eq!(json(r#"{"a": 1, "b": 2}"#, &either), None);
    }

    #[test]
    fn inputs_are_text_for_str_and_json_otherwise() {
        let input = |text: &str, ty: &Ty| PLAIN.input(text, ty).ok();
        assert_eq!(input("12", &Ty::Str), Some("12".into()));
        assert_eq!(input("\"12\"", &Ty::Str), Some("\"12\"".into()));
        assert_eq!(input("12", &Ty::Int), Some(Value::Int(12)));
        assert_eq!(input("12", &Ty::Float), Some(Value::Float(12.0)));
        assert_eq!(input("twelve", &Ty::Int), None);
        assert_eq!(input("[\"a\"]", &Ty::List(Box::new(Ty::Str))), Some(vec!["a"].into()));
        assert_eq!(input("red", &literal("red")), Some("red".into()));
    }

    #[test]
    fn numbers_are_kept_or_refused() {
        let (big, long) = ("12345678901234567890", "0.1234567890123456789");
        let input = |text: &str, ty: &Ty| PLAIN.input(text, ty).map(|value| value.to_string());
        for text in [big, long, "1e400", "-10000000000000000000000"] {
            assert_eq!(input(text, &Ty::Any), Ok(text.into()));
            assert_eq!(input(text, &Ty::Int), Err(ReadError::Digits));
        }
        for text in [big, long, "1e400", "9007199254740993"] {
            assert_eq!(input(text, &Ty::Float), Err(ReadError::Digits), "{text}");
        }
        assert_eq!(input("1e99999999999999999999", &Ty::Int), Err(ReadError::Digits));
        assert_eq!(input("0.10000000000000001", &Ty::Float), Ok("0.1".into()));
        assert_eq!(input("10000000000000000000000", &Ty::Float), Ok("10000000000000000000000.0".into()));
        assert_eq!(input("9007199254740993", &Ty::Int), Ok("9007199254740993".into()));
        let either = Ty::Union(vec![Ty::Int, Ty::Any]);
        assert_eq!(input(&format!("[{big}]"), &either), Ok(format!("[{big}]")));
    }

    /// A model has written it, and is not asked again.
    #[test]
    fn a_generated_float_is_the_nearest() {
        let written = "123456789012345.123456789012345";
        let float = Ok(Value::Float(123_456_789_012_345.13));
        assert_eq!(PLAIN.parse(written, &Ty::Float, false), float);
        assert_eq!(PLAIN.parse(written, &Ty::Float, true), float);
        assert_eq!(PLAIN.parse(written, &Ty::Any, true).map(|value| value.to_string()), Ok(written.into()));
    }

    /// `type Tree { v: int, kids: Tree[] }`, and its name.
    fn tree() -> (Vec<NamedTy>, Ty) {
        let kids = Ty::List(Box::new(Ty::Named(0)));
        let ty = Ty::Record(vec![field("v", Ty::Int), field("kids", kids)]);
        (vec![NamedTy { name: "Tree".into(), ty }], Ty::Named(0))
    }

    #[test]
    fn types_that_contain_themselves() {
        let (types, tree) = tree();
        let reading = Reading { types: &types, depth: 100, size: 1 << 20 };
        let good = r#"{"v": 1, "kids": [{"v": 2, "kids": []}, {"v": 3, "kids": []}]}"#;
        assert_eq!(reading.input(good, &tree).map(|value| value.to_string()), Ok(good.into()));
        let bad = good.replace("3", "\"3\"");
        assert_eq!(reading.input(&bad, &tree), Err(ReadError::NotOfType));
    }

    #[test]
    fn depth_is_bounded_and_the_stack_safe() {
        let (types, tree) = tree();
        let reading = Reading { types: &types, depth: 100, size: 1 << 20 };
        for (text, ty) in [
            (r#"{"v": 1, "kids": ["#.repeat(100_000), &tree),
            ("[".repeat(1_000_000), &Ty::Any),
            ("[".repeat(101) + &"]".repeat(101), &Ty::Any),
        ] {
            assert_eq!(reading.parse(&text, ty, true), Err(ReadError::TooDeep));
            assert_eq!(reading.input(&text, &tree), Err(ReadError::TooDeep));
        }
        let deep = "[".repeat(100) + &"]".repeat(100);
        assert_eq!(reading.parse(&deep, &Ty::Any, true).map(|value| value.depth()), Ok(100));
        let quoted = format!("[{:?}]", "[{\\\"".repeat(200));
        assert_eq!(reading.parse(&quoted, &Ty::Any, true).map(|value| value.depth()), Ok(1));
    }

    /// Two members that differ in their last field only: trying both at each level doubles the work.
    #[test]
    fn unions_of_recursive_types_are_not_exponential() {
        let next = || Ty::Union(vec![Ty::Named(0), Ty::Null]);
        let member = |kind: &str| Ty::Record(vec![field("next", next()), field("kind", literal(kind))]);
        let types = [NamedTy { name: "Chain".into(), ty: Ty::Union(vec![member("a"), member("b")]) }];
        let chain = (0..90).fold(Value::Null, |next, _| {
            Value::record(vec![("next".into(), next), ("kind".into(), "b".into())])
        });
        let reading = Reading { types: &types, depth: 100, size: 1 << 20 };
        assert_eq!(reading.coerce(&chain, &Ty::Named(0)), Ok(chain));
    }

    #[test]
    fn a_type_without_values_takes_none() {
        let types = [NamedTy { name: "Loop".into(), ty: Ty::Named(0) }];
        let reading = Reading { types: &types, depth: 100, size: 1 << 20 };
        assert_eq!(reading.coerce(&Value::Int(1), &Ty::Named(0)), Err(ReadError::NotOfType));
        assert_eq!(reading.parse("1", &Ty::Named(0), false), Err(ReadError::NotOfType));
        assert_eq!(reading.coerce(&Value::Int(1), &Ty::Named(7)), Err(ReadError::NotOfType));
    }
}
