//! The JSON Schema of a spec: the engine reads it back to the same texts, and an independent validator admits them.

use agentc_constraint::spec::{Field, Needle, Piece, Place, Spec};
use agentc_constraint::{Docs, Limits, NoSchema, Pattern, build, json_schema};
use serde_json::{Value, json};

mod support;

use support::Random;

/// Steps of a question about all texts of two patterns.
const FUEL: usize = 2_000_000;

fn text(text: &str) -> String {
    text.to_owned()
}

fn scalar(random: &mut Random) -> Spec {
    let number = random.below(5) as i64 - 2;
    match random.below(13) {
        0 => Spec::Bool,
        1 => Spec::Text { min: 0, max: None },
        2 => Spec::Text { min: random.below(3) as u32, max: Some(3 + random.below(3) as u32) },
        3 => Spec::Int { min: None, max: None },
        4 => Spec::Int { min: Some(number), max: Some(number + 30) },
        5 => Spec::Int { min: Some(number), max: None },
        6 | 7 => Spec::Int { min: None, max: Some(number) },
        8 | 9 => Spec::Literal { text: text(random.pick::<&str>(&["a", "b", "", "é\"\n", "ab", "1"])) },
        10 => Spec::Constant { text: text(random.pick::<&str>(&["1", "null", "true", "-2.5", "0"])) },
        _ => Spec::Regex { pattern: text(random.pick::<&str>(&PATTERNS)) },
    }
}

const PATTERNS: [&str; 12] = [
    "[a-c]+",
    "a|bc?",
    r"\d{4}-\d{2}",
    r"(?i)yes|no",
    r"\w+(['’-]\w+)*",
    r"[^\r\n]+",
    r"\p{Greek}{1,2}",
    r"[\\/^$.*+?()\[\]{}|-]",
    r#"["\t]x"#,
    "(a(b|c){2,3})*d",
    "[😀-😂]?a",
    "([0-9]{1,3}\\.){3}",
];

/// Templates, intersections and what excludes others, of texts.
fn of_texts(random: &mut Random) -> Spec {
    let plain = |random: &mut Random| match random.below(4) {
        0 => Spec::Text { min: random.below(3) as u32, max: Some(3 + random.below(3) as u32) },
        1 => Spec::Literal { text: text(random.pick::<&str>(&["a", "b.", "", "ab"])) },
        2 => Spec::Union {
            members: vec![Spec::Literal { text: text("a") }, Spec::Int { min: Some(-2), max: Some(31) }],
        },
        _ => Spec::Regex { pattern: text(random.pick::<&str>(&PATTERNS)) },
    };
    let having = |random: &mut Random| Spec::Having {
        place: *random.pick(&[Place::Inside, Place::Start, Place::End]),
        text: Needle::Text { text: text(random.pick::<&str>(&["a", "b.", "1"])) },
    };
    match random.below(3) {
        0 => {
            let hole = |value| Piece::Hole { name: None, value };
            let parts = vec![hole(plain(random)), Piece::Text { text: text("-\"{") }, hole(plain(random))];
            Spec::Template { parts }
        }
        1 => Spec::And { members: vec![plain(random), having(random)] },
        _ => Spec::And {
            members: vec![Spec::Text { min: 0, max: Some(4) }, Spec::Not { value: Box::new(having(random)) }],
        },
    }
}

fn spec(random: &mut Random, depth: u32) -> Spec {
    let inner = |random: &mut Random| Box::new(spec(random, depth - 1));
    match random.below(if depth == 0 { 5 } else { 10 }) {
        0..=2 => scalar(random),
        3 => of_texts(random),
        4 if depth == 0 => scalar(random),
        4 => Spec::Array {
            item: inner(random),
            min: random.below(2) as u32,
            max: Some(1 + random.below(3) as u32),
        },
        5 => Spec::Array { item: inner(random), min: random.below(3) as u32, max: None },
        6 => Spec::Union { members: (0..2 + random.below(2)).map(|_| spec(random, depth - 1)).collect() },
        7 => Spec::JsonOf { value: inner(random) },
        _ => {
            let names = ["a", "b", "a b", "ü\""];
            let count = random.below(4) as usize;
            let field = |name: &&str| Field {
                name: text(name),
                value: spec(random, depth - 1),
                optional: random.below(3) == 0,
            };
            Spec::Object { fields: names.iter().take(count).map(field).collect() }
        }
    }
}

fn pattern(spec: &Spec) -> Option<Pattern> {
    build(spec, &[], &Limits::default()).ok()
}

fn in_json(spec: &Spec) -> Spec {
    Spec::JsonOf { value: Box::new(spec.clone()) }
}

