//! Functions of the prelude that make, take apart and read text.

use agentc_compiler::json;

use super::super::ops::{print, too_large};
use super::Call;
use crate::error::{Fault, short};
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

    /// Filled up to a width in characters, which what is longer keeps exceeding. Traps on an empty filling.
    pub(super) fn pad(&self) -> Result<Value, Fault> {
        let width = self.second().as_int().ok_or_else(|| self.bad(self.second()))?;
        let (side, fill) = (self.text_at(1)?, self.text_at(2)?);
        if fill.is_empty() {
            return Err(self.refused("an empty text to fill up with".to_owned()));
        }
        let text = print([self.first], self.limits)?;
        let missing = usize::try_from(width).unwrap_or(0).saturating_sub(text.chars().count());
        let longest = fill.chars().map(char::len_utf8).max().unwrap_or(1);
        self.bound(missing.checked_mul(longest).and_then(|added| added.checked_add(text.len())))?;
        let (before, after) = match side {
            "right" => (0, missing),
            "left" => (missing, 0),
            "both" => (missing / 2, missing - missing / 2),
            _ => return Err(self.refused(format!("the side {}", short(side, 40)))),
        };
        let filled = |count| fill.chars().cycle().take(count);
        Ok(filled(before).chain(text.chars()).chain(filled(after)).collect::<String>().into())
    }

    /// The text `n` times.
    pub(super) fn repeat_text(&self) -> Result<Value, Fault> {
        let (text, n) = (self.text()?, self.second().as_int().ok_or_else(|| self.bad(self.second()))?);
        // No text is the same however often it is there.
        let n = if text.is_empty() { 0 } else { n.max(0) };
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        self.bound(text.len().checked_mul(n))?;
        Ok(text.repeat(n).into())
    }

    /// The first letter of each word in upper case. A word begins behind white space, signs before its letters aside.
    pub(super) fn title(&self) -> Result<Value, Fault> {
        let (mut out, mut begins) = (String::new(), true);
        for c in self.text()?.chars() {
            if begins && c.is_alphanumeric() {
                out.extend(c.to_uppercase());
            } else {
                out.push(c);
            }
            begins = c.is_whitespace() || begins && !c.is_alphanumeric();
        }
        Ok(out.into())
    }

    /// Letters and digits of any script in lower case, with `-` between them for whatever else is there.
    pub(super) fn slug(&self) -> Result<Value, Fault> {
        let text = self.text()?.to_lowercase();
        let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
        Ok(parts.collect::<Vec<_>>().join("-").into())
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
