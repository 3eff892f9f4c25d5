//! Times: `cargo xtask bench constraint`.

use std::path::PathBuf;

use agentc_bench_constraint::figure::{self, Figure};
use agentc_bench_constraint::timing::micros;
use agentc_bench_constraint::{Result, decoding, logits, matchers, subjects, threads, vocabularies};
use clap::Parser;

/// What the constraint engine costs by itself, in time. Medians over repetitions; a step is a mask and a commit.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench constraint")]
struct Arguments {
    /// A GGUF or a .tiktoken file [default: the reference model's, or StarCoder's; then the 200k of o200k]
    #[arg(long, value_name = "FILE")]
    vocab: Option<PathBuf>,
    /// Only what has this in its name
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let is_chosen = |name: &str| arguments.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    let (mut all, path) = (Vec::new(), PathBuf::from("target/bench.json"));
    let mut tell = |figures: Vec<Figure>| {
        figure::print(&figures)?;
        all.extend(figures);
        figure::join(&path, &all)
    };
    let subjects = subjects::all();
    for tokens in vocabularies::chosen(arguments.vocab.as_deref())? {
        if is_chosen("vocabulary") {
            let name = format!("{}, vocabulary of {} tokens: built", tokens.name, tokens.vocab.len());
            tell(vec![Figure::new(name, micros(tokens.built) / 1e3, "ms")])?;
        }
        if is_chosen("logits") {
            tell(logits::measure(&tokens)?)?;
        }
        if is_chosen("matchers") {
            tell(matchers::measure(&tokens)?)?;
        }
        if is_chosen("threads") {
            tell(threads::measure(&tokens)?)?;
        }
        if is_chosen("decoding") {
            tell(decoding::measure(&tokens)?)?;
        }
        for subject in subjects.iter().filter(|subject| is_chosen(&subject.name)) {
            tell(subject.measure(&tokens)?)?;
        }
    }
    Ok(())
}
