//! Masks where tokens are short: whatever is allowed must leave a path to the end that fits.
//!
//! The walk over the trie follows places byte by byte, since what is left to write depends on all counts and
//! calls. It checks many tokens at once where all bytes that occur below a node lead alike through a row of
//! places whose ends all fit, or none of which do: within a string that is nearly everywhere.

use super::core::Core;
use super::run::ENDLESS;
use super::walk::spell;
use crate::error::MatchError;
use crate::pattern::cursor::{Cursor, Way};
use crate::pattern::lazy::{DEAD, Dfa, FARTHEST, Flag, HORIZONS, StateId};
use crate::vocab::{Node, TokenSet, Trie};

/// What a walk has to respect when tokens are short.
pub(super) struct Tight<'t> {
    /// Bytes to spell before the value.
    pub(super) heal: &'t [u8],
    /// Tokens that may be added.
    pub(super) left: u32,
    /// The mask if tokens were plenty.
    pub(super) plenty: &'t TokenSet,
    /// Whether the value before a stop, which is complete at the end of these bytes of a token, fits.
    pub(super) stop_fits: &'t mut dyn FnMut(&[u8]) -> Result<bool, MatchError>,
}

/// What is known where a token may end.
#[derive(Debug, Clone, Copy)]
struct Here {
    /// Whether what remains fits.
    fits: bool,
    /// Whether a value that fits ends here or before.
    may_end: bool,
}

impl Core<'_> {
    /// The mask where tokens are short: a token that continues must leave a way to the end that fits, one
    /// that ends must leave a beginning that does.
    pub(super) fn tight_mask(
        &mut self,
        place: &Cursor,
        tight: &mut Tight<'_>,
    ) -> Result<TokenSet, MatchError> {
        let vocab = self.vocab;
        let trie = vocab.trie();
        let mut mask = TokenSet::empty(vocab);
        if let Some(node) = spell(trie, tight.heal, &mut mask) {
            self.tight_walk(trie, node, place, tight, &mut mask)?;
        }
        mask.count();
        Ok(mask)
    }

    fn tight_walk(
        &mut self,
        trie: &Trie,
        from: Node,
        place: &Cursor,
        tight: &mut Tight<'_>,
        mask: &mut TokenSet,
    ) -> Result<(), MatchError> {
        let (base, end) = (trie.depth(from), trie.end(from));
        let mut path = vec![(place.clone(), place.accepts(self.dfa))];
        let mut text = tight.heal.to_vec();
        let mut node = from + 1;
        while node < end {
            let depth = trie.depth(node) - base;
            path.truncate(depth);
            text.truncate(tight.heal.len() + depth - 1);
            text.push(trie.byte(node));
            let Some((before, may_end)) = path.last() else { break };
            let next = before.step(self.dfa, trie.byte(node), self.depth)?;
            if let Some(allowed) = self.ends_at(&next, *may_end, &text, tight)? {
                if allowed {
                    let (first, last) = trie.ranks_below(node);
                    mask.insert_ranks(first, last);
                }
                node = trie.end(node);
                continue;
            }
            let fits = tight.left > 0 && self.place_fits(&next, tight.left - 1)?;
            let ends_here = next.accepts(self.dfa) && self.can_spell(trie, node, &text, tight.left);
            let here = Here { fits, may_end: *may_end || ends_here };
            let is_decided = self.decides_below(trie, node, &next, here, tight.left)?;
            if fits {
                let (first, last) = if is_decided { trie.ranks_below(node) } else { trie.own_ranks(node) };
                mask.insert_ranks_of(tight.plenty, first, last);
            }
            node = if is_decided { trie.end(node) } else { node + 1 };
            path.push((next, here.may_end));
        }
        Ok(())
    }

    /// Whether all tokens that go on from a place are allowed or none, where it cannot be gone on: the text has ended before
    /// it, or a stop is complete.
    fn ends_at(
        &self,
        place: &Cursor,
        may_end: bool,
        text: &[u8],
        tight: &mut Tight<'_>,
    ) -> Result<Option<bool>, MatchError> {
        if place.is_dead() {
            return Ok(Some(may_end));
        }
        match place.plain() {
            Some(state) if !self.dfa.has_calls() && self.dfa.flags(state).has(Flag::Stopped) => {
                (tight.stop_fits)(text).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Whether a text, which is a node's, can be written with `left` tokens.
    fn can_spell(&self, trie: &Trie, node: Node, text: &[u8], left: u32) -> bool {
        trie.has_token(node)
            || self.vocab.fewest_tokens(text).is_some_and(|tokens| tokens.len() <= left as usize)
    }

    /// Whether all tokens below a node that continue the value fit as the node's own do, and what ends it there
    /// may do so as well.
    fn decides_below(
        &mut self,
        trie: &Trie,
        node: Node,
        place: &Cursor,
        here: Here,
        left: u32,
    ) -> Result<bool, MatchError> {
        if trie.end(node) == node + 1 {
            return Ok(true);
        }
        let Some(way) = place.only() else { return Ok(false) };
        if !self.dfa.is_exact() {
            return self.decided_below(trie, node, way.state);
        }
        let below = *trie.below(node);
        if below.high || !self.key_is_any(way, left) {
            return Ok(false);
        }
        let longest = HORIZONS[trie.reach(node) as usize];
        let mut row = way.clone();
        // Whether a token below may end within the row, and whether a value does.
        let (mut dies, mut accepts) = (false, here.may_end || place.accepts(self.dfa));
        for _ in 0..longest {
            let (alike, byte) = self.dfa.most_ascii(row.state);
            let dead = self.dfa.dead_ascii(row.state);
            let next = self.dfa.next(row.state, byte)?;
            let reads = if next == DEAD { [0; 2] } else { alike };
            if (0..2).any(|half| below.ascii[half] & !(reads[half] | dead[half]) != 0) {
                return Ok(false);
            }
            dies |= (0..2).any(|half| below.ascii[half] & dead[half] != 0);
            if next == row.state || (0..2).all(|half| below.ascii[half] & reads[half] == 0) {
                break;
            }
            if !goes_on_within(self.dfa, &row, next) {
                return Ok(false);
            }
            row.state = next;
            if (left > 0 && self.place_fits(&Cursor::of_way(row.clone()), left - 1)?) != here.fits {
                return Ok(false);
            }
            accepts |= self.dfa.accepts(next);
        }
        // Those that die may end a value before: they all do, or it is not looked at each.
        Ok(!dies || !accepts || (here.fits && here.may_end))
    }

    /// Whether all keys that begin with what is read of one, if one is being read, are as good as each other: none of
    /// them is there already, and what follows does not depend on them, or fits anyway.
    fn key_is_any(&mut self, way: &Way, left: u32) -> bool {
        let is_new = |way: &Way| !way.keys.iter().any(|key| key.starts_with(way.keys.partial()));
        let is_near = way.distance(self.dfa) < u64::from(left);
        !self.dfa.flags(way.state).has(Flag::InKey)
            || (is_new(way) && (is_near || self.is_alike_for_keys(way)))
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
}

/// Whether a state that a way leads to is within the same call, and goes on with the same key.
fn goes_on_within(dfa: &Dfa, way: &Way, next: StateId) -> bool {
    let (was, is) = (dfa.flags(way.state), dfa.flags(next));
    !is.has(Flag::Calls)
        && is.has(Flag::InKey) == was.has(Flag::InKey)
        && (!is.has(Flag::Accepts) || way.frame.is_none())
}

#[cfg(test)]
mod tests;
