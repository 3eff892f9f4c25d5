//! Values in JSON, against a parser that knows nothing of automata: at every step of random walks, a naive
//! reader of prefixes says for every token whether it may follow.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use agentc_constraint::spec::{Field, Spec};
use agentc_constraint::{Commit, Constraint, Limits, Matcher, Next, Vocab, build};
use support::{Greedy, Random};

/// Reads prefixes of texts: where a spec's values can end in a text, and whether the text's end lies within
/// one. Every spec here has values behind every beginning of one, so that this is all there is to know.
struct Reader<'t> {
    text: &'t [u8],
    defs: &'t [Spec],
}

/// Where values end, and whether one is cut off by the end of the text.
#[derive(Default)]
struct Found {
    ends: BTreeSet<usize>,
    cut: bool,
}

impl Reader<'_> {
    fn read(&self, spec: &Spec, at: usize) -> Found {
        match spec {
            Spec::Constant { text } => self.literal(text.as_bytes(), at),
            Spec::Literal { text } => self.literal(format!("{text:?}").as_bytes(), at),
            Spec::Bool => self.any(&[b"true", b"false"], at),
            Spec::Int { min, max } => {
                let texts: Vec<String> = (min.unwrap()..=max.unwrap()).map(|n| n.to_string()).collect();
                self.any(&texts.iter().map(String::as_bytes).collect::<Vec<_>>(), at)
            }
            Spec::Text { min, max } => {
                self.string(at, *min as usize, max.map_or(usize::MAX, |max| max as usize))
            }
            Spec::Union { members } => self.all(members.iter().map(|member| self.read(member, at))),
            Spec::JsonOf { value } => self.read(value, at),
            Spec::Ref { def } => self.read(&self.defs[*def], at),
            Spec::Array { item, min, max } => self.array(item, *min, max.unwrap_or(u32::MAX), at),
            Spec::Object { fields } => self.after(self.literal(b"{", at), |at| self.fields(fields, true, at)),
            Spec::Map { value } => {
                self.after(self.literal(b"{", at), |at| self.members(value, &mut Vec::new(), at))
            }
            Spec::Json => {
                let value = [
                    Spec::Text { min: 0, max: None },
                    Spec::Bool,
                    Spec::Constant { text: "null".into() },
                    Spec::Array { item: Box::new(Spec::Json), min: 0, max: None },
                    Spec::Map { value: Box::new(Spec::Json) },
                ];
                let mut found = self.all(value.iter().map(|value| self.read(value, at)));
                self.number(at, &mut found);
                found
            }
            other => panic!("{other:?}"),
        }
    }

    fn all(&self, parts: impl Iterator<Item = Found>) -> Found {
        parts.fold(Found::default(), |mut all, part| {
            all.ends.extend(part.ends);
            all.cut |= part.cut;
            all
        })
    }

    fn after(&self, found: Found, then: impl Fn(usize) -> Found) -> Found {
        let mut all = self.all(found.ends.iter().map(|&at| then(at)));
        all.cut |= found.cut;
        all
    }

    fn literal(&self, text: &[u8], at: usize) -> Found {
        let rest = &self.text[at..];
        if rest.starts_with(text) {
            return Found { ends: [at + text.len()].into(), cut: false };
        }
        Found { ends: BTreeSet::new(), cut: text.starts_with(rest) }
    }

    fn any(&self, texts: &[&[u8]], at: usize) -> Found {
        self.all(texts.iter().map(|text| self.literal(text, at)))
    }

    /// Integers of 64 bits and decimals, as far as the walks here come.
    fn number(&self, at: usize, found: &mut Found) {
        let rest = &self.text[at..];
        let number = |text: &&[u8]| NUMBER.is_match(text) && (text.len() < 19 || is_short(text));
        let ends = (1..=rest.len().min(40)).map(|to| &rest[..to]).filter(number).map(|text| at + text.len());
        found.ends.extend(ends);
        found.cut |= rest.is_empty() || BEGUN.is_match(rest) || found.ends.contains(&self.text.len());
    }

    /// A string in its one form.
    fn string(&self, at: usize, min: usize, max: usize) -> Found {
        self.after(self.literal(b"\"", at), |mut at| {
            let mut chars = 0;
            loop {
                match self.text.get(at) {
                    None => return Found { ends: BTreeSet::new(), cut: true },
                    Some(b'"') if chars >= min => return Found { ends: [at + 1].into(), cut: false },
                    Some(b'"') | Some(0..=31) => return Found::default(),
                    _ if chars == max => return Found::default(),
                    Some(_) => match character(&self.text[at..]) {
                        Some(0) => return Found { ends: BTreeSet::new(), cut: true },
                        Some(bytes) => at += bytes,
                        None => return Found::default(),
                    },
                }
                chars += 1;
            }
        })
    }

    fn array(&self, item: &Spec, min: u32, max: u32, at: usize) -> Found {
        self.after(self.literal(b"[", at), |at| {
            let mut all = if min == 0 { self.literal(b"]", at) } else { Found::default() };
            let mut here: BTreeSet<usize> = [at].into();
            let mut count = 0;
            while !here.is_empty() && count < max {
                let items = self.all(here.iter().map(|&at| self.read(item, at)));
                count += 1;
                all.cut |= items.cut;
                let close =
                    |at: &usize| if count >= min { self.literal(b"]", *at) } else { Found::default() };
                let closed = self.all(items.ends.iter().map(close));
                let more = |at: &usize| if count < max { self.literal(b", ", *at) } else { Found::default() };
                let further = self.all(items.ends.iter().map(more));
                all.ends.extend(closed.ends);
                all.cut |= closed.cut | further.cut;
                here = further.ends;
            }
            all
        })
    }

    fn fields(&self, fields: &[Field], first: bool, at: usize) -> Found {
        let Some((field, rest)) = fields.split_first() else { return self.literal(b"}", at) };
        let comma = if first { "" } else { ", " };
        let key = self.literal(format!("{comma}{:?}: ", field.name).as_bytes(), at);
        let value = self.after(key, |at| self.read(&field.value, at));
        let with = self.after(value, |at| self.fields(rest, false, at));
        let without = if field.optional { self.fields(rest, first, at) } else { Found::default() };
        self.all([with, without].into_iter())
    }

    fn members(&self, value: &Spec, used: &mut Vec<Vec<u8>>, at: usize) -> Found {
        let mut all = if used.is_empty() { self.literal(b"}", at) } else { Found::default() };
        let key = self.string(at, 0, usize::MAX);
        all.cut |= key.cut;
        for &to in &key.ends {
            let key = self.text[at..to].to_vec();
            if used.contains(&key) {
                continue;
            }
            used.push(key);
            let values = self.after(self.literal(b": ", to), |at| self.read(value, at));
            all.cut |= values.cut;
            for &at in &values.ends {
                let closed = self.literal(b"}", at);
                all.ends.extend(closed.ends);
                let comma = self.literal(b", ", at);
                all.cut |= closed.cut | comma.cut;
                for &at in &comma.ends {
                    let more = self.members(value, used, at);
                    all.ends.extend(more.ends);
                    all.cut |= more.cut;
                }
            }
            used.pop();
        }
        all
    }
}

