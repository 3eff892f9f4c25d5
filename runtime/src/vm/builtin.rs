//! The functions of the prelude: pure, and total except for the traps that each one documents.
//!
//! They mean the same as their namesakes in Python; positions and lengths of text count characters. Sizes are
//! checked before anything large is made.

mod lists;
mod numbers;
mod regexes;
#[cfg(test)]
mod tests;
mod text;

use std::cmp::Ordering;

pub(super) use self::regexes::Regexes;
use super::ops::{bad_operand, contains, print, too_large};
use crate::error::Fault;
use crate::limits::Limits;
use crate::value::print::{Full, Quoted};
use crate::value::{ITEM, Value};

/// Calls a function of the prelude. The compiler has checked names and types and filled in defaults; what
/// cannot be computed nevertheless is a fault.
pub(super) fn call(
    name: &str,
    args: &[Value],
    limits: &Limits,
    regexes: &mut Regexes,
) -> Result<Value, Fault> {
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
        "lines" => call.texts(call.text()?.lines()),
        "split" => call.split(),
        "join" => call.join(),
        "replace" => call.replace(),
        "contains" => contains(first, call.second()).map(Value::Bool),
        "starts_with" => Ok(call.text()?.starts_with(call.text_at(0)?).into()),
        "ends_with" => Ok(call.text()?.ends_with(call.text_at(0)?).into()),
        "matches" => call.matches(regexes),
        "contains_match" => call.contains_match(regexes),
        "replace_match" => call.replace_match(regexes),
        "split_match" => call.split_match(regexes),
        "numbered" => call.numbered(),
        "json" => Ok(Value::str(print([Quoted(first)], limits)?)),
        "parse_json" => call.parse_json(),
        "str" => Ok(Value::str(print([first], limits)?)),
        "keys" | "values" => call.fields(),
        "reversed" => call.reversed(),
        "sort" => call.sort(),
        "unique" => call.unique(),
        "zip" => call.zip(),
        "range" => call.range(),
        "filter" => call.filter(),
        "sort_by" => call.sort_by(),
        "vote" => call.vote(),
        "int" => call.int(),
        "float" => call.float(),
        "abs" => call.abs(),
        "round" => call.round(),
        "sum" => call.sum(),
        "min" => call.extreme(Ordering::Less),
        "max" => call.extreme(Ordering::Greater),
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

    /// A list of texts, which ends where it would become too large.
    fn texts<'t>(&self, parts: impl Iterator<Item = &'t str>) -> Result<Value, Fault> {
        let mut texts = Vec::new();
        for part in parts {
            texts.push(part.into());
            self.bound(texts.len().checked_mul(ITEM))?;
        }
        Ok(Value::list(texts))
    }

    /// What was printed has to fit into a value.
    fn fits(&self, printed: Result<(), Full>) -> Result<(), Fault> {
        printed.map_err(|Full| too_large(self.limits))
    }

    /// What a result of `size` bytes or items would break, before it is made.
    fn bound(&self, size: Option<usize>) -> Result<(), Fault> {
        match size {
            Some(size) if size <= self.limits.value_size => Ok(()),
            _ => Err(too_large(self.limits)),
        }
    }
}
