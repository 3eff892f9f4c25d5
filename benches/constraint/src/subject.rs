//! One spec: the cost of building it, of its first mask, and of stepping through texts of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use agentc_constraint::spec::Spec;
use agentc_constraint::{Commit, Constraint, Limits, Matcher, TokenId, build};

use crate::Result;
use crate::figure::Figure;
use crate::timing::{mean, median, micros, percentile};
use crate::vocabularies::Tokens;

/// A spec, and what is written under it.
#[derive(Debug)]
pub struct Subject {
    /// For the names of figures.
    pub name: String,
    /// The spec.
    pub spec: Spec,
    /// Its run-time values.
    pub bindings: Vec<Vec<String>>,
    /// Texts of it, or beginnings of texts.
    pub texts: Vec<String>,
    /// Tokens of each text that are followed, at most.
    pub tokens: usize,
}

/// What one repetition took, in microseconds.
#[derive(Debug, Default)]
struct Run {
    build: f64,
    first_mask: f64,
    /// The steps of all texts with a constraint that is new.
    new: Vec<f64>,
    /// The steps of all texts once more.
    again: Vec<f64>,
    /// The sum of the steps of each text, the first time.
    whole: Vec<f64>,
    /// Masks kept in the end, and their bytes.
    kept: (f64, f64),
}

impl Subject {
    /// The subject in figures: medians over repetitions, each with a new pattern and a new constraint.
    ///
    /// # Errors
    /// A spec that cannot be built, or a text that is not admitted.
    pub fn measure(&self, tokens: &Tokens) -> Result<Vec<Figure>> {
        let texts: Vec<Vec<TokenId>> =
            self.texts.iter().map(|text| tokens.of(text)).collect::<Result<_>>()?;
        let started = Instant::now();
        let mut runs = Vec::new();
        while runs.len() < 5 || (runs.len() < 51 && started.elapsed() < Duration::from_secs(4)) {
            runs.push(self.run(tokens, &texts)?);
        }
        Ok(self.figures(tokens, &runs))
    }

    fn run(&self, tokens: &Tokens, texts: &[Vec<TokenId>]) -> Result<Run> {
        let limits = Limits::default();
        let mut run = Run::default();
        let started = Instant::now();
        let pattern = build(&self.spec, &self.bindings, &limits)?;
        run.build = micros(started.elapsed());
        let started = Instant::now();
        let constraint = Constraint::new(pattern, tokens.vocab.clone(), limits);
        std::hint::black_box(Matcher::new(&constraint, b"", PLENTY)?.mask()?);
        run.first_mask = micros(started.elapsed());
        for text in texts {
            let steps = self.follow(&constraint, text)?;
            run.whole.push(steps.iter().sum());
            run.new.extend(steps);
        }
        for text in texts {
            run.again.extend(self.follow(&constraint, text)?);
        }
        let stats = constraint.cache_stats();
        run.kept = (stats.masks as f64, stats.mask_bytes as f64);
        Ok(run)
    }

    /// The time of each step along a text: a mask, and a commit.
    fn follow(&self, constraint: &Arc<Constraint>, text: &[TokenId]) -> Result<Vec<f64>> {
        let mut matcher = Matcher::new(constraint, b"", PLENTY)?;
        let mut steps = Vec::with_capacity(text.len());
        for &token in text.iter().take(self.tokens) {
            let started = Instant::now();
            let is_allowed = matcher.mask()?.contains(constraint.vocab(), token);
            let commit = matcher.commit(token);
            steps.push(micros(started.elapsed()));
            if !is_allowed {
                return Err(format!("{}: token {} is not in the mask", self.name, steps.len()).into());
            }
            if commit? == Commit::Done {
                break;
            }
        }
        Ok(steps)
    }

    fn figures(&self, tokens: &Tokens, runs: &[Run]) -> Vec<Figure> {
        let figure = |what: &str, unit, of: &dyn Fn(&Run) -> f64| {
            let value = median(&runs.iter().map(of).collect::<Vec<_>>());
            Figure::new(format!("{}, {}: {what}", tokens.name, self.name), value, unit)
        };
        vec![
            figure("built", "ms", &|run| run.build / 1e3),
            figure("bound, and the first mask", "µs", &|run| run.first_mask),
            figure("tokens of the texts", "", &|run| run.new.len() as f64),
            figure("a step, mean", "µs", &|run| mean(&run.new)),
            figure("a step, p50", "µs", &|run| median(&run.new)),
            figure("a step, p99", "µs", &|run| percentile(&run.new, 0.99)),
            figure("a step of the same texts again, mean", "µs", &|run| mean(&run.again)),
            figure("a whole text, mean", "µs", &|run| mean(&run.whole)),
            figure("masks kept", "", &|run| run.kept.0),
            figure("their size", "MB", &|run| run.kept.1 / 1e6),
        ]
    }
}

/// A budget that is never short.
const PLENTY: u32 = 1_000_000;
