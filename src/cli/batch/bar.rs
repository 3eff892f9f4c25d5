//! The progress of a batch, on a terminal: how many rows are done, how fast they are, and how long the rest will take.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use agentc::Usage;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::cli::output::Terminal;

/// How often it is drawn while nothing happens.
const TICK: Duration = Duration::from_millis(250);

/// Rows by how they ended, and what they cost.
#[derive(Default)]
struct Counts {
    /// In this process.
    done: AtomicU64,
    failed: AtomicU64,
    prompt_tokens: AtomicU64,
    cached_tokens: AtomicU64,
    /// Counts the tokens that are generated, once there is an engine.
    tokens: OnceLock<Box<dyn Fn() -> u64 + Send + Sync>>,
}

/// Counts, and shows what it counts where somebody looks on.
pub(super) struct Bar {
    terminal: Terminal,
    bar: ProgressBar,
    counts: Arc<Counts>,
    began: Instant,
}

impl Bar {
    /// Of `total` rows, if that is known; `is_shown` on a terminal.
    pub(super) fn new(terminal: Terminal, is_shown: bool, total: Option<u64>, done: u64, failed: u64) -> Bar {
        let counts = Arc::new(Counts { failed: failed.into(), ..Counts::default() });
        let began = Instant::now();
        let bar = match (is_shown, total) {
            (false, _) => ProgressBar::hidden(),
            (true, Some(total)) => ProgressBar::new(total),
            (true, None) => ProgressBar::no_length(),
        };
        if is_shown {
            bar.set_style(style(total.is_some(), counts.clone(), began));
            bar.set_position(done);
            bar.enable_steady_tick(TICK);
        }
        Bar { terminal, bar, counts, began }
    }

    /// Counts tokens by this.
    pub(super) fn count_tokens(&self, tokens: impl Fn() -> u64 + Send + Sync + 'static) {
        let _ = self.counts.tokens.set(Box::new(tokens));
    }

    /// A row is done.
    pub(super) fn end_row(&self, is_ok: bool, usage: &Usage) {
        let add = |count: &AtomicU64, by: u64| _ = count.fetch_add(by, Ordering::Relaxed);
        add(&self.counts.done, 1);
        add(&self.counts.failed, u64::from(!is_ok));
        add(&self.counts.prompt_tokens, usage.prompt_tokens);
        add(&self.counts.cached_tokens, usage.cached_tokens);
        self.bar.inc(1);
    }

    /// Writes to standard error, above the bar.
    pub(super) fn say(&self, text: &str) {
        self.beside(|| self.terminal.say(text));
    }

    /// Does something that may write to the terminal.
    pub(super) fn beside<T>(&self, act: impl FnOnce() -> T) -> T {
        self.bar.suspend(act)
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// How fast it went, in words; nothing where there was nothing to do.
    pub(super) fn speed(&self) -> String {
        let mut text = String::new();
        if self.counts.done.load(Ordering::Relaxed) == 0 {
            return text;
        }
        write_speed(&mut text, &self.counts, self.began.elapsed());
        text
    }
}

/// Left of the numbers a bar, or where the end is not known a sign of life.
fn style(has_end: bool, counts: Arc<Counts>, began: Instant) -> ProgressStyle {
    let template = if has_end {
        "{bar:24} {pos}/{len} rows{speed}{failed}{left}"
    } else {
        "{spinner} {pos} rows{speed}{failed}"
    };
    // A template that is wrong would be seen by the first test on a terminal.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let (speed, failed, left) = (counts.clone(), counts.clone(), counts);
    style
        .with_key("speed", move |_: &ProgressState, out: &mut dyn Write| {
            write_speed(out, &speed, began.elapsed());
        })
        .with_key("failed", move |_: &ProgressState, out: &mut dyn Write| {
            let failed = failed.failed.load(Ordering::Relaxed);
            let _ = if failed > 0 { write!(out, ", {failed} failed") } else { Ok(()) };
        })
        .with_key("left", move |state: &ProgressState, out: &mut dyn Write| {
            let rows = state.len().unwrap_or(0).saturating_sub(state.pos());
            if let Some(left) = left_time(rows, left.done.load(Ordering::Relaxed), began.elapsed()) {
                let _ = write!(out, ", {} left", words(left));
            }
        })
        .progress_chars("━╸─")
}

fn write_speed(out: &mut dyn Write, counts: &Counts, time: Duration) {
    let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let (rows, seconds) = (load(&counts.done), time.as_secs_f64().max(0.001));
    let tokens = counts.tokens.get().map_or(0, |tokens| tokens());
    let _ = write!(out, ", {:.1} rows/s", rows as f64 / seconds);
    if tokens > 0 {
        let _ = write!(out, ", {:.0} tokens/s", tokens as f64 / seconds);
    }
    let (prompt, cached) = (load(&counts.prompt_tokens), load(&counts.cached_tokens));
    if let Some(percent) = (cached.min(prompt) * 100).checked_div(prompt) {
        let _ = write!(out, ", {percent} % of prompts cached");
    }
}

/// How long further rows take if they are as fast as those that are done.
fn left_time(rows: u64, done: u64, time: Duration) -> Option<Duration> {
    let seconds = time.as_secs_f64() * rows as f64 / done as f64;
    Duration::try_from_secs_f64(seconds).ok().filter(|_| done > 0 && rows > 0)
}

/// A time as people say it.
fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_rows_that_are_done() {
        let left = |rows, done| left_time(rows, done, Duration::from_secs(10)).map(words);
        assert_eq!(left(30, 10).as_deref(), Some("30 s"));
        assert_eq!(left(100, 10).as_deref(), Some("1 min 40 s"));
        assert_eq!(left(10_000, 10).as_deref(), Some("2 h 46 min"));
        assert_eq!((left(5, 0), left(0, 5), left(u64::MAX, 1)), (None, None, left(u64::MAX, 1)));
    }
}
