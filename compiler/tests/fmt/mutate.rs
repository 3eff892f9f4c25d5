//! Programs with changed white space, comments or tokens.

use agentc_compiler::Limits;
use agentc_compiler::lex::{Kind, Token, lex};

use crate::Random;

/// What stands between two tokens is another number of spaces or tabs; lines stay.
pub(crate) fn spaces(random: &mut Random, text: &str) -> String {
    let tokens = lex(0, text, &Limits::default()).tokens;
    let mut out = String::new();
    let every = 1 + random.below(6);
    for (at, token) in tokens.iter().enumerate() {
        let word = token.text(text);
        let (before, after) = (at.checked_sub(1).map(|at| tokens[at]), tokens.get(at + 1).copied());
        if token.kind != Kind::Space {
            out.push_str(word);
            if after.is_some_and(|after| may_part(text, *token, after)) && random.once_in(every + 2) {
                out.push_str(random.of(&[" ", "  ", "\t"]));
            }
        } else if fixed(text, before) || fixed(text, after) || !random.once_in(every) {
            out.push_str(word);
        } else {
            out.push_str(random.of(&[" ", "  ", "\t", "   \t", if glued(before, after) { "" } else { " " }]));
        }
    }
    out
}

/// Whether the white space beside a token matters: that of a line's ends, and that which may make a table.
fn fixed(text: &str, token: Option<Token>) -> bool {
    token.is_none_or(|t| {
        matches!(t.kind, Kind::Newline | Kind::Comment) || t.text(text) == ":" || t.text(text) == "-"
    })
}

/// Whether two tokens need no space between them.
fn glued(before: Option<Token>, after: Option<Token>) -> bool {
    let bracket = |t: Option<Token>| t.is_some_and(|t| matches!(t.kind, Kind::Open | Kind::Close));
    bracket(before) || bracket(after)
}

/// Whether a space may stand between two tokens that have none.
fn may_part(text: &str, before: Token, after: Token) -> bool {
    let within = |t: Token| matches!(t.kind, Kind::Text | Kind::Newline | Kind::Space | Kind::Comment);
    let sign = |t: Token| t.kind == Kind::Punct && matches!(t.text(text), "." | "-" | ":");
    let opens = matches!(before.kind, Kind::StrOpen) || matches!(after.kind, Kind::StrClose);
    let hole = before.kind == Kind::HoleClose || after.kind == Kind::HoleOpen;
    !(within(before) || within(after) || sign(before) || sign(after) || opens || hole)
}

/// Line breaks, empty lines and comments at some of the places where a program has white space or could.
pub(crate) fn breaks(random: &mut Random, text: &str) -> String {
    let tokens = lex(0, text, &Limits::default()).tokens;
    let every = 2 + random.below(40);
    let mut out = String::new();
    for (at, token) in tokens.iter().enumerate() {
        out.push_str(token.text(text));
        let text_follows = tokens.get(at + 1).is_some_and(|t| matches!(t.kind, Kind::Text | Kind::StrClose));
        let in_text = text_follows || matches!(token.kind, Kind::Text | Kind::StrOpen);
        if token.kind == Kind::Newline && random.once_in(3) {
            out.push_str(random.of(&[
                "",
                " ",
                "  ",
                "      ",
                "\t",
                "\n",
                " \n \n",
                "# c\n",
                "    # d \n",
                "\r\n",
            ]));
        } else if !in_text && random.once_in(every) {
            out.push_str(random.of(&[
                "\n",
                "\n",
                " # e\n",
                "\n\n\n",
                "\n  # f\n\n",
                "\r\n",
                "\n # g\n # h\n",
                "  ",
            ]));
        }
    }
    out
}

const SOUP: &[&str] = &[
    "let", "x", "=", "+=", "1", "2.5", "\"", "\"\"\"", "{{", "}}", "{", "}", "(", ")", "[", "]", "gen",
    "with", "max", ",", ":", "|", "..", ".", "/a/", "/", "-", "+", "==", "not", "in", "if", "else", "for",
    "fork", "return", "print", "yield", "fn", "type", "user", "str", "json", "?", "??", "->", "=>", "\n",
    "\n", " ", "#", "# c\n", "\\", "é", "\u{FEFF}", "\r", "\r\n", "\t", "from", "copy", "as", "aside",
    "call", "while", "try",
];

/// Some tokens are removed, doubled, or become others.
pub(crate) fn tokens(random: &mut Random, text: &str) -> String {
    let tokens = lex(0, text, &Limits::default()).tokens;
    let mut changes: Vec<usize> =
        (0..1 + random.below(3)).map(|_| random.below(tokens.len().max(1))).collect();
    changes.sort_unstable();
    let mut out = String::new();
    for (at, token) in tokens.iter().enumerate() {
        let word = token.text(text);
        if changes.binary_search(&at).is_err() {
            out.push_str(word);
            continue;
        }
        match random.below(4) {
            0 => {}
            1 => out.extend([word, word]),
            2 => out.push_str(random.of(SOUP)),
            _ => out.extend([word, random.of(SOUP)]),
        }
    }
    out
}
