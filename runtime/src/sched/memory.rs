//! The model's KV memory and who holds which part of it: sequences are leased, extended, cut, parked and given back.
//!
//! A [`Sequence`] is all that a task knows of the memory: its tokens, and how many of them are evaluated. Whether it holds
//! a lease is nobody's business but this file's: without one it has evaluated nothing, and the next lease begins with
//! whatever the prefix tree has kept of it.

use agentc_constraint::TokenId;

use crate::kv::{Lease, PrefixTree};
use crate::model::{Model, ModelError, SeqId};

/// Tokens that a model reads, and how many of them are in its memory.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    pub(super) tokens: Vec<TokenId>,
    /// How many of them are in the memory.
    pub(super) evaluated: usize,
    lease: Option<Lease>,
}

impl Sequence {
    /// A sequence that holds nothing yet.
    pub(super) fn new(tokens: Vec<TokenId>) -> Sequence {
        Sequence { tokens, evaluated: 0, lease: None }
    }

    /// Its number in the model, while it holds any memory.
    pub(super) fn seq(&self) -> Option<SeqId> {
        self.lease.map(|lease| lease.seq)
    }

    /// Replaces all but the first `keep` tokens; what was evaluated beyond what stays the same counts no more.
    pub(super) fn replace(&mut self, keep: usize, new: &[TokenId]) {
        let old = self.tokens.get(keep..).unwrap_or_default();
        let common = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        self.tokens.truncate(keep + common);
        self.tokens.extend(&new[common..]);
        self.evaluated = self.evaluated.min(keep + common);
    }
}

/// See the module's description.
pub(super) struct Memory<'m> {
    pub(super) model: &'m mut dyn Model,
    kv: PrefixTree,
}

impl<'m> Memory<'m> {
    pub(super) fn new(model: &'m mut dyn Model) -> Memory<'m> {
        let kv = PrefixTree::new(model.info().n_ctx as usize, model.info().n_seqs as usize);
        Memory { model, kv }
    }

    /// Cells that hold tokens.
    pub(super) fn cells(&self) -> usize {
        self.kv.cells()
    }

    /// Gives a sequence a lease that begins with as much of its tokens as the memory holds; all but the last token at
    /// most, since that one's logits are wanted. Answers how many were found there; nothing if it had a lease, or if
    /// none can be had now.
    pub(super) fn lease(&mut self, sequence: &mut Sequence) -> Result<Option<usize>, ModelError> {
        if sequence.lease.is_some() {
            return Ok(None);
        }
        let known = &sequence.tokens[..sequence.tokens.len().saturating_sub(1)];
        let Some(lease) = self.kv.lease(known) else { return Ok(None) };
        match lease.from {
            Some(from) if from == lease.seq => self.model.truncate(lease.seq, lease.len as u32)?,
            Some(from) => self.model.share(from, lease.seq, lease.len as u32)?,
            None => self.model.truncate(lease.seq, 0)?,
        }
        sequence.lease = Some(lease);
        sequence.evaluated = lease.len;
        Ok(Some(lease.len))
    }

    /// Makes room for up to `limit` more tokens of a sequence that has a lease, beside `taken` cells that others are about
    /// to fill; how many there is room for.
    pub(super) fn make_room(
        &mut self,
        sequence: &Sequence,
        taken: usize,
        limit: usize,
    ) -> Result<usize, ModelError> {
        let Some(seq) = sequence.seq() else { return Ok(0) };
        if self.kv.len(seq) > sequence.evaluated {
            self.kv.truncate(seq, sequence.evaluated);
            self.model.truncate(seq, sequence.evaluated as u32)?;
        }
        let rows = (sequence.tokens.len() - sequence.evaluated).min(limit);
        for seq in self.kv.evict_for(taken + rows) {
            self.model.truncate(seq, 0)?;
        }
        Ok(rows.min(self.kv.free_cells().saturating_sub(taken)))
    }

    /// Notes that the next `rows` tokens of a sequence were evaluated.
    pub(super) fn extend(&mut self, sequence: &mut Sequence, rows: usize) {
        let Some(seq) = sequence.seq() else { return };
        let end = sequence.evaluated + rows;
        self.kv.extend(seq, &sequence.tokens[sequence.evaluated..end]);
        sequence.evaluated = end;
    }

    /// Gives back what a sequence holds, cut to its first `keep` tokens, for others to begin with. It can go on later: what
    /// is still there by then is found again.
    pub(super) fn release(&mut self, sequence: &mut Sequence, keep: usize) {
        let Some(lease) = sequence.lease.take() else { return };
        sequence.evaluated = 0;
        if keep < self.kv.len(lease.seq) {
            self.kv.truncate(lease.seq, keep);
            if self.model.truncate(lease.seq, keep as u32).is_err() {
                self.kv.forget(lease.seq);
                return;
            }
        }
        self.kv.release(lease.seq);
    }
}
