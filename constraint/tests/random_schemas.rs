//! Random JSON Schemas against an independent validator: what is admitted is valid, and what is valid is admitted.
//!
//! Some name a draft, with keywords that it has and keywords that it has not; some lead to themselves. A test run takes a few of
//! each sort; `AGENTC_RANDOM_SCHEMAS=20000 cargo test -p agentc-constraint --test random_schemas` takes so many.

use agentc_constraint::spec::Spec;
use agentc_constraint::{BuildError, Limits, Pattern, SchemaTexts, build};
use serde_json::{Map, Value, json};

mod support;

use support::Random;

/// A sort of schemas.
#[derive(Debug, Clone, Copy)]
struct Sort {
    /// The draft that they name.
    draft: Option<&'static str>,
    /// Whether they may lead to themselves.
    recursive: bool,
    /// How many of them there are in a test run.
    number: usize,
}

const D4: &str = "http://json-schema.org/draft-04/schema#";
const D6: &str = "http://json-schema.org/draft-06/schema#";
const D7: &str = "http://json-schema.org/draft-07/schema#";
const D2019: &str = "https://json-schema.org/draft/2019-09/schema";
const D2020: &str = "https://json-schema.org/draft/2020-12/schema";

const SORTS: [Sort; 8] = [
    Sort { draft: None, recursive: false, number: 1000 },
    Sort { draft: None, recursive: true, number: 500 },
    Sort { draft: Some(D4), recursive: false, number: 200 },
    Sort { draft: Some(D4), recursive: true, number: 100 },
    Sort { draft: Some(D6), recursive: true, number: 200 },
    Sort { draft: Some(D7), recursive: true, number: 200 },
    Sort { draft: Some(D2019), recursive: true, number: 200 },
    Sort { draft: Some(D2020), recursive: true, number: 200 },
];

fn compile(schema: &Value) -> Result<Pattern, BuildError> {
    build(&Spec::Schema { schema: schema.to_string() }, &[], &Limits::default())
}

fn below(random: &mut Random, n: u64) -> usize {
    random.below(n) as usize
}

impl Sort {
    fn schema(self, random: &mut Random) -> Value {
        let depth = 2 + below(random, 2) as u32;
        let mut root = self.inner(random, depth);
        let Value::Object(members) = &mut root else { return root };
        if self.recursive {
            let definitions = json!({"d": self.inner(random, depth - 1), "e": self.inner(random, 1)});
            members.insert("definitions".to_owned(), definitions);
        }
        if let Some(draft) = self.draft {
            members.insert("$schema".to_owned(), json!(draft));
        }
        root
    }

    /// A schema of some size.
    fn inner(self, random: &mut Random, depth: u32) -> Value {
        if below(random, 8) == 0 && self.draft != Some(D4) {
            return json!(below(random, 4) > 0);
        }
        let mut out = Map::new();
        if self.recursive && below(random, 5) == 0 {
            let to = ["#", "#/definitions/d", "#/definitions/d", "#/definitions/e"][below(random, 4)];
            out.insert("$ref".to_owned(), json!(to));
        }
        for _ in 0..=below(random, 3) {
            self.member(random, depth, &mut out);
        }
        Value::Object(out)
    }

    fn list(self, random: &mut Random, depth: u32) -> Value {
        Value::Array((0..=below(random, 3)).map(|_| self.inner(random, depth)).collect())
    }

    fn member(self, random: &mut Random, depth: u32, out: &mut Map<String, Value>) {
        let small = below(random, 4);
        let has_flags = self.draft == Some(D4);
        let choice = below(random, if depth == 0 { 9 } else { 32 });
        if choice == 20 {
            return self.items(random, depth, out);
        }
        let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
        match choice {
            0 | 1 => put("type", kind(random)),
            2 => put("enum", Value::Array((0..=below(random, 3)).map(|_| instance(random, 1)).collect())),
            3 => put("const", instance(random, 1)),
            4 if has_flags => {
                put("exclusiveMinimum", json!(small > 1));
                put("minimum", json!(small as i64 - 2))
            }
            4 => put(["minimum", "exclusiveMinimum"][below(random, 2)], json!(small as i64 - 2)),
            5 if has_flags => put("maximum", json!(small as f64 / 2.0)),
            5 => put(["maximum", "exclusiveMaximum"][below(random, 2)], json!(small as f64 / 2.0)),
            6 => put("multipleOf", [json!(1), json!(2), json!(0.5), json!(1.5)][below(random, 4)].clone()),
            7 => put(["minLength", "maxLength"][below(random, 2)], json!(small)),
            8 => put("pattern", json!(["a", "^b", "a$", "^[ab]*$", "^(?!a)", "^$|b"][below(random, 6)])),
            9..=11 => {
                let named = names(random).into_iter().map(|name| (name, self.inner(random, depth - 1)));
                put("properties", Value::Object(named.collect()))
            }
            12 => {
                let names = names(random);
                let is_allowed = !names.is_empty() || self.draft != Some(D4);
                put("required", if is_allowed { json!(names) } else { json!(["a"]) })
            }
            13 => put("additionalProperties", self.inner(random, depth - 1)),
            14 | 15 => put(
                "patternProperties",
                json!({["a", "^b", "x$"][below(random, 3)]: self.inner(random, depth - 1)}),
            ),
            16 => put("propertyNames", self.inner(random, 0)),
            17 | 18 => put(["minProperties", "maxProperties"][below(random, 2)], json!(small)),
            19 => put("items", self.inner(random, depth - 1)),
            21 => put(["minItems", "maxItems"][below(random, 2)], json!(small)),
            22 => put("contains", self.inner(random, depth - 1)),
            23 => {
                put("contains", self.inner(random, depth - 1));
                put(["minContains", "maxContains"][below(random, 2)], json!(small))
            }
            24 | 25 => put(["allOf", "anyOf", "oneOf"][below(random, 3)], self.list(random, depth - 1)),
            26 => put("not", self.inner(random, depth - 1)),
            27 => {
                put("if", self.inner(random, depth - 1));
                put("then", self.inner(random, depth - 1));
                put("else", self.inner(random, depth - 1))
            }
            28 => put("dependentRequired", json!({"a": names(random)})),
            29 => put("dependentSchemas", json!({"b": self.inner(random, depth - 1)})),
            // The validator asserts these where their drafts are past, or not yet there.
            30 if !matches!(self.draft, Some(D2019 | D2020)) => {
                put("dependencies", json!({"a": ["b"], "b": self.inner(random, depth - 1)}))
            }
            _ if !matches!(self.draft, Some(D6)) => put("contentEncoding", json!("base64")),
            _ => put("title", json!("t")),
        };
    }

