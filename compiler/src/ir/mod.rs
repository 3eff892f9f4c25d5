//! The intermediate representation: the door between compiler and runtime.
//!
//! A [`Program`] is a set of functions over typed locals, each a list of basic blocks. It is small,
//! serialisable and complete: the runtime needs neither source nor AST. Everything that can fail at run
//! time is an instruction with a span; everything that waits for the outside world (generation, calls) is
//! an instruction of its own, so that an interpreter can stop before it and go on after it.
//!
//! What is not here: names that were resolved, implicit conversions (made explicit by [`Op::IntToFloat`]),
//! and loops (lowered to jumps; every loop carries its bound).

mod flow;
mod spec;
pub mod text;
pub mod validate;

use std::fmt;

use agentc_constraint::spec::Spec;
use serde::{Deserialize, Serialize};

use crate::source::Span;

pub use validate::{IrError, validate};

/// The version of this format; a loader refuses any other.
pub const VERSION: u32 = 2;

/// A compiled program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// [`VERSION`] of the compiler that wrote it.
    pub version: u32,
    /// The source files, indexed by [`Span::file`]: only messages need them.
    pub files: Vec<File>,
    /// All functions, indexed by [`FuncId`].
    pub funcs: Vec<Func>,
    /// The function that a run starts with: `main`, or the chosen agent.
    pub entry: FuncId,
    /// Types that contain themselves; [`Ty::Named`] numbers them.
    pub types: Vec<NamedTy>,
    /// Declared tools, indexed by [`ToolId`].
    pub tools: Vec<Tool>,
    /// `test` blocks in the order of the source.
    pub tests: Vec<Test>,
    /// The program's own default model, if it declares one.
    pub model: Option<ModelDecl>,
    /// Models that generations ask for by name, indexed by [`Gen::model`].
    pub models: Vec<(String, ModelDecl)>,
    /// Whether any reachable instruction opens a role (a chat program) or none does (plain completion).
    pub chat: bool,
}

/// A source file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct File {
    /// What messages call it: usually a path.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A type that contains itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedTy {
    /// Its name.
    pub name: String,
    /// What it stands for.
    pub ty: Ty,
}

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
    /// One of [`Program::models`].
    Named(u32),
    /// A scripted one.
    Script(Vec<ScriptRule>),
}

/// What a scripted model prefers to write behind a prompt.
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

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// As an index into the vector it numbers.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id!(
    /// Index of a function in [`Program::funcs`].
    FuncId
);
id!(
    /// Index of a tool in [`Program::tools`].
    ToolId
);
id!(
    /// Index of a block in [`Func::blocks`].
    BlockId
);
id!(
    /// Index of a local in [`Func::locals`].
    Local
);

/// What calling a function means for the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FuncKind {
    /// The implicit body of a file: the entry's own context. Its parameters are the `input`s.
    Main,
    /// A fresh context for each call.
    Agent,
    /// Writes into its caller's context.
    Fn,
    /// The body of a `test`: a context of its own, and no caller.
    Test,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Func {
    /// Its name in the source; `main` for the implicit one.
    pub name: String,
    /// What a call does to the context.
    pub kind: FuncKind,
    /// Parameters; parameter `i` arrives in `Local(i)`.
    pub params: Vec<Param>,
    /// The type of the returned value; `null` where nothing is returned.
    pub ret: Ty,
    /// Whether it neither writes text, generates nor reads the context, here or in what it calls.
    pub pure: bool,
    /// Every local, parameters first.
    pub locals: Vec<LocalDecl>,
    /// Captures by name, in the order of their first appearance: what an outcome shows for the entry point.
    pub captures: Vec<(String, Local)>,
    /// Basic blocks; execution starts at block 0.
    pub blocks: Vec<Block>,
    /// Where the function is declared.
    pub span: Span,
}

/// A parameter, or an `input` of the implicit main.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Ty,
    /// The function without parameters that computes its default.
    pub default: Option<FuncId>,
}

/// A local variable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalDecl {
    /// Its name in the source; temporaries have none.
    pub name: Option<String>,
    /// Its type.
    pub ty: Ty,
}

/// Types of values at run time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ty {
    /// The only value `null`.
    Null,
    /// Truth values.
    Bool,
    /// 64-bit integers.
    Int,
    /// 64-bit floating-point numbers.
    Float,
    /// Unicode text.
    Str,
    /// One literal value.
    Lit(Const),
    /// Either of several.
    Union(Vec<Ty>),
    /// A list.
    List(Box<Ty>),
    /// A record, its fields in order.
    Record(Vec<Field>),
    /// A record with any keys and values of one type.
    Map(Box<Ty>),
    /// One of [`Program::types`].
    Named(u32),
    /// Any value at all.
    Any,
}

