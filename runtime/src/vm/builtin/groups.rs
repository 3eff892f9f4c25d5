//! Functions of the prelude that put the items of lists together in other ways.

use rustc_hash::FxHashMap;

use super::Call;
use crate::error::Fault;
use crate::value::print::Printer;
use crate::value::{ITEM, Value};

impl Call<'_> {
    /// Lists of `n` items, the last one of what is left. Traps unless `n` is above 0.
    pub(super) fn chunks(&self) -> Result<Value, Fault> {
        let (items, n) = (self.list()?, self.count()?);
        Ok(Value::list(items.chunks(n).map(|chunk| Value::list(chunk.to_vec())).collect()))
    }

    /// All lists of `n` items that follow one another. Traps unless `n` is above 0.
    pub(super) fn window(&self) -> Result<Value, Fault> {
        let (items, n) = (self.list()?, self.count()?);
        let each = n.checked_add(1).and_then(|n| n.checked_mul(ITEM));
        let count = (items.len() + 1).saturating_sub(n);
        if count > 0 {
            self.bound(each.and_then(|each| each.checked_mul(count)))?;
        }
        Ok(Value::list(items.windows(n).map(|window| Value::list(window.to_vec())).collect()))
    }

    /// How often each item is there, by what it prints, in order of first appearance.
    pub(super) fn counts(&self) -> Result<Value, Fault> {
        let mut places: FxHashMap<String, usize> = FxHashMap::default();
        let mut counts: Vec<i64> = Vec::new();
        let mut size = 0usize;
        for item in self.list()? {
            let mut key = Printer::new(self.limits.value_size);
            self.fits(key.add(item))?;
            let key = key.finish();
            match places.get(&key).and_then(|at| counts.get_mut(*at)) {
                Some(count) => *count += 1,
                None => {
                    size = size.saturating_add(ITEM).saturating_add(key.len());
                    self.bound(Some(size))?;
                    places.insert(key, counts.len());
                    counts.push(1);
                }
            }
        }
        let mut keys: Vec<(String, usize)> = places.into_iter().collect();
        keys.sort_unstable_by_key(|(_, at)| *at);
        let counted = keys.into_iter().zip(counts).map(|((key, _), count)| (key, Value::Int(count)));
        Ok(Value::record(counted.collect()))
    }

    /// A record for each item, with its position.
    pub(super) fn enumerate(&self) -> Result<Value, Fault> {
        let start = self.second().as_int().ok_or_else(|| self.bad(self.second()))?;
        let items = self.list()?;
        const KEYS: usize = "index".len() + "item".len();
        self.bound(items.len().checked_mul(3 * ITEM + KEYS))?;
        let number = |at: usize| i64::try_from(at).ok().and_then(|at| start.checked_add(at));
        let mut records = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let index = number(at).ok_or_else(|| super::super::ops::overflow(self.name))?;
            let fields = vec![("index".to_owned(), Value::Int(index)), ("item".to_owned(), item.clone())];
            records.push(Value::record(fields));
        }
        Ok(Value::list(records))
    }

    /// The items of all lists of a list. Traps on an item that is no list.
    pub(super) fn flatten(&self) -> Result<Value, Fault> {
        let mut items = Vec::new();
        for list in self.list()? {
            items.extend_from_slice(list.as_list().ok_or_else(|| self.bad(list))?);
        }
        Ok(Value::list(items))
    }

    /// The second argument, an int above 0; what is larger than any list is as good as that.
    fn count(&self) -> Result<usize, Fault> {
        let n = self.second().as_int().filter(|n| *n > 0).ok_or_else(|| self.bad(self.second()))?;
        Ok(usize::try_from(n).unwrap_or(usize::MAX))
    }
}
