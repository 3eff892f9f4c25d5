//! Every limit of a run, in one place. Hitting one is a named outcome, never silent truncation.

/// Limits of one run.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Calls and branches that may be open at once. Bounds recursion; a frame costs a few hundred bytes, a
    /// branch also a copy of its context.
    pub frames: usize,
    /// IR instructions of one run; one that makes or reads a large value counts as several. Bounds loops that generate nothing; ten million take about a second.
    pub steps: u64,
    /// Bytes of one string; an item of a list counts as 16.
    pub value_size: usize,
    /// Levels of lists and records in a value. With more than 100 a saved run may not be read back: its JSON
    /// has levels of its own, and 128 are read at most.
    pub value_depth: usize,
    /// Tokens of one generation that names no `max`.
    pub default_max: u32,
    /// Tokens of all generations of a run; `None` is no limit.
    pub total_tokens: Option<u64>,
    /// Rows of one batch: what a cancellation or another run waits for. 64 are within the best prefill
    /// rate of a CPU.
    pub batch_rows: usize,
    /// Constraints kept ready for reuse by an engine, each with its mask caches.
    pub constraints: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            frames: 256,
            steps: 50_000_000,
            value_size: 16 << 20,
            value_depth: 100,
            default_max: 256,
            total_tokens: None,
            batch_rows: 64,
            constraints: 256,
        }
    }
}
