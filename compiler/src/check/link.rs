//! What names stand for: the resolved names, in terms of what the checker keeps of each definition.

use agentc_constraint::spec::Spec;

use super::Checker;
use crate::ast::{Expr, ExprKind, Ident, Path};
use crate::diag::Diag;
use crate::hir::VarId;
use crate::resolve::{Bound, DefId, DefKind};
use crate::source::Span;
use crate::ty::Ty;

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

/// A declared tool.
#[derive(Debug, Clone)]
pub(super) struct ToolInfo {
    /// Its place in [`Hir::tools`](crate::hir::Hir::tools).
    pub(super) id: u32,
    /// Its name.
    pub(super) name: String,
    /// What a model writes that calls it; `None` if something was reported.
    pub(super) call: Option<Spec>,
    /// The type of its result.
    pub(super) ret: Ty,
}

impl<'a> Checker<'a> {
    /// The definition that is declared at a place. A second one of the same name is reported, and is none.
    pub(super) fn first_declared(&mut self, what: &str, name: &Ident) -> Option<DefId> {
        let def = self.program.names.def_at(name.span)?;
        let first = self.program.names.definition(def)?.span;
        if first != name.span {
            self.duplicate(what, name, first);
            return None;
        }
        Some(def)
    }

    pub(super) fn duplicate(&mut self, what: &str, name: &Ident, first: Span) {
        let diag = Diag::new("E0102", name.span, format!("the {what} `{}` is declared twice", name.name));
        self.report(diag.label(first, "first here").hint("give one of them another name"));
    }

    /// A new variable for the definition at a place.
    pub(super) fn declare_variable(&mut self, name: &Ident, ty: Ty) -> VarId {
        let var = self.body.new_var(&name.name, ty, name.span);
        self.body.doubts.hides_context |= name.name == super::CONTEXT;
        if let Some(def) = self.program.names.local_at(name.span) {
            self.body.variables.var_of.insert(def, var);
        }
        var
    }

    /// The variable that a name at a place means: `Some(None)` if it is generated only further down.
    pub(super) fn variable_at(&self, place: Span) -> Option<Option<VarId>> {
        let def = self.program.names.local_at(place)?;
        Some(self.body.variables.var_of.get(&def).copied())
    }

    /// What the name at a place stands for, if it is one of top level, and where this file says so.
    pub(super) fn global_at(&self, place: Span) -> Option<(Global, Span)> {
        let bound = self.program.names.at(place)?;
        let local =
            bound.definition().and_then(|id| self.program.names.kind(id)).is_some_and(DefKind::is_local);
        (!local).then(|| self.global_of(bound))
    }

    /// What a name would stand for at top level of the current file.
    pub(super) fn global(&self, name: &str) -> Option<(Global, Span)> {
        self.program.names.value_in(self.module, name).map(|bound| self.global_of(bound))
    }

    fn global_of(&self, bound: Bound) -> (Global, Span) {
        let known = bound.definition().map(|def| match self.program.names.kind(def) {
            Some(DefKind::File(Some(file))) => Global::Module(file),
            _ => self.decls.values.get(&def).copied().unwrap_or(Global::Unknown),
        });
        (known.unwrap_or(Global::Unknown), bound.place)
    }

    /// Whether the name at a place means a value of any kind.
    pub(super) fn is_known(&self, place: Span) -> bool {
        self.program.names.at(place).is_some()
    }

