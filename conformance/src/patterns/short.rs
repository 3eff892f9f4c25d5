//! The short forms of constraints.

use std::collections::BTreeMap;
use std::str::FromStr;

use agentc_constraint::spec::{Field, GrammarSyntax, Named, Needle, Piece, Place, Spec};
use toml::{Table, Value};

use crate::naive::Reference;

type Read<T> = Result<T, String>;

/// What is known while a constraint is read.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) bindings: Vec<Vec<String>>,
    /// The named specs in sight.
    defs: Vec<String>,
}

/// What a case is like: a constraint, or rules.
pub(super) fn reference(value: &Value) -> Read<Reference> {
    if let Some(rules) = value.get("rules") {
        let rules: BTreeMap<String, Vec<String>> =
            rules.clone().try_into().map_err(|error: toml::de::Error| error.to_string())?;
        return Ok(Reference::Rules(rules));
    }
    let mut scope = Scope::default();
    let spec = scope.nested(value)?;
    Ok(Reference::Spec(spec, scope.bindings))
}

fn string(value: &Value) -> Read<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("`{value}` should be a string"))
}

pub(super) fn strings(value: &Value) -> Read<Vec<String>> {
    let array = value.as_array().ok_or_else(|| format!("`{value}` should be a list of strings"))?;
    array.iter().map(string).collect()
}

fn table(value: &Value) -> Read<&Table> {
    value.as_table().ok_or_else(|| format!("`{value}` should be a table"))
}

/// `min..max`, where either may be missing.
fn bounds<T: FromStr>(value: &Value) -> Read<(Option<T>, Option<T>)> {
    let text = string(value)?;
    let (min, max) = text.split_once("..").ok_or_else(|| format!("`{text}` should be `min..max`"))?;
    let bound = |bound: &str| match bound {
        "" => Ok(None),
        bound => bound.parse().map(Some).map_err(|_| format!("`{bound}` is no bound")),
    };
    Ok((bound(min)?, bound(max)?))
}

impl Scope {
    pub(super) fn bind(&mut self, texts: Vec<String>) -> usize {
        self.bindings.push(texts);
        self.bindings.len() - 1
    }

    /// A constraint within another: a string is itself, numbers and truth values are constants.
    fn nested(&mut self, value: &Value) -> Read<Spec> {
        match value {
            Value::String(text) => Ok(Spec::Literal { text: text.clone() }),
            Value::Table(table) => self.table(table),
            Value::Integer(_) | Value::Boolean(_) => Ok(Spec::Constant { text: value.to_string() }),
            other => Err(format!("`{other}` is no constraint")),
        }
    }

    fn boxed(&mut self, value: &Value) -> Read<Box<Spec>> {
        self.nested(value).map(Box::new)
    }

    /// A table with one key that says its kind, or `defs` and `root`.
    pub(super) fn table(&mut self, fields: &Table) -> Read<Spec> {
        if let (Some(defs), Some(root), 2) = (fields.get("defs"), fields.get("root"), fields.len()) {
            return self.with_defs(table(defs)?, root);
        }
        let mut fields_of = fields.iter();
        match (fields_of.next(), fields_of.next()) {
            (Some((kind, value)), None) => self.kind(kind, value),
            (None, _) => Err("there is no constraint".into()),
            (Some((one, _)), Some((other, _))) => Err(format!("`{one}` and `{other}` cannot stand together")),
        }
    }

    fn kind(&mut self, kind: &str, value: &Value) -> Read<Spec> {
        Ok(match kind {
            "text" => Spec::Literal { text: string(value)? },
            "constant" => Spec::Constant { text: string(value)? },
            "regex" => Spec::Regex { pattern: string(value)? },
            "str" => {
                let (min, max) = bounds(value)?;
                Spec::Text { min: min.unwrap_or(0), max }
            }
            "int" => {
                let (min, max) = bounds(value)?;
                Spec::Int { min, max }
            }
            "float" => {
                let (min, max) = bounds(value)?;
                Spec::Float { min, max }
            }
            "bool" => Spec::Bool,
            "json" => Spec::Json,
            "one_of" => Spec::OneOf { hole: self.bind(strings(value)?) },
            "copy" => Spec::Copy { hole: self.bind(vec![string(value)?]) },
            "any_of" => Spec::Union { members: self.several(kind, value)? },
            "all_of" => Spec::And { members: self.several(kind, value)? },
            "not" => Spec::Not { value: self.boxed(value)? },
            "contains" => self.having(Place::Inside, value)?,
            "starts" => self.having(Place::Start, value)?,
            "ends" => self.having(Place::End, value)?,
            "template" => self.template(value)?,
            "list" => self.list(table(value)?)?,
            "record" => self.record(table(value)?)?,
            "map" => Spec::Map { value: self.boxed(value)? },
            "json_of" => Spec::JsonOf { value: self.boxed(value)? },
            "flexible" => Spec::Flexible { value: self.boxed(value)? },
            "schema" => Spec::Schema { schema: string(value)? },
            "lark" => self.grammar(GrammarSyntax::Lark, value)?,
            "gbnf" => self.grammar(GrammarSyntax::Gbnf, value)?,
            "ref" => {
                let name = string(value)?;
                let def = self.defs.iter().position(|def| *def == name);
                Spec::Ref { def: def.ok_or_else(|| format!("there is no `{name}` in `defs`"))? }
            }
            "spec" => value.clone().try_into().map_err(|error: toml::de::Error| error.to_string())?,
            other => return Err(format!("`{other}` is no kind of constraint")),
        })
    }

