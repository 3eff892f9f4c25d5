//! From a document to schemas. Whatever an object of the document says about values is a keyword; the rest
//! (titles, defaults, invented keywords) has no effect. A keyword that is about values and cannot be enforced
//! exactly is an error that names it.

use std::rc::Rc;

use rustc_hash::FxHashMap;
use serde_json::{Map, Value as Json};

use super::decimal::Decimal;
use super::document::{Document, push};
use super::ecma;
use super::format;
use super::node::{Bound, Items, Keyword, Kind, Kinds, LangId, NameId, Node, NodeId, Properties, Values};
use crate::error::BuildError;
use regex_syntax::hir::Hir;

/// All schemas that can be reached from a document's root.
#[derive(Debug)]
pub(super) struct Schemas {
    pub(super) nodes: Vec<Node>,
    pub(super) names: Vec<Rc<str>>,
    /// Sets of strings, as expressions that match whole strings.
    pub(super) langs: Vec<Hir>,
    pub(super) root: NodeId,
}

/// Reads a document.
pub(super) fn read(root: Json) -> Result<Schemas, BuildError> {
    let document = Document::new(root);
    let mut reader = Reader {
        schemas: Schemas { nodes: Vec::new(), names: Vec::new(), langs: Vec::new(), root: 0 },
        document: &document,
        places: FxHashMap::default(),
        names: FxHashMap::default(),
        langs: FxHashMap::default(),
        open: Vec::new(),
    };
    reader.schemas.root = reader.node_at(String::new());
    while let Some((node, pointer)) = reader.open.pop() {
        reader.read(node, &pointer)?;
    }
    Ok(reader.schemas)
}

struct Reader<'d> {
    schemas: Schemas,
    document: &'d Document,
    /// Schemas by their pointers.
    places: FxHashMap<String, NodeId>,
    names: FxHashMap<Rc<str>, NameId>,
    langs: FxHashMap<String, Vec<(LangId, bool)>>,
    /// Schemas that are not read yet.
    open: Vec<(NodeId, String)>,
}

/// A member of a schema.
#[derive(Clone, Copy)]
struct Member<'d> {
    schema: &'d Json,
    key: &'d str,
    value: &'d Json,
    /// Its own pointer.
    at: &'d str,
}

impl<'d> Member<'d> {
    /// The pointer of the schema.
    fn parent(self) -> &'d str {
        self.at.rfind('/').map_or("", |slash| &self.at[..slash])
    }
}

/// Keywords that say something of values and have no exact form here.
const UNSUPPORTED: [&str; 4] = ["unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef"];

