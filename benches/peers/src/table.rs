//! The figures: printed, and written as JSON.

use std::time::Duration;

use agentc_conformance::case::Case;
use serde::Serialize;

use crate::engine::Engine;
use crate::run::Outcome;

/// A row of a table.
#[derive(Debug, Serialize)]
pub struct Figure {
    vocabulary: String,
    schemas: &'static str,
    engine: &'static str,
    what: &'static str,
    unit: &'static str,
    count: usize,
    avg: f64,
    p50: f64,
    p90: f64,
    p99: f64,
    max: f64,
}

/// Which schemas a table is about.
struct Subset {
    name: &'static str,
    /// Engines, the first so many, that have compiled each of them.
    compiled_by: usize,
}

const SUBSETS: [Subset; 3] = [
    Subset { name: "all that each has compiled", compiled_by: 0 },
    Subset { name: "those that the first two have compiled", compiled_by: 2 },
    Subset { name: "those that all three have compiled", compiled_by: 3 },
];

/// Prints verdicts and times; gives the times.
pub fn print(
    vocabulary: &str,
    engines: &[Box<dyn Engine>],
    cases: &[Case],
    results: &[Vec<Outcome>],
) -> Vec<Figure> {
    verdicts(engines, results);
    wrong(engines, cases, results);
    let mut figures = Vec::new();
    for subset in SUBSETS.iter().filter(|subset| subset.compiled_by <= engines.len()) {
        let is_in = |outcomes: &&Vec<Outcome>| {
            outcomes.iter().take(subset.compiled_by).all(|outcome| outcome.compiled && !outcome.panicked)
        };
        let chosen: Vec<&Vec<Outcome>> = results.iter().filter(is_in).collect();
        println!("\n{} ({})", subset.name, chosen.len());
        println!(
            "{:<14} {:<22} {:>9} {:>10} {:>10} {:>10} {:>10} {:>12}",
            "", "", "count", "avg", "p50", "p90", "p99", "max"
        );
        for (at, engine) in engines.iter().enumerate() {
            let outcomes = chosen.iter().map(|outcomes| &outcomes[at]);
            let outcomes: Vec<&Outcome> = outcomes.filter(|outcome| outcome.compiled).collect();
            for row in rows(&outcomes) {
                let figure = row.figure(vocabulary, subset.name, engine.name());
                println!("{figure}");
                figures.push(figure);
            }
        }
    }
    slowest(engines, cases, results);
    figures
}

fn verdicts(engines: &[Box<dyn Engine>], results: &[Vec<Outcome>]) {
    println!(
        "\n{:<14} {:>8} {:>8} {:>18} {:>16} {:>9}",
        "schemas", "pass", "refused", "invalid accepted", "valid rejected", "panicked"
    );
    for (at, engine) in engines.iter().enumerate() {
        let count = |of: fn(&Outcome) -> bool| results.iter().filter(|outcomes| of(&outcomes[at])).count();
        let accepted = count(|outcome| outcome.invalid_accepted > 0);
        let rejected = count(|outcome| outcome.invalid_accepted == 0 && outcome.valid_rejected > 0);
        let panicked = count(|outcome| outcome.panicked);
        let refused = count(|outcome| !outcome.compiled && !outcome.panicked);
        let pass = count(|outcome| outcome.compiled && !outcome.panicked && outcome.mistakes() == 0);
        let name = engine.name();
        println!("{name:<14} {pass:>8} {refused:>8} {accepted:>18} {rejected:>16} {panicked:>9}");
    }
}

/// Schemas with wrong answers, the first of each engine by name.
fn wrong(engines: &[Box<dyn Engine>], cases: &[Case], results: &[Vec<Outcome>]) {
    const SHOWN: usize = 5;
    for (at, engine) in engines.iter().enumerate() {
        let outcomes = cases.iter().zip(results).map(|(case, outcomes)| (case, &outcomes[at]));
        let wrong = outcomes.filter(|(_, outcome)| outcome.mistakes() > 0);
        for (case, Outcome { invalid_accepted, valid_rejected, .. }) in wrong.take(SHOWN) {
            let name = engine.name();
            println!(
                "{name}: {}: {invalid_accepted} invalid accepted, {valid_rejected} valid rejected",
                case.name
            );
        }
    }
}

/// The tokens that took longest, one a schema, and where they stand: what is to be made faster.
fn slowest(engines: &[Box<dyn Engine>], cases: &[Case], results: &[Vec<Outcome>]) {
    const SHOWN: usize = 8;
    println!("\nthe slowest tokens, ms");
    for (at, engine) in engines.iter().enumerate() {
        let outcomes = cases.iter().zip(results).filter_map(|(case, outcomes)| {
            let slowest = outcomes[at].slowest.as_ref()?;
            Some((slowest.time, &case.name, &slowest.text))
        });
        let mut slowest: Vec<_> = outcomes.collect();
        slowest.sort_by(|left, right| right.cmp(left));
        for (time, case, text) in slowest.into_iter().take(SHOWN) {
            println!("{:<14} {:>9.2}  {case}: …{text:?}", engine.name(), time.as_secs_f64() * 1e3);
        }
    }
}

struct Row {
    what: &'static str,
    unit: &'static str,
    scale: f64,
    times: Vec<Duration>,
}

fn rows(outcomes: &[&Outcome]) -> [Row; 4] {
    let millis = |what, times| Row { what, unit: "ms", scale: 1e3, times };
    let first = |outcome: &&Outcome| outcome.compile + outcome.steps.first().copied().unwrap_or_default();
    [
        Row {
            what: "mask and commit",
            unit: "µs",
            scale: 1e6,
            times: outcomes.iter().flat_map(|outcome| outcome.steps.iter().copied()).collect(),
        },
        millis("compile", outcomes.iter().map(|outcome| outcome.compile).collect()),
        millis("compile, first token", outcomes.iter().map(first).collect()),
        millis("compile, all tokens", outcomes.iter().map(|outcome| outcome.total()).collect()),
    ]
}

impl Row {
    fn figure(mut self, vocabulary: &str, schemas: &'static str, engine: &'static str) -> Figure {
        self.times.sort_unstable();
        let scaled = |time: Duration| time.as_secs_f64() * self.scale;
        let count = self.times.len();
        let at = |share: f64| {
            let at = (count.saturating_sub(1) as f64 * share).round() as usize;
            self.times.get(at).copied().map_or(0.0, scaled)
        };
        let sum: Duration = self.times.iter().sum();
        Figure {
            vocabulary: vocabulary.to_owned(),
            schemas,
            engine,
            what: self.what,
            unit: self.unit,
            count,
            avg: scaled(sum) / count.max(1) as f64,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            max: at(1.0),
        }
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Figure { engine, what, unit, count, avg, p50, p90, p99, max, .. } = self;
        let what = format!("{what}, {unit}");
        write!(
            out,
            "{engine:<14} {what:<24} {count:>7} {avg:>10.2} {p50:>10.2} {p90:>10.2} {p99:>10.2} {max:>12.2}"
        )
    }
}
