//! The arguments of the command line, all in one place.

use std::path::PathBuf;
use std::time::Duration;

use agentc::Run;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// What the help of `run` says of its streams and its end.
const ABOUT_RUN: &str = "\
Standard output carries the program's own text as it is generated. What its agents and branches write is shown on
standard error, each line marked by whose it is: on a terminal as it comes, elsewhere only with `--verbose`.

Exit codes: 0 ok, 1 run-time error, 2 usage or input, 3 diagnostics, 4 a constraint cannot be satisfied, 5 a budget or
deadline, 7 model, 129 hang-up, 130 interrupted, 143 terminated. The first signal lets the run end in order, the second
ends the process at once.";

/// What the help of `batch` says of its files and its end.
const ABOUT_BATCH: &str = "\
Each line of the rows is a JSON object of inputs, as `agentc run --input-file` reads it; empty lines are skipped. For each
row the output gets a line, in the order of the rows: the number of its line (`row`), `status`, `value` or `error`,
`captures`, `text` and `usage`, as `agentc run --format json` writes them, and in `made_of` hashes of the program, the
settings and the row. A row that is wrong or fails gets its error; the others go on. Every row has the same seed, and so
the outcome that it has alone.

What the output holds is done: `--resume` goes on behind it, whatever ended the command before, and refuses to if the
program, the settings or the rows that it holds have changed. Rows may be added. `--jobs`, `--threads`, `--gpu-layers` and
`--timeout` may change.

A row that takes long holds up the lines behind it, but not the runs: up to 16 times as many rows as `--jobs` are begun
and not written. What was not written is done again.

Exit codes: 0 all rows ok, 1 some rows have errors, 2 usage or files, 3 diagnostics, 7 model, 129 hang-up, 130 interrupted,
143 terminated.";

/// What the help of `fix` says of what it does, and its end.
const ABOUT_FIX: &str = "\
Applies the fixes of what `agentc check` finds, those that are surely what was meant, until there are none left. Each step
is compiled: what does harm is taken back, and what compiled before compiles afterwards. What was
done is said on standard error, a line each; `agentc check --message-format json` shows all fixes with their edits.

Exit codes: 0 ok, 1 with `--check`: a program would change, 2 a file cannot be read or written, 3 errors are left.";

/// Runs `.agent` programs: prompts whose generated parts have types, which the model cannot violate.
#[derive(Debug, Parser)]
#[command(name = "agentc", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) look: Look,
}

/// Flags of every command.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Look {
    /// When to use colours
    #[arg(
        long,
        global = true,
        env = "AGENTC_COLOR",
        value_enum,
        default_value = "auto",
        value_name = "WHEN"
    )]
    pub(crate) color: When,
    /// Print only what was asked for
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say more, such as what a run cost and what its agents wrote
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless NO_COLOR is set or TERM is `dumb`
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compile and run a program, streaming its text
    #[command(after_long_help = ABOUT_RUN)]
    Run(RunArgs),
    /// Run a program for each row of a file, several rows at a time
    #[command(after_long_help = ABOUT_BATCH)]
    Batch(BatchArgs),
    /// Report mistakes in programs, without a model
    Check(CheckArgs),
    /// Correct in place what can only have been meant otherwise
    #[command(after_long_help = ABOUT_FIX)]
    Fix(FixArgs),
    /// Compile a program to its intermediate representation
    Build(BuildArgs),
    /// Format programs in place
    Fmt(FmtArgs),
    /// Run the `test` blocks of programs; exit 100 if one fails
    Test(TestArgs),
    /// Fetch, list, show or remove local models
    #[command(subcommand)]
    Model(ModelCommand),
    /// List or remove what is kept on disk of what models have read
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Show what was found on this machine: CPU features, models, cache
    Doctor(DoctorArgs),
    /// Evaluate a model and report in JSON
    #[command(hide = true)]
    TryModel(TryArgs),
    /// Print a completion script for a shell
    Completions {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The program, or what `agentc build` made of it; `-` reads it from standard input
    pub(crate) file: PathBuf,
    /// An input: plain text for a `str`, JSON for any other type. `NAME=@FILE` reads the value from a file (`@-`
    /// from standard input), and `NAME=@@TEXT` is text that starts with an `@`
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub(crate) input: Vec<(String, String)>,
    /// A JSON object of inputs, of at most 64 MiB (`-` reads it from standard input). Values given with `--input`
    /// take precedence
    #[arg(long, value_name = "FILE.json")]
    pub(crate) input_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
    /// What standard output shows
    #[arg(long, env = "AGENTC_FORMAT", value_enum, default_value = "text")]
    pub(crate) format: Format,
    /// Write every event to a file, one JSON object a line. A file that the run reads is never overwritten
    #[arg(long, env = "AGENTC_TRACE", value_name = "FILE.jsonl")]
    pub(crate) trace: Option<PathBuf>,
    /// Time that the command may take, loading the model included: seconds, or `500ms`, `2m`, `1h`
    #[arg(long, env = "AGENTC_TIMEOUT", value_name = "SECONDS", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// Run again whenever the program, a file that it reads or an input's file changes, with the model loaded once. A run
    /// in progress is stopped; the timeout is that of each run
    #[arg(long)]
    pub(crate) watch: bool,
}

