//! The engine: models on a thread of their own, shared by any number of runs.
//!
//! The thread owns the models, their KV memory and all sessions; callers talk to it through channels and block on their own
//! threads. Runs are interleaved: each batch of a model serves all that wait. An [`Engine`] is a handle; the thread ends
//! with the last of them, and a [`Run`]'s events hold one.

mod batch;
mod listener;
mod loading;
mod run;
mod worker;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use agentc_runtime::backend::Named;
use agentc_runtime::disk::Disk;
use agentc_runtime::model::absent::Absent;
use agentc_runtime::model::llama::proof::Speed;
use agentc_runtime::model::llama::{self, LlamaLoader, LlamaOptions};
use agentc_runtime::model::script::{ScriptLoader, ScriptModel};
use agentc_runtime::model::{Load, ModelInfo};
use agentc_runtime::{Completions, Functions, Grants, Limits, ToolError, Value};

pub use self::batch::{Batch, Progress, Row};
pub use self::loading::Loading;
use self::loading::Proven;
pub use self::run::{Events, Run};
use self::worker::Command;
use crate::error::Error;
use crate::program::Program;
use crate::proof::Prover;
use crate::store::{self, Store};

/// A loaded model that runs programs. Cheap to clone; every clone is the same engine.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    commands: Mutex<Option<Sender<Command>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Wakes the thread.
    completions: Completions,
    info: ModelInfo,
    seed: Option<u64>,
    limits: Limits,
    tools: Functions,
    grants: Grants,
    disk: Option<Disk>,
}

impl Engine {
    /// Starts setting up an engine.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// What is known about its model.
    pub fn model(&self) -> &ModelInfo {
        &self.shared.info
    }

    /// Where beginnings of contexts are kept; ask it for its [notes](Disk::notes).
    pub fn disk(&self) -> Option<&Disk> {
        self.shared.disk.as_ref()
    }

    /// A run of a program: give it its inputs, then start it.
    pub fn run<'p>(&self, program: &'p Program) -> Run<'p> {
        Run::new(self.clone(), program)
    }

    /// A run of one of a program's [tests](Program::tests), by its number.
    pub fn test<'p>(&self, program: &'p Program, test: usize) -> Run<'p> {
        self.run(program).of_test(test)
    }

    /// Has the model read what the contexts of a program begin with, so that it is [kept](Builder::disk) for later runs.
    ///
    /// # Errors
    /// What a run of the program would fail with before it has written anything.
    pub fn prewarm(&self, program: &Program) -> Result<(), Error> {
        program.beginnings().try_for_each(|beginning| self.run(&beginning).start().map(drop))
    }

    /// One run for each row of inputs, several at a time; the outcomes are in the order of the rows. [`Run::batch`] does
    /// the same with settings.
    pub fn batch<'p, I>(&self, program: &'p Program, rows: I) -> Batch<'p, I::IntoIter>
    where
        I: IntoIterator<Item: Into<Row>>,
    {
        self.run(program).batch(rows)
    }

    fn send(&self, command: Command) -> Result<(), Error> {
        let commands = self.shared.commands.lock().map_err(|_| Error::EngineGone)?;
        let sender = commands.as_ref().ok_or(Error::EngineGone)?;
        sender.send(command).map_err(|_| Error::EngineGone)?;
        self.wake();
        Ok(())
    }

    /// Lets the thread look at what has changed.
    fn wake(&self) {
        self.shared.completions.wake();
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("model", &self.shared.info.name).finish_non_exhaustive()
    }
}

impl Drop for Shared {
    /// Without a sender the thread ends; it has nothing left to do, since events hold the engine alive.
    fn drop(&mut self) {
        if let Ok(mut commands) = self.commands.lock() {
            commands.take();
        }
        self.completions.wake();
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            // A panic of the thread was reported to every run that waited for it.
            let _ = thread.join();
        }
    }
}

/// Where a model comes from.
enum Source {
    /// A name or a path.
    Named(String),
    Loader(Box<dyn Load>),
}

