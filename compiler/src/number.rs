//! Numbers as they are written, exact whatever their size.
//!
//! An int has 64 bits, and a float gives back about 17 digits. Data knows no such bounds: identifiers of 20
//! digits and amounts of 30 are ordinary JSON. A [`Number`] is a number's text, which says whether an int or
//! a float holds it; what neither holds stays text, so that it is never another number.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

/// Digits that every float of ordinary size gives back.
const SURE_DIGITS: usize = 15;

/// Digits that a float can have: those of the smallest ones.
const FLOAT_DIGITS: usize = 767;

/// Digits that an exponent has at most, so that it can be counted with.
const EXPONENT_DIGITS: usize = 15;

/// A number as JSON writes it. Equal numbers may be written differently: `1.0` and `1e0` are equal.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Number(Arc<str>);

/// What holds a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Held {
    /// An int: it is written without point and exponent, and fits.
    Int(i64),
    /// A float: printed, it is the same number again.
    Float(f64),
    /// Neither.
    Neither,
}

impl Number {
    /// A text that is a number as JSON writes it, with an exponent that can be counted with.
    pub fn new(text: &str) -> Option<Number> {
        let (len, exponent) = scan(text.as_bytes())?;
        let exponent = exponent.trim_start_matches(['+', '-']).trim_start_matches('0');
        (len == text.len() && exponent.len() <= EXPONENT_DIGITS).then(|| Number(text.into()))
    }

    /// The number that a float stands for, to its last digit. It has to be finite.
    pub fn of_float(x: f64) -> Number {
        Number(format!("{x:.*e}", FLOAT_DIGITS - 1).into())
    }

