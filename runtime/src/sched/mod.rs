//! The scheduler: owns the model and its KV memory, and turns asks into tokens.
//!
//! One *tick* advances every job's matcher, evaluates one batch for all jobs that wait for logits, and
//! chooses their tokens. Jobs share common prefixes through the prefix tree; a job that cannot get a sequence
//! or cells waits until another ends. The scheduler knows neither IR nor values.

mod constraints;
mod job;
mod lend;
mod prompt;
pub(crate) mod reader;
mod set;

use std::sync::Arc;
use std::time::{Duration, Instant};

use agentc_constraint::{Constraint, Matcher};

use self::constraints::ConstraintCache;
pub use self::job::JobId;
use self::job::{Job, Stage};
pub use self::lend::{Named, lend};
use self::prompt::Prompt;
pub use self::reader::Watch;
use self::reader::{Borders, Reader};
pub use self::set::Schedulers;
use crate::ask::{GenAnswer, GenAsk};
use crate::chat::ChatFormat;
use crate::context::Context;
use crate::error::Fault;
use crate::kv::PrefixTree;
use crate::limits::Limits;
use crate::model::{Model, ModelError, Outlook, Row};
use crate::trace::{Event, Usage};

/// What a tick has to tell about a job.
#[derive(Debug)]
pub struct Report {
    /// The job.
    pub job: JobId,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// What it cost since the last report.
    pub usage: Usage,
    /// Its end, if it has ended.
    pub result: Option<Result<GenAnswer, Fault>>,
}

/// See the module's description.
pub struct Scheduler<'m> {
    model: &'m mut dyn Model,
    chat: Result<ChatFormat, Fault>,
    kv: PrefixTree,
    jobs: Vec<Job>,
    /// Which one it is of those that work together.
    number: usize,
    next_job: u64,
    constraints: ConstraintCache,
    borders: Borders,
    limits: Limits,
}

