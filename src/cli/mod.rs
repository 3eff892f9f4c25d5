//! The commands, one file each, and what they share: how an error becomes a message and an exit code.

mod args;
mod batch;
mod build;
mod cache;
mod check;
mod completions;
mod doctor;
mod files;
mod fix;
mod fmt;
mod inputs;
mod load;
mod margin;
mod model;
mod output;
mod replace;
mod rerun;
mod run;
mod signals;
mod test;
mod try_buffer;
mod try_model;
mod turns;
mod vigil;
mod watch;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use agentc::{Error, diag};
use clap::{ColorChoice, CommandFactory, FromArgMatches};

use self::args::{Cli, Command, Look};
use self::output::Terminal;
use crate::render;

/// What a command ends with.
type Exit = Result<u8, Error>;

/// Runs the command that the arguments name.
pub(crate) fn main() -> ExitCode {
    let started = Instant::now();
    let Cli { command, look } = parse();
    let exit = match command {
        Command::Run(args) => run::run(&args, look, started),
        Command::Batch(args) => batch::batch(&args, look),
        Command::Check(args) => check::check(&args, look),
        Command::Fix(args) => fix::fix(&args, look),
        Command::Build(args) => build::build(&args, look),
        Command::Test(args) => test::test(&args, look),
        Command::Fmt(args) => fmt::fmt(&args, look),
        Command::Model(command) => model::model(command, look),
        Command::Cache(command) => cache::cache(&command, look),
        Command::Doctor(args) => doctor::doctor(&args, look),
        Command::TryModel(args) => try_model::try_model(&args),
        Command::Completions { shell } => completions::completions(shell),
    };
    ExitCode::from(exit.unwrap_or_else(|error| complain(&error, look)))
}

/// The command line. A terminal that cannot show colours gets none, where the argument parser by itself would give
/// them to whatever runs in continuous integration.
fn parse() -> Cli {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let color = if dumb { ColorChoice::Never } else { ColorChoice::Auto };
    let matches = Cli::command().color(color).get_matches_from(std::env::args_os().map(spell_out));
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// `-ngl`, as users of llama.cpp type it, is no short flag in the sense of the argument parser.
fn spell_out(argument: OsString) -> OsString {
    if argument == "-ngl" { "--gpu-layers".into() } else { argument }
}

/// Draws an error on standard error; the exit code that it stands for.
fn complain(error: &Error, look: Look) -> u8 {
    let terminal = Terminal::new(look.color);
    match error {
        Error::Program(found) => show_diags(found.diags.iter(), &found.sources, look),
        error => terminal.say(&render::error(error, terminal.color_err)),
    }
    error.exit_code()
}

/// Draws findings on standard error, the most important ones if they are very many; warnings only if one wants to
/// hear them.
fn show_diags<'d>(diags: impl Iterator<Item = &'d agentc::Diag>, sources: &agentc::Sources, look: Look) {
    let terminal = Terminal::new(look.color);
    let wanted = diags.filter(|diag| diag.is_error() || !look.quiet);
    let (shown, left_out) = diag::most_important(wanted, diag::SHOWN);
    for diag in shown {
        terminal.say(&render::diag(diag, sources, terminal.color_err));
    }
    if left_out > 0 {
        terminal.say(&render::left_out(left_out));
    }
}

fn io_error(what: impl Into<String>, error: &io::Error) -> Error {
    Error::Io { what: what.into(), reason: error.to_string() }
}

/// Writes to standard output. A reader that has gone away is no error, since it has seen what it wanted;
/// `false` says so.
fn print(bytes: &[u8]) -> Result<bool, Error> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(io_error("write to standard output", &error)),
    }
}
