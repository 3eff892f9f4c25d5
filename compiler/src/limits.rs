//! Every limit of the compiler, in one place. Hitting one is a finding that names it, never a program that is half understood.
//!
//! Not here: how many names, places or suggestions a message lists, and what bounds the search for the mistake behind a text
//! that does not parse. These shape what is said of a wrong program, and refuse none.

use std::fmt;

use serde::Serialize;

/// A limit that was hit, by what it counts (a finding names it).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// [`Limits::source`]
    Source,
    /// [`Limits::files`]
    Files,
    /// [`Limits::nesting`]
    Nesting,
    /// [`Limits::enclosing`]
    Enclosing,
    /// [`Limits::waiting`]
    Waiting,
    /// [`Limits::waiting_depth`]
    WaitingDepth,
    /// [`Limits::instances`]
    Instances,
    /// [`Limits::instance_text`]
    InstanceText,
    /// [`Limits::type_parts`]
    TypeParts,
    /// [`Limits::type_levels`]
    TypeLevels,
    /// [`Limits::type_text`]
    TypeText,
    /// [`Limits::types_used`]
    TypesUsed,
    /// [`Limits::data_levels`]
    DataLevels,
    /// [`Limits::searched_regex`]
    SearchedRegex,
    /// [`Limits::open_calls`]
    OpenCalls,
}

impl fmt::Display for Limit {
    /// What there are too many of.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Limit::Source => "bytes",
            Limit::Files => "files",
            Limit::Nesting => "levels of brackets, holes and strings",
            Limit::Enclosing => "operators or levels in one expression",
            Limit::Waiting => "functions, constants and types that wait for one another",
            Limit::WaitingDepth => "expressions and blocks around one place",
            Limit::Instances => "instances of functions that take functions",
            Limit::InstanceText => "bytes of instances of functions that take functions",
            Limit::TypeParts => "parts",
            Limit::TypeLevels => "levels",
            Limit::TypeText => "bytes of literals, regexes, schemas and grammars",
            Limit::TypesUsed => "parts of named types, each as often as it is used",
            Limit::DataLevels => "levels of lists and records",
            Limit::SearchedRegex => "bytes of a regex that is searched for",
            Limit::OpenCalls => "open calls",
        })
    }
}

/// Bounds on the time, memory and stack that a program may cost before it runs. The defaults suit programs that people write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file, be it of the program or embedded. Bounds the time and memory of every stage.
    pub source: usize,
    /// Files of a program, its own and all that it imports.
    pub files: usize,
    /// How deeply brackets, holes and strings may nest. A level costs about 5 kB of the parser's stack.
    pub nesting: usize,
    /// Brackets and blocks around a place, and operators around it, together. They cost the stack of every later stage: 500
    /// take up to 1.5 MiB.
    pub enclosing: usize,
    /// Functions, constants or types that may wait for one another's types. Costs stack: each waits inside the one before.
    pub waiting: usize,
    /// How deep in expressions and blocks a call may stand whose callee has to be checked first. Costs stack.
    pub waiting_depth: usize,
    /// Instances of functions that take functions. Each is checked and lowered like a function of its own.
    pub instances: usize,
    /// Bytes of the sources of all instances, as if each were written by itself.
    pub instance_text: usize,
    /// Nodes of one type, those of the types that it names included. Comparing two types takes their product.
    pub type_parts: usize,
    /// Levels of one type, and of an embedded value. More than [`ir::TYPE_LEVELS`](crate::ir::TYPE_LEVELS) have no effect.
    pub type_levels: usize,
    /// Bytes of literals, regexes, schemas and grammars that one type may hold.
    pub type_text: usize,
    /// Parts of named types that a program may use in sum: each use copies its type.
    pub types_used: usize,
    /// Levels of a schema or an embedded value that are read at all. Each costs about 200 bytes of stack.
    pub data_levels: usize,
    /// Bytes of the program of a regex that is searched for. The runtime takes no larger ones than the default.
    pub searched_regex: usize,
    /// Steps of one question that a lint asks the engine about a type: a few milliseconds at worst. What would take more is
    /// not said.
    pub question: usize,
    /// Members of a union that a lint compares with each other. Of more it says nothing.
    pub compared: usize,
    /// Blocks of a function up to which its context is measured, in time quadratic in them. A larger one counts as
    /// [open](crate::size::SiteBound::open).
    pub blocks: usize,
    /// Calls that may be open in a run. The lints report programs that certainly open more (W0121).
    pub open_calls: usize,
    /// Compilations that applying fixes may take. Each round of them takes one, and more where some have to be taken back.
    pub fix_tries: usize,
    /// Tokens of a generation that names no `max`.
    pub default_max: u32,
    /// What constraints may cost.
    pub constraint: agentc_constraint::Limits,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            source: 8 << 20,
            files: 1000,
            nesting: 256,
            enclosing: 500,
            waiting: 24,
            waiting_depth: 200,
            instances: 4096,
            instance_text: 8 << 20,
            type_parts: 4096,
            type_levels: crate::ir::TYPE_LEVELS,
            type_text: 8 << 20,
            types_used: 1 << 20,
            data_levels: 128,
            searched_regex: 10 << 20,
            question: 40_000,
            compared: 64,
            blocks: 5_000,
            open_calls: 256,
            fix_tries: 100,
            default_max: 256,
            constraint: agentc_constraint::Limits::default(),
        }
    }
}

impl Limits {
    /// Levels that a type may have.
    pub(crate) fn levels(&self) -> usize {
        self.type_levels.min(crate::ir::TYPE_LEVELS)
    }
}
