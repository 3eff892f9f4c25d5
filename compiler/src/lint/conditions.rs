//! Conditions and comparisons whose outcome is known, and choices between equal alternatives.

use std::collections::{HashMap, HashSet};

use super::Lint;
use super::walk::{self, Node};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, Func, Gen, Stmt, StmtKind, VarId};
use crate::ir::{BinOp, Const, UnOp};
use crate::lex::lex;
use crate::source::Span;

impl Lint<'_> {
    /// Conditions that are always the same, captures compared with what they can never be, arms that are
    /// alike, and assignments of a variable to itself.
    pub(super) fn conditions(&mut self) {
        let hir = self.hir;
        for func in &hir.funcs {
            let mut nodes = Vec::new();
            walk::each(&func.body, &mut |node| nodes.push(node));
            let mut told = Told { captures: captures(func), conditions: HashSet::new(), until: 0 };
            nodes.into_iter().for_each(|node| self.condition_node(func, node, &mut told));
        }
    }

    fn condition_node(&mut self, func: &Func, node: Node<'_>, told: &mut Told<'_>) {
        let expr = match node {
            Node::Stmt(stmt) => {
                self.statement(stmt);
                return asked(stmt).into_iter().for_each(|cond| self.condition(cond, told));
            }
            Node::Expr(expr) => expr,
            Node::Gen(_) => return,
        };
        if told.conditions.contains(&expr.span) {
            told.until = told.until.max(expr.span.end);
        }
        if let ExprKind::If(arms, _) = &expr.kind {
            arms.iter().for_each(|(cond, _)| self.condition(cond, told));
        }
        if expr.span.start >= told.until && self.comparison(func, expr, told) {
            told.until = told.until.max(expr.span.end);
        }
    }

    /// A condition that is made of literals.
    fn condition(&mut self, cond: &Expr, told: &mut Told<'_>) {
        let Some(outcome) = self.outcome(cond) else { return };
        told.conditions.insert(cond.span);
        let diag = Diag::new("W0110", cond.span, format!("this condition is always {outcome}"));
        let hint = if outcome {
            "leave the condition out, or test a variable"
        } else {
            "leave out what depends on it, or test a variable; to end the run, write `fail \"…\"`"
        };
        self.report(diag.hint(hint));
    }

    /// The value of a condition that literals decide. What a named constant says may be meant to change.
    pub(super) fn outcome(&self, cond: &Expr) -> Option<bool> {
        match &cond.kind {
            ExprKind::Const(Const::Bool(value)) => self.is_literal(cond).then_some(*value),
            ExprKind::Unary(UnOp::Not, operand) => self.outcome(operand).map(|value| !value),
            ExprKind::And(a, b) => match (self.outcome(a), self.outcome(b)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            ExprKind::Or(a, b) => match (self.outcome(a), self.outcome(b)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            ExprKind::Binary(op, a, b) if self.is_literal(a) && self.is_literal(b) => {
                compared(*op, constant(a)?, constant(b)?)
            }
            _ => None,
        }
    }

    /// Whether an expression is a constant that is written out here.
    fn is_literal(&self, expr: &Expr) -> bool {
        let text = self.text(expr.span);
        let named = text.starts_with(|c: char| c.is_alphabetic() || c == '_');
        matches!(expr.kind, ExprKind::Const(_)) && (!named || matches!(text, "true" | "false" | "null"))
    }

    /// A comparison of a value with itself, or of a capture with what it can never be; whether it is one.
    fn comparison(&mut self, func: &Func, expr: &Expr, told: &Told<'_>) -> bool {
        let ExprKind::Binary(op, a, b) = &expr.kind else { return false };
        let same = match op {
            BinOp::Eq | BinOp::Le | BinOp::Ge => Some(true),
            BinOp::Ne | BinOp::Lt | BinOp::Gt => Some(false),
            _ => None,
        };
        if let Some(outcome) = same.filter(|_| is_same(a, b)) {
            let message = format!("both sides are the same: this is always {outcome}");
            self.report(Diag::new("W0110", expr.span, message).hint("compare with another value"));
            return true;
        }
        let sides = match op {
            BinOp::Eq | BinOp::Ne => vec![(a, b), (b, a)],
            BinOp::In => vec![(a, b)],
            _ => return false,
        };
        sides.into_iter().any(|(value, with)| match (&value.kind, texts(with, *op)) {
            (ExprKind::Var(var), Some(texts)) => self.never_equal(func, *var, expr, &texts, told),
            _ => false,
        })
    }

    /// A variable that is given values by generations alone, of which none can write one of the texts.
    fn never_equal(
        &mut self,
        func: &Func,
        var: VarId,
        expr: &Expr,
        texts: &[String],
        told: &Told<'_>,
    ) -> bool {
        let (Some(gens), Some(var)) = (told.captures.get(&var), func.vars.get(var.0 as usize)) else {
            return false;
        };
        // With samples the value is a list.
        let plain = |generation: &&Gen| {
            !generation.append
                && !generation.json
                && !generation.call
                && var.ty.base() == generation.ty.base()
        };
        let mut impossible = |generation: &&Gen| {
            let pattern = self.pattern_of(generation);
            pattern.is_some_and(|pattern| !texts.iter().any(|text| pattern.is_match(text.as_bytes())))
        };
        if texts.is_empty() || !gens.iter().all(plain) || !gens.iter().all(&mut impossible) {
            return false;
        }
        let which = match texts {
            [only] => format!("{only:?}"),
            _ => "any of these".to_owned(),
        };
        let diag = Diag::new("W0110", expr.span, format!("`{}` can never be {which}", var.name));
        let diag = diag.label(var.span, "its type and stops are written here");
        self.report(diag.hint("check the spelling, spaces and line breaks; a stop is not part of the value"));
        true
    }

    fn statement(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Set(var, Expr { kind: ExprKind::Var(other), .. }) if var == other => {
                let diag = Diag::new("W0112", stmt.span, "this assigns a variable to itself");
                self.report(diag.hint("remove it, or write the intended value"));
            }
            StmtKind::If(arms, otherwise) => self.alike(stmt.span, arms, otherwise),
            _ => {}
        }
    }

    /// All arms of an `if`, the last `else` included, with the same tokens.
    fn alike(&mut self, span: Span, arms: &[(Expr, Vec<Stmt>)], otherwise: &[Stmt]) {
        let Some(last) = extent(otherwise) else { return };
        let tokens = |span: Span| {
            let text = self.text(span);
            let tokens = lex(0, text, self.limits).tokens.into_iter().filter(|token| !token.kind.is_trivia());
            tokens.map(|token| token.text(text).to_owned()).collect::<Vec<String>>()
        };
        let last = tokens(last);
        let same = |body: &[Stmt]| extent(body).is_some_and(|span| tokens(span) == last);
        if !arms.iter().all(|(_, body)| same(body)) {
            return;
        }
        let diag = Diag::new("W0113", span, "the same happens whatever the condition");
        self.report(diag.hint("write it once, without `if`; or change one of the blocks"));
    }
}

