//! The properties of the fuzz targets, bounded: on every program of the suite, and on mutants of them.
#![allow(missing_docs, unreachable_pub)]

mod common;
#[path = "../../fuzz/src/lib.rs"]
mod properties;

use agentc_compiler::ir;
use agentc_compiler::source::NoFiles;
use agentc_compiler::{Options, compile};
use common::random::Random;

/// Pieces that mean something to the language, and bytes that mean trouble.
const PIECES: &[&str] = &[
    "{{",
    "}}",
    "\"\"\"",
    "\"",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\n",
    "#",
    "/",
    "gen x",
    ": ",
    " = ",
    "fork 2 {",
    "yield ",
    "aside {",
    "try {",
    "else ",
    "user ",
    "repeat 3 ",
    "\\",
    "\u{feff}",
    "\r",
    "'",
    "|",
    "?",
    "..",
    "é",
    "\0",
    "0",
    "1e9",
    "`",
];

/// A few edits: pieces put in, stretches taken out, doubled, or taken from another text.
fn mutant(random: &mut Random, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + random.below(4) {
        let from = random.below(bytes.len() + 1);
        let to = (from + random.below(12)).min(bytes.len());
        let piece = match random.below(4) {
            0 => PIECES[random.below(PIECES.len())].as_bytes().to_vec(),
            1 => bytes[from..to].repeat(2),
            2 => {
                let at = random.below(other.len() + 1);
                other[at..(at + random.below(30)).min(other.len())].to_vec()
            }
            _ => Vec::new(),
        };
        bytes.splice(from..to, piece);
    }
    bytes
}

fn each_mutant(rounds: usize, texts: &[Vec<u8>], property: fn(&[u8])) {
    assert!(texts.len() > 20, "only {} texts to begin with", texts.len());
    texts.iter().for_each(|text| property(text));
    let mut random = Random(rounds as u64);
    for _ in 0..rounds {
        let (text, other) = (&texts[random.below(texts.len())], &texts[random.below(texts.len())]);
        property(&mutant(&mut random, text, other));
    }
}

fn programs() -> Vec<Vec<u8>> {
    common::cases().into_iter().map(|case| case.text.into_bytes()).collect()
}

/// The IR of the suite's programs, small ones first.
fn intermediates() -> Vec<ir::Program> {
    let compile = |text: Vec<u8>| compile("fuzz.agent", &text, &NoFiles, &Options::default()).program;
    programs().into_iter().filter_map(compile).collect()
}

#[test]
fn any_bytes_compile_or_have_findings() {
    each_mutant(3000, &programs(), |bytes| properties::text(bytes, &NoFiles));
}

#[test]
fn any_program_can_be_set() {
    each_mutant(1500, &programs(), properties::format);
}

#[test]
fn any_ir_is_valid_or_refused() {
    let json = |program: ir::Program| serde_json::to_vec(&program).expect("a program is JSON");
    let texts: Vec<Vec<u8>> =
        intermediates().into_iter().map(json).filter(|text| text.len() < 20_000).collect();
    each_mutant(3000, &texts, properties::ir);
}

#[test]
fn any_spec_builds_or_is_refused() {
    let mut texts = Vec::new();
    for program in intermediates() {
        texts.extend(program.specs.iter().map(|spec| serde_json::to_vec(spec).expect("a spec is JSON")));
    }
    texts.sort();
    texts.dedup();
    each_mutant(3000, &texts, properties::spec);
}

/// What the target `notation` begins with: a letter, and a text in the notation that it stands for.
const NOTATIONS: &[&str] = &[
    r"r[A-Z][a-z]+(, [0-9]{1,3})*",
    r"r(?i)(a|b)*\p{L}{2,}[^\d\s]?(?:x|)\u{e9}",
    r"r\d{4}-(0[1-9]|1[0-2])-\d{2}(T.*)?&&",
    "r\\{[a$z]{5,31},4+++++.+++++++++++/++++++4+++;++++[2-9]\\d?\n",
    "r(((a{0,9}){0,9}){0,9}|[a-z&&[^aeiou]])+",
    "lstart: item (\",\" item)*\nitem: WORD | NUMBER | \"(\" start \")\"\nWORD: /[a-z]+/\n%import common.NUMBER\n%ignore \" \"",
    "lstart: a~2..4 b?\na: \"x\" | [\"y\" a]\nb: C+\nC.2: \"a\"..\"f\" | /\\d/i\n",
    "l?start: sum\n?sum: product | sum \"+\" product -> add\n?product: atom | product \"*\" atom\natom: /[0-9]+/ | \"(\" sum \")\"",
    "groot ::= \"{\" ws (pair (\",\" ws pair)*)? \"}\"\npair ::= [a-z]+ \":\" value{1,3}\nvalue ::= [^\\x00-\\x1f\"] | root\nws ::= [ \\t\\n]*",
    "groot ::= a | b\na ::= \"x\" a | \"\"\nb ::= ([0-9] | \"\\u00e9\")+ # done\n",
    r##"s{"type":"object","properties":{"a":{"type":"integer","minimum":-3,"multipleOf":2},"b":{"enum":["x",1,null]}},"required":["a"],"additionalProperties":false}"##,
    r##"s{"$defs":{"t":{"type":["array","null"],"items":{"$ref":"#/$defs/t"},"maxItems":2,"uniqueItems":true}},"$ref":"#/$defs/t"}"##,
    r##"s{"anyOf":[{"type":"string","pattern":"^a+$","minLength":2,"format":"date"},{"not":{"type":"string"}}],"if":{"const":1},"then":{"maximum":3},"else":true}"##,
    r##"s{"allOf":[{"patternProperties":{"^x":{"type":"number"}}},{"propertyNames":{"maxLength":3}}],"oneOf":[{"minProperties":1},{"const":{}}],"dependentRequired":{"x":["y"]},"unevaluatedProperties":false}"##,
];

#[test]
fn any_notation_builds_or_is_refused() {
    NOTATIONS.iter().for_each(|text| properties::notation(text.as_bytes()));
    let mut random = Random(7);
    for _ in 0..6000 {
        let (text, other) =
            (NOTATIONS[random.below(NOTATIONS.len())], NOTATIONS[random.below(NOTATIONS.len())]);
        let (letter, rest) = text.as_bytes().split_at(1);
        let rest = mutant(&mut random, rest, &other.as_bytes()[1..]);
        properties::notation(&[letter, &rest].concat());
    }
}

#[test]
fn the_dictionary_has_every_word() {
    let dictionary = include_str!("../../fuzz/agent.dict");
    let words = agentc_compiler::lex::words::RESERVED.iter().chain(agentc_compiler::lex::words::CONTEXTUAL);
    for word in words {
        assert!(
            dictionary.lines().any(|line| line == format!("\"{word}\"")),
            "{word} is not in fuzz/agent.dict"
        );
    }
}
