//! Masks where tokens are short, against their definition: token by token and byte by byte, with a whole
//! short text to the end for each.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::MatchError;
use crate::limits::Limits;
use crate::mask::{Commit, Constraint, Core, Matcher};
use crate::pattern::build;
use crate::pattern::cursor::Cursor;
use crate::spec::{GrammarSyntax, Spec};
use crate::vocab::{TokenId, Vocab};

const REGULAR: [&str; 8] = [
    "([a-b]+ ){3,6}",
    r#""[^"]{2,9}", (\d{2}, )*a"#,
    r"(a|bb){4}é?",
    r"\w{3,8}!",
    r"(ab|ba|a[^b]*b){2,4}",
    r"([^,]*, ){2}\d{3}",
    r"(a{2,4}b|[a-z0-9]{5,9} ){3}",
    r"null|(\{a\}|\[[ab]{0,5}\]){3}",
];

const SCHEMAS: [&str; 6] = [
    "{}",
    r##"{"$ref": "#/definitions/n", "definitions": {"n": {"type": "object", "properties": {"a": {"type": "string",
        "minLength": 2, "maxLength": 6}, "b": {"type": "array", "items": {"$ref": "#/definitions/n"}}},
        "required": ["a", "b"], "additionalProperties": false}}}"##,
    r##"{"type": "object", "minProperties": 2, "additionalProperties": {"anyOf": [{"type": "null"}, {"$ref": "#"}]}}"##,
    r##"{"type": "object", "properties": {"a": {"type": "object"}}, "required": ["a"]}"##,
    r##"{"type": "array", "minItems": 2, "uniqueItems": true, "items": {"type": "string"}}"##,
    r##"{"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "integer"}, {"$ref": "#"}]}}"##,
];

const GRAMMARS: [&str; 4] = [
    "start: sum\nsum: sum \"+\" term | term\nterm: \"a\" | \"1\" /[0-9]*/ | \"(\" sum \")\" | \"\\\"\" /[^\"]*/ \"\\\"\"",
    "start: \"[\" start \"]\" | \"{\" /[^}]{2,7}/ \"}\"",
    "start: \"a\" start start | \"b\" start \"]\" | \"0\"",
    "start: \"[\" [start (\", \" start)*] \"]\" | /\"[^\"]*\"/",
];

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

/// Tokens of what stands in such texts, of halves of characters, and of all bytes or most.
fn vocabulary(random: &mut Random) -> Arc<Vocab> {
    const PIECES: [&[u8]; 26] = [
        b"\"",
        b"\", \"",
        b"\": ",
        b"{",
        b"}",
        b"[",
        b"]",
        b"a",
        b"b",
        "é".as_bytes(),
        b"\xf0",
        b"\xe2\x82",
        b"0",
        b"1",
        b", ",
        b"null",
        b"\\",
        b"ab",
        b" ",
        b"+",
        b"(",
        b")",
        b"\"}",
        b"]}",
        b"aaaaaaaa",
        b"{\"",
    ];
    let mut tokens: BTreeSet<Vec<u8>> = BTreeSet::new();
    for _ in 0..60 {
        let pieces = 1 + random.below(4);
        tokens.insert((0..pieces).flat_map(|_| PIECES[random.below(PIECES.len())]).copied().collect());
    }
    // A byte that no value has to have.
    let missing = (random.below(3) == 0).then(|| 0x90 + random.below(16) as u8);
    tokens.extend((0..=255).filter(|&byte| Some(byte) != missing).map(|byte| vec![byte]));
    let tokens: Vec<Option<Vec<u8>>> = tokens.into_iter().map(Some).chain([None]).collect();
    Arc::new(Vocab::new(&tokens, &[tokens.len() as TokenId - 1]).unwrap())
}

/// Whether a short text completes a place with so many tokens.
fn fits(core: &mut Core<'_>, place: &Cursor, left: u32) -> Result<bool, MatchError> {
    let depth = core.depth;
    if place.distance(core.dfa) <= u64::from(left) || place.accepts(core.dfa) {
        return Ok(true);
    }
    let plan = match place.plain().filter(|&state| !core.dfa.is_spellable(state)) {
        Some(state) => core.plan(state)?,
        None => place.witness(core.dfa, depth)?.and_then(|text| core.vocab.fewest_tokens(&text)),
    };
    Ok(plan.is_some_and(|plan| plan.len() <= left as usize))
}

