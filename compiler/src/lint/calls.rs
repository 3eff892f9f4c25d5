//! The conditions under which a function makes its calls.

use std::collections::{BTreeSet, HashMap};

use super::unreachable::surely_turns;
use super::walk::{self, Child, Node};
use crate::hir::{Expr, ExprKind, Func, Gen, Hir, Over, Stmt, StmtKind, VarId};
use crate::ir::{Const, FuncId};
use crate::source::Span;

/// A call of a function of the program.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    /// The caller.
    pub(super) from: FuncId,
    /// The callee.
    pub(super) to: FuncId,
    /// Where.
    pub(super) span: Span,
    /// Every way through the caller makes this call.
    pub(super) always: bool,
    /// A condition about a parameter of the caller decides whether the call is made; where the caller calls
    /// itself, one whose argument is not that parameter again.
    pub(super) guarded: bool,
    /// An argument is something else than a parameter handed on.
    pub(super) changes: bool,
}

/// The calls that a function makes.
pub(super) fn edges(hir: &Hir, id: FuncId, func: &Func) -> Vec<Edge> {
    let written: BTreeSet<VarId> = walk::writes(&func.body).into_iter().collect();
    let mut calls = Calls {
        hir,
        id,
        kept: (0..func.defaults.len()).map(var).filter(|var| !written.contains(var)).collect(),
        about: dependencies(func),
        edges: Vec::new(),
    };
    calls.block(&func.body, Place { certain: true, guards: BTreeSet::new() });
    calls.edges
}

fn var(index: usize) -> VarId {
    VarId(u32::try_from(index).unwrap_or(u32::MAX))
}

/// The parameters that each variable's value may depend on, whatever the order of the statements.
fn dependencies(func: &Func) -> HashMap<VarId, BTreeSet<VarId>> {
    let mut about: HashMap<VarId, BTreeSet<VarId>> = HashMap::new();
    let params = (0..func.defaults.len()).map(var);
    params.for_each(|param| drop(about.insert(param, BTreeSet::from([param]))));
    let mut flows: Vec<(VarId, Vec<VarId>)> = Vec::new();
    walk::each(&func.body, &mut |node| match node {
        Node::Stmt(Stmt { kind: StmtKind::Set(var, value) | StmtKind::For(var, value, _), .. }) => {
            flows.push((*var, walk::reads(Child::Expr(value))));
        }
        Node::Expr(Expr { kind: ExprKind::Branch(over, _), .. }) => {
            if let Over::Each(var, list) = &**over {
                flows.push((*var, walk::reads(Child::Expr(list))));
            }
        }
        Node::Expr(Expr { kind: ExprKind::Map(map), .. }) => {
            flows.push((map.item, walk::reads(Child::Expr(&map.list))));
        }
        _ => {}
    });
    loop {
        let mut changed = false;
        for (to, from) in &flows {
            let found: BTreeSet<VarId> =
                from.iter().filter_map(|v| about.get(v)).flatten().copied().collect();
            let known = about.entry(*to).or_default();
            let before = known.len();
            known.extend(found);
            changed |= known.len() != before;
        }
        if !changed {
            return about;
        }
    }
}

/// What is known at a place.
#[derive(Debug, Clone)]
struct Place {
    /// Control comes here on every path.
    certain: bool,
    /// Parameters that conditions on the way here are about.
    guards: BTreeSet<VarId>,
}

struct Calls<'h> {
    hir: &'h Hir,
    id: FuncId,
    /// Parameters that are never given another value.
    kept: BTreeSet<VarId>,
    about: HashMap<VarId, BTreeSet<VarId>>,
    edges: Vec<Edge>,
}

