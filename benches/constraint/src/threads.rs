//! Many generations under one constraint, on one thread and on two: what they cost each other.

use std::sync::{Arc, Barrier};
use std::time::Instant;

use agentc_constraint::spec::{GrammarSyntax, Spec};
use agentc_constraint::{Constraint, Limits, Matcher, TokenId, build};

use crate::Result;
use crate::figure::Figure;
use crate::matchers::SCHEMA;
use crate::random::{Draw, Random};
use crate::timing::micros;
use crate::vocabularies::Tokens;

const MATCHERS: [usize; 3] = [1, 8, 64];
const THREADS: [usize; 2] = [1, 2];
/// Each with a new constraint. The shortest counts: whatever else the machine does only adds to it.
const ROUNDS: usize = 41;

/// A spec, and a text of it for each generation.
struct Rows {
    name: &'static str,
    spec: Spec,
    texts: Vec<String>,
}

/// Time by the clock for each step (a mask and a commit) of all generations together: with a constraint that is new, and
/// then the same again. With two threads it would at best be half as long.
///
/// # Errors
/// What the engine says.
pub fn measure(tokens: &Tokens) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for rows in [schema(), string(), grammar()] {
        let texts: Vec<Vec<TokenId>> =
            rows.texts.iter().map(|text| tokens.of(text)).collect::<Result<_>>()?;
        for matchers in MATCHERS {
            for threads in THREADS.into_iter().filter(|threads| *threads <= matchers) {
                let (new, again) = steps(tokens, &rows.spec, &texts[..matchers], threads)?;
                let name = format!(
                    "{}, {}: {matchers} matchers on {threads} threads: a step",
                    tokens.name, rows.name
                );
                figures.push(Figure::new(format!("{name}, new"), new, "µs"));
                figures.push(Figure::new(format!("{name}, again"), again, "µs"));
            }
        }
    }
    Ok(figures)
}

fn steps(tokens: &Tokens, spec: &Spec, texts: &[Vec<TokenId>], threads: usize) -> Result<(f64, f64)> {
    let (mut new, mut again) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let limits = Limits::default();
        let constraint = Constraint::new(build(spec, &[], &limits)?, tokens.vocab.clone(), limits);
        new.push(together(&constraint, texts, threads)?);
        again.push(together(&constraint, texts, threads)?);
    }
    let shortest = |times: &[f64]| times.iter().copied().fold(f64::INFINITY, f64::min);
    Ok((shortest(&new), shortest(&again)))
}

/// Follows all texts, those of one thread in turns; microseconds per step, by the clock.
fn together(constraint: &Arc<Constraint>, texts: &[Vec<TokenId>], threads: usize) -> Result<f64> {
    let barrier = Barrier::new(threads);
    let spans = std::thread::scope(|scope| {
        let run = |thread: usize| {
            let mine: Vec<&[TokenId]> =
                texts.iter().skip(thread).step_by(threads).map(Vec::as_slice).collect();
            let barrier = &barrier;
            scope.spawn(move || follow(constraint, &mine, barrier))
        };
        let running: Vec<_> = (0..threads).map(run).collect();
        running.into_iter().map(|thread| thread.join().map_err(|_| "a thread panicked")).collect::<Vec<_>>()
    });
    let (mut begin, mut end): (Option<Instant>, Option<Instant>) = (None, None);
    for span in spans {
        let (from, to) = span?.map_err(|error| error.to_string())?;
        begin = Some(begin.map_or(from, |begin| begin.min(from)));
        end = end.max(Some(to));
    }
    let (begin, end) = begin.zip(end).ok_or("no thread ran")?;
    Ok(micros(end - begin) / texts.iter().map(Vec::len).sum::<usize>() as f64)
}

type Span = std::result::Result<(Instant, Instant), agentc_constraint::MatchError>;

/// From when to when one thread followed its texts.
fn follow(constraint: &Arc<Constraint>, texts: &[&[TokenId]], barrier: &Barrier) -> Span {
    let begun: std::result::Result<Vec<Matcher>, _> =
        texts.iter().map(|_| Matcher::new(constraint, b"", 1_000_000)).collect();
    barrier.wait();
    let mut matchers = begun?;
    let started = Instant::now();
    for step in 0..texts.iter().map(|text| text.len()).max().unwrap_or_default() {
        for (matcher, text) in matchers.iter_mut().zip(texts) {
            if let Some(&token) = text.get(step) {
                std::hint::black_box(matcher.mask()?);
                matcher.commit(token)?;
            }
        }
    }
    Ok((started, Instant::now()))
}

/// As many texts as there are matchers.
fn texts(seed: u64, mut text: impl FnMut(&mut Random) -> String) -> Vec<String> {
    let mut random = Random::new(seed);
    (0..MATCHERS[MATCHERS.len() - 1]).map(|_| text(&mut random)).collect()
}

fn schema() -> Rows {
    let item = |random: &mut Random| {
        format!(r#"{{"id": {}, "name": "{} {}"}}"#, random.below(100_000), random.word(2), random.word(3))
    };
    let text = |random: &mut Random| {
        let items: Vec<String> = (0..5).map(|_| item(random)).collect();
        format!(r#"{{"title": "A list of {}", "items": [{}]}}"#, random.word(3), items.join(", "))
    };
    Rows { name: "rows of a schema", spec: Spec::Schema { schema: SCHEMA.into() }, texts: texts(11, text) }
}

fn string() -> Rows {
    let words = |random: &mut Random| (0..20).map(|_| random.word(2)).collect::<Vec<_>>().join(" ");
    let text = |random: &mut Random| format!("\"{}\"", words(random));
    let pattern = r#""[^"\\\x00-\x1f]{0,1024}""#.into();
    Rows { name: "rows of a string", spec: Spec::Regex { pattern }, texts: texts(12, text) }
}

fn grammar() -> Rows {
    const GRAMMAR: &str = r#"
        start: (NAME "=" sum ";" "\n")+
        sum: sum ("+" | "-") atom | atom
        atom: NAME | /[0-9]+/ | "(" sum ")"
        NAME: /[a-z_][a-z0-9_]*/
        %ignore " "
    "#;
    let line = |random: &mut Random| {
        let (a, b, c) = (random.word(2), random.word(1), random.below(1_000));
        format!("{a} = ({b} + {c}) - {a};\n")
    };
    let text = |random: &mut Random| (0..5).map(|_| line(random)).collect();
    let spec = Spec::Grammar { grammar: GRAMMAR.into(), syntax: GrammarSyntax::Lark, parts: Vec::new() };
    Rows { name: "rows of a grammar", spec, texts: texts(13, text) }
}
