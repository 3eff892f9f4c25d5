//! The interpreter: explicit frames over the IR, without I/O.
//!
//! [`Vm::run`] goes on until something has to come from outside: it returns what it asks, and waits until
//! it is answered, or told that nobody can ([`Vm::refuse`]). All of its state is data ([`State`]), so a run
//! can be written down while it waits and taken up again elsewhere. A machine never panics on a valid
//! program; what a program does wrong is a [`RunError`] with the span of the instruction.
//!
//! Calls and branches are frames (`frame`, `branch`); a `try` remembers in its frame what to go back to
//! (`rescue`). What generations ask and how they are answered is in `generate`, the pure instructions are in
//! `ops` and `builtin`, and what they cost in `work`.

mod branch;
mod builtin;
mod frame;
mod generate;
mod ops;
mod rescue;
mod work;

use std::sync::Arc;

use agentc_compiler::ir::{self, BinOp, Func, FuncId, Inst, Later, Local, Op, Origin, Term};
use agentc_compiler::source::Span;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use self::builtin::Regexes;
use self::frame::{Frame, Lane};
use crate::ask::{Ask, TextAsk};
use crate::context::Context;
use crate::error::{Fault, Operand, RunError};
use crate::limits::Limits;
use crate::sample::Sampling;
use crate::trace::{Event, Place};
use crate::value::Value;
use crate::value::read::Reading;

/// Instructions and jumps between two pauses: about a millisecond.
const PAUSE: u64 = 10_000;

/// Where a machine stopped.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// It waits for an answer.
    Ask(Ask),
    /// This happened; run on.
    Tell(Vec<Event>),
    /// Nothing to answer: it ran for a while, and whoever runs it may want to look at the clock. Run on.
    Pause,
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
    frames: Vec<Frame>,
    /// One for each open call of an agent and each open branch, the entry point's first.
    contexts: Vec<(u32, Context)>,
    next_context: u32,
    defaults: Defaults,
    /// The random streams of what is in no branch.
    lane: Lane,
    asks: u64,
    waiting: Option<u64>,
    steps: u64,
}

impl State {
    /// Bytes of its values and texts, which share nothing once they are written down.
    pub fn size(&self) -> usize {
        let values = self.frames.iter().map(Frame::size);
        let texts = self.contexts.iter().map(|(_, context)| context.text_len() + context.tokens().len() * 4);
        values.chain(texts).fold(0, usize::saturating_add)
    }
}

