//! Values that are read from the holes of templates: records of what the named ones took.
//!
//! A type alone does not say which part of a text is whose: the constraint does, with the values that its own holes had. So
//! a generated text is first taken apart along its constraint, and what comes of it is then a value of the type, as any other.
//! Of a union it is the first member that admits the text or value.

use std::rc::Rc;

use agentc_compiler::ir::Ty;
use agentc_constraint::spec::{Field, Piece, Spec};
use agentc_constraint::{Limits, MatchError, Pattern, TemplateReader, build};
use rustc_hash::FxHashMap;

use super::Value;
use super::read::{ReadError, Reading};

/// Constraints within constraints that are followed at most: one that names itself needs a value to do so.
const LEVELS: usize = 2000;

/// Whether a constraint has named holes somewhere.
pub(crate) fn has_named_holes(spec: &Spec) -> bool {
    match spec {
        Spec::Template { parts } if parts.iter().any(is_named) => true,
        _ => spec.parts().into_iter().any(has_named_holes),
    }
}

/// Reads a text that was generated under a constraint, whose holes had these values.
///
/// # Errors
/// [`ReadError`].
pub(crate) fn read(
    reading: &Reading<'_>,
    (spec, bindings, limits): (&Spec, &[Vec<String>], &Limits),
    text: &str,
    (ty, json): (&Ty, bool),
) -> Result<Value, ReadError> {
    let spec = if let Spec::Until { value, .. } = spec { value } else { spec };
    let mut parts = Parts {
        reading: *reading,
        bindings,
        limits,
        defs: Vec::new(),
        readers: FxHashMap::default(),
        patterns: FxHashMap::default(),
        tried: FxHashMap::default(),
        level: 0,
        failed: None,
    };
    let value = match json {
        true => parts.json(spec, &reading.from_json(text)?),
        false => parts.text(spec, text, true),
    };
    match (value, parts.failed) {
        (_, Some(error)) => Err(ReadError::Template(error)),
        (Some(value), None) => reading.fit(&value, ty, true),
        (None, None) => Err(ReadError::NotOfType),
    }
}

/// What is known of the parts of a constraint, by their places in memory.
struct Parts<'s> {
    reading: Reading<'s>,
    bindings: &'s [Vec<String>],
    limits: &'s Limits,
    /// The definitions in sight, the innermost last.
    defs: Vec<&'s [Spec]>,
    readers: FxHashMap<usize, Option<Rc<TemplateReader>>>,
    patterns: FxHashMap<usize, Option<Pattern>>,
    /// What came of lists and records under a constraint that is named.
    tried: FxHashMap<(usize, usize), Option<Value>>,
    level: usize,
    failed: Option<MatchError>,
}

impl<'s> Parts<'s> {
    /// The value of a text; whether the constraint admits it is only asked where that is not sure.
    fn text(&mut self, spec: &'s Spec, text: &str, sure: bool) -> Option<Value> {
        match spec {
            Spec::Union { members } => {
                let last = members.len().saturating_sub(1);
                let mut members = members.iter().enumerate();
                members.find_map(|(at, member)| self.text(member, text, sure && at == last))
            }
            Spec::Template { parts } if parts.iter().any(is_named) => self.record(spec, parts, text),
            Spec::Defs { defs, root } => self.within(defs, |parts| parts.text(root, text, sure)),
            _ if !sure && !self.admits(spec, text) => None,
            Spec::Int { .. } => text.parse().ok().map(Value::Int),
            Spec::Float { .. } => text.parse().ok().filter(|x: &f64| x.is_finite()).map(Value::Float),
            Spec::Bool => text.parse().ok().map(Value::Bool),
            Spec::Constant { .. } => self.reading.from_json(text).ok(),
            Spec::Text { .. }
            | Spec::Literal { .. }
            | Spec::Regex { .. }
            | Spec::OneOf { .. }
            | Spec::Copy { .. }
            | Spec::Grammar { .. }
            | Spec::Template { .. }
            | Spec::And { .. }
            | Spec::Not { .. }
            | Spec::Having { .. }
            | Spec::Until { .. } => Some(Value::str(text)),
            Spec::Json
            | Spec::JsonOf { .. }
            | Spec::Flexible { .. }
            | Spec::Object { .. }
            | Spec::Array { .. }
            | Spec::Map { .. }
            | Spec::Schema { .. }
            | Spec::Ref { .. } => self.reading.from_json(text).ok().and_then(|value| self.json(spec, &value)),
        }
    }

    fn record(&mut self, spec: &'s Spec, parts: &'s [Piece], text: &str) -> Option<Value> {
        let reader = self.reader(spec, parts)?;
        let ranges = match reader.read(text) {
            Ok(ranges) => ranges?,
            Err(error) => {
                self.failed = Some(error);
                return None;
            }
        };
        let holes = parts.iter().filter_map(|part| match part {
            Piece::Text { .. } => None,
            Piece::Hole { name, value } => Some((name, value)),
        });
        let mut fields = Vec::new();
        for ((name, value), range) in holes.zip(ranges) {
            if let Some(name) = name {
                fields.push((name.clone(), self.text(value, text.get(range)?, true)?));
            }
        }
        Some(Value::record(fields))
    }