    /// The number that a float prints: the shortest one of which it is the nearest float.
    fn printed(x: f64) -> Number {
        Number(format!("{x:e}").into())
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What holds it exactly.
    pub fn held(&self) -> Held {
        let text = self.text();
        if !text.contains(['.', 'e', 'E']) && text != "-0" {
            return text.parse().map_or(Held::Neither, Held::Int);
        }
        let x = self.nearest();
        if !x.is_finite() {
            return Held::Neither;
        }
        if self.is_short() || *self == Number::printed(x) { Held::Float(x) } else { Held::Neither }
    }

    /// The nearest float; infinite if it is beyond all of them.
    pub fn nearest(&self) -> f64 {
        self.0.parse().unwrap_or(f64::INFINITY)
    }

    /// The float that gives it back: printed with as many digits, it is the same number again.
    pub fn as_float(&self) -> Option<f64> {
        let x = self.nearest();
        if !x.is_finite() {
            return None;
        }
        let digits = Parts::of(&self.0).digits.len().max(1);
        let given_back = || Number(format!("{x:.*e}", digits - 1).into());
        (self.is_short() || *self == given_back()).then_some(x)
    }

    /// The part before the point, if an int holds it.
    pub fn truncated(&self) -> Option<i64> {
        let Parts { negative, digits, exponent } = Parts::of(&self.0);
        let whole = usize::try_from(exponent).unwrap_or(0);
        if whole > 19 {
            return None;
        }
        let digit = |at: usize| digits.get(at).copied().unwrap_or(b'0');
        let sign = if negative { "-" } else { "" };
        let text: String = (0..whole).map(|at| char::from(digit(at))).collect();
        if text.is_empty() { Some(0) } else { format!("{sign}{text}").parse().ok() }
    }

    /// A text that equal numbers share and others do not.
    pub fn identity(&self) -> String {
        let Parts { negative, digits, exponent } = Parts::of(&self.0);
        let sign = if negative { "-" } else { "" };
        format!("{sign}0.{}e{exponent}", String::from_utf8_lossy(&digits))
    }

    /// Whether it surely is what the nearest float prints: few digits, and far from the ends of floats.
    fn is_short(&self) -> bool {
        self.0.len() <= SURE_DIGITS && !self.0.contains(['e', 'E'])
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.0 == other.0 || self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By what they say, not by how they are written.
impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        let (a, b) = (Parts::of(&self.0), Parts::of(&other.0));
        let size = a.exponent.cmp(&b.exponent).then_with(|| a.digits.cmp(&b.digits));
        match (a.sign(), b.sign()) {
            (1, 1) => size,
            (-1, -1) => size.reverse(),
            (a, b) => a.cmp(&b),
        }
    }
}

impl From<i64> for Number {
    fn from(n: i64) -> Number {
        Number(n.to_string().into())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
        let text = String::deserialize(deserializer)?;
        Number::new(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a number")))
    }
}

/// A number taken apart: `0.DIGITS` times ten to the `exponent`. Neither the first nor the last digit is a
/// zero, and zero itself has none, so that equal numbers have equal parts.
struct Parts {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Parts {
    fn of(text: &str) -> Parts {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let (negative, whole) = match whole.strip_prefix('-') {
            Some(whole) => (true, whole),
            None => (false, whole),
        };
        let all: Vec<u8> = whole.bytes().chain(part.bytes()).collect();
        let zeros = all.iter().take_while(|digit| **digit == b'0').count();
        let end = all.iter().rposition(|digit| *digit != b'0').map_or(zeros, |last| last + 1);
        let digits = all[zeros..end].to_vec();
        if digits.is_empty() {
            return Parts { negative: false, digits, exponent: 0 };
        }
        // Exponents are short, and texts shorter than 2^40 bytes.
        let exponent = exponent.parse().unwrap_or(0) + whole.len() as i64 - zeros as i64;
        Parts { negative, digits, exponent }
    }

    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }
}

/// The bytes of the number that a text begins with, and its exponent, which may be empty.
pub(crate) fn scan(text: &[u8]) -> Option<(usize, &str)> {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let start = usize::from(text.first() == Some(&b'-'));
    let whole = if text.get(start) == Some(&b'0') { 1 } else { digits(start) };
    let mut end = start + whole;
    if whole == 0 {
        return None;
    }
    if text.get(end) == Some(&b'.') {
        let part = digits(end + 1);
        if part == 0 {
            return None;
        }
        end += 1 + part;
    }
    let mut exponent = end..end;
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let power = digits(end + 1 + sign);
        if power == 0 {
            return None;
        }
        exponent = end + 1..end + 1 + sign + power;
        end = exponent.end;
    }
    Some((end, std::str::from_utf8(&text[exponent]).ok()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::new(text).unwrap()
    }

    #[test]
    fn numbers_are_those_of_json() {
        for good in ["0", "-0", "10", "-1.50", "1e5", "0.1E-7", "1e+30", "12345678901234567890"] {
            assert_eq!(number(good).text(), good);
        }
        for bad in ["", "-", "01", "1.", ".5", "+1", "1e", "1e+", "0x1", "1 ", "NaN", "1e9999999999999999"] {
            assert!(Number::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_holds_a_number() {
        assert_eq!(number("9223372036854775807").held(), Held::Int(i64::MAX));
        assert_eq!(number("-9223372036854775808").held(), Held::Int(i64::MIN));
        assert_eq!(number("9223372036854775808").held(), Held::Neither);
        assert_eq!(number("0.1").held(), Held::Float(0.1));
        assert_eq!(number("0.30000000000000004").held(), Held::Float(0.1 + 0.2));
        assert_eq!(number("1.50").held(), Held::Float(1.5));
        assert_eq!(number("1e22").held(), Held::Float(1e22));
        assert_eq!(number("5e-324").held(), Held::Float(5e-324));
        for other in ["0.10000000000000001", "3.14159265358979323846", "1e400", "1e-400", "1.0e4000"] {
            assert_eq!(number(other).held(), Held::Neither, "{other}");
        }
    }

    /// Floats that other programs write with 17 digits are meant as floats.
    #[test]
    fn floats_give_back_all_digits_or_none() {
        assert_eq!(number("0.10000000000000001").as_float(), Some(0.1));
        assert_eq!(number("0.1000000000000000055511151231257827021181583404541015625").as_float(), Some(0.1));
        assert_eq!(number("9007199254740994").as_float(), Some(9007199254740994.0));
        for lost in ["9007199254740993", "12345678901234567890", "3.14159265358979323846", "1e-400", "1e400"]
        {
            assert_eq!(number(lost).as_float(), None, "{lost}");
        }
    }

    #[test]
    fn numbers_compare_by_what_they_say() {
        let rising = [
            "-1e30",
            "-12345678901234567891",
            "-12345678901234567890",
            "-1.5",
            "-0.01",
            "0",
            "1e-400",
            "0.0999",
            "0.1",
            "0.10000000000000001",
            "2",
            "10",
            "12345678901234567890",
            "1e22",
            "1e999999",
        ];
        for (i, a) in rising.iter().enumerate() {
            for (j, b) in rising.iter().enumerate() {
                assert_eq!(number(a).cmp(&number(b)), i.cmp(&j), "{a} {b}");
                assert_eq!(number(a).identity() == number(b).identity(), i == j, "{a} {b}");
            }
        }
        for (a, b) in
            [("1", "1.000"), ("0", "-0.0e7"), ("1e22", "10000000000000000000000"), ("120e-2", "1.2")]
        {
            assert_eq!(number(a), number(b));
            assert_eq!(number(a).identity(), number(b).identity());
        }
    }

    #[test]
    fn floats_are_compared_as_what_they_are() {
        assert!(
            Number::of_float(0.1) > number("0.1") && Number::of_float(0.1) < number("0.10000000000000001")
        );
        assert_eq!(Number::of_float(5e-324).nearest(), 5e-324);
        assert_eq!(Number::of_float(-1e22), number("-10000000000000000000000"));
        assert!(Number::of_float(1e23) < number("100000000000000000000000"));
    }

    #[test]
    fn truncation_is_exact() {
        assert_eq!(number("1234567890123.9876543210987654321").truncated(), Some(1234567890123));
        assert_eq!(number("-9223372036854775808.5").truncated(), Some(i64::MIN));
        assert_eq!(number("-1e-400").truncated(), Some(0));
        assert_eq!(number("120e16").truncated(), Some(1200000000000000000));
        assert_eq!(number("9223372036854775808").truncated(), None);
    }

    /// With few digits nothing is looked up: it must be as the long way says.
    #[test]
    fn short_numbers_are_floats() {
        for text in ["0.0000000000001", "999999999999.99", "-1234567890.123", "100000000000.0"] {
            assert!(number(text).is_short());
            let x = number(text).nearest();
            assert_eq!(Number::printed(x), number(text));
        }
    }
}
