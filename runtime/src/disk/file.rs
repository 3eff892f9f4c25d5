//! The form of a file: what it is about, the memory, and a hash of both.
//!
//! ```text
//! "agentc kv"  version  identity  model  tokens  memory  SHA-256 of all before it
//! ```
//!
//! Numbers are little-endian; the lengths of `identity`, `model` and `tokens` come before each as 32 bits, that of `memory`
//! as 64. Nothing is believed before the hash has been checked.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Key, VERSION};

const MAGIC: &[u8] = b"agentc kv";

/// Bytes of the hash.
const HASH: usize = 32;

/// Bytes of a file's head that are looked at to describe it: more than a path can have.
const HEAD: u64 = 1 << 14;

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It ends too early, or has been changed.
    #[error("it is damaged")]
    Damaged,
    /// It is larger than all files may be together.
    #[error("it is too long ({bytes} bytes)")]
    TooLong {
        /// Its size.
        bytes: u64,
    },
    /// It was written by another version.
    #[error("another version of agentc wrote it")]
    Version,
    /// It is about another model, other parameters or other tokens.
    #[error("it belongs to another model or text")]
    Other,
}

/// Bytes before the memory.
fn head(key: Key<'_>, model: &str, memory: u64) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    let mut number = |n: usize, then: &[u8]| {
        head.extend((n as u32).to_le_bytes());
        head.extend(then);
    };
    number(VERSION as usize, &[]);
    number(key.identity.len(), key.identity.as_bytes());
    number(model.len(), model.as_bytes());
    number(key.tokens.len(), &[]);
    head.extend(key.tokens.iter().flat_map(|token| token.to_le_bytes()));
    head.extend(memory.to_le_bytes());
    head
}

/// The size of a file.
pub(super) fn size(key: Key<'_>, model: &str, memory: &[u8]) -> u64 {
    (head(key, model, 0).len() + memory.len() + HASH) as u64
}

pub(super) fn write(out: &mut dyn Write, key: Key<'_>, model: &str, memory: &[u8]) -> io::Result<()> {
    let head = head(key, model, memory.len() as u64);
    let hash = Sha256::new().chain_update(&head).chain_update(memory).finalize();
    out.write_all(&head)?;
    out.write_all(memory)?;
    out.write_all(&hash)
}

/// The memory in a file that is about a key.
pub(super) fn open(mut bytes: Vec<u8>, key: Key<'_>) -> Result<Vec<u8>, Flaw> {
    let content = bytes.len().checked_sub(HASH).ok_or(Flaw::Damaged)?;
    if Sha256::digest(&bytes[..content]).as_slice() != &bytes[content..] {
        return Err(Flaw::Damaged);
    }
    bytes.truncate(content);
    let mut rest = bytes.as_slice();
    if take(&mut rest, MAGIC.len()) != Some(MAGIC) {
        return Err(Flaw::Other);
    }
    if number(&mut rest) != Some(VERSION as usize) {
        return Err(Flaw::Version);
    }
    let about = text(&mut rest).zip(text(&mut rest)).zip(tokens(&mut rest));
    let ((identity, _model), tokens) = about.ok_or(Flaw::Damaged)?;
    let same = tokens.chunks_exact(4).eq(key.tokens.iter().map(|token| token.to_le_bytes()));
    if identity != key.identity.as_bytes() || !same {
        return Err(Flaw::Other);
    }
    let len = take(&mut rest, 8).and_then(|len| Some(u64::from_le_bytes(len.try_into().ok()?)));
    if len != Some(rest.len() as u64) {
        return Err(Flaw::Damaged);
    }
    let memory = bytes.len() - rest.len();
    bytes.drain(..memory);
    Ok(bytes)
}

/// The model's name and the number of tokens, as a file's head tells; nothing of it is checked.
pub(super) fn describe(path: &Path) -> Option<(String, usize)> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
    let mut rest = head.as_slice();
    let right = take(&mut rest, MAGIC.len())? == MAGIC && number(&mut rest)? == VERSION as usize;
    let _identity = right.then(|| text(&mut rest))??;
    let model = String::from_utf8_lossy(text(&mut rest)?).into_owned();
    Some((model, number(&mut rest)?))
}

fn take<'b>(rest: &mut &'b [u8], len: usize) -> Option<&'b [u8]> {
    let (taken, left) = rest.split_at_checked(len)?;
    *rest = left;
    Some(taken)
}

fn number(rest: &mut &[u8]) -> Option<usize> {
    let bytes = take(rest, 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(bytes) as usize)
}

fn text<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let len = number(rest)?;
    take(rest, len)
}

fn tokens<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let len = number(rest)?.checked_mul(4)?;
    take(rest, len)
}
