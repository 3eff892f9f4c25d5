//! One run of a program: a machine, its budget, its cost and its journal, up to its outcome.
//!
//! A session never blocks. [`Session::poll`] runs the machine until all of its strands wait, and gives what they ask to
//! the [`Backends`]; whoever owns those polls them too, and passes each [`Report`] to the session whose task it is about.
//! So any number of sessions share the models of one process, and none of them can tell. [`run`] is the loop for a
//! single session.
//!
//! A run has one model of its own, whose tokens its contexts keep; generations may name others, which read
//! the contexts as text. If something cannot be had, the machine decides whether to catch the error.
//!
//! Every answer is entered in the [`Journal`] when the machine gets it, and the machine gets one only when it waits: so
//! the journal alone decides what happens. From it a run can be repeated ([`Session::repeat`]), or taken up by another
//! process and with an empty KV memory, to the same end ([`Session::resume`]).

mod asks;
mod ending;
mod settings;
mod size;

use std::collections::VecDeque;
use std::time::Instant;

use agentc_compiler::ir::{FuncId, TestModel};

use self::asks::Writing;
use self::ending::Ending;
pub(crate) use self::settings::DefaultModel;
pub use self::settings::RunOptions;
use self::settings::defaults;
use self::size::Counting;
use crate::ask::{Answer, Ask, AskId};
use crate::backend::{Backends, Product, Report, TaskId};
use crate::error::{Fault, RunError};
use crate::host::{Host, Nobody};
use crate::input::{self, Input};
use crate::journal::{Entry, Journal, Start};
use crate::limits::Limit;
use crate::outcome::Outcome;
use crate::prepared::Prepared;
use crate::trace::{Event, Usage};
use crate::value::Value;
use crate::vm::{Phase, Vm};

/// What a session needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poll {
    /// To be polled again.
    Ready,
    /// A report about one of its tasks.
    Waiting,
    /// Nothing: it is over, and [`Session::into_outcome`] tells how.
    Done,
}

enum Stage {
    /// Whether the models are there that the run will ask for is still to be seen.
    Begin,
    /// They count the texts that they will read.
    Count(Counting),
    /// The machine runs, or waits for answers.
    Run,
    /// The machine has stopped, and what no generation has read is still to be told.
    End(Box<Ending>),
    /// It is over.
    Over(Box<Outcome>),
}

/// What a task is for.
enum Purpose {
    /// Texts of the program are counted by the back end of that number.
    Count(usize),
    /// A generation.
    Generate(Box<Writing>),
    /// What was pending in the context of a generation that another model will write.
    Before(Box<Writing>),
    /// Any other ask.
    Other(AskId),
    /// The end of the entry point's context.
    Rest,
    /// Nothing any more: what it cost is still to be told.
    Cancelled,
}

/// See the module's description.
pub struct Session {
    program: Prepared,
    vm: Vm,
    default_model: DefaultModel,
    options: RunOptions,
    stage: Stage,
    /// Whether the machine waits for an answer.
    waits: bool,
    /// Asks that have been given to nobody yet.
    open: Vec<Ask>,
    tasks: Vec<(TaskId, Purpose)>,
    /// The world that its tools act on.
    host: Box<dyn Host>,
    /// Answers that the machine has still to get.
    inbox: VecDeque<(AskId, Answer)>,
    /// What is repeated from a journal, before anybody else is asked.
    repeated: VecDeque<Entry>,
    /// Whether it tells what does not fit into its models. A run that is taken up has done so.
    warns: bool,
    /// Whether what happens has been told before, up to where the machine waits after what is repeated.
    is_silent: bool,
    start: Start,
    entries: Vec<Entry>,
    usage: Usage,
    /// Tokens generated so far, which count against the budget.
    spent: u64,
    started: Instant,
}

impl Session {
    /// A run from the beginning. Fails if the inputs are not what the program takes.
    pub fn new(
        program: impl Into<Prepared>,
        inputs: &[(String, Input)],
        options: RunOptions,
    ) -> Result<Session, RunError> {
        let program: Prepared = program.into();
        let (func, default_model) = (program.entry, DefaultModel::Main);
        let args = input::arguments(program.program(), inputs, &options.limits)?;
        Ok(Session::begin(program, func, args, default_model, options))
    }

