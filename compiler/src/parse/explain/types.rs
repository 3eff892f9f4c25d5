//! Mistakes in types, and in declarations that lack one.

use std::ops::Range;

use super::{At, Found, clip};
use crate::lex::{Kind, words};
use crate::parse::Rule;
use crate::parse::outline::Word;

pub(super) fn explain(at: At<'_, '_>) -> Option<Found> {
    function_type(at)
        .or_else(|| quoted_regex(at))
        .or_else(|| bounds(at))
        .or_else(|| square_bounds(at))
        .or_else(|| generic(at))
        .or_else(|| choices(at))
        .or_else(|| inline_schema(at))
        .or_else(|| separator(at))
        .or_else(|| untyped(at))
        .or_else(|| type_sign(at))
}

/// `f: (str) => bool`, `f: fn(str): bool`, `f: (x: str) -> bool`
fn function_type(at: At<'_, '_>) -> Option<Found> {
    let open = match at.back(1) {
        ")" => (0..at.index)
            .rev()
            .find(|open| at.leaf.at(*open) == "(" && at.leaf.closing(*open) == at.index - 1),
        _ => at.leaf.around(at.index).filter(|open| at.leaf.at(*open) == "("),
    }?;
    let close = at.leaf.closing(open);
    let named = at.leaf.back(open, 1) == "fn";
    let word = open - usize::from(named).min(open);
    let arrow = at.leaf.at(close + 1);
    if at.leaf.back(word, 1) != ":" || !matches!(arrow, "=>" | "->" | ":") || arrow == ":" && !named {
        return None;
    }
    let found = at.habit("the type of a function is written differently", "write fn(str) -> bool");
    let end = (close + 2..at.leaf.words.len()).find(|word| {
        matches!(at.leaf.at(*word), "," | ")" | "{" | "=") && at.leaf.around(*word) == at.leaf.around(open)
    });
    Some(found.mend(at.leaf.place(word..end.unwrap_or(close + 3)), "\0"))
}

/// `regex("[0-9]+")`
fn quoted_regex(at: At<'_, '_>) -> Option<Found> {
    let open = if at.word() == "(" {
        at.index
    } else {
        at.leaf.around(at.index).filter(|o| at.leaf.at(*o) == "(").or(at.index.checked_sub(1))?
    };
    let name = open.checked_sub(1)?;
    let known = matches!(at.leaf.at(name), "regex" | "Regex" | "re" | "pattern" | "Pattern" | "matches");
    if at.leaf.at(open) != "("
        || !known
        || at.leaf.back(name, 1) != ":"
        || at.leaf.kind(open + 1) != Some(Kind::StrOpen)
    {
        return None;
    }
    let close = at.leaf.closing(open);
    let pattern = clip(at.leaf.source(open + 2..at.leaf.closing(open + 1))).replace('/', "\\/");
    let found = Found::habit(
        at.leaf.span(name..close + 1),
        "a regex is written between slashes",
        format!("write /{pattern}/"),
    );
    let place = at.leaf.place(name..close + 1);
    let source = at.leaf.source(open + 2..at.leaf.closing(open + 1));
    let plain = close == at.leaf.closing(open + 1) + 1 && !source.contains(['\\', '/', '\n']);
    let regex = plain.then(|| (place.clone(), format!("/{source}/")));
    Some(found.mend(place, "\0").sure().fix(regex.into_iter().collect(), true))
}

/// `gen x: ["a", "b"]`
fn choices(at: At<'_, '_>) -> Option<Found> {
    if at.word() != "["
        || !matches!(at.back(1), ":" | "->")
        || !at.tried().iter().any(|r| matches!(r, Rule::type_literal | Rule::type_name | Rule::type_member))
    {
        return None;
    }
    let close = at.leaf.closing(at.index);
    let items = clip(at.leaf.source(at.index + 1..close)).replace(", ", " | ");
    let found =
        Found::habit(at.leaf.span(at.index..close + 1), "a choice is a union", format!("write {items}"));
    let union = members(at, at.index..at.index + 1, close);
    Some(found.mend(at.leaf.place(at.index..close + 1), "\0").sure().fix(union, true))
}

