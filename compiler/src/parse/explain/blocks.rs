//! Mistakes around blocks: their signs, loops, branches, and what stands after a role.

use std::ops::Range;

use super::{At, Found};
use crate::lex::{Kind, Mend, words};
use crate::parse::Rule;
use crate::parse::outline::Word;

pub(super) fn explain(at: At<'_, '_>) -> Option<Found> {
    colon(at)
        .or_else(|| then(at))
        .or_else(|| role(at))
        .or_else(|| loops(at))
        .or_else(|| without_bound(at))
        .or_else(|| comparison(at))
        .or_else(|| choice(at))
        .or_else(|| result_type(at))
        .or_else(|| missing_brace(at))
}

/// `if x: …` on one line.
fn colon(at: At<'_, '_>) -> Option<Found> {
    let head = at.leaf.at(at.leaf.line(at.index).start);
    let lead = if words::stands_before_block(head) { head } else { at.lead() };
    let block = matches!(lead, "if" | "else" | "for" | "repeat" | "while" | "try" | "test");
    if at.word() != ":" || !block || at.leaf.around(at.index).is_some() || at.index < 1 {
        return None;
    }
    if at.next(1) == "{" {
        let found = at.habit("a block does not begin with `:`", "leave the `:` out");
        return Some(found.mend(at.place(), "").sure().fixed());
    }
    let begins = match at.leaf.kind(at.index + 1) {
        Some(Kind::Word) => words::may_begin_statement(at.next(1)),
        Some(Kind::StrOpen) | None => true,
        _ => false,
    };
    if !begins || !at.before().is_some_and(|w| w.ends_operand() || matches!(w.text, "else" | "try")) {
        return None;
    }
    let found = at.habit("a block does not begin with `:`", "put the block into braces: if x { … }");
    let end = at.leaf.line_end(at.index);
    let end = at.leaf.place(at.index..end).end;
    let braces = in_braces(at, end);
    Some(found.mend(at.place(), "{").mend(end..end, "}").sure().fix(braces, true))
}

/// `if x then …`, `for x in xs do …`
fn then(at: At<'_, '_>) -> Option<Found> {
    let lead = at.leaf.at(at.leaf.line(at.index).start);
    let block = matches!(lead, "if" | "else" | "for" | "while" | "repeat");
    if !matches!(at.word(), "then" | "do") || !block || at.leaf.around(at.index).is_some() {
        return None;
    }
    let found =
        at.habit(format!("`{}` does not begin a block", at.word()), "put the block into braces: if x { … }");
    if at.next(1) == "{" {
        return Some(found.mend(at.place(), "").sure().fixed());
    }
    let end = at.leaf.place(at.index..at.leaf.line_end(at.index)).end;
    let braces = in_braces(at, end);
    Some(found.mend(at.place(), "{").mend(end..end, "}").sure().fix(braces, true))
}

/// A block up to the end of its line in braces, the first in place of the sign or word before it. There are none where
/// nothing follows on the line: the block may be the lines after it.
fn in_braces(at: At<'_, '_>, end: usize) -> Vec<(Range<usize>, String)> {
    let sign = at.place();
    let before = at.before().map_or(sign.start, |word| word.end);
    if sign.end == end {
        return Vec::new();
    }
    vec![(before..sign.end, " {".to_owned()), (end..end, " }".to_owned())]
}

/// `user: "…"`, `system = "…"`, `user {{ x }}`
fn role(at: At<'_, '_>) -> Option<Found> {
    let role = at.back(1);
    if !words::is_role(role) {
        return None;
    }
    match at.word() {
        ":" | "=" => {
            let hint = format!("write `{role} \"text\"`, `{role} x` or `{role} {{ … }}`");
            Some(at.habit("a role is followed only by its text", hint).mend(at.place(), "").sure().fixed())
        }
        _ => None,
    }
}

