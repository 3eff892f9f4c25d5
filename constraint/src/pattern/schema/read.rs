//! From a document to schemas. Whatever an object of the document says about values is a keyword; the rest
//! (titles, defaults, invented keywords) has no effect. A keyword that is about values and cannot be enforced
//! exactly is an error that names it.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::bounds;
use super::decimal::Decimal;
use super::document::{Document, push};
use super::draft::Draft;
use super::ecma;
use super::format;
use super::node::{Items, Keyword, Kind, Kinds, LangId, NameId, Node, NodeId, Properties, Values};
use super::value::{Json, Members, Number};
use crate::error::BuildError;
use crate::limits::Limits;
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
pub(super) fn read(root: Json, limits: &Limits) -> Result<Schemas, BuildError> {
    let document = Document::new(root);
    let mut reader = Reader {
        schemas: Schemas { nodes: Vec::new(), names: Vec::new(), langs: Vec::new(), root: 0 },
        document: &document,
        places: FxHashMap::default(),
        names: FxHashMap::default(),
        langs: FxHashMap::default(),
        open: Vec::new(),
        anchored: limits.anchored,
    };
    reader.schemas.root = reader.node_at(String::new());
    while let Some((node, pointer)) = reader.open.pop() {
        reader.read(node, &pointer)?;
    }
    Ok(reader.schemas)
}

pub(super) struct Reader<'d> {
    pub(super) schemas: Schemas,
    document: &'d Document,
    /// Schemas by their pointers.
    places: FxHashMap<String, NodeId>,
    names: FxHashMap<Rc<str>, NameId>,
    langs: FxHashMap<String, Vec<(LangId, bool)>>,
    /// Schemas that are not read yet.
    open: Vec<(NodeId, String)>,
    /// [`Limits::anchored`]
    anchored: usize,
}

/// A member of a schema.
#[derive(Clone, Copy)]
pub(super) struct Member<'d> {
    pub(super) schema: &'d Json,
    pub(super) key: &'d str,
    pub(super) value: &'d Json,
    /// Its own pointer.
    pub(super) at: &'d str,
    pub(super) draft: Draft,
}

impl<'d> Member<'d> {
    /// The pointer of the schema.
    pub(super) fn parent(self) -> &'d str {
        self.at.rfind('/').map_or("", |slash| &self.at[..slash])
    }
}

/// Keywords that say something of values and have no exact form here.
const UNSUPPORTED: [&str; 4] = ["unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef"];

