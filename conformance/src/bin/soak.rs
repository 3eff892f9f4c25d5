//! `agentc-soak`, run by `cargo xtask soak`: generations from random logits, each checked by an independent
//! judge.
//!
//! Exit codes: 0 nothing is wrong; 1 something is wrong, or cannot be read; 2 usage.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use agentc_conformance::soak::{Plan, run};
use agentc_conformance::vocabulary::Vocabulary;
use agentc_conformance::{beside_the_project, case, patterns, reference_model};
use clap::Parser;

/// Generates from random logits over the pattern suite and over JSON Schemas, and checks every value.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask soak")]
struct Arguments {
    /// Generations, half of them over the pattern suite
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    count: usize,
    /// What all random choices begin with
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Schemas, one a line [default: maskbench, beside the project, where it is there]
    #[arg(long, value_name = "FILE.jsonl[.gz]")]
    data: Option<PathBuf>,
    /// A GGUF or a .tiktoken file [default: the reference model's vocabulary; otherwise GPT-2's; otherwise the 256 bytes]
    #[arg(long, value_name = "FILE")]
    vocab: Option<PathBuf>,
    /// About so many of its tokens, evenly spread [default: all]
    #[arg(long, value_name = "N")]
    tokens: Option<usize>,
    /// Only constraints whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

fn main() -> ExitCode {
    // Schemas may nest deeply, and judges recurse.
    const STACK: usize = 256 << 20;
    let arguments = Arguments::parse();
    let soak = move || soak(&arguments).map_err(|error| error.to_string());
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(soak);
    let ended = thread
        .map_err(|error| error.to_string())
        .and_then(|thread| thread.join().unwrap_or_else(|_| Err("a generation panicked".into())));
    match ended {
        Ok(code) => code,
        Err(error) => {
            // Where standard error is closed nobody can be told.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn soak(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let mut out = std::io::stdout();
    let started = Instant::now();
    let gpt2 = || beside_the_project("vocabs/ggml-vocab-gpt-2.gguf");
    let vocabulary = match arguments.vocab.clone().or_else(reference_model).or_else(gpt2) {
        Some(path) => Vocabulary::read(&path)?,
        None => Vocabulary::of_bytes(),
    };
    let data = arguments.data.clone().or_else(|| beside_the_project("maskbench/dev.jsonl.gz"));
    let schemas = data.map(|path| case::read(&path)).transpose()?.unwrap_or_default().0;
    let plan = Plan {
        patterns: patterns::read(&patterns::folder())?,
        schemas,
        count: arguments.count,
        seed: arguments.seed,
        only: arguments.only.clone(),
    };
    let vocabulary = match arguments.tokens {
        Some(tokens) => vocabulary.thinned(tokens),
        None => vocabulary,
    };
    let report = run(&plan, &vocabulary)?;
    let (name, seconds) = (&vocabulary.name, started.elapsed().as_secs());
    let tokens = vocabulary.tokens.iter().flatten().count();
    writeln!(out, "{name}: {tokens} tokens; seed {}; {seconds} s", arguments.seed)?;
    write!(out, "{report}")?;
    let is_right = report.failures.is_empty() && report.total().runs > 0;
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
