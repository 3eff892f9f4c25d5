//! Statements.

use super::Checker;
use super::names::Meant;
use super::template;
use crate::ast::{self, Block, Expr, ExprKind, Ident, Part, RoleBody, StmtKind as Ast, Text};
use crate::diag::Diag;
use crate::hir::{self, Stmt, StmtKind, VarId};
use crate::ir::{Const, Role};
use crate::lex::words::foreign_statement;
use crate::source::Span;
use crate::ty::{self, Ty};

impl Checker<'_> {
    pub(super) fn stmt(&mut self, stmt: &ast::Stmt, out: &mut Vec<Stmt>) {
        let kind = match &stmt.kind {
            Ast::Text(text) => Some(StmtKind::Text(self.text(text))),
            Ast::Let { name, ty, value } => self.let_stmt(name, ty.as_ref(), value),
            Ast::Assign { name, add, value } => self.assign(name, *add, value),
            Ast::If { arms, otherwise } => Some(self.if_stmt(arms, otherwise.as_ref())),
            Ast::Match(choice) => Some(self.match_stmt(choice, stmt.span, out)),
            Ast::For { var, list, body } => Some(self.for_stmt(var, list, body)),
            Ast::Repeat { count, var, body } => Some(self.repeat(count, var.as_ref(), body)),
            Ast::While { cond, max, body } => Some(self.while_stmt(cond, max, body)),
            Ast::Try { body, error, handler } => Some(self.try_stmt(body, error.as_ref(), handler.as_ref())),
            Ast::Break => self.jump(stmt.span, true),
            Ast::Continue => self.jump(stmt.span, false),
            Ast::Return(value) => self.return_stmt(value.as_ref(), stmt.span),
            Ast::Yield(value) => self.yield_stmt(value.as_ref(), stmt.span),
            Ast::Expect { cond, message } => Some(self.expect(cond, message.as_ref())),
            Ast::Fail(message) => Some(self.fail_stmt(message)),
            Ast::Print(value) => Some(StmtKind::Print(self.printed(value.as_ref(), stmt.span))),
            Ast::Role { role, body } => self.role(*role, body, stmt.span),
            Ast::Gen(generation) => self.generation(generation).map(StmtKind::Gen),
            Ast::Expr(expr) => self.expr_stmt(expr),
            Ast::Error { blocks, .. } => {
                self.lost_blocks(blocks);
                None
            }
        };
        out.extend(kind.map(|kind| Stmt { kind, span: stmt.span }));
    }

    pub(super) fn block(&mut self, block: &Block) -> Vec<Stmt> {
        self.nesting.depth += 1;
        let mut out = Vec::new();
        for stmt in &block.stmts {
            self.stmt(stmt, &mut out);
        }
        self.nesting.depth -= 1;
        out
    }

    /// The blocks of a statement that could not be read. What is bound after them is not known.
    fn lost_blocks(&mut self, blocks: &[Block]) {
        let entry = self.body.flow.clone();
        self.body.around.unread += 1;
        for block in blocks {
            self.block(block);
            self.body.flow = entry.clone();
        }
        self.body.around.unread -= 1;
    }

    /// Text of a prompt: holes are printed, generate, or call a function that writes.
    fn text(&mut self, text: &Text) -> Vec<hir::Part> {
        let tag = template::tag(text);
        let (found, hidden) = (self.findings.diags.len(), self.findings.hidden);
        let outer = std::mem::replace(&mut self.body.around.tag, tag.map(|(tag, _)| tag.to_owned()));
        let mut parts = Vec::new();
        for part in &text.parts {
            match part {
                Part::Lit(literal, span) => {
                    self.look_for_marks(literal, *span);
                    parts.push(hir::Part::Lit(literal.clone(), *span));
                }
                Part::Expr(expr) => parts.push(self.hole(expr)),
                Part::Gen(generation) => parts.extend(self.generation(generation).map(hir::Part::Gen)),
            }
        }
        self.body.around.tag = outer;
        // What else is wrong in the text probably has the same cause.
        if let Some((tag, span)) =
            tag.filter(|_| self.findings.diags.len() == found && self.findings.hidden == hidden)
        {
            let diag = Diag::new("W0001", span, format!("`{tag}` is plain text here"));
            self.report(diag.hint(template::HINT));
        }
        parts
    }

    fn hole(&mut self, expr: &Expr) -> hir::Part {
        let outer = std::mem::replace(&mut self.body.around.in_hole, true);
        let value = self.expr(expr, None);
        self.body.around.in_hole = outer;
        let id = match &value.kind {
            hir::ExprKind::Call(id, _) => *id,
            hir::ExprKind::Map(map) => match &map.body.kind {
                hir::ExprKind::Call(id, _) if self.decls.slots[*id as usize].effects.writes => *id,
                _ => return hir::Part::Value(value),
            },
            _ => return hir::Part::Value(value),
        };
        let slot = &self.decls.slots[id as usize];
        let writes = slot.effects.writes && !slot.is_agent();
        let silent = value.ty == Ty::Null;
        let name = slot.name.clone();
        if writes && silent {
            return hir::Part::Call(value);
        }
        if writes && !value.ty.is_error() {
            let diag =
                Diag::new("E0301", value.span, format!("`{name}` writes text and also returns a value"));
            self.report(
                diag.hint(format!("call it on a line of its own before the text: let x = {name}(…)")),
            );
        } else if silent {
            let diag =
                Diag::new("E0301", value.span, format!("`{name}` neither writes text nor returns a value"));
            self.report(diag.hint("add a `return`, or call it on a line of its own"));
        }
        hir::Part::Value(value)
    }

    fn let_stmt(&mut self, name: &Ident, ty: Option<&ast::Type>, value: &Expr) -> Option<StmtKind> {
        let want = ty.map(|t| self.value_type(t));
        let value = match &want {
            Some(want) => self.wanted(value, want, "the value"),
            None => self.expr(value, None),
        };
        let ty = match want {
            Some(want) => want,
            None => self.settled(&value.ty.widened(), value.span),
        };
        let names = self.program.names;
        let first = names.def_at(name.span).and_then(|id| names.definition(id)).map(|def| def.span);
        if let Some(first) = first.filter(|first| *first != name.span) {
            let diag = Diag::new("E0102", name.span, format!("`{}` is declared already", name.name));
            self.report(
                diag.label(first, "first here").hint(format!("to change its value, write {} = …", name.name)),
            );
            return None;
        }
        let var = self.declare_variable(name, ty);
        Some(StmtKind::Set(var, value))
    }

    fn assign(&mut self, name: &Ident, add: bool, value: &Expr) -> Option<StmtKind> {
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
            self.report(diag.hint(match ty {
                Ty::Null => format!(
                    "declare it with its type: let {}: {} | null = null",
                    name.name,
                    value.ty.widened()
                ),
                Ty::Int if super::ops::divides_ints(&value) => super::ops::WHOLE.to_owned(),
                _ => "a variable keeps its type: use another name, or convert the value".to_owned(),
            }));
        }
        let value = self.converted(value, &ty);
        if self.body.is_captured(var) {
            self.body.flow.bind(var);
        }
        self.body.flow.forget(var);
        if value.ty.is_error() || !value.ty.may_be_null() {
            self.body.flow.is_not_null(var);
        }
        Some(StmtKind::Set(var, value))
    }

    /// A branch has copies of the variables around it: what it did to one would be lost.
    pub(super) fn assigned_in_branch(&mut self, var: VarId, name: &Ident) {
        let message = format!("`{}` is declared outside this branch, which works on a copy", name.name);
        let diag = Diag::new("E0305", name.span, message).label(self.body.place(var), "declared here");
        self.report(diag.hint(format!(
            "yield the value instead, and set `{}` from what the `fork` or `aside` gives",
            name.name
        )));
    }

    /// The variable that an assignment means; without one, the value is checked here.
    fn target(&mut self, name: &Ident, add: bool, value: &Expr) -> Option<VarId> {
        if let Some(Some(var)) = self.variable_at(name.span) {
            if self.body.is_outside_of_branch(var) {
                self.assigned_in_branch(var, name);
            }
            return Some(var);
        }
        let value = self.expr(value, None);
        let names = self.program.names;
        // A capture of the name of something at top level is reported where it is generated; here it is none.
        let clash = || names.clash(names.local_at(name.span)?);
        if let Some(place) = self.global_at(name.span).map(|global| global.1).or_else(clash) {
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

    fn printed(&mut self, value: Option<&Expr>, span: Span) -> hir::Expr {
        let empty = hir::ExprKind::Const(Const::Str(String::new()));
        value.map_or(hir::Expr { kind: empty, ty: Ty::Str, span }, |v| self.expr(v, None))
    }

    fn role(&mut self, role: ast::Role, body: &RoleBody, span: Span) -> Option<StmtKind> {
        let head = Span { end: span.start + u32::try_from(role.word().len()).unwrap_or(0), ..span };
        if let Some(outer) = self.body.around.role {
            let diag = Diag::new("E0302", head, format!("`{}` is inside another role", role.word()));
            let diag = diag.label(outer, "this role is open");
            self.report(diag.hint("close the block of the outer role first: roles cannot be nested"));
        }
        let outer = self.body.around.role.replace(head);
        let stmts = self.role_body(body);
        self.body.around.role = outer;
        Some(StmtKind::Role(role.of_ir(), stmts))
    }

    fn role_body(&mut self, body: &RoleBody) -> Vec<Stmt> {
        let (kind, span) = match body {
            // A role's block is no scope: what it declares is seen after it.
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

    /// Whether an unknown type ends right before a place: `Literal["a"]` is one mistake.
    fn ends_unknown_type(&self, place: Span) -> bool {
        let last = self.findings.diags.last().filter(|diag| diag.code == "E0101").map(|diag| diag.span);
        last.is_some_and(|span| span.file == place.file && span.end == place.start)
    }

    fn expr_stmt(&mut self, expr: &Expr) -> Option<StmtKind> {
        match &expr.kind {
            ExprKind::Error => return None,
            ExprKind::List(_) if self.ends_unknown_type(expr.span) => self.findings.hidden = true,
            ExprKind::Call(_) => {
                let value = self.expr(expr, None);
                if value.ty.is_error() {
                    return None;
                }
                return Some(StmtKind::Call(value));
            }
            kind => {
                let hint = match kind {
                    ExprKind::Name(name) if super::options::is_option(name) && !self.is_known(expr.span) => {
                        format!("options of a generation come after `with`: gen x with {name} = …")
                    }
                    ExprKind::Name(name)
                        if !self.is_known(expr.span) && foreign_statement(name).is_some() =>
                    {
                        foreign_statement(name).unwrap_or_default().to_owned()
                    }
                    ExprKind::Name(name) if !self.is_known(expr.span) => {
                        format!("prompt text goes in quotes: \"{name} …\"; a call has parentheses: {name}(…)")
                    }
                    ExprKind::Name(name) => {
                        format!("to put its value into the prompt, write \"{{{{ {name} }}}}\"")
                    }
                    ExprKind::Fork(..) | ExprKind::Aside(_) => {
                        "its text is dropped: keep what it yields, as in let x = aside { … yield y }"
                            .to_owned()
                    }
                    ExprKind::List(items) if items.iter().any(is_message) => {
                        "write a message as a statement: system \"…\", user \"…\", assistant gen x".to_owned()
                    }
                    ExprKind::Regex(_) => "a regex is a type: gen x: /[a-z]+/".to_owned(),
                    ExprKind::Binary(ast::BinOp::Eq, ..) => "to assign, write a single `=`".to_owned(),
                    _ if self.body.result.want.as_ref().is_some_and(|want| *want != Ty::Null) => {
                        "to give it back, write `return` before it".to_owned()
                    }
                    _ => "to put its value into the prompt, write it into a string: \"{{ … }}\"".to_owned(),
                };
                self.report(Diag::new("E0304", expr.span, "this value is not used").hint(hint));
            }
        }
        None
    }
}

/// `{"role": "user", "content": "Hello"}`
fn is_message(item: &Expr) -> bool {
    matches!(&item.kind, ExprKind::Record(fields) if fields.iter().any(|(key, _)| key.name == "role"))
}

impl ast::Role {
    pub(crate) fn word(self) -> &'static str {
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
