//! Models that remember in cells, in states, or in both, from tiny files on llama.cpp: whatever is shared, gone back to, saved
//! and loaded, the logits are those of a fresh prefill, and programs come to the same as where nothing is ever reused.
#![cfg(feature = "llama")]
#![allow(clippy::unwrap_used)]

#[path = "../common/architectures.rs"]
mod architectures;
#[path = "../common/mod.rs"]
mod common;
mod fresh;
#[path = "../common/tiny.rs"]
mod tiny;

use std::path::PathBuf;
use std::sync::Mutex;

use agentc_constraint::TokenId;
use agentc_runtime::model::llama::{LlamaLoader, LlamaOptions, proof};
use agentc_runtime::model::{Load, Model, ModelError, Row, SeqId};
use agentc_runtime::{Backends, Limits, LocalModel, Outcome, RunOptions, Session, Value};
use architectures::Rewinds;
use common::{program, together};
use fresh::Fresh;

/// Two contexts on a small machine slow each other down.
static ENGINE: Mutex<()> = Mutex::new(());

/// How far logits may be from those of a fresh prefill, in parts of the largest. In a pool, sums are made in the order of the
/// cells, and keys and values are kept in 16 bits, which are right to 5e-4: one that is rounded the other way moves a logit by a
/// part of that. (Up to 4e-4 were seen.)
const TOLERANCE: f32 = 1e-3;

/// The same where no cells are elsewhere: numbers of 32 bits are right to 6e-8. (No difference was seen.)
const STRICT: f32 = 1e-5;

/// Sequences, of which the last one is kept for fresh prefills.
const SEQS: SeqId = 6;

fn options(name: &str, file: &tiny::Tiny, seqs: u32, deterministic: bool) -> LlamaOptions {
    std::fs::create_dir_all(place()).unwrap();
    let path = place().join(format!("{name}.gguf"));
    if !path.is_file() {
        std::fs::write(&path, file.bytes().0).unwrap();
    }
    let options = LlamaOptions::new(name, path);
    LlamaOptions { n_ctx: Some(600), seqs, threads: Some(1), deterministic, ..options }
}

/// Runs `body` with each model, in both layouts, of so many sequences.
fn with_models(seqs: u32, mut body: impl FnMut(&str, &mut dyn Model)) {
    let _lock = ENGINE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    for (name, rewinds, file) in architectures::all() {
        for deterministic in [false, true] {
            let name = format!("{name}{}", if deterministic { ", deterministic" } else { "" });
            let loader = LlamaLoader::new(options(&name, &file, seqs, deterministic));
            let load = Box::new(loader).load(&mut |model| {
                let expected = rewinds == Rewinds::Always || (rewinds == Rewinds::Alone && deterministic);
                assert_eq!(model.info().rewinds, expected, "{name}");
                body(&name, model);
            });
            load.unwrap();
        }
    }
    let _ = std::fs::remove_dir_all(place());
}

fn place() -> PathBuf {
    std::env::temp_dir().join(format!("agentc-memories-{}", std::process::id()))
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % n as u64) as usize
    }

    fn tokens(&mut self, most: usize) -> Vec<TokenId> {
        (0..=self.below(most)).map(|_| 3 + self.below(300) as TokenId).collect()
    }
}

fn rows(tokens: &[TokenId], from: usize, seq: SeqId) -> Vec<Row> {
    let row = |(pos, &token): (usize, &TokenId)| Row {
        token,
        pos: pos as u32,
        seq,
        logits: pos + 1 == tokens.len(),
    };
    tokens.iter().enumerate().skip(from).map(row).collect()
}

/// The logits after some tokens, of which nothing is in memory.
fn fresh(model: &mut dyn Model, tokens: &[TokenId]) -> Vec<f32> {
    model.truncate(SEQS - 1, 0).unwrap();
    model.decode(&rows(tokens, 0, SEQS - 1)).unwrap();
    let logits = model.logits(tokens.len() - 1).unwrap().to_vec();
    model.truncate(SEQS - 1, 0).unwrap();
    logits
}

/// The largest difference, in parts of the largest logit.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    let largest = a.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest
}

