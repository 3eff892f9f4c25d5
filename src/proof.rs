//! Models are tried before this process relies on them, once each, in a separate process.
//!
//! A file that trips llama.cpp's assertions, needs more memory than there is, or has damaged weights ends or
//! hangs the process that evaluates it. So a separate process does: the command `agentc try-model`, which
//! evaluates a little and reports in one line of JSON. Its verdict is kept in the cache, keyed by file, build
//! and CPU. It is not kept if the machine may be to blame, because of too little memory or time.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use agentc_runtime::model::ModelError;
use agentc_runtime::model::llama::proof::Speed;
use agentc_runtime::model::llama::{LlamaOptions, file_identity};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::store::Store;

/// The hidden command that tries a model.
pub const COMMAND: &str = "try-model";

/// How long a trial may take, beside the time for reading the file.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes of a file that even a slow disk brings in a second.
const BYTES_PER_SECOND: u64 = 20_000_000;

/// What is kept of what a trial writes to standard error.
const MAX_LOG: u64 = 1 << 16;

/// What a trial says at its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// The model evaluates.
    Sound {
        /// How fast, where that was asked for.
        speed: Option<Speed>,
    },
    /// It does not.
    Refused {
        /// Why not.
        reason: String,
    },
}

impl Verdict {
    /// The verdict on a model that gave an error.
    pub fn of_error(error: &ModelError) -> Verdict {
        let reason = match error {
            ModelError::Load { reason, .. } | ModelError::Unusable { reason, .. } => reason.clone(),
            other => other.to_string(),
        };
        Verdict::Refused { reason }
    }
}

/// Has models tried by a command, and keeps the verdicts.
#[derive(Debug, Clone)]
pub(crate) struct Prover {
    command: PathBuf,
    cache: Option<PathBuf>,
}

impl Prover {
    /// `command` is an `agentc` of this build; verdicts are kept in a store's cache.
    pub(crate) fn new(command: &Path, store: Option<&Store>) -> Prover {
        let cache = store.map(|store| store.cache().join("proofs"));
        Prover { command: command.to_owned(), cache }
    }

    /// Whether a model can be relied on: by a verdict that is there, or by a trial. Gives up when `cancelled` says so.
    pub(crate) fn prove(
        &self,
        options: &LlamaOptions,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<(), ModelError> {
        let place = self.place(options);
        let known = place.as_deref().and_then(|place| serde_json::from_slice(&fs::read(place).ok()?).ok());
        let verdict = match known {
            Some(verdict) => verdict,
            None => self.try_out(options, false, cancelled)?,
        };
        match verdict {
            Verdict::Sound { .. } => Ok(()),
            Verdict::Refused { reason } => Err(unusable(options, reason)),
        }
    }

    /// Tries a model whatever is known about it, and measures its speed.
    pub(crate) fn measure(&self, options: &LlamaOptions) -> Result<Speed, ModelError> {
        match self.try_out(options, true, &|| false)? {
            Verdict::Sound { speed: Some(speed) } => Ok(speed),
            Verdict::Sound { speed: None } => Err(unusable(options, "its speed was not told")),
            Verdict::Refused { reason } => Err(unusable(options, reason)),
        }
    }

    /// A new verdict, which is kept; an error where none was reached that would hold another time.
    fn try_out(
        &self,
        options: &LlamaOptions,
        measure: bool,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Verdict, ModelError> {
        options.check()?;
        let child = self.start(options, measure).map_err(|error| {
            unusable(
                options,
                format!("`{}`, which tries it, cannot be started: {error}", self.command.display()),
            )
        })?;
        let end = Trial::watch(child, patience(&options.path), cancelled);
        let end = end.map_err(|error| unusable(options, format!("its trial cannot be watched: {error}")))?;
        let verdict = end.verdict().map_err(|reason| unusable(options, reason))?;
        if let Some(place) = self.place(options) {
            // What cannot be kept is found out again.
            let _ = keep(&place, &verdict);
        }
        Ok(verdict)
    }

    fn start(&self, options: &LlamaOptions, measure: bool) -> io::Result<Child> {
        let mut command = Command::new(&self.command);
        command.arg(COMMAND).arg(&options.path).arg("--name").arg(&options.name);
        if let Some(layers) = options.gpu_layers {
            command.arg("--gpu-layers").arg(layers.to_string());
        }
        if let Some(threads) = options.threads {
            command.arg("--threads").arg(threads.to_string());
        }
        if measure {
            command.arg("--measure");
        }
        // llama.cpp calls a debugger when it aborts; nobody reads what that finds.
        command.env("GGML_NO_BACKTRACE", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    }

    /// Where the verdict on a model is kept: by all that it may depend on.
    fn place(&self, options: &LlamaOptions) -> Option<PathBuf> {
        let key = format!(
            "{}\n{}\n{:?}\n{}",
            file_identity(&options.path)?,
            file_identity(&self.command)?,
            options.gpu_layers,
            cpu()
        );
        let hash: String = Sha256::digest(key).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Some(self.cache.as_ref()?.join(format!("{hash}.json")))
    }
}

fn unusable(options: &LlamaOptions, reason: impl Into<String>) -> ModelError {
    ModelError::Unusable { name: options.name.clone(), reason: reason.into() }
}

fn patience(file: &Path) -> Duration {
    let bytes = fs::metadata(file).map_or(0, |facts| facts.len());
    PATIENCE + Duration::from_secs(bytes / BYTES_PER_SECOND)
}

/// The processor and what it can do, as the system describes it.
fn cpu() -> String {
    let table = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let first = table.split("\n\n").next().unwrap_or_default();
    let told =
        |line: &&str| ["model name", "flags", "Features", "CPU "].iter().any(|word| line.starts_with(word));
    let lines: Vec<&str> = first.lines().filter(told).collect();
    format!("{} {}", std::env::consts::ARCH, lines.join("\n"))
}

/// Written under another name first, since another process may read at the same time.
fn keep(place: &Path, verdict: &Verdict) -> io::Result<()> {
    let folder = place.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder)?;
    let draft = folder.join(format!(".{}-{:?}", std::process::id(), std::thread::current().id()));
    let kept = match verdict {
        Verdict::Sound { .. } => &Verdict::Sound { speed: None },
        refused => refused,
    };
    fs::write(&draft, serde_json::to_vec(kept)?).and_then(|()| fs::rename(&draft, place))
}

/// A trial that is over.
struct Trial {
    /// Nothing if it was ended because it took too long.
    status: Option<ExitStatus>,
    said: Vec<u8>,
    log: Vec<u8>,
    patience: Duration,
}

impl Trial {
    /// Waits until it ends or has to be ended.
    fn watch(mut child: Child, patience: Duration, cancelled: &dyn Fn() -> bool) -> io::Result<Trial> {
        // The trial ends when this closes: with us, if we end first.
        let lifeline = child.stdin.take();
        let said = drain(child.stdout.take());
        let log = drain(child.stderr.take());
        let (started, mut pause) = (Instant::now(), Duration::from_millis(1));
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break Some(status);
            }
            if started.elapsed() > patience || cancelled() {
                child.kill()?;
                child.wait()?;
                break None;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        drop(lifeline);
        let [said, log] = [said, log].map(|reader| reader.join().unwrap_or_default());
        Ok(Trial { status, said, log, patience })
    }

    /// What it found; an error where that says more about the machine than about the model.
    fn verdict(&self) -> Result<Verdict, String> {
        let Some(status) = self.status else {
            return Err(format!("trying it did not end within {} s", self.patience.as_secs()));
        };
        let line = self.said.split(|byte| *byte == b'\n').rfind(|line| line.starts_with(b"{"));
        match line.and_then(|line| serde_json::from_slice(line).ok()) {
            Some(verdict) => Ok(verdict),
            None => self.death(status),
        }
    }

    /// How a process ended that did not come to say anything.
    fn death(&self, status: ExitStatus) -> Result<Verdict, String> {
        let how = match signal(status) {
            Some(9) => {
                return Err("the system ended the process that tried it (SIGKILL), most likely because memory ran out"
                    .to_owned());
            }
            Some(4) => {
                "an instruction that the CPU does not know (SIGILL): build agentc on this machine".to_owned()
            }
            Some(number) => signal_name(number),
            None => format!("exit code {}", status.code().unwrap_or_default()),
        };
        let log = String::from_utf8_lossy(&self.log);
        let lines = || log.lines().map(str::trim).filter(|line| !line.is_empty());
        let said = lines().find(|line| line.contains("GGML_ASSERT")).or_else(|| lines().next_back());
        let said =
            said.map(|line| format!(" ({})", line.chars().take(200).collect::<String>())).unwrap_or_default();
        Ok(Verdict::Refused { reason: format!("evaluating it ended with {how}{said}") })
    }
}

/// The first bytes of a stream, read by a thread of its own up to the stream's end.
fn drain(stream: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // A stream that cannot be read any further has said what it had to say.
            let _ = (&mut stream).take(MAX_LOG).read_to_end(&mut bytes);
            let _ = io::copy(&mut stream, &mut io::sink());
        }
        bytes
    })
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

