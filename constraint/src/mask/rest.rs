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
use crate::pattern::lazy::{Flag, StateId};
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

impl Core<'_> {
    /// The fewest tokens to the end along a short way; `None` if none is known, or no tokens spell it.
    pub(super) fn place_cost(&mut self, cursor: &Cursor) -> Result<Option<u32>, MatchError> {
        if let Some(state) = cursor.plain().filter(|&state| !self.has_chains(state)) {
            return self.cost(state);
        }
        let chain = self.best_chain(cursor)?;
        let tokens = chain.step.map(|step| self.rests().tokens(step));
        if chain.is_surest {
            return Ok(tokens);
        }
        let other = self.whole_plan(cursor)?.map(|plan| plan.len() as u32);
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
        Ok(cursor.witness(self.dfa, self.depth)?.and_then(|text| self.vocab.fewest_tokens(&text)))
    }

    fn rests(&mut self) -> &mut Rests {
        &mut self.work().rests
    }

    fn best_chain(&mut self, cursor: &Cursor) -> Result<BestChain, MatchError> {
        if self.rests().steps.len() > MOST_STEPS {
            self.rests().clear();
        }
        let nearest = cursor.distance(self.dfa);
        let mut best = BestChain { step: None, is_surest: true };
        for way in cursor.ways() {
            if !way.has_own_end(self.dfa) {
                continue;
            }
            let chain = self.chain_from(way)?;
            let rests = self.rests();
            let chain = chain.filter(|&step| rests.tokens(step) < NEVER);
            best.step = [best.step, chain].into_iter().flatten().min_by_key(|&step| rests.tokens(step));
            best.is_surest &= chain.is_some() || way.distance(self.dfa) > nearest;
        }
        Ok(best)
    }

    fn tokens_of_chain(&mut self, mut step: StepId) -> Vec<TokenId> {
        let vocab = self.vocab;
        let steps = &self.rests().steps;
        let mut plan = Vec::new();
        while let Some(first) = steps.get(step as usize) {
            plan.push(first.token);
            for _ in vocab.bytes(first.token) {
                step = steps.get(step as usize).map_or(END, |step| step.next);
            }
        }
        plan
    }

    /// The chain of steps to the end that begins where a text stands.
    fn chain_from(&mut self, way: &Way) -> Result<Option<StepId>, MatchError> {
        if way.distance(self.dfa) >= u64::from(u32::MAX) {
            return Ok(None);
        }
        let mut path = Vec::new();
        let mut way = way.clone();
        let next = loop {
            if way.frame.is_none() && self.dfa.accepts(way.state) {
                break END;
            }
            if let Some(known) = self.known_chain(&way) {
                break known;
            }
            let Some((byte, next)) = self.step_nearer(&way)? else { return Ok(None) };
            path.push((std::mem::replace(&mut way, next), byte));
        };
        Ok(Some(self.add_steps(path, next)))
    }

    /// Adds steps before one that is known; the first of them.
    fn add_steps(&mut self, path: Vec<(Way, u8)>, mut next: StepId) -> StepId {
        let trie = self.vocab.trie();
        let mut keyed =
            self.rests().steps.get(next as usize).map_or_else(Vec::new, |step| step.keyed.clone());
        for (way, byte) in path.into_iter().rev() {
            let depth = depth(way.frame.as_ref());
            keyed.retain(|&keyed| keyed <= depth);
            let place = place_of(&way, keyed.contains(&depth));
            self.note_key(&way, &mut keyed);
            let rests = self.rests();
            let (tokens, token) = rests.fewest(trie, byte, next);
            next = rests.add(Step { _place: way, byte, next, tokens, token, keyed: keyed.clone() });
            rests.known.extend(place.map(|place| (place, next)));
        }
        next
    }

    /// Notes that keys of a way's call are read.
    fn note_key(&self, way: &Way, keyed: &mut Vec<u32>) {
        let depth = depth(way.frame.as_ref());
        if self.dfa.flags(way.state).has(Flag::InKey) && !keyed.contains(&depth) {
            keyed.push(depth);
        }
    }

    fn known_chain(&mut self, way: &Way) -> Option<StepId> {
        // Such a key has to be another than all that are known to end here.
        if self.dfa.flags(way.state).has(Flag::InKey) && way.keys.contains(way.keys.partial()) {
            return None;
        }
        let known = &self.rests().known;
        let known = |keyed| known.get(&place_of(way, keyed)?).copied();
        known(false).or_else(|| known(true))
    }

    /// Whether it is known what a way's rest costs, and that this is the same whatever keys there are.
    pub(super) fn is_alike_for_keys(&mut self, way: &Way) -> bool {
        place_of(way, false).is_some_and(|place| self.rests().known.contains_key(&place))
    }

    /// A byte that comes nearer to the end, and where it leads. It depends on the state alone, not on what was looked at
    /// before: what a text costs is the same for everybody.
    fn step_nearer(&mut self, way: &Way) -> Result<Option<(u8, Way)>, MatchError> {
        let byte = match self.rests().nearer.get(&way.state) {
            Some(&byte) => byte,
            None => {
                let Some(byte) = self.dfa.first_of_witness(way.state) else { return Ok(None) };
                self.rests().nearer.insert(way.state, byte);
                byte
            }
        };
        Ok(self.nearer(way, byte)?.map(|next| (byte, next)))
    }

    /// Where a byte leads, if that is nearer to the end.
    fn nearer(&self, way: &Way, byte: u8) -> Result<Option<Way>, MatchError> {
        let cursor = Cursor::of_way(way.clone()).step(self.dfa, byte, self.depth)?;
        let is_nearer = |next: &&Way| next.distance(self.dfa) < way.distance(self.dfa);
        Ok(cursor.nearest(self.dfa).filter(is_nearer).cloned())
    }
}

/// What a way is known by, if by anything: `keyed` says that keys of its call are read after it.
fn place_of(way: &Way, keyed: bool) -> Option<Place> {
    let keys = match keyed {
        false => ANY_KEYS,
        true => Some(way.keys.id()).filter(|_| way.keys.partial().is_empty())?,
    };
    Some((way.state, frame_id(way.frame.as_ref()), keys))
}

/// The shortest of the chains of a place's ways.
struct BestChain {
    step: Option<StepId>,
    /// Whether the nearest ways all have one: else other texts may be shorter.
    is_surest: bool,
}
