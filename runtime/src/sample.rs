//! From logits and a mask to a token: the sampler, and its reproducible random streams.
//!
//! Greedy decoding never applies the mask to the logits: it finds the best token first and checks whether
//! that one is allowed, which it almost always is. Otherwise it looks for the best of those that are.
//!
//! Sums are made in lanes and blocks: additions that wait for each other would take longer than all else here. Their
//! order is part of the result, so it is the same everywhere.
//!
//! Settings that change the choice are applied in this order: penalties, `top_k`, `temp`, `typical`, `min_p`,
//! `top_p`. Greedy decoding uses only the penalties.

mod history;
mod likelihood;
mod typical;

use agentc_constraint::{TokenId, TokenSet, Vocab};
use serde::{Deserialize, Serialize};

pub(crate) use self::likelihood::log_sum;
pub use self::likelihood::{LEAST, Likelihood};

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
    /// Locally typical sampling: the tokens whose information is nearest to what is expected of the next
    /// one, as few as have this share of the probability.
    pub typical: f64,
    /// Divides the logits of tokens that this generation has written (and multiplies negative ones); 1 is off.
    pub repeat_penalty: f64,
    /// Subtracted from a token's logit for each time that this generation has written it.
    pub frequency_penalty: f64,
    /// Subtracted once from the logit of each token that this generation has written.
    pub presence_penalty: f64,
    /// Tokens that may not occur twice in a row of so many; 0 is off.
    pub no_repeat: u32,
}

impl Default for Sampling {
    fn default() -> Sampling {
        Sampling {
            temp: 0.0,
            top_p: 1.0,
            top_k: 0,
            min_p: 0.0,
            typical: 1.0,
            repeat_penalty: 1.0,
            frequency_penalty: 0.0,
            presence_penalty: 0.0,
            no_repeat: 0,
        }
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
            stream = stream.part(*step);
        }
        stream
    }

    /// The stream of a part of what draws from this one: that of its path with one more number.
    #[must_use]
    pub fn part(mut self, number: u64) -> Stream {
        Stream(self.next() ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
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

/// Chooses a token of the mask. `logits` holds one number per token id, `written` the tokens that the
/// generation has written. `None` if nothing is left: the mask is empty, or `no_repeat` forbids all of it.
pub fn choose(
    logits: &[f32],
    mask: &TokenSet,
    vocab: &Vocab,
    sampling: &Sampling,
    written: &[TokenId],
    stream: &mut Stream,
) -> Option<TokenId> {
    let repeated = history::repeated(written, sampling.no_repeat as usize);
    if !repeated.is_empty() {
        let (mask, free) = (mask.without(vocab, &repeated), Sampling { no_repeat: 0, ..sampling.clone() });
        return choose(logits, &mask, vocab, &free, written, stream);
    }
    let logits = &*history::penalised(logits, sampling, written);
    if sampling.temp <= 0.0 {
        return greedy(logits, mask, vocab);
    }
    let mut candidates = Candidates::new(logits, mask, vocab);
    candidates.keep_best(sampling.top_k as usize);
    candidates.keep_typical(sampling.typical, sampling.temp);
    candidates.weigh(sampling.temp);
    candidates.drop_unlikely(sampling.min_p);
    candidates.keep_nucleus(sampling.top_p);
    candidates.draw(stream)
}

/// Numbers that are looked at together: whether a block has any that matters is seen faster than where.
const BLOCK: usize = 64;

/// The best allowed token; of equals the one with the smallest id.
fn greedy(logits: &[f32], mask: &TokenSet, vocab: &Vocab) -> Option<TokenId> {
    /// One in so many tokens is few: then most logits are better than the best allowed one.
    const FEW: usize = 16;
    let best = argmax(logits)?;
    if mask.contains(vocab, best) {
        return Some(best);
    }
    if mask.len() * FEW > logits.len() {
        return best_of_many(logits, mask, vocab);
    }
    let allowed = mask.iter(vocab).filter_map(|id| Some((logit(logits, id)?, id)));
    allowed.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).map(|(_, id)| id)
}

/// The same where many tokens are allowed: the logits are read in order, and only those that are better than the best
/// allowed one so far are looked up in the mask.
fn best_of_many(logits: &[f32], mask: &TokenSet, vocab: &Vocab) -> Option<TokenId> {
    let mut best: Option<(f32, TokenId)> = None;
    for (block, first) in logits.chunks(BLOCK).zip((0..).step_by(BLOCK)) {
        if best.is_some_and(|(best, _)| maximum(block) < best) {
            continue;
        }
        for id in first..first + block.len() as TokenId {
            let Some(x) = logit(logits, id) else { break };
            let is_better = best.is_none_or(|(best, _)| x.total_cmp(&best).is_gt());
            if is_better && mask.contains(vocab, id) {
                best = Some((x, id));
            }
        }
    }
    best.map(|(_, id)| id)
}

/// The index of the largest number, the first of equals. In two passes that are vectorised: the second looks
/// through whole blocks, since a search that may end at each number reads one at a time.
fn argmax(logits: &[f32]) -> Option<TokenId> {
    let best = maximum(logits);
    let has_best = |block: &[f32]| block.iter().fold(false, |found, &x| found | (x == best));
    let from = logits.chunks(BLOCK).position(has_best)? * BLOCK;
    logits[from..].iter().position(|&x| x == best).map(|at| (from + at) as TokenId)
}

fn maximum(numbers: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; 16];
    let chunks = numbers.chunks_exact(16);
    let rest = chunks.remainder().iter().copied();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = if x > *lane { x } else { *lane };
        }
    }
    lanes.into_iter().chain(rest).fold(f32::NEG_INFINITY, f32::max)
}

