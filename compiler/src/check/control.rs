//! Statements that control what runs: conditions, loops, `try`, and jumps out of them.

use std::collections::BTreeSet;

use super::Checker;
use super::body::Loop;
use super::flow::Flow;
use crate::ast::{Block, Expr, Ident};
use crate::diag::Diag;
use crate::hir::{self, Stmt, StmtKind, Try};
use crate::ir::Const;
use crate::source::Span;
use crate::ty::{self, Field, Ty};

impl Checker<'_> {
    pub(super) fn if_stmt(&mut self, arms: &[(Expr, Block)], otherwise: Option<&Block>) -> StmtKind {
        let mut met: Option<Flow> = None;
        let mut out = Vec::new();
        for (cond, body) in arms {
            let cond = self.condition(cond);
            let (yes, no) = self.body.flow.known.after(&cond);
            let mut skipped = self.body.flow.clone();
            skipped.known = no;
            self.body.flow.known = yes;
            let body = self.block(body);
            let end = std::mem::replace(&mut self.body.flow, skipped);
            met = Some(meet(met, end));
            out.push((cond, body));
        }
        let otherwise = otherwise.map(|b| self.block(b)).unwrap_or_default();
        let end = std::mem::take(&mut self.body.flow);
        self.body.flow = meet(met, end);
        StmtKind::If(out, otherwise)
    }

    pub(super) fn condition(&mut self, cond: &Expr) -> hir::Expr {
        let value = self.expr(cond, Some(&Ty::Bool));
        if !ty::fits(&value.ty, &Ty::Bool) {
            let hint = match value.ty.base() {
                Ty::Str => "compare it: x != \"\"",
                Ty::List(_) => "compare its length: len(xs) > 0",
                Ty::Int | Ty::Float => "compare it: x != 0",
                ref t if t.may_be_null() => "compare it: x != null",
                _ => "conditions are true or false",
            };
            let diag =
                Diag::new("E0200", value.span, format!("a condition is a bool, but this is {}", value.ty));
            self.report(diag.hint(hint));
        }
        value
    }

    pub(super) fn for_stmt(&mut self, var: &Ident, list: &Expr, body: &Block) -> StmtKind {
        let list = self.expr(list, None);
        let item = self.item_of_loop(&list);
        let id = self.declare_variable(var, item);
        self.begin_loop(body);
        let entry = self.body.flow.clone();
        let body = self.looped(body, Some(entry));
        StmtKind::For(id, list, body)
    }

    /// The type of the items that a loop or a `fork` goes over.
    pub(super) fn item_of_loop(&mut self, list: &hir::Expr) -> Ty {
        match list.ty.base() {
            Ty::List(item) if *item == Ty::Never => Ty::Any,
            Ty::List(item) => *item,
            Ty::Any => Ty::Any,
            Ty::Error => Ty::Error,
            other => {
                let hint = match other {
                    Ty::Str => "split it first: lines(s), split(s, \",\")",
                    Ty::Int => "write `for i in range(n)` or `repeat n as i`",
                    Ty::Record(_) => "loop over keys(x) or values(x)",
                    ref t if t.may_be_null() => "it may be null: write `x ?? []`",
                    _ => "a loop goes over a list",
                };
                let diag = Diag::new("E0205", list.span, format!("this is {}, not a list", list.ty));
                self.fail(diag.hint(hint))
            }
        }
    }

    pub(super) fn repeat(&mut self, count: &Expr, var: Option<&Ident>, body: &Block) -> StmtKind {
        let count = self.wanted(count, &Ty::Int, "the number of iterations");
        let id = var.map(|v| self.declare_variable(v, Ty::Int));
        self.begin_loop(body);
        let none = (!is_positive(&count)).then(|| self.body.flow.clone());
        let body = self.looped(body, none);
        StmtKind::Repeat(count, id, body)
    }

    pub(super) fn while_stmt(&mut self, cond: &Expr, max: &Expr, body: &Block) -> StmtKind {
        let max = self.wanted(max, &Ty::Int, "the number of iterations");
        self.begin_loop(body);
        let cond = self.condition(cond);
        let always = matches!(cond.kind, hir::ExprKind::Const(Const::Bool(true)));
        // It ends where the condition does not hold or at the bound, where it may: nothing is known of it.
        let none = (!always || !is_positive(&max)).then(|| self.body.flow.clone());
        self.body.flow.known = self.body.flow.known.after(&cond).0;
        let body = self.looped(body, none);
        StmtKind::While(cond, max, body)
    }

    /// A turn may follow another: nothing is known that it may have changed.
    fn begin_loop(&mut self, body: &Block) {
        if !self.body.flow.known.is_empty() {
            let changed = self.changed_in(body);
            self.body.forget(&changed);
        }
    }

    /// The body of a loop; `skipped` is the state after it if no turn runs.
    fn looped(&mut self, body: &Block, skipped: Option<Flow>) -> Vec<Stmt> {
        self.body.around.loops.push(Loop::default());
        let body = self.block(body);
        let state = self.body.around.loops.pop().unwrap_or_default();
        let end = std::mem::take(&mut self.body.flow);
        let end = meet(state.continued, end);
        let end = meet(state.broke, end);
        self.body.flow = meet(skipped, end);
        body
    }

    pub(super) fn jump(&mut self, span: Span, leaves: bool) -> Option<StmtKind> {
        let flow = self.body.flow.clone();
        let Some(around) = self.body.around.loops.last_mut() else {
            self.lost_jump(span, if leaves { "break" } else { "continue" });
            return None;
        };
        let state = if leaves { &mut around.broke } else { &mut around.continued };
        *state = Some(meet(state.take(), flow));
        self.body.flow.end();
        Some(if leaves { StmtKind::Break } else { StmtKind::Continue })
    }

    fn lost_jump(&mut self, span: Span, word: &str) {
        if self.body.around.unread > 0 {
            self.findings.hidden = true;
            return self.body.flow.end();
        }
        if self.body.around.branches.last().is_some_and(|b| b.in_loop) {
            let diag = Diag::new("E0306", span, format!("`{word}` cannot leave a branch"));
            let hint = "yield a value, and leave the loop after the `fork` or `aside`: if x { break }";
            return self.report(diag.hint(hint));
        }
        let diag = Diag::new("E0303", span, format!("`{word}` is outside a loop"));
        let hint = "it belongs in a `for`, `repeat` or `while`; to leave a function, write `return`";
        self.report(diag.hint(hint));
    }

    pub(super) fn try_stmt(
        &mut self,
        body: &Block,
        error: Option<&Ident>,
        handler: Option<&Block>,
    ) -> StmtKind {
        let mut before = self.body.flow.clone();
        self.body.around.tries.push(BTreeSet::new());
        let stmts = self.block(body);
        let changed = self.body.around.tries.pop().unwrap_or_default();
        if let Some(outer) = self.body.around.tries.last_mut() {
            outer.extend(&changed);
        }
        let end = self.body.flow.clone();
        // What the body assigned stays assigned.
        std::mem::swap(&mut self.body.flow, &mut before);
        if !self.body.flow.known.is_empty() {
            let changed = self.changed_in(body);
            self.body.forget(&changed);
        }
        let error = error.map(|e| self.declare_variable(e, error_type()));
        let handler = handler.map(|h| self.block(h)).unwrap_or_default();
        let handled = std::mem::take(&mut self.body.flow);
        self.body.flow = end.meet(handled);
        StmtKind::Try(Try { body: stmts, error, handler, restore: changed.into_iter().collect() })
    }

    pub(super) fn return_stmt(&mut self, value: Option<&Expr>, span: Span) -> Option<StmtKind> {
        let branch = !self.body.around.branches.is_empty();
        let want = if branch { None } else { self.body.result.want.clone() };
        let value = match (value, &want) {
            (Some(value), Some(want)) => Some(self.wanted(value, want, "the result")),
            (Some(value), None) => Some(self.expr(value, None)),
            (None, _) => None,
        };
        if branch {
            let diag = Diag::new("E0306", span, "`return` cannot leave a branch");
            self.report(diag.hint("a branch of `fork` or `aside` ends with `yield`: write `yield` here"));
            self.body.flow.end();
            return None;
        }
        let ty = value.as_ref().map_or(Ty::Null, |v| v.ty.widened());
        if value.is_none() && want.as_ref().is_some_and(|w| !w.may_be_null()) {
            let want = want.unwrap_or(Ty::Error);
            let diag = Diag::new("E0208", span, format!("a value is missing: the result is {want}"));
            self.report(diag.hint("write the value on the line of its `return`"));
        } else if want.is_none() && self.body.flow.live {
            let so_far = self.body.result.returned.take();
            self.body.result.returned = Some(so_far.map_or(ty.clone(), |old| ty::either(&old, &ty)));
        }
        self.body.flow.end();
        Some(StmtKind::Return(value))
    }

    pub(super) fn expect(&mut self, cond: &Expr, message: Option<&Expr>) -> StmtKind {
        let cond = self.condition(cond);
        let (yes, no) = self.body.flow.known.after(&cond);
        self.body.flow.known = no;
        let message = message.map(|m| self.wanted(m, &Ty::Str, "the message"));
        self.body.flow.known = yes;
        StmtKind::Expect(cond, message)
    }

    pub(super) fn fail_stmt(&mut self, message: &Expr) -> StmtKind {
        let message = self.wanted(message, &Ty::Str, "the message");
        self.body.flow.end();
        StmtKind::Fail(message)
    }
}

pub(super) fn meet(a: Option<Flow>, b: Flow) -> Flow {
    match a {
        Some(a) => a.meet(b),
        None => b,
    }
}

fn is_positive(count: &hir::Expr) -> bool {
    matches!(count.kind, hir::ExprKind::Const(Const::Int(n)) if n > 0)
}

/// What `try … else e` binds: `{code, message, span}`.
fn error_type() -> Ty {
    let field = |name: &str, ty: Ty| Field { name: name.to_owned(), ty, optional: false };
    let place = vec![field("file", Ty::Str), field("line", Ty::Int), field("column", Ty::Int)];
    Ty::Record(vec![field("code", Ty::Str), field("message", Ty::Str), field("span", Ty::Record(place))])
}
