//! "Did you mean": the nearest known name, and words of other languages.

use super::Checker;
use crate::diag::near::distance;

/// Names compared per run: enough for people, and no program can make it slow.
const MAX_SUGGESTIONS: usize = 100;

impl Checker<'_> {
    /// The known name that is nearest to an unknown one.
    pub(super) fn nearest<'n>(&mut self, name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
        self.suggestions += 1;
        if self.suggestions > MAX_SUGGESTIONS || name.len() > 40 {
            return None;
        }
        let allowed = (name.chars().count() / 3).max(1);
        let scored = known.filter(|k| k.len() <= 48 && *k != name).map(|k| (distance(name, k), k));
        let best = scored.filter(|(d, _)| *d <= allowed).min_by(|a, b| a.cmp(b));
        best.map(|(_, k)| k.to_owned())
    }
}

/// What to write for a value name of another language.
pub(super) fn foreign_value(name: &str) -> Option<&'static str> {
    Some(match name {
        "True" | "TRUE" => "write `true`",
        "False" | "FALSE" => "write `false`",
        "None" | "nil" | "undefined" | "NULL" | "Null" => "write `null`",
        "length" | "size" | "count" => "write `len(x)`",
        "strip" => "write `trim`",
        "append" | "push" => "write `xs += [x]`",
        "await" | "async" => "leave it out: every call waits for its result",
        "format" | "concat" => "put the values into a string: \"{{ a }} and {{ b }}\"",
        "lowercase" | "toLowerCase" => "write `lower`",
        "uppercase" | "toUpperCase" => "write `upper`",
        _ => return None,
    })
}

/// What to write for a type name of another language.
pub(super) fn foreign_type(name: &str) -> Option<&'static str> {
    Some(match name {
        "string" | "String" | "text" | "Text" => "write `str`",
        "integer" | "Integer" | "number" | "Number" | "i64" | "long" => "write `int` or `float`",
        "boolean" | "Boolean" | "Bool" => "write `bool`",
        "double" | "f64" | "decimal" => "write `float`",
        "list" | "List" | "array" | "Array" => "write `T[]`, such as `str[]`",
        "dict" | "object" | "Object" | "any" | "Any" => {
            "write a record type `{name: T}`, or `json` for any value"
        }
        "Literal" | "Enum" | "Union" => "write a union: \"a\" | \"b\"",
        "Optional" | "Maybe" | "Option" => "write `T | null`, such as str | null",
        "regex" | "Regex" | "pattern" => "write the regex between slashes: /[a-z]+/",
        "None" | "void" | "nil" => "write `null`, or leave the type out",
        _ => return None,
    })
}
