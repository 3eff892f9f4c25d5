//! `agentc run`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

use agentc::{Engine, Error, Event, Fault, Input, Loading, Outcome, Program, Usage};

use super::args::{Look, RunArgs};
use super::files::{SourceFile, keep, one_reader, program};
use super::inputs::{Inputs, inputs, stdin_readers};
use super::output::{Output, Terminal, refused};
use super::rerun::rerun;
use super::signals::Signals;
use super::vigil::Vigil;
use super::{Exit, complain, io_error, load, show_diags};
use crate::render;

/// What may end a run from outside.
pub(super) struct Ends {
    pub(super) deadline: Option<Instant>,
    pub(super) signals: Signals,
    pub(super) vigil: Vigil,
}

/// Compiles, loads the model, runs. Its time counts from the start of the command.
pub(super) fn run(args: &RunArgs, look: Look, started: Instant) -> Exit {
    if args.watch {
        return rerun(args, look);
    }
    let signals = Signals::watch();
    // A time too far away to be represented is no deadline.
    let deadline = args.timeout.and_then(|timeout| started.checked_add(timeout));
    let vigil = Vigil::keep(deadline, &signals, args.format, look);
    let ends = Ends { deadline, signals, vigil };
    let mut early = None;
    let exit = attempt(args, look, &ends, &mut early);
    ends.vigil.end();
    let Err(error) = exit else { return exit };
    refused(args.format, &error)?;
    // Said before a model that is on its way has stopped loading, which takes longer than to find a mistake.
    let code = complain(&error, look);
    drop(early);
    Ok(code)
}

/// An error is that of a run that never began; what a run itself ends with is shown with its outcome.
fn attempt(args: &RunArgs, look: Look, ends: &Ends, early: &mut Option<Loading>) -> Exit {
    let files = [("the program", Some(args.file.as_path())), ("`--input-file`", args.input_file.as_deref())];
    one_reader(&stdin_readers(&files, &args.input))?;
    let file = SourceFile::read(&args.file)?;
    *early = load::early(&args.load, &file);
    let (program, mut files) = program(file, args.settings.agent.as_deref())?;
    warn(&program, look);
    let given = inputs(args.input_file.as_deref(), &args.input, &program).and_then(|given| {
        program.check_inputs(&given.values)?;
        Ok(given)
    });
    let terminal = Terminal::new(look.color);
    let Inputs { values: inputs, files: read } = match given {
        Ok(given) => given,
        Err(error @ Error::Run(_)) => {
            ends.vigil.end();
            refused(args.format, &error)?;
            return fail(&error, &program, terminal);
        }
        Err(error) => return Err(error),
    };
    files.extend(read);
    files.extend(load::files(&args.load, &program));
    let trace = args.trace.as_deref().map(|path| create(path, &files)).transpose()?;
    let engine = load::engine_of_run(&args.load, &program, early.take(), look)?;
    let mut output = Output::new(args.format, look, trace);
    let result = watch(args, &engine, &program, inputs, ends, &mut output, look);
    let exit = conclude(result, &mut output, &program, ends, look);
    load::end(engine, look);
    exit
}

/// Shows what the program is warned of. What contexts can hold the run says itself, by the model that it really has.
pub(super) fn warn(program: &Program, look: Look) {
    let warnings = program.warnings().iter().filter(|diag| diag.code != "W0400");
    show_diags(warnings, program.sources(), look);
}

/// Shows how a run has ended.
pub(super) fn conclude(
    result: Result<Outcome, Error>,
    output: &mut Output,
    program: &Program,
    ends: &Ends,
    look: Look,
) -> Exit {
    let terminal = Terminal::new(look.color);
    match result {
        Ok(outcome) => {
            output.end(Ok(&outcome))?;
            if look.verbose {
                terminal.say(&cost(outcome.usage()));
            }
            Ok(0)
        }
        Err(Error::Run(failure)) => {
            output.end(Err(&failure))?;
            if output.closed {
                return Ok(0);
            }
            let interrupted = failure.error().fault == Fault::Interrupted;
            let code = fail(&Error::Run(failure), program, terminal)?;
            Ok(ends.signals.code().filter(|_| interrupted).unwrap_or(code))
        }
        Err(error) => Err(error),
    }
}

/// Shows the events of a run until it is over.
pub(super) fn watch(
    args: &RunArgs,
    engine: &Engine,
    program: &Program,
    inputs: Vec<(String, Input)>,
    ends: &Ends,
    output: &mut Output,
    look: Look,
) -> Result<Outcome, Error> {
    let cancel = ends.signals.cancel();
    let mut run = args.settings.apply(engine.run(program).inputs(inputs).cancel(cancel.clone()));
    if let Some(deadline) = ends.deadline {
        run = run.timeout(deadline.saturating_duration_since(Instant::now()));
    }
    let mut events = run.stream()?;
    for event in &mut events {
        ends.vigil.end();
        if let Event::Warning(warning) = &event {
            show_diags(std::iter::once(&warning.diag), program.sources(), look);
        }
        output.event(&event)?;
        if output.closed {
            cancel.store(true, Ordering::Relaxed);
        }
    }
    events.finish()
}

/// Draws a run's error where it happened.
pub(super) fn fail(error: &Error, program: &Program, terminal: Terminal) -> Exit {
    let text = match error {
        Error::Run(failure) => render::failure(failure, program.sources(), terminal.color_err),
        error => render::error(error, terminal.color_err),
    };
    terminal.say(&text);
    Ok(error.exit_code())
}

/// A file for the trace, unless the run reads it.
pub(super) fn create(path: &Path, read: &[PathBuf]) -> Result<File, Error> {
    keep(path, read)?;
    File::create(path).map_err(|error| io_error(format!("create `{}`", path.display()), &error))
}

fn cost(usage: &Usage) -> String {
    format!(
        "{} prompt tokens ({} cached), {} generated, {} forced, in {} passes ({} of {} drafted \
         came); load {} ms, prefill {} ms, decode {} ms, \
         masks {} µs, {} ms in all\n",
        usage.prompt_tokens,
        usage.cached_tokens,
        usage.generated_tokens,
        usage.forced_tokens,
        usage.forward_passes,
        usage.accepted_tokens,
        usage.drafted_tokens,
        usage.load_ms,
        usage.prefill_us / 1000,
        usage.decode_us / 1000,
        usage.mask_us,
        usage.wall_ms,
    )
}
