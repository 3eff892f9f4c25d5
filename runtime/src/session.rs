//! One run of a program: a machine, its budget and its cost, up to its outcome.
//!
//! A session never blocks. [`Session::poll`] runs the machine until it waits for the model and hands the ask
//! to one of the [`Schedulers`]; whoever owns them ticks them and passes each [`Report`] to the session whose
//! job it is about. So any number of sessions share the models of one thread, and none of them can tell.
//! [`run`] is the loop for a single session.
//!
//! A run has one model of its own, whose tokens its contexts keep; generations may name others, which read
//! the contexts as text. If the model cannot do something, the machine decides whether to catch the error.
//!
//! Between two polls a session can be saved ([`Session::save`]) and resumed, by another process and with an
//! empty KV memory, to the same end.

mod asks;
mod settings;
mod size;

use std::sync::Arc;
use std::time::Instant;

use agentc_compiler::ir::{self, FuncId, TestModel};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::settings::RunOptions;
use self::settings::{Home, defaults};
use crate::ask::{Ask, GenAsk};
use crate::error::{Fault, RunError};
use crate::input::{self, Input};
use crate::outcome::{self, Outcome};
use crate::sched::{JobId, Report, Schedulers};
use crate::trace::{Event, Usage};
use crate::value::Value;
use crate::vm::{State, Step, Vm};

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
    home: Home,
    state: State,
    /// What was printed and is still to be told.
    prints: Vec<String>,
    /// Tokens generated so far, which count against the budget.
    spent: u64,
}

enum Stage {
    /// Whether the models are there that the run will ask for is still to be seen.
    Begin,
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
    /// Bytes of it that were told by another model than that which generates.
    flushed: usize,
    /// What events have shown of it.
    shown: String,
}

