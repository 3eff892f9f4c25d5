//! Which brackets belong together.
//!
//! Where the brackets of a stretch match, indentation plays no part. Where they do not, it shows which one
//! was forgotten: a `{` should be closed before the first line that is indented no more than its own, and a
//! `}` at the start of a line is aligned with the line of its partner. If that explains less than brackets
//! alone, the indentation cannot be trusted, and the brackets decide.
//!
//! Python-style blocks, with a `:` at the end of a line and deeper lines below, are understood as well.

use std::ops::Range;

use super::{Kind, Lexed, Mend, Opening, Token, words};
use crate::diag::Diag;
use crate::source::Span;

/// How many tokens ahead a closing bracket is looked for.
const NEAR: usize = 200;

/// Sets the depth of every token, and reports the brackets that are in the wrong.
pub(super) fn nest(file: u32, text: &str, mut lexed: Lexed, broken_lines: &[usize]) -> Lexed {
    let mut from = 0;
    while from < lexed.tokens.len() {
        let to = next_item(text, &lexed.tokens, from + 1);
        let matcher = || Matcher::new(text, &lexed, from..to, broken_lines);
        let plain = matcher().run();
        let matcher = if plain.failures() == 0 {
            plain
        } else {
            let indented = Matcher { by_indent: true, ..matcher() }.run();
            if indented.failures() <= plain.failures() { indented } else { plain }
        };
        let Matcher { fixes, deltas, .. } = matcher;
        let mut depth = 0_i32;
        for (token, delta) in lexed.tokens[from..to].iter_mut().zip(&deltas) {
            depth += delta;
            token.depth = token.depth.saturating_add(u16::try_from(depth).unwrap_or(0));
        }
        for fix in fixes {
            fix.apply(file, text, &mut lexed);
        }
        from = to;
    }
    lexed
}

/// The next token from `from` on that begins a line with the head of an item outside of strings.
fn next_item(text: &str, tokens: &[Token], from: usize) -> usize {
    let ends_line = |t: &Token| match t.kind {
        Kind::Newline => t.depth == 0,
        Kind::Unknown => t.text(text).ends_with('\n'),
        _ => false,
    };
    let begins = |at: &usize| ends_line(&tokens[*at - 1]) && words::item_begins(&text[tokens[*at].start..]);
    (from..tokens.len()).find(begins).unwrap_or(tokens.len())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Paren,
    Bracket,
    Brace,
    /// A block that a `:` begins.
    Colon,
    /// Lines of text under a role's `:`.
    Prose,
}

impl Sort {
    fn of(sign: &str) -> Sort {
        match sign {
            "(" | ")" => Sort::Paren,
            "[" | "]" => Sort::Bracket,
            _ => Sort::Brace,
        }
    }

