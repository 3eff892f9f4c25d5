//! What holds at a place on every path to it: which captures are bound, and what is known of values.

use super::known::{Fact, Known};
use crate::hir::VarId;

/// The state at a place of a function.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    /// Whether the place can be reached.
    pub(super) live: bool,
    /// Captures that have a value.
    bound: Bits,
    /// Captures whose value a generation wrote, so that there are facts about it.
    generated: Bits,
    /// What tests have shown.
    pub(super) known: Known,
}

impl Default for Flow {
    fn default() -> Flow {
        Flow { live: true, bound: Bits::default(), generated: Bits::default(), known: Known::default() }
    }
}

impl Flow {
    /// After `return` and the like: nothing that follows is reached.
    pub(super) fn end(&mut self) {
        self.live = false;
    }

    /// A variable is bound from here on.
    pub(super) fn bind(&mut self, var: VarId) {
        self.bound.insert(var);
    }

    /// A generation has written the variable's value.
    pub(super) fn generate(&mut self, var: VarId) {
        self.bound.insert(var);
        self.generated.insert(var);
    }

    /// Whether it is bound; in a place that is never reached everything is.
    pub(super) fn is_bound(&self, var: VarId) -> bool {
        !self.live || self.bound.contains(var)
    }

    /// Whether a generation has surely written its value.
    pub(super) fn is_generated(&self, var: VarId) -> bool {
        !self.live || self.generated.contains(var)
    }

    /// A variable has another value from here on.
    pub(super) fn forget(&mut self, var: VarId) {
        self.known.retain(|root| root != var);
    }

    /// A variable is not null from here on.
    pub(super) fn is_not_null(&mut self, var: VarId) {
        self.known.learn((var, Vec::new()), Fact::not_null());
    }

    /// The state where two ways meet.
    pub(super) fn meet(mut self, other: Flow) -> Flow {
        if !self.live {
            return other;
        }
        if !other.live {
            return self;
        }
        self.bound.keep(&other.bound);
        self.generated.keep(&other.generated);
        self.known.meet(&other.known);
        self
    }
}

/// A set of variables.
#[derive(Debug, Clone, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn insert(&mut self, var: VarId) {
        let (word, bit) = place(var);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= bit;
    }

    fn contains(&self, var: VarId) -> bool {
        let (word, bit) = place(var);
        self.0.get(word).is_some_and(|w| w & bit != 0)
    }

    fn keep(&mut self, other: &Bits) {
        self.0.truncate(other.0.len());
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= b);
    }
}

fn place(var: VarId) -> (usize, u64) {
    (var.0 as usize / 64, 1 << (var.0 % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_both_ways_bind_is_bound() {
        let (mut a, mut b) = (Flow::default(), Flow::default());
        a.bind(VarId(0));
        a.generate(VarId(100));
        b.bind(VarId(100));
        let met = a.clone().meet(b.clone());
        assert!(!met.is_bound(VarId(0)) && met.is_bound(VarId(100)) && !met.is_generated(VarId(100)));
        b.end();
        assert!(a.meet(b).is_bound(VarId(0)));
    }
}
