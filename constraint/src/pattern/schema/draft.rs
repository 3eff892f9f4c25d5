//! The drafts of JSON Schema: which keywords each of them has.
//!
//! A schema is read by the draft that its `$schema` names, and so is one that is embedded in it. One that names none, or
//! a meta-schema that is not known here, is read by the newest draft, with what it took over by another name
//! (`dependencies`, `additionalItems` and lists of `items`, `exclusiveMinimum: true`): there these mean nothing else.

/// A draft, the oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Draft {
    Three,
    Four,
    Six,
    Seven,
    Y2019,
    Y2020,
    /// None is named.
    Unsaid,
}

/// Keywords that some drafts do not have: the first and the last draft that do.
const KEYWORDS: [(&str, Draft, Draft); 35] = [
    ("$anchor", Draft::Y2019, Draft::Unsaid),
    ("$dynamicAnchor", Draft::Y2020, Draft::Unsaid),
    ("$dynamicRef", Draft::Y2020, Draft::Unsaid),
    ("$id", Draft::Six, Draft::Unsaid),
    ("$recursiveRef", Draft::Y2019, Draft::Y2019),
    ("additionalItems", Draft::Three, Draft::Y2019),
    ("allOf", Draft::Four, Draft::Unsaid),
    ("anyOf", Draft::Four, Draft::Unsaid),
    ("const", Draft::Six, Draft::Unsaid),
    ("contains", Draft::Six, Draft::Unsaid),
    ("contentEncoding", Draft::Seven, Draft::Seven),
    ("contentMediaType", Draft::Seven, Draft::Seven),
    ("dependencies", Draft::Three, Draft::Seven),
    ("dependentRequired", Draft::Y2019, Draft::Unsaid),
    ("dependentSchemas", Draft::Y2019, Draft::Unsaid),
    ("disallow", Draft::Three, Draft::Three),
    ("divisibleBy", Draft::Three, Draft::Three),
    ("extends", Draft::Three, Draft::Three),
    ("id", Draft::Three, Draft::Four),
    ("if", Draft::Seven, Draft::Unsaid),
    ("maxContains", Draft::Y2019, Draft::Unsaid),
    ("maxProperties", Draft::Four, Draft::Unsaid),
    ("minContains", Draft::Y2019, Draft::Unsaid),
    ("minProperties", Draft::Four, Draft::Unsaid),
    ("multipleOf", Draft::Four, Draft::Unsaid),
    ("not", Draft::Four, Draft::Unsaid),
    ("oneOf", Draft::Four, Draft::Unsaid),
    ("prefixItems", Draft::Y2020, Draft::Unsaid),
    ("propertyNames", Draft::Six, Draft::Unsaid),
    ("unevaluatedItems", Draft::Y2019, Draft::Unsaid),
    ("unevaluatedProperties", Draft::Y2019, Draft::Unsaid),
    // Where several of these are one keyword, they are asked for one by one.
    ("else", Draft::Seven, Draft::Unsaid),
    ("then", Draft::Seven, Draft::Unsaid),
    ("exclusiveMaximum", Draft::Three, Draft::Unsaid),
    ("exclusiveMinimum", Draft::Three, Draft::Unsaid),
];

/// What the newest draft has under another name, and mean the same where no draft is named.
const TAKEN_OVER: [&str; 2] = ["additionalItems", "dependencies"];

impl Draft {
    /// The draft whose meta-schema this is.
    pub(super) fn named(schema: &str) -> Option<Draft> {
        let name = schema.trim_end_matches('#').split_once("://")?.1.strip_prefix("json-schema.org/")?;
        Some(match name.trim_end_matches('/') {
            "draft-03/schema" | "draft-03/hyper-schema" => Draft::Three,
            "draft-04/schema" | "draft-04/hyper-schema" => Draft::Four,
            "draft-06/schema" | "draft-06/hyper-schema" => Draft::Six,
            "draft-07/schema" | "draft-07/hyper-schema" => Draft::Seven,
            "draft/2019-09/schema" | "draft/2019-09/hyper-schema" => Draft::Y2019,
            "draft/2020-12/schema" | "draft/2020-12/hyper-schema" => Draft::Y2020,
            _ => return None,
        })
    }

    /// Whether a keyword means something; those that no draft has are not looked for.
    pub(super) fn has(self, keyword: &str) -> bool {
        let Some((_, first, last)) = KEYWORDS.iter().find(|known| known.0 == keyword) else { return true };
        (*first..=*last).contains(&self) || self == Draft::Unsaid && TAKEN_OVER.contains(&keyword)
    }

    /// What says by which name a schema is known.
    pub(super) fn identifier(self) -> &'static str {
        if self.has("id") { "id" } else { "$id" }
    }

    /// Whether members beside `$ref` count.
    pub(super) fn ref_has_siblings(self) -> bool {
        self >= Draft::Y2019
    }

    /// Whether `items` may be a list, of the schemas of the first items.
    pub(super) fn has_lists_of_items(self) -> bool {
        self != Draft::Y2020
    }

    /// Whether `exclusiveMinimum: true` is said of `minimum`.
    pub(super) fn has_exclusive_flags(self) -> bool {
        self <= Draft::Four || self == Draft::Unsaid
    }

    /// Whether `exclusiveMinimum` is a number.
    pub(super) fn has_exclusive_bounds(self) -> bool {
        self >= Draft::Six
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drafts_are_known_by_their_meta_schemas() {
        for (name, draft) in [
            ("http://json-schema.org/draft-04/schema#", Some(Draft::Four)),
            ("https://json-schema.org/draft-07/schema", Some(Draft::Seven)),
            ("https://json-schema.org/draft/2019-09/schema", Some(Draft::Y2019)),
            ("http://json-schema.org/schema#", None),
            ("http://example.com/draft-04/schema", None),
            ("draft-07", None),
        ] {
            assert_eq!(Draft::named(name), draft, "{name}");
        }
    }

    #[test]
    fn each_draft_has_its_keywords() {
        for (keyword, drafts) in [
            ("const", "67920"),
            ("if", "7920"),
            ("dependencies", "34670"),
            ("prefixItems", "20"),
            ("items", "3467920"),
            ("contentEncoding", "7"),
            ("id", "34"),
            ("extends", "3"),
        ] {
            let all = [
                (Draft::Three, '3'),
                (Draft::Four, '4'),
                (Draft::Six, '6'),
                (Draft::Seven, '7'),
                (Draft::Y2019, '9'),
                (Draft::Y2020, '2'),
                (Draft::Unsaid, '0'),
            ];
            for (draft, sign) in all {
                let expected = drafts.contains(sign);
                assert_eq!(draft.has(keyword), expected, "{keyword} in {draft:?}");
            }
        }
    }
}
