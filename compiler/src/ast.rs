//! The untyped tree: what a file says, with a span on every node.
//!
//! Names are not resolved here and nothing is checked.

mod text;

use crate::source::Span;

/// A parsed file.
#[derive(Debug, Clone, Default)]
pub struct Ast {
    /// Its items and top-level statements in order.
    pub items: Vec<Item>,
    /// Statements that could not be parsed, and names that are unknown for it.
    pub damage: Damage,
    /// Comments that silence warnings: `# allow W0003: reason`.
    pub allows: Vec<Allow>,
}

/// A comment that silences a warning of its own line, or of the next line if it stands alone.
#[derive(Debug, Clone)]
pub struct Allow {
    /// The code, as written.
    pub code: Ident,
    /// Why, as written; never empty in a good comment.
    pub reason: String,
    /// The bytes of the line that it is about, line break excluded.
    pub line: Span,
    /// The comment.
    pub span: Span,
}

/// What recovery left out.
#[derive(Debug, Clone, Default)]
pub struct Damage {
    /// The statements that lost a part, without their blocks, in order. Errors inside them may be
    /// consequences.
    pub spans: Vec<Span>,
    /// The names of declarations that were lost.
    pub words: std::collections::HashSet<String>,
}

impl Damage {
    /// Whether a place lies in a statement that lost a part.
    pub fn covers(&self, span: Span) -> bool {
        let after = self.spans.partition_point(|s| (s.file, s.start) <= (span.file, span.start));
        self.spans[..after].last().is_some_and(|s| s.contains(span))
    }
}

/// A name and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ident {
    /// The name.
    pub name: String,
    /// Its place.
    pub span: Span,
}

/// Names joined by points: `search`, `lib.search`.
#[derive(Debug, Clone)]
pub struct Path {
    /// At least one.
    pub names: Vec<Ident>,
    /// All of it.
    pub span: Span,
}

/// A part of a file.
#[derive(Debug, Clone)]
pub enum Item {
    /// `import …`
    Import(Import),
    /// `tool NAME(…) -> T …`
    Tool(ToolDecl),
    /// `test "name" { … }`
    Test(TestDecl),
    /// `const NAME: T = expr`
    Const(ConstDecl),
    /// `type NAME = T`
    Type(TypeDecl),
    /// `fn` or `agent`
    Func(FuncDecl),
    /// `input NAME: T = expr`
    Input(Param),
    /// `model "name" { … }`
    Model(ModelDecl),
    /// A statement of the implicit main.
    Stmt(Stmt),
}

/// `import "file" as name`, `import { a, b } from "file"`
#[derive(Debug, Clone)]
pub struct Import {
    /// The file, relative to this one, or below `std/`.
    pub path: Text,
    /// What is brought in.
    pub names: ImportNames,
    /// All of it.
    pub span: Span,
}

/// What an import brings in.
#[derive(Debug, Clone)]
pub enum ImportNames {
    /// The whole file under a name.
    As(Ident),
    /// Some of its declarations under their own names.
    Only(Vec<Ident>),
}

/// `tool NAME(params) -> T needs CAPS = exec "cmd"`
#[derive(Debug, Clone)]
pub struct ToolDecl {
    /// Its name.
    pub name: Ident,
    /// Its parameters.
    pub params: Vec<Param>,
    /// Its declared result type.
    pub ret: Option<Type>,
    /// What it must be granted.
    pub needs: Vec<Capability>,
    /// What runs.
    pub body: ToolBody,
    /// All of it.
    pub span: Span,
}

/// `net("host")`
#[derive(Debug, Clone)]
pub struct Capability {
    /// Its name.
    pub name: Ident,
    /// What it is limited to.
    pub limit: Option<Text>,
    /// All of it.
    pub span: Span,
}

/// What a tool runs.
#[derive(Debug, Clone)]
pub enum ToolBody {
    /// The embedding program supplies it.
    Host,
    /// `= exec "cmd"`, `= http "METHOD url"`, `= mcp "server/tool"`
    Adapter {
        /// The word.
        kind: Ident,
        /// The text behind it.
        target: Text,
    },
    /// A body in the language.
    Block(Block),
}

