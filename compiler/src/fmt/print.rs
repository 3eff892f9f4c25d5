//! The pass over the tokens: where lines end, and what goes between two tokens.
//!
//! Line breaks are the author's, with these exceptions: `{` and `else` join the previous line, and a block
//! that spans lines has its braces at the ends of lines. None of these breaks means anything to the compiler.

use super::frame::Frames;
use super::lines::Lines;
use super::marks::{Mark, Marks};
use super::text::{self, Strings, Texts};
use crate::lex::{Kind, Token};

/// Sets a file that parses.
pub(super) fn print(text: &str, tokens: &[Token], marks: &Marks) -> String {
    let mut printer = Printer {
        text,
        tokens,
        marks,
        strings: Strings::new(text, tokens),
        frames: Frames::new(text, tokens, marks),
        lines: Lines::default(),
        texts: Vec::new(),
        margin: 0,
        first: None,
        last: None,
    };
    let mut gap = Gap::default();
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Space => {}
            Kind::Newline => gap.breaks += 1,
            Kind::Comment => gap.comments.push((at, std::mem::take(&mut gap.breaks))),
            _ => printer.token(at, &std::mem::take(&mut gap)),
        }
    }
    printer.comments(&gap, None);
    printer.lines.finish()
}

/// What stands between two tokens: comments, each with the line breaks before it, and the line breaks after
/// the last one.
#[derive(Debug, Default)]
struct Gap {
    comments: Vec<(usize, usize)>,
    breaks: usize,
}

struct Printer<'a> {
    text: &'a str,
    tokens: &'a [Token],
    marks: &'a Marks,
    strings: Strings,
    frames: Frames<'a>,
    lines: Lines<'a>,
    /// The strings around a place: their texts that are still to come, and the indentation of their lines.
    texts: Vec<(Texts, usize)>,
    /// The white space at the start of the current line. It is not the indentation of the code on it where a
    /// string ends on the line.
    margin: usize,
    /// The token that begins the current line; `None` if text does.
    first: Option<usize>,
    /// The last token.
    last: Option<usize>,
}

