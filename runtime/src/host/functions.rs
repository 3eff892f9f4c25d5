//! Tools that are functions of the embedding program.
//!
//! They run on threads of their own, a few at a time, so that one that takes a minute holds up neither its run's other
//! branches nor anybody else. A function that panics fails its call, and nothing more.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Host, HostCall, HostCallKind, Nobody};
use crate::ask::ToolCall;
use crate::backend::{Completions, Product, Report, TaskId};
use crate::error::Fault;
use crate::value::Value;

/// Calls that run at once; others wait for their turn.
const THREADS: usize = 8;

/// Why a tool failed, in the words that a program sees.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ToolError(pub String);

type Function = Arc<dyn Fn(&[(String, Value)]) -> Result<Value, ToolError> + Send + Sync>;

/// A host whose tools are functions of Rust. Clones share the functions and their threads.
#[derive(Clone, Default)]
pub struct Functions {
    tools: Arc<HashMap<String, Function>>,
    pool: Arc<Pool>,
    /// Calls in progress, each with a flag that keeps it from beginning.
    open: Vec<(TaskId, Arc<AtomicBool>)>,
}

impl Functions {
    /// Adds a tool. It is given its arguments by name, each of its declared type, and what it returns is checked against
    /// the declared type. Of two with one name the last counts.
    pub fn with(
        mut self,
        name: impl Into<String>,
        function: impl Fn(&[(String, Value)]) -> Result<Value, ToolError> + Send + Sync + 'static,
    ) -> Functions {
        Arc::make_mut(&mut self.tools).insert(name.into(), Arc::new(function));
        self
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }
}

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.tools.keys()).finish()
    }
}

impl Host for Functions {
    fn call(&mut self, task: TaskId, call: HostCall, completions: &Completions) {
        let tool = match &call.kind {
            HostCallKind::Tool(tool) => tool.clone(),
            HostCallKind::Fact(_) => return Nobody.call(task, call, completions),
        };
        let Some(function) = self.tools.get(&tool.tool).cloned() else {
            return completions.push(Report::end(task, Err(Fault::NoTool { tool: tool.tool })));
        };
        // A call that has ended holds its flag no more.
        self.open.retain(|(_, flag)| Arc::strong_count(flag) > 1);
        let cancelled = Arc::new(AtomicBool::new(false));
        self.open.push((task, cancelled.clone()));
        let completions = completions.clone();
        self.pool.run(Box::new(move || {
            if !cancelled.load(Ordering::Relaxed) {
                completions.push(Report::end(task, run(&function, &tool)));
            }
        }));
    }

    fn cancel(&mut self, task: TaskId) {
        let of_task = self.open.iter().filter(|(other, _)| *other == task);
        of_task.for_each(|(_, flag)| flag.store(true, Ordering::Relaxed));
    }
}

fn run(function: &Function, call: &ToolCall) -> Result<Product, Fault> {
    let result = catch_unwind(AssertUnwindSafe(|| function(&call.args)));
    let failed = |message: String| Fault::Tool { tool: call.tool.clone(), message };
    match result {
        Ok(Ok(value)) => Ok(Product::Returned(value)),
        Ok(Err(error)) => Err(failed(error.0)),
        Err(_) => Err(failed("it panicked".to_owned())),
    }
}

type Work = Box<dyn FnOnce() + Send>;

/// Threads that come as they are needed and end when nothing is left to do.
#[derive(Default)]
struct Pool {
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Work>,
    threads: usize,
}

impl Pool {
    fn run(self: &Arc<Pool>, work: Work) {
        let mut queue = self.lock();
        queue.waiting.push_back(work);
        if queue.threads == THREADS {
            return;
        }
        queue.threads += 1;
        drop(queue);
        let pool = self.clone();
        let thread = std::thread::Builder::new().name("agentc-tool".to_owned());
        if thread.spawn(move || pool.work()).is_err() {
            // Without a thread it runs here and now: late for the others, but it runs.
            self.work();
        }
    }

    /// Works until nothing waits.
    fn work(&self) {
        loop {
            let mut queue = self.lock();
            let Some(work) = queue.waiting.pop_front() else {
                queue.threads -= 1;
                return;
            };
            drop(queue);
            work();
        }
    }

    /// The queue is whole whatever happened: no function runs while it is locked.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use super::*;
    use crate::stop::Stop;

    fn call(tool: &str) -> HostCall {
        let kind =
            HostCallKind::Tool(ToolCall { tool: tool.into(), args: vec![("x".into(), Value::Int(2))] });
        HostCall { kind, stop: Stop::default() }
    }

    fn results(completions: &Completions, count: usize) -> HashMap<u64, Result<Product, Fault>> {
        let mut results = HashMap::new();
        while results.len() < count {
            completions.wait(Some(Duration::from_secs(60)));
            let ended = completions.take().into_iter();
            results.extend(ended.filter_map(|report| Some((report.task.0, report.result?))));
        }
        results
    }

    #[test]
    fn functions_answer_fail_and_panic_each_for_itself() {
        let mut host = Functions::default()
            .with("double", |args| Ok(Value::Int(args[0].1.as_int().unwrap_or(0) * 2)))
            .with("fails", |_| Err(ToolError("no such thing".into())))
            .with("panics", |_| panic!("on purpose"));
        let completions = Completions::default();
        for (task, tool) in ["double", "fails", "panics", "missing"].into_iter().enumerate() {
            host.call(TaskId(task as u64), call(tool), &completions);
        }
        let results = results(&completions, 4);
        let failed =
            |tool: &str, message: &str| Err(Fault::Tool { tool: tool.into(), message: message.into() });
        assert_eq!(results[&0], Ok(Product::Returned(Value::Int(4))));
        assert_eq!(results[&1], failed("fails", "no such thing"));
        assert_eq!(results[&2], failed("panics", "it panicked"));
        assert_eq!(results[&3], Err(Fault::NoTool { tool: "missing".into() }));
    }

    #[test]
    fn more_calls_than_threads_wait_for_their_turn_and_those_that_are_cancelled_never_begin() {
        let (ran, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(())));
        let (counted, held) = (ran.clone(), gate.clone());
        let mut host = Functions::default().with("counts", move |_| {
            drop(held.lock());
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(Value::Null)
        });
        let completions = Completions::default();
        let closed = gate.lock().expect("a gate");
        let count = THREADS * 4;
        (0..count).for_each(|task| host.call(TaskId(task as u64), call("counts"), &completions));
        (count / 2..count).for_each(|task| host.cancel(TaskId(task as u64)));
        drop(closed);
        let results = results(&completions, count / 2);
        assert!(results.keys().all(|task| *task < count as u64 / 2), "{results:?}");
        assert_eq!(ran.load(Ordering::Relaxed), count / 2);
    }
}
