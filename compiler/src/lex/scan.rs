//! The scanner: a stack of open brackets, holes and strings decides which tokens may come next.

use logos::Logos;

use super::token::{Code, Inside};
use super::{Kind, Lexed, MAX_NESTING, Token, words};
use crate::diag::Diag;
use crate::source::Span;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Paren,
    Bracket,
    Brace,
    Hole,
    Short,
    Long,
}

struct Scanner<'a> {
    file: u32,
    text: &'a str,
    pos: usize,
    /// What is open, and where it was opened.
    stack: Vec<(Open, usize)>,
    tokens: Vec<Token>,
    /// Index of the last token that is not trivia.
    last: Option<usize>,
    /// Whether a line break came after it.
    fresh_line: bool,
    diags: Vec<Diag>,
    broken: Vec<usize>,
    too_deep: Vec<std::ops::Range<usize>>,
}

pub(super) fn scan(file: u32, text: &str) -> Lexed {
    let mut s = Scanner {
        file,
        text,
        pos: 0,
        stack: Vec::new(),
        tokens: Vec::new(),
        last: None,
        fresh_line: true,
        diags: Vec::new(),
        broken: Vec::new(),
        too_deep: Vec::new(),
    };
    while s.pos < text.len() {
        match s.stack.last() {
            Some((Open::Short | Open::Long, _)) => s.inside(),
            _ => s.code(),
        }
    }
    s.unclosed_at_end();
    Lexed { tokens: s.tokens, diags: s.diags, broken: s.broken, too_deep: s.too_deep }
}

