//! What names at top level refer to: the file's own declarations, then its imports. The prelude comes after
//! these, and is looked up where it is used.

use std::collections::HashMap;

use super::Checker;
use crate::ast::{Ident, ImportNames, Item, Path};
use crate::diag::Diag;
use crate::source::Span;

/// What a name at top level stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Global {
    /// A `fn` or an `agent`.
    Func(usize),
    /// A constant: the function that computes it.
    Const(usize),
    /// A tool.
    Tool(usize),
    /// An imported file.
    Module(usize),
    /// Something that was reported already, such as an import from a file that cannot be read.
    Unknown,
}

/// What one file declares and imports.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    /// Its own values, and where each is declared.
    pub(super) values: HashMap<&'a str, (Global, Span)>,
    /// Its own types.
    pub(super) types: HashMap<&'a str, usize>,
    /// Its named models.
    pub(super) models: HashMap<&'a str, (u32, Span)>,
    imports: HashMap<&'a str, (Import, Span)>,
}

#[derive(Debug, Clone, Copy)]
enum Import {
    /// `import "…" as name`
    Whole(usize),
    /// `import { name } from "…"`
    Name(usize),
    /// From a file of which nothing is known, or a name that the file lacks.
    Lost,
}

/// What a type's name stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum TypeName {
    /// A declared type.
    Declared(usize),
    /// One of a file of which nothing is known, or that was reported already.
    Lost,
    /// The imported file has no such type.
    Missing(usize),
    /// The first of two names is no imported file.
    NoFile,
}

impl<'a> Checker<'a> {
    /// What a name at top level of the current file stands for, and where this file says so.
    pub(super) fn global(&self, name: &str) -> Option<(Global, Span)> {
        let scope = self.scopes.get(self.module)?;
        if let Some(own) = scope.values.get(name) {
            return Some(*own);
        }
        let (import, place) = scope.imports.get(name).copied()?;
        match import {
            Import::Whole(module) => Some((Global::Module(module), place)),
            Import::Name(module) => self.value_in(module, name).map(|global| (global, place)),
            Import::Lost => Some((Global::Unknown, place)),
        }
    }

    /// The same where the program names it, rather than where names are compared.
    pub(super) fn name_global(&mut self, name: &str) -> Option<(Global, Span)> {
        let found = self.global(name);
        self.named_places.extend(found.map(|(_, place)| place));
        found
    }

    /// What the first of a path of types is called by: the type's own declaration, or an import.
    fn place_of_type(&self, first: &Ident) -> Option<Span> {
        let scope = self.scopes.get(self.module)?;
        let own = scope.types.get(first.name.as_str()).map(|id| self.type_slots[*id].decl.name.span);
        own.or(scope.imports.get(first.name.as_str()).map(|import| import.1))
    }

    pub(super) fn value_in(&self, module: usize, name: &str) -> Option<Global> {
        self.scopes.get(module)?.values.get(name).map(|(global, _)| *global)
    }

    /// What `name` of an imported file stands for; reported if it has no such value.
    pub(super) fn name_in(&mut self, module: usize, name: &Ident) -> Global {
        if let Some(found) = self.value_in(module, &name.name) {
            return found;
        }
        if self.scopes.get(module).is_some_and(|s| s.types.contains_key(name.name.as_str())) {
            let diag = Diag::new("E0203", name.span, format!("`{}` is a type, not a value", name.name));
            self.report(diag.hint("types come after a `:`, as in let x: lib.T = …"));
            return Global::Unknown;
        }
        self.missing(module, name);
        Global::Unknown
    }

    /// The type that a path names in a file; `None` if it may be one of the prelude.
    pub(super) fn type_named_in(&self, module: usize, path: &Path) -> Option<TypeName> {
        let scope = self.scopes.get(module)?;
        let (first, rest) = path.names.split_first()?;
        let import = scope.imports.get(first.name.as_str()).map(|i| i.0);
        let Some(name) = rest.first() else {
            if let Some(own) = scope.types.get(first.name.as_str()) {
                return Some(TypeName::Declared(*own));
            }
            return match import? {
                Import::Name(module) => self.type_in(module, &first.name).map(TypeName::Declared),
                Import::Lost => Some(TypeName::Lost),
                Import::Whole(_) => None,
            };
        };
        Some(match import {
            Some(Import::Whole(module)) if rest.len() == 1 => {
                self.type_in(module, &name.name).map_or(TypeName::Missing(module), TypeName::Declared)
            }
            Some(Import::Lost) => TypeName::Lost,
            _ if self.is_lost_in(module, &first.name) => TypeName::Lost,
            _ => TypeName::NoFile,
        })
    }

