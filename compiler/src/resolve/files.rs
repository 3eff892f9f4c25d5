//! What names at top level refer to: a file's own declarations, then its imports. The prelude comes after
//! these, and is looked up where it is used.

use std::collections::HashMap;

use super::{DefId, DefKind, Meaning, Resolution};
use crate::ast::{FuncWord, Ident, ImportNames, Item};
use crate::modules::{Module, Modules};
use crate::source::Span;

/// What a name stands for, and the place that says so: the declaration, or the import in this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) meaning: Meaning,
    pub(crate) place: Span,
}

impl Bound {
    pub(crate) fn definition(self) -> Option<DefId> {
        match self.meaning {
            Meaning::Def(id) => Some(id),
            Meaning::Lost => None,
        }
    }
}

/// What one file declares and imports.
#[derive(Debug, Clone, Default)]
pub(crate) struct FileNames {
    /// Its own values, and where each is declared.
    pub(crate) values: HashMap<String, (DefId, Span)>,
    /// Its own types.
    pub(crate) types: HashMap<String, (DefId, Span)>,
    /// Its named models.
    pub(crate) models: HashMap<String, (DefId, Span)>,
    imports: HashMap<String, (Import, Span)>,
    /// Where a name is imported once more, and where it was first.
    again: HashMap<Span, Span>,
}

#[derive(Debug, Clone, Copy)]
enum Import {
    /// `import "…" as name`, and whether the file can be read.
    Whole(DefId, bool),
    /// `import { name } from "…"`; `None` if nothing is known of the file.
    Name(Option<usize>),
}

/// Values and types have names of their own: a file may declare one of each under the same name.
#[derive(Debug, Clone, Copy)]
enum Space {
    Values,
    Types,
}

impl FileNames {
    fn own(&self, space: Space, name: &str) -> Option<(DefId, Span)> {
        let names = match space {
            Space::Values => &self.values,
            Space::Types => &self.types,
        };
        names.get(name).copied()
    }

    /// Whether a name that is being imported was imported before, which is noted.
    fn is_imported_again(&mut self, name: &Ident) -> bool {
        let first = self.imports.get(&name.name).map(|import| import.1);
        self.again.extend(first.map(|first| (name.span, first)));
        first.is_some()
    }

    /// Whether it imports something under a name.
    pub(crate) fn imports(&self, name: &str) -> bool {
        self.imports.contains_key(name)
    }

    /// Where the name at a place was imported before, in the same file.
    pub(crate) fn imported_before(&self, place: Span) -> Option<Span> {
        self.again.get(&place).copied()
    }

    /// Every name that it declares as a value or imports.
    pub(crate) fn value_names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().chain(self.imports.keys()).map(String::as_str)
    }

    /// Every name that it declares as a type or imports.
    pub(crate) fn type_names(&self) -> impl Iterator<Item = &str> {
        self.types.keys().chain(self.imports.keys()).map(String::as_str)
    }
}

impl Resolution {
    /// The value of a name at top level of a file.
    pub(crate) fn value_in(&self, file: usize, name: &str) -> Option<Bound> {
        self.in_file(file, Space::Values, name)
    }

    /// The type of a name at top level of a file.
    pub(crate) fn type_in(&self, file: usize, name: &str) -> Option<Bound> {
        self.in_file(file, Space::Types, name)
    }

    fn in_file(&self, file: usize, space: Space, name: &str) -> Option<Bound> {
        let names = self.files.get(file)?;
        if let Some((own, place)) = names.own(space, name) {
            return Some(Bound { meaning: Meaning::Def(own), place });
        }
        let (import, place) = names.imports.get(name).copied()?;
        let meaning = match import {
            // A whole file is in expressions a value.
            Import::Whole(file, _) if matches!(space, Space::Values) => Meaning::Def(file),
            Import::Whole(_, true) => return None,
            Import::Whole(_, false) => Meaning::Lost,
            Import::Name(None) => Meaning::Lost,
            Import::Name(Some(from)) => self.imported(from, space, name)?,
        };
        Some(Bound { meaning, place })
    }

    /// What an imported name stands for; `None` if it is of the other kind alone.
    fn imported(&self, from: usize, space: Space, name: &str) -> Option<Meaning> {
        let names = self.files.get(from)?;
        match names.own(space, name) {
            Some((id, _)) => Some(Meaning::Def(id)),
            None if names.own(Space::Values, name).or(names.own(Space::Types, name)).is_some() => None,
            None => Some(Meaning::Lost),
        }
    }

