//! What can end a run before its end. Each error has a stable code, and a kind that decides the exit code.

use agentc_compiler::ir::Later;
use agentc_compiler::json::JsonError;
use agentc_compiler::source::Span;
use agentc_constraint::{BuildError, MatchError};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::chat::ChatError;
use crate::limits::Limit;
use crate::model::ModelError;
use crate::value::Value;
use crate::value::print::Quoted;
pub(crate) use crate::value::print::short;

/// The family of an error: what kind of thing went wrong, hence what the caller may do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The program did something that has no result, or gave up itself.
    Program,
    /// An input is missing or of another type.
    Input,
    /// A constraint cannot be satisfied.
    Constraint,
    /// A budget or a deadline ran out.
    Budget,
    /// The model or its back end failed.
    Model,
    /// The user interrupted the run.
    Interrupted,
}

impl ErrorKind {
    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            ErrorKind::Program => 1,
            ErrorKind::Input => 2,
            ErrorKind::Constraint => 4,
            ErrorKind::Budget => 5,
            ErrorKind::Model => 7,
            ErrorKind::Interrupted => 130,
        }
    }
}

/// A part of a condition that did not hold, and what it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Operand {
    /// Where it stands.
    pub span: Span,
    /// Its value.
    pub value: Value,
}

impl Operand {
    /// Its value as a person reads it: as JSON, shortened.
    pub fn shown(&self) -> String {
        short(Quoted(&self.value), 60)
    }
}

