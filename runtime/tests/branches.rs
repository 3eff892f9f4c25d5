//! `aside`, `fork`, `while`, `context`: what is copied, what is kept, and what events report.
#![allow(clippy::unwrap_used)]

mod common;

use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::{Event, Fault, Limit, Limits, RunOptions, Value};
use common::{outcome, play};

fn random() -> ScriptModel {
    ScriptModel::random(5).unwrap()
}

fn sampled() -> RunOptions {
    RunOptions { seed: Some(9), temp: Some(1.0), ..RunOptions::default() }
}

/// What a program returns on a model that writes noise.
fn value(source: &str) -> String {
    let (outcome, _) = play(&mut random(), source, sampled());
    assert_eq!(outcome.error(), None, "{source}");
    outcome.value().to_string()
}

#[test]
fn an_aside_leaves_its_value_and_nothing_else() {
    let source = r#""A: "
let best = aside { "really? {{ gen n: int }}!" yield n + 1 }
"{{ gen x with stop = "." }} {{ best }}"
return best"#;
    let outcome = outcome(&[("really? ", "41"), ("A: ", "yes.")], source);
    assert_eq!((outcome.value(), outcome.text()), (&Value::Int(42), "A: yes 42"));
    assert!(outcome.capture("n").is_none() && outcome.capture("x").is_some());
}

#[test]
fn a_fork_gives_its_yields_in_order() {
    let rules = [("0: ", "zero\n"), ("1: ", "one\n"), ("2: ", "two\n")];
    let source =
        r#"let xs = fork 3 as i { "{{ i }}: {{ gen x with stop = "\n" }}" yield "{{ x }}!" } return xs"#;
    assert_eq!(outcome(&rules, source).value(), &vec!["zero!", "one!", "two!"].into());
    let each = r#"return fork n in [2, 0] { "{{ n }}: {{ gen x with stop = "\n" }}" yield x }"#;
    assert_eq!(outcome(&rules, each).value(), &vec!["two", "zero"].into());
    for source in ["return fork 0 { yield 1 }", "let n = -5 return fork n { yield 1 }"] {
        assert_eq!(outcome(&[], source).value(), &Value::list(Vec::new()), "{source}");
    }
    assert_eq!(outcome(&[], "return fork 2 as i { if i == 1 { yield 5 } }").value().to_string(), "[null, 5]");
}

#[test]
fn branches_do_not_see_each_other() {
    let source = r#"gen c: /c/
"-"
let texts = fork 3 as i {
  "{{ i }}" gen c: /d/
  let inner = aside { "x" yield context }
  yield join([context, inner, c], " ")
}
return join([str(texts), context, c], " ")"#;
    let (outcome, _) = play(&mut random(), source, RunOptions::default());
    let texts = r#"["c-0d c-0dx d", "c-1d c-1dx d", "c-2d c-2dx d"]"#;
    assert_eq!(outcome.value().to_string(), format!("{texts} c- c"), "{:?}", outcome.error());
}

#[test]
fn events_name_the_context_that_a_branch_continues() {
    let source = "\"a\" gen p: /[a-z]/\nlet xs = fork 2 { gen q: /[a-z]/ let y = aside { gen r: /[a-z]/ yield r } yield q + y }\n\"b\"";
    let shown = |strands| {
        let limits = Limits { strands, ..Limits::default() };
        let (outcome, events) = play(&mut random(), source, RunOptions { limits, ..RunOptions::default() });
        assert_eq!(outcome.error(), None);
        let told = events.iter().filter_map(|event| match event {
            Event::BranchStart { context, parent, branch, place } => {
                Some(format!("{parent}>{context} {branch} {}:{}", place.line, place.column))
            }
            Event::BranchEnd { context, value } => {
                Some(format!("{context} {}", value.as_ref()?.to_string().len()))
            }
            Event::GenStart { context, name, .. } => Some(format!("{context} {name}")),
            _ => None,
        });
        told.collect::<Vec<String>>().join(", ")
    };
    let serial =
        "0 p, 0>1 0 2:10, 1 q, 1>2 0 2:42, 2 r, 2 1, 1 2, 0>3 1 2:10, 3 q, 3>4 0 2:42, 4 r, 4 1, 3 2";
    assert_eq!(shown(1), serial);
    let parallel = shown(64);
    assert!(parallel.starts_with("0 p, 0>1 0 2:10, 0>2 1 2:10, "), "{parallel}");
    assert_eq!(parallel.len(), serial.len());
}

