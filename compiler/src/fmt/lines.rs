//! The lines being written, and the columns in them: values of fields, and trailing comments.
//!
//! Columns are known only once all lines are. What is aligned depends on the code alone, except in one
//! respect: whether the author meant fields to be a table.

/// Lines of code that are longer than this do not push the comments of their neighbours to the right.
const WIDEST: usize = 80;

/// All lines, in order.
#[derive(Debug, Default)]
pub(super) struct Lines<'a> {
    code: String,
    lines: Vec<Line<'a>>,
}

/// A line: its code is what follows in the buffer, until the next line's.
#[derive(Debug, Default)]
struct Line<'a> {
    start: usize,
    /// Its indentation; `None` for a line that begins within text.
    indent: Option<usize>,
    /// The place after a key's `:`, and how far from there its value stood.
    cell: Option<(usize, usize)>,
    comment: Option<&'a str>,
    /// What it is apart from code.
    form: Form,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Form {
    #[default]
    Code,
    /// A comment that has the line to itself.
    Comment,
    /// One that goes on with the trailing comment above it.
    Continued,
}

impl<'a> Lines<'a> {
    /// Begins a line.
    pub(super) fn begin(&mut self, indent: usize) {
        self.lines.push(Line { start: self.code.len(), indent: Some(indent), ..Line::default() });
        self.code.extend(std::iter::repeat_n(' ', indent));
    }

    /// Leaves a line empty.
    pub(super) fn blank(&mut self) {
        self.lines.push(Line { start: self.code.len(), ..Line::default() });
    }

    /// Adds code, or text without a line break.
    pub(super) fn push(&mut self, code: &str) {
        self.code.push_str(code);
    }

    /// Adds text, which may go over lines.
    pub(super) fn push_text(&mut self, text: &str) {
        for (n, part) in text.split('\n').enumerate() {
            if n > 0 {
                self.blank();
            }
            self.code.push_str(part);
        }
    }

    /// Says that the value of the line's field follows, and how far from its `:` it stood.
    pub(super) fn cell(&mut self, gap: usize) {
        let at = self.code.len();
        if let Some(line) = self.lines.last_mut() {
            line.cell = Some((at, gap));
        }
    }

    /// Adds a comment after the line's code.
    pub(super) fn trailing(&mut self, comment: &'a str) {
        if let Some(line) = self.lines.last_mut() {
            line.comment = Some(comment);
        }
    }

    /// Adds a line for a comment.
    pub(super) fn own(&mut self, indent: usize, comment: &str) {
        self.begin(indent);
        self.push(comment);
        if let Some(line) = self.lines.last_mut() {
            line.form = Form::Comment;
        }
    }

    /// Adds a line for a comment that goes on with the trailing one above it.
    pub(super) fn continued(&mut self, comment: &'a str) {
        let indent = self.lines.last().and_then(|line| line.indent);
        let start = self.code.len();
        let form = Form::Continued;
        self.lines.push(Line { start, indent, comment: Some(comment), form, ..Line::default() });
    }

    /// The text of all lines.
    pub(super) fn finish(self) -> String {
        let pads = self.value_pads();
        let columns = self.comment_columns(&pads);
        let mut out = String::with_capacity(self.code.len() + self.lines.len() * 2);
        for (n, line) in self.lines.iter().enumerate() {
            let code = self.code_of(n);
            let cut = line.cell.map_or(0, |(at, _)| at - line.start);
            let (key, value) = code.split_at_checked(cut).unwrap_or(("", code));
            out.push_str(key);
            out.extend(std::iter::repeat_n(' ', pads[n]));
            out.push_str(value);
            if let Some(comment) = line.comment {
                let width = code.chars().count() + pads[n];
                out.extend(std::iter::repeat_n(' ', columns[n].saturating_sub(width)));
                out.push_str(comment);
            }
            out.push('\n');
        }
        out
    }

    fn code_of(&self, n: usize) -> &str {
        let start = self.lines.get(n).map_or(0, |line| line.start);
        let end = self.lines.get(n + 1).map_or(self.code.len(), |line| line.start);
        self.code.get(start..end).unwrap_or("")
    }

    /// How many more spaces than one stand after each line's key. Fields in lines that follow each other
    /// are a table if two of their values stood in one column, on purpose; then all stand in one.
    fn value_pads(&self) -> Vec<usize> {
        let mut pads = vec![0; self.lines.len()];
        let mut rows: Vec<Row> = Vec::new();
        for (n, line) in self.lines.iter().enumerate() {
            let follows = rows.last().is_some_and(|last| Some(last.indent) == line.indent);
            if follows && line.form == Form::Comment {
                continue;
            }
            if !follows || line.cell.is_none() {
                settle(&mut rows, &mut pads);
            }
            if let (Some((at, gap)), Some(indent)) = (line.cell, line.indent) {
                let key = self.code.get(line.start..at).map_or(0, |key| key.chars().count());
                rows.push(Row { line: n, indent, key, gap });
            }
        }
        settle(&mut rows, &mut pads);
        pads
    }

    /// The column of each line's comment: one for lines that follow each other at one indentation.
    fn comment_columns(&self, pads: &[usize]) -> Vec<usize> {
        let mut columns = vec![0; self.lines.len()];
        let mut from = 0;
        while let Some(first) = self.lines.get(from) {
            let mut widest = self.width(from, pads);
            let mut to = from + 1;
            while let Some(next) = self.lines.get(to) {
                let beside = next.indent == first.indent && first.indent.is_some() && widest <= WIDEST;
                let width = self.width(to, pads);
                let joins = next.form == Form::Continued || beside && width <= WIDEST;
                if first.comment.is_none() || next.comment.is_none() || !joins {
                    break;
                }
                widest = widest.max(width);
                to += 1;
            }
            columns[from..to].fill(widest + 2);
            from = to;
        }
        columns
    }

    /// The width of a line's code with a comment after it.
    fn width(&self, n: usize, pads: &[usize]) -> usize {
        let commented = self.lines.get(n).is_some_and(|line| line.comment.is_some());
        if commented { self.code_of(n).chars().count() + pads[n] } else { 0 }
    }
}

/// A field that begins a line.
#[derive(Debug)]
struct Row {
    line: usize,
    indent: usize,
    /// The width of its key and what stands before it.
    key: usize,
    /// How far from it its value stood.
    gap: usize,
}

/// Sets the values of a table into one column.
fn settle(rows: &mut Vec<Row>, pads: &mut [usize]) {
    let mut wide: Vec<usize> = rows.iter().filter(|row| row.gap > 1).map(|row| row.key + row.gap).collect();
    wide.sort_unstable();
    let beside = |row: &Row| row.gap <= 1 && wide.binary_search(&(row.key + row.gap)).is_ok();
    let table = wide.windows(2).any(|pair| pair[0] == pair[1]) || rows.iter().any(beside);
    let longest = rows.iter().map(|row| row.key).max().unwrap_or(0);
    for row in rows.drain(..).filter(|_| table) {
        pads[row.line] = longest - row.key;
    }
}
