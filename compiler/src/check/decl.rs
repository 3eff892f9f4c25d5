//! Declarations: all are collected first, so that order in a file does not matter, and then checked one by
//! one.

use std::collections::HashSet;

use super::Checker;
use super::instances::Target;
use super::link::Global;
use super::slots::{Origin, Param, Slot, State, TypeSlot};
use super::types::TypeInfo;
use crate::Options;
use crate::ast::{self, Item};
use crate::diag::Diag;
use crate::hir::{self, Effects, Expr, ExprKind, Func, Hir, Stmt, StmtKind};
use crate::ir::{Const, FuncKind};
use crate::source::Span;
use crate::ty::Ty;

/// What is wrong with a file of several agents.
const UNCLEAR: &str = "it is not clear which agent to run";

impl<'a> Checker<'a> {
    pub(super) fn run(&mut self, options: &Options) -> Option<Hir> {
        self.collect();
        let main = self.collect_main();
        self.instantiate();
        self.find_effects();
        let model = self.check_models();
        for id in self.checking_order() {
            if !self.decls.slots[id].waits() {
                self.check_slot(id);
            }
        }
        self.check_rest();
        let entry = self.entry(options.agent.as_deref(), main)?;
        let chat = self.reaches_role(entry);
        let named = self.named_places();
        let idle_docs = self.idle_docs();
        let declared = if options.declared { self.declared_types() } else { Vec::new() };
        let funcs: Option<Vec<Func>> = self.decls.slots.iter_mut().map(|s| s.hir.take()).collect();
        Some(Hir {
            funcs: funcs?,
            entry: u32::try_from(entry).ok()?,
            types: self.types.named.clone(),
            tools: self.tools_of_hir(),
            tests: self.tests_of_hir(),
            model,
            models: std::mem::take(&mut self.decls.models),
            specs: std::mem::take(&mut self.cache.specs),
            declared,
            idle_docs,
            named,
            chat,
        })
    }

    /// Where the declarations and imports stand that something names, and the variables that text names in
    /// single braces: that nothing else reads these goes without saying.
    fn named_places(&self) -> HashSet<Span> {
        let names = self.program.names;
        let own = self.uses_in_own_group();
        let uses = names.uses_of_files().filter(|name| !own.contains(&name.span));
        let mut places: HashSet<Span> = uses.map(|name| name.bound.place).collect();
        places.extend(names.marked());
        places.extend(&self.decls.hidden_imports);
        self.name_groups(&mut places);
        places
    }

