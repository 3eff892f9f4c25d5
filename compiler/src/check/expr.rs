//! Expressions: literals, names, structure. Operators and calls have files of their own.

use super::Checker;
use super::ops::{WHOLE, divides_ints};
use crate::ast::{self, Expr as Ast, ExprKind as A, Ident, Part, Text};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind};
use crate::ir::Const;
use crate::number::Number;
use crate::source::Span;
use crate::ty::{self, Field, Ty};

impl Checker<'_> {
    /// Checks an expression. `want` is the type that its place asks for: it steers literals and lists, and
    /// whether the value fits is the caller's to say.
    pub(super) fn expr(&mut self, expr: &Ast, want: Option<&Ty>) -> Expr {
        self.nesting.depth += 1;
        let value = self.expr_here(expr, want);
        self.nesting.depth -= 1;
        value
    }

    fn expr_here(&mut self, expr: &Ast, want: Option<&Ty>) -> Expr {
        let span = expr.span;
        match &expr.kind {
            A::Error => error(span),
            A::Null => constant(Const::Null, span),
            A::Bool(value) => constant(Const::Bool(*value), span),
            A::Int(value) => self.int(*value, false, span),
            A::Float(value) => constant(Const::Float(*value), span),
            A::Str(text) => self.string(text),
            A::Regex(_) => self.lone_regex(span),
            A::Lambda(lambda) => self.lone_lambda(lambda, span),
            A::Name(name) => self.name(name, span),
            A::List(items) => self.list(items, want, span),
            A::ListOf(parts) => self.list_of(parts, want, span),
            A::Record(fields) => self.record(fields, want, span),
            A::RecordOf(parts) => self.record_of(parts, want, span),
            A::Unary(op, operand) => self.unary(*op, operand, span),
            A::Binary(op, _, left, right) => self.binary_expr(*op, left, right, want),
            A::If(arms, otherwise) => self.if_expr(arms, otherwise, want, span),
            A::Match(choice) => self.match_expr(choice, want, span),
            A::Call(call) => self.call(call, span),
            A::Field(base, name) => self.field(base, name, span),
            A::Index(base, index) => self.index(base, index, span),
            A::Slice(base, from, to) => self.slice(base, from.as_deref(), to.as_deref(), span),
            A::Fork(over, body) => self.fork(over, body, want, span),
            A::Aside(body) => self.aside(body, want, span),
            A::Embed(path) => self.embed(path, want, span),
        }
    }

    /// An expression whose value must have a type; `what` names it in the finding.
    pub(super) fn wanted(&mut self, expr: &Ast, want: &Ty, what: &str) -> Expr {
        let value = self.expr(expr, Some(want));
        self.coerce(value, want, what)
    }

    /// Reports a value that does not fit, and makes an int a float where one is wanted.
    pub(super) fn coerce(&mut self, value: Expr, want: &Ty, what: &str) -> Expr {
        if !ty::fits(&value.ty, want) {
            let diag =
                Diag::new("E0200", value.span, format!("{what} is {}, but {want} is expected", value.ty));
            let whole = divides_ints(&value) && ty::fits(&Ty::Int, want);
            self.report(diag.hint(if whole { WHOLE.to_owned() } else { mismatch_hint(&value.ty, want) }));
            return Expr { ty: Ty::Error, ..value };
        }
        self.converted(value, want)
    }

    pub(super) fn converted(&mut self, value: Expr, want: &Ty) -> Expr {
        if value.ty.base() != Ty::Int || !ty::takes_float(want) {
            return value;
        }
        if let ExprKind::Const(Const::Int(n)) = value.kind
            && Number::from(n).as_float().is_none()
        {
            let message = format!("a float does not have all the digits of {n}");
            let diag = Diag::new("E0024", value.span, message);
            self.report(diag.hint("take it as an int, or write the float that is meant, as in 1e18"));
            return error(value.span);
        }
        to_float(value)
    }

    pub(super) fn int(&mut self, value: u64, negative: bool, span: Span) -> Expr {
        let number = if negative { -i128::from(value) } else { i128::from(value) };
        match i64::try_from(number) {
            Ok(value) => constant(Const::Int(value), span),
            Err(_) => {
                let diag = Diag::new("E0024", span, format!("the number {number} is too large"));
                self.report(diag.hint("an int has 64 bits; write 1e20 for a float"));
                error(span)
            }
        }
    }

    /// A string as a value: its holes must be pure.
    fn string(&mut self, text: &Text) -> Expr {
        for part in &text.parts {
            // By itself it may be a mark that is to be replaced.
            if let Part::Lit(literal, span) = part
                && !(literal.starts_with('{') && literal.ends_with('}'))
            {
                self.look_for_marks(literal, *span);
            }
        }
        if let Some(literal) = text.literal() {
            return constant(Const::Str(literal), text.span);
        }
        let outer = self.body.around.pure_only.replace("a string that is a value");
        let mut parts = Vec::new();
        for part in &text.parts {
            match part {
                Part::Lit(literal, span) => parts.push(constant(Const::Str(literal.clone()), *span)),
                Part::Expr(expr) => parts.push(self.expr(expr, None)),
                Part::Gen(generation) => {
                    let diag =
                        Diag::new("E0300", generation.span, "a string that is a value cannot generate");
                    let name = &generation.name.name;
                    self.report(
                        diag.hint(format!("generate in a statement first, then insert {{{{ {name} }}}}")),
                    );
                }
            }
        }
        self.body.around.pure_only = outer;
        Expr { kind: ExprKind::Format(parts), ty: Ty::Str, span: text.span }
    }

    /// A regex where no value can be one.
    fn lone_regex(&mut self, span: Span) -> Expr {
        let diag = Diag::new("E0217", span, "a regex is not a value");
        let hint = "it is a type, a `stop_regex`, or an argument: matches(s, /…/), replace(s, /…/, \"x\")";
        self.report(diag.hint(hint));
        error(span)
    }

    /// A lambda where no function is asked for.
    fn lone_lambda(&mut self, lambda: &ast::Lambda, span: Span) -> Expr {
        for param in &lambda.params {
            self.declare_variable(param, Ty::Error);
        }
        self.expr(&lambda.body, None);
        let diag = Diag::new("E0220", span, "a function is not a value");
        let hint = "pass it to a function that takes one: map(xs, x => x + 1); or declare it: fn f(x: int) -> int { return x + 1 }";
        self.report(diag.hint(hint));
        error(span)
    }

    pub(super) fn list(&mut self, items: &[Ast], want: Option<&Ty>, span: Span) -> Expr {
        let wanted_item = want.and_then(item_of);
        let wanted_item = wanted_item.as_ref();
        let mut out = Vec::new();
        let mut ty = Ty::Never;
        for item in items {
            let value = self.expr(item, wanted_item);
            let fitting = wanted_item.filter(|w| ty::fits(&value.ty, w));
            let value = match fitting {
                Some(w) => self.converted(value, w),
                None => value,
            };
            ty = match fitting {
                Some(_) if value.ty.is_error() => Ty::Error,
                Some(w) => w.clone(),
                None if ty == Ty::Never => value.ty.widened(),
                None => ty::join(&ty, &value.ty),
            };
            if ty.size() > self.program.limits.type_parts {
                ty = self.settled(&ty, span);
            }
            out.push(value);
        }
        if ty == Ty::Float {
            out = out.into_iter().map(|v| if v.ty.base() == Ty::Int { to_float(v) } else { v }).collect();
        }
        Expr { kind: ExprKind::List(out), ty: Ty::list(ty), span }
    }

    fn record(&mut self, fields: &[(Ident, Ast)], want: Option<&Ty>, span: Span) -> Expr {
        let mut out: Vec<(String, Expr)> = Vec::new();
        let mut types: Vec<Field> = Vec::new();
        let given: Vec<(&str, Option<&Ast>)> =
            fields.iter().map(|(name, value)| (name.name.as_str(), Some(value))).collect();
        let want = want.and_then(|w| record_like(w, &given));
        for (name, value) in fields {
            let wanted = want.as_ref().and_then(|w| wanted_field(w, &name.name));
            let value = self.expr(value, wanted.as_ref());
            let (value, ty) = match wanted {
                Some(w) if ty::fits(&value.ty, &w) && !value.ty.is_error() => (self.converted(value, &w), w),
                _ => {
                    let ty = value.ty.widened();
                    (value, ty)
                }
            };
            if types.iter().any(|f| f.name == name.name) {
                let diag = Diag::new("E0213", name.span, format!("the field `{}` is given twice", name.name));
                self.report(diag.hint("remove one of them"));
                continue;
            }
            types.push(Field { name: name.name.clone(), ty, optional: false });
            out.push((name.name.clone(), value));
        }
        Expr { kind: ExprKind::Record(out), ty: Ty::Record(types), span }
    }

    fn if_expr(&mut self, arms: &[(Ast, Ast)], otherwise: &Ast, want: Option<&Ty>, span: Span) -> Expr {
        let before = self.body.flow.known.clone();
        let mut out = Vec::new();
        for (cond, value) in arms {
            let cond = self.wanted(cond, &Ty::Bool, "the condition");
            let (yes, no) = self.body.flow.known.after(&cond);
            self.body.flow.known = yes;
            let value = self.expr(value, want);
            self.body.flow.known = no;
            out.push((cond, value));
        }
        let otherwise = self.expr(otherwise, want);
        self.body.flow.known = before;
        self.joined_arms(out, otherwise, want, span)
    }

    /// The value of one of several arms.
    pub(super) fn joined_arms(
        &mut self,
        arms: Vec<(Expr, Expr)>,
        otherwise: Expr,
        want: Option<&Ty>,
        span: Span,
    ) -> Expr {
        let types: Vec<Ty> = arms.iter().map(|(_, v)| v).chain([&otherwise]).map(|v| v.ty.clone()).collect();
        let ty = match want.filter(|w| types.iter().all(|t| ty::fits(t, w))) {
            Some(want) => want.clone(),
            None => types.iter().fold(Ty::Never, |ty, t| ty::join(&ty, t)),
        };
        let arms = arms.into_iter().map(|(c, v)| (c, self.converted(v, &ty))).collect();
        let otherwise = Box::new(self.converted(otherwise, &ty));
        Expr { kind: ExprKind::If(arms, otherwise), ty, span }
    }

    pub(super) fn unary(&mut self, op: ast::UnOp, operand: &Ast, span: Span) -> Expr {
        match op {
            ast::UnOp::Neg => self.negate(operand, span),
            ast::UnOp::Not => {
                let value = self.wanted(operand, &Ty::Bool, "the operand of `not`");
                Expr { kind: ExprKind::Unary(crate::ir::UnOp::Not, Box::new(value)), ty: Ty::Bool, span }
            }
        }
    }
}

