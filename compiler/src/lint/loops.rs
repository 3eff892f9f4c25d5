//! Loops that never turn, and loops whose condition nothing changes.

use super::Lint;
use super::graph::is_pure;
use super::walk::{self, Child, Node};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, Stmt, StmtKind};
use crate::ir::Const;

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
                self.without_turns(stmt);
                if let StmtKind::While(cond, _, body) = &stmt.kind {
                    self.unchanging(cond, body);
                }
            }
        }
    }

    fn without_turns(&mut self, stmt: &Stmt) {
        let span = match &stmt.kind {
            StmtKind::Repeat(count, ..) if matches!(count.kind, ExprKind::Const(Const::Int(n)) if n <= 0) => {
                count.span
            }
            StmtKind::For(_, list, _) if matches!(&list.kind, ExprKind::List(items) if items.is_empty()) => {
                list.span
            }
            StmtKind::While(cond, ..) if self.outcome(cond) == Some(false) => cond.span,
            StmtKind::While(_, max, _) if matches!(max.kind, ExprKind::Const(Const::Int(n)) if n <= 0) => {
                max.span
            }
            _ => return,
        };
        let diag = Diag::new("W0111", span, "this loop never runs");
        self.report(diag.hint("remove the loop, or give it at least one turn"));
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
        if ends || !same || !is_pure(self.hir, cond) || self.outcome(cond) == Some(false) {
            return;
        }
        let diag = Diag::new("W0114", cond.span, "nothing in the loop changes this condition");
        self.report(
            diag.hint("change a variable that it asks about, leave with `break`, or write `repeat N { … }`"),
        );
    }
}