/// What went wrong, without the place.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Fault {
    /// Integer arithmetic left 64 bits, or float arithmetic became infinite.
    #[error("the result of `{op}` is out of range")]
    Overflow {
        /// The operator or function.
        op: String,
    },
    /// Division by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// There is no such item.
    #[error("{index} is out of range: there {are} {len} {what}")]
    BadIndex {
        /// The index as written.
        index: String,
        /// "is" or "are".
        are: &'static str,
        /// How many there are.
        len: usize,
        /// Of what.
        what: &'static str,
    },
    /// There is no such key.
    #[error("there is no key {key:?}")]
    BadKey {
        /// The key.
        key: String,
    },
    /// A function of the prelude cannot use its argument.
    #[error("`{function}` cannot take {value}")]
    BadArgument {
        /// The function.
        function: String,
        /// The argument, shortened.
        value: String,
    },
    /// A computation with a number that neither an int nor a float holds.
    #[error("`{function}` cannot take {number}, which neither an int nor a float holds")]
    LongNumber {
        /// The operator or function.
        function: String,
        /// The number, shortened.
        number: String,
    },
    /// A text that `parse_json` cannot read.
    #[error("`parse_json` cannot read this text: {error}")]
    NotJson {
        /// Why, and where.
        error: JsonError,
    },
    /// An `expect` did not hold.
    #[error("{message}")]
    Expect {
        /// Its message, or a description of the condition.
        message: String,
        /// The parts of the condition that are not constants.
        operands: Vec<Operand>,
    },
    /// `fail`.
    #[error("{message}")]
    Fail {
        /// What the program said.
        message: String,
    },
    /// An input is missing, unknown or of another type.
    #[error("{message}")]
    Input {
        /// Which and why.
        message: String,
    },
    /// An option of a generation has a value that makes no sense.
    #[error("the option `{option}` cannot be {value}")]
    BadOption {
        /// Its name.
        option: &'static str,
        /// The value.
        value: String,
    },
    /// A limit of the run was hit.
    #[error("the run reached its limit of {limit} {what}")]
    Limit {
        /// Which.
        what: Limit,
        /// The number.
        limit: u64,
    },
    /// The deadline passed.
    #[error("the run did not end within its time limit")]
    Deadline,
    /// The user interrupted the run.
    #[error("interrupted")]
    Interrupted,
    /// A constraint cannot be built from its run-time values.
    #[error("`{name}` has no possible value: {error}")]
    Constraint {
        /// The capture.
        name: String,
        /// Why.
        error: Box<BuildError>,
    },
    /// A matcher gave up.
    #[error("`{name}` cannot be generated: {error}")]
    Match {
        /// The capture.
        name: String,
        /// Why.
        error: MatchError,
    },
    /// Each token that could come next would write something a second time.
    #[error("`{name}` cannot go on without repeating {size} of its tokens")]
    Repeats {
        /// The capture.
        name: String,
        /// Tokens that may not occur twice in a row of so many.
        size: u32,
    },
    /// The program uses something that runs in a later version.
    #[error("{what} is not supported yet")]
    NotYet {
        /// What; the compiler has warned of it.
        what: Later,
    },
    /// The program names a model that is not there.
    #[error("the program generates with its model `{name}`, which is not loaded")]
    UnknownModel {
        /// The name that the program gives it.
        name: String,
    },
    /// The mask allows no token that has logits. A bug of the engine, never the program's.
    #[error("no token is left for `{name}`")]
    EmptyMask {
        /// The capture.
        name: String,
    },
    /// A generated text is not a value of its type. A bug of the engine, never the program's.
    #[error("the text generated for `{name}` is not of its type: {text:?}")]
    NotOfType {
        /// The capture.
        name: String,
        /// The text.
        text: String,
    },
    /// A back end that cannot hold its model to a constraint let it write something else.
    #[error("the model wrote something for `{name}` that is not of its type: {text:?}")]
    Unconstrained {
        /// The capture.
        name: String,
        /// The text.
        text: String,
    },
    /// The prompt does not fit into the model's context.
    #[error("the prompt has {}{tokens} tokens, and the model's context holds {n_ctx}", at_least(*counted))]
    PromptTooLong {
        /// The prompt's tokens.
        tokens: usize,
        /// Whether they were all counted; otherwise there are more, or at least so many.
        counted: bool,
        /// The context's.
        n_ctx: u32,
    },
    /// A generation reached the end of the model's context before its own bound.
    #[error("the text of `{name}` reached the end of the model's context of {n_ctx} tokens")]
    ContextFull {
        /// The capture.
        name: String,
        /// Tokens of the context.
        n_ctx: u32,
    },
    /// The chat template does not know what the program does.
    #[error(transparent)]
    Chat(#[from] ChatError),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A tool that is no function of the program failed.
    #[error("the tool `{tool}` failed: {message}")]
    Tool {
        /// The tool.
        tool: String,
        /// What it said.
        message: String,
    },
    /// A tool returned something that is not of its type.
    #[error("the tool `{tool}` returned {value}, which is not of its type")]
    BadResult {
        /// The tool.
        tool: String,
        /// What it returned, shortened.
        value: String,
    },
    /// A tool needs what the run was not granted.
    #[error("the tool `{tool}` needs `{need}`, which the run is not granted")]
    Denied {
        /// The tool.
        tool: String,
        /// What it needs.
        need: String,
    },
    /// Nobody supplies a tool.
    #[error("the program calls its tool `{tool}`, which nobody supplies")]
    NoTool {
        /// The tool.
        tool: String,
    },
    /// The back end of a model cannot do what the program asks of it.
    #[error("the back end of the model `{model}` cannot {what}")]
    Unable {
        /// The model.
        model: String,
        /// What.
        what: String,
    },
    /// What went wrong in a run that was written down: as it was, as far as anyone outside could see it.
    #[error("{}", _0.message)]
    Recorded(Box<Recorded>),
    /// A fault of another place than that at which it was met. A [`RunError`] has the place, and the fault.
    #[error("{fault}")]
    Elsewhere {
        /// Whose fault it is.
        span: Span,
        /// What went wrong there.
        fault: Box<Fault>,
    },
}

fn at_least(counted: bool) -> &'static str {
    if counted { "" } else { "at least " }
}

