//! Marks of other template languages in prompt text, where only `{{` has a meaning: `{x}`, `${x}`, `{% if x
//! %}` and `[X]`.

use super::Checker;
use crate::ast::{Part, Text};
use crate::diag::Diag;
use crate::resolve::names_between;
use crate::source::Span;

/// What to write in place of a tag.
pub(super) const HINT: &str = "`{% … %}` has no meaning in a text: close the string, write if x { \"…\" } or for x in xs { \"…\" }, and go on";

/// Words that a tag of Jinja begins with.
const TAGS: &[&str] = &["if", "elif", "else", "endif", "for", "endfor", "set", "include", "macro", "block"];

/// How many tags are looked at in a piece of text.
const MOST: usize = 20;

/// The first `{% … %}` in a text, and where it stands.
pub(super) fn tag(text: &Text) -> Option<(&str, Span)> {
    let literals = text.parts.iter().filter_map(|part| match part {
        Part::Lit(literal, span) => Some((literal.as_str(), *span)),
        _ => None,
    });
    let mut found = literals.filter_map(|(literal, span)| Some((tag_in(literal)?, span)));
    found.next()
}

fn tag_in(literal: &str) -> Option<&str> {
    let mut opened = literal.match_indices("{%").take(MOST);
    opened.find_map(|(at, _)| {
        let tag = &literal[at..];
        let tag = &tag[..tag.find("%}")? + 2];
        let word = tag.trim_start_matches(['{', '%', '-', '+', ' ']).split(' ').next().unwrap_or("");
        (TAGS.contains(&word) && !tag.contains('\n')).then_some(tag)
    })
}

/// Offers a hole in place of what only looks like one; where it stands is known from the source alone.
pub(crate) fn with_hole(diag: Diag, text: &str) -> Diag {
    let sign = diag.message.split('`').nth(1).unwrap_or("").to_owned();
    let (start, end) = (diag.span.start as usize, diag.span.end as usize);
    let name = sign.trim_start_matches('$').trim_start_matches('{').trim_end_matches('}');
    match text.get(start..end).and_then(|text| text.find(&sign)) {
        Some(at) if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            let place = Span::new(diag.span.file, start + at, start + at + sign.len());
            diag.fixable(place, format!("{{{{ {name} }}}}"))
        }
        _ => diag,
    }
}

impl Checker<'_> {
    /// `{name}` in text, where `name` is a variable: probably a hole was meant. `[NAME]` is remembered: if
    /// there is no `NAME`, it should have been generated here.
    pub(super) fn look_for_marks(&mut self, literal: &str, span: Span) {
        let names = self.program.names;
        let marked = |name: &str| {
            let mut defs = names.marked_in(span).iter().filter_map(|id| names.definition(*id));
            defs.any(|def| def.name == name)
        };
        let known = names_between(literal, '{', '}').find(|(name, _)| marked(name));
        if let Some((name, before)) = known {
            let sign = if before.ends_with('$') { "$" } else { "" };
            let message = format!("`{sign}{{{name}}}` is plain text here, and `{name}` is a variable");
            let instead = if sign.is_empty() { "" } else { ", without the `$`" };
            let hint = format!("write {{{{ {name} }}}} to insert its value{instead}");
            self.report(Diag::new("W0001", span, message).hint(hint));
        }
        let brackets = names_between(literal, '[', ']').map(|(name, _)| name);
        let shouted = brackets.filter(|name| !name.contains(char::is_lowercase));
        self.body.doubts.bracketed.extend(shouted.map(str::to_owned));
    }
}
