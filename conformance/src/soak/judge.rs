//! Judges of values, independent of this engine.
//!
//! `jsonschema` reads numbers into 64 bits, in which most decimals are multiples of nothing. So multiples are
//! computed here, from the digits of the text. It also checks the whole length of host names and of the part
//! before an `@`, which the engine does not: it is shown such names with short parts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError, Validator};
use regex::Regex;
use serde_json::{Map, Value};

use crate::naive::Naive;

/// Says whether a text is a value.
#[derive(Debug)]
pub(super) enum Judge {
    Regex(Regex),
    Schema(Box<SchemaJudge>),
    Naive(Box<Naive>),
}

impl Judge {
    /// Why a text is no value.
    pub(super) fn ask(&self, text: &str) -> Result<(), String> {
        let refused = |whose: &str| Err(format!("{whose} says that it is no value"));
        match self {
            Judge::Regex(regex) => {
                if regex.is_match(text) {
                    Ok(())
                } else {
                    refused("`regex`")
                }
            }
            Judge::Naive(naive) => {
                // What it finds out of one text is of no use for the next, and would only grow.
                if naive.clone().is_match(text.as_bytes()) { Ok(()) } else { refused("the naive recogniser") }
            }
            Judge::Schema(schema) => schema.ask(text),
        }
    }
}

/// A schema's validator.
#[derive(Debug)]
pub(super) struct SchemaJudge {
    validator: Validator,
    numbers: Numbers,
}

impl SchemaJudge {
    /// Of the draft that the schema says; otherwise the newest, or the seventh if it is none of that.
    pub(super) fn new(schema: &Value) -> Result<SchemaJudge, String> {
        let numbers = Numbers::default();
        let of_text = numbers.clone();
        let mut options = jsonschema::options().should_validate_formats(true).with_keyword(
            "multipleOf",
            move |_: &Map<String, Value>, of: &Value, _: Location| {
                Ok(Box::new(Multiple { of: Decimal::read(&of.to_string()), numbers: of_text.clone() }))
            },
        );
        for (name, is_host) in [("hostname", true), ("email", false), ("idn-email", false)] {
            let format = format(name)?;
            options = options.with_format(name, move |text: &str| {
                let short = if is_host { short_host(text) } else { short_mail(text) };
                format.is_valid(&Value::String(short))
            });
        }
        let validator = match schema.get("$schema") {
            Some(_) => options.build(schema),
            // The engine also takes what the newest draft wrote otherwise before.
            None => match options.clone().with_draft(jsonschema::Draft::Draft202012).build(schema) {
                Err(_) => options.with_draft(jsonschema::Draft::Draft7).build(schema),
                built => built,
            },
        };
        let validator = validator.map_err(|error| error.to_string())?;
        Ok(SchemaJudge { validator, numbers })
    }

    fn ask(&self, text: &str) -> Result<(), String> {
        let value: Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
        self.numbers.note(text);
        self.validator.validate(&value).map_err(|error| format!("`jsonschema` says: {error}"))
    }
}

/// A validator of one format.
fn format(name: &str) -> Result<Validator, String> {
    let schema = serde_json::json!({"type": "string", "format": name});
    let options = jsonschema::options().should_validate_formats(true).with_draft(jsonschema::Draft::Draft7);
    options.build(&schema).map_err(|error| error.to_string())
}

/// A host's name without its last labels, if it is longer than names may be; they must be labels for themselves.
fn short_host(text: &str) -> String {
    const LONGEST: usize = 253;
    let is_label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        inner && (1..64).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    let mut short = text;
    while short.len() > LONGEST
        && let Some((before, label)) = short.rsplit_once('.')
        && is_label(label)
    {
        short = before;
    }
    short.to_owned()
}

/// A mail address whose part before the `@` has at most one character where there were several of a kind, if it is longer
/// than it may be.
fn short_mail(text: &str) -> String {
    const LONGEST: usize = 64;
    let Some((local, host)) = text.rsplit_once('@') else { return text.to_owned() };
    let host = short_host(host);
    if local.len() <= LONGEST {
        return format!("{local}@{host}");
    }
    let mut short = String::new();
    for character in local.chars() {
        let is_another = character.is_alphanumeric() && short.ends_with(char::is_alphanumeric);
        // Within quotes a backslash and what it is before stay together, and the latter is dropped with it.
        if !is_another {
            short.push(character);
        }
    }
    format!("{short}@{host}")
}

/// The numbers of a text as they are written, by what they are in 64 bits.
#[derive(Debug, Clone, Default)]
struct Numbers(Arc<Mutex<HashMap<u64, Vec<Decimal>>>>);

impl Numbers {
    /// Takes the numbers of a text in JSON for those of the last one.
    fn note(&self, text: &str) {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.clear();
        for number in numbers_of(text) {
            if let (Ok(bits), Some(decimal)) =
                (number.parse::<f64>().map(f64::to_bits), Decimal::read(number))
            {
                numbers.entry(bits).or_default().push(decimal);
            }
        }
    }

