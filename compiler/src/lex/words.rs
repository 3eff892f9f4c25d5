//! The words of the language, and of its neighbours.
//!
//! Only words that begin statements or join expressions are reserved. The grammar contains the same list; a
//! test compares the two.

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
    "match",
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
    "schema", "grammar", "copy", "one_of", "contains", "starts", "ends", "context", "script",
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

/// Words after which a block stands, those of other languages included.
const BEFORE_BLOCK: &[&str] = &[
    "agent",
    "aside",
    "assistant",
    "case",
    "catch",
    "class",
    "def",
    "do",
    "elif",
    "else",
    "elseif",
    "elsif",
    "enum",
    "except",
    "finally",
    "fn",
    "for",
    "foreach",
    "fork",
    "fun",
    "func",
    "function",
    "if",
    "interface",
    "loop",
    "match",
    "repeat",
    "struct",
    "switch",
    "system",
    "test",
    "tool",
    "try",
    "unless",
    "until",
    "user",
    "while",
];

/// Whether a word is reserved.
pub fn is_reserved(word: &str) -> bool {
    RESERVED.binary_search(&word).is_ok()
}

/// Whether a line that ends with this word may be a whole statement.
pub(crate) fn may_end_statement(word: &str) -> bool {
    ENDING.contains(&word) || !(is_reserved(word) || CONTEXTUAL.contains(&word))
}

/// Whether a line that begins with this word may be a new statement.
pub(crate) fn may_begin_statement(word: &str) -> bool {
    !JOINING.contains(&word)
}

/// Whether the word surely begins a statement at the start of a line, whatever stands before it.
pub(crate) fn must_begin_statement(word: &str) -> bool {
    ONLY_BEGINNING.binary_search(&word).is_ok()
}

/// Whether a block may stand after the word.
pub(crate) fn stands_before_block(word: &str) -> bool {
    BEFORE_BLOCK.binary_search(&word).is_ok()
}

/// Whether the word opens a role, whatever follows.
pub(crate) fn is_role(word: &str) -> bool {
    matches!(word, "system" | "user" | "assistant")
}

/// Whether the word declares a function, here or in other languages.
pub(crate) fn declares_function(word: &str) -> bool {
    matches!(word, "fn" | "agent" | "tool" | "def" | "func" | "function" | "fun")
}

/// Whether the word is an option of a generation.
pub(crate) fn is_option(word: &str) -> bool {
    matches!(
        word,
        "max" | "min" | "stop" | "temp" | "top_p" | "top_k" | "min_p" | "seed" | "heal" | "tools" | "model"
    )
}

/// Whether the word names a type, here or in other languages.
pub(crate) fn is_type(word: &str) -> bool {
    matches!(
        word,
        "str"
            | "int"
            | "float"
            | "bool"
            | "json"
            | "string"
            | "String"
            | "double"
            | "number"
            | "boolean"
            | "char"
            | "list"
            | "List"
            | "dict"
            | "any"
            | "auto"
            | "void"
    )
}

/// Whether a text begins with the head of an item, such as `fn NAME`, which cannot stand inside a block.
pub(super) fn item_begins(text: &str) -> bool {
    // Most lines are decided by their first byte.
    if !text.starts_with(['a', 'c', 'f', 'i', 't']) {
        return false;
    }
    let Some((word, rest)) = text.split_once([' ', '\t']) else { return false };
    let rest = rest.trim_start_matches([' ', '\t']);
    let named = rest.starts_with(|c: char| c.is_alphabetic() || c == '_');
    match word {
        "agent" | "const" | "fn" | "type" => named,
        "import" => named || rest.starts_with('"'),
        "test" => rest.starts_with('"'),
        "tool" => {
            named && rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').starts_with('(')
        }
        _ => false,
    }
}

/// The columns of white space that a line begins with; a tab counts as four.
pub(crate) fn indent(line: &str) -> usize {
    let space = line.bytes().take_while(|b| matches!(b, b' ' | b'\t'));
    space.map(|b| if b == b'\t' { 4 } else { 1 }).sum()
}

/// Whether a line looks like a statement or an item rather than like text.
pub(crate) fn looks_like_code(line: &str) -> bool {
    let line = line.trim();
    let (word, rest) =
        line.split_at(line.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(line.len()));
    let rest = rest.trim_start();
    let name = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let behind = rest[name..].trim_start();
    match word {
        "" => line == "}" || line.starts_with("} else"),
        "let" | "const" | "type" | "input" => {
            name > 0 && behind.starts_with(['=', ':', '{']) && !behind.starts_with("==")
        }
        "fn" | "agent" | "tool" => name > 0 && behind.starts_with('('),
        "system" | "user" | "assistant" => {
            rest.starts_with(['"', '{']) || matches!(&rest[..name], "gen" | "select" | "call")
        }
        "if" | "for" | "repeat" | "while" | "test" => line.ends_with('{') || line.ends_with('}'),
        "import" | "model" | "print" => rest.starts_with('"'),
        "gen" | "select" => name > 0 && (behind.is_empty() || behind.starts_with([':', 'w', 'f'])),
        _ => false,
    }
}

/// What to write instead of a statement word of another language.
pub(crate) fn foreign_statement(word: &str) -> Option<&'static str> {
    Some(match word {
        "elif" | "elseif" | "elsif" => "write `else if`",
        "def" | "func" | "function" | "fun" | "proc" | "sub" => {
            "functions are declared with `fn NAME(a: str) -> str { … }`"
        }
        "var" | "set" | "local" | "mut" | "val" | "auto" | "dim" => {
            "variables are declared with `let NAME = …`"
        }
        "foreach" => "write `for x in xs { … }`",
        "loop" | "until" | "do" => "write `repeat N { … }` or `while c max N { … }`: every loop has a bound",
        "unless" => "write `if not … { … }`",
        "switch" | "case" | "when" => "write `match x { \"a\" => { … } else => { … } }`",
        "class" | "struct" | "interface" | "record" => {
            "records are declared with `type NAME { field: TYPE }`"
        }
        "enum" => "write a union of texts: type NAME = \"a\" | \"b\"",
        "async" | "await" => "leave the word out: every call waits for its result",
        "export" | "pub" | "public" | "private" | "static" => {
            "leave the word out: everything that a file declares can be imported"
        }
        "raise" | "throw" => "write `fail \"message\"`",
        "except" | "catch" => "write `try { … } else e { … }`",
        "finally" => "write what has to happen after the `try`",
        "assert" => "write `expect condition, \"message\"`",
        "echo" | "puts" | "printf" | "println" => "write `print value`",
        "include" | "require" | "using" | "use" | "from" => "write import \"file.agent\" as name",
        "del" | "delete" => "leave it out: values need not be deleted",
        "endif" | "endfor" | "end" | "endwhile" | "done" | "fi" => "blocks end with `}`",
        "pass" => "leave it out: a block may be empty",
        "exit" | "quit" => "write `return`: at top level it ends the program",
        "where" => "what a generation may write is its type: gen x: str(..20)",
        "argmax" => "leave it out: generations are greedy unless they have an option such as temp = 0.8",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_words_are_sorted() {
        assert!(RESERVED.is_sorted() && ONLY_BEGINNING.is_sorted() && BEFORE_BLOCK.is_sorted());
    }
}