fn loops(at: At<'_, '_>) -> Option<Found> {
    let lead = at.lead();
    let found = match (lead, at.word()) {
        ("for", "(") if at.back(1) == "for" => {
            let found = at.habit("a loop has one variable, without brackets", "write `for x in xs { … }`");
            let close = at.leaf.closing(at.index);
            let brackets = [at.index, close].map(|i| (at.leaf.place(i..i + 1), String::new()));
            let whole = at.leaf.at(close) == ")" && at.leaf.at(close + 1) == "{";
            found.fix(if whole { brackets.to_vec() } else { Vec::new() }, true)
        }
        ("for", ",") => {
            at.habit("a loop has one variable", "write `for x in xs { … }`; to count, use `repeat N as i`")
        }
        ("for", "of" | "=") => {
            let place = at.place();
            let hint = "write `for x in xs { … }`, or `for i in range(10) { … }`";
            let found = at.habit("a loop goes over a list", hint).mend(place, "in");
            if at.word() == "of" { found.fixed() } else { found }
        }
        ("repeat", "times") => at
            .habit("`repeat` is followed only by a number", "write `repeat 3 { … }`")
            .mend(at.place(), "")
            .sure()
            .fixed(),
        ("repeat", "{") if at.back(1) == "repeat" => {
            let place = at.place().start..at.place().start;
            at.habit("a loop has a bound", "write `repeat 10 { if … { break } … }`")
                .mend(place.clone(), "\0 ")
                .sure()
                .fix(vec![(place, "10 ".to_owned())], false)
        }
        (_, "..") if in_types(at) => return None,
        ("for", "..") => {
            let found = at.habit(
                "`..` belongs only in the bounds of a type",
                "write range(1, 5) for the numbers from 1 to 4",
            );
            let from = at.leaf.line(at.index).rev().find(|i| at.leaf.at(*i) == "in").map(|i| i + 1)?;
            let to = at.index + 2;
            let place = at.leaf.place(from..to);
            let range = format!("range({}, {})", at.leaf.source(from..at.index).trim(), at.next(1));
            let simple = matches!(at.leaf.kind(at.index + 1), Some(Kind::Number | Kind::Word));
            let range = simple.then(|| (place.clone(), range));
            found.mend(place, "\0").sure().fix(range.into_iter().collect(), false)
        }
        (_, "..") => at.habit(
            "`..` belongs only in the bounds of a type",
            "write int(1..5) for a type, and range(1, 5) for numbers to loop over",
        ),
        _ => return None,
    };
    Some(found)
}

fn in_types(at: At<'_, '_>) -> bool {
    let named = matches!(at.opening(2), ":" | "|" | "->");
    at.opening(0) == "(" && at.tried().contains(&Rule::rparen) || at.opening(0) == "[" && named
}

/// `while c { … }`
fn without_bound(at: At<'_, '_>) -> Option<Found> {
    let line = at.leaf.line(at.index);
    let open = matches!(at.word(), "{" | "") && at.leaf.at(line.start) == "while" && at.index > 1;
    if !open || line.clone().any(|i| at.leaf.at(i) == "max") {
        return None;
    }
    let cond = super::clip(at.leaf.source(line.start + 1..at.index));
    let place = at.after().end as usize;
    let found = Found::habit(
        at.leaf.span(line.start..line.start + 1),
        "this `while` has no bound",
        format!("write `while {cond} max 10 {{ … }}`: 10 iterations at most"),
    );
    let max = if at.word() == "{" { " max \0 " } else { " max \0 {}" };
    let found = Found { mends: vec![Mend::new(place..place, max)], ..found }.sure();
    let bound = (at.word() == "{").then(|| (place..place, " max 10".to_owned()));
    Some(found.fix(bound.into_iter().collect(), false))
}

/// `if x = 1 { … }`, `expect x = 1`
fn comparison(at: At<'_, '_>) -> Option<Found> {
    let asks = matches!(at.lead(), "if" | "while" | "expect" | "else");
    if at.word() != "=" || !asks || matches!(at.next(1), "{" | "max") || at.leaf.around(at.index).is_some() {
        return None;
    }
    Some(at.habit("values are compared with `==`", "write `==`").mend(at.place(), "==").sure().fixed())
}

