//! Bounds of types: of numbers by value, of strings and lists by length.

use agentc_constraint::spec::Spec;

use super::Checker;
use super::types::TypeInfo;
use crate::ast::{Bound, Bounds, Number};
use crate::diag::Diag;
use crate::source::Span;
use crate::ty::Ty;

impl Checker<'_> {
    pub(super) fn no_bounds(&mut self, name: &str, bounds: Option<&Bounds>) {
        if let Some(bounds) = bounds {
            let diag = Diag::new("E0212", bounds.span, format!("`{name}` takes no bounds"));
            self.report(diag.hint("str, int, float and lists take bounds: str(..80), int(0..9), T[](1..5)"));
        }
    }

    pub(super) fn int_type(&mut self, bounds: Option<&Bounds>) -> TypeInfo {
        let min = bounds.and_then(|b| b.min).and_then(|b| self.whole(b));
        let max = bounds.and_then(|b| b.max).and_then(|b| self.whole(b));
        if let (Some(min), Some(max), Some(bounds)) = (min, max, bounds)
            && min > max
        {
            self.crossed(bounds.span);
            return TypeInfo::broken(Ty::Int);
        }
        TypeInfo::plain(Ty::Int, Spec::Int { min, max })
    }

    pub(super) fn float_type(&mut self, bounds: Option<&Bounds>) -> TypeInfo {
        let min = bounds.and_then(|b| b.min).map(|b| as_float(b.value));
        let max = bounds.and_then(|b| b.max).map(|b| as_float(b.value));
        if let (Some(min), Some(max), Some(bounds)) = (min, max, bounds)
            && min > max
        {
            self.crossed(bounds.span);
            return TypeInfo::broken(Ty::Float);
        }
        TypeInfo::plain(Ty::Float, Spec::Float { min, max })
    }

    fn whole(&mut self, bound: Bound) -> Option<i64> {
        match bound.value {
            Number::Int(value) => Some(value),
            Number::Float(_) => {
                let diag = Diag::new("E0212", bound.span, "this bound must be a whole number");
                self.report(diag.hint("remove the fraction, or use `float`"));
                None
            }
        }
    }

    fn crossed(&mut self, span: Span) {
        let diag = Diag::new("E0212", span, "the lower bound is above the upper one: nothing fits");
        self.report(diag.hint("swap the two bounds"));
    }

    /// Bounds of a length.
    pub(super) fn sizes(&mut self, bounds: Option<&Bounds>) -> (Option<u32>, Option<u32>) {
        let Some(bounds) = bounds else { return (None, None) };
        let min = bounds.min.and_then(|b| self.size(b));
        let max = bounds.max.and_then(|b| self.size(b));
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            self.crossed(bounds.span);
        }
        (min, max)
    }

    fn size(&mut self, bound: Bound) -> Option<u32> {
        let value = self.whole(bound)?;
        let size = u32::try_from(value).ok();
        if size.is_none() {
            let diag = Diag::new("E0212", bound.span, "a length is between 0 and 4294967295");
            self.report(diag.hint("leave the bound out if there is none: str(2..)"));
        }
        size
    }
}

#[allow(clippy::cast_precision_loss)]
fn as_float(value: Number) -> f64 {
    match value {
        Number::Int(value) => value as f64,
        Number::Float(value) => value,
    }
}
