//! The engine's thread: sessions that take turns, and the models on this machine, which may not leave the thread that loaded
//! them. It waits on one queue for all that is done elsewhere, in tools and by other back ends; what takes long is done
//! there.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use agentc_runtime::backend::{Named, load_all};
use agentc_runtime::disk::Disk;
use agentc_runtime::model::{Load, Model, ModelError, ModelInfo};
use agentc_runtime::{
    Backends, Completions, Fault, Functions, Input, Limits, Outcome, Poll, Prepared, RunError, RunOptions,
    Session,
};

use super::listener::Listener;

/// What the thread needs to begin.
pub(super) struct Start {
    pub(super) main: Box<dyn Load>,
    /// What further models there are; where it closes instead, nobody wants any.
    pub(super) others: Receiver<Vec<Named>>,
    pub(super) limits: Limits,
    /// Where beginnings of contexts are kept.
    pub(super) disk: Option<Disk>,
    pub(super) commands: Receiver<Command>,
    /// Wakes the thread.
    pub(super) completions: Completions,
    pub(super) ready: Sender<Ready>,
    pub(super) started: Instant,
}

/// Whether the models could be loaded.
pub(super) enum Ready {
    /// What is known about the main one.
    Loaded(Box<ModelInfo>),
    Failed(ModelError),
}

/// What the thread is asked for.
pub(super) struct Command {
    pub(super) program: Prepared,
    /// One of the program's tests, instead of its entry point.
    pub(super) test: Option<usize>,
    pub(super) inputs: Vec<(String, Input)>,
    pub(super) options: RunOptions,
    pub(super) tools: Functions,
    pub(super) listener: Listener,
}

/// Polls of one session before it is the next one's turn.
const STRETCHES: usize = 16;

struct Live {
    session: Session,
    listener: Listener,
}

/// Loads the models and serves until the last sender of commands is gone.
pub(super) fn work(start: Start) {
    let Start { main, others, limits, disk, commands, completions, ready, started } = start;
    let info = Arc::new(Mutex::new(None));
    let main = Box::new(Observed { loader: main, info: info.clone() });
    let result = load_all(main, &mut || others.recv().ok(), &limits, disk.as_ref(), &mut |backends| {
        let load_ms = started.elapsed().as_millis() as u64;
        let info = info.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(info) = info else { return };
        if ready.send(Ready::Loaded(info)).is_ok() {
            serve(backends.with_completions(completions.clone()), &commands, load_ms);
        }
    });
    if let Err(error) = result {
        // Whoever waits for the models waits for exactly this message, unless it is gone itself.
        let _ = ready.send(Ready::Failed(error));
    }
}

/// A loader that tells what it has loaded.
struct Observed {
    loader: Box<dyn Load>,
    info: Arc<Mutex<Option<Box<ModelInfo>>>>,
}

impl Load for Observed {
    fn load(self: Box<Self>, body: &mut dyn FnMut(&mut dyn Model)) -> Result<(), ModelError> {
        let Observed { loader, info } = *self;
        loader.load(&mut |model| {
            *info.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(model.info().clone()));
            body(model);
        })
    }

    fn key(&self) -> Option<String> {
        self.loader.key()
    }
}

fn serve(mut backends: Backends<'_>, commands: &Receiver<Command>, load_ms: u64) {
    let mut live: Vec<Live> = Vec::new();
    // Loading is charged to the first run: the one that had to wait for it.
    let mut load_ms = load_ms;
    loop {
        let Some(new) = receive(commands, live.is_empty()) else { return };
        for command in new {
            live.extend(begin(command, std::mem::take(&mut load_ms)));
        }
        let mut is_ready = false;
        live = live.into_iter().filter_map(|run| run.go_on(&mut backends, &mut is_ready)).collect();
        if !is_ready {
            // A flag that ends a run wakes nobody; new commands do.
            backends.wait(live.iter().map(|run| run.session.patience()).min());
        }
        for report in backends.poll() {
            if let Some(run) = live.iter_mut().find(|run| run.session.waits_for(report.task)) {
                let listener = &run.listener;
                run.session.report(report, &mut backends, &mut |event| listener.tell(event));
            }
        }
    }
}

/// All commands that are there; `None` at the end, which is not before all runs have ended: their callers hold the
/// engine.
fn receive(commands: &Receiver<Command>, idle: bool) -> Option<Vec<Command>> {
    let mut new = Vec::new();
    loop {
        match commands.try_recv() {
            Ok(command) => new.push(command),
            Err(TryRecvError::Disconnected) if idle && new.is_empty() => return None,
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => return Some(new),
        }
    }
}

fn begin(command: Command, load_ms: u64) -> Option<Live> {
    let Command { program, test, inputs, options, tools, listener } = command;
    let session = match test {
        None => Session::new(program, &inputs, options),
        Some(test) => Session::of_test(program, test, options).ok_or_else(|| no_test(test)),
    };
    match session {
        Ok(mut session) => {
            session.charge_load(load_ms);
            if listener.audience().warned.swap(true, Ordering::Relaxed) {
                session = session.without_warnings();
            }
            Some(Live { session: session.with_host(tools), listener })
        }
        Err(error) => {
            listener.end(Outcome::of_error(error));
            None
        }
    }
}

fn no_test(test: usize) -> RunError {
    RunError::of_run(Fault::Input { message: format!("the program has no test number {test}") })
}

impl Live {
    /// Lets the run go on for a while: one that only computes must not hold up the others. Gives it back unless it is
    /// over; `is_ready` is set if it could go on at once, or has ended.
    fn go_on(mut self, backends: &mut Backends<'_>, is_ready: &mut bool) -> Option<Live> {
        if self.listener.audience().deserted.load(Ordering::Relaxed) {
            self.session.abort(Fault::Interrupted, backends, &mut |_| {});
        }
        for _ in 0..STRETCHES {
            let listener = &self.listener;
            match self.session.poll(backends, &mut |event| listener.tell(event)) {
                Poll::Ready => {}
                Poll::Waiting => return Some(self),
                Poll::Done => {
                    // Whether it was the last one has to be seen before the thread waits for a word that may have come.
                    *is_ready = true;
                    let outcome = self.session.into_outcome()?;
                    self.listener.end(outcome);
                    return None;
                }
            }
        }
        *is_ready = true;
        Some(self)
    }
}
