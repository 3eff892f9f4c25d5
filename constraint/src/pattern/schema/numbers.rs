//! The texts of numbers within bounds.
//!
//! A whole number has a text without a point, every number has texts with one: up to 18 digits before it and 1 to
//! 15 after it. Whole numbers have 64 bits with their sign, and without one where a bound lies beyond these. Listed numbers have
//! their shortest text only, with as many digits as they have.

use super::decimal::Decimal;
use super::node::{Bound, Keyword, Kind};
use super::read::Schemas;
use super::shape::NumberShape;
use crate::error::BuildError;
use crate::pattern::compile::Compiler;
use crate::pattern::number;
use crate::pattern::program::Pc;

/// Digits before a point.
const WHOLE: usize = 18;
/// Digits after a point.
const DIGITS: usize = 15;
/// The least and the greatest whole number, and the greatest that a bound may ask for.
const LEAST: i128 = i64::MIN as i128;
const GREATEST: i128 = i64::MAX as i128;
const UTMOST: i128 = u64::MAX as i128;

/// Numbers up to this are short as expressions.
const SMALL: u64 = 1_000_000;

/// Any number with a point.
pub(in crate::pattern) const ANY_DECIMAL: &str = r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,15}";

/// Which numbers have texts under a schema.
#[derive(Debug)]
pub(super) struct Written {
    listed: Vec<Decimal>,
    greatest: Decimal,
}

impl Written {
    pub(super) fn of(schemas: &Schemas) -> Written {
        let mut written = Written { listed: Vec::new(), greatest: Decimal::of(false, GREATEST as u128) };
        for keyword in schemas.nodes.iter().flat_map(|node| &node.keywords) {
            match keyword {
                Keyword::Values(values) => written.listed.extend(values.numbers.iter()),
                Keyword::Low(bound) | Keyword::High(bound) if bound.at >= written.greatest => {
                    written.greatest = Decimal::of(false, UTMOST as u128);
                }
                _ => {}
            }
        }
        written
    }

    pub(super) fn has(&self, x: &Decimal) -> bool {
        let fits = if x.is_integer() {
            (Decimal::of(true, LEAST.unsigned_abs())..=self.greatest).contains(x)
        } else {
            x.whole() < 10u128.pow(WHOLE as u32) && x.fraction().len() <= DIGITS
        };
        fits || self.listed.contains(x)
    }
}

/// The texts of the listed numbers that are of a kind.
pub(super) fn listed(shape: &NumberShape, kind: Kind) -> Option<Vec<String>> {
    let values = shape.values.as_ref()?.iter();
    let texts = values.filter(|value| value.is_integer() == (kind == Kind::Integer));
    Some(texts.map(Decimal::to_string).collect())
}

/// The numbers of a kind within the bounds of a shape, without its holes. Does not know of multiples.
#[derive(Debug)]
pub(super) enum Range {
    Wholes(Vec<Wholes>),
    /// As an expression.
    Decimals(String),
}

impl Range {
    /// `None` if there are none.
    pub(super) fn of(shape: &NumberShape, kind: Kind) -> Option<Range> {
        let ranges = ranges(shape, kind).into_iter();
        if kind == Kind::Integer {
            let wholes: Vec<Wholes> = ranges.flat_map(|(low, high)| integers(low, high)).collect();
            return (!wholes.is_empty()).then_some(Range::Wholes(wholes));
        }
        let parts: Vec<String> = ranges.filter_map(|(low, high)| pointed(low, high)).collect();
        (!parts.is_empty()).then(|| Range::Decimals(parts.join("|")))
    }

    /// As an expression.
    fn expression(&self) -> String {
        let of = |Wholes { negative, low, high }: &Wholes| {
            let text = number::naturals(*low, *high);
            if *negative { format!("-(?:{text})") } else { text }
        };
        match self {
            Range::Wholes(wholes) => wholes.iter().map(of).collect::<Vec<_>>().join("|"),
            Range::Decimals(text) => text.clone(),
        }
    }

    /// What it is known by.
    pub(super) fn name(&self) -> String {
        match self {
            Range::Wholes(wholes) => format!("{wholes:?}"),
            Range::Decimals(text) => text.clone(),
        }
    }

    /// The numbers, then `next`.
    pub(super) fn emit(&self, compiler: &mut Compiler<'_, '_, '_>, next: Pc) -> Result<Pc, BuildError> {
        match self {
            Range::Wholes(wholes) if wholes.iter().any(|wholes| wholes.high > SMALL) => {
                compiler.known(&self.name(), next, |compiler, next| {
                    let starts: Result<_, BuildError> =
                        wholes.iter().map(|wholes| wholes.emit(compiler, next)).collect();
                    compiler.split(starts?)
                })
            }
            _ => compiler.regex(&self.expression(), next),
        }
    }
}

