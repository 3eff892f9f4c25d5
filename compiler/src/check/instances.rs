//! Functions that take functions: one instance for each set of functions that such a one is called with.
//!
//! Instances are found before anything is checked, from the trees alone, so that effects are known exactly. A
//! function parameter is no variable: in an instance, its name stands for what was given. A lambda is a function of its own
//! with what it reads of the variables around it as first parameters; an instance passes these on as parameters of its own.

use std::collections::HashMap;

use super::Checker;
use super::effects::{Called, Scan};
use super::link::Global;
use super::slots::{Origin, Param, Slot};
use crate::ast::{Call, Expr, ExprKind, Lambda};
use crate::builtin::Function;
use crate::diag::Diag;
use crate::limits::Limit;
use crate::resolve::DefId;
use crate::source::Span;
use crate::ty::Ty;

/// The type of a function that is an argument.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FuncTy {
    pub(super) params: Vec<Ty>,
    pub(super) ret: Ty,
}

/// What a function parameter stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// A function of the program, or a lambda.
    Slot(usize),
    /// A tool.
    Tool(usize),
    /// A function of the prelude.
    Prelude(Function),
    /// In the function itself, which is checked once without its being known.
    Unknown,
}

/// The instances of functions that take functions.
#[derive(Debug, Default)]
pub(super) struct Instances {
    /// By function, and what it was given.
    made: HashMap<(usize, Vec<Target>), usize>,
    /// The instance that a call means: by the slot in which it stands, and its place.
    pub(super) called: HashMap<(usize, Span), usize>,
    /// The slots of lambdas, likewise.
    pub(super) lambdas: HashMap<(usize, Span), usize>,
    /// Bytes of their sources.
    text: usize,
    /// Whether there are too many, which is reported.
    full: bool,
}

impl<'a> Checker<'a> {
    /// Makes every instance that a function of the program, or another instance, asks for.
    pub(super) fn instantiate(&mut self) {
        if !self.decls.slots.iter().any(Slot::is_template) {
            return;
        }
        let mut next = 0;
        while next < self.decls.slots.len() {
            if !self.decls.slots[next].is_template() {
                self.module = self.decls.slots[next].module;
                for called in self.scan_of(next).with_calls() {
                    self.instances_of_call(next, called);
                }
            }
            next += 1;
        }
        self.module = 0;
    }

