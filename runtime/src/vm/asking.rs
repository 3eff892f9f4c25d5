//! What a strand asks, and how it goes on when it is answered.

use agentc_compiler::ir::{self, GenOption, Inst, Later, Op, Tool, ToolId};
use agentc_compiler::source::Span;

use super::ops::check_size;
use super::strand::{Status, Strand};
use super::{Vm, work};
use crate::ask::{Answer, Ask, AskId, AskKind, Progress, ToolCall};
use crate::error::{Fault, RunError, short};
use crate::value::Value;

impl Vm {
    /// Takes in an answer. What it leads to is seen when the machine runs again; an error that nothing catches ends the
    /// run. Refuses, and changes nothing, if nobody waits for an answer of that name and kind.
    pub fn answer(&mut self, id: &AskId, answer: Answer) -> Result<(), RunError> {
        let program = self.program.clone();
        let at =
            self.state.strands.iter().position(|strand| is_asking(strand, id)).ok_or_else(|| unasked(id))?;
        let inst = self.state.strands[at].instruction(&program).ok_or_else(|| unasked(id))?;
        self.current = at;
        let at = |fault: Fault| RunError::at(inst.span, fault);
        let taken = match (&inst.op, answer) {
            (_, Answer::Failed { fault, told }) => self.refuse(id, fault, *told).map_err(at),
            (Op::Gen(r#gen), Answer::Generated(generated)) if !has_samples(r#gen) => {
                self.take_generated(id, r#gen, inst.span, *generated)
            }
            (Op::Gen(r#gen), Answer::Sampled(sampled)) if has_samples(r#gen) => {
                self.take_sampled(id, r#gen, inst.span, *sampled)
            }
            (Op::Context { .. }, Answer::Text(text)) => self.take(&inst.op, Value::str(text)).map_err(at),
            (Op::Score { text, .. }, Answer::Scored(score)) if score.is_finite() => {
                let text = self.print(*text).map_err(at)?;
                self.tell_score(text, score);
                self.take(&inst.op, Value::Float(score)).map_err(at)
            }
            (Op::ToolCall { tool, .. }, Answer::Returned(value)) => {
                self.take_returned(&program, *tool, &inst.op, value).map_err(at)
            }
            _ => return Err(unasked(id)),
        };
        taken.or_else(|error| self.catch(error))
    }

    /// The strand that waits for an answer.
    pub(super) fn asking(&self, id: &AskId) -> Option<&Strand> {
        self.state.strands.iter().find(|strand| is_asking(strand, id))
    }

    /// Makes the ask of an instruction of the running strand; the same one when a machine that was resumed asks again.
    pub(super) fn ask(&mut self, program: &ir::Program, inst: &Inst) -> Result<(), Fault> {
        let kind = match &inst.op {
            Op::Gen(r#gen) => AskKind::Generate(Box::new(self.gen_ask(program, r#gen)?)),
            Op::Context { .. } => AskKind::Text,
            Op::Score { text, .. } => AskKind::Score { text: self.print(*text)? },
            Op::ToolCall { tool, args, .. } => {
                let tool = tool_of(program, *tool)?;
                let names = tool.params.iter().map(|param| param.name.clone());
                let args = names.zip(args.iter().map(|arg| self.get(*arg))).collect();
                AskKind::Call(ToolCall { tool: tool.name.clone(), args })
            }
            Op::CallGen(call) => return Err(Fault::NotYet { what: Later::Call(call.name.clone()) }),
            _ => return Ok(()),
        };
        self.make(kind, inst.span);
        Ok(())
    }

    /// After the machine was resumed: strands that wait for an answer and whose ask nobody has seen ask again, and if nothing
    /// goes on, branches begin.
    pub(super) fn take_up(&mut self, program: &ir::Program) -> Result<(), RunError> {
        let unseen = |vm: &Vm| {
            let waits = |strand: &Strand| strand.status == Status::Asks && !vm.asked.contains(&strand.id);
            vm.state.strands.iter().position(waits)
        };
        while let Some(at) = unseen(self) {
            self.current = at;
            let Some(inst) = self.strand().instruction(program) else { return Ok(()) };
            if let Err(fault) = self.ask(program, inst) {
                self.strand_mut().status = Status::Ready;
                self.catch(RunError::at(inst.span, fault))?;
            }
        }
        if self.state.strands.iter().any(Strand::is_leaf) { Ok(()) } else { self.begin_branches(program) }
    }

    /// Whether the running strand has made the ask before that it is about to make.
    pub(super) fn asks_again(&self) -> bool {
        self.strand().status == Status::Asks
    }

    fn make(&mut self, kind: AskKind, span: Span) {
        let again = self.asks_again();
        let strand = self.strand_mut();
        strand.asks += u64::from(!again);
        strand.status = Status::Asks;
        let (id, number) = (strand.ask_id(), strand.id);
        let context = self.context_number();
        self.asked.insert(number);
        self.asks.push(Ask { id, context, span, kind });
    }

    /// Ends the wait of the running strand.
    pub(super) fn answered(&mut self) {
        let strand = self.strand_mut();
        strand.status = Status::Ready;
        let number = strand.id;
        self.asked.remove(&number);
    }

    /// What was asked for cannot be had.
    fn refuse(&mut self, id: &AskId, fault: Fault, told: Progress) -> Result<(), Fault> {
        self.tell_all(id, told);
        self.answered();
        Err(fault)
    }

    /// Goes on behind an instruction with its value.
    fn take(&mut self, op: &Op, value: Value) -> Result<(), Fault> {
        self.answered();
        check_size(&value, &self.limits)?;
        self.state.steps += work::making(op, &value);
        if let Op::Context { dst } | Op::Score { dst, .. } | Op::ToolCall { dst, .. } = op {
            self.set(*dst, value);
        }
        self.advance();
        Ok(())
    }

    fn take_returned(
        &mut self,
        program: &ir::Program,
        id: ToolId,
        op: &Op,
        value: Value,
    ) -> Result<(), Fault> {
        let tool = tool_of(program, id)?;
        let Ok(value) = self.reading(program).coerce(&value, &tool.ret) else {
            self.answered();
            return Err(Fault::BadResult { tool: tool.name.clone(), value: short(&value, 60) });
        };
        self.take(op, value)
    }
}

fn is_asking(strand: &Strand, id: &AskId) -> bool {
    strand.status == Status::Asks && strand.asks == id.ordinal && strand.path == id.strand
}

fn has_samples(r#gen: &ir::Gen) -> bool {
    r#gen.options.iter().any(|(option, _)| *option == GenOption::Samples)
}

fn tool_of(program: &ir::Program, id: ToolId) -> Result<&Tool, Fault> {
    let missing = || Fault::Input { message: format!("the program has no tool {}", id.0) };
    program.tools.get(id.index()).ok_or_else(missing)
}

fn unasked(id: &AskId) -> RunError {
    RunError::of_run(Fault::Input { message: format!("nobody waits for answer {id}") })
}
