//! How values are printed, and never further than wanted.
//!
//! The canonical form is a str bare and everything else as JSON with one space after `:` and `,`. What may be
//! large goes through a [`Printer`], which stops at a limit instead of making text that is then thrown away.

use std::fmt::{self, Write};

use agentc_compiler::number::Number;

use super::Value;

/// Bytes of a str that are escaped at a time.
const PIECE: usize = 4096;

/// The canonical form.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Str(text) => f.write_str(text),
            other => write_json(other, f),
        }
    }
}

/// A value as a JSON text on one line: its canonical form, but for a str, which is quoted.
pub(crate) struct Quoted<'v>(pub(crate) &'v Value);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_json(self.0, f)
    }
}

impl Value {
    /// The value as a JSON text on one line: its canonical form, but for a str, which is quoted.
    pub fn quoted(&self) -> String {
        Quoted(self).to_string()
    }

    /// A text that equal values share and others do not: numbers by value, records whatever the order of
    /// their fields.
    pub fn identity(&self) -> String {
        let mut out = String::new();
        self.write_identity(&mut out);
        out
    }

    /// Texts are led by their length, so that nothing needs to be escaped, and numbers have an end.
    fn write_identity(&self, out: &mut String) {
        let mut add = |text: fmt::Arguments<'_>| _ = out.write_fmt(text);
        match self {
            Value::Null => add(format_args!("n")),
            Value::Bool(b) => add(format_args!("{b}")),
            Value::Int(n) if (*n as f64) as i128 == i128::from(*n) => add(format_args!("#{};", *n as f64)),
            Value::Int(n) => add(format_args!("i{n};")),
            // 0 and -0 are equal, and so are the int and the float of one number.
            Value::Float(x) if *x == 0.0 => add(format_args!("#0;")),
            Value::Float(x) if x.abs() < 1e19 => add(format_args!("#{x};")),
            Value::Float(x) => add(format_args!("f{:x};", x.to_bits())),
            Value::Number(number) => match plain(number) {
                Some(plain) => plain.write_identity(out),
                None => add(format_args!("d{};", number.identity())),
            },
            Value::Str(text) => add(format_args!("s{}:{text}", text.len())),
            Value::List(items) => {
                out.push('[');
                items.iter().for_each(|item| item.write_identity(out));
                out.push(']');
            }
            Value::Record(fields) => {
                let mut fields: Vec<&(String, Value)> = fields.iter().collect();
                fields.sort_by(|(a, _), (b, _)| a.cmp(b));
                out.push('{');
                for (key, value) in fields {
                    _ = write!(out, "{}:{key}", key.len());
                    value.write_identity(out);
                }
                out.push('}');
            }
        }
    }
}

/// The int or float that is the same number, however the number is written.
fn plain(number: &Number) -> Option<Value> {
    let int = number.truncated().filter(|n| Number::from(*n) == *number).map(Value::Int);
    let x = number.nearest();
    let is_float = || x.is_finite() && Number::of_float(x) == *number;
    int.or_else(|| is_float().then_some(Value::Float(x)))
}

fn write_json(value: &Value, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Value::Null => f.write_str("null"),
        Value::Bool(b) => write!(f, "{b}"),
        Value::Int(n) => write!(f, "{n}"),
        Value::Float(x) => f.write_str(&float_text(*x)),
        Value::Number(number) => f.write_str(number.text()),
        Value::Str(text) => write_quoted(text, f),
        Value::List(items) => {
            f.write_str("[")?;
            for (i, item) in items.iter().enumerate() {
                f.write_str(if i > 0 { ", " } else { "" })?;
                write_json(item, f)?;
            }
            f.write_str("]")
        }
        Value::Record(fields) => {
            f.write_str("{")?;
            for (i, (name, value)) in fields.iter().enumerate() {
                f.write_str(if i > 0 { ", " } else { "" })?;
                write_quoted(name, f)?;
                f.write_str(": ")?;
                write_json(value, f)?;
            }
            f.write_str("}")
        }
    }
}

/// A str in quotes, escaped piece by piece: whoever reads only its beginning does not wait for its end.
fn write_quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(floor(rest, PIECE));
        let quoted = serde_json::to_string(piece).map_err(|_| fmt::Error)?;
        f.write_str(&quoted[1..quoted.len() - 1])?;
        rest = tail;
    }
    f.write_str("\"")
}

/// The last border between characters at or before a byte.
pub(crate) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The shortest decimal that reads back as the same number, with at least one digit after the point.
fn float_text(x: f64) -> String {
    let text = format!("{x}");
    if text.contains('.') { text } else { text + ".0" }
}

/// Text that grows up to a limit.
pub(crate) struct Printer {
    text: String,
    limit: usize,
}

