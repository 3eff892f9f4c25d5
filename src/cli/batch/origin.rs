//! What the outcomes of a batch are made of, as hashes: so that a batch goes on only where it is still the same.
//!
//! Not among it is what changes no outcome but by accident: how many rows run at once, threads and layers, and the time
//! that a row may take.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use agentc::{Error, Input, Program};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::rows::Mark;
use crate::cli::args::BatchArgs;
use crate::cli::output::to_json;
use crate::cli::{io_error, load};

/// Bytes at either end of a model's file that stand for all of it: names, tokens and template are at its beginning.
const ENDS: u64 = 1 << 20;

/// What all rows have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) program: String,
    pub(super) settings: String,
}

/// What one line is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub(super) struct MadeOf {
    pub(super) program: String,
    pub(super) settings: String,
    pub(super) row: String,
}

impl Origin {
    pub(super) fn of(
        program: &Program,
        inputs: &[(String, Input)],
        args: &BatchArgs,
    ) -> Result<Origin, Error> {
        let settings = settings(program, inputs, args)?;
        Ok(Origin { program: of_program(program)?, settings: short_hash(settings.as_bytes()) })
    }

    pub(super) fn with(&self, row: &Mark) -> MadeOf {
        MadeOf { program: self.program.clone(), settings: self.settings.clone(), row: row.hash.clone() }
    }
}

/// The beginning of a SHA-256: enough to tell one thing from another, where nobody wants to deceive.
pub(super) fn short_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Of what it was compiled to, wherever its files lie.
fn of_program(program: &Program) -> Result<String, Error> {
    let mut ir = agentc::ir::Program::clone(program.ir());
    ir.files
        .iter_mut()
        .for_each(|file| file.name = file.name.rsplit(['/', '\\']).next().unwrap_or("").into());
    let json = serde_json::to_vec(&ir);
    json.map(|json| short_hash(&json)).map_err(|error| io_error("write the program down", &error.into()))
}

fn settings(program: &Program, inputs: &[(String, Input)], args: &BatchArgs) -> Result<String, Error> {
    #[derive(Serialize)]
    struct Settings<'a> {
        seed: Option<u64>,
        temp: Option<f64>,
        max_tokens: Option<u64>,
        ctx_size: Option<u32>,
        deterministic: bool,
        inputs: Vec<(&'a str, String)>,
        models: Vec<(String, String)>,
    }
    let models = load::models(&args.load, program)?.into_iter();
    let models = models.map(|(name, path)| {
        let hash = of_model(&path).map_err(|error| io_error(format!("read `{}`", path.display()), &error))?;
        Ok((name, hash))
    });
    let text = |input: &Input| match input {
        Input::Text(text) => text.clone(),
        Input::Value(value) => to_json(value),
    };
    Ok(to_json(&Settings {
        seed: args.settings.seed,
        temp: args.settings.temp,
        max_tokens: args.settings.max_tokens,
        ctx_size: args.load.ctx_size,
        deterministic: args.load.deterministic,
        inputs: inputs.iter().map(|(name, input)| (name.as_str(), text(input))).collect(),
        models: models.collect::<Result<_, Error>>()?,
    }))
}

/// Of its size and its ends: all of it would take longer to read than many a batch.
fn of_model(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let len = file.metadata()?.len();
    let mut bytes = len.to_le_bytes().to_vec();
    file.by_ref().take(ENDS).read_to_end(&mut bytes)?;
    file.seek(SeekFrom::Start(len.saturating_sub(ENDS)))?;
    file.take(ENDS).read_to_end(&mut bytes)?;
    Ok(short_hash(&bytes))
}
