//! Where schemas are within a document: references, identifiers, anchors, and by which draft each is read.

use rustc_hash::FxHashMap;

use super::draft::Draft;
use super::value::Json;

/// A schema document, and what its references mean.
#[derive(Debug)]
pub(super) struct Document {
    root: Json,
    names: Names,
    /// The same where `id` is an identifier although no draft says so: asked for what has no name otherwise.
    loose: Names,
    /// Pointers of the schemas from which on another draft holds; the root has one in any case.
    drafts: FxHashMap<String, Draft>,
}

/// Names of schemas.
#[derive(Debug, Default)]
struct Names {
    /// Schemas that have an identifier or an anchor: its absolute form, and the pointer.
    named: FxHashMap<String, String>,
    /// Pointers of schemas with identifiers, each with its absolute form; the root has one in any case.
    bases: FxHashMap<String, String>,
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

/// Notes the names in a document.
struct Index<'d> {
    names: Names,
    drafts: &'d mut FxHashMap<String, Draft>,
    /// Whether `id` is an identifier where no draft is named.
    is_loose: bool,
}

/// What holds at a place.
#[derive(Clone, Copy)]
struct Here<'d> {
    base: &'d str,
    draft: Draft,
    /// Whether the members are names.
    names: bool,
}

impl Index<'_> {
    fn of(root: &Json, drafts: &mut FxHashMap<String, Draft>, is_loose: bool) -> Names {
        let mut index = Index { names: Names::default(), drafts, is_loose };
        index.names.bases.insert(String::new(), String::new());
        index.drafts.insert(String::new(), Draft::Unsaid);
        index.visit(root, &mut String::new(), Here { base: "", draft: Draft::Unsaid, names: false });
        index.names
    }

    /// Notes identifiers, anchors and drafts below a place.
    fn visit(&mut self, json: &Json, pointer: &mut String, here: Here<'_>) {
        match json {
            Json::Object(members) => {
                let (draft, own) = match here.names {
                    true => (here.draft, None),
                    false => self.identify(json, pointer, here),
                };
                let base = own.as_deref().unwrap_or(here.base);
                for (key, value) in members.iter() {
                    let names = !here.names && NAMED.contains(&key);
                    if here.names || names || SCHEMAS.contains(&key) {
                        self.member(value, pointer, key, Here { base, draft, names });
                    }
                }
            }
            Json::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.member(item, pointer, &at.to_string(), Here { names: false, ..here });
                }
            }
            _ => {}
        }
    }

    fn member(&mut self, value: &Json, pointer: &mut String, key: &str, here: Here<'_>) {
        if matches!(value, Json::Object(_) | Json::Array(_)) {
            let len = pointer.len();
            push(pointer, key);
            self.visit(value, pointer, here);
            pointer.truncate(len);
        }
    }

    /// Notes the draft, the identifier and the anchors of one schema; its draft, and its base if it sets one.
    fn identify(&mut self, schema: &Json, pointer: &str, here: Here<'_>) -> (Draft, Option<String>) {
        let text = |key: &str| schema.get(key).and_then(Json::as_str);
        let said = text("$schema").and_then(Draft::named);
        if let Some(draft) = said {
            self.drafts.insert(pointer.to_owned(), draft);
        }
        let draft = said.unwrap_or(here.draft);
        let alone = !draft.ref_has_siblings() && schema.get("$ref").is_some();
        let also = Some("id").filter(|_| self.is_loose && draft == Draft::Unsaid);
        let id = text(draft.identifier()).or_else(|| text(also?)).filter(|_| !alone);
        let own = id.and_then(|id| self.identified(&join(here.base, id), pointer));
        for key in ["$anchor", "$dynamicAnchor"].into_iter().filter(|key| draft.has(key)) {
            if let Some(anchor) = text(key) {
                let base = own.as_deref().unwrap_or(here.base);
                self.names.named.insert(format!("{base}#{anchor}"), pointer.to_owned());
            }
        }
        (draft, own)
    }

    /// Notes an identifier in its absolute form; the base that it sets.
    fn identified(&mut self, absolute: &str, pointer: &str) -> Option<String> {
        match absolute.split_once('#') {
            // Older drafts write anchors so.
            Some((whole, fragment)) if !fragment.is_empty() => {
                self.names.named.insert(format!("{whole}#{fragment}"), pointer.to_owned());
                None
            }
            _ => {
                let whole = absolute.trim_end_matches('#').to_owned();
                self.names.named.entry(whole.clone()).or_insert_with(|| pointer.to_owned());
                self.names.bases.insert(pointer.to_owned(), whole.clone());
                Some(whole)
            }
        }
    }
}

impl Document {
    pub(super) fn new(root: Json) -> Document {
        let mut drafts = FxHashMap::default();
        let names = Index::of(&root, &mut drafts, false);
        let loose = Index::of(&root, &mut drafts, true);
        Document { root, names, loose, drafts }
    }

    /// The draft by which the schema at a place is read.
    pub(super) fn draft(&self, pointer: &str) -> Draft {
        let known = if self.drafts.len() > 1 { nearest(&self.drafts, pointer) } else { self.drafts.get("") };
        known.copied().unwrap_or(Draft::Unsaid)
    }

    /// The value at a pointer.
    pub(super) fn at(&self, pointer: &str) -> Option<&Json> {
        let mut here = &self.root;
        for part in pointer.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            here = match here {
                Json::Object(members) => members.get(&part)?,
                Json::Array(items) => items.get(part.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(here)
    }

    /// The pointer of what a reference at a place means; `None` if that is not in this document.
    pub(super) fn resolve(&self, from: &str, reference: &str) -> Option<String> {
        let loose = || Some(&self.loose).filter(|_| self.draft(from) == Draft::Unsaid);
        let find =
            |names: &Names| names.resolve(from, reference).filter(|pointer| self.at(pointer).is_some());
        find(&self.names).or_else(|| find(loose()?))
    }
}

impl Names {
    fn resolve(&self, from: &str, reference: &str) -> Option<String> {
        let base = nearest(&self.bases, from).map_or("", String::as_str);
        let absolute = join(base, reference);
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
        Some(format!("{resource}{fragment}"))
    }
}

/// What is known of a place, or of the nearest one around it.
fn nearest<'m, T>(known: &'m FxHashMap<String, T>, pointer: &str) -> Option<&'m T> {
    let mut here = pointer;
    loop {
        if let Some(found) = known.get(here) {
            return Some(found);
        }
        here = &here[..here.rfind('/')?];
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
