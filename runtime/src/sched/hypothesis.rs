//! One of the values that a beam follows: it goes on up to its next choice, is told how likely all its tokens are, and
//! offers the likeliest ways to go on.
//!
//! A way on is a token that belongs to the value as a whole. Where the value may end, that it ends is one more way, as
//! likely as all tokens together that would add nothing to it.

use std::sync::Arc;
use std::time::Instant;

use agentc_constraint::{Commit, MatchError, Matcher, Next, TokenId, TokenSet, Tokenize};

use super::memory::Sequence;
use super::start::Start;
use crate::error::Fault;
use crate::kv::common_prefix;
use crate::model::Model;
use crate::sample::Likelihood;
use crate::trace::Usage;

/// A way to go on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Offer {
    /// The token; where the value ends, the likeliest of those that end it.
    pub(super) token: TokenId,
    /// How likely that is.
    pub(super) log: f64,
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The matcher has to say what comes next.
    Advance,
    /// There is a choice.
    Choose,
    /// The value is complete.
    Complete,
}

#[derive(Clone)]
pub(super) struct Hypothesis {
    pub(super) start: Arc<Start>,
    pub(super) matcher: Matcher,
    /// The log-probability of each of the matcher's tokens, as far as it is known.
    logs: Vec<f64>,
    /// The least share of probability that masks left at its choices.
    pub(super) least: f64,
    stage: Stage,
    /// The ways on, once they are known.
    pub(super) offers: Option<Vec<Offer>>,
}

impl Hypothesis {
    /// The beginning of all values.
    pub(super) fn new(start: Arc<Start>) -> Result<Hypothesis, Fault> {
        let matcher = start.matcher()?;
        let stage = Stage::Advance;
        Ok(Hypothesis { start, matcher, logs: Vec::new(), least: 1.0, stage, offers: None })
    }

    /// This value one token further, and whether it is complete then.
    pub(super) fn follow(&self, offer: Offer) -> Result<(Hypothesis, Commit), MatchError> {
        let mut next = self.clone();
        let commit = next.matcher.commit(offer.token)?;
        next.logs.push(offer.log);
        (next.stage, next.offers) = (Stage::Advance, None);
        Ok((next, commit))
    }

    /// The log-probability of all its tokens, once it is known.
    pub(super) fn log(&self) -> f64 {
        self.logs.iter().sum()
    }

    pub(super) fn is_complete(&self) -> bool {
        self.stage == Stage::Complete
    }

    /// The sequence that it works on.
    pub(super) fn sequence(&self) -> Sequence {
        Sequence::new([&self.start.prompt, self.matcher.tokens()].concat())
    }

    /// Whether it has any token of its own.
    pub(super) fn has_begun(&self) -> bool {
        !self.matcher.tokens().is_empty()
    }

    pub(super) fn advance(
        &mut self,
        sequence: &mut Sequence,
        tokenizer: &dyn Tokenize,
        usage: &mut Usage,
    ) -> Result<(), Fault> {
        let started = Instant::now();
        while self.stage == Stage::Advance {
            match self.matcher.next(tokenizer).map_err(|error| self.start.fault(error))? {
                Next::Forced(tokens) => {
                    usage.forced_tokens += tokens.len() as u64;
                    // Forced text may have been tokenised anew together with the tokens before it.
                    let prompt = self.start.prompt.len();
                    let old = &sequence.tokens[prompt..];
                    self.logs.truncate(common_prefix(old, self.matcher.tokens()));
                    sequence.replace(prompt, self.matcher.tokens());
                }
                Next::Choose => self.stage = Stage::Choose,
                Next::Done => self.stage = Stage::Complete,
            }
        }
        usage.mask_us += started.elapsed().as_micros() as u64;
        Ok(())
    }

    fn unscored(&self) -> usize {
        self.matcher.tokens().len() - self.logs.len().min(self.matcher.tokens().len())
    }

    pub(super) fn is_done(&self) -> bool {
        match self.stage {
            Stage::Advance => false,
            Stage::Choose => self.offers.is_some(),
            Stage::Complete => self.unscored() == 0,
        }
    }

    pub(super) fn waits(&self) -> bool {
        self.stage != Stage::Advance && !self.is_done()
    }

    /// The token after which logits are wanted next.
    pub(super) fn next(&self) -> usize {
        self.start.prompt.len() + self.logs.len() - 1
    }

