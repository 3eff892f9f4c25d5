//! `agentc-conformance`, run by `cargo xtask conformance`: reads data, checks it, reports.
//!
//! Exit codes: 0 all answers are right (or there is no data, which is reported); 1 a wrong answer, nothing to
//! run, or data that cannot be read; 2 usage.

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use agentc_conformance::case::DataError;
use agentc_conformance::check::{Checker, Outcome, Status};
use agentc_conformance::report::{DataReport, GroupOutcome, Report, SuiteReport};
use agentc_conformance::vocabulary::Vocabulary;
use agentc_conformance::worker::{Launch, Workers, serve};
use agentc_conformance::{beside_the_project, case, suite};
use clap::Parser;

/// Checks the constraint engine against JSON Schemas with instances and the official test suite.
///
/// Without --data and --suite both are taken from beside the project, where they are there.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask conformance")]
struct Arguments {
    /// Schemas with instances, one a line: {name, schema, tests: [{description, valid, data}]}
    #[arg(long, value_name = "FILE.jsonl[.gz]")]
    data: Option<PathBuf>,
    /// A draft of the official JSON Schema test suite; its `remotes` may lie in it, beside it or above it
    #[arg(long, value_name = "DIR")]
    suite: Option<PathBuf>,
    /// Writes everything as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The vocabulary whose masks are asked: a GGUF or a .tiktoken file [default: GPT-2's, beside the project;
    /// otherwise the 256 bytes]
    #[arg(long, value_name = "FILE")]
    vocab: Option<PathBuf>,
    /// Answers cases from standard input
    #[arg(long, hide = true)]
    worker: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = if arguments.worker { work(&arguments) } else { run(&arguments) };
    match ended {
        Ok(code) => code,
        Err(error) => {
            // Where standard error is closed nobody can be told.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

type Ended<T> = Result<T, Box<dyn Error>>;

fn work(arguments: &Arguments) -> Ended<ExitCode> {
    let checker = Checker::new(&vocabulary(arguments)?.1)?;
    serve(&checker, std::io::stdin().lock(), std::io::stdout().lock())?;
    Ok(ExitCode::SUCCESS)
}

fn run(arguments: &Arguments) -> Ended<ExitCode> {
    let mut out = std::io::stdout();
    let (path, vocabulary) = vocabulary(arguments)?;
    let mut workers = Workers::new(launch(path.as_deref())?);
    let chosen = arguments.data.is_some() || arguments.suite.is_some();
    let or_default = |named: &Option<PathBuf>, path: &str| match named {
        None if !chosen => beside_the_project(path),
        named => named.clone(),
    };
    let file = or_default(&arguments.data, "maskbench/dev.jsonl.gz");
    let folder = or_default(&arguments.suite, "json-schema-test-suite/draft7");
    for (there, what) in [(&file, "schemas with instances"), (&folder, "the official suite")] {
        if there.is_none() && !chosen {
            writeln!(out, "skipped, not beside the project: {what}")?;
        }
    }
    let data = file.map(|path| run_data(&path, &mut workers)).transpose()?;
    let suite = folder.map(|path| run_suite(&path, &mut workers)).transpose()?;
    let report = Report { vocabulary: vocabulary.name, data, suite };
    write!(out, "{report}")?;
    if let Some(path) = &arguments.json {
        std::fs::write(path, serde_json::to_string_pretty(&report)? + "\n")?;
    }
    match report.failure() {
        Some(failure) => Err(failure.into()),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// The vocabulary, and the file it comes from.
fn vocabulary(arguments: &Arguments) -> Ended<(Option<PathBuf>, Vocabulary)> {
    let path = arguments.vocab.clone().or_else(|| beside_the_project("vocabs/ggml-vocab-gpt-2.gguf"));
    let vocabulary = match &path {
        Some(path) => Vocabulary::read(path)?,
        None => Vocabulary::of_bytes(),
    };
    Ok((path, vocabulary))
}

fn launch(vocab: Option<&Path>) -> Ended<Launch> {
    /// No schema takes nearly as long; what does is as good as an endless loop.
    const PATIENCE: Duration = Duration::from_secs(120);
    let mut arguments = vec!["--worker".to_owned()];
    if let Some(path) = vocab {
        arguments.extend(["--vocab".to_owned(), path.display().to_string()]);
    }
    Ok(Launch { program: std::env::current_exe()?, arguments, patience: PATIENCE })
}

fn run_data(path: &Path, workers: &mut Workers) -> Ended<DataReport> {
    let (cases, malformed) = case::read(path)?;
    skip(&malformed)?;
    let outcomes = cases.iter().map(|case| workers.check(case)).collect::<Result<_, _>>()?;
    Ok(DataReport::new(path.display().to_string(), malformed.len(), outcomes))
}

fn run_suite(folder: &Path, workers: &mut Workers) -> Ended<SuiteReport> {
    let (read, malformed) = suite::read(folder)?;
    skip(&malformed)?;
    let mut groups = Vec::new();
    for suite::Group { file, heading, case, unbundled } in read {
        let outcome = match unbundled {
            Some(reason) => Outcome::of(&case, Status::Refused, Some(reason)),
            None => workers.check(&case)?,
        };
        groups.push(GroupOutcome { file, heading, outcome });
    }
    Ok(SuiteReport::new(folder.display().to_string(), malformed.len(), groups))
}

fn skip(malformed: &[DataError]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    malformed.iter().try_for_each(|error| writeln!(out, "skipped: {error}"))
}
