//! Files that are watched: what a program was made of, as it was read, against what is there now.
//!
//! The files are looked at a few times a second, which works on every file system, and also where an editor writes another
//! file and gives it the old name. What counts is the contents: a file that is only touched has not changed. What was read
//! is remembered as it was read, so that no change between reading and watching is missed; a file that is not there is
//! remembered, too, and may appear.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agentc::{Directory, Error, World, WorldError};

use super::files::{MAX_INPUT, is_stdin};
use super::signals::Signals;

/// How often files and signals are looked at.
const TICK: Duration = Duration::from_millis(50);

/// How long after its last change a file is read in any case: another change at once may not move its time.
const RECENT: Duration = Duration::from_secs(3);

/// Bytes of a file that are compared.
const MOST: usize = MAX_INPUT;

/// What a file holds, if it can be read.
type Contents = Option<u64>;

/// What the file system says of a file.
type Facts = Option<(SystemTime, u64)>;

/// Files with what they held when they were read.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// Each with what it held, and what was said of it when it was last looked at.
    files: BTreeMap<PathBuf, (Contents, Option<Facts>)>,
}

impl Watched {
    /// Remembers what was read.
    pub(super) fn note(&mut self, path: &Path, bytes: Option<&[u8]>) {
        self.files.insert(path.to_owned(), (bytes.map(hash), None));
    }

    /// Remembers what is there now.
    pub(super) fn note_now(&mut self, path: &Path) {
        self.files.insert(path.to_owned(), (contents(path), None));
    }

    /// Takes in the files of another program.
    pub(super) fn merge(&mut self, other: Watched) {
        self.files.extend(other.files);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// A file that holds something else now.
    fn changed(&mut self) -> Option<PathBuf> {
        let now = SystemTime::now();
        self.files.iter_mut().find_map(|(path, (held, facts))| {
            let found = facts_of(path);
            let settled =
                found.is_none_or(|(time, _)| now.duration_since(time).is_ok_and(|age| age > RECENT));
            if *facts == Some(found) && settled {
                return None;
            }
            *facts = Some(found);
            (contents(path) != *held).then(|| path.clone())
        })
    }

    /// Waits for a change, and then until it is complete; `None` once a signal has come.
    pub(super) fn wait(&mut self, signals: &Signals) -> Option<PathBuf> {
        while signals.code().is_none() {
            if let Some(path) = self.changed() {
                settle(&path, signals);
                return Some(path);
            }
            std::thread::sleep(TICK);
        }
        None
    }

    /// Looks on until it is told that all is done; a change before that, or a signal, sets the flag that ends a run.
    pub(super) fn guard(&mut self, done: &AtomicBool, signals: &Signals) -> Option<PathBuf> {
        while !done.load(Ordering::SeqCst) {
            if signals.code().is_some() {
                signals.cancel().store(true, Ordering::SeqCst);
                return None;
            }
            if let Some(path) = self.changed() {
                signals.cancel().store(true, Ordering::SeqCst);
                settle(&path, signals);
                return Some(path);
            }
            std::thread::sleep(TICK);
        }
        None
    }
}

/// Waits until a file stays as it is: an editor may empty it first. One that never rests is taken as it is.
fn settle(path: &Path, signals: &Signals) {
    const TURNS: usize = 20;
    let mut before = contents(path);
    for _ in 0..TURNS {
        std::thread::sleep(TICK);
        let now = contents(path);
        if now == before && now.is_some() || signals.code().is_some() {
            return;
        }
        before = now;
    }
}

fn facts_of(path: &Path) -> Facts {
    let facts = fs::metadata(path).ok()?;
    Some((facts.modified().unwrap_or(UNIX_EPOCH), facts.len()))
}

fn contents(path: &Path) -> Contents {
    // Reading a pipe or a device would take away what others wait for, and might never end.
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(MOST as u64 + 1).read_to_end(&mut bytes).ok()?;
    Some(hash(&bytes))
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// A directory that remembers what was read of its files.
pub(super) struct Noting {
    dir: PathBuf,
    seen: RefCell<Watched>,
}

impl Noting {
    pub(super) fn new(dir: &Path) -> Noting {
        Noting { dir: dir.to_owned(), seen: RefCell::default() }
    }

    pub(super) fn into_seen(self) -> Watched {
        self.seen.into_inner()
    }
}

impl World for Noting {
    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        let read = Directory::new(&self.dir).read(path);
        let place = self.dir.join(path);
        match &read {
            Ok(bytes) => self.seen.borrow_mut().note(&place, Some(bytes)),
            // It may be there and not be read, being too long.
            Err(_) => self.seen.borrow_mut().note_now(&place),
        }
        read
    }
}

/// Refuses to watch what can be read only once.
pub(super) fn only_files<'p>(mut paths: impl Iterator<Item = &'p Path>) -> Result<(), Error> {
    if paths.any(is_stdin) {
        return Err(Error::Usage {
            message: "standard input can be read only once, and not be watched".to_owned(),
            hint: Some("give a file, or leave `--watch` out".into()),
        });
    }
    Ok(())
}

/// The time of day, for the line that ends a round.
pub(super) fn time_of_day() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()) % 86_400;
    format!("{:02}:{:02}:{:02} UTC", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_is_what_a_file_holds() {
        let folder = std::env::temp_dir().join(format!("agentc-watched-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (file, other) = (folder.join("a"), folder.join("b"));
        fs::write(&file, "old").unwrap();
        let mut watched = Watched::default();
        watched.note(&file, Some(b"old"));
        watched.note_now(&other);
        assert_eq!(watched.changed(), None);
        // Written anew with what it held.
        fs::write(&file, "old").unwrap();
        assert_eq!(watched.changed(), None);
        // Of the same length, at once.
        fs::write(&file, "new").unwrap();
        assert_eq!(watched.changed(), Some(file.clone()));
        watched.note_now(&file);
        // By another file that takes its name.
        fs::write(folder.join("c"), "newer").unwrap();
        fs::rename(folder.join("c"), &file).unwrap();
        assert_eq!(watched.changed(), Some(file.clone()));
        watched.note_now(&file);
        fs::write(&other, "").unwrap();
        assert_eq!(watched.changed(), Some(other.clone()));
        watched.note_now(&other);
        fs::remove_file(&file).unwrap();
        assert_eq!(watched.changed(), Some(file.clone()));
        // Gone before it was first looked at.
        watched.note(&file, Some(b"there"));
        assert_eq!(watched.changed(), Some(file.clone()));
        // Changed between reading and watching.
        fs::write(&file, "later").unwrap();
        watched.note(&file, Some(b"earlier"));
        assert_eq!(watched.changed(), Some(file));
        fs::remove_dir_all(folder).unwrap();
    }
}
