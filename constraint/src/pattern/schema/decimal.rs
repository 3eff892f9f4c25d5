//! Numbers exactly as a schema's author wrote them.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Number;

/// A number: exact up to 30 digits before and after the point; what is larger than all that can be written is as good
/// as any other such number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Decimal {
    negative: bool,
    /// At most [`HUGE`].
    whole: u128,
    /// In units of 10⁻³⁰.
    fraction: u128,
}

/// Digits kept after the point.
const SCALE: usize = 30;
/// Larger than any number that can be written.
const HUGE: u128 = 10u128.pow(30);

impl Decimal {
    pub(crate) const ZERO: Decimal = Decimal { negative: false, whole: 0, fraction: 0 };

    /// A whole number.
    pub(crate) const fn of(negative: bool, whole: u128) -> Decimal {
        Decimal { negative, whole, fraction: 0 }
    }

    /// A number as JSON has it, and whether that is all of it: digits beyond those that are kept are cut off.
    pub(crate) fn read(text: &str) -> (Decimal, bool) {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0');
        if significant.is_empty() {
            return (Decimal::ZERO, true);
        }
        // Digits of the whole part; below zero, zeros behind the point.
        let exponent =
            exponent.parse::<i64>().unwrap_or(if exponent.starts_with('-') { i64::MIN } else { i64::MAX });
        let point = exponent.saturating_add(whole.len() as i64 - (digits.len() - significant.len()) as i64);
        if point > SCALE as i64 {
            return (Decimal::of(negative, HUGE), false);
        }
        let (whole, fraction) = significant.split_at(point.clamp(0, significant.len() as i64) as usize);
        let whole = format!("{whole:0<width$}", width = point.max(0) as usize).parse().unwrap_or(0);
        let zeros = "0".repeat(point.saturating_neg().clamp(0, SCALE as i64) as usize);
        let mut fraction = format!("{zeros}{fraction:0<SCALE$}");
        let is_all = fraction.split_off(SCALE).bytes().all(|digit| digit == b'0');
        let fraction = fraction.parse().unwrap_or(0);
        (Decimal { negative: negative && (whole, fraction) != (0, 0), whole, fraction }, is_all)
    }

    pub(crate) fn is_integer(&self) -> bool {
        self.fraction == 0
    }

    pub(crate) fn is_negative(&self) -> bool {
        self.negative
    }

    /// As a count: a whole number that is not negative.
    pub(crate) fn count(&self) -> Option<u32> {
        let count = self.whole.min(u128::from(u32::MAX)) as u32;
        (self.is_integer() && !self.negative).then_some(count)
    }

    /// The digits after the point, without trailing zeros.
    pub(crate) fn fraction(&self) -> String {
        format!("{:0width$}", self.fraction, width = SCALE).trim_end_matches('0').to_owned()
    }

    /// The part before the point, without its sign.
    pub(crate) fn whole(&self) -> u128 {
        self.whole
    }

    /// The magnitude.
    pub(crate) fn abs(&self) -> Decimal {
        Decimal { negative: false, ..*self }
    }

    /// Itself as a fraction in lowest decimal terms: digits, and how many of them stand after the point.
    pub(crate) fn scaled(&self) -> Option<(u128, u32)> {
        let fraction = self.fraction();
        let scale = fraction.len() as u32;
        let part: u128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
        let digits = self.whole.checked_mul(10u128.checked_pow(scale)?)?.checked_add(part)?;
        Some((digits, scale))
    }

    /// Whether it is a multiple of another.
    pub(crate) fn is_multiple_of(&self, of: &Decimal) -> bool {
        let (Some((a, x)), Some((b, y))) = (self.scaled(), of.scaled()) else { return false };
        let scaled = 10u128.checked_pow(x.saturating_sub(y)).and_then(|up| b.checked_mul(up));
        match scaled {
            Some(0) => false,
            Some(b) => (x..y).fold(a % b, |rest, _| times_ten(rest, b)) == 0,
            // What is so large has no smaller multiple but one.
            None => a == 0,
        }
    }
}

/// Ten times a number below `of`, up to multiples of that.
fn times_ten(rest: u128, of: u128) -> u128 {
    (0..10).fold(0, |sum, _| if sum >= of - rest { sum - (of - rest) } else { sum + rest })
}

impl From<&Number> for Decimal {
    /// The shortest decimal that reads as the number.
    fn from(number: &Number) -> Decimal {
        Decimal::read(&number.to_string()).0
    }
}

/// The shortest text, without exponent.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        match self.fraction().as_str() {
            "" => write!(f, "{sign}{}", self.whole),
            fraction => write!(f, "{sign}{}.{fraction}", self.whole),
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        let magnitude = |x: &Decimal| (x.whole, x.fraction);
        match (self.negative, other.negative) {
            (false, false) => magnitude(self).cmp(&magnitude(other)),
            (true, true) => magnitude(other).cmp(&magnitude(self)),
            (negative, _) => {
                if negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_digit_by_digit() {
        for (text, read) in [
            ("0", "0"),
            ("-0.00e7", "0"),
            ("12.50", "12.5"),
            ("-1.5e3", "-1500"),
            ("0.00012e2", "0.012"),
            ("12E-3", "0.012"),
            ("18446744073709551615", "18446744073709551615"),
            ("1e29", "100000000000000000000000000000"),
            ("1e-30", "0.000000000000000000000000000001"),
            ("123456789012345678901234567890.5", "123456789012345678901234567890.5"),
        ] {
            let (decimal, is_all) = Decimal::read(text);
            assert_eq!((decimal.to_string().as_str(), is_all), (read, true), "{text}");
        }
    }

    #[test]
    fn multiples_have_as_many_digits_as_they_like() {
        for (x, of, is) in [
            ("1e29", "1e-10", true),
            ("1e29", "3e-10", false),
            ("123456789012345678901234569", "3", true),
            ("0.000000000000000000000000000001", "1e29", false),
            ("0", "1e29", true),
            ("7.5", "2.5", true),
            ("-7.5", "0.7", false),
        ] {
            assert_eq!(Decimal::read(x).0.is_multiple_of(&Decimal::read(of).0), is, "{x} of {of}");
        }
    }

    #[test]
    fn what_has_too_many_digits_is_cut_off() {
        for (text, read) in [
            ("1e30", HUGE.to_string()),
            ("-1e99999999999999999999", format!("-{HUGE}")),
            ("1e-31", "0".to_owned()),
            ("-1e-99999999999999999999", "0".to_owned()),
            ("2.0000000000000000000000000000019", "2.000000000000000000000000000001".to_owned()),
        ] {
            let (decimal, is_all) = Decimal::read(text);
            assert_eq!((decimal.to_string(), is_all), (read, false), "{text}");
        }
    }
}
