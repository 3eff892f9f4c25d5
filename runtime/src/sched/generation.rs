//! One generation in progress: its matcher, the tokens that it chooses, and what there is to tell of it.
//!
//! It works on a [`Sequence`], of which it owns only the tokens behind the prompt; where these are in the model's memory
//! is the scheduler's business.

use std::sync::Arc;
use std::time::Instant;

use agentc_constraint::{Commit, Matcher, Next, TokenId, Tokenize};

use super::draft::{Company, Drafts};
use super::memory::Sequence;
use super::start::{Start, Written};
use crate::ask::Chunk;
use crate::error::Fault;
use crate::kv::common_prefix;
use crate::model::Model;
use crate::sample::{self, Likelihood, Stream};
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
    pub(super) start: Arc<Start>,
    matcher: Matcher,
    stream: Stream,
    pub(super) stage: Stage,
    /// Whether the last token that was chosen is none that the model wanted, since it had ended.
    goes_on: bool,
    /// Bytes of the value that chunks have shown.
    shown: usize,
    /// Tokens that were chosen.
    pub(super) chosen: usize,
    /// Tokens that were appended without a choice.
    forced: u64,
    /// The least share of probability that a mask left, if that is wanted.
    least: f64,
    /// What has not been told yet.
    pub(super) chunks: Vec<Chunk>,
}

impl Generation {
    pub(super) fn new(start: Arc<Start>, matcher: Matcher, stream: Stream) -> Generation {
        let (stage, chunks) = (Stage::Advance, Vec::new());
        Generation {
            start,
            matcher,
            stream,
            stage,
            goes_on: false,
            chosen: 0,
            shown: 0,
            forced: 0,
            least: 1.0,
            chunks,
        }
    }

    /// Tokens of its prompt.
    pub(super) fn prompt(&self) -> usize {
        self.start.prompt.len()
    }

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
                    sequence.replace(self.prompt(), self.matcher.tokens());
                    self.tell(TokenOrigin::Forced, tokens);
                }
                Next::Choose => self.stage = Stage::Choose,
                Next::Done => self.stage = Stage::Done,
            }
        }
        usage.mask_us += started.elapsed().as_micros() as u64;
        Ok(())
    }

    /// Takes in the logits after a token, those of a row, if that is the last one. They may have been computed before it was
    /// chosen; then it goes on until the next token has to be chosen, whose logits may be there as well.
    pub(super) fn read(
        &mut self,
        (at, row): (usize, usize),
        sequence: &mut Sequence,
        model: &dyn Model,
        drafts: &mut Drafts,
        usage: &mut Usage,
    ) -> Result<(), Fault> {
        let is_last = at + 1 == sequence.tokens.len() && at < sequence.evaluated;
        if self.stage != Stage::Choose || !is_last {
            return Ok(());
        }
        let guess = drafts.guess(&sequence.tokens);
        let token = self.choose(sequence, model, row, usage)?;
        if let Some(guess) = guess {
            drafts.learn(guess, token);
        }
        if sequence.evaluated < sequence.tokens.len() { Ok(()) } else { self.advance(sequence, model, usage) }
    }

    /// What may follow the tokens of its sequence.
    pub(super) fn draft(
        &self,
        sequence: &Sequence,
        company: Company,
        drafts: &Drafts,
        tokenizer: &dyn Tokenize,
    ) -> Vec<TokenId> {
        match self.stage {
            Stage::Choose => drafts.draft(&sequence.tokens, &self.matcher, company, tokenizer),
            Stage::Advance | Stage::Done => Vec::new(),
        }
    }

    /// Chooses a token from the logits of a row.
    fn choose(
        &mut self,
        sequence: &mut Sequence,
        model: &dyn Model,
        row: usize,
        usage: &mut Usage,
    ) -> Result<TokenId, Fault> {
        let started = Instant::now();
        let logits = model.logits(row)?;
        let mask = self.matcher.mask().map_err(|error| self.fault(error))?;
        let vocab = model.vocab();
        if !mask.is_all() {
            usage.masked_steps += 1;
        }
        if self.start.ask.wants.mask_mass {
            self.least = self.least.min(Likelihood::of(logits).share(&mask, vocab));
        }
        let (sampling, written) = (&self.start.ask.sampling, self.matcher.value_tokens());
        let chosen = sample::choose(logits, &mask, vocab, sampling, written, &mut self.stream);
        let token = chosen.ok_or_else(|| self.nothing_left())?;
        self.chosen += 1;
        self.goes_on = model.has_ended(row) && !vocab.is_end(token);
        let first = sequence.tokens.len() == self.prompt();
        let healing = first && self.matcher.stable().is_empty() && !self.start.healed.is_empty();
        let commit = self.matcher.commit(token).map_err(|error| self.fault(error))?;
        self.stage = match commit {
            Commit::More => Stage::Advance,
            Commit::Done => Stage::Done,
        };
        usage.mask_us += started.elapsed().as_micros() as u64;
        if commit == Commit::More {
            sequence.replace(self.prompt(), self.matcher.tokens());
            self.tell(if healing { TokenOrigin::Healed } else { TokenOrigin::Sampled }, vec![token]);
        }
        Ok(token)
    }

    /// The value, once it is complete, and how many of the sequence's tokens belong to its context.
    pub(super) fn finish(
        &mut self,
        sequence: &Sequence,
        model: &dyn Model,
        usage: &mut Usage,
    ) -> Result<(Written, usize), Fault> {
        if let Some(seq) = sequence.seq().filter(|_| self.goes_on) {
            model.judge(seq, &sequence.tokens[..self.prompt()], self.matcher.tokens())?;
        }
        let mut written = self.start.written(&self.matcher, model)?;
        usage.generated_tokens = (written.tokens.len() as u64).saturating_sub(self.forced);
        written.product.measured.mask_mass = self.start.ask.wants.mask_mass.then_some(self.least);
        let kept = common_prefix(&written.tokens, self.matcher.tokens());
        Ok((written, (self.prompt() + kept).min(sequence.evaluated)))
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
        let name = self.start.ask.name.clone();
        match self.start.ask.sampling.no_repeat {
            0 => Fault::EmptyMask { name },
            size => Fault::Repeats { name, size },
        }
    }

    fn fault(&self, error: agentc_constraint::MatchError) -> Fault {
        self.start.fault(error)
    }
}
