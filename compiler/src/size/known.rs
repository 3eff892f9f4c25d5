//! What is known about a program's values without running it: constants, and how often loops run.

use agentc_constraint::spec::{Needle, Spec};

use crate::builtin::Builtin;
use crate::ir::{BinOp, Block, BlockId, Const, Func, FuncId, Local, Op, Program, Term};

/// How deep values are followed.
const DEPTH: u32 = 8;

/// The value of a local that is written once, as far as it matters here.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'p> {
    Int(i64),
    Str(&'p str),
    /// A list of so many items.
    List(usize),
}

/// The values of a function's locals.
pub(super) struct Values<'p> {
    program: &'p Program,
    /// The only instruction that writes each local; `None` if there are none or several.
    written: Vec<Option<&'p Op>>,
    func: &'p Func,
}

impl<'p> Values<'p> {
    pub(super) fn new(program: &'p Program, func: &'p Func) -> Values<'p> {
        let mut written: Vec<Option<&Op>> = vec![None; func.locals.len()];
        let mut times: Vec<u32> = vec![0; func.locals.len()];
        // Parameters are written by the caller.
        times.iter_mut().take(func.params.len()).for_each(|times| *times = 1);
        for op in func.blocks.iter().flat_map(|block| &block.insts).map(|inst| &inst.op) {
            for local in writes(op) {
                if let (Some(place), Some(times)) =
                    (written.get_mut(local.index()), times.get_mut(local.index()))
                {
                    *times += 1;
                    *place = Some(op).filter(|_| *times == 1);
                }
            }
        }
        Values { program, written, func }
    }

    /// The value of a local, if it is a constant.
    pub(super) fn value(&self, local: Local) -> Option<Value<'p>> {
        self.value_at(local, DEPTH)
    }

    fn value_at(&self, local: Local, depth: u32) -> Option<Value<'p>> {
        let depth = depth.checked_sub(1)?;
        match (*self.written.get(local.index())?)? {
            Op::Const { value, .. } => of_const(value),
            Op::Copy { src, .. } => self.value_at(*src, depth),
            Op::List { items, .. } => Some(Value::List(items.len())),
            Op::Builtin { id, args, .. } => self.builtin(*id, args, depth),
            Op::Call { func, args, .. } if args.is_empty() => self.call(*func, depth),
            _ => None,
        }
    }

    fn builtin(&self, id: Builtin, args: &[Local], depth: u32) -> Option<Value<'p>> {
        let value = |at: usize| args.get(at).and_then(|arg| self.value_at(*arg, depth));
        match (id, value(0)?) {
            (Builtin::Len, Value::List(items)) => i64::try_from(items).ok().map(Value::Int),
            (Builtin::Range, Value::Int(a)) => {
                let (from, to) = match value(1) {
                    Some(Value::Int(b)) => (a, b),
                    _ if self.is_null(args.get(1)) => (0, a),
                    _ => return None,
                };
                usize::try_from(to.saturating_sub(from).max(0)).ok().map(Value::List)
            }
            _ => None,
        }
    }

    fn is_null(&self, local: Option<&Local>) -> bool {
        let written = local.and_then(|local| self.written.get(local.index()).copied().flatten());
        matches!(written, Some(Op::Const { value: Const::Null, .. }))
    }

    /// The value of a constant of the program: a function that only returns it.
    fn call(&self, func: FuncId, depth: u32) -> Option<Value<'p>> {
        let func = self.program.funcs.get(func.index()).filter(|func| func.pure)?;
        let [Block { term: Term::Return(Some(value)), .. }] = func.blocks.as_slice() else { return None };
        Values::new(self.program, func).value_at(*value, depth)
    }

    /// How often the loop with this head turns: its head compares a counter, which begins at 0 and is raised
    /// by one in each turn, with a constant.
    pub(super) fn turns(&self, head: BlockId) -> Option<u64> {
        let block = self.func.blocks.get(head.index())?;
        let Term::Branch { cond, .. } = block.term else { return None };
        let compared = block.insts.iter().rev().find_map(|inst| match inst.op {
            Op::Binary { dst, op: BinOp::Lt, lhs, rhs } if dst == cond => Some((lhs, rhs)),
            _ => None,
        });
        let (index, count) = compared?;
        if !self.counts_up(index) {
            return None;
        }
        match self.value(count)? {
            Value::Int(turns) => Some(u64::try_from(turns).unwrap_or(0)),
            Value::Str(_) | Value::List(_) => None,
        }
    }

    fn counts_up(&self, index: Local) -> bool {
        let ops = self.func.blocks.iter().flat_map(|block| &block.insts).map(|inst| &inst.op);
        let mut writers = ops.filter(|op| writes(op).contains(&index));
        let starts = matches!(writers.next(), Some(Op::Const { value: Const::Int(0), .. }));
        let raised = match writers.next() {
            Some(Op::Binary { op: BinOp::Add, lhs, rhs, .. }) => {
                *lhs == index && self.value(*rhs) == Some(Value::Int(1))
            }
            _ => false,
        };
        starts && raised && writers.next().is_none()
    }
}

fn of_const(value: &Const) -> Option<Value<'_>> {
    match value {
        Const::Int(n) => Some(Value::Int(*n)),
        Const::Str(text) => Some(Value::Str(text)),
        Const::List(items) => Some(Value::List(items.len())),
        _ => None,
    }
}

/// The locals that an instruction writes.
fn writes(op: &Op) -> Vec<Local> {
    match op {
        Op::Const { dst, .. }
        | Op::Copy { dst, .. }
        | Op::IntToFloat { dst, .. }
        | Op::Unary { dst, .. }
        | Op::Binary { dst, .. }
        | Op::List { dst, .. }
        | Op::Record { dst, .. }
        | Op::Field { dst, .. }
        | Op::Index { dst, .. }
        | Op::Slice { dst, .. }
        | Op::Builtin { dst, .. }
        | Op::Format { dst, .. }
        | Op::Append { list: dst, .. }
        | Op::Call { dst, .. }
        | Op::Context { dst }
        | Op::ToolCall { dst, .. }
        | Op::Score { dst, .. } => vec![*dst],
        Op::Gen(generation) => {
            [generation.dst].into_iter().chain(generation.facts.iter().map(|(_, local)| *local)).collect()
        }
        Op::CallGen(call) => vec![call.dst],
        Op::Fork { dst, over, .. } => [Some(*dst), written_by(over)].into_iter().flatten().collect(),
        Op::Try { error, restore, .. } => error.iter().chain(restore).copied().collect(),
        Op::Text { .. }
        | Op::OpenRole { .. }
        | Op::CloseRole
        | Op::EndTry
        | Op::BoundReached { .. }
        | Op::Expect { .. }
        | Op::Print { .. }
        | Op::Fail { .. } => Vec::new(),
    }
}

fn written_by(over: &crate::ir::Over) -> Option<Local> {
    match over {
        crate::ir::Over::Aside => None,
        crate::ir::Over::Count { index, .. } => *index,
        crate::ir::Over::Each { item, .. } => Some(*item),
    }
}

/// Whether a run-time value decides what may be written, stops aside.
pub(super) fn has_hole(spec: &Spec) -> bool {
    match spec {
        Spec::OneOf { .. } | Spec::Copy { .. } | Spec::Having { text: Needle::Hole { .. }, .. } => true,
        Spec::Union { .. }
        | Spec::Template { .. }
        | Spec::And { .. }
        | Spec::Not { .. }
        | Spec::Grammar { .. } => spec.parts().into_iter().any(has_hole),
        Spec::Until { value, .. } => has_hole(value),
        _ => false,
    }
}