impl Fault {
    /// The family.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Fault::Input { .. } => ErrorKind::Input,
            Fault::Constraint { .. }
            | Fault::Match { .. }
            | Fault::Repeats { .. }
            | Fault::Unconstrained { .. } => ErrorKind::Constraint,
            Fault::Limit { .. } | Fault::Deadline => ErrorKind::Budget,
            Fault::Interrupted => ErrorKind::Interrupted,
            Fault::Recorded(fault) => fault.kind,
            Fault::Elsewhere { fault, .. } => fault.kind(),
            Fault::PromptTooLong { .. }
            | Fault::ContextFull { .. }
            | Fault::Chat(_)
            | Fault::Model(_)
            | Fault::UnknownModel { .. }
            | Fault::Unable { .. }
            | Fault::EmptyMask { .. }
            | Fault::NotOfType { .. } => ErrorKind::Model,
            _ => ErrorKind::Program,
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Fault::Overflow { .. } => "R0101",
            Fault::DivisionByZero => "R0102",
            Fault::BadIndex { .. } => "R0103",
            Fault::BadKey { .. } => "R0104",
            Fault::BadArgument { .. } | Fault::LongNumber { .. } | Fault::NotJson { .. } => "R0105",
            Fault::Expect { .. } => "R0106",
            Fault::Fail { .. } => "R0107",
            Fault::BadOption { .. } => "R0108",
            Fault::Tool { .. } | Fault::BadResult { .. } => "R0109",
            Fault::Input { .. } => "R0201",
            Fault::Denied { .. } => "R0301",
            Fault::NoTool { .. } => "R0302",
            Fault::Unable { .. } => "R0708",
            Fault::Recorded(fault) => fault.code,
            Fault::Constraint { .. } => "R0401",
            Fault::Match { .. } => "R0402",
            Fault::Repeats { .. } => "R0403",
            Fault::Unconstrained { .. } => "R0404",
            Fault::Limit { .. } => "R0501",
            Fault::Deadline => "R0502",
            Fault::Model(_) => "R0701",
            Fault::PromptTooLong { .. } => "R0702",
            Fault::Chat(_) => "R0703",
            Fault::ContextFull { .. } => "R0706",
            Fault::UnknownModel { .. } => "R0707",
            Fault::NotOfType { .. } => "R0704",
            Fault::EmptyMask { .. } => "R0705",
            Fault::Interrupted => "R0130",
            Fault::NotYet { .. } => "R0901",
            Fault::Elsewhere { fault, .. } => fault.code(),
        }
    }

    /// Whether a `try` catches it: what a program does wrong, and constraints that its values make impossible.
    /// Budgets and limits of the run, interruption, failures of the model and what is not supported yet end
    /// the run whatever stands around them.
    pub fn is_caught(&self) -> bool {
        match self {
            Fault::Elsewhere { fault, .. } => fault.is_caught(),
            Fault::NotYet { .. } | Fault::Denied { .. } | Fault::NoTool { .. } => false,
            Fault::Recorded(fault) => fault.caught,
            // Anything else that a matcher says is a defect of the engine.
            Fault::Match { error, .. } => matches!(
                error,
                MatchError::CannotFinish { .. }
                    | MatchError::TooShort { .. }
                    | MatchError::NoToken { .. }
                    | MatchError::TooLarge { .. }
            ),
            other => matches!(other.kind(), ErrorKind::Program | ErrorKind::Constraint),
        }
    }

    /// What the user can do.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Fault::BadOption { option, .. } => return Some(format!("it is {}", range_of(option))),
            Fault::DivisionByZero => "check the divisor first",
            Fault::Overflow { .. } => "ints have 64 bits and floats are finite: use smaller numbers",
            Fault::BadArgument { .. } => "check the value first, or catch the error: try { … } else e { … }",
            Fault::BadIndex { .. } => "`len` tells how many there are; a slice such as `xs[0:2]` never fails",
            Fault::BadKey { .. } => "`keys` lists them",
            Fault::LongNumber { function, .. } => match function.as_str() {
                "int" | "float" => "`str` gives its digits",
                _ => "`float(x)` is the nearest float, and `str(x)` its digits; comparisons take it as it is",
            },
            Fault::Limit { what, .. } => what.hint()?,
            Fault::Deadline => "allow more time with `--timeout`",
            Fault::ContextFull { .. } => {
                "use a larger context with `--ctx-size`, or give the generation a smaller `max`"
            }
            Fault::PromptTooLong { .. } => "use a larger context with `--ctx-size`, or shorten the prompt",
            Fault::Unconstrained { .. } => {
                "use a back end that masks tokens, or catch the error and try again"
            }
            Fault::Repeats { .. } => "use a larger `no_repeat`, or a type with more possible values",
            Fault::UnknownModel { name } => {
                return Some(format!("give it to the engine: `Engine::builder().also({name:?}, …)`"));
            }
            Fault::Denied { .. } => "grant it to the run, if the tool may have it",
            Fault::NoTool { tool } => {
                return Some(format!(
                    "give it a body, or supply it where the program is embedded: `run.tool({tool:?}, …)`"
                ));
            }
            Fault::Tool { .. } => "catch the error where the program can do without: try { … } else e { … }",
            Fault::Recorded(fault) => return fault.hint.clone(),
            Fault::Constraint { error, .. } => return error.hint(),
            Fault::Match { error, .. } => return error.hint(),
            Fault::Model(error) => return error.hint(),
            Fault::Chat(error) => return error.hint(),
            Fault::Elsewhere { fault, .. } => return fault.hint(),
            Fault::NotYet { what } => what.hint(),
            Fault::NotJson { error } => error.hint(),
            Fault::NotOfType { .. } | Fault::EmptyMask { .. } => {
                "this is a defect of agentc: please report it with the program"
            }
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// All that can be seen of a fault from outside. In this form faults are written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recorded {
    code: &'static str,
    kind: ErrorKind,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// Whether a `try` catches it.
    caught: bool,
}

