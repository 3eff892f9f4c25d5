//! Which functions and which of a program's models a run may reach: those models must be available before it
//! starts.

use std::collections::BTreeSet;

use agentc_compiler::graph::CallGraph;
use agentc_compiler::ir::{FuncId, Program, TestModel};

/// The names of the models that a run of a function may ask for beside its own, in the order of the program.
pub fn named_models(program: &Program, func: FuncId) -> Vec<&str> {
    let graph = CallGraph::from(program);
    let reached = graph.reached([func]);
    let models: BTreeSet<u32> = reached
        .iter()
        .flat_map(|func| graph.effects(*func).models.iter().filter_map(|model| *model))
        .collect();
    let names = models.iter().filter_map(|&model| program.models.get(model as usize));
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
    let graph = CallGraph::from(program);
    graph.reached([func]).into_iter().any(|func| graph.effects(func).needs_model())
}

/// The functions that a run of one may come to, itself included.
pub(crate) fn reached(program: &Program, func: FuncId) -> BTreeSet<FuncId> {
    CallGraph::from(program).reached([func])
}