#[test]
fn the_engine_reads_it_back_to_the_same_texts() {
    let mut random = Random::new(5);
    let (mut same, mut open) = (0, 0);
    for _ in 0..1500 {
        let spec = spec(&mut random, 2);
        let Some(ours) = pattern(&in_json(&spec)) else { continue };
        let schema = json_schema(&spec, &Docs::default()).expect("it has no holes").to_string();
        let back = Spec::Schema { schema: schema.clone() };
        let back =
            build(&back, &[], &Limits::default()).unwrap_or_else(|e| panic!("{spec:?}\n{schema}\n{e}"));
        match (ours.includes(&back, FUEL), back.includes(&ours, FUEL)) {
            (Some(true), Some(true)) => same += 1,
            (None, _) | (_, None) => {
                open += 1;
                assert!(
                    ours.is_match(back.shortest()) && back.is_match(ours.shortest()),
                    "{spec:?}\n{schema}"
                );
            }
            other => panic!("{other:?}: {spec:?}\n{schema}\n{:?}\n{:?}", ours.shortest(), back.shortest()),
        }
        let validator = jsonschema::options()
            .build(&serde_json::from_str(&schema).expect("it can be read"))
            .expect("it can be read");
        let value: Value = serde_json::from_slice(ours.shortest()).expect("it can be read");
        assert!(validator.is_valid(&value), "{value} of {spec:?}\n{schema}");
    }
    assert!(same > 700, "{same} are the same, of {open} it is not known");
}

/// A schema's numbers may have other digits than a float: the values are the same, the texts are not.
#[test]
fn floats_are_numbers_within_their_bounds() {
    for (min, max) in [(None, None), (Some(-0.5), Some(2.25)), (Some(1.0), None), (None, Some(-3.0))] {
        let spec = Spec::Float { min, max };
        let schema = json_schema(&spec, &Docs::default()).expect("it can be read");
        let validator = jsonschema::options().build(&schema).expect("it can be read");
        let (ours, back) = (
            pattern(&spec).expect("it can be read"),
            pattern(&Spec::Schema { schema: schema.to_string() }).expect("it can be read"),
        );
        for number in ["0", "-0.5", "-0.51", "2.25", "2.26", "1", "0.99", "-3", "-2.9", "1000000.5"] {
            let good = validator.is_valid(&serde_json::from_str(number).expect("it can be read"));
            let read = (ours.is_match(number.as_bytes()), back.is_match(number.as_bytes()));
            assert_eq!(read, (good, good), "{number} in {schema}");
        }
    }
}

#[test]
fn types_that_contain_themselves_refer_to_definitions() {
    let tree = Spec::Object {
        fields: vec![
            Field { name: text("v"), value: Spec::Int { min: None, max: None }, optional: false },
            Field {
                name: text("kids"),
                value: Spec::Array { item: Box::new(Spec::Ref { def: 0 }), min: 0, max: Some(2) },
                optional: false,
            },
        ],
    };
    let spec = Spec::Defs { defs: vec![tree], root: Box::new(Spec::Ref { def: 0 }) };
    let docs = Docs {
        parts: vec![Docs { text: Some(text("a tree")), name: Some(text("Tree")), parts: Vec::new() }],
        ..Docs::default()
    };
    let schema = json_schema(&spec, &docs).expect("it can be read");
    let expected = json!({
        "$ref": "#/$defs/Tree",
        "$defs": {"Tree": {
            "type": "object",
            "properties": {
                "v": {"type": "integer"},
                "kids": {"type": "array", "items": {"$ref": "#/$defs/Tree"}, "maxItems": 2},
            },
            "additionalProperties": false,
            "required": ["v", "kids"],
            "description": "a tree",
        }},
    });
    assert_eq!(schema, expected);
    let back = pattern(&Spec::Schema { schema: schema.to_string() }).expect("it can be read");
    let ours = pattern(&spec).expect("it can be read");
    for (tree, good) in [
        (r#"{"v": 1, "kids": []}"#, true),
        (r#"{"v": 1, "kids": [{"v": 2, "kids": [{"v": 3, "kids": []}]}, {"v": 4, "kids": []}]}"#, true),
        (r#"{"v": 1, "kids": [{"v": 2}]}"#, false),
    ] {
        assert_eq!((ours.is_match(tree.as_bytes()), back.is_match(tree.as_bytes())), (good, good), "{tree}");
    }
}

#[test]
fn what_is_known_at_run_time_only_has_none() {
    let of = |spec: &Spec| json_schema(spec, &Docs::default());
    assert_eq!(of(&Spec::OneOf { hole: 0 }), Err(NoSchema::RunTime));
    let list = Spec::Array { item: Box::new(Spec::Copy { hole: 0 }), min: 0, max: None };
    assert_eq!(of(&list), Err(NoSchema::RunTime));
    let schema = |text: &str| Spec::Schema { schema: text.to_owned() };
    assert_eq!(
        of(&schema(r##"{"$ref": "#/definitions/a", "definitions": {"a": true}}"##)),
        Err(NoSchema::References)
    );
    assert_eq!(of(&schema(r#"{"type": "null"}"#)), Ok(json!({"type": "null"})));
}
