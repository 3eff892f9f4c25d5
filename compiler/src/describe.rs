//! Types and functions as a prompt shows them to a model: compact, in the manner of TypeScript, with descriptions as
//! comments. It is made from the specs that masks enforce.

use agentc_constraint::Docs;
use agentc_constraint::spec::{Field, Needle, Piece, Place, Spec};

use crate::builtin::ALIASES;
use crate::spelling::key;

/// A line that is longer than this is broken, where it can be.
const WIDE: usize = 72;

/// The types that a text names because they contain themselves.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// The name, what it writes, and what is said of it, by number.
    pub(crate) list: Vec<(String, Spec, Docs)>,
}

/// A function, an agent or a tool.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) name: String,
    pub(crate) docs: Docs,
    /// Name, type as text or as what is written, and whether it may be left out; docs are parts of those above.
    pub(crate) params: Vec<(String, Option<Spec>, bool)>,
    /// What it returns, if that is known and something.
    pub(crate) gives: Option<Spec>,
}

impl Named {
    /// A type as text, after the types that it names.
    pub(crate) fn type_text(&self, spec: &Spec, docs: &Docs) -> String {
        let mut out = self.definitions(&[spec]);
        match spec {
            Spec::Ref { .. } => {}
            _ => out.push(commented(docs, &self.shape(spec, docs))),
        }
        out.join("\n")
    }

    /// A function as text, after the types that it names.
    pub(crate) fn signature_text(&self, of: &Signature) -> String {
        let specs: Vec<&Spec> =
            of.params.iter().filter_map(|(_, spec, _)| spec.as_ref()).chain(&of.gives).collect();
        let mut out = self.definitions(&specs);
        let params: Vec<String> =
            of.params.iter().enumerate().map(|(at, param)| self.param(param, of.docs.part(at))).collect();
        let gives = of
            .gives
            .as_ref()
            .map_or(String::new(), |spec| format!(" -> {}", self.shape(spec, &Docs::default())));
        let line = format!("{}({}){gives}", of.name, params.join(", "));
        let long =
            line.contains('\n') || line.len() > WIDE || of.docs.parts.iter().any(|docs| docs.text.is_some());
        let text = match long && !params.is_empty() {
            false => line,
            true => {
                let lines =
                    params.iter().enumerate().map(|(at, param)| commented(of.docs.part(at), param) + ",");
                format!("{}({}){gives}", of.name, block(lines))
            }
        };
        out.push(commented(&of.docs, &text));
        out.join("\n")
    }

    fn param(&self, (name, spec, optional): &(String, Option<Spec>, bool), docs: &Docs) -> String {
        let shape = spec.as_ref().map_or("function".to_owned(), |spec| self.shape(spec, docs));
        format!("{name}{}: {shape}", if *optional { "?" } else { "" })
    }

    /// The types that some specs name, and those that these name.
    fn definitions(&self, specs: &[&Spec]) -> Vec<String> {
        let mut order = Vec::new();
        specs.iter().for_each(|spec| refs(spec, &mut order));
        let mut next = 0;
        while let Some((_, spec, _)) = order.get(next).and_then(|def: &usize| self.list.get(*def)) {
            refs(spec, &mut order);
            next += 1;
        }
        let known = order.iter().filter_map(|def| self.list.get(*def));
        known
            .map(|(name, spec, docs)| commented(docs, &format!("{name} = {}", self.shape(spec, docs))))
            .collect()
    }

