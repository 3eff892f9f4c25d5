//! The functions of the prelude: pure, total but for the traps that each one names.
//!
//! They mean what Python's namesakes mean; positions and lengths of text count characters. Sizes are
//! checked before anything large is made.

use super::ops::{ITEM, bad_operand, compare, contains, finite, overflow};
use crate::error::Fault;
use crate::limits::Limits;
use crate::value::Value;

/// Calls a function of the prelude. The compiler has checked names and types and filled in defaults; what
/// cannot be computed nevertheless is a fault.
pub(super) fn call(name: &str, args: &[Value], limits: &Limits) -> Result<Value, Fault> {
    let (first, rest) = match args {
        [] => (&Value::Null, args),
        [first, rest @ ..] => (first, rest),
    };
    let call = Call { name, first, rest, limits };
    match name {
        "len" => call.len(),
        "trim" => call.text().map(|text| text.trim().into()),
        "upper" => call.text().map(|text| text.to_uppercase().into()),
        "lower" => call.text().map(|text| text.to_lowercase().into()),
        "lines" => call.text().map(|text| text.lines().collect::<Vec<_>>().into()),
        "split" => call.split(),
        "join" => call.join(),
        "replace" => call.replace(),
        "contains" => contains(first, call.second()).map(Value::Bool),
        "starts_with" => Ok(call.text()?.starts_with(call.text_at(0)?).into()),
        "ends_with" => Ok(call.text()?.ends_with(call.text_at(0)?).into()),
        "numbered" => call.numbered(),
        "json" => Ok(Value::str(json_text(first))),
        "parse_json" => call.parse_json(),
        "str" => Ok(Value::str(first.to_string())),
        "keys" | "values" => call.fields(),
        "reversed" => call.reversed(),
        "sort" => call.sort(),
        "unique" => call.unique(),
        "zip" => call.zip(),
        "range" => call.range(),
        _ => number(&call),
    }
}

/// The functions about numbers.
fn number(call: &Call<'_>) -> Result<Value, Fault> {
    match call.name {
        "int" => call.int(),
        "float" => call.float(),
        "abs" => call.abs(),
        "round" => call.round(),
        "sum" => call.sum(),
        "min" => call.extreme(std::cmp::Ordering::Less),
        "max" => call.extreme(std::cmp::Ordering::Greater),
        unknown => {
            Err(Fault::BadArgument { function: unknown.to_owned(), value: "a call: it is unknown".into() })
        }
    }
}

/// One call: the first argument, which all functions have, and the others.
struct Call<'a> {
    name: &'a str,
    first: &'a Value,
    rest: &'a [Value],
    limits: &'a Limits,
}

