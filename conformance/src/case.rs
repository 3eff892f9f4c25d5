//! Schemas with instances, one per line: `{name, schema, tests: [{description, valid, data}]}`.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A schema, and what it should say of some instances.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Case {
    /// What it is called in reports.
    pub name: String,
    /// The schema.
    pub schema: Value,
    /// The instances.
    pub tests: Vec<Test>,
}

/// An instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Test {
    /// What it is about.
    #[serde(default)]
    pub description: String,
    /// Whether the schema admits it.
    pub valid: bool,
    /// The instance.
    pub data: Value,
}

/// Data that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A file or a folder.
    #[error("cannot read `{}`: {error}", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// Something that is not of the form asked for.
    #[error("`{}`, line {line}: {error}", path.display())]
    Form {
        /// In which file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong.
        error: serde_json::Error,
    },
}

/// Reads the cases of a file, which may be compressed (`.gz`), and says of lines which of them are no cases. Empty
/// lines do not count.
///
/// # Errors
/// [`DataError::Read`].
pub fn read(path: &Path) -> Result<(Vec<Case>, Vec<DataError>), DataError> {
    let unreadable = |error| DataError::Read { path: path.to_owned(), error };
    let file = File::open(path).map_err(unreadable)?;
    let is_compressed = path.extension().is_some_and(|extension| extension == "gz");
    let input: Box<dyn Read> =
        if is_compressed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let (mut cases, mut malformed) = (Vec::new(), Vec::new());
    for (at, line) in BufReader::new(input).lines().enumerate() {
        let line = line.map_err(unreadable)?;
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(&line) {
            Ok(case) => cases.push(case),
            Err(error) => malformed.push(DataError::Form { path: path.to_owned(), line: at + 1, error }),
        }
    }
    Ok((cases, malformed))
}
