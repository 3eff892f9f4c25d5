//! The terminals that Lark grammars import from `common`, as regular expressions for whole texts.

/// Names and what they match, sorted.
const TERMINALS: &[(&str, &str)] = &[
    ("CNAME", "[_a-zA-Z][_a-zA-Z0-9]*"),
    ("CPP_COMMENT", r"//[^\n]*"),
    ("CR", r"\r"),
    ("C_COMMENT", r"/\*([^*]|\*+[^*/])*\*+/"),
    ("DECIMAL", r"[0-9]+\.[0-9]*|\.[0-9]+"),
    ("DIGIT", "[0-9]"),
    ("ESCAPED_STRING", r#""([^"\\\n]|\\[^\n])*""#),
    ("FLOAT", r"[0-9]+[eE][+-]?[0-9]+|([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"),
    ("HEXDIGIT", "[a-fA-F0-9]"),
    ("INT", "[0-9]+"),
    ("LCASE_LETTER", "[a-z]"),
    ("LETTER", "[a-zA-Z]"),
    ("LF", r"\n"),
    ("NEWLINE", r"(\r?\n)+"),
    ("NUMBER", r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"),
    ("SH_COMMENT", r"#[^\n]*"),
    ("SIGNED_FLOAT", r"[+-]?([0-9]+[eE][+-]?[0-9]+|([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)"),
    ("SIGNED_INT", "[+-]?[0-9]+"),
    ("SIGNED_NUMBER", r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"),
    ("SQL_COMMENT", r"--[^\n]*"),
    ("UCASE_LETTER", "[A-Z]"),
    ("WORD", "[a-zA-Z]+"),
    ("WS", r"[ \t\f\r\n]+"),
    ("WS_INLINE", r"[ \t]+"),
    ("_EXP", "[eE][+-]?[0-9]+"),
    ("_STRING_ESC_INNER", r"([^\\\n]|\\[^\n])*"),
    ("_STRING_INNER", r"[^\n]*"),
];

/// The regular expression of a name.
pub(super) fn find(name: &str) -> Option<&'static str> {
    TERMINALS.binary_search_by(|(known, _)| (*known).cmp(name)).ok().map(|at| TERMINALS[at].1)
}

/// All names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TERMINALS.iter().map(|terminal| terminal.0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted() {
        assert!(super::TERMINALS.is_sorted_by_key(|terminal| terminal.0));
    }
}
