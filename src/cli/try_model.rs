//! `agentc try-model`, which people do not call: another `agentc` does, before it loads a model itself.

use std::io;

use agentc::model::llama::LlamaOptions;
use agentc::proof;

use super::args::TryArgs;
use super::{Exit, io_error};

/// One line of JSON on standard output; exit 7 for a model that cannot be used.
pub(super) fn try_model(args: &TryArgs) -> Exit {
    let name = args.name.clone().unwrap_or_else(|| args.file.display().to_string());
    let mut options = LlamaOptions::new(name, &args.file);
    options.gpu_layers = args.gpu_layers;
    options.threads = args.threads;
    let verdict = proof::try_model(&options, args.measure);
    proof::report(&verdict, &mut io::stdout().lock())
        .map_err(|error| io_error("write to standard output", &error))?;
    Ok(if matches!(verdict, proof::Verdict::Sound { .. }) { 0 } else { 7 })
}
