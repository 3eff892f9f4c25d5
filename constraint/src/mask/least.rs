//! A value that must have a minimum number of tokens: until then nothing may end it.
//!
//! A value ends early through its end token, a token of which only a part belongs to it, a stop (which may
//! have begun some tokens ago), or a token after which nothing can follow. The last required token may be any
//! of these except the first, if some of it belongs to the value. There is no look-ahead: if the value turns
//! out to have an end that comes too early, that is an error.

use std::sync::Arc;

use super::core::Core;
use super::progress::Progress;
use super::walk::spell;
use crate::error::MatchError;
use crate::pattern::cursor::Cursor;
use crate::pattern::lazy::{DEAD, Flag, StateId};
use crate::vocab::{Node, TokenId, TokenSet, Trie, Vocab};

/// Whether the next token may end a value, if no stop does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// It is too short, even with that token.
    Not,
    /// If some of the token belongs to the value.
    With,
    /// It is long enough as it is.
    Before,
}

/// What a walk over a value that is too short has to respect.
struct Growing<'g> {
    /// Bytes to spell before the value.
    heal: &'g [u8],
    ends: Ends,
    /// Whether a stop may be complete at the end of these bytes of a token.
    may_stop: &'g mut dyn FnMut(&[u8]) -> Result<bool, MatchError>,
}

impl Progress {
    pub(super) fn set_min(&mut self, min: u32) {
        self.min = min.min(self.max);
        self.prepared = None;
    }

    /// The tokens of the value so far; those that lie within what is healed are not among them.
    pub(super) fn value_tokens(&self) -> &[TokenId] {
        &self.tokens[self.tokens.len() - self.now.used as usize..]
    }

    /// Whether the value has too few tokens to end here.
    pub(super) fn is_short(&self) -> bool {
        self.now.used < self.min
    }

    /// An error if the value has too few tokens to end here.
    pub(super) fn check_length(&self) -> Result<(), MatchError> {
        if self.is_short() {
            return Err(MatchError::TooShort { tokens: self.now.used as usize, min: self.min });
        }
        Ok(())
    }

    /// Whether there is a way to end that would leave too few tokens: here, or before a stop that is under way.
    pub(super) fn may_be_short(&self, vocab: &Vocab) -> bool {
        self.is_short() || !self.is_long_at(vocab, self.now.stable)
    }

    /// Whether the value would have enough tokens if it ended at a byte.
    pub(super) fn is_long_at(&self, vocab: &Vocab, at: usize) -> bool {
        self.min == 0 || self.tokens_until(vocab, at) >= self.min as usize
    }

    /// The tokens that may be chosen while the value is too short to end.
    pub(super) fn growing_mask(&mut self, core: &mut Core<'_>) -> Result<Arc<TokenSet>, MatchError> {
        let mut mask = self.mask_of_growing(core)?;
        if !core.plenty_mask(&self.now.place, &[], self.left())?.1 {
            mask.intersect(&*self.ending_mask(core)?);
            mask.count();
            let vocab = core.vocab;
            let tokens: Vec<TokenId> = mask.iter(vocab).collect();
            let refused: Vec<TokenId> =
                tokens.into_iter().filter(|&token| !self.would_take(core, token)).collect();
            mask = mask.without(vocab, &refused);
        }
        Ok(Arc::new(mask))
    }

    /// Whether a token can be committed. Nothing has changed afterwards.
    fn would_take(&mut self, core: &mut Core<'_>, token: TokenId) -> bool {
        let before = self.tokens.len();
        let taken = self.commit_in(core, token).is_ok();
        self.take_back(self.tokens.len() - before);
        taken
    }

    /// The same if tokens were plenty.
    fn mask_of_growing(&self, core: &mut Core<'_>) -> Result<TokenSet, MatchError> {
        let heal = self.heal.get(self.bytes.len()..).unwrap_or_default();
        let vocab = core.vocab;
        let mut may_stop = |text: &[u8]| Ok(self.stop_with(vocab, text)?.is_some());
        let ends = match self.min.saturating_sub(self.now.used) {
            0 => Ends::Before,
            1 => Ends::With,
            _ => Ends::Not,
        };
        core.growing_mask(&self.now.place, &mut Growing { heal, ends, may_stop: &mut may_stop })
    }
}

