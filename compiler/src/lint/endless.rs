//! Generations in plain completion that nothing in the program ends.

use std::collections::BTreeSet;

use super::Lint;
use crate::diag::Diag;
use crate::hir::acts::{Act, acts};
use crate::ir::{FuncId, FuncKind};

impl Lint<'_> {
    /// Free text without a stop and without `max`, where no message ends it either.
    pub(super) fn endless(&mut self) {
        let hir = self.hir;
        for func in self.without_roles().into_iter().filter_map(|id| hir.func(id)) {
            let mut found = Vec::new();
            acts(&func.body, None, &mut |role, act| {
                if let (None, Act::Gen(generation)) = (role, act) {
                    found.push(generation);
                }
            });
            for generation in found {
                if !generation.call && self.is_endless(generation) {
                    let name = &generation.name;
                    let message = format!("nothing but the default `max` of 256 tokens ends `{name}`");
                    let hint = format!("say where it ends: gen {name} with stop = \"\\n\", or with max = 60");
                    self.report(Diag::new("W0300", generation.span, message).hint(hint));
                }
            }
        }
    }

    /// The functions that run in a context without roles, whether they have it or are called in it.
    fn without_roles(&self) -> BTreeSet<FuncId> {
        let contexts = self.hir.numbered().filter(|(_, func)| func.kind != FuncKind::Fn);
        let plain = contexts.filter(|(id, _)| self.context(*id).opens.is_none());
        self.graph.reached_in_context(plain.map(|(id, _)| id))
    }
}
