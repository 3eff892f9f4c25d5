//! Names where they are read: variables, what files declare, the context; and what to say of names that mean nothing.

use super::Checker;
use super::expr::error;
use super::known::path_of;
use super::link::Global;
use super::prelude::given_number;
use super::suggest::{foreign_value, own_word};
use crate::ast;
use crate::builtin::Function;
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, VarId};
use crate::ir::Const;
use crate::source::Span;
use crate::ty::Ty;

/// What an unknown name was used as.
#[derive(Debug, PartialEq)]
pub(super) enum Meant {
    /// A value.
    Value,
    /// What `=` sets.
    Assigned,
    /// What `+=` changes, and how its declaration goes on after the name.
    Grown(String),
    /// The list of a `select`.
    List,
}

impl Checker<'_> {
    pub(super) fn name(&mut self, name: &str, span: Span) -> Expr {
        let given = given_number(name).and_then(|at| self.body.variables.given.get(at));
        if let Some(given) = given {
            return self.read(*given, name, span);
        }
        let word = ast::Expr { kind: ast::ExprKind::Name(name.to_owned()), span };
        if self.function_param(self.body.slot, &word).is_some() {
            let diag = Diag::new("E0220", span, format!("`{name}` is a function, not a value"));
            self.report(diag.hint(format!("call it, {name}(…), or pass it on to a function that takes one")));
            return error(span);
        }
        match self.variable_at(span) {
            Some(Some(var)) => return self.read(var, name, span),
            Some(None) => return self.unbound(name, span),
            None => {}
        }
        match self.global_at(span) {
            Some((global, place)) => self.global_value(global, name, place, span),
            None if name == super::CONTEXT && !self.body.doubts.hides_context => self.context(span),
            None => {
                self.unknown_name(name, span, &Meant::Value);
                error(span)
            }
        }
    }

    /// The value of a name at top level, or in an imported file.
    pub(super) fn global_value(&mut self, global: Global, name: &str, place: Span, span: Span) -> Expr {
        let (what, hint) = match global {
            Global::Const(id) => return self.constant_value(id, name, place, span),
            Global::Func(_) => ("a function, not a value", format!("call it: {name}(…)")),
            Global::Tool(_) => ("a tool, not a value", format!("call it: {name}(…)")),
            Global::Module(_) => ("an imported file", format!("its declarations are {name}.NAME")),
            Global::Unknown => {
                self.findings.hidden = true;
                return error(span);
            }
        };
        self.report(Diag::new("E0203", span, format!("`{name}` is {what}")).hint(hint));
        error(span)
    }

    /// `context`: the text so far.
    fn context(&mut self, span: Span) -> Expr {
        if let Some(place) = self.body.around.pure_only {
            let diag = Diag::new("E0301", span, format!("{place} cannot read the context"));
            self.report(diag.hint("read it in a statement first: let text = context"));
        }
        Expr { kind: ExprKind::Context, ty: Ty::Str, span }
    }

    pub(super) fn read(&mut self, var: VarId, name: &str, span: Span) -> Expr {
        if self.body.is_captured(var) && !self.body.is_bound(var) && self.body.is_lost(name) {
            self.findings.hidden = true;
        } else if self.body.is_captured(var) && !self.body.is_bound(var) {
            let diag = Diag::new("E0103", span, format!("`{name}` may not be generated yet at this point"));
            let diag =
                diag.label(self.body.place(var), "generated here, but not on every path to this place");
            self.report(
                diag.hint("generate it on every path that leads here, or give it a value first: let x = …"),
            );
        }
        let ty = self.body.ty(var).clone();
        self.narrowed(Expr { kind: ExprKind::Var(var), ty, span })
    }

    /// A value with the type that it has left at this place, after what tests have shown.
    pub(super) fn narrowed(&self, value: Expr) -> Expr {
        if self.body.flow.known.is_empty() || value.ty.is_error() {
            return value;
        }
        let narrow = path_of(&value).and_then(|path| self.body.flow.known.narrow(&path, &value.ty));
        let Some(ty) = narrow else { return value };
        let span = value.span;
        Expr { kind: ExprKind::Narrowed(Box::new(value)), ty, span }
    }

    fn unbound(&mut self, name: &str, span: Span) -> Expr {
        if self.body.is_lost(name) {
            self.findings.hidden = true;
            return error(span);
        }
        let diag = Diag::new("E0103", span, format!("`{name}` is used before it is generated"));
        self.report(diag.hint("move this below the generation"));
        error(span)
    }

    fn constant_value(&mut self, id: usize, name: &str, place: Span, span: Span) -> Expr {
        if self.decls.slots[id].state == super::slots::State::Busy {
            let diag = Diag::new("E0214", span, format!("the constant `{name}` depends on itself"));
            self.report(
                diag.label(place, "declared here").hint("give one of the constants a value of its own"),
            );
            self.decls.slots[id].ret = Some(Ty::Error);
            return error(span);
        }
        let ty = self.result_of(id, span);
        // A declared type does not wait for its value, but cycles must be found all the same.
        if self.waits_too_long().is_none() {
            self.check_slot(id);
        }
        let call = ExprKind::Call(u32::try_from(id).unwrap_or(u32::MAX), Vec::new());
        Expr { kind: self.known_value(id).unwrap_or(call), ty, span }
    }

    /// A constant's value where it is a small one or another constant: a chain of them costs nothing.
    fn known_value(&self, id: usize) -> Option<ExprKind> {
        let body = &self.decls.slots.get(id)?.hir.as_ref()?.body;
        let crate::hir::StmtKind::Return(Some(value)) = &body.first()?.kind else { return None };
        match &value.kind {
            ExprKind::Const(value) => is_small(value).then(|| ExprKind::Const(value.clone())),
            ExprKind::Call(other, args) if args.is_empty() => {
                let other = self.decls.slots.get(*other as usize)?;
                let constant = matches!(other.origin, super::slots::Origin::Value { .. });
                constant.then(|| value.kind.clone())
            }
            _ => None,
        }
    }

    pub(super) fn unknown_name(&mut self, name: &str, span: Span, meant: &Meant) {
        if self.is_lost(name) {
            self.findings.hidden = true;
            return;
        }
        let names = self.program.names;
        let unknown = names.unknown_at(span);
        if unknown.is_some_and(|unknown| unknown.in_branch) {
            let diag = Diag::new(
                "E0100",
                span,
                format!("`{name}` is generated in a branch, and cannot be read outside it"),
            );
            return self.report(diag.hint(format!("pass it out of the `fork` or `aside`: yield {name}")));
        }
        if let Some((message, hint)) = self.of_top_level(name) {
            self.body.doubts.undeclared.insert(name.to_owned());
            return self.report(Diag::new("E0100", span, message).hint(hint));
        }
        let seen = unknown.into_iter().flat_map(|unknown| names.seen_by(unknown));
        let nearest = self.nearest(name, seen.chain(self.global_names()));
        let near = nearest.clone();
        let hint = match (foreign_value(name), nearest, meant) {
            _ if self.body.around.tag.is_some() => super::template::HINT.to_owned(),
            _ if self.body.doubts.bracketed.contains(name) => {
                format!(
                    "`[{name}]` in a text is plain text: write {{{{ gen {name} }}}}, which may have a type"
                )
            }
            (Some(hint), _, _) => hint.to_owned(),
            (None, _, Meant::Assigned) if name == "model" => "write model \"NAME\", without `=`".to_owned(),
            (None, _, Meant::Assigned) if name == "messages" => {
                "write messages as statements: system \"…\", user \"…\", assistant gen x".to_owned()
            }
            (None, _, Meant::Assigned) if super::options::is_option(name) => {
                format!("options of a generation come after `with`: gen x with {name} = …")
            }
            // A word such as `limit` may well be meant as a variable.
            (None, _, Meant::Assigned)
                if (name.contains('_') || matches!(name, "temperature" | "maxTokens"))
                    && super::options::foreign_option(name).is_some() =>
            {
                let option = super::options::foreign_option(name).unwrap_or_default();
                format!("options of a generation come after `with`: gen x with {option} = …")
            }
            (None, Some(near), _) => format!("did you mean `{near}`?"),
            (None, None, Meant::Assigned) => format!("declare it first: let {name} = …"),
            (None, None, Meant::Grown(start)) => format!("declare it first: let {name}{start}"),
            (None, None, Meant::List) => {
                let word = if name.chars().any(char::is_lowercase) { "let" } else { "const" };
                format!("declare a list of strings: {word} {name} = [\"…\", \"…\"]")
            }
            (None, None, _) if Function::named(name).is_some() => {
                format!("`{name}` is a function: call it, as in {name}(x) or x | {name}")
            }
            (None, None, _) => format!(
                "declare it with `let {name} = …`, `input {name}: str` or `gen {name}`; text goes in quotes"
            ),
        };
        let diag = Diag::new("E0100", span, format!("there is no `{name}`"));
        let diag = match own_word(name) {
            Some(word) if hint == format!("write `{word}`") => diag.fixed(span, word),
            _ if hint == format!("declare it first: let {name} = …") => {
                diag.fixable(span, format!("let {name}"))
            }
            _ => {
                diag.perhaps(span, near.as_deref().filter(|near| hint.ends_with(&format!("mean `{near}`?"))))
            }
        };
        self.report(diag.hint(hint));
        if matches!(meant, Meant::Assigned | Meant::Grown(_)) {
            self.body.doubts.undeclared.insert(name.to_owned());
        }
    }

    /// What to say of a name that the file's statements declare at top level, where it cannot be read.
    fn of_top_level(&self, name: &str) -> Option<(String, String)> {
        let items = &self.program.modules.list().get(self.module)?.ast.items;
        let only = "which only the statements at the top level can read";
        items.iter().find_map(|item| match item {
            ast::Item::Input(input) if input.name.name == name => Some((
                format!("`{name}` is an input, {only}"),
                format!(
                    "give the function a parameter, as in fn f({name}: T), and pass the input: f({name})"
                ),
            )),
            ast::Item::Stmt(ast::Stmt { kind: ast::StmtKind::Let { name: declared, .. }, .. })
                if declared.name == name =>
            {
                Some(match self.body.result.main {
                    true => (
                        format!("`{name}` is declared further down"),
                        format!("move `let {name} = …` above this line"),
                    ),
                    false => (
                        format!("`{name}` is a variable, {only}"),
                        format!(
                            "pass it to the function: f({name}); or make it a constant: const {name} = …"
                        ),
                    ),
                })
            }
            _ => None,
        })
    }
}

/// Whether a constant is copied to where it is used; larger ones stay in the function that gives them.
fn is_small(value: &Const) -> bool {
    match value {
        Const::Str(text) => text.len() <= 256,
        Const::List(_) | Const::Record(_) => false,
        _ => true,
    }
}
