//! Names of models that are elsewhere: `hf:owner/repo`, optionally with a colon and what to take from it, and
//! URLs.
//!
//! A reference determines where its file lies in the store, so what was pulled under a name is found under
//! the same name, without the network: `hf/OWNER/REPO/FILE` for a file of the hub, and `https/HOST/PATH` for
//! one of a server.

use std::fmt;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use super::StoreError;

/// What to take of a repository of several files if nothing else is said.
const USUAL: &str = "Q4_K_M";

/// Web pages of the hub and its files are spelled so; both mean a file of a repository.
const HUBS: [&str; 2] = ["huggingface.co", "hf.co"];

/// A model somewhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    /// A repository of the hub.
    Hub {
        owner: String,
        repo: String,
        /// A quantisation, or the name of a file.
        choice: Option<String>,
    },
    /// A file of any server.
    Url {
        url: String,
        /// `https` or `http`.
        scheme: &'static str,
        /// Host and path.
        place: String,
        sha256: Option<String>,
    },
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Hub { owner, repo, choice } => {
                write!(f, "hf:{owner}/{repo}")?;
                choice.iter().try_for_each(|choice| write!(f, ":{choice}"))
            }
            Reference::Url { scheme, place, .. } => write!(f, "{scheme}://{place}"),
        }
    }
}

impl Reference {
    /// Reads a reference; nothing if a name is none.
    pub(super) fn parse(name: &str) -> Option<Result<Reference, StoreError>> {
        let refuse = |reason: String| StoreError::BadReference { name: name.to_owned(), reason };
        if let Some(rest) = name.strip_prefix("hf:") {
            return Some(hub(rest).map_err(refuse));
        }
        let scheme = ["https", "http"]
            .into_iter()
            .find_map(|scheme| Some((scheme, name.strip_prefix(scheme)?.strip_prefix("://")?)));
        scheme.map(|(scheme, rest)| url(scheme, rest).map_err(refuse))
    }

    /// Why it should not be fetched, if there is a reason.
    pub(super) fn danger(&self) -> Option<&'static str> {
        let Reference::Url { scheme: "http", place, sha256: None, .. } = self else { return None };
        let host = place.split(['/', ':']).next().unwrap_or_default();
        let own = host == "localhost" || host.parse::<Ipv4Addr>().is_ok_and(|host| host.is_loopback());
        (!own)
            .then_some("what comes by plain http can be altered on its way; use https, or append `#sha256=…`")
    }

    /// Where its file lies below the store's folder; of a repository the folder of its files.
    pub(super) fn folder(&self) -> PathBuf {
        match self {
            Reference::Hub { owner, repo, .. } => Path::new("hf").join(owner).join(repo),
            Reference::Url { scheme, place, .. } => Path::new(scheme).join(as_path(place)),
        }
    }
}

/// The name of a file in the store, by its path below the store's folder; nothing if no reference has put it there.
/// `others` are the files of the same repository.
pub(super) fn name_of(path: &Path, others: &[String]) -> Option<String> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    match parts?.as_slice() {
        ["hf", owner, repo, file @ ..] if !file.is_empty() => {
            let file = file.join("/");
            let quant = quantisation(&file).filter(|quant| matching(others, quant).len() == 1);
            Some(format!("hf:{owner}/{repo}:{}", quant.unwrap_or(&file)))
        }
        [scheme @ ("https" | "http"), host, path @ ..] if !path.is_empty() => {
            Some(format!("{scheme}://{}/{}", host.replace('+', ":"), path.join("/")))
        }
        _ => None,
    }
}

/// A host with a port has a colon, which not every file system takes; no host has a plus sign.
fn as_path(place: &str) -> String {
    match place.split_once('/') {
        Some((host, path)) => format!("{}/{path}", host.replace(':', "+")),
        None => place.to_owned(),
    }
}

