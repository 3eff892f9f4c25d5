//! The prefix tree: which tokens are in the model's KV memory, and in which sequences.
//!
//! Bookkeeping only: it never calls the model. A sequence is a path from the root; sequences with a common
//! beginning share its nodes, as they share the cells of the memory. A *lease* is a sequence that someone is
//! extending; a released sequence stays as long as nobody needs its cells, so that a later lease can begin
//! with its contents. Released sequences are evicted least recently used first.
//!
//! Invariants, checked by a test against a naive model: every node except the root is on the path of at least
//! one sequence and holds at least one token; `cells` is the sum of the nodes' tokens.

use agentc_constraint::TokenId;

use crate::model::SeqId;

type NodeId = usize;

const ROOT: NodeId = 0;

#[derive(Debug, Default)]
struct Node {
    tokens: Vec<TokenId>,
    parent: NodeId,
    children: Vec<NodeId>,
    /// Sequences whose path goes through or ends here.
    users: u32,
}

#[derive(Debug, Clone, Copy)]
struct Seq {
    end: NodeId,
    len: usize,
    leased: bool,
    last_used: u64,
}

/// A sequence to extend, and what it begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The sequence.
    pub seq: SeqId,
    /// The sequence that holds the reused prefix; `None` if nothing is reused.
    pub from: Option<SeqId>,
    /// Tokens reused.
    pub len: usize,
}

/// See the module's description.
#[derive(Debug)]
pub struct PrefixTree {
    nodes: Vec<Node>,
    free_nodes: Vec<NodeId>,
    seqs: Vec<Option<Seq>>,
    cells: usize,
    capacity: usize,
    clock: u64,
}

impl PrefixTree {
    /// An empty tree for a memory of `capacity` cells and `seqs` sequences.
    pub fn new(capacity: usize, seqs: usize) -> PrefixTree {
        PrefixTree {
            nodes: vec![Node::default()],
            free_nodes: Vec::new(),
            seqs: vec![None; seqs],
            cells: 0,
            capacity,
            clock: 0,
        }
    }

    /// Cells that hold tokens.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// Cells that hold none.
    pub fn free_cells(&self) -> usize {
        self.capacity - self.cells
    }

    /// Tokens that a sequence holds; 0 for one that does not exist.
    pub fn len(&self, seq: SeqId) -> usize {
        self.seq(seq).map_or(0, |seq| seq.len)
    }

    /// Leases a sequence that begins with the longest known prefix of `tokens`, which is shared, not
    /// copied. `None` if every sequence is leased. A released sequence that holds just this prefix goes on
    /// itself (`from` is `seq`). Where no sequence is free one is evicted: the caller drops the contents of
    /// the sequence it gets before it shares the prefix; where only the prefix's own sequence can be had,
    /// it is cut to the prefix (`from` is `seq` again).
    pub fn lease(&mut self, tokens: &[TokenId]) -> Option<Lease> {
        let (node, len, used) = self.find(tokens);
        self.clock += 1;
        if used == self.nodes[node].tokens.len()
            && let Some(seq) = self.released_end(node)
        {
            self.renew(seq);
            return Some(Lease { seq, from: Some(seq), len });
        }
        let from = if len > 0 { self.user_of(node) } else { None };
        let seq = self.free_seq(from)?;
        if from == Some(seq) {
            self.truncate(seq, len);
            self.renew(seq);
            return Some(Lease { seq, from, len });
        }
        if let Some(donor) = from {
            self.touch(donor);
        }
        let end = if len > 0 { self.node_at(tokens, len) } else { ROOT };
        self.add_user(end);
        self.seqs[seq as usize] = Some(Seq { end, len, leased: true, last_used: self.clock });
        Some(Lease { seq, from, len })
    }

    /// Notes that a leased sequence was extended. The caller has made room: `tokens` fit into the free cells.
    pub fn extend(&mut self, seq: SeqId, tokens: &[TokenId]) {
        let Some(Seq { end, len, .. }) = self.seq(seq) else { return };
        if tokens.is_empty() {
            return;
        }
        self.cells += tokens.len();
        let node = &self.nodes[end];
        if end != ROOT && node.users == 1 && node.children.is_empty() {
            self.nodes[end].tokens.extend_from_slice(tokens);
        } else {
            let child =
                self.new_node(Node { tokens: tokens.to_vec(), parent: end, children: Vec::new(), users: 1 });
            self.nodes[end].children.push(child);
            self.set_end(seq, child);
        }
        self.set_len(seq, len + tokens.len());
    }

