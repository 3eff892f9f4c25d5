//! The checks that a saved state must pass: someone may have edited it, and it must not lead outside its program.

use agentc_compiler::ir::{self, Inst, Op};

use super::State;
use super::frame::Frame;
use super::strand::{Forked, OpenContext, Status, Strand};
use crate::error::Fault;

/// What no counter of a run reaches, so that counting on cannot overflow.
const FAR: u64 = 1 << 48;

/// Whether a state can be one of a program.
pub(super) fn check(program: &ir::Program, state: &State) -> Result<(), Fault> {
    let strands = &state.strands;
    let sound = strands.first().is_some_and(|main| main.parent.is_none())
        && strands.windows(2).all(|pair| pair[0].id < pair[1].id)
        && strands.iter().all(|strand| is_sound(program, strand) && strand.id < state.next_strand)
        && strands.iter().skip(1).all(|strand| belongs(program, state, strand))
        && strands.iter().all(|strand| is_complete(state, strand))
        && state.defaults.models.len() == program.models.len()
        && state.steps < FAR
        && state.next_strand < u32::MAX / 2
        && state.next_context < u32::MAX / 2;
    if sound {
        return Ok(());
    }
    Err(Fault::Input { message: "the saved run does not belong to this program".to_owned() })
}

/// Whether a strand can be one of the program's, seen by itself.
fn is_sound(program: &ir::Program, strand: &Strand) -> bool {
    let op = strand.instruction(program).map(|inst| &inst.op);
    let status = match &strand.status {
        Status::Ready => true,
        Status::Asks => op.is_some_and(asks) && strand.asks > 0,
        Status::Forked(forked) => matches!(op, Some(Op::Fork { .. })) && counts(forked),
        Status::Ended(_) => strand.parent.is_none() && strand.frames.len() == 1,
    };
    status
        && [strand.draws, strand.asks, strand.below as u64].iter().all(|&count| count < FAR)
        && !strand.frames.is_empty()
        && strand.frames.iter().all(|frame| fits(program, strand, frame))
        && strand.frames.windows(2).all(|pair| calls(program, &pair[0], &pair[1]))
        && strand.contexts.iter().all(is_readable)
}

/// Whether an instruction waits for an answer.
fn asks(op: &Op) -> bool {
    matches!(op, Op::Gen(_) | Op::Context { .. } | Op::ToolCall { .. } | Op::Score { .. })
}

fn counts(forked: &Forked) -> bool {
    let yielded = forked.yields.last_key_value().map(|(number, _)| *number);
    let failed = forked.failed.as_ref().map(|(number, _)| *number);
    forked.begun <= forked.count
        && (forked.count as u64) < FAR
        && yielded.into_iter().chain(failed).all(|number| number < forked.begun)
}

fn is_readable(open: &OpenContext) -> bool {
    open.context.is_sound() && open.told.fits(&open.context) && open.number < u32::MAX / 2
}

fn fits(program: &ir::Program, strand: &Strand, frame: &Frame) -> bool {
    let Some(func) = program.funcs.get(frame.func.index()) else { return false };
    let Some(block) = func.blocks.get(frame.block.index()) else { return false };
    let Some(open) = strand.contexts.get(frame.context) else { return false };
    frame.inst <= block.insts.len()
        && frame.locals.len() == func.locals.len()
        && frame.handlers.iter().all(|handler| handler.fits(func, open))
}

/// Whether a frame stands at the call that opened the next one.
fn calls(program: &ir::Program, frame: &Frame, next: &Frame) -> bool {
    let called = frame
        .instruction(program)
        .is_some_and(|inst| matches!(inst, Inst { op: Op::Call { func, .. }, .. } if *func == next.func));
    called && frame.context <= next.context
}

/// Whether a strand is a branch of one that has forked it: of its parent's function, and not ended yet.
fn belongs(program: &ir::Program, state: &State, strand: &Strand) -> bool {
    let Some(parent) = strand.parent else { return false };
    let Some(above) = state.strands.iter().find(|other| other.id == parent.strand) else { return false };
    let Status::Forked(forked) = &above.status else { return false };
    let func = |strand: &Strand, at: usize| strand.frames.get(at).map(|frame| frame.func);
    above.id < strand.id
        && matches!(above.instruction(program), Some(Inst { op: Op::Fork { .. }, .. }))
        && func(strand, 0) == func(above, above.frames.len() - 1)
        && parent.number < forked.begun
        && !forked.yields.contains_key(&parent.number)
}

/// Whether each branch of a fork has yielded, is under way or is still to begin, so that the fork comes to an end.
fn is_complete(state: &State, strand: &Strand) -> bool {
    let Status::Forked(forked) = &strand.status else { return true };
    let mut live: Vec<usize> = (state.strands.iter())
        .filter_map(|other| other.parent.filter(|parent| parent.strand == strand.id))
        .map(|parent| parent.number)
        .collect();
    live.sort_unstable();
    let open = forked.failed.as_ref().map_or(forked.begun, |(number, _)| *number);
    let yielded = forked.yields.range(..open).count();
    let begins = forked.begun < forked.count && forked.failed.is_none();
    (begins || !live.is_empty())
        && live.windows(2).all(|pair| pair[0] < pair[1])
        && live.iter().all(|number| *number < open)
        && live.len() + yielded == open
}
