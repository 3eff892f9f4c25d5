//! The interpreter: explicit frames over the IR, without I/O.
//!
//! [`Vm::run`] goes on until something has to come from outside: it returns what it asks, and waits until
//! [`Vm::answer`]. All of its state is data ([`State`]), so a run can be written down while it waits and
//! taken up again elsewhere. A machine never panics on a valid program; what a program does wrong is a
//! [`RunError`] with the span of the instruction.

mod builtin;
mod ops;

use std::sync::Arc;

use agentc_compiler::ir::{self, BlockId, Func, FuncId, FuncKind, GenOption, Inst, Local, Op, Origin, Term};
use serde::{Deserialize, Serialize};

use crate::ask::{GenAnswer, GenAsk};
use crate::context::Context;
use crate::error::{Fault, RunError};
use crate::limits::Limits;
use crate::sample::{Sampling, Stream};
use crate::value::{self, Value};

/// Instructions and jumps between two pauses: about a millisecond.
const PAUSE: u64 = 10_000;

/// Where a machine stopped.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// It waits for an answer.
    Ask(Box<GenAsk>),
    /// `print`; run on.
    Print(String),
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
}

/// All that a machine knows, as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    frames: Vec<Frame>,
    /// One for each open call of an agent, the entry point's first.
    contexts: Vec<(u32, Context)>,
    next_context: u32,
    defaults: Defaults,
    asks: u64,
    waiting: Option<u64>,
    steps: u64,
}

/// A call in progress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Frame {
    func: FuncId,
    block: BlockId,
    /// The next instruction; the number of instructions is the terminator.
    inst: usize,
    locals: Vec<Value>,
    /// Index of its context.
    context: usize,
    /// Where the caller wants the result.
    result: Option<Local>,
}

/// See the module's description.
#[derive(Debug, Clone)]
pub struct Vm {
    program: Arc<ir::Program>,
    limits: Limits,
    state: State,
}

impl Vm {
    /// A machine before the first instruction. `args` are those of the entry point, one per parameter.
    pub fn new(program: Arc<ir::Program>, args: Vec<Value>, defaults: Defaults, limits: Limits) -> Vm {
        let entry = program.entry;
        Vm::of_func(program, entry, args, defaults, limits)
    }

    /// A machine for one function of a program, such as the default of an input.
    pub(crate) fn of_func(
        program: Arc<ir::Program>,
        func: FuncId,
        args: Vec<Value>,
        defaults: Defaults,
        limits: Limits,
    ) -> Vm {
        let contexts = vec![(0, Context::default())];
        let state = State {
            frames: Vec::new(),
            contexts,
            next_context: 1,
            defaults,
            asks: 0,
            waiting: None,
            steps: 0,
        };
        let mut vm = Vm { program, limits, state };
        vm.push_frame(func, args, 0, None);
        vm
    }

    /// A machine that goes on where another stopped.
    pub fn resume(program: Arc<ir::Program>, state: State, limits: Limits) -> Result<Vm, Fault> {
        check_state(&program, &state)?;
        Ok(Vm { program, limits, state })
    }

    /// All there is to write down.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The context of that number, while it is open.
    pub fn context(&self, number: u32) -> Option<&Context> {
        self.state.contexts.iter().find(|(id, _)| *id == number).map(|(_, context)| context)
    }

