//! Templates, intersections and what a text has in it, at random: every text over a small alphabet is read by the pattern
//! and by a naive recogniser that shares no code with it, as plain text and as a string in JSON.

mod support;

use agentc_conformance::naive::{Naive, Reference};
use agentc_constraint::spec::{Needle, Piece, Place, Spec};
use agentc_constraint::{BuildError, Limit, Limits, MatchError, TemplateReader, build};
use support::Random;

const ALPHABET: [&str; 4] = ["a", "b", "\"", "é"];
const LONGEST: usize = 4;

fn texts() -> Vec<String> {
    let mut texts = vec![String::new()];
    for from in 0.. {
        let Some(text) = texts.get(from).filter(|text| text.chars().count() < LONGEST).cloned() else {
            break;
        };
        texts.extend(ALPHABET.map(|c| format!("{text}{c}")));
    }
    texts
}

fn short(random: &mut Random) -> String {
    (0..random.below(3)).map(|_| *random.pick(&ALPHABET)).collect()
}

/// A spec of plain texts.
fn spec(random: &mut Random, bindings: &mut Vec<Vec<String>>, depth: u32) -> Spec {
    let bind = |random: &mut Random, bindings: &mut Vec<Vec<String>>| {
        bindings.push((0..random.below(4)).map(|_| short(random)).collect());
        bindings.len() - 1
    };
    match random.below(if depth == 0 { 6 } else { 11 }) {
        0 => {
            let min = random.below(3) as u32;
            Spec::Text { min, max: [None, Some(min + random.below(3) as u32)][random.below(2) as usize] }
        }
        1 | 2 => {
            let patterns =
                ["a*", "[ab]+", "(ab|a)?b*", "(?s:.)é?", "[^b]{1,3}", "a{2}|\"+", "", "[ab\"]{0,5}"];
            Spec::Regex { pattern: (*random.pick(&patterns)).to_owned() }
        }
        3 => Spec::Literal { text: short(random) },
        4 => Spec::OneOf { hole: bind(random, bindings) },
        5 => {
            let text = match random.below(2) {
                0 => Needle::Text { text: short(random) },
                _ => Needle::Hole { hole: bind(random, bindings) },
            };
            Spec::Having { place: *random.pick(&[Place::Inside, Place::Start, Place::End]), text }
        }
        6 => Spec::Not { value: Box::new(spec(random, bindings, depth - 1)) },
        7 => Spec::Union { members: several(random, bindings, depth) },
        8 => Spec::And { members: several(random, bindings, depth) },
        _ => Spec::Template { parts: parts(random, bindings, depth) },
    }
}

fn several(random: &mut Random, bindings: &mut Vec<Vec<String>>, depth: u32) -> Vec<Spec> {
    (0..1 + random.below(3)).map(|_| spec(random, bindings, depth - 1)).collect()
}

fn parts(random: &mut Random, bindings: &mut Vec<Vec<String>>, depth: u32) -> Vec<Piece> {
    let part = |random: &mut Random, bindings: &mut Vec<Vec<String>>| match random.below(3) {
        0 => Piece::Text { text: short(random) },
        _ => Piece::Hole { name: None, value: spec(random, bindings, depth - 1) },
    };
    (0..1 + random.below(4)).map(|_| part(random, bindings)).collect()
}

/// Compares all answers; whether there is any value.
fn compare(spec: &Spec, bindings: &[Vec<String>], texts: &[String]) -> bool {
    let mut naive = Naive::new(&Reference::Spec(spec.clone(), bindings.to_vec())).expect("a recogniser");
    let pattern = match build(spec, bindings, &Limits::default()) {
        Ok(pattern) => pattern,
        Err(BuildError::Empty { .. }) => {
            assert!(naive.start().is_none(), "{spec:?} of {bindings:?} is not empty");
            return false;
        }
        Err(error) => panic!("{spec:?} of {bindings:?}: {error}"),
    };
    assert!(naive.start().is_some(), "{spec:?} of {bindings:?} is empty");
    for text in texts {
        let (said, is_match) = (naive.is_match(text.as_bytes()), pattern.is_match(text.as_bytes()));
        assert_eq!(is_match, said, "{text:?} of {spec:?} of {bindings:?}");
    }
    true
}

#[test]
fn random_texts_are_those_of_the_naive_recogniser() {
    let plain = texts();
    let quoted: Vec<String> =
        plain.iter().map(|text| serde_json::Value::from(text.as_str()).to_string()).collect();
    let mut living = 0;
    for seed in 0..700 {
        let (mut random, mut bindings) = (Random::new(seed), Vec::new());
        let spec = spec(&mut random, &mut bindings, 3);
        let is_living = compare(&spec, &bindings, &plain);
        let in_json = Spec::JsonOf { value: Box::new(spec) };
        assert_eq!(compare(&in_json, &bindings, &quoted), is_living, "{in_json:?} of {bindings:?}");
        living += usize::from(is_living);
    }
    assert!(living > 300, "only {living} have values");
}

#[test]
fn random_holes_take_what_the_rule_says() {
    let (texts, mut read) = (texts(), 0);
    for seed in 0..150 {
        let (mut random, mut bindings) = (Random::new(seed), Vec::new());
        let parts = parts(&mut random, &mut bindings, 2);
        let Ok(reader) = TemplateReader::new(&parts, &bindings, &Limits::default()) else { continue };
        for text in texts.iter().filter(|text| text.chars().count() < LONGEST) {
            let took = reader.read(text).expect("no limit");
            let took: Option<Vec<&str>> =
                took.map(|holes| holes.into_iter().map(|range| &text[range]).collect());
            let said = support::holes::taken(&parts, &bindings, text);
            assert_eq!(took, said, "{text:?} of {parts:?} of {bindings:?}");
            read += usize::from(took.is_some());
        }
    }
    assert!(read > 1000, "only {read} texts are read");
}

#[test]
fn long_texts_are_read_in_few_steps() {
    let hole = |value: Spec| Piece::Hole { name: None, value };
    let text = |text: &str| Piece::Text { text: text.to_owned() };
    let any = || Spec::Text { min: 0, max: None };
    let parts =
        [hole(any()), text(", "), hole(any()), text("; "), hole(Spec::Text { min: 0, max: Some(500) })];
    let limits = Limits { read_steps: 2_000_000, ..Limits::default() };
    let reader = TemplateReader::new(&parts, &[], &limits).expect("a template");
    let long = format!("{}{}", "a, ".repeat(50_000), "b; ".repeat(50));
    let took = reader.read(&long).expect("few steps").expect("a text");
    assert_eq!(took[0], 0..149_998);
    let few = Limits { read_steps: 10_000, ..Limits::default() };
    let error = TemplateReader::new(&parts, &[], &few).expect("a template").read(&long);
    assert!(
        matches!(error, Err(MatchError::TooLarge { what: Limit::ReadSteps, limit: 10_000 })),
        "{error:?}"
    );
    let ambiguous = "a".repeat(5000);
    let count = |max| Spec::Text { min: 0, max };
    let holes: Vec<Piece> = (0..6).map(|at| hole(count(Some(200 + at)))).chain([text("b")]).collect();
    let reader = TemplateReader::new(&holes, &[], &limits).expect("a template");
    let error = reader.read(&ambiguous).map(|took| took.is_some());
    assert!(matches!(error, Ok(false) | Err(_)), "{error:?}");
}
