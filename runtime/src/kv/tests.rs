//! The tree against a naive model, under random operations, and what it evicts first.
#![allow(clippy::unwrap_used, clippy::expect_used)]

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
        self.longest_of(|_| true, tokens)
    }

    /// The longest prefix of some tokens among sequences of a kind.
    fn longest_of(&self, is_of: impl Fn(SeqId) -> bool, tokens: &[TokenId]) -> usize {
        let common =
            |seq: &Vec<(TokenId, u64)>| seq.iter().zip(tokens).take_while(|(a, b)| a.0 == **b).count();
        let seqs = self.seqs.iter().filter(|(seq, _)| is_of(**seq));
        seqs.map(|(_, tokens)| common(tokens)).max().unwrap_or(0)
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

    /// Takes what the tree says was cut; a sequence of nothing is gone.
    fn cut(&mut self, cut: Vec<(SeqId, usize)>) {
        for (seq, len) in cut {
            assert!(!self.leased.contains(&seq), "a leased sequence was cut");
            let tokens = self.seqs.get_mut(&seq).expect("a sequence that does not exist was cut");
            assert!(len < tokens.len(), "a sequence was cut to all that it has");
            tokens.truncate(len);
            if len == 0 {
                self.seqs.remove(&seq);
            }
        }
    }

    fn extend(&mut self, seq: SeqId, tokens: &[TokenId]) {
        for &token in tokens {
            self.next += 1;
            self.seqs.entry(seq).or_default().push((token, self.next));
        }
    }
}

const SEQS: usize = 5;

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
    for seq in 0..tree.seqs.len() as SeqId {
        let tokens = naive.seqs.get(&seq);
        assert_eq!(tree.seq(seq).is_some(), tokens.is_some(), "whether sequence {seq} exists");
        assert_eq!(tree.len(seq), tokens.map_or(0, Vec::len), "length of sequence {seq}");
        let empty = tree.seq(seq).is_some_and(|state| !state.leased && state.len == 0);
        assert!(!empty, "sequence {seq} is released and empty");
    }
    let held = naive.leased.iter().filter_map(|seq| naive.seqs.get(seq)).flatten();
    assert_eq!(tree.held().cells(), held.map(|(_, cell)| cell).collect::<BTreeSet<_>>().len(), "cells held");
    for (id, node) in tree.nodes.iter().enumerate().skip(1) {
        let free = tree.free_nodes.contains(&id);
        assert!(free || (node.users > 0 && !node.tokens.is_empty()), "node {id} is in use but empty");
    }
}

#[test]
fn random_operations_agree_with_a_naive_model() {
    for seed in 0..300 {
        let mut random = Random(seed);
        // Without rent, with one that hardly ever counts, and with one that always does.
        let price = [None, Some(200), Some(16)][seed as usize % 3];
        let (mut tree, mut naive) = (PrefixTree::new(60, SEQS, price), Naive::default());
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
            let held = naive.longest_of(|seq| naive.leased.contains(&seq), &tokens);
            assert_eq!(tree.held().prefix(&tokens), held);
            let can_lease = tree.can_lease();
            let lease = tree.lease(&tokens);
            assert_eq!(lease.is_some(), can_lease);
            let Some(lease) = lease else {
                assert_eq!(naive.leased.len(), SEQS, "no lease although a sequence is not leased");
                return;
            };
            assert_eq!(lease.len, expected);
            naive.lease(lease, &tokens);
        }
        2 if !live.is_empty() => {
            let seq = pick(random);
            let (before, rents) = (tree.free_cells(), tree.policy.pause().is_some());
            naive.cut(tree.evict_for(tokens.len()));
            let needed = tokens.len().saturating_sub(before);
            let taken = tree.free_cells() - before;
            assert!(rents || taken <= needed.max(CUT * usize::from(needed > 0)), "more was cut than needed");
            if tree.free_cells() >= tokens.len() {
                tree.extend(seq, &tokens);
                naive.extend(seq, &tokens);
            } else {
                assert_eq!(tree.cells(), tree.held().cells(), "eviction stopped too early");
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
            if naive.seqs.get(&seq).is_some_and(Vec::is_empty) {
                naive.seqs.remove(&seq);
            }
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

/// A sequence that is read and released; how much of it was there.
fn read(tree: &mut PrefixTree, tokens: &[TokenId]) -> usize {
    let lease = tree.lease(tokens).unwrap();
    let rest = &tokens[lease.len..];
    tree.evict_for(rest.len());
    tree.extend(lease.seq, rest);
    tree.release(lease.seq);
    lease.len
}

fn run(begin: TokenId, len: usize) -> Vec<TokenId> {
    (begin..).take(len).collect()
}

#[test]
fn no_more_is_cut_than_is_needed() {
    let mut tree = PrefixTree::new(200, 4, None);
    read(&mut tree, &run(0, 100));
    read(&mut tree, &run(1000, 100));
    // 40 cells are needed: the end of what was read first gives them.
    read(&mut tree, &run(2000, 40));
    assert_eq!(tree.longest_prefix(&run(0, 100)), 60);
    assert_eq!(tree.longest_prefix(&run(1000, 100)), 100);
    // A single cell takes a few more with it.
    read(&mut tree, &run(3000, 1));
    assert_eq!(tree.longest_prefix(&run(0, 100)), 60 - CUT);
}

#[test]
fn what_many_began_with_outlives_what_was_read_once() {
    let mut tree = PrefixTree::new(300, 8, None);
    let few_shot = run(0, 100);
    for question in 0..10 {
        let asked = [few_shot.clone(), run(1000 + 100 * question, 20)].concat();
        assert_eq!(read(&mut tree, &asked), if question == 0 { 0 } else { 100 });
    }
    // Texts that nobody reads again: the least recently used would go first, and with it the examples.
    for text in 0..4 {
        read(&mut tree, &run(10_000 + 1000 * text, 150));
        assert_eq!(tree.longest_prefix(&few_shot), 100, "after {text} texts");
    }
    for text in 4..60 {
        read(&mut tree, &run(10_000 + 1000 * text, 150));
    }
    assert_eq!(tree.longest_prefix(&few_shot), 0, "but not for ever");
}

#[test]
fn the_sequence_goes_with_which_the_least_is_lost() {
    let mut tree = PrefixTree::new(1000, 3, None);
    read(&mut tree, &run(0, 200));
    read(&mut tree, &run(1000, 10));
    read(&mut tree, &run(2000, 100));
    read(&mut tree, &run(3000, 100));
    assert_eq!([0, 1000, 2000, 3000].map(|begin| tree.longest_prefix(&run(begin, 200))), [200, 0, 100, 100]);
}

#[test]
fn what_slows_the_model_down_goes_when_nobody_uses_it() {
    let left = |price: Option<u32>| {
        let mut tree = PrefixTree::new(100_000, 8, price);
        read(&mut tree, &run(0, 100));
        let lease = tree.lease(&[]).unwrap();
        for token in 5000..6000 {
            tree.evict_for(1);
            tree.extend(lease.seq, &[token]);
        }
        tree.longest_prefix(&run(0, 100))
    };
    assert_eq!((left(None), left(Some(4000)), left(Some(1000))), (100, 100, 0));
}
