//! outlines-core: a regular expression from the schema, then an index of every token in every state.
//!
//! Its regular expressions grow exponentially with some schemas (one took 24 GB), and its index takes memory
//! and time for each pair of a state and a token, both without a bound. So a separate process makes the
//! expression and determinises it beforehand, untimed, under bounds on memory and time; whatever is too large
//! counts as refused.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

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
/// Bytes that the other process may have.
const MEMORY: usize = 2 << 30;
/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(5);

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

    /// Asks another process whether the schema is [small](is_small).
    fn probe(&self, schema: &str) -> Result<bool> {
        // `ulimit` counts in KiB.
        let limited = format!("ulimit -v {}; exec \"$0\" --probe {}", MEMORY >> 10, PAIRS / self.size);
        let mut command = Command::new("sh");
        command.args(["-c", &limited]).arg(std::env::current_exe()?);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // One that ends before it has read all has given its answer.
            let _ = input.write_all(schema.as_bytes());
        }
        wait(&mut child)
    }
}

/// Whether a process succeeds in time.
fn wait(child: &mut Child) -> Result<bool> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill()?;
    child.wait()?;
    Ok(false)
}

/// What the other process does: reads a schema, and says whether its automaton has at most so many states.
pub fn is_small(states: usize) -> Result<bool> {
    let mut schema = String::new();
    std::io::stdin().read_to_string(&mut schema)?;
    let regex = json_schema::regex_from_str(&schema, None, None)?;
    // Room for as many states, anchored and not, whatever they need, and not for many more.
    let bytes = 2 * states * 4 * 256 + (1 << 20);
    let config = Config::new().dfa_size_limit(Some(bytes)).determinize_size_limit(Some(4 * bytes));
    let nfa = thompson::Config::new().nfa_size_limit(Some(bytes));
    let dfa = Builder::new().configure(config).thompson(nfa).build(&regex)?;
    // Its anchored half is what the index visits.
    Ok(dfa.memory_usage() / (4 * dfa.stride()) / 2 <= states)
}

impl Engine for Outlines {
    fn name(&self) -> &'static str {
        "outlines-core"
    }

    /// The text; nothing where the index would be too large.
    fn prepare(&self, schema: &Value) -> Prepared {
        let text = schema.to_string();
        let is_small = self.probe(&text).unwrap_or(false);
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
