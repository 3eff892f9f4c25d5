//! Shared by the tests of whole runs: compile a source, run it on a scripted model, look at the end.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use agentc_compiler::source::NoFiles;
use agentc_compiler::{Options, compile, ir};
use agentc_runtime::model::Model;
use agentc_runtime::model::script::{Rule, ScriptModel};
use agentc_runtime::session::run;
use agentc_runtime::{Event, Input, Limits, Outcome, RunOptions, Scheduler, Schedulers, Session, Value};

pub(crate) fn program(source: &str) -> Arc<ir::Program> {
    let compiled = compile("test.agent", source.as_bytes(), &NoFiles, &Options::default());
    Arc::new(compiled.program.unwrap_or_else(|| panic!("{source}\n{:#?}", compiled.diags)))
}

pub(crate) fn script(rules: &[(&str, &str)]) -> ScriptModel {
    ScriptModel::new(rules.iter().map(|(prompt, answer)| Rule::new(*prompt, *answer)).collect()).unwrap()
}

pub(crate) fn inputs(pairs: &[(&str, &str)]) -> Vec<(String, Input)> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), Input::Text((*text).to_owned()))).collect()
}

/// A scheduler that serves one model alone.
pub(crate) fn scheds(model: &mut ScriptModel) -> Schedulers<'_> {
    let model: &mut dyn Model = model;
    Scheduler::new(model, Limits::default()).into()
}

/// The outcome and the events of one run on a fresh scheduler.
pub(crate) fn play(model: &mut ScriptModel, source: &str, options: RunOptions) -> (Outcome, Vec<Event>) {
    let mut sched = scheds(model);
    play_on(&mut sched, source, &[], options)
}

pub(crate) fn play_on(
    sched: &mut Schedulers<'_>,
    source: &str,
    given: &[(&str, &str)],
    options: RunOptions,
) -> (Outcome, Vec<Event>) {
    let mut events = Vec::new();
    let session = Session::new(program(source), &inputs(given), options).unwrap();
    let outcome = run(session, sched, &mut |event| events.push(event)).unwrap();
    (outcome, events)
}

/// The outcome of a program on a model of rules; it must have ended well.
pub(crate) fn outcome(rules: &[(&str, &str)], source: &str) -> Outcome {
    let (outcome, _) = play(&mut script(rules), source, RunOptions::default());
    assert_eq!(outcome.error(), None, "{source}");
    outcome
}

/// A capture after a run.
pub(crate) fn capture(rules: &[(&str, &str)], source: &str, name: &str) -> Value {
    let outcome = outcome(rules, source);
    outcome.capture(name).cloned().unwrap_or_else(|| panic!("{name} is not bound: {outcome:?}"))
}
