//! `match`: a value is compared with literals, one after the other. What it can still be is known at each arm,
//! and what no arm is for is missing.
//!
//! It becomes an `if`: of arms that are for every value there is, the last one needs no condition.

use super::Checker;
use super::control::meet;
use super::expr::error;
use super::flow::Flow;
use super::known::{Scalar, path_of};
use crate::ast::{Arm, BinOp, Block, Expr as Ast, Match};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, Stmt, StmtKind, VarId};
use crate::ir::Const;
use crate::source::Span;
use crate::ty::{self, Ty};

/// How many missing cases a finding names.
const NAMED: usize = 3;

/// What is compared, and what it was found to be so far.
struct Subject {
    /// What the conditions read.
    value: Expr,
    /// Where it is kept, if it is more than a variable or a field of one.
    kept: Option<(VarId, Expr)>,
    /// The literals of all arms so far.
    seen: Vec<Scalar>,
    /// Where the `else` stands.
    otherwise: Option<Span>,
    /// Whether something in the cases was reported.
    broken: bool,
}

impl Checker<'_> {
    pub(super) fn match_stmt(&mut self, choice: &Match<Block>, span: Span, out: &mut Vec<Stmt>) -> StmtKind {
        let mut subject = self.subject(&choice.subject);
        let mut met: Option<Flow> = None;
        let (mut arms, mut last) = (Vec::new(), Vec::new());
        for arm in &choice.arms {
            let Some(cond) = self.condition_of(arm, &mut subject) else {
                last = self.block(&arm.body);
                continue;
            };
            let (yes, no) = self.body.flow.known.after(&cond);
            let mut skipped = self.body.flow.clone();
            skipped.known = no;
            self.body.flow.known = yes;
            let body = self.block(&arm.body);
            met = Some(meet(met, std::mem::replace(&mut self.body.flow, skipped)));
            arms.push((cond, body));
        }
        self.report_missing(&subject, choice.subject.span);
        let end = std::mem::take(&mut self.body.flow);
        self.body.flow = match (met, subject.otherwise) {
            // Behind arms for everything there is, no way goes on.
            (Some(met), None) => met,
            (met, _) => meet(met, end),
        };
        if subject.otherwise.is_none() {
            last = arms.pop().map(|(_, body)| body).unwrap_or_default();
        }
        out.extend(subject.kept.map(|(var, value)| Stmt { kind: StmtKind::Set(var, value), span }));
        StmtKind::If(arms, last)
    }

    pub(super) fn match_expr(&mut self, choice: &Match<Ast>, want: Option<&Ty>, span: Span) -> Expr {
        let mut subject = self.subject(&choice.subject);
        let before = self.body.flow.known.clone();
        let (mut arms, mut last) = (Vec::new(), None);
        for arm in &choice.arms {
            let Some(cond) = self.condition_of(arm, &mut subject) else {
                last = Some(self.expr(&arm.body, want));
                continue;
            };
            let (yes, no) = self.body.flow.known.after(&cond);
            self.body.flow.known = yes;
            let value = self.expr(&arm.body, want);
            self.body.flow.known = no;
            arms.push((cond, value));
        }
        self.body.flow.known = before;
        self.report_missing(&subject, choice.subject.span);
        let last = last.or_else(|| arms.pop().map(|(_, value)| value));
        let Some(last) = last.filter(|_| !subject.broken) else { return error(span) };
        let value = self.joined_arms(arms, last, want, span);
        match subject.kept {
            Some((var, kept)) => {
                let ty = value.ty.clone();
                Expr { kind: ExprKind::Let(var, Box::new(kept), Box::new(value)), ty, span }
            }
            None => value,
        }
    }

    /// What is compared is computed once.
    fn subject(&mut self, subject: &Ast) -> Subject {
        let value = self.expr(subject, None);
        let (value, kept) = if path_of(&value).is_some() || value.ty.is_error() {
            (value, None)
        } else {
            // A literal is matched as what it is a value of.
            let ty = value.ty.widened();
            let var = self.body.new_var("", ty.clone(), subject.span);
            let read = Expr { kind: ExprKind::Var(var), ty, span: subject.span };
            (read, Some((var, value)))
        };
        let broken = value.ty.is_error();
        Subject { value, kept, seen: Vec::new(), otherwise: None, broken }
    }

    /// Whether the value is one of the literals of an arm; `None` for `else`.
    fn condition_of<T>(&mut self, arm: &Arm<T>, subject: &mut Subject) -> Option<Expr> {
        if let Some(place) = subject.otherwise {
            let diag = Diag::new("W0115", arm.span, "this arm is never reached")
                .label(place, "this is for all the rest");
            self.report(diag.hint("put `else` last"));
        }
        if arm.cases.is_empty() {
            if subject.otherwise.is_none() && !subject.broken && missing(subject).is_empty() {
                let diag =
                    Diag::new("W0115", arm.span, "this arm is never reached: the others are for all cases");
                self.report(
                    diag.hint("leave the `else` out: then a case that is added later is not forgotten here"),
                );
            }
            subject.otherwise.get_or_insert(arm.span);
            return None;
        }
        let cases: Vec<Expr> = arm.cases.iter().map(|case| self.case(case, subject)).collect();
        let conds = cases.into_iter().map(|case| match case.ty {
            Ty::Error => error(case.span),
            _ => self.binary(BinOp::Eq, subject.value.clone(), case),
        });
        let conds: Vec<Expr> = conds.collect();
        conds.into_iter().reduce(|a, b| {
            let span = a.span.to(b.span);
            Expr { kind: ExprKind::Or(Box::new(a), Box::new(b)), ty: Ty::Bool, span }
        })
    }

    /// A literal that the value may be equal to, and that no arm before was for.
    fn case(&mut self, case: &Ast, subject: &mut Subject) -> Expr {
        let value = self.expr(case, None);
        let ExprKind::Const(literal) = &value.kind else {
            subject.broken = true;
            let diag = Diag::new("E0218", case.span, "a case is a literal");
            return self
                .no_case(diag.hint("write `else => …`, and compare in it: if x == y { … }"), case.span);
        };
        let Some(scalar) = Scalar::of(literal) else { return error(case.span) };
        if value.ty.is_error() || subject.value.ty.is_error() {
            subject.broken = true;
            return error(case.span);
        }
        let null = value.ty == Ty::Null && subject.value.ty.may_be_null();
        if !(null || ty::overlap(&subject.value.ty, &value.ty)) {
            subject.broken = true;
            let diag = self.impossible(&subject.value, literal, case.span);
            return self.no_case(diag, case.span);
        }
        if subject.seen.contains(&scalar) {
            let diag =
                Diag::new("W0115", case.span, format!("an arm before this one is for {}", spelled(literal)));
            self.report(diag.hint("remove the case, or write the one that is meant"));
        } else {
            subject.seen.push(scalar);
        }
        value
    }

    fn no_case(&mut self, diag: Diag, span: Span) -> Expr {
        self.report(diag);
        error(span)
    }

    /// A case that the value can never be equal to.
    fn impossible(&mut self, subject: &Expr, literal: &Const, span: Span) -> Diag {
        let ty = &subject.ty;
        let mut nearest = None;
        let message = format!("this is never {}: it is {ty}", spelled(literal));
        let options: Vec<String> = literals(ty).iter().map(spelled).collect();
        let hint = if ty.alternatives().iter().any(|ty| matches!(ty, Ty::Record(_))) {
            "a `match` compares with literals: match on a field by which the records can be told apart"
                .to_owned()
        } else {
            nearest = self.nearest(&spelled(literal), options.iter().map(String::as_str));
            match &nearest {
                Some(near) => format!("did you mean {near}?"),
                None if options.is_empty() => format!("a case is a literal of type {ty}"),
                None => format!("its values are {}", options.join(", ")),
            }
        };
        Diag::new("E0201", span, message).hint(hint).perhaps(span, nearest.as_deref())
    }

    /// Without `else` there is an arm for everything.
    fn report_missing(&mut self, subject: &Subject, span: Span) {
        let missing = missing(subject);
        if subject.otherwise.is_some() || subject.broken || missing.is_empty() {
            return;
        }
        let more = missing.len().saturating_sub(NAMED);
        let named = missing.iter().take(NAMED).cloned().collect::<Vec<String>>().join(", ");
        let named = if more > 0 { format!("{named} and {more} more") } else { named };
        let diag = Diag::new("E0219", span, format!("this `match` has no arm for {named}"));
        self.report(diag.hint("add it, or `else => …` for all the rest"));
    }
}

