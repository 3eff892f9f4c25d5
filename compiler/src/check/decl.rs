//! Declarations: collected first, so that order in a file does not matter; then checked one by one.

use super::body::Body;
use super::effects::scan;
use super::slots::{Effects, Origin, Param, Slot, State, TypeSlot};
use super::{Checker, Global};
use crate::ast::{self, FuncWord, Item};
use crate::diag::Diag;
use crate::hir::{Func, Hir, Stmt, StmtKind};
use crate::ir::{Const, FuncKind, ModelDecl};
use crate::source::Span;
use crate::ty::{self, Ty};

/// How many functions, constants or types may wait for one another's types. Costs stack.
pub(super) const MAX_INFERRING: usize = 24;

/// How deep in expressions and blocks a call may stand whose callee has to be checked first.
const MAX_WAITING_DEPTH: usize = 200;

impl<'a> Checker<'a> {
    pub(super) fn run(&mut self, agent: Option<&str>) -> Option<Hir> {
        self.collect();
        let main = self.collect_main();
        self.find_effects();
        for id in 0..self.type_slots.len() {
            let decl = self.type_slots[id].decl;
            self.named_type_of(decl);
        }
        for id in 0..self.slots.len() {
            self.check_slot(id);
        }
        let model = self.model();
        let entry = self.entry(agent, main)?;
        let chat = self.reaches_role(entry);
        let funcs: Option<Vec<Func>> = self.slots.iter_mut().map(|s| s.hir.take()).collect();
        Some(Hir {
            funcs: funcs?,
            entry: u32::try_from(entry).ok()?,
            types: Vec::new(),
            tools: Vec::new(),
            tests: Vec::new(),
            model,
            models: Vec::new(),
            chat,
        })
    }

    fn named_type_of(&mut self, decl: &'a ast::TypeDecl) {
        let span = decl.name.span;
        let path = ast::Path { names: vec![decl.name.clone()], span };
        let name = ast::Type { kind: ast::TypeKind::Name(path, None), span };
        self.resolve(&name);
    }

    fn collect(&mut self) {
        let ast = self.ast;
        for item in &ast.items {
            match item {
                Item::Type(decl) => self.collect_type(decl),
                Item::Import(import) => self.not_yet("importing other files", import.span),
                Item::Tool(tool) => self.not_yet("declaring tools", tool.name.span),
                Item::Test(test) => self.not_yet("a `test` block", test.name.span),
                _ => {}
            }
        }
        for item in &ast.items {
            match item {
                Item::Const(decl) => self.collect_const(decl),
                Item::Func(decl) => self.collect_func(decl),
                _ => {}
            }
        }
    }

    fn collect_type(&mut self, decl: &'a ast::TypeDecl) {
        let name = decl.name.name.as_str();
        if let Some(first) = self.types.get(name) {
            let first = self.type_slots[*first].decl.name.span;
            return self.duplicate("type", &decl.name, first);
        }
        self.types.insert(name, self.type_slots.len());
        self.type_slots.push(TypeSlot { decl, state: State::Todo, info: None });
    }

    fn declare(&mut self, name: &'a ast::Ident, global: Global) {
        match self.global(name.name.as_str()) {
            Some((_, first)) => self.duplicate("name", name, first),
            None => {
                self.globals.insert(&name.name, (global, name.span));
            }
        }
    }

    pub(super) fn duplicate(&mut self, what: &str, name: &ast::Ident, first: Span) {
        let diag = Diag::new("E0102", name.span, format!("the {what} `{}` is declared twice", name.name));
        self.report(diag.label(first, "first here").hint("give one of them another name"));
    }

    fn collect_const(&mut self, decl: &'a ast::ConstDecl) {
        let ty = decl.ty.as_ref().map(|t| self.deferred_type(t));
        let id = self.value_slot(&decl.name.name, &decl.value, "a constant", ty, decl.name.span);
        self.declare(&decl.name, Global::Const(id));
    }

