//! Stops, endings, forced text and streaming: what users of constrained generation rely on, at the level of
//! tokens. A tiny model that wants to write one text drives the matcher.

mod support;

use std::sync::Arc;

use agentc_constraint::spec::{Spec, Stop};
use agentc_constraint::{BuildError, Commit, Constraint, End, Limits, Matcher, Next, TokenId, Vocab, build};
use support::{Greedy, Random};

const PIECES: &[&str] = &[
    "12", "123", "23", "233", "3 3", " No", "No", " Yes", "Yes", ", ", ", 9", " 9", "9,", "8,", "is", "is.",
    "ice", "nice", " and", " man", "man.", "\n\n", "ab", "abc", "bc", "oh", "hn", "ohn", "42", "Hz", "[\"",
    "\",", "\"]", "é", "日本", "://", "http", "http:",
];

fn vocab() -> Arc<Vocab> {
    let bytes = (0..=255u8).map(|byte| Some(vec![byte]));
    let pieces = PIECES.iter().map(|piece| Some(piece.as_bytes().to_vec()));
    let tokens: Vec<Option<Vec<u8>>> = bytes.chain(pieces).chain([None]).collect();
    let end = tokens.len() as TokenId - 1;
    Arc::new(Vocab::new(&tokens, &[end]).expect("a vocabulary"))
}

fn constraint(spec: &Spec) -> Arc<Constraint> {
    Constraint::new(build(spec, &[], &Limits::default()).expect("a pattern"), vocab(), Limits::default())
}

/// What a model writes that wants to write `wanted`, longest tokens first, and then to end its turn.
struct Written {
    value: String,
    end: End,
    /// Tokens after which the value was not yet over, with the stable text after each.
    stable: Vec<String>,
}

fn write(constraint: &Arc<Constraint>, heal: &str, wanted: &str) -> Written {
    let vocab = constraint.vocab().clone();
    let tokenizer = Greedy(&vocab);
    let mut matcher = Matcher::new(constraint, heal.as_bytes(), 64).expect("a matcher");
    let mut stable = Vec::new();
    loop {
        match matcher.next(&tokenizer).expect("a way on") {
            Next::Done => break,
            Next::Forced(_) => {}
            Next::Choose => {
                let mask = matcher.mask().expect("a mask");
                let so_far: Vec<u8> =
                    matcher.tokens().iter().flat_map(|&t| vocab.bytes(t)).copied().collect();
                let token =
                    preferred(&vocab, &mask.iter(&vocab).collect::<Vec<_>>(), &so_far, wanted.as_bytes());
                if matcher.commit(token).expect("a token of the mask") == Commit::Done {
                    break;
                }
            }
        }
        stable.push(String::from_utf8_lossy(matcher.stable()).into_owned());
    }
    let done = matcher.finish(&tokenizer).expect("a value");
    let kept: Vec<u8> = matcher.tokens()[..done.keep]
        .iter()
        .chain(&done.tail)
        .flat_map(|&t| vocab.bytes(t))
        .copied()
        .collect();
    let value = String::from_utf8(done.value).expect("text");
    assert_eq!(String::from_utf8_lossy(&kept), format!("{heal}{value}"), "the tokens spell the value");
    Written { value, end: done.end, stable }
}

/// The longest allowed token that goes on as wanted, else the end of the turn, else the first allowed.
fn preferred(vocab: &Vocab, allowed: &[TokenId], so_far: &[u8], wanted: &[u8]) -> TokenId {
    let rest = wanted.strip_prefix(so_far).unwrap_or_default();
    let fits = |&&token: &&TokenId| !vocab.bytes(token).is_empty() && rest.starts_with(vocab.bytes(token));
    let best = allowed.iter().filter(fits).max_by_key(|&&token| vocab.bytes(token).len());
    let end = allowed.iter().find(|&&token| vocab.is_end(token));
    *best.or(end).or(allowed.first()).expect("a mask is never empty")
}

fn regex(pattern: &str) -> Spec {
    Spec::Regex { pattern: pattern.into() }
}

fn text() -> Spec {
    Spec::Text { min: 0, max: None }
}

fn until(value: Spec, stops: &[&str]) -> Spec {
    Spec::Until {
        value: Box::new(value),
        stops: stops.iter().map(|&text| Stop::Text { text: text.into() }).collect(),
    }
}

