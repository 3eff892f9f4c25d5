//! What a body does beside computing values, in source order, and which role is open there.

use super::walk::{self, Child, Node};
use super::{Expr, ExprKind, Gen, Hir, Part, Stmt, StmtKind, ToolBody};
use crate::ir::{FuncId, Role};
use crate::source::Span;

/// Something that a body does to the context it runs in, or that others may do for it.
#[derive(Clone, Copy)]
pub(crate) enum Act<'h> {
    /// Writes text.
    Text(Span),
    /// The model writes.
    Gen(&'h Gen),
    /// Calls a function.
    Call(FuncId, Span),
    /// Opens a role, by this word.
    Open(Span),
    /// Reads the text so far.
    Read,
    /// Has a model score a text after it.
    Score,
}

/// Shows what statements do, given which role is open before them.
pub(crate) fn acts<'h>(stmts: &'h [Stmt], role: Option<Role>, see: &mut impl FnMut(Option<Role>, Act<'h>)) {
    for stmt in stmts {
        match &stmt.kind {
            StmtKind::Role(inner, body) => {
                let word = u32::try_from(inner.name().len()).unwrap_or(0);
                see(role, Act::Open(Span { end: stmt.span.start + word, ..stmt.span }));
                acts(body, Some(*inner), see);
            }
            StmtKind::Text(parts) => parts.iter().for_each(|part| part_acts(part, role, see)),
            _ => walk::of_stmt(stmt).into_iter().for_each(|child| child_acts(child, role, see)),
        }
    }
}

fn part_acts<'h>(part: &'h Part, role: Option<Role>, see: &mut impl FnMut(Option<Role>, Act<'h>)) {
    if let Some(child) = walk::of_part(part) {
        child_acts(child, role, see);
    }
    match part {
        Part::Lit(text, span) if !text.is_empty() => see(role, Act::Text(*span)),
        Part::Value(value) => see(role, Act::Text(value.span)),
        _ => {}
    }
}

fn child_acts<'h>(child: Child<'h>, role: Option<Role>, see: &mut impl FnMut(Option<Role>, Act<'h>)) {
    match child {
        Child::Block(stmts) => acts(stmts, role, see),
        Child::Gen(generation) => {
            walk::of_gen(generation).into_iter().for_each(|child| child_acts(child, role, see));
            see(role, Act::Gen(generation));
        }
        Child::Expr(expr) => {
            walk::of_expr(expr).into_iter().for_each(|child| child_acts(child, role, see));
            match &expr.kind {
                ExprKind::Call(func, _) => see(role, Act::Call(FuncId(*func), expr.span)),
                ExprKind::Context => see(role, Act::Read),
                ExprKind::Score(_) => see(role, Act::Score),
                _ => {}
            }
        }
    }
}

impl Hir {
    /// Whether computing a value does nothing else: no writing, no generating, no tool.
    pub(crate) fn is_pure(&self, expr: &Expr) -> bool {
        let mut pure = true;
        walk::each_of(Child::Expr(expr), &mut |node| {
            if let Node::Expr(expr) = node {
                pure &= match &expr.kind {
                    ExprKind::Call(func, _) => self.func(FuncId(*func)).is_some_and(|f| f.effects.pure()),
                    ExprKind::Tool(..) | ExprKind::Branch(..) | ExprKind::Context | ExprKind::Score(_) => {
                        false
                    }
                    _ => true,
                };
            }
        });
        pure
    }

    /// The functions that the model may call in a generation: the bodies of its tools.
    pub(crate) fn tool_funcs(&self, generation: &Gen) -> impl Iterator<Item = FuncId> {
        let tools = generation.tools.iter().filter_map(|tool| self.tools.get(*tool as usize));
        tools.filter_map(|tool| match tool.body {
            ToolBody::Func(func) => Some(FuncId(func)),
            ToolBody::Outside(_) => None,
        })
    }
}
