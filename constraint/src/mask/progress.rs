//! How far a generation has come: which tokens may come, which have come, and where the value ends.

use std::sync::Arc;

use super::core::Core;
use super::finish::Spelled;
use super::matcher::{Commit, End};
use super::tight::Tight;
use crate::error::MatchError;
use crate::pattern::cursor::Cursor;
use crate::pattern::lazy::{DEAD, Flag};
use crate::pattern::until::{StopFinder, Tail};
use crate::vocab::{TokenId, TokenSet, Vocab};

/// A generation, but for its constraint: all that it knows itself.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    /// Bytes to spell before the value.
    pub(super) heal: Arc<[u8]>,
    pub(super) max: u32,
    pub(super) min: u32,
    pub(super) tokens: Vec<TokenId>,
    /// All bytes of the tokens: first those of `heal`, then the value's.
    pub(super) bytes: Vec<u8>,
    pub(super) now: Position,
    /// The positions before each token.
    pub(super) before: Vec<Position>,
    pub(super) end: Option<Ending>,
    pub(super) stops: Option<StopFinder>,
    /// The mask that was made to see whether there is a choice, for that choice.
    pub(super) prepared: Option<Arc<TokenSet>>,
}

/// All that changes with a token.
#[derive(Debug, Clone)]
pub(super) struct Position {
    pub(super) place: Cursor,
    pub(super) len: usize,
    /// Tokens of the value so far.
    pub(super) used: u32,
    /// No partial stop began before this place.
    pub(super) stable: usize,
    /// A path to the end that fits, where tokens are short; its next token is always allowed.
    pub(super) plan: Option<Arc<[TokenId]>>,
}

#[derive(Debug, Clone)]
pub(super) struct Ending {
    /// Where the value ends, in bytes.
    pub(super) at: usize,
    pub(super) end: End,
}

impl Progress {
    /// The beginning. An error if even a short value has more than `max` tokens.
    pub(super) fn new(
        core: &mut Core<'_>,
        stops: Option<StopFinder>,
        heal: &[u8],
        max: u32,
    ) -> Result<Progress, MatchError> {
        let place = core.start()?;
        let plan = if core.place_fits(&place, max)? { None } else { Some(plan(core, &place, max)?) };
        Ok(Progress {
            heal: heal.into(),
            max,
            min: 0,
            tokens: Vec::new(),
            bytes: Vec::new(),
            now: Position { place, len: 0, used: 0, stable: heal.len(), plan },
            before: Vec::new(),
            end: None,
            stops,
            prepared: None,
        })
    }

    /// The tokens that may be chosen; an error if there is none.
    pub(super) fn mask(&mut self, core: &mut Core<'_>) -> Result<Arc<TokenSet>, MatchError> {
        let mask = match self.prepared.take() {
            Some(mask) => mask,
            None => self.mask_in(core)?,
        };
        if mask.is_empty() {
            self.check_length()?;
            return Err(MatchError::NoToken { text: self.last_text() });
        }
        Ok(mask)
    }

    /// The bytes of the value that are certain: whole characters that cannot turn out to belong to a stop.
    pub(super) fn stable(&self) -> &[u8] {
        let from = self.heal.len();
        let to = self.end.as_ref().map_or(self.now.stable, |ending| ending.at);
        let text = self.bytes.get(from..to).unwrap_or_default();
        match std::str::from_utf8(text) {
            Ok(_) => text,
            Err(error) => &text[..error.valid_up_to()],
        }
    }

    pub(super) fn mask_in(&mut self, core: &mut Core<'_>) -> Result<Arc<TokenSet>, MatchError> {
        if self.may_be_short(core.vocab) { self.growing_mask(core) } else { self.ending_mask(core) }
    }

