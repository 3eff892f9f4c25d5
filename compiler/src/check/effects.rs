//! What functions do to contexts, found before they are checked: a walk over the tree, then a fixed point
//! over the calls.

use std::collections::HashSet;

use super::instances::Target;
use super::link::Global;
use super::slots::Effects;
use super::{CONTEXT, Checker};
use crate::ast::{
    Block, Call, Expr, ExprKind, Fork, Gen, GenKind, Ident, Lambda, ListPart, Match, Part, Path, RecordPart,
    RoleBody, Stmt, StmtKind, Text,
};
use crate::builtin::Function;
use crate::hir::{ToolBody, VarId};
use crate::source::Span;

/// A call and its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Called<'a> {
    pub(super) call: &'a Call,
    pub(super) span: Span,
}

/// What one body holds.
#[derive(Debug, Default)]
pub(super) struct Scan<'a> {
    writes: bool,
    asks: bool,
    /// Whether a branch begins with what the context holds.
    copies: bool,
    roles: bool,
    /// Where the word `context` stands as a value.
    contexts: Vec<Span>,
    /// What is called, and the place of the call; or what is named as an argument of a function that calls it.
    calls: Vec<(&'a Expr, Option<Span>)>,
    /// Calls with all of their arguments.
    whole: Vec<Called<'a>>,
    /// Lambdas that are arguments of functions of the program, and what is called with them.
    lambdas: Vec<(&'a Expr, &'a Lambda)>,
    /// Names whose values are read, those of imported files included.
    names: Vec<&'a Expr>,
    /// Tools that the model may call.
    tools: Vec<&'a Path>,
    /// How many branches are open around the place.
    branches: usize,
    /// Where variables are named that get another value.
    changed: Vec<Span>,
    /// Whether some variable has the name `context`.
    pub(super) declares_context: bool,
    /// What statements that could not be read may have declared; `None` if every statement was read.
    pub(super) lost: Option<Vec<&'a str>>,
}

/// Functions of the prelude that call another.
const CALL_OTHERS: [&str; 8] = ["all", "any", "filter", "find", "group_by", "map", "reduce", "sort_by"];

pub(super) fn scan<'a>(stmts: impl IntoIterator<Item = &'a Stmt>) -> Scan<'a> {
    let mut scan = Scan::default();
    stmts.into_iter().for_each(|s| scan.stmt(s));
    scan
}

/// The same of one expression.
pub(super) fn scan_expr(expr: &Expr) -> Scan<'_> {
    let mut scan = Scan::default();
    scan.expr(expr);
    scan
}

