//! One walk over the vocabulary's trie computes a state's mask.
//!
//! A token is allowed if the state can read all its bytes (it continues the value), or if the value is
//! complete after some of them (it ends the value there). So below a node at which the value is complete
//! everything is allowed, and below one at which the state dies nothing is. A state that reads all bytes that
//! occur below a node alike decides the subtree as well ([`super::run`]). Little is left to visit.

use std::ops::Range;

use super::core::Core;
use super::run::ENDLESS;
use crate::error::MatchError;
use crate::pattern::cursor::Cursor;
use crate::pattern::lazy::{DEAD, FAR, Flag, StateId};
use crate::vocab::{Node, TokenSet, Trie, Vocab};

/// Subtrees of at most so many nodes are walked: that is cheaper than to ask how far a state reads on.
const SMALL: Node = 4;

/// What is known of a node and all below it.
enum Subtree<'v> {
    /// Every token is allowed.
    All,
    /// Those of a set are.
    Those(&'v TokenSet),
    /// It has to be looked at.
    Open,
}

impl<'v> Subtree<'v> {
    /// That of a node after so many characters, given how many can be read of what is below.
    fn of(vocab: &'v Vocab, before: u32, readable: Option<u32>) -> Subtree<'v> {
        match readable {
            None => Subtree::Open,
            Some(ENDLESS) => Subtree::All,
            Some(characters) => {
                vocab.short(before.saturating_add(characters)).map_or(Subtree::Open, Subtree::Those)
            }
        }
    }

    /// Gives the tokens of a range of ranks that are known to be allowed; whether more are wanted.
    fn give(&self, take: &mut impl Take, (first, last): (u32, u32)) -> bool {
        match self {
            Subtree::All => take.range(first, last),
            Subtree::Those(short) => take.those_in(short, first, last),
            Subtree::Open => true,
        }
    }
}

/// What takes the tokens that a walk allows.
pub(super) trait Take {
    /// The tokens of a range of ranks; whether more are wanted.
    fn range(&mut self, from: u32, to: u32) -> bool;
    /// The tokens of a range of ranks that are in a set; whether more are wanted.
    fn those_in(&mut self, set: &TokenSet, from: u32, to: u32) -> bool;
}

impl Take for TokenSet {
    fn range(&mut self, from: u32, to: u32) -> bool {
        self.insert_ranks(from, to);
        true
    }

    fn those_in(&mut self, set: &TokenSet, from: u32, to: u32) -> bool {
        self.insert_ranks_of(set, from, to);
        true
    }
}

/// Whether there is any token.
struct Any(bool);

impl Take for Any {
    fn range(&mut self, from: u32, to: u32) -> bool {
        self.0 |= from < to;
        !self.0
    }

    fn those_in(&mut self, set: &TokenSet, from: u32, to: u32) -> bool {
        self.0 |= set.meets_ranks(from, to);
        !self.0
    }
}

impl Core<'_> {
    /// The mask of a saturated state that does not accept (or has `heal` still to spell).
    pub(super) fn walk_mask(&mut self, state: StateId, heal: &[u8]) -> Result<TokenSet, MatchError> {
        let vocab = self.vocab;
        let trie = vocab.trie();
        let mut mask = TokenSet::empty(vocab);
        if let Some(node) = spell(trie, heal, &mut mask) {
            if self.dfa.accepts(state) {
                let (from, to) = trie.ranks_below(node);
                mask.insert_ranks(from, to);
            } else {
                self.walk(node, state, None, &mut mask)?;
            }
        }
        mask.count();
        Ok(mask)
    }

    /// Gives the tokens strictly below a node that may follow a state, until `take` wants no more. With
    /// `points`, what is complete is a call, and what follows it not known: the nodes at which it is complete and
    /// tokens go on are added there.
    pub(super) fn walk(
        &mut self,
        from: Node,
        state: StateId,
        points: Option<&mut Vec<Node>>,
        take: &mut impl Take,
    ) -> Result<(), MatchError> {
        let vocab = self.vocab;
        let trie = vocab.trie();
        if from != Trie::ROOT {
            let (depth, nodes) = (trie.depth(from), from + 1..trie.end(from));
            return self.walk_nodes(vocab, depth, nodes, state, points, take).map(drop);
        }
        if let Some((states, characters)) = self.plain_run(state)? {
            return self.walk_exits(vocab, &states, characters, points, take);
        }
        // Most states read few bytes.
        let mut points = points;
        let bytes = self.dfa.next_bytes(state)?;
        for node in (0..=255).filter(|&byte| bytes.contains(byte)).filter_map(|byte| trie.child(from, byte)) {
            let nodes = node..trie.end(node);
            if !self.walk_nodes(vocab, 0, nodes, state, points.as_deref_mut(), take)? {
                break;
            }
        }
        Ok(())
    }

