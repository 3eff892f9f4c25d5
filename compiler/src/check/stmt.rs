//! Statements.

use super::Checker;
use super::body::Loop;
use super::expr::Meant;
use super::flow::Flow;
use crate::ast::{self, Block, Expr, ExprKind, Ident, Part, RoleBody, StmtKind as Ast, Text};
use crate::diag::Diag;
use crate::hir::{self, Stmt, StmtKind, VarId};
use crate::ir::{Const, Role};
use crate::source::Span;
use crate::ty::{self, Ty};

impl<'a> Checker<'a> {
    pub(super) fn stmt(&mut self, stmt: &'a ast::Stmt, out: &mut Vec<Stmt>) {
        let was_live = self.body.flow.live;
        let kind = match &stmt.kind {
            Ast::Text(text) => Some(StmtKind::Text(self.text(text))),
            Ast::Let { name, ty, value } => self.let_stmt(name, ty.as_ref(), value),
            Ast::Assign { name, add, value } => self.assign(name, *add, value),
            Ast::If { arms, otherwise } => Some(self.if_stmt(arms, otherwise.as_ref())),
            Ast::For { var, list, body } => Some(self.for_stmt(var, list, body)),
            Ast::Repeat { count, var, body } => Some(self.repeat(count, var.as_ref(), body)),
            Ast::Break => self.jump(stmt.span, true),
            Ast::Continue => self.jump(stmt.span, false),
            Ast::Return(value) => Some(self.return_stmt(value.as_ref(), stmt.span)),
            Ast::Expect { cond, message } => Some(self.expect(cond, message.as_ref())),
            Ast::Fail(message) => {
                let message = self.wanted(message, &Ty::Str, "the message");
                self.body.flow.end();
                Some(StmtKind::Fail(message))
            }
            Ast::Print(value) => Some(StmtKind::Print(self.printed(value.as_ref(), stmt.span))),
            Ast::Role { role, body } => self.role(*role, body, stmt.span),
            Ast::Gen(generation) => self.generation(generation).map(StmtKind::Gen),
            Ast::Expr(expr) => self.expr_stmt(expr),
            Ast::While { .. } | Ast::Try { .. } | Ast::Yield(_) => {
                self.not_yet("this statement", stmt.span);
                None
            }
        };
        if !was_live && out.last().is_some_and(ends_here) {
            let diag = Diag::new("W0002", stmt.span, "this is never reached");
            self.report(diag.hint("remove it, or the statement before it that always leaves"));
        }
        out.extend(kind.map(|kind| Stmt { kind, span: stmt.span }));
    }

    fn block(&mut self, block: &'a Block) -> Vec<Stmt> {
        self.body.enter();
        self.depth += 1;
        let mut out = Vec::new();
        for stmt in &block.stmts {
            self.stmt(stmt, &mut out);
        }
        self.depth -= 1;
        self.body.leave();
        out
    }

    /// Text of a prompt: holes are printed, generate, or call a function that writes.
    fn text(&mut self, text: &'a Text) -> Vec<hir::Part> {
        let mut parts = Vec::new();
        for part in &text.parts {
            match part {
                Part::Lit(literal, span) => {
                    self.look_for_single_braces(literal, *span);
                    parts.push(hir::Part::Lit(literal.clone(), *span));
                }
                Part::Expr(expr) => parts.push(self.hole(expr)),
                Part::Gen(generation) => parts.extend(self.generation(generation).map(hir::Part::Gen)),
            }
        }
        parts
    }

    /// `{name}` in text, where `name` is a variable: probably a hole was meant.
    fn look_for_single_braces(&mut self, literal: &str, span: Span) {
        let inner = literal.match_indices('{').filter_map(|(at, _)| {
            let name = literal[at + 1..].split('}').next().unwrap_or("");
            let closed = literal[at + 1..].len() > name.len();
            let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
            (closed && plain).then(|| name.trim())
        });
        let known = inner
            .take(20)
            .find(|name| self.body.local(name).is_some() || self.body.captures.contains_key(*name));
        if let Some(name) = known {
            let diag = Diag::new(
                "W0001",
                span,
                format!("`{{{name}}}` is plain text here, and `{name}` is a variable"),
            );
            self.report(diag.hint(format!("write {{{{ {name} }}}} to insert its value")));
        }
    }

