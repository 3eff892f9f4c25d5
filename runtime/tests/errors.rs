//! Errors of runs: each stands where it happens, and what a run refuses as not supported yet the compiler has
//! warned of.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use agentc_compiler::ir::{self, GenFact, Later};
use agentc_compiler::source::{NoFiles, Span};
use agentc_compiler::{Options, compile};
use agentc_runtime::session::run;
use agentc_runtime::{Fault, Input, Limits, Outcome, RunError, RunOptions, Session, Value, inputs_of_json};
use common::{scheds, script};

/// The part of a program that a span is about.
fn part(source: &str, span: Option<Span>) -> &str {
    span.map_or("", |span| &source[span.start as usize..span.end as usize])
}

fn failed(source: &str, template: Option<&str>) -> RunError {
    let mut model = script(&[("A: ", "x")]);
    if let Some(template) = template {
        model = model.with_template(Some(template.to_owned()).filter(|text| !text.is_empty()));
    }
    end(&common::program(source), &mut model).error().unwrap_or_else(|| panic!("{source} ends well")).clone()
}

fn end(program: &Arc<ir::Program>, model: &mut agentc_runtime::model::script::ScriptModel) -> Outcome {
    let session = Session::new(program.clone(), &[], RunOptions::default()).unwrap();
    run(session, &mut scheds(model), &mut |_| {}).unwrap()
}

/// A number for each thing that is not supported yet: another one has to be given a program below.
fn number(what: &Later) -> usize {
    match what {
        Later::Tool(_) => 0,
        Later::Call(_) => 1,
        Later::Tools => 2,
        Later::Fact(_, GenFact::Calls) => 3,
        Later::Fact(_, other) => panic!("`{}` needs a number and a program", other.name()),
        Later::Constraint(_) => 4,
    }
}

#[test]
fn what_is_not_supported_yet_is_warned_of_where_it_is_used_and_refused() {
    let cases = [
        ("tool f(a: int) -> int = exec \"f\"\nprint f(1)", "f(1)"),
        ("tool f(a: int) -> int = http \"GET https://example.org\"\nlet x = f(1)\nprint x", "f(1)"),
        ("tool f(a: int) -> int = mcp \"a/b\"\nprint map([1], f)", "f"),
        ("tool f() -> int { return 1 }\n\"A: \"\ncall x: f\nprint x.tool", "call x: f"),
        ("tool f() -> int { return 1 }\n\"A: {{ gen x: line with tools = [f] }}\"", "[f]"),
        ("\"A: {{ gen x: line }}\"\nprint len(x.calls)", "x.calls"),
        ("\"A: {{ gen x: map(int) with stop = \"9\" }}\"", "gen x: map(int) with stop = \"9\""),
    ];
    let mut seen = BTreeSet::new();
    for (source, place) in cases {
        let compiled = compile("x.agent", source.as_bytes(), &NoFiles, &Options::default());
        let warnings: Vec<_> = compiled.diags.iter().filter(|diag| diag.code == "W0500").collect();
        let [warning] = warnings.as_slice() else { panic!("{source}: {:#?}", compiled.diags) };
        assert_eq!(part(source, Some(warning.span)), place, "{source}");
        let error = failed(source, None);
        let Fault::NotYet { what } = &error.fault else { panic!("{source}: {error}") };
        assert_eq!(error.fault.code(), "R0901");
        assert!(warning.message.starts_with(&error.to_string()), "{source}: {}: {error}", warning.message);
        assert_eq!(warning.hint, error.fault.hint(), "{source}");
        seen.insert(number(what));
    }
    assert_eq!(seen, (0..5).collect());
}

#[test]
fn what_is_supported_is_not_warned_of() {
    let source = "tool f(a: int) -> int { return a }\ntool g() -> int\nprint f(g())\n\"A: {{ gen x: line with max = 9 }}\"\nprint x.text";
    let compiled = compile("x.agent", source.as_bytes(), &NoFiles, &Options::default());
    assert!(compiled.diags.is_empty(), "{:#?}", compiled.diags);
}

