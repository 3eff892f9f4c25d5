//! Data stays as it is: white space, byte-order marks, numbers of any size, words of any script.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::Arc;

use agentc_compiler::source::{World, WorldError};
use agentc_compiler::{Options, compile, ir};
use agentc_runtime::model::ModelError;
use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::session::run;
use agentc_runtime::testing::{self, TestReport};
use agentc_runtime::{Fault, Input, Journal, RunOptions, Session, Value};
use common::{inputs, outcome, play, program, scheds, script};

/// Files by name.
struct Files(&'static [(&'static str, &'static str)]);

impl World for Files {
    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        let found = self.0.iter().find(|(name, _)| *name == path);
        let missing = || WorldError { message: format!("there is no file `{path}`") };
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(missing)
    }
}

fn compiled(source: &str, files: &'static [(&'static str, &'static str)]) -> Arc<ir::Program> {
    let compiled = compile("main.agent", source.as_bytes(), &Files(files), &Options::default());
    Arc::new(compiled.program.unwrap_or_else(|| panic!("{:#?}", compiled.diags)))
}

/// The reports of all tests of a program.
fn reports(program: &Arc<ir::Program>) -> Vec<TestReport> {
    let run = |test| {
        let mut model = script(&[]);
        let options = RunOptions::default();
        testing::run(program, test, &mut scheds(&mut model), options, &mut |_| {}).unwrap()
    };
    (0..program.tests.len()).map(run).collect()
}

fn passes(source: &str, files: &'static [(&'static str, &'static str)]) {
    let reports = reports(&compiled(source, files));
    assert!(!reports.is_empty());
    for report in reports {
        assert_eq!(report.error(), None, "{}", report.name);
    }
}

#[test]
fn white_space_of_messages_is_kept() {
    passes(
        r#"
test "indented code" with model = script { "" => "ok" } {
  let code = "    if x:\n        return 1\n    return 2\n"
  user code
  expect contains(context, "<|im_start|>user\n    if x:\n        return 1\n    return 2\n<|im_end|>")
}
test "system" with model = script { "" => "ok" } {
  system "\ttab first\n\n"
  expect contains(context, "<|im_start|>system\n\ttab first\n\n<|im_end|>")
}
test "inside a block, and read by the model" with model = script { "+  b\n \n" => "ok" } {
  user {
    "A diff:\n"
    "-  a\n+  b\n \n"
  }
  expect contains(context, "-  a\n+  b\n \n<|im_end|>")
  assistant gen x
  expect x == "ok"
}
test "nothing but white space" with model = script { "" => "ok" } {
  user " \n"
  expect contains(context, "<|im_start|>user\n \n<|im_end|>")
}
"#,
        &[],
    );
    let outcome = outcome(&[], "user \" a\\n\"\nsystem \"\\tb \"");
    let contents: Vec<&str> = outcome.messages().iter().map(|message| message.content.as_str()).collect();
    assert_eq!(contents, [" a\n", "\tb "]);
}