impl<'m> Scheduler<'m> {
    /// A scheduler for a model that nobody else uses.
    pub fn new(model: &'m mut dyn Model, limits: Limits) -> Scheduler<'m> {
        let info = model.info();
        let chat = match &info.chat_template {
            None => Err(Fault::Model(ModelError::NoTemplate)),
            Some(text) => ChatFormat::derive(Some(text), &info.bos_text, &info.eos_text).map_err(Fault::from),
        };
        let kv = PrefixTree::new(info.n_ctx as usize, info.n_seqs as usize);
        let constraints = ConstraintCache::new(model.vocab().clone(), limits.constraints);
        let borders = Borders::of(model.vocab());
        Scheduler { model, chat, kv, jobs: Vec::new(), number: 0, next_job: 0, constraints, borders, limits }
    }

    /// The model.
    pub fn model(&self) -> &dyn Model {
        self.model
    }

    /// The chat format of the model's template.
    pub fn chat(&self) -> Result<&ChatFormat, Fault> {
        self.chat.as_ref().map_err(Clone::clone)
    }

    /// Cells of KV memory that hold tokens.
    pub fn cells(&self) -> usize {
        self.kv.cells()
    }

    /// Begins a generation at the end of a context of this model's. `watch` is asked from time to time whether that
    /// may go on.
    pub fn submit(&mut self, ask: &GenAsk, context: &Context, watch: Watch<'_>) -> Result<JobId, Fault> {
        let prompt = prompt::prompt(context, &self.reader(watch), self.chat.as_ref())?;
        self.start(ask, prompt, true)
    }

    /// Begins a generation at the end of another model's context, which this one reads as text. What is
    /// pending in it is not told: that is the other one's business ([`flush`](Self::flush)).
    pub fn submit_foreign(
        &mut self,
        ask: &GenAsk,
        context: &Context,
        watch: Watch<'_>,
    ) -> Result<JobId, Fault> {
        let prompt = prompt::reread(context, &self.reader(watch), self.chat.as_ref())?;
        self.start(ask, prompt, false)
    }

    fn reader<'r>(&'r self, watch: Watch<'r>) -> Reader<'r> {
        Reader { model: self.model, borders: &self.borders, watch }
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

    fn start(&mut self, ask: &GenAsk, prompt: Prompt, own: bool) -> Result<JobId, Fault> {
        let constraint = self.constraints.get(ask)?;
        let Prompt { mut tokens, healable, written } = prompt;
        let whole = tokens.len();
        let healed = self.take_back(&mut tokens, healable, ask, &constraint)?;
        let kept = tokens.len();
        self.begin(&mut tokens)?;
        let (max, cut) = self.room(ask, tokens.len())?;
        let mut matcher = Matcher::new(&constraint, &healed, max)
            .map_err(|error| Fault::Match { name: ask.name.clone(), error })?;
        matcher.set_min(ask.min);
        let told = written.iter().map(|written| written.text.len()).sum();
        let mut events = text_events(ask.context, written, whole - kept);
        let (context, name, model) = (ask.context, ask.name.clone(), ask.model.clone());
        events.push(Event::GenStart { context, name, model });
        let usage = Usage { prompt_tokens: tokens.len() as u64, ..Usage::default() };
        self.next_job += 1;
        let id = JobId { sched: self.number, number: self.next_job };
        self.jobs.push(Job {
            id,
            ask: ask.clone(),
            own,
            told,
            prompt: tokens.len(),
            tokens,
            healed,
            cut_by_context: cut,
            matcher,
            stream: ask.stream,
            lease: None,
            evaluated: 0,
            stage: Stage::Advance,
            shown: 0,
            forced: 0,
            prefilled: false,
            events,
            usage,
        });
        Ok(id)
    }

    /// The events of the pieces of a context that none has told: its end. Text that the model cannot read, because
    /// it is too long or the run is over, has no tokens in them.
    pub fn flush(&mut self, number: u32, context: &Context, watch: Watch<'_>) -> Result<Vec<Event>, Fault> {
        let chat = self.chat.as_ref();
        let written = match prompt::prompt(context, &self.reader(watch), chat) {
            Ok(prompt) => prompt.written,
            Err(Fault::PromptTooLong { .. } | Fault::Interrupted | Fault::Deadline) => {
                prompt::untold(context, chat)?
            }
            Err(fault) => return Err(fault),
        };
        Ok(text_events(number, written, 0))
    }

    /// The text of a context with the template's marks.
    pub fn render(&self, context: &Context) -> Result<String, Fault> {
        prompt::render(context, self.chat.as_ref())
    }

    /// Whether no job is left.
    pub fn is_idle(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Ends a job without a result; what it cost since its last report.
    pub fn cancel(&mut self, job: JobId) -> Usage {
        let Some(at) = self.jobs.iter().position(|other| other.id == job) else { return Usage::default() };
        let mut job = self.jobs.remove(at);
        job.give_up();
        self.release(&job, job.evaluated);
        job.usage
    }

    /// One round: everything that can go on goes on, with at most one batch of the model.
    pub fn tick(&mut self) -> Vec<Report> {
        let mut failed: Vec<(JobId, Fault)> = Vec::new();
        for job in &mut self.jobs {
            if let Err(fault) = job.advance(self.model) {
                failed.push((job.id, fault));
            }
        }
        failed.extend(self.evaluate());
        self.reports(failed)
    }

    /// Takes back the tokens at the end of the text that the generation may want to spell otherwise.
    fn take_back(
        &self,
        tokens: &mut Vec<u32>,
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
        let vocab = self.model.vocab();
        let cut = tokens.len() - count.min(healable);
        Ok(tokens.drain(cut..).flat_map(|token| vocab.bytes(token).to_vec()).collect())
    }

    /// Logits come after a token: a context without any begins with the one that begins (or ends) texts.
    fn begin(&self, tokens: &mut Vec<u32>) -> Result<(), Fault> {
        if tokens.is_empty() {
            let info = self.model.info();
            let reason = "it has neither a beginning-of-text nor an end-of-text token".to_owned();
            let first = info.bos.or(info.eos);
            tokens.push(first.ok_or_else(|| ModelError::Vocab { name: info.name.clone(), reason })?);
        }
        Ok(())
    }

    /// Tokens that the generation may add, and whether the context leaves fewer than it asked for.
    fn room(&self, ask: &GenAsk, prompt: usize) -> Result<(u32, bool), Fault> {
        let n_ctx = self.model.info().n_ctx;
        let room = (n_ctx as usize).saturating_sub(prompt) as u32;
        if room == 0 {
            return Err(Fault::PromptTooLong { tokens: prompt, counted: true, n_ctx });
        }
        let asked = ask.max.unwrap_or(self.limits.default_max);
        Ok((asked.min(room), room < asked))
    }

    /// Evaluates a batch for the jobs that wait for logits, and lets those choose that got them.
    fn evaluate(&mut self) -> Vec<(JobId, Fault)> {
        let batch = match self.batch() {
            Ok(batch) => batch,
            Err(failed) => return failed,
        };
        if batch.rows.is_empty() {
            return Vec::new();
        }
        for part in batch.parts.iter().filter(|part| part.logits.is_some()) {
            let job = &self.jobs[part.job];
            let seq = job.lease.map_or(0, |lease| lease.seq);
            self.model.foretell(seq, Outlook { prompt: job.prompt, healed: &job.healed });
        }
        let started = Instant::now();
        if let Err(error) = self.model.decode(&batch.rows) {
            return batch
                .parts
                .iter()
                .map(|part| (self.jobs[part.job].id, Fault::Model(error.clone())))
                .collect();
        }
        let elapsed = started.elapsed();
        let mut failed = Vec::new();
        for part in &batch.parts {
            let job = &mut self.jobs[part.job];
            charge(job, elapsed);
            let seq = job.lease.map_or(0, |lease| lease.seq);
            self.kv.extend(seq, &job.tokens[job.evaluated..job.evaluated + part.rows]);
            job.evaluated += part.rows;
            if let Some(row) = part.logits {
                job.prefilled = true;
                let logits = self.model.logits(row).map_err(Fault::from);
                if let Err(fault) = logits.and_then(|logits| job.choose(self.model, logits)) {
                    failed.push((job.id, fault));
                }
            }
        }
        failed
    }

    /// The rows of the next batch: jobs that decode first, then prompts, as many rows as fit.
    fn batch(&mut self) -> Result<Batch, Vec<(JobId, Fault)>> {
        let mut order: Vec<usize> =
            (0..self.jobs.len()).filter(|&at| self.jobs[at].stage == Stage::Choose).collect();
        order.sort_by_key(|&at| (!self.jobs[at].prefilled, self.jobs[at].id));
        let limit = self.limits.batch_rows.min(self.model.info().n_batch as usize);
        let (mut batch, mut failed) = (Batch::default(), Vec::new());
        for at in order {
            if batch.rows.len() == limit {
                break;
            }
            match self.prepare(at, limit - batch.rows.len()) {
                Ok(0) => {}
                Ok(rows) => batch.add(at, &self.jobs[at], rows),
                Err(fault) => failed.push((self.jobs[at].id, fault)),
            }
        }
        if batch.rows.is_empty()
            && failed.is_empty()
            && self.jobs.iter().any(|job| job.stage == Stage::Choose)
        {
            // Everybody waits for cells, and nobody will give any back: the last to come has to go.
            let n_ctx = self.model.info().n_ctx;
            let last = self.jobs.iter().rfind(|job| job.stage == Stage::Choose);
            failed.extend(last.map(|job| (job.id, Fault::Model(ModelError::Full { n_ctx }))));
        }
        if failed.is_empty() { Ok(batch) } else { Err(failed) }
    }

    /// Gives a job a sequence and makes room; answers how many rows it can evaluate now.
    fn prepare(&mut self, at: usize, limit: usize) -> Result<usize, Fault> {
        self.lease(at)?;
        let Some(lease) = self.jobs[at].lease else { return Ok(0) };
        let (evaluated, want) = (self.jobs[at].evaluated, self.jobs[at].tokens.len());
        if self.kv.len(lease.seq) > evaluated {
            self.kv.truncate(lease.seq, evaluated);
            self.model.truncate(lease.seq, evaluated as u32)?;
        }
        let rows = (want - evaluated).min(limit);
        for seq in self.kv.evict_for(rows) {
            self.model.truncate(seq, 0)?;
        }
        Ok(rows.min(self.kv.free_cells()))
    }

    /// A sequence that begins with as much of the job's tokens as the memory holds; all but the last
    /// token at most, since that one's logits are wanted.
    fn lease(&mut self, at: usize) -> Result<(), Fault> {
        let job = &mut self.jobs[at];
        if job.lease.is_some() {
            return Ok(());
        }
        let Some(lease) = self.kv.lease(&job.tokens[..job.tokens.len() - 1]) else { return Ok(()) };
        match lease.from {
            Some(from) if from == lease.seq => self.model.truncate(lease.seq, lease.len as u32)?,
            Some(from) => self.model.share(from, lease.seq, lease.len as u32)?,
            None => self.model.truncate(lease.seq, 0)?,
        }
        job.lease = Some(lease);
        job.evaluated = lease.len;
        job.usage.cached_tokens += lease.len.min(job.prompt) as u64;
        Ok(())
    }

    /// What there is to tell; jobs that are done or have failed leave.
    fn reports(&mut self, failed: Vec<(JobId, Fault)>) -> Vec<Report> {
        let mut reports = Vec::new();
        let mut at = 0;
        while at < self.jobs.len() {
            let job = &mut self.jobs[at];
            let fault = failed.iter().find(|(id, _)| *id == job.id).map(|(_, fault)| fault.clone());
            let ended = fault.is_some() || job.stage == Stage::Done;
            let (result, keep) = match fault {
                Some(fault) => (Some(Err(fault)), job.evaluated),
                None if ended => match job.finish(self.model) {
                    Ok((answer, keep)) => (Some(Ok(answer)), keep),
                    Err(fault) => (Some(Err(fault)), job.evaluated),
                },
                None => (None, job.evaluated),
            };
            if matches!(result, Some(Err(_))) {
                job.give_up();
            }
            let (events, usage) = (std::mem::take(&mut job.events), std::mem::take(&mut job.usage));
            if ended || !events.is_empty() || usage != Usage::default() {
                reports.push(Report { job: job.id, events, usage, result });
            }
            if ended {
                let job = self.jobs.remove(at);
                self.release(&job, keep);
            } else {
                at += 1;
            }
        }
        reports
    }

    /// Gives a job's sequence back, cut to what belongs to its context, for others to begin with.
    fn release(&mut self, job: &Job, keep: usize) {
        let Some(lease) = job.lease else { return };
        if keep < self.kv.len(lease.seq) {
            self.kv.truncate(lease.seq, keep);
            if self.model.truncate(lease.seq, keep as u32).is_err() {
                self.kv.forget(lease.seq);
                return;
            }
        }
        self.kv.release(lease.seq);
    }
}

/// Rows to evaluate together.
#[derive(Default)]
struct Batch {
    rows: Vec<Row>,
    parts: Vec<BatchPart>,
}

/// One job's share of a batch.
struct BatchPart {
    /// Index of the job.
    job: usize,
    rows: usize,
    /// The row whose logits it waits for, once all its tokens are in.
    logits: Option<usize>,
}

impl Batch {
    fn add(&mut self, at: usize, job: &Job, rows: usize) {
        let end = job.evaluated + rows;
        let complete = end == job.tokens.len();
        let seq = job.lease.map_or(0, |lease| lease.seq);
        for pos in job.evaluated..end {
            let logits = complete && pos + 1 == end;
            self.rows.push(Row { token: job.tokens[pos], pos: pos as u32, seq, logits });
        }
        self.parts.push(BatchPart { job: at, rows, logits: complete.then(|| self.rows.len() - 1) });
    }
}

fn charge(job: &mut Job, elapsed: Duration) {
    let us = elapsed.as_micros() as u64;
    job.usage.forward_passes += 1;
    if job.prefilled {
        job.usage.decode_us += us;
    } else {
        job.usage.prefill_us += us;
    }
}

/// Text events, without the last `taken` tokens, which healing took back.
fn text_events(context: u32, written: Vec<prompt::Written>, mut taken: usize) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for prompt::Written { text, origin, mut tokens } in written.into_iter().rev() {
        let gone = taken.min(tokens.len());
        tokens.truncate(tokens.len() - gone);
        taken -= gone;
        events.push(Event::Text { context, text, origin, tokens });
    }
    events.reverse();
    events
}
