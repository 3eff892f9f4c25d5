//! The interpreter: a tree of strands over the IR, without I/O.
//!
//! [`Vm::run`] lets every strand go on until all that is left has to come from outside. It returns all that is asked
//! then, and goes on with each strand that is answered ([`Vm::answer`]); answers may come in any order. All of its state
//! is data ([`State`]), so a run can be written down while it waits and taken up again elsewhere. A machine never
//! panics on a valid program; what a program does wrong is a [`RunError`] with the span of the instruction.
//!
//! Strands are in `strand`, and what makes and ends them in `fork`; calls are frames (`frame`), in which a `try`
//! remembers what to go back to (`handler`). What is asked and how it is answered is in `asking` and `generate`, what is told
//! of it in `telling`, the pure instructions are in `ops` and `builtin`, and what they cost in `work`.

mod asking;
mod builtin;
mod fork;
mod frame;
mod generate;
mod handler;
mod ops;
mod sound;
mod strand;
mod telling;
mod work;

use std::sync::Arc;

use agentc_compiler::ir::{self, BinOp, Func, FuncId, Inst, Local, Op, Term, TextOrigin};
use agentc_compiler::source::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use self::builtin::Regexes;
use self::strand::{OpenContext, Status, Strand};
use self::telling::Live;
use crate::ask::{Ask, AskId};
use crate::context::Context;
use crate::error::{Fault, Operand, RunError};
use crate::limits::{Limit, Limits};
use crate::sample::Sampling;
use crate::trace::{Event, Place};
use crate::value::Value;
use crate::value::read::Reading;

/// Instructions and jumps between two pauses: about a millisecond.
const PAUSE: u64 = 10_000;

/// What came of letting a machine run.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// What has happened, in order.
    pub events: Vec<Event>,
    /// What is asked that was not asked before.
    pub asks: Vec<Ask>,
    /// Asks that nobody waits for any more.
    pub withdrawn: Vec<AskId>,
    /// How it stands now.
    pub phase: Phase,
}

/// Whether a machine can go on.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    /// Run on. It has paused so that its caller can look at the clock, or at what has happened.
    Ready,
    /// Every strand waits for an answer.
    Waiting,
    /// The entry point returned.
    Done(Value),
}

/// What a run sets for every generation that does not say otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Defaults {
    /// The run's seed.
    pub seed: u64,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// The same for generations of other models, in the order of [`ir::Program::models`].
    pub models: Vec<ModelDefaults>,
}

/// What a named model sets otherwise than the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelDefaults {
    /// Its seed.
    pub seed: u64,
    /// Its temperature.
    pub temp: f64,
}

/// All that a machine knows, as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// In the order of their beginning, the main strand first.
    strands: Vec<Strand>,
    next_strand: u32,
    next_context: u32,
    defaults: Defaults,
    steps: u64,
}

impl State {
    /// Bytes of its values and texts, which share nothing once they are written down.
    pub fn size(&self) -> usize {
        self.strands.iter().map(Strand::size).fold(0, usize::saturating_add)
    }
}

/// See the module's description.
#[derive(Debug, Clone)]
pub struct Vm {
    program: Arc<ir::Program>,
    limits: Limits,
    state: State,
    /// Index of the strand that runs.
    current: usize,
    /// What nobody has seen yet: what has happened, what is asked, and what is asked no more.
    events: Vec<Event>,
    asks: Vec<Ask>,
    withdrawn: Vec<AskId>,
    /// Strands whose asks have been seen.
    asked: FxHashSet<u32>,
    /// What has been told of generations in progress, by context.
    live: FxHashMap<u32, Live>,
    regexes: Regexes,
    /// What constants are that have been read. No part of the state: a machine that goes on computes them again.
    constants: FxHashMap<FuncId, Value>,
    /// Where instructions stand whose events have been told.
    places: FxHashMap<Span, Place>,
}

