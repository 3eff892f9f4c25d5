//! JSON Schemas: what they admit. (Random ones are in `random_schemas`, drafts in `drafts`, numbers in `numbers`.)

use agentc_constraint::spec::Spec;
use std::sync::Arc;

use agentc_constraint::{BuildError, Commit, Constraint, Limits, Matcher, Pattern, Vocab, build};
use serde_json::{Value, json};

mod support;

use support::{Greedy, Random};

fn compile(schema: &Value) -> Result<Pattern, BuildError> {
    build(&Spec::Schema { schema: schema.to_string() }, &[], &Limits::default())
}

#[track_caller]
fn admits(schema: Value, good: &[&str], bad: &[&str]) {
    let pattern = compile(&schema).unwrap_or_else(|error| panic!("{schema}: {error}"));
    for text in good {
        assert!(pattern.is_match(text.as_bytes()), "{schema} admits {text}");
    }
    for text in bad {
        assert!(!pattern.is_match(text.as_bytes()), "{schema} does not admit {text}");
    }
}

#[test]
fn members_come_in_the_order_of_their_mention() {
    let schema = json!({"properties": {"b": {}, "a": {}}, "required": ["c"]});
    admits(
        schema,
        &[r#"{"b": 1, "a": 2, "c": 3}"#, r#"{"c": 3}"#, r#"{"a": 1, "c": 2, "y": 3, "x": 4}"#, "7", "[]"],
        &[r#"{"a": 1, "b": 2, "c": 3}"#, r#"{"a": 1}"#, r#"{"x": 1, "c": 3}"#, r#"{"c": 3,"x": 1}"#],
    );
}

#[test]
fn keys_without_names_come_once() {
    let schema = json!({"type": "object", "properties": {"$a": {}}, "patternProperties": {"^[a-z]+$": {"type": "null"}}});
    admits(
        schema,
        &[r#"{"x": null, "y": null}"#, r#"{"$a": 1, "x": null, "X": 2}"#, r#"{"$ab": 1}"#],
        &[r#"{"x": null, "x": null}"#, r#"{"X": 1, "X": 2}"#, r#"{"x": 1}"#, r#"{"$a": 1, "$a": 2}"#],
    );
}

#[test]
fn numbers_have_points_where_they_are_no_integers() {
    admits(
        json!({"type": "integer", "minimum": -3, "exclusiveMaximum": 12}),
        &["-3", "0", "11"],
        &["-4", "12", "1.0", "-0"],
    );
    admits(
        json!({"type": "number", "exclusiveMinimum": 0, "maximum": 1.5}),
        &["1", "0.01", "1.50", "1.5"],
        &["0", "0.0", "1.51", "2"],
    );
    admits(json!({"multipleOf": 0.25, "type": "number"}), &["1", "1.5", "0.75", "-2.250"], &["1.1", "0.126"]);
    let large = json!({"type": "integer", "minimum": 1_000_000_000_000_000_005u64});
    admits(
        large,
        &["1000000000000000005", "9223372036854775807"],
        &["1000000000000000004", "9223372036854775808"],
    );
    admits(json!({"multipleOf": 7, "type": "integer", "minimum": 10}), &["14", "700"], &["7", "15"]);
    admits(
        json!({"enum": [1, 2.5, "x", null, [1], {"a": 1}]}),
        &["1", "2.5", "\"x\"", "null", "[1]", "{\"a\": 1}"],
        &["2", "[]", "{}", "[1, 1]"],
    );
    admits(
        json!({"not": {"enum": [1, 2.5]}, "type": "number"}),
        &["2", "2.51", "0"],
        &["1", "1.0", "2.5", "2.50"],
    );
}

#[test]
fn strings_satisfy_all_that_is_said_of_them() {
    admits(
        json!({"type": "string", "pattern": "^a", "maxLength": 3}),
        &["\"a\"", "\"a\\\"é\""],
        &["\"abcd\"", "\"b\""],
    );
    admits(
        json!({"type": "string", "not": {"pattern": "x"}, "minLength": 1}),
        &["\"a\""],
        &["\"\"", "\"axb\""],
    );
    admits(
        json!({"type": "string", "allOf": [{"pattern": "a"}, {"pattern": "b"}]}),
        &["\"ab\"", "\"xbxa\""],
        &["\"a\""],
    );
    admits(json!({"format": "date"}), &["\"2024-02-29\"", "3"], &["\"2023-02-29\""]);
    admits(json!({"type": "string", "format": "of my own"}), &["\"x\""], &[]);
}

#[test]
fn references_lead_anywhere_in_the_document() {
    let schema = json!({
        "$id": "http://a.example/root.json",
        "$ref": "#/definitions/node",
        "definitions": {
            "node": {"type": "object", "properties": {"next": {"$ref": "#/definitions/node"}, "leaf": {"$ref": "leaf.json"}}, "additionalProperties": false},
            "other": {"$id": "leaf.json", "$anchor": "it", "type": "integer"},
        },
    });
    admits(schema, &[r#"{"next": {"next": {}, "leaf": 1}}"#], &[r#"{"next": 1}"#, r#"{"leaf": "x"}"#]);
    for (schema, at) in [
        (json!({"$ref": "#/nowhere"}), "#/$ref"),
        (json!({"$ref": "#"}), "#"),
        (
            json!({"allOf": [{"$ref": "#/definitions/a"}], "definitions": {"a": {"anyOf": [{"$ref": "#"}]}}}),
            "#",
        ),
        (json!({"type": "objekt"}), "#/type"),
        (json!({"properties": {"a": {"minimum": "1"}}}), "#/properties/a/minimum"),
    ] {
        match compile(&schema) {
            Err(BuildError::Schema { at: place, .. }) => assert!(place.starts_with(at), "{schema}: {place}"),
            other => panic!("{schema}: {other:?}"),
        }
    }
}

#[test]
fn what_has_no_automaton_is_refused_by_its_place() {
    for (schema, at) in [
        (json!({"properties": {"a": {"pattern": "(x)\\1"}}}), "#/properties/a/pattern"),
        (json!({"unevaluatedProperties": false}), "#/unevaluatedProperties"),
        (json!({"format": "regex"}), "#/format"),
        (json!({"type": "array", "not": {"uniqueItems": true}}), "#/not"),
    ] {
        match compile(&schema) {
            Err(BuildError::SchemaKeyword { at: place, .. }) => assert_eq!(place, at, "{schema}"),
            other => panic!("{schema}: {other:?}"),
        }
    }
}

#[test]
fn items_that_must_differ_do() {
    let strings = json!({"uniqueItems": true, "type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 2, "maxItems": 3});
    admits(
        strings,
        &[r#"["a", "b"]"#, r#"["a", "aa", "\""]"#],
        &[r#"["a"]"#, r#"["a", "a"]"#, r#"["a", "b", "a"]"#, r#"["a", ""]"#],
    );
    let listed =
        json!({"type": "array", "uniqueItems": true, "items": {"enum": [1, "x", null, true]}, "minItems": 1});
    admits(listed, &["[1]", r#"[null, "x", true, 1]"#], &["[]", "[1, 1]", "[2]"]);
    let tokens: Vec<_> = ["\"", "a", "0", "1", "2", "3", ",", " ", ", ", "[", "]"]
        .map(|text| Some(text.as_bytes().to_vec()))
        .to_vec();
    let schema = json!({"type": "array", "uniqueItems": true, "items": {"type": "string"}, "minItems": 4, "maxItems": 4});
    let pattern = compile(&schema).expect("a pattern");
    let vocab = Arc::new(Vocab::new(&tokens, &[]).expect("a vocabulary"));
    let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
    let mut random = Random::new(3);
    for max in 20..60 {
        let Ok(mut matcher) = Matcher::new(&constraint, b"", max) else { continue };
        loop {
            let allowed: Vec<u32> = matcher.mask().expect("a token").iter(&vocab).collect();
            let token = *random.pick(&allowed);
            let commit = matcher.commit(token).expect("a token of the mask");
            if commit == Commit::Done {
                break;
            }
        }
        let text = String::from_utf8(matcher.finish(&Greedy(&vocab)).expect("a value").value).expect("UTF-8");
        let items: Vec<String> = serde_json::from_str(&text).expect("JSON");
        assert!((0..4).all(|at| !items[..at].contains(&items[at])), "{text}");
    }
}

#[test]
fn white_space_is_bounded_where_it_is_free() {
    let value = Box::new(Spec::Schema {
        schema: json!({"properties": {"a": {"items": {"type": "null"}}, "b": true}, "maxProperties": 3})
            .to_string(),
    });
    let pattern = build(&Spec::Flexible { value }, &[], &Limits::default()).expect("a pattern");
    let value: Value = json!({"a": [null, null], "b": {"x": [], "y": {}}, "c": 1});
    let pretty = serde_json::to_string_pretty(&value).expect("JSON");
    for text in
        [serde_json::to_string(&value).expect("JSON"), pretty.clone(), r#"{"a": [ null ] }"#.to_owned()]
    {
        assert!(pattern.is_match(text.as_bytes()), "{text}");
    }
    for text in
        [pretty.replace("null", "0"), pretty.replace('\n', "\n\n"), pretty.replace("  ", &" ".repeat(33))]
    {
        assert!(!pattern.is_match(text.as_bytes()), "{text}");
    }
}
