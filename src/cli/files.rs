//! The files that a command line names: read within bounds, and never written over one another.
//!
//! A file may be a pipe or a device, and so may standard input. None of these says how long it is, so all are
//! read up to a bound. The files that a program itself names are read by [`Directory`].

use std::cell::RefCell;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use agentc::{BYTE_ORDER_MARK, Compilation, Directory, Error, Options, Program, World, WorldError};
use agentc_compiler::Limits;

use super::io_error;

/// Bytes of a file of inputs: of `--input-file`, and of each `--input NAME=@FILE`.
pub(super) const MAX_INPUT: usize = 64 << 20;

/// Bytes of a program that `agentc build` has written, which spells out what its source says in few words.
const MAX_BUILT: usize = 128 << 20;

/// The bytes of a program and what to call it.
pub(super) struct SourceFile {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) path: PathBuf,
}

impl SourceFile {
    /// Reads a file, or standard input for `-`: as far as a program may be long, and one byte more.
    pub(super) fn read(path: &Path) -> Result<SourceFile, Error> {
        if is_stdin(path) {
            let name = "<stdin>".to_owned();
            let bytes = program_bytes(io::stdin().lock(), &name)?;
            return Ok(SourceFile { name, bytes, path: PathBuf::new() });
        }
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| io_error(format!("read `{name}`"), &error))?;
        let bytes = program_bytes(file, &name)?;
        Ok(SourceFile { name, bytes, path: path.to_owned() })
    }

    /// Where the files are that it names.
    pub(super) fn dir(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Refuses what `agentc build` wrote, for commands that need the text of a program.
    pub(super) fn need_source(&self) -> Result<(), Error> {
        if !Program::is_built(&self.bytes) {
            return Ok(());
        }
        Err(Error::Usage {
            message: format!("`{}` is a built program, without the text that this command reads", self.name),
            hint: Some(
                "give the `.agent` file that it was built from; `agentc run` and `agentc test` take both"
                    .into(),
            ),
        })
    }
}

/// The bytes of a program: built ones may be longer than others.
fn program_bytes(mut source: impl Read, name: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let failed = |error: io::Error| io_error(format!("read `{name}`"), &error);
    let most = Limits::default().source;
    source.by_ref().take(most as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() <= most || !Program::is_built(&bytes) {
        return Ok(bytes);
    }
    let rest = MAX_BUILT + 1 - bytes.len();
    source.take(rest as u64).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_BUILT { Err(too_long(name, MAX_BUILT, "a built program")) } else { Ok(bytes) }
}

/// The text of a file of inputs, or of standard input for `-`, without a byte-order mark.
pub(super) fn input_text(path: &Path) -> Result<String, Error> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    let limit = MAX_INPUT as u64 + 1;
    let read = if is_stdin(path) {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.map_err(|error| io_error(format!("read `{name}`"), &error))?;
    if bytes.len() > MAX_INPUT {
        return Err(too_long(&name, MAX_INPUT, "a file of inputs"));
    }
    let text = String::from_utf8(bytes).map_err(|error| Error::Io {
        what: format!("read `{name}`"),
        reason: format!("it is not text in UTF-8 (byte {})", error.utf8_error().valid_up_to() + 1),
    })?;
    Ok(text.strip_prefix(BYTE_ORDER_MARK).map(str::to_owned).unwrap_or(text))
}

fn too_long(name: &str, limit: usize, what: &str) -> Error {
    Error::Io {
        what: format!("read `{name}`"),
        reason: format!("it has more than {limit} bytes, the most that {what} may have"),
    }
}

/// Whether a path stands for standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Standard input can be read once. Takes whatever would read it.
pub(super) fn one_reader(readers: &[String]) -> Result<(), Error> {
    let [first, second, ..] = readers else { return Ok(()) };
    let message = if first == second {
        format!("standard input would be read twice, as {first}")
    } else {
        format!("standard input would be read twice: as {first} and as {second}")
    };
    Err(Error::Usage { message, hint: Some("give one of them as a file".into()) })
}

/// That of several programs not two are standard input.
pub(super) fn one_program_on_stdin(files: &[PathBuf]) -> Result<(), Error> {
    let readers = files.iter().filter(|file| is_stdin(file)).map(|_| "a program".to_owned());
    one_reader(&readers.collect::<Vec<_>>())
}

/// A program to run, from its text or built, and the files that it was made of.
pub(super) fn program(file: SourceFile, agent: Option<&str>) -> Result<(Program, Vec<PathBuf>), Error> {
    if !Program::is_built(&file.bytes) {
        let (compilation, files) = compile_source(&file, agent);
        return Ok((compilation.finish()?, files));
    }
    if let Some(agent) = agent {
        return Err(Error::Usage {
            message: format!("`{}` is built, and begins where it was told to then", file.name),
            hint: Some(format!("build it with `agentc build --agent {agent}`")),
        });
    }
    Ok((Program::from_json(&file.name, &file.bytes)?, vec![file.path]))
}

/// Compiles a text; also the files that it was made of.
pub(super) fn compile_source(file: &SourceFile, agent: Option<&str>) -> (Compilation, Vec<PathBuf>) {
    let world = Noted { dir: file.dir(), files: RefCell::default() };
    let compilation = compile_in(file, agent, &world);
    let mut files = world.files.into_inner();
    files.push(file.path.clone());
    (compilation, files)
}

/// Compiles a text with the files of a world.
pub(super) fn compile_in(file: &SourceFile, agent: Option<&str>, world: &dyn World) -> Compilation {
    let options = Options { agent: agent.map(str::to_owned), ..Options::default() };
    Compilation::of_bytes(&file.name, &file.bytes, world, &options)
}

/// A directory that notes which of its files were read.
struct Noted<'d> {
    dir: &'d Path,
    files: RefCell<Vec<PathBuf>>,
}

impl World for Noted<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        self.files.borrow_mut().push(self.dir.join(path));
        Directory::new(self.dir).read(path)
    }
}

/// Refuses to write a file that a command reads, by whatever path or link it is reached.
pub(super) fn keep(written: &Path, read: &[PathBuf]) -> Result<(), Error> {
    // What does not exist is no file that was read.
    let Ok(facts) = fs::metadata(written) else { return Ok(()) };
    let hit = facts.is_file().then(|| read.iter().find(|path| is_same(written, &facts, path))).flatten();
    let Some(hit) = hit else { return Ok(()) };
    Err(Error::Usage {
        message: format!("`{}` would be written over `{}`, which is read", written.display(), hit.display()),
        hint: Some("give the name of another file".into()),
    })
}

#[cfg(unix)]
fn is_same(_: &Path, written: &Metadata, read: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |facts: &Metadata| (facts.dev(), facts.ino());
    fs::metadata(read).is_ok_and(|facts| id(&facts) == id(written))
}

#[cfg(not(unix))]
fn is_same(path: &Path, _: &Metadata, read: &Path) -> bool {
    matches!((path.canonicalize(), read.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_read_as_far_as_they_may_be_long() {
        let endless = program_bytes(io::repeat(b' '), "zero").unwrap();
        assert_eq!(endless.len(), Limits::default().source + 1);
        let built = program_bytes(b"{\"version\":".chain(io::repeat(b' ')), "built").unwrap_err();
        assert!(built.to_string().contains(&MAX_BUILT.to_string()), "{built}");
    }
}
