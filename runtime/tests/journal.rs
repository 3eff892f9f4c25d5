//! The journal of a run repeats it without any model, and takes it up from every point of it. The programs of the manual
//! are repeated where they run, in `suite`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use agentc_compiler::source::{World, WorldError};
use agentc_compiler::{Options, compile, ir};
use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::session::run;
use agentc_runtime::{
    Backends, Event, Fault, Functions, Input, Journal, Limits, LocalModel, Outcome, RunOptions, Session,
    Value,
};
use common::edit::{Random, edit};
use common::{by_context, end, kept, program, seen, shown};

/// Files beside a program.
struct Folder(PathBuf);

impl World for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        if let Some(library) = path.strip_prefix("std/") {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlib/std");
            return Folder(root).read(library);
        }
        std::fs::read(self.0.join(path)).map_err(|error| WorldError { message: error.to_string() })
    }
}

/// Every program of a folder and those below it, compiled; files that are wrong on purpose are none.
fn programs(folder: &Path, found: &mut Vec<(String, Arc<ir::Program>)>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            programs(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "agent") {
            let name = path.display().to_string();
            let world = Folder(path.parent().unwrap().to_owned());
            let compiled = compile(&name, &std::fs::read(&path).unwrap(), &world, &Options::default());
            found.extend(compiled.program.map(|program| (name, Arc::new(program))));
        }
    }
}

/// A value for each input that has no default, if there is an easy one.
fn inputs(program: &ir::Program) -> Vec<(String, Input)> {
    let params = &program.funcs[program.entry.index()].params;
    let given = params.iter().filter(|param| param.default.is_none()).map(|param| {
        let value = match &param.ty {
            ir::Ty::Int => Value::Int(3),
            ir::Ty::Float => Value::Float(0.5),
            ir::Ty::Bool => Value::Bool(true),
            ir::Ty::List(_) => Value::list(Vec::new()),
            _ => "Ada asks.".into(),
        };
        (param.name.clone(), Input::Value(value))
    });
    given.collect()
}

fn options() -> RunOptions {
    let limits = Limits { steps: 200_000, default_max: 24, ..Limits::default() };
    RunOptions { seed: Some(5), temp: Some(0.8), max_tokens: Some(400), limits, ..RunOptions::default() }
}

/// A run on a model that writes noise, which stands for all models of the program.
fn play(session: Session, program: &ir::Program) -> (Outcome, Vec<Event>, Journal) {
    let mut model = ScriptModel::random(3).unwrap();
    let mut backends = Backends::new(LocalModel::new(&mut model, Limits::default()));
    program.models.iter().for_each(|(name, _)| backends.alias(name, 0));
    end(session, &mut backends)
}

#[test]
fn every_program_of_the_tree_is_repeated_without_a_model() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for folder in ["examples", "tests/mistakes", "tests/diagnostics"] {
        programs(&root.join(folder), &mut found);
    }
    let (mut ran, mut ended_well, mut asked) = (0, 0, 0);
    for (name, program) in &found {
        let Ok(session) = Session::new(program.clone(), &inputs(program), options()) else { continue };
        let (outcome, events, journal) = play(session, program);
        ran += 1;
        ended_well += usize::from(outcome.error().is_none());
        asked += usize::from(journal.len() > 1);
        let session = Session::repeat(program.clone(), kept(&journal), options()).unwrap();
        let (again, repeated, entered) = end(session, &mut Backends::none());
        assert_eq!(by_context(&repeated), by_context(&events), "{name}");
        assert_eq!(seen(&again), seen(&outcome), "{name}");
        assert_eq!(kept(&entered), kept(&journal), "{name}");
    }
    assert!(ran > 20 && ended_well > 15 && asked > 15, "{ran} {ended_well} {asked} of {}", found.len());
}

