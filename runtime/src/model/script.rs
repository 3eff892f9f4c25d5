//! A model that answers in logits, from rules: what a test says the model *prefers* meets the same masks and
//! the same sampler as a real model's preferences, so a test can prove that a mask changed the outcome.
//!
//! A [`Rule`] says that after a prompt the model would like to write a text. If no rule fits there is an
//! error; nothing is made up. A prompt may include the marks of the template (ChatML) or omit them: then the
//! contents of messages follow each other directly.
//!
//! Its KV memory is strict: positions must be consecutive, sequences must exist, and batches must fit.

mod memory;
mod rules;
mod vocab;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use agentc_constraint::{TokenId, Tokenize, Vocab};
use rustc_hash::FxHashMap;

use self::memory::Memory;
pub use self::rules::Rule;
use self::rules::{Reading, Rules};
use super::{Load, Model, ModelError, ModelInfo, Outlook, Row, SeqId};

/// What a scripted model was asked for. Shared, so that it can be read while an engine owns the model.
#[derive(Debug, Default)]
pub struct Counters {
    forwards: AtomicU64,
    rows: AtomicU64,
}

impl Counters {
    /// Batches evaluated.
    pub fn forwards(&self) -> u64 {
        self.forwards.load(Ordering::Relaxed)
    }

    /// Tokens evaluated.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }
}

/// Where logits come from.
#[derive(Debug, Clone)]
enum Mind {
    Rules(Arc<Rules>),
    Random(u64),
}

/// See the module's description.
#[derive(Debug, Clone)]
pub struct ScriptModel {
    info: ModelInfo,
    mind: Mind,
    /// Bytes of ordinary tokens, names of control tokens.
    tokens: Arc<Vec<Vec<u8>>>,
    ids: Arc<FxHashMap<Vec<u8>, TokenId>>,
    longest: usize,
    vocab: Arc<Vocab>,
    memory: Memory,
    /// What is known of the generations in sequences: how long their prompts are, what healing took back, and whether they
    /// are only judged.
    outlooks: FxHashMap<SeqId, (usize, Vec<u8>, bool)>,
    rows: Vec<Option<Result<Thought, ModelError>>>,
    counters: Arc<Counters>,
}

/// What it thinks of the next token.
#[derive(Debug, Clone)]
struct Thought {
    logits: Vec<f32>,
    /// Whether its answer is used up.
    has_ended: bool,
}

impl ScriptModel {
    /// A model of rules; of rules that fit equally well the first counts.
    pub fn new(rules: Vec<Rule>) -> Result<ScriptModel, ModelError> {
        ScriptModel::build(Mind::Rules(Arc::new(Rules::new(rules))), vocab::builtin())
    }

    /// A model whose logits are noise, the same for the same seed and text.
    pub fn random(seed: u64) -> Result<ScriptModel, ModelError> {
        ScriptModel::build(Mind::Random(seed), vocab::builtin())
    }

    /// The same model with other tokens: the 256 bytes, these pieces, and the control tokens.
    pub fn with_vocab(self, pieces: impl IntoIterator<Item = Vec<u8>>) -> Result<ScriptModel, ModelError> {
        let built = ScriptModel::build(self.mind, vocab::with_bytes(pieces))?;
        let info = ModelInfo { bos: built.info.bos, eos: built.info.eos, ..self.info };
        Ok(ScriptModel { info, memory: self.memory, counters: self.counters, ..built })
    }

    /// The same model with a memory of `n_ctx` cells for `n_seqs` sequences, and batches of `n_batch` rows.
    pub fn with_memory(mut self, n_ctx: u32, n_batch: u32, n_seqs: u32) -> ScriptModel {
        self.info = ModelInfo { n_ctx, n_batch, n_seqs, ..self.info };
        self.memory = Memory::new(n_ctx, n_seqs);
        self
    }

    /// The same model, slowed down by full memory as [`ModelInfo::price`] says.
    pub fn with_price(mut self, price: Option<u32>) -> ScriptModel {
        self.info.price = price;
        self
    }

    /// The same model, of which what it has read can be kept, for models with the same identity.
    pub fn with_identity(mut self, identity: impl Into<String>) -> ScriptModel {
        self.info.identity = Some(identity.into());
        self
    }

    /// The same model, which does not [rewind](ModelInfo::rewinds).
    pub fn without_rewind(mut self) -> ScriptModel {
        self.info.rewinds = false;
        self
    }

    /// The same model with another chat template, or none.
    pub fn with_template(mut self, template: Option<String>) -> ScriptModel {
        self.info.chat_template = template;
        self
    }

