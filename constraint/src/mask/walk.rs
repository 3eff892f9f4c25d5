//! One walk over the vocabulary's trie gives a state's mask.
//!
//! A token is allowed if the state can read all its bytes (it continues the value), or if the value is
//! complete after some of them (it ends the value there). So below a node at which the value is complete
//! everything is allowed, and below one at which the state dies nothing is. A state that loops on all
//! bytes that occur below a node decides the subtree as well. What is left to visit is little.

use super::core::Core;
use crate::error::MatchError;
use crate::pattern::cursor::Cursor;
use crate::pattern::lazy::{DEAD, HORIZONS, Reach, StateId};
use crate::vocab::{Node, TokenSet, Trie};

/// Subtrees of at most so many nodes are walked: that is cheaper than to find out on what a state loops.
const SMALL: Node = 4;

/// On which bytes a state leads to itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Loops {
    /// ASCII bytes, as bits.
    ascii: [u64; 2],
    /// Whether every character of more than one byte leads back to the state.
    characters: bool,
}

impl Core {
    /// The mask of a saturated state that does not accept (or has `heal` still to spell).
    pub(super) fn walk_mask(&mut self, state: StateId, heal: &[u8]) -> Result<TokenSet, MatchError> {
        let vocab = self.vocab.clone();
        let trie = vocab.trie();
        let mut mask = TokenSet::empty(&vocab);
        if let Some(node) = spell(trie, heal, &mut mask) {
            if self.dfa.accepts(state) {
                let (from, to) = trie.ranks_below(node);
                mask.insert_ranks(from, to);
            } else {
                self.walk(trie, node, state, |from, to| {
                    mask.insert_ranks(from, to);
                    true
                })?;
            }
        }
        mask.count();
        Ok(mask)
    }

    /// Adds the tokens strictly below a node that may follow a state within its call, and the nodes at which
    /// the call is complete and tokens go on.
    pub(super) fn walk_call(
        &mut self,
        from: Node,
        state: StateId,
        mask: &mut TokenSet,
        points: &mut Vec<Node>,
    ) -> Result<(), MatchError> {
        let vocab = self.vocab.clone();
        let trie = vocab.trie();
        let take = |from, to| {
            mask.insert_ranks(from, to);
            true
        };
        self.walk_to(trie, from, state, Some(points), take)
    }

    /// Gives the tokens strictly below a node that may follow a state, as ranges of ranks, until `take`
    /// wants no more.
    fn walk(
        &mut self,
        trie: &Trie,
        from: Node,
        state: StateId,
        take: impl FnMut(u32, u32) -> bool,
    ) -> Result<(), MatchError> {
        self.walk_to(trie, from, state, None, take)
    }

    /// [`walk`](Self::walk); with `points`, what is complete is a call, and what follows it not known.
    fn walk_to(
        &mut self,
        trie: &Trie,
        from: Node,
        state: StateId,
        mut points: Option<&mut Vec<Node>>,
        mut take: impl FnMut(u32, u32) -> bool,
    ) -> Result<(), MatchError> {
        let base = trie.depth(from);
        let end = trie.end(from);
        self.path[0] = state;
        let mut node = from + 1;
        while node < end {
            let depth = trie.depth(node) - base;
            let reach = trie.reach(node);
            let next = self.dfa.next_saturated(self.path[depth - 1], trie.byte(node), reach)?;
            if next == DEAD {
                node = trie.end(node);
                continue;
            }
            let flags = self.dfa.flags(next);
            let whole = (flags.accepts && points.is_none())
                || (trie.end(node) - node > SMALL
                    && self.dfa.is_spellable(next)
                    && self.loops_below(trie, node, next, reach)?);
            let (from, to) = if whole { trie.ranks_below(node) } else { trie.own_ranks(node) };
            if from < to && (whole || self.can_finish(next)?) && !take(from, to) {
                return Ok(());
            }
            if flags.accepts
                && !whole
                && trie.end(node) > node + 1
                && let Some(points) = &mut points
            {
                points.push(node);
            }
            self.far = self.far.max(self.dfa.distance(next).into());
            self.path[depth] = next;
            node = if whole || flags.ended { trie.end(node) } else { node + 1 };
        }
        Ok(())
    }

    /// [`is_extended`](Self::is_extended) from a place.
    pub(super) fn is_extended_at(&mut self, bytes: &[u8], place: &Cursor) -> Result<bool, MatchError> {
        if let Some(state) = place.plain().filter(|_| !self.dfa.has_calls()) {
            return self.is_extended(bytes, state);
        }
        let vocab = self.vocab.clone();
        let trie = vocab.trie();
        let Some(from) = trie.descend(bytes) else { return Ok(false) };
        let (base, end) = (trie.depth(from), trie.end(from));
        let mut path = vec![place.clone()];
        let mut node = from + 1;
        while node < end {
            let depth = trie.depth(node) - base;
            path.truncate(depth);
            let before = &path[depth - 1];
            if before.accepts(&self.dfa) {
                return Ok(true);
            }
            let next = before.step(&mut self.dfa, trie.byte(node), self.depth)?;
            if next.is_dead() {
                node = trie.end(node);
                continue;
            }
            if trie.has_token(node) {
                return Ok(true);
            }
            path.push(next);
            node += 1;
        }
        Ok(false)
    }

