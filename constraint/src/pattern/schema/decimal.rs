//! Numbers exactly as a schema's author wrote them.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Number;

/// A number: exact up to 30 digits after the point; what is larger than all that can be written is as good
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

    /// A decimal text without exponent.
    fn read(text: &str) -> Decimal {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let whole = whole.parse().unwrap_or(HUGE).min(HUGE);
        let kept: String = fraction.chars().chain(std::iter::repeat('0')).take(SCALE).collect();
        let fraction = kept.parse().unwrap_or(0);
        Decimal { negative: negative && (whole, fraction) != (0, 0), whole, fraction }
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
        let scale = x.max(y);
        let up = |digits: u128, from: u32| digits.checked_mul(10u128.checked_pow(scale - from)?);
        match (up(a, x), up(b, y)) {
            (Some(a), Some(b)) => b != 0 && a % b == 0,
            _ => false,
        }
    }
}

impl From<&Number> for Decimal {
    /// The shortest decimal that reads as the number: what was written, up to 15 digits.
    fn from(number: &Number) -> Decimal {
        match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => Decimal::read(&float.to_string()),
            None => Decimal::read(&number.to_string()),
        }
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
