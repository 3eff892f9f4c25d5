//! Numeric ranges as regular expressions over canonical decimals.
//!
//! A range of integers splits at its leading digits: `123..4567` is `12[3-9]`, `1[3-9]\d`, `[2-9]\d\d`,
//! and so on. A range of decimals is a range of integer parts with any fraction, and at either end one
//! integer part with the fractions on the right side of the bound.

use crate::error::BuildError;

/// Digits that a generated float has at most before, and after, the point.
const FLOAT_DIGITS: usize = 15;
/// The smallest power of ten that has more digits before the point.
const BEYOND: f64 = 1e15;
/// Digits of a bound that are compared one by one.
const BOUND_DIGITS: usize = 40;

/// The canonical decimals of the integers within the inclusive bounds.
pub(super) fn int(min: Option<i64>, max: Option<i64>) -> Result<String, BuildError> {
    let (low, high) = (min.unwrap_or(i64::MIN), max.unwrap_or(i64::MAX));
    if low > high {
        return Err(BuildError::Bounds { min: low.to_string(), max: high.to_string() });
    }
    let mut parts = Vec::new();
    if low < 0 {
        let magnitudes = (if high < 0 { high.unsigned_abs() } else { 1 }, low.unsigned_abs());
        parts.push(format!("-(?:{})", naturals(magnitudes.0, magnitudes.1)));
    }
    if high >= 0 {
        parts.push(naturals(low.max(0) as u64, high as u64));
    }
    Ok(parts.join("|"))
}

/// Natural numbers of at most so many digits that are not below a bound.
pub(super) fn naturals_from(low: u64, digits: usize) -> Option<String> {
    let len = low.to_string().len();
    if low <= 1 {
        let rest = digits.checked_sub(1)?;
        return Some(if low == 0 {
            format!("0|[1-9][0-9]{{0,{rest}}}")
        } else {
            format!("[1-9][0-9]{{0,{rest}}}")
        });
    }
    if len > digits {
        return None;
    }
    let same = naturals(low, 10u64.pow(len as u32) - 1);
    Some(if len < digits { format!("{same}|[1-9][0-9]{{{len},{}}}", digits - 1) } else { same })
}

/// Natural numbers within inclusive bounds, without leading zeros.
pub(super) fn naturals(low: u64, high: u64) -> String {
    let mut parts = Vec::new();
    let mut low = low;
    loop {
        // The numbers with as many digits as `low`.
        let digits = low.to_string().len();
        let largest = if digits >= 20 { u64::MAX } else { 10u64.pow(digits as u32) - 1 };
        let end = high.min(largest);
        same_length(&low.to_string(), &end.to_string(), &mut String::new(), &mut parts);
        if end == high {
            return parts.join("|");
        }
        low = end + 1;
    }
}

/// Digit strings of one length between two, in order.
fn same_length(low: &str, high: &str, prefix: &mut String, out: &mut Vec<String>) {
    let (Some(a), Some(b)) = (low.bytes().next(), high.bytes().next()) else {
        out.push(prefix.clone());
        return;
    };
    let rest = low.len() - 1;
    if low[1..].bytes().all(|d| d == b'0') && high[1..].bytes().all(|d| d == b'9') {
        out.push(format!("{prefix}[{}-{}]{}", a as char, b as char, any_digits(rest)));
        return;
    }
    let deeper = |digit: u8, low: &str, high: &str, prefix: &mut String, out: &mut Vec<String>| {
        prefix.push(digit as char);
        same_length(low, high, prefix, out);
        prefix.pop();
    };
    if a == b {
        return deeper(a, &low[1..], &high[1..], prefix, out);
    }
    deeper(a, &low[1..], &"9".repeat(rest), prefix, out);
    if b - a > 1 {
        out.push(format!("{prefix}[{}-{}]{}", (a + 1) as char, (b - 1) as char, any_digits(rest)));
    }
    deeper(b, &"0".repeat(rest), &high[1..], prefix, out);
}

fn any_digits(n: usize) -> String {
    if n == 0 { String::new() } else { format!("[0-9]{{{n}}}") }
}

/// The decimals, without exponent, of the numbers within the inclusive bounds.
pub(super) fn float(min: Option<f64>, max: Option<f64>) -> Result<String, BuildError> {
    if min.is_none() && max.is_none() {
        return Ok(format!(r"-?(?:0|[1-9][0-9]{{0,{}}}){}", FLOAT_DIGITS - 1, any_fraction()));
    }
    let (low, high) = (min.unwrap_or(f64::NEG_INFINITY), max.unwrap_or(f64::INFINITY));
    if low > high || low.is_nan() || high.is_nan() || low >= BEYOND || high <= -BEYOND {
        let text = |bound: Option<f64>| bound.map_or(String::new(), |bound| bound.to_string());
        return Err(BuildError::Bounds { min: text(min), max: text(max) });
    }
    let mut parts = Vec::new();
    if low < 0.0 {
        let near = if high < 0.0 { Decimal::of(high) } else { Decimal::tiny() };
        parts.push(format!("-(?:{})", magnitudes(&near, &Decimal::of(low))));
    }
    if high >= 0.0 {
        let near = if low > 0.0 { Decimal::of(low) } else { Decimal::of(0.0) };
        parts.push(magnitudes(&near, &Decimal::of(high)));
    }
    Ok(parts.join("|"))
}

fn any_fraction() -> String {
    format!(r"(?:\.[0-9]{{1,{FLOAT_DIGITS}}})?")
}

/// A number that is not negative: its integer part, and the digits after the point without trailing zeros.
struct Decimal {
    whole: u64,
    fraction: String,
}

