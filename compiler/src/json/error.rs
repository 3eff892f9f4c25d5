//! What is wrong with a text that is not JSON: the reason, the place, and a hint.

use serde_json::error::Category;

/// Why a text is not taken as JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It is not JSON.
    #[error("{reason}, at line {line}, column {column}")]
    Wrong {
        /// What was expected, or what is wrong.
        reason: String,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What to do about it.
        hint: &'static str,
    },
    /// It has too many levels of lists and records.
    #[error("it has more than {limit} levels of lists and records, at line {line}, column {column}")]
    TooDeep {
        /// How many there may be.
        limit: usize,
        /// Where the first bracket stands that is one too many.
        line: usize,
        /// From 1, in characters.
        column: usize,
    },
    /// A number's exponent is too long.
    #[error("the exponent of {text} is too long")]
    Number {
        /// The number.
        text: String,
    },
}

impl JsonError {
    /// What the user can do.
    pub fn hint(&self) -> &'static str {
        match self {
            JsonError::Wrong { hint, .. } => hint,
            JsonError::TooDeep { .. } => "flatten the data, or keep its inner parts as text",
            JsonError::Number { .. } => "write the number as a string if it has to stay as it is",
        }
    }
}

/// Where the brackets of a JSON text come to be more than so many deep. Of a text that is not JSON anything
/// at all.
pub(super) fn too_deep(text: &str, levels: usize) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > levels {
                    return Some(at);
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// The line and the column of an offset, from 1.
pub(super) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[line..].chars().count() + 1)
}

/// The error that `serde_json` has found in a text.
pub(super) fn wrong(text: &str, error: &serde_json::Error) -> JsonError {
    wrong_at(text, offset(text, error), error)
}

/// The same for an error whose place is known.
pub(super) fn wrong_at(text: &str, at: usize, error: &serde_json::Error) -> JsonError {
    // A string is skipped up to where it breaks off, and the character that breaks it comes next.
    let broken = error.to_string().starts_with("control character");
    let control = |at: usize| text.get(at..)?.find(|c: char| c.is_control()).map(|skipped| at + skipped);
    let at = if broken { control(at).unwrap_or(at) } else { at };
    let rest = text.get(at..).unwrap_or_default();
    let found = rest.chars().next();
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    // Where a value may follow, the parser does not say that there should be no comma.
    let before = text.get(..at).unwrap_or_default().trim_end();
    let is_last_comma = matches!(found, Some(']' | '}')) && before.ends_with(',');
    let said = if is_last_comma { "trailing comma" } else { said };
    let mut reason = reason(said, text.trim().is_empty());
    if reason.starts_with("expected")
        && let Some(found) = found
    {
        reason = match found {
            '`' => format!("{reason}, found a backtick"),
            _ if found.is_control() => format!("{reason}, found `{}`", found.escape_debug()),
            _ => format!("{reason}, found `{found}`"),
        };
    }
    let (line, column) = place(text, at);
    let hint = hint(text, rest, said, error.classify() == Category::Eof);
    JsonError::Wrong { reason, line, column, hint }
}

/// The byte that an error is about. The parser counts bytes, and some of its errors come after the byte.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    if error.classify() == Category::Eof {
        return text.len();
    }
    let line = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    // A line break is counted as column 0 of the line that it begins.
    let mut at = (line + error.column()).saturating_sub(1).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// What the parser says, in the words of the language.
fn reason(said: &str, is_blank: bool) -> String {
    let reason = match said {
        _ if is_blank => "the text is empty",
        "EOF while parsing a list" => "the text ends inside a list",
        "EOF while parsing an object" => "the text ends inside a record",
        "EOF while parsing a string" => "the text ends inside a string",
        "EOF while parsing a value" => "the text ends before a value",
        "expected value" => "expected a value",
        "expected ident" => "expected true, false or null",
        "key must be a string" => "expected a key in double quotes",
        "trailing comma" => "no `,` comes before a closing bracket",
        "trailing characters" => "expected the end of the text",
        "invalid escape" => "this is not an escape",
        "invalid number" => "this is not a number",
        "number out of range" => "this number is too large",
        other if other.starts_with("control character") => {
            "a string cannot contain a line break or control character"
        }
        other => other,
    };
    reason.to_owned()
}

fn hint(text: &str, rest: &str, said: &str, is_cut: bool) -> &'static str {
    match rest.chars().next() {
        _ if text.trim_start().starts_with("```") => {
            "the JSON is in a code fence: take out the lines that begin with ```, or generate it as JSON: gen x: json"
        }
        _ if is_cut => "the text is incomplete: was it cut off by `max`? a type such as `json` always ends",
        Some('\'') => "strings and keys in JSON are in double quotes",
        Some('T' | 'F' | 'N' | 'u') => "JSON has true, false and null",
        Some('/' | '#') => "JSON has no comments",
        _ if said == "trailing comma" => "leave the last `,` out",
        _ if said.starts_with("control") => "write a line break in a string as \\n",
        _ => "to have the model write JSON, give the generation such a type: gen x: json",
    }
}

#[cfg(test)]
mod tests {
    use crate::json::parse;

    fn said(text: &str) -> String {
        parse(text, 100).map_or_else(|error| error.to_string(), |json| json.to_string())
    }

    #[test]
    fn mistakes_have_a_reason_and_a_place() {
        let cases = [
            ("", "the text is empty, at line 1, column 1"),
            ("  \n ", "the text is empty, at line 2, column 2"),
            ("{\"a\": 1", "the text ends inside a record, at line 1, column 8"),
            ("[1,\n 2", "the text ends inside a list, at line 2, column 3"),
            ("\"ab", "the text ends inside a string, at line 1, column 4"),
            ("{\"é\": x}", "expected a value, found `x`, at line 1, column 7"),
            ("{\"a\": 1,\n \"b\" 2}", "expected `:`, found `2`, at line 2, column 6"),
            ("[1 2]", "expected `,` or `]`, found `2`, at line 1, column 4"),
            ("{\"a\": 1 \"b\": 2}", "expected `,` or `}`, found `\"`, at line 1, column 9"),
            ("{'a': 1}", "expected a key in double quotes, found `'`, at line 1, column 2"),
            ("[1,]", "no `,` comes before a closing bracket, at line 1, column 4"),
            ("{} x", "expected the end of the text, found `x`, at line 1, column 4"),
            ("[True]", "expected a value, found `T`, at line 1, column 2"),
            ("```json\n{}\n```", "expected a value, found a backtick, at line 1, column 1"),
            ("\"a\nb\"", "a string cannot contain a line break or control character, at line 1, column 3"),
        ];
        for (text, expected) in cases {
            assert_eq!(said(text), expected, "{text}");
        }
    }

    #[test]
    fn hints_say_what_to_do() {
        let cases = [
            ("{'a': 1}", "double quotes"),
            ("[None]", "true, false and null"),
            ("```json\n{}\n```", "code fence"),
            ("{\"a\": ", "`max`"),
            ("[1,]", "last `,`"),
            ("Sure: {}", "gen x: json"),
        ];
        for (text, part) in cases {
            let hint = parse(text, 100).expect_err(text).hint();
            assert!(hint.contains(part), "{text}: {hint}");
        }
    }

    #[test]
    fn what_is_too_deep_has_a_place() {
        let deep = format!("[1,\n{}{}]", "[".repeat(100), "]".repeat(100));
        assert_eq!(said(&deep), "it has more than 100 levels of lists and records, at line 2, column 100");
        assert!(parse("[[1]]", 2).is_ok());
        assert!(parse("[\"[[[\"]", 1).is_ok());
    }
}