/// Sets up an [`Engine`].
#[derive(Default)]
pub struct Builder {
    source: Option<Source>,
    others: Vec<(String, Source, Option<u32>)>,
    store: Option<Store>,
    context: Option<u32>,
    threads: Option<u32>,
    gpu_layers: Option<u32>,
    deterministic: bool,
    seed: Option<u64>,
    limits: Limits,
    tools: Functions,
    grants: Grants,
    prover: Option<PathBuf>,
    disk: Option<Disk>,
    /// Set when nobody waits for the models any more.
    cancel: Arc<AtomicBool>,
}

impl Builder {
    /// The model: a name in the store, or the path of a GGUF file. By default the reference model.
    pub fn model(mut self, name_or_path: impl Into<String>) -> Builder {
        self.source = Some(Source::Named(name_or_path.into()));
        self
    }

    /// Another model, for generations that ask for it by the name that the program gives it
    /// (`model small = "…"`). All are loaded at once; names of one file with the same settings share it.
    pub fn also(mut self, name: impl Into<String>, name_or_path: impl Into<String>) -> Builder {
        self.others.push((name.into(), Source::Named(name_or_path.into()), None));
        self
    }

    /// Another model, from anywhere else.
    pub fn also_loader(mut self, name: impl Into<String>, loader: impl Load + 'static) -> Builder {
        self.others.push((name.into(), Source::Loader(Box::new(loader)), None));
        self
    }

    /// The other models of a program that have these names, as it declares them. Names that the engine has
    /// already, or that the program does not declare, change nothing.
    pub fn also_of(mut self, program: &Program, names: &[&str]) -> Builder {
        for (name, model) in &program.ir().models {
            let has = self.others.iter().any(|(other, ..)| other == name);
            if names.contains(&name.as_str()) && !has {
                self.others.push((name.clone(), Source::Named(model.name.clone()), model.ctx));
            }
        }
        self
    }

    /// The other models that a run of a program may ask for, as it declares them.
    pub fn models_of(self, program: &Program) -> Builder {
        let code = program.code();
        self.also_of(program, &code.named_models(code.entry))
    }

    /// A scripted model, for tests.
    pub fn script(self, model: ScriptModel) -> Builder {
        self.loader(ScriptLoader(model))
    }

    /// Any other model.
    pub fn loader(mut self, loader: impl Load + 'static) -> Builder {
        self.source = Some(Source::Loader(Box::new(loader)));
        self
    }

    /// Where models are looked up by name; the user's cache by default.
    pub fn store(mut self, store: Store) -> Builder {
        self.store = Some(store);
        self
    }

    /// Size of the context in tokens, for all runs together.
    pub fn context(mut self, tokens: u32) -> Builder {
        self.context = Some(tokens);
        self
    }

    /// Threads that evaluate the model.
    pub fn threads(mut self, threads: u32) -> Builder {
        self.threads = Some(threads);
        self
    }

    /// Layers of the model to keep on a GPU.
    pub fn gpu_layers(mut self, layers: u32) -> Builder {
        self.gpu_layers = Some(layers);
        self
    }

    /// Bit-identical results whatever else runs at the same time, at the cost of memory and time.
    pub fn deterministic(mut self, yes: bool) -> Builder {
        self.deterministic = yes;
        self
    }

    /// The seed for runs that set none.
    pub fn seed(mut self, seed: u64) -> Builder {
        self.seed = Some(seed);
        self
    }

    /// Limits of every run.
    pub fn limits(mut self, limits: Limits) -> Builder {
        self.limits = limits;
        self
    }

    /// A tool of every run's program that is declared without a body, as [`Run::tool`] for one run.
    pub fn tool(
        mut self,
        name: impl Into<String>,
        tool: impl Fn(&[(String, Value)]) -> Result<Value, ToolError> + Send + Sync + 'static,
    ) -> Builder {
        self.tools = self.tools.with(name, tool);
        self
    }

    /// What tools may touch, of what they declare to need; nothing by default.
    pub fn grants(mut self, grants: Grants) -> Builder {
        self.grants = grants;
        self
    }

    /// No model, for runs that need none: those whose programs neither generate nor have roles.
    pub fn no_model(self) -> Builder {
        self.loader(Absent)
    }

