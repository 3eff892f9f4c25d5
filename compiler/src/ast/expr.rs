//! Expressions.

use super::{Block, Ident, Text};
use crate::source::Span;

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