    fn hole(&mut self, expr: &'a Expr) -> hir::Part {
        let value = self.expr(expr, None);
        let hir::ExprKind::Call(id, _) = &value.kind else { return hir::Part::Value(value) };
        let slot = &self.slots[*id as usize];
        let writes = slot.effects.writes && !slot.is_agent();
        let silent = value.ty == Ty::Null;
        let name = slot.name.clone();
        if writes && silent {
            return hir::Part::Call(value);
        }
        if writes && !value.ty.is_error() {
            let diag = Diag::new("E0301", value.span, format!("`{name}` writes text and also gives a value"));
            self.report(
                diag.hint(format!("call it in a line of its own before the text: let x = {name}(…)")),
            );
        } else if silent {
            let diag =
                Diag::new("E0301", value.span, format!("`{name}` neither writes text nor gives a value"));
            self.report(diag.hint("add a `return`, or call it in a line of its own"));
        }
        hir::Part::Value(value)
    }

    fn let_stmt(&mut self, name: &'a Ident, ty: Option<&'a ast::Type>, value: &'a Expr) -> Option<StmtKind> {
        let want = ty.map(|t| self.value_type(t));
        let value = match &want {
            Some(want) => self.wanted(value, want, "the value"),
            None => self.expr(value, None),
        };
        let ty = match want {
            Some(want) => want,
            None => self.settled(&value.ty.widened(), value.span),
        };
        if let Some(first) = self.body.declared_here(&name.name) {
            let first = self.body.place(first);
            let diag = Diag::new("E0102", name.span, format!("`{}` is declared already", name.name));
            self.report(
                diag.label(first, "first here").hint(format!("to change its value, write {} = …", name.name)),
            );
            return None;
        }
        let var = self.body.declare(&name.name, ty, name.span);
        Some(StmtKind::Set(var, value))
    }

    fn assign(&mut self, name: &'a Ident, add: bool, value: &'a Expr) -> Option<StmtKind> {
        let var = self.target(name, add, value)?;
        let ty = self.body.ty(var).clone();
        let value = if add {
            let current = Expr { kind: ExprKind::Name(name.name.clone()), span: name.span };
            let current = self.expr(&current, None);
            let more = self.expr(value, Some(&ty));
            self.binary(ast::BinOp::Add, current, more)
        } else {
            self.expr(value, Some(&ty))
        };
        let fitting = ty::fits(&value.ty, &ty);
        if !fitting {
            let message = format!("`{}` is {ty} and cannot become {}", name.name, value.ty);
            let diag = Diag::new("E0207", value.span, message).label(self.body.place(var), "declared here");
            self.report(diag.hint("a variable keeps its type: use another name, or convert the value"));
        }
        let value = self.converted(value, &ty);
        if self.body.is_captured(var) {
            self.body.bind(var);
        }
        Some(StmtKind::Set(var, value))
    }

    /// The variable that an assignment means; without one, the value is checked here.
    fn target(&mut self, name: &Ident, add: bool, value: &'a Expr) -> Option<VarId> {
        if let Some(var) = self.body.local(&name.name) {
            return Some(var);
        }
        if let Some(var) = self.body.captures.get(&name.name).copied().flatten() {
            return Some(var);
        }
        let value = self.expr(value, None);
        if let Some((_, place)) = self.global(name.name.as_str()) {
            let diag = Diag::new("E0106", name.span, format!("`{}` cannot be assigned to", name.name));
            let diag = diag.label(place, "declared here");
            self.report(diag.hint("only variables change: declare one with `let`"));
            return None;
        }
        let start = match value.ty.base() {
            _ if !add => " = …".to_owned(),
            Ty::List(item) if matches!(*item, Ty::Never | Ty::Error) => ": T[] = []".to_owned(),
            Ty::List(item) => format!(": {}[] = []", item.base()),
            Ty::Str => " = \"\"".to_owned(),
            Ty::Int => " = 0".to_owned(),
            Ty::Float => " = 0.0".to_owned(),
            _ => " = …".to_owned(),
        };
        let meant = if add { Meant::Grown(start) } else { Meant::Assigned };
        self.unknown_name(&name.name, name.span, &meant);
        None
    }

    fn if_stmt(&mut self, arms: &'a [(Expr, Block)], otherwise: Option<&'a Block>) -> StmtKind {
        let mut met: Option<Flow> = None;
        let mut out = Vec::new();
        for (cond, body) in arms {
            let cond = self.condition(cond);
            let entry = self.body.flow.clone();
            let body = self.block(body);
            let end = std::mem::replace(&mut self.body.flow, entry);
            met = Some(meet(met, end));
            out.push((cond, body));
        }
        let otherwise = otherwise.map(|b| self.block(b)).unwrap_or_default();
        let end = std::mem::take(&mut self.body.flow);
        self.body.flow = meet(met, end);
        StmtKind::If(out, otherwise)
    }