/// `owner/repo[:choice]`.
fn hub(rest: &str) -> Result<Reference, String> {
    let form = "write it as `hf:owner/repo`, or `hf:owner/repo:Q4_K_M`";
    let (place, choice) = match rest.split_once(':') {
        Some((place, choice)) => (place, Some(choice)),
        None => (rest, None),
    };
    let (owner, repo) = place.split_once('/').ok_or(form)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_name = |name: &str| !name.is_empty() && name.chars().all(plain) && !name.starts_with('.');
    if !is_name(owner) || !is_name(repo) || choice.is_some_and(|choice| !is_path(choice)) {
        return Err(form.to_owned());
    }
    let choice = choice.map(str::to_owned);
    Ok(Reference::Hub { owner: owner.to_owned(), repo: repo.to_owned(), choice })
}

fn url(scheme: &'static str, rest: &str) -> Result<Reference, String> {
    let (address, fragment) = rest.split_once('#').map_or((rest, None), |(a, b)| (a, Some(b)));
    let place = address.split('?').next().unwrap_or_default();
    let (host, path) = place.split_once('/').unwrap_or((place, ""));
    if let Some(reference) = hub_page(host, path) {
        return Ok(reference);
    }
    let is_host = |c: char| c.is_ascii_alphanumeric() || "-.:".contains(c);
    if host.is_empty() || !host.chars().all(is_host) || host.starts_with(['.', '-']) {
        return Err("its host is not a plain name".to_owned());
    }
    if !is_path(path) || !path.to_ascii_lowercase().ends_with(".gguf") {
        return Err("its path does not name a GGUF file".to_owned());
    }
    let sha256 = fragment.map(pinned).transpose()?;
    Ok(Reference::Url { url: format!("{scheme}://{address}"), scheme, place: place.to_owned(), sha256 })
}

/// `/owner/repo/resolve/main/file`, and the same with `blob`, which is its web page.
fn hub_page(host: &str, path: &str) -> Option<Reference> {
    let parts: Vec<&str> = path.splitn(5, '/').collect();
    match parts.as_slice() {
        [owner, repo, "resolve" | "blob", "main", file] if HUBS.contains(&host) => {
            hub(&format!("{owner}/{repo}:{file}")).ok()
        }
        _ => None,
    }
}

fn pinned(fragment: &str) -> Result<String, String> {
    let hash = fragment.strip_prefix("sha256=").map(str::to_ascii_lowercase);
    let is_hash = |hash: &String| hash.len() == 64 && hash.chars().all(|c| c.is_ascii_hexdigit());
    hash.filter(is_hash).ok_or_else(|| "behind `#` only `sha256=` and 64 digits may stand".to_owned())
}

/// Whether a path from elsewhere stays below the folder that it is put into, on every system.
pub(super) fn is_path(path: &str) -> bool {
    let plain = |c: char| !c.is_control() && !"\\:*?\"<>|".contains(c);
    path.len() < 500
        && path.chars().all(plain)
        && path.split('/').all(|part| !part.is_empty() && !part.starts_with('.'))
}

/// The file that is meant, of all files of a repository.
pub(super) fn choose(name: &str, files: &[String], choice: Option<&str>) -> Result<String, StoreError> {
    let models: Vec<String> = files.iter().filter(|file| is_model(file)).cloned().collect();
    let found = match choice {
        Some(file) if files.iter().any(|other| other == file) => vec![file.to_owned()],
        Some(choice) => matching(&models, choice),
        None if models.len() > 1 => matching(&models, USUAL),
        None => models.clone(),
    };
    let file = match found.as_slice() {
        [file] => file,
        [] => {
            let wanted = choice.unwrap_or(USUAL).to_owned();
            return Err(StoreError::NoFile { name: name.to_owned(), wanted, files: models });
        }
        [first, ..] if part(first).is_some() => first,
        several => return Err(StoreError::Ambiguous { name: name.to_owned(), files: several.to_vec() }),
    };
    match part(file) {
        Some(parts) => Err(StoreError::Split { file: file.clone(), parts }),
        None => Ok(file.clone()),
    }
}

