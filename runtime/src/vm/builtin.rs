//! The functions of the prelude: pure, and total except for the traps that each one documents.
//!
//! They mean the same as their namesakes in Python; positions and lengths of text count characters. Sizes are
//! checked before anything large is made.

mod dates;
mod groups;
mod lists;
mod numbers;
mod records;
mod regexes;
#[cfg(test)]
mod tests;
mod text;

use std::cmp::Ordering;

use agentc_compiler::builtin::Builtin;

pub(super) use self::regexes::Regexes;
use super::ops::{bad_operand, contains, print, too_large};
use crate::error::Fault;
use crate::limits::Limits;
use crate::value::print::{Full, Quoted};
use crate::value::{ITEM, Value};

/// Calls a function of the prelude. The compiler has checked types and filled in defaults; what cannot be computed
/// nevertheless is a fault.
pub(super) fn call(
    id: Builtin,
    args: &[Value],
    limits: &Limits,
    regexes: &mut Regexes,
) -> Result<Value, Fault> {
    let (first, rest) = match args {
        [] => (&Value::Null, args),
        [first, rest @ ..] => (first, rest),
    };
    // As the program writes it.
    let name = match id {
        Builtin::Merge => "...",
        Builtin::Without => "-",
        _ => id.name(),
    };
    let call = Call { name, first, rest, limits };
    match id {
        Builtin::Len => call.len(),
        Builtin::Chunks => call.chunks(),
        Builtin::Window => call.window(),
        Builtin::Counts => call.counts(),
        Builtin::Enumerate => call.enumerate(),
        Builtin::Flatten => call.flatten(),
        Builtin::DateAdd => call.date_add(),
        Builtin::DateDiff => call.date_diff(),
        Builtin::Weekday => call.moment(first).map(|moment| Value::Int(moment.weekday())),
        Builtin::FormatDate => call.format_date(),
        Builtin::FindAll => call.find_all(regexes),
        Builtin::Format => call.format(),
        Builtin::Pad => call.pad(),
        Builtin::RepeatText => call.repeat_text(),
        Builtin::Slug => call.slug(),
        Builtin::Title => call.title(),
        Builtin::Trim => call.text().map(|text| text.trim().into()),
        Builtin::Upper => call.text().map(|text| text.to_uppercase().into()),
        Builtin::Lower => call.text().map(|text| text.to_lowercase().into()),
        Builtin::Lines => call.texts(call.text()?.lines()),
        Builtin::Split => call.split(),
        Builtin::Join => call.join(),
        Builtin::Replace => call.replace(),
        Builtin::Contains => contains(first, call.second()).map(Value::Bool),
        Builtin::StartsWith => Ok(call.text()?.starts_with(call.text_at(0)?).into()),
        Builtin::EndsWith => Ok(call.text()?.ends_with(call.text_at(0)?).into()),
        Builtin::Matches => call.matches(regexes),
        Builtin::ContainsMatch => call.contains_match(regexes),
        Builtin::ReplaceMatch => call.replace_match(regexes),
        Builtin::SplitMatch => call.split_match(regexes),
        Builtin::Numbered => call.numbered(),
        Builtin::Json => Ok(Value::str(print([Quoted(first)], limits)?)),
        Builtin::ParseJson => call.parse_json(),
        Builtin::Str => Ok(Value::str(print([first], limits)?)),
        Builtin::Keyed => call.keyed(),
        Builtin::Keys => call.keys(),
        Builtin::Merge => call.merge(),
        Builtin::Without => call.without(),
        Builtin::Values => call.values(),
        Builtin::Reversed => call.reversed(),
        Builtin::Sort => call.sort(),
        Builtin::Unique => call.unique(),
        Builtin::Zip => call.zip(),
        Builtin::Range => call.range(),
        Builtin::Filter => call.filter(),
        Builtin::SortBy => call.sort_by(),
        Builtin::GroupBy => call.group_by(),
        Builtin::Vote => call.vote(),
        Builtin::Int => call.int(),
        Builtin::Float => call.float(),
        Builtin::Abs => call.abs(),
        Builtin::Round => call.round(),
        Builtin::Sum => call.sum(),
        Builtin::Min => call.extreme(Ordering::Less),
        Builtin::Max => call.extreme(Ordering::Greater),
    }
}

/// One call: the first argument, which all functions have, and the others.
struct Call<'a> {
    name: &'static str,
    first: &'a Value,
    rest: &'a [Value],
    limits: &'a Limits,
}

impl Call<'_> {
    fn bad(&self, value: &Value) -> Fault {
        bad_operand(self.name, value)
    }

    /// What it cannot take, in words.
    fn refused(&self, value: String) -> Fault {
        Fault::BadArgument { function: self.name.to_owned(), value }
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