/// `a if c else b`, `c ? a : b`, `[x for x in xs]`
fn choice(at: At<'_, '_>) -> Option<Found> {
    let listed = at.opening(0) == "[";
    let ends = at.ends_line() || matches!(at.next(1), "=" | "," | ")" | "{" | "}");
    match at.word() {
        "for" if !at.lead().is_empty() && at.before().is_some_and(|w| listed || w.kind != Kind::Close) => {
            Some(at.habit(
                "a list cannot be built by a `for` inside it",
                "write map(xs, x => …) and filter(xs, x => …); or build it in a loop, for x in xs { ys += [x] }",
            ))
        }
        "if" | "else" if at.before().is_some_and(|w| w.text != "}") => Some(at.habit(
            "a value that depends on a condition is written differently",
            "write if condition { a } else { b }",
        )),
        "?" if !at.before().is_some_and(Word::ends_operand) => None,
        "?" if ends => Some(
            at.habit(
                "`?` comes only after the type of a record's field or of an input",
                "write `T | null`, such as str | null",
            )
            .mend(at.place(), " | null")
            .fixed(),
        ),
        "?" => Some(at.habit(
            "a choice is not written with `?` and `:`",
            "write if c { a } else { b }, which is an expression",
        )),
        _ => None,
    }
}

/// `fn f(a: str): str {`, `fn f(a: str) => str {`, `fn f(a: str) str {`
fn result_type(at: At<'_, '_>) -> Option<Found> {
    let line = at.leaf.line(at.index);
    if !matches!(at.leaf.at(line.start), "fn" | "agent" | "tool")
        || at.back(1) != ")"
        || at.leaf.around(at.index).is_some()
    {
        return None;
    }
    let hint = "write `fn f(a: str) -> str { … }`";
    match at.word() {
        ":" | "=>" if at.next(1) == "->" => {
            let message = format!("`{}` does not introduce a result type", at.word());
            Some(at.habit(message, "leave it out").mend(at.place(), "").sure().fixed())
        }
        ":" | "=>" if at.next(1) == "{" => {
            let message = format!("`{}` does not begin a block", at.word());
            Some(at.habit(message, "leave it out").mend(at.place(), "").sure().fixed())
        }
        ":" | "=>" => {
            let place = at.before().map_or(at.place().start, |word| word.end)..at.place().end;
            let found = at.habit("the result type comes after `->`", hint).mend(at.place(), "->").sure();
            Some(found.fix(vec![(place, " ->".to_owned())], true))
        }
        word if at.kind() == Some(Kind::Word)
            && word != "needs"
            && at.leaf.on_line(at.index)
            && at.next(1) == "{" =>
        {
            let found = at.habit("the result type comes after `->`", hint);
            let (place, named) = (at.place(), word.starts_with(char::is_uppercase));
            Some(match named || words::is_type(word) {
                true => found.mend(place.start..place.start, "-> ").sure().fixed(),
                // It may well be no type at all.
                false => found.mend(place, "-> \0 ").sure(),
            })
        }
        _ => None,
    }
}

/// The head of a block without one.
fn missing_brace(at: At<'_, '_>) -> Option<Found> {
    let first = at.leaf.at(0);
    let line = at.leaf.line(at.index);
    let head = at.leaf.at(line.start);
    let ends = at.index >= at.leaf.words.len() || at.word() == "else";
    let waits = at.tried().iter().any(|rule| matches!(rule, Rule::block | Rule::lbrace));
    if !ends || !waits || !words::stands_before_block(head) && first != "tool" {
        return None;
    }
    let block = at.index.saturating_sub(2);
    if at.leaf.is_block(block) && !at.leaf.words.get(block.wrapping_sub(1)).is_some_and(Word::ends_operand) {
        // The braces were read as a record.
        let span = at.leaf.span(block..block + 1);
        let found =
            Found::new("E0020", span, "expected a value, found `{`", "write a value before the block");
        let before = at.leaf.place(block..block + 1).start;
        return Some(found.mend(before..before, "\0 "));
    }
    if at.word() == "else" {
        return None;
    }
    let message = format!("the block of this `{head}` lacks its `{{`");
    let end = at.leaf.bytes().end;
    let found = Found::new("E0020", at.span(), message, "a block goes in braces: if x { … }");
    Some(found.mend(end..end, empty_block(at)).sure())
}

/// What stands for a block that is not there; what a function without one gives is not known.
pub(super) fn empty_block(at: At<'_, '_>) -> &'static str {
    let gives = matches!(at.leaf.at(0), "fn" | "agent" | "tool");
    let typed = at.leaf.words.iter().any(|w| w.text == "->" && w.depth == at.leaf.depth);
    if gives && !typed { " -> \0 {}" } else { " {}" }
}
