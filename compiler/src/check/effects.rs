//! What functions do to contexts, found before they are checked: a walk over the tree, then a fixed point
//! over the calls.

use super::slots::{Effects, Origin};
use super::{Checker, Global};
use crate::ast::{Block, Expr, ExprKind, Fork, Gen, GenKind, Ident, Part, RoleBody, Stmt, StmtKind, Text};
use crate::hir::ToolBody;

/// What one body holds.
#[derive(Debug, Default)]
pub(super) struct Scan<'a> {
    writes: bool,
    roles: bool,
    /// What is called: a name, or one of an imported file.
    calls: Vec<(Option<&'a str>, &'a str)>,
    /// Every generation in order.
    pub(super) gens: Vec<&'a Gen>,
}

pub(super) fn scan<'a>(stmts: impl IntoIterator<Item = &'a Stmt>) -> Scan<'a> {
    let mut scan = Scan::default();
    stmts.into_iter().for_each(|s| scan.stmt(s));
    scan
}

impl<'a> Scan<'a> {
    fn block(&mut self, block: &'a Block) {
        block.stmts.iter().for_each(|s| self.stmt(s));
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Text(text) => self.text(text),
            StmtKind::Let { value, .. } | StmtKind::Assign { value, .. } => self.expr(value),
            StmtKind::If { arms, otherwise } => {
                for (cond, body) in arms {
                    self.expr(cond);
                    self.block(body);
                }
                otherwise.iter().for_each(|b| self.block(b));
            }
            StmtKind::For { list: value, body, .. } | StmtKind::Repeat { count: value, body, .. } => {
                self.expr(value);
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
            StmtKind::Try { body, handler, .. } => {
                self.block(body);
                handler.iter().for_each(|b| self.block(b));
            }
            StmtKind::Yield(value) => value.iter().for_each(|v| self.expr(v)),
        }
    }

    fn role(&mut self, body: &'a RoleBody) {
        self.roles = true;
        self.writes = true;
        match body {
            RoleBody::Block(block) => self.block(block),
            RoleBody::Gen(generation) => self.generation(generation),
            RoleBody::Expr(Expr { kind: ExprKind::Str(text), .. }) => self.text(text),
            RoleBody::Expr(expr) => self.expr(expr),
        }
    }

    fn text(&mut self, text: &'a Text) {
        self.writes = true;
        for part in &text.parts {
            match part {
                Part::Lit(..) => {}
                Part::Expr(expr) => self.expr(expr),
                Part::Gen(generation) => self.generation(generation),
            }
        }
    }

    fn generation(&mut self, generation: &'a Gen) {
        self.writes = true;
        self.gens.push(generation);
        match &generation.kind {
            GenKind::Select { from, .. } => self.expr(from),
            GenKind::Call(tools) => tools.iter().for_each(|path| self.path(&path.names)),
            GenKind::Gen(_) => {}
        }
        for (name, value) in &generation.options {
            match &value.kind {
                ExprKind::List(tools) if name.name == "tools" => tools.iter().for_each(|t| self.callee(t)),
                _ => self.expr(value),
            }
        }
    }

    /// A function by its name, or by that of an imported file and its own.
    fn callee(&mut self, callee: &'a Expr) {
        match &callee.kind {
            ExprKind::Name(name) => self.calls.push((None, name)),
            ExprKind::Field(file, name) => {
                if let ExprKind::Name(file) = &file.kind {
                    self.calls.push((Some(file), &name.name));
                }
            }
            _ => {}
        }
    }

    fn path(&mut self, names: &'a [Ident]) {
        match names {
            [name] => self.calls.push((None, &name.name)),
            [file, name] => self.calls.push((Some(&file.name), &name.name)),
            _ => {}
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
            ExprKind::Unary(_, e) | ExprKind::Field(e, _) => self.expr(e),
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
            ExprKind::Call(call) => {
                self.callee(&call.callee);
                call.args.iter().for_each(|(_, e)| self.expr(e));
            }
            ExprKind::Fork(over, body) => {
                let (Fork::Count(value, _) | Fork::Each(_, value)) = &**over;
                self.expr(value);
                self.block(body);
            }
            ExprKind::Aside(body) => self.block(body),
            _ => {}
        }
    }
}

/// What a call runs.
enum Called {
    Slot(usize),
    /// A tool that is no function of the program.
    Outside,
}

impl<'a> Checker<'a> {
    /// Fills in the effects of every slot.
    pub(super) fn find_effects(&mut self) {
        for id in 0..self.slots.len() {
            let found = match &self.slots[id].origin {
                Origin::Func(decl) => scan(&decl.body.stmts),
                Origin::Tool(block) | Origin::Test(block) => scan(&block.stmts),
                Origin::Main(stmts) => scan(stmts.iter().copied()),
                Origin::Value { expr, .. } => {
                    let mut scan = Scan::default();
                    scan.expr(expr);
                    scan
                }
            };
            let mut asks = !found.gens.is_empty();
            let mut calls = Vec::new();
            self.module = self.slots[id].module;
            for (file, name) in found.calls {
                match self.called(file, name) {
                    Some(Called::Slot(callee)) => calls.push(callee),
                    Some(Called::Outside) => asks = true,
                    None => {}
                }
            }
            self.slots[id].effects = Effects { writes: found.writes, asks, roles: found.roles, calls };
        }
        self.module = 0;
        self.spread_effects();
    }

    fn called(&self, file: Option<&str>, name: &str) -> Option<Called> {
        let global = file.map_or_else(|| self.global(name), |file| self.imported(file, name))?.0;
        match global {
            Global::Func(callee) => Some(Called::Slot(callee)),
            Global::Tool(tool) => match self.tools.get(tool)?.body {
                ToolBody::Func(callee) => Some(Called::Slot(callee as usize)),
                ToolBody::Outside(_) => Some(Called::Outside),
            },
            _ => None,
        }
    }

    /// Each effect travels from callee to caller, at most once per call: linear in the calls.
    fn spread_effects(&mut self) {
        let mut callers: Vec<Vec<usize>> = vec![Vec::new(); self.slots.len()];
        for (id, slot) in self.slots.iter().enumerate() {
            for callee in &slot.effects.calls {
                callers[*callee].push(id);
            }
        }
        let mut work: Vec<usize> = (0..self.slots.len()).collect();
        while let Some(id) = work.pop() {
            let agent = self.slots[id].is_agent();
            let from = self.slots[id].effects.clone_flags();
            for caller in &callers[id] {
                let to = &mut self.slots[*caller].effects;
                let before = to.clone_flags();
                to.asks |= from.1 || (agent && from.0);
                if !agent {
                    to.writes |= from.0;
                    to.roles |= from.2;
                }
                if to.clone_flags() != before {
                    work.push(*caller);
                }
            }
        }
    }

    /// Whether a role can be opened in a run of this function.
    pub(super) fn reaches_role(&self, entry: usize) -> bool {
        let mut seen = vec![false; self.slots.len()];
        let mut work = vec![entry];
        while let Some(id) = work.pop() {
            if std::mem::replace(&mut seen[id], true) {
                continue;
            }
            if self.slots[id].effects.roles {
                return true;
            }
            work.extend(&self.slots[id].effects.calls);
        }
        false
    }
}

impl Effects {
    fn clone_flags(&self) -> (bool, bool, bool) {
        (self.writes, self.asks, self.roles)
    }
}
