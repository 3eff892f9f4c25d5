//! GGUF files on llama.cpp: the only place where its types appear.
//!
//! llama.cpp trusts its caller: a batch that is too large, a sequence id out of range or a logits row that
//! was not computed ends the process, and some mistakes pass in silence. Everything that it does not check is
//! checked here before the call, from a record of how long each sequence is. A file is read by [`gguf`]
//! first, so that a damaged one is an error with a reason.
//!
//! There are two memory layouts. The default keeps all sequences in one unified pool: branches share cells
//! without copying, but sums depend on where cells lie, so the last digits of logits do too. The
//! deterministic layout gives each sequence a stream of its own: bit-identical logits for the same tokens, at
//! the price of memory for every stream and of copying what is shared. Flash attention is off in both,
//! because with it results change with the sizes of batches.
//!
//! The memory of recurrent and hybrid models holds one state for each sequence, that at its end: they do not rewind
//! ([`ModelInfo::rewinds`]), and are shared and dropped as a whole. Both layouts take them. Neither do models with a sliding
//! window in the pool: llama.cpp gives away any cell that no later token of its sequence looks at, and what goes back would
//! look at it again. Their cache has full size all the same, since a smaller one counts on that, and cells that sequences
//! share are never given away; and in the deterministic layout, where they do rewind, on the place of each cell depends
//! in which order sums are made.
//!
//! Not here: which token is where and what is shared (`kv`, `sched`), sampling, masks.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use agentc_constraint::{TokenId, Tokenize, Vocab};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::{DecodeError, LlamaContextLoadError};

use super::{Load, Model, ModelError, ModelInfo, Row, SeqId};

pub mod devices;
pub mod gguf;
mod head;
mod memory;
pub mod proof;
mod state;
mod threads;
mod tokens;

use gguf::Header;
use memory::Cells;
pub use state::file_identity;
use tokens::Tokens;

/// Context in tokens where nothing else is asked for and the model was trained for as much.
const DEFAULT_CTX: u32 = 4096;

/// Rows of one [`Model::decode`].
const N_BATCH: u32 = 512;

/// Rows that are computed at a time: near the best prefill rate, and what a cancel waits for at most.
const N_UBATCH: u32 = 64;

/// What llama.cpp has room for (`LLAMA_MAX_SEQ`); larger ids abort.
const MAX_SEQS: u32 = 256;

/// `LLAMA_FLASH_ATTN_TYPE_DISABLED`.
const FLASH_ATTENTION_OFF: i32 = 0;

/// What to load, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LlamaOptions {
    /// The GGUF file.
    pub path: PathBuf,
    /// What the user called it.
    pub name: String,
    /// Context in tokens; by default 4096, or what the model was trained for if that is less.
    pub n_ctx: Option<u32>,
    /// Threads; by default one for each physical core that may be used.
    pub threads: Option<i32>,
    /// Layers to keep on a GPU; by default what the build does.
    pub gpu_layers: Option<u32>,
    /// Sequences alive at once, up to 256.
    pub seqs: u32,
    /// Bit-identical logits for the same tokens, whatever runs beside them. Takes memory for `seqs` whole
    /// contexts, and time: choose few.
    pub deterministic: bool,
}

impl LlamaOptions {
    /// A file with the defaults: 32 sequences in the fast layout.
    pub fn new(name: impl Into<String>, path: impl Into<PathBuf>) -> LlamaOptions {
        LlamaOptions {
            path: path.into(),
            name: name.into(),
            n_ctx: None,
            threads: None,
            gpu_layers: None,
            seqs: 32,
            deterministic: false,
        }
    }

    /// Reads the head of the file, and refuses what that already tells to be unusable.
    pub fn check(&self) -> Result<Header, ModelError> {
        let header = gguf::read(&self.path).map_err(|error| self.failed(error.to_string()))?;
        head::check(&header).map_err(|reason| self.failed(reason))?;
        check_context(self, &header)?;
        Ok(header)
    }

    fn failed(&self, reason: impl Into<String>) -> ModelError {
        ModelError::Load { name: self.name.clone(), reason: reason.into() }
    }
}

