//! Facts about patterns against their definition: random regular expressions over a small alphabet, and
//! every text up to a length, matched by an independent engine.

mod support;

use agentc_constraint::facts::{self, Extent};
use agentc_constraint::spec::{Spec, Stop};
use agentc_constraint::{BuildError, Limits, Pattern, build};
use support::Random;

const ALPHABET: &[&str] = &["a", "b", "é"];
const LONGEST: usize = 7;
const FUEL: usize = 1_000_000;

/// Every text of at most so many characters.
fn texts(longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut at = 0;
    while let Some(text) = all.get(at).cloned() {
        if text.chars().count() < longest {
            all.extend(ALPHABET.iter().map(|c| format!("{text}{c}")));
        }
        at += 1;
    }
    all
}

/// Texts of finite languages have at most so many characters, and differences show within as many more.
const FINITE: usize = 4;

/// A small random expression: with a depth of 2 its texts are told apart by short ones.
fn expression(random: &mut Random, depth: u32) -> String {
    if depth == 0 || random.below(5) == 0 {
        return (*random.pick(&["a", "b", "é", "[ab]", "[aé]", ""])).to_owned();
    }
    let (x, y) = (expression(random, depth - 1), expression(random, depth - 1));
    match random.below(6) {
        0 | 1 => format!("{x}{y}"),
        2 => format!("(?:{x}|{y})"),
        3 => format!("(?:{x})*"),
        4 => format!("(?:{x})?"),
        _ => format!("(?:{x}){{1,2}}"),
    }
}

fn stop(random: &mut Random) -> &'static str {
    random.pick::<&str>(&["a", "b", "ab", "ba", "é", "aa"])
}

/// A language by its members of at most [`LONGEST`] characters, and the pattern that is asked about it.
struct Language {
    shown: String,
    pattern: Pattern,
    members: Vec<bool>,
}

/// `None` if there is no value.
fn language(regex: &str, stops: &[&str], texts: &[String]) -> Option<Language> {
    let naive = regex::Regex::new(&format!("^(?:{regex})$")).expect("a regex");
    let members: Vec<bool> = texts
        .iter()
        .map(|text| naive.is_match(text) && !stops.iter().any(|stop| text.contains(stop)))
        .collect();
    let value = Spec::Regex { pattern: regex.to_owned() };
    let spec = match stops {
        [] => value,
        _ => Spec::Until {
            value: Box::new(value),
            stops: stops.iter().map(|text| Stop::Text { text: (*text).to_owned() }).collect(),
        },
    };
    let shown = format!("{regex} with {stops:?}");
    let empty = facts::is_empty(&spec, &[], &Limits::default());
    assert_eq!(empty, Some(!members.contains(&true)), "{shown}");
    let pattern = match build(&spec, &[], &Limits::default()) {
        Ok(pattern) => pattern,
        Err(BuildError::Empty { .. }) => return None,
        Err(other) => panic!("{shown}: {other}"),
    };
    Some(Language { shown, pattern, members })
}

/// So many languages, with stops and without.
fn languages(seed: u64, count: usize, texts: &[String]) -> Vec<Language> {
    let mut random = Random::new(seed);
    let mut all = Vec::new();
    while all.len() < count {
        let regex = expression(&mut random, 2);
        let stops: Vec<&str> = (0..random.below(3)).map(|_| stop(&mut random)).collect();
        all.extend(language(&regex, &stops, texts));
    }
    all
}

fn extent(sizes: impl Iterator<Item = usize> + Clone, finite: bool) -> Extent {
    Extent { least: sizes.clone().min().unwrap_or(0), most: sizes.max().filter(|_| finite) }
}