static NUMBER: LazyLock<regex::bytes::Regex> = LazyLock::new(|| {
    regex::bytes::Regex::new(r"^(-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?|-?[1-9][0-9]{0,18})$")
        .expect("a regex")
});
/// Whether a number has a point, or 64 bits.
fn is_short(text: &[u8]) -> bool {
    text.contains(&b'.') || std::str::from_utf8(text).is_ok_and(|text| text.parse::<i64>().is_ok())
}
static BEGUN: LazyLock<regex::bytes::Regex> =
    LazyLock::new(|| regex::bytes::Regex::new(r"^(-|-?(0|[1-9][0-9]{0,14})\.)$").expect("a regex"));
/// Every escape that `serde_json` writes.
static ESCAPES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let forms = (0..=255u8).map(char::from).map(|c| serde_json::to_string(&c.to_string()).expect("JSON"));
    forms.map(|form| form[1..form.len() - 1].to_owned()).filter(|form| form.starts_with('\\')).collect()
});

/// Bytes of the first character of a string's inside, 0 if it is cut off, `None` if it is not in its one form.
fn character(text: &[u8]) -> Option<usize> {
    if text[0] == b'\\' {
        let whole = ESCAPES.iter().find(|form| text.starts_with(form.as_bytes())).map(|form| form.len());
        return whole.or(ESCAPES.iter().any(|form| form.as_bytes().starts_with(text)).then_some(0));
    }
    let most = &text[..text.len().min(4)];
    match (1..=most.len()).find(|&len| std::str::from_utf8(&most[..len]).is_ok()) {
        Some(len) => Some(len),
        None => std::str::from_utf8(most).err().filter(|e| e.error_len().is_none()).map(|_| 0),
    }
}

