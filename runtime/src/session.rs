//! One run of a program: a machine, its budget, and what it has cost, up to its outcome.
//!
//! A session never blocks. [`Session::poll`] runs the machine until it waits for the model and hands the
//! ask to a [`Scheduler`]; whoever owns that scheduler ticks it and passes each [`Report`] to the session
//! whose job it is about. So any number of sessions share one model on one thread, and none of them can
//! tell. [`run`] is the loop for a single one.
//!
//! Between two polls a session can be written down ([`Session::save`]) and taken up again, by another
//! process and with an empty KV memory, to the same end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use agentc_compiler::ir;
use agentc_constraint::{End, MatchError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ask::{GenAnswer, GenAsk};
use crate::error::{Fault, RunError};
use crate::input::{self, Input};
use crate::limits::Limits;
use crate::outcome::{self, Outcome};
use crate::sample::Sampling;
use crate::sched::{JobId, Report, Scheduler};
use crate::trace::{Event, Usage};
use crate::value::Value;
use crate::vm::{Defaults, State, Step, Vm};

/// What a caller decides about a run; everything has a default.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// The run's seed; otherwise the program's, otherwise 0.
    pub seed: Option<u64>,
    /// The temperature of generations that set none; otherwise the program's.
    pub temp: Option<f64>,
    /// The nucleus of generations that set none.
    pub top_p: Option<f64>,
    /// The tokens considered by generations that set none.
    pub top_k: Option<u32>,
    /// The least likelihood for generations that set none.
    pub min_p: Option<f64>,
    /// Tokens of all generations together.
    pub max_tokens: Option<u64>,
    /// When the run has to be over.
    pub deadline: Option<Instant>,
    /// Set by anyone at any time to end the run.
    pub cancel: Option<Arc<AtomicBool>>,
    /// All other limits.
    pub limits: Limits,
}

/// What a session needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poll {
    /// To be polled again.
    Ready,
    /// A report about its job.
    Waiting,
    /// Nothing: it is over, and [`Session::into_outcome`] tells how.
    Done,
}

/// A run written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// Hash of the program: another one cannot go on with it.
    program: String,
    state: State,
    /// Tokens generated so far, which count against the budget.
    spent: u64,
}

enum Stage {
    /// The machine can run.
    Run,
    /// The model is at work.
    Wait(Box<Waiting>),
    /// It is over.
    Over(Box<Outcome>),
}

/// A generation in progress.
struct Waiting {
    job: JobId,
    ask: GenAsk,
    /// What the run's budget leaves for it, if that is less than it may take.
    rationed: Option<u64>,
    /// Whether events have told the text before it.
    told: bool,
    /// What events have shown of it.
    shown: String,
}

/// See the module's description.
pub struct Session {
    program: Arc<ir::Program>,
    vm: Vm,
    options: RunOptions,
    stage: Stage,
    /// What was printed behind text that events have not told yet: it must not overtake it.
    prints: Vec<String>,
    usage: Usage,
    spent: u64,
    started: Instant,
}

impl Session {
    /// A run from the beginning. Fails if the inputs are not what the program takes.
    pub fn new(
        program: Arc<ir::Program>,
        inputs: &[(String, Input)],
        options: RunOptions,
    ) -> Result<Session, RunError> {
        let started = Instant::now();
        let args = input::arguments(&program, inputs, &options.limits)?;
        let vm = Vm::new(program.clone(), args, defaults(&program, &options), options.limits.clone());
        Ok(Session {
            program,
            vm,
            options,
            stage: Stage::Run,
            prints: Vec::new(),
            usage: Usage::default(),
            spent: 0,
            started,
        })
    }

    /// A run that goes on where a saved one stopped. Seed and sampling are those it began with.
    pub fn resume(program: Arc<ir::Program>, saved: Saved, options: RunOptions) -> Result<Session, RunError> {
        if saved.program != fingerprint(&program) {
            let message = "the saved run belongs to another program, or to another version of it".to_owned();
            return Err(RunError::of_run(Fault::Input { message }));
        }
        let vm =
            Vm::resume(program.clone(), saved.state, options.limits.clone()).map_err(RunError::of_run)?;
        let (usage, spent, started) = (Usage::default(), saved.spent, Instant::now());
        Ok(Session { program, vm, options, stage: Stage::Run, prints: Vec::new(), usage, spent, started })
    }

