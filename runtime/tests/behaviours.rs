//! What users of constrained generation rely on: each row says what the model prefers and what must come out
//! of it. The model answers in logits, so only the masks can have made the difference.
#![allow(clippy::unwrap_used)]

mod common;

use agentc_runtime::{Event, RunOptions, TokenOrigin, Value};
use common::{capture, outcome, play, script};

#[test]
fn stops_end_a_text_and_leave_no_trace() {
    let rules = [("7, ", "8, 9, 10")];
    assert_eq!(capture(&rules, r#""6, 7, {{ gen x with stop = ", 9" }}""#, "x"), "8".into());
    assert_eq!(capture(&rules, r#""6, 7, {{ gen x with stop = "," }}""#, "x"), "8".into());
    let after = outcome(&[("A: ", "one\ntwo")], r#""A: {{ gen x with stop = "\n" }}|""#);
    assert_eq!(after.capture("x"), Some(&"one".into()));
    assert_eq!(after.text(), "A: one|");
}

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
fn stops_that_are_regexes_end_a_text() {
    for (source, value) in [
        (r#""123{{ gen x with stop_regex = /\d233/ }}""#, "a"),
        (r#""123{{ gen x with stop_regex = /\d+233/ }}""#, "a"),
        (r#""123{{ gen x with stop_regex = [/[xy]/, /\d\d/], stop = "q" }}""#, "a"),
    ] {
        assert_eq!(capture(&[("123", "a3233")], source, "x"), value.into(), "{source}");
    }
}

#[test]
fn a_capture_tells_what_was_written_how_long_it_is_and_why_it_ended() {
    let facts = |rules: &[(&str, &str)], written: &str| {
        let source = format!("\"7, {{{{ gen x{written} }}}}\"\nreturn {{t: x.text, n: x.tokens, s: x.stop}}");
        outcome(rules, &source).value().to_string()
    };
    let counting = [("7, ", "8, 9, 10")];
    assert_eq!(facts(&counting, r#" with stop = ",""#), r#"{"t": "8", "n": 1, "s": ","}"#);
    assert_eq!(facts(&counting, r" with stop_regex = /, [0-9]/"), r#"{"t": "8", "n": 1, "s": ", 9"}"#);
    assert_eq!(facts(&counting, " with max = 3"), r#"{"t": "8, 9, 1", "n": 3, "s": "max"}"#);
    assert_eq!(facts(&counting, ""), r#"{"t": "8, 9, 10", "n": 4, "s": "end"}"#);
    assert_eq!(facts(&[("7, ", "8.50 or so")], ": float"), r#"{"t": "8.50", "n": 3, "s": null}"#);
}

#[test]
fn facts_of_a_capture_are_those_of_its_last_generation() {
    let source = r#"repeat 2 as i { "{{ i }}: {{ gen x with stop = "\n" }}\n" }
return "{{ x.text }} {{ x.tokens }}""#;
    assert_eq!(
        outcome(&[("0: ", "one\n"), ("1: ", "the world\n")], source).value().to_string(),
        "the world 2"
    );
}

#[test]
fn regexes_bend_what_the_model_prefers() {
    for (rule, source, value) in [
        (("123", "42333"), r#""123{{ gen x: /.?233/ }}""#, "4233"),
        (("123", "2333"), r#""123{{ gen x: /.?233/ }}""#, "233"),
        (("n: ", "123abc"), r#""n: {{ gen x: /\d+/ }}""#, "123"),
        (("J", "ohn"), r#""J{{ gen x: /(Scott is bad)?(\d+)?o/ }}""#, "o"),
        (("n: ", ""), r#""n: {{ gen x: /\d*/ }}""#, ""),
        (("n: ", ""), r#""n: {{ gen x: "" | "nope" }}""#, ""),
        (("p: ", "nice and"), r#""p: {{ gen x: "nice" | "nice man." }}""#, "nice"),
        (("is ", "Paris."), r#""is {{ gen x: /[A-Z][a-z]+/ }}""#, "Paris"),
    ] {
        assert_eq!(capture(&[rule], source, "x"), value.into(), "{source}");
    }
}

#[test]
fn lists_grow_in_a_row_and_in_a_loop() {
    let rules = [("1 ", "a\n"), ("2 ", "b\n"), ("3 ", "c\n")];
    let row = r#""1 {{ gen xs[] with stop = "\n" }}2 {{ gen xs[] with stop = "\n" }}3 {{ gen xs[] with stop = "\n" }}""#;
    let looped = r#"repeat 3 as i { "{{ i + 1 }} {{ gen xs[] with stop = "\n" }}" }"#;
    for source in [row, looped] {
        assert_eq!(capture(&rules, source, "xs"), vec!["a", "b", "c"].into(), "{source}");
    }
}

#[test]
fn without_a_stop_line_breaks_pass() {
    assert_eq!(capture(&[("A: ", "one\n\ntwo")], r#""A: {{ gen x }}""#, "x"), "one\n\ntwo".into());
}

#[test]
fn one_of_overlapping_options_is_what_the_model_wants() {
    let source = r#""x: {{ gen x: "a" | "ab" | "c" }}d""#;
    for (wish, value) in [("abd", "ab"), ("ad", "a")] {
        let outcome = outcome(&[("x: ", wish)], source);
        assert_eq!(outcome.capture("x"), Some(&value.into()));
        assert_eq!(outcome.text(), format!("x: {value}d"));
    }
}

#[test]
fn healing_lets_a_token_reach_back_over_the_border() {
    let outcome = outcome(&[("A:", " No")], r#""A: {{ gen x: "Yes" | "No" }}""#);
    assert_eq!(outcome.capture("x"), Some(&"No".into()));
    assert_eq!(outcome.text(), "A: No");
    let link = common::outcome(&[("http:", "//a.b\"")], r#""<a href=\"http:{{ gen x with stop = "\"" }}\"""#);
    assert_eq!(link.capture("x"), Some(&"//a.b".into()));
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
fn an_empty_value_leaves_its_text_to_the_next() {
    let outcome = outcome(&[("n: ", "42")], r#""n: {{ gen x: /5*/ }}{{ gen y: /[1-4][0-9]/ }}""#);
    assert_eq!(outcome.capture("x"), Some(&"".into()));
    assert_eq!(outcome.capture("y"), Some(&"42".into()));
}

#[test]
fn bounds_cut_and_nothing_is_lost_or_said_twice() {
    let source = r#""n: {{ gen x with max = 2 }}{{ gen y with max = 3 }}{{ "" }}ffgg""#;
    let outcome = outcome(&[("n: ", "a b c d e f g")], source);
    let (x, y) = (outcome.capture("x").unwrap(), outcome.capture("y").unwrap());
    assert_eq!(outcome.text(), format!("n: {x}{y}ffgg"));
    assert!("a b c d e f g".starts_with(&format!("{x}{y}")));
}

#[test]
fn a_typed_value_fits_into_its_bound() {
    for max in 5..10 {
        let source = format!(r#""n: {{{{ gen x: /[a-z]+ [0-9]{{3}}\./ with max = {max} }}}}""#);
        let (outcome, events) =
            play(&mut script(&[("n: ", "a b c d e f g h")]), &source, RunOptions::default());
        assert_eq!(outcome.error(), None);
        let text = outcome.capture("x").unwrap().to_string();
        assert!(text.ends_with('.') && text.len() > 5, "{text}");
        let tokens = events.iter().find_map(|event| match event {
            Event::GenEnd { tokens, .. } => Some(*tokens),
            _ => None,
        });
        assert!(tokens.unwrap() <= max, "{tokens:?} of {max}");
    }
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

#[test]
fn numbers_are_numbers() {
    assert_eq!(capture(&[("n: ", "12 apples")], r#""n: {{ gen x: int }}""#, "x"), Value::Int(12));
    assert_eq!(capture(&[("n: ", "99")], r#""n: {{ gen x: int(0..9) }}""#, "x"), Value::Int(9));
    assert_eq!(capture(&[("n: ", "true, I think")], r#""n: {{ gen x: bool }}""#, "x"), Value::Bool(true));
}
