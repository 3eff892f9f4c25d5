//! Words and signs that other languages put into types, lists of options, holes and slices.

use std::ops::Range;

use super::{At, Found, clip};
use crate::lex::{Kind, words};
use crate::parse::Rule;

pub(super) fn explain(at: At<'_, '_>) -> Option<Found> {
    typed_hole(at)
        .or_else(|| joined_by_or(at))
        .or_else(|| joined_by_and(at))
        .or_else(|| compared_type(at))
        .or_else(|| listed_options(at))
        .or_else(|| text_options(at))
        .or_else(|| trimmed_hole(at))
        .or_else(|| slice_step(at))
}

/// The place of the `:` or `=` before the type of a declaration or generation in which the mistake is.
fn type_begins(at: At<'_, '_>) -> Option<usize> {
    let line = at.leaf.line(at.index);
    let typed = |i: &usize| matches!(at.leaf.at(*i), "gen" | "type" | "let" | "const" | "input");
    let word = (line.start..at.index).rev().find(typed)?;
    let sign = if at.leaf.at(word) == "type" { "=" } else { ":" };
    (word..at.index).find(|i| at.leaf.at(*i) == sign)
}

/// `gen x: "a" or "b"`
fn joined_by_or(at: At<'_, '_>) -> Option<Found> {
    if at.word() != "or" || type_begins(at).is_none() {
        return None;
    }
    Some(
        at.habit("a choice is a union", "write `|` between its members: \"a\" | \"b\"")
            .mend(at.place(), "|")
            .sure()
            .fixed(),
    )
}

/// `gen x: line and not contains("a")`, and `if (a > 1) & (b > 1)`
fn joined_by_and(at: At<'_, '_>) -> Option<Found> {
    let found = match at.word() {
        "and" if type_begins(at).is_some() => at
            .habit(
                "what both types allow is an intersection",
                "write `&` between them: line & contains(\"a\")",
            )
            .mend(at.place(), "&"),
        "&" if !at.tried().contains(&Rule::type_member) => {
            at.habit("`&` stands between types", "write `and` between conditions").mend(at.place(), "and")
        }
        _ => return None,
    };
    Some(found.sure())
}

/// `gen x: "Dear {{ upper(name) }}"`
fn typed_hole(at: At<'_, '_>) -> Option<Found> {
    let in_type = |rule: &Rule| {
        matches!(
            rule,
            Rule::dots | Rule::bound | Rule::amp | Rule::type_member | Rule::type_name | Rule::type_expr
        )
    };
    if !at.tried().iter().any(in_type) {
        return None;
    }
    let mut open = at.leaf.around(at.index)?;
    while at.leaf.kind(open) != Some(Kind::HoleOpen) {
        open = at.leaf.around(open)?;
    }
    // A name of the hole stays.
    let first = if at.leaf.at(open + 2) == ":" { open + 3 } else { open + 1 };
    let word = at.leaf.at(first);
    if !at.leaf.is_name(first) || words::is_type(word) || words::CONTEXTUAL.contains(&word) {
        return None;
    }
    let inside = first..at.leaf.closing(open);
    let value = clip(at.leaf.source(inside.clone()));
    let found = Found::habit(
        at.leaf.span(inside.clone()),
        "a hole in a type holds a type",
        format!("for the text of a value write {{{{ one_of([{value}]) }}}}"),
    );
    Some(found.mend(at.leaf.place(inside), "\0").sure())
}

/// `gen age: int >= 0`
fn compared_type(at: At<'_, '_>) -> Option<Found> {
    let begins = type_begins(at)?;
    let number = at.leaf.kind(at.index + 1) == Some(Kind::Number);
    if !matches!(at.word(), ">=" | "<=" | ">" | "<") || !number || at.index != begins + 2 {
        return None;
    }
    let (name, bound) = (at.back(1), at.next(1));
    let bounds = if at.word().starts_with('>') { format!("{bound}..") } else { format!("..{bound}") };
    let place = at.leaf.place(at.index..at.index + 2);
    let found = Found::habit(
        at.leaf.span(at.index..at.index + 2),
        "bounds go in parentheses",
        format!("write {name}({bounds})"),
    );
    let found = found.mend(place.clone(), format!("({bounds})"));
    // Whole numbers and others differ in what comes next to a bound that is left out.
    let inclusive = at.word().ends_with('=');
    let name = at.before().map_or(place.start, |word| word.end);
    Some(if inclusive { found.fix(vec![(name..place.end, format!("({bounds})"))], true) } else { found })
}

