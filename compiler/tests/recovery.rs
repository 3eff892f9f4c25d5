//! One mistake is one finding, and changes none of the others.
//!
//! A token that cannot occur there is inserted into one statement of a program of the suite. Whatever was
//! found in other statements must still be found, and in this one there must be exactly one finding.

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use agentc_compiler::ast::{
    Block, Expr, ExprKind, Fork, Item, Part, RoleBody, Stmt, StmtKind, Text, ToolBody,
};
use agentc_compiler::source::NoFiles;
use agentc_compiler::{Limits, Options, compile, lex, parse};
use common::random::Random;

/// What is put into programs.
const GARBAGE: &[&str] = &[
    ")", "]", "}", "(", "[", "{", "=", ":", "@", ";", "=>", "?", "!", "+", ",", "let", "fn", "42", "foo",
    "with", "..", "&&", "$",
];

/// How many of the mistakes, in hundredths of a percent, must be found alone.
const WANTED: usize = 9875;

/// A finding in terms of what a person sees, by its place in the text without the garbage.
type Seen = (usize, &'static str, String);

/// The errors of the parser and the checker. Lints look at programs without errors only.
fn findings(text: &str) -> Vec<Seen> {
    let compiled = compile("test.agent", text.as_bytes(), &NoFiles, &Options::default());
    let lint = |code: &str| matches!(code, "E0310" | "E0407");
    let errors = compiled.diags.iter().filter(|d| d.is_error() && !lint(d.code));
    errors.map(|d| (d.span.start as usize, d.code, d.message.clone())).collect()
}

/// The places of all statements and items, each without the statements in its blocks.
fn statements(text: &str) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    for item in parse(0, text, &Limits::default()).0.items {
        visit_item(&item, &mut places);
    }
    places
}

fn visit_item(item: &Item, places: &mut Vec<(usize, usize)>) {
    match item {
        Item::Func(decl) => {
            places.push((decl.span.start as usize, decl.span.end as usize));
            visit_block(&decl.body, places);
        }
        Item::Tool(decl) => {
            places.push((decl.span.start as usize, decl.span.end as usize));
            if let ToolBody::Block(body) = &decl.body {
                visit_block(body, places);
            }
        }
        Item::Test(decl) => {
            places.push((decl.span.start as usize, decl.span.end as usize));
            visit_block(&decl.body, places);
        }
        Item::Stmt(stmt) => visit_stmt(stmt, places),
        _ => {}
    }
}

fn visit_block(block: &Block, places: &mut Vec<(usize, usize)>) {
    block.stmts.iter().for_each(|stmt| visit_stmt(stmt, places));
}

fn visit_stmt(stmt: &Stmt, places: &mut Vec<(usize, usize)>) {
    places.push((stmt.span.start as usize, stmt.span.end as usize));
    match &stmt.kind {
        StmtKind::If { arms, otherwise } => {
            arms.iter().map(|(_, body)| body).chain(otherwise).for_each(|body| visit_block(body, places));
        }
        StmtKind::Match(choice) => choice.arms.iter().for_each(|arm| visit_block(&arm.body, places)),
        StmtKind::For { body, .. } | StmtKind::Repeat { body, .. } | StmtKind::While { body, .. } => {
            visit_block(body, places);
        }
        StmtKind::Try { body, handler, .. } => {
            visit_block(body, places);
            handler.iter().for_each(|body| visit_block(body, places));
        }
        StmtKind::Role { body: RoleBody::Block(body), .. } => visit_block(body, places),
        StmtKind::Let { value, .. } | StmtKind::Assign { value, .. } => visit_expr(value, places),
        _ => {}
    }
}

fn visit_expr(expr: &Expr, places: &mut Vec<(usize, usize)>) {
    match &expr.kind {
        ExprKind::Aside(body) => visit_block(body, places),
        ExprKind::Fork(over, body) => {
            if let Fork::Each(_, list) = &**over {
                visit_expr(list, places);
            }
            visit_block(body, places);
        }
        ExprKind::Str(Text { parts, .. }) => parts.iter().for_each(|part| {
            if let Part::Expr(expr) = part {
                visit_expr(expr, places);
            }
        }),
        _ => {}
    }
}

/// Where a statement begins and ends.
type Stretch = (usize, usize);

