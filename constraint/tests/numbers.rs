//! Numbers in JSON Schemas: kept as they were written, or refused by name.

use agentc_constraint::spec::Spec;
use agentc_constraint::{BuildError, Limits, Pattern, SchemaTexts, build};
use serde_json::json;

fn compile(schema: &str) -> Result<Pattern, BuildError> {
    build(&Spec::Schema { schema: schema.to_owned() }, &[], &Limits::default())
}

#[track_caller]
fn admits(schema: &str, good: &[&str], bad: &[&str]) {
    let pattern = compile(schema).unwrap_or_else(|error| panic!("{schema}: {error}"));
    for text in good {
        assert!(pattern.is_match(text.as_bytes()), "{schema} admits {text}");
    }
    for text in bad {
        assert!(!pattern.is_match(text.as_bytes()), "{schema} does not admit {text}");
    }
}

#[test]
fn listed_numbers_keep_all_their_digits() {
    admits(
        r#"{"const": 12345678901234567890}"#,
        &["12345678901234567890"],
        &["12345678901234567000", "12345678901234567891", "12345678901234567168"],
    );
    admits(
        r#"{"enum": [18446744073709551615, 7]}"#,
        &["18446744073709551615", "7"],
        &["18446744073709551614"],
    );
    admits(
        r#"{"enum": [123456789012345678901234567890, -98765432109876543210]}"#,
        &["123456789012345678901234567890", "-98765432109876543210"],
        &["123456789012345680000000000000"],
    );
    admits(r#"{"const": 1.00000000000000000001}"#, &["1.00000000000000000001"], &["1", "1.0"]);
    admits(r#"{"const": {"a": [10000000000000000000000]}}"#, &[r#"{"a": [10000000000000000000000]}"#], &[]);
    admits(r#"{"const": 1e22}"#, &["10000000000000000000000"], &["1e22"]);
    admits(
        r#"{"enum": [10000000000000000000000000001, 10000000000000000000000000000], "multipleOf": 0.1, "maximum": 1e28}"#,
        &["10000000000000000000000000000"],
        &["10000000000000000000000000001"],
    );
}

#[test]
fn whole_numbers_have_64_bits() {
    for schema in ["{}", r#"{"type": "integer"}"#, r#"{"type": "number"}"#, r#"{"not": {"const": 5}}"#] {
        admits(
            schema,
            &[
                "9223372036854775807",
                "-9223372036854775808",
                "999999999999999999",
                "1000000000000000000",
                "0",
            ],
            &["9223372036854775808", "-9223372036854775809", "-0", "01", "10000000000000000000"],
        );
    }
    admits(
        r#"{"type": "integer", "minimum": 0}"#,
        &["0", "9223372036854775807"],
        &["-1", "9223372036854775808"],
    );
    admits(
        r#"{"type": "integer", "multipleOf": 7}"#,
        &["9223372036854775807", "-9223372036854775807", "0", "14"],
        &["9223372036854775806", "15"],
    );
    admits(
        r#"{"type": "integer", "minimum": 0, "maximum": 18446744073709551615}"#,
        &["18446744073709551615", "9223372036854775808", "0"],
        &["18446744073709551616", "-1"],
    );
    admits(
        r#"{"type": "integer", "exclusiveMinimum": 9223372036854775807}"#,
        &["9223372036854775808", "18446744073709551615"],
        &["9223372036854775807", "18446744073709551616"],
    );
    admits(r#"{"type": "integer", "maximum": 1e400}"#, &["5"], &[]);
}

#[test]
fn bounds_are_exact_however_many_digits_they_have() {
    admits(r#"{"type": "number", "minimum": 1e-40}"#, &["0.000000000000001", "1"], &["0", "0.0", "-1"]);
    admits(r#"{"type": "number", "minimum": -1e-40}"#, &["0", "1"], &["-0.000000000000001"]);
    admits(r#"{"type": "number", "maximum": -1e-40}"#, &["-0.000000000000001"], &["0", "1"]);
    admits(
        r#"{"type": "integer", "maximum": 1234567890123456789}"#,
        &["1234567890123456789"],
        &["1234567890123456790"],
    );
}

/// It is never said of them that nothing satisfies the schema.
#[test]
fn what_cannot_be_written_is_refused_by_name() {
    for (schema, at) in [
        (r#"{"const": 1e30}"#, "#/const"),
        (r#"{"enum": [1, 1e-31]}"#, "#/enum"),
        (r#"{"const": 123456789012345678901234567890.123456789012}"#, "#/const"),
        (r#"{"type": "integer", "minimum": 18446744073709551616}"#, "#/minimum"),
        (r#"{"type": "integer", "exclusiveMinimum": 18446744073709551615}"#, "#/exclusiveMinimum"),
        (r#"{"type": "integer", "maximum": -9223372036854775809}"#, "#/maximum"),
        (r#"{"type": "integer", "minimum": 1e400}"#, "#/minimum"),
        (r#"{"multipleOf": 1e-31}"#, "#/multipleOf"),
    ] {
        match compile(schema) {
            Err(BuildError::SchemaKeyword { at: place, .. }) => assert_eq!(place, at, "{schema}"),
            other => panic!("{schema}: {other:?}"),
        }
    }
}

#[test]
fn texts_are_written_of_numbers_that_can_be() {
    let mut texts =
        SchemaTexts::new(&json!({"enum": [1, u64::MAX, 1.5]}), &Limits::default()).expect("a schema");
    assert_eq!(texts.text(&json!(u64::MAX)).as_deref(), Some("18446744073709551615"));
    assert_eq!(texts.text(&json!(u64::MAX - 1)), None);
    assert_eq!(texts.text(&json!(i64::MIN)).as_deref(), Some("-9223372036854775808"));
    assert_eq!(texts.text(&json!(1e20)), None);
    let mut texts = SchemaTexts::new(&json!({"maximum": u64::MAX}), &Limits::default()).expect("a schema");
    assert_eq!(texts.text(&json!(u64::MAX - 1)).as_deref(), Some("18446744073709551614"));
}
