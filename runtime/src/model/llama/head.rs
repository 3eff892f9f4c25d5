//! What the header of a file must say before llama.cpp is given the rest.
//!
//! llama.cpp asserts much of this, which ends the process, or trusts it, which ends in nonsense. Files that
//! pass may still be damaged further on; that shows when the model is tried ([`super::proof`]).

use super::gguf::{Header, Meta};

/// llama.cpp keeps arrays of this many blocks (`LLAMA_MAX_LAYERS`).
const MAX_BLOCKS: u64 = 512;

/// Architectures with a sliding window whether their files say so or not.
const WINDOWS: [&str; 5] = ["gemma2", "llama4", "exaone4", "exaone-moe", "smallthinker"];

/// Whether some layers look back at a number of tokens only.
pub(super) fn has_window(header: &Header) -> bool {
    let says = header.arch_number("attention.sliding_window").is_some_and(|window| window > 0);
    says || header.architecture().is_some_and(|architecture| WINDOWS.contains(&architecture))
}

/// Refuses what cannot be loaded or cannot be used here.
pub(super) fn check(header: &Header) -> Result<(), String> {
    let Some(architecture) = header.architecture() else {
        return Err("the file names no architecture (`general.architecture`)".into());
    };
    if header.tensors == 0 {
        return Err("the file holds a vocabulary only, no weights".into());
    }
    generates(architecture)?;
    sizes(header)?;
    numbers(header, architecture)?;
    vocabulary(header)
}

fn generates(architecture: &str) -> Result<(), String> {
    let encoder = architecture.contains("bert")
        || architecture.starts_with("t5")
        || architecture.contains("embedding")
        || ["clip", "wavtokenizer-dec"].contains(&architecture);
    match encoder {
        true => Err(format!("`{architecture}` models do not generate text token by token")),
        false => Ok(()),
    }
}

/// Sizes that every architecture has. The number of heads may be a list, one for each block; those that are recurrent alone
/// have none.
fn sizes(header: &Header) -> Result<(), String> {
    let architecture = header.architecture().unwrap_or_default();
    let recurrent = ["mamba", "rwkv", "arwkv"].iter().any(|name| architecture.starts_with(name));
    let limits = [
        ("block_count", 1, MAX_BLOCKS),
        ("context_length", 1, 1 << 31),
        ("embedding_length", 1, 1 << 20),
        ("attention.head_count", u64::from(!recurrent), 1 << 16),
    ];
    for (key, least, most) in limits {
        let whole = format!("{architecture}.{key}");
        match header.meta.get(&whole) {
            None | Some(Meta::Array(_)) => {}
            Some(Meta::Int(value))
                if u64::try_from(*value).is_ok_and(|value| (least..=most).contains(&value)) => {}
            Some(Meta::Int(value)) => {
                return Err(damaged(format!("`{whole}` is {value}, not {least} to {most}")));
            }
            Some(_) => return Err(damaged(format!("`{whole}` is not a number"))),
        }
    }
    Ok(())
}

/// Factors that are no numbers make every logit one that is none either; so do roots of negative ones.
fn numbers(header: &Header, architecture: &str) -> Result<(), String> {
    for (key, value) in &header.meta {
        let Meta::Float(value) = value else { continue };
        let own = key.strip_prefix(architecture).is_some_and(|rest| rest.starts_with('.'));
        let negative = key.ends_with("epsilon") && *value < 0.0;
        if own && (!value.is_finite() || negative) {
            return Err(damaged(format!("`{}` is {value}", key.escape_debug())));
        }
    }
    Ok(())
}

fn vocabulary(header: &Header) -> Result<(), String> {
    match header.text("tokenizer.ggml.model") {
        None => return Err("the file names no tokenizer (`tokenizer.ggml.model`)".into()),
        Some("none" | "no_vocab") => return Err("the file has no vocabulary (`tokenizer.ggml.model`)".into()),
        Some(_) => {}
    }
    let len = |key: &str| match header.meta.get(key) {
        Some(Meta::Array(len)) => Some(*len),
        _ => None,
    };
    let Some(tokens) = len("tokenizer.ggml.tokens").filter(|tokens| *tokens > 0) else {
        return Err("the file has no tokens (`tokenizer.ggml.tokens`)".into());
    };
    for key in ["tokenizer.ggml.scores", "tokenizer.ggml.token_type"] {
        if let Some(other) = len(key).filter(|other| *other != tokens) {
            return Err(damaged(format!("`{key}` has {other} entries for {tokens} tokens")));
        }
    }
    match header.zero_in_token {
        Some(token) => Err(damaged(format!("token {token} holds a zero byte"))),
        None => Ok(()),
    }
}

fn damaged(what: String) -> String {
    format!("the file is damaged: {what}")
}
