//! The end of a run: what no generation has read is told, and then what all of it cost.

use std::time::{Duration, Instant};

use agentc_compiler::source::Span;

use super::{Purpose, Session, Stage};
use crate::ask::{Answer, Written};
use crate::backend::{Backends, Product, WorkKind};
use crate::error::{Fault, RunError};
use crate::journal::{Ended, Entry};
use crate::outcome;
use crate::trace::Event;
use crate::value::Value;

/// How often a session that waits looks whether it may go on.
const LOOK: Duration = Duration::from_millis(20);

/// A run whose machine has stopped.
pub(super) struct Ending {
    result: Result<Value, RunError>,
    /// What events have shown of a generation in the entry point's context that did not end.
    shown: String,
    /// The end of that context, which no generation has read.
    written: Vec<Written>,
}

impl Session {
    /// How long to wait for reports before the next poll.
    pub fn patience(&self) -> Duration {
        let left = self.options.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        left.map_or(LOOK, |left| left.min(LOOK))
    }

    /// The place of the one generation that the run waits for.
    pub(super) fn waiting_at(&self) -> Option<Span> {
        self.tasks.iter().find_map(|(_, purpose)| match purpose {
            Purpose::Generate(writing) | Purpose::Before(writing) => Some(writing.span()),
            Purpose::Count(_) | Purpose::Other(_) | Purpose::Rest | Purpose::Cancelled => None,
        })
    }

    /// Ends the run, whatever it waits for.
    pub(super) fn end(
        &mut self,
        result: Result<Value, RunError>,
        backends: &mut Backends<'_>,
        emit: &mut dyn FnMut(Event),
    ) {
        if matches!(self.stage, Stage::Over(_) | Stage::End(_)) {
            return;
        }
        for (task, purpose) in std::mem::take(&mut self.tasks) {
            self.cancel(task, backends);
            self.tasks.push((task, Purpose::Cancelled));
            if let (Err(error), Purpose::Generate(writing) | Purpose::Before(writing)) = (&result, purpose) {
                // What has been told of it is told again where the run is repeated.
                let ask = writing.id().clone();
                let answer = writing.failed(error.fault.clone());
                self.entries.push(Entry::Answered { ask, answer });
            }
        }
        self.tell_repeated();
        self.tell(emit);
        let shown = self.vm.shown(0).map(str::to_owned);
        let repeats = self.repeated.iter().any(|entry| matches!(entry, Entry::Ended(_)));
        if shown.is_none() && !repeats {
            self.ask_rest(backends);
        }
        let (shown, written) = (shown.unwrap_or_default(), Vec::new());
        self.stage = Stage::End(Box::new(Ending { result, shown, written }));
        self.finish_if_told(backends, emit);
    }

    /// Tells what had been told of other generations when the run that is repeated was ended, which the first of them has
    /// just done.
    fn tell_repeated(&mut self) {
        for entry in &self.repeated {
            if let Entry::Answered { ask, answer: Answer::Failed { told, .. } } = entry {
                self.vm.tell_all(ask, (**told).clone());
            }
        }
    }

    /// Asks for the end of the entry point's context, with its tokens. (A model that is not there ends the run before
    /// anything was written.)
    fn ask_rest(&mut self, backends: &mut Backends<'_>) {
        let (Ok(own), Some(context)) = (self.own(backends), self.vm.context(0).cloned()) else { return };
        let told = self.vm.told(0);
        if told < context.pieces().len() {
            let task = backends.submit(own, self.work(WorkKind::Tokens { context, told }));
            self.tasks.push((task, Purpose::Rest));
        }
    }

    /// Takes in the end of the entry point's context.
    pub(super) fn take_rest(&mut self, result: Result<Product, Fault>) {
        let Stage::End(ending) = &mut self.stage else { return };
        match result {
            Ok(Product::Tokens(written)) => ending.written = written,
            Ok(_) => {}
            Err(fault) if ending.result.is_ok() => ending.result = Err(RunError::of_run(fault)),
            Err(_) => {}
        }
    }

    /// Ends the run for good once nothing is left to be reported.
    pub(super) fn finish_if_told(&mut self, backends: &Backends<'_>, emit: &mut dyn FnMut(Event)) {
        if !self.tasks.is_empty() || !matches!(self.stage, Stage::End(_)) {
            return;
        }
        if let Stage::End(ending) = std::mem::replace(&mut self.stage, Stage::Run) {
            self.finish(*ending, backends, emit);
        }
    }

    /// A journal that says how the run ended from outside ends it again.
    pub(super) fn repeat_end(
        &mut self,
        backends: &mut Backends<'_>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<(), RunError> {
        if let Some(Entry::Ended(ended)) = self.repeated.front() {
            let result = ended.error.clone().map_or(Ok(Value::Null), Err);
            self.end(result, backends, emit);
        }
        Ok(())
    }

    fn finish(&mut self, ending: Ending, backends: &Backends<'_>, emit: &mut dyn FnMut(Event)) {
        let Ending { mut result, shown, written } = ending;
        let repeated = std::mem::take(&mut self.repeated).into_iter().find_map(|entry| match entry {
            Entry::Ended(ended) => Some(ended),
            Entry::Answered { ask, answer } => {
                self.entries.push(Entry::Answered { ask, answer });
                None
            }
        });
        let ended = repeated.unwrap_or_else(|| {
            let text = self.text(&shown, backends);
            Ended { written, text, shown, error: result.as_ref().err().cloned() }
        });
        if let Some(error) = &ended.error {
            result = Err(error.clone());
        }
        self.vm.tell_rest(0, ended.written.clone());
        self.tell(emit);
        self.usage.wall_ms = self.usage.load_ms + self.started.elapsed().as_millis() as u64;
        emit(Event::Usage(self.usage.clone()));
        let outcome = outcome::of_run(&self.vm, &ended, result, self.usage.clone());
        self.entries.push(Entry::Ended(ended));
        self.stage = Stage::Over(Box::new(outcome));
    }

    /// The text of the entry point's context as its model reads it; without marks where the template cannot lay it out.
    fn text(&self, shown: &str, backends: &Backends<'_>) -> String {
        let Some(context) = self.vm.context(0) else { return shown.to_owned() };
        let own = self.own(backends).ok().and_then(|own| backends.profile(own));
        let text = own.and_then(|profile| profile.render(context).ok());
        text.unwrap_or_else(|| context.plain_text()) + shown
    }
}
