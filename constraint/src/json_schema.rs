//! A spec as a JSON Schema, for those who want to know what a value looks like: other programs, servers of tools, and
//! models themselves.
//!
//! The schema admits what the spec writes in JSON, and [`Spec::Schema`] reads it back to that. What is known at run
//! time only, and what no regular expression describes, has no schema.

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind, Repetition};
use serde_json::{Map, Value, json};

use crate::spec::{Field, Needle, Piece, Place, Spec};

/// What is said of a spec and of its [parts](Spec::parts), in their order; parts at the end may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Docs {
    /// What the values are, in the words of whoever wrote the type.
    pub text: Option<String>,
    /// Of a definition in [`Spec::Defs`], its name.
    pub name: Option<String>,
    /// Those of the parts.
    pub parts: Vec<Docs>,
}

impl Docs {
    /// Those of a part.
    pub fn part(&self, at: usize) -> &Docs {
        static NONE: Docs = Docs { text: None, name: None, parts: Vec::new() };
        self.parts.get(at).unwrap_or(&NONE)
    }

    /// Whether anything is said at all.
    pub fn is_empty(&self) -> bool {
        self.text.is_none() && self.parts.iter().all(Docs::is_empty)
    }
}

/// Why a spec has no JSON Schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSchema {
    /// A run-time value decides what may be written.
    #[error("what may be written is known at run time only")]
    RunTime,
    /// It is the text of a grammar.
    #[error("no JSON Schema describes the texts of a grammar")]
    Grammar,
    /// A schema within another one, whose references would mean something else there.
    #[error("the schema of a file that refers to parts of itself cannot stand within another one")]
    References,
    /// Something else that is written as text in a way that schemas do not know.
    #[error("no JSON Schema describes what may be written")]
    Other,
}

/// The JSON Schema (draft 2020-12) of what a spec writes in JSON, with what is said of it as descriptions.
///
/// # Errors
///
/// What has a hole, or contains a grammar, has none.
pub fn json_schema(spec: &Spec, docs: &Docs) -> Result<Value, NoSchema> {
    let names = match spec {
        Spec::Defs { defs, .. } => names(defs.len(), docs),
        _ => Vec::new(),
    };
    let names = Names(&names);
    let mut schema = names.schema_of(spec, docs)?;
    if let Spec::Defs { defs, .. } = spec {
        let all = defs.iter().enumerate();
        let all = all.map(|(at, def)| Ok((names.of(at), names.schema_of(def, docs.part(at))?)));
        let all: Map<String, Value> = all.collect::<Result<_, NoSchema>>()?;
        schema = match schema {
            // Beside a reference nothing else counts in older drafts.
            Value::Object(mut fields) => {
                fields.insert("$defs".to_owned(), Value::Object(all));
                Value::Object(fields)
            }
            other => other,
        };
    }
    Ok(schema)
}

/// The names of definitions, each once.
fn names(count: usize, docs: &Docs) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for at in 0..count {
        let name = docs.part(at).name.clone().filter(|name| !names.contains(name));
        names.push(name.unwrap_or_else(|| format!("t{at}")));
    }
    names
}

/// How definitions are called.
struct Names<'n>(&'n [String]);

