//! `try`: what an error of the program undoes, and where the run continues.
//!
//! A [`Handler`] is one open `try`: the end of its context and the values of some locals as they were. An
//! error unwinds frames, and ends branches, up to the innermost handler. What events have reported
//! in the meantime cannot be unsaid; [`Event::Caught`] says how much of it remains.

use std::sync::Arc;

use agentc_compiler::ir::{BlockId, Func, Inst, Local, Op};
use serde::{Deserialize, Serialize};

use super::Vm;
use super::strand::OpenContext;
use super::telling::Told;
use crate::context::Mark;
use crate::error::RunError;
use crate::trace::{Event, Place};
use crate::value::Value;

/// An open `try`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Handler {
    /// The instruction that opened it, which knows its handler.
    block: BlockId,
    inst: usize,
    /// What the locals were that it restores, in its order.
    values: Vec<Value>,
    mark: Mark,
    told: Told,
}

impl Handler {
    pub(super) fn values(&self) -> &[Value] {
        &self.values
    }

    /// Whether it can be one of a function's in a context.
    pub(super) fn fits(&self, func: &Func, open: &OpenContext) -> bool {
        let inst = func.blocks.get(self.block.index()).and_then(|block| block.insts.get(self.inst));
        match inst.map(|inst| &inst.op) {
            Some(Op::Try { restore, .. }) => {
                let told = self.told.pieces <= open.told.pieces && self.told.bytes <= open.told.bytes;
                restore.len() == self.values.len() && told && open.context.has(&self.mark)
            }
            _ => false,
        }
    }
}

impl Vm {
    pub(super) fn begin_try(&mut self, restore: &[Local]) {
        let values = restore.iter().map(|&local| self.get(local)).collect();
        let Some((context, mark, told)) =
            self.strand().context().map(|open| (open.number, open.context.mark(), open.told))
        else {
            return;
        };
        if let Some(frame) = self.strand_mut().frames.last_mut() {
            let (block, inst) = (frame.block, frame.inst);
            frame.handlers.push(Handler { block, inst, values, mark, told });
            restore.iter().for_each(|local| frame.owned.drop(*local));
        }
        self.tell(Event::TryStart { context });
    }

    pub(super) fn end_try(&mut self) {
        let context = self.context_number();
        let open = self.strand_mut().frames.last_mut().and_then(|frame| frame.handlers.pop());
        if open.is_some() {
            self.tell(Event::TryEnd { context });
        }
    }

    /// Goes on with the innermost handler if the error is one that it catches. What no handler of a branch catches
    /// is the error of its fork.
    pub(super) fn catch(&mut self, error: RunError) -> Result<(), RunError> {
        if !error.fault.is_caught() {
            return Err(error);
        }
        let strand = self.strand_mut();
        let Some(catcher) = strand.frames.iter().rposition(|frame| !frame.handlers.is_empty()) else {
            return self.fail_branch(error);
        };
        strand.frames.truncate(catcher + 1);
        strand.close_contexts();
        let handler = strand.frames.last_mut().and_then(|frame| frame.handlers.pop());
        match handler {
            Some(handler) => self.handle(handler, error),
            None => Err(error),
        }
    }

    /// Whether an error of the running strand would be caught by one that it descends from.
    pub(super) fn is_caught_above(&self) -> bool {
        let handles =
            |at: usize| self.state.strands[at].frames.iter().any(|frame| !frame.handlers.is_empty());
        self.ancestry().skip(1).any(handles)
    }

    fn handle(&mut self, handler: Handler, error: RunError) -> Result<(), RunError> {
        let program = self.program.clone();
        let func = self.strand().frames.last().and_then(|frame| program.funcs.get(frame.func.index()));
        let opener = func.and_then(|func| func.blocks.get(handler.block.index())?.insts.get(handler.inst));
        let Some(Inst { op: Op::Try { handler: block, error: local, restore }, .. }) = opener else {
            return Err(error);
        };
        if let Some(open) = self.strand_mut().context_mut() {
            Arc::make_mut(&mut open.context).undo(&handler.mark);
            open.told = handler.told;
        }
        for (local, value) in restore.iter().zip(handler.values) {
            self.set(*local, value);
        }
        let place = self.place(error.span.unwrap_or_default());
        if let Some(local) = local {
            self.set(*local, value(&error, &place));
        }
        if let Some(frame) = self.strand_mut().frames.last_mut() {
            (frame.block, frame.inst) = (*block, 0);
        }
        let (context, kept) = (self.context_number(), handler.told.bytes);
        let (code, message) = (error.fault.code(), error.fault.to_string());
        self.tell(Event::Caught { context, kept, code, message, place });
        Ok(())
    }
}

/// What a handler sees of an error: `{code, message, span: {file, line, column}}`.
fn value(error: &RunError, place: &Place) -> Value {
    let number = |n: usize| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
    let span = Value::record(vec![
        ("file".to_owned(), place.file.as_str().into()),
        ("line".to_owned(), number(place.line)),
        ("column".to_owned(), number(place.column)),
    ]);
    Value::record(vec![
        ("code".to_owned(), error.fault.code().into()),
        ("message".to_owned(), error.fault.to_string().into()),
        ("span".to_owned(), span),
    ])
}
