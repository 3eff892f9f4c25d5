//! Shared by the tests of whole runs: compile a source, run it on a scripted model, look at the end.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

pub(crate) mod edit;

use std::sync::Arc;

use agentc_compiler::source::NoFiles;
use agentc_compiler::{Options, compile, ir};
use agentc_runtime::model::Model;
use agentc_runtime::model::script::{Rule, ScriptModel};
use agentc_runtime::session::run;
use agentc_runtime::{
    Backends, Event, Input, Journal, Limits, LocalModel, Outcome, Poll, RunOptions, Session, Value,
};

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
pub(crate) fn scheds(model: &mut ScriptModel) -> Backends<'_> {
    let model: &mut dyn Model = model;
    LocalModel::new(model, Limits::default()).into()
}

/// The outcome and the events of one run on a fresh scheduler.
pub(crate) fn play(model: &mut ScriptModel, source: &str, options: RunOptions) -> (Outcome, Vec<Event>) {
    let mut sched = scheds(model);
    play_on(&mut sched, source, &[], options)
}

pub(crate) fn play_on(
    sched: &mut Backends<'_>,
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

/// Runs a session to its end: how it ended, what it told, and its journal.
pub(crate) fn end(mut session: Session, backends: &mut Backends<'_>) -> (Outcome, Vec<Event>, Journal) {
    let mut events = Vec::new();
    while session.poll(backends, &mut |event| events.push(event)) != Poll::Done {
        for report in backends.poll() {
            session.report(report, backends, &mut |event| events.push(event));
        }
    }
    let journal = session.journal();
    (session.into_outcome().unwrap(), events, journal)
}

/// Runs all sessions together.
pub(crate) fn together(mut sessions: Vec<Session>, backends: &mut Backends<'_>) -> Vec<Outcome> {
    loop {
        let polls: Vec<Poll> = sessions.iter_mut().map(|run| run.poll(backends, &mut |_| {})).collect();
        if polls.iter().all(|poll| *poll == Poll::Done) {
            return sessions.into_iter().map(|session| session.into_outcome().unwrap()).collect();
        }
        for report in backends.poll() {
            if let Some(run) = sessions.iter_mut().find(|run| run.waits_for(report.task)) {
                run.report(report, backends, &mut |_| {});
            }
        }
    }
}

/// The form in which a journal is kept.
pub(crate) fn kept(journal: &Journal) -> Journal {
    serde_json::from_str(&serde_json::to_string(journal).unwrap()).unwrap()
}

/// All events but costs, and warnings about models that are not there.
pub(crate) fn shown(events: &[Event]) -> Vec<String> {
    let told = |event: &&Event| !matches!(event, Event::Usage(_) | Event::Warning(_));
    events.iter().filter(told).map(|event| serde_json::to_string(event).unwrap()).collect()
}

/// The same in the order of their contexts; what has none comes first.
pub(crate) fn by_context(events: &[Event]) -> Vec<String> {
    let context = |event: &String| -> Option<u64> {
        serde_json::from_str::<serde_json::Value>(event).unwrap()["context"].as_u64()
    };
    let mut shown = shown(events);
    shown.sort_by_key(context);
    shown
}

/// What an outcome shows, its error as far as it can be seen from outside.
pub(crate) fn seen(outcome: &Outcome) -> String {
    let error =
        outcome.error().map(|error| (error.fault.code(), error.to_string(), error.span, error.fault.hint()));
    format!("{:?}", (outcome.value(), outcome.captures(), outcome.text(), outcome.messages(), error))
}
