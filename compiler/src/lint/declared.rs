//! Declarations that nothing refers to: constants, types, tools, models, imports; and functions that no run
//! reaches.
//!
//! A file that is only imported, or contains only agents and functions, is a library: its declarations are
//! for others to use. So these checks cover the main file alone, and only if it is a program in its own
//! right. A name that begins with `_` is meant to be unused.

use std::collections::{BTreeSet, HashSet};

use super::Lint;
use crate::ast::{FuncWord, Ident, Import, ImportNames, Item};
use crate::diag::{Diag, Edit};
use crate::hir::{Func, Hir, Origin, ToolBody};
use crate::ir::{FuncId, FuncKind};
use crate::source::Span;

impl Lint<'_> {
    /// Everything of this kind.
    pub(super) fn declared(&mut self) {
        for span in &self.hir.idle_docs {
            let diag = Diag::new("W0023", *span, "this describes nothing");
            let hint = "a comment with `##` belongs right above an item, a parameter, a field or a member of a union; others have one `#`";
            self.report(diag.hint(hint));
        }
        let Some(main) = self.modules.list().first() else { return };
        let runs = |item: &Item| match item {
            Item::Stmt(_) | Item::Input(_) => true,
            Item::Func(decl) => decl.word == FuncWord::Agent && decl.name.name == "main",
            _ => false,
        };
        if main.ast.items.iter().any(runs) {
            self.unnamed(&main.ast.items);
            self.unreached();
        }
    }

    /// Declarations that nothing names, be it itself.
    fn unnamed(&mut self, items: &[Item]) {
        for item in items {
            let unused = |name: &&Ident| !self.hir.named.contains(&name.span) && !name.name.starts_with('_');
            for (what, name) in named(item).into_iter().filter(|(_, name)| unused(name)) {
                let message = format!("the {what} `{}` is not used", name.name);
                let diag = Diag::new("W0104", name.span, message).hint("use it, or remove it");
                let diag = match item {
                    Item::Import(import) => diag.fix(without(import, name, &unused), true),
                    _ => diag,
                };
                self.report(diag);
            }
        }
    }

    /// Functions that neither the program, nor one of its tests, nor another such function calls.
    fn unreached(&mut self) {
        let hir = self.hir;
        let starts = |id: FuncId, kind| id.0 == hir.entry || matches!(kind, FuncKind::Main | FuncKind::Test);
        let runs = hir.numbered().filter(|(id, func)| starts(*id, func.kind)).map(|(id, _)| id);
        // Constants and tools that nobody uses are told about by name, and not once more by what they call.
        let tools = hir.tools.iter().filter_map(|tool| match tool.body {
            ToolBody::Func(func) => Some(FuncId(func)),
            ToolBody::Outside(_) => None,
        });
        let seen = self.graph.reached(runs.chain(constants(hir)).chain(tools));
        // Of a function that takes functions its instances are called.
        let seen: HashSet<Span> = seen.iter().filter_map(|id| hir.func(*id)).map(|func| func.span).collect();
        for func in &hir.funcs {
            let own = func.span.file == 0 && func.origin == Origin::Func && !func.name.starts_with('_');
            if !own || seen.contains(&func.span) {
                continue;
            }
            let (word, hint) = match func.kind {
                FuncKind::Agent => ("agent", "call it, run it with --agent, or remove it"),
                _ => ("function", "call it, or remove it"),
            };
            let diag = Diag::new("W0103", func.span, format!("the {word} `{}` is never called", func.name));
            self.report(diag.hint(hint));
        }
    }
}

/// The functions that compute constants.
fn constants(hir: &Hir) -> Vec<FuncId> {
    let of_funcs = hir.funcs.iter().flat_map(|func| func.defaults.iter().flatten());
    let of_tools = hir.tools.iter().flat_map(|tool| tool.params.iter().filter_map(|(_, _, id)| id.as_ref()));
    let defaults: BTreeSet<u32> = of_funcs.chain(of_tools).copied().collect();
    let is_constant = |id: FuncId, func: &Func| func.origin == Origin::Value && !defaults.contains(&id.0);
    hir.numbered().filter(|(id, func)| is_constant(*id, func)).map(|(id, _)| id).collect()
}

/// The edits after which an import does not bring a name; where it brings no other that is used, it goes as a whole.
fn without(import: &Import, name: &Ident, unused: &dyn Fn(&&Ident) -> bool) -> Vec<Edit> {
    let ImportNames::Only(names) = &import.names else { return vec![Edit::new(import.span, "")] };
    if names.iter().all(|name| unused(&name)) {
        return vec![Edit::new(import.span, "")];
    }
    let Some(at) = names.iter().position(|other| other.span == name.span) else { return Vec::new() };
    // With the comma behind it, or that before the last one.
    let place = match (names.get(at + 1), at.checked_sub(1).and_then(|before| names.get(before))) {
        (Some(next), _) => Span { end: next.span.start, ..name.span },
        (None, Some(before)) => Span { start: before.span.end, ..name.span },
        (None, None) => return Vec::new(),
    };
    vec![Edit::new(place, "")]
}

/// The names that an item brings, but for those of functions, and what they are.
fn named(item: &Item) -> Vec<(&'static str, &Ident)> {
    match item {
        Item::Const(decl) => vec![("constant", &decl.name)],
        Item::Type(decl) => vec![("type", &decl.name)],
        Item::Tool(decl) => vec![("tool", &decl.name)],
        Item::Model(decl) => decl.name.iter().map(|name| ("model", name)).collect(),
        Item::Import(import) => match &import.names {
            ImportNames::As(name) => vec![("import", name)],
            ImportNames::Only(names) => names.iter().map(|name| ("import", name)).collect(),
        },
        _ => Vec::new(),
    }
}
