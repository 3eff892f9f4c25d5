//! Random programs of loops, branches, `try` blocks, calls and generations, against a naive interpreter: the
//! same value, prints, text and tokens; and the same again when the run is saved and resumed at every step.
#![allow(clippy::unwrap_used)]

mod naive;
mod program;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use agentc_compiler::source::NoFiles;
use agentc_compiler::{Options, compile, ir};
use agentc_runtime::backend::Backend;
use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::{
    Backends, Draft, Event, Journal, Limits, LocalModel, Outcome, Poll, RunOptions, Session,
};
use naive::{End, Naive};
use serde_json::Value as Json;

const PROGRAMS: u64 = 300;

fn compiled(source: &str) -> Arc<ir::Program> {
    let compiled = compile("random.agent", source.as_bytes(), &NoFiles, &Options::default());
    let program = compiled.program.unwrap_or_else(|| panic!("{source}\n{:#?}", compiled.diags));
    ir::validate(&program).unwrap_or_else(|error| panic!("{error}\n{source}"));
    Arc::new(program)
}

fn model() -> ScriptModel {
    ScriptModel::random(11).unwrap()
}

fn options(seed: u64) -> RunOptions {
    let temp = if seed.is_multiple_of(2) { 0.9 } else { 0.0 };
    // One strand after the other: so prints come in the order in which the naive interpreter has them.
    let limits = Limits { strands: 1, ..Limits::default() };
    RunOptions { seed: Some(seed), temp: Some(temp), limits, ..RunOptions::default() }
}

/// What there is to see of a run, the main context's tokens included.
#[derive(Debug, PartialEq)]
struct Seen {
    result: Result<String, String>,
    text: String,
    context: Json,
    prints: Vec<String>,
}

fn seen(outcome: &Outcome, saved: &Journal, prints: Vec<String>) -> Seen {
    let result = match outcome.error() {
        None => Ok(outcome.value().to_string()),
        Some(error) => Err(error.fault.code().to_owned()),
    };
    let saved = serde_json::to_value(saved).unwrap();
    Seen {
        result,
        text: outcome.text().to_owned(),
        context: without_places(
            saved["start"]["snapshot"]["state"]["strands"][0]["contexts"][0]["context"].clone(),
        ),
        prints,
    }
}

/// A run; if `resumed`, written down and taken up anew at every step of the machine and in every ask.
fn run(program: &Arc<ir::Program>, options: &RunOptions, resumed: bool) -> (Seen, Vec<Event>) {
    // What nobody uses leaves its memory at once, and comes back.
    run_on(model().with_price(Some(4)).with_identity("script"), program, options, resumed)
}

fn run_on(
    mut model: ScriptModel,
    program: &Arc<ir::Program>,
    options: &RunOptions,
    resumed: bool,
) -> (Seen, Vec<Event>) {
    let (mut events, mut prints) = (Vec::new(), Vec::new());
    let mut session = Session::new(program.clone(), &[], options.clone()).unwrap();
    let draft = Draft::Always(options.seed.unwrap_or_default() as u32 % 4 * 2);
    let mut models = Backends::new(LocalModel::new(&mut model, Limits { draft, ..Limits::default() }));
    // Whether the ask that it waits for is one that it made anew.
    let mut anew = false;
    let mut turns = 0;
    loop {
        turns += 1;
        assert!(turns < 100_000, "it does not end");
        let mut emit = |event: Event| {
            if let Event::Print { text } = &event {
                prints.push(text.clone());
            }
            events.push(event);
        };
        let poll = session.poll(&mut models, &mut emit);
        if poll == Poll::Done {
            break;
        }
        let waits = poll == Poll::Waiting;
        if resumed && (!waits || !anew) {
            let text = serde_json::to_string(&session.save().unwrap()).unwrap();
            let saved: Journal = serde_json::from_str(&text).unwrap();
            session = Session::resume(program.clone(), saved, options.clone()).unwrap();
        } else if waits {
            // Asks of sessions that were written down are still under way.
            for report in models.poll() {
                if session.waits_for(report.task) {
                    session.report(report, &mut models, &mut emit);
                }
            }
        }
        anew = waits;
    }
    let saved = session.save().unwrap();
    let outcome = session.into_outcome().unwrap();
    (seen(&outcome, &saved, prints), events)
}

fn naive(program: &program::Program, options: &RunOptions) -> Seen {
    let mut model = model();
    let mut model = LocalModel::new(&mut model, Limits::default());
    let mut naive = Naive::new(program, &mut model, options.seed.unwrap(), options.temp.unwrap());
    let End { result, context } = naive.run();
    let prints = std::mem::take(&mut naive.prints);
    Seen {
        result,
        text: model.profile().render(&context).unwrap(),
        context: without_places(serde_json::to_value(&context).unwrap()),
        prints,
    }
}

