//! Strands: the parts of a run that can go on independently, as a tree.
//!
//! The main strand begins with the entry point. A `fork` makes a strand for each of its branches, and its own strand waits
//! for them. How many go on side by side is a matter of policy ([`Limits::strands`](crate::Limits::strands)); with one,
//! branches run one after the other. Nothing that a program computes depends on it: a strand has frames, contexts and
//! random numbers of its own, and the error of a `fork` is that of the first branch, by number, that ends with one.

use std::collections::BTreeMap;
use std::sync::Arc;

use agentc_compiler::ir::{self, Inst};
use serde::{Deserialize, Serialize};

use super::frame::Frame;
use super::telling::Told;
use crate::ask::{AskId, StrandPath};
use crate::context::Context;
use crate::error::RunError;
use crate::value::Value;

/// A part of a run. See the module's description.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Strand {
    pub(super) id: u32,
    /// Which branch of which strand it is; nothing for the main strand.
    pub(super) parent: Option<Parent>,
    /// Names it whatever runs beside it.
    pub(super) path: StrandPath,
    /// Random streams that were given to generations, and numbers to forks.
    pub(super) draws: u64,
    /// What it has asked so far.
    pub(super) asks: u64,
    pub(super) frames: Vec<Frame>,
    /// Frames below its own, of the strands that it descends from.
    pub(super) below: usize,
    /// One for each open call of an agent, the strand's own first.
    pub(super) contexts: Vec<OpenContext>,
    /// What it has printed behind text that has not been told: it must not overtake that.
    pub(super) prints: Vec<String>,
    pub(super) status: Status,
}

/// Where a branch belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Parent {
    pub(super) strand: u32,
    /// Which branch of its fork, from 0.
    pub(super) number: usize,
}

/// What a strand does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// It can go on.
    Ready,
    /// It waits for an answer.
    Asks,
    /// It waits for its branches.
    Forked(Forked),
    /// The entry point has returned.
    Ended(Value),
}

/// A fork in progress.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Forked {
    /// How many branches there are.
    pub(super) count: usize,
    /// How many have begun.
    pub(super) begun: usize,
    /// What those yielded that have ended, by number.
    pub(super) yields: BTreeMap<usize, Value>,
    /// The first branch by number that ended with an error. Those behind it are ended, and none begins any more.
    pub(super) failed: Option<(usize, RunError)>,
}

/// A context, and what of it has been told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct OpenContext {
    /// As events number it.
    pub(super) number: u32,
    pub(super) context: Arc<Context>,
    pub(super) told: Told,
}

impl Strand {
    /// The strand that a run begins with.
    pub(super) fn main() -> Strand {
        Strand {
            id: 0,
            parent: None,
            path: StrandPath::default(),
            draws: 0,
            asks: 0,
            frames: Vec::new(),
            below: 0,
            contexts: vec![OpenContext::default()],
            prints: Vec::new(),
            status: Status::Ready,
        }
    }

    /// Names the ask that it made last.
    pub(super) fn ask_id(&self) -> AskId {
        AskId { strand: self.path.clone(), ordinal: self.asks }
    }

    /// The path of the next random stream, or the number of the next fork.
    pub(super) fn draw(&mut self) -> Vec<u64> {
        self.draws += 1;
        self.drawn()
    }

    /// The path that was drawn last.
    pub(super) fn drawn(&self) -> Vec<u64> {
        self.path.numbers().iter().copied().chain([self.draws]).collect()
    }

    pub(super) fn instruction<'p>(&self, program: &'p ir::Program) -> Option<&'p Inst> {
        self.frames.last()?.instruction(program)
    }

    /// The context of its innermost frame.
    pub(super) fn context(&self) -> Option<&OpenContext> {
        self.contexts.get(self.frames.last()?.context)
    }

    /// The context of its innermost frame.
    pub(super) fn context_mut(&mut self) -> Option<&mut OpenContext> {
        self.contexts.get_mut(self.frames.last()?.context)
    }

    /// Drops the contexts that belong to no frame any more.
    pub(super) fn close_contexts(&mut self) {
        let last = self.frames.last().map_or(0, |frame| frame.context);
        self.contexts.truncate(last + 1);
    }

    /// Whether it goes on, or would if it were answered.
    pub(super) fn is_leaf(&self) -> bool {
        matches!(self.status, Status::Ready | Status::Asks)
    }

    /// Bytes of its values, texts and tokens.
    pub(super) fn size(&self) -> usize {
        let values = self.frames.iter().map(Frame::size);
        let yields = match &self.status {
            Status::Forked(forked) => forked.yields.values().map(Value::size).fold(0, usize::saturating_add),
            Status::Ended(value) => value.size(),
            Status::Ready | Status::Asks => 0,
        };
        let texts =
            self.contexts.iter().map(|open| open.context.text_len() + open.context.tokens().len() * 4);
        let prints = self.prints.iter().map(String::len);
        values.chain([yields]).chain(texts).chain(prints).fold(0, usize::saturating_add)
    }
}
