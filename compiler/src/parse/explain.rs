//! What went wrong where pest stopped, in words: from the tokens around the place.

use std::ops::Range;

use pest::error::{Error, ErrorVariant, InputLocation};

use super::Rule;
use crate::diag::Diag;
use crate::lex::{Kind, Lexed, Token, words};
use crate::source::Span;

/// The furthest offset that pest reached.
pub(super) fn offset(error: &Error<Rule>) -> usize {
    match error.location {
        InputLocation::Pos(at) => at,
        InputLocation::Span((at, _)) => at,
    }
}

/// How many tokens before a mistake are searched for the bracket around it.
const NEARBY: usize = 400;

/// The tokens around a mistake.
struct Around<'a> {
    text: &'a str,
    /// The token at the mistake; `None` at the end.
    token: Option<Token>,
    /// What stands there.
    word: &'a str,
    /// The token before it.
    before: &'a str,
    before_kind: Option<Kind>,
    /// Where that one ends.
    end: usize,
    /// The word that began the statement or construct, if it is near.
    lead: &'a str,
    /// The tokens of the line before the mistake, without white space.
    line: Vec<Token>,
    /// Those of the lines before too, as far as they matter.
    earlier: Vec<Token>,
    /// The tokens after it.
    after: Vec<Token>,
}

impl<'a> Around<'a> {
    /// The text of the token that stands so many before the mistake.
    fn back(&self, by: usize) -> &'a str {
        self.line.iter().rev().nth(by.wrapping_sub(1)).map_or("", |t| t.text(self.text))
    }

    /// The text of the token that follows the mistake after so many.
    fn next(&self, by: usize) -> &'a str {
        self.after.get(by).map_or("", |t| t.text(self.text))
    }

    /// Whether nothing follows the mistake on its line.
    fn ends_line(&self) -> bool {
        let (Some(here), Some(next)) = (self.token, self.after.first()) else { return true };
        self.text[here.end..next.start].contains('\n')
    }

    /// Where on the line the bracket or hole around the mistake opens: the index behind it.
    fn inner(&self) -> usize {
        inner(&self.line)
    }
}

/// The index behind the last bracket, hole or string that is open at the end; 0 without one.
fn inner(tokens: &[Token]) -> usize {
    let mut closed = 0;
    for (at, token) in tokens.iter().enumerate().rev() {
        match token.kind {
            Kind::Close | Kind::HoleClose | Kind::StrClose => closed += 1,
            Kind::Open | Kind::HoleOpen | Kind::StrOpen if closed == 0 => return at + 1,
            Kind::Open | Kind::HoleOpen | Kind::StrOpen => closed -= 1,
            _ => {}
        }
    }
    0
}

/// Makes a diagnostic of a syntax error.
pub(super) fn explain(
    file: u32,
    text: &str,
    lexed: &Lexed,
    chunk: &Range<usize>,
    at: usize,
    error: &Error<Rule>,
) -> Diag {
    let around = look(text, lexed, chunk, at);
    let end = around.end;
    let span = around.token.map_or(Span::new(file, end, end), |t| Span::new(file, t.start, t.end));
    if let ErrorVariant::CustomError { .. } = error.variant {
        let diag = Diag::new("E0003", span, "this nests too deeply to be read");
        return diag.hint("take the inner part out into a `let`, a `fn` or a `type` of its own");
    }
    if let Some(diag) = reserved_name(&around, span, error) {
        return diag;
    }
    if let Some((message, hint)) = half_written(&around, error).or_else(|| habit(&around)) {
        return Diag::new("E0021", span, message).hint(hint);
    }
    let found =
        if around.token.is_none() { "the end".to_owned() } else { format!("`{}`", clip(around.word)) };
    let expected = expected(error);
    let message = format!("{expected} expected, found {found}");
    Diag::new("E0020", span, message).hint(hint_for(&expected, &around))
}

