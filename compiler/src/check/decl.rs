//! Declarations: all are collected first, so that order in a file does not matter, and then checked one by
//! one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::Checker;
use super::scope::Global;
use super::slots::{Origin, Param, Slot, State, TypeSlot};
use crate::ast::{self, Item};
use crate::diag::Diag;
use crate::hir::{self, Effects, Expr, ExprKind, Func, Hir, Stmt, StmtKind};
use crate::ir::{Const, FuncKind};
use crate::source::Span;
use crate::ty::Ty;

/// What is wrong with a file of several agents.
const UNCLEAR: &str = "it is not clear which agent to run";

impl<'a> Checker<'a> {
    pub(super) fn run(&mut self, agent: Option<&str>) -> Option<Hir> {
        self.collect();
        let main = self.collect_main();
        self.find_effects();
        let model = self.check_models();
        for id in self.checking_order() {
            self.check_slot(id);
        }
        let entry = self.entry(agent, main)?;
        let chat = self.reaches_role(entry);
        self.name_groups();
        let funcs: Option<Vec<Func>> = self.slots.iter_mut().map(|s| s.hir.take()).collect();
        Some(Hir {
            funcs: funcs?,
            entry: u32::try_from(entry).ok()?,
            types: self.named.clone(),
            tools: self.tools_of_hir(),
            tests: self.tests_of_hir(),
            model,
            models: std::mem::take(&mut self.models),
            named: std::mem::take(&mut self.named_places),
            chat,
        })
    }

    /// Types of all files first: signatures name them.
    fn collect(&mut self) {
        let modules = self.modules.list();
        for (id, module) in modules.iter().enumerate() {
            self.within(id, |c| {
                c.collect_imports();
                module.ast.items.iter().for_each(|item| {
                    if let Item::Type(decl) = item {
                        c.collect_type(decl);
                    }
                });
                c.collect_models(&module.ast);
            });
        }
        self.resolve_types();
        for (id, module) in modules.iter().enumerate() {
            self.within(id, |c| {
                for item in &module.ast.items {
                    match item {
                        Item::Const(decl) => c.collect_const(decl),
                        Item::Func(decl) => c.collect_func(decl),
                        Item::Tool(decl) => c.collect_tool(decl),
                        // The tests of an imported file are its own business.
                        Item::Test(decl) if id == 0 => c.collect_test(decl),
                        _ => {}
                    }
                }
            });
        }
        for id in 0..modules.len() {
            self.within(id, Checker::check_imports);
        }
    }

    fn collect_type(&mut self, decl: &'a ast::TypeDecl) {
        let id = self.type_slots.len();
        let Some(scope) = self.scopes.get_mut(self.module) else { return };
        let name = decl.name.name.as_str();
        if let Some(first) = scope.types.get(name) {
            let first = self.type_slots[*first].decl.name.span;
            return self.duplicate("type", &decl.name, first);
        }
        scope.types.insert(name, id);
        self.type_slots.push(TypeSlot {
            module: self.module,
            decl,
            recursive: false,
            group: None,
            info: None,
        });
    }

    pub(super) fn declare(&mut self, name: &'a ast::Ident, global: Global) {
        let Some(scope) = self.scopes.get_mut(self.module) else { return };
        match scope.values.get(name.name.as_str()) {
            Some((_, first)) => {
                let first = *first;
                self.duplicate("name", name, first);
            }
            None => drop(scope.values.insert(&name.name, (global, name.span))),
        }
    }

    pub(super) fn duplicate(&mut self, what: &str, name: &ast::Ident, first: Span) {
        let diag = Diag::new("E0102", name.span, format!("the {what} `{}` is declared twice", name.name));
        self.report(diag.label(first, "first here").hint("give one of them another name"));
    }

    fn collect_const(&mut self, decl: &'a ast::ConstDecl) {
        let ty = decl.ty.as_ref().map(|t| self.value_type(t));
        let id = self.value_slot(&decl.name.name, &decl.value, "a constant", ty, decl.name.span);
        self.declare(&decl.name, Global::Const(id));
    }

    /// Adds a function to be; gives its number.
    pub(super) fn slot(&mut self, slot: Slot<'a>) -> usize {
        self.slots.push(slot);
        self.slots.len() - 1
    }

    fn value_slot(
        &mut self,
        name: &str,
        expr: &'a ast::Expr,
        what: &'static str,
        ty: Option<Ty>,
        span: Span,
    ) -> usize {
        let origin = Origin::Value { expr, what };
        self.slot(Slot::new(name, self.module, origin, span).giving(ty))
    }

