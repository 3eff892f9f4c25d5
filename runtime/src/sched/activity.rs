//! What a job works at: a closed family, of which the scheduler knows only this.

use agentc_constraint::{TokenId, Tokenize};

use super::draft::{Company, Drafts};
use super::generation::{Generation, Stage};
use super::hypothesis::Hypothesis;
use super::memory::Sequence;
use super::scoring::{Reply, Scoring};
use super::start::Written;
use crate::ask::Chunk;
use crate::backend::Product;
use crate::error::Fault;
use crate::model::{Model, Outlook};
use crate::trace::Usage;

pub(super) enum Activity {
    /// A value, token by token.
    Generate(Box<Generation>),
    /// Tokens that are given.
    Score(Box<Scoring>),
    /// One step of one of the values that a beam follows.
    Explore(Box<Hypothesis>),
}

/// What comes of it.
pub(super) enum Ended {
    Generated(Box<Written>),
    Scored(Vec<Reply>),
    Explored(Box<Hypothesis>),
}

impl Ended {
    /// What comes of a task that it does all of. Nobody but a group explores.
    pub(super) fn product(self) -> Product {
        match self {
            Ended::Generated(written) => Product::Generated(written.product),
            Ended::Scored(replies) => {
                Product::Scored(replies.iter().flat_map(|reply| &reply.logs).fold(0.0, |sum, log| sum + log))
            }
            Ended::Explored(hypothesis) => Product::Scored(hypothesis.log()),
        }
    }
}

impl Activity {
    /// Goes on until logits are wanted, or nothing more.
    pub(super) fn advance(
        &mut self,
        sequence: &mut Sequence,
        tokenizer: &dyn Tokenize,
        usage: &mut Usage,
    ) -> Result<(), Fault> {
        match self {
            Activity::Generate(generation) => generation.advance(sequence, tokenizer, usage),
            Activity::Score(_) => Ok(()),
            Activity::Explore(hypothesis) => hypothesis.advance(sequence, tokenizer, usage),
        }
    }

    /// Whether tokens have to be evaluated.
    pub(super) fn waits(&self) -> bool {
        match self {
            Activity::Generate(generation) => generation.stage == Stage::Choose,
            Activity::Score(scoring) => !scoring.is_done(),
            Activity::Explore(hypothesis) => hypothesis.waits(),
        }
    }