    fn reader(&mut self, spec: &'s Spec, parts: &'s [Piece]) -> Option<Rc<TemplateReader>> {
        let (bindings, limits) = (self.bindings, self.limits);
        let made = || TemplateReader::new(parts, bindings, limits).ok().map(Rc::new);
        self.readers.entry(place(spec)).or_insert_with(made).clone()
    }

    fn admits(&mut self, spec: &'s Spec, text: &str) -> bool {
        let (bindings, limits) = (self.bindings, self.limits);
        let pattern = self.patterns.entry(place(spec)).or_insert_with(|| build(spec, bindings, limits).ok());
        pattern.as_ref().is_some_and(|pattern| pattern.is_match(text.as_bytes()))
    }

    fn within<T>(&mut self, defs: &'s [Spec], inside: impl FnOnce(&mut Self) -> T) -> T {
        self.defs.push(defs);
        let value = inside(self);
        self.defs.pop();
        value
    }

    /// A value that was written in JSON.
    fn json(&mut self, spec: &'s Spec, value: &Value) -> Option<Value> {
        if self.level >= LEVELS {
            return None;
        }
        self.level += 1;
        let read = self.json_within(spec, value);
        self.level -= 1;
        read
    }

    fn json_within(&mut self, spec: &'s Spec, value: &Value) -> Option<Value> {
        match (spec, value) {
            (Spec::JsonOf { value: inner } | Spec::Flexible { value: inner }, _) => self.json(inner, value),
            (Spec::Union { members }, _) => members.iter().find_map(|member| self.json(member, value)),
            (Spec::Defs { defs, root }, _) => self.within(defs, |parts| parts.json(root, value)),
            (Spec::Ref { def }, _) => self.named(*def, value),
            (Spec::Json | Spec::Schema { .. }, _)
            | (Spec::Bool, Value::Bool(_))
            | (Spec::Float { .. }, Value::Int(_) | Value::Float(_) | Value::Number(_)) => Some(value.clone()),
            (Spec::Int { min, max }, Value::Int(n)) => {
                let fits = min.is_none_or(|min| *n >= min) && max.is_none_or(|max| *n <= max);
                fits.then(|| value.clone())
            }
            (Spec::Constant { text }, _) => {
                (self.reading.from_json(text).as_ref() == Ok(value)).then(|| value.clone())
            }
            (Spec::Object { fields }, Value::Record(values)) => self.object(fields, values),
            (Spec::Array { item, .. }, Value::List(items)) => {
                let items: Option<Vec<Value>> = items.iter().map(|value| self.json(item, value)).collect();
                items.map(Value::list)
            }
            (Spec::Map { value: item }, Value::Record(values)) => {
                let field = |(name, value): &(String, Value)| Some((name.clone(), self.json(item, value)?));
                values.iter().map(field).collect::<Option<Vec<_>>>().map(Value::record)
            }
            // What is written as a string.
            (
                Spec::Text { .. }
                | Spec::Literal { .. }
                | Spec::Regex { .. }
                | Spec::OneOf { .. }
                | Spec::Copy { .. }
                | Spec::Grammar { .. }
                | Spec::Template { .. }
                | Spec::And { .. }
                | Spec::Not { .. }
                | Spec::Having { .. },
                Value::Str(text),
            ) => self.text(spec, text, false),
            _ => None,
        }
    }

    fn object(&mut self, fields: &'s [Field], values: &[(String, Value)]) -> Option<Value> {
        let required = |field: &Field| field.optional || values.iter().any(|(name, _)| *name == field.name);
        if values.len() > fields.len() || !fields.iter().all(required) {
            return None;
        }
        let mut out = Vec::with_capacity(values.len());
        for (name, value) in values {
            let field = fields.iter().find(|field| field.name == *name)?;
            out.push((name.clone(), self.json(&field.value, value)?));
        }
        Some(Value::record(out))
    }

    /// What has been tried is not tried again: so unions of types that contain themselves cost no more than their size.
    fn named(&mut self, def: usize, value: &Value) -> Option<Value> {
        let defs: &'s [Spec] = self.defs.last()?;
        let spec = defs.get(def)?;
        let address = match value {
            Value::List(items) if !items.is_empty() => items.as_ptr() as usize,
            Value::Record(fields) if !fields.is_empty() => fields.as_ptr() as usize,
            _ => return self.json(spec, value),
        };
        if let Some(known) = self.tried.get(&(address, place(spec))) {
            return known.clone();
        }
        let read = self.json(spec, value);
        self.tried.insert((address, place(spec)), read.clone());
        read
    }
}

fn is_named(part: &Piece) -> bool {
    matches!(part, Piece::Hole { name: Some(_), .. })
}

fn place(spec: &Spec) -> usize {
    std::ptr::from_ref(spec) as usize
}

#[cfg(test)]
mod tests {
    use agentc_compiler::ir::Field as Typed;

    use super::*;

    fn hole(name: &str, value: Spec) -> Piece {
        Piece::Hole { name: Some(name.to_owned()), value }
    }

