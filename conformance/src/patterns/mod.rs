//! The pattern suite: constraints, and the answers they should give (`tests/patterns/*.toml`, whose README
//! defines the format).
//!
//! This module only reads it. It is used by `constraint/tests/patterns.rs` (every answer), `soak`
//! (generations), and the comparison with llguidance in `benches/peers`.

mod short;

use std::path::{Path, PathBuf};

use agentc_constraint::spec::{Spec, Stop};
use serde::Deserialize;
use toml::{Table, Value};

use crate::naive::Reference;
use short::Scope;

/// A constraint, and what it should say.
#[derive(Debug, Clone)]
pub struct Case {
    /// The file's name without its ending: what the case is about.
    pub area: String,
    /// What it is called, in its file once.
    pub name: String,
    /// The constraint.
    pub spec: Spec,
    /// The run-time values of its holes.
    pub bindings: Vec<Vec<String>>,
    /// What it means, if not what the spec says by itself.
    pub like: Option<Reference>,
    /// Part of the message with which it is refused; then it has no texts.
    pub error: Option<String>,
    /// Texts that are values.
    pub accepts: Vec<Vec<u8>>,
    /// Texts that are none.
    pub rejects: Vec<Vec<u8>>,
    /// Text that has to follow a beginning, as far as there is no choice.
    pub forced: Vec<(Vec<u8>, Vec<u8>)>,
    /// What the holes of a template take of a text.
    pub holes: Vec<(Vec<u8>, Vec<String>)>,
    /// The bytes that can follow a beginning.
    pub next: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A suite that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    /// A file or a folder.
    #[error("cannot read `{}`: {error}", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// A file that is no TOML, or has other keys.
    #[error("`{}`: {error}", path.display())]
    Toml {
        /// Which one.
        path: PathBuf,
        /// What is wrong.
        error: Box<toml::de::Error>,
    },
    /// A case.
    #[error("{area}.toml, `{name}`: {reason}")]
    Case {
        /// The file's name without its ending.
        area: String,
        /// The case.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

/// A file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Table>,
}

/// What stands beside a constraint.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Expected {
    name: String,
    like: Option<Value>,
    error: Option<String>,
    accepts: Vec<String>,
    rejects: Vec<String>,
    forced: Table,
    holes: Table,
    next: Table,
    stops: Vec<String>,
    stop_regexes: Vec<String>,
    one_of_stops: Option<Vec<String>>,
}

const EXPECTED: [&str; 11] = [
    "name",
    "like",
    "error",
    "accepts",
    "rejects",
    "forced",
    "holes",
    "next",
    "stops",
    "stop_regexes",
    "one_of_stops",
];

/// The suite of this project.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/patterns")
}

/// Reads all files of a folder, in the order of their names.
///
/// # Errors
/// [`PatternError`].
pub fn read(folder: &Path) -> Result<Vec<Case>, PatternError> {
    let unreadable = |error| PatternError::Read { path: folder.to_owned(), error };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        files.push(entry.map_err(unreadable)?.path());
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let mut cases = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| PatternError::Read { path: path.clone(), error })?;
        let file: File = toml::from_str(&text)
            .map_err(|error| PatternError::Toml { path: path.clone(), error: Box::new(error) })?;
        let area = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for table in file.case {
            let case = case(&area, table)?;
            if cases.iter().any(|other: &Case| other.area == area && other.name == case.name) {
                return Err(wrong(&area, &case.name, "another case has this name".into()));
            }
            cases.push(case);
        }
    }
    Ok(cases)
}

fn wrong(area: &str, name: &str, reason: String) -> PatternError {
    PatternError::Case { area: area.to_owned(), name: name.to_owned(), reason }
}

fn case(area: &str, table: Table) -> Result<Case, PatternError> {
    let name = table.get("name").and_then(Value::as_str).unwrap_or("a case without a name").to_owned();
    read_case(area, table).map_err(|reason| wrong(area, &name, reason))
}

