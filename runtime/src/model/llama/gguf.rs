//! The header of a GGUF file: metadata and tensor table, read and checked without llama.cpp.
//!
//! A model file can come from anywhere, and is often cut short by a broken download. llama.cpp reports that
//! in a log line at best, so the table is read here first: every length is checked against the size of the
//! file before anything is allocated for it, and an error says in words what is wrong. Scalar and text values
//! are kept; for an array, only its length is, and short lists of whole numbers. Weights are never read.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Alignment of tensor data where the file does not say.
const DEFAULT_ALIGNMENT: u64 = 32;

/// The texts of the vocabulary.
const TOKENS: &str = "tokenizer.ggml.tokens";

/// Entries that a list has at most which is kept: one for each block of any model.
const LISTED: u64 = 512;

/// What the head of a file says.
#[derive(Debug, Clone, Default)]
pub struct Header {
    /// Metadata by key.
    pub meta: HashMap<String, Meta>,
    /// Those of its arrays that are short lists of whole numbers, by key.
    pub lists: HashMap<String, Vec<u64>>,
    /// Tensors in the table.
    pub tensors: u64,
    /// Parameters in all tensors together.
    pub parameters: u64,
    /// Bytes of the whole file.
    pub file_len: u64,
    /// The first token whose text holds a zero byte, which ends texts in llama.cpp.
    pub zero_in_token: Option<u64>,
}

/// A metadata value.
#[derive(Debug, Clone, PartialEq)]
pub enum Meta {
    /// Any integer.
    Int(i64),
    /// Any number with a fraction.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// Text.
    Str(String),
    /// An array, of which only the length is kept.
    Array(u64),
}

/// Why a file cannot be a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GgufError {
    /// It cannot be opened or read.
    #[error("{reason}")]
    Io {
        /// What the system said.
        reason: String,
    },
    /// It is a directory.
    #[error("it is a directory, not a GGUF file")]
    Directory,
    /// It does not start with the magic number.
    #[error("it is not a GGUF file (it does not start with `GGUF`)")]
    Magic,
    /// A version or byte order that nobody reads.
    #[error("its GGUF version {version} is not supported (2 and 3 are)")]
    Version {
        /// The number in the file.
        version: u32,
    },
    /// It ends too early.
    #[error("the file is truncated: {what} needs {missing} bytes more than the {len} there are")]
    Truncated {
        /// What is cut.
        what: String,
        /// Bytes of the file.
        len: u64,
        /// Bytes that are missing, at least.
        missing: u64,
    },
    /// Something in the tables makes no sense.
    #[error("the file is damaged: {what}")]
    Damaged {
        /// What.
        what: String,
    },
}

impl Header {
    /// A text.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.meta.get(key)? {
            Meta::Str(text) => Some(text),
            _ => None,
        }
    }

    /// A number that is not negative.
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.meta.get(key)? {
            Meta::Int(value) => u64::try_from(*value).ok(),
            _ => None,
        }
    }

    /// The architecture that the other keys are prefixed with, such as `llama`.
    pub fn architecture(&self) -> Option<&str> {
        self.text("general.architecture")
    }

    /// A number of the architecture, such as `context_length`.
    pub fn arch_number(&self, key: &str) -> Option<u64> {
        self.number(&format!("{}.{key}", self.architecture()?))
    }

    /// A list of the architecture, such as `attention.head_count_kv`, where that has an entry for each block.
    pub fn arch_list(&self, key: &str) -> Option<&[u64]> {
        let key = format!("{}.{key}", self.architecture()?);
        self.lists.get(&key).map(Vec::as_slice)
    }

    /// How the weights are stored, such as `Q4_1`.
    pub fn quantisation(&self) -> Option<&'static str> {
        file_type_name(self.number("general.file_type")?)
    }

    /// Name, architecture, size and quantisation in one line.
    pub fn description(&self) -> String {
        let mut words = Vec::new();
        let clean = |text: &str| text.trim().replace(|c: char| c.is_control(), "");
        words.push(clean(self.text("general.name").unwrap_or("unnamed")));
        words.extend(self.architecture().map(clean));
        if self.parameters > 0 {
            words.push(format!("{} parameters", short_count(self.parameters)));
        }
        words.extend(self.quantisation().map(str::to_owned));
        words.join(", ")
    }
}

/// Reads and checks the head of a file.
pub fn read(path: &Path) -> Result<Header, GgufError> {
    let io = |error: std::io::Error| GgufError::Io { reason: io_reason(&error) };
    let facts = std::fs::metadata(path).map_err(io)?;
    if facts.is_dir() {
        return Err(GgufError::Directory);
    }
    let file = File::open(path).map_err(io)?;
    let file = BufReader::with_capacity(1 << 18, file);
    let (len, lists) = (facts.len(), HashMap::new());
    let mut reader = Reader { file, at: 0, len, zero_in_token: None, lists };
    reader.magic()?;
    let version = reader.u32("the version")?;
    if !(2..=3).contains(&version) {
        return Err(GgufError::Version { version });
    }
    let tensors = reader.u64("the number of tensors")?;
    let pairs = reader.u64("the number of metadata values")?;
    reader.plausible(pairs, 13, "the metadata")?;
    let mut meta = HashMap::new();
    for _ in 0..pairs {
        let key = reader.string("a metadata key")?;
        let value = reader.value(&key)?;
        meta.insert(key, value);
    }
    let alignment = alignment(&meta)?;
    let parameters = reader.tensors(tensors, alignment)?;
    let Reader { len: file_len, zero_in_token, lists, .. } = reader;
    Ok(Header { meta, lists, tensors, parameters, file_len, zero_in_token })
}

