//! The walk over the trees: each function by itself, with everything in it that can hold a name.

use super::calls::Calls;
use super::function::{Function, UsedAs, note_member};
use super::marks::names_between;
use super::{Bound, DefKind, Meaning, Resolution};
use crate::ast::{
    Block, Expr, ExprKind, Fork, Gen, GenKind, Ident, Item, ListPart, Match, Param, Part, Path, RecordPart,
    RoleBody, Stmt, StmtKind, TestModel, Text, ToolBody, Type, TypeKind,
};
use crate::modules::{Module, Modules};

/// Resolves everything that is no declaration at top level.
pub(super) fn walk<'a>(modules: &'a Modules, found: &mut Resolution) -> Calls<'a> {
    let mut calls = Calls::default();
    for (file, module) in modules.list().iter().enumerate() {
        walk_file(file, module, found, &mut calls);
    }
    calls
}

fn walk_file<'a>(file: usize, module: &'a Module, found: &mut Resolution, calls: &mut Calls<'a>) {
    let mut main = Walk { file, function: Function::new(file), found, calls };
    let items = &module.ast.items;
    for item in items {
        if let Item::Input(param) = item {
            main.function.declare(&param.name, DefKind::Input, main.found);
        }
    }
    for item in items {
        match item {
            Item::Stmt(stmt) => main.stmt(stmt),
            other => main.item(other),
        }
    }
    main.function.end(main.found);
}

/// A function, and where it stands.
struct Walk<'a, 'f> {
    file: usize,
    function: Function<'a>,
    found: &'f mut Resolution,
    calls: &'f mut Calls<'a>,
}

