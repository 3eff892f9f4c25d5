//! The pure instructions: from locals to a value.

use std::fmt::Display;
use std::sync::Arc;

use agentc_compiler::ir::{BinOp, Local, Op, UnOp};
use agentc_compiler::number::Number;
use rustc_hash::FxHashMap;

use super::builtin::{self, Regexes};
use crate::error::{Fault, short};
use crate::limits::{Limit, Limits};
use crate::value::print::{Full, Printer};
use crate::value::{ITEM, Value};

/// Evaluates a pure instruction; the local it writes, and the value. Effects are the machine's business
/// and count as `null` here.
pub(super) fn eval(
    op: &Op,
    locals: &[Value],
    limits: &Limits,
    regexes: &mut Regexes,
) -> Result<(Local, Value), Fault> {
    let get = |local: &Local| &locals[local.index()];
    let (dst, value) = match op {
        Op::Const { dst, value } => (dst, Value::from(value)),
        Op::Copy { dst, src } => (dst, get(src).clone()),
        Op::IntToFloat { dst, src } => (dst, int_to_float(get(src))),
        Op::Unary { dst, op, src } => (dst, unary(*op, get(src))?),
        Op::Binary { dst, op, lhs, rhs } => (dst, binary(*op, get(lhs), get(rhs))?),
        Op::List { dst, items } => (dst, Value::list(items.iter().map(|item| get(item).clone()).collect())),
        Op::Record { dst, fields } => {
            let fields = fields.iter().map(|(name, local)| (name.clone(), get(local).clone()));
            (dst, Value::record(fields.collect()))
        }
        Op::Field { dst, src, name } => (dst, get(src).get(name).cloned().unwrap_or(Value::Null)),
        Op::Index { dst, src, index } => (dst, self::index(get(src), get(index))?),
        Op::Slice { dst, src, from, to } => {
            let bound = |local: &Option<Local>| local.as_ref().and_then(|local| get(local).as_int());
            (dst, slice(get(src), bound(from), bound(to)))
        }
        Op::Builtin { dst, id, args } => {
            let args: Vec<Value> = args.iter().map(|arg| get(arg).clone()).collect();
            (dst, builtin::call(*id, &args, limits, regexes)?)
        }
        Op::Format { dst, parts } => (dst, Value::str(print(parts.iter().map(get), limits)?)),
        _ => return Ok((Local(0), locals.first().cloned().unwrap_or(Value::Null))),
    };
    check_size(&value, limits)?;
    Ok((*dst, value))
}

/// A value must not outgrow the run's limits, however it came about.
pub(super) fn check_size(value: &Value, limits: &Limits) -> Result<(), Fault> {
    if value.depth() > limits.value_depth {
        return Err(too_deep(limits));
    }
    if value.size() > limits.value_size { Err(too_large(limits)) } else { Ok(()) }
}

pub(super) fn too_large(limits: &Limits) -> Fault {
    Fault::Limit { what: Limit::ValueSize, limit: limits.value_size as u64 }
}

/// What is printed one after the other, as one text. No more of it is made than a value may hold.
pub(super) fn print<T: Display>(
    parts: impl IntoIterator<Item = T>,
    limits: &Limits,
) -> Result<String, Fault> {
    let mut printer = Printer::new(limits.value_size);
    for part in parts {
        printer.add(part).map_err(|Full| too_large(limits))?;
    }
    Ok(printer.finish())
}

/// `list + new` into the list itself: nothing is copied where nobody else holds it. A value that would become
/// too large stays as it is.
pub(super) fn extend(list: &mut Value, new: &[Value], limits: &Limits) -> Result<(), Fault> {
    let added = new.iter().fold(0usize, |sum, item| sum.saturating_add(ITEM).saturating_add(item.size()));
    if list.size().saturating_add(added) > limits.value_size {
        return Err(too_large(limits));
    }
    if new.iter().any(|item| item.depth() >= limits.value_depth) {
        return Err(too_deep(limits));
    }
    if list.extend(new) { Ok(()) } else { Err(bad_operand("+", list)) }
}

