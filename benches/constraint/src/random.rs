//! Texts and logits that are the same in every run.

pub use agentc_conformance::random::Random;

/// What is measured, out of random numbers.
pub trait Draw {
    /// A word of some syllables.
    fn word(&mut self, syllables: usize) -> String;
    /// Numbers like logits: most lie around zero, one in a thousand stands out.
    fn logits(&mut self, len: usize) -> Vec<f32>;
}

impl Draw for Random {
    fn word(&mut self, syllables: usize) -> String {
        (0..syllables).map(|_| SYLLABLES[self.below(SYLLABLES.len())]).collect()
    }

    fn logits(&mut self, len: usize) -> Vec<f32> {
        let mut number = || {
            let unit = |random: &mut Random| random.below(1 << 20) as f32 / (1 << 20) as f32;
            let usual = (0..4).map(|_| unit(self)).sum::<f32>() * 4.0 - 8.0;
            if self.below(1_000) == 0 { usual + unit(self) * 12.0 } else { usual }
        };
        (0..len).map(|_| number()).collect()
    }
}

/// Their triples are 10,648 words.
pub const SYLLABLES: [&str; 22] = [
    "ka", "lo", "ren", "ti", "mar", "so", "vel", "an", "du", "pi", "ras", "eth", "no", "gul", "ber", "is",
    "tra", "ko", "mel", "ur", "fa", "zin",
];