/// Templates: one that takes no `system`, and one that wants `user` and `assistant` to take turns.
const NO_SYSTEM: &str = "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}<{{ m['role'] }}>{{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";

#[test]
fn errors_stand_where_they_happen() {
    let cases = [
        // What the program does.
        ("let a = 1\nprint 1 / len(\"\")\nprint a", None, "R0102", "1 / len(\"\")"),
        ("let n = 9223372036854775807\nprint n + 1\nprint n", None, "R0101", "n + 1"),
        ("let xs = [1]\nprint xs[len(\"abc\")]\nprint xs", None, "R0103", "xs[len(\"abc\")]"),
        ("let r = {a: 1}\nprint r[\"b\" + \"\"]\nprint r", None, "R0104", "r[\"b\" + \"\"]"),
        ("let a = \"x\"\nprint int(a)\nprint a", None, "R0105", "int(a)"),
        ("let a = \"[1,\"\nprint parse_json(a)\nprint a", None, "R0105", "parse_json(a)"),
        ("let a = 1\nexpect a == 2\nprint a", None, "R0106", "a == 2"),
        ("let a = 1\nif a == 1 { fail \"no\" }\nprint a", None, "R0107", "fail \"no\""),
        ("fn f(a: str) -> int { return int(a) }\nlet x = f(\"x\")\nprint x", None, "R0105", "int(a)"),
        ("let xs = [\"x\"] | map(int)\nprint xs", None, "R0105", "int"),
        // What a generation cannot do.
        (
            "let m = -1\n\"A: {{ gen x: line with max = m }}\"\nprint x",
            None,
            "R0108",
            "gen x: line with max = m",
        ),
        ("let xs = split(\"\")\n\"A: {{ select x from xs }}\"\nprint x", None, "R0401", "select x from xs"),
        (
            "\"A: {{ gen x: /[a-z]{40}/ with max = 3 }}\"\nprint x",
            None,
            "R0402",
            "gen x: /[a-z]{40}/ with max = 3",
        ),
        // What the model and its template cannot do.
        ("\"Why?\"\nlet n = 1\n\"{{ gen x: line }}\"\nprint n", None, "R0701", "gen x: line"),
        ("user \"Why?\"\nassistant gen x  # a note\n\nprint x", None, "R0701", "gen x"),
        ("user \"Why?\"\nassistant { gen x }\nprint x", None, "R0701", "gen x"),
        ("let n = 1\nuser \"Why?\"\nassistant gen x: line\nprint n", Some(""), "R0701", "user"),
        ("let n = 1\nuser \"Why?\"\nprint context\nprint n", Some(""), "R0701", "user"),
        ("let n = 1\nuser \"Why?\"\nprint n", Some(""), "R0701", "user"),
        (
            "system \"Be brief.\"\nuser \"Why?\"\nassistant gen x: line\nprint x",
            Some(NO_SYSTEM),
            "R0703",
            "system",
        ),
        ("user \"Why?\"\nsystem \"Be brief.\"\nprint \"a\"", Some(NO_SYSTEM), "R0703", "system"),
        (
            "agent a() -> str { system { \"Be brief.\" } assistant gen x: line return x }\nlet y = a()\nprint y",
            Some(NO_SYSTEM),
            "R0703",
            "system",
        ),
        ("user \"Why?\"\nassistant gen x: line\nprint x", Some("{% if %}"), "R0703", "user"),
    ];
    for (source, template, code, place) in cases {
        let error = failed(source, template);
        assert_eq!((error.fault.code(), part(source, error.span)), (code, place), "{source}\n{error}");
        let said = matches!(error.fault, Fault::Fail { .. } | Fault::Expect { .. });
        assert!(said || error.fault.hint().is_some(), "{source}");
    }
}

