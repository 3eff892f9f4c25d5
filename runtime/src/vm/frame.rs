//! Calls in progress.

use agentc_compiler::ir::{self, BlockId, FuncId, FuncKind, Inst, Local, Op};
use serde::{Deserialize, Serialize};

use super::Vm;
use super::handler::Handler;
use super::strand::{OpenContext, Status};
use super::work::Owned;
use crate::error::{Fault, RunError};
use crate::limits::Limit;
use crate::trace::Event;
use crate::value::Value;

/// A call in progress, or the body of a branch. The frame below it stands at the call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Frame {
    pub(super) func: FuncId,
    pub(super) block: BlockId,
    /// The next instruction; the number of instructions is the terminator.
    pub(super) inst: usize,
    pub(super) locals: Vec<Value>,
    #[serde(default, skip_serializing_if = "Owned::is_empty")]
    pub(super) owned: Owned,
    /// Index of its context in its strand. Contexts are opened and closed with frames, so none below has a greater one.
    pub(super) context: usize,
    /// The open `try` blocks, the innermost last.
    pub(super) handlers: Vec<Handler>,
}

impl Frame {
    /// A frame before the first instruction of a block.
    pub(super) fn new(func: FuncId, block: BlockId, locals: Vec<Value>, context: usize) -> Frame {
        Frame { func, block, inst: 0, locals, owned: Owned::default(), context, handlers: Vec::new() }
    }

    /// Bytes of all values that it holds.
    pub(super) fn size(&self) -> usize {
        let kept = self.handlers.iter().flat_map(Handler::values);
        self.locals.iter().chain(kept).map(Value::size).fold(0, usize::saturating_add)
    }

    pub(super) fn instruction<'p>(&self, program: &'p ir::Program) -> Option<&'p Inst> {
        program.funcs.get(self.func.index())?.blocks.get(self.block.index())?.insts.get(self.inst)
    }
}

impl Vm {
    pub(super) fn push_frame(&mut self, func: FuncId, mut locals: Vec<Value>, context: usize) {
        locals.resize(self.program.funcs[func.index()].locals.len(), Value::Null);
        self.strand_mut().frames.push(Frame::new(func, BlockId(0), locals, context));
    }

    pub(super) fn call(&mut self, program: &ir::Program, func: FuncId, args: &[Local]) -> Result<(), Fault> {
        if let Some(value) = self.constants.get(&func).cloned() {
            self.take_result(program, value);
            return Ok(());
        }
        self.check_room(self.strand().below + self.strand().frames.len())?;
        let locals = args.iter().map(|&arg| self.get(arg)).collect();
        if let Some(frame) = self.strand_mut().frames.last_mut() {
            args.iter().for_each(|arg| frame.owned.drop(*arg));
        }
        let context = match program.funcs[func.index()].kind {
            FuncKind::Agent | FuncKind::Test => self.open_agent(program, func),
            FuncKind::Fn | FuncKind::Main => self.strand().frames.last().map_or(0, |frame| frame.context),
        };
        self.push_frame(func, locals, context);
        Ok(())
    }

    /// Opens the context of an agent that is called, and tells of it.
    fn open_agent(&mut self, program: &ir::Program, func: FuncId) -> usize {
        let caller = self.context_number();
        let place = self.strand().instruction(program).map(|inst| inst.span).unwrap_or_default();
        let place = self.place(place);
        let agent = program.funcs[func.index()].name.clone();
        let number = self.number_context();
        self.tell_call(Event::AgentStart { context: number, caller, agent, place });
        let contexts = &mut self.strand_mut().contexts;
        contexts.push(OpenContext { number, ..OpenContext::default() });
        contexts.len() - 1
    }

    /// The number of a context that is about to be opened.
    pub(super) fn number_context(&mut self) -> u32 {
        self.state.next_context += 1;
        self.state.next_context - 1
    }

    /// Whether another frame may be opened over so many.
    pub(super) fn check_room(&self, frames: usize) -> Result<(), Fault> {
        if frames >= self.limits.frames {
            return Err(Fault::Limit { what: Limit::Frames, limit: self.limits.frames as u64 });
        }
        Ok(())
    }

    /// Returns from a function; the main strand ends where the entry point does.
    pub(super) fn leave_func(&mut self, program: &ir::Program, value: Value) -> Result<(), RunError> {
        let strand = self.strand_mut();
        if strand.frames.len() == 1 {
            if strand.parent.is_some() {
                return Err(stray("returns from"));
            }
            strand.status = Status::Ended(value);
            return Ok(());
        }
        let func = strand.frames.pop().map(|frame| frame.func);
        strand.close_contexts();
        let constant = |func: &FuncId| program.funcs.get(func.index()).is_some_and(|func| func.constant);
        if let Some(func) = func.filter(constant) {
            // Pure, it would be the same again, and constants made of constants would take exponential time.
            self.constants.insert(func, value.clone());
        }
        self.take_result(program, value);
        Ok(())
    }

    /// Goes on behind a call with its value.
    fn take_result(&mut self, program: &ir::Program, value: Value) {
        if let Some(Inst { op: Op::Call { dst, .. }, .. }) = self.strand().instruction(program) {
            self.set(*dst, value);
        }
        self.advance();
    }
}

/// A program that the compiler made, or that was validated, has no such thing.
pub(super) fn stray(what: &str) -> RunError {
    RunError::of_run(Fault::Input { message: format!("the program {what} a branch in the wrong place") })
}
