//! A walk over typed trees.

use agentc_compiler::hir::{Expr, ExprKind, Gen, MapGives, Over, Part, Stmt, StmtKind};

/// Shows every expression of some statements, those inside others included.
pub(crate) fn each_expr(stmts: &[Stmt], see: &mut dyn FnMut(&Expr)) {
    stmts.iter().for_each(|stmt| of_stmt(&stmt.kind, see));
}

fn of_stmt(kind: &StmtKind, see: &mut dyn FnMut(&Expr)) {
    match kind {
        StmtKind::Break | StmtKind::Continue => {}
        StmtKind::Text(parts) => parts.iter().for_each(|part| of_part(part, see)),
        StmtKind::Set(_, value) | StmtKind::Fail(value) | StmtKind::Print(value) | StmtKind::Call(value) => {
            of_expr(value, see);
        }
        StmtKind::If(arms, otherwise) => {
            for (cond, body) in arms {
                of_expr(cond, see);
                each_expr(body, see);
            }
            each_expr(otherwise, see);
        }
        StmtKind::For(_, value, body) | StmtKind::Repeat(value, _, body) => {
            of_expr(value, see);
            each_expr(body, see);
        }
        StmtKind::While(cond, max, body) => {
            of_expr(cond, see);
            of_expr(max, see);
            each_expr(body, see);
        }
        StmtKind::Try(tried) => {
            each_expr(&tried.body, see);
            each_expr(&tried.handler, see);
        }
        StmtKind::Yield(value) | StmtKind::Return(value) => {
            value.iter().for_each(|value| of_expr(value, see))
        }
        StmtKind::Expect(cond, message) => {
            of_expr(cond, see);
            message.iter().for_each(|message| of_expr(message, see));
        }
        StmtKind::Role(_, body) => each_expr(body, see),
        StmtKind::Gen(generation) => of_gen(generation, see),
    }
}

fn of_part(part: &Part, see: &mut dyn FnMut(&Expr)) {
    match part {
        Part::Lit(..) => {}
        Part::Value(value) | Part::Call(value) => of_expr(value, see),
        Part::Gen(generation) => of_gen(generation, see),
    }
}

fn of_gen(generation: &Gen, see: &mut dyn FnMut(&Expr)) {
    let options = generation.options.iter().map(|(_, value)| value);
    generation.bindings.iter().chain(options).for_each(|value| of_expr(value, see));
}

fn of_expr(expr: &Expr, see: &mut dyn FnMut(&Expr)) {
    see(expr);
    let mut inner: Vec<&Expr> = Vec::new();
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Var(_) | ExprKind::Context => {}
        ExprKind::Narrowed(a)
        | ExprKind::IntToFloat(a)
        | ExprKind::Unary(_, a)
        | ExprKind::Field(a, _)
        | ExprKind::Score(a) => inner.push(a),
        ExprKind::Binary(_, a, b)
        | ExprKind::And(a, b)
        | ExprKind::Or(a, b)
        | ExprKind::Coalesce(a, b)
        | ExprKind::Let(_, a, b)
        | ExprKind::Index(a, b) => inner.extend([&**a, &**b]),
        ExprKind::If(arms, otherwise) => {
            inner.extend(arms.iter().flat_map(|(cond, value)| [cond, value]));
            inner.push(otherwise);
        }
        ExprKind::List(items)
        | ExprKind::Builtin(_, items)
        | ExprKind::Call(_, items)
        | ExprKind::Tool(_, items)
        | ExprKind::Format(items) => inner.extend(items),
        ExprKind::Record(fields) => inner.extend(fields.iter().map(|(_, value)| value)),
        ExprKind::Slice(base, from, to) => {
            inner.push(base);
            inner.extend(from.iter().chain(to).map(|bound| &**bound));
        }
        ExprKind::Map(map) => {
            if let MapGives::Sorted(value) | MapGives::Reduced(_, value) = &map.gives {
                inner.push(value);
            }
            inner.extend([&map.list, &map.body]);
        }
        ExprKind::Branch(over, body) => {
            if let Over::Count(value, _) | Over::Each(_, value) = &**over {
                inner.push(value);
            }
            each_expr(body, see);
        }
    }
    inner.into_iter().for_each(|inner| of_expr(inner, see));
}
