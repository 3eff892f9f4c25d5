//! `test` blocks: how one is run, and how it ended.
//!
//! A test is a run of a function of its own, so everything that watches runs can watch it. Its model is the
//! run's, a named one, or a script; a scripted test needs no other model, since the script answers for all of
//! them. Where many tests share an engine, [`Session::of_test`] gives a session like any other and [`script`]
//! the model of those that bring their own; [`run`] does it all for one.

use agentc_compiler::ir::{Program, ScriptPrompt, TestModel};

use crate::backend::{Backends, LocalModel};
use crate::error::RunError;
use crate::model::ModelError;
use crate::model::script::{Rule, ScriptModel};
use crate::outcome::Outcome;
use crate::prepared::Prepared;
use crate::session::{self, RunOptions, Session};
use crate::trace::Event;

/// How a test ended. Its text, captures and costs are in the outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct TestReport {
    /// Its name.
    pub name: String,
    /// The run.
    pub outcome: Outcome,
}

impl TestReport {
    /// Whether every expectation held.
    pub fn passed(&self) -> bool {
        self.outcome.error().is_none()
    }

    /// Why it failed.
    pub fn error(&self) -> Option<&RunError> {
        self.outcome.error()
    }
}

/// The scripted model of a test; `None` if it does not bring one.
///
/// # Errors
/// A rule's regex is not valid.
pub fn script(program: &Program, test: usize) -> Result<Option<ScriptModel>, ModelError> {
    let Some(TestModel::Script(rules)) = program.tests.get(test).map(|test| &test.model) else {
        return Ok(None);
    };
    let rules = rules.iter().map(|rule| match &rule.prompt {
        ScriptPrompt::Text(prompt) => Ok(Rule::new(prompt.as_str(), rule.answer.as_str())),
        ScriptPrompt::Regex(prompt) => Rule::regex(prompt, rule.answer.as_str()),
    });
    ScriptModel::new(rules.collect::<Result<_, _>>()?).map(Some)
}

/// Runs a test to its end, whatever its model. `backends` serve nobody else; a scripted test leaves them
/// alone. `None` if the program has no such test.
pub fn run(
    program: impl Into<Prepared>,
    test: usize,
    backends: &mut Backends<'_>,
    options: RunOptions,
    emit: &mut dyn FnMut(Event),
) -> Option<TestReport> {
    let program: Prepared = program.into();
    match run_script(&program, test, options.clone(), emit) {
        None => play(&program, test, backends, options, emit),
        report => report,
    }
}

/// Runs a test that brings a script, without any other model. `None` if it does not bring one.
pub fn run_script(
    program: impl Into<Prepared>,
    test: usize,
    options: RunOptions,
    emit: &mut dyn FnMut(Event),
) -> Option<TestReport> {
    let program: Prepared = program.into();
    match script(&program, test) {
        Ok(None) => None,
        Ok(Some(mut model)) => {
            let model = LocalModel::new(&mut model, options.limits.clone());
            play(&program, test, &mut model.into(), options, emit)
        }
        Err(error) => {
            let test = program.tests.get(test)?;
            let outcome = Outcome::of_error(RunError::at(test.span, error));
            Some(TestReport { name: test.name.clone(), outcome })
        }
    }
}

fn play(
    program: &Prepared,
    test: usize,
    backends: &mut Backends<'_>,
    options: RunOptions,
    emit: &mut dyn FnMut(Event),
) -> Option<TestReport> {
    let session = Session::of_test(program, test, options)?;
    let outcome = session::run(session, backends, emit)?;
    Some(TestReport { name: program.tests.get(test)?.name.clone(), outcome })
}
