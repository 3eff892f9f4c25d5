//! Whose tokens are evaluated next, and who waits for memory.
//!
//! A batch takes a token of every generation that decodes, and fills up with prompts: those that have begun first, the
//! oldest before the others. Each of the rest begins once it fits beside those that hold memory, with some of what they may
//! still write ([`GROWTH`]): first those that find most of their prompt there, unless another has been passed over too
//! often ([`PATIENCE`]). A prompt that begins like one that is being read waits until that part is there, and shares it: so
//! a common beginning is read once, also by generations that arrive together.
//!
//! Where the memory is full all the same, the youngest of those that hold a part of it is *parked*: it gives its part back,
//! and waits like one that has not begun. The oldest always goes on, so all of them end; only a sequence that does not fit
//! alone fails.

use std::cmp::Reverse;

use super::activity::Activity;
use super::batch::{Batch, Part};
use super::draft::Company;
use super::memory::SHARED;
use super::{Job, JobId, Scheduler};
use crate::error::Fault;
use crate::kv::common_prefix;
use crate::model::ModelError;

/// Tokens that a generation is expected to add when it is decided whether another one fits beside it. With fewer, more of
/// them begin and have to be parked, which costs reading their prompts again; with more, memory stays empty.
const GROWTH: usize = 32;

/// How often a job is passed over by others that find more of their prompt in memory.
const PATIENCE: u32 = 16;

/// The part of a batch's rows that prompts get beside generations that decode. A pass of 16 rows takes about four times as
/// long as one of a single row, one of 64 fourteen times; a row of the prompt costs about the same in both.
const BESIDE: usize = 4;

/// How a job waits for memory.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// Goes up from job to job. (Members of a group's stages have the same identity, one after the other.)
    number: u64,
    /// The number of an earlier job whose prompt begins alike, and how many tokens of it are worth waiting for.
    behind: Option<(u64, usize)>,
    /// How often others began that came later.
    passed: u32,
}

type Failed = Vec<(JobId, Fault)>;

