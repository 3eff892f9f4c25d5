//! The schedulers of several models, for runs that use more than one.

use super::{JobId, Report, Scheduler};
use crate::trace::Usage;

/// The scheduler of the model that runs use unless they say otherwise, and those of further models, by the
/// names that programs give them.
pub struct Schedulers<'m> {
    all: Vec<Scheduler<'m>>,
    /// Of all but the first.
    names: Vec<String>,
}

impl<'m> Schedulers<'m> {
    /// One model alone.
    pub fn new(sched: Scheduler<'m>) -> Schedulers<'m> {
        Schedulers { all: vec![sched], names: Vec::new() }
    }

    /// A further model. Of two with one name the first counts.
    pub fn add(&mut self, name: impl Into<String>, sched: Scheduler<'m>) {
        self.names.push(name.into());
        self.all.push(Scheduler { number: self.all.len(), ..sched });
    }

    /// The first one, which is always there.
    pub fn main(&self) -> &Scheduler<'m> {
        &self.all[0]
    }

    /// Which scheduler has a name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|other| other == name).map(|at| at + 1)
    }

    /// A scheduler by its number; the first one if there is no such.
    pub fn get(&self, at: usize) -> &Scheduler<'m> {
        self.all.get(at).unwrap_or(&self.all[0])
    }

    /// A scheduler by its number; the first one if there is no such.
    pub fn get_mut(&mut self, at: usize) -> &mut Scheduler<'m> {
        let at = if at < self.all.len() { at } else { 0 };
        &mut self.all[at]
    }

    /// All of them, by number.
    pub fn iter(&self) -> impl Iterator<Item = &Scheduler<'m>> {
        self.all.iter()
    }

    /// One round of each.
    pub fn tick(&mut self) -> Vec<Report> {
        self.all.iter_mut().flat_map(Scheduler::tick).collect()
    }

    /// Ends a job without a result; what it cost since its last report.
    pub fn cancel(&mut self, job: JobId) -> Usage {
        self.get_mut(job.sched).cancel(job)
    }

    /// Whether no job is left.
    pub fn is_idle(&self) -> bool {
        self.all.iter().all(Scheduler::is_idle)
    }
}

impl<'m> From<Scheduler<'m>> for Schedulers<'m> {
    fn from(sched: Scheduler<'m>) -> Schedulers<'m> {
        Schedulers::new(sched)
    }
}
