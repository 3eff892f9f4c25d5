//! Control flow: conditions, loops, `try`, branches, and jumps out of them.

use super::code::{Code, Scope};
use crate::builtin::Builtin;
use crate::hir::{Expr, ExprKind, Map, MapGives, Over, Stmt, Try, VarId};
use crate::ir::{self, BinOp, Const, Local, Op, Term, UnOp};
use crate::source::Span;
use crate::ty::Ty;

impl Code<'_> {
    pub(super) fn if_stmt(&mut self, arms: &[(Expr, Vec<Stmt>)], otherwise: &[Stmt]) {
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

    pub(super) fn for_stmt(&mut self, var: VarId, list: &Expr, body: &[Stmt], span: Span) {
        let (items, count) = self.items(list);
        self.count_up(count, span, |code, index| {
            code.push(Op::Index { dst: Code::var(var), src: items, index }, list.span);
            code.stmts(body);
        });
    }

    /// A list and its length, whatever happens to the variable that it came from.
    fn items(&mut self, list: &Expr) -> (Local, Local) {
        let items = self.temp(&list.ty);
        self.expr_into(list, items);
        let count = self.temp(&Ty::Int);
        self.push(Op::Builtin { dst: count, id: Builtin::Len, args: vec![items] }, list.span);
        (items, count)
    }

    pub(super) fn repeat(&mut self, count: &Expr, var: Option<VarId>, body: &[Stmt], span: Span) {
        let bound = self.temp(&Ty::Int);
        self.expr_into(count, bound);
        self.count_up(bound, span, |code, index| {
            if let Some(var) = var {
                code.push(Op::Copy { dst: Code::var(var), src: index }, span);
            }
            code.stmts(body);
        });
    }

    /// A loop over 0, 1, … below `count`.
    fn count_up(&mut self, count: Local, span: Span, turn: impl FnOnce(&mut Self, Local)) {
        let index = self.constant(Const::Int(0), span);
        let (head, body, next, exit) = (self.block(), self.block(), self.block(), self.block());
        self.flow_to(head);
        let more = self.less(index, count, span);
        self.end(Term::Branch { cond: more, then: body, otherwise: exit });
        self.at(body);
        self.scopes.push(Scope::Loop { exit, next });
        turn(self, index);
        self.scopes.pop();
        self.flow_to(next);
        self.add_one(index, span);
        self.end(Term::Jump(head));
        self.at(exit);
    }

    fn less(&mut self, lhs: Local, rhs: Local, span: Span) -> Local {
        let dst = self.temp(&Ty::Bool);
        self.push(Op::Binary { dst, op: BinOp::Lt, lhs, rhs }, span);
        dst
    }

    fn add_one(&mut self, index: Local, span: Span) {
        let one = self.constant(Const::Int(1), span);
        self.push(Op::Binary { dst: index, op: BinOp::Add, lhs: index, rhs: one }, span);
    }

    /// The condition is asked before each turn; only if it still holds at the bound is the bound what ends
    /// the loop.
    pub(super) fn while_stmt(&mut self, cond: &Expr, max: &Expr, body: &[Stmt], span: Span) {
        let bound = self.temp(&Ty::Int);
        self.expr_into(max, bound);
        let turns = self.constant(Const::Int(0), span);
        let (head, turn, full) = (self.block(), self.block(), self.block());
        let (next, exit) = (self.block(), self.block());
        self.flow_to(head);
        let done = self.branch(cond);
        let more = self.less(turns, bound, span);
        self.end(Term::Branch { cond: more, then: turn, otherwise: full });
        self.at(turn);
        self.scopes.push(Scope::Loop { exit, next });
        self.stmts(body);
        self.scopes.pop();
        self.flow_to(next);
        self.add_one(turns, span);
        self.end(Term::Jump(head));
        self.at(full);
        self.push(Op::BoundReached { max: bound }, max.span);
        self.end(Term::Jump(exit));
        self.at(done);
        self.flow_to(exit);
    }

    /// `break` or `continue`.
    pub(super) fn jump(&mut self, leaves: bool, span: Span) {
        let found = self.scopes.iter().rposition(|s| matches!(s, Scope::Loop { .. }));
        let Some((at, Scope::Loop { exit, next })) = found.map(|at| (at, self.scopes[at])) else { return };
        self.unwind(at, span);
        self.end(Term::Jump(if leaves { exit } else { next }));
    }

    pub(super) fn return_stmt(&mut self, value: Option<&Expr>, span: Span) {
        let value = value.map(|v| self.expr(v));
        self.unwind(0, span);
        self.end(Term::Return(value));
    }

    pub(super) fn yield_stmt(&mut self, value: Option<&Expr>, span: Span) {
        let value = value.map(|v| self.expr(v));
        let branch = self.scopes.iter().rposition(|s| matches!(s, Scope::Branch));
        self.unwind(branch.unwrap_or(0), span);
        self.end(Term::Yield(value));
    }

    /// Nothing follows a failure: the terminator is there because every block has one.
    pub(super) fn fail_stmt(&mut self, message: &Expr, span: Span) {
        let message = self.expr(message);
        self.push(Op::Fail { message }, span);
        let branch = self.scopes.iter().any(|s| matches!(s, Scope::Branch));
        self.end(if branch { Term::Yield(None) } else { Term::Return(None) });
    }

    pub(super) fn try_stmt(&mut self, of: &Try, span: Span) {
        let (handler, done) = (self.block(), self.block());
        let mut restore: Vec<Local> = Vec::new();
        for var in &of.restore {
            restore.push(Code::var(*var));
            restore.extend(self.facts_of(*var).into_iter().map(|(_, holder)| holder));
        }
        self.push(Op::Try { handler, error: of.error.map(Code::var), restore }, span);
        self.scopes.push(Scope::Try);
        self.stmts(&of.body);
        self.scopes.pop();
        self.push(Op::EndTry, Span { start: span.end, ..span });
        self.end(Term::Jump(done));
        self.at(handler);
        self.stmts(&of.handler);
        self.flow_to(done);
    }

    /// The body stands in blocks of its own, which only this instruction enters.
    pub(super) fn branches(&mut self, over: &Over, body: &[Stmt], dst: Local, span: Span) {
        let over = match over {
            Over::Aside => ir::Over::Aside,
            Over::Count(count, index) => {
                ir::Over::Count { count: self.expr(count), index: index.map(Code::var) }
            }
            Over::Each(item, list) => ir::Over::Each { items: self.expr(list), item: Code::var(*item) },
        };
        self.fork(over, dst, span, |code| {
            code.stmts(body);
            None
        });
    }

    fn fork(
        &mut self,
        over: ir::Over,
        dst: Local,
        span: Span,
        body: impl FnOnce(&mut Self) -> Option<Local>,
    ) {
        let (here, start) = (self.here(), self.block());
        self.push(Op::Fork { dst, body: start, over }, span);
        self.at(start);
        self.scopes.push(Scope::Branch);
        let value = body(self);
        self.scopes.pop();
        self.end(Term::Yield(value));
        self.at(here);
    }

    /// `map`, `filter` and `sort_by`: a list of values, one for each item. Calls of an agent, which has a context of its
    /// own, are branches: they can go on side by side.
    pub(super) fn map(&mut self, map: &Map, dst: Local, span: Span) {
        if matches!(map.gives, MapGives::Values) && self.is_asking_agent(&map.body) {
            let over = ir::Over::Each { items: self.expr(&map.list), item: Code::var(map.item) };
            return self.fork(over, dst, span, |code| Some(code.expr(&map.body)));
        }
        let (items, count) = self.items(&map.list);
        match &map.gives {
            MapGives::Any | MapGives::All | MapGives::Find => {
                return self.search(map, items, count, dst, span);
            }
            MapGives::Reduced(so_far, start) => {
                return self.reduce(map, (*so_far, start), items, count, dst, span);
            }
            _ => {}
        }
        let values = match map.gives {
            MapGives::Values => dst,
            _ => self.temp(&Ty::list(map.body.ty.clone())),
        };
        self.push(Op::List { dst: values, items: Vec::new() }, span);
        self.count_up(count, span, |code, index| {
            code.push(Op::Index { dst: Code::var(map.item), src: items, index }, map.list.span);
            let item = code.expr(&map.body);
            code.push(Op::Append { list: values, item }, span);
        });
        let (id, more) = match &map.gives {
            MapGives::Filter => (Builtin::Filter, None),
            MapGives::Groups => (Builtin::GroupBy, None),
            MapGives::Sorted(falling) => (Builtin::SortBy, Some(self.expr(falling))),
            _ => return,
        };
        let args = [items, values].into_iter().chain(more).collect();
        self.push(Op::Builtin { dst, id, args }, span);
    }

    /// `any`, `all` and `find`: the loop ends where the outcome is known.
    fn search(&mut self, map: &Map, items: Local, count: Local, dst: Local, span: Span) {
        let all = matches!(map.gives, MapGives::All);
        let find = matches!(map.gives, MapGives::Find);
        let otherwise = if find { Const::Null } else { Const::Bool(all) };
        self.push(Op::Const { dst, value: otherwise }, span);
        self.count_up(count, span, |code, index| {
            code.push(Op::Index { dst: Code::var(map.item), src: items, index }, map.list.span);
            let value = code.expr(&map.body);
            let (known, more) = (code.block(), code.block());
            let (then, otherwise) = if all { (more, known) } else { (known, more) };
            code.end(Term::Branch { cond: value, then, otherwise });
            code.at(known);
            let outcome = match find {
                true => Op::Copy { dst, src: Code::var(map.item) },
                false => Op::Const { dst, value: Const::Bool(!all) },
            };
            code.push(outcome, span);
            if let Some(Scope::Loop { exit, .. }) = code.scopes.last().copied() {
                code.end(Term::Jump(exit));
            }
            code.at(more);
        });
    }

    /// `reduce`: what the function gave is what it is called with next.
    fn reduce(
        &mut self,
        map: &Map,
        (so_far, start): (VarId, &Expr),
        items: Local,
        count: Local,
        dst: Local,
        span: Span,
    ) {
        self.expr_into(start, Code::var(so_far));
        self.count_up(count, span, |code, index| {
            code.push(Op::Index { dst: Code::var(map.item), src: items, index }, map.list.span);
            let value = code.expr(&map.body);
            code.push(Op::Copy { dst: Code::var(so_far), src: value }, map.body.span);
        });
        self.push(Op::Copy { dst, src: Code::var(so_far) }, span);
    }

    /// Each part of `a and b` is an expectation of its own. The message is computed only where it fails.
    pub(super) fn expect(&mut self, cond: &Expr, message: Option<&Expr>, span: Span) {
        if let ExprKind::And(left, right) = &cond.kind {
            self.expect(left, message, span);
            return self.expect(right, message, span);
        }
        let mut operands = Vec::new();
        let place = cond.span;
        let cond = self.observed(cond, false, &mut operands);
        let Some(message) = message else {
            return self.push(Op::Expect { cond, message: None, operands }, place);
        };
        let failed = self.not(cond, span);
        let (then, done) = (self.block(), self.block());
        self.end(Term::Branch { cond: failed, then, otherwise: done });
        self.at(then);
        let message = Some(self.expr(message));
        self.push(Op::Expect { cond, message, operands }, place);
        self.flow_to(done);
    }

    /// A condition, and the values of what it compares: those that were surely computed if it comes out as
    /// `value`.
    fn observed(&mut self, cond: &Expr, value: bool, out: &mut Vec<(Span, Local)>) -> Local {
        let span = cond.span;
        match &cond.kind {
            ExprKind::Unary(UnOp::Not, inner) => {
                let src = self.observed(inner, !value, out);
                self.not(src, span)
            }
            ExprKind::Binary(op, left, right) => {
                let (lhs, rhs) = (self.shown(left, out), self.shown(right, out));
                let dst = self.temp(&cond.ty);
                self.push(Op::Binary { dst, op: *op, lhs, rhs }, span);
                dst
            }
            ExprKind::And(left, right) if value => self.observed_both(left, right, true, out),
            ExprKind::Or(left, right) if !value => self.observed_both(left, right, false, out),
            ExprKind::Builtin(id, args) => {
                let args = args.iter().map(|a| self.shown(a, out)).collect();
                let dst = self.temp(&cond.ty);
                self.push(Op::Builtin { dst, id: *id, args }, span);
                dst
            }
            ExprKind::Call(func, args) => {
                // Defaults stand at the place of the call itself, and nobody wrote them there.
                let shown = |arg: &&Expr| arg.span != span;
                let args = args.iter().map(|a| match Some(a).filter(shown) {
                    Some(arg) => self.shown(arg, out),
                    None => self.expr(a),
                });
                let args = args.collect();
                let dst = self.temp(&cond.ty);
                self.push(Op::Call { dst, func: ir::FuncId(*func), args }, span);
                dst
            }
            _ => self.expr(cond),
        }
    }

    /// `a and b` that is true, or `a or b` that is false: both were computed.
    fn observed_both(
        &mut self,
        left: &Expr,
        right: &Expr,
        value: bool,
        out: &mut Vec<(Span, Local)>,
    ) -> Local {
        let dst = self.temp(&Ty::Bool);
        let src = self.observed(left, value, out);
        self.push(Op::Copy { dst, src }, left.span);
        let (more, done) = (self.block(), self.block());
        let (then, otherwise) = if value { (more, done) } else { (done, more) };
        self.end(Term::Branch { cond: dst, then, otherwise });
        self.at(more);
        let src = self.observed(right, value, out);
        self.push(Op::Copy { dst, src }, right.span);
        self.flow_to(done);
        dst
    }

    /// An operand, noted unless it is a constant.
    fn shown(&mut self, operand: &Expr, out: &mut Vec<(Span, Local)>) -> Local {
        let local = self.expr(operand);
        if !is_constant(operand) && out.iter().all(|(_, known)| *known != local) {
            out.push((operand.span, local));
        }
        local
    }
}

fn is_constant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Const(_) => true,
        ExprKind::IntToFloat(inner) | ExprKind::Narrowed(inner) | ExprKind::Unary(_, inner) => {
            is_constant(inner)
        }
        ExprKind::List(items) | ExprKind::Format(items) => items.iter().all(is_constant),
        ExprKind::Record(fields) => fields.iter().all(|(_, value)| is_constant(value)),
        _ => false,
    }
}