impl Decimal {
    /// The magnitude of a number, as the shortest decimal that reads as it; at most the greatest that can be
    /// written.
    fn of(x: f64) -> Decimal {
        if x.abs() >= BEYOND {
            return Decimal { whole: 10u64.pow(FLOAT_DIGITS as u32) - 1, fraction: "9".repeat(FLOAT_DIGITS) };
        }
        let text = format!("{}", x.abs());
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let fraction = fraction[..fraction.len().min(BOUND_DIGITS)].trim_end_matches('0').to_owned();
        Decimal { whole: whole.parse().unwrap_or(u64::MAX), fraction }
    }

    /// The smallest number above zero that can be written.
    fn tiny() -> Decimal {
        Decimal { whole: 0, fraction: "0".repeat(FLOAT_DIGITS - 1) + "1" }
    }
}

fn magnitudes(low: &Decimal, high: &Decimal) -> String {
    if low.whole == high.whole {
        return format!("{}(?:{})", low.whole, fractions(&low.fraction, Some(&high.fraction)));
    }
    let mut parts = vec![
        format!("{}(?:{})", low.whole, fractions(&low.fraction, None)),
        format!("{}(?:{})", high.whole, fractions("", Some(&high.fraction))),
    ];
    if high.whole - low.whole > 1 {
        parts.push(format!("(?:{}){}", naturals(low.whole + 1, high.whole - 1), any_fraction()));
    }
    parts.join("|")
}

/// Fractions (with their point, or nothing for zero) that are at least `low` and at most `high`.
fn fractions(low: &str, high: Option<&str>) -> String {
    let mut parts = Vec::new();
    if low.is_empty() {
        parts.push(String::new());
    }
    let digits = digits_between(low, high, FLOAT_DIGITS);
    if !digits.is_empty() {
        parts.push(format!(r"\.(?:{})", digits.join("|")));
    }
    if parts.is_empty() { "[^\\s\\S]".to_owned() } else { parts.join("|") }
}

/// Digit strings of 1 to `room` digits that, as fractions, lie between two.
fn digits_between(low: &str, high: Option<&str>, room: usize) -> Vec<String> {
    let mut out = Vec::new();
    if room == 0 {
        return out;
    }
    let digit = |text: &str| text.bytes().next().unwrap_or(b'0');
    let rest = |text: &str| text.get(1..).unwrap_or_default().to_owned();
    let a = digit(low);
    let b = high.map_or(b'9' + 1, digit);
    for d in a..=b.min(b'9') {
        let (on_low, on_high) = (d == a && !low.is_empty(), d == b && high.is_some());
        let low_rest = if on_low { rest(low) } else { String::new() };
        let high_rest = if on_high { Some(rest(high.unwrap_or_default())) } else { None };
        let ends = low_rest.is_empty();
        let free = ends && high_rest.is_none();
        if free {
            out.push(format!("{}[0-9]{{0,{}}}", d as char, room - 1));
            continue;
        }
        if ends {
            out.push((d as char).to_string());
        }
        let deeper = digits_between(&low_rest, high_rest.as_deref(), room - 1);
        if !deeper.is_empty() {
            out.push(format!("{}(?:{})", d as char, deeper.join("|")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(pattern: &str) -> regex::Regex {
        regex::Regex::new(&format!("^(?:{pattern})$")).expect("the pattern is a regex")
    }

    #[test]
    fn integer_ranges_hold_exactly_their_integers() {
        let bounds = [-1200, -100, -99, -11, -10, -1, 0, 1, 7, 9, 10, 42, 99, 100, 101, 999, 1000, 1234];
        for low in bounds {
            for high in bounds.into_iter().filter(|high| *high >= low) {
                let regex = full(&int(Some(low), Some(high)).expect("a range"));
                for n in -1300..1300 {
                    assert_eq!(
                        regex.is_match(&n.to_string()),
                        (low..=high).contains(&n),
                        "{n} in {low}..{high}"
                    );
                }
            }
        }
    }

    #[test]
    fn unbounded_integers_are_those_of_64_bits() {
        let regex = full(&int(None, None).expect("a range"));
        for (text, inside) in [
            ("9223372036854775807", true),
            ("9223372036854775808", false),
            ("-9223372036854775808", true),
            ("-9223372036854775809", false),
            ("007", false),
            ("-0", false),
            ("+1", false),
            ("", false),
        ] {
            assert_eq!(regex.is_match(text), inside, "{text}");
        }
    }

    #[test]
    fn float_ranges_hold_exactly_their_decimals() {
        let bounds = [-12.5, -1.0, -0.25, 0.0, 0.05, 0.5, 1.0, 1.25, 1.3, 2.0, 19.99, 100.0];
        let texts: Vec<String> = (-1400..10500)
            .step_by(7)
            .flat_map(|n: i32| {
                let sign = if n < 0 { "-" } else { "" };
                let (whole, cents) = (n.abs() / 100, n.abs() % 100);
                [
                    format!("{sign}{whole}"),
                    format!("{sign}{whole}.{cents:02}"),
                    format!("{sign}{whole}.{cents:02}0"),
                ]
            })
            .collect();
        for low in bounds {
            for high in bounds.into_iter().filter(|high| *high >= low) {
                let regex = full(&float(Some(low), Some(high)).expect("a range"));
                for text in &texts {
                    let x: f64 = text.parse().expect("a number");
                    let inside = (low..=high).contains(&x) && !(x == 0.0 && text.starts_with('-'));
                    assert_eq!(regex.is_match(text), inside, "{text} in {low}..{high}");
                }
            }
        }
    }
}
