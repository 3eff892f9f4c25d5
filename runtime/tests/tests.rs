//! What embedders learn of `test` blocks: reports, and the models that they need. What tests do is in `tests/suite`.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use agentc_compiler::ir;
use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::testing::{self, TestReport};
use agentc_runtime::{Event, Fault, LocalModel, Prepared, RunOptions};
use common::{program, scheds, script};

const SUITE: &str = r#"
model "big" { temp: 1.5 }
model small = "tiny" {}
agent answer(question: str) -> str {
  system "Be brief."
  user question
  assistant { gen reply with stop = "\n", max = 20 }
  return reply
}
agent sorted(mail: str) -> str {
  user mail
  assistant { "Mood: " gen mood: "calm" | "angry" with model = small }
  return mood
}
test "adds" { expect 1 + 1 == 2 }
test "sorts" with model = script { "Mood: " => "angry!" } { expect sorted("Late!") == "angry" }
test "on the small one" { expect answer("Why?") == "tiny" } with model = small
test "on the big one" { expect answer("Why?") == "tiny" }
test "sorts with both" { expect sorted("Late!") == "calm" }
"#;

fn find(program: &ir::Program, name: &str) -> usize {
    program.tests.iter().position(|test| test.name == name).unwrap()
}

/// A test on two models that answer with their names.
fn play(name: &str) -> (TestReport, Vec<Event>) {
    let program = program(SUITE);
    let (mut big, mut small) = (script(&[("", "huge\n")]), script(&[("Mood: ", "calm"), ("", "tiny\n")]));
    let mut models = scheds(&mut big);
    models.add("small", LocalModel::new(&mut small, agentc_runtime::Limits::default()));
    let mut events = Vec::new();
    let mut emit = |event| events.push(event);
    let options = RunOptions { temp: Some(0.0), ..RunOptions::default() };
    let report = testing::run(&program, find(&program, name), &mut models, options, &mut emit).unwrap();
    assert_eq!(report.name, name);
    (report, events)
}

#[test]
fn tests_pass_or_say_why_not() {
    for name in ["adds", "on the small one", "sorts with both", "sorts"] {
        let (report, _) = play(name);
        assert!(report.passed(), "{name}: {:?}", report.error());
    }
    let (report, events) = play("on the big one");
    let error = report.error().unwrap();
    let Fault::Expect { operands, .. } = &error.fault else { panic!("{error}") };
    assert_eq!(operands[0].value.to_string(), "huge");
    assert!(error.span.is_some() && report.outcome.usage().generated_tokens > 0);
    assert!(events.iter().any(|event| matches!(event, Event::GenEnd { .. })));
}

#[test]
fn a_scripted_test_needs_no_other_model() {
    let program = program(SUITE);
    let run = |name| testing::run_script(&program, find(&program, name), RunOptions::default(), &mut |_| {});
    assert!(run("sorts").unwrap().passed(), "the script stands for the named model, too");
    assert!(run("adds").is_none() && run("on the small one").is_none());
    assert!(testing::script(&program, 99).unwrap().is_none());
    assert!(testing::run_script(&program, 99, RunOptions::default(), &mut |_| {}).is_none());
}

#[test]
fn the_models_that_a_test_needs_are_known() {
    let program = program(SUITE);
    let prepared = Prepared::from(&program);
    let needs = |name| prepared.test_models(find(&program, name));
    assert_eq!((needs("adds").len(), needs("sorts").len()), (0, 0));
    assert_eq!(needs("on the small one"), ["small"]);
    assert_eq!(needs("sorts with both"), ["small"]);
    let mut random = ScriptModel::random(1).unwrap();
    let test = find(&program, "on the small one");
    let report = testing::run(&program, test, &mut scheds(&mut random), RunOptions::default(), &mut |_| {});
    let report = report.unwrap();
    assert_eq!(report.error().unwrap().fault, Fault::UnknownModel { name: "small".into() });
}

#[test]
fn a_rule_that_is_no_regex_is_an_error_of_the_test() {
    let mut broken = (*program(SUITE)).clone();
    let test = find(&broken, "sorts");
    let rule = ir::ScriptRule { prompt: ir::ScriptPrompt::Regex("(".into()), answer: String::new() };
    broken.tests[test].model = ir::TestModel::Script(vec![rule]);
    let report = testing::run_script(Arc::new(broken), test, RunOptions::default(), &mut |_| {}).unwrap();
    let error = report.error().unwrap();
    assert!(error.to_string().contains("`/(/` is not a regex"), "{error}");
    assert!(error.span.is_some() && error.fault.hint().is_some());
}

#[test]
fn tests_are_no_part_of_a_run() {
    let source = format!("{SUITE}\nreturn 3");
    let outcome = common::outcome(&[], &source);
    assert_eq!(outcome.value().to_string(), "3");
}