#[test]
fn sizes_agree_with_the_members() {
    let texts = texts(LONGEST);
    let (mut finite, mut infinite) = (0, 0);
    for language in languages(1, 600, &texts) {
        let members = texts.iter().zip(&language.members).filter(|(_, member)| **member).map(|(t, _)| t);
        let is_finite = members.clone().all(|text| text.chars().count() <= FINITE);
        let sizes = language.pattern.sizes(FUEL).expect("few states");
        let chars = extent(members.clone().map(|t| t.chars().count()), is_finite);
        assert_eq!(sizes.chars, chars, "{}", language.shown);
        assert_eq!(sizes.bytes, extent(members.map(String::len), is_finite), "{}", language.shown);
        *(if is_finite { &mut finite } else { &mut infinite }) += 1;
    }
    assert!(finite > 100 && infinite > 100, "{finite} {infinite}");
}

#[test]
fn inclusion_and_overlap_agree_with_the_members() {
    let texts = texts(LONGEST);
    let all = languages(2, 150, &texts);
    let (mut included, mut apart) = (0, 0);
    for (a, b) in all.iter().flat_map(|a| all.iter().map(move |b| (a, b))) {
        let mut both = a.members.iter().zip(&b.members);
        let holds = both.clone().all(|(a, b)| *a || !*b);
        let disjoint = !both.any(|(a, b)| *a && *b);
        let shown = format!("{} and {}", a.shown, b.shown);
        assert_eq!(a.pattern.includes(&b.pattern, FUEL), Some(holds), "{shown}");
        assert_eq!(a.pattern.is_disjoint(&b.pattern, FUEL), Some(disjoint), "{shown}");
        included += usize::from(holds);
        apart += usize::from(disjoint);
    }
    assert!(included > 500 && apart > 500, "{included} {apart}");
}

#[test]
fn stops_are_found_where_some_value_contains_them() {
    let texts = texts(LONGEST);
    let mut random = Random::new(3);
    let (mut contained, mut absent) = (0, 0);
    for language in languages(4, 300, &texts) {
        let stop = stop(&mut random);
        let contains =
            texts.iter().zip(&language.members).any(|(text, member)| *member && text.contains(stop));
        let text = Stop::Text { text: stop.to_owned() };
        assert_eq!(language.pattern.can_contain(&text, FUEL), Some(contains), "{} {stop}", language.shown);
        if stop.is_ascii() {
            let regex = Stop::Regex { pattern: format!("[{}x]{}", &stop[..1], &stop[1..]) };
            assert_eq!(language.pattern.can_contain(&regex, FUEL), Some(contains), "{}", language.shown);
        }
        *(if contains { &mut contained } else { &mut absent }) += 1;
    }
    assert!(contained > 50 && absent > 50, "{contained} {absent}");
}

#[test]
fn ends_agree_with_the_members() {
    let texts = texts(LONGEST);
    let (mut ends, mut goes_on) = (0, 0);
    for language in languages(5, 400, &texts) {
        let members: Vec<&String> =
            texts.iter().zip(&language.members).filter(|(_, member)| **member).map(|(t, _)| t).collect();
        let longer = |a: &String| members.iter().any(|b| b.len() > a.len() && b.starts_with(a.as_str()));
        let by_itself = !members.iter().any(|a| longer(a));
        assert_eq!(language.pattern.ends_by_itself(FUEL), Some(by_itself), "{}", language.shown);
        let text = members.iter().any(|text| !text.is_empty());
        assert_eq!(language.pattern.has_text(FUEL), Some(text), "{}", language.shown);
        *(if by_itself { &mut ends } else { &mut goes_on }) += 1;
    }
    assert!(ends > 50 && goes_on > 50, "{ends} {goes_on}");
}