/// `a + b` into `a` itself, for two lists or two texts.
pub(super) fn join(a: &mut Value, b: &Value, limits: &Limits) -> Result<(), Fault> {
    match (&mut *a, b) {
        (Value::List(_), Value::List(new)) => extend(a, new, limits),
        (Value::Str(text), Value::Str(new)) => {
            if text.len() + new.len() > limits.value_size {
                return Err(too_large(limits));
            }
            Arc::make_mut(text).push_str(new);
            Ok(())
        }
        _ => Err(bad_operand("+", b)),
    }
}

fn too_deep(limits: &Limits) -> Fault {
    Fault::Limit { what: Limit::ValueDepth, limit: limits.value_depth as u64 }
}

fn int_to_float(value: &Value) -> Value {
    match value {
        Value::Int(n) => Value::Float(*n as f64),
        other => other.clone(),
    }
}

fn unary(op: UnOp, value: &Value) -> Result<Value, Fault> {
    match (op, value) {
        (UnOp::Neg, Value::Int(n)) => n.checked_neg().map(Value::Int).ok_or_else(|| overflow("-")),
        (UnOp::Neg, Value::Float(x)) => Ok(Value::Float(-x)),
        (UnOp::Not, Value::Bool(b)) => Ok(Value::Bool(!b)),
        (UnOp::Neg, Value::Number(number)) => Err(too_long("-", number)),
        (UnOp::Neg, other) => Err(bad_operand("-", other)),
        (UnOp::Not, other) => Err(bad_operand("not", other)),
    }
}

fn binary(op: BinOp, a: &Value, b: &Value) -> Result<Value, Fault> {
    match op {
        BinOp::Eq => Ok(Value::Bool(equal(a, b))),
        BinOp::Ne => Ok(Value::Bool(!equal(a, b))),
        BinOp::In => contains(b, a).map(Value::Bool),
        BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge => {
            let order = compare(a, b).ok_or_else(|| bad_operand(op.sign(), b))?;
            Ok(Value::Bool(match op {
                BinOp::Lt => order.is_lt(),
                BinOp::Le => order.is_le(),
                BinOp::Gt => order.is_gt(),
                _ => order.is_ge(),
            }))
        }
        BinOp::Add | BinOp::Sub | BinOp::Mul | BinOp::Div | BinOp::Whole | BinOp::Rem => arithmetic(op, a, b),
    }
}

/// Equality of values: numbers by value, whatever their kind, and records whatever the order of their fields.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(n), Value::Float(x)) | (Value::Float(x), Value::Int(n)) => int_order(*n, *x).is_eq(),
        (Value::Number(_), Value::Int(_) | Value::Float(_))
        | (Value::Int(_) | Value::Float(_), Value::Number(_)) => a.as_number() == b.as_number(),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal(a, b))
        }
        (Value::Record(a), Value::Record(b)) => a.len() == b.len() && equal_fields(a, b),
        _ => a == b,
    }
}

/// Mostly fields come in one order; where they do not, they are looked up.
fn equal_fields(a: &[(String, Value)], b: &[(String, Value)]) -> bool {
    let ordered = a.iter().zip(b).take_while(|((name, _), (other, _))| name == other).count();
    let (same, a, b) = (a[..ordered].iter().zip(&b[..ordered]), &a[ordered..], &b[ordered..]);
    if !same.into_iter().all(|((_, value), (_, other))| equal(value, other)) {
        return false;
    }
    let by_name: FxHashMap<&str, &Value> = b.iter().map(|(name, value)| (name.as_str(), value)).collect();
    a.iter().all(|(name, value)| by_name.get(name.as_str()).is_some_and(|other| equal(value, other)))
}

/// The order of numbers and strings (by code points), and of lists item by item.
pub(super) fn compare(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::List(a), Value::List(b)) => {
            for (a, b) in a.iter().zip(b.iter()) {
                let order = compare(a, b)?;
                if order.is_ne() {
                    return Some(order);
                }
            }
            Some(a.len().cmp(&b.len()))
        }
        (Value::Int(n), Value::Float(x)) => Some(int_order(*n, *x)),
        (Value::Float(x), Value::Int(n)) => Some(int_order(*n, *x).reverse()),
        (Value::Number(_), _) | (_, Value::Number(_)) => Some(a.as_number()?.cmp(&b.as_number()?)),
        _ => a.as_float()?.partial_cmp(&b.as_float()?),
    }
}