/// There was more to print than the limit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Printer {
    /// `limit` is in bytes.
    pub(crate) fn new(limit: usize) -> Printer {
        Printer { text: String::new(), limit }
    }

    /// Prints something behind what is there; as much of it as there is room for.
    pub(crate) fn add(&mut self, what: impl fmt::Display) -> Result<(), Full> {
        write!(self, "{what}").map_err(|_| Full)
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

impl Write for Printer {
    fn write_str(&mut self, new: &str) -> fmt::Result {
        let room = self.limit - self.text.len();
        if new.len() <= room {
            self.text.push_str(new);
            return Ok(());
        }
        self.text.push_str(&new[..floor(new, room)]);
        // Nothing shorter may follow what was cut.
        self.limit = self.text.len();
        Err(fmt::Error)
    }
}

/// What is printed, cut to so many characters, with dots where something is missing.
pub(crate) fn short(what: impl fmt::Display, characters: usize) -> String {
    // One character more than fits, of at most four bytes each: enough to see that something is missing.
    let mut printer = Printer::new((characters + 2) * 4);
    let _ = printer.add(what);
    let mut text = printer.finish();
    if let Some((cut, _)) = text.char_indices().nth(characters) {
        text.truncate(cut);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_so_that_they_read_back_as_floats() {
        for (x, text) in
            [(1.0, "1.0"), (0.1, "0.1"), (-2.5e-3, "-0.0025"), (1e21, "1000000000000000000000.0")]
        {
            assert_eq!(Value::Float(x).to_string(), text);
            assert_eq!(text.parse::<f64>(), Ok(x));
        }
    }

    #[test]
    fn lists_and_records_print_as_spaced_json() {
        let value = Value::record(vec![("a".into(), vec![1i64, 2].into()), ("b".into(), "x\"y".into())]);
        assert_eq!(value.to_string(), r#"{"a": [1, 2], "b": "x\"y"}"#);
    }

    fn number(text: &str) -> Value {
        Value::number(Number::new(text).expect("a number"))
    }

    #[test]
    fn numbers_that_nothing_holds_are_as_they_are_written() {
        for text in ["12345678901234567890", "0.10000000000000001", "-1E400"] {
            let value = number(text);
            assert!(matches!(value, Value::Number(_)), "{text}");
            assert_eq!((value.to_string(), value.quoted()), (text.to_owned(), text.to_owned()));
            assert_eq!(short(&value, 3), format!("{}…", &text[..3]));
        }
    }

    #[test]
    fn a_long_str_is_quoted_as_a_short_one_is() {
        let text = "aé\"\u{1}\n\\😀".repeat(3000);
        assert_eq!(Value::str(text.as_str()).quoted(), serde_json::to_string(&text).expect("JSON"));
    }

    #[test]
    fn a_printer_stops_at_its_limit() {
        let mut printer = Printer::new(10);
        assert_eq!(printer.add("12345"), Ok(()));
        assert_eq!(printer.add("678é"), Ok(()));
        assert_eq!(printer.add(""), Ok(()));
        let mut printer = Printer::new(10);
        assert_eq!(printer.add("12345678"), Ok(()));
        assert_eq!(printer.add("9é"), Err(Full));
        assert_eq!(printer.add("1"), Err(Full));
        assert_eq!(printer.finish(), "123456789");
    }

    #[test]
    fn short_texts_keep_whole_characters_and_say_that_something_is_missing() {
        for (text, shown) in [("", ""), ("ééé", "ééé"), ("😀😀😀😀", "😀😀😀…"), ("abcd", "abc…")]
        {
            assert_eq!(short(text, 3), shown);
        }
        let mut value = Value::Int(1);
        (0..90).for_each(|_| value = Value::list(vec![value.clone(), value.clone()]));
        assert_eq!(short(&value, 5), "[[[[[…");
    }

    #[test]
    fn equal_values_have_one_identity() {
        let record = |fields: &[(&str, i64)]| {
            Value::record(fields.iter().map(|(key, n)| ((*key).to_owned(), Value::Int(*n))).collect())
        };
        let big = 1i64 << 62;
        let classes: Vec<Vec<Value>> = vec![
            vec![Value::Int(0), Value::Float(0.0), Value::Float(-0.0)],
            vec![Value::Int(2), Value::Float(2.0)],
            vec![Value::Float(2.5)],
            vec![Value::Int(big), Value::Float(big as f64)],
            vec![Value::Int(big + 1)],
            vec![Value::Float(1e300)],
            vec![Value::Float(1e22), number("10000000000000000000000")],
            vec![number("9007199254740993.0"), Value::Int(9_007_199_254_740_993)],
            vec![number("12345678901234567890"), number("12345678901234567890.0")],
            vec![number("12345678901234567891")],
            vec![Value::Float(-1e300)],
            vec!["2".into()],
            vec!["".into()],
            vec!["s0:".into()],
            vec![vec!["a", "b"].into()],
            vec![vec!["a1:b"].into()],
            vec![record(&[("a", 1), ("b", 2)]), record(&[("b", 2), ("a", 1)])],
            vec![record(&[("a", 2), ("b", 1)])],
            vec![record(&[("a", 1), ("a2", 2)])],
            vec![record(&[("a", 11), ("2", 2)])],
            vec![Value::Null],
            vec![Value::Bool(true)],
        ];
        let mut seen = std::collections::HashSet::new();
        for class in &classes {
            assert!(seen.insert(class[0].identity()), "{:?}", class[0]);
            assert!(class.iter().all(|value| value.identity() == class[0].identity()), "{class:?}");
        }
    }
}
