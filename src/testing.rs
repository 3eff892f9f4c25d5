//! The `test` blocks of a program, and running them.

use agentc_compiler::ir::TestModel;
use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::{Backends, Event, LocalModel, Outcome, RunOptions, testing};

use crate::error::{Error, Failure, Location};
use crate::program::Program;

/// A `test` block.
#[derive(Debug, Clone, Copy)]
pub struct Test<'p> {
    program: &'p Program,
    number: usize,
}

impl Program {
    /// Its `test` blocks in the order of the source. Those of imported files are not among them.
    pub fn tests(&self) -> impl Iterator<Item = Test<'_>> {
        (0..self.ir().tests.len()).map(|number| Test { program: self, number })
    }
}

impl<'p> Test<'p> {
    /// Its number, from 0.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Its name.
    pub fn name(&self) -> &'p str {
        self.program.ir().tests.get(self.number).map_or("", |test| &test.name)
    }

    /// Where it is declared.
    pub fn location(&self) -> Option<Location> {
        self.program.locate(self.program.ir().tests.get(self.number)?.span)
    }

    /// Whether it has to run on an engine: it brings no script, and writes or generates something.
    pub fn needs_engine(&self) -> bool {
        let ir = self.program.ir();
        ir.tests.get(self.number).is_some_and(|test| {
            let pure = ir.funcs.get(test.func.index()).is_some_and(|func| func.pure);
            !matches!(test.model, TestModel::Script(_)) && !pure
        })
    }

    /// The models that it asks for by name.
    pub fn models(&self) -> Vec<&'p str> {
        self.program.code().test_models(self.number)
    }

    /// Runs a test that needs no engine.
    ///
    /// # Errors
    /// What the test fails with, as that of a run.
    pub fn run_alone(&self, options: RunOptions, emit: &mut dyn FnMut(Event)) -> Result<Outcome, Error> {
        let mut silent = ScriptModel::new(Vec::new()).map_err(Error::Model)?;
        let mut models = Backends::new(LocalModel::new(&mut silent, options.limits.clone()));
        let report = testing::run(self.program.code(), self.number, &mut models, options, emit);
        Failure::check(report.ok_or(Error::EngineGone)?.outcome, self.program)
    }
}
