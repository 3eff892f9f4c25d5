//! Source files, places in them, and the interface through which a program reads other files.
//!
//! The compiler never opens a file: whoever embeds it answers through [`World`]. Places are byte ranges
//! ([`Span`]); lines and columns are computed only when a person is to read them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What some editors put before a text to say that it is UTF-8. It is no part of the text.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A range of bytes in one source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Span {
    /// Index of the file in [`Sources`].
    pub file: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes `start..end` of a file.
    pub fn new(file: u32, start: usize, end: usize) -> Span {
        Span { file, start: clamp(start), end: clamp(end) }
    }

    /// The smallest span that holds both, which must lie in one file.
    pub fn to(self, other: Span) -> Span {
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The empty place right after this span.
    pub fn after(self) -> Span {
        Span { start: self.end, ..self }
    }

    /// Whether `other` lies within this span.
    pub fn contains(self, other: Span) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }
}

/// Offsets fit because [`crate::Limits`]-sized files are far smaller than 4 GiB.
fn clamp(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// A source text and where its lines begin.
#[derive(Debug, Clone)]
pub struct Source {
    /// What diagnostics call it: usually a path.
    pub name: String,
    /// The whole text.
    pub text: String,
    lines: Vec<usize>,
}

impl Source {
    /// Wraps a text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Source {
        let text = text.into();
        let breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        Source { name: name.into(), text, lines }
    }

    /// The line (from 1) and column in characters (from 1) of a byte offset. Offsets past the end, or
    /// within a character, count as the next place before them.
    pub fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.lines.partition_point(|start| *start <= offset).saturating_sub(1);
        let column = self.text[self.lines[line]..offset].chars().count();
        Position { line: line + 1, column: column + 1 }
    }

    /// The text of a span, empty where the span does not fit.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }
}

/// A place as people count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// All files of a compilation, indexed by [`Span::file`].
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Adds a file and gives its index.
    pub fn add(&mut self, source: Source) -> u32 {
        self.files.push(source);
        clamp(self.files.len() - 1)
    }

    /// The file of an index.
    pub fn get(&self, file: u32) -> Option<&Source> {
        self.files.get(file as usize)
    }

    /// All files in order.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }

    /// Where a span begins and ends.
    pub fn locate(&self, span: Span) -> Option<(&Source, Position, Position)> {
        let source = self.get(span.file)?;
        Some((source, source.position(span.start as usize), source.position(span.end as usize)))
    }
}

/// How a program reads files: imports, embeds, schemas and grammars.
pub trait World {
    /// The bytes of a file. `path` is relative to the program's own file.
    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError>;
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldError {
    /// What to tell the person, such as "no such file".
    pub message: String,
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for WorldError {}

/// A world without files.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFiles;

impl World for NoFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        Err(WorldError { message: format!("there is no file `{path}`") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let source = Source::new("x", "añb\n\ncd");
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        assert_eq!(source.position(3), Position { line: 1, column: 3 });
        assert_eq!(source.position(2), Position { line: 1, column: 2 });
        assert_eq!(source.position(5), Position { line: 2, column: 1 });
        assert_eq!(source.position(7), Position { line: 3, column: 2 });
        assert_eq!(source.position(99), Position { line: 3, column: 3 });
    }
}
