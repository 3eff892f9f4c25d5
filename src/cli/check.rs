//! `agentc check`.

use agentc::{Compilation, Diag};

use super::args::{CheckArgs, Look, MessageFormat};
use super::files::{compile, one_program_on_stdin};
use super::output::Terminal;
use super::{Exit, complain, print, show_diags};
use crate::render;

/// Findings of all files, where they are drawn only the most important ones of each; exit 3 if any of them is an error, and
/// 2 if a file cannot be read.
pub(super) fn check(args: &CheckArgs, look: Look) -> Exit {
    one_program_on_stdin(&args.files)?;
    let terminal = Terminal::new(look.color);
    let (mut errors, mut warnings, mut unreadable) = (0, 0, None);
    for file in &args.files {
        let Compilation { diags, sources, .. } = match compile(file, None) {
            Ok(compilation) => compilation,
            Err(error) => {
                complain(&error, look);
                unreadable = unreadable.or(Some(error.exit_code()));
                continue;
            }
        };
        let wanted = diags.iter().filter(|diag| diag.is_error() || !look.quiet);
        match args.message_format {
            MessageFormat::Human => show_diags(wanted, &sources, look),
            MessageFormat::Short => wanted.for_each(|diag| terminal.say(&render::short(diag, &sources))),
            MessageFormat::Json => {
                for diag in wanted {
                    print(render::json(diag, &sources).as_bytes())?;
                }
            }
        }
        errors += diags.iter().filter(|diag| diag.is_error()).count();
        warnings += diags.iter().filter(|diag: &&Diag| !diag.is_error()).count();
    }
    if !look.quiet && args.message_format == MessageFormat::Human && errors + warnings > 0 {
        terminal.say(&format!("{}\n", summary(errors, warnings)));
    }
    Ok(unreadable.unwrap_or(if errors > 0 { 3 } else { 0 }))
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
