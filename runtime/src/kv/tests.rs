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

    /// The longest sequence that is a prefix of some tokens.
    fn deepest(&self, tokens: &[TokenId]) -> usize {
        let held = |seq: &Vec<(TokenId, u64)>| seq.iter().map(|(token, _)| *token).collect::<Vec<_>>();
        let prefixes = self.seqs.values().map(held).filter(|seq| tokens.starts_with(seq));
        prefixes.map(|seq| seq.len()).max().unwrap_or(0)
    }

    /// The longest prefix of some tokens among sequences of a kind.
    fn longest_of(&self, is_of: impl Fn(SeqId) -> bool, tokens: &[TokenId]) -> usize {
        let common =
            |seq: &Vec<(TokenId, u64)>| seq.iter().zip(tokens).take_while(|(a, b)| a.0 == **b).count();
        let seqs = self.seqs.iter().filter(|(seq, _)| is_of(**seq));
        seqs.map(|(_, tokens)| common(tokens)).max().unwrap_or(0)
    }

    fn lease(&mut self, lease: Lease, tokens: &[TokenId], rewinds: bool) {
        let shared = match lease.from {
            Some(from) => {
                assert!(rewinds || self.seqs[&from].len() == lease.len, "only a part was shared");
                self.seqs[&from][..lease.len].to_vec()
            }
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
    for (seed, rewinds) in (0..300).flat_map(|seed| [(seed, true), (seed, false)]) {
        let mut random = Random(seed);
        // Without rent, with one that hardly ever counts, and with one that always does.
        let price = [None, Some(200), Some(16)][seed as usize % 3];
        let (mut tree, mut naive) = (PrefixTree::new(60, SEQS, price, rewinds), Naive::default());
        if seed % 2 == 0 && rewinds {
            tree = tree.with_shelf();
        }
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
    match random.below(7) {
        0 | 1 => {
            let rewinds = tree.rewinds();
            let expected = if rewinds { naive.longest(&tokens) } else { naive.deepest(&tokens) };
            assert_eq!(tree.longest_prefix(&tokens), expected);
            assert_eq!(tree.longest_held(&tokens), naive.longest(&tokens));
            let held = naive.longest_of(|seq| naive.leased.contains(&seq), &tokens);
            assert!(tree.held().prefix(&tokens) <= held && (!rewinds || tree.held().prefix(&tokens) == held));
            let can_lease = tree.can_lease();
            let lease = tree.lease(&tokens);
            assert_eq!(lease.is_some(), can_lease);
            let Some(lease) = lease else {
                let most = if rewinds { SEQS } else { SEQS / 2 + 1 };
                assert!(naive.leased.len() >= most, "no lease although a sequence is not leased");
                return;
            };
            assert_eq!(lease.len, expected);
            naive.lease(lease, &tokens, tree.rewinds());
        }
        2 if !live.is_empty() => {
            let seq = pick(random);
            while let Some(idle) = tree.idle(random.below(20) as usize) {
                let held = naive.seqs[&idle].iter().map(|(token, _)| *token);
                assert_eq!(tree.tokens(idle), held.collect::<Vec<_>>());
                assert!(!naive.leased.contains(&idle));
                naive.cut(tree.give_up(idle));
            }
            let before = tree.free_cells();
            naive.cut(tree.evict_for(tokens.len()));
            let needed = tokens.len().saturating_sub(before);
            let taken = tree.free_cells() - before;
            assert!(
                !tree.rewinds() || taken <= needed.max(CUT * usize::from(needed > 0)),
                "more was cut than needed"
            );
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
            let len = if tree.rewinds() || len == tree.len(seq) { len } else { 0 };
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
        6 if !live.is_empty() && !tree.rewinds() => {
            let seq = pick(random);
            let own = tree.since_checkpoint(seq);
            let Some(copy) = tree.checkpoint(seq) else { return };
            assert!(
                own > 0 && !naive.leased.contains(&copy),
                "nothing was won, or a leased sequence was lost"
            );
            assert_eq!(tree.since_checkpoint(seq), 0);
            let held = naive.seqs[&seq].clone();
            let tokens: Vec<TokenId> = held.iter().map(|(token, _)| *token).collect();
            assert_eq!(tree.holder(&tokens).map(|seq| tree.len(seq)), Some(tokens.len()));
            naive.seqs.insert(copy, held);
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
    let mut tree = PrefixTree::new(200, 4, None, true);
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
    let mut tree = PrefixTree::new(300, 8, None, true);
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
    let mut tree = PrefixTree::new(1000, 3, None, true);
    read(&mut tree, &run(0, 200));
    read(&mut tree, &run(1000, 10));
    read(&mut tree, &run(2000, 100));
    read(&mut tree, &run(3000, 100));
    assert_eq!([0, 1000, 2000, 3000].map(|begin| tree.longest_prefix(&run(begin, 200))), [200, 0, 100, 100]);
}

#[test]
fn what_slows_the_model_down_goes_when_nobody_uses_it() {
    let left = |price: Option<u32>, shelf: bool, tokens: TokenId| {
        let mut tree = PrefixTree::new(100_000, 8, price, true);
        tree = if shelf { tree.with_shelf() } else { tree };
        read(&mut tree, &run(0, 100));
        let lease = tree.lease(&[]).unwrap();
        for token in 5000..5000 + tokens {
            if let Some(seq) = tree.idle(0) {
                tree.give_up(seq);
            }
            tree.extend(lease.seq, &[token]);
        }
        tree.longest_prefix(&run(0, 100))
    };
    assert_eq!(
        (left(None, false, 1000), left(Some(4000), false, 1000), left(Some(1000), false, 1000)),
        (100, 100, 0)
    );
    assert_eq!(
        (left(Some(4000), true, 8), left(Some(4000), true, 24)),
        (100, 0),
        "what can be copied goes soon"
    );
}

/// The same as [`read`], with checkpoints at some places.
fn read_marked(tree: &mut PrefixTree, tokens: &[TokenId], marks: &[usize]) -> usize {
    let lease = tree.lease(tokens).unwrap();
    let ends = marks.iter().copied().filter(|mark| *mark > lease.len).chain([tokens.len()]);
    ends.fold(lease.len, |from, to| {
        tree.evict_for(to - from);
        tree.extend(lease.seq, &tokens[from..to]);
        if to < tokens.len() {
            tree.checkpoint(lease.seq);
        }
        to
    });
    tree.release(lease.seq);
    lease.len
}

#[test]
fn what_does_not_rewind_begins_where_something_ends() {
    let mut tree = PrefixTree::new(1000, 8, None, false);
    read_marked(&mut tree, &run(0, 100), &[40]);
    assert_eq!(tree.longest_prefix(&run(0, 99)), 40);
    assert_eq!(tree.longest_held(&run(0, 99)), 99);
    assert_eq!(tree.longest_prefix(&run(0, 200)), 100);
    // What it began with is there for others, too.
    assert_eq!(read(&mut tree, &run(0, 120)), 100);
    assert_eq!(read(&mut tree, &run(0, 110)), 100);
    assert_eq!(tree.cells(), 130, "both go on from the same cells");
}

#[test]
fn checkpoints_thin_out_and_the_ones_that_are_used_stay() {
    let mut tree = PrefixTree::new(10_000, 6, None, false);
    let trunk = run(0, 100);
    read_marked(&mut tree, &trunk, &[]);
    for branch in 0..3 {
        assert_eq!(read(&mut tree, &[trunk.clone(), run(1000 + 100 * branch, 20)].concat()), 100);
    }
    let marks: Vec<usize> = (1..20).map(|at| at * 32).collect();
    read_marked(&mut tree, &run(20_000, 20 * 32), &marks);
    assert_eq!(tree.longest_prefix(&trunk), 100, "three began with it");
    let left: Vec<usize> =
        marks.iter().copied().filter(|at| tree.holder(&run(20_000, *at)).is_some()).collect();
    assert!(left.len() >= 2 && left[0] > 32, "the older ones go first: {left:?}");
}

#[test]
fn what_many_begin_with_outlives_a_rush() {
    let mut tree = PrefixTree::new(10_000, 4, None, false);
    let trunk = run(0, 100);
    read(&mut tree, &trunk);
    let row = |number: TokenId| [trunk.clone(), run(1000 + 100 * number, 5)].concat();
    let leases: Vec<Lease> = (0..3).map(|number| tree.lease(&row(number)).unwrap()).collect();
    assert!(leases.iter().all(|lease| lease.len == 100));
    assert!(!tree.can_lease() && tree.lease(&row(3)).is_none(), "the fourth waits");
    tree.extend(leases[0].seq, &row(0)[100..]);
    tree.release(leases[0].seq);
    assert_eq!(tree.lease(&row(3)).unwrap().len, 100);
    // With two sequences there is nothing to wait for.
    let mut tree = PrefixTree::new(10_000, 2, None, false);
    read(&mut tree, &trunk);
    assert_eq!([0, 1].map(|number| tree.lease(&row(number)).unwrap().len), [100, 100]);
}
