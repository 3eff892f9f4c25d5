//! Mistakes in `gen`, `select`, `call` and their options.

use super::{At, Found, clip};
use crate::lex::{Kind, words};

pub(super) fn explain(at: At<'_, '_>) -> Option<Found> {
    bracketed_options(at)
        .or_else(|| bare_option(at))
        .or_else(|| nameless(at))
        .or_else(|| several_tools(at))
        .or_else(|| option_sign(at))
        .or_else(|| not_a_value(at))
        .or_else(|| called(at))
        .or_else(|| misnamed(at))
        .or_else(|| select_list(at))
        .or_else(|| other_type(at))
}

/// `gen x(max = 5)`
fn bracketed_options(at: At<'_, '_>) -> Option<Found> {
    let open = at.leaf.around(at.index)?;
    let name = open.checked_sub(1)?;
    let (word, close) = (at.leaf.back(name, 1), at.leaf.closing(open));
    let first = open + 1;
    let option = at.leaf.is_name(first) && matches!(at.leaf.at(first + 1), "=" | ":");
    if at.leaf.at(open) != "(" || !matches!(word, "gen" | "select") || !at.leaf.is_name(name) || !option {
        return None;
    }
    let spelling = clip(at.leaf.source(first..close)).replace(':', " =");
    let hint = format!("write `{word} {} with {spelling}`", at.leaf.at(name));
    let found = Found::habit(at.leaf.span(open..open + 1), "options come after `with`", hint);
    let found = found.mend(at.leaf.place(open..first), " with ").mend(at.leaf.place(close..close + 1), "");
    Some(found.sure().fixed())
}

/// `call x: a, b`
fn several_tools(at: At<'_, '_>) -> Option<Found> {
    let call = at.inner().rev().find(|i| at.leaf.at(*i) == "call")?;
    let tools = at.leaf.at(call + 2) == ":"
        && (call + 3..at.index).all(|i| at.leaf.is_name(i) || matches!(at.leaf.at(i), "." | "|"));
    if !matches!(at.word(), "," | "or") || !tools || !at.leaf.is_name(at.index + 1) {
        return None;
    }
    let hint = format!("write `{} | {}`", clip(at.leaf.source(call..at.index)), at.next(1));
    Some(at.habit("the tools of a `call` are joined by `|`", hint).mend(at.place(), "|").sure().fixed())
}

/// `gen` alone.
fn nameless(at: At<'_, '_>) -> Option<Found> {
    let word = at.back(1);
    let ends =
        at.leaf.words.get(at.index).is_none_or(|w| w.fresh) || matches!(at.word(), "}}" | "with" | ":");
    if !matches!(word, "gen" | "select" | "call") || !ends || at.lead() == "let" {
        return None;
    }
    let hint = match word {
        "gen" => "write `gen answer`: what is generated is read by its name",
        "select" => "write `select answer from [\"a\", \"b\"]`",
        _ => "write `call answer: tool`",
    };
    let found =
        Found::new("E0020", at.leaf.span(at.index - 1..at.index), format!("this `{word}` has no name"), hint);
    let end = at.after().end as usize;
    Some(if word == "gen" && at.word() != ":" { found.mend(end..end, " lost_: \0") } else { found })
}

/// `gen x, max = 5`, `gen x max = 5`, `gen x (max = 5)`.
fn bare_option(at: At<'_, '_>) -> Option<Found> {
    let skip = usize::from(matches!(at.word(), "," | "("));
    let (name, sign, value) = (at.next(skip), at.next(skip + 1), at.index + skip + 2);
    let inner = at.inner();
    let head = inner.clone().rev().find(|i| matches!(at.leaf.at(*i), "gen" | "select" | "call"))?;
    let mut words = head..at.index;
    let named = at.leaf.is_name(at.index + skip) && sign == "=" || sign == ":" && words::is_option(name);
    if !named || words.len() < 2 || words.any(|i| at.leaf.at(i) == "with") {
        return None;
    }
    let value = at.leaf.words.get(value).filter(|w| w.kind == Kind::Number).map_or("…", |w| w.text);
    let hint = format!("write `{} with {name} = {value}`", clip(at.leaf.source(head..at.index)));
    let found = at.habit("options come after `with`", hint);
    let sign = at.leaf.place(at.index + skip + 1..at.index + skip + 2);
    Some(match skip {
        0 => found.mend(at.place().start..at.place().start, " with ").mend(sign, "=").sure().fixed(),
        _ if at.word() == "," => found.mend(at.place(), " with ").mend(sign, "=").sure().fixed(),
        _ => found,
    })
}

