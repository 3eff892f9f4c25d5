//! The output of a batch, which is also its record: a line for each row, in their order. Whatever ended a batch, even in
//! the middle of a line, what the file holds is done, and nothing else is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

use agentc::{Error, Failure, Outcome};
use serde::{Deserialize, Serialize};

use super::origin::{MadeOf, Origin};
use super::rows::{Line, Mark, Rows, next_line};
use crate::cli::files::is_stdin;
use crate::cli::output::{End, to_json};
use crate::cli::{io_error, print};

/// How every line begins.
const START: &[u8] = b"{\"row\":";

/// Bytes of a line that is read back.
const MAX_LINE: usize = 1 << 30;

/// What a line says, as far as it is read back.
#[derive(Deserialize)]
struct Record {
    row: u64,
    status: Status,
    made_of: MadeOf,
}

#[derive(PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    Error,
}

/// The line of a row, with its end.
pub(super) fn line(row: &Mark, result: Result<&Outcome, &Failure>, origin: &Origin) -> String {
    #[derive(Serialize)]
    struct Whole<'a> {
        row: u64,
        #[serde(flatten)]
        end: End<'a>,
        made_of: MadeOf,
    }
    let whole = Whole { row: row.number, end: End::of_row(result), made_of: origin.with(row) };
    format!("{}\n", to_json(&whole))
}

/// What an output holds already.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) rows: u64,
    /// Those of them that have errors.
    pub(super) failed: u64,
    /// The bytes of their lines.
    bytes: u64,
}

/// Reads what an output holds, and as many rows, to see that it is of these rows; nothing where there is no file.
pub(super) fn held(path: &Path, rows: &mut Rows, origin: &Origin) -> Result<Held, Error> {
    let name = path.display().to_string();
    let failed = |error: io::Error| io_error(format!("read `{name}`"), &error);
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Held::default()),
        Err(error) => return Err(failed(error)),
        Ok(facts) if !facts.is_file() => {
            let message = format!("`{name}` is no file, and so holds no rows to go on behind");
            return Err(Error::Usage { message, hint: Some("leave out `--resume`".to_owned()) });
        }
        Ok(_) => {}
    }
    read(&name, BufReader::new(File::open(path).map_err(failed)?), rows, origin)
}

fn read(name: &str, mut output: impl BufRead, rows: &mut Rows, origin: &Origin) -> Result<Held, Error> {
    let mut held = Held::default();
    loop {
        let line = next_line(&mut output, MAX_LINE);
        let line = line.map_err(|error| io_error(format!("read `{name}`"), &error))?;
        let Some(line) = line else { return Ok(held) };
        if !line.is_ended && is_cut_off(&line) {
            return Ok(held);
        }
        let record = Some(&line).filter(|line| line.is_ended && line.is_whole());
        let record = record.and_then(|line| serde_json::from_slice::<Record>(&line.bytes).ok());
        let record = record.ok_or_else(|| foreign(name, held.rows + 1))?;
        let row = rows.next()?.map(|row| row.mark);
        compare(name, &record, row.as_ref(), &rows.name, origin)?;
        held.rows += 1;
        held.failed += u64::from(record.status == Status::Error);
        held.bytes += line.len;
    }
}

/// Whether it can be the beginning of a line of a batch. Anything else is left alone.
fn is_cut_off(line: &Line) -> bool {
    line.bytes.starts_with(START) || START.starts_with(&line.bytes)
}

fn compare(
    output: &str,
    record: &Record,
    row: Option<&Mark>,
    rows: &str,
    origin: &Origin,
) -> Result<(), Error> {
    let made_of = &record.made_of;
    let reason = if made_of.program != origin.program {
        "the program is not the one that it was begun with".to_owned()
    } else if made_of.settings != origin.settings {
        "the settings are not those that it was begun with (a model, seed, temperature, limit or `--input`)"
            .to_owned()
    } else {
        match row {
            Some(row) if row.number == record.row && row.hash == made_of.row => return Ok(()),
            Some(row) => {
                format!("row {} of `{rows}` is not the one that it has the outcome of", row.number)
            }
            None => format!("`{rows}` has no row {} any more", record.row),
        }
    };
    Err(refuse(output, reason))
}

fn foreign(output: &str, line: u64) -> Error {
    refuse(output, format!("its line {line} is not one that `agentc batch` writes"))
}

fn refuse(output: &str, reason: String) -> Error {
    Error::Usage {
        message: format!("cannot go on with `{output}`: {reason}"),
        hint: Some(
            "give what it was begun with, or have another file written, without `--resume`".to_owned(),
        ),
    }
}

/// Where lines go.
pub(super) enum Output {
    File { file: File, name: String },
    Stdout,
}

