//! What it takes to complete a text: a short path to the end from any place, and the fewest tokens that spell
//! it.
//!
//! A path to the end is a chain of steps, one per byte, each closer to the end. Chains that reach the same
//! place continue together, and the cost of a step's rest is known from the steps after it. So a new place
//! costs one descent of the trie for each byte until it joins a known chain; from within a string, that is
//! its closing quote. Where a step does not lead closer (because of existing keys, or stops), there is no
//! chain, and a whole text is searched for instead.

use rustc_hash::FxHashMap;

use super::core::Core;
use crate::error::MatchError;
use crate::pattern::cursor::{Cursor, Way};
use crate::pattern::frame::{depth, frame_id};
use crate::pattern::lazy::{Dfa, StateId};
use crate::vocab::{TokenId, Trie};

/// The number of a step; [`END`] is where the text is complete.
type StepId = u32;

const END: StepId = StepId::MAX;
/// More than any number of tokens: what no tokens spell.
const NEVER: u32 = u32::MAX;
/// Steps that are remembered; each keeps the frames of its place.
const MOST_STEPS: usize = 1 << 16;

/// A place: a state, the frame around it, and the keys of its object, where they matter.
type Place = (StateId, usize, usize);

/// Stands for keys that do not matter; none of a set of keys.
const ANY_KEYS: usize = 1;

/// All that is known of ways to the end.
#[derive(Debug, Default)]
pub(super) struct Rests {
    known: FxHashMap<Place, StepId>,
    steps: Vec<Step>,
    /// The byte by which a state comes nearer to its end.
    nearer: FxHashMap<StateId, u8>,
}

#[derive(Debug)]
struct Step {
    /// What a place is known by lives as long as the step does.
    _place: Way,
    byte: u8,
    next: StepId,
    /// The fewest tokens from here to the end, and the first of them.
    tokens: u32,
    token: TokenId,
    /// The depths of the calls, this one's or further out, whose keys are read here or later on.
    keyed: Vec<u32>,
}

impl Rests {
    fn add(&mut self, step: Step) -> StepId {
        self.steps.push(step);
        self.steps.len() as StepId - 1
    }

    fn tokens(&self, step: StepId) -> u32 {
        self.steps.get(step as usize).map_or(0, |step| step.tokens)
    }

    /// The fewest tokens for a byte and all steps after it, and the first of them.
    fn fewest(&self, trie: &Trie, byte: u8, mut next: StepId) -> (u32, TokenId) {
        let mut best = (NEVER, 0);
        let mut node = trie.child(Trie::ROOT, byte);
        while let Some(here) = node {
            let tokens = self.tokens(next).saturating_add(1);
            if let Some(token) = trie.first_token(here)
                && tokens < best.0
            {
                best = (tokens, token);
            }
            let Some(step) = self.steps.get(next as usize) else { break };
            node = trie.child(here, step.byte);
            next = step.next;
        }
        best
    }

    fn clear(&mut self) {
        self.known.clear();
        self.steps.clear();
    }
}

impl Core {
    /// The fewest tokens to the end along a short way; `None` if none is known, or no tokens spell it.
    pub(super) fn place_cost(&mut self, cursor: &Cursor) -> Result<Option<u32>, MatchError> {
        if let Some(state) = cursor.plain().filter(|&state| !self.has_chains(state)) {
            return self.cost(state);
        }
        let chain = self.best_chain(cursor)?;
        if chain.is_surest {
            return Ok(chain.step.map(|step| self.rests.tokens(step)));
        }
        let other = self.whole_plan(cursor)?.map(|plan| plan.len() as u32);
        let tokens = chain.step.map(|step| self.rests.tokens(step));
        Ok(tokens.into_iter().chain(other).min())
    }

    /// The tokens of a short way to the end, as few as [`place_cost`](Self::place_cost) says.
    pub(super) fn place_plan(&mut self, cursor: &Cursor) -> Result<Option<Vec<TokenId>>, MatchError> {
        if let Some(state) = cursor.plain().filter(|&state| !self.has_chains(state)) {
            return self.plan(state);
        }
        let chain = self.best_chain(cursor)?;
        let plan = chain.step.map(|step| self.tokens_of_chain(step));
        if chain.is_surest {
            return Ok(plan);
        }
        let other = self.whole_plan(cursor)?;
        Ok(plan.into_iter().chain(other).min_by_key(Vec::len))
    }

    /// Whether ways from a state to its end are chains: with stops, or without tokens for all bytes, they are searched.
    fn has_chains(&self, state: StateId) -> bool {
        self.dfa.is_exact() && self.dfa.is_spellable(state)
    }

    fn whole_plan(&mut self, cursor: &Cursor) -> Result<Option<Vec<TokenId>>, MatchError> {
        let (dfa, depth) = (&mut self.dfa, self.depth);
        Ok(cursor.witness(dfa, depth)?.and_then(|text| self.vocab.fewest_tokens(&text)))
    }

    fn best_chain(&mut self, cursor: &Cursor) -> Result<BestChain, MatchError> {
        if self.rests.steps.len() > MOST_STEPS {
            self.rests.clear();
        }
        let nearest = cursor.distance(&self.dfa);
        let mut best = BestChain { step: None, is_surest: true };
        for way in cursor.ways() {
            if !has_own_end(&self.dfa, way) {
                continue;
            }
            let chain = self.chain_from(way)?.filter(|&step| self.rests.tokens(step) < NEVER);
            best.is_surest &= chain.is_some() || way.distance(&self.dfa) > nearest;
            best.step = [best.step, chain].into_iter().flatten().min_by_key(|&step| self.rests.tokens(step));
        }
        Ok(best)
    }

