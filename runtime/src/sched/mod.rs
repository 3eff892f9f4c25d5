//! The scheduler: turns generations of many runs into batches of one model.
//!
//! One *tick* advances every generation's matcher, evaluates one batch for all that wait for logits, and chooses
//! their tokens. Sequences share common prefixes in the model's [`memory`]; whose tokens a batch takes, and who
//! waits where the memory is full, is said in [`order`].
//!
//! A *job* is a sequence and what works on it ([`activity`]). Most tasks are one job; those that compare, sample or search are
//! a [`group`] of them.
//!
//! The scheduler knows neither IR nor values, neither contexts nor templates.

mod activity;
mod batch;
mod beam;
mod choice;
mod constraints;
mod draft;
mod generation;
mod group;
mod hypothesis;
mod kept;
mod memory;
mod options;
mod order;
mod prompt;
pub(crate) mod reader;
mod scoring;
mod shelf;
mod start;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use agentc_constraint::{Constraint, SharedSpec, TokenId, Vocab};

use self::activity::{Activity, Ended};
use self::constraints::ConstraintCache;
use self::draft::{Drafts, Passed};
use self::group::{Group, Member};
use self::memory::{Memory, Sequence};
use self::order::Turn;
use self::prompt::Prompt;
pub(crate) use self::reader::Watch;
use self::reader::{Borders, Reader};
use self::scoring::Scoring;
use self::start::Start;
use crate::ask::{Chunk, GenAsk, Written};
use crate::backend::{Report, TaskId};
use crate::error::Fault;
use crate::kv::common_prefix;
use crate::layout::Part;
use crate::limits::Limits;
use crate::model::{Model, ModelError};
use crate::trace::Usage;

/// Numbers batches, of all models of this process.
static PASSES: AtomicU64 = AtomicU64::new(0);

/// Where a generation is to begin.
pub(crate) struct Place<'t> {
    /// The tokens of the context that are settled.
    pub(crate) settled: &'t [TokenId],
    /// What follows them.
    pub(crate) parts: Vec<Part>,
    /// Whether the context keeps this model's tokens.
    pub(crate) own: bool,
}

/// Something that works on a sequence.
struct Job {
    task: TaskId,
    /// Which member of the task's group it is, if it does not do all of the task.
    member: Option<usize>,
    sequence: Sequence,
    activity: Activity,
    /// How it waits for memory.
    turn: Turn,
    /// Whether the logits after the prompt have been seen: later evaluations are decoding.
    prefilled: bool,
    /// What joined the context before a generation, until it is told.
    before: Option<Vec<Written>>,
    usage: Usage,
}

/// See the module's description.
pub(crate) struct Scheduler<'m> {
    memory: Memory<'m>,
    /// In the order of their beginning.
    jobs: Vec<Job>,
    groups: Vec<Group>,
    constraints: ConstraintCache,
    borders: Borders,
    drafts: Drafts,
    limits: Limits,
}

