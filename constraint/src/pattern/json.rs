//! Values in JSON: the texts that [`Spec`]s represent inside objects and arrays.
//!
//! Each value has one text, except for the order of a map's keys: `", "` and `": "` are the separators,
//! fields come in the order of their declaration, and a string escapes only what must be escaped, in its
//! shortest form. So a regex on a decoded string is a regex on its text, with some characters replaced.

use regex_syntax::hir::{Dot, Hir};

use super::compile::{Compiler, bound, parse, written_char};
use super::nfa::SLOTS;
use super::program::{Inst, Pc, RuleId};
use crate::error::BuildError;
use crate::spec::{Field, Spec};

/// Spaces that may stand at the beginning of a line.
const MOST_INDENTED: usize = 32;

impl<'s> Compiler<'s, '_, '_> {
    /// The values of a spec in JSON, then `next`.
    pub(super) fn json(&mut self, spec: &'s Spec, next: Pc) -> Result<Pc, BuildError> {
        match spec {
            Spec::Text { min, max } => {
                super::compile::check_bounds(*min, *max)?;
                self.string(next, |compiler, end| compiler.any_quoted(*min, *max, end))
            }
            Spec::Regex { pattern } => {
                let hir = parse(pattern)?;
                self.string(next, |compiler, end| compiler.quoted_hir(&hir, end))
            }
            Spec::Literal { text } => self.builder.text(string_text(text).as_bytes(), next),
            Spec::OneOf { hole } => {
                let texts: Vec<String> =
                    bound(self.bindings, *hole)?.iter().map(|t| string_text(t)).collect();
                self.texts(texts.iter().map(String::as_str), next)
            }
            Spec::Union { members } => {
                let starts: Result<Vec<Pc>, BuildError> =
                    members.iter().map(|member| self.json(member, next)).collect();
                self.split(starts?)
            }
            Spec::Object { fields } => self.object(fields, next),
            Spec::Array { item, min, max } => {
                self.array(*min, *max, next, &mut |compiler, end| compiler.json(item, end))
            }
            Spec::Map { value } => self.map(next, &mut |compiler, end| compiler.json(value, end)),
            Spec::Json => {
                let rule = self.any_json()?;
                self.builder.emit(Inst::Call(rule, next))
            }
            Spec::JsonOf { value } => self.json(value, next),
            Spec::Ref { def } => self.call_def(*def, next),
            Spec::Defs { defs, root } => self.with_defs(defs, |compiler| compiler.json(root, next)),
            Spec::Int { .. } | Spec::Float { .. } | Spec::Bool | Spec::Constant { .. } => {
                self.spec(spec, next)
            }
            Spec::Copy { hole } => self.string(next, |compiler, end| compiler.copy(*hole, written_char, end)),
            Spec::Schema { schema } => self.schema(schema, next),
            Spec::Grammar { .. }
            | Spec::Template { .. }
            | Spec::And { .. }
            | Spec::Not { .. }
            | Spec::Having { .. } => {
                self.string(next, |compiler, end| compiler.within_quotes(|compiler| compiler.spec(spec, end)))
            }
            Spec::Flexible { value } => self.flexible(value, next),
            Spec::Until { .. } => Err(BuildError::NotYet { what: "this type inside JSON" }),
        }
    }

    /// The values of a spec, whose JSON may have white space between its tokens.
    pub(super) fn flexible(&mut self, value: &'s Spec, next: Pc) -> Result<Pc, BuildError> {
        // Any JSON value is another rule here.
        let outside = (std::mem::replace(&mut self.spaced, true), self.any_json.take());
        let start = self.json(value, next);
        (self.spaced, self.any_json) = outside;
        start
    }

    /// What stands between items.
    pub(super) fn comma(&mut self, next: Pc) -> Result<Pc, BuildError> {
        if self.spaced { self.open(b',', next) } else { self.builder.text(b", ", next) }
    }

    /// What stands between a key and its value.
    pub(super) fn colon(&mut self, next: Pc) -> Result<Pc, BuildError> {
        let space = self.builder.byte(b' ', next)?;
        let space = if self.spaced { self.split(vec![space, next])? } else { space };
        self.builder.byte(b':', space)
    }

