//! `agentc fix`: applies the fixes of findings.

use std::path::Path;

use agentc::{Diag, Directory, Error, Options, Source, Sources};
use agentc_compiler::fix::{self, Fixed, Wanted};
use agentc_compiler::{Limits, decode};
use agentc_stdlib::WithLibrary;

use super::args::{FixArgs, Look};
use super::files::{SourceFile, one_program_on_stdin};
use super::output::Terminal;
use super::replace::replace;
use super::{Exit, complain, io_error, print, show_diags};

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fate {
    /// Whether there was something to do.
    differs: bool,
    /// Whether errors are left.
    broken: bool,
}

/// Fixes every file that can be; exit 2 if a file cannot be read or written, 1 if a check finds one that would change, and
/// 3 if errors are left.
pub(super) fn fix(args: &FixArgs, look: Look) -> Exit {
    one_program_on_stdin(&args.files)?;
    let (mut fates, mut failed) = (Vec::new(), None);
    for path in &args.files {
        match fix_file(path, args, look) {
            Ok(fate) => fates.push(fate),
            Err(error) => {
                complain(&error, look);
                failed = failed.or(Some(error.exit_code()));
            }
        }
    }
    let differs = args.check && fates.iter().any(|fate| fate.differs);
    let broken = fates.iter().any(|fate| fate.broken);
    let found = if differs { 1 } else { 3 * u8::from(broken) };
    Ok(failed.unwrap_or(found))
}

fn fix_file(path: &Path, args: &FixArgs, look: Look) -> Result<Fate, Error> {
    let file = SourceFile::read(path)?;
    file.need_source()?;
    let limits = Limits::default();
    // With its byte-order mark, which is put back where it was.
    let text = match decode(&file.bytes, &limits).map(|_| std::str::from_utf8(&file.bytes)) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return Ok(Fate { differs: false, broken: true }),
        Err(diag) => return Ok(refuse(&file, &diag, look)),
    };
    let directory = Directory::new(file.dir());
    let wanted = if args.guesses { Wanted::All } else { Wanted::Safe };
    let fixed = fix::fix(&file.name, text, &WithLibrary(&directory), &Options::default(), wanted);
    let fate = Fate { differs: fixed.text != text, broken: fixed.compiled.diags.iter().any(Diag::is_error) };
    if args.check {
        if fate.differs {
            print(format!("{}\n", file.name).as_bytes())?;
        }
    } else if file.path.as_os_str().is_empty() {
        print(fixed.text.as_bytes())?;
    } else if fate.differs {
        replace(&file.path, fixed.text.as_bytes())
            .map_err(|error| io_error(format!("write `{}`", file.name), &error))?;
    }
    tell(&file, &fixed, args.check, look);
    Ok(fate)
}

/// Says what was done, or would be, and what is left.
fn tell(file: &SourceFile, fixed: &Fixed, check: bool, look: Look) {
    if look.quiet {
        return;
    }
    let terminal = Terminal::new(look.color);
    let word = if check { "to fix" } else { "fixed" };
    for done in &fixed.done {
        let (at, code) = (done.at, done.code);
        terminal.say(&format!("{}:{at}: {word}[{code}]: {}: {}\n", file.name, done.message, done.fix));
    }
    let errors = fixed.compiled.diags.iter().filter(|diag| diag.is_error()).count();
    let left = if errors == 1 { "1 error is left".to_owned() } else { format!("{errors} errors are left") };
    if errors > 0 {
        terminal.say(&format!("{}: {left}; `agentc check` shows what to do\n", file.name));
    }
    if fixed.stopped {
        terminal.say(&format!("{}: there is more to fix; run the command again\n", file.name));
    }
}

/// Says why a file cannot be fixed.
fn refuse(file: &SourceFile, diag: &Diag, look: Look) -> Fate {
    let mut sources = Sources::default();
    sources.add(Source::new(&file.name, String::from_utf8_lossy(&file.bytes)));
    show_diags(std::iter::once(diag), &sources, look);
    Fate { differs: false, broken: true }
}
