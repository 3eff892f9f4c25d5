//! The real model: KV memory that is shared and cut gives the logits of a fresh prefill; misuse and bad files
//! give errors.
//!
//! One engine serves every test, behind one lock: two contexts on a small machine slow each other down
//! tenfold. Without the reference model in the cache the tests say so and pass.
#![cfg(feature = "llama")]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::PathBuf;
use std::sync::Mutex;

use agentc_runtime::model::llama::{LlamaLoader, LlamaOptions, Vocabulary, gguf};
use agentc_runtime::model::{Load, Model, ModelError, Row, SeqId};

static ENGINE: Mutex<()> = Mutex::new(());

const PROMPT: &str = "The capital of France is Paris. The capital of Italy is Rome. The capital of Spain is";

fn model_file() -> Option<PathBuf> {
    let cache = std::env::var_os("AGENTC_CACHE")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("XDG_CACHE_HOME").map(|dir| PathBuf::from(dir).join("agentc")))
        .or_else(|| std::env::var_os("HOME").map(|dir| PathBuf::from(dir).join(".cache/agentc")))?;
    let file = cache.join("models/SmolLM2-135M-Instruct.Q4_1.gguf");
    if !file.is_file() {
        eprintln!("skipped: no reference model (`agentc model pull smollm2` brings it)");
        return None;
    }
    Some(file)
}

/// Runs `body` with the model, one test at a time.
fn with_model(deterministic: bool, mut body: impl FnMut(&mut dyn Model)) {
    let Some(file) = model_file() else { return };
    let _lock = ENGINE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut options = LlamaOptions::new("smollm2", file);
    options.n_ctx = Some(512);
    options.seqs = 4;
    options.deterministic = deterministic;
    Box::new(LlamaLoader::new(options)).load(&mut |model| body(model)).unwrap();
}

fn rows(tokens: &[u32], from: u32, seq: SeqId) -> Vec<Row> {
    let last = tokens.len() - 1;
    (from..)
        .zip(tokens.iter().enumerate())
        .map(|(pos, (index, token))| Row { token: *token, pos, seq, logits: index == last })
        .collect()
}

fn last_logits(model: &mut dyn Model, tokens: &[u32], from: u32, seq: SeqId) -> Vec<f32> {
    model.decode(&rows(tokens, from, seq)).unwrap();
    model.logits(tokens.len() - 1).unwrap().to_vec()
}

