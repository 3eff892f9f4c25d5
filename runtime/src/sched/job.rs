//! One generation in progress: its tokens, its matcher, and what it has reported so far.

use std::time::Instant;

use agentc_constraint::{Commit, End, Finished, Matcher, Next, TokenId, Tokenize};

use crate::ask::{GenAnswer, GenAsk};
use crate::error::Fault;
use crate::kv::Lease;
use crate::model::Model;
use crate::sample::{self, Stream};
use crate::trace::{Event, TokenOrigin, Usage};

/// Names a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobId {
    /// Which scheduler's, of those that work together.
    pub(super) sched: usize,
    /// From 1, in the order of their beginning.
    pub(super) number: u64,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The matcher has to say what comes next.
    Advance,
    /// A token has to be chosen, from the logits after all tokens.
    Choose,
    /// The value is complete.
    Done,
}

pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) ask: GenAsk,
    /// Whether the context is the model's own, and keeps its tokens.
    pub(super) own: bool,
    /// Bytes of the text before the generation that events tell with it.
    pub(super) told: usize,
    /// The prompt, without what healing took back, and what was generated.
    pub(super) tokens: Vec<TokenId>,
    /// Tokens of the prompt.
    pub(super) prompt: usize,
    /// What healing took back.
    pub(super) healed: Vec<u8>,
    /// Whether the end of the context comes before the generation's own `max`.
    pub(super) cut_by_context: bool,
    pub(super) matcher: Matcher,
    pub(super) stream: Stream,
    pub(super) lease: Option<Lease>,
    /// Tokens in the KV memory.
    pub(super) evaluated: usize,
    pub(super) stage: Stage,
    /// Bytes of the value that events have shown.
    pub(super) shown: usize,
    /// Tokens that were appended without a choice.
    pub(super) forced: u64,
    /// Whether the logits after the prompt have been seen: later evaluations are decoding.
    pub(super) prefilled: bool,
    pub(super) events: Vec<Event>,
    pub(super) usage: Usage,
}

impl Job {
    /// Lets the matcher go on until a token has to be chosen or the value is complete.
    pub(super) fn advance(&mut self, tokenizer: &dyn Tokenize) -> Result<(), Fault> {
        let started = Instant::now();
        while self.stage == Stage::Advance {
            match self.matcher.next(tokenizer).map_err(|error| self.fault(error))? {
                Next::Forced(tokens) => {
                    self.usage.forced_tokens += tokens.len() as u64;
                    self.forced += tokens.len() as u64;
                    self.sync();
                    self.tell(TokenOrigin::Forced, tokens);
                }
                Next::Choose => self.stage = Stage::Choose,
                Next::Done => self.stage = Stage::Done,
            }
        }
        self.usage.mask_us += started.elapsed().as_micros() as u64;
        Ok(())
    }

    /// Chooses a token from the logits.
    pub(super) fn choose(&mut self, model: &dyn Model, logits: &[f32]) -> Result<(), Fault> {
        let started = Instant::now();
        let mask = self.matcher.mask().map_err(|error| self.fault(error))?;
        let vocab = model.vocab();
        if !mask.is_all() {
            self.usage.masked_steps += 1;
        }
        let (sampling, written) = (&self.ask.sampling, self.matcher.value_tokens());
        let chosen = sample::choose(logits, &mask, vocab, sampling, written, &mut self.stream);
        let token = chosen.ok_or_else(|| self.nothing_left())?;
        let healing =
            self.matcher.stable().is_empty() && !self.healed.is_empty() && self.tokens.len() == self.prompt;
        let commit = self.matcher.commit(token).map_err(|error| self.fault(error))?;
        self.stage = match commit {
            Commit::More => Stage::Advance,
            Commit::Done => Stage::Done,
        };
        self.usage.mask_us += started.elapsed().as_micros() as u64;
        if commit == Commit::More {
            self.sync();
            self.tell(if healing { TokenOrigin::Healed } else { TokenOrigin::Sampled }, vec![token]);
        }
        Ok(())
    }

    /// The result of a job that is done, and how many of its evaluated tokens remain in its context.
    pub(super) fn finish(&mut self, model: &dyn Model) -> Result<(GenAnswer, usize), Fault> {
        let finished: Finished = self.matcher.finish(model).map_err(|error| self.fault(error))?;
        if finished.end == End::Max && self.cut_by_context {
            return Err(Fault::ContextFull { name: self.ask.name.clone(), n_ctx: model.info().n_ctx });
        }
        let text = String::from_utf8(finished.value).map_err(|error| Fault::NotOfType {
            name: self.ask.name.clone(),
            text: String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })?;
        let keep = self.prompt + finished.keep;
        let mut tokens = self.tokens[..self.prompt].to_vec();
        tokens.extend(&self.matcher.tokens()[..finished.keep]);
        tokens.extend(&finished.tail);
        let kept = (finished.keep + finished.tail.len()) as u64;
        self.usage.generated_tokens = kept.saturating_sub(self.forced);
        let answer = GenAnswer {
            text,
            tokens: self.own.then_some(tokens),
            told: self.told,
            end: finished.end,
            value_tokens: finished.value_tokens,
            shown: self.shown,
        };
        Ok((answer, keep.min(self.evaluated)))
    }

    /// Counts what was generated by a job that ends before its value is complete.
    pub(super) fn give_up(&mut self) {
        self.usage.generated_tokens = (self.matcher.tokens().len() as u64).saturating_sub(self.forced);
    }

    /// Takes over the matcher's tokens. Forced text may have been tokenised anew together with the tokens
    /// before it; what was evaluated beyond the common prefix no longer counts.
    fn sync(&mut self) {
        let new = self.matcher.tokens();
        let old = &self.tokens[self.prompt..];
        let common = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        self.tokens.truncate(self.prompt + common);
        self.tokens.extend(&new[common..]);
        self.evaluated = self.evaluated.min(self.prompt + common);
    }

    fn tell(&mut self, origin: TokenOrigin, tokens: Vec<TokenId>) {
        let stable = self.matcher.stable();
        let text = String::from_utf8_lossy(stable.get(self.shown..).unwrap_or_default()).into_owned();
        self.shown = self.shown.max(stable.len());
        self.events.push(Event::Token { context: self.ask.context, text, origin, tokens });
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
