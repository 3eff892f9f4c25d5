//! The type of the values that a JSON Schema admits, as far as the language can say it.
//!
//! A value satisfies every keyword of a schema, so whatever one of them says of its type is true, and the one that says most is
//! taken. What the language cannot say is `json`: above all an object that admits members which it does not declare, for a
//! record has no others.

use std::collections::HashSet;

use crate::ir::Const;
use crate::json::Json;
use crate::number::Held;
use crate::ty::{self, Field, Ty};

/// Values of an `enum` up to which each is a type of its own.
const LISTED: usize = 512;
/// Schemas that are looked at: references can multiply them.
const LOOKED_AT: usize = 20_000;

/// References that are followed one from within another.
const FOLLOWED: usize = 64;

/// A schema that has been checked by the engine.
pub(super) fn type_of(schema: &Json) -> Ty {
    let mut facts = Facts::default();
    facts.collect(schema, true);
    if facts.foreign {
        return Ty::Any;
    }
    Reader { root: schema, facts, open: HashSet::new(), left: LOOKED_AT }.schema(schema)
}

/// What is known of the document as a whole.
#[derive(Debug, Default)]
struct Facts {
    /// Parts have a draft of their own, or the whole has one in which types mean something else.
    foreign: bool,
    /// There is no `const`.
    draft_4: bool,
    /// Parts have addresses of their own, so that references are not relative to the whole.
    addressed: bool,
    /// A bound is beyond 64 bits, so that ints may be.
    large: bool,
}

impl Facts {
    fn collect(&mut self, json: &Json, is_root: bool) {
        match json {
            Json::Record(fields) => {
                for (key, value) in fields {
                    match (key.as_str(), value) {
                        ("$schema", Json::Str(draft)) => {
                            self.foreign |= !is_root || draft.contains("draft-03");
                            self.draft_4 |= draft.contains("draft-04");
                        }
                        ("$id" | "id", Json::Str(_)) => self.addressed |= !is_root,
                        _ => {}
                    }
                    self.collect(value, false);
                }
            }
            Json::List(items) => items.iter().for_each(|item| self.collect(item, false)),
            Json::Number(number) => {
                self.large |= !matches!(number.held(), Held::Int(_)) && is_large(number.nearest())
            }
            Json::Null | Json::Bool(_) | Json::Str(_) => {}
        }
    }
}

fn is_large(number: f64) -> bool {
    number.abs() >= 9.2e18
}

struct Reader<'s> {
    root: &'s Json,
    facts: Facts,
    /// References that are being followed: one that comes back to itself is `json`.
    open: HashSet<&'s str>,
    left: usize,
}

impl<'s> Reader<'s> {
    fn schema(&mut self, schema: &'s Json) -> Ty {
        let Json::Record(keywords) = schema else { return Ty::Any };
        let Some(left) = self.left.checked_sub(1) else { return Ty::Any };
        self.left = left;
        let find = |name: &str| keywords.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        // Older drafts ignore what stands beside a reference.
        if let Some(Json::Str(to)) = find("$ref") {
            return self.reference(to);
        }
        let kinds = kinds(find("type"));
        let mut said = Vec::new();
        if let Some(value) = find("const").filter(|_| !self.facts.draft_4) {
            said.push(listed(std::slice::from_ref(value), kinds.as_deref()));
        }
        if let Some(Json::List(values)) = find("enum") {
            said.push(listed(values, kinds.as_deref()));
        }
        if let Some(kinds) = &kinds {
            let kinds = kinds.iter().map(|kind| self.kind(kind, keywords)).collect();
            said.push(ty::union(kinds));
        }
        for name in ["oneOf", "anyOf"] {
            if let Some(Json::List(members)) = find(name) {
                let members = members.iter().map(|member| self.schema(member)).collect();
                said.push(ty::union(members));
            }
        }
        if let Some(Json::List(members)) = find("allOf") {
            said.extend(members.iter().map(|member| self.schema(member)));
        }
        // What has no values has no type either.
        let said = said.into_iter().filter(|ty| *ty != Ty::Never);
        said.min_by_key(vagueness).unwrap_or(Ty::Any)
    }

    fn reference(&mut self, to: &'s str) -> Ty {
        let target = to.strip_prefix('#').filter(|_| !self.facts.addressed);
        let Some(target) = target.and_then(|pointer| find(self.root, pointer)) else { return Ty::Any };
        if self.open.len() >= FOLLOWED || !self.open.insert(to) {
            return Ty::Any;
        }
        let ty = self.schema(target);
        self.open.remove(to);
        ty
    }

    /// The values of one kind.
    fn kind(&mut self, kind: &str, keywords: &'s [(String, Json)]) -> Ty {
        match kind {
            "null" => Ty::Null,
            "boolean" => Ty::Bool,
            "string" => Ty::Str,
            "number" => Ty::Float,
            "integer" if !self.facts.large => Ty::Int,
            "array" => Ty::list(self.items(keywords)),
            "object" => self.object(keywords),
            _ => Ty::Any,
        }
    }