    /// The tokens that may be chosen where the value may also end.
    pub(super) fn ending_mask(&mut self, core: &mut Core<'_>) -> Result<Arc<TokenSet>, MatchError> {
        let heal = self.heal.get(self.bytes.len()..).unwrap_or_default();
        let left = self.left();
        let (plenty, suffices) = core.plenty_mask(&self.now.place, heal, left)?;
        if suffices {
            return Ok(plenty);
        }
        let healed = heal.is_empty();
        let mut mask = self.tight_mask(core, &plenty)?;
        if healed {
            if self.now.plan.is_none() && !self.is_complete(core) {
                self.now.plan = Some(plan(core, &self.now.place, left)?);
            }
            if let Some(&token) = self.now.plan.as_ref().and_then(|plan| plan.first())
                && let Some(rank) = core.vocab.trie().rank(token)
            {
                mask.insert_ranks(rank, rank + 1);
                mask.count();
            }
            mask.set_ends(self.is_complete(core));
        }
        Ok(Arc::new(mask))
    }

    fn tight_mask(&self, core: &mut Core<'_>, plenty: &TokenSet) -> Result<TokenSet, MatchError> {
        let heal = self.heal.get(self.bytes.len()..).unwrap_or_default();
        let vocab = core.vocab;
        let mut stop_fits = |text: &[u8]| Ok(self.stop_with(vocab, text)?.is_some());
        let mut tight = Tight { heal, left: self.left(), plenty, stop_fits: &mut stop_fits };
        core.tight_mask(&self.now.place, &mut tight)
    }

    pub(super) fn commit_in(&mut self, core: &mut Core<'_>, token: TokenId) -> Result<Commit, MatchError> {
        let refused = Err(MatchError::NotAllowed { token });
        if self.end.is_some() {
            return refused;
        }
        if core.vocab.is_end(token) {
            if !self.is_healed() || self.is_short() || !self.is_complete(core) {
                return refused;
            }
            self.end = Some(Ending { at: self.bytes.len(), end: End::EndOfTurn });
            return Ok(Commit::Done);
        }
        let text = core.vocab.bytes(token);
        if text.is_empty() {
            return refused;
        }
        match self.read(core, text)? {
            Read::All(place) => self.go_on(core, token, text, place),
            Read::Stopped(len) => self.stop(core.vocab, token, &text[..len]),
            Read::Part(accepted) => match self.longest_that_fits(core, text, &accepted) {
                Some(len) => {
                    self.push(token, &text[..len], self.now.place.clone());
                    let at = self.bytes.len();
                    self.end = Some(Ending { at, end: self.reason(&text[len..])? });
                    Ok(Commit::Done)
                }
                None => refused,
            },
        }
    }

    /// Follows a token's bytes without taking it.
    fn read(&self, core: &mut Core<'_>, text: &[u8]) -> Result<Read, MatchError> {
        let heal = self.heal.get(self.bytes.len()..).unwrap_or_default();
        let spelled = heal.len().min(text.len());
        if text[..spelled] != heal[..spelled] {
            return Ok(Read::Part(Vec::new()));
        }
        let mut accepted = Vec::new();
        if spelled == heal.len() && self.is_complete(core) {
            accepted.push(spelled);
        }
        match self.now.place.plain() {
            Some(_) if !core.dfa.has_calls() => self.read_states(core, text, spelled, accepted),
            _ => self.read_calls(core, text, spelled, accepted),
        }
    }

    /// [`read`](Self::read) where the state says all.
    fn read_states(
        &self,
        core: &mut Core<'_>,
        text: &[u8],
        spelled: usize,
        mut accepted: Vec<usize>,
    ) -> Result<Read, MatchError> {
        let mut state = self.now.place.plain().unwrap_or(DEAD);
        for (at, &byte) in text.iter().enumerate().skip(spelled) {
            state = core.dfa.next(state, byte)?;
            if state == DEAD {
                return Ok(Read::Part(accepted));
            }
            let flags = core.dfa.flags(state);
            if flags.has(Flag::Stopped) {
                return Ok(Read::Stopped(at + 1));
            }
            if flags.has(Flag::Accepts) {
                accepted.push(at + 1);
            }
        }
        Ok(Read::All(Cursor::of_state(state)))
    }

