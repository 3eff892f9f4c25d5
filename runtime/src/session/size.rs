//! Whether the contexts of a run fit into the models that will read them, told before the first token.
//!
//! The compiler asks the same of models that the program declares, before it knows their tokens. Here each
//! model counts with its own. What only the run can know is not counted, so that this is a warning: the run may
//! stay below it, and a program that does not fit for other reasons ends with `R0702` or `R0706`.

use agentc_compiler::size::{self, Room};

use super::Session;
use super::asks::find;
use super::settings::Home;
use crate::model::Model;
use crate::models::reached;
use crate::sched::Schedulers;
use crate::trace::{Event, Warning};

impl Session {
    /// Tells which contexts can become too large. Not for a script, which stands for some other model.
    pub(super) fn tell_sizes(&self, models: &Schedulers<'_>, emit: &mut dyn FnMut(Event)) {
        if self.home == Home::Alone {
            return;
        }
        let Ok(home) = self.home(models) else { return };
        let at = |model: Option<u32>| match model.map(|id| self.program.models.get(id as usize)) {
            None => Some(home),
            Some(named) => find(models, &named?.0).ok(),
        };
        let counts: Vec<_> = models.iter().map(|sched| counter(sched.model())).collect();
        let room = |model| {
            let at = at(model)?;
            Some(Room { tokens: counts.get(at)?, ctx: models.get(at).model().info().n_ctx })
        };
        let reached = reached(&self.program, self.vm.entry());
        for diag in size::too_large(&self.program, &|func| reached.contains(&func), &room) {
            emit(Event::Warning(Warning::of(&self.program, diag)));
        }
    }
}

fn counter(model: &dyn Model) -> impl Fn(&str) -> usize {
    |text| model.tokenize(text.as_bytes()).len()
}
