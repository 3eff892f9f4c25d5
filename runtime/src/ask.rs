//! What a program asks the outside world, and the answers it gets: two closed families of plain data.
//!
//! Everything that a program can learn from outside comes through an answer, and nothing else does. So the
//! asks of a run and their answers, in order, are all that is needed to repeat it ([`crate::journal`]). An ask
//! is named by the strand that makes it and by its number there, which depend neither on what runs beside it
//! nor on when it is answered.

use std::fmt;

use agentc_compiler::ir::{Method, SpecId};
use agentc_compiler::source::Span;
use agentc_constraint::{End, TokenId};
use serde::{Deserialize, Serialize};

use crate::error::Fault;
use crate::sample::{Sampling, Stream};
use crate::trace::TokenOrigin;
use crate::value::Value;

/// The version of both families, and of what is made of them; whoever reads them refuses any other.
pub const VERSION: u32 = 1;

/// Names a strand by the way that leads to it from the main strand, whose path is empty: the number of a fork, the
/// number of its branch, the number of a fork within that branch, and so on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StrandPath(Vec<u64>);

impl StrandPath {
    /// The path of a branch.
    pub fn branch(&self, fork: u64, branch: u64) -> StrandPath {
        StrandPath(self.0.iter().copied().chain([fork, branch]).collect())
    }

    /// The numbers that it consists of.
    pub fn numbers(&self) -> &[u64] {
        &self.0
    }
}

/// Names an ask within a run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AskId {
    /// The strand that asks.
    pub strand: StrandPath,
    /// Which of its asks, from 1.
    pub ordinal: u64,
}

impl fmt::Display for AskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.strand.0.iter().try_for_each(|number| write!(f, "{number}."))?;
        write!(f, "{}", self.ordinal)
    }
}

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// Which one; the answer carries it back.
    pub id: AskId,
    /// The context of whoever asks, as events number it.
    pub context: u32,
    /// The place that errors name.
    pub span: Span,
    /// What is asked for.
    pub kind: AskKind,
}

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskKind {
    /// The model should write something at the end of the context: [`Answer::Generated`], or [`Answer::Sampled`] if it
    /// wants samples.
    Generate(Box<GenAsk>),
    /// The log-probability of a text after the context: [`Answer::Scored`].
    Score {
        /// The text.
        text: String,
    },
    /// The text of the context, the template's marks included: [`Answer::Text`].
    Text,
    /// The tokens of what was written into the context and no generation has read: [`Answer::Tokens`].
    Tokens,
    /// A tool should run: [`Answer::Returned`].
    Call(ToolCall),
    /// A vector for each text: [`Answer::Embedded`].
    Embed {
        /// The texts.
        texts: Vec<String>,
    },
    /// Something about the world: [`Answer::Fact`].
    Fact(Fact),
}

/// What a model should write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenAsk {
    /// The capture's name.
    pub name: String,
    /// What may be written: one of the program's specs.
    pub spec: SpecId,
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
    /// What is wanted beyond one value that is chosen token by token.
    #[serde(default, skip_serializing_if = "Wants::is_plain")]
    pub wants: Wants,
}

/// What is wanted of a generation beyond one value that is chosen token by token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wants {
    /// How an option is chosen.
    pub method: Method,
    /// So many values, none of which joins the context.
    pub samples: Option<u32>,
    /// The value that a search with so many beams finds.
    pub beam: Option<u32>,
    /// The log-probabilities of the value's tokens.
    pub logprobs: bool,
    /// The probabilities of all options.
    pub probs: bool,
    /// What masks left to the model.
    pub mask_mass: bool,
}

impl Wants {
    /// Whether nothing more is wanted.
    pub fn is_plain(&self) -> bool {
        *self == Wants::default()
    }

    /// Whether it is one value, written token by token and not judged.
    pub(crate) fn takes_one_job(&self) -> bool {
        self.samples.is_none() && !self.scores()
    }

    /// Whether it takes scores of options as a whole.
    pub fn compares(&self) -> bool {
        self.probs || self.method != Method::Greedy
    }

    /// Whether it takes log-probabilities, which not every back end knows.
    pub fn scores(&self) -> bool {
        self.compares() || self.logprobs || self.beam.is_some()
    }
}

/// A call of a tool that is no function of the program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The tool's name.
    pub tool: String,
    /// Its arguments by name, in the order of its parameters.
    pub args: Vec<(String, Value)>,
}

/// A fact of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Milliseconds since 1970 in UTC, an int.
    Clock,
    /// A number that nobody can foresee, an int.
    Random,
}