    /// The schemas of the first items, by the names of all drafts.
    fn items(self, random: &mut Random, depth: u32, out: &mut Map<String, Value>) {
        let list = self.list(random, depth - 1);
        if self.draft == Some(D2020) || below(random, 2) == 0 {
            out.insert("prefixItems".to_owned(), list);
        } else if self.draft.is_some() {
            out.insert("items".to_owned(), list);
            out.insert("additionalItems".to_owned(), self.inner(random, depth - 1));
        }
    }
}

fn kind(random: &mut Random) -> Value {
    let kinds = ["null", "boolean", "integer", "number", "string", "array", "object", "object"];
    match below(random, 3) {
        0 => json!([kinds[below(random, 4)], kinds[4 + below(random, 3)]]),
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
        4 | 5 => json!(["", "a", "b", "ab", "ba", "aab", "x", "aaaa"][below(random, 8)]),
        6 | 7 => Value::Array((0..below(random, 4)).map(|_| instance(random, depth - 1)).collect()),
        _ => {
            let keys = ["a", "b", "ab", "ax", "x", "bb", "c"];
            let mut members = Map::new();
            for _ in 0..below(random, 4) {
                members.insert(keys[below(random, 7)].to_owned(), instance(random, depth - 1));
            }
            Value::Object(members)
        }
    }
}

/// By the draft that a schema names; else by the newest.
fn validator(schema: &Value) -> Option<jsonschema::Validator> {
    jsonschema::options().should_validate_formats(true).build(schema).ok()
}

/// Compares engine and validator; `None` if that cannot be, else whether the schema could be compiled.
fn compare(schema: &Value, instances: &[Value]) -> Option<bool> {
    let pattern = match compile(schema) {
        Ok(pattern) => Some(pattern),
        Err(BuildError::Empty { .. }) => None,
        Err(BuildError::SchemaKeyword { .. } | BuildError::TooLarge { .. }) => return Some(false),
        Err(BuildError::NotYet { .. }) => return Some(false),
        Err(BuildError::Schema { reason, .. }) if reason.contains("by itself") => return None,
        Err(error) => {
            assert!(validator(schema).is_none(), "{schema}: {error}");
            return None;
        }
    };
    let validator = validator(schema)?;
    let mut texts = SchemaTexts::new(schema, &Limits::default()).expect("the schema was read before");
    for instance in instances {
        let text = texts.text(instance).expect("small numbers can be written");
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), *instance);
        let admitted = match pattern.as_ref().map(|pattern| pattern.try_match(text.as_bytes())) {
            Some(Ok(admitted)) => admitted,
            Some(Err(_)) => return Some(false),
            None => false,
        };
        assert_eq!(admitted, validator.is_valid(instance), "{schema}\n{text}");
    }
    Some(true)
}

/// A seed of its own for each schema, so that one that is wrong can be had alone.
#[test]
fn random_schemas_admit_exactly_what_is_valid() {
    let asked = std::env::var("AGENTC_RANDOM_SCHEMAS").ok().and_then(|number| number.parse().ok());
    for (at, sort) in SORTS.into_iter().enumerate() {
        let (mut compiled, mut all) = (0, 0);
        for seed in 0..asked.unwrap_or(sort.number) as u64 {
            let mut random = Random::new(seed * SORTS.len() as u64 + at as u64);
            let schema = sort.schema(&mut random);
            let instances: Vec<Value> = (0..40).map(|_| instance(&mut random, 3)).collect();
            if let Some(is_compiled) = compare(&schema, &instances) {
                all += 1;
                compiled += usize::from(is_compiled);
            }
        }
        assert!(compiled * 10 > all * 9 && all * 2 > sort.number, "{compiled} of {all} compile: {sort:?}");
    }
}
