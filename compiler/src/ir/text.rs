//! The readable form of a program: one line per instruction, blocks and locals by number.

use std::fmt;

use super::{
    BinOp, CallGen, Const, Func, FuncKind, Gen, GenFact, GenOption, Local, Method, ModelDecl, Op, Over,
    Param, Program, ScriptPrompt, Term, Test, TestModel, TextOrigin, Tool, ToolBody, ToolId, Ty, UnOp,
};

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "program v{} entry={} chat={}", self.version, self.entry.0, self.chat)?;
        self.model.iter().try_for_each(|model| write_model(f, "model", model))?;
        for (id, (name, model)) in self.models.iter().enumerate() {
            write_model(f, &format!("model#{id} {name} ="), model)?;
        }
        for (id, named) in self.types.iter().enumerate() {
            writeln!(f, "type#{id} {} = {}", named.name, named.ty)?;
        }
        for (id, spec) in self.specs.iter().enumerate() {
            writeln!(f, "spec#{id} = {}", serde_json::to_string(spec).unwrap_or_default())?;
        }
        for (id, tool) in self.tools.iter().enumerate() {
            write_tool(f, id, tool)?;
        }
        for test in &self.tests {
            write_test(f, test)?;
        }
        for (id, func) in self.funcs.iter().enumerate() {
            writeln!(f)?;
            write_func(f, id, func)?;
        }
        Ok(())
    }
}

fn write_opt<T: fmt::Display>(f: &mut fmt::Formatter<'_>, name: &str, value: Option<T>) -> fmt::Result {
    value.map_or(Ok(()), |v| write!(f, " {name}={v}"))
}

fn write_model(f: &mut fmt::Formatter<'_>, head: &str, model: &ModelDecl) -> fmt::Result {
    write!(f, "{head} {:?}", model.name)?;
    write_opt(f, "ctx", model.ctx)?;
    write_opt(f, "seed", model.seed)?;
    write_opt(f, "temp", model.temp)?;
    writeln!(f)
}

fn write_tool(f: &mut fmt::Formatter<'_>, id: usize, tool: &Tool) -> fmt::Result {
    write!(f, "tool#{id} {}(", tool.name)?;
    write_params(f, &tool.params, "")?;
    write!(f, ") -> {}", tool.ret)?;
    for (at, capability) in tool.needs.iter().enumerate() {
        write!(f, "{} {}", if at == 0 { " needs" } else { "," }, capability.name)?;
        capability.limit.iter().try_for_each(|limit| write!(f, "({limit:?})"))?;
    }
    match &tool.body {
        ToolBody::Host => writeln!(f),
        ToolBody::Exec(target) => writeln!(f, " = exec {target:?}"),
        ToolBody::Http(target) => writeln!(f, " = http {target:?}"),
        ToolBody::Mcp(target) => writeln!(f, " = mcp {target:?}"),
        ToolBody::Func(func) => writeln!(f, " = #{}", func.0),
    }
}

fn write_test(f: &mut fmt::Formatter<'_>, test: &Test) -> fmt::Result {
    write!(f, "test {:?} = #{}", test.name, test.func.0)?;
    match &test.model {
        TestModel::Default => writeln!(f),
        TestModel::Named(model) => writeln!(f, " model=model#{model}"),
        TestModel::Script(rules) => {
            writeln!(f)?;
            rules.iter().try_for_each(|rule| match &rule.prompt {
                ScriptPrompt::Text(text) => writeln!(f, "  {text:?} => {:?}", rule.answer),
                ScriptPrompt::Regex(pattern) => writeln!(f, "  /{pattern}/ => {:?}", rule.answer),
            })
        }
    }
}

fn write_params(f: &mut fmt::Formatter<'_>, params: &[Param], local: &str) -> fmt::Result {
    for (i, param) in params.iter().enumerate() {
        let comma = if i > 0 { ", " } else { "" };
        let number = if local.is_empty() { String::new() } else { format!("{local}{i} ") };
        write!(f, "{comma}{number}{}: {}", param.name, param.ty)?;
        write_default(f, param.default.map(|d| d.0))?;
    }
    Ok(())
}

