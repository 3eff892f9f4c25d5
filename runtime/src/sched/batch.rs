//! Rows that are evaluated together.

use super::memory::Sequence;
use crate::model::Row;

/// Rows of several jobs.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) rows: Vec<Row>,
    pub(super) parts: Vec<Part>,
}

/// One job's share of a batch.
pub(super) struct Part {
    /// Index of the job.
    pub(super) job: usize,
    pub(super) rows: usize,
    /// The row whose logits it waits for, once all its tokens are in.
    pub(super) logits: Option<usize>,
}

impl Batch {
    /// Adds the next `rows` tokens of a job's sequence.
    pub(super) fn add(&mut self, job: usize, sequence: &Sequence, rows: usize) {
        let Some(seq) = sequence.seq() else { return };
        let end = sequence.evaluated + rows;
        let complete = end == sequence.tokens.len();
        for pos in sequence.evaluated..end {
            let logits = complete && pos + 1 == end;
            self.rows.push(Row { token: sequence.tokens[pos], pos: pos as u32, seq, logits });
        }
        self.parts.push(Part { job, rows, logits: complete.then(|| self.rows.len() - 1) });
    }
}