    /// What a file itself declares as a value.
    pub(crate) fn own_value(&self, file: usize, name: &str) -> Option<DefId> {
        self.files.get(file)?.own(Space::Values, name).map(|own| own.0)
    }

    /// What a file itself declares as a type.
    pub(crate) fn own_type(&self, file: usize, name: &str) -> Option<DefId> {
        self.files.get(file)?.own(Space::Types, name).map(|own| own.0)
    }

    /// The model that a file gives a name.
    pub(crate) fn model_in(&self, file: usize, name: &str) -> Option<Bound> {
        let (id, place) = self.files.get(file)?.models.get(name).copied()?;
        Some(Bound { meaning: Meaning::Def(id), place })
    }

    /// The imported file that a name stands for in paths of types.
    pub(crate) fn file_import(&self, file: usize, name: &str) -> Option<Bound> {
        let (import, place) = self.files.get(file)?.imports.get(name).copied()?;
        match import {
            Import::Whole(file, _) => Some(Bound { meaning: Meaning::Def(file), place }),
            Import::Name(None) => Some(Bound { meaning: Meaning::Lost, place }),
            Import::Name(Some(_)) => None,
        }
    }
}

/// Notes what all files declare, and then what they import from one another.
pub(super) fn declare(modules: &Modules, found: &mut Resolution) {
    for module in modules.list() {
        let names = declared(module, found);
        found.files.push(names);
    }
    modules.list().iter().for_each(|module| note_imported(module, found));
}

fn declared(module: &Module, found: &mut Resolution) -> FileNames {
    let mut names = FileNames::default();
    import_names(module, &mut names, found);
    for item in &module.ast.items {
        let (ident, kind, space) = match item {
            Item::Const(decl) => (&decl.name, DefKind::Constant, &mut names.values),
            Item::Tool(decl) => (&decl.name, DefKind::Tool, &mut names.values),
            Item::Func(decl) if decl.word == FuncWord::Agent => {
                (&decl.name, DefKind::Agent, &mut names.values)
            }
            Item::Func(decl) => (&decl.name, DefKind::Function, &mut names.values),
            Item::Type(decl) => (&decl.name, DefKind::Type, &mut names.types),
            Item::Model(decl) => match &decl.name {
                Some(name) => (name, DefKind::Model, &mut names.models),
                None => continue,
            },
            _ => continue,
        };
        add(ident, kind, space, found);
    }
    names
}

/// A declaration. A name that is declared twice means the first.
fn add(ident: &Ident, kind: DefKind, names: &mut HashMap<String, (DefId, Span)>, found: &mut Resolution) {
    let (def, place) = match names.get(&ident.name) {
        Some(first) => *first,
        None => {
            let new = (found.define(&ident.name, kind, ident.span), ident.span);
            names.insert(ident.name.clone(), new);
            new
        }
    };
    found.note(ident.span, Bound { meaning: Meaning::Def(def), place });
}

fn import_names(module: &Module, names: &mut FileNames, found: &mut Resolution) {
    for (import, from) in module.imports() {
        match &import.names {
            ImportNames::As(name) => {
                if names.is_imported_again(name) {
                    continue;
                }
                let def = found.define(&name.name, DefKind::File(from), name.span);
                found.note_local(name.span, def);
                names.imports.insert(name.name.clone(), (Import::Whole(def, from.is_some()), name.span));
            }
            ImportNames::Only(list) => {
                for name in list {
                    if !names.is_imported_again(name) {
                        names.imports.insert(name.name.clone(), (Import::Name(from), name.span));
                    }
                }
            }
        }
    }
}

/// The names in the braces of imports are uses of what the other file declares.
fn note_imported(module: &Module, found: &mut Resolution) {
    for (import, from) in module.imports() {
        let (ImportNames::Only(names), Some(from)) = (&import.names, from) else { continue };
        for name in names {
            let def = found.own_value(from, &name.name).or(found.own_type(from, &name.name));
            if let Some(def) = def {
                found.note(name.span, Bound { meaning: Meaning::Def(def), place: name.span });
            }
        }
    }
}