pub(super) fn error(span: Span) -> Expr {
    Expr { kind: ExprKind::Const(Const::Null), ty: Ty::Error, span }
}

pub(super) fn constant(value: Const, span: Span) -> Expr {
    let ty = if value == Const::Null { Ty::Null } else { Ty::Lit(value.clone()) };
    Expr { kind: ExprKind::Const(value), ty, span }
}

/// An int made a float, at once if it is a literal.
#[allow(clippy::cast_precision_loss)]
pub(super) fn to_float(value: Expr) -> Expr {
    let span = value.span;
    if let ExprKind::Const(Const::Int(n)) = value.kind {
        return constant(Const::Float(n as f64), span);
    }
    Expr { kind: ExprKind::IntToFloat(Box::new(value)), ty: Ty::Float, span }
}

/// The type of items that a list is asked for.
pub(super) fn item_of(want: &Ty) -> Option<Ty> {
    let item = |ty: Ty| if let Ty::List(item) = ty { Some(*item) } else { None };
    want.alternatives().into_iter().find_map(item)
}

/// The record or map type that a literal with these fields is most likely meant to be.
pub(super) fn record_like(want: &Ty, fields: &[(&str, Option<&Ast>)]) -> Option<Ty> {
    let mut members = want.alternatives();
    members.retain(|m| matches!(m, Ty::Record(_) | Ty::Map(_)));
    let has_all = |m: &&Ty| matches!(m, Ty::Map(_)) || fields.iter().all(|(name, _)| m.field(name).is_some());
    // Literals are tags where they tell the members apart.
    let may = |m: &Ty, name: &str, value: Option<&Ast>| {
        m.field(name).zip(value).is_none_or(|(field, value)| may_hold(&field.ty, value))
    };
    let suits = |m: &&Ty| fields.iter().all(|(name, value)| may(m, name, *value));
    let is_whole = |m: &&Ty| match m {
        Ty::Record(all) => all.iter().all(|f| f.optional || fields.iter().any(|(name, _)| *name == f.name)),
        _ => true,
    };
    let fitting: Vec<&Ty> = members.iter().filter(has_all).collect();
    let tagged: Vec<&Ty> = fitting.iter().copied().filter(suits).collect();
    let best = tagged.iter().find(|m| is_whole(m)).or(tagged.first()).or(fitting.first());
    match best {
        Some(best) => Some((*best).clone()),
        None if members.len() == 1 => members.pop(),
        None => None,
    }
}

