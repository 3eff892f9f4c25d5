//! JSON as a schema's author wrote it: members in their order, numbers digit by digit.
//!
//! `serde_json` says whether a text is JSON, and what is wrong with it; but its numbers have 64 bits, and a schema may list
//! larger ones. So a text that it takes is read again here.

use rustc_hash::FxHashMap;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::decimal::Decimal;

/// Arrays and objects within each other, as `serde_json` has it.
const DEEPEST: usize = 127;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Json>),
    Object(Members),
}

/// A number as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number(String);

/// Members of an object, the last of those with one key in the place of the first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Members {
    all: Vec<(String, Json)>,
    index: FxHashMap<String, usize>,
}

impl Number {
    /// The number, and whether it has no more digits than are kept.
    pub(super) fn decimal(&self) -> (Decimal, bool) {
        Decimal::read(&self.0)
    }

    pub(super) fn is_negative(&self) -> bool {
        self.0.starts_with('-')
    }
}

impl Members {
    fn insert(&mut self, key: String, value: Json) {
        match self.index.get(&key) {
            Some(&at) => self.all[at].1 = value,
            None => {
                self.index.insert(key.clone(), self.all.len());
                self.all.push((key, value));
            }
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Json> {
        self.index.get(key).map(|&at| &self.all[at].1)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.all.iter().map(|(key, value)| (key.as_str(), value))
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(key, _)| key)
    }
}

impl Json {
    /// Reads a text; on an error, what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Json, String> {
        // A byte-order mark is no part of a text.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        serde_json::from_str::<IgnoredAny>(text).map_err(|error| error.to_string())?;
        Reader { rest: text }.value(0).map_err(str::to_owned)
    }

    /// The member of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.get(key),
            _ => None,
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Json {
        match value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(number) => Json::Number(Number(number.to_string())),
            Value::String(text) => Json::String(text.clone()),
            Value::Array(items) => Json::Array(items.iter().map(Json::from).collect()),
            Value::Object(members) => {
                let mut out = Members::default();
                members.iter().for_each(|(key, value)| out.insert(key.clone(), value.into()));
                Json::Object(out)
            }
        }
    }
}

/// Reads what is known to be JSON.
struct Reader<'t> {
    rest: &'t str,
}

/// What a text that is JSON never comes to.
const BROKEN: &str = "it is not JSON";

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Json, &'static str> {
        if depth > DEEPEST {
            return Err("arrays and objects lie too deep within each other");
        }
        self.skip_space();
        match self.rest.bytes().next().ok_or(BROKEN)? {
            b'{' => self.object(depth + 1),
            b'[' => self.array(depth + 1),
            b'"' => self.string().map(Json::String),
            b'n' => self.word("null", Json::Null),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            _ => {
                let is_part = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
                let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
                Ok(Json::Number(Number(self.take(end).to_owned())))
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, &'static str> {
        let mut members = Members::default();
        self.take(1);
        while !self.eat('}') {
            self.eat(',');
            self.skip_space();
            let key = self.string()?;
            if !self.eat(':') {
                return Err(BROKEN);
            }
            members.insert(key, self.value(depth)?);
        }
        Ok(Json::Object(members))
    }

    fn array(&mut self, depth: usize) -> Result<Json, &'static str> {
        let mut items = Vec::new();
        self.take(1);
        while !self.eat(']') {
            self.eat(',');
            items.push(self.value(depth)?);
        }
        Ok(Json::Array(items))
    }

    fn string(&mut self) -> Result<String, &'static str> {
        let mut escaped = true;
        let is_end = |byte: u8| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        };
        let end = self.rest.bytes().position(is_end).ok_or(BROKEN)?;
        serde_json::from_str(self.take(end + 1)).map_err(|_| "half a surrogate pair is no character")
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, &'static str> {
        self.rest = self.rest.strip_prefix(word).ok_or(BROKEN)?;
        Ok(value)
    }

    fn take(&mut self, bytes: usize) -> &str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }

    fn eat(&mut self, c: char) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_serde_json_reads_it() {
        let deep = format!("{}1{}", "[".repeat(127), "]".repeat(127));
        for text in [
            "null",
            " true ",
            r#""\"\\\u00e9\ud83d\ude00""#,
            "[ ]",
            "{ }",
            r#"{"a" : [1, 2.5,-3e2 ,"]}"], "b":{"":{}},"a":false}"#,
            "\r\n[\t[],[[ 1 ],{}]]\n",
            &deep,
        ] {
            let value: Value = serde_json::from_str(text).expect("JSON");
            let read = Json::read(text).expect(text);
            let written = |json: &Json| format!("{json:?}").replace("3e2", "300.0");
            assert_eq!(written(&read), written(&Json::from(&value)), "{text}");
        }
        let deeper = format!("[{deep}]");
        for text in ["", "[1,]", "{\"a\"}", "01", "\"\\ud800\"", "nul", "1 2", deeper.as_str()] {
            assert!(serde_json::from_str::<Value>(text).is_err() && Json::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_keep_their_digits() {
        let Ok(Json::Array(items)) = Json::read("[12345678901234567890123, 1.00000000000000000001e2]") else {
            panic!("an array")
        };
        let texts: Vec<String> = items
            .iter()
            .map(|item| match item {
                Json::Number(number) => number.decimal().0.to_string(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(texts, ["12345678901234567890123", "100.000000000000000001"]);
    }
}
