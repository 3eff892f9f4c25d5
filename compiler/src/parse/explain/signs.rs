//! Words and signs that other languages put into types, lists of options, holes and slices.

use super::{At, Found};
use crate::lex::Kind;

pub(super) fn explain(at: At<'_, '_>) -> Option<Found> {
    joined_by_or(at)
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
            .sure(),
    )
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
    Some(found.mend(place, format!("({bounds})")))
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
        return Some(found.mend(at.leaf.place(open + 1..at.leaf.closing(open)), "\0").sure());
    }
    let line = at.leaf.line(at.index);
    let from = (line.start..at.index).find(|i| at.leaf.at(*i) == "from")?;
    if at.leaf.around(at.index).is_some() || !(line.start..from).any(|i| at.leaf.at(i) == "select") {
        return None;
    }
    let end = at.leaf.line_end(at.index);
    let found = at.habit("the options of a selection are a list", "write from [\"a\", \"b\"]");
    Some(found.mend(at.leaf.place(from + 1..end), "\0").sure())
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
    Some(found.mend(at.leaf.place(sign..at.index), "").sure())
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
