//! Masks under open calls.
//!
//! What a token may do within the innermost call depends only on that call's state; where the call ends
//! within a token, the callers continue with the rest. So a mask is built call by call: first the tokens that
//! the state itself allows, and the *points*, which are trie nodes where the call is complete and tokens
//! continue; then what the callers allow from there, which yields further points; until there are none. Each
//! step is cached by the previous one and the state of the callers. So a mask does not depend on how deep the
//! calls below are, and is the same at every depth.

use std::ops::Deref;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, RwLock};

use rustc_hash::{FxHashMap, FxHashSet};

use super::core::Core;
use super::shared::{read, write};
use super::walk::spell;
use crate::error::MatchError;
use crate::pattern::cursor::{Cursor, Way};
use crate::pattern::frame::frame_id;
use crate::pattern::lazy::{DEAD, FARTHEST, StateId};
use crate::vocab::{Node, TokenSet, Trie};

/// Stands for the end of the text where a caller would.
const END: StateId = StateId::MAX;

/// The masks of a constraint with calls.
#[derive(Debug)]
pub(super) struct Chains {
    kept: RwLock<Kept>,
    /// Bytes of links that are kept.
    bytes: AtomicUsize,
    limit: usize,
}

#[derive(Debug, Default)]
struct Kept {
    first: FxHashMap<StateId, Arc<Link>>,
    next: FxHashMap<(LinkId, StateId), Arc<Link>>,
    /// By the state to which they lead over most bytes: states, each with its first link.
    beside: FxHashMap<StateId, (StateId, Arc<Link>)>,
    /// Links that there have been: the number of the next. None is given twice.
    made: LinkId,
}

type LinkId = u64;

#[derive(Debug)]
struct Link {
    id: LinkId,
    mask: Arc<TokenSet>,
    /// Nodes at which the calls so far are complete and tokens go on.
    points: Box<[Node]>,
    /// Bytes that suffice to complete the calls so far, wherever an allowed token leads.
    far: u64,
}

/// What a link is made of.
struct Parts {
    mask: TokenSet,
    points: Vec<Node>,
    far: u64,
}

impl Chains {
    pub(super) fn new(limit: usize) -> Chains {
        Chains { kept: RwLock::default(), bytes: AtomicUsize::new(0), limit }
    }

    fn first(&self, state: StateId) -> Option<Arc<Link>> {
        read(&self.kept).first.get(&state).cloned()
    }

    fn next(&self, before: LinkId, caller: StateId) -> Option<Arc<Link>> {
        read(&self.kept).next.get(&(before, caller)).cloned()
    }

    /// What stands for all states that lead to `like` over most bytes.
    fn beside(&self, like: StateId) -> Option<(StateId, Arc<Link>)> {
        read(&self.kept).beside.get(&like).cloned()
    }

    /// Keeps the first link of a state. Of states that lead to `like` over most bytes that one itself stands for all,
    /// else the last one found.
    fn keep_first(&self, state: StateId, like: Option<StateId>, parts: Parts) -> Arc<Link> {
        let mut kept = write(&self.kept);
        let link = self.link(&mut kept, parts);
        kept.first.insert(state, link.clone());
        if let Some(like) = like {
            let entry = kept.beside.entry(like).or_insert_with(|| (state, link.clone()));
            if entry.0 != like {
                *entry = (state, link.clone());
            }
        }
        link
    }

    fn keep_next(&self, before: LinkId, caller: StateId, parts: Parts) -> Arc<Link> {
        let mut kept = write(&self.kept);
        let link = self.link(&mut kept, parts);
        kept.next.insert((before, caller), link.clone());
        link
    }

    fn link(&self, kept: &mut Kept, Parts { mut mask, mut points, far }: Parts) -> Arc<Link> {
        mask.count();
        points.sort_unstable();
        points.dedup();
        self.bytes.fetch_add(mask.bytes() + points.len() * size_of::<Node>(), Relaxed);
        let id = kept.made;
        kept.made += 1;
        Arc::new(Link { id, mask: Arc::new(mask), points: points.into(), far })
    }

    /// Drops all links where they take more than they may. Those in use stay alive.
    fn keep_within_limit(&self) {
        if self.bytes.load(Relaxed) > self.limit {
            self.clear();
        }
    }

    pub(super) fn clear(&self) {
        let mut kept = write(&self.kept);
        *kept = Kept { made: kept.made, ..Kept::default() };
        self.bytes.store(0, Relaxed);
    }

    /// How many there are, and their bytes.
    pub(super) fn size(&self) -> (usize, usize) {
        let kept = read(&self.kept);
        (kept.first.len() + kept.next.len(), self.bytes.load(Relaxed))
    }
}