/// Loads a GGUF file with llama.cpp.
#[derive(Debug, Clone)]
pub struct LlamaLoader {
    options: LlamaOptions,
    cancel: Option<Arc<AtomicBool>>,
}

impl LlamaLoader {
    /// A loader of a file.
    pub fn new(options: LlamaOptions) -> LlamaLoader {
        LlamaLoader { options, cancel: None }
    }

    /// What it loads, and how.
    pub fn options(&self) -> &LlamaOptions {
        &self.options
    }

    /// The same, which gives up soon after someone has set `cancel`.
    pub fn cancelled_by(self, cancel: Arc<AtomicBool>) -> LlamaLoader {
        LlamaLoader { cancel: Some(cancel), ..self }
    }
}

impl Load for LlamaLoader {
    fn load(self: Box<Self>, body: &mut dyn FnMut(&mut dyn Model)) -> Result<(), ModelError> {
        let LlamaLoader { options, cancel } = *self;
        let header = options.check()?;
        let backend = backend().map_err(|reason| options.failed(reason))?;
        let model = open(backend, &options, &header, false, cancel)?;
        let params = context_params(&options, &header, &model)?;
        // Reading the vocabulary and making the context take about as long: do them side by side.
        let (tokens, context) = std::thread::scope(|scope| {
            let tokens = scope.spawn(|| Tokens::new(&model.vocab()));
            let context = model.new_context(backend, params);
            (tokens.join(), context)
        });
        let tokens = vocabulary(&options.name, tokens.unwrap_or_else(|_| Err("it cannot be read".into())))?;
        let context = context.map_err(|LlamaContextLoadError::NullReturn| {
            options.failed("llama.cpp cannot make a context for it; a smaller one (`--ctx-size`) may do")
        })?;
        body(&mut Llama::new(&options, &header, &model, tokens, context));
        Ok(())
    }

    /// The file, by whatever path or link it is reached, and all settings.
    fn key(&self) -> Option<String> {
        let path = self.options.path.canonicalize().ok()?;
        Some(format!("{:?}", LlamaOptions { path, name: String::new(), ..self.options.clone() }))
    }
}

fn vocabulary(name: &str, tokens: Result<Tokens, String>) -> Result<Tokens, ModelError> {
    tokens.map_err(|reason| ModelError::Vocab { name: name.to_owned(), reason })
}

/// llama.cpp's global state, made once and kept; its log is silenced.
fn backend() -> Result<&'static LlamaBackend, String> {
    static BACKEND: OnceLock<Result<LlamaBackend, String>> = OnceLock::new();
    let made = BACKEND.get_or_init(|| {
        let mut backend = LlamaBackend::init().map_err(|error| error.to_string())?;
        backend.void_logs();
        Ok(backend)
    });
    made.as_ref().map_err(Clone::clone)
}

/// What llama.cpp says of the instructions that it was compiled for.
#[allow(unsafe_code)]
fn system_info() -> String {
    // SAFETY: the function has no preconditions and gives a text that ends in a zero byte and lives in static memory.
    // It writes that text anew at each call, so calls must not overlap.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let text = unsafe { std::ffi::CStr::from_ptr(llama_cpp_sys_2::llama_print_system_info()) };
    text.to_string_lossy().into_owned()
}

/// Positions beyond those that it was trained for mean nothing to a model.
fn check_context(options: &LlamaOptions, header: &Header) -> Result<(), ModelError> {
    let trained = header.arch_number("context_length").and_then(|tokens| u32::try_from(tokens).ok());
    match (options.n_ctx, trained) {
        (Some(asked), Some(trained)) if asked > trained => {
            Err(ModelError::Untrained { name: options.name.clone(), asked, trained })
        }
        _ => Ok(()),
    }
}

fn open(
    backend: &LlamaBackend,
    options: &LlamaOptions,
    header: &Header,
    vocab_only: bool,
    cancel: Option<Arc<AtomicBool>>,
) -> Result<LlamaModel, ModelError> {
    let mut params = LlamaModelParams::default().with_vocab_only(vocab_only);
    if let Some(cancel) = cancel {
        params = params.with_progress_callback(move |_| !cancel.load(Ordering::Relaxed));
    }
    if let Some(layers) = options.gpu_layers {
        params = params.with_n_gpu_layers(layers);
    }
    let model = LlamaModel::load_from_file(backend, &options.path, &params).map_err(|_| {
        let what = header.architecture().unwrap_or("unknown");
        options.failed(format!("llama.cpp cannot read the file (its architecture is `{what}`)"))
    })?;
    Ok(model)
}

