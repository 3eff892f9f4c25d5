//! Operators: their operands, their results, and the one implicit conversion.

use super::Checker;
use super::expr::{MAYBE_NULL, constant, error, to_float};
use super::spread::leaves_out;
use crate::ast::{BinOp, Expr as Ast, ExprKind as A};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind};
use crate::ir::{self, Const};
use crate::source::Span;
use crate::ty::{self, Ty};

/// What to do about a quotient where an int is needed.
pub(super) const WHOLE: &str =
    "`/` of two ints is a float: `//` gives the whole part, round(a / b) the nearest int";

/// Whether a value is a float because two ints were divided in it.
pub(super) fn divides_ints(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Binary(ir::BinOp::Div, a, b) if a.ty.base() == Ty::Int && b.ty.base() == Ty::Int => true,
        ExprKind::Binary(_, a, b) if value.ty == Ty::Float => divides_ints(a) || divides_ints(b),
        ExprKind::Unary(_, a) => divides_ints(a),
        ExprKind::If(arms, otherwise) => {
            arms.iter().any(|(_, value)| divides_ints(value)) || divides_ints(otherwise)
        }
        ExprKind::Builtin(_, args) if value.ty == Ty::Float => args.iter().any(divides_ints),
        _ => false,
    }
}

impl Checker<'_> {
    pub(super) fn negate(&mut self, operand: &Ast, span: Span) -> Expr {
        if let A::Int(value) = operand.kind {
            return self.int(value, true, span);
        }
        let value = self.expr(operand, None);
        if let ExprKind::Const(Const::Float(x)) = value.kind {
            return constant(Const::Float(-x), span);
        }
        let ty = match value.ty.base() {
            known @ (Ty::Int | Ty::Float | Ty::Error) => known,
            other => {
                let diag = Diag::new("E0201", span, format!("`-` takes a number, but this is {other}"));
                self.fail(diag.hint("convert it with int(x) or float(x)"))
            }
        };
        Expr { kind: ExprKind::Unary(ir::UnOp::Neg, Box::new(value)), ty, span }
    }

    pub(super) fn binary_expr(&mut self, op: BinOp, left: &Ast, right: &Ast, want: Option<&Ty>) -> Expr {
        match op {
            BinOp::And | BinOp::Or => self.logical(op, left, right),
            BinOp::Coalesce => self.coalesce(left, right, want),
            BinOp::Add => {
                let left = self.expr(left, want);
                let wanted = if matches!(left.ty, Ty::List(_)) { Some(left.ty.clone()) } else { None };
                let right = self.expr(right, wanted.as_ref());
                self.binary(op, left, right)
            }
            BinOp::Sub => {
                let left = self.expr(left, None);
                let right = self.expr(right, None);
                if leaves_out(&left) { self.without(left, right) } else { self.binary(op, left, right) }
            }
            _ => {
                let left = self.expr(left, None);
                let right = self.expr(right, None);
                if op == BinOp::Whole {
                    self.may_be_a_comment(right.span);
                }
                self.binary(op, left, right)
            }
        }
    }

    /// `let n = 2 // pages`: an unknown name behind `//` is rather a comment of another language.
    fn may_be_a_comment(&mut self, right: Span) {
        let unknown = |diag: &&mut Diag| diag.code == "E0100" && diag.span == right;
        if let Some(diag) = self.findings.diags.last_mut().filter(unknown) {
            diag.hint = Some("if it is a comment, begin it with `#`; `a // b` divides ints".to_owned());
        }
    }

    fn logical(&mut self, op: BinOp, left: &Ast, right: &Ast) -> Expr {
        let what = format!("the operand of `{}`", op.sign());
        let left = self.wanted(left, &Ty::Bool, &what);
        let (yes, no) = self.body.flow.known.after(&left);
        let before = std::mem::replace(&mut self.body.flow.known, if op == BinOp::And { yes } else { no });
        let right = self.wanted(right, &Ty::Bool, &what);
        self.body.flow.known = before;
        let span = left.span.to(right.span);
        let (left, right) = (Box::new(left), Box::new(right));
        let kind = if op == BinOp::And { ExprKind::And(left, right) } else { ExprKind::Or(left, right) };
        Expr { kind, ty: Ty::Bool, span }
    }

    fn coalesce(&mut self, left: &Ast, right: &Ast, want: Option<&Ty>) -> Expr {
        let left = self.expr(left, None);
        let present = left.ty.without_null();
        let right = self.expr(right, want.or(Some(&present)));
        let span = left.span.to(right.span);
        let ty = match present {
            Ty::Any => Ty::Any,
            ref p if ty::fits(&right.ty, p) && right.ty != Ty::Never && *p != Ty::Never => p.clone(),
            ref p => ty::join(p, &right.ty),
        };
        let (left, right) = (self.converted(left, &ty), self.converted(right, &ty));
        Expr { kind: ExprKind::Coalesce(Box::new(left), Box::new(right)), ty, span }
    }

    pub(super) fn binary(&mut self, op: BinOp, left: Expr, right: Expr) -> Expr {
        let span = left.span.to(right.span);
        if left.ty.is_error() || right.ty.is_error() {
            return error(span);
        }
        match op {
            BinOp::Add => self.add(left, right),
            BinOp::Eq | BinOp::Ne => self.equality(op, left, right),
            BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge => self.order(op, left, right),
            BinOp::In | BinOp::NotIn => self.member(op, left, right),
            BinOp::Div if left.ty.base() == Ty::Int && right.ty.base() == Ty::Int => {
                make(ir::BinOp::Div, left, right, Ty::Float)
            }
            BinOp::Whole if left.ty.base() == Ty::Int && right.ty.base() == Ty::Int => {
                make(ir::BinOp::Whole, left, right, Ty::Int)
            }
            BinOp::Whole => self.bad_operands(op, &left, &right),
            _ => self.arithmetic(op, left, right),
        }
    }

    fn add(&mut self, left: Expr, right: Expr) -> Expr {
        let ty = match (left.ty.base(), right.ty.base()) {
            (Ty::Str, Ty::Str) => Ty::Str,
            (a @ Ty::List(_), b @ Ty::List(_)) => chained(&a, &b),
            _ => return self.arithmetic(BinOp::Add, left, right),
        };
        make(ir::BinOp::Add, left, right, ty)
    }

    fn arithmetic(&mut self, op: BinOp, left: Expr, right: Expr) -> Expr {
        let Some((left, right, ty)) = same_numbers(left.clone(), right.clone()) else {
            return self.bad_operands(op, &left, &right);
        };
        make(ir_op(op), left, right, ty)
    }

    fn order(&mut self, op: BinOp, left: Expr, right: Expr) -> Expr {
        if left.ty.base() == Ty::Str && right.ty.base() == Ty::Str {
            return make(ir_op(op), left, right, Ty::Bool);
        }
        let Some((left, right, _)) = same_numbers(left.clone(), right.clone()) else {
            return self.bad_operands(op, &left, &right);
        };
        make(ir_op(op), left, right, Ty::Bool)
    }

    fn equality(&mut self, op: BinOp, left: Expr, right: Expr) -> Expr {
        let null = left.ty == Ty::Null || right.ty == Ty::Null;
        if !null && !ty::overlap(&left.ty, &right.ty) {
            let span = left.span.to(right.span);
            let message = format!("{} and {} can never be equal", left.ty, right.ty);
            let hint = match (left.ty.base(), right.ty.base()) {
                (Ty::Str, Ty::Str) => {
                    "the left and the right side have no text in common: check the spelling"
                }
                (Ty::Str, _) | (_, Ty::Str) => "convert one of them with str(x), int(x) or float(x)",
                _ => "compare values of one type",
            };
            self.report(Diag::new("E0201", span, message).hint(hint));
            return error(span);
        }
        let (left, right) = match same_numbers(left.clone(), right.clone()) {
            Some((l, r, _)) => (l, r),
            None => (left, right),
        };
        make(ir_op(op), left, right, Ty::Bool)
    }

    fn member(&mut self, op: BinOp, left: Expr, right: Expr) -> Expr {
        let good = match right.ty.base() {
            Ty::List(item) => *item == Ty::Never || ty::overlap(&left.ty.base(), &item.base()),
            Ty::Str | Ty::Record(_) | Ty::Map(_) => left.ty.base() == Ty::Str || left.ty == Ty::Any,
            Ty::Any => true,
            _ => false,
        };
        if !good {
            return self.bad_operands(op, &left, &right);
        }
        let span = left.span.to(right.span);
        let left = match right.ty.base() {
            Ty::List(item) if *item == Ty::Float && left.ty.base() == Ty::Int => to_float(left),
            _ => left,
        };
        let found = make(ir::BinOp::In, left, right, Ty::Bool);
        if op == BinOp::In {
            return found;
        }
        Expr { kind: ExprKind::Unary(ir::UnOp::Not, Box::new(found)), ty: Ty::Bool, span }
    }

    fn bad_operands(&mut self, op: BinOp, left: &Expr, right: &Expr) -> Expr {
        let span = left.span.to(right.span);
        let sign = op.sign();
        let message = format!("`{sign}` does not take {} and {}", left.ty, right.ty);
        let text = left.ty.base() == Ty::Str || right.ty.base() == Ty::Str;
        let null = left.ty.may_be_null() || right.ty.may_be_null();
        let hint = match op {
            _ if left.ty == Ty::Any || right.ty == Ty::Any => {
                "a json value has no known type: convert it with int(x), float(x) or str(x)"
            }
            BinOp::Whole if left.ty.base() == Ty::Float || right.ty.base() == Ty::Float => {
                "`//` divides ints: write int(a / b), or round(a / b)"
            }
            BinOp::Sub if matches!(left.ty.base(), Ty::List(_)) => {
                "to leave items out, write filter(xs, f); keys of a record or map are left out so: m - [\"key\"]"
            }
            BinOp::Add if matches!(left.ty.base(), Ty::Record(_) | Ty::Map(_)) => {
                "to join records, write {...a, ...b}; what comes later wins"
            }
            BinOp::Add | BinOp::Rem if text => "to join text and values, write a string: \"{{ a }}{{ b }}\"",
            BinOp::In | BinOp::NotIn => {
                "`in` looks for an item in a list, a part in a str, or a key in a record"
            }
            _ if null => MAYBE_NULL,
            _ if text => "convert the text with int(x) or float(x)",
            _ => "both sides must be numbers",
        };
        self.report(Diag::new("E0201", span, message).hint(hint));
        error(span)
    }
}