    /// What a slot holds.
    pub(super) fn scan_of(&self, id: usize) -> Scan<'a> {
        match &self.decls.slots[id].origin {
            Origin::Func(decl) => super::effects::scan(&decl.body.stmts),
            Origin::Tool(block) | Origin::Test(block) => super::effects::scan(&block.stmts),
            Origin::Main(stmts) => super::effects::scan(stmts.iter().copied()),
            Origin::Value { expr, .. } => super::effects::scan_expr(expr),
            Origin::Lambda(lambda, _) => super::effects::scan_expr(&lambda.body),
        }
    }

    fn instances_of_call(&mut self, caller: usize, Called { call, span }: Called<'a>) {
        let Some(Global::Func(callee)) = self.named(&call.callee) else { return };
        if !self.decls.slots[callee].is_template() {
            return;
        }
        let functions = self.decls.slots[callee].params.iter().enumerate().filter(|(_, p)| p.func.is_some());
        let functions: Vec<(usize, String)> = functions.map(|(at, p)| (at, p.name.name.clone())).collect();
        let given: Option<Vec<&'a Expr>> =
            functions.iter().map(|(at, name)| argument(call, *at, name)).collect();
        let Some(given) = given else { return };
        let targets: Option<Vec<Target>> = given.into_iter().map(|arg| self.target_of(caller, arg)).collect();
        if let Some(targets) = targets.filter(|targets| !targets.contains(&Target::Unknown)) {
            self.instance(caller, callee, targets, span);
        }
    }

    fn instance(&mut self, caller: usize, callee: usize, targets: Vec<Target>, span: Span) {
        let key = (callee, targets);
        if let Some(known) = self.decls.instances.made.get(&key) {
            self.decls.instances.called.insert((caller, span), *known);
            return;
        }
        let limits = self.program.limits;
        let text = self.decls.instances.text + self.source_len(callee);
        if self.decls.instances.made.len() >= limits.instances {
            return self.too_many_instances((Limit::Instances, limits.instances), callee, span);
        }
        if text > limits.instance_text {
            return self.too_many_instances((Limit::InstanceText, limits.instance_text), callee, span);
        }
        self.decls.instances.text = text;
        let template = &self.decls.slots[callee];
        let (functions, params): (Vec<Param>, Vec<Param>) =
            template.params.iter().cloned().partition(|param| param.func.is_some());
        let bound = functions
            .iter()
            .zip(&key.1)
            .filter_map(|(param, target)| Some((self.program.names.local_at(param.name.span)?, *target)));
        let slot = Slot {
            params,
            functions: bound.collect(),
            instance_of: Some(callee),
            ..Slot::new(&template.name, template.module, template.origin.clone(), template.span)
        };
        let slot = Slot { ret: template.ret.clone(), declared: template.declared, ..slot };
        let id = self.slot(slot);
        self.decls.instances.made.insert(key, id);
        self.decls.instances.called.insert((caller, span), id);
    }

    fn source_len(&self, id: usize) -> usize {
        match &self.decls.slots[id].origin {
            Origin::Func(decl) => decl.body.span.end.saturating_sub(decl.span.start) as usize,
            _ => 0,
        }
    }

    fn too_many_instances(&mut self, (limit, most): (Limit, usize), callee: usize, span: Span) {
        if std::mem::replace(&mut self.decls.instances.full, true) {
            return;
        }
        let name = &self.decls.slots[callee].name;
        let message = format!("this call of `{name}` takes more than {most} {limit}");
        let diag = Diag::new("E0222", span, message).limit(limit);
        self.report(
            diag.hint("a function that calls itself passes its function on as it is: f, not x => f(x)"),
        );
    }

    /// What an argument stands for that is a function; `None` if it is none.
    fn target_of(&mut self, caller: usize, arg: &'a Expr) -> Option<Target> {
        match &arg.kind {
            ExprKind::Lambda(lambda) => Some(Target::Slot(self.lambda_slot(caller, lambda, arg.span))),
            _ => self.target_named(caller, arg),
        }
    }

    /// What a name stands for in a slot, as a function.
    pub(super) fn target_named(&self, slot: usize, expr: &Expr) -> Option<Target> {
        if let Some(target) = self.function_param(slot, expr) {
            return Some(target);
        }
        match (self.named(expr), &expr.kind) {
            (Some(Global::Func(id)), _) => (!self.decls.slots[id].is_template()).then_some(Target::Slot(id)),
            (Some(Global::Tool(id)), _) => Some(Target::Tool(id)),
            (None, ExprKind::Name(name)) if !self.is_known(expr.span) => {
                Function::named(name).map(Target::Prelude)
            }
            _ => None,
        }
    }

    /// What a function parameter stands for in a slot.
    pub(super) fn function_param(&self, slot: usize, expr: &Expr) -> Option<Target> {
        let def: DefId = self.program.names.local_at(expr.span)?;
        let functions = &self.decls.slots.get(slot)?.functions;
        functions.iter().find(|(of, _)| *of == def).map(|(_, target)| *target)
    }

    fn lambda_slot(&mut self, owner: usize, lambda: &'a Lambda, span: Span) -> usize {
        if let Some(known) = self.decls.instances.lambdas.get(&(owner, span)) {
            return *known;
        }
        let functions = self.decls.slots[owner].functions.clone();
        let slot = Slot::new("", self.module, Origin::Lambda(lambda, owner), span);
        let id = self.slot(Slot { functions, ..slot });
        self.decls.instances.lambdas.insert((owner, span), id);
        id
    }
}

/// The argument of a call for a parameter.
fn argument<'a>(call: &'a Call, at: usize, name: &str) -> Option<&'a Expr> {
    let named = call.args.iter().find(|(key, _)| key.as_ref().is_some_and(|key| key.name == name));
    let placed = || call.args.get(at).filter(|(key, _)| key.is_none());
    named.or_else(placed).map(|(_, value)| value)
}
