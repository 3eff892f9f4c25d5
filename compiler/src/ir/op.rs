//! Instructions and operators.

use serde::{Deserialize, Serialize};

use super::{BlockId, CallGen, Const, FuncId, Gen, Local, ToolId};
use crate::builtin::Builtin;
use crate::source::Span;

/// Where literal text ends and interpolated values begin: the runtime records it for every piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextOrigin {
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
        /// Which, by its name in files (`len`, `trim`, `range` …).
        id: Builtin,
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
        origin: TextOrigin,
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
    /// yield. The copies end with [`Term::Yield`](super::Term::Yield); what they write is dropped with them.
    Fork {
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
    /// The log-probability of a text after the context.
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

/// How many branches an [`Op::Fork`] has.
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
    /// `/`: of two ints the float that is nearest to the quotient.
    Div,
    /// `//` of two ints: the quotient, truncated towards zero.
    Whole,
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
            BinOp::Whole => "//",
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