    fn text(text: &str) -> Piece {
        Piece::Text { text: text.to_owned() }
    }

    /// `"{{ d: int }}.{{ m: … }}"`
    fn day(month: Spec) -> Spec {
        let day = Spec::Int { min: Some(1), max: Some(31) };
        Spec::Template { parts: vec![hole("d", day), text("."), hole("m", month)] }
    }

    fn month() -> Spec {
        Spec::Int { min: Some(1), max: Some(12) }
    }

    fn any() -> Spec {
        Spec::Text { min: 0, max: None }
    }

    fn value(spec: &Spec, text: &str, json: bool) -> Result<String, ReadError> {
        let reading = Reading { types: &[], depth: 100, size: 1 << 20 };
        let bindings = [vec!["x".to_owned(), "5".to_owned()]];
        let read = read(&reading, (spec, &bindings, &Limits::default()), text, (&Ty::Any, json));
        read.map(|value| value.to_string())
    }

    #[test]
    fn texts_are_taken_apart() {
        assert_eq!(value(&day(month()), "24.12", false).as_deref(), Ok(r#"{"d": 24, "m": 12}"#));
        assert_eq!(value(&day(month()), "24.13", false), Err(ReadError::NotOfType));
        let either = Spec::Union { members: vec![month(), Spec::OneOf { hole: 0 }, any()] };
        assert_eq!(value(&day(either.clone()), "1.5", false).as_deref(), Ok(r#"{"d": 1, "m": 5}"#));
        assert_eq!(value(&day(either.clone()), "1.05", false).as_deref(), Ok(r#"{"d": 1, "m": "05"}"#));
        assert_eq!(
            value(&day(day(either)), "1.2.x", false).as_deref(),
            Ok(r#"{"d": 1, "m": {"d": 2, "m": "x"}}"#)
        );
        let decimal = Spec::Float { min: None, max: None };
        assert_eq!(value(&day(decimal), "1.2.50", false).as_deref(), Ok(r#"{"d": 1, "m": 2.5}"#));
    }

    #[test]
    fn strings_in_json_are_taken_apart() {
        let list = Spec::Array { item: Box::new(day(any())), min: 0, max: None };
        assert_eq!(
            value(&list, r#"["1.\"", "2."]"#, true).as_deref(),
            Ok(r#"[{"d": 1, "m": "\""}, {"d": 2, "m": ""}]"#)
        );
        let field = |name: &str, value| Field { name: name.to_owned(), value, optional: false };
        let a = Spec::Object { fields: vec![field("a", day(month()))] };
        let b = Spec::Object { fields: vec![field("a", any())] };
        let either = Spec::Union { members: vec![Spec::Bool, a, b, Spec::Constant { text: "null".into() }] };
        assert_eq!(value(&either, r#"{"a": "3.4"}"#, true).as_deref(), Ok(r#"{"a": {"d": 3, "m": 4}}"#));
        assert_eq!(value(&either, r#"{"a": "3,4"}"#, true).as_deref(), Ok(r#"{"a": "3,4"}"#));
        assert_eq!(value(&either, "null", true).as_deref(), Ok("null"));
        assert_eq!(value(&either, "3", true), Err(ReadError::NotOfType));
    }

    /// Two members that differ in their last field only: trying both at each level doubles the work.
    #[test]
    fn unions_of_recursive_types_are_not_exponential() {
        let field = |name: &str, value| Field { name: name.to_owned(), value, optional: false };
        let next =
            || Spec::Union { members: vec![Spec::Ref { def: 0 }, Spec::Constant { text: "null".into() }] };
        let member = |end: &str| Spec::Object {
            fields: vec![
                field("next", next()),
                field("kind", Spec::Template { parts: vec![hole("n", month()), text(end)] }),
            ],
        };
        let defs = vec![Spec::Union { members: vec![member("a"), member("b")] }];
        let spec = Spec::Defs { defs, root: Box::new(Spec::Ref { def: 0 }) };
        let (mut json, mut expected) = ("null".to_owned(), "null".to_owned());
        for _ in 0..40 {
            json = format!(r#"{{"next": {json}, "kind": "7b"}}"#);
            expected = format!(r#"{{"next": {expected}, "kind": {{"n": 7}}}}"#);
        }
        assert_eq!(value(&spec, &json, true), Ok(expected));
        let looped = Spec::Defs { defs: vec![Spec::Ref { def: 0 }], root: Box::new(spec) };
        assert!(has_named_holes(&looped));
    }

    #[test]
    fn what_is_taken_has_the_type() {
        let reading = Reading { types: &[], depth: 100, size: 1 << 20 };
        let field = |name: &str, ty| Typed { name: name.into(), ty, optional: false };
        let ty = Ty::Record(vec![field("d", Ty::Int), field("m", Ty::Float)]);
        let known = (&day(month()), &[][..], &Limits::default());
        assert_eq!(
            read(&reading, known, "1.2", (&ty, false)).map(|value| value.to_string()),
            Ok(r#"{"d": 1, "m": 2.0}"#.into())
        );
        assert_eq!(read(&reading, known, "1.2", (&Ty::Str, false)), Err(ReadError::NotOfType));
    }
}
