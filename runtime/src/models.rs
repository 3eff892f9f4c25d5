//! Which functions and which of a program's models a run may reach: those models must be available before it
//! starts.

use std::collections::BTreeSet;

use agentc_compiler::ir::{FuncId, Op, Program, TestModel, ToolBody, ToolId};

/// The names of the models that a run of a function may ask for beside its own, in the order of the program.
pub fn named_models(program: &Program, func: FuncId) -> Vec<&str> {
    let found = Found::from(program, func);
    let names = found.models.iter().filter_map(|&model| program.models.get(model as usize));
    names.map(|(name, _)| name.as_str()).collect()
}

/// The same for a test, its own model included if it has a name. A script answers for every model.
pub fn test_models(program: &Program, test: usize) -> Vec<&str> {
    let Some(test) = program.tests.get(test) else { return Vec::new() };
    let own = match &test.model {
        TestModel::Script(_) => return Vec::new(),
        TestModel::Default => None,
        TestModel::Named(model) => program.models.get(*model as usize).map(|(name, _)| name.as_str()),
    };
    let others = named_models(program, test.func).into_iter().filter(|name| own != Some(*name));
    own.into_iter().chain(others).collect()
}

/// Whether a run of a function may come to something that only a model can do: write, score, or say how its chats are
/// laid out.
pub fn needs_model(program: &Program, func: FuncId) -> bool {
    Found::from(program, func).asks
}

/// The functions that a run of one may come to, itself included.
pub(crate) fn reached(program: &Program, func: FuncId) -> BTreeSet<FuncId> {
    Found::from(program, func).seen
}

struct Found<'p> {
    program: &'p Program,
    seen: BTreeSet<FuncId>,
    models: BTreeSet<u32>,
    /// Whether one of them asks a model for anything.
    asks: bool,
    open: Vec<FuncId>,
}

impl<'p> Found<'p> {
    fn from(program: &'p Program, func: FuncId) -> Found<'p> {
        let (seen, models) = (BTreeSet::new(), BTreeSet::new());
        let mut found = Found { program, seen, models, asks: false, open: vec![func] };
        while let Some(func) = found.open.pop() {
            if found.seen.insert(func) {
                found.visit(func);
            }
        }
        found
    }

    fn visit(&mut self, func: FuncId) {
        let Some(func) = self.program.funcs.get(func.index()) else { return };
        self.open.extend(func.params.iter().filter_map(|param| param.default));
        for inst in func.blocks.iter().flat_map(|block| &block.insts) {
            self.asks |= asks(&inst.op);
            match &inst.op {
                Op::Call { func, .. } => self.open.push(*func),
                Op::Gen(r#gen) => {
                    self.models.extend(r#gen.model);
                    self.tools(&r#gen.tools);
                }
                Op::CallGen(call) => {
                    self.models.extend(call.model);
                    self.tools(&call.tools);
                }
                _ => {}
            }
        }
    }

    fn tools(&mut self, tools: &[ToolId]) {
        let bodies = tools.iter().filter_map(|tool| self.program.tools.get(tool.index()));
        self.open.extend(bodies.filter_map(|tool| match tool.body {
            ToolBody::Func(func) => Some(func),
            _ => None,
        }));
    }
}

fn asks(op: &Op) -> bool {
    matches!(op, Op::Gen(_) | Op::CallGen(_) | Op::Score { .. } | Op::OpenRole { .. } | Op::CloseRole)
}
