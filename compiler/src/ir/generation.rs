//! Generations, selections and calls: what the model writes, and with which options.

use serde::{Deserialize, Serialize};

use super::{Local, SpecId, ToolId, Ty};

/// A generation or a selection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gen {
    /// Written: the parsed value.
    pub dst: Local,
    /// The capture's name, for events.
    pub name: String,
    /// What may be written, stops included.
    pub spec: SpecId,
    /// Values of the spec's holes in order: a str or a list of strings each.
    pub bindings: Vec<Local>,
    /// How the written text is read as a value.
    pub ty: Ty,
    /// Whether the text is JSON; otherwise it is read as the language prints values.
    pub json: bool,
    /// Options that the program sets, each with the local that holds its value. At most one of each kind.
    pub options: Vec<(GenOption, Local)>,
    /// Facts about the generation that the program reads, each with the local that is written.
    pub facts: Vec<(GenFact, Local)>,
    /// How a `select` chooses.
    pub method: Method,
    /// One of [`Program::models`](super::Program::models), instead of the run's.
    pub model: Option<u32>,
    /// Tools that may be called in the text.
    pub tools: Vec<ToolId>,
}

/// A tool call that the model writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallGen {
    /// Written: `{tool, args, result, error}`.
    pub dst: Local,
    /// The capture's name, for events.
    pub name: String,
    /// What may be written: `{tool, args}` in JSON, with a tool's name and its arguments. It has no holes.
    pub spec: SpecId,
    /// The tools to choose from.
    pub tools: Vec<ToolId>,
    /// Options that the program sets.
    pub options: Vec<(GenOption, Local)>,
    /// One of [`Program::models`](super::Program::models), instead of the run's.
    pub model: Option<u32>,
}

/// How a `select` chooses among its options.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Token by token.
    #[default]
    Greedy,
    /// By the length-normalised log-probability of each option as a whole.
    Norm,
    /// By that minus the option's unconditional log-probability.
    Uncond,
}

/// What a capture carries beside its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GenFact {
    /// str: exactly what was generated.
    Text,
    /// int: tokens of the value.
    Tokens,
    /// float: its log-probability.
    Logprob,
    /// str: the stop that ended it, `"end"`, `"max"`, or `null` where the value ended by itself.
    Stop,
    /// map(float): the probability of each option of a union or `select`.
    Probs,
    /// A list of `{tool, args, result, error}`: the tools called in the text.
    Calls,
}

/// Options of a generation; those that shape the constraint (`stop`) are in its spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GenOption {
    /// int: tokens at most.
    Max,
    /// float: sampling temperature; 0 is greedy.
    Temp,
    /// float: nucleus.
    TopP,
    /// int: most likely tokens kept; 0 keeps all.
    TopK,
    /// float: tokens less likely than this share of the best are dropped.
    MinP,
    /// int: a random stream of its own.
    Seed,
    /// bool: token healing.
    Heal,
    /// int: tokens at least.
    Min,
    /// float: locally typical sampling.
    Typical,
    /// float: divides the logits of tokens that this generation has written; 1 is off.
    RepeatPenalty,
    /// float: subtracted for each time that this generation has written a token.
    FrequencyPenalty,
    /// float: subtracted once for each token that this generation has written.
    PresencePenalty,
    /// int: length in tokens of sequences that may not occur twice.
    NoRepeat,
    /// int: tool calls at most.
    MaxCalls,
    /// int: samples; the value is a list of them.
    Samples,
    /// int: beams.
    Beam,
    /// bool: keep the log-probabilities of tokens.
    Logprobs,
}
