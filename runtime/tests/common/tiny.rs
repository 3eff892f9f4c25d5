//! A GGUF file of a few hundred kilobytes with a whole model in it: llama's architecture and one block, or others; weights
//! drawn from a fixed seed. It writes nonsense, but loads and evaluates in milliseconds and needs no
//! download, so that properties which must hold for any file can be tested on thousands.
#![allow(dead_code)]

/// Width of the model; two heads share it.
pub(crate) const WIDTH: u32 = 64;
pub(crate) const HEADS: u32 = 2;
pub(crate) const INNER: u32 = 96;
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
        let number = |value| Meta::U32(value);
        let keys = [
            ("context_length", number(256)),
            ("embedding_length", number(WIDTH)),
            ("block_count", number(BLOCKS)),
            ("feed_forward_length", number(INNER)),
            ("attention.head_count", number(HEADS)),
            ("attention.head_count_kv", number(HEADS)),
            ("attention.layer_norm_rms_epsilon", Meta::F32(1e-5)),
            ("rope.dimension_count", number(WIDTH / HEADS)),
        ];
        Tiny::of("llama", &keys, (0..BLOCKS).map(|_| [attention(), feed_forward()].concat()).collect())
    }

    /// A file of an architecture, with keys of that and the parts of its blocks by name and shape.
    pub(crate) fn of(architecture: &str, keys: &[(&str, Meta)], blocks: Vec<Vec<Part>>) -> Tiny {
        let tokens = tokens();
        let count = tokens.len();
        let kinds = (0..count).map(|at| match at {
            0 => 2,      // unknown
            1 | 2 => 3,  // control
            3..259 => 6, // a byte
            _ => 1,
        });
        let own = keys.iter().map(|(key, value)| (format!("{architecture}.{key}"), value.clone()));
        let general = [
            ("general.architecture", Meta::Str(architecture.into())),
            ("general.name", Meta::Str("tiny".into())),
        ];
        let tokenizer = [
            ("tokenizer.ggml.model", Meta::Str("llama".into())),
            ("tokenizer.ggml.tokens", Meta::Strs(tokens)),
            ("tokenizer.ggml.scores", Meta::F32s((0..count).map(|at| -(at as f32)).collect())),
            ("tokenizer.ggml.token_type", Meta::I32s(kinds.collect())),
            ("tokenizer.ggml.bos_token_id", Meta::U32(1)),
            ("tokenizer.ggml.eos_token_id", Meta::U32(2)),
        ];
        let named = |(key, value): (&str, Meta)| (key.to_owned(), value);
        let meta =
            general.into_iter().map(named).chain(own).chain(tokenizer.into_iter().map(named)).collect();
        Tiny { meta, tensors: tensors(count as u32, &blocks) }
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

/// A tensor of a block: its name, which takes the suffix `.weight` unless it has one or starts with a dot, and its shape.
pub(crate) type Part = (&'static str, Vec<u32>);

/// What a block of attention has.
pub(crate) fn attention() -> Vec<Part> {
    let square = || vec![WIDTH, WIDTH];
    vec![
        ("attn_norm", vec![WIDTH]),
        ("attn_q", square()),
        ("attn_k", square()),
        ("attn_v", square()),
        ("attn_output", square()),
    ]
}

/// What stands behind it.
pub(crate) fn feed_forward() -> Vec<Part> {
    vec![
        ("ffn_norm", vec![WIDTH]),
        ("ffn_gate", vec![WIDTH, INNER]),
        ("ffn_up", vec![WIDTH, INNER]),
        ("ffn_down", vec![INNER, WIDTH]),
    ]
}

fn tensors(vocab: u32, blocks: &[Vec<Part>]) -> Vec<(String, Vec<u32>, Vec<f32>)> {
    let mut state = 7_u64;
    let mut draw = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1 << 24) as f32 - 0.5) * 0.2
    };
    let mut tensor = |name: String, shape: &[u32]| {
        let mut value = || match () {
            () if name.contains("norm") => 1.0,
            // By how much a state decays: a negative number.
            () if name.ends_with("ssm_a") => -draw() - 0.105,
            () => draw(),
        };
        let data = (0..shape.iter().product::<u32>()).map(|_| value()).collect();
        (name, shape.to_vec(), data)
    };
    let mut all = vec![
        tensor("token_embd.weight".into(), &[WIDTH, vocab]),
        tensor("output_norm.weight".into(), &[WIDTH]),
        tensor("output.weight".into(), &[WIDTH, vocab]),
    ];
    for (block, parts) in blocks.iter().enumerate() {
        for (name, shape) in parts {
            let name = match name.strip_prefix('.') {
                Some(bare) => bare.to_owned(),
                None if name.contains('.') => (*name).to_owned(),
                None => format!("{name}.weight"),
            };
            all.push(tensor(format!("blk.{block}.{name}"), shape));
        }
    }
    all
}
