//! Sets of bytes.

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteSet([u64; 4]);

impl ByteSet {
    pub(crate) const ALL: ByteSet = ByteSet([u64::MAX; 4]);
    pub(crate) const NONE: ByteSet = ByteSet([0; 4]);

    pub(crate) fn insert(&mut self, byte: u8) {
        self.0[byte as usize / 64] |= 1 << (byte % 64);
    }

    pub(crate) fn contains(&self, byte: u8) -> bool {
        self.0[byte as usize / 64] >> (byte % 64) & 1 == 1
    }

    /// Adds the members of another set.
    pub(crate) fn extend(&mut self, other: &ByteSet) {
        self.0.iter_mut().zip(other.0).for_each(|(word, more)| *word |= more);
    }

    pub(crate) fn remove(&mut self, byte: u8) {
        self.0[byte as usize / 64] &= !(1 << (byte % 64));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }

    /// The only member, if there is just one.
    pub(crate) fn only(&self) -> Option<u8> {
        let one = self.0.iter().map(|word| word.count_ones()).sum::<u32>() == 1;
        let first = || self.0.iter().enumerate().find(|(_, word)| **word != 0);
        let byte = |(at, word): (usize, &u64)| (at as u32 * 64 + word.trailing_zeros()) as u8;
        if one { first().map(byte) } else { None }
    }

    /// Whether a byte of the range is in the set.
    pub(super) fn meets(&self, low: u8, high: u8) -> bool {
        (low / 64..=high / 64).any(|word| {
            let (from, to) = (low.max(word * 64) % 64, high.min(word * 64 + 63) % 64);
            self.0[word as usize] & (u64::MAX << from) & (u64::MAX >> (63 - to)) != 0
        })
    }

    /// A byte of the range that ordinary tokens contain, else the first of the range in the set.
    pub(super) fn plain(&self, low: u8, high: u8) -> Option<u8> {
        let plain = [b'a', b'0', b' ', b'A'].into_iter().filter(|byte| (low..=high).contains(byte));
        plain.chain(low..=high).find(|&byte| self.contains(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::ByteSet;

    #[test]
    fn ranges_meet_sets_that_have_a_byte_of_them() {
        for step in [1usize, 3, 61, 64, 67, 255] {
            let mut set = ByteSet::NONE;
            (7..=255).step_by(step).for_each(|byte| set.insert(byte));
            for low in 0..=255u8 {
                for high in low..=255 {
                    assert_eq!(
                        set.meets(low, high),
                        (low..=high).any(|byte| set.contains(byte)),
                        "{low} {high}"
                    );
                }
            }
        }
    }
}
