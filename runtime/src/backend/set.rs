//! The back ends of an engine, by the names that programs give their models.

use std::time::Duration;

use super::{Backend, Completions, LocalModel, Profile, Report, TaskId, Work};
use crate::error::Fault;
use crate::host::{Host, HostCall};
use crate::trace::Usage;

/// The back end that runs use unless they say otherwise, and those of further models, by the names that programs give
/// them. Hands out the numbers of tasks, those of hosts included, and passes on what is reported of them.
pub struct Backends<'b> {
    all: Vec<Box<dyn Backend + 'b>>,
    /// Which of them each name stands for.
    names: Vec<(String, usize)>,
    /// Who works on a task, until its last report; hosts have no number.
    tasks: Vec<(TaskId, Option<usize>)>,
    next_task: u64,
    completions: Completions,
}

impl<'b> Backends<'b> {
    /// One back end alone.
    pub fn new(main: impl Backend + 'b) -> Backends<'b> {
        let mut all = Backends::none();
        all.push(main);
        all
    }

    /// No back end at all: enough for a run that is repeated from its journal.
    pub fn none() -> Backends<'b> {
        Backends {
            all: Vec::new(),
            names: Vec::new(),
            tasks: Vec::new(),
            next_task: 0,
            completions: Completions::default(),
        }
    }

    /// The same with a queue on which others wait too.
    pub fn with_completions(self, completions: Completions) -> Backends<'b> {
        Backends { completions, ..self }
    }

    /// A further model. Of two with one name the first counts.
    pub fn add(&mut self, name: impl Into<String>, backend: impl Backend + 'b) {
        self.alias(name, self.all.len());
        self.push(backend);
    }

    /// A further back end that has no name yet.
    pub fn push(&mut self, backend: impl Backend + 'b) {
        self.all.push(Box::new(backend));
    }

    /// Another name for a back end, by its number.
    pub fn alias(&mut self, name: impl Into<String>, at: usize) {
        self.names.push((name.into(), at));
    }

    /// Which back end has a name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().find(|(other, _)| other == name).map(|(_, at)| *at)
    }

    /// What is known of a back end, by its number.
    pub fn profile(&self, at: usize) -> Option<&Profile> {
        self.all.get(at).map(|backend| backend.profile())
    }

    /// What is known of all of them, by number.
    pub fn profiles(&self) -> impl Iterator<Item = &Profile> {
        self.all.iter().map(|backend| backend.profile())
    }

    /// Where back ends and hosts on other threads put their reports.
    pub fn completions(&self) -> &Completions {
        &self.completions
    }

    /// Gives a task to a back end, by its number.
    pub fn submit(&mut self, at: usize, work: Work) -> TaskId {
        let task = self.new_task(Some(at));
        match self.all.get_mut(at) {
            Some(backend) => backend.submit(task, work),
            None => {
                let unknown = Fault::UnknownModel { name: format!("#{at}") };
                self.completions.push(Report::end(task, Err(unknown)));
            }
        }
        task
    }

    /// Gives a call to a host, which reports to the [completions](Self::completions).
    pub fn call(&mut self, host: &mut dyn Host, call: HostCall) -> TaskId {
        let task = self.new_task(None);
        host.call(task, call, &self.completions);
        task
    }

    /// Ends a task whose result nobody wants any more; its last report tells what it cost.
    pub fn cancel(&mut self, task: TaskId) {
        match self.tasks.iter().find(|(other, _)| *other == task) {
            Some((_, Some(at))) => {
                let backend = self.all.get_mut(*at);
                backend.into_iter().for_each(|backend| backend.cancel(task));
            }
            // What the host says of it later concerns nobody.
            Some((_, None)) => self.completions.push(Report::cancelled(task, Usage::default())),
            None => {}
        }
    }

    /// One round of each back end that has something to do on this thread, and what others have reported meanwhile.
    pub fn poll(&mut self) -> Vec<Report> {
        let mut reports = self.completions.take();
        reports.extend(self.all.iter_mut().flat_map(|backend| backend.poll()));
        // What comes of a task after its last report, since it was cancelled, concerns nobody.
        reports.retain(|report| self.tasks.iter().any(|(task, _)| *task == report.task));
        let ended =
            |task: TaskId| reports.iter().any(|report| report.task == task && report.result.is_some());
        self.tasks.retain(|(task, _)| !ended(*task));
        reports
    }

    /// Waits until [`poll`](Self::poll) has something to tell or to do, or for so long.
    pub fn wait(&self, timeout: Option<Duration>) {
        if !self.all.iter().any(|backend| backend.is_busy()) {
            self.completions.wait(timeout);
        }
    }

    /// Whether no task is left.
    pub fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    fn new_task(&mut self, owner: Option<usize>) -> TaskId {
        self.next_task += 1;
        let task = TaskId(self.next_task);
        self.tasks.push((task, owner));
        task
    }
}

impl<'m> From<LocalModel<'m>> for Backends<'m> {
    fn from(model: LocalModel<'m>) -> Backends<'m> {
        Backends::new(model)
    }
}
