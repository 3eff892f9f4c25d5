//! The beginnings of a program's contexts, as programs: enough to have a model read them, and [`disk`](crate::disk) keep
//! them, before anyone runs the program.

use std::collections::BTreeSet;

use agentc_compiler::ir::{
    Block, BlockId, Const, Func, FuncKind, Gen, GenOption, Inst, Local, LocalDecl, Method, Op, Program,
    SpecId, Term, TextOrigin, Ty,
};
use agentc_constraint::SharedSpec;
use agentc_constraint::spec::Spec;

use crate::prepared::Prepared;

/// One program for each context that a run may open and that begins with text: it writes what the context begins with up to
/// the first value, and has the run's model add a token. What stands in functions that write into the context of their
/// caller is left out, and so is what depends on anything at all.
pub fn beginnings(program: &Prepared) -> Vec<Program> {
    let funcs = program.graph().reached([program.entry]);
    let funcs = funcs.iter().filter_map(|func| program.funcs.get(func.index()));
    let contexts = funcs.filter(|func| matches!(func.kind, FuncKind::Main | FuncKind::Agent));
    contexts.filter_map(|func| Some(beginning(program, func, written(func)?))).collect()
}

/// What a function writes before anything else happens; nothing if that has no text.
fn written(func: &Func) -> Option<Vec<Inst>> {
    let (mut insts, mut seen, mut at) = (Vec::new(), BTreeSet::new(), BlockId(0));
    let mut constants = BTreeSet::new();
    'blocks: while seen.insert(at) {
        let block = func.blocks.get(at.index())?;
        for inst in &block.insts {
            match &inst.op {
                Op::Const { dst, .. } => _ = constants.insert(*dst),
                Op::Text { src, origin: TextOrigin::Literal } if constants.contains(src) => {}
                Op::OpenRole { .. } | Op::CloseRole => {}
                _ => break 'blocks,
            }
            insts.push(inst.clone());
        }
        match block.term {
            Term::Jump(next) => at = next,
            _ => break,
        }
    }
    insts.iter().any(|inst| matches!(inst.op, Op::Text { .. })).then_some(insts)
}

/// A program that writes no more than that.
fn beginning(program: &Program, func: &Func, mut insts: Vec<Inst>) -> Program {
    let mut locals = func.locals.clone();
    let mut local = |ty: Ty| {
        locals.push(LocalDecl { name: None, ty });
        Local(locals.len() as u32 - 1)
    };
    let (dst, max) = (local(Ty::Str), local(Ty::Int));
    let open = insts.iter().fold(false, |open, inst| match inst.op {
        Op::OpenRole { .. } => true,
        Op::CloseRole => false,
        _ => open,
    });
    let mut add = |op: Op| insts.push(Inst { op, span: func.span });
    add(Op::Const { dst: max, value: Const::Int(1) });
    add(Op::Gen(Box::new(token(dst, max))));
    if open {
        add(Op::CloseRole);
    }
    let main = Func {
        name: func.name.clone(),
        kind: FuncKind::Main,
        params: Vec::new(),
        ret: Ty::Null,
        pure: false,
        constant: false,
        locals,
        captures: Vec::new(),
        blocks: vec![Block { insts, term: Term::Return(None) }],
        span: func.span,
    };
    Program {
        funcs: vec![main],
        entry: agentc_compiler::ir::FuncId(0),
        types: program.types.clone(),
        specs: vec![SharedSpec::new(Spec::Text { min: 0, max: None })],
        tools: Vec::new(),
        tests: Vec::new(),
        files: program.files.clone(),
        version: program.version,
        model: program.model.clone(),
        models: Vec::new(),
        chat: program.chat,
    }
}

/// A token of any text.
fn token(dst: Local, max: Local) -> Gen {
    Gen {
        dst,
        name: "token".to_owned(),
        spec: SpecId(0),
        bindings: Vec::new(),
        ty: Ty::Str,
        json: false,
        options: vec![(GenOption::Max, max)],
        facts: Vec::new(),
        method: Method::default(),
        model: None,
        tools: Vec::new(),
    }
}
