//! The pattern suite (`tests/patterns`) against the pattern, the matcher over several vocabularies, and a
//! naive recogniser that shares no code with them. A failure names the file and the case.

mod support;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use agentc_conformance::naive::{Naive, NaiveError};
use agentc_conformance::patterns::{self, Case};
use agentc_constraint::spec::Spec;
use agentc_constraint::{
    Commit, Constraint, Limits, Matcher, Next, Pattern, TemplateReader, TokenId, Vocab, build,
};
use support::{Greedy, Random, gguf};

/// Tokens are never short.
const PLENTY: u32 = 1 << 20;

/// The end of the turn, where every byte is a token.
const END: TokenId = 256;

type Checked<T> = Result<T, String>;

fn shown(text: &[u8]) -> String {
    text.escape_ascii().to_string()
}

fn suite() -> Vec<Case> {
    patterns::read(&patterns::folder()).unwrap_or_else(|error| panic!("{error}"))
}

/// Checks every case that compiles, and tells of all that fail.
fn every_case(check: impl Fn(&Case, &Pattern) -> Checked<usize>) -> usize {
    let cases = suite();
    assert!(cases.len() > 200, "only {} cases", cases.len());
    let (mut checked, mut failures) = (0, Vec::new());
    for case in cases.iter().filter(|case| case.error.is_none()) {
        let pattern = build(&case.spec, &case.bindings, &Limits::default());
        let result = pattern.map_err(|error| format!("does not compile: {error}"));
        match result.and_then(|pattern| check(case, &pattern)) {
            Ok(answers) => checked += answers,
            Err(failure) => failures.push(format!("{}: {failure}", case.title())),
        }
    }
    assert!(failures.is_empty(), "{} cases fail:\n{}", failures.len(), failures.join("\n"));
    checked
}