impl<'a> Scan<'a> {
    /// All calls, those in lambdas excepted that are functions of their own.
    pub(super) fn with_calls(self) -> Vec<Called<'a>> {
        self.whole
    }

    /// The places of all names that are read or called, those in lambdas included.
    pub(super) fn all_names(&self) -> Vec<Span> {
        let own = self.names.iter().chain(self.calls.iter().map(|(callee, _)| callee)).map(|name| name.span);
        let inner = self.lambdas.iter().flat_map(|(_, lambda)| scan_expr(&lambda.body).all_names());
        own.chain(inner).collect()
    }

    /// Adds what a lambda does that is called where it stands.
    fn take(&mut self, lambda: &'a Lambda) {
        let inner = scan_expr(&lambda.body);
        self.asks |= inner.asks;
        self.copies |= inner.copies;
        self.contexts.extend(inner.contexts);
        self.calls.extend(inner.calls);
        self.names.extend(inner.names);
        self.lambdas.extend(inner.lambdas);
    }

    fn block(&mut self, block: &'a Block) {
        block.stmts.iter().for_each(|s| self.stmt(s));
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Text(text) => self.text(text),
            StmtKind::Let { name, value, .. } => {
                self.declared(name);
                self.expr(value);
            }
            StmtKind::Assign { name, value, .. } => {
                self.changed.push(name.span);
                self.expr(value);
            }
            StmtKind::If { arms, otherwise } => {
                for (cond, body) in arms {
                    self.expr(cond);
                    self.block(body);
                }
                otherwise.iter().for_each(|b| self.block(b));
            }
            StmtKind::Match(choice) => self.choice(choice, Scan::block),
            StmtKind::For { var, list, body } => {
                self.declared(var);
                self.expr(list);
                self.block(body);
            }
            StmtKind::Repeat { count, var, body } => {
                var.iter().for_each(|v| self.declared(v));
                self.expr(count);
                self.block(body);
            }
            StmtKind::Break | StmtKind::Continue => {}
            StmtKind::Return(value) | StmtKind::Print(value) => value.iter().for_each(|v| self.expr(v)),
            StmtKind::Expect { cond, message } => {
                self.expr(cond);
                message.iter().for_each(|m| self.expr(m));
            }
            StmtKind::Fail(value) | StmtKind::Expr(value) => self.expr(value),
            StmtKind::Role { body, .. } => self.role(body),
            StmtKind::Gen(generation) => self.generation(generation),
            StmtKind::While { cond, max, body } => {
                self.expr(cond);
                self.expr(max);
                self.block(body);
            }
            StmtKind::Try { body, error, handler } => {
                error.iter().for_each(|e| self.declared(e));
                self.block(body);
                handler.iter().for_each(|b| self.block(b));
            }
            StmtKind::Yield(value) => value.iter().for_each(|v| self.expr(v)),
            StmtKind::Error { names, blocks } => {
                self.lost.get_or_insert_default().extend(names.iter().map(|name| name.name.as_str()));
                blocks.iter().for_each(|b| self.block(b));
            }
        }
    }

    fn choice<T>(&mut self, choice: &'a Match<T>, body: impl Fn(&mut Self, &'a T)) {
        self.expr(&choice.subject);
        choice.arms.iter().for_each(|arm| body(self, &arm.body));
    }

    fn declared(&mut self, name: &'a Ident) {
        self.declares_context |= name.name == CONTEXT;
    }

    /// Writes into the context of the function itself, unless a branch is open.
    fn write(&mut self) {
        self.writes |= self.branches == 0;
    }

    fn role(&mut self, body: &'a RoleBody) {
        self.roles = true;
        self.write();
        match body {
            RoleBody::Block(block) => self.block(block),
            RoleBody::Gen(generation) => self.generation(generation),
            RoleBody::Expr(Expr { kind: ExprKind::Str(text), .. }) => self.text(text),
            RoleBody::Expr(expr) => self.expr(expr),
        }
    }

    fn text(&mut self, text: &'a Text) {
        self.write();
        for part in &text.parts {
            match part {
                Part::Lit(..) => {}
                Part::Expr(expr) => self.expr(expr),
                Part::Gen(generation) => self.generation(generation),
            }
        }
    }

    fn generation(&mut self, generation: &'a Gen) {
        self.write();
        self.asks = true;
        self.declared(&generation.name);
        self.changed.push(generation.name.span);
        match &generation.kind {
            GenKind::Select { from, .. } => self.expr(from),
            GenKind::Call(tools) => self.tools.extend(tools),
            GenKind::Gen(_) => {}
        }
        for (name, value) in &generation.options {
            match &value.kind {
                ExprKind::List(tools) if name.name == "tools" => {
                    self.calls.extend(tools.iter().map(|tool| (tool, None)));
                }
                _ => self.expr(value),
            }
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Str(text) => {
                for part in &text.parts {
                    if let Part::Expr(inner) = part {
                        self.expr(inner);
                    }
                }
            }
            ExprKind::List(items) => items.iter().for_each(|e| self.expr(e)),
            ExprKind::Record(fields) => fields.iter().for_each(|(_, e)| self.expr(e)),
            ExprKind::ListOf(parts) => parts.iter().flat_map(ListPart::exprs).for_each(|e| self.expr(e)),
            ExprKind::RecordOf(parts) => parts.iter().flat_map(RecordPart::exprs).for_each(|e| self.expr(e)),
            ExprKind::Field(base, _) => {
                self.names.push(expr);
                self.expr(base);
            }
            ExprKind::Unary(_, e) => self.expr(e),
            ExprKind::Binary(_, _, a, b) | ExprKind::Index(a, b) => {
                self.expr(a);
                self.expr(b);
            }
            ExprKind::Slice(base, from, to) => {
                self.expr(base);
                from.iter().chain(to).for_each(|e| self.expr(e));
            }
            ExprKind::If(arms, otherwise) => {
                for (cond, value) in arms {
                    self.expr(cond);
                    self.expr(value);
                }
                self.expr(otherwise);
            }
            ExprKind::Match(choice) => self.choice(choice, Scan::expr),
            ExprKind::Name(name) => {
                self.names.push(expr);
                if name == CONTEXT {
                    self.contexts.push(expr.span);
                }
            }
            ExprKind::Call(call) => {
                self.calls.push((&call.callee, Some(expr.span)));
                self.whole.push(Called { call, span: expr.span });
                let others =
                    matches!(&call.callee.kind, ExprKind::Name(n) if CALL_OTHERS.contains(&n.as_str()));
                for (_, arg) in &call.args {
                    match &arg.kind {
                        ExprKind::Lambda(lambda) if !others => self.lambdas.push((&call.callee, lambda)),
                        _ => self.expr(arg),
                    }
                    if others {
                        self.calls.push((arg, None));
                    }
                }
            }
            ExprKind::Lambda(lambda) => {
                lambda.params.iter().for_each(|param| self.declared(param));
                self.expr(&lambda.body);
            }
            ExprKind::Fork(over, body) => {
                let (value, name) = match &**over {
                    Fork::Count(value, name) => (value, name.as_ref()),
                    Fork::Each(name, value) => (value, Some(name)),
                };
                name.into_iter().for_each(|n| self.declared(n));
                self.expr(value);
                self.branch(body);
            }
            ExprKind::Aside(body) => self.branch(body),
            _ => {}
        }
    }

    /// What a branch writes is dropped with it, but it reads the context that it begins with.
    fn branch(&mut self, body: &'a Block) {
        self.copies = true;
        self.branches += 1;
        self.block(body);
        self.branches -= 1;
    }
}

