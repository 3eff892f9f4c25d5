//! Built constraints, kept for the next generation that needs them.

use std::sync::Arc;

use agentc_compiler::ir::Later;
use agentc_constraint::{BuildError, Constraint, Limits, SharedSpec, Vocab};
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use crate::ask::GenAsk;
use crate::error::Fault;

/// What a constraint is known by.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    spec: SharedSpec,
    /// A hash of the values of its holes, if there are any. They can be large, and this keeps none of them.
    bindings: Option<[u8; 32]>,
}

/// Constraints by content, so that a generation in a loop, a second run or another user's run finds its
/// masks ready.
pub(super) struct ConstraintCache {
    vocab: Arc<Vocab>,
    built: FxHashMap<Key, (Arc<Constraint>, u64)>,
    capacity: usize,
    /// What each may cost.
    limits: Limits,
    clock: u64,
}

impl ConstraintCache {
    pub(super) fn new(vocab: Arc<Vocab>, capacity: usize, limits: Limits) -> ConstraintCache {
        ConstraintCache { vocab, built: FxHashMap::default(), capacity, limits, clock: 0 }
    }

    /// The constraint of a spec with the values that an ask has for its holes.
    pub(super) fn get(&mut self, ask: &GenAsk, spec: &SharedSpec) -> Result<Arc<Constraint>, Fault> {
        self.clock += 1;
        let clock = self.clock;
        let bindings = spec.has_holes().then(|| hash(&ask.bindings));
        let key = Key { spec: spec.clone(), bindings };
        if let Some((constraint, used)) = self.built.get_mut(&key) {
            *used = clock;
            return Ok(constraint.clone());
        }
        let pattern = spec.build(&ask.bindings, &self.limits).map_err(|error| refused(ask, error))?;
        let constraint = Constraint::new(pattern, self.vocab.clone(), self.limits.clone());
        self.make_room();
        self.built.insert(key, (constraint.clone(), clock));
        Ok(constraint)
    }

    fn make_room(&mut self) {
        if self.built.len() >= self.capacity
            && let Some(oldest) =
                self.built.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone())
        {
            self.built.remove(&oldest);
        }
    }
}

/// Each text after its length, and each list after its own: no two lists of lists give the same bytes.
fn hash(bindings: &[Vec<String>]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for texts in bindings {
        hash.update(texts.len().to_le_bytes());
        for text in texts {
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        }
    }
    hash.finalize().into()
}

fn refused(ask: &GenAsk, error: BuildError) -> Fault {
    match error {
        BuildError::NotYet { what } => Fault::NotYet { what: Later::Constraint(what) },
        error => Fault::Constraint { name: ask.name.clone(), error: Box::new(error) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_values_have_another_hash() {
        let of = |lists: &[&[&str]]| {
            let texts = |list: &&[&str]| list.iter().map(|text| (*text).to_owned()).collect();
            hash(&lists.iter().map(texts).collect::<Vec<Vec<String>>>())
        };
        let all = [of(&[]), of(&[&[]]), of(&[&["ab"]]), of(&[&["a", "b"]]), of(&[&["a"], &["b"]])];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "{at}");
        }
        assert_eq!(of(&[&["a"], &["b"]]), all[4]);
    }
}
