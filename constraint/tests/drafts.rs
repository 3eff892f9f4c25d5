//! JSON Schemas by their drafts: which keywords count, what identifies, and where references lead.

use agentc_constraint::spec::Spec;
use agentc_constraint::{BuildError, Limits, Pattern, build};
use serde_json::{Value, json};

const DRAFTS: [(&str, &str); 6] = [
    ("3", "http://json-schema.org/draft-03/schema#"),
    ("4", "http://json-schema.org/draft-04/schema#"),
    ("6", "http://json-schema.org/draft-06/schema#"),
    ("7", "http://json-schema.org/draft-07/schema#"),
    ("2019", "https://json-schema.org/draft/2019-09/schema"),
    ("2020", "https://json-schema.org/draft/2020-12/schema"),
];

fn compile(schema: &Value) -> Result<Pattern, BuildError> {
    build(&Spec::Schema { schema: schema.to_string() }, &[], &Limits::default())
}

/// A schema of a draft; of none, if there is none of the name.
fn of(draft: &str, schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some((_, name)) = DRAFTS.iter().find(|known| known.0 == draft) {
        schema["$schema"] = json!(name);
    }
    schema
}

#[track_caller]
fn admits(draft: &str, schema: &Value, text: &str) -> bool {
    let schema = of(draft, schema);
    compile(&schema).unwrap_or_else(|error| panic!("{schema}: {error}")).is_match(text.as_bytes())
}

