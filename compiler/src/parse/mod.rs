//! From text to tree: always a tree, always with every finding, never an error.
//!
//! The file is parsed stretch by stretch ([`crate::lex`] cuts it). Where a stretch does not parse, the
//! statement around the mistake is blanked out and the rest is parsed again, so that further mistakes are
//! found and the names the stretch declares are known.

mod build;
mod dedent;
mod explain;
mod expr;
mod item;
mod stmt;
mod text;
mod types;

use std::ops::Range;

use pest::Parser;

use crate::ast::Ast;
use crate::diag::Diag;
use crate::lex::{Kind, Lexed, lex};
use crate::source::Span;

/// How many statements of one stretch may be blanked before the whole stretch is given up.
const MAX_RECOVERIES: usize = 24;

#[allow(missing_docs, unreachable_pub)]
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "../../grammar/agent.pest"]
    pub struct Grammar;
}

pub(crate) use dedent::{common_indent, dedent};
use grammar::Grammar;
pub(crate) use grammar::Rule;

type Pair<'i> = pest::iterators::Pair<'i, Rule>;

/// Parses a file.
pub fn parse(file: u32, text: &str) -> (Ast, Vec<Diag>) {
    let mut lexed = lex(file, text);
    let mut ast = Ast::default();
    let mut diags = std::mem::take(&mut lexed.diags);
    for chunk in lexed.chunks(text) {
        let mut parser = ChunkParser { file, text, lexed: &lexed, chunk, ast: &mut ast, diags: &mut diags };
        parser.run();
    }
    diags.sort_by_key(|d| (d.span.start, d.span.end));
    diags.dedup_by(|a, b| a.span == b.span && a.code == b.code);
    (ast, diags)
}

/// Shows every construct of a file, in the order of their places, outer ones before those within them.
/// `false` if the file does not parse; what has been shown then means nothing.
pub(crate) fn visit(text: &str, lexed: &Lexed, mut see: impl FnMut(Rule, Range<usize>)) -> bool {
    let mut accepts = |chunk: Range<usize>| {
        let pairs = text.get(chunk.clone()).and_then(|source| Grammar::parse(Rule::chunk, source).ok());
        let accepted = pairs.is_some();
        for pair in pairs.into_iter().flat_map(pest::iterators::Pairs::flatten) {
            let span = pair.as_span();
            see(pair.as_rule(), chunk.start + span.start()..chunk.start + span.end());
        }
        accepted
    };
    !lexed.diags.iter().any(Diag::is_error) && lexed.chunks(text).into_iter().all(&mut accepts)
}

struct ChunkParser<'a> {
    file: u32,
    text: &'a str,
    lexed: &'a Lexed,
    chunk: Range<usize>,
    ast: &'a mut Ast,
    diags: &'a mut Vec<Diag>,
}

/// Words behind which a name is declared. Imports list theirs in braces.
const DECLARING: &[&str] = &[
    "let", "const", "input", "type", "fn", "agent", "tool", "model", "as", "for", "gen", "select", "call",
    "import", "{", ",", "else",
];

impl ChunkParser<'_> {
    fn run(&mut self) {
        let mut source = self.text[self.chunk.clone()].to_owned();
        let mut damaged = self.blank_broken(&mut source);
        for _ in 0..MAX_RECOVERIES {
            let error = match Grammar::parse(Rule::chunk, &source) {
                Ok(pairs) => return self.build(pairs, damaged),
                Err(error) => error,
            };
            let at = self.chunk.start + explain::offset(&error).min(source.len());
            self.diags.push(explain::explain(self.file, self.text, self.lexed, &self.chunk, at, &error));
            damaged = true;
            let at = self.next_token(at);
            let piece = self.lexed.piece(self.text, &self.chunk, at);
            if !self.blank(&mut source, piece) {
                break;
            }
        }
        self.give_up(damaged);
    }

    /// A parser stops at white space or at a token's start; the piece to drop is that of the token.
    fn next_token(&self, at: usize) -> usize {
        let tokens = &self.lexed.tokens[self.lexed.token_range(&self.chunk)];
        let next = tokens.iter().find(|t| t.end > at && !t.kind.is_trivia());
        next.or(tokens.iter().rev().find(|t| !t.kind.is_trivia()))
            .map_or(at, |t| t.start.max(at.min(t.start)))
    }

    /// Drops the statements in which the lexer found something.
    fn blank_broken(&mut self, source: &mut String) -> bool {
        let mut damaged = false;
        for range in &self.lexed.too_deep {
            let (start, end) = (range.start.max(self.chunk.start), range.end.min(self.chunk.end));
            if start < end {
                let piece = self.lexed.piece(self.text, &self.chunk, start);
                self.blank(source, piece.start.min(start)..end.max(piece.end));
                damaged = true;
            }
        }
        let lexed = self.lexed;
        let chunk = self.chunk.clone();
        for at in lexed.broken.iter().copied().filter(|at| chunk.contains(at)) {
            let piece = lexed.piece(self.text, &self.chunk, at);
            self.blank(source, piece);
            damaged = true;
        }
        damaged
    }

    /// Overwrites a piece with spaces; says whether anything was left to overwrite.
    fn blank(&mut self, source: &mut String, piece: Range<usize>) -> bool {
        let from = piece.start.max(self.chunk.start) - self.chunk.start;
        let to = piece.end.min(self.chunk.end).max(self.chunk.start) - self.chunk.start;
        let Some(old) = source.get(from..to) else { return false };
        if old.trim().is_empty() {
            return false;
        }
        let blank: String = old.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect();
        source.replace_range(from..to, &blank);
        self.remember_words(&piece);
        true
    }

    /// Remembers the words of a lost piece that may have declared something: those behind a word that
    /// declares, and those before a `:`. A word that is only used there may well be unknown.
    fn remember_words(&mut self, piece: &Range<usize>) {
        let tokens = &self.lexed.tokens[self.lexed.token_range(piece)];
        let words = tokens.iter().filter(|token| !token.kind.is_trivia());
        let mut before = "";
        let mut words = words.peekable();
        while let Some(token) = words.next() {
            let text = token.text(self.text);
            let typed = words.peek().is_some_and(|next| next.text(self.text) == ":");
            if token.kind == Kind::Word && (typed || DECLARING.contains(&before)) {
                self.ast.damage.words.insert(text.to_owned());
            }
            before = text;
        }
    }

    fn build(&mut self, pairs: pest::iterators::Pairs<'_, Rule>, damaged: bool) {
        let mut builder = build::Builder::new(self.file, self.chunk.start);
        for item in pairs.flat_map(Pair::into_inner) {
            if item.as_rule() == Rule::EOI {
                continue;
            }
            self.ast.items.push(builder.item(item));
        }
        self.diags.append(&mut builder.diags);
        if damaged {
            self.ast.damage.spans.push(Span::new(self.file, self.chunk.start, self.chunk.end));
        }
    }

    fn give_up(&mut self, damaged: bool) {
        let chunk = self.chunk.clone();
        self.remember_words(&chunk);
        if damaged {
            self.ast.damage.spans.push(Span::new(self.file, chunk.start, chunk.end));
        }
    }
}
