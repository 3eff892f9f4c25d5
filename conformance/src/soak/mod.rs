//! Generations from random logits, each checked by a judge other than this engine: `cargo xtask soak`.
//!
//! A subject is a constraint of the pattern suite or a JSON Schema (`subject`), with its judges (`judge`).
//! Each gets its share of the generations (`generate`), with random budgets and random ways to choose. The
//! result must be a value for the judge and for the pattern, within its budget; a generation that ends
//! without a value must end with a documented error. Everything else is a failure, reported with the subject
//! and the numbers that reproduce it.

mod generate;
mod judge;
mod report;
mod subject;

use std::sync::Arc;

use agentc_constraint::VocabError;

use crate::case;
use crate::greedy::Greedy;
use crate::patterns;
use crate::random::Random;
use crate::vocabulary::Vocabulary;

use generate::generate;
pub use report::{Area, Failure, Report};
use subject::Subject;

/// What is run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Constraints of the pattern suite.
    pub patterns: Vec<patterns::Case>,
    /// JSON Schemas.
    pub schemas: Vec<case::Case>,
    /// Generations altogether; where there are both kinds, half of them for each.
    pub count: usize,
    /// What all random choices begin with.
    pub seed: u64,
    /// Only subjects whose name contains this.
    pub only: Option<String>,
}

/// Runs a plan over a vocabulary.
///
/// # Errors
/// [`VocabError`].
pub fn run(plan: &Plan, vocabulary: &Vocabulary) -> Result<Report, VocabError> {
    let vocab = Arc::new(vocabulary.vocab()?);
    let greedy = Greedy::new(&vocabulary.tokens);
    let mut report = Report::default();
    let is_chosen = |name: &str| plan.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    let patterns: Vec<_> =
        plan.patterns.iter().filter(|case| case.error.is_none() && is_chosen(&case.title())).collect();
    let schemas: Vec<_> = plan.schemas.iter().filter(|case| is_chosen(&case.name)).collect();
    let kinds = usize::from(!patterns.is_empty()) + usize::from(!schemas.is_empty());
    let each = plan.count.div_ceil(kinds.max(1));
    for (at, case) in patterns.iter().enumerate() {
        let subject = Subject::of_pattern(case, &vocab);
        soak(subject, &case.area, &case.title(), plan, share(each, patterns.len(), at), &greedy, &mut report);
    }
    for (at, case) in schemas.iter().enumerate() {
        let subject = Subject::of_schema(case, &vocab);
        soak(subject, "schemas", &case.name, plan, share(each, schemas.len(), at), &greedy, &mut report);
    }
    Ok(report)
}

/// How many of some generations the subject at a place gets.
fn share(count: usize, subjects: usize, at: usize) -> usize {
    (at + 1) * count / subjects - at * count / subjects
}

fn soak(
    subject: Result<Subject, String>,
    area: &str,
    name: &str,
    plan: &Plan,
    count: usize,
    greedy: &Greedy,
    report: &mut Report,
) {
    let area = report.areas.entry(area.to_owned()).or_default();
    let subject = match subject {
        Ok(subject) => subject,
        Err(reason) => {
            area.skipped += 1;
            report.skipped.push((name.to_owned(), reason));
            return;
        }
    };
    area.subjects += 1;
    for number in 0..count {
        let mut random = Random::new(plan.seed ^ ((number as u64 + 1) << 20));
        let outcome = generate(&subject, greedy, &mut random);
        if let Some(what) = area.count(outcome) {
            report.failures.push(Failure { subject: name.to_owned(), seed: plan.seed, number, what });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_the_whole() {
        for (count, subjects) in [(10, 3), (2, 7), (1000, 1)] {
            assert_eq!((0..subjects).map(|at| share(count, subjects, at)).sum::<usize>(), count);
        }
    }
}
