//! The engine's thread: sessions that take turns, and one scheduler for all of them.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::time::Instant;

use agentc_compiler::ir;
use agentc_runtime::model::{Load, Model, ModelError, ModelInfo};
use agentc_runtime::{Event, Fault, Input, Limits, Outcome, Poll, RunOptions, Scheduler, Session};

/// What the thread is asked for.
pub(super) struct Command {
    pub(super) program: Arc<ir::Program>,
    pub(super) inputs: Vec<(String, Input)>,
    pub(super) options: RunOptions,
    pub(super) reply: Sender<Reply>,
}

/// What it tells about a run; after the outcome nothing.
pub(super) enum Reply {
    Event(Event),
    Over(Box<Outcome>),
}

/// Whether the model could be loaded.
pub(super) enum Ready {
    Loaded(Box<ModelInfo>),
    Failed(ModelError),
}

/// Polls of one session before it is the next one's turn.
const STRETCHES: usize = 16;

struct Live {
    session: Session,
    reply: Sender<Reply>,
    /// Whether nobody listens any more.
    deserted: bool,
}

/// Loads the model and serves until the last sender of commands is gone.
pub(super) fn work(
    loader: Box<dyn Load>,
    limits: Limits,
    commands: &Receiver<Command>,
    ready: &Sender<Ready>,
    started: Instant,
) {
    let result = loader.load(&mut |model| {
        let load_ms = started.elapsed().as_millis() as u64;
        if ready.send(Ready::Loaded(Box::new(model.info().clone()))).is_ok() {
            serve(model, limits.clone(), commands, load_ms);
        }
    });
    if let Err(error) = result {
        // The builder waits for exactly this message, unless it is gone itself.
        let _ = ready.send(Ready::Failed(error));
    }
}

fn serve(model: &mut dyn Model, limits: Limits, commands: &Receiver<Command>, load_ms: u64) {
    let mut sched = Scheduler::new(model, limits);
    let mut live: Vec<Live> = Vec::new();
    // Loading is charged to the first run: the one that had to wait for it.
    let mut load_ms = load_ms;
    loop {
        let Some(new) = receive(commands, live.is_empty()) else { return };
        for command in new {
            live.extend(begin(command, std::mem::take(&mut load_ms)));
        }
        live = live.into_iter().filter_map(|run| go_on(run, &mut sched)).collect();
        for report in sched.tick() {
            if let Some(run) = live.iter_mut().find(|run| run.session.waits_for(report.job)) {
                let (reply, deserted) = (&run.reply, &mut run.deserted);
                run.session.report(report, &mut sched, &mut |event| tell(reply, deserted, event));
            }
        }
    }
}

/// All commands that are there; with nothing else to do the next one. `None` at the end.
fn receive(commands: &Receiver<Command>, idle: bool) -> Option<Vec<Command>> {
    let mut new = Vec::new();
    if idle {
        new.push(commands.recv().ok()?);
    }
    loop {
        match commands.try_recv() {
            Ok(command) => new.push(command),
            // Runs that are under way end first: their callers hold the engine.
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => return Some(new),
        }
    }
}

fn begin(command: Command, load_ms: u64) -> Option<Live> {
    let Command { program, inputs, options, reply } = command;
    match Session::new(program, &inputs, options) {
        Ok(mut session) => {
            session.charge_load(load_ms);
            Some(Live { session, reply, deserted: false })
        }
        Err(error) => {
            let _ = reply.send(Reply::Over(Box::new(Outcome::of_error(error))));
            None
        }
    }
}

/// Lets a run go on without the model, for a while: one that only computes must not hold up the others.
/// Gives it back unless it is over.
fn go_on(mut run: Live, sched: &mut Scheduler<'_>) -> Option<Live> {
    if run.deserted {
        run.session.abort(Fault::Interrupted, sched, &mut |_| {});
        return None;
    }
    for _ in 0..STRETCHES {
        let (reply, deserted) = (&run.reply, &mut run.deserted);
        match run.session.poll(sched, &mut |event| tell(reply, deserted, event)) {
            Poll::Ready => {}
            Poll::Waiting => break,
            Poll::Done => {
                let outcome = run.session.into_outcome()?;
                let _ = run.reply.send(Reply::Over(Box::new(outcome)));
                return None;
            }
        }
    }
    Some(run)
}

fn tell(reply: &Sender<Reply>, deserted: &mut bool, event: Event) {
    *deserted |= reply.send(Reply::Event(event)).is_err();
}
