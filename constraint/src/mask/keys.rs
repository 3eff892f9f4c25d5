//! Keys that may not occur twice: what they remove from a mask.
//!
//! Masks are cached without regard to the keys that an object already has. These forbid few tokens: those
//! that complete the current key as one of them, and those that contain a whole key.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::core::Core;
use crate::error::MatchError;
use crate::pattern::cursor::{Cursor, Way};
use crate::pattern::frame::{Frame, Keys};
use crate::pattern::lazy::Flag;
use crate::vocab::TokenSet;

impl Core<'_> {
    /// Takes out the tokens that would complete the key that is being read to one that is there already, or to a
    /// beginning with which none is left.
    pub(super) fn without_used_key(&mut self, way: &Way, mask: &mut Arc<TokenSet>) -> Result<(), MatchError> {
        let flags = self.dfa.flags(way.state);
        if !flags.has(Flag::InKey) {
            return Ok(());
        }
        let vocab = self.vocab;
        let trie = vocab.trie();
        let mut is_changed = false;
        for rest in way.keys.rests() {
            let used_up = if flags.has(Flag::InSet) { self.used_up(way, rest)? } else { None };
            let node = match used_up {
                Some(len) => trie.descend(&rest[..len]),
                None => trie.descend(&[rest, b"\""].concat()),
            };
            if let Some(node) = node {
                let (from, to) = trie.ranks_below(node);
                Arc::make_mut(mask).remove_ranks(from, to);
                is_changed = true;
            }
        }
        if is_changed {
            Arc::make_mut(mask).count();
        }
        Ok(())
    }

    /// After how many bytes of the rest of a used key no key is left.
    fn used_up(&mut self, way: &Way, rest: &[u8]) -> Result<Option<usize>, MatchError> {
        let (mut state, mut keys) = (way.state, way.keys.clone());
        for (at, &byte) in rest.iter().enumerate().take(self.vocab.longest()) {
            state = self.dfa.next(state, byte)?;
            keys = keys.with(byte);
            if self.dfa.is_used_up(state, &keys) {
                return Ok(Some(at + 1));
            }
        }
        Ok(None)
    }

    /// The tokens of a mask in which a key begins and ends that is there already.
    pub(super) fn repeated_keys(
        &mut self,
        cursor: &Cursor,
        heal: &[u8],
        mask: &TokenSet,
    ) -> Result<Vec<u32>, MatchError> {
        let vocab = self.vocab;
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
    /// key and have the same again, or have one twice. Where keys are few, a beginning of one is enough.
    fn suspects(&self, cursor: &Cursor) -> Vec<u32> {
        let quotes = self.vocab.quotes();
        let few = self.dfa.has_few_keys();
        let mut suspects = if few { quotes.thrice().to_vec() } else { quotes.twins().to_vec() };
        if cursor.ways().any(|way| self.dfa.flags(way.state).has(Flag::InKey)) {
            suspects.extend(if few { quotes.twice() } else { quotes.thrice() });
        }
        let mut add = |keys: &Keys| {
            for used in keys.used() {
                match used.dead() {
                    Some(beginning) => suspects.extend(quotes.after(beginning)),
                    None => suspects.extend(quotes.between(used.key())),
                }
            }
        };
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
            if cursor.accepts(self.dfa) {
                return Ok(true);
            }
            cursor = cursor.step(self.dfa, byte, self.depth)?;
            if cursor.is_dead() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
