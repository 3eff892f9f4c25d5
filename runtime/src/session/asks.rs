//! What a machine asks: which model it is for, what the budget leaves for it, and what comes of the answer.

use agentc_constraint::{End, MatchError};

use super::settings::Home;
use super::{Session, Stage, Waiting};
use crate::ask::{GenAnswer, GenAsk, TextAsk};
use crate::error::{Fault, RunError};
use crate::models::named_models;
use crate::sched::Schedulers;
use crate::trace::Event;

impl Session {
    pub(super) fn read_context(
        &mut self,
        ask: &TextAsk,
        models: &Schedulers<'_>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), RunError> {
        let text = self.home(models).and_then(|home| match self.vm.context(ask.context) {
            Some(context) => models.get(home).render(context),
            None => Err(not_open(ask.context)),
        });
        match text {
            Ok(text) => self.vm.answer_text(ask.id, text),
            Err(fault) => self.refuse(RunError::at(ask.span, fault), emit),
        }
    }

    pub(super) fn submit(
        &mut self,
        mut ask: GenAsk,
        models: &mut Schedulers<'_>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), Fault> {
        let rationed = self.ration(&mut ask)?;
        let home = self.home(models)?;
        let at = self.route(&ask, models)?;
        if at == home {
            ask.model = None;
        }
        let Some(context) = self.vm.context(ask.context) else { return Err(not_open(ask.context)) };
        let watch = || self.options.check();
        let mut flushed = 0;
        let submitted = if at == home {
            models.get_mut(home).submit(&ask, context, &watch)
        } else {
            for event in models.get_mut(home).flush(ask.context, context, &watch)? {
                if let Event::Text { text, .. } = &event {
                    flushed += text.len();
                }
                emit(event);
            }
            models.get_mut(at).submit_foreign(&ask, context, &watch)
        };
        let job = submitted.map_err(|fault| self.ran_out(fault, rationed))?;
        let shown = String::new();
        self.stage = Stage::Wait(Box::new(Waiting { job, ask, rationed, told: flushed > 0, flushed, shown }));
        Ok(())
    }

    /// The scheduler of the run's own model.
    pub(super) fn home(&self, models: &Schedulers<'_>) -> Result<usize, Fault> {
        match &self.home {
            Home::Main | Home::Alone => Ok(0),
            Home::Named(name) => find(models, name),
        }
    }

    /// The scheduler that an ask is for.
    pub(super) fn route(&self, ask: &GenAsk, models: &Schedulers<'_>) -> Result<usize, Fault> {
        match (&ask.model, &self.home) {
            (None, _) | (_, Home::Alone) => self.home(models),
            (Some(name), _) => find(models, name),
        }
    }

    /// Whether all models are there that the run may ask for.
    pub(super) fn find_models(&self, models: &Schedulers<'_>) -> Result<(), Fault> {
        self.home(models)?;
        if self.home == Home::Alone {
            return Ok(());
        }
        named_models(&self.program, self.vm.entry())
            .into_iter()
            .try_for_each(|name| find(models, name).map(|_| ()))
    }

    /// Cuts an ask to what is left of the budget; what that is, if it was cut.
    pub(super) fn ration(&self, ask: &mut GenAsk) -> Result<Option<u64>, Fault> {
        let Some(total) = self.options.max_tokens.or(self.options.limits.total_tokens) else {
            return Ok(None);
        };
        let left = total.saturating_sub(self.spent);
        if left == 0 {
            return Err(Fault::Limit { what: "generated tokens", limit: total });
        }
        let max = ask.max.unwrap_or(self.options.limits.default_max);
        if u64::from(max) <= left {
            return Ok(None);
        }
        ask.max = u32::try_from(left).ok();
        // A value that ends by the ration ends the run: it cannot be too short.
        ask.min = ask.min.min(ask.max.unwrap_or(ask.min));
        Ok(Some(total))
    }

    /// A value that does not fit into what the budget left is the budget's fault, not the constraint's.
    pub(super) fn ran_out(&self, fault: Fault, rationed: Option<u64>) -> Fault {
        match (rationed, fault) {
            (Some(limit), Fault::Match { error: MatchError::CannotFinish { .. }, .. }) => {
                Fault::Limit { what: "generated tokens", limit }
            }
            (_, fault) => fault,
        }
    }

    pub(super) fn answer(
        &mut self,
        mut answer: GenAnswer,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), RunError> {
        let Stage::Wait(waiting) = std::mem::replace(&mut self.stage, Stage::Run) else { return Ok(()) };
        self.spent += answer.value_tokens as u64;
        answer.told += waiting.flushed;
        let rest = answer.text.get(answer.shown..).unwrap_or_default().to_owned();
        let (tokens, end) = (answer.value_tokens, answer.end.clone());
        let value = self.vm.answer(waiting.ask.id, answer)?;
        let (reason, stop) = match &end {
            End::Value => ("value", None),
            End::Stop { text } => ("stop", Some(text.clone())),
            End::EndOfTurn => ("end", None),
            End::Max => ("max", None),
        };
        let GenAsk { context, name, span, .. } = waiting.ask;
        emit(Event::GenEnd { context, name, text: rest, tokens, reason, stop, value });
        match (waiting.rationed, end) {
            (Some(limit), End::Max) => {
                Err(RunError::at(span, Fault::Limit { what: "generated tokens", limit }))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn blame(&self, fault: Fault) -> RunError {
        match &self.stage {
            Stage::Wait(waiting) => RunError::at(waiting.ask.span, self.ran_out(fault, waiting.rationed)),
            Stage::Begin | Stage::Run | Stage::Over(_) => RunError::of_run(fault),
        }
    }
}

pub(super) fn find(models: &Schedulers<'_>, name: &str) -> Result<usize, Fault> {
    models.find(name).ok_or_else(|| Fault::UnknownModel { name: name.to_owned() })
}

fn not_open(context: u32) -> Fault {
    Fault::Input { message: format!("the context {context} of an ask is not open") }
}
