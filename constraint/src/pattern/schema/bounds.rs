//! Numbers that bound others, as each draft writes them.

use super::decimal::Decimal;
use super::node::{Bound, Keyword};
use super::read::{Member, exact, invalid, unsupported};
use super::value::{Json, Number};
use crate::error::BuildError;

/// Which side of a bound the numbers are on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Above,
    Below,
}

/// What a keyword says that bounds numbers, or of what they are multiples.
pub(super) fn keyword(member: Member<'_>) -> Result<Option<Keyword>, BuildError> {
    let Member { schema, key, value, at, draft } = member;
    let is_flag = matches!(value, Json::Bool(_));
    if key.starts_with("exclusive") && is_flag && draft.has_exclusive_flags() {
        return Ok(None);
    }
    if key.starts_with("exclusive") && !draft.has_exclusive_bounds() {
        return Err(invalid(at, "`true` or `false` is meant"));
    }
    let Json::Number(number) = value else { return Err(invalid(at, "a number is meant")) };
    let is_open = |flag: &str| draft.has_exclusive_flags() && schema.get(flag) == Some(&Json::Bool(true));
    let low = |closed: bool| bound(number, Side::Above, closed, at).map(Keyword::Low);
    let high = |closed: bool| bound(number, Side::Below, closed, at).map(Keyword::High);
    Ok(Some(match key {
        "minimum" => low(!is_open("exclusiveMinimum"))?,
        "maximum" => high(!is_open("exclusiveMaximum"))?,
        "exclusiveMinimum" => low(false)?,
        "exclusiveMaximum" => high(false)?,
        _ => Keyword::Multiple(multiple(number, at)?),
    }))
}

/// What numbers are to be multiples of.
pub(super) fn multiple(number: &Number, at: &str) -> Result<Decimal, BuildError> {
    let number = exact(number, at)?;
    if number <= Decimal::ZERO {
        return Err(invalid(at, "a number above zero is meant"));
    }
    Ok(number)
}

fn bound(number: &Number, side: Side, closed: bool, at: &str) -> Result<Bound, BuildError> {
    /// The greatest and the least whole number that may be asked for.
    const ENDS: (Decimal, Decimal) = (Decimal::of(false, u64::MAX as u128), Decimal::of(true, 1 << 63));
    let (decimal, is_all) = number.decimal();
    // What was cut off lies further from zero, and no number that can be written lies between.
    let closed = if is_all { closed } else { (side == Side::Above) == number.is_negative() };
    let bound = Bound { at: decimal, closed };
    let is_beyond = match side {
        Side::Above => decimal > ENDS.0 || decimal == ENDS.0 && !closed,
        Side::Below => decimal < ENDS.1 || decimal == ENDS.1 && !closed,
    };
    if is_beyond {
        return Err(unsupported(at, "numbers beyond it have more than 64 bits"));
    }
    Ok(bound)
}
