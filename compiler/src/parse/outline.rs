//! The statements of a stretch and their blocks, from its tokens alone.
//!
//! The grammar decides what a program is; this module handles only stretches that the grammar rejects. A
//! piece is one statement, or several on one line, without the contents of its blocks, so that the mistakes
//! of one piece do not affect another.

use std::ops::Range;

use crate::lex::{Kind, Lexed, Opening, Token, ends_statement, words};

/// A token that counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Brackets, holes and strings around it.
    pub(super) depth: u16,
    /// Whether it is the first on its line.
    pub(super) fresh: bool,
    /// A block that begins without a brace here.
    opening: Option<Opening>,
}

impl<'a> Word<'a> {
    /// A brace of a block, whether it is there or not.
    pub(super) fn sign(text: &'a str, kind: Kind, place: Range<usize>, depth: u16) -> Word<'a> {
        Word { text, kind, start: place.start, end: place.end, depth, fresh: false, opening: None }
    }

    /// A word that is no word of the language, except those that are names elsewhere.
    pub(super) fn is_name(&self) -> bool {
        self.kind == Kind::Word && !words::is_reserved(self.text)
    }

    /// Whether a value or a type may end with it.
    pub(super) fn ends_operand(&self) -> bool {
        match self.kind {
            Kind::Word => self.is_name() || matches!(self.text, "true" | "false" | "null"),
            Kind::Number | Kind::StrClose | Kind::Regex | Kind::Close | Kind::Unknown => true,
            _ => false,
        }
    }

    fn ends_statement(&self) -> bool {
        let token = Token { kind: self.kind, start: 0, end: self.text.len(), depth: self.depth };
        ends_statement(self.text, token)
    }
}

/// The tokens of a stretch that count.
#[derive(Debug)]
pub(super) struct Words<'a> {
    pub(super) all: Vec<Word<'a>>,
    /// For each word, the next one that is nested no deeper.
    ends: Vec<usize>,
}

impl<'a> Words<'a> {
    /// Those of a range of bytes. What a mend takes out does not count.
    pub(super) fn new(text: &'a str, lexed: &Lexed, bytes: &Range<usize>) -> Words<'a> {
        let tokens = lexed.token_range(bytes);
        let mut mends =
            lexed.mends[lexed.mends.partition_point(|m| m.place.end <= bytes.start)..].iter().peekable();
        let mut openings =
            lexed.openings[lexed.openings.partition_point(|o| o.token() < tokens.start)..].iter();
        let mut opening = openings.next();
        let (mut all, mut fresh) = (Vec::new(), true);
        for at in tokens {
            let token = lexed.tokens[at];
            while mends.next_if(|m| m.place.end <= token.start).is_some() {}
            let gone = mends.peek().is_some_and(|m| {
                m.text.is_empty() && m.place.start <= token.start && token.end <= m.place.end
            });
            match token.kind {
                Kind::Newline => fresh = true,
                Kind::Space | Kind::Comment => {}
                Kind::Unknown if gone => fresh |= token.text(text).contains('\n'),
                _ => {
                    let here = opening.filter(|o| o.token() == at).copied();
                    if here.is_some() {
                        opening = openings.next();
                    }
                    let word = token.text(text);
                    all.push(Word {
                        text: word,
                        kind: token.kind,
                        start: token.start,
                        end: token.end,
                        depth: token.depth,
                        fresh: std::mem::take(&mut fresh),
                        opening: here,
                    });
                    fresh = token.kind == Kind::Unknown && word.ends_with('\n');
                }
            }
        }
        let ends = ends_of(&all);
        Words { all, ends }
    }

    pub(super) fn get(&self, at: usize) -> Option<&Word<'a>> {
        self.all.get(at)
    }

    /// Those in a range of bytes.
    pub(super) fn within(&self, bytes: &Range<usize>) -> impl Iterator<Item = &Word<'a>> {
        let end = bytes.end;
        let first = self.all.partition_point(|w| w.start < bytes.start);
        self.all[first..].iter().take_while(move |w| w.start < end)
    }

    fn text(&self, at: usize) -> &'a str {
        self.all.get(at).map_or("", |w| w.text)
    }

    /// The columns of white space before the line of a word.
    fn indent(&self, at: usize, text: &str) -> usize {
        let start = self.all.get(at).map_or(0, |w| w.start);
        let line = text[..start].rfind('\n').map_or(0, |i| i + 1);
        words::indent(&text[line..])
    }
}