    fn items(&mut self, keywords: &'s [(String, Json)]) -> Ty {
        let has = |name: &str| keywords.iter().any(|(key, _)| key == name);
        match keywords.iter().find(|(key, _)| key == "items") {
            Some((_, items @ Json::Record(_))) if !has("prefixItems") => self.schema(items),
            _ => Ty::Any,
        }
    }

    /// A record if no other members may be there; a map if none are declared.
    fn object(&mut self, keywords: &'s [(String, Json)]) -> Ty {
        let find = |name: &str| keywords.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let declared = match find("properties") {
            Some(Json::Record(declared)) => declared.as_slice(),
            _ => &[],
        };
        if find("patternProperties").is_some() {
            return Ty::Any;
        }
        match find("additionalProperties") {
            Some(Json::Bool(false)) => {}
            Some(value @ Json::Record(_)) if declared.is_empty() => {
                return Ty::Map(Box::new(self.schema(value)));
            }
            _ => return Ty::Any,
        }
        let required = |name: &str| match find("required") {
            Some(Json::List(names)) => {
                names.iter().any(|other| matches!(other, Json::Str(other) if other == name))
            }
            _ => false,
        };
        let mut fields = Vec::new();
        for (name, value) in declared.iter().filter(|(_, value)| *value != Json::Bool(false)) {
            fields.push(Field { name: name.clone(), ty: self.schema(value), optional: !required(name) });
        }
        Ty::Record(fields)
    }
}

/// What the keyword `type` lists.
fn kinds(types: Option<&Json>) -> Option<Vec<&str>> {
    match types? {
        Json::Str(name) => Some(vec![name.as_str()]),
        Json::List(names) => names
            .iter()
            .map(|name| match name {
                Json::Str(name) => Some(name.as_str()),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

/// One of some values; those of other kinds than the listed ones cannot be.
fn listed(values: &[Json], kinds: Option<&[&str]>) -> Ty {
    let is_possible = |value: &&Json| kinds.is_none_or(|kinds| is_of(value, kinds));
    let types = values.iter().filter(is_possible).map(literal);
    if values.len() > LISTED {
        // Each is a text, a number and so on; there are not many kinds.
        let mut wide: Vec<Ty> = Vec::new();
        for ty in types {
            let ty = ty.base();
            if !wide.contains(&ty) {
                wide.push(ty);
            }
        }
        return ty::union(wide);
    }
    ty::union(types.collect())
}

fn is_of(value: &Json, kinds: &[&str]) -> bool {
    let has = |kind: &str| kinds.contains(&kind);
    match value {
        Json::Null => has("null"),
        Json::Bool(_) => has("boolean"),
        Json::Number(_) => has("number") || has("integer"),
        Json::Str(_) => has("string"),
        Json::List(_) => has("array"),
        Json::Record(_) => has("object"),
    }
}

fn literal(value: &Json) -> Ty {
    match value {
        Json::Null => Ty::Null,
        Json::Bool(value) => Ty::Lit(Const::Bool(*value)),
        Json::Str(text) => Ty::Lit(Const::Str(text.clone())),
        Json::Number(number) => match number.held() {
            Held::Int(value) => Ty::Lit(Const::Int(value)),
            // Zero has two floats and one text.
            Held::Float(value) if value != 0.0 => Ty::Lit(Const::Float(value)),
            Held::Float(_) => Ty::Float,
            Held::Neither => Ty::Any,
        },
        Json::List(_) | Json::Record(_) => Ty::Any,
    }
}

/// How little a type says: nothing, not all, or all.
fn vagueness(ty: &Ty) -> u8 {
    match ty {
        Ty::Any => 2,
        _ if has_any(ty) => 1,
        _ => 0,
    }
}

fn has_any(ty: &Ty) -> bool {
    match ty {
        Ty::Any => true,
        Ty::List(item) | Ty::Map(item) => has_any(item),
        Ty::Record(fields) => fields.iter().any(|field| has_any(&field.ty)),
        Ty::Union(members) => members.iter().any(has_any),
        _ => false,
    }
}

/// What a JSON Pointer leads to.
fn find<'s>(root: &'s Json, pointer: &str) -> Option<&'s Json> {
    if pointer.is_empty() {
        return Some(root);
    }
    // A reference may be written with escapes of URLs; then it is not followed here.
    let steps = pointer.strip_prefix('/').filter(|steps| !steps.contains('%'))?;
    steps.split('/').try_fold(root, |at, step| {
        let step = step.replace("~1", "/").replace("~0", "~");
        match at {
            Json::Record(fields) => fields.iter().find(|(key, _)| *key == step).map(|(_, value)| value),
            Json::List(items) => items.get(step.parse::<usize>().ok()?),
            _ => None,
        }
    })
}
