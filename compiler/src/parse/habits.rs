//! Statements of other languages, and unquoted text: recognised by how a statement begins.
//!
//! These are tried only on statements that do not parse, and before any part of one is explained.

use super::explain::{Found, quoted};
use super::leaf::Leaf;
use super::prose::Run;
use crate::diag::near::distance;
use crate::lex::{Kind, words};

/// What a whole piece is, if it is no statement of this language.
pub(super) fn of_piece(leaf: &Leaf<'_>) -> Option<Found> {
    inner_item(leaf)
        .or_else(|| counting_loop(leaf))
        .or_else(|| prompt_function(leaf))
        .or_else(|| statement_word(leaf))
        .or_else(|| input(leaf))
        .or_else(|| tool(leaf))
        .or_else(|| import(leaf))
        .or_else(|| declaration(leaf))
        .or_else(|| setting(leaf))
        .or_else(|| bare_hole(leaf))
        .or_else(|| placeholder(leaf))
        .or_else(|| quoted_name(leaf))
        .or_else(|| lone_else(leaf))
        .or_else(|| role_context(leaf))
        .or_else(|| misspelt(leaf))
        .or_else(|| text(leaf))
}

/// `fn f() { … }` inside a block.
fn inner_item(leaf: &Leaf<'_>) -> Option<Found> {
    let word = leaf.at(0);
    let item = match word {
        "fn" | "agent" | "type" | "const" => leaf.is_name(1),
        "import" => true,
        "input" | "tool" => leaf.is_name(1) && matches!(leaf.at(2), ":" | "("),
        "model" | "test" => leaf.kind(1) == Some(Kind::StrOpen),
        _ => false,
    };
    if leaf.top || !item {
        return None;
    }
    let span = leaf.span(0..1);
    if word == "const" {
        let found = Found::new(
            "E0023",
            span,
            "`const` belongs at the top level of a file",
            "write `let` inside a block",
        );
        return Some(found.mend(leaf.place(0..1), "let").sure().fixed());
    }
    let message = format!("`{word}` belongs at the top level of a file");
    Some(Found::new("E0023", span, message, "move it out of the block").lost())
}

/// `for (i = 0; i < 3; i++) { … }`
fn counting_loop(leaf: &Leaf<'_>) -> Option<Found> {
    let (open, counts) = (leaf.at(1) == "(", leaf.source(0..leaf.line_end(0)).matches(';').count() >= 2);
    if leaf.at(0) != "for" || !open || !counts {
        return None;
    }
    let hint = "write `for i in range(0, 3) { … }`, or `repeat 3 as i { … }`";
    let found = Found::habit(leaf.span(0..1), "a loop goes over a list", hint);
    let name = (2..leaf.words.len()).find(|at| leaf.is_name(*at) && leaf.at(at + 1) == "=");
    let close = leaf.closing(1);
    let name = name.map_or("i", |at| leaf.at(at)).to_owned();
    Some(found.mend(leaf.place(1..close + 1), format!("{name} in \0")).sure())
}

/// `function f(a: string) -> string { client … prompt #"…"# }`
fn prompt_function(leaf: &Leaf<'_>) -> Option<Found> {
    let holds =
        (1..leaf.words.len()).any(|at| leaf.at(at) == "{" && matches!(leaf.at(at + 1), "client" | "prompt"));
    if leaf.at(0) != "function" || !holds || !leaf.blocks.is_empty() {
        return None;
    }
    let name = leaf.at(1);
    let hint = format!("write `agent {name}(a: str) -> str {{ user \"…\" assistant gen x return x }}`");
    Some(Found::habit(leaf.span(0..1), "a prompt is made of statements", hint).lost())
}