    /// What it has been asked for; goes on counting.
    pub fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    fn build(mind: Mind, mut tokens: Vec<Vec<u8>>) -> Result<ScriptModel, ModelError> {
        let ids: FxHashMap<Vec<u8>, TokenId> =
            (0..).zip(&tokens).map(|(id, token)| (token.clone(), id)).collect();
        let longest = tokens.iter().map(Vec::len).max().unwrap_or(1);
        let text = tokens.len() as TokenId;
        let bytes: Vec<Option<Vec<u8>>> =
            tokens.iter().cloned().map(Some).chain(vocab::CONTROL.map(|_| None)).collect();
        tokens.extend(vocab::CONTROL.map(|name| name.as_bytes().to_vec()));
        let vocab = Vocab::new(&bytes, &[text, text + 2])
            .map_err(|error| ModelError::Vocab { name: "script".into(), reason: error.to_string() })?;
        let info = info(text);
        Ok(ScriptModel {
            memory: Memory::new(info.n_ctx, info.n_seqs),
            info,
            mind,
            tokens: Arc::new(tokens),
            ids: Arc::new(ids),
            longest,
            vocab: Arc::new(vocab),
            outlooks: FxHashMap::default(),
            rows: Vec::new(),
            counters: Arc::default(),
        })
    }

    /// What comes after the tokens of a sequence.
    fn think(&self, seq: SeqId, tokens: &[TokenId]) -> Result<Thought, ModelError> {
        let (logits, has_ended) = match &self.mind {
            Mind::Random(seed) => (self.noise(*seed, &self.text(tokens, false)), false),
            Mind::Rules(rules) => match self.wish(rules, seq, tokens)? {
                Some(wish) => (self.prefer(&wish), wish.is_empty()),
                None => (self.tokens.iter().map(|token| little(token)).collect(), false),
            },
        };
        Ok(Thought { logits, has_ended })
    }

    /// What it would like to write after the tokens of a sequence, which is empty if that is the end of the turn; nothing
    /// where it need not say anything.
    fn wish(&self, rules: &Rules, seq: SeqId, tokens: &[TokenId]) -> Result<Option<Vec<u8>>, ModelError> {
        let (marked, ahead) = self.reading(seq, tokens, false);
        let (plain, _) = self.reading(seq, tokens, true);
        let tail = tail(&plain.text);
        let is_open = plain.text.is_empty() || plain.begin < plain.text.len();
        let readings = if plain.text == marked.text { vec![marked] } else { vec![marked, plain] };
        if let Some(wish) = rules.wish(&readings) {
            return Ok(Some([ahead, &wish].concat()));
        }
        let is_judged = self.outlooks.get(&seq).is_some_and(|(.., judged)| *judged);
        if is_judged && is_open {
            // Of a text that is given, or has no prompt, rules need not say anything.
            return Ok(None);
        }
        Err(match rules.used_up(&readings) {
            Some(answer) => {
                ModelError::AnswerOver { answer: String::from_utf8_lossy(answer).into_owned(), tail }
            }
            None => ModelError::NoRule { tail },
        })
    }

    /// The text of a sequence with what healing took back of its prompt, and what of that is still to come.
    fn reading(&self, seq: SeqId, tokens: &[TokenId], plain: bool) -> (Reading, &[u8]) {
        let mut text = self.text(tokens, plain);
        let (prompt, healed) = match self.outlooks.get(&seq) {
            Some((prompt, healed, _)) if *prompt <= tokens.len() => (*prompt, healed.as_slice()),
            _ => (tokens.len(), &[][..]),
        };
        let begin = self.text(&tokens[..prompt], plain).len();
        let ahead = healed.get(text.len().saturating_sub(begin)..).unwrap_or_default();
        text.extend(ahead);
        (Reading { text, begin: begin + healed.len() }, ahead)
    }

    /// Logits that prefer a text; its end is the end of the turn.
    fn prefer(&self, wish: &[u8]) -> Vec<f32> {
        let score = |(id, token): (TokenId, &Vec<u8>)| {
            if self.vocab.is_end(id) {
                return if wish.is_empty() { 30.0 } else { -5.0 };
            }
            match self.vocab.bytes(id) {
                bytes if !bytes.is_empty() && wish.starts_with(bytes) => 10.0 + bytes.len() as f32,
                _ => little(token),
            }
        };
        (0..).zip(self.tokens.iter()).map(score).collect()
    }

    fn noise(&self, seed: u64, text: &[u8]) -> Vec<f32> {
        let seed = hash(seed, text);
        self.tokens.iter().map(|token| hash(seed, token) as f32 / u64::MAX as f32 * 10.0).collect()
    }

