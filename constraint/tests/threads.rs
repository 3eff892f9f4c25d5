//! Generations that share a constraint, on many threads: each has the masks that it would have alone.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier};

use agentc_constraint::spec::{GrammarSyntax, Spec, Stop};
use agentc_constraint::{
    Commit, Constraint, Limits, MatchError, Matcher, Next, TokenId, Tokenize, Vocab, build,
};
use support::{Greedy, Random};

const GENERATIONS: u64 = 60;
const THREADS: u64 = 4;
const STEPS: usize = 40;

struct Subject {
    name: &'static str,
    spec: Spec,
    bindings: Vec<Vec<String>>,
}

fn subjects() -> Vec<Subject> {
    let subject = |name, spec| Subject { name, spec, bindings: Vec::new() };
    let regex = |pattern: &str| Spec::Regex { pattern: pattern.into() };
    let lark = |grammar: &str| Spec::Grammar {
        grammar: grammar.into(),
        syntax: GrammarSyntax::Lark,
        parts: Vec::new(),
    };
    let schema = r#"{
        "type": "object",
        "properties": {"id": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string", "maxLength": 9}}},
        "required": ["id"], "additionalProperties": {"enum": [1, "one", null]}
    }"#;
    let sums = r#"
        start: sum
        sum: sum ("+" | "-") atom | atom
        atom: NAME | /[0-9]+/ | "(" sum ")" | "if" sum "then" sum ["else" sum]
        NAME: /[a-z]+/
        %ignore " "
    "#;
    let text = "The cat, the hat and \"the\" mat: 12 of them, if not 13.".to_owned();
    let words = Spec::Until {
        value: Box::new(regex("([a-z]{1,6} ){2,9}")),
        stops: vec![Stop::Regex { pattern: "a[b-n] ".into() }],
    };
    vec![
        subject("words", regex("([a-z]+ ){5,30}")),
        subject("a bounded string", regex(r#""[^"\\]{2,20}"(, [0-9]{1,4}){0,3}"#)),
        subject("words with stops", words),
        subject("a schema", Spec::Schema { schema: schema.into() }),
        subject("a map", Spec::Map { value: Box::new(Spec::Json) }),
        subject("a grammar", lark(sums)),
        Subject { name: "a copy", spec: Spec::Copy { hole: 0 }, bindings: vec![vec![text]] },
    ]
}

/// All ASCII bytes, but for some that only longer tokens have, and random texts of what is common.
fn vocabulary(seed: u64) -> Arc<Vocab> {
    let parts =
        ["\"", ", ", ": ", "{", "}", "[", "]", "th", "he", "at", "if ", "an", "12", "3", " ", "\\n", "é"];
    let mut random = Random::new(seed);
    let mut tokens: Vec<Option<Vec<u8>>> = (b' '..=b'~').map(|byte| Some(vec![byte])).collect();
    if seed % 2 == 1 {
        tokens.retain(|token| token.as_deref() != Some(b"h"));
    }
    for _ in 0..200 {
        let text: String = (0..1 + random.below(4)).map(|_| *random.pick(&parts)).collect();
        tokens.push(Some(text.into_bytes()));
    }
    tokens.push(None);
    Arc::new(Vocab::new(&tokens, &[tokens.len() as TokenId - 1]).expect("a vocabulary"))
}

fn constraint(subject: &Subject, vocab: &Arc<Vocab>, limits: &Limits) -> Arc<Constraint> {
    let pattern = build(&subject.spec, &subject.bindings, limits).expect("a pattern");
    Constraint::new(pattern, vocab.clone(), limits.clone())
}

/// A generation by random choices, and all that it came upon.
struct Generation {
    matcher: Matcher,
    random: Random,
    seen: Vec<(Vec<TokenId>, TokenId)>,
    error: Option<MatchError>,
    is_done: bool,
}

impl Generation {
    /// A third of them have few tokens more than they need.
    fn new(constraint: &Arc<Constraint>, number: u64) -> Generation {
        let mut random = Random::new(number);
        let fewest = constraint.fewest_tokens().expect("a number").unwrap_or_default() as u32;
        let max = if number.is_multiple_of(3) { fewest + random.below(9) as u32 } else { 1_000 };
        let matcher = Matcher::new(constraint, b"", max).expect("a matcher");
        Generation { matcher, random, seen: Vec::new(), error: None, is_done: false }
    }

    fn step(&mut self, vocab: &Arc<Vocab>) {
        match self.take_token(vocab) {
            Ok(is_done) => self.is_done = is_done || self.seen.len() >= STEPS,
            Err(error) => (self.error, self.is_done) = (Some(error), true),
        }
    }

    fn take_token(&mut self, vocab: &Arc<Vocab>) -> Result<bool, MatchError> {
        match self.matcher.next(&Greedy(vocab))? {
            Next::Done => return Ok(true),
            Next::Forced(tokens) => {
                self.seen.extend(tokens.into_iter().map(|token| (Vec::new(), token)));
                return Ok(false);
            }
            Next::Choose => {}
        }
        let mask: Vec<TokenId> = self.matcher.mask()?.iter(vocab).collect();
        let token = *self.random.pick(&mask);
        if self.random.below(8) == 0 {
            let mut other = self.matcher.clone();
            other.commit(*self.random.pick(&mask))?;
            other.rollback(1)?;
            let again: Vec<TokenId> = other.mask()?.iter(vocab).collect();
            assert_eq!(again, mask, "after a token was taken back");
        }
        self.seen.push((mask, token));
        Ok(self.matcher.commit(token)? == Commit::Done)
    }

    fn whole(mut self, vocab: &Arc<Vocab>) -> Generation {
        while !self.is_done {
            self.step(vocab);
        }
        self
    }
}

/// The generations of one thread, a step of a random one at a time.
fn interleaved(constraint: &Arc<Constraint>, thread: u64, barrier: &Barrier) -> Vec<(u64, Generation)> {
    let numbers = (0..GENERATIONS).filter(|number| number % THREADS == thread);
    let mut random = Random::new(thread + 77);
    barrier.wait();
    let mut all: Vec<(u64, Generation)> =
        numbers.map(|number| (number, Generation::new(constraint, number))).collect();
    loop {
        let open: Vec<usize> = (0..all.len()).filter(|&at| !all[at].1.is_done).collect();
        if open.is_empty() {
            return all;
        }
        all[*random.pick(&open)].1.step(constraint.vocab());
    }
}

#[test]
fn every_thread_has_the_masks_of_one_alone() {
    let tiny = Limits { mask_cache_bytes: 300, ..Limits::default() };
    let mut compared = 0;
    for (subject, seed) in subjects().iter().zip(0..) {
        for (limits, seed) in [(Limits::default(), seed), (tiny.clone(), seed + 1)] {
            let vocab = vocabulary(seed);
            // Alone: no other generation has ever used the constraint.
            let alone: Vec<Generation> = (0..GENERATIONS)
                .map(|n| Generation::new(&constraint(subject, &vocab, &Limits::default()), n).whole(&vocab))
                .collect();
            let shared = constraint(subject, &vocab, &limits);
            let barrier = Barrier::new(THREADS as usize);
            let threads: Vec<Vec<(u64, Generation)>> = std::thread::scope(|scope| {
                let run = |thread| {
                    let (shared, barrier) = (&shared, &barrier);
                    scope.spawn(move || interleaved(shared, thread, barrier))
                };
                let running: Vec<_> = (0..THREADS).map(run).collect();
                running.into_iter().map(|thread| thread.join().expect("a thread")).collect()
            });
            for (number, generation) in threads.into_iter().flatten() {
                let expected = &alone[number as usize];
                assert_eq!(generation.seen, expected.seen, "{}, generation {number}", subject.name);
                assert_eq!(generation.error, expected.error, "{}, generation {number}", subject.name);
                compared += expected.seen.len();
            }
        }
    }
    assert!(compared > 5_000, "only {compared} masks were compared");
}

/// The caches stay within their bound, whoever fills them.
#[test]
fn caches_are_bounded() {
    let limits = Limits { mask_cache_bytes: 2_000, ..Limits::default() };
    for subject in subjects() {
        let vocab = vocabulary(3);
        let shared = constraint(&subject, &vocab, &limits);
        let barrier = Barrier::new(THREADS as usize);
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (shared, barrier) = (&shared, &barrier);
                scope.spawn(move || interleaved(shared, thread, barrier));
            }
        });
        // Links are dropped before a mask is made, all of those that one mask takes are kept.
        let mask = 200;
        let stats = shared.cache_stats();
        assert!(stats.mask_bytes < 2_000 + 60 * mask, "{}: {stats:?}", subject.name);
    }
}

/// A tokenizer that fails.
struct Broken;

impl Tokenize for Broken {
    fn tokenize(&self, _: &[u8]) -> Vec<TokenId> {
        panic!("no tokens")
    }
}

#[test]
fn a_panic_of_one_harms_no_other() {
    let subject = Subject {
        name: "forced text",
        spec: Spec::Regex { pattern: "(the hat|the cat) [a-z]+".into() },
        bindings: Vec::new(),
    };
    let vocab = vocabulary(2);
    let alone = Generation::new(&constraint(&subject, &vocab, &Limits::default()), 1).whole(&vocab);
    let shared = constraint(&subject, &vocab, &Limits::default());
    let mut matcher = Matcher::new(&shared, b"", 100).expect("a matcher");
    for _ in 0..3 {
        assert!(catch_unwind(AssertUnwindSafe(|| matcher.next(&Broken))).is_err());
        let other = Generation::new(&shared, 1).whole(&vocab);
        assert_eq!((other.seen, other.error), (alone.seen.clone(), alone.error.clone()));
    }
}
