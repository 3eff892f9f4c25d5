//! What the interpreter asks the outside world, and the answers it gets. Both are plain data.

use agentc_compiler::source::Span;
use agentc_constraint::spec::Spec;
use agentc_constraint::{End, TokenId};
use serde::{Deserialize, Serialize};

use crate::sample::{Sampling, Stream};

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// The model should write something; answered by a [`GenAnswer`].
    Gen(Box<GenAsk>),
    /// The text of a context, which depends on the model's template; answered by a text.
    Text(TextAsk),
}

impl Ask {
    /// The place that errors name.
    pub fn span(&self) -> Span {
        match self {
            Ask::Gen(ask) => ask.span,
            Ask::Text(ask) => ask.span,
        }
    }
}

/// A question: the text of a context, the template's marks included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextAsk {
    /// Which question; answers carry it back.
    pub id: u64,
    /// The context, as events number it.
    pub context: u32,
    /// The place that errors name.
    pub span: Span,
}

/// A question: the model should write something at the end of a context.
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
    /// The model, by the name that the program gives it; `None` is the run's own.
    pub model: Option<String>,
    /// Minimum number of tokens.
    pub min: u32,
    /// Maximum number of tokens; `None` is the default.
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
    /// The tokens of the whole context after it; `None` from a model other than the context's own, whose tokens
    /// differ.
    pub tokens: Option<Vec<TokenId>>,
    /// Bytes of text before it that events reported for the first time.
    pub told: usize,
    /// Why it ended.
    pub end: End,
    /// Tokens of the value.
    pub value_tokens: usize,
    /// Bytes of the text that token events have already shown.
    pub shown: usize,
}
