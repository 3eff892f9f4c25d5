//! KV memory on disk: beginnings of contexts that one process has read, for those that come after it.
//!
//! A file holds what a model's memory held of some tokens. Its name is a hash of everything that this depends on, the tokens
//! included ([`Key`]), so a file is found by whoever would compute the same. It ends with a hash of its own, which is checked
//! before anyone looks at what is inside: llama.cpp would load damaged memory without complaint. Files are written under
//! another name and renamed, so that readers see whole ones, whoever writes at the same time; those that were not used for
//! the longest time go first when all of them together are larger than [`Disk::cap`].
//!
//! Nothing here may fail a run: what cannot be read is computed, and what cannot be written is not kept. Why is a
//! [`Note`].
//!
//! Not here: which tokens are worth a file (`backend::kept`), and what memory consists of (the model).

mod file;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use agentc_constraint::TokenId;
use sha2::{Digest, Sha256};

use crate::model::ModelError;

pub use self::file::Flaw;

/// Changes with the form of files, and with the version of llama.cpp: what it has written before is not read any more.
const VERSION: u32 = 1;

/// Bytes of all files together, where nothing else is said.
pub const DEFAULT_CAP: u64 = 1 << 30;

/// How files end that are complete.
const ENDING: &str = "kv";

/// After so long a file that was not completed never will be.
const ABANDONED: Duration = Duration::from_secs(3600);

/// What a memory's contents depend on.
#[derive(Debug, Clone, Copy)]
pub struct Key<'k> {
    /// The model and its context, as [`ModelInfo::identity`](crate::model::ModelInfo::identity) says.
    pub identity: &'k str,
    /// The tokens.
    pub tokens: &'k [TokenId],
}

impl Key<'_> {
    /// The name of its file.
    fn name(self) -> String {
        let mut hash = Sha256::new();
        hash.update(VERSION.to_le_bytes());
        hash.update((self.identity.len() as u64).to_le_bytes());
        hash.update(self.identity);
        for token in self.tokens {
            hash.update(token.to_le_bytes());
        }
        let name: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("{name}.{ENDING}")
    }
}

/// Why something could not be read or kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    /// The file system said no.
    #[error("cannot {what} `{}`: {reason}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file is not what its name says.
    #[error("`{}` is ignored: {flaw}", path.display())]
    Flawed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// Kept, it would take too much of the room for all of them.
    #[error(
        "a beginning of {tokens} tokens takes {bytes} bytes, more than half of the room for all of them ({cap})"
    )]
    TooLarge {
        /// Its tokens.
        tokens: usize,
        /// What it takes.
        bytes: u64,
        /// What all may take.
        cap: u64,
    },
}

/// Something that happened, for those who want to know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    /// A beginning was read.
    #[error("{tokens} tokens were read from disk ({bytes} bytes)")]
    Read {
        /// Its tokens.
        tokens: usize,
        /// The bytes of its memory.
        bytes: u64,
    },
    /// A beginning was kept.
    #[error("{tokens} tokens were kept on disk ({bytes} bytes)")]
    Kept {
        /// Its tokens.
        tokens: usize,
        /// The bytes of its memory.
        bytes: u64,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The model could not tell what it holds, or not take what was read.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// A file that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub path: PathBuf,
    /// What its model is called, or the file of the model; nothing if the file cannot be read.
    pub model: Option<String>,
    /// The tokens that it holds.
    pub tokens: usize,
    /// Its size.
    pub bytes: u64,
    /// When it was last used.
    pub used: SystemTime,
}

/// Makes the file that is written: another one in tests.
type Create = fn(&Path) -> io::Result<Box<dyn Write>>;

/// A folder of files. Cheap to clone; clones share their notes.
#[derive(Debug, Clone)]
pub struct Disk {
    folder: PathBuf,
    cap: u64,
    notes: Arc<Mutex<Vec<Note>>>,
    create: Create,
}