/// Whether all that a model remembers lies in cells that stay, of which those at the end can be dropped.
fn rewinds(options: &LlamaOptions, header: &Header, model: &LlamaModel) -> bool {
    let keeps_cells = options.deterministic || !head::has_window(header);
    keeps_cells && !model.is_recurrent() && !model.is_hybrid()
}

fn context_params(
    options: &LlamaOptions,
    header: &Header,
    model: &LlamaModel,
) -> Result<LlamaContextParams, ModelError> {
    let n_ctx = options.n_ctx.unwrap_or_else(|| DEFAULT_CTX.min(model.n_ctx_train()));
    if !(1..=MAX_SEQS).contains(&options.seqs) {
        return Err(
            options.failed(format!("it was asked for {} sequences; 1 to 256 are possible", options.seqs))
        );
    }
    let streams = if options.deterministic { options.seqs } else { 1 };
    // With fewer cells than sequences llama.cpp aborts; `ModelInfo::n_ctx` stays what was asked for.
    let cells = n_ctx
        .max(options.seqs)
        .checked_mul(streams)
        .filter(|cells| n_ctx > 0 && *cells <= i32::MAX.unsigned_abs())
        .and_then(NonZeroU32::new)
        .ok_or_else(|| options.failed(format!("a context of {n_ctx} tokens is not possible")))?;
    enough_memory(options, header, model, cells)?;
    let threads = options.threads.unwrap_or_else(threads::default_threads).clamp(1, 512);
    Ok(LlamaContextParams::default()
        .with_n_ctx(Some(cells))
        .with_n_batch(N_BATCH)
        .with_n_ubatch(N_UBATCH)
        .with_n_seq_max(options.seqs)
        .with_n_threads(threads)
        .with_n_threads_batch(threads)
        .with_flash_attention_policy(FLASH_ATTENTION_OFF)
        .with_kv_unified(!options.deterministic)
        .with_swa_full(true)
        .with_no_perf(true))
}

/// llama.cpp would take what the system promises and be killed when it writes to it.
fn enough_memory(
    options: &LlamaOptions,
    header: &Header,
    model: &LlamaModel,
    cells: NonZeroU32,
) -> Result<(), ModelError> {
    let (total, seqs) = (u64::from(cells.get()), u64::from(options.seqs));
    let seen = if options.deterministic { total / seqs } else { total };
    let need = memory::need(model, header, Cells { total, seen, rows: N_UBATCH.into(), seqs });
    match memory::available() {
        Some(free) if need > free => Err(options.failed(format!(
            "a context of {cells} tokens needs {} MB, {} MB are free; a smaller one (`--ctx-size`) may do",
            need >> 20,
            free >> 20
        ))),
        _ => Ok(()),
    }
}

/// A vocabulary and its tokenizer without the weights; also of files that have none.
pub struct Vocabulary {
    model: LlamaModel,
    tokens: Tokens,
}

impl Vocabulary {
    /// Reads the vocabulary of a GGUF file.
    pub fn open(name: &str, path: &Path) -> Result<Vocabulary, ModelError> {
        let options = LlamaOptions::new(name, path);
        let header = gguf::read(path).map_err(|error| options.failed(error.to_string()))?;
        let backend = backend().map_err(|reason| options.failed(reason))?;
        let model = open(backend, &options, &header, true, None)?;
        let tokens = vocabulary(name, Tokens::new(&model.vocab()))?;
        Ok(Vocabulary { model, tokens })
    }

    /// The bytes of its tokens.
    pub fn vocab(&self) -> &Arc<Vocab> {
        &self.tokens.vocab
    }

    /// Tokens of template text, in which control tokens are recognised.
    pub fn tokenize_scaffold(&self, text: &str) -> Vec<TokenId> {
        self.tokens.scaffold(&self.model.vocab(), text)
    }
}

