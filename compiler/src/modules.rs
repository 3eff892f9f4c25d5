//! The files of a program: its own and everything it imports, directly or not, each read and parsed once.
//!
//! Paths are resolved here: relative to the file that names them, `/` between names, normalised. What a path
//! refers to is up to the [`World`]. Names are not examined; that is the checker's job.

use std::collections::HashMap;

use crate::ast::{Ast, Import, Item, Text};
use crate::diag::Diag;
use crate::limits::{Limit, Limits};
use crate::source::{Source, Sources, Span, World};
use crate::{decode, parse};

/// A parsed file.
#[derive(Debug, Clone, Default)]
pub struct Module {
    /// What the [`World`] calls it: `lib/search.agent`, `std/text`.
    pub path: String,
    /// What it says.
    pub ast: Ast,
    /// The module of each of its imports in order; `None` where the file could not be read.
    pub imports: Vec<Option<usize>>,
    /// Whether it is no text at all, so that nothing is known of what it declares.
    pub lost: bool,
}

impl Module {
    /// Its imports in order, each with its module.
    pub fn imports(&self) -> impl Iterator<Item = (&Import, Option<usize>)> {
        self.import_items().zip(self.imports.iter().copied())
    }

    fn import_items(&self) -> impl Iterator<Item = &Import> {
        self.ast.items.iter().filter_map(|i| if let Item::Import(i) = i { Some(i) } else { None })
    }
}

/// Every file of a program, its own first. They are numbered as in [`Sources`]: [`Span::file`] is an index.
#[derive(Debug, Clone)]
pub struct Modules(Vec<Module>);

impl Modules {
    /// All files in order; there is always the first.
    pub fn list(&self) -> &[Module] {
        &self.0
    }

    /// The file that a place lies in.
    pub fn of(&self, span: Span) -> Option<&Module> {
        self.0.get(span.file as usize)
    }
}

/// What came of loading a program.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The parsed files.
    pub modules: Modules,
    /// Their texts.
    pub sources: Sources,
    /// What was found, file by file.
    pub diags: Vec<Diag>,
}

/// Reads and parses a program and everything that it imports.
pub fn load(name: &str, bytes: &[u8], world: &dyn World, limits: &Limits) -> Loaded {
    let (folder, base) = name.split_at(name.rfind(['/', '\\']).map_or(0, |at| at + 1));
    let mut loader = Loader {
        world,
        limits,
        folder,
        known: HashMap::new(),
        modules: Vec::new(),
        sources: Sources::default(),
        diags: Vec::new(),
    };
    loader.add(base.to_owned(), name.to_owned(), bytes);
    let mut next = 0;
    while next < loader.modules.len() {
        loader.follow(next);
        next += 1;
    }
    loader.report_cycles();
    Loaded { modules: Modules(loader.modules), sources: loader.sources, diags: loader.diags }
}

struct Loader<'w> {
    world: &'w dyn World,
    limits: &'w Limits,
    /// The folder of the program's own file as its name gives it: messages put it before paths.
    folder: &'w str,
    /// Modules by path; `None` for files that could not be read.
    known: HashMap<String, Option<usize>>,
    modules: Vec<Module>,
    sources: Sources,
    diags: Vec<Diag>,
}

impl Loader<'_> {
    /// Parses a file that was read; gives its module.
    fn add(&mut self, path: String, shown: String, bytes: &[u8]) -> usize {
        let text = decode(bytes, self.limits);
        let source = match &text {
            Ok(text) => Source::new(shown, *text),
            Err(_) => Source::new(shown, String::from_utf8_lossy(bytes.get(..4096).unwrap_or(bytes))),
        };
        let file = self.sources.add(source);
        let (ast, lost) = match text {
            Ok(text) => {
                let (ast, found) = parse(file, text, self.limits);
                self.diags.extend(found);
                (ast, false)
            }
            Err(mut diag) => {
                diag.span.file = file;
                self.diags.push(diag);
                (Ast::default(), true)
            }
        };
        let id = self.modules.len();
        self.known.insert(path.clone(), Some(id));
        self.modules.push(Module { path, ast, imports: Vec::new(), lost });
        id
    }

    /// Finds the modules of a file's imports, reading those that are new.
    fn follow(&mut self, id: usize) {
        let module = &self.modules[id];
        let from = module.path.clone();
        let paths: Vec<Text> = module.import_items().map(|i| i.path.clone()).collect();
        let found = paths.iter().map(|path| self.import(&from, path)).collect();
        self.modules[id].imports = found;
    }

    fn import(&mut self, from: &str, spelling: &Text) -> Option<usize> {
        let path = match path_of(from, spelling, "an import") {
            Ok(path) => path,
            Err(diag) => {
                self.diags.push(diag);
                return None;
            }
        };
        if let Some(known) = self.known.get(&path) {
            return *known;
        }
        let most = self.limits.files;
        if self.modules.len() >= most {
            let message = format!("the program has more than {most} files");
            let diag = Diag::new("E0603", spelling.span, message).limit(Limit::Files);
            self.diags.push(diag.hint("merge small files, or leave out what is not needed"));
            self.known.insert(path, None);
            return None;
        }
        match self.world.read(&path) {
            Ok(bytes) => {
                let shown = if is_std(&path) { path.clone() } else { format!("{}{path}", self.folder) };
                Some(self.add(path, shown, &bytes))
            }
            Err(error) => {
                let diag = Diag::new("E0600", spelling.span, error.message);
                let named = format!("{path}.agent");
                let hint = if !is_std(&path) && !path.ends_with(".agent") && self.world.read(&named).is_ok() {
                    format!("write \"{}.agent\": files are imported by their full names", unquoted(spelling))
                } else {
                    MISSING.to_owned()
                };
                self.diags.push(diag.hint(hint));
                self.known.insert(path, None);
                None
            }
        }
    }

    /// One finding for each group of files that import one another in a circle.
    fn report_cycles(&mut self) {
        let mut reported: Vec<bool> = vec![false; self.modules.len()];
        for cycle in cycles(&self.modules) {
            if cycle.iter().any(|step| reported[step.0]) {
                continue;
            }
            cycle.iter().for_each(|step| reported[step.0] = true);
            self.diags.extend(self.cycle(&cycle));
        }
    }

    fn cycle(&self, cycle: &[(usize, usize)]) -> Option<Diag> {
        let name = |id: usize| self.modules.get(id).map_or("", |m| m.path.as_str());
        let place = |step: &(usize, usize)| {
            let module = self.modules.get(step.0)?;
            module.import_items().nth(step.1).map(|import| import.path.span)
        };
        let mut names: Vec<&str> = cycle.iter().map(|step| name(step.0)).collect();
        names.extend(names.first().copied());
        let message = format!("the imports form a circle: {}", names.join(" → "));
        let first = place(cycle.first()?)?;
        let diag = Diag::new("E0602", first, message);
        let diag = cycle.iter().skip(1).filter_map(place).fold(diag, |d, span| d.label(span, "and here"));
        Some(diag.hint("move what both need into a third file, and import that"))
    }
}