/// What a run goes by, beside its inputs and its models.
#[derive(Debug, Args)]
pub(crate) struct SettingArgs {
    /// Seed of the random streams: the same seed gives the same bytes
    #[arg(short, long, env = "AGENTC_SEED", value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Temperature of generations that set none; 0 is greedy
    #[arg(long, env = "AGENTC_TEMP", value_name = "T", value_parser = temperature)]
    pub(crate) temp: Option<f64>,
    /// The agent to run, instead of the program's entry point
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    /// Limit on the tokens of all generations of a run together
    #[arg(long, env = "AGENTC_MAX_TOKENS", value_name = "N")]
    pub(crate) max_tokens: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct BatchArgs {
    /// The program, or what `agentc build` made of it; `-` reads it from standard input
    pub(crate) file: PathBuf,
    /// The rows: a JSON object of inputs in each line, of at most 64 MiB (`-` reads them from standard input)
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) rows: PathBuf,
    /// Where the outcomes go, one line a row (`-` writes them to standard output). A file that has some already is
    /// left alone without `--resume`
    #[arg(short, long, value_name = "FILE.jsonl")]
    pub(crate) output: PathBuf,
    /// Go on behind the rows that the output holds; a last line that was cut off is done again
    #[arg(long)]
    pub(crate) resume: bool,
    /// Rows that may be in progress at once
    #[arg(short, long, env = "AGENTC_JOBS", value_name = "N", default_value = "16", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: u16,
    /// An input that all rows have: plain text for a `str`, JSON for any other type, `NAME=@FILE` from a file. It takes
    /// precedence over that of a row
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub(crate) input: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
    /// Time that each row may take from when it is begun: seconds, or `500ms`, `2m`, `1h`
    #[arg(long, env = "AGENTC_TIMEOUT", value_name = "SECONDS", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
}

