//! What a model's memory held and nobody used, kept beside it in the memory of the machine.
//!
//! Cells that are in use slow every token down, and to compute a token again costs some thousand times as much as to look
//! at its cell. To copy what a cell holds away and back costs only some ten: so what nobody uses leaves the model's memory
//! soon, and comes back when a prompt begins with it.

use agentc_constraint::TokenId;

use super::memory::SHARED;
use crate::kv::common_prefix;

/// A text of so many times the tokens that are won by it is not worth bringing back: each of its tokens is copied.
const DETOUR: usize = 16;

/// What a sequence held, as [`Model::save`](crate::model::Model::save) gives it.
#[derive(Debug)]
pub(super) struct Shelved {
    pub(super) tokens: Vec<TokenId>,
    pub(super) bytes: Vec<u8>,
    /// When it was put there, or came back last.
    used: u64,
}

/// See the module's description.
#[derive(Debug)]
pub(super) struct Shelf {
    shelved: Vec<Shelved>,
    /// Bytes that there is room for.
    capacity: usize,
    clock: u64,
}

impl Shelf {
    pub(super) fn new(capacity: usize) -> Shelf {
        Shelf { shelved: Vec::new(), capacity, clock: 0 }
    }

    /// Whether it holds something that begins with these tokens.
    pub(super) fn holds(&self, tokens: &[TokenId]) -> bool {
        self.shelved.iter().any(|shelved| shelved.tokens.starts_with(tokens))
    }

    /// Takes something in, in place of what it begins with; what was not used for the longest time goes if there is no room.
    pub(super) fn put(&mut self, tokens: Vec<TokenId>, bytes: Vec<u8>) {
        self.shelved.retain(|shelved| !tokens.starts_with(&shelved.tokens));
        if bytes.len() > self.capacity {
            return;
        }
        while self.bytes() + bytes.len() > self.capacity {
            let oldest = self.shelved.iter().enumerate().min_by_key(|(_, shelved)| shelved.used);
            let Some((oldest, _)) = oldest else { break };
            self.shelved.remove(oldest);
        }
        self.put_back(Shelved { tokens, bytes, used: 0 });
    }

    /// How many of these tokens can come back, from the first on, if that are many more than are `known` without.
    pub(super) fn longest_prefix(&self, tokens: &[TokenId], known: usize) -> Option<usize> {
        self.find(tokens, known).map(|(common, _)| common)
    }

    /// Takes that out, and says how many it are.
    pub(super) fn take(&mut self, tokens: &[TokenId], known: usize) -> Option<(usize, Shelved)> {
        let (common, at) = self.find(tokens, known)?;
        Some((common, self.shelved.swap_remove(at)))
    }

    /// What has most tokens in common with these, and how many, if it pays to bring it back.
    fn find(&self, tokens: &[TokenId], known: usize) -> Option<(usize, usize)> {
        let common = |shelved: &Shelved| common_prefix(&shelved.tokens, tokens);
        let all = self.shelved.iter().enumerate().map(|(at, shelved)| (common(shelved), at));
        let (common, at) = all.max()?;
        let won = common.saturating_sub(known);
        (won >= SHARED && won * DETOUR >= self.shelved[at].tokens.len()).then_some((common, at))
    }

    /// Puts back what was taken out and used.
    pub(super) fn put_back(&mut self, shelved: Shelved) {
        self.clock += 1;
        self.shelved.push(Shelved { used: self.clock, ..shelved });
    }

    fn bytes(&self) -> usize {
        self.shelved.iter().map(|shelved| shelved.bytes.len()).sum()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_goes_first() {
        let mut shelf = Shelf::new(30);
        let text = |first: TokenId| -> Vec<TokenId> { (first..first + 20).collect() };
        for first in [100, 200, 300] {
            shelf.put(text(first), vec![0; 10]);
        }
        let (common, shelved) = shelf.take(&text(100), 0).unwrap();
        assert_eq!((common, &shelved.tokens), (20, &text(100)));
        assert!(!shelf.holds(&text(100)));
        shelf.put_back(shelved);
        shelf.put(text(400), vec![0; 10]);
        let held = [100, 200, 300, 400].map(|first| shelf.holds(&text(first)));
        assert_eq!(held, [true, false, true, true]);
        shelf.put(text(500), vec![0; 31]);
        assert!(!shelf.holds(&text(500)) && shelf.holds(&text(400)), "what is too large changes nothing");
    }

    #[test]
    fn what_wins_little_stays() {
        let mut shelf = Shelf::new(1000);
        let text: Vec<TokenId> = (0..200).collect();
        shelf.put(text[..100].to_vec(), vec![1]);
        shelf.put(text.clone(), vec![2]);
        assert_eq!(shelf.shelved.len(), 1, "a longer one stands for a shorter one");
        assert!(shelf.holds(&text[..50]));
        assert!(shelf.take(&text, 195).is_none(), "fewer than a batch is worth");
        assert!(shelf.take(&text[..10], 0).is_none(), "most of it would be copied for nothing");
        assert!(shelf.take(&[7; 200], 0).is_none());
        assert_eq!(shelf.take(&text[..150], 100).map(|(common, _)| common), Some(150));
    }
}
