//! From logits and a mask to a token: the sampler, and its reproducible random streams.
//!
//! Greedy decoding never applies the mask to the logits: it looks for the best token first and asks
//! whether that one is allowed, which it almost always is. Otherwise only the allowed logits are gathered.

use agentc_constraint::{TokenId, TokenSet, Vocab};
use serde::{Deserialize, Serialize};

/// How a token is chosen among the allowed ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// Temperature; 0 is greedy.
    pub temp: f64,
    /// Nucleus: the smallest set of most likely tokens with at least this share of the probability.
    pub top_p: f64,
    /// The most likely tokens kept; 0 keeps all.
    pub top_k: u32,
    /// Tokens less likely than this share of the best one are dropped.
    pub min_p: f64,
}

impl Default for Sampling {
    fn default() -> Sampling {
        Sampling { temp: 0.0, top_p: 1.0, top_k: 0, min_p: 0.0 }
    }
}

/// A stream of pseudo-random numbers: SplitMix64 (Steele, Lea and Flood, 2014). The same on every platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream(u64);

impl Stream {
    /// The stream of a seed and a path: runs with the same seed draw the same numbers in the same call,
    /// whatever else runs beside them.
    pub fn new(seed: u64, path: &[u64]) -> Stream {
        let mut stream = Stream(seed);
        for step in path {
            stream = Stream(stream.next() ^ step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        }
        stream
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0.0..1.0`.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Chooses a token of the mask. `logits` holds one number per token id. `None` if the mask is empty.
pub fn choose(
    logits: &[f32],
    mask: &TokenSet,
    vocab: &Vocab,
    sampling: &Sampling,
    stream: &mut Stream,
) -> Option<TokenId> {
    if sampling.temp <= 0.0 {
        return greedy(logits, mask, vocab);
    }
    let mut candidates: Vec<(f32, TokenId)> =
        mask.iter(vocab).filter_map(|id| Some((logit(logits, id)?, id))).collect();
    keep_top_k(&mut candidates, sampling.top_k);
    let mut weights = softmax(&candidates, sampling.temp);
    let kept = cut(&mut candidates, &mut weights, sampling);
    draw(&candidates[..kept], &weights[..kept], stream)
}

/// The best allowed token; of equals the one with the smallest id.
fn greedy(logits: &[f32], mask: &TokenSet, vocab: &Vocab) -> Option<TokenId> {
    let best = argmax(logits)?;
    if mask.contains(vocab, best) {
        return Some(best);
    }
    let allowed = mask.iter(vocab).filter_map(|id| Some((logit(logits, id)?, id)));
    allowed.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).map(|(_, id)| id)
}

/// The index of the largest number, the first of equals. In two passes, of which the first is vectorised.
fn argmax(logits: &[f32]) -> Option<TokenId> {
    let mut lanes = [f32::NEG_INFINITY; 16];
    let chunks = logits.chunks_exact(16);
    let rest = chunks.remainder().iter().copied();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = if x > *lane { x } else { *lane };
        }
    }
    let best = lanes.into_iter().chain(rest).fold(f32::NEG_INFINITY, f32::max);
    logits.iter().position(|&x| x == best).map(|id| id as TokenId)
}

/// A back end's NaN counts as the least likely.
fn logit(logits: &[f32], id: TokenId) -> Option<f32> {
    let x = *logits.get(id as usize)?;
    Some(if x.is_nan() { f32::NEG_INFINITY } else { x })
}

/// Most likely first; of equals the smaller id.
fn order(a: &(f32, TokenId), b: &(f32, TokenId)) -> std::cmp::Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

fn keep_top_k(candidates: &mut Vec<(f32, TokenId)>, k: u32) {
    let k = k as usize;
    if k > 0 && k < candidates.len() {
        candidates.select_nth_unstable_by(k - 1, order);
        candidates.truncate(k);
    }
    candidates.sort_unstable_by(order);
}

/// Probabilities of candidates that are sorted by falling logits.
fn softmax(candidates: &[(f32, TokenId)], temp: f64) -> Vec<f64> {
    let best = candidates.first().map_or(0.0, |c| f64::from(c.0));
    let mut weights: Vec<f64> = candidates.iter().map(|c| ((f64::from(c.0) - best) / temp).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= sum);
    weights
}

/// How many of the sorted candidates `min_p` and `top_p` leave; at least one.
fn cut(candidates: &mut [(f32, TokenId)], weights: &mut [f64], sampling: &Sampling) -> usize {
    let floor = weights.first().copied().unwrap_or(0.0) * sampling.min_p;
    let likely = weights.iter().take_while(|&&w| w >= floor).count();
    let mut sum = 0.0;
    let nucleus = weights.iter().position(|w| {
        sum += w;
        sum >= sampling.top_p
    });
    likely.min(nucleus.map_or(candidates.len(), |i| i + 1)).max(1).min(candidates.len())
}

fn draw(candidates: &[(f32, TokenId)], weights: &[f64], stream: &mut Stream) -> Option<TokenId> {
    let sum: f64 = weights.iter().sum();
    let mut at = stream.unit() * sum;
    for (candidate, weight) in candidates.iter().zip(weights) {
        at -= weight;
        if at < 0.0 {
            return Some(candidate.1);
        }
    }
    candidates.last().map(|c| c.1)
}