fn ends_of(all: &[Word<'_>]) -> Vec<usize> {
    let mut ends = vec![all.len(); all.len()];
    let mut open: Vec<usize> = Vec::new();
    for (at, word) in all.iter().enumerate() {
        while let Some(last) = open.pop_if(|last| all[*last].depth >= word.depth) {
            ends[last] = at;
        }
        open.push(at);
    }
    ends
}

/// A block of a piece.
#[derive(Debug, Clone)]
pub(super) struct BlockAt {
    /// The words inside.
    pub(super) inner: Range<usize>,
    /// How deep these are.
    pub(super) depth: u16,
    /// Its bytes, braces included if they are there.
    pub(super) place: Range<usize>,
    /// Whether its closing brace is there.
    pub(super) closed: bool,
}

/// A statement, or a few of them that are not told apart.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) words: Range<usize>,
    pub(super) depth: u16,
    pub(super) blocks: Vec<BlockAt>,
}

/// What a `{` begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    /// A record, or the like.
    None,
    /// A block of statements.
    Block,
    /// A branch of an `if` that is a value.
    Branch,
    /// The arms of a `match`, which have blocks.
    Arms,
    /// A list of fields or cases, in another language.
    Foreign,
}

/// Splits the words of a block, or of a stretch, into pieces; `eager` if also where the indentation alone
/// says that a statement begins.
pub(super) fn split(
    text: &str,
    words: &Words<'_>,
    range: Range<usize>,
    depth: u16,
    eager: bool,
) -> Vec<Piece> {
    let mut splitter =
        Splitter { text, words, depth, eager, pieces: Vec::new(), first: range.start, state: State::new() };
    let mut at = range.start;
    while at < range.end {
        at = splitter.step(at, range.end);
    }
    splitter.finish(range.end);
    splitter.pieces
}

/// What is known of the piece that is being read.
#[derive(Debug)]
struct State {
    blocks: Vec<BlockAt>,
    head: Head,
    /// The depth at which a `fork` waits for its block.
    fork: Option<u16>,
    /// Whether a block has just ended.
    closed: bool,
    /// Whether the line is text without quotes.
    prose: bool,
    /// Whether a `=` was read.
    assigned: bool,
}

impl State {
    fn new() -> State {
        State {
            blocks: Vec::new(),
            head: Head::None,
            fork: None,
            closed: false,
            prose: false,
            assigned: false,
        }
    }
}

/// The innermost piece around an offset.
pub(super) fn innermost(text: &str, words: &Words<'_>, offset: usize) -> Option<Piece> {
    let (mut range, mut depth, mut found) = (0..words.all.len(), 0, None);
    loop {
        let ends_behind = |piece: &Piece| {
            let last = piece.words.end.checked_sub(1).and_then(|at| words.get(at));
            last.is_some_and(|w| offset < w.end)
        };
        let Some(piece) = split(text, words, range, depth, false).into_iter().find(ends_behind) else {
            return found;
        };
        let inner =
            piece.blocks.iter().find(|block| block.place.start < offset && offset < block.place.end).cloned();
        found = Some(piece);
        let Some(block) = inner else { return found };
        (range, depth) = (block.inner, block.depth);
    }
}

struct Splitter<'w, 'a> {
    text: &'a str,
    words: &'w Words<'a>,
    depth: u16,
    eager: bool,
    pieces: Vec<Piece>,
    first: usize,
    state: State,
}

impl Splitter<'_, '_> {
    /// Reads a word, or a whole block; gives the next one.
    fn step(&mut self, at: usize, end: usize) -> usize {
        let Some(word) = self.words.get(at).copied() else { return end };
        if word.depth == self.depth {
            if at > self.first && self.begins(at) {
                self.finish(at);
            }
            if word.fresh {
                self.state.prose = false;
            }
            self.see(at);
        } else if word.text == "fork" {
            self.state.fork = Some(word.depth);
        }
        let Some(block) = self.block(at, end) else {
            self.state.closed = false;
            return at + 1;
        };
        let next = block.inner.end + usize::from(block.closed);
        self.state.blocks.push(block);
        self.state.closed = true;
        if self.state.head == Head::Block {
            self.state.head = Head::None;
        }
        next
    }