    pub(super) fn params(&mut self, owner: &str, params: impl Iterator<Item = &'a ast::Param>) -> Vec<Param> {
        let mut out: Vec<Param> = Vec::new();
        let mut names: HashMap<&str, Span> = HashMap::new();
        for param in params {
            match names.entry(&param.name.name) {
                Entry::Occupied(first) => self.duplicate("parameter", &param.name, *first.get()),
                Entry::Vacant(free) => _ = free.insert(param.name.span),
            }
            let ty = self.value_type(&param.ty);
            let name = format!("{owner}.{}", param.name.name);
            let default = param.default.as_ref();
            let default =
                default.map(|e| self.value_slot(&name, e, "a default", Some(ty.clone()), param.name.span));
            out.push(Param { name: param.name.clone(), ty, default });
        }
        out
    }

    fn collect_func(&mut self, decl: &'a ast::FuncDecl) {
        let params = self.params(&decl.name.name, decl.params.iter());
        let ret = decl.ret.as_ref().map(|t| self.value_type(t));
        let slot = Slot::new(&decl.name.name, self.module, Origin::Func(decl), decl.name.span).giving(ret);
        let id = self.slot(Slot { params, ..slot });
        self.declare(&decl.name, Global::Func(id));
    }

    /// The implicit main; `None` if the file has neither statements nor inputs.
    fn collect_main(&mut self) -> Option<usize> {
        let ast = &self.modules.list().first()?.ast;
        let inputs: Vec<&ast::Param> =
            ast.items.iter().filter_map(|i| if let Item::Input(p) = i { Some(p) } else { None }).collect();
        let stmts: Vec<&ast::Stmt> =
            ast.items.iter().filter_map(|i| if let Item::Stmt(s) = i { Some(s) } else { None }).collect();
        let agents = self.slots.iter().any(Slot::is_entry);
        if inputs.is_empty() && stmts.is_empty() && agents {
            return None;
        }
        let span = stmts.first().map_or(Span::default(), |s| s.span.to(stmts[stmts.len() - 1].span));
        let params = self.params("main", inputs.into_iter());
        let slot = Slot::new("main", 0, Origin::Main(stmts), span);
        Some(self.slot(Slot { params, ..slot }))
    }

    fn entry(&mut self, agent: Option<&str>, main: Option<usize>) -> Option<usize> {
        let agents: Vec<usize> = (0..self.slots.len()).filter(|id| self.slots[*id].is_entry()).collect();
        let named = |name: &str| agents.iter().copied().find(|id| self.slots[*id].name == name);
        if let Some(name) = agent {
            let found = named(name);
            if found.is_none() {
                let names = agents.iter().map(|id| format!("`{}`", self.slots[*id].name));
                let names: Vec<String> = names.collect();
                let diag = Diag::new("E0500", Span::default(), format!("there is no agent `{name}`"));
                let hint = if names.is_empty() {
                    "this file declares no agent: leave --agent out, or declare one".to_owned()
                } else {
                    format!("the agents are {}", names.join(", "))
                };
                self.report(diag.hint(hint));
            }
            return found;
        }
        let found = main.or_else(|| named("main")).or(if agents.len() == 1 { Some(agents[0]) } else { None });
        if found.is_none() && !self.tests.is_empty() {
            return Some(self.unclear_main());
        }
        if found.is_none() && self.lost_items() {
            self.hidden = true;
        } else if found.is_none() {
            let span = agents.first().map_or(Span::default(), |id| self.slots[*id].span);
            let diag = Diag::new("E0501", span, UNCLEAR);
            self.report(diag.hint("name one of them `main`, add top-level statements that call one, or pick one with --agent NAME"));
        }
        found
    }

    /// Stands in for an entry point where tests can run all the same: a run of it fails.
    fn unclear_main(&mut self) -> usize {
        let span = Span::default();
        let message = Const::Str(format!("{UNCLEAR}: pick one with --agent NAME"));
        let message = Expr { kind: ExprKind::Const(message), ty: Ty::Str, span };
        let body = vec![Stmt { kind: StmtKind::Fail(message), span }];
        let func = Func {
            name: "main".to_owned(),
            origin: hir::Origin::Func,
            kind: FuncKind::Main,
            defaults: Vec::new(),
            ret: Ty::Null,
            effects: Effects::default(),
            vars: Vec::new(),
            captures: Vec::new(),
            facts: Vec::new(),
            body,
            span,
        };
        let slot = Slot::new("main", 0, Origin::Main(Vec::new()), span);
        self.slot(Slot { hir: Some(func), state: State::Done, ..slot })
    }
}
