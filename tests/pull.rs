//! Models from a hub and from URLs, fetched by the command from a server on this machine.
//!
//! The server speaks as much HTTP as `curl` needs, and misbehaves when told to.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

/// What a server does with requests for a file.
#[derive(Debug, Clone, Default)]
struct Served {
    bytes: Vec<u8>,
    etag: Option<&'static str>,
    /// Answers that end after so many bytes of their body.
    cuts: Vec<usize>,
    /// Answers with this status instead.
    refusals: Vec<u16>,
    /// Whether a part can be asked for.
    ranges: bool,
}

#[derive(Debug, Default)]
struct Files {
    files: HashMap<String, Served>,
    /// Paths that were asked for, with the byte where their answer begins.
    asked: Vec<(String, usize)>,
}

struct Server {
    base: String,
    files: Arc<Mutex<Files>>,
}

impl Server {
    fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let files = Arc::new(Mutex::new(Files::default()));
        let served = files.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that went away has nothing to complain of.
                let _ = answer(stream, &served);
            }
        });
        Server { base, files }
    }

    fn serve(&self, path: &str, served: Served) {
        self.files.lock().unwrap().files.insert(path.to_owned(), served);
    }

    /// A repository with these files, whose bytes are models.
    fn repo(&self, name: &str, files: &[(&str, Served)]) {
        let listed: Vec<serde_json::Value> = files
            .iter()
            .map(|(file, served)| {
                let lfs = serde_json::json!({"oid": sha256(&served.bytes), "size": served.bytes.len(), "pointerSize": 1});
                serde_json::json!({"type": "file", "oid": "0", "size": served.bytes.len(), "path": file, "lfs": lfs})
            })
            .chain([serde_json::json!({"type": "directory", "oid": "0", "size": 0, "path": "folder"})])
            .collect();
        let list = serde_json::to_vec(&listed).unwrap();
        self.serve(&format!("/api/models/{name}/tree/main"), Served { bytes: list, ..Served::default() });
        for (file, served) in files {
            self.serve(&format!("/{name}/resolve/main/{file}"), served.clone());
        }
    }

    /// Where answers for a path began.
    fn asked(&self, path: &str) -> Vec<usize> {
        let files = self.files.lock().unwrap();
        files.asked.iter().filter(|(asked, _)| asked == path).map(|(_, from)| *from).collect()
    }
}

