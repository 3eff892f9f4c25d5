//! Variables that nothing reads: of `let`, parameters, counters, captures.
//!
//! A name that begins with `_` is meant to be unused. Captures of the entry point are outputs. Elsewhere a
//! capture is a waste only if nothing reads it *and* nothing is generated after it in its context: what the
//! model writes is part of the prompt for what it writes next.

use std::collections::{BTreeMap, BTreeSet};

use super::Lint;
use super::walk::{self, Child, Node};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, Func, Gen, Hir, Over, Part, Stmt, StmtKind, VarId};
use crate::ir::{FuncId, FuncKind};
use crate::source::Span;

impl Lint<'_> {
    /// Everything of this kind.
    pub(super) fn unused(&mut self) {
        let hir = self.hir;
        for (id, func) in hir.numbered() {
            let read = reads(hir, func);
            let is_used = |var: VarId| {
                let Some(decl) = func.vars.get(var.0 as usize) else { return true };
                decl.name.starts_with('_') || read.contains(&var) || hir.named.contains(&decl.span)
            };
            self.params(func, &is_used);
            self.locals(func, &is_used);
            self.captures(id, func, &is_used);
        }
    }

    fn params(&mut self, func: &Func, is_used: &dyn Fn(VarId) -> bool) {
        for (at, var) in func.vars.iter().enumerate().take(func.defaults.len()) {
            if is_used(VarId(u32::try_from(at).unwrap_or(u32::MAX))) {
                continue;
            }
            let name = &var.name;
            let (what, hint) = match func.kind {
                FuncKind::Main => ("input", "use it, or remove it".to_owned()),
                _ => (
                    "parameter",
                    format!("use it, remove it, or rename it to `_{name}` if it has to be there"),
                ),
            };
            let diag = Diag::new("W0102", var.span, format!("the {what} `{name}` is not used"));
            self.report(diag.hint(hint));
        }
    }

    fn locals(&mut self, func: &Func, is_used: &dyn Fn(VarId) -> bool) {
        let outputs = func.kind == FuncKind::Main;
        for (var, local) in locals(self.hir, func) {
            let captured = func.captures.contains(&var) && (outputs || local.kind != Kind::Variable);
            let Some(decl) = func.vars.get(var.0 as usize).filter(|_| !captured && !is_used(var)) else {
                continue;
            };
            let name = &decl.name;
            let (what, hint) = match local.kind {
                Kind::Variable if local.pure => ("variable", "use it, or remove it".to_owned()),
                Kind::Variable => ("variable", format!("use it, or leave out `let {name} =`")),
                Kind::Counter => ("counter", format!("use it, or leave out `as {name}`")),
                Kind::Item => {
                    ("item", format!("use it, or call it `_{name}` if only the number of iterations matters"))
                }
                Kind::Error => ("error", format!("use it, or leave out `{name}`")),
            };
            let diag = Diag::new("W0100", decl.span, format!("the {what} `{name}` is never read")).hint(hint);
            let place = match local.kind {
                Kind::Variable => None,
                Kind::Counter => self.with_word_before(decl.span, "as"),
                Kind::Error => self.with_word_before(decl.span, "else").map(|_| decl.span),
                Kind::Item => Some(decl.span),
            };
            let text = if local.kind == Kind::Item { format!("_{name}") } else { String::new() };
            let once = sets(func, var) == 0;
            self.report(match place.filter(|_| once) {
                Some(place) => diag.fixed(place, text),
                None => diag,
            });
        }
    }

    /// A name and the word before it, if that is the one.
    fn with_word_before(&self, name: Span, word: &str) -> Option<Span> {
        let source = self.sources.get(name.file)?;
        let before = source.text.get(..name.start as usize)?.trim_end_matches([' ', '\t']);
        let start = before.strip_suffix(word)?.len();
        Some(Span::new(name.file, start, name.end as usize))
    }

    /// Captures that nothing reads and after which nothing is generated.
    fn captures(&mut self, id: FuncId, func: &Func, is_used: &dyn Fn(VarId) -> bool) {
        let whole = matches!(func.kind, FuncKind::Agent | FuncKind::Test) && id.0 != self.hir.entry;
        let mut last = Last { lint: self, sites: BTreeMap::new() };
        last.block(&func.body, !whole);
        let wasted: Vec<(VarId, Span)> = last
            .sites
            .into_iter()
            .filter(|(var, (useful, _))| !useful && !is_used(*var))
            .map(|(var, (_, span))| (var, span))
            .collect();
        for (var, span) in wasted {
            let Some(decl) = func.vars.get(var.0 as usize) else { continue };
            let message = format!("nothing uses `{}`, and nothing is generated after it", decl.name);
            let hint = "return or print it, or leave the generation out";
            self.report(Diag::new("W0101", span, message).hint(hint));
        }
    }
}

