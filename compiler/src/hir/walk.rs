//! The contents of a body, in source order: the one place that knows every node for whoever only looks.

use crate::hir::{Expr, ExprKind, Gen, MapGives, Over, Part, Stmt, StmtKind, VarId};

/// A part of a statement, expression or generation.
#[derive(Clone, Copy)]
pub(crate) enum Child<'h> {
    /// A value that is computed.
    Expr(&'h Expr),
    /// The model writes.
    Gen(&'h Gen),
    /// Statements that may run, any number of times.
    Block(&'h [Stmt]),
}

/// Something in a body.
#[derive(Clone, Copy)]
pub(crate) enum Node<'h> {
    /// A statement.
    Stmt(&'h Stmt),
    /// An expression.
    Expr(&'h Expr),
    /// A generation.
    Gen(&'h Gen),
}

/// The parts of a statement.
pub(crate) fn of_stmt(stmt: &Stmt) -> Vec<Child<'_>> {
    use Child::{Block, Expr};
    match &stmt.kind {
        StmtKind::Text(parts) => parts.iter().filter_map(of_part).collect(),
        StmtKind::Set(_, value) | StmtKind::Fail(value) | StmtKind::Print(value) | StmtKind::Call(value) => {
            vec![Expr(value)]
        }
        StmtKind::If(arms, otherwise) => {
            let arms = arms.iter().flat_map(|(cond, body)| [Expr(cond), Block(body)]);
            arms.chain([Block(otherwise)]).collect()
        }
        StmtKind::For(_, list, body) => vec![Expr(list), Block(body)],
        StmtKind::Repeat(count, _, body) => vec![Expr(count), Block(body)],
        StmtKind::While(cond, max, body) => vec![Expr(max), Expr(cond), Block(body)],
        StmtKind::Try(parts) => vec![Block(&parts.body), Block(&parts.handler)],
        StmtKind::Yield(value) | StmtKind::Return(value) => value.iter().map(Expr).collect(),
        StmtKind::Break | StmtKind::Continue => Vec::new(),
        StmtKind::Expect(cond, message) => [Expr(cond)].into_iter().chain(message.iter().map(Expr)).collect(),
        StmtKind::Role(_, body) => vec![Block(body)],
        StmtKind::Gen(generation) => vec![Child::Gen(generation)],
    }
}

/// The part of a text that is not literal.
pub(crate) fn of_part(part: &Part) -> Option<Child<'_>> {
    match part {
        Part::Lit(..) => None,
        Part::Value(value) | Part::Call(value) => Some(Child::Expr(value)),
        Part::Gen(generation) => Some(Child::Gen(generation)),
    }
}

/// The values that a generation takes.
pub(crate) fn of_gen(generation: &Gen) -> Vec<Child<'_>> {
    let options = generation.options.iter().map(|(_, value)| value);
    generation.bindings.iter().chain(options).map(Child::Expr).collect()
}

/// The operands of an expression.
pub(crate) fn of_expr(expr: &Expr) -> Vec<Child<'_>> {
    use Child::{Block, Expr};
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Var(_) | ExprKind::Context => Vec::new(),
        ExprKind::Narrowed(a)
        | ExprKind::IntToFloat(a)
        | ExprKind::Unary(_, a)
        | ExprKind::Field(a, _)
        | ExprKind::Score(a) => vec![Expr(a)],
        ExprKind::Binary(_, a, b)
        | ExprKind::And(a, b)
        | ExprKind::Or(a, b)
        | ExprKind::Coalesce(a, b)
        | ExprKind::Let(_, a, b)
        | ExprKind::Index(a, b) => vec![Expr(a), Expr(b)],
        ExprKind::If(arms, otherwise) => {
            let arms = arms.iter().flat_map(|(cond, value)| [Expr(cond), Expr(value)]);
            arms.chain([Expr(otherwise)]).collect()
        }
        ExprKind::List(items) | ExprKind::Format(items) => items.iter().map(Expr).collect(),
        ExprKind::Record(fields) => fields.iter().map(|(_, value)| Expr(value)).collect(),
        ExprKind::Slice(base, from, to) => {
            let bounds = from.iter().chain(to).map(|bound| Expr(bound));
            [Expr(base)].into_iter().chain(bounds).collect()
        }
        ExprKind::Builtin(_, args) | ExprKind::Call(_, args) | ExprKind::Tool(_, args) => {
            args.iter().map(Expr).collect()
        }
        ExprKind::Map(map) => {
            let first = match &map.gives {
                MapGives::Sorted(value) | MapGives::Reduced(_, value) => Some(Expr(value)),
                _ => None,
            };
            [Expr(&map.list)].into_iter().chain(first).chain([Expr(&map.body)]).collect()
        }
        ExprKind::Branch(over, body) => {
            let (Over::Count(value, _) | Over::Each(_, value)) = &**over else { return vec![Block(body)] };
            vec![Expr(value), Block(body)]
        }
    }
}

/// Shows everything in a body, each node before what it holds.
pub(crate) fn each<'h>(stmts: &'h [Stmt], see: &mut impl FnMut(Node<'h>)) {
    for stmt in stmts {
        see(Node::Stmt(stmt));
        of_stmt(stmt).into_iter().for_each(|child| each_of(child, see));
    }
}

/// Shows everything in a part.
pub(crate) fn each_of<'h>(child: Child<'h>, see: &mut impl FnMut(Node<'h>)) {
    match child {
        Child::Block(stmts) => each(stmts, see),
        Child::Expr(expr) => {
            see(Node::Expr(expr));
            of_expr(expr).into_iter().for_each(|child| each_of(child, see));
        }
        Child::Gen(generation) => {
            see(Node::Gen(generation));
            of_gen(generation).into_iter().for_each(|child| each_of(child, see));
        }
    }
}

/// Shows every generation in a body.
pub(crate) fn each_gen<'h>(stmts: &'h [Stmt], mut see: impl FnMut(&'h Gen)) {
    each(stmts, &mut |node| {
        if let Node::Gen(generation) = node {
            see(generation);
        }
    });
}

/// The variables that a part reads.
pub(crate) fn reads(child: Child<'_>) -> Vec<VarId> {
    let mut vars = Vec::new();
    each_of(child, &mut |node| {
        if let Node::Expr(Expr { kind: ExprKind::Var(var), .. }) = node {
            vars.push(*var);
        }
    });
    vars
}

/// The variables that a body gives values, those that hold facts about captures aside.
pub(crate) fn writes(stmts: &[Stmt]) -> Vec<VarId> {
    let mut vars = Vec::new();
    each(stmts, &mut |node| match node {
        Node::Stmt(stmt) => match &stmt.kind {
            StmtKind::Set(var, _) | StmtKind::For(var, ..) => vars.push(*var),
            StmtKind::Repeat(_, var, _) => vars.extend(var),
            StmtKind::Try(parts) => vars.extend(parts.error.iter().chain(&parts.restore)),
            _ => {}
        },
        Node::Gen(generation) => vars.push(generation.var),
        Node::Expr(Expr { kind: ExprKind::Let(var, ..), .. }) => vars.push(*var),
        Node::Expr(_) => {}
    });
    vars
}
