//! The types of schemas against what the engine writes under them: every text of a schema is a value of its type, which is
//! asked as a program asks it, by embedding the text where that type is declared.

mod common;

use std::sync::Arc;

use agentc_compiler::{Options, compile};
use agentc_constraint::spec::Spec;
use agentc_constraint::{Commit, Constraint, Limits, Matcher, TokenId, Vocab, build};
use common::Files;
use common::random::Random;
use serde_json::{Map, Value, json};

const KEYS: [&str; 3] = ["a", "b", "c"];
const DRAFTS: [&str; 4] = [
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
];

fn root(random: &mut Random) -> Value {
    let mut root = inner(random, 3);
    if let Value::Object(members) = &mut root {
        members.insert("definitions".to_owned(), json!({"d": inner(random, 2), "e": inner(random, 1)}));
        if random.below(2) == 0 {
            members.insert("$schema".to_owned(), json!(random.of(&DRAFTS)));
        }
    }
    root
}

fn inner(random: &mut Random, depth: usize) -> Value {
    let mut out = Map::new();
    if random.below(6) == 0 {
        let to = random.of(&["#", "#/definitions/d", "#/definitions/e", "#/properties/a"]);
        out.insert("$ref".to_owned(), json!(to));
    }
    for _ in 0..=random.below(3) {
        keyword(random, depth, &mut out);
    }
    Value::Object(out)
}

fn several(random: &mut Random, depth: usize) -> Vec<Value> {
    (0..1 + random.below(2)).map(|_| inner(random, depth)).collect()
}

fn literals(random: &mut Random) -> Value {
    const LITERALS: [&str; 10] =
        ["null", "true", "1", "2.5", "-3", "4.0", "\"x\"", "\"é\"", "[1]", "{\"a\": 1}"];
    let some = (0..1 + random.below(3)).map(|_| random.of(&LITERALS)).collect::<Vec<_>>();
    serde_json::from_str(&format!("[{}]", some.join(","))).expect("JSON")
}

fn keyword(random: &mut Random, depth: usize, out: &mut Map<String, Value>) {
    let kinds = ["null", "boolean", "integer", "string", "array", "object", "object", "number"];
    match random.below(if depth == 0 { 5 } else { 12 }) {
        0 | 1 => _ = out.insert("type".to_owned(), json!(random.of(&kinds))),
        2 => {
            let mut two = vec![random.of(&kinds), random.of(&kinds)];
            two.dedup();
            out.insert("type".to_owned(), json!(two));
        }
        3 => _ = out.insert("enum".to_owned(), literals(random)),
        4 => _ = out.insert("const".to_owned(), literals(random)[0].clone()),
        5 => {
            out.insert("type".to_owned(), json!("array"));
            out.insert("items".to_owned(), inner(random, depth - 1));
        }
        6 | 7 => {
            let some = KEYS.iter().filter(|_| random.below(2) == 0).copied().collect::<Vec<_>>();
            let members = some.iter().map(|key| ((*key).to_owned(), inner(random, depth - 1)));
            out.insert("properties".to_owned(), Value::Object(members.collect()));
            out.insert("required".to_owned(), json!(&some[..some.len().min(1)]));
            out.insert("additionalProperties".to_owned(), json!(random.below(4) == 0));
            out.insert("type".to_owned(), json!("object"));
        }
        8 => _ = out.insert("additionalProperties".to_owned(), inner(random, depth - 1)),
        9 => _ = out.insert("anyOf".to_owned(), Value::Array(several(random, depth - 1))),
        10 => _ = out.insert("oneOf".to_owned(), Value::Array(several(random, depth - 1))),
        _ => _ = out.insert("allOf".to_owned(), Value::Array(several(random, depth - 1))),
    }
    // Decimals that are no floats are refused from outside, and taken as the nearest where a model wrote them.
    out.insert("multipleOf".to_owned(), json!(0.5));
    out.insert("maximum".to_owned(), json!(9));
    out.insert("minimum".to_owned(), json!(-9));
}

/// A text of a schema, a byte at a time; `None` if the schema is refused.
fn text(schema: &Value, random: &mut Random) -> Option<String> {
    let limits = Limits::default();
    let pattern = build(&Spec::Schema { schema: schema.to_string() }, &[], &limits).ok()?;
    let bytes: Vec<Option<Vec<u8>>> = (0..=255u8).map(|byte| Some(vec![byte])).chain([None]).collect();
    let vocab = Arc::new(Vocab::new(&bytes, &[256]).expect("a vocabulary"));
    let constraint = Constraint::new(pattern, vocab.clone(), limits);
    let mut matcher = Matcher::new(&constraint, b"", 120).ok()?;
    let mut text = Vec::new();
    loop {
        let allowed: Vec<TokenId> = matcher.mask().ok()?.iter(&vocab).collect();
        let plain = |token: &&TokenId| (32..127).contains(*token);
        let few: Vec<TokenId> = allowed.iter().filter(plain).copied().collect();
        let from = if few.is_empty() { &allowed } else { &few };
        let token = *from.get(random.below(from.len()))?;
        let done = matcher.commit(token).ok()? == Commit::Done;
        match u8::try_from(token) {
            Ok(byte) if !done => text.push(byte),
            _ => return String::from_utf8(text).ok(),
        }
    }
}

const PROGRAM: &str = "type T = schema \"s.json\"\nconst X: T = embed \"v.json\"\nprint json(X)\n";

/// Whether a value is one of the type of a schema.
fn is_of_type(schema: &Value, value: &str) -> Result<(), String> {
    let files = Files::of(&[("s.json", &schema.to_string()), ("v.json", value)]);
    let compiled = compile("t.agent", PROGRAM.as_bytes(), &files, &Options::default());
    if compiled.program.is_some() { Ok(()) } else { Err(format!("{:?}", compiled.diags)) }
}

#[test]
fn what_a_schema_admits_has_its_type() {
    let (mut read, mut typed) = (0, 0);
    for seed in 1..25_000u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let schema = root(&mut random);
        let Some(value) = text(&schema, &mut random) else { continue };
        let Ok(parsed) = serde_json::from_str::<Value>(&value) else { continue };
        is_of_type(&schema, &value).unwrap_or_else(|error| panic!("{value} of {schema}: {error}"));
        read += 1;
        // The type says something if a value of another form is refused.
        typed += usize::from(is_of_type(&schema, &json!([[{"q": parsed}]]).to_string()).is_err());
    }
    assert!(read > 800 && typed > 350, "{read} values were read, {typed} of them by a type");
}