/// What a variable is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Variable,
    Counter,
    Item,
    Error,
}

struct Local {
    kind: Kind,
    /// Whether nothing happens where it gets its values.
    pure: bool,
}

/// The variables that statements declare.
fn locals(hir: &Hir, func: &Func) -> BTreeMap<VarId, Local> {
    let mut out: BTreeMap<VarId, Local> = BTreeMap::new();
    let mut add = |var: VarId, kind: Kind, pure: bool| {
        if var.0 as usize >= func.defaults.len() {
            out.entry(var).and_modify(|local| local.pure &= pure).or_insert(Local { kind, pure });
        }
    };
    walk::each(&func.body, &mut |node| match node {
        Node::Stmt(stmt) => match &stmt.kind {
            StmtKind::Set(var, value) => add(*var, Kind::Variable, hir.is_pure(value)),
            StmtKind::For(var, ..) => add(*var, Kind::Item, true),
            StmtKind::Repeat(_, Some(var), _) => add(*var, Kind::Counter, true),
            StmtKind::Try(parts) => parts.error.iter().for_each(|var| add(*var, Kind::Error, true)),
            _ => {}
        },
        Node::Expr(Expr { kind: ExprKind::Branch(over, _), .. }) => match &**over {
            Over::Count(_, Some(var)) => add(*var, Kind::Counter, true),
            Over::Each(var, _) => add(*var, Kind::Item, true),
            Over::Aside | Over::Count(_, None) => {}
        },
        Node::Expr(_) | Node::Gen(_) => {}
    });
    out
}

/// The variables that something reads. Computing a variable's own next value is no reading.
fn reads(hir: &Hir, func: &Func) -> BTreeSet<VarId> {
    let mut read: BTreeSet<VarId> = BTreeSet::new();
    let mut own: BTreeSet<(Span, VarId)> = BTreeSet::new();
    walk::each(&func.body, &mut |node| {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Set(var, value), .. }) if hir.is_pure(value) => {
                walk::each_of(Child::Expr(value), &mut |node| {
                    if let Node::Expr(Expr { kind: ExprKind::Var(inner), span, .. }) = node
                        && inner == var
                    {
                        own.insert((*span, *var));
                    }
                });
            }
            Node::Expr(Expr { kind: ExprKind::Var(var), span, .. }) if !own.contains(&(*span, *var)) => {
                read.insert(*var);
            }
            _ => {}
        };
    });
    let facts = func.facts.iter().filter(|(_, _, holder)| read.contains(holder));
    let captures: Vec<VarId> = facts.map(|(capture, _, _)| *capture).collect();
    read.extend(captures);
    read
}

/// How often a variable is assigned.
fn sets(func: &Func, var: VarId) -> usize {
    let mut count = 0;
    walk::each(&func.body, &mut |node| {
        let sets = matches!(node, Node::Stmt(Stmt { kind: StmtKind::Set(set, _), .. }) if *set == var);
        count += usize::from(sets);
    });
    count
}

/// Whether a branch keeps something.
fn yields(body: &[Stmt]) -> bool {
    let mut found = false;
    walk::each(body, &mut |node| {
        found |= matches!(node, Node::Stmt(Stmt { kind: StmtKind::Yield(_), .. }));
    });
    found
}