    /// [`read`](Self::read) under calls.
    fn read_calls(
        &self,
        core: &mut Core<'_>,
        text: &[u8],
        spelled: usize,
        mut accepted: Vec<usize>,
    ) -> Result<Read, MatchError> {
        let depth = core.depth;
        let mut place = self.now.place.clone();
        for (at, &byte) in text.iter().enumerate().skip(spelled) {
            place = place.step(core.dfa, byte, depth)?;
            if place.is_dead() {
                return Ok(Read::Part(accepted));
            }
            if place.accepts(core.dfa) {
                accepted.push(at + 1);
            }
        }
        Ok(Read::All(place))
    }

    /// Whether the value is complete here.
    pub(super) fn is_complete(&self, core: &Core<'_>) -> bool {
        self.now.place.accepts(core.dfa)
    }

    fn go_on(
        &mut self,
        core: &mut Core<'_>,
        token: TokenId,
        text: &[u8],
        place: Cursor,
    ) -> Result<Commit, MatchError> {
        let healing = self.bytes.len() + text.len() <= self.heal.len();
        // The plan begins where the healed bytes end: a token across that border is none of its.
        let next_of_plan = |plan: &&Arc<[TokenId]>| self.is_healed() && plan.first() == Some(&token);
        let planned = self.now.plan.as_ref().filter(next_of_plan).map(|plan| plan[1..].into());
        let left = self.left().saturating_sub(u32::from(!healing));
        let fits = healing || planned.is_some() || core.place_fits(&place, left)?;
        if !fits || (!healing && self.left() == 0) {
            return Err(MatchError::NotAllowed { token });
        }
        let ends = self.bytes.len() + text.len() >= self.heal.len()
            && place.accepts(core.dfa)
            && place.next_bytes(core.dfa)?.is_empty();
        if ends && self.now.used + u32::from(!healing) < self.min {
            return Err(MatchError::NotAllowed { token });
        }
        let stable = self.stable_after(text)?;
        let keep_plan = if healing { self.now.plan.clone() } else { planned };
        self.push(token, text, place);
        (self.now.stable, self.now.plan) = (stable, keep_plan);
        if ends {
            self.end = Some(Ending { at: self.bytes.len(), end: End::Value });
            return Ok(Commit::Done);
        }
        Ok(Commit::More)
    }

    /// Up to where text is certain after the token's bytes: a stop may be in progress.
    fn stable_after(&self, text: &[u8]) -> Result<usize, MatchError> {
        let end = self.bytes.len() + text.len();
        let from = self.now.stable;
        let Some(stops) = &self.stops else { return Ok(end) };
        Ok(match stops.tail(&[&self.bytes, text].concat(), from)? {
            Tail::Clear => end.max(from),
            Tail::Partial(at) | Tail::Complete(at) => at,
        })
    }

    fn stop(&mut self, vocab: &Vocab, token: TokenId, text: &[u8]) -> Result<Commit, MatchError> {
        let at = self.stop_with(vocab, text)?.ok_or(MatchError::NotAllowed { token })?;
        self.push(token, text, self.now.place.clone());
        let stop = String::from_utf8_lossy(&self.bytes[at..]).into_owned();
        self.end = Some(Ending { at, end: End::Stop { text: stop } });
        Ok(Commit::Done)
    }

    /// Where the value ends if a stop is complete at the end of a token's bytes, provided that the tokens
    /// that spell the value up to there fit (parts of tokens may need several) and are enough.
    pub(super) fn stop_with(&self, vocab: &Vocab, text: &[u8]) -> Result<Option<usize>, MatchError> {
        let Some(stops) = &self.stops else { return Ok(None) };
        let bytes = [&self.bytes, text].concat();
        let Tail::Complete(at) = stops.tail(&bytes, self.now.stable)? else { return Ok(None) };
        let Spelled { len, used, .. } = self.spelled(vocab, at);
        let rest = &bytes[len..at];
        let fits = rest.is_empty() || {
            let fewest = vocab.fewest_tokens(rest);
            fewest.is_some_and(|fewest| used + self.counted(vocab, len, &fewest) <= self.max as usize)
        };
        Ok(Some(at).filter(|&at| fits && self.is_long_at(vocab, at)))
    }

