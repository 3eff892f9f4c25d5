//! Whether a program that was read from a file can be run: the runtime trusts indices and shapes.
//!
//! Types are checked where that is cheap; the runtime checks the rest as it goes.

use std::fmt;

use super::{Block, Func, FuncId, Gen, Local, Op, Program, Term, Ty, VERSION};
use crate::builtin;
use agentc_constraint::spec::{Spec, Stop};

/// Why a program cannot be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IrError {
    /// What is wrong, and where.
    pub message: String,
}

impl fmt::Display for IrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for IrError {}

fn fail<T>(message: String) -> Result<T, IrError> {
    Err(IrError { message })
}

/// Checks a loaded program: its version, every index, and the types of conditions.
pub fn validate(program: &Program) -> Result<(), IrError> {
    if program.version != VERSION {
        return fail(format!("the program has version {}, and this is version {VERSION}", program.version));
    }
    if program.entry.index() >= program.funcs.len() {
        return fail(format!("there is no entry function {}", program.entry.0));
    }
    if let Some(func) = program.funcs.iter().find(|f| f.blocks.is_empty()) {
        return fail(format!("`{}` has no blocks", func.name));
    }
    program.funcs.iter().try_for_each(|f| validate_func(program, f))
}

struct Context<'a> {
    program: &'a Program,
    func: &'a Func,
}

fn validate_func(program: &Program, func: &Func) -> Result<(), IrError> {
    let cx = Context { program, func };
    if func.params.len() > func.locals.len() {
        return fail(format!("`{}` has more parameters than locals", func.name));
    }
    if func.span.file as usize >= program.files.len() {
        return fail(format!("`{}` names a file that is not there", func.name));
    }
    for default in func.params.iter().filter_map(|p| p.default) {
        let target = cx.func(default)?;
        if !target.params.is_empty() {
            return fail(format!("the default `{}` has parameters", target.name));
        }
    }
    func.captures.iter().try_for_each(|(_, local)| cx.local(*local))?;
    func.blocks.iter().try_for_each(|b| cx.block(b))
}

