//! `gen` and `select`: what may be written, what is bound, and the options.

use agentc_constraint::spec::{Spec, Stop};

use super::Checker;
use super::expr::Meant;
use super::types::Generated;
use crate::ast::{self, Expr as Ast, ExprKind as A, GenKind, Ident};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, Gen, VarId};
use crate::ir::{Const, GenOption, Method};
use crate::source::Span;
use crate::ty::{self, Ty};

/// Options of this version: name, what it sets, its type, and the least and greatest literal value.
const OPTIONS: &[(&str, GenOption, Ty, f64, f64)] = &[
    ("max", GenOption::Max, Ty::Int, 1.0, 4_294_967_295.0),
    ("temp", GenOption::Temp, Ty::Float, 0.0, f64::MAX),
    ("top_p", GenOption::TopP, Ty::Float, 0.0, 1.0),
    ("top_k", GenOption::TopK, Ty::Int, 0.0, 4_294_967_295.0),
    ("min_p", GenOption::MinP, Ty::Float, 0.0, 1.0),
    ("seed", GenOption::Seed, Ty::Int, f64::MIN, f64::MAX),
    ("heal", GenOption::Heal, Ty::Bool, 0.0, 0.0),
];

/// Options that a later version brings.
const NOT_YET: &[&str] = &[
    "min",
    "stop_regex",
    "typical",
    "repeat_penalty",
    "frequency_penalty",
    "presence_penalty",
    "no_repeat",
    "tools",
    "max_calls",
    "n",
    "beam",
    "logprobs",
    "whitespace",
    "model",
];

/// Whether a generation has, or will have, an option of this name.
pub(super) fn is_option(name: &str) -> bool {
    name == "stop" || NOT_YET.contains(&name) || OPTIONS.iter().any(|o| o.0 == name)
}

/// What a generation writes, as far as it is known.
struct Written {
    spec: Option<Spec>,
    bindings: Vec<Expr>,
    ty: Ty,
    /// Whether it is written in JSON.
    json: bool,
}