impl Vm {
    /// A machine before the first instruction of a function, in a context of its own. `args` are one for each
    /// of its parameters.
    pub fn new(
        program: Arc<ir::Program>,
        func: FuncId,
        args: Vec<Value>,
        defaults: Defaults,
        limits: Limits,
    ) -> Vm {
        let strands = vec![Strand::main()];
        let state = State { strands, next_strand: 1, next_context: 1, defaults, steps: 0 };
        let mut vm = Vm::of_state(program, state, limits);
        vm.push_frame(func, args, 0);
        vm
    }

    /// A machine that goes on where another stopped. What that waited for it asks again.
    pub fn resume(program: Arc<ir::Program>, state: State, limits: Limits) -> Result<Vm, Fault> {
        sound::check(&program, &state)?;
        Ok(Vm::of_state(program, state, limits))
    }

    fn of_state(program: Arc<ir::Program>, state: State, limits: Limits) -> Vm {
        Vm {
            program,
            limits,
            state,
            current: 0,
            events: Vec::new(),
            asks: Vec::new(),
            withdrawn: Vec::new(),
            asked: FxHashSet::default(),
            live: FxHashMap::default(),
            regexes: Regexes::default(),
            constants: FxHashMap::default(),
            places: FxHashMap::default(),
        }
    }

    /// All there is to write down.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The function that the run began with.
    pub fn entry(&self) -> FuncId {
        self.main().frames.first().map_or(self.program.entry, |frame| frame.func)
    }

    /// The context of that number, while it is open.
    pub fn context(&self, number: u32) -> Option<&Arc<Context>> {
        self.open_context(number).map(|open| &open.context)
    }

    /// How many pieces of a context have been told.
    pub fn told(&self, number: u32) -> usize {
        self.open_context(number).map_or(0, |open| open.told.pieces)
    }

    /// The entry point's captures that are bound, by name.
    pub fn captures(&self) -> Vec<(String, Value)> {
        let Some(frame) = self.main().frames.first() else { return Vec::new() };
        let captures = &self.program.funcs[frame.func.index()].captures;
        let bound = captures.iter().filter(|(_, local)| frame.locals[local.index()] != Value::Null);
        bound.map(|(name, local)| (name.clone(), frame.locals[local.index()].clone())).collect()
    }

    /// Runs until something has to come from outside. The frame of the entry point stays after its end.
    pub fn run(&mut self) -> Result<Turn, RunError> {
        let program = self.program.clone();
        self.take_up(&program)?;
        let pause = self.state.steps.saturating_add(PAUSE);
        while self.state.steps < pause && self.events.is_empty() {
            if self.strand().status != Status::Ready {
                let is_ready = |strand: &Strand| strand.status == Status::Ready;
                match self.state.strands.iter().position(is_ready) {
                    Some(at) => self.current = at,
                    None => return Ok(self.turn()),
                }
            }
            if let Err(error) = self.step(&program) {
                self.catch(error)?;
            }
        }
        Ok(self.turn())
    }

    fn turn(&mut self) -> Turn {
        let phase = match &self.main().status {
            Status::Ended(value) => Phase::Done(value.clone()),
            _ if self.state.strands.iter().any(|strand| strand.status == Status::Ready) => Phase::Ready,
            _ => Phase::Waiting,
        };
        let (events, asks) = (std::mem::take(&mut self.events), std::mem::take(&mut self.asks));
        Turn { events, asks, withdrawn: std::mem::take(&mut self.withdrawn), phase }
    }

    /// One instruction of the running strand, or the way out of a block.
    fn step(&mut self, program: &ir::Program) -> Result<(), RunError> {
        let Some(frame) = self.strand().frames.last() else { return Ok(()) };
        let func = &program.funcs[frame.func.index()];
        let block = &func.blocks[frame.block.index()];
        match block.insts.get(frame.inst) {
            Some(inst) => self.exec(program, inst),
            None => self.leave_block(program, func, &block.term),
        }
    }