impl Tokenize for Vocabulary {
    fn tokenize(&self, text: &[u8]) -> Vec<TokenId> {
        self.tokens.text(&self.model.vocab(), text)
    }
}

/// A loaded model with its context.
struct Llama<'m> {
    info: ModelInfo,
    model: &'m LlamaModel,
    tokens: Tokens,
    context: LlamaContext<'m>,
    batch: LlamaBatch<'static>,
    /// Tokens in each sequence.
    lens: Vec<u32>,
    /// Scratch: [`lens`](Self::lens) as they will be after the batch.
    next: Vec<u32>,
    /// Which rows of the last batch have logits.
    computed: Vec<bool>,
    /// Where llama.cpp has been given each of these rows.
    places: Vec<usize>,
    streams: bool,
    /// Whether a stream was copied since the last batch: llama.cpp does that with the next one.
    copies: bool,
}

impl<'m> Llama<'m> {
    fn new(
        options: &LlamaOptions,
        header: &Header,
        model: &'m LlamaModel,
        tokens: Tokens,
        context: LlamaContext<'m>,
    ) -> Llama<'m> {
        let vocab = model.vocab();
        let known = |token: LlamaToken| TokenId::try_from(token.0).ok();
        let cells = if options.deterministic { context.n_ctx() / options.seqs } else { context.n_ctx() };
        let info = ModelInfo {
            name: options.name.clone(),
            description: header.description(),
            identity: state::identity(options, header, context.n_ctx()),
            n_ctx: options.n_ctx.map_or(cells, |asked| asked.min(cells)),
            n_batch: context.n_batch().min(N_BATCH),
            n_seqs: options.seqs,
            rewinds: rewinds(options, header, model),
            // In streams of their own, sequences do not look at each other's cells; a recurrent model has none to look at.
            price: (!options.deterministic && !model.is_recurrent()).then(|| price(model, header)),
            batches: true,
            chat_template: chat_template(model),
            bos_text: mark_text(model, vocab.bos()),
            eos_text: mark_text(model, vocab.eos()),
            bos: known(vocab.bos()),
            eos: known(vocab.eos()),
            add_bos: vocab.should_add_bos() && known(vocab.bos()).is_some(),
        };
        let lens = vec![0; options.seqs as usize];
        Llama {
            next: lens.clone(),
            lens,
            batch: LlamaBatch::new(N_BATCH as usize, 1),
            info,
            model,
            tokens,
            context,
            computed: Vec::new(),
            places: Vec::new(),
            streams: options.deterministic,
            copies: false,
        }
    }

    /// Has llama.cpp make the copies of streams that it has put off, by a batch of one token that is dropped again.
    /// Saving would read what is not there yet, and what is loaded would be written over.
    fn make_copies(&mut self, seq: SeqId) -> Result<(), ModelError> {
        if !self.copies {
            return Ok(());
        }
        let seq = if self.info.rewinds { seq } else { self.empty()? };
        let len = self.lens[self.seq(seq)?];
        self.decode(&[Row { token: 0, pos: len, seq, logits: false }])?;
        self.truncate(seq, len)
    }

    /// A sequence that holds nothing.
    fn empty(&self) -> Result<SeqId, ModelError> {
        let mut seqs = (0..).zip(&self.lens);
        let empty = seqs.find_map(|(seq, len)| (*len == 0).then_some(seq));
        let reason = || "all sequences are in use".to_owned();
        empty.ok_or_else(|| ModelError::State { what: "saved", reason: reason() })
    }

    /// Refuses a length that a sequence cannot be given.
    fn check_len(&self, seq: SeqId, len: u32, may_go: bool) -> Result<(), ModelError> {
        let held = self.lens[self.seq(seq)?];
        if len > held {
            return Err(misuse(format!("{len} tokens of sequence {seq}, which holds {held}")));
        }
        if !self.info.rewinds && len != held && !(may_go && len == 0) {
            return Err(misuse(format!("sequence {seq} of {held} tokens cannot be cut to {len}")));
        }
        Ok(())
    }

    fn seq(&self, seq: SeqId) -> Result<usize, ModelError> {
        if seq < self.info.n_seqs {
            return Ok(seq as usize);
        }
        Err(misuse(format!("sequence {seq} of {} does not exist", self.info.n_seqs)))
    }

    /// Checks the rows and works out the lengths after them.
    fn plan(&mut self, rows: &[Row]) -> Result<(), ModelError> {
        if rows.is_empty() || rows.len() > self.info.n_batch as usize {
            return Err(misuse(format!(
                "a batch of {} rows; 1 to {} are possible",
                rows.len(),
                self.info.n_batch
            )));
        }
        self.next.clone_from(&self.lens);
        for row in rows {
            let seq = self.seq(row.seq)?;
            if row.token as usize >= self.tokens.vocab.len() {
                return Err(misuse(format!("token {} is not in the vocabulary", row.token)));
            }
            if row.pos != self.next[seq] {
                return Err(misuse(format!(
                    "position {} in sequence {seq}, which holds {} tokens",
                    row.pos, self.next[seq]
                )));
            }
            if row.pos >= self.info.n_ctx {
                return Err(ModelError::Full { n_ctx: self.info.n_ctx });
            }
            self.next[seq] += 1;
        }
        Ok(())
    }

    fn fill(&mut self, rows: &[Row]) -> Result<(), ModelError> {
        self.batch.clear();
        let mut order: Vec<usize> = (0..rows.len()).collect();
        if self.model.is_recurrent() {
            // It takes a step of sequences together whose numbers follow each other, and of others by themselves.
            order.sort_by_key(|&row| rows[row].seq);
        }
        self.places.resize(rows.len(), 0);
        for (place, index) in order.into_iter().enumerate() {
            let row = rows[index];
            self.places[index] = place;
            let number = |n: u32| i32::try_from(n).map_err(|_| misuse(format!("{n} is out of range")));
            let (token, pos, seq) = (number(row.token)?, number(row.pos)?, number(row.seq)?);
            self.batch
                .add(LlamaToken::new(token), pos, &[seq], row.logits)
                .map_err(|error| misuse(error.to_string()))?;
        }
        Ok(())
    }

    /// After a failed batch: drops what it left behind, and with it what cannot be told from that.
    fn restore(&mut self) {
        for seq in 0..self.lens.len() {
            if self.next[seq] != self.lens[seq] {
                self.lens[seq] = if self.info.rewinds { self.lens[seq] } else { 0 };
                // A failure to remove is a failure that the next batch reports.
                let _ = self.remove(seq, self.lens[seq]);
            }
        }
    }

    fn remove(&mut self, seq: usize, from: u32) -> Result<(), ModelError> {
        self.context
            .kv_cache_seq_rm(seq_id(seq)?, Some(from), None)
            .map_err(|error| ModelError::Decode { reason: error.to_string() })
    }
}

