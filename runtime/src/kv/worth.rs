//! What a cell of the memory is worth, from how often and how lately it was used, and what its token would cost again.
//!
//! The unit of cost is a *visit*: one token that is evaluated looks at one cell. To compute a token again costs as much as
//! `price` visits, and one more for each token before it, at which it looks. Time is counted in tokens evaluated.
//!
//! Each use adds 1 to the *heat* of what was used, and heat halves with every `half_life` tokens: so a beginning that many
//! sequences shared outlives a tail that was used once, though not for ever. (This is the policy LRFU; with a short half
//! life it is "least recently used", with a long one "least often used".) A cell's worth is
//!
//! ```text
//! heat × (price + position)
//! ```
//!
//! which is, but for the factor `half_life`, what it can be expected to save with each token that is evaluated. Length does
//! not occur: cells are compared, and a long prefix is worth as much more as it has more of them.
//!
//! A cell that is kept also costs something: where all sequences lie in one pool, attention passes over all cells in use,
//! those of others included. So one that nobody uses is [given back](Policy::is_idle) even if nobody needs it. One that was
//! used once goes after `price / 2` tokens, and one that was used twice as often after a fourth of the price more: rent is
//! paid up to half the price, and at most one and a half times what was needed is spent.
//!
//! What is given back need not be computed again where it can be kept in another place and copied back. Then that is its
//! price, [`COPY`] for each token of its sequence, those included that are not its own and are copied with it.

/// How often and how lately something was used.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Use {
    /// Uses, each counted less the longer it is ago; as it was at `at`.
    heat: f64,
    /// When it was used last.
    pub(super) at: u64,
}

/// See the module's description.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policy {
    price: f64,
    half_life: f64,
    /// Whether cells that nobody uses cost anything.
    rent: bool,
    /// Whether what they hold can be kept elsewhere.
    shelf: bool,
}

/// What it costs to copy a token away and back, in visits: 27 and 10 microseconds where a visit takes 2. All three grow with
/// the number of layers, and with what each of them keeps of a token.
const COPY: f64 = 18.0;

/// Tokens after which it may be worth while to look for idle cells anew.
const PAUSE: u64 = 8;

/// What a token costs in visits where nothing is known: that of a small model.
const PRICE: u32 = 4096;

impl Policy {
    /// `price` is what a token costs in visits; `None` if sequences do not look at each other's cells.
    pub(super) fn new(price: Option<u32>, capacity: usize) -> Policy {
        let visits = f64::from(price.unwrap_or(PRICE).max(4));
        // What is longer ago than the memory is large says little.
        let half_life = (visits / 4.0).min(capacity.max(1) as f64);
        Policy { price: visits, half_life, rent: price.is_some(), shelf: false }
    }

    pub(super) fn with_shelf(self) -> Policy {
        Policy { shelf: true, ..self }
    }

    /// The first use of something.
    pub(super) fn first(&self, now: u64) -> Use {
        Use { heat: 1.0, at: now }
    }

    /// One more use.
    pub(super) fn again(&self, used: Use, now: u64) -> Use {
        Use { heat: self.heat(used, now) + 1.0, at: now }
    }

    /// What a cell is worth whose token has so many before it.
    pub(super) fn worth(&self, used: Use, position: usize, now: u64) -> f64 {
        self.heat(used, now) * (self.price + position as f64)
    }

    /// Whether it was used more than once of late.
    pub(super) fn is_shared(&self, used: Use, now: u64) -> bool {
        self.heat(used, now) >= 1.5
    }

    /// Whether cells cost more than they can be expected to save: `own` that nobody holds who is at work, at the end of a
    /// sequence of `len` tokens.
    pub(super) fn is_idle(&self, used: Use, own: usize, len: usize, now: u64) -> bool {
        let copy = if self.shelf { COPY * len as f64 / own.max(1) as f64 } else { f64::INFINITY };
        let price = self.price.min(copy);
        let age = now.saturating_sub(used.at) as f64;
        self.rent && age > price / 4.0 * (4.0 * used.heat.max(1.0)).log2()
    }

    /// Tokens after which it may be worth while to look for idle cells anew; `None` if it never is.
    pub(super) fn pause(&self) -> Option<u64> {
        self.rent.then_some(PAUSE)
    }

    fn heat(&self, used: Use, now: u64) -> f64 {
        used.heat * (-(now.saturating_sub(used.at) as f64) / self.half_life).exp2()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_often_outlives_what_was_used_lately() {
        let policy = Policy::new(Some(4000), 8000);
        let often = (0..20).fold(policy.first(0), |used, at| policy.again(used, at * 10));
        let lately = policy.first(2000);
        assert!(policy.worth(often, 0, 2000) > policy.worth(lately, 0, 2000));
        assert!(policy.worth(often, 0, 7000) < policy.worth(policy.first(6800), 0, 7000), "not for ever");
        assert!(policy.worth(lately, 3000, 2100) > policy.worth(lately, 10, 2100), "what costs more again");
    }

    #[test]
    fn what_nobody_uses_goes_after_half_its_price() {
        let policy = Policy::new(Some(4000), 8000);
        let idle = |used: Use, now: u64| policy.is_idle(used, 10, 100, now);
        assert!(!idle(policy.first(0), 1990) && idle(policy.first(0), 2010));
        assert!(
            !idle(policy.again(policy.first(0), 0), 2990) && idle(policy.again(policy.first(0), 0), 3010)
        );
        let free = Policy::new(None, 8000);
        assert!(!free.is_idle(free.first(0), 1, 1, 1 << 40), "cells that cost nothing stay");
        assert_eq!(free.pause(), None);
    }

    #[test]
    fn what_can_be_copied_goes_earlier() {
        let policy = Policy::new(Some(4000), 8000).with_shelf();
        let first = policy.first(0);
        assert!(!policy.is_idle(first, 100, 100, 8) && policy.is_idle(first, 100, 100, 10));
        // To keep the end of a long sequence, all of it is copied.
        assert!(!policy.is_idle(first, 10, 100, 80) && policy.is_idle(first, 10, 100, 100));
        assert!(!policy.is_idle(first, 1, 1000, 1990) && policy.is_idle(first, 1, 1000, 2010));
    }
}
