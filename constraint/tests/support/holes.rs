//! What the holes of a template take, as the rule says: every end is tried, the farthest first.

use agentc_conformance::naive::{Naive, Reference};
use agentc_constraint::spec::{Piece, Spec};

/// `None` if the text is none of the template's.
pub fn taken<'t>(parts: &[Piece], bindings: &[Vec<String>], text: &'t str) -> Option<Vec<&'t str>> {
    let is_in = |spec: Spec, text: &str| {
        let naive = Naive::new(&Reference::Spec(spec, bindings.to_vec()));
        naive.is_ok_and(|mut naive| naive.is_match(text.as_bytes()))
    };
    if !is_in(Spec::Template { parts: parts.to_vec() }, text) {
        return None;
    }
    let (mut rest, mut taken) = (text, Vec::new());
    for (at, part) in parts.iter().enumerate() {
        let behind = Spec::Template { parts: parts[at + 1..].to_vec() };
        let value = match part {
            Piece::Text { text } => {
                rest = rest.strip_prefix(text.as_str())?;
                continue;
            }
            Piece::Hole { value, .. } => value,
        };
        let fits = |end: &usize| {
            rest.is_char_boundary(*end)
                && is_in(value.clone(), &rest[..*end])
                && is_in(behind.clone(), &rest[*end..])
        };
        let end = (0..=rest.len()).rev().find(fits)?;
        taken.push(&rest[..end]);
        rest = &rest[end..];
    }
    Some(taken)
}