/// Whether a token may follow.
fn is_allowed(
    core: &mut Core<'_>,
    place: &Cursor,
    heal: &[u8],
    text: &[u8],
    left: u32,
) -> Result<bool, MatchError> {
    let spelled = heal.len().min(text.len());
    if heal[..spelled] != text[..spelled] {
        return Ok(false);
    }
    if text.len() <= heal.len() {
        return Ok(true);
    }
    let mut place = place.clone();
    let mut may_end = place.accepts(core.dfa);
    for (at, &byte) in text.iter().enumerate().skip(heal.len()) {
        place = place.step(core.dfa, byte, core.depth)?;
        if place.is_dead() {
            return Ok(may_end);
        }
        let can_spell = |core: &Core<'_>| {
            core.vocab.fewest_tokens(&text[..=at]).is_some_and(|tokens| tokens.len() <= left as usize)
        };
        may_end |= place.accepts(core.dfa) && can_spell(core);
    }
    Ok(left > 0 && fits(core, &place, left - 1)?)
}

/// Whether tokens are a way to the end.
fn is_plan(core: &mut Core<'_>, place: &Cursor, plan: &[TokenId]) -> bool {
    let mut place = place.clone();
    for &token in plan {
        for &byte in core.vocab.bytes(token) {
            place = place.step(core.dfa, byte, core.depth).unwrap();
        }
    }
    place.accepts(core.dfa)
}

/// Compares the masks of random choices; how many answers there were, and how many tokens are allowed beyond the
/// definition.
fn walk(constraint: &Arc<Constraint>, random: &mut Random, max: u32, counts: &mut [usize; 2]) {
    let vocab = constraint.vocab().clone();
    let heal: &[u8] = [&b""[..], b"", b"a", b"\"a"][random.below(4)];
    let Ok(mut matcher) = Matcher::new(constraint, heal, max) else { return };
    for _ in 0..=2 * max + 2 {
        let mask = matcher.mask().unwrap();
        let place = matcher.progress.now.place.clone();
        let heal = matcher.progress.heal.get(matcher.progress.bytes.len()..).unwrap_or_default().to_vec();
        let left = matcher.progress.left();
        for token in (0..vocab.len() as TokenId).filter(|&token| !vocab.bytes(token).is_empty()) {
            let core = &mut constraint.core();
            let text = vocab.bytes(token);
            let (said, is) =
                (mask.contains(&vocab, token), is_allowed(core, &place, &heal, text, left).unwrap());
            let context = || {
                let (before, text) =
                    (String::from_utf8_lossy(&matcher.progress.bytes), String::from_utf8_lossy(text));
                format!("{before:?}, {left} left, healing {heal:?}: {text:?} is {is}")
            };
            assert!(said || !is, "{}", context());
            counts[0] += 1;
            if said && !is {
                counts[1] += 1;
                let mut next = place.clone();
                for &byte in &text[heal.len().min(text.len())..] {
                    next = next.step(core.dfa, byte, core.depth).unwrap();
                }
                let plan = core.place_plan(&next).unwrap();
                let fits = plan.is_some_and(|plan| plan.len() < left as usize && is_plan(core, &next, &plan));
                assert!(fits || is_planned(&matcher, token), "{}", context());
            }
        }
        let allowed: Vec<TokenId> = mask.iter(&vocab).collect();
        match matcher.commit(allowed[random.below(allowed.len())]).unwrap() {
            Commit::More => {}
            Commit::Done => return,
        }
        if matcher.progress.is_done()
            || (matcher.progress.left() == 0 && matcher.progress.is_complete(&constraint.core()))
        {
            return;
        }
    }
    panic!("{max} tokens, and no end");
}

/// Whether a token is the next of a way to the end that is kept.
fn is_planned(matcher: &Matcher, token: TokenId) -> bool {
    matcher.progress.now.plan.as_ref().is_some_and(|plan| plan.first() == Some(&token))
}

#[test]
fn tight_masks_are_those_of_their_definition() {
    let regular = REGULAR.map(|pattern| Spec::Regex { pattern: pattern.into() });
    let schemas = SCHEMAS.map(|schema| Spec::Schema { schema: schema.into() });
    let lark = |grammar: &str| Spec::Grammar {
        grammar: grammar.into(),
        syntax: GrammarSyntax::Lark,
        parts: Vec::new(),
    };
    let specs: Vec<Spec> = regular.into_iter().chain(schemas).chain(GRAMMARS.map(lark)).collect();
    let mut counts = [0; 2];
    for (at, spec) in specs.iter().enumerate() {
        let pattern = build(spec, &[], &Limits::default()).unwrap();
        for round in 0..10 {
            let mut random = Random(at as u64 * 1000 + round);
            let vocab = vocabulary(&mut random);
            let constraint = Constraint::new(pattern.clone(), vocab, Limits::default());
            let fewest = constraint.fewest_tokens().unwrap().unwrap_or(0);
            for _ in 0..4 {
                let max = (fewest + random.below(14)) as u32;
                walk(&constraint, &mut random, max, &mut counts);
            }
        }
    }
    assert!(counts[0] > 100_000, "only {counts:?} answers were compared");
}
