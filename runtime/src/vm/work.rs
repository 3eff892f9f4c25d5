//! What instructions cost beyond one step each: large values take time to read and to make, and a budget in
//! steps has to notice, as do those who wait for their turn.
//!
//! Costs depend on what the program does alone, not on who else holds a value: a run that was saved and taken
//! up again costs the same. So that lists and texts can grow in place, a frame knows which of its variables
//! hold something that it has made itself by growing, and that nobody else has got since ([`Owned`]).

use agentc_compiler::builtin::{Builtin, Cost};
use agentc_compiler::ir::{BinOp, Local, Op};
use serde::{Deserialize, Serialize};

use crate::value::Value;

/// Bytes that are read or written in the time of a step.
const BYTES: usize = 64;

/// Bytes of what leaves the machine that count as a step: who is told may keep all of it.
const TOLD: usize = 16;

/// What an item counts, in bytes, where items are moved and not looked into.
const MOVED: usize = 4;

/// Steps for what an instruction reads, known before it runs.
pub(super) fn reading(op: &Op, locals: &[Value], owned: &Owned) -> u64 {
    let at = |local: &Local| locals.get(local.index()).unwrap_or(&Value::Null);
    let all = |locals: &[Local]| locals.iter().map(|local| at(local).size()).fold(0, usize::saturating_add);
    let bytes = match op {
        Op::Builtin { id, args, .. } => builtin(*id, args.iter().map(at)),
        Op::Binary { op: BinOp::Add, dst, lhs, rhs } => {
            let kept = dst == lhs && owned.has(*lhs);
            width(at(rhs)) + if kept { 0 } else { width(at(lhs)) }
        }
        Op::Binary { op: BinOp::In, lhs, rhs, .. } => search(at(lhs), at(rhs)),
        Op::Binary { lhs, rhs, .. } => at(lhs).size().min(at(rhs).size()),
        Op::Append { list, .. } if owned.has(*list) => 0,
        Op::Append { list, .. } => width(at(list)),
        Op::Index { src, .. } if matches!(at(src), Value::List(_)) => 0,
        Op::Index { src, .. } | Op::Slice { src, .. } | Op::Field { src, .. } => width(at(src)),
        Op::Format { parts, .. } => all(parts),
        Op::Gen(generation) => all(&generation.bindings),
        Op::Text { src, .. } | Op::Fail { message: src } => at(src).size(),
        Op::Print { src } => at(src).size() * (BYTES / TOLD),
        _ => 0,
    };
    (bytes / BYTES) as u64
}

/// Steps for what an instruction has made.
pub(super) fn making(op: &Op, result: &Value) -> u64 {
    let bytes = match op {
        Op::Copy { .. } | Op::Field { .. } | Op::Index { .. } => 0,
        Op::Const { .. } => result.size(),
        Op::Builtin { id, .. } if id.signature().cost == Cost::Keys => keys(result),
        Op::Builtin { id, .. } if id.signature().cost != Cost::Moves => result.size(),
        _ => width(result),
    };
    (bytes / BYTES) as u64
}

fn builtin<'v>(id: Builtin, mut args: impl Iterator<Item = &'v Value>) -> usize {
    match id.signature().cost {
        Cost::Length => args.next().and_then(Value::as_str).map_or(0, str::len),
        Cost::Moves => args.map(width).fold(0, usize::saturating_add),
        Cost::Keys => args.map(keys).fold(0, usize::saturating_add),
        Cost::Reads => args.map(Value::size).fold(0, usize::saturating_add),
        Cost::Sorts => {
            let (mut bytes, mut items) = (0usize, 0);
            for arg in args {
                bytes = bytes.saturating_add(arg.size());
                items = items.max(arg.as_list().map_or(0, <[Value]>::len));
            }
            // Each item is compared with so many others.
            bytes.saturating_mul(items.max(2).ilog2() as usize)
        }
    }
}

/// `x in xs`: an item is read as far as it can be equal to what is looked for.
fn search(item: &Value, container: &Value) -> usize {
    match container {
        Value::List(items) => {
            width(container) + items.len().saturating_mul(item.size()).min(container.size())
        }
        other => width(other),
    }
}

/// What it takes to go through a value's own parts.
fn width(value: &Value) -> usize {
    match value {
        Value::Str(text) => text.len(),
        Value::Number(number) => number.text().len(),
        Value::List(items) => items.len() * MOVED,
        Value::Record(fields) => fields.len() * MOVED,
        _ => 0,
    }
}

/// [`width`], and the bytes of keys: those of a record, and texts in a list of them.
fn keys(value: &Value) -> usize {
    let bytes = match value {
        Value::Record(fields) => fields.iter().map(|(key, _)| key.len()).fold(0, usize::saturating_add),
        Value::List(items) => {
            items.iter().filter_map(Value::as_str).map(str::len).fold(0, usize::saturating_add)
        }
        _ => 0,
    };
    width(value).saturating_add(bytes)
}

/// The variables of a frame that nothing else shares its value with, since it has grown there. To grow further
/// costs no copy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Owned(Vec<Local>);

impl Owned {
    fn has(&self, local: Local) -> bool {
        self.0.contains(&local)
    }

    /// What it holds has just been copied, if need be, and grown.
    pub(super) fn add(&mut self, local: Local) {
        if !self.has(local) {
            self.0.push(local);
        }
    }

    /// It was set to something else, or given to someone.
    pub(super) fn drop(&mut self, local: Local) {
        self.0.retain(|owned| *owned != local);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Takes note of what a pure instruction may have put into its result.
    pub(super) fn lend(&mut self, op: &Op, result: &Value) {
        if self.is_empty() || !matches!(result, Value::Str(_) | Value::List(_) | Value::Record(_)) {
            return;
        }
        match op {
            Op::Copy { src, .. }
            | Op::IntToFloat { src, .. }
            | Op::Unary { src, .. }
            | Op::Slice { src, .. } => self.drop(*src),
            Op::List { items: args, .. } | Op::Builtin { args, .. } => {
                args.iter().for_each(|arg| self.drop(*arg));
            }
            Op::Record { fields, .. } => fields.iter().for_each(|(_, field)| self.drop(*field)),
            // What these give is new, or a part of what they read.
            _ => {}
        }
    }
}
