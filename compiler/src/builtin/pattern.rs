//! How `format` writes a number: `0`, `0.00`, `,0.00`, `0.0%`.
//!
//! Numbers are rounded as they are printed, digit by digit, halves away from zero: `2.675` to `2.68`, although the float
//! of that name is a little less.

/// Zeros that a pattern has at most on either side of its point.
const MOST: usize = 30;

/// What is said of a text that is no pattern.
const HINT: &str = "write \"0\" for no decimals, \"0.00\" for two, \",0.00\" with thousands separated, \"00\" for two digits \
                    at least, \"0.0%\" for percent, \"+0\" with the sign of positive numbers";

/// A pattern of `format`, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberPattern {
    /// Whether positive numbers have a sign.
    plus: bool,
    /// Whether every three digits before the point are separated.
    groups: bool,
    /// Digits before the point at least.
    whole: usize,
    /// Digits after the point; without, as many as the number has.
    decimals: Option<usize>,
    /// Whether it is a hundred times as much, and a `%`.
    percent: bool,
}

impl NumberPattern {
    /// Reads a pattern: `+`, `,`, zeros, a point and zeros, `%`, all but the zeros or the comma optional. Otherwise what
    /// to write.
    pub fn new(pattern: &str) -> Result<NumberPattern, &'static str> {
        let (plus, rest) = strip(pattern, '+');
        let (groups, rest) = strip(rest, ',');
        let whole = zeros(rest);
        let rest = &rest[whole..];
        let (point, rest) = if whole > 0 { strip(rest, '.') } else { (false, rest) };
        let decimals = if point { zeros(rest) } else { 0 };
        let (percent, rest) = if whole > 0 { strip(&rest[decimals..], '%') } else { (false, rest) };
        let good = (whole > 0 || groups) && (!point || decimals > 0) && rest.is_empty();
        if !good || whole.max(decimals) > MOST {
            return Err(HINT);
        }
        Ok(NumberPattern { plus, groups, whole, decimals: (whole > 0).then_some(decimals), percent })
    }

    /// A decimal without exponent, as numbers are printed, in this form.
    pub fn write(&self, number: &str) -> String {
        let (negative, size) = strip(number, '-');
        let (before, after) = size.split_once('.').unwrap_or((size, ""));
        let mut before = before.trim_start_matches('0').to_owned();
        let mut after = after.to_owned();
        if self.percent {
            let moved = after.len().min(2);
            before.push_str(&after[..moved]);
            before.push_str(&"00"[moved..]);
            after.replace_range(..moved, "");
            before = before.trim_start_matches('0').to_owned();
        }
        let decimals = self.decimals.unwrap_or(after.len());
        let digits = rounded(&before, &after, decimals);
        let (before, after) = digits.split_at(digits.len() - decimals);
        let zero = digits.bytes().all(|digit| digit == b'0');
        let sign = match (negative, zero) {
            (true, false) => "-",
            (false, false) if self.plus => "+",
            _ => "",
        };
        let before = format!("{before:0>width$}", width = self.whole.max(1));
        let before = if self.groups { grouped(&before) } else { before };
        let (point, percent) = (if decimals > 0 { "." } else { "" }, if self.percent { "%" } else { "" });
        format!("{sign}{before}{point}{after}{percent}")
    }
}

/// A decimal without exponent, rounded to so many digits after the point.
pub fn to_decimals(number: &str, decimals: usize) -> String {
    let pattern =
        NumberPattern { plus: false, groups: false, whole: 1, decimals: Some(decimals), percent: false };
    pattern.write(number)
}

/// The digits of a number without its point, of which so many stood behind it.
fn rounded(before: &str, after: &str, decimals: usize) -> String {
    let kept = after.get(..decimals).unwrap_or(after);
    let mut digits: Vec<u8> = before.bytes().chain(kept.bytes()).collect();
    digits.resize(before.len() + decimals, b'0');
    if after.as_bytes().get(decimals).is_some_and(|next| *next >= b'5') {
        let nines = digits.iter().rev().take_while(|digit| **digit == b'9').count();
        let from = digits.len() - nines;
        digits[from..].fill(b'0');
        match digits[..from].last_mut() {
            Some(digit) => *digit += 1,
            None => digits.insert(0, b'1'),
        }
    }
    String::from_utf8(digits).unwrap_or_default()
}

fn grouped(digits: &str) -> String {
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn strip(text: &str, sign: char) -> (bool, &str) {
    text.strip_prefix(sign).map_or((false, text), |rest| (true, rest))
}

fn zeros(text: &str) -> usize {
    text.bytes().take_while(|byte| *byte == b'0').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pattern: &str, number: &str) -> String {
        NumberPattern::new(pattern).expect("a pattern").write(number)
    }

    #[test]
    fn numbers_are_written_by_patterns() {
        let cases = [
            ("0", "2.5", "3"),
            ("0", "-0.4", "0"),
            ("0.00", "2.675", "2.68"),
            ("0.00", "1", "1.00"),
            ("0.00", "-1.005", "-1.01"),
            ("0.0", "99.95", "100.0"),
            ("00", "7", "07"),
            ("000.0", "-7.25", "-007.3"),
            (",0", "1234567.5", "1,234,568"),
            (",0.00", "-1234.5", "-1,234.50"),
            (",", "1234567", "1,234,567"),
            (",", "-999.125", "-999.125"),
            ("0%", "0.256", "26%"),
            ("0.0%", "0.2565", "25.7%"),
            ("0%", "12", "1200%"),
            ("0.0%", "0.0005", "0.1%"),
            ("+0.0", "0.05", "+0.1"),
            ("+0.0", "0.04", "0.0"),
            ("+0", "-3", "-3"),
            ("0.000", "0", "0.000"),
        ];
        for (pattern, number, expected) in cases {
            assert_eq!(written(pattern, number), expected, "{pattern} {number}");
        }
    }

    #[test]
    fn other_texts_are_no_patterns() {
        for text in
            ["", ".2f", "%.2f", "#,##0.00", "0.", ".0", "0,0", "%", ",%", "0.0f", "1", "0 %", "+", "é", "0é"]
        {
            assert!(NumberPattern::new(text).is_err(), "{text}");
        }
        assert!(NumberPattern::new(&"0".repeat(MOST)).is_ok());
        assert!(NumberPattern::new(&"0".repeat(MOST + 1)).is_err());
    }

    /// Against arithmetic with ints: thousandths, rounded to tenths.
    #[test]
    fn halves_go_away_from_zero() {
        for thousandths in -3000i64..3000 {
            let sign = if thousandths < 0 { "-" } else { "" };
            let size = thousandths.abs();
            let number = format!("{sign}{}.{:03}", size / 1000, size % 1000);
            let tenths = (size + 50) / 100;
            let sign = if thousandths < 0 && tenths > 0 { "-" } else { "" };
            assert_eq!(to_decimals(&number, 1), format!("{sign}{}.{}", tenths / 10, tenths % 10), "{number}");
        }
    }
}
