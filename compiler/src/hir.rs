//! The typed tree: names resolved, types known, conversions explicit, free of errors.
//!
//! Only the checker makes one, and only from a program without errors; only this can be lowered.

pub(crate) mod acts;
mod text;
pub(crate) mod walk;

use std::collections::HashSet;
use std::fmt;

use agentc_constraint::spec::Spec;
use agentc_constraint::{Docs, SharedSpec};

use crate::builtin::Builtin;
use crate::ir::{
    BinOp, Capability, Const, FuncId, FuncKind, GenFact, GenOption, Method, ModelDecl, Role, TestModel, UnOp,
};
use crate::source::Span;
use crate::specs::Specs;
use crate::ty::{NamedTypes, Ty};

/// A checked program.
#[derive(Debug, Clone)]
pub struct Hir {
    /// All functions; a [`FuncId`] numbers them.
    pub funcs: Vec<Func>,
    /// The function that a run starts with.
    pub entry: u32,
    /// Types that contain themselves; [`Ty::Named`] numbers them.
    pub types: NamedTypes,
    /// The types that the program's own file declares.
    pub declared: Vec<Declared>,
    /// Descriptions that stand above nothing that they could describe.
    pub idle_docs: Vec<Span>,
    /// Declared tools; a [`ToolId`](crate::ir::ToolId) numbers them.
    pub tools: Vec<Tool>,
    /// `test` blocks in the order of the source.
    pub tests: Vec<Test>,
    /// The default model.
    pub model: Option<ModelDecl>,
    /// The other models, by name.
    pub models: Vec<(String, ModelDecl)>,
    /// Whether a role can be opened in a run.
    pub chat: bool,
    /// What generations may write, each once, with what was built from it.
    pub specs: Specs,
    /// Where the declarations and imports stand that something names, in all files, and the variables that
    /// text names in single braces.
    pub named: HashSet<Span>,
}

impl Hir {
    /// A function by its number.
    pub(crate) fn func(&self, id: FuncId) -> Option<&Func> {
        self.funcs.get(id.index())
    }

    /// The functions with their numbers.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (FuncId, &Func)> {
        (0..).map(FuncId).zip(&self.funcs)
    }

    /// Whether a call of a function runs in its caller's context.
    pub(crate) fn is_fn(&self, id: FuncId) -> bool {
        self.func(id).is_some_and(|func| func.kind == FuncKind::Fn)
    }
}

/// A declared type: what a generation of it writes, and what comments say of it.
#[derive(Debug, Clone)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// What is written, with all that it names.
    pub spec: Spec,
    /// Descriptions, in the shape of the spec.
    pub docs: Docs,
    /// The name in its declaration.
    pub span: Span,
}

/// A declared tool.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its parameters: name, type, and the function that computes the default.
    pub params: Vec<(String, Ty, Option<u32>)>,
    /// The type of its result.
    pub ret: Ty,
    /// What it has to be granted.
    pub needs: Vec<Capability>,
    /// What runs.
    pub body: ToolBody,
    /// Where it is declared.
    pub span: Span,
}

/// What a tool runs.
#[derive(Debug, Clone)]
pub enum ToolBody {
    /// What the embedding program supplies, a command, a request, or a tool of a server.
    Outside(crate::ir::ToolBody),
    /// A function of the program.
    Func(u32),
}

/// A `test` block.
#[derive(Debug, Clone)]
pub struct Test {
    /// Its name.
    pub name: String,
    /// What it does.
    pub func: u32,
    /// The model it runs on.
    pub model: TestModel,
    /// Whether a role can be opened in it.
    pub chat: bool,
    /// Where it is declared.
    pub span: Span,
}

/// A variable of a function; parameters come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VarId(pub u32);

/// Where a function comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A body: of a declaration, of a test, or of the file.
    Func,
    /// The value of a constant, or the default of a parameter.
    Value,
}