/// The order of an int and a float, which is finite, without making the one the other.
pub(super) fn int_order(n: i64, x: f64) -> std::cmp::Ordering {
    // A float beyond the ints is beyond them here, too; of one within them only what follows the point is cut.
    let whole = x.trunc();
    i128::from(n).cmp(&(whole as i128)).then(whole.partial_cmp(&x).unwrap_or(std::cmp::Ordering::Equal))
}

/// Whether a list has a member, a str a part, a record a key.
pub(super) fn contains(container: &Value, item: &Value) -> Result<bool, Fault> {
    match (container, item) {
        (Value::List(items), item) => Ok(items.iter().any(|other| equal(other, item))),
        (Value::Str(text), Value::Str(part)) => Ok(text.contains(part.as_str())),
        (Value::Record(_), Value::Str(key)) => Ok(container.get(key).is_some()),
        (other, _) => Err(bad_operand("in", other)),
    }
}

fn arithmetic(op: BinOp, a: &Value, b: &Value) -> Result<Value, Fault> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => int_arithmetic(op, *a, *b),
        (Value::Str(a), Value::Str(b)) if op == BinOp::Add => Ok(Value::str(format!("{a}{b}"))),
        (Value::List(a), Value::List(b)) if op == BinOp::Add => {
            Ok(Value::list(a.iter().chain(b.iter()).cloned().collect()))
        }
        (Value::Number(number), _) | (_, Value::Number(number)) => Err(too_long(op.sign(), number)),
        _ => match (a.as_float(), b.as_float()) {
            (Some(a), Some(b)) => float_arithmetic(op, a, b),
            (None, _) => Err(bad_operand(op.sign(), a)),
            (_, None) => Err(bad_operand(op.sign(), b)),
        },
    }
}

fn int_arithmetic(op: BinOp, a: i64, b: i64) -> Result<Value, Fault> {
    if b == 0 && matches!(op, BinOp::Div | BinOp::Whole | BinOp::Rem) {
        return Err(Fault::DivisionByZero);
    }
    let result = match op {
        BinOp::Add => a.checked_add(b),
        BinOp::Sub => a.checked_sub(b),
        BinOp::Mul => a.checked_mul(b),
        BinOp::Div => return finite(quotient(a, b), op.sign()),
        BinOp::Whole => a.checked_div(b),
        // The only overflow is that of the quotient; the rest is zero all the same.
        _ => Some(a.wrapping_rem(b)),
    };
    result.map(Value::Int).ok_or_else(|| overflow(op.sign()))
}

/// The float that is nearest to `a / b`; of two that are, the even one. `b` is not zero.
pub(super) fn quotient(a: i64, b: i64) -> f64 {
    const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;
    let (above, below) = (a.unsigned_abs(), b.unsigned_abs());
    let size = if above <= EXACT && below <= EXACT {
        above as f64 / below as f64
    } else {
        // The quotient with 64 binary digits or more; the last one tells of the rest, so that it is rounded once.
        let shift = 64 + above.max(1).leading_zeros();
        let wide = u128::from(above) << shift;
        let (digits, rest) = (wide / u128::from(below), wide % u128::from(below));
        (digits | u128::from(rest > 0)) as f64 / 2f64.powi(shift.cast_signed())
    };
    if a == 0 || (a < 0) == (b < 0) { size } else { -size }
}

fn float_arithmetic(op: BinOp, a: f64, b: f64) -> Result<Value, Fault> {
    if b == 0.0 && matches!(op, BinOp::Div | BinOp::Rem) {
        return Err(Fault::DivisionByZero);
    }
    let result = match op {
        BinOp::Add => a + b,
        BinOp::Sub => a - b,
        BinOp::Mul => a * b,
        BinOp::Div => a / b,
        BinOp::Whole => return Err(bad_operand(op.sign(), &Value::Float(a))),
        _ => a % b,
    };
    finite(result, op.sign())
}

/// Numbers are always finite.
pub(super) fn finite(x: f64, op: &str) -> Result<Value, Fault> {
    if x.is_finite() { Ok(Value::Float(x)) } else { Err(overflow(op)) }
}

pub(super) fn overflow(op: &str) -> Fault {
    Fault::Overflow { op: op.to_owned() }
}