impl Scanner<'_> {
    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    fn push(&mut self, kind: Kind, end: usize) {
        let depth = u16::try_from(self.stack.len()).unwrap_or(u16::MAX);
        self.tokens.push(Token { kind, start: self.pos, end, depth });
        if !kind.is_trivia() {
            self.last = Some(self.tokens.len() - 1);
            self.fresh_line = false;
        }
        self.pos = end;
    }

    fn report(&mut self, diag: Diag) {
        self.broken.push(diag.span.start as usize);
        self.diags.push(diag);
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
            Code::Comment => self.comment(end),
            Code::Word => self.word(end),
            Code::Number => self.number(end),
            Code::Triple => self.open(Open::Long, Kind::StrOpen, end),
            Code::Quote => self.open(Open::Short, Kind::StrOpen, end),
            Code::ParenOpen => self.open(Open::Paren, Kind::Open, end),
            Code::BracketOpen => self.open(Open::Bracket, Kind::Open, end),
            Code::BraceOpen => self.open(Open::Brace, Kind::Open, end),
            Code::ParenClose => self.close(Open::Paren, end),
            Code::BracketClose => self.close(Open::Bracket, end),
            Code::BraceClose => self.brace_close(end),
            Code::Slash => self.slash(end),
            Code::Punct => self.push(Kind::Punct, end),
            Code::Foreign => self.foreign(end),
        }
    }

    /// Opens a bracket, unless that nests too deeply: then the rest of the nest is skipped.
    fn open(&mut self, open: Open, kind: Kind, end: usize) {
        if self.stack.len() >= MAX_NESTING {
            return self.skip_nest();
        }
        if kind == Kind::StrOpen {
            self.string_prefix();
        }
        self.push(kind, end);
        self.stack.push((open, end));
    }

    /// Everything from here to the next line that begins an item is one unknown token.
    fn skip_nest(&mut self) {
        let span = self.span(self.pos, self.pos + 1);
        let diag = Diag::new("E0003", span, format!("this nests more than {MAX_NESTING} levels deep"));
        self.report(diag.hint("take the inner part out into a `let`, a `fn` or a `type` of its own"));
        let from = self.stack.first().map_or(self.pos, |(_, at)| *at);
        let rest = &self.text[self.pos..];
        let end = rest
            .match_indices('\n')
            .map(|(i, _)| self.pos + i + 1)
            .find(|at| self.item_begins_at(*at))
            .unwrap_or(self.text.len());
        self.stack.clear();
        self.push(Kind::Unknown, end);
        self.too_deep.push(from..end);
        self.fresh_line = true;
    }

    /// Whether a line begins with `fn NAME`, `agent NAME` or the like, which cannot stand inside a block.
    fn item_begins_at(&self, at: usize) -> bool {
        let line = self.text[at..].split('\n').next().unwrap_or("");
        let mut parts = line.split_whitespace();
        let (Some(first), Some(second)) = (parts.next(), parts.next()) else { return false };
        let named = second.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '"');
        line.starts_with(first) && words::is_item_only(first) && named
    }

    fn newline(&mut self, end: usize) {
        if let Some(close) = self.close_short_strings().then(|| broken_string_end(self.text, end)).flatten() {
            return self.push(Kind::Unknown, close);
        }
        if !self.stack.is_empty() && !self.in_text() && self.item_begins_at(end) {
            self.report_unclosed();
            self.stack.clear();
        }
        self.push(Kind::Newline, end);
        self.fresh_line = true;
    }

    fn in_text(&self) -> bool {
        self.stack.iter().any(|(open, _)| *open == Open::Long)
    }

    /// A line break ends every `"…"` that is open around here; the outermost one is reported. Says whether
    /// that was a string and no hole in it.
    fn close_short_strings(&mut self) -> bool {
        let Some(at) = self.stack.iter().position(|(open, _)| *open == Open::Short) else { return false };
        let (_, opened) = self.stack[at];
        let hole = self.stack.get(at + 1).map(|(_, opened)| *opened);
        match hole {
            Some(hole) => {
                // What was found in it is text that was read as code.
                while self.diags.last().is_some_and(|d| d.span.start as usize >= hole) {
                    self.diags.pop();
                }
                self.unclosed_hole(hole);
            }
            None => self.unclosed_string(opened),
        }
        self.stack.truncate(at);
        hole.is_none()
    }

    fn unclosed_string(&mut self, opened: usize) {
        let end = self.pos.max(opened);
        let diag = Diag::new("E0010", self.span(opened - 1, end), "this string is not closed on its line");
        self.report(diag.hint("add `\"` at its end, or use \"\"\"…\"\"\" for text of several lines"));
    }

    fn unclosed_hole(&mut self, opened: usize) {
        let diag = Diag::new("E0011", self.span(opened - 2, opened), "this hole is not closed");
        self.report(
            diag.hint(
                "a hole ends with `}}` on the line of its string; write `\\{{` for the braces themselves",
            ),
        );
    }

    fn comment(&mut self, end: usize) {
        if self.stack.iter().any(|(open, _)| *open == Open::Hole) {
            let diag = Diag::new("E0018", self.span(self.pos, self.pos + 1), "a hole holds no comment");
            self.report(
                diag.hint("put the comment on a line outside the string, or close the hole with `}}`"),
            );
            // The comment may well have swallowed the hole's end: go on behind the `#`.
            return self.push(Kind::Unknown, self.pos + 1);
        }
        self.push(Kind::Comment, end);
    }

    fn word(&mut self, end: usize) {
        let word = &self.text[self.pos..end];
        if self.at_statement_start()
            && let Some(hint) = words::foreign_statement(word)
            && self.continues_as_statement(end)
        {
            let diag = Diag::new("E0021", self.span(self.pos, end), format!("`{word}` is not a statement"));
            self.report(diag.hint(hint));
        }
        self.push(Kind::Word, end);
    }

    /// First on its line, after what may end a statement, or beside a brace: a block may stand on one line.
    fn at_statement_start(&self) -> bool {
        let Some(last) = self.last.map(|i| self.tokens[i]) else { return true };
        matches!(last.text(self.text), "{" | "}") || self.fresh_line && super::cut::ends(self.text, last)
    }

    /// Whether what follows a word on its line shows that it is no variable.
    fn continues_as_statement(&self, end: usize) -> bool {
        let after = &self.text[end..];
        let rest = after.trim_start_matches([' ', '\t']);
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '"' || c == '{' || c == ':';
        let key = rest.starts_with(':') && matches!(self.stack.last(), Some((Open::Brace, _)));
        if key || words::joins(rest) {
            return false;
        }
        let spaced = rest.len() < after.len();
        let branch =
            matches!(&self.text[self.pos..end], "elif" | "elseif" | "elsif") && rest.starts_with('(');
        (spaced || rest.starts_with(['{', ':'])) && rest.starts_with(word) || branch
    }

    /// `f"…"` and the like.
    fn string_prefix(&mut self) {
        let Some(last) = self.last.map(|i| self.tokens[i]) else { return };
        let adjacent = last.kind == Kind::Word && last.end == self.pos;
        if adjacent && !words::is_reserved(last.text(self.text)) {
            let diag = Diag::new("E0015", self.span(last.start, last.end), "strings have no prefix");
            self.report(diag.hint("every string may hold `{{ x }}`: write it without a prefix"));
        }
    }

    fn number(&mut self, end: usize) {
        let rest = &self.text[end..];
        let tail: usize =
            rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').map(char::len_utf8).sum();
        if tail > 0 {
            let whole = &self.text[self.pos..end + tail];
            let diag =
                Diag::new("E0017", self.span(self.pos, end + tail), format!("`{whole}` is not a number"));
            self.report(diag.hint("numbers look like 42, 2.5 or 1e5; names begin with a letter"));
        }
        self.push(Kind::Number, end + tail);
    }

    /// A slash divides after an operand and begins a regex elsewhere.
    fn slash(&mut self, end: usize) {
        let close = regex_end(self.text, end);
        if !self.operand_may_begin() && !close.is_some_and(|close| self.is_rule_before(close)) {
            return self.push(Kind::Punct, end);
        }
        match close {
            Some(close) => self.push(Kind::Regex, close),
            None => {
                let line_end = self.text[end..].find('\n').map_or(self.text.len(), |i| end + i);
                let diag = Diag::new("E0019", self.span(self.pos, line_end), "this regex is not closed");
                self.report(diag.hint(
                    "a regex stands between slashes on one line: /[a-z]+/; write an inner slash as `\\/`",
                ));
                self.push(Kind::Unknown, line_end);
            }
        }
    }

    /// Whether a regex that ends here is a rule of a script on the line of the rule before it, as in
    /// `"a" => "b" /c/ => "d"`. No other string is followed by a regex, and nothing divides one.
    fn is_rule_before(&self, close: usize) -> bool {
        let after_string = self.last.is_some_and(|i| self.tokens[i].kind == Kind::StrClose);
        let mut rest = self.text[close..].trim_start();
        while let Some(comment) = rest.strip_prefix('#') {
            rest = comment.split_once('\n').map_or("", |(_, after)| after.trim_start());
        }
        after_string && rest.starts_with("=>")
    }

    fn operand_may_begin(&self) -> bool {
        let Some(last) = self.last.map(|i| self.tokens[i]) else { return true };
        match last.kind {
            Kind::Punct => last.text(self.text) != "?",
            Kind::Open | Kind::HoleOpen => true,
            // A slash never stands first on a line as a division.
            Kind::Word => self.fresh_line || words::is_reserved(last.text(self.text)),
            _ => self.fresh_line,
        }
    }

    fn foreign(&mut self, end: usize) {
        let sign = &self.text[self.pos..end];
        match sign {
            "'" => self.single_quotes(),
            // `{{ a }}--`: two unary minuses are legal, if odd.
            "--" => self.push(Kind::Punct, self.pos + 1),
            "++" | "**" | "//" | "||" | "&&" | "===" | ";" | "`" | "!" => {
                let (message, hint) = words::foreign_sign(sign);
                self.report(Diag::new("E0015", self.span(self.pos, end), message).hint(hint));
                self.push(Kind::Unknown, if sign == "//" { self.line_end() } else { end });
            }
            _ => self.unknown(),
        }
    }

    fn line_end(&self) -> usize {
        self.text[self.pos..].find('\n').map_or(self.text.len(), |i| self.pos + i)
    }

    fn single_quotes(&mut self) {
        let line_end = self.line_end();
        let inner = &self.text[self.pos + 1..line_end];
        let end = inner.find('\'').map_or(self.pos + 1, |i| self.pos + i + 2);
        let diag = Diag::new("E0016", self.span(self.pos, end), "strings stand in double quotes");
        let fixed = self.text[self.pos..end].trim_matches('\'').replace('"', "\\\"");
        let hint = if end > self.pos + 1 { format!("write \"{fixed}\"") } else { "write \"…\"".to_owned() };
        self.report(diag.hint(hint));
        self.push(Kind::Unknown, end);
    }

    fn unknown(&mut self) {
        let c = self.text[self.pos..].chars().next().unwrap_or(' ');
        let end = self.pos + c.len_utf8();
        let quote = matches!(c, '\u{201C}' | '\u{201D}' | '\u{2018}' | '\u{2019}');
        let hint = if quote {
            "write strings with straight double quotes: \"…\""
        } else {
            "remove it, or put it into a string"
        };
        let shown = c.escape_debug();
        self.report(
            Diag::new("E0015", self.span(self.pos, end), format!("`{shown}` has no meaning here")).hint(hint),
        );
        self.push(Kind::Unknown, end);
    }

    fn brace_close(&mut self, end: usize) {
        let double = self.text[self.pos..].starts_with("}}");
        let hole = self.stack.iter().rposition(|(open, _)| *open == Open::Hole);
        let brace = self.stack.iter().rposition(|(open, _)| *open == Open::Brace);
        // `}}` closes a hole once no brace is open inside it.
        if double && hole.is_some() && hole > brace {
            return self.hole_close(hole.unwrap_or(0));
        }
        self.close(Open::Brace, end);
    }

    fn hole_close(&mut self, hole: usize) {
        while self.stack.len() > hole + 1 {
            self.report_unclosed();
            self.stack.pop();
        }
        self.stack.pop();
        self.push(Kind::HoleClose, self.pos + 2);
    }

    fn close(&mut self, open: Open, end: usize) {
        // A bracket cannot close what was opened outside the hole it stands in.
        let floor = self.stack.iter().rposition(|(o, _)| *o == Open::Hole).map_or(0, |i| i + 1);
        let Some(at) = self.stack[floor..].iter().rposition(|(o, _)| *o == open).map(|i| i + floor) else {
            let sign = &self.text[self.pos..end];
            let diag = Diag::new("E0013", self.span(self.pos, end), format!("this `{sign}` closes nothing"));
            self.report(diag.hint("remove it, or open its partner before it"));
            return self.push(Kind::Unknown, end);
        };
        while self.stack.len() > at + 1 {
            self.report_unclosed();
            self.stack.pop();
        }
        self.stack.pop();
        self.push(Kind::Close, end);
    }

    /// Reports the innermost open thing.
    fn report_unclosed(&mut self) {
        let Some((open, opened)) = self.stack.last().copied() else { return };
        let (sign, partner) = match open {
            Open::Paren => ("(", ")"),
            Open::Bracket => ("[", "]"),
            Open::Brace => ("{", "}"),
            Open::Hole => return self.unclosed_hole(opened),
            Open::Short => return self.unclosed_string(opened),
            Open::Long => {
                let diag = Diag::new("E0010", self.span(opened - 3, opened), "this string is not closed");
                return self.report(diag.hint("add `\"\"\"` where the text ends"));
            }
        };
        let diag = Diag::new("E0012", self.span(opened - 1, opened), format!("this `{sign}` is not closed"));
        self.report(diag.hint(format!("add `{partner}` where it ends")));
    }

    fn unclosed_at_end(&mut self) {
        self.close_short_strings();
        // One report is enough: whatever is open around it is open for the same reason.
        self.report_unclosed();
    }

    fn inside(&mut self) {
        let long = matches!(self.stack.last(), Some((Open::Long, _)));
        let mut lexer = Inside::lexer(self.text);
        lexer.bump(self.pos);
        let token = lexer.next();
        let end = lexer.span().end.max(self.pos + 1);
        let Some(Ok(token)) = token else { return self.unknown() };
        match token {
            Inside::Hole => self.open(Open::Hole, Kind::HoleOpen, end),
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
            Inside::Newline if long => self.push(Kind::Text, end),
            Inside::Newline => self.newline(end),
        }
    }

    fn str_close(&mut self, end: usize) {
        self.stack.pop();
        self.push(Kind::StrClose, end);
    }
}

/// One past the quote that ends a `"…"` which was broken over lines, the second of which begins at `from`:
/// the only quote of the first line that has one, with nothing but closing brackets behind it.
fn broken_string_end(text: &str, from: usize) -> Option<usize> {
    let mut start = from;
    for line in text[from..].split_inclusive('\n').take(20) {
        if line.trim().is_empty() {
            return None;
        }
        if let Some(at) = line.find('"') {
            let closing = |c: char| c.is_whitespace() || matches!(c, ')' | ']' | '}' | ',');
            let begins = line[..at].trim_end().ends_with(['=', '(', '[', '{', ',', ':', '+']);
            return (!begins && line[at + 1..].chars().all(closing)).then_some(start + at + 1);
        }
        start += line.len();
    }
    None
}

/// One past the slash that closes a regex whose body begins at `from`.
fn regex_end(text: &str, from: usize) -> Option<usize> {
    let mut escaped = false;
    for (i, c) in text[from..].char_indices() {
        match c {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '/' => return (i > 0).then_some(from + i + 1),
            _ => {}
        }
    }
    None
}
