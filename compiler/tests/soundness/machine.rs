//! A small machine that accepts no `null`, and no field that a record lacks, where a number is needed.

use agentc_compiler::ir::{BinOp, BlockId, Const, Func, Local, Op, Over, Term, UnOp};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Str(String),
    List(Vec<Value>),
    Other(Vec<(String, Value)>),
}

pub(crate) struct Machine<'a> {
    pub(crate) func: &'a Func,
    /// Whether generations fail where a `try` is open.
    pub(crate) failing: bool,
    pub(crate) steps: usize,
}

/// How a run of some blocks ends.
pub(crate) enum End {
    Done,
    Failed,
}

impl Machine<'_> {
    pub(crate) fn run(&mut self, start: BlockId, mut locals: Vec<Value>, nested: bool) -> End {
        let mut tries: Vec<(BlockId, Vec<(Local, Value)>)> = Vec::new();
        let mut at = start;
        'blocks: loop {
            let block = &self.func.blocks[at.index()];
            for inst in &block.insts {
                self.steps += 1;
                assert!(self.steps < 100_000, "it does not end");
                let failed = match &inst.op {
                    Op::Try { handler, restore, .. } => {
                        let saved = restore.iter().map(|l| (*l, locals[l.index()].clone())).collect();
                        tries.push((*handler, saved));
                        false
                    }
                    Op::EndTry => tries.pop().is_none(),
                    Op::Gen(_) if self.failing && (nested || !tries.is_empty()) => true,
                    Op::Fork { body, over: Over::Aside, .. } => {
                        let nested = nested || !tries.is_empty();
                        matches!(self.run(*body, locals.clone(), nested), End::Failed)
                    }
                    op => !step(op, &mut locals),
                };
                if failed {
                    let Some((handler, saved)) = tries.pop() else { return End::Failed };
                    saved.into_iter().for_each(|(local, value)| locals[local.index()] = value);
                    at = handler;
                    continue 'blocks;
                }
            }
            at = match &block.term {
                Term::Jump(to) => *to,
                Term::Branch { cond, then, otherwise } => match locals[cond.index()] {
                    Value::Bool(true) => *then,
                    Value::Bool(false) => *otherwise,
                    ref other => panic!("a branch on {other:?}"),
                },
                Term::Return(_) | Term::Yield(_) => return End::Done,
            };
        }
    }
}

/// One instruction; whether it succeeds.
fn step(op: &Op, locals: &mut [Value]) -> bool {
    let get = |l: &Local| locals[l.index()].clone();
    let number = |l: &Local| match get(l) {
        Value::Int(n) => n,
        other => panic!("{other:?} where a number is needed"),
    };
    let (dst, value) = match op {
        Op::Const { dst, value } => (dst, constant(value)),
        Op::Copy { dst, src } => (dst, get(src)),
        Op::Unary { dst, op: UnOp::Not, src } => (dst, Value::Bool(get(src) == Value::Bool(false))),
        Op::Binary { dst, op, lhs, rhs } => {
            let value = match op {
                BinOp::Eq => Value::Bool(get(lhs) == get(rhs)),
                BinOp::Ne => Value::Bool(get(lhs) != get(rhs)),
                BinOp::In => match get(rhs) {
                    Value::List(items) => Value::Bool(items.contains(&get(lhs))),
                    other => panic!("an item of {other:?}"),
                },
                BinOp::Lt => Value::Bool(number(lhs) < number(rhs)),
                _ => Value::Int(number(lhs) + number(rhs)),
            };
            (dst, value)
        }
        Op::Field { dst, src, name } => match get(src) {
            Value::Other(fields) => {
                let found = fields.into_iter().find(|(n, _)| n == name);
                (dst, found.map_or(Value::Null, |(_, value)| value))
            }
            other => panic!("a field of {other:?}"),
        },
        Op::Record { dst, fields } => {
            (dst, Value::Other(fields.iter().map(|(name, l)| (name.clone(), get(l))).collect()))
        }
        Op::List { dst, items } => (dst, Value::List(items.iter().map(get).collect())),
        Op::Builtin { dst, .. } => (dst, Value::Int(2)),
        Op::Index { dst, .. } => (dst, Value::Int(1)),
        Op::Gen(generation) => (&generation.dst, Value::Int(7)),
        Op::Expect { cond, .. } => return get(cond) == Value::Bool(true),
        Op::Fail { .. } => return false,
        _ => return true,
    };
    locals[dst.index()] = value;
    true
}

fn constant(value: &Const) -> Value {
    match value {
        Const::Null => Value::Null,
        Const::Bool(b) => Value::Bool(*b),
        Const::Int(n) => Value::Int(*n),
        Const::Str(text) => Value::Str(text.clone()),
        Const::List(items) => Value::List(items.iter().map(constant).collect()),
        _ => Value::Other(Vec::new()),
    }
}
