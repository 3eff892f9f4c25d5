//! Interrupt, termination and hang-up: the first signal lets the run end in order, the second ends the
//! process.
//!
//! A process that was told to ignore a signal keeps ignoring it, as `nohup` and shells expect.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Signals, each with its exit code: 128 and its number, as shells count.
const SIGNALS: &[(i32, i32)] = &[
    (SIGINT, 130),
    (SIGTERM, 143),
    #[cfg(unix)]
    (signal_hook::consts::SIGHUP, 129),
];

/// What has come so far.
#[derive(Clone, Default)]
pub(super) struct Signals {
    /// Set by the first, and by whoever else wants the run to end.
    cancel: Arc<AtomicBool>,
    caught: Arc<AtomicBool>,
    code: Arc<AtomicUsize>,
}

impl Signals {
    /// From now on signals are noted.
    pub(super) fn watch() -> Signals {
        let signals = Signals::default();
        for &(signal, code) in SIGNALS {
            if !is_ignored(signal) {
                // Without a handler a signal ends the process at once, which is a loss of comfort only.
                let _ = signals.register(signal, code);
            }
        }
        signals
    }

    /// What a signal does, in this order.
    fn register(&self, signal: i32, code: i32) -> std::io::Result<()> {
        flag::register_conditional_shutdown(signal, code, self.caught.clone())?;
        flag::register_usize(signal, self.code.clone(), code.unsigned_abs() as usize)?;
        flag::register(signal, self.caught.clone())?;
        flag::register(signal, self.cancel.clone())?;
        Ok(())
    }

    /// The flag that ends a run.
    pub(super) fn cancel(&self) -> &Arc<AtomicBool> {
        &self.cancel
    }

    /// The exit code of the signal that came, if one did.
    pub(super) fn code(&self) -> Option<u8> {
        if !self.caught.load(Ordering::SeqCst) {
            return None;
        }
        u8::try_from(self.code.load(Ordering::SeqCst)).ok()
    }
}

/// Whether whoever started this process wants a signal to be ignored, as far as the system tells (Linux).
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}
