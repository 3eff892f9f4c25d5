//! Saving and loading what a sequence holds.
//!
//! llama.cpp reads what it is given: a flipped bit is a wrong key or value, and nothing says so. So whoever calls this has
//! checked the bytes ([`crate::disk`]), and that they were saved by a context like this one ([`identity`]); what llama.cpp
//! made of them is checked here.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::time::SystemTime;

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::session::LlamaStateSeqFlags;

use super::LlamaOptions;
use super::gguf::Header;
use crate::model::ModelError;

/// Architectures that have a memory of their own kind, which no test loads again: compressed cells, or an index of them. (Cells,
/// states, and both beside each other are tested.)
const UNTRIED: [&str; 3] = ["deepseek4", "glm5-next", "qwen4exp"];

/// All that the contents of a memory depend on: the file, the instructions and the processor that evaluate it, the layout, and
/// the length of the context, on which some models' positions depend. Nothing for models with a sliding window: what lies
/// behind it is not saved, and a sequence could not be cut back to there. Nothing either for those whose kind of memory was
/// never [tried](UNTRIED).
pub(super) fn identity(options: &LlamaOptions, header: &Header, n_ctx: u32) -> Option<String> {
    let is_untried = header.architecture().is_some_and(|architecture| UNTRIED.contains(&architecture));
    if is_untried || super::head::has_window(header) {
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

/// Makes an empty sequence hold tokens, so many as `positions` end with; those are what it then knows of.
#[allow(unsafe_code)]
pub(super) fn load(
    context: &mut LlamaContext<'_>,
    seq: i32,
    positions: Range<u32>,
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
    let number = |position: u32| i32::try_from(position).unwrap_or(-1);
    if range != (number(positions.start), number(positions.end) - 1) || size != bytes.len() {
        let (len, bytes) = (positions.end, bytes.len());
        let reason = format!("positions {range:?} in {size} bytes came of {len} tokens in {bytes}");
        return Err(state("loaded", reason));
    }
    Ok(())
}

fn state(what: &'static str, reason: String) -> ModelError {
    ModelError::State { what, reason }
}