impl Call<'_> {
    fn bad(&self, value: &Value) -> Fault {
        bad_operand(self.name, value)
    }

    fn text(&self) -> Result<&str, Fault> {
        self.first.as_str().ok_or_else(|| self.bad(self.first))
    }

    fn list(&self) -> Result<&[Value], Fault> {
        self.first.as_list().ok_or_else(|| self.bad(self.first))
    }

    fn second(&self) -> &Value {
        self.rest.first().unwrap_or(&Value::Null)
    }

    /// A later argument that has to be text.
    fn text_at(&self, at: usize) -> Result<&str, Fault> {
        let value = self.rest.get(at).unwrap_or(&Value::Null);
        value.as_str().ok_or_else(|| self.bad(value))
    }

    /// What a result of `size` bytes or items would break, before it is made.
    fn bound(&self, size: Option<usize>) -> Result<(), Fault> {
        let limit = self.limits.value_size;
        match size {
            Some(size) if size <= limit => Ok(()),
            _ => Err(Fault::Limit { what: "bytes in a value", limit: limit as u64 }),
        }
    }

    /// Characters of a str, items of a list, fields of a record.
    fn len(&self) -> Result<Value, Fault> {
        let len = match self.first {
            Value::Str(text) => text.chars().count(),
            Value::List(items) => items.len(),
            Value::Record(fields) => fields.len(),
            other => return Err(self.bad(other)),
        };
        Ok(Value::Int(len as i64))
    }

    /// Without a separator at runs of white space. Traps on an empty separator.
    fn split(&self) -> Result<Value, Fault> {
        let text = self.text()?;
        let parts: Vec<&str> = match self.second() {
            Value::Null => text.split_whitespace().collect(),
            Value::Str(sep) if !sep.is_empty() => text.split(&**sep).collect(),
            other => return Err(self.bad(other)),
        };
        Ok(parts.into())
    }

    fn join(&self) -> Result<Value, Fault> {
        let sep = match self.second() {
            Value::Null => "",
            Value::Str(sep) => sep,
            other => return Err(self.bad(other)),
        };
        let parts: Vec<String> = self.list()?.iter().map(Value::to_string).collect();
        let size = parts.iter().try_fold(0, |sum: usize, part| sum.checked_add(part.len()));
        let seps = sep.len().checked_mul(parts.len());
        self.bound(size.zip(seps).and_then(|(a, b)| a.checked_add(b)))?;
        Ok(parts.join(sep).into())
    }

    /// Every occurrence. An empty text to replace occurs around every character.
    fn replace(&self) -> Result<Value, Fault> {
        let (text, old, new) = (self.text()?, self.text_at(0)?, self.text_at(1)?);
        let added = text.matches(old).count().checked_mul(new.len());
        self.bound(added.and_then(|added| added.checked_add(text.len())))?;
        Ok(text.replace(old, new).into())
    }

    /// One line for each item with its number, which counts from `start`.
    fn numbered(&self) -> Result<Value, Fault> {
        let start = i128::from(self.second().as_int().unwrap_or(0));
        let lines = (start..).zip(self.list()?).map(|(n, item)| format!("{n}. {item}"));
        Ok(lines.collect::<Vec<_>>().join("\n").into())
    }

    /// Traps on a text that is not JSON.
    fn parse_json(&self) -> Result<Value, Fault> {
        let json = serde_json::from_str(self.text()?).map_err(|_| self.bad(self.first))?;
        Ok(Value::from_json(&json))
    }

    fn fields(&self) -> Result<Value, Fault> {
        let Value::Record(fields) = self.first else { return Err(self.bad(self.first)) };
        let pick =
            |(key, value): &(String, Value)| if self.name == "keys" { key.into() } else { value.clone() };
        Ok(Value::list(fields.iter().map(pick).collect()))
    }

    fn reversed(&self) -> Result<Value, Fault> {
        match self.first {
            Value::Str(text) => Ok(text.chars().rev().collect::<String>().into()),
            Value::List(items) => Ok(Value::list(items.iter().rev().cloned().collect())),
            other => Err(self.bad(other)),
        }
    }

    /// Rising, equals in their order. Traps where two items have no order.
    fn sort(&self) -> Result<Value, Fault> {
        let mut items = self.list()?.to_vec();
        let odd = std::cell::Cell::new(false);
        items.sort_by(|a, b| total_order(a, b, &odd));
        if odd.get() { Err(self.bad(self.first)) } else { Ok(Value::list(items)) }
    }

    /// The first of all equal items each.
    fn unique(&self) -> Result<Value, Fault> {
        let mut seen = std::collections::HashSet::new();
        let items = self.list()?.iter().filter(|item| seen.insert(item.identity()));
        Ok(Value::list(items.cloned().collect()))
    }

    /// Pairs, as lists of two, as long as both last.
    fn zip(&self) -> Result<Value, Fault> {
        let second = self.second().as_list().ok_or_else(|| self.bad(self.second()))?;
        let pairs = self.list()?.iter().zip(second);
        Ok(Value::list(pairs.map(|(a, b)| Value::list(vec![a.clone(), b.clone()])).collect()))
    }

    /// `range(n)` and `range(a, b)`, half-open; empty where the end is not after the start.
    fn range(&self) -> Result<Value, Fault> {
        let bound = |value: &Value| value.as_int().ok_or_else(|| self.bad(value));
        let (from, to) = match self.second() {
            Value::Null => (0, bound(self.first)?),
            to => (bound(self.first)?, bound(to)?),
        };
        let items = i128::from(to).saturating_sub(i128::from(from)).max(0);
        self.bound(usize::try_from(items).ok().and_then(|items| items.checked_mul(ITEM)))?;
        Ok(Value::list((from..to).map(Value::Int).collect()))
    }

    /// Of a float the part before the point; of text a whole decimal. Traps on everything else.
    fn int(&self) -> Result<Value, Fault> {
        let n = match self.first {
            Value::Int(n) => Some(*n),
            Value::Bool(b) => Some(i64::from(*b)),
            Value::Str(text) => text.trim().parse().ok(),
            Value::Float(x) => return to_int(x.trunc()).ok_or_else(|| overflow(self.name)),
            _ => None,
        };
        n.map(Value::Int).ok_or_else(|| self.bad(self.first))
    }

    fn float(&self) -> Result<Value, Fault> {
        let x = match self.first {
            Value::Bool(b) => Some(f64::from(u8::from(*b))),
            Value::Str(text) => text.trim().parse().ok().filter(|x: &f64| x.is_finite()),
            other => other.as_float(),
        };
        x.map(Value::Float).ok_or_else(|| self.bad(self.first))
    }

    fn abs(&self) -> Result<Value, Fault> {
        match self.first {
            Value::Int(n) => n.checked_abs().map(Value::Int).ok_or_else(|| overflow(self.name)),
            Value::Float(x) => Ok(Value::Float(x.abs())),
            other => Err(self.bad(other)),
        }
    }

    /// To an int, or with a number of digits to a float with so many after the point.
    fn round(&self) -> Result<Value, Fault> {
        let x = self.first.as_float().ok_or_else(|| self.bad(self.first))?;
        match (self.first, self.second()) {
            (Value::Int(n), Value::Null) => Ok(Value::Int(*n)),
            (_, Value::Null) => to_int(x.round()).ok_or_else(|| overflow(self.name)),
            (_, Value::Int(digits @ 0..=15)) => {
                let scale = 10f64.powi(*digits as i32);
                let scaled = (x * scale).round() / scale;
                Ok(Value::Float(if scaled.is_finite() { scaled } else { x }))
            }
            (_, Value::Int(16..)) => Ok(Value::Float(x)),
            (_, other) => Err(self.bad(other)),
        }
    }

    /// Traps on overflow and on items that are not numbers.
    fn sum(&self) -> Result<Value, Fault> {
        let items = self.list()?;
        if items.iter().all(|item| matches!(item, Value::Int(_))) {
            let sum = items.iter().filter_map(Value::as_int).try_fold(0i64, i64::checked_add);
            return sum.map(Value::Int).ok_or_else(|| overflow(self.name));
        }
        let sum = items.iter().try_fold(0.0, |sum, item| Some(sum + item.as_float()?));
        finite(sum.ok_or_else(|| self.bad(self.first))?, self.name)
    }

    /// The least or greatest of a list, or of the arguments; of equals the first. Traps on an empty list.
    fn extreme(&self, want: std::cmp::Ordering) -> Result<Value, Fault> {
        let all: Vec<&Value> = match (self.first, self.rest) {
            (Value::List(items), [] | [Value::Null]) => items.iter().collect(),
            (first, rest) => std::iter::once(first).chain(rest).collect(),
        };
        let mut all = all.into_iter();
        let mut best = all.next().ok_or_else(|| self.bad(self.first))?;
        for item in all {
            if compare(item, best).ok_or_else(|| self.bad(item))? == want {
                best = item;
            }
        }
        Ok(best.clone())
    }
}

