//! Functions of the prelude that make, take apart and read text.

use agentc_compiler::json;

use super::Call;
use crate::error::Fault;
use crate::value::Value;

impl Call<'_> {
    /// Without a separator at runs of white space. Traps on an empty separator.
    pub(super) fn split(&self) -> Result<Value, Fault> {
        let text = self.text()?;
        let parts: Vec<&str> = match self.second() {
            Value::Null => text.split_whitespace().collect(),
            Value::Str(sep) if !sep.is_empty() => text.split(&**sep).collect(),
            other => return Err(self.bad(other)),
        };
        Ok(parts.into())
    }

    pub(super) fn join(&self) -> Result<Value, Fault> {
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
    pub(super) fn replace(&self) -> Result<Value, Fault> {
        let (text, old, new) = (self.text()?, self.text_at(0)?, self.text_at(1)?);
        let added = text.matches(old).count().checked_mul(new.len());
        self.bound(added.and_then(|added| added.checked_add(text.len())))?;
        Ok(text.replace(old, new).into())
    }

    /// One line for each item with its number, which counts from `start`.
    pub(super) fn numbered(&self) -> Result<Value, Fault> {
        let start = i128::from(self.second().as_int().unwrap_or(0));
        let lines = (start..).zip(self.list()?).map(|(n, item)| format!("{n}. {item}"));
        Ok(lines.collect::<Vec<_>>().join("\n").into())
    }

    /// Traps on a text that is not JSON, or deeper than values may be.
    pub(super) fn parse_json(&self) -> Result<Value, Fault> {
        json::parse(self.text()?, self.limits.value_depth)
            .map(Value::from)
            .map_err(|error| Fault::NotJson { error })
    }
}
