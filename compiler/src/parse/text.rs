//! The builder: strings. Escapes are read, and the indentation of `"""` is removed, here and only here.

use super::build::Builder;
use super::{Pair, Rule};
use crate::ast::{Ident, Part, Text};
use crate::diag::Diag;
use crate::source::Span;

impl Builder {
    /// A `string`.
    pub(super) fn text(&mut self, pair: Pair<'_>) -> Text {
        let span = self.span(&pair);
        let Some(form) = pair.into_inner().next() else { return Text { parts: Vec::new(), span } };
        let long = form.as_rule() == Rule::long_string;
        let mut parts: Vec<Part> = form.into_inner().map(|p| self.part(p, long)).collect();
        if long {
            dedent(&mut parts);
        }
        parts.retain(|part| !matches!(part, Part::Lit(text, _) if text.is_empty()));
        Text { parts, span }
    }

    fn part(&mut self, pair: Pair<'_>, long: bool) -> Part {
        let span = self.span(&pair);
        match pair.as_rule() {
            // A raw string's escapes are read after its indentation is gone.
            Rule::long_text if long => Part::Lit(pair.as_str().replace("\r\n", "\n"), span),
            Rule::hole => self.hole(pair),
            _ => Part::Lit(self.unescape(pair.as_str(), pair.as_span().start()), span),
        }
    }

    fn hole(&mut self, pair: Pair<'_>) -> Part {
        let error = self.error_expr(&pair);
        let Some(inner) = pair.into_inner().next() else { return Part::Expr(error) };
        match inner.as_rule() {
            Rule::generate | Rule::select | Rule::call_gen => Part::Gen(self.generation(inner)),
            _ => Part::Expr(self.expr(inner)),
        }
    }

    /// The name of a record's field.
    pub(super) fn key(&mut self, pair: Pair<'_>) -> Ident {
        let span = self.span(&pair);
        let Some(inner) = pair.clone().into_inner().next() else { return self.missing(&pair) };
        if inner.as_rule() == Rule::word {
            return self.ident(&inner);
        }
        let text = self.text(inner);
        let name = text.literal().unwrap_or_else(|| {
            let diag = Diag::new("E0025", span, "a record's key holds no `{{ }}`");
            self.diags.push(diag.hint("keys are fixed: write the name itself"));
            String::new()
        });
        Ident { name, span }
    }

    fn unescape(&mut self, raw: &str, offset: usize) -> String {
        let mut out = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(at) = rest.find('\\') {
            out.push_str(&rest[..at]);
            let escape = &rest[at..];
            let start = offset + raw.len() - escape.len();
            rest = match read_escape(escape) {
                Ok((text, len)) => {
                    out.push_str(&text);
                    &escape[len..]
                }
                Err(len) => {
                    self.unknown_escape(&escape[..len], self.place(start, start + len));
                    &escape[len..]
                }
            };
        }
        out.push_str(rest);
        out
    }

    fn unknown_escape(&mut self, escape: &str, span: Span) {
        let hint = match escape {
            "\\{" => "only `\\{{` needs a backslash: a single `{` is plain text",
            "\\'" => "a single quote needs no backslash",
            _ => "the escapes are \\n \\t \\r \\\" \\\\ \\u{1F600} and \\{{; a backslash itself is \\\\",
        };
        self.diags.push(Diag::new("E0014", span, format!("`{escape}` is not an escape")).hint(hint));
    }
}

/// The text that an escape stands for and its length, or the length of what is wrong.
fn read_escape(escape: &str) -> Result<(String, usize), usize> {
    if escape.starts_with("\\{{") {
        return Ok(("{{".to_owned(), 3));
    }
    let Some(sign) = escape[1..].chars().next() else { return Err(1) };
    let text = match sign {
        'n' => "\n",
        't' => "\t",
        'r' => "\r",
        '"' => "\"",
        '\\' => "\\",
        'u' => return read_unicode(escape),
        _ => return Err(1 + sign.len_utf8()),
    };
    Ok((text.to_owned(), 2))
}

/// `\u{1F600}`
fn read_unicode(escape: &str) -> Result<(String, usize), usize> {
    let Some(digits) = escape.strip_prefix("\\u{") else { return Err(2) };
    let Some(end) = digits.find('}') else { return Err(2) };
    let len = 3 + end + 1;
    let code = digits[..end].bytes().all(|b| b.is_ascii_hexdigit()).then_some(&digits[..end]);
    let c = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
    c.map(|c| (c.to_string(), len)).ok_or(len)
}

/// Removes the common indentation and the line breaks next to the quotes, then reads escapes.
fn dedent(parts: &mut [Part]) {
    trim_ends(parts);
    let indent = common_indent(parts);
    let mut line_start = starts_on_new_line(parts);
    for part in parts.iter_mut() {
        let Part::Lit(text, _) = part else {
            line_start = false;
            continue;
        };
        let mut out = String::with_capacity(text.len());
        for (i, line) in text.split('\n').enumerate() {
            if i > 0 {
                out.push('\n');
                line_start = true;
            }
            out.push_str(if line_start { without_indent(line, &indent) } else { line });
            line_start = false;
        }
        *text = out.replace("\\{{", "{{").replace("\\\"\"\"", "\"\"\"");
    }
}

/// Drops the line break before the closing quotes, and the white space between.
fn trim_ends(parts: &mut [Part]) {
    if let Some(Part::Lit(text, _)) = parts.last_mut() {
        let kept = text.trim_end_matches([' ', '\t']);
        if let Some(kept) = kept.strip_suffix('\n') {
            text.truncate(kept.len());
        }
    }
}

/// Whether the text begins on the line after the opening quotes; drops that line break.
fn starts_on_new_line(parts: &mut [Part]) -> bool {
    let Some(Part::Lit(text, _)) = parts.first_mut() else { return false };
    let first_line = text.split('\n').next().unwrap_or("");
    if first_line.len() < text.len() && first_line.bytes().all(|b| b == b' ' || b == b'\t') {
        text.drain(..=first_line.len());
        return true;
    }
    false
}

/// The longest white space that all non-blank lines begin with; a line with a hole is not blank.
fn common_indent(parts: &[Part]) -> String {
    let mut common: Option<String> = None;
    for (i, part) in parts.iter().enumerate() {
        let Part::Lit(text, _) = part else { continue };
        let lines: Vec<&str> = text.split('\n').collect();
        for (n, line) in lines.iter().enumerate().skip(1) {
            let rest = line.trim_start_matches([' ', '\t']);
            let before_hole = n + 1 == lines.len() && i + 1 < parts.len();
            if rest.is_empty() && !before_hole {
                continue;
            }
            let indent = &line[..line.len() - rest.len()];
            common = Some(match common {
                None => indent.to_owned(),
                Some(old) => shared_prefix(&old, indent).to_owned(),
            });
        }
    }
    common.unwrap_or_default()
}

fn shared_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let len = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    a.get(..len).unwrap_or("")
}

/// A line without the indentation, or without all its white space if it has less.
fn without_indent<'a>(line: &'a str, indent: &str) -> &'a str {
    line.strip_prefix(indent).unwrap_or_else(|| line.trim_start_matches([' ', '\t']))
}
