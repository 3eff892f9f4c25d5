//! Saving and loading what a sequence holds.
//!
//! llama.cpp reads what it is given: a flipped bit is a wrong key or value, and nothing says so. So whoever calls this has
//! checked the bytes ([`crate::disk`]), and that they were saved by a context like this one ([`identity`]); what llama.cpp
//! made of them is checked here.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::session::LlamaStateSeqFlags;

use super::LlamaOptions;
use super::gguf::Header;
use crate::model::ModelError;

/// All that the contents of a memory depend on: the file, the instructions and the processor that evaluate it, the layout, and
/// the length of the context, on which some models' positions depend. Nothing for models with a sliding window: what lies
/// behind it is not saved, and a sequence could not be cut back to there.
pub(super) fn identity(options: &LlamaOptions, header: &Header, n_ctx: u32) -> Option<String> {
    if header.arch_number("attention.sliding_window").is_some_and(|window| window > 0) {
        return None;
    }
    let file = file_identity(&options.path)?;
    let layout = match options.deterministic {
        true => format!("{} streams", options.seqs),
        false => "unified".to_owned(),
    };
    let (version, layers, system) = (env!("CARGO_PKG_VERSION"), options.gpu_layers, super::system_info());
    Some(format!("{file}\n{version} {n_ctx} {layout} {layers:?}\n{system}"))
}

/// A file as far as one can tell it without reading it: where it is, its size, and when it was changed.
pub fn file_identity(file: &Path) -> Option<String> {
    let path = file.canonicalize().ok()?;
    let facts = fs::metadata(&path).ok()?;
    let changed = facts.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(format!("{} {} {}", path.display(), facts.len(), changed.as_nanos()))
}

/// What a sequence holds.
#[allow(unsafe_code)]
pub(super) fn save(context: &LlamaContext<'_>, seq: i32) -> Result<Vec<u8>, ModelError> {
    let flags = LlamaStateSeqFlags::empty();
    let mut bytes = vec![0; context.state_seq_get_size_ext(seq, flags)];
    // SAFETY: `bytes` has as many bytes as llama.cpp says that it will write of this sequence, which is one of the context's;
    // nothing changes the context meanwhile.
    let written = unsafe { context.state_seq_get_data_ext(bytes.as_mut_ptr(), seq, flags) };
    match written {
        0 => Err(state("saved", "llama.cpp gives nothing".to_owned())),
        n if n == bytes.len() => Ok(bytes),
        n => Err(state("saved", format!("llama.cpp wrote {n} of {} bytes", bytes.len()))),
    }
}

/// Makes an empty sequence hold `len` tokens.
#[allow(unsafe_code)]
pub(super) fn load(
    context: &mut LlamaContext<'_>,
    seq: i32,
    len: u32,
    bytes: &[u8],
) -> Result<(), ModelError> {
    let flags = LlamaStateSeqFlags::empty();
    // SAFETY: the sequence is one of the context's, and llama.cpp reads no further than the end of `bytes`: that they are what
    // it wrote is what the caller has checked, by their hash and by the identity of the context.
    let taken = unsafe { context.state_seq_set_data_ext(bytes, seq, flags) };
    let range = (context.kv_cache_seq_pos_min(seq), context.kv_cache_seq_pos_max(seq));
    let size = context.state_seq_get_size_ext(seq, flags);
    if !taken {
        return Err(state("loaded", "llama.cpp does not take it, or has no room".to_owned()));
    }
    if range != (0, i32::try_from(len).unwrap_or(0) - 1) || size != bytes.len() {
        let reason = format!("positions {range:?} in {size} bytes came of {len} tokens in {}", bytes.len());
        return Err(state("loaded", reason));
    }
    Ok(())
}

fn state(what: &'static str, reason: String) -> ModelError {
    ModelError::State { what, reason }
}
