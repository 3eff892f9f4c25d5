//! Models of a hub, and files of any server: what is available, which file is meant, and fetching it.
//!
//! The hub is asked for the files of a repository with their sizes and hashes, through the public interface
//! that its own clients use; `HF_ENDPOINT` names another server with the same interface.

use std::path::{Path, PathBuf};

use agentc_runtime::model::llama::gguf;
use serde::Deserialize;

use super::fetch::{self, Part, Wanted};
use super::reference::{Reference, choose, is_path};
use super::{Progress, Pulled, Store, StoreError};

type Report<'a> = &'a mut dyn FnMut(Progress);

/// What the hub tells about a file.
#[derive(Debug, Deserialize)]
struct Listed {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    #[serde(default)]
    lfs: Option<Lfs>,
}

#[derive(Debug, Deserialize)]
struct Lfs {
    /// SHA-256, in hexadecimal digits.
    oid: String,
    size: u64,
}

pub(super) fn pull(
    store: &Store,
    name: &str,
    reference: &Reference,
    progress: Report<'_>,
) -> Result<Pulled, StoreError> {
    if let Some(reason) = reference.danger() {
        return Err(StoreError::BadReference { name: name.to_owned(), reason: reason.to_owned() });
    }
    match reference {
        Reference::Url { url, sha256, .. } => {
            let wanted = Wanted { url, bytes: None, sha256: sha256.as_deref() };
            bring(store, &reference.folder(), &wanted, progress)
        }
        Reference::Hub { owner, repo, choice } => {
            let base = endpoint();
            let listed =
                list(store, name, &format!("{base}/api/models/{owner}/{repo}/tree/main?recursive=true"))?;
            let paths: Vec<String> = listed.iter().map(|file| file.path.clone()).collect();
            let file = choose(name, &paths, choice.as_deref())?;
            let lfs = listed.iter().find(|listed| listed.path == file).and_then(|listed| listed.lfs.as_ref());
            let lfs = lfs.ok_or_else(|| unusable(name, "it gives no hash for the file"))?;
            let url = format!("{base}/{owner}/{repo}/resolve/main/{}", encoded(&file));
            let wanted = Wanted { url: &url, bytes: Some(lfs.size), sha256: Some(&lfs.oid) };
            bring(store, &reference.folder().join(&file), &wanted, progress)
        }
    }
}

/// Where the hub is.
fn endpoint() -> String {
    let set = std::env::var("HF_ENDPOINT").ok().filter(|base| !base.is_empty());
    set.as_deref().unwrap_or("https://huggingface.co").trim_end_matches('/').to_owned()
}

/// The files of a repository that could be put into the store.
fn list(store: &Store, name: &str, url: &str) -> Result<Vec<Listed>, StoreError> {
    let text = fetch::text(store, url)?;
    let listed: Vec<Listed> = serde_json::from_str(&text)
        .map_err(|error| unusable(name, &format!("it gives no list of files ({error})")))?;
    Ok(listed.into_iter().filter(|file| file.kind == "file" && is_path(&file.path)).collect())
}

fn unusable(name: &str, what: &str) -> StoreError {
    StoreError::Fetch { url: name.to_owned(), detail: format!("the hub's answer cannot be used: {what}") }
}

/// A path in an address.
fn encoded(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    let spell = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    path.bytes().map(spell).collect()
}

/// Fetches a file to its place in the store, which is given below the store's folder.
fn bring(
    store: &Store,
    place: &Path,
    wanted: &Wanted<'_>,
    progress: Report<'_>,
) -> Result<Pulled, StoreError> {
    let path = store.models().join(place);
    if is_here(store, &path, wanted, progress)? {
        return Ok(Pulled { path, fresh: false });
    }
    let mut part = Part::open(store, partial(store, place), wanted.sha256, progress)?;
    fetch::file(store, wanted, &mut part, progress)?;
    if let Err(error) = gguf::read(part.path()) {
        part.discard();
        return Err(StoreError::NotAModel { path: PathBuf::from(wanted.url), reason: error.to_string() });
    }
    part.finish(store, &path)?;
    Ok(Pulled { path, fresh: true })
}

/// Whether the file is there, with the right bytes where they are known. Another one is fetched again.
fn is_here(
    store: &Store,
    path: &Path,
    wanted: &Wanted<'_>,
    progress: Report<'_>,
) -> Result<bool, StoreError> {
    let Ok(facts) = std::fs::metadata(path) else { return Ok(false) };
    if !facts.is_file() || wanted.bytes.is_some_and(|bytes| bytes != facts.len()) {
        return Ok(false);
    }
    let Some(sha256) = wanted.sha256 else { return Ok(gguf::read(path).is_ok()) };
    match super::pull::check(store, path, wanted.url, sha256, progress) {
        Ok(()) => Ok(true),
        Err(StoreError::Hash { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Where a file is while it is on its way.
pub(super) fn partial(store: &Store, place: &Path) -> PathBuf {
    let mut name = place.as_os_str().to_owned();
    name.push(".part");
    store.cache().join("partial").join(name)
}

/// The file of a reference that was pulled before.
pub(super) fn local(store: &Store, name: &str, reference: &Reference) -> Result<PathBuf, StoreError> {
    let absent = || StoreError::NotPulled { name: name.to_owned() };
    let place = store.models().join(reference.folder());
    match reference {
        Reference::Url { .. } if place.is_file() => Ok(place),
        Reference::Url { .. } => Err(absent()),
        Reference::Hub { choice, .. } => {
            let files = super::files_below(&place);
            match choose(name, &files, choice.as_deref()) {
                Ok(file) => Ok(place.join(file)),
                Err(StoreError::NoFile { .. }) => Err(absent()),
                Err(error) => Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_spelled_in_plain_characters() {
        assert_eq!(encoded("a/b c-ü.gguf"), "a/b%20c-%C3%BC.gguf");
    }
}
