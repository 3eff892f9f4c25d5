//! Copies remote documents into the schemas that refer to them: the engine reads no document but the schema,
//! but finds schemas within it by their identifiers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::case::DataError;

/// Where the official suite serves its remote documents.
const SERVED: &str = "http://localhost:1234/";

/// Documents by the addresses that schemas know them by.
#[derive(Debug, Default)]
pub struct Remotes {
    documents: BTreeMap<String, Value>,
}

/// A schema that cannot be bundled.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// There is no place for documents.
    #[error("`definitions` of the schema is no object")]
    Definitions,
}

impl Remotes {
    /// Reads every document below a folder.
    ///
    /// # Errors
    /// [`DataError`].
    pub fn read(folder: &Path) -> Result<Remotes, DataError> {
        let mut remotes = Remotes::default();
        for path in json_files(folder)? {
            let document: Value = read_json(&path)?;
            let parts = path.strip_prefix(folder).unwrap_or(&path).iter();
            let parts: Vec<_> = parts.map(|part| part.to_string_lossy()).collect();
            let identifier = identifier(&document).unwrap_or("$id");
            if let Some(id) = document.get(identifier).and_then(Value::as_str) {
                remotes.documents.insert(id.trim_end_matches('#').to_owned(), document.clone());
            }
            remotes.documents.insert(format!("{SERVED}{}", parts.join("/")), document);
        }
        Ok(remotes)
    }

    /// A schema with the documents that it refers to, directly or through others. What refers to nowhere is left
    /// as it is, for the engine to refuse.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn bundle(&self, schema: &Value) -> Result<Value, BundleError> {
        let of_schema = identifier(schema).unwrap_or("$id");
        let (mut needed, mut open) = (BTreeMap::new(), Vec::new());
        references(schema, "", of_schema, &mut open);
        while let Some(address) = open.pop() {
            let Some(document) = self.documents.get(&address).filter(|_| !needed.contains_key(&address))
            else {
                continue;
            };
            references(document, &address, identifier(document).unwrap_or(of_schema), &mut open);
            needed.insert(address.clone(), identified(document, &address, of_schema));
        }
        let mut schema = schema.clone();
        if let (Some(members), false) = (schema.as_object_mut(), needed.is_empty()) {
            let definitions = members.entry("definitions").or_insert_with(|| Value::Object(Map::new()));
            definitions.as_object_mut().ok_or(BundleError::Definitions)?.extend(needed);
        }
        Ok(schema)
    }
}

/// What identifies schemas in the draft that a document names.
fn identifier(document: &Value) -> Option<&'static str> {
    let name = document.get("$schema").and_then(Value::as_str)?;
    let is_old = ["draft-03", "draft-04"].iter().any(|draft| name.contains(draft));
    Some(if is_old { "id" } else { "$id" })
}

/// A document that says its address itself, by its own draft or else by the schema's that it is put into.
fn identified(document: &Value, address: &str, of_schema: &'static str) -> Value {
    let key = identifier(document).unwrap_or(of_schema);
    let id = document.get(key).and_then(Value::as_str);
    match document {
        Value::Object(_) if id.is_some_and(|id| id.trim_end_matches('#') == address) => document.clone(),
        // Beside `$ref` an identifier may not count.
        Value::Object(members) if id.is_none() && !members.contains_key("$ref") => {
            let mut members = members.clone();
            members.insert(key.into(), address.into());
            Value::Object(members)
        }
        _ => json!({ of_schema: address, "allOf": [document] }),
    }
}

/// The addresses, without fragments, of everything that a schema may refer to. What looks like a reference in data
/// may be among them, which does no harm.
fn references(json: &Value, base: &str, identifier: &str, found: &mut Vec<String>) {
    match json {
        Value::Object(members) => {
            let text = |key: &str| members.get(key).and_then(Value::as_str);
            let base = match text(identifier) {
                Some(id) if text("$ref").is_none() => join(base, id),
                _ => base.to_owned(),
            };
            found.extend(text("$ref").map(|reference| join(&base, reference)));
            members.values().for_each(|value| references(value, &base, identifier, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, base, identifier, found)),
        _ => {}
    }
}

/// A reference against a base, without its fragment; `.` and `..` do not occur in the suite.
fn join(base: &str, reference: &str) -> String {
    let reference = reference.split('#').next().unwrap_or_default();
    let authority = base.find("://").map_or(0, |at| at + 3);
    let path = base[authority..].find('/').map_or(base.len(), |at| authority + at);
    if reference.is_empty() {
        base.to_owned()
    } else if reference.contains("://") || reference.starts_with("urn:") {
        reference.to_owned()
    } else if reference.starts_with('/') {
        format!("{}{reference}", &base[..path])
    } else {
        let folder = base[path..].rfind('/').map_or(path, |at| path + at + 1);
        format!("{}{reference}", &base[..folder])
    }
}

/// The JSON files below a folder, sorted.
pub(crate) fn json_files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let unreadable = |error| DataError::Read { path: folder.to_owned(), error };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            files.extend(json_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, DataError> {
    let text = std::fs::read(path).map_err(|error| DataError::Read { path: path.to_owned(), error })?;
    serde_json::from_slice(&text).map_err(|error| {
        let line = error.line();
        DataError::Form { path: path.to_owned(), line, error }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_joined_to_their_base() {
        for (base, reference, whole) in [
            ("", "a.json#/b", "a.json"),
            ("http://h/a/b.json", "c.json", "http://h/a/c.json"),
            ("http://h/a/b.json", "c/", "http://h/a/c/"),
            ("http://h/a/b.json", "/c.json#x", "http://h/c.json"),
            ("http://h/a/b.json", "#x", "http://h/a/b.json"),
            ("http://h/a/", "http://k/", "http://k/"),
        ] {
            assert_eq!(join(base, reference), whole, "{base} {reference}");
        }
    }

    #[test]
    fn documents_come_along_with_those_that_they_refer_to() {
        let documents = [
            ("http://h/a.json", json!({ "items": { "$ref": "b.json" } })),
            ("http://h/b.json", json!({ "$ref": "c.json#/definitions/x" })),
            ("http://h/c.json", json!({ "$id": "http://h/c.json", "definitions": { "x": true } })),
            ("http://h/d.json", json!(true)),
        ];
        let documents = documents.map(|(address, document)| (address.to_owned(), document)).into();
        let remotes = Remotes { documents };
        let schema = json!({ "$ref": "http://h/a.json#" });
        let bundled = remotes.bundle(&schema).expect("a bundle");
        let definitions = json!({
            "http://h/a.json": { "items": { "$ref": "b.json" }, "$id": "http://h/a.json" },
            "http://h/b.json": { "$id": "http://h/b.json", "allOf": [{ "$ref": "c.json#/definitions/x" }] },
            "http://h/c.json": { "$id": "http://h/c.json", "definitions": { "x": true } }
        });
        assert_eq!(bundled, json!({ "$ref": "http://h/a.json#", "definitions": definitions }));
    }

    #[test]
    fn a_document_of_another_draft_keeps_it() {
        let old = "http://json-schema.org/draft-04/schema#";
        let other = json!({ "$schema": old, "items": { "$ref": "b" } });
        let remotes = Remotes { documents: [("http://h/a".to_owned(), other)].into() };
        let schema = json!({ "$schema": "http://json-schema.org/draft-07/schema#", "$ref": "http://h/a" });
        let bundled = remotes.bundle(&schema).expect("a bundle");
        let embedded = json!({ "$schema": old, "items": { "$ref": "b" }, "id": "http://h/a" });
        assert_eq!(bundled["definitions"]["http://h/a"], embedded);
    }
}
