//! The scanner: a stack of open strings and holes decides which tokens may come next.
//!
//! Brackets outside strings are only counted here; [`super::nest`], which sees whole lines, finds out which
//! of them belong together. [`super::strings`] handles the contents of strings, [`super::foreign`] whatever
//! belongs to other languages.

use std::borrow::Cow;
use std::ops::Range;

use logos::Logos;

use super::strings::Long;
use super::token::{Code, Inside};
use super::{Kind, Lexed, Mend, Token, nest, words};
use crate::diag::Diag;
use crate::limits::Limit;
use crate::source::Span;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Open {
    Paren,
    Bracket,
    Brace,
    Hole,
    Short,
    Long,
}

pub(super) struct Scanner<'a> {
    pub(super) file: u32,
    pub(super) text: &'a str,
    nesting: usize,
    pub(super) pos: usize,
    /// The strings and holes that are open, the brackets in holes, and the place after each opening.
    pub(super) stack: Vec<(Open, usize)>,
    /// The brackets that are open outside of strings, as far as brackets of a kind simply match.
    pub(super) outer: Vec<(Open, usize)>,
    /// Where the line begins.
    pub(super) line: usize,
    pub(super) tokens: Vec<Token>,
    /// Index of the last token that is not trivia.
    pub(super) last: Option<usize>,
    /// Whether a line break came after it.
    pub(super) fresh_line: bool,
    pub(super) diags: Vec<Diag>,
    pub(super) mends: Vec<Mend>,
    pub(super) doubtful: Vec<usize>,
    pub(super) too_deep: Vec<Range<usize>>,
    /// Line breaks that end a string which was left open.
    pub(super) broken_lines: Vec<usize>,
    /// The `"""` strings outside of holes.
    pub(super) longs: Vec<Long>,
    /// How often the text was read again from the middle.
    pub(super) rereads: usize,
    /// The string in which a template tag was reported: the place after its opening.
    pub(super) tagged: Option<usize>,
    /// Whether a carriage return without a line feed was reported.
    pub(super) lone_return: bool,
    /// Signs that do not stand anywhere ahead.
    pub(super) missing: Vec<&'static str>,
}

/// `nesting` bounds how many brackets, holes and strings may be open at once.
pub(super) fn scan(file: u32, text: &str, nesting: usize) -> Lexed {
    let mut s = Scanner {
        file,
        text,
        nesting,
        pos: 0,
        stack: Vec::new(),
        outer: Vec::new(),
        line: 0,
        tokens: Vec::new(),
        last: None,
        fresh_line: true,
        diags: Vec::new(),
        mends: Vec::new(),
        doubtful: Vec::new(),
        too_deep: Vec::new(),
        broken_lines: Vec::new(),
        longs: Vec::new(),
        rereads: 0,
        tagged: None,
        lone_return: false,
        missing: Vec::new(),
    };
    loop {
        while s.pos < text.len() {
            match s.stack.last() {
                Some((Open::Short | Open::Long, _)) => s.inside(),
                _ => s.code(),
            }
        }
        if s.may_end() {
            break;
        }
    }
    let lexed = Lexed {
        tokens: s.tokens,
        diags: s.diags,
        mends: s.mends,
        doubtful: s.doubtful,
        too_deep: s.too_deep,
        openings: Vec::new(),
    };
    nest::nest(file, text, lexed, &s.broken_lines)
}

impl<'a> Scanner<'a> {
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    pub(super) fn push(&mut self, kind: Kind, end: usize) {
        let depth = u16::try_from(self.stack.len()).unwrap_or(u16::MAX);
        self.tokens.push(Token { kind, start: self.pos, end, depth });
        if !kind.is_trivia() {
            self.last = Some(self.tokens.len() - 1);
            self.fresh_line = false;
        }
        self.pos = end;
    }

    /// Reports a mistake whose mend is what was meant.
    pub(super) fn report(&mut self, diag: Diag) {
        self.diags.push(diag);
    }

    /// Reports a mistake whose mend is a guess.
    pub(super) fn report_doubtful(&mut self, diag: Diag) {
        self.doubtful.push(diag.span.start as usize);
        self.diags.push(diag);
    }