    /// The run as it stands. A generation in progress will start anew.
    pub fn save(&self) -> Saved {
        Saved { program: fingerprint(&self.program), state: self.vm.state().clone(), spent: self.spent }
    }

    /// Whether reports about `job` are for this session.
    pub fn waits_for(&self, job: JobId) -> bool {
        matches!(&self.stage, Stage::Wait(waiting) if waiting.job == job)
    }

    /// What the run has cost so far.
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// Adds the time that loading the model took for this run.
    pub fn charge_load(&mut self, ms: u64) {
        self.usage.load_ms += ms;
    }

    /// How it ended, once it is over.
    pub fn into_outcome(self) -> Option<Outcome> {
        match self.stage {
            Stage::Over(outcome) => Some(*outcome),
            Stage::Run | Stage::Wait(_) => None,
        }
    }

    /// Goes on as far as possible without the model.
    pub fn poll(&mut self, sched: &mut Scheduler<'_>, emit: &mut dyn FnMut(Event)) -> Poll {
        if matches!(self.stage, Stage::Over(_)) {
            return Poll::Done;
        }
        if let Err(error) = self.check() {
            self.end(Err(error), sched, emit);
            return Poll::Done;
        }
        if matches!(self.stage, Stage::Wait(_)) {
            return Poll::Waiting;
        }
        match self.step(sched, emit) {
            Ok(Some(value)) => self.end(Ok(value), sched, emit),
            Ok(None) => {
                return if matches!(self.stage, Stage::Wait(_)) { Poll::Waiting } else { Poll::Ready };
            }
            Err(error) => self.end(Err(error), sched, emit),
        }
        Poll::Done
    }

    /// Takes in what a tick tells about the session's job.
    pub fn report(&mut self, report: Report, sched: &mut Scheduler<'_>, emit: &mut dyn FnMut(Event)) {
        let Stage::Wait(waiting) = &mut self.stage else { return };
        self.usage.add(&report.usage);
        for event in report.events {
            waiting.told = true;
            if let Event::Token { text, .. } = &event {
                waiting.shown.push_str(text);
            }
            if let Event::GenStart { .. } = &event {
                self.prints.drain(..).for_each(|text| emit(Event::Print { text }));
            }
            emit(event);
        }
        let Some(result) = report.result else { return };
        let taken = match result {
            Ok(answer) => self.answer(answer, emit),
            Err(fault) => Err(self.blame(fault)),
        };
        if let Err(error) = taken {
            self.end(Err(error), sched, emit);
        }
    }

    /// Ends the run from outside; what it did so far is in its outcome.
    pub fn abort(&mut self, fault: Fault, sched: &mut Scheduler<'_>, emit: &mut dyn FnMut(Event)) {
        if !matches!(self.stage, Stage::Over(_)) {
            self.end(Err(RunError::of_run(fault)), sched, emit);
        }
    }

    /// One stretch of the machine. The value of the entry point, if that ended.
    fn step(
        &mut self,
        sched: &mut Scheduler<'_>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Option<Value>, RunError> {
        match self.vm.run()? {
            Step::Done(value) => return Ok(Some(value)),
            Step::Print(text) if self.vm.has_pending_text() => self.prints.push(text),
            Step::Print(text) => emit(Event::Print { text }),
            Step::Pause => {}
            Step::Ask(ask) => self.submit(*ask, sched)?,
        }
        Ok(None)
    }

    fn submit(&mut self, mut ask: GenAsk, sched: &mut Scheduler<'_>) -> Result<(), RunError> {
        let span = ask.span;
        let rationed = self.ration(&mut ask).map_err(|fault| RunError::at(span, fault))?;
        let Some(context) = self.vm.context(ask.context) else {
            let message = format!("the context {} of an ask is not open", ask.context);
            return Err(RunError::at(span, Fault::Input { message }));
        };
        let submitted = sched.submit(&ask, context).map_err(|fault| self.ran_out(fault, rationed));
        let job = submitted.map_err(|fault| RunError::at(span, fault))?;
        self.stage = Stage::Wait(Box::new(Waiting { job, ask, rationed, told: false, shown: String::new() }));
        Ok(())
    }

