//! Mistakes in expressions, records, lists and calls.

use super::{At, Found};
use crate::lex::{Kind, words};
use crate::parse::prose::Run;

pub(super) fn explain(at: At<'_, '_>) -> Option<Found> {
    typed_parameter(at)
        .or_else(|| part_assigned(at))
        .or_else(|| role_value(at))
        .or_else(|| several_printed(at))
        .or_else(|| tuple(at))
        .or_else(|| script_rule(at))
        .or_else(|| record_sign(at))
        .or_else(|| argument_sign(at))
        .or_else(|| several_names(at))
        .or_else(|| comma(at))
        .or_else(|| spread_argument(at))
        .or_else(|| piped_text(at))
        .or_else(|| operator(at))
        .or_else(|| unquoted(at))
        .or_else(|| function_value(at))
}

/// `(x: str) => x`
fn typed_parameter(at: At<'_, '_>) -> Option<Found> {
    let open = at.leaf.around(at.index).filter(|open| at.leaf.at(*open) == "(")?;
    let close = at.leaf.closing(open);
    if at.word() != ":" || at.leaf.at(close + 1) != "=>" {
        return None;
    }
    let hint = "leave the types out: they follow from what it is called with";
    let found = at.habit("parameters of a function without a name have no types", hint);
    let depth = at.leaf.words.get(at.index).map_or(0, |word| word.depth);
    let names = (open + 1..close).filter(|word| {
        let own = at.leaf.words.get(*word).is_some_and(|w| w.depth == depth);
        own && at.leaf.is_name(*word) && matches!(at.leaf.at(word - 1), "(" | ",")
    });
    let names: Vec<&str> = names.map(|word| at.leaf.at(word)).collect();
    let found = found.mend(at.leaf.place(open + 1..close), names.join(", ")).sure();
    Some(match names.as_slice() {
        [name] => found.fix(vec![(at.leaf.place(open..close + 1), (*name).to_owned())], true),
        _ => found.fixed(),
    })
}

/// `r.a = 2` and `xs[0] = "b"`.
fn part_assigned(at: At<'_, '_>) -> Option<Found> {
    if !matches!(at.word(), "=" | "+=") || matches!(at.lead(), "let" | "const" | "gen" | "select" | "with") {
        return None;
    }
    let end = at.leaf.place(at.index..at.leaf.line_end(at.index)).end;
    let line = at.leaf.place(at.leaf.line(at.index)).start..end;
    if at.back(1) == "]" && at.back(2) != "[" {
        let (message, hint) = match at.leaf.kind(at.index - 2) {
            Some(Kind::Number) => (
                "an item of a list cannot be assigned",
                "build a new list and assign that: xs = xs[:1] + [x] + xs[2:]",
            ),
            Some(Kind::StrClose) => {
                ("an entry of a map cannot be assigned", "build a new one and assign that: m = {...m, a: 2}")
            }
            _ => (
                "an item of a list or map cannot be assigned",
                "build a new one and assign that: xs = xs[:i] + [x] + xs[i + 1:], or m = {...m, [k]: v}",
            ),
        };
        return Some(at.habit(message, hint).mend(line, "\0").sure());
    }
    if at.back(2) == "." {
        let name = at.back(1);
        let hint = format!("build a new record and assign that: x = {{...x, {name}: …}}");
        return Some(
            at.habit(format!("the field `{name}` cannot be assigned"), hint).mend(line, "\0").sure(),
        );
    }
    None
}

/// `s += user("…")`
fn role_value(at: At<'_, '_>) -> Option<Found> {
    let word = at.word();
    if !words::is_role(word) || !matches!(at.back(1), "=" | "+=" | "+" | "(" | ",") {
        return None;
    }
    let text = if word == "assistant" { "gen answer" } else { "\"…\"" };
    Some(at.habit(
        "a role is not a value",
        format!("write `{word} {text}` as a statement: it adds to the context itself"),
    ))
}

/// `print("a", b)`
fn several_printed(at: At<'_, '_>) -> Option<Found> {
    if at.word() != "," || at.opening(0) != "(" || at.opening(1) != "print" {
        return None;
    }
    let open = at.leaf.around(at.index)?;
    let place = at.leaf.place(open..at.leaf.closing(open) + 1);
    Some(
        at.habit("`print` takes one value", "put the values into a text: print \"{{ a }} {{ b }}\"")
            .mend(place, "\0")
            .sure(),
    )
}