/// A function, or the value of a constant or default.
#[derive(Debug, Clone)]
pub struct Func {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What a call does to the context.
    pub kind: FuncKind,
    /// How many of the variables are parameters, and the function that computes each one's default.
    pub defaults: Vec<Option<u32>>,
    /// What it returns.
    pub ret: Ty,
    /// What running it does.
    pub effects: Effects,
    /// Its variables.
    pub vars: Vec<Var>,
    /// Captures, in order of appearance.
    pub captures: Vec<VarId>,
    /// Facts about captures that the function reads: the capture, which fact, and the variable that holds it.
    pub facts: Vec<(VarId, GenFact, VarId)>,
    /// What it does.
    pub body: Vec<Stmt>,
    /// Where it is declared.
    pub span: Span,
}

/// What running a function does beside giving a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effects {
    /// It writes into the context it runs in.
    pub writes: bool,
    /// It generates, calls an agent or a tool, or asks for a score, here or in what it calls.
    pub asks: bool,
    /// It reads the context it runs in.
    pub reads: bool,
    /// It opens a role in the context it runs in.
    pub roles: bool,
}

impl Effects {
    /// Whether it neither writes, generates nor reads the context.
    pub fn pure(self) -> bool {
        self == Effects::default()
    }
}

impl fmt::Display for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pure() {
            return f.write_str("pure");
        }
        let all = [
            (self.writes, "writes"),
            (self.asks, "generates"),
            (self.roles, "opens roles"),
            (self.reads, "reads the context"),
        ];
        let names: Vec<&str> = all.iter().filter(|(does, _)| *does).map(|(_, name)| *name).collect();
        f.write_str(&names.join(", "))
    }
}

/// A variable.
#[derive(Debug, Clone)]
pub struct Var {
    /// Its name; empty if the program has none for it.
    pub name: String,
    /// Its type.
    pub ty: Ty,
    /// Whether it is a list that generations append to, and so begins empty.
    pub grows: bool,
    /// The name where it is declared or first generated.
    pub span: Span,
}

/// A statement.
#[derive(Debug, Clone)]
pub struct Stmt {
    /// What it does.
    pub kind: StmtKind,
    /// Its place.
    pub span: Span,
}

/// What a statement does.
#[derive(Debug, Clone)]
pub enum StmtKind {
    /// Writes into the context.
    Text(Vec<Part>),
    /// Gives a variable a value.
    Set(VarId, Expr),
    /// Branches.
    If(Vec<(Expr, Vec<Stmt>)>, Vec<Stmt>),
    /// For each item of a list.
    For(VarId, Expr, Vec<Stmt>),
    /// So many times, counting.
    Repeat(Expr, Option<VarId>, Vec<Stmt>),
    /// While a condition holds, and so many times at most.
    While(Expr, Expr, Vec<Stmt>),
    /// Undoes its text and captures if it fails, and goes on with the handler.
    Try(Try),
    /// Ends a branch with a value.
    Yield(Option<Expr>),
    /// Leaves the loop.
    Break,
    /// Goes on with the loop's next turn.
    Continue,
    /// Leaves the function.
    Return(Option<Expr>),
    /// Ends the run unless it holds.
    Expect(Expr, Option<Expr>),
    /// Ends the run.
    Fail(Expr),
    /// Writes to standard error.
    Print(Expr),
    /// A message.
    Role(Role, Vec<Stmt>),
    /// The model writes.
    Gen(Gen),
    /// A call whose value is dropped.
    Call(Expr),
}

/// `try { … } else e { … }`
#[derive(Debug, Clone)]
pub struct Try {
    /// What may fail.
    pub body: Vec<Stmt>,
    /// The variable that holds the error.
    pub error: Option<VarId>,
    /// What happens then.
    pub handler: Vec<Stmt>,
    /// Variables that generations in the body bind.
    pub restore: Vec<VarId>,
}

/// A part of a text.
#[derive(Debug, Clone)]
pub enum Part {
    /// As it stands.
    Lit(String, Span),
    /// A value, printed.
    Value(Expr),
    /// The model writes.
    Gen(Gen),
    /// A function writes.
    Call(Expr),
}

