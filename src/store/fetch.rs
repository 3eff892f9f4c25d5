//! Downloads, carried out by `curl`: what the system's own client does about proxies, certificates and
//! redirects need not be built in here.
//!
//! `curl` writes to a pipe, and this process writes the file. So a `curl` whose parent is gone ends by
//! itself, all bytes are counted and hashed as they arrive, and no more are accepted than there should be. A
//! file that was cut short is continued where it ended, if the source is still the same ([`Part`]).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{Progress, Step, Store, StoreError};

/// Bytes of an answer that is read into memory.
const MAX_ANSWER: u64 = 16 << 20;

/// Attempts without a single byte.
const ATTEMPTS: u32 = 3;

/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

type Report<'a> = &'a mut dyn FnMut(Progress);

/// What is to be fetched, as far as it is known before.
pub(super) struct Wanted<'w> {
    pub(super) url: &'w str,
    pub(super) bytes: Option<u64>,
    pub(super) sha256: Option<&'w str>,
}

/// How one call of `curl` ended.
#[derive(Debug)]
struct Answer {
    /// Its own exit code.
    code: i32,
    /// The status of the last answer, 0 if there was none.
    status: u16,
    complaint: String,
}

/// What the head of an answer says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Head {
    status: u16,
    /// What the file has in all.
    total: Option<u64>,
    /// A name for exactly these bytes.
    etag: Option<String>,
}

/// The text of an answer.
pub(super) fn text(store: &Store, url: &str) -> Result<String, StoreError> {
    let mut left = ATTEMPTS;
    loop {
        let mut body = Vec::new();
        let answer = call(store, url, &[], &mut |chunk: &[u8]| {
            body.extend_from_slice(chunk);
            Ok((body.len() as u64) < MAX_ANSWER)
        })?;
        left -= 1;
        match answer.code {
            0 => return Ok(String::from_utf8_lossy(&body).into_owned()),
            _ if left > 0 && answer.is_passing() => std::thread::sleep(PAUSE),
            _ => return Err(answer.error(store, url)),
        }
    }
}

/// Brings a file, from where an earlier attempt ended, and holds it against its hash where one is known.
pub(super) fn file(
    store: &Store,
    wanted: &Wanted<'_>,
    part: &mut Part,
    progress: Report<'_>,
) -> Result<(), StoreError> {
    let (mut left, mut restarts) = (ATTEMPTS, 0);
    while wanted.bytes.is_none_or(|bytes| part.len < bytes) {
        let before = part.len;
        let answer = match attempt(store, wanted, part, progress) {
            Err(error @ StoreError::TooLong { .. }) => {
                part.restart(store)?;
                return Err(error);
            }
            answer => answer?,
        };
        match answer.code {
            0 => break,
            // It cannot go on in the middle, or what is there is not a part of it any more.
            _ if before > 0 && answer.is_about_the_part() && restarts < 2 => {
                part.restart(store)?;
                restarts += 1;
            }
            _ if !answer.is_passing() => return Err(answer.error(store, wanted.url)),
            _ if part.len > before => left = ATTEMPTS,
            _ => left -= 1,
        }
        if left == 0 {
            return Err(answer.error(store, wanted.url));
        }
        std::thread::sleep(PAUSE);
    }
    let found = part.hash();
    match wanted.sha256 {
        Some(expected) if found != expected => {
            part.restart(store)?;
            let (what, expected) = (wanted.url.to_owned(), expected.to_owned());
            Err(StoreError::Hash { what, expected, found })
        }
        _ => Ok(()),
    }
}

/// One call for the rest of a file.
fn attempt(
    store: &Store,
    wanted: &Wanted<'_>,
    part: &mut Part,
    progress: Report<'_>,
) -> Result<Answer, StoreError> {
    let mut arguments = Vec::new();
    if part.len > 0 {
        arguments.extend(["--continue-at".to_owned(), part.len.to_string()]);
        // Without this a server would append the end of another file.
        arguments.extend(
            part.etag().into_iter().flat_map(|etag| ["--header".into(), format!("If-Range: {etag}")]),
        );
    }
    let (head_file, mut known) = (part.head_file(), None);
    call_with(store, wanted.url, &arguments, &head_file, &mut |chunk: &[u8]| {
        if known.is_none() {
            let head = read_head(&head_file);
            if wanted.sha256.is_none() {
                part.note_etag(&head)?;
            }
            known = Some(wanted.bytes.or(head.total).unwrap_or(0));
        }
        part.append(chunk)?;
        progress(Progress { step: Step::Download, bytes: part.len, total: known.unwrap_or(0) });
        Ok(wanted.bytes.is_none_or(|bytes| part.len <= bytes))
    })
}

/// Calls `curl` and hands on what it brings, as long as `take` wants more.
fn call(
    store: &Store,
    url: &str,
    arguments: &[String],
    take: &mut dyn FnMut(&[u8]) -> io::Result<bool>,
) -> Result<Answer, StoreError> {
    let head = store.cache().join(format!(".head-{}", std::process::id()));
    fs::create_dir_all(store.cache()).map_err(|error| store.io_in(store.cache(), "make", &error))?;
    let answer = call_with(store, url, arguments, &head, take);
    let _ = fs::remove_file(&head);
    answer
}