    /// Whether a number, as it is written in the text, is as asked. Reading may have rounded it by a last bit.
    fn any(&self, number: f64, is_as_asked: impl Fn(&Decimal) -> bool) -> bool {
        let numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bits = number.to_bits();
        let near = [bits, bits.wrapping_add(1), bits.wrapping_sub(1)];
        near.iter().filter_map(|bits| numbers.get(bits)).flatten().any(is_as_asked)
    }
}

/// The numbers of a text in JSON, in order.
fn numbers_of(text: &str) -> Vec<&str> {
    let is_part = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    let bytes = text.as_bytes();
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(&byte) = bytes.get(at) {
        let from = at;
        at += 1;
        if byte == b'"' {
            while bytes.get(at).is_some_and(|&byte| byte != b'"') {
                at += if bytes[at] == b'\\' { 2 } else { 1 };
            }
            at += 1;
        } else if byte == b'-' || byte.is_ascii_digit() {
            at += bytes[at..].iter().take_while(|&&byte| is_part(byte)).count();
            found.push(&text[from..at]);
        }
    }
    found
}

/// The keyword `multipleOf`.
#[derive(Debug)]
struct Multiple {
    of: Option<Decimal>,
    numbers: Numbers,
}

impl<'i> Keyword<'i> for Multiple {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) { Ok(()) } else { Err(ValidationError::custom("it is no multiple")) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let (Some(number), Some(of)) = (instance.as_f64(), &self.of) else { return true };
        self.numbers.any(number, |number| number.is_multiple(of).unwrap_or(true))
    }
}

/// A number by its digits.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Decimal {
    /// Without a point, and without leading zeros.
    digits: Vec<u8>,
    /// How many of them stand behind the point; fewer than none are zeros before it.
    places: i64,
}

impl Decimal {
    fn read(text: &str) -> Option<Decimal> {
        let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = number.trim_start_matches('-').split_once('.').unwrap_or((number, ""));
        let digits = whole.trim_start_matches('-').bytes().chain(fraction.bytes());
        let digits: Option<Vec<u8>> = digits.map(|byte| byte.is_ascii_digit().then(|| byte - b'0')).collect();
        let digits = digits?.into_iter().skip_while(|&digit| digit == 0).collect();
        Some(Decimal { digits, places: fraction.len() as i64 - exponent.parse::<i64>().ok()? })
    }

    /// Whether it is a multiple of another; `None` if that has too many digits.
    fn is_multiple(&self, of: &Decimal) -> Option<bool> {
        /// A remainder and one more digit fit into 128 bits.
        const MOST: usize = 37;
        let places = self.places.max(of.places);
        let zeros = |number: &Decimal| usize::try_from(places - number.places).unwrap_or(usize::MAX);
        if of.digits.is_empty() || of.digits.len().saturating_add(zeros(of)) > MOST || zeros(self) > 1000 {
            return None;
        }
        let append = |number: u128, digit: u8| number * 10 + u128::from(digit);
        let with_zeros = |number: &Decimal| {
            number.digits.iter().copied().chain(std::iter::repeat_n(0, zeros(number))).collect::<Vec<u8>>()
        };
        let divisor = with_zeros(of).into_iter().fold(0, append);
        Some(with_zeros(self).into_iter().fold(0, |rest, digit| append(rest, digit) % divisor) == 0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn multiples_are_exact() {
        let judge = |of: Value| SchemaJudge::new(&json!({"anyOf": [{"multipleOf": of}]})).expect("a schema");
        for (of, good, bad) in [
            (json!(0.01), "12345678901234567.89", "12345678901234567.891"),
            (json!(0.1), "0.3", "0.35"),
            (json!(0.7), "-4.9", "4.8"),
            (json!(1e-7), "0.0000003", "0.00000005"),
            (json!(3), "999999999999999999", "999999999999999998"),
            (json!(2.5), "7.50", "7.51"),
            (json!(1e3), "5000", "5500.0"),
        ] {
            let judge = judge(of.clone());
            assert_eq!(judge.ask(good), Ok(()), "{good} by {of}");
            assert!(judge.ask(bad).is_err(), "{bad} by {of}");
        }
        let several = judge(json!(0.01));
        assert_eq!(several.ask(r#""\"0.001""#), Ok(()));
    }

    #[test]
    fn only_the_whole_length_of_names_is_no_matter() {
        let judge = |name: &str| SchemaJudge::new(&json!({"anyOf": [{"format": name}]})).expect("a schema");
        let (mail, host) = (judge("email"), judge("hostname"));
        let long = "ab".repeat(40);
        for (text, is_good) in [
            (format!("{long}.{long}@example.org"), true),
            (format!("\"{long}\"@example.org"), true),
            (format!("{long}..{long}@example.org"), false),
            (format!("{long}.@example.org"), false),
            (format!("{long} {long}@example.org"), false),
            (format!("{long}@-example.org"), false),
        ] {
            assert_eq!(mail.ask(&json!(text).to_string()).is_ok(), is_good, "{text}");
        }
        let labels = vec!["abc"; 90].join(".");
        assert_eq!(host.ask(&json!(labels).to_string()), Ok(()));
        assert!(host.ask(&json!(format!("{labels}.-a")).to_string()).is_err());
        assert!(host.ask(&json!(format!("{labels}.{}", "a".repeat(64))).to_string()).is_err());
    }
}