    /// Whether its end has come.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Activity::Generate(generation) => generation.stage == Stage::Done,
            Activity::Score(scoring) => scoring.is_done(),
            Activity::Explore(hypothesis) => hypothesis.is_done(),
        }
    }

    /// The first token whose logits are still wanted, if that is not the last one.
    pub(super) fn next(&self) -> Option<usize> {
        match self {
            Activity::Generate(_) => None,
            Activity::Score(scoring) => scoring.next(),
            Activity::Explore(hypothesis) => Some(hypothesis.next()),
        }
    }

    /// Whether the logits after a token are wanted, of a sequence of so many.
    pub(super) fn wants(&self, at: usize, tokens: usize) -> bool {
        match self {
            Activity::Generate(_) => at + 1 == tokens,
            Activity::Score(scoring) => scoring.wants(at),
            Activity::Explore(hypothesis) => hypothesis.wants(at, tokens),
        }
    }

    /// Where others will want to begin with its tokens, or it may once more.
    pub(super) fn marks(&self) -> Vec<usize> {
        match self {
            Activity::Generate(generation) => generation.start.marks(),
            Activity::Score(scoring) => scoring.next().into_iter().collect(),
            Activity::Explore(hypothesis) => hypothesis.start.marks(),
        }
    }

    /// Takes in the logits after a token, if they are wanted; they are those of a row of the last batch.
    pub(super) fn read(
        &mut self,
        (at, row): (usize, usize),
        sequence: &mut Sequence,
        model: &dyn Model,
        drafts: &mut Drafts,
        usage: &mut Usage,
    ) -> Result<(), Fault> {
        match self {
            Activity::Generate(generation) => generation.read((at, row), sequence, model, drafts, usage),
            Activity::Score(scoring) => {
                scoring.read(at, model.vocab(), model.logits(row)?);
                Ok(())
            }
            Activity::Explore(hypothesis) => hypothesis.read(at, sequence, model, model.logits(row)?, usage),
        }
    }

    /// Tokens that it has chosen.
    pub(super) fn chosen(&self) -> usize {
        match self {
            Activity::Generate(generation) => generation.chosen,
            Activity::Score(_) | Activity::Explore(_) => 0,
        }
    }

    /// Tokens that may follow those of its sequence, to be evaluated with them.
    pub(super) fn draft(
        &self,
        sequence: &Sequence,
        company: Company,
        drafts: &Drafts,
        tokenizer: &dyn Tokenize,
    ) -> Vec<TokenId> {
        match self {
            Activity::Generate(generation) => generation.draft(sequence, company, drafts, tokenizer),
            Activity::Score(_) | Activity::Explore(_) => Vec::new(),
        }
    }

    /// Notes how far the sequence was evaluated.
    pub(super) fn evaluated(&mut self, sequence: &Sequence) {
        if let Activity::Score(scoring) = self {
            scoring.evaluated(sequence);
        }
    }

    /// Tokens of the prompt: what a run pays for as such.
    pub(super) fn prompt(&self) -> usize {
        match self {
            Activity::Generate(generation) => generation.prompt(),
            Activity::Score(scoring) => scoring.prompt,
            Activity::Explore(hypothesis) => hypothesis.start.prompt.len(),
        }
    }

    /// Tokens that it may still add to a sequence of so many.
    pub(super) fn left(&self, tokens: usize) -> usize {
        match self {
            Activity::Generate(generation) => {
                let written = tokens.saturating_sub(generation.prompt());
                (generation.start.max as usize).saturating_sub(written)
            }
            Activity::Score(_) => 0,
            Activity::Explore(_) => 1,
        }
    }

    /// What the model may know of what is to come.
    pub(super) fn outlook(&self) -> Outlook<'_> {
        let (healed, judged) = match self {
            Activity::Generate(generation) => (&generation.start.healed, false),
            Activity::Score(scoring) => (&scoring.healed, true),
            Activity::Explore(hypothesis) => (&hypothesis.start.healed, true),
        };
        Outlook { prompt: self.prompt(), healed, judged }
    }

    /// Whether what it evaluates from the start follows a prompt that was read before.
    pub(super) fn decodes(&self) -> bool {
        matches!(self, Activity::Explore(hypothesis) if hypothesis.has_begun())
    }

    /// What has been written since the last time.
    pub(super) fn chunks(&mut self) -> Vec<Chunk> {
        match self {
            Activity::Generate(generation) => std::mem::take(&mut generation.chunks),
            Activity::Score(_) | Activity::Explore(_) => Vec::new(),
        }
    }

    /// What has come of it, and how many of the sequence's tokens stay in memory.
    pub(super) fn finish(
        &mut self,
        sequence: &Sequence,
        model: &dyn Model,
        usage: &mut Usage,
    ) -> Result<(Ended, usize), Fault> {
        match self {
            Activity::Generate(generation) => {
                let (written, keep) = generation.finish(sequence, model, usage)?;
                Ok((Ended::Generated(Box::new(written)), keep))
            }
            Activity::Score(scoring) => Ok((Ended::Scored(scoring.replies()), usize::MAX)),
            Activity::Explore(hypothesis) => Ok((Ended::Explored(hypothesis.clone()), usize::MAX)),
        }
    }

    /// Counts what was generated where it ends before its end has come.
    pub(super) fn give_up(&self, usage: &mut Usage) {
        if let Activity::Generate(generation) = self {
            generation.give_up(usage);
        }
    }
}