impl Disk {
    /// A folder, which need not exist, for files of `cap` bytes together. With 0 nothing is read or kept; results are the
    /// same.
    pub fn new(folder: impl Into<PathBuf>, cap: u64) -> Disk {
        let create: Create = |path| Ok(Box::new(File::options().write(true).create_new(true).open(path)?));
        Disk { folder: folder.into(), cap, notes: Arc::default(), create }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What all files may take together.
    pub fn cap(&self) -> u64 {
        self.cap
    }

    /// What has happened since this was last asked.
    pub fn notes(&self) -> Vec<Note> {
        std::mem::take(&mut *self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn note(&self, note: Note) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }

    /// Whether there is a file for a key, good or not.
    pub fn has(&self, key: Key<'_>) -> bool {
        self.folder.join(key.name()).is_file()
    }

    /// What was kept for a key; `None` if nothing was.
    ///
    /// # Errors
    /// There is a file, but it cannot be read, or is not what was written. One that is flawed is removed.
    pub fn read(&self, key: Key<'_>) -> Result<Option<Vec<u8>>, DiskError> {
        if self.cap == 0 {
            return Ok(None);
        }
        let path = self.folder.join(key.name());
        let bytes = match read(&path, self.cap) {
            Ok(Ok(bytes)) => file::open(bytes, key),
            Ok(Err(flaw)) => Err(flaw),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("read", &path, &error)),
        };
        match bytes {
            Ok(bytes) => {
                // Where the time cannot be set, the file goes earlier than it should.
                let _ = File::options()
                    .append(true)
                    .open(&path)
                    .and_then(|file| file.set_modified(SystemTime::now()));
                Ok(Some(bytes))
            }
            Err(flaw) => {
                self.discard(key);
                Err(DiskError::Flawed { path, flaw })
            }
        }
    }

    /// Removes the file of a key, if there is one.
    pub fn discard(&self, key: Key<'_>) {
        // What cannot be removed is found flawed again.
        let _ = fs::remove_file(self.folder.join(key.name()));
    }

    /// Keeps what a memory holds for a key. `model` is what its model is called.
    ///
    /// # Errors
    /// It is too large, or the file system refuses it; nothing is left behind then.
    pub fn write(&self, key: Key<'_>, model: &str, memory: &[u8]) -> Result<(), DiskError> {
        let bytes = file::size(key, model, memory);
        if bytes > self.cap / 2 {
            return Err(DiskError::TooLarge { tokens: key.tokens.len(), bytes, cap: self.cap });
        }
        fs::create_dir_all(&self.folder).map_err(|error| io_error("make", &self.folder, &error))?;
        let (place, draft) = (self.folder.join(key.name()), self.folder.join(draft()));
        let written = (self.create)(&draft)
            .and_then(|mut out| file::write(&mut *out, key, model, memory).and_then(|()| out.flush()))
            .and_then(|()| fs::rename(&draft, &place));
        if let Err(error) = written {
            let _ = fs::remove_file(&draft);
            return Err(io_error("write", &draft, &error));
        }
        self.trim(Some(&place))
    }

    /// All files, those that were used last at the end.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn ls(&self) -> Result<Vec<Entry>, DiskError> {
        let entry = |(used, path, bytes): (SystemTime, PathBuf, u64)| {
            let (model, tokens) =
                file::describe(&path).map_or((None, 0), |(model, tokens)| (Some(model), tokens));
            Entry { path, model, tokens, bytes, used }
        };
        Ok(self.files()?.into_iter().map(entry).collect())
    }

    /// Removes all files; how many there were, and their bytes.
    ///
    /// # Errors
    /// One cannot be removed.
    pub fn clear(&self) -> Result<(usize, u64), DiskError> {
        self.sweep(Duration::ZERO);
        let mut removed = (0, 0);
        for (_, path, bytes) in self.files()? {
            remove(&path)?;
            removed = (removed.0 + 1, removed.1 + bytes);
        }
        Ok(removed)
    }

    /// Removes what was not used for the longest time, until the rest fits. `keep` stays.
    fn trim(&self, keep: Option<&Path>) -> Result<(), DiskError> {
        self.sweep(ABANDONED);
        let files = self.files()?;
        let mut total: u64 = files.iter().map(|(.., bytes)| bytes).sum();
        for (_, path, bytes) in files {
            if total <= self.cap {
                break;
            }
            if Some(path.as_path()) != keep {
                remove(&path)?;
                total -= bytes;
            }
        }
        Ok(())
    }

    /// Removes drafts of processes that ended before they were complete.
    fn sweep(&self, age: Duration) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let old = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
            if is_draft(&entry.path()) && old().is_some_and(|old| old >= age) {
                // Another process may have done it.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// The complete files, by the time of their last use.
    fn files(&self) -> Result<Vec<(SystemTime, PathBuf, u64)>, DiskError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error("list", &self.folder, &error)),
        };
        let file = |entry: fs::DirEntry| {
            let facts = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            let path = entry.path();
            path.extension().is_some_and(|ending| ending == ENDING).then_some(())?;
            Some((facts.modified().ok()?, path, facts.len()))
        };
        let mut files: Vec<_> = entries.flatten().filter_map(file).collect();
        files.sort();
        Ok(files)
    }
}

/// A file as a whole, unless it is larger than any that is written.
fn read(path: &Path, cap: u64) -> io::Result<Result<Vec<u8>, Flaw>> {
    let bytes = fs::metadata(path)?.len();
    if bytes > cap { Ok(Err(Flaw::TooLong { bytes })) } else { fs::read(path).map(Ok) }
}

/// Another process may have removed it.
fn remove(path: &Path) -> Result<(), DiskError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", path, &error)),
        _ => Ok(()),
    }
}

/// A name that nobody else writes under.
fn draft() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!(".{}-{}.draft", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

fn is_draft(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "draft")
        && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn io_error(what: &'static str, path: &Path, error: &io::Error) -> DiskError {
    DiskError::Io { what, path: path.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests;