/// [`compare`], made total so that sorting is well defined whatever the list holds: numbers by their exact
/// values, and values without an order by kind, of which `odd` takes note.
fn total_order(a: &Value, b: &Value, odd: &std::cell::Cell<bool>) -> std::cmp::Ordering {
    match (a, b) {
        (Value::Int(n), Value::Float(x)) => {
            let rough = (*n as f64).partial_cmp(x).unwrap_or(std::cmp::Ordering::Equal);
            rough.then(i128::from(*n).cmp(&(*x as i128)))
        }
        (Value::Float(_), Value::Int(_)) => total_order(b, a, odd).reverse(),
        (Value::List(x), Value::List(y)) => {
            let items = x.iter().zip(y.iter()).map(|(a, b)| total_order(a, b, odd));
            items.into_iter().find(|order| order.is_ne()).unwrap_or(x.len().cmp(&y.len()))
        }
        _ => compare(a, b).unwrap_or_else(|| {
            odd.set(true);
            a.kind().cmp(b.kind())
        }),
    }
}

/// As JSON: unlike in the canonical form a str is quoted, too.
fn json_text(value: &Value) -> String {
    match value {
        Value::Str(text) => serde_json::Value::from(&**text).to_string(),
        other => other.to_string(),
    }
}

/// A whole float as an int, if it fits. 2^63 itself does not.
fn to_int(x: f64) -> Option<Value> {
    const END: f64 = 9_223_372_036_854_775_808.0;
    (-END..END).contains(&x).then_some(Value::Int(x as i64))
}

