//! What answers a program's asks to models: the wall between a run and whatever evaluates for it.
//!
//! A [`Backend`] takes [`Work`] for a run and reports on it, in its own time and in any order. A session knows nothing
//! of how it does that: [`local`] owns a model and a scheduler; one that sends requests to a server would be
//! another. A back end that works on threads of its own puts its reports into the [`Completions`] on which the
//! loop of the engine waits; one that lives on the caller's thread works whenever it is polled.
//!
//! Not here: budgets, journals and events (`session`), and tools (`host`).

mod completions;
mod kept;
pub mod load;
pub mod local;
mod set;

use std::sync::Arc;

use crate::ask::{Chunk, GenAsk, Measured, Sample, Written};
use crate::chat::ChatFormat;
use crate::context::Context;
use crate::error::Fault;
use crate::layout;
use crate::stop::Stop;
use crate::trace::Usage;
use crate::value::Value;
use agentc_constraint::{End, SharedSpec, TokenId};

pub use self::completions::Completions;
pub use self::load::{Named, load_all};
pub use self::local::LocalModel;
pub use self::set::Backends;

/// Names a task among all that one [`Backends`] has in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub u64);

/// How far a back end can hold a model to a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraining {
    /// Token by token: masks over the logits of each.
    Masks,
    /// It is given the constraint as a grammar, and its answers are checked.
    Grammar,
    /// Not at all: its answers are checked, and mostly fail where a type is narrow.
    Nothing,
}

/// What a back end can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// How far generations keep to their constraints.
    pub constraining: Constraining,
    /// Whether it tells tokens, so that contexts keep them and texts can be counted.
    pub tokens: bool,
    /// Whether it tells log-probabilities of given texts.
    pub scores: bool,
    /// Whether it makes vectors of texts.
    pub embeddings: bool,
}

/// What is fixed about a back end.
#[derive(Debug, Clone)]
pub struct Profile {
    /// What the user calls its model.
    pub name: String,
    /// Tokens that one context can have.
    pub n_ctx: u32,
    /// How its model's chats are laid out, or why they are not.
    pub chat: Result<Arc<ChatFormat>, Fault>,
    /// What it can do.
    pub can: Capabilities,
}

impl Profile {
    /// The text of a context with the template's marks.
    ///
    /// # Errors
    /// The context has roles, and the template has none for it.
    pub fn render(&self, context: &Context) -> Result<String, Fault> {
        layout::render(context, self.chat.as_deref())
    }
}

/// Something to be done for a run.
#[derive(Debug)]
pub struct Work {
    /// What.
    pub kind: WorkKind,
    /// Says whether the run goes on; whoever works for long looks at it from time to time.
    pub stop: Stop,
}

/// What can be asked of a back end.
#[derive(Debug)]
pub enum WorkKind {
    /// Write at the end of a context: [`Product::Generated`], or [`Product::Sampled`] where the ask wants samples.
    Generate {
        /// What.
        ask: Box<GenAsk>,
        /// The spec that it names.
        spec: SharedSpec,
        /// Where.
        context: Arc<Context>,
        /// How many of its pieces have been told, if it keeps this model's tokens. Another model's context is text to this
        /// one, and all of it has been told.
        told: Option<usize>,
    },
    /// The log-probability of a text at the end of a context.
    Score {
        /// The text.
        text: String,
        /// Where.
        context: Arc<Context>,
    },
    /// What no event has told of a context, with its tokens where the model can read it.
    Tokens {
        /// The context.
        context: Arc<Context>,
        /// How many of its pieces have been told.
        told: usize,
    },
    /// The tokens that each of these texts has, or has at least where it is very long.
    Count {
        /// The texts.
        texts: Vec<String>,
    },
    /// A vector for each text.
    Embed {
        /// The texts.
        texts: Vec<String>,
    },
}

/// What a back end tells about a task.
#[derive(Debug)]
pub struct Report {
    /// The task.
    pub task: TaskId,
    /// What joined the context before the generation, tokens included.
    pub before: Vec<Written>,
    /// Whether the generation begins.
    pub begins: bool,
    /// What the generation has written since the last report.
    pub chunks: Vec<Chunk>,
    /// What it cost since the last report.
    pub usage: Usage,
    /// Its end, if it has ended: nothing comes after it.
    pub result: Option<Result<Product, Fault>>,
}

impl Report {
    /// A report of nothing but an end.
    pub fn end(task: TaskId, result: Result<Product, Fault>) -> Report {
        let (before, chunks, usage) = (Vec::new(), Vec::new(), Usage::default());
        Report { task, before, begins: false, chunks, usage, result: Some(result) }
    }

    /// The last report of a task that was cancelled.
    pub fn cancelled(task: TaskId, usage: Usage) -> Report {
        Report { usage, ..Report::end(task, Err(Fault::Interrupted)) }
    }
}

/// What comes of a task.
#[derive(Debug, Clone, PartialEq)]
pub enum Product {
    /// Of [`WorkKind::Generate`].
    Generated(GenProduct),
    /// Of a [`WorkKind::Generate`] that wants samples.
    Sampled(Samples),
    /// Of [`WorkKind::Score`].
    Scored(f64),
    /// Of [`WorkKind::Tokens`].
    Tokens(Vec<Written>),
    /// Of [`WorkKind::Count`].
    Counts(Vec<usize>),
    /// Of [`WorkKind::Embed`].
    Embedded(Vec<Vec<f32>>),
    /// Of a call of the host.
    Returned(Value),
}

/// A complete value.
#[derive(Debug, Clone, PartialEq)]
pub struct GenProduct {
    /// Its text.
    pub text: String,
    /// The tokens that joined the context: of the text before the value since the last settled token, and its own.
    /// `None` unless the context keeps this model's tokens.
    pub tokens: Option<Vec<TokenId>>,
    /// Why it ended.
    pub end: End,
    /// Tokens of the value; 0 from a back end that does not tell tokens.
    pub value_tokens: usize,
    /// What was measured, as far as the ask wants it.
    pub measured: Measured,
    /// Tokens beside the value's that were generated to find it.
    pub further: u64,
}

/// Complete values, as many as the ask wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// The tokens of the text before them since the last settled token. `None` unless the context keeps this model's tokens.
    pub tokens: Option<Vec<TokenId>>,
    /// The values.
    pub samples: Vec<Sample>,
}

/// Evaluates for runs. See the module's description.
pub trait Backend {
    /// What is fixed about it.
    fn profile(&self) -> &Profile;

    /// Takes a task on. Nothing is answered here: what becomes of it, refusals included, is reported. Must not take long.
    fn submit(&mut self, task: TaskId, work: Work);

    /// Ends a task whose result nobody wants any more. Its last report follows soon, and tells what it cost; with whatever
    /// result.
    fn cancel(&mut self, task: TaskId);

    /// Goes on with what is to be done on this thread, for a moment, and tells what came of it. A back end with
    /// threads of its own has nothing to do here.
    fn poll(&mut self) -> Vec<Report> {
        Vec::new()
    }

    /// Whether the next [`poll`](Self::poll) has something to do.
    fn is_busy(&self) -> bool {
        false
    }
}
