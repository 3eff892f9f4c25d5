//! The scopes of one function: blocks with their variables, and captures, which belong to the whole function or
//! to a branch of it.
//!
//! A variable is seen from its declaration to the end of its block. A capture is seen everywhere in its function,
//! even above the generation (where it is an error to read it, but clear what is meant). So a name that no block
//! declares *waits* until the end of the branches and the function around it, where all captures are known.

use std::collections::{HashMap, HashSet};

use super::{Bound, DefId, DefKind, Meaning, Resolution, Unknown};
use crate::ast::Ident;
use crate::source::Span;

/// A function that is being walked.
#[derive(Debug)]
pub(super) struct Function<'a> {
    /// The file that it stands in.
    file: usize,
    /// The names of each open block, innermost last, and the variables that are seen outside of it.
    blocks: Vec<(Vec<&'a str>, Option<u32>)>,
    /// The variables of a name that are in scope, innermost last, each with the depth of its block.
    variables: HashMap<&'a str, Vec<(usize, DefId)>>,
    /// The list of these, latest first.
    seen: Option<u32>,
    /// The function and the branches that are open in it, innermost last.
    levels: Vec<Level<'a>>,
    /// Names that only branches generate, which ended.
    stayed_inside: HashSet<&'a str>,
}

/// A function or a branch: what owns captures.
#[derive(Debug, Default)]
struct Level<'a> {
    captures: HashMap<&'a str, DefId>,
    /// The list of these, latest first.
    seen: Option<u32>,
    waiting: Vec<Waiting<'a>>,
}

/// A name that no block declares.
#[derive(Debug)]
struct Waiting<'a> {
    name: &'a str,
    span: Span,
    used_as: UsedAs<'a>,
    /// The list of the variables that are seen from its place, and those of the captures.
    seen: Option<u32>,
    captures: Vec<u32>,
    in_branch: bool,
}

/// What a name is used as.
#[derive(Debug, Clone, Copy)]
pub(super) enum UsedAs<'a> {
    /// A value, a function, or what is assigned to.
    Value,
    /// What comes before a point: an imported file, perhaps.
    Base(&'a Ident),
    /// A type, which it is not.
    Type,
    /// A name between braces in a text.
    Mark,
}