impl Core<'_> {
    /// The tokens that may follow where a text stands, and how many bytes suffice to complete it from
    /// wherever they lead. Does not know of keys.
    pub(super) fn chain_mask(&mut self, way: &Way) -> Result<(Arc<TokenSet>, u64), MatchError> {
        self.shared.chains.keep_within_limit();
        if let Some(known) = self.known_chain_mask(way)? {
            return Ok(known);
        }
        let first = self.first_link(way.state)?;
        let chain = follow(way, first, |link, caller| self.next_link(link, caller).map(Some))?;
        let (last, most) = chain.unwrap_or_default();
        Ok((self.union_of_links(last), most))
    }

    /// The same if all links are known: one look at what is kept.
    fn known_chain_mask(&self, way: &Way) -> Result<Option<(Arc<TokenSet>, u64)>, MatchError> {
        let state = self.dfa.saturated(way.state, FARTHEST)?;
        let kept = read(&self.shared.chains.kept);
        let Some(first) = kept.first.get(&state) else { return Ok(None) };
        let next = |link: &&Link, caller: StateId| {
            let caller = if caller == END { END } else { self.dfa.saturated(caller, FARTHEST)? };
            Ok(kept.next.get(&(link.id, caller)).map(|next| &**next))
        };
        let chain = follow(way, &**first, next)?;
        Ok(chain.map(|(last, most)| (self.union_of_links(last), most)))
    }

    /// The tokens of some links.
    fn union_of_links<L: Deref<Target = Link>>(&self, mut links: Vec<L>) -> Arc<TokenSet> {
        links.sort_unstable_by_key(|link| link.id);
        links.dedup_by_key(|link| link.id);
        if let [only] = &links[..] {
            return only.mask.clone();
        }
        let mut mask = TokenSet::empty(self.vocab);
        links.iter().for_each(|link| mask.extend(&link.mask));
        mask.count();
        Arc::new(mask)
    }

    fn first_link(&mut self, state: StateId) -> Result<Arc<Link>, MatchError> {
        let chains = &self.shared.chains;
        let state = self.dfa.saturated(state, FARTHEST)?;
        if let Some(link) = chains.first(state) {
            return Ok(link);
        }
        let like = self.like(state)?;
        let mut mask = TokenSet::empty(self.vocab);
        let mut points = Vec::new();
        let mut far = 0;
        self.far = 0;
        match like.and_then(|like| chains.beside(like)) {
            Some((other, known)) => {
                far = known.far;
                self.walk_beside(state, other, (&known.mask, &known.points), &mut mask, &mut points)?;
            }
            None => self.walk(Trie::ROOT, state, Some(&mut points), &mut mask)?,
        }
        Ok(chains.keep_first(state, like, Parts { mask, points, far: far.max(self.far) }))
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
            && self.shared.chains.beside(next).is_none()
            && self.dfa.next_saturated(next, byte, FARTHEST)? == next
        {
            self.first_link(next)?;
        }
        Ok(Some(next))
    }

    fn next_link(&mut self, before: &Link, caller: StateId) -> Result<Arc<Link>, MatchError> {
        let chains = &self.shared.chains;
        let caller = if caller == END { END } else { self.dfa.saturated(caller, FARTHEST)? };
        if let Some(link) = chains.next(before.id, caller) {
            return Ok(link);
        }
        let mut mask = TokenSet::clone(&before.mask);
        let mut points = Vec::new();
        self.far = 0;
        for &node in &before.points {
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
        Ok(chains.keep_next(before.id, caller, Parts { mask, points, far: before.far.max(self.far) }))
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
        let mut mask = whole.unwrap_or_else(|| Arc::new(TokenSet::empty(self.vocab)));
        if cursor.only().is_none() {
            Arc::make_mut(&mut mask).count();
        }
        Ok((mask, far))
    }

    /// The tokens that may follow a place under calls, and how many bytes suffice from wherever they lead.
    pub(super) fn called_mask(&mut self, cursor: &Cursor) -> Result<(Arc<TokenSet>, u64), MatchError> {
        if cursor.accepts(self.dfa) {
            // A token may also go on with the value.
            let (_, far) = self.mask_of_ways(cursor)?;
            return Ok((self.shared.all.clone(), far));
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
        let trie = self.vocab.trie();
        let mut mask = TokenSet::empty(self.vocab);
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
                Some(before) => before.step(self.dfa, trie.byte(node), self.depth)?,
                None => Cursor::default(),
            };
            if next.is_dead() {
                node = trie.end(node);
                continue;
            }
            far = far.max(next.distance(self.dfa));
            if trie.has_token(node) && self.place_can_finish(&next)? {
                let (first, last) = trie.own_ranks(node);
                mask.insert_ranks(first, last);
            }
            if next.accepts(self.dfa) {
                let (first, last) = trie.ranks_below(node);
                mask.insert_ranks(first, last);
            }
            path.push(next);
            node += 1;
        }
        if cursor.accepts(self.dfa) && heal.is_empty() {
            return Ok((self.shared.all.clone(), far));
        }
        if cursor.accepts(self.dfa) {
            let (first, last) = trie.ranks_below(from);
            mask.insert_ranks(first, last);
        }
        mask.count();
        Ok((Arc::new(mask), far))
    }

    /// Whether a value can be completed from a place with the tokens that there are.
    fn place_can_finish(&mut self, place: &Cursor) -> Result<bool, MatchError> {
        Ok(place.distance(self.dfa) < u64::from(u32::MAX) || self.place_plan(place)?.is_some())
    }
}

/// Follows a chain from its first link: the last links, and how many bytes suffice from wherever they lead. `next` gives
/// the link after one by the state of its caller; nothing, if that is not known.
fn follow<L: Deref<Target = Link>>(
    way: &Way,
    first: L,
    mut next: impl FnMut(&L, StateId) -> Result<Option<L>, MatchError>,
) -> Result<Option<(Vec<L>, u64)>, MatchError> {
    // Links, each with the frame of the callers that go on from there.
    let mut open = vec![(first, way.frame.as_ref())];
    let mut seen = FxHashSet::default();
    let mut last = Vec::new();
    let mut most = 0;
    while let Some((link, frame)) = open.pop() {
        most = most.max(link.far + frame.map_or(0, |frame| frame.distance));
        if link.points.is_empty() {
            last.push(link);
            continue;
        }
        let Some(frame) = frame else {
            let Some(end) = next(&link, END)? else { return Ok(None) };
            last.push(end);
            continue;
        };
        for caller in frame.callers() {
            let Some(next) = next(&link, caller.resume)? else { return Ok(None) };
            if seen.insert((next.id, frame_id(caller.below.as_ref()))) {
                open.push((next, caller.below.as_ref()));
            }
        }
    }
    Ok(Some((last, most)))
}
