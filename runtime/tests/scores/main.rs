//! Scores, samples and beams, compared with their definitions computed naively (`naive`).
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;
mod naive;

use std::sync::Arc;

use agentc_compiler::ir;
use agentc_constraint::{SharedSpec, TokenId, Tokenize, Vocab};
use agentc_runtime::ask::{AskKind, GenAsk, Wants};
use agentc_runtime::backend::{
    Backend, Capabilities, Constraining, Product, Profile, TaskId, Work, WorkKind,
};
use agentc_runtime::context::Context;
use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::model::{Model, ModelError, ModelInfo, Outlook, Row, SeqId};
use agentc_runtime::vm::{Defaults, Vm};
use agentc_runtime::{
    Backends, Event, Fault, Limit, Limits, LocalModel, Outcome, Poll, RunOptions, Session, Stop, Value,
};
use common::{by_context, end, kept, play, play_on, program, scheds, seen};
use naive::{Naive, first_best, rests, shares};

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % n as u64) as usize
    }
}

/// Bytes and a few longer tokens, some of which lie across the ends of others. Every other model does not rewind.
fn model(seed: u64) -> ScriptModel {
    let pieces = ["ab", "abc", "bc", "ca", " a", " ab", ": ", "b."].map(|piece| piece.as_bytes().to_vec());
    let model = ScriptModel::random(seed).unwrap().with_vocab(pieces).unwrap();
    if seed.is_multiple_of(2) { model.without_rewind() } else { model }
}

fn words(random: &mut Random, most: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for _ in 0..1 + random.below(most) {
        let base = match words.is_empty() || random.below(2) == 0 {
            true => String::new(),
            false => words[random.below(words.len())].clone(),
        };
        let more: String = (0..1 + random.below(3)).map(|_| ["a", "b", "c"][random.below(3)]).collect();
        words.push(base + &more);
    }
    words.sort();
    words.dedup();
    let turn = random.below(words.len());
    words.rotate_left(turn);
    words
}

fn list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    format!("[{}]", words.join(", "))
}

fn value(model: &mut ScriptModel, source: &str) -> Value {
    let (outcome, _) = play(model, source, RunOptions::default());
    assert_eq!(outcome.error(), None, "{source}");
    outcome.value().clone()
}

fn float(value: &Value) -> f64 {
    value.as_float().unwrap_or_else(|| panic!("{value:?}"))
}

fn items(value: &Value) -> Vec<Value> {
    let Value::List(items) = value else { panic!("{value:?}") };
    items.to_vec()
}

fn fields(value: &Value) -> Vec<(String, f64)> {
    let Value::Record(fields) = value else { panic!("{value:?}") };
    fields.iter().map(|(name, value)| (name.clone(), float(value))).collect()
}

fn close(a: f64, b: f64, what: &str) {
    assert!((a - b).abs() < 1e-9 * b.abs().max(1.0), "{a} and {b}: {what}");
}