/// Every code that [`Fault::code`] gives.
const CODES: [&str; 28] = [
    "R0101", "R0102", "R0103", "R0104", "R0105", "R0106", "R0107", "R0108", "R0109", "R0130", "R0201",
    "R0301", "R0302", "R0401", "R0402", "R0403", "R0404", "R0501", "R0502", "R0701", "R0702", "R0703",
    "R0704", "R0705", "R0706", "R0707", "R0708", "R0901",
];

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (code, kind, caught) = (self.code(), self.kind(), self.is_caught());
        Recorded { code, kind, message: self.to_string(), hint: self.hint(), caught }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fault, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            code: String,
            kind: ErrorKind,
            message: String,
            hint: Option<String>,
            caught: bool,
        }
        let Wire { code, kind, message, hint, caught } = Wire::deserialize(deserializer)?;
        let code = CODES.iter().find(|known| **known == code).copied();
        let code = code.ok_or_else(|| serde::de::Error::custom("an error with an unknown code"))?;
        Ok(Fault::Recorded(Box::new(Recorded { code, kind, message, hint, caught })))
    }
}

/// What values an option takes.
fn range_of(option: &str) -> &'static str {
    match option {
        "max" | "no_repeat" => "an int of at least 1",
        "min" => "an int of at least 0, and not above `max`",
        "max_calls" => "an int of at least 0",
        "top_k" => "an int of at least 0; 0 keeps all",
        "seed" => "an int",
        "heal" => "true or false",
        "temp" => "a number of at least 0; 0 is greedy",
        "repeat_penalty" => "a number above 0; 1 is off",
        "frequency_penalty" | "presence_penalty" => "a number; 0 is off",
        _ => "a number from 0 to 1",
    }
}

/// An error of a run, with its place in the source.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[error("{fault}")]
pub struct RunError {
    /// What went wrong.
    pub fault: Fault,
    /// Where, if it is the fault of one place.
    pub span: Option<Span>,
    /// The branches in which it happened, innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<InBranch>,
}

/// A branch of a `fork` or `map`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InBranch {
    /// Which one, from 0.
    pub number: usize,
    /// How many there are.
    pub count: usize,
    /// The `fork` or `map`.
    pub span: Span,
}

impl RunError {
    /// An error of a place, unless the fault knows a better one.
    pub fn at(span: Span, fault: impl Into<Fault>) -> RunError {
        RunError::placed(Some(span), fault.into())
    }

    /// An error of the run as a whole, unless the fault knows a place.
    pub fn of_run(fault: impl Into<Fault>) -> RunError {
        RunError::placed(None, fault.into())
    }

    fn placed(span: Option<Span>, fault: Fault) -> RunError {
        match fault {
            Fault::Elsewhere { span, fault } => RunError::placed(Some(span), *fault),
            fault => RunError { fault, span, branches: Vec::new() },
        }
    }
}