fn is_value(spec: &Spec, defs: &[Spec], text: &[u8]) -> bool {
    Reader { text, defs }.read(spec, 0).ends.contains(&text.len())
}

fn is_begun(spec: &Spec, defs: &[Spec], text: &[u8]) -> bool {
    let found = Reader { text, defs }.read(spec, 0);
    found.cut || found.ends.contains(&text.len())
}

fn allows(spec: &Spec, defs: &[Spec], text: &[u8], token: &[u8]) -> bool {
    let after = |to: usize| [text, &token[..to]].concat();
    is_begun(spec, defs, &after(token.len())) || (0..token.len()).any(|to| is_value(spec, defs, &after(to)))
}

const PIECES: &[&str] = &[
    "{\"",
    "\": ",
    "\":",
    ", \"",
    "\", \"",
    "}}",
    "\"}",
    "]",
    "]]",
    "], [",
    "\"a\": ",
    "\"a\"",
    "a",
    "b",
    "ab",
    " ",
    "  ",
    "{}",
    "[]",
    "[{",
    "}, {",
    "}]",
    "\"}]",
    "1",
    "12",
    "0",
    "-",
    ".5",
    "1, ",
    "1}",
    "true",
    "null",
    "tr",
    "e}",
    "\"\"",
    "\":\"",
    "\"b\": \"",
    "\\",
    "\\n",
    "\\\"",
    "n",
    "\"a\": 1, \"",
    "\"a\": 1, \"a",
    "a\"",
    "b\": ",
    "\"]}",
    "1]}}",
    ", ",
];

fn vocabulary(random: &mut Random) -> Vec<Option<Vec<u8>>> {
    let mut tokens: BTreeSet<Vec<u8>> = (0..=255u8).map(|byte| vec![byte]).collect();
    tokens.extend(PIECES.iter().map(|piece| piece.as_bytes().to_vec()));
    let mut tokens: Vec<Option<Vec<u8>>> = tokens.into_iter().map(Some).collect();
    random.shuffle(&mut tokens);
    tokens.push(None);
    tokens
}

/// A random spec in JSON; `defs` may be referred to within objects and arrays.
fn spec(random: &mut Random, depth: u32, inside: bool, defs: usize) -> Spec {
    let choices = if depth == 0 { 6 } else { 12 };
    match random.below(choices) {
        0 => Spec::Text { min: 0, max: None },
        1 => Spec::Text { min: 1, max: Some(2 + random.below(3) as u32) },
        2 => Spec::Int { min: Some(-12), max: Some(105) },
        3 => Spec::Literal { text: random.pick(&["a", "ab", "b"]).to_string() },
        4 => Spec::Bool,
        5 => Spec::Constant { text: random.pick(&["null", "1", "12"]).to_string() },
        6 | 7 => {
            let fields = (0..random.below(4)).map(|n| Field {
                name: ["a", "b", "ab", "n"][n as usize].to_owned(),
                value: spec(random, depth - 1, true, defs),
                optional: random.below(2) == 0,
            });
            Spec::Object { fields: fields.collect() }
        }
        8 => {
            let min = random.below(3) as u32;
            let max = [None, Some(min + random.below(3) as u32)][random.below(2) as usize];
            Spec::Array { item: Box::new(spec(random, depth - 1, true, defs)), min, max }
        }
        9 => Spec::Map { value: Box::new(spec(random, depth - 1, true, defs)) },
        10 if inside && defs > 0 => {
            let def = random.below(defs as u64) as usize;
            Spec::Union { members: vec![Spec::Ref { def }, Spec::Constant { text: "null".into() }] }
        }
        10 => Spec::Json,
        _ => Spec::Union { members: (0..2).map(|_| spec(random, depth - 1, inside, defs)).collect() },
    }
}