#[test]
fn events_tell_which_agent_a_context_belongs_to() {
    let source = "agent inner() -> str { \"i\" gen x: /[a-z]/ return x }\n\
                  agent outer() -> str { let a = inner()\n return aside { yield inner() + a } }\n\
                  \"text\"\nprint outer()\ngen y: /[a-z]/";
    let (outcome, events) = play(&mut random(), source, RunOptions::default());
    assert_eq!(outcome.error(), None);
    let shown: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            Event::AgentStart { context, caller, agent, place } => {
                Some(format!("{caller}>{context} {agent} {}:{}", place.line, place.column))
            }
            Event::BranchStart { context, parent, .. } => Some(format!("{parent}>{context}")),
            Event::GenStart { context, name, .. } => Some(format!("{context} {name}")),
            Event::Print { .. } => Some("print".to_owned()),
            _ => None,
        })
        .collect();
    let expected = ["0>1 outer 5:7", "1>2 inner 2:32", "2 x", "1>3", "3>4 inner 3:23", "4 x", "print", "0 y"];
    assert_eq!(shown, expected);
}

/// What one branch draws is not what the others drew before it.
#[test]
fn random_numbers_of_a_branch_do_not_depend_on_what_ran_before() {
    let with = |before: &str| {
        value(&format!(
            "\"a\"\nlet xs = fork 3 as i {{ {before} \"{{{{ i }}}}\" gen x: /[a-z]{{8}}/ yield x }}\ngen y: /[a-z]{{8}}/\nreturn xs[1:] + [y]"
        ))
    };
    let plain = with("");
    assert_eq!(with("if i == 0 { let z = aside { gen w: /[a-z]{3}/ gen v: /[a-z]{3}/ yield w } }"), plain);
    let xs = value("\"a\" return fork 4 { gen x: /[a-z]{8}/ yield x }");
    let mut names: Vec<&str> = xs.split(", ").collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 4, "branches draw from streams of their own: {xs}");
}

#[test]
fn a_branch_inherits_an_open_role_and_may_open_others_where_none_is() {
    let source = r#"user "q"
assistant { "so " let inner = aside { "in" yield context } "out" }
let other = aside { user "more" assistant { gen x: /[a-z]{3}/ } yield context }
return [inner, other]"#;
    let (outcome, _) = play(&mut random(), source, RunOptions::default());
    let open = "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\nso ";
    let items = outcome.value().as_list().unwrap();
    assert_eq!(items[0].to_string(), format!("{open}in"), "{:?}", outcome.error());
    let start = format!("{open}out<|im_end|>\n<|im_start|>user\nmore<|im_end|>\n<|im_start|>assistant\n");
    assert!(items[1].to_string().starts_with(&start), "{}", items[1]);
    assert_eq!(outcome.text(), format!("{open}out<|im_end|>\n"));
    assert_eq!(outcome.messages().len(), 2);
}

#[test]
fn branches_read_what_they_share_from_memory() {
    let long = "word ".repeat(80);
    let source = format!("\"{long}\" gen a: /[a-z]/ let xs = fork 5 {{ gen x: /[a-z]{{4}}/ yield x }}");
    let mut model = random();
    let (outcome, _) = play(&mut model, &source, sampled());
    let usage = outcome.usage();
    assert!(usage.prompt_tokens > 5 * 150, "{usage:?}");
    assert!(usage.prompt_tokens - usage.cached_tokens < 400, "{usage:?}");
}

#[test]
fn branches_are_bounded() {
    let limited = |source: &str, limits: Limits| {
        let options = RunOptions { limits, ..RunOptions::default() };
        let (outcome, _) = play(&mut random(), source, options);
        match &outcome.error().unwrap().fault {
            Fault::Limit { what, .. } => *what,
            other => panic!("{other}"),
        }
    };
    let steps = Limits { steps: 100_000, ..Limits::default() };
    assert_eq!(limited("let xs = fork 4000000000 { yield 1 }", Limits::default()), Limit::ValueSize);
    assert_eq!(limited("let xs = fork 1000000 { yield 1 }", steps), Limit::Steps);
    let deep = "fn f(n: int) -> int { \"x\" if n > 9000 { return n } let y = aside { yield f(n + 1) } return y }\nlet z = f(0)";
    assert_eq!(limited(deep, Limits::default()), Limit::Frames);
    // Copies of a long context cost more than the instructions in them.
    let copies = "repeat 15 { \"{{ context }}x\" }\nlet xs = fork 900 { yield 1 }";
    assert_eq!(limited(copies, Limits { steps: 200_000, ..Limits::default() }), Limit::Steps);
}