    fn tokens_of_chain(&self, mut step: StepId) -> Vec<TokenId> {
        let mut plan = Vec::new();
        while let Some(first) = self.rests.steps.get(step as usize) {
            plan.push(first.token);
            for _ in self.vocab.bytes(first.token) {
                step = self.rests.steps.get(step as usize).map_or(END, |step| step.next);
            }
        }
        plan
    }

    /// The chain of steps to the end that begins where a text stands.
    fn chain_from(&mut self, way: &Way) -> Result<Option<StepId>, MatchError> {
        if way.distance(&self.dfa) >= u64::from(u32::MAX) {
            return Ok(None);
        }
        let mut path = Vec::new();
        let mut text = Vec::new();
        let mut way = way.clone();
        let mut next = loop {
            if way.frame.is_none() && self.dfa.accepts(way.state) {
                break END;
            }
            if let Some(known) = self.known_chain(&way) {
                break known;
            }
            let Some((byte, next)) = self.step_nearer(&way, &mut text)? else { return Ok(None) };
            path.push((std::mem::replace(&mut way, next), byte));
        };
        let mut keyed = self.rests.steps.get(next as usize).map_or_else(Vec::new, |step| step.keyed.clone());
        for (way, byte) in path.into_iter().rev() {
            let depth = depth(way.frame.as_ref());
            keyed.retain(|&keyed| keyed <= depth);
            let (tokens, token) = self.rests.fewest(self.vocab.trie(), byte, next);
            let place = self.place_of(&way, keyed.contains(&depth));
            self.note_key(&way, &mut keyed);
            next = self.rests.add(Step { _place: way, byte, next, tokens, token, keyed: keyed.clone() });
            self.rests.known.extend(place.map(|place| (place, next)));
        }
        Ok(Some(next))
    }

    /// Notes that keys of a way's call are read.
    fn note_key(&self, way: &Way, keyed: &mut Vec<u32>) {
        let depth = depth(way.frame.as_ref());
        if self.dfa.flags(way.state).in_key && !keyed.contains(&depth) {
            keyed.push(depth);
        }
    }

    /// What a way is known by, if by anything: `keyed` says that keys of its call are read after it.
    fn place_of(&self, way: &Way, keyed: bool) -> Option<Place> {
        let keys = match keyed {
            false => ANY_KEYS,
            true => Some(way.keys.id()).filter(|_| way.keys.partial().is_empty())?,
        };
        Some((way.state, frame_id(way.frame.as_ref()), keys))
    }

    fn known_chain(&self, way: &Way) -> Option<StepId> {
        // Such a key has to be another than all that are known to end here.
        if self.dfa.flags(way.state).in_key && way.keys.contains(way.keys.partial()) {
            return None;
        }
        let known = |keyed| self.rests.known.get(&self.place_of(way, keyed)?).copied();
        known(false).or_else(|| known(true))
    }

    /// Whether it is known what a way's rest costs, and that this is the same whatever keys there are.
    pub(super) fn is_alike_for_keys(&self, way: &Way) -> bool {
        self.place_of(way, false).is_some_and(|place| self.rests.known.contains_key(&place))
    }

    /// A byte that comes nearer to the end, and where it leads. `text` is what is left of a way to the end of the
    /// rule that was found before.
    fn step_nearer(&mut self, way: &Way, text: &mut Vec<u8>) -> Result<Option<(u8, Way)>, MatchError> {
        let next_of_text = text.pop();
        let hint = self.rests.nearer.get(&way.state).copied().or(next_of_text);
        if hint != next_of_text {
            text.clear();
        }
        if let Some(byte) = hint
            && let Some(next) = self.nearer(way, byte)?
        {
            self.rests.nearer.insert(way.state, byte);
            return Ok(Some((byte, next)));
        }
        *text = self.dfa.witness(way.state)?.unwrap_or_default();
        text.reverse();
        let Some(byte) = text.pop() else { return Ok(None) };
        let next = self.nearer(way, byte)?;
        if next.is_some() {
            self.rests.nearer.insert(way.state, byte);
        }
        Ok(next.map(|next| (byte, next)))
    }

    /// Where a byte leads, if that is nearer to the end.
    fn nearer(&mut self, way: &Way, byte: u8) -> Result<Option<Way>, MatchError> {
        let cursor = Cursor::of_way(way.clone()).step(&mut self.dfa, byte, self.depth)?;
        let dfa = &self.dfa;
        let next = cursor.ways().filter(|way| has_own_end(dfa, way)).min_by_key(|way| way.distance(dfa));
        Ok(next.filter(|next| next.distance(dfa) < way.distance(dfa)).cloned())
    }
}

/// Whether the end is not just that of a call which is complete: where its callers go on is a way, too.
fn has_own_end(dfa: &Dfa, way: &Way) -> bool {
    way.frame.is_none() || !dfa.accepts(way.state)
}

/// The shortest of the chains of a place's ways.
struct BestChain {
    step: Option<StepId>,
    /// Whether the nearest ways all have one: else other texts may be shorter.
    is_surest: bool,
}