fn sum(numbers: &[f32]) -> f64 {
    sum_from(numbers, f32::NEG_INFINITY)
}

/// The sum of the numbers from a floor on.
fn sum_from(numbers: &[f32], floor: f32) -> f64 {
    let counted = |x: f32| if x >= floor { f64::from(x) } else { 0.0 };
    let mut lanes = [0.0; 8];
    let chunks = numbers.chunks_exact(8);
    let rest: f64 = chunks.remainder().iter().map(|&x| counted(x)).sum();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += counted(x);
        }
    }
    lanes.into_iter().sum::<f64>() + rest
}

/// A back end's NaN counts as the least likely.
fn logit(logits: &[f32], id: TokenId) -> Option<f32> {
    let x = *logits.get(id as usize)?;
    Some(if x.is_nan() { f32::NEG_INFINITY } else { x })
}

/// The allowed tokens, and for each its logit, later its weight: the probability relative to the best.
struct Candidates {
    ids: Vec<TokenId>,
    weights: Vec<f32>,
}

impl Candidates {
    fn new(logits: &[f32], mask: &TokenSet, vocab: &Vocab) -> Candidates {
        let mut ids = if mask.is_all() {
            // In the order of the logits, which memory likes better than that of the trie.
            vocab.choosable().to_vec()
        } else {
            mask.to_vec(vocab)
        };
        if logits.len() < vocab.len() {
            ids.retain(|&id| (id as usize) < logits.len());
        }
        let weights = ids.iter().map(|&id| logit(logits, id).unwrap_or(f32::NEG_INFINITY)).collect();
        Candidates { ids, weights }
    }