/// See the module's description.
pub struct Session {
    program: Arc<ir::Program>,
    vm: Vm,
    home: Home,
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
        let (entry, home) = (program.entry, Home::Main);
        let args = input::arguments(&program, inputs, &options.limits)?;
        Ok(Session::begin(program, entry, args, home, options))
    }

    /// A run of one of the program's tests; `None` if there is no such. A scripted test has to run on its
    /// script alone ([`crate::testing`]), one with a named model on schedulers that have it.
    pub fn of_test(program: Arc<ir::Program>, test: usize, options: RunOptions) -> Option<Session> {
        let test = program.tests.get(test)?;
        let home = match &test.model {
            TestModel::Default => Home::Main,
            TestModel::Named(model) => Home::Named(program.models.get(*model as usize)?.0.clone()),
            TestModel::Script(_) => Home::Alone,
        };
        let func = test.func;
        Some(Session::begin(program, func, Vec::new(), home, options))
    }

    fn begin(
        program: Arc<ir::Program>,
        func: FuncId,
        args: Vec<Value>,
        home: Home,
        options: RunOptions,
    ) -> Session {
        let defaults = defaults(&program, &home, &options);
        let vm = Vm::new(program.clone(), func, args, defaults, options.limits.clone());
        Session::of_vm(program, vm, home, options)
    }

    /// A run that goes on where a saved one stopped. Seed and sampling are those it began with.
    pub fn resume(program: Arc<ir::Program>, saved: Saved, options: RunOptions) -> Result<Session, RunError> {
        if saved.program != fingerprint(&program) {
            let message = "the saved run belongs to another program, or to another version of it".to_owned();
            return Err(RunError::of_run(Fault::Input { message }));
        }
        let vm =
            Vm::resume(program.clone(), saved.state, options.limits.clone()).map_err(RunError::of_run)?;
        let session = Session::of_vm(program, vm, saved.home, options);
        Ok(Session { prints: saved.prints, spent: saved.spent, ..session })
    }

    fn of_vm(program: Arc<ir::Program>, vm: Vm, home: Home, options: RunOptions) -> Session {
        let (prints, usage, started) = (Vec::new(), Usage::default(), Instant::now());
        Session { program, vm, home, options, stage: Stage::Begin, prints, usage, spent: 0, started }
    }

    /// The run as it stands. A generation in progress will start anew. Fails if it would be larger than
    /// [`Limits::saved_size`](crate::Limits::saved_size): values that share parts share nothing when written down.
    pub fn save(&self) -> Result<Saved, RunError> {
        let prints = self.prints.iter().map(String::len);
        let size = prints.fold(self.vm.state().size(), usize::saturating_add);
        let limit = self.options.limits.saved_size;
        if size > limit {
            return Err(RunError::of_run(Fault::Limit { what: "bytes in a saved run", limit: limit as u64 }));
        }
        Ok(Saved {
            program: fingerprint(&self.program),
            home: self.home.clone(),
            state: self.vm.state().clone(),
            prints: self.prints.clone(),
            spent: self.spent,
        })
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
            Stage::Begin | Stage::Run | Stage::Wait(_) => None,
        }
    }

    /// Goes on as far as possible without the model.
    pub fn poll(&mut self, models: &mut Schedulers<'_>, emit: &mut dyn FnMut(Event)) -> Poll {
        if matches!(self.stage, Stage::Over(_)) {
            return Poll::Done;
        }
        if let Err(error) = self.check(models) {
            self.end(Err(error), models, emit);
            return Poll::Done;
        }
        match self.stage {
            Stage::Wait(_) => return Poll::Waiting,
            Stage::Begin => self.tell_sizes(models, emit),
            Stage::Run | Stage::Over(_) => {}
        }
        self.stage = Stage::Run;
        match self.step(models, emit) {
            Ok(Some(value)) => self.end(Ok(value), models, emit),
            Ok(None) => {
                return if matches!(self.stage, Stage::Wait(_)) { Poll::Waiting } else { Poll::Ready };
            }
            Err(error) => self.end(Err(error), models, emit),
        }
        Poll::Done
    }

    /// Takes in what a tick tells about the session's job.
    pub fn report(&mut self, report: Report, models: &mut Schedulers<'_>, emit: &mut dyn FnMut(Event)) {
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
            Err(fault) => {
                let error = self.blame(fault);
                self.refuse(error, emit)
            }
        };
        if let Err(error) = taken {
            self.end(Err(error), models, emit);
        }
    }

    /// Ends the run from outside; what it did so far is in its outcome.
    pub fn abort(&mut self, fault: Fault, models: &mut Schedulers<'_>, emit: &mut dyn FnMut(Event)) {
        if !matches!(self.stage, Stage::Over(_)) {
            self.end(Err(RunError::of_run(fault)), models, emit);
        }
    }

    /// One stretch of the machine. The value of the entry point, if that ended.
    fn step(
        &mut self,
        models: &mut Schedulers<'_>,
        emit: &mut dyn FnMut(Event),
    ) -> Result<Option<Value>, RunError> {
        match self.vm.run()? {
            Step::Done(value) => return Ok(Some(value)),
            Step::Tell(events) => events.into_iter().for_each(|event| self.tell(event, emit)),
            Step::Pause => {}
            Step::Ask(Ask::Text(ask)) => self.read_context(&ask, models, emit)?,
            Step::Ask(Ask::Gen(ask)) => {
                let span = ask.span;
                if let Err(fault) = self.submit(*ask, models, emit) {
                    self.refuse(RunError::at(span, fault), emit)?;
                }
            }
        }
        Ok(None)
    }

    /// Tells what happened in the machine. What it printed waits for the text before it.
    fn tell(&mut self, event: Event, emit: &mut dyn FnMut(Event)) {
        match event {
            Event::Print { text } if self.vm.has_untold_text() || !self.prints.is_empty() => {
                self.prints.push(text);
            }
            // It says nothing of the caller's text, so what waits for that goes on waiting.
            event @ Event::AgentStart { .. } => emit(event),
            event => {
                self.prints.drain(..).for_each(|text| emit(Event::Print { text }));
                emit(event);
            }
        }
    }

    /// Tells the machine that it cannot have what it waits for.
    fn refuse(&mut self, error: RunError, emit: &mut dyn FnMut(Event)) -> Result<(), RunError> {
        self.stage = Stage::Run;
        let events = self.vm.refuse(error)?;
        events.into_iter().for_each(|event| self.tell(event, emit));
        Ok(())
    }

    /// Whether the run may go on.
    fn check(&self, models: &Schedulers<'_>) -> Result<(), RunError> {
        if matches!(self.stage, Stage::Begin) {
            self.find_models(models).map_err(RunError::of_run)?;
        }
        self.options.check().map_err(|fault| match fault {
            Fault::Deadline => self.blame(fault),
            fault => RunError::of_run(fault),
        })
    }

    /// Tells the text that no generation has read, and what all of it cost.
    fn end(
        &mut self,
        result: Result<Value, RunError>,
        models: &mut Schedulers<'_>,
        emit: &mut dyn FnMut(Event),
    ) {
        let waiting = match std::mem::replace(&mut self.stage, Stage::Run) {
            Stage::Wait(waiting) => Some(waiting),
            Stage::Begin | Stage::Run | Stage::Over(_) => None,
        };
        if let Some(waiting) = &waiting {
            self.usage.add(&models.cancel(waiting.job));
        }
        // A model that is not there ends the run before anything was written.
        let home = self.home(models).unwrap_or_default();
        let partial = waiting.filter(|waiting| waiting.told && waiting.ask.context == 0);
        let mut result = result;
        if partial.is_none()
            && let Some(context) = self.vm.context(0)
        {
            match models.get_mut(home).flush(0, context, &|| self.options.check()) {
                Ok(events) => events.into_iter().for_each(&mut *emit),
                Err(fault) => result = result.and(Err(RunError::of_run(fault))),
            }
        }
        self.prints.drain(..).for_each(|text| emit(Event::Print { text }));
        self.usage.wall_ms = self.usage.load_ms + self.started.elapsed().as_millis() as u64;
        emit(Event::Usage(self.usage.clone()));
        let shown = partial.map(|waiting| waiting.shown).unwrap_or_default();
        let outcome = outcome::of_run(&self.vm, models.get(home), result, &shown, self.usage.clone());
        self.stage = Stage::Over(Box::new(outcome));
    }
}

/// Runs a session to its end on schedulers that serve nobody else.
pub fn run(
    mut session: Session,
    models: &mut Schedulers<'_>,
    emit: &mut dyn FnMut(Event),
) -> Option<Outcome> {
    loop {
        match session.poll(models, emit) {
            Poll::Done => return session.into_outcome(),
            Poll::Ready => {}
            Poll::Waiting => {
                for report in models.tick() {
                    if session.waits_for(report.job) {
                        session.report(report, models, emit);
                    }
                }
            }
        }
    }
}

fn fingerprint(program: &ir::Program) -> String {
    let bytes = serde_json::to_vec(program).unwrap_or_default();
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