/// Walks backwards through a body: is the context of any use after a place?
struct Last<'l, 'h> {
    lint: &'l Lint<'h>,
    /// Of each capture: whether something is generated after one of its places, and the first place.
    sites: BTreeMap<VarId, (bool, Span)>,
}

impl Last<'_, '_> {
    /// Whether the context is of use before the statements, given whether it is after them.
    fn block(&mut self, stmts: &[Stmt], behind: bool) -> bool {
        stmts.iter().rev().fold(behind, |behind, stmt| self.stmt(stmt, behind))
    }

    fn stmt(&mut self, stmt: &Stmt, behind: bool) -> bool {
        match &stmt.kind {
            StmtKind::If(arms, otherwise) => {
                let mut used = self.block(otherwise, behind);
                for (cond, body) in arms.iter().rev() {
                    used |= self.block(body, behind);
                    used = self.child(Child::Expr(cond), used);
                }
                used
            }
            StmtKind::For(..) | StmtKind::Repeat(..) | StmtKind::While(..) => self.turns(stmt, behind),
            // Where these lead is not followed: something may be generated there.
            StmtKind::Break | StmtKind::Continue => true,
            StmtKind::Try(parts) => {
                let handled = self.block(&parts.handler, behind);
                self.block(&parts.body, behind) || handled
            }
            StmtKind::Return(_) | StmtKind::Yield(_) | StmtKind::Fail(_) => {
                walk::of_stmt(stmt).into_iter().rev().fold(false, |used, child| self.child(child, used))
            }
            StmtKind::Text(parts) => parts.iter().rev().fold(behind, |used, part| self.part(part, used)),
            _ => walk::of_stmt(stmt).into_iter().rev().fold(behind, |used, child| self.child(child, used)),
        }
    }

    /// What a loop generates stands after everything in it.
    fn turns(&mut self, stmt: &Stmt, behind: bool) -> bool {
        let mut asks = false;
        walk::each(std::slice::from_ref(stmt), &mut |node| asks |= self.asks(node));
        let used = walk::of_stmt(stmt).into_iter().rev().fold(behind, |used, child| match child {
            // A generation alone in its loop is after itself.
            Child::Block(body) => self.block(body, behind || asks) || used,
            other => self.child(other, used),
        });
        used || behind
    }

    fn part(&mut self, part: &Part, behind: bool) -> bool {
        walk::of_part(part).map_or(behind, |child| self.child(child, behind))
    }

    fn child(&mut self, child: Child<'_>, behind: bool) -> bool {
        match child {
            Child::Block(body) => self.block(body, behind),
            Child::Gen(generation) => {
                self.site(generation, behind);
                true
            }
            Child::Expr(expr) => {
                if let ExprKind::Branch(_, body) = &expr.kind {
                    // Its text is dropped in the end; what is before it is in front of what it generates.
                    // That all is lost of a branch that yields nothing is said elsewhere.
                    let inside = self.block(body, !yields(body));
                    return behind || inside;
                }
                let inner = walk::of_expr(expr).into_iter().rev().fold(behind, |used, c| self.child(c, used));
                inner || self.asks(Node::Expr(expr))
            }
        }
    }

    fn site(&mut self, generation: &Gen, behind: bool) {
        let site = self.sites.entry(generation.var).or_insert((false, generation.span));
        site.0 |= behind;
        site.1 = generation.span;
    }

    /// Whether something makes use of the context.
    fn asks(&self, node: Node<'_>) -> bool {
        match node {
            Node::Gen(_) => true,
            Node::Expr(expr) => match &expr.kind {
                ExprKind::Call(func, _) => {
                    self.lint.hir.is_fn(FuncId(*func)) && self.lint.context(FuncId(*func)).asks
                }
                ExprKind::Context | ExprKind::Score(_) => true,
                _ => false,
            },
            Node::Stmt(_) => false,
        }
    }
}