/// `test "name" with model = … { … }`
#[derive(Debug, Clone)]
pub struct TestDecl {
    /// Its name.
    pub name: Text,
    /// The model it runs on, if it is not the run's.
    pub model: Option<TestModel>,
    /// What it does.
    pub body: Block,
    /// All of it.
    pub span: Span,
}

/// What a test runs on.
#[derive(Debug, Clone)]
pub enum TestModel {
    /// `script { "prompt" => "answer" … }`
    Script(Vec<ScriptRule>),
    /// A declared model's name.
    Named(Ident),
}

/// `"end of prompt" => "text"`, `/regex/ => "text"`
#[derive(Debug, Clone)]
pub struct ScriptRule {
    /// What the prompt ends with.
    pub prompt: ScriptPrompt,
    /// What the model prefers to write.
    pub answer: Text,
    /// All of it.
    pub span: Span,
}

/// The left side of a script's rule.
#[derive(Debug, Clone)]
pub enum ScriptPrompt {
    /// A text.
    Text(Text),
    /// A regex.
    Regex(Regex),
}

/// `const NAME: T = expr`
#[derive(Debug, Clone)]
pub struct ConstDecl {
    /// Its name.
    pub name: Ident,
    /// Its declared type.
    pub ty: Option<Type>,
    /// Its value.
    pub value: Expr,
}

/// `type NAME = T`
#[derive(Debug, Clone)]
pub struct TypeDecl {
    /// Its name.
    pub name: Ident,
    /// What it stands for.
    pub ty: Type,
}

/// Which kind of function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FuncWord {
    /// Writes into its caller's context.
    Fn,
    /// Has a context of its own.
    Agent,
}

/// A `fn` or an `agent`.
#[derive(Debug, Clone)]
pub struct FuncDecl {
    /// Which.
    pub word: FuncWord,
    /// Its name.
    pub name: Ident,
    /// Its parameters.
    pub params: Vec<Param>,
    /// Its declared result type.
    pub ret: Option<Type>,
    /// Its body.
    pub body: Block,
    /// All of it.
    pub span: Span,
}

/// A parameter or an `input`.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Type,
    /// What it is when no argument is given.
    pub default: Option<Expr>,
}

/// `model "name" { ctx: 4096 }`, `model small = "name"`
#[derive(Debug, Clone)]
pub struct ModelDecl {
    /// What the program calls it; the default model has no name.
    pub name: Option<Ident>,
    /// The name, path or reference.
    pub model: Text,
    /// Its settings.
    pub settings: Vec<(Ident, Expr)>,
    /// All of it.
    pub span: Span,
}

/// `{ … }`
#[derive(Debug, Clone)]
pub struct Block {
    /// What it holds.
    pub stmts: Vec<Stmt>,
    /// Braces included.
    pub span: Span,
}

/// A statement and its place.
#[derive(Debug, Clone)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// Its place.
    pub span: Span,
}

