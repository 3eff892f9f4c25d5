//! Models that a program declares: the default model of its own file, and the named models of every file.

use super::Checker;
use super::body::Body;
use crate::ast::{self, Ast, Ident, Item};
use crate::diag::Diag;
use crate::ir::{Const, ModelDecl};
use crate::resolve::DefId;

impl<'a> Checker<'a> {
    /// Numbers the named models of the current file.
    pub(super) fn collect_models(&mut self, ast: &'a Ast) {
        for item in &ast.items {
            let Item::Model(decl) = item else { continue };
            let Some(name) = &decl.name else { continue };
            let id = u32::try_from(self.decls.models.len()).unwrap_or(u32::MAX);
            if let Some(def) = self.first_declared("model", name) {
                self.decls.model_numbers.insert(def, id);
                self.decls.models.push((name.name.clone(), ModelDecl::default()));
            }
        }
    }

    /// Reads the settings of all named models; gives the default model of the program's own file.
    pub(super) fn check_models(&mut self) -> Option<ModelDecl> {
        let modules = self.program.modules.list();
        let mut default = None;
        for (id, module) in modules.iter().enumerate() {
            let decls =
                module.ast.items.iter().filter_map(|i| if let Item::Model(m) = i { Some(m) } else { None });
            let mut first: Option<&ast::ModelDecl> = None;
            for decl in decls {
                let model = self.within(id, |c| c.model(decl));
                match (&decl.name, first) {
                    (Some(name), _) => self.keep_model(name, model),
                    (None, Some(first)) => {
                        let diag = Diag::new("E0102", decl.model.span, "the default model is declared twice");
                        let diag = diag.label(first.model.span, "first here");
                        self.report(diag.hint("remove one of them, or give it a name: model small = \"…\""));
                    }
                    (None, None) => {
                        first = Some(decl);
                        default = if id == 0 { Some(model) } else { default };
                    }
                }
            }
        }
        default
    }

    fn keep_model(&mut self, name: &Ident, model: ModelDecl) {
        let names = self.program.names;
        let first = |def: &DefId| names.definition(*def).is_some_and(|def| def.span == name.span);
        let id = names.def_at(name.span).filter(first).and_then(|def| self.decls.model_numbers.get(&def));
        if let Some(slot) = id.and_then(|id| self.decls.models.get_mut(*id as usize)) {
            slot.1 = model;
        }
    }

    fn model(&mut self, decl: &'a ast::ModelDecl) -> ModelDecl {
        let name = decl.model.literal().unwrap_or_else(|| {
            let diag = Diag::new("E0025", decl.model.span, "a model's name cannot contain `{{ }}`");
            self.report(diag.hint("write the name itself; the command line can override it with --model"));
            String::new()
        });
        let mut model = ModelDecl { name, ..ModelDecl::default() };
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in &decl.settings {
            if seen.contains(&key.name.as_str()) {
                let diag = Diag::new("E0213", key.span, format!("the setting `{}` is given twice", key.name));
                self.report(diag.hint("remove one of them"));
            }
            seen.push(&key.name);
            self.model_setting(&mut model, key, value);
        }
        model
    }

    #[allow(clippy::cast_precision_loss)]
    fn model_setting(&mut self, model: &mut ModelDecl, key: &ast::Ident, value: &'a ast::Expr) {
        self.body = Body::default();
        self.body.around.pure_only = Some("a model setting");
        let value = self.expr(value, None);
        self.body.around.pure_only = None;
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
                    "ctx is a positive int, seed an int of at least 0, temp a number of at least 0; all are literals",
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
