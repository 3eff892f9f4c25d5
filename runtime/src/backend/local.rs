//! A back end that owns a model and its memory, on the thread that polls it.

use std::cell::Cell;
use std::sync::Arc;

use agentc_compiler::ir::TextOrigin;

use super::kept::Kept;
use super::{Backend, Capabilities, Constraining, Product, Profile, Report, TaskId, Work, WorkKind};
use crate::chat::ChatFormat;
use crate::context::Context;
use crate::disk::Disk;
use crate::error::Fault;
use crate::layout;
use crate::limits::Limits;
use crate::model::{Model, ModelError};
use crate::sched::{Place, Scheduler, Watch};

/// See the module's description.
pub struct LocalModel<'m> {
    profile: Profile,
    sched: Scheduler<'m>,
    /// [`Limits::counted`]
    counted: usize,
    /// What is kept on disk of what it reads.
    kept: Option<Kept>,
    /// What ended before it had to be scheduled.
    ended: Vec<Report>,
}

impl<'m> LocalModel<'m> {
    /// A back end for a model that nobody else uses.
    pub fn new(model: &'m mut dyn Model, limits: Limits) -> LocalModel<'m> {
        let info = model.info();
        let chat = match &info.chat_template {
            None => Err(Fault::Model(ModelError::NoTemplate)),
            Some(text) => ChatFormat::derive(Some(text), &info.bos_text, &info.eos_text, &limits)
                .map(Arc::new)
                .map_err(Fault::from),
        };
        let can =
            Capabilities { constraining: Constraining::Masks, tokens: true, scores: true, embeddings: false };
        let profile = Profile { name: info.name.clone(), n_ctx: info.n_ctx, chat, can };
        let counted = limits.counted;
        LocalModel { profile, sched: Scheduler::new(model, limits), counted, kept: None, ended: Vec::new() }
    }

    /// The same, which reads and keeps the beginnings of contexts on disk, if its model can do that.
    pub fn with_disk(mut self, disk: Disk) -> LocalModel<'m> {
        self.kept = Kept::new(disk, self.sched.info());
        self
    }

    /// Cells of KV memory that hold tokens.
    pub fn cells(&self) -> usize {
        self.sched.cells()
    }

    /// Does what takes no batch, or begins what does. Nothing is answered where something has begun.
    fn begin(&mut self, task: TaskId, work: Work) -> Result<Option<Product>, Fault> {
        let stop = work.stop;
        let watch = || stop.check();
        Ok(Some(match work.kind {
            WorkKind::Generate { ask, spec, context, told } => {
                let place = place(&self.profile, &context, told)?;
                if let Some(kept) = &mut self.kept {
                    kept.before(&place, &mut self.sched, &watch);
                }
                self.sched.submit(task, *ask, &spec, place, &watch)?;
                return Ok(None);
            }
            WorkKind::Tokens { context, told } => {
                Product::Tokens(self.sched.written(place(&self.profile, &context, Some(told))?, &watch)?)
            }
            WorkKind::Count { texts } => Product::Counts(self.count(&texts, &watch)),
            WorkKind::Score { text, context } => {
                let mut with = (*context).clone();
                with.write(&text, TextOrigin::Data);
                let all = Some(usize::MAX);
                let (before, with) =
                    (place(&self.profile, &context, all)?, place(&self.profile, &with, all)?);
                if let Some(kept) = &mut self.kept {
                    kept.before(&before, &mut self.sched, &watch);
                }
                match self.sched.score(task, before, with, &watch)? {
                    Some(score) => Product::Scored(score),
                    None => return Ok(None),
                }
            }
            // The profile says that it cannot be done.
            WorkKind::Embed { .. } => {
                let reason = "it does not embed texts".to_owned();
                return Err(Fault::Model(ModelError::Misuse { reason }));
            }
        }))
    }

    fn count(&self, texts: &[String], watch: Watch<'_>) -> Vec<usize> {
        let left = Cell::new(self.counted);
        let count = |text: &String| match left.get().checked_sub(text.len()) {
            Some(rest) => {
                left.set(rest);
                self.sched.count(text, watch)
            }
            None => self.sched.least(text),
        };
        texts.iter().map(count).collect()
    }
}

/// Where a context continues: behind its settled tokens if it is this model's own and so many of its pieces have been told,
/// else from its beginning, as text.
fn place<'t>(profile: &Profile, context: &'t Context, told: Option<usize>) -> Result<Place<'t>, Fault> {
    let chat = profile.chat.as_deref();
    Ok(match told {
        Some(told) => {
            Place { settled: context.tokens(), parts: layout::pending(context, told, chat)?, own: true }
        }
        None => Place { settled: &[], parts: layout::whole(context, chat)?, own: false },
    })
}

impl Backend for LocalModel<'_> {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn submit(&mut self, task: TaskId, work: Work) {
        match self.begin(task, work) {
            Ok(None) => {}
            Ok(Some(product)) => self.ended.push(Report::end(task, Ok(product))),
            Err(fault) => self.ended.push(Report::end(task, Err(fault))),
        }
    }

    fn cancel(&mut self, task: TaskId) {
        if let Some(usage) = self.sched.cancel(task) {
            self.ended.push(Report::cancelled(task, usage));
        }
    }

    fn poll(&mut self) -> Vec<Report> {
        let mut reports = std::mem::take(&mut self.ended);
        if reports.is_empty() {
            reports = self.sched.tick();
        }
        if let Some(kept) = self.kept.as_mut().filter(|_| reports.is_empty() && self.sched.is_idle()) {
            kept.after(&mut self.sched);
        }
        reports
    }

    fn is_busy(&self) -> bool {
        let unsaved = || self.kept.as_ref().is_some_and(Kept::is_busy);
        !self.ended.is_empty() || !self.sched.is_idle() || unsaved()
    }
}
