//! A compiled program, and the file system as the world that it may read.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agentc_compiler::diag::Diag;
use agentc_compiler::ir;
use agentc_compiler::source::{NoFiles, Source, Sources, Span, World, WorldError};
use agentc_compiler::{Compiled, Limits, Options, compile};
use agentc_runtime::{Input, Prepared, RunOptions, Session};
use agentc_stdlib::WithLibrary;

use crate::error::{Diagnostics, Error, Failure, Location};

/// A program that compiled without errors. Immutable and cheap to clone.
#[derive(Debug, Clone)]
pub struct Program {
    code: Prepared,
    sources: Arc<Sources>,
    warnings: Arc<[Diag]>,
}

impl Program {
    /// Compiles a file. Files that it names are read relative to it.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Program, Error> {
        Compilation::of_file(path.as_ref(), &Options::default())?.finish()
    }

    /// Compiles a text, which has no files but those of the standard library.
    pub fn from_source(name: &str, text: &str) -> Result<Program, Error> {
        Compilation::of_bytes(name, text.as_bytes(), &NoFiles, &Options::default()).finish()
    }

    /// Compiles bytes that may not even be text, with the files of a world.
    pub fn from_bytes(name: &str, bytes: &[u8], world: &dyn World) -> Result<Program, Error> {
        Compilation::of_bytes(name, bytes, world, &Options::default()).finish()
    }

    /// Takes a program that was built before: its IR as JSON, as `agentc build` writes it. Its sources are
    /// in it, so that errors name their places; it was warned of when it was compiled.
    pub fn from_json(name: &str, bytes: &[u8]) -> Result<Program, Error> {
        let refuse = |reason: String| Error::Built { name: name.to_owned(), reason };
        let version = serde_json::from_slice::<Version>(bytes).map_err(|error| refuse(error.to_string()))?;
        if version.version != u64::from(ir::VERSION) {
            let (found, own) = (version.version, ir::VERSION);
            return Err(refuse(format!("it was built in version {found} of the format, and this is {own}")));
        }
        let ir: ir::Program = serde_json::from_slice(bytes).map_err(|error| refuse(error.to_string()))?;
        ir::validate(&ir).map_err(|error| refuse(error.to_string()))?;
        let mut sources = Sources::default();
        for file in &ir.files {
            sources.add(Source::new(&file.name, &file.text));
        }
        let code = Prepared::new(Arc::new(ir));
        Ok(Program { code, sources: Arc::new(sources), warnings: Arc::default() })
    }

    /// Whether the bytes of a file are those of a [built](Self::from_json) program rather than of a text: it
    /// begins with a brace, with which no program does, and a key of the format.
    pub fn is_built(bytes: &[u8]) -> bool {
        const KEYS: [&[u8]; 11] = [
            b"version", b"files", b"funcs", b"entry", b"types", b"specs", b"tools", b"tests", b"model",
            b"models", b"chat",
        ];
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
        let key =
            bytes.strip_prefix(b"{").map(<[u8]>::trim_ascii_start).and_then(|rest| rest.strip_prefix(b"\""));
        key.is_some_and(|rest| {
            KEYS.iter().any(|key| rest.strip_prefix(*key).is_some_and(|rest| rest.starts_with(b"\"")))
        })
    }

    /// What the compiler made of it.
    pub fn ir(&self) -> &Arc<ir::Program> {
        self.code.program()
    }

    /// The same with what runs need to know of it, found out once.
    pub fn code(&self) -> &Prepared {
        &self.code
    }

    /// Programs that write only what the contexts of this one begin with.
    pub(crate) fn beginnings(&self) -> impl Iterator<Item = Program> {
        let with = |ir| Program { code: Prepared::new(Arc::new(ir)), ..self.clone() };
        agentc_runtime::beginnings(&self.code).into_iter().map(with)
    }

    /// Warnings: what the author probably did not mean.
    pub fn warnings(&self) -> &[Diag] {
        &self.warnings
    }

    /// The texts that it was compiled from.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Where a span begins, counted from 1.
    pub fn locate(&self, span: Span) -> Option<Location> {
        let (source, start, _) = self.sources.locate(span)?;
        Some(Location { file: source.name.clone(), line: start.line, column: start.column })
    }

    /// The text of a span; nothing where there is none.
    pub(crate) fn source_of(&self, span: Span) -> &str {
        self.sources.get(span.file).map_or("", |source| source.slice(span))
    }

    /// The inputs of a JSON object, such as the text of a file that `name` is the name of.
    pub fn inputs_of_json(&self, name: &str, text: &str) -> Result<Vec<(String, Input)>, Error> {
        agentc_runtime::inputs_of_json(name, text, &RunOptions::default().limits)
            .map_err(|error| Error::Run(Box::new(Failure::of_error(error, self))))
    }

    /// Whether inputs are complete and of their types, before a model is loaded for them.
    pub fn check_inputs(&self, inputs: &[(String, Input)]) -> Result<(), Error> {
        match Session::new(&self.code, inputs, RunOptions::default()) {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::Run(Box::new(Failure::of_error(error, self)))),
        }
    }
}

