//! Many sequences over one memory: what is common is read once, and what does not fit waits.
#![allow(clippy::unwrap_used)]

mod common;

use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::{Limits, Outcome, RunOptions, Session};
use common::{play, play_on, program, scheds, together};

fn random() -> ScriptModel {
    ScriptModel::random(7).unwrap()
}

fn options(seed: u64, strands: usize) -> RunOptions {
    let limits = Limits { strands, ..Limits::default() };
    RunOptions { seed: Some(seed), temp: Some(0.9), limits, ..RunOptions::default() }
}

/// A prompt of some hundred tokens that nobody has read, and branches on it.
fn trunk_and_branches(words: usize, branches: usize) -> String {
    let trunk = "some words of a trunk ".repeat(words);
    format!(
        "\"{trunk}\" let xs = fork {branches} as i {{ \" {{{{ i }}}}\" gen x: /[a-z]{{12}}/ yield x }} return xs"
    )
}

#[test]
fn branches_read_their_trunk_once() {
    let rows = |branches: usize| {
        let mut model = random().with_memory(8192, 64, 16);
        let counters = model.counters();
        let (outcome, _) = play(&mut model, &trunk_and_branches(100, branches), options(1, 64));
        assert_eq!(outcome.error(), None);
        (counters.rows(), outcome)
    };
    let (one, _) = rows(1);
    let (four, outcome) = rows(4);
    let own = 12 + 4;
    assert!(one > 500 && four <= one + 3 * own, "{one} rows for one branch, {four} for four");
    // Three of four find nearly all of what they read.
    let usage = outcome.usage();
    assert!(usage.cached_tokens * 100 >= usage.prompt_tokens * 74, "{usage:?}");
}

#[test]
fn runs_that_arrive_together_read_what_they_share_once() {
    let prefix = "an example that all rows begin with ".repeat(40);
    let source = |row: usize| format!("\"{prefix}{row}: \" gen x: /[a-z]{{5}}/ return x");
    let sessions = |rows: usize| -> Vec<Session> {
        (0..rows).map(|row| Session::new(program(&source(row)), &[], options(3, 1)).unwrap()).collect()
    };
    let count = |rows: usize| {
        let mut model = random().with_memory(8192, 32, 16);
        let counters = model.counters();
        let outcomes = together(sessions(rows), &mut scheds(&mut model));
        assert!(outcomes.iter().all(|outcome| outcome.error().is_none()));
        counters.rows()
    };
    let (one, twelve) = (count(1), count(12));
    assert!(twelve <= one + 11 * 16, "{one} rows for one run, {twelve} for twelve");
}

#[test]
fn a_thousand_branches_wait_for_their_turn() {
    let source = trunk_and_branches(10, 1000);
    let alone = play(&mut random().with_memory(8192, 64, 16), &source, options(5, 1)).0;
    let mut model = random().with_memory(512, 64, 16);
    let counters = model.counters();
    let crowd = play(&mut model, &source, options(5, 64)).0;
    assert_eq!((alone.error(), crowd.error()), (None, None));
    assert_eq!(alone.value(), crowd.value());
    // Each needs about 16 rows of its own; hardly one is read twice.
    assert!(counters.rows() < 1000 * 20, "{} rows", counters.rows());
}

/// Whatever the memory and however many go on side by side: the same texts, and no generation fails that fits alone.
#[test]
fn memory_and_order_change_no_result() {
    let prefixes = ["first kind of rows ".repeat(12), "another kind ".repeat(17), String::new()];
    let source = |row: usize| {
        let prefix = &prefixes[row % 3];
        format!(
            "\"{prefix}{row}\" let xs = fork 3 as i {{ \" {{{{ i }}}}\" gen x: /[a-z]{{3,30}}/ yield x }} \
             \" so \" gen y: /[a-z ]{{20}}/ return [xs, [y]]"
        )
    };
    let alone: Vec<Outcome> = (0..12)
        .map(|row| play(&mut random().with_memory(4096, 64, 4), &source(row), options(row as u64, 1)).0)
        .collect();
    for (cells, rows, seqs) in [(4096, 64, 64), (700, 16, 8), (400, 7, 40), (330, 64, 2), (300, 3, 1)] {
        let mut model = random().with_memory(cells, rows, seqs);
        let mut backends = scheds(&mut model);
        let sessions = (0..12)
            .map(|row| Session::new(program(&source(row)), &[], options(row as u64, 1 + row)).unwrap())
            .collect();
        for (there, here) in alone.iter().zip(together(sessions, &mut backends)) {
            assert_eq!(here.error(), None, "{cells} cells, {seqs} sequences");
            assert_eq!(there.value(), here.value(), "{cells} cells, {seqs} sequences");
        }
        assert!(backends.is_idle());
        // Nothing is held any more: a prompt that takes nearly all of the memory fits.
        let large = format!("\"{}\" gen x: /[a-z]{{5}}/ return x", "\u{1}".repeat(cells as usize - 12));
        let (last, _) = play_on(&mut backends, &large, &[], options(1, 1));
        assert_eq!(last.error(), None, "{cells} cells, {seqs} sequences");
    }
}

/// Two kinds of rows, of which the memory holds one: rows of a kind follow each other.
#[test]
fn rows_that_find_their_prefix_go_first() {
    let kinds = ["first kind of rows ".repeat(10), "another kind ".repeat(14)];
    let sessions = |rows: usize| -> Vec<Session> {
        let source = |row: usize| format!("\"{}{row}: \" gen x: /[a-z]{{5}}/ return x", kinds[row % 2]);
        (0..rows).map(|row| Session::new(program(&source(row)), &[], options(3, 1)).unwrap()).collect()
    };
    let count = |rows: usize| {
        let mut model = random().with_memory(300, 32, 4);
        let counters = model.counters();
        let outcomes = together(sessions(rows), &mut scheds(&mut model));
        assert!(outcomes.iter().all(|outcome| outcome.error().is_none()));
        counters.rows()
    };
    let (two, twenty) = (count(2), count(20));
    assert!(twenty < two * 3, "{two} rows for one of each kind, {twenty} for ten of each");
}