/// A field of a record type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Ty,
    /// Whether it may be left out (then `null` to a reader).
    pub optional: bool,
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Const {
    /// `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Str(String),
    /// A list.
    List(Vec<Const>),
    /// A record.
    Record(Vec<(String, Const)>),
}

impl Const {
    /// As a JSON value.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Const::Null => serde_json::Value::Null,
            Const::Bool(value) => (*value).into(),
            Const::Int(value) => (*value).into(),
            Const::Float(value) => (*value).into(),
            Const::Str(value) => value.as_str().into(),
            Const::List(items) => items.iter().map(Const::to_json).collect(),
            Const::Record(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), value.to_json())).collect()
            }
        }
    }
}

impl fmt::Display for Const {
    /// As the language prints a value: a str bare, a float with at least one decimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Const::Null => f.write_str("null"),
            Const::Bool(value) => write!(f, "{value}"),
            Const::Int(value) => write!(f, "{value}"),
            Const::Float(value) if value.is_finite() && value.fract() == 0.0 => write!(f, "{value}.0"),
            Const::Float(value) => write!(f, "{value}"),
            Const::Str(value) => f.write_str(value),
            Const::List(_) | Const::Record(_) => match serde_json::to_string(&self.to_json()) {
                Ok(text) => f.write_str(&text),
                Err(_) => Err(fmt::Error),
            },
        }
    }
}

/// A straight run of instructions with one way out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Executed in order.
    pub insts: Vec<Inst>,
    /// What happens then.
    pub term: Term,
}

/// An instruction and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inst {
    /// What to do.
    pub op: Op,
    /// The source it stands for: the place that a run-time error names.
    pub span: Span,
}

/// How a block ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Go on with another block.
    Jump(BlockId),
    /// Go on with one of two.
    Branch {
        /// A bool.
        cond: Local,
        /// Where true leads.
        then: BlockId,
        /// Where false leads.
        otherwise: BlockId,
    },
    /// Leave the function, with a value (`null` if none).
    Return(Option<Local>),
    /// End a branch, with a value (`null` if none).
    Yield(Option<Local>),
}

/// Where literal text ends and interpolated values begin: the runtime records it for every piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Written in the program.
    Literal,
    /// The value of an expression.
    Data,
}

/// The roles of a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool's answer.
    Tool,
}

impl Role {
    /// The word of the language, which is also the name chat templates use.
    pub fn name(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        }
    }
}

