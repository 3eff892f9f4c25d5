//! The command `agentc`.

mod cli;
mod render;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