    pub(super) fn wants(&self, at: usize, tokens: usize) -> bool {
        at >= self.next() && (at + 1 < tokens || self.stage == Stage::Choose)
    }

    pub(super) fn read(
        &mut self,
        at: usize,
        sequence: &Sequence,
        model: &dyn Model,
        logits: &[f32],
        usage: &mut Usage,
    ) -> Result<(), Fault> {
        let likelihood = Likelihood::of(logits);
        if let Some(&token) = sequence.tokens.get(at + 1) {
            self.logs.push(likelihood.log(token));
            return Ok(());
        }
        let started = Instant::now();
        let offers = self.offer(&likelihood, model).map_err(|error| self.start.fault(error))?;
        self.offers = Some(offers);
        usage.masked_steps += 1;
        usage.mask_us += started.elapsed().as_micros() as u64;
        Ok(())
    }

    /// The likeliest ways on, as many as there are beams.
    fn offer(&mut self, likelihood: &Likelihood<'_>, model: &dyn Model) -> Result<Vec<Offer>, MatchError> {
        let vocab = model.vocab();
        let mask = self.matcher.mask()?;
        self.least = self.least.min(likelihood.share(&mask, vocab));
        let adding = self.adding()?;
        let is_adding = |token: TokenId| adding.as_ref().is_some_and(|adding| adding.contains(vocab, token));
        let (mut going, mut ending): (Vec<Offer>, Vec<Offer>) = (Vec::new(), Vec::new());
        for token in mask.iter(vocab) {
            let offer = Offer { token, log: likelihood.log(token) };
            if is_adding(token) { going.push(offer) } else { ending.push(offer) }
        }
        let end = ending.iter().copied().min_by(likeliest).map(|best| {
            let log = likelihood.log_of_any(ending.iter().map(|offer| offer.token));
            Offer { log, ..best }
        });
        let mut offers = self.whole(going, model);
        offers.extend(end);
        offers.sort_by(likeliest);
        offers.truncate(self.start.beams());
        Ok(offers)
    }

    /// The tokens that add something to the value; `None` if there are none.
    fn adding(&self) -> Result<Option<Arc<TokenSet>>, MatchError> {
        let used = u32::try_from(self.matcher.value_tokens().len()).unwrap_or(u32::MAX);
        let mut longer = self.matcher.clone();
        longer.set_min(self.start.ask.min.max(used.saturating_add(1)));
        match longer.mask() {
            Ok(mask) => Ok(Some(mask)),
            Err(MatchError::NoToken { .. } | MatchError::TooShort { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The likeliest of those that belong to the value as a whole, or, if there is none, of all: as many as there are beams.
    fn whole(&self, mut offers: Vec<Offer>, model: &dyn Model) -> Vec<Offer> {
        let (mut whole, mut parts): (Vec<Offer>, Vec<Offer>) = (Vec::new(), Vec::new());
        let mut look_at = self.start.beams().saturating_mul(4).saturating_add(16);
        let mut from = 0;
        while from < offers.len() && whole.len() < self.start.beams() {
            let rest = &mut offers[from..];
            let count = look_at.min(rest.len());
            if count < rest.len() {
                rest.select_nth_unstable_by(count, likeliest);
            }
            rest[..count].sort_unstable_by(likeliest);
            for &offer in &rest[..count] {
                match self.takes_whole(offer.token, model) {
                    Some(true) => whole.push(offer),
                    Some(false) => parts.push(offer),
                    None => {}
                }
            }
            from += count;
            look_at = look_at.saturating_mul(8);
        }
        let mut best = if whole.is_empty() { parts } else { whole };
        best.truncate(self.start.beams());
        best
    }

    /// Whether all of a token belongs to the value; nothing if it cannot be taken.
    fn takes_whole(&self, token: TokenId, model: &dyn Model) -> Option<bool> {
        let mut next = self.matcher.clone();
        match next.commit(token).ok()? {
            Commit::More => Some(true),
            Commit::Done => {
                let finished = next.finish(model).ok()?;
                Some(finished.keep == next.tokens().len() && finished.tail.is_empty())
            }
        }
    }
}

/// Of equals the token with the smaller number.
fn likeliest(a: &Offer, b: &Offer) -> std::cmp::Ordering {
    b.log.total_cmp(&a.log).then(a.token.cmp(&b.token))
}
