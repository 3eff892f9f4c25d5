//! Loops that never run, and loops whose condition nothing changes.

use super::Lint;
use super::walk::{self, Child, Node};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, Stmt, StmtKind};
use crate::ir::Const;
use crate::source::Span;

impl Lint<'_> {
    pub(super) fn loops(&mut self) {
        let hir = self.hir;
        for func in &hir.funcs {
            let mut stmts = Vec::new();
            walk::each(&func.body, &mut |node| {
                if let Node::Stmt(stmt) = node {
                    stmts.push(stmt);
                }
            });
            for stmt in stmts {
                match (self.never_turns(stmt), &stmt.kind) {
                    (Some(span), _) => {
                        let diag = Diag::new("W0111", span, "this loop never runs");
                        self.report(diag.hint("remove the loop, or give it at least one iteration"));
                    }
                    (None, StmtKind::While(cond, _, body)) => self.unchanging(cond, body),
                    _ => {}
                }
            }
        }
    }

    /// What keeps a loop from turning at all.
    fn never_turns(&self, stmt: &Stmt) -> Option<Span> {
        let at_most_zero = |count: &Expr| matches!(count.kind, ExprKind::Const(Const::Int(n)) if n <= 0);
        match &stmt.kind {
            StmtKind::Repeat(count, ..) if at_most_zero(count) => Some(count.span),
            StmtKind::For(_, list, _) if matches!(&list.kind, ExprKind::List(items) if items.is_empty()) => {
                Some(list.span)
            }
            StmtKind::While(cond, ..) if self.outcome(cond) == Some(false) => Some(cond.span),
            StmtKind::While(_, max, _) if at_most_zero(max) => Some(max.span),
            _ => None,
        }
    }

    /// A `while` whose body cannot change what its condition asks, and never leaves.
    fn unchanging(&mut self, cond: &Expr, body: &[Stmt]) {
        let asked = walk::reads(Child::Expr(cond));
        let changed = walk::writes(body);
        let leaves = |stmt: &Stmt| {
            matches!(
                stmt.kind,
                StmtKind::Break | StmtKind::Return(_) | StmtKind::Fail(_) | StmtKind::Yield(_)
            ) || matches!(stmt.kind, StmtKind::Expect(..))
        };
        let mut ends = false;
        walk::each(body, &mut |node| ends |= matches!(node, Node::Stmt(stmt) if leaves(stmt)));
        let same = asked.iter().all(|var| !changed.contains(var));
        if ends || !same || !self.hir.is_pure(cond) {
            return;
        }
        let diag = Diag::new("W0114", cond.span, "nothing in the loop changes this condition");
        self.report(
            diag.hint("change a variable that it depends on, leave with `break`, or write `repeat N { … }`"),
        );
    }
}