fn literals(texts: &[&str]) -> Spec {
    Spec::Union { members: texts.iter().map(|&text| Spec::Literal { text: text.into() }).collect() }
}

#[test]
fn behaviours_of_values() {
    for (spec, heal, wanted, value) in [
        (regex(r".?233"), "", "42333", "4233"),
        (regex(r".?233"), "", "2333", "233"),
        (regex(r"\d+"), "", "123abc", "123"),
        (regex(r"(Scott is bad)?(\d+)?o"), "", "ohn", "o"),
        (regex(r"\d*"), "", "", ""),
        (literals(&["a", "ab", "c"]), "", "abd", "ab"),
        (literals(&["a", "ab", "c"]), "", "ad", "a"),
        (literals(&["", "nope"]), "", "", ""),
        (literals(&["Yes", "No"]), " ", " No", "No"),
        (regex(r"5*"), "", "42", ""),
        (regex(r"[1-4][0-9]"), "", "42", "42"),
        (literals(&["nice", "nice man."]), "", "nice and", "nice"),
        (literals(&["nice", "nice man."]), "", "nice man. ok", "nice man."),
        (regex(r"[A-Z][a-z]+"), "", "Paris. It", "Paris"),
        (regex(r"[a-z]+"), "", "is. It", "is"),
        (regex(r#""[^"]*""#), "", "\"ab\", ", "\"ab\""),
        (text(), "http:", "http://ab", "//ab"),
        (text(), "", "日本é", "日本é"),
        (Spec::Int { min: Some(0), max: Some(9) }, "", "12", "1"),
        (Spec::Bool, "", "true", "true"),
        (Spec::Text { min: 2, max: Some(3) }, "", "日本éab", "日本é"),
    ] {
        let written = write(&constraint(&spec), heal, wanted);
        assert_eq!(written.value, value, "{spec:?} where {wanted:?} is wanted");
    }
}

#[test]
fn behaviours_of_stops() {
    for (spec, wanted, value, stop) in [
        (until(text(), &[", 9"]), "8, 9, 10", "8", Some(", 9")),
        (until(text(), &[","]), "8, 9, 10", "8", Some(",")),
        (until(text(), &["\n", ".", "!"]), "park! ok", "park", Some("!")),
        (until(text(), &["\n"]), "ab\n\nc", "ab", Some("\n")),
        (until(text(), &["aab"]), "aaaab", "aa", Some("aab")),
        (until(text(), &["abcd", "bc"]), "abcd", "a", Some("bc")),
        (until(text(), &["zz"]), "abz", "abz", None),
        (until(regex(r"\d+"), &[","]), "12,3", "12", Some(",")),
        (until(regex(r"\d+(,\d+)?"), &[","]), "12,3", "12", Some(",")),
    ] {
        let written = write(&constraint(&spec), "", wanted);
        let expected = stop.map(|text| End::Stop { text: text.into() });
        assert_eq!(written.value, value, "{spec:?} where {wanted:?} is wanted");
        if expected.is_some() {
            assert_eq!(Some(written.end), expected, "{spec:?} where {wanted:?} is wanted");
        }
    }
    for (pattern, wanted, value) in
        [(r"\d233", "a3233", "a"), (r"\d+233", "a3233", "a"), (r"\d+233", "a333233", "a")]
    {
        let stops = vec![Stop::Regex { pattern: pattern.into() }];
        let spec = Spec::Until { value: Box::new(text()), stops };
        assert_eq!(write(&constraint(&spec), "", wanted).value, value, "{pattern}");
    }
}

#[test]
fn a_value_that_is_not_complete_cannot_be_stopped() {
    let written = write(&constraint(&until(regex(r#""[^"]*""#), &["\n"])), "", "\"a\nb\"");
    assert!(
        written.value.starts_with("\"a") && written.value.ends_with('"') && !written.value.contains('\n')
    );
}

#[test]
fn text_that_a_stop_may_take_is_not_shown() {
    let written = write(&constraint(&until(text(), &[", 9"])), "", "8, 8, 9");
    assert_eq!(written.value, "8, 8");
    for shown in &written.stable {
        assert!(written.value.starts_with(shown), "{shown:?} was shown too early");
    }
    assert!(written.stable.iter().any(|shown| shown == "8, 8"), "{:?}", written.stable);
}

#[test]
fn a_stop_that_every_value_contains_is_an_empty_language() {
    let limits = Limits::default();
    assert!(matches!(build(&until(regex("a,b"), &[","]), &[], &limits), Err(BuildError::Empty { .. })));
    assert!(build(&until(regex("a,b|c"), &[","]), &[], &limits).is_ok());
    assert_eq!(build(&until(text(), &[""]), &[], &limits).err(), Some(BuildError::EmptyStop));
}

/// Random texts over few letters, so that stops occur often; the definition is a search from the left.
#[test]
fn stops_agree_with_a_search() {
    let mut random = Random::new(7);
    let vocab = vocab();
    for _ in 0..2000 {
        let stops: Vec<String> = (0..1 + random.below(3))
            .map(|_| (0..1 + random.below(3)).map(|_| *random.pick(b"ab") as char).collect())
            .collect();
        let wanted: String = (0..12).map(|_| *random.pick(b"abc") as char).collect();
        let names: Vec<&str> = stops.iter().map(String::as_str).collect();
        let written = write(
            &Constraint::new(
                build(&until(text(), &names), &[], &Limits::default()).expect("a pattern"),
                vocab.clone(),
                Limits::default(),
            ),
            "",
            &wanted,
        );
        let ends = |to: &usize| stops.iter().any(|stop| wanted[..*to].ends_with(stop.as_str()));
        let expected = match (1..=wanted.len()).find(ends) {
            None => wanted.as_str(),
            Some(to) => {
                let longest =
                    stops.iter().filter(|stop| wanted[..to].ends_with(stop.as_str())).map(String::len).max();
                &wanted[..to - longest.unwrap_or(0)]
            }
        };
        assert_eq!(written.value, expected, "{wanted:?} with stops {stops:?}");
    }
}

#[test]
fn fixed_text_is_forced_and_the_border_is_left_to_the_model() {
    let vocab = vocab();
    let tokenizer = Greedy(&vocab);
    let mut matcher =
        Matcher::new(&constraint(&regex(r#"http://\[("[a-z]*",?)*\]"#)), b"", 64).expect("a matcher");
    let Next::Forced(tokens) = matcher.next(&tokenizer).expect("a way on") else {
        panic!("nothing is forced")
    };
    let text: Vec<u8> = tokens.iter().flat_map(|&token| vocab.bytes(token)).copied().collect();
    assert_eq!(String::from_utf8_lossy(&text), "http://", "`[` could be a part of the token `[\"`");
    assert_eq!(matcher.next(&tokenizer), Ok(Next::Choose));
    let allowed: Vec<&[u8]> = matcher
        .mask()
        .expect("a mask")
        .iter(&vocab)
        .map(|token| vocab.bytes(token))
        .map(|b| b.to_vec().leak() as &[u8])
        .collect();
    assert_eq!(allowed, [&b"["[..], b"[\""]);
}

#[test]
fn counted_repeats_behave_as_if_they_were_written_out() {
    let limits = Limits::default();
    for (counted, written_out) in [
        ("[ab]{30,40}", "[ab]".repeat(30) + &"[ab]?".repeat(10)),
        ("(ab|a){25,27}c", "(ab|a)".repeat(25) + &"(ab|a)?".repeat(2) + "c"),
        ("([ab]{26}c){2}", format!("{0}c{0}c", "[ab]".repeat(26))),
        ("(a{0,30}b){0,26}", "(a{0,30}b)?".repeat(26)),
        ("(.*a){0,30}", "(.*a)?".repeat(30)),
    ] {
        let counted = build(&regex(counted), &[], &limits).expect("a pattern");
        let reference = regex::Regex::new(&format!("^(?:{written_out})$")).expect("a regex");
        let mut random = Random::new(3);
        for _ in 0..3000 {
            let length = random.below(90);
            let bytes: &[u8] =
                [&b"ab"[..], b"aaab", b"abc", b"aaaaaaaaaaaaaaaaaaaaaaaaaab"][random.below(4) as usize];
            let text: String = (0..length).map(|_| *random.pick(bytes) as char).collect();
            assert_eq!(counted.is_match(text.as_bytes()), reference.is_match(&text), "{text}");
        }
    }
}

#[test]
fn masks_do_not_depend_on_counts_that_are_far_from_their_bounds() {
    let vocab = vocab();
    let many = constraint(&regex(r#""[^"]{3,5000}""#));
    let few = constraint(&regex(r#""[^"]{3,}""#));
    let (mut a, mut b) =
        (Matcher::new(&many, b"", 9000).expect("a"), Matcher::new(&few, b"", 9000).expect("b"));
    let mut random = Random::new(5);
    for _ in 0..600 {
        let (x, y) = (a.mask().expect("a mask"), b.mask().expect("a mask"));
        assert_eq!(x, y);
        let inside: Vec<TokenId> = x
            .iter(&vocab)
            .filter(|&token| !vocab.bytes(token).contains(&b'"') || a.tokens().is_empty())
            .collect();
        let token = *random.pick(&inside);
        if (a.commit(token).expect("allowed"), b.commit(token).expect("allowed"))
            != (Commit::More, Commit::More)
        {
            break;
        }
    }
    assert!(many.cache_stats().masks < 40, "{:?}", many.cache_stats());
}

#[test]
fn hostile_patterns_end_in_errors_or_work() {
    let limits = Limits::default();
    for pattern in [
        r"(\w{0,1000}){0,1000}",
        r"((a{0,1000}){0,1000}){0,1000}",
        r"(((((((a{30}){30}){30}){30}){30}){30}){30})",
        r"(a|b|ab)*c{5000}",
        r"(\w|\w\w|\w\w\w){900}",
        r"\w{0,100000}",
        r"([a-z]{0,40}[0-9]{0,40}){0,40}",
        r"(x*)*(y*)*",
        r"((a{1000}){1000}){1000}",
        r"(a{65000}){65000}",
        r"b|(((a{1000}){1000}){1000}){1000}",
    ] {
        match build(&regex(pattern), &[], &limits) {
            Ok(pattern) => _ = pattern.is_match(&b"ab".repeat(40)),
            Err(error) => {
                assert!(matches!(error, BuildError::TooLarge { .. } | BuildError::Regex { .. }), "{error}")
            }
        }
    }
    let many: Vec<String> = (0..100_000).map(|n| format!("option {n}")).collect();
    let pattern = build(&Spec::OneOf { hole: 0 }, &[many], &limits).expect("a pattern");
    assert!(pattern.is_match(b"option 99999") && !pattern.is_match(b"option 100000"));
}

#[test]
fn an_end_beyond_all_budgets_is_not_taken() {
    let vocab = vocab();
    let constraint = constraint(&regex("b|(((a{1000}){1000}){1000}){1000}"));
    let mut matcher = Matcher::new(&constraint, b"", 5).expect("`b` fits");
    let mask = matcher.mask().expect("a mask");
    assert!(mask.iter(&vocab).all(|token| vocab.bytes(token).starts_with(b"b")));
    assert!(mask.contains(&vocab, TokenId::from(b'b')));
}

/// The shortest text of a type need not be the one with the fewest tokens.
#[test]
fn a_bound_that_some_text_fits_is_enough() {
    let tokens: Vec<Option<Vec<u8>>> =
        (0..=255u8).map(|byte| vec![byte]).chain([b"there".to_vec()]).map(Some).chain([None]).collect();
    let vocab = Arc::new(Vocab::new(&tokens, &[257]).expect("a vocabulary"));
    let pattern = build(&regex("[a-z]{5}"), &[], &Limits::default()).expect("a pattern");
    let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
    let mut matcher = Matcher::new(&constraint, b"", 1).expect("`there` is one token");
    let allowed: Vec<TokenId> = matcher.mask().expect("a mask").iter(&vocab).collect();
    assert_eq!(allowed, [256]);
}

#[test]
fn errors_name_the_thing() {
    let limits = Limits::default();
    let error = |spec: &Spec| build(spec, &[], &limits).expect_err("an error");
    assert!(matches!(error(&regex(r"[^\s\S]")), BuildError::Empty { .. }));
    assert!(matches!(error(&regex(r"a(?=b)")), BuildError::LookAround { span: Some(_), .. }));
    assert!(matches!(error(&regex(r"a\bb")), BuildError::LookAround { .. }));
    assert!(matches!(error(&regex("(")), BuildError::Regex { span: Some(_), .. }));
    assert!(matches!(error(&Spec::OneOf { hole: 0 }), BuildError::UnboundHole { hole: 0 }));
    assert!(matches!(error(&Spec::Int { min: Some(3), max: Some(1) }), BuildError::Bounds { .. }));
    assert!(build(&regex("^a+$"), &[], &limits).expect("anchors say nothing").is_match(b"aa"));
}
