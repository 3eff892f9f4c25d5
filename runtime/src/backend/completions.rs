//! The one queue on which a loop waits: for reports of back ends and tools on other threads, and for anything else
//! that its owner wants to be woken by.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Report;

/// A queue of reports, shared by those who put them in and the one who takes them out.
#[derive(Clone, Default)]
pub struct Completions {
    shared: Arc<(Mutex<Queue>, Condvar)>,
}

#[derive(Default)]
struct Queue {
    reports: VecDeque<Report>,
    /// Whether someone has something else to tell.
    woken: bool,
}

impl Completions {
    /// Puts a report in.
    pub fn push(&self, report: Report) {
        self.change(|queue| queue.reports.push_back(report));
    }

    /// Wakes the loop without a report.
    pub fn wake(&self) {
        self.change(|queue| queue.woken = true);
    }

    /// All reports that are there, at once.
    pub fn take(&self) -> Vec<Report> {
        let mut queue = self.queue();
        queue.woken = false;
        queue.reports.drain(..).collect()
    }

    /// Waits until there is a report, someone [wakes](Self::wake) the loop, or the time is over; without a time as long
    /// as it takes.
    pub fn wait(&self, timeout: Option<Duration>) {
        let idle = |queue: &mut Queue| queue.reports.is_empty() && !queue.woken;
        let queue = self.queue();
        // A thread that panicked while it held the lock left a queue that is whole.
        match timeout {
            None => drop(self.shared.1.wait_while(queue, idle).unwrap_or_else(PoisonError::into_inner)),
            Some(timeout) => drop(
                self.shared
                    .1
                    .wait_timeout_while(queue, timeout, idle)
                    .unwrap_or_else(PoisonError::into_inner),
            ),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Queue)) {
        change(&mut self.queue());
        self.shared.1.notify_one();
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Completions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Completions").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::backend::{Product, TaskId};

    fn report(task: u64) -> Report {
        Report::end(TaskId(task), Ok(Product::Scored(0.0)))
    }

    #[test]
    fn reports_of_many_threads_arrive_whole_and_in_the_order_of_each() {
        let completions = Completions::default();
        let threads: Vec<_> = (0..4u64)
            .map(|thread| {
                let completions = completions.clone();
                std::thread::spawn(move || {
                    (0..100).for_each(|n| completions.push(report(thread * 1000 + n)));
                })
            })
            .collect();
        let mut seen: Vec<u64> = Vec::new();
        while seen.len() < 400 {
            completions.wait(None);
            seen.extend(completions.take().iter().map(|report| report.task.0));
        }
        for thread in threads {
            thread.join().expect("it ends");
        }
        for thread in 0..4 {
            let own: Vec<u64> = seen.iter().copied().filter(|task| task / 1000 == thread).collect();
            assert_eq!(own, (0..100).map(|n| thread * 1000 + n).collect::<Vec<u64>>());
        }
        assert!(completions.take().is_empty());
    }

    #[test]
    fn a_wait_ends_by_a_word_or_by_its_time() {
        let completions = Completions::default();
        let started = Instant::now();
        completions.wait(Some(Duration::from_millis(5)));
        assert!(started.elapsed() >= Duration::from_millis(5));
        // Each of these would wait for ever if it were not told.
        completions.wake();
        completions.wait(None);
        completions.wait(None);
        assert!(completions.take().is_empty());
        let other = completions.clone();
        let thread = std::thread::spawn(move || other.wake());
        completions.wait(None);
        thread.join().expect("it ends");
    }
}
