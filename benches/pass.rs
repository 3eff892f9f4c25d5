//! How long one pass of a model takes; shared by the programs here that need to know.

use std::time::{Duration, Instant};

use agentc::model::{Model, ModelError, Row};

/// Sequences that a model must have for this.
pub(crate) const SEQS: u32 = 64;

/// Lets all sequences begin with the same tokens.
pub(crate) fn hold(model: &mut dyn Model, held: u32) -> Result<(), ModelError> {
    for seq in 0..SEQS {
        model.truncate(seq, 0)?;
    }
    for from in (0..held).step_by(64) {
        let rows: Vec<Row> = (from..held.min(from + 64)).map(|pos| row(0, pos, false)).collect();
        model.decode(&rows)?;
    }
    (1..SEQS).try_for_each(|seq| model.share(0, seq, held))
}

/// The least time of some passes of so many rows: of one sequence with logits behind the last, or one of each of many.
pub(crate) fn pass(
    model: &mut dyn Model,
    held: u32,
    count: u32,
    one: bool,
    times: usize,
) -> Result<Duration, ModelError> {
    let rows: Vec<Row> = match one {
        true => (0..count).map(|at| row(0, held + at, at + 1 == count)).collect(),
        false => (0..count).map(|seq| row(seq, held, true)).collect(),
    };
    let mut best = Duration::MAX;
    for _ in 0..times {
        let started = Instant::now();
        model.decode(&rows)?;
        let last = rows.len() - 1;
        std::hint::black_box(model.logits(last)?);
        best = best.min(started.elapsed());
        for seq in 0..if one { 1 } else { count } {
            model.truncate(seq, held)?;
        }
    }
    Ok(best)
}

/// Some token, another at each place.
fn row(seq: u32, pos: u32, logits: bool) -> Row {
    Row { token: 300 + (pos * 7 + seq * 13) % 5000, pos, seq, logits }
}
