//! What happens in a run, as events in order, and what it cost.

use agentc_constraint::TokenId;
use serde::{Serialize, Serializer};

use crate::value::Value;

/// Where tokens come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenOrigin {
    /// The program's own text, and the marks of the chat template.
    Scaffold,
    /// Interpolated values.
    Data,
    /// Chosen by the model.
    Sampled,
    /// The only possibility: appended without asking the model.
    Forced,
    /// Chosen by the model where healing had taken text back.
    Healed,
}

/// Something that happened. `context` is 0 for the entry point and counts the calls of agents from there.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Text joined a context.
    Text {
        /// Which context.
        context: u32,
        /// The text.
        text: String,
        /// Where it comes from.
        origin: TokenOrigin,
        /// The tokens that begin in it. Tokens at its end that healing took back are not among them.
        tokens: Vec<TokenId>,
    },
    /// A generation begins.
    GenStart {
        /// Which context.
        context: u32,
        /// The capture.
        name: String,
    },
    /// Tokens joined a context; `text` is what of the value became certain with them.
    Token {
        /// Which context.
        context: u32,
        /// Text that is certain now (whole characters, nothing that a stop could still take).
        text: String,
        /// Where they come from.
        origin: TokenOrigin,
        /// The tokens.
        tokens: Vec<TokenId>,
    },
    /// A generation ended. Tokens beyond the value's end are no longer in the context.
    GenEnd {
        /// Which context.
        context: u32,
        /// The capture.
        name: String,
        /// The text that was not certain before.
        text: String,
        /// The value's own tokens.
        tokens: usize,
        /// Why it ended: `value`, `stop`, `end` or `max`.
        reason: &'static str,
        /// The stop that ended it.
        #[serde(skip_serializing_if = "Option::is_none")]
        stop: Option<String>,
        /// The parsed value.
        value: Value,
    },
    /// `print`.
    Print {
        /// What it said.
        text: String,
    },
    /// What the run cost.
    Usage(Usage),
}

/// What a run cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Usage {
    /// Tokens of prompts: text that the model read for each generation, cached or not.
    pub prompt_tokens: u64,
    /// Of them, those found in the KV memory.
    pub cached_tokens: u64,
    /// Tokens that the model chose.
    pub generated_tokens: u64,
    /// Tokens that were appended without asking it.
    pub forced_tokens: u64,
    /// Batches in which the model evaluated tokens of this run.
    pub forward_passes: u64,
    /// Choices under a mask that forbade something.
    pub masked_steps: u64,
    /// Loading the model (0 if it was loaded before).
    pub load_ms: u64,
    /// Evaluating prompts, in microseconds.
    #[serde(rename = "prefill_ms", serialize_with = "as_ms")]
    pub prefill_us: u64,
    /// Evaluating what was generated, in microseconds.
    #[serde(rename = "decode_ms", serialize_with = "as_ms")]
    pub decode_us: u64,
    /// Computing masks, forced text and endings, and choosing tokens, in microseconds.
    pub mask_us: u64,
    /// From start to end.
    pub wall_ms: u64,
}

impl Usage {
    /// Adds what a part of the run cost.
    pub fn add(&mut self, part: &Usage) {
        self.prompt_tokens += part.prompt_tokens;
        self.cached_tokens += part.cached_tokens;
        self.generated_tokens += part.generated_tokens;
        self.forced_tokens += part.forced_tokens;
        self.forward_passes += part.forward_passes;
        self.masked_steps += part.masked_steps;
        self.load_ms += part.load_ms;
        self.prefill_us += part.prefill_us;
        self.decode_us += part.decode_us;
        self.mask_us += part.mask_us;
        self.wall_ms += part.wall_ms;
    }
}

/// Small parts are added up in microseconds and shown in milliseconds.
fn as_ms<S: Serializer>(us: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64((us + 500) / 1000)
}
