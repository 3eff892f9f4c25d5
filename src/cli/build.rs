//! `agentc build`: what the compiler makes of a program.

use std::path::Path;

use agentc::{Diag, Directory, Error, Options, Program, ir};
use agentc_compiler::hir::Hir;
use agentc_compiler::modules::Loaded;
use agentc_compiler::{check, load};
use agentc_constraint::json_schema;
use agentc_stdlib::WithLibrary;

use super::args::{BuildArgs, Emit, Look};
use super::files::{SourceFile, compile_source, keep};
use super::output::Terminal;
use super::{Exit, io_error, load, print, show_diags};

/// Writes the form asked for, if the program has it; findings go to standard error.
pub(super) fn build(args: &BuildArgs, look: Look) -> Exit {
    let file = SourceFile::read(&args.file)?;
    file.need_source()?;
    let (compilation, files) = compile_source(&file, args.agent.as_deref());
    show_diags(compilation.diags.iter(), &compilation.sources, look);
    let text = match args.emit {
        Emit::Ast | Emit::Hir | Emit::Schema => tree(&file, args.emit, args.agent.as_deref(), look),
        Emit::Ir => compilation.ir.as_ref().map(to_json),
        Emit::Text => compilation.ir.as_ref().map(ToString::to_string),
    };
    if let Some(text) = text.filter(|_| args.output.is_some() || !args.prewarm) {
        args.output.iter().try_for_each(|output| keep(output, &files))?;
        write(args.output.as_deref(), &text)?;
    }
    if compilation.diags.iter().any(Diag::is_error) {
        return Ok(3);
    }
    if args.prewarm {
        prewarm(args, &compilation.finish()?, look)?;
    }
    Ok(0)
}

/// Reads what the program's contexts begin with; what is on disk already stays.
fn prewarm(args: &BuildArgs, program: &Program, look: Look) -> Result<(), Error> {
    if args.load.no_cache || args.load.cache_size == 0 {
        return Err(Error::Usage {
            message: "without a cache there is nowhere to keep what the model reads".into(),
            hint: Some(
                "leave out `--no-cache`, and give a `--cache-size` (or set neither in the environment)"
                    .into(),
            ),
        });
    }
    let engine = load::engine(&args.load, program, &[], None, look)?;
    let done = engine.prewarm(program);
    load::end(engine, Look { verbose: !look.quiet, ..look });
    done
}

/// A tree as the compiler sees it: for people who work on the compiler. There is a syntax tree of every
/// text, and a typed one, with the result types and effects that were inferred, of every program without errors.
fn tree(file: &SourceFile, emit: Emit, agent: Option<&str>, look: Look) -> Option<String> {
    let files = Directory::new(file.dir());
    let world = WithLibrary(&files);
    let declared = emit == Emit::Schema;
    let options = Options { agent: agent.map(str::to_owned), declared, ..Options::default() };
    let Loaded { modules, diags, .. } = load(&file.name, &file.bytes, &world, &options.limits);
    if emit == Emit::Ast {
        return modules.list().first().filter(|own| !own.lost).map(|own| own.ast.to_string());
    }
    let (hir, _) = check(&modules, &world, &options);
    let hir = hir.filter(|_| !diags.iter().any(Diag::is_error))?;
    Some(if emit == Emit::Schema { schemas(&hir, look) } else { hir.to_string() })
}

/// The types that a file declares, as one JSON Schema that defines them. Those that no schema describes are left out.
fn schemas(hir: &Hir, look: Look) -> String {
    let mut defs = serde_json::Map::new();
    for declared in &hir.declared {
        match json_schema(&declared.spec, &declared.docs) {
            Ok(schema) => _ = defs.insert(declared.name.clone(), schema),
            Err(reason) if !look.quiet => {
                let name = &declared.name;
                Terminal::new(look.color).say(&format!("the type `{name}` is left out: {reason}\n"));
            }
            Err(_) => {}
        }
    }
    let all = serde_json::json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": defs});
    serde_json::to_string_pretty(&all).map(|text| text + "\n").unwrap_or_default()
}

fn to_json(program: &ir::Program) -> String {
    let json = serde_json::to_string_pretty(program);
    json.map(|json| json + "\n").unwrap_or_default()
}

fn write(output: Option<&Path>, text: &str) -> Result<(), Error> {
    match output {
        None => print(text.as_bytes()).map(drop),
        Some(path) => std::fs::write(path, text)
            .map_err(|error| io_error(format!("write `{}`", path.display()), &error)),
    }
}
