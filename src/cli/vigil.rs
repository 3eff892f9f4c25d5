//! What ends a command before its run has anything to show: its time is up, or a signal came.
//!
//! A run checks its deadline and its flag itself, and ends in order. Before that, a file that never ends may
//! be read, or a model may be loaded from far away, and none of that can be stopped from outside. So a thread
//! keeps watch: if the run has not ended in order shortly after it should have, the thread ends the process,
//! with the message and the exit code that the run would have had.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use agentc::{Error, Fault};

use super::args::{Format, Look};
use super::complain;
use super::output::refused;
use super::signals::Signals;

/// How often the thread looks.
const TICK: Duration = Duration::from_millis(20);

/// What a run has to end in order.
const GRACE: Duration = Duration::from_millis(200);

/// Nobody has said anything yet.
const OPEN: u8 = 0;
/// The command tells its end itself.
const CLOSED: u8 = 1;
/// The thread tells it.
const TAKEN: u8 = 2;

/// The watch over one command.
pub(super) struct Vigil {
    state: Arc<AtomicU8>,
}

impl Vigil {
    /// Keeps watch until the command says that it needs none.
    pub(super) fn keep(deadline: Option<Instant>, signals: &Signals, format: Format, look: Look) -> Vigil {
        let state = Arc::new(AtomicU8::new(OPEN));
        let (seen, signals) = (state.clone(), signals.clone());
        let watch = move || {
            let fault = wait(deadline, &signals, &seen)?;
            std::thread::sleep(GRACE);
            take(&seen, TAKEN).then(|| end(fault, &signals, format, look))
        };
        // Without the thread a deadline and a signal wait until they are looked at.
        let _ = std::thread::Builder::new().name("agentc-vigil".to_owned()).spawn(watch);
        Vigil { state }
    }

    /// From here on the command tells its end itself. Does not return where the thread does so already.
    pub(super) fn end(&self) {
        if take(&self.state, CLOSED) || self.state.load(Ordering::SeqCst) == CLOSED {
            return;
        }
        loop {
            std::thread::park();
        }
    }
}

fn take(state: &AtomicU8, new: u8) -> bool {
    state.compare_exchange(OPEN, new, Ordering::SeqCst, Ordering::SeqCst).is_ok()
}

/// Why the command should end; nothing if the watch is over before.
fn wait(deadline: Option<Instant>, signals: &Signals, state: &AtomicU8) -> Option<Fault> {
    while state.load(Ordering::SeqCst) == OPEN {
        if signals.code().is_some() {
            return Some(Fault::Interrupted);
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Some(Fault::Deadline);
        }
        std::thread::sleep(TICK);
    }
    None
}

/// Ends the process at once: other threads are in the middle of what cannot be stopped.
fn end(fault: Fault, signals: &Signals, format: Format, look: Look) {
    let error = Error::before_run(fault);
    // Nobody is left to be told of a standard output that is gone.
    let _ = refused(format, &error);
    let code = complain(&error, look);
    signal_hook::low_level::exit(i32::from(signals.code().unwrap_or(code)));
}
