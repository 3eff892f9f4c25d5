//! `agentc batch`: one run for each row of a file, several at a time, and a line for each in the order of the rows.
//!
//! Rows are read, and lines written, as there is room for them, so that the memory that a batch needs does not depend on
//! how many rows there are. The output is the record of what is done ([`record`]).

mod bar;
mod origin;
mod record;
mod rows;

use std::collections::VecDeque;
use std::iter;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use agentc::{Error, Event, Fault, Input, Loading, Outcome, Program, Progress, Row, Run};

use self::bar::Bar;
use self::origin::Origin;
use self::record::{Held, Output, held, line};
use self::rows::{Mark, RowText, Rows, count};
use super::args::{BatchArgs, Format, Look};
use super::files::{SourceFile, is_stdin, keep, one_reader, program};
use super::inputs::{Inputs, inputs, stdin_readers};
use super::output::Terminal;
use super::signals::Signals;
use super::vigil::Vigil;
use super::{Exit, complain, load, show_diags};

/// The exit code where some rows have errors.
const FAILED: u8 = 1;

/// Compiles, sees what is done already, loads the model, and runs the rows. A signal ends it in order if that is quick,
/// and otherwise at once: the output is a record in any case.
pub(super) fn batch(args: &BatchArgs, look: Look) -> Exit {
    let signals = Signals::watch();
    let vigil = Vigil::keep(None, &signals, Format::Text, look);
    let mut early = None;
    let exit = attempt(args, look, &signals, &vigil, &mut early);
    vigil.end();
    let Err(error) = exit else { return exit };
    // Said before a model that is on its way has stopped loading.
    let code = complain(&error, look);
    drop(early);
    Ok(code)
}

fn attempt(
    args: &BatchArgs,
    look: Look,
    signals: &Signals,
    vigil: &Vigil,
    early: &mut Option<Loading>,
) -> Exit {
    check(args)?;
    let file = SourceFile::read(&args.file)?;
    *early = load::early(&args.load, &file);
    let (program, mut files) = program(file, args.settings.agent.as_deref())?;
    // What contexts can hold the first run says itself, by the model that it really has.
    let warnings = program.warnings().iter().filter(|diag| diag.code != "W0400");
    show_diags(warnings, program.sources(), look);
    let Inputs { values, files: read } = inputs(None, &args.input, &program)?;
    check_names(&values, &program)?;
    files.extend(read.into_iter().chain([args.rows.clone()]));
    files.extend(load::files(&args.load, &program));
    keep(&args.output, &files)?;
    let mut rows = Rows::open(&args.rows)?;
    let origin = Origin::of(&program, &values, args)?;
    let held = if args.resume { held(&args.output, &mut rows, &origin)? } else { Held::default() };
    let first = rows.next()?;
    let output = match args.resume {
        true => Output::resume(&args.output, &held)?,
        false => Output::create(&args.output)?,
    };
    let engine = first.is_some().then(|| load::engine_of_run(&args.load, &program, early.take(), look));
    let bar = bar(args, look, &held);
    let mut done = Done { rows: held.rows, failed: held.failed };
    let job = Job { args, look, signals, vigil, program: &program, origin, bar };
    let end = match (first, engine.transpose()?) {
        (Some(first), Some(engine)) => {
            let run = args.settings.apply(engine.run(&program).inputs(values));
            let rows = Source { rows, first: Some(first), program: &program, cancel: signals.cancel() };
            job.work(run, rows, output, &mut done)
        }
        _ => Ok(End::AllDone),
    };
    job.bar.end();
    job.tell(end?, &done)
}

/// That nothing is read twice, and that the output can be what is asked of it.
fn check(args: &BatchArgs) -> Result<(), Error> {
    let files = [("the program", Some(args.file.as_path())), ("`--rows`", Some(args.rows.as_path()))];
    one_reader(&stdin_readers(&files, &args.input))?;
    if args.resume && is_stdin(&args.output) {
        return Err(Error::Usage {
            message: "standard output holds no rows that `--resume` could go on behind".to_owned(),
            hint: Some("name a file: `--output FILE.jsonl`".to_owned()),
        });
    }
    Ok(())
}

/// That the program has the inputs that are to be those of all rows, before each row says so.
fn check_names(inputs: &[(String, Input)], program: &Program) -> Result<(), Error> {
    let params = program.ir().funcs.get(program.ir().entry.index()).map_or(&[][..], |func| &func.params);
    let is_known = |name: &String| params.iter().any(|param| param.name == *name);
    if inputs.iter().all(|(name, _)| is_known(name)) { Ok(()) } else { program.check_inputs(inputs) }
}

/// Where rows are counted: seen on a terminal, unless lines go there.
fn bar(args: &BatchArgs, look: Look, held: &Held) -> Bar {
    let terminal = Terminal::new(look.color);
    let is_shown = terminal.moves && !look.quiet && !(is_stdin(&args.output) && terminal.out);
    let total = is_shown.then(|| count(&args.rows)).flatten();
    Bar::new(terminal, is_shown, total, held.rows, held.failed)
}

/// How a batch ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    AllDone,
    /// By a signal.
    Interrupted,
    /// Nobody reads on.
    Closed,
}

/// Rows whose lines are written, those of earlier processes included.
struct Done {
    rows: u64,
    failed: u64,
}

