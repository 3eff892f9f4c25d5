//! Keys and items that may not occur twice and of which there are few: by enumeration of all values.
//!
//! A schema is made from a shape, and all texts of its values are derived from the shape alone. Then every
//! mask of random walks is compared with its definition, and generations with random budgets must end in one
//! of the texts.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use agentc_constraint::spec::Spec;
use agentc_constraint::{BuildError, Commit, Constraint, Limits, MatchError, Matcher, Next, Vocab, build};
use support::{Greedy, Random};

/// Texts of one shape, or more values than are worth it.
const MOST_TEXTS: usize = 6000;

#[derive(Debug, Clone)]
enum Shape {
    /// One of some numbers.
    Numbers(Vec<u32>),
    Object(Object),
    AnyOf(Vec<Object>),
    /// The first is, the second is not.
    Not(Box<[Object; 2]>),
    /// The outermost shape again.
    Root,
    /// Items of an enumeration, none twice.
    Items {
        of: Vec<&'static str>,
        min: usize,
        max: Option<usize>,
    },
}

#[derive(Debug, Clone)]
struct Object {
    /// Names in order; whether they are required.
    names: Vec<(&'static str, Shape, bool)>,
    /// Other keys, and their values by group.
    others: Vec<(Vec<&'static str>, Shape)>,
    min: usize,
    max: Option<usize>,
    /// Whether `propertyNames` restricts the keys, where there is one group.
    by_names: bool,
}

const KEYS: [&[&str]; 9] = [
    &["a", "b"],
    &["a", "ab", "abc"],
    &["a", "ab", "b", "ba"],
    &["", "a", "b"],
    &["aa", "ab", "ba", "bb"],
    &["a\"", "a\\", "b"],
    &["\n", "\u{1}", "a"],
    &["é", "è", "e"],
    &["abc", "abd"],
];

fn below(random: &mut Random, n: usize) -> usize {
    random.below(n as u64) as usize
}

fn shape(random: &mut Random, depth: usize) -> Shape {
    match below(random, if depth == 0 { 4 } else { 8 }) {
        0..=1 => Shape::Numbers(vec![1]),
        2 => Shape::Numbers(vec![1, 12]),
        3 => {
            let of = KEYS[below(random, KEYS.len())].to_vec();
            Shape::Items { of, min: below(random, 4), max: [None, Some(2), Some(3)][below(random, 3)] }
        }
        4 => {
            let (first, second) = (object(random, depth).nameless(), object(random, depth).nameless());
            if below(random, 3) == 0 {
                return Shape::Not(Box::new([first, second]));
            }
            Shape::AnyOf(vec![first, second])
        }
        _ => Shape::Object(object(random, depth)),
    }
}

fn object(random: &mut Random, depth: usize) -> Object {
    let keys = KEYS[below(random, KEYS.len())];
    let mut names = Vec::new();
    for name in ["x", "abx", "aby"].into_iter().filter(|_| below(random, 4) == 0).collect::<Vec<_>>() {
        names.push((name, shape(random, 0), below(random, 2) == 0));
    }
    let at = below(random, keys.len()).max(1);
    let others = if below(random, 2) == 0 {
        vec![(keys.to_vec(), shape(random, depth - 1))]
    } else {
        vec![
            (keys[..at].to_vec(), shape(random, depth - 1).nameless()),
            (keys[at..].to_vec(), shape(random, depth - 1).nameless()),
        ]
    };
    let min = [0, 0, 1, 2, 3, 4][below(random, 6)];
    let max = [None, None, Some(1), Some(2), Some(3)][below(random, 5)].filter(|max| *max >= min);
    Object { names, others, min, max, by_names: below(random, 2) == 0 }
}

fn string(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

impl Shape {
    /// Without names, whose order is that of a place: the values of all other keys, in all alternatives, are at one.
    fn nameless(self) -> Shape {
        match self {
            Shape::Object(object) => Shape::Object(object.nameless()),
            Shape::AnyOf(objects) => Shape::AnyOf(objects.into_iter().map(Object::nameless).collect()),
            Shape::Not(objects) => Shape::Not(Box::new(objects.map(Object::nameless))),
            other => other,
        }
    }

    fn schema(&self) -> String {
        match self {
            Shape::Root => r##"{"$ref": "#"}"##.to_owned(),
            Shape::Numbers(numbers) => format!(r#"{{"enum": {numbers:?}}}"#),
            Shape::Object(object) => object.schema(),
            Shape::AnyOf(objects) => {
                let all: Vec<String> = objects.iter().map(Object::schema).collect();
                format!(r#"{{"anyOf": [{}]}}"#, all.join(", "))
            }
            Shape::Not(both) => {
                format!(r#"{{"allOf": [{}], "not": {}}}"#, both[0].schema(), both[1].schema())
            }
            Shape::Items { of, min, max } => {
                let of: Vec<String> = of.iter().map(|text| string(text)).collect();
                let max = max.map_or(String::new(), |max| format!(r#", "maxItems": {max}"#));
                format!(
                    r#"{{"type": "array", "uniqueItems": true, "items": {{"enum": [{}]}}, "minItems": {min}{max}}}"#,
                    of.join(", ")
                )
            }
        }
    }

    /// With so many levels of the outermost shape in the place of itself, and nothing below them.
    fn unfolded(&self, root: &Shape, levels: usize) -> Shape {
        match self {
            Shape::Root if levels == 0 => Shape::Numbers(Vec::new()),
            Shape::Root => root.unfolded(root, levels - 1),
            Shape::Object(object) => Shape::Object(object.unfolded(root, levels)),
            Shape::AnyOf(all) => {
                Shape::AnyOf(all.iter().map(|object| object.unfolded(root, levels)).collect())
            }
            other => other.clone(),
        }
    }

    /// All texts, if they are not too many.
    fn texts(&self) -> Option<BTreeSet<String>> {
        match self {
            Shape::Root => None,
            Shape::Numbers(numbers) => Some(numbers.iter().map(u32::to_string).collect()),
            Shape::Object(object) => object.texts(),
            Shape::AnyOf(objects) => {
                let mut all = BTreeSet::new();
                for object in objects {
                    all.extend(object.texts()?);
                }
                Some(all)
            }
            Shape::Not(both) => Some(&both[0].texts()? - &both[1].texts()?),
            Shape::Items { of, min, max } => {
                let mut all = BTreeSet::new();
                let mut open = vec![Vec::<String>::new()];
                while let Some(items) = open.pop() {
                    if items.len() >= *min && max.is_none_or(|max| items.len() <= max) {
                        all.insert(format!("[{}]", items.join(", ")));
                    }
                    let free = of.iter().map(|text| string(text)).filter(|text| !items.contains(text));
                    open.extend(free.map(|text| [&items[..], &[text]].concat()));
                }
                Some(all)
            }
        }
    }
}

impl Object {
    fn unfolded(&self, root: &Shape, levels: usize) -> Object {
        let others = self.others.iter();
        let others = others.map(|(keys, value)| (keys.clone(), value.unfolded(root, levels))).collect();
        Object { others, ..self.clone() }
    }

    fn nameless(mut self) -> Object {
        self.names.clear();
        self.others = self.others.into_iter().map(|(keys, value)| (keys, value.nameless())).collect();
        self
    }

    fn schema(&self) -> String {
        let mut text = r#"{"type": "object""#.to_owned();
        if !self.names.is_empty() {
            let all: Vec<String> =
                self.names.iter().map(|(name, value, _)| format!("{name:?}: {}", value.schema())).collect();
            let required: Vec<&str> = self.names.iter().filter(|name| name.2).map(|name| name.0).collect();
            write!(text, r#", "properties": {{{}}}, "required": {required:?}"#, all.join(", ")).unwrap();
        }
        match &self.others[..] {
            [(keys, value)] if self.by_names => {
                let names = self.names.iter().map(|name| name.0);
                let keys: Vec<String> = names.chain(keys.iter().copied()).map(string).collect();
                let (keys, value) = (keys.join(", "), value.schema());
                write!(text, r#", "propertyNames": {{"enum": [{keys}]}}, "additionalProperties": {value}"#)
                    .unwrap();
            }
            others => {
                let group = |(keys, value): &(Vec<&str>, Shape)| {
                    let keys: Vec<String> = keys.iter().map(|key| regex(key)).collect();
                    format!("{}: {}", string(&format!("^({})$", keys.join("|"))), value.schema())
                };
                let groups: Vec<String> = others.iter().map(group).collect();
                let groups = groups.join(", ");
                write!(text, r#", "patternProperties": {{{groups}}}, "additionalProperties": false"#)
                    .unwrap();
            }
        }
        write!(text, r#", "minProperties": {}"#, self.min).unwrap();
        if let Some(max) = self.max {
            write!(text, r#", "maxProperties": {max}"#).unwrap();
        }
        text + "}"
    }

    fn texts(&self) -> Option<BTreeSet<String>> {
        // Members so far, and how many of the names were looked at.
        let mut all = BTreeSet::new();
        let mut open: Vec<(Vec<String>, usize, Vec<&str>)> = vec![(Vec::new(), 0, Vec::new())];
        // Of each member once: below it there may be objects again.
        let values = |shape: &Shape| shape.texts().filter(|texts| texts.len() < 400);
        let of_names: Vec<_> = self.names.iter().map(|(_, value, _)| values(value)).collect();
        let of_others: Vec<_> = self.others.iter().map(|(_, value)| values(value)).collect();
        while let Some((members, at, used)) = open.pop() {
            if open.len() + all.len() > MOST_TEXTS {
                return None;
            }
            if self.max.is_some_and(|max| members.len() > max) {
                continue;
            }
            if let Some((name, _, required)) = self.names.get(at) {
                for value in of_names[at].as_ref()? {
                    let member = format!("{}: {value}", string(name));
                    open.push(([&members[..], &[member]].concat(), at + 1, used.clone()));
                }
                if !required {
                    open.push((members, at + 1, used));
                }
                continue;
            }
            if members.len() >= self.min {
                all.insert(format!("{{{}}}", members.join(", ")));
            }
            for ((keys, _), values) in self.others.iter().zip(&of_others) {
                for key in keys.iter().filter(|key| !used.contains(key)) {
                    for value in values.as_ref()? {
                        let member = format!("{}: {value}", string(key));
                        let used = [&used[..], &[*key]].concat();
                        open.push(([&members[..], &[member]].concat(), at, used));
                    }
                }
            }
        }
        Some(all)
    }
}

fn regex(key: &str) -> String {
    key.chars().map(|c| if c == '\\' { "\\\\".to_owned() } else { c.to_string() }).collect()
}

/// Bytes, pieces of values, and pieces of two of them.
fn vocabulary(texts: &[String], random: &mut Random) -> Vec<Option<Vec<u8>>> {
    let mut tokens: BTreeSet<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
    let fixed = [r#"", ""#, r#"": "#, r#", ""#, r#"{""#, "}}", r#"}, ""#, r#"1, "a"#, r#", "b": 1"#, "}x"];
    tokens.extend(fixed.iter().map(|text| text.as_bytes().to_vec()));
    for _ in 0..120 {
        let mut token = piece(random.pick(texts).as_bytes(), 9, random);
        if token.len().is_multiple_of(3) {
            token.extend(piece(random.pick(texts).as_bytes(), 5, random));
        }
        tokens.insert(token);
    }
    tokens.into_iter().map(Some).chain([None]).collect()
}

fn piece(text: &[u8], most: usize, random: &mut Random) -> Vec<u8> {
    let from = below(random, text.len());
    text[from..text.len().min(from + 1 + below(random, most))].to_vec()
}

/// The definition of a mask.
fn allows(texts: &[String], text: &[u8], token: &[u8]) -> bool {
    let find = |beginning: &[u8]| {
        let at = texts.partition_point(|text| text.as_bytes() < beginning);
        texts.get(at).map(String::as_bytes)
    };
    let whole = [text, token].concat();
    find(&whole).is_some_and(|found| found.starts_with(&whole))
        || (text.len()..whole.len()).any(|len| find(&whole[..len]) == Some(&whole[..len]))
}

fn bind(schema: &str, tokens: &[Option<Vec<u8>>]) -> Result<Arc<Constraint>, BuildError> {
    let pattern = build(&Spec::Schema { schema: schema.to_owned() }, &[], &Limits::default())?;
    let vocab = Vocab::new(tokens, &[tokens.len() as u32 - 1]).unwrap();
    Ok(Constraint::new(pattern, Arc::new(vocab), Limits::default()))
}

/// Random choices to the end; at each step every token's answer is compared.
fn walk(
    constraint: &Arc<Constraint>,
    texts: &[String],
    tokens: &[Option<Vec<u8>>],
    deepest: usize,
    random: &mut Random,
) -> usize {
    let mut matcher = Matcher::new(constraint, b"", 100_000).unwrap();
    let (mut text, mut checked) = (Vec::new(), 0);
    while depth(&text) <= deepest {
        let mask =
            matcher.mask().unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&text)));
        for (id, token) in tokens.iter().enumerate() {
            let Some(token) = token else { continue };
            if depth(&[&text[..], token].concat()) > deepest {
                continue;
            }
            let allowed = mask.contains(constraint.vocab(), id as u32);
            let shown = || (String::from_utf8_lossy(&text), String::from_utf8_lossy(token), texts.len());
            assert_eq!(allowed, allows(texts, &text, token), "{:?}", shown());
            checked += 1;
        }
        let allowed: Vec<u32> = mask.iter(constraint.vocab()).collect();
        // Longer ones half of the time.
        let mut token = *random.pick(&allowed);
        if below(random, 2) == 0 {
            let other = *random.pick(&allowed);
            let len = |token: u32| tokens[token as usize].as_ref().map_or(0, Vec::len);
            token = if len(other) > len(token) { other } else { token };
        }
        text.extend(tokens[token as usize].as_deref().unwrap_or_default());
        if matcher.commit(token).unwrap() == Commit::Done {
            return checked;
        }
    }
    checked
}

/// The most objects that are open at once. (No key has a brace.)
fn depth(text: &[u8]) -> usize {
    let open = text.iter().scan(0usize, |open, byte| {
        *open = (*open + usize::from(*byte == b'{')).saturating_sub(usize::from(*byte == b'}'));
        Some(*open)
    });
    open.max().unwrap_or(0)
}

/// Random choices within a budget, forced text included: a value comes out, or it is refused at once.
fn generate(constraint: &Arc<Constraint>, max: u32, random: &mut Random) -> Option<String> {
    let tokenizer = Greedy(constraint.vocab());
    let mut matcher = match Matcher::new(constraint, b"", max) {
        Ok(matcher) => matcher,
        Err(MatchError::CannotFinish { .. }) => return None,
        Err(error) => panic!("{error}"),
    };
    loop {
        match matcher.next(&tokenizer).unwrap_or_else(|error| panic!("{error}, {max}: {matcher:?}")) {
            Next::Done => break,
            Next::Forced(_) => {}
            Next::Choose => {
                let mask = matcher.mask().unwrap_or_else(|error| {
                    panic!("{error}, {max}: {}", String::from_utf8_lossy(matcher.stable()))
                });
                let allowed: Vec<u32> = mask.iter(constraint.vocab()).collect();
                matcher.commit(*random.pick(&allowed)).unwrap();
            }
        }
    }
    let done = matcher.finish(&tokenizer).unwrap();
    assert!(done.value_tokens <= max as usize);
    Some(String::from_utf8(done.value).unwrap())
}

/// What was compared.
#[derive(Default)]
struct Checked {
    answers: usize,
    empty: usize,
    values: usize,
}

/// A shape of each sort in turn.
fn subject(seed: u64, random: &mut Random) -> Shape {
    let first = object(random, 2);
    match seed % 3 {
        0 => Shape::Not(Box::new([first.nameless(), object(random, 2).nameless()])),
        1 => Shape::AnyOf(vec![first.nameless(), object(random, 2).nameless()]),
        _ => Shape::Object(first),
    }
}

fn check(shape: &Shape, random: &mut Random, checked: &mut Checked) {
    if let Some(texts) = shape.texts() {
        check_texts(shape, texts, usize::MAX, random, checked);
    }
}

/// `deepest`: so many objects may be open in the beginnings of texts that are compared, as if there were no other texts.
fn check_texts(
    shape: &Shape,
    texts: BTreeSet<String>,
    deepest: usize,
    random: &mut Random,
    checked: &mut Checked,
) {
    let texts: Vec<String> = texts.into_iter().collect();
    if texts.is_empty() {
        checked.empty += 1;
        let error = bind(&shape.schema(), &[Some(b"a".to_vec()), None]).unwrap_err();
        assert!(matches!(error, BuildError::Empty { .. }), "{error}");
        return;
    }
    let tokens = vocabulary(&texts, random);
    let constraint = bind(&shape.schema(), &tokens).unwrap();
    for _ in 0..4 {
        checked.answers += walk(&constraint, &texts, &tokens, deepest, random);
    }
    let longest = texts.iter().map(String::len).max().unwrap_or(0);
    for max in [longest, longest / 2, longest / 4, 3, 8].into_iter().chain((0..6).map(|n| 4 + 5 * n)) {
        let value = generate(&constraint, max as u32, random);
        assert!(value.is_some() || max < longest, "refused");
        let is_known = |value: &String| {
            texts.contains(value)
                || depth(value.as_bytes()) > deepest && constraint.pattern().is_match(value.as_bytes())
        };
        assert!(value.as_ref().is_none_or(is_known), "{value:?}");
        checked.values += usize::from(value.is_some());
    }
}

#[test]
fn masks_under_few_keys_agree_with_their_definition() {
    let mut checked = Checked::default();
    for seed in 0..150 {
        let mut random = Random::new(seed);
        let shape = subject(seed, &mut random);
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            check(&shape, &mut random, &mut checked);
        }));
        assert!(ended.is_ok(), "seed {seed}: {}", shape.schema());
    }
    let Checked { answers, empty, values } = checked;
    assert!(
        answers > 400_000 && empty > 5 && values > 400,
        "{answers} answers, {empty} empty, {values} values"
    );
}

/// An object whose members may be such objects again, under some of its few keys.
fn recursive(random: &mut Random) -> Shape {
    let keys =
        [&["a", "b"], &["a", "ab"], &["ab", "a"], &["", "a"], &["é", "è"], &["a", "b"]][below(random, 6)];
    let mut others = vec![(vec![keys[0]], Shape::Root)];
    match below(random, 4) {
        0 => others[0].0.push(keys[1]),
        1 => others.push((vec![keys[1]], Shape::Root)),
        _ => others.push((vec![keys[1]], Shape::Numbers(vec![[1, 12, 123_456_789][below(random, 3)]]))),
    }
    if below(random, 3) == 0 {
        others.push((vec!["c"], Shape::Numbers(vec![1])));
    }
    let by_names = others.len() == 1 && below(random, 2) == 0;
    let min = [0, 1, 1, 1, 2, 2, 3][below(random, 7)];
    let max = [None, Some(1), Some(2)][below(random, 3)].filter(|max| *max >= min);
    let object = Object { names: Vec::new(), others, min, max, by_names };
    match below(random, 4) {
        0 => Shape::AnyOf(vec![object.clone(), Object { others: vec![(vec!["x"], Shape::Root)], ..object }]),
        _ => Shape::Object(object),
    }
}

/// Texts of one recursive shape.
const MOST_RECURSIVE: usize = 1000;
/// Levels that a text may need to end, whichever keys it has.
const TO_END: usize = 3;

#[test]
fn masks_under_recursive_keys_agree_with_their_definition() {
    let mut checked = Checked::default();
    for seed in 0..30 {
        let mut random = Random::new(seed);
        let shape = recursive(&mut random);
        let unfolded = |levels| {
            let texts = shape.unfolded(&shape, levels).texts();
            texts.filter(|texts| texts.len() <= MOST_RECURSIVE).map(|texts| (levels, texts))
        };
        let Some((levels, texts)) = (TO_END..8).rev().find_map(unfolded) else { continue };
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            check_texts(&shape, texts, levels + 1 - TO_END, &mut random, &mut checked);
        }));
        assert!(ended.is_ok(), "seed {seed}: {}", shape.schema());
    }
    let Checked { answers, empty, values } = checked;
    assert!(
        answers > 20_000 && empty > 0 && values > 60,
        "{answers} answers, {empty} empty, {values} values"
    );
}

/// Some of the keys lead to the same object again, and others, as many as one likes, do not.
#[test]
fn recursion_under_some_of_all_keys_ends_in_others() {
    let cases = [
        (
            r##"{"type": "object", "minProperties": 1, "patternProperties": {"9": {"$ref": "#"}}}"##,
            &[r#"{"a": 1}"#, r#"{"9": {"a": 1}}"#, r#"{"9": {"9": {"x": {}, "19": {"b": []}}}}"#][..],
            &["{}", r#"{"9": {}}"#, r#"{"a": 1, "9": 1}"#][..],
        ),
        (
            r##"{"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
                "patternProperties": {"^not$": {"$ref": "#"}, "^(eq|ne)$": {"type": "string"}}}"##,
            &[r#"{"eq": "x"}"#, r#"{"not": {"eq": "x"}}"#, r#"{"not": {"not": {"ne": ""}}}"#],
            &["{}", r#"{"not": {}}"#, r#"{"eq": "x", "ne": "x"}"#],
        ),
        (
            r##"{"type": "object", "not": {"propertyNames": false}, "patternProperties": {"9": {"$ref": "#"}}}"##,
            &[r#"{"a": {}}"#, r#"{"9": {"a": 1}, "b": 1}"#],
            &["{}", r#"{"9": {}}"#],
        ),
        (
            r##"{"type": "object", "properties": {"a": {"$ref": "#/$defs/d"}}, "$defs": {"d": {"type": "object", "minProperties": 1,
                "patternProperties": {"9": {"$ref": "#/$defs/d"}}}}}"##,
            &[r#"{"a": {"b": 1, "c": 1}}"#, r#"{"a": {"9": {"b": 1}}}"#, r#"{"b": 1}"#],
            &[r#"{"a": {}}"#, r#"{"a": {"9": {}}}"#],
        ),
        (
            r##"{"anyOf": [{"type": "null"}, {"$ref": "#/$defs/d"}], "$defs": {"d": {"type": "object", "minProperties": 2,
                "patternProperties": {"[0-9]": {"$ref": "#/$defs/d"}}}}}"##,
            &[
                "null",
                r#"{"b": 1, "c": 1}"#,
                r#"{"b": 1, "0": {"x": [], "y": 2}, "1": {"x": 1, "y": 1, "z": 1}}"#,
            ],
            &[r#"{"b": 1}"#, r#"{"b": 1, "0": {"x": 1}}"#, "1"],
        ),
        (
            r##"{"type": "object", "minProperties": 1, "propertyNames": {"pattern": "^a*$"}, "additionalProperties": {"anyOf":
                [{"$ref": "#"}, {"const": 1}]}}"##,
            &[r#"{"": 1}"#, r#"{"a": {"aa": 1, "": {"a": 1}}}"#],
            &["{}", r#"{"b": 1}"#, r#"{"a": {}}"#],
        ),
    ];
    for (schema, good, bad) in cases {
        for (text, is) in good.iter().map(|text| (text, true)).chain(bad.iter().map(|text| (text, false))) {
            assert_eq!(by_masks(schema, text), is, "{schema}: {text}");
        }
    }
}

/// Whether masks let a text through, byte by byte; the pattern has to agree.
fn by_masks(schema: &str, text: &str) -> bool {
    let tokens: Vec<Option<Vec<u8>>> = (0..=255).map(|byte| Some(vec![byte])).chain([None]).collect();
    let constraint = bind(schema, &tokens).unwrap_or_else(|error| panic!("{error}: {schema}"));
    let mut matcher = Matcher::new(&constraint, b"", 10_000).unwrap();
    let lets_through = text.bytes().enumerate().all(|(at, byte)| {
        let is_allowed = matcher.mask().unwrap().contains(constraint.vocab(), u32::from(byte));
        is_allowed && (matcher.commit(u32::from(byte)).unwrap() == Commit::More || at + 1 == text.len())
    });
    let is_end = constraint.pattern().is_match(text.as_bytes());
    assert!(lets_through || !is_end, "masks forbid a byte of {text}");
    is_end
}

/// What is alive by keys that may not come twice is so by as many keys as it has to have.
#[test]
fn recursion_without_enough_other_keys_has_no_value() {
    for (schema, is_empty) in [
        (
            r##"{"type": "object", "minProperties": 2, "additionalProperties": false,
                "patternProperties": {"^[ab]$": {"$ref": "#"}, "^c$": {"type": "integer"}}}"##,
            true,
        ),
        (
            r##"{"type": "object", "minProperties": 2, "additionalProperties": false,
                "patternProperties": {"^[ab]$": {"$ref": "#"}, "^[cd]$": {"type": "integer"}}}"##,
            false,
        ),
        (
            r##"{"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#"}, "propertyNames": {"pattern": "a"}}"##,
            true,
        ),
    ] {
        let built = build(&Spec::Schema { schema: schema.to_owned() }, &[], &Limits::default());
        assert_eq!(matches!(built, Err(BuildError::Empty { .. })), is_empty, "{schema}: {built:?}");
    }
}

/// Keys of which infinitely many are restricted, some beginnings of them to few.
#[test]
fn budgets_under_restricted_keys_end_in_values() {
    let schemas = [
        r#"{"propertyNames": {"pattern": "^a*$"}, "additionalProperties": {"const": 1}, "minProperties": 4}"#,
        r#"{"propertyNames": {"pattern": "^(a|bc*|d[01])$"}, "additionalProperties": {"const": 1}, "minProperties": 5}"#,
        r#"{"propertyNames": {"pattern": "^[a-z]{3}$"}, "additionalProperties": {"enum": [1, 12345]}}"#,
        r#"{"patternProperties": {"^(x|y)$": {"const": "a long text"}, "^z": {"type": "integer"}}, "additionalProperties": false,
            "minProperties": 3}"#,
        r#"{"properties": {"a1": {"const": 1}}, "additionalProperties": {"const": 1}, "minProperties": 3}"#,
        r##"{"type": "object", "minProperties": 2, "patternProperties": {"[0-9]": {"$ref": "#"}}, "additionalProperties": {"const": 1}}"##,
        r##"{"type": "object", "minProperties": 1, "maxProperties": 3, "additionalProperties": false,
            "patternProperties": {"^(a|b)$": {"$ref": "#"}, "^(cc|dd)$": {"const": 1}}}"##,
        r##"{"type": "object", "not": {"propertyNames": {"pattern": "^y"}}, "patternProperties": {"^x": {"$ref": "#"}},
            "additionalProperties": {"const": 1}}"##,
    ];
    let mut tokens: Vec<Option<Vec<u8>>> = (0..=255).map(|byte| Some(vec![byte])).collect();
    let more = [
        r#"", ""#,
        r#", "a"#,
        r#": 1, ""#,
        r#"a": 1"#,
        "aa",
        r#"x": ""#,
        r#"y": "a long text""#,
        r#""bc": 1, "a"#,
    ];
    tokens.extend(more.iter().map(|text| Some(text.as_bytes().to_vec())));
    tokens.push(None);
    for (at, schema) in schemas.into_iter().enumerate() {
        let constraint = bind(schema, &tokens).unwrap_or_else(|error| panic!("{error}: {schema}"));
        let mut values = 0;
        for max in 0..300 {
            let mut random = Random::new(max * 7 + at as u64);
            if let Some(value) = generate(&constraint, max as u32, &mut random) {
                let pattern = constraint.pattern();
                assert!(pattern.is_match(value.as_bytes()), "{value}");
                values += 1;
            }
        }
        assert!(values > 150, "{values} values of {schema}");
    }
}

/// What is said of the beginning of a text: which bytes may follow.
fn next(schema: &str, text: &str) -> String {
    let tokens: Vec<Option<Vec<u8>>> = (0..=255).map(|byte| Some(vec![byte])).chain([None]).collect();
    let constraint = bind(schema, &tokens).unwrap();
    let mut matcher = Matcher::new(&constraint, b"", 10_000).unwrap();
    for byte in text.bytes() {
        assert_eq!(matcher.commit(u32::from(byte)), Ok(Commit::More));
    }
    let mask = matcher.mask().unwrap();
    mask.iter(constraint.vocab()).filter_map(char::from_u32).collect()
}

#[test]
fn keys_run_out() {
    let schema =
        r#"{"type": "object", "propertyNames": {"pattern": "^[ab]$"}, "additionalProperties": {"const": 1}}"#;
    assert_eq!(next(schema, r#"{""#), "ab");
    assert_eq!(next(schema, r#"{"b": 1, ""#), "a");
    assert_eq!(next(schema, r#"{"b": 1, "a": 1"#), "}");
    // An alternative that has run out beside one that has not.
    let either =
        format!(r#"{{"anyOf": [{schema}, {{"type": "object", "additionalProperties": {{"const": 1}}}}]}}"#);
    assert!(next(&either, r#"{"b": 1, ""#).contains("ab"));
    assert!(next(&either, r#"{"b": 1, "a": 1"#).contains(','));
    assert!(next(&either, r#"{"b": 1, "b"#).contains('b'));
    // A key that only the second has, so that the first is no way any more.
    assert!(next(&either, r#"{"b": 1, "bb": 1, ""#).contains("ab"));
}

#[test]
fn few_keys_are_free_again_in_another_object() {
    let few = r##"{"type": "object", "propertyNames": {"enum": ["a", "b"]}, "additionalProperties": {"$ref": "#"}}"##;
    assert_eq!(next(few, r#"{"a": {"b": {}, ""#), "a");
    assert_eq!(next(few, r#"{"a": {"b": {}, "a": {}}"#), ",}");
    assert_eq!(next(few, r#"{"a": {"b": {}}, ""#), "b");
    assert_eq!(next(few, r#"{"a": {"b": {}}, "b": {}"#), "}");
}

#[test]
fn restricted_keys_have_a_limit() {
    let schema = r#"{"propertyNames": {"pattern": "^[0-9]*$"}, "additionalProperties": {"const": 1}, "type": "object"}"#;
    let pattern = build(&Spec::Schema { schema: schema.to_owned() }, &[], &Limits::default()).unwrap();
    let of = |members: usize| {
        let members: Vec<String> = (0..members).map(|key| format!("\"{key}\": 1")).collect();
        pattern.try_match(format!("{{{}}}", members.join(", ")).as_bytes())
    };
    assert_eq!(of(1023), Ok(true));
    let error = of(1024).unwrap_err();
    assert!(error.to_string().contains("restricted keys of an object"), "{error}");
}
