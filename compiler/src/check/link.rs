//! Names of models and tools, and names that refer to other files.

use super::Checker;
use super::scope::Global;
use crate::ast::{Expr, ExprKind, Ident, Path};
use crate::diag::Diag;
use crate::source::Span;
use crate::ty::Ty;

/// A declared tool.
#[derive(Debug, Clone)]
pub(super) struct ToolInfo {
    /// Its place in [`Hir::tools`](crate::hir::Hir::tools).
    pub(super) id: u32,
    /// Its name.
    pub(super) name: String,
    /// The type of its result.
    pub(super) ret: Ty,
}

impl Checker<'_> {
    /// What an expression names if it is a name or `lib.name`, whatever the variables around it are.
    pub(super) fn named(&self, expr: &Expr) -> Option<(Global, Span)> {
        match &expr.kind {
            ExprKind::Name(name) => self.global(name),
            ExprKind::Field(base, name) => match &base.kind {
                ExprKind::Name(base) => self.imported(base, &name.name),
                _ => None,
            },
            _ => None,
        }
    }

    /// The same of a path.
    pub(super) fn at_path(&self, path: &Path) -> Option<(Global, Span)> {
        match path.names.as_slice() {
            [name] => self.global(&name.name),
            [base, name] => self.imported(&base.name, &name.name),
            _ => None,
        }
    }

    /// What a name of an imported file stands for, and where the file is imported.
    pub(super) fn imported(&self, base: &str, name: &str) -> Option<(Global, Span)> {
        match self.global(base)? {
            (Global::Module(module), place) => self.value_in(module, name).map(|global| (global, place)),
            (Global::Unknown, place) => Some((Global::Unknown, place)),
            _ => None,
        }
    }

    /// The imported file that a name stands for at this place: `Some(None)` if it cannot be read.
    pub(super) fn file_named(&mut self, name: &str) -> Option<Option<usize>> {
        if self.body.local(name).is_some() || self.body.captures.contains_key(name) {
            return None;
        }
        match self.name_global(name)?.0 {
            Global::Module(module) => Some(Some(module)),
            Global::Unknown => Some(None),
            _ => None,
        }
    }

    /// The tool that a path names; reported if there is none.
    pub(super) fn tool(&mut self, path: &Path) -> Option<ToolInfo> {
        let (first, name) = (path.names.first()?, path.names.last()?);
        self.name_global(&first.name);
        match self.at_path(path).map(|g| g.0) {
            Some(Global::Tool(id)) => {
                let tool = self.tools.get(id)?;
                let (id, name) = (u32::try_from(id).ok()?, tool.decl.name.name.clone());
                return Some(ToolInfo { id, name, ret: tool.ret.clone() });
            }
            Some(Global::Unknown) => self.hidden = true,
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
            [base, name] => match self.file_named(&base.name).flatten() {
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
            self.hidden = true;
            return;
        }
        let tools = self.global_names().filter(|n| matches!(self.global(n), Some((Global::Tool(_), _))));
        let tools: Vec<&str> = tools.collect();
        let hint = match self.nearest(&name.name, tools.into_iter()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it: tool {}(…) -> T", name.name),
        };
        self.report(Diag::new("E0100", path.span, format!("there is no tool `{}`", name.name)).hint(hint));
    }

    /// The place of a model among those with names; reported if there is none.
    pub(super) fn model_named(&mut self, name: &Ident) -> Option<u32> {
        let scope = self.scopes.get(self.module)?;
        if let Some((id, place)) = scope.models.get(name.name.as_str()).copied() {
            self.named_places.insert(place);
            return Some(id);
        }
        if self.is_lost(&name.name) {
            self.hidden = true;
            return None;
        }
        let known: Vec<&str> = scope.models.keys().copied().collect();
        let hint = match self.nearest(&name.name, known.into_iter()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it at top level: model {} = \"…\"", name.name),
        };
        self.report(Diag::new("E0503", name.span, format!("there is no model `{}`", name.name)).hint(hint));
        None
    }
}
