//! Masks under open calls.
//!
//! What a token may do within the innermost call depends only on that call's state; where the call ends
//! within a token, the callers continue with the rest. So a mask is built call by call: first the tokens that
//! the state itself allows, and the *points*, which are trie nodes where the call is complete and tokens
//! continue; then what the callers allow from there, which yields further points; until there are none. Each
//! step is cached by the previous one and the state of the callers. So a mask does not depend on how deep the
//! calls below are, and is the same at every depth.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::core::Core;
use super::walk::spell;
use crate::error::MatchError;
use crate::pattern::cursor::{Cursor, Way};
use crate::pattern::frame::frame_id;
use crate::pattern::lazy::{DEAD, FARTHEST, StateId};
use crate::vocab::{Node, TokenSet, Trie};

/// Stands for the end of the text where a caller would.
const END: StateId = StateId::MAX;

/// The masks of a constraint with calls.
#[derive(Debug, Default)]
pub(super) struct Chains {
    links: Vec<Link>,
    first: FxHashMap<StateId, u32>,
    next: FxHashMap<(u32, StateId), u32>,
    /// By the state to which they lead over most bytes: states, each with its first link.
    beside: FxHashMap<StateId, (StateId, u32)>,
    pub(super) bytes: usize,
}

#[derive(Debug)]
struct Link {
    mask: Arc<TokenSet>,
    /// Nodes at which the calls so far are complete and tokens go on.
    points: Box<[Node]>,
    /// Bytes that suffice to complete the calls so far, wherever an allowed token leads.
    far: u64,
}

impl Chains {
    fn add(&mut self, link: Link) -> u32 {
        self.bytes += link.mask.bytes() + link.points.len() * 4;
        self.links.push(link);
        self.links.len() as u32 - 1
    }

    /// What stands for all states that lead to `like` over most bytes: that state itself, else the last one found.
    fn stands_for(&mut self, like: StateId, state: StateId, link: u32) {
        let entry = self.beside.entry(like).or_insert((state, link));
        if entry.0 != like {
            *entry = (state, link);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Chains::default();
    }

    pub(super) fn len(&self) -> usize {
        self.links.len()
    }
}

impl Core {
    /// The tokens that may follow where a text stands, and how many bytes suffice to complete it from
    /// wherever they lead. Does not know of keys.
    pub(super) fn chain_mask(&mut self, way: &Way) -> Result<(Arc<TokenSet>, u64), MatchError> {
        if self.chains.bytes > self.mask_limit {
            self.chains.clear();
        }
        let first = self.first_link(way.state)?;
        // Links, each with the frame of the callers that go on from there.
        let mut open = vec![(first, way.frame.as_ref())];
        let mut seen = FxHashSet::default();
        let mut last: Vec<u32> = Vec::new();
        let mut most = 0;
        while let Some((link, frame)) = open.pop() {
            let Link { points, far, .. } = &self.chains.links[link as usize];
            most = most.max(far + frame.map_or(0, |frame| frame.distance));
            if points.is_empty() {
                last.push(link);
                continue;
            }
            let Some(frame) = frame else {
                last.push(self.next_link(link, END)?);
                continue;
            };
            for caller in frame.callers() {
                let next = self.next_link(link, caller.resume)?;
                if seen.insert((next, frame_id(caller.below.as_ref()))) {
                    open.push((next, caller.below.as_ref()));
                }
            }
        }
        Ok((self.union_of_links(last), most))
    }

    /// The tokens of some links.
    fn union_of_links(&self, mut links: Vec<u32>) -> Arc<TokenSet> {
        links.sort_unstable();
        links.dedup();
        if let [only] = links[..] {
            return self.chains.links[only as usize].mask.clone();
        }
        let mut mask = TokenSet::empty(&self.vocab);
        links.iter().for_each(|&link| mask.extend(&self.chains.links[link as usize].mask));
        mask.count();
        Arc::new(mask)
    }

    fn first_link(&mut self, state: StateId) -> Result<u32, MatchError> {
        let state = self.dfa.saturated(state, FARTHEST)?;
        if let Some(&link) = self.chains.first.get(&state) {
            return Ok(link);
        }
        let mut mask = TokenSet::empty(&self.vocab);
        let mut points = Vec::new();
        let mut far = 0;
        let like = self.like(state)?;
        match like.and_then(|like| self.chains.beside.get(&like)) {
            Some(&(other, link)) => {
                let known = &self.chains.links[link as usize];
                let (known, from) = (known.mask.clone(), known.points.clone());
                far = self.chains.links[link as usize].far;
                self.walk_beside(state, other, (&known, &from), &mut mask, &mut points)?;
            }
            None => self.walk(Trie::ROOT, state, Some(&mut points), &mut mask)?,
        }
        let link = self.link(mask, points, far);
        self.chains.first.insert(state, link);
        if let Some(like) = like {
            self.chains.stands_for(like, state, link);
        }
        Ok(link)
    }

    /// The state to which a state leads over most bytes: another one that does so, too, has nearly the same tokens.
    /// That state itself is the best to begin with.
    fn like(&mut self, state: StateId) -> Result<Option<StateId>, MatchError> {
        /// Fewer bytes are not worth a comparison.
        const MANY: u32 = 32;
        let (ascii, byte) = self.dfa.most_ascii(state);
        if ascii[0].count_ones() + ascii[1].count_ones() < MANY {
            return Ok(None);
        }
        let next = self.dfa.next_saturated(state, byte, FARTHEST)?;
        if next == DEAD {
            return Ok(None);
        }
        let (_, byte) = self.dfa.most_ascii(next);
        if next != state
            && !self.chains.beside.contains_key(&next)
            && self.dfa.next_saturated(next, byte, FARTHEST)? == next
        {
            self.first_link(next)?;
        }
        Ok(Some(next))
    }