impl<'m> Scheduler<'m> {
    /// A scheduler for a model that nobody else uses.
    pub(crate) fn new(model: &'m mut dyn Model, limits: Limits) -> Scheduler<'m> {
        let constraints =
            ConstraintCache::new(model.vocab().clone(), limits.constraints, limits.constraint.clone());
        let borders = Borders::of(model.vocab());
        let drafts = Drafts::new(model.info(), limits.draft);
        let memory = Memory::new(model, limits.shelf);
        Scheduler { memory, jobs: Vec::new(), groups: Vec::new(), constraints, borders, drafts, limits }
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
        let Prompt { tokens: mut whole, healable, mut written } = prompt;
        let mut tokens = whole.clone();
        let healed = self.take_back(&mut tokens, healable, &ask, &constraint)?;
        if ask.wants.samples.is_none() {
            // Of samples nothing joins the context, so it keeps its own end.
            prompt::take_back(&mut written, whole.len() - tokens.len());
        }
        self.begin(&mut tokens)?;
        self.begin(&mut whole)?;
        let (max, cut_by_context) = self.room(&ask, tokens.len())?;
        let (own, settled) = (place.own, place.settled.len());
        let start =
            Start { ask, constraint, own, settled, prompt: tokens, whole, healed, max, cut_by_context };
        self.start(task, Arc::new(start), spec, written)
    }

    /// Begins a generation as a job, or as a group of jobs.
    fn start(
        &mut self,
        task: TaskId,
        start: Arc<Start>,
        spec: &SharedSpec,
        written: Vec<Written>,
    ) -> Result<(), Fault> {
        if start.ask.wants.takes_one_job() {
            let usage = Usage { prompt_tokens: start.prompt.len() as u64, ..Usage::default() };
            let activity = Activity::Generate(Box::new(start.generation(start.ask.stream)?));
            let job = Job::new(task, Sequence::new(start.prompt.clone()), activity);
            self.begin_job(Job { before: Some(written), usage, ..job });
            return Ok(());
        }
        let mut empty = Vec::new();
        self.begin(&mut empty)?;
        let group = Group::new(task, start, spec, written, empty, self.memory.model)?;
        self.groups.push(group);
        self.begin_members();
        Ok(())
    }

    /// Begins to score a text at the end of a context: `with` is the same place with the text. What that comes to is known at
    /// once if the text has no tokens.
    pub(crate) fn score(
        &mut self,
        task: TaskId,
        place: Place<'_>,
        with: Place<'_>,
        watch: Watch<'_>,
    ) -> Result<Option<f64>, Fault> {
        let read =
            |place: Place<'_>| prompt::prompt(place.settled.to_vec(), place.parts, &self.reader(watch));
        let (before, mut tokens) = (read(place)?.tokens, read(with)?.tokens);
        let mut same = common_prefix(&before, &tokens);
        if same == 0 {
            // The first logits come after a token.
            let mut first = Vec::new();
            self.begin(&mut first)?;
            tokens.splice(0..0, first);
            same = 1;
        }
        let n_ctx = self.memory.model.info().n_ctx;
        if tokens.len() > n_ctx as usize {
            return Err(Fault::PromptTooLong { tokens: tokens.len(), counted: true, n_ctx });
        }
        let (known, judged) = tokens.split_at(same);
        if judged.is_empty() {
            return Ok(Some(0.0));
        }
        let healed = bytes_of(&before[same.min(before.len())..], self.memory.model.vocab());
        let (sequence, scoring) = Scoring::of_tokens(known, &healed, judged);
        let usage = Usage { prompt_tokens: tokens.len() as u64, ..Usage::default() };
        let job = Job::new(task, sequence, Activity::Score(Box::new(scoring)));
        self.begin_job(Job { usage, ..job });
        Ok(None)
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
        self.jobs.is_empty() && self.groups.is_empty()
    }

    /// Ends a task without a result; what it cost since its last report. Nothing if there is no such task.
    pub(crate) fn cancel(&mut self, task: TaskId) -> Option<Usage> {
        let group = self.groups.iter().position(|group| group.task == task);
        let mut usage = group.map(|at| self.groups.remove(at).cost());
        for job in self.remove_jobs(task) {
            usage.get_or_insert_default().add(&job.usage);
        }
        usage
    }

    /// Takes all jobs of a task out, with what they cost.
    fn remove_jobs(&mut self, task: TaskId) -> Vec<Job> {
        let mut removed = Vec::new();
        while let Some(at) = self.jobs.iter().position(|job| job.task == task) {
            let mut job = self.jobs.remove(at);
            job.activity.give_up(&mut job.usage);
            self.memory.release(&mut job.sequence, usize::MAX);
            removed.push(job);
        }
        removed
    }

    /// One round: everything that can go on goes on, with at most one batch of the model.
    pub(crate) fn tick(&mut self) -> Vec<Report> {
        let mut failed: Vec<(JobId, Fault)> = Vec::new();
        for job in &mut self.jobs {
            if let Err(fault) = job.activity.advance(&mut job.sequence, self.memory.model, &mut job.usage) {
                failed.push((job.id(), fault));
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
        let cut = tokens.len() - count.min(healable);
        Ok(bytes_of(&tokens.split_off(cut), self.memory.model.vocab()))
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
    fn evaluate(&mut self) -> Vec<(JobId, Fault)> {
        let batch = match self.batch() {
            Ok(batch) => batch,
            Err(failed) => return failed,
        };
        if batch.rows.is_empty() {
            return Vec::new();
        }
        for part in batch.parts.iter().filter(|part| !part.logits.is_empty()) {
            let Job { sequence, activity, .. } = &self.jobs[part.job];
            self.memory.model.foretell(sequence.seq().unwrap_or(0), activity.outlook());
        }
        let started = Instant::now();
        if let Err(error) = self.memory.model.decode(&batch.rows) {
            for part in &batch.parts {
                self.memory.fail(&mut self.jobs[part.job].sequence);
            }
            let fault = |part: &batch::Part| (self.jobs[part.job].id(), Fault::Model(error.clone()));
            return batch.parts.iter().map(fault).collect();
        }
        let elapsed = started.elapsed().as_micros() as u64;
        let mut passed = Passed { rows: batch.rows.len(), us: elapsed, ..Passed::default() };
        let pass = PASSES.fetch_add(1, Ordering::Relaxed);
        let mut failed = Vec::new();
        for part in &batch.parts {
            let job = &mut self.jobs[part.job];
            job.charge(pass, elapsed * part.rows as u64 / batch.rows.len() as u64);
            self.memory.extend(&mut job.sequence, part.rows);
            let read = job.read(part, &*self.memory.model, &mut self.drafts, &mut passed);
            failed.extend(read.err().map(|fault| (job.id(), fault)));
        }
        self.drafts.passed(passed);
        failed
    }

    /// What there is to tell; jobs that are done or have failed leave.
    fn reports(&mut self, failed: Vec<(JobId, Fault)>) -> Vec<Report> {
        let mut reports = Vec::new();
        let mut at = 0;
        while at < self.jobs.len() {
            let job = &mut self.jobs[at];
            let fault = failed.iter().find(|(id, _)| *id == job.id()).map(|(_, fault)| fault.clone());
            let (result, keep) = job.end(fault, self.memory.model);
            let ended = result.is_some();
            if let Some(Ok(Ended::Generated(written))) = &result {
                self.drafts.remember(&written.tokens);
            }
            match job.member {
                None => reports.extend(job.report(result)),
                Some(member) => {
                    let group = self.groups.iter_mut().find(|group| group.task == job.task);
                    let (chunks, usage) = job.news();
                    if let Some(group) = group {
                        group.take(member, chunks, usage, result);
                    }
                }
            }
            if ended {
                let mut job = self.jobs.remove(at);
                self.memory.release(&mut job.sequence, keep);
            } else {
                at += 1;
            }
        }
        self.begin_members();
        reports.extend(self.report_groups());
        reports
    }

    /// Begins the jobs that groups have for now.
    fn begin_members(&mut self) {
        let mut begun = Vec::new();
        for group in &mut self.groups {
            for Member { number, sequence, activity } in group.begin(self.memory.model) {
                let job = Job::new(group.task, sequence, activity);
                begun.push(Job { member: Some(number), ..job });
            }
        }
        begun.into_iter().for_each(|job| self.begin_job(job));
    }

    /// What there is to tell of groups; those that are over leave, with their members.
    fn report_groups(&mut self) -> Vec<Report> {
        let mut reports = Vec::new();
        for mut group in std::mem::take(&mut self.groups) {
            let is_over = group.is_over();
            if is_over {
                self.remove_jobs(group.task).into_iter().for_each(|job| group.add_cost(&job.usage));
            }
            reports.extend(group.report());
            if !is_over {
                self.groups.push(group);
            }
        }
        reports
    }
}

/// The text that some tokens spell.
fn bytes_of(tokens: &[TokenId], vocab: &Vocab) -> Vec<u8> {
    tokens.iter().flat_map(|&token| vocab.bytes(token).iter().copied()).collect()
}

/// Names a job: its task, and which member of the task's group it is.
type JobId = (TaskId, Option<usize>);

impl Job {
    fn new(task: TaskId, sequence: Sequence, activity: Activity) -> Job {
        let (prefilled, before, usage) = (activity.decodes(), None, Usage::default());
        Job { task, member: None, sequence, activity, turn: Turn::default(), prefilled, before, usage }
    }

    fn id(&self) -> JobId {
        (self.task, self.member)
    }

    /// Lets it pay its part of a batch.
    fn charge(&mut self, pass: u64, us: u64) {
        self.usage.add(&Usage { forward_passes: 1, last_pass: Some(pass), ..Usage::default() });
        if self.prefilled {
            self.usage.decode_us += us;
        } else {
            self.usage.prefill_us += us;
        }
    }

    /// Takes in the logits of its part of a batch.
    fn read(
        &mut self,
        part: &batch::Part,
        model: &dyn Model,
        drafts: &mut Drafts,
        passed: &mut Passed,
    ) -> Result<(), Fault> {
        let Job { sequence, activity, usage, .. } = self;
        let (before, chosen) = (sequence.tokens.len(), activity.chosen());
        let read = part.logits.iter().try_for_each(|&row| activity.read(row, sequence, model, drafts, usage));
        sequence.drop_draft();
        let chosen = activity.chosen() - chosen;
        passed.choosing += usize::from(chosen > 0);
        passed.chosen += chosen;
        if part.drafted > 0 {
            let accepted = sequence.evaluated.saturating_sub(before);
            usage.drafted_tokens += part.drafted as u64;
            usage.accepted_tokens += accepted as u64;
            passed.drafted += part.drafted;
            passed.accepted += accepted;
        }
        activity.evaluated(sequence);
        self.prefilled |= !part.logits.is_empty();
        read
    }

    /// What has come of it if it has come to its end, by itself or by a fault, and how many of its tokens stay in memory.
    fn end(&mut self, fault: Option<Fault>, model: &dyn Model) -> (Option<Result<Ended, Fault>>, usize) {
        let Job { sequence, activity, usage, .. } = self;
        let result = match fault {
            Some(fault) => Err(fault),
            None if activity.is_done() => activity.finish(sequence, model, usage),
            None => return (None, 0),
        };
        match result {
            Ok((ended, keep)) => (Some(Ok(ended)), keep),
            Err(fault) => {
                activity.give_up(usage);
                (Some(Err(fault)), usize::MAX)
            }
        }
    }

    /// What it has written and cost since the last time.
    fn news(&mut self) -> (Vec<Chunk>, Usage) {
        (self.activity.chunks(), std::mem::take(&mut self.usage))
    }

    /// What has happened since the last report, if anything.
    fn report(&mut self, result: Option<Result<Ended, Fault>>) -> Option<Report> {
        let begins = self.before.is_some();
        let before = self.before.take().unwrap_or_default();
        let (chunks, usage) = self.news();
        let silent = result.is_none() && !begins && chunks.is_empty() && usage == Usage::default();
        let result = result.map(|result| result.map(Ended::product));
        (!silent).then_some(Report { task: self.task, before, begins, chunks, usage, result })
    }
}
