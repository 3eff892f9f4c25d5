//! Masks over real vocabularies, token by token: the answer for every token is compared with reading the
//! token's bytes one by one through an independent automaton.

#![allow(clippy::print_stderr)]

mod support;

use std::sync::Arc;

use agentc_constraint::spec::{Spec, Stop};
use agentc_constraint::{Commit, Constraint, Limits, Matcher, TokenId, Vocab, build};
use regex_automata::dfa::Automaton;
use regex_automata::dfa::dense::{Builder, Config, DFA};
use regex_automata::util::primitives::StateID;
use regex_automata::{Anchored, MatchKind};
use support::{Random, gguf};

/// A full-match automaton of another library, and which of its states can still match.
struct Reference {
    dfa: DFA<Vec<u32>>,
}

impl Reference {
    fn new(pattern: &str) -> Reference {
        let config =
            Config::new().match_kind(MatchKind::All).start_kind(regex_automata::dfa::StartKind::Anchored);
        Reference { dfa: Builder::new().configure(config).build(pattern).expect("a pattern") }
    }

    fn start(&self) -> StateID {
        let config = regex_automata::util::start::Config::new().anchored(Anchored::Yes);
        self.dfa.start_state(&config).expect("a start")
    }

    fn is_member(&self, state: StateID) -> bool {
        self.dfa.is_match_state(self.dfa.next_eoi_state(state))
    }

    /// Dense automata keep no state that leads nowhere but to the dead one, so a live state can match.
    fn is_live(&self, state: StateID) -> bool {
        !self.dfa.is_dead_state(state)
            && (self.is_member(state)
                || (0..=255).any(|byte| {
                    let next = self.dfa.next_state(state, byte);
                    next != state && !self.dfa.is_dead_state(next)
                }))
    }

    fn allows(&self, state: StateID, token: &[u8]) -> bool {
        let mut state = state;
        for &byte in token {
            if self.is_member(state) {
                return true;
            }
            state = self.dfa.next_state(state, byte);
            if self.dfa.is_dead_state(state) {
                return false;
            }
        }
        self.is_live(state)
    }
}

const PATTERNS: &[&str] = &[
    r"[0-9]+",
    r#""([^"\\\x00-\x1f]|\\["\\/bfnrt])*""#,
    r"[A-Z][a-z]+( [A-Z][a-z]+)?",
    r#"\{"name": "[a-zA-Zé ]{1,20}", "age": [0-9]{1,3}\}"#,
    r"(?s:.{3,9})!",
    r"\w+@\w+\.com",
    r"日本(語|人)?",
];

#[test]
fn every_token_of_real_vocabularies_gets_the_right_answer() {
    let paths = gguf::available();
    if paths.is_empty() {
        eprintln!("skipped: there is neither a vocabulary beside the project nor the reference model");
        return;
    }
    for (seed, path) in paths.iter().enumerate() {
        let vocab = Arc::new(gguf::vocab(path));
        for pattern in PATTERNS {
            let spec = Spec::Regex { pattern: (*pattern).into() };
            let built = build(&spec, &[], &Limits::default()).expect("a pattern");
            let constraint = Constraint::new(built, vocab.clone(), Limits::default());
            let reference = Reference::new(pattern);
            let mut random = Random::new(seed as u64);
            walk(&constraint, &reference, &mut random, pattern);
        }
    }
}

fn walk(constraint: &Arc<Constraint>, reference: &Reference, random: &mut Random, pattern: &str) {
    let vocab = constraint.vocab();
    let mut matcher = Matcher::new(constraint, b"", 100_000).expect("a matcher");
    let mut state = reference.start();
    for _ in 0..8 {
        let mask = matcher.mask().expect("a mask");
        for token in (0..vocab.len() as TokenId).filter(|&token| !vocab.bytes(token).is_empty()) {
            let expected = reference.allows(state, vocab.bytes(token));
            assert_eq!(
                mask.contains(vocab, token),
                expected,
                "{:?} in {pattern}",
                String::from_utf8_lossy(vocab.bytes(token))
            );
        }
        let allowed: Vec<TokenId> = mask.iter(vocab).filter(|&token| !vocab.is_end(token)).collect();
        let token = *random.pick(&allowed);
        if matcher.commit(token).expect("a token of the mask") == Commit::Done {
            return;
        }
        state = vocab.bytes(token).iter().fold(state, |state, &byte| reference.dfa.next_state(state, byte));
    }
}

#[test]
fn free_text_with_a_stop_allows_every_token() {
    for path in gguf::available() {
        let vocab: Arc<Vocab> = Arc::new(gguf::vocab(&path));
        let value = Box::new(Spec::Text { min: 0, max: None });
        let spec = Spec::Until { value, stops: vec![Stop::Text { text: "\n".into() }] };
        let constraint = Constraint::new(
            build(&spec, &[], &Limits::default()).expect("a pattern"),
            vocab,
            Limits::default(),
        );
        assert!(Matcher::new(&constraint, b"", 100_000).expect("a matcher").mask().expect("a mask").is_all());
    }
}