fn write_func(f: &mut fmt::Formatter<'_>, id: usize, func: &Func) -> fmt::Result {
    let kind = match func.kind {
        FuncKind::Main => "main",
        FuncKind::Agent => "agent",
        FuncKind::Fn => "fn",
        FuncKind::Test => "test",
    };
    let pure = match (func.constant, func.pure) {
        (true, _) => " constant",
        (false, true) => " pure",
        (false, false) => "",
    };
    write!(f, "{kind} #{id} {}(", func.name)?;
    write_params(f, &func.params, "%")?;
    writeln!(f, ") -> {}{pure} {{", func.ret)?;
    for (i, local) in func.locals.iter().enumerate().skip(func.params.len()) {
        writeln!(f, "  %{i}: {} {}", local.ty, local.name.as_deref().unwrap_or(""))?;
    }
    for (name, local) in &func.captures {
        writeln!(f, "  capture {name} {local}")?;
    }
    for (i, block) in func.blocks.iter().enumerate() {
        writeln!(f, "b{i}:")?;
        for inst in &block.insts {
            writeln!(f, "  {}", inst.op)?;
        }
        writeln!(f, "  {}", block.term)?;
    }
    writeln!(f, "}}")
}

fn write_default(f: &mut fmt::Formatter<'_>, default: Option<u32>) -> fmt::Result {
    default.map_or(Ok(()), |d| write!(f, " = #{d}"))
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ty::Null => f.write_str("null"),
            Ty::Bool => f.write_str("bool"),
            Ty::Int => f.write_str("int"),
            Ty::Float => f.write_str("float"),
            Ty::Str => f.write_str("str"),
            Ty::Any => f.write_str("json"),
            Ty::Lit(value) => write!(f, "{}", Quoted(value)),
            Ty::Union(members) => write_list(f, "(", members, " | ", ")"),
            Ty::List(item) => write!(f, "{item}[]"),
            Ty::Map(value) => write!(f, "map({value})"),
            Ty::Named(id) => write!(f, "type#{id}"),
            Ty::Record(fields) => {
                let fields = fields.iter().map(|field| {
                    format!("{}: {}{}", field.name, field.ty, if field.optional { "?" } else { "" })
                });
                write_list(f, "{", &fields.collect::<Vec<_>>(), ", ", "}")
            }
        }
    }
}

struct Quoted<'a>(&'a Const);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Const::Str(text) => write!(f, "{text:?}"),
            other => write!(f, "{other}"),
        }
    }
}

fn write_list<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    open: &str,
    items: &[T],
    between: &str,
    close: &str,
) -> fmt::Result {
    f.write_str(open)?;
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(between)?;
        }
        write!(f, "{item}")?;
    }
    f.write_str(close)
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Term::Jump(to) => write!(f, "jump b{}", to.0),
            Term::Branch { cond, then, otherwise } => write!(f, "branch {cond} b{} b{}", then.0, otherwise.0),
            Term::Return(Some(value)) => write!(f, "return {value}"),
            Term::Return(None) => f.write_str("return"),
            Term::Yield(Some(value)) => write!(f, "yield {value}"),
            Term::Yield(None) => f.write_str("yield"),
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::Const { dst, value } => write!(f, "{dst} = {}", Quoted(value)),
            Op::Copy { dst, src } => write!(f, "{dst} = {src}"),
            Op::IntToFloat { dst, src } => write!(f, "{dst} = int_to_float {src}"),
            Op::Unary { dst, op: UnOp::Neg, src } => write!(f, "{dst} = neg {src}"),
            Op::Unary { dst, op: UnOp::Not, src } => write!(f, "{dst} = not {src}"),
            Op::Binary { dst, op, lhs, rhs } => write!(f, "{dst} = {} {lhs} {rhs}", name_of(*op)),
            Op::List { dst, items } => {
                write!(f, "{dst} = ")?;
                write_list(f, "[", items, ", ", "]")
            }
            Op::Record { dst, fields } => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, local)| format!("{name}: {local}")).collect();
                write!(f, "{dst} = ")?;
                write_list(f, "{", &fields, ", ", "}")
            }
            Op::Field { dst, src, name } => write!(f, "{dst} = {src}.{name}"),
            Op::Index { dst, src, index } => write!(f, "{dst} = {src}[{index}]"),
            Op::Slice { dst, src, from, to } => {
                let show = |l: &Option<Local>| l.map_or(String::new(), |l| l.to_string());
                write!(f, "{dst} = {src}[{}:{}]", show(from), show(to))
            }
            Op::Builtin { dst, id, args } => write_call(f, *dst, id.name(), args),
            Op::Format { dst, parts } => write_call(f, *dst, "string", parts),
            Op::Append { list, item } => write!(f, "append {list} {item}"),
            Op::Text { src, origin: TextOrigin::Literal } => write!(f, "text {src}"),
            Op::Text { src, origin: TextOrigin::Data } => write!(f, "data {src}"),
            Op::OpenRole { role } => write!(f, "open {}", role.name()),
            Op::CloseRole => f.write_str("close"),
            Op::Gen(generation) => write_gen(f, generation),
            Op::Call { dst, func, args } => write_call(f, *dst, &format!("#{}", func.0), args),
            Op::Expect { cond, message, operands } => {
                write!(f, "expect {cond}")?;
                message.map_or(Ok(()), |m| write!(f, " {m}"))?;
                let operands: Vec<Local> = operands.iter().map(|(_, local)| *local).collect();
                if operands.is_empty() { Ok(()) } else { write_list(f, " showing [", &operands, ", ", "]") }
            }
            Op::Fork { dst, body, over } => {
                write!(f, "{dst} = ")?;
                match over {
                    Over::Aside => f.write_str("aside")?,
                    Over::Count { count, index: None } => write!(f, "fork {count}")?,
                    Over::Count { count, index: Some(index) } => write!(f, "fork {count} as {index}")?,
                    Over::Each { items, item } => write!(f, "fork {item} in {items}")?,
                }
                write!(f, " b{}", body.0)
            }
            Op::Try { handler, error, restore } => {
                write!(f, "try b{}", handler.0)?;
                error.map_or(Ok(()), |e| write!(f, " as {e}"))?;
                if restore.is_empty() { Ok(()) } else { write_list(f, " restoring [", restore, ", ", "]") }
            }
            Op::EndTry => f.write_str("end_try"),
            Op::Context { dst } => write!(f, "{dst} = context"),
            Op::BoundReached { max } => write!(f, "bound_reached {max}"),
            Op::ToolCall { dst, tool, args } => write_call(f, *dst, &format!("tool#{}", tool.0), args),
            Op::CallGen(call) => write_call_gen(f, call),
            Op::Score { dst, text } => write!(f, "{dst} = score {text}"),
            Op::Print { src } => write!(f, "print {src}"),
            Op::Fail { message } => write!(f, "fail {message}"),
        }
    }
}

