//! outlines-core: a regular expression from the schema, then an index of every token in every state.
//!
//! The index takes memory and time for each pair of a state and a token, without a bound of its own. So the automaton
//! is determinised beforehand, untimed, and schemas with too many states count as refused.

use agentc_conformance::vocabulary::Vocabulary;
use agentc_constraint::TokenId;
use anyhow::{Result, anyhow, bail};
use outlines_core::prelude::{Index, Vocabulary as Tokens, json_schema};
use regex_automata::dfa::dense::{Builder, Config};
use regex_automata::nfa::thompson;
use serde_json::Value;

use crate::engine::{Engine, Prepared, Session, Step};

/// Pairs of states and tokens that an index may have to look at: about half a second, and some hundred megabytes.
const PAIRS: usize = 20_000_000;

pub struct Outlines {
    tokens: Tokens,
    size: usize,
    end: TokenId,
}

impl Outlines {
    pub fn new(vocabulary: &Vocabulary) -> Result<Outlines> {
        let end = *vocabulary.ends.first().ok_or_else(|| anyhow!("an end token is needed"))?;
        let mut tokens = Tokens::new(end);
        for (token, bytes) in vocabulary.tokens.iter().enumerate() {
            if let Some(bytes) = bytes {
                tokens.try_insert(bytes.clone(), token as TokenId)?;
            }
        }
        Ok(Outlines { tokens, size: vocabulary.tokens.len(), end })
    }

    /// Whether an index of a regular expression would be within the bounds.
    fn is_small(&self, regex: &str) -> bool {
        let states = PAIRS / self.size;
        // Room for as many states, anchored and not, whatever they need, and not for many more.
        let bytes = 2 * states * 4 * 256 + (1 << 20);
        let config = Config::new().dfa_size_limit(Some(bytes)).determinize_size_limit(Some(4 * bytes));
        let nfa = thompson::Config::new().nfa_size_limit(Some(bytes));
        let Ok(dfa) = Builder::new().configure(config).thompson(nfa).build(regex) else { return false };
        // Its anchored half is what the index visits.
        dfa.memory_usage() / (4 * dfa.stride()) / 2 <= states
    }
}

impl Engine for Outlines {
    fn name(&self) -> &'static str {
        "outlines-core"
    }

    /// The text; nothing where the index would be too large.
    fn prepare(&self, schema: &Value) -> Prepared {
        let text = schema.to_string();
        let is_small =
            json_schema::regex_from_str(&text, None, None).is_ok_and(|regex| self.is_small(&regex));
        Prepared::Text(if is_small { text } else { String::new() })
    }

    fn compile(&self, schema: &Prepared) -> Result<Box<dyn Session + '_>> {
        let Prepared::Text(schema) = schema else { bail!("the schema's text is needed") };
        let regex = json_schema::regex_from_str(schema, None, None)?;
        let index = Index::new(&regex, &self.tokens)?;
        let state = index.initial_state();
        let mask = vec![0; self.size.div_ceil(64)];
        Ok(Box::new(Generation { index, state, mask, end: self.end }))
    }
}

struct Generation {
    index: Index,
    state: u32,
    mask: Vec<u64>,
    end: TokenId,
}

impl Generation {
    /// The mask as bits, as the other engines give it.
    fn fill(&mut self) {
        self.mask.fill(0);
        for &token in self.index.allowed_tokens_iter(&self.state).into_iter().flatten() {
            self.mask[token as usize / 64] |= 1 << (token % 64);
        }
    }

    fn allows(&self, token: TokenId) -> bool {
        self.mask[token as usize / 64] >> (token % 64) & 1 == 1
    }
}

impl Session for Generation {
    fn begin(&mut self) -> Result<()> {
        self.state = self.index.initial_state();
        Ok(())
    }

    fn step(&mut self, token: TokenId) -> Result<Step> {
        self.fill();
        match self.index.next_state(&self.state, &token).filter(|_| self.allows(token)) {
            Some(next) => {
                self.state = next;
                Ok(Step::Taken)
            }
            None => Ok(Step::Refused),
        }
    }

    fn may_end(&mut self) -> Result<bool> {
        self.fill();
        Ok(self.allows(self.end))
    }
}