    /// Notes that all but the first `len` tokens of a sequence were dropped.
    pub fn truncate(&mut self, seq: SeqId, len: usize) {
        let Some(mut state) = self.seq(seq) else { return };
        while state.len > len {
            let depth = state.len - self.nodes[state.end].tokens.len();
            if depth < len {
                // The cut lies inside the last node: the sequence keeps its upper part.
                self.split(state.end, len - depth);
                state = self.seq(seq).unwrap_or(state);
                continue;
            }
            let parent = self.nodes[state.end].parent;
            self.drop_user_of_node(state.end);
            state.end = parent;
            state.len = depth;
            self.set_end(seq, parent);
            self.set_len(seq, depth);
        }
    }

    /// Ends a lease. What the sequence holds can be reused until it is evicted.
    pub fn release(&mut self, seq: SeqId) {
        self.clock += 1;
        let clock = self.clock;
        if let Some(Some(state)) = self.seqs.get_mut(seq as usize) {
            state.leased = false;
            state.last_used = clock;
        }
    }

    /// Forgets released sequences, least recently used first, until `cells` are free or none is left.
    /// The caller drops their contents from the model's memory.
    pub fn evict_for(&mut self, cells: usize) -> Vec<SeqId> {
        let mut evicted = Vec::new();
        while self.free_cells() < cells {
            let Some(seq) = self.least_recently_used(None) else { break };
            self.forget(seq);
            evicted.push(seq);
        }
        evicted
    }

    /// Forgets a sequence altogether.
    pub fn forget(&mut self, seq: SeqId) {
        self.truncate(seq, 0);
        if let Some(Some(state)) = self.seqs.get(seq as usize).copied() {
            self.nodes[state.end].users -= 1;
            self.seqs[seq as usize] = None;
        }
    }

    /// The longest prefix of `tokens` in the tree, in tokens.
    pub fn longest_prefix(&self, tokens: &[TokenId]) -> usize {
        self.find(tokens).1
    }

    /// The deepest node on which the longest known prefix of `tokens` ends, the prefix's length, and how
    /// many of that node's tokens belong to it.
    fn find(&self, tokens: &[TokenId]) -> (NodeId, usize, usize) {
        let mut best = (ROOT, 0, 0);
        let mut open = vec![(ROOT, 0)];
        while let Some((node, depth)) = open.pop() {
            for &child in &self.nodes[node].children {
                let run = &self.nodes[child].tokens;
                let common = run.iter().zip(&tokens[depth..]).take_while(|(a, b)| a == b).count();
                if depth + common > best.1 {
                    best = (child, depth + common, common);
                }
                if common == run.len() {
                    open.push((child, depth + common));
                }
            }
        }
        best
    }

    /// The node that ends after exactly `len` tokens of the longest known prefix, split off if need be.
    fn node_at(&mut self, tokens: &[TokenId], len: usize) -> NodeId {
        let (node, _, used) = self.find(&tokens[..len]);
        if used < self.nodes[node].tokens.len() { self.split(node, used) } else { node }
    }

    /// Cuts a node in two and gives the upper one. Sequences that ended in it still hold all of it.
    fn split(&mut self, node: NodeId, at: usize) -> NodeId {
        let parent = self.nodes[node].parent;
        let upper_tokens = self.nodes[node].tokens[..at].to_vec();
        self.nodes[node].tokens.drain(..at);
        let users = self.nodes[node].users;
        let upper = self.new_node(Node { tokens: upper_tokens, parent, children: vec![node], users });
        self.nodes[node].parent = upper;
        for child in &mut self.nodes[parent].children {
            if *child == node {
                *child = upper;
            }
        }
        upper
    }