    fn next_link(&mut self, before: u32, caller: StateId) -> Result<u32, MatchError> {
        let caller = if caller == END { END } else { self.dfa.saturated(caller, FARTHEST)? };
        if let Some(&link) = self.chains.next.get(&(before, caller)) {
            return Ok(link);
        }
        let Link { mask, points: from, far } = &self.chains.links[before as usize];
        let (mut mask, from, far) = (TokenSet::clone(mask), from.clone(), *far);
        let mut points = Vec::new();
        for &node in &from {
            if caller == END {
                let (first, last) = self.vocab.trie().ranks_below(node);
                mask.insert_ranks(first, last);
                continue;
            }
            if self.dfa.accepts(caller) {
                points.push(node);
            }
            self.walk(node, caller, Some(&mut points), &mut mask)?;
        }
        let link = self.link(mask, points, far);
        self.chains.next.insert((before, caller), link);
        Ok(link)
    }

    fn link(&mut self, mut mask: TokenSet, mut points: Vec<Node>, far: u64) -> u32 {
        mask.count();
        points.sort_unstable();
        points.dedup();
        let far = far.max(std::mem::take(&mut self.far));
        self.chains.add(Link { mask: Arc::new(mask), points: points.into(), far })
    }

    /// The mask of all ways of a place, but for keys within a token.
    fn mask_of_ways(&mut self, cursor: &Cursor) -> Result<(Arc<TokenSet>, u64), MatchError> {
        let mut whole: Option<Arc<TokenSet>> = None;
        let mut far = 0;
        for way in cursor.ways() {
            let (mut part, distance) = self.chain_mask(way)?;
            self.without_used_key(way, &mut part)?;
            far = far.max(distance);
            whole = Some(match whole {
                None => part,
                Some(mut whole) => {
                    Arc::make_mut(&mut whole).extend(&part);
                    whole
                }
            });
        }
        let mut mask = whole.unwrap_or_else(|| Arc::new(TokenSet::empty(&self.vocab)));
        if cursor.only().is_none() {
            Arc::make_mut(&mut mask).count();
        }
        Ok((mask, far))
    }

    /// The tokens that may follow a place under calls, and how many bytes suffice from wherever they lead.
    pub(super) fn called_mask(&mut self, cursor: &Cursor) -> Result<(Arc<TokenSet>, u64), MatchError> {
        if cursor.accepts(&self.dfa) {
            // A token may also go on with the value.
            let (_, far) = self.mask_of_ways(cursor)?;
            return Ok((self.all.clone(), far));
        }
        let (mut mask, far) = self.mask_of_ways(cursor)?;
        if self.dfa.has_keys() {
            let forbidden = self.repeated_keys(cursor, &[], &mask)?;
            if !forbidden.is_empty() {
                let mask = Arc::make_mut(&mut mask);
                forbidden.iter().for_each(|&rank| mask.remove_ranks(rank, rank + 1));
                mask.count();
            }
        }
        Ok((mask, far))
    }

    /// The mask of a place, read byte by byte over the trie, and how many bytes suffice from wherever it leads.
    /// Frames hold the ways of a text together, states do not: where calls within one token can be read in
    /// very many ways, this finds the mask that links do not.
    pub(super) fn mask_by_place(
        &mut self,
        cursor: &Cursor,
        heal: &[u8],
    ) -> Result<(Arc<TokenSet>, u64), MatchError> {
        let vocab = self.vocab.clone();
        let trie = vocab.trie();
        let mut mask = TokenSet::empty(&vocab);
        let Some(from) = spell(trie, heal, &mut mask) else {
            mask.count();
            return Ok((Arc::new(mask), 0));
        };
        let mut far = 0;
        let mut path = vec![cursor.clone()];
        let mut node = from + 1;
        while node < trie.end(from) {
            path.truncate(trie.depth(node) - trie.depth(from));
            let next = match path.last() {
                Some(before) => before.step(&mut self.dfa, trie.byte(node), self.depth)?,
                None => Cursor::default(),
            };
            if next.is_dead() {
                node = trie.end(node);
                continue;
            }
            far = far.max(next.distance(&self.dfa));
            if trie.has_token(node) && self.place_can_finish(&next)? {
                let (first, last) = trie.own_ranks(node);
                mask.insert_ranks(first, last);
            }
            if next.accepts(&self.dfa) {
                let (first, last) = trie.ranks_below(node);
                mask.insert_ranks(first, last);
            }
            path.push(next);
            node += 1;
        }
        if cursor.accepts(&self.dfa) && heal.is_empty() {
            return Ok((self.all.clone(), far));
        }
        if cursor.accepts(&self.dfa) {
            let (first, last) = trie.ranks_below(from);
            mask.insert_ranks(first, last);
        }
        mask.count();
        Ok((Arc::new(mask), far))
    }

    /// Whether a value can be completed from a place with the tokens that there are.
    fn place_can_finish(&mut self, place: &Cursor) -> Result<bool, MatchError> {
        Ok(place.distance(&self.dfa) < u64::from(u32::MAX) || self.place_plan(place)?.is_some())
    }
}