#[test]
fn options_are_as_likely_as_their_definition_says() {
    for seed in 0..40 {
        let mut random = Random(seed);
        let options = words(&mut random, 7);
        let mut script = model(seed);
        let mut naive = Naive::new(&script);
        let prompt = naive.tokens("Q: ");
        let empty = [script.info().bos.unwrap()];
        let spelled: Vec<Vec<TokenId>> = options.iter().map(|option| naive.tokens(option)).collect();
        let logs: Vec<Vec<f64>> = spelled.iter().map(|tokens| naive.logs(&prompt, tokens)).collect();
        let alone: Vec<f64> = spelled.iter().map(|tokens| naive.logs(&empty, tokens).iter().sum()).collect();
        let ends: Vec<f64> = (options.iter().zip(&spelled))
            .map(|(option, tokens)| naive.end(&[&prompt[..], tokens].concat(), &rests(option, &options)))
            .collect();
        let sums: Vec<f64> = logs.iter().map(|logs| logs.iter().sum()).collect();
        let wholes: Vec<f64> = sums.iter().zip(&ends).map(|(sum, end)| sum + end).collect();
        let means: Vec<f64> = logs.iter().zip(&sums).map(|(logs, sum)| sum / logs.len() as f64).collect();
        let gains: Vec<f64> = sums.iter().zip(&alone).map(|(sum, alone)| sum - alone).collect();
        let picks =
            [("greedy", None), ("norm", Some(first_best(&means))), ("uncond", Some(first_best(&gains)))];
        for (method, best) in picks {
            let source = format!(
                "\"Q: {{{{ select x from {} by {method} with heal = false }}}}\"
                 return [x, x.probs, x.logprob, x.mask_mass, x.tokens, context]",
                list(&options)
            );
            let value = items(&value(&mut script, &source));
            let probs = fields(&value[1]);
            close(probs.iter().map(|(_, p)| p).sum(), 1.0, &source);
            assert!(probs.iter().map(|(name, _)| name).eq(&options), "{source}");
            for ((_, p), share) in probs.iter().zip(shares(&wholes)) {
                close(*p, share, &source);
            }
            let chosen = value[0].as_str().unwrap().to_owned();
            let at = options.iter().position(|option| *option == chosen).unwrap();
            if let Some(best) = best {
                assert_eq!(at, best, "{source}: {means:?} {gains:?}");
                close(float(&value[2]), sums[at], &source);
                close(float(&value[3]), wholes.iter().map(|log| log.exp()).sum(), &source);
                assert_eq!(value[4].as_int(), Some(spelled[at].len() as i64));
            }
            assert_eq!(value[5].as_str(), Some(format!("Q: {chosen}").as_str()));
        }
    }
}

#[test]
fn what_healing_takes_back_is_spelled_by_every_option() {
    let mut script = model(3);
    let mut naive = Naive::new(&script);
    let prompt = naive.tokens("Q");
    let options = ["ab", "b", "abc"].map(str::to_owned);
    let spelled: Vec<Vec<TokenId>> =
        options.iter().map(|option| naive.tokens(&format!(" {option}"))).collect();
    let logs: Vec<f64> = spelled.iter().map(|tokens| naive.logs(&prompt, tokens).iter().sum()).collect();
    let end = naive.end(&[&prompt[..], &spelled[0]].concat(), &["c"]);
    let source = "\"Q {{ select x from [\"ab\", \"b\", \"abc\"] by norm }}\" return [x, x.probs, x.logprob]";
    let (outcome, events) = play(&mut script, source, RunOptions::default());
    let value = items(outcome.value());
    let wholes = [logs[0] + end, logs[1], logs[2]];
    for ((_, p), share) in fields(&value[1]).iter().zip(shares(&wholes)) {
        close(*p, share, source);
    }
    let chosen = options.iter().position(|option| Some(option.as_str()) == value[0].as_str()).unwrap();
    close(float(&value[2]), logs[chosen], source);
    let told: String = events
        .iter()
        .filter_map(|event| match event {
            Event::Text { text, .. } | Event::Token { text, .. } | Event::GenEnd { text, .. } => {
                Some(text.as_str())
            }
            _ => None,
        })
        .collect();
    assert_eq!(told, outcome.text());
}

#[test]
fn texts_score_what_their_tokens_do() {
    for seed in 0..30 {
        let mut random = Random(seed);
        let context: String =
            (0..1 + random.below(4)).map(|_| ["ab", "c", ": ", " "][random.below(4)]).collect();
        let text: String =
            (0..random.below(5)).map(|_| ["ab", "c", " a", "b", "."][random.below(5)]).collect();
        let mut script = model(seed);
        let mut naive = Naive::new(&script);
        let (before, all) = (naive.tokens(&context), naive.tokens(&format!("{context}{text}")));
        let same = before.iter().zip(&all).take_while(|(a, b)| a == b).count();
        // The first token of a context comes after the one that begins texts.
        let begun = script.info().bos.filter(|_| same == 0);
        let known: Vec<TokenId> = begun.into_iter().chain(all[..same].iter().copied()).collect();
        let wanted: f64 = naive.logs(&known, &all[same..]).iter().sum();
        let source = format!("{context:?}\nlet t = {text:?}\nreturn [score(t), score(t), score(\"\")]");
        let value = items(&value(&mut script, &source));
        close(float(&value[0]), wanted, &source);
        assert_eq!((float(&value[1]), float(&value[2])), (float(&value[0]), 0.0));
    }
}