#[test]
fn random_programs_do_what_a_naive_interpreter_does() {
    let (mut caught, mut branches, mut failed) = (0, 0, 0);
    for seed in 0..PROGRAMS {
        let tree = program::program(seed);
        let source = tree.to_string();
        let program = compiled(&source);
        let options = options(seed);
        let (there, events) = run(&program, &options, false);
        assert_eq!(there, naive(&tree, &options), "{source}");
        caught += events.iter().filter(|event| matches!(event, Event::Caught { .. })).count();
        branches += events.iter().filter(|event| matches!(event, Event::BranchStart { .. })).count();
        failed += usize::from(there.result.is_err());
    }
    assert!(caught > 200 && branches > 300 && failed > 30, "{caught} {branches} {failed}");
}

/// Branches that go on side by side come to what they come to one after the other; only what they print may come in
/// another order.
#[test]
fn programs_do_the_same_with_any_number_of_strands() {
    for seed in 0..PROGRAMS / 2 {
        let source = program::program(seed).to_string();
        let program = compiled(&source);
        let serial = run(&program, &options(seed), false).0;
        for strands in [2, 5, 100] {
            let limits = Limits { strands, ..Limits::default() };
            let options = RunOptions { limits, ..options(seed) };
            for resumed in [false, seed % 5 == 0] {
                let there = run(&program, &options, resumed).0;
                let prints = serial.prints.clone();
                assert_eq!(
                    Seen { prints, ..there },
                    serial,
                    "{strands} strands, resumed: {resumed}\n{source}"
                );
            }
        }
    }
}

/// So do they on a model that does not rewind, with any number of sequences for its checkpoints.
#[test]
fn programs_do_the_same_without_rewinding() {
    for seed in 0..PROGRAMS / 2 {
        let source = program::program(seed).to_string();
        let program = compiled(&source);
        let there = run(&program, &options(seed), false).0;
        for (strands, n_seqs, rewinds) in [(1, 16, false), (5, 3, false), (5, 1, false), (5, 1, true)] {
            let limits = Limits { strands, ..Limits::default() };
            let options = RunOptions { limits, ..options(seed) };
            let model = model().with_memory(4096, 16, n_seqs);
            let model = if rewinds { model } else { model.without_rewind() };
            let (here, _) = run_on(model, &program, &options, seed % 7 == 0);
            let prints = there.prints.clone();
            assert_eq!(Seen { prints, ..here }, there, "{strands} strands, {n_seqs} sequences\n{source}");
        }
    }
}

#[test]
fn runs_that_are_taken_up_anew_at_every_step_end_as_if_they_had_not_been() {
    for seed in 0..PROGRAMS / 3 {
        let source = program::program(seed).to_string();
        let (program, options) = (compiled(&source), options(seed));
        let (there, _) = run(&program, &options, false);
        let (resumed, _) = run(&program, &options, true);
        assert_eq!(resumed, there, "{source}");
    }
}

/// A context without the places of its roles, of which the naive interpreter knows nothing.
fn without_places(mut context: Json) -> Json {
    for piece in context["pieces"].as_array_mut().into_iter().flatten() {
        if let Some(open) = piece.get_mut("open") {
            *open = open[0].take();
        }
    }
    context
}

/// What the events say of a context's text: as the description of the module of events has it.
#[derive(Default)]
struct Told {
    texts: HashMap<u32, String>,
}

impl Told {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Text { context, text, .. }
            | Event::Token { context, text, .. }
            | Event::GenEnd { context, text, .. } => {
                self.texts.entry(*context).or_default().push_str(text);
            }
            Event::BranchStart { context, parent, .. } => {
                let copy = self.texts.get(parent).cloned().unwrap_or_default();
                self.texts.insert(*context, copy);
            }
            Event::Caught { context, kept, .. } => self.texts.entry(*context).or_default().truncate(*kept),
            _ => {}
        }
    }
}

#[test]
fn events_spell_the_text_whatever_is_undone() {
    let mut undone = 0;
    for seed in 0..PROGRAMS {
        let source = program::program(seed).to_string();
        let limits = Limits { strands: [1, 4][seed as usize % 2], ..Limits::default() };
        let (there, events) = run(&compiled(&source), &RunOptions { limits, ..options(seed) }, false);
        let (mut told, mut open, mut branches, mut withdrawn) =
            (Told::default(), 0i32, HashSet::new(), false);
        for event in &events {
            match event {
                Event::TryStart { .. } => open += 1,
                Event::TryEnd { .. } => open -= 1,
                Event::Caught { context, kept, .. } => {
                    open -= 1;
                    let text = told.texts.get(context).map_or(0, String::len);
                    assert!(*kept <= text, "{kept} of {text} bytes stay");
                    undone += text - kept;
                }
                Event::BranchStart { context, .. } => assert!(branches.insert(*context)),
                Event::BranchEnd { context, value } => {
                    assert!(branches.remove(context));
                    // What was open in a branch that an error ended elsewhere is over with it.
                    withdrawn |= value.is_none();
                }
                _ => {}
            }
            told.event(event);
        }
        assert_eq!(told.texts.remove(&0).unwrap_or_default(), there.text, "{source}");
        let closed = (open == 0 || withdrawn) && branches.is_empty();
        assert!(there.result.is_err() || closed, "{source}");
    }
    assert!(undone > 1000, "{undone}");
}
