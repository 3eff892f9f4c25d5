//! Whether a program read from a file can be run: the runtime trusts indices and shapes.
//!
//! Types are checked where that is cheap; the runtime checks the rest as it runs. How control may flow
//! through `try` blocks, branches and messages is checked in the module `flow`.

use std::fmt;

use super::spec::{check_defs, check_holes};
use super::{
    Block, BlockId, CallGen, Const, Func, FuncId, FuncKind, Gen, GenOption, Local, Op, OptionType, Over,
    Program, ScriptPrompt, SpecId, Term, Test, TestModel, Tool, ToolBody, ToolId, Ty, VERSION,
};
use crate::builtin::Builtin;
use crate::source::Span;

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

pub(super) fn fail<T>(message: String) -> Result<T, IrError> {
    Err(IrError { message })
}

/// Checks a loaded program: its version, every index, how control flows, and types where that is cheap.
pub fn validate(program: &Program) -> Result<(), IrError> {
    if program.version != VERSION {
        return fail(format!("the program has version {}, but this is version {VERSION}", program.version));
    }
    let Some(entry) = program.funcs.get(program.entry.index()) else {
        return fail(format!("there is no entry function {}", program.entry.0));
    };
    if entry.kind == FuncKind::Test {
        return fail(format!("the entry function `{}` is a test", entry.name));
    }
    if let Some(func) = program.funcs.iter().find(|f| f.blocks.is_empty()) {
        return fail(format!("`{}` has no blocks", func.name));
    }
    for (id, named) in program.types.iter().enumerate() {
        check_ty(program, &named.ty, &named.name)?;
        check_guarded(program, id)?;
    }
    for (id, spec) in program.specs.iter().enumerate() {
        check_defs(spec).map_err(|error| IrError { message: format!("the spec {id} {error}") })?;
    }
    program.tools.iter().try_for_each(|t| check_tool(program, t))?;
    program.tests.iter().try_for_each(|t| check_test(program, t))?;
    program.funcs.iter().try_for_each(|f| check_func(program, f))
}

/// Every named type is there.
fn check_ty(program: &Program, ty: &Ty, owner: &str) -> Result<(), IrError> {
    match ty {
        Ty::Named(id) if *id as usize >= program.types.len() => {
            fail(format!("`{owner}` names the type {id}, which is not there"))
        }
        Ty::List(inner) | Ty::Map(inner) => check_ty(program, inner, owner),
        Ty::Union(members) => members.iter().try_for_each(|m| check_ty(program, m, owner)),
        Ty::Record(fields) => fields.iter().try_for_each(|f| check_ty(program, &f.ty, owner)),
        _ => Ok(()),
    }
}

/// A type contains itself only within records, lists and maps: otherwise looking at it would never end.
fn check_guarded(program: &Program, id: usize) -> Result<(), IrError> {
    let mut seen = vec![false; program.types.len()];
    let mut work = vec![id];
    while let Some(at) = work.pop() {
        let Some(named) = program.types.get(at) else { continue };
        let mut reached = Vec::new();
        unguarded(&named.ty, &mut reached);
        if reached.contains(&id) {
            return fail(format!("the type `{}` contains itself directly", program.types[id].name));
        }
        work.extend(reached.into_iter().filter(|next| seen.get(*next) == Some(&false)));
        work.iter().for_each(|next| seen[*next] = true);
    }
    Ok(())
}

fn unguarded(ty: &Ty, out: &mut Vec<usize>) {
    match ty {
        Ty::Named(id) => out.push(*id as usize),
        Ty::Union(members) => members.iter().for_each(|m| unguarded(m, out)),
        _ => {}
    }
}

fn check_tool(program: &Program, tool: &Tool) -> Result<(), IrError> {
    check_place(program, tool.span, &tool.name)?;
    check_params(program, &tool.params, &tool.name)?;
    check_ty(program, &tool.ret, &tool.name)?;
    let ToolBody::Func(id) = tool.body else { return Ok(()) };
    match program.funcs.get(id.index()) {
        Some(func) if func.params.len() == tool.params.len() => Ok(()),
        Some(func) => fail(format!("the tool `{}` and its function `{}` differ", tool.name, func.name)),
        None => fail(format!("the tool `{}` has no function {}", tool.name, id.0)),
    }
}