impl Reader<'_> {
    /// The schema at a pointer, to be read later if it is new.
    pub(super) fn node_at(&mut self, pointer: String) -> NodeId {
        if let Some(&node) = self.places.get(&pointer) {
            return node;
        }
        let node = self.new_node(pointer.clone(), Vec::new());
        self.places.insert(pointer.clone(), node);
        self.open.push((node, pointer));
        node
    }

    pub(super) fn new_node(&mut self, pointer: String, keywords: Vec<Keyword>) -> NodeId {
        self.schemas.nodes.push(Node { pointer, keywords, referenced: false });
        self.schemas.nodes.len() as NodeId - 1
    }

    pub(super) fn name(&mut self, name: &str) -> NameId {
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
        let draft = self.document.draft(pointer);
        if let Some(reference) = schema.get("$ref") {
            let reference = reference.as_str();
            if let Some(reference) = reference {
                out.push(Keyword::All(vec![self.target(pointer, reference)?]));
            }
            if reference.is_some() && !draft.ref_has_siblings() {
                return Ok(out);
            }
        }
        let Json::Object(members) = schema else { return Ok(out) };
        for (key, value) in members.iter().filter(|(key, _)| draft.has(key)) {
            let mut at = pointer.to_owned();
            push(&mut at, key);
            self.keyword(Member { schema, key, value, at: &at, draft }, &mut out)?;
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
        let Member { key, value, at, draft, .. } = member;
        // What is not evaluated may be anything.
        if UNSUPPORTED.contains(&key) && *value != Json::Bool(true) {
            return Err(unsupported(at, "it has no exact form here"));
        }
        if draft == Draft::Three && self.of_third(member, out)? {
            return Ok(());
        }
        self.of_scalars(member, out)?;
        self.of_objects(member, out)?;
        self.of_arrays(member, out)?;
        self.of_logic(member, out)
    }

    /// Keywords about any value, numbers and strings.
    fn of_scalars(&mut self, member: Member<'_>, out: &mut Vec<Keyword>) -> Result<(), BuildError> {
        let Member { key, value, at, .. } = member;
        match key {
            "type" => out.push(Keyword::Kinds(kinds(value, at)?)),
            "enum" => {
                let Json::Array(values) = value else { return Err(invalid(at, "a list of values is meant")) };
                out.push(Keyword::Values(self.values(values, at)?));
            }
            "const" => out.push(Keyword::Values(self.values(std::slice::from_ref(value), at)?)),
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
                out.extend(bounds::keyword(member)?);
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
        let Member { schema, key, value, at, draft } = member;
        // Members that are one keyword are read with the first of them.
        let is_new = !out.iter().any(|keyword| matches!(keyword, Keyword::Properties(_)));
        match key {
            "properties" | "patternProperties" | "additionalProperties" if is_new => {
                out.push(Keyword::Properties(Rc::new(self.properties(schema, member.parent())?)));
                out.extend(self.required_within(schema, draft));
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
        let Member { schema, key, value, at, draft } = member;
        let is_new = !out.iter().any(|keyword| matches!(keyword, Keyword::Items(_)));
        match key {
            "items" | "prefixItems" | "additionalItems" if is_new => {
                out.push(Keyword::Items(Rc::new(self.items(member))));
            }
            "minItems" => out.push(Keyword::MinItems(count(value, at)?)),
            "maxItems" => out.push(Keyword::MaxItems(count(value, at)?)),
            "contains" => {
                let there = |key: &str| schema.get(key).filter(|_| draft.has(key));
                let bound = |key: &str| there(key).map(|value| count(value, at)).transpose();
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
        let Member { schema, key, value, at, .. } = member;
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

    pub(super) fn list(&mut self, value: &Json, at: &str) -> Result<Vec<NodeId>, BuildError> {
        match value {
            Json::Array(items) if !items.is_empty() => {
                Ok((0..items.len()).map(|index| self.node_at(format!("{at}/{index}"))).collect())
            }
            _ => Err(invalid(at, "a list of schemas is meant")),
        }
    }

    fn values(&mut self, values: &[Json], at: &str) -> Result<Values, BuildError> {
        let mut out = Values::default();
        let (mut numbers, mut strings) = (Vec::new(), Vec::new());
        for value in values {
            match value {
                Json::Null => out.null = true,
                Json::Bool(value) => out.bools[usize::from(*value)] = true,
                Json::Number(number) => numbers.push(exact(number, at)?),
                Json::String(text) => strings.push(Rc::from(text.as_str())),
                Json::Array(_) | Json::Object(_) => out.composite.push(self.constant(value, at)?),
            }
        }
        (out.numbers, out.strings) = (numbers.into(), strings.into());
        Ok(out)
    }

    /// A schema that only one value satisfies.
    fn constant(&mut self, value: &Json, at: &str) -> Result<NodeId, BuildError> {
        let keywords = match value {
            Json::Object(members) => {
                let never = self.new_node(at.to_owned(), vec![Keyword::Kinds(Kinds::NONE)]);
                let mut named: Vec<(NameId, NodeId)> = Vec::new();
                for (key, value) in members.iter() {
                    named.push((self.name(key), self.constant(value, at)?));
                }
                let required = named.iter().map(|(name, _)| Keyword::Required(*name));
                let mut keywords = vec![Keyword::Kinds(Kind::Object.into())];
                keywords.extend(required);
                let properties = Properties { named, additional: Some(never), ..Properties::default() };
                keywords.push(Keyword::Properties(Rc::new(properties)));
                keywords
            }
            Json::Array(items) => {
                let count = items.len() as u32;
                let prefix: Result<_, BuildError> =
                    items.iter().map(|item| self.constant(item, at)).collect();
                let items = Keyword::Items(Rc::new(Items { prefix: prefix?, rest: None }));
                let kinds = Keyword::Kinds(Kind::Array.into());
                vec![kinds, items, Keyword::MinItems(count), Keyword::MaxItems(count)]
            }
            _ => vec![Keyword::Values(self.values(std::slice::from_ref(value), at)?)],
        };
        Ok(self.new_node(at.to_owned(), keywords))
    }

    fn properties(&mut self, schema: &Json, parent: &str) -> Result<Properties, BuildError> {
        let mut out = Properties::default();
        let members = |key: &str| -> Result<Option<&Members>, BuildError> {
            match schema.get(key) {
                None => Ok(None),
                Some(Json::Object(members)) => Ok(Some(members)),
                Some(_) => Err(invalid(&format!("{parent}/{key}"), "an object of schemas is meant")),
            }
        };
        for name in members("properties")?.into_iter().flat_map(Members::keys) {
            let node = self.node_at(below(parent, "properties", name));
            out.named.push((self.name(name), node));
        }
        for pattern in members("patternProperties")?.into_iter().flat_map(Members::keys) {
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
            // In draft 3 it stands within the property, and says nothing here.
            Json::Bool(_) => Ok(Vec::new()),
            _ => Err(invalid(at, "a list of names is meant")),
        }
    }

    fn dependencies(&mut self, value: &Json, at: &str) -> Result<Vec<Keyword>, BuildError> {
        let Json::Object(members) = value else { return Err(invalid(at, "an object is meant")) };
        let mut out = Vec::new();
        for (key, value) in members.iter() {
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

    fn items(&mut self, member: Member<'_>) -> Items {
        let Member { schema, draft, .. } = member;
        let parent = member.parent();
        let list = |key: &str| match schema.get(key) {
            Some(Json::Array(items)) => Some(items.len()),
            _ => None,
        };
        let prefix = list("prefixItems").filter(|_| draft.has("prefixItems"));
        let (key, len, rest) = match (prefix, list("items").filter(|_| draft.has_lists_of_items())) {
            (Some(len), _) => ("prefixItems", len, "items"),
            (_, Some(len)) => ("items", len, "additionalItems"),
            _ => ("items", 0, "items"),
        };
        let prefix = (0..len).map(|index| self.node_at(format!("{parent}/{key}/{index}"))).collect();
        let rest = schema.get(rest).map(|_| self.node_at(format!("{parent}/{rest}")));
        Items { prefix, rest }
    }

    /// The sets of which a pattern is made; a string that matches is in those with `true` and in no other.
    fn pattern(&mut self, pattern: &str, at: &str) -> Result<Vec<(LangId, bool)>, BuildError> {
        if let Some(parts) = self.langs.get(pattern) {
            return Ok(parts.clone());
        }
        let hirs = ecma::parse(pattern, self.anchored).map_err(|reason| unsupported(at, &reason))?;
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

pub(super) fn kinds(value: &Json, at: &str) -> Result<Kinds, BuildError> {
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

/// A number, which is kept as it was written.
pub(super) fn exact(number: &Number, at: &str) -> Result<Decimal, BuildError> {
    match number.decimal() {
        (number, true) if number.scaled().is_some() => Ok(number),
        _ => Err(unsupported(at, "a number has more than 30 digits before or behind its point")),
    }
}

fn count(value: &Json, at: &str) -> Result<u32, BuildError> {
    match value {
        Json::Number(number) => {
            number.decimal().0.count().ok_or_else(|| invalid(at, "a whole number is meant"))
        }
        _ => Err(invalid(at, "a whole number is meant")),
    }
}

pub(super) fn text<'v>(value: &'v Json, at: &str) -> Result<&'v str, BuildError> {
    value.as_str().ok_or_else(|| invalid(at, "a string is meant"))
}

pub(super) fn invalid(at: &str, reason: &str) -> BuildError {
    BuildError::Schema { at: format!("#{at}"), reason: reason.to_owned() }
}

pub(super) fn unsupported(at: &str, reason: &str) -> BuildError {
    BuildError::SchemaKeyword { at: format!("#{at}"), reason: reason.to_owned() }
}
