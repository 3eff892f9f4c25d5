//! Arguments by name: `f(a = 1)` names a parameter of whatever `f` turns out to be.

use std::collections::HashMap;

use super::{DefId, Resolution};
use crate::ast::{Call, ExprKind, Ident, Param};
use crate::source::Span;

/// What is to be resolved once the meaning of every callee is known.
#[derive(Debug, Default)]
pub(super) struct Calls<'a> {
    parameters: HashMap<DefId, &'a [Param]>,
    /// The names of arguments, each with the place that names the callee.
    keys: Vec<(Span, &'a Ident)>,
}

impl<'a> Calls<'a> {
    /// The parameters of what is declared as `name`. They are not those of an earlier declaration of that name.
    pub(super) fn declare(&mut self, file: usize, name: &Ident, params: &'a [Param], found: &Resolution) {
        let def = found.own_value(file, &name.name);
        let is_first = |id: &DefId| found.definition(*id).is_some_and(|def| def.span == name.span);
        if let Some(def) = def.filter(is_first) {
            self.parameters.insert(def, params);
        }
    }

    pub(super) fn call(&mut self, call: &'a Call) {
        let callee = match &call.callee.kind {
            ExprKind::Field(_, member) => member.span,
            _ => call.callee.span,
        };
        self.keys.extend(call.args.iter().filter_map(|(key, _)| Some((callee, key.as_ref()?))));
    }

    /// The parameter that each of the names means, which `found` has in order by now.
    pub(super) fn keys(&self, found: &Resolution) -> Vec<(Span, DefId)> {
        let parameter = |(callee, key): &(Span, &Ident)| {
            let params = self.parameters.get(&found.def_at(*callee)?)?;
            let param = params.iter().find(|param| param.name.name == key.name)?;
            Some((key.span, found.local_at(param.name.span)?))
        };
        self.keys.iter().filter_map(parameter).collect()
    }
}
