//! Rows that are evaluated together.

use super::activity::Activity;
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
    /// Those of them that are a draft.
    pub(super) drafted: usize,
    /// The tokens of its sequence after which it wants logits, and their rows.
    pub(super) logits: Vec<(usize, usize)>,
}

impl Batch {
    /// Adds the next `rows` tokens of a job's sequence.
    pub(super) fn add(&mut self, job: usize, sequence: &Sequence, activity: &Activity, rows: usize) {
        let Some(seq) = sequence.seq() else { return };
        let end = sequence.evaluated + rows;
        let mut wanted = Vec::new();
        for pos in sequence.evaluated..end {
            let logits = activity.wants(pos, sequence.tokens.len());
            if logits {
                wanted.push((pos, self.rows.len()));
            }
            self.rows.push(Row { token: sequence.tokens[pos], pos: pos as u32, seq, logits });
        }
        self.parts.push(Part { job, rows, drafted: 0, logits: wanted });
    }

    /// Adds the draft of a sequence of which all other tokens are evaluated by then, as rows of one of the parts.
    pub(super) fn add_draft(&mut self, part: usize, sequence: &Sequence) {
        let (Some(seq), Some(part)) = (sequence.seq(), self.parts.get_mut(part)) else { return };
        for (pos, &token) in (sequence.tokens.len()..).zip(sequence.draft()) {
            part.logits.push((pos, self.rows.len()));
            self.rows.push(Row { token, pos: pos as u32, seq, logits: true });
        }
        part.drafted = sequence.draft().len();
        part.rows += part.drafted;
    }
}