/// The recogniser; `None` if only the engine knows what is meant.
fn naive(case: &Case) -> Checked<Option<Naive>> {
    match Naive::new(&case.reference()) {
        Ok(naive) => Ok(Some(naive)),
        Err(NaiveError::Unread { .. }) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn ensure(holds: bool, failure: impl FnOnce() -> String) -> Checked<()> {
    if holds { Ok(()) } else { Err(failure()) }
}

#[test]
fn what_is_no_constraint_is_refused() {
    let cases = suite();
    let mut refused = 0;
    for case in &cases {
        let Some(part) = &case.error else { continue };
        let error = build(&case.spec, &case.bindings, &Limits::default());
        let message = error.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains(part.as_str()), "{}: `{message}`, and not `{part}`", case.title());
        refused += 1;
    }
    assert!(refused > 5, "only {refused} are refused");
}

#[test]
fn texts_are_accepted_and_rejected() {
    every_case(|case, pattern| {
        let mut naive = naive(case)?;
        let texts =
            case.accepts.iter().map(|text| (text, true)).chain(case.rejects.iter().map(|t| (t, false)));
        for (text, expected) in texts {
            let is_match = pattern.try_match(text).map_err(|error| error.to_string())?;
            ensure(is_match == expected, || format!("the pattern says {is_match} of `{}`", shown(text)))?;
            let said = naive.as_mut().map_or(expected, |naive| naive.is_match(text));
            ensure(said == expected, || format!("the naive recogniser says {said} of `{}`", shown(text)))?;
        }
        let shortest = pattern.shortest();
        ensure(pattern.is_match(shortest), || format!("the shortest, `{}`, is none", shown(shortest)))?;
        Ok(1)
    });
}

#[test]
fn holes_take_what_the_case_says() {
    let read = every_case(|case, _| {
        let Spec::Template { parts } = &case.spec else {
            return ensure(case.holes.is_empty(), || "only a template has holes".into()).map(|()| 0);
        };
        let limits = Limits::default();
        let reader =
            TemplateReader::new(parts, &case.bindings, &limits).map_err(|error| error.to_string())?;
        let texts = case.accepts.iter().map(|text| (text, None));
        let texts = texts.chain(case.holes.iter().map(|(text, holes)| (text, Some(holes))));
        for (text, expected) in texts {
            let text = std::str::from_utf8(text).map_err(|error| error.to_string())?;
            let took = reader.read(text).map_err(|error| error.to_string())?;
            let took = took.ok_or_else(|| format!("`{text}` cannot be read"))?;
            let took: Vec<&str> = took.into_iter().map(|range| &text[range]).collect();
            ensure(expected.is_none_or(|expected| *expected == took), || format!("`{text}` gives {took:?}"))?;
            if case.like.is_none() {
                let said = support::holes::taken(parts, &case.bindings, text);
                ensure(said.as_ref() == Some(&took), || format!("{took:?} of `{text}`, and not {said:?}"))?;
            }
        }
        for text in case.rejects.iter().filter_map(|text| std::str::from_utf8(text).ok()) {
            let took = reader.read(text).map_err(|error| error.to_string())?;
            ensure(took.is_none(), || format!("`{text}` is read, {took:?}"))?;
        }
        Ok(case.holes.len())
    });
    assert!(read > 10, "only {read} texts are read");
}

fn of_bytes() -> Vec<Option<Vec<u8>>> {
    (0..=255u8).map(|byte| Some(vec![byte])).chain([None]).collect()
}

fn constraint(pattern: &Pattern, tokens: &[Option<Vec<u8>>]) -> Arc<Constraint> {
    let vocab = Vocab::new(tokens, &[tokens.len() as TokenId - 1]).expect("a vocabulary");
    Constraint::new(pattern.clone(), Arc::new(vocab), Limits::default())
}

/// A matcher over bytes that has read a beginning.
fn after(bytes: &Arc<Constraint>, text: &[u8]) -> Checked<Matcher> {
    let mut matcher = Matcher::new(bytes, b"", PLENTY).map_err(|error| error.to_string())?;
    for &byte in text {
        matcher.commit(byte.into()).map_err(|error| format!("after `{}`: {error}", shown(text)))?;
    }
    Ok(matcher)
}

/// The bytes that go on with the value, each a token.
fn next_bytes(matcher: &Matcher, text: &[u8]) -> Checked<Vec<u8>> {
    let mut next = Vec::new();
    for byte in 0..=255u8 {
        let mut matcher = matcher.clone();
        match matcher.commit(byte.into()) {
            Err(_) => continue,
            Ok(Commit::More) => next.push(byte),
            Ok(Commit::Done) => {
                let done = matcher.finish(&Greedy(byte_vocab())).map_err(|error| error.to_string())?;
                next.extend((done.value.len() > text.len()).then_some(byte));
            }
        }
    }
    Ok(next)
}

fn byte_vocab() -> &'static Arc<Vocab> {
    static VOCAB: LazyLock<Arc<Vocab>> =
        LazyLock::new(|| Arc::new(Vocab::new(&of_bytes(), &[END]).expect("a vocabulary")));
    &VOCAB
}

/// What a matcher over bytes appends by itself.
fn forced(mut matcher: Matcher) -> Checked<Vec<u8>> {
    let vocab = byte_vocab();
    let mut text = Vec::new();
    while let Next::Forced(tokens) = matcher.next(&Greedy(vocab)).map_err(|error| error.to_string())? {
        text.extend(tokens.iter().flat_map(|&token| vocab.bytes(token).to_vec()));
    }
    Ok(text)
}

