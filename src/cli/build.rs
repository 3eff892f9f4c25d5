//! `agentc build`: what the compiler makes of a program.

use std::path::Path;

use agentc::{Diag, Directory, Error, ir};
use agentc_compiler::modules::Loaded;
use agentc_compiler::{check, load};
use agentc_stdlib::WithLibrary;

use super::args::{BuildArgs, Emit, Look};
use super::files::{SourceFile, compile_source, keep};
use super::{Exit, io_error, print, show_diags};

/// Writes the form asked for, if the program has it; findings go to standard error.
pub(super) fn build(args: &BuildArgs, look: Look) -> Exit {
    let file = SourceFile::read(&args.file)?;
    file.need_source()?;
    let (compilation, files) = compile_source(&file, args.agent.as_deref());
    show_diags(compilation.diags.iter(), &compilation.sources, look);
    let text = match args.emit {
        Emit::Ast | Emit::Hir => tree(&file, args.emit, args.agent.as_deref()),
        Emit::Ir => compilation.ir.as_ref().map(to_json),
        Emit::Text => compilation.ir.as_ref().map(ToString::to_string),
    };
    if let Some(text) = text {
        args.output.iter().try_for_each(|output| keep(output, &files))?;
        write(args.output.as_deref(), &text)?;
    }
    Ok(if compilation.diags.iter().any(Diag::is_error) { 3 } else { 0 })
}

/// A tree as the compiler sees it: for people who work on the compiler. There is a syntax tree of every
/// text, and a typed one, with the result types and effects that were inferred, of every program without errors.
fn tree(file: &SourceFile, emit: Emit, agent: Option<&str>) -> Option<String> {
    let files = Directory::new(file.dir());
    let world = WithLibrary(&files);
    let Loaded { modules, diags, .. } = load(&file.name, &file.bytes, &world);
    if emit == Emit::Ast {
        return modules.list().first().filter(|own| !own.lost).map(|own| own.ast.to_string());
    }
    let (hir, _) = check(&modules, &world, agent);
    hir.filter(|_| !diags.iter().any(Diag::is_error)).map(|hir| hir.to_string())
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