/// A list of literals as a union: without what opens and closes it, and with bars for commas.
pub(super) fn members(at: At<'_, '_>, head: Range<usize>, close: usize) -> Vec<(Range<usize>, String)> {
    let open = head.end - 1;
    let literal = |i: usize| {
        let kind = at.leaf.kind(i);
        at.leaf.at(i) == ","
            || matches!(kind, Some(Kind::StrOpen | Kind::Text | Kind::StrClose | Kind::Number))
    };
    if !matches!(at.leaf.at(close), "]" | ")") || close < open + 2 || !(open + 1..close).all(literal) {
        return Vec::new();
    }
    let commas = (open + 1..close).filter(|i| at.leaf.at(*i) == ",");
    let bars = commas.map(|i| (at.leaf.place(i..i + 1), if i + 1 == close { "" } else { " |" }));
    let brackets = [head, close..close + 1].map(|words| (at.leaf.place(words), ""));
    bars.chain(brackets).map(|(place, text)| (place, text.to_owned())).collect()
}

/// `schema {"type": "object"}`
fn inline_schema(at: At<'_, '_>) -> Option<Found> {
    let open = at.index;
    if at.word() != "{" || at.back(1) != "schema" || !matches!(at.back(2), ":" | "=" | "|" | "->") {
        return None;
    }
    let close = at.leaf.closing(open);
    let found =
        Found::habit(at.leaf.span(open..close + 1), crate::check::SCHEMA_TEXT.0, crate::check::SCHEMA_TEXT.1);
    Some(found.mend(at.leaf.place(open - 1..close + 1), "\0").sure())
}

/// `str(80)`, `int(1, 5)`, `int(1-5)`
fn bounds(at: At<'_, '_>) -> Option<Found> {
    let open = at.leaf.around(at.index)?;
    let waits = at.tried().contains(&Rule::dots) || at.tried().contains(&Rule::bound);
    if at.leaf.at(open) != "(" || !waits {
        return None;
    }
    let close = at.leaf.closing(open);
    let name = at.leaf.back(open, 1);
    let numbers: Vec<&str> =
        (open + 1..close).filter(|i| at.leaf.kind(*i) == Some(Kind::Number)).map(|i| at.leaf.at(i)).collect();
    let two = numbers.len() == 2;
    let (hint, mend) = match numbers.as_slice() {
        [only] => (
            format!("write {name}(..{only}) for at most {only}, {name}({only}..) for at least"),
            format!("..{only}"),
        ),
        [from, to] => (format!("write {name}({from}..{to})"), format!("{from}..{to}")),
        _ => return None,
    };
    let inner = at.leaf.place(open + 1..close);
    let found = Found::new("E0020", at.leaf.span(open..close + 1), "bounds are written with `..`", hint);
    let found = found.mend(inner, mend).sure();
    Some(if two { found.fixed() } else { found.fixable() })
}

/// `str[2..80]`
fn square_bounds(at: At<'_, '_>) -> Option<Found> {
    let open = (at.index.saturating_sub(2)..=at.index).find(|i| at.leaf.at(*i) == "[")?;
    let close = at.leaf.closing(open);
    let inner = at.leaf.source(open + 1..close);
    let name = at.leaf.back(open, 1);
    if open == 0 || close >= at.leaf.words.len() || !in_type(at, open) {
        return None;
    }
    let is_number = inner.bytes().all(|b| b.is_ascii_digit()) && !inner.is_empty();
    if inner.contains("..") || is_number {
        let hint = match name {
            _ if !is_number => format!("write {name}({inner}), or {name}[]({inner}) for a list"),
            "str" => {
                format!("write str[]({inner}..{inner}) for a list of {inner}, str(..{inner}) for a text")
            }
            _ => format!("write {name}[]({inner}..{inner}) for a list of {inner}"),
        };
        let found = Found::habit(at.leaf.span(open..close + 1), "bounds go in parentheses", hint);
        let signs = [(open, "("), (close, ")")].map(|(i, sign)| (at.leaf.place(i..i + 1), sign.to_owned()));
        let signs = if is_number { Vec::new() } else { signs.to_vec() };
        return Some(found.mend(at.leaf.place(open - 1..close + 1), "\0").fix(signs, false));
    }
    let place = at.leaf.place(open - 1..close + 1);
    let one = own_type(inner);
    let ty = match name {
        "list" | "List" | "Array" | "array" | "Sequence" => one.map(|ty| (format!("{ty}[]"), true)),
        // A field that may be null may as well be left out where it is written.
        "Optional" | "Maybe" if at.opening(0) == "{" => one.map(|ty| (format!("{ty}?"), false)),
        "Optional" | "Maybe" => one.map(|ty| (format!("{ty} | null"), true)),
        _ => None,
    };
    let (message, hint) = match name {
        "list" | "List" | "Array" | "array" | "Sequence" | "set" => {
            ("a list type is its item's type followed by `[]`", format!("write {inner}[]"))
        }
        "Optional" | "Maybe" => ("what may be null is a union", format!("write {inner} | null")),
        "Literal" | "Enum" | "enum" | "Union" => {
            ("a choice is a union", format!("write {}", inner.replace(", ", " | ").replace('\'', "\"")))
        }
        "dict" | "Dict" | "Map" | "map" | "Record" => {
            ("a map type names the type of its values", "write map(int) for values of type int".to_owned())
        }
        _ => return None,
    };
    let found = Found::habit(at.leaf.span(open - 1..close + 1), message, hint);
    let found = found.mend(place.clone(), "\0").sure();
    if matches!(name, "Literal" | "Enum" | "Union") {
        return Some(found.fix(members(at, open - 1..open + 1, close), true));
    }
    Some(match ty {
        Some((ty, safe)) => found.fix(vec![(place, ty)], safe),
        None => found,
    })
}