/// Nothing is computed with a number that neither an int nor a float holds: the result would be another one.
pub(super) fn too_long(op: &str, number: &Number) -> Fault {
    Fault::LongNumber { function: op.to_owned(), number: short(number, 60) }
}

pub(super) fn bad_operand(op: &str, value: &Value) -> Fault {
    let text = short(value, 40);
    Fault::BadArgument { function: op.to_owned(), value: format!("the {} {text}", value.kind()) }
}

fn index(value: &Value, index: &Value) -> Result<Value, Fault> {
    match (value, index) {
        (Value::Record(_), Value::Str(key)) => {
            value.get(key).cloned().ok_or_else(|| Fault::BadKey { key: short(key, 60) })
        }
        (Value::List(items), Value::Int(at)) => {
            let position = position(*at, items.len(), "items")?;
            Ok(items[position].clone())
        }
        (Value::Str(text), Value::Int(at)) => {
            let len = text.chars().count();
            let position = position(*at, len, "characters")?;
            Ok(text.chars().nth(position).map_or(Value::Null, |c| Value::str(c.to_string())))
        }
        (other, _) => Err(bad_operand("[]", other)),
    }
}

/// Negative indices count from the end.
fn position(at: i64, len: usize, what: &'static str) -> Result<usize, Fault> {
    let from_start = if at < 0 { at.checked_add(len as i64) } else { Some(at) };
    let position = from_start.and_then(|at| usize::try_from(at).ok()).filter(|&at| at < len);
    let (are, what) = if len == 1 { ("is", what.trim_end_matches('s')) } else { ("are", what) };
    position.ok_or_else(|| Fault::BadIndex { index: at.to_string(), are, len, what })
}

fn slice(value: &Value, from: Option<i64>, to: Option<i64>) -> Value {
    match value {
        Value::List(items) => {
            let range = clamp(from, to, items.len());
            Value::list(items[range].to_vec())
        }
        Value::Str(text) => {
            let range = clamp(from, to, text.chars().count());
            Value::str(text.chars().skip(range.start).take(range.len()).collect::<String>())
        }
        other => other.clone(),
    }
}

/// A slice as Python understands it: negative bounds count from the end, and all are clamped.
fn clamp(from: Option<i64>, to: Option<i64>, len: usize) -> std::ops::Range<usize> {
    let len = len as i64;
    let bound = |at: i64| if at < 0 { (at.saturating_add(len)).max(0) } else { at.min(len) };
    let start = from.map_or(0, bound);
    let end = to.map_or(len, bound).max(start);
    start as usize..end as usize
}

#[cfg(test)]
mod tests {
    use super::quotient;

    /// Whether a float is no further from `a / b` than half of the distance to its neighbours, in whole numbers.
    fn is_nearest(a: i64, b: i64, x: f64) -> bool {
        let bits = x.abs().to_bits();
        // x is `digits` times 2 to the power of `exponent`.
        let digits = i128::from(bits & ((1 << 52) - 1) | 1 << 52);
        let exponent = (bits >> 52) as i32 - 1075;
        let (a, b) = (i128::from(a.unsigned_abs()), i128::from(b.unsigned_abs()));
        let (up, down) = (exponent.max(0), (-exponent).max(0));
        // Both sides times 2 to the power of `down`, which is large only where `a` is small.
        2 * ((a << down) - ((b * digits) << up)).abs() <= b << up
    }

    #[test]
    fn quotients_are_the_nearest_floats() {
        let edges =
            [1, 2, 3, 7, 10, (1 << 53) - 1, 1 << 53, (1 << 53) + 1, (1 << 62) + 1, i64::MAX - 1, i64::MAX];
        let all: Vec<i64> = edges.iter().flat_map(|n| [*n, -*n]).chain([i64::MIN]).collect();
        for &a in &all {
            for &b in &all {
                let x = quotient(a, b);
                assert!(is_nearest(a, b, x), "{a} / {b} is not {x}");
                assert_eq!(x < 0.0, (a < 0) != (b < 0), "{a} / {b}");
            }
        }
        for n in -1000..1000i64 {
            for d in [1, 3, -7, 1000] {
                assert!((quotient(n, d) - n as f64 / d as f64).abs() == 0.0);
            }
        }
        assert!(quotient(0, -5).is_sign_positive());
    }
}
