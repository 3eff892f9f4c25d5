//! From the typed tree to IR: structure becomes blocks and jumps; conversions and closings become explicit.
//!
//! Nothing is decided here: anything wrong with a program was found earlier.

mod code;
mod control;
mod expr;
mod stmt;

use crate::hir::{self, Hir};
use crate::ir::{self, FuncId, Program, VERSION};
use crate::source::Sources;
use crate::specs::Specs;
use crate::ty::Ty;

/// Lowers a checked program.
pub fn lower(hir: &Hir, sources: &Sources) -> Program {
    let mut specs = Specs::default();
    let funcs = hir.funcs.iter().map(|f| func(&hir.funcs, f, &mut specs)).collect();
    Program {
        version: VERSION,
        files: sources.iter().map(|s| ir::File { name: s.name.clone(), text: s.text.clone() }).collect(),
        funcs,
        entry: FuncId(hir.entry),
        types: hir.types.list().iter().map(|t| ir::NamedTy { name: t.name.clone(), ty: ty(&t.ty) }).collect(),
        specs: specs.into_list(),
        tools: hir.tools.iter().map(tool).collect(),
        tests: hir.tests.iter().map(test).collect(),
        model: hir.model.clone(),
        models: hir.models.clone(),
        chat: hir.chat,
    }
}

fn tool(tool: &hir::Tool) -> ir::Tool {
    let param = |(name, of, default): &(String, Ty, Option<u32>)| ir::Param {
        name: name.clone(),
        ty: ty(of),
        default: default.map(FuncId),
    };
    ir::Tool {
        name: tool.name.clone(),
        params: tool.params.iter().map(param).collect(),
        ret: ty(&tool.ret),
        needs: tool.needs.clone(),
        body: match &tool.body {
            hir::ToolBody::Outside(body) => body.clone(),
            hir::ToolBody::Func(func) => ir::ToolBody::Func(FuncId(*func)),
        },
        span: tool.span,
    }
}

fn test(test: &hir::Test) -> ir::Test {
    ir::Test {
        name: test.name.clone(),
        func: FuncId(test.func),
        model: test.model.clone(),
        chat: test.chat,
        span: test.span,
    }
}

fn func(funcs: &[hir::Func], func: &hir::Func, specs: &mut Specs) -> ir::Func {
    let mut code = code::Code::new(funcs, func, specs);
    for (at, _) in func.vars.iter().enumerate().filter(|(_, v)| v.grows) {
        let dst = ir::Local(u32::try_from(at).unwrap_or(u32::MAX));
        code.push(ir::Op::List { dst, items: Vec::new() }, func.span);
    }
    code.stmts(&func.body);
    let (locals, blocks) = code.finish();
    let params = func.vars.iter().zip(&func.defaults);
    ir::Func {
        name: func.name.clone(),
        kind: func.kind,
        params: params
            .map(|(v, d)| ir::Param { name: v.name.clone(), ty: ty(&v.ty), default: d.map(FuncId) })
            .collect(),
        ret: ty(&func.ret),
        pure: func.effects.pure(),
        constant: func.origin == hir::Origin::Value,
        locals,
        captures: func
            .captures
            .iter()
            .map(|v| (func.vars[v.0 as usize].name.clone(), ir::Local(v.0)))
            .collect(),
        blocks,
        span: func.span,
    }
}

/// The type as the runtime sees it. Inferred types of more levels than can be written are `json` there.
fn ty(ty: &Ty) -> ir::Ty {
    if ty.depth() > ir::TYPE_LEVELS {
        return ir::Ty::Any;
    }
    match ty {
        Ty::Error | Ty::Never | Ty::Any => ir::Ty::Any,
        Ty::Null => ir::Ty::Null,
        Ty::Bool => ir::Ty::Bool,
        Ty::Int => ir::Ty::Int,
        Ty::Float => ir::Ty::Float,
        Ty::Str => ir::Ty::Str,
        Ty::Lit(value) => ir::Ty::Lit(value.clone()),
        Ty::Union(members) => ir::Ty::Union(members.iter().map(self::ty).collect()),
        Ty::List(item) => ir::Ty::List(Box::new(self::ty(item))),
        Ty::Record(fields) => ir::Ty::Record(fields.iter().map(field).collect()),
        Ty::Map(value) => ir::Ty::Map(Box::new(self::ty(value))),
        Ty::Named(named) => ir::Ty::Named(named.id),
    }
}

fn field(field: &crate::ty::Field) -> ir::Field {
    ir::Field { name: field.name.clone(), ty: ty(&field.ty), optional: field.optional }
}
