//! A sample of the soak, and a test that it notices what is wrong.

#![allow(missing_docs, clippy::unwrap_used)]

use agentc_conformance::case::Case;
use agentc_conformance::patterns;
use agentc_conformance::soak::{Plan, run};
use agentc_conformance::vocabulary::Vocabulary;
use agentc_conformance::{beside_the_project, reference_model};
use agentc_constraint::spec::Spec;
use serde_json::json;

/// A thinned one of those on this machine; otherwise the bytes.
fn vocabulary() -> Vocabulary {
    let path = beside_the_project("vocabs/ggml-vocab-gpt-2.gguf").or_else(reference_model);
    let mut vocabulary = path.map_or_else(Vocabulary::of_bytes, |path| Vocabulary::read(&path).unwrap());
    if vocabulary.ends.is_empty() {
        vocabulary.ends.push(vocabulary.tokens.len() as u32);
        vocabulary.tokens.push(None);
    }
    vocabulary.thinned(800)
}

fn schemas() -> Vec<Case> {
    let schemas = [
        json!({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {"$ref": "#"}}}}),
        json!({"oneOf": [{"type": "string", "pattern": "^a+b?$"}, {"type": "number", "multipleOf": 0.5}]}),
        json!({"type": "string", "format": "date-time"}),
    ];
    let case = |(at, schema)| Case { name: format!("schema {at}"), schema, tests: Vec::new() };
    schemas.into_iter().enumerate().map(case).collect()
}

#[test]
fn whatever_is_generated_is_a_value() {
    let patterns = patterns::read(&patterns::folder()).unwrap();
    let plan = Plan { patterns, schemas: schemas(), count: 2000, seed: 7, only: None };
    let report = run(&plan, &vocabulary()).unwrap();
    assert!(report.failures.is_empty(), "{report}");
    let total = report.total();
    assert!(total.runs >= 1900 && total.by_value > 700 && total.by_stop + total.by_budget > 50, "{report}");
}

#[test]
fn what_is_wrong_is_noticed() {
    let mut patterns = patterns::read(&patterns::folder()).unwrap();
    patterns.retain(|case| case.area == "gbnf" && case.name == "a text");
    // It means something else than it says.
    patterns[0].like = Some(patterns::Case::reference(&patterns::Case {
        spec: Spec::Literal { text: "another".to_owned() },
        like: None,
        ..patterns[0].clone()
    }));
    let plan = Plan { patterns, schemas: Vec::new(), count: 40, seed: 7, only: None };
    let report = run(&plan, &vocabulary()).unwrap();
    let total = report.total();
    assert_eq!(report.failures.len(), total.failures);
    assert!(total.failures > 5 && total.failures + total.too_small == total.runs, "{report}");
    assert!(report.to_string().contains("the naive recogniser says that it is no value"), "{report}");
}
