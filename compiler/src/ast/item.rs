//! What stands at top level.

use super::{Block, Expr, Ident, Regex, Stmt, Text, Type};
use crate::source::Span;

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
        /// The text after it.
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
