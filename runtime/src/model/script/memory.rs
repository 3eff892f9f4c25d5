//! The KV memory of scripted models: token lists that check what a real back end would abort on or silently
//! accept.

use agentc_constraint::TokenId;
use rustc_hash::FxHashMap;

use super::super::{ModelError, Row, SeqId};

/// Cells, by number: a cell that two sequences share is one cell.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    seqs: Vec<Vec<(TokenId, u64)>>,
    users: FxHashMap<u64, u32>,
    next: u64,
    capacity: usize,
}

impl Memory {
    pub(super) fn new(capacity: u32, seqs: u32) -> Memory {
        Memory {
            seqs: vec![Vec::new(); seqs as usize],
            users: FxHashMap::default(),
            next: 0,
            capacity: capacity as usize,
        }
    }

    /// The tokens of a sequence, up to a position.
    pub(super) fn tokens(&self, seq: SeqId, len: usize) -> impl Iterator<Item = TokenId> + '_ {
        self.seqs[seq as usize].iter().take(len).map(|(token, _)| *token)
    }

    /// Refuses a batch that does not continue its sequences, or that finds no room.
    pub(super) fn check(&self, rows: &[Row]) -> Result<(), ModelError> {
        let mut lens: FxHashMap<SeqId, usize> = FxHashMap::default();
        for row in rows {
            let held = self.seq(row.seq)?.len();
            let len = lens.entry(row.seq).or_insert(held);
            if row.pos as usize != *len {
                let reason =
                    format!("position {} of sequence {}, which holds {len} tokens", row.pos, row.seq);
                return Err(ModelError::Misuse { reason });
            }
            *len += 1;
        }
        if self.users.len() + rows.len() > self.capacity {
            return Err(ModelError::Full { n_ctx: self.capacity as u32 });
        }
        Ok(())
    }

    pub(super) fn push(&mut self, row: &Row) {
        self.next += 1;
        self.users.insert(self.next, 1);
        self.seqs[row.seq as usize].push((row.token, self.next));
    }

    pub(super) fn share(&mut self, from: SeqId, to: SeqId, len: usize) -> Result<(), ModelError> {
        let held = self.seq(from)?;
        self.seq(to)?;
        if len > held.len() {
            let reason = format!("{len} tokens of sequence {from}, which holds {}", held.len());
            return Err(ModelError::Misuse { reason });
        }
        let shared = held[..len].to_vec();
        for (_, cell) in &shared {
            *self.users.entry(*cell).or_default() += 1;
        }
        self.truncate(to, 0)?;
        self.seqs[to as usize] = shared;
        Ok(())
    }

    pub(super) fn truncate(&mut self, seq: SeqId, len: usize) -> Result<(), ModelError> {
        self.seq(seq)?;
        let held = &mut self.seqs[seq as usize];
        for (_, cell) in held.drain(len.min(held.len())..) {
            if let Some(users) = self.users.get_mut(&cell) {
                *users -= 1;
                if *users == 0 {
                    self.users.remove(&cell);
                }
            }
        }
        Ok(())
    }

    /// Refuses a length that a model which does not rewind cannot give: all that a sequence holds, or nothing if that `may_go`.
    pub(super) fn check_whole(&self, seq: SeqId, len: usize, may_go: bool) -> Result<(), ModelError> {
        let held = self.seq(seq)?.len();
        if len == held || (may_go && len == 0) {
            return Ok(());
        }
        let reason = format!("{len} tokens of sequence {seq}, which holds {held} and cannot be cut");
        Err(ModelError::Misuse { reason })
    }

    /// The tokens of a sequence, as bytes.
    pub(super) fn save(&self, seq: SeqId) -> Result<Vec<u8>, ModelError> {
        Ok(self.seq(seq)?.iter().flat_map(|(token, _)| token.to_le_bytes()).collect())
    }

    /// Fills an empty sequence; tokens are those below `tokens`.
    pub(super) fn load(
        &mut self,
        seq: SeqId,
        len: usize,
        bytes: &[u8],
        tokens: usize,
    ) -> Result<(), ModelError> {
        if !self.seq(seq)?.is_empty() || bytes.len() != len * 4 {
            let reason = format!("{} bytes for {len} tokens of sequence {seq}", bytes.len());
            return Err(ModelError::Misuse { reason });
        }
        if self.users.len() + len > self.capacity {
            return Err(ModelError::Full { n_ctx: self.capacity as u32 });
        }
        let read = |bytes: &[u8]| bytes.iter().rev().fold(0, |token, byte| token << 8 | TokenId::from(*byte));
        let all: Vec<TokenId> = bytes.chunks_exact(4).map(read).collect();
        if all.iter().any(|token| *token as usize >= tokens) {
            return Err(super::state("loaded", "a token is not in the vocabulary"));
        }
        for (pos, token) in (0..).zip(all) {
            self.push(&Row { token, pos, seq, logits: false });
        }
        Ok(())
    }

    fn seq(&self, seq: SeqId) -> Result<&Vec<(TokenId, u64)>, ModelError> {
        let reason = || format!("sequence {seq}: there are {}", self.seqs.len());
        self.seqs.get(seq as usize).ok_or_else(|| ModelError::Misuse { reason: reason() })
    }
}