impl Names<'_> {
    fn of(&self, def: usize) -> String {
        self.0.get(def).cloned().unwrap_or_default()
    }

    fn schema_of(&self, spec: &Spec, docs: &Docs) -> Result<Value, NoSchema> {
        let schema = match spec {
            Spec::Text { min, max } => {
                bounded("string", [("minLength", count(*min)), ("maxLength", max.map(Value::from))])
            }
            Spec::Int { min, max } => {
                bounded("integer", [("minimum", min.map(Value::from)), ("maximum", max.map(Value::from))])
            }
            Spec::Float { min, max } => {
                bounded("number", [("minimum", min.map(Value::from)), ("maximum", max.map(Value::from))])
            }
            Spec::Bool => json!({"type": "boolean"}),
            Spec::Literal { text } => json!({"const": text}),
            Spec::Constant { text } => json!({"const": constant(text)?}),
            Spec::Regex { pattern } => json!({"type": "string", "pattern": ecma(pattern)?}),
            Spec::Union { members } => self.union(members, docs)?,
            Spec::Json => json!({}),
            Spec::JsonOf { value } | Spec::Flexible { value } => return self.schema_of(value, docs.part(0)),
            Spec::Object { fields } => self.object(fields, docs)?,
            Spec::Array { item, min, max } => {
                let item = self.schema_of(item, docs.part(0))?;
                let bounds =
                    [("items", Some(item)), ("minItems", count(*min)), ("maxItems", max.map(Value::from))];
                bounded("array", bounds)
            }
            Spec::Map { value } => {
                json!({"type": "object", "additionalProperties": self.schema_of(value, docs.part(0))?})
            }
            Spec::Schema { schema } => embedded(schema)?,
            Spec::Ref { def } => json!({"$ref": format!("#/$defs/{}", self.of(*def))}),
            Spec::Defs { defs, root } => return self.schema_of(root, docs.part(defs.len())),
            Spec::Template { .. } | Spec::And { .. } | Spec::Not { .. } | Spec::Having { .. } => {
                let Value::Object(text) = of_text(spec)? else { return Err(NoSchema::Other) };
                Value::Object([("type".to_owned(), "string".into())].into_iter().chain(text).collect())
            }
            Spec::OneOf { .. } | Spec::Copy { .. } => return Err(NoSchema::RunTime),
            Spec::Grammar { .. } => return Err(NoSchema::Grammar),
            Spec::Until { .. } => return Err(NoSchema::Other),
        };
        Ok(described(schema, docs.text.as_deref()))
    }

    /// Literals alone are an `enum`.
    fn union(&self, members: &[Spec], docs: &Docs) -> Result<Value, NoSchema> {
        let literal = |spec: &Spec| match spec {
            Spec::Literal { text } => Some(text.clone().into()),
            Spec::Constant { text } => constant(text).ok(),
            _ => None,
        };
        let plain = docs.parts.iter().all(Docs::is_empty);
        if let Some(all) = members.iter().map(literal).collect::<Option<Vec<Value>>>().filter(|_| plain) {
            return Ok(json!({"enum": all}));
        }
        let members = members.iter().enumerate().map(|(at, member)| self.schema_of(member, docs.part(at)));
        Ok(json!({"anyOf": members.collect::<Result<Vec<Value>, NoSchema>>()?}))
    }

    fn object(&self, fields: &[Field], docs: &Docs) -> Result<Value, NoSchema> {
        let mut properties = Map::new();
        for (at, field) in fields.iter().enumerate() {
            properties.insert(field.name.clone(), self.schema_of(&field.value, docs.part(at))?);
        }
        let required: Vec<&str> =
            fields.iter().filter(|field| !field.optional).map(|field| field.name.as_str()).collect();
        let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
        if let (Value::Object(all), false) = (&mut schema, required.is_empty()) {
            all.insert("required".to_owned(), required.into());
        }
        Ok(schema)
    }
}

fn described(mut schema: Value, text: Option<&str>) -> Value {
    if let (Value::Object(fields), Some(text)) = (&mut schema, text) {
        fields.insert("description".to_owned(), text.into());
    }
    schema
}

/// Of a count, what has to be said.
fn count(least: u32) -> Option<Value> {
    (least > 0).then(|| least.into())
}

fn bounded<const N: usize>(kind: &str, bounds: [(&str, Option<Value>); N]) -> Value {
    let bounds = bounds.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    let fields = [("type".to_owned(), kind.into())].into_iter().chain(bounds);
    Value::Object(fields.collect())
}

fn constant(text: &str) -> Result<Value, NoSchema> {
    serde_json::from_str(text).map_err(|_| NoSchema::Other)
}

/// What a schema of strings says of those that a spec admits as plain text.
fn of_text(spec: &Spec) -> Result<Value, NoSchema> {
    Ok(match spec {
        Spec::Text { min, max } => {
            let bounds = [("minLength", count(*min)), ("maxLength", max.map(Value::from))];
            let bounds = bounds.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
            Value::Object(bounds.collect())
        }
        Spec::And { members } => {
            json!({"allOf": members.iter().map(of_text).collect::<Result<Vec<Value>, _>>()?})
        }
        Spec::Not { value } => json!({"not": of_text(value)?}),
        Spec::Having { place, text: Needle::Text { text } } => {
            let mut pattern = String::new();
            text.chars().for_each(|c| write_char(c, &mut pattern));
            let pattern = match place {
                Place::Inside => pattern,
                Place::Start => format!("^{pattern}"),
                Place::End => format!("{pattern}$"),
            };
            json!({"pattern": pattern})
        }
        other => json!({"pattern": format!("^{}$", expression(other)?)}),
    })
}

/// Ints within a text are spelled out one by one, up to so many.
const MOST_INTS: i64 = 1000;

