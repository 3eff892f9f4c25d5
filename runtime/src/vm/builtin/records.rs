//! Functions of the prelude on records and maps, and what literals and `-` do with them.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Call;
use crate::error::Fault;
use crate::value::Value;

impl Call<'_> {
    pub(super) fn keys(&self) -> Result<Value, Fault> {
        Ok(Value::list(self.fields()?.iter().map(|(key, _)| key.into()).collect()))
    }

    pub(super) fn values(&self) -> Result<Value, Fault> {
        Ok(Value::list(self.fields()?.iter().map(|(_, value)| value.clone()).collect()))
    }

    fn fields(&self) -> Result<&[(String, Value)], Fault> {
        self.fields_of(self.first)
    }

    fn fields_of<'v>(&self, value: &'v Value) -> Result<&'v [(String, Value)], Fault> {
        match value {
            Value::Record(fields) => Ok(fields),
            other => Err(self.bad(other)),
        }
    }

    /// A map with one key.
    pub(super) fn keyed(&self) -> Result<Value, Fault> {
        Ok(Value::record(vec![(self.text()?.to_owned(), self.second().clone())]))
    }

    /// The fields of both: one of the second takes the place of one of that name in the first, or comes after all.
    pub(super) fn merge(&self) -> Result<Value, Fault> {
        let (first, second) = (self.fields()?, self.fields_of(self.second())?);
        let places = first.iter().enumerate().map(|(at, (key, _))| (key.as_str(), at));
        let mut places: FxHashMap<&str, usize> = places.collect();
        let mut fields = first.to_vec();
        for (key, value) in second {
            match places.get(key.as_str()).and_then(|at| fields.get_mut(*at)) {
                Some((_, old)) => *old = value.clone(),
                None => {
                    places.insert(key, fields.len());
                    fields.push((key.clone(), value.clone()));
                }
            }
        }
        Ok(Value::record(fields))
    }

    /// The fields whose names are not in a list.
    pub(super) fn without(&self) -> Result<Value, Fault> {
        let keys = self.second().as_list().ok_or_else(|| self.bad(self.second()))?;
        let key = |key| Value::as_str(key).ok_or_else(|| self.bad(key));
        let keys = keys.iter().map(key).collect::<Result<FxHashSet<&str>, Fault>>()?;
        let kept = self.fields()?.iter().filter(|(name, _)| !keys.contains(name.as_str()));
        Ok(Value::record(kept.cloned().collect()))
    }
}