/// The innermost statement around a place, and the statements inside it.
fn around(places: &[Stretch], at: usize) -> Option<(Stretch, Vec<Stretch>)> {
    let own = places.iter().filter(|(from, to)| *from < at && at < *to).min_by_key(|(from, to)| to - from)?;
    let inner = places.iter().filter(|(from, to)| own.0 <= *from && *to <= own.1 && *from != own.0);
    Some((*own, inner.copied().collect()))
}

/// What a mistake changes: `Ok(false)` if it is none.
fn outcome(
    before: &[Seen],
    after: &[Seen],
    own: (usize, usize),
    inner: &[(usize, usize)],
) -> Result<bool, String> {
    let is_own =
        |at: usize| own.0 <= at && at <= own.1 && !inner.iter().any(|(from, to)| *from <= at && at < *to);
    let others = |all: &[Seen]| -> Vec<Seen> { all.iter().filter(|seen| !is_own(seen.0)).cloned().collect() };
    let (lost, found) = (others(before), others(after));
    let mut report = String::new();
    for seen in lost.iter().filter(|seen| !found.contains(seen)) {
        writeln!(report, "    lost {} {}", seen.1, seen.2).expect("it can be written");
    }
    for seen in found.iter().filter(|seen| !lost.contains(seen)) {
        writeln!(report, "    new elsewhere: {} {}", seen.1, seen.2).expect("it can be written");
    }
    let own_ones: Vec<&Seen> = after.iter().filter(|seen| is_own(seen.0)).collect();
    if own_ones.len() != 1 {
        for seen in &own_ones {
            writeln!(report, "    one of {}: {} {}", own_ones.len(), seen.1, seen.2)
                .expect("it can be written");
        }
    }
    if report.is_empty() { Ok(true) } else { Err(report) }
}

#[derive(Default)]
struct Tally {
    good: usize,
    all: usize,
    by_token: BTreeMap<&'static str, (usize, usize)>,
    examples: Vec<String>,
}

fn try_program(name: &str, text: &str, tally: &mut Tally, random: &mut Random) {
    if !parse(0, text, &Limits::default()).1.is_empty() {
        return;
    }
    let (before, places) = (findings(text), statements(text));
    let tokens = lex::lex(0, text, &Limits::default()).tokens;
    for token in tokens.iter().filter(|t| !t.kind.is_trivia() && t.kind != lex::Kind::Text) {
        for garbage in GARBAGE {
            if !random.once_in(29) {
                continue;
            }
            let at = token.start;
            let Some((own, inner)) = around(&places, at) else { continue };
            let broken = format!("{} {garbage} {}", &text[..at], &text[at..]);
            if parse(0, &broken, &Limits::default()).1.is_empty() {
                continue;
            }
            let width = garbage.len() + 2;
            // What is found in the garbage is found in the statement around it.
            let back = |place: usize| match place {
                _ if place < at => place,
                _ if place <= at + width => own.0,
                _ => place - width,
            };
            let after: Vec<Seen> = findings(&broken).into_iter().map(|(p, c, m)| (back(p), c, m)).collect();
            let own_before = before.iter().any(|s| own.0 <= s.0 && s.0 <= own.1);
            if own_before {
                continue;
            }
            tally.all += 1;
            let entry = tally.by_token.entry(garbage).or_default();
            entry.1 += 1;
            match outcome(&before, &after, own, &inner) {
                Ok(_) => {
                    tally.good += 1;
                    entry.0 += 1;
                }
                Err(report) => {
                    let line = text[..at].matches('\n').count() + 1;
                    let shown = broken.lines().nth(line - 1).unwrap_or("");
                    tally.examples.push(format!("{name}:{line} `{garbage}` at {at}\n  {shown}\n{report}"));
                }
            }
        }
    }
}

#[test]
fn one_mistake_is_one_finding_and_hides_none() {
    let mut tally = Tally::default();
    let mut random = Random(1);
    for case in common::cases() {
        try_program(&case.name, &case.text, &mut tally, &mut random);
    }
    let share = tally.good * 10_000 / tally.all.max(1);
    let mut report = format!("{} of {} ({}.{:02} %)\n", tally.good, tally.all, share / 100, share % 100);
    for (token, (good, all)) in &tally.by_token {
        writeln!(report, "  {token}: {good} of {all}").expect("it can be written");
    }
    for example in tally.examples.iter().step_by((tally.examples.len() / 20).max(1)) {
        writeln!(report, "{example}").expect("it can be written");
    }
    assert!(tally.all > 1000 && share >= WANTED, "{report}");
}