/// The model's own template drops it from each message that it renders.
#[test]
fn white_space_is_dropped_where_the_template_drops_it() {
    let source =
        "system \" be brief\\n\"\nuser { \"\\n\" \"\\t {{ \"a\\n\" }}b \\n\" \" \" }\nassistant gen x";
    let text = |how: &str| {
        let template = format!(
            "{{% for m in messages %}}{{{{ '<' + m['role'] + '>' + m['content']{how} + '</>' }}}}{{% endfor %}}{{% if add_generation_prompt %}}<assistant>{{% endif %}}"
        );
        let mut model = script(&[("", "ok")]).with_template(Some(template));
        let (outcome, _) = play(&mut model, source, RunOptions::default());
        assert_eq!(outcome.error(), None);
        outcome.text().to_owned()
    };
    assert_eq!(text(""), "<system> be brief\n</><user>\n\t a\nb \n </><assistant>ok</>");
    assert_eq!(text(" | trim"), "<system>be brief</><user>a\nb</><assistant>ok</>");
    assert_eq!(text(".strip('\\n')"), "<system> be brief</><user>\t a\nb \n </><assistant>ok</>");
    assert_eq!(text(".rstrip()"), "<system> be brief</><user>\n\t a\nb</><assistant>ok</>");
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_file() {
    passes(
        "\u{feff}import { hello } from \"lib.agent\"
const T = embed \"text.txt\"
const XS: str[] = embed \"list.json\"
test \"text\" { expect T == \"Hello\" and hello() == \"Hi\" }
test \"json\" { expect XS == [\"a\", \"b\"] }
test \"schema\" with model = script { \":\" => \"3\" } { \":{{ gen x: schema \"int.json\" }}\" expect x == 3 }
test \"gbnf\" with model = script { \":\" => \"x\" } { \":{{ gen x: grammar \"x.gbnf\" }}\" expect x == \"x\" }
test \"lark\" with model = script { \":\" => \"x\" } { \":{{ gen x: grammar \"x.lark\" }}\" expect x == \"x\" }
",
        &[
            ("lib.agent", "\u{feff}fn hello() { return \"Hi\" }"),
            ("text.txt", "\u{feff}Hello"),
            ("list.json", "\u{feff}[\"a\", \"b\"]"),
            ("int.json", "\u{feff}{\"type\": \"integer\", \"minimum\": 1}"),
            ("x.gbnf", "\u{feff}root ::= \"x\""),
            ("x.lark", "\u{feff}start: \"x\""),
        ],
    );
}

/// Integers beyond 64 bits, and decimals with more digits than a float gives back.
#[test]
fn numbers_are_kept_as_they_are_written() {
    passes(
        r#"
const D = embed "numbers.json"
const J: json = embed "numbers.json"
test "embedded" {
  expect "{{ D.id }} {{ D.amount }} {{ D.share }}" == "12345678901234567890 10000000000000000000000 0.12345678901234567890"
  expect D.plain == 0.1 and "{{ J }}" == json(D)
}
test "read" {
  expect json(parse_json("[12345678901234567890, 1E400, -0.1000000000000000000001]")) == "[12345678901234567890, 1E400, -0.1000000000000000000001]"
  expect json(parse_json("[0.10, 1.0, 1e2, 9223372036854775807]")) == "[0.1, 1.0, 100.0, 9223372036854775807]"
}
test "compared" {
  let a = parse_json("12345678901234567890")
  expect a == D.id and a != parse_json("12345678901234567891") and a != 12345678901234567000.0
  expect a in [D.id] and D.amount == 1e22 and parse_json("9007199254740993") != 9007199254740992.0
  expect len(unique([a, D.id, D.amount, parse_json("1e22")])) == 2
}
test "converted" {
  expect int(parse_json("1234567890123.99999999999999999999")) == 1234567890123
  expect float(D.share) == 0.12345678901234568
  expect str(D.id) == "12345678901234567890"
}
test "generated" with model = script { ":" => "[123456789012345.123456789012345]" } {
  ":{{ gen x: json with max = 60 }}"
  expect context == ":{{ x }}" and x == parse_json("[123456789012345.123456789012345]")
}
"#,
        &[(
            "numbers.json",
            r#"{"id": 12345678901234567890, "amount": 10000000000000000000000, "share": 0.12345678901234567890, "plain": 0.1}"#,
        )],
    );
}

#[test]
fn nothing_is_computed_with_numbers_that_nothing_holds() {
    for (call, name) in [("int(x)", "int"), ("abs(x)", "abs"), ("round(x)", "round"), ("sum([x])", "sum")] {
        let source = format!("let x = parse_json(\"12345678901234567890\")\nreturn {call}");
        let (outcome, _) = play(&mut script(&[]), &source, RunOptions::default());
        let error = outcome.error().unwrap_or_else(|| panic!("{call}: {outcome:?}"));
        let number = "12345678901234567890".to_owned();
        assert_eq!(error.fault, Fault::LongNumber { function: name.to_owned(), number });
        assert_eq!((error.fault.code(), error.fault.hint().is_some()), ("R0105", true));
    }
    passes(
        "test \"caught\" { try { let n = int(parse_json(\"1e30\")) } else e { expect e.code == \"R0101\" } }",
        &[],
    );
}

#[test]
fn inputs_keep_their_digits_or_are_refused() {
    let echo = |ty: &str, text: &str| {
        let program = program(&format!("input x: {ty}\nreturn str(x)"));
        let session = Session::new(program, &inputs(&[("x", text)]), RunOptions::default());
        session.map(|session| {
            run(session, &mut scheds(&mut script(&[])), &mut |_| {}).unwrap().value().to_string()
        })
    };
    assert_eq!(echo("json", "[12345678901234567890]").unwrap(), "[12345678901234567890]");
    assert_eq!(echo("float", "0.10000000000000001").unwrap(), "0.1");
    for (ty, text) in
        [("int", "12345678901234567890"), ("float", "12345678901234567890"), ("float", "9007199254740993")]
    {
        let error = echo(ty, text).unwrap_err().to_string();
        assert!(error.contains(text) && error.contains("digits"), "{error}");
    }
}

/// Journal while it holds a number that nothing holds, a run goes on with it.
#[test]
fn saved_runs_keep_their_numbers() {
    let program = program("input x: json\n\":{{ gen y }}\"\nreturn x");
    let number: Value = serde_json::from_str("[12345678901234567890, 0.12345678901234567890]").unwrap();
    let given = [("x".to_owned(), Input::Value(number.clone()))];
    let session = Session::new(program.clone(), &given, RunOptions::default()).unwrap();
    let text = serde_json::to_string(&session.save().unwrap()).unwrap();
    let saved: Journal = serde_json::from_str(&text).unwrap();
    let session = Session::resume(program, saved, RunOptions::default()).unwrap();
    let outcome = run(session, &mut scheds(&mut script(&[(":", "ok")])), &mut |_| {}).unwrap();
    assert_eq!(outcome.value(), &number);
    assert_eq!(
        serde_json::to_string(outcome.value()).unwrap(),
        "[12345678901234567890,0.12345678901234567890]"
    );
}

#[test]
fn names_are_copied_out_of_text_without_spaces() {
    passes(
        r#"
test "Japanese" with model = script { ":" => "東京" } { let t = "私は東京に住んでいます。" ":{{ gen x: copy(t) with max = 30 }}" expect x == "東京" }
test "Chinese" with model = script { ":" => "北京大学" } { let t = "他在北京大学学习。" ":{{ gen x: copy(t) with max = 60 }}" expect x == "北京大学" }
test "Thai" with model = script { ":" => "กรุงเทพ" } { let t = "ฉันอยู่กรุงเทพฯ" ":{{ gen x: copy(t) with max = 60 }}" expect x == "กรุงเทพ" }
test "Khmer" with model = script { ":" => "ភ្នំពេញ" } { let t = "ខ្ញុំនៅភ្នំពេញ។" ":{{ gen x: copy(t) with max = 60 }}" expect x == "ភ្នំពេញ" }
test "English" with model = script { ":" => "brown fox" } { let t = "The quick brown fox, jumps." ":{{ gen x: copy(t) with max = 30 }}" expect x == "brown fox" }
test "no part of an English word" with model = script { ":" => "row" } { let t = "brown" ":{{ gen x: copy(t) with max = 30 }}" expect x == "brown" }
"#,
        &[],
    );
}

#[test]
fn a_rule_fits_the_whole_prompt_whatever_healing_takes_back() {
    passes(
        r#"
test "a colon" with model = script { ":" => " Paris" } { "The city:{{ gen x with max = 10, stop = "." }}" expect x == " Paris" }
test "a quote" with model = script { "\"" => "Paris\"" } { "The city: \"{{ gen x with max = 10, stop = "\"" }}\"" expect x == "Paris" }
test "a line break" with model = script { "\n" => "Paris" } { "The city:\n\n{{ gen x with max = 10, stop = "." }}" expect x == "Paris" }
test "not the colon before" with model = script { ":" => " Paris" } { "Q: x\nA:{{ gen x with max = 10, stop = "." }}" expect x == " Paris" }
test "a regex" with model = script { /city: ?$/ => "Paris" } { "The city: {{ gen x with max = 10, stop = "." }}" expect x == "Paris" }
test "not healed" with model = script { ":" => " Paris" } { "The city:{{ gen x with max = 10, heal = false }}" expect x == " Paris" }
test "the longer prompt" with model = script { ":" => " Rome", "city:" => " Paris" } { "The city:{{ gen x with max = 10 }}" expect x == " Paris" }
"#,
        &[],
    );
}

