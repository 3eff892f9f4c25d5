//! Statements to blocks.

use super::code::{Code, Loop};
use crate::hir::{Expr, Gen, Part, Stmt, StmtKind, VarId};
use crate::ir::{self, BinOp, BlockId, Const, Local, Op, Origin, Role, Term};
use crate::source::Span;
use crate::ty::Ty;

impl Code {
    pub(super) fn stmts(&mut self, stmts: &[Stmt]) {
        for stmt in stmts {
            if !self.is_open() {
                // What follows a `return` is never reached.
                return;
            }
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        let span = stmt.span;
        match &stmt.kind {
            StmtKind::Text(parts) => parts.iter().for_each(|p| self.part(p)),
            StmtKind::Set(var, value) => self.set(*var, value),
            StmtKind::If(arms, otherwise) => self.if_stmt(arms, otherwise),
            StmtKind::For(var, list, body) => self.for_stmt(*var, list, body, span),
            StmtKind::Repeat(count, var, body) => self.repeat(count, *var, body, span),
            StmtKind::While(..) | StmtKind::Try(_) | StmtKind::Yield(_) => {}
            StmtKind::Break => self.jump(true, span),
            StmtKind::Continue => self.jump(false, span),
            StmtKind::Return(value) => {
                let value = value.as_ref().map(|v| self.expr(v));
                self.close_role(self.in_role, span);
                self.end(Term::Return(value));
            }
            StmtKind::Expect(cond, message) => self.expect(cond, message.as_ref(), span),
            StmtKind::Fail(message) => {
                let message = self.expr(message);
                self.push(Op::Fail { message }, span);
                self.end(Term::Return(None));
            }
            StmtKind::Print(value) => {
                let src = self.expr(value);
                self.push(Op::Print { src }, span);
            }
            StmtKind::Role(role, body) => self.role(*role, body, span),
            StmtKind::Gen(generation) => self.generation(generation),
            StmtKind::Call(call) => {
                self.expr(call);
            }
        }
    }

    /// A value that mentions the variable itself is computed aside first.
    fn set(&mut self, var: VarId, value: &Expr) {
        let dst = Code::var(var);
        let src = self.expr(value);
        self.push(Op::Copy { dst, src }, value.span);
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Lit(text, span) => {
                let src = self.constant(Const::Str(text.clone()), *span);
                self.push(Op::Text { src, origin: Origin::Literal }, *span);
            }
            Part::Value(value) => {
                let src = self.expr(value);
                self.push(Op::Text { src, origin: Origin::Data }, value.span);
            }
            Part::Gen(generation) => self.generation(generation),
            Part::Call(call) => {
                self.expr(call);
            }
        }
    }

    fn if_stmt(&mut self, arms: &[(Expr, Vec<Stmt>)], otherwise: &[Stmt]) {
        let done = self.block();
        for (cond, body) in arms {
            let next = self.branch(cond);
            self.stmts(body);
            self.end(Term::Jump(done));
            self.at(next);
        }
        self.stmts(otherwise);
        self.flow_to(done);
    }

    fn for_stmt(&mut self, var: VarId, list: &Expr, body: &[Stmt], span: Span) {
        // The list is the one that was there when the loop began, whatever the body assigns.
        let items = self.temp(&list.ty);
        self.expr_into(list, items);
        let count = self.temp(&Ty::Int);
        self.push(Op::Builtin { dst: count, name: "len".to_owned(), args: vec![items] }, list.span);
        self.count_up(count, span, body, |code, index| {
            code.push(Op::Index { dst: Code::var(var), src: items, index }, list.span);
        });
    }

    fn repeat(&mut self, count: &Expr, var: Option<VarId>, body: &[Stmt], span: Span) {
        let bound = self.temp(&Ty::Int);
        self.expr_into(count, bound);
        self.count_up(bound, span, body, |code, index| {
            if let Some(var) = var {
                code.push(Op::Copy { dst: Code::var(var), src: index }, span);
            }
        });
    }

    /// A loop over 0, 1, … below `count`; `begin` starts each turn.
    fn count_up(&mut self, count: Local, span: Span, body: &[Stmt], begin: impl FnOnce(&mut Code, Local)) {
        let index = self.constant(Const::Int(0), span);
        let (head, turn, next, exit) = (self.block(), self.block(), self.block(), self.block());
        self.flow_to(head);
        let more = self.temp(&Ty::Bool);
        self.push(Op::Binary { dst: more, op: BinOp::Lt, lhs: index, rhs: count }, span);
        self.end(Term::Branch { cond: more, then: turn, otherwise: exit });
        self.at(turn);
        begin(self, index);
        self.loops.push(Loop { exit, next, in_role: self.in_role });
        self.stmts(body);
        self.loops.pop();
        self.flow_to(next);
        let one = self.constant(Const::Int(1), span);
        self.push(Op::Binary { dst: index, op: BinOp::Add, lhs: index, rhs: one }, span);
        self.end(Term::Jump(head));
        self.at(exit);
    }

    /// `break` or `continue`, closing a role that the loop's body opened.
    fn jump(&mut self, leaves: bool, span: Span) {
        let Some(around) = self.loops.last().copied() else { return };
        self.close_role(self.in_role && !around.in_role, span);
        let target: BlockId = if leaves { around.exit } else { around.next };
        self.end(Term::Jump(target));
    }

    fn close_role(&mut self, open: bool, span: Span) {
        if open {
            self.push(Op::CloseRole, span);
        }
    }

    /// The message is computed only where the condition does not hold.
    fn expect(&mut self, cond: &Expr, message: Option<&Expr>, span: Span) {
        let cond = self.expr(cond);
        let Some(message) = message else {
            return self.push(Op::Expect { cond, message: None, operands: Vec::new() }, span);
        };
        let failed = self.not(cond, span);
        let (then, done) = (self.block(), self.block());
        self.end(Term::Branch { cond: failed, then, otherwise: done });
        self.at(then);
        let message = Some(self.expr(message));
        self.push(Op::Expect { cond, message, operands: Vec::new() }, span);
        self.flow_to(done);
    }

    fn role(&mut self, role: Role, body: &[Stmt], span: Span) {
        self.push(Op::OpenRole { role }, span);
        let outer = std::mem::replace(&mut self.in_role, true);
        self.stmts(body);
        self.in_role = outer;
        if self.is_open() {
            self.push(Op::CloseRole, Span { start: span.end, ..span });
        }
    }

    fn generation(&mut self, generation: &Gen) {
        let bindings = generation.bindings.iter().map(|e| self.expr(e)).collect();
        let options = generation.options.iter().map(|(option, value)| (*option, self.expr(value)));
        let options = options.collect();
        let var = Code::var(generation.var);
        let dst = if generation.append { self.temp(&generation.ty) } else { var };
        let op = ir::Gen {
            dst,
            name: generation.name.clone(),
            spec: generation.spec.clone(),
            bindings,
            ty: super::ty(&generation.ty),
            json: generation.json,
            options,
            facts: generation.facts.iter().map(|(fact, var)| (*fact, Code::var(*var))).collect(),
            method: generation.method,
            model: generation.model,
            tools: generation.tools.iter().map(|tool| ir::ToolId(*tool)).collect(),
        };
        self.push(Op::Gen(Box::new(op)), generation.span);
        if generation.append {
            self.push(Op::Append { list: var, item: dst }, generation.span);
        }
    }
}
