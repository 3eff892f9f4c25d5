//! Checks that the specs of generations refer only to holes and definitions that exist.

use agentc_constraint::spec::{Spec, Stop};

/// Checks a spec whose holes have so many values. What is wrong goes on a sentence about the generation.
pub(super) fn check_spec(spec: &Spec, bindings: usize) -> Result<(), String> {
    Holes { bindings }.spec(spec, 0)
}

struct Holes {
    bindings: usize,
}

impl Holes {
    /// `defs` are the definitions of the innermost [`Spec::Defs`] around.
    fn spec(&self, spec: &Spec, defs: usize) -> Result<(), String> {
        match spec {
            Spec::OneOf { hole } | Spec::Copy { hole } => self.hole(*hole),
            Spec::Union { members } => members.iter().try_for_each(|m| self.spec(m, defs)),
            Spec::JsonOf { value } | Spec::Flexible { value } | Spec::Map { value } => self.spec(value, defs),
            Spec::Array { item, .. } => self.spec(item, defs),
            Spec::Object { fields } => fields.iter().try_for_each(|f| self.spec(&f.value, defs)),
            Spec::Until { value, stops } => {
                stops.iter().try_for_each(|s| match s {
                    Stop::Hole { hole } => self.hole(*hole),
                    Stop::Text { .. } | Stop::Regex { .. } => Ok(()),
                })?;
                self.spec(value, defs)
            }
            Spec::Defs { defs: inner, root } => {
                inner.iter().try_for_each(|d| self.spec(d, inner.len()))?;
                self.spec(root, inner.len())
            }
            Spec::Ref { def } if *def >= defs => {
                Err(format!("names the definition {def}, which is not there"))
            }
            Spec::Ref { .. }
            | Spec::Text { .. }
            | Spec::Int { .. }
            | Spec::Float { .. }
            | Spec::Bool
            | Spec::Literal { .. }
            | Spec::Constant { .. }
            | Spec::Regex { .. }
            | Spec::Json
            | Spec::Schema { .. }
            | Spec::Grammar { .. } => Ok(()),
        }
    }

    fn hole(&self, hole: usize) -> Result<(), String> {
        if hole < self.bindings { Ok(()) } else { Err(format!("leaves the hole {hole} open")) }
    }
}
