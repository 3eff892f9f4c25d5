//! `fork` and `aside`: bodies that run in copies of the frame and its context.
//!
//! A branch sees what existed before it and changes none of it: assignments to outer variables are errors,
//! and what generations bind stays inside.

use super::Checker;
use super::body::Branch;
use crate::ast::{Block, Expr as Ast, Fork};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, Over, Stmt, StmtKind};
use crate::source::Span;
use crate::ty::{self, Ty};

impl Checker<'_> {
    pub(super) fn fork(&mut self, over: &Fork, body: &Block, want: Option<&Ty>, span: Span) -> Expr {
        self.branch_is_allowed("fork", span);
        let first_var = self.body.variables.list.len();
        let over = match over {
            Fork::Count(count, index) => {
                let count = self.wanted(count, &Ty::Int, "the number of branches");
                let index = index.as_ref().map(|i| self.declare_variable(i, Ty::Int));
                Over::Count(count, index)
            }
            Fork::Each(name, list) => {
                let list = self.expr(list, None);
                let item = self.item_of_loop(&list);
                Over::Each(self.declare_variable(name, item), list)
            }
        };
        let want = want.and_then(super::expr::item_of);
        let (body, yielded) = self.branch(body, first_var, want, span);
        Expr { kind: ExprKind::Branch(Box::new(over), body), ty: Ty::list(yielded), span }
    }

    pub(super) fn aside(&mut self, body: &Block, want: Option<&Ty>, span: Span) -> Expr {
        self.branch_is_allowed("aside", span);
        let first_var = self.body.variables.list.len();
        let (body, yielded) = self.branch(body, first_var, want.cloned(), span);
        Expr { kind: ExprKind::Branch(Box::new(Over::Aside), body), ty: yielded, span }
    }

    /// A branch generates: it stands where that is allowed.
    fn branch_is_allowed(&mut self, word: &str, span: Span) {
        let place = self.body.around.pure_only.or(self.body.around.in_hole.then_some("a hole"));
        if let Some(place) = place {
            let diag = Diag::new("E0301", span, format!("{place} cannot contain `{word}`"));
            self.report(diag.hint(format!("run it in a statement first: let x = {word} … {{ … }}")));
        }
    }

    /// The statements of a branch, and the type of what it yields. Where it stands matters for it alone, and
    /// was looked at.
    fn branch(&mut self, body: &Block, first_var: usize, want: Option<Ty>, span: Span) -> (Vec<Stmt>, Ty) {
        let place = (self.body.around.pure_only.take(), std::mem::take(&mut self.body.around.in_hole));
        let out = self.branch_body(body, first_var, want, span);
        (self.body.around.pure_only, self.body.around.in_hole) = place;
        out
    }

    fn branch_body(
        &mut self,
        body: &Block,
        first_var: usize,
        want: Option<Ty>,
        span: Span,
    ) -> (Vec<Stmt>, Ty) {
        let in_loop =
            !self.body.around.loops.is_empty() || self.body.around.branches.last().is_some_and(|b| b.in_loop);
        self.body.around.branches.push(Branch { first_var, in_loop, want, yielded: None, fits: true });
        let flow = self.body.flow.clone();
        let loops = std::mem::take(&mut self.body.around.loops);
        let tries = std::mem::take(&mut self.body.around.tries);
        let body = self.block(body);
        (self.body.around.loops, self.body.around.tries) = (loops, tries);
        let end = std::mem::replace(&mut self.body.flow, flow);
        let ty = self.body.around.branches.pop().map_or(Ty::Error, |b| self.yielded(b, end.live, span));
        (body, ty)
    }

    /// The type of what a branch gives; `null` if it can end without `yield`.
    fn yielded(&mut self, branch: Branch, ends: bool, span: Span) -> Ty {
        if ends && branch.yielded.is_none() {
            let diag =
                Diag::new("W0005", span, "this branch yields nothing, so everything that it does is lost");
            self.report(diag.hint("end it with the value to keep: yield x"));
        }
        let ty = match (branch.yielded, branch.want) {
            (None, None) => Ty::Null,
            // It never gets so far.
            (None, Some(want)) => {
                if ends {
                    Ty::Null
                } else {
                    want
                }
            }
            (Some(ty), _) if ends && !ty.may_be_null() => ty::either(&ty, &Ty::Null),
            (Some(_), Some(want)) if branch.fits => want,
            (Some(ty), _) => ty,
        };
        self.settled(&ty, span)
    }

    pub(super) fn yield_stmt(&mut self, value: Option<&Ast>, span: Span) -> Option<StmtKind> {
        let want = self.body.around.branches.last().map(|b| b.want.clone());
        let value = value.map(|v| self.expr(v, want.as_ref().and_then(Option::as_ref)));
        let Some(want) = want else {
            if self.body.around.unread > 0 {
                self.findings.hidden = true;
                self.body.flow.end();
                return None;
            }
            let diag = Diag::new("E0306", span, "`yield` is outside a branch");
            let hint = "it ends a branch of `fork` or `aside`; a function returns its value with `return`";
            self.report(diag.hint(hint));
            return None;
        };
        let value = value.map(|v| match &want {
            Some(want) => self.converted(v, want),
            None => v,
        });
        let exact = value.as_ref().map_or(Ty::Null, |v| v.ty.clone());
        let ty = exact.widened();
        if let (true, Some(branch)) = (self.body.flow.live, self.body.around.branches.last_mut()) {
            branch.fits &= want.is_none_or(|w| ty::fits(&exact, &w));
            let so_far = branch.yielded.take();
            branch.yielded = Some(so_far.map_or(ty.clone(), |old| ty::either(&old, &ty)));
        }
        self.body.flow.end();
        Some(StmtKind::Yield(value))
    }
}
