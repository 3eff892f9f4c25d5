//! From trees to one typed tree: names, types, effects, and what a generation may write.
//!
//! What names mean is known before ([`resolve`]); the declarations of all files become one list of functions.
//! Functions are checked one by one, in order; where a call needs a result type that is not written down, the
//! callee is checked first. Findings are collected, never thrown: a mistake yields the type [`Ty::Error`],
//! which fits everything, so that one cause produces one finding.

mod access;
mod body;
mod bounds;
mod branch;
mod builtin;
mod call;
mod choice;
mod constraint;
mod control;
mod decl;
mod describe;
mod effects;
mod embed;
mod expr;
mod facts;
mod files;
mod flow;
mod func;
mod functions;
mod generate;
mod imports;
mod instances;
mod known;
mod link;
mod models;
mod names;
mod ops;
mod options;
mod prelude;
mod recursion;
mod schemas;
mod slots;
mod spread;
mod stmt;
mod suggest;
mod template;
mod texts;
mod tools;
mod type_names;
mod types;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use agentc_constraint::SharedSpec;
use agentc_constraint::spec::Spec;

use body::Body;
use link::Global;
use slots::{Slot, TestSlot, ToolSlot, TypeSlot};
pub(crate) use template::with_hole;

use crate::Options;
use crate::diag::Diag;
use crate::hir::Hir;
use crate::ir::ModelDecl;
use crate::limits::Limits;
use crate::modules::Modules;
use crate::resolve::{DefId, Resolution, resolve};
use crate::source::{Span, World};
use crate::specs::Specs;
use crate::ty::{NamedTypes, Ty};

/// The word that means the text so far where no variable has this name.
const CONTEXT: &str = "context";

/// What to say where a schema stands in the program itself.
pub(crate) const SCHEMA_TEXT: (&str, &str) = (
    "`schema` takes the path of a file, not the text of a schema",
    "put the text into a file, schema \"person.json\"; or write the type itself, such as {name: str, age: int}",
);

/// Checks a program. The typed tree is there if and only if there is no error among the findings of this
/// stage; callers must not use it if an earlier stage reported one.
pub fn check(modules: &Modules, world: &dyn World, options: &Options) -> (Option<Hir>, Vec<Diag>) {
    let names = resolve(modules);
    let mut checker = Checker {
        program: Program { modules, names: &names, world, limits: &options.limits },
        module: 0,
        types: DeclaredTypes::default(),
        decls: Declarations::default(),
        cache: Cache::default(),
        body: Body::default(),
        nesting: Nesting::default(),
        findings: Findings::default(),
    };
    let hir = checker.run(options);
    let Findings { mut diags, hidden, .. } = checker.findings;
    diags.sort_by_key(|d| (d.span.file, d.span.start, d.span.end));
    diags.dedup_by(|a, b| a.span == b.span && a.code == b.code);
    let failed = hidden || diags.iter().any(Diag::is_error);
    (hir.filter(|_| !failed), diags)
}

struct Checker<'a> {
    program: Program<'a>,
    /// The file that is being checked.
    module: usize,
    types: DeclaredTypes<'a>,
    decls: Declarations<'a>,
    cache: Cache,
    /// The function that is being checked.
    body: Body,
    nesting: Nesting,
    findings: Findings,
}

/// What is checked.
#[derive(Clone, Copy)]
struct Program<'a> {
    modules: &'a Modules,
    /// What its names mean.
    names: &'a Resolution,
    /// Where embedded files come from.
    world: &'a dyn World,
    /// What it may cost.
    limits: &'a Limits,
}

/// The types that the files declare.
#[derive(Default)]
struct DeclaredTypes<'a> {
    slots: Vec<TypeSlot<'a>>,
    /// Where each definition is found among these.
    numbers: HashMap<DefId, usize>,
    /// Types that contain themselves, and what generations of them write, by their numbers.
    named: NamedTypes,
    defs: Vec<Spec>,
    /// Parts of declared types that were copied to where they are named.
    used: usize,
}

/// Everything else that the files declare.
#[derive(Default)]
struct Declarations<'a> {
    /// Everything that becomes a function, in the order of their ids.
    slots: Vec<Slot<'a>>,
    /// Of functions that take functions.
    instances: instances::Instances,
    tools: Vec<ToolSlot<'a>>,
    tests: Vec<TestSlot>,
    /// The named models of all files.
    models: Vec<(String, ModelDecl)>,
    /// Where the definition of each model is found among these.
    model_numbers: HashMap<DefId, u32>,
    /// What the definitions of values are.
    values: HashMap<DefId, Global>,
    /// Imports that a declaration hides, which is reported.
    hidden_imports: HashSet<Span>,
}

/// What was found out once, whichever part of the program asked first.
#[derive(Default)]
struct Cache {
    /// Embedded files that were read, by path; `None` where something was wrong.
    files: HashMap<String, Option<Arc<str>>>,
    /// What generations may write, and the parts of it that were looked at by themselves.
    specs: Specs,
    /// What is wrong with the regexes, grammars and schemas among them.
    problems: HashMap<SharedSpec, Option<constraint::Problem>>,
}

/// How deep the checker is: its stack is finite.
#[derive(Default)]
struct Nesting {
    /// How many functions wait for the result type of another.
    functions: usize,
    /// How many expressions and blocks are open around the place, in all of these functions together.
    depth: usize,
}

/// What was found.
#[derive(Default)]
struct Findings {
    diags: Vec<Diag>,
    /// Descriptions of something.
    docs: HashSet<Span>,
    /// Whether a finding was left out because it may be a consequence of a syntax error.
    hidden: bool,
    /// How many unknown names were compared with known ones; comparing is slow, so it is limited.
    suggestions: usize,
}

impl Checker<'_> {
    /// Does something as in another file.
    fn within<T>(&mut self, module: usize, act: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.module, module);
        let done = act(self);
        self.module = outer;
        done
    }

    /// Adds a finding, unless it lies in a statement that lost a part to a syntax error.
    fn report(&mut self, diag: Diag) {
        let damaged = |m: &crate::modules::Module| m.ast.damage.covers(diag.span);
        if self.program.modules.of(diag.span).is_some_and(damaged) {
            self.findings.hidden |= diag.is_error();
        } else {
            self.findings.diags.push(diag);
        }
    }

    /// Adds a finding and gives the type that causes no further ones.
    fn fail(&mut self, diag: Diag) -> Ty {
        self.report(diag);
        Ty::Error
    }
}