/// Whether a file can be a language model by its name: others beside it see, or say how to quantise.
fn is_model(file: &str) -> bool {
    let base = file.rsplit('/').next().unwrap_or(file).to_ascii_lowercase();
    base.ends_with(".gguf") && !base.contains("mmproj") && !base.contains("imatrix")
}

/// Files whose names hold a quantisation as a word of its own: `Q4_K` is not `Q4_K_M`.
fn matching(files: &[String], quant: &str) -> Vec<String> {
    let quant = quant.to_ascii_uppercase();
    let holds = |file: &&String| {
        let file = file.to_ascii_uppercase();
        file.match_indices(&quant).any(|(at, _)| {
            let before = file[..at].chars().next_back();
            let after = file[at + quant.len()..].chars().next();
            before.is_none_or(|c| !c.is_alphanumeric()) && after.is_none_or(|c| "-./".contains(c))
        })
    };
    files.iter().filter(holds).cloned().collect()
}

/// Of how many parts a file is one: `…-00001-of-00003.gguf`.
fn part(file: &str) -> Option<u32> {
    let stem = file.get(..file.len().checked_sub(5)?)?;
    let (rest, parts) = stem.rsplit_once("-of-")?;
    let (_, number) = rest.rsplit_once('-')?;
    let is_number = |text: &str| text.len() == 5 && text.chars().all(|c| c.is_ascii_digit());
    if is_number(number) && is_number(parts) { parts.parse().ok() } else { None }
}

