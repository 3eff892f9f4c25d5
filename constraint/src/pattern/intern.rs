//! The identities of states: lists of words, each stored once and numbered in order of arrival.

use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHasher};

/// See the module's description. All lists lie in one vector: to look one up takes no memory of its own.
#[derive(Debug, Default)]
pub(super) struct Interner {
    words: Vec<u32>,
    /// Where each list ends.
    ends: Vec<usize>,
    /// By hash, or the first free number after it.
    index: FxHashMap<u64, u32>,
}

impl Interner {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, number: u32) -> &[u32] {
        let at = number as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.words[start..self.ends[at]]
    }

    /// The number of a list, or else its place for [`insert`](Self::insert).
    pub(super) fn find(&self, words: &[u32]) -> Result<u32, u64> {
        let mut hasher = FxHasher::default();
        words.iter().for_each(|&word| hasher.write_u32(word));
        let mut place = hasher.finish();
        while let Some(&number) = self.index.get(&place) {
            if self.get(number) == words {
                return Ok(number);
            }
            place = place.wrapping_add(1);
        }
        Err(place)
    }

    /// Adds a list that is not there, at the place that [`find`](Self::find) gave.
    pub(super) fn insert(&mut self, place: u64, words: &[u32]) -> u32 {
        let number = self.ends.len() as u32;
        self.words.extend_from_slice(words);
        self.ends.push(self.words.len());
        self.index.insert(place, number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::Interner;

    #[test]
    fn lists_keep_their_numbers() {
        let mut interner = Interner::default();
        let mut seed = 3u64;
        let mut known: Vec<Vec<u32>> = Vec::new();
        for _ in 0..5000 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let list: Vec<u32> = (0..seed >> 40 & 3).map(|at| (seed >> (44 + 3 * at)) as u32 & 7).collect();
            let number = match interner.find(&list) {
                Ok(number) => number,
                Err(place) => interner.insert(place, &list),
            };
            match known.iter().position(|other| *other == list) {
                Some(at) => assert_eq!(at, number as usize),
                None => {
                    assert_eq!(known.len(), number as usize);
                    known.push(list);
                }
            }
        }
        assert_eq!(known.len(), interner.len());
        assert!(known.iter().enumerate().all(|(at, list)| interner.get(at as u32) == list));
    }
}
