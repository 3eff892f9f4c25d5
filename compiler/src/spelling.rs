//! Small parts of programs in the language's own notation, for messages and readable forms.

use std::fmt::{self, Write as _};

/// Writes a readable form part by part to a text, which cannot fail.
pub(crate) trait Writes {
    /// The text so far.
    fn out(&mut self) -> &mut String;

    fn put(&mut self, text: impl fmt::Display) {
        let _ = write!(self.out(), "{text}");
    }

    /// Parts with something between them.
    fn joined<T>(
        &mut self,
        between: &str,
        parts: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        for (at, part) in parts.into_iter().enumerate() {
            self.put(if at > 0 { between } else { "" });
            write(self, part);
        }
    }

    /// Parts with commas between them and brackets around.
    fn listed<T>(
        &mut self,
        [open, close]: [&str; 2],
        parts: impl IntoIterator<Item = T>,
        write: impl FnMut(&mut Self, T),
    ) {
        self.put(open);
        self.joined(", ", parts, write);
        self.put(close);
    }

    /// A string of parts.
    fn quoted<T>(&mut self, parts: impl IntoIterator<Item = T>, write: impl FnMut(&mut Self, T)) {
        self.put('"');
        self.joined("", parts, write);
        self.put('"');
    }

    /// The hole of a string.
    fn hole(&mut self, write: impl FnOnce(&mut Self)) {
        self.put("{{ ");
        write(self);
        self.put(" }}");
    }
}

/// A text as it stands between quotes, escapes and braces included.
pub(crate) fn escaped(text: &str) -> String {
    let quoted = format!("{text:?}");
    let inner = quoted.get(1..quoted.len() - 1).unwrap_or("");
    inner.replace("{{", "\\{{")
}

/// The name of a field, in quotes if it is no word.
pub(crate) fn key(name: &str) -> String {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let plain = name.chars().all(word) && name.starts_with(|c: char| !c.is_numeric());
    if plain { name.to_owned() } else { format!("\"{}\"", escaped(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_can_be_read_back() {
        assert_eq!(key("a_1é"), "a_1é");
        assert_eq!(key("1a"), "\"1a\"");
        assert_eq!(key("a b"), "\"a b\"");
        assert_eq!(key(""), "\"\"");
        assert_eq!(escaped("it's \"x\"\n{{ y }}"), "it's \\\"x\\\"\\n\\{{ y }}");
    }
}
