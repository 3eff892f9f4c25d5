//! The identity of a program apart from the white space between its tokens: according to the grammar (which
//! also knows what the compiler does not support), the tree, the findings and the IR.

use agentc_compiler::lex::{Kind, Lexed, lex};
use agentc_compiler::source::NoFiles;
use agentc_compiler::{Limits, Options, compile, fmt, parse};
use pest::Parser as _;
use pest::iterators::Pair;
use serde_json::Value;

#[allow(missing_docs)]
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "../../grammar/agent.pest"]
    pub(crate) struct Grammar;
}
use grammar::{Grammar, Rule};

/// Every construct of a program: how deep it lies, which it is, and the text of those that hold no others.
/// `None` if it does not parse, or has a regex where the language knows none and only the grammar does.
pub(crate) fn shape(text: &str) -> Option<Vec<(usize, String)>> {
    let lexed = lex(0, text, &Limits::default());
    if !lexed.diags.is_empty() {
        return None;
    }
    let mut shape = Vec::new();
    for chunk in lexed.chunks(text) {
        let mut around: Vec<usize> = Vec::new();
        for pair in Grammar::parse(Rule::chunk, &text[chunk.clone()]).ok()?.flatten() {
            let span = pair.as_span();
            let start = chunk.start + span.start();
            if pair.as_rule() == Rule::regex && lexed.tokens[tokens_before(&lexed, start)].kind != Kind::Regex
            {
                return None;
            }
            while around.last().is_some_and(|end| *end <= span.start()) {
                around.pop();
            }
            if !matches!(pair.as_rule(), Rule::chunk | Rule::EOI) {
                shape.push((around.len(), described(pair)));
            }
            around.push(span.end());
        }
    }
    Some(shape)
}

fn tokens_before(lexed: &Lexed, at: usize) -> usize {
    lexed.tokens.partition_point(|token| token.start < at)
}

fn described(pair: Pair<'_, Rule>) -> String {
    let (rule, text) = (pair.as_rule(), pair.as_str());
    let leaf = pair.clone().into_inner().next().is_none();
    match rule {
        Rule::long_text => "text".to_owned(),
        Rule::long_string => format!("{rule:?} {:?}", value(pair)),
        Rule::short_text | Rule::regex_body => format!("{rule:?} {text}"),
        _ if leaf => {
            let code = text.lines().map(|line| line.split('#').next().unwrap_or(""));
            let code = code.flat_map(|line| line.split(|c: char| c.is_whitespace() || c == '\u{FEFF}'));
            format!("{rule:?} {}", code.collect::<String>())
        }
        _ => format!("{rule:?}"),
    }
}

/// The value of a `"""`, a zero byte for each hole: as `grammar/README.md` defines it, line by line.
fn value(pair: Pair<'_, Rule>) -> String {
    let parts = pair.into_inner();
    let parts =
        parts.map(|p| if p.as_rule() == Rule::hole { "\0".to_owned() } else { p.as_str().to_owned() });
    let mut text = parts.collect::<String>().replace("\r\n", "\n");
    let blank = |line: &str| line.chars().all(|c| c == ' ' || c == '\t');
    let last = text.rsplit_once('\n').filter(|(_, last)| blank(last));
    text.truncate(last.map_or(text.len(), |(before, _)| before.len()));
    let opening = text.split_once('\n').filter(|(first, _)| blank(first)).map(|(first, _)| first.len() + 1);
    let text = &text[opening.unwrap_or(0)..];
    let indented = |n: usize| n > 0 || opening.is_some();
    let lines: Vec<&str> = text.split('\n').collect();
    let white = |line: &str| line.chars().take_while(|c| *c == ' ' || *c == '\t').collect::<String>();
    let indents = lines.iter().enumerate().filter(|(n, line)| indented(*n) && !blank(line));
    let common = indents.map(|(_, line)| white(line)).reduce(|a, b| {
        let same = a.chars().zip(b.chars()).take_while(|(x, y)| x == y);
        same.map(|(x, _)| x).collect()
    });
    let common = common.unwrap_or_default();
    let dedented = lines.iter().enumerate().map(|(n, line)| match line.strip_prefix(&common) {
        _ if !indented(n) => *line,
        Some(rest) => rest,
        None => "",
    });
    dedented.collect::<Vec<_>>().join("\n")
}