impl Calls<'_> {
    /// The place after a condition.
    fn under(&self, place: &Place, cond: &Expr) -> Place {
        let vars = walk::reads(Child::Expr(cond));
        let about = vars.iter().filter_map(|var| self.about.get(var)).flatten().copied();
        Place { certain: false, guards: place.guards.iter().copied().chain(about).collect() }
    }

    /// The place in a turn of a loop that is so often, or over such a list.
    fn turn(&self, place: &Place, over: &Expr) -> Place {
        if surely_turns(over) { place.clone() } else { self.under(place, over) }
    }

    fn block(&mut self, stmts: &[Stmt], mut place: Place) {
        for stmt in stmts {
            self.stmt(stmt, &place);
            // What may leave decides about all that follows.
            if let StmtKind::Expect(cond, _) = &stmt.kind {
                place = self.under(&place, cond);
            } else if may_leave(stmt, false) {
                place = self.behind(stmt, &place);
            }
        }
    }

    /// The place after a statement that may leave, by the conditions that it asks.
    fn behind(&self, stmt: &Stmt, place: &Place) -> Place {
        let mut place = Place { certain: false, ..place.clone() };
        walk::each(std::slice::from_ref(stmt), &mut |node| {
            if let Node::Stmt(stmt) = node {
                place = conditions(stmt).iter().fold(place.clone(), |place, cond| self.under(&place, cond));
            }
        });
        place
    }

    fn stmt(&mut self, stmt: &Stmt, place: &Place) {
        match &stmt.kind {
            StmtKind::If(arms, otherwise) => {
                let mut place = place.clone();
                for (cond, body) in arms {
                    self.expr(cond, &place);
                    place = self.under(&place, cond);
                    self.block(body, place.clone());
                }
                self.block(otherwise, place);
            }
            StmtKind::Repeat(count, _, body) => {
                self.expr(count, place);
                self.block(body, self.turn(place, count));
            }
            StmtKind::For(_, list, body) => {
                self.expr(list, place);
                self.block(body, self.turn(place, list));
            }
            StmtKind::While(cond, max, body) => {
                self.expr(max, place);
                let turn = self.turn(place, max);
                self.expr(cond, &turn);
                let always = matches!(cond.kind, ExprKind::Const(Const::Bool(true)));
                self.block(body, if always { turn } else { self.under(&turn, cond) });
            }
            StmtKind::Try(parts) => {
                self.block(&parts.body, place.clone());
                self.block(&parts.handler, Place { certain: false, ..place.clone() });
            }
            StmtKind::Expect(cond, message) => {
                self.expr(cond, place);
                let failed = self.under(place, cond);
                message.iter().for_each(|message| self.expr(message, &failed));
            }
            _ => walk::of_stmt(stmt).into_iter().for_each(|child| self.child(child, place)),
        }
    }

    fn child(&mut self, child: Child<'_>, place: &Place) {
        match child {
            Child::Expr(expr) => self.expr(expr, place),
            Child::Block(stmts) => self.block(stmts, place.clone()),
            Child::Gen(generation) => self.generation(generation, place),
        }
    }

    /// The model decides about its tools.
    fn generation(&mut self, generation: &Gen, place: &Place) {
        walk::of_gen(generation).into_iter().for_each(|child| self.child(child, place));
        for to in self.hir.tool_funcs(generation) {
            let (from, span) = (self.id, generation.span);
            self.edges.push(Edge { from, to, span, always: false, guarded: false, changes: true });
        }
    }

    fn expr(&mut self, expr: &Expr, place: &Place) {
        match &expr.kind {
            ExprKind::And(first, second)
            | ExprKind::Or(first, second)
            | ExprKind::Coalesce(first, second) => {
                self.expr(first, place);
                self.expr(second, &self.under(place, first));
            }
            ExprKind::If(arms, otherwise) => {
                let mut place = place.clone();
                for (cond, value) in arms {
                    self.expr(cond, &place);
                    place = self.under(&place, cond);
                    self.expr(value, &place);
                }
                self.expr(otherwise, &place);
            }
            ExprKind::Branch(over, body) => self.branch(over, body, place),
            ExprKind::Call(to, args) => {
                args.iter().for_each(|arg| self.expr(arg, place));
                self.call(FuncId(*to), args, expr.span, place);
            }
            ExprKind::Map(map) => {
                self.expr(&map.list, place);
                self.expr(&map.body, &self.turn(place, &map.list));
            }
            _ => walk::of_expr(expr).into_iter().for_each(|child| self.child(child, place)),
        }
    }

    fn branch(&mut self, over: &Over, body: &[Stmt], place: &Place) {
        let inner = match over {
            Over::Aside => place.clone(),
            Over::Count(value, _) | Over::Each(_, value) => {
                self.expr(value, place);
                self.turn(place, value)
            }
        };
        self.block(body, inner);
    }

    fn call(&mut self, to: FuncId, args: &[Expr], span: Span, place: &Place) {
        let handed_on = |arg: &Expr| matches!(arg.kind, ExprKind::Var(var) if self.kept.contains(&var));
        let again = |param: &VarId| {
            let arg = args.get(param.0 as usize);
            arg.is_some_and(
                |arg| matches!(arg.kind, ExprKind::Var(var) if var == *param && self.kept.contains(&var)),
            )
        };
        let guarded = match to == self.id {
            true => place.guards.iter().any(|param| !again(param)),
            false => !place.guards.is_empty(),
        };
        let changes = !args.iter().all(handed_on);
        let from = self.id;
        self.edges.push(Edge { from, to, span, always: place.certain, guarded, changes });
    }
}

/// The conditions that a statement asks itself.
fn conditions(stmt: &Stmt) -> Vec<&Expr> {
    match &stmt.kind {
        StmtKind::If(arms, _) => arms.iter().map(|(cond, _)| cond).collect(),
        StmtKind::For(_, value, _) | StmtKind::Repeat(value, _, _) | StmtKind::Expect(value, _) => {
            vec![value]
        }
        StmtKind::While(cond, max, _) => vec![cond, max],
        _ => Vec::new(),
    }
}

/// Whether some way out of a statement does not lead to what stands after it.
fn may_leave(stmt: &Stmt, in_loop: bool) -> bool {
    match &stmt.kind {
        StmtKind::Return(_) | StmtKind::Fail(_) | StmtKind::Yield(_) => true,
        StmtKind::Expect(cond, _) => !matches!(cond.kind, ExprKind::Const(Const::Bool(true))),
        StmtKind::Break | StmtKind::Continue => !in_loop,
        StmtKind::For(..) | StmtKind::Repeat(..) | StmtKind::While(..) => inner_may_leave(stmt, true),
        _ => inner_may_leave(stmt, in_loop),
    }
}

fn inner_may_leave(stmt: &Stmt, in_loop: bool) -> bool {
    walk::of_stmt(stmt).into_iter().any(|child| match child {
        Child::Block(body) => body.iter().any(|stmt| may_leave(stmt, in_loop)),
        Child::Expr(_) | Child::Gen(_) => false,
    })
}
