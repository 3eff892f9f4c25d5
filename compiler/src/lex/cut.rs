//! Where top-level statements begin: the cuts between which a file is parsed.
//!
//! A cut must be certain, because the parser never looks across it; a missing cut costs nothing but time. A
//! statement begins at a line whose first token may begin one, after a token that may end one.

use std::ops::Range;

use super::{Kind, Lexed, Token, words};

impl Lexed {
    /// The file in stretches of whole top-level statements.
    pub fn chunks(&self, text: &str) -> Vec<Range<usize>> {
        let mut starts = self.starts(text);
        starts.retain(|at| *at > 0);
        let ends = starts.iter().copied().chain([text.len()]);
        std::iter::once(0).chain(starts.iter().copied()).zip(ends).map(|(a, b)| a..b).collect()
    }

    /// The tokens of a byte range.
    pub fn token_range(&self, bytes: &Range<usize>) -> Range<usize> {
        let first = self.tokens.partition_point(|t| t.start < bytes.start);
        let last = self.tokens.partition_point(|t| t.start < bytes.end);
        first..last.max(first)
    }

    /// Offsets at which top-level statements begin.
    fn starts(&self, text: &str) -> Vec<usize> {
        let mut starts = Vec::new();
        let mut last: Option<Token> = None;
        let mut fresh = true;
        for (at, token) in self.tokens.iter().enumerate() {
            match token.kind {
                Kind::Newline => fresh = true,
                Kind::Space | Kind::Comment => {}
                _ => {
                    let rest = &self.tokens[at + 1..];
                    let begins = |token| begins(text, token) || begins_import(text, token, rest);
                    let follows =
                        || last.is_none_or(|t| ends(text, t)) || surely_begins(text, token, rest, last);
                    if fresh && token.depth == 0 && begins(token) && follows() {
                        starts.push(token.start);
                    }
                    fresh = token.kind == Kind::Unknown && token.text(text).ends_with('\n');
                    last = Some(*token);
                }
            }
        }
        starts
    }
}

/// Whether the word at the start of a line begins a statement even after a line that is cut short.
fn surely_begins(text: &str, token: &Token, rest: &[Token], last: Option<Token>) -> bool {
    if token.kind != Kind::Word || !words::must_begin_statement(token.text(text)) {
        return false;
    }
    let before = last.map_or("", |t| t.text(text));
    let after = rest.iter().find(|t| !t.kind.is_trivia()).map_or("", |t| t.text(text));
    before != "." && !matches!(after, ":" | "=")
}

/// `from x import y` of another language.
fn begins_import(text: &str, token: &Token, rest: &[Token]) -> bool {
    let line = rest.iter().take_while(|t| t.kind != Kind::Newline).take(16);
    token.text(text) == "from" && line.filter(|t| t.kind == Kind::Word).any(|t| t.text(text) == "import")
}

pub(super) fn begins(text: &str, token: &Token) -> bool {
    match token.kind {
        Kind::Word => words::may_begin_statement(token.text(text)),
        Kind::StrOpen => true,
        _ => false,
    }
}

/// Whether a statement may end with a token.
pub(crate) fn ends(text: &str, token: Token) -> bool {
    match token.kind {
        Kind::Word => words::may_end_statement(token.text(text)),
        // Text or a hole's opening before a line of code: a string that was left open, which ends with its line.
        Kind::Number | Kind::StrClose | Kind::Regex | Kind::Close | Kind::Unknown | Kind::Text => true,
        Kind::StrOpen | Kind::HoleOpen => true,
        Kind::Punct => token.text(text) == "?",
        _ => false,
    }
}
