//! `gen`, `select` and `call`: what they may write, and what they bind. Options have a file of their own.

use agentc_constraint::spec::Spec;

use super::Checker;
use super::body::Captured;
use super::names::Meant;
use super::types::Generated;
use crate::ast::{self, Expr as Ast, ExprKind as A, GenKind, Ident, Path};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, Gen, VarId};
use crate::ir::{Const, Method};
use crate::resolve::DefKind;
use crate::source::Span;
use crate::ty::{self, Field, Ty};

/// What a generation writes, as far as it is known.
pub(super) struct Written {
    /// `None` if it cannot be said; reported already.
    pub(super) spec: Option<Spec>,
    /// The values of its holes.
    pub(super) bindings: Vec<Expr>,
    /// The type of its value.
    pub(super) ty: Ty,
    /// Whether it is written in JSON.
    pub(super) json: bool,
    /// How a `select` chooses.
    pub(super) method: Method,
    /// The tools of a `call`.
    pub(super) tools: Vec<u32>,
}

impl Written {
    /// Of a spec, in plain text.
    fn plain(spec: Option<Spec>, bindings: Vec<Expr>, ty: Ty) -> Written {
        Written { spec, bindings, ty, json: false, method: Method::Greedy, tools: Vec::new() }
    }
}

impl Checker<'_> {
    /// Checks a generation and binds its capture; `None` if it cannot be compiled.
    pub(super) fn generation(&mut self, generation: &ast::Gen) -> Option<Gen> {
        if let Some(place) = self.body.around.pure_only {
            let diag = Diag::new("E0300", generation.span, format!("{place} cannot generate"));
            self.report(diag.hint("generate in a statement first, then use the name"));
        }
        let mut written = match &generation.kind {
            GenKind::Gen(ty) => self.typed(ty.as_ref()),
            GenKind::Select { from, by } => self.selected(from, by.as_ref()),
            GenKind::Call(paths) => self.called(paths, generation.span),
        };
        let chosen = self.options(generation, &mut written);
        let call = matches!(generation.kind, GenKind::Call(_));
        let listed = written.spec.as_ref().is_none_or(lists);
        let chooses = matches!(generation.kind, GenKind::Select { .. }) || is_choice(&written.ty) && listed;
        let what = Captured { chooses, samples: chosen.samples, call };
        let var = self.bind_capture(generation, &written.ty, what);
        let tools = if call { written.tools } else { chosen.tools };
        let (var, spec) = (var?, written.spec?);
        Some(Gen {
            var,
            name: generation.name.name.clone(),
            append: generation.append,
            spec: self.cache.specs.share(spec),
            bindings: written.bindings,
            stops: chosen.stop_places,
            ty: written.ty,
            json: written.json,
            options: chosen.options,
            method: written.method,
            model: chosen.model,
            tools,
            tools_span: chosen.tools_place,
            call,
            span: generation.span,
        })
    }

    fn typed(&mut self, ty: Option<&ast::Type>) -> Written {
        let Some(ty) = ty else {
            return Written::plain(Some(Spec::Text { min: 0, max: None }), Vec::new(), Ty::Str);
        };
        let Generated { spec, bindings, ty, json } = self.generated(ty);
        Written { json, ..Written::plain(spec, bindings, ty) }
    }

    fn selected(&mut self, from: &Ast, by: Option<&Ident>) -> Written {
        let method = match by.map(|b| b.name.as_str()) {
            None | Some("greedy") => Method::Greedy,
            Some("norm") => Method::Norm,
            Some("uncond") => Method::Uncond,
            Some(method) => {
                let span = by.map_or(from.span, |b| b.span);
                let diag = Diag::new("E0104", span, format!("there is no method `{method}`"));
                self.report(diag.hint("the methods are greedy, norm and uncond"));
                Method::Greedy
            }
        };
        Written { method, ..self.select_from(from) }
    }

    fn select_from(&mut self, from: &Ast) -> Written {
        let list = match &from.kind {
            A::Name(name) if !self.is_known(from.span) => {
                self.unknown_name(name, from.span, &Meant::List);
                super::expr::error(from.span)
            }
            _ => self.expr(from, None),
        };
        if let ExprKind::List(items) = &list.kind
            && let Some(written) = self.select_literals(items, &list)
        {
            return written;
        }
        let strings = Ty::list(Ty::Str);
        if !list.ty.is_error() && !ty::fits(&list.ty, &strings) {
            let diag = Diag::new(
                "E0200",
                list.span,
                format!("`select` takes a list of strings, but this is {}", list.ty),
            );
            self.report(diag.hint("write select NAME from [\"a\", \"b\"]"));
        }
        Written::plain(Some(Spec::OneOf { hole: 0 }), vec![list], Ty::Str)
    }

    /// A list of literals is a union that the checker can look into.
    fn select_literals(&mut self, items: &[Expr], list: &Expr) -> Option<Written> {
        if items.is_empty() {
            let diag = Diag::new("E0402", list.span, "there is nothing to select from");
            self.report(diag.hint("put at least one option into the list"));
            return Some(Written::plain(None, Vec::new(), Ty::Str));
        }
        let mut members = Vec::new();
        for item in items {
            match &item.kind {
                ExprKind::Const(value) if !item.ty.is_error() => members.push(literal(value)),
                _ => return None,
            }
        }
        let ty = items.iter().fold(Ty::Never, |ty, i| ty::join(&ty, &i.ty));
        Some(Written::plain(Some(Spec::Union { members }), Vec::new(), ty))
    }

    /// `call x: t1 | t2`: the model picks one of the tools.
    fn called(&mut self, paths: &[Path], span: Span) -> Written {
        let (mut listed, mut names, mut result) = (Vec::new(), Vec::new(), vec![Ty::Null]);
        let (mut calls, mut good) = (Vec::new(), true);
        for path in paths {
            let Some(tool) = self.tool(path) else {
                good = false;
                continue;
            };
            if !self.list_tool(&mut listed, &tool, path) {
                continue;
            }
            names.push(Ty::Lit(Const::Str(tool.name)));
            calls.push(tool.call);
            result.insert(result.len() - 1, tool.ret);
        }
        let field = |name: &str, ty: Ty| Field { name: name.to_owned(), ty, optional: false };
        let ty = Ty::Record(vec![
            field("tool", ty::union(names)),
            field("args", Ty::Any),
            field("result", ty::union(result)),
            field("error", ty::union(vec![Ty::Str, Ty::Null])),
        ]);
        let calls = calls.into_iter().collect::<Option<Vec<Spec>>>().filter(|_| good);
        let spec = calls.map(|members| Spec::JsonOf { value: Box::new(Spec::Union { members }) });
        let spec = spec.and_then(|spec| self.closed(spec, span));
        // Whatever it was is reported, or hidden with the declaration that it stands in.
        self.findings.hidden |= spec.is_none();
        let ty = if good { ty } else { Ty::Error };
        let tools = listed.into_iter().map(|listed| listed.id).collect();
        Written { tools, json: true, ..Written::plain(spec, Vec::new(), ty) }
    }

    /// The variable that the capture is: one of a block if it is declared, else one of the function.
    fn bind_capture(&mut self, generation: &ast::Gen, item: &Ty, what: Captured) -> Option<VarId> {
        let name = &generation.name;
        let list = generation.append || what.samples;
        let ty = if list { Ty::list(item.clone()) } else { item.clone() };
        let nullable = ty.may_be_null();
        let Some(def) = self.program.names.local_at(name.span) else {
            // Only what was read of a broken statement has two names in one place.
            self.findings.hidden = true;
            return None;
        };
        let captures = self.program.names.kind(def) == Some(DefKind::Capture);
        if let Some(place) = self.program.names.clash(def) {
            let message = format!("`{}` is the name of something declared or imported", name.name);
            let diag = Diag::new("E0106", name.span, message);
            self.report(diag.label(place, "declared here").hint("choose another name for the capture"));
            return None;
        }
        let known = self.body.variables.var_of.get(&def).copied();
        if let Some(var) = known.filter(|var| !captures && self.body.is_outside_of_branch(*var)) {
            self.assigned_in_branch(var, name);
        }
        let var = match known {
            Some(var) => self.rebind(var, &ty, name),
            None => {
                let var = self.body.new_var(&name.name, ty, name.span);
                self.body.variables.var_of.insert(def, var);
                self.body.variables.list[var.0 as usize].grows = generation.append;
                var
            }
        };
        self.body.note_capture(var);
        self.body.changed_by_generation(var);
        if !nullable {
            self.body.flow.is_not_null(var);
        }
        // A list that grows is there from the start, empty.
        if !generation.append && (known.is_none() || self.body.is_captured(var)) {
            self.body.generate(var, what);
        }
        Some(var)
    }

    fn rebind(&mut self, var: VarId, ty: &Ty, name: &Ident) -> VarId {
        let old = self.body.ty(var).clone();
        // What may be null may get a value that is not; nothing is converted.
        let same = ty.base() == old.base() || ty.base() == old.without_null().base();
        if !ty::fits(ty, &old) || !same {
            let diag =
                Diag::new("E0207", name.span, format!("`{}` is {old} and cannot become {ty}", name.name));
            let diag = diag.label(self.body.place(var), "first bound here");
            self.report(diag.hint("a name keeps its type: choose another name"));
        }
        var
    }
}

/// What a literal value is written as.
fn literal(value: &Const) -> Spec {
    let text = value.to_string();
    if matches!(value, Const::Str(_)) { Spec::Literal { text } } else { Spec::Constant { text } }
}

/// Whether a spec lists its texts, as a union of literals does, and a schema with an `enum` does not.
fn lists(spec: &Spec) -> bool {
    match spec {
        Spec::Bool | Spec::Literal { .. } | Spec::Constant { .. } | Spec::OneOf { .. } => true,
        Spec::Union { members } => members.iter().all(lists),
        Spec::And { members } => members.iter().any(lists),
        Spec::JsonOf { value } | Spec::Flexible { value } | Spec::Until { value, .. } => lists(value),
        _ => false,
    }
}

/// Whether a value is one of several literals.
fn is_choice(ty: &Ty) -> bool {
    let options = ty.alternatives();
    let literal = |t: &Ty| matches!(t, Ty::Lit(_) | Ty::Null | Ty::Bool);
    options.iter().all(literal) && (options.len() > 1 || options.first() == Some(&Ty::Bool))
}