    /// Cuts an ask to what is left of the budget; what that is, if it was cut.
    fn ration(&self, ask: &mut GenAsk) -> Result<Option<u64>, Fault> {
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
        Ok(Some(total))
    }

    /// A value that does not fit into what the budget left is the budget's fault, not the constraint's.
    fn ran_out(&self, fault: Fault, rationed: Option<u64>) -> Fault {
        match (rationed, fault) {
            (Some(limit), Fault::Match { error: MatchError::CannotFinish { .. }, .. }) => {
                Fault::Limit { what: "generated tokens", limit }
            }
            (_, fault) => fault,
        }
    }

    fn answer(&mut self, answer: GenAnswer, emit: &mut dyn FnMut(Event)) -> Result<(), RunError> {
        let Stage::Wait(waiting) = std::mem::replace(&mut self.stage, Stage::Run) else { return Ok(()) };
        self.spent += answer.value_tokens as u64;
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

    fn blame(&self, fault: Fault) -> RunError {
        match &self.stage {
            Stage::Wait(waiting) => RunError::at(waiting.ask.span, self.ran_out(fault, waiting.rationed)),
            Stage::Run | Stage::Over(_) => RunError::of_run(fault),
        }
    }

    /// Whether the run may go on.
    fn check(&self) -> Result<(), RunError> {
        if self.options.cancel.as_ref().is_some_and(|cancel| cancel.load(Ordering::Relaxed)) {
            return Err(RunError::of_run(Fault::Interrupted));
        }
        if self.options.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(self.blame(Fault::Deadline));
        }
        Ok(())
    }

    /// Tells the text that no generation has read, and what all of it cost.
    fn end(
        &mut self,
        result: Result<Value, RunError>,
        sched: &mut Scheduler<'_>,
        emit: &mut dyn FnMut(Event),
    ) {
        let waiting = match std::mem::replace(&mut self.stage, Stage::Run) {
            Stage::Wait(waiting) => Some(waiting),
            Stage::Run | Stage::Over(_) => None,
        };
        if let Some(waiting) = &waiting {
            self.usage.add(&sched.cancel(waiting.job));
        }
        let partial = waiting.filter(|waiting| waiting.told && waiting.ask.context == 0);
        let mut result = result;
        if partial.is_none()
            && let Some(context) = self.vm.context(0)
        {
            match sched.flush(0, context) {
                Ok(events) => events.into_iter().for_each(&mut *emit),
                Err(fault) => result = result.and(Err(RunError::of_run(fault))),
            }
        }
        self.prints.drain(..).for_each(|text| emit(Event::Print { text }));
        self.usage.wall_ms = self.usage.load_ms + self.started.elapsed().as_millis() as u64;
        emit(Event::Usage(self.usage.clone()));
        let shown = partial.map(|waiting| waiting.shown).unwrap_or_default();
        let outcome = outcome::of_run(&self.vm, sched, result, &shown, self.usage.clone());
        self.stage = Stage::Over(Box::new(outcome));
    }
}

/// Runs a session to its end on a scheduler that serves nobody else.
pub fn run(mut session: Session, sched: &mut Scheduler<'_>, emit: &mut dyn FnMut(Event)) -> Option<Outcome> {
    loop {
        match session.poll(sched, emit) {
            Poll::Done => return session.into_outcome(),
            Poll::Ready => {}
            Poll::Waiting => {
                for report in sched.tick() {
                    if session.waits_for(report.job) {
                        session.report(report, sched, emit);
                    }
                }
            }
        }
    }
}

fn defaults(program: &ir::Program, options: &RunOptions) -> Defaults {
    let model = program.model.as_ref();
    let base = Sampling::default();
    Defaults {
        seed: options.seed.or(model.and_then(|model| model.seed)).unwrap_or(0),
        sampling: Sampling {
            temp: options.temp.or(model.and_then(|model| model.temp)).unwrap_or(base.temp),
            top_p: options.top_p.unwrap_or(base.top_p),
            top_k: options.top_k.unwrap_or(base.top_k),
            min_p: options.min_p.unwrap_or(base.min_p),
        },
    }
}

fn fingerprint(program: &ir::Program) -> String {
    let bytes = serde_json::to_vec(program).unwrap_or_default();
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