    fn exec(&mut self, program: &ir::Program, inst: &Inst) -> Result<(), RunError> {
        let at = |fault: Fault| RunError::at(inst.span, fault);
        let frame = self.strand().frames.last();
        let work = frame.map_or(0, |frame| work::reading(&inst.op, &frame.locals, &frame.owned));
        self.spend(1 + work).map_err(at)?;
        match &inst.op {
            Op::Gen(_) | Op::Context { .. } | Op::ToolCall { .. } | Op::CallGen(_) | Op::Score { .. } => {
                return self.ask(program, inst).map_err(at);
            }
            Op::Call { func, args, .. } => return self.call(program, *func, args).map_err(at),
            Op::Fork { dst, over, .. } => return self.fork(program, *dst, over),
            Op::Try { restore, .. } => self.begin_try(restore),
            Op::EndTry => self.end_try(),
            Op::Print { src } => {
                let text = self.print(*src).map_err(at)?;
                self.tell_print(text);
            }
            Op::BoundReached { max } => self.note_bound(*max, inst.span),
            Op::Text { src, origin } => self.write(*src, *origin).map_err(at)?,
            Op::OpenRole { role } => self.with_context(|context| context.open(*role, inst.span)),
            Op::CloseRole => self.with_context(Context::close),
            Op::Expect { cond, message, operands } => {
                self.expect(*cond, *message, operands).map_err(at)?;
            }
            Op::Fail { message } => {
                let message = self.print(*message).map_err(at)?;
                return Err(at(Fault::Fail { message }));
            }
            pure => self.compute(pure).map_err(at)?,
        }
        self.advance();
        Ok(())
    }

    fn compute(&mut self, op: &Op) -> Result<(), Fault> {
        match op {
            Op::Append { list, item } => self.grow(*list, *item, true),
            Op::Binary { dst, op: BinOp::Add, lhs, rhs } if dst == lhs && self.can_grow(*lhs) => {
                self.grow(*dst, *rhs, false)
            }
            op => {
                let strand = &mut self.state.strands[self.current];
                let Some(frame) = strand.frames.last_mut() else { return Ok(()) };
                let (dst, value) = ops::eval(op, &frame.locals, &self.limits, &mut self.regexes)?;
                frame.owned.lend(op, &value);
                self.state.steps += work::making(op, &value);
                self.set(dst, value);
                Ok(())
            }
        }
    }

    fn can_grow(&self, local: Local) -> bool {
        let frame = self.strand().frames.last();
        frame.is_some_and(|frame| matches!(frame.locals[local.index()], Value::List(_) | Value::Str(_)))
    }

    /// Puts one local's value behind another's, in place where that is nobody else's: `new` is an item, or what
    /// is to be joined.
    fn grow(&mut self, local: Local, new: Local, is_item: bool) -> Result<(), Fault> {
        let added = self.get(new);
        let strand = &mut self.state.strands[self.current];
        let Some(frame) = strand.frames.last_mut() else { return Ok(()) };
        let value = &mut frame.locals[local.index()];
        if is_item {
            if matches!(value, Value::Null) {
                *value = Value::list(Vec::new());
            }
            ops::extend(value, std::slice::from_ref(&added), &self.limits)?;
            frame.owned.drop(new);
        } else {
            ops::join(value, &added, &self.limits)?;
        }
        frame.owned.add(local);
        Ok(())
    }

    /// The end of the block that the machine is in, for what has no place of its own.
    fn place_in(&self, func: &Func) -> Span {
        let block = self.strand().frames.last().and_then(|frame| func.blocks.get(frame.block.index()));
        block.and_then(|block| block.insts.last()).map_or(func.span, |inst| inst.span)
    }

    fn count_step(&mut self, span: Span) -> Result<(), RunError> {
        self.spend(1).map_err(|fault| RunError::at(span, fault))
    }

    fn spend(&mut self, steps: u64) -> Result<(), Fault> {
        self.state.steps = self.state.steps.saturating_add(steps);
        if self.state.steps > self.limits.steps {
            return Err(Fault::Limit { what: Limit::Steps, limit: self.limits.steps });
        }
        Ok(())
    }

    /// A value as text.
    fn print(&self, local: Local) -> Result<String, Fault> {
        ops::print([self.get(local)], &self.limits)
    }

