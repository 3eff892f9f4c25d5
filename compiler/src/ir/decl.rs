//! What a program declares besides functions: tools, tests, and models.

use serde::{Deserialize, Serialize};

use super::{FuncId, Param, Ty};
use crate::source::Span;

/// A declared tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its parameters.
    pub params: Vec<Param>,
    /// The type that its result is checked against.
    pub ret: Ty,
    /// What it has to be granted.
    pub needs: Vec<Capability>,
    /// What runs.
    pub body: ToolBody,
    /// Where it is declared.
    pub span: Span,
}

/// Something that a tool has to be granted before it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Capability {
    /// `run`, `net`, `read`, `write` or `env`.
    pub name: String,
    /// The host, path or variable that it is limited to.
    pub limit: Option<String>,
}

/// What a tool runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolBody {
    /// The embedding program supplies it.
    Host,
    /// A command: arguments as JSON on its standard input, the result as JSON on its standard output.
    Exec(String),
    /// A request: `METHOD url`.
    Http(String),
    /// A tool of an MCP server: `server/tool`.
    Mcp(String),
    /// A function of the program.
    Func(FuncId),
}

/// A `test` block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// Its name.
    pub name: String,
    /// What it does: a function without parameters, in a context of its own.
    pub func: FuncId,
    /// The model it runs on.
    pub model: TestModel,
    /// Whether it reaches an instruction that opens a role.
    pub chat: bool,
    /// Where it is declared.
    pub span: Span,
}

/// The model that a test runs on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestModel {
    /// The one of the run.
    Default,
    /// One of [`Program::models`](super::Program::models).
    Named(u32),
    /// A scripted one.
    Script(Vec<ScriptRule>),
}

/// What a scripted model prefers to write after a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScriptRule {
    /// What the prompt ends with.
    pub prompt: ScriptPrompt,
    /// The text that it prefers.
    pub answer: String,
}

/// The left side of a script's rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScriptPrompt {
    /// The prompt ends with this text.
    Text(String),
    /// The prompt ends with a match of this regex.
    Regex(String),
}

/// `model "name" { ctx: …, seed: … }`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelDecl {
    /// A name, path or `hf:` reference, as written.
    pub name: String,
    /// Context size in tokens.
    pub ctx: Option<u32>,
    /// The run's seed.
    pub seed: Option<u64>,
    /// Default temperature.
    pub temp: Option<f64>,
}
