//! `agentc build`: what the compiler makes of a program.

use std::path::Path;

use agentc::{Compilation, Diag, Directory, Error, Options, ir};
use agentc_compiler::{check, decode, parse};

use super::args::{BuildArgs, Emit, Look};
use super::{Exit, SourceFile, io_error, print, show_diags};

/// Writes the form asked for, if the program has it; findings go to standard error.
pub(super) fn build(args: &BuildArgs, look: Look) -> Exit {
    let file = SourceFile::read(&args.file)?;
    let options = Options { agent: args.agent.clone() };
    let compilation = Compilation::of_bytes(&file.name, &file.bytes, &Directory::new(file.dir()), &options);
    show_diags(compilation.diags.iter(), &compilation.sources, look);
    let text = match args.emit {
        Emit::Ast | Emit::Hir => tree(&file.bytes, args.emit, &options),
        Emit::Ir => compilation.ir.as_ref().map(to_json),
        Emit::Text => compilation.ir.as_ref().map(ToString::to_string),
    };
    if let Some(text) = text {
        write(args.output.as_deref(), &text)?;
    }
    Ok(if compilation.diags.iter().any(Diag::is_error) { 3 } else { 0 })
}

/// A tree as the compiler sees it: for people who work on the compiler. There is a syntax tree of every
/// text, and a typed one of every program without errors.
fn tree(bytes: &[u8], emit: Emit, options: &Options) -> Option<String> {
    let text = decode(bytes).ok()?;
    let (ast, found) = parse(0, text);
    if emit == Emit::Ast {
        return Some(format!("{ast:#?}\n"));
    }
    let (hir, _) = check(&ast, options.agent.as_deref());
    hir.filter(|_| !found.iter().any(Diag::is_error)).map(|hir| format!("{hir:#?}\n"))
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
