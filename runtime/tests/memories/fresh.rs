//! A model that reuses nothing: its memory is lists of tokens, and for every logits that are asked for it evaluates all tokens
//! before them anew. So it can be cut anywhere, and is what another one with memory has to agree with.

use std::sync::Arc;

use agentc_constraint::{TokenId, Tokenize, Vocab};
use agentc_runtime::model::{Model, ModelError, ModelInfo, Row, SeqId};

pub(crate) struct Fresh<'m> {
    inner: &'m mut dyn Model,
    info: ModelInfo,
    seqs: Vec<Vec<TokenId>>,
    logits: Vec<Vec<f32>>,
}

impl Fresh<'_> {
    pub(crate) fn new(inner: &mut dyn Model) -> Fresh<'_> {
        let info =
            ModelInfo { rewinds: true, identity: None, n_seqs: 32, n_ctx: 600, ..inner.info().clone() };
        Fresh { inner, info, seqs: vec![Vec::new(); 32], logits: Vec::new() }
    }
}

impl Tokenize for Fresh<'_> {
    fn tokenize(&self, text: &[u8]) -> Vec<TokenId> {
        self.inner.tokenize(text)
    }
}

impl Model for Fresh<'_> {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn vocab(&self) -> &Arc<Vocab> {
        self.inner.vocab()
    }

    fn tokenize_scaffold(&self, text: &str) -> Result<Vec<TokenId>, ModelError> {
        self.inner.tokenize_scaffold(text)
    }

    fn decode(&mut self, rows: &[Row]) -> Result<(), ModelError> {
        self.logits.clear();
        for row in rows {
            let tokens = &mut self.seqs[row.seq as usize];
            assert_eq!(tokens.len(), row.pos as usize);
            tokens.push(row.token);
            let mut logits = Vec::new();
            if row.logits {
                self.inner.truncate(0, 0)?;
                let last = tokens.len() - 1;
                let row = |(pos, &token): (usize, &TokenId)| Row {
                    token,
                    pos: pos as u32,
                    seq: 0,
                    logits: pos == last,
                };
                let all: Vec<Row> = tokens.iter().enumerate().map(row).collect();
                self.inner.decode(&all)?;
                logits = self.inner.logits(last)?.to_vec();
            }
            self.logits.push(logits);
        }
        Ok(())
    }

    fn logits(&self, row: usize) -> Result<&[f32], ModelError> {
        Ok(&self.logits[row])
    }

    fn share(&mut self, from: SeqId, to: SeqId, len: u32) -> Result<(), ModelError> {
        self.seqs[to as usize] = self.seqs[from as usize][..len as usize].to_vec();
        Ok(())
    }

    fn truncate(&mut self, seq: SeqId, len: u32) -> Result<(), ModelError> {
        self.seqs[seq as usize].truncate(len as usize);
        Ok(())
    }
}
