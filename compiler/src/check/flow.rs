//! Which captures are bound at a place, whatever way led there.

/// The state at a place of a function.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    /// Whether the place can be reached.
    pub(super) live: bool,
    bound: Vec<bool>,
}

impl Default for Flow {
    fn default() -> Flow {
        Flow { live: true, bound: Vec::new() }
    }
}

impl Flow {
    /// After `return` and the like: nothing that follows is reached.
    pub(super) fn end(&mut self) {
        self.live = false;
    }

    /// A variable is bound from here on.
    pub(super) fn bind(&mut self, var: usize) {
        if self.bound.len() <= var {
            self.bound.resize(var + 1, false);
        }
        self.bound[var] = true;
    }

    /// Whether it is bound; in a place that is never reached everything is.
    pub(super) fn is_bound(&self, var: usize) -> bool {
        !self.live || self.bound.get(var).copied().unwrap_or(false)
    }

    /// The state where two ways meet.
    pub(super) fn meet(self, other: Flow) -> Flow {
        if !self.live {
            return other;
        }
        if !other.live {
            return self;
        }
        let bound = self.bound.iter().zip(&other.bound).map(|(a, b)| *a && *b).collect();
        Flow { live: true, bound }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_both_ways_bind_is_bound() {
        let (mut a, mut b) = (Flow::default(), Flow::default());
        a.bind(0);
        a.bind(1);
        b.bind(1);
        let met = a.clone().meet(b.clone());
        assert!(!met.is_bound(0) && met.is_bound(1));
        b.end();
        assert!(a.meet(b).is_bound(0));
    }
}