    fn finish(&mut self, end: usize) {
        let state = std::mem::replace(&mut self.state, State::new());
        if end > self.first {
            self.pieces.push(Piece { words: self.first..end, depth: self.depth, blocks: state.blocks });
        }
        self.first = end;
    }

    fn see(&mut self, at: usize) {
        let word = self.words.text(at);
        let first = at == self.first;
        self.state.prose |= self.is_prose(at);
        match word {
            "class" | "struct" | "interface" | "enum" | "switch" if first => {
                self.state.head = Head::Foreign;
            }
            "match" if first => self.state.head = Head::Arms,
            "function" if first && self.holds_prompt(at) => self.state.head = Head::Foreign,
            "if" if !first && self.words.text(at - 1) != "else" => self.state.head = Head::Branch,
            "fork" => self.state.fork = Some(self.depth),
            "=" => self.state.assigned = true,
            "else" if !matches!(self.state.head, Head::Branch | Head::Arms) => self.state.head = Head::Block,
            _ if first && words::stands_before_block(word) => {
                let named = matches!(self.words.text(at + 1), "=" | "+=" | ".") && !words::is_reserved(word);
                self.state.head = if named { Head::None } else { Head::Block };
            }
            _ => {}
        }
    }

    /// `function f(…) -> T { client … prompt … }`
    fn holds_prompt(&self, at: usize) -> bool {
        let line = at..self.words.all.len().min(at + 64);
        let mut open = line.filter(|i| self.words.text(*i) == "{");
        open.next().is_some_and(|open| matches!(self.words.text(open + 1), "client" | "prompt"))
    }

    /// The block that begins at a word.
    fn block(&self, at: usize, end: usize) -> Option<BlockAt> {
        let word = self.words.get(at)?;
        let inner = at + 1..self.words.ends.get(at).copied().unwrap_or(end).min(end);
        let start = match word.opening {
            Some(Opening::Missing(_)) => word.end,
            Some(Opening::Colon(_)) if matches!(self.state.head, Head::Foreign | Head::Arms) => return None,
            Some(Opening::Colon(_)) => word.start,
            None if word.text == "{" && self.is_block(at, *word) => word.start,
            None => return None,
        };
        let inside = self.words.get(inner.end.wrapping_sub(1)).map_or(word.end, |w| w.end);
        let close = self.words.get(inner.end).filter(|w| {
            let braced = !matches!(word.opening, Some(Opening::Colon(_)));
            braced && w.kind == Kind::Close && w.text == "}" && w.depth == word.depth
        });
        let place = start..close.map_or(inside.max(word.end), |w| w.end);
        Some(BlockAt { inner, depth: word.depth + 1, place, closed: close.is_some() })
    }

    /// Whether a brace holds statements.
    fn is_block(&self, at: usize, word: Word<'_>) -> bool {
        if at == self.first || self.is_double_brace(at) {
            return false;
        }
        let Some(before) = self.words.get(at - 1) else { return false };
        if self.state.head == Head::Arms && before.text == "=>" {
            return true;
        }
        if before.text == "aside" || self.state.fork == Some(word.depth) && before.ends_operand() {
            return true;
        }
        let script = before.text == "script" && self.words.text(at.wrapping_sub(2)) == "=";
        match self.state.head {
            _ if word.depth != self.depth || script => false,
            Head::Block => {
                let direct = matches!(before.text, "else" | "try" | "tool") || words::is_role(before.text);
                direct || before.ends_operand() || self.holds_statements(at)
            }
            Head::None => {
                let unknown = self.words.get(self.first).is_some_and(|w| w.is_name());
                unknown && self.state.blocks.is_empty() && self.holds_statements(at)
            }
            _ => false,
        }
    }

    /// Whether what stands in a brace begins like a statement and not like a field.
    fn holds_statements(&self, at: usize) -> bool {
        let Some(first) = self.words.get(at + 1) else { return false };
        let behind = match first.kind {
            Kind::StrOpen => self.words.ends.get(at + 1).map_or(at + 2, |close| close + 1),
            _ => at + 2,
        };
        let field = matches!(self.words.text(behind), ":" | "=>" | ",");
        let begins = first.kind == Kind::StrOpen
            || words::must_begin_statement(first.text)
            || matches!(first.text, "gen" | "select" | "call" | "if");
        begins && !field
    }

