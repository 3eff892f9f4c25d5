//! What the names of a program mean: the definition that each refers to, and all uses of each definition.
//!
//! This is a pass of its own between parsing and checking, and the only place that knows scopes. It never
//! fails: of a tree with holes it resolves what is there. The checker asks it instead of looking names up, and
//! so can an editor (go to definition, find references, rename). Fields of values are no names, and neither
//! are words of the prelude: they have no definition in a program. Nothing is reported here.

mod calls;
mod files;
mod function;
mod marks;
mod walk;

use std::collections::HashMap;

use crate::modules::Modules;
use crate::source::Span;

pub(crate) use files::{Bound, FileNames};
pub(crate) use marks::names_between;

/// Numbers the definitions of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DefId(u32);

/// Something that a program gives a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The name.
    pub name: String,
    /// What it is.
    pub kind: DefKind,
    /// The name where it is declared; of a capture, where it is first generated.
    pub span: Span,
}

/// What a definition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefKind {
    /// A `fn`.
    Function,
    /// An `agent`.
    Agent,
    /// A `const`.
    Constant,
    /// A `tool`.
    Tool,
    /// A `type`.
    Type,
    /// A `model` with a name.
    Model,
    /// A file that is imported as a whole: its index in [`Modules`]; `None` if it cannot be read.
    File(Option<usize>),
    /// An `input`.
    Input,
    /// A parameter.
    Parameter,
    /// A variable of a block: of `let`, a loop, a `fork`, or the error of a `try`.
    Variable,
    /// What a generation binds.
    Capture,
}

impl DefKind {
    /// Whether it belongs to one function, rather than to a file.
    pub fn is_local(self) -> bool {
        matches!(self, DefKind::Input | DefKind::Parameter | DefKind::Variable | DefKind::Capture)
    }
}

/// What a name stands for where it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A definition. A capture may be generated only further down.
    Def(DefId),
    /// Something that an imported file lacks, or of a file that cannot be read: reported with the import.
    Lost,
}

/// An occurrence of a name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name {
    /// Its place.
    pub(crate) span: Span,
    /// What it stands for, and what says so.
    pub(crate) bound: Bound,
}

impl Name {
    /// Whether this is the declaration or the import itself.
    fn declares(&self) -> bool {
        self.span == self.bound.place
    }
}

/// What is known of a name that has no meaning.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unknown {
    /// Where the list of the variables around it begins, and those of the captures.
    seen: Vec<u32>,
    /// Whether a branch that ended before it generates this name.
    pub(crate) in_branch: bool,
    /// Whether a value has this name, where it was used as that of a type.
    pub(crate) is_value: bool,
}

/// A variable that can be seen at a place, and the next of them.
#[derive(Debug, Clone, Copy)]
struct Link {
    def: DefId,
    next: Option<u32>,
}

/// What all names of a program mean.
#[derive(Debug, Clone, Default)]
pub struct Resolution {
    defs: Vec<Definition>,
    /// What each file declares and imports.
    files: Vec<FileNames>,
    /// Every name that means something, by place.
    names: Vec<Name>,
    unknown: HashMap<Span, Unknown>,
    /// Captures of the name of something at top level, and where the file says what that is.
    clashes: HashMap<DefId, Span>,
    links: Vec<Link>,
    /// Variables that a text names in single braces, by the place of the text.
    marks: HashMap<Span, Vec<DefId>>,
}

/// Resolves the names of a program.
pub fn resolve(modules: &Modules) -> Resolution {
    let mut found = Resolution::default();
    files::declare(modules, &mut found);
    let calls = walk::walk(modules, &mut found);
    found.put_in_order();
    let keys = calls.keys(&found);
    keys.into_iter().for_each(|(span, def)| found.note_local(span, def));
    found.put_in_order();
    found
}

impl Resolution {
    /// Every definition, with its number.
    pub fn definitions(&self) -> impl Iterator<Item = (DefId, &Definition)> {
        (0..).map(DefId).zip(&self.defs)
    }

    /// The definition of a number; `None` if another program has it.
    pub fn definition(&self, id: DefId) -> Option<&Definition> {
        self.defs.get(id.0 as usize)
    }

    /// What the name at an offset, in bytes, refers to; `file` is an index in [`Modules`].
    pub fn definition_at(&self, file: u32, offset: usize) -> Option<DefId> {
        let offset = u32::try_from(offset).ok()?;
        let after = self.names.partition_point(|n| (n.span.file, n.span.start) <= (file, offset));
        let name = self.names[..after].last().filter(|n| n.span.file == file && offset < n.span.end)?;
        name.definition()
    }