fn look<'a>(text: &'a str, lexed: &Lexed, chunk: &Range<usize>, at: usize) -> Around<'a> {
    let range = lexed.token_range(chunk);
    let tokens = &lexed.tokens[range];
    let here = tokens.iter().position(|t| t.end > at && !t.kind.is_trivia());
    let upto = here.unwrap_or(tokens.len());
    let mut earlier = tokens[..upto].iter().rev().filter(|t| !t.kind.is_trivia());
    let before = earlier.next();
    let token = here.map(|i| tokens[i]);
    let line = tokens[..upto].iter().rev().take_while(|t| t.kind != Kind::Newline);
    let mut line: Vec<Token> = line.filter(|t| !t.kind.is_trivia()).copied().collect();
    line.reverse();
    let nearby = tokens[upto.saturating_sub(NEARBY)..upto].iter();
    let after = tokens[upto..].iter().skip(1).filter(|t| !t.kind.is_trivia());
    Around {
        text,
        token,
        word: token.map_or("", |t| t.text(text)),
        before: before.map_or("", |t| t.text(text)),
        before_kind: before.map(|t| t.kind),
        end: before.map_or(at, |t| t.end),
        lead: lead(text, &tokens[..upto]),
        line,
        earlier: nearby.filter(|t| !t.kind.is_trivia()).copied().collect(),
        after: after.take(3).copied().collect(),
    }
}

/// The first reserved word on the line of the mistake; `with` if options have begun.
fn lead<'a>(text: &'a str, earlier: &[Token]) -> &'a str {
    let line = earlier.iter().rev().take_while(|t| t.kind != Kind::Newline);
    let words = line.filter(|t| t.kind == Kind::Word).map(|t| t.text(text));
    let mut reserved: Vec<&str> = words.filter(|w| words::is_reserved(w)).collect();
    if reserved.contains(&"with") { "with" } else { reserved.pop().unwrap_or("") }
}

/// A field or parameter that is a name alone, an option without `with`, an assignment to a part.
fn half_written(a: &Around<'_>, error: &Error<Rule>) -> Option<(String, String)> {
    if let Some(found) = bare_option(a).or_else(|| part_assigned(a)) {
        return Some(found);
    }
    if !positives(error).contains(&Rule::colon) || a.before_kind != Some(Kind::Word) {
        return None;
    }
    let name = a.before;
    let open = inner(&a.earlier);
    let opening = |by: usize| open.checked_sub(by).map_or("", |at| a.earlier[at].text(a.text));
    let word = a.token.is_some_and(|t| t.kind == Kind::Word);
    if opening(1) == "(" && matches!(opening(3), "fn" | "agent" | "tool") {
        let ty = if word { a.word } else { "str" };
        Some((format!("the parameter `{name}` needs a type"), format!("write `{name}: {ty}`")))
    } else if opening(1) != "{" || !matches!(a.word, "," | "}") {
        None
    } else if a.lead == "type" || matches!(opening(3), "type") || opening(2) == "->" {
        Some((format!("the field `{name}` needs a type"), format!("write `{name}: str`")))
    } else {
        Some((format!("the field `{name}` needs a value"), format!("write `{name}: {name}`")))
    }
}

/// `gen x, max = 5` and `gen x max = 5`.
fn bare_option(a: &Around<'_>) -> Option<(String, String)> {
    let (name, sign, value) = match a.word {
        "," => (a.next(0), a.next(1), a.after.get(2)),
        _ => (a.word, a.next(0), a.after.get(1)),
    };
    let named = name.starts_with(|c: char| c.is_alphabetic());
    let head = a.line[a.inner()..].iter().rposition(|t| matches!(t.text(a.text), "gen" | "select"))?;
    let head = &a.line[a.inner() + head..];
    if !named || sign != "=" || head.len() < 2 || head.iter().any(|t| t.text(a.text) == "with") {
        return None;
    }
    let written = clip(a.text[head[0].start..a.end].trim_end());
    let value = value.filter(|t| t.kind == Kind::Number).map_or("…", |t| t.text(a.text));
    let message = "options come after `with`".to_owned();
    Some((message, format!("write `{written} with {name} = {value}`")))
}

