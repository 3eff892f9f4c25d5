//! Imports: names that their files lack, that are brought in twice, or that the file itself hides.

use super::Checker;
use crate::ast::{Ident, ImportNames, Item};
use crate::diag::Diag;
use crate::resolve::DefId;
use crate::source::Span;

impl Checker<'_> {
    /// Reports imported names that their files lack or that are hidden here, and statements that will not run.
    pub(super) fn check_imports(&mut self) {
        let Some(module) = self.program.modules.list().get(self.module) else { return };
        for (import, from) in module.imports() {
            match (&import.names, from) {
                (ImportNames::As(name), _) => {
                    self.check_imported_twice(name);
                    self.check_hidden(name, None);
                }
                (ImportNames::Only(names), Some(from)) => {
                    names.iter().for_each(|name| self.check_imported_twice(name));
                    names.iter().for_each(|name| self.check_hidden(name, Some(from)));
                    names.iter().for_each(|name| self.check_imported(from, name));
                }
                (ImportNames::Only(names), None) => {
                    names.iter().for_each(|name| self.check_imported_twice(name));
                }
            }
            // The program's own file is imported in a circle only, which is an error of its own.
            let Some(from) = from.filter(|from| *from != 0) else { continue };
            self.check_statements(from, import.path.span);
        }
    }

    fn check_imported_twice(&mut self, name: &Ident) {
        let first = self.program.names.file(self.module).and_then(|file| file.imported_before(name.span));
        if let Some(first) = first {
            self.duplicate("imported name", name, first);
        }
    }

    /// A declaration hides an import if both are values, or both types; a whole file is in expressions a value.
    fn check_hidden(&mut self, name: &Ident, from: Option<usize>) {
        let names = self.program.names;
        let Some(file) = names.file(self.module) else { return };
        let place = |own: Option<&(DefId, Span)>| own.map(|own| own.1);
        let (value, ty) = (place(file.values.get(&name.name)), place(file.types.get(&name.name)));
        let own = match from {
            None => value,
            Some(from) => value
                .filter(|_| names.own_value(from, &name.name).is_some())
                .or(ty.filter(|_| names.own_type(from, &name.name).is_some())),
        };
        if let Some(place) = own {
            // That nothing names it goes without saying.
            self.decls.hidden_imports.insert(name.span);
            let message = format!("this import is hidden by the file's own `{}`", name.name);
            let diag = Diag::new("W0011", name.span, message).label(place, "declared here");
            self.report(diag.hint("give one of them another name"));
        }
    }

    fn check_imported(&mut self, from: usize, name: &Ident) {
        let names = self.program.names;
        if names.own_value(from, &name.name).or(names.own_type(from, &name.name)).is_none() {
            // Where the name is used it would have to change, too.
            self.missing(from, name, false);
        }
    }

    /// A file has no importable declaration of a name, which may be `fixable` alone.
    pub(super) fn missing(&mut self, module: usize, name: &Ident, fixable: bool) {
        let (file, names) = (self.program.modules.list().get(module), self.program.names.file(module));
        let (Some(file), Some(names)) = (file, names) else { return };
        if self.is_lost_in(module, &name.name) {
            self.findings.hidden = true;
            return;
        }
        let known: Vec<&str> = names.values.keys().chain(names.types.keys()).map(String::as_str).collect();
        let mut nearest = None;
        let hint = if names.imports(&name.name) {
            "that file imports it itself: import it from where it is declared".to_owned()
        } else if declares_otherwise(&file.ast.items, &name.name) {
            "only fn, agent, tool, type and const can be imported".to_owned()
        } else {
            nearest = self.nearest(&name.name, known.iter().copied());
            match &nearest {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "that file declares nothing that can be imported".to_owned(),
                None => format!("it declares {}", listed(known)),
            }
        };
        let message = format!("`{}` has no `{}`", file.path, name.name);
        let diag = Diag::new("E0100", name.span, message).hint(hint);
        self.report(diag.perhaps(name.span, nearest.as_deref().filter(|_| fixable)));
    }

    fn check_statements(&mut self, from: usize, span: Span) {
        let Some(file) = self.program.modules.list().get(from) else { return };
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
