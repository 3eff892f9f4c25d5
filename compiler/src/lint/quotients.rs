//! Quotients of ints that are floats where that is not what anyone wants.

use super::Lint;
use super::walk::{self, Node};
use crate::builtin::Builtin;
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, Part, StmtKind};
use crate::ir::{BinOp, Const};
use crate::ty::Ty;

const HINT: &str = "write `//` for the whole part, or say how many decimals: format(a / b, \"0.0\")";

impl Lint<'_> {
    /// Quotients that are printed as they are, compared with ints, or divided with a rest.
    pub(super) fn quotients(&mut self) {
        let hir = self.hir;
        for func in &hir.funcs {
            let mut found = Vec::new();
            walk::each(&func.body, &mut |node| match node {
                Node::Stmt(stmt) => {
                    if let StmtKind::Text(parts) = &stmt.kind {
                        found.extend(parts.iter().filter_map(printed_part));
                    }
                }
                Node::Expr(expr) => found.extend(self.of_expr(expr)),
                Node::Gen(_) => {}
            });
            found.into_iter().for_each(|diag| self.report(diag));
        }
    }

    fn of_expr(&self, expr: &Expr) -> Vec<Diag> {
        match &expr.kind {
            ExprKind::Format(parts) | ExprKind::Builtin(Builtin::Str, parts) => {
                parts.iter().filter_map(printed).collect()
            }
            ExprKind::Binary(op @ (BinOp::Eq | BinOp::Ne | BinOp::Rem), a, b) => {
                let whole = |a: &Expr, b: &Expr| divides(a) && self.is_whole(b);
                let at = if whole(a, b) { a } else { b };
                let found = whole(a, b) || *op != BinOp::Rem && whole(b, a);
                let message =
                    format!("this quotient of two ints is a float, and `{}` is meant for ints", op.sign());
                let hint = "write `//` for the whole part";
                found.then(|| Diag::new("W0117", at.span, message).hint(hint)).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// An int that became a float for the sake of the other side.
    fn is_whole(&self, value: &Expr) -> bool {
        match value.kind {
            ExprKind::IntToFloat(_) => true,
            ExprKind::Const(Const::Float(_)) => {
                self.text(value.span).bytes().all(|byte| byte.is_ascii_digit())
            }
            _ => false,
        }
    }
}

fn printed_part(part: &Part) -> Option<Diag> {
    if let Part::Value(value) = part { printed(value) } else { None }
}

/// The text of `3.3333333333333335` helps no one.
fn printed(value: &Expr) -> Option<Diag> {
    let message = "this quotient of two ints is a float, and is printed with all of its decimals";
    divides(value).then(|| Diag::new("W0117", value.span, message).hint(HINT))
}

fn divides(value: &Expr) -> bool {
    matches!(&value.kind, ExprKind::Binary(BinOp::Div, a, b) if a.ty.base() == Ty::Int && b.ty.base() == Ty::Int)
}
