//! The names of a grammar: each has a number, and the first place where it is used.

use rustc_hash::FxHashMap;

use super::{Definition, Fault, Name, Span};

/// Names that are compared with one that is not defined.
const COMPARED: usize = 10_000;

/// See the module's description.
#[derive(Debug, Default)]
pub(super) struct Names<'t> {
    texts: Vec<&'t str>,
    index: FxHashMap<&'t str, Name>,
    used: Vec<Option<Span>>,
}

impl<'t> Names<'t> {
    pub(super) fn get(&mut self, text: &'t str) -> Name {
        let next = self.texts.len() as Name;
        let name = *self.index.entry(text).or_insert(next);
        if name == next {
            self.texts.push(text);
            self.used.push(None);
        }
        name
    }

    /// The name, used at a place.
    pub(super) fn used_at(&mut self, text: &'t str, span: Span) -> Name {
        let name = self.get(text);
        self.used[name as usize].get_or_insert(span);
        name
    }

    pub(super) fn text(&self, name: Name) -> &'t str {
        self.texts.get(name as usize).copied().unwrap_or_default()
    }

    /// Where a name is used first.
    pub(super) fn place(&self, name: Name) -> Span {
        self.used.get(name as usize).copied().flatten().unwrap_or(Span { from: 0, to: 0 })
    }

    /// Finds names that are used and not defined.
    pub(super) fn check(&self, definitions: &[Option<Definition>]) -> Result<(), Fault> {
        let is_defined = |name: usize| definitions.get(name).is_some_and(Option::is_some);
        for (name, used) in self.used.iter().enumerate() {
            if let Some(span) = *used
                && !is_defined(name)
            {
                let text = self.texts[name];
                let known = self.texts.iter().enumerate().filter(|(at, _)| is_defined(*at));
                let near = nearest(text, known.map(|(_, text)| *text));
                let hint = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "define it, or put a text in quotes".to_owned(),
                };
                return Err(Fault { span, reason: format!("`{text}` is not defined"), hint });
            }
        }
        Ok(())
    }
}

/// The name that is most like another, if one is: at most a third of it has to change.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let most = (name.chars().count() / 3).max(1);
    let near = known.take(COMPARED).filter(|other| other.len().abs_diff(name.len()) <= 4 * most);
    near.map(|other| (changes(name, other), other)).filter(|near| near.0 <= most).min().map(|near| near.1)
}

/// Characters to add, take out or replace, of at most 64.
fn changes(a: &str, b: &str) -> usize {
    const LONGEST: usize = 64;
    let fold =
        |text: &str| -> Vec<char> { text.chars().flat_map(char::to_lowercase).take(LONGEST).collect() };
    let (a, b) = (fold(a), fold(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn names_that_are_alike_are_found() {
        let known = ["value", "string", "number", "ws"];
        assert_eq!(nearest("values", known.into_iter()), Some("value"));
        assert_eq!(nearest("vertical", known.into_iter()), None);
        assert_eq!(nearest("valu", known.into_iter()), Some("value"));
        assert_eq!(nearest("String", known.into_iter()), Some("string"));
        assert_eq!(nearest("w", known.into_iter()), Some("ws"));
        assert_eq!(nearest("x", known.into_iter()), None);
    }
}
