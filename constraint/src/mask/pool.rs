//! Work memory: what is found on the way to a mask and needed again, but not worth sharing.
//!
//! Whoever computes has it to itself, without a lock, and leaves it for the next. Each thread takes its memory from a
//! place of its own, so that it comes upon what it has found itself, and does not wait for others.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::rest::Rests;
use super::run::Runs;
use crate::pattern::lazy::StateId;

/// Places. More threads than these share them; one that finds its place empty begins anew.
const SLOTS: usize = 8;

/// See the module's description.
#[derive(Debug, Default)]
pub(super) struct Pool {
    slots: [Slot; SLOTS],
}

/// A place, on a cache line of its own: threads do not slow each other down.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Slot(Mutex<Option<Box<Work>>>);

/// What one thread works with.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) runs: Runs,
    pub(super) rests: Rests,
    /// The memory of [`Core::path`](super::core::Core::path).
    pub(super) path: Vec<StateId>,
}

impl Pool {
    pub(super) fn take(&self) -> Box<Work> {
        self.slot().take().unwrap_or_default()
    }

    /// At most one is kept in each place, so memory does not grow with the number of threads.
    pub(super) fn give_back(&self, work: Box<Work>) {
        let other = self.slot().replace(work);
        drop(other);
    }

    fn slot(&self) -> MutexGuard<'_, Option<Box<Work>>> {
        let Slot(slot) = &self.slots[number_of_thread() % SLOTS];
        slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Threads are numbered as they come.
fn number_of_thread() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: usize = THREADS.fetch_add(1, Relaxed);
    }
    NUMBER.with(|number| *number)
}