/// The type that a word means, here or in other languages.
fn own_type(word: &str) -> Option<&'static str> {
    Some(match word {
        "str" | "string" | "String" => "str",
        "int" | "integer" => "int",
        "float" | "double" => "float",
        "bool" | "boolean" | "Boolean" => "bool",
        _ => return None,
    })
}

/// `List<string>`
fn generic(at: At<'_, '_>) -> Option<Found> {
    let open = (at.index.saturating_sub(2)..=at.index).rev().find(|i| at.leaf.at(*i) == "<")?;
    let close = (open..at.leaf.line_end(open)).find(|i| at.leaf.at(*i) == ">")?;
    let typed = open > 0 && in_type(at, open);
    if !typed {
        return None;
    }
    let (name, inner) = (at.leaf.back(open, 1), at.leaf.source(open + 1..close));
    let hint = match name {
        "Optional" | "Maybe" | "Option" => format!("write {inner} | null"),
        "Map" | "Record" | "Dict" | "HashMap" => "write map(int) for values of type int".to_owned(),
        _ => format!("write {inner}[] for a list"),
    };
    let found = Found::habit(at.leaf.span(open - 1..close + 1), "types take no `<…>`", hint);
    let place = at.leaf.place(open - 1..close + 1);
    let list = matches!(name, "list" | "List" | "Array" | "array" | "Vec");
    let ty = own_type(inner).filter(|_| list).map(|ty| (place.clone(), format!("{ty}[]")));
    Some(found.mend(place, "\0").sure().fix(ty.into_iter().collect(), true))
}

/// Whether a bracket after a name stands where a type does: after a `:`, `->`, `|` or `type NAME =`.
fn in_type(at: At<'_, '_>, open: usize) -> bool {
    let name = open - 1;
    at.leaf.is_name(name)
        && (matches!(at.leaf.back(name, 1), ":" | "->" | "|")
            || at.leaf.back(name, 3) == "type" && at.leaf.back(name, 1) == "=")
}

/// `{a?: str}`
pub(super) fn optional_field(at: At<'_, '_>) -> Option<Found> {
    let sign = if at.word() == "?" { at.index } else { at.index.checked_sub(1)? };
    if at.leaf.at(sign) != "?" || at.leaf.at(sign + 1) != ":" || !at.leaf.is_name(sign.checked_sub(1)?) {
        return None;
    }
    let name = at.leaf.back(sign, 1);
    let found = Found::habit(
        at.leaf.span(sign..sign + 1),
        "the `?` of an optional field comes after its type",
        format!("write `{name}: str?`"),
    );
    let found = found.mend(at.leaf.place(sign..sign + 1), "");
    let Some(open) = at.leaf.around(sign) else { return Some(found.sure()) };
    let end = at.leaf.place(at.leaf.element(open, sign)).end;
    Some(found.mend(end..end, "?").sure().fixed())
}

/// `;` between fields is the lexer's; here `type X: {…}` and `type X as …`.
fn separator(at: At<'_, '_>) -> Option<Found> {
    if at.back(2) != "type" || !matches!(at.word(), ":" | "as" | "is") {
        return None;
    }
    let name = at.back(1);
    let found = at.habit(
        "a type is declared with `=` or braces",
        format!("write `type {name} = …` or `type {name} {{ … }}`"),
    );
    Some(found.mend(at.place(), "=").sure().fixed())
}