    /// Whether a word begins another statement than the words before it in the piece.
    fn begins(&self, at: usize) -> bool {
        let (Some(word), Some(before)) = (self.words.get(at), self.words.get(at - 1)) else { return false };
        let key = matches!(self.words.text(at + 1), ":" | "=") && word.kind == Kind::Word;
        let may = match word.kind {
            Kind::Word => words::may_begin_statement(word.text) || key && word.is_name(),
            Kind::StrOpen | Kind::Number | Kind::Regex => true,
            _ => false,
        };
        let sure = words::must_begin_statement(word.text) && !key && before.text != ".";
        let imports = word.text == "from" && word.fresh && self.imports(at);
        if self.state.closed {
            // `do { … } while c`
            let again = self.words.text(self.first) == "do" && word.text == "while" && !word.fresh;
            return may && !again || imports;
        }
        if !word.fresh {
            return !self.state.prose && self.begins_within_line(at, *word, *before, sure);
        }
        let outdented =
            self.eager && may && self.words.indent(at, self.text) <= self.words.indent(self.first, self.text);
        let ends = before.ends_statement();
        let odd = match word.kind {
            Kind::Open => word.text != "{" || self.is_double_brace(at),
            Kind::Punct => matches!(word.text, "-" | "/" | "//"),
            Kind::Unknown => true,
            _ => false,
        };
        sure || outdented || ends && (may || odd || imports)
    }

    /// `from x import y` of another language.
    fn imports(&self, at: usize) -> bool {
        let line = self.words.all[at + 1..].iter().take(16).take_while(|w| !w.fresh);
        line.into_iter().any(|w| w.text == "import")
    }

    fn is_double_brace(&self, at: usize) -> bool {
        let pair = self.words.get(at).zip(self.words.get(at + 1));
        pair.is_some_and(|(a, b)| b.text == "{" && a.end == b.start)
    }

    fn begins_within_line(&self, at: usize, word: Word<'_>, before: Word<'_>, sure: bool) -> bool {
        // A name that begins nothing: what follows it on its line belongs to the same mistake.
        let behind = self.words.get(at.wrapping_sub(2));
        let lone = before.is_name() && (at == self.first + 1 || behind.is_some_and(Word::ends_operand));
        let takes_value = matches!(before.text, "return" | "yield" | "print");
        let ends = before.ends_statement() && before.kind != Kind::Unknown;
        if lone || takes_value || words::is_role(before.text) || !ends || before.text == "?" {
            return false;
        }
        let behind = behind.map_or("", |w| w.text);
        let next = |by: usize| self.words.text(at + by);
        match word.text {
            "gen" | "select" | "call" => true,
            "if" => self.state.head == Head::None && !self.is_choice(at),
            _ if word.kind == Kind::StrOpen => before.kind != Kind::Word || before.end < word.start,
            _ if word.is_name() => {
                let named = matches!(
                    behind,
                    "let" | "const" | "gen" | "select" | "call" | "with" | "for" | "," | "as"
                );
                let waits = matches!(self.words.text(self.first), "let" | "const" | "input");
                let complete = !waits || self.state.assigned;
                matches!(next(1), "=" | "+=") && before.kind != Kind::Word && !named && complete
            }
            "let" | "const" => matches!(next(2), "=" | ":"),
            "fn" | "agent" => next(2) == "(",
            "type" => matches!(next(2), "=" | "{"),
            "for" => next(2) == "in" || next(1) == "(",
            _ => sure,
        }
    }

    /// `a if c else b`: an `if` in the line with an `else` before any brace.
    fn is_choice(&self, at: usize) -> bool {
        let rest = self.words.all[at + 1..].iter().take(64).take_while(|w| !w.fresh && w.text != "{");
        rest.into_iter().any(|w| w.text == "else")
    }

    /// Two names in a row, the second of which does not begin a statement: text without quotes.
    fn is_prose(&self, at: usize) -> bool {
        let (Some(word), Some(next)) = (self.words.get(at), self.words.get(at + 1)) else { return false };
        if !word.is_name() || words::CONTEXTUAL.contains(&word.text) || next.fresh || next.depth != self.depth
        {
            return false;
        }
        match next.kind {
            Kind::Word => {
                let plain = next.is_name() && !words::CONTEXTUAL.contains(&next.text);
                let begins = matches!(self.words.text(at + 2), "=" | "+=" | "(" | ".");
                plain && !begins || at == self.first && !matches!(next.text, "and" | "or" | "not" | "in")
            }
            Kind::StrOpen | Kind::Number => at == self.first,
            _ => false,
        }
    }
}