#[test]
fn a_value_is_as_likely_as_its_tokens_whoever_chose_them() {
    for (seed, temp) in [(1, 0.0), (2, 0.9), (3, 1.5), (4, 0.7)] {
        let source = format!(
            "\"Q: {{{{ gen x: {{a: /[ab]{{1,4}}c/, b: int(10..99)}} with temp = {temp}, logprobs = true, heal = false }}}}\"
             print x.mask_mass"
        );
        let (ask, spec, context) = ask(&source);
        let mut script = model(seed);
        let Product::Generated(product) = product(&mut script, &ask, &spec, &context) else { panic!() };
        let mut naive = Naive::new(&script);
        let all = product.tokens.unwrap();
        let (prompt, tokens) = all.split_at(naive.tokens("Q: ").len());
        let logs = naive.logs(prompt, tokens);
        let told = product.measured.logprobs.unwrap();
        assert_eq!(logs.len(), told.len());
        logs.iter().zip(&told).for_each(|(a, b)| close(*a, *b, &source));
        close(product.measured.mask_mass.unwrap(), naive.least_share(&spec, prompt, tokens), &source);
    }
}

/// The one generation that a program asks for first, with its spec.
fn ask(source: &str) -> (GenAsk, SharedSpec, Arc<Context>) {
    let program: Arc<ir::Program> = program(source);
    let defaults = Defaults { seed: 5, ..Defaults::default() };
    let mut vm = Vm::new(program.clone(), program.entry, Vec::new(), defaults, Limits::default());
    let asks = loop {
        let turn = vm.run().unwrap();
        if !turn.asks.is_empty() {
            break turn.asks;
        }
    };
    let AskKind::Generate(r#gen) = &asks[0].kind else { panic!("{asks:?}") };
    let spec = program.spec(r#gen.spec).unwrap().clone();
    ((**r#gen).clone(), spec, vm.context(asks[0].context).unwrap().clone())
}

fn product(model: &mut dyn Model, ask: &GenAsk, spec: &SharedSpec, context: &Arc<Context>) -> Product {
    let mut backend = LocalModel::new(model, Limits::default());
    let kind = WorkKind::Generate {
        ask: Box::new(ask.clone()),
        spec: spec.clone(),
        context: context.clone(),
        told: Some(0),
    };
    backend.submit(TaskId(1), Work { kind, stop: Stop::default() });
    while backend.is_busy() {
        if let Some(result) = backend.poll().into_iter().find_map(|report| report.result) {
            return result.unwrap();
        }
    }
    panic!("it never ends")
}

#[test]
fn samples_are_what_single_generations_with_their_streams_are() {
    let source = "\"Tell: {{ gen xs: /[a-c ]{1,12}/ with n = 9, temp = 1, logprobs = true }}\" print xs[0]";
    let (ask, spec, context) = ask(source);
    for (cells, seqs) in [(4096, 16), (64, 2), (40, 1)] {
        let mut script = model(1).with_memory(cells, 16, seqs);
        let Product::Sampled(sampled) = product(&mut script, &ask, &spec, &context) else { panic!() };
        assert_eq!(sampled.tokens.unwrap(), script.tokenize(b"Tell: "));
        let texts: Vec<&String> = sampled.samples.iter().map(|sample| &sample.text).collect();
        assert!(texts.iter().any(|text| *text != texts[0]));
        for (number, sample) in sampled.samples.iter().enumerate() {
            let wants = Wants { logprobs: true, ..Wants::default() };
            let single = GenAsk { stream: ask.stream.part(number as u64), wants, ..ask.clone() };
            let Product::Generated(alone) = product(&mut model(1), &single, &spec, &context) else {
                panic!()
            };
            assert_eq!((&alone.text, alone.value_tokens), (&sample.text, sample.value_tokens));
            assert_eq!(alone.measured.logprobs, sample.logprobs);
            assert_eq!(sample.logprobs.as_ref().unwrap().len(), sample.tokens.len());
        }
    }
}

#[test]
fn samples_share_a_prompt_and_join_no_context() {
    let long = "word ".repeat(60);
    let source = format!(
        "\"{long}\"\n\"A: {{{{ gen xs: int(0..9) with n = 8, temp = 1 }}}}\" \"{{{{ vote(xs) }}}}.\" return xs"
    );
    let mut script = ScriptModel::random(2).unwrap();
    let counters = script.counters();
    let (outcome, events) = play(&mut script, &source, RunOptions::default());
    assert_eq!(outcome.error(), None);
    let xs = items(outcome.value());
    assert_eq!(xs.len(), 8);
    let prompt = outcome.usage().prompt_tokens;
    assert!(counters.rows() < prompt + 8 * 6, "{} rows for {prompt} tokens", counters.rows());
    let samples: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            Event::Sample { text, .. } => Some(text.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(samples, xs.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(outcome.text().len(), long.len() + "A: 1.".len());
}

/// The likeliest of some texts, in whatever tokens.
fn likeliest(naive: &mut Naive, prompt: &[TokenId], values: &[String]) -> (String, f64) {
    let mut best = (String::new(), f64::NEG_INFINITY);
    for value in values {
        for tokens in naive.spellings(value.as_bytes()) {
            let log: f64 = naive.logs(prompt, &tokens).iter().sum();
            let log = log + naive.end(&[prompt, &tokens].concat(), &rests(value, values));
            if log > best.1 {
                best = (value.clone(), log);
            }
        }
    }
    best
}

#[test]
fn a_wide_beam_finds_the_likeliest_value() {
    let all = |letters: &[&str], most: usize| {
        let mut words: Vec<String> = vec![String::new()];
        let mut all: Vec<String> = Vec::new();
        for _ in 0..most {
            words = words
                .iter()
                .flat_map(|word| letters.iter().map(move |letter| format!("{word}{letter}")))
                .collect();
            all.extend(words.clone());
        }
        all
    };
    let sets = [("/[ab]{1,3}/", all(&["a", "b"], 3)), ("/[abc]{1,2}/", all(&["a", "b", "c"], 2))];
    let mut narrow = 0;
    for seed in 0..25 {
        for (pattern, values) in &sets {
            let mut naive = Naive::new(&model(seed));
            naive.scale = 0.3;
            let prompt = naive.tokens("Q:");
            let (best, _) = likeliest(&mut naive, &prompt, values);
            let found = |beam: u32, inner: ScriptModel| {
                let mut model = Ruling { inner, ruled_out: Vec::new(), scale: 0.3, logits: Vec::new() };
                let model: &mut dyn Model = &mut model;
                let mut backends: Backends<'_> = LocalModel::new(model, Limits::default()).into();
                let source = format!("\"Q:{{{{ gen x: {pattern} with beam = {beam} }}}}\" return x");
                let (outcome, _) = play_on(&mut backends, &source, &[], RunOptions::default());
                assert_eq!(outcome.error(), None, "{source}");
                outcome.value().as_str().unwrap().to_owned()
            };
            assert_eq!(found(64, model(seed)), best, "{seed}: {pattern}");
            assert_eq!(found(64, model(seed).with_memory(24, 8, 2)), best, "{seed}: {pattern}");
            narrow += usize::from(found(1, model(seed)) == best);
        }
    }
    assert!((1..50).contains(&narrow), "one beam finds {narrow} of 50");
}

#[test]
fn options_are_read_in_few_batches() {
    let forwards = |source: &str| {
        let mut script = model(1);
        let counters = script.counters();
        value(&mut script, source);
        counters.forwards()
    };
    let probs = |options: &str| format!("\"Q:{{{{ select x from {options} by norm }}}}\" return x.probs");
    assert_eq!(forwards(&probs("[\"a\", \"b\", \"ca\", \".\"]")), 1);
    assert_eq!(forwards(&probs("[\"aaa\", \"aac\", \"bbb\", \"cbb\", \"cc.\", \"...\"]")), 3);
    let many: Vec<String> = (0..300).map(|n| format!("{n:03}")).collect();
    assert!(forwards(&probs(&list(&many))) < 14);
}

/// A model that rules some tokens out.
struct Ruling {
    inner: ScriptModel,
    ruled_out: Vec<TokenId>,
    /// What its logits are multiplied by: less is less sure.
    scale: f32,
    logits: Vec<Vec<f32>>,
}

impl Tokenize for Ruling {
    fn tokenize(&self, text: &[u8]) -> Vec<TokenId> {
        self.inner.tokenize(text)
    }
}

impl Model for Ruling {
    fn info(&self) -> &ModelInfo {
        self.inner.info()
    }

    fn vocab(&self) -> &Arc<Vocab> {
        self.inner.vocab()
    }

    fn tokenize_scaffold(&self, text: &str) -> Result<Vec<TokenId>, ModelError> {
        self.inner.tokenize_scaffold(text)
    }

    fn foretell(&mut self, seq: SeqId, outlook: Outlook<'_>) {
        self.inner.foretell(seq, outlook);
    }

    fn decode(&mut self, rows: &[Row]) -> Result<(), ModelError> {
        self.inner.decode(rows)?;
        let logits = |row: usize| {
            let logits = self.inner.logits(row).unwrap_or_default();
            let mut logits: Vec<f32> = logits.iter().map(|x| x * self.scale).collect();
            for &token in &self.ruled_out {
                if let Some(logit) = logits.get_mut(token as usize) {
                    *logit = f32::NEG_INFINITY;
                }
            }
            logits
        };
        self.logits = (0..rows.len()).map(logits).collect();
        Ok(())
    }

    fn logits(&self, row: usize) -> Result<&[f32], ModelError> {
        self.inner.logits(row).map(|_| self.logits[row].as_slice())
    }

    fn share(&mut self, from: SeqId, to: SeqId, len: u32) -> Result<(), ModelError> {
        self.inner.share(from, to, len)
    }

    fn truncate(&mut self, seq: SeqId, len: u32) -> Result<(), ModelError> {
        self.inner.truncate(seq, len)
    }
}

#[test]
fn what_a_model_rules_out_has_a_number() {
    let inner = model(4);
    let ruled_out: Vec<TokenId> = inner.tokenize(b"c").into_iter().chain(inner.tokenize(b"ca")).collect();
    let mut naive = Naive::new(&inner);
    naive.ruled_out.clone_from(&ruled_out);
    let mut ruling = Ruling { inner, ruled_out, scale: 1.0, logits: Vec::new() };
    let mut play = |source: &str| {
        let model: &mut dyn Model = &mut ruling;
        let mut backends: Backends<'_> = LocalModel::new(model, Limits::default()).into();
        let (outcome, _) = play_on(&mut backends, source, &[], RunOptions::default());
        assert_eq!(outcome.error(), None, "{source}");
        items(outcome.value())
    };
    let source =
        "\"Q:{{ select x from [\"a\", \"c\", \"cc\"] by norm }}\" return [x, x.probs, score(\"cab\")]";
    let value = play(source);
    assert_eq!(value[0].as_str(), Some("a"));
    let probs = fields(&value[1]);
    assert_eq!((probs[0].1, probs[1].1, probs[2].1), (1.0, 0.0, 0.0));
    let prompt = naive.tokens("Q:a");
    let tokens = naive.tokens("cab");
    close(float(&value[2]), naive.logs(&prompt, &tokens).iter().sum(), source);
    let value = play(
        "\"Q:{{ select x from [\"c\", \"ca\", \"cc\"] by norm }}\" return [x.probs, x.logprob, x.mask_mass]",
    );
    let probs = fields(&value[0]);
    close(probs.iter().map(|(_, p)| p).sum(), 1.0, "all are ruled out");
    assert!(float(&value[1]) <= -1000.0 && float(&value[2]) == 0.0, "{value:?}");
}

const ALL: &str = r#"
user "Which?"
assistant { "It is {{ select x from ["ab", "abc", "b"] by uncond }}." }
user "How many?"
assistant { "About {{ gen xs: int(0..99) with n = 4, temp = 1 }}{{ vote(xs) }}." }
user "So?"
assistant gen y: /[ab]{1,4}/ with beam = 3
let best = sort_by([" a", " b", " c"], likely)
fn likely(text: str) -> float { return score(text) }
let sides = fork 2 { user "And?" assistant select z from ["a", "b"] yield z.probs["a"] }
return [x, xs, y, y.logprob, x.probs, best, sides]
"#;

fn all_of(outcome: &Outcome) -> String {
    assert_eq!(outcome.error(), None);
    seen(outcome)
}

#[test]
fn nothing_depends_on_memory_or_on_what_runs_beside() {
    let alone = all_of(&play(&mut model(1), ALL, RunOptions::default()).0);
    for (cells, batch, seqs) in [(400, 16, 3), (300, 7, 1), (4096, 64, 16)] {
        let mut script = model(1).with_memory(cells, batch, seqs);
        let mut backends = scheds(&mut script);
        let mut sessions: Vec<Session> =
            (0..3).map(|_| Session::new(program(ALL), &[], RunOptions::default()).unwrap()).collect();
        while sessions.iter_mut().map(|s| s.poll(&mut backends, &mut |_| {})).any(|poll| poll != Poll::Done) {
            for report in backends.poll() {
                let session = sessions.iter_mut().find(|session| session.waits_for(report.task)).unwrap();
                session.report(report, &mut backends, &mut |_| {});
            }
            sessions.iter_mut().for_each(|s| _ = s.poll(&mut backends, &mut |_| {}));
        }
        for session in sessions {
            assert_eq!(all_of(&session.into_outcome().unwrap()), alone, "{cells} cells");
        }
    }
}

#[test]
fn a_journal_repeats_it_and_takes_it_up() {
    let session = Session::new(program(ALL), &[], RunOptions::default()).unwrap();
    let (outcome, events, journal) = end(session, &mut scheds(&mut model(1)));
    let whole = all_of(&outcome);
    let again = Session::repeat(program(ALL), kept(&journal), RunOptions::default()).unwrap();
    let (repeated, told, _) = end(again, &mut Backends::none());
    assert_eq!((seen(&repeated), by_context(&told)), (whole.clone(), by_context(&events)));
    for entries in 0..journal.len() {
        let session = Session::resume(program(ALL), kept(&journal.prefix(entries)), RunOptions::default());
        let (outcome, ..) = end(session.unwrap(), &mut scheds(&mut model(1)));
        assert_eq!(all_of(&outcome), whole, "{entries} entries");
    }
}

#[test]
fn a_run_can_be_saved_while_it_scores_or_samples() {
    let whole = all_of(&play(&mut model(1), ALL, RunOptions::default()).0);
    for ticks in (0..60).step_by(3) {
        let mut script = model(1);
        let mut backends = scheds(&mut script);
        let mut session = Session::new(program(ALL), &[], RunOptions::default()).unwrap();
        for _ in 0..ticks {
            _ = session.poll(&mut backends, &mut |_| {});
            for report in backends.poll() {
                session.report(report, &mut backends, &mut |_| {});
            }
        }
        let saved = kept(&session.save().unwrap());
        let resumed = Session::resume(program(ALL), saved, RunOptions::default()).unwrap();
        let (outcome, ..) = end(resumed, &mut scheds(&mut model(1)));
        assert_eq!(outcome.value(), play(&mut model(1), ALL, RunOptions::default()).0.value(), "{ticks}");
        assert!(!whole.is_empty());
    }
}

#[test]
fn samples_and_beams_are_bounded() {
    let run = |source: &str, options: RunOptions| play(&mut model(1), source, options).0;
    let budget = RunOptions { max_tokens: Some(30), ..RunOptions::default() };
    let limit = |outcome: &Outcome| match &outcome.error().unwrap().fault {
        Fault::Limit { what, .. } => *what,
        other => panic!("{other}"),
    };
    let outcome = run("\"A: {{ gen xs: /[a-z]{30}/ with n = 10, max = 30 }}\" print xs[0]", budget.clone());
    assert_eq!(limit(&outcome), Limit::GeneratedTokens);
    let outcome = run("\"A: {{ gen xs: /[a-z]/ with n = 40 }}\" print xs[0]", budget.clone());
    assert_eq!(limit(&outcome), Limit::GeneratedTokens);
    let outcome = run("\"A: {{ gen xs: /[a-z]/ with n = 10, max = 2 }}\" return len(xs)", budget);
    assert_eq!(outcome.value().as_int(), Some(10));
    for option in ["n", "beam"] {
        let source = format!("let k = 4000000000 \"A: {{{{ gen x: int with {option} = k }}}}\" print x");
        assert_eq!(limit(&run(&source, RunOptions::default())), Limit::Samples);
    }
}

#[test]
fn a_cancelled_search_leaves_nothing_behind() {
    let mut script = model(1);
    let mut backends = scheds(&mut script);
    for ticks in 1..12 {
        let mut session = Session::new(program(ALL), &[], RunOptions::default()).unwrap();
        for _ in 0..ticks * 4 {
            _ = session.poll(&mut backends, &mut |_| {});
            for report in backends.poll() {
                session.report(report, &mut backends, &mut |_| {});
            }
        }
        session.abort(Fault::Interrupted, &mut backends, &mut |_| {});
        while session.poll(&mut backends, &mut |_| {}) != Poll::Done {
            for report in backends.poll() {
                session.report(report, &mut backends, &mut |_| {});
            }
        }
        assert!(backends.is_idle());
    }
    let (outcome, _) = play_on(&mut backends, ALL, &[], RunOptions::default());
    assert_eq!(all_of(&outcome), all_of(&play(&mut model(1), ALL, RunOptions::default()).0));
}

/// A back end that can neither mask nor score.
struct Unable(Profile);

impl Backend for Unable {
    fn profile(&self) -> &Profile {
        &self.0
    }

    fn submit(&mut self, task: TaskId, work: Work) {
        panic!("{task:?} {work:?}")
    }

    fn cancel(&mut self, _: TaskId) {}
}

#[test]
fn a_back_end_that_cannot_score_says_so() {
    for (source, what) in [
        ("return score(\"x\")", "score texts"),
        ("\"{{ select x from [\"a\"] by norm }}\"", "score texts"),
        ("\"{{ gen x: bool }}\" return x.probs", "score texts"),
        ("\"{{ gen x: bool with logprobs = true }}\"", "score texts"),
        ("\"{{ gen x: bool with beam = 2 }}\"", "score texts"),
        ("\"{{ gen x: bool }}\" return x.mask_mass", "tell what masks leave to its model"),
    ] {
        let can = Capabilities {
            constraining: Constraining::Nothing,
            tokens: false,
            scores: false,
            embeddings: false,
        };
        let chat = Err(Fault::Model(ModelError::NoTemplate));
        let mut backends = Backends::new(Unable(Profile { name: "far".into(), n_ctx: 100, chat, can }));
        let session = Session::new(program(source), &[], RunOptions::default()).unwrap();
        let mut session = session;
        let outcome = loop {
            if session.poll(&mut backends, &mut |_| {}) == Poll::Done {
                break session.into_outcome().unwrap();
            }
        };
        let error = outcome.error().unwrap();
        assert_eq!(error.fault.code(), "R0708", "{source}");
        assert_eq!(error.to_string(), format!("the back end of the model `far` cannot {what}"));
    }
}
