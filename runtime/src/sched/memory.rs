//! The model's KV memory and who holds which part of it: sequences are leased, extended, cut, parked and given back.
//!
//! A [`Sequence`] is all that a task knows of the memory: its tokens, and how many of them are evaluated. Whether it holds
//! a lease is nobody's business but this file's: without one it has evaluated nothing, and the next lease begins with
//! whatever the prefix tree has kept of it.

use agentc_constraint::TokenId;

use crate::kv::{Lease, PrefixTree, common_prefix};
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
        let common = common_prefix(old, new);
        self.tokens.truncate(keep + common);
        self.tokens.extend(&new[common..]);
        self.evaluated = self.evaluated.min(keep + common);
    }
}

/// See the module's description.
pub(super) struct Memory<'m> {
    pub(super) model: &'m mut dyn Model,
    kv: PrefixTree,
    /// Beginnings that are evaluated by themselves.
    beginnings: Vec<Vec<TokenId>>,
}

impl<'m> Memory<'m> {
    pub(super) fn new(model: &'m mut dyn Model) -> Memory<'m> {
        let info = model.info();
        let kv = PrefixTree::new(info.n_ctx as usize, info.n_seqs as usize, info.price);
        Memory { model, kv, beginnings: Vec::new() }
    }

    /// From now on no batch goes beyond the end of this beginning. In which batches a text is evaluated may change the last
    /// digits of its logits; so what follows a beginning gets the same ones whether that was evaluated or loaded.
    pub(super) fn part_behind(&mut self, tokens: Vec<TokenId>) {
        self.beginnings.push(tokens);
    }

    /// How many of the next `rows` tokens of a sequence stand before the end of a beginning.
    fn up_to_part(&self, sequence: &Sequence, rows: usize) -> usize {
        let Sequence { tokens, evaluated, .. } = sequence;
        let ends = self.beginnings.iter().filter(|beginning| {
            (evaluated + 1..evaluated + rows).contains(&beginning.len()) && tokens.starts_with(beginning)
        });
        ends.map(|beginning| beginning.len() - evaluated).min().unwrap_or(rows)
    }

    /// Cells that hold tokens.
    pub(super) fn cells(&self) -> usize {
        self.kv.cells()
    }

    /// How many of these tokens the memory holds, from the first on.
    pub(super) fn known(&self, tokens: &[TokenId]) -> usize {
        self.kv.longest_prefix(tokens)
    }

    /// Whether a sequence without a lease fits beside those that have one, if it grows by `more` tokens, and they
    /// together by `growth`.
    pub(super) fn fits(&self, sequence: &Sequence, more: usize, growth: usize) -> bool {
        let held = self.kv.held();
        let own = sequence.tokens.len() - held.prefix(&sequence.tokens);
        held.cells() + own + more + growth <= self.kv.capacity()
    }

    /// Whether any sequence can have a lease now.
    pub(super) fn can_lease(&self) -> bool {
        self.kv.can_lease()
    }

    /// Gives a sequence a lease that begins with as much of its tokens as the memory holds; all but the last token at
    /// most, since that one's logits are wanted. Answers how many were found there; nothing if it had a lease, or if
    /// none can be had now.
    pub(super) fn lease(&mut self, sequence: &mut Sequence) -> Result<Option<usize>, ModelError> {
        if sequence.lease.is_some() {
            return Ok(None);
        }
        let known = &sequence.tokens[..sequence.tokens.len().saturating_sub(1)];
        let Some(lease) = self.take(known)? else { return Ok(None) };
        sequence.lease = Some(lease);
        sequence.evaluated = lease.len;
        Ok(Some(lease.len))
    }

    /// A lease of a sequence that begins with as much of some tokens as the memory holds.
    fn take(&mut self, tokens: &[TokenId]) -> Result<Option<Lease>, ModelError> {
        let Some(lease) = self.kv.lease(tokens) else { return Ok(None) };
        let shared = match lease.from {
            Some(from) if from == lease.seq => self.model.truncate(lease.seq, lease.len as u32),
            Some(from) => self.model.share(from, lease.seq, lease.len as u32),
            None => self.model.truncate(lease.seq, 0),
        };
        if let Err(error) = shared {
            self.kv.forget(lease.seq);
            return Err(error);
        }
        Ok(Some(lease))
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
        let rows = self.up_to_part(sequence, (sequence.tokens.len() - sequence.evaluated).min(limit));
        self.evict_for(taken + rows)?;
        Ok(rows.min(self.kv.free_cells().saturating_sub(taken)))
    }

    fn evict_for(&mut self, cells: usize) -> Result<(), ModelError> {
        for (seq, len) in self.kv.evict_for(cells) {
            self.model.truncate(seq, len as u32)?;
        }
        Ok(())
    }

    /// What the memory holds of some tokens, as bytes; nothing if it does not hold all of them, or no sequence can be had.
    pub(super) fn save(&mut self, tokens: &[TokenId]) -> Result<Option<Vec<u8>>, ModelError> {
        if self.kv.longest_prefix(tokens) < tokens.len() {
            return Ok(None);
        }
        let Some(lease) = self.take(tokens)? else { return Ok(None) };
        let bytes = self.model.save(lease.seq);
        self.kv.release(lease.seq);
        bytes.map(Some)
    }

    /// Takes in what a memory held of some tokens, for others to begin with. Says whether there was room.
    pub(super) fn load(&mut self, tokens: &[TokenId], bytes: &[u8]) -> Result<bool, ModelError> {
        self.evict_for(tokens.len())?;
        if self.kv.free_cells() < tokens.len() {
            return Ok(false);
        }
        let Some(lease) = self.take(&[])? else { return Ok(false) };
        let loaded = self.model.load(lease.seq, tokens.len() as u32, bytes);
        if loaded.is_ok() {
            self.kv.extend(lease.seq, tokens);
        }
        self.kv.release(lease.seq);
        loaded.map(|()| true)
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