/// `("a", 1)` where no function is called.
fn tuple(at: At<'_, '_>) -> Option<Found> {
    let open = at.leaf.around(at.index).filter(|open| at.leaf.at(*open) == "(")?;
    let before = open.checked_sub(1).and_then(|i| at.leaf.words.get(i));
    let called =
        before.is_some_and(|w| w.ends_operand() || matches!(w.text, "for" | "let" | "gen" | "select"));
    if at.word() != "," || called {
        return None;
    }
    let place = at.leaf.place(open..at.leaf.closing(open) + 1);
    let hint = "write a list [a, b], or a record {name: a, other: b}";
    let found = Found::habit(at.leaf.span(open..open + 1), "a list of values goes in `[…]`", hint);
    let list =
        vec![(place.start..place.start + 1, "[".to_owned()), (place.end - 1..place.end, "]".to_owned())];
    let closed = at.leaf.at(at.leaf.closing(open)) == ")";
    Some(found.mend(place, "\0").sure().fix(if closed { list } else { Vec::new() }, false))
}

/// `script { "prompt" -> "answer" }`
fn script_rule(at: At<'_, '_>) -> Option<Found> {
    if !matches!(at.word(), "->" | ":" | "=") || at.opening(0) != "{" || at.opening(1) != "script" {
        return None;
    }
    let found = at.habit("a script's prompt and answer are joined by `=>`", "write \"prompt\" => \"answer\"");
    Some(found.mend(at.place(), "=>").sure().fixed())
}

/// `{a = 1}`
fn record_sign(at: At<'_, '_>) -> Option<Found> {
    let key = matches!(at.before().map(|w| w.kind), Some(Kind::Word | Kind::StrClose));
    if !matches!(at.word(), "=" | "=>") || at.opening(0) != "{" || !key {
        return None;
    }
    Some(at.habit("a field is set with `:`", "write `{name: value}`").mend(at.place(), ":").sure().fixed())
}

/// `f(a: 1)`
fn argument_sign(at: At<'_, '_>) -> Option<Found> {
    let called = at.opening(0) == "("
        && at.leaf.around(at.index).is_some_and(|open| at.leaf.is_name(open.wrapping_sub(1)));
    if at.word() != ":" || !called || !matches!(at.back(2), "(" | ",") {
        return None;
    }
    let name = at.back(1);
    let found = at.habit("an argument is named with `=`", format!("write `{name} = …`"));
    Some(found.mend(at.place(), "=").sure().fixed())
}

/// `let a, b = 1, 2`, `let {a, b} = r`, `a, b = b, a`
fn several_names(at: At<'_, '_>) -> Option<Found> {
    let lead = at.leaf.at(at.leaf.line(at.index).start);
    let declares = matches!(lead, "let" | "const") && at.index <= at.leaf.line(at.index).start + 2;
    let pattern = declares && matches!(at.word(), "{" | "[" | "(" | ",");
    let swaps = at.word() == "," && at.index == 1 && at.leaf.is_name(0);
    if !pattern && !swaps {
        return None;
    }
    let hint = "take the parts one by one: let a = r.a, and let b = r.b on the next line";
    Some(at.habit("one name is declared at a time", hint))
}

/// `[1,, 2]`, `[, 1]`, `f(, 1)`
fn comma(at: At<'_, '_>) -> Option<Found> {
    if at.word() != "," || !matches!(at.back(1), "," | "(" | "[" | "{") {
        return None;
    }
    let found = Found::new("E0020", at.span(), "this `,` separates nothing", "remove it");
    Some(found.mend(at.place(), "").sure().fixable())
}

/// `f(...xs)`
fn spread_argument(at: At<'_, '_>) -> Option<Found> {
    if at.word() != "..." || at.opening(0) != "(" {
        return None;
    }
    let hint = "write them one by one; `...` puts lists into lists, [...xs, x], and records into records, {...r, a: 1}";
    Some(at.habit("a call does not spread its arguments", hint).mend(at.place(), "").sure())
}

