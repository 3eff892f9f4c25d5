//! Statements, prompt text and generations.

use super::{Expr, Ident, Path, Type};
use crate::source::Span;

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
    /// `match x { "a" => { … } else => { … } }`
    Match(Match<Block>),
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

/// `match x { "a" | "b" => … else => … }`, of statements or of values.
#[derive(Debug, Clone)]
pub struct Match<T> {
    /// What is compared.
    pub subject: Expr,
    /// What may follow, in order.
    pub arms: Vec<Arm<T>>,
}

/// What follows in some cases.
#[derive(Debug, Clone)]
pub struct Arm<T> {
    /// The literals; none for `else`.
    pub cases: Vec<Expr>,
    /// What stands before the `=>`.
    pub span: Span,
    /// What follows.
    pub body: T,
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
