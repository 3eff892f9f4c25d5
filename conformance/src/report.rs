//! The counts and times of a run, as tables and as JSON.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter, Write};

use serde::Serialize;

use crate::check::{Outcome, Status};
use crate::suite::Heading;

/// All that a run found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The vocabulary whose masks were asked.
    pub vocabulary: String,
    /// Schemas with instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<DataReport>,
    /// The official suite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suite: Option<SuiteReport>,
}

impl Report {
    /// Why the run is a failure; `None` if it is none.
    pub fn failure(&self) -> Option<String> {
        let data = self.data.as_ref().map(|data| (data.file.as_str(), data.totals.run, data.totals.wrong));
        let suite = self.suite.as_ref().map(|suite| {
            let wrong = |heading: &HeadingReport| heading.totals.defects();
            let asserted = suite.headings.iter().filter(|heading| heading.heading != Heading::Format);
            (suite.folder.as_str(), suite.run, asserted.map(wrong).sum())
        });
        data.into_iter().chain(suite).find_map(|(of, run, wrong)| match (run, wrong) {
            (0, _) => Some(format!("`{of}` has nothing to run")),
            (_, 0) => None,
            _ => Some(format!("{wrong} wrong answers in `{of}`")),
        })
    }
}

/// Schemas, counted.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct Totals {
    /// How many were run.
    pub run: usize,
    /// As they should be.
    pub pass: usize,
    /// Did not compile.
    pub refused: usize,
    /// A valid instance has no text.
    pub no_text: usize,
    /// With a wrong answer, or none.
    pub wrong: usize,
}

impl Totals {
    fn add(&mut self, status: Status) {
        self.run += 1;
        self.pass += usize::from(status.is_pass());
        self.refused += usize::from(status == Status::Refused);
        self.no_text += usize::from(status == Status::NoText);
        self.wrong += usize::from(status.is_wrong());
    }
}

/// Milliseconds: of all schemas, and of the slowest.
#[derive(Debug, Serialize)]
pub struct Times {
    /// The median.
    pub p50: f64,
    /// Nine of ten take no longer.
    pub p90: f64,
    /// 99 of 100 take no longer.
    pub p99: f64,
    /// The longest.
    pub max: f64,
    /// The ten slowest, by name.
    pub slowest: Vec<(String, f64)>,
}