impl<'a> Checker<'a> {
    /// Fills in the effects of every slot.
    pub(super) fn find_effects(&mut self) {
        for id in 0..self.decls.slots.len() {
            self.module = self.decls.slots[id].module;
            let mut found = self.scan_of(id);
            // What takes a function of the program is reported where it takes none.
            while let Some((callee, lambda)) = found.lambdas.pop() {
                let own = matches!(self.named(callee), Some(Global::Func(id)) if self.decls.slots[id].is_template());
                if !own {
                    found.take(lambda);
                }
            }
            self.decls.slots[id].effects = self.own_effects(id, &found);
        }
        self.module = 0;
        self.spread_effects();
    }

    /// What a body does by itself, and what it calls.
    fn own_effects(&self, slot: usize, found: &Scan<'_>) -> Effects {
        let mut effects = Effects {
            writes: found.writes,
            asks: found.asks,
            // Where something has that name, it is not the word.
            reads: found.copies || found.contexts.iter().any(|place| !self.is_known(*place)),
            roles: found.roles,
            calls: Vec::new(),
            reads_of: self.constants(&found.names),
        };
        let tools = found.tools.iter().filter_map(|tool| self.at_path(tool));
        tools.for_each(|global| self.count_call(global, &mut effects));
        for (callee, place) in &found.calls {
            let instance = place.and_then(|place| self.decls.instances.called.get(&(slot, place)));
            match (instance, self.target_named(slot, callee)) {
                (Some(instance), _) => effects.calls.push(*instance),
                (None, Some(target)) => self.count_target(target, &mut effects),
                (None, None) => {}
            }
        }
        effects
    }

    fn count_target(&self, target: Target, effects: &mut Effects) {
        match target {
            Target::Slot(id) => effects.calls.push(id),
            Target::Tool(id) => self.count_call(Global::Tool(id), effects),
            Target::Prelude(Function::Score) => (effects.asks, effects.reads) = (true, true),
            Target::Prelude(_) | Target::Unknown => {}
        }
    }

