//! Symbols, quotes, comments and tags of other languages: what to write instead, and the corrected text.

use super::scan::{Open, Scanner};
use super::{Kind, words};
use crate::diag::Diag;

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
    sign("&&", " and ", false, "`&&` is not an operator", "write `and`"),
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
    sign("===", "==", true, "`===` is not an operator", "write `==`"),
    sign("!==", "!=", true, "`!==` is not an operator", "write `!=`"),
    sign("<>", "!=", true, "`<>` is not an operator", "write `!=`"),
    sign("|>", "|", true, "`|>` is not an operator", "pipes are written `x | trim`"),
    sign("..=", "..", true, "`..=` is not an operator", "bounds are inclusive: int(1..5)"),
    sign("...", "", false, "`...` has no meaning here", "join lists with `+`: xs + [x]"),
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
            "//" => self.slashes(),
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
        self.line_comment(
            "`//` does not begin a comment",
            "comments begin with `#`; a division is a single `/`",
        );
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
        self.report(diag.hint(hint));
        self.mend(self.pos..end, "");
        self.push(Kind::Unknown, end);
    }

    /// `/* … */`
    pub(super) fn block_comment(&mut self) {
        let end = self.find_ahead(2, "*/").map(|at| at + 2).unwrap_or(self.pos + self.rest().len());
        let diag = Diag::new("E0015", self.span(self.pos, self.pos + 2), "`/* … */` is not a comment");
        self.report(diag.hint("comments begin with `#` and run to the end of the line"));
        self.mend(self.pos..end, "");
        self.push(Kind::Unknown, end);
    }

    /// `<!-- … -->`, of which the first sign is read already.
    fn markup_comment(&mut self) {
        let end = self.find_ahead(3, "-->").map(|at| at + 3).unwrap_or(self.pos + self.rest().len());
        let from = self.pos - 1;
        let diag = Diag::new("E0015", self.span(from, self.pos + 3), "`<!-- … -->` is not a comment");
        self.report(diag.hint("comments begin with `#` and run to the end of the line"));
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
            Some('#' | '^' | '/') => next.next().is_some_and(char::is_alphabetic),
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
        self.report(diag.hint("every string may contain `{{ x }}`: write it without a prefix"));
        self.mend(last.start..last.end, "");
        if word.contains(['f', 'F']) {
            self.widen_braces(end);
        }
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
            self.report(diag)
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
            self.report(diag.hint(hint))
        } else {
            self.report_doubtful(diag.hint(hint))
        }
        self.replace_quotes(with_holes(text), end);
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
            '$' if named => self.report(diag.hint("a variable is written as its bare name")),
            '@' if named && self.decorator() => return,
            '@' if named => self.report(diag.hint("leave it out: roles and names are plain words")),
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
            self.report(diag)
        } else {
            self.report_doubtful(diag)
        }
        self.replace_quotes(text.to_owned(), end);
    }

    fn odd_space(&mut self, c: char, end: usize) {
        let message = format!("`{}` is not an ordinary space", c.escape_unicode());
        let diag = Diag::new("E0015", self.span(self.pos, end), message);
        self.report(diag.hint("write an ordinary space"));
        self.mend(self.pos..end, " ");
        self.push(Kind::Unknown, end);
    }
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
