//! The readable form of a parsed file: nested lists, each statement on a line of its own, without spans.
//!
//! `(let x: int (+ a (len xs)))`. The form is stable, but not meant to be read back.

mod expr;
mod types;

use std::fmt;

use super::{
    Ast, Block, Expr, FuncDecl, FuncWord, Gen, GenKind, Ident, Import, ImportNames, Item, Match, ModelDecl,
    Param, Part, RoleBody, ScriptPrompt, Stmt, StmtKind, TestDecl, TestModel, Text, ToolBody, ToolDecl, Type,
};
use crate::spelling::{Writes, escaped};

impl fmt::Display for Ast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = Writer { out: String::new(), level: 0 };
        for item in &self.items {
            writer.item(item);
            writer.put('\n');
        }
        for allow in &self.allows {
            writer.put(format_args!("(allow {} {:?})\n", allow.code.name, allow.reason));
        }
        f.write_str(&writer.out)
    }
}

struct Writer {
    out: String,
    level: usize,
}

impl Writes for Writer {
    fn out(&mut self) -> &mut String {
        &mut self.out
    }
}

impl Writer {
    fn item(&mut self, item: &Item) {
        match item {
            Item::Import(import) => self.import(import),
            Item::Tool(tool) => self.tool(tool),
            Item::Test(test) => self.test(test),
            Item::Const(decl) => {
                self.put(format_args!("(const {}", decl.name.name));
                self.typed(decl.ty.as_ref());
                self.last(&decl.value);
            }
            Item::Type(decl) => {
                self.put(format_args!("(type {} ", decl.name.name));
                self.ty(&decl.ty);
                self.put(')');
            }
            Item::Func(decl) => self.func(decl),
            Item::Input(param) => {
                self.put("(input ");
                self.param(param);
                self.put(')');
            }
            Item::Model(decl) => self.model(decl),
            Item::Stmt(stmt) => self.stmt(stmt),
        }
    }

    fn import(&mut self, import: &Import) {
        self.put("(import ");
        self.text(&import.path);
        match &import.names {
            ImportNames::As(name) => self.put(format_args!(" as {})", name.name)),
            ImportNames::Only(names) => {
                let names: Vec<&str> = names.iter().map(|n| n.name.as_str()).collect();
                self.put(format_args!(" {{{}}})", names.join(", ")));
            }
        }
    }

    fn tool(&mut self, tool: &ToolDecl) {
        self.put(format_args!("(tool {}", tool.name.name));
        self.signature(&tool.params, tool.ret.as_ref());
        for capability in &tool.needs {
            self.put(format_args!(" (needs {}", capability.name.name));
            if let Some(limit) = &capability.limit {
                self.put(' ');
                self.text(limit);
            }
            self.put(')');
        }
        match &tool.body {
            ToolBody::Host => {}
            ToolBody::Adapter { kind, target } => {
                self.put(format_args!(" ({} ", kind.name));
                self.text(target);
                self.put(')');
            }
            ToolBody::Block(block) => self.block(block),
        }
        self.put(')');
    }

    fn test(&mut self, test: &TestDecl) {
        self.put("(test ");
        self.text(&test.name);
        match &test.model {
            None => {}
            Some(TestModel::Named(name)) => self.put(format_args!(" (model {})", name.name)),
            Some(TestModel::Script(rules)) => {
                self.put(" (script");
                for rule in rules {
                    self.put(" (");
                    match &rule.prompt {
                        ScriptPrompt::Text(text) => self.text(text),
                        ScriptPrompt::Regex(regex) => self.put(format_args!("/{}/", regex.pattern)),
                    }
                    self.put(' ');
                    self.text(&rule.answer);
                    self.put(')');
                }
                self.put(')');
            }
        }
        self.block(&test.body);
        self.put(')');
    }

    fn func(&mut self, decl: &FuncDecl) {
        let word = match decl.word {
            FuncWord::Fn => "fn",
            FuncWord::Agent => "agent",
        };
        self.put(format_args!("({word} {}", decl.name.name));
        self.signature(&decl.params, decl.ret.as_ref());
        self.block(&decl.body);
        self.put(')');
    }

    fn signature(&mut self, params: &[Param], ret: Option<&Type>) {
        for param in params {
            self.put(" (");
            self.param(param);
            self.put(')');
        }
        if let Some(ret) = ret {
            self.put(" -> ");
            self.ty(ret);
        }
    }

    fn param(&mut self, param: &Param) {
        self.put(format_args!("{}: ", param.name.name));
        self.ty(&param.ty);
        if let Some(default) = &param.default {
            self.put(' ');
            self.expr(default);
        }
    }

    fn model(&mut self, decl: &ModelDecl) {
        self.put("(model");
        decl.name.iter().for_each(|name| self.put(format_args!(" {}", name.name)));
        self.put(' ');
        self.text(&decl.model);
        self.settings(&decl.settings);
        self.put(')');
    }

    fn settings(&mut self, settings: &[(Ident, Expr)]) {
        for (name, value) in settings {
            self.put(format_args!(" ({} ", name.name));
            self.last(value);
        }
    }

    /// A last part and the closing parenthesis.
    fn last(&mut self, expr: &Expr) {
        if !self.out.ends_with([' ', '(']) {
            self.put(' ');
        }
        self.expr(expr);
        self.put(')');
    }

    fn typed(&mut self, ty: Option<&Type>) {
        if let Some(ty) = ty {
            self.put(": ");
            self.ty(ty);
        }
    }

    /// Statements below the line, one level further in.
    fn block(&mut self, block: &Block) {
        self.level += 1;
        for stmt in &block.stmts {
            self.new_line();
            self.stmt(stmt);
        }
        self.level -= 1;
    }