impl<'a> Walk<'a, '_> {
    /// Something that sees none of the variables around it.
    fn apart(&mut self, act: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.function, Function::new(self.file));
        act(self);
        let inner = std::mem::replace(&mut self.function, outer);
        inner.end(self.found);
    }

    fn item(&mut self, item: &'a Item) {
        match item {
            Item::Import(_) | Item::Stmt(_) => {}
            Item::Tool(decl) => {
                self.calls.declare(self.file, &decl.name, &decl.params, self.found);
                self.signature(&decl.params, decl.ret.as_ref());
                let stmts =
                    if let ToolBody::Block(block) = &decl.body { block.stmts.as_slice() } else { &[] };
                self.body(&decl.params, stmts);
            }
            Item::Test(decl) => {
                if let Some(TestModel::Named(name)) = &decl.model {
                    self.model(&name.name, name.span);
                }
                self.body(&[], &decl.body.stmts);
            }
            Item::Const(decl) => self.apart(|w| {
                decl.ty.iter().for_each(|ty| w.ty(ty));
                w.expr(&decl.value);
            }),
            Item::Type(decl) => self.apart(|w| w.ty(&decl.ty)),
            Item::Func(decl) => {
                self.calls.declare(self.file, &decl.name, &decl.params, self.found);
                self.signature(&decl.params, decl.ret.as_ref());
                self.body(&decl.params, &decl.body.stmts);
            }
            Item::Input(param) => self.signature(std::slice::from_ref(param), None),
            Item::Model(decl) => {
                decl.settings.iter().for_each(|(_, value)| self.apart(|w| w.expr(value)));
            }
        }
    }

    /// Types and defaults of parameters, and the type of the result.
    fn signature(&mut self, params: &'a [Param], ret: Option<&'a Type>) {
        for param in params {
            self.apart(|w| {
                w.ty(&param.ty);
                param.default.iter().for_each(|value| w.expr(value));
            });
        }
        ret.into_iter().for_each(|ty| self.apart(|w| w.ty(ty)));
    }

    fn body(&mut self, params: &'a [Param], stmts: &'a [Stmt]) {
        self.apart(|w| {
            params.iter().for_each(|p| w.function.declare(&p.name, DefKind::Parameter, w.found));
            stmts.iter().for_each(|stmt| w.stmt(stmt));
        });
    }

    fn declare(&mut self, ident: &'a Ident) {
        self.function.declare(ident, DefKind::Variable, self.found);
    }

    fn block(&mut self, block: &'a Block) {
        self.function.enter();
        block.stmts.iter().for_each(|stmt| self.stmt(stmt));
        self.function.leave();
    }

    /// A block with a variable of its own, such as the item of a loop.
    fn block_with(&mut self, variable: Option<&'a Ident>, block: &'a Block) {
        self.function.enter();
        variable.into_iter().for_each(|ident| self.declare(ident));
        self.block(block);
        self.function.leave();
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Break | StmtKind::Continue => {}
            StmtKind::Text(text) => self.text(text),
            StmtKind::Let { name, ty, value } => {
                ty.iter().for_each(|ty| self.ty(ty));
                self.expr(value);
                self.declare(name);
            }
            StmtKind::Assign { name, value, .. } => {
                self.function.name(&name.name, name.span, UsedAs::Value, self.found);
                self.expr(value);
            }
            StmtKind::Return(value) | StmtKind::Print(value) | StmtKind::Yield(value) => {
                value.iter().for_each(|value| self.expr(value));
            }
            StmtKind::Expect { cond, message } => {
                self.expr(cond);
                message.iter().for_each(|message| self.expr(message));
            }
            StmtKind::Fail(value) | StmtKind::Expr(value) => self.expr(value),
            StmtKind::Role { body, .. } => self.role(body),
            StmtKind::Gen(generation) => self.generation(generation),
            StmtKind::Error { blocks, .. } => blocks.iter().for_each(|block| self.block(block)),
            _ => self.control(&stmt.kind),
        }
    }

    /// Statements that hold blocks.
    fn control(&mut self, kind: &'a StmtKind) {
        match kind {
            StmtKind::If { arms, otherwise } => {
                for (cond, body) in arms {
                    self.expr(cond);
                    self.block(body);
                }
                otherwise.iter().for_each(|block| self.block(block));
            }
            StmtKind::Match(choice) => self.choice(choice, Walk::block),
            StmtKind::For { var, list, body } => {
                self.expr(list);
                self.block_with(Some(var), body);
            }
            StmtKind::Repeat { count, var, body } => {
                self.expr(count);
                self.block_with(var.as_ref(), body);
            }
            StmtKind::While { cond, max, body } => {
                self.expr(max);
                self.expr(cond);
                self.block(body);
            }
            StmtKind::Try { body, error, handler } => {
                self.block(body);
                self.function.enter();
                error.iter().for_each(|error| self.declare(error));
                handler.iter().for_each(|block| self.block(block));
                self.function.leave();
            }
            _ => {}
        }
    }

    fn choice<T>(&mut self, choice: &'a Match<T>, body: impl Fn(&mut Self, &'a T)) {
        self.expr(&choice.subject);
        for arm in &choice.arms {
            arm.cases.iter().for_each(|case| self.expr(case));
            body(self, &arm.body);
        }
    }

    fn role(&mut self, body: &'a RoleBody) {
        match body {
            // A role's block is no scope: what it declares is seen after it.
            RoleBody::Block(block) => block.stmts.iter().for_each(|stmt| self.stmt(stmt)),
            RoleBody::Gen(generation) => self.generation(generation),
            RoleBody::Expr(Expr { kind: ExprKind::Str(text), .. }) => self.text(text),
            RoleBody::Expr(expr) => self.expr(expr),
        }
    }

    /// Text of a prompt.
    fn text(&mut self, text: &'a Text) {
        self.string(text, true);
    }

    /// A string. One that is a value cannot generate: what it tries to bind is no capture.
    fn string(&mut self, text: &'a Text, generates: bool) {
        for part in &text.parts {
            match part {
                Part::Lit(literal, span) => {
                    for (name, _) in names_between(literal, '{', '}') {
                        self.function.name(name, *span, UsedAs::Mark, self.found);
                    }
                }
                Part::Expr(expr) => self.expr(expr),
                Part::Gen(generation) if generates => self.generation(generation),
                Part::Gen(_) => {}
            }
        }
    }

    fn generation(&mut self, generation: &'a Gen) {
        match &generation.kind {
            GenKind::Gen(ty) => ty.iter().for_each(|ty| self.ty(ty)),
            GenKind::Select { from, .. } => self.expr(from),
            GenKind::Call(tools) => tools.iter().for_each(|tool| self.tool(tool)),
        }
        for (name, value) in &generation.options {
            match (name.name.as_str(), &value.kind) {
                ("tools", ExprKind::List(tools)) => tools.iter().for_each(|tool| self.tool_of_option(tool)),
                ("model", ExprKind::Name(name)) => self.model(name, value.span),
                _ => self.expr(value),
            }
        }
        self.function.generate(&generation.name, self.found);
    }

    /// A tool is meant by its name even where a variable has the same.
    fn tool(&mut self, path: &'a Path) {
        let [first, rest @ ..] = path.names.as_slice() else { return };
        let Some(bound) = self.found.value_in(self.file, &first.name) else { return };
        self.found.note(first.span, bound);
        if let [name] = rest {
            note_member(bound, name, self.found);
        }
    }

    fn tool_of_option(&mut self, expr: &'a Expr) {
        let (name, span, member) = match &expr.kind {
            ExprKind::Name(name) => (name, expr.span, None),
            ExprKind::Field(base, member) => match &base.kind {
                ExprKind::Name(name) => (name, base.span, Some(member)),
                _ => return self.expr(expr),
            },
            _ => return self.expr(expr),
        };
        let Some(bound) = self.found.value_in(self.file, name) else { return };
        self.found.note(span, bound);
        member.into_iter().for_each(|name| note_member(bound, name, self.found));
    }

    fn model(&mut self, name: &str, span: crate::source::Span) {
        if let Some(bound) = self.found.model_in(self.file, name) {
            self.found.note(span, bound);
        }
    }

    fn ty(&mut self, ty: &'a Type) {
        match &ty.kind {
            TypeKind::Name(path, _) => self.type_name(path),
            TypeKind::Record(fields) => fields.iter().for_each(|field| self.ty(&field.ty)),
            TypeKind::List(item, _) | TypeKind::Map(item) | TypeKind::JsonOf(item) => self.ty(item),
            TypeKind::Fn(params, ret) => {
                params.iter().for_each(|param| self.ty(param));
                ret.iter().for_each(|ret| self.ty(ret));
            }
            TypeKind::Union(members) => members.iter().for_each(|member| self.ty(member)),
            TypeKind::Copy(value) | TypeKind::OneOf(value) | TypeKind::Having(_, value) => self.expr(value),
            TypeKind::Both(members) => members.iter().for_each(|member| self.ty(member)),
            TypeKind::Not(inner) => self.ty(inner),
            TypeKind::Template(text) | TypeKind::Grammar(text) => {
                text.holes().for_each(|hole| self.ty(&hole.ty));
            }
            _ => {}
        }
    }

    fn type_name(&mut self, path: &'a Path) {
        match path.names.as_slice() {
            [name] => match self.found.type_in(self.file, &name.name) {
                Some(bound) => self.found.note(name.span, bound),
                None => self.function.name(&name.name, name.span, UsedAs::Type, self.found),
            },
            [first, name] => {
                let Some(bound) = self.found.file_import(self.file, &first.name) else { return };
                self.found.note(first.span, bound);
                self.type_of_file(bound, name);
            }
            _ => {}
        }
    }

    fn type_of_file(&mut self, base: Bound, name: &'a Ident) {
        let meaning = match base.definition().and_then(|id| self.found.kind(id)) {
            Some(DefKind::File(Some(file))) => match self.found.own_type(file, &name.name) {
                Some(def) => Meaning::Def(def),
                None => return,
            },
            _ => Meaning::Lost,
        };
        self.found.note(name.span, Bound { meaning, ..base });
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Name(name) => self.function.name(name, expr.span, UsedAs::Value, self.found),
            ExprKind::Field(base, member) => match &base.kind {
                ExprKind::Name(name) => {
                    self.function.name(name, base.span, UsedAs::Base(member), self.found);
                }
                _ => self.expr(base),
            },
            ExprKind::Str(text) => self.string(text, false),
            ExprKind::List(items) => items.iter().for_each(|item| self.expr(item)),
            ExprKind::Record(fields) => fields.iter().for_each(|(_, value)| self.expr(value)),
            ExprKind::ListOf(parts) => {
                parts.iter().flat_map(ListPart::exprs).for_each(|item| self.expr(item));
            }
            ExprKind::RecordOf(parts) => {
                parts.iter().flat_map(RecordPart::exprs).for_each(|value| self.expr(value));
            }
            ExprKind::Unary(_, value) => self.expr(value),
            ExprKind::Binary(_, _, left, right) | ExprKind::Index(left, right) => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Slice(base, from, to) => {
                self.expr(base);
                from.iter().chain(to).for_each(|bound| self.expr(bound));
            }
            ExprKind::If(arms, otherwise) => {
                for (cond, value) in arms {
                    self.expr(cond);
                    self.expr(value);
                }
                self.expr(otherwise);
            }
            ExprKind::Match(choice) => self.choice(choice, Walk::expr),
            ExprKind::Call(call) => {
                self.calls.call(call);
                self.expr(&call.callee);
                let describes = matches!(&call.callee.kind, ExprKind::Name(name) if name == "describe");
                for (_, value) in &call.args {
                    if !(describes && self.described(value)) {
                        self.expr(value);
                    }
                }
            }
            ExprKind::Lambda(lambda) => {
                self.function.enter();
                lambda.params.iter().for_each(|param| self.declare(param));
                self.expr(&lambda.body);
                self.function.leave();
            }
            ExprKind::Fork(over, body) => self.fork(over, body),
            ExprKind::Aside(body) => self.branch(body),
            ExprKind::Error
            | ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Regex(_)
            | ExprKind::Embed(_) => {}
        }
    }

    /// The name of a type as what is described; whether it is one, and no value.
    fn described(&mut self, expr: &'a Expr) -> bool {
        match &expr.kind {
            ExprKind::Name(name) if self.found.value_in(self.file, name).is_none() => {
                let bound = self.found.type_in(self.file, name);
                bound.into_iter().for_each(|bound| self.found.note(expr.span, bound));
                bound.is_some()
            }
            ExprKind::Field(base, member) => {
                let ExprKind::Name(name) = &base.kind else { return false };
                let Some(bound) = self.found.file_import(self.file, name) else { return false };
                let file = match bound.definition().and_then(|id| self.found.kind(id)) {
                    Some(DefKind::File(Some(file))) => file,
                    _ => return false,
                };
                if self.found.own_value(file, &member.name).is_some() {
                    return false;
                }
                self.found.note(base.span, bound);
                self.type_of_file(bound, member);
                true
            }
            _ => false,
        }
    }

    fn fork(&mut self, over: &'a Fork, body: &'a Block) {
        self.function.enter();
        let variable = match over {
            Fork::Count(value, name) => {
                self.expr(value);
                name.as_ref()
            }
            Fork::Each(name, value) => {
                self.expr(value);
                Some(name)
            }
        };
        variable.into_iter().for_each(|name| self.declare(name));
        self.branch(body);
        self.function.leave();
    }

    fn branch(&mut self, body: &'a Block) {
        self.function.enter_branch();
        self.block(body);
        self.function.leave_branch(self.found);
    }
}
