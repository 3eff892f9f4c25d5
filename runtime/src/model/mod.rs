//! Language models as the runtime sees them: tokens in, logits out.
//!
//! A [`Model`] owns the memory of its sequences (the KV cache) but makes no decisions about it: `kv` and
//! `sched` decide which tokens are where, what is shared and what is evicted. It knows neither patterns nor
//! programs. There are two implementations: [`script`] answers in logits, from rules, for tests; `llama` runs
//! GGUF files (feature `llama`).

use std::sync::Arc;

use agentc_constraint::{TokenId, Tokenize, Vocab};

pub mod absent;
#[cfg(feature = "llama")]
pub mod llama;
pub mod script;

/// A sequence of the model's KV memory; below [`ModelInfo::n_seqs`].
pub type SeqId = u32;

/// What is fixed about a loaded model.
#[derive(Debug, Clone)]
pub struct ModelInfo {
    /// What the user called it.
    pub name: String,
    /// The model's own description (architecture, size, quantisation).
    pub description: String,
    /// Everything that the contents of its memory depend on beside the tokens: the file, how it is evaluated, how the memory
    /// is laid out. What one model has [saved](Model::save) another one with the same identity can load; `None` if this one
    /// cannot save anything.
    pub identity: Option<String>,
    /// Cells of KV memory, in tokens; one sequence can be at most this long.
    pub n_ctx: u32,
    /// Rows that one [`Model::decode`] takes at most.
    pub n_batch: u32,
    /// Sequences that can be alive at once.
    pub n_seqs: u32,
    /// Whether a sequence can be cut to any length. The memory of a model that does not *rewind*, such as a recurrent one, is
    /// about all tokens together: its sequences can be [shared](Model::share) as a whole and dropped as a whole.
    pub rewinds: bool,
    /// What it costs to evaluate a token, counted in cells that another token looks at meanwhile; `None` if sequences do not
    /// look at each other's cells, so that full memory is as fast as an empty one.
    pub price: Option<u32>,
    /// Whether a batch of several rows takes less time than one for each of them, since the weights are read once for all.
    pub batches: bool,
    /// The chat template (Jinja), if the file carries one.
    pub chat_template: Option<String>,
    /// Beginning of text: what a context without any token starts with.
    pub bos: Option<TokenId>,
    /// End of text.
    pub eos: Option<TokenId>,
    /// What [`bos`](Self::bos) is called in chat templates; empty if there is none.
    pub bos_text: String,
    /// What [`eos`](Self::eos) is called in chat templates; empty if there is none.
    pub eos_text: String,
    /// Whether every context starts with [`bos`](Self::bos).
    pub add_bos: bool,
}

/// One token to evaluate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The token.
    pub token: TokenId,
    /// Its position in the sequence, from 0; the sequence must hold exactly the positions before it.
    pub pos: u32,
    /// The sequence it extends.
    pub seq: SeqId,
    /// Whether the logits after it are wanted.
    pub logits: bool,
}

/// What is known of a generation beyond the tokens of its sequence.
#[derive(Debug, Clone, Copy)]
pub struct Outlook<'a> {
    /// How many of the sequence's tokens are the prompt; those behind it are generated.
    pub prompt: usize,
    /// The end of the prompt's text that healing took back. What is generated begins with it.
    pub healed: &'a [u8],
    /// Whether what follows the prompt is given, and only judged.
    pub judged: bool,
}