#[test]
fn the_bound_of_a_while_is_told_if_it_ends_the_loop() {
    let bound = |source: &str| {
        let (outcome, events) = play(&mut random(), source, RunOptions::default());
        let told = events.iter().find_map(|event| match event {
            Event::BoundReached { context: 0, max, place } => Some((*max, place.line, place.column)),
            _ => None,
        });
        (outcome.value().to_string(), told)
    };
    let reached = "let n = 0\nwhile true max 3 { n += 1 }\nreturn n";
    assert_eq!(bound(reached), ("3".to_owned(), Some((3, 2, 16))));
    let in_time = "let n = 0\nwhile n < 3 max 3 { n += 1 }\nreturn n";
    assert_eq!(bound(in_time), ("3".to_owned(), None));
    let left = "let n = 0\nwhile true max 3 { n += 1 break }\nreturn n";
    assert_eq!(bound(left), ("1".to_owned(), None));
    assert_eq!(
        bound("let n = 0\nwhile n == 0 max n - 1 { n += 1 }\nreturn n"),
        ("0".to_owned(), Some((-1, 2, 18)))
    );
}

#[test]
fn the_context_is_a_value() {
    let source = r#"agent inner() -> str { "in " gen x: "here" return context }
"out "
let a = inner()
"{{ a }}"
fn seen() -> int { return len(context) }
return [context, str(seen())]"#;
    let (outcome, _) = play(&mut random(), source, RunOptions::default());
    assert_eq!(outcome.value().to_string(), r#"["out in here", "11"]"#);
}

#[test]
fn an_expectation_shows_what_it_compared() {
    let source =
        "let xs = [1, 2, 3, 4]\nlet name = \"bob\"\nexpect len(xs) <= 3 and name == \"al\", \"too many\"";
    let (outcome, _) = play(&mut random(), source, RunOptions::default());
    let error = outcome.error().unwrap();
    let Fault::Expect { message, operands } = &error.fault else { panic!("{error}") };
    let shown: Vec<(&str, String)> = operands
        .iter()
        .map(|operand| (&source[operand.span.start as usize..operand.span.end as usize], operand.shown()))
        .collect();
    assert_eq!((message.as_str(), shown), ("too many", vec![("len(xs)", "4".to_owned())]));
    let long = format!("let s = \"{}\"\nexpect s == \"x\"", "a\\n".repeat(50));
    let (outcome, _) = play(&mut random(), &long, RunOptions::default());
    let Fault::Expect { operands, .. } = &outcome.error().unwrap().fault else { panic!() };
    assert!(operands[0].shown().starts_with("\"a\\na\\n") && operands[0].shown().chars().count() == 61);
}

#[test]
fn an_error_says_in_which_branches_it_happened() {
    let source = "agent a(n: int) -> int { if n == 5 { fail \"five\" } gen x: /[a-z]/ return n }\n\
                  let xs = fork 3 as i { let ys = [4, 5] | map(a) if i < 1 { yield [i] } yield ys }\nreturn xs";
    for strands in [1, 2, 64] {
        let limits = Limits { strands, ..Limits::default() };
        let (outcome, _) = play(&mut random(), source, RunOptions { limits, ..RunOptions::default() });
        let error = outcome.error().unwrap();
        let branches: Vec<(usize, usize)> = error.branches.iter().map(|of| (of.number, of.count)).collect();
        assert_eq!(branches, [(1, 2), (0, 3)], "{strands} strands");
        let places: Vec<&str> =
            error.branches.iter().map(|of| &source[of.span.start as usize..of.span.end as usize]).collect();
        assert!(places[0].contains("map(a)") && places[1].starts_with("fork 3"), "{places:?}");
    }
}

#[test]
fn calls_of_an_agent_by_map_go_on_side_by_side() {
    let source =
        "agent a(n: int) -> str { \"{{ n }}\" gen x: /[a-z]{20}/ return x }\nreturn range(6) | map(a)";
    let passes = |strands: usize| {
        let limits = Limits { strands, ..Limits::default() };
        let options = RunOptions { limits, temp: Some(0.9), ..RunOptions::default() };
        let mut model = random();
        let counters = model.counters();
        let (outcome, _) = play(&mut model, source, options);
        assert_eq!(outcome.error(), None);
        assert_eq!(outcome.usage().forward_passes, counters.forwards(), "a batch of several counts once");
        (outcome.value().to_string(), counters.forwards())
    };
    let ((serial, many), (parallel, few)) = (passes(1), passes(64));
    assert_eq!(serial, parallel);
    assert!(few * 4 < many, "{few} and {many} batches");
}
