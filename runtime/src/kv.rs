//! The prefix tree: which tokens are in the model's KV memory, and in which sequences.
//!
//! Bookkeeping only: it never calls the model. A sequence is a path from the root; sequences with a common
//! beginning share its nodes, as they share the cells of the memory. A *lease* is a sequence that someone is
//! extending; a released sequence stays as long as nobody needs its cells, so that a later lease can begin
//! with its contents.
//!
//! Where cells are needed, released sequences lose their ends, of the leaves of the tree the one that is worth least first
//! (`worth`), and no more than is needed: what is left of a sequence still serves as a beginning. Where a sequence is
//! needed, the one goes with which the least is lost. Where cells that nobody uses slow the model down, those that are not
//! worth that are [idle](PrefixTree::idle), and go too.
//!
//! All of this is about models that *rewind*: a sequence of theirs can be cut to any length. Of the others a sequence can
//! only be taken as a whole, and `checkpoint` says what follows from that.
//!
//! Invariants, checked by a test against a naive model: every node except the root is on the path of at least
//! one sequence and holds at least one token; `cells` is the sum of the nodes' tokens; no sequence that is released is
//! empty.

mod checkpoint;
mod worth;

use agentc_constraint::TokenId;
use rustc_hash::FxHashSet;

use self::checkpoint::Ends;
use self::worth::{Policy, Use};
use crate::model::SeqId;

type NodeId = usize;

const ROOT: NodeId = 0;

/// Tokens that an end loses at least, where it has as many: each cut is a call to the model, and whoever needs cells soon
/// needs more.
const CUT: usize = 32;

#[derive(Debug, Default)]
struct Node {
    tokens: Vec<TokenId>,
    parent: NodeId,
    children: Vec<NodeId>,
    /// Sequences whose path goes through or ends here.
    users: u32,
    used: Use,
}

#[derive(Debug, Clone, Copy)]
struct Seq {
    end: NodeId,
    len: usize,
    leased: bool,
    /// Tokens that it began its lease with, or has been cut to since: those beyond have been used by it alone.
    base: usize,
    /// How often, and how lately, someone began where it ends.
    used: Use,
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
    policy: Policy,
    /// Whether sequences can be cut to any length.
    rewinds: bool,
    /// Goes on with every token that is evaluated, and with each lease.
    clock: u64,
    /// When idle cells are looked for next, unless more than was ahead by then is so before.
    next_look: u64,
    looked_ahead: usize,
}

/// What the leased sequences of a tree hold.
#[derive(Debug)]
pub struct Held<'t> {
    tree: &'t PrefixTree,
    nodes: FxHashSet<NodeId>,
}

impl PrefixTree {
    /// An empty tree for a memory of `capacity` cells and `seqs` sequences. `price` is what a token costs, and `rewinds`
    /// whether sequences can be cut to any length, as [`ModelInfo`](crate::model::ModelInfo) says it.
    pub fn new(capacity: usize, seqs: usize, price: Option<u32>, rewinds: bool) -> PrefixTree {
        PrefixTree {
            nodes: vec![Node::default()],
            free_nodes: Vec::new(),
            seqs: vec![None; seqs],
            cells: 0,
            capacity,
            policy: Policy::new(price, capacity),
            rewinds,
            clock: 0,
            next_look: 0,
            looked_ahead: 0,
        }
    }

    /// The same, for a memory of which what is given up can be kept elsewhere and brought back.
    pub fn with_shelf(mut self) -> PrefixTree {
        self.policy = self.policy.with_shelf();
        self
    }

    /// Cells that hold tokens.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// Cells there are.
    pub fn capacity(&self) -> usize {
        self.capacity
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
    /// itself (`from` is `seq`). Where no sequence is free one is evicted, that with which the least is lost: the caller
    /// drops the contents of the sequence it gets before it shares the prefix; where only the prefix's own sequence can be
    /// had, it is cut to the prefix (`from` is `seq` again). A model that does not rewind begins at a checkpoint.
    pub fn lease(&mut self, tokens: &[TokenId]) -> Option<Lease> {
        if !self.rewinds {
            return self.lease_at_checkpoint(tokens);
        }
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
        } else {
            let end = if len > 0 { self.node_at(tokens, len) } else { ROOT };
            self.begin(seq, end, len);
        }
        self.renew(seq);
        Some(Lease { seq, from, len })
    }

