//! The builder: statements, blocks and generations.

use super::build::Builder;
use super::{Pair, Rule};
use crate::ast::{Arm, Block, Expr, Gen, GenKind, Ident, Match, Role, RoleBody, Stmt, StmtKind};

impl Builder {
    pub(super) fn block(&mut self, pair: Pair<'_>) -> Block {
        let span = self.span(&pair);
        if let Some(block) = self.take_body(span) {
            return block;
        }
        let stmts = self.nested(1, span, Vec::new(), |b| {
            let parts = pair.into_inner().filter(|p| !matches!(p.as_rule(), Rule::lbrace | Rule::rbrace));
            parts.map(|p| b.stmt(p)).collect()
        });
        Block { stmts, span }
    }

    pub(super) fn stmt(&mut self, pair: Pair<'_>) -> Stmt {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::text_stmt => self.text_stmt(pair),
            Rule::let_stmt => self.let_stmt(pair),
            Rule::assign_stmt => self.assign_stmt(pair),
            Rule::if_stmt => self.if_stmt(pair),
            Rule::match_stmt => StmtKind::Match(self.choice(pair, Rule::stmt_arm, Builder::arm_block)),
            Rule::for_stmt => self.for_stmt(pair),
            Rule::repeat_stmt => self.repeat_stmt(pair),
            Rule::break_stmt => StmtKind::Break,
            Rule::continue_stmt => StmtKind::Continue,
            Rule::return_stmt => StmtKind::Return(self.exprs(pair).pop()),
            Rule::print_stmt => StmtKind::Print(self.exprs(pair).pop()),
            Rule::expect_stmt => self.expect_stmt(pair),
            Rule::fail_stmt => self.one_expr(pair, StmtKind::Fail),
            Rule::generate | Rule::select | Rule::call_gen => StmtKind::Gen(self.generation(pair)),
            Rule::role_stmt | Rule::tool_role => self.role_stmt(pair),
            Rule::while_stmt => self.while_stmt(pair),
            Rule::try_stmt => self.try_stmt(pair),
            Rule::yield_stmt => StmtKind::Yield(self.exprs(pair).pop()),
            _ => self.one_expr(pair, StmtKind::Expr),
        };
        Stmt { kind, span }
    }

    /// The expressions directly inside.
    fn exprs(&mut self, pair: Pair<'_>) -> Vec<Expr> {
        pair.into_inner().filter(|p| p.as_rule() == Rule::expr).map(|p| self.expr(p)).collect()
    }

    fn one_expr(&mut self, pair: Pair<'_>, make: impl FnOnce(Expr) -> StmtKind) -> StmtKind {
        let none = self.error_expr(&pair);
        make(self.exprs(pair).pop().unwrap_or(none))
    }

    fn text_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let none = crate::ast::Text { parts: Vec::new(), span: self.span(&pair) };
        StmtKind::Text(pair.into_inner().next().map_or(none, |p| self.text(p)))
    }

    fn let_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let (missing, none) = (self.missing(&pair), self.error_expr(&pair));
        let (name, ty, value) = self.binding(pair);
        StmtKind::Let { name: name.unwrap_or(missing), ty, value: value.unwrap_or(none) }
    }

    fn assign_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let (missing, none) = (self.missing(&pair), self.error_expr(&pair));
        let add = pair.clone().into_inner().any(|p| p.as_rule() == Rule::add_eq);
        let (name, _, value) = self.binding(pair);
        StmtKind::Assign { name: name.unwrap_or(missing), add, value: value.unwrap_or(none) }
    }

    fn if_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let mut arms = Vec::new();
        let mut otherwise = None;
        let mut cond = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::expr => cond = Some(self.expr(part)),
                Rule::block => arms.extend(cond.take().map(|c| (c, self.block(part)))),
                Rule::else_if => arms.extend(self.else_if(part)),
                Rule::else_block => otherwise = self.blocks(part).pop(),
                _ => {}
            }
        }
        StmtKind::If { arms, otherwise }
    }

    /// `match x { … }`, whose arms hold what `body` reads.
    pub(super) fn choice<T>(
        &mut self,
        pair: Pair<'_>,
        arm: Rule,
        body: impl Fn(&mut Self, Pair<'_>) -> Option<T>,
    ) -> Match<T> {
        let mut subject = self.error_expr(&pair);
        let mut arms = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::expr => subject = self.expr(part),
                rule if rule == arm => arms.extend(self.arm(part, &body)),
                _ => {}
            }
        }
        Match { subject, arms }
    }

    fn arm<T>(&mut self, pair: Pair<'_>, body: impl Fn(&mut Self, Pair<'_>) -> Option<T>) -> Option<Arm<T>> {
        let mut parts = pair.into_inner();
        let head = parts.next()?;
        let span = self.span(&head);
        let cases = head.into_inner().filter(|part| part.as_rule() == Rule::case);
        let cases = cases.map(|case| self.case(case)).collect();
        let body = parts.find_map(|part| body(self, part))?;
        Some(Arm { cases, span, body })
    }

    /// A block, or a statement that is one by itself.
    fn arm_block(&mut self, pair: Pair<'_>) -> Option<Block> {
        match pair.as_rule() {
            Rule::arrow | Rule::comma => None,
            Rule::block => Some(self.block(pair)),
            _ => {
                let span = self.span(&pair);
                let stmts = self.nested(1, span, Vec::new(), |b| vec![b.stmt(pair)]);
                Some(Block { stmts, span })
            }
        }
    }

    fn else_if(&mut self, pair: Pair<'_>) -> Option<(Expr, Block)> {
        let mut parts = pair.into_inner().filter(|p| matches!(p.as_rule(), Rule::expr | Rule::block));
        let (cond, body) = (parts.next()?, parts.next()?);
        Some((self.expr(cond), self.block(body)))
    }

    pub(super) fn blocks(&mut self, pair: Pair<'_>) -> Vec<Block> {
        pair.into_inner().filter(|p| p.as_rule() == Rule::block).map(|p| self.block(p)).collect()
    }

    /// The name, expression and block of a loop or fork.
    pub(super) fn loop_parts(&mut self, pair: Pair<'_>) -> (Option<Ident>, Expr, Block) {
        let (mut name, mut expr) = (None, self.error_expr(&pair));
        let mut body = Block { stmts: Vec::new(), span: self.span(&pair) };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident => name = Some(self.ident(&part)),
                Rule::expr => expr = self.expr(part),
                Rule::block => body = self.block(part),
                _ => {}
            }
        }
        (name, expr, body)
    }

    fn for_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let missing = self.missing(&pair);
        let (var, list, body) = self.loop_parts(pair);
        StmtKind::For { var: var.unwrap_or(missing), list, body }
    }

    fn repeat_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let (var, count, body) = self.loop_parts(pair);
        StmtKind::Repeat { count, var, body }
    }

    fn while_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let (none, missing) = (self.error_expr(&pair), self.error_expr(&pair));
        let mut body = Block { stmts: Vec::new(), span: self.span(&pair) };
        let mut exprs = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::expr => exprs.push(self.expr(part)),
                Rule::block => body = self.block(part),
                _ => {}
            }
        }
        let mut exprs = exprs.into_iter();
        StmtKind::While { cond: exprs.next().unwrap_or(none), max: exprs.next().unwrap_or(missing), body }
    }

    fn try_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let error = pair.clone().into_inner().find(|p| p.as_rule() == Rule::ident).map(|p| self.ident(&p));
        let none = Block { stmts: Vec::new(), span: self.span(&pair) };
        let mut blocks = self.blocks(pair).into_iter();
        StmtKind::Try { body: blocks.next().unwrap_or(none), error, handler: blocks.next() }
    }

    fn expect_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let none = self.error_expr(&pair);
        let mut exprs = self.exprs(pair).into_iter();
        StmtKind::Expect { cond: exprs.next().unwrap_or(none), message: exprs.next() }
    }

    fn role_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let mut role = Role::Tool;
        let mut body = RoleBody::Expr(self.error_expr(&pair));
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::role_word => role = role_of(part.as_str()),
                Rule::block => body = RoleBody::Block(self.block(part)),
                Rule::generate | Rule::select | Rule::call_gen => {
                    body = RoleBody::Gen(self.generation(part));
                }
                Rule::expr => body = RoleBody::Expr(self.expr(part)),
                Rule::string => body = RoleBody::Expr(self.string_expr(part)),
                _ => {}
            }
        }
        StmtKind::Role { role, body }
    }

    /// `gen`, `select` or `call`.
    pub(super) fn generation(&mut self, pair: Pair<'_>) -> Gen {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let mut tools = Vec::new();
        let mut name = self.missing(&pair);
        let (mut append, mut ty, mut by) = (false, None, None);
        let mut from = self.error_expr(&pair);
        let mut options = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::capture => {
                    append = part.clone().into_inner().any(|p| p.as_rule() == Rule::append);
                    name = part.into_inner().next().map_or(name, |p| self.ident(&p));
                }
                Rule::type_expr => ty = Some(self.type_expr(part)),
                Rule::expr => from = self.expr(part),
                Rule::word => by = Some(self.ident(&part)),
                Rule::path => tools.push(self.path(&part)),
                Rule::options => options = self.options(part),
                _ => {}
            }
        }
        let kind = match rule {
            Rule::select => GenKind::Select { from, by },
            Rule::call_gen => GenKind::Call(tools),
            _ => GenKind::Gen(ty),
        };
        Gen { name, append, kind, options, span }
    }

    fn options(&mut self, pair: Pair<'_>) -> Vec<(Ident, Expr)> {
        let options = pair.into_inner().filter(|p| p.as_rule() == Rule::option);
        options.filter_map(|p| self.named(p)).collect()
    }

    /// A name or key, and the expression after it.
    pub(super) fn named(&mut self, pair: Pair<'_>) -> Option<(Ident, Expr)> {
        let (mut name, mut value) = (None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::word => name = Some(self.ident(&part)),
                Rule::key => name = Some(self.key(part)),
                Rule::expr => value = Some(self.expr(part)),
                _ => {}
            }
        }
        name.zip(value)
    }
}

fn role_of(word: &str) -> Role {
    match word {
        "system" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        _ => Role::Tool,
    }
}
