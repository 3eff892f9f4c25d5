//! The readable form of a checked program: names with their numbers where these matter, inferred types and
//! effects, and explicit conversions. The form is stable, but not meant to be read back.

mod expr;
mod spec;

use std::fmt;

use super::{Func, Gen, Hir, Part, Stmt, StmtKind, Test, Tool, ToolBody, VarId};
use crate::ir::{self, FuncKind, Method, ModelDecl, ScriptPrompt, TestModel};

use self::spec::Spelled;
use crate::spelling::{Writes, escaped};

impl fmt::Display for Hir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chat = if self.chat { ", a chat" } else { "" };
        writeln!(f, "entry {}{chat}", name_of_func(self, self.entry))?;
        self.model.iter().try_for_each(|model| write_model(f, "model", model))?;
        for (id, (name, model)) in self.models.iter().enumerate() {
            write_model(f, &format!("model {name}#{id} ="), model)?;
        }
        for named in self.types.list() {
            writeln!(f, "type {} = {}", named.name, named.ty)?;
        }
        for id in 0..self.tools.len() {
            write_tool(f, self, id)?;
        }
        self.tests.iter().try_for_each(|test| write_test(f, self, test))?;
        for (id, func) in self.funcs.iter().enumerate() {
            writeln!(f)?;
            let mut writer = Writer { out: String::new(), hir: self, func, level: 0 };
            writer.func(id);
            f.write_str(&writer.out)?;
        }
        Ok(())
    }
}

fn write_model(f: &mut fmt::Formatter<'_>, head: &str, model: &ModelDecl) -> fmt::Result {
    write!(f, "{head} {:?}", model.name)?;
    model.ctx.iter().try_for_each(|ctx| write!(f, " ctx={ctx}"))?;
    model.seed.iter().try_for_each(|seed| write!(f, " seed={seed}"))?;
    model.temp.iter().try_for_each(|temp| write!(f, " temp={temp}"))?;
    writeln!(f)
}

fn name_of_func(hir: &Hir, id: u32) -> String {
    let name = hir.funcs.get(id as usize).map_or("?", |func| func.name.as_str());
    format!("{name}#{id}")
}

fn name_of_tool(hir: &Hir, id: u32) -> String {
    let name = hir.tools.get(id as usize).map_or("?", |tool| tool.name.as_str());
    format!("{name}#{id}")
}

fn write_tool(f: &mut fmt::Formatter<'_>, hir: &Hir, id: usize) -> fmt::Result {
    let Tool { name, params, ret, needs, body, .. } = &hir.tools[id];
    let params = params.iter().map(|(name, ty, default)| {
        let default = default.map_or(String::new(), |id| format!(" = {}()", name_of_func(hir, id)));
        format!("{name}: {ty}{default}")
    });
    write!(f, "tool {name}#{id}({}) -> {ret}", params.collect::<Vec<_>>().join(", "))?;
    for (at, capability) in needs.iter().enumerate() {
        write!(f, "{} {}", if at == 0 { " needs" } else { "," }, capability.name)?;
        capability.limit.iter().try_for_each(|limit| write!(f, "({limit:?})"))?;
    }
    match body {
        ToolBody::Outside(ir::ToolBody::Host) => writeln!(f),
        ToolBody::Outside(ir::ToolBody::Exec(target)) => writeln!(f, " = exec {target:?}"),
        ToolBody::Outside(ir::ToolBody::Http(target)) => writeln!(f, " = http {target:?}"),
        ToolBody::Outside(ir::ToolBody::Mcp(target)) => writeln!(f, " = mcp {target:?}"),
        ToolBody::Outside(ir::ToolBody::Func(id)) => writeln!(f, " = {}", name_of_func(hir, id.0)),
        ToolBody::Func(id) => writeln!(f, " = {}", name_of_func(hir, *id)),
    }
}