#[cfg(test)]
mod tests {
    use agentc_compiler::builtin::{BUILTINS, Default as Given, Param, Takes};

    use super::*;

    fn run(name: &str, args: &[Value]) -> Result<Value, Fault> {
        call(name, args, &Limits::default())
    }

    fn ok(name: &str, args: &[Value]) -> String {
        json_text(&run(name, args).expect("a result"))
    }

    fn ints(items: &[i64]) -> Value {
        items.to_vec().into()
    }

    #[test]
    fn text_functions() {
        assert_eq!(ok("len", &["añb".into()]), "3");
        assert_eq!(ok("trim", &["  a b\n".into()]), r#""a b""#);
        assert_eq!(ok("split", &["a,b,,c".into(), ",".into()]), r#"["a", "b", "", "c"]"#);
        assert_eq!(ok("split", &[" a  b ".into(), Value::Null]), r#"["a", "b"]"#);
        assert_eq!(ok("join", &[vec!["a", "b"].into(), ", ".into()]), r#""a, b""#);
        assert_eq!(ok("lines", &["a\r\nb\n".into()]), r#"["a", "b"]"#);
        assert_eq!(ok("replace", &["aXbX".into(), "X".into(), "--".into()]), r#""a--b--""#);
        assert_eq!(ok("numbered", &[vec!["a", "b"].into(), Value::Int(1)]), r#""1. a\n2. b""#);
        assert_eq!(ok("reversed", &["añ".into()]), r#""ña""#);
        assert_eq!(ok("starts_with", &["abc".into(), "ab".into()]), "true");
    }

    #[test]
    fn conversions_trap_on_what_they_cannot_read() {
        assert_eq!(ok("int", &[" 42 ".into()]), "42");
        assert_eq!(ok("int", &[Value::Float(-2.9)]), "-2");
        assert!(matches!(run("int", &["x".into()]), Err(Fault::BadArgument { .. })));
        assert!(matches!(run("int", &[Value::Float(1e300)]), Err(Fault::Overflow { .. })));
        assert!(matches!(
            run("int", &[Value::Float(9_223_372_036_854_775_808.0)]),
            Err(Fault::Overflow { .. })
        ));
        assert!(matches!(run("float", &["inf".into()]), Err(Fault::BadArgument { .. })));
        assert!(matches!(run("parse_json", &["{".into()]), Err(Fault::BadArgument { .. })));
        assert_eq!(ok("parse_json", &[r#"{"a":[1,2.5]}"#.into()]), r#"{"a": [1, 2.5]}"#);
        assert_eq!(run("json", &["a\"b".into()]), Ok(r#""a\"b""#.into()));
    }

    #[test]
    fn numbers() {
        assert_eq!(ok("round", &[Value::Float(2.5), Value::Null]), "3");
        assert_eq!(ok("round", &[Value::Float(-2.5), Value::Null]), "-3");
        assert_eq!(ok("round", &[Value::Float(2.346), Value::Int(2)]), "2.35");
        assert_eq!(ok("sum", &[ints(&[1, 2, 3])]), "6");
        assert!(matches!(run("sum", &[ints(&[i64::MAX, 1])]), Err(Fault::Overflow { .. })));
        assert!(matches!(run("abs", &[Value::Int(i64::MIN)]), Err(Fault::Overflow { .. })));
        assert_eq!(ok("min", &[ints(&[3, 1, 2])]), "1");
        assert_eq!(ok("max", &[Value::Int(3), Value::Float(3.5)]), "3.5");
        assert!(matches!(run("max", &[ints(&[])]), Err(Fault::BadArgument { .. })));
    }

    #[test]
    fn lists() {
        assert_eq!(ok("sort", &[ints(&[3, 1, 2])]), "[1, 2, 3]");
        assert_eq!(ok("sort", &[ints(&[])]), "[]");
        assert!(run("sort", &[Value::list(vec![Value::Int(1), "a".into()])]).is_err());
        assert_eq!(ok("unique", &[vec!["b", "a", "b"].into()]), r#"["b", "a"]"#);
        assert_eq!(ok("unique", &[ints(&[1, 1, 2])]), "[1, 2]");
        assert_eq!(ok("zip", &[ints(&[1, 2, 3]), vec!["a", "b"].into()]), r#"[[1, "a"], [2, "b"]]"#);
        assert_eq!(ok("range", &[Value::Int(1), Value::Int(4)]), "[1, 2, 3]");
        assert_eq!(ok("range", &[Value::Int(4), Value::Int(1)]), "[]");
        let record = Value::record(vec![("a".into(), Value::Int(1))]);
        assert_eq!(ok("keys", std::slice::from_ref(&record)), r#"["a"]"#);
        assert_eq!(ok("values", &[record]), "[1]");
    }

    #[test]
    fn sizes_are_refused_before_they_are_made() {
        let limits = Limits { value_size: 1000, ..Limits::default() };
        let long = Value::str("x".repeat(100));
        let refused =
            |name: &str, args: &[Value]| matches!(call(name, args, &limits), Err(Fault::Limit { .. }));
        assert!(refused("replace", &[long.clone(), "x".into(), long.clone()]));
        assert!(refused("replace", &[long.clone(), "".into(), long.clone()]));
        assert!(refused("range", &[Value::Int(i64::MIN), Value::Int(i64::MAX)]));
        assert!(refused("join", &[vec!["a"; 20].into(), long]));
    }

    /// An argument of the kind that a parameter takes.
    fn plausible(takes: Takes) -> Value {
        match takes {
            Takes::Int | Takes::IntOrNull | Takes::Number => Value::Int(2),
            Takes::List | Takes::Numbers | Takes::Ordered | Takes::Comparable => ints(&[3, 1]),
            Takes::Record => Value::record(vec![("a".into(), Value::Int(1))]),
            _ => "7".into(),
        }
    }

    fn default(default: Given) -> Value {
        match default {
            Given::Null => Value::Null,
            Given::Int(n) => Value::Int(n),
            Given::Str(text) => text.into(),
        }
    }

    #[test]
    fn every_function_of_the_compilers_table_is_here() {
        for builtin in BUILTINS {
            let filled = |p: &Param| p.default.map_or_else(|| plausible(p.takes), default);
            let args: Vec<Value> = builtin.params.iter().map(filled).collect();
            assert!(run(builtin.name, &args).is_ok(), "{}: {:?}", builtin.name, run(builtin.name, &args));
            let args: Vec<Value> = builtin.params.iter().map(|p| plausible(p.takes)).collect();
            assert!(run(builtin.name, &args).is_ok(), "{}: {:?}", builtin.name, run(builtin.name, &args));
        }
    }
}
