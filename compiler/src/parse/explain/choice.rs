//! Mistakes in the arms of a `match`.

use super::{At, Found};
use crate::lex::Kind;
use crate::parse::Rule;

pub(super) fn explain(at: At<'_, '_>) -> Option<Found> {
    if !in_arms(at) {
        return None;
    }
    let wants_case = at.tried().iter().any(|rule| matches!(rule, Rule::cases | Rule::case | Rule::kw_else));
    if wants_case {
        return no_case(at);
    }
    if at.tried().iter().any(|rule| matches!(rule, Rule::arrow | Rule::bar)) { no_arrow(at) } else { None }
}

/// Whether the bracket around the mistake is that of a `match`.
fn in_arms(at: At<'_, '_>) -> bool {
    let Some(open) = at.leaf.around(at.index).filter(|open| at.leaf.at(*open) == "{") else { return false };
    at.leaf.line(open).any(|word| at.leaf.at(word) == "match")
}

/// `_ => …`, `default => …`, `case "a" => …`, `x => …`
fn no_case(at: At<'_, '_>) -> Option<Found> {
    let word = at.word();
    match (word, at.kind()) {
        ("_" | "default" | "otherwise", _) => {
            let found = at.habit("the arm for all the rest is `else`", "write `else => …`, as the last arm");
            Some(found.mend(at.place(), "else").sure().fixed())
        }
        ("case" | "when", _) => {
            let found = at.habit("an arm begins with its literal", format!("leave `{word}` out: \"a\" => …"));
            Some(found.mend(at.place(), "").sure().fixed())
        }
        (_, Some(Kind::Regex)) => {
            let hint = "write `else => …`, and in it if matches(x, /…/) { … }";
            Some(at.habit("a case is a literal, not a regex", hint).mend(at.place(), "else").sure())
        }
        (_, Some(Kind::Word)) if at.leaf.is_name(at.index) => {
            let hint =
                "write the literal itself; for other comparisons `else => …`, and if x == y { … } in it";
            Some(at.habit("a case is a literal, not a name", hint).mend(at.place(), "else"))
        }
        _ => None,
    }
}

/// `"a": …`, `"a" -> …`, `"a", "b" => …`, `"a" if c => …`
fn no_arrow(at: At<'_, '_>) -> Option<Found> {
    match at.word() {
        ":" | "->" | "=" | "{" | "then" => {
            let found = at.habit("a case and what follows it are joined by `=>`", "write \"a\" => …");
            let place = if at.word() == "{" { at.place().start..at.place().start } else { at.place() };
            Some(found.mend(place, "=> ").sure().fixed())
        }
        "," | "or" => {
            let found = at.habit("the literals of one arm are joined by `|`", "write \"a\" | \"b\" => …");
            Some(found.mend(at.place(), "|").sure().fixed())
        }
        "if" | "and" => {
            let hint = "write an `if` behind the `=>`: \"a\" => if c { … } else { … }";
            let rest = at.index..at.leaf.words.len();
            let arrow = rest.clone().find(|word| at.leaf.at(*word) == "=>")?;
            let place = at.leaf.place(at.index..arrow);
            Some(at.habit("an arm has no condition but its literals", hint).mend(place, "").sure())
        }
        _ => None,
    }
}
