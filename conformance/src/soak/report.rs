//! The results, by area.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use agentc_constraint::End;

use super::generate::Outcome;

/// Counts of an area.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Area {
    /// Constraints.
    pub subjects: usize,
    /// Constraints that do not compile, or that no judge takes.
    pub skipped: usize,
    /// Generations.
    pub runs: usize,
    /// Tokens of all values.
    pub tokens: usize,
    /// Values that ended because nothing more could follow, or another token came.
    pub by_value: usize,
    /// Values that the end of the turn ended.
    pub by_turn: usize,
    /// Values that a stop ended.
    pub by_stop: usize,
    /// Values that ended because the budget was used up.
    pub by_budget: usize,
    /// Generations refused before they began, because the budget is too small for any value.
    pub too_small: usize,
    /// Generations that ended with a limit of the engine.
    pub limits: usize,
    /// Generations that are wrong.
    pub failures: usize,
}

/// A generation that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The constraint.
    pub subject: String,
    /// The seed of the run.
    pub seed: u64,
    /// Which generation of the constraint it was.
    pub number: usize,
    /// What is wrong.
    pub what: String,
}

/// All that came out.
#[derive(Debug, Default, Clone)]
pub struct Report {
    /// By area.
    pub areas: BTreeMap<String, Area>,
    /// What is wrong.
    pub failures: Vec<Failure>,
    /// Constraints that were not run, and why.
    pub skipped: Vec<(String, String)>,
}

impl Area {
    /// Counts an outcome; what is wrong with it, if something is.
    pub(super) fn count(&mut self, outcome: Outcome) -> Option<String> {
        self.runs += 1;
        match outcome {
            Outcome::Value { end, tokens, is_full } => {
                self.tokens += tokens;
                *match end {
                    End::Stop { .. } => &mut self.by_stop,
                    End::EndOfTurn => &mut self.by_turn,
                    End::Value if !is_full => &mut self.by_value,
                    End::Value | End::Max => &mut self.by_budget,
                } += 1;
            }
            Outcome::TooSmall => self.too_small += 1,
            Outcome::Limit => self.limits += 1,
            Outcome::Wrong(what) => {
                self.failures += 1;
                return Some(what);
            }
        }
        None
    }

    fn add(&mut self, other: &Area) {
        let Area { subjects, skipped, runs, tokens, by_value, by_turn, .. } = other;
        let Area { by_stop, by_budget, too_small, limits, failures, .. } = other;
        for (sum, part) in [
            (&mut self.subjects, subjects),
            (&mut self.skipped, skipped),
            (&mut self.runs, runs),
            (&mut self.tokens, tokens),
            (&mut self.by_value, by_value),
            (&mut self.by_turn, by_turn),
            (&mut self.by_stop, by_stop),
            (&mut self.by_budget, by_budget),
            (&mut self.too_small, too_small),
            (&mut self.limits, limits),
            (&mut self.failures, failures),
        ] {
            *sum += part;
        }
    }

    fn row(&self, name: &str) -> String {
        let Area { subjects, runs, tokens, by_value, by_turn, by_stop, .. } = self;
        let Area { by_budget, too_small, limits, failures, .. } = self;
        format!(
            "{name:<10} {subjects:>8} {runs:>8} {tokens:>9} {by_value:>8} {by_turn:>8} {by_stop:>7} {by_budget:>8} \
             {too_small:>9} {limits:>7} {failures:>6}"
        )
    }
}

impl Report {
    /// All areas together.
    pub fn total(&self) -> Area {
        let mut total = Area::default();
        self.areas.values().for_each(|area| total.add(area));
        total
    }
}

impl Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 40;
        writeln!(
            out,
            "{:<10} {:>8} {:>8} {:>9} {:>8} {:>8} {:>7} {:>8} {:>9} {:>7} {:>6}",
            "",
            "subjects",
            "runs",
            "tokens",
            "by value",
            "by turn",
            "by stop",
            "by max",
            "too small",
            "limits",
            "wrong"
        )?;
        for (name, area) in &self.areas {
            writeln!(out, "{}", area.row(name))?;
        }
        writeln!(out, "{}", self.total().row("all"))?;
        if !self.skipped.is_empty() {
            writeln!(
                out,
                "{} subjects were not run: they do not compile, or no judge takes them",
                self.skipped.len()
            )?;
        }
        for Failure { subject, seed, number, what } in self.failures.iter().take(SHOWN) {
            writeln!(out, "wrong: {subject}, seed {seed}, generation {number}: {what}")?;
        }
        Ok(())
    }
}
