//! Where statements begin: the cuts between which a file is parsed, and the pieces that recovery drops.
//!
//! A cut must be certain, for the parser never looks across it; a missing cut costs nothing but time.
//! A statement begins at a line whose first token may begin one, after a token that may end one.

use std::ops::Range;

use super::{Kind, Lexed, Token, words};

impl Lexed {
    /// The file in stretches of whole top-level statements.
    pub fn chunks(&self, text: &str) -> Vec<Range<usize>> {
        let mut starts = self.starts(text, 0..self.tokens.len(), 0);
        starts.retain(|at| *at > 0);
        let ends = starts.iter().copied().chain([text.len()]);
        std::iter::once(0).chain(starts.iter().copied()).zip(ends).map(|(a, b)| a..b).collect()
    }

    /// The smallest statement or line around an offset.
    pub fn piece(&self, text: &str, chunk: &Range<usize>, at: usize) -> Range<usize> {
        let tokens = self.token_range(chunk);
        let here = tokens.clone().find(|i| self.tokens[*i].end > at).unwrap_or(tokens.end.saturating_sub(1));
        let Some((depth, body)) = self.enclosing_block(text, &tokens, here) else { return chunk.clone() };
        let outer = if depth == 0 { chunk.clone() } else { self.bytes(&body) };
        let starts = self.starts(text, body, depth);
        let first = starts.iter().rev().find(|s| **s <= at).copied().unwrap_or(outer.start);
        let next = starts.iter().find(|s| **s > at).copied().unwrap_or(outer.end);
        first.max(outer.start)..next.min(outer.end)
    }

    /// The tokens of a byte range.
    pub fn token_range(&self, bytes: &Range<usize>) -> Range<usize> {
        let first = self.tokens.partition_point(|t| t.start < bytes.start);
        let last = self.tokens.partition_point(|t| t.start < bytes.end);
        first..last.max(first)
    }

    fn bytes(&self, tokens: &Range<usize>) -> Range<usize> {
        let start = self.tokens.get(tokens.start).map_or(0, |t| t.start);
        let end = tokens.end.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or(start, |t| t.end);
        start..end.max(start)
    }

    /// The innermost `{ … }` around a token that spans lines: its inner depth and its inner tokens.
    fn enclosing_block(&self, text: &str, within: &Range<usize>, at: usize) -> Option<(u16, Range<usize>)> {
        let mut at = at;
        loop {
            let depth = self.tokens.get(at)?.depth;
            if depth == 0 {
                return Some((0, within.clone()));
            }
            let open = (within.start..at).rev().find(|i| self.tokens[*i].depth < depth)?;
            let close = (at..within.end).find(|i| self.tokens[*i].depth < depth).unwrap_or(within.end);
            let lines = self.tokens[open..close].iter().any(|t| t.kind == Kind::Newline && t.depth == depth);
            if self.tokens[open].text(text) == "{" && lines {
                return Some((depth, open + 1..close));
            }
            at = open;
        }
    }

    /// Offsets at which statements of one depth begin.
    fn starts(&self, text: &str, tokens: Range<usize>, depth: u16) -> Vec<usize> {
        let mut starts = Vec::new();
        let mut last: Option<Token> = None;
        let mut fresh = true;
        let tokens = &self.tokens[tokens];
        for (at, token) in tokens.iter().enumerate() {
            match token.kind {
                Kind::Newline => fresh = true,
                Kind::Space | Kind::Comment => {}
                _ => {
                    let certain =
                        || last.is_none_or(|t| ends(text, t)) || surely_begins(text, tokens, at, last);
                    if fresh && token.depth == depth && begins(text, token) && certain() {
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
fn surely_begins(text: &str, tokens: &[Token], at: usize, last: Option<Token>) -> bool {
    let word = tokens[at].kind == Kind::Word && words::must_begin_statement(tokens[at].text(text));
    let before = last.map_or("", |t| t.text(text));
    let after = tokens[at + 1..].iter().find(|t| !t.kind.is_trivia()).map_or("", |t| t.text(text));
    word && !matches!(before, "." | "," | "with") && !matches!(after, ":" | "=")
}

fn begins(text: &str, token: &Token) -> bool {
    match token.kind {
        Kind::Word => words::may_begin_statement(token.text(text)),
        Kind::StrOpen => true,
        _ => false,
    }
}

/// Whether a statement may end with a token.
pub(super) fn ends(text: &str, token: Token) -> bool {
    match token.kind {
        Kind::Word => words::may_end_statement(token.text(text)),
        // Text or a hole's opening before a line of code: a string that was left open, which ends with its line.
        Kind::Number | Kind::StrClose | Kind::Regex | Kind::Close | Kind::Unknown | Kind::Text => true,
        Kind::StrOpen | Kind::HoleOpen => true,
        Kind::Punct => token.text(text) == "?",
        _ => false,
    }
}