    /// Has each model file tried, once, by an `agentc` of this build before it is loaded: what would end or hang this
    /// process becomes an error. The verdicts are kept in the store's cache. Without this, files are trusted.
    pub fn proved_by(mut self, command: impl Into<PathBuf>) -> Builder {
        self.prover = Some(command.into());
        self
    }

    /// Keeps the beginnings of contexts on disk, for other engines and later processes: text of programs before the first
    /// value, from 64 tokens on, once it has been read. Only results in the last digits of logits may differ from those of
    /// an engine that reads everything itself, and with [`deterministic`](Self::deterministic) not even these.
    /// [`Store::disk`] gives the place that the command line uses.
    pub fn disk(mut self, disk: Disk) -> Builder {
        self.disk = Some(disk);
        self
    }

    /// Loads the models.
    pub fn build(self) -> Result<Engine, Error> {
        self.begin()?.finish()
    }

    /// Begins to load the main model, and goes on while it is loaded.
    pub fn begin(self) -> Result<Loading, Error> {
        Loading::begin(self)
    }

    fn engine(
        self,
        commands: Sender<Command>,
        thread: JoinHandle<()>,
        completions: Completions,
        info: ModelInfo,
    ) -> Engine {
        let shared = Shared {
            commands: Mutex::new(Some(commands)),
            thread: Mutex::new(Some(thread)),
            completions,
            info,
            seed: self.seed,
            limits: self.limits,
            tools: self.tools,
            grants: self.grants,
            disk: self.disk,
        };
        Engine { shared: Arc::new(shared) }
    }

    /// Tries the main model, whatever verdict is kept, and measures its speed: in a process of its own if
    /// [`proved_by`](Self::proved_by) names one that does it.
    pub fn measure(mut self) -> Result<Speed, Error> {
        let Some(Source::Named(name)) = self.source.take() else {
            return Err(Error::io("measure the model", &std::io::Error::other("it is not a file")));
        };
        let options = self.options_of(name, self.context)?;
        let measured = match self.prover() {
            Some(prover) => prover.measure(&options),
            None => llama::proof::measure(&options),
        };
        measured.map_err(Error::Model)
    }

    fn main_loader(&mut self) -> Result<Box<dyn Load>, Error> {
        let main = self.source.take().unwrap_or_else(|| Source::Named(store::REFERENCE_MODEL.to_owned()));
        self.loader_of(main, self.context)
    }

    fn other_loaders(&mut self) -> Result<Vec<Named>, Error> {
        let others = std::mem::take(&mut self.others);
        let load = |(name, source, context): (String, Source, Option<u32>)| {
            Ok((name, self.loader_of(source, context.or(self.context))?))
        };
        others.into_iter().map(load).collect()
    }

    fn loader_of(&self, source: Source, context: Option<u32>) -> Result<Box<dyn Load>, Error> {
        let name = match source {
            Source::Loader(loader) => return Ok(loader),
            Source::Named(name) => name,
        };
        let loader = LlamaLoader::new(self.options_of(name, context)?).cancelled_by(self.cancel.clone());
        Ok(match self.prover() {
            Some(prover) => Box::new(Proven { prover, loader, cancel: self.cancel.clone() }),
            None => Box::new(loader),
        })
    }

    fn options_of(&self, name: String, context: Option<u32>) -> Result<LlamaOptions, Error> {
        let path = match &self.store {
            Some(store) => store.resolve(&name)?,
            None => Store::find(&name)?,
        };
        let mut options = LlamaOptions::new(name, path);
        options.n_ctx = context;
        options.threads = self.threads.and_then(|threads| i32::try_from(threads).ok());
        options.gpu_layers = self.gpu_layers;
        options.deterministic = self.deterministic;
        if self.deterministic {
            options.seqs = 4;
        }
        Ok(options)
    }

    fn prover(&self) -> Option<Prover> {
        let command = self.prover.as_ref()?;
        let store = self.store.clone().or_else(|| Store::open().ok());
        Some(Prover::new(command, store.as_ref()))
    }
}
