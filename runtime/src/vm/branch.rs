//! `aside` and `fork`: bodies that run in copies of their frame and its context, and yield a value.
//!
//! Branches run one after the other. None of them can tell: each begins with the same locals and the same
//! text, and draws its random numbers from a path of its own.

use agentc_compiler::ir::{self, Inst, Local, Op, Over};
use agentc_compiler::source::Span;
use serde::{Deserialize, Serialize};

use super::Vm;
use super::frame::{Frame, Lane};
use super::ops::{bad_operand, check_size, too_large};
use super::work::Owned;
use crate::error::{Fault, RunError};
use crate::trace::Event;
use crate::value::{ITEM, Value};

/// What makes a frame a branch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Branch {
    /// From 0.
    pub(super) number: usize,
    /// What the branches before it yielded.
    yields: Vec<Value>,
    pub(super) lane: Lane,
}

impl Branch {
    pub(super) fn yields(&self) -> &[Value] {
        &self.yields
    }
}

impl Vm {
    /// Begins the branches, if there are any.
    pub(super) fn branch(
        &mut self,
        program: &ir::Program,
        dst: Local,
        over: &Over,
        span: Span,
    ) -> Result<(), Fault> {
        let count = self.branches(over)?;
        if count.saturating_mul(ITEM) > self.limits.value_size {
            return Err(too_large(&self.limits));
        }
        self.lane().take();
        if count == 0 {
            self.set(dst, Value::list(Vec::new()));
            self.advance();
            return Ok(());
        }
        self.begin_branch(program, 0, Vec::new(), span)
    }

    /// How many branches there are.
    fn branches(&self, over: &Over) -> Result<usize, Fault> {
        match over {
            Over::Aside => Ok(1),
            Over::Count { count, .. } => match self.get(*count) {
                Value::Int(count) => Ok(usize::try_from(count.max(0)).unwrap_or(usize::MAX)),
                other => Err(bad_operand("fork", &other)),
            },
            Over::Each { items, .. } => match self.get(*items) {
                Value::List(items) => Ok(items.len()),
                other => Err(bad_operand("fork", &other)),
            },
        }
    }

    /// Opens the frame of a branch over the one that stands at the instruction.
    fn begin_branch(
        &mut self,
        program: &ir::Program,
        number: usize,
        yields: Vec<Value>,
        span: Span,
    ) -> Result<(), Fault> {
        self.check_room()?;
        let Some(Inst { op: Op::Branch { body, over, .. }, .. }) = self.instruction(program) else {
            return Ok(());
        };
        let lane = self.lane().of_branch(number);
        let parent = self.context_number();
        let Some(frame) = self.state.frames.last_mut() else { return Ok(()) };
        frame.owned.clear();
        let locals = locals_of(&frame.locals, over, number);
        let (func, block) = (frame.func, *body);
        let copy = self.state.contexts.get(frame.context).map(|(_, context)| context.clone());
        let copy = copy.unwrap_or_default();
        // Copies take time that a budget in steps has to notice.
        self.state.steps += (locals.len() + copy.text_len() / 64 + copy.tokens().len() / 64) as u64;
        let context = self.open_context(copy);
        let branch = Some(Branch { number, yields, lane });
        let (owned, rescues) = (Owned::default(), Vec::new());
        self.state.frames.push(Frame { func, block, inst: 0, locals, owned, context, rescues, branch });
        let place = self.place(span);
        self.events.push(Event::BranchStart {
            context: self.context_number(),
            parent,
            branch: number,
            place,
        });
        Ok(())
    }

    /// Ends the running branch with a value, and begins the next one or goes on behind the last.
    pub(super) fn end_branch(&mut self, program: &ir::Program, value: Value) -> Result<(), RunError> {
        let number = self.context_number();
        let ended = self.state.frames.pop_if(|frame| frame.branch.is_some());
        let Some(Frame { branch: Some(branch), .. }) = ended else { return Err(stray()) };
        self.events.push(Event::BranchEnd { context: number, value: Some(value.clone()) });
        self.close_contexts();
        let Some(Inst { op: Op::Branch { dst, over, .. }, span }) = self.instruction(program) else {
            return Err(stray());
        };
        let at = |fault| RunError::at(*span, fault);
        let Branch { number, mut yields, .. } = branch;
        if matches!(over, Over::Aside) {
            self.set(*dst, value);
            self.advance();
            return Ok(());
        }
        yields.push(value);
        if number + 1 < self.branches(over).map_err(at)? {
            return self.begin_branch(program, number + 1, yields, *span).map_err(at);
        }
        let list = Value::list(yields);
        check_size(&list, &self.limits).map_err(at)?;
        self.set(*dst, list);
        self.advance();
        Ok(())
    }

    /// The random streams of the running branch, or of what is in none.
    pub(super) fn lane(&mut self) -> &mut Lane {
        let branches = self.state.frames.iter_mut().rev().filter_map(|frame| frame.branch.as_mut());
        branches.map(|branch| &mut branch.lane).next().unwrap_or(&mut self.state.lane)
    }
}

/// The locals that a branch begins with.
fn locals_of(outer: &[Value], over: &Over, number: usize) -> Vec<Value> {
    let mut locals = outer.to_vec();
    match over {
        Over::Aside | Over::Count { index: None, .. } => {}
        Over::Count { index: Some(index), .. } => locals[index.index()] = Value::Int(number as i64),
        Over::Each { items, item } => {
            let items = outer[items.index()].as_list().unwrap_or_default();
            locals[item.index()] = items.get(number).cloned().unwrap_or(Value::Null);
        }
    }
    locals
}

/// A program that the compiler made, or that was validated, has no such thing.
fn stray() -> RunError {
    RunError::of_run(Fault::Input { message: "the program yields outside a branch".to_owned() })
}
