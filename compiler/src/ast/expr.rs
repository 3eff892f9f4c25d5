//! Expressions.

use super::{Block, Ident, Match, Path, Text};
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
    /// `[...xs, a]`: a list that takes in others.
    ListOf(Vec<ListPart>),
    /// `{a: 1}`
    Record(Vec<(Ident, Expr)>),
    /// `{...r, a: 1, [k]: 2}`: a record that takes in others, or has keys that are computed.
    RecordOf(Vec<RecordPart>),
    /// `-x`, `not x`
    Unary(UnOp, Box<Expr>),
    /// `a + b` and the like
    Binary(BinOp, Span, Box<Expr>, Box<Expr>),
    /// `if c { a } else { b }`
    If(Vec<(Expr, Expr)>, Box<Expr>),
    /// `match x { "a" => 1, else => 2 }`
    Match(Box<Match<Expr>>),
    /// `x => x.score`, `(a, b) => a + b`
    Lambda(Box<Lambda>),
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

impl Expr {
    /// `name` or `lib.name`, as a path.
    pub fn as_path(&self) -> Option<Path> {
        let name = |name: &String, span| Ident { name: name.clone(), span };
        let names = match &self.kind {
            ExprKind::Name(only) => vec![name(only, self.span)],
            ExprKind::Field(base, last) => match &base.kind {
                ExprKind::Name(first) => vec![name(first, base.span), last.clone()],
                _ => return None,
            },
            _ => return None,
        };
        Some(Path { names, span: self.span })
    }
}

/// A part of a list that takes in others.
#[derive(Debug, Clone)]
pub enum ListPart {
    /// `a, b`: items one after the other.
    Items(Vec<Expr>),
    /// `...xs`
    Spread(Expr),
}

/// A part of a record that takes in others, or has keys that are computed.
#[derive(Debug, Clone)]
pub enum RecordPart {
    /// `a: 1, b: 2`: fields one after the other.
    Fields(Vec<(Ident, Expr)>),
    /// `[k]: v`
    Keyed(Expr, Expr),
    /// `...r`
    Spread(Expr),
}

impl ListPart {
    /// The expressions in it.
    pub fn exprs(&self) -> &[Expr] {
        match self {
            ListPart::Items(items) => items,
            ListPart::Spread(list) => std::slice::from_ref(list),
        }
    }
}

impl RecordPart {
    /// The expressions in it, in order.
    pub fn exprs(&self) -> Vec<&Expr> {
        match self {
            RecordPart::Fields(fields) => fields.iter().map(|(_, value)| value).collect(),
            RecordPart::Keyed(key, value) => vec![key, value],
            RecordPart::Spread(record) => vec![record],
        }
    }
}

/// How many branches a `fork` has.
#[derive(Debug, Clone)]
pub enum Fork {
    /// `fork N as i`
    Count(Expr, Option<Ident>),
    /// `fork x in list`
    Each(Ident, Expr),
}

/// A function without a name, for another one to call.
#[derive(Debug, Clone)]
pub struct Lambda {
    /// What it is called with.
    pub params: Vec<Ident>,
    /// What it gives.
    pub body: Expr,
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
    Whole,
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
            BinOp::Whole => "//",
            BinOp::Rem => "%",
        }
    }
}