/// `input x = 2`, `input str x`, `input x str`
fn input(leaf: &Leaf<'_>) -> Option<Found> {
    if leaf.at(0) != "input" || !leaf.is_name(1) || !leaf.on_line(1) {
        return None;
    }
    let (first, second) = (leaf.at(1), leaf.at(2));
    if words::is_type(first) && leaf.is_name(2) && leaf.on_line(2) {
        let hint = format!("write `input {second}: {first}`");
        let found = Found::habit(leaf.span(1..2), "the type comes after the name", hint);
        return Some(found.mend(leaf.place(1..3), format!("{second}: {first}")).sure().fixed());
    }
    let third = leaf.at(3);
    if second == "?" && third == ":" && leaf.is_name(4) {
        let hint = format!("write `input {first}: {}?`", leaf.at(4));
        let found = Found::habit(
            leaf.span(2..3),
            "the `?` of an input that may be missing comes after its type",
            hint,
        );
        let found = found.mend(leaf.place(2..3), "").sure();
        let end = leaf.place(4..5).end;
        let whole = !leaf.on_line(5) || leaf.at(5) == "=" || leaf.words.len() == 5;
        let moved = vec![(leaf.place(2..3), String::new()), (end..end, "?".to_owned())];
        return Some(if whole { found.fix(moved, true) } else { found });
    }
    if leaf.is_name(2) && leaf.on_line(2) && (words::is_type(second) || third == "=" || third == "?") {
        let found = Found::habit(
            leaf.span(1..3),
            "a `:` comes between a name and its type",
            format!("write `input {first}: {second}{}`", if third == "=" { " = …" } else { "" }),
        );
        let end = leaf.place(1..2).end;
        return Some(found.mend(end..end, ":").sure().fixed());
    }
    if second != "=" {
        return None;
    }
    let (ty, end) = (type_of(leaf, 3), leaf.place(1..2).end);
    let found = Found::habit(
        leaf.span(1..2),
        format!("the input `{first}` needs a type"),
        format!("write `input {first}: {ty} = …`"),
    );
    let literal = leaf.line_end(0) == 4 || leaf.kind(3) == Some(Kind::StrOpen);
    let typed = literal && (ty != "str" || leaf.kind(3) == Some(Kind::StrOpen)) && leaf.at(3) != "[";
    let typed = typed.then(|| (end..end, format!(": {ty}")));
    Some(found.mend(end..end, ": \0").sure().fix(typed.into_iter().collect(), true))
}

/// `tool + search(query: str)`: a sign before the name, which would make it an expression.
fn tool(leaf: &Leaf<'_>) -> Option<Found> {
    let sign = matches!(leaf.kind(1), Some(Kind::Punct | Kind::Unknown));
    if leaf.at(0) != "tool" || !leaf.top || !sign || !leaf.is_name(2) || leaf.at(3) != "(" {
        return None;
    }
    let message = format!("expected a name, found `{}`", leaf.at(1));
    let found = Found::new("E0020", leaf.span(1..2), message, format!("write `tool {}(…)`", leaf.at(2)));
    Some(found.mend(leaf.place(1..2), "").sure())
}