fn call_with(
    store: &Store,
    url: &str,
    arguments: &[String],
    head: &Path,
    take: &mut dyn FnMut(&[u8]) -> io::Result<bool>,
) -> Result<Answer, StoreError> {
    let _ = fs::remove_file(head);
    let protocols = if url.starts_with("https:") { "=https" } else { "=http,https" };
    let child = Command::new("curl")
        .args(["--silent", "--show-error", "--fail", "--location", "--globoff", "--max-redirs", "10"])
        .args(["--proto", protocols, "--proto-redir", protocols])
        .args(["--connect-timeout", "30", "--speed-limit", "1", "--speed-time", "60"])
        .arg("--dump-header")
        .arg(head)
        .args(arguments)
        .args(["--url", url])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => StoreError::NoCurl,
        _ => store.io("start `curl`", &error),
    })?;
    let complaints = complaints(&mut child);
    let taken = pass_on(&mut child, take);
    if !matches!(taken, Ok(true)) {
        // It has more to give than there is room or reason for.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| store.io("wait for `curl`", &error))?;
    let complaint = complaints.join().unwrap_or_default();
    if !taken.map_err(|error| store.io("write the download", &error))? {
        return Err(StoreError::TooLong { url: url.to_owned() });
    }
    Ok(Answer { code: status.code().unwrap_or(-1), status: read_head(head).status, complaint })
}

/// What `curl` says is wrong, read beside its output.
fn complaints(child: &mut Child) -> std::thread::JoinHandle<String> {
    let stderr = child.stderr.take();
    std::thread::spawn(move || {
        let mut log = Vec::new();
        // A pipe that breaks has said what it could.
        let _ = stderr.map(|stderr| stderr.take(1 << 16).read_to_end(&mut log));
        String::from_utf8_lossy(&log).trim().to_owned()
    })
}

/// Whether all was taken.
fn pass_on(child: &mut Child, take: &mut dyn FnMut(&[u8]) -> io::Result<bool>) -> io::Result<bool> {
    let Some(mut output) = child.stdout.take() else { return Ok(true) };
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = match output.read(&mut buffer) {
            Ok(0) => return Ok(true),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if !take(&buffer[..read])? {
            return Ok(false);
        }
    }
}

impl Answer {
    /// Whether it is the rest of the file that cannot be had.
    fn is_about_the_part(&self) -> bool {
        self.code == 33 || self.code == 22 && self.status == 416
    }

    /// Whether another attempt may do: the network or the server failed, not the request.
    fn is_passing(&self) -> bool {
        match self.code {
            22 => matches!(self.status, 408 | 429 | 500..=599),
            code => [5, 6, 7, 16, 18, 28, 52, 55, 56, 92].contains(&code),
        }
    }

    fn error(&self, store: &Store, url: &str) -> StoreError {
        let (url, detail) = (url.to_owned(), self.complaint.trim_start_matches("curl: ").to_owned());
        match self.code {
            22 => StoreError::Refused { url, status: self.status },
            23 => StoreError::DiskFull { dir: store.cache().to_owned() },
            5 | 6 | 7 | 16 | 18 | 28 | 35 | 52 | 55 | 56 | 60 | 77 | 92 => {
                StoreError::Unreachable { url, detail }
            }
            _ => StoreError::Fetch { url, detail },
        }
    }
}

/// The last head of those that redirects lead through.
fn read_head(path: &Path) -> Head {
    let text = fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let mut head = Head::default();
    for line in text.lines() {
        if let Some(status) = line.strip_prefix("HTTP/").and_then(|rest| rest.split(' ').nth(1)) {
            head = Head { status: status.parse().unwrap_or(0), ..Head::default() };
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" if head.status == 200 => head.total = value.parse().ok(),
            "content-range" => head.total = value.rsplit('/').next().and_then(|total| total.parse().ok()),
            // A weak one does not tell bytes apart.
            "etag" if value.starts_with('"') => head.etag = Some(value.to_owned()),
            _ => {}
        }
    }
    head
}

/// A file on its way, beside a note of what it belongs to.
pub(super) struct Part {
    path: PathBuf,
    file: File,
    len: u64,
    hash: Sha256,
    lock: PathBuf,
}

