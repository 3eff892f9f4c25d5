//! Each limit can be reached, and is named with its number where it is.
#![allow(clippy::unwrap_used, clippy::panic)]

use agentc_constraint::spec::{GrammarSyntax, Spec};
use agentc_constraint::{BuildError, Limit, Limits, MatchError, build};

fn schema(text: &str) -> Spec {
    Spec::Schema { schema: text.to_owned() }
}

fn regex(pattern: &str) -> Spec {
    Spec::Regex { pattern: pattern.to_owned() }
}

fn grammar(text: &str) -> Spec {
    Spec::Grammar { grammar: text.to_owned(), syntax: GrammarSyntax::Lark, parts: Vec::new() }
}

/// The limit that a spec hits, and its number; the defaults allow it.
fn hit(spec: &Spec, limits: &Limits) -> (Limit, usize) {
    assert!(build(spec, &[], &Limits::default()).is_ok(), "{spec:?}");
    match build(spec, &[], limits) {
        Err(error @ BuildError::TooLarge { what, limit }) => {
            let message = error.to_string();
            assert!(message.ends_with(&format!("more than {limit} {what}")), "{message}");
            (what, limit)
        }
        other => panic!("{other:?}: {spec:?}"),
    }
}

#[test]
fn each_limit_of_schemas_is_named_with_its_number() {
    let of = |change: fn(&mut Limits), text: &str| {
        let mut limits = Limits::default();
        change(&mut limits);
        hit(&schema(text), &limits)
    };
    let branches = r#"{"anyOf": [{"type": "string", "minLength": 1}, {"type": "string", "maxLength": 7},
        {"type": "string", "pattern": "^a"}, {"type": "integer"}]}"#;
    assert_eq!(of(|l| l.alternatives = 2, branches), (Limit::Alternatives, 2));
    let counted = r#"{"properties": {"a": true, "b": true, "c": true}, "additionalProperties": false, "maxProperties": 2}"#;
    assert_eq!(of(|l| l.property_counts = 5, counted), (Limit::PropertyCounts, 5));
    let named = r#"{"properties": {"abcdef": {"type": "integer"}}}"#;
    assert_eq!(of(|l| l.property_name = 5, named), (Limit::PropertyName, 5));
    let patterns = r#"{"patternProperties": {"^a": {"type": "integer"}, "b$": {"maximum": 2}}}"#;
    assert_eq!(of(|l| l.key_patterns = 1, patterns), (Limit::KeyPatterns, 1));
    let restricted = r#"{"propertyNames": {"pattern": "^[a-z]{3}$"}, "minProperties": 4, "type": "object"}"#;
    assert_eq!(of(|l| l.restricted_keys = 3, restricted), (Limit::RestrictedKeys, 3));
    let unnamed = r#"{"type": "object", "not": {"additionalProperties": {"type": "integer"}}}"#;
    assert_eq!(of(|l| l.unnamed = 0, unnamed), (Limit::UnnamedProperties, 0));
    let beside =
        r#"{"type": "object", "minProperties": 3, "not": {"additionalProperties": {"type": "integer"}}}"#;
    assert_eq!(of(|l| l.beside_unnamed = 2, beside), (Limit::BesideUnnamed, 2));
    let sets = r#"{"type": "object", "propertyNames": {"enum": ["a", "b", "c"]},
        "not": {"additionalProperties": {"type": "integer"}}}"#;
    assert_eq!(of(|l| l.key_sets = 2, sets), (Limit::KeySets, 2));
    let places = r#"{"type": "array", "contains": {"const": 1}, "minContains": 1, "maxItems": 9}"#;
    assert_eq!(of(|l| l.contained_places = 8, places), (Limit::ContainedPlaces, 8));
    let counts = r#"{"type": "array", "contains": {"const": 1}, "minContains": 3, "maxItems": 9}"#;
    assert_eq!(of(|l| l.contained_counts = 3, counts), (Limit::ContainedCounts, 3));
    let multiple = r#"{"type": "integer", "multipleOf": 100}"#;
    assert_eq!(of(|l| l.multiple = 150, multiple), (Limit::Multiple, 150));
    assert_eq!(of(|l| l.schema_steps = 1, branches), (Limit::SchemaSteps, 1));
    assert_eq!(of(|l| l.set_steps = 1, patterns), (Limit::SetSteps, 1));
}

