//! The words of the language, and of its neighbours.
//!
//! Only words that begin statements or join expressions are reserved. The grammar holds the same list;
//! a test compares the two.

/// Reserved everywhere but after `.`, as record keys, and as names of options and arguments.
pub const RESERVED: &[&str] = &[
    "agent",
    "and",
    "as",
    "aside",
    "assistant",
    "break",
    "call",
    "const",
    "continue",
    "else",
    "embed",
    "expect",
    "fail",
    "false",
    "fn",
    "for",
    "fork",
    "gen",
    "if",
    "import",
    "in",
    "let",
    "not",
    "null",
    "or",
    "print",
    "repeat",
    "return",
    "select",
    "system",
    "true",
    "try",
    "type",
    "user",
    "while",
    "with",
    "yield",
];

/// Words in their own constructs only.
pub const CONTEXTUAL: &[&str] = &[
    "input", "model", "test", "tool", "max", "by", "from", "needs", "exec", "http", "mcp", "json", "map",
    "schema", "grammar", "copy", "one_of", "context", "script",
];

/// Reserved words after which a statement may end.
const ENDING: &[&str] = &["break", "continue", "true", "false", "null", "return", "yield", "print"];

/// Words that never begin a statement.
const JOINING: &[&str] =
    &["and", "or", "not", "in", "as", "else", "with", "by", "from", "needs", "max", "true", "false", "null"];

/// Words that can only begin a statement, unless they are a key, an option's or an argument's name.
const ONLY_BEGINNING: &[&str] = &[
    "agent",
    "assistant",
    "break",
    "const",
    "continue",
    "expect",
    "fail",
    "fn",
    "for",
    "import",
    "let",
    "print",
    "repeat",
    "return",
    "system",
    "try",
    "type",
    "user",
    "while",
    "yield",
];

/// Words that stand before a name at top level only.
const ITEM_ONLY: &[&str] = &["agent", "const", "fn", "import", "type"];

/// Whether a word is reserved.
pub fn is_reserved(word: &str) -> bool {
    RESERVED.binary_search(&word).is_ok()
}

/// Whether a line that ends with this word may be a whole statement.
pub(super) fn may_end_statement(word: &str) -> bool {
    ENDING.contains(&word) || !(is_reserved(word) || CONTEXTUAL.contains(&word))
}

/// Whether a line that begins with this word may be a new statement.
pub(super) fn may_begin_statement(word: &str) -> bool {
    !JOINING.contains(&word)
}

/// Whether a text that follows a value goes on with the expression or the statement around it.
pub(super) fn joins(text: &str) -> bool {
    let mut words = text.split_whitespace();
    match words.next() {
        Some("not") => words.next() == Some("in"),
        Some("true" | "false" | "null") | None => false,
        Some(word) => JOINING.contains(&word),
    }
}

/// Whether the word surely begins a statement at the start of a line, whatever stands before it.
pub(super) fn must_begin_statement(word: &str) -> bool {
    ONLY_BEGINNING.binary_search(&word).is_ok()
}

/// Whether the word, before a name, can only begin a top-level item.
pub(super) fn is_item_only(word: &str) -> bool {
    ITEM_ONLY.contains(&word)
}

/// What to write instead of a statement word of another language.
pub(super) fn foreign_statement(word: &str) -> Option<&'static str> {
    Some(match word {
        "elif" | "elseif" | "elsif" => "write `else if`",
        "def" | "func" | "function" | "fun" => "functions are declared with `fn NAME(…) { … }`",
        "var" | "set" => "variables are declared with `let`",
        "foreach" => "write `for x in xs { … }`",
        "loop" => "write `repeat N { … }`: every loop has a bound",
        "switch" | "match" | "case" => "write `if … { … } else if … { … }`",
        "class" | "struct" | "interface" => "records are declared with `type NAME { field: TYPE }`",
        "async" | "await" => "calls wait by themselves; leave the word out",
        "raise" | "throw" => "write `fail \"message\"`",
        "except" | "catch" => {
            "errors cannot be caught yet: ask with `if` before, or end the run with `fail \"message\"`"
        }
        "assert" => "write `expect condition, \"message\"`",
        "endif" | "endfor" | "end" => "blocks end with `}`",
        _ => return None,
    })
}

/// What to write instead of a sign of another language.
pub(super) fn foreign_sign(sign: &str) -> (&'static str, &'static str) {
    match sign {
        ";" => ("statements do not end with `;`", "leave it out: a new line is enough"),
        "&&" => ("`&&` is not an operator", "write `and`"),
        "||" => ("`||` is not an operator", "write `or`, or `??` for a default in place of null"),
        "!" => ("`!` is not an operator", "write `not`"),
        "//" => ("`//` does not begin a comment", "comments begin with `#`; a division is a single `/`"),
        "**" => ("`**` is not an operator", "multiply with `*`"),
        "++" => ("`++` is not an operator", "write `x += 1`"),
        "--" => ("`--` is not an operator", "write `x = x - 1`; a comment begins with `#`"),
        "===" => ("`===` is not an operator", "write `==`"),
        "`" => ("a backtick does not begin a string", "write the text in double quotes: \"…\""),
        _ => ("this sign has no meaning here", "remove it, or put it into a string"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_words_are_sorted() {
        assert!(RESERVED.is_sorted() && ONLY_BEGINNING.is_sorted());
    }
}
