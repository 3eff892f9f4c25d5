//! How a generation begins: what it reads, what it may write, and how far. Everything that works on it shares this.

use std::sync::Arc;

use agentc_constraint::{Constraint, End, Finished, MatchError, Matcher, TokenId};

use super::generation::Generation;
use crate::ask::{GenAsk, Measured};
use crate::backend::GenProduct;
use crate::error::Fault;
use crate::model::Model;
use crate::sample::Stream;

pub(super) struct Start {
    pub(super) ask: GenAsk,
    pub(super) constraint: Arc<Constraint>,
    /// Whether the context is the model's own, and keeps its tokens.
    pub(super) own: bool,
    /// Tokens of the context that were settled before.
    pub(super) settled: usize,
    /// The tokens of the context, without those that healing took back.
    pub(super) prompt: Vec<TokenId>,
    /// All tokens of the context.
    pub(super) whole: Vec<TokenId>,
    /// What healing took back.
    pub(super) healed: Vec<u8>,
    /// Tokens that may be added.
    pub(super) max: u32,
    /// Whether the end of the context comes before the generation's own `max`.
    pub(super) cut_by_context: bool,
}

/// A complete value, and the tokens that spell it behind the prompt.
pub(super) struct Written {
    pub(super) product: GenProduct,
    pub(super) tokens: Vec<TokenId>,
}

impl Start {
    /// Values that a search follows beside each other.
    pub(super) fn beams(&self) -> usize {
        self.ask.wants.beam.unwrap_or(1) as usize
    }

    /// Where others will want to begin: behind what the context held before, and, if the value is judged once it is written,
    /// before the last token of the prompt, whose logits are wanted again by then.
    pub(super) fn marks(&self) -> Vec<usize> {
        let judged = self.ask.wants.logprobs.then_some(self.prompt.len().saturating_sub(1));
        [self.settled].into_iter().chain(judged).collect()
    }

    /// The matcher of a value that begins here.
    pub(super) fn matcher(&self) -> Result<Matcher, Fault> {
        let mut matcher =
            Matcher::new(&self.constraint, &self.healed, self.max).map_err(|e| self.fault(e))?;
        matcher.set_min(self.ask.min);
        Ok(matcher)
    }

    /// A value that is chosen token by token.
    pub(super) fn generation(self: &Arc<Start>, stream: Stream) -> Result<Generation, Fault> {
        Ok(Generation::new(self.clone(), self.matcher()?, stream))
    }

    /// What joins the context with a value of these tokens.
    pub(super) fn product(
        &self,
        text: String,
        end: End,
        tokens: Vec<TokenId>,
        value_tokens: usize,
    ) -> Written {
        let joined = || self.prompt[self.settled..].iter().chain(&tokens).copied().collect();
        let (joined, measured) = (self.own.then(joined), Measured::default());
        let product = GenProduct { text, tokens: joined, end, value_tokens, measured, further: 0 };
        Written { product, tokens }
    }

    /// The value of a matcher that is done.
    pub(super) fn written(&self, matcher: &Matcher, model: &dyn Model) -> Result<Written, Fault> {
        let Finished { value, end, keep, tail, value_tokens } =
            matcher.finish(model).map_err(|error| self.fault(error))?;
        if end == End::Max && self.cut_by_context {
            return Err(Fault::ContextFull { name: self.ask.name.clone(), n_ctx: model.info().n_ctx });
        }
        let text = String::from_utf8(value).map_err(|error| Fault::NotOfType {
            name: self.ask.name.clone(),
            text: String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })?;
        let tokens = matcher.tokens()[..keep].iter().chain(&tail).copied().collect();
        Ok(self.product(text, end, tokens, value_tokens))
    }

    pub(super) fn fault(&self, error: MatchError) -> Fault {
        Fault::Match { name: self.ask.name.clone(), error }
    }
}
