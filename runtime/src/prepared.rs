//! A program with what its runs need to know of it, found out once: who calls whom, which models that may come to, and the
//! hash by which journals know the program. It is as immutable as the program, and shared like it.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use agentc_compiler::graph::CallGraph;
use agentc_compiler::ir::{FuncId, Program, TestModel};
use sha2::{Digest, Sha256};

/// See the module's description. Whoever runs a program more than once keeps this, and clones it for each run.
#[derive(Clone)]
pub struct Prepared(Arc<Known>);

struct Known {
    program: Arc<Program>,
    graph: OnceLock<CallGraph>,
    fingerprint: OnceLock<String>,
}

impl Prepared {
    /// Nothing is found out before it is asked for.
    pub fn new(program: Arc<Program>) -> Prepared {
        Prepared(Arc::new(Known { program, graph: OnceLock::new(), fingerprint: OnceLock::new() }))
    }

    /// The program alone.
    pub fn program(&self) -> &Arc<Program> {
        &self.0.program
    }

    /// Who calls whom in it.
    pub fn graph(&self) -> &CallGraph {
        self.0.graph.get_or_init(|| CallGraph::from(&*self.0.program))
    }

    /// The names of the models that a run of a function may ask for beside its own, in the order of the program: they must be
    /// available before it starts.
    pub fn named_models(&self, func: FuncId) -> Vec<&str> {
        let graph = self.graph();
        let reached = graph.reached([func]);
        let models: BTreeSet<u32> = reached
            .iter()
            .flat_map(|func| graph.effects(*func).models.iter().filter_map(|model| *model))
            .collect();
        let names = models.iter().filter_map(|&model| self.models.get(model as usize));
        names.map(|(name, _)| name.as_str()).collect()
    }

    /// The same for a test, its own model included if it has a name. A script answers for every model.
    pub fn test_models(&self, test: usize) -> Vec<&str> {
        let Some(test) = self.tests.get(test) else { return Vec::new() };
        let own = match &test.model {
            TestModel::Script(_) => return Vec::new(),
            TestModel::Default => None,
            TestModel::Named(model) => self.models.get(*model as usize).map(|(name, _)| name.as_str()),
        };
        let others = self.named_models(test.func).into_iter().filter(|name| own != Some(*name));
        own.into_iter().chain(others).collect()
    }

    /// Whether a run of a function may come to something that only a model can do: write, score, or say how its chats are
    /// laid out.
    pub fn needs_model(&self, func: FuncId) -> bool {
        let graph = self.graph();
        graph.reached([func]).into_iter().any(|func| graph.effects(func).needs_model())
    }

    /// What tells it from other programs, and from other versions of it.
    pub(crate) fn fingerprint(&self) -> &str {
        self.0.fingerprint.get_or_init(|| {
            let bytes = serde_json::to_vec(&*self.0.program).unwrap_or_default();
            Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
        })
    }
}

impl From<Arc<Program>> for Prepared {
    fn from(program: Arc<Program>) -> Prepared {
        Prepared::new(program)
    }
}

impl From<&Arc<Program>> for Prepared {
    fn from(program: &Arc<Program>) -> Prepared {
        Prepared::new(program.clone())
    }
}

impl From<&Prepared> for Prepared {
    fn from(program: &Prepared) -> Prepared {
        program.clone()
    }
}

impl Deref for Prepared {
    type Target = Program;

    fn deref(&self) -> &Program {
        &self.0.program
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.program.fmt(f)
    }
}