/// Which model is loaded, and how.
#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    /// The model: a name from `agentc model ls`, such as `smollm2` or `hf:owner/repo:Q4_K_M`, or the path of a GGUF
    /// file
    #[arg(short, long, env = "AGENTC_MODEL")]
    pub(crate) model: Option<String>,
    /// Size of the context in tokens, at most what the model was trained for
    #[arg(short, long, env = "AGENTC_CTX_SIZE", value_name = "TOKENS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) ctx_size: Option<u32>,
    /// Threads that evaluate the model
    #[arg(short, long, env = "AGENTC_THREADS", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) threads: Option<u32>,
    /// Layers of the model that a GPU evaluates (also `-ngl`)
    #[arg(long, env = "AGENTC_GPU_LAYERS", value_name = "N")]
    pub(crate) gpu_layers: Option<u32>,
    /// Bit-identical results on one machine, at the cost of memory and time
    #[arg(long, env = "AGENTC_DETERMINISTIC")]
    pub(crate) deterministic: bool,
    /// Evaluate no tokens before they are chosen: results are the same, and nearly always later
    #[arg(long, env = "AGENTC_NO_DRAFT")]
    pub(crate) no_draft: bool,
    /// Neither read nor keep on disk what the model has read of programs
    #[arg(long, env = "AGENTC_NO_CACHE")]
    pub(crate) no_cache: bool,
    /// Room on disk for what models have read of programs, such as `500M` or `2G`
    #[arg(long, env = "AGENTC_CACHE_SIZE", value_name = "SIZE", value_parser = bytes, default_value = "1G")]
    pub(crate) cache_size: u64,
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// The programs; `-` reads one from standard input
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Run only tests whose names contain this
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// What standard output shows
    #[arg(long, env = "AGENTC_TEST_FORMAT", value_enum, default_value = "text")]
    pub(crate) format: TestFormat,
    /// Seed of the random streams of tests on a model
    #[arg(short, long, env = "AGENTC_SEED", value_name = "N")]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// A line for each test, and a summary
    Text,
    /// One object when all tests have run
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The text as it appears; then, on a terminal, the returned value
    Text,
    /// One object when the run is over
    Json,
    /// One event per line, as they happen
    Jsonl,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The programs; `-` reads one from standard input
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// How findings are shown
    #[arg(long, env = "AGENTC_MESSAGE_FORMAT", value_enum, default_value = "human")]
    pub(crate) message_format: MessageFormat,
    /// Check again whenever a program changes, or a file that it imports, embeds or takes a schema or grammar from
    #[arg(long)]
    pub(crate) watch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FixArgs {
    /// The programs; `-` reads one from standard input and writes it to standard output
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Change nothing: print the names of the programs that would change, and exit 1 if there are any
    #[arg(long)]
    pub(crate) check: bool,
    /// Also apply fixes that may not be what was meant, the first one of each place
    #[arg(long = "unsafe")]
    pub(crate) guesses: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    /// Drawn, with an excerpt of the source; at most 100 for each file, errors first
    Human,
    /// One line each, all of them
    Short,
    /// One JSON object each, on standard output, all of them
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// The program; `-` reads it from standard input
    pub(crate) file: PathBuf,
    /// The file to write; standard output if none is given
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Which form to write
    #[arg(long, value_enum, default_value = "ir")]
    pub(crate) emit: Emit,
    /// The agent to start with, instead of the program's entry point
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    /// Have the model read what the program's contexts begin with, up to the first value, and keep that on disk for later
    /// runs. Nothing is written then unless `--output` names a file
    #[arg(long)]
    pub(crate) prewarm: bool,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Emit {
    /// The intermediate representation as JSON
    Ir,
    /// The syntax tree
    Ast,
    /// The typed tree
    Hir,
    /// The intermediate representation as text
    Text,
    /// The JSON Schemas of the types that the file declares
    Schema,
}

#[derive(Debug, Args)]
pub(crate) struct FmtArgs {
    /// The programs; `-` reads one from standard input and writes it to standard output
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Change nothing: print the names of the programs that would change, and exit 1 if there are any
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Bring models into the cache. A download that was interrupted goes on where it stopped
    Pull {
        /// `smollm2`, a Hugging Face repository (`hf:owner/repo`, `hf:owner/repo:Q4_K_M`), or the URL of a GGUF file
        /// (`https://…`, with `#sha256=…` to have it checked)
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// List the models in the cache
    Ls,
    /// Show what is known about a model
    Show {
        /// Its name as `agentc model ls` shows it, or the path of a GGUF file
        name: String,
    },
    /// Remove a model from the cache
    Rm {
        /// Its name as `agentc model ls` shows it
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// List what is kept: beginnings of contexts, by the model that has read them
    Ls,
    /// Remove all of it; later runs read their programs again
    Clear,
}

#[derive(Debug, Args)]
pub(crate) struct TryArgs {
    /// The GGUF file
    pub(crate) file: PathBuf,
    /// What the user calls it
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// As for `run`
    #[arg(long)]
    pub(crate) gpu_layers: Option<u32>,
    /// As for `run`
    #[arg(long)]
    pub(crate) threads: Option<i32>,
    /// Measure its speed, too
    #[arg(long)]
    pub(crate) measure: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The model to look for, instead of the default
    #[arg(short, long, env = "AGENTC_MODEL")]
    pub(crate) model: Option<String>,
}

impl SettingArgs {
    /// A run that goes by them.
    pub(crate) fn apply<'p>(&self, mut run: Run<'p>) -> Run<'p> {
        if let Some(seed) = self.seed {
            run = run.seed(seed);
        }
        if let Some(temp) = self.temp {
            run = run.temp(temp);
        }
        if let Some(tokens) = self.max_tokens {
            run = run.max_tokens(tokens);
        }
        run
    }
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as `name=value`".to_owned()),
    }
}

fn temperature(text: &str) -> Result<f64, String> {
    let temp = text.parse().ok().filter(|temp| (0.0..=100.0).contains(temp));
    temp.ok_or_else(|| "a temperature is a number from 0 to 100".to_owned())
}

/// Bytes, or a number with `k`, `M` or `G`, which are powers of 1024.
fn bytes(text: &str) -> Result<u64, String> {
    let units = [("k", 10), ("K", 10), ("M", 20), ("G", 30), ("T", 40)];
    let parsed = units.iter().find_map(|(unit, power)| Some((text.strip_suffix(unit)?, *power)));
    let (number, power) = parsed.unwrap_or((text, 0));
    let bytes = number.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(1 << power));
    bytes.ok_or_else(|| "write bytes, or a number with `k`, `M` or `G`".to_owned())
}

/// Seconds, or a number with `ms`, `s`, `m` or `h`.
fn duration(text: &str) -> Result<Duration, String> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let parsed = units.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, *seconds)));
    let (number, unit) = parsed.unwrap_or((text, 1.0));
    let seconds = number.trim().parse::<f64>().ok().map(|number| number * unit);
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or_else(|| "write seconds, or a number with `ms`, `s`, `m` or `h`".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes() {
        for (text, expected) in [("0", 0), ("123", 123), ("2k", 2048), ("500M", 500 << 20), ("1G", 1 << 30)] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "x", "-1", "1.5G", "G", "99999999999T"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, ms) in [("30", 30_000), ("1.5s", 1500), ("500ms", 500), ("2m", 120_000), ("1h", 3_600_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "x", "-1", "1e300h", "nan"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