/// Whether a literal may belong to a type; anything else may.
fn may_hold(ty: &Ty, value: &Ast) -> bool {
    let literal = match &value.kind {
        A::Bool(value) => Ty::Lit(Const::Bool(*value)),
        A::Int(value) => i64::try_from(*value).map_or(Ty::Int, |value| Ty::Lit(Const::Int(value))),
        A::Null => Ty::Null,
        A::Str(text) => text.literal().map_or(Ty::Str, |text| Ty::Lit(Const::Str(text))),
        _ => return true,
    };
    ty::fits(&literal, ty)
}

/// What a field of such a literal is asked for.
pub(super) fn wanted_field(want: &Ty, name: &str) -> Option<Ty> {
    match want {
        Ty::Map(value) => Some((**value).clone()),
        other => other.field(name).map(|f| f.ty.clone()),
    }
}

/// What to do about a value that may be null.
pub(super) const MAYBE_NULL: &str =
    "it may be null: give a default with `??`, or check first: if x != null { … }";

fn mismatch_hint(found: &Ty, want: &Ty) -> String {
    match (found.base(), want.base()) {
        (ref f, ref w) if *f != Ty::Null && f.may_be_null() && ty::fits(&f.without_null(), w) => {
            MAYBE_NULL.to_owned()
        }
        (_, Ty::Str) => "convert it with str(x), or put it into a string: \"{{ x }}\"".to_owned(),
        (Ty::Str, Ty::Int) => "convert it with int(x)".to_owned(),
        (Ty::Str, Ty::Float) => "convert it with float(x)".to_owned(),
        (Ty::Float, Ty::Int) => {
            "convert it with round(x) or int(x); `a // b` divides ints without a rest".to_owned()
        }
        (Ty::Any, _) => {
            "a json value has no known type: convert it with str(x), int(x) or float(x)".to_owned()
        }
        (Ty::Null, _) => "a value is needed here".to_owned(),
        (_, Ty::List(_)) if !matches!(found, Ty::List(_)) => "put it into a list: [x]".to_owned(),
        _ => format!("a value of type {want} is needed here"),
    }
}