/// `with max: 5`, `with (max = 5)`, `with max 5`.
fn option_sign(at: At<'_, '_>) -> Option<Found> {
    if at.lead() != "with" {
        return None;
    }
    let hint = "write `with max = 20, stop = \"\\n\"`";
    let named = at.leaf.is_name(at.index.wrapping_sub(1));
    match at.word() {
        ":" if named => Some(at.habit("options are set with `=`", hint).mend(at.place(), "=").sure().fixed()),
        "{" | "(" if at.back(1) == "with" => {
            let close = at.leaf.closing(at.index);
            let brackets = [at.index, close].map(|i| (at.leaf.place(i..i + 1), String::new()));
            let closed = matches!(at.leaf.at(close), "}" | ")");
            let found = at.habit("options take no brackets", hint);
            Some(found.fix(if closed { brackets.to_vec() } else { Vec::new() }, true))
        }
        _ if named
            && matches!(at.back(2), "with" | ",")
            && at.kind() == Some(Kind::Number)
            && at.next(1) != "=" =>
        {
            let place = at.place().start..at.place().start;
            Some(at.habit("options are set with `=`", hint).mend(place, "= ").sure().fixed())
        }
        _ => None,
    }
}

/// `let x = gen y`, `"…" + gen x`, `f(gen x)`.
fn not_a_value(at: At<'_, '_>) -> Option<Found> {
    // As an argument its word was read as that of a named one.
    let named = matches!(at.back(2), "(" | ",") && matches!(at.back(1), "gen" | "select" | "call");
    let at = if named { At { index: at.index - 1, ..at } } else { at };
    if !matches!(at.word(), "gen" | "select" | "call") || at.back(1) == "{{" {
        return None;
    }
    let before = at.before()?;
    let operator = before.kind == Kind::Punct
        || matches!(
            before.text,
            "(" | "[" | "return" | "print" | "in" | "and" | "or" | "not" | "yield" | "if" | "while"
        );
    let word = at.word();
    if !operator {
        return None;
    }
    let name = named_by(at);
    let text = at.leaf.words[..at.index].iter().any(|w| w.kind == Kind::StrOpen);
    let hint = match (text, at.back(1)) {
        (true, "+") => format!("put it into the text: \"… {{{{ {word} {name} }}}}\""),
        (_, "=") if at.leaf.at(0) == "let" && at.leaf.at(2) == "=" => {
            format!("write `gen {}` alone: it declares the name itself", at.leaf.at(1))
        }
        _ => format!("generate first, then use the name: `{word} {name}` and, after it, `{name}`"),
    };
    let found = at.habit("a generation is not an expression", hint);
    // `let x = gen x: T`
    let whole = at.index == 3 && at.leaf.at(0) == "let" && at.leaf.at(2) == "=" && word == "gen";
    if !whole {
        return Some(found);
    }
    let last = if at.leaf.is_name(4) && at.leaf.on_line(4) { 5 } else { 4 };
    Some(found.fix(vec![(at.leaf.place(0..last), format!("gen {}", at.leaf.at(1)))], false))
}

/// The name that a generation has, or was meant to have.
fn named_by<'a>(at: At<'_, 'a>) -> &'a str {
    let quoted = (1..4).find(|by| at.leaf.kind(at.index + by) == Some(Kind::Text)).map(|by| at.next(by));
    let plain = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || c == '_');
    match at.leaf.is_name(at.index + 1) {
        true => at.next(1),
        false => quoted.filter(plain).unwrap_or("x"),
    }
}

