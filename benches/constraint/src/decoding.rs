//! What a generated token costs beside the model: a loop like that of a run, with logits that nobody computed.

use std::time::Instant;

use agentc_constraint::spec::{Spec, Stop};
use agentc_constraint::{Commit, Constraint, Limits, Matcher, Next, build};
use agentc_runtime::sample::{Sampling, Stream, choose};

use crate::Result;
use crate::figure::Figure;
use crate::random::{Draw, Random};
use crate::timing::{median, micros};
use crate::vocabularies::Tokens;

/// Logits are taken in turns from so many.
const LOGITS: usize = 16;
/// Tokens of a generation.
const MAX: u32 = 128;
const GENERATIONS: u32 = 20;
/// A short time for a model to compute logits.
const FORWARD: f64 = 5_000.0;

/// Where the time of each token went, in microseconds.
#[derive(Debug, Default)]
struct Parts {
    next: Vec<f64>,
    mask: Vec<f64>,
    choose: Vec<f64>,
    commit: Vec<f64>,
}

impl Parts {
    /// The sum for each token.
    fn all(&self) -> Vec<f64> {
        let parts = [&self.next, &self.mask, &self.choose, &self.commit];
        (0..self.commit.len()).map(|at| parts.iter().map(|part| part[at]).sum()).collect()
    }
}

/// The specs of `benches/engine.rs`, greedy and sampled; what a token takes, by its parts: medians.
///
/// # Errors
/// What the engine says.
pub fn measure(tokens: &Tokens) -> Result<Vec<Figure>> {
    let mut random = Random::new(14);
    let logits: Vec<Vec<f32>> = (0..LOGITS).map(|_| random.logits(tokens.vocab.len())).collect();
    let sampled = Sampling { temp: 1.0, ..Sampling::default() };
    let samplings = [
        ("greedy", Sampling::default()),
        ("temp 1", sampled.clone()),
        ("temp 1, top_p 0.9", Sampling { top_p: 0.9, ..sampled.clone() }),
        ("temp 1, top_k 40", Sampling { top_k: 40, ..sampled }),
    ];
    let mut figures = Vec::new();
    for (kind, spec) in specs() {
        for (how, sampling) in &samplings {
            let parts = generate(tokens, &spec, sampling, &logits)?;
            let name = |what: &str| format!("{}, decoding, {kind}, {how}: {what}", tokens.name);
            let all = median(&parts.all());
            figures.extend([
                Figure::new(name("next"), median(&parts.next), "µs"),
                Figure::new(name("mask"), median(&parts.mask), "µs"),
                Figure::new(name("choose"), median(&parts.choose), "µs"),
                Figure::new(name("commit"), median(&parts.commit), "µs"),
                Figure::new(name("all of a token"), all, "µs"),
                Figure::new(name("of 5 ms"), 100.0 * all / FORWARD, "%"),
            ]);
        }
    }
    Ok(figures)
}

fn specs() -> [(&'static str, Spec); 3] {
    let regex = |pattern: &str| Spec::Regex { pattern: pattern.into() };
    let stops = vec![Stop::Text { text: "\n\n\n".into() }];
    [
        ("free text", Spec::Until { value: Box::new(Spec::Text { min: 0, max: None }), stops }),
        ("regex", regex("([a-zA-Z',]+ ){8,400}")),
        ("regex short of tokens", regex("([a-z]+ ){50,200}")),
    ]
}

/// Generations as a run has them, the first of which is not measured: the constraint is not new.
fn generate(tokens: &Tokens, spec: &Spec, sampling: &Sampling, logits: &[Vec<f32>]) -> Result<Parts> {
    let limits = Limits::default();
    let constraint = Constraint::new(build(spec, &[], &limits)?, tokens.vocab.clone(), limits);
    let mut parts = Parts::default();
    for generation in 0..=GENERATIONS {
        if generation == 1 {
            parts = Parts::default();
        }
        let mut matcher = Matcher::new(&constraint, b"", MAX)?;
        let mut stream = Stream::new(9, &[generation.into()]);
        for logits in logits.iter().cycle().skip(generation as usize) {
            let Some(mut timer) = begin(&mut matcher, tokens, &mut parts)? else { break };
            let mask = matcher.mask()?;
            parts.mask.push(timer.lap());
            let token = choose(logits, &mask, &tokens.vocab, sampling, matcher.value_tokens(), &mut stream);
            parts.choose.push(timer.lap());
            let commit = matcher.commit(token.ok_or("no token is allowed")?)?;
            parts.commit.push(timer.lap());
            if commit == Commit::Done {
                break;
            }
        }
    }
    Ok(parts)
}

/// Goes on to where a token has to be chosen; `None` where the value is complete.
fn begin(matcher: &mut Matcher, tokens: &Tokens, parts: &mut Parts) -> Result<Option<Timer>> {
    let mut timer = Timer(Instant::now());
    loop {
        match matcher.next(tokens)? {
            Next::Forced(_) => {}
            Next::Choose => {
                parts.next.push(timer.lap());
                return Ok(Some(timer));
            }
            Next::Done => return Ok(None),
        }
    }
}

/// When the last part ended.
struct Timer(Instant);

impl Timer {
    /// Microseconds since then.
    fn lap(&mut self) -> f64 {
        let before = std::mem::replace(&mut self.0, Instant::now());
        micros(self.0 - before)
    }
}
