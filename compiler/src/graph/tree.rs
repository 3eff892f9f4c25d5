//! The graph of a typed tree.

use super::CallGraph;
use super::function::{Function, Via};
use crate::hir::acts::{Act, acts};
use crate::hir::{Func, Hir};
use crate::ir::FuncId;

impl From<&Hir> for CallGraph {
    fn from(hir: &Hir) -> CallGraph {
        CallGraph { funcs: hir.funcs.iter().map(|func| function(hir, func)).collect() }
    }
}

fn function(hir: &Hir, func: &Func) -> Function {
    let mut found = Function::new(func.kind);
    for default in func.defaults.iter().flatten() {
        found.calls(FuncId(*default), Via::Default, None, func.span);
    }
    acts(&func.body, None, &mut |role, act| match act {
        Act::Text(span) => found.writes(role, span),
        Act::Gen(generation) => {
            found.generates(role, generation.span, generation.model);
            for tool in hir.tool_funcs(generation) {
                found.calls(tool, Via::Tool, role, generation.span);
            }
        }
        Act::Call(callee, span) => found.calls(callee, Via::Call, role, span),
        Act::Open(span) => found.opens(span),
        Act::Read => found.reads(),
        Act::Score => found.scores(),
    });
    found
}