/// The quantisation at the end of a file's name.
fn quantisation(file: &str) -> Option<&str> {
    let stem = file.get(..file.len().checked_sub(5)?)?;
    let word = stem.rsplit(['-', '.', '/']).next()?;
    let upper = word.to_ascii_uppercase();
    let known = ["F16", "BF16", "F32", "MXFP4"].contains(&upper.as_str());
    let numbered = ["Q", "IQ", "TQ"].iter().any(|kind| {
        upper.strip_prefix(kind).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    (known || numbered).then_some(word)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parse(name: &str) -> Result<Reference, StoreError> {
        Reference::parse(name).expect("a reference")
    }

    #[test]
    fn references_are_told_from_names_and_paths() {
        for name in ["smollm2", "./hf.gguf", "hf", "https.gguf", "C:/models/x.gguf"] {
            assert!(Reference::parse(name).is_none(), "{name}");
        }
        let hash = "0".repeat(64);
        for name in [
            "hf:owner/repo".to_owned(),
            "hf:o-w.n_er/Re.po-GGUF:q4_k_m".to_owned(),
            "hf:owner/repo:folder/x.gguf".to_owned(),
            "https://host.example/a/x.gguf".to_owned(),
            "https://host.example:8080/a/x.GGUF?download=true".to_owned(),
            format!("http://localhost:80/x.gguf#sha256={hash}"),
        ] {
            assert!(parse(&name).is_ok(), "{name}");
        }
        for name in [
            "hf:",
            "hf:owner",
            "hf:owner/",
            "hf:../repo",
            "hf:owner/..",
            "hf:owner/repo/more",
            "hf:o w/repo",
            "hf:owner/repo:",
            "hf:owner/repo:../x.gguf",
            "hf:owner/repo:a\\b",
            "https://",
            "https://host",
            "https://host/x.bin",
            "https://user:pass@host/x.gguf",
            "https://host/../x.gguf",
            "https://host/a//x.gguf",
            "https://host/x.gguf#sha256=12",
            "https://host/x.gguf#x",
        ] {
            assert!(matches!(parse(name), Err(StoreError::BadReference { .. })), "{name}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_or_for_known_bytes() {
        let danger = |name: &str| parse(name).unwrap().danger().is_some();
        assert!(danger("http://host/x.gguf") && danger("http://127.0.0.1.example/x.gguf"));
        let pinned = format!("http://host/x.gguf#sha256={}", "a".repeat(64));
        for name in
            ["https://host/x.gguf", "http://localhost:1/x.gguf", "http://127.0.0.1/x.gguf", "hf:a/b", &pinned]
        {
            assert!(!danger(name), "{name}");
        }
    }

    #[test]
    fn pages_of_the_hub_are_references_to_its_files() {
        let file = parse("hf:owner/repo:a/x-Q8_0.gguf").unwrap();
        for page in [
            "https://huggingface.co/owner/repo/blob/main/a/x-Q8_0.gguf",
            "https://hf.co/owner/repo/resolve/main/a/x-Q8_0.gguf?download=true",
        ] {
            assert_eq!(parse(page).unwrap(), file, "{page}");
        }
        let other = parse("https://huggingface.co/owner/repo/resolve/v2/x.gguf").unwrap();
        assert!(matches!(other, Reference::Url { .. }), "{other}");
    }

    #[test]
    fn one_file_is_chosen_or_all_are_named() {
        let files = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
        let several = files(&[
            "README.md",
            "m-Q4_K_M.gguf",
            "m-Q4_K_S.gguf",
            "m-q8_0.gguf",
            "m-f16.gguf",
            "mmproj-Q4_K_M.gguf",
            "big/m-BF16-00001-of-00002.gguf",
            "big/m-BF16-00002-of-00002.gguf",
        ]);
        let chosen = |choice: Option<&str>| choose("hf:a/b", &several, choice);
        assert_eq!(chosen(None).unwrap(), "m-Q4_K_M.gguf");
        assert_eq!(chosen(Some("q8_0")).unwrap(), "m-q8_0.gguf");
        assert_eq!(chosen(Some("F16")).unwrap(), "m-f16.gguf");
        assert_eq!(chosen(Some("mmproj-Q4_K_M.gguf")).unwrap(), "mmproj-Q4_K_M.gguf");
        assert!(matches!(chosen(Some("Q4_K")), Err(StoreError::NoFile { files, .. }) if files.len() == 6));
        assert!(matches!(chosen(Some("m")), Err(StoreError::Ambiguous { .. })));
        assert!(matches!(chosen(Some("BF16")), Err(StoreError::Split { parts: 2, .. })));
        assert_eq!(choose("x", &files(&["only.gguf", "a.txt"]), None).unwrap(), "only.gguf");
        let odd = files(&["a-Q5_0.gguf", "a-Q8_0.gguf"]);
        assert!(matches!(choose("x", &odd, None), Err(StoreError::NoFile { .. })));
        assert!(matches!(choose("x", &[], None), Err(StoreError::NoFile { .. })));
    }

    #[test]
    fn files_in_the_store_have_names_that_lead_back() {
        let name = |path: &str, others: &[&str]| {
            let others: Vec<String> = others.iter().map(|other| (*other).to_owned()).collect();
            name_of(Path::new(path), &others)
        };
        assert_eq!(name("hf/a/b/m-Q8_0.gguf", &["m-Q8_0.gguf", "m-Q4_0.gguf"]).unwrap(), "hf:a/b:Q8_0");
        assert_eq!(name("hf/a/b/m.gguf", &["m.gguf"]).unwrap(), "hf:a/b:m.gguf");
        assert_eq!(
            name("hf/a/b/m-Q8_0.gguf", &["m-Q8_0.gguf", "n-Q8_0.gguf"]).unwrap(),
            "hf:a/b:m-Q8_0.gguf"
        );
        assert_eq!(name("https/h+80/a/x.gguf", &[]).unwrap(), "https://h:80/a/x.gguf");
        assert_eq!(name("x.gguf", &[]), None);
        let url = parse("https://h.example:80/a/x.gguf?q=1").unwrap();
        assert_eq!(url.folder(), Path::new("https/h.example+80/a/x.gguf"));
        assert_eq!(url.to_string(), "https://h.example:80/a/x.gguf");
    }
}
