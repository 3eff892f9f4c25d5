//! The engine's thread: sessions that take turns, and one scheduler for all of them.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::time::Instant;

use agentc_compiler::ir;
use agentc_runtime::model::{Load, ModelError, ModelInfo};
use agentc_runtime::sched::{Named, lend};
use agentc_runtime::{Event, Fault, Input, Limits, Outcome, Poll, RunError, RunOptions, Schedulers, Session};

/// What the thread is asked for.
pub(super) struct Command {
    pub(super) program: Arc<ir::Program>,
    /// One of the program's tests, instead of its entry point.
    pub(super) test: Option<usize>,
    pub(super) inputs: Vec<(String, Input)>,
    pub(super) options: RunOptions,
    pub(super) reply: Sender<Reply>,
}

/// What it tells about a run; after the outcome nothing.
pub(super) enum Reply {
    Event(Event),
    Over(Box<Outcome>),
}

/// Whether the models could be loaded.
pub(super) enum Ready {
    /// What is known about the main one.
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

/// Loads the models and serves until the last sender of commands is gone. What further models there are comes by
/// `others`; where that closes instead, nobody wants any.
pub(super) fn work(
    main: Box<dyn Load>,
    others: &Receiver<Vec<Named>>,
    limits: Limits,
    commands: &Receiver<Command>,
    ready: &Sender<Ready>,
    started: Instant,
) {
    let result = lend(main, &mut || others.recv().ok(), &limits, &mut |models| {
        let load_ms = started.elapsed().as_millis() as u64;
        let info = models.main().model().info().clone();
        if ready.send(Ready::Loaded(Box::new(info))).is_ok() {
            serve(models, commands, load_ms);
        }
    });
    if let Err(error) = result {
        // Whoever waits for the models waits for exactly this message, unless it is gone itself.
        let _ = ready.send(Ready::Failed(error));
    }
}

fn serve(mut sched: Schedulers<'_>, commands: &Receiver<Command>, load_ms: u64) {
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
    let Command { program, test, inputs, options, reply } = command;
    let session = match test {
        None => Session::new(program, &inputs, options),
        Some(test) => Session::of_test(program, test, options).ok_or_else(|| no_test(test)),
    };
    match session {
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

fn no_test(test: usize) -> RunError {
    RunError::of_run(Fault::Input { message: format!("the program has no test number {test}") })
}

/// Lets a run go on without the model, for a while: one that only computes must not hold up the others.
/// Gives it back unless it is over.
fn go_on(mut run: Live, sched: &mut Schedulers<'_>) -> Option<Live> {
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
