//! The schedulers of several models, for runs that use more than one.

use super::{JobId, Report, Scheduler};
use crate::trace::Usage;

/// The scheduler of the model that runs use unless they say otherwise, and those of further models, by the
/// names that programs give them.
pub struct Schedulers<'m> {
    all: Vec<Scheduler<'m>>,
    /// Which of them each name stands for.
    names: Vec<(String, usize)>,
}

impl<'m> Schedulers<'m> {
    /// One model alone.
    pub fn new(sched: Scheduler<'m>) -> Schedulers<'m> {
        Schedulers { all: vec![sched], names: Vec::new() }
    }

    /// A further model. Of two with one name the first counts.
    pub fn add(&mut self, name: impl Into<String>, sched: Scheduler<'m>) {
        self.alias(name, self.all.len());
        self.push(sched);
    }

    /// A further model that has no name yet.
    pub(super) fn push(&mut self, sched: Scheduler<'m>) {
        self.all.push(Scheduler { number: self.all.len(), ..sched });
    }

    /// Another name for a scheduler, by its number.
    pub fn alias(&mut self, name: impl Into<String>, at: usize) {
        self.names.push((name.into(), at));
    }

    /// The first one, which is always there.
    pub fn main(&self) -> &Scheduler<'m> {
        &self.all[0]
    }

    /// Which scheduler has a name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().find(|(other, _)| other == name).map(|(_, at)| *at)
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
