//! `agentc check`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use agentc::{Compilation, Diag, Error};

use super::args::{CheckArgs, Look, MessageFormat};
use super::files::{SourceFile, compile_in, one_program_on_stdin};
use super::output::Terminal;
use super::signals::Signals;
use super::watch::{Noting, Watched, only_files, time_of_day};
use super::{Exit, complain, print, show_diags};
use crate::render;

/// What was found in all files.
#[derive(Debug, Default)]
struct Found {
    errors: usize,
    warnings: usize,
    /// How many of them have a fix that is safe, in the programs themselves.
    fixable: usize,
    /// The exit code of the first file that cannot be read.
    unreadable: Option<u8>,
    /// Whether nobody reads standard output any more.
    closed: bool,
}

/// Findings of all files, where they are drawn only the most important ones of each; exit 3 if any of them is an error, and
/// 2 if a file cannot be read.
pub(super) fn check(args: &CheckArgs, look: Look) -> Exit {
    if args.watch {
        return watch(args, look);
    }
    one_program_on_stdin(&args.files)?;
    let found = check_all(args, look, &mut Watched::default())?;
    if !look.quiet && args.message_format == MessageFormat::Human && found.errors + found.warnings > 0 {
        let summary = summary(found.errors, found.warnings);
        let some = match found.fixable {
            0 => String::new(),
            fixable => format!("; `agentc fix` corrects {fixable} of them"),
        };
        Terminal::new(look.color).say(&format!("{summary}{some}\n"));
    }
    Ok(found.unreadable.unwrap_or(if found.errors > 0 { 3 } else { 0 }))
}

/// Checks again whenever something changes, until a signal comes.
fn watch(args: &CheckArgs, look: Look) -> Exit {
    only_files(args.files.iter().map(PathBuf::as_path))?;
    let signals = Signals::watch();
    loop {
        let (started, mut watched) = (Instant::now(), Watched::default());
        let found = check_all(args, look, &mut watched)?;
        if found.closed {
            return Ok(0);
        }
        if !look.quiet {
            let what = match (found.unreadable, summary(found.errors, found.warnings)) {
                (Some(_), _) => "not all files can be read".to_owned(),
                (None, none) if none.is_empty() => "nothing found".to_owned(),
                (None, some) => some,
            };
            let (time, took) = (time_of_day(), started.elapsed().as_millis());
            let files =
                if watched.len() == 1 { "1 file".to_owned() } else { format!("{} files", watched.len()) };
            Terminal::new(look.color).say(&format!("[{time}] {what} ({took} ms); watching {files}\n"));
        }
        if watched.wait(&signals).is_none() {
            return Ok(signals.code().unwrap_or(0));
        }
    }
}

/// Checks all files, and notes what was read.
fn check_all(args: &CheckArgs, look: Look, watched: &mut Watched) -> Result<Found, Error> {
    let mut found = Found::default();
    for file in &args.files {
        match compiled(file, watched) {
            Ok(compilation) => show(args, &compilation, look, &mut found)?,
            Err(error) => {
                complain(&error, look);
                found.unreadable = found.unreadable.or(Some(error.exit_code()));
            }
        }
    }
    Ok(found)
}

fn compiled(path: &Path, watched: &mut Watched) -> Result<Compilation, Error> {
    let file = SourceFile::read(path).inspect_err(|_| watched.note_now(path))?;
    watched.note(path, Some(&file.bytes));
    file.need_source()?;
    let world = Noting::new(file.dir());
    let compilation = compile_in(&file, None, &world);
    watched.merge(world.into_seen());
    Ok(compilation)
}

fn show(args: &CheckArgs, compilation: &Compilation, look: Look, found: &mut Found) -> Result<(), Error> {
    let Compilation { diags, sources, .. } = compilation;
    let wanted = diags.iter().filter(|diag| diag.is_error() || !look.quiet);
    match args.message_format {
        MessageFormat::Human => show_diags(wanted, sources, look),
        MessageFormat::Short => {
            wanted.for_each(|diag| Terminal::new(look.color).say(&render::short(diag, sources)));
        }
        MessageFormat::Json => {
            for diag in wanted {
                found.closed |= !print(render::json(diag, sources).as_bytes())?;
            }
        }
    }
    let errors = diags.iter().filter(|diag| diag.is_error()).count();
    found.errors += errors;
    let fixable = |diag: &&Diag| diag.span.file == 0 && diag.fixes.iter().any(|fix| fix.safe);
    found.fixable += diags.iter().filter(fixable).count();
    found.warnings += diags.len() - errors;
    Ok(())
}

fn summary(errors: usize, warnings: usize) -> String {
    let count = |n: usize, what: &str| match n {
        0 => None,
        1 => Some(format!("1 {what}")),
        n => Some(format!("{n} {what}s")),
    };
    let parts: Vec<String> =
        [count(errors, "error"), count(warnings, "warning")].into_iter().flatten().collect();
    parts.join(", ")
}
