//! What functions do to the context they run in, and which functions they call.

use super::walk::{self, Child, Node};
use crate::hir::{Expr, ExprKind, Func, Gen, Hir, Part, Stmt, StmtKind, ToolBody};
use crate::ir::{FuncKind, Role};
use crate::source::Span;

/// The calls of a program, and what each function does to its context.
pub(super) struct Graph {
    contexts: Vec<Context>,
    /// The `fn`s that each function calls.
    helpers: Vec<Vec<u32>>,
}

/// What a function does to the context it runs in, through its `fn`s too.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Context {
    /// The first place where it opens a role.
    pub(super) opens: Option<Span>,
    /// The first place where it writes while it has no role open itself.
    pub(super) bare: Option<Span>,
    /// The first place where it generates so.
    pub(super) bare_gen: Option<Span>,
    /// Generates, or reads the text.
    pub(super) asks: bool,
}

/// What a body does to its context.
#[derive(Clone, Copy)]
pub(super) enum Act<'h> {
    /// Writes text.
    Text(Span),
    /// The model writes.
    Gen(&'h Gen),
    /// Calls a function.
    Call(u32, Span),
    /// Opens a role, by this word.
    Open(Span),
    /// Reads the text so far, or scores another after it.
    Read,
}

impl Graph {
    pub(super) fn new(hir: &Hir) -> Graph {
        let mut contexts: Vec<Context> = vec![Context::default(); hir.funcs.len()];
        let mut uses: Vec<Vec<Use>> = Vec::with_capacity(hir.funcs.len());
        for (context, func) in contexts.iter_mut().zip(&hir.funcs) {
            let mut own = Vec::new();
            acts(&func.body, None, &mut |role, act| match act {
                Act::Call(callee, span) if is_fn(hir, callee) => own.push(Use { callee, role, span }),
                act => context.note(role, act),
            });
            uses.push(own);
        }
        spread(&mut contexts, &uses);
        let helpers = uses.into_iter().map(|uses| uses.into_iter().map(|u| u.callee).collect());
        Graph { contexts, helpers: helpers.collect() }
    }

    /// What a function does to its context.
    pub(super) fn context(&self, func: u32) -> &Context {
        const NOTHING: &Context = &Context { opens: None, bare: None, bare_gen: None, asks: false };
        self.contexts.get(func as usize).unwrap_or(NOTHING)
    }

    /// The functions that run in a context without roles, whether they have it or are called in it.
    pub(super) fn without_roles(&self, hir: &Hir) -> Vec<u32> {
        let has_context = |func: &Func| func.kind != FuncKind::Fn;
        let plain = |id: u32, func: &Func| has_context(func) && self.context(id).opens.is_none();
        let mut open: Vec<u32> = numbered(hir).filter(|(id, f)| plain(*id, f)).map(|(id, _)| id).collect();
        let mut seen = vec![false; hir.funcs.len()];
        while let Some(id) = open.pop() {
            if let Some(seen) = seen.get_mut(id as usize)
                && !std::mem::replace(seen, true)
            {
                open.extend(self.helpers.get(id as usize).into_iter().flatten());
            }
        }
        (0..).zip(seen).filter(|(_, seen)| *seen).map(|(id, _)| id).collect()
    }
}

/// A call of a function that writes into its caller's context.
#[derive(Debug, Clone, Copy)]
struct Use {
    callee: u32,
    /// The role that is open.
    role: Option<Role>,
    span: Span,
}

/// Hands what functions do on to those that call them: each kind of effect travels once over each call.
fn spread(contexts: &mut [Context], uses: &[Vec<Use>]) {
    let mut callers: Vec<Vec<(usize, Use)>> = vec![Vec::new(); contexts.len()];
    for (caller, uses) in uses.iter().enumerate() {
        for one in uses {
            if let Some(callers) = callers.get_mut(one.callee as usize) {
                callers.push((caller, *one));
            }
        }
    }
    let mut work: Vec<usize> = (0..contexts.len()).collect();
    while let Some(id) = work.pop() {
        let inner = contexts[id].clone();
        for (caller, one) in &callers[id] {
            let before = contexts[*caller].clone();
            contexts[*caller].join(one.role, &inner, one.span);
            if contexts[*caller] != before {
                work.push(*caller);
            }
        }
    }
}

