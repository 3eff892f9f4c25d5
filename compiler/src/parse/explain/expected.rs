//! What could have come at the place of a mistake that nothing else explains.

use super::{At, Found, clip};
use crate::lex::Kind;
use crate::parse::Rule;

/// What is expected where nothing that was tried says much.
const ANYTHING: &str = "something else";

pub(super) fn explain(at: At<'_, '_>) -> Found {
    if let Some(found) = lone_name(at) {
        return found;
    }
    let expected = expected(at.tried());
    let found = match at.leaf.words.get(at.index) {
        Some(_) => format!("`{}`", clip(at.word())),
        None => "the end of the line".to_owned(),
    };
    let message = match expected {
        ANYTHING => format!("unexpected {found}"),
        expected => format!("expected {expected}, found {found}"),
    };
    let found = Found::new("E0020", at.span(), message, hint(expected, at));
    match expected {
        // The block is elsewhere, or nowhere; the statement stands without it.
        "`{`" if at.leaf.words.get(at.index).is_none() => {
            let end = at.leaf.bytes().end;
            found.mend(end..end, super::blocks::empty_block(at)).sure()
        }
        _ => found,
    }
}

/// A name that could only be assigned to, as a word of text without quotes.
fn lone_name(at: At<'_, '_>) -> Option<Found> {
    let index = at.index.checked_sub(1)?;
    if !at.tried().contains(&Rule::add_eq) || !at.leaf.is_name(index) {
        return None;
    }
    let name = at.back(1);
    let hint = format!("prompt text goes in quotes: \"{name} …\"; a call has parentheses: {name}(…)");
    Some(Found::new(
        "E0020",
        at.leaf.span(index..at.index),
        format!("`{name}` does not begin a statement"),
        hint,
    ))
}

/// The most telling of the rules that were tried.
fn expected(rules: &[Rule]) -> &'static str {
    let has = |rule: Rule| rules.contains(&rule);
    let named = [
        (has(Rule::let_stmt) || has(Rule::text_stmt) || has(Rule::EOI), "a statement"),
        (has(Rule::type_member) || has(Rule::type_expr) || has(Rule::type_name), "a type"),
        (has(Rule::postfix) || has(Rule::expr) || has(Rule::number) && has(Rule::list), "a value"),
        (has(Rule::ident) || has(Rule::word) || has(Rule::capture), "a name"),
        (has(Rule::string), "a string"),
        (has(Rule::block) || has(Rule::lbrace), "`{`"),
        (has(Rule::eq), "`=`"),
        (has(Rule::colon) && !has(Rule::comma), "`:`"),
        (has(Rule::kw_in), "`in`"),
        (has(Rule::kw_from), "`from`"),
        (has(Rule::kw_max), "`max`"),
        (has(Rule::rparen), "`)`"),
        (has(Rule::rbracket), "`]`"),
        (has(Rule::rbrace), "`}`"),
        (has(Rule::dots), "`..`"),
        (has(Rule::params) || has(Rule::lparen), "`(`"),
    ];
    let found = named.iter().find(|(yes, _)| *yes);
    found.map_or(ANYTHING, |(_, name)| name)
}

fn hint(expected: &str, at: At<'_, '_>) -> String {
    match expected {
        "a statement" if at.before().is_some_and(|w| w.kind == Kind::Word) => {
            format!("`{}` does not begin a statement; prompt text goes in quotes: \"…\"", clip(at.back(1)))
        }
        "a statement" => {
            "prompt text goes in quotes: \"…\"; code is `let`, `if`, `for`, `gen` and so on".to_owned()
        }
        "a type" => "types are str, int, float, bool, \"a\" | \"b\", /regex/, {a: T}, T[]".to_owned(),
        "a value" => "write a number, a \"string\", a name, a list [a, b] or a record {a: 1}".to_owned(),
        "a name" => "names begin with a letter or `_`".to_owned(),
        "`(`" if matches!(at.lead(), "fn" | "agent") => {
            format!("parameters go in parentheses, also where there are none: {} NAME() {{ … }}", at.lead())
        }
        "`..`" => "bounds are written (2..80), (..80) or (2..)".to_owned(),
        "`{`" => "a block goes in braces".to_owned(),
        "`max`" => "every loop has a bound: while condition max 10 { … }".to_owned(),
        ANYTHING => "see the reference, grammar/README.md, for what may come here".to_owned(),
        sign => format!("put {sign} here"),
    }
}
