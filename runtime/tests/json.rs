//! Values that are generated as JSON: read by their types, with facts, defaults of optional fields, and
//! recursion.
#![allow(clippy::unwrap_used)]

mod common;

use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::{RunOptions, Value};
use common::{capture, outcome, play};

#[test]
fn json_is_read_by_the_type_that_made_it() {
    for (ty, wish, value) in [
        ("{a: int, b: str?}", r#"{"a": 4}"#, r#"{"a": 4}"#),
        ("{a: float, b: str?}", r#"{"a": 4.0, "b": "x"}"#, r#"{"a": 4.0, "b": "x"}"#),
        ("str[]", r#"["a", "\n"]"#, r#"["a", "\n"]"#),
        ("map(int)", r#"{"k": 1, "l": 2}"#, r#"{"k": 1, "l": 2}"#),
        ("{n: int}[] | null", "null", "null"),
        ("json", r#"[1, {"a": null}]"#, r#"[1, {"a": null}]"#),
        ("json(str)", r#""a b""#, "a b"),
    ] {
        let source = format!("\"v: {{{{ gen v: {ty} with max = 40 }}}}\"");
        let outcome = outcome(&[("v: ", wish)], &source);
        assert_eq!(outcome.capture("v").unwrap_or(&Value::Null).to_string(), value, "{ty}");
        assert_eq!(outcome.text(), format!("v: {wish}"), "{ty}");
    }
}

#[test]
fn ints_of_a_float_field_are_floats_and_missing_fields_read_null() {
    let source = r#""v: {{ gen v: {x: float, note: str?} }}" return [v.x, v.note ?? "none"]"#;
    let value = outcome(&[("v: ", r#"{"x": 3}"#)], source).value().to_string();
    assert_eq!(value, r#"[3.0, "none"]"#);
    let facts = r#""v: {{ gen v: {x: int} }}" return "{{ v.text }} {{ v.tokens > 3 }} {{ v.stop == null }}""#;
    let value = outcome(&[("v: ", r#"{"x": 3}"#)], facts).value().to_string();
    assert_eq!(value, r#"{"x": 3} true true"#);
}

#[test]
fn recursive_values_are_generated_and_read() {
    let source =
        "type Tree { v: int, kids: Tree[](..2) }\n\"t: {{ gen t: Tree with max = 60 }}\"\nreturn t.kids[1].v";
    let wish = r#"{"v": 1, "kids": [{"v": 2, "kids": []}, {"v": 3, "kids": []}]}"#;
    assert_eq!(outcome(&[("t: ", wish)], source).value(), &Value::Int(3));
}

/// Whatever the model likes: what comes out is of the type.
#[test]
fn noise_gives_values_of_the_type() {
    for (ty, check) in [
        ("{a: int(0..9), tags: str(..4)[](..2)}", "len(v.tags) <= 2 and v.a <= 9"),
        ("map(bool)", "len(values(v)) == len(keys(v))"),
        ("(int | str(..3))[](1..3)", "len(v) >= 1"),
    ] {
        for seed in 0..10 {
            let source = format!("\"v: {{{{ gen v: {ty} with max = 60, temp = 1 }}}}\"\nexpect {check}");
            let options = RunOptions { seed: Some(seed), ..RunOptions::default() };
            let (outcome, _) = play(&mut ScriptModel::random(seed).unwrap(), &source, options);
            assert_eq!(outcome.error(), None, "{ty}: {}", outcome.text());
        }
    }
}

#[test]
fn tokens_may_cross_the_borders_of_a_string() {
    let rules = [("v: ", r#"{"a": "x", "b": "y"}"#)];
    let value = capture(&rules, r#""v: {{ gen v: {a: str, b: str} }}""#, "v");
    assert_eq!(value.to_string(), r#"{"a": "x", "b": "y"}"#);
}
