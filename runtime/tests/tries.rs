//! What is told of a `try` while it runs. What it catches and undoes is in `tests/suite`.
#![allow(clippy::unwrap_used)]

mod common;

use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::{Event, Limits, RunOptions};
use common::{play, script};

#[test]
fn errors_cross_calls_and_branches_up_to_the_innermost_try() {
    let source = r#"fn writes() { "w" fail "deep" }
agent asks() -> str { "x" writes() return "never" }
let r = ""
try {
  try { "a" let xs = fork 3 as i { "b" if i == 1 { print asks() } yield i } }
  else e { "({{ e.message }})" fail "outer: {{ e.message }}" }
} else e { r = e.message }
"end"
return r"#;
    let options = RunOptions { limits: Limits { strands: 1, ..Limits::default() }, ..RunOptions::default() };
    let (outcome, events) = play(&mut ScriptModel::random(1).unwrap(), source, options);
    assert_eq!((outcome.value().to_string(), outcome.text()), ("outer: deep".to_owned(), "end"));
    let (side_by_side, _) = play(&mut ScriptModel::random(1).unwrap(), source, RunOptions::default());
    assert_eq!((side_by_side.value(), side_by_side.text()), (outcome.value(), outcome.text()));
    let told: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            Event::TryStart { context } => Some(format!("try {context}")),
            Event::TryEnd { context } => Some(format!("end {context}")),
            Event::Caught { context, kept: 0, code, message, place } => {
                Some(format!("caught {context} {code} {message} {}", place.line))
            }
            Event::BranchStart { context, .. } => Some(format!("branch {context}")),
            Event::BranchEnd { context, value } => Some(format!("yield {context} {}", value.is_some())),
            _ => None,
        })
        .collect();
    let expected = [
        "try 0",
        "try 0",
        "branch 1",
        "yield 1 true",
        "branch 2",
        "yield 2 false",
        "caught 0 R0107 deep 1",
        "caught 0 R0107 outer: deep 6",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_failed_generation_is_told_and_undone() {
    let source = r#""Q: hello\n"
try { "A: " gen a with stop = "\n" gen b: /[a-z]{40}/ with max = 3 } else e { "B: " gen a with stop = "\n" }
return a"#;
    let (outcome, events) =
        play(&mut script(&[("A: ", "one\n"), ("B: ", "two\n")]), source, RunOptions::default());
    assert_eq!((outcome.value().to_string(), outcome.text()), ("two".to_owned(), "Q: hello\nB: two"));
    let kept = events.iter().find_map(|event| match event {
        Event::Caught { kept, .. } => Some(*kept),
        _ => None,
    });
    assert_eq!(kept, Some(0), "what was pending before is told again");
    let usage = outcome.usage();
    assert!(usage.generated_tokens >= 2, "what was undone was paid for: {usage:?}");
}
