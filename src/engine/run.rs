//! Runs as callers see them: set up, started, and either waited for or watched.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use agentc_runtime::{Event, Functions, Grants, Input, Outcome, RunOptions, ToolError, Value};

use super::listener::{Audience, Listener, Reply};
use super::worker::Command;
use super::{Batch, Engine, Row};
use crate::error::{Error, Failure};
use crate::program::Program;

/// A run to be set up and started.
#[derive(Debug, Clone)]
#[must_use = "a run does nothing until it is started"]
pub struct Run<'p> {
    engine: Engine,
    program: &'p Program,
    test: Option<usize>,
    inputs: Vec<(String, Input)>,
    options: RunOptions,
    tools: Functions,
    timeout: Option<Duration>,
}

impl<'p> Run<'p> {
    pub(super) fn new(engine: Engine, program: &'p Program) -> Run<'p> {
        let shared = &engine.shared;
        let (seed, limits, grants) = (shared.seed, shared.limits.clone(), shared.grants.clone());
        let options = RunOptions { seed, limits, grants, ..RunOptions::default() };
        let tools = shared.tools.clone();
        Run { engine, program, test: None, inputs: Vec::new(), options, tools, timeout: None }
    }

    /// One of the program's tests, instead of its entry point.
    pub(super) fn of_test(self, test: usize) -> Run<'p> {
        Run { test: Some(test), ..self }
    }

    /// The value of an input. If a name is given several times, the last value counts.
    pub fn input(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.inputs.push((name.into(), Input::Value(value.into())));
        self
    }

    /// An input as a person types it: the text itself for a `str`, JSON for any other type.
    pub fn input_text(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.inputs.push((name.into(), Input::Text(text.into())));
        self
    }

    /// Several inputs at once.
    pub fn inputs(mut self, inputs: impl IntoIterator<Item = (String, Input)>) -> Self {
        self.inputs.extend(inputs);
        self
    }

    /// The seed of its random streams. The same sequence of runs with the same seeds gives the same bytes; with
    /// [`Builder::deterministic`](super::Builder::deterministic), whatever ran before or runs at the same time.
    pub fn seed(mut self, seed: u64) -> Self {
        self.options.seed = Some(seed);
        self
    }

    /// The temperature of generations that set none; 0 is greedy.
    pub fn temp(mut self, temp: f64) -> Self {
        self.options.temp = Some(temp);
        self
    }

    /// Limit on the tokens of all its generations together.
    pub fn max_tokens(mut self, tokens: u64) -> Self {
        self.options.max_tokens = Some(tokens);
        self
    }

    /// Time limit, from its start.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// A flag that ends it as soon as it is set. What it has read by then stays in the engine's memory, so text
    /// sampled in later runs may depend on when that was; with
    /// [`Builder::deterministic`](super::Builder::deterministic) it does not.
    pub fn cancel(mut self, flag: Arc<AtomicBool>) -> Self {
        self.options.cancel = Some(flag);
        self
    }

    /// A tool that the program declares without a body: it is given its arguments by name, each of its type, and what
    /// it returns is checked against the type that the program declares. It runs on a thread of its own, and what it
    /// fails with is an error of the program, which a `try` catches.
    pub fn tool(
        mut self,
        name: impl Into<String>,
        tool: impl Fn(&[(String, Value)]) -> Result<Value, ToolError> + Send + Sync + 'static,
    ) -> Self {
        self.tools = self.tools.with(name, tool);
        self
    }

    /// What tools may touch, of what they declare to need.
    pub fn grants(mut self, grants: Grants) -> Self {
        self.options.grants = grants;
        self
    }

    /// Runs it to its end.
    pub fn start(self) -> Result<Outcome, Error> {
        self.stream()?.finish()
    }

    /// One such run for each row, several at a time; the outcomes are in the order of the rows. Inputs that this run has
    /// take precedence over those of a row. All have this run's seed: a row has the outcome that it has alone.
    pub fn batch<I>(self, rows: I) -> Batch<'p, I::IntoIter>
    where
        I: IntoIterator<Item: Into<Row>>,
    {
        Batch::new(self, rows.into_iter())
    }

    /// Starts it; its events arrive as they happen.
    pub fn stream(self) -> Result<Events<'p>, Error> {
        let (reply, replies) = mpsc::channel();
        let audience = Arc::new(Audience::default());
        let program = self.program;
        let engine = self.begin(Listener::new(reply, 0, audience.clone()))?;
        Ok(Events { program, replies, outcome: None, audience, engine })
    }

    /// Has its engine begin it, and tell the listener what becomes of it.
    pub(super) fn begin(self, listener: Listener) -> Result<Engine, Error> {
        let Run { engine, program, test, inputs, mut options, tools, timeout } = self;
        // A time too far away to be represented is no deadline.
        options.deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        engine.send(Command { program: program.code().clone(), test, inputs, options, tools, listener })?;
        Ok(engine)
    }

    /// With further inputs, over which its own take precedence.
    pub(super) fn under(mut self, mut inputs: Vec<(String, Input)>) -> Self {
        inputs.append(&mut self.inputs);
        Run { inputs, ..self }
    }

    pub(super) fn program(&self) -> &'p Program {
        self.program
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// The events of a run that was started. Dropping it ends the run.
#[derive(Debug)]
pub struct Events<'p> {
    program: &'p Program,
    replies: Receiver<(u64, Reply)>,
    outcome: Option<Result<Outcome, Error>>,
    audience: Arc<Audience>,
    /// The engine lives at least as long as its runs.
    engine: Engine,
}

impl Drop for Events<'_> {
    /// What nobody waits for is not worth the time.
    fn drop(&mut self) {
        if self.outcome.is_none() {
            self.audience.deserted.store(true, Ordering::Relaxed);
            self.engine.wake();
        }
    }
}

impl Iterator for Events<'_> {
    type Item = Event;

    /// Waits for the next event; `None` when the run is over.
    fn next(&mut self) -> Option<Event> {
        if self.outcome.is_some() {
            return None;
        }
        match self.replies.recv() {
            Ok((_, Reply::Event(event))) => return Some(event),
            Ok((_, Reply::Over(outcome))) => self.outcome = Some(Failure::check(*outcome, self.program)),
            Ok((_, Reply::Lost)) | Err(_) => self.outcome = Some(Err(Error::EngineGone)),
        }
        None
    }
}

impl Events<'_> {
    /// Waits for the end of the run and returns its outcome.
    pub fn finish(mut self) -> Result<Outcome, Error> {
        while self.next().is_some() {}
        // Something stays in its place: the run has ended.
        self.outcome.replace(Err(Error::EngineGone)).unwrap_or(Err(Error::EngineGone))
    }
}
