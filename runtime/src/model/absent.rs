//! What stands in the place of a model where a run needs none ([`needs_model`](crate::Prepared::needs_model)).
//!
//! Its text has no tokens, its context no end, and it has no chat template; to evaluate anything is an error.

use std::sync::Arc;

use agentc_constraint::{TokenId, Tokenize, Vocab};

use super::{Load, Model, ModelError, ModelInfo, Row, SeqId};

/// Lends the absence of a model.
#[derive(Debug, Clone, Copy)]
pub struct Absent;

impl Load for Absent {
    fn load(self: Box<Self>, body: &mut dyn FnMut(&mut dyn Model)) -> Result<(), ModelError> {
        // A vocabulary has at least one token that ends texts, and one that spells some.
        let vocab =
            Vocab::new(&[None, Some(b" ".to_vec())], &[0]).map_err(|error| absent(&error.to_string()))?;
        body(&mut NoModel { info: info(), vocab: Arc::new(vocab) });
        Ok(())
    }
}

struct NoModel {
    info: ModelInfo,
    vocab: Arc<Vocab>,
}

fn info() -> ModelInfo {
    ModelInfo {
        name: "none".into(),
        description: "no model".into(),
        identity: None,
        n_ctx: u32::MAX,
        n_batch: 1,
        n_seqs: 1,
        rewinds: true,
        price: None,
        batches: false,
        chat_template: None,
        bos: None,
        eos: None,
        bos_text: String::new(),
        eos_text: String::new(),
        add_bos: false,
    }
}

fn absent(reason: &str) -> ModelError {
    ModelError::Misuse { reason: format!("there is no model ({reason})") }
}

impl Tokenize for NoModel {
    fn tokenize(&self, _: &[u8]) -> Vec<TokenId> {
        Vec::new()
    }
}

impl Model for NoModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn vocab(&self) -> &Arc<Vocab> {
        &self.vocab
    }

    fn tokenize_scaffold(&self, _: &str) -> Result<Vec<TokenId>, ModelError> {
        Ok(Vec::new())
    }

    fn decode(&mut self, _: &[Row]) -> Result<(), ModelError> {
        Err(absent("nothing can be evaluated"))
    }

    fn logits(&self, _: usize) -> Result<&[f32], ModelError> {
        Err(absent("nothing was evaluated"))
    }

    fn share(&mut self, _: SeqId, _: SeqId, _: u32) -> Result<(), ModelError> {
        Err(absent("nothing can be shared"))
    }

    fn truncate(&mut self, _: SeqId, _: u32) -> Result<(), ModelError> {
        Ok(())
    }
}
