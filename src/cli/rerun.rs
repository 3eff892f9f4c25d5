//! `agentc run --watch`: runs again whenever something changes, in one process.
//!
//! The engine stays, and with it the model and what that has read: what the prompts of two runs have in common at their
//! beginning is not read twice. Another engine is made only where a program asks for other models.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use agentc::{Engine, Error, Fault, Program};

use super::args::{Look, RunArgs};
use super::files::{SourceFile, compile_in, program};
use super::inputs::{files_of, inputs};
use super::output::{Output, Terminal, refused};
use super::run::{Ends, conclude, create, fail, warn, watch};
use super::signals::Signals;
use super::vigil::Vigil;
use super::watch::{Noting, Watched, only_files, time_of_day};
use super::{Exit, complain, load};

/// An engine, and what it was made for.
struct Kept {
    engine: Engine,
    models: Vec<(String, PathBuf)>,
    context: Option<u32>,
}

/// How a round went.
struct Round {
    code: u8,
    /// The file whose change ended it.
    changed: Option<PathBuf>,
    /// Whether nobody reads standard output any more.
    closed: bool,
}

/// Runs until a signal comes.
pub(super) fn rerun(args: &RunArgs, look: Look) -> Exit {
    let files = [Some(args.file.as_path()), args.input_file.as_deref()].into_iter().flatten();
    let given = files_of(&args.input);
    only_files(files.chain(given.iter().copied()))?;
    let (signals, mut kept) = (Signals::watch(), None);
    let code = loop {
        let mut watched = Watched::default();
        args.input_file.iter().for_each(|path| watched.note_now(path));
        given.iter().for_each(|path| watched.note_now(path));
        let round = round(args, look, &signals, &mut kept, &mut watched);
        let round = round.unwrap_or_else(|error| {
            // Nobody is left to be told of a standard output that is gone.
            let _ = refused(args.format, &error);
            Round { code: complain(&error, look), changed: None, closed: false }
        });
        if round.closed || signals.code().is_some() {
            break signals.code().unwrap_or(round.code);
        }
        let changed = round.changed.or_else(|| {
            say(look, &format!("exit code {}; watching {}", round.code, files_in_words(watched.len())));
            watched.wait(&signals)
        });
        let Some(path) = changed else { break signals.code().unwrap_or(round.code) };
        say(look, &format!("`{}` has changed: running again", path.display()));
        signals.cancel().store(false, Ordering::SeqCst);
    };
    if let Some(kept) = kept {
        load::end(kept.engine, look);
    }
    Ok(code)
}

fn say(look: Look, text: &str) {
    if !look.quiet {
        Terminal::new(look.color).say(&format!("[{}] {text}\n", time_of_day()));
    }
}

fn files_in_words(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

/// Compiles and runs once. An error is that of a run that never began.
fn round(
    args: &RunArgs,
    look: Look,
    signals: &Signals,
    kept: &mut Option<Kept>,
    watched: &mut Watched,
) -> Result<Round, Error> {
    let program = compiled(args, watched)?;
    warn(&program, look);
    let terminal = Terminal::new(look.color);
    let ended = |code| Round { code, changed: None, closed: false };
    let given = inputs(args.input_file.as_deref(), &args.input, &program)?;
    if let Err(error) = program.check_inputs(&given.values) {
        refused(args.format, &error)?;
        return Ok(ended(fail(&error, &program, terminal)?));
    }
    let deadline = args.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let vigil = Vigil::keep(None, signals, args.format, look);
    let mut files = given.files;
    files.push(args.file.clone());
    files.extend(load::files(&args.load, &program));
    let trace = args.trace.as_deref().map(|path| create(path, &files)).transpose();
    let engine = trace.and_then(|trace| Ok((trace, engine(args, &program, kept, look)?)));
    vigil.end();
    let (trace, engine) = engine?;
    let ends = Ends { deadline, signals: signals.clone(), vigil };
    let mut output = Output::new(args.format, look, trace);
    let done = AtomicBool::new(false);
    let (result, changed) = std::thread::scope(|scope| {
        let guard = scope.spawn(|| watched.guard(&done, signals));
        let result = watch(args, &engine, &program, given.values, &ends, &mut output, look);
        done.store(true, Ordering::SeqCst);
        (result, guard.join().unwrap_or_default())
    });
    let stopped = matches!(&result, Err(Error::Run(failure)) if failure.error().fault == Fault::Interrupted);
    let code = match result {
        Err(Error::Run(failure)) if stopped && changed.is_some() => {
            output.end(Err(&failure))?;
            failure.error().fault.kind().exit_code()
        }
        result => conclude(result, &mut output, &program, &ends, look)?,
    };
    Ok(Round { code, changed, closed: output.closed })
}

/// The program, and what it was read from.
fn compiled(args: &RunArgs, watched: &mut Watched) -> Result<Program, Error> {
    let path: &Path = &args.file;
    let file = SourceFile::read(path).inspect_err(|_| watched.note_now(path))?;
    watched.note(path, Some(&file.bytes));
    let agent = args.settings.agent.as_deref();
    if Program::is_built(&file.bytes) {
        return Ok(program(file, agent)?.0);
    }
    let world = Noting::new(file.dir());
    let compilation = compile_in(&file, agent, &world);
    watched.merge(world.into_seen());
    compilation.finish()
}

/// The engine that there is, or another one where the program asks for other models.
fn engine(args: &RunArgs, program: &Program, kept: &mut Option<Kept>, look: Look) -> Result<Engine, Error> {
    let models = load::models(&args.load, program)?;
    let context = args.load.ctx_size.or_else(|| program.ir().model.as_ref().and_then(|model| model.ctx));
    if let Some(kept) = kept
        && (models.is_empty() || kept.models == models && kept.context == context)
    {
        return Ok(kept.engine.clone());
    }
    // Two models at once may be more than the machine can hold.
    if let Some(old) = kept.take() {
        load::end(old.engine, look);
    }
    let engine = load::engine_of_run(&args.load, program, None, look)?;
    Ok(kept.insert(Kept { engine, models, context }).engine.clone())
}
