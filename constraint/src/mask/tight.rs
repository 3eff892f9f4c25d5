//! Masks where tokens are short: what is allowed must leave a way to the end that fits.

use super::core::Core;
use super::run::ENDLESS;
use super::walk::spell;
use crate::error::MatchError;
use crate::pattern::Pattern;
use crate::pattern::cursor::Cursor;
use crate::pattern::lazy::{DEAD, FARTHEST, StateId};
use crate::vocab::{Node, TokenSet, Trie};

/// What a walk has to respect when tokens are short.
pub(super) struct Tight<'t> {
    /// Bytes to spell before the value.
    pub(super) heal: &'t [u8],
    /// Tokens that may be added.
    pub(super) left: u32,
    /// Whether the value before a stop, which is complete at the end of these bytes of a token, fits.
    pub(super) stop_fits: &'t mut dyn FnMut(&[u8]) -> Result<bool, MatchError>,
}

impl Core {
    /// The mask where tokens are short: a token that continues must leave a way to the end that fits, one
    /// that ends must leave a beginning that does.
    pub(super) fn tight_mask(
        &mut self,
        place: &Cursor,
        tight: &mut Tight<'_>,
    ) -> Result<TokenSet, MatchError> {
        let vocab = self.vocab.clone();
        let trie = vocab.trie();
        let mut mask = TokenSet::empty(&vocab);
        if let Some(node) = spell(trie, tight.heal, &mut mask) {
            match place.plain() {
                Some(state) if !self.dfa.has_calls() => {
                    self.tight_walk(trie, node, state, tight, &mut mask)?;
                }
                _ => self.tight_walk_under_calls(trie, node, place, tight, &mut mask)?,
            }
        }
        mask.count();
        Ok(mask)
    }

    fn tight_walk(
        &mut self,
        trie: &Trie,
        from: Node,
        state: StateId,
        tight: &mut Tight<'_>,
        mask: &mut TokenSet,
    ) -> Result<(), MatchError> {
        let (base, end) = (trie.depth(from), trie.end(from));
        self.path[0] = state;
        // Whether the value may end after the first bytes of the path.
        let mut may_end = vec![false; self.path.len()];
        may_end[0] = self.dfa.accepts(state);
        let mut text = tight.heal.to_vec();
        let mut node = from + 1;
        while node < end {
            let depth = trie.depth(node) - base;
            text.truncate(tight.heal.len() + depth - 1);
            text.push(trie.byte(node));
            let next = self.dfa.next(self.path[depth - 1], trie.byte(node))?;
            let (whole, fits) = if next == DEAD {
                (true, may_end[depth - 1])
            } else if Pattern::is_stopped(&self.dfa, next) {
                (true, (tight.stop_fits)(&text)?)
            } else {
                let fits = tight.left > 0 && self.fits(next, tight.left - 1)?;
                (self.decided_below(trie, node, next)?, fits)
            };
            let (from, to) = if whole { trie.ranks_below(node) } else { trie.own_ranks(node) };
            if fits {
                mask.insert_ranks(from, to);
            }
            if whole {
                node = trie.end(node);
                continue;
            }
            let ends_here = self.dfa.accepts(next) && self.can_spell(trie, node, &text, tight.left);
            may_end[depth] = may_end[depth - 1] || ends_here;
            self.path[depth] = next;
            node += 1;
        }
        Ok(())
    }

    /// Whether every token below leads to the very same state, so that one answer serves all.
    pub(super) fn decided_below(
        &mut self,
        trie: &Trie,
        node: Node,
        state: StateId,
    ) -> Result<bool, MatchError> {
        if trie.end(node) == node + 1
            || trie.below(node).high
            || self.dfa.saturated(state, FARTHEST)? != state
        {
            return Ok(false);
        }
        if self.readable_below(trie, node, state, FARTHEST)? != Some(ENDLESS) {
            return Ok(false);
        }
        // Saturated loops may count; only a loop of the exact automaton keeps the cost.
        let below = *trie.below(node);
        for byte in (0..128u8).filter(|byte| below.ascii[*byte as usize / 64] >> (byte % 64) & 1 == 1) {
            if self.dfa.next(state, byte)? != state {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a text, which is a node's, can be written with `left` tokens.
    fn can_spell(&self, trie: &Trie, node: Node, text: &[u8], left: u32) -> bool {
        trie.has_token(node)
            || self.vocab.fewest_tokens(text).is_some_and(|tokens| tokens.len() <= left as usize)
    }

    /// The same for places under calls, read byte by byte. Such values have no stops.
    fn tight_walk_under_calls(
        &mut self,
        trie: &Trie,
        from: Node,
        place: &Cursor,
        tight: &mut Tight<'_>,
        mask: &mut TokenSet,
    ) -> Result<(), MatchError> {
        let (base, end) = (trie.depth(from), trie.end(from));
        let mut path = vec![place.clone()];
        let mut may_end = vec![place.accepts(&self.dfa)];
        let mut text = tight.heal.to_vec();
        let mut node = from + 1;
        while node < end {
            let depth = trie.depth(node) - base;
            path.truncate(depth);
            may_end.truncate(depth);
            text.truncate(tight.heal.len() + depth - 1);
            text.push(trie.byte(node));
            let next = path[depth - 1].step(&mut self.dfa, trie.byte(node), self.depth)?;
            let ended = may_end[depth - 1];
            if next.is_dead() {
                if ended {
                    let (from, to) = trie.ranks_below(node);
                    mask.insert_ranks(from, to);
                }
                node = trie.end(node);
                continue;
            }
            if tight.left > 0 && trie.has_token(node) && self.place_fits(&next, tight.left - 1)? {
                let (from, to) = trie.own_ranks(node);
                mask.insert_ranks(from, to);
            }
            may_end.push(ended || (next.accepts(&self.dfa) && self.can_spell(trie, node, &text, tight.left)));
            path.push(next);
            node += 1;
        }
        Ok(())
    }
}