#[test]
fn a_limit_stands_within_the_loop_that_meets_it() {
    let source = "let n = 0\nwhile true max 1000000 { n = n + 1 }\nprint n";
    let (program, whole) =
        (common::program(source), source.find("while").unwrap()..source.find("\nprint").unwrap());
    for steps in 100..120 {
        let options = RunOptions { limits: Limits { steps, ..Limits::default() }, ..RunOptions::default() };
        let session = Session::new(program.clone(), &[], options).unwrap();
        let outcome = run(session, &mut scheds(&mut script(&[])), &mut |_| {}).unwrap();
        let error = outcome.error().unwrap();
        let span = error.span.unwrap();
        assert_eq!(error.fault.code(), "R0501");
        let inside = whole.contains(&(span.start as usize)) && span.end as usize <= whole.end;
        assert!(inside, "{steps}: {:?}", part(source, error.span));
    }
}

#[test]
fn a_role_that_a_try_took_back_is_not_blamed() {
    let source =
        "try { system \"a\" fail \"no\" }\nuser \"Why?\"\nsystem \"b\"\nassistant gen x: line\nprint x";
    let error = failed(source, Some(NO_SYSTEM));
    assert_eq!(error.fault.code(), "R0703");
    assert_eq!(error.span.map(|span| span.start as usize), source.rfind("system"));
}

#[test]
fn inputs_of_a_file_are_refused_by_their_place() {
    let limits = Limits::default();
    let read = |text: &str| inputs_of_json("a.json", text, &limits);
    let (name, value) = read("{\"doc\": [1]}").unwrap().remove(0);
    assert_eq!((name.as_str(), value), ("doc", Input::Value(Value::list(vec![Value::Int(1)]))));
    let deep = |levels: usize| format!("{{\"doc\": {}1{}}}", "[".repeat(levels), "]".repeat(levels));
    assert!(read(&deep(100)).is_ok());
    for (text, said) in [
        (
            deep(101),
            "an input in `a.json` has more than 100 levels of lists and records, at line 1, column 109",
        ),
        (
            deep(100_000),
            "an input in `a.json` has more than 100 levels of lists and records, at line 1, column 109",
        ),
        ("{\n\"a\": }".to_owned(), "`a.json` is not JSON: expected a value, found `}`, at line 2, column 6"),
        (
            "[1]".to_owned(),
            "`a.json` must be a JSON object of inputs, such as {\"name\": \"Ada\"}, but it is `[1]`",
        ),
    ] {
        let error = read(&text).unwrap_err();
        assert_eq!((error.fault.code(), error.to_string()), ("R0201", said.to_owned()));
    }
}

#[test]
fn an_input_that_is_not_json_says_why() {
    let program = common::program("input doc: {a: int}\nprint doc");
    let said = |text: &str| {
        let given = common::inputs(&[("doc", text)]);
        Session::new(program.clone(), &given, RunOptions::default()).err().unwrap().to_string()
    };
    assert_eq!(
        said("{\"a\": 1,\n 2}"),
        "the input `doc` must be {a: int}, but it is not JSON: expected a key in double quotes, found `2`, at line 2, column 2"
    );
    assert_eq!(said("a word"), "the input `doc` must be {a: int}, but `a word` is not");
    assert_eq!(said("{\"a\": \"b\"}"), "the input `doc` must be {a: int}, but `{\"a\": \"b\"}` is not");
}

#[test]
fn an_input_may_be_missing() {
    let program =
        common::program("input name: str?\ninput n: int? = 3\nreturn \"{{ name ?? \"-\" }}{{ n ?? 0 }}\"");
    let end = |given: &[(&str, &str)]| {
        let session = Session::new(program.clone(), &common::inputs(given), RunOptions::default()).unwrap();
        let mut model = script(&[]);
        run(session, &mut scheds(&mut model), &mut |_| {}).unwrap().value().to_string()
    };
    assert_eq!(end(&[]), "-3");
    assert_eq!(end(&[("name", "Ada"), ("n", "null")]), "Ada0");
}
