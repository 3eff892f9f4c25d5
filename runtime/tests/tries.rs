//! `try`: what it catches, what it undoes, and what its handler is told.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::{ErrorKind, Event, Fault, Limits, Outcome, RunOptions};
use common::{outcome, play, script};

/// The code and the message that a handler gets when `body` fails.
fn caught(body: &str) -> String {
    let source = format!(
        "let r = \"\"\ntry {{ {body} }} else e {{ r = \"{{{{ e.code }}}} {{{{ e.message }}}}\" }}\nreturn r"
    );
    outcome(&[("", "x")], &source).value().to_string()
}

#[test]
fn errors_of_the_program_are_caught() {
    for (body, error) in [
        ("fail \"no {{ 1 }}\"", "R0107 no 1"),
        ("expect 1 > 2", "R0106 an expectation does not hold"),
        ("expect 1 > 2, \"too small\"", "R0106 too small"),
        ("print 1 / len(\"\")", "R0102 division by zero"),
        ("print [1][len(\"abc\")]", "R0103 3 is out of range: there is 1 item"),
        ("print {a: 1}[\"b\" + \"\"]", "R0104 there is no key \"b\""),
        ("print int(\"x\")", "R0105 `int` cannot take the str x"),
        (
            "print parse_json(\"{\")",
            "R0105 `parse_json` cannot read this text: the text ends inside a record, at line 1, column 2",
        ),
        ("let n = 9223372036854775807 print n + 1", "R0101 the result of `+` is out of range"),
        ("let m = -1 gen a with max = m", "R0108 the option `max` cannot be -1"),
        ("let xs = split(\"\") select a from xs", "R0401"),
        ("gen a: /[a-z]{40}/ with max = 3", "R0402"),
        ("let least = 9 gen a: bool with min = least", "R0402"),
    ] {
        let told = caught(body);
        assert!(told.starts_with(error), "{body}: {told}");
    }
}

fn run(source: &str, options: RunOptions) -> Outcome {
    play(&mut ScriptModel::random(1).unwrap(), source, options).0
}

#[test]
fn budgets_and_failures_of_the_model_are_not() {
    let within = |body: &str| format!("\"a \" try {{ {body} }} else {{ fail \"caught\" }}");
    let tokens = RunOptions { max_tokens: Some(5), ..RunOptions::default() };
    let out = run(&within("gen x: /[a-z]{60}/ with max = 99"), tokens.clone());
    assert!(matches!(out.error().unwrap().fault, Fault::Limit { what: "generated tokens", .. }));
    let out = run(&within("gen x with max = 9, min = 8"), tokens);
    assert!(matches!(out.error().unwrap().fault, Fault::Limit { what: "generated tokens", .. }));
    let steps = Limits { steps: 1000, ..Limits::default() };
    let steps = RunOptions { limits: steps, ..RunOptions::default() };
    let out = run(&within("repeat 100000 { }"), steps);
    assert!(matches!(out.error().unwrap().fault, Fault::Limit { what: "instructions", .. }));
    let late =
        RunOptions { deadline: Instant::now().checked_sub(Duration::from_secs(1)), ..RunOptions::default() };
    assert_eq!(run(&within("gen x"), late).error().unwrap().fault, Fault::Deadline);
    let (out, _) = play(&mut script(&[("b", "c")]), &within("gen x"), RunOptions::default());
    assert_eq!(out.error().unwrap().fault.kind(), ErrorKind::Model);
    let out =
        run(&within("\"{{ \"word \" }}\" repeat 12 { \"{{ context }}\" } gen x"), RunOptions::default());
    assert!(matches!(out.error().unwrap().fault, Fault::PromptTooLong { .. }));
    let deep = "let x = parse_json(\"[]\") repeat 200 { x = parse_json(\"[{{ x }}]\") }";
    assert!(caught(deep).starts_with("R0105"), "{}", caught(deep));
}

#[test]
fn a_handler_is_told_where() {
    let source = "try {\n  \"é\" fail \"x\"\n} else e {\n  return e.span\n}\nreturn null";
    let span = outcome(&[], source).value().to_string();
    assert_eq!(span, r#"{"file": "test.agent", "line": 2, "column": 7}"#);
    let inside = "fn f(s: str) -> int { return int(s) }\ntry { print f(\"x\") } else e { return e.span.line * 100 + e.span.column }\nreturn 0";
    assert_eq!(outcome(&[], inside).value().to_string(), "130");
}

#[test]
fn text_roles_and_captures_are_as_they_were() {
    let source = r#"user "q"
assistant { "A: " gen a: /one/ }
try {
  user "again"
  assistant { "B: " gen a: /two/ gen b: /three/ fail "no" }
} else { user "sorry" gen b: /four/ }
return [a, b, context]"#;
    let (outcome, _) = play(&mut ScriptModel::random(1).unwrap(), source, RunOptions::default());
    let text = "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\nA: one<|im_end|>\n<|im_start|>user\nsorry<|im_end|>\nfour";
    assert_eq!(outcome.text(), text, "{:?}", outcome.error());
    let items = outcome.value().as_list().unwrap();
    assert_eq!((items[0].to_string(), items[1].to_string()), ("one".into(), "four".into()));
    assert_eq!(outcome.messages().len(), 3);
}

#[test]
fn variables_keep_what_they_were_set_to() {
    let source = "let n = 0\nrepeat 3 { try { n += 1 if n < 3 { fail \"no\" } } else { \"x\" } }\nreturn n";
    let outcome = outcome(&[], source);
    assert_eq!((outcome.value().to_string(), outcome.text()), ("3".to_owned(), "xx"));
}

#[test]
fn a_retry_draws_other_numbers() {
    let source = r#"let seen = [""]
repeat 4 { try { gen x: /[a-z]{6}/ seen += [x] fail "again" } else { } }
return len(unique(seen))"#;
    let options = RunOptions { temp: Some(1.0), ..RunOptions::default() };
    assert_eq!(run(source, options).value().to_string(), "5");
}

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
    let (outcome, events) = play(&mut ScriptModel::random(1).unwrap(), source, RunOptions::default());
    assert_eq!((outcome.value().to_string(), outcome.text()), ("outer: deep".to_owned(), "end"));
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
fn a_try_can_be_left_in_every_way() {
    let source = r#"fn f(n: int) -> int {
  repeat 5 as i {
    try { if i < n { continue } if i == 3 { break } if n == 2 { return 20 } } else { return -1 }
    if i == 1 { fail "after" }
  }
  return n
}
let late = ""
try { print f(1) } else e { late = e.message }
return [f(2), f(3), f(9), len(late)]"#;
    assert_eq!(outcome(&[], source).value().to_string(), "[20, 3, 9, 5]");
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