    /// Whether a declared type names itself, or one that names it in turn: neither is used by that.
    fn is_of_own_group(&self, path: &Path) -> bool {
        match (self.resolving, self.type_named_in(self.module, path)) {
            (Some(group), Some(TypeName::Declared(id))) => self.type_slots[id].group == Some(group),
            _ => false,
        }
    }

    /// The declared type that a path names: `Some(None)` if there is none, which is reported; `None` if it
    /// may be one of the prelude.
    pub(super) fn type_name(&mut self, path: &Path) -> Option<Option<usize>> {
        let (first, last) = (path.names.first()?, path.names.last()?);
        if !self.is_of_own_group(path) {
            self.named_places.extend(self.place_of_type(first));
        }
        match self.type_named_in(self.module, path)? {
            TypeName::Declared(id) => return Some(Some(id)),
            TypeName::Lost => self.hidden = true,
            TypeName::Missing(module) => self.missing(module, last),
            TypeName::NoFile => {
                let diag = Diag::new("E0101", path.span, format!("`{}` is not an imported file", first.name));
                let hint = format!("import the file first: import \"….agent\" as {}", first.name);
                self.report(diag.hint(hint));
            }
        }
        Some(None)
    }

    fn type_in(&self, module: usize, name: &str) -> Option<usize> {
        self.scopes.get(module)?.types.get(name).copied()
    }

    /// Whether a name may have been declared where the current file could not be parsed.
    pub(super) fn is_lost(&self, name: &str) -> bool {
        self.body.is_lost(name) || self.is_lost_in(self.module, name)
    }

    /// Whether the current file may have declared more at top level than could be parsed.
    pub(super) fn lost_items(&self) -> bool {
        let module = self.modules.list().get(self.module);
        module.is_some_and(|m| m.lost || !m.ast.damage.words.is_empty())
    }

    fn is_lost_in(&self, module: usize, name: &str) -> bool {
        let module = self.modules.list().get(module);
        module.is_some_and(|m| m.lost || m.ast.damage.words.contains(name))
    }

    /// Every name at top level of the current file, imported ones included.
    pub(super) fn global_names(&self) -> impl Iterator<Item = &'a str> + '_ {
        let scope = self.scopes.get(self.module);
        scope.into_iter().flat_map(|s| s.values.keys().chain(s.imports.keys()).copied())
    }

    /// Every type name of the current file, imported ones included.
    pub(super) fn type_names(&self) -> impl Iterator<Item = &'a str> + '_ {
        let scope = self.scopes.get(self.module);
        scope.into_iter().flat_map(|s| s.types.keys().chain(s.imports.keys()).copied())
    }

    /// Brings the current file's imports into its scope. Names are looked at once all files have declared
    /// theirs ([`Self::check_imports`]).
    pub(super) fn collect_imports(&mut self) {
        let Some(module) = self.modules.list().get(self.module) else { return };
        for (import, from) in module.imports() {
            match &import.names {
                ImportNames::As(name) => self.import(name, from.map_or(Import::Lost, Import::Whole)),
                ImportNames::Only(names) => {
                    names.iter().for_each(|n| self.import(n, from.map_or(Import::Lost, Import::Name)));
                }
            }
        }
    }

    fn import(&mut self, name: &'a Ident, import: Import) {
        let Some(scope) = self.scopes.get_mut(self.module) else { return };
        match scope.imports.get(name.name.as_str()) {
            Some((_, first)) => {
                let first = *first;
                self.duplicate("imported name", name, first);
            }
            None => drop(scope.imports.insert(&name.name, (import, name.span))),
        }
    }

