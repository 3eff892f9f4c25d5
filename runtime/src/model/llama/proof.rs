//! Trying a model before relying on it, and measuring it.
//!
//! Faults in a file after its header show when it is evaluated: weights that are not numbers, shapes that
//! llama.cpp asserts, instructions that the CPU lacks. The process that tries may die of it, so it should be
//! one that nobody needs. Starting that process and keeping its verdict is up to the caller.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{LlamaLoader, LlamaOptions};
use crate::model::{Load, Model, ModelError, Row, SeqId};

/// Rows of the larger batch: llama.cpp multiplies few rows by other code than many.
const ROWS: u32 = 40;

/// Sequences that are measured together.
const TOGETHER: u32 = 8;

/// How long each measurement takes at least.
const STRETCH: Duration = Duration::from_millis(500);

/// Tokens of context, unless the model was trained for fewer: little memory, and room for eight short sequences.
const CONTEXT: u32 = 512;

/// Tokens of a sequence when it begins anew.
const LENGTH: u32 = 16;

/// How fast a model is here, in tokens per second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// One sequence by itself.
    pub alone: f64,
    /// All of eight sequences that share each batch.
    pub together: f64,
}

/// Loads a model and evaluates one token, then a batch. An error where a logit is no number; what llama.cpp dies of,
/// this process dies of.
pub fn prove(options: &LlamaOptions) -> Result<(), ModelError> {
    with(options, &mut |model| evaluate(model))
}

/// Loads a model, tries it, and measures its speed in about a second.
pub fn measure(options: &LlamaOptions) -> Result<Speed, ModelError> {
    with(options, &mut |model| {
        evaluate(model)?;
        Ok(Speed { alone: speed(model, 1)?, together: speed(model, TOGETHER)? })
    })
}

/// What this build of llama.cpp uses of the CPU, in its own words.
pub fn instructions() -> Vec<String> {
    super::system_info().split('|').filter_map(used).collect()
}

/// `AVX2 = 1` as `AVX2`; what is off is left out.
fn used(entry: &str) -> Option<String> {
    let (name, value) = entry.rsplit_once('=')?;
    let name = name.rsplit(':').next().unwrap_or(name).trim();
    (value.trim() == "1" && !name.is_empty()).then(|| name.to_owned())
}

fn with<T>(
    options: &LlamaOptions,
    body: &mut dyn FnMut(&mut dyn Model) -> Result<T, ModelError>,
) -> Result<T, ModelError> {
    let trained = options.check()?.arch_number("context_length").unwrap_or(u64::MAX);
    let n_ctx = Some(trained.min(u64::from(CONTEXT)) as u32);
    let small = LlamaOptions { n_ctx, seqs: TOGETHER, deterministic: false, ..options.clone() };
    let mut result = None;
    Box::new(LlamaLoader::new(small)).load(&mut |model| result = Some(body(model)))?;
    result.unwrap_or_else(|| Err(options.failed("it was not lent")))
}

/// One token, and then some from all over the vocabulary.
pub(super) fn evaluate(model: &mut dyn Model) -> Result<(), ModelError> {
    let count = model.vocab().len() as u32;
    let first = model.info().bos.unwrap_or(0).min(count.saturating_sub(1));
    decode(model, &[Row { token: first, pos: 0, seq: 0, logits: true }])?;
    model.truncate(0, 0)?;
    let rows = ROWS.min(model.info().n_ctx).min(model.info().n_batch);
    let token = |at: u32| (u64::from(count) * u64::from(at) / u64::from(rows)) as u32;
    let batch: Vec<Row> = (0..rows).map(|pos| Row { token: token(pos), pos, seq: 1, logits: true }).collect();
    decode(model, &batch)?;
    model.truncate(1, 0)
}

/// Evaluates rows that all ask for logits, and looks at these.
fn decode(model: &mut dyn Model, rows: &[Row]) -> Result<(), ModelError> {
    model.decode(rows)?;
    for row in 0..rows.len() {
        if let Some(wrong) = model.logits(row)?.iter().find(|logit| !logit.is_finite()) {
            let reason = format!("its weights are damaged, since a logit is {wrong}");
            return Err(ModelError::Unusable { name: model.info().name.clone(), reason });
        }
    }
    Ok(())
}

fn speed(model: &mut dyn Model, seqs: u32) -> Result<f64, ModelError> {
    let tokens = model.vocab().len() as u32;
    let seqs = seqs.min(model.info().n_ctx / LENGTH).max(1);
    let row = |pos: u32, seq: SeqId| Row { token: (pos * 31 + seq * 7 + 3) % tokens, pos, seq, logits: true };
    let (started, mut made, mut pos) = (Instant::now(), 0_u32, 0);
    while started.elapsed() < STRETCH {
        let batch: Vec<Row> = (0..seqs).map(|seq| row(pos, seq)).collect();
        model.decode(&batch)?;
        (made, pos) = (made + seqs, pos + 1);
        if pos == LENGTH {
            // Not every model can be cut back to somewhere in between.
            (0..seqs).try_for_each(|seq| model.truncate(seq, 0))?;
            pos = 0;
        }
    }
    let speed = f64::from(made) / started.elapsed().as_secs_f64();
    (0..seqs).try_for_each(|seq| model.truncate(seq, 0))?;
    Ok(speed)
}
