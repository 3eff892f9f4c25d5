//! This engine.

use std::sync::Arc;

use agentc_conformance::vocabulary::Vocabulary;
use agentc_constraint::spec::Spec;
use agentc_constraint::{Commit, Constraint, Limits, Matcher, TokenId, Vocab, build};
use anyhow::{Result, bail};
use serde_json::Value;

use crate::engine::{Engine, Prepared, Session, Step};

/// Tokens are never short.
const PLENTY: u32 = 1 << 30;

pub struct Ours {
    vocab: Arc<Vocab>,
    limits: Limits,
}

impl Ours {
    pub fn new(vocabulary: &Vocabulary) -> Result<Ours> {
        Ok(Ours { vocab: Arc::new(vocabulary.vocab()?), limits: Limits::default() })
    }
}

impl Engine for Ours {
    fn name(&self) -> &'static str {
        "ours"
    }

    fn has_orders_of_its_own(&self) -> bool {
        false
    }

    fn prepare(&self, schema: &Value) -> Prepared {
        Prepared::Text(schema.to_string())
    }

    fn compile(&self, schema: &Prepared) -> Result<Box<dyn Session + '_>> {
        let Prepared::Text(schema) = schema else { bail!("the schema's text is needed") };
        let pattern = build(&Spec::Schema { schema: schema.clone() }, &[], &self.limits)?;
        let constraint = Constraint::new(pattern, self.vocab.clone(), self.limits.clone());
        let matcher = Matcher::new(&constraint, b"", PLENTY)?;
        Ok(Box::new(Generation { vocab: &self.vocab, constraint, matcher, len: 0, is_done: false }))
    }
}

struct Generation<'v> {
    vocab: &'v Vocab,
    constraint: Arc<Constraint>,
    matcher: Matcher,
    /// Bytes of the tokens committed.
    len: usize,
    is_done: bool,
}

impl Session for Generation<'_> {
    fn begin(&mut self) -> Result<()> {
        self.matcher = Matcher::new(&self.constraint, b"", PLENTY)?;
        (self.len, self.is_done) = (0, false);
        Ok(())
    }

    fn step(&mut self, token: TokenId) -> Result<Step> {
        if self.is_done || !self.matcher.mask()?.contains(self.vocab, token) {
            return Ok(Step::Refused);
        }
        self.is_done = self.matcher.commit(token)? == Commit::Done;
        self.len += self.vocab.bytes(token).len();
        // Where a value is complete every token is allowed; one that ends it before its own end is not taken.
        let taken = !self.is_done || self.matcher.stable().len() == self.len;
        Ok(if taken { Step::Taken } else { Step::Refused })
    }

    fn may_end(&mut self) -> Result<bool> {
        Ok(self.is_done || self.matcher.mask()?.allows_end())
    }
}
