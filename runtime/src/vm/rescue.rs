//! `try`: what an error of the program undoes, and where the run continues.
//!
//! A [`Rescue`] is one open `try`: the end of its context and the values of some locals as they were. An
//! error unwinds frames, of calls and branches alike, up to the innermost rescue. What events have reported
//! in the meantime cannot be unsaid; [`Event::Caught`] says how much of it remains.

use agentc_compiler::ir::{BlockId, Func, Inst, Local, Op};
use serde::{Deserialize, Serialize};

use super::Vm;
use crate::context::{Context, Mark};
use crate::error::RunError;
use crate::trace::{Event, Place};
use crate::value::Value;

/// An open `try`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Rescue {
    /// The instruction that opened it, which knows its handler.
    block: BlockId,
    inst: usize,
    /// What the locals were that it restores, in its order.
    values: Vec<Value>,
    mark: Mark,
}

impl Rescue {
    pub(super) fn values(&self) -> &[Value] {
        &self.values
    }

    /// Whether it can be one of a function's in a context.
    pub(super) fn fits(&self, func: &Func, context: &Context) -> bool {
        let inst = func.blocks.get(self.block.index()).and_then(|block| block.insts.get(self.inst));
        match inst.map(|inst| &inst.op) {
            Some(Op::Try { restore, .. }) => restore.len() == self.values.len() && context.has(&self.mark),
            _ => false,
        }
    }
}

impl Vm {
    pub(super) fn begin_try(&mut self, restore: &[Local]) {
        let context = self.context_number();
        let values = restore.iter().map(|&local| self.get(local)).collect();
        let mark = self.current_context().map(|context| context.mark());
        if let (Some(mark), Some(frame)) = (mark, self.state.frames.last_mut()) {
            let (block, inst) = (frame.block, frame.inst);
            frame.rescues.push(Rescue { block, inst, values, mark });
            restore.iter().for_each(|local| frame.owned.drop(*local));
        }
        self.events.push(Event::TryStart { context });
    }

    pub(super) fn end_try(&mut self) {
        let context = self.context_number();
        let open = self.state.frames.last_mut().and_then(|frame| frame.rescues.pop());
        if open.is_some() {
            self.events.push(Event::TryEnd { context });
        }
    }

    /// Goes on with the handler of the innermost `try` if the error is one that it catches.
    pub(super) fn catch(&mut self, error: RunError) -> Result<(), RunError> {
        let catcher = self.state.frames.iter().rposition(|frame| !frame.rescues.is_empty());
        let Some(catcher) = catcher.filter(|_| error.fault.is_caught()) else { return Err(error) };
        let program = self.program.clone();
        self.unwind(catcher);
        let rescue = self.state.frames.last_mut().and_then(|frame| frame.rescues.pop());
        let Some(rescue) = rescue else { return Err(error) };
        let func = self.state.frames.last().and_then(|frame| program.funcs.get(frame.func.index()));
        let opener = func.and_then(|func| func.blocks.get(rescue.block.index())?.insts.get(rescue.inst));
        let Some(Inst { op: Op::Try { handler, error: local, restore }, .. }) = opener else {
            return Err(error);
        };
        self.with_context(|context| context.undo(&rescue.mark));
        for (local, value) in restore.iter().zip(rescue.values) {
            self.set(*local, value);
        }
        let place = self.place(error.span.unwrap_or_default());
        if let Some(local) = local {
            self.set(*local, value(&error, &place));
        }
        if let Some(frame) = self.state.frames.last_mut() {
            (frame.block, frame.inst) = (*handler, 0);
        }
        self.events.push(Event::Caught {
            context: self.context_number(),
            kept: rescue.mark.told_bytes(),
            code: error.fault.code(),
            message: error.fault.to_string(),
            place,
        });
        Ok(())
    }

    /// Drops all frames above one, and what belongs to them.
    fn unwind(&mut self, to: usize) {
        while self.state.frames.len() > to + 1 {
            let context = self.context_number();
            let frame = self.state.frames.pop();
            if frame.is_some_and(|frame| frame.branch.is_some()) {
                self.events.push(Event::BranchEnd { context, value: None });
            }
            self.close_contexts();
        }
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
