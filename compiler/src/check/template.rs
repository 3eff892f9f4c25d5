//! Marks of other template languages in prompt text, where only `{{` has a meaning: `{x}`, `${x}`, `{% if x
//! %}` and `[X]`.

use super::Checker;
use crate::ast::{Part, Text};
use crate::diag::Diag;
use crate::source::Span;

/// What to write in place of a tag.
pub(super) const HINT: &str = "`{% … %}` has no meaning in a text: close the string, write if x { \"…\" } or for x in xs { \"…\" }, and go on";

/// Words that a tag of Jinja begins with.
const TAGS: &[&str] = &["if", "elif", "else", "endif", "for", "endfor", "set", "include", "macro", "block"];

/// How many marks of a kind are looked at in a piece of text.
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

/// The plain names between a sign and its partner, and what stands before the sign.
fn names_between<'t>(
    literal: &'t str,
    open: char,
    close: char,
) -> impl Iterator<Item = (&'t str, &'t str)> + 't {
    literal.match_indices(open).take(MOST).filter_map(move |(at, _)| {
        let (name, _) = literal[at + 1..].split_once(close)?;
        let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        plain.then(|| (name, &literal[..at]))
    })
}

impl Checker<'_> {
    /// `{name}` in text, where `name` is a variable: probably a hole was meant. `[NAME]` is remembered: if
    /// there is no `NAME`, it should have been generated here.
    pub(super) fn look_for_marks(&mut self, literal: &str, span: Span) {
        let known = names_between(literal, '{', '}')
            .filter(|(name, _)| self.body.local(name).is_some() || self.body.captures.contains_key(*name));
        let known: Vec<(&str, &str)> = known.collect();
        // That nothing else reads them goes without saying.
        let vars = known.iter().filter_map(|(name, _)| self.body.variable(name));
        let places: Vec<Span> = vars.map(|var| self.body.place(var)).collect();
        self.named_places.extend(places);
        if let Some((name, before)) = known.first() {
            let sign = if before.ends_with('$') { "$" } else { "" };
            let message = format!("`{sign}{{{name}}}` is plain text here, and `{name}` is a variable");
            let instead = if sign.is_empty() { "" } else { ", without the `$`" };
            let hint = format!("write {{{{ {name} }}}} to insert its value{instead}");
            self.report(Diag::new("W0001", span, message).hint(hint));
        }
        let brackets = names_between(literal, '[', ']').map(|(name, _)| name);
        let shouted = brackets.filter(|name| !name.contains(char::is_lowercase));
        self.body.bracketed.extend(shouted.map(str::to_owned));
    }
}
