//! JSON Schemas against an independent validator: what is admitted is valid, and what is valid is admitted.

use agentc_constraint::spec::Spec;
use std::sync::Arc;

use agentc_constraint::{
    BuildError, Commit, Constraint, Limits, Matcher, Pattern, SchemaTexts, Vocab, build,
};
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

fn below(random: &mut Random, n: u64) -> usize {
    random.below(n) as usize
}

/// A random schema of some size.
fn schema(random: &mut Random, depth: u32) -> Value {
    let mut out = serde_json::Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    let leaf = depth == 0;
    if below(random, 8) == 0 {
        return json!(below(random, 4) > 0);
    }
    for _ in 0..=below(random, 3) {
        let small = below(random, 4);
        match below(random, if leaf { 9 } else { 26 }) {
            0 | 1 => put("type", kind(random)),
            2 => put("enum", Value::Array((0..=below(random, 3)).map(|_| instance(random, 1)).collect())),
            3 => put("const", instance(random, 1)),
            4 => put(["minimum", "exclusiveMinimum"][below(random, 2)], json!(small as i64 - 2)),
            5 => put(["maximum", "exclusiveMaximum"][below(random, 2)], json!(small as f64 / 2.0)),
            6 => put("multipleOf", [json!(1), json!(2), json!(0.5), json!(1.5)][below(random, 4)].clone()),
            7 => put(["minLength", "maxLength"][below(random, 2)], json!(small)),
            8 => put("pattern", json!(["a", "^b", "a$", "^[ab]*$", "^(?!a)", "^$|b"][below(random, 6)])),
            9..=11 => {
                let names = names(random);
                put(
                    "properties",
                    Value::Object(names.into_iter().map(|name| (name, schema(random, depth - 1))).collect()),
                )
            }
            12 => put("required", Value::Array(names(random).into_iter().map(Value::String).collect())),
            13 => put("additionalProperties", schema(random, depth - 1)),
            14 => put(
                "patternProperties",
                json!({["a", "^b", "x$"][below(random, 3)]: schema(random, depth - 1)}),
            ),
            15 => put("propertyNames", schema(random, 0)),
            16 => put(["minProperties", "maxProperties"][below(random, 2)], json!(small)),
            17 => put("items", schema(random, depth - 1)),
            18 => put(
                "prefixItems",
                Value::Array((0..=below(random, 2)).map(|_| schema(random, depth - 1)).collect()),
            ),
            19 => put(["minItems", "maxItems"][below(random, 2)], json!(small)),
            20 => put("contains", schema(random, depth - 1)),
            21 => put(
                ["allOf", "anyOf", "oneOf"][below(random, 3)],
                Value::Array((0..=below(random, 3)).map(|_| schema(random, depth - 1)).collect()),
            ),
            22 => put("not", schema(random, depth - 1)),
            23 => {
                put("if", schema(random, depth - 1));
                put("then", schema(random, depth - 1));
                put("else", schema(random, depth - 1))
            }
            24 => put("dependentRequired", json!({"a": names(random)})),
            _ => put("dependentSchemas", json!({"b": schema(random, depth - 1)})),
        };
    }
    Value::Object(out)
}

fn kind(random: &mut Random) -> Value {
    let kinds = ["null", "boolean", "integer", "number", "string", "array", "object", "object"];
    match below(random, 3) {
        0 => json!([kinds[below(random, 4)], kinds[4 + below(random, 4)]]),
        _ => json!(kinds[below(random, 8)]),
    }
}

fn names(random: &mut Random) -> Vec<String> {
    let mut names: Vec<String> = ["a", "b", "ab", "ax"].map(str::to_owned).to_vec();
    names.retain(|_| below(random, 2) == 0);
    names
}

/// A random value.
fn instance(random: &mut Random, depth: u32) -> Value {
    match below(random, if depth == 0 { 6 } else { 10 }) {
        0 => Value::Null,
        1 => json!(below(random, 2) == 0),
        2 => json!(below(random, 5) as i64 - 2),
        3 => json!([-1.5, -0.5, 0.5, 1.5, 0.25][below(random, 5)]),
        4 | 5 => json!(["", "a", "b", "ab", "ba", "aab", "x"][below(random, 7)]),
        6 | 7 => Value::Array((0..below(random, 4)).map(|_| instance(random, depth - 1)).collect()),
        _ => {
            let keys = ["a", "b", "ab", "ax", "x", "bb", "c"];
            let mut members = serde_json::Map::new();
            for _ in 0..below(random, 4) {
                members.insert(keys[below(random, 7)].to_owned(), instance(random, depth - 1));
            }
            Value::Object(members)
        }
    }
}

fn validator(schema: &Value) -> Option<jsonschema::Validator> {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(schema)
        .ok()
}

/// Compares engine and validator; whether the schema could be compiled.
fn compare(schema: &Value, instances: &[Value]) -> bool {
    let Some(validator) = validator(schema) else { return false };
    let pattern = match compile(schema) {
        Ok(pattern) => Some(pattern),
        Err(BuildError::Empty { .. }) => None,
        Err(BuildError::SchemaKeyword { .. } | BuildError::TooLarge { .. }) => return false,
        Err(error) => panic!("{schema}: {error}"),
    };
    let mut texts = SchemaTexts::new(schema).expect("the schema was read before");
    for instance in instances {
        let text = texts.text(instance).expect("small numbers can be written");
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), *instance);
        let admitted = match pattern.as_ref().map(|pattern| pattern.try_match(text.as_bytes())) {
            Some(Ok(admitted)) => admitted,
            Some(Err(_)) => return false,
            None => false,
        };
        assert_eq!(admitted, validator.is_valid(instance), "{schema}\n{text}");
    }
    true
}

#[test]
fn random_schemas_admit_exactly_what_is_valid() {
    let mut random = Random::new(7);
    let (mut compiled, mut all) = (0, 0);
    for _ in 0..2000 {
        let depth = 2 + below(&mut random, 2) as u32;
        let schema = schema(&mut random, depth);
        let instances: Vec<Value> = (0..40).map(|_| instance(&mut random, 2)).collect();
        all += 1;
        compiled += usize::from(compare(&schema, &instances));
    }
    assert!(compiled * 10 > all * 9, "{compiled} of {all} schemas compile");
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