/// What can go wrong in a model or its file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The file is missing, unreadable or not a model.
    #[error("cannot load the model `{name}`: {reason}")]
    Load {
        /// What was asked for.
        name: String,
        /// Why not.
        reason: String,
    },
    /// It was tried in a process of its own, which came to no good end.
    #[error("the model `{name}` cannot be used: {reason}")]
    Unusable {
        /// The model.
        name: String,
        /// How the process ended.
        reason: String,
    },
    /// More context was asked for than the model knows what to do with.
    #[error("the model `{name}` was trained for a context of {trained} tokens, not for {asked}")]
    Untrained {
        /// What was asked for.
        name: String,
        /// The context that was asked for.
        asked: u32,
        /// The one that it was trained for.
        trained: u32,
    },
    /// The model's vocabulary cannot be used.
    #[error("the vocabulary of `{name}` cannot be used: {reason}")]
    Vocab {
        /// The model.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A request that the model would have answered by an abort or with nonsense.
    #[error("the model was asked for something invalid: {reason}")]
    Misuse {
        /// What it was.
        reason: String,
    },
    /// Evaluation failed.
    #[error("the model failed to evaluate a batch: {reason}")]
    Decode {
        /// What the back end said.
        reason: String,
    },
    /// No KV memory is left for a batch.
    #[error("the model's context of {n_ctx} tokens is full")]
    Full {
        /// Cells there are.
        n_ctx: u32,
    },
    /// What a sequence holds could not be told, or not be taken in.
    #[error("the model's memory cannot be {what}: {reason}")]
    State {
        /// "saved" or "loaded".
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// The program has roles, and the model no chat template.
    #[error("the model has no chat template, and the program uses roles")]
    NoTemplate,
    /// The left side of a scripted model's rule is not a regex.
    #[error("`/{pattern}/` is not a regex that a script can use: {reason}")]
    Rule {
        /// The regex.
        pattern: String,
        /// Why not.
        reason: String,
    },
    /// A scripted model had no rule for a prompt.
    #[error("no rule of the scripted model matches the end of the prompt: {tail:?}")]
    NoRule {
        /// The prompt's last characters.
        tail: String,
    },
    /// A scripted answer was written to its end, and the generation goes on.
    #[error("the answer {answer:?} of the script is used up, and the generation goes on: {tail:?}")]
    AnswerOver {
        /// The answer.
        answer: String,
        /// The last characters of what was read and written.
        tail: String,
    },
}

impl ModelError {
    /// What the user can do.
    pub fn hint(&self) -> Option<String> {
        match self {
            ModelError::Load { .. } => Some(
                "`agentc model ls` lists the models on this machine; `agentc model pull smollm2` downloads one"
                    .into(),
            ),
            ModelError::Unusable { .. } => Some(
                "bring the file again, or take another model; `agentc doctor -m MODEL` tries it anew".into(),
            ),
            ModelError::Untrained { trained, .. } => {
                Some(format!("give a `--ctx-size` (in a program, `ctx`) of at most {trained}"))
            }
            ModelError::Full { .. } => {
                Some("use a larger context with `--ctx-size`, or shorten the prompt".into())
            }
            ModelError::NoRule { .. } => Some("add a rule whose left side is the end of this prompt".into()),
            ModelError::AnswerOver { .. } => Some(
                "give the rule a longer answer, the generation a type or a `stop` that ends there, or add a rule whose left side is the end of this text"
                    .into(),
            ),
            ModelError::Rule { .. } => Some("the syntax is that of Rust's regex crate".into()),
            ModelError::NoTemplate => {
                Some("use an instruct model, or write the prompt as plain text".into())
            }
            ModelError::Vocab { .. }
            | ModelError::Misuse { .. }
            | ModelError::Decode { .. }
            | ModelError::State { .. } => None,
        }
    }
}

/// A model with KV memory. Lives on one thread.
///
/// [`Tokenize`] gives the canonical tokens of plain text: no control tokens, no added prefix.
pub trait Model: Tokenize {
    /// What is fixed about it.
    fn info(&self) -> &ModelInfo;

    /// Its vocabulary.
    fn vocab(&self) -> &Arc<Vocab>;

    /// Tokens of template text, in which control tokens are recognised.
    fn tokenize_scaffold(&self, text: &str) -> Result<Vec<TokenId>, ModelError>;

    /// Tells what is known of the generation in a sequence, before its logits are asked for. A model that
    /// predicts has no use for it; one that answers from rules looks at the whole prompt.
    fn foretell(&mut self, _seq: SeqId, _outlook: Outlook<'_>) {}

    /// Evaluates the rows in order. On an error the sequences are as they were before; those of the batch may hold nothing any
    /// more if the model does not rewind.
    fn decode(&mut self, rows: &[Row]) -> Result<(), ModelError>;

    /// The logits, one per token id, after row `row` of the last batch; the row must have asked for them.
    fn logits(&self, row: usize) -> Result<&[f32], ModelError>;

    /// Whether a model that answers from rules has no more to say after such a row, so that any token but an end of the turn
    /// is none that it wanted.
    fn has_ended(&self, _row: usize) -> bool {
        false
    }

    /// What such a model says of a generation that was completed by a token which it did not want: `value` are its tokens,
    /// behind those of its prompt.
    fn judge(&self, _seq: SeqId, _prompt: &[TokenId], _value: &[TokenId]) -> Result<(), ModelError> {
        Ok(())
    }

    /// Makes `to` hold the first `len` tokens of `from`, and nothing else. Cells are shared, not copied. Of a model that does
    /// not rewind, these must be all that `from` holds.
    fn share(&mut self, from: SeqId, to: SeqId, len: u32) -> Result<(), ModelError>;

    /// Drops all but the first `len` tokens of a sequence: all, or none, if the model does not rewind.
    fn truncate(&mut self, seq: SeqId, len: u32) -> Result<(), ModelError>;

    /// What a sequence holds, as bytes. A model whose [`ModelInfo::identity`] is `None` has none. The logits of the last batch
    /// may be gone afterwards.
    ///
    /// # Errors
    /// There is no such sequence, or it cannot be saved.
    fn save(&mut self, _seq: SeqId) -> Result<Vec<u8>, ModelError> {
        Err(ModelError::State { what: "saved", reason: "this model cannot do that".into() })
    }

    /// Makes an empty sequence hold `len` tokens, from bytes that a model with the same identity has saved of them. Whoever
    /// calls it makes sure of both: not every change of the bytes is noticed here. The logits of the last batch may be gone
    /// afterwards.
    ///
    /// # Errors
    /// They are not such bytes, or there is no room; the sequence is empty then.
    fn load(&mut self, _seq: SeqId, _len: u32, _bytes: &[u8]) -> Result<(), ModelError> {
        Err(ModelError::State { what: "loaded", reason: "this model cannot do that".into() })
    }
}

/// Makes a model and lends it.
///
/// llama.cpp's context borrows its model, and neither may leave its thread; so a loader runs on the
/// thread that will own them and lends the model for as long as `body` runs.
pub trait Load: Send {
    /// Loads the model and calls `body` once with it; an error means that `body` was not called.
    fn load(self: Box<Self>, body: &mut dyn FnMut(&mut dyn Model)) -> Result<(), ModelError>;

    /// What is loaded and how, as far as that can be told: of loaders that say the same, one is enough. What the
    /// user calls the model is no part of it.
    fn key(&self) -> Option<String> {
        None
    }
}