    /// A released sequence that holds exactly what ends with a node: it can simply go on.
    fn released_end(&self, node: NodeId) -> Option<SeqId> {
        let ends = |seq: &Option<Seq>| seq.is_some_and(|seq| !seq.leased && seq.end == node && seq.len > 0);
        self.seqs.iter().position(ends).map(|id| id as SeqId)
    }

    /// Any sequence whose path goes through a node.
    fn user_of(&self, node: NodeId) -> Option<SeqId> {
        let on_path = |mut end: NodeId| loop {
            if end == node {
                return true;
            }
            if end == ROOT {
                return false;
            }
            end = self.nodes[end].parent;
        };
        let users = self.seqs.iter().enumerate().filter(|(_, seq)| seq.is_some_and(|seq| on_path(seq.end)));
        users.map(|(id, _)| id as SeqId).next()
    }

    /// A sequence that is not in use, after evicting one if need be; `donor` itself, kept as it is, where
    /// no other can be had.
    fn free_seq(&mut self, donor: Option<SeqId>) -> Option<SeqId> {
        if let Some(free) = self.seqs.iter().position(Option::is_none) {
            return Some(free as SeqId);
        }
        if let Some(victim) = self.least_recently_used(donor) {
            self.forget(victim);
            return Some(victim);
        }
        donor.filter(|&seq| self.seq(seq).is_some_and(|seq| !seq.leased))
    }

    fn renew(&mut self, seq: SeqId) {
        let clock = self.clock;
        if let Some(Some(state)) = self.seqs.get_mut(seq as usize) {
            (state.leased, state.last_used) = (true, clock);
        }
    }

    fn least_recently_used(&self, keep: Option<SeqId>) -> Option<SeqId> {
        let released = self.seqs.iter().enumerate().filter_map(|(id, seq)| {
            let seq = seq.filter(|seq| !seq.leased && Some(id as SeqId) != keep)?;
            Some((seq.last_used, id as SeqId))
        });
        released.min().map(|(_, id)| id)
    }

    fn seq(&self, seq: SeqId) -> Option<Seq> {
        self.seqs.get(seq as usize).copied().flatten()
    }

    fn set_end(&mut self, seq: SeqId, end: NodeId) {
        if let Some(Some(state)) = self.seqs.get_mut(seq as usize) {
            state.end = end;
        }
    }

    fn set_len(&mut self, seq: SeqId, len: usize) {
        if let Some(Some(state)) = self.seqs.get_mut(seq as usize) {
            state.len = len;
        }
    }

    fn touch(&mut self, seq: SeqId) {
        self.clock += 1;
        if let Some(Some(state)) = self.seqs.get_mut(seq as usize) {
            state.last_used = self.clock;
        }
    }

    /// One more sequence ends at `node`: counts it on the whole path.
    fn add_user(&mut self, mut node: NodeId) {
        loop {
            self.nodes[node].users += 1;
            if node == ROOT {
                return;
            }
            node = self.nodes[node].parent;
        }
    }

    /// One sequence no longer goes through `node`; without any other the node goes.
    fn drop_user_of_node(&mut self, node: NodeId) {
        self.nodes[node].users -= 1;
        if self.nodes[node].users > 0 {
            return;
        }
        let parent = self.nodes[node].parent;
        self.cells -= self.nodes[node].tokens.len();
        self.nodes[parent].children.retain(|&child| child != node);
        self.nodes[node] = Node::default();
        self.free_nodes.push(node);
    }

