//! Schema by schema, engine by engine, instance by instance, token by token.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use agentc_conformance::case::{Case, Test};
use agentc_conformance::greedy::Greedy;
use agentc_conformance::vocabulary::Vocabulary;
use agentc_constraint::{Limits, SchemaTexts, TokenId};
use anyhow::Result;
use serde_json::json;

use crate::engine::{Engine, Session, Step};

/// What an engine did with a schema.
#[derive(Debug, Default, Clone)]
pub struct Outcome {
    /// Whether it compiled.
    pub compiled: bool,
    /// Whether its process would have ended.
    pub panicked: bool,
    pub invalid_accepted: usize,
    pub valid_rejected: usize,
    /// To compile, or to refuse.
    pub compile: Duration,
    /// Mask and commit of each token.
    pub steps: Vec<Duration>,
    /// Of these the longest.
    pub slowest: Option<Slowest>,
}

/// A token that took long.
#[derive(Debug, Clone)]
pub struct Slowest {
    pub time: Duration,
    /// The end of the text up to and with it.
    pub text: String,
}

impl Outcome {
    /// Instances with a wrong answer.
    pub fn mistakes(&self) -> usize {
        self.invalid_accepted + self.valid_rejected
    }

    /// Looks through the times of an instance, which begin at `from`.
    fn note_slowest(&mut self, from: usize, tokens: &[TokenId], vocabulary: &Vocabulary) {
        const SHOWN: usize = 50;
        let Some((at, &time)) = self.steps[from..].iter().enumerate().max_by_key(|(_, time)| **time) else {
            return;
        };
        if self.slowest.as_ref().is_some_and(|slowest| slowest.time >= time) {
            return;
        }
        let spelled =
            tokens.iter().take(at + 1).filter_map(|&token| vocabulary.tokens[token as usize].as_ref());
        let text = String::from_utf8_lossy(&spelled.flatten().copied().collect::<Vec<u8>>()).into_owned();
        let skipped = text.chars().count().saturating_sub(SHOWN);
        self.slowest = Some(Slowest { time, text: text.chars().skip(skipped).collect() });
    }

    /// Compiling and all masks.
    pub fn total(&self) -> Duration {
        self.compile + self.steps.iter().sum::<Duration>()
    }
}

/// An instance that all engines are asked for.
struct Instance {
    valid: bool,
    tokens: Vec<TokenId>,
    /// With the members of objects in the order of the data, where that is another text.
    as_given: Option<Vec<TokenId>>,
}

/// Outcomes by schema, then by engine.
pub fn all(engines: &[Box<dyn Engine>], cases: &[Case], vocabulary: &Vocabulary) -> Vec<Vec<Outcome>> {
    let greedy = Greedy::new(&vocabulary.tokens);
    let one = |(at, case): (usize, &Case)| {
        let instances = instances(case, &greedy);
        let mut outcomes = vec![Outcome::default(); engines.len()];
        for turn in 0..engines.len() {
            let engine = (at + turn) % engines.len();
            let outcome = &mut outcomes[engine];
            let run =
                AssertUnwindSafe(|| schema(engines[engine].as_ref(), case, &instances, vocabulary, outcome));
            if catch_unwind(run).is_err() {
                outcomes[engine].panicked = true;
            }
        }
        outcomes
    };
    cases.iter().enumerate().map(one).collect()
}

/// Texts in our serialisation language; where the schema is none to us, in that of any value.
fn instances(case: &Case, greedy: &Greedy) -> Vec<Instance> {
    let Ok(mut any) = SchemaTexts::new(&json!(true), &Limits::default()) else { return Vec::new() };
    let mut ours = SchemaTexts::new(&case.schema, &Limits::default()).ok();
    let mut instance = |test: &Test| {
        let as_given = any.text(&test.data)?;
        let text = match &mut ours {
            Some(texts) => texts.text(&test.data)?,
            None => as_given.clone(),
        };
        let as_given = Some(as_given).filter(|other| *other != text);
        let as_given = as_given.and_then(|text| greedy.tokens(text.as_bytes()));
        Some(Instance { valid: test.valid, tokens: greedy.tokens(text.as_bytes())?, as_given })
    };
    case.tests.iter().filter_map(&mut instance).collect()
}

fn schema(
    engine: &dyn Engine,
    case: &Case,
    instances: &[Instance],
    vocabulary: &Vocabulary,
    outcome: &mut Outcome,
) {
    let prepared = engine.prepare(&case.schema);
    let started = Instant::now();
    let compiled = engine.compile(&prepared);
    outcome.compile = started.elapsed();
    let Ok(mut session) = compiled else { return };
    outcome.compiled = true;
    for Instance { valid, tokens, as_given } in instances {
        // A limit that is hit on the way refuses what follows.
        let mut follow =
            |tokens, steps: &mut Vec<Duration>| follow(session.as_mut(), tokens, steps).unwrap_or(false);
        let before = outcome.steps.len();
        let (mut tokens, mut admitted) = (tokens, follow(tokens, &mut outcome.steps));
        if let Some(other) = as_given.as_ref().filter(|_| !admitted && engine.has_orders_of_its_own()) {
            outcome.steps.truncate(before);
            (tokens, admitted) = (other, follow(other, &mut outcome.steps));
        }
        outcome.note_slowest(before, tokens, vocabulary);
        outcome.invalid_accepted += usize::from(admitted && !valid);
        outcome.valid_rejected += usize::from(!admitted && *valid);
    }
}

fn follow(session: &mut dyn Session, tokens: &[TokenId], steps: &mut Vec<Duration>) -> Result<bool> {
    session.begin()?;
    for &token in tokens {
        let started = Instant::now();
        let step = session.step(token);
        steps.push(started.elapsed());
        if step? == Step::Refused {
            return Ok(false);
        }
    }
    session.may_end()
}