impl Output {
    /// A new output. A file with something in it is left alone.
    pub(super) fn create(path: &Path) -> Result<Output, Error> {
        if is_stdin(path) {
            return Ok(Output::Stdout);
        }
        let name = path.display().to_string();
        if fs::metadata(path).is_ok_and(|facts| facts.is_file() && facts.len() > 0) {
            return Err(Error::Usage {
                message: format!("`{name}` has something in it already"),
                hint: Some("`--resume` goes on with it; or remove it, or name another file".to_owned()),
            });
        }
        Output::open(path, name, 0)
    }

    /// Goes on behind what an output holds; a line that was cut off is dropped.
    pub(super) fn resume(path: &Path, held: &Held) -> Result<Output, Error> {
        Output::open(path, path.display().to_string(), held.bytes)
    }

    fn open(path: &Path, name: String, len: u64) -> Result<Output, Error> {
        let open = || {
            let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
            if file.metadata()?.is_file() {
                file.set_len(len)?;
                file.seek(SeekFrom::Start(len))?;
            }
            Ok(file)
        };
        let file = open().map_err(|error: io::Error| io_error(format!("write `{name}`"), &error))?;
        Ok(Output::File { file, name })
    }

    /// Writes a line at once, so that whatever ends the process leaves at most one that is cut off. Whether anybody
    /// reads on.
    pub(super) fn write(&mut self, line: &str) -> Result<bool, Error> {
        match self {
            Output::Stdout => print(line.as_bytes()),
            Output::File { file, name } => match file.write_all(line.as_bytes()) {
                Ok(()) => Ok(true),
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
                Err(error) => Err(io_error(format!("write `{name}`"), &error)),
            },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn origin() -> Origin {
        Origin { program: "p".into(), settings: "s".into() }
    }

    fn rows(text: &str) -> Rows {
        Rows::new("rows.jsonl", Cursor::new(text.to_owned().into_bytes()))
    }

    const ROWS: &str = "{\"n\": 1}\n\n{\"n\": 2}\nwrong\n";

    /// The lines of [`ROWS`].
    fn lines() -> Vec<String> {
        let mut rows = rows(ROWS);
        let marks = std::iter::from_fn(|| rows.next().unwrap()).map(|row| row.mark);
        let error = Error::before_run(agentc::Fault::Input { message: "no\u{2028}ne".into() });
        let Error::Run(failure) = error else { unreachable!() };
        marks.map(|mark| line(&mark, Err(&failure), &origin())).collect()
    }

    fn refused(output: &str, rows_text: &str, origin: &Origin) -> String {
        read("out", output.as_bytes(), &mut rows(rows_text), origin).unwrap_err().to_string()
    }

    #[test]
    fn a_cut_at_any_byte_loses_the_line_that_it_is_in_and_no_other() {
        let (lines, all) = (lines(), lines().concat());
        let starts: Vec<usize> = (0..=lines.len()).map(|n| lines[..n].concat().len()).collect();
        for cut in 0..=all.len() {
            let mut rows = rows(ROWS);
            let held = read("out", &all.as_bytes()[..cut], &mut rows, &origin()).unwrap();
            let whole = starts.iter().filter(|start| **start <= cut).count() - 1;
            assert_eq!((held.rows, held.bytes), (whole as u64, starts[whole] as u64), "cut at {cut}");
            assert_eq!(held.failed, held.rows);
            let next = rows.next().unwrap().map(|row| row.mark.number);
            assert_eq!(next, [1, 3, 4].get(whole).copied(), "cut at {cut}");
        }
    }

    #[test]
    fn what_has_changed_is_named() {
        let output = lines().concat();
        let other =
            |program: &str, settings: &str| Origin { program: program.into(), settings: settings.into() };
        assert!(refused(&output, ROWS, &other("q", "s")).contains("the program is not"));
        assert!(refused(&output, ROWS, &other("p", "t")).contains("the settings are not"));
        let changed = refused(&output, &ROWS.replace('2', "3"), &origin());
        assert!(changed.contains("row 3 of `rows.jsonl` is not"), "{changed}");
        let moved = refused(&output, &ROWS.replace("\n\n", "\n"), &origin());
        assert!(moved.contains("row 2 of `rows.jsonl` is not"), "{moved}");
        assert!(refused(&output, "{\"n\": 1}\n", &origin()).contains("has no row 3 any more"));
        let held = read("out", output.as_bytes(), &mut rows(&format!("{ROWS}more\n")), &origin()).unwrap();
        assert_eq!(held.rows, 3, "rows may be added");
    }

    #[test]
    fn what_no_batch_has_written_is_left_alone() {
        for text in ["notes", "notes\n", "{\"row\":1}\n", "\n", "{\"rows\": 2", "\0\0\0"] {
            let refused = refused(text, ROWS, &origin());
            assert!(refused.contains("its line 1 is not one"), "{text:?}: {refused}");
        }
        let after = format!("{}x", lines()[0]);
        assert!(refused(&after, ROWS, &origin()).contains("its line 2"), "{after}");
    }
}
