//! The settings of a run: those of the caller, then the program's settings for its models, then the defaults.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use agentc_compiler::ir;
use serde::{Deserialize, Serialize};

use crate::host::Grants;
use crate::limits::Limits;
use crate::sample::Sampling;
use crate::stop::Stop;
use crate::vm::{Defaults, ModelDefaults};

/// What a caller decides about a run; everything has a default.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// The run's seed; otherwise the program's, otherwise 0.
    pub seed: Option<u64>,
    /// The temperature of generations that set none; otherwise the program's.
    pub temp: Option<f64>,
    /// The nucleus of generations that set none.
    pub top_p: Option<f64>,
    /// The tokens considered by generations that set none.
    pub top_k: Option<u32>,
    /// The least likelihood for generations that set none.
    pub min_p: Option<f64>,
    /// Tokens of all generations together.
    pub max_tokens: Option<u64>,
    /// When the run has to be over.
    pub deadline: Option<Instant>,
    /// Set by anyone at any time to end the run.
    pub cancel: Option<Arc<AtomicBool>>,
    /// What tools may touch: nothing, unless it is granted here.
    pub grants: Grants,
    /// All other limits.
    pub limits: Limits,
}

impl RunOptions {
    /// What ends the run from outside.
    pub(super) fn stop(&self) -> Stop {
        Stop { deadline: self.deadline, cancel: self.cancel.clone() }
    }
}

/// The model whose tokens the run's contexts keep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DefaultModel {
    /// The first of the back ends.
    Main,
    /// One of the program's models.
    Named(String),
    /// The first one, which also stands for every other model: a script.
    Alone,
}

/// What generations go by that say nothing else: the caller's word, then that of the program about the model.
pub(super) fn defaults(program: &ir::Program, default: &DefaultModel, options: &RunOptions) -> Defaults {
    let named =
        |name: &String| program.models.iter().find(|(other, _)| other == name).map(|(_, model)| model);
    let own = match default {
        DefaultModel::Main => program.model.as_ref(),
        DefaultModel::Named(name) => named(name),
        DefaultModel::Alone => None,
    };
    let base = Sampling::default();
    let seed = options.seed.or(own.and_then(|model| model.seed)).unwrap_or(0);
    let temp = options.temp.or(own.and_then(|model| model.temp)).unwrap_or(base.temp);
    let other = |model: &ir::ModelDecl| match default {
        DefaultModel::Alone => ModelDefaults { seed, temp },
        DefaultModel::Main | DefaultModel::Named(_) => ModelDefaults {
            seed: options.seed.or(model.seed).unwrap_or(seed),
            temp: options.temp.or(model.temp).unwrap_or(base.temp),
        },
    };
    Defaults {
        seed,
        sampling: Sampling {
            temp,
            top_p: options.top_p.unwrap_or(base.top_p),
            top_k: options.top_k.unwrap_or(base.top_k),
            min_p: options.min_p.unwrap_or(base.min_p),
            ..base
        },
        models: program.models.iter().map(|(_, model)| other(model)).collect(),
    }
}