impl Reader<'_> {
    /// The schema at a pointer, to be read later if it is new.
    fn node_at(&mut self, pointer: String) -> NodeId {
        if let Some(&node) = self.places.get(&pointer) {
            return node;
        }
        let node = self.new_node(pointer.clone(), Vec::new());
        self.places.insert(pointer.clone(), node);
        self.open.push((node, pointer));
        node
    }

    fn new_node(&mut self, pointer: String, keywords: Vec<Keyword>) -> NodeId {
        self.schemas.nodes.push(Node { pointer, keywords, referenced: false });
        self.schemas.nodes.len() as NodeId - 1
    }

    fn name(&mut self, name: &str) -> NameId {
        if let Some(&id) = self.names.get(name) {
            return id;
        }
        let (id, name) = (self.schemas.names.len() as NameId, Rc::from(name));
        self.names.insert(Rc::clone(&name), id);
        self.schemas.names.push(name);
        id
    }

    fn read(&mut self, node: NodeId, pointer: &str) -> Result<(), BuildError> {
        let document = self.document;
        let keywords = match document.at(pointer) {
            Some(Json::Bool(true)) => Vec::new(),
            Some(Json::Bool(false)) => vec![Keyword::Kinds(Kinds::NONE)],
            Some(schema @ Json::Object(_)) => self.keywords(schema, pointer)?,
            _ => return Err(invalid(pointer, "a schema is an object, `true` or `false`")),
        };
        self.schemas.nodes[node as usize].keywords = keywords;
        Ok(())
    }

    fn keywords(&mut self, schema: &Json, pointer: &str) -> Result<Vec<Keyword>, BuildError> {
        let mut out = Vec::new();
        if let Some(reference) = schema.get("$ref") {
            let reference = reference.as_str();
            if let Some(reference) = reference {
                out.push(Keyword::All(vec![self.target(pointer, reference)?]));
            }
            if reference.is_some() && !self.document.ref_has_siblings {
                return Ok(out);
            }
        }
        let Json::Object(members) = schema else { return Ok(out) };
        for (key, value) in members {
            let mut at = pointer.to_owned();
            push(&mut at, key);
            self.keyword(Member { schema, key, value, at: &at }, &mut out)?;
        }
        Ok(out)
    }

    fn target(&mut self, pointer: &str, reference: &str) -> Result<NodeId, BuildError> {
        let missing = || {
            let reason = format!("`{reference}` names nothing in this document");
            BuildError::Schema { at: format!("#{pointer}/$ref"), reason }
        };
        let target = self.document.resolve(pointer, reference).ok_or_else(missing)?;
        let node = self.node_at(target);
        self.schemas.nodes[node as usize].referenced = true;
        Ok(node)
    }

    /// Adds what one member says.
    fn keyword(&mut self, member: Member<'_>, out: &mut Vec<Keyword>) -> Result<(), BuildError> {
        let Member { key, at, .. } = member;
        if UNSUPPORTED.contains(&key) {
            return Err(unsupported(at, "it has no exact form here"));
        }
        self.of_scalars(member, out)?;
        self.of_objects(member, out)?;
        self.of_arrays(member, out)?;
        self.of_logic(member, out)
    }

    /// Keywords about any value, numbers and strings.
    fn of_scalars(&mut self, member: Member<'_>, out: &mut Vec<Keyword>) -> Result<(), BuildError> {
        let Member { schema, key, value, at } = member;
        match key {
            "type" => out.push(Keyword::Kinds(kinds(value, at)?)),
            "enum" => {
                let Json::Array(values) = value else { return Err(invalid(at, "a list of values is meant")) };
                out.push(Keyword::Values(self.values(values, at)));
            }
            "const" => out.push(Keyword::Values(self.values(std::slice::from_ref(value), at))),
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
                out.extend(number(schema, key, value, at)?);
            }
            "minLength" => out.push(Keyword::MinLength(count(value, at)?)),
            "maxLength" => out.push(Keyword::MaxLength(count(value, at)?)),
            "pattern" => {
                let parts = self.pattern(text(value, at)?, at)?;
                out.extend(parts.into_iter().map(|(lang, is)| Keyword::Lang(lang, is)));
            }
            "format" => {
                let name = text(value, at)?;
                let lang = self.format(name, at)?;
                out.extend(lang.map(|lang| Keyword::Lang(lang, true)));
                out.extend(format::longest(name).map(Keyword::MaxLength));
            }
            "contentEncoding" if value.as_str() == Some("base64") => {
                let lang = self.format("content: base64", at)?;
                out.extend(lang.map(|lang| Keyword::Lang(lang, true)));
            }
            "contentMediaType" if value.as_str() == Some("application/json") => {
                return Err(unsupported(at, "JSON within strings is not a regular set"));
            }
            _ => {}
        }
        Ok(())
    }

    fn of_objects(&mut self, member: Member<'_>, out: &mut Vec<Keyword>) -> Result<(), BuildError> {
        let Member { schema, key, value, at } = member;
        // Members that are one keyword are read with the first of them.
        let is_new = !out.iter().any(|keyword| matches!(keyword, Keyword::Properties(_)));
        match key {
            "properties" | "patternProperties" | "additionalProperties" if is_new => {
                out.push(Keyword::Properties(Rc::new(self.properties(schema, member.parent())?)));
            }
            "required" => out.extend(self.required(value, at)?),
            "propertyNames" => out.push(Keyword::KeyNames(self.node_at(at.to_owned()))),
            "minProperties" => out.push(Keyword::MinMembers(count(value, at)?)),
            "maxProperties" => out.push(Keyword::MaxMembers(count(value, at)?)),
            "dependencies" | "dependentRequired" | "dependentSchemas" => {
                out.extend(self.dependencies(value, at)?);
            }
            _ => {}
        }
        Ok(())
    }

    fn of_arrays(&mut self, member: Member<'_>, out: &mut Vec<Keyword>) -> Result<(), BuildError> {
        let Member { schema, key, value, at } = member;
        let is_new = !out.iter().any(|keyword| matches!(keyword, Keyword::Items(_)));
        match key {
            "items" | "prefixItems" | "additionalItems" if is_new => {
                out.push(Keyword::Items(Rc::new(self.items(schema, member.parent()))));
            }
            "minItems" => out.push(Keyword::MinItems(count(value, at)?)),
            "maxItems" => out.push(Keyword::MaxItems(count(value, at)?)),
            "contains" => {
                let bound = |key: &str| schema.get(key).map(|value| count(value, at)).transpose();
                let (least, most) = (bound("minContains")?.unwrap_or(1), bound("maxContains")?);
                out.push(Keyword::Contains(self.node_at(at.to_owned()), least, most));
            }
            "uniqueItems" if *value == Json::Bool(true) => out.push(Keyword::Unique),
            _ => {}
        }
        Ok(())
    }

    /// Keywords that join schemas about the same value.
    fn of_logic(&mut self, member: Member<'_>, out: &mut Vec<Keyword>) -> Result<(), BuildError> {
        let Member { schema, key, value, at } = member;
        match key {
            "allOf" => out.push(Keyword::All(self.list(value, at)?)),
            "anyOf" => out.push(Keyword::Any(self.list(value, at)?)),
            "oneOf" => out.push(Keyword::One(self.list(value, at)?)),
            "not" => out.push(Keyword::Not(self.node_at(at.to_owned()))),
            "if" => {
                let mut branch = |key: &str| {
                    schema.get(key)?;
                    Some(self.node_at(format!("{}/{key}", member.parent())))
                };
                let (then, other) = (branch("then"), branch("else"));
                if then.is_some() || other.is_some() {
                    out.push(Keyword::If(self.node_at(at.to_owned()), then, other));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn list(&mut self, value: &Json, at: &str) -> Result<Vec<NodeId>, BuildError> {
        match value {
            Json::Array(items) if !items.is_empty() => {
                Ok((0..items.len()).map(|index| self.node_at(format!("{at}/{index}"))).collect())
            }
            _ => Err(invalid(at, "a list of schemas is meant")),
        }
    }

    fn values(&mut self, values: &[Json], at: &str) -> Values {
        let mut out = Values::default();
        let (mut numbers, mut strings) = (Vec::new(), Vec::new());
        for value in values {
            match value {
                Json::Null => out.null = true,
                Json::Bool(value) => out.bools[usize::from(*value)] = true,
                Json::Number(number) => numbers.push(Decimal::from(number)),
                Json::String(text) => strings.push(Rc::from(text.as_str())),
                Json::Array(_) | Json::Object(_) => out.composite.push(self.constant(value, at)),
            }
        }
        (out.numbers, out.strings) = (numbers.into(), strings.into());
        out
    }

    /// A schema that only one value satisfies.
    fn constant(&mut self, value: &Json, at: &str) -> NodeId {
        let keywords = match value {
            Json::Object(members) => {
                let never = self.new_node(at.to_owned(), vec![Keyword::Kinds(Kinds::NONE)]);
                let named: Vec<(NameId, NodeId)> =
                    members.iter().map(|(key, value)| (self.name(key), self.constant(value, at))).collect();
                let required = named.iter().map(|(name, _)| Keyword::Required(*name));
                let mut keywords = vec![Keyword::Kinds(Kind::Object.into())];
                keywords.extend(required);
                let properties = Properties { named, additional: Some(never), ..Properties::default() };
                keywords.push(Keyword::Properties(Rc::new(properties)));
                keywords
            }
            Json::Array(items) => {
                let count = items.len() as u32;
                let prefix = items.iter().map(|item| self.constant(item, at)).collect();
                let items = Keyword::Items(Rc::new(Items { prefix, rest: None }));
                let kinds = Keyword::Kinds(Kind::Array.into());
                vec![kinds, items, Keyword::MinItems(count), Keyword::MaxItems(count)]
            }
            _ => vec![Keyword::Values(self.values(std::slice::from_ref(value), at))],
        };
        self.new_node(at.to_owned(), keywords)
    }

    fn properties(&mut self, schema: &Json, parent: &str) -> Result<Properties, BuildError> {
        let mut out = Properties::default();
        let members = |key: &str| -> Result<Option<&Map<String, Json>>, BuildError> {
            match schema.get(key) {
                None => Ok(None),
                Some(Json::Object(members)) => Ok(Some(members)),
                Some(_) => Err(invalid(&format!("{parent}/{key}"), "an object of schemas is meant")),
            }
        };
        for name in members("properties")?.into_iter().flat_map(Map::keys) {
            let node = self.node_at(below(parent, "properties", name));
            out.named.push((self.name(name), node));
        }
        for pattern in members("patternProperties")?.into_iter().flat_map(Map::keys) {
            let at = below(parent, "patternProperties", pattern);
            let node = self.node_at(at.clone());
            match self.pattern(pattern, &at)?[..] {
                [(lang, true)] => out.patterns.push((lang, node)),
                _ => return Err(unsupported(&at, "patterns of keys cannot look ahead")),
            }
        }
        if schema.get("additionalProperties").is_some() {
            out.additional = Some(self.node_at(format!("{parent}/additionalProperties")));
        }
        Ok(out)
    }

    fn required(&mut self, value: &Json, at: &str) -> Result<Vec<Keyword>, BuildError> {
        match value {
            Json::Array(names) => {
                let names = names.iter().map(|name| text(name, at));
                names.map(|name| Ok(Keyword::Required(self.name(name?)))).collect()
            }
            // Draft 3 had it within the property.
            Json::Bool(_) => Ok(Vec::new()),
            _ => Err(invalid(at, "a list of names is meant")),
        }
    }

    fn dependencies(&mut self, value: &Json, at: &str) -> Result<Vec<Keyword>, BuildError> {
        let Json::Object(members) = value else { return Err(invalid(at, "an object is meant")) };
        let mut out = Vec::new();
        for (key, value) in members {
            let name = self.name(key);
            let mut here = at.to_owned();
            push(&mut here, key);
            match value {
                Json::Array(names) => {
                    for needed in names {
                        out.push(Keyword::Needs(name, self.name(text(needed, &here)?)));
                    }
                }
                Json::String(needed) => out.push(Keyword::Needs(name, self.name(needed))),
                _ => out.push(Keyword::Implies(name, self.node_at(here))),
            }
        }
        Ok(out)
    }

    fn items(&mut self, schema: &Json, parent: &str) -> Items {
        let mut list = |key: &str, len: usize| -> Vec<NodeId> {
            (0..len).map(|index| self.node_at(format!("{parent}/{key}/{index}"))).collect()
        };
        let (prefix, rest) = match (schema.get("prefixItems"), schema.get("items")) {
            (Some(Json::Array(prefix)), _) => (list("prefixItems", prefix.len()), "items"),
            (_, Some(Json::Array(prefix))) => (list("items", prefix.len()), "additionalItems"),
            _ => (Vec::new(), "items"),
        };
        let rest = schema.get(rest).map(|_| self.node_at(format!("{parent}/{rest}")));
        Items { prefix, rest }
    }

    /// The sets of which a pattern is made; a string that matches is in those with `true` and in no other.
    fn pattern(&mut self, pattern: &str, at: &str) -> Result<Vec<(LangId, bool)>, BuildError> {
        if let Some(parts) = self.langs.get(pattern) {
            return Ok(parts.clone());
        }
        let hirs = ecma::parse(pattern).map_err(|reason| unsupported(at, &reason))?;
        let parts: Vec<(LangId, bool)> = hirs.into_iter().map(|(hir, is)| (self.lang(hir), is)).collect();
        self.langs.insert(pattern.to_owned(), parts.clone());
        Ok(parts)
    }

    fn lang(&mut self, hir: Hir) -> LangId {
        self.schemas.langs.push(hir);
        self.schemas.langs.len() as LangId - 1
    }

    fn format(&mut self, name: &str, at: &str) -> Result<Option<LangId>, BuildError> {
        let key = format!("format {name}");
        if let Some([(lang, _)]) = self.langs.get(&key).map(|parts| &parts[..]) {
            return Ok(Some(*lang));
        }
        match format::expression(name) {
            format::Format::Free => Ok(None),
            format::Format::Irregular => Err(unsupported(at, "strings of this format are not a regular set")),
            format::Format::Regular(hir) => {
                let lang = self.lang(hir);
                self.langs.insert(key, vec![(lang, true)]);
                Ok(Some(lang))
            }
        }
    }
}

fn below(parent: &str, key: &str, name: &str) -> String {
    let mut pointer = format!("{parent}/{key}");
    push(&mut pointer, name);
    pointer
}

fn kinds(value: &Json, at: &str) -> Result<Kinds, BuildError> {
    let one = |name: &Json| {
        Ok(match text(name, at)? {
            "null" => Kind::Null.into(),
            "boolean" => Kind::Bool.into(),
            "integer" => Kind::Integer.into(),
            "number" => Kinds::NUMBER,
            "string" => Kind::String.into(),
            "array" => Kind::Array.into(),
            "object" => Kind::Object.into(),
            "any" => Kind::ALL.into_iter().fold(Kinds::NONE, |all, kind| all | kind.into()),
            other => return Err(invalid(at, &format!("there is no type `{other}`"))),
        })
    };
    match value {
        Json::Array(names) => names.iter().try_fold(Kinds::NONE, |all, name| Ok(all | one(name)?)),
        name => one(name),
    }
}

fn number(schema: &Json, key: &str, value: &Json, at: &str) -> Result<Option<Keyword>, BuildError> {
    // Draft 4 has `exclusiveMinimum: true` beside `minimum`.
    if let (Json::Bool(_), true) = (value, key.starts_with("exclusive")) {
        return Ok(None);
    }
    let Json::Number(number) = value else { return Err(invalid(at, "a number is meant")) };
    let number = Decimal::from(number);
    let strict = |other: &str| schema.get(other) == Some(&Json::Bool(true));
    Ok(Some(match key {
        "minimum" => Keyword::Low(Bound { at: number, closed: !strict("exclusiveMinimum") }),
        "maximum" => Keyword::High(Bound { at: number, closed: !strict("exclusiveMaximum") }),
        "exclusiveMinimum" => Keyword::Low(Bound { at: number, closed: false }),
        "exclusiveMaximum" => Keyword::High(Bound { at: number, closed: false }),
        _ if number.is_negative() || number.whole() == 0 && number.is_integer() => {
            return Err(invalid(at, "a number above zero is meant"));
        }
        _ => Keyword::Multiple(number),
    }))
}

fn count(value: &Json, at: &str) -> Result<u32, BuildError> {
    match value {
        Json::Number(number) => {
            Decimal::from(number).count().ok_or_else(|| invalid(at, "a whole number is meant"))
        }
        _ => Err(invalid(at, "a whole number is meant")),
    }
}

fn text<'v>(value: &'v Json, at: &str) -> Result<&'v str, BuildError> {
    value.as_str().ok_or_else(|| invalid(at, "a string is meant"))
}

fn invalid(at: &str, reason: &str) -> BuildError {
    BuildError::Schema { at: format!("#{at}"), reason: reason.to_owned() }
}

fn unsupported(at: &str, reason: &str) -> BuildError {
    BuildError::SchemaKeyword { at: format!("#{at}"), reason: reason.to_owned() }
}