impl Context {
    fn note(&mut self, role: Option<Role>, act: Act<'_>) {
        match act {
            Act::Text(span) if role.is_none() => self.bare = self.bare.or(Some(span)),
            Act::Gen(generation) => {
                self.asks = true;
                if role.is_none() {
                    self.bare = self.bare.or(Some(generation.span));
                    self.bare_gen = self.bare_gen.or(Some(generation.span));
                }
            }
            Act::Open(span) => self.opens = self.opens.or(Some(span)),
            Act::Read => self.asks = true,
            Act::Text(_) | Act::Call(..) => {}
        }
    }

    /// A call of a function that writes into this context.
    fn join(&mut self, role: Option<Role>, inner: &Context, span: Span) {
        self.opens = self.opens.or(inner.opens.map(|_| span));
        self.asks |= inner.asks;
        if role.is_none() {
            self.bare = self.bare.or(inner.bare.map(|_| span));
            self.bare_gen = self.bare_gen.or(inner.bare_gen.map(|_| span));
        }
    }
}

/// The functions of a program with their numbers.
pub(super) fn numbered(hir: &Hir) -> impl Iterator<Item = (u32, &Func)> {
    (0..).zip(&hir.funcs)
}

fn is_fn(hir: &Hir, func: u32) -> bool {
    hir.funcs.get(func as usize).is_some_and(|f| f.kind == FuncKind::Fn)
}

/// Shows what a body does to its context, in the order of the source, and which role is open there.
pub(super) fn acts<'h>(stmts: &'h [Stmt], role: Option<Role>, see: &mut impl FnMut(Option<Role>, Act<'h>)) {
    for stmt in stmts {
        match &stmt.kind {
            StmtKind::Role(inner, body) => {
                let word = u32::try_from(inner.name().len()).unwrap_or(0);
                see(role, Act::Open(Span { end: stmt.span.start + word, ..stmt.span }));
                acts(body, Some(*inner), see);
            }
            StmtKind::Text(parts) => parts.iter().for_each(|part| part_acts(part, role, see)),
            _ => walk::of_stmt(stmt).into_iter().for_each(|child| child_acts(child, role, see)),
        }
    }
}

fn part_acts<'h>(part: &'h Part, role: Option<Role>, see: &mut impl FnMut(Option<Role>, Act<'h>)) {
    if let Some(child) = walk::of_part(part) {
        child_acts(child, role, see);
    }
    match part {
        Part::Lit(text, span) if !text.is_empty() => see(role, Act::Text(*span)),
        Part::Value(value) => see(role, Act::Text(value.span)),
        _ => {}
    }
}

fn child_acts<'h>(child: Child<'h>, role: Option<Role>, see: &mut impl FnMut(Option<Role>, Act<'h>)) {
    match child {
        Child::Block(stmts) => acts(stmts, role, see),
        Child::Gen(generation) => {
            walk::of_gen(generation).into_iter().for_each(|child| child_acts(child, role, see));
            see(role, Act::Gen(generation));
        }
        Child::Expr(expr) => {
            walk::of_expr(expr).into_iter().for_each(|child| child_acts(child, role, see));
            match &expr.kind {
                ExprKind::Call(func, _) => see(role, Act::Call(*func, expr.span)),
                ExprKind::Context | ExprKind::Score(_) => see(role, Act::Read),
                _ => {}
            }
        }
    }
}

/// Whether computing a value does nothing else: no writing, no generating, no tool.
pub(super) fn is_pure(hir: &Hir, expr: &Expr) -> bool {
    let mut pure = true;
    walk::each_of(Child::Expr(expr), &mut |node| {
        if let Node::Expr(expr) = node {
            pure &= match &expr.kind {
                ExprKind::Call(func, _) => hir.funcs.get(*func as usize).is_some_and(|f| f.effects.pure()),
                ExprKind::Tool(..) | ExprKind::Branch(..) | ExprKind::Context | ExprKind::Score(_) => false,
                _ => true,
            };
        }
    });
    pure
}

/// The functions of the program that a node runs, by itself.
pub(super) fn callees(hir: &Hir, node: Node<'_>) -> Vec<u32> {
    match node {
        Node::Expr(Expr { kind: ExprKind::Call(func, _), .. }) => vec![*func],
        Node::Gen(generation) => {
            let tools = generation.tools.iter().filter_map(|tool| hir.tools.get(*tool as usize));
            tools
                .filter_map(|tool| if let ToolBody::Func(func) = tool.body { Some(func) } else { None })
                .collect()
        }
        _ => Vec::new(),
    }
}
