//! Memory: what a thousand matchers need, counted by the allocator. `cargo xtask bench constraint` runs this
//! too.

use std::alloc::System;
use std::path::{Path, PathBuf};

use agentc_bench_constraint::figure::{Figure, join, print};
use agentc_bench_constraint::matchers::{MATCHERS, Shared};
use agentc_bench_constraint::vocabularies::{Tokens, chosen};
use agentc_bench_constraint::{Result, large};
use agentc_constraint::{Constraint, Limits, build};
use clap::Parser;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What the constraint engine needs of memory.
#[derive(Debug, Parser)]
struct Arguments {
    /// A GGUF or a .tiktoken file [default: the reference model's, or StarCoder's; then the 200k of o200k]
    #[arg(long, value_name = "FILE")]
    vocab: Option<PathBuf>,
}

fn main() -> Result<()> {
    let mut all = Vec::new();
    for tokens in chosen(Arguments::parse().vocab.as_deref())? {
        let figures = measure(&tokens)?;
        print(&figures)?;
        all.extend(figures);
    }
    join(Path::new("target/bench.json"), &all)
}

/// What a thing has allocated and keeps, in bytes, and the thing.
fn kept<T>(make: impl FnOnce() -> Result<T>) -> Result<(f64, T)> {
    let region = Region::new(COUNTING);
    let made = make()?;
    let change = region.change();
    Ok((change.bytes_allocated as f64 - change.bytes_deallocated as f64, made))
}

fn measure(tokens: &Tokens) -> Result<Vec<Figure>> {
    let each = MATCHERS as f64;
    let (bound, shared) = kept(|| Shared::new(tokens))?;
    let (visited, advanced) = kept(|| shared.advanced())?;
    let (begun, _matchers) = kept(|| (0..MATCHERS).map(|_| shared.begin()).collect::<Result<Vec<_>>>())?;
    let (cloned, _clones) = kept(|| Ok(vec![advanced; MATCHERS]))?;
    let subject = large::subject();
    let (built, pattern) = kept(|| Ok(build(&subject.spec, &[], &Limits::default())?))?;
    let (large, _constraint) =
        kept(|| Ok(Constraint::new(pattern, tokens.vocab.clone(), Limits::default())))?;
    let after = format!("after {} tokens", shared.tokens.len());
    let name = |what: &str| format!("{}, memory: {what}", tokens.name);
    Ok(vec![
        Figure::new(name("the constraint of the matchers, new"), bound / 1e3, "kB"),
        Figure::new(name(&format!("what it and one matcher keep {after}")), visited / 1e3, "kB"),
        Figure::new(name("a matcher, new"), begun / each, "B"),
        Figure::new(name(&format!("a matcher, cloned {after}")), cloned / each, "B"),
        Figure::new(name(&format!("the pattern of the {}", subject.name)), built / 1e6, "MB"),
        Figure::new(name("its constraint, new"), large / 1e6, "MB"),
    ])
}