#[test]
fn a_run_is_taken_up_after_each_entry_of_its_journal() {
    let source = r#"
agent inner(word: str) -> str { "In {{ word }}: " gen x: /[a-z]{1,5}/ return x + context }
"Start. " gen a: /[a-z]{1,5}/
print a
let xs = fork 3 as i { "{{ i }} " try { gen b: /[a-z]{1,5}/ if i == 1 { fail b } } else { gen b: /[0-9]/ } yield inner(b) }
gen c: /[a-z]{1,5}/
return xs + [a, c]"#;
    let program = program(source);
    for strands in [1, 3] {
        let options = || RunOptions { limits: Limits { strands, ..Limits::default() }, ..options() };
        let (whole, events, journal) = play(Session::new(program.clone(), &[], options()).unwrap(), &program);
        let told = told_by_then(Session::new(program.clone(), &[], options()).unwrap());
        assert_eq!(whole.error(), None);
        assert!(journal.len() > 10, "{}", journal.len());
        for entries in 0..=journal.len() {
            let prefix = kept(&journal.prefix(entries));
            let session = Session::resume(program.clone(), prefix, options()).unwrap();
            let (outcome, rest, entered) = play(session, &program);
            assert_eq!(seen(&outcome), seen(&whole), "after {entries} entries");
            // Side by side, answers may come in another order.
            assert!(strands > 1 || kept(&entered) == kept(&journal), "after {entries} entries");
            if strands == 1 {
                let all = shown(&events);
                let ended = (entries == journal.len()).then_some(all.len());
                // An ask that is answered at once is never seen to wait.
                if let Some(there) = ended.or(told.get(&entries).copied()) {
                    assert_eq!(shown(&rest), all[there..], "after {entries} entries");
                }
            }
        }
    }
}

/// How many events a run has told when it waits, by the entries that its journal has then.
fn told_by_then(mut session: Session) -> std::collections::HashMap<usize, usize> {
    let mut model = ScriptModel::random(3).unwrap();
    let mut backends = Backends::new(LocalModel::new(&mut model, Limits::default()));
    let (mut events, mut told) = (Vec::new(), std::collections::HashMap::new());
    loop {
        let poll = session.poll(&mut backends, &mut |event| events.push(event));
        if poll == agentc_runtime::Poll::Done {
            return told;
        }
        if poll == agentc_runtime::Poll::Waiting {
            told.entry(session.journal().len()).or_insert_with(|| shown(&events).len());
            for report in backends.poll() {
                session.report(report, &mut backends, &mut |event| events.push(event));
            }
        }
    }
}

#[test]
fn a_run_that_was_ended_from_outside_is_repeated_to_that_end() {
    let program =
        program("\"Start. \" gen a: /[a-z]{5}/\nlet xs = fork 2 { gen b: /[a-z ]{90}/ yield b }\nreturn xs");
    for ended_at in [1, 4, 7, 20] {
        let cancel = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let mut model = ScriptModel::random(3).unwrap();
        let mut backends = Backends::new(LocalModel::new(&mut model, Limits::default()));
        let options = || RunOptions { cancel: Some(cancel.clone()), ..options() };
        let mut session = Session::new(program.clone(), &[], options()).unwrap();
        let (mut events, mut tokens) = (Vec::new(), 0);
        while session.poll(&mut backends, &mut |event| events.push(event)) != agentc_runtime::Poll::Done {
            for report in backends.poll() {
                session.report(report, &mut backends, &mut |event| {
                    tokens += usize::from(matches!(event, Event::Token { .. }));
                    events.push(event);
                });
            }
            cancel.store(tokens >= ended_at, std::sync::atomic::Ordering::Relaxed);
        }
        cancel.store(false, std::sync::atomic::Ordering::Relaxed);
        let journal = session.journal();
        let outcome = session.into_outcome().unwrap();
        assert_eq!(outcome.error().unwrap().fault, Fault::Interrupted);
        let session = Session::repeat(program.clone(), kept(&journal), options()).unwrap();
        let (again, repeated, entered) = end(session, &mut Backends::none());
        assert_eq!(seen(&again), seen(&outcome), "after {ended_at} tokens");
        // What branches write side by side is told one after the other where the run is repeated.
        assert_eq!(by_context(&repeated), by_context(&events), "after {ended_at} tokens");
        assert_eq!(kept(&entered), kept(&journal), "after {ended_at} tokens");
    }
}

