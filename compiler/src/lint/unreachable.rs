//! How control leaves blocks, and statements that it never reaches.

use super::Lint;
use super::walk::{self, Child, Node};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, Stmt, StmtKind};
use crate::ir::Const;

/// The ways out of some statements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Exits {
    /// To what stands after them.
    pub(super) next: bool,
    /// Out of the loop around them, or to its next turn.
    pub(super) turns: bool,
}

impl Lint<'_> {
    /// Statements after one that always leaves.
    pub(super) fn unreachable(&mut self) {
        let hir = self.hir;
        for func in &hir.funcs {
            self.unreachable_in(&func.body);
            walk::each(&func.body, &mut |node| match node {
                Node::Stmt(stmt) => {
                    for child in walk::of_stmt(stmt) {
                        if let Child::Block(body) = child {
                            self.unreachable_in(body);
                        }
                    }
                }
                Node::Expr(Expr { kind: ExprKind::Branch(_, body), .. }) => self.unreachable_in(body),
                Node::Expr(_) | Node::Gen(_) => {}
            });
        }
    }

    /// The first such statement of a block itself.
    fn unreachable_in(&mut self, stmts: &[Stmt]) {
        let Some(at) = stmts.iter().position(|stmt| !exits(stmt).next) else { return };
        let Some(dead) = stmts.get(at + 1) else { return };
        let leaves = stmts[at].span;
        let diag = Diag::new("W0002", dead.span, "this is never reached");
        let diag = diag.label(leaves, "this always leaves");
        self.report(diag.hint("remove it, or the statement before it that always leaves"));
    }
}

/// The ways out of a block.
pub(super) fn exits_of(stmts: &[Stmt]) -> Exits {
    let mut all = Exits { next: true, turns: false };
    for stmt in stmts {
        let here = exits(stmt);
        all.turns |= here.turns;
        if !here.next {
            return Exits { next: false, ..all };
        }
    }
    all
}

/// The ways out of a statement, as far as its form tells: conditions may be true or false.
fn exits(stmt: &Stmt) -> Exits {
    let on = Exits { next: true, turns: false };
    match &stmt.kind {
        StmtKind::Return(_) | StmtKind::Fail(_) | StmtKind::Yield(_) => Exits::default(),
        StmtKind::Break | StmtKind::Continue => Exits { next: false, turns: true },
        StmtKind::If(arms, otherwise) => {
            let arms = arms.iter().map(|(_, body)| exits_of(body));
            arms.fold(exits_of(otherwise), Exits::or)
        }
        StmtKind::Role(_, body) => exits_of(body),
        StmtKind::Try(parts) => exits_of(&parts.body).or(exits_of(&parts.handler)),
        StmtKind::Repeat(count, _, body) if surely_turns(count) => {
            let body = exits_of(body);
            Exits { next: body.next || body.turns, turns: false }
        }
        _ => on,
    }
}

impl Exits {
    fn or(self, other: Exits) -> Exits {
        Exits { next: self.next || other.next, turns: self.turns || other.turns }
    }
}

/// Whether a loop of so many turns, or over such a list, has at least one.
pub(super) fn surely_turns(over: &Expr) -> bool {
    match &over.kind {
        ExprKind::Const(Const::Int(n)) => *n > 0,
        ExprKind::Const(Const::List(items)) => !items.is_empty(),
        ExprKind::List(items) => !items.is_empty(),
        _ => false,
    }
}
