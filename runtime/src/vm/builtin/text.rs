//! Functions of the prelude that make, take apart and read text.

use agentc_compiler::json;

use super::super::ops::too_large;
use super::Call;
use crate::error::Fault;
use crate::value::Value;
use crate::value::print::Printer;
use crate::value::read::least_size;

impl Call<'_> {
    /// Without a separator at runs of white space. Traps on an empty separator.
    pub(super) fn split(&self) -> Result<Value, Fault> {
        let text = self.text()?;
        match self.second() {
            Value::Null => self.texts(text.split_whitespace()),
            Value::Str(sep) if !sep.is_empty() => self.texts(text.split(sep.as_str())),
            other => Err(self.bad(other)),
        }
    }

    pub(super) fn join(&self) -> Result<Value, Fault> {
        let sep = match self.second() {
            Value::Null => "",
            Value::Str(sep) => sep.as_str(),
            other => return Err(self.bad(other)),
        };
        let mut text = Printer::new(self.limits.value_size);
        for (at, item) in self.list()?.iter().enumerate() {
            let sep = if at > 0 { sep } else { "" };
            self.fits(text.add(format_args!("{sep}{item}")))?;
        }
        Ok(Value::str(text.finish()))
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
        let mut text = Printer::new(self.limits.value_size);
        for (n, item) in (start..).zip(self.list()?) {
            let end = if n > start { "\n" } else { "" };
            self.fits(text.add(format_args!("{end}{n}. {item}")))?;
        }
        Ok(Value::str(text.finish()))
    }

    /// Traps on a text that is not JSON, or deeper than values may be. The machine refuses what is too large.
    pub(super) fn parse_json(&self) -> Result<Value, Fault> {
        let (text, levels) = (self.text()?, self.limits.value_depth);
        let refused = |error| Fault::NotJson { error };
        json::check_depth(text, levels).map_err(refused)?;
        if least_size(text) > self.limits.value_size {
            return Err(too_large(self.limits));
        }
        json::parse(text, levels).map(Value::from).map_err(refused)
    }
}