    /// A run of one of the program's tests; `None` if there is no such. A scripted test has to run on its
    /// script alone ([`crate::testing`]), one with a named model on back ends that have it.
    pub fn of_test(program: impl Into<Prepared>, test: usize, options: RunOptions) -> Option<Session> {
        let program: Prepared = program.into();
        let test = program.tests.get(test)?;
        let default_model = match &test.model {
            TestModel::Default => DefaultModel::Main,
            TestModel::Named(model) => DefaultModel::Named(program.models.get(*model as usize)?.0.clone()),
            TestModel::Script(_) => DefaultModel::Alone,
        };
        let func = test.func;
        Some(Session::begin(program, func, Vec::new(), default_model, options))
    }

    fn begin(
        program: Prepared,
        func: FuncId,
        args: Vec<Value>,
        default_model: DefaultModel,
        options: RunOptions,
    ) -> Session {
        let defaults = defaults(&program, &default_model, &options);
        let start = Start::Call { func, args: args.clone(), defaults: defaults.clone() };
        let vm = Vm::new(program.program().clone(), func, args, defaults, options.limits.clone());
        Session::of_vm(program, vm, default_model, start, options)
    }

    /// A run that goes on where a journal ends, without telling again what it has told. Seed and sampling are those it
    /// began with.
    ///
    /// # Errors
    /// The journal is that of another program or version, or someone has edited it.
    pub fn resume(
        program: impl Into<Prepared>,
        journal: Journal,
        options: RunOptions,
    ) -> Result<Session, RunError> {
        let is_silent = !journal.is_empty();
        let session = Session::repeat(program, journal, options)?;
        Ok(Session { is_silent, warns: false, ..session })
    }

    /// The same run once more, told from its beginning: no model is asked before the journal ends.
    ///
    /// # Errors
    /// Those of [`resume`](Self::resume).
    pub fn repeat(
        program: impl Into<Prepared>,
        journal: Journal,
        options: RunOptions,
    ) -> Result<Session, RunError> {
        let program: Prepared = program.into();
        journal.check(&program).map_err(RunError::of_run)?;
        let Journal { default_model, start, entries, .. } = journal;
        let (vm, spent) = match &start {
            Start::Call { func, args, defaults } => {
                input::check_call(&program, *func, args, defaults).map_err(RunError::of_run)?;
                let (func, args, defaults) = (*func, args.clone(), defaults.clone());
                (Vm::new(program.program().clone(), func, args, defaults, options.limits.clone()), 0)
            }
            Start::Snapshot { state, spent } => {
                let vm = Vm::resume(program.program().clone(), (**state).clone(), options.limits.clone());
                (vm.map_err(RunError::of_run)?, *spent)
            }
        };
        let session = Session::of_vm(program, vm, default_model, start, options);
        let warns = entries.is_empty();
        Ok(Session { repeated: entries.into(), warns, spent, ..session })
    }

    fn of_vm(
        program: Prepared,
        vm: Vm,
        default_model: DefaultModel,
        start: Start,
        options: RunOptions,
    ) -> Session {
        Session {
            program,
            vm,
            default_model,
            options,
            stage: Stage::Begin,
            waits: false,
            open: Vec::new(),
            tasks: Vec::new(),
            host: Box::new(Nobody),
            inbox: VecDeque::new(),
            repeated: VecDeque::new(),
            is_silent: false,
            warns: true,
            start,
            entries: Vec::new(),
            usage: Usage::default(),
            spent: 0,
            started: Instant::now(),
        }
    }

    /// The same run in a world: what runs its tools. Without it there are none.
    pub fn with_host(self, host: impl Host + 'static) -> Session {
        Session { host: Box::new(host), ..self }
    }

    /// The same run without a word on what does not fit into its models: where another run of the program has told it.
    pub fn without_warnings(self) -> Session {
        Session { warns: false, ..self }
    }

    /// All that has come from outside so far.
    pub fn journal(&self) -> Journal {
        let (model, start, entries) = (self.default_model.clone(), self.start.clone(), self.entries.clone());
        Journal::new(&self.program, model, start, entries)
    }

    /// The run as it stands, as a journal that begins with a snapshot of it. What is being answered will be asked anew.
    /// Fails if it would be larger than [`Limits::saved_size`](crate::Limits::saved_size): values that share parts share
    /// nothing when written down.
    pub fn save(&self) -> Result<Journal, RunError> {
        if let Stage::End(_) = self.stage {
            // The machine has stopped, perhaps with an error: only what led there leads there again.
            return Ok(self.journal());
        }
        let limit = self.options.limits.saved_size;
        if self.vm.state().size() > limit {
            let fault = Fault::Limit { what: Limit::SavedSize, limit: limit as u64 };
            return Err(RunError::of_run(fault));
        }
        let start = Start::Snapshot { state: Box::new(self.vm.state().clone()), spent: self.spent };
        Ok(Journal::new(&self.program, self.default_model.clone(), start, Vec::new()))
    }