impl Core<'_> {
    fn growing_mask(&mut self, place: &Cursor, growing: &mut Growing<'_>) -> Result<TokenSet, MatchError> {
        let vocab = self.vocab;
        let trie = vocab.trie();
        let mut mask = TokenSet::empty(vocab);
        let accepts = place.accepts(self.dfa);
        let has_to_end = growing.ends != Ends::Before && accepts && place.next_bytes(self.dfa)?.is_empty();
        if !has_to_end && let Some(node) = spell(trie, growing.heal, &mut mask) {
            match place.plain() {
                Some(state) if !self.dfa.has_calls() => {
                    self.growing_walk(trie, node, state, growing, &mut mask)?;
                }
                _ => self.growing_walk_under_calls(trie, node, place, growing, &mut mask)?,
            }
        }
        mask.count();
        mask.set_ends(growing.ends == Ends::Before && accepts);
        Ok(mask)
    }

    fn growing_walk(
        &mut self,
        trie: &Trie,
        from: Node,
        state: StateId,
        growing: &mut Growing<'_>,
        mask: &mut TokenSet,
    ) -> Result<(), MatchError> {
        let (base, end) = (trie.depth(from), trie.end(from));
        self.begin_path(state);
        // Whether the value may end within the first bytes of the path.
        let mut may_end = vec![false; self.path.len()];
        may_end[0] = growing.ends == Ends::Before && self.dfa.accepts(state);
        let mut text = growing.heal.to_vec();
        let mut node = from + 1;
        while node < end {
            let depth = trie.depth(node) - base;
            text.truncate(growing.heal.len() + depth - 1);
            text.push(trie.byte(node));
            let next = self.dfa.next(self.path[depth - 1], trie.byte(node))?;
            let (whole, allowed) = if next == DEAD {
                (true, may_end[depth - 1])
            } else if self.dfa.flags(next).has(Flag::Stopped) {
                (true, (growing.may_stop)(&text)?)
            } else {
                let goes_on = growing.ends != Ends::Not
                    || !self.dfa.accepts(next)
                    || !self.dfa.next_bytes(next)?.is_empty();
                (self.decided_below(trie, node, next)?, goes_on && self.can_finish(next)?)
            };
            let (first, last) = if whole { trie.ranks_below(node) } else { trie.own_ranks(node) };
            if allowed {
                mask.insert_ranks(first, last);
            }
            let ends_here = growing.ends != Ends::Not && next != DEAD && self.dfa.accepts(next);
            may_end[depth] = may_end[depth - 1] || ends_here;
            self.path[depth] = next;
            node = if whole { trie.end(node) } else { node + 1 };
        }
        Ok(())
    }

    /// The same for places under calls, read byte by byte. Such values have no stops.
    fn growing_walk_under_calls(
        &mut self,
        trie: &Trie,
        from: Node,
        place: &Cursor,
        growing: &mut Growing<'_>,
        mask: &mut TokenSet,
    ) -> Result<(), MatchError> {
        let (base, end) = (trie.depth(from), trie.end(from));
        let mut path = vec![place.clone()];
        let mut may_end = vec![growing.ends == Ends::Before && place.accepts(self.dfa)];
        let mut node = from + 1;
        while node < end {
            let depth = trie.depth(node) - base;
            path.truncate(depth);
            may_end.truncate(depth);
            let next = path[depth - 1].step(self.dfa, trie.byte(node), self.depth)?;
            if next.is_dead() {
                if may_end[depth - 1] {
                    let (first, last) = trie.ranks_below(node);
                    mask.insert_ranks(first, last);
                }
                node = trie.end(node);
                continue;
            }
            let accepts = next.accepts(self.dfa);
            if growing.ends != Ends::Not || !accepts || !next.next_bytes(self.dfa)?.is_empty() {
                let (first, last) = trie.own_ranks(node);
                mask.insert_ranks(first, last);
            }
            may_end.push(may_end[depth - 1] || (growing.ends != Ends::Not && accepts));
            path.push(next);
            node += 1;
        }
        Ok(())
    }
}
