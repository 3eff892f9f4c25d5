//! Where schemas are within a document: references, identifiers, anchors.

use rustc_hash::FxHashMap;
use serde_json::Value as Json;

/// A schema document, and what its references mean.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) root: Json,
    /// Schemas that have an identifier or an anchor: its absolute form, and the pointer.
    named: FxHashMap<String, String>,
    /// Pointers of schemas with identifiers, each with its absolute form; the root has one in any case.
    bases: FxHashMap<String, String>,
    /// Whether members beside `$ref` count, as they do since draft 2019-09.
    pub(super) ref_has_siblings: bool,
}

/// Members whose values are schemas, or lists of them.
const SCHEMAS: [&str; 15] = [
    "items",
    "additionalItems",
    "prefixItems",
    "contains",
    "additionalProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
];
/// Members whose values hold schemas by names. In all others, identifiers are no identifiers.
const NAMED: [&str; 6] =
    ["properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "dependencies"];

impl Document {
    pub(super) fn new(root: Json) -> Document {
        let dialect = root.get("$schema").and_then(Json::as_str).unwrap_or_default();
        let ref_has_siblings = !["draft-03", "draft-04", "draft-06", "draft-07"]
            .iter()
            .any(|draft| dialect.contains(&format!("/{draft}/")));
        let mut document = Document {
            root: Json::Null,
            named: FxHashMap::default(),
            bases: FxHashMap::default(),
            ref_has_siblings,
        };
        document.bases.insert(String::new(), String::new());
        document.index(&root, &mut String::new(), "", false);
        document.root = root;
        document
    }

    /// Notes identifiers and anchors below a place. (`names`: the members are names.)
    fn index(&mut self, json: &Json, pointer: &mut String, base: &str, names: bool) {
        match json {
            Json::Object(members) => {
                let own = if names { None } else { self.identify(json, pointer, base) };
                let base = own.as_deref().unwrap_or(base);
                for (key, value) in members {
                    let below = !names && NAMED.contains(&key.as_str());
                    if names || below || SCHEMAS.contains(&key.as_str()) {
                        self.index_member(value, pointer, key, base, below);
                    }
                }
            }
            Json::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.index_member(item, pointer, &at.to_string(), base, false);
                }
            }
            _ => {}
        }
    }

    fn index_member(&mut self, value: &Json, pointer: &mut String, key: &str, base: &str, names: bool) {
        if matches!(value, Json::Object(_) | Json::Array(_)) {
            let len = pointer.len();
            push(pointer, key);
            self.index(value, pointer, base, names);
            pointer.truncate(len);
        }
    }

    /// Notes the identifier and the anchors of one schema; its base, if it sets one.
    fn identify(&mut self, schema: &Json, pointer: &str, base: &str) -> Option<String> {
        let alone = !self.ref_has_siblings && schema.get("$ref").is_some();
        let id = ["$id", "id"].into_iter().find_map(|key| schema.get(key)?.as_str()).filter(|_| !alone);
        let mut own = None;
        if let Some(id) = id {
            let absolute = join(base, id);
            match absolute.split_once('#') {
                // Older drafts write anchors so.
                Some((whole, fragment)) if !fragment.is_empty() => {
                    self.named.insert(format!("{whole}#{fragment}"), pointer.to_owned());
                }
                _ => {
                    let whole = absolute.trim_end_matches('#').to_owned();
                    self.named.entry(whole.clone()).or_insert_with(|| pointer.to_owned());
                    self.bases.insert(pointer.to_owned(), whole.clone());
                    own = Some(whole);
                }
            }
        }
        for key in ["$anchor", "$dynamicAnchor"] {
            if let Some(anchor) = schema.get(key).and_then(Json::as_str) {
                let base = own.as_deref().unwrap_or(base);
                self.named.insert(format!("{base}#{anchor}"), pointer.to_owned());
            }
        }
        own
    }

    /// The value at a pointer.
    pub(super) fn at(&self, pointer: &str) -> Option<&Json> {
        let mut here = &self.root;
        for part in pointer.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            here = match here {
                Json::Object(_) => here.get(&part)?,
                Json::Array(items) => items.get(part.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(here)
    }

    /// The pointer of what a reference at a place means; `None` if that is not in this document.
    pub(super) fn resolve(&self, from: &str, reference: &str) -> Option<String> {
        let absolute = join(self.base(from), reference);
        let (whole, fragment) = absolute.split_once('#').unwrap_or((&absolute, ""));
        let fragment = percent_decoded(fragment);
        if !fragment.is_empty() && !fragment.starts_with('/') {
            return self.named.get(&format!("{whole}#{fragment}")).cloned();
        }
        let resource = match self.named.get(whole) {
            Some(pointer) => pointer.as_str(),
            None if whole == self.bases.get("").map_or("", String::as_str) => "",
            None => return None,
        };
        let pointer = format!("{resource}{fragment}");
        self.at(&pointer).map(|_| pointer)
    }

    /// The base of the references at a place.
    fn base(&self, pointer: &str) -> &str {
        let mut here = pointer;
        loop {
            if let Some(base) = self.bases.get(here) {
                return base;
            }
            match here.rfind('/') {
                Some(at) => here = &here[..at],
                None => return "",
            }
        }
    }
}

/// Adds a part to a pointer.
pub(super) fn push(pointer: &mut String, part: &str) {
    pointer.push('/');
    pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
}

/// A reference against a base, as RFC 3986 (section 5.2) has it.
fn join(base: &str, reference: &str) -> String {
    let (target, fragment) = match reference.split_once('#') {
        Some((target, fragment)) => (target, Some(fragment)),
        None => (reference, None),
    };
    let base = base.split('#').next().unwrap_or_default();
    let whole = if target.is_empty() { base.to_owned() } else { join_whole(base, target) };
    match fragment {
        Some(fragment) => format!("{whole}#{fragment}"),
        None => whole,
    }
}

fn join_whole(base: &str, target: &str) -> String {
    let has_scheme = |text: &str| {
        text.split_once(':').is_some_and(|(scheme, _)| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        })
    };
    if has_scheme(target) || !has_scheme(base) && !base.starts_with('/') && !base.contains('/') {
        return target.to_owned();
    }
    let (scheme, rest) = base.split_once(':').filter(|_| has_scheme(base)).unwrap_or(("", base));
    let prefix = if scheme.is_empty() { String::new() } else { format!("{scheme}:") };
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            (format!("//{}", &rest[..end]), &rest[end..])
        }
        None => (String::new(), rest),
    };
    if let Some(rest) = target.strip_prefix("//") {
        return format!("{prefix}//{rest}");
    }
    let path = path.split('?').next().unwrap_or_default();
    let joined = if target.starts_with('/') {
        target.to_owned()
    } else {
        let folder = path.rfind('/').map_or("", |at| &path[..=at]);
        let folder = if folder.is_empty() && !authority.is_empty() { "/" } else { folder };
        format!("{folder}{target}")
    };
    format!("{prefix}{authority}{}", without_dots(&joined))
}

fn without_dots(path: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    let last = path.split('/').count() - 1;
    for (at, part) in path.split('/').enumerate() {
        match part {
            "." | ".." => {
                if part == ".." && out.len() > 1 {
                    out.pop();
                }
                if at == last {
                    out.push("");
                }
            }
            _ => out.push(part),
        }
    }
    out.join("/")
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.as_bytes();
    while let [byte, rest @ ..] = bytes {
        bytes = rest;
        let hex = rest.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *byte == b'%') {
            Some(decoded) => {
                out.push(decoded);
                bytes = &rest[2..];
            }
            None => out.push(*byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_joined_as_the_rfc_shows() {
        let base = "http://a/b/c/d;p?q";
        for (reference, whole) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q#s"),
            ("g#s", "http://a/b/c/g#s"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("g:h", "g:h"),
        ] {
            assert_eq!(join(base, reference), whole, "{reference}");
        }
    }
}