fn signal_name(number: i32) -> String {
    match number {
        6 => "SIGABRT".into(),
        7 => "SIGBUS".into(),
        8 => "SIGFPE".into(),
        11 => "SIGSEGV".into(),
        number => format!("signal {number}"),
    }
}

/// What the command that tries a model does, in the process of its own. It ends with the process that started it.
pub fn try_model(options: &LlamaOptions, measure: bool) -> Verdict {
    use agentc_runtime::model::llama::proof;
    // Where memory runs out, this process is the one to go (Linux); elsewhere there is no such file.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    std::thread::spawn(|| {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        std::process::exit(1);
    });
    let speed = match measure {
        true => proof::measure(options).map(Some),
        false => proof::prove(options).map(|()| None),
    };
    speed.map_or_else(|error| Verdict::of_error(&error), |speed| Verdict::Sound { speed })
}

/// Writes a verdict as the process that waits for it reads it.
pub fn report(verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, verdict)?;
    out.write_all(b"\n")?;
    out.flush()
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn trial(script: &str, patience: u64, cancelled: bool) -> Trial {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Trial::watch(command.spawn().unwrap(), Duration::from_millis(patience), &|| cancelled).unwrap()
    }

    #[test]
    fn a_trial_that_hangs_is_ended_and_its_verdict_not_kept() {
        let hangs = trial("exec sleep 600", 50, false).verdict();
        assert!(hangs.unwrap_err().contains("did not end within"));
        assert!(trial("exec sleep 600", 600_000, true).verdict().is_err(), "nobody waits for it");
        assert!(trial("kill -KILL $$", 600_000, false).verdict().unwrap_err().contains("memory"));
    }

    #[test]
    fn a_trial_may_write_as_much_as_it_likes() {
        let script = "yes | head -c 3000000; yes | head -c 3000000 >&2; printf '\\n{\"verdict\":\"sound\",\"speed\":null}\\n'";
        // What is behind the first bytes is not read: that is no verdict, but no end of the wait either.
        let verdict = trial(script, 600_000, false).verdict().unwrap();
        assert!(matches!(verdict, Verdict::Refused { .. }), "{verdict:?}");
    }
}