fn model_error(source: &str) -> ModelError {
    let reports = reports(&program(source));
    match reports.first().and_then(TestReport::error).map(|error| error.fault.clone()) {
        Some(Fault::Model(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_that_is_used_up_is_no_missing_rule() {
    let long = "test \"t\" with model = script { \":\" => \"ab\" } { \":{{ gen x: /[a-z]{60}/ }}\" }";
    let error = model_error(long);
    assert!(matches!(&error, ModelError::AnswerOver { answer, .. } if answer == "ab"), "{error}");
    assert!(error.hint().unwrap().contains("longer answer"), "{error}");
    let none = "test \"t\" with model = script { \"?\" => \"ab\" } { \":{{ gen x: /[a-z]{60}/ }}\" }";
    assert!(matches!(model_error(none), ModelError::NoRule { .. }));
    // What an earlier generation used up is not what is missing here.
    let second = "test \"t\" with model = script { \":\" => \"ab\" } { \":{{ gen x: /[a-z]{2}/ }} then{{ gen y: /[a-z]{60}/ }}\" }";
    assert!(matches!(model_error(second), ModelError::NoRule { .. }));
}

/// The text under an error.
fn under(source: &str, model: &mut ScriptModel) -> (String, Fault) {
    let (outcome, _) = play(model, source, RunOptions::default());
    let error = outcome.error().unwrap_or_else(|| panic!("{outcome:?}"));
    let span = error.span.unwrap_or_else(|| panic!("{error:?}"));
    (source[span.start as usize..span.end as usize].to_owned(), error.fault.clone())
}

#[test]
fn a_refused_role_is_the_place_of_its_error() {
    let path = format!("{}/tests/fixtures/chat/gemma-2.jinja", env!("CARGO_MANIFEST_DIR"));
    let gemma = std::fs::read_to_string(path).unwrap();
    let source = "\nsystem \"Answer in one word.\"\nuser \"The capital of France?\"\nassistant gen a with max = 5\nreturn a";
    let mut model = script(&[("", "Paris")]).with_template(Some(gemma));
    let (role, fault) = under(source, &mut model);
    assert_eq!((role.as_str(), fault.code()), ("system", "R0703"));
    assert!(fault.hint().unwrap().contains("first `user` message"), "{fault}");
    assert_eq!(model.counters().forwards(), 0);
    let (role, _) = under("user \"a\"\nsystem { \"b\" }", &mut model);
    assert_eq!(role, "system");
    let (role, fault) =
        under("let x = 1\nuser \"Hi\"\nassistant gen a", &mut script(&[]).with_template(None));
    assert_eq!((role.as_str(), fault), ("user", Fault::Model(ModelError::NoTemplate)));
}
