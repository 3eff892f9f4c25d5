//! Models that do not rewind: the same results as of those that do, whatever the memory, and hardly more that is read.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use std::sync::Arc;

use agentc_constraint::{TokenId, Tokenize, Vocab};
use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::model::{Model, ModelError, ModelInfo, Row, SeqId};
use agentc_runtime::replay::SHAPES;
use agentc_runtime::{Backends, Limits, LocalModel, Outcome, RunOptions, Session};
use common::{play, play_on, program, scheds, seen, together};

/// Programs of all kinds: what begins where, what goes back, and what reads again what was read.
const PROGRAMS: [&str; 10] = [
    // A constraint that forces text, between choices.
    r#""A record: {{ gen r: {name: /[a-z]{1,9}/, tags: str[](1..3), good: bool} }} " gen x: /[a-z]{9}/ return x"#,
    // Stops of several tokens, behind which more was evaluated than is kept.
    r#""Some text: {{ gen x with stop = ["ab", "e f", "the end"], max = 40 }} and {{ gen y: /[a-z ]{30}/ with stop = "xyz" }}" return [x, y]"#,
    // Healing takes the end of a text back.
    r#""The answer is (and he th" gen x: /[a-z]{1,12}/ " of th" gen y: /[a-z]{4,12}/ return [x, y]"#,
    r#"let xs = fork 4 as i { "Branch {{ i }}: " gen a: /[a-z]{3,20}/ let ys = fork 2 as k { ", {{ k }}" gen b: /[a-z]{5}/ yield b } yield [[a], ys] } return xs"#,
    r#""Of these: {{ select x from ["abc", "abd", "b", "abcde"] by norm with logprobs = true }} or {{ select y from ["one", "two"] by uncond }}{{ select z from ["p", "q"] }}" return [x, y, z, str(x.probs), str(x.logprob)]"#,
    r#""Samples: {{ gen xs: /[a-z]{3,9}/ with n = 4, logprobs = true }}" gen y: /[a-z]{5}/ return [str(xs), y]"#,
    r#""Beams: {{ gen x: /[ab]{1,5}c?/ with beam = 6, logprobs = true }}" gen y: /[a-z]{5}/ with beam = 2 return [x, y, str(x.logprob)]"#,
    r#""How likely?" gen x: /[a-z]{4}/ with logprobs = true return [x, str(x.logprob), str(score(" Yes")), str(score(" Yes, but no")), str(score(""))]"#,
    "let xs: str[] = []\nfor i in [0, 1, 2, 3, 4, 5] {\n\"{{ i }}. {{ gen x: /[a-z]{1,6}/ }}\\n\"\nxs = xs + [x]\n}\nreturn xs",
    r#"system "You are brief." user "Who is it?" assistant gen a: /[a-z ]{1,30}/ user "And why?" assistant gen b: /[a-z ]{1,30}/ let c = aside { user "Really?" assistant gen d: bool yield d } user "So?" assistant gen e: /[a-z ]{1,30}/ return [a, b, str(c), e]"#,
];

fn random() -> ScriptModel {
    let pieces = ["ab", "abc", "th", "the", " th", " the", "he", ": ", "\": ", "{\"", "\", \"", "end", "e f"];
    ScriptModel::random(5).unwrap().with_vocab(pieces.map(|piece| piece.as_bytes().to_vec())).unwrap()
}

fn options(seed: u64, strands: usize) -> RunOptions {
    let limits = Limits { strands, ..Limits::default() };
    RunOptions { seed: Some(seed), temp: Some(0.8), limits, ..RunOptions::default() }
}

fn alone(source: &str, seed: u64) -> Outcome {
    let (outcome, _) = play(&mut random().with_memory(4096, 64, 1), source, options(seed, 1));
    assert_eq!(outcome.error(), None, "{source}");
    outcome
}

