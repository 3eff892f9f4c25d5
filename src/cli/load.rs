//! Which models a command loads, and when: none where nothing needs one, and the main one while the program is still
//! being compiled, where its name is known that early.

use agentc::store::REFERENCE_MODEL;
use agentc::{Builder, Engine, Error, Loading, Program};

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

/// The engine of a run that needs no model. One that was asked for has to be there all the same.
pub(super) fn without_model(args: &LoadArgs) -> Result<Engine, Error> {
    if let Some(name) = &args.model {
        agentc::store::Store::find(name)?;
    }
    Engine::builder().no_model().build()
}

/// Flag over environment (which clap looks up) over the program over the reference model.
fn builder(args: &LoadArgs, program: Option<&Program>) -> Builder {
    let declared = program.and_then(|program| program.ir().model.as_ref());
    let name = args.model.as_deref().or_else(|| declared.map(|model| model.name.as_str()));
    let mut builder = proving(name.unwrap_or(REFERENCE_MODEL)).deterministic(args.deterministic);
    if let Some(tokens) = args.ctx_size.or_else(|| declared.and_then(|model| model.ctx)) {
        builder = builder.context(tokens);
    }
    if let Some(threads) = args.threads {
        builder = builder.threads(threads);
    }
    if let Some(layers) = args.gpu_layers {
        builder = builder.gpu_layers(layers);
    }
    builder
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