/// Both as ints, or both as floats.
fn same_numbers(left: Expr, right: Expr) -> Option<(Expr, Expr, Ty)> {
    match (left.ty.base(), right.ty.base()) {
        (Ty::Int, Ty::Int) => Some((left, right, Ty::Int)),
        (Ty::Float, Ty::Float) => Some((left, right, Ty::Float)),
        (Ty::Int, Ty::Float) => Some((to_float(left), right, Ty::Float)),
        (Ty::Float, Ty::Int) => Some((left, to_float(right), Ty::Float)),
        _ => None,
    }
}

/// The type of two lists one after the other, in which nothing is converted.
pub(super) fn chained(a: &Ty, b: &Ty) -> Ty {
    match (ty::fits(b, a), ty::fits(a, b)) {
        (true, _) => a.clone(),
        (_, true) => b.clone(),
        _ => joined_lists(a, b),
    }
}

fn joined_lists(a: &Ty, b: &Ty) -> Ty {
    match (a, b) {
        (Ty::List(x), Ty::List(y)) => Ty::list(ty::union(vec![x.widened(), y.widened()])),
        _ => Ty::Error,
    }
}

pub(super) fn make(op: ir::BinOp, left: Expr, right: Expr, ty: Ty) -> Expr {
    let span = left.span.to(right.span);
    Expr { kind: ExprKind::Binary(op, Box::new(left), Box::new(right)), ty, span }
}

fn ir_op(op: BinOp) -> ir::BinOp {
    match op {
        BinOp::Sub => ir::BinOp::Sub,
        BinOp::Mul => ir::BinOp::Mul,
        BinOp::Div => ir::BinOp::Div,
        BinOp::Whole => ir::BinOp::Whole,
        BinOp::Rem => ir::BinOp::Rem,
        BinOp::Eq => ir::BinOp::Eq,
        BinOp::Ne => ir::BinOp::Ne,
        BinOp::Lt => ir::BinOp::Lt,
        BinOp::Le => ir::BinOp::Le,
        BinOp::Gt => ir::BinOp::Gt,
        BinOp::Ge => ir::BinOp::Ge,
        BinOp::In | BinOp::NotIn => ir::BinOp::In,
        _ => ir::BinOp::Add,
    }
}
