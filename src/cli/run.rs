//! `agentc run`.

use std::fs::File;
use std::path::Path;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use agentc::store::REFERENCE_MODEL;
use agentc::{Engine, Error, Event, Input, Program, Usage};

use super::args::{LoadArgs, Look, RunArgs};
use super::output::{Output, Terminal, refused};
use super::{Exit, compile, io_error, show_diags};
use crate::render;

/// Compiles, loads the model, runs.
pub(super) fn run(args: RunArgs, look: Look) -> Exit {
    let format = args.format;
    let exit = attempt(args, look);
    if let Err(error) = &exit {
        refused(format, error)?;
    }
    exit
}

/// An error is that of a run that never began; what a run itself ends with is shown with its outcome.
fn attempt(args: RunArgs, look: Look) -> Exit {
    let program = compile(&args.file, args.agent.as_deref())?.finish()?;
    // What contexts can hold the run says itself, by the model that it really has.
    let warnings = program.warnings().iter().filter(|diag| diag.code != "W0400");
    show_diags(warnings, program.sources(), look);
    let terminal = Terminal::new(look.color);
    let checked = inputs(&args, &program).and_then(|given| program.check_inputs(&given).map(|()| given));
    let inputs = match checked {
        Ok(inputs) => inputs,
        Err(error @ Error::Run(_)) => {
            refused(args.format, &error)?;
            return fail(&error, &program, terminal);
        }
        Err(error) => return Err(error),
    };
    let trace = args.trace.as_deref().map(create).transpose()?;
    let cancel = interrupt_flag();
    let others = agentc::named_models(program.ir(), program.ir().entry);
    let engine = load(&args.load, &program, &others, look)?;
    let mut output = Output::new(args.format, look, trace);
    let result = watch(&args, &engine, &program, inputs, cancel, &mut output, look);
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
            fail(&Error::Run(failure), &program, terminal)
        }
        Err(error) => Err(error),
    }
}

/// Shows the events of a run until it is over.
fn watch(
    args: &RunArgs,
    engine: &Engine,
    program: &Program,
    inputs: Vec<(String, Input)>,
    cancel: Arc<AtomicBool>,
    output: &mut Output,
    look: Look,
) -> Result<agentc::Outcome, Error> {
    let mut run = engine.run(program).inputs(inputs).cancel(cancel.clone());
    if let Some(seed) = args.seed {
        run = run.seed(seed);
    }
    if let Some(temp) = args.temp {
        run = run.temp(temp);
    }
    if let Some(tokens) = args.max_tokens {
        run = run.max_tokens(tokens);
    }
    if let Some(timeout) = args.timeout {
        run = run.timeout(timeout);
    }
    let mut events = run.stream()?;
    for event in &mut events {
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
fn fail(error: &Error, program: &Program, terminal: Terminal) -> Exit {
    let text = match error {
        Error::Run(failure) => render::failure(failure, program.sources(), terminal.color_err),
        error => render::error(error, terminal.color_err),
    };
    terminal.say(&text);
    Ok(error.exit_code())
}

/// Flag over environment (which clap looks up) over the program over the reference model; and the models that
/// will be asked for by name.
pub(super) fn load(args: &LoadArgs, program: &Program, others: &[&str], look: Look) -> Result<Engine, Error> {
    let declared = program.ir().model.as_ref();
    let name = args.model.clone().or_else(|| declared.map(|model| model.name.clone()));
    let name = name.unwrap_or_else(|| REFERENCE_MODEL.to_owned());
    let mut builder =
        Engine::builder().model(&name).also_of(program, others).deterministic(args.deterministic);
    if let Some(tokens) = args.ctx_size.or_else(|| declared.and_then(|model| model.ctx)) {
        builder = builder.context(tokens);
    }
    if let Some(threads) = args.threads {
        builder = builder.threads(threads);
    }
    if let Some(layers) = args.gpu_layers {
        builder = builder.gpu_layers(layers);
    }
    let engine = builder.build()?;
    if look.verbose {
        let info = engine.model();
        Terminal::new(look.color)
            .say(&format!("model: {name} ({}), {} tokens of context\n", info.description, info.n_ctx));
    }
    Ok(engine)
}

/// The file's inputs, then those of the command line, which override them.
fn inputs(args: &RunArgs, program: &Program) -> Result<Vec<(String, Input)>, Error> {
    let mut inputs = Vec::new();
    if let Some(path) = &args.input_file {
        let shown = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|error| io_error(format!("read `{shown}`"), &error))?;
        inputs = program.inputs_of_json(&shown, &text)?;
    }
    inputs.extend(args.input.iter().map(|(name, text)| (name.clone(), Input::Text(text.clone()))));
    Ok(inputs)
}

fn create(path: &Path) -> Result<File, Error> {
    File::create(path).map_err(|error| io_error(format!("create `{}`", path.display()), &error))
}

/// Set by the first interrupt, which lets the run end in order; the second one ends the process.
fn interrupt_flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = flag.clone();
    // Without a handler an interrupt ends the process at once, which is a loss of comfort only.
    let _ = ctrlc::set_handler(move || {
        if set.swap(true, Ordering::Relaxed) {
            process::exit(130);
        }
    });
    flag
}

fn cost(usage: &Usage) -> String {
    format!(
        "{} prompt tokens ({} cached), {} generated, {} forced, in {} passes; load {} ms, prefill {} ms, decode {} ms, \
         masks {} µs, {} ms in all\n",
        usage.prompt_tokens,
        usage.cached_tokens,
        usage.generated_tokens,
        usage.forced_tokens,
        usage.forward_passes,
        usage.load_ms,
        usage.prefill_us / 1000,
        usage.decode_us / 1000,
        usage.mask_us,
        usage.wall_ms,
    )
}
