//! What the interpreter asks of the outside, and what it is answered. Both are plain data.

use agentc_compiler::source::Span;
use agentc_constraint::spec::Spec;
use agentc_constraint::{End, TokenId};
use serde::{Deserialize, Serialize};

use crate::sample::{Sampling, Stream};

/// A question: the model is to write something at the end of a context.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenAsk {
    /// Which question; answers carry it back.
    pub id: u64,
    /// The context, as events number it.
    pub context: u32,
    /// The capture's name.
    pub name: String,
    /// What may be written.
    pub spec: Spec,
    /// The values of the spec's holes.
    pub bindings: Vec<Vec<String>>,
    /// Tokens at most; `None` is the default.
    pub max: Option<u32>,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// Where the random numbers come from.
    pub stream: Stream,
    /// Whether text before the generation may be taken back.
    pub heal: bool,
    /// The place that errors name.
    pub span: Span,
}

/// What the model wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct GenAnswer {
    /// The text of the value.
    pub text: String,
    /// The tokens of the whole context after it.
    pub tokens: Vec<TokenId>,
    /// Why it ended.
    pub end: End,
    /// Tokens of the value.
    pub value_tokens: usize,
    /// Bytes of the text that token events have already shown.
    pub shown: usize,
}
