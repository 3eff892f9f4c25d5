//! How likely the model thinks tokens are: its own distribution, before masks and settings.

use agentc_constraint::{TokenId, TokenSet, Vocab};

/// The least log-probability of a token: what the model rules out altogether has this one, so that sums stay finite.
pub const LEAST: f64 = -1000.0;

/// The distribution that logits stand for.
pub struct Likelihood<'l> {
    logits: &'l [f32],
    best: f64,
    total: f64,
    total_log: f64,
}

impl<'l> Likelihood<'l> {
    /// That of the logits of all tokens.
    pub fn of(logits: &'l [f32]) -> Likelihood<'l> {
        let best = logits.iter().copied().map(finite).fold(f64::from(f32::MIN), f64::max);
        let total: f64 = logits.iter().map(|&x| (finite(x) - best).exp()).sum();
        Likelihood { logits, best, total, total_log: total.ln() }
    }

    /// The log-probability of a token.
    pub fn log(&self, token: TokenId) -> f64 {
        self.logits.get(token as usize).map_or(LEAST, |&x| bounded(finite(x) - self.best - self.total_log))
    }

    /// The logarithm of the probability that one of these tokens comes; no token may be among them twice.
    pub fn log_of_any(&self, tokens: impl Iterator<Item = TokenId>) -> f64 {
        bounded((self.weight(tokens) / self.total).ln())
    }

    /// The share of probability of a mask.
    pub fn share(&self, mask: &TokenSet, vocab: &Vocab) -> f64 {
        (self.weight(mask.iter(vocab)) / self.total).min(1.0)
    }

    fn weight(&self, tokens: impl Iterator<Item = TokenId>) -> f64 {
        let logits = tokens.filter_map(|token| self.logits.get(token as usize));
        logits.map(|&x| (finite(x) - self.best).exp()).sum()
    }
}

/// The logarithm of the sum of numbers whose logarithms are given.
pub(crate) fn log_sum(logs: &[f64]) -> f64 {
    let best = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if best == f64::NEG_INFINITY {
        best
    } else {
        best + logs.iter().map(|log| (log - best).exp()).sum::<f64>().ln()
    }
}

/// A back end's NaN counts as the least likely, and nothing is infinite.
fn finite(logit: f32) -> f64 {
    f64::from(if logit.is_nan() { f32::MIN } else { logit.clamp(f32::MIN, f32::MAX) })
}

/// Between [`LEAST`] and 0.
fn bounded(log: f64) -> f64 {
    if log.is_nan() { LEAST } else { log.clamp(LEAST, 0.0) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_sum_to_one_and_nothing_is_infinite() {
        let logits = [1.5f32, f32::NEG_INFINITY, 0.0, f32::NAN, -3.0];
        let likelihood = Likelihood::of(&logits);
        let logs: Vec<f64> = (0..5).map(|token| likelihood.log(token)).collect();
        assert!((logs.iter().map(|log| log.exp()).sum::<f64>() - 1.0).abs() < 1e-12, "{logs:?}");
        assert_eq!((logs[1], logs[3], likelihood.log(9)), (LEAST, LEAST, LEAST));
        assert!((logs[0] - logs[2] - 1.5).abs() < 1e-12);
        assert!((likelihood.log_of_any([0, 2].into_iter()) - log_sum(&[logs[0], logs[2]])).abs() < 1e-12);
        assert_eq!(likelihood.log_of_any([].into_iter()), LEAST);
        assert_eq!(likelihood.log_of_any([1, 3].into_iter()), LEAST);
    }

    #[test]
    fn what_no_model_should_say_still_has_numbers() {
        for logits in [[f32::NAN; 2], [f32::NEG_INFINITY; 2], [f32::INFINITY; 2], [f32::MAX; 2]] {
            let likelihood = Likelihood::of(&logits);
            assert!((likelihood.log(0) - 0.5f64.ln()).abs() < 1e-12, "{logits:?}");
        }
        let likelihood = Likelihood::of(&[f32::INFINITY, 0.0]);
        assert_eq!((likelihood.log(0), likelihood.log(1)), (0.0, LEAST));
        assert_eq!(log_sum(&[]), f64::NEG_INFINITY);
        assert!((log_sum(&[-1000.0, -1000.0]) + 1000.0 - 2f64.ln()).abs() < 1e-12);
    }
}