impl Times {
    fn of(outcomes: &[Outcome]) -> Times {
        let mut slowest: Vec<_> =
            outcomes.iter().map(|outcome| (outcome.name.clone(), outcome.compile_ms)).collect();
        slowest.sort_by(|left, right| right.1.total_cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
        let from_top = |share: f64| {
            let at = ((slowest.len().saturating_sub(1)) as f64 * (1.0 - share)).round() as usize;
            slowest.get(at).map_or(0.0, |(_, time)| *time)
        };
        let (p50, p90, p99, max) = (from_top(0.5), from_top(0.9), from_top(0.99), from_top(1.0));
        slowest.truncate(10);
        Times { p50, p90, p99, max, slowest }
    }
}

/// What became of schemas with instances.
#[derive(Debug, Serialize)]
pub struct DataReport {
    /// Where they come from.
    pub file: String,
    /// Schemas.
    pub totals: Totals,
    /// Lines that are no schemas with instances.
    pub skipped: usize,
    /// Schemas that were only compiled: the data have no instances of them.
    pub without_instances: usize,
    /// Instances asked for.
    pub instances: usize,
    /// Of these, those that were asked of masks, too.
    pub by_masks: usize,
    /// Schemas by what became of them.
    pub statuses: BTreeMap<&'static str, usize>,
    /// Schemas by the keywords in them.
    pub keywords: BTreeMap<String, Totals>,
    /// Refusals by what they are about, and one reason of each.
    pub refusals: BTreeMap<String, (usize, String)>,
    /// To compile, or to refuse.
    pub compile: Times,
    /// Every schema.
    pub outcomes: Vec<Outcome>,
}

impl DataReport {
    /// Counts outcomes.
    pub fn new(file: String, skipped: usize, outcomes: Vec<Outcome>) -> DataReport {
        let mut totals = Totals::default();
        let mut keywords: BTreeMap<String, Totals> = BTreeMap::new();
        let mut statuses = BTreeMap::new();
        let mut refusals: BTreeMap<String, (usize, String)> = BTreeMap::new();
        for outcome in &outcomes {
            totals.add(outcome.status);
            *statuses.entry(outcome.status.name()).or_default() += 1;
            for keyword in &outcome.keywords {
                keywords.entry(keyword.clone()).or_default().add(outcome.status);
            }
            if let Some(cause) = &outcome.cause {
                let reason = || (0, outcome.reason.clone().unwrap_or_default());
                refusals.entry(cause.clone()).or_insert_with(reason).0 += 1;
            }
        }
        let without_instances = outcomes.iter().filter(|outcome| outcome.tests == 0).count();
        let sum = |of: fn(&Outcome) -> usize| outcomes.iter().map(of).sum();
        DataReport {
            file,
            totals,
            skipped,
            without_instances,
            instances: sum(|outcome| outcome.instances),
            by_masks: sum(|outcome| outcome.by_masks),
            statuses,
            keywords,
            refusals,
            compile: Times::of(&outcomes),
            outcomes,
        }
    }
}

/// A group of the suite and what became of it.
#[derive(Debug, Serialize)]
pub struct GroupOutcome {
    /// Its file.
    pub file: String,
    /// Where it counts.
    pub heading: Heading,
    /// The result.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Groups, counted.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct GroupTotals {
    /// How many there are.
    pub groups: usize,
    /// Whose schema compiled.
    pub compiled: usize,
    /// Invalid instances that were admitted.
    pub false_positives: usize,
    /// Valid instances that were refused.
    pub false_negatives: usize,
    /// Valid instances without a text.
    pub no_text: usize,
    /// Groups that took their process down.
    pub crashed: usize,
}

impl GroupTotals {
    fn add(&mut self, outcome: &Outcome) {
        self.groups += 1;
        self.compiled += usize::from(!matches!(outcome.status, Status::Refused | Status::Crashed));
        self.crashed += usize::from(outcome.status == Status::Crashed);
        self.false_positives += outcome.count(Status::InvalidAccepted);
        self.false_negatives += outcome.count(Status::ValidRejected);
        self.no_text += outcome.count(Status::NoText);
    }

    fn defects(&self) -> usize {
        self.false_positives + self.false_negatives + self.crashed
    }
}

/// The groups of a heading.
#[derive(Debug, Serialize)]
pub struct HeadingReport {
    /// Which one.
    pub heading: Heading,
    /// All of it.
    pub totals: GroupTotals,
    /// By file.
    pub files: BTreeMap<String, GroupTotals>,
}

/// What became of the official suite.
#[derive(Debug, Serialize)]
pub struct SuiteReport {
    /// Where it is.
    pub folder: String,
    /// Groups.
    pub run: usize,
    /// Files that are none of the suite's.
    pub skipped: usize,
    /// By heading.
    pub headings: Vec<HeadingReport>,
    /// Every group.
    pub groups: Vec<GroupOutcome>,
}

impl SuiteReport {
    /// Counts groups.
    pub fn new(folder: String, skipped: usize, groups: Vec<GroupOutcome>) -> SuiteReport {
        let headings = Heading::ALL.map(|heading| {
            let (mut totals, mut files) = (GroupTotals::default(), BTreeMap::<String, GroupTotals>::new());
            for group in groups.iter().filter(|group| group.heading == heading) {
                totals.add(&group.outcome);
                files.entry(group.file.clone()).or_default().add(&group.outcome);
            }
            HeadingReport { heading, totals, files }
        });
        SuiteReport { folder, run: groups.len(), skipped, headings: headings.into(), groups }
    }
}

impl Display for Report {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        if let Some(data) = &self.data {
            write!(out, "{data}")?;
        }
        if let Some(suite) = &self.suite {
            write!(out, "{suite}")?;
        }
        writeln!(out, "\nmasks: {}", self.vocabulary)
    }
}