    fn push(&mut self, token: TokenId, text: &[u8], place: Cursor) {
        self.prepared = None;
        self.before.push(self.now.clone());
        self.tokens.push(token);
        self.bytes.extend_from_slice(text);
        self.now.place = place;
        self.now.len = self.bytes.len();
        self.now.used += u32::from(self.bytes.len() > self.heal.len());
    }

    /// The last of the places where a token may end the value whose text still fits and is long enough.
    fn longest_that_fits(&self, core: &Core<'_>, text: &[u8], accepted: &[usize]) -> Option<usize> {
        let left = self.left() as usize;
        accepted.iter().rev().copied().find(|&len| {
            let value_bytes = (self.bytes.len() + len).saturating_sub(self.heal.len().max(self.bytes.len()));
            let fits = value_bytes == 0
                || len <= left
                || core.vocab.fewest_tokens(&text[..len]).is_some_and(|t| t.len() <= left);
            fits && self.is_long_at(core.vocab, self.bytes.len() + len)
        })
    }

    /// The value is complete, and `rest` is what the model wanted to write next: perhaps a stop.
    fn reason(&self, rest: &[u8]) -> Result<End, MatchError> {
        let Some(stops) = &self.stops else { return Ok(End::Value) };
        Ok(match stops.at_start(rest)? {
            Some(len) => End::Stop { text: String::from_utf8_lossy(&rest[..len]).into_owned() },
            None => End::Value,
        })
    }

    /// Takes back up to that many of the last tokens, and the end of the value.
    pub(super) fn take_back(&mut self, tokens: usize) {
        let stay = self.tokens.len().saturating_sub(tokens);
        if let Some(position) = self.before.get(stay) {
            self.now = position.clone();
        }
        self.prepared = None;
        self.before.truncate(stay);
        self.tokens.truncate(stay);
        self.bytes.truncate(self.now.len);
        self.end = None;
    }

    /// Tokens that may still be added.
    pub(super) fn left(&self) -> u32 {
        self.max.saturating_sub(self.now.used)
    }

    pub(super) fn is_healed(&self) -> bool {
        self.bytes.len() >= self.heal.len()
    }

    pub(super) fn is_done(&self) -> bool {
        self.end.is_some()
    }

    pub(super) fn end_here(&mut self, end: End) {
        self.end = Some(Ending { at: self.bytes.len(), end });
    }

    fn last_text(&self) -> String {
        let from = self.bytes.len().saturating_sub(40);
        String::from_utf8_lossy(&self.bytes[from..]).into_owned()
    }
}

/// How far a token can be read.
enum Read {
    /// To its end.
    All(Cursor),
    /// A stop is complete after this many bytes.
    Stopped(usize),
    /// Not to its end; the value may end after this many bytes of it.
    Part(Vec<usize>),
}

/// A path to the end with at most `left` tokens. If a short text takes more, others are searched: a longer or
/// different text may take fewer.
fn plan(core: &mut Core<'_>, place: &Cursor, left: u32) -> Result<Arc<[TokenId]>, MatchError> {
    let plan = match core.place_plan(place)? {
        Some(plan) if plan.len() > left as usize => {
            let need = plan.len();
            let better = match place.plain() {
                Some(state) if !core.dfa.has_keys() => core.better_plan(state)?,
                _ => None,
            };
            let better = better.filter(|plan| plan.len() <= left as usize);
            better.ok_or(MatchError::CannotFinish { need, max: left })?
        }
        Some(plan) => plan,
        None => return Err(MatchError::NoToken { text: String::new() }),
    };
    Ok(plan.into())
}
