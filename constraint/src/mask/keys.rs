//! Keys that may not come twice: what they take out of a mask.
//!
//! Masks are cached without regard to the keys that an object has already. What these forbid is little: the
//! tokens that end the key that is being read as one of them, and those in which a whole key stands.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::core::Core;
use crate::error::MatchError;
use crate::pattern::cursor::{Cursor, Way};
use crate::pattern::frame::{Frame, Keys};
use crate::vocab::TokenSet;

impl Core {
    /// Takes out the tokens that would complete the key that is being read to one that is there already.
    pub(super) fn without_used_key(&self, way: &Way, mask: &mut Arc<TokenSet>) {
        if !self.dfa.flags(way.state).in_key {
            return;
        }
        let trie = self.vocab.trie();
        let mut is_changed = false;
        for key in way.keys.iter() {
            let Some(rest) = key.strip_prefix(way.keys.partial()) else { continue };
            if let Some(node) = trie.descend(&[rest, b"\""].concat()) {
                let (from, to) = trie.ranks_below(node);
                Arc::make_mut(mask).remove_ranks(from, to);
                is_changed = true;
            }
        }
        if is_changed {
            Arc::make_mut(mask).count();
        }
    }

    /// The tokens of a mask in which a key begins and ends that is there already.
    pub(super) fn repeated_keys(
        &mut self,
        cursor: &Cursor,
        heal: &[u8],
        mask: &TokenSet,
    ) -> Result<Vec<u32>, MatchError> {
        let vocab = self.vocab.clone();
        let mut suspects = self.suspects(cursor);
        suspects.retain(|&rank| mask.contains_rank(rank));
        suspects.sort_unstable();
        suspects.dedup();
        let mut forbidden = Vec::new();
        for rank in suspects {
            let text = vocab.bytes(vocab.trie().token(rank));
            let allowed = match text.strip_prefix(heal) {
                Some(rest) => self.allows(cursor, rest)?,
                None => true,
            };
            if !allowed {
                forbidden.push(rank);
            }
        }
        Ok(forbidden)
    }

    /// The tokens that may repeat a key: those that have one of the keys so far between quotes, or may complete a
    /// key and have the same again, or have one twice.
    fn suspects(&self, cursor: &Cursor) -> Vec<u32> {
        let quotes = self.vocab.quotes();
        let mut suspects = quotes.twins().to_vec();
        if cursor.ways().any(|way| self.dfa.flags(way.state).in_key) {
            suspects.extend(quotes.thrice());
        }
        let mut add = |keys: &Keys| keys.iter().for_each(|key| suspects.extend(quotes.between(key)));
        let mut frames: Vec<&Arc<Frame>> = Vec::new();
        for way in cursor.ways() {
            add(&way.keys);
            frames.extend(&way.frame);
        }
        let mut seen = FxHashSet::default();
        // A token ends no more calls than it has bytes.
        for _ in 0..self.vocab.longest() {
            let mut below = Vec::new();
            for frame in frames.drain(..).filter(|&frame| seen.insert(Arc::as_ptr(frame))) {
                for caller in frame.callers() {
                    add(caller.keys());
                    below.extend(&caller.below);
                }
            }
            if below.is_empty() {
                break;
            }
            frames = below;
        }
        suspects
    }

    /// Whether a token may follow, read byte by byte.
    fn allows(&mut self, cursor: &Cursor, text: &[u8]) -> Result<bool, MatchError> {
        let mut cursor = cursor.clone();
        for &byte in text {
            if cursor.accepts(&self.dfa) {
                return Ok(true);
            }
            cursor = cursor.step(&mut self.dfa, byte, self.depth)?;
            if cursor.is_dead() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
