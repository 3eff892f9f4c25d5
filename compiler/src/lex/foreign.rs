//! Symbols, quotes, comments and tags of other languages: what to write instead, and the corrected text.

use std::ops::Range;

use super::scan::{Open, Scanner};
use super::{Kind, words};
use crate::diag::{Diag, Edit};

/// How far the end of a text in backticks is looked for, in bytes.
const LONGEST_BACKTICKS: usize = 4096;

/// A sign of another language: how it reads here, what is wrong with it, and what to write.
struct Sign {
    text: &'static str,
    mend: &'static str,
    /// Whether the mend is what was meant.
    sure: bool,
    message: &'static str,
    hint: &'static str,
}

const fn sign(
    text: &'static str,
    mend: &'static str,
    sure: bool,
    message: &'static str,
    hint: &'static str,
) -> Sign {
    Sign { text, mend, sure, message, hint }
}

/// What is said of a `;`, which often ends every line of a file.
pub(crate) const SEMICOLON: &str = "statements do not end with `;`";

const SIGNS: &[Sign] = &[
    sign(";", "", true, SEMICOLON, "leave it out: a new line is enough"),
    sign("&&", " and ", false, "`&&` is not an operator", "write `and`, or `&` between types"),
    sign(
        "||",
        " or ",
        false,
        "`||` is not an operator",
        "write `or`, or `??` for a default in place of null",
    ),
    sign("!", " not ", false, "`!` is not an operator", "write `not`"),
    sign("**", "*", true, "`**` is not an operator", "write `*`"),
    sign("++", " += 1", true, "`++` is not an operator", "write `x += 1`"),
    sign("--", " += 1", true, "`--` is not an operator", "write `x = x - 1`; a comment begins with `#`"),
    sign("-=", "+=", true, "`-=` is not an operator", "write `x = x - …`"),
    sign("*=", "+=", true, "`*=` is not an operator", "write `x = x * …`"),
    sign("%=", "+=", true, "`%=` is not an operator", "write `x = x % …`"),
    sign("//=", "+=", true, "`//=` is not an operator", "write `x = x // …`"),
    sign("===", "==", true, "`===` is not an operator", "write `==`"),
    sign("!==", "!=", true, "`!==` is not an operator", "write `!=`"),
    sign("<>", "!=", true, "`<>` is not an operator", "write `!=`"),
    sign("|>", "|", true, "`|>` is not an operator", "pipes are written `x | trim`"),
    sign("..=", "..", true, "`..=` is not an operator", "bounds are inclusive: int(1..5)"),
    sign(
        "...",
        "",
        false,
        "`...` has no meaning here",
        "it puts lists into a list and records into a record: [...xs, x], {...r, a: 1}",
    ),
    sign("?.", ".", false, "`?.` is not an operator", "give a default first: (x ?? {name: \"\"}).name"),
    sign(":=", "=", false, "`:=` is not an operator", "write `let x = …`, and `x = …` to change it"),
];

