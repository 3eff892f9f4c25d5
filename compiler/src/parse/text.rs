//! The builder: strings. Escapes in `"…"` are read here and only here; for `"""` see [`super::dedent`].

use super::build::{Builder, end_of};
use super::dedent::dedent;
use super::{Pair, Rule};
use crate::ast::{Ident, Part, Text, TypeHole, TypePart, TypeText};
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
            let texts = parts.iter_mut().map(|part| match part {
                Part::Lit(text, _) => Some(text),
                _ => None,
            });
            dedent(&mut texts.collect::<Vec<_>>());
        }
        parts.retain(|part| !matches!(part, Part::Lit(text, _) if text.is_empty()));
        Text { parts, span }
    }

    /// A `type_string`.
    pub(super) fn type_string(&mut self, pair: Pair<'_>) -> TypeText {
        let span = self.span(&pair);
        let Some(form) = pair.into_inner().next() else { return TypeText { parts: Vec::new(), span } };
        let long = form.as_rule() == Rule::type_long;
        let mut parts: Vec<TypePart> = Vec::new();
        for part in form.into_inner() {
            parts.extend(match part.as_rule() {
                Rule::type_hole => self.type_hole(part).map(TypePart::Hole),
                _ => match self.part(part, long) {
                    Part::Lit(text, span) => Some(TypePart::Lit(text, span)),
                    Part::Expr(_) | Part::Gen(_) => None,
                },
            });
        }
        if long {
            let texts = parts.iter_mut().map(|part| match part {
                TypePart::Lit(text, _) => Some(text),
                TypePart::Hole(_) => None,
            });
            dedent(&mut texts.collect::<Vec<_>>());
        }
        parts.retain(|part| !matches!(part, TypePart::Lit(text, _) if text.is_empty()));
        TypeText { parts, span }
    }

    fn type_hole(&mut self, pair: Pair<'_>) -> Option<TypeHole> {
        let span = self.span(&pair);
        let (mut name, mut ty) = (None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident => name = Some(self.ident(&part)),
                Rule::type_expr => ty = Some(self.type_expr(part)),
                _ => {}
            }
        }
        Some(TypeHole { name, ty: ty?, span })
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
            _ => {
                let place = (inner.as_span().start(), end_of(&inner));
                let outer = self.hole.replace(place);
                let value = self.expr(inner);
                self.hole = outer;
                Part::Expr(value)
            }
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
            let diag = Diag::new("E0025", span, "a record's key cannot contain `{{ }}`");
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
        let diag = Diag::new("E0014", span, format!("`{escape}` is not an escape")).hint(hint);
        self.diags.push(match escape {
            "\\{" => diag.fixed(span, "{"),
            "\\'" => diag.fixed(span, "'"),
            _ => diag,
        });
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