fn write_test(f: &mut fmt::Formatter<'_>, hir: &Hir, test: &Test) -> fmt::Result {
    let chat = if test.chat { " (a chat)" } else { "" };
    write!(f, "test {:?} = {}{chat}", test.name, name_of_func(hir, test.func))?;
    match &test.model {
        TestModel::Default => writeln!(f),
        TestModel::Named(id) => {
            let name = hir.models.get(*id as usize).map_or("?", |m| m.0.as_str());
            writeln!(f, " on {name}#{id}")
        }
        TestModel::Script(rules) => {
            writeln!(f, " on a script")?;
            rules.iter().try_for_each(|rule| match &rule.prompt {
                ScriptPrompt::Text(text) => writeln!(f, "  {text:?} => {:?}", rule.answer),
                ScriptPrompt::Regex(pattern) => writeln!(f, "  /{pattern}/ => {:?}", rule.answer),
            })
        }
    }
}

/// Writes one function.
struct Writer<'a> {
    out: String,
    hir: &'a Hir,
    func: &'a Func,
    level: usize,
}

impl Writes for Writer<'_> {
    fn out(&mut self) -> &mut String {
        &mut self.out
    }
}

impl Writer<'_> {
    fn start(&mut self) {
        let indent = "  ".repeat(self.level);
        self.put(indent);
    }

    fn line(&mut self, text: impl fmt::Display) {
        self.start();
        self.put(text);
        self.put('\n');
    }

    fn func(&mut self, id: usize) {
        let func = self.func;
        let word = match func.kind {
            FuncKind::Main => "main",
            FuncKind::Agent => "agent",
            FuncKind::Fn => "fn",
            FuncKind::Test => "test",
        };
        let params = func.vars.iter().zip(&func.defaults).map(|(var, default)| {
            let default = default.map_or(String::new(), |id| format!(" = {}()", name_of_func(self.hir, id)));
            format!("{}: {}{default}", var.name, var.ty)
        });
        let params = params.collect::<Vec<_>>().join(", ");
        self.line(format_args!("{word} {}#{id}({params}) -> {}: {}", func.name, func.ret, func.effects));
        self.level = 1;
        for at in func.defaults.len()..func.vars.len() {
            let var = VarId(u32::try_from(at).unwrap_or(u32::MAX));
            let what = if func.captures.contains(&var) { "capture" } else { "var" };
            let grows = if func.vars[at].grows { " that grows" } else { "" };
            self.line(format_args!("{what} {}: {}{grows}", self.var(var), func.vars[at].ty));
        }
        for (capture, fact, var) in &func.facts {
            self.line(format_args!("{} holds {}.{}", self.var(*var), self.var(*capture), fact.name()));
        }
        self.stmts(&func.body);
        self.level = 0;
    }

    /// A variable's name, with its number where another has the same or it has none.
    fn var(&self, var: VarId) -> String {
        let name = self.func.vars.get(var.0 as usize).map_or("", |v| v.name.as_str());
        let alone = self.func.vars.iter().filter(|v| v.name == name).count() == 1;
        if alone && !name.is_empty() { name.to_owned() } else { format!("{name}%{}", var.0) }
    }

    fn stmts(&mut self, stmts: &[Stmt]) {
        stmts.iter().for_each(|s| self.stmt(s));
    }

    /// A line that ends with what `tail` writes, and a block below it.
    fn block(&mut self, head: impl FnOnce(&mut Self), stmts: &[Stmt]) {
        self.start();
        head(self);
        self.put('\n');
        self.level += 1;
        self.stmts(stmts);
        self.level -= 1;
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::If(arms, otherwise) => self.if_stmt(arms, otherwise),
            StmtKind::For(var, list, body) => self.block(
                |w| {
                    w.put(format_args!("for {} in ", w.var(*var)));
                    w.expr(list);
                },
                body,
            ),
            StmtKind::Repeat(count, var, body) => self.block(
                |w| {
                    w.put("repeat ");
                    w.expr(count);
                    var.iter().for_each(|v| w.put(format_args!(" as {}", w.var(*v))));
                },
                body,
            ),
            StmtKind::While(cond, max, body) => self.block(
                |w| {
                    w.put("while ");
                    w.expr(cond);
                    w.put(" max ");
                    w.expr(max);
                },
                body,
            ),
            StmtKind::Try(attempt) => {
                let restore: Vec<String> = attempt.restore.iter().map(|v| self.var(*v)).collect();
                let kept = if restore.is_empty() {
                    String::new()
                } else {
                    format!(" restoring {}", restore.join(", "))
                };
                self.block(|w| w.put(format_args!("try{kept}")), &attempt.body);
                let error = attempt.error.map_or(String::new(), |e| format!(" {}", self.var(e)));
                self.block(|w| w.put(format_args!("else{error}")), &attempt.handler);
            }
            StmtKind::Role(role, body) => self.block(|w| w.put(role.name()), body),
            _ => {
                self.start();
                self.simple(&stmt.kind);
                self.put('\n');
            }
        }
    }

    fn if_stmt(&mut self, arms: &[(super::Expr, Vec<Stmt>)], otherwise: &[Stmt]) {
        for (at, (cond, body)) in arms.iter().enumerate() {
            let head = |w: &mut Self| {
                w.put(if at == 0 { "if " } else { "else if " });
                w.expr(cond);
            };
            self.block(head, body);
        }
        if !otherwise.is_empty() {
            self.block(|w| w.put("else"), otherwise);
        }
    }

    /// A statement on one line.
    fn simple(&mut self, kind: &StmtKind) {
        match kind {
            StmtKind::Text(parts) => self.text(parts),
            StmtKind::Set(var, value) => {
                self.put(format_args!("{} = ", self.var(*var)));
                self.expr(value);
            }
            StmtKind::Break => self.put("break"),
            StmtKind::Continue => self.put("continue"),
            StmtKind::Yield(value) => self.word("yield", value.as_ref()),
            StmtKind::Return(value) => self.word("return", value.as_ref()),
            StmtKind::Fail(message) => self.word("fail", Some(message)),
            StmtKind::Print(value) => self.word("print", Some(value)),
            StmtKind::Expect(cond, message) => {
                self.word("expect", Some(cond));
                if let Some(message) = message {
                    self.put(", ");
                    self.expr(message);
                }
            }
            StmtKind::Gen(generation) => self.generation(generation),
            StmtKind::Call(call) => self.expr(call),
            StmtKind::If(..)
            | StmtKind::For(..)
            | StmtKind::Repeat(..)
            | StmtKind::While(..)
            | StmtKind::Try(_)
            | StmtKind::Role(..) => {}
        }
    }

    fn word(&mut self, word: &str, value: Option<&super::Expr>) {
        self.put(word);
        if let Some(value) = value {
            self.put(' ');
            self.expr(value);
        }
    }

    fn text(&mut self, parts: &[Part]) {
        self.quoted(parts, |w, part| match part {
            Part::Lit(text, _) => w.put(escaped(text)),
            Part::Value(value) | Part::Call(value) => w.hole(|w| w.expr(value)),
            Part::Gen(generation) => w.hole(|w| w.generation(generation)),
        });
    }

    fn generation(&mut self, generation: &Gen) {
        let Gen { var, append, spec, bindings, ty, options, method, model, tools, call, .. } = generation;
        let list = if *append { "[]" } else { "" };
        self.put(format_args!("{} {}{list}: {ty}", if *call { "call" } else { "gen" }, self.var(*var)));
        if *call {
            let names: Vec<String> = tools.iter().map(|t| name_of_tool(self.hir, *t)).collect();
            self.put(format_args!(" of {}", names.join(" | ")));
        }
        let holes: Vec<String> = bindings.iter().map(|b| self.aside(|w| w.expr(b))).collect();
        self.put(format_args!(" from {}", Spelled { spec: spec.spec(), holes: &holes }));
        match method {
            Method::Greedy => {}
            Method::Norm => self.put(" by norm"),
            Method::Uncond => self.put(" by uncond"),
        }
        let mut word = " with ";
        for (option, value) in options {
            self.put(format_args!("{word}{} = ", option.name()));
            self.expr(value);
            word = ", ";
        }
        if let Some(id) = model {
            let name = self.hir.models.get(*id as usize).map_or("?", |m| m.0.as_str());
            self.put(format_args!("{word}model = {name}#{id}"));
            word = ", ";
        }
        if !*call && !tools.is_empty() {
            let names: Vec<String> = tools.iter().map(|t| name_of_tool(self.hir, *t)).collect();
            self.put(format_args!("{word}tools = [{}]", names.join(", ")));
        }
    }

    /// What something writes, as a text of its own.
    fn aside(&mut self, write: impl FnOnce(&mut Self)) -> String {
        let outer = std::mem::take(&mut self.out);
        write(self);
        std::mem::replace(&mut self.out, outer)
    }
}
