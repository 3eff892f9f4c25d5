//! From trees to one typed tree: names, types, effects, and what a generation may write.
//!
//! Names are resolved file by file ([`scope`]); the declarations of all files become one list of functions.
//! Functions are checked one by one, in order; where a call needs a result type that is not written down, the
//! callee is checked first. Findings are collected, never thrown: a mistake yields the type [`Ty::Error`],
//! which fits everything, so that one cause produces one finding.

mod body;
mod bounds;
mod branch;
mod call;
mod constraint;
mod control;
mod decl;
mod effects;
mod embed;
mod expr;
mod facts;
mod files;
mod flow;
mod func;
mod generate;
mod link;
mod models;
mod ops;
mod options;
mod prelude;
mod recursion;
mod scope;
mod slots;
mod stmt;
mod suggest;
mod template;
mod tools;
mod type_names;
mod types;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use agentc_constraint::spec::Spec;

use body::Body;
use scope::{Global, Scope};
use slots::{Slot, TestSlot, ToolSlot, TypeSlot};

use crate::diag::Diag;
use crate::hir::{Expr, Hir};
use crate::ir::ModelDecl;
use crate::modules::Modules;
use crate::source::{Span, World};
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
pub fn check(modules: &Modules, world: &dyn World, agent: Option<&str>) -> (Option<Hir>, Vec<Diag>) {
    let mut checker = Checker {
        modules,
        world,
        module: 0,
        scopes: modules.list().iter().map(|_| Scope::default()).collect(),
        type_slots: Vec::new(),
        named: NamedTypes::default(),
        defs: Vec::new(),
        used: 0,
        named_places: HashSet::new(),
        resolving: None,
        holes: None,
        files: HashMap::new(),
        tools: Vec::new(),
        tests: Vec::new(),
        models: Vec::new(),
        slots: Vec::new(),
        body: Body::default(),
        pure_only: None,
        inferring: 0,
        depth: 0,
        suggestions: 0,
        diags: Vec::new(),
        regexes: HashMap::new(),
        grammars: HashMap::new(),
        schemas: HashMap::new(),
        hidden: false,
    };
    let hir = checker.run(agent);
    let mut diags = checker.diags;
    diags.sort_by_key(|d| (d.span.file, d.span.start, d.span.end));
    diags.dedup_by(|a, b| a.span == b.span && a.code == b.code);
    let failed = checker.hidden || diags.iter().any(Diag::is_error);
    (hir.filter(|_| !failed), diags)
}

struct Checker<'a> {
    modules: &'a Modules,
    /// Where embedded files come from.
    world: &'a dyn World,
    /// The file that is being checked.
    module: usize,
    /// What each file declares and imports.
    scopes: Vec<Scope<'a>>,
    type_slots: Vec<TypeSlot<'a>>,
    /// Types that contain themselves, and what generations of them write, by their numbers.
    named: NamedTypes,
    defs: Vec<Spec>,
    /// Parts of declared types that were copied to where they are named.
    used: usize,
    /// Where the declarations and imports stand that something names.
    named_places: HashSet<Span>,
    /// The group of declared types that are being resolved.
    resolving: Option<usize>,
    /// In the type of a generation: the values of its holes.
    holes: Option<Vec<Expr>>,
    /// Embedded files that were read, by path; `None` where something was wrong.
    files: HashMap<String, Option<Arc<str>>>,
    tools: Vec<ToolSlot<'a>>,
    tests: Vec<TestSlot>,
    /// The named models of all files.
    models: Vec<(String, ModelDecl)>,
    /// Everything that becomes a function, in the order of their ids.
    slots: Vec<Slot<'a>>,
    /// The function that is being checked.
    body: Body,
    /// Set where nothing may write or generate: what the place is called.
    pure_only: Option<&'static str>,
    /// How many functions wait for the result type of another.
    inferring: usize,
    /// How many expressions and blocks are open around the place, in all of these functions together.
    depth: usize,
    /// How many unknown names were compared with known ones; comparing is slow, so it is limited.
    suggestions: usize,
    diags: Vec<Diag>,
    /// Regexes that were looked at, and what was wrong with each.
    regexes: HashMap<String, Option<constraint::Problem>>,
    /// The same of grammars, by text and whether they are in llama.cpp's notation.
    grammars: HashMap<(String, bool), Option<constraint::Problem>>,
    /// The same of JSON Schemas.
    schemas: HashMap<String, Option<constraint::Problem>>,
    /// Whether a finding was left out because it may be a consequence of a syntax error.
    hidden: bool,
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
        if self.modules.of(diag.span).is_some_and(damaged) {
            self.hidden |= diag.is_error();
        } else {
            self.diags.push(diag);
        }
    }

    /// Adds a finding and gives the type that causes no further ones.
    fn fail(&mut self, diag: Diag) -> Ty {
        self.report(diag);
        Ty::Error
    }
}