/// `r.a = 2` and `xs[0] = "b"`.
fn part_assigned(a: &Around<'_>) -> Option<(String, String)> {
    if !matches!(a.word, "=" | "+=") || matches!(a.lead, "let" | "const" | "gen" | "select" | "with") {
        return None;
    }
    if a.back(1) == "]" && a.back(2) != "[" {
        let hint = "build a new list and assign that: xs = xs[:1] + [x] + xs[2:]";
        return Some(("an item of a list cannot be assigned".to_owned(), hint.to_owned()));
    }
    if a.back(2) == "." {
        let hint =
            format!("build a new record and assign that: x = {{{}: …}}, with all of its fields", a.before);
        return Some((format!("the field `{}` cannot be assigned", a.before), hint));
    }
    None
}

/// Mistakes that people bring from other languages.
fn habit(a: &Around<'_>) -> Option<(String, String)> {
    let say = |message: &str, hint: &str| Some((message.to_owned(), hint.to_owned()));
    match (a.lead, a.word) {
        ("if" | "else" | "for" | "repeat" | "while" | "fn" | "agent", ":") => {
            say("a block does not begin with `:`", "put the block into braces: if x { … }")
        }
        ("with", ":") => say("options are set with `=`", "write `with max = 20, stop = \"\\n\"`"),
        ("with", "{" | "(") => say("options stand without brackets", "write `with max = 20, stop = \"\\n\"`"),
        ("for", "(") | ("for", ",") => say("a loop has one variable", "write `for x in xs { … }`"),
        (_, "gen" | "select" | "call") if !matches!(a.before, "{{") && follows_operator(a) => say(
            "a generation is not an expression",
            "generate first, use the name then: `gen x: int` and, after it, `x`",
        ),
        ("system" | "user" | "assistant", ":" | "=") if words::is_reserved(a.before) => {
            say("a role is followed by its text alone", "write `user \"text\"`, `user x` or `user { … }`")
        }
        (_, "..") => say(
            "`..` stands in the bounds of a type only",
            "write int(1..5) for a type, and range(1, 5) for numbers to loop over",
        ),
        (_, "for") if a.before_kind != Some(Kind::Close) && !a.lead.is_empty() => {
            say("a list is not built by a `for` inside it", "build it in a loop: for x in xs { ys += [x] }")
        }
        (_, "else") if a.before != "}" => say(
            "a value that depends on a condition is written differently",
            "write if condition { a } else { b }",
        ),
        (_, "{") if a.line[a.inner()..].iter().any(|t| t.text(a.text) == "while") => {
            say("`while` needs a bound", crate::diag::INSTEAD_OF_WHILE)
        }
        (_, "?") if a.ends_line() || matches!(a.next(0), "=" | "," | ")" | "{") => {
            say("`?` stands behind a field of a record type only", "write `T | null`, such as str | null")
        }
        (_, "?") => say(
            "a choice is not written with `?` and `:`",
            "write if c { a } else { b }, which is an expression",
        ),
        ("gen" | "assistant", _) if a.before == "gen" && a.token.is_some_and(|t| t.kind == Kind::StrOpen) => {
            say("a generation is named by a plain word", "write gen name, without quotes")
        }
        (_, _) if a.before == "select" && a.token.is_some_and(|t| t.kind != Kind::Word) => {
            say("a selection has a name and a list", "write select name from [\"a\", \"b\"]")
        }
        (_, "=") if in_braces(a) => say("a field is set with `:`", "write `{name: value}`"),
        (_, "(") if a.before_kind == Some(Kind::Word) && a.before == "gen" => {
            say("`gen` is not called", "write `gen NAME: TYPE with max = 20`")
        }
        (_, "%") if a.before == "{" => say(
            "`{% … %}` has no meaning here",
            "write `if x { … }` and `for x in xs { … }` outside the string",
        ),
        (_, "|") if a.before_kind == Some(Kind::StrClose) => {
            say("text is not piped", "pipe the value inside its hole: \"{{ x | trim }}\"")
        }
        _ => None,
    }
}