    pub(super) fn mend(&mut self, place: Range<usize>, text: impl Into<Cow<'static, str>>) {
        self.mends.push(Mend::new(place, text));
    }

    /// The last token that is not trivia.
    pub(super) fn before(&self) -> Option<Token> {
        self.last.and_then(|at| self.tokens.get(at)).copied()
    }

    /// The rest of the line.
    pub(super) fn rest(&self) -> &'a str {
        let rest = &self.text[self.pos..];
        &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())]
    }

    fn code(&mut self) {
        let mut lexer = Code::lexer(self.text);
        lexer.bump(self.pos);
        let token = lexer.next();
        let end = lexer.span().end.max(self.pos + 1);
        match token {
            Some(Ok(token)) => self.code_token(token, end),
            _ => self.unknown(),
        }
    }

    fn code_token(&mut self, token: Code, end: usize) {
        match token {
            Code::Space => self.push(Kind::Space, end),
            Code::Newline => self.newline(end),
            Code::Comment if self.stack.is_empty() && self.meant_otherwise() => {}
            Code::Comment => self.comment(end),
            Code::Word => self.push(Kind::Word, end),
            Code::Number => self.number(end),
            Code::Triple => self.triple(end),
            Code::Quote => self.open(Open::Short, Kind::StrOpen, end),
            Code::ParenOpen => self.open(Open::Paren, Kind::Open, end),
            Code::BracketOpen => self.open(Open::Bracket, Kind::Open, end),
            Code::BraceOpen if self.stack.is_empty() && self.braced_comment() => {}
            Code::BraceOpen => self.open(Open::Brace, Kind::Open, end),
            Code::ParenClose => self.close(Open::Paren, end),
            Code::BracketClose => self.close(Open::Bracket, end),
            Code::BraceClose => self.brace_close(end),
            Code::Slash => self.slash(end),
            Code::Punct if self.template_mark() => {}
            Code::Punct if self.is_starred(end) => self.starred(end),
            Code::Punct => self.push(Kind::Punct, end),
            Code::Foreign => self.foreign(end),
        }
    }

    /// Opens a bracket, hole or string, unless that nests too deeply: then the rest of the nest is skipped.
    pub(super) fn open(&mut self, open: Open, kind: Kind, end: usize) {
        if self.stack.len() + self.outer.len() >= self.nesting {
            return self.skip_nest();
        }
        if kind == Kind::StrOpen {
            self.string_prefix(end);
        }
        self.push(kind, end);
        if kind == Kind::Open && self.stack.is_empty() {
            self.outer.push((open, end));
        } else {
            self.stack.push((open, end));
        }
    }

    /// Everything from here to the next line that begins an item is one unknown token.
    fn skip_nest(&mut self) {
        let span = self.span(self.pos, self.pos + 1);
        let message = format!("this is nested more than {} levels deep", self.nesting);
        let diag = Diag::new("E0003", span, message).limit(Limit::Nesting);
        self.report_doubtful(diag.hint("move the inner part into a `let`, a `fn` or a `type` of its own"));
        let from = self.outer.first().or(self.stack.first()).map_or(self.pos, |(_, at)| *at);
        let rest = &self.text[self.pos..];
        let end = rest
            .match_indices('\n')
            .map(|(i, _)| self.pos + i + 1)
            .find(|at| words::item_begins(&self.text[*at..]))
            .unwrap_or(self.text.len());
        self.stack.clear();
        self.outer.clear();
        self.push(Kind::Unknown, end);
        self.too_deep.push(from..end);
        self.fresh_line = true;
        self.line = end;
    }

    fn newline(&mut self, end: usize) {
        let here = self.pos;
        if let Some(close) = self.end_short_strings(end) {
            return self.push(Kind::Unknown, close);
        }
        if self.pos < here {
            // The end of the line is code again.
            return;
        }
        self.look_at_return(end);
        if self.stack.is_empty() && words::item_begins(&self.text[end..]) {
            self.outer.clear();
        }
        self.push(Kind::Newline, end);
        self.fresh_line = true;
        self.line = end;
    }

    /// A carriage return belongs before a line feed; alone it is a line break that is reported once.
    pub(super) fn look_at_return(&mut self, end: usize) {
        if &self.text[self.pos..end] != "\r" {
            return;
        }
        self.mend(self.pos..end, "\n");
        if !std::mem::replace(&mut self.lone_return, true) {
            let span = self.span(self.pos, end);
            let diag = Diag::new("E0026", span, "there is a carriage return without a line feed here");
            self.report(diag.hint("save the file with line breaks of one kind, LF or CRLF"));
        }
    }

    /// A comment; in a hole none may be.
    fn comment(&mut self, end: usize) {
        if self.stack.is_empty() {
            return self.push(Kind::Comment, end);
        }
        let diag = Diag::new("E0018", self.span(self.pos, self.pos + 1), "a hole cannot contain a comment");
        self.report(diag.hint("put the comment on a line outside the string, or close the hole with `}}`"));
        // The comment may well have swallowed the hole's end.
        let end = self.rest().find("}}").map_or(end, |at| self.pos + at);
        self.mend(self.pos..end, "");
        self.push(Kind::Unknown, end);
    }

    fn number(&mut self, end: usize) {
        let rest = &self.text[end..];
        let tail: usize =
            rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').map(char::len_utf8).sum();
        if tail > 0 {
            self.malformed_number(end, end + tail);
        }
        self.push(Kind::Number, end + tail);
    }

    fn malformed_number(&mut self, digits: usize, end: usize) {
        if self.hole_format(end) {
            return;
        }
        let whole = &self.text[self.pos..end];
        let diag = Diag::new("E0017", self.span(self.pos, end), format!("`{whole}` is not a number"));
        let plain: String = whole.chars().filter(|c| *c != '_').collect();
        if plain.bytes().all(|b| b.is_ascii_digit()) {
            self.report(diag.hint(format!("write {plain}")));
            return self.mend(self.pos..end, plain);
        }
        self.report_doubtful(diag.hint("numbers look like 42, 2.5 or 1e5; names begin with a letter"));
        self.mend(digits..end, "");
    }

    /// A slash divides after an operand and begins a regex elsewhere.
    fn slash(&mut self, end: usize) {
        if !self.operand_may_begin() && !self.is_rule(end) && !self.is_generated(end) {
            return self.push(Kind::Punct, end);
        }
        if self.text[end..].starts_with('*') {
            return self.block_comment();
        }
        let Some(found) = RegexEnd::find(&self.text[end..]) else {
            // Behind a sign that means nothing, which was reported, it divides as well as not.
            let odd = !self.fresh_line && self.before().is_some_and(|t| t.kind == Kind::Unknown);
            return if odd { self.push(Kind::Punct, end) } else { self.unclosed_regex() };
        };
        let found = RegexEnd { close: end + found.close, ..found };
        if found.slash_in_class {
            let diag =
                Diag::new("E0019", self.span(self.pos, found.close), "this regex ends at its first `/`");
            self.report(diag.hint("write a slash as `\\/`, also inside `[…]`"));
            self.mend(self.pos..found.close, "\0");
        }
        self.push(Kind::Regex, found.close);
        self.regex_flags();
    }

    fn unclosed_regex(&mut self) {
        let end = self.pos + self.rest().len();
        let diag = Diag::new("E0019", self.span(self.pos, end), "this regex is not closed");
        self.report(
            diag.hint(
                "a regex is written between slashes on one line: /[a-z]+/; write an inner slash as `\\/`",
            ),
        );
        self.mend(self.pos..end, "\0");
        self.push(Kind::Unknown, end);
    }

    /// `/a/i`
    fn regex_flags(&mut self) {
        let rest = &self.text[self.pos..];
        let flags = &rest[..rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len())];
        if flags.is_empty() || !flags.bytes().all(|b| b"gimsuxy".contains(&b)) {
            return;
        }
        let kept: String = flags.chars().filter(|c| !"gy".contains(*c)).collect();
        let end = self.pos + flags.len();
        let diag = Diag::new("E0021", self.span(self.pos, end), "a regex takes no flags after it");
        let hint = match kept.as_str() {
            "" => "leave them out: a regex always matches the whole value".to_owned(),
            _ => format!("write them at its start: /(?{kept})…/"),
        };
        self.report(diag.hint(hint));
        self.mend(self.pos..end, "");
        self.push(Kind::Unknown, end);
    }

    /// Whether a regex whose body begins here is a rule of a script on the line of the rule before it, as
    /// in `"a" => "b" /c/ => "d"`. No other string is followed by a regex, and nothing divides one.
    fn is_rule(&self, body: usize) -> bool {
        if self.before().is_none_or(|t| t.kind != Kind::StrClose) {
            return false;
        }
        let near = self.text[body..].char_indices().nth(LONGEST_RULE);
        let near = near.map_or(self.text.len(), |(at, _)| body + at);
        let Some(end) = RegexEnd::find(&self.text[body..near]) else { return false };
        let mut rest = self.text[body + end.close..].trim_start();
        while let Some(comment) = rest.strip_prefix('#') {
            rest = comment.split_once('\n').map_or("", |(_, after)| after.trim_start());
        }
        rest.starts_with("=>")
    }

    /// Whether a regex whose body begins here stands in the type of a generation, where nothing is divided:
    /// `gen x: word /[a-z]+/`, a word too many.
    fn is_generated(&self, body: usize) -> bool {
        self.in_generated_type()
            && RegexEnd::find(&self.text[body..])
                .is_some_and(|end| !self.text[body..body + end.close].starts_with(' '))
    }

    /// Whether what comes next stands in the type of a generation.
    pub(super) fn in_generated_type(&self) -> bool {
        let mut before = self.tokens.iter().rev().take(16).filter(|t| t.kind != Kind::Space);
        let mut texts = before
            .by_ref()
            .map(|t| t.text(self.text))
            .take_while(|word| !matches!(*word, "with" | "\n" | "{{"));
        texts.any(|word| word == ":") && texts.nth(1).is_some_and(|word| word == "gen")
    }

    pub(super) fn operand_may_begin(&self) -> bool {
        let Some(last) = self.before() else { return true };
        match last.kind {
            Kind::Punct => last.text(self.text) != "?",
            Kind::Open | Kind::HoleOpen | Kind::Unknown => true,
            // A slash never stands first on a line as a division.
            Kind::Word => self.fresh_line || !self.is_operand(last),
            _ => self.fresh_line,
        }
    }

    /// Whether the last word is a value or a name: no reserved one, or one that is so only elsewhere.
    fn is_operand(&self, last: Token) -> bool {
        let word = last.text(self.text);
        let before = || {
            let tokens = self.tokens.get(..self.last.unwrap_or(0)).unwrap_or(&[]);
            tokens.iter().rev().find(|token| !token.kind.is_trivia())
        };
        !words::is_reserved(word)
            || matches!(word, "true" | "false" | "null")
            || before().is_some_and(|token| token.text(self.text) == ".")
    }

    fn brace_close(&mut self, end: usize) {
        let hole = self.stack.iter().rposition(|(open, _)| *open == Open::Hole);
        let Some(hole) = hole else { return self.close(Open::Brace, end) };
        let inside = self.stack[hole + 1..].iter().filter(|(open, _)| *open == Open::Brace).count();
        let here = self.text[self.pos..].bytes().take_while(|b| *b == b'}').take(3).count();
        // `}}` closes a hole once no brace is open inside it; one that is open then was forgotten.
        match (inside, here) {
            (0, 1) => self.half_closed_hole(hole, end),
            (0, _) | (1, 2) => self.hole_close(hole, end + 1),
            _ => self.close(Open::Brace, end),
        }
    }

    pub(super) fn hole_close(&mut self, hole: usize, end: usize) {
        while self.stack.len() > hole + 1 {
            self.report_unclosed(self.pos);
            self.stack.pop();
        }
        self.stack.pop();
        self.push(Kind::HoleClose, end);
    }

    pub(super) fn close(&mut self, open: Open, end: usize) {
        if self.stack.is_empty() {
            if let Some(at) = self.outer.iter().rposition(|(o, _)| *o == open) {
                self.outer.truncate(at);
            }
            return self.push(Kind::Close, end);
        }
        // A bracket cannot close what was opened outside the hole it stands in.
        let floor = self.stack.iter().rposition(|(o, _)| *o == Open::Hole).map_or(0, |i| i + 1);
        let Some(at) = self.stack[floor..].iter().rposition(|(o, _)| *o == open).map(|i| i + floor) else {
            let sign = &self.text[self.pos..end];
            let diag = Diag::new("E0013", self.span(self.pos, end), format!("this `{sign}` closes nothing"));
            self.report_doubtful(diag.hint("remove it, or open its partner before it"));
            self.mend(self.pos..end, "");
            return self.push(Kind::Unknown, end);
        };
        while self.stack.len() > at + 1 {
            self.report_unclosed(self.pos);
            self.stack.pop();
        }
        self.stack.pop();
        self.push(Kind::Close, end);
    }

    /// Reports the innermost open thing, which should have ended before a place.
    pub(super) fn report_unclosed(&mut self, before: usize) {
        let Some((open, opened)) = self.stack.last().copied() else { return };
        let (sign, partner) = match open {
            Open::Paren => ("(", ")"),
            Open::Bracket => ("[", "]"),
            Open::Brace => ("{", "}"),
            Open::Hole => return self.unclosed_hole(opened),
            Open::Short => return self.unclosed_string(opened),
            Open::Long => return self.unclosed_long(opened, None),
        };
        let diag = Diag::new("E0012", self.span(opened - 1, opened), format!("this `{sign}` is not closed"));
        self.report_doubtful(diag.hint(format!("add `{partner}` where it ends")));
        self.mends.push(Mend::closing(opened - 1, before, partner));
    }

    fn inside(&mut self) {
        let long = matches!(self.stack.last(), Some((Open::Long, _)));
        let mut lexer = Inside::lexer(self.text);
        lexer.bump(self.pos);
        let token = lexer.next();
        let end = lexer.span().end.max(self.pos + 1);
        let Some(Ok(token)) = token else { return self.unknown() };
        match token {
            Inside::Hole => self.hole(end),
            Inside::EscapedHole | Inside::Chunk | Inside::Brace => self.push(Kind::Text, end),
            Inside::EscapedTriple if long => self.push(Kind::Text, end),
            Inside::EscapedTriple => self.push(Kind::Text, self.pos + 2),
            // A raw string knows no other escape: the sign after a backslash is looked at afresh.
            Inside::Escape | Inside::Backslash if long => self.push(Kind::Text, self.pos + 1),
            Inside::Escape => self.push(Kind::Text, end),
            Inside::Backslash => self.push(Kind::Text, end),
            Inside::Triple if long => self.str_close(end),
            Inside::Quote if long => self.push(Kind::Text, end),
            Inside::Triple | Inside::Quote => self.str_close(self.pos + 1),
            Inside::Newline if long => {
                self.look_at_return(end);
                self.push(Kind::Text, end);
            }
            Inside::Newline => self.newline(end),
        }
    }
}

