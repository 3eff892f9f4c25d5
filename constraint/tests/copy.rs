//! `copy`: whole words of a text, by enumeration.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use agentc_constraint::spec::Spec;
use agentc_constraint::{BuildError, Limits, Pattern, build};

/// All runs of words, by a regex for words and all pairs of them.
fn runs(text: &str) -> BTreeSet<String> {
    let words: Vec<_> = regex::Regex::new(r"\w+|[^\w\s]").expect("a regex").find_iter(text).collect();
    let mut runs = BTreeSet::new();
    for (at, first) in words.iter().enumerate() {
        runs.extend(words[at..].iter().map(|last| text[first.start()..last.end()].to_owned()));
    }
    runs
}

#[test]
fn every_run_of_words_and_nothing_else() {
    for text in ["abc", "the cat, the  hat.", "$5 a_b 3x", "naïve—Über straße\n\"q\"", "a", "..", " x "]
    {
        let pattern =
            build(&Spec::Copy { hole: 0 }, &[vec![text.to_owned()]], &Limits::default()).expect("a pattern");
        let expected = runs(text);
        for from in (0..text.len()).filter(|&at| text.is_char_boundary(at)) {
            for to in (from..=text.len()).filter(|&at| text.is_char_boundary(at)) {
                let part = &text[from..to];
                assert_eq!(
                    pattern.is_match(part.as_bytes()),
                    expected.contains(part),
                    "{part:?} of {text:?}"
                );
            }
        }
    }
}

#[test]
fn inside_json_the_copy_is_a_string() {
    let spec = Spec::Array { item: Box::new(Spec::Copy { hole: 0 }), min: 1, max: Some(1) };
    let pattern = build(&spec, &[vec!["say \"hi\"\tnow".to_owned()]], &Limits::default()).expect("a pattern");
    assert!(pattern.is_match(br#"["\"hi\"\tnow"]"#));
    assert!(pattern.is_match(br#"["say"]"#));
    assert!(!pattern.is_match(br#"["sa"]"#));
    assert!(!pattern.is_match(br#"[say]"#));
}

#[test]
fn a_text_without_words_has_no_copies() {
    let error = build(&Spec::Copy { hole: 0 }, &[vec![" \n".to_owned()]], &Limits::default()).unwrap_err();
    assert_eq!(error, BuildError::Empty { what: "a copy from a text without words".to_owned() });
}

/// The same numbers on every platform.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % n as u64) as usize
    }
}

fn pattern(text: &str) -> Pattern {
    build(&Spec::Copy { hole: 0 }, &[vec![text.to_owned()]], &Limits::default()).expect("a pattern")
}

#[test]
fn texts_that_repeat_themselves_have_the_runs_that_they_have() {
    let parts = ["a", "b", "ab", " ", " ", "  ", "\n", ".", "é", "_", "abc", "a.b", "\u{a0}"];
    let mut random = Random(7);
    for round in 0..150 {
        let some = 2 + random.below(parts.len() - 1);
        let text: String = (0..1 + round / 3).map(|_| parts[random.below(some)]).collect();
        let expected = runs(&text);
        if expected.is_empty() {
            continue;
        }
        let pattern = pattern(&text);
        assert!(expected.iter().all(|run| pattern.is_match(run.as_bytes())), "{text:?}");
        for _ in 0..300 {
            let mut other: String = (0..1 + random.below(8)).map(|_| parts[random.below(some)]).collect();
            if random.below(2) == 0 {
                // Nearly one of them.
                let run = expected.iter().nth(random.below(expected.len())).unwrap();
                let at =
                    (0..=random.below(run.len() + 1)).rev().find(|at| run.is_char_boundary(*at)).unwrap();
                other = run[..at].to_owned() + &other;
            }
            assert_eq!(
                pattern.is_match(other.as_bytes()),
                expected.contains(&other),
                "{other:?} of {text:?}"
            );
        }
    }
}

/// A text of so many words, as language has them: few that are frequent, many that are rare.
fn words(count: usize) -> Vec<String> {
    let mut random = Random(3);
    let word = |random: &mut Random| {
        let rank = (30_000f64.powf(random.below(1 << 20) as f64 / f64::from(1 << 20)) - 1.0) as usize;
        (0..=rank.max(1).ilog2()).map(|at| char::from(b"etaoinshrdlu"[(rank >> at) % 12])).collect()
    };
    (0..count).map(|_| word(&mut random)).collect()
}

#[test]
fn a_long_text_can_be_copied_from() {
    let words = words(100_000);
    let text = words.join(" ");
    let pattern = pattern(&text);
    for at in [0, 1, 5000, 99_000] {
        let run = words[at..(at + 900).min(words.len())].join(" ");
        assert!(pattern.is_match(run.as_bytes()));
        assert!(!pattern.is_match(format!("{run} zzz").as_bytes()));
    }
    for line in ["the same line, again and again\n", "ab ", ". "] {
        let text = line.repeat(100_000 / line.len());
        let pattern = self::pattern(&text);
        assert_eq!(pattern.try_match(text.trim_end().as_bytes()), Ok(true), "{line:?}");
        assert!(!pattern.is_match(format!("{} x", text.trim_end()).as_bytes()));
    }
}

#[test]
fn a_text_that_is_too_long_is_refused_with_its_limit() {
    for text in ["a ".repeat(2_000_000), "word ".repeat(500_000)] {
        let error = build(&Spec::Copy { hole: 0 }, &[vec![text]], &Limits::default()).unwrap_err();
        assert!(error.to_string().contains("2000000 automaton instructions for the text to copy from"));
        assert!(error.hint().unwrap().contains("copy from a part of the text"));
    }
}