fn follows_operator(a: &Around<'_>) -> bool {
    a.before_kind == Some(Kind::Punct)
        || matches!(a.before, "(" | "[" | "return" | "print" | "in" | "and" | "or" | "not")
}

/// Whether the mistake stands in a record on the same line.
fn in_braces(a: &Around<'_>) -> bool {
    let Some(token) = a.token else { return false };
    let line = a.text[..token.start].rsplit('\n').next().unwrap_or("");
    let open = line.rfind('{');
    open.is_some() && open > line.rfind('}') && a.before_kind == Some(Kind::Word)
}

/// A reserved word where a name should be.
fn reserved_name(a: &Around<'_>, span: Span, error: &Error<Rule>) -> Option<Diag> {
    let wants_name = matches!(
        a.before,
        "let" | "const" | "for" | "fn" | "agent" | "type" | "gen" | "select" | "as" | "input"
    ) || matches!(positives(error), [Rule::ident]);
    if !wants_name || !words::is_reserved(a.word) {
        return None;
    }
    let diag = Diag::new("E0022", span, format!("`{}` is a word of the language, not a name", a.word));
    Some(diag.hint(format!("choose another name, such as `{}_`", a.word)))
}

fn positives(error: &Error<Rule>) -> &[Rule] {
    match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives,
        ErrorVariant::CustomError { .. } => &[],
    }
}

/// What could have stood there: the most telling of the rules that were tried.
fn expected(error: &Error<Rule>) -> String {
    let rules = positives(error);
    let has = |rule: Rule| rules.contains(&rule);
    let named = [
        (Rule::item_start(rules), "a statement"),
        (has(Rule::type_member) || has(Rule::type_expr) || has(Rule::type_name), "a type"),
        (has(Rule::postfix) || has(Rule::expr) || has(Rule::number) && has(Rule::list), "a value"),
        (has(Rule::ident) || has(Rule::word) || has(Rule::capture), "a name"),
        (has(Rule::string), "a string"),
        (has(Rule::block) || has(Rule::lbrace), "`{`"),
        (has(Rule::eq), "`=`"),
        (has(Rule::colon) && !has(Rule::comma), "`:`"),
        (has(Rule::kw_in), "`in`"),
        (has(Rule::kw_from), "`from`"),
        (has(Rule::rparen), "`)`"),
        (has(Rule::rbracket), "`]`"),
        (has(Rule::rbrace), "`}`"),
        (has(Rule::dots), "`..`"),
        (has(Rule::params) || has(Rule::lparen), "`(`"),
    ];
    let found = named.iter().find(|(yes, _)| *yes);
    found.map_or("something else", |(_, name)| name).to_owned()
}

impl Rule {
    /// Whether a whole statement could begin where these rules were tried.
    fn item_start(rules: &[Rule]) -> bool {
        rules.contains(&Rule::let_stmt) || rules.contains(&Rule::text_stmt) || rules.contains(&Rule::EOI)
    }
}

fn hint_for(expected: &str, a: &Around<'_>) -> String {
    match expected {
        "a statement" if a.before_kind == Some(Kind::Word) => {
            format!("`{}` begins no statement; prompt text stands in quotes: \"…\"", clip(a.before))
        }
        "a statement" => {
            "prompt text stands in quotes: \"…\"; code is `let`, `if`, `for`, `gen` and so on".to_owned()
        }
        "a type" => "types are str, int, float, bool, \"a\" | \"b\", /regex/, {a: T}, T[]".to_owned(),
        "a value" => "write a number, a \"string\", a name, a list [a, b] or a record {a: 1}".to_owned(),
        "a name" => "names begin with a letter or `_`".to_owned(),
        "`..`" => "bounds are written (2..80), (..80) or (2..)".to_owned(),
        "`{`" => "blocks stand in braces".to_owned(),
        "something else" => "see the reference for what may stand here".to_owned(),
        sign => format!("put {sign} here"),
    }
}

fn clip(text: &str) -> String {
    let line = text.split('\n').next().unwrap_or("");
    if line.chars().count() <= 30 {
        line.to_owned()
    } else {
        format!("{}…", line.chars().take(24).collect::<String>())
    }
}