impl Part {
    /// Opens what an earlier attempt left, if it belongs to `version` (a hash), or begins anew. Without a
    /// version it goes on if the server says later that its file is the same.
    pub(super) fn open(
        store: &Store,
        path: PathBuf,
        version: Option<&str>,
        progress: Report<'_>,
    ) -> Result<Part, StoreError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(folder).map_err(|error| store.io_in(folder, "make", &error))?;
        let lock = lock(store, &path)?;
        let note = path.with_extension("of");
        let of = fs::read_to_string(&note).unwrap_or_default();
        let fits = version.map_or(of.starts_with("etag "), |version| of == version);
        let failed = |error: io::Error| store.io_in(&path, "write", &error);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(!fits).open(&path).map_err(failed)?;
        let mut part = Part { path: path.clone(), file, len: 0, hash: Sha256::new(), lock };
        if !fits {
            fs::write(&note, version.unwrap_or_default()).map_err(failed)?;
        }
        part.read_again(progress).map_err(failed)?;
        Ok(part)
    }

    /// Hashes what is there.
    fn read_again(&mut self, progress: Report<'_>) -> io::Result<()> {
        let total = self.file.metadata()?.len();
        let mut buffer = vec![0; 1 << 20];
        loop {
            match self.file.read(&mut buffer)? {
                0 => return Ok(()),
                read => {
                    self.hash.update(&buffer[..read]);
                    self.len += read as u64;
                    progress(Progress { step: Step::Check, bytes: self.len, total });
                }
            }
        }
    }

    fn append(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.file.write_all(chunk)?;
        self.hash.update(chunk);
        self.len += chunk.len() as u64;
        Ok(())
    }

    /// Drops what is there.
    fn restart(&mut self, store: &Store) -> Result<(), StoreError> {
        let failed = |error: io::Error| store.io_in(&self.path, "write", &error);
        self.file = File::create(&self.path).map_err(failed)?;
        (self.len, self.hash) = (0, Sha256::new());
        Ok(())
    }

    fn hash(&self) -> String {
        self.hash.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn head_file(&self) -> PathBuf {
        self.path.with_extension("head")
    }

    fn note_file(&self) -> PathBuf {
        self.path.with_extension("of")
    }

    /// What the server called the file when it began to come.
    fn etag(&self) -> Option<String> {
        let of = fs::read_to_string(self.note_file()).ok()?;
        of.strip_prefix("etag ").map(str::to_owned)
    }

    fn note_etag(&self, head: &Head) -> io::Result<()> {
        match head.etag.as_ref().filter(|_| head.status == 200) {
            Some(etag) => fs::write(self.note_file(), format!("etag {etag}")),
            None => Ok(()),
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Drops it for good: it is not what it should be.
    pub(super) fn discard(self) {
        // What stays is begun anew by the next attempt, since its note is gone.
        let _ = fs::remove_file(self.note_file());
        let _ = fs::remove_file(&self.path);
    }

    /// Gives the whole file its place.
    pub(super) fn finish(self, store: &Store, target: &Path) -> Result<(), StoreError> {
        let folder = target.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(folder).map_err(|error| store.io_in(folder, "make", &error))?;
        self.file.sync_all().map_err(|error| store.io("write the download", &error))?;
        fs::rename(&self.path, target).map_err(|error| store.io("move the model into the store", &error))?;
        let _ = fs::remove_file(self.note_file());
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.head_file());
        let _ = fs::remove_file(&self.lock);
    }
}

/// Removes what an interrupted pull left of a file; whether there was anything.
pub(super) fn remove_part(path: &Path) -> bool {
    let removed = fs::remove_file(path).is_ok();
    let _ = fs::remove_file(path.with_extension("of"));
    removed
}

/// Two processes that bring one file would write into each other's. A lock whose process is gone counts for nothing.
fn lock(store: &Store, part: &Path) -> Result<PathBuf, StoreError> {
    let path = part.with_extension("lock");
    for _ in 0..2 {
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                let written = file.write_all(std::process::id().to_string().as_bytes());
                return written.map(|()| path.clone()).map_err(|error| store.io_in(&path, "write", &error));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if is_held(&path) {
                    return Err(StoreError::Busy { file: part.with_extension("") });
                }
                let _ = fs::remove_file(&path);
            }
            Err(error) => return Err(store.io_in(&path, "write", &error)),
        }
    }
    Err(StoreError::Busy { file: part.with_extension("") })
}

/// Whether the process that wrote a lock is there, as far as the system tells; elsewhere for an hour.
fn is_held(lock: &Path) -> bool {
    if Path::new("/proc/self").exists() {
        let holder = fs::read_to_string(lock).unwrap_or_default();
        return holder.parse::<u32>().is_ok_and(|id| Path::new(&format!("/proc/{id}")).exists());
    }
    let age = fs::metadata(lock).and_then(|facts| facts.modified()).ok().and_then(|at| at.elapsed().ok());
    age.is_some_and(|age| age < Duration::from_secs(3600))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_several_heads_counts() {
        let path = std::env::temp_dir().join(format!("agentc-head-{}", std::process::id()));
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            read_head(&path)
        };
        let head = read(
            "HTTP/1.1 302 Found\r\nContent-Length: 7\r\nETag: \"a\"\r\n\r\nHTTP/2 206 \r\ncontent-range: bytes 5-9/10\r\ncontent-length: 5\r\n\r\n",
        );
        assert_eq!(head, Head { status: 206, total: Some(10), etag: None });
        let head = read("HTTP/1.0 200 OK\r\nCONTENT-LENGTH: 12\r\nEtag: \"b c\"\r\n\r\n");
        assert_eq!(head, Head { status: 200, total: Some(12), etag: Some("\"b c\"".into()) });
        assert_eq!(read("HTTP/1.1 200 OK\r\netag: W/\"b\"\r\n").etag, None);
        assert_eq!(read(""), Head::default());
        fs::remove_file(&path).unwrap();
    }
}