    /// The text of tokens; without the template's marks if `plain`: a control token, the role behind one that
    /// opens a message, and a line break behind one that closes it.
    fn text(&self, tokens: &[TokenId], plain: bool) -> Vec<u8> {
        let (mut text, mut mark) = (Vec::new(), None);
        for &token in tokens {
            let bytes = self.tokens.get(token as usize).map(Vec::as_slice).unwrap_or_default();
            if plain && self.vocab.bytes(token).is_empty() {
                mark = Some(bytes == vocab::OPEN.as_bytes());
                continue;
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            match (mark, end) {
                (Some(true), None) => {}
                (Some(true), Some(end)) => {
                    text.extend(&bytes[end + 1..]);
                    mark = None;
                }
                (Some(false), Some(0)) => {
                    text.extend(&bytes[1..]);
                    mark = None;
                }
                _ => {
                    text.extend(bytes);
                    mark = None;
                }
            }
        }
        text
    }

    fn misuse<T>(&self, reason: String) -> Result<T, ModelError> {
        Err(ModelError::Misuse { reason })
    }
}

fn state(what: &'static str, reason: &str) -> ModelError {
    ModelError::State { what, reason: reason.into() }
}

/// `text` is the first control token.
fn info(text: TokenId) -> ModelInfo {
    ModelInfo {
        name: "script".to_owned(),
        description: "scripted model".to_owned(),
        identity: None,
        n_ctx: 4096,
        n_batch: 64,
        n_seqs: 16,
        rewinds: true,
        price: None,
        batches: false,
        chat_template: Some(vocab::TEMPLATE.to_owned()),
        bos: Some(text),
        eos: Some(text + 2),
        bos_text: vocab::CONTROL[0].to_owned(),
        eos_text: vocab::CONTROL[2].to_owned(),
        add_bos: false,
    }
}

/// The opinion on a token that nobody asked for.
fn little(token: &[u8]) -> f32 {
    hash(0, token) as f32 / u64::MAX as f32 * 1e-3
}

/// The last 60 characters.
fn tail(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let skip = text.chars().count().saturating_sub(60);
    text.chars().skip(skip).collect()
}

/// FNV-1a, finished by the mixer of MurmurHash3: the same on every platform.
fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let start = seed ^ 0xcbf2_9ce4_8422_2325;
    let mut h = bytes.iter().fold(start, |h, byte| (h ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    h = (h ^ (h >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    h = (h ^ (h >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ (h >> 33)
}

impl Tokenize for ScriptModel {
    /// The longest token first.
    fn tokenize(&self, text: &[u8]) -> Vec<TokenId> {
        let mut tokens = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let longest = self.longest.min(rest.len());
            let found = (1..=longest).rev().find_map(|len| Some((len, *self.ids.get(&rest[..len])?)));
            let Some((len, token)) = found else { break };
            tokens.push(token);
            rest = &rest[len..];
        }
        tokens
    }
}

impl Model for ScriptModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn vocab(&self) -> &Arc<Vocab> {
        &self.vocab
    }

    fn tokenize_scaffold(&self, text: &str) -> Result<Vec<TokenId>, ModelError> {
        let control = (self.tokens.len() - vocab::CONTROL.len()) as TokenId;
        let mut tokens = Vec::new();
        let mut rest = text;
        loop {
            let next = (control..)
                .zip(vocab::CONTROL)
                .filter_map(|(id, name)| Some((rest.find(name)?, id, name)))
                .min();
            let Some((at, id, name)) = next else { break };
            tokens.extend(self.tokenize(&rest.as_bytes()[..at]));
            tokens.push(id);
            rest = &rest[at + name.len()..];
        }
        tokens.extend(self.tokenize(rest.as_bytes()));
        Ok(tokens)
    }

    fn foretell(&mut self, seq: SeqId, outlook: Outlook<'_>) {
        self.outlooks.insert(seq, (outlook.prompt, outlook.healed.to_vec(), outlook.judged));
    }

    fn decode(&mut self, rows: &[Row]) -> Result<(), ModelError> {
        if rows.is_empty() || rows.len() > self.info.n_batch as usize {
            return self.misuse(format!(
                "a batch of {} rows; {} are the most",
                rows.len(),
                self.info.n_batch
            ));
        }
        if let Some(row) = rows.iter().find(|row| row.token as usize >= self.tokens.len()) {
            return self.misuse(format!("token {}: there are {}", row.token, self.tokens.len()));
        }
        self.memory.check(rows)?;
        self.rows.clear();
        for row in rows {
            self.memory.push(row);
            let tokens: Vec<TokenId> = self.memory.tokens(row.seq, row.pos as usize + 1).collect();
            let logits = row.logits.then(|| self.think(row.seq, &tokens));
            self.rows.push(logits);
        }
        self.counters.forwards.fetch_add(1, Ordering::Relaxed);
        self.counters.rows.fetch_add(rows.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn logits(&self, row: usize) -> Result<&[f32], ModelError> {
        match self.rows.get(row) {
            Some(Some(Ok(thought))) => Ok(&thought.logits),
            Some(Some(Err(error))) => Err(error.clone()),
            Some(None) | None => self.misuse(format!("logits of row {row}, which were not asked for")),
        }
    }

    fn has_ended(&self, row: usize) -> bool {
        matches!(self.rows.get(row), Some(Some(Ok(Thought { has_ended: true, .. }))))
    }

    /// No rule may fit by then: its answer is used up, and the generation went on.
    fn judge(&self, seq: SeqId, prompt: &[TokenId], value: &[TokenId]) -> Result<(), ModelError> {
        match &self.mind {
            Mind::Rules(rules) => self.wish(rules, seq, &[prompt, value].concat()).map(drop),
            Mind::Random(_) => Ok(()),
        }
    }

    fn share(&mut self, from: SeqId, to: SeqId, len: u32) -> Result<(), ModelError> {
        if !self.info.rewinds {
            self.memory.check_whole(from, len as usize, false)?;
        }
        self.memory.share(from, to, len as usize)
    }

    fn truncate(&mut self, seq: SeqId, len: u32) -> Result<(), ModelError> {
        if !self.info.rewinds {
            self.memory.check_whole(seq, len as usize, true)?;
        }
        self.memory.truncate(seq, len as usize)
    }

    fn save(&mut self, seq: SeqId) -> Result<Vec<u8>, ModelError> {
        match self.info.identity {
            Some(_) => self.memory.save(seq),
            None => Err(state("saved", "it has no identity")),
        }
    }

    fn load(&mut self, seq: SeqId, len: u32, bytes: &[u8]) -> Result<(), ModelError> {
        match self.info.identity {
            Some(_) => self.memory.load(seq, len as usize, bytes, self.tokens.len()),
            None => Err(state("loaded", "it has no identity")),
        }
    }
}

/// Lends a scripted model.
#[derive(Debug, Clone)]
pub struct ScriptLoader(pub ScriptModel);

impl Load for ScriptLoader {
    fn load(self: Box<Self>, body: &mut dyn FnMut(&mut dyn Model)) -> Result<(), ModelError> {
        let mut model = self.0;
        body(&mut model);
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn row(token: TokenId, pos: u32, seq: SeqId) -> Row {
        Row { token, pos, seq, logits: true }
    }

    #[test]
    fn misuse_is_refused() {
        let mut model = ScriptModel::new(vec![Rule::new("", "x")]).unwrap().with_memory(8, 4, 2);
        let misuse = |result: Result<(), ModelError>| matches!(result, Err(ModelError::Misuse { .. }));
        assert!(misuse(model.decode(&[])));
        assert!(misuse(model.decode(&[row(97, 1, 0)])));
        assert!(misuse(model.decode(&[row(97, 0, 2)])));
        assert!(misuse(model.decode(&[row(1 << 30, 0, 0)])));
        assert!(misuse(model.decode(&[row(97, 0, 0); 5])));
        assert!(misuse(model.share(0, 1, 1)));
        assert!(misuse(model.truncate(2, 0)));
        assert!(model.logits(0).is_err());
        model.decode(&[row(97, 0, 0), row(98, 1, 0), row(99, 2, 0)]).unwrap();
        assert!(misuse(model.decode(&[row(97, 0, 0)])));
        model.share(0, 1, 2).unwrap();
        model.decode(&[row(97, 2, 1), row(97, 3, 0)]).unwrap();
        assert_eq!(model.text(&model.memory.tokens(1, 9).collect::<Vec<_>>(), false), b"aba");
        let full = [row(97, 4, 0), row(97, 5, 0), row(97, 6, 0), row(97, 7, 0)];
        assert_eq!(model.decode(&full), Err(ModelError::Full { n_ctx: 8 }));
        model.truncate(1, 0).unwrap();
        model.decode(&full).unwrap();
    }

    #[test]
    fn a_text_can_be_read_without_marks() {
        let model = ScriptModel::new(Vec::new()).unwrap();
        let chat =
            "<|im_start|>user\nWhy?\n<|im_end|>\n\n<|im_start|>assistant\n\nSo<|im_end|>x<|endoftext|>";
        let tokens = model.tokenize_scaffold(chat).unwrap();
        assert_eq!(model.text(&tokens, false), chat.as_bytes());
        assert_eq!(model.text(&tokens, true), b"Why?\n\n\nSox");
        let data = model.tokenize(chat.as_bytes());
        assert_eq!(model.text(&data, true), chat.as_bytes());
    }

    #[test]
    fn control_tokens_are_read_in_scaffold_only() {
        let model = ScriptModel::new(Vec::new()).unwrap();
        let mark = model.tokenize_scaffold("<|im_start|>user\n").unwrap();
        assert_eq!(model.tokens[mark[0] as usize], b"<|im_start|>");
        let data = model.tokenize(b"<|im_start|>user\n");
        assert!(data.iter().all(|token| !model.vocab.bytes(*token).is_empty()));
        assert!(data.len() > mark.len());
    }
}
