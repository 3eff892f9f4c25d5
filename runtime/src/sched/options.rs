//! The options of a generation, compared as a whole: a tree of their tokens, read part by part.
//!
//! A *part* is a row of tokens behind which there is no choice yet. All parts that begin at one place are read beside each
//! other, once that place is in the memory; nothing is read twice, and what comes after an option's last token only where
//! another option continues it.

use agentc_constraint::{TokenId, Vocab};

use super::bytes_of;
use super::memory::Sequence;
use super::scoring::{Question, Reply, Scoring};
use crate::sample::log_sum;

/// How likely an option is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Score {
    /// Tokens that spell it, what healing took back included.
    pub(super) tokens: usize,
    /// The log-probability of these.
    pub(super) log: f64,
    /// That no other option goes on behind it; 0 if none could.
    pub(super) end: f64,
}

impl Score {
    /// Of the option and none that is longer.
    pub(super) fn whole(self) -> f64 {
        self.log + self.end
    }

    /// Of its tokens; of its end if it has none.
    pub(super) fn spelled(self) -> f64 {
        if self.tokens == 0 { self.end } else { self.log }
    }

    /// The same for one token on average.
    pub(super) fn average(self) -> f64 {
        self.spelled() / self.tokens.max(1) as f64
    }
}

/// The probability of each, if one of them comes.
pub(super) fn shares(scores: &[Score]) -> Vec<f64> {
    let whole: Vec<f64> = scores.iter().map(|score| score.whole()).collect();
    let sum = log_sum(&whole);
    whole.iter().map(|log| (log - sum).exp()).collect()
}

/// Those of some sorted texts that begin with a text and go on.
fn longer<'s>(sorted: &'s [Vec<u8>], text: &'s [u8]) -> impl Iterator<Item = &'s Vec<u8>> {
    let from = sorted.partition_point(|other| other.as_slice() <= text);
    sorted[from..].iter().take_while(move |other| other.starts_with(text))
}

/// A beginning of options.
struct Node {
    parent: usize,
    token: TokenId,
    depth: usize,
    children: Vec<usize>,
    /// Whether an option ends here that another one continues, in whatever tokens.
    continued: bool,
    /// The log-probability of its token.
    log: f64,
    /// That nothing goes on here, where an option ends.
    end: f64,
}

pub(super) struct Options {
    /// What is read before all of them.
    base: Vec<TokenId>,
    /// What they spell first.
    healed: Vec<u8>,
    nodes: Vec<Node>,
    /// Where each option ends.
    ends: Vec<usize>,
    /// The bytes of all options, in order.
    spelled: Vec<Vec<u8>>,
    /// By number: the nodes whose logits are read.
    parts: Vec<Vec<usize>>,
}

impl Options {
    /// Of options given as tokens that spell `healed` and then their texts.
    pub(super) fn new(base: &[TokenId], healed: &[u8], options: &[Vec<TokenId>], vocab: &Vocab) -> Options {
        let root = Node::behind(0, 0, 0);
        let mut tree = Options {
            base: base.to_vec(),
            healed: healed.to_vec(),
            nodes: vec![root],
            ends: Vec::new(),
            spelled: options.iter().map(|tokens| bytes_of(tokens, vocab)).collect(),
            parts: Vec::new(),
        };
        tree.ends = options.iter().map(|tokens| tree.add(tokens)).collect();
        let mut sorted = tree.spelled.clone();
        sorted.sort();
        for (text, &node) in std::mem::replace(&mut tree.spelled, sorted).iter().zip(&tree.ends) {
            tree.nodes[node].continued = longer(&tree.spelled, text).next().is_some();
        }
        tree
    }

    fn add(&mut self, tokens: &[TokenId]) -> usize {
        let mut at = 0;
        for &token in tokens {
            let known = self.nodes[at].children.iter().find(|&&child| self.nodes[child].token == token);
            at = known.copied().unwrap_or_else(|| {
                let new = self.nodes.len();
                self.nodes.push(Node::behind(at, token, self.nodes[at].depth + 1));
                self.nodes[at].children.push(new);
                new
            });
        }
        at
    }