fn alignment(meta: &HashMap<String, Meta>) -> Result<u64, GgufError> {
    match meta.get("general.alignment") {
        None => Ok(DEFAULT_ALIGNMENT),
        Some(Meta::Int(n)) if *n > 0 && n.count_ones() == 1 => Ok(n.unsigned_abs()),
        Some(_) => Err(GgufError::Damaged { what: "`general.alignment` is not a power of two".into() }),
    }
}

fn io_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        std::io::ErrorKind::PermissionDenied => "the file may not be read (permission denied)".into(),
        _ => error.to_string(),
    }
}

struct Reader {
    file: BufReader<File>,
    at: u64,
    len: u64,
    zero_in_token: Option<u64>,
    lists: HashMap<String, Vec<u64>>,
}

impl Reader {
    fn magic(&mut self) -> Result<(), GgufError> {
        if self.len == 0 {
            return Err(GgufError::Truncated { what: "the head".into(), len: 0, missing: 24 });
        }
        if self.len < 4 || self.bytes::<4>("the magic number")? != *b"GGUF" {
            return Err(GgufError::Magic);
        }
        Ok(())
    }

    /// Refuses what would need more bytes than the file still has.
    fn need(&self, bytes: u64, what: &str) -> Result<(), GgufError> {
        match bytes.checked_sub(self.len - self.at) {
            None | Some(0) => Ok(()),
            Some(missing) => Err(GgufError::Truncated { what: what.to_owned(), len: self.len, missing }),
        }
    }

    fn plausible(&self, count: u64, least: u64, what: &str) -> Result<(), GgufError> {
        self.need(count.saturating_mul(least), what)
    }

    fn bytes<const N: usize>(&mut self, what: &str) -> Result<[u8; N], GgufError> {
        self.need(N as u64, what)?;
        let mut buffer = [0; N];
        self.fill(&mut buffer)?;
        Ok(buffer)
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), GgufError> {
        self.file.read_exact(buffer).map_err(|error| GgufError::Io { reason: io_reason(&error) })?;
        self.at += buffer.len() as u64;
        Ok(())
    }

    fn skip(&mut self, bytes: u64, what: &str) -> Result<(), GgufError> {
        self.need(bytes, what)?;
        let step = i64::try_from(bytes)
            .map_err(|_| GgufError::Damaged { what: format!("{what} is impossibly long") })?;
        self.file.seek_relative(step).map_err(|error| GgufError::Io { reason: io_reason(&error) })?;
        self.at += bytes;
        Ok(())
    }

    fn u32(&mut self, what: &str) -> Result<u32, GgufError> {
        Ok(u32::from_le_bytes(self.bytes(what)?))
    }

    fn u64(&mut self, what: &str) -> Result<u64, GgufError> {
        Ok(u64::from_le_bytes(self.bytes(what)?))
    }