    /// Every name at top level of the current file, imported ones included.
    pub(super) fn global_names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.program.names.file(self.module).into_iter().flat_map(|names| names.value_names())
    }

    /// What an expression names at top level if it is a name or `lib.name`.
    pub(super) fn named(&self, expr: &Expr) -> Option<Global> {
        self.global_at(last_name(expr)?).map(|found| found.0)
    }

    /// The same of a path.
    pub(super) fn at_path(&self, path: &Path) -> Option<Global> {
        self.global_at(path.names.last()?.span).map(|found| found.0)
    }

    /// The imported file that the name at a place stands for: `Some(None)` if it cannot be read.
    pub(super) fn file_at(&self, place: Span) -> Option<Option<usize>> {
        match self.global_at(place)?.0 {
            Global::Module(module) => Some(Some(module)),
            Global::Unknown => Some(None),
            _ => None,
        }
    }

    /// What `name` of an imported file stands for; reported if it has no such value.
    pub(super) fn name_in(&mut self, module: usize, name: &Ident) -> Global {
        if let Some((found, _)) = self.global_at(name.span) {
            return found;
        }
        if self.program.names.own_type(module, &name.name).is_some() {
            let diag = Diag::new("E0203", name.span, format!("`{}` is a type, not a value", name.name));
            self.report(diag.hint("types come after a `:`, as in let x: lib.T = …"));
            return Global::Unknown;
        }
        self.missing(module, name, true);
        Global::Unknown
    }

    /// What a path of types stands for; `None` if it may be a type of the prelude.
    pub(super) fn type_named(&self, path: &Path) -> Option<TypeName> {
        let (first, last) = (path.names.first()?, path.names.last()?);
        let names = self.program.names;
        if let Some(bound) = names.at(last.span) {
            let slot = bound.definition().and_then(|def| self.types.numbers.get(&def));
            return Some(slot.map_or(TypeName::Lost, |slot| TypeName::Declared(*slot)));
        }
        if path.names.len() == 1 {
            return None;
        }
        Some(match names.def_at(first.span).and_then(|id| names.kind(id)) {
            Some(DefKind::File(Some(module))) => TypeName::Missing(module),
            _ if self.is_lost_in(self.module, &first.name) => TypeName::Lost,
            _ => TypeName::NoFile,
        })
    }

    /// The declared type that a path names: `Some(None)` if there is none, which is reported; `None` if it
    /// may be one of the prelude.
    pub(super) fn type_name(&mut self, path: &Path) -> Option<Option<usize>> {
        let (first, last) = (path.names.first()?, path.names.last()?);
        match self.type_named(path)? {
            TypeName::Declared(id) => return Some(Some(id)),
            TypeName::Lost => self.findings.hidden = true,
            TypeName::Missing(module) => self.missing(module, last, true),
            TypeName::NoFile => {
                let diag = Diag::new("E0101", path.span, format!("`{}` is not an imported file", first.name));
                let hint = format!("import the file first: import \"….agent\" as {}", first.name);
                self.report(diag.hint(hint));
            }
        }
        Some(None)
    }

    /// Whether a name may have been declared where the current file could not be parsed.
    pub(super) fn is_lost(&self, name: &str) -> bool {
        self.body.is_lost(name) || self.is_lost_in(self.module, name)
    }

    /// Whether the current file may have declared more at top level than could be parsed.
    pub(super) fn lost_items(&self) -> bool {
        let module = self.program.modules.list().get(self.module);
        module.is_some_and(|m| m.lost || !m.ast.damage.words.is_empty())
    }

    pub(super) fn is_lost_in(&self, module: usize, name: &str) -> bool {
        let module = self.program.modules.list().get(module);
        module.is_some_and(|m| m.lost || m.ast.damage.words.contains(name))
    }

    /// The tool that a path names; reported if there is none.
    pub(super) fn tool(&mut self, path: &Path) -> Option<ToolInfo> {
        let name = path.names.last()?;
        match self.at_path(path) {
            Some(Global::Tool(id)) => {
                let tool = self.decls.tools.get(id)?;
                let (id, name) = (u32::try_from(id).ok()?, tool.decl.name.name.clone());
                return Some(ToolInfo { id, name, call: tool.call.clone(), ret: tool.ret.clone() });
            }
            Some(Global::Unknown) => self.findings.hidden = true,
            Some(_) => {
                let diag = Diag::new("E0203", path.span, format!("`{}` is not a tool", name.name));
                self.report(diag.hint(format!("declare it as one: tool {}(…) -> T {{ … }}", name.name)));
            }
            None => self.unknown_tool(path),
        }
        None
    }

    fn unknown_tool(&mut self, path: &Path) {
        let (base, name) = match path.names.as_slice() {
            [base, name] => match self.file_at(base.span).flatten() {
                Some(file) => {
                    self.name_in(file, name);
                    return;
                }
                None => (base, base),
            },
            [name] => (name, name),
            _ => return,
        };
        if self.is_lost(&base.name) {
            self.findings.hidden = true;
            return;
        }
        let tools = self.global_names().filter(|n| matches!(self.global(n), Some((Global::Tool(_), _))));
        let tools: Vec<&str> = tools.collect();
        let nearest = self.nearest(&name.name, tools.into_iter());
        let hint = match &nearest {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it: tool {}(…) -> T", name.name),
        };
        let diag = Diag::new("E0100", path.span, format!("there is no tool `{}`", name.name));
        self.report(diag.hint(hint).perhaps(name.span, nearest.as_deref()));
    }

    /// The place of a model among those with names; reported if there is none.
    pub(super) fn model_named(&mut self, name: &Ident) -> Option<u32> {
        let names = self.program.names;
        if let Some(def) = names.def_at(name.span) {
            return self.decls.model_numbers.get(&def).copied();
        }
        if self.is_lost(&name.name) {
            self.findings.hidden = true;
            return None;
        }
        let known = names.file(self.module).into_iter().flat_map(|file| file.models.keys());
        let nearest = self.nearest(&name.name, known.map(String::as_str));
        let hint = match &nearest {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it at top level: model {} = \"…\"", name.name),
        };
        let diag = Diag::new("E0503", name.span, format!("there is no model `{}`", name.name));
        self.report(diag.hint(hint).perhaps(name.span, nearest.as_deref()));
        None
    }
}

/// The place of `name`, or of the second name of `lib.name`.
pub(super) fn last_name(expr: &Expr) -> Option<Span> {
    match &expr.kind {
        ExprKind::Name(_) => Some(expr.span),
        ExprKind::Field(base, name) if matches!(base.kind, ExprKind::Name(_)) => Some(name.span),
        _ => None,
    }
}
