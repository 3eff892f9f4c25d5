//! Which ASCII bytes lead a state to the same successor, as bits.

use super::{DEAD, StateId};

/// Where the ASCII bytes of a state lead, as far as was known when somebody asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct AsciiBytes {
    /// The largest group that leads to one successor, and one of it.
    pub(super) most: [u64; 2],
    pub(super) byte: u8,
    /// Those that lead nowhere.
    pub(super) dead: [u64; 2],
}

impl AsciiBytes {
    /// Given the successors by class of bytes, each with the ASCII bytes of the class and with its first byte.
    pub(super) fn new(classes: impl Iterator<Item = (StateId, [u64; 2], u8)>) -> AsciiBytes {
        let mut groups: Vec<(StateId, [u64; 2], u8)> = Vec::with_capacity(16);
        for (leads, ascii, byte) in classes {
            match groups.iter_mut().find(|group| group.0 == leads) {
                Some((_, bytes, _)) => *bytes = [bytes[0] | ascii[0], bytes[1] | ascii[1]],
                None => groups.push((leads, ascii, byte)),
            }
        }
        // Fewer than the digits are a literal's bytes.
        const SMALL: u32 = 10;
        let size = |bytes: &[u64; 2]| bytes[0].count_ones() + bytes[1].count_ones();
        let rank = |(leads, bytes, _): &(StateId, [u64; 2], u8)| {
            (*leads != DEAD && size(bytes) >= SMALL, size(bytes))
        };
        let dead = groups.iter().find(|group| group.0 == DEAD).map_or([0; 2], |group| group.1);
        let largest = groups.into_iter().max_by_key(rank);
        let (most, byte) = largest.map_or(([0; 2], 0), |(_, bytes, byte)| (bytes, byte));
        AsciiBytes { most, byte, dead }
    }
}

/// The ASCII bytes of each of so many classes.
pub(super) fn ascii_of(classes: &[u8; 256], len: usize) -> Vec<[u64; 2]> {
    let mut ascii = vec![[0; 2]; len];
    for byte in 0..128 {
        ascii[usize::from(classes[byte])][byte / 64] |= 1 << (byte % 64);
    }
    ascii
}