/// Circles of imports, each a list of a module and the number of the import that goes on: for every import
/// that leads back to a module on the way to it, in the order of a walk from the program's own file.
fn cycles(modules: &[Module]) -> Vec<Vec<(usize, usize)>> {
    let mut done = vec![false; modules.len()];
    let mut found = Vec::new();
    // The way to the place, as modules and the number of the import that is looked at in each.
    let mut way: Vec<(usize, usize)> = vec![(0, 0)];
    while let Some((module, next)) = way.last().copied() {
        let Some(target) = modules.get(module).and_then(|m| m.imports.get(next)) else {
            done[module] = true;
            way.pop();
            if let Some(last) = way.last_mut() {
                last.1 += 1;
            }
            continue;
        };
        match *target {
            Some(target) if way.iter().any(|step| step.0 == target) => {
                let start = way.iter().position(|step| step.0 == target).unwrap_or(0);
                found.push(way[start..].to_vec());
            }
            Some(target) if !done[target] => {
                way.push((target, 0));
                continue;
            }
            _ => {}
        }
        if let Some(last) = way.last_mut() {
            last.1 += 1;
        }
    }
    found
}

/// The hint where a file is missing.
pub(crate) const MISSING: &str = "paths are relative to the file that names them, with `/` between names";

/// Whether a path names a file of the standard library.
pub fn is_std(path: &str) -> bool {
    path.starts_with("std/") && !path.contains('.')
}

fn unquoted(text: &Text) -> String {
    text.literal().unwrap_or_default()
}

/// What the world calls the file that `spelling` names in the file `from`; `what` names it in the finding.
pub(crate) fn path_of(from: &str, spelling: &Text, what: &str) -> Result<String, Diag> {
    let Some(path) = spelling.literal() else {
        let diag =
            Diag::new("E0025", spelling.span, format!("the path of {what} cannot contain `{{{{ }}}}`"));
        return Err(diag.hint("files are read when the program is compiled: write the path itself"));
    };
    let wrong = |message: String, hint: &str| Err(Diag::new("E0601", spelling.span, message).hint(hint));
    if path.contains('\\') {
        return wrong(format!("the path `{path}` contains a backslash"), "write `/` between names");
    }
    let drive = path.as_bytes().get(1) == Some(&b':');
    if path.starts_with('/') || drive || path.contains("://") {
        return wrong(format!("the path `{path}` is not relative"), MISSING);
    }
    if is_std(&path) {
        return Ok(path);
    }
    let folder = from.rfind('/').map_or("", |at| &from[..at]);
    match normalised(folder, &path) {
        Some(path) => Ok(path),
        None => wrong(format!("the path `{path}` names no file"), "end it with the name of a file"),
    }
}

/// `path` as seen from `folder`, without `.` and without `..` but at its start.
fn normalised(folder: &str, path: &str) -> Option<String> {
    let last = path.rsplit('/').next()?;
    if matches!(last, "" | "." | "..") {
        return None;
    }
    let mut names: Vec<&str> = Vec::new();
    for name in folder.split('/').chain(path.split('/')) {
        match name {
            "" | "." => {}
            ".." if names.last().is_some_and(|n| *n != "..") => drop(names.pop()),
            other => names.push(other),
        }
    }
    Some(names.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_their_file() {
        let seen = |folder: &str, path: &str| normalised(folder, path);
        assert_eq!(seen("", "a.agent").as_deref(), Some("a.agent"));
        assert_eq!(seen("lib", "a.agent").as_deref(), Some("lib/a.agent"));
        assert_eq!(seen("lib/deep", "../a.agent").as_deref(), Some("lib/a.agent"));
        assert_eq!(seen("lib", "../../a.agent").as_deref(), Some("../a.agent"));
        assert_eq!(seen("..", "../a.agent").as_deref(), Some("../../a.agent"));
        assert_eq!(seen("", "./x//./y/../a.agent").as_deref(), Some("x/a.agent"));
        assert_eq!(seen("lib", ".."), None);
        assert_eq!(seen("lib", "x/"), None);
        assert_eq!(seen("lib", ""), None);
    }
}