/// A field, parameter or input that is a name alone. All such fields of a record are reported together.
fn untyped(at: At<'_, '_>) -> Option<Found> {
    let before = at.index.checked_sub(1)?;
    let name = at.leaf.words.get(before).filter(|w| w.is_name())?;
    if at.leaf.at(0) == "input" && before == 1 && matches!(at.word(), "" | "=") {
        let found = Found::habit(
            at.leaf.span(1..2),
            format!("the input `{}` needs a type", name.text),
            format!("write `input {}: str`", name.text),
        );
        return Some(found.mend(name.end..name.end, ": \0").sure());
    }
    if !at.tried().contains(&Rule::colon) || at.next(1) == ":" {
        return None;
    }
    let typed = at.kind() == Some(Kind::Word)
        && at.leaf.on_line(at.index)
        && matches!(at.next(1), "," | ")" | "=" | "[");
    let params = at.opening(0) == "(" && words::declares_function(at.opening(2));
    let ends = matches!(at.word(), "," | "}") || !at.leaf.on_line(at.index);
    let (message, hint) = if params {
        let ty = if typed { at.word() } else { "str" };
        (format!("the parameter `{}` needs a type", name.text), format!("write `{}: {ty}`", name.text))
    } else if at.opening(0) != "{" || !ends {
        return None;
    } else if at.leaf.at(0) == "type" || at.opening(1) == "->" || at.opening(1) == ":" {
        (format!("the field `{}` needs a type", name.text), format!("write `{}: str`", name.text))
    } else if at.opening(1) == "{{" || at.opening(1) == "{" {
        let message = "a hole has two braces on each side".to_owned();
        (message, format!("write `{{{{ {} }}}}`", name.text))
    } else {
        (format!("the field `{}` needs a value", name.text), format!("write `{0}: {0}`", name.text))
    };
    let found = Found::habit(at.leaf.span(before..at.index), message, hint);
    let text = if params && typed { ": " } else { ": \0" };
    let found = found.mend(name.end..name.end, text);
    let found = if params && typed { found.fixed() } else { found };
    // Behind a value it may be one word too many, and no field.
    let stray = name.depth > 0
        && !name.fresh
        && at.leaf.words.get(before.wrapping_sub(1)).is_some_and(Word::ends_operand);
    Some(if stray { found } else { found.sure() })
}

/// `let x: 3`, `x: int = 3` and `let str x = …`.
fn type_sign(at: At<'_, '_>) -> Option<Found> {
    let line = at.leaf.line(at.index);
    let lead = at.leaf.at(line.start);
    if matches!(lead, "let" | "const") && at.tried().contains(&Rule::eq) {
        let name = at.leaf.at(line.start + 1);
        let literal = at.leaf.at(line.start + 2) == ":" && at.index >= line.start + 4;
        let value = at.leaf.source(line.start + 3..at.index);
        if literal && !value.is_empty() && at.leaf.words.get(at.index).is_none_or(|w| w.fresh) {
            let constant = !at.leaf.is_name(line.start + 3) || matches!(value, "true" | "false" | "null");
            let (message, hint) = if constant {
                ("a value comes after `=`", format!("write `{lead} {name} = {value}`"))
            } else {
                ("the value is missing", format!("write `{lead} {name}: {value} = …`"))
            };
            let sign = at.leaf.span(line.start + 2..line.start + 3);
            let end = at.after().end as usize;
            let span = if constant { sign } else { at.after() };
            let found = Found::habit(span, message, hint).mend(end..end, " = \0").sure();
            let place = sign.start as usize..sign.end as usize;
            return Some(if constant { found.fix(vec![(place, " =".to_owned())], true) } else { found });
        }
        if at.index == line.start + 2 && at.leaf.words.get(at.index).is_none_or(|w| w.fresh) {
            let end = at.after().end as usize;
            let found = Found::new(
                "E0020",
                at.after(),
                format!("`{name}` needs a value"),
                format!("write `{lead} {name} = …`"),
            );
            return Some(found.mend(end..end, " = \0").sure());
        }
        if name == "mut" && at.leaf.is_name(at.index) {
            let found = Found::habit(
                at.leaf.span(line.start + 1..line.start + 2),
                "variables can always be changed",
                format!("leave `mut` out: let {} = …", at.word()),
            );
            return Some(found.mend(at.leaf.place(line.start + 1..line.start + 2), "").sure().fixed());
        }
        if at.index == line.start + 2 && at.leaf.is_name(at.index) && words::is_type(name) {
            let hint = format!("write `{lead} {}: {name} = …`", at.word());
            let found = at.habit("the type comes after the name", hint);
            let place = at.leaf.place(line.start + 1..at.index + 1);
            let typed = own_type(name).map(|ty| (place.clone(), format!("{}: {ty}", at.word())));
            let found = found.mend(place, format!("{}: {name}", at.word()));
            return Some(found.fix(typed.into_iter().collect(), true));
        }
    }
    None
}