    /// Makes a sequence that is free hold what ends with a node.
    fn begin(&mut self, seq: SeqId, end: NodeId, len: usize) {
        self.add_user(end);
        let used = self.policy.first(self.clock);
        self.seqs[seq as usize] = Some(Seq { end, len, leased: false, base: len, used });
    }

    /// Notes that a leased sequence was extended. The caller has made room: `tokens` fit into the free cells.
    pub fn extend(&mut self, seq: SeqId, tokens: &[TokenId]) {
        let Some(Seq { end, len, base, .. }) = self.seq(seq) else { return };
        if tokens.is_empty() {
            return;
        }
        self.cells += tokens.len();
        self.clock += tokens.len() as u64;
        let node = &mut self.nodes[end];
        if node.users == 1 && node.children.is_empty() && len - node.tokens.len() >= base && end != ROOT {
            node.tokens.extend_from_slice(tokens);
            node.used.at = self.clock;
        } else {
            let (tokens, used) = (tokens.to_vec(), self.policy.first(self.clock));
            let child = self.new_node(Node { tokens, parent: end, children: Vec::new(), users: 1, used });
            self.nodes[end].children.push(child);
            self.set_end(seq, child);
        }
        self.set_len(seq, len + tokens.len());
    }

    /// Notes that all but the first `len` tokens of a sequence were dropped: where the model does not rewind, all or none.
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
        if let Some(Some(state)) = self.seqs.get_mut(seq as usize) {
            state.base = state.base.min(len);
        }
    }

    /// Ends a lease. What the sequence holds can be reused until it is evicted; one that holds nothing is forgotten.
    pub fn release(&mut self, seq: SeqId) {
        let Some(Seq { end, len, base, .. }) = self.seq(seq) else { return };
        if len == 0 {
            return self.forget(seq);
        }
        self.clock += 1;
        // What it shares ages from the last lease that began with it.
        for node in self.own_nodes(end) {
            self.nodes[node].used.at = self.clock;
        }
        let fresh = self.policy.first(self.clock);
        if let Some(Some(state)) = self.seqs.get_mut(seq as usize) {
            state.leased = false;
            state.used = if len > base { fresh } else { state.used };
        }
    }

    /// Cuts the ends of released sequences until `cells` are free or none is left. Tells which sequences were cut, and to
    /// how many tokens; the caller drops the rest from the model's memory.
    pub fn evict_for(&mut self, cells: usize) -> Vec<(SeqId, usize)> {
        let mut cut = Vec::new();
        while self.free_cells() < cells {
            let Some(end) = self.least() else { break };
            let missing = cells - self.free_cells();
            let less = self.nodes[end].tokens.len().min(missing.max(CUT));
            self.cut(end, less, &mut cut);
        }
        cut
    }

    /// A released sequence whose end nobody uses, so that it costs more than it can be expected to save by the time that
    /// `ahead` more tokens are evaluated; for the caller to [give up](Self::give_up), and to keep elsewhere if need be.
    /// Looked for only from time to time.
    pub fn idle(&mut self, ahead: usize) -> Option<SeqId> {
        let (pause, then) = (self.policy.pause()?, self.clock + ahead as u64);
        if self.clock < self.next_look && ahead <= self.looked_ahead {
            return None;
        }
        let held = self.held().nodes;
        let is_idle = |(_, seq): &(SeqId, &Seq)| {
            self.policy.is_idle(self.nodes[seq.end].used, self.own_tokens(seq.end, &held), seq.len, then)
        };
        let idle = self.leaves().find(is_idle).map(|(id, _)| id);
        if idle.is_none() {
            (self.next_look, self.looked_ahead) = (self.clock + pause, ahead);
        }
        idle
    }

    /// Cuts what a released sequence ends with from all that end so. Tells which sequences were cut, as
    /// [`evict_for`](Self::evict_for) does.
    pub fn give_up(&mut self, seq: SeqId) -> Vec<(SeqId, usize)> {
        let mut cut = Vec::new();
        if let Some(Seq { end, .. }) = self.seq(seq) {
            self.cut(end, self.nodes[end].tokens.len(), &mut cut);
        }
        cut
    }

    /// The tokens of a sequence.
    pub fn tokens(&self, seq: SeqId) -> Vec<TokenId> {
        let end = self.seq(seq).map_or(ROOT, |seq| seq.end);
        let path: Vec<NodeId> = self.up(end).collect();
        path.into_iter().rev().flat_map(|node| self.nodes[node].tokens.iter().copied()).collect()
    }

    /// The leaf whose cells are worth least, among those that only released sequences hold.
    fn least(&self) -> Option<NodeId> {
        let worth = |seq: &Seq| self.policy.worth(self.nodes[seq.end].used, seq.len, self.clock);
        let leaves = self.leaves().map(|(_, seq)| (seq.end, worth(seq)));
        let least = leaves.min_by(|(a, less), (b, more)| {
            less.total_cmp(more).then_with(|| self.nodes[*a].used.at.cmp(&self.nodes[*b].used.at))
        });
        least.map(|(leaf, _)| leaf)
    }

    /// The sequences that end in a leaf which only released ones hold.
    fn leaves(&self) -> impl Iterator<Item = (SeqId, &Seq)> {
        let ends = |leased: bool| {
            let seqs = (0..).zip(&self.seqs).filter_map(|(id, seq)| Some((id, seq.as_ref()?)));
            seqs.filter(move |(_, seq)| seq.leased == leased)
        };
        let held: FxHashSet<NodeId> = ends(true).map(|(_, seq)| seq.end).collect();
        ends(false)
            .filter(move |(_, seq)| self.nodes[seq.end].children.is_empty() && !held.contains(&seq.end))
    }

    /// Takes the last `less` tokens from all sequences that end in a leaf; all they have, where the model does not rewind.
    fn cut(&mut self, leaf: NodeId, less: usize, cut: &mut Vec<(SeqId, usize)>) {
        for seq in 0..self.seqs.len() as SeqId {
            let Some(state) = self.seq(seq).filter(|state| state.end == leaf) else { continue };
            let len = if self.rewinds { state.len - less } else { 0 };
            self.truncate(seq, len);
            if len == 0 {
                self.forget(seq);
            }
            cut.push((seq, len));
        }
    }

    /// The nodes at the end of a path that no other sequence goes through.
    fn own_nodes(&self, node: NodeId) -> Vec<NodeId> {
        self.up(node).take_while(|node| self.nodes[*node].users == 1).collect()
    }

    /// A node and those above it, but for the root.
    fn up(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let up = std::iter::successors(Some(node), |node| Some(self.nodes[*node].parent));
        up.take_while(|node| *node != ROOT)
    }

    /// Tokens of a node and of those above it that no leased sequence holds.
    fn own_tokens(&self, node: NodeId, held: &FxHashSet<NodeId>) -> usize {
        let own = self.up(node).take_while(|node| !held.contains(node));
        own.map(|node| self.nodes[node].tokens.len()).sum()
    }

    /// What is lost with a sequence that nobody can begin with any more.
    fn loss(&self, seq: &Seq, ends: &Ends) -> f64 {
        if !self.rewinds {
            return self.way(seq, ends);
        }
        let mut position = seq.len;
        let mut loss = 0.0;
        for node in self.own_nodes(seq.end) {
            let Node { tokens, used, .. } = &self.nodes[node];
            loss += self.policy.worth(*used, position, self.clock) * tokens.len() as f64;
            position -= tokens.len();
        }
        loss
    }

    /// Forgets a sequence altogether.
    pub fn forget(&mut self, seq: SeqId) {
        self.truncate(seq, 0);
        if let Some(Some(state)) = self.seqs.get(seq as usize).copied() {
            self.nodes[state.end].users -= 1;
            self.seqs[seq as usize] = None;
        }
    }

    /// What leased sequences hold.
    pub fn held(&self) -> Held<'_> {
        let mut nodes = FxHashSet::default();
        for seq in self.seqs.iter().flatten().filter(|seq| seq.leased) {
            let mut node = seq.end;
            while node != ROOT && nodes.insert(node) {
                node = self.nodes[node].parent;
            }
        }
        Held { tree: self, nodes }
    }

    /// Whether a sequence can be leased now.
    pub fn can_lease(&self) -> bool {
        if !self.rewinds {
            return self.seq_to_lease().is_some();
        }
        self.seqs.iter().any(|seq| seq.is_none_or(|seq| !seq.leased))
    }

    /// The longest prefix of `tokens` with which a sequence can begin, in tokens.
    pub fn longest_prefix(&self, tokens: &[TokenId]) -> usize {
        if self.rewinds { self.find(tokens).1 } else { self.deepest_end(tokens).1 }
    }

    /// The longest prefix of `tokens` in the tree, whether a sequence can begin with it or not.
    pub fn longest_held(&self, tokens: &[TokenId]) -> usize {
        self.find(tokens).1
    }

    /// The deepest node on which the longest known prefix of `tokens` ends, the prefix's length, and how
    /// many of that node's tokens belong to it.
    fn find(&self, tokens: &[TokenId]) -> (NodeId, usize, usize) {
        self.find_among(tokens, |_| true)
    }

    /// The same among nodes of a kind that holds for all above them, too.
    fn find_among(&self, tokens: &[TokenId], is_of: impl Fn(NodeId) -> bool) -> (NodeId, usize, usize) {
        let mut best = (ROOT, 0, 0);
        let mut open = vec![(ROOT, 0)];
        while let Some((node, depth)) = open.pop() {
            for &child in self.nodes[node].children.iter().filter(|child| is_of(**child)) {
                let run = &self.nodes[child].tokens;
                let common = common_prefix(run, &tokens[depth..]);
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
        let (users, used) = (self.nodes[node].users, self.nodes[node].used);
        let upper = self.new_node(Node { tokens: upper_tokens, parent, children: vec![node], users, used });
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
        let on_path = |end: NodeId| self.up(end).any(|above| above == node);
        let users = self.seqs.iter().enumerate().filter(|(_, seq)| seq.is_some_and(|seq| on_path(seq.end)));
        users.map(|(id, _)| id as SeqId).next()
    }

    /// A sequence that is not in use, after evicting one if need be; `donor` itself, kept as it is, where
    /// no other can be had.
    fn free_seq(&mut self, donor: Option<SeqId>) -> Option<SeqId> {
        if let Some(free) = self.seqs.iter().position(Option::is_none) {
            return Some(free as SeqId);
        }
        if let Some(victim) = self.least_lost(donor) {
            self.forget(victim);
            return Some(victim);
        }
        donor.filter(|&seq| self.seq(seq).is_some_and(|seq| !seq.leased))
    }

    /// Leases a sequence that exists: one more use of all that it holds.
    fn renew(&mut self, seq: SeqId) {
        let Some(Some(state)) = self.seqs.get_mut(seq as usize) else { return };
        (state.leased, state.base) = (true, state.len);
        let mut node = state.end;
        while node != ROOT {
            self.nodes[node].used = self.policy.again(self.nodes[node].used, self.clock);
            node = self.nodes[node].parent;
        }
    }

    /// The released sequence with which the least is lost; of several the one that was used longest ago.
    fn least_lost(&self, keep: Option<SeqId>) -> Option<SeqId> {
        let ends = self.ends();
        let released = self.seqs.iter().enumerate().filter_map(|(id, seq)| {
            let seq = seq.as_ref().filter(|seq| !seq.leased && Some(id as SeqId) != keep)?;
            Some((self.loss(seq, &ends), self.nodes[seq.end].used.at, id as SeqId))
        });
        released.min_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1))).map(|(_, _, id)| id)
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

impl Held<'_> {
    /// Their cells: all others can be had, by eviction.
    pub fn cells(&self) -> usize {
        self.nodes.iter().map(|node| self.tree.nodes[*node].tokens.len()).sum()
    }

    /// The longest prefix of `tokens` among them, in tokens.
    pub fn prefix(&self, tokens: &[TokenId]) -> usize {
        if !self.tree.rewinds {
            return self.before_checkpoint(tokens);
        }
        self.tree.find_among(tokens, |node| self.nodes.contains(&node)).1
    }
}

/// How many tokens two lists have in common, from the first on.
pub(crate) fn common_prefix(a: &[TokenId], b: &[TokenId]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests;
