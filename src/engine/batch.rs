//! Batches: one run for each row of inputs, several in progress at once, with outcomes in the order of the rows.
//!
//! A row that takes long holds up the outcomes of those behind it, but not their runs, until [`AHEAD`] times as many rows
//! as may be in progress are begun or wait for it. So a batch needs memory for a number of rows that does not depend on
//! how many there are.

use std::collections::VecDeque;
use std::iter::Fuse;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, Sender};

use agentc_runtime::{Event, Input, Outcome, Value};

use super::Run;
use super::listener::{Audience, Listener, Reply};
use crate::error::{Error, Failure};

/// Runs in progress at once, if nothing else is asked for: a model evaluates that many rows in little more time than one.
const AT_ONCE: usize = 16;

/// Rows that are begun and not handed out, for each run that may be in progress.
const AHEAD: usize = 16;

/// The inputs of one run of a batch, by name. Made from an error, it is a row whose outcome is that error.
#[derive(Debug)]
pub struct Row {
    inputs: Result<Vec<(String, Input)>, Error>,
}

impl Row {
    /// Without inputs.
    pub fn new() -> Row {
        Row::default()
    }

    /// The value of an input. If a name is given several times, the last value counts.
    pub fn input(mut self, name: impl Into<String>, value: impl Into<Value>) -> Row {
        self.push(name.into(), Input::Value(value.into()));
        self
    }

    /// An input as a person types it: the text itself for a `str`, JSON for any other type.
    pub fn input_text(mut self, name: impl Into<String>, text: impl Into<String>) -> Row {
        self.push(name.into(), Input::Text(text.into()));
        self
    }

    fn push(&mut self, name: String, input: Input) {
        if let Ok(inputs) = &mut self.inputs {
            inputs.push((name, input));
        }
    }
}

impl Default for Row {
    fn default() -> Row {
        Row { inputs: Ok(Vec::new()) }
    }
}

impl From<Result<Vec<(String, Input)>, Error>> for Row {
    /// As [`Program::inputs_of_json`](crate::Program::inputs_of_json) reads them.
    fn from(inputs: Result<Vec<(String, Input)>, Error>) -> Row {
        Row { inputs }
    }
}

impl From<Vec<(String, Value)>> for Row {
    fn from(inputs: Vec<(String, Value)>) -> Row {
        Row { inputs: Ok(inputs.into_iter().map(|(name, value)| (name, Input::Value(value))).collect()) }
    }
}

/// What happens in a batch while it goes on. Runs end in any order, and their outcomes come in that of the rows.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A run prints, or warns of something; other events are not told. Of what does not fit into the models one run
    /// warns for all.
    Event(&'a Event),
    /// A run is over, with this outcome.
    Over(&'a Result<Outcome, Error>),
}

type Watcher<'p> = Box<dyn FnMut(u64, Progress<'_>) + Send + 'p>;

/// Outcomes of the runs of a batch, in the order of its rows, which are taken as there is room for them. Nothing is begun
/// before the first outcome is asked for; dropping it ends what is in progress.
#[must_use = "a batch does nothing until its outcomes are asked for"]
pub struct Batch<'p, I> {
    /// What all runs have in common.
    run: Run<'p>,
    rows: Fuse<I>,
    at_once: usize,
    /// Outcomes to be handed out, from the row with the number `first` on; of rows in progress there is none.
    window: VecDeque<Option<Result<Outcome, Error>>>,
    first: u64,
    running: usize,
    reply: Sender<(u64, Reply)>,
    replies: Receiver<(u64, Reply)>,
    audience: Arc<Audience>,
    watcher: Option<Watcher<'p>>,
}