    /// The same for a state that reads all plain characters alike: `states` are those after each character, of which
    /// there may be so many.
    fn walk_exits(
        &mut self,
        vocab: &Vocab,
        states: &[StateId],
        characters: u32,
        mut points: Option<&mut Vec<Node>>,
        take: &mut impl Take,
    ) -> Result<(), MatchError> {
        let (trie, plain) = (vocab.trie(), vocab.plain());
        let all = trie.ranks() as u32;
        let wants_more = match vocab.short(characters) {
            None => take.those_in(plain.tokens(), 0, all),
            Some(short) => take.those_in(&plain.tokens().both(short), 0, all),
        };
        if !wants_more {
            return Ok(());
        }
        let is_endless = characters == ENDLESS;
        let after = |characters: u32| match states.get(characters as usize) {
            None if is_endless => states.last(),
            state => state,
        };
        let by_byte = plain.exits().iter().map(|(byte, exits)| (Some(*byte), exits.as_slice()));
        for (byte, exits) in by_byte.chain([(None, plain.broken())]) {
            let leads = |core: &mut Core<'_>, state: StateId| match byte {
                Some(byte) => core.dfa.next(state, byte).map(|next| next != DEAD),
                None => Ok(true),
            };
            if is_endless && states.len() == 1 && !leads(self, states[0])? {
                continue;
            }
            for exit in exits {
                let Some(&state) = after(exit.characters) else { continue };
                let (base, nodes) = (trie.depth(exit.node) - 1, exit.node..trie.end(exit.node));
                if leads(self, state)?
                    && !self.walk_nodes(vocab, base, nodes, state, points.as_deref_mut(), take)?
                {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The same for some subtrees whose first nodes are one deeper than `base`; whether more is wanted.
    fn walk_nodes(
        &mut self,
        vocab: &Vocab,
        base: usize,
        nodes: Range<Node>,
        state: StateId,
        mut points: Option<&mut Vec<Node>>,
        take: &mut impl Take,
    ) -> Result<bool, MatchError> {
        let trie = vocab.trie();
        self.begin_path(state);
        let mut node = nodes.start;
        while node < nodes.end {
            let depth = trie.depth(node) - base;
            if let Some(decided) = self.characters(vocab, node, self.path[depth - 1])? {
                if !decided.give(take, trie.ranks_below(node)) {
                    return Ok(false);
                }
                node = trie.end(node);
                continue;
            }
            let next = self.dfa.next_saturated(self.path[depth - 1], trie.byte(node), trie.reach(node))?;
            if next == DEAD {
                node = trie.end(node);
                continue;
            }
            self.path[depth] = next;
            let (flags, distance) = self.dfa.flags_and_distance(next);
            self.far = self.far.max(distance.into());
            let is_whole = points.is_none() && flags.has(Flag::Accepts);
            let subtree = if is_whole { Subtree::All } else { self.subtree(vocab, node, next)? };
            let is_open = matches!(subtree, Subtree::Open);
            let wants_more = if is_open {
                if flags.has(Flag::Accepts)
                    && trie.end(node) > node + 1
                    && let Some(points) = &mut points
                {
                    points.push(node);
                }
                let (first, last) = trie.own_ranks(node);
                first == last || (distance == FAR && !self.can_finish(next)?) || take.range(first, last)
            } else {
                subtree.give(take, trie.ranks_below(node))
            };
            if !wants_more {
                return Ok(false);
            }
            node = if !is_open || flags.has(Flag::Ended) { trie.end(node) } else { node + 1 };
        }
        Ok(true)
    }

    /// Adds the tokens that may follow a state within its call, and the nodes at which the call is complete and
    /// tokens go on, given those of another state: where both come to the same state, they have the same.
    pub(super) fn walk_beside(
        &mut self,
        state: StateId,
        beside: StateId,
        known: (&TokenSet, &[Node]),
        mask: &mut TokenSet,
        points: &mut Vec<Node>,
    ) -> Result<(), MatchError> {
        let vocab = self.vocab;
        let trie = vocab.trie();
        let copy = |nodes: Range<Node>, mask: &mut TokenSet, points: &mut Vec<Node>| {
            let (first, last) = trie.ranks_of(nodes.clone());
            mask.insert_ranks_of(known.0, first, last);
            let from = known.1.partition_point(|&point| point < nodes.start);
            points.extend(known.1[from..].iter().take_while(|&&point| point < nodes.end));
        };
        let mut path = vec![(state, beside)];
        // Up to here everything is known, but for subtrees from `alike` on, which are as those of the other.
        let (mut node, mut alike) = (Trie::ROOT + 1, Trie::ROOT + 1);
        while node < trie.end(Trie::ROOT) {
            path.truncate(trie.depth(node));
            let (here, there) = path[path.len() - 1];
            let (byte, reach) = (trie.byte(node), trie.reach(node));
            let next = self.dfa.next_saturated(here, byte, reach)?;
            let other = self.dfa.next_saturated(there, byte, reach)?;
            if next == other {
                node = trie.end(node);
                continue;
            }
            copy(alike..node, mask, points);
            let end = trie.end(node);
            if next == DEAD || other == DEAD {
                self.walk_nodes(vocab, path.len() - 1, node..end, here, Some(points), mask)?;
                node = end;
            } else {
                self.far = self.far.max(self.dfa.distance(next).into());
                if self.dfa.accepts(next) && end > node + 1 {
                    points.push(node);
                }
                let (first, last) = trie.own_ranks(node);
                if first < last && self.can_finish(next)? {
                    mask.insert_ranks(first, last);
                }
                path.push((next, other));
                node += 1;
            }
            alike = node;
        }
        copy(alike..node, mask, points);
        Ok(())
    }

    /// What is known of a node and all below it, given the state there, which is not a complete value.
    fn subtree<'v>(
        &mut self,
        vocab: &'v Vocab,
        node: Node,
        state: StateId,
    ) -> Result<Subtree<'v>, MatchError> {
        let trie = vocab.trie();
        if trie.end(node) - node <= SMALL {
            return Ok(Subtree::Open);
        }
        let readable = self.readable_below(trie, node, state, trie.reach(node))?;
        Ok(Subtree::of(vocab, trie.chars(node), readable))
    }

    /// What is known of a node that begins a character beyond ASCII, and of all below it, given the state before it.
    fn characters<'v>(
        &mut self,
        vocab: &'v Vocab,
        node: Node,
        before: StateId,
    ) -> Result<Option<Subtree<'v>>, MatchError> {
        let trie = vocab.trie();
        if trie.byte(node).is_ascii() || trie.end(node) - node <= SMALL || !trie.begins_characters(node) {
            return Ok(None);
        }
        let readable = self.readable_from(trie, node, before, trie.reach(node))?;
        let subtree = Subtree::of(vocab, trie.chars(node) - 1, readable);
        Ok(Some(subtree).filter(|subtree| !matches!(subtree, Subtree::Open)))
    }

    /// [`is_extended`](Self::is_extended) from a place.
    pub(super) fn is_extended_at(&mut self, bytes: &[u8], place: &Cursor) -> Result<bool, MatchError> {
        if let Some(state) = place.plain().filter(|_| !self.dfa.has_calls()) {
            return self.is_extended(bytes, state);
        }
        let vocab = self.vocab;
        let trie = vocab.trie();
        let Some(from) = trie.descend(bytes) else { return Ok(false) };
        let (base, end) = (trie.depth(from), trie.end(from));
        let mut path = vec![place.clone()];
        let mut node = from + 1;
        while node < end {
            let depth = trie.depth(node) - base;
            path.truncate(depth);
            let before = &path[depth - 1];
            if before.accepts(self.dfa) {
                return Ok(true);
            }
            let next = before.step(self.dfa, trie.byte(node), self.depth)?;
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
        let vocab = self.vocab;
        let trie = vocab.trie();
        let Some(from) = trie.descend(bytes) else { return Ok(false) };
        if self.dfa.accepts(state) {
            return Ok(trie.end(from) > from + 1);
        }
        let mut any = Any(false);
        self.walk(from, state, None, &mut any)?;
        Ok(any.0)
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
