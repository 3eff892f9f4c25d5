//! Whole numbers between two, digit by digit.
//!
//! As an expression, the numbers of 64 bits have an alternative for each digit of the greatest, each with its own copy of the digits
//! that may follow. Here what follows is written down once: so many digits, or up to so many.

use super::compile::Compiler;
use super::program::{Edge, Pc};
use crate::error::BuildError;

/// Where numbers go on in which any digits may follow: behind so many, by their number.
struct Free(Vec<Pc>);

impl Compiler<'_, '_, '_> {
    /// The natural numbers within inclusive bounds, without leading zeros, then `next`.
    pub(super) fn naturals(&mut self, low: u64, high: u64, next: Pc) -> Result<Pc, BuildError> {
        let mut starts = Vec::new();
        if low == 0 {
            starts.push(self.builder.byte(b'0', next)?);
        }
        let low = low.max(1);
        if low <= high {
            let lengths = (low.to_string().len(), high.to_string().len());
            let mut free = Free(vec![next]);
            // Of these lengths all numbers are within.
            let (mut first, mut last) = lengths;
            if low != 10u64.pow(first as u32 - 1) || first == last {
                let end = if first == last { high } else { 10u64.pow(first as u32) - 1 };
                starts.push(self.tight(low.to_string().as_bytes(), end.to_string().as_bytes(), &mut free)?);
                first += 1;
            }
            if last >= first {
                let from = 10u64.pow(last as u32 - 1).to_string();
                starts.push(self.tight(from.as_bytes(), high.to_string().as_bytes(), &mut free)?);
                last -= 1;
            }
            if first <= last {
                starts.push(self.of_lengths(first, last, &mut free)?);
            }
        }
        self.split(starts)
    }

    /// All numbers of some lengths.
    fn of_lengths(&mut self, least: usize, most: usize, free: &mut Free) -> Result<Pc, BuildError> {
        let end = free.0[0];
        let mut rest = end;
        for _ in least..most {
            let digit = self.builder.read_or(vec![(b'0', b'9', rest)], &[])?;
            rest = self.split(vec![digit, end])?;
        }
        for _ in 1..least {
            rest = self.builder.read_or(vec![(b'0', b'9', rest)], &[])?;
        }
        self.builder.read_or(vec![(b'1', b'9', rest)], &[])
    }

    /// The digits between two rows of as many, in order.
    fn tight(&mut self, low: &[u8], high: &[u8], free: &mut Free) -> Result<Pc, BuildError> {
        let (Some((&a, low)), Some((&b, high))) = (low.split_first(), high.split_first()) else {
            return Ok(free.0[0]);
        };
        let rest = low.len();
        let is_least = low.iter().all(|&digit| digit == b'0');
        let is_most = high.iter().all(|&digit| digit == b'9');
        let mut edges: Vec<Edge> = Vec::new();
        let (mut from, mut to) = (a, b);
        if a == b && !(is_least && is_most) {
            return self.tight(low, high, free).and_then(|next| self.builder.byte(a, next));
        }
        if !is_least {
            edges.push((a, a, self.tight(low, &vec![b'9'; rest], free)?));
            from += 1;
        }
        if !is_most {
            edges.push((b, b, self.tight(&vec![b'0'; rest], high, free)?));
            to -= 1;
        }
        if from <= to {
            edges.push((from, to, self.free(rest, free)?));
        }
        edges.sort_unstable();
        self.builder.read_or(edges, &[])
    }

    /// So many digits.
    fn free(&mut self, digits: usize, free: &mut Free) -> Result<Pc, BuildError> {
        while free.0.len() <= digits {
            let next = free.0[free.0.len() - 1];
            free.0.push(self.builder.read_or(vec![(b'0', b'9', next)], &[])?);
        }
        Ok(free.0[digits])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::pattern::builder::Builder;
    use crate::pattern::bytes::ByteSet;
    use crate::pattern::lazy::{DEAD, Dfa};
    use crate::pattern::machine::Machine;
    use crate::pattern::program::Inst;
    use crate::pattern::subset::Subset;

    fn automaton(low: u64, high: u64) -> Dfa {
        let limits = Limits::default();
        let mut builder = Builder::new(&limits);
        let accept = builder.emit(Inst::Accept).expect("room");
        let start = Compiler::new(&mut builder, &[]).naturals(low, high, accept).expect("room");
        let nfa = builder.finish(start).expect("an automaton");
        let machine = Machine::Subset(Subset::new(nfa, &limits).into());
        Dfa::new(machine.adapted(0, ByteSet::ALL, &limits), 0, &limits)
    }

    fn reads(dfa: &Dfa, text: &str) -> bool {
        let start = dfa.start().expect("a state");
        let end = text.bytes().fold(start, |state, byte| dfa.next(state, byte).expect("a state"));
        end != DEAD && dfa.accepts(end)
    }

    #[test]
    fn ranges_hold_exactly_their_numbers() {
        let ends = [0, 1, 2, 9, 10, 11, 19, 99, 100, 101, 109, 358, 999, 1000, 1001];
        for low in ends {
            for high in ends {
                let dfa = automaton(low, high);
                for n in 0..1200 {
                    assert_eq!(
                        reads(&dfa, &n.to_string()),
                        (low..=high).contains(&n),
                        "{n} in {low}..{high}"
                    );
                }
                assert!(!reads(&dfa, "") && !reads(&dfa, "00") && !reads(&dfa, "01"));
            }
        }
    }

    #[test]
    fn the_ends_of_64_bits_are_within() {
        for high in [i64::MAX as u64, u64::MAX, 1 << 63] {
            let dfa = automaton(0, high);
            for (text, is) in [
                (high.to_string(), true),
                ((high - 1).to_string(), true),
                ((u128::from(high) + 1).to_string(), false),
                ((u128::from(high) + 10).to_string(), false),
                ("999999999999999999".to_owned(), true),
                (format!("{high}0"), false),
                ("8".repeat(high.to_string().len() - 1), true),
            ] {
                assert_eq!(reads(&dfa, &text), is, "{text} in 0..{high}");
            }
        }
    }
}