    /// `top_k`; 0 keeps all. As many blocks as tokens are wanted each have a token that is as good as the worst of their
    /// best ones: what is worse than that is out before anything is sorted.
    fn keep_best(&mut self, k: usize) {
        if k == 0 || k >= self.ids.len() {
            return;
        }
        let mut maxima: Vec<f32> = self.weights.chunks(BLOCK).map(maximum).collect();
        let floor = match k < maxima.len() {
            true => *maxima.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a)).1,
            false => f32::NEG_INFINITY,
        };
        let mut best = self.at_least(floor);
        if k < best.len() {
            best.select_nth_unstable_by(k - 1, best_first);
            best.truncate(k);
        }
        best.sort_unstable_by(best_first);
        (self.weights, self.ids) = best.into_iter().unzip();
    }

    /// From logits to weights.
    fn weigh(&mut self, temp: f64) {
        let (best, scale) = (maximum(&self.weights), (1.0 / temp) as f32);
        for weight in &mut self.weights {
            *weight = exp_of_negative((*weight - best) * scale);
        }
    }

    /// `min_p`: the best has weight 1.
    fn drop_unlikely(&mut self, floor: f64) {
        if floor > 0.0 {
            let kept = self.ids.iter().zip(&self.weights).filter(|(_, weight)| f64::from(**weight) >= floor);
            (self.ids, self.weights) = kept.map(|(&id, &weight)| (id, weight)).unzip();
        }
    }

    /// `top_p`: as few of the best as have this share of the whole. Only those are sorted that are as likely as the
    /// least likely of them, or nearly so.
    fn keep_nucleus(&mut self, share: f64) {
        if share >= 1.0 {
            return;
        }
        let enough = sum(&self.weights) * share;
        let mut likely = self.at_least(self.floor_of(enough));
        likely.sort_unstable_by(best_first);
        let mut sum = 0.0;
        let reached = likely.iter().position(|(weight, _)| {
            sum += f64::from(*weight);
            sum >= enough
        });
        likely.truncate(reached.map_or(likely.len(), |last| last + 1));
        (self.weights, self.ids) = likely.into_iter().unzip();
    }

    /// A power of four, or 0: the weights from there on have this sum.
    fn floor_of(&self, enough: f64) -> f32 {
        const LEAST: f32 = 1e-9;
        let mut floor = 0.25;
        while floor > LEAST && sum_from(&self.weights, floor) < enough {
            floor *= 0.25;
        }
        if floor > LEAST { floor } else { 0.0 }
    }

    /// The weights from a floor on, with their tokens.
    fn at_least(&self, floor: f32) -> Vec<(f32, TokenId)> {
        let mut likely = Vec::new();
        for (weights, ids) in self.weights.chunks(BLOCK).zip(self.ids.chunks(BLOCK)) {
            if weights.iter().fold(false, |any, &weight| any | (weight >= floor)) {
                let pairs = weights.iter().copied().zip(ids.iter().copied());
                likely.extend(pairs.filter(|(weight, _)| *weight >= floor));
            }
        }
        likely
    }

    fn draw(&self, stream: &mut Stream) -> Option<TokenId> {
        let sums: Vec<f64> = self.weights.chunks(BLOCK).map(sum).collect();
        let mut at = stream.unit() * sums.iter().sum::<f64>();
        for ((weights, ids), &sum) in self.weights.chunks(BLOCK).zip(self.ids.chunks(BLOCK)).zip(&sums) {
            if at >= sum {
                at -= sum;
                continue;
            }
            for (&id, &weight) in ids.iter().zip(weights) {
                at -= f64::from(weight);
                if at < 0.0 {
                    return Some(id);
                }
            }
        }
        // Rounding may leave a little at the end: it belongs to the last one that can come at all.
        let last = self.weights.iter().rposition(|&weight| weight > 0.0)?;
        Some(self.ids[last])
    }
}

/// Of equals the smaller id.
fn best_first(a: &(f32, TokenId), b: &(f32, TokenId)) -> std::cmp::Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

/// `e` to the power of a number that is not positive, to five digits: the same bits on every platform, and
/// simple enough to be vectorised. 2^x is 2^whole, made from bits, times a polynomial of the rest (the Taylor
/// series around zero, |rest| ≤ 1/2).
fn exp_of_negative(x: f32) -> f32 {
    let power = (x * std::f32::consts::LOG2_E).max(-126.0);
    let whole = (power - 0.5).ceil();
    let rest = (power - whole) * std::f32::consts::LN_2;
    let series = 1.0
        + rest
            * (1.0
                + rest
                    * (0.5 + rest * (1.0 / 6.0 + rest * (1.0 / 24.0 + rest * (1.0 / 120.0 + rest / 720.0)))));
    let scale = f32::from_bits(((whole as i32 + 127) as u32) << 23);
    if power <= -126.0 { 0.0 } else { series * scale }
}

#[cfg(test)]
mod tests;