impl Checker<'_> {
    /// Checks a generation and binds its capture; `None` if it cannot be compiled.
    pub(super) fn generation(&mut self, generation: &ast::Gen) -> Option<Gen> {
        if let Some(place) = self.pure_only {
            let diag = Diag::new("E0300", generation.span, format!("{place} cannot generate"));
            self.report(diag.hint("generate in a statement first, then use the name"));
        }
        let mut written = match &generation.kind {
            GenKind::Gen(ty) => self.typed(ty.as_ref()),
            GenKind::Select { from, by } => self.selected(from, by.as_ref()),
            GenKind::Call(_) => {
                self.not_yet("`call`", generation.span);
                Written { spec: None, bindings: Vec::new(), ty: Ty::Error, json: false }
            }
        };
        let options = self.options(generation, &mut written);
        let var = self.bind_capture(generation, &written.ty);
        Some(Gen {
            var: var?,
            name: generation.name.name.clone(),
            append: generation.append,
            spec: written.spec?,
            bindings: written.bindings,
            ty: written.ty,
            json: written.json,
            options,
            facts: Vec::new(),
            method: Method::Greedy,
            model: None,
            tools: Vec::new(),
            call: false,
            span: generation.span,
        })
    }

    fn typed(&mut self, ty: Option<&ast::Type>) -> Written {
        let Some(ty) = ty else {
            return Written {
                spec: Some(Spec::Text { min: 0, max: None }),
                bindings: Vec::new(),
                ty: Ty::Str,
                json: false,
            };
        };
        let Generated { spec, bindings, ty, json } = self.generated(ty);
        Written { spec, bindings, ty, json }
    }

    fn selected(&mut self, from: &Ast, by: Option<&Ident>) -> Written {
        match by.map(|b| b.name.as_str()) {
            None | Some("greedy") => {}
            Some(method @ ("norm" | "uncond")) => {
                let span = by.map_or(from.span, |b| b.span);
                self.not_yet(&format!("`by {method}`"), span);
            }
            Some(method) => {
                let span = by.map_or(from.span, |b| b.span);
                let diag = Diag::new("E0104", span, format!("there is no method `{method}`"));
                self.report(diag.hint("the methods are greedy, norm and uncond"));
            }
        }
        let list = match &from.kind {
            A::Name(name) if !self.is_known(name) => {
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
                format!("`select` takes a list of strings, and this is {}", list.ty),
            );
            self.report(diag.hint("write select NAME from [\"a\", \"b\"]"));
        }
        Written { spec: Some(Spec::OneOf { hole: 0 }), bindings: vec![list], ty: Ty::Str, json: false }
    }

    /// A list of literals is a union that the checker can look into.
    fn select_literals(&mut self, items: &[Expr], list: &Expr) -> Option<Written> {
        if items.is_empty() {
            let diag = Diag::new("E0402", list.span, "there is nothing to select from");
            self.report(diag.hint("put at least one option into the list"));
            return Some(Written { spec: None, bindings: Vec::new(), ty: Ty::Str, json: false });
        }
        let mut members = Vec::new();
        for item in items {
            match &item.kind {
                ExprKind::Const(value) if !item.ty.is_error() => members.push(literal(value)),
                _ => return None,
            }
        }
        let ty = items.iter().fold(Ty::Never, |ty, i| ty::join(&ty, &i.ty));
        Some(Written { spec: Some(Spec::Union { members }), bindings: Vec::new(), ty, json: false })
    }

    fn options(&mut self, generation: &ast::Gen, written: &mut Written) -> Vec<(GenOption, Expr)> {
        let mut out = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in &generation.options {
            let key = name.name.as_str();
            if seen.contains(&key) {
                let diag = Diag::new("E0213", name.span, format!("the option `{key}` is given twice"));
                self.report(diag.hint("remove one of them"));
                continue;
            }
            seen.push(key);
            if key == "stop" {
                self.stop(value, written);
            } else if let Some(option) = OPTIONS.iter().find(|o| o.0 == key) {
                let value = self.wanted(value, &option.2, &format!("`{key}`"));
                self.check_range(key, &value, option.3, option.4);
                out.push((option.1, value));
            } else {
                self.other_option(name);
            }
        }
        out
    }

    fn other_option(&mut self, name: &Ident) {
        if NOT_YET.contains(&name.name.as_str()) {
            return self.not_yet(&format!("the option `{}`", name.name), name.span);
        }
        let known = OPTIONS.iter().map(|o| o.0).chain(NOT_YET.iter().copied()).chain(["stop"]);
        let foreign = match name.name.as_str() {
            "temperature" => Some("temp"),
            "max_tokens" | "maxTokens" | "max_length" | "limit" => Some("max"),
            "stop_sequence" | "stops" | "until" => Some("stop"),
            "random_seed" => Some("seed"),
            _ => None,
        };
        let near = foreign.map(str::to_owned).or_else(|| self.nearest(&name.name, known));
        let hint = near
            .map_or("the options are max, stop, temp, top_p, top_k, min_p, seed and heal".to_owned(), |n| {
                format!("did you mean `{n}`?")
            });
        self.report(Diag::new("E0104", name.span, format!("there is no option `{}`", name.name)).hint(hint));
    }

    #[allow(clippy::cast_precision_loss)]
    fn check_range(&mut self, key: &str, value: &Expr, least: f64, most: f64) {
        let number = match value.kind {
            ExprKind::Const(Const::Int(n)) => n as f64,
            ExprKind::Const(Const::Float(x)) => x,
            _ => return,
        };
        if number < least || number > most {
            let range = if most >= 4_294_967_295.0 {
                format!("from {least}")
            } else {
                format!("between {least} and {most}")
            };
            let diag = Diag::new("E0405", value.span, format!("`{key}` cannot be {number}"));
            self.report(diag.hint(format!("it is a number {range}")));
        }
    }

    /// `stop`: literals become part of the constraint, other values holes of it.
    fn stop(&mut self, value: &Ast, written: &mut Written) {
        if let A::Regex(regex) = &value.kind {
            return self.not_yet("a regex as a stop", regex.span);
        }
        let value = self.expr(value, None);
        let stops = match &value.kind {
            ExprKind::Const(Const::Str(text)) => vec![self.literal_stop(text, value.span)],
            ExprKind::List(items) if items.iter().all(is_literal_str) => {
                let items: Vec<(String, Span)> = items.iter().filter_map(literal_str).collect();
                items.into_iter().map(|(text, span)| self.literal_stop(&text, span)).collect()
            }
            _ => {
                if !ty::fits(&value.ty, &Ty::Str) && !ty::fits(&value.ty, &Ty::list(Ty::Str)) {
                    let diag = Diag::new(
                        "E0200",
                        value.span,
                        format!("`stop` takes a str or a list of them, and this is {}", value.ty),
                    );
                    self.report(diag.hint("write stop = \"\\n\" or stop = [\".\", \"!\"]"));
                }
                written.bindings.push(value);
                vec![Stop::Hole { hole: written.bindings.len() - 1 }]
            }
        };
        if !stops.is_empty() {
            written.spec = written.spec.take().map(|s| Spec::Until { value: Box::new(s), stops });
        }
    }

    fn literal_stop(&mut self, text: &str, span: Span) -> Stop {
        if text.is_empty() {
            let diag = Diag::new("E0404", span, "an empty stop would end every text at once");
            self.report(diag.hint("write the text at which the generation ends, such as \"\\n\""));
        }
        Stop::Text { text: text.to_owned() }
    }

    /// The variable that the capture is: one of a block if it is declared, else one of the function.
    fn bind_capture(&mut self, generation: &ast::Gen, item: &Ty) -> Option<VarId> {
        let name = &generation.name;
        let ty = if generation.append { Ty::list(item.clone()) } else { item.clone() };
        if let Some((_, place)) = self.global(name.name.as_str())
            && self.body.local(&name.name).is_none()
        {
            let message = format!("`{}` is the name of something declared or imported", name.name);
            let diag = Diag::new("E0106", name.span, message);
            self.report(diag.label(place, "declared here").hint("choose another name for the capture"));
            return None;
        }
        let known = self.body.local(&name.name).or(self.body.captures.get(&name.name).copied().flatten());
        let var = match known {
            Some(var) => self.rebind(var, &ty, name),
            None => {
                let var = self.body.new_var(&name.name, ty, name.span);
                self.body.captures.insert(name.name.clone(), Some(var));
                self.body.vars[var.0 as usize].grows = generation.append;
                var
            }
        };
        if !self.body.order.contains(&var) {
            self.body.order.push(var);
        }
        // A list that grows is there from the start, empty.
        if !generation.append && (known.is_none() || self.body.is_captured(var)) {
            self.body.bind(var);
        }
        Some(var)
    }

    fn rebind(&mut self, var: VarId, ty: &Ty, name: &Ident) -> VarId {
        let old = self.body.ty(var).clone();
        if !ty::fits(ty, &old) || ty.base() != old.base() {
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

fn is_literal_str(item: &Expr) -> bool {
    matches!(item.kind, ExprKind::Const(Const::Str(_)))
}

fn literal_str(item: &Expr) -> Option<(String, Span)> {
    match &item.kind {
        ExprKind::Const(Const::Str(text)) => Some((text.clone(), item.span)),
        _ => None,
    }
}