/// Instructions. Operands are locals of the same function; `dst` is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// A constant.
    Const {
        /// Written.
        dst: Local,
        /// The value.
        value: Const,
    },
    /// A copy (values are immutable).
    Copy {
        /// Written.
        dst: Local,
        /// Read.
        src: Local,
    },
    /// The one implicit conversion.
    IntToFloat {
        /// Written.
        dst: Local,
        /// An int.
        src: Local,
    },
    /// A unary operator. Traps on integer overflow.
    Unary {
        /// Written.
        dst: Local,
        /// Which.
        op: UnOp,
        /// Its operand.
        src: Local,
    },
    /// A binary operator on operands of one type. Traps on integer overflow and division by zero.
    Binary {
        /// Written.
        dst: Local,
        /// Which (`and`, `or`, `??` are jumps).
        op: BinOp,
        /// Left operand.
        lhs: Local,
        /// Right operand.
        rhs: Local,
    },
    /// A list.
    List {
        /// Written.
        dst: Local,
        /// Its items.
        items: Vec<Local>,
    },
    /// A record.
    Record {
        /// Written.
        dst: Local,
        /// Its fields in order.
        fields: Vec<(String, Local)>,
    },
    /// The field of a record; `null` where an optional one is missing.
    Field {
        /// Written.
        dst: Local,
        /// A record.
        src: Local,
        /// The field's name.
        name: String,
    },
    /// An item of a list, a character of a str, or the value of a map's key. Traps when there is none.
    Index {
        /// Written.
        dst: Local,
        /// A list, str or record.
        src: Local,
        /// An int (negative counts from the end), or a str for a record.
        index: Local,
    },
    /// `src[from:to]`, half-open, clamped as in Python.
    Slice {
        /// Written.
        dst: Local,
        /// A list or str.
        src: Local,
        /// Start, 0 if missing.
        from: Option<Local>,
        /// End, the length if missing.
        to: Option<Local>,
    },
    /// A function of the prelude. Traps as each one documents.
    Builtin {
        /// Written.
        dst: Local,
        /// Its name, as in the language (`len`, `trim`, `range` …); [`crate::builtin::operands`] knows them all.
        name: String,
        /// Its arguments, defaults filled in by the compiler.
        args: Vec<Local>,
    },
    /// Values printed canonically and joined: an interpolated string in expression position.
    Format {
        /// Written, a str.
        dst: Local,
        /// What is printed, in order.
        parts: Vec<Local>,
    },
    /// `xs[]` after a generation: appends an item to the list in `list` (`null` counts as empty).
    Append {
        /// A list, read and written.
        list: Local,
        /// The new last item.
        item: Local,
    },
    /// Appends a value, printed canonically, to the context.
    Text {
        /// What to write.
        src: Local,
        /// Whether the program or a value says so.
        origin: Origin,
    },
    /// Opens a message of a role. The checker has made sure that none is open.
    OpenRole {
        /// Whose message.
        role: Role,
    },
    /// Closes the open message.
    CloseRole,
    /// The model writes; the text joins the context and its parsed value is bound.
    Gen(Box<Gen>),
    /// Calls a function; an agent gets a context of its own.
    Call {
        /// Written.
        dst: Local,
        /// The callee.
        func: FuncId,
        /// One local for each parameter; defaults have been filled in.
        args: Vec<Local>,
    },
    /// Runs `body`, a block of this function, in copies of this frame and its context, and gives what they
    /// yield. The copies end with [`Term::Yield`]; what they write is dropped with them.
    Branch {
        /// Written: the value of an `aside`, the list of values of a `fork`.
        dst: Local,
        /// Where the branches begin.
        body: BlockId,
        /// How many there are.
        over: Over,
    },
    /// From here to the matching [`Op::EndTry`] an error of the program undoes what was written since, sets
    /// the locals in `restore` back to what they are now, and goes on with `handler`.
    Try {
        /// Where it goes on.
        handler: BlockId,
        /// Written before that: `{code, message, span}`.
        error: Option<Local>,
        /// What generations between here and there may bind.
        restore: Vec<Local>,
    },
    /// The end of the innermost open [`Op::Try`].
    EndTry,
    /// The text of the context so far, the template's marks included.
    Context {
        /// Written, a str.
        dst: Local,
    },
    /// A `while` has reached its bound: the trace says so.
    BoundReached {
        /// The bound, an int.
        max: Local,
    },
    /// The program calls a tool that is no function of the program.
    ToolCall {
        /// Written.
        dst: Local,
        /// Which.
        tool: ToolId,
        /// One local for each parameter; defaults have been filled in.
        args: Vec<Local>,
    },
    /// The model chooses a tool and writes its arguments; it runs.
    CallGen(Box<CallGen>),
    /// The log-probability of a text behind the context.
    Score {
        /// Written, a float.
        dst: Local,
        /// A str.
        text: Local,
    },
    /// Ends the run with an error unless `cond` holds.
    Expect {
        /// A bool.
        cond: Local,
        /// A str: what to say.
        message: Option<Local>,
        /// Parts of the condition that are not constants, and their values: what a failure shows.
        operands: Vec<(Span, Local)>,
    },
    /// Writes a value, printed canonically, and a line break to standard error.
    Print {
        /// What to write.
        src: Local,
    },
    /// Ends the run with an error.
    Fail {
        /// A str: what to say.
        message: Local,
    },
}

/// A generation or a selection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gen {
    /// Written: the parsed value.
    pub dst: Local,
    /// The capture's name, for events.
    pub name: String,
    /// What may be written, stops included.
    pub spec: Spec,
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
    /// One of [`Program::models`], instead of the run's.
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
    /// The tools to choose from.
    pub tools: Vec<ToolId>,
    /// Options that the program sets.
    pub options: Vec<(GenOption, Local)>,
    /// One of [`Program::models`], instead of the run's.
    pub model: Option<u32>,
}

/// How many branches an [`Op::Branch`] has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// One: an `aside`. Its value is the result.
    Aside,
    /// So many, counted from 0.
    Count {
        /// An int.
        count: Local,
        /// Written in each branch: its number.
        index: Option<Local>,
    },
    /// One for each item of a list.
    Each {
        /// A list.
        items: Local,
        /// Written in each branch: its item.
        item: Local,
    },
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

/// Unary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnOp {
    /// `-x` on int or float.
    Neg,
    /// `not x`.
    Not,
}

/// Binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BinOp {
    /// `+` on numbers; concatenation of strings and of lists.
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`: of two ints an int, truncated towards zero.
    Div,
    /// `%`, with the sign of the dividend.
    Rem,
    /// `==` on any two values.
    Eq,
    /// `!=`
    Ne,
    /// `<` on numbers and strings (by code points).
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `x in xs`: a member of a list, a part of a str, a key of a record.
    In,
}

impl BinOp {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            BinOp::Add => "+",
            BinOp::Sub => "-",
            BinOp::Mul => "*",
            BinOp::Div => "/",
            BinOp::Rem => "%",
            BinOp::Eq => "==",
            BinOp::Ne => "!=",
            BinOp::Lt => "<",
            BinOp::Le => "<=",
            BinOp::Gt => ">",
            BinOp::Ge => ">=",
            BinOp::In => "in",
        }
    }
}
