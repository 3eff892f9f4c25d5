//! The inputs of a run, as given on the command line.

use std::path::{Path, PathBuf};

use agentc::{Error, Input, Program};

use super::files::{input_text, is_stdin};

/// Inputs by name, and the files that they were read from.
#[derive(Default)]
pub(super) struct Inputs {
    pub(super) values: Vec<(String, Input)>,
    pub(super) files: Vec<PathBuf>,
}

/// What the value of an `--input` says.
enum Given<'a> {
    Text(&'a str),
    File(&'a Path),
}

/// `@FILE` is a file's text, and `@@` the sign itself.
fn given(value: &str) -> Given<'_> {
    match value.strip_prefix('@') {
        Some(text) if text.starts_with('@') => Given::Text(text),
        Some(file) => Given::File(Path::new(file)),
        None => Given::Text(value),
    }
}

/// Who would read standard input of those that take it as `-`: what they are called, and the values of `--input`.
pub(super) fn stdin_readers(files: &[(&str, Option<&Path>)], input: &[(String, String)]) -> Vec<String> {
    let files = files.iter().filter(|(_, path)| path.is_some_and(is_stdin));
    let from_stdin = |value: &str| matches!(given(value), Given::File(path) if is_stdin(path));
    let inputs = input.iter().filter(|(_, value)| from_stdin(value));
    let inputs = inputs.map(|(name, _)| format!("the input `{name}`"));
    files.map(|(name, _)| (*name).to_owned()).chain(inputs).collect()
}

/// The files that values of `--input` are read from.
pub(super) fn files_of(input: &[(String, String)]) -> Vec<&Path> {
    let file = |value| match given(value) {
        Given::File(path) => Some(path),
        Given::Text(_) => None,
    };
    input.iter().filter_map(|(_, value): &(String, String)| file(value)).collect()
}

/// A file's inputs, then those of the command line, which override them.
pub(super) fn inputs(
    file: Option<&Path>,
    input: &[(String, String)],
    program: &Program,
) -> Result<Inputs, Error> {
    let mut inputs = Inputs::default();
    if let Some(path) = file {
        let name = if is_stdin(path) { "<stdin>".to_owned() } else { path.display().to_string() };
        inputs.values = program.inputs_of_json(&name, &input_text(path)?)?;
        inputs.files.push(path.to_owned());
    }
    for (name, value) in input {
        let text = match given(value) {
            Given::Text(text) => text.to_owned(),
            Given::File(path) => {
                inputs.files.push(path.to_owned());
                text_of(name, path)?
            }
        };
        inputs.values.push((name.clone(), Input::Text(text)));
    }
    Ok(inputs)
}

fn text_of(name: &str, path: &Path) -> Result<String, Error> {
    input_text(path).map_err(|error| match error {
        Error::Io { what, reason } => Error::Usage {
            message: format!("cannot {what} for the input `{name}`: {reason}"),
            hint: Some(format!(
                "`--input {name}=@FILE` reads a file, and `{name}=@@…` gives text that begins with an `@`"
            )),
        },
        other => other,
    })
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn an_at_sign_reads_a_file_and_two_are_one() {
        for (value, text) in [("x", "x"), ("", ""), ("@@x", "@x"), ("@@", "@"), ("a@b", "a@b"), ("@@@", "@@")]
        {
            let Given::Text(found) = given(value) else { panic!("{value}") };
            assert_eq!(found, text);
        }
        let Given::File(path) = given("@-") else { panic!() };
        assert!(is_stdin(path));
    }
}