impl<'p, I: Iterator> Batch<'p, I> {
    pub(super) fn new(run: Run<'p>, rows: I) -> Batch<'p, I> {
        let (reply, replies) = mpsc::channel();
        let audience = Arc::new(Audience { is_brief: true, ..Audience::default() });
        let (rows, window) = (rows.fuse(), VecDeque::new());
        Batch {
            run,
            rows,
            at_once: AT_ONCE,
            window,
            first: 0,
            running: 0,
            reply,
            replies,
            audience,
            watcher: None,
        }
    }

    /// Runs that may be in progress at once, at least one; 16 by default. Up to 16 times as many rows are begun before
    /// the first of them is handed out; with one at once, only that one.
    pub fn at_once(mut self, runs: usize) -> Self {
        self.at_once = runs.max(1);
        self
    }

    /// Has somebody watch, who is told the row's number, from 0. This happens while an outcome is waited for.
    pub fn watch(mut self, watcher: impl FnMut(u64, Progress<'_>) + Send + 'p) -> Self {
        self.watcher = Some(Box::new(watcher));
        self
    }

    /// Counts the tokens that models choose, in all rows; may be asked at any time, by any thread.
    pub fn tokens(&self) -> impl Fn() -> u64 + Send + Sync + 'static {
        let audience = self.audience.clone();
        move || audience.tokens.load(Ordering::Relaxed)
    }

    /// Rows that may be begun and not handed out. Of rows that run one by one, none holds up another: each is taken when
    /// the outcome of the one before has been handed out.
    fn room(&self) -> usize {
        if self.at_once == 1 { 1 } else { self.at_once.saturating_mul(AHEAD) }
    }

    /// Notes how a row has ended.
    fn end(&mut self, row: u64, outcome: Result<Outcome, Error>) {
        let place = row.checked_sub(self.first).and_then(|at| self.window.get_mut(usize::try_from(at).ok()?));
        // What ended when it began may be told as lost once more.
        let Some(place @ None) = place else { return };
        self.running -= 1;
        let outcome = place.insert(outcome);
        if let Some(watcher) = &mut self.watcher {
            watcher(row, Progress::Over(outcome));
        }
    }

    /// Waits for what happens next.
    fn receive(&mut self) {
        // There is always a sender: this batch is one.
        let (row, reply) = self.replies.recv().unwrap_or((self.first, Reply::Lost));
        match reply {
            Reply::Event(event) => {
                if let Some(watcher) = &mut self.watcher {
                    watcher(row, Progress::Event(&event));
                }
            }
            Reply::Over(outcome) => self.end(row, Failure::check(*outcome, self.run.program())),
            Reply::Lost => self.end(row, Err(Error::EngineGone)),
        }
    }
}

impl<I: Iterator<Item: Into<Row>>> Batch<'_, I> {
    /// Begins rows as long as there is room for them.
    fn fill(&mut self) {
        while self.running < self.at_once && self.window.len() < self.room() {
            let Some(row) = self.rows.next() else { return };
            let number = self.first + self.window.len() as u64;
            self.window.push_back(None);
            self.running += 1;
            if let Err(error) = self.begin(number, row.into()) {
                self.end(number, Err(error));
            }
        }
    }

    fn begin(&self, number: u64, row: Row) -> Result<(), Error> {
        let inputs = row.inputs?;
        let listener = Listener::new(self.reply.clone(), number, self.audience.clone());
        self.run.clone().under(inputs).begin(listener).map(drop)
    }
}

impl<I: Iterator<Item: Into<Row>>> Iterator for Batch<'_, I> {
    type Item = Result<Outcome, Error>;

    /// Waits for the outcome of the next row.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.fill();
            if let Some(outcome) = self.window.front_mut()?.take() {
                self.window.pop_front();
                self.first += 1;
                return Some(outcome);
            }
            self.receive();
        }
    }
}

impl<I> Drop for Batch<'_, I> {
    /// What nobody waits for is not worth the time.
    fn drop(&mut self) {
        if self.running > 0 {
            self.audience.deserted.store(true, Ordering::Relaxed);
            self.run.engine().wake();
        }
    }
}

impl<I> std::fmt::Debug for Batch<'_, I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batch")
            .field("run", &self.run)
            .field("running", &self.running)
            .finish_non_exhaustive()
    }
}