/// What comes of an ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The model wrote something.
    Generated(Box<Generated>),
    /// The model wrote several values beside each other.
    Sampled(Box<Sampled>),
    /// A log-probability.
    Scored(f64),
    /// A text.
    Text(String),
    /// Text with its tokens.
    Tokens(Vec<Written>),
    /// What a tool returned; the machine checks it against the tool's type.
    Returned(Value),
    /// A vector for each text.
    Embedded(Vec<Vec<f32>>),
    /// A fact.
    Fact(Value),
    /// It cannot be had.
    Failed {
        /// Why not.
        fault: Fault,
        /// What had been told of it by then.
        #[serde(default, skip_serializing_if = "Progress::is_empty")]
        told: Box<Progress>,
    },
}

impl Answer {
    /// It cannot be had, and nothing had been told of it.
    pub fn failed(fault: Fault) -> Answer {
        Answer::Failed { fault, told: Box::default() }
    }
}

/// What a model wrote, and all that is told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Generated {
    /// What was written into the context before, as the model of the run read it.
    pub before: Vec<Written>,
    /// The model that the program names for it, if that is not the run's own; its tokens have that model's numbers.
    pub model: Option<String>,
    /// The value as it came.
    pub chunks: Vec<Chunk>,
    /// The text of the value.
    pub text: String,
    /// The tokens that joined the context since the last settled one: of the text before the value, and its own. `None`
    /// from a model other than the context's own, whose tokens differ.
    pub tokens: Option<Vec<TokenId>>,
    /// Why it ended.
    pub end: End,
    /// Tokens of the value.
    pub value_tokens: usize,
    /// The budget of the run, if that left fewer tokens than the value might have taken.
    pub ration: Option<u64>,
    /// What was measured.
    #[serde(default, skip_serializing_if = "Measured::is_empty")]
    pub measured: Measured,
    /// Tokens beside the value's that were generated to find it.
    #[serde(default)]
    pub further: u64,
}

impl Generated {
    /// Tokens that count against the budget of the run.
    pub fn cost(&self) -> u64 {
        self.further.saturating_add(self.value_tokens as u64)
    }
}

/// What was measured of a value, as far as it was wanted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measured {
    /// The log-probability of each token that spells it, what healing took back included.
    pub logprobs: Option<Vec<f64>>,
    /// The probability of each option, by its text.
    pub probs: Option<Vec<(String, f64)>>,
    /// The least share of probability that masks left to the model.
    pub mask_mass: Option<f64>,
}

impl Measured {
    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        *self == Measured::default()
    }
}

/// Values that a model wrote beside each other at the end of one context, which none of them joined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    /// What was written into the context before, as the model of the run read it.
    pub before: Vec<Written>,
    /// The model that the program names for it, if that is not the run's own.
    pub model: Option<String>,
    /// The tokens that joined the context with that. `None` from a model other than the context's own.
    pub tokens: Option<Vec<TokenId>>,
    /// The values, in the order of their random streams.
    pub samples: Vec<Sample>,
    /// The budget of the run, if that left fewer tokens than the values might have taken.
    pub ration: Option<u64>,
}

impl Sampled {
    /// Tokens that count against the budget of the run.
    pub fn cost(&self) -> u64 {
        self.samples.iter().map(|sample| sample.value_tokens as u64).sum()
    }
}

/// One of several values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Its text.
    pub text: String,
    /// The tokens that spell it, what healing took back included; none from a back end that does not tell tokens.
    pub tokens: Vec<TokenId>,
    /// Why it ended.
    pub end: End,
    /// How many of the tokens are the value's.
    pub value_tokens: usize,
    /// The log-probability of each of its tokens, if that was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Vec<f64>>,
}

/// Text that joined a context.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Where it comes from.
    pub origin: TokenOrigin,
    /// The tokens that begin in it; without those at its end that healing took back.
    pub tokens: Vec<TokenId>,
}

/// A part of a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// The text that became certain with these tokens.
    pub text: String,
    /// Where they come from.
    pub origin: TokenOrigin,
    /// The tokens.
    pub tokens: Vec<TokenId>,
}

/// What is known of a generation before its end, since the last time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What was written into the context before it.
    pub before: Vec<Written>,
    /// Whether it begins now.
    pub begins: bool,
    /// The model that the program names for it, if that is not the run's own.
    pub model: Option<String>,
    /// Parts of the value.
    pub chunks: Vec<Chunk>,
}

impl Progress {
    /// Whether it tells nothing.
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && !self.begins && self.chunks.is_empty()
    }
}
