//! The scheduler: turns generations of many runs into batches of one model.
//!
//! One *tick* advances every generation's matcher, evaluates one batch for all that wait for logits, and chooses
//! their tokens. Sequences share common prefixes in the model's [`memory`]. Where it is full, the youngest of
//! those that hold a part of it is *parked*: it gives its part back, and is taken up again when another one has ended.
//! Only a sequence that does not fit alone fails. The oldest always goes on, so all of them end.
//!
//! The scheduler knows neither IR nor values, neither contexts nor templates.

mod batch;
mod constraints;
mod generation;
mod memory;
mod prompt;
pub(crate) mod reader;

use std::sync::Arc;
use std::time::Instant;

use agentc_constraint::{Constraint, Matcher, SharedSpec, TokenId};

use self::batch::Batch;
use self::constraints::ConstraintCache;
use self::generation::{Generation, Stage};
use self::memory::{Memory, Sequence};
use self::prompt::Prompt;
pub(crate) use self::reader::Watch;
use self::reader::{Borders, Reader};
use crate::ask::{GenAsk, Written};
use crate::backend::{Product, Report, TaskId};
use crate::error::Fault;
use crate::layout::Part;
use crate::limits::Limits;
use crate::model::{Model, ModelError, Outlook};
use crate::trace::Usage;

/// Where a generation is to begin.
pub(crate) struct Place<'t> {
    /// The tokens of the context that are settled.
    pub(crate) settled: &'t [TokenId],
    /// What follows them.
    pub(crate) parts: Vec<Part>,
    /// Whether the context keeps this model's tokens.
    pub(crate) own: bool,
}

/// A generation, and what it works on.
struct Job {
    task: TaskId,
    sequence: Sequence,
    generation: Generation,
    /// Whether it has given its memory back until another job ends.
    parked: bool,
    /// Whether the logits after the prompt have been seen: later evaluations are decoding.
    prefilled: bool,
    /// What joined the context before the generation, until it is told.
    before: Option<Vec<Written>>,
    usage: Usage,
}

/// See the module's description.
pub(crate) struct Scheduler<'m> {
    memory: Memory<'m>,
    /// In the order of their beginning.
    jobs: Vec<Job>,
    constraints: ConstraintCache,
    borders: Borders,
    limits: Limits,
}

