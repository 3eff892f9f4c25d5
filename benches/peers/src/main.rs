//! Masks of this engine, llguidance and outlines-core over the same schemas, instances and vocabularies, in
//! one process: `cargo xtask bench masks`.
//!
//! Every token of every instance is timed, mask and commit together, forced tokens included. Caches are cold
//! for each schema. The engines take turns schema by schema, each time beginning with a different one, so
//! that whatever else runs on the machine affects them all alike. Nothing here asserts: `docs/benchmarks.md`
//! has the results.

mod compare;
mod engine;
mod llguidance;
mod ours;
mod outlines;
mod run;
mod table;
mod vocabularies;

use std::path::PathBuf;

use agentc_conformance::beside_the_project;
use agentc_conformance::case::{self, Case};
use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};

use crate::engine::Engine;

/// Times the masks of this engine beside those of others.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench masks")]
struct Arguments {
    /// Schemas with instances, one a line [default: maskbench, beside the project]
    #[arg(long, value_name = "FILE.jsonl[.gz]")]
    data: Option<PathBuf>,
    /// A GGUF or a .tiktoken file [default: the reference model's, or StarCoder's; then the 200k of o200k]
    #[arg(long, value_name = "FILE")]
    vocab: Option<PathBuf>,
    /// Only so many schemas, evenly spread
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// Only these engines
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["ours", "llguidance", "outlines-core"])]
    engines: Vec<Name>,
    /// Writes the figures as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Compares whole masks with llguidance's over the pattern suite, instead of times
    #[arg(long)]
    compare: bool,
    /// Random walks over each pattern, when masks are compared
    #[arg(long, value_name = "N", default_value_t = 4, requires = "compare")]
    walks: usize,
    /// What the walks begin with
    #[arg(long, value_name = "N", default_value_t = 1, requires = "compare")]
    seed: u64,
    /// Says by its exit code whether the schema on standard input is small enough for outlines-core
    #[arg(long, hide = true, value_name = "STATES")]
    probe: Option<usize>,
}

/// An engine.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    Ours,
    Llguidance,
    OutlinesCore,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(states) = arguments.probe {
        std::process::exit(if outlines::is_small(states)? { 0 } else { 1 });
    }
    if arguments.compare {
        let vocabularies = vocabularies::chosen(arguments.vocab.as_deref())?;
        let Some(vocabulary) = vocabularies.first() else { bail!("there is no vocabulary") };
        println!("{}: {} tokens", vocabulary.name, vocabulary.tokens.len());
        return compare::run(vocabulary, arguments.walks, arguments.seed);
    }
    let Some(path) = arguments.data.clone().or_else(|| beside_the_project("maskbench/dev.jsonl.gz")) else {
        println!("skipped: there are no schemas beside the project, and none were named (--data)");
        return Ok(());
    };
    let (cases, malformed) = case::read(&path)?;
    malformed.iter().for_each(|error| println!("skipped: {error}"));
    let cases = sample(cases, arguments.sample);
    if cases.is_empty() {
        bail!("`{}` has nothing to run", path.display());
    }
    // Schemas may nest deeply, and engines may recurse.
    const STACK: usize = 256 << 20;
    let bench = move || bench(&arguments, &cases);
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(bench)?;
    thread.join().unwrap_or_else(|_| bail!("the benchmark ended early"))
}

/// Evenly spread, so that every source of schemas is in it.
fn sample(cases: Vec<Case>, sample: Option<usize>) -> Vec<Case> {
    let (len, wanted) = (cases.len(), sample.unwrap_or(cases.len()).min(cases.len()));
    let is_chosen = |at: usize| (at * wanted) / len != ((at + 1) * wanted) / len;
    cases.into_iter().enumerate().filter(|(at, _)| is_chosen(*at)).map(|(_, case)| case).collect()
}

fn bench(arguments: &Arguments, cases: &[Case]) -> Result<()> {
    let mut figures = Vec::new();
    for vocabulary in vocabularies::chosen(arguments.vocab.as_deref())? {
        let mut engines: Vec<Box<dyn Engine>> = Vec::new();
        for name in &arguments.engines {
            engines.push(match name {
                Name::Ours => Box::new(ours::Ours::new(&vocabulary)?),
                Name::Llguidance => Box::new(llguidance::Llguidance::new(&vocabulary)?),
                Name::OutlinesCore => Box::new(outlines::Outlines::new(&vocabulary)?),
            });
        }
        println!("\n{}: {} tokens, {} schemas", vocabulary.name, vocabulary.tokens.len(), cases.len());
        let results = run::all(&engines, cases, &vocabulary);
        figures.extend(table::print(&vocabulary.name, &engines, cases, &results));
    }
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&figures)? + "\n";
        std::fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(())
}