    pub(super) fn condition(&mut self, cond: &'a Expr) -> hir::Expr {
        let value = self.expr(cond, Some(&Ty::Bool));
        if !ty::fits(&value.ty, &Ty::Bool) {
            let hint = match value.ty.base() {
                Ty::Str => "compare it: x != \"\"",
                Ty::List(_) => "compare its length: len(xs) > 0",
                Ty::Int | Ty::Float => "compare it: x != 0",
                ref t if t.may_be_null() => "compare it: x != null",
                _ => "conditions are true or false",
            };
            let diag =
                Diag::new("E0200", value.span, format!("a condition is a bool, and this is {}", value.ty));
            self.report(diag.hint(hint));
        }
        value
    }

    fn for_stmt(&mut self, var: &'a Ident, list: &'a Expr, body: &'a Block) -> StmtKind {
        let list = self.expr(list, None);
        let item = match list.ty.base() {
            Ty::List(item) if *item == Ty::Never => Ty::Any,
            Ty::List(item) => *item,
            Ty::Any => Ty::Any,
            Ty::Error => Ty::Error,
            other => {
                let hint = match other {
                    Ty::Str => "split it first: lines(s), split(s, \",\")",
                    Ty::Int => "write `for i in range(n)` or `repeat n as i`",
                    Ty::Record(_) => "go over keys(x) or values(x)",
                    _ => "a loop goes over a list",
                };
                let diag = Diag::new("E0205", list.span, format!("this is {}, not a list", list.ty));
                self.fail(diag.hint(hint))
            }
        };
        self.body.enter();
        let id = self.body.declare(&var.name, item, var.span);
        let body = self.looped(body, false);
        self.body.leave();
        StmtKind::For(id, list, body)
    }

    fn repeat(&mut self, count: &'a Expr, var: Option<&'a Ident>, body: &'a Block) -> StmtKind {
        let count = self.wanted(count, &Ty::Int, "the number of turns");
        let surely = matches!(count.kind, hir::ExprKind::Const(Const::Int(n)) if n > 0);
        self.body.enter();
        let id = var.map(|v| self.body.declare(&v.name, Ty::Int, v.span));
        let body = self.looped(body, surely);
        self.body.leave();
        StmtKind::Repeat(count, id, body)
    }

    /// The body of a loop; `surely` if it runs at least once.
    fn looped(&mut self, body: &'a Block, surely: bool) -> Vec<Stmt> {
        let entry = self.body.flow.clone();
        self.body.loops.push(Loop::default());
        let body = self.block(body);
        let state = self.body.loops.pop().unwrap_or_default();
        let end = std::mem::take(&mut self.body.flow);
        let end = meet(state.continued, end);
        let end = meet(state.broke, end);
        self.body.flow = if surely { end } else { entry.meet(end) };
        body
    }

    fn jump(&mut self, span: Span, leaves: bool) -> Option<StmtKind> {
        let flow = self.body.flow.clone();
        let Some(around) = self.body.loops.last_mut() else {
            let word = if leaves { "break" } else { "continue" };
            let diag = Diag::new("E0303", span, format!("`{word}` stands outside of a loop"));
            self.report(diag.hint("it belongs into `for` or `repeat`; to leave a function, write `return`"));
            return None;
        };
        let state = if leaves { &mut around.broke } else { &mut around.continued };
        *state = Some(meet(state.take(), flow));
        self.body.flow.end();
        Some(if leaves { StmtKind::Break } else { StmtKind::Continue })
    }

    fn return_stmt(&mut self, value: Option<&'a Expr>, span: Span) -> StmtKind {
        let want = self.body.want.clone();
        let value = match (value, &want) {
            (Some(value), Some(want)) => Some(self.wanted(value, want, "the result")),
            (Some(value), None) => Some(self.expr(value, None)),
            (None, _) => None,
        };
        let ty = value.as_ref().map_or(Ty::Null, |v| v.ty.widened());
        if value.is_none() && want.as_ref().is_some_and(|w| !w.may_be_null()) {
            let want = want.unwrap_or(Ty::Error);
            let diag = Diag::new("E0208", span, format!("a value is missing: the result is {want}"));
            self.report(diag.hint("the value stands on the line of its `return`"));
        } else if want.is_none() && self.body.flow.live {
            let so_far = self.body.returned.take();
            self.body.returned = Some(so_far.map_or(ty.clone(), |old| ty::either(&old, &ty)));
        }
        self.body.flow.end();
        StmtKind::Return(value)
    }