impl Context<'_> {
    fn local(&self, local: Local) -> Result<(), IrError> {
        if local.index() < self.func.locals.len() {
            return Ok(());
        }
        fail(format!("`{}` names the local {}, which it does not have", self.func.name, local.0))
    }

    fn locals(&self, locals: &[Local]) -> Result<(), IrError> {
        locals.iter().try_for_each(|l| self.local(*l))
    }

    fn bool(&self, local: Local) -> Result<(), IrError> {
        self.local(local)?;
        let ty = &self.func.locals[local.index()].ty;
        if is_bool(ty) {
            return Ok(());
        }
        fail(format!("`{}` branches on the local {}, which is no bool", self.func.name, local.0))
    }

    fn func(&self, id: FuncId) -> Result<&Func, IrError> {
        let missing = || IrError {
            message: format!("`{}` names the function {}, which is not there", self.func.name, id.0),
        };
        self.program.funcs.get(id.index()).ok_or_else(missing)
    }

    fn block(&self, block: &Block) -> Result<(), IrError> {
        for inst in &block.insts {
            if inst.span.file as usize >= self.program.files.len() {
                return fail(format!("`{}` names a file that is not there", self.func.name));
            }
            self.op(&inst.op)?;
        }
        let target = |id: super::BlockId| {
            if id.index() < self.func.blocks.len() {
                return Ok(());
            }
            fail(format!("`{}` jumps to the block {}, which it does not have", self.func.name, id.0))
        };
        match &block.term {
            Term::Jump(to) => target(*to),
            Term::Branch { cond, then, otherwise } => {
                self.bool(*cond)?;
                target(*then)?;
                target(*otherwise)
            }
            Term::Return(value) | Term::Yield(value) => value.iter().try_for_each(|v| self.local(*v)),
        }
    }

    fn op(&self, op: &Op) -> Result<(), IrError> {
        match op {
            Op::Const { dst, .. } => self.local(*dst),
            Op::Copy { dst, src }
            | Op::IntToFloat { dst, src }
            | Op::Unary { dst, src, .. }
            | Op::Field { dst, src, .. } => self.locals(&[*dst, *src]),
            Op::Binary { dst, lhs, rhs, .. } => self.locals(&[*dst, *lhs, *rhs]),
            Op::List { dst, items: many } | Op::Format { dst, parts: many } => {
                self.local(*dst)?;
                self.locals(many)
            }
            Op::Record { dst, fields } => {
                self.local(*dst)?;
                fields.iter().try_for_each(|(_, l)| self.local(*l))
            }
            Op::Index { dst, src, index } => self.locals(&[*dst, *src, *index]),
            Op::Slice { dst, src, from, to } => {
                self.locals(&[*dst, *src])?;
                from.iter().chain(to).try_for_each(|l| self.local(*l))
            }
            Op::Builtin { dst, name, args } => self.builtin(*dst, name, args),
            Op::Append { list, item } => self.locals(&[*list, *item]),
            Op::Text { src, .. } | Op::Print { src } | Op::Fail { message: src } => self.local(*src),
            Op::OpenRole { .. } | Op::CloseRole => Ok(()),
            Op::Gen(generation) => self.generation(generation),
            Op::Call { dst, func, args } => self.call(*dst, *func, args),
            Op::Expect { cond, message, operands } => {
                self.bool(*cond)?;
                message.iter().chain(operands.iter().map(|(_, l)| l)).try_for_each(|l| self.local(*l))
            }
            Op::Branch { .. }
            | Op::Try { .. }
            | Op::EndTry
            | Op::Context { .. }
            | Op::BoundReached { .. } => {
                fail(format!("`{}` does what this version cannot run", self.func.name))
            }
            Op::ToolCall { .. } | Op::CallGen(_) | Op::Score { .. } => {
                fail(format!("`{}` does what this version cannot run", self.func.name))
            }
        }
    }

    fn builtin(&self, dst: Local, name: &str, args: &[Local]) -> Result<(), IrError> {
        self.local(dst)?;
        self.locals(args)?;
        match builtin::find(name) {
            Some(b) if b.params.len() == args.len() => Ok(()),
            Some(b) => fail(format!("`{name}` takes {} arguments, not {}", b.params.len(), args.len())),
            None => fail(format!("there is no prelude function `{name}`")),
        }
    }

    fn call(&self, dst: Local, func: FuncId, args: &[Local]) -> Result<(), IrError> {
        self.local(dst)?;
        self.locals(args)?;
        let callee = self.func(func)?;
        if callee.params.len() == args.len() {
            return Ok(());
        }
        fail(format!("`{}` takes {} arguments, not {}", callee.name, callee.params.len(), args.len()))
    }

    fn generation(&self, generation: &Gen) -> Result<(), IrError> {
        self.local(generation.dst)?;
        self.locals(&generation.bindings)?;
        generation.options.iter().try_for_each(|(_, l)| self.local(*l))?;
        match highest_hole(&generation.spec) {
            Some(hole) if hole >= generation.bindings.len() => {
                fail(format!("the generation of `{}` leaves the hole {hole} open", generation.name))
            }
            _ => Ok(()),
        }
    }
}

fn is_bool(ty: &Ty) -> bool {
    match ty {
        Ty::Bool | Ty::Any | Ty::Lit(super::Const::Bool(_)) => true,
        Ty::Union(members) => members.iter().all(is_bool),
        _ => false,
    }
}

fn highest_hole(spec: &Spec) -> Option<usize> {
    match spec {
        Spec::OneOf { hole } => Some(*hole),
        Spec::Union { members } => members.iter().filter_map(highest_hole).max(),
        Spec::Until { value, stops } => {
            let stops =
                stops.iter().filter_map(|s| if let Stop::Hole { hole } = s { Some(*hole) } else { None });
            stops.chain(highest_hole(value)).max()
        }
        _ => None,
    }
}