#[test]
fn what_never_has_to_end() {
    let endless = [r"(?s:.*)", r"(?s:.+)", r"[\s\S]{3,}", r"x(?s:.*)", r"a|b(?s:.*)", r"[^a]*(a(?s:.*))?"];
    let ending = [r".*", r"[^\n]+", r"\w+", r"(?s:.{0,9})", r"(?s:.*)x", r"[\x00-\x{fffe}]*", "a", "(a|b)*"];
    let ask = |pattern: &str| {
        let spec = Spec::Regex { pattern: pattern.to_owned() };
        build(&spec, &[], &Limits::default()).expect("a pattern").may_never_end(FUEL)
    };
    for pattern in endless {
        assert_eq!(ask(pattern), Some(true), "{pattern}");
    }
    for pattern in ending {
        assert_eq!(ask(pattern), Some(false), "{pattern}");
    }
    let text = |max| build(&Spec::Text { min: 2, max }, &[], &Limits::default()).expect("a pattern");
    assert_eq!(text(None).may_never_end(FUEL), Some(true));
    assert_eq!(text(Some(80)).may_never_end(FUEL), Some(false));
}

#[test]
fn without_fuel_questions_stay_open() {
    let pattern = |pattern: &str| {
        build(&Spec::Regex { pattern: pattern.to_owned() }, &[], &Limits::default()).expect("a pattern")
    };
    let (a, b) = (pattern("[ab]{50}"), pattern("[ab]{51}"));
    assert_eq!(a.sizes(10), None);
    assert_eq!(a.includes(&b, 10), None);
    assert_eq!(a.is_disjoint(&b, 10), None);
    assert_eq!(a.ends_by_itself(10), None);
    assert_eq!(a.has_text(10), Some(true));
    assert_eq!(pattern("([ab]{50})?").has_text(10), None);
    assert_eq!(pattern(r"(?s:.*)").may_never_end(1), None);
    assert_eq!(a.sizes(1000).map(|sizes| sizes.bytes), Some(Extent { least: 50, most: Some(50) }));
}

#[test]
fn patterns_with_calls_are_not_looked_into() {
    let item = Spec::Ref { def: 0 };
    let list = Spec::Array { item: Box::new(item.clone()), min: 0, max: None };
    let tree = Spec::Defs { defs: vec![list], root: Box::new(Spec::JsonOf { value: Box::new(item) }) };
    let json = [tree, Spec::Json, Spec::Map { value: Box::new(Spec::Bool) }];
    for spec in json {
        let pattern = build(&spec, &[], &Limits::default()).expect("a pattern");
        assert_eq!(pattern.sizes(FUEL), None, "{spec:?}");
        assert_eq!(pattern.includes(&pattern, FUEL), None, "{spec:?}");
        assert_eq!(pattern.may_never_end(FUEL), None, "{spec:?}");
    }
}

#[test]
fn repeats_in_repeats_do_not_multiply() {
    // Once a `+` doubled what it repeats: 18 of them were too many.
    let limits = Limits { instructions: 2_000, configurations: 200, ..Limits::default() };
    let nested =
        (b'a'..=b'z').fold("0".to_owned(), |inner, letter| format!("({inner})+{}", char::from(letter)));
    let cases = [
        (format!("4{}", "+".repeat(100)), vec!["4", "4444"], vec!["", "5"]),
        (format!("(a|b){}.{}x", "+".repeat(100), "+".repeat(100)), vec!["aax", "bx x"], vec!["ax", "cax"]),
        (nested, vec!["0abcdefghijklmnopqrstuvwxyz", "00a0abcdefghijklmnopqrstuvwxyz"], vec!["0", "0bz"]),
        ("(a+){2,}".to_owned(), vec!["aa", "aaa"], vec!["", "a"]),
        ("((a|bb)+){3,}c".to_owned(), vec!["abbac", "aaaac"], vec!["aac", "bbac"]),
    ];
    for (pattern, good, bad) in cases {
        let built = build(&Spec::Regex { pattern: pattern.clone() }, &[], &limits).expect("it is small");
        for text in good {
            assert_eq!(built.try_match(text.as_bytes()), Ok(true), "{pattern}: {text}");
        }
        for text in bad {
            assert_eq!(built.try_match(text.as_bytes()), Ok(false), "{pattern}: {text}");
        }
    }
}