fn check_params(program: &Program, params: &[super::Param], owner: &str) -> Result<(), IrError> {
    for param in params {
        check_ty(program, &param.ty, owner)?;
        let Some(id) = param.default else { continue };
        match program.funcs.get(id.index()) {
            Some(func) if func.params.is_empty() && func.kind == FuncKind::Fn => {}
            Some(func) => return fail(format!("the default `{}` has parameters or a context", func.name)),
            None => return fail(format!("`{owner}` names the function {}, which is not there", id.0)),
        }
    }
    Ok(())
}

fn check_test(program: &Program, test: &Test) -> Result<(), IrError> {
    check_place(program, test.span, &test.name)?;
    match program.funcs.get(test.func.index()) {
        Some(func) if func.params.is_empty() && func.kind == FuncKind::Test => {}
        _ => return fail(format!("the test `{}` has no function {}", test.name, test.func.0)),
    }
    match &test.model {
        TestModel::Default => Ok(()),
        TestModel::Named(model) => check_model(program, *model, &test.name),
        TestModel::Script(rules) => rules.iter().try_for_each(|rule| match &rule.prompt {
            ScriptPrompt::Regex(pattern) if regex_syntax::parse(pattern).is_err() => {
                fail(format!("the test `{}` has the invalid regex `{pattern}`", test.name))
            }
            _ => Ok(()),
        }),
    }
}

fn check_model(program: &Program, model: u32, owner: &str) -> Result<(), IrError> {
    if (model as usize) < program.models.len() {
        return Ok(());
    }
    fail(format!("`{owner}` names the model {model}, which is not there"))
}

fn check_place(program: &Program, span: Span, owner: &str) -> Result<(), IrError> {
    if (span.file as usize) < program.files.len() {
        return Ok(());
    }
    fail(format!("`{owner}` names a file that is not there"))
}

struct Context<'a> {
    program: &'a Program,
    func: &'a Func,
}

fn check_func(program: &Program, func: &Func) -> Result<(), IrError> {
    let cx = Context { program, func };
    if func.params.len() > func.locals.len() {
        return fail(format!("`{}` has more parameters than locals", func.name));
    }
    if func.constant && !(func.pure && func.params.is_empty() && func.kind == FuncKind::Fn) {
        return fail(format!("the constant `{}` is not pure, or has parameters or a context", func.name));
    }
    check_place(program, func.span, &func.name)?;
    check_params(program, &func.params, &func.name)?;
    check_ty(program, &func.ret, &func.name)?;
    func.locals.iter().try_for_each(|l| check_ty(program, &l.ty, &func.name))?;
    func.captures.iter().try_for_each(|(_, local)| cx.local(*local))?;
    func.blocks.iter().try_for_each(|b| cx.block(b))?;
    super::flow::check(func)
}

