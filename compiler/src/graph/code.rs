//! The graph of a program in IR: of the blocks that control comes to.

use super::CallGraph;
use super::function::{Function, Via};
use crate::ir::{Block, BlockId, Func, Inst, Op, Program, Role, Term, ToolBody, ToolId};
use crate::source::Span;

impl From<&Program> for CallGraph {
    fn from(program: &Program) -> CallGraph {
        CallGraph { funcs: program.funcs.iter().map(|func| function(program, func)).collect() }
    }
}

fn function(program: &Program, func: &Func) -> Function {
    let mut found = Function::new(func.kind);
    for default in func.params.iter().filter_map(|param| param.default) {
        found.calls(default, Via::Default, None, func.span);
    }
    for (block, entry) in func.blocks.iter().zip(entries(func)) {
        let Some(Entry { mut role }) = entry else { continue };
        for inst in &block.insts {
            see(program, inst, role, &mut found);
            if matches!(inst.op, Op::Fail { .. }) {
                break;
            }
            role = role_after(&inst.op, role);
        }
    }
    found
}

fn see(program: &Program, inst: &Inst, role: Option<Role>, found: &mut Function) {
    let span = inst.span;
    match &inst.op {
        Op::Text { .. } => found.writes(role, span),
        Op::OpenRole { .. } => found.opens(span),
        Op::Context { .. } => found.reads(),
        Op::Score { .. } => found.scores(),
        Op::Call { func, .. } => found.calls(*func, Via::Call, role, span),
        Op::Gen(generation) => {
            found.generates(role, span, generation.model);
            tools(program, &generation.tools, role, span, found);
        }
        Op::CallGen(call) => {
            found.generates(role, span, call.model);
            tools(program, &call.tools, role, span, found);
        }
        _ => {}
    }
}

fn tools(program: &Program, tools: &[ToolId], role: Option<Role>, span: Span, found: &mut Function) {
    for tool in tools.iter().filter_map(|tool| program.tools.get(tool.index())) {
        if let ToolBody::Func(func) = tool.body {
            found.calls(func, Via::Tool, role, span);
        }
    }
}

/// What is open where a block begins.
#[derive(Clone, Copy)]
struct Entry {
    role: Option<Role>,
}

/// How control enters each block; `None` where it never does. Every path arrives with the same role, as
/// [`validate`](crate::ir::validate()) makes sure of.
fn entries(func: &Func) -> Vec<Option<Entry>> {
    let mut entries: Vec<Option<Entry>> = vec![None; func.blocks.len()];
    let mut open = vec![(BlockId(0), Entry { role: None })];
    while let Some((at, entry)) = open.pop() {
        if let (Some(known @ None), Some(block)) = (entries.get_mut(at.index()), func.blocks.get(at.index()))
        {
            *known = Some(entry);
            leads_to(block, entry, &mut open);
        }
    }
    entries
}

fn leads_to(block: &Block, Entry { mut role }: Entry, open: &mut Vec<(BlockId, Entry)>) {
    for Inst { op, .. } in &block.insts {
        match op {
            Op::Fork { body: next, .. } | Op::Try { handler: next, .. } => open.push((*next, Entry { role })),
            // Nothing follows it.
            Op::Fail { .. } => return,
            _ => role = role_after(op, role),
        }
    }
    match block.term {
        Term::Jump(next) => open.push((next, Entry { role })),
        Term::Branch { then, otherwise, .. } => {
            open.extend([(then, Entry { role }), (otherwise, Entry { role })]);
        }
        Term::Return(_) | Term::Yield(_) => {}
    }
}

fn role_after(op: &Op, role: Option<Role>) -> Option<Role> {
    match op {
        Op::OpenRole { role } => Some(*role),
        Op::CloseRole => None,
        _ => role,
    }
}