/// See the module's description.
#[derive(Debug, Clone)]
pub struct Vm {
    program: Arc<ir::Program>,
    limits: Limits,
    state: State,
    /// What has happened since the last step.
    events: Vec<Event>,
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
        let state = State {
            frames: Vec::new(),
            contexts: vec![(0, Context::default())],
            next_context: 1,
            defaults,
            lane: Lane::default(),
            asks: 0,
            waiting: None,
            steps: 0,
        };
        let mut vm = Vm::of_state(program, state, limits);
        vm.push_frame(func, args, 0);
        vm
    }

    /// A machine that goes on where another stopped.
    pub fn resume(program: Arc<ir::Program>, state: State, limits: Limits) -> Result<Vm, Fault> {
        frame::check(&program, &state)?;
        Ok(Vm::of_state(program, state, limits))
    }

    fn of_state(program: Arc<ir::Program>, state: State, limits: Limits) -> Vm {
        let (events, regexes) = (Vec::new(), Regexes::default());
        let (constants, places) = (FxHashMap::default(), FxHashMap::default());
        Vm { program, limits, state, events, regexes, constants, places }
    }

    /// All there is to write down.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The function that the run began with.
    pub fn entry(&self) -> FuncId {
        self.state.frames.first().map_or(self.program.entry, |frame| frame.func)
    }

    /// The context of that number, while it is open.
    pub fn context(&self, number: u32) -> Option<&Context> {
        self.state.contexts.iter().find(|(id, _)| *id == number).map(|(_, context)| context)
    }

    /// Whether the running function's context ends in text that no event has told.
    pub fn has_untold_text(&self) -> bool {
        let context = self.state.frames.last().and_then(|frame| self.state.contexts.get(frame.context));
        context.is_some_and(|(_, context)| context.told() < context.pieces().len())
    }

    /// The entry point's captures that are bound, by name.
    pub fn captures(&self) -> Vec<(String, Value)> {
        let Some(frame) = self.state.frames.first() else { return Vec::new() };
        let captures = &self.program.funcs[frame.func.index()].captures;
        let bound = captures.iter().filter(|(_, local)| frame.locals[local.index()] != Value::Null);
        bound.map(|(name, local)| (name.clone(), frame.locals[local.index()].clone())).collect()
    }

    /// Runs until something has to come from outside. The frame of the entry point stays after its end.
    pub fn run(&mut self) -> Result<Step, RunError> {
        let program = self.program.clone();
        let pause = self.state.steps.saturating_add(PAUSE);
        while self.state.steps < pause {
            let Some(frame) = self.state.frames.last() else { return Ok(Step::Done(Value::Null)) };
            let func = &program.funcs[frame.func.index()];
            let block = &func.blocks[frame.block.index()];
            let step = match block.insts.get(frame.inst) {
                Some(inst) => self.exec(&program, inst),
                None => self.leave_block(&program, func, &block.term),
            };
            match step {
                Ok(Some(step)) => return Ok(step),
                Ok(None) => {}
                Err(error) => self.catch(error)?,
            }
            if !self.events.is_empty() {
                return Ok(Step::Tell(std::mem::take(&mut self.events)));
            }
        }
        Ok(Step::Pause)
    }

    /// Takes in that what it waits for cannot be had. A `try` may catch that: then the machine can run on,
    /// and this is what has happened.
    pub fn refuse(&mut self, error: RunError) -> Result<Vec<Event>, RunError> {
        self.state.waiting = None;
        self.catch(error)?;
        Ok(std::mem::take(&mut self.events))
    }

    /// Takes in the text of a context.
    pub fn answer_text(&mut self, id: u64, text: String) -> Result<(), RunError> {
        let program = self.program.clone();
        let Inst { op: Op::Context { dst }, span } = self.waiting(&program, id)? else {
            return Err(unasked(id));
        };
        let value = Value::str(text);
        ops::check_size(&value, &self.limits).map_err(|fault| RunError::at(*span, fault))?;
        self.state.waiting = None;
        self.state.steps += work::making(&Op::Context { dst: *dst }, &value);
        self.set(*dst, value);
        self.advance();
        Ok(())
    }

    fn exec(&mut self, program: &ir::Program, inst: &Inst) -> Result<Option<Step>, RunError> {
        let at = |fault: Fault| RunError::at(inst.span, fault);
        let frame = self.state.frames.last();
        let work = frame.map_or(0, |frame| work::reading(&inst.op, &frame.locals, &frame.owned));
        self.spend(1 + work).map_err(at)?;
        match &inst.op {
            Op::Gen(r#gen) => return self.ask_gen(program, r#gen, inst.span).map(Some).map_err(at),
            Op::Context { .. } => return Ok(Some(self.ask_text(inst.span))),
            Op::Call { func, args, .. } => {
                return self.call(program, *func, args).map(|()| None).map_err(at);
            }
            Op::Branch { dst, over, .. } => {
                return self.branch(program, *dst, over, inst.span).map(|()| None).map_err(at);
            }
            Op::Try { restore, .. } => self.begin_try(restore),
            Op::EndTry => self.end_try(),
            Op::Print { src } => {
                let text = self.print(*src).map_err(at)?;
                self.events.push(Event::Print { text });
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
            Op::ToolCall { tool, .. } => {
                let tool = program.tools.get(tool.index()).map_or("?", |tool| tool.name.as_str());
                return Err(at(not_yet(Later::Tool(tool.to_owned()))));
            }
            Op::CallGen(call) => return Err(at(not_yet(Later::Call(call.name.clone())))),
            Op::Score { .. } => return Err(at(not_yet(Later::Score))),
            pure => self.compute(pure).map_err(at)?,
        }
        self.advance();
        Ok(None)
    }

    fn compute(&mut self, op: &Op) -> Result<(), Fault> {
        match op {
            Op::Append { list, item } => self.grow(*list, *item, true),
            Op::Binary { dst, op: BinOp::Add, lhs, rhs } if dst == lhs && self.can_grow(*lhs) => {
                self.grow(*dst, *rhs, false)
            }
            op => {
                let Some(frame) = self.state.frames.last_mut() else { return Ok(()) };
                let (dst, value) = ops::eval(op, &frame.locals, &self.limits, &mut self.regexes)?;
                frame.owned.lend(op, &value);
                self.state.steps += work::making(op, &value);
                self.set(dst, value);
                Ok(())
            }
        }
    }

    fn can_grow(&self, local: Local) -> bool {
        let frame = self.state.frames.last();
        frame.is_some_and(|frame| matches!(frame.locals[local.index()], Value::List(_) | Value::Str(_)))
    }

    /// Puts one local's value behind another's, in place where that is nobody else's: `new` is an item, or what
    /// is to be joined.
    fn grow(&mut self, local: Local, new: Local, is_item: bool) -> Result<(), Fault> {
        let added = self.get(new);
        let Some(frame) = self.state.frames.last_mut() else { return Ok(()) };
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
        let block = self.state.frames.last().and_then(|frame| func.blocks.get(frame.block.index()));
        block.and_then(|block| block.insts.last()).map_or(func.span, |inst| inst.span)
    }

    fn count_step(&mut self, span: Span) -> Result<(), RunError> {
        self.spend(1).map_err(|fault| RunError::at(span, fault))
    }

    fn spend(&mut self, steps: u64) -> Result<(), Fault> {
        self.state.steps = self.state.steps.saturating_add(steps);
        if self.state.steps > self.limits.steps {
            return Err(Fault::Limit { what: "instructions", limit: self.limits.steps });
        }
        Ok(())
    }

    /// A value as text.
    fn print(&self, local: Local) -> Result<String, Fault> {
        ops::print([self.get(local)], &self.limits)
    }

    /// Follows a terminator. The end of the run, if that is what it is.
    fn leave_block(
        &mut self,
        program: &ir::Program,
        func: &Func,
        term: &Term,
    ) -> Result<Option<Step>, RunError> {
        let next = match term {
            Term::Jump(block) => *block,
            Term::Branch { cond, then, .. } if self.get(*cond) == Value::Bool(true) => *then,
            Term::Branch { otherwise, .. } => *otherwise,
            Term::Return(value) => {
                self.state.steps += 1;
                let value = value.map_or(Value::Null, |local| self.get(local));
                return Ok(self.leave_func(program, value).map(Step::Done));
            }
            Term::Yield(value) => {
                self.count_step(self.place_in(func))?;
                let value = value.map_or(Value::Null, |local| self.get(local));
                return self.end_branch(program, value).map(|()| None);
            }
        };
        self.count_step(self.place_in(func))?;
        if let Some(frame) = self.state.frames.last_mut() {
            (frame.block, frame.inst) = (next, 0);
        }
        Ok(None)
    }

    fn write(&mut self, src: Local, origin: Origin) -> Result<(), Fault> {
        let text = self.print(src)?;
        let limit = self.limits.value_size;
        let context = self.current_context();
        if context.as_ref().is_some_and(|context| context.text_len() + text.len() > limit) {
            return Err(Fault::Limit { what: "bytes in a context", limit: limit as u64 });
        }
        if let Some(context) = context {
            context.write(&text, origin);
        }
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
        self.events.push(Event::BoundReached { context, max, place });
    }

    /// Where something stands. Lines are counted once, since loops tell of the same places again and again.
    fn place(&mut self, span: Span) -> Place {
        self.places.entry(span).or_insert_with(|| Place::of(&self.program, span)).clone()
    }

    fn ask_text(&mut self, span: Span) -> Step {
        let id = self.next_ask();
        self.state.waiting = Some(id);
        Step::Ask(Ask::Text(TextAsk { id, context: self.context_number(), span }))
    }

    /// The number of the ask that is about to be made; the same one when a saved machine asks again.
    fn next_ask(&mut self) -> u64 {
        if self.state.waiting.is_none() {
            self.state.asks += 1;
        }
        self.state.asks
    }

    /// The instruction that waits for an answer.
    fn waiting<'p>(&self, program: &'p ir::Program, id: u64) -> Result<&'p Inst, RunError> {
        let inst = self.instruction(program).filter(|_| self.state.waiting == Some(id));
        inst.ok_or_else(|| unasked(id))
    }

    fn instruction<'p>(&self, program: &'p ir::Program) -> Option<&'p Inst> {
        self.state.frames.last()?.instruction(program)
    }

    fn reading<'p>(&self, program: &'p ir::Program) -> Reading<'p> {
        Reading::new(&program.types, &self.limits)
    }

    fn get(&self, local: Local) -> Value {
        self.state.frames.last().map_or(Value::Null, |frame| frame.locals[local.index()].clone())
    }

    fn set(&mut self, local: Local, value: Value) {
        if let Some(frame) = self.state.frames.last_mut() {
            frame.locals[local.index()] = value;
            frame.owned.drop(local);
        }
    }

    fn advance(&mut self) {
        if let Some(frame) = self.state.frames.last_mut() {
            frame.inst += 1;
        }
    }

    /// The running function's context, as events number it.
    fn context_number(&self) -> u32 {
        let context = self.state.frames.last().and_then(|frame| self.state.contexts.get(frame.context));
        context.map_or(0, |(number, _)| *number)
    }

    fn current_context(&mut self) -> Option<&mut Context> {
        let index = self.state.frames.last()?.context;
        self.state.contexts.get_mut(index).map(|(_, context)| context)
    }

    fn with_context(&mut self, change: impl FnOnce(&mut Context)) {
        if let Some(context) = self.current_context() {
            change(context);
        }
    }
}

fn not_yet(what: Later) -> Fault {
    Fault::NotYet { what }
}

fn unasked(id: u64) -> RunError {
    RunError::of_run(Fault::Input { message: format!("nobody waits for answer {id}") })
}