impl Wholes {
    fn emit(self, compiler: &mut Compiler<'_, '_, '_>, next: Pc) -> Result<Pc, BuildError> {
        let start = compiler.naturals(self.low, self.high, next)?;
        if self.negative { compiler.builder.byte(b'-', start) } else { Ok(start) }
    }
}

/// The ranges between a shape's bounds and holes.
fn ranges(shape: &NumberShape, kind: Kind) -> Vec<(Option<Bound>, Option<Bound>)> {
    let mut holes: Vec<Decimal> = shape.holes.clone();
    holes.sort_unstable();
    holes.dedup();
    let (mut low, high) = ends(shape, kind);
    let mut ranges = Vec::new();
    for hole in holes {
        let open = Some(Bound { at: hole, closed: false });
        if high.is_some_and(|high| hole > high.at) {
            break;
        }
        if low.is_none_or(|low| low.at <= hole) {
            ranges.push((low, open));
            low = open;
        }
    }
    ranges.push((low, high));
    ranges
}

/// The bounds of a shape; whole numbers have some in any case.
fn ends(shape: &NumberShape, kind: Kind) -> (Option<Bound>, Option<Bound>) {
    if kind != Kind::Integer {
        return (shape.low, shape.high);
    }
    let end = |whole: i128| Bound { at: Decimal::of(whole < 0, whole.unsigned_abs()), closed: true };
    let low = shape.low.filter(|low| low.at >= end(LEAST).at).unwrap_or(end(LEAST));
    let is_beyond = low.at > end(GREATEST).at || low.at == end(GREATEST).at && !low.closed;
    let greatest = if shape.high.is_some() || is_beyond { UTMOST } else { GREATEST };
    let high = shape.high.filter(|high| high.at <= end(greatest).at).unwrap_or(end(greatest));
    (Some(low), Some(high))
}

/// Whole numbers with one sign: the least and the greatest without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wholes {
    negative: bool,
    low: u64,
    high: u64,
}

/// The whole numbers within two bounds.
fn integers(low: Option<Bound>, high: Option<Bound>) -> Vec<Wholes> {
    let Some((low, high)) = low.zip(high) else { return Vec::new() };
    let low = floor(&low.at) + i128::from(!low.closed || !low.at.is_integer());
    let high = floor(&high.at) - i128::from(!high.closed && high.at.is_integer());
    let part = |negative: bool, near: i128, far: i128| {
        (near <= far).then_some(Wholes { negative, low: near as u64, high: far as u64 })
    };
    part(true, (-high).max(1), -low).into_iter().chain(part(false, low.max(0), high)).collect()
}

fn floor(x: &Decimal) -> i128 {
    let whole = x.whole() as i128;
    match (x.is_negative(), x.is_integer()) {
        (false, _) => whole,
        (true, true) => -whole,
        (true, false) => -whole - 1,
    }
}

/// Numbers with a point.
fn pointed(low: Option<Bound>, high: Option<Bound>) -> Option<String> {
    let zero = Bound { at: Decimal::ZERO, closed: true };
    let is_below = |bound: Option<Bound>| {
        bound.is_some_and(|b| b.at.is_negative() || b.at == Decimal::ZERO && !b.closed)
    };
    let is_above = |bound: Option<Bound>| {
        bound.is_some_and(|b| b.at > Decimal::ZERO || b.at == Decimal::ZERO && !b.closed)
    };
    let abs = |bound: Bound| Bound { at: bound.at.abs(), ..bound };
    let mut parts = Vec::new();
    if !is_above(low) {
        let near = if is_below(high) { high.map_or(zero, abs) } else { zero };
        parts.extend(magnitudes(near, low.map(abs)).map(|text| format!("-(?:{text})")));
    }
    if !is_below(high) {
        let near = if is_above(low) { low.map_or(zero, abs) } else { zero };
        parts.extend(magnitudes(near, high.map(abs)));
    }
    (!parts.is_empty()).then(|| parts.join("|"))
}

/// Numbers with a point that are not negative.
fn magnitudes(low: Bound, high: Option<Bound>) -> Option<String> {
    let greatest = 10u128.pow(WHOLE as u32) - 1;
    let high = high.filter(|high| high.at.whole() <= greatest);
    if low.at.whole() > greatest {
        return None;
    }
    let any = format!("[0-9]{{1,{DIGITS}}}");
    let first = low.at.whole();
    let last = high.map_or(greatest, |high| high.at.whole());
    let (low_digits, high_digits) =
        (low.at.fraction(), high.map(|high| high.at.fraction()).unwrap_or_default());
    let from = Some((low_digits.as_str(), low.closed));
    let to = high.map(|high| (high_digits.as_str(), high.closed));
    let at = |whole: u128, text: Option<String>| text.map(|text| format!(r"{whole}\.(?:{text})"));
    let mut parts = Vec::new();
    if first == last {
        parts.extend(at(first, fractions(from, to, DIGITS, true)));
    } else if first < last {
        let middle_from = if low_digits.is_empty() && low.closed {
            first
        } else {
            parts.extend(at(first, fractions(from, None, DIGITS, true)));
            first + 1
        };
        let middle_to = match to {
            Some(_) => {
                parts.extend(at(last, fractions(None, to, DIGITS, true)));
                last - 1
            }
            None => last,
        };
        let wholes = if middle_to == greatest {
            number::naturals_from(middle_from as u64, WHOLE)
        } else {
            (middle_from <= middle_to).then(|| number::naturals(middle_from as u64, middle_to as u64))
        };
        parts.extend(wholes.map(|wholes| format!(r"(?:{wholes})\.{any}")));
    }
    (!parts.is_empty()).then(|| parts.join("|"))
}

