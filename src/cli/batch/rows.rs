//! Lines of a file, each within a bound, and the rows of a batch, which are lines.
//!
//! A row that cannot be read is a row all the same: its error is its outcome. Only what the file itself refuses ends a
//! batch.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use agentc::{BYTE_ORDER_MARK, Error, Fault, Input, Program};

use super::origin::short_hash;
use crate::cli::files::{MAX_INPUT, is_stdin};
use crate::cli::io_error;

/// A line, without its end.
pub(super) struct Line {
    /// As much of it as may be kept.
    pub(super) bytes: Vec<u8>,
    /// Its bytes in the file, its end included.
    pub(super) len: u64,
    /// Whether there is an end of a line.
    pub(super) is_ended: bool,
}

impl Line {
    /// Whether all of it was kept.
    pub(super) fn is_whole(&self) -> bool {
        self.bytes.len() as u64 + u64::from(self.is_ended) == self.len
    }
}

/// The next line of a source, of which no more than `limit` bytes are kept; nothing at its end.
pub(super) fn next_line(source: &mut impl BufRead, limit: usize) -> io::Result<Option<Line>> {
    let mut line = Line { bytes: Vec::new(), len: 0, is_ended: false };
    while !line.is_ended {
        let part = match source.fill_buf() {
            Ok(part) => part,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if part.is_empty() {
            break;
        }
        let end = part.iter().position(|byte| *byte == b'\n');
        let (text, used) = (&part[..end.unwrap_or(part.len())], end.map_or(part.len(), |end| end + 1));
        let room = limit.saturating_sub(line.bytes.len()).min(text.len());
        line.bytes.extend_from_slice(&text[..room]);
        line.len += used as u64;
        line.is_ended = end.is_some();
        source.consume(used);
    }
    Ok((line.len > 0).then_some(line))
}

/// A row as its file has it.
pub(super) struct RowText {
    pub(super) mark: Mark,
    /// Its text, or why it has none.
    text: Result<String, String>,
}

/// Which row it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// The number of its line, from 1.
    pub(super) number: u64,
    /// Of its bytes.
    pub(super) hash: String,
}

/// The rows of a file, which are read as they are needed. Lines of nothing but white space are none.
pub(super) struct Rows {
    /// What the file is called.
    pub(super) name: String,
    source: Box<dyn BufRead>,
    /// Lines so far.
    lines: u64,
}

impl Rows {
    /// Those of a file, or of standard input for `-`.
    pub(super) fn open(path: &Path) -> Result<Rows, Error> {
        if is_stdin(path) {
            return Ok(Rows::new("<stdin>", BufReader::new(io::stdin())));
        }
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| io_error(format!("read `{name}`"), &error))?;
        Ok(Rows::new(&name, BufReader::new(file)))
    }

    pub(super) fn new(name: &str, source: impl BufRead + 'static) -> Rows {
        Rows { name: name.to_owned(), source: Box::new(source), lines: 0 }
    }

    /// The next row; nothing at the end.
    pub(super) fn next(&mut self) -> Result<Option<RowText>, Error> {
        loop {
            let line = next_line(&mut self.source, MAX_INPUT);
            let line = line.map_err(|error| io_error(format!("read `{}`", self.name), &error))?;
            let Some(line) = line else { return Ok(None) };
            self.lines += 1;
            let is_first = self.lines == 1;
            if !line.is_whole() || !without_mark(&line.bytes, is_first).trim_ascii().is_empty() {
                let mark = Mark { number: self.lines, hash: short_hash(&line.bytes) };
                return Ok(Some(RowText { mark, text: text(line, is_first) }));
            }
        }
    }

    /// The inputs of a row, as those of a file of inputs; or what its outcome is instead.
    pub(super) fn inputs(&self, row: RowText, program: &Program) -> Result<Vec<(String, Input)>, Error> {
        let name = format!("{}:{}", self.name, row.mark.number);
        let refuse = |reason| Error::before_run(Fault::Input { message: format!("`{name}` {reason}") });
        program.inputs_of_json(&name, &row.text.map_err(refuse)?)
    }
}

fn without_mark(bytes: &[u8], is_first: bool) -> &[u8] {
    let mark = BYTE_ORDER_MARK.to_string();
    bytes.strip_prefix(mark.as_bytes()).filter(|_| is_first).unwrap_or(bytes)
}

fn text(line: Line, is_first: bool) -> Result<String, String> {
    if !line.is_whole() {
        return Err(format!("has more than {MAX_INPUT} bytes, the most that a row may have"));
    }
    let bytes = without_mark(&line.bytes, is_first);
    let text = std::str::from_utf8(bytes);
    text.map(str::to_owned)
        .map_err(|error| format!("is not text in UTF-8 (byte {})", error.valid_up_to() + 1))
}

/// How many rows a file has; nothing for what can be read only once, or not at all.
pub(super) fn count(path: &Path) -> Option<u64> {
    if is_stdin(path) || !path.is_file() {
        return None;
    }
    let mut source = BufReader::new(File::open(path).ok()?);
    let mut rows = 0;
    while let Some(line) = next_line(&mut source, MAX_INPUT).ok()? {
        rows += u64::from(!line.is_whole() || !line.bytes.trim_ascii().is_empty());
    }
    Some(rows)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn rows(bytes: &[u8]) -> Vec<(u64, Result<String, String>)> {
        let mut rows = Rows::new("rows", Cursor::new(bytes.to_vec()));
        std::iter::from_fn(|| rows.next().unwrap()).map(|row| (row.mark.number, row.text)).collect()
    }

    #[test]
    fn each_line_with_something_in_it_is_a_row() {
        let found = rows("\u{feff}{\"a\": 1}\r\n\n \t\r\nnothing\n{}".as_bytes());
        let expected = [(1, "{\"a\": 1}\r"), (4, "nothing"), (5, "{}")];
        assert_eq!(found, expected.map(|(number, text)| (number, Ok(text.to_owned()))));
        assert!(rows(b"").is_empty() && rows(b"\n\n").is_empty() && rows("\u{feff}\n".as_bytes()).is_empty());
    }

    #[test]
    fn what_is_no_text_is_a_row_with_a_reason() {
        let found = rows(b"{}\nab\xff\n{}\n");
        assert_eq!(found.len(), 3);
        assert_eq!(found[1], (2, Err("is not text in UTF-8 (byte 3)".to_owned())));
    }

    #[test]
    fn of_a_long_line_only_its_length_is_kept() {
        let mut source = BufReader::with_capacity(3, Cursor::new(b"abcdefgh\nxy\n".to_vec()));
        let line = next_line(&mut source, 5).unwrap().unwrap();
        assert_eq!((line.bytes.as_slice(), line.len, line.is_whole()), (&b"abcde"[..], 9, false));
        let line = next_line(&mut source, 5).unwrap().unwrap();
        assert_eq!((line.bytes.as_slice(), line.len, line.is_whole()), (&b"xy"[..], 3, true));
        assert!(next_line(&mut source, 5).unwrap().is_none());
        let long = MAX_INPUT as u64 + 9;
        let endless = io::Read::take(io::repeat(b'x'), long);
        let mut rows = Rows::new("rows", BufReader::new(io::Read::chain(endless, &b"\n{}\n"[..])));
        let (first, second) = (rows.next().unwrap().unwrap(), rows.next().unwrap().unwrap());
        assert!(first.text.unwrap_err().contains("67108864"));
        assert_eq!((second.mark.number, second.text.unwrap().as_str()), (2, "{}"));
    }
}