fn read_case(area: &str, table: Table) -> Result<Case, String> {
    let (expected, constraint): (Table, Table) =
        table.into_iter().partition(|(key, _)| EXPECTED.contains(&key.as_str()));
    let expected: Expected = expected.try_into().map_err(|error: toml::de::Error| error.to_string())?;
    if expected.name.is_empty() {
        return Err("a case needs a name".into());
    }
    let mut scope = Scope::default();
    let spec = scope.table(&constraint)?;
    let spec = with_stops(spec, &expected, &mut scope);
    let like = expected.like.as_ref().map(short::reference).transpose()?;
    let is_asked = !expected.accepts.is_empty() || !expected.next.is_empty() || !expected.forced.is_empty();
    if expected.error.is_some() == is_asked {
        return Err("a case has texts (`accepts`, `forced` or `next`), or else an `error`".into());
    }
    Ok(Case {
        area: area.to_owned(),
        name: expected.name,
        spec,
        bindings: scope.bindings,
        like,
        error: expected.error,
        accepts: expected.accepts.iter().map(|text| bytes(text)).collect(),
        rejects: expected.rejects.iter().map(|text| bytes(text)).collect(),
        forced: pairs(&expected.forced, |value| said(value).map(bytes))?,
        holes: pairs(&expected.holes, short::strings)?,
        next: pairs(&expected.next, |value| class(said(value)?))?,
    })
}

fn with_stops(spec: Spec, expected: &Expected, scope: &mut Scope) -> Spec {
    let mut stops: Vec<Stop> = Vec::new();
    stops.extend(expected.stops.iter().map(|text| Stop::Text { text: text.clone() }));
    stops.extend(expected.stop_regexes.iter().map(|pattern| Stop::Regex { pattern: pattern.clone() }));
    stops.extend(expected.one_of_stops.iter().map(|texts| Stop::Hole { hole: scope.bind(texts.clone()) }));
    if stops.is_empty() { spec } else { Spec::Until { value: Box::new(spec), stops } }
}

/// Texts or beginnings, and what is said of each.
fn pairs<T>(table: &Table, read: impl Fn(&Value) -> Result<T, String>) -> Result<Vec<(Vec<u8>, T)>, String> {
    table.iter().map(|(beginning, said)| Ok((bytes(beginning), read(said)?))).collect()
}

fn said(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| "what follows a beginning is a string".to_owned())
}

/// A text in which `\xHH` is a byte.
fn bytes(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        match after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.extend_from_slice(b"\\x");
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// The bytes of a class of bytes in the notation of regular expressions; none if it is empty.
fn class(text: &str) -> Result<Vec<u8>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let class = regex::bytes::Regex::new(&format!("^(?s-u:{text})$"))
        .map_err(|error| format!("`{text}` is no class of bytes: {error}"))?;
    Ok((0..=255).filter(|&byte| class.is_match(&[byte])).collect())
}

impl Case {
    /// As failures name it.
    pub fn title(&self) -> String {
        format!("{}.toml, `{}`", self.area, self.name)
    }

    /// Which texts it means, as far as that can be said without the engine.
    pub fn reference(&self) -> Reference {
        let plain = || Reference::Spec(self.spec.clone(), self.bindings.clone());
        self.like.clone().unwrap_or_else(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_may_be_cut_within_characters() {
        assert_eq!(bytes("é"), "é".as_bytes());
        assert_eq!(bytes(r"a\xc3b"), b"a\xc3b");
        assert_eq!(bytes(r"\xzz\n"), br"\xzz\n");
    }

    #[test]
    fn classes_are_sets_of_bytes() {
        assert_eq!(class("[a-c]"), Ok(b"abc".to_vec()));
        assert_eq!(class(r"[\xfe-\xff]"), Ok(vec![0xfe, 0xff]));
        assert_eq!(class(""), Ok(Vec::new()));
        assert!(class("[").is_err());
    }

    #[test]
    fn what_no_case_has_is_an_error() {
        let read = |text: &str| read_case("area", toml::from_str(text).expect("TOML"));
        assert!(read("name = 'n'\nregex = 'a'\naccepts = ['a']").is_ok());
        for text in [
            "regex = 'a'\naccepts = ['a']",
            "name = 'n'\nregex = 'a'",
            "name = 'n'\naccepts = ['a']",
            "name = 'n'\nregex = 'a'\naccept = ['a']",
            "name = 'n'\nregex = 'a'\nint = '1..2'\naccepts = ['a']",
            "name = 'n'\nregex = 'a'\nerror = 'e'\naccepts = ['a']",
            "name = 'n'\nint = '1-2'\naccepts = ['1']",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