/// `"text" | upper` as a statement.
fn piped_text(at: At<'_, '_>) -> Option<Found> {
    // `where` alone could still begin an assignment.
    let at = if at.back(1) == "where" { At { index: at.index - 1, ..at } } else { at };
    let text = at.before().is_some_and(|w| w.kind == Kind::StrClose);
    if !text {
        return None;
    }
    match at.word() {
        "|" => Some(at.habit("text cannot be piped", "pipe the value inside its hole: \"{{ x | trim }}\"")),
        "+" => Some(at.habit(
            "text is not joined with `+`",
            "write the text as it goes on, with values in holes: \"… {{ x }} …\"",
        )),
        "%" => {
            Some(at.habit("text is not formatted with `%`", "write the value into the text: \"… {{ x }} …\""))
        }
        "." => Some(at.habit("text has no methods", "write values into the text: \"… {{ x | trim }} …\"")),
        "where" => Some(at.habit(
            "what a generation may write is its type",
            "write \"{{ gen x: str(..80) }}\", or stop = \"\\n\" after `with`",
        )),
        _ => None,
    }
}

/// `x is None`, `x equals y`, `a => b`, `x % …` with text
fn operator(at: At<'_, '_>) -> Option<Found> {
    let operand = at.before().is_some_and(|w| w.ends_operand());
    let message = match at.word() {
        "is" if operand => ("`is` is not an operator", "write `==`, or `!=` for `is not`"),
        "=>" if operand && at.opening(0) != "{" => {
            ("only names stand before the `=>` of a function", "write x => …, or (a, b) => …")
        }
        "?" => return None,
        _ => return None,
    };
    let found = at.habit(message.0, message.1);
    Some(match at.word() {
        "is" if at.next(1) == "not" => found.mend(at.leaf.place(at.index..at.index + 2), "!=").sure().fixed(),
        "is" => found.mend(at.place(), "==").sure().fixed(),
        _ => found,
    })
}

/// `system You are helpful.`, `print hello world`
fn unquoted(at: At<'_, '_>) -> Option<Found> {
    let line = at.leaf.line(at.index);
    let lead = at.leaf.at(line.start);
    let takes_text = words::is_role(lead) || matches!(lead, "print" | "fail" | "return" | "yield");
    let word = at.leaf.is_name(at.index.wrapping_sub(1)) && at.index >= line.start + 2;
    let sign = matches!(at.word(), "," | ":" | "?" | ".") && at.leaf.is_name(at.index + 1);
    let goes_on = at.leaf.is_name(at.index) || matches!(at.kind()?, Kind::Unknown | Kind::Number) || sign;
    let plain = (line.start + 1..at.index).all(|i| at.leaf.is_name(i));
    if !takes_text || !word || !goes_on || !plain || !at.leaf.on_line(at.index) {
        return None;
    }
    let to = at.leaf.line_end(at.index);
    let text = super::clip(at.leaf.source(line.start + 1..to));
    let span = at.leaf.span(line.start + 1..to);
    let found = Found::new("E0027", span, "text goes in quotes", format!("write `{lead} \"{text}\"`"));
    let found = Found { run: Some(Run::Text), ..found };
    let place = at.leaf.place(line.start + 1..to);
    let quoted = quoted(at.leaf.source(line.start + 1..to));
    Some(
        found
            .mend(place.clone(), "\0")
            .sure()
            .fix(quoted.map(|text| (place, text)).into_iter().collect(), false),
    )
}

/// A line of text in quotes; `None` if it has signs that mean something there.
pub(in crate::parse) fn quoted(text: &str) -> Option<String> {
    let plain = !text.contains(['\n', '\\', '"']) && !text.contains("{{");
    plain.then(|| format!("\"{text}\""))
}

/// `lambda x: x`, `fn (x) { … }` as a value
fn function_value(at: At<'_, '_>) -> Option<Found> {
    let lambda = at.word() == "fn" && at.index > 0 && at.leaf.at(0) != "fn";
    let python = at.leaf.is_name(at.index) && at.back(1) == "lambda";
    if !lambda && !python {
        return None;
    }
    let hint = "write x => …, or (a, b) => …; or declare it: fn name(x: str) -> str { … }";
    let found = at.habit("a function without a name is written with `=>`", hint);
    let colon = (at.index..at.leaf.line_end(at.index)).find(|word| at.leaf.at(*word) == ":");
    Some(match colon.filter(|_| python) {
        Some(colon) => {
            let word = at.leaf.place(at.index - 1..at.index);
            let found = found.mend(word.clone(), "(").mend(at.leaf.place(colon..colon + 1), ") =>").sure();
            let (start, sign) = (word.start..at.place().start, at.leaf.place(colon..colon + 1));
            let names = at.leaf.place(at.index..colon).end..sign.end;
            let (open, arrow) = if colon == at.index + 1 { ("", " =>") } else { ("(", ") =>") };
            found.fix(vec![(start, open.to_owned()), (names, arrow.to_owned())], true)
        }
        None => found,
    })
}