#[test]
fn contexts_differ() {
    with_models(SEQS, |name, model| {
        let tokens = Random(1).tokens(1).into_iter().chain(40..70).collect::<Vec<TokenId>>();
        let logits = fresh(model, &tokens);
        assert!(logits.iter().all(|logit| logit.is_finite()), "{name}");
        let spread = logits.iter().fold(0.0, |most: f32, x| most.max((x - logits[0]).abs()));
        assert!(spread > 0.2, "{name}: {spread}");
        // The last token is the same, and what stands before it is not.
        for at in [tokens.len() - 2, tokens.len() - 12] {
            let mut other = tokens.clone();
            other[at] += 100;
            let far = distance(&logits, &fresh(model, &other));
            assert!(far > 3.0 * TOLERANCE, "{name}: {far} after another token at {at}");
        }
    });
}

#[test]
fn what_cannot_be_cut_is_not() {
    with_models(SEQS, |name, model| {
        let tokens: Vec<TokenId> = (40..50).collect();
        model.decode(&rows(&tokens, 0, 0)).unwrap();
        let misuse = |result: Result<(), ModelError>| matches!(result, Err(ModelError::Misuse { .. }));
        assert_eq!(misuse(model.share(0, 1, 9)), !model.info().rewinds, "{name}");
        assert_eq!(misuse(model.truncate(0, 9)), !model.info().rewinds, "{name}");
        assert!(misuse(model.share(0, 1, 11)) && misuse(model.truncate(0, 11)), "{name}");
        assert!(model.truncate(0, 0).is_ok() && model.truncate(1, 0).is_ok(), "{name}");
    });
}

/// Sequences that are extended, some in the same batch, shared, gone back in, saved and loaded.
struct Walk<'m> {
    model: &'m mut dyn Model,
    seqs: Vec<Vec<TokenId>>,
    random: Random,
    saved: u32,
}

impl Walk<'_> {
    fn step(&mut self, name: &str) {
        let (seq, other) = (self.random.below(5), self.random.below(5));
        let (rewinds, held) = (self.model.info().rewinds, self.seqs[seq].len());
        let part = if rewinds { self.random.below(held + 1) } else { held };
        match self.random.below(9) {
            0..4 => self.extend(seq, other, name),
            4 | 5 if seq != other => {
                self.model.share(seq as SeqId, other as SeqId, part as u32).unwrap();
                self.seqs[other] = self.seqs[seq][..part].to_vec();
            }
            6 => {
                let len = if part < held { part } else { 0 };
                self.model.truncate(seq as SeqId, len as u32).unwrap();
                self.seqs[seq].truncate(len);
            }
            7 if held > 0 && self.model.info().identity.is_some() => self.save(seq, other),
            _ => {}
        }
    }

    fn extend(&mut self, seq: usize, other: usize, name: &str) {
        let seqs = if seq == other { vec![seq] } else { vec![seq, other] };
        let (mut batch, mut ends) = (Vec::new(), Vec::new());
        for seq in seqs {
            let most = [1, 3, 40][self.random.below(3)];
            let (from, more) = (self.seqs[seq].len(), self.random.tokens(most));
            if from + more.len() > 100 {
                continue;
            }
            self.seqs[seq].extend(more);
            batch.extend(rows(&self.seqs[seq], from, seq as SeqId));
            ends.push((seq, batch.len() - 1));
        }
        if batch.is_empty() {
            return;
        }
        self.model.decode(&batch).unwrap();
        let logits: Vec<Vec<f32>> =
            ends.iter().map(|(_, row)| self.model.logits(*row).unwrap().to_vec()).collect();
        for ((seq, _), logits) in ends.iter().zip(logits) {
            let far = distance(&fresh(self.model, &self.seqs[*seq]), &logits);
            let moves = !name.contains("deterministic") && name != "mamba";
            let most = if moves { TOLERANCE } else { STRICT };
            assert!(far <= most, "{name}: {far} after {} tokens", self.seqs[*seq].len());
        }
    }

    fn save(&mut self, seq: usize, other: usize) {
        let bytes = self.model.save(seq as SeqId).unwrap();
        if seq == other {
            return;
        }
        self.model.truncate(other as SeqId, 0).unwrap();
        let len = self.seqs[seq].len() as u32;
        assert!(self.model.load(other as SeqId, len + 1, &bytes).is_err(), "it holds fewer tokens");
        assert!(self.model.load(other as SeqId, len, &bytes[..bytes.len() - 1]).is_err(), "it was cut short");
        self.model.load(other as SeqId, len, &bytes).unwrap();
        self.seqs[other] = self.seqs[seq].clone();
        self.saved += 1;
    }
}