impl<'a> Function<'a> {
    pub(super) fn new(file: usize) -> Function<'a> {
        Function {
            file,
            blocks: vec![(Vec::new(), None)],
            variables: HashMap::new(),
            seen: None,
            levels: vec![Level::default()],
            stayed_inside: HashSet::new(),
        }
    }

    pub(super) fn enter(&mut self) {
        self.blocks.push((Vec::new(), self.seen));
    }

    pub(super) fn leave(&mut self) {
        let Some((names, seen)) = self.blocks.pop() else { return };
        self.seen = seen;
        for name in names {
            if let Some(variables) = self.variables.get_mut(name) {
                variables.pop();
            }
        }
    }

    /// A variable of the innermost block. One that the block has already is meant by the second declaration, too.
    pub(super) fn declare(&mut self, ident: &'a Ident, kind: DefKind, found: &mut Resolution) {
        let depth = self.blocks.len();
        let variables = self.variables.entry(&ident.name).or_default();
        if let Some((_, first)) = variables.last().filter(|(of, _)| *of == depth) {
            return found.note_local(ident.span, *first);
        }
        let def = found.define(&ident.name, kind, ident.span);
        variables.push((depth, def));
        if let Some((names, _)) = self.blocks.last_mut() {
            names.push(&ident.name);
        }
        self.seen = found.link(def, self.seen);
        found.note_local(ident.span, def);
    }

    fn variable(&self, name: &str) -> Option<DefId> {
        self.variables.get(name)?.last().map(|variable| variable.1)
    }

    /// What a generation binds: a variable, a capture that is there already, or a new one.
    pub(super) fn generate(&mut self, ident: &'a Ident, found: &mut Resolution) {
        let known = self.levels.iter().rev().find_map(|level| level.captures.get(ident.name.as_str()));
        let def = match self.variable(&ident.name).or(known.copied()) {
            Some(known) => known,
            None => self.capture(ident, found),
        };
        found.note_local(ident.span, def);
    }

    fn capture(&mut self, ident: &'a Ident, found: &mut Resolution) -> DefId {
        let def = found.define(&ident.name, DefKind::Capture, ident.span);
        let clash = found.value_in(self.file, &ident.name);
        found.clashes.extend(clash.map(|bound| (def, bound.place)));
        if let Some(level) = self.levels.last_mut() {
            level.captures.insert(&ident.name, def);
            level.seen = found.link(def, level.seen);
        }
        def
    }

    /// A name where it is used.
    pub(super) fn name(&mut self, name: &'a str, span: Span, used_as: UsedAs<'a>, found: &mut Resolution) {
        if let Some(def) = self.variable(name) {
            return settle(span, used_as, local(def, found), found);
        }
        let in_branch = self.stayed_inside.contains(name);
        let (seen, captures) = (self.seen, Vec::new());
        if let Some(level) = self.levels.last_mut() {
            level.waiting.push(Waiting { name, span, used_as, seen, captures, in_branch });
        }
    }

    pub(super) fn enter_branch(&mut self) {
        self.levels.push(Level::default());
    }

    /// The end of a branch: what waits may be a capture of it, and else waits on.
    pub(super) fn leave_branch(&mut self, found: &mut Resolution) {
        let Some(Level { captures, seen, waiting }) = self.levels.pop() else { return };
        let Some(outer) = self.levels.last_mut() else { return };
        for mut name in waiting {
            match captures.get(name.name) {
                Some(def) => settle(name.span, name.used_as, local(*def, found), found),
                None => {
                    name.captures.extend(seen);
                    outer.waiting.push(name);
                }
            }
        }
        self.stayed_inside.extend(captures.keys());
    }

    /// The end of the function: what still waits is a capture of it, a name at top level, or unknown.
    pub(super) fn end(mut self, found: &mut Resolution) {
        let Some(Level { captures, seen, waiting }) = self.levels.pop() else { return };
        for mut name in waiting {
            let capture = captures.get(name.name).map(|def| local(*def, found));
            match capture.or_else(|| found.value_in(self.file, name.name)) {
                Some(bound) => settle(name.span, name.used_as, bound, found),
                None => {
                    name.captures.extend(seen);
                    leave_unknown(name, found);
                }
            }
        }
    }
}

fn local(def: DefId, found: &Resolution) -> Bound {
    let place = found.definition(def).map(|def| def.span).unwrap_or_default();
    Bound { meaning: Meaning::Def(def), place }
}

/// Notes what a name stands for.
fn settle(span: Span, used_as: UsedAs<'_>, bound: Bound, found: &mut Resolution) {
    match used_as {
        UsedAs::Value => found.note(span, bound),
        UsedAs::Base(field) => {
            found.note(span, bound);
            note_member(bound, field, found);
        }
        UsedAs::Type => found.unknown.entry(span).or_default().is_value = true,
        UsedAs::Mark => {
            let def = bound.definition().filter(|id| found.kind(*id).is_some_and(DefKind::is_local));
            if let Some(def) = def {
                found.marks.entry(span).or_default().push(def);
            }
        }
    }
}

/// Notes what `lib.name` stands for, if the first of them is an imported file.
pub(super) fn note_member(base: Bound, name: &Ident, found: &mut Resolution) {
    let meaning = match base.definition().map(|id| found.kind(id)) {
        Some(Some(DefKind::File(Some(file)))) => match found.own_value(file, &name.name) {
            Some(def) => Meaning::Def(def),
            None => return,
        },
        Some(Some(DefKind::File(None))) | None => Meaning::Lost,
        Some(_) => return,
    };
    found.note(name.span, Bound { meaning, ..base });
}

fn leave_unknown(name: Waiting<'_>, found: &mut Resolution) {
    if !matches!(name.used_as, UsedAs::Mark | UsedAs::Type) {
        let seen = name.seen.into_iter().chain(name.captures).collect();
        let unknown = Unknown { seen, in_branch: name.in_branch, is_value: false };
        found.unknown.insert(name.span, unknown);
    }
}
