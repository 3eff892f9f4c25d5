//! Small parts of programs as they are written, for messages and readable forms.

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
