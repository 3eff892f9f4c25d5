//! Generations in plain completion that nothing in the program ends.

use super::Lint;
use super::graph::{Act, acts};
use crate::diag::Diag;

impl Lint<'_> {
    /// Free text without a stop and without `max`, where no message ends it either.
    pub(super) fn endless(&mut self) {
        let hir = self.hir;
        for id in self.graph.without_roles(hir) {
            let Some(func) = hir.funcs.get(id as usize) else { continue };
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
}
