//! JSON as data: a tree whose numbers are what they are in the text.
//!
//! `serde_json` says whether a text is JSON, and if not, why and where; but its trees hold numbers as 64-bit
//! ints and floats, so the tree is made here.

use std::fmt;

use serde::de::IgnoredAny;

pub use self::error::JsonError;

use crate::number::{self, Number};

mod error;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it is written.
    Number(Number),
    /// A string.
    Str(String),
    /// An array.
    List(Vec<Json>),
    /// An object, its keys in order; of a key that is there twice the last value, at the first place.
    Record(Vec<(String, Json)>),
}

/// On one line, without white space.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Number(number) => write!(f, "{number}"),
            Json::Str(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
            Json::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if i > 0 { "," } else { "" })?;
                }
                f.write_str("]")
            }
            Json::Record(fields) => {
                f.write_str("{")?;
                for (i, (name, value)) in fields.iter().enumerate() {
                    let name = serde_json::Value::from(name.as_str());
                    write!(f, "{}{name}:{value}", if i > 0 { "," } else { "" })?;
                }
                f.write_str("}")
            }
        }
    }
}

/// The value of a JSON text that has at most so many levels of arrays and objects.
pub fn parse(text: &str, levels: usize) -> Result<Json, JsonError> {
    check_depth(text, levels)?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|wrong| error::wrong(text, &wrong))?;
    Reader { text, at: 0 }.value()
}

/// Refuses a JSON text with more levels of arrays and objects, before it is read. Of a text that is not JSON
/// anything at all.
pub fn check_depth(text: &str, levels: usize) -> Result<(), JsonError> {
    match error::too_deep(text, levels) {
        Some(at) => {
            let (line, column) = error::place(text, at);
            Err(JsonError::TooDeep { limit: levels, line, column })
        }
        None => Ok(()),
    }
}

/// Reads a text that is known to be JSON, but for what strings and exponents say, and not to be deep.
struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn value(&mut self) -> Result<Json, JsonError> {
        match self.peek() {
            Some(b'{') => self.record(),
            Some(b'[') => self.list(),
            Some(b'"') => self.string().map(Json::Str),
            Some(b'n') => Ok(self.word("null", Json::Null)),
            Some(b't') => Ok(self.word("true", Json::Bool(true))),
            Some(b'f') => Ok(self.word("false", Json::Bool(false))),
            _ => self.number().map(Json::Number),
        }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn word(&mut self, word: &str, value: Json) -> Json {
        self.at += word.len();
        value
    }

    fn number(&mut self) -> Result<Number, JsonError> {
        let len = number::scan(self.rest().as_bytes()).map_or(0, |(len, _)| len);
        let text = &self.rest()[..len];
        self.at += len;
        Number::new(text).ok_or_else(|| JsonError::Number { text: text.to_owned() })
    }

    fn string(&mut self) -> Result<String, JsonError> {
        let (start, mut escaped) = (self.at, false);
        let end = self.rest().bytes().skip(1).position(|byte| match byte {
            _ if escaped => {
                escaped = false;
                false
            }
            b'\\' => {
                escaped = true;
                false
            }
            byte => byte == b'"',
        });
        self.at += end.map_or(self.rest().len(), |inner| inner + 2);
        let quoted = &self.text[start..self.at];
        if !quoted.contains('\\') {
            return Ok(quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned());
        }
        serde_json::from_str(quoted).map_err(|wrong| {
            // Counted within the string, which has no line breaks.
            error::wrong_at(self.text, start + wrong.column().saturating_sub(1), &wrong)
        })
    }

    fn list(&mut self) -> Result<Json, JsonError> {
        let mut items = Vec::new();
        self.at += 1;
        while self.goes_on(b']') {
            items.push(self.value()?);
        }
        Ok(Json::List(items))
    }

    fn record(&mut self) -> Result<Json, JsonError> {
        let mut fields: Vec<(String, Json)> = Vec::new();
        let mut known = std::collections::HashMap::new();
        self.at += 1;
        while self.goes_on(b'}') {
            let key = self.string()?;
            self.peek();
            self.at += 1;
            let value = self.value()?;
            let place = *known.entry(key.clone()).or_insert(fields.len());
            match fields.get_mut(place) {
                Some(field) => field.1 = value,
                None => fields.push((key, value)),
            }
        }
        Ok(Json::Record(fields))
    }

    /// Whether there is another item before the bracket that closes, which is passed if not.
    fn goes_on(&mut self, close: u8) -> bool {
        let next = self.peek();
        if next == Some(b',') {
            self.at += 1;
            self.peek();
            return true;
        }
        if next == Some(close) || next.is_none() {
            self.at += 1;
            return false;
        }
        true
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The tree as `serde_json` has it, where that can hold the numbers.
    fn plain(json: &Json) -> serde_json::Value {
        match json {
            Json::Null => serde_json::Value::Null,
            Json::Bool(value) => (*value).into(),
            Json::Number(number) => serde_json::from_str(number.text()).unwrap(),
            Json::Str(text) => text.as_str().into(),
            Json::List(items) => items.iter().map(plain).collect(),
            Json::Record(fields) => fields.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        }
    }

    #[test]
    fn trees_are_those_of_serde_json() {
        for text in [
            "null",
            " true ",
            "false",
            "0",
            "-1.5e3",
            r#""""#,
            r#""a\"b\\""#,
            r#""\u00e9\ud83d\ude00 é""#,
            "[]",
            "{}",
            "[1 , 2,[ ],{\n}]",
            r#"{ "a" : 1 , "b":[{"c":null}], "a": 2, "":"," }"#,
            r#"["[", "]{", ":"]"#,
        ] {
            let expected: serde_json::Value = serde_json::from_str(text).unwrap();
            let read = plain(&parse(text, 100).unwrap());
            assert_eq!(read.to_string(), expected.to_string(), "{text}");
        }
    }

    #[test]
    fn numbers_stay_as_they_are() {
        let numbers = "[12345678901234567890, -0.10, 1E400, 100000000000000000000000000000000000001]";
        let Json::List(items) = parse(numbers, 1).unwrap() else { panic!("a list") };
        let texts = items.iter().map(|item| match item {
            Json::Number(number) => number.text().to_owned(),
            other => panic!("{other:?}"),
        });
        assert_eq!(format!("[{}]", texts.collect::<Vec<_>>().join(", ")), numbers);
    }

    #[test]
    fn what_is_not_json_is_told_with_its_place() {
        let reason = |text: &str| parse(text, 2).unwrap_err().to_string();
        assert_eq!(reason("[1,\n  x]"), "expected a value, found `x`, at line 2, column 3");
        assert_eq!(reason("[1] 2"), "expected the end of the text, found `2`, at line 1, column 5");
        let lone = reason("{\n \"a\": \"\\ud800\"}");
        assert!(lone.contains("at line 2, column 1"), "{lone}");
        assert!(matches!(parse("[[[]]]", 2), Err(JsonError::TooDeep { limit: 2, line: 1, column: 3 })));
        assert!(matches!(parse(&"[".repeat(1_000_000), 100), Err(JsonError::TooDeep { .. })));
        assert!(matches!(parse("[1e99999999999999999999]", 2), Err(JsonError::Number { .. })));
        for bad in ["", "[", "{\"a\"", "\"a", "01", "[1,]", "nul", "{\"a\" 1}", "\u{feff}1"] {
            assert!(matches!(parse(bad, 9), Err(JsonError::Wrong { .. })), "{bad}");
        }
    }
}
