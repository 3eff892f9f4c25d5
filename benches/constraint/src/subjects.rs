//! The specs that are measured, with texts that are the same in every run.

use agentc_constraint::spec::{GrammarSyntax, Spec, Stop};

use crate::large;
use crate::random::{Draw, Random, SYLLABLES};
use crate::subject::Subject;

/// All of them.
pub fn all() -> Vec<Subject> {
    vec![select(), counted(), quoted(), free_text(), arithmetic(), json(), sql(), large::subject()]
}

/// One of 10,000 names, and twenty of them written.
fn select() -> Subject {
    let capital = |text: &str| text[..1].to_uppercase() + &text[1..];
    let triples = SYLLABLES.iter().flat_map(|a| {
        SYLLABLES.iter().flat_map(move |b| SYLLABLES.iter().map(move |c| capital(&format!("{a}{b}{c}"))))
    });
    let mut options: Vec<String> = triples.collect();
    options.sort();
    options.dedup();
    options.truncate(10_000);
    let texts = options.iter().step_by(500).cloned().collect();
    let name = "select of 10,000".into();
    Subject { name, spec: Spec::OneOf { hole: 0 }, bindings: vec![options], texts, tokens: 1_000 }
}

/// `\w{0,10000}`, along a thousand tokens.
fn counted() -> Subject {
    let text = Random::new(2).word(2_400);
    let spec = Spec::Regex { pattern: r"\w{0,10000}".into() };
    Subject { name: r"\w{0,10000}".into(), spec, bindings: Vec::new(), texts: vec![text], tokens: 1_000 }
}

/// The same between quotes: here a mask forbids something, and what is counted is far from its bound.
fn quoted() -> Subject {
    let text = format!("\"{}\"", Random::new(2).word(2_400));
    let spec = Spec::Regex { pattern: r#""\w{0,10000}""#.into() };
    Subject { name: r#""\w{0,10000}""#.into(), spec, bindings: Vec::new(), texts: vec![text], tokens: 1_000 }
}

/// Prose until an empty line, along a thousand tokens.
fn free_text() -> Subject {
    let mut random = Random::new(3);
    let mut sentence =
        || format!("The {} of {} is not {}.\n", random.word(2), random.word(3), random.word(2));
    let text = (0..100).map(|_| sentence()).collect();
    let stops = vec![Stop::Text { text: "\n\n".into() }];
    let spec = Spec::Until { value: Box::new(Spec::Text { min: 0, max: None }), stops };
    let name = "free text with a stop".into();
    Subject { name, spec, bindings: Vec::new(), texts: vec![text], tokens: 1_000 }
}

fn grammar(name: &str, grammar: &str, texts: Vec<String>) -> Subject {
    let spec = Spec::Grammar { grammar: grammar.to_owned(), syntax: GrammarSyntax::Lark, parts: Vec::new() };
    Subject { name: name.to_owned(), spec, bindings: Vec::new(), texts, tokens: usize::MAX }
}

fn arithmetic() -> Subject {
    const GRAMMAR: &str = r#"
        start: sum
        sum: sum ("+" | "-") product | product
        product: product ("*" | "/") atom | atom
        atom: NUMBER | "-" atom | "(" sum ")"
        NUMBER: /[0-9]+(\.[0-9]+)?/
        %ignore " "
    "#;
    fn sum(random: &mut Random, depth: usize) -> String {
        let (left, right) = (random.below(1_000), random.below(100));
        match depth {
            0 => format!("{left}.{right}"),
            _ => {
                let operator = ["+", "-", "*", "/"][random.below(4)];
                format!("({} {operator} {})", sum(random, depth - 1), sum(random, depth - 1))
            }
        }
    }
    let mut random = Random::new(4);
    grammar("grammar of sums", GRAMMAR, (0..10).map(|_| sum(&mut random, 4)).collect())
}

fn json() -> Subject {
    const GRAMMAR: &str = r#"
        start: value
        ?value: object | array | STRING | NUMBER | "true" | "false" | "null"
        object: "{" [pair ("," pair)*] "}"
        pair: STRING ":" value
        array: "[" [value ("," value)*] "]"
        STRING: /"([^"\\\x00-\x1f]|\\(["\\\/bfnrt]|u[0-9a-fA-F]{4}))*"/
        NUMBER: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/
        %ignore /[ \t\n\r]+/
    "#;
    let mut random = Random::new(5);
    let mut item = || {
        serde_json::json!({
            "id": random.below(100_000),
            "name": format!("{} {}", random.word(2), random.word(3)),
            "tags": [random.word(2), random.word(1)],
            "place": {"latitude": random.below(9_000) as f64 / 100.0, "is \"open\"": true, "note": null},
        })
    };
    let texts = (0..10).map(|_| serde_json::json!([item(), item(), item()]));
    let pretty = |value| format!("{value:#}");
    grammar("grammar of JSON", GRAMMAR, texts.map(pretty).collect())
}

fn sql() -> Subject {
    const GRAMMAR: &str = r#"
        start: query ";"
        query: "SELECT" ["DISTINCT"] columns "FROM" table join* ["WHERE" condition] ["ORDER BY" order] ["LIMIT" INT]
        columns: "*" | column ("," column)*
        column: value ["AS" NAME]
        table: NAME [NAME] | "(" query ")" NAME
        join: ["LEFT" | "INNER"] "JOIN" table "ON" condition
        condition: condition "OR" both | both
        both: both "AND" test | test
        test: value ("=" | "<>" | "<" | ">" | "<=" | ">=") value | value ["NOT"] "IN" "(" (query | value ("," value)*) ")"
            | value "IS" ["NOT"] "NULL" | "NOT" test | "(" condition ")"
        value: value ("+" | "-" | "*" | "/") operand | operand
        operand: NAME ["." NAME] | INT | STRING | ("COUNT" | "SUM" | "MAX") "(" ("*" | value) ")" | "(" value ")"
        order: value ["DESC"] ("," value ["DESC"])*
        NAME: /[a-z_][a-z0-9_]*/
        INT: /[0-9]+/
        STRING: /'[^'\n]*'/
        %ignore /[ \n]+/
    "#;
    let mut random = Random::new(6);
    let mut query = || {
        let (table, other) = (random.word(2), random.word(2));
        let (column, key, limit) = (random.word(1), random.word(2), random.below(1_000));
        let name = random.word(3);
        format!(
            "SELECT DISTINCT a.{column}, COUNT(*) AS total FROM {table} a\n  LEFT JOIN {other} b ON a.{key} = b.{key}\n  \
             WHERE (a.{column} > {limit} OR b.name = '{name}') AND a.{key} NOT IN (SELECT {key} FROM old_{other})\n  \
             ORDER BY total DESC LIMIT {limit};"
        )
    };
    grammar("grammar of SQL", GRAMMAR, (0..10).map(|_| query()).collect())
}