    /// Reports imported names that their files lack or that are hidden here, and statements that will not run.
    pub(super) fn check_imports(&mut self) {
        let Some(module) = self.modules.list().get(self.module) else { return };
        for (import, from) in module.imports() {
            match (&import.names, from) {
                (ImportNames::As(name), _) => self.check_hidden(name, None),
                (ImportNames::Only(names), Some(from)) => {
                    names.iter().for_each(|name| self.check_hidden(name, Some(from)));
                    names.iter().for_each(|name| self.check_imported(from, name));
                }
                (ImportNames::Only(_), None) => {}
            }
            // The program's own file is imported in a circle only, which is an error of its own.
            let Some(from) = from.filter(|from| *from != 0) else { continue };
            self.check_statements(from, import.path.span);
        }
    }

    /// A declaration hides an import if both are values, or both types; a whole file is in expressions a value.
    fn check_hidden(&mut self, name: &Ident, from: Option<usize>) {
        let Some(scope) = self.scopes.get(self.module) else { return };
        let value = scope.values.get(name.name.as_str()).map(|v| v.1);
        let ty = scope.types.get(name.name.as_str()).map(|t| self.type_slots[*t].decl.name.span);
        let own = match from {
            None => value,
            Some(from) => value
                .filter(|_| self.value_in(from, &name.name).is_some())
                .or(ty.filter(|_| self.type_in(from, &name.name).is_some())),
        };
        if let Some(place) = own {
            // That nothing names it goes without saying.
            self.named_places.insert(name.span);
            let message = format!("this import is hidden by the file's own `{}`", name.name);
            let diag = Diag::new("W0011", name.span, message).label(place, "declared here");
            self.report(diag.hint("give one of them another name"));
        }
    }

    fn check_imported(&mut self, from: usize, name: &'a Ident) {
        if self.value_in(from, &name.name).is_some() || self.type_in(from, &name.name).is_some() {
            return;
        }
        self.missing(from, name);
        if let Some(scope) = self.scopes.get_mut(self.module) {
            scope.imports.insert(&name.name, (Import::Lost, name.span));
        }
    }

    /// A file has no importable declaration of a name.
    fn missing(&mut self, module: usize, name: &Ident) {
        let (Some(file), Some(scope)) = (self.modules.list().get(module), self.scopes.get(module)) else {
            return;
        };
        if self.is_lost_in(module, &name.name) {
            self.hidden = true;
            return;
        }
        let known: Vec<&str> = scope.values.keys().chain(scope.types.keys()).copied().collect();
        let hint = if scope.imports.contains_key(name.name.as_str()) {
            "that file imports it itself: import it from where it is declared".to_owned()
        } else if declares_otherwise(&file.ast.items, &name.name) {
            "only fn, agent, tool, type and const can be imported".to_owned()
        } else {
            match self.nearest(&name.name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "that file declares nothing that can be imported".to_owned(),
                None => format!("it declares {}", listed(known)),
            }
        };
        let message = format!("`{}` has no `{}`", file.path, name.name);
        self.report(Diag::new("E0100", name.span, message).hint(hint));
    }

    fn check_statements(&mut self, from: usize, span: Span) {
        let Some(file) = self.modules.list().get(from) else { return };
        let runs = |item: &Item| match item {
            Item::Stmt(stmt) => Some(stmt.span),
            Item::Input(param) => Some(param.name.span),
            _ => None,
        };
        // What could not be parsed stands there as a statement.
        let whole = file.ast.damage.spans.is_empty();
        if let Some(first) = file.ast.items.iter().find_map(runs).filter(|_| whole) {
            let message = format!("the statements of `{}` do not run when it is imported", file.path);
            let diag = Diag::new("W0010", span, message).label(first, "such as this one");
            self.report(diag.hint("put them into a fn or an agent, and call that"));
        }
    }
}

/// The first few of some names, in order.
fn listed(mut names: Vec<&str>) -> String {
    names.sort_unstable();
    let more = names.len().saturating_sub(8);
    names.truncate(8);
    let dots = if more > 0 { ", …" } else { "" };
    format!("{}{dots}", names.join(", "))
}

/// Whether a file declares a name as something that cannot be imported.
fn declares_otherwise(items: &[Item], name: &str) -> bool {
    items.iter().any(|item| match item {
        Item::Input(param) => param.name.name == name,
        Item::Model(model) => model.name.as_ref().is_some_and(|n| n.name == name),
        Item::Stmt(stmt) => match &stmt.kind {
            crate::ast::StmtKind::Let { name: declared, .. } => declared.name == name,
            _ => false,
        },
        _ => false,
    })
}
