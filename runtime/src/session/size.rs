//! Whether the contexts of a run fit into the models that will read them, told before the first token.
//!
//! The compiler asks the same of models that the program declares, before it knows their tokens. Here each
//! model counts with its own: the texts that matter are collected first, counted by the back ends, and looked up. What
//! only the run can know is not counted, so that this is a warning: the run may stay below it, and a program that does
//! not fit for other reasons ends with `R0702` or `R0706`. Of very long texts only those tokens are counted that they
//! have at least.

use std::cell::RefCell;
use std::collections::BTreeSet;

use agentc_compiler::diag::Diag;
use agentc_compiler::size::{Measured, Room};
use rustc_hash::FxHashMap;

use super::settings::DefaultModel;
use super::{Purpose, Session, Stage};
use crate::backend::{Backends, Work, WorkKind};
use crate::trace::{Event, Warning};

/// The texts of a program whose tokens its models are counting.
#[derive(Default)]
pub(super) struct Counting {
    /// By the number of the back end.
    texts: FxHashMap<usize, Vec<String>>,
    counts: FxHashMap<(usize, String), usize>,
    /// Back ends that have not answered.
    open: usize,
}

impl Session {
    /// Asks each model for the tokens of the texts that it will read. Not a script, which stands for some other model.
    pub(super) fn count_texts(&mut self, backends: &mut Backends<'_>) {
        let mut counting = Counting { texts: self.texts(backends), ..Counting::default() };
        for (&at, texts) in &counting.texts {
            let work = Work { kind: WorkKind::Count { texts: texts.clone() }, stop: self.options.stop() };
            let task = backends.submit(at, work);
            self.tasks.push((task, Purpose::Count(at)));
            counting.open += 1;
        }
        self.stage = if counting.open == 0 { Stage::Run } else { Stage::Count(counting) };
    }

    /// Takes in what a back end has counted; after the last one, tells which contexts can become too large.
    pub(super) fn take_counts(
        &mut self,
        at: usize,
        counts: Vec<usize>,
        backends: &Backends<'_>,
        emit: &mut dyn FnMut(Event),
    ) {
        let Stage::Count(counting) = &mut self.stage else { return };
        let texts = counting.texts.remove(&at).unwrap_or_default();
        counting.counts.extend(texts.into_iter().map(|text| (at, text)).zip(counts));
        counting.open -= 1;
        if counting.open > 0 {
            return;
        }
        let counts = std::mem::take(&mut counting.counts);
        self.stage = Stage::Run;
        // What was not asked for is none of the texts that can be written.
        let count = |at, text: &str| counts.get(&(at, text.to_owned())).copied().unwrap_or(0);
        for diag in self.too_large(backends, &count) {
            emit(Event::Warning(Warning::of(&self.program, diag)));
        }
    }

    /// The texts that each back end has to count: none, unless contexts could be too large if each byte were a token. (Some
    /// tokenizers put a space before a text, which may be a token of its own.)
    fn texts(&self, backends: &Backends<'_>) -> FxHashMap<usize, Vec<String>> {
        if self.default_model == DefaultModel::Alone {
            return FxHashMap::default();
        }
        let texts: RefCell<FxHashMap<usize, BTreeSet<String>>> = RefCell::default();
        let found = self.too_large(backends, &|at, text| {
            texts.borrow_mut().entry(at).or_default().insert(text.to_owned());
            text.len() + 1
        });
        if found.is_empty() {
            return FxHashMap::default();
        }
        texts.into_inner().into_iter().map(|(at, texts)| (at, texts.into_iter().collect())).collect()
    }

    fn too_large(&self, backends: &Backends<'_>, count: &dyn Fn(usize, &str) -> usize) -> Vec<Diag> {
        let counters: Vec<_> =
            backends.profiles().enumerate().map(|(at, _)| move |text: &str| count(at, text)).collect();
        let (program, graph) = (self.program.program(), self.program.graph());
        let reached = graph.reached([self.vm.entry()]);
        let limits = agentc_compiler::Limits {
            default_max: self.options.limits.default_max,
            ..agentc_compiler::Limits::default()
        };
        let room = |model: Option<u32>| {
            let at = match model {
                None => self.own(backends).ok()?,
                Some(model) => backends.find(&program.models.get(model as usize)?.0)?,
            };
            let profile = backends.profile(at).filter(|profile| profile.can.tokens)?;
            Some(Room { tokens: counters.get(at)?, ctx: profile.n_ctx })
        };
        let measured = Measured { program, graph, limits: &limits };
        measured.too_large(&|func| reached.contains(&func), &room)
    }
}