    fn new_node(&mut self, node: Node) -> NodeId {
        match self.free_nodes.pop() {
            Some(free) => {
                self.nodes[free] = node;
                free
            }
            None => {
                self.nodes.push(node);
                self.nodes.len() - 1
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Each sequence is a list of (token, cell); a cell is free when no sequence lists it.
    #[derive(Default)]
    struct Naive {
        seqs: BTreeMap<SeqId, Vec<(TokenId, u64)>>,
        leased: BTreeSet<SeqId>,
        next: u64,
    }

    impl Naive {
        fn cells(&self) -> usize {
            self.seqs.values().flatten().map(|&(_, cell)| cell).collect::<BTreeSet<_>>().len()
        }

        fn longest(&self, tokens: &[TokenId]) -> usize {
            let common =
                |seq: &Vec<(TokenId, u64)>| seq.iter().zip(tokens).take_while(|(a, b)| a.0 == **b).count();
            self.seqs.values().map(common).max().unwrap_or(0)
        }

        fn lease(&mut self, lease: Lease, tokens: &[TokenId]) {
            let shared = match lease.from {
                Some(from) => self.seqs[&from][..lease.len].to_vec(),
                None => Vec::new(),
            };
            assert!(
                shared.iter().zip(tokens).all(|(a, b)| a.0 == *b),
                "the shared prefix is not one of the tokens"
            );
            assert!(!self.leased.contains(&lease.seq), "a leased sequence was leased again");
            self.seqs.insert(lease.seq, shared);
            self.leased.insert(lease.seq);
        }

        fn extend(&mut self, seq: SeqId, tokens: &[TokenId]) {
            for &token in tokens {
                self.next += 1;
                self.seqs.entry(seq).or_default().push((token, self.next));
            }
        }
    }

    struct Random(u64);

    impl Random {
        fn below(&mut self, n: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (self.0 >> 33) % n
        }
    }

    fn check(tree: &PrefixTree, naive: &Naive) {
        assert_eq!(tree.cells(), naive.cells(), "cells in use");
        let sum: usize = tree.nodes.iter().skip(1).map(|node| node.tokens.len()).sum();
        assert_eq!(sum, tree.cells(), "cells are the sum of the nodes' tokens");
        for (&seq, tokens) in &naive.seqs {
            assert_eq!(tree.len(seq), tokens.len(), "length of sequence {seq}");
        }
        for (id, node) in tree.nodes.iter().enumerate().skip(1) {
            let free = tree.free_nodes.contains(&id);
            assert!(free || (node.users > 0 && !node.tokens.is_empty()), "node {id} is in use but empty");
        }
    }

    #[test]
    fn random_operations_agree_with_a_naive_model() {
        for seed in 0..200 {
            let mut random = Random(seed);
            let (capacity, seqs) = (60, 5);
            let (mut tree, mut naive) = (PrefixTree::new(capacity, seqs), Naive::default());
            for _ in 0..200 {
                step(&mut tree, &mut naive, &mut random);
                check(&tree, &naive);
            }
        }
    }

    fn step(tree: &mut PrefixTree, naive: &mut Naive, random: &mut Random) {
        let tokens: Vec<TokenId> = (0..random.below(12)).map(|_| random.below(2) as TokenId).collect();
        let live: Vec<SeqId> = naive.leased.iter().copied().collect();
        let pick = |random: &mut Random| live[random.below(live.len() as u64) as usize];
        match random.below(6) {
            0 | 1 => {
                let expected = naive.longest(&tokens);
                assert_eq!(tree.longest_prefix(&tokens), expected);
                let Some(lease) = tree.lease(&tokens) else {
                    assert_eq!(naive.leased.len(), 5, "no lease although a sequence is not leased");
                    return;
                };
                assert_eq!(lease.len, expected);
                naive.lease(lease, &tokens);
            }
            2 if !live.is_empty() => {
                let seq = pick(random);
                for gone in tree.evict_for(tokens.len()) {
                    assert!(!naive.leased.contains(&gone), "a leased sequence was evicted");
                    naive.seqs.remove(&gone);
                }
                if tree.free_cells() >= tokens.len() {
                    tree.extend(seq, &tokens);
                    naive.extend(seq, &tokens);
                } else {
                    assert_eq!(naive.seqs.len(), naive.leased.len(), "eviction stopped too early");
                }
            }
            3 if !live.is_empty() => {
                let seq = pick(random);
                let len = random.below(1 + tree.len(seq) as u64) as usize;
                tree.truncate(seq, len);
                if let Some(tokens) = naive.seqs.get_mut(&seq) {
                    tokens.truncate(len);
                }
            }
            4 if !live.is_empty() => {
                let seq = pick(random);
                tree.release(seq);
                naive.leased.remove(&seq);
            }
            5 if !live.is_empty() && random.below(4) == 0 => {
                let seq = pick(random);
                tree.forget(seq);
                naive.leased.remove(&seq);
                naive.seqs.remove(&seq);
            }
            _ => {}
        }
    }
}