    /// Whether reports about `task` are for this session.
    pub fn waits_for(&self, task: TaskId) -> bool {
        self.tasks.iter().any(|(own, _)| *own == task)
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
            Stage::Begin | Stage::Count(_) | Stage::Run | Stage::End(_) => None,
        }
    }

    /// Goes on as far as possible without an answer, for a moment.
    pub fn poll(&mut self, backends: &mut Backends<'_>, emit: &mut dyn FnMut(Event)) -> Poll {
        if let Err(error) = self.advance(backends, emit) {
            self.end(Err(error), backends, emit);
        }
        match self.stage {
            Stage::Over(_) => Poll::Done,
            Stage::Begin => Poll::Ready,
            Stage::Run if !self.waits || self.has_answer() => Poll::Ready,
            Stage::Run | Stage::Count(_) | Stage::End(_) => Poll::Waiting,
        }
    }

    /// Takes in what a back end tells about one of the session's tasks.
    pub fn report(&mut self, report: Report, backends: &mut Backends<'_>, emit: &mut dyn FnMut(Event)) {
        let Some(at) = self.tasks.iter().position(|(task, _)| *task == report.task) else { return };
        let (task, purpose) = self.tasks.swap_remove(at);
        self.usage.add(&report.usage);
        match (purpose, report.result) {
            (Purpose::Generate(writing), result) => {
                self.take_written(writing, Report { result, ..report }, backends, emit);
            }
            (purpose, None) => self.tasks.push((task, purpose)),
            (Purpose::Before(writing), Some(result)) => self.take_before(writing, result, backends, emit),
            (Purpose::Count(at), Some(result)) => {
                let counts = if let Ok(Product::Counts(counts)) = result { counts } else { Vec::new() };
                self.take_counts(at, counts, backends, emit);
            }
            (Purpose::Other(id), Some(result)) => self.inbox.push_back((id, answer_of(result))),
            (Purpose::Rest, Some(result)) => self.take_rest(result),
            (Purpose::Cancelled, Some(_)) => {}
        }
        self.finish_if_told(backends, emit);
        if let Stage::Run = self.stage
            && self.waits
            && let Err(error) = self.take_answer()
        {
            self.end(Err(error), backends, emit);
        }
        self.tell(emit);
    }

    /// Ends the run from outside; what it did so far is in its outcome. It may have to be polled until it is over.
    pub fn abort(&mut self, fault: Fault, backends: &mut Backends<'_>, emit: &mut dyn FnMut(Event)) {
        self.end(Err(RunError::of_run(fault)), backends, emit);
    }

    /// One step of whatever is next.
    fn advance(&mut self, backends: &mut Backends<'_>, emit: &mut dyn FnMut(Event)) -> Result<(), RunError> {
        if matches!(self.stage, Stage::Over(_) | Stage::End(_)) {
            return Ok(());
        }
        if matches!(self.stage, Stage::Begin) {
            self.stage = Stage::Run;
            if self.repeated.is_empty() {
                self.find_models(backends).map_err(RunError::of_run)?;
                if self.warns {
                    self.count_texts(backends);
                }
            }
        }
        self.check()?;
        if matches!(self.stage, Stage::Run) { self.go_on(backends, emit) } else { Ok(()) }
    }

    /// Lets the machine go on for a moment, passes on what it asks, and gives it what is known at once.
    fn go_on(&mut self, backends: &mut Backends<'_>, emit: &mut dyn FnMut(Event)) -> Result<(), RunError> {
        if !self.waits {
            let turn = self.vm.run()?;
            if !self.is_silent {
                turn.events.into_iter().for_each(&mut *emit);
            }
            turn.withdrawn.iter().for_each(|id| self.withdraw(id, backends));
            self.open.extend(turn.asks);
            self.waits = turn.phase == Phase::Waiting;
            self.is_silent &= !self.waits || !self.repeated.is_empty();
            if let Phase::Done(value) = turn.phase {
                self.end(Ok(value), backends, emit);
                return Ok(());
            }
        }
        self.ask(backends);
        if self.waits {
            self.take_answer()?;
        }
        if self.waits { self.repeat_end(backends, emit) } else { Ok(()) }
    }

    /// Gives what is asked to whoever answers it, unless a journal does. What the budget may not be enough for, because of
    /// what others are writing, waits until they have written.
    fn ask(&mut self, backends: &mut Backends<'_>) {
        if self.repeated.is_empty() {
            for ask in std::mem::take(&mut self.open) {
                match self.is_affordable(&ask) {
                    true => self.submit(ask, backends),
                    false => self.open.push(ask),
                }
            }
        }
    }

    fn has_answer(&self) -> bool {
        !self.inbox.is_empty() || !self.repeated.is_empty()
    }

    /// Gives the machine, which waits, the next answer if there is one, and enters it in the journal.
    fn take_answer(&mut self) -> Result<(), RunError> {
        let answered = match self.repeated.front() {
            Some(Entry::Ended(_)) => None,
            Some(Entry::Answered { .. }) => self.repeated.pop_front(),
            None => self.inbox.pop_front().map(|(ask, answer)| Entry::Answered { ask, answer }),
        };
        let Some(Entry::Answered { ask, answer }) = answered else { return Ok(()) };
        self.open.retain(|open| open.id != ask);
        self.spent = self.spent.saturating_add(match &answer {
            Answer::Generated(generated) => generated.cost(),
            Answer::Sampled(sampled) => sampled.cost(),
            _ => 0,
        });
        let taken = self.vm.answer(&ask, answer.clone());
        self.entries.push(Entry::Answered { ask, answer });
        self.waits = false;
        taken
    }

    /// Drops an ask that nobody waits for any more.
    fn withdraw(&mut self, id: &AskId, backends: &mut Backends<'_>) {
        self.open.retain(|ask| ask.id != *id);
        self.inbox.retain(|(ask, _)| ask != id);
        for at in 0..self.tasks.len() {
            let (task, purpose) = &self.tasks[at];
            if purpose.ask().is_some_and(|ask| ask == id) {
                let task = *task;
                self.cancel(task, backends);
                self.tasks[at] = (task, Purpose::Cancelled);
            }
        }
    }

    fn cancel(&mut self, task: TaskId, backends: &mut Backends<'_>) {
        self.host.cancel(task);
        backends.cancel(task);
    }

    /// Tells what has happened in the machine.
    fn tell(&mut self, emit: &mut dyn FnMut(Event)) {
        let events = self.vm.take_events();
        if !self.is_silent {
            events.into_iter().for_each(emit);
        }
    }

    /// Whether the run may go on. What ends it is blamed on the generation that it waits for, if it is one.
    fn check(&self) -> Result<(), RunError> {
        self.options.stop().check().map_err(|fault| match (&fault, self.waiting_at()) {
            (Fault::Deadline, Some(span)) => RunError::at(span, fault),
            _ => RunError::of_run(fault),
        })
    }
}

