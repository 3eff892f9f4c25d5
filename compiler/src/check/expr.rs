//! Expressions: literals, names, structure. Operators and calls have files of their own.

use super::Checker;
use super::flow::{path_of, presence};
use super::link::Global;
use super::prelude::ITEM;
use super::suggest::foreign_value;
use crate::ast::{self, Expr as Ast, ExprKind as A, Ident, Part, Text};
use crate::builtin::Function;
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, VarId};
use crate::ir::Const;
use crate::number::Number;
use crate::source::Span;
use crate::ty::{self, Field, Ty};

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
    /// Checks an expression. `want` is the type that its place asks for: it steers literals and lists, and
    /// whether the value fits is the caller's to say.
    pub(super) fn expr(&mut self, expr: &Ast, want: Option<&Ty>) -> Expr {
        self.nesting.depth += 1;
        let value = self.expr_here(expr, want);
        self.nesting.depth -= 1;
        value
    }

    fn expr_here(&mut self, expr: &Ast, want: Option<&Ty>) -> Expr {
        let span = expr.span;
        match &expr.kind {
            A::Error => error(span),
            A::Null => constant(Const::Null, span),
            A::Bool(value) => constant(Const::Bool(*value), span),
            A::Int(value) => self.int(*value, false, span),
            A::Float(value) => constant(Const::Float(*value), span),
            A::Str(text) => self.string(text),
            A::Regex(_) => self.lone_regex(span),
            A::Name(name) => self.name(name, span),
            A::List(items) => self.list(items, want, span),
            A::Record(fields) => self.record(fields, want, span),
            A::Unary(op, operand) => self.unary(*op, operand, span),
            A::Binary(op, _, left, right) => self.binary_expr(*op, left, right, want),
            A::If(arms, otherwise) => self.if_expr(arms, otherwise, want, span),
            A::Call(call) => self.call(call, span),
            A::Field(base, name) => self.field(base, name, span),
            A::Index(base, index) => self.index(base, index, span),
            A::Slice(base, from, to) => self.slice(base, from.as_deref(), to.as_deref(), span),
            A::Fork(over, body) => self.fork(over, body, want, span),
            A::Aside(body) => self.aside(body, want, span),
            A::Embed(path) => self.embed(path, want, span),
        }
    }

    /// An expression whose value must have a type; `what` names it in the finding.
    pub(super) fn wanted(&mut self, expr: &Ast, want: &Ty, what: &str) -> Expr {
        let value = self.expr(expr, Some(want));
        self.coerce(value, want, what)
    }

    /// Reports a value that does not fit, and makes an int a float where one is wanted.
    pub(super) fn coerce(&mut self, value: Expr, want: &Ty, what: &str) -> Expr {
        if !ty::fits(&value.ty, want) {
            let diag =
                Diag::new("E0200", value.span, format!("{what} is {}, but {want} is expected", value.ty));
            self.report(diag.hint(mismatch_hint(&value.ty, want)));
            return Expr { ty: Ty::Error, ..value };
        }
        self.converted(value, want)
    }

    pub(super) fn converted(&mut self, value: Expr, want: &Ty) -> Expr {
        if value.ty.base() != Ty::Int || !ty::takes_float(want) {
            return value;
        }
        if let ExprKind::Const(Const::Int(n)) = value.kind
            && Number::from(n).as_float().is_none()
        {
            let message = format!("a float does not have all the digits of {n}");
            let diag = Diag::new("E0024", value.span, message);
            self.report(diag.hint("take it as an int, or write the float that is meant, as in 1e18"));
            return error(value.span);
        }
        to_float(value)
    }

    pub(super) fn int(&mut self, value: u64, negative: bool, span: Span) -> Expr {
        let number = if negative { -i128::from(value) } else { i128::from(value) };
        match i64::try_from(number) {
            Ok(value) => constant(Const::Int(value), span),
            Err(_) => {
                let diag = Diag::new("E0024", span, format!("the number {number} is too large"));
                self.report(diag.hint("an int has 64 bits; write 1e20 for a float"));
                error(span)
            }
        }
    }

    /// A string as a value: its holes must be pure.
    fn string(&mut self, text: &Text) -> Expr {
        for part in &text.parts {
            // By itself it may be a mark that is to be replaced.
            if let Part::Lit(literal, span) = part
                && !(literal.starts_with('{') && literal.ends_with('}'))
            {
                self.look_for_marks(literal, *span);
            }
        }
        if let Some(literal) = text.literal() {
            return constant(Const::Str(literal), text.span);
        }
        let outer = self.body.around.pure_only.replace("a string that is a value");
        let mut parts = Vec::new();
        for part in &text.parts {
            match part {
                Part::Lit(literal, span) => parts.push(constant(Const::Str(literal.clone()), *span)),
                Part::Expr(expr) => parts.push(self.expr(expr, None)),
                Part::Gen(generation) => {
                    let diag =
                        Diag::new("E0300", generation.span, "a string that is a value cannot generate");
                    let name = &generation.name.name;
                    self.report(
                        diag.hint(format!("generate in a statement first, then insert {{{{ {name} }}}}")),
                    );
                }
            }
        }
        self.body.around.pure_only = outer;
        Expr { kind: ExprKind::Format(parts), ty: Ty::Str, span: text.span }
    }

    fn name(&mut self, name: &str, span: Span) -> Expr {
        if let Some(item) = self.body.variables.item.filter(|_| name == ITEM) {
            return self.read(item, name, span);
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
    fn global_value(&mut self, global: Global, name: &str, place: Span, span: Span) -> Expr {
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

    /// A regex where no value can be one.
    fn lone_regex(&mut self, span: Span) -> Expr {
        let diag = Diag::new("E0217", span, "a regex is not a value");
        let hint = "it is a type, a `stop_regex`, or an argument: matches(s, /…/), replace(s, /…/, \"x\")";
        self.report(diag.hint(hint));
        error(span)
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

    /// A value without `null` in its type where it is known not to be null.
    pub(super) fn narrowed(&self, value: Expr) -> Expr {
        if !self.body.flow.knows_presence() || value.ty.is_error() || !value.ty.may_be_null() {
            return value;
        }
        let ty = value.ty.without_null();
        let known = path_of(&value).is_some_and(|p| self.body.flow.is_present(&p));
        if !known || ty == Ty::Never || ty == value.ty {
            return value;
        }
        let span = value.span;
        Expr { kind: ExprKind::Present(Box::new(value)), ty, span }
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
        if !self.waits_too_long() {
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
        self.report(Diag::new("E0100", span, format!("there is no `{name}`")).hint(hint));
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

    fn list(&mut self, items: &[Ast], want: Option<&Ty>, span: Span) -> Expr {
        let wanted_item = want.and_then(item_of);
        let wanted_item = wanted_item.as_ref();
        let mut out = Vec::new();
        let mut ty = Ty::Never;
        for item in items {
            let value = self.expr(item, wanted_item);
            let fitting = wanted_item.filter(|w| ty::fits(&value.ty, w));
            let value = match fitting {
                Some(w) => self.converted(value, w),
                None => value,
            };
            ty = match fitting {
                Some(_) if value.ty.is_error() => Ty::Error,
                Some(w) => w.clone(),
                None if ty == Ty::Never => value.ty.widened(),
                None => ty::join(&ty, &value.ty),
            };
            if ty.size() > ty::MAX_SIZE {
                ty = self.settled(&ty, span);
            }
            out.push(value);
        }
        if ty == Ty::Float {
            out = out.into_iter().map(|v| if v.ty.base() == Ty::Int { to_float(v) } else { v }).collect();
        }
        Expr { kind: ExprKind::List(out), ty: Ty::list(ty), span }
    }

    fn record(&mut self, fields: &[(Ident, Ast)], want: Option<&Ty>, span: Span) -> Expr {
        let mut out: Vec<(String, Expr)> = Vec::new();
        let mut types: Vec<Field> = Vec::new();
        let want = want.and_then(|w| record_of(w, fields));
        for (name, value) in fields {
            let wanted = want.as_ref().and_then(|w| wanted_field(w, &name.name));
            let value = self.expr(value, wanted.as_ref());
            let (value, ty) = match wanted {
                Some(w) if ty::fits(&value.ty, &w) && !value.ty.is_error() => (self.converted(value, &w), w),
                _ => {
                    let ty = value.ty.widened();
                    (value, ty)
                }
            };
            if types.iter().any(|f| f.name == name.name) {
                let diag = Diag::new("E0213", name.span, format!("the field `{}` is given twice", name.name));
                self.report(diag.hint("remove one of them"));
                continue;
            }
            types.push(Field { name: name.name.clone(), ty, optional: false });
            out.push((name.name.clone(), value));
        }
        Expr { kind: ExprKind::Record(out), ty: Ty::Record(types), span }
    }

    fn if_expr(&mut self, arms: &[(Ast, Ast)], otherwise: &Ast, want: Option<&Ty>, span: Span) -> Expr {
        let before = self.body.flow.presence();
        let mut out = Vec::new();
        for (cond, value) in arms {
            let cond = self.wanted(cond, &Ty::Bool, "the condition");
            let known = self.body.flow.presence();
            self.body.flow.assume(&presence(&cond, true));
            let value = self.expr(value, want);
            self.body.flow.set_presence(known);
            self.body.flow.assume(&presence(&cond, false));
            out.push((cond, value));
        }
        let otherwise = self.expr(otherwise, want);
        self.body.flow.set_presence(before);
        let types: Vec<Ty> = out.iter().map(|(_, v)| v).chain([&otherwise]).map(|v| v.ty.clone()).collect();
        let ty = match want.filter(|w| types.iter().all(|t| ty::fits(t, w))) {
            Some(want) => want.clone(),
            None => types.iter().fold(Ty::Never, |ty, t| ty::join(&ty, t)),
        };
        let out = out.into_iter().map(|(c, v)| (c, self.converted(v, &ty))).collect();
        let otherwise = Box::new(self.converted(otherwise, &ty));
        Expr { kind: ExprKind::If(out, otherwise), ty, span }
    }

    fn field(&mut self, base: &Ast, name: &Ident, span: Span) -> Expr {
        if matches!(base.kind, A::Name(_))
            && let Some(module) = self.file_at(base.span)
        {
            let global = module.map_or(Global::Unknown, |module| self.name_in(module, name));
            return self.global_value(global, &name.name, base.span, span);
        }
        if let Some(fact) = self.fact(base, name, span) {
            return fact;
        }
        let base = self.expr(base, None);
        let ty = match &base.ty.unfolded() {
            Ty::Error => Ty::Error,
            Ty::Any => Ty::Any,
            known @ Ty::Record(fields) => match known.field(&name.name) {
                Some(field) => field.read(),
                None => {
                    let names: Vec<String> = fields.iter().map(|f| f.name.clone()).collect();
                    self.no_field(&base.ty, name, &names)
                }
            },
            Ty::Map(_) => {
                let diag = Diag::new("E0202", name.span, format!("{} has keys, not fields", base.ty));
                self.fail(diag.hint(format!(
                    "write x[\"{}\"]; to ask whether it is there, write \"{0}\" in x",
                    name.name
                )))
            }
            other if other.may_be_null() && matches!(other.without_null().unfolded(), Ty::Record(_)) => {
                let message = format!("this may be null, which has no field `{}`", name.name);
                let diag = Diag::new("E0202", name.span, message);
                self.fail(diag.hint("check first: if x != null { … }; or give a default: (x ?? {…}).field"))
            }
            other => match self.not_captured(&base, &name.name) {
                Some(hint) => {
                    let message = format!("{other} has no field `{}`", name.name);
                    self.fail(Diag::new("E0202", name.span, message).hint(hint))
                }
                None => self.no_field(&base.ty, name, &[]),
            },
        };
        let kind = ExprKind::Field(Box::new(base), name.name.clone());
        self.narrowed(Expr { kind, ty, span })
    }

    pub(super) fn no_field(&mut self, ty: &Ty, name: &Ident, fields: &[String]) -> Ty {
        let nearest = self.nearest(&name.name, fields.iter().map(String::as_str));
        let hint = match nearest {
            Some(near) => format!("did you mean `{near}`?"),
            None if fields.is_empty() => {
                foreign_value(&name.name).unwrap_or("only records have fields").to_owned()
            }
            None => format!("its fields are {}", fields.join(", ")),
        };
        let diag = Diag::new("E0202", name.span, format!("{ty} has no field `{}`", name.name));
        self.fail(diag.hint(hint))
    }

    fn index(&mut self, base: &Ast, index: &Ast, span: Span) -> Expr {
        let base = self.expr(base, None);
        let index = self.expr(index, None);
        let ty = match base.ty.base() {
            Ty::Error => Ty::Error,
            Ty::Any => Ty::Any,
            Ty::List(item) => self.by_position(&index, *item),
            Ty::Str => self.by_position(&index, Ty::Str),
            Ty::Record(fields) => {
                let kinds = fields.iter().fold(Ty::Never, |ty, f| ty::join(&ty, &f.read()));
                self.by_key(&index, kinds)
            }
            Ty::Map(value) => self.by_key(&index, *value),
            other => {
                let diag = Diag::new("E0205", base.span, format!("{other} has no items"));
                self.fail(diag.hint("lists, strings, records and maps can be indexed"))
            }
        };
        Expr { kind: ExprKind::Index(Box::new(base), Box::new(index)), ty, span }
    }

    fn by_key(&mut self, index: &Expr, value: Ty) -> Ty {
        if !ty::fits(&index.ty, &Ty::Str) {
            let diag = Diag::new("E0200", index.span, format!("a key is a str, but this is {}", index.ty));
            self.report(diag.hint("write x[\"name\"]"));
        }
        if value == Ty::Never { Ty::Any } else { value }
    }

    fn by_position(&mut self, index: &Expr, item: Ty) -> Ty {
        if !ty::fits(&index.ty, &Ty::Int) {
            let diag =
                Diag::new("E0200", index.span, format!("an index is an int, but this is {}", index.ty));
            self.report(diag.hint("positions count from 0; negative ones count from the end"));
        }
        if item == Ty::Never { Ty::Any } else { item }
    }

    fn slice(&mut self, base: &Ast, from: Option<&Ast>, to: Option<&Ast>, span: Span) -> Expr {
        let base = self.expr(base, None);
        let from = from.map(|e| Box::new(self.wanted(e, &Ty::Int, "the start")));
        let to = to.map(|e| Box::new(self.wanted(e, &Ty::Int, "the end")));
        let ty = match base.ty.base() {
            known @ (Ty::List(_) | Ty::Str | Ty::Any | Ty::Error) => known,
            other => {
                let diag = Diag::new("E0205", base.span, format!("{other} has no parts"));
                self.fail(diag.hint("lists and strings can be sliced"))
            }
        };
        Expr { kind: ExprKind::Slice(Box::new(base), from, to), ty, span }
    }

    pub(super) fn unary(&mut self, op: ast::UnOp, operand: &Ast, span: Span) -> Expr {
        match op {
            ast::UnOp::Neg => self.negate(operand, span),
            ast::UnOp::Not => {
                let value = self.wanted(operand, &Ty::Bool, "the operand of `not`");
                Expr { kind: ExprKind::Unary(crate::ir::UnOp::Not, Box::new(value)), ty: Ty::Bool, span }
            }
        }
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

pub(super) fn error(span: Span) -> Expr {
    Expr { kind: ExprKind::Const(Const::Null), ty: Ty::Error, span }
}

pub(super) fn constant(value: Const, span: Span) -> Expr {
    let ty = if value == Const::Null { Ty::Null } else { Ty::Lit(value.clone()) };
    Expr { kind: ExprKind::Const(value), ty, span }
}

/// An int made a float, at once if it is a literal.
#[allow(clippy::cast_precision_loss)]
pub(super) fn to_float(value: Expr) -> Expr {
    let span = value.span;
    if let ExprKind::Const(Const::Int(n)) = value.kind {
        return constant(Const::Float(n as f64), span);
    }
    Expr { kind: ExprKind::IntToFloat(Box::new(value)), ty: Ty::Float, span }
}

/// The type of items that a list is asked for.
pub(super) fn item_of(want: &Ty) -> Option<Ty> {
    let item = |ty: Ty| if let Ty::List(item) = ty { Some(*item) } else { None };
    want.alternatives().into_iter().find_map(item)
}

/// The record or map type that a literal with these fields is most likely meant to be.
fn record_of(want: &Ty, fields: &[(Ident, Ast)]) -> Option<Ty> {
    let mut members = want.alternatives();
    members.retain(|m| matches!(m, Ty::Record(_) | Ty::Map(_)));
    let has_all = |m: &Ty| matches!(m, Ty::Map(_)) || fields.iter().all(|(n, _)| m.field(&n.name).is_some());
    let best = members.iter().position(has_all).or((members.len() == 1).then_some(0))?;
    Some(members.swap_remove(best))
}

/// What a field of such a literal is asked for.
fn wanted_field(want: &Ty, name: &str) -> Option<Ty> {
    match want {
        Ty::Map(value) => Some((**value).clone()),
        other => other.field(name).map(|f| f.ty.clone()),
    }
}

/// What to do about a value that may be null.
pub(super) const MAYBE_NULL: &str =
    "it may be null: give a default with `??`, or check first: if x != null { … }";

fn mismatch_hint(found: &Ty, want: &Ty) -> String {
    match (found.base(), want.base()) {
        (ref f, ref w) if *f != Ty::Null && f.may_be_null() && ty::fits(&f.without_null(), w) => {
            MAYBE_NULL.to_owned()
        }
        (_, Ty::Str) => "convert it with str(x), or put it into a string: \"{{ x }}\"".to_owned(),
        (Ty::Str, Ty::Int) => "convert it with int(x)".to_owned(),
        (Ty::Str, Ty::Float) => "convert it with float(x)".to_owned(),
        (Ty::Float, Ty::Int) => "convert it with round(x) or int(x)".to_owned(),
        (Ty::Any, _) => {
            "a json value has no known type: convert it with str(x), int(x) or float(x)".to_owned()
        }
        (Ty::Null, _) => "a value is needed here".to_owned(),
        (_, Ty::List(_)) if !matches!(found, Ty::List(_)) => "put it into a list: [x]".to_owned(),
        _ => format!("a value of type {want} is needed here"),
    }
}
