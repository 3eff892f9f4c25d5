//! Locally typical sampling (Meister et al., 2022).

use super::{Candidates, exp_of_negative, maximum};

impl Candidates {
    /// `typical`: the tokens whose information, −ln p, is nearest to its mean, as few as have this share of
    /// the whole. At a temperature −ln p is a constant minus the scaled logit, so the distance of logits to
    /// their mean says the same, and no logarithm is needed. Weights are logits before and after.
    pub(super) fn keep_typical(&mut self, share: f64, temp: f64) {
        if share >= 1.0 {
            return;
        }
        let (best, scale) = (maximum(&self.weights), (1.0 / temp) as f32);
        let scaled: Vec<f32> = self.weights.iter().map(|&logit| (logit - best) * scale).collect();
        let shares: Vec<f64> = scaled.iter().map(|&x| f64::from(exp_of_negative(x))).collect();
        let total: f64 = shares.iter().sum();
        let parts = shares.iter().zip(&scaled).filter(|(share, _)| **share > 0.0);
        let mean = parts.map(|(share, &x)| share * f64::from(x)).sum::<f64>() / total;
        let far = |at: usize| (f64::from(scaled[at]) - mean).abs();
        let mut order: Vec<usize> = (0..self.ids.len()).collect();
        order.sort_unstable_by(|&a, &b| far(a).total_cmp(&far(b)).then(self.ids[a].cmp(&self.ids[b])));
        let mut sum = 0.0;
        let reached = order.iter().position(|&at| {
            sum += shares[at];
            sum >= share * total
        });
        order.truncate(reached.map_or(order.len(), |last| last + 1));
        self.weights = order.iter().map(|&at| self.weights[at]).collect();
        self.ids = order.iter().map(|&at| self.ids[at]).collect();
    }
}