#[test]
fn what_no_more_than_so_many_values_or_anchors_allow_is_said_with_the_number() {
    let refused = |text: &str, limits: &Limits| {
        assert!(build(&schema(text), &[], &Limits::default()).is_ok(), "{text}");
        match build(&schema(text), &[], limits) {
            Err(error @ BuildError::SchemaKeyword { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let distinct = r#"{"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": true}"#;
    let message = refused(distinct, &Limits { distinct: 2, ..Limits::default() });
    assert!(message.contains("at most 2 values"), "{message}");
    let anchored = r#"{"type": "string", "pattern": "(^a|b)(c|d$)"}"#;
    let message = refused(anchored, &Limits { anchored: 1, ..Limits::default() });
    assert!(message.contains("anchored in more than 1 ways"), "{message}");
}

#[test]
fn each_limit_of_patterns_is_named_with_its_number() {
    let defaults = Limits::default;
    let nested = regex("(((((a{0,30}b){0,30}c){0,30}d){0,30}e){0,30}f){0,30}");
    assert_eq!(hit(&nested, &Limits { unrolled: 40, ..defaults() }), (Limit::NestedRepeats, 40));
    assert_eq!(hit(&regex(r"\w"), &Limits { instructions: 50, ..defaults() }), (Limit::Instructions, 50));
    let long = regex("a{500}");
    assert_eq!(hit(&long, &Limits { witness_bytes: 100, ..defaults() }), (Limit::WitnessBytes, 100));
}

/// The number in what a grammar is refused with.
#[test]
fn limits_of_grammars_are_said_where_they_are_hit() {
    let refused = |text: &str, limits: &Limits| {
        assert!(build(&grammar(text), &[], &Limits::default()).is_ok(), "{text}");
        match build(&grammar(text), &[], limits) {
            Err(error @ BuildError::Grammar { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let brackets = refused("start: (((\"a\")))", &Limits { grammar_brackets: 2, ..Limits::default() });
    assert!(brackets.contains("more than 2 brackets are open"), "{brackets}");
    let templates = "start: list{\"a\"} list{\"b\"}\nlist{x}: x (\",\" x)*";
    let parts = refused(templates, &Limits { grammar_parts: 3, ..Limits::default() });
    assert!(parts.contains("more than 3 parts"), "{parts}");
}

/// What reading a text fails with, which the defaults read.
fn refused(spec: &Spec, text: &str, limits: &Limits) -> MatchError {
    let read = |limits: &Limits| build(spec, &[], limits).unwrap().try_match(text.as_bytes());
    assert!(read(&Limits::default()).is_ok(), "{spec:?}: {text}");
    read(limits).unwrap_err()
}

#[test]
fn limits_of_a_text_under_way_are_named_with_their_numbers() {
    let keys = schema(r#"{"type": "object", "propertyNames": {"pattern": "^[a-z]$"}}"#);
    let limits = Limits { restricted_keys: 2, ..Limits::default() };
    let found = refused(&keys, r#"{"a": 1, "b": 1, "c": 1, "d": 1}"#, &limits);
    assert_eq!(found, MatchError::TooLarge { what: Limit::RestrictedKeys, limit: 2 });
    let deep = schema("true");
    let found = refused(&deep, "[[[[[[[[", &Limits { calls: 3, ..Limits::default() });
    assert_eq!(found, MatchError::TooLarge { what: Limit::Calls, limit: 3 });
    // Each `(` may be one of several rules, whose callers differ.
    let ways = grammar(
        "start: a | b | c\na: \"(\" x \")\" \"1\"\nb: \"(\" y \")\" \"2\"\nc: \"(\" z \")\" \"3\"\nx: \"n\" | a\ny: \"n\" | b\nz: \"n\" | c",
    );
    let found = refused(&ways, "((((n))))", &Limits { ways: 1, ..Limits::default() });
    assert_eq!(found, MatchError::TooLarge { what: Limit::Ways, limit: 1 });
}
