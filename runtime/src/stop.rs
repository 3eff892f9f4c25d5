//! Whether a run may go on: nobody has ended it, and its time is not over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::error::Fault;

/// What ends a run from outside. Cheap to clone: whoever works for a run holds one.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// When the run has to be over.
    pub deadline: Option<Instant>,
    /// Set by anyone at any time to end the run.
    pub cancel: Option<Arc<AtomicBool>>,
}

impl Stop {
    /// Fails with the reason if the run may not go on.
    pub fn check(&self) -> Result<(), Fault> {
        if self.cancel.as_ref().is_some_and(|cancel| cancel.load(Ordering::Relaxed)) {
            return Err(Fault::Interrupted);
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Fault::Deadline);
        }
        Ok(())
    }
}
