//! The properties of the fuzz targets, bounded: on every program of the suite, and on mutants of them.
#![allow(missing_docs, unreachable_pub)]

mod common;
#[path = "../../fuzz/src/lib.rs"]
mod properties;

use agentc_compiler::ir;
use agentc_compiler::source::NoFiles;
use agentc_compiler::{Options, compile};
use common::random::Random;

/// Pieces that mean something to the language, and bytes that mean trouble.
const PIECES: &[&str] = &[
    "{{",
    "}}",
    "\"\"\"",
    "\"",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\n",
    "#",
    "/",
    "gen x",
    ": ",
    " = ",
    "fork 2 {",
    "yield ",
    "aside {",
    "try {",
    "else ",
    "user ",
    "repeat 3 ",
    "\\",
    "\u{feff}",
    "\r",
    "'",
    "|",
    "?",
    "..",
    "é",
    "\0",
    "0",
    "1e9",
    "`",
];

/// A few edits: pieces put in, stretches taken out, doubled, or taken from another text.
fn mutant(random: &mut Random, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + random.below(4) {
        let from = random.below(bytes.len() + 1);
        let to = (from + random.below(12)).min(bytes.len());
        let piece = match random.below(4) {
            0 => PIECES[random.below(PIECES.len())].as_bytes().to_vec(),
            1 => bytes[from..to].repeat(2),
            2 => {
                let at = random.below(other.len() + 1);
                other[at..(at + random.below(30)).min(other.len())].to_vec()
            }
            _ => Vec::new(),
        };
        bytes.splice(from..to, piece);
    }
    bytes
}

fn each_mutant(rounds: usize, texts: &[Vec<u8>], property: fn(&[u8])) {
    assert!(texts.len() > 20, "only {} texts to begin with", texts.len());
    texts.iter().for_each(|text| property(text));
    let mut random = Random(rounds as u64);
    for _ in 0..rounds {
        let (text, other) = (&texts[random.below(texts.len())], &texts[random.below(texts.len())]);
        property(&mutant(&mut random, text, other));
    }
}

fn programs() -> Vec<Vec<u8>> {
    common::cases().into_iter().map(|case| case.text.into_bytes()).collect()
}

/// The IR of the suite's programs, small ones first.
fn intermediates() -> Vec<ir::Program> {
    let compile = |text: Vec<u8>| compile("fuzz.agent", &text, &NoFiles, &Options::default()).program;
    programs().into_iter().filter_map(compile).collect()
}

#[test]
fn any_bytes_compile_or_have_findings() {
    each_mutant(3000, &programs(), |bytes| properties::text(bytes, &NoFiles));
}

#[test]
fn any_program_can_be_set() {
    each_mutant(1500, &programs(), properties::format);
}

#[test]
fn any_ir_is_valid_or_refused() {
    let json = |program: ir::Program| serde_json::to_vec(&program).expect("a program is JSON");
    let texts: Vec<Vec<u8>> =
        intermediates().into_iter().map(json).filter(|text| text.len() < 20_000).collect();
    each_mutant(3000, &texts, properties::ir);
}

#[test]
fn any_spec_builds_or_is_refused() {
    let mut texts = Vec::new();
    for program in intermediates() {
        for inst in program.funcs.iter().flat_map(|func| &func.blocks).flat_map(|block| &block.insts) {
            if let ir::Op::Gen(generation) = &inst.op {
                texts.push(serde_json::to_vec(&generation.spec).expect("a spec is JSON"));
            }
        }
    }
    texts.sort();
    texts.dedup();
    each_mutant(3000, &texts, properties::spec);
}
