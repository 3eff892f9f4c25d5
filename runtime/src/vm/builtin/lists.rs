//! Functions of the prelude on lists, records, and anything that has a length.

use std::cell::Cell;

use rustc_hash::FxHashMap;

use super::super::ops::{compare, print};
use super::Call;
use crate::error::Fault;
use crate::value::{ITEM, Value};

impl Call<'_> {
    /// Characters of a str, items of a list, fields of a record.
    pub(super) fn len(&self) -> Result<Value, Fault> {
        let len = match self.first {
            Value::Str(text) => text.chars().count(),
            Value::List(items) => items.len(),
            Value::Record(fields) => fields.len(),
            other => return Err(self.bad(other)),
        };
        Ok(Value::Int(len as i64))
    }

    pub(super) fn reversed(&self) -> Result<Value, Fault> {
        match self.first {
            Value::Str(text) => Ok(text.chars().rev().collect::<String>().into()),
            Value::List(items) => Ok(Value::list(items.iter().rev().cloned().collect())),
            other => Err(self.bad(other)),
        }
    }

    /// Rising, equals in their order. Traps where two items have no order.
    pub(super) fn sort(&self) -> Result<Value, Fault> {
        let mut items = self.list()?.to_vec();
        let odd = Cell::new(false);
        items.sort_by(|a, b| total_order(a, b, &odd));
        if odd.get() { Err(self.bad(self.first)) } else { Ok(Value::list(items)) }
    }

    /// The first of all equal items each.
    pub(super) fn unique(&self) -> Result<Value, Fault> {
        let mut seen = std::collections::HashSet::new();
        let items = self.list()?.iter().filter(|item| seen.insert(item.identity()));
        Ok(Value::list(items.cloned().collect()))
    }

    /// Pairs, as lists of two, as long as both last.
    pub(super) fn zip(&self) -> Result<Value, Fault> {
        let second = self.second().as_list().ok_or_else(|| self.bad(self.second()))?;
        let pairs = self.list()?.iter().zip(second);
        Ok(Value::list(pairs.map(|(a, b)| Value::list(vec![a.clone(), b.clone()])).collect()))
    }

    /// `range(n)` and `range(a, b)`, half-open; empty where the end is not after the start.
    pub(super) fn range(&self) -> Result<Value, Fault> {
        let bound = |value: &Value| value.as_int().ok_or_else(|| self.bad(value));
        let (from, to) = match self.second() {
            Value::Null => (0, bound(self.first)?),
            to => (bound(self.first)?, bound(to)?),
        };
        let items = i128::from(to).saturating_sub(i128::from(from)).max(0);
        self.bound(usize::try_from(items).ok().and_then(|items| items.checked_mul(ITEM)))?;
        Ok(Value::list((from..to).map(Value::Int).collect()))
    }

    /// The items whose flag is true. Traps unless there is one flag, a bool, for each item.
    pub(super) fn filter(&self) -> Result<Value, Fault> {
        let mut kept = Vec::new();
        for (item, flag) in self.paired()? {
            if flag.as_bool().ok_or_else(|| self.bad(flag))? {
                kept.push(item.clone());
            }
        }
        Ok(Value::list(kept))
    }

    /// Lists of the items of each key, by what the key is when printed.
    pub(super) fn group_by(&self) -> Result<Value, Fault> {
        let mut groups: Vec<(String, Vec<Value>)> = Vec::new();
        let mut places: FxHashMap<String, usize> = FxHashMap::default();
        for (item, key) in self.paired()? {
            let key = print([key], self.limits)?;
            match places.get(&key).and_then(|at| groups.get_mut(*at)) {
                Some((_, group)) => group.push(item.clone()),
                None => {
                    places.insert(key.clone(), groups.len());
                    groups.push((key, vec![item.clone()]));
                }
            }
        }
        Ok(Value::record(groups.into_iter().map(|(key, items)| (key, Value::list(items))).collect()))
    }

    /// The items in the rising order of their keys, or in the falling one; equals in theirs. Traps unless there is one key for each
    /// item, and where two keys have no order.
    pub(super) fn sort_by(&self) -> Result<Value, Fault> {
        let mut pairs: Vec<(&Value, &Value)> = self.paired()?.collect();
        let odd = Cell::new(false);
        let falling = self.rest.get(1).and_then(Value::as_bool).unwrap_or(false);
        pairs.sort_by(|(_, a), (_, b)| match falling {
            true => total_order(b, a, &odd),
            false => total_order(a, b, &odd),
        });
        if odd.get() {
            return Err(self.bad(self.second()));
        }
        Ok(Value::list(pairs.into_iter().map(|(item, _)| item.clone()).collect()))
    }

    /// The most frequent item, of several the one that comes first. Traps on an empty list.
    pub(super) fn vote(&self) -> Result<Value, Fault> {
        let items = self.list()?;
        let mut votes: FxHashMap<String, (u32, usize)> = FxHashMap::default();
        for (at, item) in items.iter().enumerate() {
            votes.entry(item.identity()).or_insert((0, at)).0 += 1;
        }
        let winner = votes.into_values().max_by(|(a, first), (b, second)| a.cmp(b).then(second.cmp(first)));
        let winner = winner.and_then(|(_, at)| items.get(at));
        winner.cloned().ok_or_else(|| self.bad(self.first))
    }

    /// The items of two lists of one length.
    fn paired(&self) -> Result<impl Iterator<Item = (&Value, &Value)>, Fault> {
        let (items, others) = (self.list()?, self.second().as_list());
        let others = others.filter(|others| others.len() == items.len());
        Ok(items.iter().zip(others.ok_or_else(|| self.bad(self.second()))?))
    }
}

/// [`compare`], made total so that sorting is well defined whatever the list holds: values without an order go
/// by kind, of which `odd` takes note.
fn total_order(a: &Value, b: &Value, odd: &Cell<bool>) -> std::cmp::Ordering {
    match (a, b) {
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