    /// Types of signatures are resolved while collecting: every type is declared by then.
    fn deferred_type(&mut self, ty: &'a ast::Type) -> Ty {
        self.value_type(ty)
    }

    fn value_slot(
        &mut self,
        name: &str,
        expr: &'a ast::Expr,
        what: &'static str,
        ty: Option<Ty>,
        span: Span,
    ) -> usize {
        self.slots.push(Slot {
            name: name.to_owned(),
            origin: Origin::Value { expr, what },
            params: Vec::new(),
            declared: ty.is_some(),
            ret: ty,
            state: State::Todo,
            effects: Effects::default(),
            hir: None,
            span,
        });
        self.slots.len() - 1
    }

    fn params(&mut self, owner: &str, params: impl Iterator<Item = &'a ast::Param>) -> Vec<Param> {
        let mut out: Vec<Param> = Vec::new();
        for param in params {
            if let Some(first) = out.iter().find(|p| p.name.name == param.name.name) {
                let first = first.name.span;
                self.duplicate("parameter", &param.name, first);
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
        self.slots.push(Slot {
            name: decl.name.name.clone(),
            origin: Origin::Func(decl),
            params,
            declared: ret.is_some(),
            ret,
            state: State::Todo,
            effects: Effects::default(),
            hir: None,
            span: decl.name.span,
        });
        self.declare(&decl.name, Global::Func(self.slots.len() - 1));
    }

    /// The implicit main; `None` if the file has neither statements nor inputs.
    fn collect_main(&mut self) -> Option<usize> {
        let ast = self.ast;
        let inputs: Vec<&ast::Param> =
            ast.items.iter().filter_map(|i| if let Item::Input(p) = i { Some(p) } else { None }).collect();
        let stmts: Vec<&ast::Stmt> =
            ast.items.iter().filter_map(|i| if let Item::Stmt(s) = i { Some(s) } else { None }).collect();
        let agents = self.slots.iter().any(Slot::is_agent);
        if inputs.is_empty() && stmts.is_empty() && agents {
            return None;
        }
        let span = stmts.first().map_or(Span::default(), |s| s.span.to(stmts[stmts.len() - 1].span));
        let params = self.params("main", inputs.into_iter());
        self.slots.push(Slot {
            name: "main".to_owned(),
            origin: Origin::Main(stmts),
            params,
            ret: None,
            declared: false,
            state: State::Todo,
            effects: Effects::default(),
            hir: None,
            span,
        });
        Some(self.slots.len() - 1)
    }

    /// Checks a function unless that was done, or is being done.
    pub(super) fn check_slot(&mut self, id: usize) {
        if self.slots[id].state != State::Todo {
            return;
        }
        self.slots[id].state = State::Busy;
        self.inferring += 1;
        let outer = std::mem::take(&mut self.body);
        let outer_pure = self.pure_only.take();
        let hir = match self.slots[id].origin.clone() {
            Origin::Value { expr, what } => self.value_func(id, expr, what),
            Origin::Func(decl) => self.stmt_func(id, decl.body.stmts.iter()),
            Origin::Main(stmts) => self.stmt_func(id, stmts.into_iter()),
        };
        self.body = outer;
        self.pure_only = outer_pure;
        self.inferring -= 1;
        let slot = &mut self.slots[id];
        slot.ret.get_or_insert_with(|| hir.ret.clone());
        slot.hir = Some(hir);
        slot.state = State::Done;
    }

    /// The function that computes a constant or a default.
    fn value_func(&mut self, id: usize, expr: &'a ast::Expr, what: &'static str) -> Func {
        self.body.enter();
        self.pure_only = Some(what);
        let want = self.slots[id].ret.clone();
        let mut value = self.expr(expr, want.as_ref());
        match &want {
            Some(want) => value = self.coerce(value, want, what),
            None => value.ty = self.settled(&value.ty.widened(), expr.span),
        }
        let (span, ret) = (self.slots[id].span, want.unwrap_or_else(|| value.ty.clone()));
        let place = value.span;
        let body = vec![Stmt { kind: StmtKind::Return(Some(value)), span: place }];
        Func {
            name: self.slots[id].name.clone(),
            kind: FuncKind::Fn,
            defaults: Vec::new(),
            ret,
            pure: true,
            vars: std::mem::take(&mut self.body.vars),
            captures: Vec::new(),
            body,
            span,
        }
    }

    fn stmt_func(&mut self, id: usize, stmts: impl Iterator<Item = &'a ast::Stmt> + Clone) -> Func {
        let kind = match &self.slots[id].origin {
            Origin::Func(decl) if decl.word == FuncWord::Agent => FuncKind::Agent,
            Origin::Func(_) => FuncKind::Fn,
            _ => FuncKind::Main,
        };
        self.body =
            Body { want: self.slots[id].ret.clone(), main: kind == FuncKind::Main, ..Body::default() };
        self.body.enter();
        for param in self.slots[id].params.clone() {
            self.body.declare(&param.name.name, param.ty, param.name.span);
        }
        let found = scan(stmts.clone());
        self.body.captures = found.gens.iter().map(|g| (g.name.name.clone(), None)).collect();
        let mut body = Vec::new();
        for stmt in stmts {
            self.stmt(stmt, &mut body);
        }
        let ret = self.result_type(id);
        let slot = &self.slots[id];
        Func {
            name: slot.name.clone(),
            kind,
            defaults: slot.params.iter().map(|p| p.default.and_then(|d| u32::try_from(d).ok())).collect(),
            ret,
            pure: slot.effects.pure(),
            vars: std::mem::take(&mut self.body.vars),
            captures: std::mem::take(&mut self.body.order),
            body,
            span: slot.span,
        }
    }

    /// The declared or inferred result type; reports a way to the end without a value.
    fn result_type(&mut self, id: usize) -> Ty {
        let falls_through = self.body.flow.live;
        let name = self.slots[id].name.clone();
        let span = self.slots[id].span;
        let declared = self.slots[id].declared.then(|| self.slots[id].ret.clone()).flatten();
        let Some(want) = declared else {
            let returned = self.body.returned.take();
            return match returned {
                None => Ty::Null,
                Some(ty) if !falls_through || ty.may_be_null() => self.settled(&ty, span),
                Some(ty) if self.body.main => ty::union(vec![ty, Ty::Null]),
                Some(ty) => {
                    self.missing_return(&name, &ty, span);
                    ty
                }
            };
        };
        if falls_through && !want.may_be_null() {
            self.missing_return(&name, &want, span);
        }
        want
    }

    fn missing_return(&mut self, name: &str, ty: &Ty, span: Span) {
        let diag = Diag::new("E0208", span, format!("`{name}` gives {ty}, but can end without `return`"));
        self.report(diag.hint("add a `return` at its end"));
    }

    /// A type that a variable or a result can have: not too large, and known.
    pub(super) fn settled(&mut self, ty: &Ty, span: Span) -> Ty {
        if ty.is_error() {
            return Ty::Error;
        }
        if ty.size() > ty::MAX_SIZE {
            let diag = Diag::new("E0211", span, "the type of this value is too large");
            return self.fail(diag.hint("build large values from text with `parse_json`"));
        }
        if ty.has_never() {
            let diag = Diag::new("E0216", span, "the items of this empty list are of an unknown type");
            return self.fail(diag.hint("write the type: let xs: str[] = []"));
        }
        ty.clone()
    }

    /// Whether no further function may be checked before this one is done: the stack is finite.
    pub(super) fn waits_too_long(&self) -> bool {
        self.inferring > MAX_INFERRING || self.depth > MAX_WAITING_DEPTH
    }

    /// The result type of a function, checking it first if it has to be inferred.
    pub(super) fn result_of(&mut self, id: usize, span: Span) -> Ty {
        if let Some(ty) = &self.slots[id].ret {
            return ty.clone();
        }
        let too_long = self.waits_too_long();
        if self.slots[id].state == State::Busy || too_long {
            let name = self.slots[id].name.clone();
            let why = if too_long { "waits for too many others" } else { "calls itself" };
            let diag =
                Diag::new("E0209", span, format!("the result type of `{name}` cannot be inferred: it {why}"));
            let ty = self.fail(diag.hint(format!("write it down: fn {name}(…) -> T {{ … }}")));
            if !too_long {
                self.slots[id].ret = Some(Ty::Error);
            }
            return ty;
        }
        self.check_slot(id);
        self.slots[id].ret.clone().unwrap_or(Ty::Error)
    }

    fn entry(&mut self, agent: Option<&str>, main: Option<usize>) -> Option<usize> {
        let agents: Vec<usize> = (0..self.slots.len()).filter(|id| self.slots[*id].is_agent()).collect();
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
        if found.is_none() {
            let span = agents.first().map_or(Span::default(), |id| self.slots[*id].span);
            let diag = Diag::new("E0501", span, "it is not clear which agent to run");
            self.report(diag.hint("name one of them `main`, add top-level statements that call one, or pick one with --agent NAME"));
        }
        found
    }

    fn model(&mut self) -> Option<ModelDecl> {
        let ast = self.ast;
        let mut decls = ast.items.iter().filter_map(|i| if let Item::Model(m) = i { Some(m) } else { None });
        let decl = decls.next()?;
        for other in decls {
            let diag = Diag::new("E0102", other.model.span, "the default model is declared twice");
            self.report(diag.label(decl.model.span, "first here").hint("remove one of them"));
        }
        let name = decl.model.literal().unwrap_or_else(|| {
            let diag = Diag::new("E0025", decl.model.span, "a model's name holds no `{{ }}`");
            self.report(diag.hint("write the name itself; the command line can override it with --model"));
            String::new()
        });
        let mut model = ModelDecl { name, ctx: None, seed: None, temp: None };
        for (key, value) in &decl.settings {
            self.model_setting(&mut model, key, value);
        }
        Some(model)
    }

    #[allow(clippy::cast_precision_loss)]
    fn model_setting(&mut self, model: &mut ModelDecl, key: &ast::Ident, value: &'a ast::Expr) {
        self.body = Body::default();
        self.body.enter();
        self.pure_only = Some("a model setting");
        let value = self.expr(value, None);
        self.pure_only = None;
        if value.ty.is_error() {
            return;
        }
        let constant = match value.kind {
            crate::hir::ExprKind::Const(c) => Some(c),
            _ => None,
        };
        let fine = match (key.name.as_str(), &constant) {
            ("ctx", Some(Const::Int(n))) => {
                model.ctx = u32::try_from(*n).ok().filter(|n| *n > 0);
                model.ctx.is_some()
            }
            ("seed", Some(Const::Int(n))) => {
                model.seed = u64::try_from(*n).ok();
                model.seed.is_some()
            }
            ("temp", Some(Const::Int(n))) => set_temp(model, *n as f64),
            ("temp", Some(Const::Float(x))) => set_temp(model, *x),
            ("ctx" | "seed" | "temp", _) => false,
            _ => return self.unknown_setting(key),
        };
        if !fine {
            let diag = Diag::new("E0502", value.span, format!("`{}` cannot have this value", key.name));
            self.report(
                diag.hint(
                    "ctx is a positive int, seed an int from 0, temp a number from 0; all are literals",
                ),
            );
        }
    }

    fn unknown_setting(&mut self, key: &ast::Ident) {
        let diag = Diag::new("E0502", key.span, format!("a model has no setting `{}`", key.name));
        self.report(diag.hint("the settings are ctx, seed and temp"));
    }
}

fn set_temp(model: &mut ModelDecl, temp: f64) -> bool {
    model.temp = Some(temp).filter(|t| *t >= 0.0);
    model.temp.is_some()
}
