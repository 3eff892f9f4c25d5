//! From `.agent` source text to checked, serialisable IR.
//!
//! There are three stages: [`load`] (texts to trees, including imported files; [`parse`] does this for one
//! file), [`check`] (trees to one typed tree) and [`lower`] (typed tree to [`ir`]). [`compile`] runs all
//! three, with [`lint`] before the last. The first two collect findings and never fail; the third accepts
//! only what was checked, and cannot fail. [`mod@resolve`] says what the names of trees mean, to the second stage
//! and to editors. [`fmt`] formats the text of a program, checked or not, and [`mod@fix`] applies what findings say.
//!
//! The crate is pure: it opens no file, reads no clock, starts no thread and prints nothing. Other files are
//! read through [`source::World`].

pub mod ast;
pub mod builtin;
mod check;
mod describe;
pub mod diag;
pub mod fix;
pub mod fmt;
pub mod graph;
pub mod hir;
pub mod ir;
pub mod json;
pub mod lex;
mod limits;
mod lint;
mod lower;
pub mod modules;
pub mod number;
mod parse;
pub mod resolve;
pub mod size;
pub mod source;
mod specs;
mod spelling;
pub mod ty;

pub use check::check;
pub use diag::codes::codes;
pub use limits::{Limit, Limits};
pub use lint::lint;
pub use lower::lower;
pub use modules::load;
pub use parse::parse;
pub use resolve::resolve;
pub use specs::Specs;

use diag::Diag;
use modules::Loaded;
use source::{Sources, Span, World};

/// What to compile, beyond the text.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The agent to start with, in place of the default entry point.
    pub agent: Option<String>,
    /// What the program may cost before it runs.
    pub limits: Limits,
    /// Whether the typed tree tells of the types that the file declares, for their schemas.
    pub declared: bool,
}

/// The outcome of a compilation.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The program; `None` if and only if a finding is an error.
    pub program: Option<ir::Program>,
    /// All findings, in the order of their places.
    pub diags: Vec<Diag>,
    /// The files, to which the spans refer.
    pub sources: Sources,
}

/// Compiles a program: load, check, lint and lower.
pub fn compile(name: &str, bytes: &[u8], world: &dyn World, options: &Options) -> Compiled {
    let Loaded { modules, sources, mut diags } = load(name, bytes, world, &options.limits);
    let broken = diags.iter().any(Diag::is_error);
    let (hir, found) = check(&modules, world, options);
    diags.extend(found);
    let hir = hir.filter(|_| !broken);
    diags.extend(hir.iter().flat_map(|hir| lint(hir, &modules, &sources, &options.limits)));
    let hir = hir.filter(|_| !diags.iter().any(Diag::is_error));
    let program = hir.map(|hir| lower(&hir, &sources));
    diags.extend(program.iter().flat_map(|program| size::check(program, &options.limits)));
    diags.sort_by_key(|d| (d.span.file, d.span.start, d.span.end));
    // What is found in several instances of a function is told once.
    diags.dedup_by(|a, b| a.span == b.span && a.code == b.code && a.message == b.message);
    let allows = modules.list().iter().flat_map(|module| &module.ast.allows);
    let mut diags = diag::allow::silence(allows, diags);
    for diag in &mut diags {
        let text = sources.get(diag.span.file).map_or("", |source| source.text.as_str());
        if diag.code == "W0001" {
            *diag = check::with_hole(diag.clone(), text);
        }
        diag.tidy(text);
    }
    Compiled { program, diags, sources }
}

/// The text of a file, if it is one. A byte-order mark before it is no part of it.
pub fn decode<'b>(bytes: &'b [u8], limits: &Limits) -> Result<&'b str, Diag> {
    let bytes = bytes.strip_prefix(source::BYTE_ORDER_MARK.as_bytes()).unwrap_or(bytes);
    let most = limits.source;
    if bytes.len() > most {
        // Who reads a file that never ends stops behind the bound, so its length is not known.
        let message = format!("this file has more than {most} bytes, the most that a program may have");
        let diag = Diag::new("E0002", Span::default(), message).limit(Limit::Source);
        return Err(diag.hint("pass large data as an input instead"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let diag =
            Diag::new("E0001", Span::new(0, at, at + 1), "this is a binary file, or text that is not UTF-8");
        diag.hint("a program is a text file in UTF-8: save it as UTF-8, or check the path")
    })?;
    match text.find('\0') {
        Some(at) => {
            let diag = Diag::new(
                "E0001",
                Span::new(0, at, at + 1),
                "this is a binary file: it contains a zero byte",
            );
            Err(diag.hint("a program is a text file in UTF-8: check the path"))
        }
        None => Ok(text),
    }
}