fn write_call(f: &mut fmt::Formatter<'_>, dst: Local, name: &str, args: &[Local]) -> fmt::Result {
    write!(f, "{dst} = {name}")?;
    write_list(f, "(", args, ", ", ")")
}

fn write_gen(f: &mut fmt::Formatter<'_>, generation: &Gen) -> fmt::Result {
    let Gen { dst, name, ty, spec, .. } = generation;
    let json = if generation.json { " json" } else { "" };
    write!(f, "{dst} = gen {name:?} {ty}{json} spec#{}", spec.0)?;
    if !generation.bindings.is_empty() {
        write_list(f, " holes [", &generation.bindings, ", ", "]")?;
    }
    write_options(f, &generation.options)?;
    for (fact, local) in &generation.facts {
        write!(f, " {local}=.{}", fact.name())?;
    }
    match generation.method {
        Method::Greedy => {}
        Method::Norm => f.write_str(" by norm")?,
        Method::Uncond => f.write_str(" by uncond")?,
    }
    write_opt(f, "model", generation.model.map(|m| format!("model#{m}")))?;
    if generation.tools.is_empty() { Ok(()) } else { write_tools(f, " tools ", &generation.tools) }
}

fn write_call_gen(f: &mut fmt::Formatter<'_>, call: &CallGen) -> fmt::Result {
    write!(f, "{} = call {:?} spec#{}", call.dst, call.name, call.spec.0)?;
    write_tools(f, " ", &call.tools)?;
    write_options(f, &call.options)?;
    write_opt(f, "model", call.model.map(|m| format!("model#{m}")))
}

fn write_tools(f: &mut fmt::Formatter<'_>, before: &str, tools: &[ToolId]) -> fmt::Result {
    let tools: Vec<String> = tools.iter().map(|t| format!("tool#{}", t.0)).collect();
    write_list(f, &format!("{before}["), &tools, ", ", "]")
}

fn write_options(f: &mut fmt::Formatter<'_>, options: &[(GenOption, Local)]) -> fmt::Result {
    options.iter().try_for_each(|(option, value)| write!(f, " {}={value}", option.name()))
}

impl GenFact {
    /// As it is written after a capture.
    pub fn name(self) -> &'static str {
        match self {
            GenFact::Text => "text",
            GenFact::Tokens => "tokens",
            GenFact::Logprob => "logprob",
            GenFact::MaskMass => "mask_mass",
            GenFact::Stop => "stop",
            GenFact::Probs => "probs",
            GenFact::Calls => "calls",
        }
    }
}

fn name_of(op: BinOp) -> &'static str {
    match op {
        BinOp::Add => "add",
        BinOp::Sub => "sub",
        BinOp::Mul => "mul",
        BinOp::Div => "div",
        BinOp::Whole => "whole",
        BinOp::Rem => "rem",
        BinOp::Eq => "eq",
        BinOp::Ne => "ne",
        BinOp::Lt => "lt",
        BinOp::Le => "le",
        BinOp::Gt => "gt",
        BinOp::Ge => "ge",
        BinOp::In => "in",
    }
}
