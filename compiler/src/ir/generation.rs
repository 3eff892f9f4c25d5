//! Generations, selections and calls: what the model writes, and with which options.

use serde::{Deserialize, Serialize};

use super::{GenOption, Local, SpecId, ToolId, Ty};

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
    /// The option whose tokens are most likely on average.
    Norm,
    /// The option whose log-probability exceeds most what it is in an empty context.
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
    /// float: the least share of probability that masks left to the model.
    MaskMass,
    /// str: the stop that ended it, `"end"`, `"max"`, or `null` where the value ended by itself.
    Stop,
    /// map(float): the probability of each option of a union or `select`.
    Probs,
    /// A list of `{tool, args, result, error}`: the tools called in the text.
    Calls,
}