    fn signs(self) -> (&'static str, &'static str) {
        match self {
            Sort::Paren => ("(", ")"),
            Sort::Bracket => ("[", "]"),
            _ => ("{", "}"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Open {
    sort: Sort,
    token: usize,
    /// The number and the indentation of its line.
    line: usize,
    indent: usize,
    /// Whether it surely holds statements.
    block: bool,
}

/// A line whose indentation is less than that of every line after it, so far.
#[derive(Debug, Clone, Copy)]
struct Line {
    indent: usize,
    first: usize,
    last: usize,
}

/// What is wrong with a bracket.
#[derive(Debug, Clone, Copy)]
enum Fix {
    /// It should be closed after `end`, the last token inside; `told` if that is to be reported.
    Unclosed { sort: Sort, open: usize, end: usize, told: bool },
    /// It has no partner.
    Stray { close: usize },
    /// It has the wrong form.
    Wrong { close: usize, open: usize, sort: Sort },
    /// A brace is missing at the end of the line of `head`, after `after`.
    Missing { head: usize, after: usize },
    /// A block begins with `:`; `told` if that is to be reported.
    Colon { head: usize, colon: usize, told: bool },
    /// Text stands under a role's `:`, up to `end`.
    Prose { colon: usize, end: usize },
}

struct Matcher<'a> {
    text: &'a str,
    tokens: &'a [Token],
    from: usize,
    to: usize,
    by_indent: bool,
    broken_lines: &'a [usize],
    too_deep: &'a [Range<usize>],
    opens: Vec<Open>,
    lines: Vec<Line>,
    fixes: Vec<Fix>,
    /// By how much the depth changes before each token.
    deltas: Vec<i32>,
    line: usize,
    indent: usize,
    /// The first token of the line and the last two so far, trivia left out.
    first: Option<usize>,
    last: Option<usize>,
    last_but_one: Option<usize>,
    /// The last token of the lines before.
    before: Option<usize>,
    /// The indentation of the `:` block that ended before this line.
    ended: Option<usize>,
    /// The braces that closed something on this line, each with how many brackets were open then.
    closed: Vec<(usize, usize)>,
}

impl<'a> Matcher<'a> {
    fn new(text: &'a str, lexed: &'a Lexed, tokens: Range<usize>, broken_lines: &'a [usize]) -> Matcher<'a> {
        let (from, to) = (tokens.start, tokens.end);
        Matcher {
            text,
            tokens: &lexed.tokens,
            from,
            to,
            by_indent: false,
            broken_lines,
            too_deep: &lexed.too_deep,
            opens: Vec::new(),
            lines: Vec::new(),
            fixes: Vec::new(),
            deltas: vec![0; to - from + 1],
            line: 0,
            indent: 0,
            first: None,
            last: None,
            last_but_one: None,
            before: None,
            ended: None,
            closed: Vec::new(),
        }
    }

    /// How many brackets are in the wrong.
    fn failures(&self) -> usize {
        let counts = |fix: &&Fix| !matches!(fix, Fix::Colon { .. } | Fix::Prose { .. });
        self.fixes.iter().filter(counts).count()
    }

    fn run(mut self) -> Matcher<'a> {
        for at in self.from..self.to {
            let token = self.tokens[at];
            match token.kind {
                _ if token.depth > 0 => {}
                Kind::Newline => self.end_line(at),
                Kind::Space | Kind::Comment => {}
                kind => {
                    if self.first.is_none() {
                        self.begin_line(at);
                    }
                    match kind {
                        _ if self.in_prose() => {}
                        Kind::Open => self.push(Sort::of(self.word(at)), at),
                        Kind::Close => self.close(at),
                        _ => {}
                    }
                    self.last_but_one = self.last.replace(at);
                }
            }
        }
        self.end_line(self.to);
        self.end();
        self
    }

    fn word(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |t| t.text(self.text))
    }

    fn shift(&mut self, before: usize, by: i32) {
        if let Some(delta) = self.deltas.get_mut(before - self.from) {
            *delta += by;
        }
    }

    fn in_prose(&self) -> bool {
        self.opens.last().is_some_and(|open| open.sort == Sort::Prose)
    }

    fn push(&mut self, sort: Sort, token: usize) {
        let block =
            sort == Sort::Colon || sort == Sort::Brace && self.is_block() && !self.holds_fields(token);
        self.opens.push(Open { sort, token, line: self.line, indent: self.indent, block });
        self.shift(token + 1, 1);
    }

    /// Whether a brace after the last token surely begins a block.
    fn is_block(&self) -> bool {
        let before = self.last.map_or("", |at| self.word(at));
        let head = self.first.map_or("", |at| self.word(at));
        let operand = self.last.is_some_and(|at| super::cut::ends(self.text, self.tokens[at]));
        matches!(before, "else" | "try" | "aside")
            || words::is_role(before)
            || operand && words::stands_before_block(head) && before != "script"
    }

    /// Whether a key and a `:` stand after a brace, as in `user {name: x}`.
    fn holds_fields(&self, open: usize) -> bool {
        let inner = self.tokens.get(open + 1..).unwrap_or_default().iter();
        let mut inner = inner.filter(|t| t.depth == 0 && !t.kind.is_trivia());
        let key = match inner.next().map(|t| t.kind) {
            Some(Kind::Word) => true,
            Some(Kind::StrOpen) => inner.next().is_some_and(|t| t.kind == Kind::StrClose),
            _ => false,
        };
        key && inner.next().is_some_and(|t| t.text(self.text) == ":")
    }

    fn begin_line(&mut self, at: usize) {
        self.first = Some(at);
        let start = self.text[..self.tokens[at].start].rfind('\n').map_or(0, |i| i + 1);
        self.indent = words::indent(&self.text[start..]);
        self.ended = None;
        self.closed.clear();
        self.unwind(at);
        // A closing bracket may have to find the line that it stands under.
        if self.by_indent && self.tokens[at].kind != Kind::Close {
            while self.lines.last().is_some_and(|line| line.indent >= self.indent) {
                self.lines.pop();
            }
            self.lines.push(Line { indent: self.indent, first: at, last: at });
        }
    }

    /// Closes what cannot go on in a line that begins with this token.
    fn unwind(&mut self, at: usize) {
        while let Some(top) = self.opens.last().copied() {
            match top.sort {
                Sort::Colon | Sort::Prose => {
                    if self.indent > top.indent {
                        return;
                    }
                    self.ended = Some(top.indent);
                    self.pop_without_partner(at);
                }
                _ if self.by_indent && self.is_outside(top, at) => self.unclosed(at),
                _ => return,
            }
        }
    }

    /// Whether a line that begins with this token cannot be inside an open bracket.
    fn is_outside(&self, top: Open, at: usize) -> bool {
        let token = self.tokens[at];
        let word = self.word(at);
        if token.kind == Kind::Close {
            return self.indent < top.indent;
        }
        if top.sort != Sort::Brace && words::must_begin_statement(word) && !self.is_key(at) {
            return true;
        }
        let goes_on = matches!(token.kind, Kind::Punct | Kind::Open | Kind::Unknown);
        self.indent <= top.indent && !goes_on
    }

    /// Whether a word is the name of a field or an argument.
    fn is_key(&self, at: usize) -> bool {
        let next = self.tokens.get(at + 1..).unwrap_or_default().iter().find(|t| !t.kind.is_trivia());
        next.is_some_and(|t| matches!(t.text(self.text), ":" | "="))
    }

    /// Ends the innermost open thing before a token.
    fn pop_without_partner(&mut self, at: usize) {
        let Some(top) = self.opens.pop() else { return };
        self.shift(at, -1);
        if top.sort == Sort::Prose {
            let end = self.before.unwrap_or(top.token);
            self.fixes.push(Fix::Prose { colon: top.token, end });
        }
    }

    /// Reports the innermost open bracket, which ends before a token.
    fn unclosed(&mut self, at: usize) {
        let Some(top) = self.opens.last().copied() else { return };
        self.pop_without_partner(at);
        let end = self.last.or(self.before).unwrap_or(top.token);
        self.fixes.push(Fix::Unclosed { sort: top.sort, open: top.token, end, told: true });
    }

    fn close(&mut self, at: usize) {
        let sort = Sort::of(self.word(at));
        while self.opens.last().is_some_and(|open| open.sort == Sort::Colon)
            && self.opens.iter().any(|open| open.sort == sort)
        {
            self.pop_without_partner(at);
        }
        let first = self.first == Some(at);
        match self.opens.last().copied() {
            Some(top) if top.sort == sort => {
                let deeper = first && self.indent > top.indent || !first && top.block;
                if self.by_indent && deeper && top.line < self.line {
                    self.deeper_close(at, first);
                } else {
                    self.pop_partner(at);
                }
            }
            Some(top) if top.sort != Sort::Colon => self.other_close(at, sort, top, first),
            _ => self.stray(at, first),
        }
    }

    fn pop_partner(&mut self, at: usize) {
        self.opens.pop();
        self.shift(at, -1);
        if self.word(at) == "}" && self.closed.len() < NEAR {
            self.closed.push((at, self.opens.len()));
        }
    }

    /// A bracket that is indented more than the line of what it would close, or stands within its line.
    fn deeper_close(&mut self, at: usize, first: bool) {
        if !(first && self.missing_open(at)) {
            self.stray(at, false);
        }
    }

    fn stray(&mut self, at: usize, first: bool) {
        if self.by_indent && first && self.missing_open(at) {
            return;
        }
        let here = (self.word(at) == "}").then_some(self.opens.len());
        match self.closed.iter().find(|(_, depth)| Some(*depth) == here).copied() {
            // What closed too early on this line is the one too many, but this is its place.
            Some((early, _)) if self.last.is_some_and(|before| before > early) => {
                self.fixes.push(Fix::Stray { close: early });
                self.shift(early, 1);
                self.shift(at, -1);
            }
            _ => self.fixes.push(Fix::Stray { close: at }),
        }
    }

    /// Whether this `}` stands under the head of a block that lacks its `{`; then the two belong together.
    fn missing_open(&mut self, at: usize) -> bool {
        let indent = self.indent;
        let Some(line) = self.lines.iter().rfind(|line| line.indent <= indent).copied() else { return false };
        let fits = line.indent == indent
            && self.word(at) == "}"
            && words::stands_before_block(self.word(line.first))
            && (line.first..=line.last).all(|token| self.word(token) != "{");
        if fits {
            self.fixes.push(Fix::Missing { head: line.first, after: line.last });
            self.shift(line.last + 1, 1);
            self.shift(at, -1);
        }
        fits
    }

    /// A bracket of another kind than the innermost one that is open: what is open is not closed, or this
    /// is one too many, or it has the wrong form, whichever leaves the least wrong in the rest of the line.
    fn other_close(&mut self, at: usize, sort: Sort, top: Open, first: bool) {
        let partner = self.opens.iter().rposition(|open| open.sort == sort);
        let here = top.line == self.line;
        let unclosed = partner.map(|i| self.opens.len() - 1 - i + self.failures_ahead(&self.opens[..i], at));
        let stray = 1 + self.failures_ahead(&self.opens, at);
        let wrong =
            (here && !first).then(|| 1 + self.failures_ahead(&self.opens[..self.opens.len() - 1], at));
        if unclosed.is_some_and(|n| n <= stray && wrong.is_none_or(|m| n <= m)) || unclosed.is_some() && !here
        {
            while self.opens.last().is_some_and(|open| open.sort != sort) {
                self.unclosed(at);
            }
            self.pop_partner(at);
        } else if wrong.is_some_and(|n| n < stray) {
            self.fixes.push(Fix::Wrong { close: at, open: top.token, sort: top.sort });
            self.pop_partner(at);
        } else {
            self.stray(at, first);
        }
    }

    /// How many brackets after a token would be in the wrong on its line if these were open.
    fn failures_ahead(&self, opens: &[Open], at: usize) -> usize {
        let here = |open: &&Open| open.line == self.line;
        let mut open: Vec<Sort> = opens.iter().rev().take_while(here).map(|open| open.sort).collect();
        open.reverse();
        let (outer, mut failures) = (opens.len() > open.len(), 0);
        for token in self.tokens[at + 1..self.to].iter().take(NEAR).take_while(|t| t.kind != Kind::Newline) {
            let sort = Sort::of(token.text(self.text));
            match token.kind {
                Kind::Open if token.depth == 0 => open.push(sort),
                Kind::Close if token.depth == 0 => match open.iter().rposition(|o| *o == sort) {
                    Some(partner) => failures += open.drain(partner..).count() - 1,
                    None => failures += usize::from(!outer || !open.is_empty()),
                },
                _ => {}
            }
        }
        // Blocks and records may well go on in the next line.
        failures + open.iter().filter(|sort| **sort != Sort::Brace).count()
    }

    fn end_line(&mut self, at: usize) {
        if let (Some(first), Some(last)) = (self.first, self.last) {
            if let Some(line) = self.lines.last_mut()
                && line.first == first
            {
                line.last = last;
            }
            if !self.in_prose() {
                self.colon(first, last, at);
            }
            if self.broken_lines.binary_search(&at).is_ok() {
                self.close_on_line(at);
            }
            self.before = Some(last);
        }
        (self.first, self.last, self.last_but_one) = (None, None, None);
        self.line += 1;
    }

    /// A string was left open on this line: the brackets around it are open for the same reason.
    fn close_on_line(&mut self, at: usize) {
        while let Some(top) = self.opens.last().copied()
            && matches!(top.sort, Sort::Paren | Sort::Bracket)
            && top.line == self.line
        {
            self.pop_without_partner(at);
            let end = self.last.unwrap_or(top.token);
            self.fixes.push(Fix::Unclosed { sort: top.sort, open: top.token, end, told: false });
        }
    }

    /// `if x:` at the end of a line.
    fn colon(&mut self, first: usize, last: usize, at: usize) {
        let block_sign = matches!(self.word(last), "|" | ">");
        let colon = if block_sign { self.last_but_one } else { Some(last) };
        let Some(colon) = colon.filter(|colon| self.word(*colon) == ":") else { return };
        let head = self.word(first);
        // In a brace that is opened on this line, it is the sign of a field.
        let in_block = self.opens.last().is_none_or(|open| open.block && open.line < self.line);
        if !words::stands_before_block(head) || !in_block || self.is_typed(first, colon) {
            return;
        }
        let Some((next, indent)) = self.next_line(at) else { return };
        if indent <= self.indent {
            return;
        }
        let code = matches!(next.kind, Kind::StrOpen) || words::is_reserved(next.text(self.text));
        if words::is_role(head) && (block_sign || !code) {
            return self.push(Sort::Prose, colon);
        }
        if !block_sign {
            let told = self.ended != Some(self.indent);
            self.fixes.push(Fix::Colon { head: first, colon, told });
            self.push(Sort::Colon, colon);
        }
    }

    /// Whether the type of a name stands after this `:`, as in `assistant gen x:`.
    fn is_typed(&self, first: usize, colon: usize) -> bool {
        let before = self.tokens[first..colon].iter().rev().filter(|t| !t.kind.is_trivia());
        let mut before = before.map(|t| t.text(self.text)).skip_while(|word| matches!(*word, "[" | "]"));
        let declares = before.nth(1);
        declares.is_some_and(|word| matches!(word, "let" | "const" | "input" | "gen" | "select" | "call"))
    }

    /// The token that begins the next line which is not empty, and the indentation.
    fn next_line(&self, from: usize) -> Option<(Token, usize)> {
        let next = self.tokens.get(from..self.to)?.iter().find(|t| !t.kind.is_trivia())?;
        let start = self.text[..next.start].rfind('\n').map_or(0, |i| i + 1);
        Some((*next, words::indent(&self.text[start..])))
    }

    fn end(&mut self) {
        // A nest that is too deep ends with the stretch, and is reported.
        let bytes = self.tokens[self.from].start..=self.tokens[self.to - 1].end;
        let too_deep = self.too_deep.iter().any(|deep| bytes.contains(&deep.end));
        // Brackets around a string that ends nowhere are open for the same reason.
        let mut told = self.broken_lines.binary_search(&self.tokens.len()).is_err();
        while let Some(top) = self.opens.last().copied() {
            self.pop_without_partner(self.to);
            if !matches!(top.sort, Sort::Colon | Sort::Prose) && !too_deep {
                let end = self.before.unwrap_or(top.token);
                // One report is enough: whatever is open around it is open for the same reason.
                self.fixes.push(Fix::Unclosed { sort: top.sort, open: top.token, end, told });
                told = false;
            }
        }
    }
}

impl Fix {
    fn apply(self, file: u32, text: &str, lexed: &mut Lexed) {
        if let Fix::Unclosed { open: at, .. } | Fix::Stray { close: at } | Fix::Wrong { close: at, .. } = self
        {
            lexed.doubtful.push(lexed.tokens[at].start);
        }
        let token = |lexed: &Lexed, at: usize| lexed.tokens[at];
        let span = |token: Token| Span::new(file, token.start, token.end);
        match self {
            Fix::Unclosed { sort, open, end, told } => {
                let (sign, partner) = sort.signs();
                let (open, end) = (token(lexed, open), token(lexed, end).end);
                lexed.mends.push(Mend::closing(open.start, end, partner));
                if told {
                    let diag = Diag::new("E0012", span(open), format!("this `{sign}` is not closed"));
                    lexed.diags.push(diag.hint(format!("add `{partner}` where it ends")));
                }
            }
            Fix::Stray { close } => {
                let sign = token(lexed, close);
                let message = format!("this `{}` closes nothing", sign.text(text));
                let diag = Diag::new("E0013", span(sign), message);
                lexed.diags.push(diag.hint("remove it, or open its partner before it"));
                lexed.mends.push(Mend::new(sign.start..sign.end, ""));
                lexed.tokens[close].kind = Kind::Unknown;
            }
            Fix::Wrong { close, open, sort } => {
                let (sign, partner) = sort.signs();
                let (close, open) = (token(lexed, close), token(lexed, open));
                let message = format!("this `{}` does not close a `{sign}`", close.text(text));
                let diag = Diag::new("E0013", span(close), message).label(span(open), "which is open here");
                lexed.diags.push(diag.hint(format!("write `{partner}`")));
                lexed.mends.push(Mend::new(close.start..close.end, partner));
            }
            Fix::Missing { head, after } => {
                let (head, end) = (token(lexed, head), token(lexed, after).end);
                let message = format!("the block of this `{}` lacks its `{{`", head.text(text));
                let diag = Diag::new("E0012", Span::new(file, end, end), message);
                lexed.diags.push(diag.hint("add `{` at the end of this line"));
                lexed.openings.push(Opening::Missing(after));
            }
            Fix::Colon { head, colon, told } => {
                lexed.openings.push(Opening::Colon(colon));
                if told {
                    lexed.diags.push(colon_block(token(lexed, head).text(text), span(token(lexed, colon))));
                }
            }
            Fix::Prose { colon, end } => swallow(file, lexed, colon, end),
        }
    }
}

fn colon_block(head: &str, span: Span) -> Diag {
    let diag = Diag::new("E0021", span, "a block does not begin with `:`");
    if words::is_role(head) {
        diag.hint(format!("put it into braces: {head} {{ … }}"))
    } else {
        diag.hint("put the block into braces: if x { … }")
    }
}

/// The lines under a role's `:` become one unknown stretch, which stands for a string.
fn swallow(file: u32, lexed: &mut Lexed, colon: usize, end: usize) {
    let (from, to) = (lexed.tokens[colon].start, lexed.tokens[end].end);
    lexed.diags.retain(|d| !(from..to).contains(&(d.span.start as usize)));
    lexed.mends.retain(|m| !(from..to).contains(&m.place.start));
    lexed.doubtful.retain(|at| !(from..to).contains(at));
    for token in &mut lexed.tokens[colon..=end] {
        token.kind = Kind::Unknown;
    }
    let diag = Diag::new("E0021", Span::new(file, from, from + 1), "a role is followed only by its text");
    lexed.diags.push(diag.hint("put the text into quotes: user \"\"\"…\"\"\""));
    lexed.mends.push(Mend::new(from..to, " \"\""));
}
