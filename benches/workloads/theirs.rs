//! The other side: guidance in a process of its own (`peer.py`), which waits while this one works.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value as Json;

use crate::ours::Answer;

/// The Python that has guidance, and the script that it runs.
pub(crate) struct Python {
    pub(crate) python: PathBuf,
    pub(crate) script: PathBuf,
}

impl Python {
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.python);
        command.args(["-W", "ignore"]).arg(&self.script).args(arguments).stdin(Stdio::null());
        command
    }

    /// Makes a model file of another type, unless it is there.
    pub(crate) fn quantise(&self, from: &Path, to: &Path, kind: &str) -> Result<(), Box<dyn Error>> {
        if to.exists() {
            return Ok(());
        }
        let (from, target) = (from.to_string_lossy(), to.to_string_lossy());
        let output = self.command(&["quantise", &from, &target, kind]).output()?;
        if output.status.success() && to.exists() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{target} could not be made: {}", said.trim().lines().last().unwrap_or_default()).into())
    }
}

/// A process that answers workloads.
pub(crate) struct Theirs {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Theirs {
    pub(crate) fn start(
        python: &Python,
        model: &str,
        threads: u32,
        context: u32,
    ) -> Result<Theirs, Box<dyn Error>> {
        let mut command = python.command(&["serve", model, &threads.to_string(), &context.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(asks), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("guidance's process has no pipes".into());
        };
        let mut theirs = Theirs { child, asks, answers: BufReader::new(answers) };
        theirs.line()?;
        Ok(theirs)
    }

    pub(crate) fn answer(&mut self, ask: &Json) -> Result<Answer, Box<dyn Error>> {
        writeln!(self.asks, "{ask}")?;
        self.asks.flush()?;
        let answer = self.line()?;
        let seconds = answer["seconds"].as_f64().ok_or("guidance's process told no time")?;
        let texts = answer["texts"].as_array().into_iter().flatten();
        Ok(Answer {
            seconds,
            texts: texts.map(|text| text.as_str().unwrap_or_default().to_owned()).collect(),
        })
    }

    fn line(&mut self) -> Result<Json, Box<dyn Error>> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err("guidance's process ended; what it printed above says why".into());
        }
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
