//! Whether the contexts of a run fit into the models that will read them, told before the first token.
//!
//! The compiler asks the same of models that the program declares, before it knows their tokens. Here each
//! model counts with its own. What only the run can know is not counted, so that this is a warning: the run may
//! stay below it, and a program that does not fit for other reasons ends with `R0702` or `R0706`. Of very long
//! texts only those tokens are counted that they have at least.

use std::cell::Cell;

use agentc_compiler::size::{self, Room};

use super::Session;
use super::asks::find;
use super::settings::Home;
use crate::models::reached;
use crate::sched::{Scheduler, Schedulers, Watch};
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
        let watch = || self.options.check();
        let counts: Vec<_> = models.iter().map(|sched| counter(sched, &watch)).collect();
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

/// Bytes of a program's texts that are counted exactly before a run, all together.
const COUNTED: usize = 1 << 20;

/// Counts the tokens of texts; beyond [`COUNTED`] bytes only what they have at least.
fn counter(sched: &Scheduler<'_>, watch: Watch<'_>) -> impl Fn(&str) -> usize {
    let left = Cell::new(COUNTED);
    move |text| match left.get().checked_sub(text.len()) {
        Some(rest) => {
            left.set(rest);
            sched.count(text, watch)
        }
        None => sched.least(text),
    }
}
