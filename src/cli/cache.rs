//! `agentc cache`: what is kept on disk of what models have read.

use agentc::Error;
use agentc::disk::{DEFAULT_CAP, DiskError, Entry};
use agentc::store::Store;

use super::args::{CacheCommand, Look};
use super::model::size;
use super::output::Terminal;
use super::{Exit, print};

pub(super) fn cache(command: &CacheCommand, look: Look) -> Exit {
    let disk = Store::open()?.disk(DEFAULT_CAP);
    let terminal = Terminal::new(look.color);
    match command {
        CacheCommand::Ls => {
            let entries = disk.ls().map_err(error)?;
            if entries.is_empty() && !look.quiet {
                terminal.say("nothing is kept yet; runs keep the beginnings of their programs\n");
            }
            print(entries.iter().rev().map(line).collect::<String>().as_bytes())?;
        }
        CacheCommand::Clear => {
            let (files, bytes) = disk.clear().map_err(error)?;
            if !look.quiet {
                terminal.say(&format!("removed {files} files ({})\n", size(bytes)));
            }
        }
    }
    Ok(0)
}

fn error(error: DiskError) -> Error {
    match error {
        DiskError::Io { what, path, reason } => {
            Error::Io { what: format!("{what} `{}`", path.display()), reason }
        }
        other => Error::Io { what: "use the cache".to_owned(), reason: other.to_string() },
    }
}

/// Those that were used last come first.
fn line(entry: &Entry) -> String {
    let model = entry.model.as_deref().unwrap_or("(of another version)");
    let age = entry.used.elapsed().unwrap_or_default().as_secs();
    let ago = match age {
        0..120 => format!("{age} s"),
        120..7200 => format!("{} min", age / 60),
        7200..172_800 => format!("{} h", age / 3600),
        _ => format!("{} d", age / 86_400),
    };
    format!(
        "{model:20} {:>7} tokens {:>9}  {ago:>7} ago  {}\n",
        entry.tokens,
        size(entry.bytes),
        entry.path.display()
    )
}