/// The longest regex, in characters, that begins a rule after another one on its line.
const LONGEST_RULE: usize = 1000;

/// Where a regex ends.
#[derive(Debug, Clone, Copy)]
struct RegexEnd {
    /// One past the slash that closes it.
    close: usize,
    /// Whether a slash before that one stands in a `[…]`, where it ends the regex, too.
    slash_in_class: bool,
}

impl RegexEnd {
    /// The end of the regex with this body, which ends on its line.
    fn find(body: &str) -> Option<RegexEnd> {
        let (mut escaped, mut classes, mut first) = (false, 0_usize, None);
        // A `]` that comes first in a class is a member of it.
        let mut class_begins = false;
        for (at, c) in body.char_indices() {
            let begins = std::mem::take(&mut class_begins);
            match c {
                '\n' | '\r' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '[' => {
                    classes += 1;
                    class_begins = true;
                }
                '^' => class_begins = begins,
                ']' if !begins => classes = classes.saturating_sub(1),
                '/' if at == 0 => return None,
                '/' if classes == 0 => {
                    return Some(RegexEnd { close: at + 1, slash_in_class: first.is_some() });
                }
                '/' => first = first.or(Some(at + 1)),
                _ => {}
            }
        }
        first.map(|close| RegexEnd { close, slash_in_class: false })
    }
}
