//! Checks that the specs of a program refer only to holes and definitions that exist.

use agentc_constraint::SharedSpec;
use agentc_constraint::spec::Spec;

/// Checks what a spec refers to in itself. What is wrong goes on a sentence about it.
pub(super) fn check_defs(spec: &SharedSpec) -> Result<(), String> {
    defs(spec.spec(), 0)
}

/// `known` are the definitions of the innermost [`Spec::Defs`] around.
fn defs(spec: &Spec, known: usize) -> Result<(), String> {
    let known = match spec {
        Spec::Ref { def } if *def >= known => {
            return Err(format!("names the definition {def}, which is not there"));
        }
        Spec::Defs { defs, .. } => defs.len(),
        _ => known,
    };
    spec.parts().into_iter().try_for_each(|part| defs(part, known))
}

/// Checks that every hole of a spec has one of so many values. What is wrong goes on a sentence about the generation.
pub(super) fn check_holes(spec: &SharedSpec, bindings: usize) -> Result<(), String> {
    if !spec.has_holes() {
        return Ok(());
    }
    match spec.spec().holes().into_iter().find(|hole| *hole >= bindings) {
        Some(hole) => Err(format!("leaves the hole {hole} open")),
        None => Ok(()),
    }
}
