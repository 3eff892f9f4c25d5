//! Names between signs in a text, such as the `x` of `{x}` and `[x]`: what other template languages mean by
//! them is looked at by the checker.

/// How many of a kind are looked at in a piece of text.
const MOST: usize = 20;

/// The plain names between a sign and its partner, and what stands before the sign.
pub(crate) fn names_between<'t>(
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