    /// A bracket, behind which white space may stand.
    pub(super) fn open(&mut self, bracket: u8, next: Pc) -> Result<Pc, BuildError> {
        let inside = if self.spaced { self.white_space(next)? } else { next };
        self.builder.byte(bracket, inside)
    }

    /// A bracket, before which white space may stand.
    pub(super) fn close(&mut self, bracket: u8, next: Pc) -> Result<Pc, BuildError> {
        let close = self.builder.byte(bracket, next)?;
        if self.spaced { self.white_space(close) } else { Ok(close) }
    }

    /// Nothing, a space, or a line break and an indentation: no model can go on with it for ever.
    fn white_space(&mut self, next: Pc) -> Result<Pc, BuildError> {
        let mut indented = next;
        for _ in 0..MOST_INDENTED {
            let deeper = self.builder.byte(b' ', indented)?;
            indented = self.split(vec![deeper, next])?;
        }
        let line = self.builder.byte(b'\n', indented)?;
        let space = self.builder.byte(b' ', next)?;
        self.split(vec![next, space, line])
    }

    /// A string of what `inside` emits.
    fn string(
        &mut self,
        next: Pc,
        inside: impl FnOnce(&mut Self, Pc) -> Result<Pc, BuildError>,
    ) -> Result<Pc, BuildError> {
        let end = self.builder.byte(b'"', next)?;
        let start = inside(self, end)?;
        self.builder.byte(b'"', start)
    }

    /// Any characters of a string in JSON, so many of them.
    pub(super) fn any_quoted(&mut self, min: u32, max: Option<u32>, next: Pc) -> Result<Pc, BuildError> {
        self.within_quotes(|compiler| compiler.repeat(&Hir::dot(Dot::AnyChar), min, max, next))
    }

    /// Fields in order. There are two ways to come to a field, with and without another before it, and its
    /// value is shared by both.
    fn object(&mut self, fields: &'s [Field], next: Pc) -> Result<Pc, BuildError> {
        let end = self.close(b'}', next)?;
        let (mut first, mut further) = (end, end);
        for field in fields.iter().rev() {
            let value = self.json(&field.value, further)?;
            let colon = self.colon(value)?;
            let key = self.builder.text(string_text(&field.name).as_bytes(), colon)?;
            let after = self.comma(key)?;
            (first, further) = if field.optional {
                (self.split(vec![key, first])?, self.split(vec![after, further])?)
            } else {
                (key, after)
            };
        }
        self.open(b'{', first)
    }

    /// Items that `item` emits, so many of them.
    fn array(
        &mut self,
        min: u32,
        max: Option<u32>,
        next: Pc,
        item: &mut dyn FnMut(&mut Self, Pc) -> Result<Pc, BuildError>,
    ) -> Result<Pc, BuildError> {
        super::compile::check_bounds(min, max)?;
        let end = self.close(b']', next)?;
        let items = match max {
            Some(0) => return self.open(b'[', end),
            None if min <= 1 => self.separated(end, item)?,
            _ => self.counted_items((min.max(1), max), end, item)?,
        };
        let start = if min == 0 { self.split(vec![items, end])? } else { items };
        self.open(b'[', start)
    }

    /// One item or more.
    fn separated(
        &mut self,
        end: Pc,
        item: &mut dyn FnMut(&mut Self, Pc) -> Result<Pc, BuildError>,
    ) -> Result<Pc, BuildError> {
        let head = self.builder.emit(Inst::NOWHERE)?;
        let first = item(self, head)?;
        let again = self.comma(first)?;
        self.builder.patch(head, Inst::Split(&[again, end]));
        Ok(first)
    }

