//! Tools that the embedding program supplies: called, refused, slow, wrong, and never in anybody's way.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::mpsc;
use std::time::Duration;

use agentc_compiler::ir::Capability;
use agentc_runtime::session::run;
use agentc_runtime::{
    Backends, Event, Functions, Grants, LocalModel, Outcome, Poll, RunOptions, Session, ToolError, Value,
};
use common::{program, script};

fn functions() -> Functions {
    Functions::default()
        .with("add", |args| {
            let number = |at: usize| args[at].1.as_int().unwrap_or(0);
            Ok(Value::Int(number(0) + number(1)))
        })
        .with("fails", |_| Err(ToolError("no such city".into())))
        .with("lies", |_| Ok("text".into()))
        .with("names", |args| {
            Ok(args.iter().map(|(name, _)| name.as_str().into()).collect::<Vec<Value>>().into())
        })
}

fn play(source: &str, options: RunOptions) -> Outcome {
    let mut model = script(&[("A: ", "7")]);
    let model = LocalModel::new(&mut model, agentc_runtime::Limits::default());
    let mut backends = Backends::new(model);
    let session = Session::new(program(source), &[], options).unwrap().with_host(functions());
    run(session, &mut backends, &mut |_| {}).unwrap()
}

fn value(source: &str) -> String {
    let outcome = play(source, RunOptions::default());
    assert_eq!(outcome.error(), None, "{source}");
    outcome.value().to_string()
}

#[test]
fn a_tool_is_called_with_its_arguments_by_name_and_its_defaults() {
    let add = "tool add(a: int, b: int = 40) -> int\n";
    assert_eq!(value(&format!("{add}return add(2) + add(b = 1, a = 1)")), "44");
    assert_eq!(
        value(&format!("{add}\"A: {{{{ gen n: int }}}}\"\nreturn fork 3 as i {{ yield add(n, i) }}")),
        "[7, 8, 9]"
    );
    assert_eq!(value("tool names(x: str, y: bool = true) -> str[]\nreturn names(\"a\")"), r#"["x", "y"]"#);
}

#[test]
fn what_a_tool_does_wrong_is_an_error_of_the_program() {
    let caught = |tool: &str| {
        value(&format!(
            "tool {tool}() -> int\ntry {{ print {tool}() }} else e {{ return [e.code, e.message] }}\nreturn 0"
        ))
    };
    assert_eq!(caught("fails"), r#"["R0109", "the tool `fails` failed: no such city"]"#);
    assert_eq!(caught("lies"), r#"["R0109", "the tool `lies` returned text, which is not of its type"]"#);
}

#[test]
fn a_tool_that_nobody_supplies_or_that_is_not_granted_what_it_needs_ends_the_run() {
    let source = "tool other() -> int\ntry { print other() } else { print \"caught\" }";
    let outcome = play(source, RunOptions::default());
    let error = outcome.error().unwrap();
    assert_eq!((error.fault.code(), error.span.is_some()), ("R0302", true), "{error}");
    assert!(error.fault.hint().unwrap().contains("run.tool(\"other\""));
    let source =
        "tool add(a: int, b: int) -> int needs net(\"a.org\")\ntry { return add(1, 2) } else { return 0 }";
    let outcome = play(source, RunOptions::default());
    let error = outcome.error().unwrap();
    assert_eq!(error.fault.code(), "R0301");
    assert_eq!(error.to_string(), "the tool `add` needs `net(\"a.org\")`, which the run is not granted");
    let granted = Capability { name: "net".into(), limit: Some("a.org".into()) };
    let options = RunOptions { grants: Grants::new([granted]), ..RunOptions::default() };
    assert_eq!(play(source, options).value().to_string(), "3");
}

#[test]
fn a_slow_tool_holds_up_nobody_and_a_run_that_waits_for_one_can_be_ended() {
    let (open, gate) = mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let slow = move |_: &[(String, Value)]| {
        let gate = gate.lock().map_err(|_| ToolError("broken".into()))?;
        gate.recv().map_err(|_| ToolError("nobody opened".into()))?;
        Ok(Value::Int(1))
    };
    let mut model = script(&[("A: ", "7")]);
    let model = LocalModel::new(&mut model, agentc_runtime::Limits::default());
    let mut backends = Backends::new(model);
    let tools = Functions::default().with("slow", slow);
    let waiting = program("tool slow() -> int\nreturn slow()");
    let mut first = Session::new(waiting.clone(), &[], RunOptions::default()).unwrap();
    first = first.with_host(tools.clone());
    while first.poll(&mut backends, &mut |_| {}) == Poll::Ready {}
    // While it waits, others come to their end.
    let quick = program("\"A: {{ gen n: int }}\"\nreturn n");
    let mut quick = Session::new(quick, &[], RunOptions::default()).unwrap();
    let deadline = std::time::Instant::now().checked_add(Duration::from_millis(30));
    let mut late = Session::new(waiting, &[], RunOptions { deadline, ..RunOptions::default() }).unwrap();
    late = late.with_host(tools);
    let mut done = 0;
    while done < 2 {
        done = 0;
        for session in [&mut quick, &mut late] {
            done += usize::from(session.poll(&mut backends, &mut |_| {}) == Poll::Done);
        }
        for report in backends.poll() {
            for session in [&mut first, &mut quick, &mut late] {
                if session.waits_for(report.task) {
                    session.report(report, &mut backends, &mut |_| {});
                    break;
                }
            }
        }
    }
    assert_eq!(quick.into_outcome().unwrap().value().to_string(), "7");
    assert_eq!(late.into_outcome().unwrap().error().unwrap().fault.code(), "R0502");
    open.send(()).unwrap();
    let outcome = run(first, &mut backends, &mut |_: Event| {}).unwrap();
    assert_eq!(outcome.value().to_string(), "1", "{:?}", outcome.error());
    drop(open);
}