fn best(logits: &[f32]) -> usize {
    (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap()
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Prefill in one go, cut back and decode again, and share: all the same logits.
fn same_logits(model: &mut dyn Model, tolerance: f32) {
    let tokens = model.tokenize(PROMPT.as_bytes());
    let len = u32::try_from(tokens.len()).unwrap();
    let fresh = last_logits(model, &tokens, 0, 0);
    let word = model.tokenize(b" Madrid");
    assert_eq!(best(&fresh), word[0] as usize);

    model.truncate(0, len - 5).unwrap();
    let again = last_logits(model, &tokens[tokens.len() - 5..], len - 5, 0);
    assert!(distance(&fresh, &again) <= tolerance, "cut and decoded again: {}", distance(&fresh, &again));

    model.share(0, 1, len - 3).unwrap();
    let shared = last_logits(model, &tokens[tokens.len() - 3..], len - 3, 1);
    assert!(distance(&fresh, &shared) <= tolerance, "shared: {}", distance(&fresh, &shared));
    assert_eq!((best(&again), best(&shared)), (best(&fresh), best(&fresh)));

    model.truncate(0, 0).unwrap();
    let mut parts = Vec::new();
    for (pos, token) in (0..).zip(&tokens) {
        parts = last_logits(model, &[*token], pos, 0);
    }
    // A batch of one takes another path through matrix code, where sums are made in another order.
    assert!(distance(&fresh, &parts) <= 1.0, "token by token: {}", distance(&fresh, &parts));
    assert_eq!(best(&fresh), best(&parts));
}

#[test]
fn shared_and_cut_memory_is_as_fresh() {
    // Sums are made in the order of the cells, and activations are rounded to 8 bits after them: 0.35 at most with
    // AVX2, 0.61 with AVX-512 and AMX.
    with_model(false, |model| same_logits(model, 1.0));
}

#[test]
fn deterministic_memory_is_bit_identical() {
    with_model(true, |model| same_logits(model, 0.0));
}

/// What is saved of a part of a sequence, and loaded into another one, is as if it had been evaluated there: also where
/// copies between them have been put off.
fn saved_is_as_fresh(model: &mut dyn Model, tolerance: f32) {
    let tokens = model.tokenize(PROMPT.as_bytes());
    let (len, part) = (u32::try_from(tokens.len()).unwrap(), 12);
    let fresh = last_logits(model, &tokens, 0, 0);
    model.share(0, 1, part).unwrap();
    let bytes = model.save(1).unwrap();
    // A copy is put off to where something is loaded, and away from there.
    model.share(0, 2, len).unwrap();
    model.truncate(2, 0).unwrap();
    model.load(2, part, &bytes).unwrap();
    let loaded = last_logits(model, &tokens[part as usize..], part, 2);
    assert!(distance(&fresh, &loaded) <= tolerance, "loaded: {}", distance(&fresh, &loaded));
    assert_eq!(best(&fresh), best(&loaded));
    assert!(model.load(2, part, &bytes).is_err(), "it is not empty");
    model.truncate(2, 0).unwrap();
    for bad in [&bytes[..bytes.len() - 1], &bytes[..40], &[]] {
        assert!(matches!(model.load(2, part, bad), Err(ModelError::State { .. })), "{} bytes", bad.len());
    }
    assert!(model.load(2, part + 1, &bytes).is_err(), "it holds fewer tokens");
    assert!(model.save(9).is_err() && model.load(9, part, &bytes).is_err());
    model.load(2, part, &bytes).unwrap();
    let again = last_logits(model, &tokens[part as usize..], part, 2);
    assert!(distance(&fresh, &again) <= tolerance, "after failures: {}", distance(&fresh, &again));
}

#[test]
fn what_is_loaded_is_as_fresh() {
    with_model(false, |model| saved_is_as_fresh(model, 1.0));
    with_model(true, |model| saved_is_as_fresh(model, 0.0));
}

#[test]
fn branches_of_one_batch_do_not_mix() {
    with_model(true, |model| {
        let tokens = model.tokenize(PROMPT.as_bytes());
        let len = u32::try_from(tokens.len()).unwrap();
        last_logits(model, &tokens, 0, 0);
        let words: Vec<u32> =
            [" Madrid", " Lisbon", " Berlin"].iter().map(|w| model.tokenize(w.as_bytes())[0]).collect();
        let mut alone = Vec::new();
        for word in &words {
            model.share(0, 1, len).unwrap();
            alone.push(last_logits(model, &[*word], len, 1));
        }
        let mut batch = Vec::new();
        for (seq, word) in (1..).zip(&words) {
            model.share(0, seq, len).unwrap();
            batch.push(Row { token: *word, pos: len, seq, logits: true });
        }
        model.decode(&batch).unwrap();
        for (row, expected) in alone.iter().enumerate() {
            assert_eq!(model.logits(row).unwrap(), expected.as_slice());
        }
    });
}

#[test]
fn misuse_is_an_error_and_changes_nothing() {
    with_model(false, |model| {
        let row = |pos, seq| Row { token: 5, pos, seq, logits: true };
        let misuse = |result: Result<(), ModelError>| {
            assert!(matches!(result, Err(ModelError::Misuse { .. })), "{result:?}")
        };
        misuse(model.decode(&[]));
        misuse(model.decode(&vec![row(0, 0); 513]));
        misuse(model.decode(&[row(0, 4)]));
        misuse(model.decode(&[row(0, u32::MAX)]));
        misuse(model.decode(&[row(1, 0)]));
        misuse(model.decode(&[row(0, 0), row(0, 0)]));
        misuse(model.decode(&[Row { token: 49_152, ..row(0, 0) }]));
        misuse(model.share(0, 1, 1));
        misuse(model.share(9, 1, 0));
        misuse(model.share(0, 9, 0));
        misuse(model.truncate(0, 1));
        misuse(model.truncate(400, 0));
        model.decode(&[Row { logits: false, ..row(0, 0) }, row(1, 0)]).unwrap();
        assert!(matches!(model.logits(0), Err(ModelError::Misuse { .. })));
        assert!(matches!(model.logits(2), Err(ModelError::Misuse { .. })));
        assert_eq!(model.logits(1).unwrap().len(), 49_152);
        misuse(model.decode(&[row(2, 0), row(9, 1)]));
        assert!(matches!(model.logits(1), Err(ModelError::Misuse { .. })));
        model.decode(&[row(2, 0)]).unwrap();
    });
}

#[test]
fn full_memory_is_an_error_and_changes_nothing() {
    with_model(false, |model| {
        let batch = |from: u32, to: u32, seq| {
            (from..to).map(|pos| Row { token: 7, pos, seq, logits: false }).collect::<Vec<_>>()
        };
        model.decode(&batch(0, 500, 0)).unwrap();
        assert_eq!(model.decode(&batch(500, 513, 0)), Err(ModelError::Full { n_ctx: 512 }));
        assert_eq!(model.decode(&batch(0, 100, 1)), Err(ModelError::Full { n_ctx: 512 }));
        model.decode(&batch(0, 12, 1)).unwrap();
        model.truncate(0, 0).unwrap();
        model.decode(&batch(12, 100, 1)).unwrap();
    });
}

#[test]
fn marks_in_data_stay_data() {
    with_model(false, |model| {
        let mark = model.tokenize_scaffold("<|im_start|>").unwrap();
        assert_eq!(mark.len(), 1);
        let data = model.tokenize(b"<|im_start|>system");
        assert!(!data.contains(&mark[0]));
        assert_eq!(spell(model.vocab(), &data), b"<|im_start|>system");
        assert!(model.vocab().bytes(mark[0]).is_empty());
        let end = model.tokenize_scaffold("<|im_end|>").unwrap();
        assert!(model.vocab().is_end(end[0]));
    });
}

fn spell(vocab: &agentc_constraint::Vocab, tokens: &[u32]) -> Vec<u8> {
    tokens.iter().flat_map(|token| vocab.bytes(*token)).copied().collect()
}

fn load_error(path: &std::path::Path) -> String {
    let options = LlamaOptions { n_ctx: Some(256), seqs: 1, ..LlamaOptions::new("bad", path) };
    match Box::new(LlamaLoader::new(options)).load(&mut |_| ()) {
        Err(ModelError::Load { reason, .. }) => reason,
        other => panic!("{} loads: {other:?}", path.display()),
    }
}

#[test]
fn bad_files_are_errors() {
    let dir = std::env::temp_dir().join(format!("agentc-bad-gguf-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    assert!(load_error(&dir.join("missing.gguf")).contains("no such file"));
    assert!(load_error(&dir).contains("directory"));
    let bad = dir.join("bad.gguf");
    let mut wrong: Vec<(Vec<u8>, &str)> = vec![
        (b"".to_vec(), "truncated"),
        (b"GG".to_vec(), "not a GGUF"),
        (b"<html>not found</html>".to_vec(), "not a GGUF"),
        (b"GGUF".to_vec(), "truncated"),
        ([b"GGUF\x09\0\0\0".as_slice(), &[0; 16]].concat(), "version 9"),
        ([b"GGUF\x03\0\0\0".as_slice(), &[0xff; 16]].concat(), "truncated"),
        ([b"GGUF\x03\0\0\0".as_slice(), &[0; 16]].concat(), "architecture"),
    ];
    if let Some(file) = model_file() {
        let whole = std::fs::read(file).unwrap();
        let cuts = [5, 24, 100, 5_000, 1_000_000, 1_900_000, 50_000_000, whole.len() - 1];
        wrong.extend(cuts.map(|cut| (whole[..cut].to_vec(), "truncated")));
    }
    let _lock = ENGINE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    for (bytes, expected) in wrong {
        std::fs::write(&bad, &bytes).unwrap();
        let reason = load_error(&bad);
        assert!(reason.contains(expected), "{} bytes: {reason}", bytes.len());
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn damaged_bytes_are_errors_or_load() {
    let Some(file) = model_file() else { return };
    let dir = std::env::temp_dir().join(format!("agentc-damaged-gguf-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let head = std::fs::read(file).unwrap()[..2_000_000].to_vec();
    let path = dir.join("damaged.gguf");
    let mut seed = 1_u64;
    for _ in 0..200 {
        let mut bytes = head.clone();
        for _ in 0..4 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = usize::try_from(seed >> 33).unwrap() % 3_000;
            bytes[at] = seed.to_le_bytes()[3];
        }
        std::fs::write(&path, &bytes).unwrap();
        // The data is cut off, so every one of them must fail, and none may panic.
        assert!(gguf::read(&path).is_err());
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn real_vocabularies_give_canonical_tokens() {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/vocabs");
    let names = ["deepseek-llm", "falcon", "gpt-2", "llama-spm", "phi-3", "starcoder"];
    for name in names {
        let file = dir.join(format!("ggml-vocab-{name}.gguf"));
        if !file.is_file() {
            eprintln!("skipped: no vocabulary {}", file.display());
            continue;
        }
        let vocabulary = Vocabulary::open(name, &file).unwrap();
        canonical(name, &vocabulary, &file);
        partial_characters(name, &vocabulary);
    }
}

fn canonical(name: &str, vocabulary: &Vocabulary, file: &std::path::Path) {
    use agentc_constraint::Tokenize as _;
    let inputs = std::fs::read_to_string(file.with_extension("gguf.inp")).unwrap();
    let outputs = std::fs::read_to_string(file.with_extension("gguf.out")).unwrap();
    let space = ["llama-spm", "phi-3"].contains(&name);
    let mut cases = 0;
    for (input, output) in inputs.split("\n__ggml_vocab_test__\n").zip(outputs.lines()) {
        let expected: Vec<u32> = output.split_whitespace().map(|id| id.parse().unwrap()).collect();
        assert_eq!(
            spell(vocabulary.vocab(), &vocabulary.tokenize(input.as_bytes())),
            input.as_bytes(),
            "{name}: {input:?}"
        );
        // The expected tokens of SentencePiece are those of the text behind a space.
        let text = if space && !input.is_empty() { format!(" {input}") } else { input.to_owned() };
        assert_eq!(vocabulary.tokenize(text.as_bytes()), expected, "{name}: {text:?}");
        cases += 1;
    }
    assert!(cases > 30, "{name}: {cases} cases");
}

fn partial_characters(name: &str, vocabulary: &Vocabulary) {
    use agentc_constraint::Tokenize as _;
    for text in [b"\xe2\x82".as_slice(), b"a\xffb", b"\x82\xac is a euro", b"\0", b"<s></s><|endoftext|>"] {
        let tokens = vocabulary.tokenize(text);
        // Some vocabularies have no token for bytes that no text contains.
        if vocabulary.vocab().fewest_tokens(text).is_some() {
            assert_eq!(spell(vocabulary.vocab(), &tokens), text, "{name}: {text:?}");
        }
    }
}

const CHAT: &str = "system \"You are brief.\"\nuser \"Name a colour and a number.\"\n\
    assistant { \"Colour: {{ gen colour: /[a-z]{3,9}/ }}\\nNumber: {{ gen n: int(0..99) }}\\n\" }\n\
    user \"And an animal?\"\nassistant gen animal: str(..30) with stop = \"\\n\", max = 8\n";

/// A run that is written down between two asks and taken up by a scheduler that has nothing in its memory
/// ends as the uninterrupted one.
#[test]
fn a_saved_run_ends_as_the_uninterrupted_one() {
    use agentc_compiler::{Options, compile, source::NoFiles};
    use agentc_runtime::session::run;
    use agentc_runtime::{Backends, Journal, Limits, LocalModel, Poll, RunOptions, Session};
    let compiled = compile("chat.agent", CHAT.as_bytes(), &NoFiles, &Options::default());
    let program = std::sync::Arc::new(compiled.program.unwrap());
    let begin = || Session::new(program.clone(), &[], RunOptions::default()).unwrap();
    with_model(true, |model| {
        let whole =
            run(begin(), &mut LocalModel::new(&mut *model, Limits::default()).into(), &mut |_| {}).unwrap();
        assert_eq!(whole.error(), None);
        for ticks in [1, 3, 6, 9, 12] {
            let mut sched = Backends::new(LocalModel::new(&mut *model, Limits::default()));
            let mut session = begin();
            for _ in 0..ticks {
                if session.poll(&mut sched, &mut |_| {}) == Poll::Done {
                    break;
                }
                for report in sched.poll() {
                    session.report(report, &mut sched, &mut |_| {});
                }
            }
            drop(sched);
            let saved = serde_json::to_string(&session.save().unwrap()).unwrap();
            let saved: Journal = serde_json::from_str(&saved).unwrap();
            let session = Session::resume(program.clone(), saved, RunOptions::default()).unwrap();
            let resumed =
                run(session, &mut LocalModel::new(&mut *model, Limits::default()).into(), &mut |_| {})
                    .unwrap();
            assert_eq!((resumed.text(), resumed.error()), (whole.text(), None), "saved after {ticks} ticks");
        }
    });
}

#[test]
fn cut_and_company_of_a_batch_change_nothing_in_deterministic_memory() {
    with_model(true, |model| {
        let tokens = model.tokenize(PROMPT.repeat(3).as_bytes());
        let fresh = last_logits(model, &tokens, 0, 0);
        for (step, beside) in [(1, 0), (1, 3), (5, 1), (16, 0), (17, 3), (33, 1)] {
            (0..4).try_for_each(|seq| model.truncate(seq, 0)).unwrap();
            let mut last = Vec::new();
            for (part, from) in tokens.chunks(step).zip((0..).step_by(step)) {
                let mut batch = rows(part, from, 0);
                for seq in 1..=beside {
                    let others = part.iter().zip(from..);
                    batch.extend(others.map(|(token, pos)| Row {
                        token: token + seq,
                        pos,
                        seq,
                        logits: true,
                    }));
                }
                model.decode(&batch).unwrap();
                last = model.logits(part.len() - 1).unwrap().to_vec();
            }
            assert_eq!(distance(&fresh, &last), 0.0, "{step} rows at a time, {beside} sequences beside");
        }
    });
}

/// Copies, a value under a regex, text by chance: with drafts they take fewer passes and are the same bytes.
#[test]
fn drafts_change_nothing_in_deterministic_memory() {
    use agentc_compiler::{Options, compile, source::NoFiles};
    use agentc_runtime::session::run;
    use agentc_runtime::{Draft, Limits, LocalModel, RunOptions, Session};
    const PROGRAMS: [&str; 3] = [
        "\"Say it twice: the ship left the port of Genoa on Monday. the ship left the port of\" gen x with max = 20",
        "\"red, blue, red, blue, red,\" gen x: /( (red|blue|green),){8}/",
        "\"one two three one two three one two\" gen x with max = 20, temp = 1.5, seed = 3",
    ];
    with_model(true, |model| {
        let (mut passes, mut drafted_passes) = (0, 0);
        for source in PROGRAMS {
            let compiled = compile("copy.agent", source.as_bytes(), &NoFiles, &Options::default());
            let program = std::sync::Arc::new(compiled.program.unwrap());
            let mut write = |draft: Draft| {
                let limits = Limits { draft, ..Limits::default() };
                let session = Session::new(program.clone(), &[], RunOptions::default()).unwrap();
                run(session, &mut LocalModel::new(&mut *model, limits).into(), &mut |_| {}).unwrap()
            };
            let without = write(Draft::Never);
            assert_eq!(without.error(), None);
            for longest in [2, 16] {
                let drafted = write(Draft::Always(longest));
                assert_eq!(drafted.text(), without.text(), "drafts of up to {longest}");
                passes += without.usage().forward_passes;
                drafted_passes += drafted.usage().forward_passes;
            }
        }
        assert!(drafted_passes < passes, "{drafted_passes} passes instead of {passes}");
    });
}