/// A generation.
#[derive(Debug, Clone)]
pub struct Gen {
    /// What is bound.
    pub var: VarId,
    /// Its name.
    pub name: String,
    /// Whether the value is appended to a list.
    pub append: bool,
    /// What may be written: by a `call`, which tool with which arguments.
    pub spec: SharedSpec,
    /// The values of its holes.
    pub bindings: Vec<Expr>,
    /// Where the stops stand that the spec has, in its order.
    pub stops: Vec<Span>,
    /// How the text is read.
    pub ty: Ty,
    /// Whether the text is JSON.
    pub json: bool,
    /// Options and their values.
    pub options: Vec<(GenOption, Expr)>,
    /// How a `select` chooses.
    pub method: Method,
    /// One of the models by name, instead of the run's.
    pub model: Option<u32>,
    /// Tools that may be called: in the text of a `gen`, or by a `call`.
    pub tools: Vec<u32>,
    /// Where the tools of a `gen` stand.
    pub tools_span: Option<Span>,
    /// Whether it is a `call`.
    pub call: bool,
    /// Its place.
    pub span: Span,
}

/// An expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it computes.
    pub kind: ExprKind,
    /// The type of the value.
    pub ty: Ty,
    /// Its place.
    pub span: Span,
}

/// What an expression computes.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// A constant.
    Const(Const),
    /// A variable's value.
    Var(VarId),
    /// A value of which only a part of its type is left at this place.
    Narrowed(Box<Expr>),
    /// An int as a float.
    IntToFloat(Box<Expr>),
    /// `-x`, `not x`
    Unary(UnOp, Box<Expr>),
    /// An operator on two values of one type.
    Binary(BinOp, Box<Expr>, Box<Expr>),
    /// `a and b`: the second only if the first is true.
    And(Box<Expr>, Box<Expr>),
    /// `a or b`: the second only if the first is false.
    Or(Box<Expr>, Box<Expr>),
    /// `a ?? b`: the second only if the first is null.
    Coalesce(Box<Expr>, Box<Expr>),
    /// A variable of the expression is computed, and then what reads it.
    Let(VarId, Box<Expr>, Box<Expr>),
    /// `if` with values.
    If(Vec<(Expr, Expr)>, Box<Expr>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{a: 1}`
    Record(Vec<(String, Expr)>),
    /// `x.name`
    Field(Box<Expr>, String),
    /// `x[i]`
    Index(Box<Expr>, Box<Expr>),
    /// `x[a:b]`
    Slice(Box<Expr>, Option<Box<Expr>>, Option<Box<Expr>>),
    /// A prelude function, defaults filled in.
    Builtin(Builtin, Vec<Expr>),
    /// A function of the program, defaults filled in.
    Call(u32, Vec<Expr>),
    /// A tool that is no function of the program, defaults filled in.
    Tool(u32, Vec<Expr>),
    /// `map(xs, f)`, `filter(xs, f)` and the like: a function of the prelude that calls another for items of a list.
    Map(Box<Map>),
    /// `aside`, `fork`: a body that runs in copies of the frame and its context.
    Branch(Box<Over>, Vec<Stmt>),
    /// `context`: the text so far.
    Context,
    /// `score(text)`
    Score(Box<Expr>),
    /// Values printed and joined.
    Format(Vec<Expr>),
}

/// A value computed from each item of a list.
#[derive(Debug, Clone)]
pub struct Map {
    /// The list.
    pub list: Expr,
    /// The variable that holds the item.
    pub item: VarId,
    /// What is computed from it.
    pub body: Expr,
    /// What becomes of the values.
    pub gives: MapGives,
}

/// What becomes of the values that are computed from the items of a list.
#[derive(Debug, Clone)]
pub enum MapGives {
    /// They are the result, in order.
    Values,
    /// The items whose value is true are.
    Filter,
    /// The items in rising order of their values are, or in falling order if this is true.
    Sorted(Expr),
    /// Lists of the items of one value are, by their values.
    Groups,
    /// Whether one is true is; the items after that are left alone.
    Any,
    /// Whether all are true is; the items after one that is not are left alone.
    All,
    /// The first item whose value is true is, or null.
    Find,
    /// The last one is, where each is in the variable for the next, and the expression for the first.
    Reduced(VarId, Expr),
}

/// How many branches there are.
#[derive(Debug, Clone)]
pub enum Over {
    /// One.
    Aside,
    /// So many, counted from 0.
    Count(Expr, Option<VarId>),
    /// One for each item of a list.
    Each(VarId, Expr),
}
