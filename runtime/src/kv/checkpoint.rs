//! What the tree does for models that do not rewind: recurrent ones, whose memory of a sequence is a single state.
//!
//! Such a sequence can be shared as a whole and forgotten as a whole, and nothing else. So a prefix can be reused exactly
//! where some sequence *ends*. A *checkpoint* is a sequence that is there for that: one that ended, or one that was given the
//! contents of another while this went on. It holds no cells of its own, only a sequence.
//!
//! Checkpoints are evicted like all that is released. What is lost with one is the way to it from the deepest end above:
//! tokens that have to be evaluated again. So where many were made along a text and sequences are needed, the older ones thin
//! out, and those with which sequences did begin stay.

use agentc_constraint::TokenId;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Held, Lease, NodeId, PrefixTree, ROOT, Seq};
use crate::model::SeqId;

/// The nodes with which released sequences end, and how many do. Those that are leased will have gone on.
pub(super) type Ends = FxHashMap<NodeId, u32>;

impl PrefixTree {
    /// Whether sequences can be cut to any length.
    pub fn rewinds(&self) -> bool {
        self.rewinds
    }

    /// A sequence that holds just these tokens.
    pub fn holder(&self, tokens: &[TokenId]) -> Option<SeqId> {
        let (node, len) = self.deepest_end(tokens);
        if len < tokens.len() { None } else { self.ending(node) }
    }

    /// Tokens at the end of a sequence that lie behind the deepest checkpoint on its path.
    pub fn since_checkpoint(&self, seq: SeqId) -> usize {
        let Some(seq) = self.seq(seq) else { return 0 };
        let ends = self.ends();
        if self.is_doubled(&seq, &ends) {
            return 0;
        }
        self.own_way(seq.end, &ends).map(|node| self.nodes[node].tokens.len()).sum()
    }

    /// A released sequence that holds all that `seq` does; the caller shares it. There is none where one stands there
    /// already, or where more would be lost with the sequence that it takes than is won.
    pub fn checkpoint(&mut self, seq: SeqId) -> Option<SeqId> {
        let state = self.seq(seq).filter(|state| state.len > 0)?;
        let ends = self.ends();
        if self.is_doubled(&state, &ends) {
            return None;
        }
        // From the top: sequences that go on have numbers next to each other, and share their steps.
        let copy = match self.seqs.iter().rposition(Option::is_none) {
            Some(free) => free as SeqId,
            None => {
                let won = self.way(&Seq { used: self.policy.first(self.clock), ..state }, &ends);
                let victim = self.least_lost(None)?;
                let lost = self.seq(victim).map_or(0.0, |victim| self.way(&victim, &ends));
                if lost >= won {
                    return None;
                }
                self.forget(victim);
                victim
            }
        };
        self.begin(copy, state.end, state.len);
        Some(copy)
    }

    /// Leases a sequence that begins with the deepest end on the way of `tokens`. What ends there stays, unless it is worth
    /// less than all else that is released: then it goes on itself.
    pub(super) fn lease_at_checkpoint(&mut self, tokens: &[TokenId]) -> Option<Lease> {
        let (node, len) = self.deepest_end(tokens);
        let from = self.ending(node);
        let seq = self.seq_to_lease()?;
        self.clock += 1;
        if from != Some(seq) {
            self.forget(seq);
            self.begin(seq, node, len);
        }
        self.renew(seq);
        if let Some(Some(state)) = from.and_then(|from| self.seqs.get_mut(from as usize)) {
            state.used = self.policy.again(state.used, self.clock);
        }
        Some(Lease { seq, from, len })
    }

    /// The sequence that the next lease gets: one that is free, or else the one with which the least is lost. What others keep
    /// beginning with is not given up while most sequences are at work: whoever needs one waits for one of theirs.
    pub(super) fn seq_to_lease(&self) -> Option<SeqId> {
        if let Some(free) = self.seqs.iter().position(Option::is_none) {
            return Some(free as SeqId);
        }
        let victim = self.least_lost(None)?;
        let at_work = self.seqs.iter().flatten().filter(|seq| seq.leased).count();
        let is_shared = self.seq(victim).is_some_and(|seq| self.policy.is_shared(seq.used, self.clock));
        (!is_shared || 2 * at_work <= self.seqs.len()).then_some(victim)
    }

    /// The deepest node on the way of `tokens` with which a sequence ends, and the tokens up to there.
    pub(super) fn deepest_end(&self, tokens: &[TokenId]) -> (NodeId, usize) {
        let ends: FxHashSet<NodeId> = self.seqs.iter().flatten().map(|seq| seq.end).collect();
        let (mut best, mut open) = ((ROOT, 0), vec![(ROOT, 0)]);
        while let Some((node, depth)) = open.pop() {
            for &child in &self.nodes[node].children {
                let run = &self.nodes[child].tokens;
                if !tokens[depth..].starts_with(run) {
                    continue;
                }
                let depth = depth + run.len();
                if depth > best.1 && ends.contains(&child) {
                    best = (child, depth);
                }
                open.push((child, depth));
            }
        }
        best
    }

    /// Where sequences that stay as they are end.
    pub(super) fn ends(&self) -> Ends {
        let mut ends = Ends::default();
        for seq in self.seqs.iter().flatten().filter(|seq| !seq.leased) {
            *ends.entry(seq.end).or_default() += 1;
        }
        ends
    }

    /// What it would cost to come from the deepest checkpoint above to the end of a sequence; nothing if there is another one.
    pub(super) fn way(&self, seq: &Seq, ends: &Ends) -> f64 {
        if self.is_doubled(seq, ends) {
            return 0.0;
        }
        let (mut position, mut cost) = (seq.len, 0.0);
        for node in self.own_way(seq.end, ends) {
            let tokens = self.nodes[node].tokens.len();
            cost += self.policy.worth(seq.used, position, self.clock) * tokens as f64;
            position -= tokens;
        }
        cost
    }

    /// The nodes from an end up to below the next checkpoint.
    fn own_way<'t>(&'t self, end: NodeId, ends: &'t Ends) -> impl Iterator<Item = NodeId> + 't {
        self.up(end).take_while(move |node| *node == end || !ends.contains_key(node))
    }

    /// Whether a checkpoint, another one than itself, stands where a sequence ends.
    fn is_doubled(&self, seq: &Seq, ends: &Ends) -> bool {
        ends.get(&seq.end).is_some_and(|count| *count > u32::from(!seq.leased))
    }

    /// A sequence that ends with a node, rather a released one.
    fn ending(&self, node: NodeId) -> Option<SeqId> {
        let ending = |leased: bool| {
            let ends = move |seq: &Option<Seq>| {
                seq.is_some_and(|seq| seq.leased == leased && seq.end == node && seq.len > 0)
            };
            self.seqs.iter().position(ends).map(|id| id as SeqId)
        };
        ending(false).or_else(|| ending(true))
    }
}

impl Held<'_> {
    /// How many of the tokens before the checkpoint with which a sequence of `tokens` would begin are among these.
    pub(super) fn before_checkpoint(&self, tokens: &[TokenId]) -> usize {
        let (end, _) = self.tree.deepest_end(tokens);
        let held = self.tree.up(end).filter(|node| self.nodes.contains(node));
        held.map(|node| self.tree.nodes[node].tokens.len()).sum()
    }
}