impl<'m> Scheduler<'m> {
    /// A scheduler for a model that nobody else uses.
    pub(crate) fn new(model: &'m mut dyn Model, limits: Limits) -> Scheduler<'m> {
        let constraints = ConstraintCache::new(model.vocab().clone(), limits.constraints);
        let borders = Borders::of(model.vocab());
        Scheduler { memory: Memory::new(model), jobs: Vec::new(), constraints, borders, limits }
    }

    /// Cells of KV memory that hold tokens.
    pub(crate) fn cells(&self) -> usize {
        self.memory.cells()
    }

    /// Begins a generation of a spec, which is the one that the ask names. `watch` is asked from time to time whether that may go on.
    pub(crate) fn submit(
        &mut self,
        task: TaskId,
        ask: GenAsk,
        spec: &SharedSpec,
        place: Place<'_>,
        watch: Watch<'_>,
    ) -> Result<(), Fault> {
        let prompt = prompt::prompt(place.settled.to_vec(), place.parts, &self.reader(watch))?;
        let constraint = self.constraints.get(&ask, spec)?;
        let Prompt { mut tokens, healable, mut written } = prompt;
        let whole = tokens.len();
        let healed = self.take_back(&mut tokens, healable, &ask, &constraint)?;
        prompt::take_back(&mut written, whole - tokens.len());
        self.begin(&mut tokens)?;
        let (max, cut_by_context) = self.room(&ask, tokens.len())?;
        let mut matcher = Matcher::new(&constraint, &healed, max)
            .map_err(|error| Fault::Match { name: ask.name.clone(), error })?;
        matcher.set_min(ask.min);
        let usage = Usage { prompt_tokens: tokens.len() as u64, ..Usage::default() };
        let generation = Generation {
            own: place.own,
            settled: place.settled.len(),
            prompt: tokens.len(),
            healed,
            cut_by_context,
            matcher,
            stream: ask.stream,
            stage: Stage::Advance,
            shown: 0,
            forced: 0,
            chunks: Vec::new(),
            ask,
        };
        let (sequence, before) = (Sequence::new(tokens), Some(written));
        self.jobs.push(Job { task, sequence, generation, parked: false, prefilled: false, before, usage });
        Ok(())
    }

    /// What of some parts has not been told, with its tokens. Text that the model cannot read, because it is too long or
    /// the run is over, has none.
    pub(crate) fn written(&self, place: Place<'_>, watch: Watch<'_>) -> Result<Vec<Written>, Fault> {
        match prompt::prompt(place.settled.to_vec(), place.parts.clone(), &self.reader(watch)) {
            Ok(prompt) => Ok(prompt.written),
            Err(Fault::PromptTooLong { .. } | Fault::Interrupted | Fault::Deadline) => {
                Ok(crate::layout::untold(place.parts))
            }
            Err(fault) => Err(fault),
        }
    }

    /// Tokens of a text: all of them where they fit into a context and `watch` lets it be read, else at least so
    /// many as it is known to have.
    pub(crate) fn count(&self, text: &str, watch: Watch<'_>) -> usize {
        let (reader, mut tokens) = (self.reader(watch), Vec::new());
        if reader.check(0, text.len()).is_err() || reader.read(text, &mut tokens).is_err() {
            return self.least(text).max(tokens.len());
        }
        tokens.len()
    }

    /// Tokens that a text has at least, without reading it.
    pub(crate) fn least(&self, text: &str) -> usize {
        self.borders.least(text.len())
    }

    /// Whether no job is left.
    pub(crate) fn is_idle(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Ends a job without a result; what it cost since its last report. Nothing if there is no such job.
    pub(crate) fn cancel(&mut self, task: TaskId) -> Option<Usage> {
        let at = self.jobs.iter().position(|job| job.task == task)?;
        let mut job = self.remove(at);
        job.generation.give_up(&mut job.usage);
        self.memory.release(&mut job.sequence, usize::MAX);
        Some(job.usage)
    }

    /// One round: everything that can go on goes on, with at most one batch of the model.
    pub(crate) fn tick(&mut self) -> Vec<Report> {
        let mut failed: Vec<(TaskId, Fault)> = Vec::new();
        for job in &mut self.jobs {
            if let Err(fault) = job.generation.advance(&mut job.sequence, self.memory.model, &mut job.usage) {
                failed.push((job.task, fault));
            }
        }
        failed.extend(self.evaluate());
        self.reports(failed)
    }

    fn reader<'r>(&'r self, watch: Watch<'r>) -> Reader<'r> {
        Reader { model: self.memory.model, borders: &self.borders, watch }
    }

    /// Takes back the tokens at the end of the text that the generation may want to spell otherwise.
    fn take_back(
        &self,
        tokens: &mut Vec<TokenId>,
        healable: usize,
        ask: &GenAsk,
        constraint: &Arc<Constraint>,
    ) -> Result<Vec<u8>, Fault> {
        if !ask.heal {
            return Ok(Vec::new());
        }
        // One token stays: the first logits come after it.
        let healable = healable.min(tokens.len().saturating_sub(1));
        let tail = &tokens[tokens.len() - healable..];
        let count = constraint.heal(tail).map_err(|error| Fault::Match { name: ask.name.clone(), error })?;
        let vocab = self.memory.model.vocab();
        let cut = tokens.len() - count.min(healable);
        Ok(tokens.drain(cut..).flat_map(|token| vocab.bytes(token).to_vec()).collect())
    }

    /// Logits come after a token: a context without any begins with the one that begins (or ends) texts.
    fn begin(&self, tokens: &mut Vec<TokenId>) -> Result<(), Fault> {
        if tokens.is_empty() {
            let info = self.memory.model.info();
            let reason = "it has neither a beginning-of-text nor an end-of-text token".to_owned();
            let first = info.bos.or(info.eos);
            tokens.push(first.ok_or_else(|| ModelError::Vocab { name: info.name.clone(), reason })?);
        }
        Ok(())
    }

    /// Tokens that the generation may add, and whether the context leaves fewer than it asked for.
    fn room(&self, ask: &GenAsk, prompt: usize) -> Result<(u32, bool), Fault> {
        let n_ctx = self.memory.model.info().n_ctx;
        let room = (n_ctx as usize).saturating_sub(prompt) as u32;
        if room == 0 {
            return Err(Fault::PromptTooLong { tokens: prompt, counted: true, n_ctx });
        }
        let asked = ask.max.unwrap_or(self.limits.default_max);
        Ok((asked.min(room), room < asked))
    }

    /// Evaluates a batch for the jobs that wait for logits, and lets those choose that got them.
    fn evaluate(&mut self) -> Vec<(TaskId, Fault)> {
        let batch = match self.batch() {
            Ok(batch) => batch,
            Err(failed) => return failed,
        };
        if batch.rows.is_empty() {
            return Vec::new();
        }
        for part in batch.parts.iter().filter(|part| part.logits.is_some()) {
            let Job { sequence, generation, .. } = &self.jobs[part.job];
            let outlook = Outlook { prompt: generation.prompt, healed: &generation.healed };
            self.memory.model.foretell(sequence.seq().unwrap_or(0), outlook);
        }
        let started = Instant::now();
        if let Err(error) = self.memory.model.decode(&batch.rows) {
            let fault = |part: &batch::Part| (self.jobs[part.job].task, Fault::Model(error.clone()));
            return batch.parts.iter().map(fault).collect();
        }
        let elapsed = started.elapsed();
        let mut failed = Vec::new();
        for part in &batch.parts {
            let job = &mut self.jobs[part.job];
            job.charge(elapsed.as_micros() as u64);
            self.memory.extend(&mut job.sequence, part.rows);
            let Some(row) = part.logits else { continue };
            job.prefilled = true;
            let model = &*self.memory.model;
            let logits = model.logits(row).map_err(Fault::from);
            let Job { sequence, generation, usage, .. } = job;
            let chosen = logits.and_then(|logits| generation.choose(sequence, model, logits, usage));
            failed.extend(chosen.err().map(|fault| (job.task, fault)));
        }
        failed
    }

    /// The rows of the next batch. A memory that is full is no failure while someone can be parked.
    fn batch(&mut self) -> Result<Batch, Vec<(TaskId, Fault)>> {
        loop {
            let batch = self.fill()?;
            if !batch.rows.is_empty() || self.jobs.iter().all(|job| job.generation.stage != Stage::Choose) {
                return Ok(batch);
            }
            let mut held = self.jobs.iter_mut().filter(|job| job.sequence.seq().is_some());
            let (first, youngest) = (held.next().map(|job| job.task), held.next_back());
            match youngest {
                Some(job) => {
                    (job.parked, job.prefilled) = (true, false);
                    self.memory.release(&mut job.sequence, usize::MAX);
                }
                None => {
                    let n_ctx = self.memory.model.info().n_ctx;
                    let waits = self.jobs.iter().find(|job| job.generation.stage == Stage::Choose);
                    let task = first.or(waits.map(|job| job.task));
                    let full = |task| (task, Fault::Model(ModelError::Full { n_ctx }));
                    return Err(task.into_iter().map(full).collect());
                }
            }
        }
    }

    /// As many rows as fit: of jobs that decode first, then of prompts, the oldest first.
    fn fill(&mut self) -> Result<Batch, Vec<(TaskId, Fault)>> {
        let waits = |at: &usize| self.jobs[*at].generation.stage == Stage::Choose && !self.jobs[*at].parked;
        let mut order: Vec<usize> = (0..self.jobs.len()).filter(waits).collect();
        order.sort_by_key(|&at| (!self.jobs[at].prefilled, at));
        let limit = self.limits.batch_rows.min(self.memory.model.info().n_batch as usize);
        let (mut batch, mut failed) = (Batch::default(), Vec::new());
        for at in order {
            if batch.rows.len() == limit {
                break;
            }
            match self.prepare(at, batch.rows.len(), limit) {
                Ok(0) => {}
                Ok(rows) => batch.add(at, &self.jobs[at].sequence, rows),
                Err(error) => failed.push((self.jobs[at].task, Fault::Model(error))),
            }
        }
        if failed.is_empty() { Ok(batch) } else { Err(failed) }
    }

    /// Gives a job memory; answers how many rows it can evaluate now, in a batch of at most `limit` of which others have
    /// `taken` some.
    fn prepare(&mut self, at: usize, taken: usize, limit: usize) -> Result<usize, ModelError> {
        let Job { sequence, generation, usage, .. } = &mut self.jobs[at];
        if let Some(found) = self.memory.lease(sequence)? {
            let prompt = generation.prompt as u64;
            usage.cached_tokens = prompt.min(usage.cached_tokens + found as u64);
        }
        self.memory.make_room(sequence, taken, limit - taken)
    }

    /// What there is to tell; jobs that are done or have failed leave.
    fn reports(&mut self, failed: Vec<(TaskId, Fault)>) -> Vec<Report> {
        let mut reports = Vec::new();
        let mut at = 0;
        while at < self.jobs.len() {
            let job = &mut self.jobs[at];
            let fault = failed.iter().find(|(task, _)| *task == job.task).map(|(_, fault)| fault.clone());
            let (result, keep) = job.end(fault, self.memory.model);
            let ended = result.is_some();
            reports.extend(job.report(result));
            if ended {
                let mut job = self.remove(at);
                self.memory.release(&mut job.sequence, keep);
            } else {
                at += 1;
            }
        }
        reports
    }

    /// Takes a job out; what it held is for those that are parked.
    fn remove(&mut self, at: usize) -> Job {
        let job = self.jobs.remove(at);
        self.jobs.iter_mut().for_each(|job| job.parked = false);
        job
    }
}

impl Job {
    fn charge(&mut self, us: u64) {
        self.usage.forward_passes += 1;
        if self.prefilled {
            self.usage.decode_us += us;
        } else {
            self.usage.prefill_us += us;
        }
    }

    /// Its result if it has come to its end, by itself or by a fault, and how many of its tokens stay in memory.
    fn end(&mut self, fault: Option<Fault>, model: &dyn Model) -> (Option<Result<Product, Fault>>, usize) {
        let Job { sequence, generation, usage, .. } = self;
        let result = match fault {
            Some(fault) => Err(fault),
            None if generation.stage == Stage::Done => generation.finish(sequence, model, usage),
            None => return (None, 0),
        };
        match result {
            Ok((product, keep)) => (Some(Ok(Product::Generated(product))), keep),
            Err(fault) => {
                generation.give_up(usage);
                (Some(Err(fault)), usize::MAX)
            }
        }
    }

    /// What has happened since the last report, if anything.
    fn report(&mut self, result: Option<Result<Product, Fault>>) -> Option<Report> {
        let begins = self.before.is_some();
        let before = self.before.take().unwrap_or_default();
        let (chunks, usage) = (std::mem::take(&mut self.generation.chunks), std::mem::take(&mut self.usage));
        let silent = result.is_none() && !begins && chunks.is_empty() && usage == Usage::default();
        (!silent).then_some(Report { task: self.task, before, begins, chunks, usage, result })
    }
}