impl Tokenize for Llama<'_> {
    fn tokenize(&self, text: &[u8]) -> Vec<TokenId> {
        self.tokens.text(&self.model.vocab(), text)
    }
}

impl Model for Llama<'_> {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn vocab(&self) -> &Arc<Vocab> {
        &self.tokens.vocab
    }

    fn tokenize_scaffold(&self, text: &str) -> Result<Vec<TokenId>, ModelError> {
        if text.len() > i32::MAX as usize / 2 {
            return Err(misuse(format!("template text of {} bytes", text.len())));
        }
        Ok(self.tokens.scaffold(&self.model.vocab(), text))
    }

    fn decode(&mut self, rows: &[Row]) -> Result<(), ModelError> {
        self.computed.clear();
        self.plan(rows)?;
        self.fill(rows)?;
        if let Err(error) = self.context.decode(&mut self.batch) {
            self.restore();
            return Err(match error {
                DecodeError::NoKvCacheSlot => ModelError::Full { n_ctx: self.info.n_ctx },
                other => ModelError::Decode { reason: other.to_string() },
            });
        }
        self.copies = false;
        std::mem::swap(&mut self.lens, &mut self.next);
        self.computed.extend(rows.iter().map(|row| row.logits));
        Ok(())
    }

    fn logits(&self, row: usize) -> Result<&[f32], ModelError> {
        let place = self.places.get(row).map(|&place| i32::try_from(place));
        match (self.computed.get(row), place) {
            (Some(true), Some(Ok(place))) => Ok(self.context.get_logits_ith(place)),
            (Some(_), _) => Err(misuse(format!("row {row} of the last batch did not ask for logits"))),
            (None, _) => Err(misuse(format!("the last batch has no row {row}"))),
        }
    }

    fn share(&mut self, from: SeqId, to: SeqId, len: u32) -> Result<(), ModelError> {
        let (source, target) = (self.seq(from)?, self.seq(to)?);
        self.check_len(from, len, false)?;
        if source == target {
            return self.truncate(to, len);
        }
        self.truncate(to, 0)?;
        if len == 0 {
            return Ok(());
        }
        // Streams can only be copied whole, like all that does not rewind.
        let end = if self.streams || !self.info.rewinds { None } else { Some(len) };
        self.context
            .copy_kv_cache_seq(seq_id(source)?, seq_id(target)?, None, end)
            .map_err(|error| ModelError::Decode { reason: error.to_string() })?;
        self.copies |= self.streams;
        self.lens[target] = if self.streams { self.lens[source] } else { len };
        self.truncate(to, len)
    }

    fn truncate(&mut self, seq: SeqId, len: u32) -> Result<(), ModelError> {
        let index = self.seq(seq)?;
        self.check_len(seq, len, true)?;
        if len < self.lens[index] {
            self.remove(index, len)?;
            self.lens[index] = len;
        }
        Ok(())
    }

    fn save(&mut self, seq: SeqId) -> Result<Vec<u8>, ModelError> {
        let index = self.seq(seq)?;
        self.make_copies(seq)?;
        state::save(&self.context, seq_id(index)?)
    }

    fn load(&mut self, seq: SeqId, len: u32, bytes: &[u8]) -> Result<(), ModelError> {
        let index = self.seq(seq)?;
        if self.lens[index] > 0 || len == 0 || len > self.info.n_ctx {
            let held = self.lens[index];
            return Err(misuse(format!("{len} tokens to load into sequence {seq}, which holds {held}")));
        }
        self.make_copies(seq)?;
        // Of a state there is only the last position.
        let first = if self.info.rewinds { 0 } else { len - 1 };
        let loaded = state::load(&mut self.context, seq_id(index)?, first..len, bytes);
        match loaded {
            Ok(()) => self.lens[index] = len,
            Err(_) => self.remove(index, 0)?,
        }
        loaded
    }
}