    fn several(&mut self, kind: &str, value: &Value) -> Read<Vec<Spec>> {
        let members = value.as_array().ok_or_else(|| format!("`{kind}` should be a list"))?;
        members.iter().map(|member| self.nested(member)).collect()
    }

    /// A string is a text; a list of them is bound at run time.
    fn having(&mut self, place: Place, value: &Value) -> Read<Spec> {
        let text = match value.as_str() {
            Some(text) => Needle::Text { text: text.to_owned() },
            None => Needle::Hole { hole: self.bind(strings(value)?) },
        };
        Ok(Spec::Having { place, text })
    }

    /// A text, or a table of one and of what some of its names stand for.
    fn grammar(&mut self, syntax: GrammarSyntax, value: &Value) -> Read<Spec> {
        let (text, names) = match value.as_table() {
            None => (value, None),
            Some(fields) => {
                (fields.get("text").ok_or("a grammar needs a `text`")?, fields.get("parts").map(table))
            }
        };
        let names = names.transpose()?.into_iter().flatten();
        let parts = names.map(|(name, value)| Ok(Named { name: name.clone(), value: self.nested(value)? }));
        let parts = parts.collect::<Read<_>>()?;
        Ok(Spec::Grammar { grammar: string(text)?, syntax, parts })
    }

    /// Strings are texts, everything else stands in holes.
    fn template(&mut self, value: &Value) -> Read<Spec> {
        let parts = value.as_array().ok_or("`template` should be a list")?;
        let mut part = |part: &Value| match part {
            Value::String(text) => Ok(Piece::Text { text: text.clone() }),
            hole => Ok(Piece::Hole { name: None, value: self.nested(hole)? }),
        };
        Ok(Spec::Template { parts: parts.iter().map(&mut part).collect::<Read<_>>()? })
    }

    fn list(&mut self, fields: &Table) -> Read<Spec> {
        if let Some(other) = fields.keys().find(|key| !["of", "min", "max"].contains(&key.as_str())) {
            return Err(format!("a list has no `{other}`"));
        }
        let bound = |name: &str| match fields.get(name) {
            None => Ok(None),
            Some(value) => {
                let bound = value.as_integer().and_then(|bound| u32::try_from(bound).ok());
                bound.map(Some).ok_or_else(|| format!("`{value}` is no bound"))
            }
        };
        let item = self.boxed(fields.get("of").ok_or("a list needs `of`")?)?;
        Ok(Spec::Array { item, min: bound("min")?.unwrap_or(0), max: bound("max")? })
    }

    fn record(&mut self, fields: &Table) -> Read<Spec> {
        let mut field = |(key, value): (&String, &Value)| {
            let (name, optional) = match key.strip_suffix('?') {
                Some(name) => (name, true),
                None => (key.as_str(), false),
            };
            Ok(Field { name: name.to_owned(), value: self.nested(value)?, optional })
        };
        Ok(Spec::Object { fields: fields.iter().map(&mut field).collect::<Read<_>>()? })
    }

    fn with_defs(&mut self, defs: &Table, root: &Value) -> Read<Spec> {
        let outside = std::mem::replace(&mut self.defs, defs.keys().cloned().collect());
        let read = defs.values().map(|def| self.nested(def)).collect::<Read<_>>();
        let root = self.boxed(root);
        self.defs = outside;
        Ok(Spec::Defs { defs: read?, root: root? })
    }
}