/// An end of a range of fractions: its digits without trailing zeros, and whether it is within.
type End<'d> = Option<(&'d str, bool)>;

/// Digits that, behind a point, lie between two ends: at most `room` of them, and at least one if `some`.
fn fractions(low: End<'_>, high: End<'_>, room: usize, some: bool) -> Option<String> {
    let low = low.filter(|end| *end != ("", true));
    if high == Some(("", false)) {
        return None;
    }
    let least = usize::from(some);
    match (low, high) {
        (None, None) => return (room >= least).then(|| format!("[0-9]{{{least},{room}}}")),
        (None, Some(("", _))) => return (room >= least).then(|| format!("0{{{least},{room}}}")),
        (Some(_), Some(("", _))) => return None,
        (Some(("", _)), None) => return positive(room),
        _ => {}
    }
    let mut parts = Vec::new();
    if low.is_none() && !some {
        parts.push(String::new());
    }
    let digit = |end: End<'_>| end.and_then(|(digits, _)| digits.bytes().next()).unwrap_or(b'0');
    let rest =
        |end: End<'_>| end.map(|(digits, closed)| (digits.get(1..).unwrap_or_default().to_owned(), closed));
    let (first, last) = (digit(low), if high.is_some() { digit(high) } else { b'9' });
    for d in (first..=last).filter(|_| room > 0) {
        let below = if d == first && low.is_some() { rest(low) } else { None };
        let above = if d == last && high.is_some() { rest(high) } else { None };
        let borrow =
            |end: &Option<(String, bool)>| end.as_ref().map(|(digits, closed)| (digits.clone(), *closed));
        let (below, above) = (borrow(&below), borrow(&above));
        let below = below.as_ref().map(|(digits, closed)| (digits.as_str(), *closed));
        let above = above.as_ref().map(|(digits, closed)| (digits.as_str(), *closed));
        let text = fractions(below, above, room - 1, false);
        parts.extend(text.map(|text| format!("{}(?:{text})", d as char)));
    }
    (!parts.is_empty()).then(|| parts.join("|"))
}

/// Digits that are not all zero.
fn positive(room: usize) -> Option<String> {
    let rest = room.checked_sub(1)?;
    let here = format!("[1-9][0-9]{{0,{rest}}}");
    Some(match positive(rest) {
        Some(further) => format!("{here}|0(?:{further})"),
        None => here,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::from(&text.parse::<serde_json::Number>().expect("a number"))
    }

    #[test]
    fn ranges_hold_exactly_their_numbers() {
        let ends = ["-12.5", "-1", "-0.25", "0", "0.05", "0.5", "1", "1.25", "2", "19.99", "100"];
        let mut texts: Vec<String> = Vec::new();
        for n in (-1400i32..10500).step_by(7).chain(-130..130).chain([1999, 2000, 10000, -1250]) {
            let sign = if n < 0 { "-" } else { "" };
            let (whole, cents) = (n.abs() / 100, n.abs() % 100);
            texts.extend([
                format!("{sign}{whole}"),
                format!("{sign}{whole}.{cents:02}"),
                format!("{sign}{whole}.{cents:02}0"),
                format!("{sign}{whole}.{cents:02}001"),
            ]);
        }
        let bounds = || {
            let each = ends
                .iter()
                .flat_map(|end| [true, false].map(|closed| Some(Bound { at: number(end), closed })));
            each.chain([None])
        };
        for low in bounds() {
            for high in bounds() {
                let shape =
                    NumberShape { low, high, holes: vec![number("0.5"), number("2")], ..Default::default() };
                for kind in [Kind::Integer, Kind::Decimal] {
                    let regex = Range::of(&shape, kind)
                        .map(|range| range.expression())
                        .map(|text| regex::Regex::new(&format!("^(?:{text})$")).expect("a regex"));
                    for text in texts.iter().filter(|text| *text != "-0") {
                        let inside =
                            shape.contains(&number(text)) && text.contains('.') == (kind == Kind::Decimal);
                        let matches = regex.as_ref().is_some_and(|regex| regex.is_match(text));
                        assert_eq!(matches, inside, "{text} in {low:?}..{high:?}");
                    }
                }
            }
        }
    }
}
