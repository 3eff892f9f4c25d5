//! Durations, and how to summarise many of them.

use std::time::{Duration, Instant};

/// Microseconds.
pub fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The median; 0 of nothing.
pub fn median(numbers: &[f64]) -> f64 {
    percentile(numbers, 0.5)
}

/// The number below which a share of all lies; 0 of nothing.
pub fn percentile(numbers: &[f64], share: f64) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = (share * sorted.len() as f64) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// The mean; 0 of nothing.
pub fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len().max(1) as f64
}

/// The median time of a run in microseconds, over 101 rounds of 10 runs each.
pub fn each<T>(mut run: impl FnMut() -> T) -> f64 {
    const RUNS: u32 = 10;
    let mut round = || {
        let started = Instant::now();
        for _ in 0..RUNS {
            std::hint::black_box(run());
        }
        micros(started.elapsed() / RUNS)
    };
    round();
    median(&(0..101).map(|_| round()).collect::<Vec<_>>())
}