    /// Whether the running function's context ends in text that no generation has read yet.
    pub fn has_pending_text(&self) -> bool {
        let context = self.state.frames.last().and_then(|frame| self.state.contexts.get(frame.context));
        context.is_some_and(|(_, context)| !context.pending().is_empty())
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
            match block.insts.get(frame.inst) {
                Some(inst) => {
                    if let Some(step) = self.exec(&program, inst)? {
                        return Ok(step);
                    }
                }
                None => {
                    if let Some(value) = self.leave_block(func, &block.term)? {
                        return Ok(Step::Done(value));
                    }
                }
            }
        }
        Ok(Step::Pause)
    }

    /// Takes in what the model wrote; answers the parsed value.
    pub fn answer(&mut self, id: u64, answer: GenAnswer) -> Result<Value, RunError> {
        let program = self.program.clone();
        let inst = self.instruction(&program).filter(|_| self.state.waiting == Some(id));
        let Some(Inst { op: Op::Gen(r#gen), span }) = inst else {
            return Err(RunError::of_run(Fault::Input { message: format!("nobody waits for answer {id}") }));
        };
        let value = value::parse(&answer.text, &r#gen.ty).ok_or_else(|| {
            RunError::at(*span, Fault::NotOfType { name: r#gen.name.clone(), text: answer.text.clone() })
        })?;
        self.state.waiting = None;
        if let Some(context) = self.current_context() {
            context.settle(answer.tokens, answer.text);
        }
        self.set(r#gen.dst, value.clone());
        self.advance();
        Ok(value)
    }

    fn exec(&mut self, program: &ir::Program, inst: &Inst) -> Result<Option<Step>, RunError> {
        self.count_step(inst)?;
        let at = |fault: Fault| RunError::at(inst.span, fault);
        match &inst.op {
            Op::Gen(r#gen) => {
                return self.ask(r#gen, inst).map(|ask| Some(Step::Ask(Box::new(ask)))).map_err(at);
            }
            Op::Call { dst, func, args } => {
                return self.call(program, *dst, *func, args).map(|()| None).map_err(at);
            }
            Op::Print { src } => {
                let text = self.get(*src).to_string();
                self.advance();
                return Ok(Some(Step::Print(text)));
            }
            Op::Text { src, origin } => self.write(*src, *origin).map_err(at)?,
            Op::OpenRole { role } => self.with_context(|context| context.open(*role)),
            Op::CloseRole => self.with_context(Context::close),
            Op::Expect { cond, message } => self.expect(*cond, *message).map_err(at)?,
            Op::Fail { message } => return Err(at(Fault::Fail { message: self.get(*message).to_string() })),
            pure => {
                let frame = self.state.frames.last().map(|frame| frame.locals.as_slice()).unwrap_or_default();
                let (dst, value) = ops::eval(pure, frame, &self.limits).map_err(at)?;
                self.state.steps += ops::work(pure, &value, frame);
                self.set(dst, value);
            }
        }
        self.advance();
        Ok(None)
    }

    fn count_step(&mut self, inst: &Inst) -> Result<(), RunError> {
        self.state.steps += 1;
        if self.state.steps > self.limits.steps {
            let fault = Fault::Limit { what: "instructions", limit: self.limits.steps };
            return Err(RunError::at(inst.span, fault));
        }
        Ok(())
    }

    /// Follows a terminator. The value of the entry point, if that is what ends.
    fn leave_block(&mut self, func: &Func, term: &Term) -> Result<Option<Value>, RunError> {
        self.state.steps += 1;
        let next = match term {
            Term::Jump(block) => *block,
            Term::Branch { cond, then, otherwise } => {
                if self.get(*cond) == Value::Bool(true) {
                    *then
                } else {
                    *otherwise
                }
            }
            Term::Return(value) => {
                let value = value.map_or(Value::Null, |local| self.get(local));
                return Ok(self.leave_func(func, value));
            }
        };
        if self.state.steps > self.limits.steps {
            let fault = Fault::Limit { what: "instructions", limit: self.limits.steps };
            return Err(RunError::at(func.span, fault));
        }
        if let Some(frame) = self.state.frames.last_mut() {
            (frame.block, frame.inst) = (next, 0);
        }
        Ok(None)
    }

    fn leave_func(&mut self, func: &Func, value: Value) -> Option<Value> {
        if self.state.frames.len() == 1 {
            return Some(value);
        }
        let frame = self.state.frames.pop()?;
        if func.kind == FuncKind::Agent {
            self.state.contexts.pop();
        }
        if let Some(dst) = frame.result {
            self.set(dst, value);
        }
        self.advance();
        None
    }

    fn call(&mut self, program: &ir::Program, dst: Local, func: FuncId, args: &[Local]) -> Result<(), Fault> {
        if self.state.frames.len() >= self.limits.frames {
            return Err(Fault::Limit { what: "open calls", limit: self.limits.frames as u64 });
        }
        let args = args.iter().map(|&arg| self.get(arg)).collect();
        let context = match program.funcs[func.index()].kind {
            FuncKind::Agent => {
                self.state.contexts.push((self.state.next_context, Context::default()));
                self.state.next_context += 1;
                self.state.contexts.len() - 1
            }
            FuncKind::Fn | FuncKind::Main => self.state.frames.last().map_or(0, |frame| frame.context),
        };
        self.push_frame(func, args, context, Some(dst));
        Ok(())
    }

    fn push_frame(&mut self, func: FuncId, mut locals: Vec<Value>, context: usize, result: Option<Local>) {
        locals.resize(self.program.funcs[func.index()].locals.len(), Value::Null);
        self.state.frames.push(Frame { func, block: BlockId(0), inst: 0, locals, context, result });
    }

    fn write(&mut self, src: Local, origin: Origin) -> Result<(), Fault> {
        let text = self.get(src).to_string();
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

    fn expect(&self, cond: Local, message: Option<Local>) -> Result<(), Fault> {
        if self.get(cond) == Value::Bool(true) {
            return Ok(());
        }
        let message = message.map(|local| self.get(local).to_string());
        Err(Fault::Expect { message: message.unwrap_or_else(|| "an expectation does not hold".to_owned()) })
    }

    fn ask(&mut self, r#gen: &ir::Gen, inst: &Inst) -> Result<GenAsk, Fault> {
        if self.state.waiting.is_none() {
            self.state.asks += 1;
        }
        let id = self.state.asks;
        let context = self.state.frames.last().map_or(0, |frame| frame.context);
        let mut ask = GenAsk {
            id,
            context: self.state.contexts.get(context).map_or(0, |(number, _)| *number),
            name: r#gen.name.clone(),
            spec: r#gen.spec.clone(),
            bindings: r#gen.bindings.iter().map(|&local| texts(&self.get(local))).collect(),
            max: None,
            sampling: self.state.defaults.sampling.clone(),
            stream: Stream::new(self.state.defaults.seed, &[id]),
            heal: true,
            span: inst.span,
        };
        for &(option, local) in &r#gen.options {
            set_option(&mut ask, option, &self.get(local))?;
        }
        self.state.waiting = Some(id);
        Ok(ask)
    }

    fn instruction<'p>(&self, program: &'p ir::Program) -> Option<&'p Inst> {
        let frame = self.state.frames.last()?;
        program.funcs[frame.func.index()].blocks[frame.block.index()].insts.get(frame.inst)
    }

    fn get(&self, local: Local) -> Value {
        self.state.frames.last().map_or(Value::Null, |frame| frame.locals[local.index()].clone())
    }

    fn set(&mut self, local: Local, value: Value) {
        if let Some(frame) = self.state.frames.last_mut() {
            frame.locals[local.index()] = value;
        }
    }

    fn advance(&mut self) {
        if let Some(frame) = self.state.frames.last_mut() {
            frame.inst += 1;
        }
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

/// The texts that a hole's value stands for: a list's items, or the one value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        Value::Null => Vec::new(),
        one => vec![one.to_string()],
    }
}

fn set_option(ask: &mut GenAsk, option: GenOption, value: &Value) -> Result<(), Fault> {
    let bad = |option| Fault::BadOption { option, value: value.to_string() };
    let number = |option, range: std::ops::RangeInclusive<f64>| {
        value.as_float().filter(|x| range.contains(x)).ok_or_else(|| bad(option))
    };
    let count = |option| value.as_int().and_then(|n| u32::try_from(n).ok()).ok_or_else(|| bad(option));
    match option {
        GenOption::Max => ask.max = Some(count("max").ok().filter(|&max| max > 0).ok_or_else(|| bad("max"))?),
        GenOption::Temp => ask.sampling.temp = number("temp", 0.0..=f64::MAX)?,
        GenOption::TopP => ask.sampling.top_p = number("top_p", 0.0..=1.0)?,
        GenOption::TopK => ask.sampling.top_k = count("top_k")?,
        GenOption::MinP => ask.sampling.min_p = number("min_p", 0.0..=1.0)?,
        GenOption::Seed => {
            ask.stream = Stream::new(value.as_int().ok_or_else(|| bad("seed"))? as u64, &[]);
        }
        GenOption::Heal => ask.heal = value.as_bool().ok_or_else(|| bad("heal"))?,
    }
    Ok(())
}

/// A state that someone may have edited must not lead outside the program.
fn check_state(program: &ir::Program, state: &State) -> Result<(), Fault> {
    let fits = |frame: &Frame| {
        let func = program.funcs.get(frame.func.index())?;
        let block = func.blocks.get(frame.block.index())?;
        let inside = frame.inst <= block.insts.len() && frame.context < state.contexts.len();
        (inside && frame.locals.len() == func.locals.len()).then_some(())
    };
    let results = state.frames.windows(2).all(|pair| {
        let caller = &program.funcs.get(pair[0].func.index());
        caller.is_some_and(|func| pair[1].result.is_none_or(|local| local.index() < func.locals.len()))
    });
    if state.frames.is_empty() || !results || !state.frames.iter().all(|frame| fits(frame).is_some()) {
        return Err(Fault::Input { message: "the saved run does not belong to this program".to_owned() });
    }
    Ok(())
}