    fn expect(&mut self, cond: &'a Expr, message: Option<&'a Expr>) -> StmtKind {
        let cond = self.condition(cond);
        let message = message.map(|m| self.wanted(m, &Ty::Str, "the message"));
        StmtKind::Expect(cond, message)
    }

    fn printed(&mut self, value: Option<&'a Expr>, span: Span) -> hir::Expr {
        let empty = hir::ExprKind::Const(Const::Str(String::new()));
        value.map_or(hir::Expr { kind: empty, ty: Ty::Str, span }, |v| self.expr(v, None))
    }

    fn role(&mut self, role: ast::Role, body: &'a RoleBody, span: Span) -> Option<StmtKind> {
        let head = Span { end: span.start + u32::try_from(role.word().len()).unwrap_or(0), ..span };
        if let Some(outer) = self.body.role {
            let diag = Diag::new("E0302", head, format!("`{}` stands inside another role", role.word()));
            let diag = diag.label(outer, "this role is open");
            self.report(diag.hint("close the block of the outer role first: roles do not nest"));
        }
        let outer = self.body.role.replace(head);
        let stmts = self.role_body(body);
        self.body.role = outer;
        Some(StmtKind::Role(role.of_ir(), stmts))
    }

    fn role_body(&mut self, body: &'a RoleBody) -> Vec<Stmt> {
        let (kind, span) = match body {
            // A role's block is no scope: what it declares is seen behind it.
            RoleBody::Block(block) => {
                let mut out = Vec::new();
                block.stmts.iter().for_each(|s| self.stmt(s, &mut out));
                return out;
            }
            RoleBody::Gen(generation) => (self.generation(generation).map(StmtKind::Gen), generation.span),
            RoleBody::Expr(Expr { kind: ExprKind::Str(text), span }) => {
                (Some(StmtKind::Text(self.text(text))), *span)
            }
            RoleBody::Expr(expr) => (Some(StmtKind::Text(vec![self.hole(expr)])), expr.span),
        };
        kind.map(|kind| Stmt { kind, span }).into_iter().collect()
    }

    pub(super) fn is_known(&self, name: &str) -> bool {
        let local = self.body.local(name).is_some() || self.body.captures.contains_key(name);
        local || self.global(name).is_some()
    }

    fn expr_stmt(&mut self, expr: &'a Expr) -> Option<StmtKind> {
        match &expr.kind {
            ExprKind::Error => return None,
            ExprKind::Call(_) => {
                let value = self.expr(expr, None);
                if value.ty.is_error() {
                    return None;
                }
                return Some(StmtKind::Call(value));
            }
            kind => {
                let hint = match kind {
                    ExprKind::Name(name) if super::generate::is_option(name) && !self.is_known(name) => {
                        format!("options of a generation come after `with`: gen x with {name} = …")
                    }
                    ExprKind::Name(name) if !self.is_known(name) => {
                        format!(
                            "prompt text stands in quotes: \"{name} …\"; a call has parentheses: {name}(…)"
                        )
                    }
                    ExprKind::Name(name) => {
                        format!("to put its value into the prompt, write \"{{{{ {name} }}}}\"")
                    }
                    ExprKind::Binary(ast::BinOp::Eq, ..) => "to assign, write a single `=`".to_owned(),
                    _ => "to put its value into the prompt, write it into a string: \"{{ … }}\"".to_owned(),
                };
                self.report(Diag::new("E0304", expr.span, "this value is not used").hint(hint));
            }
        }
        None
    }
}

fn meet(a: Option<Flow>, b: Flow) -> Flow {
    match a {
        Some(a) => a.meet(b),
        None => b,
    }
}

/// Whether control never goes on behind it: only directly behind it is a warning due.
fn ends_here(stmt: &Stmt) -> bool {
    matches!(stmt.kind, StmtKind::Return(_) | StmtKind::Fail(_) | StmtKind::Break | StmtKind::Continue)
}

impl ast::Role {
    fn word(self) -> &'static str {
        self.of_ir().name()
    }

    fn of_ir(self) -> Role {
        match self {
            ast::Role::System => Role::System,
            ast::Role::User => Role::User,
            ast::Role::Assistant => Role::Assistant,
            ast::Role::Tool => Role::Tool,
        }
    }
}
