//! Beam search: the likeliest values are followed beside each other, step by step, and the likeliest complete one wins.
//!
//! How likely a value is, is the product of the model's probabilities for its tokens, whatever their number, and, where
//! the value might have gone on, for its end. A longer value is never likelier than its beginning: so the search is over
//! once a complete value is at least as likely as all that go on, and with enough beams it finds the likeliest of all.

use std::sync::Arc;

use agentc_constraint::{Commit, MatchError};

use super::hypothesis::{Hypothesis, Offer};
use super::start::{Start, Written};
use crate::error::Fault;
use crate::model::Model;

pub(super) struct Beam {
    start: Arc<Start>,
    /// Those that go on, in the order of their likelihood.
    pub(super) live: Vec<Hypothesis>,
    /// Those that have come to their next choice, by number.
    back: Vec<(usize, Hypothesis)>,
    best: Option<(f64, Hypothesis)>,
    /// Why one came to no end, where that is a matter of the constraint.
    failed: Option<MatchError>,
    /// Tokens that were taken.
    pub(super) taken: u64,
}

impl Beam {
    pub(super) fn new(start: &Arc<Start>) -> Result<Beam, Fault> {
        let live = vec![Hypothesis::new(start.clone())?];
        Ok(Beam { start: start.clone(), live, back: Vec::new(), best: None, failed: None, taken: 0 })
    }

    pub(super) fn take(&mut self, number: usize, hypothesis: Hypothesis) {
        self.back.push((number, hypothesis));
    }

    /// One of them cannot go on: that ends the search only if none is left.
    pub(super) fn fail(&mut self, error: MatchError) {
        self.failed.get_or_insert(error);
    }

    /// Once all have come to their next choice: the next step, or the value.
    pub(super) fn turn(&mut self, model: &dyn Model) -> Result<Option<(Written, f64)>, Fault> {
        let mut back = std::mem::take(&mut self.back);
        back.sort_by_key(|(number, _)| *number);
        let mut ways: Vec<(f64, &Hypothesis, Offer)> = Vec::new();
        for (_, hypothesis) in &back {
            if hypothesis.is_complete() {
                complete(&mut self.best, hypothesis.log(), hypothesis.clone());
            }
            let offers = hypothesis.offers.iter().flatten();
            ways.extend(offers.map(|&offer| (hypothesis.log() + offer.log, hypothesis, offer)));
        }
        // Stable: of equals the one that was likelier before goes first.
        ways.sort_by(|a, b| b.0.total_cmp(&a.0));
        self.live = self.follow(ways)?;
        let best = self.best.as_ref().map_or(f64::NEG_INFINITY, |(log, _)| *log);
        self.live.retain(|hypothesis| hypothesis.log() > best);
        if !self.live.is_empty() {
            return Ok(None);
        }
        let Some((_, hypothesis)) = self.best.take() else { return Err(self.nothing()) };
        let written = self.start.written(&hypothesis.matcher, model)?;
        Ok(Some((written, hypothesis.least)))
    }

    /// The best ways, as many as there are beams; those that are complete are out.
    fn follow(&mut self, ways: Vec<(f64, &Hypothesis, Offer)>) -> Result<Vec<Hypothesis>, Fault> {
        let (mut live, mut followed) = (Vec::new(), 0);
        for (log, hypothesis, offer) in ways {
            if followed == self.start.beams() {
                break;
            }
            match hypothesis.follow(offer) {
                Ok((next, Commit::More)) => live.push(next),
                Ok((next, Commit::Done)) => complete(&mut self.best, log, next),
                Err(error @ MatchError::NotAllowed { .. }) => {
                    self.fail(error);
                    continue;
                }
                Err(error) => return Err(self.start.fault(error)),
            }
            followed += 1;
        }
        self.taken += followed as u64;
        Ok(live)
    }

    fn nothing(&self) -> Fault {
        match &self.failed {
            Some(error) => self.start.fault(error.clone()),
            None => Fault::EmptyMask { name: self.start.ask.name.clone() },
        }
    }
}

/// Keeps the better one; of equals the first.
fn complete(best: &mut Option<(f64, Hypothesis)>, log: f64, hypothesis: Hypothesis) {
    if best.as_ref().is_none_or(|(other, _)| log > *other) {
        *best = Some((log, hypothesis));
    }
}
