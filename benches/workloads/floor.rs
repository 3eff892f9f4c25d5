//! What a workload cannot take less than, by what passes of this model were measured to cost in the same run.
//!
//! - *Prompts*: each token that several of them begin with once, at the best rate at which the model reads.
//! - *Choices*: a token that the model chooses needs the logits of a pass before it. So each chosen token but the last one of a
//!   lane is a row of some pass, together with what is forced or written by the program behind it, which needs no
//!   choice. Lanes that may go on beside each other share passes: the k-th pass has the k-th rows of all of them.
//! - Logits are computed for one row of each lane.
//!
//! Masks, choosing and everything that a program does count as nothing.

use std::error::Error;
use std::time::{Duration, Instant};

use agentc::model::llama::{LlamaLoader, LlamaOptions};
use agentc::model::{Load, Model, ModelError};

use crate::cases::Order;
use crate::pass::{SEQS, hold, pass};

/// A row or a branch: what it begins with, and how many rows each of its passes must have.
#[derive(Default)]
pub(crate) struct Lane {
    /// What a branch's parent has read before it.
    before: u32,
    prompt: Vec<u32>,
    passes: Vec<u32>,
}

impl Lane {
    /// A branch of another one.
    pub(crate) fn of(parent: Option<&Lane>) -> Lane {
        Lane { before: parent.map_or(0, Lane::tokens), ..Lane::default() }
    }

    /// Tokens that nobody chose.
    pub(crate) fn read(&mut self, tokens: &[u32]) {
        match self.passes.last_mut() {
            Some(rows) => *rows += tokens.len() as u32,
            None => self.prompt.extend(tokens),
        }
    }

    /// A token that the model chose.
    pub(crate) fn choose(&mut self) {
        self.passes.push(1);
    }

    /// The passes that some choice needed: whatever comes after the last one is not read.
    fn needed(&self) -> &[u32] {
        &self.passes[..self.passes.len().saturating_sub(1)]
    }

    fn tokens(&self) -> u32 {
        self.before + self.prompt.len() as u32 + self.passes.iter().sum::<u32>()
    }
}

const ROWS: [u32; 7] = [1, 2, 4, 8, 16, 32, 64];
const HELD: [u32; 2] = [64, 512];
const TIMES: usize = 7;

/// What passes of a model cost, in seconds.
pub(crate) struct Costs {
    /// Loading it.
    pub(crate) load: f64,
    /// For each number of tokens held: rows of one sequence, with logits behind the last; rows of as many sequences.
    tables: Vec<[[f64; 2]; ROWS.len()]>,
}

impl Costs {
    pub(crate) fn measure(model: &str, threads: u32, context: u32) -> Result<Costs, Box<dyn Error>> {
        let mut options = LlamaOptions::new(model, model);
        (options.seqs, options.n_ctx, options.threads) = (SEQS, Some(context), i32::try_from(threads).ok());
        let mut result = Err("the model was not loaded".into());
        let started = Instant::now();
        Box::new(LlamaLoader::new(options)).load(&mut |model| {
            let load = started.elapsed().as_secs_f64();
            result = tables(model).map(|tables| Costs { load, tables }).map_err(Into::into);
        })?;
        result
    }

    /// The time of the fastest pass, for each token.
    fn reading(&self) -> f64 {
        let each = |(at, cost): (usize, &[f64; 2])| cost[0] / f64::from(ROWS[at]);
        self.tables[0].iter().enumerate().map(each).fold(f64::MAX, f64::min)
    }

    /// A pass of a few rows of one sequence with little before.
    pub(crate) fn few(&self, rows: u32) -> f64 {
        self.of(0, 0, rows)
    }

    /// A pass of so many rows, with logits for each of the lanes, where each has so many tokens before.
    fn pass(&self, rows: u32, lanes: u32, held: f64) -> f64 {
        let [near, far] = HELD.map(f64::from);
        let share = (held - near) / (far - near);
        let at = |table: usize| {
            let logits = self.of(table, 1, lanes) - self.of(table, 0, lanes);
            self.of(table, 0, rows) + logits.max(0.0)
        };
        at(0) + (at(1) - at(0)) * share
    }

    /// Between two numbers of rows that were measured, a straight line.
    fn of(&self, table: usize, kind: usize, rows: u32) -> f64 {
        let cost = |at: usize| self.tables[table][at][kind];
        let upper = ROWS.iter().position(|known| *known >= rows).unwrap_or(ROWS.len() - 1).max(1);
        let (low, high) = (f64::from(ROWS[upper - 1]), f64::from(ROWS[upper]));
        let share = (f64::from(rows) - low) / (high - low);
        cost(upper - 1) + (cost(upper) - cost(upper - 1)) * share
    }

    /// The floor of lanes in this order; `warm`: what all begin with has been read.
    pub(crate) fn floor(&self, lanes: &[Lane], order: Order, warm: bool) -> f64 {
        let prompts = self.reading() * f64::from(unique(lanes, warm));
        let groups: Vec<&[Lane]> = match order {
            Order::Beside => vec![lanes],
            Order::After => lanes.chunks(1).collect(),
        };
        prompts + groups.into_iter().map(|group| self.steps(group)).sum::<f64>()
    }

    fn steps(&self, lanes: &[Lane]) -> f64 {
        let count = lanes.iter().map(|lane| lane.needed().len()).max().unwrap_or(0);
        let held: Vec<f64> = lanes.iter().map(|lane| f64::from(lane.tokens())).collect();
        let held = held.iter().sum::<f64>() / held.len().max(1) as f64;
        let step = |at: usize| {
            let rows: Vec<u32> = lanes.iter().filter_map(|lane| lane.needed().get(at).copied()).collect();
            self.pass(rows.iter().sum(), rows.len() as u32, held)
        };
        (0..count).map(step).sum()
    }
}

/// Tokens of prompts, tokens that were chosen, and tokens after a choice that nobody chose.
pub(crate) fn sizes(lanes: &[Lane]) -> (u32, usize, u32) {
    let chosen = lanes.iter().map(|lane| lane.passes.len()).sum::<usize>();
    let rows: u32 = lanes.iter().flat_map(|lane| &lane.passes).sum();
    (unique(lanes, false), chosen, rows - chosen as u32)
}

/// Tokens of prompts, what several begin with once.
fn unique(lanes: &[Lane], warm: bool) -> u32 {
    let mut prompts: Vec<&[u32]> = lanes.iter().map(|lane| lane.prompt.as_slice()).collect();
    prompts.sort_unstable();
    let common = |a: &[u32], b: &[u32]| a.iter().zip(b).take_while(|(left, right)| left == right).count();
    let again: usize = prompts.windows(2).map(|pair| common(pair[0], pair[1])).sum();
    let all: usize = prompts.iter().map(|prompt| prompt.len()).sum();
    let read = match prompts.as_slice() {
        [first, .., last] if warm => common(first, last),
        _ => 0,
    };
    (all - again - read) as u32
}

fn tables(model: &mut dyn Model) -> Result<Vec<[[f64; 2]; ROWS.len()]>, ModelError> {
    HELD.iter().map(|held| table(model, *held)).collect()
}

fn table(model: &mut dyn Model, held: u32) -> Result<[[f64; 2]; ROWS.len()], ModelError> {
    hold(model, held)?;
    let seconds = |time: Duration| time.as_secs_f64();
    let mut table = [[0.0; 2]; ROWS.len()];
    for (costs, rows) in table.iter_mut().zip(ROWS) {
        *costs =
            [seconds(pass(model, held, rows, true, TIMES)?), seconds(pass(model, held, rows, false, TIMES)?)];
    }
    Ok(table)
}
