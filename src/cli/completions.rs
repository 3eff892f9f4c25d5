//! `agentc completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Cli;
use super::{Exit, print};

pub(super) fn completions(shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "agentc", &mut script);
    print(&script)?;
    Ok(0)
}