/// A regular expression for plain text.
fn expression(spec: &Spec) -> Result<String, NoSchema> {
    let mut out = String::new();
    match spec {
        Spec::Literal { text } | Spec::Constant { text } => {
            text.chars().for_each(|c| write_char(c, &mut out))
        }
        Spec::Bool => out.push_str("(?:true|false)"),
        Spec::Int { min: Some(min), max: Some(max) } if max.saturating_sub(*min) < MOST_INTS => {
            let all: Vec<String> = (*min..=*max).map(|int| int.to_string()).collect();
            out = format!("(?:{})", all.join("|"));
        }
        Spec::Text { min, max } => {
            out.push_str("[\\u0000-\u{10ffff}]");
            out.push_str(&match max {
                Some(max) => format!("{{{min},{max}}}"),
                None => format!("{{{min},}}"),
            });
        }
        Spec::Regex { pattern } => {
            out.push_str("(?:");
            write_hir(&regex_syntax::parse(pattern).map_err(|_| NoSchema::Other)?, &mut out)?;
            out.push(')');
        }
        Spec::Union { members } => {
            let members = members.iter().map(expression).collect::<Result<Vec<String>, NoSchema>>()?;
            out = format!("(?:{})", members.join("|"));
        }
        Spec::Template { parts } => {
            for part in parts {
                match part {
                    Piece::Text { text } => text.chars().for_each(|c| write_char(c, &mut out)),
                    Piece::Hole { value, .. } => out.push_str(&expression(value)?),
                }
            }
        }
        Spec::OneOf { .. } | Spec::Copy { .. } => return Err(NoSchema::RunTime),
        Spec::Grammar { .. } => return Err(NoSchema::Grammar),
        _ => return Err(NoSchema::Other),
    }
    Ok(out)
}

fn embedded(schema: &str) -> Result<Value, NoSchema> {
    let schema: Value = serde_json::from_str(schema).map_err(|_| NoSchema::Other)?;
    if refers(&schema) { Err(NoSchema::References) } else { Ok(schema) }
}

/// Whether something in a schema may be found relative to its root.
fn refers(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => {
            fields.iter().any(|(key, value)| key.starts_with('$') && key != "$comment" || refers(value))
        }
        Value::Array(items) => items.iter().any(refers),
        _ => false,
    }
}

/// A regular expression in the notation of schemas, with which the whole text has to match.
fn ecma(pattern: &str) -> Result<String, NoSchema> {
    let hir = regex_syntax::parse(pattern).map_err(|_| NoSchema::Other)?;
    let mut out = "^(?:".to_owned();
    write_hir(&hir, &mut out)?;
    out.push_str(")$");
    Ok(out)
}

fn write_hir(hir: &Hir, out: &mut String) -> Result<(), NoSchema> {
    match hir.kind() {
        // Anchors are allowed at the ends alone, where they say what holds anyhow.
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).map_err(|_| NoSchema::Other)?;
            text.chars().for_each(|c| write_char(c, out));
        }
        HirKind::Class(Class::Unicode(class)) => write_class(class, out),
        HirKind::Class(Class::Bytes(class)) => match class.to_unicode_class() {
            Some(class) => write_class(&class, out),
            None => return Err(NoSchema::Other),
        },
        HirKind::Repetition(Repetition { min, max, sub, .. }) => {
            out.push_str("(?:");
            write_hir(sub, out)?;
            out.push(')');
            let bounds = match (min, max) {
                (0, None) => "*".to_owned(),
                (1, None) => "+".to_owned(),
                (0, Some(1)) => "?".to_owned(),
                (min, Some(max)) => format!("{{{min},{max}}}"),
                (min, None) => format!("{{{min},}}"),
            };
            out.push_str(&bounds);
        }
        HirKind::Capture(capture) => write_group(std::slice::from_ref(&*capture.sub), "", out)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| write_hir(part, out))?,
        HirKind::Alternation(parts) => write_group(parts, "|", out)?,
    }
    Ok(())
}

fn write_group(parts: &[Hir], between: &str, out: &mut String) -> Result<(), NoSchema> {
    out.push_str("(?:");
    for (at, part) in parts.iter().enumerate() {
        out.push_str(if at > 0 { between } else { "" });
        write_hir(part, out)?;
    }
    out.push(')');
    Ok(())
}

fn write_class(class: &ClassUnicode, out: &mut String) {
    out.push('[');
    for range in class.ranges() {
        write_char(range.start(), out);
        if range.start() != range.end() {
            out.push('-');
            write_char(range.end(), out);
        }
    }
    out.push(']');
}

/// A character, whatever it would mean by itself.
fn write_char(c: char, out: &mut String) {
    match c {
        '\\' | '^' | '$' | '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '/' | '-' => {
            out.push('\\');
            out.push(c);
        }
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
            out.push_str(&format!("\\u{:04x}", u32::from(c)))
        }
        _ => out.push(c),
    }
}