impl<'a> Printer<'a> {
    fn word(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text(self.text))
    }

    fn kind(&self, at: usize) -> Kind {
        self.tokens.get(at).map_or(Kind::Unknown, |token| token.kind)
    }

    fn token(&mut self, at: usize, gap: &Gap) {
        let header_comment = self.header_comment(at, gap);
        match self.kind(at) {
            Kind::Text => return self.string_text(at),
            Kind::StrClose => self.close_string(),
            Kind::HoleOpen => {}
            _ if header_comment.is_some() => self.space(at, &Gap::default(), false),
            _ => {
                let begins = self.comments(gap, Some(at));
                self.space(at, gap, begins);
            }
        }
        self.frames.token(at, self.first, self.last);
        if self.kind(at) == Kind::StrOpen {
            self.open_string(at);
        }
        self.lines.push(self.word(at));
        self.last = Some(at);
        if let Some(comment) = header_comment {
            self.lines.trailing(comment);
            self.frames.break_at_ends();
        }
    }

    /// The comment after a header whose `{` stands on the next line: the brace goes before it.
    fn header_comment(&self, at: usize, gap: &Gap) -> Option<&'a str> {
        let [(comment, 0)] = gap.comments.as_slice() else { return None };
        let mut after = self.tokens.get(at + 1..)?.iter().map(|token| token.kind);
        let free = after.find(|kind| *kind != Kind::Space) != Some(Kind::Comment);
        let moves = matches!(self.marks.of(at), Mark::Block(_)) && self.last.is_some() && free;
        moves.then(|| self.word(*comment).trim_end())
    }

    /// Writes comments, of which only the first can stand after code. Says whether what follows them comes
    /// first on a line of its own within the brackets around it, or in the file.
    fn comments(&mut self, gap: &Gap, next: Option<usize>) -> bool {
        let mut begins = self.frames.begin_with(self.last);
        let mut tail = None;
        for (at, breaks) in &gap.comments {
            let comment = self.word(*at).trim_end();
            let column = self.column(*at);
            if *breaks == 0 && self.last.is_some() {
                self.lines.trailing(comment);
                tail = Some(column);
            } else if *breaks == 1 && tail == Some(column) {
                self.lines.continued(comment);
            } else {
                if *breaks > 1 && !begins {
                    self.lines.blank();
                }
                self.lines.own(self.frames.comment_indent(next, self.last), comment);
                (begins, tail) = (false, None);
            }
        }
        begins
    }

    /// How many characters stand before a token on its line.
    fn column(&self, at: usize) -> usize {
        let before = self.tokens.get(at).and_then(|token| self.text.get(..token.start)).unwrap_or("");
        before.rsplit('\n').next().map_or(0, |line| line.chars().count())
    }

    /// Ends the line before a token, or leaves a space, or nothing.
    fn space(&mut self, at: usize, gap: &Gap, begins: bool) {
        let breaks = self.breaks(at, gap, begins);
        if breaks > 1 {
            self.lines.blank();
        }
        if breaks > 0 {
            self.margin = self.frames.begin_line(at, self.last);
            self.lines.begin(self.margin);
            self.first = Some(at);
        } else if let Some(last) = self.last {
            if let Mark::Key(key) = self.marks.of(last)
                && self.first == Some(key)
            {
                self.lines.cell(self.distance(last, at));
            }
            if self.spaced(last, at) {
                self.lines.push(" ");
            }
        }
    }

    /// How far two tokens stand apart.
    fn distance(&self, last: usize, at: usize) -> usize {
        let (Some(last), Some(at)) = (self.tokens.get(last), self.tokens.get(at)) else { return 0 };
        self.text.get(last.end..at.start).map_or(0, |between| between.chars().count())
    }

    /// How many line breaks stand before a token; two leave a line empty.
    fn breaks(&self, at: usize, gap: &Gap, begins: bool) -> usize {
        let commented = !gap.comments.is_empty();
        if self.last.is_none() && !commented {
            return 1;
        }
        if !commented && matches!(self.marks.of(at), Mark::Else | Mark::Block(_)) {
            return 0;
        }
        let ends = matches!(self.kind(at), Kind::Close | Kind::HoleClose);
        let least = commented || (begins || ends) && self.frames.breaks_at_ends();
        let most = if begins || ends { 1 } else { 2 };
        gap.breaks.clamp(usize::from(least), most)
    }

    /// Whether a space stands between two tokens of a line.
    fn spaced(&self, last: usize, at: usize) -> bool {
        let (before, after) = (self.kind(last), self.kind(at));
        if before == Kind::HoleOpen || after == Kind::HoleClose {
            return true;
        }
        if before == Kind::Open || after == Kind::Close {
            return self.frames.spaced() && !(before == Kind::Open && after == Kind::Close);
        }
        let tight_after = matches!(self.marks.of(last), Mark::Sign | Mark::Slice);
        if self.marks.of(at) == Mark::Apart {
            return true;
        }
        let tight_before = self.marks.of(at) == Mark::Attached;
        let sign = after == Kind::Punct && matches!(self.word(at), "," | ":" | "?" | "." | "..");
        let point = before == Kind::Punct && matches!(self.word(last), "." | "..");
        !(tight_after || tight_before || sign || point)
    }

    /// Text moves as far as the line on which its string begins.
    fn open_string(&mut self, at: usize) {
        let start = self.tokens.get(at).map_or(0, |token| token.start);
        let by = || self.margin.cast_signed() - text::margin(self.text, start).cast_signed();
        let texts = self.strings.moved(self.text, at, by);
        self.texts.push((texts, self.frames.indent));
    }

    /// A hole is indented by the line of text on which it begins.
    fn string_text(&mut self, at: usize) {
        let (Some(token), Some((texts, _))) = (self.tokens.get(at), self.texts.last_mut()) else { return };
        let new = texts.take(self.text, token);
        if let Some((_, line)) = new.rsplit_once('\n') {
            self.margin = text::leading(line);
            self.frames.indent = self.margin;
            self.first = None;
        }
        self.lines.push_text(&new);
    }

    fn close_string(&mut self) {
        if let Some((_, indent)) = self.texts.pop() {
            self.frames.indent = indent;
        }
    }
}
