//! A GGUF file of a few hundred kilobytes with a whole model in it: llama's architecture, one block, weights
//! drawn from a fixed seed. It writes nonsense, but loads and evaluates in milliseconds and needs no
//! download, so that properties which must hold for any file can be tested on thousands.

/// Width of the model; two heads share it.
const WIDTH: u32 = 64;
const HEADS: u32 = 2;
const INNER: u32 = 96;
const BLOCKS: u32 = 1;

/// A value of the file's metadata.
#[derive(Clone)]
pub(crate) enum Meta {
    U32(u32),
    F32(f32),
    Str(String),
    Strs(Vec<Vec<u8>>),
    F32s(Vec<f32>),
    I32s(Vec<i32>),
}

/// A file to be written: metadata in order, then tensors by name, shape and data.
pub(crate) struct Tiny {
    pub(crate) meta: Vec<(String, Meta)>,
    pub(crate) tensors: Vec<(String, Vec<u32>, Vec<f32>)>,
}

impl Tiny {
    /// A file with which nothing is wrong.
    pub(crate) fn sound() -> Tiny {
        let tokens = tokens();
        let count = tokens.len();
        let kinds = (0..count).map(|at| match at {
            0 => 2,      // unknown
            1 | 2 => 3,  // control
            3..259 => 6, // a byte
            _ => 1,
        });
        let number = |value| Meta::U32(value);
        let meta = [
            ("general.architecture", Meta::Str("llama".into())),
            ("general.name", Meta::Str("tiny".into())),
            ("llama.context_length", number(256)),
            ("llama.embedding_length", number(WIDTH)),
            ("llama.block_count", number(BLOCKS)),
            ("llama.feed_forward_length", number(INNER)),
            ("llama.attention.head_count", number(HEADS)),
            ("llama.attention.head_count_kv", number(HEADS)),
            ("llama.attention.layer_norm_rms_epsilon", Meta::F32(1e-5)),
            ("llama.rope.dimension_count", number(WIDTH / HEADS)),
            ("tokenizer.ggml.model", Meta::Str("llama".into())),
            ("tokenizer.ggml.tokens", Meta::Strs(tokens)),
            ("tokenizer.ggml.scores", Meta::F32s((0..count).map(|at| -(at as f32)).collect())),
            ("tokenizer.ggml.token_type", Meta::I32s(kinds.collect())),
            ("tokenizer.ggml.bos_token_id", number(1)),
            ("tokenizer.ggml.eos_token_id", number(2)),
        ];
        let meta = meta.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Tiny { meta, tensors: tensors(count as u32) }
    }

    /// The same file with another value for a key.
    pub(crate) fn with(mut self, key: &str, value: Meta) -> Tiny {
        match self.meta.iter_mut().find(|(other, _)| other == key) {
            Some((_, old)) => *old = value,
            None => self.meta.push((key.to_owned(), value)),
        }
        self
    }

    /// The bytes of the file, and how many of them come before the weights.
    pub(crate) fn bytes(&self) -> (Vec<u8>, usize) {
        let mut out = Vec::new();
        out.extend(b"GGUF");
        out.extend(3_u32.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend((self.meta.len() as u64).to_le_bytes());
        for (key, value) in &self.meta {
            text(&mut out, key.as_bytes());
            meta(&mut out, value);
        }
        let mut offset = 0_u64;
        for (name, shape, data) in &self.tensors {
            text(&mut out, name.as_bytes());
            out.extend((shape.len() as u32).to_le_bytes());
            shape.iter().for_each(|&side| out.extend(u64::from(side).to_le_bytes()));
            out.extend(0_u32.to_le_bytes()); // F32
            out.extend(offset.to_le_bytes());
            offset += (data.len() as u64 * 4).next_multiple_of(32);
        }
        out.resize(out.len().next_multiple_of(32), 0);
        let head = out.len();
        for (_, _, data) in &self.tensors {
            data.iter().for_each(|value| out.extend(value.to_le_bytes()));
            out.resize(out.len().next_multiple_of(32), 0);
        }
        (out, head)
    }
}

fn text(out: &mut Vec<u8>, text: &[u8]) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text);
}

fn meta(out: &mut Vec<u8>, value: &Meta) {
    let kind = |out: &mut Vec<u8>, kind: u32| out.extend(kind.to_le_bytes());
    let array = |out: &mut Vec<u8>, of: u32, len: usize| {
        kind(out, 9);
        kind(out, of);
        out.extend((len as u64).to_le_bytes());
    };
    match value {
        Meta::U32(value) => {
            kind(out, 4);
            out.extend(value.to_le_bytes());
        }
        Meta::F32(value) => {
            kind(out, 6);
            out.extend(value.to_le_bytes());
        }
        Meta::Str(value) => {
            kind(out, 8);
            text(out, value.as_bytes());
        }
        Meta::Strs(values) => {
            array(out, 8, values.len());
            values.iter().for_each(|value| text(out, value));
        }
        Meta::F32s(values) => {
            array(out, 6, values.len());
            values.iter().for_each(|value| out.extend(value.to_le_bytes()));
        }
        Meta::I32s(values) => {
            array(out, 5, values.len());
            values.iter().for_each(|value| out.extend(value.to_le_bytes()));
        }
    }
}

/// What SentencePiece vocabularies begin with, the bytes, and some pieces of text.
fn tokens() -> Vec<Vec<u8>> {
    let marks = ["<unk>", "<s>", "</s>"].map(str::to_owned);
    let bytes = (0..=255).map(|byte| format!("<0x{byte:02X}>"));
    let letters = ('a'..='z').flat_map(|letter| [letter.to_string(), format!("▁{letter}")]);
    let words = ["▁", "▁the", "th", "he", ".", ","].map(str::to_owned);
    marks.into_iter().chain(bytes).chain(letters).chain(words).map(String::into_bytes).collect()
}

fn tensors(vocab: u32) -> Vec<(String, Vec<u32>, Vec<f32>)> {
    let mut state = 7_u64;
    let mut draw = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1 << 24) as f32 - 0.5) * 0.2
    };
    let mut tensor = |name: String, shape: &[u32]| {
        let norm = name.ends_with("norm.weight");
        let count = shape.iter().product::<u32>();
        let data = (0..count).map(|_| if norm { 1.0 } else { draw() }).collect();
        (name, shape.to_vec(), data)
    };
    let mut all = vec![
        tensor("token_embd.weight".into(), &[WIDTH, vocab]),
        tensor("output_norm.weight".into(), &[WIDTH]),
        tensor("output.weight".into(), &[WIDTH, vocab]),
    ];
    for block in 0..BLOCKS {
        let square = [WIDTH, WIDTH];
        let parts: [(&str, &[u32]); 9] = [
            ("attn_norm", &[WIDTH]),
            ("attn_q", &square),
            ("attn_k", &square),
            ("attn_v", &square),
            ("attn_output", &square),
            ("ffn_norm", &[WIDTH]),
            ("ffn_gate", &[WIDTH, INNER]),
            ("ffn_up", &[WIDTH, INNER]),
            ("ffn_down", &[INNER, WIDTH]),
        ];
        all.extend(parts.map(|(name, shape)| tensor(format!("blk.{block}.{name}.weight"), shape)));
    }
    all
}
