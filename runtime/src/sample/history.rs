//! What a generation has written, compared with what it may write next.

use std::borrow::Cow;

use agentc_constraint::TokenId;
use rustc_hash::FxHashMap;

use super::Sampling;

/// The logits with the penalties of a sampling; the same ones where it has none.
pub(super) fn penalised<'l>(logits: &'l [f32], sampling: &Sampling, written: &[TokenId]) -> Cow<'l, [f32]> {
    let off = sampling.repeat_penalty == 1.0
        && sampling.frequency_penalty == 0.0
        && sampling.presence_penalty == 0.0;
    if off || written.is_empty() {
        return Cow::Borrowed(logits);
    }
    let mut counts: FxHashMap<TokenId, u32> = FxHashMap::default();
    for &token in written {
        *counts.entry(token).or_default() += 1;
    }
    let mut logits = logits.to_vec();
    for (token, count) in counts {
        let Some(logit) = logits.get_mut(token as usize) else { continue };
        let x = f64::from(*logit);
        let x = if x > 0.0 { x / sampling.repeat_penalty } else { x * sampling.repeat_penalty };
        let x = x - f64::from(count) * sampling.frequency_penalty - sampling.presence_penalty;
        *logit = x as f32;
    }
    Cow::Owned(logits)
}

/// The tokens that would complete a row of `size` tokens that has been written before; 0 forbids nothing.
pub(super) fn repeated(written: &[TokenId], size: usize) -> Vec<TokenId> {
    if size == 0 || written.len() < size {
        return Vec::new();
    }
    let last = &written[written.len() + 1 - size..];
    let rows = written.windows(size).filter(|row| row.starts_with(last));
    rows.filter_map(|row| row.last().copied()).collect()
}