    /// Follows a terminator.
    fn leave_block(&mut self, program: &ir::Program, func: &Func, term: &Term) -> Result<(), RunError> {
        let next = match term {
            Term::Jump(block) => *block,
            Term::Branch { cond, then, .. } if self.get(*cond) == Value::Bool(true) => *then,
            Term::Branch { otherwise, .. } => *otherwise,
            Term::Return(value) => {
                self.state.steps += 1;
                let value = value.map_or(Value::Null, |local| self.get(local));
                return self.leave_func(program, value);
            }
            Term::Yield(value) => {
                self.count_step(self.place_in(func))?;
                let value = value.map_or(Value::Null, |local| self.get(local));
                return self.end_branch(program, value);
            }
        };
        self.count_step(self.place_in(func))?;
        if let Some(frame) = self.strand_mut().frames.last_mut() {
            (frame.block, frame.inst) = (next, 0);
        }
        Ok(())
    }

    fn write(&mut self, src: Local, origin: TextOrigin) -> Result<(), Fault> {
        let text = self.print(src)?;
        let limit = self.limits.value_size;
        if self.strand().context().is_some_and(|open| open.context.text_len() + text.len() > limit) {
            return Err(Fault::Limit { what: Limit::ContextSize, limit: limit as u64 });
        }
        self.with_context(|context| context.write(&text, origin));
        Ok(())
    }

    fn expect(&self, cond: Local, message: Option<Local>, operands: &[(Span, Local)]) -> Result<(), Fault> {
        if self.get(cond) == Value::Bool(true) {
            return Ok(());
        }
        let message = message.map(|local| self.print(local)).transpose()?;
        let operand = |&(span, local): &(Span, Local)| Operand { span, value: self.get(local) };
        Err(Fault::Expect {
            message: message.unwrap_or_else(|| "an expectation does not hold".to_owned()),
            operands: operands.iter().map(operand).collect(),
        })
    }

    fn note_bound(&mut self, max: Local, span: Span) {
        let max = self.get(max).as_int().unwrap_or_default();
        let (context, place) = (self.context_number(), self.place(span));
        self.tell(Event::BoundReached { context, max, place });
    }

    fn reading<'p>(&self, program: &'p ir::Program) -> Reading<'p> {
        Reading::new(&program.types, &self.limits)
    }

    fn get(&self, local: Local) -> Value {
        self.strand().frames.last().map_or(Value::Null, |frame| frame.locals[local.index()].clone())
    }

    fn set(&mut self, local: Local, value: Value) {
        if let Some(frame) = self.strand_mut().frames.last_mut() {
            frame.locals[local.index()] = value;
            frame.owned.drop(local);
        }
    }

    fn advance(&mut self) {
        if let Some(frame) = self.strand_mut().frames.last_mut() {
            frame.inst += 1;
        }
    }

    /// The running function's context, as events number it.
    fn context_number(&self) -> u32 {
        self.strand().context().map_or(0, |open| open.number)
    }

    fn with_context(&mut self, change: impl FnOnce(&mut Context)) {
        if let Some(open) = self.strand_mut().context_mut() {
            // Branches begin with the context of their fork, and copy it when they first write.
            change(Arc::make_mut(&mut open.context));
        }
    }

    fn open_context(&self, number: u32) -> Option<&OpenContext> {
        let mut contexts = self.state.strands.iter().flat_map(|strand| &strand.contexts);
        contexts.find(|open| open.number == number)
    }

    fn main(&self) -> &Strand {
        &self.state.strands[0]
    }

    /// The strand that runs.
    fn strand(&self) -> &Strand {
        &self.state.strands[self.current]
    }

    fn strand_mut(&mut self) -> &mut Strand {
        &mut self.state.strands[self.current]
    }

    /// Where the strand of that number is.
    fn index(&self, id: u32) -> Option<usize> {
        self.state.strands.binary_search_by_key(&id, |strand| strand.id).ok()
    }

    /// The running strand and those that it descends from, as indices.
    fn ancestry(&self) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(self.current), |at| self.index(self.state.strands[*at].parent?.strand))
    }
}
