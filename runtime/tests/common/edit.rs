//! Random changes of what was written down, as someone might make them by hand.

use serde_json::Value as Json;

/// The same numbers on every platform.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % n.max(1) as u64) as usize
    }
}

/// How many leaves a tree has.
fn leaves(json: &Json) -> usize {
    match json {
        Json::Array(items) if !items.is_empty() => items.iter().map(leaves).sum(),
        Json::Object(fields) => fields.values().map(leaves).sum(),
        _ => 1,
    }
}

/// Replaces the leaf of a number, counted down.
fn replace(json: &mut Json, at: &mut usize, new: &Json) {
    match json {
        Json::Array(items) if !items.is_empty() => items.iter_mut().for_each(|item| replace(item, at, new)),
        Json::Object(fields) => fields.values_mut().for_each(|value| replace(value, at, new)),
        leaf => {
            if *at == 0 {
                *leaf = new.clone();
            }
            *at = at.wrapping_sub(1);
        }
    }
}

/// Changes one leaf.
pub(crate) fn edit(json: &mut Json, random: &mut Random) {
    let numbers: [Json; 7] =
        [0.into(), 1.into(), 2.into(), 17.into(), u32::MAX.into(), (-1).into(), u64::MAX.into()];
    let new = match random.below(9) {
        7 => Json::Null,
        8 => Json::Array(Vec::new()),
        number => numbers[number].clone(),
    };
    let mut at = random.below(leaves(json));
    replace(json, &mut at, &new);
}