/// What must stay the same, and is told apart when it does not.
#[derive(Debug, PartialEq)]
pub(crate) struct Meaning {
    shape: Option<Vec<(usize, String)>>,
    tokens: Vec<String>,
    comments: Vec<String>,
    tree: String,
    findings: Vec<(&'static str, String, Option<String>)>,
    ir: Option<Value>,
}

/// What a program means.
pub(crate) fn meaning(text: &str) -> Meaning {
    let lexed = lex(0, text, &Limits::default());
    let of = |wanted: fn(Kind) -> bool| {
        let tokens = lexed.tokens.iter().filter(move |token| wanted(token.kind));
        tokens.map(|token| token.text(text).trim_end().to_owned()).collect::<Vec<_>>()
    };
    let compiled = compile("x.agent", text.as_bytes(), &NoFiles, &Options::default());
    let findings = compiled.diags.iter().map(|d| (d.code, d.message.clone(), d.hint.clone())).collect();
    let ir = compiled.program.map(|program| {
        let mut json = serde_json::to_value(program).expect("a program can be written");
        // The texts of its files are for messages alone.
        json.as_object_mut().map(|fields| fields.remove("files"));
        erase_places(&mut json);
        // The text itself is part of a program.
        json["files"] = Value::Null;
        json
    });
    Meaning {
        shape: shape(text),
        tokens: of(|kind| !kind.is_trivia() && kind != Kind::Text),
        comments: of(|kind| kind == Kind::Comment),
        tree: without_places(&format!("{:?}", parse(0, text, &Limits::default()).0)),
        findings,
        ir,
    }
}

/// The debug form of a tree without its spans.
fn without_places(tree: &str) -> String {
    let mut parts = tree.split("Span { ");
    let first = parts.next().unwrap_or("").to_owned();
    parts.fold(first, |out, part| out + part.split_once(" }").map_or("", |(_, rest)| rest))
}

fn erase_places(json: &mut Value) {
    match json {
        Value::Array(items) => items.iter_mut().for_each(erase_places),
        Value::Object(fields) if ["file", "start", "end"].iter().all(|key| fields.contains_key(*key)) => {
            *json = Value::Null;
        }
        Value::Object(fields) => fields.values_mut().for_each(erase_places),
        _ => {}
    }
}

/// Formats a program that parses, and makes sure that it is the same program, set as the rules say.
pub(crate) fn formatted(text: &str) -> String {
    let out = fmt::format(0, text, &Limits::default()).unwrap_or_else(|diags| panic!("{diags:?}\n{text}"));
    let (before, after) = (meaning(text), meaning(&out));
    let shown = format!("\n{text}\n---\n{out}");
    let shape = |of: &Meaning| of.shape.clone().unwrap_or_default();
    same(&shape(&before), &shape(&after), &shown);
    same(&before.tokens, &after.tokens, &shown);
    same(&before.comments, &after.comments, &shown);
    assert_eq!(before.tree, after.tree, "{shown}");
    same(&before.findings, &after.findings, &shown);
    assert!(before == after, "the IR differs{shown}");
    let again = fmt::format(0, &out, &Limits::default()).unwrap_or_else(|diags| panic!("{diags:?}\n{out}"));
    assert_eq!(out, again, "not idempotent\n{text}\n---\n{out}\n---\n{again}");
    well_set(&out);
    out
}

/// Shows the first items that differ.
fn same<T: PartialEq + std::fmt::Debug>(before: &[T], after: &[T], shown: &str) {
    let differs = (0..before.len().max(after.len())).find(|n| before.get(*n) != after.get(*n));
    if let Some(n) = differs {
        panic!("{:?} became {:?}{shown}", before.get(n), after.get(n));
    }
}

/// Whether the white space outside of strings is as it always must be.
fn well_set(out: &str) {
    assert!(out.is_empty() || out.ends_with('\n') && !out.starts_with('\n'), "{out:?}");
    let tokens = lex(0, out, &Limits::default()).tokens;
    let kind = |at: usize| tokens.get(at).map(|token| token.kind);
    for (at, token) in tokens.iter().enumerate() {
        let text = token.text(out);
        match token.kind {
            Kind::Space => {
                assert!(text.bytes().all(|b| b == b' '), "odd white space\n{out}");
                assert!(!matches!(kind(at + 1), None | Some(Kind::Newline)), "space at a line's end\n{out}");
            }
            Kind::Newline if kind(at + 1) == Some(Kind::Newline) => {
                let after = (at + 2..tokens.len()).find(|at| kind(*at) != Some(Kind::Space));
                let after = after.and_then(kind);
                let ends = matches!(after, None | Some(Kind::Newline | Kind::Close | Kind::HoleClose));
                let before = tokens[..at].iter().rev().map(|token| token.kind);
                let mut before = before.filter(|kind| !matches!(kind, Kind::Space | Kind::Comment));
                let begins = before.next().is_some_and(|kind| matches!(kind, Kind::Open | Kind::HoleOpen));
                assert!(!ends && !begins, "an empty line too many\n{out}");
            }
            Kind::Comment => assert_eq!(text.trim_end(), text, "{out}"),
            _ => {}
        }
    }
}