    /// Types of all files first: signatures name them.
    fn collect(&mut self) {
        let modules = self.program.modules.list();
        for (id, module) in modules.iter().enumerate() {
            self.within(id, |c| {
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
        let Some(def) = self.first_declared("type", &decl.name) else { return };
        self.types.numbers.insert(def, self.types.slots.len());
        self.types.slots.push(TypeSlot {
            module: self.module,
            decl,
            recursive: false,
            group: None,
            info: None,
        });
    }

    pub(super) fn declare(&mut self, name: &ast::Ident, global: Global) {
        if let Some(def) = self.first_declared("name", name) {
            self.decls.values.insert(def, global);
        }
    }

    fn collect_const(&mut self, decl: &'a ast::ConstDecl) {
        let ty = decl.ty.as_ref().map(|t| self.value_type(t));
        let id = self.value_slot(&decl.name.name, &decl.value, "a constant", ty, decl.name.span);
        self.declare(&decl.name, Global::Const(id));
    }

    /// Adds a function to be; gives its number.
    pub(super) fn slot(&mut self, slot: Slot<'a>) -> usize {
        self.decls.slots.push(slot);
        self.decls.slots.len() - 1
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
        self.typed_params(owner, params, false).into_iter().map(|(param, _)| param).collect()
    }

    /// Parameters, and what their types let a model write; whether they may be functions.
    pub(super) fn typed_params(
        &mut self,
        owner: &str,
        params: impl Iterator<Item = &'a ast::Param>,
        functions: bool,
    ) -> Vec<(Param, TypeInfo)> {
        let mut out = Vec::new();
        for param in params {
            self.first_declared("parameter", &param.name);
            if let (ast::TypeKind::Fn(params, ret), true) = (&param.ty.kind, functions) {
                out.push((self.func_param(param, params, ret.as_deref()), TypeInfo::error()));
                continue;
            }
            let info = self.value_info(&param.ty);
            let ty = info.ty.clone();
            let name = format!("{owner}.{}", param.name.name);
            let default = param.default.as_ref();
            let default =
                default.map(|e| self.value_slot(&name, e, "a default", Some(ty.clone()), param.name.span));
            out.push((Param { name: param.name.clone(), ty, default, func: None }, info));
        }
        out
    }

    fn func_param(&mut self, param: &'a ast::Param, params: &[ast::Type], ret: Option<&ast::Type>) -> Param {
        let func = Some(self.func_type(params, ret));
        if let Some(default) = &param.default {
            let diag = Diag::new("E0221", default.span, "a parameter that is a function has no default");
            self.report(diag.hint("leave it out, and pass the function in every call"));
        }
        Param { name: param.name.clone(), ty: Ty::Error, default: None, func }
    }

    fn collect_func(&mut self, decl: &'a ast::FuncDecl) {
        let params = self.typed_params(&decl.name.name, decl.params.iter(), true);
        let params: Vec<Param> = params.into_iter().map(|(param, _)| param).collect();
        let functions = params.iter().filter(|param| param.func.is_some());
        let functions = functions.filter_map(|param| self.program.names.local_at(param.name.span));
        let functions = functions.map(|def| (def, Target::Unknown)).collect();
        let ret = decl.ret.as_ref().map(|t| self.value_type(t));
        let slot = Slot::new(&decl.name.name, self.module, Origin::Func(decl), decl.name.span).giving(ret);
        let id = self.slot(Slot { params, functions, ..slot });
        self.declare(&decl.name, Global::Func(id));
    }

    /// The implicit main; `None` if the file has neither statements nor inputs.
    fn collect_main(&mut self) -> Option<usize> {
        let ast = &self.program.modules.list().first()?.ast;
        let inputs: Vec<&ast::Param> =
            ast.items.iter().filter_map(|i| if let Item::Input(p) = i { Some(p) } else { None }).collect();
        let stmts: Vec<&ast::Stmt> =
            ast.items.iter().filter_map(|i| if let Item::Stmt(s) = i { Some(s) } else { None }).collect();
        let agents = self.decls.slots.iter().any(Slot::is_entry);
        if inputs.is_empty() && stmts.is_empty() && agents {
            return None;
        }
        let span = stmts.first().map_or(Span::default(), |s| s.span.to(stmts[stmts.len() - 1].span));
        let params = self.params("main", inputs.into_iter());
        let slot = Slot::new("main", 0, Origin::Main(stmts), span);
        Some(self.slot(Slot { params, ..slot }))
    }

    fn entry(&mut self, agent: Option<&str>, main: Option<usize>) -> Option<usize> {
        let agents: Vec<usize> =
            (0..self.decls.slots.len()).filter(|id| self.decls.slots[*id].is_entry()).collect();
        let named = |name: &str| agents.iter().copied().find(|id| self.decls.slots[*id].name == name);
        if let Some(name) = agent {
            let found = named(name);
            if found.is_none() {
                let names = agents.iter().map(|id| format!("`{}`", self.decls.slots[*id].name));
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
        if found.is_none() && !self.decls.tests.is_empty() {
            return Some(self.unclear_main());
        }
        if found.is_none() && self.lost_items() {
            self.findings.hidden = true;
        } else if found.is_none() {
            let span = agents.first().map_or(Span::default(), |id| self.decls.slots[*id].span);
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
