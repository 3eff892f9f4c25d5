//! Blocks that begin with a `:` and are told by their indentation, written with braces.

use super::{Lexed, Opening, words};
use crate::diag::Edit;
use crate::source::Span;

/// Words that go on with the statement whose block has ended.
const JOINING: [&str; 7] = ["else", "elif", "elseif", "elsif", "except", "catch", "finally"];

/// A block that is open: how far the line of its head is indented, and by what.
struct Open<'t> {
    columns: usize,
    space: &'t str,
}

/// The edits that put all such blocks of a file into braces.
pub(crate) fn in_braces(file: u32, text: &str, lexed: &Lexed) -> Vec<Edit> {
    let colons: Vec<usize> = lexed
        .openings
        .iter()
        .filter_map(|opening| match opening {
            Opening::Colon(at) => lexed.tokens.get(*at).map(|token| token.start),
            Opening::Missing(_) => None,
        })
        .collect();
    let (mut edits, mut open, mut start, mut last) = (Vec::new(), Vec::new(), 0, 0);
    let insert = |at: usize, text: String| Edit::new(Span::new(file, at, at), text);
    for line in text.split_inclusive('\n') {
        let code = line.trim();
        let space = &line[..line.len() - line.trim_start().len()];
        if !code.is_empty() && !code.starts_with('#') {
            let columns = words::indent(line);
            let word = code.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
            while let Some(block) = open.pop_if(|block: &mut Open<'_>| columns <= block.columns) {
                edits.push(if columns == block.columns && JOINING.contains(&word) {
                    insert(start + space.len(), "} ".to_owned())
                } else {
                    insert(last, format!("\n{}}}", block.space))
                });
            }
            last = start + line.trim_end().len();
            for colon in colons.iter().filter(|at| (start..start + line.len()).contains(at)) {
                let before = text[..*colon].trim_end_matches(' ').len();
                edits.push(Edit::new(Span::new(file, before, colon + 1), " {"));
                open.push(Open { columns, space });
            }
        }
        start += line.len();
    }
    edits.extend(open.into_iter().rev().map(|block| insert(last, format!("\n{}}}", block.space))));
    edits
}