impl Scanner<'_> {
    pub(super) fn foreign(&mut self, end: usize) {
        let sign = &self.text[self.pos..end];
        match sign {
            "'" => self.single_quotes(),
            "`" if self.is_fence() => self.fence(),
            "`" => self.backticks(),
            "//" if self.closes_on_line(end) || self.divides(end) => self.push(Kind::Punct, end),
            "//" => self.slashes(),
            "..." if self.spreads(end) => self.push(Kind::Punct, end),
            "//=" if self.operand_may_begin() => self.slashes(),
            "**" if self.operand_may_begin() && self.in_brackets() => self.starred(end),
            "{%" => self.percent_tag(end),
            "!" if self.text[self.pos..].starts_with("!--") && self.before_is("<") => self.markup_comment(),
            "--" if self.front_matter() => {}
            "--" if self.begins_comment(end) => {
                self.line_comment("`--` does not begin a comment", "comments begin with `#`");
            }
            // `a --1`: two signs of a number are legal, if odd; `x--` is not.
            "--" if !self.follows_operand(end) => self.push(Kind::Punct, self.pos + 1),
            _ => match SIGNS.iter().find(|s| s.text == sign) {
                Some(found) => self.foreign_sign(found, end),
                None => self.unknown(),
            },
        }
    }

    fn foreign_sign(&mut self, sign: &Sign, end: usize) {
        let diag = Diag::new("E0015", self.span(self.pos, end), sign.message).hint(sign.hint);
        let diag = self.with_fix(diag, sign, end);
        if sign.sure {
            self.report(diag)
        } else {
            self.report_doubtful(diag)
        }
        let next = self.text[end..].chars().next().unwrap_or(' ');
        let behind = self.text[end..].trim_start_matches([' ', '\t']).chars().next().unwrap_or(' ');
        // Where it joins nothing, it is just left out.
        let joins = match sign.text {
            "!" => next.is_alphanumeric() || matches!(next, '_' | '('),
            "&&" | "||" => !matches!(behind, '{' | '}' | ')' | ']' | '=' | ',' | '\n' | '\r' | ' '),
            _ => true,
        };
        self.mend(self.pos..end, if joins { sign.mend } else { "" });
        self.push(Kind::Unknown, end);
    }

    /// What to write for a sign, where that is known.
    fn with_fix(&self, diag: Diag, sign: &Sign, end: usize) -> Diag {
        let place = self.span(self.pos, end);
        match sign.text {
            ";" | "++" | "===" | "!==" | "<>" | "|>" | "..=" => diag.fixed(place, sign.mend),
            "&&" => diag.fixed(place, sign.mend),
            "!" if self.negates_alone(end) => diag.fixed(place, sign.mend),
            "||" | "!" => diag.fixable(place, sign.mend),
            ":=" if is_name(self.text[self.line..self.pos].trim()) => {
                let start = self.pos - self.text[self.line..self.pos].trim_start().len();
                let declare = Edit::new(self.span(start, start), "let ");
                diag.fix(vec![declare, Edit::new(place, "=")], true)
            }
            "--" | "-=" | "*=" | "%=" => match self.in_full(sign.text, end) {
                Some(text) => diag.fixed(place, text),
                None => diag,
            },
            _ => diag,
        }
    }

    /// Whether a name follows and then no operator, which `!` would bind more closely than.
    fn negates_alone(&self, end: usize) -> bool {
        let rest = &self.text[end..];
        let name = rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        let behind = name.trim_start_matches([' ', '\t']).chars().next();
        name.len() < rest.len()
            && behind.is_none_or(|c| matches!(c, '{' | '}' | ')' | '&' | '|' | ',' | '\n' | '\r'))
    }

    /// An assignment that changes a variable, behind its name: ` = x - 1` for `x--` and `x -= 1`.
    fn in_full(&self, sign: &str, end: usize) -> Option<String> {
        let line = &self.text[self.line..self.pos];
        let name = line.trim();
        let value = self.text[end..].lines().next().unwrap_or("").trim();
        let operator = &sign[..1];
        match sign {
            _ if !is_name(name) => None,
            "--" => value.is_empty().then(|| format!(" = {name} - 1")),
            // A value of several words would need parentheses.
            _ => is_name(value).then(|| format!("= {name} {operator}")),
        }
    }

    fn before_is(&self, sign: &str) -> bool {
        self.before().is_some_and(|t| t.text(self.text) == sign && t.end == self.pos)
    }

    /// Whether `--` stands after a name with nothing that it could be the sign of.
    fn follows_operand(&self, end: usize) -> bool {
        let adjacent = self.before().is_some_and(|t| t.kind == Kind::Word && t.end == self.pos);
        adjacent
            && self.text[end..].chars().next().is_none_or(|c| c.is_whitespace() || matches!(c, '}' | ')'))
    }

    /// `-- text` on a line of its own.
    fn begins_comment(&self, end: usize) -> bool {
        self.fresh_line && self.stack.is_empty() && self.text[end..].starts_with([' ', '-'])
    }

    fn slashes(&mut self) {
        self.line_comment("`//` does not begin a comment", "comments begin with `#`; `a // b` divides ints");
    }

    /// Where a sign stands next, so many bytes from here. What was sought in vain is not sought again.
    pub(super) fn find_ahead(&mut self, skip: usize, sign: &'static str) -> Option<usize> {
        let from = self.pos + skip;
        if self.missing.contains(&sign) {
            return None;
        }
        let found = self.text.get(from..).and_then(|rest| rest.find(sign)).map(|at| from + at);
        if found.is_none() {
            self.missing.push(sign);
        }
        found
    }

    fn line_comment(&mut self, message: &str, hint: &str) {
        let end = self.pos + self.rest().len();
        let diag = Diag::new("E0015", self.span(self.pos, self.pos + 2), message);
        let diag = diag.hint(hint);
        // Behind a value `//` may be a division.
        let sign = self.span(self.pos, self.pos + 2);
        let diag = if self.fresh_line { diag.fixed(sign, "#") } else { diag.fixable(sign, "#") };
        self.report(diag);
        self.mend(self.pos..end, "");
        self.push(Kind::Unknown, end);
    }

    /// `/* … */`
    pub(super) fn block_comment(&mut self) {
        let end = self.find_ahead(2, "*/").map(|at| at + 2).unwrap_or(self.pos + self.rest().len());
        let diag = Diag::new("E0015", self.span(self.pos, self.pos + 2), "`/* … */` is not a comment");
        let diag = diag.hint("comments begin with `#` and run to the end of the line");
        let diag = self.as_comment(diag, self.pos..end, 2, "*/");
        self.report(diag);
        self.mend(self.pos..end, "");
        self.push(Kind::Unknown, end);
    }

    /// Offers a comment in signs of another language as lines that begin with `#`, unless code follows it.
    pub(super) fn as_comment(&self, diag: Diag, place: Range<usize>, skip: usize, close: &str) -> Diag {
        let behind = self.text[place.end..].lines().next().unwrap_or("");
        let inner = self.text.get(place.start + skip..place.end).and_then(|text| text.strip_suffix(close));
        let Some(inner) = inner.filter(|_| behind.trim().is_empty()) else { return diag };
        let line = &self.text[self.line..place.start];
        if inner.trim().contains('\n') && !line.trim().is_empty() {
            return diag;
        }
        let lines = inner.trim().lines().map(|line| format!("# {}", line.trim().trim_start_matches("* ")));
        let lines: Vec<String> = lines.map(|line| line.trim_end().to_owned()).collect();
        diag.fixed(self.span(place.start, place.end), lines.join(&format!("\n{line}")))
    }

    /// `<!-- … -->`, of which the first sign is read already.
    fn markup_comment(&mut self) {
        let end = self.find_ahead(3, "-->").map(|at| at + 3).unwrap_or(self.pos + self.rest().len());
        let from = self.pos - 1;
        let diag = Diag::new("E0015", self.span(from, self.pos + 3), "`<!-- … -->` is not a comment");
        let diag = diag.hint("comments begin with `#` and run to the end of the line");
        let diag = self.as_comment(diag, from..end, 4, "-->");
        self.report(diag);
        self.mend(from..end, "");
        self.push(Kind::Unknown, end);
    }

    /// `{% if x %}` outside of strings. What ends such a block is not reported again.
    fn percent_tag(&mut self, end: usize) {
        let close = self.rest().find("%}").map(|at| self.pos + at + 2);
        let tag = self.text[end..close.unwrap_or(end)].trim_start_matches([' ', '-', '+']);
        if !tag.starts_with("end") && !tag.starts_with("else") {
            let diag = Diag::new(
                "E0021",
                self.span(self.pos, close.unwrap_or(end)),
                "`{% … %}` has no meaning here",
            );
            self.report(diag.hint("write if x { … } and for x in xs { … }, and the text between in quotes"));
        }
        self.mend(self.pos..close.unwrap_or(end), "");
        self.push(Kind::Unknown, close.unwrap_or(end));
    }

    /// `{{`: a hole, or a tag such as `{{#if x}}`.
    pub(super) fn hole(&mut self, end: usize) {
        let string = self.stack.last().map_or(0, |(_, opened)| *opened);
        let near = self.text[end..].trim_start_matches([' ', '~']);
        let mut next = near.chars();
        let begins = match next.next() {
            // A regex ends with another slash.
            Some('/') => {
                let close = near.find("}}").unwrap_or(near.len());
                next.next().is_some_and(char::is_alphabetic) && !near[1..close].contains('/')
            }
            Some('#' | '^') => next.next().is_some_and(char::is_alphabetic),
            Some('>') => true,
            Some('!') => near.starts_with("!--") || near.starts_with("! "),
            _ => false,
        };
        let goes_on = self.tagged == Some(string) && near.starts_with("else");
        if (begins || goes_on)
            && let Some(close) = self.rest().find("}}")
        {
            return self.tag(string, self.pos + close + 2);
        }
        self.open(Open::Hole, Kind::HoleOpen, end);
    }

    fn tag(&mut self, string: usize, close: usize) {
        if self.tagged.replace(string) != Some(string) {
            let tag = &self.text[self.pos..close];
            let diag = Diag::new("E0021", self.span(self.pos, close), format!("`{tag}` is not a hole"));
            let hint = "close the string, write if x { \"…\" } or for x in xs { \"…\" }, and go on";
            self.report_doubtful(diag.hint(hint));
        }
        self.mend(self.pos..close, "");
        self.push(Kind::Unknown, close);
    }

    /// `f"…"` and the like.
    pub(super) fn string_prefix(&mut self, end: usize) {
        let Some(last) = self.before() else { return };
        let word = last.text(self.text);
        let adjacent = last.kind == Kind::Word && last.end == self.pos;
        if !adjacent || words::is_reserved(word) || words::CONTEXTUAL.contains(&word) || word.len() > 2 {
            return;
        }
        let diag = Diag::new("E0015", self.span(last.start, last.end), "strings have no prefix");
        let (start, mended) = (last.start, self.mends.len() + 1);
        let formats = matches!(word, "f" | "F");
        let known = formats || matches!(word, "b" | "u" | "B" | "U");
        self.mend(last.start..last.end, "");
        if word.contains(['f', 'F']) {
            self.widen_braces(end);
        }
        let braces = self.mends.get(mended..).unwrap_or_default().iter();
        let braces = braces.map(|mend| {
            let text = if mend.text == "{" { "{{ " } else { " }}" };
            Edit::new(self.span(mend.place.start, mend.place.start + 1), text)
        });
        let edits = std::iter::once(Edit::new(self.span(start, self.pos), "")).chain(braces).collect();
        let diag = diag.hint("every string may contain `{{ x }}`: write it without a prefix");
        self.report(diag.fix(edits, known));
    }

    /// `{x}` in an `f"…"` is a hole.
    fn widen_braces(&mut self, from: usize) {
        let rest = &self.text[from..];
        let text = &rest[..rest.find(['"', '\n', '\r']).unwrap_or(rest.len())];
        let mut at = 0;
        while let Some(open) = text[at..].find('{').map(|i| at + i) {
            at = open + 1;
            let inner = &text[at..];
            let len = inner.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inner.len());
            if len > 0 && inner[len..].starts_with('}') {
                self.mend(from + open..from + open, "{");
                self.mend(from + at + len..from + at + len, "}");
                at += len + 1;
            }
        }
    }

    fn single_quotes(&mut self) {
        if self.text[self.pos..].starts_with("'''") {
            let close = self.find_ahead(3, "'''");
            return self.quoted(close, 3, "\"\"\"…\"\"\"");
        }
        let word_before = self.before().is_some_and(|t| t.kind == Kind::Word && t.end == self.pos);
        if word_before && self.text[self.pos + 1..].starts_with(char::is_alphabetic) {
            let diag =
                Diag::new("E0016", self.span(self.pos, self.pos + 1), "text is written in double quotes");
            self.report_doubtful(diag.hint("write \"…\""));
            self.mend(self.pos..self.pos + 1, "");
            return self.push(Kind::Unknown, self.pos + 1);
        }
        let close = self.rest()[1..].find('\'').map(|at| self.pos + 1 + at);
        let Some(end) = close else { return self.quoted(None, 1, "\"…\"") };
        let fixed = self.text[self.pos + 1..end].replace('"', "\\\"");
        self.quoted(close, 1, &format!("\"{fixed}\""));
    }

    /// A text in single quotes of some width, which closes at a place or else with its line.
    fn quoted(&mut self, close: Option<usize>, width: usize, instead: &str) {
        let end = close.map_or(self.pos + self.rest().len(), |at| at + width);
        let text = &self.text[self.pos + width..close.unwrap_or(end)];
        let diag = Diag::new("E0016", self.span(self.pos, end), "strings are written in double quotes");
        let diag = diag.hint(format!("write {instead}"));
        if close.is_some() {
            self.report(self.with_quotes(diag, text, end))
        } else {
            self.report_doubtful(diag)
        }
        self.replace_quotes(text.to_owned(), end);
        if close.is_none() && self.stack.is_empty() {
            self.broken_lines.push(self.tokens.len());
        }
    }

    /// `` `…` ``
    fn backticks(&mut self) {
        let width = if self.text[self.pos..].starts_with("```") { 3 } else { 1 };
        let sign = &self.text[self.pos..self.pos + width];
        let from = self.pos + width;
        let mut near = (from + LONGEST_BACKTICKS).min(self.text.len());
        while !self.text.is_char_boundary(near) {
            near -= 1;
        }
        let close = self.text[from..near].find(sign).map(|at| from + at);
        let end = close.map_or(self.pos + self.rest().len(), |at| at + width);
        let end = end.max(from);
        let text = &self.text[from..close.unwrap_or(end)];
        let diag = Diag::new("E0015", self.span(self.pos, from), "a backtick does not begin a string");
        let hint = if text.contains("${") {
            "write the text in double quotes, and {{ x }} for a value in it"
        } else {
            "write the text in double quotes: \"…\""
        };
        if close.is_some() {
            self.report(self.with_quotes(diag.hint(hint), &with_holes(text), end))
        } else {
            self.report_doubtful(diag.hint(hint))
        }
        self.replace_quotes(with_holes(text), end);
    }

    /// Offers a text in quotes of its own, if what is read is just what is written. An odd quote on its line may be an
    /// apostrophe.
    pub(super) fn with_quotes(&self, diag: Diag, text: &str, end: usize) -> Diag {
        let near = self.rest();
        let quotes = near.matches('\'').count();
        let plain = !text.contains(['\\', '"']) && text.matches("{{").count() == text.matches("}}").count();
        let joined = self.text[end..].starts_with(|c: char| c.is_alphanumeric() || c == '\'');
        if !plain {
            return diag;
        }
        let place = self.span(self.pos, end);
        let sure = !joined && (text.contains('\n') || !near.starts_with('\'') || quotes.is_multiple_of(2));
        match (text.contains('\n'), sure) {
            (true, _) => diag.fix(vec![Edit::new(place, format!("\"\"\"{text}\"\"\""))], sure),
            (false, true) => diag.fixed(place, format!("\"{text}\"")),
            (false, false) => diag.fixable(place, format!("\"{text}\"")),
        }
    }

    /// Reads what ends at a place as a string with this text.
    pub(super) fn replace_quotes(&mut self, text: String, end: usize) {
        let string = if text.contains(['\n', '\r']) {
            format!("\"\"\"{}\"\"\"", text.replace("\"\"\"", "\\\"\"\""))
        } else if text.contains("{{") && text.matches("{{").count() == text.matches("}}").count() {
            format!("\"{text}\"")
        } else {
            let text = text.replace("{{", "");
            format!("\"{}\"", text.replace('\\', "").replace('"', "\\\""))
        };
        self.mend(self.pos..end, string);
        self.push(Kind::Unknown, end);
    }

    pub(super) fn unknown(&mut self) {
        let c = self.text[self.pos..].chars().next().unwrap_or(' ');
        let end = self.pos + c.len_utf8();
        match c {
            '\u{201C}' | '\u{201D}' | '\u{2018}' | '\u{2019}' | '\u{201E}' | '\u{AB}' => {
                return self.curly_quotes(end);
            }
            '\u{A0}' | '\u{200B}' | '\u{2007}' | '\u{202F}' | '\u{3000}' => return self.odd_space(c, end),
            _ => {}
        }
        let named = self.text[end..].starts_with(|c: char| c.is_alphabetic());
        let diag = Diag::new(
            "E0015",
            self.span(self.pos, end),
            format!("`{}` has no meaning here", c.escape_debug()),
        );
        match c {
            '$' if named => {
                let place = diag.span;
                self.report(diag.hint("a variable is written as its bare name").fixed(place, ""));
            }
            '@' if named && self.decorator() => return,
            '@' if named => {
                let place = diag.span;
                self.report(diag.hint("leave it out: roles and names are plain words").fixable(place, ""));
            }
            '&' | '^' | '~' => {
                self.report_doubtful(diag.hint("the operators are and, or, not and those of arithmetic"));
            }
            _ => self.report_doubtful(diag.hint("remove it, or put it into a string")),
        }
        self.mend(self.pos..end, "");
        self.push(Kind::Unknown, end);
    }

    fn curly_quotes(&mut self, open: usize) {
        let rest = self.rest();
        let inner = &rest[open - self.pos..];
        let quote = |c: char| matches!(c, '"' | '\u{201C}' | '\u{201D}' | '\u{2018}' | '\u{2019}' | '\u{BB}');
        let close = inner.find(quote);
        let text = &inner[..close.unwrap_or(inner.len())];
        let width = close.map_or(0, |at| inner[at..].chars().next().map_or(0, char::len_utf8));
        let end = open + text.len() + width;
        let shown = self.text[self.pos..open].to_owned();
        let message = format!("`{shown}` does not begin a string");
        let diag = Diag::new("E0015", self.span(self.pos, end), message);
        let diag = diag.hint("write strings with straight double quotes: \"…\"");
        if close.is_some() {
            self.report(self.with_quotes(diag, text, end))
        } else {
            self.report_doubtful(diag)
        }
        self.replace_quotes(text.to_owned(), end);
    }

    fn odd_space(&mut self, c: char, end: usize) {
        let message = format!("`{}` is not an ordinary space", c.escape_unicode());
        let diag = Diag::new("E0015", self.span(self.pos, end), message);
        let place = diag.span;
        self.report(diag.hint("write an ordinary space").fixed(place, " "));
        self.mend(self.pos..end, " ");
        self.push(Kind::Unknown, end);
    }
}

/// Whether a text is a name, or a whole number.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// A text in backticks with its `${x}` as holes.
fn with_holes(text: &str) -> String {
    let mut parts = text.split("${");
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        match part.split_once('}').filter(|(inner, _)| !inner.contains(['{', '"', '`', '\n'])) {
            Some((inner, rest)) => out.extend(["{{ ", inner.trim(), " }}", rest]),
            None => out.extend(["${", part]),
        }
    }
    out
}