impl Purpose {
    /// The ask that the task is for.
    fn ask(&self) -> Option<&AskId> {
        match self {
            Purpose::Generate(writing) | Purpose::Before(writing) => Some(writing.id()),
            Purpose::Other(id) => Some(id),
            Purpose::Count(_) | Purpose::Rest | Purpose::Cancelled => None,
        }
    }
}

/// What a machine is told of a task that wrote nothing.
fn answer_of(result: Result<Product, Fault>) -> Answer {
    match result {
        Ok(Product::Scored(score)) => Answer::Scored(score),
        Ok(Product::Tokens(written)) => Answer::Tokens(written),
        Ok(Product::Embedded(vectors)) => Answer::Embedded(vectors),
        Ok(Product::Returned(value)) => Answer::Returned(value),
        Ok(Product::Generated(_) | Product::Sampled(_) | Product::Counts(_)) => Answer::failed(asks::stray()),
        Err(fault) => Answer::failed(fault),
    }
}

/// Runs a session to its end on back ends that serve nobody else.
pub fn run(
    mut session: Session,
    backends: &mut Backends<'_>,
    emit: &mut dyn FnMut(Event),
) -> Option<Outcome> {
    loop {
        match session.poll(backends, emit) {
            Poll::Done => return session.into_outcome(),
            Poll::Ready => {}
            Poll::Waiting => {
                // A flag that ends the run wakes nobody.
                backends.wait(Some(session.patience()));
                for report in backends.poll() {
                    session.report(report, backends, emit);
                }
            }
        }
    }
}
