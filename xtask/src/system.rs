//! The machine around: printing, running programs, finding files.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why a command ended, and with what exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) code: u8,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code: 1 }
    }

    pub(crate) fn usage(message: &str) -> Failure {
        Failure { message: message.to_owned(), code: 2 }
    }
}

/// What a task gives.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// A line for the user.
pub(crate) fn say(text: &str) {
    // A terminal that went away needs no lines.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A step that begins.
pub(crate) fn step(text: &str) {
    say(&format!("xtask: {text}"));
}

pub(crate) fn complain(text: &str) {
    // As above.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The folder of the workspace, in which every command runs.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Runs a program with its output shown; a failure names it.
pub(crate) fn run(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Outcome {
    step(&format!("{program} {}", arguments.join(" ")));
    let status = Command::new(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(root())
        .status()
        .map_err(|error| Failure::new(format!("error: cannot start `{program}`: {error}")))?;
    if status.success() {
        return Ok(());
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Err(Failure { message: format!("error: `{program} {}` failed", arguments.join(" ")), code })
}

/// What a program prints, if it is there and succeeds.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether a program is there and answers.
pub(crate) fn answers(program: &str, arguments: &[&str]) -> bool {
    output(program, arguments).is_some()
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".into())
}
