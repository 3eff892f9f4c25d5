//! The untyped tree: what a file says, with a span on every node.
//!
//! No names are resolved here, and nothing is checked.

pub(crate) mod docs;
mod expr;
mod item;
mod stmt;
mod text;
mod types;

use std::fmt;

use crate::source::Span;

pub use docs::{Doc, Docs};
pub use expr::{BinOp, Call, Expr, ExprKind, Fork, Lambda, ListPart, RecordPart, Regex, UnOp};
pub use item::{
    Capability, ConstDecl, FuncDecl, FuncWord, Import, ImportNames, Item, ModelDecl, Param, ScriptPrompt,
    ScriptRule, TestDecl, TestModel, ToolBody, ToolDecl, TypeDecl,
};
pub use stmt::{Arm, Block, Gen, GenKind, Match, Part, Role, RoleBody, Stmt, StmtKind, Text};
pub use types::{Bound, Bounds, FieldType, Number, Place, Type, TypeHole, TypeKind, TypePart, TypeText};

/// A parsed file.
#[derive(Debug, Clone, Default)]
pub struct Ast {
    /// Its items and top-level statements in order.
    pub items: Vec<Item>,
    /// Statements that could not be parsed, and names that are unknown for it.
    pub damage: Damage,
    /// Comments that silence warnings: `# allow W0001: reason`.
    pub allows: Vec<Allow>,
    /// Comments that describe what stands below them: `## what it is`.
    pub docs: Docs,
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

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.names.iter().map(|name| name.name.as_str()).collect();
        f.write_str(&names.join("."))
    }
}