#[test]
fn masks_are_sound_and_complete() {
    let mut checked = 0;
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let defs: Vec<Spec> = (0..2)
            .map(|_| Spec::Array { item: Box::new(spec(&mut random, 1, true, 2)), min: 0, max: None })
            .collect();
        let root = spec(&mut random, 3, false, 2);
        let whole =
            Spec::Defs { defs: defs.clone(), root: Box::new(Spec::JsonOf { value: Box::new(root.clone()) }) };
        let tokens = vocabulary(&mut random);
        let vocab = Arc::new(Vocab::new(&tokens, &[tokens.len() as u32 - 1]).expect("a vocabulary"));
        let pattern = build(&whole, &[], &Limits::default()).expect("a pattern");
        let constraint = Constraint::new(pattern, vocab, Limits::default());
        for _ in 0..3 {
            checked += walk(&root, &defs, &constraint, &tokens, &mut random);
        }
    }
    assert!(checked > 500_000, "only {checked} answers were compared");
}

/// Random choices from the mask, mostly of longer tokens; at each step every token's answer is compared.
fn walk(
    spec: &Spec,
    defs: &[Spec],
    constraint: &Arc<Constraint>,
    tokens: &[Option<Vec<u8>>],
    random: &mut Random,
) -> usize {
    let mut matcher = Matcher::new(constraint, b"", 1000).expect("a matcher");
    let (mut text, mut checked) = (Vec::new(), 0);
    while text.len() < 40 {
        let mask = matcher.mask().expect("a mask");
        for (id, token) in tokens.iter().enumerate() {
            let expected = match token {
                Some(token) => allows(spec, defs, &text, token),
                None => is_value(spec, defs, &text),
            };
            let shown = (String::from_utf8_lossy(&text), token.as_deref().map(String::from_utf8_lossy));
            assert_eq!(
                mask.contains(constraint.vocab(), id as u32),
                expected,
                "{shown:?} in {spec:?} with {defs:?}"
            );
            checked += 1;
        }
        let all: Vec<u32> = mask.iter(constraint.vocab()).collect();
        let long: Vec<u32> =
            all.iter().copied().filter(|&id| constraint.vocab().bytes(id).len() > 1).collect();
        let any = long.is_empty() || random.below(3) == 0;
        let token = *random.pick(if any { &all } else { &long });
        let before = text.len();
        if matcher.commit(token).expect("an allowed token") == Commit::Done {
            return checked;
        }
        text.extend_from_slice(constraint.vocab().bytes(token));
        if random.below(6) == 0 {
            matcher.rollback(1).expect("a token to take back");
            text.truncate(before);
        }
    }
    checked
}

#[test]
fn values_are_complete_and_fit_into_their_budget() {
    let mut finished = 0;
    for seed in 0..200 {
        let mut random = Random::new(1000 + seed);
        let defs = vec![Spec::Array { item: Box::new(spec(&mut random, 1, true, 1)), min: 0, max: None }];
        let root = spec(&mut random, 3, false, 1);
        let whole =
            Spec::Defs { defs: defs.clone(), root: Box::new(Spec::JsonOf { value: Box::new(root.clone()) }) };
        let tokens = vocabulary(&mut random);
        let vocab = Arc::new(Vocab::new(&tokens, &[tokens.len() as u32 - 1]).expect("a vocabulary"));
        let pattern = build(&whole, &[], &Limits::default()).expect("a pattern");
        let constraint = Constraint::new(pattern, vocab, Limits::default());
        for max in [1, 2, 4, 8, 16, 40] {
            let Ok(mut matcher) = Matcher::new(&constraint, b"", max) else { continue };
            let tokenizer = Greedy(constraint.vocab());
            loop {
                match matcher.next(&tokenizer).expect("a next step") {
                    Next::Done => break,
                    Next::Forced(_) => continue,
                    Next::Choose => {}
                }
                let choices: Vec<u32> = matcher.mask().expect("a mask").iter(constraint.vocab()).collect();
                matcher.commit(*random.pick(&choices)).expect("an allowed token");
            }
            let done = matcher.finish(&tokenizer).expect("a value");
            assert!(done.value_tokens <= max as usize, "{done:?}");
            let shown = String::from_utf8_lossy(&done.value).into_owned();
            assert!(is_value(&root, &defs, &done.value), "{shown} in {root:?} with {defs:?}");
            serde_json::from_slice::<serde_json::Value>(&done.value).expect("JSON");
            finished += 1;
        }
    }
    assert!(finished > 500, "only {finished} values were made");
}