/// Whatever the memory and whatever runs beside them.
#[test]
fn what_does_not_rewind_comes_to_the_same() {
    let there: Vec<Outcome> = (0..).zip(PROGRAMS).map(|(seed, source)| alone(source, seed)).collect();
    for (cells, rows, seqs) in
        [(4096, 64, 32), (900, 16, 8), (400, 7, 5), (600, 64, 3), (300, 3, 3), (300, 64, 2), (300, 5, 1)]
    {
        let mut model = random().with_memory(cells, rows, seqs).without_rewind();
        let mut backends = scheds(&mut model);
        for strands in [1, 6] {
            let session = |(seed, source): (u64, &str)| {
                Session::new(program(source), &[], options(seed, strands)).unwrap()
            };
            let sessions: Vec<Session> = (0..).zip(PROGRAMS).map(session).collect();
            for ((there, here), source) in there.iter().zip(together(sessions, &mut backends)).zip(PROGRAMS) {
                assert_eq!(seen(there), seen(&here), "{cells} cells, {seqs} sequences: {source}");
            }
            assert!(backends.is_idle());
        }
        // Nothing is held any more: a prompt that takes nearly all of the memory fits.
        let large = format!("\"{}\" gen x: /[a-z]{{5}}/ return x", "\u{1}".repeat(cells as usize - 12));
        assert_eq!(play_on(&mut backends, &large, &[], options(1, 1)).0.error(), None);
    }
}

/// Members of a group's stages have the same names: who waits for one must not wait for the next.
#[test]
fn groups_that_begin_alike_do_not_wait_for_each_other() {
    let trunk = "words that all of them begin with ".repeat(4);
    let source = |row: usize| {
        let more = "and more ".repeat(row % 3);
        format!(
            "\"{trunk}{more}\" gen x: \"abc\" | \"abd\" | \"b\" with logprobs = true \
             return {{x: x, p: x.logprob, y: score(\" Yes\"), probs: x.probs}}"
        )
    };
    for (seqs, rows) in [(1, 5), (2, 7), (3, 7), (3, 16), (4, 64)] {
        let mut model = random().with_memory(600, rows, seqs).without_rewind();
        let sessions: Vec<Session> = (0..9)
            .map(|row| Session::new(program(&source(row)), &[], options(row as u64, 6)).unwrap())
            .collect();
        for (row, outcome) in together(sessions, &mut scheds(&mut model)).iter().enumerate() {
            assert_eq!(seen(outcome), seen(&alone(&source(row), row as u64)), "{seqs} sequences");
        }
    }
}

/// What a run tells, its chunks and tokens included.
#[test]
fn what_does_not_rewind_tells_the_same() {
    for (seed, source) in (0..).zip(PROGRAMS) {
        let told = |model: &mut ScriptModel| common::shown(&play(model, source, options(seed, 1)).1);
        let there = told(&mut random());
        for (rows, seqs) in [(64, 16), (4, 3), (9, 1)] {
            assert_eq!(told(&mut random().with_memory(2048, rows, seqs).without_rewind()), there, "{source}");
        }
    }
}

/// A model of which some batches fail, and take what their sequences held with them.
struct Failing {
    inner: ScriptModel,
    batches: u32,
}

impl Tokenize for Failing {
    fn tokenize(&self, text: &[u8]) -> Vec<TokenId> {
        self.inner.tokenize(text)
    }
}

impl Model for Failing {
    fn info(&self) -> &ModelInfo {
        self.inner.info()
    }

    fn vocab(&self) -> &Arc<Vocab> {
        self.inner.vocab()
    }

    fn tokenize_scaffold(&self, text: &str) -> Result<Vec<TokenId>, ModelError> {
        self.inner.tokenize_scaffold(text)
    }

    fn decode(&mut self, rows: &[Row]) -> Result<(), ModelError> {
        self.batches += 1;
        if self.batches.is_multiple_of(40) {
            rows.iter().try_for_each(|row| self.inner.truncate(row.seq, 0))?;
            return Err(ModelError::Decode { reason: "of a test".into() });
        }
        self.inner.decode(rows)
    }

    fn logits(&self, row: usize) -> Result<&[f32], ModelError> {
        self.inner.logits(row)
    }

    fn share(&mut self, from: SeqId, to: SeqId, len: u32) -> Result<(), ModelError> {
        self.inner.share(from, to, len)
    }

    fn truncate(&mut self, seq: SeqId, len: u32) -> Result<(), ModelError> {
        self.inner.truncate(seq, len)
    }
}