    /// The constants among some names: each once, in order.
    fn constants(&self, names: &[&Expr]) -> Vec<usize> {
        let named = |name: &&Expr| match self.named(name)? {
            Global::Const(id) => Some(id),
            _ => None,
        };
        let mut found: Vec<usize> = names.iter().filter_map(named).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn count_call(&self, callee: Global, effects: &mut Effects) {
        match callee {
            Global::Func(callee) => effects.calls.push(callee),
            Global::Tool(tool) => match self.decls.tools.get(tool).map(|t| &t.body) {
                Some(ToolBody::Func(callee)) => effects.calls.push(*callee as usize),
                _ => effects.asks = true,
            },
            Global::Const(_) | Global::Module(_) | Global::Unknown => {}
        }
    }

    /// The variables that a block may give another value, as far as they are there already.
    pub(super) fn changed_in(&self, block: &Block) -> HashSet<VarId> {
        let defs =
            scan(&block.stmts).changed.into_iter().filter_map(|place| self.program.names.local_at(place));
        defs.filter_map(|def| self.body.variables.var_of.get(&def).copied()).collect()
    }

    /// Each effect travels from callee to caller, at most once per call: linear in the calls.
    fn spread_effects(&mut self) {
        let mut callers: Vec<Vec<usize>> = vec![Vec::new(); self.decls.slots.len()];
        for (id, slot) in self.decls.slots.iter().enumerate() {
            for callee in &slot.effects.calls {
                callers[*callee].push(id);
            }
        }
        let mut work: Vec<usize> = (0..self.decls.slots.len()).collect();
        while let Some(id) = work.pop() {
            let agent = self.decls.slots[id].is_agent();
            let from = self.decls.slots[id].effects.flags();
            for caller in &callers[id] {
                let to = &mut self.decls.slots[*caller].effects;
                let before = to.flags();
                to.add(from, agent);
                if to.flags() != before {
                    work.push(*caller);
                }
            }
        }
    }

    /// Every slot, those that another waits for before it: the stack is finite, and so each is checked when
    /// what it needs is known. Where some need one another, one of them comes first all the same.
    pub(super) fn checking_order(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.decls.slots.len());
        let mut seen = vec![false; self.decls.slots.len()];
        // A slot, and how much of what it needs has been looked at.
        let mut work: Vec<(usize, usize)> = Vec::new();
        for start in 0..self.decls.slots.len() {
            if !std::mem::replace(&mut seen[start], true) {
                work.push((start, 0));
            }
            while let Some((id, at)) = work.pop() {
                let effects = &self.decls.slots[id].effects;
                let called = || effects.calls.get(at.checked_sub(effects.reads_of.len())?);
                match effects.reads_of.get(at).or_else(called) {
                    None => order.push(id),
                    Some(next) => {
                        work.push((id, at + 1));
                        if !std::mem::replace(&mut seen[*next], true) {
                            work.push((*next, 0));
                        }
                    }
                }
            }
        }
        order
    }

    /// Whether a role can be opened in a run of this function.
    pub(super) fn reaches_role(&self, entry: usize) -> bool {
        let mut seen = vec![false; self.decls.slots.len()];
        let mut work = vec![entry];
        while let Some(id) = work.pop() {
            if std::mem::replace(&mut seen[id], true) {
                continue;
            }
            if self.decls.slots[id].effects.roles {
                return true;
            }
            work.extend(&self.decls.slots[id].effects.calls);
        }
        false
    }
}

/// Writes, asks, reads, roles.
type Flags = [bool; 4];

impl Effects {
    fn flags(&self) -> Flags {
        [self.writes, self.asks, self.reads, self.roles]
    }

    /// Takes over what a callee does. What an agent does to its own context is not done to its caller's.
    fn add(&mut self, [writes, asks, reads, roles]: Flags, agent: bool) {
        self.asks |= asks || agent;
        if !agent {
            self.writes |= writes;
            self.reads |= reads;
            self.roles |= roles;
        }
    }
}
