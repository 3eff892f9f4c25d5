//! Built constraints, kept for the next generation that needs them.

use std::sync::Arc;

use agentc_compiler::ir::Later;
use agentc_constraint::{BuildError, Constraint, Limits, Vocab};
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use crate::ask::GenAsk;
use crate::error::Fault;

/// What a constraint is known by. Values of holes can be large, and this keeps none of them.
type Key = [u8; 32];

/// Constraints by content, so that a generation in a loop, a second run or another user's run finds its
/// masks ready.
pub(super) struct ConstraintCache {
    vocab: Arc<Vocab>,
    built: FxHashMap<Key, (Arc<Constraint>, u64)>,
    capacity: usize,
    clock: u64,
}

impl ConstraintCache {
    pub(super) fn new(vocab: Arc<Vocab>, capacity: usize) -> ConstraintCache {
        ConstraintCache { vocab, built: FxHashMap::default(), capacity, clock: 0 }
    }

    pub(super) fn get(&mut self, ask: &GenAsk) -> Result<Arc<Constraint>, Fault> {
        self.clock += 1;
        let clock = self.clock;
        let content = serde_json::to_vec(&(&ask.spec, &ask.bindings)).unwrap_or_default();
        let key: Key = Sha256::digest(content).into();
        if let Some((constraint, used)) = self.built.get_mut(&key) {
            *used = clock;
            return Ok(constraint.clone());
        }
        let limits = Limits::default();
        let pattern = agentc_constraint::build(&ask.spec, &ask.bindings, &limits)
            .map_err(|error| refused(ask, error))?;
        let constraint = Constraint::new(pattern, self.vocab.clone(), limits);
        self.make_room();
        self.built.insert(key, (constraint.clone(), clock));
        Ok(constraint)
    }

    fn make_room(&mut self) {
        if self.built.len() >= self.capacity
            && let Some(oldest) = self.built.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| *key)
        {
            self.built.remove(&oldest);
        }
    }
}

fn refused(ask: &GenAsk, error: BuildError) -> Fault {
    match error {
        BuildError::NotYet { what } => Fault::NotYet { what: Later::Constraint(what) },
        error => Fault::Constraint { name: ask.name.clone(), error },
    }
}
