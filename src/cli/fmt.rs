//! `agentc fmt`: formats programs.

use std::path::Path;

use agentc::{Diag, Error, Source, Sources};
use agentc_compiler::fmt::format;
use agentc_compiler::{Limits, decode};

use super::args::{FmtArgs, Look};
use super::files::{SourceFile, one_program_on_stdin};
use super::output::Terminal;
use super::replace::replace;
use super::{Exit, complain, io_error, print, show_diags};

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is formatted.
    Done,
    /// It would change.
    Differs,
    /// It does not parse.
    Refused,
}

/// Formats every file that can be; exit 2 if a file cannot be read or written, 3 if one does not parse, and 1
/// if a check finds one that would change.
pub(super) fn fmt(args: &FmtArgs, look: Look) -> Exit {
    one_program_on_stdin(&args.files)?;
    let (mut fates, mut failed) = (Vec::new(), None);
    for path in &args.files {
        match format_file(path, args.check, look) {
            Ok(fate) => fates.push(fate),
            Err(error) => {
                complain(&error, look);
                failed = failed.or(Some(error.exit_code()));
            }
        }
    }
    let found = if fates.contains(&Fate::Refused) { 3 } else { u8::from(fates.contains(&Fate::Differs)) };
    Ok(failed.unwrap_or(found))
}

fn format_file(path: &Path, check: bool, look: Look) -> Result<Fate, Error> {
    let file = SourceFile::read(path)?;
    file.need_source()?;
    let formatted = match formatted(&file.bytes) {
        Ok(formatted) => formatted,
        Err(diags) => {
            refuse(&file, &diags, look);
            return Ok(Fate::Refused);
        }
    };
    let differs = formatted.as_bytes() != file.bytes;
    if check {
        if differs {
            print(format!("{}\n", file.name).as_bytes())?;
        }
        return Ok(if differs { Fate::Differs } else { Fate::Done });
    }
    if file.path.as_os_str().is_empty() {
        print(formatted.as_bytes())?;
    } else if differs {
        replace(&file.path, formatted.as_bytes())
            .map_err(|error| io_error(format!("write `{}`", file.name), &error))?;
        if look.verbose {
            Terminal::new(look.color).say(&format!("formatted {}\n", file.name));
        }
    }
    Ok(Fate::Done)
}

fn formatted(bytes: &[u8]) -> Result<String, Vec<Diag>> {
    let limits = Limits::default();
    let text = decode(bytes, &limits).map_err(|diag| vec![diag])?;
    format(0, text, &limits)
}

/// Says why a file cannot be formatted.
fn refuse(file: &SourceFile, diags: &[Diag], look: Look) {
    let mut sources = Sources::default();
    sources.add(Source::new(&file.name, String::from_utf8_lossy(&file.bytes)));
    show_diags(diags.iter(), &sources, look);
}
