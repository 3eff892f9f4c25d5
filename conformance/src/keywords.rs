//! Which keywords occur in a schema, and which one an error is about.

use std::collections::BTreeSet;

use serde_json::Value;

/// The keywords that reports count: those that assert something, and references.
const KEYWORDS: [&str; 52] = [
    "$anchor",
    "$defs",
    "$dynamicRef",
    "$id",
    "$recursiveRef",
    "$ref",
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "definitions",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "if",
    "items",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "nullable",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "required",
    "then",
    "type",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
    "id",
];

/// Keywords whose values are no schemas.
const DATA: [&str; 5] = ["enum", "const", "default", "example", "examples"];

/// Keywords whose values hold schemas by names.
const NAMED: [&str; 6] =
    ["properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "dependencies"];

fn known(word: &str) -> Option<&'static str> {
    KEYWORDS.into_iter().find(|keyword| *keyword == word)
}

/// The keywords that occur in a schema, sorted.
pub fn of(schema: &Value) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    collect(schema, &mut found);
    found
}

fn collect(json: &Value, found: &mut BTreeSet<&'static str>) {
    match json {
        Value::Object(members) => {
            for (key, value) in members {
                found.extend(known(key));
                match value {
                    Value::Object(named) if NAMED.contains(&key.as_str()) => {
                        named.values().for_each(|value| collect(value, found));
                    }
                    _ if DATA.contains(&key.as_str()) => {}
                    _ => collect(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

/// The keyword at which a JSON pointer (behind `#`) ends, or the last one on its way.
pub fn at(pointer: &str) -> Option<&'static str> {
    let (mut last, mut is_name) = (None, false);
    for part in pointer.split('/').skip(1) {
        let keyword = known(part).filter(|_| !is_name);
        is_name = keyword.is_some_and(|keyword| NAMED.contains(&keyword));
        last = keyword.or(last);
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_and_data_are_no_keywords() {
        let schema = json!({
            "properties": { "format": { "enum": [{ "pattern": 1 }] }, "a": { "minLength": 1 } },
            "allOf": [{ "not": {} }],
            "title": "t"
        });
        let found: Vec<&str> = of(&schema).into_iter().collect();
        assert_eq!(found, ["allOf", "enum", "minLength", "not", "properties"]);
    }

    #[test]
    fn an_error_is_about_the_last_keyword() {
        for (pointer, keyword) in [
            ("#/properties/pattern/format", Some("format")),
            ("#/properties/format", Some("properties")),
            ("#/patternProperties/^(?!a).*$", Some("patternProperties")),
            ("#/modeName/allOf/1/pattern", Some("pattern")),
            ("#", None),
        ] {
            assert_eq!(at(pointer), keyword, "{pointer}");
        }
    }
}
