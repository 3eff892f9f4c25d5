//! Checking in a separate process, so that a schema that overflows a stack, exhausts memory or never ends
//! costs only its own result.
//!
//! The worker is the same program with `--worker`: one case per line comes in, one outcome per line goes out.
//! A worker that ends or is silent for too long is replaced.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use crate::case::Case;
use crate::check::{Checker, Outcome, Status};

/// How a worker is started.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// How long it may be silent over one schema.
    pub patience: Duration,
}

/// Checks cases in another process.
#[derive(Debug)]
pub struct Workers {
    launch: Launch,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Workers {
    /// Starts none yet.
    pub fn new(launch: Launch) -> Workers {
        Workers { launch, running: None }
    }

    /// Checks one case.
    ///
    /// # Errors
    /// No worker can be started.
    pub fn check(&mut self, case: &Case) -> std::io::Result<Outcome> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => Running::start(&self.launch)?,
        };
        match running.ask(case, self.launch.patience) {
            Ok(outcome) => {
                self.running = Some(running);
                Ok(outcome)
            }
            Err(reason) => Ok(Outcome::of(case, Status::Crashed, Some(running.end(reason)))),
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.end("");
        }
    }
}

impl Running {
    fn start(launch: &Launch) -> std::io::Result<Running> {
        let mut command = Command::new(&launch.program);
        command.args(&launch.arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("the worker has no pipes"));
        };
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Running { child, input, lines })
    }

    fn ask(&mut self, case: &Case, patience: Duration) -> Result<Outcome, &'static str> {
        const ENDED: &str = "its process ended";
        let line = serde_json::to_string(case).map_err(|_| "it cannot be written down")?;
        writeln!(self.input, "{line}").map_err(|_| ENDED)?;
        match self.lines.recv_timeout(patience) {
            Ok(line) => serde_json::from_str(&line).map_err(|_| "its process gave no outcome"),
            Err(RecvTimeoutError::Timeout) => Err("it took too long"),
            Err(RecvTimeoutError::Disconnected) => Err(ENDED),
        }
    }

    /// Ends the process and says how it ended, if it was not by us.
    fn end(mut self, reason: &str) -> String {
        let by_itself = self.child.try_wait().ok().flatten();
        // A process that is gone already cannot be killed; both are what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        by_itself.map_or_else(|| reason.to_owned(), |status| format!("{reason}: {status}"))
    }
}

/// What a worker does: outcomes for cases, until there are no more.
///
/// # Errors
/// A line that is no case, or a pipe that is closed.
pub fn serve(checker: &Checker, input: impl BufRead, mut output: impl Write) -> std::io::Result<()> {
    for line in input.lines() {
        let case: Case = serde_json::from_str(&line?)?;
        let outcome = serde_json::to_string(&checker.check(&case))?;
        writeln!(output, "{outcome}")?;
        output.flush()?;
    }
    Ok(())
}