/// `select x from "a", "b"` and `gen x: one_of("a", "b")`
fn listed_options(at: At<'_, '_>) -> Option<Found> {
    if at.word() != "," || at.before().is_none_or(|word| word.kind != Kind::StrClose) {
        return None;
    }
    if at.opening(0) == "(" && at.opening(1) == "one_of" {
        let found =
            at.habit("`one_of` takes one list", "write one_of([\"a\", \"b\"]), or the union \"a\" | \"b\"");
        let open = at.leaf.around(at.index)?;
        let close = at.leaf.closing(open);
        let union = super::types::members(at, open - 1..open + 1, close);
        return Some(found.mend(at.leaf.place(open + 1..close), "\0").sure().fix(union, true));
    }
    let line = at.leaf.line(at.index);
    let from = (line.start..at.index).find(|i| at.leaf.at(*i) == "from")?;
    if at.leaf.around(at.index).is_some() || !(line.start..from).any(|i| at.leaf.at(i) == "select") {
        return None;
    }
    let end = at.leaf.line_end(at.index);
    let found = at.habit("the options of a selection are a list", "write from [\"a\", \"b\"]");
    let place = at.leaf.place(from + 1..end);
    let plain = (from + 1..end).all(|i| at.leaf.at(i) == "," || is_text(at.leaf.kind(i)));
    Some(
        found
            .mend(place.clone(), "\0")
            .sure()
            .fix(if plain { around(place, "[", "]") } else { Vec::new() }, true),
    )
}

/// A part of a string without holes.
fn is_text(kind: Option<Kind>) -> bool {
    matches!(kind, Some(Kind::StrOpen | Kind::Text | Kind::StrClose))
}

/// Signs before and behind a place.
pub(super) fn around(place: Range<usize>, open: &str, close: &str) -> Vec<(Range<usize>, String)> {
    vec![(place.start..place.start, open.to_owned()), (place.end..place.end, close.to_owned())]
}

/// `assistant "{{ gen x }}" with temp = 0.5`
fn text_options(at: At<'_, '_>) -> Option<Found> {
    if at.word() != "with" || at.before().is_none_or(|word| word.kind != Kind::StrClose) {
        return None;
    }
    let line = at.leaf.line(at.index);
    (line.start..at.index).find(|i| matches!(at.leaf.at(*i), "gen" | "select"))?;
    let place = at.leaf.place(at.index..at.leaf.line_end(at.index));
    let found = at.habit(
        "options belong to a generation, not to its text",
        "write them inside the hole: \"{{ gen x with temp = 0.5 }}\"",
    );
    Some(found.mend(place, "").sure())
}

/// `{{ x -}}`
fn trimmed_hole(at: At<'_, '_>) -> Option<Found> {
    if at.word() != "}}" || at.back(1) != "-" {
        return None;
    }
    let sign = at.index - 1;
    let found = Found::habit(
        at.leaf.span(sign..at.index),
        "a hole does not trim what is around it",
        "leave the `-` out, and write the text without the white space",
    );
    Some(found.mend(at.leaf.place(sign..at.index), "").sure().fixable())
}

/// `xs[::2]`
fn slice_step(at: At<'_, '_>) -> Option<Found> {
    if at.word() != ":" || at.opening(0) != "[" {
        return None;
    }
    let open = at.leaf.around(at.index)?;
    let signs = (open..at.index).filter(|i| at.leaf.at(*i) == ":").count();
    if signs != 1 {
        return None;
    }
    let place = at.leaf.place(open + 1..at.leaf.closing(open));
    let hint = "write xs[1:3]; reversed(xs) turns a list round, and a loop can take every second item";
    Some(at.habit("a slice has no step", hint).mend(place, "\0").sure())
}