/// What a statement is.
#[derive(Debug, Clone)]
pub enum StmtKind {
    /// Prompt text.
    Text(Text),
    /// `let x: T = expr`
    Let {
        /// The new variable.
        name: Ident,
        /// Its declared type.
        ty: Option<Type>,
        /// Its value.
        value: Expr,
    },
    /// `x = expr`, `x += expr`
    Assign {
        /// What is assigned to.
        name: Ident,
        /// Whether it is `+=`.
        add: bool,
        /// The value.
        value: Expr,
    },
    /// `if … else if … else`
    If {
        /// Conditions and what they lead to.
        arms: Vec<(Expr, Block)>,
        /// The last `else`.
        otherwise: Option<Block>,
    },
    /// `for x in xs { … }`
    For {
        /// The item.
        var: Ident,
        /// The list.
        list: Expr,
        /// The body.
        body: Block,
    },
    /// `repeat N as i { … }`
    Repeat {
        /// How often.
        count: Expr,
        /// The counter.
        var: Option<Ident>,
        /// The body.
        body: Block,
    },
    /// `while cond max N { … }`
    While {
        /// Asked before each turn.
        cond: Expr,
        /// Turns at most.
        max: Expr,
        /// The body.
        body: Block,
    },
    /// `try { … } else e { … }`
    Try {
        /// What may fail.
        body: Block,
        /// What the error is called in `handler`.
        error: Option<Ident>,
        /// What happens then; nothing if it is missing.
        handler: Option<Block>,
    },
    /// `yield expr`
    Yield(Option<Expr>),
    /// `break`
    Break,
    /// `continue`
    Continue,
    /// `return expr`
    Return(Option<Expr>),
    /// `expect cond, message`
    Expect {
        /// What must hold.
        cond: Expr,
        /// What to say otherwise.
        message: Option<Expr>,
    },
    /// `fail message`
    Fail(Expr),
    /// `print expr`
    Print(Option<Expr>),
    /// `user …`
    Role {
        /// Whose message.
        role: Role,
        /// What it says.
        body: RoleBody,
    },
    /// `gen`, `select` or `call`
    Gen(Gen),
    /// An expression: only calls mean something here.
    Expr(Expr),
    /// Could not be read; reported already.
    Error {
        /// Names that it may have declared.
        names: Vec<Ident>,
        /// Its blocks, as far as they could be read.
        blocks: Vec<Block>,
    },
}

/// The word that opens a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `system`
    System,
    /// `user`
    User,
    /// `assistant`
    Assistant,
    /// `tool`
    Tool,
}

/// What stands after a role word.
#[derive(Debug, Clone)]
pub enum RoleBody {
    /// `{ … }`
    Block(Block),
    /// One generation.
    Gen(Gen),
    /// A value, or text if it is a string.
    Expr(Expr),
}

/// A string: text, holes, or both.
#[derive(Debug, Clone)]
pub struct Text {
    /// Its parts in order, escapes read and indentation removed.
    pub parts: Vec<Part>,
    /// Quotes included.
    pub span: Span,
}

impl Text {
    /// Its text if it has no holes.
    pub fn literal(&self) -> Option<String> {
        let mut all = String::new();
        for part in &self.parts {
            match part {
                Part::Lit(text, _) => all.push_str(text),
                _ => return None,
            }
        }
        Some(all)
    }
}

/// A part of a string.
#[derive(Debug, Clone)]
pub enum Part {
    /// Text.
    Lit(String, Span),
    /// A hole with a value.
    Expr(Expr),
    /// A hole with a generation.
    Gen(Gen),
}

/// `gen x: T with …`, `select x from list by method` or `call x: t1 | t2`
#[derive(Debug, Clone)]
pub struct Gen {
    /// What is bound.
    pub name: Ident,
    /// Whether it is `x[]`.
    pub append: bool,
    /// Which of the three.
    pub kind: GenKind,
    /// `with …`
    pub options: Vec<(Ident, Expr)>,
    /// All of it.
    pub span: Span,
}

/// What a generation may write.
#[derive(Debug, Clone)]
pub enum GenKind {
    /// `gen`, with its type.
    Gen(Option<Type>),
    /// `select`
    Select {
        /// The options.
        from: Expr,
        /// The method after `by`.
        by: Option<Ident>,
    },
    /// `call`, with the tools that may be called.
    Call(Vec<Path>),
}

/// An expression and its place.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its place.
    pub span: Span,
}

