//! Bugs that were found, as the programs that showed them.

mod common;

use std::time::{Duration, Instant};

use agentc_compiler::source::NoFiles;
use agentc_compiler::{Options, compile};
use agentc_runtime::{ErrorKind, Event, Fault, Limit, RunOptions, Value};
use common::{outcome, play, script};

#[test]
fn records_are_equal_whatever_their_order_and_kind_of_number() {
    let source = "return [{a: 1} == {a: 1.0}, {a: 1, b: 2} == {b: 2, a: 1}, {a: 1} == {a: 2}]";
    let expected = Value::list(vec![Value::Bool(true), Value::Bool(true), Value::Bool(false)]);
    assert_eq!(outcome(&[], source).value(), &expected);
}

#[test]
fn unique_goes_by_value_and_is_not_quadratic() {
    assert_eq!(outcome(&[], "return [3, 1, 3, 2, 1] | unique").value().to_string(), "[3, 1, 2]");
    assert_eq!(outcome(&[], "return unique(range(100000)) | len").value(), &Value::Int(100_000));
}

#[test]
fn the_remainder_of_the_smallest_int_by_minus_one_is_zero() {
    assert_eq!(outcome(&[], "let a = -9223372036854775807 - 1\nreturn a % -1").value(), &Value::Int(0));
}

#[test]
fn a_run_time_max_of_zero_is_refused() {
    let (outcome, _) =
        play(&mut script(&[("a", "b")]), "let n = 0\n\"a{{ gen x with max = n }}\"", RunOptions::default());
    let error = outcome.error().expect("an error");
    assert!(matches!(error.fault, Fault::BadOption { option: "max", .. }), "{error}");
    assert!(error.fault.hint().is_some());
}

#[test]
fn large_values_count_against_time_and_memory() {
    let options = RunOptions {
        deadline: Instant::now().checked_add(Duration::from_millis(50)),
        ..RunOptions::default()
    };
    let (outcome, _) = play(&mut script(&[]), "repeat 1000000000 { let x = range(500000) }", options);
    assert_eq!(outcome.error().map(|error| error.fault.kind()), Some(ErrorKind::Budget));
    let (outcome, _) = play(&mut script(&[]), "let x = range(60000000)", RunOptions::default());
    assert!(matches!(outcome.error().expect("an error").fault, Fault::Limit { .. }));
}

#[test]
fn a_print_does_not_overtake_the_text_before_it() {
    let source =
        "\"a \"\ngen x: /[a-z]+/\nprint \"one\"\n\" b \"\nprint \"two\"\ngen y: /[a-z]+/\nprint \"three\"";
    let (_, events) = play(&mut script(&[("a ", "cat."), (" b ", "dog.")]), source, RunOptions::default());
    let shown: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            Event::Text { text, .. } | Event::Print { text } => Some(text.clone()),
            Event::GenEnd { value, .. } => Some(value.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(shown, ["a ", "cat", "one", " b ", "two", "dog", "three"]);
}

#[test]
fn a_run_that_is_cut_off_tells_what_it_cost() {
    let options = RunOptions { max_tokens: Some(4), ..RunOptions::default() };
    let (outcome, _) = play(&mut script(&[("a", "bbbbbbbbbbbb")]), "\"a{{ gen x with max = 50 }}\"", options);
    assert!(outcome.error().is_some());
    assert_eq!(outcome.usage().generated_tokens, 4, "{:?}", outcome.usage());
}

#[test]
fn values_nest_to_a_limit_and_no_further() {
    let source = "let x = parse_json(\"[]\")\nrepeat 150 { x = parse_json(\"[{{ x }}]\") }";
    let (outcome, _) = play(&mut script(&[]), source, RunOptions::default());
    assert!(matches!(outcome.error().expect("an error").fault, Fault::NotJson { .. }));
    let source = "let x = parse_json(\"[]\")\nrepeat 150 { x = [x] }\nreturn x";
    let (outcome, _) = play(&mut script(&[]), source, RunOptions::default());
    let error = outcome.error().expect("an error");
    assert_eq!(error.fault, Fault::Limit { what: Limit::ValueDepth, limit: 100 });
    assert!(error.fault.hint().is_some());
}

#[test]
fn a_chain_of_constants_ends_the_run_exactly_where_the_compiler_warns_of_it() {
    for (constants, ends) in [(255, false), (256, true)] {
        let chain: String = (1..constants).map(|i| format!("const C{} = C{i} + 1\n", i - 1)).collect();
        let source = format!("{chain}const C{} = len(\"x\")\nprint C0", constants - 1);
        let compiled = compile("x.agent", source.as_bytes(), &NoFiles, &Options::default());
        let warned = compiled.diags.iter().any(|diag| diag.code == "W0121");
        let (outcome, _) = play(&mut script(&[]), &source, RunOptions::default());
        let limit =
            matches!(outcome.error().map(|error| &error.fault), Some(Fault::Limit { limit: 256, .. }));
        assert_eq!((warned, limit), (ends, ends), "{constants}");
    }
}

#[test]
fn a_map_that_is_generated_carries_its_text() {
    let source = "\"a\"\ngen m: map(int)\nreturn [m.text, m[\"text\"]]";
    let value = outcome(&[("a", "{\"text\": 1}")], source).value().clone();
    assert_eq!(value, Value::list(vec!["{\"text\": 1}".into(), Value::Int(1)]));
}