/// What a batch that fails loses is read again; all else is there as it was.
#[test]
fn what_a_failure_takes_is_read_again() {
    let inner = random().with_memory(2048, 64, 8).without_rewind();
    let mut model = Failing { inner, batches: 0 };
    let mut backends: Backends<'_> = LocalModel::new(&mut model, Limits::default()).into();
    let (mut failed, mut right) = (0, 0);
    for _ in 0..8 {
        for (seed, source) in (0..).zip(PROGRAMS) {
            let (outcome, _) = play_on(&mut backends, source, &[], options(seed, 4));
            match outcome.error() {
                Some(error) => {
                    assert!(error.to_string().contains("of a test"), "{error}");
                    failed += 1;
                }
                None => {
                    assert_eq!(seen(&outcome), seen(&alone(source, seed)), "{source}");
                    right += 1;
                }
            }
        }
    }
    assert!(failed > 8 && right > 8, "{failed} failed, {right} did not");
    assert!(backends.is_idle());
}

/// Rows that a model evaluates for some sources, one after the other or all together; tells also in how many batches.
fn rows(kind: impl Fn(ScriptModel) -> ScriptModel, sources: &[String], at_once: bool) -> u64 {
    let mut model = kind(random().with_memory(16384, 64, 32));
    let counters = model.counters();
    let mut backends = scheds(&mut model);
    let session = |source: &String| Session::new(program(source), &[], options(1, 64)).unwrap();
    let parts = if at_once { vec![sources] } else { sources.chunks(1).collect() };
    for part in parts {
        for outcome in together(part.iter().map(session).collect(), &mut backends) {
            assert_eq!(outcome.error(), None);
        }
    }
    println!("{} tokens in {} batches", counters.rows(), counters.forwards());
    counters.rows()
}

#[test]
fn a_chat_reads_what_is_new() {
    let turn = |number: usize| {
        format!(
            "user \"Question {number}: {}?\" assistant gen a{number}: /[a-z]{{20}}/\n",
            "what is it ".repeat(20)
        )
    };
    let chat = |turns: usize| vec![(0..turns).map(turn).collect::<String>()];
    let (rewound, whole) =
        (rows(|model| model, &chat(10), false), rows(ScriptModel::without_rewind, &chat(10), false));
    assert!(rewound > 2000 && whole <= rewound + 10 * 2, "{rewound} rows rewinding, {whole} not");
}

#[test]
fn a_trunk_is_read_once() {
    let trunk = "some words of a trunk ".repeat(60);
    let branches = |branches: usize| {
        vec![format!(
            "\"{trunk}\" let xs = fork {branches} as i {{ \" {{{{ i }}}}\" gen x: /[a-z]{{12}}/ yield x }}"
        )]
    };
    let count = |number: usize| rows(ScriptModel::without_rewind, &branches(number), true);
    let (one, four) = (count(1), count(4));
    assert!(one > 1000 && four <= one + 3 * 16, "{one} rows for one branch, {four} for four");
}

#[test]
fn examples_are_read_once_for_rows_together_and_twice_one_by_one() {
    let examples = "an example that all rows begin with ".repeat(30);
    let asked = |rows: usize| -> Vec<String> {
        (0..rows).map(|row| format!("\"{examples}{row}: \" gen x: /[a-z]{{5}}/ return x")).collect()
    };
    let count = |number, at_once| rows(ScriptModel::without_rewind, &asked(number), at_once);
    let (one, together, serial) = (count(1, true), count(20, true), count(20, false));
    assert!(together <= one + 19 * 16, "{one} rows for one, {together} for twenty together");
    assert!(serial <= one + 64 + 19 * 16, "{one} rows for one, {serial} for twenty one by one");
    // More rows than sequences: what they begin with stays all the same.
    let crowd = count(100, true);
    assert!(crowd <= one + 99 * 16, "{crowd} rows for a hundred together");
}

#[test]
fn usual_programs_read_hardly_more() {
    for shape in SHAPES {
        let source = [shape.source.to_owned()];
        let (rewound, whole) =
            (rows(|model| model, &source, true), rows(ScriptModel::without_rewind, &source, true));
        assert!(whole * 4 <= rewound * 5, "{}: {rewound} rows rewinding, {whole} not", shape.name);
    }
}
