//! Expressions to instructions. Operands are evaluated from left to right.

use super::code::Code;
use crate::hir::{Expr, ExprKind};
use crate::ir::{BinOp, BlockId, Const, FuncId, Local, Op, Term, ToolId, UnOp};
use crate::source::Span;
use crate::ty::Ty;

impl Code<'_> {
    /// Computes a value into some local; a variable's own, where it is just read.
    pub(super) fn expr(&mut self, expr: &Expr) -> Local {
        if let ExprKind::Var(var) = &expr.kind {
            return Code::var(*var);
        }
        let dst = self.temp(&expr.ty);
        self.expr_into(expr, dst);
        dst
    }

    /// Values in order. None can change what an earlier one read: only statements assign, and those of
    /// functions and branches have locals of their own.
    fn operands(&mut self, exprs: &[Expr]) -> Vec<Local> {
        exprs.iter().map(|e| self.expr(e)).collect()
    }

    /// Computes a value into a given local.
    pub(super) fn expr_into(&mut self, expr: &Expr, dst: Local) {
        let span = expr.span;
        let op = match &expr.kind {
            ExprKind::Const(value) => Op::Const { dst, value: value.clone() },
            ExprKind::Var(var) => Op::Copy { dst, src: Code::var(*var) },
            ExprKind::Narrowed(inner) => Op::Copy { dst, src: self.expr(inner) },
            ExprKind::IntToFloat(inner) => Op::IntToFloat { dst, src: self.expr(inner) },
            ExprKind::Unary(op, inner) => Op::Unary { dst, op: *op, src: self.expr(inner) },
            ExprKind::Binary(op, left, right) => {
                let lhs = self.expr(left);
                Op::Binary { dst, op: *op, lhs, rhs: self.expr(right) }
            }
            ExprKind::List(items) => Op::List { dst, items: self.operands(items) },
            ExprKind::Record(fields) => {
                let fields = fields.iter().map(|(name, value)| (name.clone(), self.expr(value)));
                Op::Record { dst, fields: fields.collect() }
            }
            ExprKind::Field(base, name) => Op::Field { dst, src: self.expr(base), name: name.clone() },
            ExprKind::Index(base, index) => {
                let src = self.expr(base);
                Op::Index { dst, src, index: self.expr(index) }
            }
            ExprKind::Slice(base, from, to) => {
                let src = self.expr(base);
                let from = from.as_ref().map(|e| self.expr(e));
                Op::Slice { dst, src, from, to: to.as_ref().map(|e| self.expr(e)) }
            }
            ExprKind::Builtin(id, args) => Op::Builtin { dst, id: *id, args: self.operands(args) },
            ExprKind::Call(func, args) => Op::Call { dst, func: FuncId(*func), args: self.operands(args) },
            ExprKind::Tool(tool, args) => {
                Op::ToolCall { dst, tool: ToolId(*tool), args: self.operands(args) }
            }
            ExprKind::Map(map) => return self.map(map, dst, span),
            ExprKind::Branch(over, body) => return self.branches(over, body, dst, span),
            ExprKind::Context => Op::Context { dst },
            ExprKind::Score(text) => Op::Score { dst, text: self.expr(text) },
            ExprKind::Format(parts) => Op::Format { dst, parts: self.operands(parts) },
            ExprKind::And(left, right) => return self.logical(left, right, dst, true, span),
            ExprKind::Or(left, right) => return self.logical(left, right, dst, false, span),
            ExprKind::Coalesce(left, right) => {
                let widens = expr.ty == Ty::Float && left.ty.without_null().base() == Ty::Int;
                return self.coalesce(left, right, dst, widens, span);
            }
            ExprKind::Let(var, value, body) => {
                self.expr_into(value, Code::var(*var));
                return self.expr_into(body, dst);
            }
            ExprKind::If(arms, otherwise) => return self.if_expr(arms, otherwise, dst),
        };
        self.push(op, span);
    }

    /// `and` goes on after true, `or` after false.
    fn logical(&mut self, left: &Expr, right: &Expr, dst: Local, goes_on: bool, _span: Span) {
        self.expr_into(left, dst);
        let (more, done) = (self.block(), self.block());
        let (then, otherwise) = if goes_on { (more, done) } else { (done, more) };
        self.end(Term::Branch { cond: dst, then, otherwise });
        self.at(more);
        self.expr_into(right, dst);
        self.flow_to(done);
    }

    /// `widens`: what is not null is an int, and the whole a float.
    fn coalesce(&mut self, left: &Expr, right: &Expr, dst: Local, widens: bool, span: Span) {
        let value = self.expr(left);
        let null = self.constant(Const::Null, span);
        let cond = self.temp_of(crate::ir::Ty::Bool);
        self.push(Op::Binary { dst: cond, op: BinOp::Eq, lhs: value, rhs: null }, span);
        let (then, otherwise, done) = (self.block(), self.block(), self.block());
        self.end(Term::Branch { cond, then, otherwise });
        self.at(otherwise);
        let op = if widens { Op::IntToFloat { dst, src: value } } else { Op::Copy { dst, src: value } };
        self.push(op, left.span);
        self.end(Term::Jump(done));
        self.at(then);
        self.expr_into(right, dst);
        self.flow_to(done);
    }

    fn if_expr(&mut self, arms: &[(Expr, Expr)], otherwise: &Expr, dst: Local) {
        let done = self.block();
        for (cond, value) in arms {
            let next = self.branch(cond);
            self.expr_into(value, dst);
            self.end(Term::Jump(done));
            self.at(next);
        }
        self.expr_into(otherwise, dst);
        self.flow_to(done);
    }

    /// Goes on where the condition holds; gives the block for where it does not.
    pub(super) fn branch(&mut self, cond: &Expr) -> BlockId {
        let cond = self.expr(cond);
        let (then, otherwise) = (self.block(), self.block());
        self.end(Term::Branch { cond, then, otherwise });
        self.at(then);
        otherwise
    }

    pub(super) fn not(&mut self, src: Local, span: Span) -> Local {
        let dst = self.temp_of(crate::ir::Ty::Bool);
        self.push(Op::Unary { dst, op: UnOp::Not, src }, span);
        dst
    }
}