impl Display for DataReport {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{}\n\n{:<24}{}",
            self.file,
            "keyword",
            Columns(["schemas", "pass", "refused", "no text", "wrong"])
        )?;
        for (keyword, totals) in self.keywords.iter().map(|(keyword, totals)| (keyword.as_str(), totals)) {
            writeln!(out, "{keyword:<24}{}", totals.columns())?;
        }
        writeln!(out, "{:<24}{}\n", "all", self.totals.columns())?;
        for (cause, (count, reason)) in &self.refusals {
            writeln!(out, "refused {count:>4}  {cause:<44} {}", shortened(reason))?;
        }
        let Times { p50, p90, p99, max, slowest } = &self.compile;
        writeln!(out, "\ncompile, ms: p50 {p50:.2}, p90 {p90:.2}, p99 {p99:.2}, max {max:.2}; the slowest:")?;
        for (name, time) in slowest {
            writeln!(out, "{time:>12.2}  {name}")?;
        }
        writeln!(out)?;
        mistakes(out, self.outcomes.iter())?;
        for (status, count) in
            Status::ALL.iter().filter_map(|status| self.statuses.get_key_value(status.name()))
        {
            writeln!(out, "{count:>6}  {status}")?;
        }
        writeln!(out, "{:>6}  instances, {} of them by masks, too", self.instances, self.by_masks)?;
        let passed = percent(self.totals.pass, self.totals.run);
        writeln!(out, "{:>6}  schemas without instances, only compiled", self.without_instances)?;
        writeln!(out, "schemas: {} run, {} skipped; {passed} pass", self.totals.run, self.skipped)
    }
}

impl Display for SuiteReport {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let header = Columns(["groups", "compiled", "false +", "false -", "no text"]);
        for HeadingReport { heading, totals, files } in &self.headings {
            writeln!(out, "\n{}, {}\n\n{:<40}{header}", self.folder, heading.name(), "file")?;
            for (file, totals) in files {
                writeln!(out, "{file:<40}{}", totals.columns())?;
            }
            writeln!(out, "{:<40}{}", "all", totals.columns())?;
        }
        writeln!(out)?;
        mistakes(out, self.groups.iter().map(|group| &group.outcome))?;
        for HeadingReport { heading, totals, .. } in &self.headings {
            let compiled = percent(totals.compiled, totals.groups);
            writeln!(out, "{:>9}: {compiled} of {} groups compiled", heading.name(), totals.groups)?;
        }
        writeln!(out, "groups: {} run, {} files skipped", self.run, self.skipped)
    }
}

/// Wrong answers, and instances without a text.
fn mistakes<'o>(out: &mut Formatter<'_>, outcomes: impl Iterator<Item = &'o Outcome>) -> fmt::Result {
    for outcome in outcomes {
        if outcome.status == Status::Crashed {
            writeln!(out, "crashed: {}: {}", outcome.name, outcome.reason.as_deref().unwrap_or_default())?;
        }
        for mistake in &outcome.mistakes {
            let text = shortened(&mistake.text);
            let (status, by) = (mistake.status.name(), &mistake.by);
            writeln!(out, "{status}: {}: {} (by {by}) {text}", outcome.name, mistake.test)?;
        }
    }
    Ok(())
}

fn shortened(text: &str) -> String {
    const SHOWN: usize = 100;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn percent(part: usize, whole: usize) -> String {
    format!("{part} ({:.1} %)", 100.0 * part as f64 / whole.max(1) as f64)
}

/// Five right-aligned columns.
struct Columns<T>([T; 5]);

impl<T: Display> Display for Columns<T> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let mut line = String::new();
        for column in &self.0 {
            write!(line, "{column:>9}")?;
        }
        out.write_str(&line)
    }
}

impl Totals {
    fn columns(&self) -> Columns<usize> {
        Columns([self.run, self.pass, self.refused, self.no_text, self.wrong])
    }
}

impl GroupTotals {
    fn columns(&self) -> Columns<usize> {
        Columns([self.groups, self.compiled, self.false_positives, self.false_negatives, self.no_text])
    }
}