    /// Whether some token that spells `bytes` and goes on is allowed from a state.
    pub(super) fn is_extended(&mut self, bytes: &[u8], state: StateId) -> Result<bool, MatchError> {
        let vocab = self.vocab.clone();
        let trie = vocab.trie();
        let Some(from) = trie.descend(bytes) else { return Ok(false) };
        if self.dfa.accepts(state) {
            return Ok(trie.end(from) > from + 1);
        }
        let mut found = false;
        self.walk(trie, from, state, |_, _| {
            found = true;
            false
        })?;
        Ok(found)
    }

    /// Whether every path below a node stays alive because the state loops on it.
    pub(super) fn loops_below(
        &mut self,
        trie: &Trie,
        node: Node,
        state: StateId,
        reach: Reach,
    ) -> Result<bool, MatchError> {
        let below = trie.below(node);
        if !self.may_loop(state, reach, &below.ascii)? {
            return Ok(false);
        }
        let loops = self.loops(state, reach)?;
        let ascii = (below.ascii[0] & !loops.ascii[0]) | (below.ascii[1] & !loops.ascii[1]) == 0;
        Ok(ascii && (!below.high || (loops.characters && below.is_utf8())))
    }

    /// Whether a state may loop on some ASCII bytes. Most states do not, and the first byte tells: to make all their
    /// successors only to find that out would be the most part of a walk.
    fn may_loop(&mut self, state: StateId, reach: Reach, ascii: &[u64; 2]) -> Result<bool, MatchError> {
        if self.loops.get(state as usize).is_some_and(|loops| loops[reach as usize].is_some()) {
            return Ok(true);
        }
        for byte in (0..128u8).filter(|byte| ascii[*byte as usize / 64] >> (byte % 64) & 1 == 1) {
            if self.dfa.next_saturated(state, byte, reach)? != state {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn loops(&mut self, state: StateId, reach: Reach) -> Result<Loops, MatchError> {
        if let Some([known]) = self.loops.get(state as usize).map(|loops| [loops[reach as usize]])
            && let Some(loops) = known
        {
            return Ok(loops);
        }
        let loops = self.find_loops(state, reach)?;
        if self.loops.len() <= state as usize {
            self.loops.resize(state as usize + 1, [None; HORIZONS.len()]);
        }
        self.loops[state as usize][reach as usize] = Some(loops);
        Ok(loops)
    }

    fn find_loops(&mut self, state: StateId, reach: Reach) -> Result<Loops, MatchError> {
        let mut loops = Loops::default();
        for byte in 0..128u8 {
            if self.dfa.next_saturated(state, byte, reach)? == state {
                loops.ascii[byte as usize / 64] |= 1 << (byte % 64);
            }
        }
        // A state that loops on next to nothing is not worth the search.
        loops.characters =
            (loops.ascii[0] | loops.ascii[1]) != 0 && self.loops_on_characters(state, reach)?;
        Ok(loops)
    }

    /// Whether every well-formed character beyond ASCII leads from the state back to it.
    fn loops_on_characters(&mut self, state: StateId, reach: Reach) -> Result<bool, MatchError> {
        // First bytes, the range of the second, and how many plain ones follow (Unicode 15, table 3-7).
        const FORMS: [(u8, u8, u8, u8, usize); 8] = [
            (0xc2, 0xdf, 0x80, 0xbf, 0),
            (0xe0, 0xe0, 0xa0, 0xbf, 1),
            (0xe1, 0xec, 0x80, 0xbf, 1),
            (0xed, 0xed, 0x80, 0x9f, 1),
            (0xee, 0xef, 0x80, 0xbf, 1),
            (0xf0, 0xf0, 0x90, 0xbf, 2),
            (0xf1, 0xf3, 0x80, 0xbf, 2),
            (0xf4, 0xf4, 0x80, 0x8f, 2),
        ];
        for (low, high, second_low, second_high, more) in FORMS {
            let mut reached = self.successors(&[state], low, high, reach)?;
            reached = self.successors(&reached, second_low, second_high, reach)?;
            for _ in 0..more {
                reached = self.successors(&reached, 0x80, 0xbf, reach)?;
            }
            if reached != [state] {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The states that some states lead to by the bytes of a range, the dead one included.
    fn successors(
        &mut self,
        states: &[StateId],
        low: u8,
        high: u8,
        reach: Reach,
    ) -> Result<Vec<StateId>, MatchError> {
        let mut next = Vec::new();
        // Bytes of one class lead to one state: the first of the range and of each class within suffice.
        let classes =
            self.dfa.representatives().iter().copied().filter(|byte| (low + 1..=high).contains(byte));
        let bytes: Vec<u8> = std::iter::once(low).chain(classes).collect();
        for &state in states {
            for &byte in &bytes {
                let reached = self.dfa.next_saturated(state, byte, reach)?;
                if !next.contains(&reached) {
                    next.push(reached);
                }
            }
        }
        Ok(next)
    }
}

/// Adds the tokens that spell a part of `heal` or all of it; the node of the whole, if tokens go on there.
pub(super) fn spell(trie: &Trie, heal: &[u8], mask: &mut TokenSet) -> Option<Node> {
    let mut node = Trie::ROOT;
    for &byte in heal {
        node = trie.child(node, byte)?;
        let (from, to) = trie.own_ranks(node);
        mask.insert_ranks(from, to);
    }
    Some(node)
}