#[test]
fn tools_are_not_called_again() {
    let calls = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = calls.clone();
    let tools = Functions::default().with("next", move |_| {
        Ok(Value::Int(counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed) as i64))
    });
    let program = program(
        "tool next() -> int\nlet a = [next(), next()]\ntry { print fork 2 { yield next() } fail \"x\" } else { a = a + [next()] }\nreturn a",
    );
    let mut model = ScriptModel::random(3).unwrap();
    let mut backends = Backends::new(LocalModel::new(&mut model, Limits::default()));
    let session = Session::new(program.clone(), &[], options()).unwrap().with_host(tools);
    let mut journal = None;
    let outcome = {
        let mut session = session;
        loop {
            match session.poll(&mut backends, &mut |_| {}) {
                agentc_runtime::Poll::Done => break,
                agentc_runtime::Poll::Ready => continue,
                agentc_runtime::Poll::Waiting => backends.wait(Some(std::time::Duration::from_secs(10))),
            }
            for report in backends.poll() {
                session.report(report, &mut backends, &mut |_| {});
            }
        }
        journal.replace(session.journal());
        session.into_outcome().unwrap()
    };
    assert_eq!(outcome.value().to_string(), "[0, 1, 4]");
    let session = Session::repeat(program, kept(&journal.unwrap()), options()).unwrap();
    let again = run(session, &mut Backends::none(), &mut |_| {}).unwrap();
    assert_eq!(again.value(), outcome.value());
    assert_eq!(calls.load(std::sync::atomic::Ordering::Relaxed), 5);
}

#[test]
fn a_journal_of_another_program_or_version_or_an_edited_one_is_refused() {
    let one = program("\"a\" gen x: int\nreturn x");
    let (_, _, journal) = play(Session::new(one.clone(), &[], options()).unwrap(), &one);
    let other = program("\"b\" gen x: int\nreturn x");
    let refused = |program: &Arc<ir::Program>, text: &str| match serde_json::from_str::<Journal>(text) {
        Ok(journal) => match Session::repeat(program.clone(), journal, options()) {
            Ok(session) => {
                let outcome = run(session, &mut Backends::none(), &mut |_| {}).unwrap();
                outcome.error().unwrap_or_else(|| panic!("{text}")).to_string()
            }
            Err(error) => error.to_string(),
        },
        Err(error) => error.to_string(),
    };
    let text = serde_json::to_string(&journal).unwrap();
    assert!(refused(&other, &text).contains("belongs to another program"));
    assert!(refused(&one, &text.replace("\"version\":1", "\"version\":7")).contains("version 7"));
    assert!(
        refused(&one, &text.replace("\"ordinal\":1", "\"ordinal\":2")).contains("nobody waits for answer 2")
    );
    assert!(refused(&one, &text.replace("\"args\":[]", "\"args\":[1]")).contains("does not belong"));
    // One that breaks off goes on with whoever is there: here nobody.
    let session = Session::repeat(one.clone(), journal.prefix(0), options()).unwrap();
    let outcome = run(session, &mut Backends::none(), &mut |_| {}).unwrap();
    assert!(matches!(outcome.error().unwrap().fault, Fault::UnknownModel { .. }), "{outcome:?}");
}

#[test]
fn a_journal_that_was_edited_is_refused_or_comes_to_some_end() {
    let source = "agent inner() -> str { \"In: \" gen x: /[a-z]{1,3}/ return x + context }\n\
        \"Start. \" gen a: int\nlet xs = fork 3 as i { try { gen b: /[a-z]{1,3}/ if i == 1 { fail b } } else e { print e.message }\n\
        yield inner() }\nreturn xs";
    let program = program(source);
    let limits = Limits { steps: 20_000, strands: 2, ..Limits::default() };
    let options = || RunOptions { limits: limits.clone(), seed: Some(2), ..RunOptions::default() };
    let (_, _, journal) = play(Session::new(program.clone(), &[], options()).unwrap(), &program);
    let json = serde_json::to_value(&journal).unwrap();
    let (mut random, mut ran, mut refused) = (Random(4), 0, 0);
    for _ in 0..4_000 {
        let mut json = json.clone();
        for _ in 0..=random.below(2) {
            edit(&mut json, &mut random);
        }
        let session = serde_json::from_value::<Journal>(json)
            .ok()
            .and_then(|journal| Session::repeat(program.clone(), journal, options()).ok());
        match session {
            // It may end in any way but a panic; whatever the journal does not answer, the model does.
            Some(session) => {
                play(session, &program);
                ran += 1;
            }
            None => refused += 1,
        }
    }
    assert!(ran > 500 && refused > 500, "{ran} {refused}");
}
