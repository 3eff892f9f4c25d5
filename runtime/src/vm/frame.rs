//! Calls in progress, and the checks that a saved state must pass.

use agentc_compiler::ir::{self, BlockId, FuncId, FuncKind, Inst, Local, Op};
use serde::{Deserialize, Serialize};

use super::branch::Branch;
use super::rescue::Rescue;
use super::work::Owned;
use super::{State, Vm};
use crate::context::Context;
use crate::error::Fault;
use crate::trace::Event;
use crate::value::Value;

/// A call or a branch in progress. The frame below it stands at the instruction that opened it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Frame {
    pub(super) func: FuncId,
    pub(super) block: BlockId,
    /// The next instruction; the number of instructions is the terminator.
    pub(super) inst: usize,
    pub(super) locals: Vec<Value>,
    #[serde(default, skip_serializing_if = "Owned::is_empty")]
    pub(super) owned: Owned,
    /// Index of its context. Contexts are opened and closed with frames, so none below has a greater one.
    pub(super) context: usize,
    /// The open `try` blocks, the innermost last.
    pub(super) rescues: Vec<Rescue>,
    /// If it is a branch: which.
    pub(super) branch: Option<Branch>,
}

/// Where random numbers come from: a path that is the same whatever runs beside it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Lane {
    path: Vec<u64>,
    /// Generations and groups of branches so far.
    taken: u64,
}

impl Lane {
    /// The path of the next generation, or of the next group of branches.
    pub(super) fn take(&mut self) -> Vec<u64> {
        self.taken += 1;
        self.current()
    }

    /// The path that was taken last.
    pub(super) fn current(&self) -> Vec<u64> {
        self.path.iter().copied().chain([self.taken]).collect()
    }

    /// The lane of a branch, one of the group that was taken last.
    pub(super) fn of_branch(&self, number: usize) -> Lane {
        let path = self.current().into_iter().chain([number as u64]).collect();
        Lane { path, taken: 0 }
    }
}

impl Frame {
    /// Bytes of all values that it holds.
    pub(super) fn size(&self) -> usize {
        let kept = self.rescues.iter().flat_map(Rescue::values);
        let yielded = self.branch.iter().flat_map(Branch::yields);
        self.locals.iter().chain(kept).chain(yielded).map(Value::size).fold(0, usize::saturating_add)
    }

    pub(super) fn instruction<'p>(&self, program: &'p ir::Program) -> Option<&'p Inst> {
        program.funcs.get(self.func.index())?.blocks.get(self.block.index())?.insts.get(self.inst)
    }
}

impl Vm {
    pub(super) fn push_frame(&mut self, func: FuncId, mut locals: Vec<Value>, context: usize) {
        locals.resize(self.program.funcs[func.index()].locals.len(), Value::Null);
        self.state.frames.push(Frame {
            func,
            block: BlockId(0),
            inst: 0,
            locals,
            owned: Owned::default(),
            context,
            rescues: Vec::new(),
            branch: None,
        });
    }

    pub(super) fn call(&mut self, program: &ir::Program, func: FuncId, args: &[Local]) -> Result<(), Fault> {
        if let Some(value) = self.constants.get(&func).cloned() {
            self.take_result(program, value);
            return Ok(());
        }
        self.check_room()?;
        let locals = args.iter().map(|&arg| self.get(arg)).collect();
        if let Some(frame) = self.state.frames.last_mut() {
            args.iter().for_each(|arg| frame.owned.drop(*arg));
        }
        let context = match program.funcs[func.index()].kind {
            FuncKind::Agent | FuncKind::Test => self.open_agent(program, func),
            FuncKind::Fn | FuncKind::Main => self.state.frames.last().map_or(0, |frame| frame.context),
        };
        self.push_frame(func, locals, context);
        Ok(())
    }