impl Scheduler<'_> {
    /// Lets a job wait for its first rows.
    pub(super) fn begin_job(&mut self, mut job: Job) {
        let behind = self.behind(&job);
        if let Some((number, shared)) = behind
            && let Some(other) = self.jobs.iter_mut().find(|other| other.turn.number == number)
        {
            self.memory.mark(&mut other.sequence, shared);
        }
        for at in job.activity.marks() {
            self.memory.mark(&mut job.sequence, at);
        }
        let number = self.jobs.last().map_or(0, |last| last.turn.number + 1);
        job.turn = Turn { number, behind, passed: 0 };
        self.jobs.push(job);
    }

    /// Whom a job waits for before it begins, and for how many tokens.
    fn behind(&self, job: &Job) -> Option<(u64, usize)> {
        // Tokens whose logits it wants it has to evaluate itself.
        let tokens = &job.sequence.tokens;
        let own = job.activity.next().unwrap_or(usize::MAX).min(tokens.len().saturating_sub(1));
        let tokens = &tokens[..own];
        let shared = |other: &Job| common_prefix(&other.sequence.tokens[..other.fixed()], tokens);
        let unread = self.jobs.iter().filter(|other| other.sequence.evaluated < other.fixed());
        // One that has gone on from there can be shared only if it rewinds.
        let can_share =
            |(shared, other): &(usize, &Job)| self.memory.rewinds() || other.sequence.evaluated <= *shared;
        let shared = unread.map(|other| (shared(other), other)).filter(can_share);
        let longest = shared.map(|(shared, other)| (shared, Reverse(other.turn.number))).max();
        let (shared, Reverse(number)) = longest?;
        (shared >= self.memory.known(tokens) + SHARED).then_some((number, shared))
    }

    /// The rows of the next batch. A memory that is full is no failure while someone can be parked.
    pub(super) fn batch(&mut self) -> Result<Batch, Failed> {
        loop {
            let batch = self.fill()?;
            let any = |is: fn(&Activity) -> bool| self.jobs.iter().any(|job| is(&job.activity));
            // What is done gives its memory back before anyone else is asked to.
            if !batch.rows.is_empty() || !any(Activity::waits) || any(Activity::is_done) {
                return Ok(batch);
            }
            if !self.park_youngest() {
                return Err(self.full());
            }
        }
    }

    /// Takes the memory of the youngest job that holds some, unless it is the only one.
    fn park_youngest(&mut self) -> bool {
        let mut held = self.jobs.iter_mut().filter(|job| job.sequence.seq().is_some());
        let (_oldest, youngest) = (held.next(), held.next_back());
        let Some(job) = youngest else { return false };
        job.prefilled = false;
        self.memory.release(&mut job.sequence, usize::MAX);
        true
    }

    /// What happens to a job that does not fit alone.
    fn full(&self) -> Failed {
        let n_ctx = self.memory.model.info().n_ctx;
        let holds = self.jobs.iter().find(|job| job.sequence.seq().is_some());
        let waits = || self.jobs.iter().find(|job| job.activity.waits());
        let full = |job: &Job| (job.id(), Fault::Model(ModelError::Full { n_ctx }));
        holds.or_else(waits).map(full).into_iter().collect()
    }

    /// As many rows as fit.
    fn fill(&mut self) -> Result<Batch, Failed> {
        let (held, waiting) = self.queue();
        let limit = self.most_rows(&held);
        let (mut batch, mut failed) = (Batch::default(), Vec::new());
        for at in held {
            self.add(at, limit, &mut batch, &mut failed);
        }
        for at in waiting {
            if batch.rows.len() == limit || !failed.is_empty() || !self.memory.can_lease() {
                break;
            }
            if self.waits_for_other(at) {
                continue;
            }
            if self.fits(at) {
                self.add(at, limit, &mut batch, &mut failed);
            } else if self.jobs[at].turn.passed >= PATIENCE {
                break;
            }
        }
        if failed.is_empty() {
            failed = self.add_drafts(&mut batch);
        }
        if failed.is_empty() { Ok(batch) } else { Err(failed) }
    }

    /// Adds drafts for the generations that decode, where they pay.
    fn add_drafts(&mut self, batch: &mut Batch) -> Failed {
        let most = self.limits.batch_rows.min(self.memory.model.info().n_batch as usize);
        let choices = batch.parts.iter().filter(|part| !part.logits.is_empty()).count();
        for at in 0..batch.parts.len() {
            let Part { job, rows, .. } = batch.parts[at];
            let company =
                Company { rows: batch.rows.len(), choices, room: most.saturating_sub(batch.rows.len()) };
            let job = &mut self.jobs[job];
            if !job.prefilled || job.sequence.evaluated + rows < job.sequence.tokens.len() {
                continue;
            }
            let mut draft = job.activity.draft(&job.sequence, company, &self.drafts, &*self.memory.model);
            match self.memory.make_room_for_draft(&job.sequence, batch.rows.len(), draft.len()) {
                Ok(room) => draft.truncate(room),
                Err(error) => return vec![(job.id(), Fault::Model(error))],
            }
            job.sequence.set_draft(draft);
            batch.add_draft(at, &job.sequence);
        }
        Vec::new()
    }

    /// Rows of a batch for jobs that hold memory. What decodes must not stand still while prompts are read: beside it
    /// they get less room.
    fn most_rows(&self, held: &[usize]) -> usize {
        let decoding = held.iter().filter(|at| self.jobs[**at].prefilled).count();
        let rows = match decoding {
            0 => self.limits.batch_rows,
            _ => decoding + self.limits.batch_rows.div_ceil(BESIDE),
        };
        rows.min(self.memory.model.info().n_batch as usize)
    }

    /// The jobs that wait for logits: those that hold memory, and those that do not, each in the order of their turns.
    fn queue(&self) -> (Vec<usize>, Vec<usize>) {
        let waits = |at: &usize| self.jobs[*at].activity.waits();
        let (mut held, mut waiting): (Vec<usize>, Vec<usize>) =
            (0..self.jobs.len()).filter(waits).partition(|at| self.jobs[*at].sequence.seq().is_some());
        held.sort_by_key(|at| !self.jobs[*at].prefilled);
        if waiting.len() > 1 && self.memory.can_lease() {
            waiting.sort_by_cached_key(|at| {
                let job = &self.jobs[*at];
                (job.turn.passed < PATIENCE, Reverse(self.memory.known(&job.sequence.tokens)))
            });
        }
        (held, waiting)
    }

    /// Whether a part of the job's prompt is being read for another one.
    fn waits_for_other(&mut self, at: usize) -> bool {
        let Some((number, shared)) = self.jobs[at].turn.behind else { return false };
        let other = self.jobs.iter().find(|job| job.turn.number == number);
        let waits = other.is_some_and(|job| job.sequence.evaluated < shared.min(job.fixed()));
        if !waits {
            self.jobs[at].turn.behind = None;
        }
        waits
    }

    /// Whether a job that holds no memory can begin beside those that do.
    fn fits(&self, at: usize) -> bool {
        let job = &self.jobs[at];
        self.at_work().next().is_none() || self.memory.fits(&job.sequence, job.growth(), self.ahead())
    }

    /// The jobs that hold memory.
    fn at_work(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(|job| job.sequence.seq().is_some())
    }

    /// Tokens that they are expected to evaluate.
    fn ahead(&self) -> usize {
        self.at_work().map(|job| job.unread() + job.growth()).sum()
    }

    /// Adds what a job can evaluate now to a batch of at most `limit` rows.
    fn add(&mut self, at: usize, limit: usize, batch: &mut Batch, failed: &mut Failed) {
        if batch.rows.len() == limit {
            return;
        }
        match self.prepare(at, batch.rows.len(), limit) {
            Ok(0) => {}
            Ok(rows) => batch.add(at, &self.jobs[at].sequence, &self.jobs[at].activity, rows),
            Err(error) => failed.push((self.jobs[at].id(), Fault::Model(error))),
        }
    }

    /// Gives a job memory; answers how many rows it can evaluate now, in a batch of at most `limit` of which others have
    /// `taken` some.
    fn prepare(&mut self, at: usize, taken: usize, limit: usize) -> Result<usize, ModelError> {
        let Job { sequence, activity, usage, .. } = &mut self.jobs[at];
        if let Some(found) = self.memory.lease(sequence, activity.next(), taken)? {
            let prompt = activity.prompt() as u64;
            usage.cached_tokens = prompt.min(usage.cached_tokens + found as u64);
            for earlier in &mut self.jobs[..at] {
                earlier.turn.passed += u32::from(earlier.sequence.seq().is_none());
            }
        }
        let Job { sequence, activity, .. } = &mut self.jobs[at];
        // What is in the memory tells no logits: a token whose logits are wanted is evaluated again.
        let next = activity.next().unwrap_or(sequence.tokens.len().saturating_sub(1));
        sequence.evaluated = sequence.evaluated.min(next);
        let ahead = self.ahead();
        self.memory.make_room(&mut self.jobs[at].sequence, taken, limit - taken, ahead)
    }
}

impl Job {
    /// Tokens that have not been evaluated.
    fn unread(&self) -> usize {
        self.sequence.tokens.len() - self.sequence.evaluated
    }

    /// Tokens that it is expected to add.
    fn growth(&self) -> usize {
        self.activity.left(self.sequence.tokens.len()).min(GROWTH)
    }

    /// How many of its tokens, from the first on, will not change.
    fn fixed(&self) -> usize {
        let tokens = self.sequence.tokens.len();
        if self.activity.left(tokens) > 0 { self.activity.prompt().min(tokens) } else { tokens }
    }
}