/// Rows whose outcomes are not written yet, in their order.
#[derive(Default)]
struct Pending {
    /// The number of the first in this process, from 0.
    first: u64,
    marks: VecDeque<Mark>,
}

impl Pending {
    /// The line of a row by its number in this process.
    fn line_of(&self, row: u64) -> Option<u64> {
        let at = usize::try_from(row.checked_sub(self.first)?).ok()?;
        self.marks.get(at).map(|mark| mark.number)
    }

    fn pop(&mut self) -> Option<Mark> {
        self.first += 1;
        self.marks.pop_front()
    }
}

/// The rows that are left, as long as nobody wants to end.
struct Source<'a> {
    rows: Rows,
    /// What was read to see whether there is any.
    first: Option<RowText>,
    program: &'a Program,
    cancel: &'a AtomicBool,
}

impl Source<'_> {
    /// The inputs of the next row, which is noted as pending. What the file refuses is the last row's error.
    fn next(&mut self, pending: &Mutex<Pending>) -> Option<Row> {
        if self.cancel.load(Ordering::Relaxed) {
            return None;
        }
        let row = self.first.take().map_or_else(|| self.rows.next(), |first| Ok(Some(first)));
        match row {
            Ok(row) => {
                let row = row?;
                locked(pending).marks.push_back(row.mark.clone());
                Some(self.rows.inputs(row, self.program).into())
            }
            Err(error) => Some(Err(error).into()),
        }
    }
}

fn locked(pending: &Mutex<Pending>) -> MutexGuard<'_, Pending> {
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is the same for all rows.
struct Job<'a> {
    args: &'a BatchArgs,
    look: Look,
    signals: &'a Signals,
    vigil: &'a Vigil,
    program: &'a Program,
    origin: Origin,
    bar: Bar,
}

impl Job<'_> {
    /// Runs rows, and writes their lines, to the end of either.
    fn work(
        &self,
        run: Run<'_>,
        mut source: Source<'_>,
        mut output: Output,
        done: &mut Done,
    ) -> Result<End, Error> {
        let pending = Mutex::new(Pending::default());
        let run = run.cancel(self.signals.cancel().clone());
        let run = match self.args.timeout {
            Some(timeout) => run.timeout(timeout),
            None => run,
        };
        let batch = run.batch(iter::from_fn(|| source.next(&pending))).at_once(self.args.jobs.into());
        self.bar.count_tokens(batch.tokens());
        for outcome in batch.watch(|row, progress| self.watch(row, &progress, &pending)) {
            if self.is_interrupted(&outcome) {
                self.vigil.end();
                return Ok(End::Interrupted);
            }
            let Some(mark) = locked(&pending).pop() else { return outcome.map(|_| End::AllDone) };
            let line = match &outcome {
                Ok(outcome) => line(&mark, Ok(outcome), &self.origin),
                Err(Error::Run(failure)) => line(&mark, Err(failure), &self.origin),
                Err(_) => return outcome.map(|_| End::AllDone),
            };
            if !output.write(&line)? {
                return Ok(End::Closed);
            }
            done.rows += 1;
            done.failed += u64::from(outcome.is_err());
        }
        let is_whole = self.signals.code().is_none();
        Ok(if is_whole { End::AllDone } else { End::Interrupted })
    }

    /// Whether a signal has kept a row from its end.
    fn is_interrupted(&self, outcome: &Result<Outcome, Error>) -> bool {
        let Err(Error::Run(failure)) = outcome else { return false };
        failure.error().fault == Fault::Interrupted && self.signals.code().is_some()
    }

    /// Counts, and shows what rows print and warn of.
    fn watch(&self, row: u64, progress: &Progress<'_>, pending: &Mutex<Pending>) {
        match progress {
            Progress::Over(Ok(outcome)) => self.bar.end_row(true, outcome.usage()),
            Progress::Over(Err(Error::Run(failure))) => {
                if failure.error().fault != Fault::Interrupted {
                    self.bar.end_row(false, failure.outcome().usage());
                }
            }
            Progress::Over(Err(_)) => {}
            Progress::Event(Event::Print { text }) if !self.look.quiet => {
                let line = locked(pending).line_of(row).unwrap_or_default();
                let text: String = text.split('\n').map(|text| format!("row {line} │ {text}\n")).collect();
                self.bar.say(&text);
            }
            Progress::Event(Event::Warning(warning)) => self.bar.beside(|| {
                show_diags(iter::once(&warning.diag), self.program.sources(), self.look);
            }),
            Progress::Event(_) => {}
        }
    }

    /// Says how it ended, in words and as an exit code.
    fn tell(&self, end: End, done: &Done) -> Exit {
        let Done { rows, failed } = *done;
        let code = self.signals.code().filter(|_| end == End::Interrupted);
        if !self.look.quiet && end != End::Closed {
            let ended = if code.is_some() { "interrupted: " } else { "" };
            let (ok, speed) = (rows - failed, self.bar.speed());
            let word = if rows == 1 { "row" } else { "rows" };
            self.bar.say(&format!("{ended}{rows} {word}: {ok} ok, {failed} failed{speed}\n"));
            if code.is_some() && !is_stdin(&self.args.output) {
                self.bar.say("  help: the same command with `--resume` goes on\n");
            }
        }
        Ok(match end {
            End::Closed => 0,
            _ => code.unwrap_or(if failed > 0 { FAILED } else { 0 }),
        })
    }
}
