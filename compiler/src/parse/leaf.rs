//! A piece that the grammar rejects, as the explanations see it: its own words, with its blocks empty.

use std::ops::Range;

use super::File;
use super::outline::{Piece, Word, Words};
use super::patch::Patched;
use crate::ast::Ident;
use crate::lex::{Kind, Mend, words};
use crate::source::Span;

/// The words of a piece without those in its blocks, of which only the braces are left.
#[derive(Debug)]
pub(super) struct Leaf<'a> {
    pub(super) file: u32,
    pub(super) text: &'a str,
    pub(super) words: Vec<Word<'a>>,
    /// Whether items may stand here.
    pub(super) top: bool,
    /// The places of its blocks.
    pub(super) blocks: Vec<Range<usize>>,
    /// How deep it stands itself.
    pub(super) depth: u16,
}

impl<'a> Leaf<'a> {
    pub(super) fn new(file: File<'a>, all: &Words<'a>, piece: &Piece, top: bool) -> Leaf<'a> {
        let mut words = Vec::new();
        let mut at = piece.words.start;
        for block in &piece.blocks {
            let open = block.inner.start.saturating_sub(1);
            let own =
                at..if all.get(open).is_some_and(|w| w.start < block.place.start) { open + 1 } else { open };
            words.extend(own.filter_map(|i| all.get(i)).copied());
            let opened = (block.place.start + 1).min(block.place.end);
            let closed = (block.place.end.saturating_sub(1)).max(opened);
            words.push(Word::sign("{", Kind::Open, block.place.start..opened, piece.depth));
            words.push(Word::sign("}", Kind::Close, closed..block.place.end, piece.depth));
            at = block.inner.end;
            at += usize::from(block.closed);
        }
        words.extend((at..piece.words.end).filter_map(|i| all.get(i)).copied());
        let blocks = piece.blocks.iter().map(|b| b.place.clone()).collect();
        Leaf { file: file.id, text: file.text, words, top, blocks, depth: piece.depth }
    }

    /// All of it, its blocks included.
    pub(super) fn bytes(&self) -> Range<usize> {
        let start = self.words.first().map_or(0, |w| w.start);
        let end = self.words.last().map_or(start, |w| w.end);
        start..self.blocks.last().map_or(end, |place| place.end.max(end))
    }

    /// What stands before its first block.
    pub(super) fn head(&self) -> Range<usize> {
        let all = self.bytes();
        all.start..self.blocks.first().map_or(all.end, |place| place.start)
    }

    /// Its text with mends and with nothing in its blocks.
    pub(super) fn patched(&self, mends: &[Mend]) -> Patched {
        let all = self.bytes();
        let (mut patched, mut from) = (Patched::default(), all.start);
        for place in &self.blocks {
            patched.copy_mended(self.text, from..place.start.max(from), mends);
            patched.write("{}", place.clone());
            from = place.end;
        }
        patched.copy_mended(self.text, from..all.end, mends);
        patched
    }

    pub(super) fn ident(&self, word: Word<'_>) -> Ident {
        Ident { name: word.text.to_owned(), span: Span::new(self.file, word.start, word.end) }
    }

    /// Whether it begins like a declaration of the file.
    pub(super) fn is_item(&self) -> bool {
        let declares = match self.at(0) {
            "fn" | "agent" | "type" | "const" | "import" | "from" => true,
            "tool" | "model" | "input" => self.is_name(1),
            word => matches!(word, "def" | "func" | "function" | "class" | "struct" | "interface" | "enum"),
        };
        declares && self.words.len() > 1
    }

    /// The word at an offset of the file, or the first one after it.
    pub(super) fn index_at(&self, offset: usize) -> usize {
        self.words.iter().position(|w| w.end > offset).unwrap_or(self.words.len())
    }

    /// Whether the brace at a word begins a block.
    pub(super) fn is_block(&self, index: usize) -> bool {
        let start = self.words.get(index).map_or(0, |w| w.start);
        self.at(index) == "{" && self.blocks.iter().any(|place| place.start == start)
    }

    /// The text of a word, empty where there is none.
    pub(super) fn at(&self, index: usize) -> &'a str {
        self.words.get(index).map_or("", |w| w.text)
    }

    /// The text of the word so many before another.
    pub(super) fn back(&self, index: usize, by: usize) -> &'a str {
        index.checked_sub(by).map_or("", |at| self.at(at))
    }

    pub(super) fn is_name(&self, index: usize) -> bool {
        self.words.get(index).is_some_and(Word::is_name)
    }

    pub(super) fn kind(&self, index: usize) -> Option<Kind> {
        self.words.get(index).map(|w| w.kind)
    }

    /// Whether a word stands on the line of the one before it.
    pub(super) fn on_line(&self, index: usize) -> bool {
        self.words.get(index).is_some_and(|w| !w.fresh)
    }

    /// Whether nothing is between two neighbours.
    pub(super) fn adjacent(&self, index: usize) -> bool {
        let pair = index.checked_sub(1).and_then(|before| self.words.get(before)).zip(self.words.get(index));
        pair.is_some_and(|(a, b)| a.end == b.start)
    }

    /// The place of some words.
    pub(super) fn place(&self, words: Range<usize>) -> Range<usize> {
        let end = self.words.get(words.end.saturating_sub(1)).or(self.words.last()).map_or(0, |w| w.end);
        let start = self.words.get(words.start).map_or(end, |w| w.start);
        start..end.max(start)
    }

    pub(super) fn span(&self, words: Range<usize>) -> Span {
        let place = self.place(words);
        Span::new(self.file, place.start, place.end)
    }

    /// The source of some words.
    pub(super) fn source(&self, words: Range<usize>) -> &'a str {
        self.text.get(self.place(words)).unwrap_or("")
    }

    /// The words of the line before a word, up to it.
    pub(super) fn line(&self, index: usize) -> Range<usize> {
        let upto = index.min(self.words.len());
        let first = (0..upto).rev().find(|at| self.words[*at].fresh).unwrap_or(0);
        let from = if self.words.get(index).is_some_and(|w| w.fresh) { index } else { first };
        from.min(upto)..upto
    }

    /// The last word on the line of a word, one past it.
    pub(super) fn line_end(&self, index: usize) -> usize {
        (index + 1..self.words.len()).find(|at| self.words[*at].fresh).unwrap_or(self.words.len())
    }

    /// The first reserved word on the line before a word; `with` if options have begun.
    pub(super) fn lead(&self, index: usize) -> &'a str {
        let mut lead = "";
        for at in self.line(index) {
            let word = self.at(at);
            if self.kind(at) == Some(Kind::Word)
                && words::is_reserved(word)
                && (lead.is_empty() || word == "with")
            {
                lead = word;
            }
        }
        lead
    }

    /// The bracket, hole or string around a word: where it opens.
    pub(super) fn around(&self, index: usize) -> Option<usize> {
        let mut closed = 0;
        for at in (0..index.min(self.words.len())).rev() {
            match self.words[at].kind {
                Kind::Close | Kind::HoleClose | Kind::StrClose => closed += 1,
                Kind::Open | Kind::HoleOpen | Kind::StrOpen if closed == 0 => return Some(at),
                Kind::Open | Kind::HoleOpen | Kind::StrOpen => closed -= 1,
                _ => {}
            }
        }
        None
    }

    /// Where the bracket, hole or string that opens at a word closes; the number of words if it does not.
    pub(super) fn closing(&self, open: usize) -> usize {
        let mut opened = 0;
        for at in open..self.words.len() {
            match self.words[at].kind {
                Kind::Open | Kind::HoleOpen | Kind::StrOpen => opened += 1,
                Kind::Close | Kind::HoleClose | Kind::StrClose if opened == 1 => return at,
                Kind::Close | Kind::HoleClose | Kind::StrClose => opened -= 1,
                _ => {}
            }
        }
        self.words.len()
    }

    /// The part between separators around a word, within the bracket that opens at `open`. Fields of a
    /// record may also be separated by line breaks.
    pub(super) fn element(&self, open: usize, index: usize) -> Range<usize> {
        let close = self.closing(open);
        let fields = self.at(open) == "{";
        let depth = self.words[open].depth + 1;
        let index = index.clamp(open + 1, close.max(open + 1));
        let separates = |at: usize| self.words.get(at).is_some_and(|w| w.depth == depth && w.text == ",");
        let begins = |at: usize| {
            let key =
                self.words.get(at).is_some_and(|w| w.depth == depth && (w.fresh || self.at(at + 1) == ":"));
            fields && key && matches!(self.kind(at), Some(Kind::Word | Kind::StrOpen))
        };
        let from = (open + 1..=index).rev().find(|at| separates(at - 1) || *at == open + 1 || begins(*at));
        let from = if separates(index) {
            from.filter(|f| *f < index).unwrap_or(open + 1)
        } else {
            from.unwrap_or(index)
        };
        let to = (from + 1..close).find(|at| separates(*at) || begins(*at)).unwrap_or(close);
        from..to.max(from)
    }

    /// The names after words that declare one, those of an import, and those before a `:`.
    pub(super) fn declared(&self) -> impl Iterator<Item = Word<'a>> + '_ {
        let import = matches!(self.at(0), "import" | "from");
        (0..self.words.len()).filter_map(move |at| {
            let caught = self.back(at, 2) == "catch" && self.back(at, 1) == "(";
            let behind = caught || at > 0 && DECLARING.contains(&self.at(at - 1));
            let listed = import && matches!(self.back(at, 1), "{" | "," | "import");
            (self.is_name(at) && (behind || listed || self.at(at + 1) == ":")).then(|| self.words[at])
        })
    }
}

/// Words after which a name is declared.
const DECLARING: &[&str] = &[
    "let",
    "const",
    "var",
    "input",
    "type",
    "fn",
    "def",
    "func",
    "function",
    "agent",
    "tool",
    "model",
    "as",
    "for",
    "gen",
    "select",
    "call",
    "class",
    "struct",
    "interface",
    "enum",
    "else",
    "except",
    "catch",
];
