//! What generations tell while they run, and what they cost. What they come to is in `tests/suite`.
#![allow(clippy::unwrap_used)]

mod common;

use agentc_runtime::{Event, RunOptions, TokenOrigin};
use common::{capture, play, script};

#[test]
fn the_stop_that_ended_a_text_is_told() {
    let source = r#""6, 7, {{ gen x with stop = "," }}""#;
    let (_, events) = play(&mut script(&[("7, ", "8, 9, 10")]), source, RunOptions::default());
    let end = events.iter().find_map(|event| match event {
        Event::GenEnd { stop, reason, .. } => Some((stop.clone(), *reason)),
        _ => None,
    });
    assert_eq!(end, Some((Some(",".to_owned()), "stop")));
}

#[test]
fn text_after_a_value_costs_no_pass_of_its_own() {
    let (mut short, mut long) = (script(&[("f: ", "123Hz")]), script(&[("f: ", "123Hz")]));
    let (outcome, _) = play(&mut short, r#""f: {{ gen x: /[0-9]+/ }}""#, RunOptions::default());
    assert_eq!(outcome.capture("x"), Some(&"123".into()));
    let (outcome, _) = play(&mut long, r#""f: {{ gen x: /[0-9]+/ }}Hz""#, RunOptions::default());
    assert_eq!(outcome.text(), "f: 123Hz");
    assert_eq!(short.counters().forwards(), long.counters().forwards());
}

#[test]
fn a_select_takes_one_of_a_long_list() {
    let source = r#"let xs = split(join(range(0, 2000), ","), ",")
"n: {{ select x from xs }}""#;
    let started = std::time::Instant::now();
    assert_eq!(capture(&[("n: ", "1234")], source, "x").to_string(), "1234");
    assert!(started.elapsed().as_secs() < 5);
}

#[test]
fn fixed_text_within_a_pattern_is_forced() {
    let source = r#""{{ gen x: /name: "[a-z]+", age: [0-9]+ years/ with max = 60 }}""#;
    let rules = [("<|endoftext|>", "name: \"bob\", age: 42 years")];
    let mut model = script(&rules);
    let (outcome, events) = play(&mut model, source, RunOptions::default());
    assert_eq!(outcome.capture("x"), Some(&"name: \"bob\", age: 42 years".into()), "{:?}", outcome.error());
    assert!(outcome.usage().forced_tokens > 0);
    let forced = events.iter().any(|event| matches!(event, Event::Token { origin: TokenOrigin::Forced, .. }));
    assert!(
        forced
            && model.counters().forwards() < outcome.usage().forced_tokens + outcome.usage().generated_tokens
    );
}