    /// Opens the context of an agent that is called, and tells of it.
    fn open_agent(&mut self, program: &ir::Program, func: FuncId) -> usize {
        let (context, caller) = (self.state.next_context, self.context_number());
        let place = self.instruction(program).map(|inst| inst.span).unwrap_or_default();
        let place = self.place(place);
        let agent = program.funcs[func.index()].name.clone();
        self.events.push(Event::AgentStart { context, caller, agent, place });
        self.open_context(Context::default())
    }

    /// Whether another frame may be opened.
    pub(super) fn check_room(&self) -> Result<(), Fault> {
        if self.state.frames.len() >= self.limits.frames {
            return Err(Fault::Limit { what: "open calls", limit: self.limits.frames as u64 });
        }
        Ok(())
    }

    /// Opens a context for a new frame; its index.
    pub(super) fn open_context(&mut self, context: Context) -> usize {
        self.state.contexts.push((self.state.next_context, context));
        self.state.next_context += 1;
        self.state.contexts.len() - 1
    }

    /// Returns from a function; the value itself where the entry point does.
    pub(super) fn leave_func(&mut self, program: &ir::Program, value: Value) -> Option<Value> {
        if self.state.frames.len() == 1 {
            return Some(value);
        }
        let func = self.state.frames.pop().map(|frame| frame.func);
        let constant = |func: &FuncId| program.funcs.get(func.index()).is_some_and(|func| func.constant);
        if let Some(func) = func.filter(constant) {
            // Pure, it would be the same again, and constants made of constants would take exponential time.
            self.constants.insert(func, value.clone());
        }
        self.close_contexts();
        self.take_result(program, value);
        None
    }

    /// Goes on behind a call with its value.
    fn take_result(&mut self, program: &ir::Program, value: Value) {
        if let Some(Inst { op: Op::Call { dst, .. }, .. }) = self.instruction(program) {
            self.set(*dst, value);
        }
        self.advance();
    }

    /// Drops the contexts that belong to no frame any more.
    pub(super) fn close_contexts(&mut self) {
        let last = self.state.frames.last().map_or(0, |frame| frame.context);
        self.state.contexts.truncate(last + 1);
    }
}

/// What no counter of a run reaches, so that counting on cannot overflow.
const FAR: u64 = 1 << 48;

/// A state that someone may have edited must not lead outside the program.
pub(super) fn check(program: &ir::Program, state: &State) -> Result<(), Fault> {
    let frames = &state.frames;
    let sound = !frames.is_empty()
        && frames.iter().all(|frame| fits(program, state, frame))
        && frames.first().is_some_and(|frame| frame.branch.is_none())
        && frames.windows(2).all(|pair| opens(program, &pair[0], &pair[1]))
        && state.contexts.iter().all(|(_, context)| context.is_sound())
        && state.defaults.models.len() == program.models.len()
        && state.asks < FAR
        && state.steps < FAR
        && state.lane.taken < FAR
        && state.next_context < u32::MAX / 2;
    if sound {
        return Ok(());
    }
    Err(Fault::Input { message: "the saved run does not belong to this program".to_owned() })
}

fn fits(program: &ir::Program, state: &State, frame: &Frame) -> bool {
    let Some(func) = program.funcs.get(frame.func.index()) else { return false };
    let Some(block) = func.blocks.get(frame.block.index()) else { return false };
    let Some((_, context)) = state.contexts.get(frame.context) else { return false };
    frame.inst <= block.insts.len()
        && frame.locals.len() == func.locals.len()
        && frame.rescues.iter().all(|rescue| rescue.fits(func, context))
        && frame.branch.iter().all(|branch| branch.lane.taken < FAR && (branch.number as u64) < FAR)
}

/// Whether a frame stands at the instruction that opened the next one.
fn opens(program: &ir::Program, frame: &Frame, next: &Frame) -> bool {
    let opened = match frame.instruction(program).map(|inst| &inst.op) {
        Some(Op::Call { func, .. }) => next.branch.is_none() && next.func == *func,
        Some(Op::Branch { .. }) => next.branch.is_some() && next.func == frame.func,
        _ => false,
    };
    opened && frame.context <= next.context
}