/// `gen(x)`, `gen("x", max_tokens = 5)`, `select(["a", "b"])`
fn called(at: At<'_, '_>) -> Option<Found> {
    let word = at.back(1);
    if at.word() != "(" || !matches!(word, "gen" | "select") {
        return None;
    }
    let close = at.leaf.closing(at.index);
    let quoted =
        at.leaf.kind(at.index + 1) == Some(Kind::StrOpen) && at.leaf.kind(at.index + 2) == Some(Kind::Text);
    let inner = at.next(if quoted { 2 } else { 1 });
    let plain = inner.chars().all(|c| c.is_alphanumeric() || c == '_') && !inner.is_empty();
    let name = if plain { inner } else { "NAME" };
    let hint = match word {
        "gen" => format!("write `gen {name} with max = 20`"),
        _ => "write `select NAME from [\"a\", \"b\"]`".to_owned(),
    };
    let found = at.habit(format!("`{word}` is not called like a function"), hint);
    let place = at.place().start..at.leaf.place(close..close + 1).end;
    let close_of_name = at.index + if quoted { 4 } else { 2 };
    let alone = word == "gen" && close == close_of_name;
    Some(match plain {
        true if alone => {
            found.mend(place.clone(), format!(" {name}: \0")).fix(vec![(place, format!(" {name}"))], true)
        }
        true => found.mend(place, format!(" {name}: \0")),
        false => found,
    })
}

/// `gen "name"`, `gen str x`
fn misnamed(at: At<'_, '_>) -> Option<Found> {
    match (at.back(1), at.kind()?) {
        ("gen" | "call", Kind::StrOpen) => {
            let name = at.next(1);
            let plain = at.leaf.kind(at.index + 1) == Some(Kind::Text)
                && name.chars().all(|c| c.is_alphanumeric() || c == '_');
            let shown = if plain { name } else { "name" };
            let found = at.habit(
                "a generation is named by a plain word",
                format!("write `{} {shown}`, without quotes", at.back(1)),
            );
            let place = at.place().start..at.leaf.place(at.index + 2..at.index + 3).end;
            Some(if plain { found.mend(place, name.to_owned()).sure().fixed() } else { found })
        }
        ("gen", Kind::Unknown) => {
            let name = at.word().trim_matches(['\'', '`']);
            let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
            let shown = if plain { name } else { "name" };
            let found = at.habit(
                "a generation is named by a plain word",
                format!("write `gen {shown}`, without quotes"),
            );
            Some(if plain { found.mend(at.place(), name.to_owned()).fixed() } else { found })
        }
        _ => None,
    }
}

/// `select x in [..]`, `select x: [..]`, `select ["a", "b"]`
fn select_list(at: At<'_, '_>) -> Option<Found> {
    let hint = "write `select name from [\"a\", \"b\"]`";
    if at.back(1) == "select" && at.kind().is_some_and(|kind| kind != Kind::Word) {
        return Some(at.habit("a selection has a name and a list", hint));
    }
    let piped = at.kind() == Some(Kind::StrOpen) && at.back(1) == "|";
    if piped && at.inner().any(|i| at.leaf.at(i) == "from") {
        let texts = at.leaf.line(at.index).start..at.leaf.line_end(at.index);
        let texts: Vec<&str> =
            texts.filter(|i| at.leaf.kind(*i) == Some(Kind::Text)).map(|i| at.leaf.at(i)).collect();
        let hint = format!("write from [\"{}\"]", texts.join("\", \""));
        return Some(at.habit("the options of a selection are a list", hint));
    }
    if at.back(2) == "select" && at.leaf.is_name(at.index.wrapping_sub(1)) && at.next(1) != "from" {
        return match at.word() {
            "in" | "of" | ":" | "=" => {
                let message = "the list of a selection comes after `from`";
                Some(at.habit(message, hint).mend(at.place(), " from ").sure().fixed())
            }
            "[" => {
                let message = "the list of a selection comes after `from`";
                Some(
                    at.habit(message, hint).mend(at.place().start..at.place().start, " from ").sure().fixed(),
                )
            }
            _ => None,
        };
    }
    None
}

/// `gen x -> int`, `gen x = int`, `gen x as int`
fn other_type(at: At<'_, '_>) -> Option<Found> {
    if at.back(2) != "gen" || !at.leaf.is_name(at.index.wrapping_sub(1)) {
        return None;
    }
    if !matches!(at.word(), "->" | "=" | "as" | "=>") {
        return None;
    }
    let name = at.back(1);
    let found = at.habit("what a generation may write comes after `:`", format!("write `gen {name}: int`"));
    Some(if at.word() == "=" { found } else { found.mend(at.place(), ": ").sure().fixed() })
}
