//! `copy`: whole words of a text, by enumeration.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use agentc_constraint::spec::Spec;
use agentc_constraint::{BuildError, Limits, build};

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
