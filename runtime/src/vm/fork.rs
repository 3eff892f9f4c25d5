//! `aside` and `fork`: bodies that run in copies of their frame and its context, each a strand of its own, and yield a
//! value.

use agentc_compiler::ir::{self, Inst, Local, Op, Over};

use super::Vm;
use super::frame::{Frame, stray};
use super::ops::{bad_operand, check_size, too_large};
use super::strand::{Forked, OpenContext, Parent, Status, Strand};
use crate::error::{Fault, InBranch, RunError};
use crate::trace::Event;
use crate::value::{ITEM, Value};

impl Vm {
    /// Begins the branches of the running strand's fork, if there are any.
    pub(super) fn fork(&mut self, program: &ir::Program, dst: Local, over: &Over) -> Result<(), RunError> {
        let span = self.strand().instruction(program).map(|inst| inst.span).unwrap_or_default();
        let at = |fault| RunError::at(span, fault);
        let count = self.branches(over).map_err(at)?;
        if count.saturating_mul(ITEM) > self.limits.value_size {
            return Err(at(too_large(&self.limits)));
        }
        let strand = self.strand_mut();
        strand.draw();
        if let Some(frame) = strand.frames.last_mut() {
            frame.owned.clear();
        }
        if count == 0 {
            self.set(dst, Value::list(Vec::new()));
            self.advance();
            return Ok(());
        }
        self.strand_mut().status = Status::Forked(Forked { count, ..Forked::default() });
        let first = self.state.strands.len();
        self.begin_branches(program)?;
        // What branches do without asking they do in their order.
        self.current = first;
        Ok(())
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

    /// Begins as many branches as may go on side by side, of the innermost forks first.
    pub(super) fn begin_branches(&mut self, program: &ir::Program) -> Result<(), RunError> {
        let more = |strand: &Strand| matches!(&strand.status, Status::Forked(forked) if forked.begun < forked.count && forked.failed.is_none());
        loop {
            let leaves = self.state.strands.iter().filter(|strand| strand.is_leaf()).count();
            let next = self.state.strands.iter().rposition(more);
            match next.filter(|_| leaves < self.limits.strands.max(1)) {
                Some(at) => self.begin_branch(program, at)?,
                None => return Ok(()),
            }
        }
    }

    /// Begins the next branch of a fork.
    fn begin_branch(&mut self, program: &ir::Program, at: usize) -> Result<(), RunError> {
        let strand = &mut self.state.strands[at];
        let below = strand.below + strand.frames.len();
        let (Some(Inst { op: Op::Fork { body, over, .. }, span }), Status::Forked(forked)) =
            (strand.instruction(program), &mut strand.status)
        else {
            return Ok(());
        };
        let number = forked.begun;
        forked.begun += 1;
        self.check_room(below).map_err(|fault| RunError::at(*span, fault))?;
        let strand = &self.state.strands[at];
        let (Some(frame), Some(open)) = (strand.frames.last(), strand.context()) else { return Ok(()) };
        let locals = locals_of(&frame.locals, over, number);
        // Copies take time that a budget in steps has to notice.
        self.state.steps +=
            (locals.len() + open.context.text_len() / 64 + open.context.tokens().len() / 64) as u64;
        let (parent, context) =
            (open.number, OpenContext { number: self.state.next_context, ..open.clone() });
        let branch = Strand {
            id: self.state.next_strand,
            parent: Some(Parent { strand: strand.id, number }),
            path: strand.path.branch(strand.draws, number as u64),
            frames: vec![Frame::new(frame.func, *body, locals, 0)],
            below,
            contexts: vec![context],
            ..Strand::main()
        };
        self.state.next_strand += 1;
        let context = self.number_context();
        self.state.strands.push(branch);
        self.current = self.state.strands.len() - 1;
        let place = self.place(*span);
        self.tell(Event::BranchStart { context, parent, branch: number, place });
        Ok(())
    }

    /// Ends the running branch with a value.
    pub(super) fn end_branch(&mut self, program: &ir::Program, value: Value) -> Result<(), RunError> {
        let strand = self.strand();
        let Some(parent) = strand.parent.filter(|_| strand.frames.len() == 1) else {
            return Err(stray("leaves"));
        };
        let context = strand.contexts.first().map_or(0, |open| open.number);
        self.tell(Event::BranchEnd { context, value: Some(value.clone()) });
        self.state.strands.remove(self.current);
        if let Some(forked) = self.resume_at(parent) {
            forked.yields.insert(parent.number, value);
        }
        self.settle_fork(program)
    }

    /// Ends the running strand with an error that it does not catch: with the first one of its fork, by number, that
    /// ends so, the fork ends.
    pub(super) fn fail_branch(&mut self, mut error: RunError) -> Result<(), RunError> {
        let Some(parent) = self.strand().parent else { return Err(error) };
        error.branches.extend(self.branch_of_fork(parent));
        let is_told = self.is_caught_above();
        let ended = self.current..self.state.strands.len();
        let ended: Vec<usize> = ended.filter(|at| self.is_of_branch(*at, parent)).collect();
        // What they have printed is told, whatever becomes of the texts that it stands behind.
        for at in &ended {
            self.current = *at;
            self.tell_prints();
        }
        for at in ended.into_iter().rev() {
            self.withdraw(at, is_told);
        }
        let program = self.program.clone();
        if let Some(forked) = self.resume_at(parent) {
            forked.failed = Some((parent.number, error));
        }
        self.settle_fork(&program)
    }

    /// The branch as errors name it, unless it is the only one that there can be.
    fn branch_of_fork(&self, Parent { strand, number }: Parent) -> Option<InBranch> {
        let forking = &self.state.strands[self.index(strand)?];
        match (forking.instruction(&self.program)?, &forking.status) {
            (Inst { op: Op::Fork { over: Over::Aside, .. }, .. }, _) => None,
            (Inst { span, .. }, Status::Forked(Forked { count, .. })) => {
                Some(InBranch { number, count: *count, span: *span })
            }
            _ => None,
        }
    }

    /// Whether a strand is a branch of a fork, or within one, with at least that number.
    fn is_of_branch(&self, at: usize, parent: Parent) -> bool {
        let strand = &self.state.strands[at];
        let Some(own) = strand.parent else { return false };
        if own.strand == parent.strand {
            return own.number >= parent.number;
        }
        self.index(own.strand).is_some_and(|above| self.is_of_branch(above, parent))
    }

    /// Drops a strand, whatever it does. `is_told`: whether the run goes on without it, so that its end is told.
    fn withdraw(&mut self, at: usize, is_told: bool) {
        self.current = at;
        let strand = &self.state.strands[at];
        if matches!(strand.status, Status::Asks) {
            let id = strand.ask_id();
            let asks = self.asks.len();
            self.asks.retain(|ask| ask.id != id);
            // What nobody has seen is not asked at all.
            if self.asks.len() == asks {
                self.withdrawn.push(id);
            }
        }
        let context = strand.contexts.first().map_or(0, |open| open.number);
        if is_told {
            self.tell(Event::BranchEnd { context, value: None });
        }
        let strand = self.state.strands.remove(at);
        strand.contexts.iter().for_each(|open| _ = self.live.remove(&open.number));
        self.current = 0;
    }

    /// Makes the strand of a fork the running one.
    fn resume_at(&mut self, parent: Parent) -> Option<&mut Forked> {
        self.current = self.index(parent.strand)?;
        match &mut self.strand_mut().status {
            Status::Forked(forked) => Some(forked),
            Status::Ready | Status::Asks | Status::Ended(_) => None,
        }
    }

    /// Goes on behind the running strand's fork if that has come to its end, and begins what there is room for.
    fn settle_fork(&mut self, program: &ir::Program) -> Result<(), RunError> {
        let id = self.strand().id;
        let Status::Forked(forked) = &self.strand().status else { return Ok(()) };
        let is_branch = |other: &Strand| other.parent.is_some_and(|parent| parent.strand == id);
        let live = self.state.strands.iter().any(is_branch);
        if forked.failed.is_some() && !live {
            let status = std::mem::replace(&mut self.strand_mut().status, Status::Ready);
            if let Status::Forked(Forked { failed: Some((_, error)), .. }) = status {
                return self.catch(error);
            }
        } else if forked.yields.len() == forked.count {
            self.take_yields(program)?;
        }
        self.begin_branches(program)
    }

    /// Goes on behind a fork with what its branches yielded.
    fn take_yields(&mut self, program: &ir::Program) -> Result<(), RunError> {
        let status = std::mem::replace(&mut self.strand_mut().status, Status::Ready);
        let (Status::Forked(forked), Some(Inst { op: Op::Fork { dst, over, .. }, span })) =
            (status, self.strand().instruction(program))
        else {
            return Err(stray("leaves"));
        };
        let mut yields = forked.yields.into_values();
        let value = match over {
            Over::Aside => yields.next().unwrap_or(Value::Null),
            Over::Count { .. } | Over::Each { .. } => Value::list(yields.collect()),
        };
        check_size(&value, &self.limits).map_err(|fault| RunError::at(*span, fault))?;
        self.set(*dst, value);
        self.advance();
        Ok(())
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
