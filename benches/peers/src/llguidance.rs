//! llguidance, without forced tokens (its approximate tokenizer is not canonical, so it forces none) and with
//! our separators.

use std::sync::Arc;

use ::llguidance::api::TopLevelGrammar;
use ::llguidance::{JsonCompileOptions, Matcher, ParserFactory};
use agentc_conformance::vocabulary::Vocabulary;
use agentc_constraint::TokenId;
use anyhow::{Result, anyhow, bail};
use serde_json::Value;
use toktrie::{ApproximateTokEnv, TokRxInfo, TokTrie};

use crate::engine::{Engine, Prepared, Session, Step};

pub struct Llguidance {
    factory: ParserFactory,
}

impl Llguidance {
    pub fn new(vocabulary: &Vocabulary) -> Result<Llguidance> {
        let end = *vocabulary.ends.first().ok_or_else(|| anyhow!("an end token is needed"))?;
        // Special tokens are marked so.
        let special = |token: usize| format!("\u{0}<|{token}|>").into_bytes();
        let marked = |token| {
            let mut bytes: Vec<u8> = special(token);
            bytes[0] = TokTrie::SPECIAL_TOKEN_MARKER;
            bytes
        };
        let tokens = vocabulary.tokens.iter().enumerate();
        let words: Vec<Vec<u8>> =
            tokens.map(|(token, bytes)| bytes.clone().unwrap_or_else(|| marked(token))).collect();
        let trie = TokTrie::from(&TokRxInfo::new(words.len() as u32, end), &words);
        let mut factory = ParserFactory::new_simple(&(Arc::new(ApproximateTokEnv::new(trie)) as _))?;
        factory.quiet();
        Ok(Llguidance { factory })
    }

    fn matcher(&self, schema: &Value) -> Result<Matcher> {
        self.matcher_of(&TopLevelGrammar::from_json_schema(schema.clone()))
    }

    /// A generation under a grammar.
    ///
    /// # Errors
    /// It is refused.
    pub fn matcher_of(&self, grammar: &TopLevelGrammar) -> Result<Matcher> {
        let parser = self.factory.create_parser(grammar.clone())?;
        let matcher = Matcher::new(Ok(parser));
        match matcher.get_error() {
            Some(error) => bail!(error),
            None => Ok(matcher),
        }
    }
}

impl Engine for Llguidance {
    fn name(&self) -> &'static str {
        "llguidance"
    }

    fn prepare(&self, schema: &Value) -> Prepared {
        let options = JsonCompileOptions {
            item_separator: ", ".into(),
            key_separator: ": ".into(),
            whitespace_flexible: false,
            ..JsonCompileOptions::default()
        };
        let mut schema = schema.clone();
        if schema.is_object() {
            options.apply_to(&mut schema);
        }
        Prepared::Document(schema)
    }

    fn compile(&self, schema: &Prepared) -> Result<Box<dyn Session + '_>> {
        let Prepared::Document(schema) = schema else { bail!("the schema's document is needed") };
        let matcher = self.matcher(schema)?;
        Ok(Box::new(Generation { engine: self, schema: schema.clone(), matcher }))
    }
}

struct Generation<'e> {
    engine: &'e Llguidance,
    schema: Value,
    matcher: Matcher,
}

impl Session for Generation<'_> {
    /// Takes everything back, so that what its lexer has computed stays; after an error there is no way back.
    fn begin(&mut self) -> Result<()> {
        if self.matcher.reset().is_err() {
            self.matcher = self.engine.matcher(&self.schema)?;
        }
        self.matcher.invalidate_bias_cache();
        Ok(())
    }

    fn step(&mut self, token: TokenId) -> Result<Step> {
        if self.matcher.is_stopped() || !self.matcher.compute_mask()?.is_allowed(token) {
            return Ok(Step::Refused);
        }
        self.matcher.consume_token(token)?;
        Ok(Step::Taken)
    }

    fn may_end(&mut self) -> Result<bool> {
        Ok(self.matcher.is_stopped() || self.matcher.is_accepting()?)
    }
}