impl Context<'_> {
    fn local(&self, local: Local) -> Result<(), IrError> {
        if local.index() < self.func.locals.len() {
            return Ok(());
        }
        fail(format!("`{}` names the local {}, which it does not have", self.func.name, local.0))
    }

    fn locals<'l>(&self, locals: impl IntoIterator<Item = &'l Local>) -> Result<(), IrError> {
        locals.into_iter().try_for_each(|l| self.local(*l))
    }

    /// A local of a certain type, as far as its declaration says.
    fn typed(&self, local: Local, good: fn(&Ty) -> bool, what: &str) -> Result<(), IrError> {
        self.local(local)?;
        if holds(&self.func.locals[local.index()].ty, good) {
            return Ok(());
        }
        fail(format!("`{}` uses the local {}, which is no {what}, as one", self.func.name, local.0))
    }

    fn bool(&self, local: Local) -> Result<(), IrError> {
        self.typed(local, is_bool, "bool")
    }

    fn func(&self, id: FuncId) -> Result<&Func, IrError> {
        let missing = || IrError {
            message: format!("`{}` names the function {}, which is not there", self.func.name, id.0),
        };
        self.program.funcs.get(id.index()).ok_or_else(missing)
    }

    fn tool(&self, id: ToolId) -> Result<&Tool, IrError> {
        let missing = || IrError {
            message: format!("`{}` names the tool {}, which is not there", self.func.name, id.0),
        };
        self.program.tools.get(id.index()).ok_or_else(missing)
    }

    fn target(&self, id: BlockId) -> Result<(), IrError> {
        if id.index() < self.func.blocks.len() {
            return Ok(());
        }
        fail(format!("`{}` goes to the block {}, which it does not have", self.func.name, id.0))
    }

    fn block(&self, block: &Block) -> Result<(), IrError> {
        for inst in &block.insts {
            check_place(self.program, inst.span, &self.func.name)?;
            self.op(&inst.op)?;
        }
        match &block.term {
            Term::Jump(to) => self.target(*to),
            Term::Branch { cond, then, otherwise } => {
                self.bool(*cond)?;
                self.target(*then)?;
                self.target(*otherwise)
            }
            Term::Return(value) | Term::Yield(value) => self.locals(value),
        }
    }

    fn op(&self, op: &Op) -> Result<(), IrError> {
        match op {
            Op::Const { dst, .. } | Op::Context { dst } => self.local(*dst),
            Op::Copy { dst, src }
            | Op::IntToFloat { dst, src }
            | Op::Unary { dst, src, .. }
            | Op::Field { dst, src, .. }
            | Op::Score { dst, text: src } => self.locals([dst, src]),
            Op::Binary { dst, lhs, rhs, .. } => self.locals([dst, lhs, rhs]),
            Op::List { dst, items: many } | Op::Format { dst, parts: many } => {
                self.local(*dst)?;
                self.locals(many)
            }
            Op::Record { dst, fields } => {
                self.local(*dst)?;
                self.locals(fields.iter().map(|(_, l)| l))
            }
            Op::Index { dst, src, index } => self.locals([dst, src, index]),
            Op::Slice { dst, src, from, to } => {
                self.locals([dst, src])?;
                self.locals(from.iter().chain(to))
            }
            Op::Builtin { dst, id, args } => self.builtin(*dst, *id, args),
            Op::Append { list, item } => {
                self.typed(*list, is_list, "list")?;
                self.local(*item)
            }
            Op::Text { src, .. } | Op::Print { src } | Op::Fail { message: src } => self.local(*src),
            Op::BoundReached { max } => self.typed(*max, is_int, "int"),
            Op::OpenRole { .. } | Op::CloseRole | Op::EndTry => Ok(()),
            Op::Gen(generation) => self.generation(generation),
            Op::CallGen(call) => self.call_gen(call),
            Op::Call { dst, func, args } => self.call(*dst, *func, args),
            Op::ToolCall { dst, tool, args } => {
                self.local(*dst)?;
                self.locals(args)?;
                let tool = self.tool(*tool)?;
                self.arity(&tool.name, tool.params.len(), args)
            }
            Op::Expect { cond, message, operands } => {
                self.bool(*cond)?;
                operands
                    .iter()
                    .try_for_each(|(span, _)| check_place(self.program, *span, &self.func.name))?;
                self.locals(message.iter().chain(operands.iter().map(|(_, l)| l)))
            }
            Op::Fork { dst, body, over } => self.fork(*dst, *body, over),
            Op::Try { handler, error, restore } => {
                self.target(*handler)?;
                self.locals(error.iter().chain(restore))
            }
        }
    }

    fn fork(&self, dst: Local, body: BlockId, over: &Over) -> Result<(), IrError> {
        self.local(dst)?;
        self.target(body)?;
        match over {
            Over::Aside => Ok(()),
            Over::Count { count, index } => {
                self.typed(*count, is_int, "int")?;
                self.locals(index)
            }
            Over::Each { items, item } => {
                self.typed(*items, is_list, "list")?;
                self.local(*item)
            }
        }
    }

    fn builtin(&self, dst: Local, id: Builtin, args: &[Local]) -> Result<(), IrError> {
        self.local(dst)?;
        self.locals(args)?;
        self.arity(id.name(), id.signature().params.len(), args)
    }

    fn call(&self, dst: Local, func: FuncId, args: &[Local]) -> Result<(), IrError> {
        self.local(dst)?;
        self.locals(args)?;
        let callee = self.func(func)?;
        if matches!(callee.kind, FuncKind::Test | FuncKind::Main) {
            return fail(format!("`{}` calls `{}`, which nothing may call", self.func.name, callee.name));
        }
        self.arity(&callee.name, callee.params.len(), args)
    }

    fn arity(&self, name: &str, count: usize, args: &[Local]) -> Result<(), IrError> {
        if count == args.len() {
            return Ok(());
        }
        fail(format!("`{name}` takes {count} arguments, not {}", args.len()))
    }

    fn generation(&self, generation: &Gen) -> Result<(), IrError> {
        self.local(generation.dst)?;
        self.locals(&generation.bindings)?;
        self.options(&generation.options, &generation.name)?;
        self.locals(generation.facts.iter().map(|(_, l)| l))?;
        self.asked(generation.model, &generation.tools)?;
        check_ty(self.program, &generation.ty, &self.func.name)?;
        self.spec(generation.spec, generation.bindings.len(), &generation.name)
    }

    fn call_gen(&self, call: &CallGen) -> Result<(), IrError> {
        self.local(call.dst)?;
        self.options(&call.options, &call.name)?;
        if call.tools.is_empty() {
            return fail(format!("the call of `{}` has no tool to choose", call.name));
        }
        self.asked(call.model, &call.tools)?;
        self.spec(call.spec, 0, &call.name)
    }

    /// What the generation of a capture may write, given so many values for holes.
    fn spec(&self, id: SpecId, bindings: usize, name: &str) -> Result<(), IrError> {
        let found = match self.program.spec(id) {
            Some(spec) => check_holes(spec, bindings),
            None => Err(format!("names the spec {}, which is not there", id.0)),
        };
        found.map_err(|error| IrError { message: format!("the generation of `{name}` {error}") })
    }

    /// A generation's model and tools.
    fn asked(&self, model: Option<u32>, tools: &[ToolId]) -> Result<(), IrError> {
        model.map_or(Ok(()), |m| check_model(self.program, m, &self.func.name))?;
        tools.iter().try_for_each(|t| self.tool(*t).map(drop))
    }

    fn options(&self, options: &[(GenOption, Local)], name: &str) -> Result<(), IrError> {
        for (at, (option, local)) in options.iter().enumerate() {
            if options[..at].iter().any(|(other, _)| other == option) {
                return fail(format!("the generation of `{name}` has an option twice"));
            }
            match option.ty() {
                OptionType::Bool => self.bool(*local)?,
                OptionType::Float => self.typed(*local, is_number, "number")?,
                OptionType::Int => self.typed(*local, is_int, "int")?,
            }
        }
        Ok(())
    }
}

/// Whether every value of a type is good; of `json` and named types nothing is known.
fn holds(ty: &Ty, good: fn(&Ty) -> bool) -> bool {
    match ty {
        Ty::Any | Ty::Named(_) => true,
        Ty::Union(members) => members.iter().all(|m| holds(m, good)),
        other => good(other),
    }
}

fn is_bool(ty: &Ty) -> bool {
    matches!(ty, Ty::Bool | Ty::Lit(Const::Bool(_)))
}

fn is_int(ty: &Ty) -> bool {
    matches!(ty, Ty::Int | Ty::Lit(Const::Int(_)))
}

fn is_number(ty: &Ty) -> bool {
    is_int(ty) || matches!(ty, Ty::Float | Ty::Lit(Const::Float(_)))
}

fn is_list(ty: &Ty) -> bool {
    matches!(ty, Ty::List(_) | Ty::Lit(Const::List(_)))
}