    fn string(&mut self, what: &str) -> Result<String, GgufError> {
        let len = self.u64(what)?;
        self.need(len, what)?;
        let size = usize::try_from(len)
            .map_err(|_| GgufError::Damaged { what: format!("{what} is impossibly long") })?;
        let mut bytes = vec![0; size];
        self.fill(&mut bytes)?;
        Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into()))
    }

    fn value(&mut self, key: &str) -> Result<Meta, GgufError> {
        let name = format!("`{}`", key.escape_debug());
        let what = name.as_str();
        let kind = self.u32(what)?;
        Ok(match kind {
            0 => Meta::Int(i64::from(self.bytes::<1>(what)?[0])),
            1 => Meta::Int(i64::from(i8::from_le_bytes(self.bytes(what)?))),
            2 => Meta::Int(i64::from(u16::from_le_bytes(self.bytes(what)?))),
            3 => Meta::Int(i64::from(i16::from_le_bytes(self.bytes(what)?))),
            4 => Meta::Int(i64::from(self.u32(what)?)),
            5 => Meta::Int(i64::from(i32::from_le_bytes(self.bytes(what)?))),
            6 => Meta::Float(f64::from(f32::from_le_bytes(self.bytes(what)?))),
            7 => Meta::Bool(self.bytes::<1>(what)?[0] != 0),
            8 => Meta::Str(self.string(what)?),
            9 => self.array(what, key)?,
            10 => Meta::Int(i64::try_from(self.u64(what)?).unwrap_or(i64::MAX)),
            11 => Meta::Int(i64::from_le_bytes(self.bytes(what)?)),
            12 => Meta::Float(f64::from_le_bytes(self.bytes(what)?)),
            _ => return Err(GgufError::Damaged { what: format!("{what} has the unknown type {kind}") }),
        })
    }

    /// An array, of which the length stays. The texts of tokens are looked at, too, and short lists of numbers are kept.
    fn array(&mut self, what: &str, key: &str) -> Result<Meta, GgufError> {
        let kind = self.u32(what)?;
        let count = self.u64(what)?;
        let width = match kind {
            4 | 5 if count <= LISTED => {
                self.plausible(count, 4, what)?;
                let numbers = (0..count).map(|_| self.u32(what)).collect::<Result<Vec<u32>, GgufError>>()?;
                // What is below zero counts as nothing.
                let number = |number| u64::from(if number > i32::MAX as u32 { 0 } else { number });
                self.lists.insert(key.to_owned(), numbers.into_iter().map(number).collect());
                return Ok(Meta::Array(count));
            }
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            10..=12 => 8,
            8 => {
                self.plausible(count, 8, what)?;
                for token in 0..count {
                    if key == TOKENS {
                        self.token(token, what)?;
                    } else {
                        let len = self.u64(what)?;
                        self.skip(len, what)?;
                    }
                }
                return Ok(Meta::Array(count));
            }
            _ => return Err(GgufError::Damaged { what: format!("{what} is an array of type {kind}") }),
        };
        self.skip(count.saturating_mul(width), what)?;
        Ok(Meta::Array(count))
    }

    fn token(&mut self, token: u64, what: &str) -> Result<(), GgufError> {
        if self.string(what)?.contains('\0') {
            self.zero_in_token.get_or_insert(token);
        }
        Ok(())
    }

    /// Walks the tensor table, and holds the place of each tensor's data against the size of the file.
    fn tensors(&mut self, count: u64, alignment: u64) -> Result<u64, GgufError> {
        self.plausible(count, 24, "the tensor table")?;
        let mut parameters = 0_u64;
        let mut last = (0_u64, String::new());
        for _ in 0..count {
            let name = self.string("a tensor's name")?.escape_debug().to_string();
            let (elements, end) = self.tensor(&name)?;
            parameters = parameters.saturating_add(elements);
            if end > last.0 {
                last = (end, name);
            }
        }
        let data = self.at.next_multiple_of(alignment);
        let end = data.saturating_add(last.0);
        if last.0 > 0 && end > self.len {
            let what = format!("tensor `{}`", last.1);
            return Err(GgufError::Truncated { what, len: self.len, missing: end - self.len });
        }
        Ok(parameters)
    }

    /// Elements of a tensor, and where its data ends within the data.
    fn tensor(&mut self, name: &str) -> Result<(u64, u64), GgufError> {
        let dimensions = self.u32(name)?;
        if dimensions > 4 {
            return Err(GgufError::Damaged { what: format!("tensor `{name}` has {dimensions} dimensions") });
        }
        let mut elements = 1_u64;
        for _ in 0..dimensions {
            elements = elements
                .checked_mul(self.u64(name)?)
                .ok_or_else(|| GgufError::Damaged { what: format!("tensor `{name}` is impossibly large") })?;
        }
        let kind = self.u32(name)?;
        let offset = self.u64(name)?;
        let (block, bytes) = block_size(kind).unwrap_or((1, 0));
        let size = (elements / block).saturating_mul(bytes);
        Ok((elements, offset.saturating_add(size)))
    }
}

/// Elements and bytes of a block of a tensor type; types that are not listed are left to llama.cpp.
fn block_size(kind: u32) -> Option<(u64, u64)> {
    Some(match kind {
        0 | 26 => (1, 4),
        1 | 25 | 30 => (1, 2),
        24 => (1, 1),
        27 | 28 => (1, 8),
        2 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, 34),
        10 => (256, 84),
        11 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        20 => (32, 18),
        23 => (256, 136),
        39 => (32, 17),
        _ => return None,
    })
}

fn file_type_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        0 => "F32",
        1 => "F16",
        2 => "Q4_0",
        3 => "Q4_1",
        7 => "Q8_0",
        8 => "Q5_0",
        9 => "Q5_1",
        10 => "Q2_K",
        11 => "Q3_K_S",
        12 => "Q3_K_M",
        13 => "Q3_K_L",
        14 => "Q4_K_S",
        15 => "Q4_K_M",
        16 => "Q5_K_S",
        17 => "Q5_K_M",
        18 => "Q6_K",
        25 => "IQ4_NL",
        30 => "IQ4_XS",
        32 => "BF16",
        38 => "MXFP4",
        _ => return None,
    })
}

fn short_count(n: u64) -> String {
    match n {
        0..1_000_000 => format!("{n}"),
        1_000_000..1_000_000_000 => format!("{:.0}M", n as f64 / 1e6),
        _ => format!("{:.1}B", n as f64 / 1e9),
    }
}