#[test]
fn what_follows_is_what_the_case_says() {
    let asked = every_case(|case, pattern| {
        let (bytes, mut naive) = (constraint(pattern, &of_bytes()), naive(case)?);
        let compare = |beginning: &[u8], what: &str, expected: &[u8], got: &[u8], said: Option<Vec<u8>>| {
            for (whose, said) in [("the matcher", Some(got.to_vec())), ("the naive recogniser", said)] {
                let is_right = said.as_ref().is_none_or(|said| said == expected);
                let said = said.unwrap_or_default();
                ensure(is_right, || {
                    format!("after `{}` {whose} says {what} `{}`", shown(beginning), shown(&said))
                })?;
            }
            Ok::<_, String>(())
        };
        for (beginning, expected) in &case.next {
            let got = next_bytes(&after(&bytes, beginning)?, beginning)?;
            let said = naive.as_mut().and_then(|naive| Some((naive.read(beginning)?, naive)));
            let said = said.map(|(place, naive)| naive.next_bytes(&place));
            compare(beginning, "next", expected, &got, said)?;
        }
        for (beginning, expected) in &case.forced {
            let got = forced(after(&bytes, beginning)?)?;
            let said = naive.as_mut().and_then(|naive| Some((naive.read(beginning)?, naive)));
            let said = said.map(|(place, naive)| naive.forced(&place, 5000));
            compare(beginning, "forced", expected, &got, said)?;
        }
        Ok(case.next.len() + case.forced.len())
    });
    assert!(asked > 150, "only {asked} beginnings");
}

/// All bytes, and pieces of the case's own texts, cut anywhere and joined anyhow.
fn of_pieces(case: &Case, random: &mut Random) -> Vec<Option<Vec<u8>>> {
    let texts: Vec<&Vec<u8>> =
        case.accepts.iter().chain(&case.rejects).filter(|text| !text.is_empty()).collect();
    let mut tokens: BTreeSet<Vec<u8>> = (0..=255u8).map(|byte| vec![byte]).collect();
    for _ in 0..if texts.is_empty() { 0 } else { 120 } {
        let mut token = Vec::new();
        for _ in 0..1 + random.below(2) {
            let text = random.pick(&texts);
            let from = random.below(text.len() as u64) as usize;
            let len = 1 + random.below(6) as usize;
            token.extend_from_slice(&text[from..text.len().min(from + len)]);
        }
        tokens.insert(token);
    }
    tokens.into_iter().map(Some).chain([None]).collect()
}

/// Some tokens of a real vocabulary, and all bytes.
fn of_a_model(random: &mut Random) -> Option<Vec<Option<Vec<u8>>>> {
    static VOCAB: LazyLock<Option<Vocab>> =
        LazyLock::new(|| gguf::available().first().map(|path| gguf::vocab(path)));
    let vocab = VOCAB.as_ref()?;
    let mut tokens: BTreeSet<Vec<u8>> = (0..=255u8).map(|byte| vec![byte]).collect();
    for _ in 0..1200 {
        tokens.insert(vocab.bytes(random.below(vocab.len() as u64) as TokenId).to_vec());
    }
    tokens.remove(&Vec::new());
    Some(tokens.into_iter().map(Some).chain([None]).collect())
}

/// Whether a token is allowed: by the naive recogniser, or byte by byte.
enum Judge {
    Naive(Box<Naive>, agentc_conformance::naive::Place),
    Bytes(Box<Matcher>),
}

impl Judge {
    fn new(case: &Case, pattern: &Pattern) -> Checked<Judge> {
        Ok(match naive(case)? {
            Some(mut naive) => {
                let start = naive.start().ok_or("the naive recogniser knows no text")?;
                Judge::Naive(Box::new(naive), start)
            }
            None => Judge::Bytes(Box::new(after(&constraint(pattern, &of_bytes()), b"")?)),
        })
    }

    fn allows(&mut self, token: &[u8]) -> bool {
        match self {
            Judge::Naive(naive, place) => naive.allows(place, token),
            Judge::Bytes(matcher) => {
                // Byte by byte, until the value goes no further: is it complete after a part of the token?
                let mut matcher = matcher.clone();
                for &byte in token {
                    if matcher.clone().commit(END).is_ok() {
                        return true;
                    }
                    match matcher.commit(byte.into()) {
                        Ok(Commit::More) => {}
                        Ok(Commit::Done) => return true,
                        Err(_) => return false,
                    }
                }
                true
            }
        }
    }

    fn is_value(&mut self) -> bool {
        match self {
            Judge::Naive(naive, place) => naive.is_value(place),
            Judge::Bytes(matcher) => matcher.clone().commit(END).is_ok(),
        }
    }

