//! Descriptions: comments that begin with `##`, right above what they describe.

use std::collections::BTreeMap;
use std::fmt;

use crate::lex::{Kind, Token};
use crate::source::Span;

/// What comments say of an item, a parameter, a field or a member of a union.
#[derive(Debug, Clone)]
pub struct Doc {
    /// Its lines, joined by line breaks.
    pub text: String,
    /// The comments.
    pub span: Span,
}

/// The descriptions of a file.
#[derive(Clone, Default)]
pub struct Docs(BTreeMap<u32, Doc>);

impl fmt::Debug for Docs {
    /// The texts, in order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.values().map(|doc| &doc.text)).finish()
    }
}

impl Docs {
    /// What is said of what begins at a place; of an item, at its word or its name.
    pub fn at(&self, place: Span) -> Option<&Doc> {
        self.0.get(&place.start)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, those of items twice.
    pub fn all(&self) -> impl Iterator<Item = &Doc> {
        self.0.values()
    }
}

/// Words before the name of what is described, and the sign before a member of a union.
const BEFORE: &[&str] = &["type", "fn", "agent", "tool", "input", "const", "|"];

/// The descriptions among some tokens.
pub(crate) fn docs(file: u32, text: &str, tokens: &[Token]) -> Docs {
    let mut found = BTreeMap::new();
    let mut open: Option<Doc> = None;
    // Whether what was described goes on behind a word or sign.
    let mut carried: Option<Doc> = None;
    let (mut fresh, mut breaks) = (true, 0);
    for token in tokens {
        match token.kind {
            Kind::Newline => {
                breaks += 1;
                fresh = true;
                if breaks > 1 {
                    open = None;
                }
            }
            Kind::Space => {}
            Kind::Comment => {
                let line = token.text(text).trim_end();
                let span = Span::new(file, token.start, token.start + line.len());
                match line.strip_prefix("##").filter(|line| fresh && !line.starts_with('#')) {
                    Some(line) => add(&mut open, line.trim(), span),
                    None if fresh => {}
                    None => open = None,
                }
                breaks = 0;
            }
            _ => {
                let start = u32::try_from(token.start).unwrap_or(u32::MAX);
                if let Some(doc) = open.take().or_else(|| carried.take()) {
                    if BEFORE.contains(&token.text(text)) {
                        carried = Some(doc.clone());
                    }
                    found.insert(start, doc);
                }
                (fresh, breaks) = (false, 0);
            }
        }
    }
    Docs(found)
}

fn add(open: &mut Option<Doc>, line: &str, span: Span) {
    match open {
        Some(doc) => {
            doc.text.push('\n');
            doc.text.push_str(line);
            doc.span.end = span.end;
        }
        None => *open = Some(Doc { text: line.to_owned(), span }),
    }
}
