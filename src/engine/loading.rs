//! Models on their way: where they come from, how they are tried first, and an engine that is still being loaded.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::Instant;

use agentc_runtime::Completions;
use agentc_runtime::backend::Named;
use agentc_runtime::model::llama::LlamaLoader;
use agentc_runtime::model::{Load, Model, ModelError};

use super::worker::{self, Command, Ready, Start};
use super::{Builder, Engine};
use crate::error::Error;
use crate::program::Program;
use crate::proof::Prover;

/// Loads a model that another process has tried before.
pub(super) struct Proven {
    pub(super) prover: Prover,
    pub(super) loader: LlamaLoader,
    pub(super) cancel: Arc<AtomicBool>,
}

impl Load for Proven {
    fn load(self: Box<Self>, body: &mut dyn FnMut(&mut dyn Model)) -> Result<(), ModelError> {
        let Proven { prover, loader, cancel } = *self;
        prover.prove(loader.options(), &|| cancel.load(Ordering::Relaxed))?;
        Box::new(loader).load(body)
    }

    fn key(&self) -> Option<String> {
        self.loader.key()
    }
}

/// An engine whose main model is being loaded while its owner does something else. Dropped, it stops loading.
pub struct Loading {
    builder: Builder,
    thread: Option<JoinHandle<()>>,
    /// Where the thread learns what further models there are.
    others: Option<Sender<Vec<Named>>>,
    commands: Option<Sender<Command>>,
    completions: Completions,
    ready: Receiver<Ready>,
}

impl Loading {
    pub(super) fn begin(mut builder: Builder) -> Result<Loading, Error> {
        let main = builder.main_loader()?;
        let limits = builder.limits.clone();
        let (others, rest) = mpsc::channel();
        let (commands, receiver) = mpsc::channel();
        let (tell, ready) = mpsc::channel();
        let completions = Completions::default();
        let start = Start {
            main,
            others: rest,
            limits,
            disk: builder.disk.clone(),
            commands: receiver,
            completions: completions.clone(),
            ready: tell,
            started: Instant::now(),
        };
        let thread = std::thread::Builder::new()
            .name("agentc-engine".to_owned())
            .spawn(move || worker::work(start))
            .map_err(|error| Error::io("start the engine's thread", &error))?;
        let (thread, others, commands) = (Some(thread), Some(others), Some(commands));
        Ok(Loading { builder, thread, others, commands, completions, ready })
    }

    /// Adds further models of a program, as [`Builder::also_of`] does.
    pub fn also_of(mut self, program: &Program, names: &[&str]) -> Loading {
        self.builder = std::mem::take(&mut self.builder).also_of(program, names);
        self
    }

    /// Waits until all models are loaded.
    pub fn finish(mut self) -> Result<Engine, Error> {
        let loaders = self.builder.other_loaders()?;
        if let Some(others) = self.others.take() {
            // A thread that is gone has said why.
            let _ = others.send(loaders);
        }
        match self.ready.recv() {
            Ok(Ready::Loaded(info)) => {
                let (Some(commands), Some(thread)) = (self.commands.take(), self.thread.take()) else {
                    return Err(Error::EngineGone);
                };
                let completions = self.completions.clone();
                Ok(std::mem::take(&mut self.builder).engine(commands, thread, completions, *info))
            }
            Ok(Ready::Failed(error)) => Err(Error::Model(error)),
            Err(_) => Err(Error::EngineGone),
        }
    }
}

impl std::fmt::Debug for Loading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loading").finish_non_exhaustive()
    }
}

impl Drop for Loading {
    /// Nothing is left to do for an engine that was finished: its thread is no longer here.
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.builder.cancel.store(true, Ordering::Relaxed);
        self.others.take();
        self.commands.take();
        // A panic of the thread ends nothing that anyone waits for.
        let _ = thread.join();
    }
}
