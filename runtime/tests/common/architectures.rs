//! Tiny files of the architectures that remember in different ways: cells, states, and both beside each other.
#![allow(dead_code)]

use super::tiny::{HEADS, INNER, Meta, Part, Tiny, WIDTH, attention, feed_forward};

/// Numbers of a recurrent layer: its width, and what its state has of each.
const WIDE: u32 = 2 * WIDTH;
const STATE: u32 = 16;
/// The tokens that a convolution looks at, and the rank of time steps, or the heads.
const KERNEL: u32 = 4;
const RANK: u32 = 4;

/// A chat template in which each message ends with a control token.
const TEMPLATE: &str = "{% for message in messages %}{{ '<s>' + message['role'] + ': ' + message['content'] + '</s>' }}\
                        {% endfor %}{% if add_generation_prompt %}{{ '<s>assistant: ' }}{% endif %}";

/// Which models rewind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rewinds {
    Always,
    /// Where each sequence has its own memory.
    Alone,
    Never,
}

/// Whether a file's model rewinds, and the file.
pub(crate) fn all() -> Vec<(&'static str, Rewinds, Tiny)> {
    vec![
        ("llama", Rewinds::Always, file("llama", &[], vec![block(attention()), block(attention())])),
        ("mamba", Rewinds::Never, file("mamba", &[], vec![mixer(), mixer(), mixer()])),
        ("jamba", Rewinds::Never, jamba()),
        ("falcon-h1", Rewinds::Never, falcon_h1()),
        ("gemma3", Rewinds::Alone, gemma3()),
    ]
}

/// Layers that are recurrent, and one of attention between them.
fn jamba() -> Tiny {
    let norms = [("ssm_dt_norm", vec![RANK]), ("ssm_b_norm", vec![STATE]), ("ssm_c_norm", vec![STATE])];
    let mixer = || block([mixer(), norms.to_vec()].concat());
    let heads = Meta::I32s(vec![0, HEADS as i32, 0]);
    file("jamba", &[("attention.head_count_kv", heads)], vec![mixer(), block(attention()), mixer()])
}

/// Layers that are both at once.
fn falcon_h1() -> Tiny {
    let (conv, heads) = (WIDE + 2 * STATE, RANK);
    let mixer = vec![
        ("ssm_in", vec![WIDTH, WIDE + conv + heads]),
        ("ssm_conv1d", vec![KERNEL, conv]),
        ("ssm_conv1d.bias", vec![conv]),
        ("ssm_dt.bias", vec![heads]),
        (".ssm_a", vec![1, heads]),
        (".ssm_d", vec![1, heads]),
        ("ssm_norm", vec![WIDE, 1]),
        ("ssm_out", vec![WIDE, WIDTH]),
    ];
    let mut layer = block([attention(), mixer].concat());
    for (name, _) in layer.iter_mut().filter(|(name, _)| *name == "ffn_norm") {
        *name = ".ffn_norm";
    }
    file("falcon-h1", &[("ssm.group_count", Meta::U32(1))], vec![layer.clone(), layer])
}

/// A layer of attention that looks back a few tokens, and one that looks at all.
fn gemma3() -> Tiny {
    let head = WIDTH / HEADS;
    let norms = vec![
        ("attn_q_norm", vec![head]),
        ("attn_k_norm", vec![head]),
        ("post_attention_norm", vec![WIDTH]),
        ("post_ffw_norm", vec![WIDTH]),
    ];
    let layer = block([attention(), norms].concat());
    let keys = [
        ("attention.sliding_window", Meta::U32(16)),
        ("attention.sliding_window_pattern", Meta::U32(2)),
        ("attention.key_length", Meta::U32(head)),
        ("attention.value_length", Meta::U32(head)),
    ];
    file("gemma3", &keys, vec![layer.clone(), layer])
}

/// A recurrent layer as Mamba has it.
fn mixer() -> Vec<Part> {
    vec![
        ("attn_norm", vec![WIDTH]),
        ("ssm_in", vec![WIDTH, 2 * WIDE]),
        ("ssm_conv1d", vec![KERNEL, WIDE]),
        ("ssm_conv1d.bias", vec![WIDE]),
        ("ssm_x", vec![WIDE, RANK + 2 * STATE]),
        ("ssm_dt", vec![RANK, WIDE]),
        ("ssm_dt.bias", vec![WIDE]),
        (".ssm_a", vec![STATE, WIDE]),
        (".ssm_d", vec![WIDE]),
        ("ssm_out", vec![WIDE, WIDTH]),
    ]
}

fn block(mut parts: Vec<Part>) -> Vec<Part> {
    parts.extend(feed_forward());
    parts
}

fn file(architecture: &str, more: &[(&str, Meta)], blocks: Vec<Vec<Part>>) -> Tiny {
    let number = |value| Meta::U32(value);
    // Files of models without any attention say that they have no heads.
    let heads = if architecture == "mamba" { 0 } else { HEADS };
    let keys = [
        ("context_length", number(2048)),
        ("embedding_length", number(WIDTH)),
        ("block_count", number(blocks.len() as u32)),
        ("feed_forward_length", number(if heads == 0 { 0 } else { INNER })),
        ("attention.head_count", number(heads)),
        ("attention.layer_norm_rms_epsilon", Meta::F32(1e-5)),
        ("rope.dimension_count", number(WIDTH / HEADS)),
        ("ssm.conv_kernel", number(KERNEL)),
        ("ssm.inner_size", number(WIDE)),
        ("ssm.state_size", number(STATE)),
        ("ssm.time_step_rank", number(RANK)),
    ];
    let all: Vec<(&str, Meta)> = keys.into_iter().chain(more.iter().cloned()).collect();
    let mut tiny = Tiny::of(architecture, &all, blocks);
    // Large weights, so that a token that stands further back makes a difference.
    for (name, _, data) in &mut tiny.tensors {
        if name.starts_with("blk") && !name.contains("norm") && !name.ends_with("ssm_a") {
            data.iter_mut().for_each(|weight| *weight *= 4.0);
        }
    }
    tiny.with("tokenizer.chat_template", Meta::Str(TEMPLATE.into()))
}
