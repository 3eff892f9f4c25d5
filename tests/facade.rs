//! The library as embedders use it, on scripted models.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use agentc::model::script::{Rule, ScriptLoader, ScriptModel};
use agentc::model::{Load, Model, ModelError};
use agentc::{Engine, Error, Event, Fault, Program, Value};

#[path = "../examples/embed.rs"]
mod embed;

fn engine(rules: &[(&str, &str)]) -> Engine {
    let rules = rules.iter().map(|(prompt, answer)| Rule::new(*prompt, *answer)).collect();
    Engine::builder().script(ScriptModel::new(rules).unwrap()).build().unwrap()
}

fn program(source: &str) -> Program {
    Program::from_source("test.agent", source).unwrap()
}

#[test]
fn the_example_runs() {
    let engine = engine(&[("Mood: ", "angry"), ("Order: ", "AB1234")]);
    let mut out = Vec::new();
    assert_eq!(embed::triage(&engine, &mut out).unwrap(), "AB1234");
    let out = String::from_utf8(out).unwrap();
    assert!(out.starts_with(r#"value:  {"mood": "angry", "order": "AB1234"}"#), "{out}");
    let stream = "stream: mood = angry (ended by: value) order = AB1234 (ended by: value)\n";
    assert!(out.ends_with(stream), "{out}");
}

#[test]
fn a_program_with_errors_says_all_of_them() {
    let Err(Error::Program(found)) = Program::from_source("bad.agent", "\"{{ a }}\"\n\"{{ b }}\"") else {
        panic!()
    };
    assert_eq!(found.diags.iter().filter(|diag| diag.is_error()).count(), 2);
    let error = Error::Program(found);
    assert_eq!(error.exit_code(), 3);
    assert!(error.to_string().contains("bad.agent:2:"), "{error}");
}

#[test]
fn outcomes_have_value_captures_and_text() {
    let program = program(r#""The capital of France is {{ gen city: /[A-Z][a-z]+/ }}.""#);
    let outcome = engine(&[("is ", "Paris.")]).run(&program).start().unwrap();
    assert_eq!(outcome.capture("city"), Some(&"Paris".into()));
    assert_eq!(outcome.text(), "The capital of France is Paris.");
    assert_eq!(outcome.value(), &Value::Null);
}

#[test]
fn failures_keep_what_there_was() {
    let program = program("\"A: {{ gen a with stop = \"\\n\" }}\"\nlet n = len(a) - 3\n\"{{ 1 / n }}\"");
    let Err(Error::Run(failure)) = engine(&[("A: ", "yes\n")]).run(&program).start() else { panic!() };
    assert_eq!(failure.error().fault, Fault::DivisionByZero);
    assert_eq!(failure.location().map(|place| place.line), Some(3));
    assert_eq!(failure.outcome().text(), "A: yes");
    assert_eq!(failure.outcome().capture("a"), Some(&"yes".into()));
}

#[test]
fn a_failed_expectation_shows_what_it_compared() {
    let program = program("let xs = [1, 2]\nexpect len(xs) > 2, \"too few\"");
    let Err(Error::Run(failure)) = engine(&[]).run(&program).start() else { panic!() };
    let [part] = failure.parts() else { panic!("{:?}", failure.parts()) };
    assert_eq!((part.source.as_str(), &part.value), ("len(xs)", &Value::Int(2)));
    assert_eq!(part.span.as_ref().map(|place| (place.line, place.column)), Some((2, 8)));
}

#[test]
fn an_engine_can_have_several_models() {
    let source =
        "model small = \"tiny\" {}\n\"A: {{ gen a with stop = \"\\n\", model = small }} {{ gen b }}\"";
    let program = program(source);
    let script = |prompt: &str, answer: &str| ScriptModel::new(vec![Rule::new(prompt, answer)]).unwrap();
    let builder = || Engine::builder().script(script("A: one ", "two"));
    let both = builder().also_loader("small", ScriptLoader(script("A: ", "one\n"))).build().unwrap();
    let outcomes = both.batch(&program, (0..5).map(|_| Vec::new()));
    for outcome in outcomes {
        assert_eq!(outcome.unwrap().text(), "A: one two");
    }
    let Err(Error::Run(failure)) = builder().build().unwrap().run(&program).start() else { panic!() };
    assert_eq!(failure.error().fault, Fault::UnknownModel { name: "small".into() });
    assert_eq!(failure.outcome().text(), "");
    assert_eq!(Error::Run(failure).exit_code(), 7);
    let broken = builder().also_loader("small", Broken).build();
    assert!(matches!(broken, Err(Error::Model(ModelError::Load { .. }))));
    let missing = builder().models_of(&program).build().unwrap_err();
    assert!(matches!(missing, Error::Store(_)), "{missing}");
}

#[test]
fn inputs_are_checked() {
    let program = program("input n: int\nreturn n + 1");
    let engine = engine(&[]);
    assert_eq!(engine.run(&program).input("n", 41).start().unwrap().value(), &Value::Int(42));
    assert_eq!(engine.run(&program).input_text("n", "1").start().unwrap().value(), &Value::Int(2));
    let error = engine.run(&program).input("n", "x").start().unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(program.check_inputs(&[]).is_err());
}

#[test]
fn threads_share_an_engine_and_a_batch_keeps_its_order() {
    let engine = Engine::builder().script(ScriptModel::random(1).unwrap()).build().unwrap();
    let program = program(
        r#"input i: int
"{{ i }}: {{ gen x: /[a-z]{5,20}/ }}"
return x"#,
    );
    let run = |i: i64| engine.run(&program).input("i", i).start().unwrap().value().clone();
    let alone: Vec<Value> = (0..20).map(run).collect();
    let rows = (0..20i64).map(|i| vec![("i".to_owned(), Value::Int(i))]);
    let batch: Vec<Value> =
        engine.batch(&program, rows).map(|outcome| outcome.unwrap().value().clone()).collect();
    assert_eq!(alone, batch);
    let threads: Vec<Value> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..20).map(|i| scope.spawn(move || run(i))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(alone, threads);
}

#[test]
fn runs_outlive_the_handle_that_began_them() {
    let program = program(r#""a{{ gen x with max = 50 }}""#);
    let events = engine(&[("a", &" word".repeat(60))]).run(&program).stream().unwrap();
    assert!(events.finish().unwrap().text().len() > 50);
}

#[test]
fn cancellation_and_timeouts_are_typed() {
    let program = program(r#""a{{ gen x with max = 2000 }}""#);
    let engine = engine(&[("a", &" word".repeat(2500))]);
    let flag = Arc::new(AtomicBool::new(false));
    let mut events = engine.run(&program).cancel(flag.clone()).stream().unwrap();
    let first = events.find(|event| matches!(event, Event::Token { .. }));
    assert!(first.is_some());
    flag.store(true, Ordering::Relaxed);
    let error = events.finish().unwrap_err();
    assert_eq!(error.exit_code(), 130);
    let error = engine.run(&program).timeout(Duration::ZERO).start().unwrap_err();
    assert_eq!(error.exit_code(), 5);
    let error = engine.run(&program).max_tokens(5).start().unwrap_err();
    assert_eq!(error.exit_code(), 5);
    drop(engine.run(&program).stream().unwrap());
    assert!(engine.run(&program).start().is_ok(), "a deserted run does not disturb the next");
}

struct Broken;

impl Load for Broken {
    fn load(self: Box<Self>, _: &mut dyn FnMut(&mut dyn Model)) -> Result<(), ModelError> {
        Err(ModelError::Load { name: "broken".to_owned(), reason: "no such file".to_owned() })
    }
}

struct Panics;

impl Load for Panics {
    fn load(self: Box<Self>, _: &mut dyn FnMut(&mut dyn Model)) -> Result<(), ModelError> {
        panic!("a defect of the back end")
    }
}

#[test]
fn a_model_that_does_not_load_is_an_error_and_never_a_hang() {
    let error = Engine::builder().loader(Broken).build().unwrap_err();
    assert!(matches!(&error, Error::Model(ModelError::Load { .. })));
    assert_eq!(error.exit_code(), 7);
    assert!(matches!(Engine::builder().loader(Panics).build(), Err(Error::EngineGone)));
    let missing = Engine::builder().model("./nowhere.gguf").build().unwrap_err();
    assert!(matches!(missing, Error::Store(_)));
    assert_eq!(missing.exit_code(), 7);
}

#[test]
fn tools_of_the_embedding_program_are_called_and_hold_up_nobody() {
    let source =
        "tool price(item: str) -> int\nreturn fork item in [\"tea\", \"milk\"] { yield price(item) }";
    let shop = program(source);
    let engine = engine(&[("A: ", "yes\n")]);
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let slow = engine.run(&shop).tool("price", move |args| {
        gate.lock().unwrap().recv().unwrap();
        Ok(Value::Int(args[0].1.as_str().unwrap().len() as i64))
    });
    let waiting = slow.stream().unwrap();
    // While the tool waits, another run of the engine comes to its end.
    let quick = program("\"A: {{ gen a with stop = \"\\n\" }}\"");
    assert_eq!(engine.run(&quick).start().unwrap().capture("a"), Some(&"yes".into()));
    open.send(()).unwrap();
    open.send(()).unwrap();
    assert_eq!(waiting.finish().unwrap().value().to_string(), "[3, 4]");
    let Err(Error::Run(failure)) = engine.run(&shop).start() else { panic!() };
    assert_eq!(failure.error().fault.code(), "R0302");
    let failing = |_: &[(String, Value)]| Err(agentc::ToolError("sold out".into()));
    let Err(Error::Run(failure)) = engine.run(&shop).tool("price", failing).start() else { panic!() };
    assert_eq!(failure.to_string(), "the tool `price` failed: sold out");
    assert_eq!(failure.location().map(|place| place.line), Some(2));
}

#[test]
fn a_run_that_is_dropped_while_its_tool_works_ends() {
    let program = program("tool wait() -> int\nreturn wait()");
    let engine = engine(&[]);
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let events = engine.run(&program).tool("wait", move |_| {
        // Ends when the other side is gone.
        let _ = gate.lock().unwrap().recv();
        Ok(Value::Null)
    });
    drop(events.stream().unwrap());
    // The engine ends although the tool still works.
    drop(engine);
    drop(open);
}

#[test]
fn what_an_edited_program_begins_with_is_not_read_again() {
    let engine = engine(&[("Question: ", "yes")]);
    let instructions = "Answer the question in one word, and say nothing else at all. ".repeat(8);
    let edited = |question: &str| {
        program(&format!("\"{instructions}\"\n\"{question}? Question: {{{{ gen a: word }}}}\""))
    };
    let cost = |question: &str| engine.run(&edited(question)).start().unwrap().usage().clone();
    let first = cost("Is it so");
    assert_eq!(first.cached_tokens, 0);
    let second = cost("Was it so");
    // All but what has changed, which is less than half of it.
    assert!(second.cached_tokens * 2 > second.prompt_tokens, "{second:?}");
}