/// What a token costs, in cells that another one looks at ([`ModelInfo::price`]). Each number of the weights is used once,
/// and in each layer that has cells a number of the width twice for each cell. But weights are multiplied by kernels that are made for it,
/// and cells are not: a cell takes twice the time that this says, and fourteen times beside AMX, which only weights use
/// (`docs/benchmarks.md`).
fn price(model: &LlamaModel, header: &Header) -> u32 {
    let width = u64::try_from(model.n_embd()).unwrap_or_default();
    let visit = 2 * memory::blocks_with_cells(model, header) * width;
    let slower = if system_info().contains("AMX_INT8 = 1") { 14 } else { 2 };
    u32::try_from(model.n_params() / (visit * slower).max(1)).unwrap_or(u32::MAX)
}

fn chat_template(model: &LlamaModel) -> Option<String> {
    let template = model.chat_template(None).ok()?;
    Some(template.as_c_str().to_string_lossy().into_owned())
}

/// How a template writes a control token; nothing where the vocabulary has none.
fn mark_text(model: &LlamaModel, token: LlamaToken) -> String {
    if token.0 < 0 || token.0 >= model.n_vocab() {
        return String::new();
    }
    String::from_utf8_lossy(&model.vocab().token_to_piece(token, true, None)).into_owned()
}

fn seq_id(seq: usize) -> Result<i32, ModelError> {
    i32::try_from(seq).map_err(|_| misuse(format!("sequence {seq}")))
}

fn misuse(reason: impl Into<String>) -> ModelError {
    ModelError::Misuse { reason: reason.into() }
}
