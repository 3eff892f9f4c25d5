//! Numbers that are the same in every run: SplitMix64.

/// A stream of numbers.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, or 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    /// A word of some syllables.
    pub fn word(&mut self, syllables: usize) -> String {
        (0..syllables).map(|_| SYLLABLES[self.below(SYLLABLES.len())]).collect()
    }

    /// Numbers like logits: most lie around zero, one in a thousand stands out.
    pub fn logits(&mut self, len: usize) -> Vec<f32> {
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
