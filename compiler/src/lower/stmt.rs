//! Statements to blocks. Control flow has a file of its own.

use super::code::{Code, Scope};
use crate::hir::{Expr, ExprKind, Gen, Part, Stmt, StmtKind, VarId};
use crate::ir::{self, BinOp, Const, Op, Role, TextOrigin};
use crate::source::Span;
use crate::ty::Ty;

impl Code<'_> {
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
            StmtKind::While(cond, max, body) => self.while_stmt(cond, max, body, span),
            StmtKind::Try(of) => self.try_stmt(of, span),
            StmtKind::Yield(value) => self.yield_stmt(value.as_ref(), span),
            StmtKind::Break => self.jump(true, span),
            StmtKind::Continue => self.jump(false, span),
            StmtKind::Return(value) => self.return_stmt(value.as_ref(), span),
            StmtKind::Expect(cond, message) => self.expect(cond, message.as_ref(), span),
            StmtKind::Fail(message) => self.fail_stmt(message, span),
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

    /// A value that mentions the variable itself is computed aside first; but lists and texts that only grow,
    /// as in `xs += [x]`, grow where they are.
    fn set(&mut self, var: VarId, value: &Expr) {
        let dst = Code::var(var);
        if let ExprKind::Binary(BinOp::Add, left, right) = &value.kind
            && matches!(left.kind, ExprKind::Var(own) if own == var)
            && matches!(value.ty.base(), Ty::Str | Ty::List(_))
        {
            let rhs = self.expr(right);
            return self.push(Op::Binary { dst, op: BinOp::Add, lhs: dst, rhs }, value.span);
        }
        let src = self.expr(value);
        self.push(Op::Copy { dst, src }, value.span);
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Lit(text, span) => {
                let src = self.constant(Const::Str(text.clone()), *span);
                self.push(Op::Text { src, origin: TextOrigin::Literal }, *span);
            }
            Part::Value(value) => {
                let src = self.expr(value);
                self.push(Op::Text { src, origin: TextOrigin::Data }, value.span);
            }
            Part::Gen(generation) => self.generation(generation),
            Part::Call(call) => {
                self.expr(call);
            }
        }
    }

    fn role(&mut self, role: Role, body: &[Stmt], span: Span) {
        // The word that begins the statement.
        let word = Span { end: span.end.min(span.start + role.name().len() as u32), ..span };
        self.push(Op::OpenRole { role }, word);
        self.scopes.push(Scope::Role);
        self.stmts(body);
        self.scopes.pop();
        self.push(Op::CloseRole, Span { start: span.end, ..span });
    }

    fn generation(&mut self, generation: &Gen) {
        let bindings = generation.bindings.iter().map(|e| self.expr(e)).collect();
        let options = generation.options.iter().map(|(option, value)| (*option, self.expr(value)));
        let options = options.collect();
        let var = Code::var(generation.var);
        let dst = if generation.append { self.temp(&generation.ty) } else { var };
        let name = generation.name.clone();
        let tools = generation.tools.iter().map(|tool| ir::ToolId(*tool)).collect();
        let (model, spec) = (generation.model, self.spec(&generation.spec));
        let op = if generation.call {
            Op::CallGen(Box::new(ir::CallGen { dst, name, spec, tools, options, model }))
        } else {
            Op::Gen(Box::new(ir::Gen {
                dst,
                name,
                spec,
                bindings,
                ty: super::ty(&generation.ty),
                json: generation.json,
                options,
                facts: if generation.append { Vec::new() } else { self.facts_of(generation.var) },
                method: generation.method,
                model,
                tools,
            }))
        };
        self.push(op, generation.span);
        if generation.append {
            self.push(Op::Append { list: var, item: dst }, generation.span);
        }
    }
}