    /// Where a definition is named, in order, without the place where it is declared.
    pub fn uses_of(&self, id: DefId) -> impl Iterator<Item = Span> {
        let declared = self.definition(id).map(|def| def.span);
        let uses = self.names.iter().filter(move |name| name.definition() == Some(id));
        uses.map(|name| name.span).filter(move |span| Some(*span) != declared)
    }

    /// What the name at exactly this place stands for.
    pub(crate) fn at(&self, span: Span) -> Option<Bound> {
        let place = self.names.binary_search_by_key(&span, |name| name.span).ok()?;
        Some(self.names[place].bound)
    }

    /// The same, if it is a definition.
    pub(crate) fn def_at(&self, span: Span) -> Option<DefId> {
        self.at(span)?.definition()
    }

    /// The variable, parameter or capture that the name at this place stands for.
    pub(crate) fn local_at(&self, span: Span) -> Option<DefId> {
        self.def_at(span).filter(|id| self.kind(*id).is_some_and(DefKind::is_local))
    }

    /// Where something at top level is declared or imported whose name a capture has.
    pub(crate) fn clash(&self, capture: DefId) -> Option<Span> {
        self.clashes.get(&capture).copied()
    }

    /// What a definition is.
    pub(crate) fn kind(&self, id: DefId) -> Option<DefKind> {
        self.definition(id).map(|def| def.kind)
    }

    /// What is known of the name at this place, which means nothing.
    pub(crate) fn unknown_at(&self, span: Span) -> Option<&Unknown> {
        self.unknown.get(&span)
    }

    /// The names of the variables that can be read at the place of an unknown name.
    pub(crate) fn seen_by<'r>(&'r self, unknown: &'r Unknown) -> impl Iterator<Item = &'r str> {
        unknown.seen.iter().flat_map(|first| self.chain(*first))
    }

    fn chain(&self, first: u32) -> impl Iterator<Item = &str> {
        let mut next = Some(first);
        std::iter::from_fn(move || {
            let link = self.links.get(next? as usize)?;
            next = link.next;
            self.definition(link.def).map(|def| def.name.as_str())
        })
    }

    /// The variables that the text at this place names in single braces.
    pub(crate) fn marked_in(&self, text: Span) -> &[DefId] {
        self.marks.get(&text).map_or(&[], Vec::as_slice)
    }

    /// Where the variables are declared that texts name in single braces.
    pub(crate) fn marked(&self) -> impl Iterator<Item = Span> {
        self.marks.values().flatten().filter_map(|id| self.definition(*id)).map(|def| def.span)
    }

    /// The uses of what files declare, in order.
    pub(crate) fn uses_of_files(&self) -> impl Iterator<Item = &Name> {
        let of_file =
            |name: &&Name| name.definition().and_then(|id| self.kind(id)).is_none_or(|kind| !kind.is_local());
        self.names.iter().filter(|name| !name.declares()).filter(of_file)
    }

    /// The names within a place, in order.
    pub(crate) fn names_in(&self, place: Span) -> &[Name] {
        let start = self.names.partition_point(|n| (n.span.file, n.span.start) < (place.file, place.start));
        let end = self.names.partition_point(|n| (n.span.file, n.span.start) < (place.file, place.end));
        self.names.get(start..end).unwrap_or_default()
    }

    /// What a file declares and imports.
    pub(crate) fn file(&self, file: usize) -> Option<&FileNames> {
        self.files.get(file)
    }

    /// Names by place. Where recovery has put two in one place, the first stays.
    fn put_in_order(&mut self) {
        self.names.sort_by_key(|name| name.span);
        self.names.dedup_by_key(|name| name.span);
    }

    fn define(&mut self, name: &str, kind: DefKind, span: Span) -> DefId {
        let id = DefId(u32::try_from(self.defs.len()).unwrap_or(u32::MAX));
        self.defs.push(Definition { name: name.to_owned(), kind, span });
        id
    }

    fn note(&mut self, span: Span, bound: Bound) {
        self.names.push(Name { span, bound });
    }

    /// Notes a use of a variable, or its declaration.
    fn note_local(&mut self, span: Span, def: DefId) {
        let place = self.definition(def).map_or(span, |def| def.span);
        self.note(span, Bound { meaning: Meaning::Def(def), place });
    }

    /// One more variable in front of others.
    fn link(&mut self, def: DefId, next: Option<u32>) -> Option<u32> {
        let id = u32::try_from(self.links.len()).ok()?;
        self.links.push(Link { def, next });
        Some(id)
    }
}

impl Name {
    pub(crate) fn definition(&self) -> Option<DefId> {
        self.bound.definition()
    }
}