/// What the value can be that no arm is for, in words.
fn missing(subject: &Subject) -> Vec<String> {
    let mut out = Vec::new();
    let has = |value: &Const| Scalar::of(value).is_some_and(|value| subject.seen.contains(&value));
    for ty in subject.value.ty.alternatives() {
        match &ty {
            Ty::Never | Ty::Error => {}
            Ty::Bool | Ty::Null | Ty::Lit(_) => {
                out.extend(literals(&ty).iter().filter(|value| !has(value)).map(spelled));
            }
            Ty::Any => out.push("other values".to_owned()),
            other if subject.seen.is_empty() => out.push(other.to_string()),
            other => out.push(format!("every other {other}")),
        }
    }
    out
}

/// The literals among the values of a type.
fn literals(ty: &Ty) -> Vec<Const> {
    let of = |ty: &Ty| match ty {
        Ty::Bool => vec![Const::Bool(true), Const::Bool(false)],
        Ty::Null => vec![Const::Null],
        Ty::Lit(value) => vec![value.clone()],
        _ => Vec::new(),
    };
    ty.alternatives().iter().flat_map(of).collect()
}

/// A literal as it is written.
pub(super) fn spelled(value: &Const) -> String {
    match value {
        Const::Str(text) => format!("\"{}\"", crate::spelling::escaped(text)),
        other => other.to_string(),
    }
}
