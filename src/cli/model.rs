//! `agentc model`: fetch, list, show and remove models.

use std::path::Path;

use agentc::Error;
use agentc::store::{Details, Entry, Progress, Step, Store};

use super::args::{Look, ModelCommand};
use super::output::Terminal;
use super::{Exit, complain, print};

pub(super) fn model(command: ModelCommand, look: Look) -> Exit {
    let store = match (Store::open(), &command) {
        // A file elsewhere can be shown without a store.
        (Err(_), ModelCommand::Show { name }) if Path::new(name).is_file() => Store::at(""),
        (store, _) => store?,
    };
    match command {
        ModelCommand::Pull { names } => return pull_all(&store, &names, look),
        ModelCommand::Ls => ls(&store, look)?,
        ModelCommand::Show { name } => _ = print(show(&store.show(&name)?).as_bytes())?,
        ModelCommand::Rm { name } => {
            let path = store.rm(&name)?;
            if !look.quiet {
                Terminal::new(look.color).say(&format!("removed {}\n", path.display()));
            }
        }
    }
    Ok(0)
}

/// One after the other; the exit code is that of the first that could not be brought.
fn pull_all(store: &Store, names: &[String], look: Look) -> Exit {
    let mut failed = None;
    for name in names {
        if let Err(error) = pull(store, name, look) {
            let code = complain(&error, look);
            failed = failed.or(Some(code));
        }
    }
    Ok(failed.unwrap_or(0))
}

/// The path goes to standard output, the progress to standard error.
fn pull(store: &Store, name: &str, look: Look) -> Result<(), Error> {
    let terminal = Terminal::new(look.color);
    let mut bar = Bar { terminal, quiet: look.quiet, shown: None };
    let pulled = store.pull(name, &mut |progress| bar.show(progress));
    bar.clear();
    let pulled = pulled?;
    if !look.quiet {
        let what = if pulled.fresh { "is here now" } else { "was here already" };
        terminal.say(&format!("{name} {what}\n"));
    }
    print(format!("{}\n", pulled.path.display()).as_bytes())?;
    Ok(())
}

/// One line on a terminal that can go back to its beginning; elsewhere a line for each step.
struct Bar {
    terminal: Terminal,
    quiet: bool,
    shown: Option<(Step, u64)>,
}

impl Bar {
    fn show(&mut self, progress: Progress) {
        let Progress { step, bytes, total } = progress;
        // Where the end is not known, each megabyte is progress.
        let percent = (bytes.min(total) * 100).checked_div(total).unwrap_or(bytes >> 20);
        let same = |(last, at): (Step, u64)| last == step && (at == percent || !self.terminal.moves);
        if self.quiet || self.shown.is_some_and(same) {
            return;
        }
        self.shown = Some((step, percent));
        let verb = match step {
            Step::Download => "downloading",
            Step::Unpack => "unpacking",
            Step::Check => "checking",
        };
        let text = match (self.terminal.moves, total) {
            (true, 0) => format!("\r\x1b[K{verb:>11} {}", size(bytes)),
            (true, _) => {
                let full = (percent / 4) as usize;
                let bar = "█".repeat(full) + &"░".repeat(25 - full);
                format!("\r\x1b[K{verb:>11} {bar} {percent:>3} % of {}", size(total))
            }
            (false, 0) => format!("{verb}\n"),
            (false, _) => format!("{verb} {}\n", size(total)),
        };
        self.terminal.say(&text);
    }

    fn clear(&self) {
        if self.shown.is_some() && self.terminal.moves {
            self.terminal.say("\r\x1b[K");
        }
    }
}

fn ls(store: &Store, look: Look) -> Result<(), Error> {
    let entries = store.ls()?;
    if entries.is_empty() && !look.quiet {
        Terminal::new(look.color)
            .say("no models yet; `agentc model pull smollm2` brings the reference model\n");
    }
    let width = entries.iter().map(|entry| entry.name.chars().count()).max().unwrap_or(0);
    let line = |entry: &Entry| {
        format!("{:width$}  {:>8}  {}\n", entry.name, size(entry.bytes), entry.path.display())
    };
    print(entries.iter().map(line).collect::<String>().as_bytes())?;
    Ok(())
}

fn show(details: &Details) -> String {
    let unknown = || "unknown".to_owned();
    let number = |n: Option<u64>| n.map_or_else(unknown, |n| n.to_string());
    let template = match &details.chat_template {
        Some(text) => format!("{} characters", text.chars().count()),
        None => "none: the program cannot use roles".to_owned(),
    };
    let lines = [
        ("name", details.entry.name.clone()),
        ("file", details.entry.path.display().to_string()),
        ("size", size(details.entry.bytes)),
        ("description", details.description.clone()),
        ("parameters", details.parameters.to_string()),
        ("context", number(details.context)),
        ("vocabulary", number(details.vocabulary)),
        ("chat template", template),
        ("licence", details.licence.clone().unwrap_or_else(unknown)),
    ];
    lines.iter().map(|(what, text)| format!("{what:14} {text}\n")).collect()
}

/// Bytes as people say them.
pub(super) fn size(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let unit = units.iter().find(|(unit, _)| bytes >= *unit);
    unit.map_or_else(
        || format!("{bytes} B"),
        |(unit, name)| format!("{:.1} {name}", bytes as f64 / *unit as f64),
    )
}