    fn new_line(&mut self) {
        let indent = "  ".repeat(self.level);
        self.put(format_args!("\n{indent}"));
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Text(text) => {
                self.put("(text ");
                self.text(text);
                self.put(')');
            }
            StmtKind::Let { name, ty, value } => {
                self.put(format_args!("(let {}", name.name));
                self.typed(ty.as_ref());
                self.last(value);
            }
            StmtKind::Assign { name, add, value } => {
                self.put(format_args!("({} {}", if *add { "+=" } else { "=" }, name.name));
                self.last(value);
            }
            StmtKind::If { arms, otherwise } => self.if_stmt(arms, otherwise.as_ref()),
            StmtKind::Match(choice) => self.choice(choice, Writer::block),
            StmtKind::For { var, list, body } => {
                self.put(format_args!("(for {} ", var.name));
                self.expr(list);
                self.closed(body);
            }
            StmtKind::Repeat { count, var, body } => {
                self.put("(repeat ");
                self.expr(count);
                var.iter().for_each(|v| self.put(format_args!(" as {}", v.name)));
                self.closed(body);
            }
            StmtKind::While { cond, max, body } => {
                self.put("(while ");
                self.expr(cond);
                self.put(" max ");
                self.expr(max);
                self.closed(body);
            }
            StmtKind::Try { body, error, handler } => self.try_stmt(body, error.as_ref(), handler.as_ref()),
            StmtKind::Break => self.put("(break)"),
            StmtKind::Continue => self.put("(continue)"),
            StmtKind::Yield(value) => self.word("yield", value.as_ref()),
            StmtKind::Return(value) => self.word("return", value.as_ref()),
            StmtKind::Print(value) => self.word("print", value.as_ref()),
            StmtKind::Fail(message) => self.word("fail", Some(message)),
            StmtKind::Expect { cond, message } => {
                self.put("(expect ");
                self.expr(cond);
                message.iter().for_each(|m| {
                    self.put(' ');
                    self.expr(m);
                });
                self.put(')');
            }
            StmtKind::Role { role, body } => self.role(role.word(), body),
            StmtKind::Gen(generation) => self.generation(generation),
            StmtKind::Expr(expr) => self.expr(expr),
            StmtKind::Error { names, blocks } => {
                self.put("(error");
                names.iter().for_each(|name| self.put(format_args!(" {}", name.name)));
                blocks.iter().for_each(|block| self.block(block));
                self.put(')');
            }
        }
    }

    fn closed(&mut self, block: &Block) {
        self.block(block);
        self.put(')');
    }

    fn word(&mut self, word: &str, value: Option<&Expr>) {
        self.put(format_args!("({word}"));
        match value {
            Some(value) => self.last(value),
            None => self.put(')'),
        }
    }

    fn if_stmt(&mut self, arms: &[(Expr, Block)], otherwise: Option<&Block>) {
        for (at, (cond, body)) in arms.iter().enumerate() {
            self.put(if at == 0 { "(if " } else { "(else if " });
            self.expr(cond);
            self.closed(body);
            if at + 1 < arms.len() {
                self.new_line();
            }
        }
        if let Some(otherwise) = otherwise {
            self.new_line();
            self.put("(else");
            self.closed(otherwise);
        }
    }

    /// `(match x ("a" "b" => …) (else => …))`
    fn choice<T>(&mut self, choice: &Match<T>, body: impl Fn(&mut Self, &T)) {
        self.put("(match ");
        self.expr(&choice.subject);
        for arm in &choice.arms {
            self.put(" (");
            self.joined(" ", &arm.cases, Writer::expr);
            self.put(if arm.cases.is_empty() { "else => " } else { " => " });
            body(self, &arm.body);
            self.put(')');
        }
        self.put(')');
    }

    fn try_stmt(&mut self, body: &Block, error: Option<&Ident>, handler: Option<&Block>) {
        self.put("(try");
        self.closed(body);
        if let Some(handler) = handler {
            self.new_line();
            self.put("(else");
            error.iter().for_each(|e| self.put(format_args!(" {}", e.name)));
            self.closed(handler);
        }
    }

    fn role(&mut self, word: &str, body: &RoleBody) {
        self.put(format_args!("({word}"));
        match body {
            RoleBody::Block(block) => self.closed(block),
            RoleBody::Gen(generation) => {
                self.put(' ');
                self.generation(generation);
                self.put(')');
            }
            RoleBody::Expr(expr) => self.last(expr),
        }
    }

    fn generation(&mut self, generation: &Gen) {
        let word = match &generation.kind {
            GenKind::Gen(_) => "gen",
            GenKind::Select { .. } => "select",
            GenKind::Call(_) => "call",
        };
        let list = if generation.append { "[]" } else { "" };
        self.put(format_args!("({word} {}{list}", generation.name.name));
        match &generation.kind {
            GenKind::Gen(ty) => self.typed(ty.as_ref()),
            GenKind::Select { from, by } => {
                self.put(' ');
                self.expr(from);
                by.iter().for_each(|method| self.put(format_args!(" by {}", method.name)));
            }
            GenKind::Call(tools) => tools.iter().for_each(|tool| self.put(format_args!(" {tool}"))),
        }
        self.settings(&generation.options);
        self.put(')');
    }

    /// A string with its holes.
    fn text(&mut self, text: &Text) {
        self.quoted(&text.parts, |w, part| match part {
            Part::Lit(literal, _) => w.put(escaped(literal)),
            Part::Expr(expr) => w.hole(|w| w.expr(expr)),
            Part::Gen(generation) => w.hole(|w| w.generation(generation)),
        });
    }
}