    /// The numbers of the parts to be read first.
    pub(super) fn begin(&mut self) -> Vec<usize> {
        if self.nodes[0].children.is_empty() { Vec::new() } else { vec![self.part(0)] }
    }

    /// Takes in what was read of a part; the numbers of those that follow it.
    pub(super) fn take(&mut self, part: usize, replies: Vec<Reply>) -> Vec<usize> {
        let nodes = self.parts[part].clone();
        for (&node, reply) in nodes.iter().zip(replies) {
            self.nodes[node].end = reply.end;
            for (child, log) in self.nodes[node].children.clone().into_iter().zip(reply.logs) {
                self.nodes[child].log = log;
            }
        }
        let last = nodes.last().copied().unwrap_or_default();
        let inner = self.inner(last);
        inner.into_iter().map(|child| self.part(child)).collect()
    }

    /// What is to be read of a part.
    pub(super) fn reading(&self, part: usize, vocab: &Vocab) -> (Sequence, Scoring) {
        let nodes = &self.parts[part];
        let path = nodes.last().map_or_else(Vec::new, |&last| self.path(last));
        let question = |&node: &usize| Question {
            at: self.base.len() + self.nodes[node].depth - 1,
            tokens: self.nodes[node].children.iter().map(|&child| self.nodes[child].token).collect(),
            rests: if self.nodes[node].continued { self.rests(node, vocab) } else { Vec::new() },
        };
        let questions = nodes.iter().map(question).collect();
        let tokens = [self.base.as_slice(), &path].concat();
        (Sequence::new(tokens), Scoring::new(self.base.len(), &self.healed, questions))
    }

    /// How likely each option is, once all parts are read.
    pub(super) fn scores(&self) -> Vec<Score> {
        self.ends.iter().map(|&node| self.score(node)).collect()
    }

    /// The log-probabilities of an option's tokens.
    pub(super) fn logs(&self, option: usize) -> Vec<f64> {
        self.line(self.ends[option]).iter().map(|&node| self.nodes[node].log).collect()
    }

    fn score(&self, node: usize) -> Score {
        let log = self.line(node).iter().map(|&node| self.nodes[node].log).sum();
        Score { tokens: self.nodes[node].depth, log, end: self.nodes[node].end }
    }

    /// A new part that begins with a node.
    fn part(&mut self, first: usize) -> usize {
        let mut nodes = vec![first];
        while let [only] = self.inner(*nodes.last().unwrap_or(&first)).as_slice() {
            nodes.push(*only);
        }
        self.parts.push(nodes);
        self.parts.len() - 1
    }

    /// The children of a node behind which something is to be read.
    fn inner(&self, node: usize) -> Vec<usize> {
        let children = self.nodes[node].children.iter().copied();
        children
            .filter(|&child| !self.nodes[child].children.is_empty() || self.nodes[child].continued)
            .collect()
    }

    /// The nodes from below the root to a node.
    fn line(&self, node: usize) -> Vec<usize> {
        let up = std::iter::successors(Some(node), |&at| Some(self.nodes[at].parent));
        let mut line: Vec<usize> = up.take_while(|&at| at != 0).collect();
        line.reverse();
        line
    }

    fn path(&self, node: usize) -> Vec<TokenId> {
        self.line(node).iter().map(|&node| self.nodes[node].token).collect()
    }

    /// What options that begin with the text of a node have behind it, in whatever tokens.
    fn rests(&self, node: usize, vocab: &Vocab) -> Vec<Vec<u8>> {
        let text = bytes_of(&self.path(node), vocab);
        longer(&self.spelled, &text).map(|other| other[text.len()..].to_vec()).collect()
    }
}

impl Node {
    fn behind(parent: usize, token: TokenId, depth: usize) -> Node {
        Node { parent, token, depth, children: Vec::new(), continued: false, log: 0.0, end: 0.0 }
    }
}