/// Under the first drafts a keyword counts, so that the text is none; under the others it says nothing. `-` names no draft.
#[test]
fn each_draft_has_its_keywords() {
    let cases = [
        (json!({"const": 1}), "2", "6 7 2019 2020 -", "3 4"),
        (json!({"contains": {"type": "null"}}), "[1]", "6 7 2019 2020 -", "3 4"),
        (json!({"propertyNames": {"maxLength": 1}}), r#"{"ab": 1}"#, "6 7 2019 2020 -", "3 4"),
        (json!({"if": {"type": "integer"}, "then": {"minimum": 3}}), "2", "7 2019 2020 -", "3 4 6"),
        (json!({"contains": {"type": "integer"}, "minContains": 2}), "[1]", "2019 2020 -", "3 4 6 7"),
        (json!({"contains": true, "maxContains": 1}), "[1, 2]", "2019 2020 -", "3 4 6 7"),
        (json!({"dependencies": {"a": ["b"]}}), r#"{"a": 1}"#, "3 4 6 7 -", "2019 2020"),
        (json!({"dependentRequired": {"a": ["b"]}}), r#"{"a": 1}"#, "2019 2020 -", "3 4 6 7"),
        (json!({"dependentSchemas": {"a": {"required": ["b"]}}}), r#"{"a": 1}"#, "2019 2020 -", "3 4 6 7"),
        (json!({"prefixItems": [{"type": "null"}]}), "[1]", "2020 -", "3 4 6 7 2019"),
        (json!({"items": [{}], "additionalItems": {"type": "null"}}), "[1, 2]", "3 4 6 7 2019 -", ""),
        (json!({"contentEncoding": "base64"}), "\"%\"", "7", "3 4 6 2019 2020 -"),
        (json!({"minimum": 1, "exclusiveMinimum": true}), "1", "3 4 -", ""),
        (json!({"maximum": 1, "exclusiveMaximum": false}), "2", "3 4 -", ""),
        (json!({"exclusiveMinimum": 1}), "1", "6 7 2019 2020 -", ""),
        (json!({"allOf": [{"type": "null"}]}), "1", "4 6 7 2019 2020 -", "3"),
        (json!({"multipleOf": 2}), "1", "4 6 7 2019 2020 -", "3"),
        (json!({"divisibleBy": 2}), "1", "3", "4 6 7 2019 2020 -"),
        (json!({"disallow": ["null", {"minimum": 3}]}), "4", "3", "4 6 7 2019 2020 -"),
        (json!({"disallow": "null"}), "null", "3", "4 6 7 2019 2020 -"),
        (json!({"extends": [{"type": "null"}]}), "1", "3", "4 6 7 2019 2020 -"),
        (json!({"extends": {"type": "null"}}), "1", "3", "4 6 7 2019 2020 -"),
        (json!({"properties": {"a": {"required": true}}}), "{}", "3", "4 6 7 2019 2020 -"),
    ];
    for (schema, text, counts, says_nothing) in cases {
        for draft in counts.split_whitespace() {
            assert!(!admits(draft, &schema, text), "draft {draft}: {schema} does not admit {text}");
        }
        for draft in says_nothing.split_whitespace() {
            assert!(admits(draft, &schema, text), "draft {draft}: {schema} admits {text}");
        }
    }
}

#[test]
fn types_of_draft_3_may_be_schemas() {
    let schema = json!({"type": ["string", {"type": "integer", "minimum": 3}]});
    assert!(admits("3", &schema, "3") && admits("3", &schema, "\"a\""));
    assert!(!admits("3", &schema, "2") && !admits("3", &schema, "null"));
}

#[test]
fn what_a_draft_does_not_allow_is_refused() {
    for (draft, schema, at) in [
        ("4", json!({"exclusiveMinimum": 1}), "#/exclusiveMinimum"),
        ("7", json!({"minimum": 1, "exclusiveMinimum": true}), "#/exclusiveMinimum"),
        ("2020", json!({"items": [{}]}), "#/items"),
    ] {
        match compile(&of(draft, &schema)) {
            Err(BuildError::Schema { at: place, .. }) => assert_eq!(place, at, "draft {draft}: {schema}"),
            other => panic!("draft {draft}: {schema}: {other:?}"),
        }
    }
}

#[test]
fn what_is_not_evaluated_is_refused_where_it_says_something() {
    for keyword in ["unevaluatedProperties", "unevaluatedItems"] {
        for draft in ["2019", "2020", "-"] {
            let error = compile(&of(draft, &json!({keyword: false}))).expect_err("no exact form");
            assert!(matches!(error, BuildError::SchemaKeyword { .. }), "{error}");
            assert!(compile(&of(draft, &json!({keyword: true}))).is_ok());
        }
        for draft in ["3", "4", "6", "7"] {
            assert!(compile(&of(draft, &json!({keyword: false}))).is_ok());
        }
    }
}

/// A schema whose `key` is an identifier leads references elsewhere.
#[test]
fn each_draft_has_its_identifier() {
    for (key, counts, says_nothing) in [("id", "3 4", "6 7 2019 2020 -"), ("$id", "6 7 2019 2020 -", "3 4")] {
        let inner = json!({
            key: "x", "definitions": {"b": {"type": "integer"}},
            "properties": {"q": {"$ref": "#/definitions/b"}}
        });
        let schema = json!({"definitions": {"b": {"type": "string"}}, "properties": {"p": inner}});
        for draft in counts.split_whitespace() {
            assert!(admits(draft, &schema, r#"{"p": {"q": 1}}"#), "draft {draft}, {key}");
            assert!(!admits(draft, &schema, r#"{"p": {"q": "s"}}"#), "draft {draft}, {key}");
        }
        for draft in says_nothing.split_whitespace() {
            assert!(admits(draft, &schema, r#"{"p": {"q": "s"}}"#), "draft {draft}, {key}");
            assert!(!admits(draft, &schema, r#"{"p": {"q": 1}}"#), "draft {draft}, {key}");
        }
    }
}

/// Where no draft is named, `id` is one of last resort: what would lead nowhere leads to it.
#[test]
fn references_to_an_old_identifier_are_found_where_no_draft_is_named() {
    let schema = json!({
        "id": "http://a.example/root.json",
        "properties": {"p": {"$ref": "other.json"}, "q": {"$ref": "#named"}},
        "definitions": {"o": {"id": "other.json", "type": "null"}, "n": {"id": "#named", "type": "integer"}}
    });
    assert!(admits("-", &schema, r#"{"p": null, "q": 1}"#) && !admits("-", &schema, r#"{"p": 1}"#));
    assert!(admits("4", &schema, r#"{"p": null, "q": 1}"#) && !admits("4", &schema, r#"{"q": null}"#));
    assert!(compile(&of("7", &schema)).is_err());
}

#[test]
fn anchors_are_those_of_their_drafts() {
    let schema = json!({"$ref": "#it", "$defs": {"a": {"$anchor": "it", "type": "null"}}});
    for draft in ["2019", "2020", "-"] {
        assert!(admits(draft, &schema, "null") && !admits(draft, &schema, "1"), "draft {draft}");
    }
    assert!(compile(&of("7", &schema)).is_err());
    let schema = json!({"$ref": "#it", "definitions": {"a": {"$id": "#it", "type": "null"}}});
    assert!(admits("7", &schema, "null") && !admits("7", &schema, "1"));
}

#[test]
fn what_stands_beside_a_reference_counts_since_2019() {
    let schema =
        json!({"properties": {"a": {"$ref": "#/definitions/a", "maximum": 1}}, "definitions": {"a": {}}});
    for draft in ["3", "4", "6", "7"] {
        assert!(admits(draft, &schema, r#"{"a": 2}"#), "draft {draft}");
    }
    for draft in ["2019", "2020", "-"] {
        assert!(!admits(draft, &schema, r#"{"a": 2}"#), "draft {draft}");
    }
}

#[test]
fn what_is_embedded_is_read_by_its_own_draft() {
    let embedded = json!({
        "$schema": DRAFTS[1].1, "id": "http://a.example/old.json",
        "properties": {"a": {"const": 1, "minimum": 3, "exclusiveMinimum": true}, "b": {"$ref": "#/definitions/c"}},
        "definitions": {"c": {"type": "null"}}
    });
    let schema = json!({
        "$schema": DRAFTS[5].1, "properties": {"old": {"$ref": "http://a.example/old.json"}, "new": {"const": 1}},
        "$defs": {"old": embedded}
    });
    assert!(admits("2020", &schema, r#"{"old": {"a": 4, "b": null}, "new": 1}"#));
    for text in [r#"{"old": {"a": 3}}"#, r#"{"old": {"b": 1}}"#, r#"{"new": 2}"#] {
        assert!(!admits("2020", &schema, text), "{text}");
    }
}

/// A meta-schema of someone's own is none of the drafts'.
#[test]
fn an_unknown_draft_is_read_as_none() {
    let schema =
        json!({"$schema": "https://example.com/my-schema", "const": 1, "dependencies": {"a": ["b"]}});
    assert!(compile(&schema).is_ok_and(|pattern| pattern.is_match(b"1") && !pattern.is_match(b"2")));
}