fn answer(mut stream: TcpStream, files: &Mutex<Files>) -> std::io::Result<()> {
    let (mut path, mut from, mut condition) = (String::new(), 0, None);
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        if let Some(rest) = line.strip_prefix("GET ") {
            path = rest.split([' ', '?']).next().unwrap_or_default().to_owned();
        }
        if let Some(range) = line.strip_prefix("Range: bytes=") {
            from = range.trim_end_matches('-').parse().unwrap_or(0);
        }
        condition = condition.or(line.strip_prefix("If-Range: ").map(str::to_owned));
    }
    let mut files = files.lock().unwrap();
    let Some(served) = files.files.get_mut(&path) else {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    if let Some(status) = served.refusals.pop() {
        return write!(stream, "HTTP/1.1 {status} No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    }
    if !served.ranges || condition.is_some_and(|etag| served.etag != Some(etag.as_str())) {
        from = 0;
    }
    let (total, body) = (served.bytes.len(), served.bytes[from..].to_vec());
    let cut = served.cuts.pop().unwrap_or(body.len()).min(body.len());
    let status = if from > 0 {
        format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{total}", total - 1)
    } else {
        "200 OK".to_owned()
    };
    let etag = served.etag.map(|etag| format!("ETag: {etag}\r\n")).unwrap_or_default();
    files.asked.push((path, from));
    drop(files);
    write!(stream, "HTTP/1.1 {status}\r\n{etag}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    stream.write_all(&body[..cut])
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A GGUF file without tensors, of some length and content.
fn gguf(len: usize, fill: u8) -> Vec<u8> {
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend([0; 16]);
    bytes.resize(len, fill);
    bytes
}

fn model(len: usize, fill: u8) -> Served {
    Served { bytes: gguf(len, fill), ranges: true, ..Served::default() }
}

/// A cache that goes away with its test.
struct Cache(PathBuf);

impl Cache {
    fn new(name: &str) -> Cache {
        let path = std::env::temp_dir().join(format!("agentc-pull-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Cache(path)
    }

    fn agentc(&self, server: &Server, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_agentc"))
            .args(args)
            .env("AGENTC_CACHE", &self.0)
            .env("HF_ENDPOINT", format!("{}/", server.base))
            .env("no_proxy", "*")
            .env_remove("AGENTC_MODEL")
            .output()
            .unwrap()
    }

    fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut open = vec![self.0.clone()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    files.push(path.strip_prefix(&self.0).unwrap().display().to_string());
                }
            }
        }
        files.sort();
        files
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[track_caller]
fn fails(output: &Output, code: i32, words: &[&str]) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}");
    // Long messages are broken into lines.
    let text = text.replace("│", " ").split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(text.contains(word), "{word} is not in\n{text}");
    }
}

#[test]
fn a_repository_gives_the_usual_file_and_names_it() {
    let (server, cache) = (Server::start(), Cache::new("usual"));
    server.repo("owner/repo", &[("m-Q4_K_M.gguf", model(5000, 1)), ("m-Q8_0.gguf", model(9000, 2))]);
    let pulled = succeeds(&cache.agentc(&server, &["model", "pull", "hf:owner/repo", "hf:owner/repo:q8_0"]));
    let paths: Vec<&Path> = pulled.lines().map(Path::new).collect();
    assert_eq!(std::fs::read(paths[0]).unwrap(), gguf(5000, 1));
    assert_eq!(std::fs::read(paths[1]).unwrap(), gguf(9000, 2));
    assert_eq!(cache.files(), ["models/hf/owner/repo/m-Q4_K_M.gguf", "models/hf/owner/repo/m-Q8_0.gguf"]);

    let listed = succeeds(&cache.agentc(&server, &["model", "ls"]));
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["hf:owner/repo:Q4_K_M", "hf:owner/repo:Q8_0"]);
    let shown = succeeds(&cache.agentc(&server, &["model", "show", "hf:owner/repo:Q8_0"]));
    assert!(shown.contains("name           hf:owner/repo:Q8_0"), "{shown}");
    let again = cache.agentc(&server, &["model", "pull", "hf:owner/repo"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("was here already"));
    assert_eq!(server.asked("/owner/repo/resolve/main/m-Q4_K_M.gguf"), [0]);

    for name in names {
        succeeds(&cache.agentc(&server, &["model", "rm", name]));
    }
    assert_eq!(cache.files(), [""; 0]);
}

#[test]
fn what_is_not_there_or_not_clear_is_named() {
    let (server, cache) = (Server::start(), Cache::new("unclear"));
    let part = |n| format!("big-Q8_0-0000{n}-of-00002.gguf");
    let (one, two) = (part(1), part(2));
    server.repo("a/several", &[("m-Q8_0.gguf", model(100, 0)), ("n-Q8_0.gguf", model(100, 0))]);
    server.repo("a/split", &[(one.as_str(), model(100, 0)), (two.as_str(), model(100, 0))]);
    server.repo("a/none", &[("README.md", model(100, 0))]);
    let pull = |name: &str| cache.agentc(&server, &["model", "pull", name]);
    fails(&pull("hf:a/several"), 7, &["has no file `Q4_K_M`; it has m-Q8_0.gguf, n-Q8_0.gguf"]);
    fails(&pull("hf:a/several:Q8_0"), 7, &["several files", "m-Q8_0.gguf, n-Q8_0.gguf"]);
    fails(&pull("hf:a/split:Q8_0"), 7, &["one of 2 parts", "llama-gguf-split"]);
    fails(&pull("hf:a/none"), 7, &["no GGUF file"]);
    fails(&pull("hf:a/missing"), 7, &["404", "check the name"]);
    fails(&pull("hf:a"), 7, &["hf:owner/repo"]);
    fails(&pull("http://host.invalid/x.gguf"), 7, &["use https", "sha256"]);
    succeeds(&pull("hf:a/several:n-Q8_0.gguf"));
    let run = cache.agentc(&server, &["run", "-m", "hf:a/several:m-Q8_0.gguf", "examples/paris.agent"]);
    fails(&run, 7, &["`agentc model pull hf:a/several:m-Q8_0.gguf` brings it"]);
}

#[test]
fn several_names_are_pulled_though_one_fails() {
    let (server, cache) = (Server::start(), Cache::new("names"));
    server.repo("a/b", &[("x.gguf", model(100, 7))]);
    let output = cache.agentc(&server, &["model", "pull", "hf:no/such", "hf:a/b"]);
    fails(&output, 7, &["404"]);
    assert_eq!(cache.files(), ["models/hf/a/b/x.gguf"]);
}

#[test]
fn a_download_that_was_cut_goes_on_where_it_ended() {
    let (server, cache) = (Server::start(), Cache::new("cut"));
    let cut = Served { cuts: vec![30_000, 50_000], ..model(200_000, 3) };
    server.repo("a/b", &[("x.gguf", cut)]);
    let output = cache.agentc(&server, &["model", "pull", "hf:a/b"]);
    let path = succeeds(&output);
    assert_eq!(std::fs::read(path.trim()).unwrap(), gguf(200_000, 3));
    assert_eq!(server.asked("/a/b/resolve/main/x.gguf"), [0, 50_000, 80_000]);
    assert_eq!(cache.files(), ["models/hf/a/b/x.gguf"]);
}

#[test]
fn an_interrupted_pull_is_taken_up_by_the_next_and_removed_by_rm() {
    let (server, cache) = (Server::start(), Cache::new("later"));
    let path = "/a/b/resolve/main/x.gguf";
    let down = |cuts: Vec<usize>| Served { cuts, refusals: Vec::new(), ..model(200_000, 3) };
    // Three answers without a byte are enough to give up.
    server.repo("a/b", &[("x.gguf", down(vec![0, 0, 0, 60_000]))]);
    let pull = || cache.agentc(&server, &["model", "pull", "hf:a/b"]);
    fails(&pull(), 7, &["cannot be reached", "goes on where it ended"]);
    assert_eq!(cache.files(), ["partial/hf/a/b/x.gguf.of", "partial/hf/a/b/x.gguf.part"]);
    server.repo("a/b", &[("x.gguf", down(Vec::new()))]);
    succeeds(&pull());
    assert_eq!(server.asked(path), [0, 60_000, 60_000, 60_000, 60_000]);

    // Another file under the same name begins anew.
    succeeds(&cache.agentc(&server, &["model", "rm", "hf:a/b"]));
    server.repo("a/b", &[("x.gguf", down(vec![0, 0, 0, 60_000]))]);
    fails(&pull(), 7, &["cannot be reached"]);
    server.repo("a/b", &[("x.gguf", model(100_000, 4))]);
    let file = succeeds(&pull());
    assert_eq!(std::fs::read(file.trim()).unwrap(), gguf(100_000, 4));

    succeeds(&cache.agentc(&server, &["model", "rm", "hf:a/b"]));
    server.repo("a/b", &[("x.gguf", down(vec![0, 0, 0, 60_000]))]);
    fails(&pull(), 7, &["cannot be reached"]);
    succeeds(&cache.agentc(&server, &["model", "rm", "hf:a/b"]));
    assert_eq!(cache.files(), [""; 0]);
    fails(&cache.agentc(&server, &["model", "rm", "hf:a/b"]), 7, &["not on this machine"]);
}

#[test]
fn a_server_that_cannot_go_on_is_asked_for_the_whole() {
    let (server, cache) = (Server::start(), Cache::new("whole"));
    let stubborn = Served { ranges: false, cuts: vec![70_000], ..model(200_000, 5) };
    server.repo("a/b", &[("x.gguf", stubborn)]);
    let path = succeeds(&cache.agentc(&server, &["model", "pull", "hf:a/b"]));
    assert_eq!(std::fs::read(path.trim()).unwrap(), gguf(200_000, 5));
}

#[test]
fn a_server_that_is_busy_is_asked_again() {
    let (server, cache) = (Server::start(), Cache::new("busy"));
    server.repo("a/b", &[("x.gguf", Served { refusals: vec![503], ..model(1000, 5) })]);
    succeeds(&cache.agentc(&server, &["model", "pull", "hf:a/b"]));
    server.repo("a/c", &[("x.gguf", Served { refusals: vec![401], ..model(1000, 5) })]);
    fails(&cache.agentc(&server, &["model", "pull", "hf:a/c"]), 7, &["401", "not public"]);
}

#[test]
fn bytes_that_are_not_the_expected_ones_do_not_stay() {
    let (server, cache) = (Server::start(), Cache::new("wrong"));
    let pull = || cache.agentc(&server, &["model", "pull", "hf:a/b"]);
    server.repo("a/b", &[("x.gguf", model(1000, 5))]);
    server.serve("/a/b/resolve/main/x.gguf", model(1000, 6));
    fails(&pull(), 7, &["is not the expected file", &sha256(&gguf(1000, 6))]);
    server.serve("/a/b/resolve/main/x.gguf", model(5000, 5));
    fails(&pull(), 7, &["longer than it should be"]);
    server.serve("/a/b/resolve/main/x.gguf", model(1000, 5));
    succeeds(&pull());
    // A file in the store that was altered is fetched again.
    std::fs::write(cache.0.join("models/hf/a/b/x.gguf"), gguf(1000, 9)).unwrap();
    let path = succeeds(&pull());
    assert_eq!(std::fs::read(path.trim()).unwrap(), gguf(1000, 5));
}

#[test]
fn an_address_is_fetched_and_checked_as_far_as_it_can_be() {
    let (server, cache) = (Server::start(), Cache::new("address"));
    let host = server.base.strip_prefix("http://").unwrap();
    let (bytes, name) = (gguf(100_000, 8), format!("{}/m/x.gguf", server.base));
    let pinned = format!("{name}#sha256={}", sha256(&bytes));
    server.serve("/m/x.gguf", Served { cuts: vec![10], ..model(100_000, 8) });
    let path = succeeds(&cache.agentc(&server, &["model", "pull", &pinned]));
    assert_eq!(std::fs::read(path.trim()).unwrap(), bytes);
    assert_eq!(cache.files(), [format!("models/http/{}/m/x.gguf", host.replace(':', "+"))]);
    let listed = succeeds(&cache.agentc(&server, &["model", "ls"]));
    assert!(listed.starts_with(&format!("{name}  ")), "{listed}");
    succeeds(&cache.agentc(&server, &["model", "rm", &name]));
    let wrong = format!("{name}#sha256={}", sha256(b""));
    fails(&cache.agentc(&server, &["model", "pull", &wrong]), 7, &["is not the expected file"]);
}

#[test]
fn an_address_whose_file_changes_is_not_patched_together() {
    let (server, cache) = (Server::start(), Cache::new("etag"));
    let name = format!("{}/x.gguf", server.base);
    let pull = || cache.agentc(&server, &["model", "pull", &name]);
    let version = |fill, etag, cuts| Served { etag: Some(etag), cuts, ..model(100_000, fill) };
    server.serve("/x.gguf", version(1, "\"one\"", vec![0, 0, 0, 40_000]));
    fails(&pull(), 7, &["cannot be reached"]);
    server.serve("/x.gguf", version(1, "\"one\"", vec![0, 0, 0, 20_000]));
    fails(&pull(), 7, &["cannot be reached"]);
    server.serve("/x.gguf", version(2, "\"two\"", Vec::new()));
    let path = succeeds(&pull());
    assert_eq!(std::fs::read(path.trim()).unwrap(), gguf(100_000, 2));
    // What is asked for from 60,000 on is answered from the beginning, since it is another file.
    assert_eq!(server.asked("/x.gguf"), [0, 40_000, 40_000, 40_000, 40_000, 60_000, 60_000, 60_000, 0, 0]);
    server.serve("/y.gguf", Served { bytes: b"<html>log in</html>".to_vec(), ..Served::default() });
    let page = cache.agentc(&server, &["model", "pull", &format!("{}/y.gguf", server.base)]);
    fails(&page, 7, &["it is not a GGUF file"]);
    assert!(cache.files().iter().all(|file| !file.contains("y.gguf")), "{:?}", cache.files());
}

#[test]
fn without_curl_the_message_says_what_to_install() {
    let (server, cache) = (Server::start(), Cache::new("curl"));
    let output = Command::new(env!("CARGO_BIN_EXE_agentc"))
        .args(["model", "pull", "hf:a/b"])
        .env("AGENTC_CACHE", &cache.0)
        .env("HF_ENDPOINT", &server.base)
        .env("PATH", "/nonexistent")
        .output()
        .unwrap();
    fails(&output, 7, &["`curl` was not found", "apt-get install curl"]);
}

#[test]
fn one_file_is_fetched_by_one_process() {
    let (server, cache) = (Server::start(), Cache::new("lock"));
    server.repo("a/b", &[("x.gguf", model(1000, 5))]);
    let folder = cache.0.join("partial/hf/a/b");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("x.gguf.lock"), std::process::id().to_string()).unwrap();
    let pull = || cache.agentc(&server, &["model", "pull", "hf:a/b"]);
    fails(&pull(), 7, &["another process is fetching"]);
    // One whose process is gone does not count.
    if Path::new("/proc/self").exists() {
        std::fs::write(folder.join("x.gguf.lock"), "4194305").unwrap();
        succeeds(&pull());
    }
}