#[test]
fn whatever_is_done_is_as_fresh() {
    with_models(SEQS, |name, model| {
        let seqs = vec![Vec::new(); SEQS as usize - 1];
        let mut walk = Walk { model, seqs, random: Random(9), saved: 0 };
        for _ in 0..150 {
            walk.step(name);
        }
        assert_eq!(walk.saved > 3, !name.starts_with("gemma3"), "{name}: {} were loaded", walk.saved);
    });
}

#[test]
fn such_models_can_be_tried_and_measured() {
    let _lock = ENGINE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    for (name, _, file) in architectures::all() {
        let options = options(name, &file, SEQS, false);
        proof::prove(&options).unwrap();
        let speed = proof::measure(&options).unwrap();
        assert!(speed.alone > 0.0 && speed.together > 0.0, "{name}");
    }
    let _ = std::fs::remove_dir_all(place());
}

/// A chat with healing and constraints, branches, options with scores, samples, beams, stops, and many turns.
const PROGRAMS: [&str; 6] = [
    r#"system "You are brief. Say what it is." user "Who is it?" assistant gen a: /[a-z ]{1,20}/
       user "And why? Tell me th" assistant gen b: {name: /[a-z]{1,6}/, good: bool} user "So?" assistant gen c: /[a-z ]{9}/
       return {a: a, b: b, c: c}"#,
    r#""Some words of a trunk that all of them read, and some more of these words, so that it is longer than a few tokens."
       let xs = fork 4 as i { " Branch {{ i }}: " gen a: /[a-z]{3,12}/ with logprobs = true yield {a: a, p: a.logprob} } return xs"#,
    r#""The answer is th{{ select x from ["the", "then", "a", "ab"] by norm with logprobs = true }} or {{ select y from ["one", "two"] by uncond }}" return {x: x, y: y, probs: x.probs, p: x.logprob, s: score(" Yes")}"#,
    r#""Samples: {{ gen xs: /[a-z]{3,9}/ with n = 3 }}" gen y: /[a-z]{5}/ return {xs: xs, y: y}"#,
    r#""Beams: {{ gen x: /[ab]{1,5}c?/ with beam = 3, logprobs = true }}" gen y: /[a-z]{5}/ return {x: x, y: y, p: x.logprob}"#,
    r#""Text: {{ gen x with stop = ["ab", "e ", "th"], max = 30 }} and {{ gen y with stop = ".", max = 12 }}" gen z: /[a-z]{40}/
       return {x: x, y: y, z: z}"#,
];

/// Whether two values are the same but for the last digits of numbers.
fn close(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => (a - b).abs() <= f64::from(TOLERANCE) * a.abs().max(1.0),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| close(a, b))
        }
        (Value::Record(a), Value::Record(b)) => {
            let same =
                |((name, a), (other, b)): (&(String, Value), &(String, Value))| name == other && close(a, b);
            a.len() == b.len() && a.iter().zip(b.iter()).all(same)
        }
        _ => a == b,
    }
}

/// What the programs come to, all of them together, and the tokens of their prompts that were found in memory.
fn values(model: &mut dyn Model) -> (Vec<Value>, u64) {
    let mut backends: Backends<'_> = LocalModel::new(model, Limits::default()).into();
    let session = |(seed, source): (u64, &str)| {
        let limits = Limits { strands: 3, ..Limits::default() };
        let options = RunOptions { seed: Some(seed), temp: Some(0.7), limits, ..RunOptions::default() };
        Session::new(program(source), &[], options).unwrap()
    };
    let sessions = (0..).zip(PROGRAMS).map(session).collect();
    let outcomes = together(sessions, &mut backends);
    assert!(backends.is_idle());
    let found = outcomes.iter().map(|outcome| outcome.usage().cached_tokens).sum();
    let value = |outcome: &Outcome| {
        assert_eq!(outcome.error(), None);
        outcome.value().clone()
    };
    (outcomes.iter().map(value).collect(), found)
}

/// With enough sequences for checkpoints, with hardly any, and with none.
#[test]
fn programs_come_to_the_same_as_where_nothing_is_reused() {
    for seqs in [16, 3, 1] {
        with_models(seqs, |name, model| {
            let (there, _) = values(&mut Fresh::new(model));
            model.truncate(0, 0).unwrap();
            let (here, found) = values(model);
            for (source, (there, here)) in PROGRAMS.iter().zip(there.iter().zip(here)) {
                assert!(close(there, &here), "{name}: {source}\n{there}\n{here}");
            }
            assert!(found > 300 || seqs < 16, "{name}: {found} tokens were found");
        });
    }
}