/// What can be read of a built program of any version.
#[derive(serde::Deserialize)]
struct Version {
    version: u64,
}

/// What the compiler found in a program, errors or not: for tools that show more than the program.
#[derive(Debug)]
pub struct Compilation {
    /// The IR, if there are no errors.
    pub ir: Option<ir::Program>,
    /// All findings.
    pub diags: Vec<Diag>,
    /// The texts that they are about.
    pub sources: Sources,
}

impl Compilation {
    /// Compiles a file.
    pub fn of_file(path: &Path, options: &Options) -> Result<Compilation, Error> {
        let shown = path.display().to_string();
        let bytes = read_source(path).map_err(|error| Error::io(format!("read `{shown}`"), &error))?;
        let world = Directory::new(path.parent().unwrap_or(Path::new("")));
        Ok(Compilation::of_bytes(&shown, &bytes, &world, options))
    }

    /// Compiles bytes that may not even be text. The standard library is available beside the files of any world.
    pub fn of_bytes(name: &str, bytes: &[u8], world: &dyn World, options: &Options) -> Compilation {
        let Compiled { program, diags, sources, .. } = compile(name, bytes, &WithLibrary(world), options);
        Compilation { ir: program, diags, sources }
    }

    /// The program, or all findings.
    pub fn finish(self) -> Result<Program, Error> {
        let Compilation { ir, diags, sources } = self;
        match ir {
            Some(ir) if !diags.iter().any(Diag::is_error) => {
                let code = Prepared::new(Arc::new(ir));
                Ok(Program { code, sources: Arc::new(sources), warnings: diags.into() })
            }
            _ => Err(Error::Program(Diagnostics { diags, sources })),
        }
    }
}

/// The file system as the world of a program: its paths are relative to a directory.
#[derive(Debug, Clone)]
pub struct Directory {
    root: PathBuf,
}

impl Directory {
    /// Paths relative to `root`.
    pub fn new(root: impl Into<PathBuf>) -> Directory {
        Directory { root: root.into() }
    }
}

impl World for Directory {
    /// Devices and pipes are not accepted as files of a program: reading them might block, or never end.
    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        let fail = |message: String| WorldError { message };
        let failed = |error: std::io::Error| fail(format!("cannot read `{path}`: {error}"));
        let place = self.root.join(path);
        let kind = std::fs::metadata(&place).map_err(failed)?;
        if !kind.is_file() {
            return Err(fail(format!("`{path}` is not a file")));
        }
        let bytes = read_source(&place).map_err(failed)?;
        let most = Limits::default().source;
        if bytes.len() > most {
            return Err(fail(format!("`{path}` has more than {most} bytes")));
        }
        Ok(bytes)
    }
}

/// A file as far as a program may be long, and one byte more.
fn read_source(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(Limits::default().source as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_some_size_are_read() {
        let folder = std::env::temp_dir().join(format!("agentc-directory-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("inner")).expect("a folder");
        File::create(folder.join("large"))
            .and_then(|file| file.set_len(Limits::default().source as u64 + 1))
            .expect("a file");
        std::fs::write(folder.join("small"), "text").expect("a file");
        let world = Directory::new(&folder);
        let message = |path: &str| world.read(path).expect_err(path).message;
        assert_eq!(world.read("small").expect("a file"), b"text");
        assert_eq!(message("inner"), "`inner` is not a file");
        assert!(message("large").contains("more than 8388608 bytes"), "{}", message("large"));
        assert!(message("none").starts_with("cannot read `none`: "), "{}", message("none"));
        if cfg!(unix) {
            assert_eq!(
                Directory::new("/dev").read("zero").expect_err("a device").message,
                "`zero` is not a file"
            );
        }
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
