//! Functions of the prelude about numbers.

use agentc_compiler::builtin::{NumberPattern, to_decimals};

use super::super::ops::{compare, finite, overflow, too_long};
use super::Call;
use crate::error::{Fault, short};
use crate::value::Value;

impl Call<'_> {
    /// Of a float the part before the point; of text a whole decimal. Traps on everything else.
    pub(super) fn int(&self) -> Result<Value, Fault> {
        let n = match self.first {
            Value::Int(n) => Some(*n),
            Value::Bool(b) => Some(i64::from(*b)),
            Value::Str(text) => text.trim().parse().ok(),
            Value::Float(x) => return to_int(x.trunc()).ok_or_else(|| overflow(self.name)),
            Value::Number(number) => {
                let int = number.truncated().map(Value::Int);
                return int.ok_or_else(|| too_long(self.name, number));
            }
            _ => None,
        };
        n.map(Value::Int).ok_or_else(|| self.bad(self.first))
    }

    pub(super) fn float(&self) -> Result<Value, Fault> {
        let x = match self.first {
            Value::Bool(b) => Some(f64::from(u8::from(*b))),
            Value::Str(text) => text.trim().parse().ok().filter(|x: &f64| x.is_finite()),
            Value::Number(number) => {
                let nearest = Some(number.nearest()).filter(|x| x.is_finite()).map(Value::Float);
                return nearest.ok_or_else(|| too_long(self.name, number));
            }
            other => other.as_float(),
        };
        x.map(Value::Float).ok_or_else(|| self.bad(self.first))
    }

    pub(super) fn abs(&self) -> Result<Value, Fault> {
        match self.first {
            Value::Int(n) => n.checked_abs().map(Value::Int).ok_or_else(|| overflow(self.name)),
            Value::Float(x) => Ok(Value::Float(x.abs())),
            Value::Number(number) => Err(too_long(self.name, number)),
            other => Err(self.bad(other)),
        }
    }

    /// To an int, or with a number of digits to a float with so many after the point.
    pub(super) fn round(&self) -> Result<Value, Fault> {
        if let Value::Number(number) = self.first {
            return Err(too_long(self.name, number));
        }
        let x = self.first.as_float().ok_or_else(|| self.bad(self.first))?;
        match (self.first, self.second()) {
            (Value::Int(n), Value::Null) => Ok(Value::Int(*n)),
            (_, Value::Null) => to_int(x.round()).ok_or_else(|| overflow(self.name)),
            // A float has no more decimals than that.
            (_, Value::Int(digits @ 0..=1100)) => {
                let rounded = to_decimals(&Value::Float(x).to_string(), *digits as usize);
                finite(rounded.parse().unwrap_or(x), self.name)
            }
            (_, Value::Int(1101..)) => Ok(Value::Float(x)),
            (_, other) => Err(self.bad(other)),
        }
    }

    /// As a pattern says. Traps on a pattern that is none.
    pub(super) fn format(&self) -> Result<Value, Fault> {
        let pattern = self.text_at(0)?;
        let read = NumberPattern::new(pattern);
        let read = read.map_err(|_| self.refused(format!("the pattern {}", short(pattern, 40))))?;
        match self.first {
            Value::Int(_) | Value::Float(_) => Ok(read.write(&self.first.to_string()).into()),
            Value::Number(number) => Err(too_long(self.name, number)),
            other => Err(self.bad(other)),
        }
    }

    /// Traps on overflow and on items that are not numbers.
    pub(super) fn sum(&self) -> Result<Value, Fault> {
        let items = self.list()?;
        if items.iter().all(|item| matches!(item, Value::Int(_))) {
            let sum = items.iter().filter_map(Value::as_int).try_fold(0i64, i64::checked_add);
            return sum.map(Value::Int).ok_or_else(|| overflow(self.name));
        }
        if let Some(number) = items.iter().find_map(|item| match item {
            Value::Number(number) => Some(number),
            _ => None,
        }) {
            return Err(too_long(self.name, number));
        }
        let sum = items.iter().try_fold(0.0, |sum, item| Some(sum + item.as_float()?));
        finite(sum.ok_or_else(|| self.bad(self.first))?, self.name)
    }

    /// The least or greatest of a list, or of the arguments; of equals the first. Traps on an empty list.
    pub(super) fn extreme(&self, want: std::cmp::Ordering) -> Result<Value, Fault> {
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

/// A whole float as an int, if it fits. 2^63 itself does not.
fn to_int(x: f64) -> Option<Value> {
    const END: f64 = 9_223_372_036_854_775_808.0;
    (-END..END).contains(&x).then_some(Value::Int(x as i64))
}