/// What an expression is.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// Could not be read; reported already.
    Error,
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A natural number: the minus sign is an operator.
    Int(u64),
    /// A number with a point or an exponent.
    Float(f64),
    /// A string.
    Str(Text),
    /// `/…/`
    Regex(Regex),
    /// A name.
    Name(String),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{a: 1}`
    Record(Vec<(Ident, Expr)>),
    /// `-x`, `not x`
    Unary(UnOp, Box<Expr>),
    /// `a + b` and the like
    Binary(BinOp, Span, Box<Expr>, Box<Expr>),
    /// `if c { a } else { b }`
    If(Vec<(Expr, Expr)>, Box<Expr>),
    /// `f(a, k = b)`; `x | f(a)` has `x` as its first argument.
    Call(Call),
    /// `x.name`
    Field(Box<Expr>, Ident),
    /// `x[i]`
    Index(Box<Expr>, Box<Expr>),
    /// `x[a:b]`
    Slice(Box<Expr>, Option<Box<Expr>>, Option<Box<Expr>>),
    /// `fork N as i { … }`, `fork x in list { … }`
    Fork(Box<Fork>, Block),
    /// `aside { … }`
    Aside(Block),
    /// `embed "file"`
    Embed(Text),
}

/// How many branches a `fork` has.
#[derive(Debug, Clone)]
pub enum Fork {
    /// `fork N as i`
    Count(Expr, Option<Ident>),
    /// `fork x in list`
    Each(Ident, Expr),
}

/// A call.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is called: a name, if it is right.
    pub callee: Box<Expr>,
    /// Its arguments, named ones with their names.
    pub args: Vec<(Option<Ident>, Expr)>,
    /// Whether the first argument came through a pipe.
    pub piped: bool,
}

/// A regex literal.
#[derive(Debug, Clone)]
pub struct Regex {
    /// Between the slashes, as written: `\/` is a slash to the regex engine, too.
    pub pattern: String,
    /// Slashes included.
    pub span: Span,
}

/// Unary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnOp {
    /// `-`
    Neg,
    /// `not`
    Not,
}

/// Binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BinOp {
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
    Coalesce,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}

impl BinOp {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            BinOp::Or => "or",
            BinOp::And => "and",
            BinOp::Eq => "==",
            BinOp::Ne => "!=",
            BinOp::Lt => "<",
            BinOp::Le => "<=",
            BinOp::Gt => ">",
            BinOp::Ge => ">=",
            BinOp::In => "in",
            BinOp::NotIn => "not in",
            BinOp::Coalesce => "??",
            BinOp::Add => "+",
            BinOp::Sub => "-",
            BinOp::Mul => "*",
            BinOp::Div => "/",
            BinOp::Rem => "%",
        }
    }
}

/// A type and its place.
#[derive(Debug, Clone)]
pub struct Type {
    /// What it is.
    pub kind: TypeKind,
    /// Its place.
    pub span: Span,
}

/// What a type is.
#[derive(Debug, Clone)]
pub enum TypeKind {
    /// Could not be read; reported already.
    Error,
    /// `str`, `int(0..9)`, `Ticket`, `lib.Ticket`
    Name(Path, Option<Bounds>),
    /// `"a"`
    Str(String),
    /// `3`
    Int(i64),
    /// `2.5`
    Float(f64),
    /// `true`
    Bool(bool),
    /// `null`
    Null,
    /// `/…/`
    Regex(Regex),
    /// `{a: T, b: T?}`
    Record(Vec<FieldType>),
    /// `T[]`, `T[](..5)`
    List(Box<Type>, Option<Bounds>),
    /// `T | U`
    Union(Vec<Type>),
    /// `map(T)`
    Map(Box<Type>),
    /// `json(T)`
    JsonOf(Box<Type>),
    /// `schema "file.json"`
    Schema(Text),
    /// `grammar "file.lark"`, `grammar """…"""`
    Grammar(Text),
    /// `copy(expr)`
    Copy(Box<Expr>),
    /// `one_of(expr)`
    OneOf(Box<Expr>),
}

/// A field of a record type.
#[derive(Debug, Clone)]
pub struct FieldType {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Type,
    /// Whether it may be left out.
    pub optional: bool,
}

/// `(a..b)`
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Lowest, as written.
    pub min: Option<Bound>,
    /// Highest, as written.
    pub max: Option<Bound>,
    /// Parentheses included.
    pub span: Span,
}

/// A number in bounds.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// Its value.
    pub value: Number,
    /// Its place.
    pub span: Span,
}

/// A literal number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Without point and exponent.
    Int(i64),
    /// With one.
    Float(f64),
}
