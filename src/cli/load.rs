//! Which models a command loads, and when: none where nothing needs one, and the main one while the program is still
//! being compiled, where its name is known that early.

use std::path::PathBuf;

use agentc::store::{REFERENCE_MODEL, Store};
use agentc::{Builder, Draft, Engine, Error, Limits, Loading, Program};

use super::args::{LoadArgs, Look};
use super::files::SourceFile;
use super::output::Terminal;

/// Begins to load the main model if the text of a program looks as if it needs one, and cannot name another. It is
/// dropped if that turns out otherwise.
pub(super) fn early(args: &LoadArgs, file: &SourceFile) -> Option<Loading> {
    let says = |word: &[u8]| file.bytes.windows(word.len()).any(|part| part == word);
    let names_a_model = says(b"model") || Program::is_built(&file.bytes);
    let generates = says(b"gen ") || says(b"select");
    // What keeps it from loading is told when the program is known to be right.
    (generates && !names_a_model).then(|| builder(args, None).begin().ok()).flatten()
}

/// The engine of a program, for what it needs of models: `others` are those that will be asked for by name.
pub(super) fn engine(
    args: &LoadArgs,
    program: &Program,
    others: &[&str],
    early: Option<Loading>,
    look: Look,
) -> Result<Engine, Error> {
    let loading = match early {
        Some(loading) => loading.also_of(program, others),
        None => builder(args, Some(program)).also_of(program, others).begin()?,
    };
    let engine = loading.finish()?;
    if look.verbose {
        let info = engine.model();
        let (name, what, tokens) = (&info.name, &info.description, info.n_ctx);
        Terminal::new(look.color).say(&format!("model: {name} ({what}), {tokens} tokens of context\n"));
    }
    Ok(engine)
}

/// The engine of runs of a program's entry point: with the models that they may ask for, if any.
pub(super) fn engine_of_run(
    args: &LoadArgs,
    program: &Program,
    early: Option<Loading>,
    look: Look,
) -> Result<Engine, Error> {
    let (code, entry) = (program.code(), program.ir().entry);
    if !code.needs_model(entry) {
        return without_model(args);
    }
    engine(args, program, &code.named_models(entry), early, look)
}

/// The files of all models that a run of the program may load.
pub(super) fn files(args: &LoadArgs, program: &Program) -> Vec<PathBuf> {
    let ir = program.ir();
    let declared = ir.model.iter().chain(ir.models.iter().map(|(_, model)| model));
    let names = args.model.as_deref().into_iter().chain(declared.map(|model| model.name.as_str()));
    // What is not there is no file.
    names.chain([REFERENCE_MODEL]).filter_map(|name| Store::find(name).ok()).collect()
}

/// The models that runs of the program's entry point may ask, each by the name that the program has for it (the main one
/// has none), with its file. There are none if it needs none.
pub(super) fn models(args: &LoadArgs, program: &Program) -> Result<Vec<(String, PathBuf)>, Error> {
    let (code, entry) = (program.code(), program.ir().entry);
    if !code.needs_model(entry) {
        return Ok(Vec::new());
    }
    let main = (String::new(), Store::find(main_name(args, Some(program)))?);
    let wanted = code.named_models(entry);
    let others = program.ir().models.iter().filter(|(name, _)| wanted.contains(&name.as_str()));
    let others = others.map(|(name, model)| Ok((name.clone(), Store::find(&model.name)?)));
    std::iter::once(Ok(main)).chain(others).collect()
}

/// The engine of a run that needs no model. One that was asked for has to be there all the same.
fn without_model(args: &LoadArgs) -> Result<Engine, Error> {
    if let Some(name) = &args.model {
        Store::find(name)?;
    }
    Engine::builder().no_model().build()
}

/// Flag over environment (which clap looks up) over the program over the reference model.
fn main_name<'a>(args: &'a LoadArgs, program: Option<&'a Program>) -> &'a str {
    let declared = program.and_then(|program| program.ir().model.as_ref());
    let name = args.model.as_deref().or_else(|| declared.map(|model| model.name.as_str()));
    name.unwrap_or(REFERENCE_MODEL)
}

fn builder(args: &LoadArgs, program: Option<&Program>) -> Builder {
    let declared = program.and_then(|program| program.ir().model.as_ref());
    let mut builder = proving(main_name(args, program)).deterministic(args.deterministic);
    if let Some(tokens) = args.ctx_size.or_else(|| declared.and_then(|model| model.ctx)) {
        builder = builder.context(tokens);
    }
    if let Some(threads) = args.threads {
        builder = builder.threads(threads);
    }
    if let Some(layers) = args.gpu_layers {
        builder = builder.gpu_layers(layers);
    }
    if args.no_draft {
        builder = builder.limits(Limits { draft: Draft::Never, ..Limits::default() });
    }
    match Store::open() {
        Ok(store) => builder.disk(store.disk(if args.no_cache { 0 } else { args.cache_size })),
        Err(_) => builder,
    }
}

/// Ends an engine, which keeps what it has read, and tells what became of that.
pub(super) fn end(engine: Engine, look: Look) {
    let disk = engine.disk().cloned();
    drop(engine);
    let notes = disk.filter(|_| look.verbose).map(|disk| disk.notes()).unwrap_or_default();
    for note in notes {
        Terminal::new(look.color).say(&format!("cache: {note}\n"));
    }
}

/// A builder that has its models tried by this very command. Where the system does not tell what that is, models are
/// trusted: to refuse all of them would help nobody.
pub(super) fn proving(name: &str) -> Builder {
    let builder = Engine::builder().model(name);
    match std::env::current_exe() {
        Ok(command) if command.is_file() => builder.proved_by(command),
        _ => builder,
    }
}