/// The type of the value that begins at a word, as far as that tells it.
fn type_of(leaf: &Leaf<'_>, at: usize) -> &'static str {
    match leaf.kind(at) {
        Some(Kind::Number) if leaf.at(at).contains('.') => "float",
        Some(Kind::Number) => "int",
        Some(Kind::Word) if matches!(leaf.at(at), "true" | "false") => "bool",
        Some(Kind::Open) if leaf.at(at) == "[" => "str[]",
        _ => "str",
    }
}

/// `[GEN city]` as a statement.
fn placeholder(leaf: &Leaf<'_>) -> Option<Found> {
    let word = leaf.at(1);
    if leaf.at(0) != "["
        || !leaf.is_name(2)
        || !matches!(word.to_lowercase().as_str(), "gen" | "generate" | "select")
    {
        return None;
    }
    let hint = format!("write it into a text: \"{{{{ gen {} }}}}\"", leaf.at(2));
    Some(Found::habit(leaf.span(0..1), "a generation takes no brackets", hint).lost())
}

/// `def f(x) { … }`, `var x = 1`, `elif x { … }`
fn statement_word(leaf: &Leaf<'_>) -> Option<Found> {
    let word = leaf.at(0);
    let hint = words::foreign_statement(word).filter(|_| leaf.kind(0) == Some(Kind::Word))?;
    let goes_on = leaf.on_line(1) && !matches!(leaf.at(1), "=" | "+=" | "." | "|" | "[");
    if !goes_on && leaf.words.len() > 1 && leaf.at(1) != "{" {
        return None;
    }
    let found = Found::habit(leaf.span(0..1), format!("`{word}` is not a statement"), hint);
    let place = leaf.place(0..1);
    let head = |text: &'static str| Some(text);
    let mend = match word {
        "elif" | "elseif" | "elsif" | "unless" => head("if"),
        "def" | "func" | "function" | "fun" => head("fn"),
        "var" | "set" | "local" | "val" => head("let"),
        "foreach" => head("for"),
        "raise" | "throw" => head("fail"),
        "assert" => head("expect"),
        "echo" | "puts" | "println" => head("print"),
        "async" | "await" | "export" | "pub" | "public" | "private" | "static" => head(""),
        "class" | "struct" | "interface" => head("type"),
        _ => None,
    };
    Some(match mend {
        Some(text) => {
            let fix = written_instead(leaf, word, text);
            let fixes = fix.iter().map(|(text, _)| (place.clone(), (*text).to_owned())).collect();
            found.mend(place, text).fix(fixes, fix.is_some_and(|(_, safe)| safe))
        }
        None => match word {
            "except" | "catch" => found.fix(vec![(place, "else".to_owned())], true).lost(),
            "loop" => found.fix(vec![(place, "repeat 10".to_owned())], false).lost(),
            _ => found.lost(),
        },
    })
}

/// What to write for a word that begins a statement in other languages, and whether that is sure.
fn written_instead(leaf: &Leaf<'_>, word: &str, text: &'static str) -> Option<(&'static str, bool)> {
    match word {
        "elif" | "elseif" | "elsif" => Some(("else if", true)),
        "unless" => None,
        "raise" | "throw" => Some((text, leaf.kind(1) == Some(Kind::StrOpen))),
        "set" | "local" | "class" | "struct" | "interface" | "static" => Some((text, false)),
        _ => Some((text, true)),
    }
}

/// `import x`, `from x import y`, `import "x"`, `import "x" as { a }`
fn import(leaf: &Leaf<'_>) -> Option<Found> {
    if !matches!(leaf.at(0), "import") {
        return None;
    }
    let hint = "write import \"file.agent\" as name, or import { a, b } from \"file.agent\"";
    if leaf.is_name(1) && leaf.at(2) == "from" && leaf.kind(3) == Some(Kind::StrOpen) {
        let name = leaf.at(1);
        let found = Found::habit(
            leaf.span(1..2),
            "the names that an import brings go in braces",
            format!("write import {{ {name} }} from \"…\"; for all of them, import \"…\" as {name}"),
        );
        return Some(found.mend(leaf.place(1..2), format!("{{ {name} }}")).sure().fixed());
    }
    if leaf.is_name(1) && leaf.at(2) != "from" {
        let found =
            Found::habit(leaf.span(1..leaf.line_end(1)), "a file is imported by its path in quotes", hint);
        return Some(found.lost());
    }
    let close = if leaf.kind(1) == Some(Kind::StrOpen) { leaf.closing(1) } else { return None };
    if leaf.words.len() == close + 1 {
        let end = leaf.bytes().end;
        let span = crate::source::Span::new(leaf.file, end, end);
        return Some(Found::habit(span, "an import says what it brings in", hint).lost());
    }
    None
}

/// `x := 1`, `x: int = 1`, `int x = 1`
fn declaration(leaf: &Leaf<'_>) -> Option<Found> {
    if !leaf.is_name(0) {
        return None;
    }
    let name = leaf.at(0);
    if leaf.at(1) == ":=" {
        let hint = format!("write `let {name} = …`, and `{name} = …` to change it");
        let found = Found::habit(leaf.span(1..2), "`:=` is not an operator", hint);
        let start = leaf.bytes().start;
        return Some(found.mend(start..start, "let ").mend(leaf.place(1..2), "=").sure().fixed());
    }
    let line = 0..leaf.line_end(0);
    if leaf.at(1) == ":" && line.clone().any(|at| leaf.at(at) == "=") && leaf.is_name(2) {
        let start = leaf.bytes().start;
        let found = Found::habit(
            leaf.span(0..1),
            "variables are declared with `let`",
            format!("write `let {name}: …`"),
        );
        return Some(found.mend(start..start, "let ").sure().fixed());
    }
    if words::is_type(name) && leaf.is_name(1) && leaf.on_line(1) && leaf.at(2) == "=" {
        let other = leaf.at(1);
        let found = Found::habit(
            leaf.span(0..1),
            "variables are declared with `let`",
            format!("write `let {other}: {name} = …`"),
        );
        let own = matches!(name, "str" | "int" | "float" | "bool");
        let typed = own.then(|| (leaf.place(0..2), format!("let {other}: {name}")));
        let found = found.mend(leaf.place(0..2), format!("let {other}")).sure();
        return Some(found.fix(typed.into_iter().collect(), true));
    }
    None
}

/// `model: "x"`, `role: user`, `temperature: 0.5`
fn setting(leaf: &Leaf<'_>) -> Option<Found> {
    if leaf.at(1) != ":" || !leaf.is_name(0) || !leaf.on_line(1) {
        return None;
    }
    let name = leaf.at(0);
    let hint = match name {
        "model" => "write model \"NAME\"",
        "role" | "content" | "messages" | "prompt" => "write system \"…\", user \"…\" and assistant gen x",
        "temperature" | "max_tokens" | "top_p" | "top_k" | "stop" | "seed" | "n" => {
            "options come after `with`: gen x with temp = 0.5, max = 20"
        }
        _ => return None,
    };
    Some(Found::habit(leaf.span(0..2), "a program is not a list of settings", hint).lines(Run::Settings))
}

/// `{{ x }}` outside of text.
fn bare_hole(leaf: &Leaf<'_>) -> Option<Found> {
    let (role, first) = if words::is_role(leaf.at(0)) { (leaf.at(0), 1) } else { ("", 0) };
    if leaf.at(first) != "{" || leaf.at(first + 1) != "{" || !leaf.adjacent(first + 1) {
        return None;
    }
    let end = leaf.line_end(first);
    let text = leaf.source(first..end);
    let hint = format!("write `{role}{}\"{text}\"`", if role.is_empty() { "" } else { " " });
    let found = Found::habit(leaf.span(first..first + 2), "a hole belongs inside a text", hint);
    Some(found.lost())
}

/// `{{ gen 'name' }}`, of which the lexer sees the quotes only.
fn quoted_name(leaf: &Leaf<'_>) -> Option<Found> {
    let at = (1..leaf.words.len()).find(|at| {
        leaf.back(*at, 1) == "gen"
            && leaf.kind(*at) == Some(Kind::Unknown)
            && leaf.at(*at).starts_with(['\'', '`'])
    })?;
    let name = leaf.at(at).trim_matches(['\'', '`']);
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let shown = if plain { name } else { "name" };
    let message = "a generation is named by a plain word";
    let found = Found::habit(leaf.span(at..at + 1), message, format!("write `gen {shown}`, without quotes"));
    let bare = plain.then(|| (leaf.place(at..at + 1), name.to_owned()));
    let mend = if plain { format!("{name}: \0") } else { "\0".to_owned() };
    Some(found.mend(leaf.place(at..at + 1), mend).fix(bare.into_iter().collect(), true))
}

/// `with user() { … }`, `with user():`
fn role_context(leaf: &Leaf<'_>) -> Option<Found> {
    if leaf.at(0) != "with" || !words::is_role(leaf.at(1)) {
        return None;
    }
    let role = leaf.at(1);
    let hint = format!("write the role alone: {role} \"…\" or {role} {{ … }}");
    Some(Found::habit(leaf.span(0..1), "`with` does not open a message", hint).lost())
}

/// An `else` whose `if` is not before it.
fn lone_else(leaf: &Leaf<'_>) -> Option<Found> {
    if leaf.at(0) != "else" {
        return None;
    }
    let hint = "write `else` after the `}` of an `if`";
    Some(
        Found::new("E0020", leaf.span(0..1), "this `else` has no `if`", hint).mend(leaf.place(0..1), "if \0"),
    )
}

/// `asistant "x"`, `retrun x`
fn misspelt(leaf: &Leaf<'_>) -> Option<Found> {
    if !leaf.is_name(0)
        || !leaf.on_line(1)
        || matches!(leaf.at(1), "=" | "+=" | "(" | "." | "|" | "[" | ":" | ",")
    {
        return None;
    }
    let word = leaf.at(0);
    let near = words::RESERVED
        .iter()
        .filter(|known| words::must_begin_statement(known) || matches!(**known, "select" | "call" | "if"));
    let allowed = if word.len() > 6 { 2 } else { 1 };
    let near = near.filter(|known| word.len() > 3 && known.len() > 2 && distance(word, known) <= allowed);
    let found = near.min_by_key(|known| distance(word, known))?;
    let message = format!("`{word}` is not a statement");
    Some(
        Found::habit(leaf.span(0..1), message, format!("did you mean `{found}`?"))
            .mend(leaf.place(0..1), *found)
            .fixable(),
    )
}

/// What to do with text of several lines.
pub(super) const LINES_OF_TEXT: &str = "write `\"\"\"` on a line before this text and on one after it";

/// Text without quotes.
fn text(leaf: &Leaf<'_>) -> Option<Found> {
    let declares = match leaf.at(0) {
        "tool" => leaf.at(2) == "(" || leaf.at(3) == "(",
        "model" => leaf.kind(1) == Some(Kind::StrOpen) || leaf.at(2) == "=",
        _ => matches!(leaf.at(2), "=" | "+=") && !leaf.is_name(1),
    };
    let named = leaf.is_name(0) && leaf.on_line(1) && leaf.blocks.is_empty() && !declares;
    let prose = match leaf.kind(1) {
        Some(Kind::Word) => leaf.is_name(1) || leaf.line_end(0) > 3,
        Some(Kind::Number | Kind::Unknown | Kind::StrOpen) => true,
        Some(Kind::Punct) if leaf.at(1) == "." => !leaf.adjacent(2),
        Some(Kind::Punct) => {
            matches!(leaf.at(1), "," | "?" | ":") && (leaf.is_name(2) || leaf.line_end(0) == 2)
        }
        Some(Kind::Open) => leaf.at(1) == "{" && leaf.at(2) == "{",
        _ => false,
    };
    let bullet = matches!(leaf.at(0), "-" | "*") && leaf.kind(1) == Some(Kind::Word) && leaf.words.len() > 2;
    let numbered = leaf.kind(0) == Some(Kind::Number) && matches!(leaf.at(1), "." | ")");
    if !(named && prose || bullet || numbered) {
        return None;
    }
    let first = leaf.line_end(0);
    let mut end = first;
    while end < leaf.words.len() && Run::Text.goes_on(leaf.source(end..leaf.line_end(end))) {
        end = leaf.line_end(end);
    }
    let text = leaf.source(0..first);
    let short: String = text.chars().take(40).collect();
    let shown = if short.len() < text.len() { format!("{short}…") } else { short };
    let hint = match end == first {
        true => format!("write \"{}\"", shown.replace('"', "\\\"")),
        false => LINES_OF_TEXT.to_owned(),
    };
    let quoted = quoted(text).filter(|_| end == first).map(|text| (leaf.place(0..end), text));
    let found = Found::new("E0027", leaf.span(0..end), "text goes in quotes", hint).lines(Run::Text);
    Some(found.fix(quoted.into_iter().collect(), false))
}
