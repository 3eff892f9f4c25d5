//! Files that llama.cpp would die of: whatever is in a model file, the command ends with a code and a sentence.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use agentc::Engine;
use agentc::proof::COMMAND;

#[path = "../runtime/tests/common/architectures.rs"]
mod architectures;
#[path = "../runtime/tests/common/tiny.rs"]
mod tiny;

use tiny::{Meta, Tiny};

/// A folder that goes away with its test: a cache, and files.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("agentc-proof-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Place(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn agentc(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_agentc"));
        command.args(args).env("AGENTC_CACHE", &self.0).env("AGENTC_THREADS", "1").env_remove("AGENTC_MODEL");
        command.stdin(Stdio::null()).output().unwrap()
    }

    /// What a run on a model file ends with, and what it says.
    fn run(&self, model: &Path) -> (Option<i32>, String) {
        let program = self.file("one.agent", b"\"a b\"\ngen x with max = 2\n");
        let output = self.agentc(&["run", program.to_str().unwrap(), "-q", "-m", model.to_str().unwrap()]);
        let said = String::from_utf8(output.stderr).unwrap();
        // Drawn over several lines, as wide as a terminal.
        let words: Vec<&str> = said.split_whitespace().filter(|word| *word != "│").collect();
        (output.status.code(), words.join(" "))
    }

    /// Verdicts that are kept.
    fn verdicts(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.0.join("proofs")).into_iter().flatten().flatten();
        files.map(|file| std::fs::read_to_string(file.path()).unwrap()).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_sound_file_is_tried_once() {
    let place = Place::new("sound");
    let model = place.file("tiny.gguf", &Tiny::sound().bytes().0);
    assert_eq!(place.run(&model), (Some(0), String::new()));
    assert_eq!(place.verdicts(), [r#"{"verdict":"sound","speed":null}"#]);
    // The second run believes what is kept: also where that is wrong.
    let kept = std::fs::read_dir(place.0.join("proofs")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&kept, r#"{"verdict":"refused","reason":"of a test"}"#).unwrap();
    let (code, said) = place.run(&model);
    assert!(code == Some(7) && said.contains("of a test"), "{said}");
    // Another file has no verdict yet, and neither has the same one written anew.
    place.file("tiny.gguf", &Tiny::sound().with("general.name", Meta::Str("other".into())).bytes().0);
    assert_eq!(place.run(&model), (Some(0), String::new()));
    assert_eq!(place.verdicts().len(), 2);
}

/// Whatever a model remembers in.
#[test]
fn all_kinds_of_memory_are_tried() {
    let place = Place::new("kinds");
    for (name, _, file) in architectures::all() {
        let model = place.file(&format!("{name}.gguf"), &file.bytes().0);
        assert_eq!(place.run(&model), (Some(0), String::new()), "{name}");
    }
}

/// What the head tells is refused without a trial.
#[test]
fn heads_that_make_no_sense_are_refused() {
    let place = Place::new("heads");
    let key = |name: &str| format!("llama.{name}");
    let epsilon = key("attention.layer_norm_rms_epsilon");
    let mut tokens = match Tiny::sound().meta.iter().find(|(key, _)| key == "tokenizer.ggml.tokens") {
        Some((_, Meta::Strs(tokens))) => tokens.clone(),
        _ => panic!("a file has tokens"),
    };
    tokens[300].push(0);
    let cases = [
        (key("block_count"), Meta::U32(0), "`llama.block_count` is 0"),
        (key("block_count"), Meta::U32(1_000_000), "`llama.block_count` is 1000000"),
        (key("block_count"), Meta::U32(u32::MAX), "`llama.block_count` is 4294967295"),
        (key("embedding_length"), Meta::U32(0), "`llama.embedding_length` is 0"),
        (key("context_length"), Meta::U32(0), "`llama.context_length` is 0"),
        (key("attention.head_count"), Meta::U32(0), "`llama.attention.head_count` is 0"),
        (key("attention.head_count"), Meta::Str("two".into()), "is not a number"),
        (epsilon.clone(), Meta::F32(f32::NAN), "epsilon` is NaN"),
        (epsilon.clone(), Meta::F32(-1.0), "epsilon` is -1"),
        (epsilon, Meta::F32(f32::INFINITY), "epsilon` is inf"),
        (key("rope.freq_base"), Meta::F32(f32::NAN), "freq_base` is NaN"),
        ("tokenizer.ggml.model".into(), Meta::Str("none".into()), "no vocabulary"),
        ("tokenizer.ggml.tokens".into(), Meta::Strs(tokens), "token 300 holds a zero byte"),
        ("tokenizer.ggml.tokens".into(), Meta::Strs(Vec::new()), "no tokens"),
        ("tokenizer.ggml.scores".into(), Meta::F32s(vec![0.0; 3]), "3 entries"),
        ("tokenizer.ggml.token_type".into(), Meta::I32s(vec![1; 3]), "3 entries"),
    ];
    for (key, value, expected) in cases {
        let model = place.file("head.gguf", &Tiny::sound().with(&key, value).bytes().0);
        let engine = Engine::builder().model(model.to_str().unwrap()).build();
        let error = engine.expect_err(expected);
        assert!(error.to_string().contains(expected), "{error} does not say {expected}");
        assert_eq!(error.exit_code(), 7);
    }
}

/// A model whose head makes sense, but whose weights do not.
#[test]
fn weights_that_are_no_numbers_are_refused() {
    let place = Place::new("weights");
    for wrong in [f32::NAN, f32::INFINITY] {
        let mut tiny = Tiny::sound();
        tiny.tensors.iter_mut().find(|(name, ..)| name == "blk.0.ffn_up.weight").unwrap().2[7] = wrong;
        let model = place.file("weights.gguf", &tiny.bytes().0);
        let (code, said) = place.run(&model);
        assert_eq!(code, Some(7), "{said}");
        assert!(said.contains("its weights are damaged") && said.contains("doctor"), "{said}");
        // A second run knows it without a trial.
        assert_eq!(place.run(&model), (code, said));
    }
    assert_eq!(place.verdicts().len(), 2);
}

/// Some end llama.cpp by an assertion; whatever they do, the command says something of its own.
#[test]
fn what_ends_llama_cpp_does_not_end_the_command() {
    let place = Place::new("mutated");
    let tries = std::env::var("AGENTC_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(150);
    let (sound, head) = Tiny::sound().bytes();
    let mut draw = random(std::env::var("AGENTC_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1));
    let (mut refused, mut ran) = (0, 0);
    for _ in 0..tries {
        let mut bytes = sound.clone();
        for _ in 0..1 + draw(4) {
            // Every second byte is one of those that say what kind of model it is.
            let area = if draw(2) == 0 { 900 } else { head as u64 };
            let at = draw(area) as usize;
            bytes[at] = draw(256) as u8;
        }
        let model = place.file("mutated.gguf", &bytes);
        let (code, said) = place.run(&model);
        match code {
            Some(0 | 4) => ran += 1,
            Some(7) => {
                assert!(said.starts_with("R07"), "{said}");
                refused += 1;
            }
            other => panic!("{other:?}: {said}"),
        }
        assert!(!said.contains("GGML_ASSERT") || said.contains("evaluating it ended"), "{said}");
    }
    assert!(refused > tries / 4 && ran > 0, "{refused} refused, {ran} ran");
}

fn random(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

/// A process that dies, hangs or talks nonsense instead of giving a verdict.
#[cfg(unix)]
#[test]
fn a_trial_that_comes_to_no_verdict_is_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new("trial");
    let model = place.file("tiny.gguf", &Tiny::sound().bytes().0);
    let cases = [
        ("kill -ABRT $$", "SIGABRT"),
        ("echo 'GGML_ASSERT(n > 0) failed' >&2; kill -SEGV $$", "SIGSEGV (GGML_ASSERT(n > 0) failed)"),
        ("kill -ILL $$", "SIGILL"),
        ("kill -KILL $$", "memory ran out"),
        ("echo nonsense; exit 3", "exit code 3"),
        ("echo '{\"verdict\":\"refused\",\"reason\":\"I say so\"}'; exit 7", "I say so"),
    ];
    for (script, expected) in cases {
        let command = place.file("trial.sh", format!("#!/bin/sh\n{script}\n").as_bytes());
        std::fs::set_permissions(&command, std::fs::Permissions::from_mode(0o755)).unwrap();
        let store = agentc::store::Store::at(place.0.join("cache"));
        let builder = Engine::builder().store(store).model(model.to_str().unwrap());
        let error = builder.proved_by(&command).build().expect_err(expected);
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.exit_code(), 7);
        let _ = std::fs::remove_dir_all(place.0.join("cache"));
    }
    let missing = Engine::builder().model(model.to_str().unwrap()).proved_by(place.0.join("nowhere")).build();
    assert!(missing.expect_err("there is none").to_string().contains("cannot be started"));
}

/// The process that tries a model ends with the one that waits for it.
#[test]
fn a_trial_ends_when_nobody_waits_for_it() {
    let place = Place::new("orphan");
    let model = place.file("tiny.gguf", &Tiny::sound().bytes().0);
    let mut command = Command::new(env!("CARGO_BIN_EXE_agentc"));
    command.arg(COMMAND).arg(&model).arg("--measure");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    // Its standard input is at its end at once, long before a second of measuring is over.
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn doctor_evaluates_and_measures() {
    let place = Place::new("doctor");
    let model = place.file("tiny.gguf", &Tiny::sound().bytes().0);
    let output = place.agentc(&["doctor", "-m", model.to_str().unwrap()]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("tokens/s alone") && said.contains("in a batch of 8"), "{said}");
    assert!(cfg!(not(target_arch = "x86_64")) || said.contains("SSE3"), "{said}");
    let mut tiny = Tiny::sound();
    tiny.tensors[0].2[7] = f32::NAN;
    let model = place.file("bad.gguf", &tiny.bytes().0);
    let output = place.agentc(&["doctor", "-m", model.to_str().unwrap()]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert!(said.contains("its weights are damaged"), "{said}");
}

#[test]
fn a_run_that_needs_no_model_loads_none() {
    let place = Place::new("none");
    let run = |source: &str, more: &[&str]| {
        let program = place.file("none.agent", source.as_bytes());
        let output = place.agentc(&[&["run", program.to_str().unwrap()], more].concat());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let ok = |out: &str, err: &str| (Some(0), out.to_owned(), err.to_owned());
    // The cache is empty: whatever wanted a model would fail.
    assert_eq!(run("print \"hi\"", &[]), ok("", "hi\n"));
    assert_eq!(run("\"Text {{ 1 + 1 }}.\" return [1]", &["-q"]), ok("[1]\n", ""));
    let events = run("\"Text {{ 1 + 1 }}.\"", &["--format", "jsonl"]).1;
    assert!(events.contains("Text ") && events.contains("\"tokens\":[]"), "{events}");
    assert_eq!(run("fn f(x: int) -> int { return x * 2 }\nreturn f(21)", &["-q"]), ok("42\n", ""));
    assert_eq!(run("agent a() { gen x: int }\nreturn 1", &["-q"]).1, "1\n");
    for needs in ["gen x: int", "user \"hi\"", "agent a() -> int { gen x: int return x }\nreturn a()"] {
        let (code, _, said) = run(needs, &[]);
        assert!(code == Some(7) && said.contains("agentc model pull"), "{needs}: {said}");
    }
    // A model that was asked for has to be there.
    assert_eq!(run("print \"hi\"", &["-m", "nowhere"]).0, Some(7));
}
