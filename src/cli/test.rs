//! `agentc test`: runs the `test` blocks of programs and reports which fail.

use std::time::Instant;

use agentc::{Engine, Error, Event, Outcome, Program, RunOptions, Test};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::args::{Look, TestArgs, TestFormat};
use super::files::{SourceFile, one_program_on_stdin, program};
use super::output::{Failed, Terminal, failed};
use super::{Exit, load, print, show_diags};
use crate::render;

/// The exit code of failed tests.
const FAILED: u8 = 100;

/// Runs the tests of all files; exit 100 if one fails, and that of the first error that kept some from
/// running.
pub(super) fn test(args: &TestArgs, look: Look) -> Exit {
    one_program_on_stdin(&args.files)?;
    let mut programs = Vec::new();
    let mut broken = None;
    for file in &args.files {
        match SourceFile::read(file).and_then(|file| program(file, None)) {
            Ok((program, _)) => programs.push((file.display().to_string(), program)),
            Err(error) => {
                super::complain(&error, look);
                broken = broken.or(Some(error.exit_code()));
            }
        }
    }
    let mut suite = Suite {
        args,
        look,
        terminal: Terminal::new(look.color),
        passed: 0,
        failed: 0,
        filtered: 0,
        done: Vec::new(),
    };
    for (file, program) in &programs {
        show_diags(program.warnings().iter(), program.sources(), look);
        suite.run(file, program)?;
    }
    suite.end()?;
    if let Some(code) = broken {
        return Ok(code);
    }
    if suite.passed + suite.failed == 0 && suite.filtered > 0 {
        suite.terminal.say("error: no test has a name that contains what `--filter` asks for\n");
        return Ok(2);
    }
    Ok(if suite.failed > 0 { FAILED } else { 0 })
}

/// What has been run so far.
struct Suite<'a> {
    args: &'a TestArgs,
    look: Look,
    terminal: Terminal,
    passed: usize,
    failed: usize,
    filtered: usize,
    /// An object for each test: texts, which keep numbers as they are.
    done: Vec<Box<RawValue>>,
}

/// How a test ended.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    name: &'a str,
    status: &'static str,
    ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failed<'a>>,
}

/// How all tests ended.
#[derive(Serialize)]
struct Report<'a> {
    status: &'static str,
    passed: usize,
    failed: usize,
    filtered: usize,
    tests: &'a [Box<RawValue>],
}

impl Suite<'_> {
    fn run(&mut self, file: &str, program: &Program) -> Result<(), Error> {
        let wanted =
            |test: &Test<'_>| self.args.filter.as_ref().is_none_or(|part| test.name().contains(part));
        let (tests, others): (Vec<Test<'_>>, Vec<Test<'_>>) = program.tests().partition(wanted);
        self.filtered += others.len();
        let engine = self.engine(program, &tests)?;
        for test in tests {
            let began = Instant::now();
            let result = self.play(engine.as_ref(), program, test);
            let ms = began.elapsed().as_millis();
            match &result {
                Err(error) if !matches!(error, Error::Run(_)) => return result.map(drop),
                result => self.tell(file, program, test, result, ms)?,
            }
        }
        engine.into_iter().for_each(|engine| load::end(engine, self.look));
        Ok(())
    }

    /// The engine of a program's tests, if one of them needs it: with all models that they ask for.
    fn engine(&self, program: &Program, tests: &[Test<'_>]) -> Result<Option<Engine>, Error> {
        let on_engine: Vec<&Test<'_>> = tests.iter().filter(|test| test.needs_engine()).collect();
        if on_engine.is_empty() {
            return Ok(None);
        }
        let others: Vec<&str> = on_engine.iter().flat_map(|test| test.models()).collect();
        load::engine(&self.args.load, program, &others, None, self.look).map(Some)
    }

    fn play(&self, engine: Option<&Engine>, program: &Program, test: Test<'_>) -> Result<Outcome, Error> {
        let mut emit = |event: Event| self.show(&event, program);
        let Some(engine) = engine.filter(|_| test.needs_engine()) else {
            return test.run_alone(RunOptions { seed: self.args.seed, ..RunOptions::default() }, &mut emit);
        };
        let mut run = engine.test(program, test.number());
        if let Some(seed) = self.args.seed {
            run = run.seed(seed);
        }
        let mut events = run.stream()?;
        events.by_ref().for_each(emit);
        events.finish()
    }

    /// What a test prints, and what its run warns of.
    fn show(&self, event: &Event, program: &Program) {
        match event {
            Event::Print { text } if !self.look.quiet => self.terminal.say(&format!("{text}\n")),
            Event::Warning(warning) => {
                show_diags(std::iter::once(&warning.diag), program.sources(), self.look);
            }
            _ => {}
        }
    }

    fn tell(
        &mut self,
        file: &str,
        program: &Program,
        test: Test<'_>,
        result: &Result<Outcome, Error>,
        ms: u128,
    ) -> Result<(), Error> {
        let failure = match result {
            Err(Error::Run(failure)) => Some(failure.as_ref()),
            _ => None,
        };
        if failure.is_some() {
            self.failed += 1
        } else {
            self.passed += 1
        }
        let line = Line {
            file,
            name: test.name(),
            status: if failure.is_some() { "failed" } else { "passed" },
            ms: u64::try_from(ms).unwrap_or(u64::MAX),
            error: failure.map(failed),
        };
        self.done.extend(to_raw_value(&line));
        if self.args.format == TestFormat::Json {
            return Ok(());
        }
        let name = format!("{file}: {}", test.name());
        match failure {
            None if self.look.quiet => {}
            None => _ = print(format!("ok      {name} ({ms} ms)\n").as_bytes())?,
            Some(failure) => {
                print(format!("FAILED  {name} ({ms} ms)\n").as_bytes())?;
                self.terminal.say(&render::failure(failure, program.sources(), self.terminal.color_err));
            }
        }
        Ok(())
    }

    /// The summary.
    fn end(&self) -> Result<(), Error> {
        let Suite { passed, failed, filtered, .. } = self;
        let text = match self.args.format {
            TestFormat::Text => {
                let skipped =
                    if *filtered > 0 { format!(", {filtered} not asked for") } else { String::new() };
                format!("{passed} passed, {failed} failed{skipped}\n")
            }
            TestFormat::Json => {
                let status = if *failed > 0 { "failed" } else { "ok" };
                let report = Report {
                    status,
                    passed: *passed,
                    failed: *failed,
                    filtered: *filtered,
                    tests: &self.done,
                };
                format!("{}\n", serde_json::to_string(&report).unwrap_or_default())
            }
        };
        print(text.as_bytes()).map(drop)
    }
}
