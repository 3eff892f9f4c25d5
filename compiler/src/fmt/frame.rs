//! What is open around a place, and how far that indents a line.
//!
//! A line is indented two spaces more than the line on which the innermost bracket around it was opened,
//! however many were opened there. A block counts from the line on which its construct begins. A line that
//! continues a statement is indented by two more, and by four before the statement's block, so that the two
//! do not look alike.

use super::INDENT;
use super::marks::{Mark, Marks};
use crate::lex::{Kind, Token};

/// What stands between two brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// Statements, or fields of a declaration; the whole file.
    Block,
    /// Things that are separated by commas.
    Items,
    /// One expression or type in parentheses.
    Group,
    /// A hole.
    Hole,
}

/// An open bracket or hole. The outermost one is the file.
#[derive(Debug)]
struct Frame {
    inside: Inside,
    /// Its opening token.
    open: Option<usize>,
    /// The indentation of a line within it that begins a statement or an item.
    inner: usize,
    /// The indentation of its closing bracket, if that begins a line.
    close: usize,
    /// Whether its current item began a line.
    own_line: bool,
    /// Whether its current statement's block is still to come.
    header: bool,
}

const FILE: Frame =
    Frame { inside: Inside::Block, open: None, inner: 0, close: 0, own_line: false, header: false };

/// All that is open around a place.
#[derive(Debug)]
pub(super) struct Frames<'a> {
    text: &'a str,
    tokens: &'a [Token],
    marks: &'a Marks,
    frames: Vec<Frame>,
    /// For each opening bracket, whether a line ends directly within it.
    broken: Vec<bool>,
    /// For each token so far, the indentation of its line.
    indents: Vec<usize>,
    /// The indentation of the current line.
    pub(super) indent: usize,
    /// That of the brace that was closed last.
    closed: usize,
}

impl<'a> Frames<'a> {
    /// The file alone is open.
    pub(super) fn new(text: &'a str, tokens: &'a [Token], marks: &'a Marks) -> Frames<'a> {
        let (broken, indents) = (broken(tokens), vec![0; tokens.len()]);
        Frames { text, tokens, marks, frames: vec![FILE], broken, indents, indent: 0, closed: 0 }
    }

    fn top(&self) -> &Frame {
        self.frames.last().unwrap_or(&FILE)
    }

    fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text(self.text))
    }

    fn kind(&self, at: usize) -> Kind {
        self.tokens.get(at).map_or(Kind::Unknown, |token| token.kind)
    }

    fn indent_at(&self, at: usize) -> usize {
        self.indents.get(at).copied().unwrap_or(0)
    }

    /// Whether what follows the last token comes first within the innermost brackets, or in the file.
    pub(super) fn begin_with(&self, last: Option<usize>) -> bool {
        self.top().open == last
    }

    /// Whether the innermost brackets are a block that goes over lines.
    pub(super) fn breaks_at_ends(&self) -> bool {
        let open = self.top().open.filter(|_| self.top().inside == Inside::Block);
        open.and_then(|open| self.broken.get(open)).is_some_and(|broken| *broken)
    }

    /// Makes the innermost brackets go over lines.
    pub(super) fn break_at_ends(&mut self) {
        let open = self.top().open;
        if let Some(broken) = open.and_then(|open| self.broken.get_mut(open)) {
            *broken = true;
        }
    }

    /// Whether spaces stand at the ends of the innermost brackets.
    pub(super) fn spaced(&self) -> bool {
        let mark = self.top().open.map_or(Mark::Plain, |open| self.marks.of(open));
        matches!(mark, Mark::Block(_) | Mark::Names)
    }

    /// Begins a line with a token; its indentation.
    pub(super) fn begin_line(&mut self, at: usize, last: Option<usize>) -> usize {
        self.indent = self.indent_of(at, last);
        self.indent
    }

    /// The indentation of a comment that has a line to itself, before a token or the end of the file.
    pub(super) fn comment_indent(&self, next: Option<usize>, last: Option<usize>) -> usize {
        let closes = |at: &usize| matches!(self.kind(*at), Kind::Close | Kind::HoleClose);
        match next.filter(|at| !closes(at)) {
            Some(next) => self.indent_of(next, last),
            None => self.top().inner,
        }
    }

    fn indent_of(&self, at: usize, last: Option<usize>) -> usize {
        let top = self.top();
        match (self.kind(at), self.marks.of(at)) {
            (Kind::Close | Kind::HoleClose, _) => top.close,
            (_, Mark::Else) => self.closed,
            (_, Mark::Block(owner)) => self.indent_at(owner),
            _ if self.marks.starts(at) || self.begin_with(last) => top.inner,
            _ => self.going_on(at, last),
        }
    }

    /// The indentation of a line that goes on with what an earlier line began.
    fn going_on(&self, at: usize, last: Option<usize>) -> usize {
        let top = self.top();
        let comma = self.word(at) == "," || last.is_some_and(|last| self.word(last) == ",");
        let levels = match top.inside {
            Inside::Block if top.header => 2,
            Inside::Block => 1,
            Inside::Group => 0,
            Inside::Items if comma => 0,
            Inside::Items | Inside::Hole => usize::from(top.own_line),
        };
        top.inner + levels * INDENT
    }

    /// Notes a token that is being written: `first` begins its line, `last` was written before it.
    pub(super) fn token(&mut self, at: usize, first: Option<usize>, last: Option<usize>) {
        if let Some(indent) = self.indents.get_mut(at) {
            *indent = self.indent;
        }
        let comma = last.is_some_and(|last| self.word(last) == ",");
        let (mark, starts) = (self.marks.of(at), self.marks.starts(at));
        let item = starts || self.begin_with(last) || comma && self.top().inside == Inside::Items;
        let has_block = self.marks.has_block(at);
        if let Some(top) = self.frames.last_mut() {
            if item {
                top.own_line = first == Some(at);
                top.header = has_block;
            }
            match mark {
                Mark::Else => top.header = true,
                Mark::Block(_) => top.header = false,
                _ => {}
            }
        }
        match self.kind(at) {
            Kind::Open | Kind::HoleOpen => self.open(at, mark),
            Kind::Close | Kind::HoleClose => self.close(at),
            _ => {}
        }
    }

    fn open(&mut self, at: usize, mark: Mark) {
        let (inside, close) = match mark {
            Mark::Block(owner) => (Inside::Block, self.indent_at(owner)),
            _ if self.kind(at) == Kind::HoleOpen => (Inside::Hole, self.indent),
            Mark::Plain if self.word(at) == "(" => (Inside::Group, self.indent),
            _ => (Inside::Items, self.indent),
        };
        let inner = close + INDENT;
        self.frames.push(Frame { inside, open: Some(at), inner, close, own_line: false, header: false });
    }

    fn close(&mut self, at: usize) {
        if let Some(frame) = self.frames.pop()
            && self.word(at) == "}"
        {
            self.closed = frame.close;
        }
    }
}

/// For each opening bracket, whether a line ends directly within it.
fn broken(tokens: &[Token]) -> Vec<bool> {
    let mut broken = vec![false; tokens.len()];
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Open | Kind::HoleOpen => open.push(at),
            Kind::Close | Kind::HoleClose => drop(open.pop()),
            Kind::Newline => {
                if let Some(around) = open.last().and_then(|at| broken.get_mut(*at)) {
                    *around = true;
                }
            }
            _ => {}
        }
    }
    broken
}
