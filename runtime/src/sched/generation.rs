//! One generation in progress: its matcher, the tokens that it chooses, and what there is to tell of it.
//!
//! It works on a [`Sequence`], of which it owns only the tokens behind the prompt; where these are in the model's memory
//! is the scheduler's business.

use std::time::Instant;

use agentc_constraint::{Commit, End, Finished, Matcher, Next, TokenId, Tokenize};

use super::memory::Sequence;
use crate::ask::{Chunk, GenAsk};
use crate::backend::GenProduct;
use crate::error::Fault;
use crate::model::Model;
use crate::sample::{self, Stream};
use crate::trace::{TokenOrigin, Usage};

/// Where a generation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The matcher has to say what comes next.
    Advance,
    /// A token has to be chosen, from the logits after all tokens.
    Choose,
    /// The value is complete.
    Done,
}

pub(super) struct Generation {
    pub(super) ask: GenAsk,
    /// Whether the context is the model's own, and keeps its tokens.
    pub(super) own: bool,
    /// Tokens of the context that were settled before.
    pub(super) settled: usize,
    /// Tokens of the prompt, without those that healing took back.
    pub(super) prompt: usize,
    /// What healing took back.
    pub(super) healed: Vec<u8>,
    /// Whether the end of the context comes before the generation's own `max`.
    pub(super) cut_by_context: bool,
    pub(super) matcher: Matcher,
    pub(super) stream: Stream,
    pub(super) stage: Stage,
    /// Bytes of the value that chunks have shown.
    pub(super) shown: usize,
    /// Tokens that were appended without a choice.
    pub(super) forced: u64,
    /// What has not been told yet.
    pub(super) chunks: Vec<Chunk>,
}

impl Generation {
    /// Lets the matcher go on until a token has to be chosen or the value is complete.
    pub(super) fn advance(
        &mut self,
        sequence: &mut Sequence,
        tokenizer: &dyn Tokenize,
        usage: &mut Usage,
    ) -> Result<(), Fault> {
        let started = Instant::now();
        while self.stage == Stage::Advance {
            match self.matcher.next(tokenizer).map_err(|error| self.fault(error))? {
                Next::Forced(tokens) => {
                    usage.forced_tokens += tokens.len() as u64;
                    self.forced += tokens.len() as u64;
                    // Forced text may have been tokenised anew together with the tokens before it.
                    sequence.replace(self.prompt, self.matcher.tokens());
                    self.tell(TokenOrigin::Forced, tokens);
                }
                Next::Choose => self.stage = Stage::Choose,
                Next::Done => self.stage = Stage::Done,
            }
        }
        usage.mask_us += started.elapsed().as_micros() as u64;
        Ok(())
    }

    /// Chooses a token from the logits.
    pub(super) fn choose(
        &mut self,
        sequence: &mut Sequence,
        model: &dyn Model,
        logits: &[f32],
        usage: &mut Usage,
    ) -> Result<(), Fault> {
        let started = Instant::now();
        let mask = self.matcher.mask().map_err(|error| self.fault(error))?;
        let vocab = model.vocab();
        if !mask.is_all() {
            usage.masked_steps += 1;
        }
        let (sampling, written) = (&self.ask.sampling, self.matcher.value_tokens());
        let chosen = sample::choose(logits, &mask, vocab, sampling, written, &mut self.stream);
        let token = chosen.ok_or_else(|| self.nothing_left())?;
        let first = sequence.tokens.len() == self.prompt;
        let healing = first && self.matcher.stable().is_empty() && !self.healed.is_empty();
        let commit = self.matcher.commit(token).map_err(|error| self.fault(error))?;
        self.stage = match commit {
            Commit::More => Stage::Advance,
            Commit::Done => Stage::Done,
        };
        usage.mask_us += started.elapsed().as_micros() as u64;
        if commit == Commit::More {
            sequence.replace(self.prompt, self.matcher.tokens());
            self.tell(if healing { TokenOrigin::Healed } else { TokenOrigin::Sampled }, vec![token]);
        }
        Ok(())
    }

    /// The value, once it is complete, and how many of the sequence's tokens belong to its context.
    pub(super) fn finish(
        &mut self,
        sequence: &Sequence,
        model: &dyn Model,
        usage: &mut Usage,
    ) -> Result<(GenProduct, usize), Fault> {
        let finished: Finished = self.matcher.finish(model).map_err(|error| self.fault(error))?;
        if finished.end == End::Max && self.cut_by_context {
            return Err(Fault::ContextFull { name: self.ask.name.clone(), n_ctx: model.info().n_ctx });
        }
        let text = String::from_utf8(finished.value).map_err(|error| Fault::NotOfType {
            name: self.ask.name.clone(),
            text: String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })?;
        let keep = self.prompt + finished.keep;
        let kept = (finished.keep + finished.tail.len()) as u64;
        usage.generated_tokens = kept.saturating_sub(self.forced);
        let joined = || {
            let prompt = &sequence.tokens[self.settled..self.prompt];
            let value = self.matcher.tokens()[..finished.keep].iter().chain(&finished.tail);
            prompt.iter().chain(value).copied().collect()
        };
        let product = GenProduct {
            text,
            tokens: self.own.then(joined),
            end: finished.end,
            value_tokens: finished.value_tokens,
        };
        Ok((product, keep.min(sequence.evaluated)))
    }

    /// Counts what was generated where it ends before its value is complete.
    pub(super) fn give_up(&self, usage: &mut Usage) {
        usage.generated_tokens = (self.matcher.tokens().len() as u64).saturating_sub(self.forced);
    }

    fn tell(&mut self, origin: TokenOrigin, tokens: Vec<TokenId>) {
        let stable = self.matcher.stable();
        let text = String::from_utf8_lossy(stable.get(self.shown..).unwrap_or_default()).into_owned();
        self.shown = self.shown.max(stable.len());
        self.chunks.push(Chunk { text, origin, tokens });
    }

    fn nothing_left(&self) -> Fault {
        let name = self.ask.name.clone();
        match self.ask.sampling.no_repeat {
            0 => Fault::EmptyMask { name },
            size => Fault::Repeats { name, size },
        }
    }

    fn fault(&self, error: agentc_constraint::MatchError) -> Fault {
        Fault::Match { name: self.ask.name.clone(), error }
    }
}