    /// A type without what is said of it as a whole.
    fn shape(&self, spec: &Spec, docs: &Docs) -> String {
        match spec {
            Spec::Text { min, max } => limited("string", (*min > 0).then_some(*min), *max, " characters"),
            Spec::Int { min, max } => limited("int", *min, *max, ""),
            Spec::Float { min, max } => limited("float", *min, *max, ""),
            Spec::Bool => "bool".to_owned(),
            Spec::Literal { text } => quoted(text),
            Spec::Constant { text } => text.clone(),
            Spec::Regex { pattern } => match ALIASES.iter().find(|(_, alias)| alias == pattern) {
                Some((name, _)) => format!("string ({name})"),
                None => format!("string (matching /{pattern}/)"),
            },
            Spec::Union { members } => self.union(members, docs),
            Spec::Object { fields } => self.object(fields, docs),
            Spec::Array { item, min, max } => {
                let inner = self.shape(item, docs.part(0));
                let inner = if matches!(**item, Spec::Union { .. }) || inner.ends_with(')') {
                    format!("({inner})")
                } else {
                    inner
                };
                limited(&format!("{inner}[]"), (*min > 0).then_some(*min), *max, " items")
            }
            Spec::Map { value } => format!("{{[key: string]: {}}}", self.shape(value, docs.part(0))),
            Spec::JsonOf { value } | Spec::Flexible { value } => self.shape(value, docs),
            Spec::Schema { schema } => format!("JSON that this schema describes: {}", on_one_line(schema)),
            Spec::Grammar { .. } => "string (of a grammar)".to_owned(),
            Spec::Ref { def } => {
                self.list.get(*def).map_or_else(|| "any".to_owned(), |(name, ..)| name.clone())
            }
            Spec::Template { parts } => {
                let parts = parts.iter().map(|part| match part {
                    Piece::Text { text } => text.clone(),
                    Piece::Hole { value, .. } => format!("<{}>", self.shape(value, &Docs::default())),
                });
                format!("string (as {})", quoted(&parts.collect::<String>()))
            }
            Spec::And { members } => {
                let all = members.iter().map(|member| self.shape(member, &Docs::default()));
                all.collect::<Vec<String>>().join(" and ")
            }
            Spec::Not { value } => format!("not {}", self.shape(value, &Docs::default())),
            Spec::Having { place, text: Needle::Text { text } } => {
                let word = match place {
                    Place::Inside => "with",
                    Place::Start => "beginning with",
                    Place::End => "ending with",
                };
                format!("string ({word} {})", quoted(text))
            }
            Spec::Json => "any".to_owned(),
            _ => "string".to_owned(),
        }
    }

    fn union(&self, members: &[Spec], docs: &Docs) -> String {
        let all: Vec<String> =
            members.iter().enumerate().map(|(at, m)| self.shape(m, docs.part(at))).collect();
        let line = all.join(" | ");
        let told = docs.parts.iter().any(|docs| docs.text.is_some());
        if !told && line.len() <= WIDE && !line.contains('\n') {
            return line;
        }
        let lines = all.iter().enumerate().map(|(at, member)| {
            let comment = comment(docs.part(at));
            format!("{comment}| {}", member.replace('\n', "\n  "))
        });
        lines.collect::<Vec<String>>().join("\n")
    }

    fn object(&self, fields: &[Field], docs: &Docs) -> String {
        let all: Vec<String> = fields
            .iter()
            .enumerate()
            .map(|(at, field)| {
                let mark = if field.optional { "?" } else { "" };
                format!("{}{mark}: {}", key(&field.name), self.shape(&field.value, docs.part(at)))
            })
            .collect();
        let line = format!("{{{}}}", all.join(", "));
        let told = docs.parts.iter().any(|docs| docs.text.is_some());
        if !told && line.len() <= WIDE && !line.contains('\n') {
            return line;
        }
        let lines = all.iter().enumerate().map(|(at, field)| commented(docs.part(at), field) + ",");
        format!("{{{}}}", block(lines))
    }
}

/// Lines between brackets, indented.
fn block(lines: impl Iterator<Item = String>) -> String {
    let lines: Vec<String> = lines.map(|line| format!("  {}", line.replace('\n', "\n  "))).collect();
    format!("\n{}\n", lines.join("\n"))
}

fn comment(docs: &Docs) -> String {
    docs.text.iter().flat_map(|text| text.lines()).map(|line| format!("// {line}\n")).collect()
}

fn commented(docs: &Docs, text: &str) -> String {
    comment(docs) + text
}

/// A type and its bounds, in words.
fn limited<N: std::fmt::Display>(word: &str, min: Option<N>, max: Option<N>, of: &str) -> String {
    match (min, max) {
        (None, None) => word.to_owned(),
        (Some(min), None) => format!("{word} (at least {min}{of})"),
        (None, Some(max)) => format!("{word} (at most {max}{of})"),
        (Some(min), Some(max)) => format!("{word} ({min} to {max}{of})"),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn on_one_line(schema: &str) -> String {
    serde_json::from_str::<serde_json::Value>(schema)
        .map_or_else(|_| schema.to_owned(), |json| json.to_string())
}

/// The named types in a spec, each once, in order.
fn refs(spec: &Spec, out: &mut Vec<usize>) {
    if let Spec::Ref { def } = spec
        && !out.contains(def)
    {
        out.push(*def);
    }
    spec.parts().into_iter().for_each(|part| refs(part, out));
}