    /// Counted items. Where loops nest deeper than there are slots, the item is a rule: it has slots of its own.
    fn counted_items(
        &mut self,
        (min, max): (u32, Option<u32>),
        end: Pc,
        item: &mut dyn FnMut(&mut Self, Pc) -> Result<Pc, BuildError>,
    ) -> Result<Pc, BuildError> {
        let bounds = (min, max.unwrap_or(super::nfa::UNBOUNDED));
        if self.builder.depth() >= SLOTS {
            let rule = self.inner_rule(&mut |compiler, end| {
                compiler.looped(bounds, end, &mut |compiler, round| item(compiler, round))
            })?;
            return self.builder.emit(Inst::Call(rule, end));
        }
        self.looped(bounds, end, item)
    }

    fn looped(
        &mut self,
        bounds: (u32, u32),
        end: Pc,
        item: &mut dyn FnMut(&mut Self, Pc) -> Result<Pc, BuildError>,
    ) -> Result<Pc, BuildError> {
        let open = self.builder.begin_loop(bounds, end)?;
        let first = item(self, open.round)?;
        let again = self.comma(first)?;
        self.builder.end_loop(open, first, again)
    }

    /// An object with any keys, none twice.
    fn map(
        &mut self,
        next: Pc,
        value: &mut dyn FnMut(&mut Self, Pc) -> Result<Pc, BuildError>,
    ) -> Result<Pc, BuildError> {
        let rule = self.inner_rule(&mut |compiler, next| compiler.members(next, value))?;
        self.builder.emit(Inst::Call(rule, next))
    }

    fn members(
        &mut self,
        next: Pc,
        value: &mut dyn FnMut(&mut Self, Pc) -> Result<Pc, BuildError>,
    ) -> Result<Pc, BuildError> {
        let end = self.close(b'}', next)?;
        let members = self.separated(end, &mut |compiler, next| {
            let value = value(compiler, next)?;
            let colon = compiler.colon(value)?;
            let from = compiler.builder.len();
            let colon = compiler.builder.byte(b'"', colon)?;
            let key = compiler.any_quoted(0, None, colon)?;
            compiler.builder.mark_keys(from);
            compiler.builder.byte(b'"', key)
        })?;
        let start = self.split(vec![members, end])?;
        self.open(b'{', start)
    }

    /// The rule of any JSON value, made the first time.
    fn any_json(&mut self) -> Result<RuleId, BuildError> {
        if let Some(rule) = self.any_json {
            return Ok(rule);
        }
        let rule = self.builder.declare();
        self.any_json = Some(rule);
        let start = self.outside_loops(|compiler| {
            let end = compiler.builder.emit(Inst::Accept)?;
            compiler.any_value(rule, end)
        })?;
        self.builder.define(rule, start);
        Ok(rule)
    }

    fn any_value(&mut self, rule: RuleId, next: Pc) -> Result<Pc, BuildError> {
        let text = self.string(next, |compiler, end| compiler.any_quoted(0, None, end))?;
        let decimal = self.regex(super::schema::ANY_DECIMAL, next)?;
        let whole = self.naturals(0, i64::MAX as u64, next)?;
        let negative = self.naturals(1, i64::MIN.unsigned_abs(), next)?;
        let negative = self.builder.byte(b'-', negative)?;
        let mut starts =
            vec![text, decimal, whole, negative, self.texts(["true", "false", "null"].into_iter(), next)?];
        let mut value = |compiler: &mut Self, next: Pc| compiler.builder.emit(Inst::Call(rule, next));
        starts.push(self.array(0, None, next, &mut value)?);
        starts.push(self.map(next, &mut value)?);
        self.split(starts)
    }
}

/// The text of a string in JSON.
pub(super) fn string_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match escaped(c) {
            Some(escape) => out.push_str(&escape),
            None => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The same without its quotes.
pub(super) fn quoted_text(text: &str) -> String {
    let mut text = string_text(text);
    text.pop();
    text.split_off(1)
}

/// How a character is written in a string that must not stand there as it is.
pub(super) fn escaped(c: char) -> Option<String> {
    Some(match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\u{8}' => "\\b".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        c if c < ' ' => format!("\\u{:04x}", c as u32),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_written_as_serde_json_does() {
        let all: String = (0..0x250u32).filter_map(char::from_u32).collect();
        assert_eq!(string_text(&all), serde_json::to_string(&all).expect("a string"));
    }
}
