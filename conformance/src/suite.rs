//! The official JSON Schema test suite: one draft's folder of files, each with groups `{description, schema, tests}`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::bundle::{Remotes, json_files, read_json};
use crate::case::{Case, DataError, Test};

/// Under which heading a group is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Heading {
    /// What every implementation has to do.
    Required,
    /// What it may do.
    Optional,
    /// `format`, an annotation or an assertion as one likes.
    Format,
}

impl Heading {
    /// All of them, in the order of reports.
    pub const ALL: [Heading; 3] = [Heading::Required, Heading::Optional, Heading::Format];

    /// As it is printed.
    pub fn name(self) -> &'static str {
        match self {
            Heading::Required => "required",
            Heading::Optional => "optional",
            Heading::Format => "format",
        }
    }

    fn of(file: &str) -> Heading {
        if file == "format.json" || file.starts_with("optional/format/") {
            Heading::Format
        } else if file.starts_with("optional/") {
            Heading::Optional
        } else {
            Heading::Required
        }
    }
}

/// A group of the suite.
#[derive(Debug)]
pub struct Group {
    /// Its file, below the draft's folder.
    pub file: String,
    /// Where it counts.
    pub heading: Heading,
    /// Its schema, bundled, and its instances.
    pub case: Case,
    /// Why its schema could not be bundled.
    pub unbundled: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    description: String,
    schema: Value,
    tests: Vec<Test>,
}

/// Reads a draft's folder (`…/draft7`), and the folder `remotes` in it, beside it or above it; and says which files
/// are not of the suite's form.
///
/// # Errors
/// [`DataError`]: a folder cannot be read, or a remote document.
pub fn read(folder: &Path) -> Result<(Vec<Group>, Vec<DataError>), DataError> {
    let remotes = match remotes_of(folder) {
        Some(remotes) => Remotes::read(&remotes)?,
        None => Remotes::default(),
    };
    let dialect = dialect(folder);
    let (mut groups, mut malformed) = (Vec::new(), Vec::new());
    for path in json_files(folder)? {
        let parts = path.strip_prefix(folder).unwrap_or(&path).iter();
        let file = parts.map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        if file.starts_with("remotes/") {
            continue;
        }
        match read_json::<Vec<Entry>>(&path) {
            Ok(entries) => {
                groups.extend(entries.into_iter().map(|entry| group(&file, entry, dialect, &remotes)));
            }
            Err(error) => malformed.push(error),
        }
    }
    Ok((groups, malformed))
}

fn group(file: &str, entry: Entry, dialect: Option<&str>, remotes: &Remotes) -> Group {
    let Entry { description, mut schema, tests } = entry;
    if let (Some(members), Some(dialect)) = (schema.as_object_mut(), dialect) {
        members.entry("$schema").or_insert_with(|| json!(dialect));
    }
    let (schema, unbundled) = match remotes.bundle(&schema) {
        Ok(bundled) => (bundled, None),
        Err(error) => (schema, Some(error.to_string())),
    };
    let case = Case { name: format!("{file}: {description}"), schema, tests };
    Group { file: file.to_owned(), heading: Heading::of(file), case, unbundled }
}

fn remotes_of(folder: &Path) -> Option<PathBuf> {
    ["remotes", "../remotes", "../../remotes"]
        .into_iter()
        .map(|path| folder.join(path))
        .find(|path| path.is_dir())
}

/// The groups of older drafts do not say which draft they are of; their folder does.
fn dialect(folder: &Path) -> Option<&'static str> {
    let folder = folder.canonicalize().ok()?;
    Some(match folder.file_name()?.to_str()? {
        "draft3" => "http://json-schema.org/draft-03/schema#",
        "draft4" => "http://json-schema.org/draft-04/schema#",
        "draft6" => "http://json-schema.org/draft-06/schema#",
        "draft7" => "http://json-schema.org/draft-07/schema#",
        "draft2019-09" => "https://json-schema.org/draft/2019-09/schema",
        "draft2020-12" => "https://json-schema.org/draft/2020-12/schema",
        _ => return None,
    })
}
