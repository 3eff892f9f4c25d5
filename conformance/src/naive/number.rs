//! Numbers digit by digit: whether a number in a range is still possible.

/// Digits behind the point that are reckoned with.
const PLACES: u32 = 15;

/// Decimals without exponent between two bounds, in units of the last digit there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Range {
    low: i128,
    high: i128,
    /// Digits there may be before and behind the point.
    digits: (u32, u32),
    /// Whether zero may have a sign.
    negative_zero: bool,
}

impl Range {
    /// Integers.
    pub(super) fn integers(low: i64, high: i64) -> Range {
        Range { low: low.into(), high: high.into(), digits: (19, 0), negative_zero: false }
    }

    /// Decimals; a missing bound is none. Without any bound a zero may have a sign.
    pub(super) fn decimals(low: Option<f64>, high: Option<f64>) -> Range {
        let most = 10i128.pow(2 * PLACES);
        let bound = |bound: Option<f64>, other, up| bound.map_or(other, |x| scaled(x, up).clamp(-most, most));
        Range {
            low: bound(low, -most, true),
            high: bound(high, most, false),
            digits: (PLACES, PLACES),
            negative_zero: low.is_none() && high.is_none(),
        }
    }

    /// Whether a text is a number of the range.
    pub(super) fn is_whole(&self, text: &[u8]) -> bool {
        let Some(Read { is_negative, whole, fraction }) = self.read(text) else { return false };
        !whole.is_empty() && fraction.is_none_or(|fraction| !fraction.is_empty()) && {
            let value = self.units(whole, fraction.unwrap_or_default());
            self.meets(is_negative, value, value)
        }
    }

    /// Whether a text begins, or is, a number of the range.
    pub(super) fn is_begun(&self, text: &[u8]) -> bool {
        let Some(Read { is_negative, whole, fraction }) = self.read(text) else { return false };
        let is_begun_with = |byte: u8| self.is_begun(&[text, &[byte]].concat());
        match fraction {
            _ if whole.is_empty() => (b'0'..=b'9').chain((!is_negative).then_some(b'-')).any(is_begun_with),
            Some(b"") => (b'0'..=b'9').any(is_begun_with),
            Some(fraction) => {
                let least = self.units(whole, fraction);
                let free = 10i128.pow(self.digits.1 - fraction.len() as u32);
                self.meets(is_negative, least, least + free - 1)
            }
            None => {
                let more = if whole == b"0" { 0 } else { self.digits.0 - whole.len() as u32 };
                (0..=more).any(|more| {
                    let unit = 10i128.pow(self.digits.1 + more);
                    let least = self.units(whole, b"") * 10i128.pow(more);
                    self.meets(is_negative, least, least + unit - 1)
                })
            }
        }
    }

    /// Whether a number with a sign, and a magnitude between two, is in the range.
    fn meets(&self, is_negative: bool, least: i128, most: i128) -> bool {
        let (least, most) = match is_negative {
            true if self.negative_zero => (-most, -least),
            true => (-most, -least.max(1)),
            false => (least, most),
        };
        least.max(self.low) <= most.min(self.high)
    }

    fn units(&self, whole: &[u8], fraction: &[u8]) -> i128 {
        let digits = whole.iter().chain(fraction);
        let read = digits.fold(0, |n: i128, digit| 10 * n + i128::from(digit - b'0'));
        read * 10i128.pow(self.digits.1 - fraction.len() as u32)
    }

    /// A text as the parts of a number, unless it is of another form.
    fn read<'t>(&self, text: &'t [u8]) -> Option<Read<'t>> {
        let (is_negative, text) = match text.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut parts = text.splitn(2, |&byte| byte == b'.');
        let (whole, fraction) = (parts.next()?, parts.next());
        let fits =
            |part: &[u8], most: u32| part.len() <= most as usize && part.iter().all(u8::is_ascii_digit);
        let is_canonical = !whole.starts_with(b"0") || whole == b"0";
        let has_fraction =
            fraction.is_none_or(|f| !whole.is_empty() && self.digits.1 > 0 && fits(f, self.digits.1));
        (is_canonical && fits(whole, self.digits.0) && has_fraction).then_some(Read {
            is_negative,
            whole,
            fraction,
        })
    }
}

struct Read<'t> {
    is_negative: bool,
    whole: &'t [u8],
    fraction: Option<&'t [u8]>,
}

/// The shortest decimal of a number in units of the last place, rounded into the range.
fn scaled(x: f64, up: bool) -> i128 {
    let text = format!("{:?}", x.abs().min(1e16));
    let text = if text.contains('e') { format!("{}", x.abs().min(1e16)) } else { text };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let places = PLACES as usize;
    let padded = format!("{whole}{:0<places$}", &fraction[..fraction.len().min(places)]);
    let units: i128 = padded.parse().unwrap_or(i128::MAX >> 1);
    let has_more = fraction.bytes().skip(places).any(|digit| digit != b'0');
    match (x < 0.0, up) {
        (false, true) => units + i128::from(has_more),
        (false, false) => units,
        (true, true) => -units,
        (true, false) => -(units + i128::from(has_more)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every text over the characters of numbers, to a length.
    fn texts(longest: usize) -> Vec<Vec<u8>> {
        let mut texts = vec![Vec::new()];
        for from in 0.. {
            let Some(text) = texts.get(from).filter(|text| text.len() < longest).cloned() else { break };
            texts.extend(b"-.0159".iter().map(|&byte| [&text[..], &[byte]].concat()));
        }
        texts
    }

    #[test]
    fn what_is_begun_is_what_some_number_begins_with() {
        for (low, high) in [(-15, 59), (0, 0), (5, 9), (-59, -10), (10, 115)] {
            let range = Range::integers(low, high);
            let numbers: Vec<String> = (low..=high).map(|n| n.to_string()).collect();
            for text in texts(4) {
                let shown = String::from_utf8_lossy(&text).into_owned();
                assert_eq!(range.is_whole(&text), numbers.contains(&shown), "{shown} in {low}..{high}");
                let begun = numbers.iter().any(|number| number.starts_with(&shown));
                assert_eq!(range.is_begun(&text), begun, "{shown} in {low}..{high}");
            }
        }
    }

    #[test]
    fn decimals_are_those_between_their_bounds() {
        let form = regex::Regex::new(r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$").expect("a regex");
        for (low, high) in [(-0.5, 1.5), (0.15, 0.9), (-1.0, -0.05), (0.0, 0.0), (9.0, 51.0)] {
            let range = Range::decimals(Some(low), Some(high));
            for text in texts(6).into_iter().filter_map(|text| String::from_utf8(text).ok()) {
                let value = text.parse::<f64>().ok().filter(|_| form.is_match(&text));
                let is_in =
                    value.is_some_and(|x| x >= low && x <= high && !(x == 0.0 && text.starts_with('-')));
                assert_eq!(range.is_whole(text.as_bytes()), is_in, "{text} in {low}..{high}");
                assert!(!is_in || (0..text.len()).all(|to| range.is_begun(&text.as_bytes()[..to])), "{text}");
            }
        }
    }
}