    /// Goes on with a token that the value goes on with.
    fn read(&mut self, token: &[u8]) -> Checked<()> {
        for &byte in token {
            match self {
                Judge::Naive(naive, place) => match naive.step(place, byte) {
                    agentc_conformance::naive::Step::On(next) => *place = next,
                    _ => return Err("the value goes on where it cannot".into()),
                },
                Judge::Bytes(matcher) => {
                    _ = matcher.commit(byte.into()).map_err(|error| error.to_string())?
                }
            }
        }
        Ok(())
    }
}

/// Random choices from the mask, some of them along a text that is accepted; at each step every token's answer is compared.
fn walk(
    case: &Case,
    pattern: &Pattern,
    constraint: &Arc<Constraint>,
    judge: &mut Judge,
    random: &mut Random,
) -> Checked<usize> {
    const STEPS: usize = 10;
    let vocab = constraint.vocab();
    let goes_along = random.below(2) == 0 && !case.accepts.is_empty();
    let along = goes_along.then(|| random.pick(&case.accepts));
    let mut matcher = Matcher::new(constraint, b"", PLENTY).map_err(|error| error.to_string())?;
    let (mut text, mut checked) = (Vec::new(), 0);
    for _ in 0..STEPS {
        let mask = matcher.mask().map_err(|error| format!("after `{}`: {error}", shown(&text)))?;
        for token in 0..vocab.len() as TokenId {
            let bytes = vocab.bytes(token);
            let expected = if bytes.is_empty() { judge.is_value() } else { judge.allows(bytes) };
            let got = mask.contains(vocab, token);
            ensure(got == expected, || {
                let (token, text) = (shown(bytes), shown(&text));
                format!("the mask says {got} of `{token}` after `{text}`, where it should say {expected}")
            })?;
        }
        checked += vocab.len();
        let allowed: Vec<TokenId> = mask.iter(vocab).collect();
        let leads = |token: &TokenId| {
            let rest = along.and_then(|along| along.strip_prefix(&text[..]));
            !vocab.bytes(*token).is_empty() && rest.is_some_and(|rest| rest.starts_with(vocab.bytes(*token)))
        };
        let leading: Vec<TokenId> = allowed.iter().copied().filter(leads).collect();
        let token = *random.pick(if leading.is_empty() { &allowed } else { &leading });
        if matcher.commit(token).map_err(|error| format!("token {token}: {error}"))? == Commit::Done {
            let done = matcher.finish(&Greedy(vocab)).map_err(|error| error.to_string())?;
            let is_value = pattern.is_match(&done.value);
            ensure(is_value, || format!("`{}` came out, and is no value", shown(&done.value)))?;
            break;
        }
        judge.read(vocab.bytes(token))?;
        text.extend_from_slice(vocab.bytes(token));
    }
    Ok(checked)
}

fn walks(vocabulary: impl Fn(&Case, &mut Random) -> Option<Vec<Option<Vec<u8>>>>, rounds: u64) -> usize {
    every_case(|case, pattern| {
        let mut checked = 0;
        for seed in 0..rounds {
            let mut random = Random::new(seed);
            let Some(tokens) = vocabulary(case, &mut random) else { return Ok(0) };
            let constraint = constraint(pattern, &tokens);
            let mut judge = Judge::new(case, pattern)?;
            checked += walk(case, pattern, &constraint, &mut judge, &mut random)?;
        }
        Ok(checked)
    })
}

#[test]
fn masks_of_bytes_are_exact() {
    let checked = walks(|_, _| Some(of_bytes()), 12);
    assert!(checked > 500_000, "only {checked} answers were compared");
}

#[test]
fn masks_of_pieces_are_exact() {
    let checked = walks(|case, random| Some(of_pieces(case, random)), 20);
    assert!(checked > 1_000_000, "only {checked} answers were compared");
}

#[test]
fn masks_of_a_real_vocabulary_are_exact() {
    walks(|_, random| of_a_model(random), 2);
}
