//! What drafts have cost and saved, so that they never cost much.

/// What drafts may have cost more than they saved, as a part of the time of all passes.
const ALLOWED: f64 = 0.01;

/// What a pass leaves of all before it: some two hundred count, so that what was saved once does not pay for long.
const FADING: f64 = 0.995;

/// In microseconds.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    passes: f64,
    balance: f64,
}

impl Ledger {
    /// Notes a pass that chose tokens.
    pub(super) fn pass(&mut self, us: f64) {
        self.passes = self.passes * FADING + us;
        self.balance *= FADING;
    }

    /// Notes what the rows of a draft cost, and what those that came have saved.
    pub(super) fn draft(&mut self, cost: f64, saved: f64) {
        self.balance += saved - cost;
    }

    /// What a draft may cost if nothing of it comes: to begin with, as much as a pass.
    pub(super) fn credit(&self, pass: f64) -> f64 {
        pass + self.balance + ALLOWED * self.passes
    }
}