/// What was said about a function so far, and what is known of it.
struct Told<'h> {
    /// Variables that only generations give values, and those.
    captures: HashMap<VarId, Vec<&'h Gen>>,
    /// Conditions with a finding.
    conditions: HashSet<Span>,
    /// Where the last expression with a finding ends: within it nothing more is said.
    until: u32,
}

fn captures(func: &Func) -> HashMap<VarId, Vec<&Gen>> {
    let mut gens: HashMap<VarId, Vec<&Gen>> = HashMap::new();
    let mut others: Vec<VarId> = (0..).take(func.defaults.len()).map(VarId).collect();
    walk::each(&func.body, &mut |node| match node {
        Node::Gen(generation) => gens.entry(generation.var).or_default().push(generation),
        Node::Stmt(Stmt { kind: StmtKind::Set(to, _) | StmtKind::For(to, ..), .. }) => others.push(*to),
        _ => {}
    });
    others.iter().for_each(|var| drop(gens.remove(var)));
    gens
}

/// The conditions that a statement asks; of loops only those that can keep one from running.
fn asked(stmt: &Stmt) -> Vec<&Expr> {
    match &stmt.kind {
        StmtKind::If(arms, _) => arms.iter().map(|(cond, _)| cond).collect(),
        StmtKind::Expect(cond, _) => vec![cond],
        _ => Vec::new(),
    }
}

fn extent(stmts: &[Stmt]) -> Option<Span> {
    Some(stmts.first()?.span.to(stmts.last()?.span))
}

fn constant(expr: &Expr) -> Option<&Const> {
    match &expr.kind {
        ExprKind::Const(value) => Some(value),
        _ => None,
    }
}

/// The outcome of a comparison of constants of one kind.
fn compared(op: BinOp, a: &Const, b: &Const) -> Option<bool> {
    let order = match (a, b) {
        (Const::Int(a), Const::Int(b)) => a.cmp(b),
        (Const::Str(a), Const::Str(b)) if op == BinOp::In => return Some(b.contains(a.as_str())),
        (Const::Str(a), Const::Str(b)) => a.cmp(b),
        (Const::Bool(a), Const::Bool(b)) => a.cmp(b),
        (Const::Float(a), Const::Float(b)) => a.partial_cmp(b)?,
        _ => return None,
    };
    match op {
        BinOp::Eq => Some(order.is_eq()),
        BinOp::Ne => Some(order.is_ne()),
        BinOp::Lt => Some(order.is_lt()),
        BinOp::Le => Some(order.is_le()),
        BinOp::Gt => Some(order.is_gt()),
        BinOp::Ge => Some(order.is_ge()),
        _ => None,
    }
}

/// Whether two expressions name the same place: a variable, or a part of one.
fn is_same(a: &Expr, b: &Expr) -> bool {
    match (&a.kind, &b.kind) {
        (ExprKind::Var(a), ExprKind::Var(b)) => a == b,
        (ExprKind::Field(a, x), ExprKind::Field(b, y)) => x == y && is_same(a, b),
        (ExprKind::Index(a, x), ExprKind::Index(b, y)) => {
            is_same(a, b) && (is_same(x, y) || constant(x).is_some_and(|x| Some(x) == constant(y)))
        }
        (ExprKind::IntToFloat(a), ExprKind::IntToFloat(b)) => is_same(a, b),
        _ => false,
    }
}

/// The constant texts that a value is compared with, as they would be generated.
fn texts(with: &Expr, op: BinOp) -> Option<Vec<String>> {
    let text = |value: &Const| match value {
        Const::Str(text) => Some(text.clone()),
        Const::Int(n) => Some(n.to_string()),
        _ => None,
    };
    match (&with.kind, op) {
        (ExprKind::List(items), BinOp::In) => items.iter().map(|item| text(constant(item)?)).collect(),
        (ExprKind::Const(Const::List(items)), BinOp::In) => items.iter().map(text).collect(),
        (_, BinOp::In) => None,
        _ => Some(vec![text(constant(with)?)?]),
    }
}
