//! Shapes of prompting, with little memory and with as much as they like.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::replay::{Found, SHAPES, Shape};
use agentc_runtime::{Limits, RunOptions};
use common::play;

/// What a shape finds in so much memory.
fn found(shape: Shape, cells: u32, seqs: u32, strands: usize) -> Found {
    found_by(ScriptModel::random(11).unwrap().with_memory(cells, 64, seqs), shape, strands)
}

fn found_by(mut model: ScriptModel, shape: Shape, strands: usize) -> Found {
    let limits = Limits { strands, ..Limits::default() };
    let options = RunOptions { seed: Some(5), temp: Some(1.0), limits, ..RunOptions::default() };
    let (outcome, _) = play(&mut model, shape.source, options);
    assert_eq!(outcome.error(), None, "{}", shape.name);
    Found::of(outcome.usage())
}

/// Memories: cells, sequences, and the share of what is possible that shapes find in them.
const MEMORIES: [(u32, u32, f64); 4] = [(1024, 32, 0.88), (600, 32, 0.7), (450, 32, 0.75), (1024, 8, 0.88)];

#[test]
fn shapes_find_most_of_what_a_memory_without_end_would_hold() {
    println!("{:20} {:>7} {:>7}  in memories of {MEMORIES:?}", "shape", "prompts", "ideal");
    for shape in SHAPES {
        let ideal = found(shape, 1 << 20, 4096, 64);
        let rates = MEMORIES.map(|(cells, seqs, _)| found(shape, cells, seqs, 64).rate());
        let shown: Vec<String> = rates.iter().map(|rate| format!("{:6.1} %", rate * 100.0)).collect();
        println!("{:20} {:>7} {:5.1} % {}", shape.name, ideal.prompt, ideal.rate() * 100.0, shown.join(" "));
        for (rate, (cells, seqs, share)) in rates.into_iter().zip(MEMORIES) {
            assert!(rate >= ideal.rate() * share, "{}, {cells} cells, {seqs} sequences: {rate}", shape.name);
        }
    }
}

/// The same of models that do not rewind: what they find depends on how many sequences there are for checkpoints.
const CHECKPOINTS: [(u32, u32, f64); 4] =
    [(1 << 20, 256, 0.9), (1 << 20, 32, 0.8), (1024, 32, 0.7), (1024, 8, 0.5)];

#[test]
fn shapes_find_much_of_it_at_checkpoints() {
    println!("{:20} {:>7} {:>7}  in memories of {CHECKPOINTS:?}", "shape", "prompts", "ideal");
    for shape in SHAPES {
        let ideal = found(shape, 1 << 20, 4096, 64);
        let whole = |cells, seqs| {
            let model = ScriptModel::random(11).unwrap().with_memory(cells, 64, seqs).without_rewind();
            found_by(model, shape, 64).rate()
        };
        let rates = CHECKPOINTS.map(|(cells, seqs, _)| whole(cells, seqs));
        let shown: Vec<String> = rates.iter().map(|rate| format!("{:6.1} %", rate * 100.0)).collect();
        println!("{:20} {:>7} {:5.1} % {}", shape.name, ideal.prompt, ideal.rate() * 100.0, shown.join(" "));
        for (rate, (cells, seqs, share)) in rates.into_iter().zip(CHECKPOINTS) {
            assert!(rate >= ideal.rate() * share, "{}, {cells} cells, {seqs} sequences: {rate}", shape.name);
        }
    }
}
